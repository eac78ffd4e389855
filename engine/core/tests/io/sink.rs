//! Sinks: what they write, what they say of it, and that nothing half-written stays when something fails.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use omote_engine::badge::{self, Badger, Canvas, Corner, Disclosure};
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::frame::{Colour, Matrix, PixelFormat, Range};
use omote_engine::output::Existing;
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source::{self, Rate};
use tempfile::TempDir;

use crate::given::{SPEC, badged, badged_in, has_ffmpeg, left_foot, write};

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn expect(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!((error.kind(), error.stage()), (kind, Stage::Sink), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
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
        let sink = sink::create_with(&path, &spec, Existing::Replace).unwrap();
        let done = write(sink, &badged_in(format, colour, 162, 122), 2).unwrap();
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
        // A frame of another size ends a clip, a second one a picture, whatever comes then; folders take any.
        let mut sink = sink::create(&path, &spec).unwrap();
        sink.present(&badged(160, 120)).unwrap();
        let second = sink.present(&badged(162, 120));
        if name == "frames/" {
            second.unwrap();
            continue;
        }
        let error = second.unwrap_err();
        match name {
            "a.png" => expect(&error, ErrorKind::Usage, &["one picture"]),
            _ => expect(&error, ErrorKind::Unsupported, &["frame 1", "162x120", "160x120"]),
        }
        expect(&sink.present(&badged(160, 120)).unwrap_err(), ErrorKind::Output, &["earlier frame"]);
        expect(&sink.finish().unwrap_err(), ErrorKind::Output, &["earlier frame"]);
        assert!(names(folder.path()).is_empty(), "{name}: {:?}", names(folder.path()));
        // A file that was there stays as it was.
        if !name.ends_with('/') {
            fs::write(&path, before).unwrap();
            let error = sink::create(&path, &spec).err().unwrap();
            expect(&error, ErrorKind::Output, &["there already", "--force", "another name", "a."]);
            let mut sink = sink::create_with(&path, &spec, Existing::Replace).unwrap();
            sink.present(&badged(160, 120)).unwrap();
            assert_eq!(fs::read(&path).unwrap(), before);
            drop(sink);
            assert_eq!(fs::read(&path).unwrap(), before);
            let sink = sink::create_with(&path, &spec, Existing::Replace).unwrap();
            write(sink, &badged(160, 120), 1).unwrap();
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
    let out = folder.path().join("out");
    write(sink::create(&out, &SPEC).unwrap(), &badged(160, 120), 2).unwrap();
    let error = sink::create(&out, &SPEC).err().unwrap();
    expect(&error, ErrorKind::Output, &["isn't empty", ".png`", "--force"]);
    // Numbered pictures are replaced where that was said, and nothing else ever.
    let replace = |path: &Path| sink::create_with(path, &SPEC, Existing::Replace);
    write(replace(&out).unwrap(), &badged(160, 120), 1).unwrap();
    assert_eq!(names(&out), ["000000.png"]);
    fs::write(out.join("holiday.png"), "mine").unwrap();
    expect(&replace(&out).err().unwrap(), ErrorKind::Output, &["isn't empty", "`holiday.png`"]);
    // A file's name on a folder is no folder's name.
    for name in ["a.mp4", "a.y4m", "a.png"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let error = replace(&folder.path().join(name)).err().unwrap();
        expect(&error, ErrorKind::Output, &["a folder of this name", name]);
    }
    assert_eq!(names(folder.path()), ["a.mp4", "a.png", "a.y4m", "notes.txt", "out"]);
}

#[test]
fn names_that_mean_something_else_are_refused() {
    for (name, words) in [("-", "mkfifo"), (".mp4", "NAME.mp4"), (".Y4M", "NAME.Y4M"), ("", "no name")] {
        let error = sink::create(Path::new(name), &SPEC).err().unwrap();
        expect(&error, ErrorKind::Usage, &[words]);
        assert!(name.is_empty() || !Path::new(name).exists());
    }
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
fn a_full_device_is_named_and_stays() {
    use std::os::unix::fs::FileTypeExt;
    let folder = TempDir::new().unwrap();
    for name in ["a.y4m", "a.png"] {
        let path = folder.path().join(name);
        let made = Command::new("mknod").arg(&path).args(["c", "1", "7"]).output();
        if !made.is_ok_and(|out| out.status.success()) {
            println!("skipped: mknod is not allowed here");
            return;
        }
        let sink = sink::create(&path, &SPEC).unwrap();
        let frames = if name == "a.png" { 1 } else { 40 };
        let error = write(sink, &badged(640, 360), frames).unwrap_err();
        expect(&error, ErrorKind::Output, &["disk is full", name]);
        assert!(fs::metadata(&path).unwrap().file_type().is_char_device());
    }
    assert_eq!(names(folder.path()), ["a.png", "a.y4m"]);
}

#[cfg(unix)]
#[test]
fn pipes_are_written_through_by_what_can_be() {
    let folder = TempDir::new().unwrap();
    for name in ["pipe.y4m", "pipe.png", "pipe.mp4", "pipe"] {
        let path = folder.path().join(name);
        if !Command::new("mkfifo").arg(&path).status().is_ok_and(|s| s.success()) {
            println!("skipped: mkfifo not found");
            return;
        }
        if ["pipe.mp4", "pipe"].contains(&name) {
            let error = sink::create(&path, &SPEC).err().unwrap();
            expect(&error, ErrorKind::Usage, &["a pipe or a device", ".y4m", name]);
            continue;
        }
        let reader = {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
                bytes
            })
        };
        let frames = if name == "pipe.png" { 1 } else { 3 };
        write(sink::create(&path, &SPEC).unwrap(), &badged(160, 120), frames).unwrap();
        let bytes = reader.join().unwrap();
        match name {
            "pipe.y4m" => assert!(bytes.len() > 3 * 160 * 120 * 3 / 2),
            _ => assert_eq!(image::load_from_memory(&bytes).unwrap().width(), 160),
        }
    }
    assert_eq!(names(folder.path()), ["pipe", "pipe.mp4", "pipe.png", "pipe.y4m"]);
}

#[test]
fn a_shared_clip_goes_through_every_sink_frame_by_frame() {
    let clip = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media/clips/dev_move.mjpeg");
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
        let mut sink = sink::create(&path, &SinkSpec::for_source(source.info())).unwrap();
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
