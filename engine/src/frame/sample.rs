//! Square, rotated crops sampled straight from the native planes.

use super::{Frame, PixelFormat};
use crate::space::{CropSquare, PxRect};
use glam::Vec2;

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
    /// Written value = v · `scale` + `offset`, for v = R'G'B' in 0..=1.
    pub scale: f32,
    /// See `scale`.
    pub offset: f32,
}

/// A rectangle of samples: the one at (x, y) is `data[offset + y·stride + x·step]`.
struct Component<'a, T> {
    data: &'a [T],
    offset: usize,
    stride: usize,
    step: usize,
    width: usize,
    height: usize,
}

/// Where a row of a crop lies in a component: its first sample and the way to the next, in the component's pixels.
#[derive(Clone, Copy)]
struct Row {
    start: Vec2,
    step: Vec2,
}

/// Fixed-point ones of the fast path: 16 bits after the point.
const ONE: f32 = 65536.0;

impl<T: Copy + Into<f32>> Component<'_, T> {
    /// Bilinear along a row, edge replicated.
    fn row(&self, row: Row, out: &mut [f32]) {
        let end = row.start + row.step * out.len() as f32;
        let (low, high) = (row.start.min(end), row.start.max(end));
        let inner = Vec2::new(self.width as f32, self.height as f32) - 1.01;
        if low.min_element() >= 0.0 && high.x <= inner.x && high.y <= inner.y {
            self.row_inside(row, out);
        } else {
            for (i, v) in out.iter_mut().enumerate() {
                *v = self.bilinear(row.start + row.step * i as f32);
            }
        }
    }

    /// The same where no sample reaches the edge: fixed point, no clamping.
    fn row_inside(&self, row: Row, out: &mut [f32]) {
        let fixed = |v: Vec2| ((v.x * ONE).round() as i32, (v.y * ONE).round() as i32);
        let ((mut x, mut y), (dx, dy)) = (fixed(row.start), fixed(row.step));
        let part = |v: i32| (v & 0xffff) as f32 / ONE;
        for v in out {
            let i = self.offset + (y >> 16) as usize * self.stride + (x >> 16) as usize * self.step;
            let corner = &self.data[i..i + self.stride + self.step + 1];
            let [a, b] = [corner[0], corner[self.step]].map(T::into);
            let [c, e] = [corner[self.stride], corner[self.stride + self.step]].map(T::into);
            let fx = part(x);
            let top = a + (b - a) * fx;
            *v = top + (c + (e - c) * fx - top) * part(y);
            x += dx;
            y += dy;
        }
    }

    /// Bilinear at one place, edge replicated.
    fn bilinear(&self, p: Vec2) -> f32 {
        let x = p.x.clamp(0.0, (self.width - 1) as f32);
        let y = p.y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let dx = if x0 + 1 < self.width { self.step } else { 0 };
        let dy = if y0 + 1 < self.height { self.stride } else { 0 };
        let i = self.offset + y0 * self.stride + x0 * self.step;
        let [a, b, c, e] = [i, i + dx, i + dy, i + dy + dx].map(|i| self.data[i].into());
        let top = a + (b - a) * fx;
        top + (c + (e - c) * fx - top) * fy
    }
}

impl Component<'_, u8> {
    /// Means of the k × k blocks of a part of the component; blocks at the edge are as large as they can be.
    fn block_means(&self, part: &PxRect, k: usize) -> Vec<f32> {
        let (x0, y0) = (part.x as usize, part.y as usize);
        let (width, height) = (part.width as usize, part.height as usize);
        let columns = width.div_ceil(k);
        let mut means = vec![0.0f32; columns * height.div_ceil(k)];
        // Rows are summed first: that is quick, whatever k is.
        let mut sums = vec![0u16; width];
        for (j, line) in means.chunks_exact_mut(columns).enumerate() {
            let rows = k.min(height - j * k);
            sums.fill(0);
            for y in 0..rows {
                let start = self.offset + (y0 + j * k + y) * self.stride + x0 * self.step;
                let samples = &self.data[start..][..(width - 1) * self.step + 1];
                if self.step == 1 {
                    sums.iter_mut().zip(samples).for_each(|(sum, &v)| *sum += u16::from(v));
                } else {
                    let samples = samples.iter().step_by(self.step);
                    sums.iter_mut().zip(samples).for_each(|(sum, &v)| *sum += u16::from(v));
                }
            }
            match k {
                2 => join::<2>(&sums, rows, line),
                3 => join::<3>(&sums, rows, line),
                4 => join::<4>(&sums, rows, line),
                _ => join_all(&sums, k, rows, line),
            }
        }
        means
    }
}

/// Means of blocks of `K` columns whose `rows` rows are summed; the last block may be smaller.
fn join<const K: usize>(sums: &[u16], rows: usize, means: &mut [f32]) {
    let part = 1.0 / (rows * K) as f32;
    let (blocks, rest) = sums.as_chunks::<K>();
    for (mean, block) in means.iter_mut().zip(blocks) {
        *mean = block.iter().map(|&v| u32::from(v)).sum::<u32>() as f32 * part;
    }
    join_all(rest, K, rows, &mut means[blocks.len()..]);
}

fn join_all(sums: &[u16], k: usize, rows: usize, means: &mut [f32]) {
    for (mean, block) in means.iter_mut().zip(sums.chunks(k)) {
        let total: u32 = block.iter().map(|&v| u32::from(v)).sum();
        *mean = total as f32 / (rows * block.len()) as f32;
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
        // The middle of a component's pixel is the middle of the picture pixels that it stands for.
        let within = |row: Row, origin: Vec2, scale: Vec2| Row {
            start: (row.start + 0.5 - origin) * scale - 0.5,
            step: row.step * scale,
        };
        match self {
            Self::Own(component, scale) => component.row(within(row, Vec2::ZERO, *scale), out),
            Self::Means { means, columns, rows, origin, k } => {
                let (width, height) = (*columns, *rows);
                let component = Component { data: means, offset: 0, stride: width, step: 1, width, height };
                component.row(within(row, *origin, Vec2::splat(1.0 / k)), out);
            }
        }
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
        self.components().map(|component| {
            index += 1;
            let full = index == 1 || !self.format.is_yuv();
            if full && k > 1 && !part.is_empty() {
                let means = component.block_means(&part, k);
                let (columns, rows) = ((part.width as usize).div_ceil(k), (part.height as usize).div_ceil(k));
                let origin = Vec2::new(part.x as f32, part.y as f32);
                Sampled::Means { means, columns, rows, origin, k: k as f32 }
            } else {
                Sampled::Own(component, if full { Vec2::ONE } else { chroma })
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
        let mut codes = [vec![0.0f32; n], vec![0.0; n], vec![0.0; n]];
        let rows = red.chunks_exact_mut(n).zip(green.chunks_exact_mut(n)).zip(blue.chunks_exact_mut(n));
        for (j, ((red, green), blue)) in rows.enumerate() {
            let row = Row { start: origin + down * j as f32, step: along };
            for (component, codes) in components.iter().zip(&mut codes) {
                component.row(row, codes);
            }
            let [c0, c1, c2] = &codes;
            for (out, m) in [(&mut *red, m[0]), (&mut *green, m[1]), (&mut *blue, m[2])] {
                for (((v, a), b), c) in out.iter_mut().zip(c0).zip(c1).zip(c2) {
                    let value = m[0] * a + m[1] * b + m[2] * c + m[3];
                    *v = value.clamp(0.0, 1.0) * spec.scale + spec.offset;
                }
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
mod tests {
    use super::super::Colour;
    use super::*;
    use crate::space::ImagePx;

    /// Plainly, in doubles: the mean of the block round each of the four neighbours, then bilinear.
    fn plain(f: &Frame, p: Vec2, k: usize, channel: usize) -> f64 {
        let (w, h) = (f.width() as usize / k, f.height() as usize / k);
        let block = |x: f64, y: f64| {
            let x = x.clamp(0.0, w as f64 - 1.0) as usize;
            let y = y.clamp(0.0, h as f64 - 1.0) as usize;
            let all =
                (0..k * k).map(|i| ((y * k + i / k) * f.width() as usize + x * k + i % k) * 3 + channel);
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
        let data: Vec<u8> =
            (0..96 * 72 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let f = Frame::new(PixelFormat::Rgb, Colour::default(), 96, 72, data).unwrap();
        for (x, y, side, angle) in
            [(48.0, 36.0, 40.0, 0.5), (48.3, 35.2, 30.0, 0.0), (10.0, 60.0, 50.0, -2.0)]
        {
            for k in [1, 2, 4] {
                let square = CropSquare { centre: ImagePx(Vec2::new(x, y)), side, angle };
                let spec =
                    CropSpec { square, n: 24, border: Border::Replicate, taps: k, scale: 255.0, offset: 0.0 };
                let mut out = vec![0.0; 3 * 576];
                f.sample_crop(&spec, &mut out);
                for i in 0..576 {
                    let p = square
                        .to_image(crate::space::CropPx(Vec2::new((i % 24) as f32, (i / 24) as f32)), 24.0);
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
            square: CropSquare { centre: ImagePx(Vec2::new(30.0, 22.0)), side: 30.0, angle: 0.4 },
            n: 16,
            border: Border::Replicate,
            taps: 2,
            scale: 1.0,
            offset: 0.0,
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
        let spec = CropSpec { square, n: 16, border: Border::Zero, taps: 1, scale: 255.0, offset: 0.0 };
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
        let spec = CropSpec { square, n: 12, border: Border::Zero, taps: 1, scale: 2.0, offset: -1.0 };
        let mut out = vec![0.0; 3 * 144];
        f.sample_crop(&spec, &mut out);
        assert_eq!(out[0], -1.0);
        assert!(out[6 * 12 + 6] > 0.99);
    }
}
