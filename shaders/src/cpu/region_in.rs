//! `wgsl/region_in.wgsl`.

use super::transfer::Transfer;
use crate::layout::RegionInParams;
use glam::Vec4;

/// Packed codes to linear-light RGB, fourth 1. `codes` and `live` hold `params.size` pixels.
pub fn region_in(params: &RegionInParams, codes: &[u32], live: &mut [Vec4]) {
    let transfer = Transfer::tables();
    let [r, g, b] = params.to_rgb.map(Vec4::from_array);
    // Columns of the map, so that the three sums run side by side.
    let column = |i: usize| Vec4::new(r[i], g[i], b[i], 0.0);
    let (c0, c1, c2) = (column(0) / 255.0, column(1) / 255.0, column(2) / 255.0);
    let c3 = column(3);
    for (out, code) in live.iter_mut().zip(codes) {
        let [y, u, v, _] = code.to_le_bytes();
        let rgb = c0 * f32::from(y) + c1 * f32::from(u) + c2 * f32::from(v) + c3;
        *out = transfer.decode(rgb, 1.0);
    }
}
