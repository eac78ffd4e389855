//! A YUV4MPEG2 clip, read to its end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_fuzz::read_all;

fuzz_target!(|bytes: &[u8]| {
    // Other contents go to a program that is not under test.
    if bytes.starts_with(b"YUV4MPEG2 ") {
        read_all("clip.y4m", bytes);
    }
});
