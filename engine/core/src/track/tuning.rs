//! What the tracker is tuned by, stage by stage. The defaults are what everything was measured with; benches may sweep
//! them through [`super::TrackerConfig::tuning`].
//!
//! Each field says its unit and meaning, then *From*: how the value was found, with the commit that
//! brought it, and *Test*: which test runs through what it decides, or else which published figures show it. What a network or a format fixes (sizes of inputs,
//! numbers of points, the margin of the mesh's region) is no tuning, and stands beside its use. So do sizes of tables that
//! are made once for all trackers. The filters' tuning is [`super::Smoothing`], cuts' is [`super::CutTuning`].

use std::f32::consts::FRAC_PI_3;
use std::time::Duration;

use super::mesh::SIDE as MESH_SIDE;

pub use super::appearance::tuning::AppearanceTuning;

/// Tuning of all stages of a [`super::Tracker`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Tuning {
    /// The face detectors.
    pub detector: DetectorTuning,
    /// The mesh network's regions, and when what it reads is a face.
    pub reading: ReadingTuning,
    /// Followed faces: doubt, coasting, two meshes on one face.
    pub tracks: TrackTuning,
    /// Lost faces, and how they come back.
    pub lost: LostTuning,
    /// Faces in front of other faces.
    pub occluders: OccluderTuning,
    /// When detectors are run, and when a detection becomes a track.
    pub acquisition: AcquisitionTuning,
    /// The search of turned and wider squares, frame by frame.
    pub search: SearchTuning,
    /// Which way up a face is.
    pub roll: RollTuning,
    /// Single pictures and first pictures of scenes.
    pub stills: StillsTuning,
    /// Which face is handed on where only one is wanted.
    pub selection: SelectionTuning,
    /// Each face's learned appearance: registration, jaw, lids, occlusion.
    pub appearance: AppearanceTuning,
    /// What the network Veil says of things in front.
    pub veil: VeilTuning,
}

/// Tuning of what is made of the network Veil's word.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct VeilTuning {
    /// Of what the network says, 0..=1, less than this is nothing: its answer is never quite 0, and what is 0 costs nothing.
    ///
    /// From: chosen well below what is drawn by, 0.12. Test: `next_to_nothing_is_nothing_and_traces_end`.
    pub trace: f32,
    /// Change of the matte from one frame to the next under which it counts by `calm` only.
    ///
    /// From: chosen, not swept. Test: `small_changes_are_halved_and_great_ones_are_not`.
    pub calmed: f32,
    /// What such a change counts, 0..=1.
    ///
    /// From: as above. Test: as above.
    pub calm: f32,
    /// With a greater share of the face between eyes and chin covered, 0..=1, the network is not believed and the persona
    /// covers: better an occluder behind the persona than a whole face beside it.
    ///
    /// From: the first plan's rule that no frame shows the face; chosen. Test: `never_is_the_whole_belt_laid_bare`.
    pub most_of_belt: f32,
    /// Share of the face that may be covered for longer than `most_covered_s`, 0..=1; then it counts as lost.
    ///
    /// From: chosen. Test: `a_face_that_stays_covered_is_lost`.
    pub most_covered: f32,
    /// Seconds for which more may be covered.
    ///
    /// From: chosen. Test: as above.
    pub most_covered_s: f32,
    /// Seconds for a run of the network from which on every second live frame goes without.
    ///
    /// From: a third of a frame at 30 pictures a second. Test: `a_slow_network_is_asked_for_every_second_live_frame`.
    pub slow_s: f32,
    /// Seconds for a run of it or of the mesh network from which on live frames go without it altogether: what is shown would
    /// be older than anybody waits for.
    ///
    /// From: an emulated machine that took minutes for a picture with it. Test:
    /// `a_machine_that_is_far_too_slow_goes_without`.
    pub useless_s: f32,
    /// What is left of the running mean of its times after a frame without it, 0..=1.
    ///
    /// From: chosen; one stall of three seconds is forgotten in a few frames. Test:
    /// `a_machine_that_is_far_too_slow_goes_without`.
    pub forgets: f32,
    /// What a run counts in the running mean of their times, 0..=1.
    ///
    /// From: chosen. Test: as above.
    pub pace: f32,
}

impl Default for VeilTuning {
    fn default() -> Self {
        Self {
            trace: 0.04,
            calmed: 0.25,
            calm: 0.5,
            most_of_belt: 0.92,
            most_covered: 0.6,
            most_covered_s: 1.0,
            slow_s: 0.011,
            useless_s: 0.3,
            forgets: 0.99,
            pace: 0.1,
        }
    }
}

/// Tuning of the face detectors.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct DetectorTuning {
    /// Least score of a detection of the short-range network, 0..=1.
    ///
    /// From: the network's published setting. Test: `nobody_is_found_where_nobody_is`.
    pub short_range_score: f32,
    /// The same of the full-range network, 0..=1.
    ///
    /// From: the network's published setting. Test: `nobody_is_found_where_nobody_is`.
    pub full_range_score: f32,
    /// Intersection over union, 0..=1, from which on two boxes are of one face.
    ///
    /// From: the published non-maximum suppression. Test: `overlapping_candidates_are_averaged_by_score`.
    pub same_face: f32,
}

impl Default for DetectorTuning {
    fn default() -> Self {
        Self { short_range_score: 0.5, full_range_score: 0.6, same_face: 0.3 }
    }
}

/// Tuning of how the mesh network is run, and of when its reading is a face.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ReadingTuning {
    /// Share of the source pixels under a crop pixel that are averaged, 0..=1.
    ///
    /// From: the network was trained on plain bilinear crops; with averages over all of them it sees mouths less open
    /// (slope 0.58 instead of 0.63 on a shaken clip; f84dfa0). Test: none; points off in docs/gallery.md.
    pub averaged: f32,
    /// Most source pixels a side that are averaged for a crop pixel.
    ///
    /// From: not recorded (f84dfa0). Test: none.
    pub most_taps: f32,
    /// Least share of the outline's points inside the picture, 0..=1, of a face that the network sees.
    ///
    /// From: not recorded (690b958). Test: `a_face_that_the_picture_cuts_off_all_round_is_found_and_followed` covers the
    /// exception, none the value.
    pub least_inside: f32,
    /// The same of a face that only its appearance holds: what the network does not see must lie well inside.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub least_inside_held: f32,
    /// Distance of region and mesh, in sides of the region, beyond which the mesh is read again from its own region.
    ///
    /// From: tuned from 0.07 to 0.02 (b062ebe). Test: none; points off in docs/gallery.md.
    pub misplaced: f32,
    /// The same of the angle, radians, and of the side, natural logarithm.
    ///
    /// From: tuned from 0.15 to 0.042 (b062ebe). Test: none; points off in docs/gallery.md.
    pub misturned: f32,
    /// How often a mesh is read again at most.
    ///
    /// From: tuned with the two above (b062ebe). Test: none; the cost of tracking in docs/latency.md.
    pub most_rereads: usize,
}

impl Default for ReadingTuning {
    fn default() -> Self {
        Self {
            averaged: 0.6,
            most_taps: 4.0,
            least_inside: 0.45,
            least_inside_held: 0.8,
            misplaced: 0.02,
            misturned: 0.042,
            most_rereads: 2,
        }
    }
}

impl ReadingTuning {
    /// Antialiasing of the mesh network's crop of a region of `side` image pixels: see [`crate::frame::CropSpec::taps`].
    pub(super) fn taps(&self, side: f32) -> usize {
        (side / MESH_SIDE as f32 * self.averaged).round().clamp(1.0, self.most_taps) as usize
    }
}

/// Tuning of followed faces. Lengths in eye distances ([`super::Pose::scale`]) unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TrackTuning {
    /// Gap in time, seconds, after which nothing can be said of motion and faces are read where they were.
    ///
    /// From: not recorded (690b958). Test: `a_call_that_fails_after_a_gap_loses_nobody`.
    pub gap_s: f32,
    /// Meshes whose middles are nearer than this, in eye distances of the larger, lie on one face.
    ///
    /// From: not recorded (690b958). Test: none.
    pub same_place: f32,
    /// The same where both were found by their own appearance.
    ///
    /// From: 17 crossings of two faces: with faces held by their own appearance recall 98.7 to 99.9 % (031a24f). Test:
    /// `a_face_that_another_one_hides_by_half_is_held_where_it_is`.
    pub same_place_registered: f32,
    /// Difference of two faces' identity scores, 0..=1, that decides which of them is at a place.
    ///
    /// From: four faces in a heap, recall 94.4 to 96.2 % (a94a9bc). Test: `the_face_that_looks_as_it_should_keeps_the_place`.
    pub clear_lead: f32,
    /// Reach within which faces may hide each other.
    ///
    /// From: not recorded (b37b942). Test: `other_faces_near_by_may_be_in_front`.
    pub overlap_reach: f32,
    /// A detection is of a face where their middles are nearer than this part of the larger of the box and `match_scale`.
    ///
    /// From: not recorded (690b958). Test: none.
    pub match_reach: f32,
    /// Size of a face beside a detection's box.
    ///
    /// From: not recorded (690b958). Test: none.
    pub match_scale: f32,
    /// Frames that a hidden face coasts at most.
    ///
    /// From: tuned from 3 to 4 (b062ebe). Test: none.
    pub most_coasted: u32,
    /// Frames after which a face is no longer new, and no longer doubtful for that.
    ///
    /// From: not recorded (b37b942). Test: none.
    pub settled: u32,
    /// Change of the steady points' shape in one frame that casts doubt on a mesh.
    ///
    /// From: not recorded (b37b942). Test: none.
    pub doubtful_change: f32,
    /// Covered share of a face, 0..=1, that casts doubt on the network's mesh.
    ///
    /// From: not recorded (5ea9f89). Test: `a_face_that_another_one_hides_by_half_is_held_where_it_is`.
    pub doubtful_cover: f32,
    /// Distance of a mesh's and a detection's regions, in sides, that can't be the two networks' different habits.
    ///
    /// From: not recorded (b37b942). Test: none.
    pub slipped: f32,
    /// The same of their sides, natural logarithm.
    ///
    /// From: not recorded (b37b942). Test: none.
    pub slipped_growth: f32,
    /// Covered share of a face, 0..=1, from which on it is behind something.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub covered: f32,
    /// Share of a face that something may stand in front of, 0..=1, before where it lies counts as dragged by that: glasses
    /// don't drag a face.
    ///
    /// From: chosen, not swept. Test: `a_face_that_another_one_hides_by_half_is_held_where_it_is`.
    pub uncovered: f32,
    /// Seconds for which its appearance alone carries a face at most.
    ///
    /// From: not recorded (5ea9f89). Test: none.
    pub most_held_s: f32,
}

impl Default for TrackTuning {
    fn default() -> Self {
        Self {
            gap_s: 0.5,
            same_place: 0.8,
            same_place_registered: 0.2,
            clear_lead: 0.25,
            overlap_reach: 3.0,
            match_reach: 0.5,
            match_scale: 2.0,
            most_coasted: 4,
            settled: 8,
            doubtful_change: 0.03,
            doubtful_cover: 0.02,
            slipped: 0.15,
            slipped_growth: 0.3,
            covered: 0.03,
            uncovered: 0.15,
            most_held_s: 2.0,
        }
    }
}

/// Tuning of lost faces. Lengths in eye distances, likeness 0..=1.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct LostTuning {
    /// Seconds for which a lost face keeps its id.
    ///
    /// From: not recorded (690b958). Test: `a_lost_face_is_found_in_the_frame_in_which_it_is_back` (a fifth of a second).
    pub kept_s: f32,
    /// For so many seconds a lost face may have gone on as it went.
    ///
    /// From: not recorded (9f275ba). Test: none.
    pub extrapolated_s: f32,
    /// How far from where it is predicted a face may return at once.
    ///
    /// From: not recorded (690b958). Test: `the_nearest_comes_back_unless_looks_say_otherwise`.
    pub reach: f32,
    /// How much farther for each second that it was away.
    ///
    /// From: not recorded (690b958). Test: none.
    pub reach_per_s: f32,
    /// Most growth or shrinking of a face that returns, natural logarithm.
    ///
    /// From: not recorded (690b958). Test: none.
    pub most_growth: f32,
    /// What another face's appearance counts against a predicted place.
    ///
    /// From: a clip of four faces: 3 switches of id to 0 (c5ac788). Test: `the_nearest_comes_back_unless_looks_say_otherwise`.
    pub unlike_cost: f32,
    /// How like a face is whose appearance is not known; from this on a known one fits.
    ///
    /// From: as above (c5ac788). Test: `the_nearest_comes_back_unless_looks_say_otherwise`.
    pub unknown_likeness: f32,
    /// A lost face that a reading is so much like is back, however unsteady or weak the reading is.
    ///
    /// From: seven crossings, frames lost 14 to 10 (741ac13). Test:
    /// `a_face_that_another_one_hid_is_back_before_all_of_it_can_be_seen`.
    pub returned_likeness: f32,
    /// For so many seconds a lost face is looked for where it would have gone on to.
    ///
    /// From: not recorded (89e2765). Test: `a_face_that_another_one_hid_is_back_before_all_of_it_can_be_seen`.
    pub searched_s: f32,
}

impl Default for LostTuning {
    fn default() -> Self {
        Self {
            kept_s: 2.0,
            extrapolated_s: 0.25,
            reach: 2.0,
            reach_per_s: 3.0,
            most_growth: 0.6,
            unlike_cost: 12.0,
            unknown_likeness: 0.35,
            returned_likeness: 0.33,
            searched_s: 0.6,
        }
    }
}

/// Tuning of faces in front of other faces.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct OccluderTuning {
    /// How many times as large as a face's outline what hides others is: ears.
    ///
    /// From: 17 crossings of two faces, hidden frames with a right answer 26 to 78 % (031a24f). Test:
    /// `other_faces_near_by_may_be_in_front`.
    pub ears: f32,
    /// Once more so many times, upwards: hair. Counts only where a face does not fit its own appearance.
    ///
    /// From: dev_cross, expression error 0.89 to 0.76 % over two commits (62fc032, 0347764). Test: none.
    pub hair: f32,
    /// A mesh lies on another face where it is nearer to that one's predicted place than this, eye distances of the larger.
    ///
    /// From: as `ears` (031a24f). Test: `a_mesh_is_astray_where_another_face_is_awaited`.
    pub strayed: f32,
}

impl Default for OccluderTuning {
    fn default() -> Self {
        Self { ears: 1.1, hair: 1.5, strayed: 0.8 }
    }
}

/// Tuning of when detectors are run, and when a detection becomes a track.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AcquisitionTuning {
    /// Frames between detections while further faces are wanted.
    ///
    /// From: not recorded (690b958). Test: `a_look_afterwards_finds_what_a_look_before_the_next_frame_finds`.
    pub missing_every: u64,
    /// Frames between detections that check the meshes of all wanted faces.
    ///
    /// From: not recorded (b37b942). Test: none; the cost of tracking in docs/latency.md.
    pub check_every: u64,
    /// The same where every face's identity score is at least `sure_score`.
    ///
    /// From: cost of tracking 1.81 to 1.53 ms, with others (527c5d5). Test: none; the cost of tracking in docs/latency.md.
    pub sure_every: u64,
    /// Identity score, 0..=1, of a face that needs no frequent check.
    ///
    /// From: as above (527c5d5). Test: none.
    pub sure_score: f32,
    /// Every so many detections without success the full-range detector is asked instead.
    ///
    /// From: not recorded (690b958). Test: none.
    pub full_range_every: u64,
    /// A face beside a followed one is only taken up when two readings lie no farther apart than this, eye distances plus
    /// growth: before that the other one hides too much of it.
    ///
    /// From: tuned (b062ebe). Test: none.
    pub unsteady: f32,
    /// A detection below this score, 0..=1, is confirmed in a closer square: chance patterns on a wall are seen in one crop
    /// only, and the mesh network takes them for faces.
    ///
    /// From: a clip whose backdrop passes for a face, false faces 9.2 to 0 in a hundred frames (eb6bfe9). Test:
    /// `nobody_is_found_where_nobody_is`.
    pub clear_score: f32,
    /// Side of that square, in sides of the mesh's region.
    ///
    /// From: as above (eb6bfe9). Test: `nobody_is_found_where_nobody_is`.
    pub confirmation_side: f32,
    /// Side of a close-up of a lost face's place, in sides of its region: two faces beside each other are told apart there
    /// that are one in the whole picture's crop.
    ///
    /// From: a clip of four faces, frames with a bare face 13 to 5 (89e2765). Test:
    /// `a_face_that_another_one_hid_is_back_before_all_of_it_can_be_seen`.
    pub close_up_side: f32,
    /// Close-ups whose middles are nearer than this part of the side show the same.
    ///
    /// From: not recorded (89e2765). Test: none.
    pub same_close_up: f32,
    /// Close-ups a frame at most.
    ///
    /// From: not recorded (89e2765). Test: none; the cost of tracking in docs/latency.md.
    pub most_close_ups: usize,
}

impl Default for AcquisitionTuning {
    fn default() -> Self {
        Self {
            missing_every: 10,
            check_every: 30,
            sure_every: 90,
            sure_score: 0.6,
            full_range_every: 3,
            unsteady: 0.13,
            clear_score: 0.85,
            confirmation_side: 2.0,
            close_up_side: 2.5,
            same_close_up: 0.2,
            most_close_ups: 2,
        }
    }
}

/// Tuning of the search for faces that the upright picture as a whole does not show.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SearchTuning {
    /// Side of the smallest tile that is searched for small faces, pixels.
    ///
    /// From: not recorded (711cca0); equals the full-range detector's input. Test: `tiles_cover_the_picture` (passes 192 itself),
    /// `faces_too_small_for_the_whole_picture_are_found`.
    pub least_tile: f32,
    /// Side of the square in which a face larger than the picture is seen whole, in sides of the picture's.
    ///
    /// From: not recorded (5e98657). Test: `a_face_that_the_picture_cuts_off_all_round_is_found_and_followed`.
    pub wider: f32,
}

impl Default for SearchTuning {
    fn default() -> Self {
        Self { least_tile: 192.0, wider: 2.0 }
    }
}

/// Tuning of which way up a face is. Scores are the short-range detector's, 0..=1, in a square turned with the face.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RollTuning {
    /// Side of the square in which a roll is tried, in sides of the mesh's region.
    ///
    /// From: not recorded (5e98657). Test: `a_still_face_is_read_right_at_every_roll`.
    pub trial_side: f32,
    /// From this score on a roll that beats the other way round is right and no other one is tried.
    ///
    /// From: upright portraits and actors score 0.85 to 0.98, those on their heads at most 0.86 (5e98657). Test:
    /// `portraits_are_read_right_at_every_roll`.
    pub certain: f32,
    /// Least score of a roll other than the one that the mesh was read at.
    ///
    /// From: not recorded (5e98657). Test: `portraits_are_read_right_at_every_roll`.
    pub other_roll: f32,
    /// Least score of a face in its own roll.
    ///
    /// From: folds of a suit reach 0.56, faces that nothing covers 0.85 and more (c923c30). Test:
    /// `nobody_is_found_where_nobody_is`.
    pub least: f32,
    /// The same of one that leans by more than `leaning`.
    ///
    /// From: light on a helmet reaches 0.75 (c923c30). Test: `nobody_is_found_where_nobody_is`.
    pub least_leaning: f32,
    /// Angle from which on a face leans, radians.
    ///
    /// From: not recorded (c923c30). Test: `portraits_are_read_right_at_every_roll`.
    pub leaning: f32,
    /// Middles of a face by mesh and by detector lie nearer than this part of the region's side.
    ///
    /// From: not recorded (5e98657). Test: none.
    pub same_middle: f32,
    /// A roll that is right is confirmed to within this angle, radians.
    ///
    /// From: not recorded (5e98657). Test: `of_two_faces_either_may_stand_on_its_head`.
    pub level: f32,
    /// Frames after which a followed face's roll is tried the other way round.
    ///
    /// From: not recorded (5e98657). Test: `a_mesh_that_stands_on_its_head_is_turned_over`.
    pub first_check: u32,
    /// And then every so many frames.
    ///
    /// From: not recorded (5e98657). Test: none.
    pub check_every: u32,
    /// Score of the other way round from which on a followed face is doubted.
    ///
    /// From: as `certain` (5e98657). Test: `a_mesh_that_stands_on_its_head_is_turned_over`.
    pub doubted: f32,
    /// How much surer of the other way round than of the face as it is followed the detector must be for it to be turned
    /// over.
    ///
    /// From: the same face scores at least 0.1 less upside down (5e98657). Test:
    /// `a_head_that_rolls_all_the_way_round_is_followed_all_the_way_round`.
    pub lead: f32,
}

impl Default for RollTuning {
    fn default() -> Self {
        Self {
            trial_side: 2.0,
            certain: 0.93,
            other_roll: 0.7,
            least: 0.6,
            least_leaning: 0.8,
            leaning: 0.5,
            same_middle: 0.3,
            level: FRAC_PI_3,
            first_check: 6,
            check_every: 90,
            doubted: 0.82,
            lead: 0.05,
        }
    }
}

/// Tuning of single pictures and of first pictures of scenes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StillsTuning {
    /// Part of the searched square's side under which a detection is placed anew from close by.
    ///
    /// From: not recorded (711cca0). Test: none.
    pub coarse: f32,
    /// Side of such a close-up, in sides of the detection's box.
    ///
    /// From: not recorded (711cca0). Test: `faces_too_small_for_the_whole_picture_are_found`.
    pub close_up_side: f32,
    /// Side of the square in which faces are looked for that fill more than the picture, in sides of the picture.
    ///
    /// From: not recorded (ffd00d3). Test: none.
    pub wide: f32,
    /// Share of the picture's shorter side from which on an unread face is reported as too near.
    ///
    /// From: not recorded (ffd00d3). Test: none.
    pub near: f32,
    /// Size of its box, pixels, under which an unread face is reported as too small.
    ///
    /// From: not recorded (ffd00d3). Test: none.
    pub small: f32,
    /// How often a single picture is read again, so that the filters come to rest.
    ///
    /// From: not recorded (ffd00d3). Test: none.
    pub settling_frames: u32,
    /// The time that is let pass between these readings.
    ///
    /// From: a frame at 30 a second. Test: none.
    pub settling_step: Duration,
}

impl Default for StillsTuning {
    fn default() -> Self {
        Self {
            coarse: 0.25,
            close_up_side: 4.0,
            wide: 1.8,
            near: 0.75,
            small: 40.0,
            settling_frames: 4,
            settling_step: Duration::from_millis(33),
        }
    }
}

/// Tuning of which face is handed on where only one is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct SelectionTuning {
    /// How many times better than the chosen face another one must be to take over.
    ///
    /// From: not recorded (690b958). Test: `a_hair_s_breadth_does_not_change_the_choice`.
    pub lead: f32,
}

impl Default for SelectionTuning {
    fn default() -> Self {
        Self { lead: 1.3 }
    }
}
