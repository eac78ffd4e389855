//! Video4Linux, as far as cameras and v4l2loopback need it: device files with their formats and rates, and streams of
//! mapped buffers.
//!
//! All of the engine's ioctl calls and all memory that it shares with a driver are in here. What the modules above get
//! is safe: numbers that the kernel has filled in, and bytes of a picture that can be copied out and nothing else.

mod abi;
mod device;
mod stream;

pub(crate) use device::{Capabilities, Device, Direction, Format, Interval, IntervalRange, SizeRange};
pub(crate) use stream::{Filled, Samples, Stream};
