//! Frames of one size into frames of another: scaled as a whole, never stretched, black beside.

use super::VirtualFormat;
use crate::frame::Frame;
use crate::space::PxRect;

/// Where a picture of size `from` stands in one of size `into` (even sides): as large as fits, in the
/// middle, sides and origin even. Both sizes are above 0.
pub(super) fn letterbox(from: (u32, u32), into: (u32, u32)) -> PxRect {
    let (fw, fh) = (u64::from(from.0.max(1)), u64::from(from.1.max(1)));
    let (iw, ih) = (u64::from(into.0), u64::from(into.1));
    let even = |numerator: u64, by: u64, most: u32| {
        let v = (numerator + by) / (by * 2) * 2;
        u32::try_from(v).unwrap_or(most).clamp(2.min(most), most)
    };
    // Compared crosswise: which side is reached first.
    let (width, height) = if fw * ih >= fh * iw {
        (into.0, even(fh * iw, fw, into.1))
    } else {
        (even(fw * ih, fh, into.0), into.1)
    };
    PxRect { x: ((into.0 - width) / 2) & !1, y: ((into.1 - height) / 2) & !1, width, height }
}

/// Where the samples of one component lie in a frame's bytes.
#[derive(Clone, Copy, Debug)]
struct Component {
    offset: usize,
    step: usize,
    stride: usize,
    width: usize,
    height: usize,
}

fn components(format: VirtualFormat, width: u32, height: u32) -> [Component; 3] {
    let (width, height) = (width as usize, height as usize);
    let half = width.div_ceil(2);
    match format {
        VirtualFormat::Yuyv => {
            let part = |offset, step, width| Component { offset, step, stride: half * 4, width, height };
            [part(0, 2, width), part(1, 4, half), part(3, 4, half)]
        }
        VirtualFormat::I420 => {
            let (luma, rows) = (width * height, height.div_ceil(2));
            let chroma = |offset| Component { offset, step: 1, stride: half, width: half, height: rows };
            [
                Component { offset: 0, step: 1, stride: width, width, height },
                chroma(luma),
                chroma(luma + half * rows),
            ]
        }
    }
}

impl Component {
    /// The part that `rect` (even) covers, in a picture of full width `width` and height `height`.
    fn part(&self, rect: &PxRect, width: u32, height: u32) -> Self {
        let (sx, sy) = (width as usize / self.width.max(1), height as usize / self.height.max(1));
        let (sx, sy) = (sx.max(1), sy.max(1));
        Self {
            offset: self.offset + rect.y as usize / sy * self.stride + rect.x as usize / sx * self.step,
            width: rect.width as usize / sx,
            height: rect.height as usize / sy,
            ..*self
        }
    }
}

/// Weights are fractions of this; those of one sample sum to it.
const ONE: u32 = 1 << 14;

/// For each sample along one axis: the first one that it is made of, and the weights of it and its
/// successors. Bilinear, widened where the picture shrinks so that nothing is skipped.
#[derive(Debug)]
struct Axis {
    taps: usize,
    first: Vec<usize>,
    weights: Vec<u32>,
}

impl Axis {
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let reach = scale.max(1.0);
        let taps = ((reach * 2.0).ceil() as usize + 1).min(from);
        let (mut first, mut weights) = (Vec::with_capacity(to), Vec::with_capacity(to * taps));
        for i in 0..to {
            let middle = (i as f64 + 0.5) * scale - 0.5;
            let start = ((middle - reach).floor().max(-1.0) + 1.0) as usize;
            let start = start.min(from - taps);
            let near = |k: usize| (1.0 - ((start + k) as f64 - middle).abs() / reach).max(0.0);
            let sum: f64 = (0..taps).map(near).sum();
            let begin = weights.len();
            weights.extend((0..taps).map(|k| (near(k) / sum * f64::from(ONE)).round() as u32));
            // Rounding is made good at the heaviest, so that flat areas stay as they are.
            let total: u32 = weights[begin..].iter().sum();
            if let Some(heaviest) = weights[begin..].iter_mut().max() {
                *heaviest = *heaviest + ONE - total;
            }
            first.push(start);
        }
        Self { taps, first, weights }
    }

    /// First sample and weights of sample `i`.
    fn taps_of(&self, i: usize) -> (usize, &[u32]) {
        (self.first[i], &self.weights[i * self.taps..(i + 1) * self.taps])
    }
}

/// Scales frames of one size into another; made anew when a size changes.
#[derive(Debug)]
pub(super) struct Scaler {
    format: VirtualFormat,
    from: (u32, u32),
    into: (u32, u32),
    picture: PxRect,
    /// Across and down, for luma and for chroma.
    axes: [(Axis, Axis); 2],
    line: Vec<u32>,
}

impl Scaler {
    /// For frames of size `from` (above 0) into `into` (even, above 0).
    pub(super) fn new(format: VirtualFormat, from: (u32, u32), into: (u32, u32)) -> Self {
        let picture = letterbox(from, into);
        let sources = components(format, from.0, from.1);
        let targets = components(format, into.0, into.1).map(|c| c.part(&picture, into.0, into.1));
        let axes = [0, 1].map(|k| {
            let (s, t): (&Component, &Component) = (&sources[k], &targets[k]);
            (Axis::new(s.width, t.width), Axis::new(s.height, t.height))
        });
        Self { format, from, into, picture, axes, line: Vec::new() }
    }

    /// Size of the frames that it takes.
    pub(super) fn from(&self) -> (u32, u32) {
        self.from
    }

    /// Where a part of the picture lies after scaling: whole pixels that hold all of it.
    pub(super) fn carried(&self, part: &PxRect) -> PxRect {
        let along = |at: u32, from: u32, to: u32, up: bool| {
            let (scaled, from) = (u64::from(at) * u64::from(to), u64::from(from.max(1)));
            let v = if up { scaled.div_ceil(from) } else { scaled / from };
            u32::try_from(v).unwrap_or(to).min(to)
        };
        let (w, h) = (self.picture.width, self.picture.height);
        let (x, right) = (along(part.x, self.from.0, w, false), along(part.right(), self.from.0, w, true));
        let (y, bottom) = (along(part.y, self.from.1, h, false), along(part.bottom(), self.from.1, h, true));
        PxRect { x: self.picture.x + x, y: self.picture.y + y, width: right - x, height: bottom - y }
    }

    /// Scales `source` (in the format that is sent, of the size given) into `out`.
    pub(super) fn scale(&mut self, source: &[u8], out: &mut [u8]) {
        let size = |(w, h)| Frame::byte_len(self.format.pixels(), w, h);
        if source.len() < size(self.from) || out.len() < size(self.into) {
            return;
        }
        self.blacken(out);
        let sources = components(self.format, self.from.0, self.from.1);
        let targets = components(self.format, self.into.0, self.into.1);
        for (k, (s, t)) in sources.iter().zip(&targets).enumerate() {
            let t = t.part(&self.picture, self.into.0, self.into.1);
            let (across, down) = &self.axes[k.min(1)];
            resample(source, s, out, &t, across, down, &mut self.line);
        }
    }

    /// Black where the picture isn't.
    fn blacken(&self, out: &mut [u8]) {
        if (self.picture.width, self.picture.height) == self.into {
            return;
        }
        match self.format {
            VirtualFormat::Yuyv => out.as_chunks_mut().0.fill([16, 128, 16, 128]),
            VirtualFormat::I420 => {
                let (luma, chroma) = out.split_at_mut(self.into.0 as usize * self.into.1 as usize);
                luma.fill(16);
                chroma.fill(128);
            }
        }
    }
}

fn resample(
    source: &[u8],
    from: &Component,
    out: &mut [u8],
    to: &Component,
    across: &Axis,
    down: &Axis,
    line: &mut Vec<u32>,
) {
    for y in 0..to.height {
        line.clear();
        line.resize(from.width, 0);
        let (first, weights) = down.taps_of(y);
        for (row, weight) in (first..).zip(weights).filter(|(_, w)| **w > 0) {
            let samples = source[from.offset + row * from.stride..].iter().step_by(from.step);
            line.iter_mut().zip(samples).for_each(|(sum, v)| *sum += weight * u32::from(*v));
        }
        // Eight bits behind the point are kept: 255 · 2⁸ · ONE still fits.
        line.iter_mut().for_each(|sum| *sum = (*sum + (1 << 5)) >> 6);
        let row = out[to.offset + y * to.stride..].iter_mut().step_by(to.step).take(to.width);
        for (x, o) in row.enumerate() {
            let (first, weights) = across.taps_of(x);
            let sum: u32 = line[first..].iter().zip(weights).map(|(v, w)| v * w).sum();
            *o = ((sum + (1 << 21)) >> 22).min(255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_shape_and_stand_in_the_middle() {
        let rect = |x, y, width, height| PxRect { x, y, width, height };
        for (from, into, want) in [
            ((1280, 720), (640, 360), rect(0, 0, 640, 360)),
            ((640, 480), (1280, 720), rect(160, 0, 960, 720)),
            ((1280, 720), (640, 480), rect(0, 60, 640, 360)),
            ((720, 1280), (1280, 720), rect(436, 0, 406, 720)),
            ((1281, 721), (1280, 720), rect(0, 0, 1280, 720)),
            ((8192, 1), (640, 480), rect(0, 238, 640, 2)),
            ((1, 8192), (640, 480), rect(318, 0, 2, 480)),
        ] {
            assert_eq!(letterbox(from, into), want, "{from:?} into {into:?}");
        }
    }

    #[test]
    fn any_pair_of_sizes_gives_an_even_part_of_nearly_the_same_shape() {
        for from in [(640, 480), (1279, 719), (333, 800), (160, 120), (1920, 1080)] {
            for into in [(160, 120), (320, 180), (1280, 720), (720, 1280), (642, 358)] {
                let r = letterbox(from, into);
                assert!(r.right() <= into.0 && r.bottom() <= into.1, "{from:?} {into:?} {r:?}");
                assert!([r.x, r.y, r.width, r.height].iter().all(|v| v % 2 == 0), "{r:?}");
                assert!(r.width == into.0 || r.height == into.1, "{r:?}");
                let wide = f64::from(r.height) * f64::from(from.0) / f64::from(from.1);
                assert!((wide - f64::from(r.width)).abs() <= 2.0 * (wide / f64::from(r.height)).max(1.0));
            }
        }
    }

    /// A picture whose luma rises to the right and Cb downwards.
    fn ramp(format: VirtualFormat, width: u32, height: u32) -> Vec<u8> {
        let mut out = vec![0; Frame::byte_len(format.pixels(), width, height)];
        let slope = |i: usize, n: usize| (40.0 + 160.0 * (i as f64 + 0.5) / n as f64).round() as u8;
        for (k, c) in components(format, width, height).iter().enumerate() {
            for y in 0..c.height {
                for x in 0..c.width {
                    out[c.offset + y * c.stride + x * c.step] = match k {
                        0 => slope(x, c.width),
                        1 => slope(y, c.height),
                        _ => 99,
                    };
                }
            }
        }
        out
    }

    #[test]
    fn ramps_stay_ramps_and_the_rest_is_black() {
        for format in [VirtualFormat::Yuyv, VirtualFormat::I420] {
            for (from, into) in [
                ((64, 36), (128, 72)),
                ((128, 72), (64, 36)),
                ((200, 100), (64, 64)),
                ((63, 127), (64, 64)),
                ((640, 360), (64, 36)),
            ] {
                let mut out = vec![1; Frame::byte_len(format.pixels(), into.0, into.1)];
                let mut scaler = Scaler::new(format, from, into);
                scaler.scale(&ramp(format, from.0, from.1), &mut out);
                let rect = scaler.picture;
                let want = ramp(format, rect.width, rect.height);
                let small = components(format, rect.width, rect.height);
                let whole = components(format, into.0, into.1);
                for (k, (whole, small)) in whole.iter().zip(&small).enumerate() {
                    let part = whole.part(&rect, into.0, into.1);
                    assert_eq!((part.width, part.height), (small.width, small.height));
                    for y in 0..part.height {
                        for x in 0..part.width {
                            let got = out[part.offset + y * part.stride + x * part.step];
                            let want = want[small.offset + y * small.stride + x * small.step];
                            // At the ends there is nothing to go on rising from.
                            let slack = 2 + (160 / part.width.min(part.height)) as u8;
                            assert!(got.abs_diff(want) <= slack, "{format:?} {k} {x},{y}: {got} {want}");
                        }
                    }
                    let corner = out[whole.offset];
                    if rect.x > 0 || rect.y > 0 {
                        assert_eq!(corner, if k == 0 { 16 } else { 128 });
                    }
                }
            }
        }
    }

    #[test]
    fn flat_pictures_stay_as_they_are() {
        for value in [0u8, 16, 127, 235, 255] {
            for (from, into) in [((33, 17), (64, 36)), ((1280, 720), (160, 90)), ((64, 36), (64, 36))] {
                let source = vec![value; Frame::byte_len(VirtualFormat::I420.pixels(), from.0, from.1)];
                let mut out = vec![1; Frame::byte_len(VirtualFormat::I420.pixels(), into.0, into.1)];
                let mut scaler = Scaler::new(VirtualFormat::I420, from, into);
                scaler.scale(&source, &mut out);
                let rect = scaler.picture;
                let luma = out.chunks_exact(into.0 as usize).skip(rect.y as usize).take(rect.height as usize);
                for row in luma {
                    let row = &row[rect.x as usize..rect.right() as usize];
                    assert!(row.iter().all(|v| *v == value), "{value} {from:?} {into:?}");
                }
            }
        }
    }
}
