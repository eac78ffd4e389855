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

impl Row {
    /// In a component's own pixels: the middle of one is the middle of the picture pixels that it stands for.
    fn within(self, origin: Vec2, scale: Vec2) -> Self {
        Self { start: (self.start + 0.5 - origin) * scale - 0.5, step: self.step * scale }
    }
}

/// Fixed-point ones of the fast path: 16 bits after the point, of which [`FINE`] weigh.
const ONE: f32 = 65536.0;
const FINE: u32 = 11;

/// The places of a row in fixed point.
fn fixed(row: Row) -> impl Iterator<Item = (u32, u32)> {
    let fixed = |v: Vec2| ((v.x * ONE).round() as i32, (v.y * ONE).round() as i32);
    let ((mut x, mut y), (dx, dy)) = (fixed(row.start), fixed(row.step));
    std::iter::repeat_with(move || {
        let at = (x as u32, y as u32);
        (x, y) = (x.wrapping_add(dx), y.wrapping_add(dy));
        at
    })
}

/// The part after the point.
fn fine(v: u32) -> u32 {
    (v & 0xffff) >> (16 - FINE)
}

impl<T: Copy + Into<f32>> Component<'_, T> {
    /// Whether no sample of a row so long reaches the edge.
    fn holds(&self, row: Row, len: usize) -> bool {
        let end = row.start + row.step * len as f32;
        let (low, high) = (row.start.min(end), row.start.max(end));
        let inner = Vec2::new(self.width as f32, self.height as f32) - 1.01;
        low.min_element() >= 0.0 && high.x <= inner.x && high.y <= inner.y
    }

    /// Bilinear along a row, edge replicated.
    fn row_clamped(&self, row: Row, out: &mut [f32]) {
        for (i, v) in out.iter_mut().enumerate() {
            *v = self.bilinear(row.start + row.step * i as f32);
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

impl Component<'_, f32> {
    /// Bilinear along a row, edge replicated.
    fn row(&self, row: Row, out: &mut [f32]) {
        if !self.holds(row, out.len()) {
            return self.row_clamped(row, out);
        }
        let part = |v: u32| (v & 0xffff) as f32 / ONE;
        for (v, (x, y)) in out.iter_mut().zip(fixed(row)) {
            let i = self.offset + (y >> 16) as usize * self.stride + (x >> 16) as usize;
            let (upper, lower) = (&self.data[i..i + 2], &self.data[i + self.stride..i + self.stride + 2]);
            let fx = part(x);
            let top = upper[0] + (upper[1] - upper[0]) * fx;
            *v = top + (lower[0] + (lower[1] - lower[0]) * fx - top) * part(y);
        }
    }
}

impl Component<'_, u8> {
    /// Bilinear along a row of two components of one layout, edge replicated.
    fn rows(pair: [&Self; 2], row: Row, out: [&mut [f32]; 2]) {
        let ([a, b], [out_a, out_b]) = (pair, out);
        if !a.holds(row, out_a.len()) {
            a.row_clamped(row, out_a);
            b.row_clamped(row, out_b);
            return;
        }
        match a.step {
            1 => Self::rows_inside::<1>(pair, row, [out_a, out_b]),
            2 => Self::rows_inside::<2>(pair, row, [out_a, out_b]),
            3 => Self::rows_inside::<3>(pair, row, [out_a, out_b]),
            _ => Self::rows_inside::<4>(pair, row, [out_a, out_b]),
        }
    }

    /// The same where no sample reaches the edge: fixed point, both in one multiplication.
    fn rows_inside<const STEP: usize>(pair: [&Self; 2], row: Row, out: [&mut [f32]; 2]) {
        let ([a, b], [out_a, out_b]) = (pair, out);
        for ((out_a, out_b), (x, y)) in out_a.iter_mut().zip(out_b).zip(fixed(row)) {
            let i = (y >> 16) as usize * a.stride + (x >> 16) as usize * STEP;
            let (fx, fy) = (fine(x), fine(y));
            let lower_right = fx * fy;
            let (right, lower) = ((fx << FINE) - lower_right, (fy << FINE) - lower_right);
            let weights = [(1 << (2 * FINE)) - right - lower - lower_right, right, lower, lower_right];
            let [upper_a, lower_a] = [i + a.offset, i + a.offset + a.stride].map(|i| &a.data[i..=i + STEP]);
            let [upper_b, lower_b] = [i + b.offset, i + b.offset + b.stride].map(|i| &b.data[i..=i + STEP]);
            let both = |a: u8, b: u8| u64::from(a) | u64::from(b) << 32;
            let corners = [
                both(upper_a[0], upper_b[0]),
                both(upper_a[STEP], upper_b[STEP]),
                both(lower_a[0], lower_b[0]),
                both(lower_a[STEP], lower_b[STEP]),
            ];
            let sum: u64 =
                corners.iter().zip(weights).map(|(corner, weight)| corner * u64::from(weight)).sum();
            let value = |v: u64| v as i32 as f32 * (1.0 / (1 << (2 * FINE)) as f32);
            (*out_a, *out_b) = (value(sum & 0xffff_ffff), value(sum >> 32));
        }
    }

    /// Bilinear along a row, edge replicated.
    fn row(&self, row: Row, out: &mut [f32]) {
        if !self.holds(row, out.len()) {
            return self.row_clamped(row, out);
        }
        match self.step {
            1 => self.row_inside::<1>(row, out),
            2 => self.row_inside::<2>(row, out),
            3 => self.row_inside::<3>(row, out),
            _ => self.row_inside::<4>(row, out),
        }
    }

    /// The same where no sample reaches the edge.
    fn row_inside<const STEP: usize>(&self, row: Row, out: &mut [f32]) {
        for (v, (x, y)) in out.iter_mut().zip(fixed(row)) {
            let i = self.offset + (y >> 16) as usize * self.stride + (x >> 16) as usize * STEP;
            let (upper, lower) =
                (&self.data[i..=i + STEP], &self.data[i + self.stride..=i + self.stride + STEP]);
            let [a, b] = [upper[0], upper[STEP]].map(i32::from);
            let [c, e] = [lower[0], lower[STEP]].map(i32::from);
            let (fx, fy) = (fine(x) as i32, fine(y) as i32);
            let top = (a << FINE) + (b - a) * fx;
            let bottom = (c << FINE) + (e - c) * fx;
            *v = ((top << FINE) + (bottom - top) * fy) as f32 * (1.0 / (1 << (2 * FINE)) as f32);
        }
    }

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
            let [c0, c1, c2] = &mut codes;
            components[0].row(row, c0);
            match &components[1..] {
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
mod tests;
