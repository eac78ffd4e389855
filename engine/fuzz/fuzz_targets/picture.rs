//! One picture of any kind.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_engine::source::read_picture;
use omote_fuzz::with_file;

fuzz_target!(|bytes: &[u8]| {
    // AVIF and HEIC go to a program that is not under test.
    if bytes.get(4..8) != Some(b"ftyp") {
        with_file("picture", bytes, |path| {
            let _ = read_picture(path);
        });
    }
});
