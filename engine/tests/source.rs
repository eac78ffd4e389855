//! Sources on real files: the shared clips and pictures, videos made by ffmpeg, and bad input of each kind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use omote_engine::error::{ErrorKind, Result, Stage};
use omote_engine::frame::{Colour, Frame, FrameId, Matrix, PixelFormat, Range};
use omote_engine::source::{self, Options, Rate, Source, SourceKind};
use tempfile::TempDir;

fn media(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/media").join(name);
    if !path.exists() {
        println!("skipped: {} not found", path.display());
    }
    path.exists().then_some(path)
}

/// Runs ffmpeg on generated pictures; `false`, loudly, where there is none.
fn ffmpeg(args: &str, out: &Path) -> bool {
    let run = Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-y"])
        .args(args.split(' '))
        .arg(out)
        .status();
    match run {
        Ok(status) => {
            assert!(status.success(), "ffmpeg {args}");
            true
        }
        Err(e) => {
            println!("skipped: ffmpeg not found ({e})");
            false
        }
    }
}

fn rest(source: &mut dyn Source) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while let Some(frame) = source.next()? {
        let info = source.info();
        assert_eq!((frame.width(), frame.height()), (info.width, info.height));
        assert_eq!((frame.format(), frame.colour()), (info.format, info.colour));
        assert_eq!(frame.id, FrameId(frames.len() as u64));
        assert_eq!(frame.time, info.rate.time(frame.id.0));
        frames.push(frame);
    }
    Ok(frames)
}

fn all(path: &Path) -> Result<Vec<Frame>> {
    rest(source::open(path)?.as_mut())
}

/// A picture in which every row and column differs.
fn picture(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, (x + y) as u8]))
}

/// Asserts that opening and reading `path` fails, with all of `words` in the message.
fn refused(path: &Path, kind: ErrorKind, words: &[&str]) {
    let error = all(path).expect_err(&format!("{} was taken", path.display()));
    assert_eq!((error.kind(), error.stage()), (kind, Stage::Source), "{error}");
    let name = path.file_name().unwrap().to_string_lossy();
    for word in words.iter().chain(&[&*name]) {
        assert!(error.to_string().contains(word), "`{word}` is not in: {error}");
    }
}

#[test]
fn shared_clips_give_every_picture_at_its_offset() {
    for name in ["dev_move", "dev_hand", "dev_cross"] {
        let Some(path) = media(&format!("clips/{name}.mjpeg")) else { return };
        let truth = fs::read_to_string(path.with_extension("truth.json")).unwrap();
        let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
        let mut source = source::open(&path).unwrap();
        let info = source.info().clone();
        assert_eq!(info.kind, SourceKind::Mjpeg);
        assert_eq!(info.frames, truth["n"].as_u64());
        assert_eq!((info.width, info.height, info.rate), (640, 480, Rate::DEFAULT));
        assert_eq!((info.format, info.colour), (PixelFormat::I420, Colour::JPEG));
        let frames = rest(source.as_mut()).unwrap();
        assert_eq!(frames.len() as u64, truth["n"].as_u64().unwrap());
        // Each picture alone, cut out at the offset that the truth gives, decodes to the same frame.
        let bytes = fs::read(&path).unwrap();
        let at: Vec<usize> =
            truth["offsets"].as_array().unwrap().iter().map(|o| o.as_u64().unwrap() as usize).collect();
        let folder = TempDir::new().unwrap();
        for i in [0, 1, 57, 99] {
            let one = folder.path().join("one.jpg");
            fs::write(&one, &bytes[at[i]..*at.get(i + 1).unwrap_or(&bytes.len())]).unwrap();
            assert_eq!(source::read_picture(&one).unwrap().data(), frames[i].data(), "{name} frame {i}");
        }
    }
}

#[test]
fn shared_portraits_are_read_in_their_native_planes() {
    for folder in ["faces", "groups", "noface"] {
        let Some(folder) = media(folder) else { return };
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "jpg") {
                let frames = all(&path).unwrap();
                let other = image::open(&path).unwrap().into_rgb8();
                assert_eq!((frames.len(), frames[0].format()), (1, PixelFormat::I420), "{}", path.display());
                let ours = frames[0].to_rgb();
                let off = ours.iter().zip(other.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert!(ours.len() == other.as_raw().len() && off <= 8, "{}: {off}", path.display());
            }
        }
    }
}

#[test]
fn a_cut_clip_gives_its_whole_pictures_then_an_error() {
    let folder = TempDir::new().unwrap();
    let one = {
        let mut bytes = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 90);
        picture(64, 48).write_with_encoder(encoder).unwrap();
        bytes
    };
    let path = folder.path().join("cut.mjpeg");
    let half = &one[..one.len() * 2 / 3];
    let second = one.len();
    for (bytes, whole, frame, at) in [
        ([&one[..], half, &one, &one].concat(), 1, "frame 1", second),
        ([&one[..], &one, half].concat(), 2, "frame 2", second * 2),
        ([&one[..], half, &[0xff, 0xd9], &one].concat(), 1, "frame 1", second),
        ([&one[..], b"lost bytes", &one].concat(), 1, "frame 1", second),
        ([half].concat(), 0, "frame 0", 0),
    ] {
        fs::write(&path, bytes).unwrap();
        refused(&path, ErrorKind::Damaged, &[frame, &format!("byte {at}")]);
        if whole > 0 {
            let mut source = source::open(&path).unwrap();
            for _ in 0..whole {
                assert!(source.next().unwrap().is_some());
            }
            assert!(source.next().is_err());
            assert!(source.next().unwrap().is_none(), "nothing comes after an error");
        }
    }
    fs::write(&path, [&one[..], &one, &one].concat()).unwrap();
    let rate = Rate::new(50, 1);
    let mut source = source::open_with(&path, &Options { rate }).unwrap();
    assert_eq!((source.info().frames, Some(source.info().rate)), (Some(3), rate));
    assert_eq!(rest(source.as_mut()).unwrap().len(), 3);
    // Without a telling name the content decides.
    for (bytes, kind) in [([&one[..], &one].concat(), SourceKind::Mjpeg), (one.clone(), SourceKind::Picture)]
    {
        let path = folder.path().join("capture.bin");
        fs::write(&path, bytes).unwrap();
        assert_eq!(source::open(&path).unwrap().info().kind, kind);
    }
}

#[test]
fn a_clip_whose_pictures_change_size_is_refused_there() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sizes.mjpeg");
    let mut bytes = Vec::new();
    for side in [32, 32, 40] {
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
        picture(side, 32).write_with_encoder(encoder).unwrap();
    }
    fs::write(&path, bytes).unwrap();
    refused(&path, ErrorKind::Damaged, &["frame 2", "40x32", "32x32"]);
}

#[test]
fn pictures_of_each_kind_come_back_bit_for_bit() {
    let folder = TempDir::new().unwrap();
    for (width, height) in [(1, 1), (2, 1), (7, 5), (161, 121)] {
        let rgb = picture(width, height);
        for ending in ["png", "webp", "bmp"] {
            let path = folder.path().join(format!("a.{ending}"));
            rgb.save(&path).unwrap();
            let frames = all(&path).unwrap();
            assert_eq!((frames.len(), frames[0].format()), (1, PixelFormat::Rgb), "{ending}");
            assert_eq!(frames[0].data(), rgb.as_raw(), "{ending} {width}x{height}");
        }
        let path = folder.path().join("alpha.png");
        let rgba = image::RgbaImage::from_fn(width, height, |x, y| {
            image::Rgba([9, x as u8, y as u8, (x * y) as u8])
        });
        rgba.save(&path).unwrap();
        let frame = source::read_picture(&path).unwrap();
        assert_eq!(frame.format(), PixelFormat::Bgra);
        let back: Vec<u8> = frame.data().chunks(4).flat_map(|p| [p[2], p[1], p[0], p[3]]).collect();
        assert_eq!(&back, rgba.as_raw());
    }
    let path = folder.path().join("deep.png");
    image::ImageBuffer::from_fn(9, 4, |x, _| image::Luma([(x * 7000) as u16])).save(&path).unwrap();
    assert_eq!(source::read_picture(&path).unwrap().data()[..6], [0, 0, 0, 27, 27, 27]);
    // The name of a picture is not believed where the content says something else.
    let path = folder.path().join("really_png.jpg");
    picture(8, 8).save_with_format(&path, image::ImageFormat::Png).unwrap();
    assert_eq!(source::read_picture(&path).unwrap().format(), PixelFormat::Rgb);
}

#[test]
fn great_pictures_are_taken_and_greater_ones_refused_before_decoding() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("great.png");
    image::GrayImage::new(8000, 8000).save(&path).unwrap();
    let frame = source::read_picture(&path).unwrap();
    assert_eq!((frame.width(), frame.height()), (8000, 8000));
    image::GrayImage::new(8193, 2).save(&path).unwrap();
    refused(&path, ErrorKind::Unsupported, &["8193x2", "8192"]);
    // A header that promises far more than memory holds.
    let mut bytes = fs::read(&path).unwrap();
    bytes[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    fs::write(&path, bytes).unwrap();
    assert!(source::read_picture(&path).is_err());
}

#[test]
fn bad_input_is_refused_with_its_name_and_a_remedy() {
    let folder = TempDir::new().unwrap();
    let make = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    refused(&folder.path().join("gone.mp4"), ErrorKind::Missing, &["no such file"]);
    for name in ["empty.mjpeg", "empty.png", "empty.mp4", "empty"] {
        refused(&make(name, b""), ErrorKind::Damaged, &["empty (0 bytes)"]);
    }
    for (name, expected) in
        [("t.png", "PNG"), ("t.JPG", "JPEG"), ("t.mjpeg", "concatenated JPEG"), ("t.y4m", "YUV4MPEG2")]
    {
        refused(
            &make(name, b"hello there, this is text"),
            ErrorKind::Damaged,
            &[expected, "`hello there, thi`"],
        );
    }
    refused(&make("only.jpg", &[0xff, 0xd8, 0xff, 0xe0]), ErrorKind::Damaged, &["cut short"]);
    let whole = {
        let path = folder.path().join("whole.png");
        picture(64, 64).save(&path).unwrap();
        fs::read(path).unwrap()
    };
    refused(&make("half.png", &whole[..whole.len() / 2]), ErrorKind::Damaged, &["damaged"]);
    let inner = folder.path().join("none");
    fs::create_dir(&inner).unwrap();
    refused(&inner, ErrorKind::Unsupported, &["no picture"]);
}

#[test]
fn a_folder_is_read_in_number_order_and_must_have_one_size() {
    let folder = TempDir::new().unwrap();
    for i in [10u32, 9, 1, 2, 100] {
        let mut rgb = picture(20, 12);
        rgb.put_pixel(0, 0, image::Rgb([i as u8; 3]));
        rgb.save(folder.path().join(format!("f{i}.png"))).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "not a picture").unwrap();
    fs::write(folder.path().join(".hidden.png"), "not a picture").unwrap();
    fs::create_dir(folder.path().join("z.png")).unwrap();
    let frames = all(folder.path()).unwrap();
    let order: Vec<u8> = frames.iter().map(|f| f.data()[0]).collect();
    assert_eq!(order, [1, 2, 9, 10, 100]);
    picture(21, 12).save(folder.path().join("f11.png")).unwrap();
    let error = all(folder.path()).unwrap_err();
    for word in ["f11.png", "21x12", "20x12"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

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
        assert_eq!(rest(source.as_mut()).unwrap().len(), 12, "{name}");
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
fn irregular_times_do_not_drop_or_double_frames() {
    let folder = TempDir::new().unwrap();
    // Nearly regular, as phones write them: each picture comes out once.
    let path = folder.path().join("phone.mkv");
    let jitter = "-f lavfi -i testsrc2=s=160x120:r=30 -frames:v 60 -vf settb=1/1000,setpts=N*33+mod(N\\,3)*2";
    if !ffmpeg(&format!("{jitter} -vsync passthrough -c:v ffv1"), &path) {
        return;
    }
    assert_eq!(all(&path).unwrap().len(), 60);
    // Strongly irregular: a picture that stood for half a second fills that time.
    let path = folder.path().join("screen.mp4");
    let gaps =
        "-f lavfi -i testsrc2=s=160x120:r=30 -frames:v 30 -vf settb=1/1000,setpts=N*33+gte(N\\,15)*2000";
    assert!(ffmpeg(&format!("{gaps} -vsync passthrough -pix_fmt yuv420p -c:v libx264"), &path));
    let mut source = source::open(&path).unwrap();
    let rate = source.info().rate.per_second();
    let seconds = rest(source.as_mut()).unwrap().len() as f64 / rate;
    assert!((seconds - 3.0).abs() < 0.3, "{seconds} s at {rate} a second");
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
    refused(&make("text.txt", b"hello there"), ErrorKind::Damaged, &["ffprobe", "Invalid data"]);
    refused(&make("-n.mp4", b"hello there"), ErrorKind::Damaged, &["ffprobe", "Invalid data"]);
    let bytes = fs::read(&good).unwrap();
    refused(&make("cut.mp4", &bytes[..bytes.len() / 2]), ErrorKind::Damaged, &["ffprobe", "moov atom"]);
    let sound = folder.path().join("sound.m4a");
    assert!(ffmpeg("-f lavfi -i sine -t 0.2 -c:a aac", &sound));
    refused(&sound, ErrorKind::Unsupported, &["no video"]);
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
