//! What the user's face usually looks like, texel by texel: where it lies in the next frame, and what stands in front
//! of it.
//!
//! The model lives in canonical UV: mean and deviation of the encoded colour's logarithm. Light is taken out of every
//! frame by a quadratic fit over the texels that look like the face, so that a lamp is no occluder. It is learned in the
//! first half second, adapts slowly and stands still under an occluder.

mod crop;
mod evidence;
mod jaw;
mod lids;
mod light;
mod line_search;
mod occlusion;
mod register;
mod simd;
mod texels;
pub(super) mod tuning;

use crate::canonical_uv::CANONICAL_UV;
use crate::track::veil::VeilReading;
use glam::{Vec2, Vec3, Vec4, Vec4Swizzles};
use light::{Light, light_at};
use texels::{SKIN, TERMS};
use tuning::{AppearanceTuning, LearningTuning};

pub(super) use crop::{Crop, CropPlanes, OtherFaces};
pub(super) use jaw::{DROPS, down};
pub use occlusion::{Occlusion, OcclusionCell};
pub(super) use register::Fit;
pub(crate) use texels::{
    TexelPlace, for_each_cell_near, for_each_cell_near_in, for_each_texel_place, texel_places,
};

/// Cells of a side of the model and of an [`Occlusion`].
pub const SIDE: usize = omote_shaders::layout::OCCLUDE_SIDE as usize;
const CELLS: usize = SIDE * SIDE;

/// One texel of the model.
#[derive(Clone, Copy, Debug, Default)]
struct Texel {
    /// Mean of the colour's logarithm, fourth the tone: the logarithm of luma, sampled finer.
    mean: Vec4,
    /// Variance of the colour, a channel, and of the tone.
    variance: f32,
    tone_variance: f32,
    /// Seconds for which it was learned.
    seen: f32,
    /// How far it is covered, 0..=1, and for how many seconds it has been.
    covered: f32,
    since: f32,
}

impl Texel {
    fn new(mean: Vec4, seen: f32, deviation: f32) -> Self {
        let variance = deviation.powi(2);
        Self { mean, variance, tone_variance: variance, seen, ..Self::default() }
    }

    /// Takes a frame's rest in, over `elapsed` seconds; `adapt_s` is the time constant of later adaptation.
    fn learn(&mut self, rest: Vec4, elapsed: f32, adapt_s: f32) {
        self.seen += elapsed;
        let rate = (elapsed / self.seen.min(adapt_s)).min(1.0);
        self.mean += rest * rate;
        self.variance += (rest.xyz().length_squared() / 3.0 - self.variance) * rate;
        self.tone_variance += (rest.w * rest.w - self.tone_variance) * rate;
    }
}

/// The model of one face.
#[derive(Clone, Debug)]
pub(super) struct AppearanceModel {
    texels: Vec<Texel>,
    /// Seconds for which it was learned.
    pub(super) age: f32,
    /// Seconds for which nothing fitted.
    lost: f32,
    /// The last frame's light.
    light: Light,
    mask: Vec<f32>,
    /// Cells within other faces' outlines in the last frame.
    occluded_cells: Vec<u16>,
    /// Colours of the last frame's cells, logarithm: as the face would look, and as the picture is. NaN where not seen.
    colours: Vec<[Vec3; 2]>,
    /// The open eyes: the subject's right, then the left.
    eyes: [lids::Eye; 2],
    /// How surely each cell shows the face as it usually looks where the network says that something stands in front, 0..=1.
    bare: Vec<f32>,
}

/// A texel that the model knows as the frame shows it.
struct Seen {
    index: usize,
    /// From the model: the colour's logarithm, fourth the tone.
    difference: Vec4,
    /// The part of it that is light.
    light: Vec4,
    trust: f32,
    /// Within another face's outline.
    occluded: bool,
}

impl Seen {
    /// What light does not explain.
    fn rest(&self) -> Vec4 {
        self.difference - self.light
    }
}

/// A texel that is seen for the first time, by its index: the colour's logarithm, fourth the tone.
type Fresh = (usize, Vec4);

/// What a frame tells of the texels.
struct Judgement<'a> {
    /// How much each cell is taken to be covered, 0..=1.
    evidence: Vec<f32>,
    /// The same as the network says it.
    veiled: &'a [f32],
    /// Whether the evidence counts yet; before, the network alone does.
    counts: bool,
    /// Whether the frame is learned from.
    learns: bool,
}

impl AppearanceModel {
    pub(super) fn new() -> Self {
        Self {
            texels: vec![Texel::default(); SKIN.len()],
            age: 0.0,
            lost: 0.0,
            light: [Vec4::ZERO; 6],
            mask: vec![0.0; CELLS],
            occluded_cells: Vec::new(),
            colours: vec![[Vec3::NAN; 2]; CELLS],
            eyes: Default::default(),
            bare: vec![0.0; CELLS],
        }
    }

    /// Whether enough of the last frame's face looked as it should.
    pub(super) fn fits(&self) -> bool {
        self.lost == 0.0
    }

    /// How far the mesh's points are covered in the last frame, 0..=1 each.
    pub(super) fn covered(&self, point: usize) -> f32 {
        let Some(uv) = CANONICAL_UV.get(point) else { return 0.0 };
        let cell = |v: f32| ((v * SIDE as f32) as usize).min(SIDE - 1);
        self.mask.get(cell(uv[1]) * SIDE + cell(uv[0])).copied().unwrap_or(0.0)
    }

    /// Forgets light and what stood in front: in the last frame of a face that is lost neither was told well, and when it comes
    /// back they are others.
    pub(super) fn forget_last_frame(&mut self) {
        for texel in &mut self.texels {
            (texel.covered, texel.since) = (0.0, 0.0);
        }
        self.mask.fill(0.0);
        self.light = [Vec4::ZERO; 6];
    }

    /// How surely each cell showed the bare face in the last frame, whatever the network said, 0..=1.
    pub(super) fn bare(&self) -> &[f32] {
        &self.bare
    }

    /// Share of the face that was covered in the last frame, 0..=1.
    pub(super) fn share(&self) -> f32 {
        self.texels.iter().map(|t| t.covered).sum::<f32>() / self.texels.len().max(1) as f32
    }

    /// Takes a frame in, `elapsed` seconds after the last. `mesh` are the points in crop pixels; `front` is what the network
    /// Veil says stands in front.
    pub(super) fn update(
        &mut self,
        mesh: &[Vec2],
        crop: &Crop<'_>,
        front: Option<&VeilReading>,
        elapsed: f32,
        tuning: &AppearanceTuning,
    ) {
        let learning = &tuning.learning;
        let veiled = front.map_or_else(|| vec![0.0; CELLS], veiled_cells);
        let (mut known, fresh) = self.observe(mesh, crop, learning);
        self.light = self.solve_light(&known, &tuning.light);
        for seen in &mut known {
            seen.light = light_at(&self.light, &TERMS[seen.index]);
        }
        self.bare.fill(0.0);
        let evidence = match front {
            Some(_) => self.veiled_evidence(&known, &veiled, learning),
            None => self.occlusion_evidence(&known, learning),
        };
        let usable = is_usable(&known, &evidence, learning.most_covered);
        // Which of two faces that overlap a place belongs to is not known for sure: nothing is learned from either.
        let overlaps = mesh.iter().any(|at| crop.is_within_another(*at));
        let learns = usable && !overlaps && self.share() < learning.frozen;
        self.age += elapsed;
        self.lost = if usable { 0.0 } else { self.lost + elapsed };
        if self.lost > learning.learn_s {
            *self = Self::new();
            return;
        }
        let counts = usable && self.age > learning.learn_s;
        self.learn(&known, &Judgement { evidence, veiled: &veiled, counts, learns }, elapsed, learning);
        self.begin_fresh(&fresh, &veiled, &mut known, elapsed, learning);
        self.fill_mask();
        self.occluded_cells = known.iter().filter(|s| s.occluded).map(|s| SKIN[s.index].cell).collect();
        if self.has_occluder(&tuning.occlusion) {
            self.store_colours(&known);
        }
    }

    /// The texels that face the viewer as a frame shows them: those that are known, and those that are new.
    fn observe(&self, mesh: &[Vec2], crop: &Crop<'_>, tuning: &LearningTuning) -> (Vec<Seen>, Vec<Fresh>) {
        let least_variance = tuning.least_deviation * tuning.least_deviation;
        let mut fresh = Vec::new();
        let mut known = Vec::with_capacity(SKIN.len());
        for (index, (place, texel)) in SKIN.iter().zip(&self.texels).enumerate() {
            let Some(at) = place.visible_point_in(mesh) else { continue };
            let Some(seen) = crop.colour(at) else { continue };
            if texel.seen > 0.0 {
                let occluded = crop.is_occluded(at);
                let free = if occluded { 0.0 } else { 1.0 - texel.covered };
                let trust = free / texel.variance.max(least_variance);
                let difference = seen - texel.mean;
                known.push(Seen { index, difference, light: Vec4::ZERO, trust, occluded });
            } else {
                fresh.push((index, seen));
            }
        }
        (known, fresh)
    }

    /// Moves each known texel's cover towards what the frame shows, and learns from those that are free.
    fn learn(&mut self, known: &[Seen], judgement: &Judgement<'_>, elapsed: f32, tuning: &LearningTuning) {
        let [come, go] = [tuning.come_s, tuning.go_s].map(|pace| 1.0 - (-elapsed / pace).exp());
        for seen in known {
            let (index, rest) = (seen.index, seen.rest());
            let Some(texel) = self.texels.get_mut(index) else { continue };
            let evidence = judgement.evidence[usize::from(SKIN[index].cell)];
            let veiled = judgement.veiled[usize::from(SKIN[index].cell)];
            let target = if judgement.counts { evidence } else { veiled };
            texel.covered += (target - texel.covered) * if target > texel.covered { come } else { go };
            if texel.covered < tuning.trace {
                texel.covered = 0.0;
            }
            texel.since = if texel.covered > tuning.held { texel.since + elapsed } else { 0.0 };
            if texel.since > tuning.longest_s && veiled > tuning.held {
                // It is worn: of what is behind it nothing is known any more.
                *texel = Texel::default();
            } else if texel.since > tuning.longest_s {
                *texel = Texel::new(texel.mean + rest, elapsed, tuning.first_deviation);
            } else if judgement.learns && texel.covered < tuning.free && target < tuning.free {
                texel.learn(rest, elapsed, tuning.adapt_s);
            }
        }
    }

    /// Begins to learn the texels that are new and free, and counts them as known.
    fn begin_fresh(
        &mut self,
        fresh: &[Fresh],
        veiled: &[f32],
        known: &mut Vec<Seen>,
        elapsed: f32,
        tuning: &LearningTuning,
    ) {
        for &(index, seen) in fresh {
            if veiled[usize::from(SKIN[index].cell)] > tuning.free {
                continue;
            }
            let Some(texel) = self.texels.get_mut(index) else { continue };
            let light = light_at(&self.light, &TERMS[index]);
            *texel = Texel::new(seen - light, elapsed.max(1e-3), tuning.first_deviation);
            known.push(Seen { index, difference: light, light, trust: 0.0, occluded: false });
        }
    }
}

/// What a network says of each cell on skin, 0..=1; 0 elsewhere.
fn veiled_cells(front: &VeilReading) -> Vec<f32> {
    let mut out = vec![0.0; CELLS];
    for place in SKIN.iter() {
        out[usize::from(place.cell)] = front.at(place);
    }
    out
}

/// Whether no more than `most`, 0..=1, of what is seen looks covered; what lies within other faces' outlines is left out.
fn is_usable(known: &[Seen], evidence: &[f32], most: f32) -> bool {
    let (mut covered, mut count) = (0.0, 0f32);
    for seen in known.iter().filter(|seen| !seen.occluded) {
        covered += evidence[usize::from(SKIN[seen.index].cell)];
        count += 1.0;
    }
    covered <= most * count.max(1.0)
}

#[cfg(test)]
mod tests;
