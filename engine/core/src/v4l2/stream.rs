//! A stream of pictures from a device, in buffers that the driver shares with the process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use bytemuck::Zeroable;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::abi;
use super::device::{Device, Direction};

/// A running stream. Dropping it stops the stream and gives the buffers back.
#[derive(Debug)]
pub(crate) struct Stream {
    device: Arc<Device>,
    buffers: Vec<Mapping>,
}

/// A buffer that the driver has filled and handed over. It can't be copied, and [`Stream::queue`] takes it away, so
/// nothing reads a buffer that is the driver's again.
#[derive(Debug)]
pub(crate) struct Filled {
    index: u32,
    used: usize,
    /// The driver's number of the picture.
    pub(crate) sequence: u32,
    /// The driver says itself that the picture is damaged.
    pub(crate) damaged: bool,
    /// On CLOCK_MONOTONIC, where the driver stamps by that.
    pub(crate) stamp: Option<Duration>,
}

impl Stream {
    /// Asks the driver for `count` buffers (it may give another number), maps them, queues all and starts.
    ///
    /// # Errors
    /// The driver's or the system's; what had been set up by then is undone.
    pub(crate) fn start(device: &Arc<Device>, count: u32) -> io::Result<Self> {
        let mut stream = Self { device: Arc::clone(device), buffers: Vec::new() };
        let count = device.request_buffers(count)?;
        for index in 0..count {
            let mut buffer = description(index);
            device.call::<abi::QueryBuffer>(&mut buffer)?;
            let length = buffer.length as usize;
            stream.buffers.push(Mapping::new(device.as_fd(), buffer.offset.into(), length)?);
            device.call::<abi::QueueBuffer>(&mut description(index))?;
        }
        device.stream(Direction::Capture, true)?;
        Ok(stream)
    }

    /// Takes the oldest filled buffer, if there is one.
    ///
    /// # Errors
    /// The driver's; the device may be gone.
    pub(crate) fn dequeue(&self) -> io::Result<Option<Filled>> {
        let mut buffer = description(0);
        match self.device.call::<abi::DequeueBuffer>(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
            Ok(()) => Ok(Some(filled(&buffer))),
        }
    }

    /// Hands a buffer back to the driver, to be filled again.
    ///
    /// # Errors
    /// The driver's; the device may be gone.
    pub(crate) fn queue(&self, filled: Filled) -> io::Result<()> {
        self.device.call::<abi::QueueBuffer>(&mut description(filled.index))
    }

    /// The bytes of a filled buffer; nothing where the driver names a buffer that is not there.
    pub(crate) fn samples<'a>(&'a self, filled: &'a Filled) -> Option<Samples<'a>> {
        let mapping = self.buffers.get(filled.index as usize)?;
        Some(Samples { mapping, length: filled.used.min(mapping.length) })
    }
}

impl Drop for Stream {
    /// A camera that is gone can't be told so, and need not be.
    fn drop(&mut self) {
        let stopped = self.device.stream(Direction::Capture, false);
        // A driver keeps buffers that are still mapped.
        self.buffers.clear();
        if let Err(error) = stopped.and_then(|()| self.device.request_buffers(0)) {
            log::debug!("stopping a camera: {error}");
        }
    }
}

/// A buffer's description without contents.
fn description(index: u32) -> abi::Buffer {
    abi::Buffer { index, kind: abi::CAPTURE, memory: abi::MEMORY_MMAP, ..abi::Buffer::zeroed() }
}

fn filled(buffer: &abi::Buffer) -> Filled {
    let monotonic = buffer.flags & abi::BUF_FLAG_TIMESTAMP_MASK == abi::BUF_FLAG_TIMESTAMP_MONOTONIC;
    let [seconds, micros] = buffer.timestamp;
    let seconds = u64::try_from(seconds).ok();
    let micros = u32::try_from(micros).ok().filter(|micros| *micros < 1_000_000);
    let stamp = seconds.zip(micros).map(|(s, us)| Duration::new(s, us * 1000));
    Filled {
        index: buffer.index,
        used: buffer.bytesused as usize,
        sequence: buffer.sequence,
        damaged: buffer.flags & abi::BUF_FLAG_ERROR != 0,
        stamp: stamp.filter(|stamp| monotonic && !stamp.is_zero()),
    }
}

/// The bytes of a picture in a driver's buffer. They are only copied out, never lent: v4l2loopback's writers may
/// change them at any time, even while the buffer is ours, and a reference would promise that nobody does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Samples<'a> {
    mapping: &'a Mapping,
    length: usize,
}

impl Samples<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Copies those from `from` on into `to`, and gives how many: fewer than `to` holds where they end before.
    pub(crate) fn copy_to(&self, from: usize, to: &mut [u8]) -> usize {
        let count = to.len().min(self.length.saturating_sub(from));
        self.mapping.copy_to(from, to.get_mut(..count).unwrap_or_default())
    }
}

/// Memory of a driver's, mapped into the process until dropped.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread, and this is its only owner.
#[expect(unsafe_code, reason = "a pointer is not Send by itself")]
unsafe impl Send for Mapping {}

// SAFETY: through a shared reference it is only read, by copying.
#[expect(unsafe_code, reason = "a pointer is not Sync by itself")]
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length` bytes of a file from `offset` on, which must be a multiple of the page size.
    fn new(file: BorrowedFd<'_>, offset: u64, length: usize) -> io::Result<Self> {
        // Old drivers only allow both; nothing is written here.
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        #[expect(unsafe_code, reason = "the driver's memory can only be had by mapping it")]
        // SAFETY: without an address and MAP_FIXED the kernel finds free room, so no memory of the process changes.
        let start = unsafe { mmap(std::ptr::null_mut(), length, rights, MapFlags::SHARED, file, offset) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { start, length })
    }

    /// Copies bytes out from `from` on, and gives how many: fewer than `to` holds where the memory ends before.
    fn copy_to(&self, from: usize, to: &mut [u8]) -> usize {
        let count = to.len().min(self.length.saturating_sub(from));
        if count == 0 {
            return 0;
        }
        #[expect(unsafe_code, reason = "mapped memory is only a pointer")]
        // SAFETY: `from` is less than `length`, so it is inside the mapping.
        let start = unsafe { self.start.add(from) };
        #[expect(unsafe_code, reason = "mapped memory is only a pointer")]
        // SAFETY: `from + count <= length`, so all of it is mapped, and `to`, which is borrowed alone, is other memory
        // of at least `count` bytes. There is no reference to mapped bytes that a writer could break; where one writes
        // meanwhile, the copy is a mixture of two pictures, and every byte is a value of u8.
        unsafe {
            start.as_ptr().copy_to_nonoverlapping(to.as_mut_ptr(), count);
        }
        count
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the mapping has to be undone")]
        // SAFETY: mapped by `new` with this length, and undone once. Only `Samples` point to it, and borrow it.
        let undone = unsafe { munmap(self.start.as_ptr().cast(), self.length) };
        if let Err(error) = undone {
            log::warn!("a camera's buffer stays mapped: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use super::*;

    const PAGE: usize = 65536;

    /// A file that stands for a device with `count` buffers of a page, each full of its number, and its stream.
    fn stream(count: u8) -> (File, Stream) {
        let file = tempfile::tempfile().unwrap();
        let mut buffers = Vec::new();
        for index in 0..count {
            let offset = u64::from(index) * PAGE as u64;
            file.write_all_at(&[index; PAGE], offset).unwrap();
            buffers.push(Mapping::new(file.as_fd(), offset, PAGE).unwrap());
        }
        let device = Arc::new(Device::from(file.try_clone().unwrap()));
        (file, Stream { device, buffers })
    }

    fn buffer(index: u32, used: usize) -> Filled {
        filled(&abi::Buffer { bytesused: used as u32, ..description(index) })
    }

    #[test]
    fn a_filled_buffer_is_copied_out_as_far_as_it_is_filled() {
        let (_file, stream) = stream(3);
        for index in 0..3u8 {
            let filled = buffer(index.into(), 1000);
            let samples = stream.samples(&filled).unwrap();
            assert_eq!(samples.len(), 1000);
            let mut out = [9; 1200];
            assert_eq!(samples.copy_to(0, &mut out), 1000);
            assert_eq!((&out[..1000], &out[1000..]), (&[index; 1000][..], &[9; 200][..]));
            assert_eq!(samples.copy_to(990, &mut out), 10);
            assert_eq!(samples.copy_to(1000, &mut out), 0);
            assert_eq!(samples.copy_to(usize::MAX, &mut out), 0);
        }
    }

    #[test]
    fn more_bytes_than_a_buffer_has_are_not_believed() {
        let (_file, stream) = stream(1);
        let filled = buffer(0, usize::MAX);
        assert_eq!(stream.samples(&filled).unwrap().len(), PAGE);
        assert_eq!(stream.samples(&filled).unwrap().copy_to(PAGE - 1, &mut [0; 2]), 1);
        assert!(stream.samples(&buffer(1, 1)).is_none(), "there is no such buffer");
    }

    #[test]
    fn what_was_copied_stays_when_the_driver_fills_the_buffer_again() {
        let (file, stream) = stream(2);
        let filled = buffer(1, PAGE);
        let mut before = vec![0; PAGE];
        assert_eq!(stream.samples(&filled).unwrap().copy_to(0, &mut before), PAGE);
        file.write_all_at(&[77; 300], PAGE as u64 + 100).unwrap();
        let mut after = vec![0; PAGE];
        stream.samples(&filled).unwrap().copy_to(0, &mut after);
        assert!(before.iter().all(|byte| *byte == 1));
        assert!(after[100..400].iter().all(|byte| *byte == 77) && after[400..].iter().all(|byte| *byte == 1));
    }

    /// Whoever has queued a buffer can't read it any more: `queue` takes the only handle. This does not compile where
    /// [`Filled`] can be copied, since the name is found twice then.
    #[test]
    fn a_filled_buffer_has_one_handle() {
        trait Once<A> {
            fn once() {}
        }
        impl<T> Once<()> for T {}
        struct Copied;
        impl<T: Clone> Once<Copied> for T {}
        <Filled as Once<_>>::once();
    }

    #[test]
    fn only_monotonic_stamps_are_taken() {
        let dequeued = |flags, timestamp| filled(&abi::Buffer { flags, timestamp, ..description(0) });
        assert_eq!(dequeued(0x2000, [3, 500_000]).stamp, Some(Duration::from_millis(3500)));
        for (flags, timestamp) in
            [(0, [3, 0]), (0x4000, [3, 0]), (0x2000, [0, 0]), (0x2000, [-1, 0]), (0x2000, [3, 1_000_000])]
        {
            assert_eq!(dequeued(flags, timestamp).stamp, None, "{flags:x} {timestamp:?}");
        }
        assert!(dequeued(0x40, [0, 0]).damaged && !dequeued(0x2000, [0, 0]).damaged);
    }
}
