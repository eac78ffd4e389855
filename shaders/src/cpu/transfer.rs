//! The sRGB transfer by table: `wgsl/shared/transfer.wgsl`.

use std::sync::LazyLock;

/// Steps of the decoding table, over encoded 0..=1: a quarter of an 8-bit step apart.
const DECODE_STEPS: usize = 1020;
/// Steps of the encoding table, over the square root of linear 0..=1, where the curve is nearly straight.
const ENCODE_STEPS: usize = 4095;

static DECODE: LazyLock<Box<[f32; DECODE_STEPS + 1]>> =
    LazyLock::new(|| Box::new(std::array::from_fn(|i| decode_exact(i as f32 / DECODE_STEPS as f32))));
static ENCODE: LazyLock<Box<[f32; ENCODE_STEPS + 1]>> = LazyLock::new(|| {
    Box::new(std::array::from_fn(|i| {
        let root = i as f32 / ENCODE_STEPS as f32;
        encode_exact(root * root)
    }))
});

/// IEC 61966-2-1, encoded to linear.
fn decode_exact(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

/// IEC 61966-2-1, linear to encoded.
fn encode_exact(v: f32) -> f32 {
    if v <= 0.003_130_8 { v * 12.92 } else { (1.055 * v.powf(1.0 / 2.4) - 0.055).min(1.0) }
}

/// The tables, fetched once a pass so that the loops do not ask whether they are made.
#[derive(Clone, Copy)]
pub(crate) struct Transfer {
    decode: &'static [f32; DECODE_STEPS + 1],
    encode: &'static [f32; ENCODE_STEPS + 1],
}

impl Transfer {
    pub(crate) fn tables() -> Self {
        Self { decode: &DECODE, encode: &ENCODE }
    }

    /// Encoded 0..=1 (clipped) to linear.
    #[inline]
    pub(crate) fn decode(&self, v: f32) -> f32 {
        // NaN casts to 0; the cast saturates below 0.
        self.decode[((v * DECODE_STEPS as f32 + 0.5) as usize).min(DECODE_STEPS)]
    }

    /// Linear 0..=1 (clipped) to encoded.
    #[inline]
    pub(crate) fn encode(&self, v: f32) -> f32 {
        self.encode[((v.max(0.0).sqrt() * ENCODE_STEPS as f32 + 0.5) as usize).min(ENCODE_STEPS)]
    }
}

/// Encoded sRGB 0..=1 to linear light.
pub fn decode_srgb(v: f32) -> f32 {
    Transfer::tables().decode(v)
}

/// Linear light to encoded sRGB 0..=1.
pub fn encode_srgb(v: f32) -> f32 {
    Transfer::tables().encode(v)
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
