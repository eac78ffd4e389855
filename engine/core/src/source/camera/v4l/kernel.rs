//! The calls to the kernel's Video4Linux, one function each. All unsafe code of the cameras is here.

use std::io;
use std::os::raw::c_int;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use v4l::device::{Device, Handle};
use v4l::v4l_sys as sys;
use v4l::v4l2::{self, vidioc};

use crate::source::Rate;

/// Single-planar capture, memory-mapped: the only kind of stream that is used.
const CAPTURE: u32 = sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;
const MMAP: u32 = sys::v4l2_memory_V4L2_MEMORY_MMAP;
/// POLLIN of poll(2), the same number on every Linux.
const POLLIN: i16 = 1;

/// A structure that the kernel reads and fills.
///
/// # Safety
/// Every pattern of bits must be a valid value.
#[expect(unsafe_code, reason = "a promise about C structures that the compiler can't check")]
unsafe trait Plain: Copy {
    /// All bytes 0, as the kernel wants reserved fields to be.
    fn zeroed() -> Self {
        // SAFETY: the trait's promise.
        unsafe { std::mem::zeroed() }
    }
}

macro_rules! plain {
    ($($name:ty),*) => {$(
        #[expect(unsafe_code, reason = "a C structure of numbers, and of unions of such structures")]
        // SAFETY: numbers, arrays of numbers, raw pointers, and unions of these.
        unsafe impl Plain for $name {}
    )*};
}
plain!(
    sys::v4l2_capability,
    sys::v4l2_fmtdesc,
    sys::v4l2_format,
    sys::v4l2_streamparm,
    sys::v4l2_requestbuffers,
    sys::v4l2_buffer,
    c_int
);

/// What a device says of itself.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) driver: String,
    pub(super) card: String,
    flags: u32,
}

impl About {
    fn can(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Gives pictures now, in the way that is supported.
    pub(super) fn captures(&self) -> bool {
        self.can(sys::V4L2_CAP_VIDEO_CAPTURE) && self.can(sys::V4L2_CAP_STREAMING)
    }

    /// Gives pictures in several buffers each, as some boards' cameras do; that is not supported.
    pub(super) fn multi_planar(&self) -> bool {
        self.can(sys::V4L2_CAP_VIDEO_CAPTURE_MPLANE)
    }

    /// Takes pictures from a program and gives them to others.
    pub(super) fn is_loopback(&self) -> bool {
        let driver = self.driver.to_ascii_lowercase();
        driver.contains("loopback") || driver.contains("akvcam")
    }
}

/// The format that a driver has set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    pub(super) fourcc: [u8; 4],
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) stride: u32,
    /// Whether Y'CbCr is said to be BT.709's.
    pub(super) bt709: bool,
    /// Whether it is said to use all codes.
    pub(super) full_range: bool,
}

/// A filled buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filled {
    pub(super) index: u32,
    pub(super) used: u32,
    pub(super) sequence: u32,
    /// The driver says itself that the picture is damaged.
    pub(super) damaged: bool,
    /// CLOCK_MONOTONIC, where the driver stamps by that.
    pub(super) stamp: Option<Duration>,
}

/// An open device.
pub(super) struct Node {
    handle: Arc<Handle>,
    device: Device,
}

impl Node {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // The library takes the path as a C string and panics at a zero byte.
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let device = Device::with_path(path)?;
        Ok(Self { handle: device.handle(), device })
    }

    /// The library's view of the device, for listing sizes and rates.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    fn call<T: Plain>(&self, request: vidioc::_IOC_TYPE, argument: &mut T) -> io::Result<()> {
        // The number of a call says how many bytes the kernel reads and writes.
        if (request >> 16) as usize & 0x3fff != size_of::<T>() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        loop {
            #[expect(unsafe_code, reason = "a call to the kernel")]
            // SAFETY: the structure is as large as the call says, and any value of it is valid.
            let done = unsafe { v4l2::ioctl(self.handle.fd(), request, (&raw mut *argument).cast()) };
            match done {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    pub(super) fn about(&self) -> io::Result<About> {
        let mut caps = sys::v4l2_capability::zeroed();
        self.call(vidioc::VIDIOC_QUERYCAP, &mut caps)?;
        // `capabilities` are those of the whole device, which may have more than one file.
        let own = caps.capabilities & sys::V4L2_CAP_DEVICE_CAPS != 0;
        let flags = if own { caps.device_caps } else { caps.capabilities };
        Ok(About { driver: text(&caps.driver), card: text(&caps.card), flags })
    }

    /// The codes of all formats, in the driver's order.
    pub(super) fn formats(&self) -> Vec<[u8; 4]> {
        let mut found = Vec::new();
        // No driver has more; one that never ends its list is stopped here.
        for index in 0..256 {
            let mut format = sys::v4l2_fmtdesc { index, type_: CAPTURE, ..Plain::zeroed() };
            if self.call(vidioc::VIDIOC_ENUM_FMT, &mut format).is_err() {
                break;
            }
            found.push(format.pixelformat.to_le_bytes());
        }
        found
    }

    /// The present format.
    pub(super) fn format(&self) -> io::Result<Format> {
        let mut format = sys::v4l2_format { type_: CAPTURE, ..Plain::zeroed() };
        self.call(vidioc::VIDIOC_G_FMT, &mut format)?;
        Ok(told(&format))
    }

    /// Asks for a format; what the driver made of it.
    pub(super) fn set_format(&self, fourcc: [u8; 4], width: u32, height: u32) -> io::Result<Format> {
        let mut format = sys::v4l2_format { type_: CAPTURE, ..Plain::zeroed() };
        let code = u32::from_le_bytes(fourcc);
        let field = sys::v4l2_field_V4L2_FIELD_ANY;
        format.fmt.pix = sys::v4l2_pix_format { width, height, pixelformat: code, field, ..pix(&format) };
        self.call(vidioc::VIDIOC_S_FMT, &mut format)?;
        self.format()
    }

    /// Frames a second that are set, where the driver knows.
    pub(super) fn rate(&self) -> Option<Rate> {
        let mut parameters = sys::v4l2_streamparm { type_: CAPTURE, ..Plain::zeroed() };
        self.call(vidioc::VIDIOC_G_PARM, &mut parameters).ok()?;
        let interval = capture(&parameters).timeperframe;
        Rate::reduced(u64::from(interval.denominator), u64::from(interval.numerator))
    }

    /// Asks for a rate; what the driver made of it, where it knows.
    pub(super) fn set_rate(&self, rate: Rate) -> io::Result<Option<Rate>> {
        let mut parameters = sys::v4l2_streamparm { type_: CAPTURE, ..Plain::zeroed() };
        let timeperframe = sys::v4l2_fract { numerator: rate.den(), denominator: rate.num() };
        parameters.parm.capture = sys::v4l2_captureparm { timeperframe, ..capture(&parameters) };
        self.call(vidioc::VIDIOC_S_PARM, &mut parameters)?;
        Ok(self.rate())
    }

    /// Asks for buffers, or gives them back with 0; how many there are.
    pub(super) fn buffers(&self, count: u32) -> io::Result<u32> {
        let mut request = sys::v4l2_requestbuffers { count, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() };
        self.call(vidioc::VIDIOC_REQBUFS, &mut request)?;
        Ok(request.count)
    }

    /// The memory of a buffer.
    pub(super) fn map(&self, index: u32) -> io::Result<Mapped> {
        let mut buffer = buffer(index);
        self.call(vidioc::VIDIOC_QUERYBUF, &mut buffer)?;
        let length = buffer.length as usize;
        const READ_WRITE: c_int = 1 | 2;
        const SHARED: c_int = 1;
        #[expect(unsafe_code, reason = "the driver's memory can only be had by mapping it")]
        // SAFETY: the offset is the union's member for memory-mapped buffers; a new mapping aliases nothing.
        let memory = unsafe {
            let offset = buffer.m.offset.into();
            v4l2::mmap(std::ptr::null_mut(), length, READ_WRITE, SHARED, self.handle.fd(), offset)?
        };
        let start = NonNull::new(memory.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Mapped { start, length })
    }

    /// Hands a buffer to the driver.
    pub(super) fn queue(&self, index: u32) -> io::Result<()> {
        self.call(vidioc::VIDIOC_QBUF, &mut buffer(index))
    }

    /// Takes the oldest filled buffer back, if there is one.
    pub(super) fn dequeue(&self) -> io::Result<Option<Filled>> {
        let mut buffer = buffer(0);
        match self.call(vidioc::VIDIOC_DQBUF, &mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            done => done?,
        }
        let monotonic =
            buffer.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK == sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        let seconds = u64::try_from(buffer.timestamp.tv_sec).ok();
        let micros = u32::try_from(buffer.timestamp.tv_usec).ok().filter(|micros| *micros < 1_000_000);
        let stamp = seconds.zip(micros).map(|(s, us)| Duration::new(s, us * 1000));
        Ok(Some(Filled {
            index: buffer.index,
            used: buffer.bytesused,
            sequence: buffer.sequence,
            damaged: buffer.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
            stamp: stamp.filter(|stamp| monotonic && !stamp.is_zero()),
        }))
    }

    /// Starts or stops the stream.
    pub(super) fn stream(&self, on: bool) -> io::Result<()> {
        let request = if on { vidioc::VIDIOC_STREAMON } else { vidioc::VIDIOC_STREAMOFF };
        self.call(request, &mut (CAPTURE as c_int))
    }

    /// Waits until a buffer is filled or something is wrong. False where the time ran out.
    pub(super) fn wait(&self, limit: Duration) -> io::Result<bool> {
        // Rounded up: a wait of 0 ms would spin.
        let ms = limit.as_micros().div_ceil(1000).min(60_000) as i32;
        match self.handle.poll(POLLIN, ms) {
            Ok(ready) => Ok(ready > 0),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A buffer of the driver's, mapped.
pub(super) struct Mapped {
    start: NonNull<u8>,
    length: usize,
}

#[expect(unsafe_code, reason = "a pointer is not Send by itself")]
// SAFETY: the mapping belongs to the process, not to a thread, and this is its only owner.
unsafe impl Send for Mapped {}

impl Mapped {
    /// The first `used` bytes, or all where there are fewer.
    #[expect(unsafe_code, reason = "mapped memory is only a pointer")]
    pub(super) fn bytes(&self, used: usize) -> &[u8] {
        // SAFETY: mapped for `length` bytes until dropped, and the caller has dequeued the buffer, so the
        // driver does not write to it. (v4l2loopback's writers may; what is read then is a torn picture.)
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length.min(used)) }
    }
}

impl Drop for Mapped {
    #[expect(unsafe_code, reason = "the mapping has to be undone")]
    fn drop(&mut self) {
        // SAFETY: mapped by us with this length, and no slice of it is left.
        let undone = unsafe { v4l2::munmap(self.start.as_ptr().cast(), self.length) };
        if let Err(error) = undone {
            log::warn!("a camera's buffer stays mapped: {error}");
        }
    }
}

/// A buffer's description without contents.
fn buffer(index: u32) -> sys::v4l2_buffer {
    sys::v4l2_buffer { index, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() }
}

#[expect(unsafe_code, reason = "a member of a union")]
fn pix(format: &sys::v4l2_format) -> sys::v4l2_pix_format {
    // SAFETY: the member for CAPTURE, and all members are numbers.
    unsafe { format.fmt.pix }
}

#[expect(unsafe_code, reason = "a member of a union")]
fn capture(parameters: &sys::v4l2_streamparm) -> sys::v4l2_captureparm {
    // SAFETY: the member for CAPTURE, and all members are numbers.
    unsafe { parameters.parm.capture }
}

fn told(format: &sys::v4l2_format) -> Format {
    let pix = pix(format);
    #[expect(unsafe_code, reason = "a member of a union")]
    // SAFETY: both members are numbers of one size.
    let encoding = unsafe { pix.__bindgen_anon_1.ycbcr_enc };
    let hd = pix.colorspace == sys::v4l2_colorspace_V4L2_COLORSPACE_REC709;
    let jpeg = pix.colorspace == sys::v4l2_colorspace_V4L2_COLORSPACE_JPEG;
    Format {
        fourcc: pix.pixelformat.to_le_bytes(),
        width: pix.width,
        height: pix.height,
        stride: pix.bytesperline,
        bt709: encoding == sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709 || (encoding == 0 && hd),
        full_range: pix.quantization == sys::v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE
            || (pix.quantization == 0 && jpeg),
    }
}

/// A C string of the kernel's; names may be cut in the middle of a letter.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}
