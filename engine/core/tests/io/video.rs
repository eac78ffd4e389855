//! Videos that come through ffmpeg.

use std::fs;

use omote_engine::error::ErrorKind;
use omote_engine::frame::{Colour, Matrix, PixelFormat, Range};
use omote_engine::source::{self, SourceKind};
use tempfile::TempDir;

use crate::given::{all, ffmpeg, refused, rest, steady};

#[test]
fn videos_come_in_their_own_planes_with_their_colour_and_rate() {
    let folder = TempDir::new().unwrap();
    let from = "-f lavfi -i testsrc2=s=322x242:r=30000/1001 -frames:v 12";
    let limited = |matrix| Colour { matrix, range: Range::Limited };
    for (name, how, format, colour) in [
        ("a.mkv", "-pix_fmt yuv420p -c:v ffv1", PixelFormat::I420, limited(Matrix::Bt601)),
        ("b.mkv", "-pix_fmt yuv422p -c:v ffv1 -colorspace bt709", PixelFormat::I422, limited(Matrix::Bt709)),
        (
            "c.mkv",
            "-pix_fmt yuv444p -c:v ffv1 -colorspace smpte170m",
            PixelFormat::I444,
            limited(Matrix::Bt601),
        ),
        ("d.mkv", "-pix_fmt yuvj420p -c:v mjpeg -q:v 2", PixelFormat::I420, Colour::JPEG),
        ("e.mkv", "-pix_fmt yuv420p10le -c:v ffv1", PixelFormat::I420, limited(Matrix::Bt601)),
        ("f.mkv", "-pix_fmt bgr0 -c:v ffv1", PixelFormat::Rgb, Colour::JPEG),
        ("g.mkv", "-pix_fmt gray -c:v ffv1", PixelFormat::I420, Colour::JPEG),
        ("h.mkv", "-pix_fmt yuv411p -c:v ffv1", PixelFormat::I444, limited(Matrix::Bt601)),
        ("i.mp4", "-pix_fmt yuv420p -c:v libx264 -color_range pc", PixelFormat::I420, Colour::JPEG),
    ] {
        let path = folder.path().join(name);
        if !ffmpeg(&format!("{from} {how}"), &path) {
            return;
        }
        let mut source = source::open(&path).unwrap();
        let info = source.info().clone();
        assert_eq!((info.kind, info.format, info.colour), (SourceKind::Video, format, colour), "{name}");
        assert_eq!(
            (info.width, info.height, info.rate.to_string()),
            (322, 242, "30000/1001".into()),
            "{name}"
        );
        assert_eq!((info.frames, info.audio), (Some(12), None), "{name}");
        let frames = rest(source.as_mut()).unwrap();
        assert_eq!(frames.len(), 12, "{name}");
        steady(&frames, info.rate);
    }
    // Lossless planes are what ffmpeg says they are, byte for byte.
    for name in ["a.mkv", "b.mkv", "c.mkv"] {
        let raw = folder.path().join("raw.yuv");
        assert!(ffmpeg(&format!("-i {} -f rawvideo", folder.path().join(name).display()), &raw));
        let ours = all(&folder.path().join(name)).unwrap();
        assert_eq!(
            ours.iter().flat_map(|f| f.data().to_vec()).collect::<Vec<_>>(),
            fs::read(&raw).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn high_bit_depth_and_grey_keep_their_levels() {
    let folder = TempDir::new().unwrap();
    for (level, how, want) in [
        ("white", "-pix_fmt yuv420p10le", 235),
        ("black", "-pix_fmt yuv420p10le", 16),
        ("white", "-vf scale=out_range=full,format=yuv420p10le -color_range pc", 255),
        ("white", "-pix_fmt gray", 255),
        ("black", "-pix_fmt gray", 0),
    ] {
        let path = folder.path().join("level.mkv");
        if !ffmpeg(&format!("-f lavfi -i color={level}:s=64x48:r=25 -frames:v 2 {how} -c:v ffv1"), &path) {
            return;
        }
        let frame = all(&path).unwrap().remove(0);
        assert!(frame.plane(0)[0].abs_diff(want) <= 1, "{level} {how}: {}", frame.plane(0)[0]);
        assert!(frame.plane(1)[0].abs_diff(128) <= 1, "{level} {how}");
    }
}

#[test]
fn videos_are_turned_upright_and_their_sound_is_known() {
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain.mp4");
    let make =
        "-f lavfi -i testsrc2=s=320x180:r=25 -f lavfi -i sine -t 0.4 -pix_fmt yuv420p -c:v libx264 -c:a aac";
    if !ffmpeg(make, &plain) {
        return;
    }
    let turned = folder.path().join("turned.mp4");
    assert!(ffmpeg(&format!("-i {} -c copy -metadata:s:v:0 rotate=90", plain.display()), &turned));
    let info = source::open(&turned).unwrap().info().clone();
    assert_eq!((info.width, info.height, info.audio), (180, 320, Some(turned.clone())));
    let (a, b) = (all(&plain).unwrap(), all(&turned).unwrap());
    assert_eq!((a.len(), b.len()), (10, 10));
    // ffmpeg writes this as "turn back by a quarter": the old right column is the new top row.
    for i in 0..180 {
        assert_eq!(b[5].plane(0)[i], a[5].plane(0)[i * 320 + 319], "pixel {i}");
    }
    let wide = folder.path().join("wide.mkv");
    assert!(ffmpeg("-f lavfi -i testsrc2=s=360x288:r=25 -frames:v 2 -vf setsar=16/15 -c:v ffv1", &wide));
    let info = source::open(&wide).unwrap().info().clone();
    assert_eq!((info.width, info.height), (384, 288));
    assert_eq!(all(&wide).unwrap().len(), 2);
}

#[test]
fn odd_sizes_and_wide_pixels_come_out_whole() {
    let folder = TempDir::new().unwrap();
    for (name, size, pixels, shape, want) in [
        ("odd", "641x481", "yuv420p", "1", (641, 481)),
        ("high", "640x481", "yuv420p", "1", (640, 481)),
        ("broad", "641x480", "yuv422p", "1", (641, 480)),
        ("rgb", "33x35", "rgb24", "1", (33, 35)),
        ("dvd", "720x480", "yuv420p", "32/27", (854, 480)),
        ("narrow", "720x480", "yuv420p", "8/9", (640, 480)),
        ("dv", "720x576", "yuv420p", "59/54", (788, 576)),
        ("wide", "640x480", "yuv420p", "4/3", (854, 480)),
    ] {
        let clip = folder.path().join(format!("{name}.mkv"));
        let how = format!(
            "-f lavfi -i color=white:r=25,format=gbrp,scale={size} -frames:v 3 -vf setsar={shape} -pix_fmt {pixels} -c:v ffv1"
        );
        if !ffmpeg(&how, &clip) {
            return;
        }
        let frames = all(&clip).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(frames.len(), 3, "{name}");
        let frame = &frames[2];
        assert_eq!((frame.width(), frame.height()), want, "{name}");
        // Nothing of it is bars; scalers overshoot in the corners.
        let rgb = frame.to_rgb();
        let dark = rgb.chunks_exact(3).filter(|p| p.iter().any(|c| *c < 245)).count();
        assert!(dark < 10, "{name}: {dark} dark pixels");
    }
}

#[test]
fn irregular_times_stay_and_no_frame_is_dropped_or_doubled() {
    let folder = TempDir::new().unwrap();
    // Nearly regular, as phones write them, and with a picture that stands for two seconds.
    for (name, times, frames, want) in [
        ("phone.mkv", "N*33+mod(N\\,3)*2", 60, [0, 35, 70, 99]),
        ("screen.mp4", "N*33+gte(N\\,2)*2000", 30, [0, 33, 2066, 2099]),
        ("late.ts", "700+N*40", 30, [700, 740, 780, 820]),
    ] {
        let path = folder.path().join(name);
        let seconds = f64::from(frames) / 30.0;
        let how = format!(
            "-f lavfi -i testsrc2=s=160x120:r=30:d={seconds} -f lavfi -i sine=d=2 -vf settb=1/1000,setpts={times} \
             -vsync passthrough -enc_time_base 1/1000 -pix_fmt yuv420p -c:v libx264 -c:a mp2"
        );
        if !ffmpeg(&how, &path) {
            return;
        }
        let got = all(&path).unwrap();
        assert_eq!(got.len(), frames as usize, "{name}");
        // The sound may begin a little before 0, from where the file counts.
        let lead = got[0].time.0.as_secs_f64() * 1000.0 - f64::from(want[0]);
        assert!((0.0..60.0).contains(&lead), "{name}: {lead}");
        for (frame, want) in got.iter().zip(want) {
            let ms = frame.time.0.as_secs_f64() * 1000.0 - lead;
            assert!((ms - f64::from(want)).abs() < 1.1, "{name} {:?}: {ms} for {want}", frame.id);
        }
    }
}

#[test]
fn videos_that_cannot_be_read_say_why() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let good = folder.path().join("good.mp4");
    if !ffmpeg("-f lavfi -i testsrc2=s=320x240:r=25 -frames:v 25 -pix_fmt yuv420p -c:v libx264", &good) {
        return;
    }
    refused(&make("text.txt", b"hello there"), ErrorKind::Unsupported, &["this is text"]);
    refused(&make("-n.mp4", b"hello there"), ErrorKind::Unsupported, &["this is text"]);
    let bytes = fs::read(&good).unwrap();
    refused(&make("cut.mp4", &bytes[..bytes.len() / 2]), ErrorKind::Damaged, &["half a download"]);
    let sound = folder.path().join("sound.m4a");
    assert!(ffmpeg("-f lavfi -i sine -t 0.2 -c:a aac", &sound));
    refused(&sound, ErrorKind::Unsupported, &["sound and no pictures"]);
    let hdr = folder.path().join("hdr.mkv");
    assert!(ffmpeg(
        "-f lavfi -i testsrc2=s=64x64 -frames:v 2 -pix_fmt yuv420p10le -c:v ffv1 -color_trc smpte2084",
        &hdr
    ));
    refused(&hdr, ErrorKind::Unsupported, &["smpte2084", "tonemap"]);
}

#[test]
fn dropping_a_video_half_way_leaves_no_process() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("long.mkv");
    if !ffmpeg("-f lavfi -i testsrc2=s=320x240:r=25 -frames:v 250 -c:v mjpeg", &path) {
        return;
    }
    let children = || {
        let all = fs::read_dir("/proc/self/task").ok()?;
        let lists = all.flatten().filter_map(|t| fs::read_to_string(t.path().join("children")).ok());
        Some(lists.flat_map(|l| l.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).count())
    };
    let Some(before) = children() else {
        println!("skipped: /proc/self/task not found");
        return;
    };
    let mut source = source::open(&path).unwrap();
    assert!(source.next().unwrap().is_some());
    assert_eq!(children(), Some(before + 1));
    drop(source);
    assert_eq!(children(), Some(before));
}
