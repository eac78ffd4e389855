//! `wgsl/blend_bands.wgsl`.

use crate::layout::BlendBandsParams;
use glam::Vec4;

/// `fine` to half its size (rounded up), filter 1 3 3 1 in both directions, edges repeated.
pub fn reduce(params: &BlendBandsParams, fine: &[Vec4], coarse: &mut [Vec4]) {
    let [width, height] = params.fine.map(|v| v as usize);
    let columns = params.coarse[0] as usize;
    let mut line = vec![Vec4::ZERO; width];
    for (y, out) in coarse.chunks_exact_mut(columns).enumerate() {
        let row = |k: usize| {
            let y = (y * 2 + k).saturating_sub(1).min(height - 1);
            &fine[y * width..][..width]
        };
        let [a, b, c, d] = [row(0), row(1), row(2), row(3)];
        for ((((s, a), b), c), d) in line.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *s = (*a + *d) * 0.125 + (*b + *c) * 0.375;
        }
        let last = width - 1;
        for (x, out) in out.iter_mut().enumerate() {
            let at = |k: usize| line[(x * 2 + k).saturating_sub(1).min(last)];
            *out = (at(0) + at(3)) * 0.125 + (at(1) + at(2)) * 0.375;
        }
    }
}

/// The weighted band of `fine` plus the enlarged sum of the coarser levels, into `fine_sum`.
pub fn collapse(
    params: &BlendBandsParams,
    fine: &[Vec4],
    coarse: &[Vec4],
    coarse_sum: &[Vec4],
    fine_sum: &mut [Vec4],
) {
    let width = params.fine[0] as usize;
    let [columns, rows] = params.coarse.map(|v| v as usize);
    let (mut low, mut sum) = (vec![Vec4::ZERO; columns], vec![Vec4::ZERO; columns]);
    for (y, (fine, out)) in fine.chunks_exact(width).zip(fine_sum.chunks_exact_mut(width)).enumerate() {
        let near = y / 2;
        let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(rows - 1) };
        let pick = |from: &'_ [Vec4], k: usize| -> (Vec4, Vec4) {
            (from[near * columns + k], from[far * columns + k])
        };
        for (k, (l, s)) in low.iter_mut().zip(&mut sum).enumerate() {
            let (a, b) = pick(coarse, k);
            *l = a * 0.75 + b * 0.25;
            *s = if params.last == 0 {
                let (a, b) = pick(coarse_sum, k);
                a * 0.75 + b * 0.25
            } else {
                a * (a.w * 0.75) + b * (b.w * 0.25)
            };
        }
        for (x, (out, d)) in out.iter_mut().zip(fine).enumerate() {
            let near = x / 2;
            let far = if x % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(columns - 1) };
            let l = low[near] * 0.75 + low[far] * 0.25;
            let s = sum[near] * 0.75 + sum[far] * 0.25;
            let v = (*d - l) * d.w + s;
            *out = Vec4::new(v.x, v.y, v.z, d.w);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(fine: &[Vec4], w: u32, h: u32) -> Vec<Vec4> {
        let coarse = [w.div_ceil(2), h.div_ceil(2)];
        let params = BlendBandsParams { fine: [w, h], coarse, last: 1, pad: 0, more: [0; 2] };
        let mut low = vec![Vec4::ZERO; (coarse[0] * coarse[1]) as usize];
        reduce(&params, fine, &mut low);
        let mut out = vec![Vec4::ZERO; fine.len()];
        collapse(&params, fine, &low, &[], &mut out);
        out
    }

    #[test]
    fn full_weight_gives_the_difference_back() {
        for (w, h) in [(16u32, 12u32), (17, 9), (3, 2)] {
            let fine: Vec<Vec4> =
                (0..w * h).map(|i| Vec4::new((i as f32 * 0.7).sin(), (i % w) as f32, 0.2, 1.0)).collect();
            for (a, b) in run(&fine, w, h).iter().zip(&fine) {
                assert!((*a - *b).length() < 1e-4, "{w}x{h} {a} {b}");
            }
        }
    }

    #[test]
    fn no_weight_gives_nothing() {
        let fine: Vec<Vec4> = (0..120).map(|i| Vec4::new(i as f32, 1.0, 2.0, 0.0)).collect();
        assert!(run(&fine, 12, 10).iter().all(|v| v.length() < 1e-4));
    }
}
