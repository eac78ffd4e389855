//! Rows of a crop, bilinear in one component or two.

use crate::interpolation::{Bilinear, bilinear_by_differences};
use crate::space::PxRect;
use glam::{Vec2, Vec4, Vec4Swizzles};
use multiversion::multiversion;

/// A rectangle of samples: the one at (x, y) is `data[offset + y·stride + x·step]`.
pub(super) struct Component<'a, T> {
    pub(super) data: &'a [T],
    pub(super) offset: usize,
    pub(super) stride: usize,
    pub(super) step: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Where a row of a crop lies in a component: its first sample and the way to the next, in the component's pixels.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) start: Vec2,
    pub(super) step: Vec2,
}

impl Row {
    /// In a component's own pixels: the middle of one is the middle of the picture pixels that it stands for.
    pub(super) fn within(self, origin: Vec2, scale: Vec2) -> Self {
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
        let cell = Bilinear::clamped(p, [self.width, self.height]);
        let value = |x: usize, y: usize| self.data[self.offset + y * self.stride + x * self.step].into();
        bilinear_by_differences(cell.corners(value), cell.part())
    }
}

impl Component<'_, f32> {
    /// Bilinear along a row, edge replicated.
    pub(super) fn row(&self, row: Row, out: &mut [f32]) {
        if !self.holds(row, out.len()) {
            return self.row_clamped(row, out);
        }
        let part = |v: u32| (v & 0xffff) as f32 / ONE;
        for (v, (x, y)) in out.iter_mut().zip(fixed(row)) {
            let i = self.offset + (y >> 16) as usize * self.stride + (x >> 16) as usize;
            let (upper, lower) = (&self.data[i..i + 2], &self.data[i + self.stride..i + self.stride + 2]);
            *v = bilinear_by_differences(
                [upper[0], upper[1], lower[0], lower[1]],
                Vec2::new(part(x), part(y)),
            );
        }
    }
}

impl Component<'_, u8> {
    /// Brings the samples of a part of the picture near, `scale` of them to a picture pixel: in order, as processors foresee it.
    /// A turned row would wait for memory at every line of the cache.
    pub(super) fn fetch(&self, part: &PxRect, scale: Vec2) {
        const LINE: usize = 64;
        let rows = (part.y as f32 * scale.y) as usize..((part.y + part.height) as f32 * scale.y) as usize;
        let [from, to] = [part.x, part.x + part.width].map(|x| (x as f32 * scale.x) as usize * self.step);
        let mut all = 0;
        for start in rows.map(|y| self.offset + y * self.stride) {
            let row = self.data.get(start + from..start + to).unwrap_or_default();
            all = row.iter().step_by(LINE).fold(all, |all, v| all ^ v);
        }
        std::hint::black_box(all);
    }

    /// Bilinear along a row of two components of one layout, edge replicated.
    pub(super) fn rows(pair: [&Self; 2], row: Row, out: [&mut [f32]; 2]) {
        let ([a, b], [out_a, out_b]) = (pair, out);
        if !a.holds(row, out_a.len()) {
            a.row_clamped(row, out_a);
            b.row_clamped(row, out_b);
            return;
        }
        match a.step {
            1 => Self::rows_inside::<1>(pair, row, [out_a, out_b]),
            // Of all formats this is NV12 alone, Cb before Cr.
            2 => interleaved(a.data, [a.offset, a.stride], row, [out_a, out_b]),
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
    pub(super) fn row(&self, row: Row, out: &mut [f32]) {
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
    pub(super) fn block_means(&self, part: &PxRect, k: usize) -> Vec<f32> {
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
                    add_row(&mut sums, samples);
                } else {
                    let samples = samples.iter().step_by(self.step);
                    sums.iter_mut().zip(samples).for_each(|(sum, &v)| *sum += u16::from(v));
                }
            }
            match k {
                2 => join_pairs(&sums, rows, line),
                3 => join::<3>(&sums, rows, line),
                4 => join::<4>(&sums, rows, line),
                _ => join_all(&sums, k, rows, line),
            }
        }
        means
    }
}

/// Bilinear along a row of two components whose samples take turns, from `start`, where no sample reaches the edge.
#[multiversion(targets("x86_64+avx2"))]
fn interleaved(data: &[u8], [start, stride]: [usize; 2], row: Row, out: [&mut [f32]; 2]) {
    let [out_a, out_b] = out;
    let part = |v: u32| (v & 0xffff) as f32 / ONE;
    // Two neighbours of each component.
    let samples = |at: usize| {
        let four = data.get(at..).and_then(|rest| rest.first_chunk::<4>());
        Vec4::from_array(four.copied().unwrap_or_default().map(f32::from))
    };
    for ((out_a, out_b), (x, y)) in out_a.iter_mut().zip(out_b).zip(fixed(row)) {
        let at = start + (y >> 16) as usize * stride + (x >> 16) as usize * 2;
        let upper = samples(at);
        let across = upper + (samples(at + stride) - upper) * part(y);
        let [left, right] = [across.xy(), across.zw()];
        [*out_a, *out_b] = (left + (right - left) * part(x)).to_array();
    }
}

/// Adds a row of samples to sums of columns.
#[multiversion(targets("x86_64+avx2"))]
fn add_row(sums: &mut [u16], samples: &[u8]) {
    sums.iter_mut().zip(samples).for_each(|(sum, &v)| *sum += u16::from(v));
}

/// Means of pairs of columns whose `rows` rows are summed; the last may be alone.
#[multiversion(targets("x86_64+avx2"))]
fn join_pairs(sums: &[u16], rows: usize, means: &mut [f32]) {
    let part = 1.0 / (rows * 2) as f32;
    let (pairs, rest) = sums.as_chunks::<2>();
    for (mean, [a, b]) in means.iter_mut().zip(pairs) {
        // As one number of 32 bits, which four lanes take at once.
        let both = u32::from(*a) | u32::from(*b) << 16;
        *mean = ((both & 0xffff) + (both >> 16)) as i32 as f32 * part;
    }
    join_all(rest, 2, rows, &mut means[pairs.len()..]);
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

/// Fills a row from samples at every second of its places and one beyond; the others lie halfway between.
pub(super) fn fill_between(coarse: &[f32], row: &mut [f32]) {
    let (pairs, last) = row.as_chunks_mut::<2>();
    for ((pair, own), next) in pairs.iter_mut().zip(coarse).zip(coarse.iter().skip(1)) {
        *pair = [*own, (own + next) * 0.5];
    }
    last.iter_mut().zip(coarse.iter().skip(pairs.len())).for_each(|(v, own)| *v = *own);
}
