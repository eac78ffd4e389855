//! Re-projection: a model's last result on every new frame's mesh, whatever the model's speed.
//!
//! The result lies in canonical UV and is drawn on the live mesh, so the picture moves and deforms with the face at once.
//! What only the model can tell (a new expression's shading) comes with the next result, over a short mix in UV.

use super::crop::Made;
use super::sheet::{Grid, Sheet};
use crate::frame::FrameTime;
use crate::swap::FaceTexture;
use crate::track::{Face, FaceId};
use glam::Quat;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A result older than the first is on its way out, one older than the second is gone: the mesh persona is drawn. A
/// model's result grows twice as old as the model is slow before the next is there.
pub const STALE: (Duration, Duration) = (Duration::from_millis(1600), Duration::from_millis(2200));
/// The same by how far the head has turned since, in degrees.
pub const TURNED: (f32, f32) = (28.0, 42.0);
/// A new result is mixed in over half the time between results, within these limits: less would pop, more lags.
const MIX: (Duration, Duration) = (Duration::from_millis(30), Duration::from_millis(120));
/// A sheet must know so much of the face to be drawn alone.
pub const KNOWN: f32 = 0.97;

/// A model's result as a texture, ready to be drawn.
#[derive(Clone, Debug)]
pub struct Swapped {
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

/// Turns a model's results into textures; one sheet a face. Belongs where the model runs.
pub struct Sheets {
    grid: Arc<Grid>,
    faces: HashMap<FaceId, (FrameTime, Sheet)>,
}

/// Sheets of faces that were not seen for so long are forgotten.
const FORGET: Duration = Duration::from_secs(20);

impl Sheets {
    /// Sheets on this grid.
    #[must_use]
    pub fn new(grid: Arc<Grid>) -> Self {
        Self { grid, faces: HashMap::new() }
    }

    /// Lays a result of `face` at `time` on its sheet.
    pub fn lay(&mut self, made: &Made, face: &Face, time: FrameTime, took: Duration) -> Swapped {
        self.faces.retain(|_, (seen, _)| time.0.saturating_sub(seen.0) < FORGET);
        let grid = &self.grid;
        let (seen, sheet) = self.faces.entry(face.id).or_insert_with(|| (time, Sheet::new(Arc::clone(grid))));
        *seen = time;
        sheet.lay(made, &face.landmarks);
        Swapped {
            face: face.id,
            texture: sheet.texture(),
            time,
            rotation: face.pose.rotation,
            known: sheet.known(),
            covers: sheet.covers(),
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
    newest: Swapped,
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
    /// Takes a new result.
    pub fn take(&mut self, result: Swapped) {
        let time = result.time;
        self.faces.retain(|_, worn| time.0.saturating_sub(worn.newest.time.0) < FORGET);
        match self.faces.get_mut(&result.face) {
            Some(worn) => {
                let between = time.0.saturating_sub(worn.newest.time.0);
                let fresh = between < STALE.1;
                worn.before = fresh.then(|| worn.now(worn.drawn));
                worn.lasts = (between / 2).clamp(MIX.0, MIX.1);
                (worn.newest, worn.since) = (result, worn.drawn);
            }
            None => {
                let worn = Worn { before: None, newest: result, since: time, lasts: MIX.0, drawn: time };
                self.faces.insert(worn.newest.face, worn);
            }
        }
    }

    /// What to draw on a face at `time`, turned as `rotation` says. None where there is no result that is fresh enough.
    pub fn draw(&mut self, face: FaceId, time: FrameTime, rotation: Option<Quat>) -> Option<Drawn> {
        let worn = self.faces.get_mut(&face)?;
        let age = time.0.saturating_sub(worn.newest.time.0);
        let turned = rotation.map_or(0.0, |r| r.angle_between(worn.newest.rotation).to_degrees());
        let old = ramp(STALE.0.as_secs_f32(), STALE.1.as_secs_f32(), age.as_secs_f32());
        let share = (1.0 - old).min(1.0 - ramp(TURNED.0, TURNED.1, turned));
        if share <= 0.0 {
            return None;
        }
        worn.drawn = time;
        let whole = share >= 1.0 && worn.newest.known >= KNOWN;
        let covers = worn.newest.covers >= KNOWN;
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
