//! Sinks: what they write, what they say of it, and that nothing half-written stays when something fails.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and what they share")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use omote_engine::badge::{self, BadgedFrame, Badger, Canvas, Corner, Disclosure};
use omote_engine::error::{Error, ErrorKind, Result, Stage};
use omote_engine::frame::{Colour, Frame, Matrix, PixelFormat, Range};
use omote_engine::sink::{self, Sink, SinkSpec};
use omote_engine::source::{self, Rate};
use tempfile::TempDir;

const SPEC: SinkSpec = SinkSpec { rate: Rate::DEFAULT, frames: None, audio: None };

fn badged_in(format: PixelFormat, colour: Colour, width: u32, height: u32) -> BadgedFrame {
    let frame = Frame::filled(format, colour, width, height, [200, 90, 40]).unwrap();
    Badger::new(Corner::TopRight).finish(Canvas::new(frame), Disclosure::Modified).unwrap()
}

fn badged(width: u32, height: u32) -> BadgedFrame {
    badged_in(PixelFormat::I420, Colour::JPEG, width, height)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Presents frames until one is refused, then finishes.
fn write(mut sink: Box<dyn Sink>, frame: &BadgedFrame, frames: u64) -> Result<sink::Finished> {
    for _ in 0..frames {
        sink.present(frame)?;
    }
    sink.finish()
}

fn expect(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!((error.kind(), error.stage()), (kind, Stage::Sink), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

/// R, G, B near the first frame's lower left corner, away from the badge.
fn left_foot(path: &Path) -> [u8; 3] {
    let frame = source::open(path).unwrap().next().unwrap().unwrap();
    let at = ((frame.height() - 9) * frame.width() + 8) as usize * 3;
    frame.to_rgb()[at..at + 3].try_into().unwrap()
}

fn has_ffmpeg() -> bool {
    let there = Command::new("ffmpeg").arg("-version").output().is_ok();
    if !there {
        println!("skipped: ffmpeg not found");
    }
    there
}

/// What ffprobe says of the first stream of a kind.
fn probed(path: &Path, stream: &str, entries: &str) -> String {
    let run = Command::new("ffprobe")
        .args(["-v", "error", "-of", "csv=p=0", "-count_frames", "-select_streams", stream, "-show_entries"])
        .args([&format!("stream={entries}"), path.to_str().unwrap()])
        .output()
        .unwrap();
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

#[test]
fn y4m_headers_say_format_and_range() {
    let folder = TempDir::new().unwrap();
    let limited = Colour::default();
    let hd = Colour { matrix: Matrix::Bt709, range: Range::Limited };
    for (format, colour, pixels) in [
        (PixelFormat::I420, Colour::JPEG, "C420jpeg XCOLORRANGE=FULL"),
        (PixelFormat::I420, limited, "C420jpeg XCOLORRANGE=LIMITED"),
        (PixelFormat::I420, hd, "C420jpeg XCOLORRANGE=LIMITED"),
        (PixelFormat::Nv12, Colour::JPEG, "C420jpeg XCOLORRANGE=FULL"),
        (PixelFormat::Yuyv, limited, "C422 XCOLORRANGE=LIMITED"),
        (PixelFormat::I422, Colour::JPEG, "C422 XCOLORRANGE=FULL"),
        (PixelFormat::I444, limited, "C444 XCOLORRANGE=LIMITED"),
        (PixelFormat::Rgb, Colour::JPEG, "C420jpeg XCOLORRANGE=LIMITED"),
        (PixelFormat::Bgra, Colour::JPEG, "C420jpeg XCOLORRANGE=LIMITED"),
    ] {
        let path = folder.path().join("a.y4m");
        let spec = SinkSpec { rate: "29.97".parse().unwrap(), ..SPEC };
        let done =
            write(sink::create(&path, &spec).unwrap(), &badged_in(format, colour, 162, 122), 2).unwrap();
        assert_eq!((done.path.as_deref(), done.frames), (Some(&*path), 2));
        let bytes = fs::read(&path).unwrap();
        let header = format!("YUV4MPEG2 W162 H122 F30000:1001 Ip A1:1 {pixels}\n");
        assert!(bytes.starts_with(header.as_bytes()), "{format:?} {colour:?}: {header}");
        // The colour is the same in every form.
        let back = left_foot(&path);
        for (got, want) in back.iter().zip([200u8, 90, 40]) {
            assert!(got.abs_diff(want) <= 3, "{format:?} {colour:?}: {back:?}");
        }
    }
    assert_eq!(names(folder.path()), ["a.y4m"]);
}

#[test]
fn the_name_decides_and_a_wrong_one_is_refused() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a.avi", "a.jpg", "v1.2"] {
        let error = sink::create(&at(name), &SPEC).err().unwrap();
        expect(&error, ErrorKind::Usage, &[".y4m", ".png", ".mp4", "`/`", name]);
    }
    for name in ["plain", "with.dot/", "there.d"] {
        if name == "there.d" {
            fs::create_dir(at(name)).unwrap();
        }
        write(sink::create(&at(name), &SPEC).unwrap(), &badged(160, 120), 3).unwrap();
        assert_eq!(names(&at(name)), ["000000.png", "000001.png", "000002.png"], "{name}");
    }
    write(sink::create(&at("ONE.PNG"), &SPEC).unwrap(), &badged(160, 120), 1).unwrap();
    assert_eq!(names(folder.path()), ["ONE.PNG", "plain", "there.d", "with.dot"]);
}

#[test]
fn a_png_takes_one_frame() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.png");
    let known = SinkSpec { frames: Some(5), ..SPEC };
    expect(&sink::create(&path, &known).err().unwrap(), ErrorKind::Usage, &["5 come", "folder", "a.png"]);
    let error = write(sink::create(&path, &SPEC).unwrap(), &badged(160, 120), 2).unwrap_err();
    expect(&error, ErrorKind::Usage, &["one picture", "folder"]);
    assert!(names(folder.path()).is_empty());
}

#[test]
fn every_png_says_that_it_is_modified() {
    let folder = TempDir::new().unwrap();
    for (name, format) in [("a.png", PixelFormat::Bgra), ("b.png", PixelFormat::I420)] {
        let path = folder.path().join(name);
        let frame = badged_in(format, Colour::JPEG, 161, 121);
        write(sink::create(&path, &SPEC).unwrap(), &frame, 1).unwrap();
        let reader =
            png::Decoder::new(std::io::BufReader::new(fs::File::open(&path).unwrap())).read_info().unwrap();
        let text = &reader.info().uncompressed_latin1_text;
        assert!(text.iter().any(|t| t.keyword == "Comment" && t.text.starts_with("AI MODIFIED")), "{text:?}");
        let alpha = reader.info().color_type == png::ColorType::Rgba;
        assert_eq!(alpha, format == PixelFormat::Bgra);
    }
}

#[test]
fn nothing_stays_of_what_is_not_finished() {
    let folder = TempDir::new().unwrap();
    let before = b"what was there";
    for name in ["a.y4m", "a.png", "frames/", "a.mp4"] {
        if name == "a.mp4" && !has_ffmpeg() {
            continue;
        }
        let path = folder.path().join(name);
        let spec = SinkSpec { frames: Some(1), ..SPEC };
        // Dropped, with and without a frame.
        for frames in [0, 1] {
            let mut sink = sink::create(&path, &spec).unwrap();
            for _ in 0..frames {
                sink.present(&badged(160, 120)).unwrap();
            }
            drop(sink);
            assert!(names(folder.path()).is_empty(), "{name}: {:?}", names(folder.path()));
        }
        // Finished without a frame.
        let error = sink::create(&path, &spec).unwrap().finish().unwrap_err();
        expect(&error, ErrorKind::Usage, &["no frame came"]);
        // A frame of another size ends it, whatever comes then.
        let mut sink = sink::create(&path, &spec).unwrap();
        sink.present(&badged(160, 120)).unwrap();
        let error = sink.present(&badged(162, 120)).unwrap_err();
        expect(&error, ErrorKind::Unsupported, &["frame 1", "162x120", "160x120"]);
        expect(&sink.present(&badged(160, 120)).unwrap_err(), ErrorKind::Output, &["earlier frame"]);
        expect(&sink.finish().unwrap_err(), ErrorKind::Output, &["earlier frame"]);
        assert!(names(folder.path()).is_empty(), "{name}: {:?}", names(folder.path()));
        // A file that was there stays as it was.
        if !name.ends_with('/') {
            fs::write(&path, before).unwrap();
            let mut sink = sink::create(&path, &spec).unwrap();
            sink.present(&badged(160, 120)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), before);
            drop(sink);
            assert_eq!(fs::read(&path).unwrap(), before);
            write(sink::create(&path, &spec).unwrap(), &badged(160, 120), 1).unwrap();
            assert_ne!(fs::read(&path).unwrap(), before);
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn folders_with_something_in_them_are_refused() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let error = sink::create(folder.path(), &SPEC).err().unwrap();
    expect(&error, ErrorKind::Output, &["isn't empty", "`notes.txt`"]);
    fs::create_dir(folder.path().join("out.part")).unwrap();
    let error = sink::create(&folder.path().join("out"), &SPEC).err().unwrap();
    expect(&error, ErrorKind::Output, &["interrupted run", "out.part"]);
    assert_eq!(names(folder.path()), ["notes.txt", "out.part"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named_at_once() {
    let folder = TempDir::new().unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    let mut rights = fs::metadata(&closed).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&closed, rights).unwrap();
    // The superuser writes everywhere but into the kernel's own files.
    let superuser = fs::write(closed.join("try"), "").is_ok();
    let closed = if superuser { Path::new("/sys/kernel") } else { &closed };
    for name in ["a.y4m", "a.png", "frames", "a.mp4"] {
        if name == "a.mp4" && !has_ffmpeg() {
            continue;
        }
        let spec = SinkSpec { frames: Some(1), ..SPEC };
        if closed.is_dir() {
            let error = sink::create(&closed.join(name), &spec).err().unwrap();
            expect(&error, ErrorKind::Output, &["can't be written", name]);
        } else {
            println!("skipped: {} not found", closed.display());
        }
        let error = sink::create(&folder.path().join("gone").join(name), &spec).err().unwrap();
        expect(&error, ErrorKind::Output, &["isn't there", "make it first", name]);
    }
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_named_and_nothing_stays() {
    let folder = TempDir::new().unwrap();
    if !Path::new("/dev/full").exists() {
        println!("skipped: /dev/full not found");
        return;
    }
    for (name, part) in [("a.y4m", "a.part.y4m"), ("a.png", "a.part.png"), ("a.mp4", "a.part.mp4")] {
        if name == "a.mp4" && !has_ffmpeg() {
            continue;
        }
        std::os::unix::fs::symlink("/dev/full", folder.path().join(part)).unwrap();
        let sink = sink::create(&folder.path().join(name), &SPEC).unwrap();
        let frames = if name == "a.png" { 1 } else { 40 };
        let error = write(sink, &badged(640, 360), frames).unwrap_err();
        expect(&error, ErrorKind::Output, &["disk is full", name]);
        assert!(names(folder.path()).is_empty(), "{name}: {:?}", names(folder.path()));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe.y4m");
    if !Command::new("mkfifo").arg(&path).status().is_ok_and(|s| s.success()) {
        println!("skipped: mkfifo not found");
        return;
    }
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
            bytes.len()
        })
    };
    write(sink::create(&path, &SPEC).unwrap(), &badged(160, 120), 3).unwrap();
    assert!(reader.join().unwrap() > 3 * 160 * 120 * 3 / 2);
    assert_eq!(names(folder.path()), ["pipe.y4m"]);
}

#[test]
fn mp4_says_what_its_colours_are_and_keeps_every_frame() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.mp4");
    for (format, matrix, range, want) in [
        (PixelFormat::I420, Matrix::Bt601, Range::Full, "pc,smpte170m"),
        (PixelFormat::Nv12, Matrix::Bt601, Range::Limited, "tv,smpte170m"),
        (PixelFormat::I422, Matrix::Bt709, Range::Limited, "tv,bt709"),
        (PixelFormat::I444, Matrix::Bt709, Range::Full, "pc,bt709"),
        (PixelFormat::Rgb, Matrix::Bt601, Range::Full, "tv,smpte170m"),
    ] {
        let frame = badged_in(format, Colour { matrix, range }, 321, 241);
        let spec = SinkSpec { rate: "23.976".parse().unwrap(), ..SPEC };
        write(sink::create(&path, &spec).unwrap(), &frame, 7).unwrap();
        assert_eq!(probed(&path, "v:0", "color_range,color_space"), want, "{format:?}");
        let rest = probed(&path, "v:0", "codec_name,width,height,avg_frame_rate,nb_read_frames");
        assert_eq!(rest, "h264,322,242,24000/1001,7", "{format:?}");
        // Flat colour comes back, so matrix and range of the data are those of the tags.
        let back = left_foot(&path);
        for (got, want) in back.iter().zip([200u8, 90, 40]) {
            assert!(got.abs_diff(want) <= 3, "{format:?} {matrix:?} {range:?}: {back:?}");
        }
        let comment = Command::new("ffprobe")
            .args(["-v", "error", "-show_entries", "format_tags=comment", path.to_str().unwrap()])
            .output()
            .unwrap();
        assert!(String::from_utf8(comment.stdout).unwrap().contains("AI MODIFIED"));
    }
    // Larger R'G'B' pictures go by the matrix that players expect of their size.
    let frame = badged_in(PixelFormat::Bgra, Colour::JPEG, 1280, 720);
    write(sink::create(&path, &SPEC).unwrap(), &frame, 2).unwrap();
    assert_eq!(probed(&path, "v:0", "color_range,color_space"), "tv,bt709");
}

#[test]
fn mp4_takes_the_sound_of_the_input() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    for (name, how, codec) in
        [("in.mp4", "aac", "aac"), ("in.mkv", "pcm_s16le", "aac"), ("in2.mkv", "libmp3lame", "mp3")]
    {
        let input = folder.path().join(name);
        let made = Command::new("ffmpeg")
            .args("-nostdin -v error -f lavfi -i testsrc2=s=320x240:r=25 -f lavfi -i sine -t 2 -c:v libx264 -c:a".split(' '))
            .arg(how)
            .arg(&input)
            .status();
        assert!(made.unwrap().success());
        let mut source = source::open(&input).unwrap();
        let spec = SinkSpec::of(source.info());
        let path = folder.path().join("out.mp4");
        let mut sink = sink::create(&path, &spec).unwrap();
        let mut badger = Badger::new(Corner::TopRight);
        while let Some(frame) = source.next().unwrap() {
            sink.present(&badger.finish(Canvas::new(frame), Disclosure::Modified).unwrap()).unwrap();
        }
        assert_eq!(sink.finish().unwrap().frames, 50);
        assert_eq!(probed(&path, "a:0", "codec_name"), codec, "{name}");
        let length: f64 = probed(&path, "a:0", "duration").parse().unwrap();
        assert!((length - 2.0).abs() < 0.1, "{name}: {length} s of sound");
        assert_eq!(probed(&path, "v:0", "nb_read_frames"), "50");
        if how == "aac" {
            // Copied, not encoded again: the packets are the same.
            let hash = |p: &Path| {
                let args =
                    ["-v", "error", "-i", p.to_str().unwrap(), "-map", "0:a", "-c", "copy", "-f", "md5", "-"];
                Command::new("ffmpeg").args(args).output().unwrap().stdout
            };
            assert_eq!(hash(&path), hash(&input));
        }
    }
}

#[test]
fn a_shared_clip_goes_through_every_sink_frame_by_frame() {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/media/clips/dev_move.mjpeg");
    if !clip.exists() {
        println!("skipped: {} not found", clip.display());
        return;
    }
    let folder = TempDir::new().unwrap();
    for name in ["clip.y4m", "clip/", "clip.mp4"] {
        if name == "clip.mp4" && !has_ffmpeg() {
            continue;
        }
        let path = folder.path().join(name);
        let mut source = source::open(&clip).unwrap();
        let mut sink = sink::create(&path, &SinkSpec::of(source.info())).unwrap();
        let mut badger = Badger::new(Corner::TopRight);
        while let Some(frame) = source.next().unwrap() {
            sink.present(&badger.finish(Canvas::new(frame), Disclosure::Modified).unwrap()).unwrap();
        }
        assert_eq!(sink.finish().unwrap().frames, 100);
        let (mut input, mut output) = (source::open(&clip).unwrap(), source::open(&path).unwrap());
        assert_eq!(output.info().rate, Rate::DEFAULT);
        while let Some(before) = input.next().unwrap() {
            let after = output.next().unwrap().unwrap();
            let found = badge::read(&after).unwrap();
            // Rows below the plate: all of them in the native planes, and clear of the chroma's filter in PNG.
            let below = found.rect.bottom() as usize + 2;
            let from = below * 640;
            match name {
                "clip.y4m" => {
                    assert_eq!(after.colour(), Colour::JPEG);
                    assert_eq!(after.plane(0)[from..], before.plane(0)[from..]);
                    assert_eq!(after.plane(1)[from / 4..], before.plane(1)[from / 4..]);
                    assert_eq!(after.plane(2)[from / 4..], before.plane(2)[from / 4..]);
                }
                "clip/" => assert_eq!(after.data()[from * 3..], before.to_rgb()[from * 3..]),
                _ => {
                    let pairs = after.plane(0)[from..].iter().zip(&before.plane(0)[from..]);
                    let off: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                    assert!((off as f64) < 2.5 * (640 * 480 - from) as f64, "{off}");
                    assert_eq!(after.colour(), Colour::JPEG);
                }
            }
        }
        assert!(output.next().unwrap().is_none());
    }
}
