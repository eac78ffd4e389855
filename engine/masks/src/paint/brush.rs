//! Strokes, fills and dabs on the canvas.

use glam::Vec2;

use super::canvas::{Bounds, Canvas, Texel};
use super::curve::{Curve, distance_squared};
use omote_frame::space::smoothstep_between;

/// Where a texel lies in a stroke.
#[derive(Clone, Copy)]
pub(super) struct Touch {
    /// How much of the texel the stroke covers, 0..=1.
    pub(super) cover: f32,
    /// Way along the stroke, 0..=1.
    pub(super) along: f32,
    /// Way across it, -1 (left of its direction on screen) ..=1.
    pub(super) across: f32,
}

impl Touch {
    /// Height of a round bead with this stroke's width, 0 at the rim ..=1 on the middle line.
    pub(super) fn bead(&self) -> f32 {
        (1.0 - self.across * self.across).max(0.0).sqrt()
    }
}

impl Canvas {
    /// Draws a stroke along `curve`. `width` gives half the width (UV units) at a way along (0..=1); the rim
    /// is `feather` wide. `f` is called once for each texel touched.
    pub(super) fn stroke(
        &mut self,
        curve: &Curve,
        feather: f32,
        width: impl Fn(f32) -> f32,
        f: impl Fn(Touch, Vec2, &mut Texel),
    ) {
        let feather = feather.max(self.texel());
        let widest = (0..=16).map(|i| width(i as f32 / 16.0)).fold(0.0, f32::max) + feather;
        let span = self.span(curve.bounds(widest));
        if span.x1 <= span.x0 || span.y1 <= span.y0 {
            return;
        }
        let columns = span.x1 - span.x0;
        // Cover, along, across. Zeroed memory that is never touched costs nothing.
        let mut touched = vec![[0.0_f32; 3]; columns * (span.y1 - span.y0)];
        let mut reach = vec![(usize::MAX, 0_usize); span.y1 - span.y0];
        for piece in pieces(curve, &width) {
            let Piece { a, b, along, half } = piece;
            let (ab, step) = (b - a, a.distance(b).max(1e-7));
            let part = self.span(Bounds::from_points(&[a, b], half[0].max(half[1]) + feather));
            for y in part.y0..part.y1 {
                for x in part.x0..part.x1 {
                    let ap = self.uv(x, y) - a;
                    let t = (ap.dot(ab) / (step * step)).clamp(0.0, 1.0);
                    let half = (half[0] + (half[1] - half[0]) * t).max(1e-6);
                    let off = (ap - ab * t).length();
                    let cover = ((half - off) / feather + 0.5).clamp(0.0, 1.0);
                    if cover <= 0.0 {
                        continue;
                    }
                    let (row, column) = (y - span.y0, x - span.x0);
                    let slot = &mut touched[row * columns + column];
                    let across = (off / half).min(1.0);
                    if cover > slot[0] || (cover >= slot[0] && across < slot[2].abs()) {
                        let way = along[0] + (along[1] - along[0]) * t;
                        *slot = [cover, way, if ab.perp_dot(ap) < 0.0 { -across } else { across }];
                        reach[row] = (reach[row].0.min(column), reach[row].1.max(column + 1));
                    }
                }
            }
        }
        for (row, &(from, to)) in reach.iter().enumerate() {
            for column in from..to {
                let [cover, along, across] = touched[row * columns + column];
                if cover > 0.0 {
                    let (x, y) = (span.x0 + column, span.y0 + row);
                    let p = self.uv(x, y);
                    f(Touch { cover, along, across }, p, self.texel_mut(x, y));
                }
            }
        }
    }

    /// Fills the closed `curve` with a rim `feather` wide. `f` gets the cover (0..=1) and the depth under the
    /// border (UV units, positive inside) of each texel covered.
    pub(super) fn fill(
        &mut self,
        curve: &Curve,
        feather: f32,
        f: impl Fn(f32, f32, Vec2, &mut Texel) + Sync,
    ) {
        let feather = feather.max(self.texel());
        let bounds = curve.bounds(feather);
        let depths = Depths::new(curve, bounds, self.texel(), feather);
        let unit = self.texel();
        self.rows(bounds, |v, u, texels| {
            let crossings = depths.crossings(v);
            for (i, texel) in texels.iter_mut().enumerate() {
                let p = Vec2::new(u + i as f32 * unit, v);
                let depth = depths.at(p, &crossings);
                let cover = smoothstep_between(-0.5 * feather, 0.5 * feather, depth);
                if cover > 0.0 {
                    f(cover, depth, p, texel);
                }
            }
        });
    }

    /// A soft elliptical touch: `f` gets 1 at the centre falling to 0 at the rim.
    pub(super) fn dab(
        &mut self,
        centre: Vec2,
        radius: Vec2,
        angle: f32,
        f: impl Fn(f32, Vec2, &mut Texel) + Sync,
    ) {
        let reach = Vec2::splat(radius.max_element());
        let axis = Vec2::from_angle(-angle);
        self.within(Bounds { min: centre - reach, max: centre + reach }, |p, texel| {
            let r = (axis.rotate(p - centre) / radius).length_squared();
            if r < 1.0 {
                f((1.0 - r) * (1.0 - r), p, texel);
            }
        });
    }
}

/// A short piece of a stroke: ends, ways along (0..=1) and half widths at both.
struct Piece {
    a: Vec2,
    b: Vec2,
    along: [f32; 2],
    half: [f32; 2],
}

/// A stroke in pieces so short that its width may change evenly on each.
fn pieces(curve: &Curve, width: impl Fn(f32) -> f32) -> Vec<Piece> {
    let length = curve.length().max(1e-6);
    let longest = (length / 12.0).min(0.02);
    let (mut pieces, mut before) = (Vec::new(), 0.0);
    for (from, to) in curve.segments() {
        let step = from.distance(to);
        let count = (step / longest).ceil().max(1.0) as usize;
        for k in 0..count {
            let ends = [k as f32 / count as f32, (k + 1) as f32 / count as f32];
            let along = ends.map(|t| (before + t * step) / length);
            let [a, b] = ends.map(|t| from.lerp(to, t));
            pieces.push(Piece { a, b, along, half: along.map(&width) });
        }
        before += step;
    }
    pieces
}

/// Depth (UV units) down to which a filled shape's depth is exact: bevels and rims are made of it, and
/// interpolation would leave steps in them.
const EXACT: f32 = 0.022;

/// How deep points lie in a closed curve, quickly. A lattice of squares knows for each square near the border
/// which pieces of the curve can be nearest; far from the border depth is interpolated.
struct Depths {
    segments: Vec<(Vec2, Vec2)>,
    origin: Vec2,
    step: f32,
    columns: usize,
    corners: Vec<f32>,
    /// For each square the pieces near it; empty far from the border.
    near: Vec<Vec<(Vec2, Vec2)>>,
}

impl Depths {
    fn new(curve: &Curve, bounds: Bounds, texel: f32, feather: f32) -> Self {
        let segments: Vec<_> = curve.segments().collect();
        let (min, max) = (bounds.min.max(Vec2::splat(-0.05)), bounds.max.min(Vec2::splat(1.05)));
        let extent = (max - min).max(Vec2::ZERO);
        let step = (extent.max_element() / 24.0).clamp(4.0 * texel, 12.0 * texel);
        let (columns, rows) = ((extent.x / step) as usize + 2, (extent.y / step) as usize + 2);
        let corner = |i: usize, j: usize| min + Vec2::new(i as f32, j as f32) * step;
        let mut corners = vec![0.0; columns * rows];
        super::canvas::in_bands(&mut corners, columns, |row, line| {
            for (column, depth) in line.iter_mut().enumerate() {
                *depth = curve.depth(corner(column, row));
            }
        });
        // No point of a square is further than half its diagonal from its middle.
        let half = step * std::f32::consts::FRAC_1_SQRT_2;
        let mut near = vec![Vec::new(); columns * rows];
        super::canvas::in_bands(&mut near, columns, |row, line| {
            for (column, near) in line.iter_mut().enumerate() {
                if corners[row * columns + column].abs() > (2.0 * half + feather).max(EXACT) {
                    continue;
                }
                let middle = corner(column, row) + 0.5 * step;
                let away = |&(a, b): &(Vec2, Vec2)| distance_squared(middle, a, b);
                let reach = segments.iter().map(away).fold(f32::MAX, f32::min).sqrt() + 2.0 * half;
                near.extend(segments.iter().copied().filter(|s| away(s) <= reach * reach));
            }
        });
        Self { segments, origin: min, step, columns, corners, near }
    }

    /// Where the horizontal line at `y` crosses the curve.
    fn crossings(&self, y: f32) -> Vec<f32> {
        super::curve::crossings(self.segments.iter().copied(), y)
    }

    fn at(&self, p: Vec2, crossings: &[f32]) -> f32 {
        let q = ((p - self.origin) / self.step).max(Vec2::ZERO);
        let (x, y) = (q.x as usize, q.y as usize);
        let i = y * self.columns + x;
        let near = self.near.get(i).map_or(&[][..], Vec::as_slice);
        if !near.is_empty() {
            let far = near.iter().map(|&(a, b)| distance_squared(p, a, b)).fold(f32::MAX, f32::min).sqrt();
            let inside = crossings.iter().filter(|&&x| p.x < x).count() % 2 == 1;
            return if inside { far } else { -far };
        }
        let (Some(top), Some(bottom)) =
            (self.corners.get(i..i + 2), self.corners.get(i + self.columns..i + self.columns + 2))
        else {
            return -self.step;
        };
        let (fx, fy) = (q.x - x as f32, q.y - y as f32);
        let a = top[0] + (top[1] - top[0]) * fx;
        let b = bottom[0] + (bottom[1] - bottom[0]) * fx;
        a + (b - a) * fy
    }
}
