//! Square, rotated crops sampled straight from the native planes.

mod rows;

use super::{Frame, PixelFormat};
use crate::space::{CropSquare, PxRect};
use glam::Vec2;
use multiversion::multiversion;
use rows::{Component, Row, fill_between};

/// What lies outside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The nearest edge pixel.
    Replicate,
    /// Black (R'G'B' 0) before normalisation.
    Zero,
}

/// How a crop is taken and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropSpec {
    /// Where the crop lies in the picture.
    pub square: CropSquare,
    /// Crop side in pixels.
    pub n: usize,
    /// Outside of the picture.
    pub border: Border,
    /// Antialiasing: 1 samples a point, k (16 at most) samples the means of k × k picture pixels.
    pub taps: usize,
    /// Chroma of Y'CbCr formats only at every second crop pixel of a row, and halfway between those: half of its work, for
    /// networks that look little at colour.
    pub coarse_chroma: bool,
    /// Written value = v · `scale` + `offset`, for v = R'G'B' in 0..=1.
    pub scale: f32,
    /// See `scale`.
    pub offset: f32,
}

impl CropSpec {
    /// Points of a square as R'G'B' in 0..=1, beyond the picture its nearest pixel.
    #[must_use]
    pub fn new(square: CropSquare, n: usize) -> Self {
        Self { square, n, border: Border::Replicate, taps: 1, coarse_chroma: false, scale: 1.0, offset: 0.0 }
    }
}

/// A component as a crop samples it: its own pixels, or means of blocks of them.
enum Sampled<'a> {
    Own(Component<'a, u8>, Vec2),
    Means { means: Vec<f32>, columns: usize, rows: usize, origin: Vec2, k: f32 },
}

impl Sampled<'_> {
    /// A row given in picture pixels.
    fn row(&self, row: Row, out: &mut [f32]) {
        match self {
            Self::Own(component, scale) => component.row(row.within(Vec2::ZERO, *scale), out),
            Self::Means { means, columns, rows, origin, k } => {
                let (width, height) = (*columns, *rows);
                let component = Component { data: means, offset: 0, stride: width, step: 1, width, height };
                component.row(row.within(*origin, Vec2::splat(1.0 / k)), out);
            }
        }
    }
}

/// A row of R', G' or B' out of those of the components, by its line `m` of the matrix; then scale and offset.
#[multiversion(targets("x86_64+avx2"))]
fn mix(codes: [&[f32]; 3], m: [f32; 4], [scale, offset]: [f32; 2], out: &mut [f32]) {
    for (((v, a), b), c) in out.iter_mut().zip(codes[0]).zip(codes[1]).zip(codes[2]) {
        let value = m[0] * a + m[1] * b + m[2] * c + m[3];
        *v = value.clamp(0.0, 1.0) * scale + offset;
    }
}

impl Frame {
    fn component(
        &self,
        plane: usize,
        skip: usize,
        step: usize,
        width: usize,
        height: usize,
    ) -> Component<'_, u8> {
        let p = &self.planes[plane];
        Component { data: &self.data, offset: p.offset + skip, stride: p.stride, step, width, height }
    }

    /// Y Cb Cr, or R G B, as components.
    fn components(&self) -> [Component<'_, u8>; 3] {
        let (w, h) = (self.width as usize, self.height as usize);
        let (sx, sy) = self.format.chroma_step();
        let (cw, ch) = (w.div_ceil(sx as usize), h.div_ceil(sy as usize));
        match self.format {
            PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 => [
                self.component(0, 0, 1, w, h),
                self.component(1, 0, 1, cw, ch),
                self.component(2, 0, 1, cw, ch),
            ],
            PixelFormat::Nv12 => [
                self.component(0, 0, 1, w, h),
                self.component(1, 0, 2, cw, ch),
                self.component(1, 1, 2, cw, ch),
            ],
            PixelFormat::Yuyv => [
                self.component(0, 0, 2, w, h),
                self.component(0, 1, 4, cw, ch),
                self.component(0, 3, 4, cw, ch),
            ],
            PixelFormat::Bgra => [2, 1, 0].map(|k| self.component(0, k, 4, w, h)),
            PixelFormat::Rgb => [0, 1, 2].map(|k| self.component(0, k, 3, w, h)),
        }
    }

    /// The components as the crop samples them: with more than one tap, luma (or each of R, G, B) as block means over
    /// the crop's box. Chroma is sampled at its own resolution.
    fn sampled(&self, spec: &CropSpec) -> [Sampled<'_>; 3] {
        let (sx, sy) = self.format.chroma_step();
        let chroma = Vec2::new(1.0 / sx as f32, 1.0 / sy as f32);
        let k = spec.taps.clamp(1, 16);
        let turn = Vec2::from_angle(spec.square.angle).abs();
        let reach = Vec2::splat(spec.square.side * 0.5 * turn.element_sum() + 2.0 * k as f32);
        let centre = spec.square.centre.0;
        let part = PxRect::even_around(centre - reach, centre + reach, self.width, self.height);
        // Blocks stand still in the picture, wherever the crop is: else a moving crop would flicker.
        let part = part.starting_at_multiple_of(k as u32);
        let mut index = 0;
        let mut fetched: Option<usize> = None;
        self.components().map(|component| {
            index += 1;
            let full = index == 1 || !self.format.is_yuv();
            if full && k > 1 && !part.is_empty() {
                let means = component.block_means(&part, k);
                let (columns, rows) = ((part.width as usize).div_ceil(k), (part.height as usize).div_ceil(k));
                let origin = Vec2::new(part.x as f32, part.y as f32);
                Sampled::Means { means, columns, rows, origin, k: k as f32 }
            } else {
                let scale = if full { Vec2::ONE } else { chroma };
                // Components that take turns lie in the same lines of the cache.
                if fetched.is_none_or(|start| component.offset.abs_diff(start) >= component.step) {
                    component.fetch(&part, scale);
                    fetched = Some(component.offset);
                }
                Sampled::Own(component, scale)
            }
        })
    }

    /// Samples a crop as planar R'G'B' (`[1, 3, n, n]`, NCHW) into `out` (3·n² values; a shorter slice is left as it
    /// is). Bilinear; chroma is sampled at its own resolution, sited in the middle of the luma samples it covers.
    pub fn sample_crop(&self, spec: &CropSpec, out: &mut [f32]) {
        let n = spec.n;
        let plane = n * n;
        if out.len() < plane * 3 || n == 0 {
            return;
        }
        let (red, rest) = out.split_at_mut(plane);
        let (green, blue) = rest.split_at_mut(plane);
        let components = self.sampled(spec);
        let m = self.codes_to_rgb().map(|[a, b, c, d]| [a / 255.0, b / 255.0, c / 255.0, d]);
        let along = Vec2::from_angle(spec.square.angle) * (spec.square.side / n as f32);
        let down = along.perp();
        let origin = spec.square.centre.0 - (along + down) * (n as f32 * 0.5);
        let mut halves = [vec![0.0f32; n.div_ceil(2) + 1], vec![0.0; n.div_ceil(2) + 1]];
        let mut codes = [vec![0.0f32; n], vec![0.0; n], vec![0.0; n]];
        let rows = red.chunks_exact_mut(n).zip(green.chunks_exact_mut(n)).zip(blue.chunks_exact_mut(n));
        for (j, ((red, green), blue)) in rows.enumerate() {
            let row = Row { start: origin + down * j as f32, step: along };
            let [c0, c1, c2] = &mut codes;
            components[0].row(row, c0);
            match &components[1..] {
                [Sampled::Own(a, scale), Sampled::Own(b, _)]
                    if spec.coarse_chroma && self.format.is_yuv() =>
                {
                    let [half_a, half_b] = &mut halves;
                    let every_second = Row { step: along * 2.0, ..row }.within(Vec2::ZERO, *scale);
                    Component::rows([a, b], every_second, [half_a, half_b]);
                    fill_between(half_a, c1);
                    fill_between(half_b, c2);
                }
                [Sampled::Own(a, scale), Sampled::Own(b, _)] => {
                    Component::rows([a, b], row.within(Vec2::ZERO, *scale), [c1, c2]);
                }
                _ => {
                    components[1].row(row, c1);
                    components[2].row(row, c2);
                }
            }
            let [c0, c1, c2] = &codes;
            for (out, m) in [(&mut *red, m[0]), (&mut *green, m[1]), (&mut *blue, m[2])] {
                mix([c0, c1, c2], m, [spec.scale, spec.offset], out);
            }
            if spec.border == Border::Zero {
                self.blacken(row, spec, [red, green, blue]);
            }
        }
    }

    /// Blends what lies outside of the picture to black: bilinear against black over the outermost pixel.
    fn blacken(&self, row: Row, spec: &CropSpec, out: [&mut [f32]; 3]) {
        let size = Vec2::new(self.width as f32, self.height as f32);
        let inside = |i: usize| {
            let p = row.start + row.step * i as f32;
            (p + 1.0).min(size - p).clamp(Vec2::ZERO, Vec2::ONE).element_product()
        };
        let last = spec.n - 1;
        if inside(0) >= 1.0 && inside(last) >= 1.0 {
            return;
        }
        for plane in out {
            for (i, v) in plane.iter_mut().enumerate() {
                *v = (*v - spec.offset) * inside(i) + spec.offset;
            }
        }
    }
}

#[cfg(test)]
mod tests;
