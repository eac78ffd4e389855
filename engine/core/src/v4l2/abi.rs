//! The kernel's side of Video4Linux: structures and request numbers of `linux/videodev2.h`, written by hand so that
//! building needs neither the kernel's headers nor a C compiler.
//!
//! Every structure is made of integers without gaps (`Pod`, which the compiler checks), so any bytes that the kernel
//! writes are a value of it. Unions are written as the member that is used, and padding to the union's size. A request's
//! number is computed from its structure's size, as the kernel's macros do it. The tests compare all of it with the real
//! header.

use std::ffi::{c_int, c_long};

use bytemuck::{Pod, Zeroable};
use rustix::ioctl::{Opcode, opcode};

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`: pictures from a device, each in one buffer.
pub(super) const CAPTURE: u32 = 1;
/// `V4L2_BUF_TYPE_VIDEO_OUTPUT`: pictures to a device, each in one buffer.
pub(super) const OUTPUT: u32 = 2;
/// `V4L2_MEMORY_MMAP`: buffers of the driver's, mapped into the process.
pub(super) const MEMORY_MMAP: u32 = 1;
/// `V4L2_FIELD_ANY`: interlaced or not, as the driver likes.
pub(super) const FIELD_ANY: u32 = 0;
/// `V4L2_FIELD_NONE`: not interlaced.
pub(super) const FIELD_NONE: u32 = 1;

pub(super) const CAP_VIDEO_CAPTURE: u32 = 1;
pub(super) const CAP_VIDEO_OUTPUT: u32 = 2;
pub(super) const CAP_VIDEO_CAPTURE_MPLANE: u32 = 0x1000;
pub(super) const CAP_STREAMING: u32 = 0x0400_0000;
/// `V4L2_CAP_DEVICE_CAPS`: [`Capability::device_caps`] is filled in.
pub(super) const CAP_DEVICE_CAPS: u32 = 0x8000_0000;

pub(super) const BUF_FLAG_ERROR: u32 = 0x40;
pub(super) const BUF_FLAG_TIMESTAMP_MASK: u32 = 0xe000;
pub(super) const BUF_FLAG_TIMESTAMP_MONOTONIC: u32 = 0x2000;

pub(super) const COLORSPACE_REC709: u32 = 3;
pub(super) const COLORSPACE_JPEG: u32 = 7;
pub(super) const YCBCR_ENC_709: u32 = 2;
pub(super) const QUANTIZATION_FULL_RANGE: u32 = 1;

/// `V4L2_FRMSIZE_TYPE_DISCRETE` and `V4L2_FRMIVAL_TYPE_DISCRETE`: one value.
pub(super) const TYPE_DISCRETE: u32 = 1;
/// `V4L2_FRMSIZE_TYPE_CONTINUOUS` and `V4L2_FRMIVAL_TYPE_CONTINUOUS`: a range in steps of 1.
pub(super) const TYPE_CONTINUOUS: u32 = 2;
/// `V4L2_FRMSIZE_TYPE_STEPWISE` and `V4L2_FRMIVAL_TYPE_STEPWISE`: a range in larger steps.
pub(super) const TYPE_STEPWISE: u32 = 3;

/// `struct v4l2_capability`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Capability {
    pub(super) driver: [u8; 16],
    pub(super) card: [u8; 32],
    pub(super) bus_info: [u8; 32],
    pub(super) version: u32,
    pub(super) capabilities: u32,
    pub(super) device_caps: u32,
    pub(super) reserved: [u32; 3],
}

/// `struct v4l2_fmtdesc`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct FormatDescription {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) description: [u8; 32],
    pub(super) pixelformat: u32,
    pub(super) mbus_code: u32,
    pub(super) reserved: [u32; 3],
}

/// `struct v4l2_pix_format`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct PixFormat {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) pixelformat: u32,
    pub(super) field: u32,
    pub(super) bytesperline: u32,
    pub(super) sizeimage: u32,
    pub(super) colorspace: u32,
    pub(super) private: u32,
    pub(super) flags: u32,
    pub(super) ycbcr_enc: u32,
    pub(super) quantization: u32,
    pub(super) xfer_func: u32,
}

/// `struct v4l2_format`, with the union's member for pictures in one buffer. The union's 200 bytes are aligned as the
/// pointers in other members are.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Format {
    pub(super) kind: u32,
    #[cfg(target_pointer_width = "64")]
    pub(super) padding: u32,
    pub(super) pix: PixFormat,
    pub(super) rest: [[u32; 19]; 2],
}

/// `struct v4l2_fract`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub(super) struct Fraction {
    pub(super) numerator: u32,
    pub(super) denominator: u32,
}

/// `struct v4l2_streamparm`; `v4l2_captureparm` and `v4l2_outputparm` lie alike.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct StreamParameters {
    pub(super) kind: u32,
    pub(super) capability: u32,
    pub(super) mode: u32,
    pub(super) timeperframe: Fraction,
    pub(super) extendedmode: u32,
    pub(super) buffers: u32,
    pub(super) rest: [[u32; 22]; 2],
}

/// `struct v4l2_requestbuffers`.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct RequestBuffers {
    pub(super) count: u32,
    pub(super) kind: u32,
    pub(super) memory: u32,
    pub(super) capabilities: u32,
    pub(super) flags: u8,
    pub(super) reserved: [u8; 3],
}

/// `struct v4l2_buffer`, with the union's member for mapped memory.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Buffer {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) bytesused: u32,
    pub(super) flags: u32,
    pub(super) field: u32,
    #[cfg(target_pointer_width = "64")]
    pub(super) padding: u32,
    /// Seconds and microseconds.
    pub(super) timestamp: [c_long; 2],
    pub(super) timecode: [u32; 4],
    pub(super) sequence: u32,
    pub(super) memory: u32,
    pub(super) offset: u32,
    #[cfg(target_pointer_width = "64")]
    pub(super) offset_rest: u32,
    pub(super) length: u32,
    pub(super) reserved2: u32,
    pub(super) request_fd: u32,
    #[cfg(target_pointer_width = "64")]
    pub(super) padding_behind: u32,
}

/// `struct v4l2_frmsizeenum`: width and height, or least, most and step of the width and then of the height.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct FrameSize {
    pub(super) index: u32,
    pub(super) pixel_format: u32,
    pub(super) kind: u32,
    pub(super) size: [u32; 6],
    pub(super) reserved: [u32; 2],
}

/// `struct v4l2_frmivalenum`: an interval, or the shortest, the longest and the step.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct FrameInterval {
    pub(super) index: u32,
    pub(super) pixel_format: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kind: u32,
    pub(super) interval: [Fraction; 3],
    pub(super) reserved: [u32; 2],
}

/// A request to a device: its number, and the structure that the kernel reads and fills.
pub(super) trait Request {
    /// The kernel accesses as many bytes as this has, no more: the number says so.
    type Argument: Pod;
    const NUMBER: Opcode;
}

macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident: $direction:ident $number:literal $argument:ty;)*) => {$(
        $(#[$doc])*
        pub(super) enum $name {}

        impl Request for $name {
            type Argument = $argument;
            const NUMBER: Opcode = opcode::$direction::<$argument>(b'V', $number);
        }
    )*};
}

requests! {
    /// `VIDIOC_QUERYCAP`: what a device is.
    QueryCapability: read 0 Capability;
    /// `VIDIOC_ENUM_FMT`: the format with this index.
    EnumerateFormats: read_write 2 FormatDescription;
    /// `VIDIOC_G_FMT`: the present format.
    GetFormat: read_write 4 Format;
    /// `VIDIOC_S_FMT`: asks for a format, and gives what the driver made of it.
    SetFormat: read_write 5 Format;
    /// `VIDIOC_REQBUFS`: asks for buffers, or frees all with a count of 0.
    RequestBufferCount: read_write 8 RequestBuffers;
    /// `VIDIOC_QUERYBUF`: where a buffer can be mapped.
    QueryBuffer: read_write 9 Buffer;
    /// `VIDIOC_QBUF`: hands a buffer to the driver.
    QueueBuffer: read_write 15 Buffer;
    /// `VIDIOC_DQBUF`: takes the oldest filled buffer from the driver.
    DequeueBuffer: read_write 17 Buffer;
    /// `VIDIOC_STREAMON`, with the buffers' type.
    StreamOn: write 18 c_int;
    /// `VIDIOC_STREAMOFF`, with the buffers' type.
    StreamOff: write 19 c_int;
    /// `VIDIOC_G_PARM`: the present frame interval, among others.
    GetParameters: read_write 21 StreamParameters;
    /// `VIDIOC_S_PARM`: asks for a frame interval.
    SetParameters: read_write 22 StreamParameters;
    /// `VIDIOC_ENUM_FRAMESIZES`: the size with this index.
    EnumerateSizes: read_write 74 FrameSize;
    /// `VIDIOC_ENUM_FRAMEINTERVALS`: the interval with this index.
    EnumerateIntervals: read_write 75 FrameInterval;
}

#[cfg(test)]
#[path = "abi_tests.rs"]
mod tests;
