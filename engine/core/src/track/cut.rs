//! Where one scene ends and another begins: whether a picture goes on with the one before.
//!
//! Two pictures are compared by the slopes of a coarse grid of luma: which share of one's slopes the other has too, in
//! the same place or all moved by a few cells. Light and exposure change how steep slopes are, not where they point; a
//! moving head or hand takes a few of them along; a pan moves all. Only another scene has none of them.

use crate::frame::{Frame, PixelFormat};

/// Cells of the grid, across and down. The limits of [`CutTuning`] count slopes of this grid.
const COLUMNS: usize = 32;
const ROWS: usize = 18;
/// Slopes: between a cell, its right and its lower neighbour.
const SLOPE_COLUMNS: usize = COLUMNS - 1;
const SLOPE_ROWS: usize = ROWS - 1;

/// Tuning of [`CutDetector`]. How to read the fields' notes is said in [`super::Tuning`]. All values came with ffd00d3 and stand for
/// what its tests draw: cuts, pans, exposures, fades, dissolves, flashes, things that pass.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CutTuning {
    /// Picture rows that are read for a row of cells.
    ///
    /// From: not recorded. Test: `every_format_sees_the_same_cut`.
    pub lines: usize,
    /// Samples of one of them for a cell, in packed formats.
    ///
    /// From: not recorded. Test: `every_format_sees_the_same_cut`.
    pub samples: usize,
    /// A slope under this, codes of 255 from cell to cell, may be noise.
    ///
    /// From: not recorded. Test: `black_pictures_between_two_scenes_are_a_scene_of_their_own`.
    pub steep: f32,
    /// Two slopes are the same where they point the same way: least square of the cosine between them.
    ///
    /// From: not recorded. Test: `another_scene_is_a_cut_and_so_is_the_way_back`.
    pub alike: f32,
    /// And where neither is so many times steeper, squared, than the other.
    ///
    /// From: not recorded. Test: `pans_exposure_fades_and_dissolves_are_none`.
    pub steeper: f32,
    /// A picture with fewer slopes has nothing in it.
    ///
    /// From: not recorded. Test: `black_pictures_between_two_scenes_are_a_scene_of_their_own`.
    pub nothing: usize,
    /// One that had nothing has something again from so many slopes on.
    ///
    /// From: not recorded. Test: `black_pictures_between_two_scenes_are_a_scene_of_their_own`.
    pub something: usize,
    /// A pan moves the picture by so many cells at most, across and down.
    ///
    /// From: not recorded. Test: `pans_exposure_fades_and_dissolves_are_none`.
    pub pan: (isize, isize),
    /// Share of kept slopes, 0..=1, under which it is another scene.
    ///
    /// From: most pairs of photos lie under 0.2 (ARCHITECTURE.md). Test: `another_scene_is_a_cut_and_so_is_the_way_back`.
    pub other: f32,
    /// Share of kept slopes, 0..=1, from which on it is the same scene.
    ///
    /// From: heads, hands and dissolves lie above 0.75 (ARCHITECTURE.md). Test: `what_passes_through_the_picture_is_none`.
    pub same: f32,
    /// Where one picture has so many times the slopes of the other, the rich one must have kept them too.
    ///
    /// From: not recorded. Test: `windows_on_one_ground_that_change_places_are_a_cut`.
    pub richer: usize,
    /// A flash makes no cell darker by more than this, codes of 255.
    ///
    /// From: not recorded. Test: `a_flash_is_none_but_a_cut_to_a_bright_scene_is`.
    pub darker: f32,
    /// But for this share of the cells, 0..=1.
    ///
    /// From: not recorded. Test: `a_flash_is_none_but_a_cut_to_a_bright_scene_is`.
    pub darker_share: f32,
    /// And it makes the mean brighter by at least so much, codes of 255.
    ///
    /// From: not recorded. Test: `a_flash_is_none_but_a_cut_to_a_bright_scene_is`.
    pub brighter: f32,
    /// Pictures that a flash lasts at most.
    ///
    /// From: not recorded. Test: `a_flash_is_none_but_a_cut_to_a_bright_scene_is`.
    pub flash: u32,
}

impl Default for CutTuning {
    fn default() -> Self {
        Self {
            lines: 4,
            samples: 6,
            steep: 3.0,
            alike: 0.64,
            steeper: 9.0,
            nothing: 5,
            something: 12,
            pan: (4, 2),
            other: 0.36,
            same: 0.6,
            richer: 7,
            darker: 3.0,
            darker_share: 0.03,
            brighter: 20.0,
            flash: 3,
        }
    }
}

/// What a picture is to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SceneChange {
    /// The same scene goes on.
    Same,
    /// So much has changed that it may be another scene: whether it is, the faces tell.
    Perhaps,
    /// Another scene.
    Cut,
}

/// How luma rises from a cell to its right and its lower neighbour.
#[derive(Debug, Clone, Copy)]
struct Slope {
    across: f32,
    down: f32,
    /// Square of its steepness.
    square: f32,
}

impl Slope {
    fn is_steep(&self, tuning: &CutTuning) -> bool {
        self.square > tuning.steep * tuning.steep
    }

    /// Whether both point the same way and are about as steep.
    fn is_like(&self, other: &Self, tuning: &CutTuning) -> bool {
        let dot = self.across * other.across + self.down * other.down;
        dot > 0.0
            && dot * dot > tuning.alike * self.square * other.square
            && self.square < tuning.steeper * other.square
            && other.square < tuning.steeper * self.square
    }
}

/// A picture's coarse luma and its slopes, row by row.
#[derive(Debug, Clone)]
struct Coarse {
    luma: Vec<f32>,
    slopes: Vec<Slope>,
    /// How many slopes are steep.
    steep: usize,
    /// Whether there is nothing in it.
    flat: bool,
}

/// Steep slopes of two pictures laid over each other.
#[derive(Debug, Clone, Copy, Default)]
struct Overlay {
    here: usize,
    there: usize,
    both: usize,
}

impl Coarse {
    fn from_frame(frame: &Frame, was_flat: bool, tuning: &CutTuning) -> Self {
        let luma = coarse_luma(frame, tuning);
        let mut slopes = Vec::with_capacity(SLOPE_COLUMNS * SLOPE_ROWS);
        for (row, below) in luma.chunks_exact(COLUMNS).zip(luma.chunks_exact(COLUMNS).skip(1)) {
            for (pair, under) in row.windows(2).zip(below) {
                let (across, down) = (pair[1] - pair[0], under - pair[0]);
                slopes.push(Slope { across, down, square: across * across + down * down });
            }
        }
        let steep = slopes.iter().filter(|s| s.is_steep(tuning)).count();
        let flat = steep < if was_flat { tuning.something } else { tuning.nothing };
        Self { luma, slopes, steep, flat }
    }

    /// Greatest share of the slopes that both have, over all pans.
    fn kept(&self, now: &Self, tuning: &CutTuning) -> f32 {
        let still = self.kept_at(now, 0, 0, tuning);
        if still >= tuning.same {
            return still;
        }
        let (across, down) = tuning.pan;
        let pans = (-down..=down).flat_map(|dy| (-across..=across).map(move |dx| (dx, dy)));
        pans.map(|(dx, dy)| self.kept_at(now, dx, dy, tuning)).fold(still, f32::max)
    }

    /// The same where the picture has moved by (`dx`, `dy`) cells.
    fn kept_at(&self, now: &Self, dx: isize, dy: isize, tuning: &CutTuning) -> f32 {
        let Overlay { here, there, both } = self.overlay(now, dx, dy, tuning);
        // A pan that leaves next to nothing of the picture proves nothing.
        let least = (self.steep.min(now.steep) / 3).max(tuning.nothing);
        let (fewer, more) = (here.min(there), here.max(there));
        if fewer < least {
            return 0.0;
        }
        let one_sided = more > tuning.richer * fewer;
        (both as f32 / if one_sided { more } else { fewer } as f32).min(1.0)
    }

    fn overlay(&self, now: &Self, dx: isize, dy: isize, tuning: &CutTuning) -> Overlay {
        let mut counts = Overlay::default();
        let span = |d: isize, n: usize| (d.max(0) as usize, (n as isize + d.min(0)).max(0) as usize);
        let ((x0, x1), (y0, y1)) = (span(-dx, SLOPE_COLUMNS), span(-dy, SLOPE_ROWS));
        for y in y0..y1 {
            let row = self.slopes.get(y * SLOPE_COLUMNS + x0..y * SLOPE_COLUMNS + x1).unwrap_or_default();
            let from = (y as isize + dy) as usize * SLOPE_COLUMNS + (x0 as isize + dx) as usize;
            let moved = now.slopes.get(from..from + row.len()).unwrap_or_default();
            for (a, b) in row.iter().zip(moved) {
                let (here, there) = (a.is_steep(tuning), b.is_steep(tuning));
                counts.here += usize::from(here);
                counts.there += usize::from(there);
                counts.both += usize::from((here || there) && a.is_like(b, tuning));
            }
        }
        counts
    }

    /// Whether all of it is what was there before, only brighter: by a flash, say.
    fn is_lit_up(&self, before: &Self, tuning: &CutTuning) -> bool {
        let pairs = || self.luma.iter().zip(&before.luma);
        let darker = pairs().filter(|(now, old)| **now < **old - tuning.darker).count();
        let gain = pairs().map(|(now, old)| now - old).sum::<f32>() / self.luma.len().max(1) as f32;
        gain > tuning.brighter && darker as f32 <= tuning.darker_share * self.luma.len() as f32
    }
}

/// How luma is read from a picture's first plane.
struct LumaLayout {
    /// Bytes from pixel to pixel.
    step: usize,
    /// Where in them the components lie that count, and how much each does.
    parts: &'static [(usize, f32)],
}

impl LumaLayout {
    fn of_format(format: PixelFormat) -> Self {
        let (step, parts): (usize, &[(usize, f32)]) = match format {
            PixelFormat::Yuyv => (2, &[(0, 1.0)]),
            PixelFormat::Bgra => (4, &[(0, 0.15), (1, 0.55), (2, 0.3)]),
            PixelFormat::Rgb => (3, &[(0, 0.3), (1, 0.55), (2, 0.15)]),
            _ => (1, &[(0, 1.0)]),
        };
        Self { step, parts }
    }

    /// Adds some pixels' luma to a sum, and their number to a count; of packed pixels about `samples`.
    fn add(&self, pixels: &[u8], samples: usize, sum: &mut f32, count: &mut f32) {
        if self.step == 1 {
            *sum += pixels.iter().map(|v| u32::from(*v)).sum::<u32>() as f32;
            *count += pixels.len() as f32;
            return;
        }
        let every = (pixels.len() / self.step / samples.max(1)).max(1);
        for pixel in pixels.chunks_exact(self.step).step_by(every) {
            let part = |(at, share): &(usize, f32)| pixel.get(*at).map_or(0.0, |v| f32::from(*v) * share);
            *sum += self.parts.iter().map(part).sum::<f32>();
            *count += 1.0;
        }
    }
}

/// Mean luma of each cell, in codes; of packed R'G'B' pictures nearly so.
fn coarse_luma(frame: &Frame, tuning: &CutTuning) -> Vec<f32> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let layout = LumaLayout::of_format(frame.format());
    let stride = frame.planes().first().map_or(0, |plane| plane.stride);
    let (data, lines) = (frame.plane(0), tuning.lines.max(1));
    let mut cells = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (from, to) = (column * width / COLUMNS, (column + 1) * width / COLUMNS);
            let (mut sum, mut count) = (0.0f32, 0.0f32);
            for line in 0..lines {
                let y = ((row * lines + line) * height * 2 + height) / (2 * ROWS * lines);
                let bytes = y * stride + from * layout.step..y * stride + to.max(from + 1) * layout.step;
                layout.add(data.get(bytes).unwrap_or_default(), tuning.samples, &mut sum, &mut count);
            }
            cells.push(sum / count.max(1.0));
        }
    }
    cells
}

/// Notices cuts in pictures that come one after the other, all of one size.
#[derive(Debug, Clone, Default)]
pub struct CutDetector {
    tuning: CutTuning,
    last: Option<Coarse>,
    /// The picture before a flash, and how many pictures ago that began.
    lit_up: Option<(Coarse, u32)>,
    /// The last picture in which faces were seen.
    seen: Option<Coarse>,
}

impl CutDetector {
    /// Notices cuts by another tuning than the usual.
    #[must_use]
    pub fn with_tuning(tuning: CutTuning) -> Self {
        Self { tuning, ..Self::default() }
    }

    /// What the next picture is to those before. `after` is the one that follows, where that is known already: it tells a
    /// flash, after which the scene goes on, from a cut to a brighter scene.
    pub fn classify(&mut self, picture: &Frame, after: Option<&Frame>) -> SceneChange {
        let was_flat = self.last.as_ref().is_some_and(|last| last.flat);
        let now = Coarse::from_frame(picture, was_flat, &self.tuning);
        let Some(last) = self.last.take() else {
            self.last = Some(now);
            return SceneChange::Same;
        };
        let change = match self.lit_up.take() {
            Some((before, age)) => self.after_a_flash(before, age, &last, &now),
            None => self.compare(last, &now, after),
        };
        self.last = Some(now);
        change
    }

    fn compare(&mut self, last: Coarse, now: &Coarse, after: Option<&Frame>) -> SceneChange {
        if last.flat {
            return if now.flat { SceneChange::Same } else { SceneChange::Cut };
        }
        let kept = if now.flat { 0.0 } else { last.kept(now, &self.tuning) };
        if kept >= self.tuning.same {
            return SceneChange::Same;
        }
        if now.is_lit_up(&last, &self.tuning) {
            let goes_on = after.is_none_or(|after| {
                let after = Coarse::from_frame(after, false, &self.tuning);
                last.kept(&after, &self.tuning) >= self.tuning.other
                    || after.is_lit_up(&last, &self.tuning)
                        && now.kept(&after, &self.tuning) < self.tuning.same
            });
            if goes_on {
                self.lit_up = Some((last, 0));
                return SceneChange::Same;
            }
        }
        if kept < self.tuning.other { SceneChange::Cut } else { SceneChange::Perhaps }
    }

    /// A picture after one that was so bright that the scene could not be told.
    fn after_a_flash(&mut self, before: Coarse, age: u32, last: &Coarse, now: &Coarse) -> SceneChange {
        let kept = if now.flat { 0.0 } else { before.kept(now, &self.tuning) };
        if kept >= self.tuning.other {
            return if kept >= self.tuning.same { SceneChange::Same } else { SceneChange::Perhaps };
        }
        if age + 1 < self.tuning.flash && now.is_lit_up(&before, &self.tuning) {
            self.lit_up = Some((before, age + 1));
            return SceneChange::Same;
        }
        // Flat from the flash on: nothing to be seen in it, and nothing was reset for it yet.
        if last.flat && now.flat { SceneChange::Perhaps } else { SceneChange::Cut }
    }

    /// Says that faces are seen in the last picture.
    pub fn faces_seen(&mut self) {
        self.seen.clone_from(&self.last);
    }

    /// Whether the last picture is of another scene than the one in which faces were seen last: by slow ways, as
    /// dissolves are, which [`Self::classify`] calls the same.
    #[must_use]
    pub fn scene_left(&self) -> bool {
        match (&self.seen, &self.last) {
            // In a flash there is nothing to tell it by.
            (Some(seen), Some(last)) if self.lit_up.is_none() => {
                last.flat || seen.kept(last, &self.tuning) < self.tuning.other
            }
            _ => false,
        }
    }

    /// A scene has begun with the last picture: those before say nothing any more.
    pub fn begin_scene(&mut self) {
        (self.seen, self.lit_up) = (None, None);
    }

    /// Forgets all pictures.
    pub fn clear(&mut self) {
        *self = Self::with_tuning(self.tuning);
    }
}

#[cfg(test)]
mod tests;
