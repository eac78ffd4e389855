//! Videos that change on the way, hold more than pictures and sound, or are damaged; and moving pictures.

use std::fs;
use std::path::Path;
use std::process::Command;

use omote_engine::frame::Frame;
use omote_engine::source::{self, SourceKind};
use tempfile::TempDir;

use crate::given::{all, ffmpeg, has_ffmpeg, rest};
use crate::step::through;

/// A clip of `seconds` at 25 pictures a second that is bright all over.
fn bright(out: &Path, size: &str, seconds: u32, how: &str) {
    let from = format!("-f lavfi -i color=0xC0C0C0:s={size}:r=25:d={seconds}");
    assert!(ffmpeg(&format!("{from} -g 10 {how}"), out));
}

fn join(parts: &[&Path], out: &Path) {
    let bytes: Vec<u8> = parts.iter().flat_map(|p| fs::read(p).unwrap()).collect();
    fs::write(out, bytes).unwrap();
}

/// Luma in the middle and at the upper left and right corners and the middle of the upper edge.
fn lumas(frame: &Frame) -> [u8; 4] {
    let (w, h) = (frame.width() as usize, frame.height() as usize);
    let at = |x: usize, y: usize| frame.plane(0)[y * frame.planes()[0].stride + x];
    [at(w / 2, h / 2), at(1, 1), at(w - 2, 1), at(w / 2, 1)]
}

#[test]
fn a_stream_that_changes_gives_all_pictures_fitted_into_the_first_size() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let avc = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -f mpegts";
    bright(&at("first.ts"), "160x120", 1, avc);
    let (bright_luma, black) = (160u8..190, 0..30);
    for (name, size, how, edges) in [
        // Half the size, with the same shape: it fills the picture.
        ("small.ts", "80x60", avc, [true, true, true]),
        // Wide: black above; tall: black at the sides.
        ("wide.ts", "160x60", avc, [false, false, false]),
        ("tall.ts", "60x120", avc, [false, false, true]),
        ("large.ts", "640x480", avc, [true, true, true]),
        // The same samples, shown wider.
        (
            "shape.ts",
            "160x120",
            "-vf setsar=2/1 -c:v libx264 -pix_fmt yuv420p -f mpegts",
            [false, false, false],
        ),
        // Other samples.
        ("chroma.ts", "160x120", "-c:v libx264 -pix_fmt yuv444p -f mpegts", [true, true, true]),
        ("full.ts", "160x120", "-c:v libx264 -pix_fmt yuvj420p -f mpegts", [true, true, true]),
    ] {
        bright(&at(name), size, 1, how);
        let joined = at("joined.ts");
        join(&[&at("first.ts"), &at(name), &at("first.ts")], &joined);
        let mut source = source::open(&joined).unwrap();
        let frames = rest(source.as_mut()).unwrap();
        assert_eq!(frames.len(), 75, "{name}: {:?}", source.remarks());
        for (i, frame) in frames.iter().enumerate() {
            let [middle, corners @ ..] = lumas(frame);
            assert!(bright_luma.contains(&middle), "{name} {i}: {middle}");
            let inside = (25..50).contains(&i);
            for (corner, filled) in corners.iter().zip(edges) {
                let right =
                    if inside && !filled { black.contains(corner) } else { bright_luma.contains(corner) };
                assert!(right, "{name} {i}: {corners:?}");
            }
            let seconds = frame.time.0.as_secs_f64();
            assert!((seconds - i as f64 / 25.0).abs() < 0.07, "{name} {i}: {seconds}");
        }
        let (done, _) = through(&joined, &at("out.mp4"));
        assert_eq!(done.frames, 75, "{name}");
    }
}

/// How much more neighbouring rows differ than rows two apart do: above 0 where fields are woven together.
fn combs(frame: &Frame) -> f64 {
    let (w, h) = (frame.width() as usize, frame.height() as usize);
    let row = |y: usize| &frame.plane(0)[y * w..][..w];
    let differ = |a: usize, b: usize| -> f64 {
        row(a).iter().zip(row(b)).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>()
    };
    let sums = (0..h - 2).map(|y| (differ(y, y + 1), differ(y, y + 2)));
    let (near, far) = sums.fold((0.0, 0.0), |s, d| (s.0 + d.0, s.1 + d.1));
    (near - far) / (w * h) as f64
}

#[test]
fn interlaced_pictures_become_whole_ones() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let moving = "-f lavfi -i testsrc2=s=480x240:r=50:d=1 -vf crop=320:240:80+60*sin(12*t):0";
    for (name, order, how) in [
        ("tff.mp4", "tff", "-c:v libx264 -pix_fmt yuv420p -flags +ilme+ildct -x264opts tff=1"),
        ("bff.ts", "bff", "-c:v libx264 -pix_fmt yuv420p -flags +ilme+ildct -x264opts bff=1"),
        ("tff.mpg", "tff", "-c:v mpeg2video -q:v 2 -flags +ilme+ildct -top 1"),
        ("raw.mkv", "tff", "-c:v ffv1 -pix_fmt yuv420p -field_order tt"),
    ] {
        let path = folder.path().join(name);
        let scan = if order == "tff" { "tff" } else { "bff" };
        assert!(ffmpeg(&format!("{moving},interlace=scan={scan}:lowpass=off {how}"), &path));
        let frames = all(&path).unwrap();
        assert_eq!(frames.len(), 25, "{name}");
        let most = frames.iter().map(combs).fold(f64::MIN, f64::max);
        assert!(most < 0.0, "{name}: {most}");
        let out = folder.path().join("out.mp4");
        assert_eq!(through(&path, &out).0.frames, 25);
        let said = Command::new("ffprobe")
            .args("-v error -select_streams v -show_entries stream=field_order -of csv=p=0".split(' '))
            .arg(&out)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "progressive", "{name}");
    }
    // A progressive clip, which looks the same to the naked measure, stays to the bit.
    let path = folder.path().join("whole.mkv");
    assert!(ffmpeg(&format!("{moving} -pix_fmt yuv420p -c:v libx264 -qp 0"), &path));
    let raw = folder.path().join("raw.yuv");
    assert!(ffmpeg(&format!("-i {} -f rawvideo", path.display()), &raw));
    let ours: Vec<u8> = all(&path).unwrap().iter().flat_map(|f| f.data().to_vec()).collect();
    assert!(ours == fs::read(&raw).unwrap());
}

#[test]
fn turned_and_mirrored_pictures_come_as_players_show_them() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let plain = folder.path().join("plain.mp4");
    assert!(ffmpeg("-f lavfi -i testsrc2=s=160x80:r=25:d=0.2 -pix_fmt yuv420p -c:v libx264", &plain));
    for angle in [0, 90, 180, 270] {
        let path = folder.path().join("turned.mp4");
        let how = format!("-i {} -c copy -metadata:s:v:0 rotate={angle}", plain.display());
        assert!(ffmpeg(&how, &path));
        let raw = folder.path().join("raw.yuv");
        assert!(ffmpeg(&format!("-i {} -f rawvideo", path.display()), &raw));
        let ours: Vec<u8> = all(&path).unwrap().iter().flat_map(|f| f.data().to_vec()).collect();
        assert!(ours == fs::read(&raw).unwrap(), "{angle}");
    }
}

#[test]
fn what_is_not_carried_over_is_named() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (subs, chapters) = (folder.path().join("a.srt"), folder.path().join("chapters.txt"));
    fs::write(&subs, "1\n00:00:00,000 --> 00:00:01,000\nHello\n").unwrap();
    let chapter = "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n";
    fs::write(&chapters, format!(";FFMETADATA1\ntitle=Holiday\n{chapter}{chapter}")).unwrap();
    let rich = folder.path().join("rich.mkv");
    let from =
        "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i color=red:s=64x48:r=25:d=1 -f lavfi -i sine=d=1";
    assert!(ffmpeg(
        &format!(
            "{from} -f lavfi -i sine=d=1:frequency=900 -i {} -i {} -map 0 -map 1 -map 2 -map 3 -map 4 \
             -map_metadata 5 -map_chapters 5 -metadata:s:a:1 language=deu -c:v libx264 -c:a aac -c:s srt",
            subs.display(),
            chapters.display()
        ),
        &rich
    ));
    let out = folder.path().join("out.mp4");
    let (done, remarks) = through(&rich, &out);
    assert_eq!(done.frames, 25);
    assert_eq!(remarks, ["left out: 1 other video track, 1 subtitle track, 2 chapters, the title"]);
    // Both sound tracks came along, with their languages; no chapter did.
    let said = Command::new("ffprobe")
        .args(
            "-v error -show_chapters -show_entries stream=codec_type:stream_tags=language -of csv=p=0"
                .split(' '),
        )
        .arg(&out)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert_eq!(said.matches("audio").count(), 2, "{said}");
    assert!(said.contains("audio,deu") && !said.contains("One"), "{said}");
    let (done, _) = through(&rich, &folder.path().join("out.y4m"));
    assert_eq!(done.remarks, ["left out: the sound (.y4m holds none; .mp4 does)"]);
}

#[test]
fn of_several_programs_the_first_goes_with_its_own_sound() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("two.ts");
    let from = "-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i color=red:s=64x48:r=25:d=1";
    let sound = "-f lavfi -i sine=d=1 -f lavfi -i sine=d=1:frequency=900";
    let programs = "-program program_num=1:st=0:st=2 -program program_num=2:st=1:st=3";
    assert!(ffmpeg(
        &format!("{from} {sound} -map 0 -map 1 -map 2 -map 3 {programs} -c:v libx264 -c:a aac -f mpegts"),
        &path
    ));
    let out = folder.path().join("out.mp4");
    let (done, remarks) = through(&path, &out);
    assert_eq!(done.frames, 25);
    assert_eq!(remarks, ["left out: 1 other video track, 1 sound track of another program"]);
}

#[test]
fn lost_and_damaged_pictures_are_told() {
    if !has_ffmpeg() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let good = folder.path().join("good.mkv");
    // Each picture on its own, so that one damaged packet is one picture.
    assert!(ffmpeg("-f lavfi -i testsrc2=s=160x120:r=25:d=4 -c:v png", &good));
    assert_eq!(through(&good, &folder.path().join("out.mp4")).1, [""; 0]);
    let mut bytes = fs::read(&good).unwrap();
    let pictures: Vec<usize> =
        bytes.windows(8).enumerate().filter(|(_, w)| *w == b"\x89PNG\r\n\x1a\n").map(|(i, _)| i).collect();
    assert_eq!(pictures.len(), 100);
    for picture in [40, 41, 42] {
        bytes[pictures[picture]..][..40].fill(0);
    }
    let bad = folder.path().join("bad.mkv");
    fs::write(&bad, bytes).unwrap();
    let (done, remarks) = through(&bad, &folder.path().join("out.mp4"));
    // The picture after them may go as well, where a reader looks for the next beginning.
    assert!((96..=97).contains(&done.frames), "{}", done.frames);
    let lost = 100 - done.frames;
    assert_eq!(
        remarks,
        [format!("{lost} of 100 pictures could not be decoded and are missing, the first at 0:01.6")]
    );
    // H.264 conceals what is damaged.
    let good = folder.path().join("good.mp4");
    assert!(ffmpeg("-f lavfi -i testsrc2=s=320x240:r=25:d=4 -c:v libx264 -g 25 -pix_fmt yuv420p", &good));
    let mut bytes = fs::read(&good).unwrap();
    let middle = bytes.len() / 2;
    for byte in bytes[middle..middle + 4000].iter_mut() {
        *byte ^= 0x55;
    }
    let bad = folder.path().join("bad.mp4");
    fs::write(&bad, bytes).unwrap();
    let mut source = source::open(&bad).unwrap();
    let came = rest(source.as_mut()).unwrap().len();
    assert!(
        came == 100 || source.remarks().iter().any(|r| r.contains("missing")),
        "{came}: {:?}",
        source.remarks()
    );
}

#[test]
fn moving_pictures_give_all_their_pictures_at_their_times() {
    let folder = TempDir::new().unwrap();
    // A square that stands further right in each picture, on a transparent ground, shown 100, 200, 300 ms.
    let picture = |i: u32| {
        image::RgbaImage::from_fn(48, 32, |x, y| {
            let inside = (i * 12..i * 12 + 12).contains(&x) && (10..22).contains(&y);
            if inside { image::Rgba([250, 250, 250, 255]) } else { image::Rgba([200, 0, 0, 0]) }
        })
    };
    let gif = folder.path().join("a.gif");
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(fs::File::create(&gif).unwrap());
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
        for i in 0..3 {
            let delay = image::Delay::from_numer_denom_ms(100 * (i + 1), 1);
            encoder.encode_frame(image::Frame::from_parts(picture(i), 0, 0, delay)).unwrap();
        }
    }
    let apng = folder.path().join("a.png");
    {
        let mut encoder = png::Encoder::new(fs::File::create(&apng).unwrap(), 48, 32);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_animated(3, 2).unwrap();
        let mut writer = encoder.write_header().unwrap();
        for i in 0..3 {
            writer.set_frame_delay(i as u16 + 1, 10).unwrap();
            writer.write_image_data(&picture(i)).unwrap();
        }
        writer.finish().unwrap();
    }
    let webp = folder.path().join("a.webp");
    let square = "between(X,12*(gte(N,1)+gte(N,3)),12*(gte(N,1)+gte(N,3))+11)*between(Y,10,21)";
    let made = format!(
        "-f lavfi -i nullsrc=s=48x32:r=10:d=0.6 -vf geq=lum='16+219*{square}':cb=128:cr=128,select=eq(n\\,0)+eq(n\\,1)+eq(n\\,3) \
         -vsync passthrough -lossless 1 -loop 0 -c:v libwebp_anim"
    );
    let webp = ffmpeg(&made, &webp).then_some(webp);
    for path in [gif, apng].into_iter().chain(webp) {
        let mut source = source::open(&path).unwrap();
        let info = source.info().clone();
        assert_eq!(
            (info.kind, info.frames, info.width),
            (SourceKind::Moving, Some(3), 48),
            "{}",
            path.display()
        );
        let frames = rest(source.as_mut()).unwrap();
        let times: Vec<_> = frames.iter().map(|f| f.time.0.as_millis()).collect();
        assert_eq!(times, [0, 100, 300], "{}", path.display());
        for (i, frame) in frames.iter().enumerate() {
            for x in 0..48 {
                let at = (16 * 48 + x) * 3;
                let want = if (i * 12..i * 12 + 12).contains(&x) { 250u8 } else { 0 };
                let got = &frame.data()[at..at + 3];
                assert!(got.iter().all(|v| v.abs_diff(want) < 6), "{} {i} at {x}: {got:?}", path.display());
            }
        }
        assert_eq!(source.remarks().len(), 1, "{}", path.display());
        // Cut off: a fault, not a shorter clip.
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() * 3 / 4]).unwrap();
        assert!(all(&path).is_err(), "{}", path.display());
    }
}
