//! Pictures of every kind, read for a run and for a persona: one verdict for both.

use std::fs;
use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use moxcms::ColorProfile;
use mozjpeg::{ColorSpace, Compress};
use tempfile::TempDir;

use omote_files::source::{self, PictureFault, decode_picture as decode, read_picture};
use omote_frame::{Frame, PixelFormat};

use crate::{PHOTO_SIDE, PersonaError, Picture};

/// A picture with something everywhere: a cut shows.
fn busy(width: u32, height: u32) -> RgbImage {
    let mut chance = fastrand::Rng::with_seed(1);
    RgbImage::from_fn(width, height, |x, y| {
        let noise = chance.u8(..32);
        Rgb([(x * 2) as u8 / 2 + noise, (y * 2) as u8 / 2 + noise, ((x + y) / 2) as u8 / 2 + noise])
    })
}

/// A JPEG, in several scans where it is to be, with restart markers every so many units where asked for.
fn jpeg(picture: &RgbImage, progressive: bool, sampling: u8) -> Vec<u8> {
    let mut jpeg = Compress::new(ColorSpace::JCS_RGB);
    jpeg.set_size(picture.width() as usize, picture.height() as usize);
    if progressive {
        jpeg.set_progressive_mode();
    } else {
        jpeg.set_fastest_defaults();
    }
    jpeg.set_quality(88.0);
    jpeg.set_color_space(ColorSpace::JCS_YCbCr);
    jpeg.set_chroma_sampling_pixel_sizes((sampling, sampling), (sampling, sampling));
    let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
    jpeg.write_scanlines(picture.as_raw()).unwrap();
    jpeg.finish().unwrap()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read_bytes(bytes: &[u8]) -> Result<Frame, PictureFault> {
    decode(bytes, None, Frame::MAX_SIDE, true)
}

/// The verdicts of both ways in, which must be one.
fn taken(bytes: &[u8], what: &str) -> bool {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("photo.bin");
    fs::write(&path, bytes).unwrap();
    let (run, persona) = (read_picture(&path), Picture::read(&path, PHOTO_SIDE));
    let package = Picture::decode(bytes, "photo.bin", PHOTO_SIDE);
    let verdict = run.is_ok();
    assert_eq!(
        (persona.is_ok(), package.is_ok()),
        (verdict, verdict),
        "{what}: {run:?} {persona:?} {package:?}"
    );
    verdict
}

#[test]
fn a_cut_picture_is_damaged_whoever_reads_it() {
    let picture = busy(200, 160);
    let dynamic = DynamicImage::ImageRgb8(picture.clone());
    let files = [
        ("baseline", jpeg(&picture, false, 2)),
        ("4:4:4", jpeg(&picture, false, 1)),
        ("progressive", jpeg(&picture, true, 2)),
        ("png", encoded(&dynamic, ImageFormat::Png)),
        ("webp", encoded(&dynamic, ImageFormat::WebP)),
        ("bmp", encoded(&dynamic, ImageFormat::Bmp)),
        ("tiff", encoded(&dynamic, ImageFormat::Tiff)),
    ];
    for (name, whole) in files {
        assert!(taken(&whole, name), "{name}");
        for part in [40, 60, 90, 98] {
            let keep = whole.len() * part / 100;
            let cut = &whole[..keep];
            assert!(!taken(cut, name), "{name} cut at {part} %");
            if name != "bmp" && name != "tiff" {
                let zeros = [cut, &vec![0; whole.len() - keep]].concat();
                assert!(!taken(&zeros, name), "{name} zeros from {part} % on");
            }
            if whole.starts_with(&[0xff, 0xd8]) {
                let marked = [cut, &[0xff, 0xd9]].concat();
                assert!(!taken(&marked, name), "{name} cut at {part} %, with an end marker");
                let next = [cut, &whole].concat();
                assert!(!taken(&next, name), "{name} cut at {part} %, another one behind it");
            }
        }
    }
}

#[test]
fn a_missing_end_marker_alone_is_no_damage() {
    let picture = busy(120, 88);
    for progressive in [false, true] {
        let whole = jpeg(&picture, progressive, 2);
        let bare = whole.strip_suffix(&[0xff, 0xd9]).unwrap();
        assert!(taken(bare, "without its end marker"), "progressive: {progressive}");
        assert_eq!(read_bytes(bare).unwrap().data(), read_bytes(&whole).unwrap().data());
        // What stands behind a picture is nobody's business.
        let more = [&whole[..], b"a video that a phone puts behind a photo"].concat();
        assert!(taken(&more, "with something behind it"));
    }
    let png = encoded(&DynamicImage::ImageRgb8(picture), ImageFormat::Png);
    for less in [1, 4, 8, 12] {
        assert!(taken(&png[..png.len() - less], "png without its last bytes"), "{less}");
    }
}

#[test]
fn a_hole_in_a_jpeg_is_damage() {
    let picture = busy(320, 240);
    for progressive in [false, true] {
        let whole = jpeg(&picture, progressive, 2);
        for at in [whole.len() / 3, whole.len() / 2, whole.len() * 3 / 4] {
            let mut hole = whole.clone();
            hole[at..at + 900].fill(0);
            assert!(!taken(&hole, "a hole"), "progressive {progressive}, hole at {at} of {}", whole.len());
        }
    }
}

#[test]
fn flat_and_small_pictures_are_whole() {
    for (width, height) in [(1, 1), (7, 9), (8, 8), (17, 33), (64, 64), (333, 77)] {
        for value in [0u8, 128, 255] {
            let flat = RgbImage::from_pixel(width, height, Rgb([value; 3]));
            for progressive in [false, true] {
                for sampling in [1, 2] {
                    let whole = jpeg(&flat, progressive, sampling);
                    let what = format!("{width}x{height} of {value}, progressive {progressive}, {sampling}");
                    assert!(taken(&whole, &what), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_jpeg_with_endless_passes_is_refused_at_once() {
    let whole = jpeg(&busy(64, 64), true, 2);
    let scan = whole.windows(2).rposition(|w| w == [0xff, 0xda]).unwrap();
    let last = &whole[scan..whole.len() - 2];
    let mut bomb = whole[..whole.len() - 2].to_vec();
    for _ in 0..20_000 {
        bomb.extend(last);
    }
    bomb.extend([0xff, 0xd9]);
    let begun = std::time::Instant::now();
    assert!(!taken(&bomb, "20,000 passes"));
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// A JPEG with a profile in its segments.
fn with_profile(jpeg: &[u8], icc: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    let half = icc.len() / 2;
    // Out of order, as some programs write them.
    for (number, part) in [(2u8, &icc[half..]), (1, &icc[..half])] {
        out.extend([0xff, 0xe2]);
        out.extend((part.len() as u16 + 16).to_be_bytes());
        out.extend(b"ICC_PROFILE\0");
        out.extend([number, 2]);
        out.extend(part);
    }
    out.extend(&jpeg[2..]);
    out
}

/// A PNG with a profile.
fn png_with_profile(rgba: &RgbaImage, icc: Vec<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut info = png::Info::with_size(rgba.width(), rgba.height());
    info.icc_profile = Some(icc.into());
    info.color_type = png::ColorType::Rgba;
    info.bit_depth = png::BitDepth::Eight;
    let writer = png::Encoder::with_info(&mut bytes, info).unwrap();
    writer.write_header().unwrap().write_image_data(rgba.as_raw()).unwrap();
    bytes
}

#[test]
fn colour_profiles_are_honoured_by_every_reader() {
    // The same colour by three profiles: what stands in the file, and what it is in sRGB.
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    let adobe = ColorProfile::new_adobe_rgb().encode().unwrap();
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    let cases = [
        ("P3", p3, [200, 100, 80], [216, 95, 73]),
        ("Adobe", adobe, [200, 100, 80], [228, 100, 78]),
        ("sRGB", srgb, [200, 100, 80], [200, 100, 80]),
    ];
    for (name, icc, stored, want) in cases {
        let flat = RgbImage::from_pixel(32, 32, Rgb(stored));
        let files = [
            ("jpeg", with_profile(&jpeg(&flat, false, 2), &icc)),
            ("png", png_with_profile(&DynamicImage::ImageRgb8(flat.clone()).into_rgba8(), icc.clone())),
        ];
        for (kind, bytes) in files {
            let frame = read_bytes(&bytes).unwrap();
            let seen = &frame.to_rgb()[..3];
            let off = seen.iter().zip(want).map(|(a, b): (&u8, u8)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 4, "{name} {kind}: {seen:?} for {want:?}");
            let photo = Picture::decode(&bytes, "x", PHOTO_SIDE).unwrap();
            let off = photo.rgba().iter().take(3).zip(want).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 4, "{name} {kind} persona");
            // What is sRGB already keeps its planes.
            let planes = name == "sRGB" && kind == "jpeg";
            assert_eq!(frame.format() == PixelFormat::I420, planes, "{name} {kind}");
        }
    }
    // A damaged profile is none.
    let odd = with_profile(&jpeg(&busy(32, 32), false, 2), &[7; 600]);
    assert_eq!(read_bytes(&odd).unwrap().format(), PixelFormat::I420);
}

#[test]
fn grey_deep_and_palette_pictures_come_with_their_alpha() {
    let deep = image::ImageBuffer::from_fn(9, 4, |x, _| image::LumaA([(x * 7000) as u16, 40_000u16]));
    let frame = read_bytes(&encoded(&DynamicImage::ImageLumaA16(deep), ImageFormat::Png)).unwrap();
    assert_eq!((frame.format(), &frame.data()[4..8]), (PixelFormat::Bgra, &[27, 27, 27, 156][..]));
    // A palette with a transparent entry.
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 4, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(vec![255, 0, 0, 0, 255, 0, 0, 0, 255]);
    encoder.set_trns(vec![255, 0]);
    encoder.write_header().unwrap().write_image_data(&[0b00_01_10_00]).unwrap();
    let frame = read_bytes(&bytes).unwrap();
    assert_eq!(frame.data(), [0, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 255]);
}

#[test]
fn what_was_cut_away_is_gone() {
    let cut_out =
        RgbaImage::from_fn(8, 8, |x, y| Rgba([250, 120, 60, if (x + y) % 2 == 0 { 0 } else { 255 }]));
    let bytes = encoded(&DynamicImage::ImageRgba8(cut_out), ImageFormat::Png);
    let frame = read_bytes(&bytes).unwrap();
    assert!(frame.data().chunks(4).all(|p| p[3] == 255 || p == [0; 4]));
    assert_eq!(frame.over([0, 0, 0]).data()[..6], [0, 0, 0, 250, 120, 60]);
    assert_eq!(frame.over([1, 2, 3]).data()[..6], [1, 2, 3, 250, 120, 60]);
    let half = RgbaImage::from_pixel(2, 2, Rgba([200, 100, 0, 128]));
    let frame = read_bytes(&encoded(&DynamicImage::ImageRgba8(half), ImageFormat::Png)).unwrap();
    assert_eq!(frame.over([0; 3]).data()[..3], [100, 50, 0]);
    assert_eq!(frame.over([255; 3]).data()[..3], [227, 177, 127]);
    let photo = Picture::decode(&bytes, "x", PHOTO_SIDE).unwrap();
    assert_eq!(photo.frame().unwrap().data()[..6], [0, 0, 0, 250, 120, 60]);
}

#[test]
fn other_kinds_are_named_for_what_they_are() {
    let folder = TempDir::new().unwrap();
    let heic = [&[0, 0, 0, 24][..], b"ftypheic\0\0\0\0mif1heic", &[0; 64]].concat();
    let cases: [(&str, &[u8], &[&str]); 8] = [
        ("me.heic", &heic, &["HEIC", "save it as JPEG", "iPhone"]),
        ("me.jpg", &heic, &["HEIC", "save it as JPEG"]),
        ("me.nef", b"MM\0*\0\0\0\x08\0\0", &["raw camera", "export it as JPEG"]),
        ("me.cr2", b"II*\0\x10\0\0\0CR\x02\0", &["raw camera"]),
        ("me.pdf", b"%PDF-1.7\n", &["PDF", "export the page"]),
        ("me.svg", b"<?xml version='1.0'?><svg xmlns='x'/>", &["SVG", "PNG"]),
        ("me.psd", b"8BPS\0\x01\0\0\0\0\0\0", &["Photoshop", "save it as JPEG"]),
        ("me.ico", &[0, 0, 1, 0, 1, 0, 16, 16], &["icon"]),
    ];
    for (name, bytes, words) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let run = source::open(&path).map(|_| ()).unwrap_err().to_string();
        let persona = Picture::read(&path, PHOTO_SIDE).unwrap_err().to_string();
        for word in words {
            assert!(run.contains(word), "{name}: {run}");
            assert!(persona.contains(word), "{name}: {persona}");
        }
        assert!(run.ends_with(&path.display().to_string()) && !run.contains("moov"), "{run}");
    }
    let text = Picture::decode(b"hello there, this is text", "x.txt", PHOTO_SIDE).unwrap_err();
    assert!(matches!(&text, PersonaError::NotAPicture { .. }), "{text}");
    assert!(text.to_string().contains("this is no picture"), "{text}");
}

#[test]
fn printers_colours_go_by_their_profile_too() {
    let mut jpeg = Compress::new(ColorSpace::JCS_CMYK);
    jpeg.set_size(16, 16);
    let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
    jpeg.write_scanlines(&[0, 255, 255, 255].repeat(256)).unwrap();
    let bytes = jpeg.finish().unwrap();
    let frame = read_bytes(&bytes).unwrap();
    assert_eq!(frame.format(), PixelFormat::Rgb);
    // A profile of another number of inks is none.
    let odd = with_profile(&bytes, &ColorProfile::new_display_p3().encode().unwrap());
    assert_eq!(read_bytes(&odd).unwrap().data(), frame.data());
}
