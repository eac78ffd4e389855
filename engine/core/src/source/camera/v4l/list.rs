//! Which cameras are there, what they can do, and why one can't be used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use v4l::FourCC;
use v4l::frameinterval::FrameIntervalEnum;
use v4l::framesize::FrameSizeEnum;
use v4l::video::Capture;

use super::super::fault::Fault;
use super::super::range::{self, Span};
use super::super::{CameraInfo, CameraMode, CameraRequest, Coding, holders};
use super::kernel::{About, Node};
use crate::source::Rate;

/// Where the system keeps device files.
const DEVICES: &str = "/dev";

/// Every camera, by the number of its file.
pub(in super::super) fn cameras() -> Vec<CameraInfo> {
    nodes(Path::new(DEVICES)).iter().filter_map(|path| look(path)).collect()
}

/// The files `videoN` of a folder, by number.
fn nodes(folder: &Path) -> Vec<PathBuf> {
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<_> = entries.filter_map(|path| Some((number(&path)?, path))).collect();
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// What a device file is; nothing where it is no camera (a codec, or a camera's file for other data).
fn look(path: &Path) -> Option<CameraInfo> {
    let id = path.display().to_string();
    let node = match Node::open(path) {
        Ok(node) => node,
        Err(error) => {
            let (driver, modes, virtual_output, narrow) = Default::default();
            let trouble = Some(opening(&id, path, error).to_string());
            return Some(CameraInfo {
                name: system_name(path)?,
                id,
                driver,
                modes,
                trouble,
                virtual_output,
                narrow,
            });
        }
    };
    let about = node.about().ok()?;
    let virtual_output = about.is_loopback();
    if !about.captures() && !about.multi_planar() && !virtual_output {
        return None;
    }
    let modes = if about.captures() { modes(&node, &CameraRequest::default()) } else { Vec::new() };
    let trouble = trouble(&id, path, &node, &about, &modes);
    let narrow = narrow(path, &about);
    Some(CameraInfo { id, name: about.card, driver: about.driver, modes, trouble, virtual_output, narrow })
}

/// Why a device that could be opened still can't be used now.
fn trouble(id: &str, path: &Path, node: &Node, about: &About, modes: &[CameraMode]) -> Option<String> {
    let no_camera = |why: &str| Some(Fault::NoCamera { camera: id.into(), why: why.into() }.to_string());
    if about.is_loopback() && modes.is_empty() {
        return Some(Fault::Idle { camera: id.into() }.to_string());
    }
    if !about.captures() {
        return no_camera("it sends its pictures in several planes, which is not supported");
    }
    // Whoever streams owns the buffers; giving back none of them changes nothing otherwise. Not asked of a
    // virtual camera, whose writers and readers share them.
    let busy =
        !about.is_loopback() && node.buffers(0).is_err_and(|e| e.kind() == io::ErrorKind::ResourceBusy);
    if busy {
        let holders = holders(path);
        // The program itself may be showing it.
        let own = holders.is_empty() && holds_itself(path);
        return (!own).then(|| Fault::Busy { camera: id.into(), holders }.to_string());
    }
    match modes.is_empty() {
        true => no_camera("it offers no picture format that Omote takes"),
        false => None,
    }
}

/// Whether this program has the device open more than once, that is, besides looking at it now.
fn holds_itself(path: &Path) -> bool {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    open.filter(|fd| fs::read_link(fd.path()).is_ok_and(|to| to == path)).count() > 1
}

/// The fault that failing to open a device is.
pub(super) fn opening(camera: &str, path: &Path, error: io::Error) -> Fault {
    failing(camera, path, "opening it", error)
}

/// The fault that a failing call is.
pub(super) fn failing(camera: &str, path: &Path, doing: &'static str, cause: io::Error) -> Fault {
    const ENXIO: i32 = 6;
    const ENODEV: i32 = 19;
    let camera = camera.to_owned();
    match (cause.kind(), cause.raw_os_error()) {
        (io::ErrorKind::NotFound, _) | (_, Some(ENODEV | ENXIO)) => Fault::Gone { camera },
        (io::ErrorKind::PermissionDenied, _) => Fault::Rights { camera },
        (io::ErrorKind::ResourceBusy, _) => Fault::Busy { camera, holders: holders(path) },
        _ => Fault::Driver { camera, doing, cause },
    }
}

/// What the system calls a device that can't be opened.
fn system_name(path: &Path) -> Option<String> {
    let name = fs::read_to_string(system_folder(path).join("name")).ok()?;
    Some(name.trim().to_owned())
}

fn system_folder(path: &Path) -> PathBuf {
    Path::new("/sys/class/video4linux").join(path.file_name().unwrap_or_default())
}

/// Whether a camera hangs on USB 2, or on USB of an unknown speed.
pub(super) fn narrow(path: &Path, about: &About) -> bool {
    if about.driver != "uvcvideo" {
        return false;
    }
    // The device is an interface of the USB device above it, whose speed is in megabits a second.
    let interface = fs::canonicalize(system_folder(path).join("device")).unwrap_or_default();
    let speed = interface.parent().and_then(|device| fs::read_to_string(device.join("speed")).ok());
    speed.and_then(|text| text.trim().parse::<f64>().ok()).is_none_or(|megabits| megabits < 5000.0)
}

/// All modes that can be taken. Ranges become the usual values, and the wanted one.
pub(super) fn modes(node: &Node, request: &CameraRequest) -> Vec<CameraMode> {
    let mut found = Vec::new();
    for fourcc in node.formats() {
        let Some(coding) = Coding::from_fourcc(fourcc) else { continue };
        for (width, height) in sizes(node, fourcc, request) {
            let rates = rates(node, fourcc, (width, height), request);
            for rate in rates {
                let mode = CameraMode { width, height, rate, coding };
                // Two codes may stand for one coding.
                if !found.contains(&mode) {
                    found.push(mode);
                }
            }
        }
    }
    found
}

fn sizes(node: &Node, fourcc: [u8; 4], request: &CameraRequest) -> Vec<(u32, u32)> {
    let Ok(listed) = node.device().enum_framesizes(FourCC::new(&fourcc)) else {
        // A driver that does not list sizes at least says which one it has.
        return node.format().map(|f| (f.width, f.height)).into_iter().collect();
    };
    let mut found = Vec::new();
    for size in listed {
        match size.size {
            FrameSizeEnum::Discrete(size) => found.push((size.width, size.height)),
            FrameSizeEnum::Stepwise(s) => {
                let width = Span { min: s.min_width, max: s.max_width, step: s.step_width };
                let height = Span { min: s.min_height, max: s.max_height, step: s.step_height };
                found.extend(range::sizes(width, height, request.wanted_size()));
            }
        }
    }
    found.retain(|(width, height)| *width > 0 && *height > 0);
    found
}

fn rates(node: &Node, fourcc: [u8; 4], size: (u32, u32), request: &CameraRequest) -> Vec<Rate> {
    let listed = node.device().enum_frameintervals(FourCC::new(&fourcc), size.0, size.1);
    let rate = |interval: &v4l::Fraction| {
        Rate::reduced(u64::from(interval.denominator), u64::from(interval.numerator))
    };
    let mut found = Vec::new();
    for interval in listed.into_iter().flatten() {
        match &interval.interval {
            FrameIntervalEnum::Discrete(interval) => found.extend(rate(interval)),
            FrameIntervalEnum::Stepwise(span) => {
                if let Some((fastest, slowest)) = rate(&span.min).zip(rate(&span.max)) {
                    found.extend(range::rates(slowest, fastest, request.wanted_rate()));
                }
            }
        }
    }
    if found.is_empty() {
        found.push(node.rate().unwrap_or(Rate::DEFAULT));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_files_come_by_number_and_others_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["video10", "video2", "video", "video1x", "vbi0", "video0"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<_> = nodes(dir.path()).iter().map(|p| p.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["video0", "video2", "video10"]);
        assert!(nodes(&dir.path().join("none")).is_empty());
    }

    #[test]
    fn faults_follow_the_systems_codes() {
        let fault = |code| {
            failing(
                "Cam (/dev/video9)",
                Path::new("/dev/video9"),
                "reading",
                io::Error::from_raw_os_error(code),
            )
            .to_string()
        };
        for (code, words) in [
            (2, "plug it in"),
            (19, "plug it in"),
            (6, "plug it in"),
            (13, "group `video`"),
            (16, "in use by"),
            (5, "driver failed (reading"),
        ] {
            assert!(
                fault(code).contains(words) && fault(code).ends_with("Cam (/dev/video9)"),
                "{}",
                fault(code)
            );
        }
    }

    #[test]
    fn a_file_that_is_no_device_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("video3");
        fs::write(&path, "").unwrap();
        assert!(look(&path).is_none());
        assert!(look(&dir.path().join("video4")).is_none());
    }
}
