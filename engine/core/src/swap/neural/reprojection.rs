//! Re-projection: a model's last result on every new frame's mesh, whatever the model's speed.
//!
//! The result lies in canonical UV and is drawn on the live mesh, so the picture moves and deforms with the face at once.
//! What only the model can tell (a new expression's shading) comes with the next result, over a short mix in UV.

use super::crop::SwapResult;
use super::tuning::ReprojectionTuning;
use super::uv_atlas::{UvAtlas, UvRaster};
use crate::frame::FrameTime;
use crate::swap::FaceTexture;
use crate::track::{Face, FaceId};
use glam::Quat;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A model's result as a texture, ready to be drawn.
#[derive(Clone, Debug)]
pub struct UvResult {
    /// Whose.
    pub face: FaceId,
    /// In canonical UV.
    pub texture: FaceTexture,
    /// The time of the frame that it was made from.
    pub time: FrameTime,
    /// How the head was turned in it.
    pub rotation: Quat,
    /// Share of the face that is known, 0..=1.
    pub known: f32,
    /// Share of the face that the result covers, 0..=1: less than is known where a mask says that something is in front.
    pub covers: f32,
    /// How long the model took.
    pub took: Duration,
}

/// Turns a model's results into textures; one UV atlas a face. Belongs where the model runs.
pub struct UvAtlases {
    raster: Arc<UvRaster>,
    faces: HashMap<FaceId, (FrameTime, UvAtlas)>,
}

/// Faces that were not seen for so long are forgotten.
const FORGET: Duration = Duration::from_secs(20);

impl UvAtlases {
    /// Atlases on this raster.
    #[must_use]
    pub fn new(raster: Arc<UvRaster>) -> Self {
        Self { raster, faces: HashMap::new() }
    }

    /// Projects a result of `face` at `time` into its atlas. All results of a face are one texture in its states: their
    /// [`id`](FaceTexture::id) is the same.
    pub fn project(&mut self, made: &SwapResult, face: &Face, time: FrameTime, took: Duration) -> UvResult {
        self.faces.retain(|_, (seen, _)| time.0.saturating_sub(seen.0) < FORGET);
        let empty = || (time, UvAtlas::new(Arc::clone(&self.raster)));
        let (seen, atlas) = self.faces.entry(face.id).or_insert_with(empty);
        *seen = time;
        atlas.project(made, &face.landmarks);
        UvResult {
            face: face.id,
            texture: atlas.texture(),
            time,
            rotation: face.pose.rotation,
            known: atlas.known(),
            covers: atlas.covers(),
            took,
        }
    }

    /// Forgets every face: another face is worn, or other pictures come.
    pub fn clear(&mut self) {
        self.faces.clear();
    }
}

/// One face's results, where they are drawn.
#[derive(Clone, Debug)]
struct Worn {
    before: Option<FaceTexture>,
    newest: UvResult,
    /// The last frame without the newest, and how long it takes to come in.
    since: FrameTime,
    lasts: Duration,
    /// The last frame that it was drawn on.
    drawn: FrameTime,
}

/// The newest results of all faces. Belongs where they are drawn.
#[derive(Clone, Debug, Default)]
pub struct Reprojection {
    faces: HashMap<FaceId, Worn>,
    tuning: ReprojectionTuning,
}

/// What to draw for a face.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// The texture, in canonical UV.
    pub texture: FaceTexture,
    /// How much of it is to be seen over the mesh persona, 0..=1.
    pub share: f32,
    /// Whether it is fresh and knows the whole face, so that the mesh persona need not be drawn below.
    pub whole: bool,
    /// Whether it covers the whole face: no mask says that something is in front.
    pub covers: bool,
    /// Time since the frame that the newest result was made from.
    pub age: Duration,
}

fn ramp(low: f32, high: f32, v: f32) -> f32 {
    ((v - low) / (high - low)).clamp(0.0, 1.0)
}

impl Reprojection {
    /// One with other constants than the usual ones, for sweeps.
    #[must_use]
    pub fn tuned(tuning: ReprojectionTuning) -> Self {
        Self { faces: HashMap::new(), tuning }
    }

    /// Takes a new result.
    pub fn accept(&mut self, result: UvResult) {
        let (time, tuning) = (result.time, &self.tuning);
        self.faces.retain(|_, worn| time.0.saturating_sub(worn.newest.time.0) < FORGET);
        match self.faces.get_mut(&result.face) {
            Some(worn) => {
                let between = time.0.saturating_sub(worn.newest.time.0);
                let fresh = between < tuning.stale.1;
                worn.before = fresh.then(|| worn.now(worn.drawn));
                worn.lasts = (between / 2).clamp(tuning.mix.0, tuning.mix.1);
                (worn.newest, worn.since) = (result, worn.drawn);
            }
            None => {
                let worn =
                    Worn { before: None, newest: result, since: time, lasts: tuning.mix.0, drawn: time };
                self.faces.insert(worn.newest.face, worn);
            }
        }
    }

    /// What to draw on a face at `time`, turned as `rotation` says. None where there is no result that is fresh enough.
    pub fn draw(&mut self, face: FaceId, time: FrameTime, rotation: Option<Quat>) -> Option<Drawn> {
        let (worn, tuning) = (self.faces.get_mut(&face)?, &self.tuning);
        let age = time.0.saturating_sub(worn.newest.time.0);
        let turned = rotation.map_or(0.0, |r| r.angle_between(worn.newest.rotation).to_degrees());
        let (ageing, gone) = tuning.stale;
        let old = ramp(ageing.as_secs_f32(), gone.as_secs_f32(), age.as_secs_f32());
        let share = (1.0 - old).min(1.0 - ramp(tuning.turned.0, tuning.turned.1, turned));
        if share <= 0.0 {
            return None;
        }
        worn.drawn = time;
        let whole = share >= 1.0 && worn.newest.known >= tuning.known;
        let covers = worn.newest.covers >= tuning.known;
        Some(Drawn { texture: worn.now(time), share, whole, covers, age })
    }

    /// The age of the freshest result at `time`; None where there is none.
    pub fn age(&self, time: FrameTime) -> Option<Duration> {
        self.faces.values().map(|w| time.0.saturating_sub(w.newest.time.0)).min()
    }

    /// Forgets every result.
    pub fn clear(&mut self) {
        self.faces.clear();
    }
}

impl Worn {
    /// The texture at `time`: on its way from the one before to the newest.
    fn now(&self, time: FrameTime) -> FaceTexture {
        // A result of this very frame has nothing to come from.
        let Some(before) = self.before.as_ref().filter(|_| time != self.newest.time) else {
            return self.newest.texture.clone();
        };
        let share = time.0.saturating_sub(self.since.0).as_secs_f32() / self.lasts.as_secs_f32().max(1e-3);
        before.towards(&self.newest.texture, share)
    }
}
