//! A V4L2 device node: the few kernel calls that an output needs, each typed.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use v4l::v4l_sys::{
    V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_OUTPUT, v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_OUTPUT as OUTPUT,
    v4l2_capability, v4l2_field_V4L2_FIELD_NONE as PROGRESSIVE, v4l2_format, v4l2_fract, v4l2_streamparm,
};
use v4l::v4l2::{self, vidioc};

use crate::source::Rate;

/// An open device.
#[derive(Debug)]
pub(super) struct Node {
    file: File,
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Abilities {
    pub(super) driver: String,
    pub(super) label: String,
    /// It gives pictures now.
    pub(super) capture: bool,
    /// It takes pictures now.
    pub(super) output: bool,
}

/// Pictures as a device has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pictures {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) fourcc: [u8; 4],
}

impl Node {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::options().read(true).write(true).open(path)? })
    }

    /// Name and abilities. The kernel goes by what this call last found, so it comes before all others.
    pub(super) fn abilities(&self) -> io::Result<Abilities> {
        let mut found: v4l2_capability = zeroed();
        self.call(vidioc::VIDIOC_QUERYCAP, &mut found)?;
        let text = |bytes: &[u8]| {
            let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
        };
        Ok(Abilities {
            driver: text(&found.driver),
            label: text(&found.card),
            capture: found.device_caps & V4L2_CAP_VIDEO_CAPTURE != 0,
            output: found.device_caps & V4L2_CAP_VIDEO_OUTPUT != 0,
        })
    }

    /// Asks for pictures, and gives what the device made of it.
    pub(super) fn set_pictures(&self, asked: Pictures, bytes: u32) -> io::Result<Pictures> {
        let mut format: v4l2_format = zeroed();
        format.type_ = OUTPUT;
        format.fmt.pix.width = asked.width;
        format.fmt.pix.height = asked.height;
        format.fmt.pix.pixelformat = u32::from_le_bytes(asked.fourcc);
        format.fmt.pix.field = PROGRESSIVE;
        format.fmt.pix.sizeimage = bytes;
        self.call(vidioc::VIDIOC_S_FMT, &mut format)?;
        Ok(pictures(&format))
    }

    /// The pictures it is set to now.
    pub(super) fn pictures(&self) -> io::Result<Pictures> {
        let mut format: v4l2_format = zeroed();
        format.type_ = OUTPUT;
        self.call(vidioc::VIDIOC_G_FMT, &mut format)?;
        Ok(pictures(&format))
    }

    /// Sets the frame rate that readers are told, and gives what the device made of it; nothing where that
    /// is no rate.
    pub(super) fn set_rate(&self, rate: Rate) -> io::Result<Option<Rate>> {
        let mut set: v4l2_streamparm = zeroed();
        set.type_ = OUTPUT;
        set.parm.output.timeperframe = v4l2_fract { numerator: rate.den(), denominator: rate.num() };
        self.call(vidioc::VIDIOC_S_PARM, &mut set)?;
        #[expect(unsafe_code, reason = "reads a C union; every variant is made of plain numbers")]
        let period = unsafe { set.parm.output.timeperframe };
        Ok(Rate::new(period.denominator, period.numerator))
    }

    /// Begins or ends the stream of pictures to the device.
    pub(super) fn stream(&self, on: bool) -> io::Result<()> {
        let call = if on { vidioc::VIDIOC_STREAMON } else { vidioc::VIDIOC_STREAMOFF };
        let mut kind: std::ffi::c_int = OUTPUT as std::ffi::c_int;
        self.call(call, &mut kind)
    }

    /// Hands over one picture, and gives how many bytes of it were taken.
    pub(super) fn write(&mut self, picture: &[u8]) -> io::Result<usize> {
        loop {
            match self.file.write(picture) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// `argument` must be of the type that the call is defined with; each caller above is.
    fn call<T: Plain>(&self, call: vidioc::_IOC_TYPE, argument: &mut T) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        let argument: *mut T = argument;
        #[expect(unsafe_code, reason = "a kernel call on an open file with a live argument of its own type")]
        unsafe {
            v4l2::ioctl(self.file.as_raw_fd(), call, argument.cast())
        }
    }
}

/// Structures of the kernel that are made of numbers, so that all zeros are a value of them.
trait Plain {}
impl Plain for v4l2_capability {}
impl Plain for v4l2_format {}
impl Plain for v4l2_streamparm {}
impl Plain for std::ffi::c_int {}

fn zeroed<T: Plain>() -> T {
    #[expect(unsafe_code, reason = "all zeros are a value of every `Plain` type")]
    unsafe {
        std::mem::zeroed()
    }
}

fn pictures(format: &v4l2_format) -> Pictures {
    #[expect(unsafe_code, reason = "reads a C union; every variant is made of plain numbers")]
    let pix = unsafe { format.fmt.pix };
    Pictures { width: pix.width, height: pix.height, fourcc: pix.pixelformat.to_le_bytes() }
}
