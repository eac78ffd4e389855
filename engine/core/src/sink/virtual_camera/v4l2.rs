//! v4l2loopback: set the format, begin the stream, write each frame, end the stream, close.
//!
//! A producer that leaves out the stream calls makes a device of version 0.12 with `exclusive_caps` refuse
//! every later producer until the module is loaded anew. Frames are written rather than mapped: readers
//! share mapped buffers and would see half-drawn pictures.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::fault::Fault;
use super::loopback::{LoopbackDevice, named};
use super::node::{Abilities, Node, Pictures};
use super::prepare::Prepared;
use super::status::{Opened, VirtualStatus};
use super::{Camera, Carrier, Outlet, VirtualFormat, VirtualSpec};
use crate::frame::Frame;
use crate::pool::Pool;
use crate::source::camera::{Holder, holding};

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
    let found = Node::open(&path).ok()?.abilities().ok().filter(|a| a.driver == DRIVER)?;
    let holders = holding(&path).unwrap_or_default();
    let exclusive_caps = !(found.capture && found.output);
    // Without exclusive_caps a producer can't be told from a reader.
    let free = found.output && (exclusive_caps || holders.is_empty());
    let stuck = !found.capture && !found.output;
    Some(LoopbackDevice { path, label: found.label, free, exclusive_caps, stuck, holders })
}

fn others(path: &Path) -> Vec<Holder> {
    let mut found = holding(path).unwrap_or_default();
    found.retain(|holder| holder.pid != std::process::id());
    found
}

/// Opens the device at `path` and begins its stream.
pub(super) fn open(path: PathBuf, spec: &VirtualSpec) -> Result<Camera, Fault> {
    let node = Node::open(&path).map_err(|e| Fault::open(path.clone(), e))?;
    let found = match node.abilities() {
        Ok(found) if found.driver == DRIVER => found,
        Ok(found) => {
            let found = format!("\"{}\" of the driver {}", found.label, found.driver);
            return Err(Fault::NotLoopback { path, found });
        }
        Err(_) => return Err(Fault::NotLoopback { path, found: "no video device".into() }),
    };
    match found {
        Abilities { output: true, .. } => {}
        Abilities { capture: true, .. } => {
            let holders = named(&others(&path));
            return Err(Fault::Busy { path, holders });
        }
        Abilities { .. } => return Err(Fault::Stuck { path }),
    }
    let (format, size) = agree(&node, &path, spec)?;
    let rate = match node.set_rate(spec.rate) {
        Ok(rate) => rate.unwrap_or(spec.rate),
        Err(e) => {
            log::warn!("the virtual camera keeps no frame rate ({e}): {}", path.display());
            spec.rate
        }
    };
    let refused = |cause| Fault::Refused { path: path.clone(), what: "to begin the stream".into(), cause };
    node.stream(true).map_err(refused)?;
    let status = VirtualStatus::new(Opened {
        carrier: Carrier::V4l2Loopback,
        node: path.display().to_string(),
        shown: found.label,
        size,
        asked: (spec.width, spec.height),
        format,
        rate,
    });
    let outlet = Loopback { node, path, status: status.clone(), streaming: true };
    Ok((Box::new(outlet), status))
}

fn fourcc(format: VirtualFormat) -> [u8; 4] {
    match format {
        VirtualFormat::Yuyv => *b"YUYV",
        VirtualFormat::I420 => *b"YU12",
    }
}

/// Settles format and size. A device whose readers hold it at another size keeps that.
fn agree(node: &Node, path: &Path, spec: &VirtualSpec) -> Result<(VirtualFormat, (u32, u32)), Fault> {
    let asked = Pictures { width: spec.width, height: spec.height, fourcc: fourcc(spec.format) };
    let bytes = Frame::byte_len(spec.format.pixels(), spec.width, spec.height);
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    let set = match node.set_pictures(asked, bytes) {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::ResourceBusy) => {
            node.pictures().map_err(|_| e)
        }
        set => set,
    };
    let shown = |p: &Pictures| format!("{} {}x{}", String::from_utf8_lossy(&p.fourcc), p.width, p.height);
    let set = match set {
        Ok(set) => set,
        Err(e) if e.kind() == ErrorKind::ResourceBusy => {
            return Err(Fault::Busy { path: path.into(), holders: named(&others(path)) });
        }
        Err(cause) => {
            let what = format!("the format {}", shown(&asked));
            return Err(Fault::Refused { path: path.into(), what, cause });
        }
    };
    let format = [VirtualFormat::Yuyv, VirtualFormat::I420].into_iter().find(|f| fourcc(*f) == set.fourcc);
    let size = (set.width, set.height);
    let fits = crate::badge::check_size(size.0, size.1).is_ok() && size.0 % 2 == 0 && size.1 % 2 == 0;
    let Some(format) = format.filter(|_| fits) else {
        let (found, asked, holders) = (shown(&set), shown(&asked), named(&others(path)));
        return Err(Fault::Held { path: path.into(), found, asked, holders });
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
    node: Node,
    path: PathBuf,
    status: VirtualStatus,
    streaming: bool,
}

impl Outlet for Loopback {
    fn send(&mut self, frame: Prepared<'_>, _: &Pool) -> Result<(), Fault> {
        let (path, frames) = (|| self.path.clone(), self.status.frames_sent());
        match self.node.write(&frame) {
            Ok(taken) if taken == frame.len() => {}
            Ok(taken) => return Err(Fault::Short { path: path(), taken, len: frame.len() }),
            Err(e) if Errno::from_io_error(&e) == Some(Errno::NODEV) => {
                return Err(Fault::Vanished { path: path(), frames });
            }
            Err(cause) => return Err(Fault::Send { path: path(), frames, cause }),
        }
        self.status.count();
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.streaming) {
            self.node.stream(false).map_err(|cause| Fault::Refused {
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
