//! Clips, pictures and folders, and bad input of each kind.

use std::fs;

use omote_engine::error::ErrorKind;
use omote_engine::frame::{Colour, PixelFormat};
use omote_engine::source::{self, Options, Rate, SourceKind};
use tempfile::TempDir;

use crate::given::{all, media, refused, rest};

/// A picture in which every row and column differs.
fn picture(width: u32, height: u32) -> image::RgbImage {
    image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x * 3) as u8, (y * 5) as u8, (x + y) as u8]))
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
    let mut source = source::open_with(&path, &Options { rate, ..Options::default() }).unwrap();
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
fn a_clip_whose_pictures_change_size_is_fitted_into_the_first() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("sizes.mjpeg");
    let mut bytes = Vec::new();
    for (width, height) in [(32, 32), (64, 64), (64, 32), (32, 32)] {
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut bytes);
        let grey = image::RgbImage::from_pixel(width, height, image::Rgb([180; 3]));
        grey.write_with_encoder(encoder).unwrap();
    }
    fs::write(&path, bytes).unwrap();
    let frames = all(&path).unwrap();
    assert_eq!(frames.len(), 4);
    for (i, frame) in frames.iter().enumerate() {
        let rgb = frame.to_rgb();
        let at = |x: usize, y: usize| rgb[(y * 32 + x) * 3];
        let above = if i == 2 { 0u8 } else { 180 };
        assert!(
            at(16, 16).abs_diff(180) < 6 && at(16, 1).abs_diff(above) < 6,
            "{i}: {} {}",
            at(16, 16),
            at(16, 1)
        );
    }
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
            let alpha = (x * y) as u8;
            // What is transparent has no colour of its own.
            image::Rgba(if alpha == 0 { [0; 4] } else { [9, x as u8, y as u8, alpha] })
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
            &[expected, "the file is text"],
        );
    }
    refused(&make("only.jpg", &[0xff, 0xd8, 0xff, 0xe0]), ErrorKind::Damaged, &["damaged"]);
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
fn a_folder_is_read_in_number_order_and_other_sizes_are_fitted_or_kept() {
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
    picture(40, 12).save(folder.path().join("f11.png")).unwrap();
    let rgba = image::RgbaImage::from_pixel(20, 12, image::Rgba([200, 90, 30, 0]));
    rgba.save(folder.path().join("f12.png")).unwrap();
    let mut jpeg = Vec::new();
    picture(20, 12).write_with_encoder(image::codecs::jpeg::JpegEncoder::new(&mut jpeg)).unwrap();
    // The ending is not the content's.
    fs::write(folder.path().join("f13.png"), jpeg).unwrap();
    let frames = all(folder.path()).unwrap();
    assert_eq!(frames.len(), 8);
    assert!(frames.iter().all(|f| (f.width(), f.height(), f.format()) == (20, 12, PixelFormat::Rgb)));
    // As wide as it goes, black above and below; what is transparent is black.
    let row = |f: usize, y: usize| &frames[f].data()[y * 60..y * 60 + 60];
    assert!(row(4, 0) == [0; 60] && row(4, 6) != [0; 60] && row(4, 11) == [0; 60]);
    assert!(frames[5].data().iter().all(|v| *v == 0));
    let options = Options { own_sizes: true, background: Some([1, 2, 3]), ..Options::default() };
    let mut kept = source::open_with(folder.path(), &options).unwrap();
    let frames: Vec<_> = std::iter::from_fn(|| kept.next().unwrap()).collect();
    assert_eq!((frames[4].width(), frames[4].height()), (40, 12));
    assert_eq!(frames[5].data()[..3], [1, 2, 3]);
    assert!(frames[6].format().is_yuv());
}
