//! What both kinds of instance share: the list of those that live, their hotkeys, and their settings' way to
//! the engine.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::guard::guard;
use crate::session::Session;
use crate::settings::{Kind, Stored, key};
use crate::text::{c, from_c, words};
use crate::{ffi, wardrobe};
use omote_engine::timing;
use omote_kit::options::PERSONA;
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A source or filter of ours as libobs knows it. It lives as long as the instance: no reference is counted,
/// which would keep a removed filter alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handle(pub(crate) *mut ffi::obs_source_t);

// SAFETY: libobs' functions on sources may be called from any thread while the source lives.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    /// The name that the user gave it.
    pub(crate) fn name(self) -> String {
        // SAFETY: the source lives as long as its instance.
        let name = unsafe { ffi::obs_source_get_name(self.0) };
        // SAFETY: libobs' own string, or null, which lives as long as the source.
        unsafe { from_c(name) }
    }

    /// Reads or changes its settings.
    pub(crate) fn with_settings<T>(self, work: impl FnOnce(Stored) -> T) -> T {
        // SAFETY: the source lives; libobs counts a reference for us, which is given back below.
        let data = unsafe { ffi::obs_source_get_settings(self.0) };
        // SAFETY: the settings live until they are given back. `Stored` can't leave `work` but as what it has read.
        let done = work(unsafe { Stored::new(data) });
        // SAFETY: the reference from above, given back once.
        unsafe { ffi::obs_data_release(data) };
        done
    }

    /// Has open properties built anew.
    pub(crate) fn show_anew(self) {
        // SAFETY: the source lives as long as its instance.
        unsafe { ffi::obs_source_update_properties(self.0) };
    }

    /// Makes changed settings count.
    pub(crate) fn update(self) {
        // SAFETY: the source lives; null settings leave those that are there.
        unsafe { ffi::obs_source_update(self.0, std::ptr::null_mut()) };
    }
}

/// How old a picture is when OBS gets it, from the moment it was taken: a moving mean, in µs; 0 while unknown.
#[derive(Default)]
pub(crate) struct Delay(AtomicU64);

impl Delay {
    /// A picture that was taken at `taken` (by the engine's clock) is handed over now.
    pub(crate) fn note(&self, taken: Duration) {
        let new = timing::now().saturating_sub(taken).as_micros() as u64;
        let mean = self.0.load(Ordering::Relaxed);
        // Over some 16 pictures.
        self.0.store(if mean == 0 { new } else { (mean * 15 + new) / 16 }.max(1), Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Duration> {
        Some(self.0.load(Ordering::Relaxed)).filter(|us| *us > 0).map(Duration::from_micros)
    }
}

/// One instance's common part.
pub(crate) struct Core {
    pub(crate) id: usize,
    pub(crate) handle: Handle,
    pub(crate) kind: Kind,
    pub(crate) session: Session,
    pub(crate) delay: Arc<Delay>,
    /// What came of the last photo, shown in the properties.
    pub(crate) answer: Arc<Mutex<String>>,
    /// Whether the properties show the fields for a photo.
    pub(crate) unfolded: AtomicBool,
    /// Numbers of the hotkeys.
    keys: Mutex<Vec<usize>>,
}

static LIVING: Mutex<Vec<Arc<Core>>> = Mutex::new(Vec::new());

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something with the instance that is meant. It is not destroyed meanwhile.
fn with<T>(meant: impl Fn(&Core) -> bool, work: impl FnOnce(&Core) -> T) -> Option<T> {
    let living = lock(&LIVING);
    living.iter().find(|core| meant(core)).map(|core| work(core))
}

/// As [`with`], for the instance that a callback's data names; nothing where it is gone.
pub(crate) fn with_data<T>(data: ffi::Data, work: impl FnOnce(&Core) -> T) -> Option<T> {
    with_id(data.addr(), work)
}

/// As [`with`], for the instance of this number; nothing where it is gone.
pub(crate) fn with_id<T>(id: usize, work: impl FnOnce(&Core) -> T) -> Option<T> {
    with(|core| core.id == id, work)
}

/// As [`with`], for the instance of this name, or the only one where no name is given.
pub(crate) fn with_named<T>(name: &str, work: impl FnOnce(&Core) -> T) -> Option<T> {
    let only = lock(&LIVING).len() == 1;
    with(|core| if name.is_empty() { only } else { core.handle.name() == name }, work)
}

impl Core {
    pub(crate) fn new(handle: Handle, kind: Kind, session: Session, delay: Arc<Delay>) -> Arc<Self> {
        static IDS: AtomicUsize = AtomicUsize::new(1);
        let core = Arc::new(Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            handle,
            kind,
            session,
            delay,
            answer: Arc::default(),
            unfolded: AtomicBool::new(false),
            keys: Mutex::default(),
        });
        lock(&LIVING).push(Arc::clone(&core));
        core
    }

    /// What names this instance in a callback's data: a number, since hotkeys outlive the instance by a moment.
    pub(crate) fn data(&self) -> ffi::Data {
        std::ptr::without_provenance_mut(self.id)
    }

    /// Ends the instance: nobody finds it any more, and nothing comes from its engine.
    pub(crate) fn retire(&self) {
        lock(&LIVING).retain(|core| core.id != self.id);
        for key in lock(&self.keys).drain(..) {
            ffi::obs_hotkey_unregister(key);
        }
        self.session.stop();
    }

    /// Wears the persona `step` places further in the list.
    pub(crate) fn step(&self, step: isize) {
        let names = wardrobe::names();
        if names.is_empty() {
            return;
        }
        self.handle.with_settings(|stored| {
            let now = stored.text(key(&PERSONA));
            let at = names.iter().position(|name| *name == now);
            let next = at.map_or(0, |at| (at as isize + step).rem_euclid(names.len() as isize) as usize);
            if let Some(name) = names.get(next) {
                stored.set_text(key(&PERSONA), name);
            }
        });
        self.handle.update();
    }

    /// Wears a persona by name.
    ///
    /// # Errors
    /// There is none of that name.
    pub(crate) fn wear(&self, name: &str) -> Result<(), String> {
        if !wardrobe::names().iter().any(|known| known == name) {
            return Err(format!("there is no persona {name}"));
        }
        self.handle.with_settings(|stored| stored.set_text(key(&PERSONA), name));
        self.handle.update();
        Ok(())
    }

    /// Registers the hotkeys with `owner`, which libobs stores them with; `of` tells several on one owner apart.
    pub(crate) fn hotkeys(&self, owner: Handle, of: &str) {
        let keys: [(&str, &CStr, ffi::Pressed); 3] = [
            ("omote.next_persona", c"Hotkey.Next", next_persona),
            ("omote.previous_persona", c"Hotkey.Previous", previous_persona),
            ("omote.card_now", c"Hotkey.Card", card_now),
        ];
        for (name, label, pressed) in keys {
            let (name, label) = match of.is_empty() {
                true => (c(name), c(words(label))),
                false => (c(format!("{name}.{of}")), c(format!("{} ({of})", words(label)))),
            };
            // SAFETY: the owner lives; libobs copies the texts.
            let id = unsafe {
                ffi::obs_hotkey_register_source(owner.0, name.as_ptr(), label.as_ptr(), pressed, self.data())
            };
            lock(&self.keys).push(id);
        }
    }
}

fn pressed(data: ffi::Data, down: bool, act: impl FnOnce(&Core)) {
    guard("a hotkey", (), || {
        if down {
            with_data(data, act);
        }
    });
}

unsafe extern "C" fn next_persona(data: ffi::Data, _: usize, _: *mut ffi::obs_hotkey_t, down: bool) {
    pressed(data, down, |core| core.step(1));
}

unsafe extern "C" fn previous_persona(data: ffi::Data, _: usize, _: *mut ffi::obs_hotkey_t, down: bool) {
    pressed(data, down, |core| core.step(-1));
}

unsafe extern "C" fn card_now(data: ffi::Data, _: usize, _: *mut ffi::obs_hotkey_t, down: bool) {
    pressed(data, down, |core| core.session.pause(!core.session.paused()));
}
