//! Glasses that the user wears. They belong to the face's own look, so nothing finds them in front of it; but a persona
//! drawn over their rims looks like a fault. What is dark, thin and runs over the bridge of the nose and below both eyes
//! is kept in front for good.

use super::{AT_CELL, AppearanceModel, CELLS, SIDE, around};

/// A dark line is thin if it is narrower than twice this, in cells.
const THIN: usize = 4;
/// How much darker than the skin on both sides, logarithm.
const DARK: f32 = 0.25;
/// How dark a bar over the bridge of the nose must be for glasses to be seen, and below which they are gone.
const BRIDGE: (f32, f32) = (0.55, 0.35);
/// Share of the columns below an eye that must have a rim, for them to be seen and below which they are gone.
const RIMS: (f32, f32) = (0.6, 0.45);
/// Seconds between two looks at most. The first frame tells already, and looks follow each other more slowly with time.
const EVERY_S: f32 = 0.4;
/// Where, in cells of canonical UV: the bridge's columns and rows (from the brows to above the nose's tip), the columns of
/// each eye, the rows from the lower lid to the cheekbone.
const BRIDGE_COLUMNS: std::ops::Range<usize> = 30..34;
const BRIDGE_ROWS: std::ops::Range<usize> = 15..31;
const EYES: [std::ops::Range<usize>; 2] = [15..28, 36..49];
const RIM_ROWS: std::ops::Range<usize> = 23..34;
/// How far above and below the bridge rims may be, in cells: higher lie brows.
const ABOVE: usize = 6;
const BELOW: usize = 16;

/// What is known of a face's glasses.
#[derive(Debug, Default)]
pub(super) struct Glasses {
    /// The rims' cells; none where no glasses are worn.
    rims: Option<Vec<bool>>,
    /// When to look next, in seconds of learning.
    next: f32,
}

impl Glasses {
    /// The rims' cells; none where no glasses are worn.
    pub(super) fn rims(&self) -> Option<&[bool]> {
        self.rims.as_deref()
    }

    /// The cells of the rims and those beside them: where a pixel's own colour tells rim from skin.
    pub(super) fn reach(&self) -> Option<Vec<bool>> {
        let rims = self.rims.as_ref()?;
        let mut out = rims.clone();
        for (cell, _) in rims.iter().enumerate().filter(|(_, rim)| **rim) {
            around(cell, 1, |k| {
                if let Some(near) = out.get_mut(k) {
                    *near = true;
                }
            });
        }
        Some(out)
    }

    /// Whether it is time to look, after `age` seconds of learning.
    fn due(&mut self, age: f32) -> bool {
        let due = age >= self.next;
        if due {
            self.next = age + age.min(EVERY_S);
        }
        due
    }

    /// Looks for glasses in `tones`, the logarithm of each cell's usual luma; NaN where nothing is known.
    fn look(&mut self, tones: &[f32]) {
        let down = dents(tones, false);
        let dark = |cell: usize| down.get(cell).copied().unwrap_or_default();
        let bar = |row: usize| {
            BRIDGE_COLUMNS.map(|x| dark(row * SIDE + x)).sum::<f32>() / BRIDGE_COLUMNS.len() as f32
        };
        let bridge = BRIDGE_ROWS.map(|row| (row, bar(row))).max_by(|a, b| a.1.total_cmp(&b.1));
        let (row, bridge) = bridge.unwrap_or((0, 0.0));
        let rimmed = |eye: &std::ops::Range<usize>| {
            let rim = |x: &usize| RIM_ROWS.map(|y| dark(y * SIDE + x)).fold(0.0, f32::max) > DARK;
            eye.clone().filter(rim).count() as f32 / eye.len() as f32
        };
        let rims = EYES.iter().map(rimmed).fold(1.0, f32::min);
        let worn = self.rims.is_some();
        let least = |(begin, end): (f32, f32)| if worn { end } else { begin };
        if bridge < least(BRIDGE) || rims < least(RIMS) {
            self.rims = None;
            return;
        }
        let across = dents(tones, true);
        let rows = row.saturating_sub(ABOVE)..(row + BELOW).min(SIDE);
        let rim = |cell: usize| {
            let depth = dark(cell).max(across.get(cell).copied().unwrap_or_default());
            rows.contains(&(cell / SIDE)) && depth > DARK
        };
        self.rims = Some((0..CELLS).map(rim).collect());
    }
}

/// How far each cell lies below the closing of its line (the greatest values near by, then the least of those): thin dark
/// things stand out. Along rows where `across`, else along columns. NaN counts for nothing.
fn dents(tones: &[f32], across: bool) -> Vec<f32> {
    let line = |values: &[f32], start: f32, pick: fn(f32, f32) -> f32| -> Vec<f32> {
        (0..CELLS)
            .map(|cell| {
                let (x, y) = (cell % SIDE, cell / SIDE);
                let at = if across { x } else { y };
                let near = at.saturating_sub(THIN)..=(at + THIN).min(SIDE - 1);
                let value = |k: usize| values.get(if across { y * SIDE + k } else { k * SIDE + x });
                near.filter_map(value).copied().filter(|v| v.is_finite()).fold(start, pick)
            })
            .collect()
    };
    let closed = line(&line(tones, f32::NEG_INFINITY, f32::max), f32::INFINITY, f32::min);
    let depth = |(closed, tone): (f32, &f32)| if tone.is_finite() { (closed - tone).max(0.0) } else { 0.0 };
    closed.into_iter().zip(tones).map(depth).map(|v| if v.is_finite() { v } else { 0.0 }).collect()
}

impl AppearanceModel {
    /// Looks for glasses now and then.
    pub(super) fn detect_glasses(&mut self) {
        if !self.glasses.due(self.age) {
            return;
        }
        let known = |index: &usize| self.texels.get(*index).filter(|t| t.seen > 0.0);
        let tone = |at: &Option<usize>| at.as_ref().and_then(known).map_or(f32::NAN, |t| t.mean.w);
        let tones: Vec<f32> = AT_CELL.iter().map(tone).collect();
        self.glasses.look(&tones);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Skin with a soft dent at the nose's root and bags below the eyes; brows; and glasses where wanted.
    fn tones(glasses: bool, brows_joined: bool) -> Vec<f32> {
        let mut out = vec![-0.6f32; CELLS];
        let mut dark = |x: std::ops::Range<usize>, y: std::ops::Range<usize>, by: f32| {
            for (x, y) in y.flat_map(|y| x.clone().map(move |x| (x, y))) {
                out[y * SIDE + x] -= by;
            }
        };
        dark(27..37, 17..27, 0.15);
        dark(16..27, 26..29, 0.12);
        dark(37..48, 26..29, 0.12);
        dark(17..28, 13..16, 0.9);
        dark(36..47, 13..16, 0.9);
        if brows_joined {
            dark(28..36, 14..16, 0.5);
        }
        if glasses {
            dark(28..36, 20..22, 1.2);
            for x in [13, 36] {
                dark(x..x + 15, 18..20, 1.2);
                dark(x..x + 15, 28..29, 0.6);
                dark(x..x + 1, 20..28, 0.8);
                dark(x + 14..x + 15, 20..28, 0.8);
            }
        }
        out
    }

    #[test]
    fn glasses_are_seen_and_brows_and_shades_are_none() {
        for joined in [false, true] {
            let mut glasses = Glasses::default();
            glasses.look(&tones(false, joined));
            assert!(glasses.rims().is_none(), "{joined}");
            glasses.look(&tones(true, joined));
            let rims = glasses.rims().expect("glasses");
            for (x, y, rim) in [
                (31, 20, true),
                (20, 28, true),
                (45, 18, true),
                (13, 24, true),
                (20, 32, false),
                (31, 40, false),
                (20, 24, false),
            ] {
                assert_eq!(rims[y * SIDE + x], rim, "{x} {y}");
            }
            let reach = glasses.reach().expect("glasses");
            assert!(reach[29 * SIDE + 20] && !reach[31 * SIDE + 20]);
            glasses.look(&tones(false, joined));
            assert!(glasses.rims().is_none(), "taken off");
        }
    }

    #[test]
    fn what_is_not_known_hides_nothing() {
        let mut glasses = Glasses::default();
        glasses.look(&vec![f32::NAN; CELLS]);
        assert!(glasses.rims().is_none());
        let mut seen = tones(true, false);
        // The eyes' holes.
        for (x, y) in (21..24).flat_map(|y| (18..26).chain(38..46).map(move |x| (x, y))) {
            seen[y * SIDE + x] = f32::NAN;
        }
        glasses.look(&seen);
        assert!(glasses.rims().is_some());
    }
}
