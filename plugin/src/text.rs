//! Texts: to and from C, in the user's language, and into OBS's log.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The module's texts in the user's language, and the module itself; both are libobs'.
static TEXTS: AtomicPtr<ffi::lookup_t> = AtomicPtr::new(null_mut());
static MODULE: AtomicPtr<ffi::obs_module_t> = AtomicPtr::new(null_mut());

/// A text for C. What stands after a zero byte is cut off.
pub(crate) fn c(text: impl AsRef<str>) -> CString {
    let bytes: Vec<u8> = text.as_ref().bytes().take_while(|b| *b != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

/// A text from C; empty where there is none.
///
/// # Safety
/// `text` is null or a C string that lives while this is called.
pub(crate) unsafe fn from_c(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: by this function's own demand.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// The text of a key of `data/locale/*.ini`; the key itself where there is none.
pub(crate) fn localized(key: &CStr) -> Cow<'_, CStr> {
    let texts = TEXTS.load(Ordering::Acquire);
    let mut found = std::ptr::null();
    if !texts.is_null() {
        // SAFETY: the lookup is libobs' own and lives until `forget`.
        unsafe { ffi::text_lookup_getstr(texts, key.as_ptr(), &raw mut found) };
    }
    if found.is_null() {
        return Cow::Borrowed(key);
    }
    // SAFETY: a C string of the lookup's, which lives as long as that.
    Cow::Owned(unsafe { CStr::from_ptr(found) }.to_owned())
}

/// As [`localized`], as Rust's text.
pub(crate) fn words(key: &CStr) -> String {
    localized(key).to_string_lossy().into_owned()
}

pub(crate) fn set_module(module: *mut ffi::obs_module_t) {
    MODULE.store(module, Ordering::Release);
}

/// Reads the texts of a language.
pub(crate) fn learn(locale: *const c_char) {
    // SAFETY: the module's pointer is the one that libobs gave; the language is a C string of libobs.
    let texts =
        unsafe { ffi::obs_module_load_locale(MODULE.load(Ordering::Acquire), c"en-US".as_ptr(), locale) };
    swap(texts);
}

/// Gives the texts back.
pub(crate) fn forget() {
    swap(null_mut());
}

fn swap(texts: *mut ffi::lookup_t) {
    let before = TEXTS.swap(texts, Ordering::AcqRel);
    if !before.is_null() {
        // SAFETY: it came from `obs_module_load_locale` and nobody else destroys it.
        unsafe { ffi::text_lookup_destroy(before) };
    }
}

/// The plugin's own data folder, as OBS knows it.
pub(crate) fn module_data() -> Option<std::path::PathBuf> {
    let module = MODULE.load(Ordering::Acquire);
    if module.is_null() {
        return None;
    }
    // SAFETY: the module's pointer is the one that libobs gave.
    let path = unsafe { ffi::obs_get_module_data_path(module) };
    // SAFETY: libobs' own string, or null, which lives as long as the module.
    let path = unsafe { from_c(path) };
    (!path.is_empty()).then(|| path.into())
}

/// Hands the engine's log on to OBS's.
struct ObsLog;

impl log::Log for ObsLog {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("omote");
        metadata.level() <= if ours { log::Level::Info } else { log::Level::Warn }
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level: c_int = match record.level() {
            log::Level::Error => ffi::LOG_ERROR,
            log::Level::Warn => ffi::LOG_WARNING,
            log::Level::Info => ffi::LOG_INFO,
            log::Level::Debug | log::Level::Trace => ffi::LOG_DEBUG,
        };
        let line = c(format!("[omote] {}", record.args()));
        // SAFETY: the format takes one C string, which lives through the call.
        unsafe { ffi::blog(level, c"%s".as_ptr(), line.as_ptr()) };
    }

    fn flush(&self) {}
}

/// From now on the engine's messages stand in OBS's log.
pub(crate) fn log_to_obs() {
    static LOG: ObsLog = ObsLog;
    if log::set_logger(&LOG).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}
