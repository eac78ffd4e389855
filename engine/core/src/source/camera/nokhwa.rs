//! Cameras through the library nokhwa: on Windows and macOS, and on Linux to try this code.
//!
//! It waits for pictures without a limit, so a thread of its own does that. It hands out neither the
//! driver's clock nor the driver's count, nor how much of a buffer a JPEG fills.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nokhwa::NokhwaError;
use nokhwa::utils::{
    CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType, Resolution,
};

use super::decode::Decoder;
use super::fault::CameraFault;
use super::mode::ranked;
use super::raw::RawLayout;
use super::{Camera, CameraMode, CameraRequest, Captured, Coding, RawFormat, StreamInfo};
use crate::error::Result;
use crate::frame::{Colour, Frame, FrameId, FrameTime};
use crate::pool::Pool;
use crate::slot::{Publisher, Taken, Taker, slot};
use crate::source::Rate;
use crate::timing;

/// How long opening may take; some cameras on Windows never answer.
const OPENING: Duration = Duration::from_secs(20);

/// A stamp older than this is on another clock.
const OLDEST: Duration = Duration::from_secs(2);

/// What two pictures differ by at least.
const TICK: Duration = Duration::from_micros(1);

const FORMATS: [(FrameFormat, Coding); 6] = [
    (FrameFormat::MJPEG, Coding::Mjpeg),
    (FrameFormat::YUYV, Coding::Raw(RawFormat::Yuyv)),
    (FrameFormat::NV12, Coding::Raw(RawFormat::Nv12)),
    (FrameFormat::RAWRGB, Coding::Raw(RawFormat::Rgb)),
    (FrameFormat::RAWBGR, Coding::Raw(RawFormat::Bgr)),
    (FrameFormat::GRAY, Coding::Raw(RawFormat::Grey)),
];

/// Every camera, without its modes: asking for them would start it.
#[cfg(not(target_os = "linux"))]
pub(super) fn cameras() -> Vec<super::CameraInfo> {
    let found = ::nokhwa::query(::nokhwa::utils::ApiBackend::Auto).unwrap_or_else(|error| {
        log::warn!("cameras can't be listed: {error}");
        Vec::new()
    });
    let info = |camera: ::nokhwa::utils::CameraInfo| super::CameraInfo {
        id: camera.index().as_string(),
        name: camera.human_name(),
        driver: String::new(),
        modes: Vec::new(),
        trouble: None,
        virtual_output: camera.human_name().to_lowercase().contains("virtual"),
        narrow: true,
    };
    found.into_iter().map(info).collect()
}

/// What the thread tells once the camera streams.
struct Opened {
    name: String,
    mode: CameraMode,
}

/// A picture, one that is damaged, or the end.
type CropOptions = std::result::Result<Captured, String>;

/// A camera whose thread streams.
struct Library {
    name: String,
    mode: CameraMode,
    shown: String,
    shots: Taker<CropOptions>,
    next: u64,
    displaced: Arc<AtomicU64>,
}

/// Opens a camera by nokhwa's number or name.
pub(super) fn open(id: &str, request: &CameraRequest, pool: &Pool) -> Result<Box<dyn Camera>> {
    let index = id.parse().map_or_else(|_| CameraIndex::String(id.to_owned()), CameraIndex::Index);
    let shown = format!("nokhwa's camera {id}");
    let fault = |said: String| CameraFault::Library { camera: shown.clone(), said };
    let (told, opened) = sync_channel(1);
    let (publisher, shots) = slot();
    let displaced = Arc::new(AtomicU64::new(0));
    let work = Work { publisher, displaced: Arc::clone(&displaced), pool: pool.clone() };
    let request = request.clone();
    // Not waited for at the end: the library may be waiting for a picture that never comes.
    std::thread::Builder::new()
        .name("omote-camera".to_owned())
        .spawn(move || work.run(index, &request, &told))
        .map_err(|error| fault(error.to_string()))?;
    match opened.recv_timeout(OPENING) {
        Ok(Ok(Opened { name, mode })) => {
            let shown = format!("{name} ({id})");
            log::info!("{shown}: {mode}");
            Ok(Box::new(Library { name, mode, shown, shots, next: 0, displaced }))
        }
        Ok(Err(error)) => Err(fault(error).into()),
        Err(RecvTimeoutError::Disconnected) => Err(fault("the library gave up".to_owned()).into()),
        Err(RecvTimeoutError::Timeout) => Err(fault(format!("no answer in {} s", OPENING.as_secs())).into()),
    }
}

/// What the thread works with.
struct Work {
    publisher: Publisher<CropOptions>,
    displaced: Arc<AtomicU64>,
    pool: Pool,
}

impl Work {
    fn run(
        self,
        index: CameraIndex,
        request: &CameraRequest,
        told: &SyncSender<std::result::Result<Opened, String>>,
    ) {
        let (mut camera, mode) = match start(&index, request) {
            Ok(started) => started,
            Err(error) => return drop(told.send(Err(error))),
        };
        let mut decoder = match mode.coding {
            Coding::Mjpeg => Decoder::mjpeg((mode.width, mode.height), &self.pool),
            Coding::Raw(format) => {
                let (width, height) = (mode.width, mode.height);
                let layout = RawLayout { format, width, height, stride: 0, colour: Colour::default() };
                Decoder::Raw(layout, self.pool.clone())
            }
        };
        if told.send(Ok(Opened { name: camera.info().human_name(), mode })).is_err() {
            return;
        }
        let mut last = Duration::ZERO;
        while !self.publisher.is_deserted() {
            let shot = match camera.frame() {
                Ok(buffer) => Ok(match decoder.frame(buffer.buffer()) {
                    Ok(mut frame) => {
                        // Two clocks' difference wavers; time does not go back.
                        last = stamp(buffer.capture_timestamp()).max(last + TICK);
                        frame.time = FrameTime(last);
                        Captured::Frame(frame)
                    }
                    Err(what) => Captured::Bad(what),
                }),
                Err(error) => Err(error.to_string()),
            };
            let over = shot.is_err();
            if self.publisher.publish(shot).is_some() {
                self.displaced.fetch_add(1, Ordering::Relaxed);
            }
            if over {
                return;
            }
        }
    }
}

/// From the library's wall clock to the monotonic one, by how long ago it was.
fn stamp(wall: Option<Duration>) -> Duration {
    let (now, wall_now) = (timing::now(), SystemTime::now().duration_since(UNIX_EPOCH));
    let age = wall.zip(wall_now.ok()).and_then(|(then, now)| now.checked_sub(then));
    now.saturating_sub(age.filter(|age| *age < OLDEST).unwrap_or_default())
}

/// Tries the modes in our order: the library's own ways of choosing keep the coding or give up.
fn start(
    index: &CameraIndex,
    request: &CameraRequest,
) -> std::result::Result<(nokhwa::Camera, CameraMode), String> {
    let all = FORMATS.map(|(format, _)| format);
    let any = |kind| nokhwa::Camera::new(index.clone(), RequestedFormat::with_formats(kind, &all));
    let mut camera = any(RequestedFormatType::None)
        .or_else(|_| any(RequestedFormatType::AbsoluteHighestFrameRate))
        .map_err(|e| e.to_string())?;
    let listed = camera.compatible_camera_formats().map_err(|e| e.to_string())?;
    // Only one handle at a time: the next one sets another mode.
    drop(camera);
    let modes: Vec<CameraMode> = listed.iter().filter_map(ours).collect();
    let mut last = "it lists no mode that Omote takes".to_owned();
    for mode in ranked(&modes, request, true).into_iter().take(24) {
        match try_mode(index, mode) {
            Ok(camera) => return Ok((camera, mode)),
            Err(error) => last = format!("{mode}: {error}"),
        }
    }
    Err(last)
}

fn try_mode(index: &CameraIndex, mode: CameraMode) -> std::result::Result<nokhwa::Camera, NokhwaError> {
    let known = FORMATS.iter().find(|(_, coding)| *coding == mode.coding);
    let format = known.map_or(FrameFormat::MJPEG, |(format, _)| *format);
    let rate = mode.rate.per_second().round() as u32;
    let exact = CameraFormat::new(Resolution::new(mode.width, mode.height), format, rate);
    let request =
        RequestedFormat::with_formats(RequestedFormatType::Exact(exact), std::slice::from_ref(&format));
    let mut camera = nokhwa::Camera::new(index.clone(), request)?;
    camera.open_stream()?;
    Ok(camera)
}

fn ours(format: &CameraFormat) -> Option<CameraMode> {
    let (_, coding) = FORMATS.iter().find(|(known, _)| *known == format.format())?;
    let rate = Rate::new(format.frame_rate(), 1)?;
    let side = 2..=Frame::MAX_SIDE;
    let mode = CameraMode { width: format.width(), height: format.height(), rate, coding: *coding };
    (side.contains(&mode.width) && side.contains(&mode.height)).then_some(mode)
}

impl Camera for Library {
    fn info(&self) -> StreamInfo {
        StreamInfo::new(&self.name, &self.mode)
    }

    fn mode(&self) -> Option<CameraMode> {
        Some(self.mode)
    }

    fn next(&mut self, limit: Duration) -> Result<Captured> {
        let said = match self.shots.take(limit) {
            Taken::Value(Ok(Captured::Frame(mut frame))) => {
                frame.id = FrameId(self.next);
                self.next += 1;
                return Ok(Captured::Frame(frame));
            }
            Taken::Value(Ok(other)) => return Ok(other),
            Taken::Late => return Ok(Captured::Late),
            Taken::Value(Err(said)) => said,
            Taken::Closed => "the library stopped".to_owned(),
        };
        Err(CameraFault::Library { camera: self.shown.clone(), said }.into())
    }

    fn skipped(&self) -> u64 {
        self.displaced.load(Ordering::Relaxed)
    }
}
