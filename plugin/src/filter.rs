//! "Omote Face Filter": takes any source's picture through the engine and draws what comes back.
//!
//! The target is never drawn to the screen: what is shown is a whole finished picture, the card, or nothing.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::guard::guard;
use crate::instance::{Core, Handle, lock};
use crate::session::{Screen, Session};
use crate::settings::{Kind, Options, Stored};
use crate::surfaces::{Size, Surfaces};
use crate::text::localized;
use crate::{faults, ffi, photo, properties};
use omote_engine::badge::Corner;
use omote_engine::frame::{Colour, Frame, FrameId, FrameTime, PixelFormat};
use omote_engine::pipeline::{HostFrames, Shown, State, host};
use omote_engine::timing::now;
use std::ffi::{CString, c_char};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// A finished picture that is older is not shown any more.
const STALE: Duration = Duration::from_millis(250);
/// Marks the card's upload; no picture has this number.
const CARD: u64 = u64::MAX;

/// A finished picture: when it came, and as which.
struct Came {
    shown: Arc<Shown>,
    at: Duration,
    number: u64,
}

/// The newest finished picture.
#[derive(Default)]
struct Newest {
    came: Mutex<Option<Came>>,
    bell: Condvar,
    /// Whether a swapped face was ever shown.
    ready: AtomicBool,
    count: AtomicU64,
}

impl Screen for Newest {
    fn show(&self, shown: &Arc<Shown>) {
        if faults::stale() {
            return;
        }
        if shown.state == State::Live && !shown.faces.is_empty() {
            self.ready.store(true, Ordering::Release);
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        *lock(&self.came) = Some(Came { shown: Arc::clone(shown), at: now(), number });
        self.bell.notify_all();
    }

    fn dark(&self) {
        *lock(&self.came) = None;
        self.ready.store(false, Ordering::Release);
    }
}

impl Newest {
    /// The newest picture, unless it is stale.
    fn get(&self) -> Option<(Arc<Shown>, u64)> {
        let came = lock(&self.came);
        let fresh = came.as_ref().filter(|came| now().saturating_sub(came.at) <= STALE);
        fresh.map(|came| (Arc::clone(&came.shown), came.number))
    }

    /// Waits at most `limit` for the picture made from frame `number`, or a later one.
    fn wait(&self, number: u64, limit: Duration) {
        let before = |came: &mut Option<Came>| {
            came.as_ref().is_none_or(|came| came.shown.badged.frame().id.0 < number)
        };
        let came = lock(&self.came);
        drop(self.bell.wait_timeout_while(came, limit, before).unwrap_or_else(PoisonError::into_inner));
    }
}

/// What only the graphics thread touches.
#[derive(Default)]
struct Drawing {
    surfaces: Option<Surfaces>,
    /// Whether this tick's picture was taken: OBS may draw a filter several times a tick.
    taken: bool,
    /// Whether the hotkeys are registered.
    keyed: bool,
    /// Pictures staged so far, which numbers them.
    staged: u64,
    times: [Duration; 2],
}

struct Filter {
    core: Arc<Core>,
    newest: Arc<Newest>,
    frames: HostFrames,
    drawing: Mutex<Drawing>,
    options: Mutex<Options>,
}

impl Filter {
    fn create(handle: Handle, stored: Stored) -> omote_engine::error::Result<Self> {
        faults::panic_if(faults::CREATE);
        photo::clear(stored);
        let (frames, source) = host("OBS");
        let newest = Arc::new(Newest::default());
        let session = Session::start(Some(source), Arc::clone(&newest) as Arc<dyn Screen>)?;
        let options = stored.options(Kind::Filter);
        session.want(options.clone());
        let core = Core::new(handle, Kind::Filter, session, Arc::default());
        Ok(Self { core, newest, frames, drawing: Mutex::default(), options: Mutex::new(options) })
    }

    fn update(&self, stored: Stored) {
        faults::panic_if(faults::UPDATE);
        let options = stored.options(Kind::Filter);
        *lock(&self.options) = options.clone();
        self.core.session.want(options);
    }

    fn tick(&self) {
        faults::panic_if(faults::TICK);
        let mut drawing = lock(&self.drawing);
        drawing.taken = false;
        if drawing.keyed {
            return;
        }
        // libobs keeps no hotkeys of a filter: they are its source's, which is known once it has been added.
        // SAFETY: called in `video_tick`, through which the filter and its parent live.
        let parent = unsafe { ffi::obs_filter_get_parent(self.core.handle.0) };
        if !parent.is_null() {
            drawing.keyed = true;
            drop(drawing);
            self.core.hotkeys(Handle(parent), &self.core.handle.name());
        }
    }

    fn render(&self) {
        let (quiet, wait, corner) = {
            let options = lock(&self.options);
            (options.quiet, Duration::from_millis(options.wait_ms), options.values.corner)
        };
        let mut drawing = lock(&self.drawing);
        let drawing = &mut *drawing;
        let own = self.core.handle.0;
        // SAFETY: called in `video_render`, through which the filter lives; it has a target, or a null one.
        let target = unsafe { ffi::obs_filter_get_target(own) };
        // SAFETY: as above, with the parent.
        let parent = unsafe { ffi::obs_filter_get_parent(own) };
        if target.is_null() || parent.is_null() {
            return;
        }
        // SAFETY: the target lives while it is drawn.
        let width = unsafe { ffi::obs_source_get_base_width(target) };
        // SAFETY: as above.
        let size = (width, unsafe { ffi::obs_source_get_base_height(target) });
        if size.0 == 0 || size.1 == 0 || size.0.max(size.1) > Frame::MAX_SIDE {
            return;
        }
        if drawing.surfaces.as_ref().is_none_or(|s| s.size() != size) {
            drawing.surfaces = Surfaces::new(size);
        }
        let Some(surfaces) = &mut drawing.surfaces else { return };
        if !std::mem::replace(&mut drawing.taken, true) {
            faults::panic_if(faults::RENDER);
            drawing.staged += 1;
            let number = drawing.staged;
            drawing.times[number as usize % 2] = now();
            if surfaces.stage(target, parent, number) {
                let waits = !wait.is_zero();
                let times = drawing.times;
                surfaces.read_staged(waits, |mapped| {
                    let time = times[mapped.number as usize % 2];
                    self.hand_on(mapped.rows, mapped.linesize, size, mapped.number, time);
                });
                if waits {
                    surfaces.forget();
                    self.newest.wait(number, wait);
                }
            }
        }
        self.draw(surfaces, size, quiet, corner);
    }

    fn hand_on(&self, rows: &[u8], linesize: usize, (w, h): Size, number: u64, time: Duration) {
        let row = w as usize * 4;
        let mut pixels = self.frames.buffer(row * h as usize);
        for (to, from) in pixels.chunks_exact_mut(row).zip(rows.chunks(linesize)) {
            if let Some(from) = from.get(..row) {
                to.copy_from_slice(from);
            }
        }
        if let Ok(mut frame) = Frame::new(PixelFormat::Bgra, Colour::JPEG, w, h, pixels) {
            (frame.id, frame.time) = (FrameId(number), FrameTime(time));
            self.frames.put(frame);
        }
    }

    fn draw(&self, surfaces: &mut Surfaces, size: Size, quiet: bool, corner: Corner) {
        let ready = self.newest.ready.load(Ordering::Acquire);
        if quiet && !ready {
            return;
        }
        let fits = |shown: &Arc<Shown>| {
            let frame = shown.badged.frame();
            frame.format() == PixelFormat::Bgra && (frame.width(), frame.height()) == size
        };
        let fits = |(shown, _): &(Arc<Shown>, u64)| fits(shown) && (ready || shown.state != State::Live);
        match self.newest.get().filter(fits) {
            Some((shown, number)) => {
                if surfaces.upload(number, shown.badged.frame().data()) && shown.state == State::Live {
                    self.core.delay.note(shown.stamps.captured);
                }
                surfaces.draw();
            }
            None => {
                let Some(card) = self.core.session.card((size.0, size.1, corner)) else { return };
                surfaces.upload(CARD, card.frame().data());
                surfaces.draw();
            }
        }
    }
}

/// What libobs holds. A filter that could not be made has to be there all the same: in the place of one without
/// data libobs draws the target.
struct Instance(Option<Filter>);

/// The filter behind a callback's data.
///
/// # Safety
/// `data` is null or what [`create`] gave, and the instance has not been destroyed.
unsafe fn filter<'a>(data: ffi::Data) -> Option<&'a Filter> {
    // SAFETY: by this function's own demand.
    unsafe { data.cast::<Instance>().as_ref() }?.0.as_ref()
}

unsafe extern "C" fn get_name(_: ffi::Data) -> *const c_char {
    static NAME: OnceLock<CString> = OnceLock::new();
    let otherwise = c"Omote Face Filter".as_ptr();
    guard("the filter's name", otherwise, || {
        NAME.get_or_init(|| localized(c"Filter.Name").into_owned()).as_ptr()
    })
}

unsafe extern "C" fn create(settings: *mut ffi::obs_data_t, source: *mut ffi::obs_source_t) -> ffi::Data {
    let made = guard("creating the filter", None, || {
        // SAFETY: libobs' settings live through this call.
        let made = Filter::create(Handle(source), unsafe { Stored::new(settings) });
        made.inspect_err(|e| log::error!("the filter can't be created: {e}")).ok()
    });
    Box::into_raw(Box::new(Instance(made))).cast()
}

unsafe extern "C" fn destroy(data: ffi::Data) {
    guard("destroying the filter", (), || {
        if data.is_null() {
            return;
        }
        // SAFETY: `create` leaked it, and libobs calls this once, when no other callback runs.
        let instance = unsafe { Box::from_raw(data.cast::<Instance>()) };
        let Some(filter) = instance.0 else { return };
        filter.core.retire();
        let surfaces = lock(&filter.drawing).surfaces.take();
        if surfaces.is_some() {
            // No lock that a callback takes is held here.
            ffi::obs_enter_graphics();
            drop(surfaces);
            ffi::obs_leave_graphics();
        }
    });
}

unsafe extern "C" fn get_defaults(settings: *mut ffi::obs_data_t) {
    // SAFETY: libobs' settings live through this call.
    guard("the filter's defaults", (), || unsafe { Stored::new(settings) }.defaults(Kind::Filter));
}

unsafe extern "C" fn get_properties(data: ffi::Data) -> *mut ffi::obs_properties_t {
    guard("the filter's properties", null_mut(), || {
        // SAFETY: libobs gives what `create` gave.
        properties::build(Kind::Filter, unsafe { filter(data) }.map(|f| &f.core))
    })
}

unsafe extern "C" fn update(data: ffi::Data, settings: *mut ffi::obs_data_t) {
    guard("changing the filter", (), || {
        // SAFETY: libobs gives what `create` gave.
        if let Some(filter) = unsafe { filter(data) } {
            // SAFETY: libobs' settings live through this call.
            filter.update(unsafe { Stored::new(settings) });
        }
    });
}

unsafe extern "C" fn tick(data: ffi::Data, _: f32) {
    // SAFETY: libobs gives what `create` gave.
    guard("the filter's tick", (), || unsafe { filter(data) }.map_or((), Filter::tick));
}

unsafe extern "C" fn render(data: ffi::Data, _: *mut ffi::gs_effect_t) {
    // SAFETY: libobs gives what `create` gave.
    guard("drawing the filter", (), || unsafe { filter(data) }.map_or((), Filter::render));
}

/// What libobs is told of the filter.
pub(crate) fn info() -> ffi::obs_source_info {
    // SAFETY: all fields are numbers, null pointers and empty callbacks.
    let mut info: ffi::obs_source_info = unsafe { std::mem::zeroed() };
    info.id = c"omote_face_filter".as_ptr();
    info.kind = ffi::SOURCE_TYPE_FILTER;
    info.output_flags = ffi::SOURCE_VIDEO | ffi::SOURCE_SRGB;
    info.get_name = Some(get_name);
    info.create = Some(create);
    info.destroy = Some(destroy);
    info.get_defaults = Some(get_defaults);
    info.get_properties = Some(get_properties);
    info.update = Some(update);
    info.video_tick = Some(tick);
    info.video_render = Some(render);
    info
}
