//! sRGB's transfer (IEC 61966-2-1), as its formula. Passes over pictures go by tables: `omote_shaders`.

/// Encoded 0..=1 to linear light.
#[must_use]
pub fn decode(encoded: f32) -> f32 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

/// Linear light 0..=1 to encoded.
#[must_use]
pub fn encode(linear: f32) -> f32 {
    if linear <= 0.003_130_8 { linear * 12.92 } else { 1.055 * linear.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_there_and_back() {
        for code in 0..=255u8 {
            let encoded = f32::from(code) / 255.0;
            assert!((encode(decode(encoded)) - encoded).abs() < 1e-5, "{code}");
        }
        // Half of the codes is a fifth of the light.
        assert!((decode(0.5) - 0.214_041_14).abs() < 1e-6);
        assert_eq!([decode(0.0), decode(1.0), encode(0.0)], [0.0, 1.0, 0.0]);
    }
}
