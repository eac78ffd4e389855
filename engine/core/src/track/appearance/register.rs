//! Lays the model on a frame: the similarity of the crop's plane that makes the picture look most like the model.
//!
//! Gauss–Newton on the logarithm of luma, with the light's change as further unknowns (Lucas and Kanade, IJCAI 1981;
//! linear appearance variation after Hager and Belhumeur, IEEE PAMI 20, 1998), robust by Cauchy's weights: what stands in
//! front of the face does not pull.

use super::crop::Crop;
use super::simd::{LANES, Products, lanes, lit, solve, terms};
use super::texels::{Place, SKIN, TERMS, crowded, points_of};
use super::{AppearanceModel, CELLS, Texel};
use glam::{Mat2, Vec2, Vec4, Vec4Swizzles};
use wide::f32x8;

/// A similarity of the crop's plane: `anchor + grow · R(turn) · (p − anchor) + shift`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::track) struct Similarity {
    pub(in crate::track) anchor: Vec2,
    /// Crop pixels.
    pub(in crate::track) shift: Vec2,
    /// Radians, clockwise on screen.
    pub(in crate::track) turn: f32,
    /// Natural logarithm of the growth.
    pub(in crate::track) grow: f32,
}

impl Similarity {
    fn none(anchor: Vec2) -> Self {
        Self { anchor, shift: Vec2::ZERO, turn: 0.0, grow: 0.0 }
    }

    fn matrix(&self) -> Mat2 {
        Mat2::from_angle(self.turn) * self.grow.exp()
    }

    pub(in crate::track) fn apply(&self, p: Vec2) -> Vec2 {
        self.anchor + self.matrix() * (p - self.anchor) + self.shift
    }
}

/// How well the model lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::track) struct Fit {
    pub(in crate::track) way: Similarity,
    /// Share of the texels, without those that were covered before, that look as they should, 0..=1.
    pub(in crate::track) agreement: f32,
    /// Correlation of the face's own pattern with the picture's, light taken out of both, -1..=1.
    pub(in crate::track) pattern: f32,
    /// Expected error of the place, crop pixels: from the slopes and the rest.
    pub(in crate::track) error: f32,
}

/// Unknowns: shift, turn, growth, and the light's six terms.
const N: usize = 10;
/// Rest that counts half, in the logarithm's unit, step by step.
const SCALES: [f32; 6] = [0.2, 0.12, 0.08, 0.06, 0.06, 0.06];
/// A texel agrees when its rest is below this.
const AGREES: f32 = 0.1;
/// Rest at which a texel stops speaking against the pattern.
const CLIP: f32 = 0.15;
/// Difference of hue (logarithms of R / G and B / G) that counts half.
const HUE: f32 = 0.1;
/// Rounds before what stands in front is looked for.
const SHUN_FROM: usize = 2;
/// Before that one of so many texels will do.
const ROUGH: usize = 2;
/// Rounds after which a step of less than this, in crop pixels, is the last.
const SETTLED: usize = 3;
const STILL: f32 = 0.005;
/// Rest from which a texel looks otherwise.
const STRANGE: f32 = 0.14;
/// So many of those within so many cells put a texel out of the count; what it then counts.
const SHUN_LEAST: u8 = 4;
const SHUN_REACH: usize = 2;
const SHUNNED: f32 = 0.02;
/// Least number of texels to lay a model by.
const LEAST: usize = 200;
/// Crop pixels that count as one unit of turn and growth.
const ARM: f32 = 40.0;

/// A texel in the plane of the mesh.
struct Spot {
    at: Vec2,
    tone: f32,
    trust: f32,
    cell: u16,
    /// How far it was free before and has the face's hue, 0..=1.
    free: f32,
    /// Its place in the light's terms.
    uv: Vec2,
}

/// Eight of them; where there are fewer, the others have no trust, are not free, and have no cell.
struct Spots {
    /// From the middle of all.
    x: f32x8,
    y: f32x8,
    tone: f32x8,
    trust: f32x8,
    free: f32x8,
    /// The light's six terms.
    terms: [f32x8; 6],
    cells: [u16; LANES],
    /// 1 away from what stands in front; at its edge slopes are steep and pull the mesh along.
    calm: f32x8,
    /// The model's own tone without its smooth part.
    pattern: f32x8,
}

impl Spots {
    fn new(spots: &[Spot], anchor: Vec2) -> Self {
        let mut cells = [u16::MAX; LANES];
        cells.iter_mut().zip(spots).for_each(|(cell, s)| *cell = s.cell);
        Self {
            x: lanes(spots, |s| s.at.x - anchor.x),
            y: lanes(spots, |s| s.at.y - anchor.y),
            tone: lanes(spots, |s| s.tone),
            trust: lanes(spots, |s| s.trust),
            free: lanes(spots, |s| s.free),
            terms: terms(lanes(spots, |s| s.uv.x), lanes(spots, |s| s.uv.y)),
            cells,
            calm: f32x8::ONE,
            pattern: f32x8::ZERO,
        }
    }

    /// From the middle of all, turned and grown.
    fn arm(&self, matrix: &Mat2) -> [f32x8; 2] {
        let (a, b) = (matrix.x_axis, matrix.y_axis);
        [self.x * a.x + self.y * b.x, self.x * a.y + self.y * b.y]
    }

    /// Notes by cell which of the texels look otherwise, as their `rest` says, 1 or 0.
    #[inline]
    fn mark(&self, rest: f32x8, inside: f32x8, strange: &mut [u8; CELLS]) {
        let alike = rest.abs().simd_lt(f32x8::splat(STRANGE)).select(self.free * inside, f32x8::ZERO);
        for (cell, alike) in self.cells.iter().zip(alike.to_array()) {
            if let Some(strange) = strange.get_mut(usize::from(*cell)) {
                *strange = u8::from(alike < 0.5);
            }
        }
    }

    /// Tone and slopes of the crop where the texels lie, and 1 where they lie in it.
    fn see(&self, way: &Similarity, matrix: &Mat2, crop: &Crop<'_>) -> ([f32x8; 3], f32x8) {
        let [x, y] = self.arm(matrix);
        let to = way.anchor + way.shift;
        crop.tones(x + f32x8::splat(to.x), y + f32x8::splat(to.y))
    }
}

impl AppearanceModel {
    /// Lays the model on the crop, starting at `mesh` (crop pixels). None where too little of it is known or in view.
    pub(in crate::track) fn register(&self, mesh: &[Vec2], crop: &Crop<'_>) -> Option<Fit> {
        let spots = self.spots(mesh, crop);
        if spots.len() < LEAST {
            return None;
        }
        let anchor = spots.iter().map(|s| s.at).sum::<Vec2>() / spots.len() as f32;
        let mut spots: Vec<Spots> = spots.chunks(LANES).map(|s| Spots::new(s, anchor)).collect();
        let mut way = Similarity::none(anchor);
        let before = self.light.map(|l| l.w);
        let mut light = before;
        let keep = self.light_kept();
        let mut error = f32::MAX;
        let mut strange = [0u8; CELLS];
        for (round, scale) in SCALES.into_iter().enumerate() {
            if round == SHUN_FROM {
                mark_strange(&spots, &way, &light, crop, &mut strange);
            }
            if round >= SHUN_FROM {
                shun(&mut spots, &strange);
            }
            // The unknowns, and the rest as an eleventh.
            let mut products = Products::<{ N + 1 }>::new();
            let matrix = way.matrix();
            let (mut weights, mut seen) = (f32x8::ZERO, f32x8::ZERO);
            let skip = if round < SHUN_FROM { ROUGH } else { 1 };
            for s in spots.iter().step_by(skip) {
                let ([tone, across, down], inside) = s.see(&way, &matrix, crop);
                let rest = tone - s.tone - lit(&light, &s.terms);
                if round >= SHUN_FROM {
                    s.mark(rest, inside, &mut strange);
                }
                let off = rest * f32x8::splat(1.0 / scale);
                let weight = s.trust * s.calm * inside / (off * off + f32x8::ONE);
                let [x, y] = s.arm(&matrix);
                let arm = f32x8::splat(1.0 / ARM);
                let [t0, t1, t2, t3, t4, t5] = s.terms.map(|t| -t);
                let turn = (down * x - across * y) * arm;
                let grow = (across * x + down * y) * arm;
                products.push([across, down, turn, grow, t0, t1, t2, t3, t4, t5, rest], weight);
                weights += weight;
                seen += inside * s.trust.simd_gt(f32x8::ZERO).select(f32x8::splat(skip as f32), f32x8::ZERO);
            }
            let (weights, seen) = (weights.reduce_add(), seen.reduce_add());
            if seen < LEAST as f32 {
                return None;
            }
            let products = products.sums();
            let mut normal: [[f32; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| products[i][j]));
            let mut right: [f32; N] = std::array::from_fn(|i| -products[i][N]);
            let rests = products[N][N];
            for (i, row) in normal.iter_mut().enumerate() {
                row[i] += weights * if i <= 4 { 1e-6 } else { 2e-3 };
            }
            for (k, (light, before)) in light.iter().zip(&before).enumerate() {
                normal[4 + k][4 + k] += weights * keep;
                right[4 + k] -= weights * keep * (light - before);
            }
            error = (rests / weights / (normal[0][0].min(normal[1][1]) / weights * seen)).sqrt();
            let step = solve(normal, right)?;
            way.shift += Vec2::new(step[0], step[1]).clamp_length_max(4.0);
            way.turn += (step[2] / ARM).clamp(-0.1, 0.1);
            way.grow += (step[3] / ARM).clamp(-0.1, 0.1);
            light.iter_mut().zip(&step[4..]).for_each(|(light, step)| *light += step);
            if round > SETTLED && step[..4].iter().all(|v| v.abs() < STILL) {
                break;
            }
        }
        take_out_smooth(&mut spots);
        let (agreement, pattern) = judge(&spots, &way, &light, crop);
        Some(Fit { way, agreement, pattern, error })
    }

    fn spots(&self, mesh: &[Vec2], crop: &Crop<'_>) -> Vec<Spot> {
        let known = SKIN.iter().zip(TERMS.iter()).zip(&self.texels).filter(|(_, t)| t.seen > 0.15);
        let spot = |((place, terms), texel): ((&Place, &[Vec4; 2]), &Texel)| {
            let [a, b, c] = points_of(mesh, &place.corners)?;
            // Only what faces the viewer.
            if (a - b).perp_dot(c - a) <= 0.0 {
                return None;
            }
            let at = a * place.weights.x + b * place.weights.y + c * place.weights.z;
            let rest = crop.colour(at)? - texel.mean - self.lit(terms);
            // Hue varies slowly over a face, so it tells a hand apart before the mesh lies well.
            let hue = Vec2::new(rest.x - rest.y, rest.z - rest.y).length_squared();
            let alike = 1.0 / (1.0 + hue / (HUE * HUE));
            let free = (1.0 - texel.covered) * alike;
            let trust = (0.05 * alike + 0.95 * free) / (texel.tone_variance + 0.03 * 0.03);
            let [free, trust] = if crop.is_occluded(at) { [0.0; 2] } else { [free, trust] };
            Some(Spot { at, tone: texel.mean.w, trust, cell: place.cell, free, uv: terms[0].yz() })
        };
        let mut spots = Vec::with_capacity(SKIN.len());
        spots.extend(known.filter_map(spot));
        spots
    }
}

/// Finds the texels' own pattern: their tone without its smooth part, by the light's own terms, as one of [`ROUGH`] says.
fn take_out_smooth(spots: &mut [Spots]) {
    // The tone is a seventh.
    let mut products = Products::<7>::new();
    for s in spots.iter().step_by(ROUGH) {
        let [t0, t1, t2, t3, t4, t5] = s.terms;
        let there = s.trust.simd_gt(f32x8::ZERO).select(f32x8::ONE, f32x8::ZERO);
        products.push([t0, t1, t2, t3, t4, t5, s.tone], there);
    }
    let products = products.sums();
    let normal: [[f32; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| products[i][j]));
    let smooth = solve(normal, std::array::from_fn(|i| products[i][6])).unwrap_or_default();
    for s in spots {
        s.pattern = s.tone - lit(&smooth, &s.terms);
    }
}

/// Share that agrees, and the correlation of the pattern.
fn judge(spots: &[Spots], way: &Similarity, light: &[f32; 6], crop: &Crop<'_>) -> (f32, f32) {
    let matrix = way.matrix();
    let [mut agree, mut n, mut xy, mut xx, mut yy] = [f32x8::ZERO; 5];
    for s in spots {
        let ([tone, ..], inside) = s.see(way, &matrix, crop);
        let rest = tone - s.tone - lit(light, &s.terms);
        let free = s.free * inside;
        n += free;
        agree += rest.abs().simd_lt(f32x8::splat(AGREES)).select(free, f32x8::ZERO);
        let seen = s.pattern + rest.max(f32x8::splat(-CLIP)).min(f32x8::splat(CLIP));
        xy += free * s.pattern * seen;
        xx += free * s.pattern * s.pattern;
        yy += free * seen * seen;
    }
    let [agree, n, xy, xx, yy] = [agree, n, xy, xx, yy].map(f32x8::reduce_add);
    (agree / n.max(LEAST as f32), xy / f32::sqrt((xx + 1e-6) * (yy + 1e-6)))
}

/// Marks the cells of the texels that look otherwise.
fn mark_strange(
    spots: &[Spots],
    way: &Similarity,
    light: &[f32; 6],
    crop: &Crop<'_>,
    strange: &mut [u8; CELLS],
) {
    let matrix = way.matrix();
    for s in spots {
        let ([tone, ..], inside) = s.see(way, &matrix, crop);
        s.mark(tone - s.tone - lit(light, &s.terms), inside, strange);
    }
}

/// Takes texels out of the count round which more than one looks otherwise.
fn shun(spots: &mut [Spots], strange: &[u8; CELLS]) {
    if strange.iter().all(|v| *v == 0) {
        spots.iter_mut().for_each(|s| s.calm = f32x8::ONE);
        return;
    }
    let crowd = crowded(strange, SHUN_REACH);
    let calm = |cell: u16| crowd.get(usize::from(cell)).is_none_or(|n| *n < SHUN_LEAST);
    for s in spots {
        s.calm = f32x8::from(s.cells.map(|cell| if calm(cell) { 1.0 } else { SHUNNED }));
    }
}
