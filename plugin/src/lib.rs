//! Omote as a plugin of OBS Studio: the source "Omote Camera" and the filter "Omote Face Filter".
//!
//! Only glue: faces, personas, pictures and the badge are the engine's. Every function that OBS calls is
//! guarded against panics, waits for nothing, and never draws the picture it was given.

mod block;
mod camera;
mod detached;
mod devices;
mod faults;
mod ffi;
mod filter;
mod guard;
mod instance;
mod photo;
mod places;
mod properties;
mod session;
mod settings;
mod surfaces;
mod text;
mod vendor;
mod wardrobe;

/// What libobs looks for in a plugin's file.
mod exports {
    #![expect(unsafe_code, reason = "exported symbols, and calls to libobs")]

    use crate::guard::guard;
    use crate::{camera, detached, ffi, filter, text, vendor, wardrobe};
    use std::ffi::c_char;
    use std::time::Duration;

    /// How long the end of OBS waits for threads that can't be broken off.
    const LONGEST: Duration = Duration::from_secs(10);

    /// The version of OBS that this was written against, 29.0: older ones refuse it.
    const VERSION: u32 = 29 << 24;

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_set_pointer(module: *mut ffi::obs_module_t) {
        text::set_module(module);
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_ver() -> u32 {
        VERSION
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_name() -> *const c_char {
        c"Omote".as_ptr()
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_description() -> *const c_char {
        c"Puts a persona on your face, with a badge that says so".as_ptr()
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_author() -> *const c_char {
        c"The Omote authors".as_ptr()
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_set_locale(locale: *const c_char) {
        guard("the language", (), || text::learn(locale));
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_free_locale() {
        guard("the language", (), text::forget);
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_load() -> bool {
        guard("loading", false, || {
            text::log_to_obs();
            for info in [camera::info(), filter::info()] {
                // SAFETY: libobs copies the description, whose texts and callbacks live for ever.
                unsafe { ffi::obs_register_source_s(&raw const info, size_of::<ffi::obs_source_info>()) };
            }
            log::info!("{} loaded", env!("CARGO_PKG_VERSION"));
            true
        })
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_post_load() {
        guard("offering requests", (), vendor::register);
    }

    #[unsafe(no_mangle)]
    extern "C" fn obs_module_unload() {
        guard("unloading", (), || {
            detached::wait(LONGEST);
            wardrobe::clear();
        });
    }
}
