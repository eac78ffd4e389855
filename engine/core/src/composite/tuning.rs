//! The constants of compositing: one struct for each stage, one field for each number.
//!
//! Every field says its unit and what it does, then how it was found and which test holds it. "Not recorded" means that
//! neither the history nor the documents say how the number came about; "no test" means that a changed number breaks none.
//! A [`Compositor`](super::Compositor) takes all of them by value, so that benches may sweep them.

/// The constants of all stages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tuning {
    /// The live light on the persona.
    pub light: LightTuning,
    /// The camera's grain on the persona.
    pub grain: GrainTuning,
    /// Blending by bands.
    pub blend: BlendTuning,
    /// What stands in front of the face.
    pub occluders: OccluderTuning,
    /// The persona's proportions on the live face.
    pub shape: ShapeTuning,
    /// Motion blur.
    pub motion: MotionTuning,
    /// Heads that are turned far.
    pub profile: ProfileTuning,
}

/// How the persona takes on the live face's light (`plan`, pass `illuminate`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LightTuning {
    /// Personas with the skin's colour: cells of the light grid across the face. Found: not recorded. Held by: no test.
    pub cells_across: f32,
    /// Paint: the same. Found: see `paint_blur`.
    pub paint_cells_across: f32,
    /// Personas with the skin's colour: standard deviation of the grid's blur, in cells, and where its kernel is cut off, in
    /// standard deviations. Found: not recorded. Held by: no test.
    pub blur: (f32, f32),
    /// Paint: the same. Brows, eyes and lips are left out there, so that shadows may be sharper; the kernel must reach over
    /// what is left out. Found: a lamp from the right shows 1 to 7.7 on the gallery's face, and on ko-omote 1 to 5.3 with 24 cells and
    /// (1.0, 5.0), 1 to 6.3 with 32 and (0.8, 8.0); not swept further. Held by: light in docs/gallery.md.
    pub paint_blur: (f32, f32),
    /// Paint: light in which it looks as it is painted; 1 is that of the studio in which the portraits were taken by which
    /// `reflectance` was fitted. Found: with 0.9, and 1.1 for `brightest`, the gallery's masks have 1.4 times the face's light in
    /// the dim room and 1.3 times before a window, relative to even light; now 1.18 and 1.12. Held by: light in
    /// docs/gallery.md.
    pub good: f32,
    /// Paint: share of light, 0..=1, that skin throws back of which nothing is known. Found: mean of the portraits, groups of
    /// tones alike. Held by: `covered_and_shut_eyes_tell_nothing`.
    pub usual_skin: f32,
    /// Paint: how much more light than good light shows on it for long, as a factor. Found: with `good`. Held by:
    /// `more_than_good_light_soon_shows_paint_as_it_is_painted`.
    pub brightest: f32,
    /// Paint: time constant in which still more light is taken for the usual one, in seconds. Found: not recorded. Held by:
    /// the same test.
    pub adapt_s: f32,
    /// Paint: pictures that the first one counts for in the reflectance. Found: chosen. Held by: no test.
    pub skin_calm: f32,
    /// Paint: pictures over which the skin's reflectance is averaged. Found: chosen. Held by: no test.
    pub skin_frames: f32,
}

impl Default for LightTuning {
    fn default() -> Self {
        Self {
            cells_across: 24.0,
            paint_cells_across: 32.0,
            blur: (2.2, 2.5),
            paint_blur: (0.8, 8.0),
            good: 1.05,
            usual_skin: 0.26,
            brightest: 1.15,
            adapt_s: 20.0,
            skin_calm: 20.0,
            skin_frames: 300.0,
        }
    }
}

/// How much of the camera's grain the persona takes on (pass `badge_encode`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrainTuning {
    /// Greatest grain that is taken over, in 8-bit codes: camera noise passes, edges of the real face do not. Found: raised
    /// from 7 over 9, by the sharpness of the clip dev_cross (0.68 to 0.81 of the input's, together with the mean over
    /// 5 × 5). Held by: no test.
    pub limit: f32,
    /// Factor on the grain. What a pixel differs from the mean of its 5 × 5 is most of its noise, not all: coarser noise is
    /// lost with the live picture's own pixels, and the limit takes some. Found: not recorded. Held by: no test.
    pub gain: f32,
}

impl Default for GrainTuning {
    fn default() -> Self {
        Self { limit: 12.0, gain: 1.3 }
    }
}

/// The pyramid of the difference between persona and live picture (pass `blend_bands`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlendTuning {
    /// Pixels on the short side of the coarsest level, about. Found: not recorded. Held by: no test.
    pub last_band: u32,
    /// Levels for paint, whose colour must not melt into the skin's. Found: not recorded. Held by: no test.
    pub paint_bands: usize,
}

impl Default for BlendTuning {
    fn default() -> Self {
        Self { last_band: 10, paint_bands: 2 }
    }
}

/// How occluders come through the persona (pass `occlude`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OccluderTuning {
    /// How far a cell is covered, 0..=1, where the persona begins to go, and where it is gone. Found: not recorded by
    /// itself; with the pass as a whole the share of an occluder's pixels that are off by more than 12 codes fell from 44.7
    /// to 5.6 % on the clip dev_hand. Held by: no test.
    pub covered: (f32, f32),
    /// A network's matte, 0..=1, where the persona begins to go, and where it is gone (pass `front`).
    /// Found: (0.2, 0.8) at first; on ko-omote in the gallery a hand is painted over by 10.4, then 5.7 %, glasses by 15.3, then
    /// 3.4, strands of hair by 49.1, then 22.1, at 0.1, then 0.3 % left bare. Held by:
    /// `what_a_network_finds_in_front_stays_in_front`.
    pub front: (f32, f32),
}

impl Default for OccluderTuning {
    fn default() -> Self {
        Self { covered: (0.3, 0.7), front: (0.12, 0.5) }
    }
}

/// The persona's proportions on the live face (`shape`, pass `morph`). Lengths in face sizes: the mean of the face's width
/// and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeTuning {
    /// Where the bending ends, as a multiple of the oval's radius. Found: not recorded. Held by:
    /// `no_shape_is_the_same_picture_and_a_shape_ends_at_the_ring`.
    pub ring: f32,
    /// How far the region reaches, as a multiple of the oval's radius: a cell of the grid beyond the ring. Found: from
    /// `ring` and the grid's 33 nodes. Held by: the same test.
    pub region: f32,
    /// Least radius of the oval in any direction, as a share of its longest half axis: turned far, the oval is thin, the
    /// ring is not. Found: not recorded. Held by: no test.
    pub thinnest: f32,
    /// Greatest difference that is taken over, in face sizes: beyond it the ring would fold. Found: not recorded. Held by:
    /// `nothing_folds_even_for_a_persona_from_elsewhere`.
    pub most: f32,
    /// Standard deviation of the smoothing of the differences, in face sizes. Found: not recorded. Held by:
    /// `the_jaw_comes_to_the_personas_within_a_pixel_and_a_half`.
    pub smooth: f32,
    /// Softness of the field round each of its carriers, in face sizes. Found: not recorded. Held by: the same test.
    pub soft: f32,
    /// Seconds over which the neutral shape is averaged. Found: not recorded. Held by: no test.
    pub neutral_s: f32,
    /// Longest step of that average, in seconds: a pause counts no more. Found: not recorded. Held by: no test.
    pub step_s: f32,
    /// Time constant in which new proportions come, in seconds. Found: not recorded. Held by: no test.
    pub come_s: f32,
    /// Seconds between two comparisons with the persona, which are costly. Found: not recorded. Held by: no test.
    pub compare_s: f32,
    /// A gap after which a face is learned anew, in seconds. Found: not recorded. Held by: no test.
    pub gap_s: f32,
    /// Displacement up to which a pixel stays as it is, in pixels. Found: not recorded. Held by: no test.
    pub least: f32,
}

impl Default for ShapeTuning {
    fn default() -> Self {
        Self {
            ring: 1.40,
            region: 1.47,
            thinnest: 0.55,
            most: 0.075,
            smooth: 0.05,
            soft: 0.045,
            neutral_s: 8.0,
            step_s: 0.1,
            come_s: 0.25,
            compare_s: 0.5,
            gap_s: 5.0,
            least: 0.05,
        }
    }
}

/// How a persona is smeared on a head that moves while the shutter is open (`motion`, pass `motion_blur`). A step is the
/// distance over which slopes are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionTuning {
    /// Streak that leaves half of the slopes' ratio, in steps. Found: fitted to seven portraits that were smeared across and
    /// down by 3 to 41 pixels, at eye distances of 60 and 116 pixels. Held by:
    /// `a_streak_is_as_long_as_the_shutter_is_open`.
    pub halves: f32,
    /// Least part of the ratio that is believed, 0..=1: what is left beyond it is noise. Found: not recorded. Held by: no
    /// test.
    pub least_ratio: f32,
    /// A step as a part of the eye distance. Found: with `halves`. Held by: the same test.
    pub step: f32,
    /// A step's least length, in pixels. Found: not recorded. Held by: no test.
    pub least_step: f32,
    /// Way between two frames up to which the face is at rest, in steps. Found: not recorded. Held by: the same test.
    pub rest: f32,
    /// Way between two frames in which a streak can be measured, in steps: a longer one leaves nothing but noise. Found: not
    /// recorded. Held by: the same test.
    pub telling: (f32, f32),
    /// Streaks shorter than this are none, in pixels. Found: not recorded. Held by: no test.
    pub shortest: f32,
    /// Greatest streak, in eye distances: farther on nothing of the face can be made out. Found: not recorded. Held by: no
    /// test.
    pub longest: f32,
    /// Share of a new measurement of the slopes at rest, 0..=1. Found: not recorded. Held by: no test.
    pub rest_rate: f32,
    /// Share of a new measurement of the shutter, 0..=1, once there are some: single faces lie up to 40 % off. Found: not
    /// recorded. Held by: no test.
    pub shutter_rate: f32,
    /// A gap after which the way is not known, in seconds. Found: not recorded. Held by:
    /// `after_a_gap_and_for_what_is_no_face_nothing_is_smeared`.
    pub gap_s: f32,
    /// Columns in which slopes are taken, about. Found: not recorded. Held by: no test.
    pub columns: u32,
    /// The ellipse in which slopes are taken, as a share of the region. Found: not recorded. Held by: no test.
    pub ellipse: f32,
    /// Places that are needed for a measurement. Found: not recorded. Held by: no test.
    pub places: f32,
    /// Pixels between two taps along the streak. Found: not recorded. Held by: no test.
    pub tap: f32,
    /// Least and greatest number of taps. Found: not recorded. Held by: no test.
    pub taps: (u32, u32),
}

impl Default for MotionTuning {
    fn default() -> Self {
        Self {
            halves: 6.0,
            least_ratio: 0.05,
            step: 1.0 / 60.0,
            least_step: 2.0,
            rest: 0.8,
            telling: (3.0, 8.0),
            shortest: 2.0,
            longest: 0.6,
            rest_rate: 0.1,
            shutter_rate: 0.12,
            gap_s: 0.12,
            columns: 100,
            ellipse: 0.9,
            places: 200.0,
            tap: 2.0,
            taps: (3, 15),
        }
    }
}

/// How a frontal texture is drawn on a head that is turned far (`profile`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfileTuning {
    /// Angles of the head to the side between which softening sets in, in radians. Found: not recorded. Held by:
    /// `a_face_from_the_front_is_left_alone` and `turned_far_the_near_side_is_soft_and_whole_and_the_far_rim_fades`.
    pub side: (f32, f32),
    /// Angles of the head to the side between which the whole face gets softer, in radians. Found: not recorded. Held by:
    /// no test.
    pub far: (f32, f32),
    /// Stretch that is taken as it is, as a power of two: what faces differ by. Found: not recorded. Held by: the second of
    /// these tests.
    pub usual: f32,
    /// Mip levels for each doubling beyond that. Found: not recorded. Held by: the same test.
    pub levels: f32,
    /// Mip levels at most. Found: not recorded. Held by: no test.
    pub most_levels: f32,
    /// Mip levels for the whole of a face seen from the side. Found: not recorded. Held by: no test.
    pub far_levels: f32,
    /// Cosines of the angle to the viewer between which the persona fades in at the outline, where the live face and the
    /// persona's never quite agree. Found: not recorded. Held by: the same test.
    pub rim: (f32, f32),
    /// How far a point must look to where the face looks, 0..=1, to be of the rim: not at all, and in full. Found: not
    /// recorded. Held by: the same test.
    pub away: (f32, f32),
}

impl Default for ProfileTuning {
    fn default() -> Self {
        Self {
            side: (0.35, 0.75),
            far: (0.95, 1.30),
            usual: 0.6,
            levels: 1.5,
            most_levels: 4.0,
            far_levels: 0.8,
            rim: (0.0, 0.45),
            away: (0.6, 0.9),
        }
    }
}
