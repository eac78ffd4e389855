//! What a window is drawn with, and what to say where none can be opened.

use std::env;
use std::sync::Arc;

use anyhow::anyhow;
use eframe::egui_wgpu::{WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew};
use libloading::Library;
use omote_engine::gpu::{self, Gpu};

/// Has the toolkit ask for the adapter and the device that the engine would take: by Vulkan, or by OpenGL where only
/// that can draw on this display.
pub(crate) fn configuration() -> WgpuConfiguration {
    let setup = WgpuSetupCreateNew {
        native_adapter_selector: Some(Arc::new(gpu::for_surface)),
        device_descriptor: Arc::new(gpu::device_descriptor),
        // The toolkit adds the display, without which OpenGL has no surface.
        ..WgpuSetupCreateNew::without_display_handle()
    };
    WgpuConfiguration { wgpu_setup: WgpuSetup::CreateNew(setup), ..WgpuConfiguration::default() }
}

/// The window's device for the engine. Nothing where the engine is faster without it.
pub(crate) fn shared(creation: &eframe::CreationContext<'_>) -> Option<Gpu> {
    let state = creation.wgpu_render_state.as_ref()?;
    let shared = Gpu::of_window(&state.adapter, state.device.clone(), state.queue.clone());
    shared.inspect_err(|e| log::warn!("{e}; faces are drawn on the CPU")).ok().flatten()
}

/// The adapter's name.
pub(crate) fn adapter(creation: &eframe::CreationContext<'_>) -> String {
    let info = creation.wgpu_render_state.as_ref().map(|state| state.adapter.get_info());
    info.map_or_else(String::new, |info| format!("{} ({:?})", info.name, info.backend))
}

/// A display that a window can stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Display {
    Wayland,
    X11,
    /// Windows' or Apple's own.
    Own,
}

/// Libraries that a window loads on each display, and the Debian packages that have them.
const WAYLAND: [(&str, &str); 2] =
    [("libwayland-client.so.0", "libwayland-client0"), ("libxkbcommon.so.0", "libxkbcommon0")];
const X11: [(&str, &str); 6] = [
    ("libX11.so.6", "libx11-6"),
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libXcursor.so.1", "libxcursor1"),
    ("libXi.so.6", "libxi6"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

/// What to do where there is no display.
pub(crate) const NO_DISPLAY: &str = "start it in a desktop session, or use `omote live --no-window`";

/// Which display a window would stand on, with the libraries for it there.
///
/// # Errors
/// What is missing and what to do, in two parts.
pub(crate) fn display() -> Result<Display, (String, String)> {
    if !cfg!(target_os = "linux") {
        return Ok(Display::Own);
    }
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let (display, libraries) = if set("WAYLAND_DISPLAY") || set("WAYLAND_SOCKET") {
        (Display::Wayland, &WAYLAND[..])
    } else if set("DISPLAY") {
        (Display::X11, &X11[..])
    } else {
        let what = "there is no display: neither WAYLAND_DISPLAY nor DISPLAY is set";
        return Err((what.to_owned(), NO_DISPLAY.to_owned()));
    };
    let missing: Vec<_> = libraries.iter().filter(|(file, _)| !loads(file)).collect();
    if missing.is_empty() {
        return Ok(display);
    }
    let names = |of: fn(&(&'static str, &'static str)) -> &'static str| -> Vec<&str> {
        missing.iter().map(|both| of(both)).collect()
    };
    let what = format!("libraries that the window needs are missing: {}", names(|both| both.0).join(", "));
    Err((what, format!("sudo apt install {}", names(|both| both.1).join(" "))))
}

/// Whether the system finds a library of this name.
#[expect(unsafe_code, reason = "the only way to know what the loader finds")]
fn loads(file: &str) -> bool {
    // SAFETY: the system's own libraries, which the window would load next; their initialisers only set up themselves.
    unsafe { Library::new(file) }.is_ok()
}

/// Why a window could not be opened, and what to do.
pub(crate) fn refused(error: &eframe::Error) -> anyhow::Error {
    match error {
        eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_) => {
            let named = ["WAYLAND_DISPLAY", "DISPLAY"]
                .iter()
                .find_map(|name| Some(format!("{name}={}", env::var(name).ok().filter(|v| !v.is_empty())?)));
            let named = named.map_or_else(String::new, |named| format!(" {named}"));
            anyhow!("no window can be opened: the display{named} does not answer; {NO_DISPLAY}")
        }
        eframe::Error::Wgpu(cause) => {
            let words = cause.to_string();
            // The engine's own words are among them, and hold the remedy.
            let own = words.find("no graphics driver").or_else(|| words.find("the graphics driver"));
            match own.and_then(|at| words.get(at..)) {
                Some(own) => anyhow!("no window can be opened: {own}; `omote live --no-window` needs none"),
                None => {
                    log::info!("{words}");
                    anyhow!(
                        "no window can be opened: no graphics driver that can draw on this display was found; \
                         install one (`{}`); `omote live --no-window` needs none",
                        gpu::DRIVERS
                    )
                }
            }
        }
        other => anyhow!("no window can be opened: {other}; {NO_DISPLAY}"),
    }
}
