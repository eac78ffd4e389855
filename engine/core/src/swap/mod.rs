//! Every way to swap yields a [`FaceTexture`]: pixels, a texture position for each mesh point, and a mask.

mod bake;
mod mouth;
pub mod neural;
mod photo;
mod smile;
mod texture_id;
#[doc(hidden)]
pub mod tuning;

pub use bake::{BakeError, CutParams};
pub use texture_id::{TextureId, TextureVersion};

pub(crate) use mouth::{painted_at, place as inside_of_mouth};
pub(crate) use smile::amount as smile_amount;

pub use crate::persona::ColourTransfer;

use crate::persona::Date;

use crate::space::Uv;
use std::sync::Arc;

/// A persona's face as a texture on the live mesh.
///
/// RGBA8 sRGB with straight alpha, mip-mapped, a power of two a side (512 by default). The alpha is the
/// blend weight: 0 at the face oval, rising inwards; 0 where the user's own eyes and mouth show through.
/// Clones share the pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct FaceTexture {
    side: u32,
    levels: u32,
    texels: Arc<[u32]>,
    uv: Arc<[Uv]>,
    colour_transfer: ColourTransfer,
    openings: Openings,
    /// The same without the picture's own smile, where it has one.
    smile: Option<smile::Smile>,
    id: TextureId,
    version: TextureVersion,
    until: Option<Date>,
}

/// Which of the mesh's holes show something of the persona's that must not be squeezed with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Openings {
    /// The eyes in the picture: lids slide over them.
    pub(crate) eyes: bool,
    /// The painted inside of the mouth: see [`inside_of_mouth`].
    pub(crate) mouth: bool,
}

impl FaceTexture {
    /// Side of the texture in texels.
    pub const SIDE: u32 = 512;

    /// Texels a side of mip level 0.
    pub fn side(&self) -> u32 {
        self.side
    }

    /// Mip levels, down to one of 4 texels a side.
    #[doc(hidden)]
    pub fn levels(&self) -> u32 {
        self.levels
    }

    /// All levels one after the other, packed R G B A from the lowest byte.
    #[doc(hidden)]
    pub fn texels(&self) -> &[u32] {
        &self.texels
    }

    /// Texture positions of the 468 mesh points.
    #[doc(hidden)]
    pub fn uv(&self) -> &[Uv] {
        &self.uv
    }

    /// Whose memory it is: the results of a swap model for one face share it, and so do copies.
    pub fn id(&self) -> TextureId {
        self.id
    }

    /// Which texels are in it: another version of the same id has others.
    #[doc(hidden)]
    pub fn version(&self) -> TextureVersion {
        self.version
    }

    /// The last day on which the face may be worn; nothing where there is no end.
    pub fn until(&self) -> Option<Date> {
        self.until
    }

    /// The same, to be worn until a day.
    #[must_use]
    pub fn ending(self, until: Option<Date>) -> Self {
        Self { until, ..self }
    }

    /// The same under an id of the test's choice.
    #[cfg(test)]
    pub(crate) fn numbered(self, id: u64) -> Self {
        Self { id: TextureId::numbered(id), ..self }
    }

    /// The texture positions to be kept by caches: all results of a swap model share them.
    pub(crate) fn layout(&self) -> &Arc<[Uv]> {
        &self.uv
    }

    /// What stands in the holes.
    pub(crate) fn openings(&self) -> Openings {
        self.openings
    }

    /// How light and tone are fitted.
    pub fn colour_transfer(&self) -> ColourTransfer {
        self.colour_transfer
    }
}
