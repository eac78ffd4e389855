use super::super::Colour;
use super::*;
use crate::space::ImagePx;

/// Plainly, in doubles: the mean of the block round each of the four neighbours, then bilinear.
fn plain(f: &Frame, p: Vec2, k: usize, channel: usize) -> f64 {
    let (w, h) = (f.width() as usize / k, f.height() as usize / k);
    let block = |x: f64, y: f64| {
        let x = x.clamp(0.0, w as f64 - 1.0) as usize;
        let y = y.clamp(0.0, h as f64 - 1.0) as usize;
        let all = (0..k * k).map(|i| ((y * k + i / k) * f.width() as usize + x * k + i % k) * 3 + channel);
        all.map(|i| f64::from(f.plane(0)[i])).sum::<f64>() / (k * k) as f64
    };
    let scale = |v: f32| (f64::from(v) + 0.5) / k as f64 - 0.5;
    let (x, y) = (scale(p.x).clamp(0.0, w as f64 - 1.0), scale(p.y).clamp(0.0, h as f64 - 1.0));
    let (x0, y0) = (x.floor(), y.floor());
    let (fx, fy) = (x - x0, y - y0);
    let top = block(x0, y0) * (1.0 - fx) + block(x0 + 1.0, y0) * fx;
    top * (1.0 - fy) + (block(x0, y0 + 1.0) * (1.0 - fx) + block(x0 + 1.0, y0 + 1.0) * fx) * fy
}

#[test]
fn the_fast_rows_match_the_plain_formula() {
    // Noise: neighbours have nothing in common.
    let data: Vec<u8> = (0..96 * 72 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let f = Frame::new(PixelFormat::Rgb, Colour::default(), 96, 72, data).unwrap();
    for (x, y, side, angle) in [(48.0, 36.0, 40.0, 0.5), (48.3, 35.2, 30.0, 0.0), (10.0, 60.0, 50.0, -2.0)] {
        for k in [1, 2, 4] {
            let square = CropSquare { centre: ImagePx(Vec2::new(x, y)), side, angle };
            let spec = CropSpec { taps: k, scale: 255.0, ..CropSpec::new(square, 24) };
            let mut out = vec![0.0; 3 * 576];
            f.sample_crop(&spec, &mut out);
            for i in 0..576 {
                let p =
                    square.to_image(crate::space::CropPx(Vec2::new((i % 24) as f32, (i / 24) as f32)), 24.0);
                for c in 0..3 {
                    let (fast, plain) = (f64::from(out[c * 576 + i]), plain(&f, p.0, k, c));
                    assert!((fast - plain).abs() < 0.5, "{i} {c} taps {k}: {fast} {plain}");
                }
            }
        }
    }
}

fn ramp(format: PixelFormat) -> Frame {
    let mut f = Frame::filled(format, Colour::default(), 64, 48, [0; 3]).unwrap();
    for y in (0..48).step_by(2) {
        for x in (0..64).step_by(2) {
            let v = (x * 3 + y) as f32 / 255.0;
            let code = f.encode_rgb([v; 3]);
            f.fill_codes(PxRect { x, y, width: 2, height: 2 }, code);
        }
    }
    f
}

#[test]
fn every_format_gives_the_same_crop() {
    let spec = CropSpec {
        taps: 2,
        ..CropSpec::new(CropSquare { centre: ImagePx(Vec2::new(30.0, 22.0)), side: 30.0, angle: 0.4 }, 16)
    };
    let crop = |format| {
        let mut out = vec![0.0; 3 * 256];
        ramp(format).sample_crop(&spec, &mut out);
        out
    };
    let reference = crop(PixelFormat::Rgb);
    assert!(reference[0] > 0.1 && reference[0] < 0.5);
    for format in PixelFormat::ALL {
        for (a, b) in crop(format).iter().zip(&reference) {
            assert!((a - b).abs() < 0.02, "{format:?} {a} {b}");
        }
    }
}

#[test]
fn an_upright_crop_of_the_same_scale_is_the_pixels() {
    let f = ramp(PixelFormat::Rgb);
    let square = CropSquare { centre: ImagePx(Vec2::new(18.0, 20.0)), side: 16.0, angle: 0.0 };
    let spec = CropSpec { border: Border::Zero, scale: 255.0, ..CropSpec::new(square, 16) };
    let mut out = vec![0.0; 3 * 256];
    f.sample_crop(&spec, &mut out);
    let at = |x: usize, y: usize| f32::from(f.plane(0)[(y * 64 + x) * 3]);
    for (i, v) in out.iter().take(256).enumerate() {
        assert!((v - at(10 + i % 16, 12 + i / 16)).abs() < 0.01);
    }
}

#[test]
fn zero_border_is_black_before_normalisation() {
    let f = Frame::filled(PixelFormat::I420, Colour::default(), 32, 32, [255; 3]).unwrap();
    let square = CropSquare { centre: ImagePx(Vec2::new(16.0, 16.0)), side: 96.0, angle: 0.0 };
    let spec = CropSpec { border: Border::Zero, scale: 2.0, offset: -1.0, ..CropSpec::new(square, 12) };
    let mut out = vec![0.0; 3 * 144];
    f.sample_crop(&spec, &mut out);
    assert_eq!(out[0], -1.0);
    assert!(out[6 * 12 + 6] > 0.99);
}

#[test]
fn coarse_chroma_is_the_same_where_colour_is_smooth() {
    for format in
        [PixelFormat::I420, PixelFormat::I422, PixelFormat::I444, PixelFormat::Nv12, PixelFormat::Yuyv]
    {
        let mut f = Frame::filled(format, Colour::default(), 64, 48, [0; 3]).unwrap();
        for (x, y) in (0..48).step_by(2).flat_map(|y| (0..64).step_by(2).map(move |x| (x, y))) {
            let code = f.encode_rgb([x as f32 / 80.0, 0.4, y as f32 / 60.0]);
            f.fill_codes(PxRect { x, y, width: 2, height: 2 }, code);
        }
        // An odd side too, and a crop beyond the edge.
        for (n, side, x) in [(24, 20.0, 32.0), (25, 30.0, 30.0), (16, 24.0, 8.0)] {
            let square = CropSquare { centre: ImagePx(Vec2::new(x, 24.0)), side, angle: 0.3 };
            let spec = |coarse_chroma| CropSpec { coarse_chroma, scale: 255.0, ..CropSpec::new(square, n) };
            let [mut fine, mut coarse] = [vec![0.0; 3 * n * n], vec![0.0; 3 * n * n]];
            f.sample_crop(&spec(false), &mut fine);
            f.sample_crop(&spec(true), &mut coarse);
            let most = fine.iter().zip(&coarse).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most < 2.5, "{format:?} {n}: {most}");
            assert_ne!(fine, coarse, "{format:?}: every second pixel was sampled");
        }
    }
}
