//! A swap model's file, before any library loads it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_engine::infer::skim_bytes;

fuzz_target!(|bytes: &[u8]| {
    let _ = skim_bytes(bytes);
});
