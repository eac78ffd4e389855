//! A persona package as it comes from somebody else: a zip archive.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_engine::persona::{Date, Persona};

fuzz_target!(|bytes: Vec<u8>| {
    let today = Date::from_unix(1_760_000_000);
    let _ = Persona::from_archive(bytes, today);
});
