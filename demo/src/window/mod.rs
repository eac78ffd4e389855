//! The window: what viewers see, and everything that changes it. It is four things apart, each of which uses only those
//! to the right of it:
//!
//! ```text
//! app ──→ views ──→ actions::Action ──→ state ──→ settings, words
//!  │        └──→ hooks ───────────────────↗
//!  └────→ actions::apply, take_over ──→ session ──→ state
//! ```
//!
//! - [`state`] is what the window knows: plain data that uses nothing of the rest and needs no display.
//! - [`views`] draw it and answer with a list of [`actions::Action`]s. They start no threads and touch no files.
//! - [`actions`] is the one place that does what is asked for, by keys, buttons, dropped files and finished threads: it
//!   alone changes the state and tells the session what to do.
//! - [`session`] is what runs: the pipeline, threads, files and devices.
//! - [`hooks`] names the widgets and writes what the window is doing, for tests that drive it from outside.
//! - [`app`] owns these and calls them in turn, once a pass.
//!
//! The rules about the sources (`xtask/tests/tidy/window.rs`) hold this.

mod actions;
mod app;
mod hooks;
mod overrides;
pub(crate) mod picture;
mod session;
mod settings;
mod state;
pub(crate) mod surface;
mod text;
mod views;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::anyhow;
use clap::Args;
use eframe::{NativeOptions, Renderer, egui};
use omote_engine::gpu::quiet::Quiet;

use crate::{console, ending, setup};
use app::{App, End, Opened};
use settings::SettingsFile;

pub(crate) use overrides::Overrides;
pub(crate) use views::{preview, theme};

/// What the window begins with; everything else it remembers from the last time.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WindowOptions {
    /// What was named on the command line
    #[arg(skip)]
    pub(crate) given: Overrides,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(skip)]
    pub(crate) data: Option<PathBuf>,
    /// Write the state of the window to this file as JSON whenever it changes
    #[arg(long, hide = true, value_name = "FILE.json")]
    pub(crate) dump_state: Option<PathBuf>,
    /// Only test whether a window can be opened, and print what draws it
    #[arg(long, hide = true)]
    pub(crate) try_window: bool,
}

/// Opens the window and stays in it until it is closed.
///
/// # Errors
/// No data folder, no graphics adapter, or no display.
pub(crate) fn run(options: WindowOptions) -> anyhow::Result<ExitCode> {
    let end = End { ending: ending::hear()?, live: Arc::default(), broke: Arc::default() };
    let broke = Arc::clone(&end.broke);
    let data = setup::data_folder(options.data.as_deref())?;
    let trying = options.try_window;
    let (file, kept, notice) = SettingsFile::open(settings::folder().as_deref());
    surface::display().map_err(|(what, remedy)| anyhow!("no window can be opened: {what}; {remedy}"))?;
    let least = egui::Vec2::from(settings::WINDOW.0);
    let viewport = egui::ViewportBuilder::default()
        .with_title("Omote")
        .with_app_id("omote")
        .with_inner_size(kept.window)
        .with_min_inner_size(least)
        .with_visible(!options.try_window)
        .with_icon(icon());
    let native = NativeOptions {
        viewport,
        renderer: Renderer::Wgpu,
        // Dear on a software adapter, and which one it is shows later.
        dithering: false,
        wgpu_options: surface::configuration(),
        ..NativeOptions::default()
    };
    // What drivers say while the window opens.
    let quiet = Quiet::begin();
    let make = move |creation: &eframe::CreationContext<'_>| {
        drop(quiet);
        if options.try_window {
            return Err(surface::adapter(creation).into());
        }
        let shared = surface::shared(creation);
        theme::set(&creation.egui_ctx);
        let opened = Opened { file, kept, notice, end };
        let app: Box<dyn eframe::App> = Box::new(App::new(&creation.egui_ctx, options, data, shared, opened));
        Ok(app)
    };
    match eframe::run_native("Omote", native, Box::new(make)) {
        Err(eframe::Error::AppCreation(adapter)) if trying => writeln!(console::out(), "{adapter}")?,
        ended => ended.map_err(|error| surface::refused(&error))?,
    }
    Ok(ending::session_code(!broke.load(Ordering::Acquire)))
}

/// The program's icon: the mark's mask in the accent on lacquer.
fn icon() -> egui::IconData {
    const SIDE: u32 = 64;
    let mut rgba = Vec::with_capacity((SIDE * SIDE * 4) as usize);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (u, v) = ((x as f32 + 0.5) / 32.0 - 1.0, (y as f32 + 0.5) / 32.0 - 1.0);
            let within = |cx: f32, cy: f32, rx: f32, ry: f32| {
                let d = (((u - cx) / rx).powi(2) + ((v - cy) / ry).powi(2)).sqrt();
                ((1.0 - d) * 24.0 * rx.min(ry)).clamp(0.0, 1.0)
            };
            let face = within(0.0, 0.0, 0.72 - 0.14 * v.max(0.0), 0.92);
            let eyes = within(-0.3, -0.1, 0.17, 0.06).max(within(0.3, -0.1, 0.17, 0.06));
            let mouth = within(0.0, 0.42, 0.22, 0.08);
            let mix = |a: [f32; 3], b: [f32; 3], t: f32| {
                std::array::from_fn::<f32, 3, _>(|i| a[i] + (b[i] - a[i]) * t)
            };
            let ivory = [240.0, 230.0, 214.0];
            let colour = mix(mix(ivory, [20.0, 18.0, 20.0], eyes), [214.0, 66.0, 42.0], mouth);
            rgba.extend(colour.map(|c| c as u8));
            rgba.push((face * 255.0) as u8);
        }
    }
    egui::IconData { rgba, width: SIDE, height: SIDE }
}
