//! `omote cameras`: which cameras are there, what they can do, and what they really do.

mod watch;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use omote_engine::pool::Pool;
use omote_engine::source::Rate;
use omote_engine::source::camera::{
    self, CameraInfo, CameraMode, CameraRequest, Coding, Measured, measure, none_hint, open_camera,
};
use omote_kit::in_one_line;
use serde_json::{Value, json};

/// Options of `omote cameras`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CamerasArgs {
    /// Only this camera: a path (/dev/video0), a number or part of a name
    #[arg(value_name = "CAMERA")]
    camera: Option<String>,
    /// Open each camera and measure its real frame rate, in the mode that would be used or in all modes
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "chosen", value_name = "WHAT")]
    measure: Option<What>,
    /// Length of each measurement, in seconds
    #[arg(long, value_name = "S", default_value_t = 2.0, value_parser = seconds)]
    seconds: f64,
    /// Preferred size
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<(u32, u32)>,
    /// Preferred frame rate
    #[arg(long, value_name = "FPS")]
    fps: Option<Rate>,
    /// Preferred coding: MJPEG, YUYV, NV12, …
    #[arg(long, value_name = "CODING")]
    coding: Option<Coding>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Open one camera and print a JSON line for each of N pictures: number, size, format, time and age
    #[arg(long, value_name = "N", conflicts_with_all = ["measure", "json"])]
    watch: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The mode that would be used
    Chosen,
    /// Every combination of coding and size
    All,
}

fn seconds(text: &str) -> Result<f64, String> {
    let value = text.parse::<f64>().ok().filter(|s| (0.1..=600.0).contains(s));
    value.ok_or_else(|| "give a number of seconds between 0.1 and 600".to_owned())
}

/// Width and height, as in `1280x720`.
pub(crate) fn size(text: &str) -> Result<(u32, u32), String> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or_default();
    let side = |text: &str| text.parse::<u32>().ok().filter(|n| (16..=8192).contains(n));
    side(width).zip(side(height)).ok_or_else(|| "give a size such as 1280x720".to_owned())
}

/// A measurement: what was asked for, what was set, and what came of it.
struct Row {
    asked: CameraMode,
    result: anyhow::Result<(CameraMode, Measured)>,
}

/// Lists, and measures where asked to. Fails where a camera was asked for and is not there.
pub(crate) fn run(args: &CamerasArgs) -> anyhow::Result<ExitCode> {
    let request = CameraRequest { device: None, size: args.size, rate: args.fps, coding: args.coding };
    if let Some(pictures) = args.watch {
        let request = CameraRequest { device: args.camera.clone(), ..request };
        return watch::run(&request, pictures).map(|()| ExitCode::SUCCESS);
    }
    let mut found = camera::cameras();
    if let Some(wanted) = &args.camera {
        let part = wanted.to_lowercase();
        let number = format!("/dev/video{wanted}");
        let named =
            |c: &CameraInfo| c.id == *wanted || c.id == number || c.name.to_lowercase().contains(&part);
        if !found.iter().any(named) {
            // Opening says what is wrong in the same words as everywhere else.
            open_camera(&CameraRequest { device: Some(wanted.clone()), ..request }, &Pool::new())?;
        }
        found.retain(named);
    }
    let rows: Vec<Vec<Row>> = found.iter().map(|camera| rows(camera, args, &request)).collect();
    let mut out = crate::console::out();
    if args.json {
        let all: Vec<Value> = found.iter().zip(&rows).map(|(c, rows)| as_json(c, rows, &request)).collect();
        serde_json::to_writer_pretty(&mut out, &all)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        writeln!(out, "no camera: {}", none_hint())?;
        writeln!(out, "without a camera, `omote demo` shows the built-in actor")?;
    }
    for (camera, rows) in found.iter().zip(&rows) {
        table(&mut out, camera, rows, &request).context("can't write the list")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The measurements that were asked for.
fn rows(camera: &CameraInfo, args: &CamerasArgs, request: &CameraRequest) -> Vec<Row> {
    let Some(what) = args.measure.filter(|_| camera.trouble.is_none()) else { return Vec::new() };
    let mut modes = camera.ranked(request);
    match what {
        What::Chosen => modes.truncate(1),
        What::All => {
            // One of each coding and size: that of the best rate.
            let mut seen = Vec::new();
            modes.retain(|m| {
                let kind = (m.coding, m.width, m.height);
                let new = !seen.contains(&kind);
                seen.push(kind);
                new
            });
        }
    }
    let time = Duration::from_secs_f64(args.seconds);
    modes.into_iter().map(|asked| Row { asked, result: watch(camera, asked, time) }).collect()
}

fn watch(camera: &CameraInfo, asked: CameraMode, time: Duration) -> anyhow::Result<(CameraMode, Measured)> {
    let request = CameraRequest {
        device: Some(camera.id.clone()),
        size: Some((asked.width, asked.height)),
        rate: Some(asked.rate),
        coding: Some(asked.coding),
    };
    let mut open = open_camera(&request, &Pool::new())?;
    Ok((open.mode().unwrap_or(asked), measure(open.as_mut(), time)?))
}

fn describe(row: &Row) -> String {
    match &row.result {
        Err(error) => format!("{}: {}", row.asked, in_one_line(error.as_ref())),
        Ok((mode, found)) => {
            let set = if *mode == row.asked { String::new() } else { format!(" (asked for {})", row.asked) };
            let Measured { frames, bad, skipped, rate } = found;
            format!("{mode}{set}: {rate:.1} fps ({frames} pictures, {skipped} skipped, {bad} damaged)")
        }
    }
}

/// Modes with the same coding and size, as one line with all its rates.
fn table(
    out: &mut impl Write,
    camera: &CameraInfo,
    rows: &[Row],
    request: &CameraRequest,
) -> std::io::Result<()> {
    let kind = if camera.virtual_output { ", virtual" } else { "" };
    writeln!(out, "{}  {} ({}{kind})", camera.id, camera.name, camera.driver)?;
    if let Some(trouble) = &camera.trouble {
        writeln!(out, "  can't be used now: {trouble}")?;
    }
    // A virtual camera always has its sender, and its readers do not shut others out.
    let holders = camera::holders(camera.id.as_ref());
    if !holders.is_empty() {
        writeln!(out, "  open in: {}", holders.join(", "))?;
    }
    let mut lines: Vec<(Coding, u32, u32, Vec<String>)> = Vec::new();
    let mut modes = camera.modes.clone();
    // Fast first, whatever the driver's order; the codings and sizes keep theirs.
    modes.sort_by(|a, b| b.rate.per_second().total_cmp(&a.rate.per_second()));
    let kind = |m: &CameraMode| (m.coding, m.width, m.height);
    modes.sort_by_key(|m| camera.modes.iter().position(|other| kind(other) == kind(m)));
    for mode in &modes {
        let rate = format!("{:.2}", mode.rate.per_second());
        let rate = rate.trim_end_matches('0').trim_end_matches('.').to_owned();
        match lines.iter_mut().find(|(c, w, h, _)| (*c, *w, *h) == (mode.coding, mode.width, mode.height)) {
            Some((.., rates)) => rates.push(rate),
            None => lines.push((mode.coding, mode.width, mode.height, vec![rate])),
        }
    }
    if !lines.is_empty() {
        writeln!(out, "  {:<7} {:<10} frames per second, as the camera states them", "coding", "size")?;
    }
    for (coding, width, height, rates) in lines {
        writeln!(out, "  {coding:<7} {:<10} {}", format!("{width}x{height}"), rates.join(" "))?;
    }
    match (camera.best(request), rows) {
        (Some(best), []) => writeln!(out, "  chosen: {best}")?,
        (_, [row]) => writeln!(out, "  measured: {}", describe(row))?,
        _ => {
            for row in rows {
                writeln!(out, "  measured: {}", describe(row))?;
            }
        }
    }
    Ok(())
}

fn mode_json(mode: &CameraMode) -> Value {
    let CameraMode { width, height, rate, coding } = mode;
    json!({ "coding": coding.to_string(), "width": width, "height": height, "rate": rate.per_second() })
}

fn as_json(camera: &CameraInfo, rows: &[Row], request: &CameraRequest) -> Value {
    let measured: Vec<Value> = rows
        .iter()
        .map(|row| match &row.result {
            Ok((mode, found)) => json!({
                "asked": mode_json(&row.asked),
                "set": mode_json(mode),
                "frames": found.frames,
                "skipped": found.skipped,
                "damaged": found.bad,
                "rate": found.rate,
            }),
            Err(error) => json!({ "asked": mode_json(&row.asked), "error": in_one_line(error.as_ref()) }),
        })
        .collect();
    json!({
        "id": camera.id,
        "name": camera.name,
        "driver": camera.driver,
        "virtual": camera.virtual_output,
        "trouble": camera.trouble,
        "holders": camera::holders(camera.id.as_ref()),
        "modes": camera.modes.iter().map(mode_json).collect::<Vec<_>>(),
        "chosen": camera.best(request).as_ref().map(mode_json),
        "measured": measured,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(coding: &str, width: u32, height: u32, rate: &str) -> CameraMode {
        CameraMode { width, height, rate: rate.parse().unwrap(), coding: coding.parse().unwrap() }
    }

    fn notebook() -> CameraInfo {
        CameraInfo {
            id: "/dev/video-none".into(),
            name: "Integrated Camera".into(),
            driver: "uvcvideo".into(),
            modes: vec![
                mode("MJPEG", 1280, 720, "30"),
                mode("MJPEG", 1280, 720, "15"),
                mode("YUYV", 1280, 720, "10"),
            ],
            trouble: None,
            virtual_output: false,
            narrow: true,
        }
    }

    fn shown(camera: &CameraInfo, rows: &[Row]) -> String {
        let mut out = Vec::new();
        table(&mut out, camera, rows, &CameraRequest::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_list_says_what_a_camera_can_do_and_what_would_be_used() {
        assert_eq!(
            shown(&notebook(), &[]),
            "/dev/video-none  Integrated Camera (uvcvideo)\n  \
             coding  size       frames per second, as the camera states them\n  \
             MJPEG   1280x720   30 15\n  \
             YUYV    1280x720   10\n  \
             chosen: MJPEG 1280x720 at 30\n"
        );
    }

    #[test]
    fn measurements_and_troubles_are_told() {
        let asked = mode("MJPEG", 1280, 720, "30");
        let set = mode("MJPEG", 640, 480, "15");
        let found = Measured { frames: 30, bad: 1, skipped: 2, rate: 14.96 };
        let text = shown(&notebook(), &[Row { asked, result: Ok((set, found)) }]);
        let line = "  measured: MJPEG 640x480 at 15 (asked for MJPEG 1280x720 at 30): 15.0 fps (30 pictures, 2 skipped, 1 damaged)\n";
        assert!(text.ends_with(line), "{text}");
        let text = shown(&notebook(), &[Row { asked, result: Err(anyhow::anyhow!("it is gone")) }]);
        assert!(text.ends_with("measured: MJPEG 1280x720 at 30: it is gone\n"), "{text}");
        let busy = CameraInfo { trouble: Some("in use by zoom (pid 7)".into()), ..notebook() };
        assert!(shown(&busy, &[]).contains("can't be used now: in use by zoom (pid 7)"));
        let json = as_json(&busy, &[Row { asked, result: Ok((set, found)) }], &CameraRequest::default());
        assert_eq!(json["chosen"]["coding"], "MJPEG");
        assert_eq!(
            (&json["measured"][0]["set"]["width"], &json["measured"][0]["skipped"]),
            (&json!(640), &json!(2))
        );
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!((size("1280x720"), size("640X360")), (Ok((1280, 720)), Ok((640, 360))));
        for text in ["", "1280", "x", "1280x", "0x0", "9000x1", "-1x5"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
