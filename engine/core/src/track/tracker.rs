//! The tracker: which faces are followed, lost, found again and handed on.

use std::collections::HashMap;
use std::path::Path;

use super::acquire::DeferredDetection;
use super::appearance::{AppearanceModel, Crop, CropPlanes};
use super::detect::{Detector, DetectorRange, whole};
use super::face_track::{Look, MARGIN, Mesh, Track, wrap};
use super::lost_track::LostTrack;
use super::mesh::{MeshKind, MeshNet, Reading, in_crop, in_view, inside};
use super::occluders::occluder_outlines;
use super::pose::Pose;
use super::select::{Choice, Contender, Selection};
use super::smooth::Smoothing;
use super::stills::Beside;
use super::{Face, TrackError, taps};
use crate::frame::{Frame, FrameTime};
use crate::infer::Runtime;
use crate::space::{CropSquare, ImagePx, Outline};
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
}

impl Default for TrackerConfig {
    fn default() -> Self {
        Self {
            max_faces: 4,
            selection: Selection::All,
            mesh: MeshKind::default(),
            smoothing: Some(Smoothing::default()),
            min_presence: 0.5,
        }
    }
}

/// Faces that can be followed at once.
pub const MOST_FACES: usize = 64;
/// Part of the outline that must lie inside the picture.
const MIN_INSIDE: f32 = 0.45;
/// The same for a face that the network does not see.
const HELD_INSIDE: f32 = 0.8;
/// A mesh from a region that was off by more than this part of its side is read again from the right one.
const MISPLACED: f32 = 0.02;
/// The same for the angle, radians, and the side, natural log.
const MISTURNED: f32 = 0.042;
/// How often at most.
const READ_AGAIN: usize = 2;
/// Seconds for which a lost face keeps its id.
const AWAIT: f32 = 2.0;
/// A gap in time after which nothing can be said of motion, seconds.
const GAP: f32 = 0.5;

/// Finds and follows faces in a stream of frames. Not shared between threads; it may move between them.
pub struct Tracker {
    pub(super) config: TrackerConfig,
    pub(super) short_range: Detector,
    pub(super) full_range: Detector,
    pub(super) mesh: MeshNet,
    pub(super) tracks: Vec<Track>,
    pub(super) lost: Vec<LostTrack>,
    /// What each face looks like, by its id.
    pub(super) appearances: HashMap<u64, AppearanceModel>,
    pub(super) planes: CropPlanes,
    choice: Choice,
    pub(super) next_id: u64,
    pub(super) last: Option<FrameTime>,
    /// Frames since the last look, and looks without success in a row.
    pub(super) frames_since_detection: u64,
    pub(super) empty_detections: u64,
    /// Close looks so far, for their turns.
    pub(super) close_up_turn: usize,
    /// Squares that detectors have read and not looked at yet, at most one a detector.
    pub(super) deferred: Vec<DeferredDetection>,
    /// The last routine look saw something that is to be looked at.
    pub(super) noticed: bool,
    /// Nothing was looked at yet since all faces were forgotten.
    pub(super) fresh: bool,
    /// What was seen and is not handed on.
    pub(super) beside: Beside,
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
    pub fn new(runtime: &Runtime, appearances: &Path, config: TrackerConfig) -> Result<Self, TrackError> {
        if !(1..=MOST_FACES).contains(&config.max_faces) {
            let value = config.max_faces.to_string();
            return Err(TrackError::Config { name: "max_faces", value, range: "1 to 64" });
        }
        if !(0.0..=1.0).contains(&config.min_presence) {
            let value = config.min_presence.to_string();
            return Err(TrackError::Config { name: "min_presence", value, range: "0 to 1" });
        }
        Ok(Self {
            config,
            short_range: Detector::load(runtime, appearances, DetectorRange::Short)?,
            full_range: Detector::load(runtime, appearances, DetectorRange::Full)?,
            mesh: MeshNet::load(runtime, appearances, config.mesh)?,
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
            beside: Beside::default(),
            hint: None,
            doubted: None,
            search_turn: 0,
        })
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
        (self.frames_since_detection, self.empty_detections, self.beside) = (0, 0, Beside::default());
    }

    /// The faces in the next frame of a stream. Filters go by the frame's time stamp.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where a network fails. The faces, their ids and their looks are kept as they were before
    /// the frame, and the next one goes on from there.
    pub fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        self.look_over()?;
        let elapsed = match self.last {
            Some(last) => frame.time.0.saturating_sub(last.0).as_secs_f32(),
            None => 0.0,
        };
        // Time stamps that do not move must not stop the filters.
        let elapsed = elapsed.max(1e-3);
        if elapsed > GAP {
            self.resume(frame)?;
        } else {
            self.update_tracks(frame, elapsed)?;
        }
        // From here on the faces are this frame's, whatever a look for others brings.
        self.last = Some(frame.time);
        self.drop_duplicates();
        let looked = self.detect_missing(frame);
        for lost in &mut self.lost {
            lost.age += elapsed;
        }
        self.lost.retain(|lost| lost.age < AWAIT);
        let known =
            |id: &u64| self.tracks.iter().any(|f| f.id == *id) || self.lost.iter().any(|g| g.track.id == *id);
        self.appearances.retain(|id, _| known(id));
        looked?;
        Ok(self.selected(frame))
    }

    /// Begins anew after a gap, too long for motion to go on: faces are read where they were, else looked for.
    fn resume(&mut self, frame: &Frame) -> Result<(), TrackError> {
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
                None => self.lost.push(LostTrack { track, age: 0.0 }),
            }
        }
        Ok(())
    }

    /// Reads each followed face anew; those that are gone become lost tracks.
    fn update_tracks(&mut self, frame: &Frame, elapsed: f32) -> Result<(), TrackError> {
        let before = std::mem::take(&mut self.tracks);
        let mut after = match self.read_tracks(frame, &before, elapsed) {
            Ok(after) => after,
            Err(failed) => {
                self.tracks = before;
                return Err(failed);
            }
        };
        // Where two faces have become one, the one that jumped there is hidden by the other.
        for index in 0..after.len() {
            let jumped = after.iter().enumerate().any(|(other, rival)| {
                let (Some(Some(own)), Some(rival)) = (after.get(index), rival) else { return false };
                let later = own.yields_to(rival) || !rival.yields_to(own) && index > other;
                index != other && later && own.same_place(rival)
            });
            if jumped && let Some(slot) = after.get_mut(index) {
                *slot = None;
            }
        }
        let places: Vec<ImagePx> = before.iter().map(Track::centre).collect();
        for (index, (mut old, new)) in before.into_iter().zip(after).enumerate() {
            let hidden =
                places.iter().enumerate().any(|(other, &place)| other != index && old.may_overlap(place));
            match new {
                Some(new) => self.tracks.push(new),
                None if hidden && old.coast(elapsed) => self.tracks.push(old),
                None => self.lost.push(LostTrack { track: old, age: 0.0 }),
            }
        }
        self.mark_occluded();
        Ok(())
    }

    /// Where each followed face is in a new frame; none where it is lost.
    fn read_tracks(
        &mut self,
        frame: &Frame,
        before: &[Track],
        elapsed: f32,
    ) -> Result<Vec<Option<Track>>, TrackError> {
        let mut after = Vec::with_capacity(before.len());
        for track in before {
            let (reading, seen, region) = self.read_tracked(frame, track, before, elapsed)?;
            let occluders = match seen {
                true => Vec::new(),
                false => occluder_outlines(before, track.id, region, self.mesh.crop().1),
            };
            let next = self.advance(track, reading, seen, region, elapsed, occluders);
            let (width, height) = (frame.width(), frame.height());
            let visible = |f: &Track| match seen {
                true => in_view(&f.points, width, height, MIN_INSIDE),
                false => inside(&f.points, width, height) >= HELD_INSIDE,
            };
            after.push(next.filter(visible));
        }
        Ok(after)
    }

    /// A followed face in the frame that was just read; `seen` says whether the network sees it, `others` which faces may stand
    /// in front, in crop pixels. None where it is lost.
    pub(super) fn advance(
        &mut self,
        track: &Track,
        reading: Reading,
        seen: bool,
        region: CropSquare,
        elapsed: f32,
        occluders: Vec<Outline>,
    ) -> Option<Track> {
        let Some(tuning) = &self.config.smoothing else {
            let fresh = seen.then(|| Track::from_mesh(track.id, reading.presence, reading.points, region));
            return fresh.flatten();
        };
        let mut next = track.clone();
        let (planar, n) = self.mesh.crop();
        // It is looked for where the network sees it and where it is predicted.
        let mut mesh = track.predicted_mesh(elapsed);
        mesh.extend(reading.points.iter().filter(|_| seen));
        let mesh = in_crop(&mesh, region, n as f32);
        let crop = Crop::new(planar, n, &mesh, &mut self.planes)?.with_occluders(occluders);
        let model = self.appearances.entry(track.id).or_insert_with(AppearanceModel::new);
        let look = Look { model, crop: &crop };
        let mesh = Mesh { presence: reading.presence, points: reading.points, region };
        let found = match seen {
            true => next.update(mesh, look, elapsed, tuning),
            false => next.hold(look, region, elapsed, tuning),
        };
        found.then_some(next)
    }

    /// A mesh from a region, read a second time where the first shows that the region was off.
    pub(super) fn read_mesh(
        &mut self,
        frame: &Frame,
        region: CropSquare,
    ) -> Result<(Reading, CropSquare), TrackError> {
        let (mut reading, mut region) = (self.mesh.infer(frame, region, taps(region.side, 192))?, region);
        for _ in 0..READ_AGAIN {
            if reading.presence < self.config.min_presence {
                break;
            }
            let Some(pose) = Pose::fit(&reading.points) else { break };
            let better = pose.region(MARGIN);
            let off = better.centre.0.distance(region.centre.0) / better.side;
            let turned = wrap(better.angle - region.angle).abs();
            let grown = (better.side / region.side).ln().abs();
            if off < MISPLACED && turned < MISTURNED && grown < MISTURNED {
                break;
            }
            region = better;
            reading = self.mesh.infer(frame, better, taps(better.side, 192))?;
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
        let shown = pose.region(MARGIN);
        match self.right_way_up(frame, shown, Some(region))? {
            Some((_, right)) if right != shown => self.read_mesh(frame, right),
            _ => Ok((reading, region)),
        }
    }

    pub(super) fn is_face(&self, reading: &Reading, frame: &Frame) -> bool {
        reading.presence >= self.config.min_presence
            && in_view(&reading.points, frame.width(), frame.height(), MIN_INSIDE)
    }

    /// Where two followed faces have become one, the one that jumped there is lost.
    pub(super) fn drop_duplicates(&mut self) {
        let mut index = 0;
        while index < self.tracks.len() {
            let rival = self
                .tracks
                .get(index)
                .and_then(|own| self.tracks.iter().take(index).position(|other| own.same_place(other)));
            let Some(rival) = rival else {
                index += 1;
                continue;
            };
            let yields = match (self.tracks.get(rival), self.tracks.get(index)) {
                (Some(before), Some(own)) => before.yields_to(own),
                _ => false,
            };
            let lost = if yields { rival } else { index };
            let track = self.tracks.remove(lost);
            self.lost.push(LostTrack { track, age: 0.0 });
            index = 0;
        }
    }

    pub(super) fn selected(&mut self, frame: &Frame) -> Vec<Face> {
        if self.config.selection == Selection::All {
            return self.tracks.iter().map(Track::to_face).collect();
        }
        let contenders: Vec<Contender> = self.tracks.iter().map(Track::to_contender).collect();
        let middle = ImagePx(whole(frame).centre.0);
        let returning = |id| self.lost.iter().any(|lost| lost.track.id == id);
        let chosen = self.choice.pick(self.config.selection, middle, &contenders, returning);
        self.tracks.iter().filter(|f| Some(f.id) == chosen).map(Track::to_face).collect()
    }
}
