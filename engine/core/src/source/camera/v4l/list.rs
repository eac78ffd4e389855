//! Which cameras are there, what they can do, and why one can't be used.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::fault::CameraFault;
use super::super::range::{self, Steps};
use super::super::{CameraInfo, CameraMode, CameraRequest, Coding, holders};
use super::rate;
use crate::source::Rate;
use crate::v4l2::{Capabilities, Device, Direction, IntervalRange, SizeRange};

/// Where the system keeps device files.
const DEVICES: &str = "/dev";

/// Every camera, by the number of its file.
pub(in super::super) fn cameras() -> Vec<CameraInfo> {
    nodes(Path::new(DEVICES)).iter().filter_map(|path| camera_at(path)).collect()
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
fn camera_at(path: &Path) -> Option<CameraInfo> {
    let id = path.display().to_string();
    let device = match Device::open_nonblocking(path) {
        Ok(device) => device,
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
    let about = device.capabilities().ok()?;
    let virtual_output = is_loopback(&about);
    if !captures(&about) && !about.capture_multi_planar() && !virtual_output {
        return None;
    }
    let modes = if captures(&about) { modes(&device, &CameraRequest::default()) } else { Vec::new() };
    let trouble = trouble(&id, path, &device, &about, &modes);
    let narrow = narrow(path, &about);
    Some(CameraInfo { id, name: about.card, driver: about.driver, modes, trouble, virtual_output, narrow })
}

/// Whether a device gives pictures now, in the way that is supported.
pub(super) fn captures(about: &Capabilities) -> bool {
    about.capture() && about.streaming()
}

/// Whether a device takes pictures from a program and gives them to others.
pub(super) fn is_loopback(about: &Capabilities) -> bool {
    let driver = about.driver.to_ascii_lowercase();
    driver.contains("loopback") || driver.contains("akvcam")
}

/// Why a device that could be opened still can't be used now.
fn trouble(
    id: &str,
    path: &Path,
    device: &Device,
    about: &Capabilities,
    modes: &[CameraMode],
) -> Option<String> {
    let no_camera =
        |why: &str| Some(CameraFault::NoCamera { camera: id.into(), why: why.into() }.to_string());
    if is_loopback(about) && modes.is_empty() {
        return Some(CameraFault::Idle { camera: id.into() }.to_string());
    }
    if !captures(about) {
        return no_camera("it sends its pictures in several planes, which is not supported");
    }
    // Whoever streams owns the buffers; giving back none of them changes nothing otherwise. Not asked of a
    // virtual camera, whose writers and readers share them.
    let busy = !is_loopback(about)
        && device.request_buffers(0).is_err_and(|e| e.kind() == io::ErrorKind::ResourceBusy);
    if busy {
        let holders = holders(path);
        // The program itself may be showing it.
        let own = holders.is_empty() && holds_itself(path);
        return (!own).then(|| CameraFault::Busy { camera: id.into(), holders }.to_string());
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
pub(super) fn opening(camera: &str, path: &Path, error: io::Error) -> CameraFault {
    failing(camera, path, "opening it", error)
}

/// The fault that a failing call is.
pub(super) fn failing(camera: &str, path: &Path, doing: &'static str, cause: io::Error) -> CameraFault {
    const ENXIO: i32 = 6;
    const ENODEV: i32 = 19;
    let camera = camera.to_owned();
    match (cause.kind(), cause.raw_os_error()) {
        (io::ErrorKind::NotFound, _) | (_, Some(ENODEV | ENXIO)) => CameraFault::Gone { camera },
        (io::ErrorKind::PermissionDenied, _) => CameraFault::Rights { camera },
        (io::ErrorKind::ResourceBusy, _) => CameraFault::Busy { camera, holders: holders(path) },
        _ => CameraFault::Driver { camera, doing, cause },
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
pub(super) fn narrow(path: &Path, about: &Capabilities) -> bool {
    if about.driver != "uvcvideo" {
        return false;
    }
    // The device is an interface of the USB device above it, whose speed is in megabits a second.
    let interface = fs::canonicalize(system_folder(path).join("device")).unwrap_or_default();
    let speed = interface.parent().and_then(|device| fs::read_to_string(device.join("speed")).ok());
    speed.and_then(|text| text.trim().parse::<f64>().ok()).is_none_or(|megabits| megabits < 5000.0)
}

/// All modes that can be taken. Ranges become the usual values, and the wanted one.
pub(super) fn modes(device: &Device, request: &CameraRequest) -> Vec<CameraMode> {
    let mut found = Vec::new();
    for fourcc in device.formats() {
        let Some(coding) = Coding::from_fourcc(fourcc) else { continue };
        for (width, height) in sizes(device, fourcc, request) {
            let rates = rates(device, fourcc, (width, height), request);
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

fn sizes(device: &Device, fourcc: [u8; 4], request: &CameraRequest) -> Vec<(u32, u32)> {
    let Ok(listed) = device.sizes(fourcc) else {
        // A driver that does not list sizes at least says which one it has.
        return device.format(Direction::Capture).map(|f| (f.width, f.height)).into_iter().collect();
    };
    let mut found = Vec::new();
    for size in listed {
        match size {
            SizeRange::One(width, height) => found.push((width, height)),
            SizeRange::Steps(width, height) => {
                let [width, height] = [width, height].map(|[min, max, step]| Steps { min, max, step });
                found.extend(range::sizes(width, height, request.wanted_size()));
            }
        }
    }
    found.retain(|(width, height)| *width > 0 && *height > 0);
    found
}

fn rates(device: &Device, fourcc: [u8; 4], size: (u32, u32), request: &CameraRequest) -> Vec<Rate> {
    let mut found = Vec::new();
    for interval in device.intervals(fourcc, size) {
        match interval {
            IntervalRange::One(interval) => found.extend(rate(interval)),
            IntervalRange::Between(shortest, longest) => {
                if let Some((fastest, slowest)) = rate(shortest).zip(rate(longest)) {
                    found.extend(range::rates(slowest, fastest, request.wanted_rate()));
                }
            }
        }
    }
    if found.is_empty() {
        let present = device.interval(Direction::Capture).ok().and_then(rate);
        found.push(present.unwrap_or(Rate::DEFAULT));
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
        assert!(camera_at(&path).is_none());
        assert!(camera_at(&dir.path().join("video4")).is_none());
    }
}
