//! `wgsl/motion_blur.wgsl`.

use crate::layout::MotionBlurParams;
use glam::{Vec2, Vec4, Vec4Swizzles};

/// Gives each pixel of `persona` the mean colour, by the weights, of `sampled` along the streak that is centred there, and its own
/// weight. Both are linear RGB and weight, row by row. With fewer than two taps nothing is smeared.
pub fn motion_blur(params: &MotionBlurParams, sampled: &[Vec4], persona: &mut [Vec4]) {
    let [width, height] = params.size.map(|n| n as usize);
    let last = params.taps.saturating_sub(1) as f32;
    let step = |k: u32| (Vec2::from_array(params.streak) * (k as f32 / last - 0.5) + 0.5).floor().as_ivec2();
    let taps: Vec<_> = (0..params.taps).filter(|_| last > 0.0).map(step).collect();
    let reach = taps.iter().fold(glam::IVec2::ZERO, |most, tap| most.max(tap.abs())).as_usizevec2();
    let offsets: Vec<isize> = taps.iter().map(|t| t.y as isize * width as isize + t.x as isize).collect();
    for (y, (out, own)) in persona
        .chunks_exact_mut(width.max(1))
        .zip(sampled.chunks_exact(width.max(1)))
        .take(height)
        .enumerate()
    {
        let inner = y >= reach.y && y + reach.y < height;
        for (x, (out, own)) in out.iter_mut().zip(own).enumerate() {
            *out = *own;
            if own.w == 0.0 || taps.is_empty() {
                continue;
            }
            let mut sum = Vec4::ZERO;
            let mut add = |index: usize| {
                let tap = sampled.get(index).copied().unwrap_or_default();
                sum += (tap.xyz() * tap.w).extend(tap.w);
            };
            if inner && x >= reach.x && x + reach.x < width {
                let here = y * width + x;
                offsets.iter().for_each(|offset| add(here.wrapping_add_signed(*offset)));
            } else {
                for tap in &taps {
                    let (x, y) = (x as i32 + tap.x, y as i32 + tap.y);
                    if (0..width as i32).contains(&x) && (0..height as i32).contains(&y) {
                        add(y as usize * width + x as usize);
                    }
                }
            }
            *out = (sum.xyz() / sum.w).extend(own.w);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blurred(sampled: &[Vec4], width: u32, streak: [f32; 2], taps: u32) -> Vec<Vec4> {
        let size = [width, sampled.len() as u32 / width];
        let params = MotionBlurParams { size, streak, taps, pad: 0, more: [0; 2] };
        let mut out = vec![Vec4::NAN; sampled.len()];
        motion_blur(&params, sampled, &mut out);
        out
    }

    #[test]
    fn a_point_becomes_a_line_along_the_streak() {
        let mut sampled = vec![Vec4::W; 15 * 9];
        sampled[4 * 15 + 7] = Vec4::ONE;
        let out = blurred(&sampled, 15, [4.0, 0.0], 5);
        for (i, p) in out.iter().enumerate() {
            let (x, y) = (i % 15, i / 15);
            let expected = if y == 4 && (5..=9).contains(&x) { 0.2 } else { 0.0 };
            assert!((p.x - expected).abs() < 1e-6 && p.w == 1.0, "{x} {y}: {p}");
        }
        let out = blurred(&sampled, 15, [2.0, -2.0], 3);
        assert!([(6, 5), (7, 4), (8, 3)].iter().all(|(x, y)| (out[y * 15 + x].y - 1.0 / 3.0).abs() < 1e-6));
    }

    #[test]
    fn weights_stay_and_what_has_none_lends_no_colour() {
        // Red of weight 1 beside green of weight 0.
        let sampled: Vec<Vec4> =
            (0..12).map(|x| if x < 6 { Vec4::new(1.0, 0.0, 0.0, 1.0) } else { Vec4::Y }).collect();
        let out = blurred(&sampled, 12, [6.0, 0.0], 7);
        for (x, p) in out.iter().enumerate() {
            assert_eq!(*p, sampled[x], "{x}");
        }
        assert_eq!(blurred(&sampled, 12, [6.0, 0.0], 1), sampled, "one tap is none");
        assert_eq!(blurred(&sampled, 12, [0.0, 0.0], 0), sampled);
    }
}
