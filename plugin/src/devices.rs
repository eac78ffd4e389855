//! The cameras to choose from. Asking for them opens every one, which may take seconds: a thread of its own does that,
//! and open properties are built anew when it has found something else.

use crate::{detached, faults, guard, instance};
use omote_engine::source::camera::{CameraInfo, cameras};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A list that is younger is not asked for again: rebuilt properties would ask for ever.
const FRESH: Duration = Duration::from_secs(2);

struct Known {
    /// Nothing until the first look has ended.
    cameras: Option<Arc<Vec<CameraInfo>>>,
    at: Option<Instant>,
    looking: bool,
    /// Numbers of the instances whose properties show the list.
    shown: Vec<usize>,
}

static KNOWN: Mutex<Known> = Mutex::new(Known { cameras: None, at: None, looking: false, shown: Vec::new() });

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cameras that were found last; nothing where none were looked for yet. Returns at once.
pub(crate) fn found() -> Option<Arc<Vec<CameraInfo>>> {
    known().cameras.clone()
}

/// The same, and looks again. The properties of the instance of this number are built anew when the list has changed.
pub(crate) fn refresh(shown: Option<usize>) -> Option<Arc<Vec<CameraInfo>>> {
    let mut known = known();
    if let Some(id) = shown.filter(|id| !known.shown.contains(id)) {
        known.shown.push(id);
    }
    let fresh = known.at.is_some_and(|at| at.elapsed() < FRESH);
    if !known.looking && !fresh {
        let thread = std::thread::Builder::new().name("omote-cameras".to_owned()).spawn(|| {
            guard::guard("looking for cameras", (), look_now);
            self::known().looking = false;
        });
        match thread {
            Ok(thread) => {
                known.looking = true;
                detached::leave(thread, Duration::ZERO);
            }
            Err(e) => log::warn!("can't search for cameras: {e}"),
        }
    }
    known.cameras.clone()
}

fn look_now() {
    faults::slow_if(faults::SLOW_CAMERAS);
    let mut there = cameras();
    there.retain(|camera| !camera.virtual_output);
    let shown = {
        let mut known = known();
        known.at = Some(Instant::now());
        if known.cameras.as_deref() == Some(&there) {
            return;
        }
        known.cameras = Some(Arc::new(there));
        std::mem::take(&mut known.shown)
    };
    for id in shown {
        instance::with_id(id, |core| core.handle.show_anew());
    }
}
