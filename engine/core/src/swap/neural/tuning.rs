//! The constants of swap models' results: one struct for each stage, one field for each number.
//!
//! Every field says its unit and what it does, then how it was found and which test holds it. "Not recorded" means that
//! neither the history nor the documents say how the number came about; "no test" means that a changed number breaks none.

use std::time::Duration;

/// How results are projected into a face's UV atlas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtlasTuning {
    /// How a triangle must face the camera (cosine, 0..=1) to be read at all, and to be read in full. Found: not recorded.
    /// Held by: `what_is_turned_away_stays_as_it_was`.
    pub facing: (f32, f32),
    /// Share of its resting area that a triangle must have in the picture to count at all against what is known, and in
    /// full: below lies what is folded away, as the inside of a closed mouth. Found: not recorded. Held by: no test.
    pub spread: (f32, f32),
}

impl Default for AtlasTuning {
    fn default() -> Self {
        Self { facing: (0.12, 0.35), spread: (0.06, 0.25) }
    }
}

/// How long a result is drawn on the live mesh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReprojectionTuning {
    /// Age at which a result begins to go over into the mesh persona, and at which it is gone. A model's result grows twice
    /// as old as the model is slow before the next is there. Found: not recorded. Held by:
    /// `until_the_first_result_and_after_the_last_the_persona_is_worn`.
    pub stale: (Duration, Duration),
    /// The same by how far the head has turned since, in degrees. Found: not recorded. Held by: no test.
    pub turned: (f32, f32),
    /// A new result is mixed in over half the time between results, within these limits: less would pop, more lags. Found:
    /// not recorded. Held by: no test.
    pub mix: (Duration, Duration),
    /// Share of the face that an atlas must know to be drawn alone, 0..=1. Found: not recorded. Held by: no test.
    pub known: f32,
}

impl Default for ReprojectionTuning {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { stale: (ms(1600), ms(2200)), turned: (28.0, 42.0), mix: (ms(30), ms(120)), known: 0.97 }
    }
}

/// How a file is tried on a provider.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrialTuning {
    /// How long a provider is measured. Found: not recorded. Held by: no test.
    pub measure: Duration,
    /// By how much the mean colour may differ from the processor's, in display values (0..=1): half precision and other
    /// providers round otherwise. Found: not recorded. Held by: no test.
    pub differs: f32,
}

impl Default for TrialTuning {
    fn default() -> Self {
        Self { measure: Duration::from_millis(1500), differs: 0.01 }
    }
}

/// What is believed of a network's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelTuning {
    /// Share of a mask's shorter side over which it fades, inside its own edge. Found: not recorded. Held by:
    /// `every_family_gives_what_its_network_makes_of_the_aligned_face`.
    pub mask_fade: f32,
    /// A result whose values differ by less than this is flat, in display values (0..=1). Found: about a code
    /// of 255; why is not recorded. Held by:
    /// `what_is_wrong_is_refused_by_name`.
    pub flat: f32,
    /// How far results may go past 0..=1, in display values: networks overshoot at edges. Found: not recorded. Held by: no
    /// test.
    pub overshoot: f32,
}

impl Default for ModelTuning {
    fn default() -> Self {
        Self { mask_fade: 0.04, flat: 0.004, overshoot: 0.75 }
    }
}
