//! Glasses that the user wears. They belong to the face's own look, so nothing finds them in front of it; but a persona
//! drawn over their rims looks like a fault. What is dark, thin and runs over the bridge of the nose and below both eyes
//! is kept in front for good.

use super::texels::AT_CELL;
use super::tuning::GlassesTuning;
use super::{AppearanceModel, CELLS, SIDE, for_each_cell_near};
use std::ops::Range;

/// Where, in cells of canonical UV: the bridge's columns and rows (from the brows to above the nose's tip), the columns of
/// each eye, the rows from the lower lid to the cheekbone.
const BRIDGE_COLUMNS: Range<usize> = 30..34;
const BRIDGE_ROWS: Range<usize> = 15..31;
const EYES: [Range<usize>; 2] = [15..28, 36..49];
const RIM_ROWS: Range<usize> = 23..34;

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
            for_each_cell_near(cell, 1, |k| {
                if let Some(near) = out.get_mut(k) {
                    *near = true;
                }
            });
        }
        Some(out)
    }

    /// Whether it is time to look, after `age` seconds of learning.
    fn due(&mut self, age: f32, every_s: f32) -> bool {
        let due = age >= self.next;
        if due {
            self.next = age + age.min(every_s);
        }
        due
    }

    /// Detects glasses in `tones`, the logarithm of each cell's usual luma; NaN where nothing is known.
    fn detect(&mut self, tones: &[f32], tuning: &GlassesTuning) {
        let bars = dents(tones, Line::Down, tuning.thin);
        let (row, depth) = deepest_bridge(&bars);
        let worn = self.rims.is_some();
        let least = |(begin, end): (f32, f32)| if worn { end } else { begin };
        if depth < least(tuning.bridge) || rimmed_share(&bars, tuning.dark) < least(tuning.rims) {
            self.rims = None;
            return;
        }
        let posts = dents(tones, Line::Across, tuning.thin);
        let rows = row.saturating_sub(tuning.above)..(row + tuning.below).min(SIDE);
        let rim = |(cell, (bar, post)): (usize, (&f32, &f32))| {
            rows.contains(&(cell / SIDE)) && bar.max(*post) > tuning.dark
        };
        self.rims = Some(bars.iter().zip(&posts).enumerate().map(rim).collect());
    }
}

/// The row of the darkest bar over the bridge of the nose, and how dark it is.
fn deepest_bridge(bars: &[f32]) -> (usize, f32) {
    let depth = |row: usize| {
        BRIDGE_COLUMNS.map(|x| depth_at(bars, x, row)).sum::<f32>() / BRIDGE_COLUMNS.len() as f32
    };
    let rows = BRIDGE_ROWS.map(|row| (row, depth(row)));
    rows.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0))
}

/// Share of the columns below an eye that have a rim; of the eye that has fewer.
fn rimmed_share(bars: &[f32], dark: f32) -> f32 {
    let has_rim = |x: &usize| RIM_ROWS.map(|y| depth_at(bars, *x, y)).fold(0.0, f32::max) > dark;
    let share = |eye: &Range<usize>| eye.clone().filter(has_rim).count() as f32 / eye.len() as f32;
    EYES.iter().map(share).fold(1.0, f32::min)
}

fn depth_at(dents: &[f32], x: usize, y: usize) -> f32 {
    dents.get(y * SIDE + x).copied().unwrap_or_default()
}

/// Which lines of a square of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Across,
    Down,
}

impl Line {
    /// The values within `reach` of a cell on its line that are numbers.
    fn near(self, values: &[f32], cell: usize, reach: usize) -> impl Iterator<Item = f32> {
        let (x, y) = (cell % SIDE, cell / SIDE);
        let middle = if self == Self::Across { x } else { y };
        let value =
            move |k: usize| values.get(if self == Self::Across { y * SIDE + k } else { k * SIDE + x });
        let range = middle.saturating_sub(reach)..=(middle + reach).min(SIDE - 1);
        range.filter_map(value).copied().filter(|v| v.is_finite())
    }
}

/// How far each cell lies below the closing of its line (the greatest values within `thin` cells, then the least of those):
/// thin dark things stand out. NaN counts for nothing.
fn dents(tones: &[f32], line: Line, thin: usize) -> Vec<f32> {
    let greatest = |cell| line.near(tones, cell, thin).fold(f32::NEG_INFINITY, f32::max);
    let greatest: Vec<f32> = (0..CELLS).map(greatest).collect();
    let closed = |cell| line.near(&greatest, cell, thin).fold(f32::INFINITY, f32::min);
    let depth = |(cell, tone): (usize, &f32)| {
        let depth = (closed(cell) - tone).max(0.0);
        if tone.is_finite() && depth.is_finite() { depth } else { 0.0 }
    };
    tones.iter().enumerate().map(depth).collect()
}

impl AppearanceModel {
    /// Detects glasses now and then.
    pub(super) fn detect_glasses(&mut self, tuning: &GlassesTuning) {
        if !self.glasses.due(self.age, tuning.every_s) {
            return;
        }
        let known = |index: &usize| self.texels.get(*index).filter(|t| t.seen > 0.0);
        let tone = |index: &Option<usize>| index.as_ref().and_then(known).map_or(f32::NAN, |t| t.mean.w);
        let tones: Vec<f32> = AT_CELL.iter().map(tone).collect();
        self.glasses.detect(&tones, tuning);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Skin with a soft dent at the nose's root and bags below the eyes; brows; and glasses where wanted.
    fn tones(glasses: bool, brows_joined: bool) -> Vec<f32> {
        let mut out = vec![-0.6f32; CELLS];
        let mut dark = |x: Range<usize>, y: Range<usize>, by: f32| {
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
            glasses.detect(&tones(false, joined), &GlassesTuning::default());
            assert!(glasses.rims().is_none(), "{joined}");
            glasses.detect(&tones(true, joined), &GlassesTuning::default());
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
            glasses.detect(&tones(false, joined), &GlassesTuning::default());
            assert!(glasses.rims().is_none(), "taken off");
        }
    }

    #[test]
    fn what_is_not_known_hides_nothing() {
        let mut glasses = Glasses::default();
        glasses.detect(&vec![f32::NAN; CELLS], &GlassesTuning::default());
        assert!(glasses.rims().is_none());
        let mut seen = tones(true, false);
        // The eyes' holes.
        for (x, y) in (21..24).flat_map(|y| (18..26).chain(38..46).map(move |x| (x, y))) {
            seen[y * SIDE + x] = f32::NAN;
        }
        glasses.detect(&seen, &GlassesTuning::default());
        assert!(glasses.rims().is_some());
    }
}
