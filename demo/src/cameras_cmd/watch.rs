//! One line for each picture of a camera, for programs and for finding faults.

use std::io::Write;
use std::time::Duration;

use anyhow::bail;
use omote_engine::frame::Frame;
use omote_engine::pool::Pool;
use omote_engine::source::camera::{CameraRequest, Captured, open_camera};
use omote_engine::timing;
use serde_json::json;

/// The longest wait for one picture.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes the camera's name and mode, then `pictures` lines. Damaged pictures have lines too, but do not
/// count.
pub(super) fn run(request: &CameraRequest, pictures: u64) -> anyhow::Result<()> {
    let mut camera = open_camera(request, &Pool::new())?;
    let mut out = crate::console::out();
    let (name, mode) = (camera.info().name, camera.mode());
    writeln!(out, "{}", json!({ "camera": name, "mode": mode.as_ref().map(super::mode_json) }))?;
    let mut left = pictures;
    while left > 0 {
        let line = match camera.next(PATIENCE)? {
            Captured::Frame(frame) => {
                left -= 1;
                line(&frame)
            }
            Captured::Bad(what) => json!({ "damaged": what }),
            Captured::Late => bail!("{} delivered no picture for {} s", name, PATIENCE.as_secs()),
        };
        writeln!(out, "{line}")?;
        out.flush()?;
    }
    writeln!(out, "{}", json!({ "skipped": camera.skipped() }))?;
    Ok(())
}

fn line(frame: &Frame) -> serde_json::Value {
    let luma = frame.plane(0);
    let mean = luma.iter().map(|v| f64::from(*v)).sum::<f64>() / luma.len().max(1) as f64;
    let age = timing::now().saturating_sub(frame.time.0);
    json!({
        "frame": frame.id.0,
        "width": frame.width(),
        "height": frame.height(),
        "format": format!("{:?}", frame.format()),
        "time": frame.time.0.as_secs_f64(),
        "age_ms": age.as_secs_f64() * 1e3,
        // Of the first plane's bytes.
        "mean": mean,
    })
}
