//! A device file and the requests to it.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use bytemuck::Zeroable;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, ioctl};

use super::abi::{self, Request};

/// More formats, sizes or intervals than any driver lists; one that never ends its list is stopped here.
const LONGEST_LIST: u32 = 1024;

/// Which way pictures go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the device.
    Capture,
    /// To the device.
    Output,
}

impl Direction {
    /// The kernel's number for buffers of this direction.
    pub(super) fn buffers(self) -> u32 {
        match self {
            Self::Capture => abi::CAPTURE,
            Self::Output => abi::OUTPUT,
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// The driver's name.
    pub(crate) driver: String,
    /// The name that programs show.
    pub(crate) card: String,
    flags: u32,
}

impl Capabilities {
    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// It gives pictures now, each in one buffer.
    pub(crate) fn capture(&self) -> bool {
        self.has(abi::CAP_VIDEO_CAPTURE)
    }

    /// It gives pictures in several buffers each, as some boards' cameras do.
    pub(crate) fn capture_multi_planar(&self) -> bool {
        self.has(abi::CAP_VIDEO_CAPTURE_MPLANE)
    }

    /// It takes pictures now, each in one buffer.
    pub(crate) fn output(&self) -> bool {
        self.has(abi::CAP_VIDEO_OUTPUT)
    }

    /// Its buffers can be mapped, see [`Stream`](super::Stream).
    pub(crate) fn streaming(&self) -> bool {
        self.has(abi::CAP_STREAMING)
    }
}

/// Pictures as a driver has set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// The code of the pixel format, such as `YUYV`.
    pub(crate) fourcc: [u8; 4],
    /// Pixels across.
    pub(crate) width: u32,
    /// Pixels down.
    pub(crate) height: u32,
    /// Bytes from one row of the first plane to the next; 0 where the driver does not say.
    pub(crate) stride: u32,
    /// Whether Y'CbCr is said to be BT.709's.
    pub(crate) bt709: bool,
    /// Whether it is said to use all codes.
    pub(crate) full_range: bool,
}

/// Seconds from one frame to the next, as a fraction. Nothing keeps a driver from saying 0/0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Above the line.
    pub(crate) numerator: u32,
    /// Below the line.
    pub(crate) denominator: u32,
}

impl From<abi::Fraction> for Interval {
    fn from(fraction: abi::Fraction) -> Self {
        Self { numerator: fraction.numerator, denominator: fraction.denominator }
    }
}

/// Sizes that a driver lists, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SizeRange {
    /// Width and height.
    One(u32, u32),
    /// Least, most and step of the width, and of the height.
    Steps([u32; 3], [u32; 3]),
}

/// Frame intervals that a driver lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntervalRange {
    /// One interval.
    One(Interval),
    /// From the shortest to the longest.
    Between(Interval, Interval),
}

/// One request with its argument, in the form that rustix sends.
struct Call<'a, R: Request>(&'a mut R::Argument);

// SAFETY: `Request` ties each number to the structure of that request, and the number says how many bytes the kernel
// accesses. Whatever bytes it writes are a value of the structure, which is `Pod`.
#[expect(unsafe_code, reason = "says which memory the kernel accesses")]
unsafe impl<R: Request> Ioctl for Call<'_, R> {
    type Output = ();
    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        R::NUMBER
    }

    fn as_ptr(&mut self) -> *mut c_void {
        (&raw mut *self.0).cast()
    }

    unsafe fn output_from_ptr(_: IoctlOutput, _: *mut c_void) -> rustix::io::Result<()> {
        Ok(())
    }
}

/// An open device file.
#[derive(Debug)]
pub(crate) struct Device {
    file: File,
}

impl Device {
    /// Opens a device file; its calls wait until they are done.
    ///
    /// # Errors
    /// The system's, as for any file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, OFlags::empty())
    }

    /// Opens a device file; [`Stream::dequeue`](super::Stream::dequeue) does not wait.
    ///
    /// # Errors
    /// The system's, as for any file.
    pub(crate) fn open_nonblocking(path: &Path) -> io::Result<Self> {
        Self::open_with(path, OFlags::NONBLOCK)
    }

    fn open_with(path: &Path, flags: OFlags) -> io::Result<Self> {
        // No file has such a name, though the standard library calls it something else.
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let flags = flags.bits() as c_int;
        Ok(Self { file: File::options().read(true).write(true).custom_flags(flags).open(path)? })
    }

    /// Sends a request, once more where a signal came in between.
    pub(super) fn call<R: Request>(&self, argument: &mut R::Argument) -> io::Result<()> {
        rustix::io::retry_on_intr(|| {
            #[expect(unsafe_code, reason = "a request to the kernel")]
            // SAFETY: a device of another kind refuses the number; all others take it as `Call` describes it. None of
            // these requests keeps the pointer or has an effect on other memory of the process.
            unsafe {
                ioctl(&self.file, Call::<R>(argument))
            }
        })?;
        Ok(())
    }

    /// Names and abilities. v4l2loopback goes by what this call last found, so it comes before all others.
    ///
    /// # Errors
    /// The file is no video device, or the device is gone.
    pub(crate) fn capabilities(&self) -> io::Result<Capabilities> {
        let mut found = abi::Capability::zeroed();
        self.call::<abi::QueryCapability>(&mut found)?;
        // `capabilities` are those of the whole device, which may have more than one file.
        let own = found.capabilities & abi::CAP_DEVICE_CAPS != 0;
        let flags = if own { found.device_caps } else { found.capabilities };
        Ok(Capabilities { driver: text(&found.driver), card: text(&found.card), flags })
    }

    /// The codes of all formats in which it gives pictures, in the driver's order.
    pub(crate) fn formats(&self) -> Vec<[u8; 4]> {
        let listed = (0..LONGEST_LIST).map_while(|index| {
            let mut format =
                abi::FormatDescription { index, kind: abi::CAPTURE, ..abi::FormatDescription::zeroed() };
            self.call::<abi::EnumerateFormats>(&mut format).ok()?;
            Some(format.pixelformat.to_le_bytes())
        });
        listed.collect()
    }

    /// The sizes in which it gives pictures of a format; ranges of an unknown kind are left out.
    ///
    /// # Errors
    /// The driver lists none.
    pub(crate) fn sizes(&self, fourcc: [u8; 4]) -> io::Result<Vec<SizeRange>> {
        let mut found = Vec::new();
        for index in 0..LONGEST_LIST {
            let pixel_format = u32::from_le_bytes(fourcc);
            let mut size = abi::FrameSize { index, pixel_format, ..abi::FrameSize::zeroed() };
            match self.call::<abi::EnumerateSizes>(&mut size) {
                Err(error) if index == 0 => return Err(error),
                Err(_) => break,
                Ok(()) => found.extend(size_range(&size)),
            }
        }
        Ok(found)
    }

    /// The frame intervals of a format and size; ranges of an unknown kind are left out. Empty where the driver lists
    /// none.
    pub(crate) fn intervals(&self, fourcc: [u8; 4], size: (u32, u32)) -> Vec<IntervalRange> {
        let listed = (0..LONGEST_LIST).map_while(|index| {
            let (pixel_format, (width, height)) = (u32::from_le_bytes(fourcc), size);
            let mut interval =
                abi::FrameInterval { index, pixel_format, width, height, ..abi::FrameInterval::zeroed() };
            self.call::<abi::EnumerateIntervals>(&mut interval).ok()?;
            Some(interval_range(&interval))
        });
        listed.flatten().collect()
    }

    /// The present format.
    ///
    /// # Errors
    /// The driver's; it has no pictures in this direction now.
    pub(crate) fn format(&self, direction: Direction) -> io::Result<Format> {
        let mut format = abi::Format { kind: direction.buffers(), ..abi::Format::zeroed() };
        self.call::<abi::GetFormat>(&mut format)?;
        Ok(read_format(&format.pix))
    }

    /// Asks for a format, and gives what the driver made of it. `bytes` is the length of a picture that is sent, and 0
    /// where the driver knows it better.
    ///
    /// # Errors
    /// The driver's; in use by somebody else, or not this format at all.
    pub(crate) fn set_format(
        &self,
        direction: Direction,
        fourcc: [u8; 4],
        (width, height): (u32, u32),
        bytes: u32,
    ) -> io::Result<Format> {
        let mut format = abi::Format { kind: direction.buffers(), ..abi::Format::zeroed() };
        format.pix.width = width;
        format.pix.height = height;
        format.pix.pixelformat = u32::from_le_bytes(fourcc);
        format.pix.sizeimage = bytes;
        format.pix.field = match direction {
            Direction::Capture => abi::FIELD_ANY,
            Direction::Output => abi::FIELD_NONE,
        };
        self.call::<abi::SetFormat>(&mut format)?;
        Ok(read_format(&format.pix))
    }

    /// The present frame interval.
    ///
    /// # Errors
    /// The driver's; many have none.
    pub(crate) fn interval(&self, direction: Direction) -> io::Result<Interval> {
        let mut parameters =
            abi::StreamParameters { kind: direction.buffers(), ..abi::StreamParameters::zeroed() };
        self.call::<abi::GetParameters>(&mut parameters)?;
        Ok(parameters.timeperframe.into())
    }

    /// Asks for a frame interval, and gives what the driver made of it.
    ///
    /// # Errors
    /// The driver's; many have one interval and nothing to set.
    pub(crate) fn set_interval(&self, direction: Direction, asked: Interval) -> io::Result<Interval> {
        let mut parameters =
            abi::StreamParameters { kind: direction.buffers(), ..abi::StreamParameters::zeroed() };
        parameters.timeperframe =
            abi::Fraction { numerator: asked.numerator, denominator: asked.denominator };
        self.call::<abi::SetParameters>(&mut parameters)?;
        Ok(parameters.timeperframe.into())
    }

    /// Begins or ends the stream of pictures.
    ///
    /// # Errors
    /// The driver's.
    pub(crate) fn stream(&self, direction: Direction, on: bool) -> io::Result<()> {
        let mut buffers = direction.buffers() as c_int;
        match on {
            true => self.call::<abi::StreamOn>(&mut buffers),
            false => self.call::<abi::StreamOff>(&mut buffers),
        }
    }

    /// Asks for buffers for capture, or gives all back with 0; how many there are.
    ///
    /// # Errors
    /// The driver's; busy where somebody else streams.
    pub(crate) fn request_buffers(&self, count: u32) -> io::Result<u32> {
        let (kind, memory) = (abi::CAPTURE, abi::MEMORY_MMAP);
        let mut request = abi::RequestBuffers { count, kind, memory, ..abi::RequestBuffers::zeroed() };
        self.call::<abi::RequestBufferCount>(&mut request)?;
        Ok(request.count)
    }

    /// Waits until a buffer is filled or something is wrong. False where the time ran out.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn wait(&self, limit: Duration) -> io::Result<bool> {
        // Rounded up: a wait of 0 ms would spin.
        let ms = limit.as_micros().div_ceil(1000).min(60_000) as i64;
        let limit = Timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * 1_000_000 };
        match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&limit)) {
            Ok(ready) => Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands over one picture, and gives how many bytes of it were taken.
    ///
    /// # Errors
    /// The driver's; `ENODEV` where the device is gone.
    pub(crate) fn write(&self, picture: &[u8]) -> io::Result<usize> {
        loop {
            match (&self.file).write(picture) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl AsFd for Device {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
impl From<File> for Device {
    fn from(file: File) -> Self {
        Self { file }
    }
}

fn read_format(pix: &abi::PixFormat) -> Format {
    let hd = pix.colorspace == abi::COLORSPACE_REC709;
    let jpeg = pix.colorspace == abi::COLORSPACE_JPEG;
    Format {
        fourcc: pix.pixelformat.to_le_bytes(),
        width: pix.width,
        height: pix.height,
        stride: pix.bytesperline,
        bt709: pix.ycbcr_enc == abi::YCBCR_ENC_709 || (pix.ycbcr_enc == 0 && hd),
        full_range: pix.quantization == abi::QUANTIZATION_FULL_RANGE || (pix.quantization == 0 && jpeg),
    }
}

fn size_range(listed: &abi::FrameSize) -> Option<SizeRange> {
    let [a, b, c, d, e, f] = listed.size;
    match listed.kind {
        abi::TYPE_DISCRETE => Some(SizeRange::One(a, b)),
        abi::TYPE_CONTINUOUS | abi::TYPE_STEPWISE => Some(SizeRange::Steps([a, b, c], [d, e, f])),
        _ => None,
    }
}

fn interval_range(listed: &abi::FrameInterval) -> Option<IntervalRange> {
    let [first, second, _] = listed.interval.map(Interval::from);
    match listed.kind {
        abi::TYPE_DISCRETE => Some(IntervalRange::One(first)),
        abi::TYPE_CONTINUOUS | abi::TYPE_STEPWISE => Some(IntervalRange::Between(first, second)),
        _ => None,
    }
}

/// A C string of the kernel's; names may be cut in the middle of a letter.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_device_refuses_every_request() {
        let device = Device::from(tempfile::tempfile().unwrap());
        assert!(device.capabilities().is_err());
        assert!(device.formats().is_empty());
        assert!(device.sizes(*b"YUYV").is_err());
        assert!(device.intervals(*b"YUYV", (640, 480)).is_empty());
        assert!(device.format(Direction::Capture).is_err());
        assert!(device.set_format(Direction::Output, *b"YUYV", (640, 480), 614_400).is_err());
        assert!(device.interval(Direction::Output).is_err());
        assert!(device.request_buffers(3).is_err());
        assert!(device.stream(Direction::Capture, true).is_err());
    }

    #[test]
    fn a_path_with_a_zero_byte_is_no_file() {
        let error = Device::open(Path::new("/dev/video0\0x")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn colour_is_what_the_driver_says_or_the_colour_spaces_own() {
        let format = |colorspace, ycbcr_enc, quantization| {
            let format = abi::PixFormat { colorspace, ycbcr_enc, quantization, ..abi::PixFormat::zeroed() };
            let read = read_format(&format);
            (read.bt709, read.full_range)
        };
        assert_eq!(format(0, 0, 0), (false, false));
        assert_eq!(format(abi::COLORSPACE_REC709, 0, 0), (true, false));
        assert_eq!(format(abi::COLORSPACE_REC709, 1, 0), (false, false));
        assert_eq!(format(abi::COLORSPACE_JPEG, 0, 0), (false, true));
        assert_eq!(format(abi::COLORSPACE_JPEG, abi::YCBCR_ENC_709, 2), (true, false));
        assert_eq!(format(0, 0, abi::QUANTIZATION_FULL_RANGE), (false, true));
    }

    #[test]
    fn ranges_of_an_unknown_kind_are_left_out() {
        let size =
            |kind| size_range(&abi::FrameSize { kind, size: [1, 2, 3, 4, 5, 6], ..Zeroable::zeroed() });
        assert_eq!(size(1), Some(SizeRange::One(1, 2)));
        assert_eq!(size(2), size(3));
        assert_eq!(size(3), Some(SizeRange::Steps([1, 2, 3], [4, 5, 6])));
        assert_eq!(size(9), None);
        let fraction = |numerator| abi::Fraction { numerator, denominator: 30 };
        let interval = [1, 2, 3].map(fraction);
        let range = |kind| interval_range(&abi::FrameInterval { kind, interval, ..Zeroable::zeroed() });
        assert_eq!(range(1), Some(IntervalRange::One(fraction(1).into())));
        assert_eq!(range(3), Some(IntervalRange::Between(fraction(1).into(), fraction(2).into())));
        assert_eq!(range(0), None);
    }
}
