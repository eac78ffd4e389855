//! The sRGB transfer by table: `wgsl/shared/transfer.wgsl`.
//!
//! The formula stands here once more, besides `omote_frame::srgb`: the passes depend on no crate of ours.

use glam::Vec4;
use std::sync::LazyLock;

/// Steps of the decoding table over encoded 0..=1: a quarter of an 8-bit step apart.
pub(crate) const DECODE_STEPS: u32 = 1020;
const DECODE_SIZE: usize = 1024;
/// The encoding table goes by the upper bits of the number itself: 256 steps for each halving of linear
/// light, down to a tenth of an 8-bit code.
const ENCODE_SHIFT: u32 = 15;
const ENCODE_SIZE: usize = 4096;
const DARKEST: f32 = 1.0 / 32_768.0;
/// Added to a number of 0 to 2^22 it leaves the nearest whole number in the low bits.
const WHOLE: f32 = 8_388_608.0;

static DECODE: LazyLock<Box<[f32; DECODE_SIZE]>> = LazyLock::new(|| {
    Box::new(std::array::from_fn(|i| decode_exact((i as f32 / DECODE_STEPS as f32).min(1.0))))
});
static ENCODE: LazyLock<Box<[f32; ENCODE_SIZE]>> = LazyLock::new(|| {
    // The middle of each step.
    let middle = |i: usize| {
        f32::from_bits(DARKEST.to_bits() + ((i as u32) << ENCODE_SHIFT) + (1 << (ENCODE_SHIFT - 1)))
    };
    Box::new(std::array::from_fn(|i| if i == 0 { 0.0 } else { encode_exact(middle(i).min(1.0)) }))
});

/// IEC 61966-2-1, encoded to linear.
fn decode_exact(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1, linear to encoded.
fn encode_exact(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { (1.055 * v.powf(1.0 / 2.4) - 0.055).min(1.0) }
}

/// Each value rounded to the nearest whole number, as its low bits. Values must lie in 0..=2^22.
#[inline]
pub(crate) fn nearest(v: Vec4) -> [u32; 4] {
    (v + WHOLE).to_array().map(|v| v.to_bits() & 0x003f_ffff)
}

/// The tables, fetched once a pass so that the loops do not ask whether they are made.
#[derive(Clone, Copy)]
pub(crate) struct Transfer {
    decode: &'static [f32; DECODE_SIZE],
    encode: &'static [f32; ENCODE_SIZE],
}

impl Transfer {
    pub(crate) fn tables() -> Self {
        Self { decode: &DECODE, encode: &ENCODE }
    }

    /// Step of the decoding table to linear.
    #[inline]
    pub(crate) fn decode_step(&self, step: u32) -> f32 {
        self.decode[step as usize & (DECODE_SIZE - 1)]
    }

    /// Encoded 0..=1 (clipped; not a number becomes 0) to linear; the fourth value becomes `w`.
    #[inline]
    pub(crate) fn decode(&self, v: Vec4, w: f32) -> Vec4 {
        let [r, g, b, _] = nearest(v.max(Vec4::ZERO).min(Vec4::ONE) * DECODE_STEPS as f32);
        Vec4::new(self.decode_step(r), self.decode_step(g), self.decode_step(b), w)
    }

    /// Linear 0..=1 (clipped; not a number becomes 0) to encoded; the fourth value becomes 1.
    #[inline]
    pub(crate) fn encode(&self, v: Vec4) -> Vec4 {
        let v = v.max(Vec4::splat(DARKEST)).min(Vec4::ONE).to_array();
        let at = |v: f32| {
            self.encode[((v.to_bits() - DARKEST.to_bits()) >> ENCODE_SHIFT) as usize & (ENCODE_SIZE - 1)]
        };
        Vec4::new(at(v[0]), at(v[1]), at(v[2]), 1.0)
    }
}

/// Encoded sRGB 0..=1 to linear light.
pub fn decode_srgb(v: f32) -> f32 {
    Transfer::tables().decode(Vec4::splat(v), 0.0).x
}

/// Linear light to encoded sRGB 0..=1.
pub fn encode_srgb(v: f32) -> f32 {
    Transfer::tables().encode(Vec4::splat(v)).x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stay_near_the_curve() {
        for i in 0..=10_000 {
            let v = i as f32 / 10_000.0;
            assert!((encode_srgb(v) - encode_exact(v)).abs() < 0.3 / 255.0, "encode {v}");
            assert!((encode_exact(decode_srgb(v)) - v).abs() < 0.2 / 255.0, "decode {v}");
        }
        assert_eq!(decode_srgb(f32::NAN), 0.0);
        assert!((encode_srgb(2.0) - 1.0).abs() < 1e-6);
    }
}
