//! Painted masks: the personas that ship with the program, drawn by its own code in canonical UV space.
//!
//! A mask is made as a real one is: a form is carved (`light::Form`), paint and relief are laid on a canvas
//! of twice the picture's size with brushes, and the whole is lit once by a soft studio light. Nothing is
//! read from a file and nothing is random: the same mask and size give the same bytes.

mod anatomy;
mod brush;
mod calavera;
mod canvas;
mod curve;
mod kintsugi;
mod kitsune;
mod ko_omote;
mod light;
mod noise;
mod oni;
mod ornament;
mod surface;
#[cfg(test)]
mod tests;
mod urushi;

use omote_frame::canonical_uv::CANONICAL_UV;

/// A painted mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Mask {
    /// The Noh mask of a young woman.
    #[default]
    KoOmote,
    /// The white fox of festivals.
    Kitsune,
    /// The mountain demon in red lacquer.
    Oni,
    /// The sugar skull of the Day of the Dead.
    Calavera,
    /// A celadon face mended with gold.
    Kintsugi,
    /// The night sky in lacquer, gold and mother-of-pearl.
    Urushi,
}

impl Mask {
    /// Every mask, the default first.
    pub const ALL: [Self; 6] =
        [Self::KoOmote, Self::Kitsune, Self::Oni, Self::Calavera, Self::Kintsugi, Self::Urushi];

    /// The mask's name on a command line, in kebab case.
    pub fn name(self) -> &'static str {
        match self {
            Self::KoOmote => "ko-omote",
            Self::Kitsune => "kitsune",
            Self::Oni => "oni",
            Self::Calavera => "calavera",
            Self::Kintsugi => "kintsugi",
            Self::Urushi => "urushi",
        }
    }

    /// One sentence for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::KoOmote => {
                "Ko-omote, the young woman of the Noh stage, in ivory gofun with smoke-soft brows."
            }
            Self::Kitsune => {
                "Kitsune, the festival fox, white as rice powder with vermilion flames and gold edges."
            }
            Self::Oni => {
                "Oni, the mountain demon, cinnabar lacquer with brows of gold fire, horns and tusks."
            }
            Self::Calavera => {
                "Calavera, the sugar skull, petals round the eyes, a marigold brow and a stitched smile."
            }
            Self::Kintsugi => "Kintsugi, a calm celadon face, broken once and mended with seams of gold.",
            Self::Urushi => {
                "Urushi, the night sky in midnight-blue lacquer with a gold moon and pearl stars."
            }
        }
    }

    /// The mask called `name`, or none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mask| mask.name() == name)
    }
}

/// A mask as a texture for the face mesh.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted {
    /// `size` x `size` pixels, row by row from the top: RGBA, sRGB transfer, straight alpha. Opaque
    /// everywhere, beyond the face's oval and in the eyes and the mouth too.
    pub rgba: Vec<u8>,
    /// Where each mesh point lies in the picture: `[u, v]`, 0..=1, `v` down.
    pub uv: [[f32; 2]; 468],
}

/// Paints `mask` as a picture of `size` x `size` pixels (at least 1).
///
/// Cost: 0.5 to 0.8 s of CPU time for 1024 pixels in an optimised build, most of it shared by all cores; it
/// grows with the area. The canvas takes 96 bytes a pixel of the picture while it is painted on.
pub fn paint(mask: Mask, size: u32) -> Painted {
    let size = size.max(1);
    let rgba = match mask {
        Mask::KoOmote => ko_omote::paint(size),
        Mask::Kitsune => kitsune::paint(size),
        Mask::Oni => oni::paint(size),
        Mask::Calavera => calavera::paint(size),
        Mask::Kintsugi => kintsugi::paint(size),
        Mask::Urushi => urushi::paint(size),
    };
    Painted { rgba, uv: CANONICAL_UV }
}
