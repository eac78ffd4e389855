//! The tracker: which faces are followed, lost, found again and handed on.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use super::acquire::DeferredDetection;
use super::appearance::{AppearanceModel, Crop, CropPlanes, OtherFaces};
use super::detect::{Detector, DetectorRange, whole};
use super::face_track::{AppearanceView, FrameStep, Mesh, Track, VeilView, wrap};
use super::lost_track::LostTrack;
use super::mesh::{MeshKind, MeshNet, REGION_MARGIN, Reading, in_crop, in_view, share_inside};
use super::occluders::{TrackedReading, outlines_of_others};
use super::select::{Choice, Contender, Selection};
use super::smooth::Smoothing;
use super::stills::SkippedFaces;
use super::tuning::Tuning;
use super::veil::VeilNet;
use super::{Face, TrackError};
use crate::frame::{Frame, FrameTime};
use crate::infer::Runtime;
use crate::space::{CropSquare, ImagePx};
use omote_frame::pose::Pose;

/// Settings of a [`Tracker`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrackerConfig {
    /// Faces to follow at most, 1..=[`MOST_FACES`]. Each takes a mesh of its own every frame, which live is too much for
    /// more than four.
    pub max_faces: usize,
    /// Which of them to hand on.
    pub selection: Selection,
    /// The mesh network.
    pub mesh: MeshKind,
    /// The filters; none hands the networks' own points on.
    pub smoothing: Option<Smoothing>,
    /// Least presence of a followed face, 0..=1.
    pub min_presence: f32,
    /// What the stages are tuned by.
    pub tuning: Tuning,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            max_faces: 4,
            selection: Selection::All,
            mesh: MeshKind::default(),
            smoothing: Some(Smoothing::default()),
            min_presence: 0.5,
            tuning: Tuning::default(),
        }
    }
}

/// Faces that can be followed at once.
pub const MOST_FACES: usize = 64;
/// Time that passes from frame to frame at least, seconds: time stamps that do not move must not stop the filters.
const LEAST_ELAPSED: f32 = 1e-3;

/// Finds and follows faces in a stream of frames. Not shared between threads; it may move between them.
pub struct Tracker {
    pub(super) config: TrackerConfig,
    pub(super) short_range: Detector,
    pub(super) full_range: Detector,
    pub(super) mesh: MeshNet,
    pub(super) veil: VeilNet,
    pub(super) tracks: Vec<Track>,
    pub(super) lost: Vec<LostTrack>,
    /// What each face looks like, by its id.
    pub(super) appearances: HashMap<u64, AppearanceModel>,
    pub(super) planes: CropPlanes,
    choice: Choice,
    pub(super) next_id: u64,
    pub(super) last: Option<FrameTime>,
    /// Frames since the last detection, and detections without success in a row.
    pub(super) frames_since_detection: u64,
    pub(super) empty_detections: u64,
    /// Close-ups so far, for their turns.
    pub(super) close_up_turn: usize,
    /// Squares that detectors have read and not run on yet, at most one a detector.
    pub(super) deferred: Vec<DeferredDetection>,
    /// The last routine detection saw something that is to be looked at.
    pub(super) noticed: bool,
    /// Nothing was detected yet since all faces were forgotten.
    pub(super) fresh: bool,
    /// What was seen and is not handed on.
    pub(super) skipped: SkippedFaces,
    /// Where the last search has seen a face.
    pub(super) hint: Option<(DetectorRange, CropSquare)>,
    /// The followed face that may stand on its head.
    pub(super) doubted: Option<u64>,
    /// Squares searched so far, for their turns.
    pub(super) search_turn: usize,
}

impl std::fmt::Debug for Tracker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tracker").field("config", &self.config).field("faces", &self.tracks.len()).finish()
    }
}

impl Tracker {
    /// Loads the networks from a folder of converted files, see [`crate::infer::models`].
    ///
    /// # Errors
    /// [`TrackError::Config`] where a setting is out of range, [`TrackError::Infer`] where a network can't be loaded.
    pub fn new(runtime: &Runtime, models: &Path, config: TrackerConfig) -> Result<Self, TrackError> {
        if !(1..=MOST_FACES).contains(&config.max_faces) {
            let value = config.max_faces.to_string();
            return Err(TrackError::Config { name: "max_faces", value, range: "1 to 64" });
        }
        if !(0.0..=1.0).contains(&config.min_presence) {
            let value = config.min_presence.to_string();
            return Err(TrackError::Config { name: "min_presence", value, range: "0 to 1" });
        }
        let detector = |range| Detector::load(runtime, models, range, &config.tuning.detector);
        Ok(Self {
            config,
            short_range: detector(DetectorRange::Short)?,
            full_range: detector(DetectorRange::Full)?,
            mesh: MeshNet::load(runtime, models, config.mesh)?,
            veil: VeilNet::load(runtime, None)?,
            tracks: Vec::new(),
            lost: Vec::new(),
            appearances: HashMap::new(),
            planes: CropPlanes::default(),
            choice: Choice::default(),
            next_id: 0,
            last: None,
            frames_since_detection: 0,
            empty_detections: 0,
            close_up_turn: 0,
            deferred: Vec::new(),
            noticed: false,
            fresh: true,
            skipped: SkippedFaces::default(),
            hint: None,
            doubted: None,
            search_turn: 0,
        })
    }

    /// The same with the network Veil from a file instead of the one that is built in: how networks in training are tried.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where it can't be loaded.
    #[doc(hidden)]
    pub fn with_veil(self, runtime: &Runtime, network: &Path) -> Result<Self, TrackError> {
        Ok(Self { veil: VeilNet::load(runtime, Some(network))?, ..self })
    }

    /// From now on frames come at their own pace, as from a camera: what takes too long on this machine is done for every
    /// second one only.
    pub fn keep_pace(&mut self) {
        self.veil.keep_pace();
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &TrackerConfig {
        &self.config
    }

    /// Forgets all faces, as before the first frame. Ids go on.
    pub fn reset(&mut self) {
        self.tracks.clear();
        self.lost.clear();
        self.appearances.clear();
        self.choice = Choice::default();
        self.last = None;
        self.deferred.clear();
        (self.noticed, self.fresh, self.hint, self.doubted) = (false, true, None, None);
        (self.frames_since_detection, self.empty_detections, self.skipped) = (0, 0, SkippedFaces::default());
    }

    /// The faces in the next frame of a stream. Filters go by the frame's time stamp.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where a network fails. The faces, their ids and their looks are kept as they were before
    /// the frame, and the next one goes on from there.
    pub fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.run_deferred_detection()?;
        let elapsed = self.elapsed_since_last(frame);
        if elapsed > self.config.tuning.tracks.gap_s {
            self.resume(frame, elapsed)?;
        } else {
            self.update_tracks(frame, elapsed)?;
        }
        // From here on the faces are this frame's, whatever a detection of others brings.
        self.last = Some(frame.time);
        self.drop_duplicates();
        let detected = self.detect_missing(frame);
        self.forget_long_lost(elapsed);
        detected?;
        self.read_first_fronts(frame);
        Ok(self.selected(frame))
    }

    /// Asks what stands in front of the faces that were just taken up, and which faces are behind others.
    pub(super) fn read_first_fronts(&mut self, frame: &Frame) {
        for mut track in std::mem::take(&mut self.tracks) {
            track.behind_a_face =
                self.appearances.get(&track.id).is_some_and(AppearanceModel::is_behind_a_face);
            let veil = VeilView { net: &mut self.veil, frame };
            if track.front_due && !track.read_first_front(veil, &self.config.tuning.veil) {
                self.lose(track, 0.0);
            } else {
                self.tracks.push(track);
            }
        }
    }

    fn elapsed_since_last(&self, frame: &Frame) -> f32 {
        let elapsed = self.last.map(|last| frame.time.0.saturating_sub(last.0));
        elapsed.map_or(0.0, |elapsed| elapsed.as_secs_f32()).max(LEAST_ELAPSED)
    }

    /// Lets time pass for lost faces; those that were away for too long are forgotten with what they look like.
    fn forget_long_lost(&mut self, elapsed: f32) {
        for lost in &mut self.lost {
            lost.age += elapsed;
        }
        self.lost.retain(|lost| lost.age < self.config.tuning.lost.kept_s);
        let is_known = |id: &u64| {
            self.tracks.iter().any(|track| track.id == *id)
                || self.lost.iter().any(|lost| lost.track.id == *id)
        };
        self.appearances.retain(|id, _| is_known(id));
    }

    /// Begins anew after a gap, too long for motion to go on: faces are read where they were, else looked for.
    fn resume(&mut self, frame: &Frame, elapsed: f32) -> Result<(), TrackError> {
        let regions: Vec<CropSquare> = self.tracks.iter().map(|track| track.region).collect();
        let mut after = Vec::with_capacity(regions.len());
        for region in regions {
            let (reading, region) = self.read_mesh_upright(frame, region)?;
            let seen = self.is_face(&reading, frame);
            after.push(seen.then_some(Mesh { presence: reading.presence, points: reading.points, region }));
        }
        for (track, mesh) in std::mem::take(&mut self.tracks).into_iter().zip(after) {
            match mesh.and_then(|mesh| track.restarted(mesh)) {
                Some(fresh) => self.tracks.push(fresh),
                None => self.lose(track, elapsed),
            }
        }
        Ok(())
    }

    /// Gives a face up that was last read `age` seconds ago.
    fn lose(&mut self, track: Track, age: f32) {
        if let Some(appearance) = self.appearances.get_mut(&track.id) {
            appearance.forget_last_frame();
        }
        self.lost.push(LostTrack { track, age });
    }

    /// Reads each followed face anew; those that are gone are lost.
    fn update_tracks(&mut self, frame: &Frame, elapsed: f32) -> Result<(), TrackError> {
        let before = std::mem::take(&mut self.tracks);
        let mut after = match self.read_tracks(frame, &before, elapsed) {
            Ok(after) => after,
            Err(failed) => {
                self.tracks = before;
                return Err(failed);
            }
        };
        self.drop_jumped(&mut after);
        let places: Vec<ImagePx> = before.iter().map(Track::centre).collect();
        for (index, (mut old, new)) in before.into_iter().zip(after).enumerate() {
            let tuning = &self.config.tuning.tracks;
            let may_be_hidden = places
                .iter()
                .enumerate()
                .any(|(other, &place)| other != index && old.may_overlap(place, tuning));
            match new {
                Some(new) => self.tracks.push(new),
                None if may_be_hidden && old.coast(elapsed, tuning) => self.tracks.push(old),
                None => self.lose(old, elapsed),
            }
        }
        self.order_occluded();
        Ok(())
    }

    /// Where two faces have become one in this frame, the one that jumped there is hidden by the other.
    fn drop_jumped(&self, after: &mut [Option<Track>]) {
        let tuning = &self.config.tuning.tracks;
        for index in 0..after.len() {
            let Some(Some(own)) = after.get(index) else { continue };
            let gives_way_to = |other: usize, rival: &Track| {
                let yields = own.yields_to(rival, tuning) || !rival.yields_to(own, tuning) && index > other;
                index != other && yields && own.same_place(rival, tuning)
            };
            let jumped = after
                .iter()
                .enumerate()
                .any(|(other, rival)| rival.as_ref().is_some_and(|rival| gives_way_to(other, rival)));
            if jumped && let Some(slot) = after.get_mut(index) {
                *slot = None;
            }
        }
    }

    /// Where each followed face is in a new frame; none where it is lost.
    fn read_tracks(
        &mut self,
        frame: &Frame,
        before: &[Track],
        elapsed: f32,
    ) -> Result<Vec<Option<Track>>, TrackError> {
        let (width, height) = (frame.width(), frame.height());
        let mut after = Vec::with_capacity(before.len());
        for track in before {
            let found = self.read_tracked(frame, track, before, elapsed)?;
            let (seen, n) = (found.seen, self.mesh.crop().1);
            let outlines = outlines_of_others(before, track.id, found.region, n, &self.config.tuning);
            let others = OtherFaces { outlines, are_in_front: !seen };
            let next = self.advance(frame, track, found, elapsed, others);
            let tuning = &self.config.tuning.reading;
            let is_visible = |track: &Track| {
                if seen {
                    in_view(&track.points, width, height, tuning.least_inside)
                } else {
                    share_inside(&track.points, width, height) >= tuning.least_inside_held
                }
            };
            after.push(next.filter(is_visible));
        }
        Ok(after)
    }

    /// A followed face in the frame that was just read, `elapsed` seconds after its last. `others` are the faces near
    /// by. None where it is lost.
    pub(super) fn advance(
        &mut self,
        frame: &Frame,
        track: &Track,
        found: TrackedReading,
        elapsed: f32,
        others: OtherFaces,
    ) -> Option<Track> {
        let TrackedReading { reading, region, seen } = found;
        let Some(smoothing) = &self.config.smoothing else {
            let fresh = seen.then(|| Track::from_mesh(track.id, reading.presence, reading.points, region));
            return fresh.flatten();
        };
        let step = FrameStep { elapsed, smoothing, tuning: &self.config.tuning };
        let (planar, n) = self.mesh.crop();
        // It is looked for where the network sees it and where it is predicted.
        let mut places = track.predicted_mesh(elapsed);
        places.extend(reading.points.iter().filter(|_| seen));
        let places = in_crop(&places, region, n as f32);
        let crop = Crop::new(planar, n, &places, &mut self.planes)?.with_others(others);
        let model = self.appearances.entry(track.id).or_insert_with(AppearanceModel::new);
        let veil = VeilView { net: &mut self.veil, frame };
        let view = AppearanceView { model, crop: &crop, region, veil };
        let mut next = track.clone();
        let is_found = if seen {
            next.update(Mesh { presence: reading.presence, points: reading.points, region }, view, &step)
        } else {
            next.hold(view, &step)
        };
        is_found.then_some(next)
    }

    /// Runs the mesh network once on a region.
    pub(super) fn infer_mesh(&mut self, frame: &Frame, region: CropSquare) -> Result<Reading, TrackError> {
        let begun = Instant::now();
        let reading = self.mesh.infer(frame, region, self.config.tuning.reading.taps(region.side))?;
        self.veil.note_mesh_run(begun.elapsed().as_secs_f32(), &self.config.tuning.veil);
        Ok(reading)
    }

    /// A mesh from a region, read again where the first shows that the region was off.
    pub(super) fn read_mesh(
        &mut self,
        frame: &Frame,
        region: CropSquare,
    ) -> Result<(Reading, CropSquare), TrackError> {
        let tuning = self.config.tuning.reading;
        let (mut reading, mut region) = (self.infer_mesh(frame, region)?, region);
        for _ in 0..tuning.most_rereads {
            if reading.presence < self.config.min_presence {
                break;
            }
            let Some(pose) = Pose::fit(&reading.points) else { break };
            let better = pose.region(REGION_MARGIN);
            let off = better.centre.0.distance(region.centre.0) / better.side;
            let turned = wrap(better.angle - region.angle).abs();
            let grown = (better.side / region.side).ln().abs();
            if off < tuning.misplaced && turned < tuning.misturned && grown < tuning.misturned {
                break;
            }
            region = better;
            reading = self.infer_mesh(frame, better)?;
        }
        Ok((reading, region))
    }

    /// The same with the roll tried, for a region that the face may have left long ago.
    fn read_mesh_upright(
        &mut self,
        frame: &Frame,
        region: CropSquare,
    ) -> Result<(Reading, CropSquare), TrackError> {
        let (reading, region) = self.read_mesh(frame, region)?;
        let seen = self.is_face(&reading, frame);
        let Some(pose) = Pose::fit(&reading.points).filter(|_| seen) else { return Ok((reading, region)) };
        let shown = pose.region(REGION_MARGIN);
        match self.right_way_up(frame, shown, Some(region))? {
            Some(right) if right.region != shown => self.read_mesh(frame, right.region),
            _ => Ok((reading, region)),
        }
    }

    pub(super) fn is_face(&self, reading: &Reading, frame: &Frame) -> bool {
        let least_inside = self.config.tuning.reading.least_inside;
        reading.presence >= self.config.min_presence
            && in_view(&reading.points, frame.width(), frame.height(), least_inside)
    }

    /// Where two followed faces have become one, the one that jumped there is lost.
    pub(super) fn drop_duplicates(&mut self) {
        while let Some(index) = self.find_duplicate() {
            let track = self.tracks.remove(index);
            self.lose(track, 0.0);
        }
    }

    /// The first followed face that lies where one before it does, or that one, whichever yields.
    fn find_duplicate(&self) -> Option<usize> {
        let tuning = &self.config.tuning.tracks;
        for (index, own) in self.tracks.iter().enumerate() {
            let before = self.tracks.iter().take(index).enumerate();
            for (other, rival) in before {
                if own.same_place(rival, tuning) {
                    return Some(if rival.yields_to(own, tuning) { other } else { index });
                }
            }
        }
        None
    }

    pub(super) fn selected(&mut self, frame: &Frame) -> Vec<Face> {
        let selection = self.config.selection;
        if selection == Selection::All {
            return self.tracks.iter().map(Track::to_face).collect();
        }
        let contenders: Vec<Contender> = self.tracks.iter().map(Track::to_contender).collect();
        let middle = ImagePx(whole(frame).centre.0);
        let returning = |id| self.lost.iter().any(|lost| lost.track.id == id);
        let tuning = &self.config.tuning.selection;
        let chosen = self.choice.pick(selection, middle, &contenders, tuning, returning);
        self.tracks.iter().filter(|track| Some(track.id) == chosen).map(Track::to_face).collect()
    }
}
