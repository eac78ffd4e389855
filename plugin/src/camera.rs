//! "Omote Camera": opens a camera itself and gives OBS finished pictures only. The bare camera never exists
//! in OBS, so nothing can uncover it.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::guard::guard;
use crate::instance::{Core, Delay, Handle, lock};
use crate::session::{Screen, Session};
use crate::settings::{Kind, Stored};
use crate::text::localized;
use crate::{faults, ffi, photo, properties};
use omote_engine::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use omote_engine::pipeline::{Shown, State};
use omote_engine::timing::now;
use std::ffi::{CString, c_char, c_int};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// When the engine has given nothing for so long, its last picture is taken off.
const STALE: Duration = Duration::from_millis(250);

/// Hands finished pictures to OBS.
struct Output {
    handle: Handle,
    delay: Arc<Delay>,
    quiet: AtomicBool,
    ready: AtomicBool,
    /// When the last picture came; nothing where OBS has none of ours now.
    last: Mutex<Option<Duration>>,
}

impl Screen for Output {
    fn show(&self, shown: &Arc<Shown>) {
        if faults::stale() {
            return;
        }
        if shown.state == State::Live && !shown.faces.is_empty() {
            self.ready.store(true, Ordering::Release);
        }
        let ready = self.ready.load(Ordering::Acquire);
        if !ready && (self.quiet.load(Ordering::Acquire) || shown.state == State::Live) {
            return;
        }
        let mut last = lock(&self.last);
        if output(self.handle, shown.badged.frame()) {
            *last = Some(now());
            if shown.state == State::Live {
                self.delay.note(shown.stamps.captured);
            }
        }
    }

    fn turn(&self) {
        let mut last = lock(&self.last);
        if last.is_some_and(|at| now().saturating_sub(at) > STALE) {
            *last = None;
            blank(self.handle);
        }
    }

    fn dark(&self) {
        self.ready.store(false, Ordering::Release);
        *lock(&self.last) = None;
        blank(self.handle);
    }
}

fn blank(handle: Handle) {
    // SAFETY: the source lives until its session has ended; a null frame takes the picture off.
    unsafe { ffi::obs_source_output_video(handle.0, null()) };
}

/// Gives OBS a copy of a frame. False where it can't be given.
fn output(handle: Handle, frame: &Frame) -> bool {
    let format = match frame.format() {
        PixelFormat::I420 => ffi::FORMAT_I420,
        PixelFormat::I422 => ffi::FORMAT_I422,
        PixelFormat::I444 => ffi::FORMAT_I444,
        PixelFormat::Nv12 => ffi::FORMAT_NV12,
        PixelFormat::Yuyv => ffi::FORMAT_YUY2,
        PixelFormat::Bgra => ffi::FORMAT_BGRA,
        PixelFormat::Rgb => {
            // OBS has no such format of its own.
            let converted = frame.converted(PixelFormat::Bgra, Colour::JPEG);
            return converted.is_ok_and(|mut bgra| {
                bgra.time = frame.time;
                output(handle, &bgra)
            });
        }
    };
    // SAFETY: all fields are numbers and null pointers.
    let mut out: ffi::obs_source_frame = unsafe { std::mem::zeroed() };
    for (index, plane) in frame.planes().iter().enumerate().take(8) {
        // OBS copies from it and writes nothing.
        out.data[index] = frame.plane(index).as_ptr().cast_mut();
        out.linesize[index] = plane.stride as u32;
    }
    (out.width, out.height, out.format) = (frame.width(), frame.height(), format);
    out.timestamp = u64::try_from(frame.time.0.as_nanos()).unwrap_or(u64::MAX);
    if frame.format().is_yuv() {
        let colour = frame.colour();
        let space: c_int = match colour.matrix {
            Matrix::Bt601 => ffi::CS_601,
            Matrix::Bt709 => ffi::CS_709,
        };
        out.full_range = colour.range == Range::Full;
        let range = if out.full_range { ffi::RANGE_FULL } else { ffi::RANGE_PARTIAL };
        // SAFETY: the three arrays have the sizes that libobs writes.
        unsafe {
            ffi::video_format_get_parameters(
                space,
                range,
                out.color_matrix.as_mut_ptr(),
                out.color_range_min.as_mut_ptr(),
                out.color_range_max.as_mut_ptr(),
            );
        }
    }
    // SAFETY: the source lives until its session has ended; OBS copies the planes before it returns.
    unsafe { ffi::obs_source_output_video(handle.0, &raw const out) };
    true
}

struct Camera {
    core: Arc<Core>,
    output: Arc<Output>,
}

impl Camera {
    fn create(handle: Handle, stored: Stored) -> omote_engine::error::Result<Self> {
        faults::panic_if(faults::CREATE);
        photo::clear(stored);
        // SAFETY: the source lives.
        unsafe { ffi::obs_source_set_async_unbuffered(handle.0, true) };
        let options = stored.options(Kind::Camera);
        let output = Arc::new(Output {
            handle,
            delay: Arc::default(),
            quiet: AtomicBool::new(options.quiet),
            ready: AtomicBool::new(false),
            last: Mutex::new(None),
        });
        let session = Session::start(None, Arc::clone(&output) as Arc<dyn Screen>)?;
        session.want(options);
        Ok(Self { core: Core::new(handle, Kind::Camera, session, Arc::clone(&output.delay)), output })
    }

    fn update(&self, stored: Stored) {
        faults::panic_if(faults::UPDATE);
        let options = stored.options(Kind::Camera);
        self.output.quiet.store(options.quiet, Ordering::Release);
        self.core.session.want(options);
    }
}

/// The instance behind a callback's data.
///
/// # Safety
/// `data` is null or what [`create`] gave, and the instance has not been destroyed.
unsafe fn camera<'a>(data: ffi::Data) -> Option<&'a Camera> {
    // SAFETY: by this function's own demand.
    unsafe { data.cast::<Camera>().as_ref() }
}

unsafe extern "C" fn get_name(_: ffi::Data) -> *const c_char {
    static NAME: OnceLock<CString> = OnceLock::new();
    let otherwise = c"Omote Camera".as_ptr();
    guard("the camera's name", otherwise, || {
        NAME.get_or_init(|| localized(c"Camera.Name").into_owned()).as_ptr()
    })
}

unsafe extern "C" fn create(settings: *mut ffi::obs_data_t, source: *mut ffi::obs_source_t) -> ffi::Data {
    guard("creating the camera", null_mut(), || {
        let handle = Handle(source);
        // SAFETY: libobs' settings live through this call.
        match Camera::create(handle, unsafe { Stored::new(settings) }) {
            Ok(camera) => {
                camera.core.hotkeys(handle, "");
                Box::into_raw(Box::new(camera)).cast()
            }
            Err(e) => {
                log::error!("the camera source can't be created: {e}");
                null_mut()
            }
        }
    })
}

unsafe extern "C" fn destroy(data: ffi::Data) {
    guard("destroying the camera", (), || {
        if !data.is_null() {
            // SAFETY: `create` leaked it, and libobs calls this once, when no other callback runs.
            let camera = unsafe { Box::from_raw(data.cast::<Camera>()) };
            camera.core.retire();
        }
    });
}

unsafe extern "C" fn get_defaults(settings: *mut ffi::obs_data_t) {
    // SAFETY: libobs' settings live through this call.
    guard("the camera's defaults", (), || unsafe { Stored::new(settings) }.defaults(Kind::Camera));
}

unsafe extern "C" fn get_properties(data: ffi::Data) -> *mut ffi::obs_properties_t {
    guard("the camera's properties", null_mut(), || {
        // SAFETY: libobs gives what `create` gave.
        properties::build(Kind::Camera, unsafe { camera(data) }.map(|c| &c.core))
    })
}

unsafe extern "C" fn update(data: ffi::Data, settings: *mut ffi::obs_data_t) {
    guard("changing the camera", (), || {
        // SAFETY: libobs gives what `create` gave.
        if let Some(camera) = unsafe { camera(data) } {
            // SAFETY: libobs' settings live through this call.
            camera.update(unsafe { Stored::new(settings) });
        }
    });
}

unsafe extern "C" fn show(data: ffi::Data) {
    // SAFETY: libobs gives what `create` gave.
    guard("showing the camera", (), || unsafe { camera(data) }.map_or((), |c| c.core.session.sleep(false)));
}

unsafe extern "C" fn hide(data: ffi::Data) {
    // SAFETY: libobs gives what `create` gave.
    guard("hiding the camera", (), || unsafe { camera(data) }.map_or((), |c| c.core.session.sleep(true)));
}

/// What libobs is told of the camera.
pub(crate) fn info() -> ffi::obs_source_info {
    // SAFETY: all fields are numbers, null pointers and empty callbacks.
    let mut info: ffi::obs_source_info = unsafe { std::mem::zeroed() };
    info.id = c"omote_camera".as_ptr();
    info.kind = ffi::SOURCE_TYPE_INPUT;
    info.output_flags = ffi::SOURCE_VIDEO | ffi::SOURCE_ASYNC | ffi::SOURCE_DO_NOT_DUPLICATE;
    info.icon_type = ffi::ICON_CAMERA;
    info.get_name = Some(get_name);
    info.create = Some(create);
    info.destroy = Some(destroy);
    info.get_defaults = Some(get_defaults);
    info.get_properties = Some(get_properties);
    info.update = Some(update);
    info.show = Some(show);
    info.hide = Some(hide);
    info
}
