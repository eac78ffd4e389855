//! What `.mp4` files say and hold.

use std::path::Path;
use std::process::Command;

use omote_engine::badge::{Badger, Canvas, Corner, Disclosure};
use omote_engine::frame::{Colour, Matrix, PixelFormat, Range};
use omote_engine::output::Existing;
use omote_engine::sink::{self, SinkSpec};
use omote_engine::source;
use tempfile::TempDir;

use crate::given::{SPEC, badged_in, has_ffmpeg, left_foot, write};

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
        write(sink::create_with(&path, &spec, Existing::Replace).unwrap(), &frame, 7).unwrap();
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
    write(sink::create_with(&path, &SPEC, Existing::Replace).unwrap(), &frame, 2).unwrap();
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
        let spec = SinkSpec::for_source(source.info());
        let path = folder.path().join("out.mp4");
        let mut sink = sink::create_with(&path, &spec, Existing::Replace).unwrap();
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
