//! Finding the badge where and as large as a crop or a scaling left it.
//!
//! The plate's ground is one dark area inside a white outline, whatever lies round it: such areas are looked for, and
//! what has the shape of a plate's ground is compared with the drawing. Its edges are then moved by parts of a pixel
//! until it is most alike.

use super::Disclosure;
use super::plate::{Drawing, outline_of};
use super::read::{CONTRAST_MIN, Found, LIKENESS_MIN, contrast, likeness};
use crate::space::PxRect;

/// Luma below which a pixel may be ground; blurred and compressed plates ask for one or the other.
const DARK: [f32; 3] = [0.3, 0.2, 0.42];
/// Type sizes of the drawings that are compared with: glyphs stand on whole pixels, which matters in small ones.
const DRAWN: [f32; 4] = [18.0, 24.0, 36.0, 72.0];
/// Least width and height of the dark area, pixels. Smaller type is not read.
const LEAST_PLATE_SIZE: (usize, usize) = (12, 7);
/// How far the area's shape may be off, beside a pixel and a half along either side.
const SHAPE: f32 = 0.12;
/// Share of the area's rectangle that is dark, least and most.
const FILLED: (f32, f32) = (0.3, 0.95);
/// By how much edges are moved, pixels.
const STEPS: [f32; 4] = [1.0, 0.5, 0.25, 0.12];
/// Coverage of what counts as text, at least, and as ground, at most: thin strokes have no full pixel.
const TEXT: f32 = 0.8;
const GROUND: f32 = 0.1;
/// Below this likeness no better edges are looked for.
const PROMISING: f32 = 0.4;

/// The best badge in a picture, given as luma 0..=1 in rows of `width`.
pub(super) fn anywhere(luma: &[f32], width: usize) -> Option<Found> {
    if width == 0 || luma.len() < width {
        return None;
    }
    let patterns = patterns();
    DARK.into_iter().find_map(|dark| {
        let areas = areas(luma, width, dark);
        let tries = areas.iter().flat_map(|area| {
            let shaped = patterns.iter().filter(move |pattern| pattern.may_be(area));
            shaped.filter_map(move |pattern| fit(luma, width, area, pattern))
        });
        tries.max_by(|a, b| a.likeness.total_cmp(&b.likeness))
    })
}

/// A dark area: its first and last column and row, and how many pixels it has.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    count: usize,
}

impl Area {
    fn size(&self) -> (usize, usize) {
        (self.right - self.left + 1, self.bottom - self.top + 1)
    }
}

/// The dark areas that may be a plate's ground. Pixels hang together by their sides.
fn areas(luma: &[f32], width: usize, dark: f32) -> Vec<Area> {
    let mut seen: Vec<bool> = luma.iter().map(|l| *l >= dark).collect();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for start in 0..seen.len() {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let (x, y) = (start % width, start / width);
        let mut area = Area { left: x, right: x, top: y, bottom: y, count: 0 };
        open.push(start);
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            area.left = area.left.min(x);
            area.right = area.right.max(x);
            area.bottom = area.bottom.max(y);
            area.count += 1;
            let beside = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then_some(at + 1),
                at.checked_sub(width),
                Some(at + width).filter(|below| *below < seen.len()),
            ];
            for next in beside.into_iter().flatten() {
                if !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
        let (w, h) = area.size();
        let filled = area.count as f32 / (w * h) as f32;
        if w >= LEAST_PLATE_SIZE.0 && h >= LEAST_PLATE_SIZE.1 && (FILLED.0..=FILLED.1).contains(&filled) {
            found.push(area);
        }
    }
    found
}

/// A plate's drawing, ready for means over any of its rectangles.
struct Pattern {
    width: f32,
    height: f32,
    /// Width of the outline.
    outline: f32,
    /// Sums of the coverage over all that is above and to the left; one row and one column more than the drawing.
    sums: Vec<f64>,
    stride: usize,
}

fn patterns() -> Vec<Pattern> {
    let all = Disclosure::Modified.words();
    let first = all.split(' ').next().unwrap_or(all);
    [all, first].into_iter().flat_map(|words| DRAWN.map(|em| Pattern::new(words, em))).collect()
}

impl Pattern {
    fn new(words: &str, em: f32) -> Self {
        let Drawing { width, height, coverage } = Drawing::new(words, em);
        let stride = width as usize + 1;
        let mut sums = vec![0.0f64; stride * (height as usize + 1)];
        for (y, row) in coverage.chunks_exact(width as usize).enumerate() {
            let mut along = 0.0f64;
            for (x, c) in row.iter().enumerate() {
                along += f64::from(*c);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + along;
            }
        }
        Self { width: width as f32, height: height as f32, outline: outline_of(em), sums, stride }
    }

    /// Width and height of the ground inside the outline.
    fn ground(&self) -> (f32, f32) {
        (self.width - 2.0 * self.outline, self.height - 2.0 * self.outline)
    }

    /// Whether a dark area has the shape of this drawing's ground.
    fn may_be(&self, area: &Area) -> bool {
        let (w, h) = self.ground();
        let (aw, ah) = (area.size().0 as f32, area.size().1 as f32);
        let most = (aw + 1.5) / (ah - 1.5) * (1.0 + SHAPE);
        let least = (aw - 1.5) / (ah + 1.5) / (1.0 + SHAPE);
        (least..=most).contains(&(w / h))
    }

    /// The sum over all that is above and to the left of a place between pixels.
    /// Bilinear in doubles, as the sums are; `frame::interpolation` is of single precision.
    fn sum(&self, x: f32, y: f32) -> f64 {
        let (x, y) = (x.clamp(0.0, self.width), y.clamp(0.0, self.height));
        let x0 = (x as usize).min(self.stride.saturating_sub(2));
        let y0 = (y as usize).min((self.height as usize).saturating_sub(1));
        let (fx, fy) = (f64::from(x - x0 as f32), f64::from(y - y0 as f32));
        let at = |dx: usize, dy: usize| self.sums[(y0 + dy) * self.stride + x0 + dx];
        let above = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
        let below = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
        above * (1.0 - fy) + below * fy
    }

    /// What each pixel of `cut` would show of a plate that stands at `edges`.
    fn draw(&self, edges: &Edges, cut: &PxRect, coverage: &mut Vec<f32>) {
        coverage.clear();
        let [left, top, right, bottom] = edges.0;
        let (sx, sy) = (self.width / (right - left), self.height / (bottom - top));
        for y in cut.y..cut.bottom() {
            let (y0, y1) = ((y as f32 - top) * sy, (y as f32 + 1.0 - top) * sy);
            let column = |x: u32| {
                let x = (x as f32 - left) * sx;
                self.sum(x, y1) - self.sum(x, y0)
            };
            let mut before = column(cut.x);
            coverage.extend((cut.x + 1..=cut.right()).map(|x| {
                let sum = column(x);
                let mean = (sum - before) / f64::from(sx * sy);
                before = sum;
                mean as f32
            }));
        }
    }
}

/// Left, top, right and bottom of a plate, in parts of a pixel.
#[derive(Clone, Copy, Debug)]
struct Edges([f32; 4]);

impl Edges {
    /// Of a plate whose ground is that area.
    fn round(area: &Area, pattern: &Pattern) -> Self {
        let (w, h) = (area.size().0 as f32, area.size().1 as f32);
        let rim = (pattern.outline * w / pattern.ground().0, pattern.outline * h / pattern.ground().1);
        let (left, top) = (area.left as f32, area.top as f32);
        Self([left - rim.0, top - rim.1, left + w + rim.0, top + h + rim.1])
    }

    /// The pixels that lie wholly inside, in a picture of that size.
    fn pixels(&self, width: usize, height: usize) -> PxRect {
        let [left, top, right, bottom] = self.0;
        let (x, y) = (left.ceil().max(0.0) as u32, top.ceil().max(0.0) as u32);
        let right = (right.floor().max(0.0) as u32).min(width as u32);
        let bottom = (bottom.floor().max(0.0) as u32).min(height as u32);
        PxRect { x, y, width: right.saturating_sub(x), height: bottom.saturating_sub(y) }
    }

    /// Whether the plate ends inside of a picture of that size, but for less than a pixel.
    fn whole(&self, width: usize, height: usize) -> bool {
        let [left, top, right, bottom] = self.0;
        left > -1.0 && top > -1.0 && right < width as f32 + 1.0 && bottom < height as f32 + 1.0
    }
}

/// Lays a pattern over a dark area, and moves its edges until it is most like what is there.
fn fit(luma: &[f32], width: usize, area: &Area, pattern: &Pattern) -> Option<Found> {
    let height = luma.len() / width;
    let (mut seen, mut drawn) = (Vec::new(), Vec::new());
    let mut judge = |edges: &Edges| {
        let cut = edges.pixels(width, height);
        seen.clear();
        for y in cut.y..cut.bottom() {
            let from = y as usize * width + cut.x as usize;
            seen.extend_from_slice(luma.get(from..from + cut.width as usize).unwrap_or_default());
        }
        pattern.draw(edges, &cut, &mut drawn);
        (likeness(&seen, &drawn), contrast(&seen, &drawn, GROUND, TEXT))
    };
    let mut edges = Edges::round(area, pattern);
    let mut best = judge(&edges);
    if best.0 < PROMISING {
        return None;
    }
    for step in STEPS {
        let mut better = true;
        while better {
            better = false;
            for (edge, by) in (0..4).flat_map(|edge| [(edge, step), (edge, -step)]) {
                let mut moved = edges;
                moved.0[edge] += by;
                let now = judge(&moved);
                if now.0 > best.0 + 1e-4 {
                    (best, edges, better) = (now, moved, true);
                }
            }
        }
    }
    let (likeness, contrast) = best;
    let good = edges.whole(width, height) && likeness >= LIKENESS_MIN && contrast >= CONTRAST_MIN;
    let rect = Edges(edges.0.map(f32::round)).pixels(width, height);
    good.then_some(Found { rect, place: None, disclosure: Disclosure::Modified, likeness, contrast })
}
