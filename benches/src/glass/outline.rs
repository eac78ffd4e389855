//! Dark shapes with four corners in a grey picture.

use glam::{DVec2, IVec2, Vec2, ivec2};

use super::read::Luma;

/// Side of the square whose mean tells black from white, in parts of the picture's width, and how many codes darker black
/// is.
const NEARBY: usize = 10;
const DARKER: i32 = 12;
/// Least area of a shape, in parts of the picture.
const LEAST_AREA: f32 = 0.01;
/// How far an outline may lie off its four corners, in parts of its length.
const STRAIGHT: f64 = 0.02;
/// A pixel's neighbours with the clock, from the left one on.
const AROUND: [IVec2; 8] = [
    ivec2(-1, 0),
    ivec2(-1, -1),
    ivec2(0, -1),
    ivec2(1, -1),
    ivec2(1, 0),
    ivec2(1, 1),
    ivec2(0, 1),
    ivec2(-1, 1),
];

/// The outer corners of all dark shapes that have four, in pixels, the largest shape first. They go round one way or the
/// other, from anywhere.
pub(super) fn quadrilaterals(luma: &Luma<'_>) -> Vec<[Vec2; 4]> {
    if luma.width < 2 * NEARBY || luma.height < 2 * NEARBY {
        return Vec::new();
    }
    let least = LEAST_AREA * (luma.width * luma.height) as f32;
    // No outline of four corners round such an area is shorter than a square's.
    let shortest = f64::from(least.sqrt()) * 4.0 * 0.9;
    let mut found: Vec<(f32, [Vec2; 4])> = Vec::new();
    let mask = Bitmap::dark(luma, luma.width / NEARBY / 2);
    for outline in mask.outlines(least) {
        let length = length(&outline);
        if length < shortest {
            continue;
        }
        let mut corners = simplified(&outline, STRAIGHT * length);
        // Its ends are the same corner: an outline is closed.
        corners.pop();
        // A point is the middle of the outermost dark pixel.
        let corners = corners.iter().map(|p| p.as_vec2() + 0.5).collect();
        let &[a, b, c, d] = bent(corners, (STRAIGHT * length) as f32).as_slice() else { continue };
        let area = ((c - a).perp_dot(d - b) / 2.0).abs();
        if area >= least {
            let middle = (a + b + c + d) / 4.0;
            found.push((area, [a, b, c, d].map(|p| p + (p - middle).normalize_or_zero() * 0.5)));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().map(|(_, corners)| corners).collect()
}

/// Which pixels of a picture are dark.
struct Bitmap {
    dark: Vec<bool>,
    width: usize,
    height: usize,
}

impl Bitmap {
    /// The pixels that are darker than the mean of the square of 2 `radius` + 1 pixels about them, as far as it lies in the
    /// picture.
    fn dark(luma: &Luma<'_>, radius: usize) -> Self {
        let (width, height) = (luma.width, luma.height);
        // Sums of all pixels above and left of a place (Crow, Summed-area tables, 1984).
        let row = width + 1;
        let mut sums = vec![0u64; row * (height + 1)];
        for y in 0..height {
            let mut sum = 0;
            for x in 0..width {
                sum += u64::from(luma.at(x, y));
                sums[(y + 1) * row + x + 1] = sums[y * row + x + 1] + sum;
            }
        }
        let mut dark = Vec::with_capacity(width * height);
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(width));
                let sum = sums[bottom * row + right] + sums[top * row + left]
                    - sums[top * row + right]
                    - sums[bottom * row + left];
                let mean = sum / ((bottom - top) * (right - left)) as u64;
                dark.push(i32::from(luma.at(x, y)) < mean as i32 - DARKER);
            }
        }
        Self { dark, width, height }
    }

    /// The pixel's place in the list, if it is dark.
    fn place(&self, at: IVec2) -> Option<usize> {
        let inside = at.x >= 0 && at.y >= 0 && at.x < self.width as i32 && at.y < self.height as i32;
        let place = inside.then(|| at.y as usize * self.width + at.x as usize)?;
        self.dark.get(place).copied().unwrap_or_default().then_some(place)
    }

    /// The outer outline of each dark region that could hold a shape of `least` pixels: of pixels that touch, be it at a
    /// corner.
    fn outlines(&self, least: f32) -> Vec<Vec<DVec2>> {
        let mut all = Vec::new();
        let mut seen = vec![false; self.dark.len()];
        for start in 0..seen.len() {
            let first = ivec2((start % self.width) as i32, (start / self.width) as i32);
            if seen[start] || self.place(first).is_none() {
                continue;
            }
            seen[start] = true;
            let (mut low, mut high, mut waiting) = (first, first, vec![first]);
            while let Some(at) = waiting.pop() {
                (low, high) = (low.min(at), high.max(at));
                for near in AROUND.map(|step| at + step) {
                    if let Some(place) = self.place(near)
                        && !std::mem::replace(&mut seen[place], true)
                    {
                        waiting.push(near);
                    }
                }
            }
            if (high - low).as_vec2().element_product() >= least {
                all.push(self.outline(first));
            }
        }
        all
    }

    /// The region's outermost pixels in turn, against the clock, from its first in reading order (border following:
    /// Suzuki and Abe, Topological structural analysis of digitized binary images, 1985).
    fn outline(&self, first: IVec2) -> Vec<DVec2> {
        let is_dark = |at: IVec2, way: usize| self.place(at + AROUND[way % 8]).is_some();
        let mut points = Vec::new();
        let Some(end) = (0..8).find(|way| is_dark(first, *way)) else { return points };
        let (mut at, mut back) = (first, end);
        loop {
            points.push(at.as_dvec2());
            // There is always one: the pixel that this one was reached from.
            let on = (1..=8).map(|k| (back + 8 - k) % 8).find(|way| is_dark(at, *way)).unwrap_or(back);
            let next = at + AROUND[on];
            if next == first && at == first + AROUND[end] {
                return points;
            }
            (at, back) = (next, (on + 4) % 8);
        }
    }
}

/// Length of a closed line.
fn length(points: &[DVec2]) -> f64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a.distance(*b)).sum()
}

/// The line from end to end with as few points as keep it within `off` of all others (Douglas and Peucker, 1973).
fn simplified(line: &[DVec2], off: f64) -> Vec<DVec2> {
    let (Some(&first), Some(&last)) = (line.first(), line.last()) else { return Vec::new() };
    let along = last - first;
    let (mut farthest, mut most) = (0, 0.0);
    for (k, point) in line.iter().enumerate() {
        // Times the length of `along`: of pixels it is a whole number, so that the first of equals is found.
        let distance = along.perp_dot(*point - first).abs();
        if distance > most {
            (farthest, most) = (k, distance);
        }
    }
    if most <= off * along.length() {
        return vec![first, last];
    }
    let mut all = simplified(&line[..=farthest], off);
    all.pop();
    all.extend(simplified(&line[farthest..], off));
    all
}

/// The corners without those at which the outline goes straight on: where an outline is begun or parted a point stays,
/// whether it bends there or not.
fn bent(mut corners: Vec<Vec2>, straight: f32) -> Vec<Vec2> {
    while corners.len() > 4 {
        let n = corners.len();
        let off = |k: usize| {
            let (before, at, after) = (corners[(k + n - 1) % n], corners[k], corners[(k + 1) % n]);
            ((after - before).normalize_or_zero().perp_dot(at - before)).abs()
        };
        let least = (0..n).min_by(|a, b| off(*a).total_cmp(&off(*b)));
        match least.filter(|k| off(*k) < straight) {
            Some(k) => drop(corners.remove(k)),
            None => break,
        }
    }
    corners
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::{Mat3, dvec2, vec2};

    use crate::glass::code::{SIDE, placed, through};

    const SIZE: (usize, usize) = (320, 200);

    fn found(picture: &[u8]) -> Vec<[Vec2; 4]> {
        quadrilaterals(&Luma { data: picture, width: SIZE.0, height: SIZE.1, stride: SIZE.0 })
    }

    /// A picture of such light, by the pixels' middles.
    fn picture(light: impl Fn(Vec2) -> u8) -> Vec<u8> {
        (0..SIZE.0 * SIZE.1).map(|i| light(vec2((i % SIZE.0) as f32, (i / SIZE.0) as f32) + 0.5)).collect()
    }

    /// Whether a place of a picture lies in a square of `side` modules about the middle of what a homography lays there.
    fn within(map: &Mat3, at: Vec2, side: f32) -> bool {
        (through(&map.inverse(), at) - SIDE as f32 / 2.0).abs().max_element() < side / 2.0
    }

    /// How far the corners are from those of a homography's square, in pixels, whichever of them is first.
    fn off(corners: &[Vec2; 4], map: &Mat3) -> f32 {
        let side = SIDE as f32;
        let of =
            [vec2(0.0, 0.0), vec2(side, 0.0), vec2(side, side), vec2(0.0, side)].map(|p| through(map, p));
        let nearest = |p: &Vec2| of.iter().map(|q| p.distance(*q)).fold(f32::MAX, f32::min);
        corners.iter().map(nearest).fold(0.0, f32::max)
    }

    #[test]
    fn the_corners_of_known_homographies_are_found() {
        for corners in [
            [(80.0, 30.0), (200.0, 30.0), (200.0, 150.0), (80.0, 150.0)],
            [(60.0, 40.0), (190.0, 20.0), (220.0, 170.0), (90.0, 150.0)],
            [(150.0, 20.0), (230.0, 100.0), (150.0, 180.0), (70.0, 100.0)],
            [(250.0, 60.0), (180.0, 30.0), (170.0, 170.0), (260.0, 180.0)],
        ] {
            let map = placed(corners.map(Vec2::from)).unwrap();
            let side = SIDE as f32;
            // Solid; a frame with something in it; and the same on the picture's darker half, unevenly lit.
            let solid = picture(|p| if within(&map, p, side) { 20 } else { 220 });
            let framed = picture(|p| match p {
                p if within(&map, p, side * 0.3) => 30,
                p if within(&map, p, side * 0.8) => 210,
                p if within(&map, p, side) => 30,
                _ => 210,
            });
            let uneven = picture(|p| {
                let light = 0.3 + 0.7 * p.x / SIZE.0 as f32;
                (light * if within(&map, p, side) { 40.0 } else { 230.0 }) as u8
            });
            for (what, picture) in [("solid", solid), ("framed", framed), ("uneven", uneven)] {
                let all = found(&picture);
                let first = all.first().unwrap_or_else(|| panic!("{what} {corners:?}: nothing"));
                assert!(off(first, &map) < 2.5, "{what}: {first:?} for {corners:?}");
                // In the frame there is another.
                assert_eq!(all.len(), if what == "framed" { 2 } else { 1 }, "{what} {corners:?}: {all:?}");
            }
        }
    }

    #[test]
    fn other_shapes_have_no_four_corners() {
        let disc = picture(|p| if p.distance(vec2(150.0, 100.0)) < 60.0 { 10 } else { 220 });
        let corner = picture(|p| {
            let inside =
                p.x > 80.0 && p.x < 220.0 && p.y > 30.0 && p.y < 170.0 && (p.x < 130.0 || p.y < 80.0);
            if inside { 10 } else { 220 }
        });
        let small = picture(|p| if (p - 60.0).abs().max_element() < 10.0 { 10 } else { 220 });
        for picture in [disc, corner, small, picture(|_| 90)] {
            assert_eq!(found(&picture), Vec::<[Vec2; 4]>::new());
        }
    }

    /// Regions of noise, up to the picture's rim: every outline goes from pixel to neighbour and comes back, no two share a
    /// pixel, and what is seen first from the left in a row is on one.
    #[test]
    fn outlines_are_closed_and_lie_on_their_region() {
        let (width, height) = (40, 30);
        for seed in 0..200 {
            let mut chance = fastrand::Rng::with_seed(seed);
            let share = 0.2 + 0.6 * chance.f64();
            let dark: Vec<bool> = (0..width * height).map(|_| chance.f64() < share).collect();
            let mask = Bitmap { dark, width, height };
            let mut of = vec![None; width * height];
            for (region, outline) in mask.outlines(-1.0).iter().enumerate() {
                for (a, b) in outline.iter().zip(outline.iter().cycle().skip(1)) {
                    assert_eq!((*a - *b).abs().max_element(), 1.0, "{seed}: {a} to {b}");
                    let place = mask.place(a.as_ivec2()).unwrap_or_else(|| panic!("{seed}: {a} is not dark"));
                    assert_eq!(*of[place].get_or_insert(region), region, "{seed}: {a} is on two outlines");
                }
            }
            for y in 0..height as i32 {
                let places = (0..width as i32).map(|x| ivec2(x, y));
                let Some(first) = places.into_iter().find(|at| mask.place(*at).is_some()) else { continue };
                let alone = AROUND.iter().all(|step| mask.place(first + step).is_none());
                let place = mask.place(first).unwrap();
                assert!(alone || of[place].is_some(), "{seed}: {first} is on no outline");
            }
        }
    }

    #[test]
    fn a_line_keeps_the_points_at_which_it_bends() {
        let line: Vec<DVec2> = [(0, 0), (1, 0), (2, 1), (3, 0), (4, 0), (4, 1), (4, 2), (4, 3)]
            .map(|(x, y)| dvec2(f64::from(x), f64::from(y)))
            .to_vec();
        assert_eq!(simplified(&line, 1.1), [line[0], line[4], line[7]]);
        assert_eq!(simplified(&line, 0.4), [line[0], line[1], line[2], line[3], line[4], line[7]]);
        assert_eq!(simplified(&line[..1], 1.0), [line[0], line[0]]);
        assert!((length(&line[..4]) - (4.0 + 8.0f64.sqrt())).abs() < 1e-12);
    }
}
