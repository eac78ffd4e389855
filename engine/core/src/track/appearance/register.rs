//! Registers the model in a frame: the similarity of the crop's plane that makes the picture look most like the model.
//!
//! Gauss–Newton on the logarithm of luma, with the light's change as further unknowns (Lucas and Kanade, IJCAI 1981;
//! linear appearance variation after Hager and Belhumeur, IEEE PAMI 20, 1998), robust by Cauchy's weights: what stands in
//! front of the face does not pull.

use super::crop::Crop;
use super::light::light_at;
use super::simd::{LANES, Products, light_at_lanes, light_terms, load_lanes, solve};
use super::texels::{SKIN, TERMS, TexelPlace, box_count};
use super::tuning::{AppearanceTuning, RegistrationTuning};
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

/// How well the model fits where it was registered.
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

impl Fit {
    /// How sure it is that the face lies there, -1..=1.
    pub(in crate::track) fn confidence(&self) -> f32 {
        self.agreement * self.pattern
    }
}

/// Unknowns: shift, turn, growth, and the light's six terms.
const N: usize = 10;

/// A texel in the plane of the mesh.
struct TexelSample {
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
struct TexelLanes {
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

impl TexelLanes {
    fn new(samples: &[TexelSample], anchor: Vec2) -> Self {
        let mut cells = [u16::MAX; LANES];
        cells.iter_mut().zip(samples).for_each(|(cell, s)| *cell = s.cell);
        Self {
            x: load_lanes(samples, |s| s.at.x - anchor.x),
            y: load_lanes(samples, |s| s.at.y - anchor.y),
            tone: load_lanes(samples, |s| s.tone),
            trust: load_lanes(samples, |s| s.trust),
            free: load_lanes(samples, |s| s.free),
            terms: light_terms(load_lanes(samples, |s| s.uv.x), load_lanes(samples, |s| s.uv.y)),
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

    /// Tone and slopes of the crop where the texels lie, and 1 where they lie in it.
    fn sample(&self, way: &Similarity, matrix: &Mat2, crop: &Crop<'_>) -> ([f32x8; 3], f32x8) {
        let [x, y] = self.arm(matrix);
        let to = way.anchor + way.shift;
        crop.tones(x + f32x8::splat(to.x), y + f32x8::splat(to.y))
    }
}

/// Which cells' texels look otherwise than the model says, 1 or 0.
struct StrangeCells {
    marks: [u8; CELLS],
    /// Rest from which a texel looks strange.
    least: f32,
}

impl StrangeCells {
    /// Notes which of eight texels look strange, by their `rest`; `inside` is 1 for those that lie in the crop.
    #[inline]
    fn mark(&mut self, texels: &TexelLanes, rest: f32x8, inside: f32x8) {
        let looks_right = rest.abs().simd_lt(f32x8::splat(self.least));
        let alike = looks_right.select(texels.free * inside, f32x8::ZERO);
        for (cell, alike) in texels.cells.iter().zip(alike.to_array()) {
            if let Some(mark) = self.marks.get_mut(usize::from(*cell)) {
                *mark = u8::from(alike < 0.5);
            }
        }
    }

    /// Takes texels out of the count round which several look strange.
    fn calm(&self, texels: &mut [TexelLanes], tuning: &RegistrationTuning) {
        if self.marks.iter().all(|mark| *mark == 0) {
            texels.iter_mut().for_each(|t| t.calm = f32x8::ONE);
            return;
        }
        let crowd = box_count(&self.marks, tuning.strange_reach);
        let is_calm =
            |cell: u16| crowd.get(usize::from(cell)).is_none_or(|count| *count < tuning.strange_least);
        for t in texels {
            t.calm = f32x8::from(t.cells.map(|cell| if is_calm(cell) { 1.0 } else { tuning.strange_weight }));
        }
    }
}

/// Weighted sums over the texels of one round.
struct Sums {
    /// Of products of the unknowns' slopes and, as an eleventh, the rest.
    products: [[f32; N + 1]; N + 1],
    weight: f32,
    /// Texels that were seen.
    seen: f32,
}

/// A registration under way.
struct Registration<'a> {
    crop: &'a Crop<'a>,
    tuning: &'a RegistrationTuning,
    way: Similarity,
    /// The tone's light, term by term: as it is found, and as it was in the last frame.
    light: [f32; 6],
    light_before: [f32; 6],
    /// How firmly it stays as it was.
    firmness: f32,
    /// Expected error of the place, crop pixels.
    error: f32,
}

impl Registration<'_> {
    /// What the present light and place leave of texels' tone, with the picture's slopes there, and 1 where they lie in it.
    #[inline]
    fn rest(&self, texels: &TexelLanes, matrix: &Mat2) -> (f32x8, [f32x8; 2], f32x8) {
        let ([tone, across, down], inside) = texels.sample(&self.way, matrix, self.crop);
        (tone - texels.tone - light_at_lanes(&self.light, &texels.terms), [across, down], inside)
    }

    /// Marks the texels that look strange at the present place.
    fn mark_strange(&self, texels: &[TexelLanes], strange: &mut StrangeCells) {
        let matrix = self.way.matrix();
        for t in texels {
            let (rest, _, inside) = self.rest(t, &matrix);
            strange.mark(t, rest, inside);
        }
    }

    /// Sums over one in so many groups of texels; a rest of `half_weight` counts half. Marks strange ones in passing.
    fn gather(
        &self,
        texels: &[TexelLanes],
        every: usize,
        half_weight: f32,
        mut strange: Option<&mut StrangeCells>,
    ) -> Sums {
        let mut products = Products::<{ N + 1 }>::new();
        let matrix = self.way.matrix();
        let (mut weights, mut seen) = (f32x8::ZERO, f32x8::ZERO);
        let per_half_weight = f32x8::splat(1.0 / half_weight);
        let per_arm = f32x8::splat(1.0 / self.tuning.arm);
        let each = f32x8::splat(every as f32);
        for t in texels.iter().step_by(every) {
            let (rest, [across, down], inside) = self.rest(t, &matrix);
            if let Some(strange) = &mut strange {
                strange.mark(t, rest, inside);
            }
            let off = rest * per_half_weight;
            let weight = t.trust * t.calm * inside / (off * off + f32x8::ONE);
            let [x, y] = t.arm(&matrix);
            let turn = (down * x - across * y) * per_arm;
            let grow = (across * x + down * y) * per_arm;
            let [t0, t1, t2, t3, t4, t5] = t.terms.map(|term| -term);
            products.push([across, down, turn, grow, t0, t1, t2, t3, t4, t5, rest], weight);
            weights += weight;
            seen += inside * t.trust.simd_gt(f32x8::ZERO).select(each, f32x8::ZERO);
        }
        Sums { products: products.sums(), weight: weights.reduce_add(), seen: seen.reduce_add() }
    }

    /// Solves a round's normal equations and moves on by the step. None where they have no solution; else whether the step
    /// was so small that nothing more will come.
    fn step(&mut self, sums: &Sums) -> Option<bool> {
        let Sums { products, weight, seen } = sums;
        let tuning = self.tuning;
        let mut normal: [[f32; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| products[i][j]));
        let mut right: [f32; N] = std::array::from_fn(|i| -products[i][N]);
        for (i, row) in normal.iter_mut().enumerate() {
            row[i] += weight * if i <= 4 { tuning.damping.0 } else { tuning.damping.1 };
        }
        for (k, (light, before)) in self.light.iter().zip(&self.light_before).enumerate() {
            normal[4 + k][4 + k] += weight * self.firmness;
            right[4 + k] -= weight * self.firmness * (light - before);
        }
        let least_slope = normal[0][0].min(normal[1][1]);
        self.error = (products[N][N] / weight / (least_slope / weight * seen)).sqrt();
        let step = solve(normal, right)?;
        let most_turn = tuning.most_turn;
        self.way.shift += Vec2::new(step[0], step[1]).clamp_length_max(tuning.most_shift);
        self.way.turn += (step[2] / tuning.arm).clamp(-most_turn, most_turn);
        self.way.grow += (step[3] / tuning.arm).clamp(-most_turn, most_turn);
        self.light.iter_mut().zip(&step[4..]).for_each(|(light, step)| *light += step);
        Some(step[..4].iter().all(|v| v.abs() < tuning.settled))
    }

    /// Share of the texels that agree, and the correlation of the pattern.
    fn judge(&self, texels: &[TexelLanes]) -> (f32, f32) {
        let matrix = self.way.matrix();
        let agrees = f32x8::splat(self.tuning.agrees);
        let (least, most) = (f32x8::splat(-self.tuning.pattern_clip), f32x8::splat(self.tuning.pattern_clip));
        let [mut agree, mut n, mut xy, mut xx, mut yy] = [f32x8::ZERO; 5];
        for t in texels {
            let (rest, _, inside) = self.rest(t, &matrix);
            let free = t.free * inside;
            n += free;
            agree += rest.abs().simd_lt(agrees).select(free, f32x8::ZERO);
            let seen = t.pattern + rest.max(least).min(most);
            xy += free * t.pattern * seen;
            xx += free * t.pattern * t.pattern;
            yy += free * seen * seen;
        }
        let [agree, n, xy, xx, yy] = [agree, n, xy, xx, yy].map(f32x8::reduce_add);
        let agreement = agree / n.max(self.tuning.least_texels as f32);
        (agreement, xy / f32::sqrt((xx + 1e-6) * (yy + 1e-6)))
    }
}

impl AppearanceModel {
    /// Registers the model in the crop, starting at `mesh` (crop pixels). None where too little of it is known or in view.
    pub(in crate::track) fn register(
        &self,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        tuning: &AppearanceTuning,
    ) -> Option<Fit> {
        let firmness = self.light_firmness(&tuning.light);
        let tuning = &tuning.registration;
        let samples = self.texel_samples(mesh, crop, tuning);
        if samples.len() < tuning.least_texels {
            return None;
        }
        let anchor = samples.iter().map(|s| s.at).sum::<Vec2>() / samples.len() as f32;
        let mut texels: Vec<TexelLanes> = samples.chunks(LANES).map(|s| TexelLanes::new(s, anchor)).collect();
        let light = self.light.map(|l| l.w);
        let way = Similarity::none(anchor);
        let error = f32::MAX;
        let mut registration =
            Registration { crop, tuning, way, light, light_before: light, firmness, error };
        let mut strange = StrangeCells { marks: [0; CELLS], least: tuning.strange };
        for (round, half_weight) in tuning.half_weight.into_iter().enumerate() {
            if round == tuning.strange_from {
                registration.mark_strange(&texels, &mut strange);
            }
            let fine = round >= tuning.strange_from;
            if fine {
                strange.calm(&mut texels, tuning);
            }
            let every = if fine { 1 } else { tuning.coarse_step.max(1) };
            let sums = registration.gather(&texels, every, half_weight, fine.then_some(&mut strange));
            if sums.seen < tuning.least_texels as f32 {
                return None;
            }
            let settled = registration.step(&sums)?;
            if round > tuning.settled_after && settled {
                break;
            }
        }
        take_out_smooth(&mut texels, tuning.coarse_step.max(1));
        let (agreement, pattern) = registration.judge(&texels);
        Some(Fit { way: registration.way, agreement, pattern, error: registration.error })
    }

    /// The texels that are known and in view, where a mesh has them.
    fn texel_samples(&self, mesh: &[Vec2], crop: &Crop<'_>, tuning: &RegistrationTuning) -> Vec<TexelSample> {
        let known = SKIN.iter().zip(TERMS.iter()).zip(&self.texels);
        let known = known.filter(|(_, texel)| texel.seen > tuning.known_s);
        let mut samples = Vec::with_capacity(SKIN.len());
        samples.extend(known.filter_map(|((place, terms), texel)| {
            self.texel_sample(place, terms, texel, mesh, crop, tuning)
        }));
        samples
    }

    #[inline]
    fn texel_sample(
        &self,
        place: &TexelPlace,
        terms: &[Vec4; 2],
        texel: &Texel,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        tuning: &RegistrationTuning,
    ) -> Option<TexelSample> {
        let at = place.visible_point_in(mesh)?;
        let rest = crop.colour(at)? - texel.mean - light_at(&self.light, terms);
        // Hue varies slowly over a face, so it tells a hand apart before the mesh lies well.
        let hue = Vec2::new(rest.x - rest.y, rest.z - rest.y).length_squared();
        let alike = 1.0 / (1.0 + hue / (tuning.hue * tuning.hue));
        let free = (1.0 - texel.covered) * alike;
        let known = tuning.covered_weight * alike + (1.0 - tuning.covered_weight) * free;
        let trust = known / (texel.tone_variance + tuning.tone_deviation * tuning.tone_deviation);
        let [free, trust] = if crop.is_occluded(at) { [0.0; 2] } else { [free, trust] };
        Some(TexelSample { at, tone: texel.mean.w, trust, cell: place.cell, free, uv: terms[0].yz() })
    }
}

/// Finds the texels' own pattern: their tone without its smooth part, by the light's own terms, as one in so many says.
fn take_out_smooth(texels: &mut [TexelLanes], every: usize) {
    // The tone is a seventh.
    let mut products = Products::<7>::new();
    for t in texels.iter().step_by(every) {
        let [t0, t1, t2, t3, t4, t5] = t.terms;
        let there = t.trust.simd_gt(f32x8::ZERO).select(f32x8::ONE, f32x8::ZERO);
        products.push([t0, t1, t2, t3, t4, t5, t.tone], there);
    }
    let products = products.sums();
    let normal: [[f32; 6]; 6] = std::array::from_fn(|i| std::array::from_fn(|j| products[i][j]));
    let smooth = solve(normal, std::array::from_fn(|i| products[i][6])).unwrap_or_default();
    for t in texels {
        t.pattern = t.tone - light_at_lanes(&smooth, &t.terms);
    }
}
