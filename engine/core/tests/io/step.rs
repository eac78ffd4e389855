//! Sound and picture in step, from a file through source and sink: a flash and a beep at every full second, which
//! must be as far apart in what is written as in what was read.

use std::fs;
use std::path::Path;
use std::process::Command;

use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::output::Existing;
use omote_engine::sink::{self, Finished, SinkSpec};
use omote_engine::source;
use tempfile::TempDir;

use crate::given::{ffmpeg, has_ffmpeg};

/// Takes a file through source, badge and sink.
pub(crate) fn through(input: &Path, out: &Path) -> (Finished, Vec<String>) {
    let mut source = source::open(input).unwrap();
    let mut sink = sink::create_with(out, &SinkSpec::for_source(source.info()), Existing::Replace).unwrap();
    let mut badger = Badger::new(Corner::BottomRight);
    while let Some(frame) = source.next().unwrap() {
        sink.present(&badger.finish(Canvas::new(frame), Disclosure::Modified).unwrap()).unwrap();
    }
    let remarks = source.remarks();
    (sink.finish().unwrap(), remarks)
}

/// Pairs of `pts_time` and what stands behind `key=`, as ffmpeg's metadata printers write them.
fn pairs(text: &str, key: &str) -> Vec<(f64, f64)> {
    let (mut at, mut found) = (0.0, Vec::new());
    for line in text.lines() {
        if let Some((_, time)) = line.split_once("pts_time:") {
            at = time.split_whitespace().next().unwrap().parse().unwrap_or(at);
        } else if let Some((_, value)) = line.split_once('=').filter(|(k, _)| k.ends_with(key)) {
            found.push((at, value.parse().unwrap_or(-99.0)));
        }
    }
    found
}

/// When values rise over a threshold.
fn rises(values: &[(f64, f64)], over: f64) -> Vec<f64> {
    let mut before = f64::MIN;
    let mut rises = Vec::new();
    for &(at, value) in values {
        if value > over && before <= over {
            rises.push(at);
        }
        before = value;
    }
    rises
}

/// Number of pictures, seconds at which flashes begin, and those at which beeps do.
fn flashes_and_beeps(path: &Path) -> (usize, Vec<f64>, Vec<f64>) {
    let folder = TempDir::new().unwrap();
    let to = |name: &str| folder.path().join(name).display().to_string();
    let luma =
        format!("crop=iw:ih/4:0:0,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file={}", to("v"));
    let peak = format!(
        "aformat=sample_rates=48000:channel_layouts=mono,aresample=async=1:min_hard_comp=0.01,asetnsamples=n=240:p=0,\
         astats=metadata=1:reset=1,ametadata=print:key=lavfi.astats.Overall.Peak_level:file={}",
        to("a")
    );
    let run = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-i"])
        .arg(path)
        .args(["-map", "0:v:0", "-vf", &luma, "-vsync", "passthrough", "-f", "null", "-"])
        .args(["-map", "0:a:0", "-af", &peak, "-f", "null", "-"])
        .status();
    assert!(run.unwrap().success());
    let read = |name: &str, key: &str| pairs(&fs::read_to_string(to(name)).unwrap(), key);
    let lumas = read("v", "YAVG");
    (lumas.len(), rises(&lumas, 120.0), rises(&read("a", "Peak_level"), -20.0))
}

/// How far each flash is behind the nearest beep, in seconds.
fn apart(flashes: &[f64], beeps: &[f64]) -> Vec<f64> {
    let nearest = |at: &f64| beeps.iter().map(|b| at - b).min_by(|a, b| a.abs().total_cmp(&b.abs()));
    flashes.iter().filter_map(nearest).collect()
}

/// A clip whose picture `n` is shown at `times` (an expression of N): a flash in the first picture of each second,
/// a beep of 50 ms at each full second, the sound `late` seconds later in the file than it should be.
fn clip(out: &Path, fps: u32, times: &str, frames: u32, late: f64, codecs: &str) {
    let flash = format!(
        "settb=1/90000,setpts='({times})/TB',drawbox=enable='lt(mod(t+0.0001,1),{:.4})':w=iw:h=ih/2:c=white:t=fill",
        0.98 / f64::from(fps)
    );
    let beep = "aevalsrc=0.4*sin(2*PI*880*t)*lt(mod(t\\,1)\\,0.05):s=48000:d=4.5";
    let args = format!(
        "-f lavfi -i color=black:s=160x120:r={fps} -itsoffset {late} -f lavfi -i {beep} -frames:v {frames} -vf {flash} \
         -vsync passthrough -enc_time_base 1/90000 -pix_fmt yuv420p {codecs}"
    );
    assert!(ffmpeg(&args, out));
}

/// A file, how fast and when its pictures come, how many there are, and how much later its sound is.
type Case = (&'static str, u32, &'static str, u32, f64);

fn stays_in_step(cases: &[Case]) {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    for &(name, fps, times, frames, late) in cases {
        let input = folder.path().join(name);
        let codecs = match name.ends_with(".webm") {
            true => "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 1M -c:a libopus",
            false => "-c:v libx264 -preset ultrafast -g 30 -bf 2 -c:a aac",
        };
        clip(&input, fps, times, frames, late, codecs);
        let after = kept(&input, frames, fps);
        // Against the beeps themselves: the containers' own times are at most a tick off.
        if late == 0.0 && name != "ntsc.ts" {
            let near = after.iter().filter(|off| off.abs() < 1.0 / f64::from(fps) + 0.006).count();
            // The sound ends with the pictures, so the last beep may be wanting.
            assert!(near + 1 >= after.len(), "{name}: {after:?}");
        }
    }
}

/// Takes a file of so many pictures through source and sink, and asserts that all came and stand to the sound as
/// before; how far each flash is behind its beep then.
fn kept(input: &Path, frames: u32, fps: u32) -> Vec<f64> {
    let name = input.file_name().unwrap().to_string_lossy();
    let out = input.with_file_name("out.mp4");
    let (done, remarks) = through(input, &out);
    assert_eq!((done.frames, remarks), (u64::from(frames), vec![]), "{name}");
    let (pictures_in, flashes_in, beeps_in) = flashes_and_beeps(input);
    let (pictures, flashes, beeps) = flashes_and_beeps(&out);
    assert_eq!((pictures_in, pictures), (frames as usize, frames as usize), "{name}");
    assert!(flashes.len() >= 3 && flashes.len() == flashes_in.len(), "{name}: {flashes:?} of {flashes_in:?}");
    let (before, after) = (apart(&flashes_in, &beeps_in), apart(&flashes, &beeps));
    // Half a picture, and the grain of 5 ms in which beeps are found.
    let most = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("{name}: {most:.4} s apart at most, over {} flashes", after.len());
    assert!(most < 0.5 / f64::from(fps) + 0.006, "{name}: {before:?} became {after:?}");
    after
}

#[test]
fn constant_rates_stay_in_step() {
    stays_in_step(&[
        ("constant24.mp4", 24, "N/24", 97, 0.0),
        ("constant60.mkv", 60, "N/60", 242, 0.0),
        ("constant30.webm", 30, "N/30", 122, 0.0),
        ("ntsc.ts", 30, "N*1001/30000", 122, 0.0),
    ]);
}

#[test]
fn variable_rates_stay_in_step() {
    let vfr = "if(lt(N\\,48)\\,N/24\\,2+(N-48)/58)";
    stays_in_step(
        &["variable.mp4", "variable.mkv", "variable.ts", "variable.webm"].map(|n| (n, 58, vfr, 166, 0.0)),
    );
}

#[test]
fn holes_stay_in_step() {
    let hole = "if(lt(N\\,40)\\,N/30\\,1.5+N/30)";
    stays_in_step(&["hole.mp4", "hole.mkv", "hole.ts"].map(|n| (n, 30, hole, 80, 0.0)));
}

#[test]
fn sound_that_begins_before_or_after_the_pictures_stays_in_step() {
    let late = ["picture_late.mkv", "picture_late.ts", "picture_late.mp4", "picture_late.flv"];
    stays_in_step(&late.map(|n| (n, 30, "0.5+N/30", 106, 0.0)));
    stays_in_step(&["sound_late.ts", "sound_late.mp4"].map(|n| (n, 30, "N/30", 122, 0.4)));
}

#[test]
fn edit_lists_and_times_that_wrap_or_jump_stay_in_step() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let avc = "-c:v libx264 -preset ultrafast -g 30 -bf 2 -c:a aac";
    clip(&at("whole.mp4"), 30, "N/30", 122, 0.0, avc);
    let copy = |before: &str, after: &str, name: &str| {
        let whole = at("whole.mp4").display().to_string();
        assert!(ffmpeg(format!("{before} -i {whole} -c copy {after}").trim(), &at(name)));
    };
    // What is cut off at the front is still in the file, and hidden by its edit list.
    copy("-ss 0.8", "-movflags +faststart", "cut.mp4");
    // Times of .ts begin anew after 26.5 hours, here after two seconds.
    copy("-copyts", "-output_ts_offset 95441.7", "wrap.ts");
    copy("-copyts", "-t 4.05", "plain.ts");
    // A start that is far from 0.
    copy("-copyts", "-output_ts_offset 4000", "start.mkv");
    let twice = [fs::read(at("plain.ts")).unwrap(), fs::read(at("plain.ts")).unwrap()].concat();
    fs::write(at("jump.ts"), twice).unwrap();
    for (name, frames) in [("cut.mp4", 98), ("wrap.ts", 122), ("start.mkv", 122), ("jump.ts", 244)] {
        kept(&at(name), frames, 30);
    }
}
