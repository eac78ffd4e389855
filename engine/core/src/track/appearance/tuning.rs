//! What the learned appearance of faces is tuned by; how to read the fields' notes is said in [`crate::track::Tuning`].
//!
//! The logarithm's unit is that of the natural logarithm of encoded light plus [`super::crop::FLOOR`]: a rest of 0.1 is a
//! tenth brighter or darker. Shares, scores and covers are 0..=1. A cell is a 64th of canonical UV.

/// Tuning of a face's learned appearance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct AppearanceTuning {
    /// What is learned, and what looks covered.
    pub learning: LearningTuning,
    /// The change of light since it was learned.
    pub light: LightTuning,
    /// Where the face lies in the picture.
    pub registration: RegistrationTuning,
    /// How far the jaw is down.
    pub jaw: JawTuning,
    /// How far the lids are closed.
    pub lids: LidsTuning,
    /// What is handed on to drawing.
    pub occlusion: OcclusionTuning,
}

/// Tuning of what is learned of a face, and of what looks covered.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LearningTuning {
    /// Least deviation of a texel, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub least_deviation: f32,
    /// Deviation of a texel that was seen once, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub first_deviation: f32,
    /// Deviations from which a texel begins to count as covered, and from which it does in full.
    ///
    /// From: (2.6, 4.0) at first; narrowed with the closing for hands of the face's own colour (4a04010). Test:
    /// `a_hand_is_in_front_and_light_is_not`; painted over and left bare in docs/gallery.md.
    pub covered: (f32, f32),
    /// The same for texels between covered ones.
    ///
    /// From: hands of the face's own colour (4a04010). Test:
    /// `a_hand_of_the_faces_own_colour_is_in_front_between_its_edges`.
    pub faint: (f32, f32),
    /// How far apart covered texels may be for those between them to count, cells.
    ///
    /// From: as above (4a04010); more shows more of the hand and more of the face beside it. Test: as above.
    pub closing: usize,
    /// How far off the mesh may lie, cells: within that a texel may look like its neighbours.
    ///
    /// From: as above (4a04010). Test: none; left bare in docs/gallery.md.
    pub slack: usize,
    /// Mean cover of the 5 x 5 cells round a covered one between which a lone one begins to count, and counts in full.
    ///
    /// From: not recorded (e6f16b8 or before). Test: none; left bare in docs/gallery.md.
    pub lone: (f32, f32),
    /// The same for the mean alone.
    ///
    /// From: not recorded. Test: none; painted over in docs/gallery.md.
    pub crowded: (f32, f32),
    /// How far calm skin speaks for that beside eyes and lips, cells.
    ///
    /// From: dev_hand painted over 5.7 to 2.7 %, mouth slope kept (9ec043a). Test: none.
    pub calm_reach: usize,
    /// Mean cover of calm skin near by between which skin beside eyes and lips begins to count, and counts in full.
    ///
    /// From: as above (9ec043a). Test: none.
    pub calm: (f32, f32),
    /// Deviations between which a cell that the network Veil takes for something in front begins to look otherwise than the
    /// bare face, and does in full.
    ///
    /// From: chosen. Test: `what_looks_like_the_bare_face_is_the_face`.
    pub bare: (f32, f32),
    /// Seconds for which a texel was learned before it speaks against the network.
    ///
    /// From: chosen. Test: as above.
    pub bare_s: f32,
    /// How far round a cell its neighbours speak with it, cells.
    ///
    /// From: chosen, less than a finger's width. Test: as above.
    pub bare_reach: usize,
    /// Mean difference of the cells round about from which on the network is believed, and is in full.
    ///
    /// From: chosen. Test: as above.
    pub bare_share: (f32, f32),
    /// Seconds of learning before anything counts as an occluder; for as long nothing may fit before all is forgotten.
    ///
    /// From: not recorded (5ea9f89). Test: `nothing_is_in_front_while_it_learns`.
    pub learn_s: f32,
    /// Time constant of the later adaptation, seconds.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub adapt_s: f32,
    /// Time constant of the mask when an occluder comes, seconds.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub come_s: f32,
    /// And when it goes, seconds.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub go_s: f32,
    /// With a greater share of the face covered, what other faces hide left out, the appearance can't be right: nothing
    /// counts as an occluder.
    ///
    /// From: not recorded (5ea9f89). Test: `what_stays_too_long_or_covers_all_is_the_face`.
    pub most_covered: f32,
    /// Less than this is no cover.
    ///
    /// From: cost of tracking 4.79 to 3.83 ms, with others (e6f16b8). Test: none.
    pub trace: f32,
    /// Covered share of the face from which on nothing is learned: what is half covered or lies half a pixel off would be
    /// taken in.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub frozen: f32,
    /// Cover of a texel under which it is learned from.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub free: f32,
    /// Cover from which on a texel's time under an occluder runs.
    ///
    /// From: not recorded (5ea9f89). Test: `what_stays_too_long_or_covers_all_is_the_face`.
    pub held: f32,
    /// Seconds after which a covered texel is taken for the face after all: better an occluder behind the persona than the
    /// face beside it.
    ///
    /// From: not recorded (5ea9f89). Test: `what_stays_too_long_or_covers_all_is_the_face`.
    pub longest_s: f32,
}

impl Default for LearningTuning {
    fn default() -> Self {
        Self {
            least_deviation: 0.05,
            first_deviation: 0.12,
            covered: (2.2, 3.4),
            faint: (0.45, 0.9),
            closing: 8,
            slack: 1,
            lone: (0.2, 0.5),
            crowded: (0.35, 0.65),
            calm_reach: 4,
            calm: (0.1, 0.3),
            bare: (1.0, 2.2),
            bare_s: 1.0,
            bare_reach: 3,
            bare_share: (0.05, 0.2),
            learn_s: 0.5,
            adapt_s: 15.0,
            come_s: 0.02,
            go_s: 0.06,
            most_covered: 0.6,
            trace: 1e-3,
            frozen: 0.03,
            free: 0.1,
            held: 0.5,
            longest_s: 12.0,
        }
    }
}

/// Tuning of the change of light since the appearance was learned.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LightTuning {
    /// How firmly light stays as it was, for each share of the face that is covered, against the texels' own weight. A hand
    /// that is half of what is seen would else pass for the face under another lamp.
    ///
    /// From: 0.5 at first; 2.0 with the light kept under an occluder (3fab79c). Test: `a_hand_is_in_front_and_light_is_not`.
    pub kept: f32,
    /// Rounds of reweighting at most.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub rounds: usize,
    /// Change of a term in one round, logarithm, under which light is found.
    ///
    /// From: cost of tracking 2.47 to 1.87 ms, with others, scores unchanged (50a49af). Test: none.
    pub settled: f32,
    /// Rest that counts half, in the logarithm's unit: in the first round, and in the others.
    ///
    /// From: not recorded (3fab79c). Test: `a_hand_is_in_front_and_light_is_not`.
    pub half_weight: (f32, f32),
    /// Damping of the constant term and of the five others, in shares of all weight: terms that little speaks for stay
    /// small.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub damping: (f32, f32),
    /// One in so many groups of eight texels tells light: while nothing is covered, and while something is.
    ///
    /// From: light is smooth; cost of tracking 1.81 to 1.53 ms, with others (527c5d5, 57b9e1e). Test: none.
    pub every: (usize, usize),
}

impl Default for LightTuning {
    fn default() -> Self {
        Self {
            kept: 2.0,
            rounds: 5,
            settled: 1e-3,
            half_weight: (0.3, 0.12),
            damping: (1e-5, 2e-3),
            every: (4, 2),
        }
    }
}

/// Rounds of a registration at most.
pub(super) const ROUNDS: usize = 6;

/// Tuning of where a face lies in the picture by its appearance, and of when that counts.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RegistrationTuning {
    /// Seconds of learning before the appearance says where the face is.
    ///
    /// From: not recorded (5ea9f89). Test: none; points off in docs/gallery.md.
    pub mature_s: f32,
    /// Seconds for which a texel was learned before it counts.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub known_s: f32,
    /// Least confidence (agreement times correlation of the pattern) of a place that counts.
    ///
    /// From: not recorded (9e953c2). Test: `a_wall_is_no_face`,
    /// `a_face_behind_another_is_told_by_the_part_that_can_be_seen`.
    pub least_confidence: f32,
    /// Greatest expected error of a place that counts, crop pixels: a plain wall has no slopes to tell it by.
    ///
    /// From: not recorded (8e49eb5). Test: `a_wall_is_no_face`.
    pub most_error: f32,
    /// Noise of a registered pose, eye distances and radians.
    ///
    /// From: not recorded (5ea9f89). Test: none; points off in docs/gallery.md.
    pub noise: f32,
    /// What is added to it for each share of the face that is covered.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub covered_noise: f32,
    /// What is added to it where texels disagree, times the square of their share.
    ///
    /// From: 0.03 at first (5ea9f89), 0.05 since 9e953c2; why is not recorded. Test: none.
    pub disagreement_noise: f32,
    /// Rest that counts half, in the logarithm's unit, round by round.
    ///
    /// From: not recorded (5ea9f89). Test: `a_misplaced_mesh_is_laid_right_under_a_lamp_and_behind_a_hand`.
    pub half_weight: [f32; ROUNDS],
    /// Rest under which a texel agrees, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: `a_wall_is_no_face`.
    pub agrees: f32,
    /// Rest at which a texel stops speaking against the pattern, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: `a_wall_is_no_face`.
    pub pattern_clip: f32,
    /// Difference of hue (logarithms of R / G and B / G) that counts half.
    ///
    /// From: not recorded (5ea9f89). Test: `a_misplaced_mesh_is_laid_right_under_a_lamp_and_behind_a_hand`.
    pub hue: f32,
    /// What a covered texel, or one of another hue, still counts.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub covered_weight: f32,
    /// Deviation of the tone below which texels are trusted no more, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub tone_deviation: f32,
    /// Rounds before what stands in front is looked for.
    ///
    /// From: not recorded (5ea9f89). Test: `a_misplaced_mesh_is_laid_right_under_a_lamp_and_behind_a_hand`.
    pub strange_from: usize,
    /// Before that one group of eight texels in so many will do.
    ///
    /// From: cost of tracking 4.79 to 3.83 ms, with others, scores unchanged (e6f16b8). Test: none.
    pub coarse_step: usize,
    /// Rest from which a texel looks strange, in the logarithm's unit.
    ///
    /// From: not recorded (5ea9f89). Test: `a_misplaced_mesh_is_laid_right_under_a_lamp_and_behind_a_hand`.
    pub strange: f32,
    /// So many strange texels within `strange_reach` cells put a texel out of the count.
    ///
    /// From: not recorded (5ea9f89). Test: as above.
    pub strange_least: u8,
    /// How far strange texels reach, cells.
    ///
    /// From: not recorded (5ea9f89). Test: as above.
    pub strange_reach: usize,
    /// What a texel among strange ones still counts.
    ///
    /// From: not recorded (5ea9f89). Test: as above.
    pub strange_weight: f32,
    /// Number of the round, counted from 0, after which a small step ends the search.
    ///
    /// From: cost of tracking 4.79 to 3.83 ms, with others, scores unchanged (e6f16b8). Test: none.
    pub settled_after: usize,
    /// A step that is so small, crop pixels.
    ///
    /// From: as above (e6f16b8). Test: none.
    pub settled: f32,
    /// Least number of texels to register a face by.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub least_texels: usize,
    /// Crop pixels that count as one unit of turn and growth.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub arm: f32,
    /// Most shift in a round, crop pixels.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub most_shift: f32,
    /// Most turn, radians, and growth, natural logarithm, in a round.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub most_turn: f32,
    /// Damping of place and constant light, and of light's other terms, in shares of all weight.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub damping: (f32, f32),
}

impl Default for RegistrationTuning {
    fn default() -> Self {
        Self {
            mature_s: 0.5,
            known_s: 0.15,
            least_confidence: 0.5,
            most_error: 0.3,
            noise: 0.0006,
            covered_noise: 0.02,
            disagreement_noise: 0.05,
            half_weight: [0.2, 0.12, 0.08, 0.06, 0.06, 0.06],
            agrees: 0.1,
            pattern_clip: 0.15,
            hue: 0.1,
            covered_weight: 0.05,
            tone_deviation: 0.03,
            strange_from: 2,
            coarse_step: 2,
            strange: 0.14,
            strange_least: 4,
            strange_reach: 2,
            strange_weight: 0.02,
            settled_after: 3,
            settled: 0.005,
            least_texels: 200,
            arm: 40.0,
            most_shift: 4.0,
            most_turn: 0.1,
            damping: (1e-6, 2e-3),
        }
    }
}

/// Tuning of how far the jaw is down. From 53a1a8e, whose message records no figures, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JawTuning {
    /// Drops that are tried, crop pixels: the first, the last, and the step between two.
    ///
    /// From: not recorded; trying every second one first since 57b9e1e. Test: `a_jaw_is_found_where_the_picture_has_it`.
    pub tried: (f32, f32, f32),
    /// Least number of known and free texels.
    ///
    /// From: not recorded. Test: `without_a_known_face_no_jaw_is_told`.
    pub least_texels: usize,
    /// Seconds for which a texel was learned before it counts.
    ///
    /// From: not recorded. Test: `without_a_known_face_no_jaw_is_told`.
    pub known_s: f32,
    /// Cover from which on a texel does not count.
    ///
    /// From: not recorded. Test: none.
    pub covered: f32,
    /// Deviation of the tone below which texels are trusted no more, in the logarithm's unit.
    ///
    /// From: not recorded. Test: none.
    pub tone_deviation: f32,
    /// Rest beyond which a texel speaks no louder, in the logarithm's unit.
    ///
    /// From: not recorded. Test: `a_jaw_is_found_where_the_picture_has_it`.
    pub clip: f32,
    /// What the network is believed against the picture: cost of a drop of ten crop pixels, squares of the logarithm's unit.
    ///
    /// From: not recorded. Test: `a_jaw_is_found_where_the_picture_has_it`.
    pub network_belief: f32,
}

impl Default for JawTuning {
    fn default() -> Self {
        Self {
            tried: (-4.0, 11.0, 1.0),
            least_texels: 100,
            known_s: 0.3,
            covered: 0.5,
            tone_deviation: 0.05,
            clip: 0.3,
            network_belief: 0.004,
        }
    }
}

/// Tuning of how far the lids are closed. From 53a1a8e, whose message records no figures, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LidsTuning {
    /// Height above which the skin does not move with the lid, in widths of the eye, down from its corners' line.
    ///
    /// From: not recorded. Test: `lids_close_with_the_pictures`.
    pub crease: f32,
    /// Shares of the way that are tried: the first, the step between two, and how many.
    ///
    /// From: not recorded; trying every second one first since 57b9e1e. Test: `lids_close_with_the_pictures`.
    pub tried: (f32, f32, usize),
    /// Rest beyond which a sample speaks no louder, in the logarithm's unit.
    ///
    /// From: not recorded. Test: `lids_close_with_the_pictures`.
    pub clip: f32,
    /// An eye that is less closed than this is learned from.
    ///
    /// From: not recorded. Test: `lids_close_with_the_pictures`.
    pub open: f32,
    /// Seconds of learning before lids are told.
    ///
    /// From: not recorded. Test: `lids_close_with_the_pictures`.
    pub learn_s: f32,
    /// Time constant of the later adaptation, seconds.
    ///
    /// From: not recorded. Test: none.
    pub adapt_s: f32,
    /// Share of the open eye's cost that a closed one's must be below.
    ///
    /// From: not recorded. Test: `light_closes_no_eye`.
    pub least_gain: f32,
    /// Shares of the way between which the learned lid takes over from the network's.
    ///
    /// From: not recorded. Test: `lids_close_with_the_pictures`.
    pub takes_over: (f32, f32),
    /// Eyes narrower than this can't be told, crop pixels.
    ///
    /// From: not recorded. Test: none.
    pub least_width: f32,
    /// Cover of any of an eye's points from which on it can't be told.
    ///
    /// From: not recorded. Test: none.
    pub covered: f32,
}

impl Default for LidsTuning {
    fn default() -> Self {
        Self {
            crease: -0.5,
            tried: (-0.1, 0.1, 13),
            clip: 0.5,
            open: 0.25,
            learn_s: 0.3,
            adapt_s: 2.0,
            least_gain: 0.85,
            takes_over: (0.12, 0.35),
            least_width: 8.0,
            covered: 0.3,
        }
    }
}

/// Tuning of what is handed on to drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct OcclusionTuning {
    /// Cover under which all cells count as free.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub free: f32,
    /// Cover from which on a cell's colour is the occluder's.
    ///
    /// From: not recorded (5ea9f89). Test: `a_hand_is_in_front_and_light_is_not`.
    pub front: f32,
    /// How far from a covered cell the occluder's colour is carried, cells.
    ///
    /// From: not recorded (5ea9f89). Test: none; painted over in docs/gallery.md.
    pub carried: usize,
}

impl Default for OcclusionTuning {
    fn default() -> Self {
        Self { free: 0.15, front: 0.7, carried: 5 }
    }
}
