//! v4l2loopback: set the format, begin the stream, write each frame, end the stream, close.
//!
//! A producer that leaves out the stream calls makes a device of version 0.12 with `exclusive_caps` refuse
//! every later producer until the module is loaded anew. Frames are written rather than mapped: readers
//! share mapped buffers and would see half-drawn pictures.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::fault::VirtualCameraFault;
use super::loopback::{LoopbackDevice, named};
use super::prepare::Prepared;
use super::status::{Opened, VirtualStatus};
use super::{Camera, Carrier, Outlet, VirtualFormat, VirtualSpec};
use crate::frame::Frame;
use crate::pool::Pool;
use crate::source::Rate;
use crate::source::camera::{Holder, holding};
use crate::v4l2::{Device, Direction, Format, Interval};

const DRIVER: &str = "v4l2 loopback";

/// The v4l2loopback devices, by their numbers.
pub(super) fn devices() -> Vec<LoopbackDevice> {
    let mut numbers: Vec<u32> = std::fs::read_dir("/dev")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("video")?.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers.into_iter().filter_map(|number| device(format!("/dev/video{number}").into())).collect()
}

/// What is at `path`, if that is a v4l2loopback device and may be opened.
fn device(path: PathBuf) -> Option<LoopbackDevice> {
    let found = Device::open(&path).ok()?.capabilities().ok().filter(|found| found.driver == DRIVER)?;
    let holders = holding(&path).unwrap_or_default();
    let (capture, output) = (found.capture(), found.output());
    let exclusive_caps = !(capture && output);
    // Without exclusive_caps a producer can't be told from a reader.
    let free = output && (exclusive_caps || holders.is_empty());
    let stuck = !capture && !output;
    Some(LoopbackDevice { path, label: found.card, free, exclusive_caps, stuck, holders })
}

fn others(path: &Path) -> Vec<Holder> {
    let mut found = holding(path).unwrap_or_default();
    found.retain(|holder| holder.pid != std::process::id());
    found
}

/// Opens the device at `path` and begins its stream.
pub(super) fn open(path: PathBuf, spec: &VirtualSpec) -> Result<Camera, VirtualCameraFault> {
    let device = Device::open(&path).map_err(|e| VirtualCameraFault::open(path.clone(), e))?;
    let found = match device.capabilities() {
        Ok(found) if found.driver == DRIVER => found,
        Ok(found) => {
            let found = format!("\"{}\" of the driver {}", found.card, found.driver);
            return Err(VirtualCameraFault::NotLoopback { path, found });
        }
        Err(_) => return Err(VirtualCameraFault::NotLoopback { path, found: "no video device".into() }),
    };
    if !found.output() {
        let holders = named(&others(&path));
        return Err(if found.capture() {
            VirtualCameraFault::Busy { path, holders }
        } else {
            VirtualCameraFault::Stuck { path }
        });
    }
    let (format, size) = agree(&device, &path, spec)?;
    let interval = Interval { numerator: spec.rate.den(), denominator: spec.rate.num() };
    let rate = match device.set_interval(Direction::Output, interval) {
        Ok(set) => Rate::new(set.denominator, set.numerator).unwrap_or(spec.rate),
        Err(e) => {
            log::warn!("the virtual camera keeps no frame rate ({e}): {}", path.display());
            spec.rate
        }
    };
    let refused =
        |cause| VirtualCameraFault::Refused { path: path.clone(), what: "to begin the stream".into(), cause };
    device.stream(Direction::Output, true).map_err(refused)?;
    let status = VirtualStatus::new(Opened {
        carrier: Carrier::V4l2Loopback,
        node: path.display().to_string(),
        shown: found.card,
        size,
        asked: (spec.width, spec.height),
        format,
        rate,
    });
    let outlet = Loopback { device, path, status: status.clone(), streaming: true };
    Ok((Box::new(outlet), status))
}

fn fourcc(format: VirtualFormat) -> [u8; 4] {
    match format {
        VirtualFormat::Yuyv => *b"YUYV",
        VirtualFormat::I420 => *b"YU12",
    }
}

/// Pictures as a device has them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Pictures {
    width: u32,
    height: u32,
    fourcc: [u8; 4],
}

impl From<Format> for Pictures {
    fn from(format: Format) -> Self {
        Self { width: format.width, height: format.height, fourcc: format.fourcc }
    }
}

/// Settles format and size. A device whose readers hold it at another size keeps that.
fn agree(
    device: &Device,
    path: &Path,
    spec: &VirtualSpec,
) -> Result<(VirtualFormat, (u32, u32)), VirtualCameraFault> {
    let asked = Pictures { width: spec.width, height: spec.height, fourcc: fourcc(spec.format) };
    let bytes = Frame::byte_len(spec.format.pixels(), spec.width, spec.height);
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let set = device.set_format(Direction::Output, asked.fourcc, (asked.width, asked.height), bytes);
    let set = match set {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::ResourceBusy) => {
            device.format(Direction::Output).map_err(|_| e)
        }
        set => set,
    };
    let shown = |p: &Pictures| format!("{} {}x{}", String::from_utf8_lossy(&p.fourcc), p.width, p.height);
    let set = match set {
        Ok(set) => Pictures::from(set),
        Err(e) if e.kind() == ErrorKind::ResourceBusy => {
            return Err(VirtualCameraFault::Busy { path: path.into(), holders: named(&others(path)) });
        }
        Err(cause) => {
            let what = format!("the format {}", shown(&asked));
            return Err(VirtualCameraFault::Refused { path: path.into(), what, cause });
        }
    };
    let format = [VirtualFormat::Yuyv, VirtualFormat::I420].into_iter().find(|f| fourcc(*f) == set.fourcc);
    let size = (set.width, set.height);
    let fits = crate::badge::check_size(size.0, size.1).is_ok() && size.0 % 2 == 0 && size.1 % 2 == 0;
    let Some(format) = format.filter(|_| fits) else {
        let (found, asked, holders) = (shown(&set), shown(&asked), named(&others(path)));
        return Err(VirtualCameraFault::Held { path: path.into(), found, asked, holders });
    };
    if set != asked {
        log::warn!(
            "the virtual camera stays at {} (asked for: {}) as long as other programs have it open{}: {}",
            shown(&set),
            shown(&asked),
            named(&others(path)),
            path.display()
        );
    }
    Ok((format, size))
}

/// An open device whose stream has begun.
struct Loopback {
    device: Device,
    path: PathBuf,
    status: VirtualStatus,
    streaming: bool,
}

impl Outlet for Loopback {
    fn send(&mut self, frame: Prepared<'_>, _: &Pool) -> Result<(), VirtualCameraFault> {
        let (path, frames) = (|| self.path.clone(), self.status.frames_sent());
        match self.device.write(&frame) {
            Ok(taken) if taken == frame.len() => {}
            Ok(taken) => return Err(VirtualCameraFault::Short { path: path(), taken, len: frame.len() }),
            Err(e) if Errno::from_io_error(&e) == Some(Errno::NODEV) => {
                return Err(VirtualCameraFault::Vanished { path: path(), frames });
            }
            Err(cause) => return Err(VirtualCameraFault::Send { path: path(), frames, cause }),
        }
        self.status.count();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), VirtualCameraFault> {
        if std::mem::take(&mut self.streaming) {
            self.device.stream(Direction::Output, false).map_err(|cause| VirtualCameraFault::Refused {
                path: self.path.clone(),
                what: "to end the stream".into(),
                cause,
            })?;
        }
        Ok(())
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            log::warn!("{fault}");
        }
    }
}
