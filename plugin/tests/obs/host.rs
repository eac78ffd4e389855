//! A program that uses libobs as OBS does: it loads the plugin, has sources, and looks at what viewers would see.

use crate::libobs::{AudioInfo, Obs, Ptr, VideoInfo, text, vsnprintf};
use std::ffi::{CStr, CString, c_char, c_int};
use std::path::PathBuf;
use std::process::Command;
use std::ptr::{null, null_mut};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Says where the plugin is that is to be tested. It is built with the feature `faults`.
const PLUGIN: &str = "OMOTE_OBS_PLUGIN";
/// Where this is set, a test that can't run has failed.
const REQUIRED: &str = "REQUIRE_OBS";
/// Names the test that this process was started for.
const ALONE: &str = "OMOTE_OBS_TEST_ALONE";
/// OBS's pictures a second here.
pub(crate) const FPS: u32 = 30;

static OBS: OnceLock<Obs> = OnceLock::new();
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ONE: Mutex<()> = Mutex::new(());

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).expect("no zero in a test's text")
}

pub(crate) fn obs() -> &'static Obs {
    OBS.get().expect("libobs is loaded first")
}

/// libobs with the plugin.
pub(crate) struct Host {
    set_faults: libloading::os::unix::Symbol<extern "C" fn(u32)>,
    allocations: i64,
    config: tempfile::TempDir,
}

unsafe extern "C" fn hear(level: c_int, format: *const c_char, list: Ptr, _: Ptr) {
    let mut line = [0 as c_char; 4096];
    // SAFETY: libobs gives a format with its values; `line` has room for what is said.
    unsafe { vsnprintf(line.as_mut_ptr(), line.len(), format, list) };
    let line = text(line.as_ptr());
    if level <= 200 || line.contains("[omote]") {
        eprintln!("{line}");
    }
    LOG.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// The host for the test that asks, in a process that belongs to this test alone: `let Some(host) = host!() else
/// { return };`.
macro_rules! host {
    () => {{
        fn here() {}
        $crate::host::host_of(std::any::type_name_of_val(&here))
    }};
}
pub(crate) use host;

/// The host, inside the process of the test that asks; `place` is the path of an item in that test.
///
/// libobs starts once in a process, and the process's environment is shared by all that runs in it. So a test that is
/// run by the harness starts this program again for itself alone, waits, and has nothing left to do: it gets no host.
/// Where libobs can't run there is none either; the reason is printed, and is a failure where tests must run.
pub(crate) fn host_of(place: &str) -> Option<Host> {
    let path = place.strip_suffix("::here").unwrap_or(place);
    let test = path.split_once("::").map_or(path, |(_, test)| test);
    let started = if std::env::var_os(ALONE).is_some_and(|name| name == test) {
        Host::start().map(Some)
    } else {
        can_run().map(|()| {
            run_alone(test);
            None
        })
    };
    match started {
        Ok(host) => host,
        Err(why) if std::env::var_os(REQUIRED).is_some() => panic!("{REQUIRED} is set, but: {why}"),
        Err(why) => {
            eprintln!("SKIPPED: {why}. `cargo xtask obs` runs this test.");
            None
        }
    }
}

/// Whether what the tests need is there; otherwise what is missing.
fn can_run() -> Result<(), String> {
    std::env::var_os(PLUGIN).ok_or(format!("{PLUGIN} is not set"))?;
    std::env::var_os("DISPLAY").ok_or("there is no display (Xvfb)")?;
    Ok(())
}

/// Runs one test in a process of its own, and fails as it does. One at a time: times are looked at.
fn run_alone(test: &str) {
    let _alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let program = std::env::current_exe().expect("a program knows where it lies");
    let mut command = Command::new(program);
    command.args([test, "--exact", "--nocapture", "--test-threads", "1"]).env(ALONE, test);
    let output = command.output().expect("a program that runs can be run");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    eprintln!("{said}{errors}");
    // A harness that finds no test of this name ends well too.
    let ran = said.contains("1 passed");
    assert!(
        output.status.success() && ran,
        "{test} failed in its own process ({}): see above",
        output.status
    );
}

impl Host {
    fn start() -> Result<Self, String> {
        can_run()?;
        let plugin = std::env::var_os(PLUGIN).map(PathBuf::from).ok_or(format!("{PLUGIN} is not set"))?;
        if OBS.get().is_none() {
            let _ = OBS.set(Obs::load()?);
        }
        let config = tempfile::tempdir().map_err(|e| e.to_string())?;
        let o = obs();
        (o.base_set_log_handler)(hear, null_mut());
        let allocations = (o.bnum_allocs)();
        let folder = c(&config.path().display().to_string());
        if !(o.obs_startup)(c"en-US".as_ptr(), folder.as_ptr(), null_mut()) {
            return Err("obs_startup failed".to_owned());
        }
        (o.obs_reset_audio)(&AudioInfo { samples_per_sec: 48000, speakers: 2 });
        let mut video = VideoInfo {
            graphics_module: c"libobs-opengl".as_ptr(),
            fps: [FPS, 1],
            base: [64, 48],
            output: [64, 48],
            output_format: 2,
            adapter: 0,
            gpu_conversion: true,
            colorspace: 2,
            range: 1,
            scale_type: 2,
        };
        let done = (o.obs_reset_video)(&raw mut video);
        if done != 0 {
            return Err(format!("libobs can't draw here: obs_reset_video gave {done}"));
        }
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
        let mut module = null_mut();
        let done =
            (o.obs_open_module)(&raw mut module, c(&plugin.display().to_string()).as_ptr(), c(data).as_ptr());
        assert_eq!(done, 0, "libobs refuses the plugin {}", plugin.display());
        assert!((o.obs_init_module)(module), "the plugin does not load");
        (o.obs_post_load_modules)();
        crate::sources::register(o);
        // SAFETY: libobs has loaded this file already, so nothing of it runs anew.
        let library = unsafe { libloading::os::unix::Library::new(&plugin) }.map_err(|e| e.to_string())?;
        // SAFETY: the plugin's own function, which takes a number and has no demands.
        let set_faults =
            unsafe { library.get(b"omote_faults") }.map_err(|_| "the plugin is built without `faults`")?;
        std::mem::forget(library);
        eprintln!("libobs {}", text((o.obs_get_version_string)()));
        Ok(Self { set_faults, allocations, config })
    }

    pub(crate) fn obs(&self) -> &'static Obs {
        obs()
    }

    /// A folder that goes with the host.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.config.path()
    }

    /// Sets which faults there are from now on.
    pub(crate) fn faults(&self, which: u32) {
        (self.set_faults)(which);
    }

    /// What libobs and the plugin logged.
    pub(crate) fn log(&self) -> String {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Presses and lets go of the hotkey of this name.
    pub(crate) fn press(&self, name: &str) {
        let o = obs();
        let mut wanted = (name, Vec::<usize>::new());
        (o.obs_enum_hotkeys)(hotkey, (&raw mut wanted).cast());
        assert_eq!(wanted.1.len(), 1, "hotkeys called {name}");
        (o.obs_hotkey_enable_callback_rerouting)(true);
        for down in [true, false] {
            (o.obs_hotkey_trigger_routed_callback)(wanted.1[0], down);
        }
    }

    /// Memory of libobs that is in use.
    pub(crate) fn allocations(&self) -> i64 {
        (obs().bnum_allocs)()
    }

    /// A new source or filter.
    pub(crate) fn source(&self, id: &CStr, name: &str, settings: &[Setting<'_>]) -> Source {
        let o = obs();
        let data = (o.obs_data_create)();
        put(data, settings);
        let source = (o.obs_source_create)(id.as_ptr(), c(name).as_ptr(), data, null_mut());
        (o.obs_data_release)(data);
        assert!(!source.is_null(), "no source {id:?}");
        Source(source)
    }

    /// The face filter, quick to judge: drawn by the CPU.
    pub(crate) fn filter(&self, settings: &[Setting<'_>]) -> Source {
        let filter = self.source(c"omote_face_filter", "filter", &[("backend", Value::Text("cpu"))]);
        filter.set(settings);
        filter
    }

    /// Waits until everything that was let go of is gone.
    pub(crate) fn settle(&self) {
        while (obs().obs_wait_for_destroy_queue)() {}
    }

    /// Shuts libobs down. Nothing may be left.
    pub(crate) fn end(self) {
        self.faults(0);
        self.settle();
        (obs().obs_set_output_source)(0, null_mut());
        (obs().obs_shutdown)();
        assert_eq!(self.allocations(), self.allocations, "memory of libobs is left");
    }
}

unsafe extern "C" fn hotkey(wanted: Ptr, id: usize, key: Ptr) -> bool {
    // SAFETY: `press` gives the address of these, and touches them only when all hotkeys were told.
    let wanted = unsafe { &mut *wanted.cast::<(&str, Vec<usize>)>() };
    if text((obs().obs_hotkey_get_name)(key)) == wanted.0 {
        wanted.1.push(id);
    }
    true
}

/// A setting's value.
#[derive(Clone, Copy)]
pub(crate) enum Value<'v> {
    Text(&'v str),
    Flag(bool),
    Number(f64),
    Int(i64),
}

/// A setting: its key, and what it is set to.
pub(crate) type Setting<'s> = (&'s str, Value<'s>);

fn put(data: Ptr, settings: &[Setting<'_>]) {
    let o = obs();
    for (key, value) in settings {
        let key = c(key);
        match value {
            Value::Text(text) => (o.obs_data_set_string)(data, key.as_ptr(), c(text).as_ptr()),
            Value::Flag(on) => (o.obs_data_set_bool)(data, key.as_ptr(), *on),
            Value::Number(number) => (o.obs_data_set_double)(data, key.as_ptr(), *number),
            Value::Int(number) => (o.obs_data_set_int)(data, key.as_ptr(), *number),
        }
    }
}

/// A counted source or filter.
pub(crate) struct Source(pub(crate) Ptr);

// SAFETY: libobs' functions on sources may be called from any thread while the source lives, which this one counts.
unsafe impl Send for Source {}
// SAFETY: as above.
unsafe impl Sync for Source {}

impl Source {
    pub(crate) fn set(&self, settings: &[Setting<'_>]) {
        let o = obs();
        let data = (o.obs_data_create)();
        put(data, settings);
        (o.obs_source_update)(self.0, data);
        (o.obs_data_release)(data);
    }

    /// A text among the settings.
    pub(crate) fn setting(&self, key: &CStr) -> String {
        let o = obs();
        let data = (o.obs_source_get_settings)(self.0);
        let found = text((o.obs_data_get_string)(data, key.as_ptr()));
        (o.obs_data_release)(data);
        found
    }

    pub(crate) fn add(&self, filter: &Self) {
        (obs().obs_source_filter_add)(self.0, filter.0);
    }

    pub(crate) fn remove(&self, filter: &Self) {
        (obs().obs_source_filter_remove)(self.0, filter.0);
    }

    /// Puts it on the air, or takes it off.
    pub(crate) fn show(&self, on: bool) {
        match on {
            true => (obs().obs_source_inc_showing)(self.0),
            false => (obs().obs_source_dec_showing)(self.0),
        }
    }

    pub(crate) fn size(&self) -> (u32, u32) {
        ((obs().obs_source_get_width)(self.0), (obs().obs_source_get_height)(self.0))
    }

    /// What a viewer sees of it now: BGRA, without padding. A place where nothing is drawn is 0.
    pub(crate) fn look(&self, (w, h): (u32, u32)) -> Vec<u8> {
        let o = obs();
        let mut seen = vec![0; (w * h * 4) as usize];
        (o.obs_enter_graphics)();
        let render = (o.gs_texrender_create)(5, 0);
        let stage = (o.gs_stagesurface_create)(w, h, 5);
        (o.gs_blend_state_push)();
        (o.gs_blend_function)(1, 0);
        assert!((o.gs_texrender_begin)(render, w, h), "no texture to draw into");
        (o.gs_clear)(1, &[0.0; 4], 0.0, 0);
        (o.gs_ortho)(0.0, w as f32, 0.0, h as f32, -100.0, 100.0);
        // As scenes draw their sources.
        let linear = (o.gs_set_linear_srgb)(true);
        (o.obs_source_video_render)(self.0);
        (o.gs_set_linear_srgb)(linear);
        (o.gs_texrender_end)(render);
        (o.gs_blend_state_pop)();
        (o.gs_stage_texture)(stage, (o.gs_texrender_get_texture)(render));
        let (mut data, mut linesize): (*mut u8, u32) = (null_mut(), 0);
        assert!((o.gs_stagesurface_map)(stage, &raw mut data, &raw mut linesize), "can't be read back");
        let length = linesize as usize * (h as usize - 1) + w as usize * 4;
        // SAFETY: a mapped surface has `h` rows of `linesize` bytes, and stays mapped until the slice is gone.
        let rows = unsafe { std::slice::from_raw_parts(data, length) };
        for (to, from) in seen.chunks_exact_mut(w as usize * 4).zip(rows.chunks(linesize as usize)) {
            to.copy_from_slice(&from[..to.len()]);
        }
        (o.gs_stagesurface_unmap)(stage);
        (o.gs_stagesurface_destroy)(stage);
        (o.gs_texrender_destroy)(render);
        (o.obs_leave_graphics)();
        seen
    }

    /// Draws it `times` times in a row, as scenes that show it often do, and says how long the calls took;
    /// with `stage`, a call that begins to read the drawing back is among them.
    pub(crate) fn draw(&self, (w, h): (u32, u32), times: u32, stage: bool) -> Duration {
        let o = obs();
        (o.obs_enter_graphics)();
        let render = (o.gs_texrender_create)(5, 0);
        let surface = (o.gs_stagesurface_create)(w, h, 5);
        assert!((o.gs_texrender_begin)(render, w, h), "no texture to draw into");
        (o.gs_ortho)(0.0, w as f32, 0.0, h as f32, -100.0, 100.0);
        let begun = Instant::now();
        for _ in 0..times {
            (o.obs_source_video_render)(self.0);
        }
        let drawn = begun.elapsed();
        (o.gs_texrender_end)(render);
        let begun = Instant::now();
        if stage {
            (o.gs_stage_texture)(surface, (o.gs_texrender_get_texture)(render));
        }
        let took = drawn + begun.elapsed();
        (o.gs_stagesurface_destroy)(surface);
        (o.gs_texrender_destroy)(render);
        (o.obs_leave_graphics)();
        took
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        (obs().obs_source_release)(self.0);
    }
}

/// The plugin's name of a kind, for users.
pub(crate) fn display_name(id: &CStr) -> String {
    text((obs().obs_source_get_display_name)(id.as_ptr()))
}

/// Waits for `what` to be so, looking every few milliseconds.
pub(crate) fn within(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// No frame: takes an async source's picture off.
pub(crate) const NO_FRAME: *const std::ffi::c_void = null();
