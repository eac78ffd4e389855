//! The mesh network's crop as the model looks at it.

use glam::{Vec2, Vec3};

/// Encoded light added before a logarithm, so that noise in the dark stays small.
pub(super) const FLOOR: f32 = 24.0 / 255.0;
/// Luma of R'G'B' (BT.601).
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];
/// Distance of the four taps of a texel from its middle, in crop pixels: a texel is about two wide.
const TAP: f32 = 0.6;

/// A square crop: planar R'G'B', 0..=1, `n` pixels a side.
pub(in crate::track) struct Crop<'a> {
    rgb: [&'a [f32]; 3],
    n: usize,
    /// Luma blurred by 1 2 1 both ways, with its slopes a pixel.
    luma: &'a Luma,
}

/// Luma and its slopes; kept from frame to frame.
#[derive(Debug, Default)]
pub(in crate::track) struct Luma {
    value: Vec<f32>,
    across: Vec<f32>,
    down: Vec<f32>,
    plain: Vec<f32>,
}

impl Luma {
    /// Takes a crop in. False where the planes are too short.
    fn fill(&mut self, rgb: [&[f32]; 3], n: usize) {
        let all = n * n;
        for plane in [&mut self.value, &mut self.across, &mut self.down, &mut self.plain] {
            plane.clear();
            plane.resize(all, 0.0);
        }
        for (((y, r), g), b) in self.plain.iter_mut().zip(rgb[0]).zip(rgb[1]).zip(rgb[2]) {
            *y = r * LUMA[0] + g * LUMA[1] + b * LUMA[2];
        }
        // Along rows into `across`, then down columns into `value`.
        for (from, to) in self.plain.chunks_exact(n).zip(self.across.chunks_exact_mut(n)) {
            for (w, o) in from.windows(3).zip(&mut to[1..]) {
                *o = (w[0] + 2.0 * w[1] + w[2]) * 0.25;
            }
        }
        for y in 1..n - 1 {
            let row = |k: usize| &self.across[(y + k - 1) * n..][..n];
            let sums = row(0).iter().zip(row(1)).zip(row(2));
            for (((a, b), c), o) in sums.zip(&mut self.value[y * n..][..n]) {
                *o = (a + 2.0 * b + c) * 0.25;
            }
        }
        self.across.fill(0.0);
        for y in 1..n - 1 {
            let value = &self.value[y * n..][..n];
            for (w, o) in value.windows(3).zip(&mut self.across[y * n + 1..]) {
                *o = (w[2] - w[0]) * 0.5;
            }
            let (above, below) = (&self.value[(y - 1) * n..][..n], &self.value[(y + 1) * n..][..n]);
            for ((a, b), o) in above.iter().zip(below).zip(&mut self.down[y * n..]) {
                *o = (b - a) * 0.5;
            }
        }
    }
}

impl<'a> Crop<'a> {
    /// A crop of planar R'G'B'; none where the planes are too short.
    pub(in crate::track) fn new(planar: &'a [f32], n: usize, luma: &'a mut Luma) -> Option<Self> {
        let all = n * n;
        if n < 8 || planar.len() < 3 * all {
            return None;
        }
        let rgb = [&planar[..all], &planar[all..2 * all], &planar[2 * all..3 * all]];
        luma.fill(rgb, n);
        Some(Self { rgb, n, luma })
    }

    /// Pixels a side.
    pub(in crate::track) fn side(&self) -> f32 {
        self.n as f32
    }

    /// The four pixels round a place as an index and two parts; none within two pixels of the edge.
    fn place(&self, at: Vec2) -> Option<(usize, Vec2)> {
        let last = self.n as f32 - 4.0;
        if !(at.x >= 3.0 && at.y >= 3.0 && at.x < last && at.y < last) {
            return None;
        }
        let (x, y) = (at.x as usize, at.y as usize);
        Some((y * self.n + x, at - Vec2::new(x as f32, y as f32)))
    }

    #[inline]
    fn mix(&self, plane: &[f32], index: usize, part: Vec2) -> f32 {
        let (a, b) = (plane[index], plane[index + 1]);
        let (c, d) = (plane[index + self.n], plane[index + self.n + 1]);
        let (upper, lower) = (a + (b - a) * part.x, c + (d - c) * part.x);
        upper + (lower - upper) * part.y
    }

    /// Logarithm of the encoded colour, the mean of four taps; none near the crop's edge.
    pub(super) fn colour(&self, at: Vec2) -> Option<Vec3> {
        self.place(at)?;
        let mut sum = [0.0; 3];
        for tap in [Vec2::new(-TAP, -TAP), Vec2::new(TAP, -TAP), Vec2::new(-TAP, TAP), Vec2::splat(TAP)] {
            let p = at + tap;
            let (x, y) = (p.x as usize, p.y as usize);
            let (index, part) = (y * self.n + x, p - Vec2::new(x as f32, y as f32));
            for (sum, plane) in sum.iter_mut().zip(self.rgb) {
                *sum += self.mix(plane, index, part);
            }
        }
        Some((Vec3::from_array(sum) * 0.25 + FLOOR).map(f32::ln))
    }

    /// Logarithm of luma and its slope a pixel; none near the crop's edge.
    pub(super) fn tone(&self, at: Vec2) -> Option<(f32, Vec2)> {
        let (index, part) = self.place(at)?;
        let y = self.mix(&self.luma.value, index, part) + FLOOR;
        let slope =
            Vec2::new(self.mix(&self.luma.across, index, part), self.mix(&self.luma.down, index, part));
        Some((y.ln(), slope / y))
    }
}
