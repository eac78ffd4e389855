//! Animates a still portrait: its mesh turns and changes its expression, and the picture around follows.
//!
//! The portrait's own 478 landmarks are the resting shape. [`Puppet::points`] moves them by a [`PuppetPose`] and an
//! [`Expression`]; [`Puppet::render`] draws the portrait on any 478 points, so that a live face may drive it
//! as well. Drawing uses the passes of `omote-shaders` over an extended mesh: the face, rings around it out
//! to the picture's border, and sheets of their own for the eyes, the lids and the inside of the mouth.

pub mod actor;
mod atlas;
mod expression;
mod layout;
mod light;
mod overlay;
mod patches;
mod pose;
mod render;
mod surround;

pub use expression::Expression;
pub use light::Light;
pub use pose::PuppetPose;
pub use render::Drawing;

use atlas::Atlas;
use expression::Fields;
use glam::{Vec2, Vec3};
use layout::Layout;
use omote_frame::Frame;
use omote_frame::interpolation::{Bilinear, bilinear_by_differences};
use omote_frame::space::MeshPoint;
use omote_frame::topology::{OVAL, POINTS_WITH_IRISES};
use overlay::Overlays;
use pose::Skull;
use surround::Surround;

/// Where the person is in a portrait: 8-bit alpha, row by row, of any size; it is stretched over the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matte {
    width: u32,
    height: u32,
    alpha: Vec<u8>,
}

impl Matte {
    /// A matte of `width` × `height` values, 255 where the person is.
    ///
    /// # Errors
    /// [`PuppetError::Matte`] where a side is 0 or the number of values is another one.
    pub fn new(width: u32, height: u32, alpha: Vec<u8>) -> Result<Self, PuppetError> {
        if alpha.is_empty() || alpha.len() != width as usize * height as usize {
            return Err(PuppetError::Matte { width, height, found: alpha.len() });
        }
        Ok(Self { width, height, alpha })
    }

    /// Alpha 0..=1 at a position 0..=1 across and down, interpolated.
    fn at(&self, across: f32, down: f32) -> f32 {
        let size = Vec2::new(self.width as f32, self.height as f32);
        let (width, height) = (self.width as usize, self.height as usize);
        let cell = Bilinear::clamped(Vec2::new(across, down) * size - 0.5, [width, height]);
        let value =
            |x: usize, y: usize| f32::from(self.alpha.get(y * width + x).copied().unwrap_or_default());
        bilinear_by_differences(cell.corners(value), cell.part()) / 255.0
    }
}

/// Why a picture does not make a puppet.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PuppetError {
    /// Not 478 finite points.
    #[error(
        "a puppet needs {POINTS_WITH_IRISES} landmarks in the portrait's pixels; point {index} is missing or not finite"
    )]
    Points {
        /// First point at fault.
        index: usize,
    },
    /// The landmarks are too small, or lie outside the picture.
    #[error(
        "the landmarks are no upright face of at least {least} pixels inside the {width}x{height} picture"
    )]
    Face {
        /// Least height of the face oval in pixels.
        least: u32,
        /// Picture's width.
        width: u32,
        /// Picture's height.
        height: u32,
    },
    /// The matte's values are not as many as its sides say.
    #[error("a matte of {width}x{height} needs as many values, got {found}")]
    Matte {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// Values given.
        found: usize,
    },
}

/// Least height of the portrait's face oval in pixels.
const LEAST_FACE: f32 = 48.0;

/// A still portrait that can be posed.
#[derive(Clone, Debug)]
pub struct Puppet {
    rest: Vec<Vec3>,
    skull: Skull,
    fields: Fields,
    surround: Surround,
    overlays: Overlays,
    layout: Layout,
    atlas: Atlas,
    normals: light::Normals,
}

impl Puppet {
    /// A puppet of `picture` (any format). `matte`: where the person is; without one the whole picture is
    /// drawn and its border stays. `points`: the 478 landmarks in the picture's pixels.
    ///
    /// # Errors
    /// [`PuppetError`] names what does not fit.
    pub fn new(picture: &Frame, matte: Option<&Matte>, points: &[MeshPoint]) -> Result<Self, PuppetError> {
        if let Some(index) = (0..POINTS_WITH_IRISES).find(|i| !points.get(*i).is_some_and(|p| p.is_finite()))
        {
            return Err(PuppetError::Points { index });
        }
        let rest = flattened(points);
        let skull = Skull::new(&rest);
        let (width, height) = (picture.width(), picture.height());
        let size = Vec2::new(width as f32, height as f32);
        let inside = |p: Vec2| p.cmpge(Vec2::ZERO).all() && p.cmplt(size).all();
        let upright = skull.chin().y > skull.centre().y && inside(skull.centre());
        let near = OVAL.iter().filter(|i| rest.get(usize::from(**i)).is_some_and(|p| inside(p.truncate())));
        if skull.height() < LEAST_FACE || !upright || near.count() < OVAL.len() / 2 {
            return Err(PuppetError::Face { least: LEAST_FACE as u32, width, height });
        }
        let fields = Fields::new(&rest, &skull);
        let atlas = Atlas::new(picture, matte, &rest, &skull);
        let surround = Surround::new(&rest, &skull, size, matte.is_some());
        let overlays = Overlays::new(&rest, &skull);
        let layout = Layout::new(&rest, &surround, &overlays, &atlas);
        let normals = light::Normals::new(&rest, &skull, &surround, &layout, &atlas);
        Ok(Self { rest, skull, fields, surround, overlays, layout, atlas, normals })
    }

    /// The portrait's own landmarks: x and y as given, z flattened towards the ears.
    pub fn rest(&self) -> &[MeshPoint] {
        &self.rest
    }

    /// The middle of the resting face oval's box, in the portrait's pixels.
    pub fn centre(&self) -> Vec2 {
        self.skull.centre()
    }

    /// Width and height of the resting face oval's box, in the portrait's pixels.
    pub fn face(&self) -> Vec2 {
        Vec2::new(self.skull.width(), self.skull.height())
    }

    /// The 478 landmarks in output pixels, in this pose and expression.
    pub fn points(&self, pose: &PuppetPose, expression: &Expression) -> Vec<MeshPoint> {
        let mut points = self.fields.apply(&self.rest, expression);
        for p in &mut points {
            *p = self.skull.place(pose, *p);
        }
        points
    }

    /// The pose that puts the middle of the resting face at `middle` with a face oval of `height` pixels,
    /// looking straight ahead.
    pub fn placed(&self, middle: Vec2, height: f32) -> PuppetPose {
        let scale = height / self.skull.height();
        PuppetPose { scale, translation: middle - self.skull.centre() * scale, ..PuppetPose::default() }
    }
}

/// From here back, in widths of the face behind the points' mean depth, depth counts less: the picture shows
/// so little of the head's sides that a turn would draw it out into streaks.
const STEEP_FROM: f32 = 0.25;
const STEEP_SHARE: f32 = 0.65;

fn flattened(points: &[MeshPoint]) -> Vec<Vec3> {
    let mut rest: Vec<Vec3> = points.iter().take(POINTS_WITH_IRISES).copied().collect();
    let mean = rest.iter().map(|p| p.z).sum::<f32>() / rest.len().max(1) as f32;
    let knee = mean + STEEP_FROM * Skull::new(&rest).width();
    rest.iter_mut().for_each(|p| p.z = p.z.min(knee) + (p.z - knee).max(0.0) * STEEP_SHARE);
    rest
}

/// The point of that number; the middle of the picture's corner pixel where there is none.
fn point(points: &[Vec3], index: u16) -> Vec3 {
    points.get(usize::from(index)).copied().unwrap_or_default()
}
