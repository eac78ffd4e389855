//! Sources and sinks on real files.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests, and what they share"
)]

mod given;
mod mp4;
mod sink;
mod source;
mod step;
mod stream;
mod video;
