use super::*;
use mozjpeg::Compress;

/// A JPEG of a smooth colour picture; `sampling` is the chroma pixel size across and down.
fn encoded(width: usize, height: usize, sampling: (u8, u8), grey: bool) -> Vec<u8> {
    encoded_as(width, height, sampling, grey, false)
}

fn encoded_as(width: usize, height: usize, sampling: (u8, u8), grey: bool, baseline: bool) -> Vec<u8> {
    let space = if grey { ColorSpace::JCS_GRAYSCALE } else { ColorSpace::JCS_RGB };
    let mut jpeg = Compress::new(space);
    jpeg.set_size(width, height);
    if baseline {
        jpeg.set_fastest_defaults();
    }
    jpeg.set_quality(95.0);
    if !grey {
        jpeg.set_color_space(ColorSpace::JCS_YCbCr);
        jpeg.set_chroma_sampling_pixel_sizes(sampling, sampling);
    }
    let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
    let rgb = smooth(width, height);
    if grey {
        jpeg.write_scanlines(&rgb.chunks(3).map(|p| p[0]).collect::<Vec<_>>()).unwrap();
    } else {
        jpeg.write_scanlines(&rgb).unwrap();
    }
    jpeg.finish().unwrap()
}

fn smooth(width: usize, height: usize) -> Vec<u8> {
    (0..width * height)
        .flat_map(|i| {
            let (x, y) = ((i % width) as f32 / width as f32, (i / width) as f32 / height as f32);
            [40.0 + 180.0 * x, 40.0 + 180.0 * y, 200.0 - 100.0 * x * y].map(|v| v as u8)
        })
        .collect()
}

fn worst(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// Puts an EXIF segment with an orientation behind the start marker.
fn with_orientation(jpeg: &[u8], value: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([value, 0, 0, 0, 0, 0, 0]);
    let length = (exif.len() as u16 + 2).to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

#[test]
fn native_planes_follow_the_sampling_at_every_size() {
    let mut decoder = JpegDecoder::default();
    for (width, height) in [(1, 1), (2, 3), (16, 16), (17, 33), (45, 31), (161, 121)] {
        for (sampling, format) in [
            ((1, 1), PixelFormat::I444),
            ((2, 1), PixelFormat::I422),
            ((2, 2), PixelFormat::I420),
            ((1, 2), PixelFormat::Rgb),
            ((4, 1), PixelFormat::Rgb),
        ] {
            let frame = decoder.decode(&encoded(width, height, sampling, false), true).unwrap();
            let what = format!("{width}x{height} {sampling:?}");
            assert_eq!((frame.format(), frame.colour()), (format, Colour::JPEG), "{what}");
            assert_eq!((frame.width(), frame.height()), (width as u32, height as u32), "{what}");
            let off = worst(&frame.to_rgb(), &smooth(width, height));
            // Few pixels hold the whole gradient in the small ones, so chroma is coarse there.
            assert!(off < if width > 40 { 12 } else { 140 }, "{what}: off by {off}");
        }
        let frame = decoder.decode(&encoded(width, height, (1, 1), true), true).unwrap();
        assert_eq!(frame.format(), PixelFormat::I420);
        assert!(frame.plane(1).iter().chain(frame.plane(2)).all(|&v| v == 128));
        let red: Vec<u8> = smooth(width, height).into_iter().step_by(3).collect();
        assert!(worst(frame.plane(0), &red) < 6);
    }
}

#[test]
fn planes_agree_with_another_decoder() {
    let bytes = encoded(203, 117, (2, 2), false);
    let ours = JpegDecoder::default().decode(&bytes, true).unwrap().to_rgb();
    let other = image::load_from_memory(&bytes).unwrap().into_rgb8().into_raw();
    assert!(worst(&ours, &other) <= 3, "{}", worst(&ours, &other));
}

#[test]
fn printers_inks_become_rgb() {
    for (inks, want) in
        [([255, 255, 255, 255], [255; 3]), ([0, 255, 255, 255], [0, 255, 255]), ([255, 255, 255, 0], [0; 3])]
    {
        let mut jpeg = Compress::new(ColorSpace::JCS_CMYK);
        jpeg.set_size(24, 16);
        let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
        jpeg.write_scanlines(&inks.repeat(24 * 16)).unwrap();
        let frame = JpegDecoder::default().decode(&jpeg.finish().unwrap(), true).unwrap();
        assert_eq!((frame.format(), frame.width(), frame.height()), (PixelFormat::Rgb, 24, 16));
        assert!(worst(&frame.data()[..3], &want) <= 3, "{inks:?}: {:?}", &frame.data()[..3]);
    }
}

#[test]
fn pictures_without_their_tables_take_the_standard_ones() {
    // Webcams leave the Huffman tables out.
    let mut whole = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut whole, 90);
    RgbImage::from_raw(64, 48, smooth(64, 48)).unwrap().write_with_encoder(encoder).unwrap();
    let mut bare = whole.clone();
    while let Some(at) = bare.windows(2).position(|w| w == [0xff, 0xc4]) {
        let length = usize::from(u16::from_be_bytes([bare[at + 2], bare[at + 3]]));
        bare.drain(at..at + 2 + length);
    }
    assert!(bare.len() + 300 < whole.len());
    let mut decoder = JpegDecoder::default();
    assert_eq!(decoder.decode(&bare, true).unwrap(), decoder.decode(&whole, true).unwrap());
}

#[test]
fn orientation_is_applied_when_asked_for() {
    let plain = encoded(60, 30, (2, 2), false);
    let mut decoder = JpegDecoder::default();
    for value in 1..=8 {
        let bytes = with_orientation(&plain, value);
        let frame = decoder.decode(&bytes, true).unwrap();
        let mut want = DynamicImage::ImageRgb8(
            RgbImage::from_raw(60, 30, decoder.decode(&plain, true).unwrap().to_rgb()).unwrap(),
        );
        want.apply_orientation(Orientation::from_exif(value).unwrap());
        assert_eq!((frame.width(), frame.height()), (want.width(), want.height()), "{value}");
        assert!(worst(&frame.to_rgb(), want.as_bytes()) <= 3, "{value}");
        let clip = decoder.decode(&bytes, false).unwrap();
        assert_eq!((clip.format(), clip.width()), (PixelFormat::I420, 60), "{value}");
    }
}

#[test]
fn a_scan_that_ends_early_is_no_picture_but_a_grey_one_is() {
    let mut decoder = JpegDecoder::default();
    for (baseline, grey) in [(true, false), (true, true), (false, false), (false, true)] {
        let whole = encoded_as(320, 240, (2, 2), grey, baseline);
        assert_eq!(whole::check_passes(&whole), Ok(!baseline));
        assert!(decoder.decode(&whole, true).is_ok());
        for keep in [whole.len() / 3, whole.len() / 2, whole.len() * 9 / 10] {
            let mut cut = whole[..keep].to_vec();
            cut.extend([0xff, 0xd9]);
            let what = format!("kept {keep} of {}, baseline {baseline}, grey {grey}", whole.len());
            assert!(matches!(decoder.decode(&cut, true), Err(JpegFault::Short)), "{what}");
        }
    }
    let mut jpeg = Compress::new(ColorSpace::JCS_GRAYSCALE);
    jpeg.set_size(64, 64);
    let mut jpeg = jpeg.start_compress(Vec::new()).unwrap();
    jpeg.write_scanlines(&[128; 64 * 64]).unwrap();
    assert!(decoder.decode(&jpeg.finish().unwrap(), true).is_ok());
}

/// Puts scans without data before the end marker: each costs a few bytes, and a whole pass over the picture.
fn with_empty_scans(jpeg: &[u8], count: usize) -> Vec<u8> {
    let (body, end) = jpeg.split_at(jpeg.len() - 2);
    let sof = jpeg.windows(2).position(|w| w[0] == 0xff && matches!(w[1], 0xc0 | 0xc2)).unwrap();
    let scan = [0xff, 0xda, 0, 8, 1, jpeg[sof + 10], 0, 1, 5, 0];
    [body, &scan.repeat(count), end].concat()
}

#[test]
fn more_scans_than_any_camera_makes_are_refused_before_they_are_decoded() {
    let mut decoder = JpegDecoder::default();
    for baseline in [false, true] {
        let whole = encoded_as(64, 48, (2, 2), false, baseline);
        let many = decoder.decode(&with_empty_scans(&whole, 1200), false);
        assert!(matches!(many, Err(JpegFault::Gap(Gap::Passes { scans: 1001 }))), "{many:?}");
        // What stands behind the picture is none of its scans.
        let behind = [&whole[..], &with_empty_scans(&whole, 1200)].concat();
        assert!(decoder.decode(&behind, false).is_ok());
    }
    // Of a large picture few are too many.
    let mut large = encoded_as(64, 48, (2, 2), false, false);
    let sof = large.windows(2).position(|w| w == [0xff, 0xc2]).unwrap();
    large[sof + 5..sof + 9].copy_from_slice(&[0x20, 0, 0x20, 0]);
    assert_eq!(whole::check_passes(&large), Ok(true));
    let many = whole::check_passes(&with_empty_scans(&large, 100));
    assert!(matches!(many, Err(Gap::Passes { scans: 90..110 })), "{many:?}");
}

#[test]
fn a_photo_without_tables_may_have_no_more_scans_either() {
    let mut bare = encoded_as(64, 48, (2, 2), false, true);
    while let Some(at) = bare.windows(2).position(|w| w == [0xff, 0xc4]) {
        let length = usize::from(u16::from_be_bytes([bare[at + 2], bare[at + 3]]));
        bare.drain(at..at + 2 + length);
    }
    let photo = JpegDecoder::default().photo(&with_empty_scans(&bare, 1200), true, Frame::MAX_SIDE);
    assert!(matches!(photo, Err(JpegFault::Gap(Gap::Passes { .. }))), "{photo:?}");
}

#[test]
fn nonsense_and_giants_are_refused() {
    let mut decoder = JpegDecoder::default();
    for bytes in [&b""[..], b"hello", &[0xff, 0xd8, 0xff, 0xd9], &[0xff, 0xd8]] {
        assert!(matches!(decoder.decode(bytes, true), Err(JpegFault::Library(_))), "{bytes:?}");
    }
    let mut giant = encoded(16, 16, (2, 2), false);
    let sof = giant.windows(2).position(|w| w[0] == 0xff && matches!(w[1], 0xc0 | 0xc2)).unwrap();
    giant[sof + 5..sof + 9].copy_from_slice(&[0x20, 0x01, 0x00, 0x10]);
    let refused = decoder.decode(&giant, true);
    assert!(matches!(refused, Err(JpegFault::Size { width: 16, height: 8193 })), "{refused:?}");
}

proptest::proptest! {
    #[test]
    fn damage_never_panics(at in 2usize..600, value: u8, keep in 0usize..700) {
        let mut bytes = encoded(48, 40, (2, 2), false);
        let last = bytes.len() - 1;
        bytes[at.min(last)] = value;
        bytes.truncate(keep.max(4));
        // A changed size could ask for a large picture; the frame type bounds it.
        drop(JpegDecoder::default().decode(&bytes, true));
    }
}

#[test]
fn frames_of_one_size_share_memory() {
    let pool = Pool::new();
    let mut decoder = JpegDecoder::with_pool(pool.clone());
    let pictures = [((2, 2), false), ((2, 1), false), ((4, 1), false), ((1, 1), true)]
        .map(|(sampling, grey)| encoded(161, 121, sampling, grey));
    for picture in &pictures {
        decoder.decode(picture, false).unwrap();
    }
    let warm = pool.stats().created;
    for picture in pictures.iter().cycle().take(40) {
        decoder.decode(picture, false).unwrap();
    }
    // One buffer is enough: it has grown to the largest picture, and each frame was dropped in time.
    assert_eq!((pool.stats().created, pool.stats().out), (warm, 0));
}
