//! What is measured in every frame. Nothing here needs more than what the stage knows of its own picture.

use glam::Vec2;
use omote_engine::space::{MeshPoint, PxRect};
use omote_engine::topology::{EYE_LEFT, EYE_RIGHT, LIPS_OUTER, OVAL, POINTS};
use omote_engine::track::Face;
use omote_shaders::cpu::decode_srgb;

/// A pixel that differs by more than this many codes in any channel was painted over.
pub(crate) const CHANGED: u8 = 12;
/// What the persona changes by more than this while nothing is before the face counts as worn: paint on skin, not skin on
/// skin, which may come to look alike by a change of light alone ...
pub(crate) const WORN: u8 = 60;
/// ... and as bare where it then differs by less than this.
const BARE: u8 = 8;
/// Pixels this close to an occluder are in nobody's favour.
const NEAR: usize = 6;

/// Mean distance of the tracked points from the true ones, in distances between the eyes; nothing where no face was
/// found.
pub(crate) fn off(faces: &[Face], truth: &[MeshPoint]) -> Option<f32> {
    let face = faces.first()?;
    let eyes = (*truth.get(468)? - *truth.get(473)?).length();
    let pairs = face.landmarks.iter().zip(truth).take(POINTS);
    let sum: f32 = pairs.map(|(a, b)| a.truncate().distance(b.truncate())).sum();
    (eyes > 0.0).then(|| sum / (POINTS as f32 * eyes))
}

/// The pixels inside the face's oval, row by row, without those under the badge.
pub(crate) fn oval(truth: &[MeshPoint], side: usize, badge: PxRect) -> Vec<bool> {
    let mut inside = vec![false; side * side];
    fill(&mut inside, side, &outline(truth, &OVAL, 1.0), true);
    for y in badge.y..badge.bottom() {
        let row = &mut inside[y as usize * side..][..side];
        row[badge.x as usize..(badge.x + badge.width) as usize].fill(false);
    }
    inside
}

/// The oval without its rim, eyes and mouth: what every mask covers.
pub(crate) fn skin(truth: &[MeshPoint], side: usize, badge: PxRect) -> Vec<bool> {
    let mut inside = oval(truth, side, badge);
    let mut inner = vec![false; side * side];
    fill(&mut inner, side, &outline(truth, &OVAL, 0.85), true);
    fill(&mut inner, side, &outline(truth, &LIPS_OUTER, 1.2), false);
    for eye in [EYE_RIGHT, EYE_LEFT] {
        // A circle, since a shut eye's outline is but a line.
        let line = outline(truth, &eye, 1.1);
        let middle = line.iter().sum::<Vec2>() / line.len().max(1) as f32;
        let radius = line.iter().map(|p| p.distance(middle)).fold(0.0, f32::max);
        let round = |k: u8| middle + Vec2::from_angle(f32::from(k) * std::f32::consts::TAU / 24.0) * radius;
        fill(&mut inner, side, &(0..24).map(round).collect::<Vec<_>>(), false);
    }
    inside.iter_mut().zip(inner).for_each(|(a, b)| *a &= b);
    inside
}

/// Share of the pixels `of` in which output and input are the same but for [`BARE`] codes.
pub(crate) fn same(of: &[bool], difference: &[u8]) -> f32 {
    let all = difference.iter().zip(of).filter(|(_, o)| **o);
    let (n, same) = all.fold((0, 0), |(n, same), (d, _)| (n + 1, same + u32::from(*d < BARE)));
    if n == 0 { 0.0 } else { same as f32 / n as f32 }
}

/// A closed line through landmarks, `wider` times as large about its middle.
fn outline(truth: &[MeshPoint], line: &[u16], wider: f32) -> Vec<Vec2> {
    let points: Vec<Vec2> =
        line.iter().filter_map(|i| truth.get(usize::from(*i))).map(|p| p.truncate()).collect();
    let middle = points.iter().sum::<Vec2>() / points.len().max(1) as f32;
    points.into_iter().map(|p| middle + (p - middle) * wider).collect()
}

/// Sets the pixels inside a closed line.
fn fill(inside: &mut [bool], side: usize, edge: &[Vec2], value: bool) {
    for y in 0..side {
        let line = y as f32;
        let mut crossings: Vec<f32> = (0..edge.len())
            .filter_map(|k| {
                let (a, b) = (edge[k], edge[(k + 1) % edge.len()]);
                ((a.y <= line) != (b.y <= line)).then(|| a.x + (line - a.y) / (b.y - a.y) * (b.x - a.x))
            })
            .collect();
        crossings.sort_by(f32::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let (from, to) = (pair[0].ceil().max(0.0) as usize, (pair[1] + 1.0).max(0.0) as usize);
            inside[y * side..][from.min(side)..to.clamp(from.min(side), side)].fill(value);
        }
    }
}

/// How far output and input differ in each pixel: the greatest of the channels' differences.
pub(crate) fn difference(input: &[u8], output: &[u8]) -> Vec<u8> {
    let pairs = input.chunks_exact(3).zip(output.chunks_exact(3));
    pairs.map(|(a, b)| (0..3).map(|k| a[k].abs_diff(b[k])).max().unwrap_or_default()).collect()
}

/// Share of an occluder's pixels inside the oval that were painted over. Nothing where it covers less than
/// two percent of the oval.
pub(crate) fn painted_over(cover: &[f32], oval: &[bool], difference: &[u8]) -> Option<f32> {
    let face = oval.iter().filter(|v| **v).count();
    let covered = cover.iter().zip(oval).zip(difference).filter(|((c, o), _)| **c > 0.5 && **o);
    let (n, bad) = covered.fold((0, 0), |(n, bad), (_, d)| (n + 1, bad + usize::from(*d > CHANGED)));
    (n * 50 > face).then(|| bad as f32 / n as f32)
}

/// Share of the oval's open pixels that the persona changes plainly while nothing is before the face (`free`, the
/// differences then) and that now show the bare live face. Nothing where there are few of those: less than a tenth of the
/// oval.
pub(crate) fn left_bare(
    cover: &[f32],
    oval: &[bool],
    difference: &[u8],
    free: &[u8],
    side: usize,
) -> Option<f32> {
    let near = widened(cover, side);
    let (mut n, mut bare) = (0, 0);
    for i in 0..oval.len() {
        if oval[i] && !near[i] && free[i] > WORN {
            n += 1;
            bare += usize::from(difference[i] < BARE);
        }
    }
    let face = oval.iter().filter(|v| **v).count();
    (n * 10 > face).then(|| bare as f32 / n as f32)
}

/// Mean linear light of the oval's pixels left and right of the nose in the picture, 0..=1.
pub(crate) fn halves(rgb: &[u8], oval: &[bool], nose: f32, side: usize) -> [f32; 2] {
    let mut sums = [(0.0f64, 0.0f64); 2];
    for (i, p) in rgb.chunks_exact(3).enumerate().filter(|(i, _)| oval[*i]) {
        let [r, g, b] = [0, 1, 2].map(|k| decode_srgb(f32::from(p[k]) / 255.0));
        let half = &mut sums[usize::from((i % side) as f32 > nose)];
        *half = (half.0 + f64::from(0.2126 * r + 0.7152 * g + 0.0722 * b), half.1 + 1.0);
    }
    sums.map(|(sum, n)| if n > 0.0 { (sum / n) as f32 } else { 0.0 })
}

/// Where something covers a pixel within [`NEAR`].
fn widened(cover: &[f32], side: usize) -> Vec<bool> {
    let pass = |v: &[bool], step: usize, place: &dyn Fn(usize) -> usize| -> Vec<bool> {
        (0..v.len())
            .map(|i| {
                let (back, on) = (place(i).min(NEAR), (side - 1 - place(i)).min(NEAR));
                (0..=back + on).any(|k| v[i + k * step - back * step])
            })
            .collect()
    };
    let any: Vec<bool> = cover.iter().map(|c| *c > 0.02).collect();
    let across = pass(&any, 1, &|i| i % side);
    pass(&across, side, &|i| i / side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::Vec3;

    #[test]
    fn same_pixels_are_counted_in_their_region_only() {
        assert_eq!(same(&[true, true, false, true, true], &[0, 9, 0, BARE, 7]), 0.5);
    }

    /// Landmarks whose oval is a circle.
    fn round(middle: f32, radius: f32) -> Vec<MeshPoint> {
        let mut points = vec![Vec3::ZERO; 478];
        for (k, i) in OVAL.iter().enumerate() {
            let angle = k as f32 / OVAL.len() as f32 * std::f32::consts::TAU;
            points[usize::from(*i)] =
                Vec3::new(middle + radius * angle.cos(), middle + radius * angle.sin(), 0.0);
        }
        points
    }

    #[test]
    fn the_oval_has_its_area_and_leaves_the_badge_out() {
        let area = |badge| oval(&round(50.0, 30.0), 101, badge).iter().filter(|v| **v).count() as f32;
        let whole = area(PxRect::default());
        let true_area = 18.0 * 900.0 * (std::f32::consts::TAU / 36.0).sin();
        assert!((whole / true_area - 1.0).abs() < 0.01, "{whole} for {true_area}");
        assert_eq!(area(PxRect { x: 46, y: 46, width: 10, height: 8 }), whole - 80.0);
    }

    #[test]
    fn an_occluder_a_quarter_of_which_was_painted_over() {
        let side = 40;
        let oval = vec![true; side * side];
        let cover: Vec<f32> = (0..side * side).map(|i| if i % side < 20 { 1.0 } else { 0.0 }).collect();
        // Everything right of column 15 was changed, and one code less than what counts beyond column 30.
        let changed: Vec<u8> = (0..side * side)
            .map(|i| if (15..30).contains(&(i % side)) { CHANGED + 1 } else { CHANGED })
            .collect();
        assert_eq!(painted_over(&cover, &oval, &changed), Some(0.25));
        assert_eq!(painted_over(&vec![0.0; side * side], &oval, &changed), None);
    }

    #[test]
    fn each_half_has_its_own_light() {
        let side = 10;
        let rgb: Vec<u8> = (0..side * side).flat_map(|i| [if i % side < 5 { 255 } else { 0 }; 3]).collect();
        let [left, right] = halves(&rgb, &vec![true; side * side], 4.5, side);
        assert!((left - 1.0).abs() < 1e-4 && right.abs() < 1e-4, "{left} {right}");
    }

    #[test]
    fn open_pixels_near_the_occluder_do_not_count() {
        let side = 40;
        let oval = vec![true; side * side];
        let cover: Vec<f32> = (0..side * side).map(|i| f32::from(i % side == 0)).collect();
        let free = vec![WORN + 1; side * side];
        // Bare up to column 11: of the columns 7..40, five.
        let seen: Vec<u8> = (0..side * side).map(|i| if i % side < 12 { 0 } else { 60 }).collect();
        let share = left_bare(&cover, &oval, &seen, &free, side).unwrap();
        assert!((share - 5.0 / 33.0).abs() < 1e-6, "{share}");
    }
}
