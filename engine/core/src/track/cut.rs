//! Where one scene ends and another begins: whether a picture goes on with the one before.
//!
//! Two pictures are compared by the slopes of a coarse grid of luma: which share of one's slopes the other has too, in
//! the same place or all moved by a few cells. Light and exposure change how steep slopes are, not where they point; a
//! moving head or hand takes a few of them along; a pan moves all. Only another scene has none of them.

use crate::frame::{Frame, PixelFormat};

/// Cells of the grid, across and down.
const COLUMNS: usize = 32;
const ROWS: usize = 18;
/// Picture rows that are read for a row of cells, and samples of one of them in packed formats.
const LINES: usize = 4;
const SAMPLES: usize = 6;

/// Slopes: between a cell, its right and its lower neighbour.
const ACROSS: usize = COLUMNS - 1;
const DOWN: usize = ROWS - 1;
/// A slope under this, codes of 255 from cell to cell, may be noise.
const STEEP: f32 = 3.0;
/// Two slopes are the same where they point the same way (square of the cosine) and neither is so many times (squared)
/// steeper than the other.
const ALIKE: f32 = 0.64;
const STEEPER: f32 = 9.0;
/// A picture with fewer slopes has nothing in it; one that had nothing has something again from the second number on.
const NOTHING: usize = 5;
const SOMETHING: usize = 12;
/// A pan moves the picture by so many cells at most, across and down.
const PAN: (isize, isize) = (4, 2);
/// Share of kept slopes under which it is another scene, and from which on the same.
const OTHER: f32 = 0.36;
const SAME: f32 = 0.6;
/// Where one picture has so many times the slopes of the other, the rich one must have kept them too.
const RICHER: usize = 7;
/// A flash makes no cell darker by more than this, but for a share of them, and the mean brighter by at least so much.
const DARKER: f32 = 3.0;
const DARKER_SHARE: f32 = 0.03;
const BRIGHTER: f32 = 20.0;
/// Pictures that a flash lasts at most.
const FLASH: u32 = 3;

/// What a picture is to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The same scene goes on.
    Same,
    /// So much has changed that it may be another scene: whether it is, the faces tell.
    Perhaps,
    /// Another scene.
    Cut,
}

/// A picture's coarse luma and its slopes.
#[derive(Debug, Clone)]
struct Coarse {
    luma: Vec<f32>,
    /// Slope to the right and down, and the square of its steepness; row by row.
    slopes: Vec<[f32; 3]>,
    steep: usize,
    flat: bool,
}

impl Coarse {
    fn of(frame: &Frame, was_flat: bool) -> Self {
        let luma = luma(frame);
        let mut slopes = Vec::with_capacity(ACROSS * DOWN);
        for (row, below) in luma.chunks_exact(COLUMNS).zip(luma.chunks_exact(COLUMNS).skip(1)) {
            for (pair, under) in row.windows(2).zip(below) {
                let (x, y) = (pair[1] - pair[0], under - pair[0]);
                slopes.push([x, y, x * x + y * y]);
            }
        }
        let steep = slopes.iter().filter(|s| s[2] > STEEP * STEEP).count();
        let flat = steep < if was_flat { SOMETHING } else { NOTHING };
        Self { luma, slopes, steep, flat }
    }

    /// Greatest share of the slopes that both have, over all pans.
    fn kept(&self, now: &Self) -> f32 {
        let still = self.kept_at(now, 0, 0);
        if still >= SAME {
            return still;
        }
        let (across, down) = PAN;
        let pans = (-down..=down).flat_map(|dy| (-across..=across).map(move |dx| (dx, dy)));
        pans.map(|(dx, dy)| self.kept_at(now, dx, dy)).fold(still, f32::max)
    }

    /// The same where the picture has moved by (`dx`, `dy`) cells.
    fn kept_at(&self, now: &Self, dx: isize, dy: isize) -> f32 {
        let (mut here, mut there, mut both) = (0usize, 0usize, 0usize);
        let span = |d: isize, n: usize| (d.max(0) as usize, (n as isize + d.min(0)).max(0) as usize);
        let ((x0, x1), (y0, y1)) = (span(-dx, ACROSS), span(-dy, DOWN));
        for y in y0..y1 {
            let other = (y as isize + dy) as usize * ACROSS;
            let row = self.slopes.get(y * ACROSS + x0..y * ACROSS + x1).unwrap_or_default();
            let from = other + (x0 as isize + dx) as usize;
            let moved = now.slopes.get(from..from + row.len()).unwrap_or_default();
            for (a, b) in row.iter().zip(moved) {
                let (a_steep, b_steep) = (a[2] > STEEP * STEEP, b[2] > STEEP * STEEP);
                let dot = a[0] * b[0] + a[1] * b[1];
                let alike = dot > 0.0
                    && dot * dot > ALIKE * a[2] * b[2]
                    && a[2] < STEEPER * b[2]
                    && b[2] < STEEPER * a[2];
                here += usize::from(a_steep);
                there += usize::from(b_steep);
                both += usize::from(alike && (a_steep || b_steep));
            }
        }
        // A pan that leaves next to nothing of the picture proves nothing.
        let least = (self.steep.min(now.steep) / 3).max(NOTHING);
        if here.min(there) < least {
            return 0.0;
        }
        let one_sided = here.max(there) > RICHER * here.min(there);
        (both as f32 / if one_sided { here.max(there) } else { here.min(there) } as f32).min(1.0)
    }

    /// Whether all of it is what was there before, only brighter: by a flash, say.
    fn is_lit_up(&self, before: &Self) -> bool {
        let pairs = || self.luma.iter().zip(&before.luma);
        let darker = pairs().filter(|(now, old)| **now < **old - DARKER).count();
        let gain = pairs().map(|(now, old)| now - old).sum::<f32>() / self.luma.len().max(1) as f32;
        gain > BRIGHTER && darker as f32 <= DARKER_SHARE * self.luma.len() as f32
    }
}

/// Mean luma of each cell, in codes; of packed R'G'B' pictures nearly so.
fn luma(frame: &Frame) -> Vec<f32> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    // Bytes from pixel to pixel, and where in them the components lie that count.
    let (step, parts): (usize, &[(usize, f32)]) = match frame.format() {
        PixelFormat::Yuyv => (2, &[(0, 1.0)]),
        PixelFormat::Bgra => (4, &[(0, 0.15), (1, 0.55), (2, 0.3)]),
        PixelFormat::Rgb => (3, &[(0, 0.3), (1, 0.55), (2, 0.15)]),
        _ => (1, &[(0, 1.0)]),
    };
    let stride = frame.planes().first().map_or(0, |plane| plane.stride);
    let data = frame.plane(0);
    let mut cells = Vec::with_capacity(COLUMNS * ROWS);
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let (from, to) = (column * width / COLUMNS, (column + 1) * width / COLUMNS);
            let (mut sum, mut count) = (0.0f32, 0.0f32);
            for line in 0..LINES {
                let y = ((row * LINES + line) * height * 2 + height) / (2 * ROWS * LINES);
                let start = y * stride;
                let pixels =
                    data.get(start + from * step..start + to.max(from + 1) * step).unwrap_or_default();
                if step == 1 {
                    sum += pixels.iter().map(|v| u32::from(*v)).sum::<u32>() as f32;
                    count += pixels.len() as f32;
                } else {
                    let every = ((to - from) / SAMPLES).max(1);
                    for pixel in pixels.chunks_exact(step).step_by(every) {
                        let value = |(at, share): &(usize, f32)| {
                            pixel.get(*at).map_or(0.0, |v| f32::from(*v) * share)
                        };
                        sum += parts.iter().map(value).sum::<f32>();
                        count += 1.0;
                    }
                }
            }
            cells.push(sum / count.max(1.0));
        }
    }
    cells
}

/// Notices cuts in pictures that come one after the other, all of one size.
#[derive(Debug, Clone, Default)]
pub struct Cuts {
    last: Option<Coarse>,
    /// The picture before a flash, and how many pictures ago that began.
    lit_up: Option<(Coarse, u32)>,
    /// The last picture in which faces were seen.
    seen: Option<Coarse>,
}

impl Cuts {
    /// What the next picture is to those before. `after` is the one that follows, where that is known already: it tells a
    /// flash, after which the scene goes on, from a cut to a brighter scene.
    pub fn look(&mut self, picture: &Frame, after: Option<&Frame>) -> Change {
        let was_flat = self.last.as_ref().is_some_and(|last| last.flat);
        let now = Coarse::of(picture, was_flat);
        let Some(last) = self.last.take() else {
            self.last = Some(now);
            return Change::Same;
        };
        let change = match self.lit_up.take() {
            Some((before, age)) => self.after_a_flash(before, age, &last, &now),
            None => self.compare(last, &now, after),
        };
        self.last = Some(now);
        change
    }

    fn compare(&mut self, last: Coarse, now: &Coarse, after: Option<&Frame>) -> Change {
        if last.flat {
            return if now.flat { Change::Same } else { Change::Cut };
        }
        let kept = if now.flat { 0.0 } else { last.kept(now) };
        if kept >= SAME {
            return Change::Same;
        }
        if now.is_lit_up(&last) {
            let goes_on = after.is_none_or(|after| {
                let after = Coarse::of(after, false);
                last.kept(&after) >= OTHER || after.is_lit_up(&last) && now.kept(&after) < SAME
            });
            if goes_on {
                self.lit_up = Some((last, 0));
                return Change::Same;
            }
        }
        if kept < OTHER { Change::Cut } else { Change::Perhaps }
    }

    /// A picture after one that was so bright that the scene could not be told.
    fn after_a_flash(&mut self, before: Coarse, age: u32, last: &Coarse, now: &Coarse) -> Change {
        let kept = if now.flat { 0.0 } else { before.kept(now) };
        if kept >= OTHER {
            return if kept >= SAME { Change::Same } else { Change::Perhaps };
        }
        if age + 1 < FLASH && now.is_lit_up(&before) {
            self.lit_up = Some((before, age + 1));
            return Change::Same;
        }
        // Flat from the flash on: nothing to be seen in it, and nothing was reset for it yet.
        if last.flat && now.flat { Change::Perhaps } else { Change::Cut }
    }

    /// Says that faces are seen in the last picture.
    pub fn faces_seen(&mut self) {
        self.seen.clone_from(&self.last);
    }

    /// Whether the last picture is of another scene than the one in which faces were seen last: by slow ways, as
    /// dissolves are, which [`Self::look`] calls the same.
    #[must_use]
    pub fn elsewhere(&self) -> bool {
        match (&self.seen, &self.last) {
            // In a flash there is nothing to tell it by.
            (Some(seen), Some(last)) if self.lit_up.is_none() => last.flat || seen.kept(last) < OTHER,
            _ => false,
        }
    }

    /// A scene has begun with the last picture: those before say nothing any more.
    pub fn begin(&mut self) {
        (self.seen, self.lit_up) = (None, None);
    }

    /// Forgets all pictures.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
