//! What looks covered: each cell's difference from the face's appearance, and what its neighbourhood says to it.

use super::texels::{AT_CELL, SKIN, box_mean, closing, for_each_cell_near};
use super::tuning::LearningTuning;
use super::{AppearanceModel, CELLS, Seen};
use glam::{Vec3, Vec4Swizzles};

/// 0 up to the first of the limits, 1 from the second on, in between in proportion.
fn ramp(v: f32, (from, to): (f32, f32)) -> f32 {
    ((v - from) / (to - from)).clamp(0.0, 1.0)
}

impl AppearanceModel {
    /// How much each cell looks covered, 0..=1; a lone cell does not.
    pub(super) fn occlusion_evidence(&self, known: &[Seen], tuning: &LearningTuning) -> Vec<f32> {
        let mut cover = self.deviating(known, tuning.covered, tuning);
        weigh_by_neighbours(&mut cover, tuning);
        if cover.iter().all(|v| *v <= 0.0) {
            return vec![0.0; CELLS];
        }
        let faint = self.deviating(known, tuning.faint, tuning);
        fill_between(&mut cover, &faint, tuning);
        doubt_moving_skin(known, &cover, tuning)
    }

    /// How much each cell is covered by what the network sees, 0..=1. Where that says that something stands in front and the
    /// cells all round look like the face that was learned bare, it is the face: both must agree to lay bare.
    pub(super) fn veiled_evidence(
        &mut self,
        known: &[Seen],
        veiled: &[f32],
        tuning: &LearningTuning,
    ) -> Vec<f32> {
        if self.age > tuning.learn_s && veiled.iter().any(|v| *v > tuning.trace) {
            self.find_bare(known, veiled, tuning);
        }
        veiled.iter().zip(&self.bare).map(|(veiled, bare)| veiled * (1.0 - bare)).collect()
    }

    /// Marks where the network sees something in front and hardly any of what it means looks otherwise than usual.
    fn find_bare(&mut self, known: &[Seen], veiled: &[f32], tuning: &LearningTuning) {
        let differs = self.deviating(known, tuning.bare, tuning);
        // Of the cells in front only: their mean difference, by how far they are.
        let (mut meant, mut weight) = (vec![0.0; CELLS], vec![0.0; CELLS]);
        for seen in known.iter().filter(|s| self.texels.get(s.index).is_some_and(|t| t.seen > tuning.bare_s))
        {
            let cell = usize::from(SKIN[seen.index].cell);
            weight[cell] = veiled[cell];
            meant[cell] = veiled[cell] * differs[cell].max(0.0);
        }
        let (meant, round) = (box_mean(&meant, tuning.bare_reach), box_mean(&weight, tuning.bare_reach));
        for seen in known {
            let cell = usize::from(SKIN[seen.index].cell);
            if weight[cell] > 0.0 && round[cell] > 0.0 {
                self.bare[cell] = 1.0 - ramp(meant[cell] / round[cell], tuning.bare_share);
            }
        }
    }

    /// How far each cell's difference lies between two limits, in deviations, 0..=1; -1 where nothing is seen.
    fn deviating(&self, known: &[Seen], limits: (f32, f32), tuning: &LearningTuning) -> Vec<f32> {
        let least_variance = tuning.least_deviation * tuning.least_deviation;
        let mut out = vec![-1.0f32; CELLS];
        for seen in known {
            let variance = self.texels.get(seen.index).map_or(1.0, |t| t.variance);
            let deviation = 3f32.sqrt() * variance.max(least_variance).sqrt();
            let rest = seen.rest().xyz();
            let own = rest.length() / deviation;
            // Looking round only makes it less.
            let deviations = if own <= limits.0 {
                own
            } else {
                (self.least_difference(seen.index, rest, tuning.slack) / deviation * own).sqrt()
            };
            out[usize::from(SKIN[seen.index].cell)] = ramp(deviations, limits);
        }
        out
    }

    /// The least difference of a texel as it is seen, `rest` from its own mean, from the means of the cells within `slack`:
    /// a mesh that lies a little off must not make brows and nostrils occluders.
    fn least_difference(&self, index: usize, rest: Vec3, slack: usize) -> f32 {
        let own = self.texels.get(index).map_or(Vec3::ZERO, |t| t.mean.xyz());
        let mut least = rest.length_squared();
        for_each_cell_near(usize::from(SKIN[index].cell), slack, |cell| {
            let near = AT_CELL[cell].and_then(|i| self.texels.get(i)).filter(|t| t.seen > 0.0);
            if let Some(near) = near {
                least = least.min((rest + own - near.mean.xyz()).length_squared());
            }
        });
        least.sqrt()
    }
}

/// Takes covered cells back that stand alone, and adds those among many.
fn weigh_by_neighbours(cover: &mut [f32], tuning: &LearningTuning) {
    let support = box_mean(cover, 2);
    for (cover, support) in cover.iter_mut().zip(support).filter(|(cover, _)| **cover >= 0.0) {
        let alone = *cover * ramp(support, tuning.lone);
        *cover = ramp(support, tuning.crowded).max(alone);
    }
}

/// A hand of the face's own colour is plain at its edges only: what lies between covered cells is covered too, if it looks at
/// all otherwise.
fn fill_between(cover: &mut [f32], faint: &[f32], tuning: &LearningTuning) {
    let faint = box_mean(faint, 1);
    let closed = closing(cover, tuning.closing);
    for ((cover, closed), faint) in cover.iter_mut().zip(closed).zip(faint) {
        if *cover >= 0.0 && closed > *cover {
            *cover = cover.max(closed * faint);
        }
    }
}

/// A blink or a word changes the skin beside it too: only with calm skin near by that is covered is it something in front.
fn doubt_moving_skin(known: &[Seen], cover: &[f32], tuning: &LearningTuning) -> Vec<f32> {
    let mut calm = cover.to_vec();
    for place in SKIN.iter().filter(|p| p.moves) {
        calm[usize::from(place.cell)] = -1.0;
    }
    let calm = box_mean(&calm, tuning.calm_reach);
    let mut out = vec![0.0; CELLS];
    for seen in known {
        let place = SKIN[seen.index];
        let cell = usize::from(place.cell);
        out[cell] = if place.moves { cover[cell] * ramp(calm[cell], tuning.calm) } else { cover[cell] };
    }
    out
}
