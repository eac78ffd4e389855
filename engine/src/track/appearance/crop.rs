//! The mesh network's crop as the model looks at it.

use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};
use wide::f32x4;

/// Encoded light added before a logarithm, so that noise in the dark stays small.
pub(super) const FLOOR: f32 = 24.0 / 255.0;
/// Luma of R'G'B' (BT.601).
const LUMA: Vec3 = Vec3::new(0.299, 0.587, 0.114);

/// A square crop, `n` pixels a side, made ready to be sampled in many places.
pub(in crate::track) struct Crop<'a> {
    n: usize,
    views: &'a Views,
}

/// A crop's pixels blurred by 1 2 1 both ways; kept from frame to frame.
#[derive(Debug, Default)]
pub(in crate::track) struct Views {
    /// R', G', B' and luma, 0..=1.
    colours: Vec<Vec4>,
    /// Logarithm of luma plus [`FLOOR`], its slopes a pixel across and down, nothing.
    tones: Vec<Vec4>,
    /// The last three rows, blurred across; the last three rows of logarithms.
    rows: [Vec<Vec4>; 3],
    logs: [Vec<f32>; 3],
}

/// Of four values at once; they must be above 0.
fn ln4(v: Vec4) -> Vec4 {
    Vec4::from_array(f32x4::from(v.to_array()).ln().to_array())
}

impl Views {
    /// Takes a crop in: planar R'G'B'. What lies nearer to the edge than two pixels is not defined.
    fn fill(&mut self, rgb: [&[f32]; 3], n: usize) {
        for plane in [&mut self.colours, &mut self.tones] {
            plane.resize(n * n, Vec4::ZERO);
        }
        self.rows.iter_mut().for_each(|r| r.resize(n, Vec4::ZERO));
        self.logs.iter_mut().for_each(|r| r.resize(n, 0.0));
        let [red, green, blue] = rgb.map(|plane| plane.chunks_exact(n));
        let mut plain = vec![Vec4::ZERO; n];
        for (y, ((r, g), b)) in red.zip(green).zip(blue).enumerate() {
            for (((p, r), g), b) in plain.iter_mut().zip(r).zip(g).zip(b) {
                let c = Vec3::new(*r, *g, *b);
                *p = c.extend(c.dot(LUMA));
            }
            self.rows.rotate_left(1);
            let [above, middle, below] = &mut self.rows;
            for (w, o) in plain.windows(3).zip(&mut below[1..]) {
                *o = (w[0] + w[1] * 2.0 + w[2]) * 0.25;
            }
            if y < 2 {
                continue;
            }
            // The row before this one can be blurred down now, and the one before that has its slopes.
            let smooth = &mut self.colours[(y - 1) * n..][..n];
            for (((o, a), m), b) in smooth.iter_mut().zip(&*above).zip(&*middle).zip(&*below) {
                *o = (*a + *m * 2.0 + *b) * 0.25;
            }
            self.logs.rotate_left(1);
            let [above, middle, below] = &mut self.logs;
            for (o, c) in below.chunks_exact_mut(4).zip(smooth.chunks_exact(4)) {
                let log = ln4(Vec4::new(c[0].w, c[1].w, c[2].w, c[3].w).max(Vec4::ZERO) + FLOOR);
                o.copy_from_slice(&log.to_array());
            }
            if y < 4 {
                continue;
            }
            let tones = &mut self.tones[(y - 2) * n..][1..n - 1];
            let down = above.iter().zip(&*below).skip(1).map(|(a, b)| (b - a) * 0.5);
            for ((o, w), down) in tones.iter_mut().zip(middle.windows(3)).zip(down) {
                *o = Vec4::new(w[1], (w[2] - w[0]) * 0.5, down, 0.0);
            }
        }
    }
}

impl<'a> Crop<'a> {
    /// A crop of planar R'G'B', 0..=1; none where the planes are too short or the side is no multiple of four.
    pub(in crate::track) fn new(planar: &[f32], n: usize, views: &'a mut Views) -> Option<Self> {
        let all = n * n;
        if n < 8 || !n.is_multiple_of(4) || planar.len() < 3 * all {
            return None;
        }
        views.fill([&planar[..all], &planar[all..2 * all], &planar[2 * all..3 * all]], n);
        Some(Self { n, views })
    }

    /// Pixels a side.
    pub(in crate::track) fn side(&self) -> f32 {
        self.n as f32
    }

    /// Between the four pixels round a place; none within three pixels of the edge.
    #[inline]
    fn mix(&self, plane: &[Vec4], at: Vec2) -> Option<Vec4> {
        let last = self.n as f32 - 4.0;
        if !(at.x >= 3.0 && at.y >= 3.0 && at.x < last && at.y < last) {
            return None;
        }
        let (x, y) = (at.x as usize, at.y as usize);
        let part = at - Vec2::new(x as f32, y as f32);
        let upper = plane.get(y * self.n + x..)?;
        let (upper, lower) = (upper.get(..2)?, upper.get(self.n..self.n + 2)?);
        let above = upper[0] + (upper[1] - upper[0]) * part.x;
        let below = lower[0] + (lower[1] - lower[0]) * part.x;
        Some(above + (below - above) * part.y)
    }

    /// Logarithm of the encoded colour and of luma, each plus [`FLOOR`]; none near the crop's edge.
    pub(super) fn colour(&self, at: Vec2) -> Option<Vec4> {
        Some(ln4(self.mix(&self.views.colours, at)?.max(Vec4::ZERO) + FLOOR))
    }

    /// Logarithm of luma and its slope a pixel; none near the crop's edge.
    #[inline]
    pub(super) fn tone(&self, at: Vec2) -> Option<(f32, Vec2)> {
        let tone = self.mix(&self.views.tones, at)?;
        Some((tone.x, tone.yz()))
    }
}
