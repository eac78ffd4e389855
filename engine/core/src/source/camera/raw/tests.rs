use super::*;
use crate::frame::{Matrix, Range};
use proptest::prelude::*;

const COLOUR: Colour = Colour { matrix: Matrix::Bt601, range: Range::Limited };

fn layout(format: RawFormat, width: u32, height: u32, stride: u32) -> RawLayout {
    RawLayout { format, width, height, stride, colour: COLOUR }
}

/// Two by two pixels, Y 1..=4, Cb 5 (6 in the lower row where there is one), Cr 7 (8).
const PACKED: [(RawFormat, [u8; 8]); 4] = [
    (RawFormat::Yuyv, [1, 5, 2, 7, 3, 6, 4, 8]),
    (RawFormat::Uyvy, [5, 1, 7, 2, 6, 3, 8, 4]),
    (RawFormat::Yvyu, [1, 7, 2, 5, 3, 8, 4, 6]),
    (RawFormat::Vyuy, [7, 1, 5, 2, 8, 3, 6, 4]),
];

#[test]
fn every_order_of_samples_becomes_the_frames_own() {
    let pool = Pool::new();
    let made = |format, bytes: &[u8]| layout(format, 2, 2, 0).frame(bytes, &pool).unwrap();
    for (format, bytes) in PACKED {
        assert_eq!(made(format, &bytes).data(), PACKED[0].1, "{format:?}");
    }
    let planar = [1, 2, 3, 4, 5, 7];
    for (format, bytes) in [
        (RawFormat::I420, &[1, 2, 3, 4, 5, 7]),
        (RawFormat::Yv12, &[1, 2, 3, 4, 7, 5]),
        (RawFormat::Nv12, &[1, 2, 3, 4, 5, 7]),
        (RawFormat::Nv21, &[1, 2, 3, 4, 7, 5]),
    ] {
        let frame = made(format, bytes);
        assert_eq!((frame.data(), frame.colour()), (&planar[..], COLOUR), "{format:?}");
    }
    assert_eq!(made(RawFormat::I422, &[1, 2, 3, 4, 5, 6, 7, 8]).data(), [1, 2, 3, 4, 5, 6, 7, 8]);
    let rgb = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120];
    let bgr = [30, 20, 10, 60, 50, 40, 90, 80, 70, 120, 110, 100];
    assert_eq!(made(RawFormat::Rgb, &rgb).data(), rgb);
    assert_eq!(made(RawFormat::Bgr, &bgr).data(), rgb);
    let bgrx = [30, 20, 10, 0, 60, 50, 40, 9, 90, 80, 70, 0, 120, 110, 100, 0];
    assert_eq!(made(RawFormat::Bgrx, &bgrx).to_rgb(), rgb);
    assert!(made(RawFormat::Bgrx, &bgrx).data().iter().skip(3).step_by(4).all(|a| *a == 255));
    let grey = made(RawFormat::Grey, &[0, 255, 9, 100]);
    assert_eq!((grey.data(), grey.colour()), (&[0, 255, 9, 100, 128, 128][..], Colour::JPEG));
}

/// A buffer in which every sample is known and all padding is 0xee.
fn padded(format: RawFormat, width: u32, height: u32, pad: usize) -> (RawLayout, Vec<u8>, Vec<u8>) {
    let tight = layout(format, width, height, 0);
    let (parts, count) = tight.parts();
    let pad = pad * 2;
    let stride = parts[0].stride + pad;
    let wide = layout(format, width, height, stride as u32);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for (n, part) in parts[..count].iter().enumerate() {
        for y in 0..part.rows {
            let row = (0..part.stride).map(|x| (x * 7 + y * 13 + n * 31) as u8);
            with.extend(row.clone());
            with.resize(with.len() + if n == 0 || part.row == parts[0].row { pad } else { pad / 2 }, 0xee);
            without.extend(row);
        }
    }
    (wide, with, without)
}

#[test]
fn padding_is_left_out() {
    let pool = Pool::new();
    for format in RawFormat::all() {
        for (width, height) in [(2, 2), (6, 4), (16, 10)] {
            for pad in [1, 3, 16] {
                let (wide, with, without) = padded(format, width, height, pad);
                let tight = layout(format, width, height, 0).frame(&without, &pool).unwrap();
                assert_eq!(wide.frame(&with, &pool).unwrap(), tight, "{format:?} {width}x{height} +{pad}");
                // The padding behind the last row need not be there.
                let last = with.iter().rev().take_while(|b| **b == 0xee).count();
                assert_eq!(wide.frame(&with[..with.len() - last], &pool).unwrap(), tight);
                let short = wide.frame(&with[..with.len() - last - 1], &pool);
                assert!(matches!(short, Err(RawFault::Short { .. })), "{format:?}: {short:?}");
            }
        }
    }
}

#[test]
fn frames_of_one_size_share_memory() {
    let pool = Pool::new();
    let bytes = vec![90; 64 * 48 * 4];
    for format in RawFormat::all().chain(RawFormat::all()).chain(RawFormat::all()) {
        layout(format, 64, 48, 0).frame(&bytes, &pool).unwrap();
    }
    assert!(pool.stats().created <= 3, "{:?}", pool.stats());
    assert_eq!(pool.stats().out, 0);
}

#[test]
fn sizes_out_of_range_are_refused() {
    for (width, height) in [(0, 8), (8, 0), (1, 8), (8194, 2), (u32::MAX, u32::MAX)] {
        let made = layout(RawFormat::Yuyv, width, height, u32::MAX).frame(&[0; 64], &Pool::new());
        assert!(matches!(made, Err(RawFault::Frame(_))), "{width}x{height}: {made:?}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(
        place in 0usize..13,
        (width, height, stride) in (0u32..70, 0u32..40, prop_oneof![0u32..400, any::<u32>()]),
        bytes in prop::collection::vec(any::<u8>(), 0..9000),
    ) {
        let format = RawFormat::all().nth(place).unwrap();
        let layout = layout(format, width, height, stride);
        if let Ok(frame) = layout.frame(&bytes, &Pool::new()) {
            prop_assert_eq!((frame.width(), frame.height()), layout.size());
            prop_assert_eq!(frame.format(), format.pixel_format());
        }
    }
}
