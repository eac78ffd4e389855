//! A face network as it is downloaded, read and converted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use omote_engine::infer::models::convert_file;

fuzz_target!(|bytes: &[u8]| {
    let _ = convert_file(bytes);
});
