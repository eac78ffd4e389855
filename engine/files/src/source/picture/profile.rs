//! Embedded colour profiles: a picture's samples to sRGB.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients,
    TransferCharacteristics, Transform8BitExecutor, TransformOptions,
};

/// What a pixel's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inks {
    /// Three: R'G'B'.
    Rgb,
    /// One.
    Grey,
    /// Four; 255 is full ink.
    Cmyk,
}

/// A difference from sRGB that nobody sees, codes of 255.
const UNSEEN: u8 = 3;

/// From a profile's samples to sRGB.
#[derive(Clone)]
pub struct ToSrgb {
    work: Arc<Transform8BitExecutor>,
    inks: Inks,
}

impl std::fmt::Debug for ToSrgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ToSrgb({:?})", self.inks)
    }
}

impl ToSrgb {
    /// By an ICC profile. Nothing where it is sRGB, is damaged, or is none of such samples: they are taken as sRGB
    /// then.
    pub fn from_icc(icc: &[u8], inks: Inks) -> Option<Self> {
        // The profile is the file's, so the reader of profiles may be in for anything.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let profile = ColorProfile::new_from_slice(icc).ok()?;
            Self::by(&profile, inks)
        }));
        if made.is_err() {
            log::debug!("a colour profile that can't be read was passed over");
        }
        made.ok().flatten()
    }

    /// By the numbers of ITU-T H.273 for primaries and transfer, as HEIC and AVIF have them.
    pub fn by_numbers(primaries: u8, transfer: u8) -> Option<Self> {
        let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
        let transfer_characteristics = TransferCharacteristics::try_from(transfer).ok()?;
        // 1 and 13 are those of sRGB, 2 says nothing.
        if matches!(primaries, 1 | 2) && matches!(transfer, 1 | 2 | 6 | 13) {
            return None;
        }
        let made = catch_unwind(AssertUnwindSafe(|| {
            let profile = ColorProfile::new_from_cicp(CicpProfile {
                color_primaries,
                transfer_characteristics,
                matrix_coefficients: MatrixCoefficients::Identity,
                full_range: true,
            });
            Self::by(&profile, Inks::Rgb)
        }));
        made.ok().flatten()
    }

    fn by(profile: &ColorProfile, inks: Inks) -> Option<Self> {
        let layout = match (inks, profile.color_space) {
            (Inks::Rgb, DataColorSpace::Rgb) => Layout::Rgb,
            (Inks::Grey, DataColorSpace::Gray) => Layout::Gray,
            (Inks::Cmyk, DataColorSpace::Cmyk) => Layout::Rgba,
            _ => return None,
        };
        let srgb = ColorProfile::new_srgb();
        let work =
            profile.create_transform_8bit(layout, &srgb, Layout::Rgb, TransformOptions::default()).ok()?;
        let made = Self { work, inks };
        (!made.is_srgb()).then_some(made)
    }

    fn is_srgb(&self) -> bool {
        let steps = || (0..=255u8).step_by(51);
        let probe: Vec<u8> = match self.inks {
            Inks::Cmyk => return false,
            Inks::Grey => steps().collect(),
            Inks::Rgb => steps()
                .flat_map(|r| steps().flat_map(move |g| steps().flat_map(move |b| [r, g, b])))
                .collect(),
        };
        let seen = self.convert(&probe);
        let per = if self.inks == Inks::Grey { 3 } else { 1 };
        let want = probe.iter().flat_map(|v| std::iter::repeat_n(*v, per));
        seen.iter().zip(want).all(|(a, b)| a.abs_diff(b) <= UNSEEN)
    }

    /// The pixels as R'G'B' in sRGB.
    pub fn convert(&self, samples: &[u8]) -> Vec<u8> {
        let per = match self.inks {
            Inks::Rgb => 3,
            Inks::Grey => 1,
            Inks::Cmyk => 4,
        };
        let mut rgb = vec![0; samples.len() / per * 3];
        if let Err(e) = self.work.transform(samples, &mut rgb) {
            log::debug!("a colour profile could not be applied: {e}");
        }
        rgb
    }
}
