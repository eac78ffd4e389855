//! Repeatable chance: everything the actor does follows from its seed.

/// A number that looks random, from two others (SplitMix64's finaliser).
pub(super) fn mix(seed: u64, key: u64) -> u64 {
    let mut v = seed ^ key.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    v ^ (v >> 31)
}

/// 0..1.
pub(super) fn unit(seed: u64, key: u64) -> f32 {
    (mix(seed, key) >> 40) as f32 / (1u64 << 24) as f32
}

/// A smooth wandering within -1..=1, with about one turn in `period` seconds.
pub(super) fn wander(seed: u64, time: f64, period: f64) -> f32 {
    let at = time / period;
    let start = at.floor();
    let t = (at - start) as f32;
    let value = |k: f64| unit(seed, k as i64 as u64) * 2.0 - 1.0;
    let s = t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    value(start) + (value(start + 1.0) - value(start)) * s
}

/// Grain: independent values of mean 0 and standard deviation 1, nearly normal.
#[derive(Clone, Copy)]
pub(super) struct Grain(u32);

impl Grain {
    pub(super) fn new(seed: u64) -> Self {
        Self((seed >> 32) as u32 | 1)
    }

    #[inline]
    pub(super) fn next(&mut self) -> f32 {
        // PCG: a congruential step and a permutation; four bytes of one number sum up to a bell.
        self.0 = self.0.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        let w = ((self.0 >> ((self.0 >> 28) + 4)) ^ self.0).wrapping_mul(277_803_737);
        let [a, b, c, d] = ((w >> 22) ^ w).to_le_bytes().map(i32::from);
        (a + b + c + d - 510) as f32 * (1.0 / 147.8)
    }
}
