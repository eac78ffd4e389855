//! The plugin inside the real libobs: what viewers see of it, whatever happens.
//!
//! Needs libobs, a display (Xvfb will do) and the plugin built with the feature `faults`: `cargo xtask obs`
//! provides all three. Where one is missing the tests say that they are skipped, and fail if `REQUIRE_OBS` is set.

#![cfg(target_os = "linux")]
#![expect(unsafe_code, reason = "calls libobs")]
#![expect(clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "a test")]

mod cases;
mod cost;
mod fault_cases;
#[path = "../../src/ffi.rs"]
mod ffi;
mod host;
mod judge;
mod libobs;
mod properties;
mod source_cases;
mod sources;
mod stage;
