//! Concatenated JPEG: splitting and decoding, to the end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_fuzz::read_all;

fuzz_target!(|bytes: &[u8]| {
    // Other contents go to a program that is not under test.
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        read_all("clip.mjpeg", bytes);
    }
});
