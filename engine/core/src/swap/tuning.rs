//! The constants of baking a persona's texture: one field for each number.
//!
//! Every field says its unit and what it does, then how it was found and which test holds it. "Not recorded" means that
//! neither the history nor the documents say how the number came about; "no test" means that a changed number breaks none.

use crate::persona::ColourTransfer;

/// How soft the edges of a texture's mask are: widths of the ramps, as shares of the face oval's width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feather {
    /// At the face oval.
    pub oval: f32,
    /// Round the eyes.
    pub eyes: f32,
    /// Round the inner lips.
    pub mouth: f32,
}

impl Feather {
    /// The same, softer by a factor of 0.25..=2.
    pub(super) fn times(self, softness: f32) -> Self {
        let k = softness.clamp(0.25, 2.0);
        Self { oval: self.oval * k, eyes: self.eyes * k, mouth: self.mouth * k }
    }
}

/// How a texture is cut and sharpened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BakeTuning {
    /// The edges of skin, which melts into skin. Found: the oval's was 0.12 at first, the mouth's 0.02; why they
    /// were changed is not recorded. Held by: `mask_is_full_on_skin_and_open_where_the_user_shows`, roughly.
    pub skin: Feather,
    /// The edges of paint, which has one. Found: not recorded. Held by: no test.
    pub paint: Feather,
    /// Strength of the unsharp mask on level 0 and on the smaller levels of skin, as factors. It makes up for averaging and
    /// for sampling twice; a small face in a camera's picture has crisper pixels than averages have. Found: 1.0 on
    /// all levels at first, then 1.2; the figures behind it are not recorded. Held by: no test.
    pub sharpen_skin: (f32, f32),
    /// The same on every level of paint, which is nearly as sharp as it was meant. Found: not recorded. Held by: no test.
    pub sharpen_paint: f32,
}

impl Default for BakeTuning {
    fn default() -> Self {
        Self {
            skin: Feather { oval: 0.16, eyes: 0.045, mouth: 0.012 },
            paint: Feather { oval: 0.03, eyes: 0.022, mouth: 0.018 },
            sharpen_skin: (1.2, 1.8),
            sharpen_paint: 0.3,
        }
    }
}

impl BakeTuning {
    /// The edges of a texture with this colour transfer.
    pub(super) fn feather(&self, colour_transfer: ColourTransfer) -> Feather {
        match colour_transfer {
            ColourTransfer::Keep => self.paint,
            _ => self.skin,
        }
    }

    /// Strength of the unsharp mask on a mip level.
    pub(super) fn sharpness(&self, colour_transfer: ColourTransfer, level: u32) -> f32 {
        match colour_transfer {
            ColourTransfer::Keep => self.sharpen_paint,
            _ if level == 0 => self.sharpen_skin.0,
            _ => self.sharpen_skin.1,
        }
    }
}
