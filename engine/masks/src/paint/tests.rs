use glam::Vec2;

use super::{Mask, Painted, anatomy, paint};
use omote_frame::canonical_uv::CANONICAL_UV;
use omote_frame::topology;

/// Sum of the three channels' absolute differences over the face's oval, mean for a pixel and a channel,
/// 0..=255.
fn difference(a: &Painted, b: &Painted, other: impl Fn(usize, usize) -> (usize, usize)) -> f32 {
    let side = (a.rgba.len() as f32 / 4.0).sqrt() as usize;
    let oval = anatomy::oval();
    let (mut sum, mut count) = (0, 0);
    for y in 0..side {
        for x in 0..side {
            if oval.depth((Vec2::new(x as f32, y as f32) + 0.5) / side as f32) <= 0.0 {
                continue;
            }
            let (u, v) = other(x, y);
            let (i, j) = ((y * side + x) * 4, (v * side + u) * 4);
            sum += (0..3).map(|c| u32::from(a.rgba[i + c].abs_diff(b.rgba[j + c]))).sum::<u32>();
            count += 3;
        }
    }
    sum as f32 / count as f32
}

/// Mean colour of the pixels round `at`, RGB 0..=255.
fn colour(painted: &Painted, at: Vec2) -> [f32; 3] {
    let side = (painted.rgba.len() as f32 / 4.0).sqrt() as usize;
    let (x, y) = ((at.x * side as f32) as usize, (at.y * side as f32) as usize);
    let mut sum = [0.0; 3];
    for (dx, dy) in (0..9).map(|k| (k % 3, k / 3)) {
        let i = ((y + dy - 1) * side + x + dx - 1) * 4;
        for (c, sum) in sum.iter_mut().enumerate() {
            *sum += f32::from(painted.rgba[i + c]) / 9.0;
        }
    }
    sum
}

#[test]
fn each_name_leads_back_to_its_mask() {
    for mask in Mask::ALL {
        let name = mask.name();
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name} is not kebab case");
        assert_eq!(Mask::from_name(name), Some(mask));
        assert!(mask.title().ends_with('.'), "{}: not a sentence", mask.title());
    }
    assert_eq!(Mask::from_name("nobody"), None);
    assert_eq!(Mask::ALL[0], Mask::default());
}

#[test]
fn canonical_uv_is_symmetric_and_keeps_its_margins() {
    let min = CANONICAL_UV.iter().fold(Vec2::MAX, |a, &p| a.min(p.into()));
    let max = CANONICAL_UV.iter().fold(Vec2::MIN, |a, &p| a.max(p.into()));
    assert!((min.y - 0.08).abs() < 1e-4 && (max.y - 0.92).abs() < 1e-4, "{min} {max}");
    assert!(min.x >= 0.08 && max.x <= 0.92, "{min} {max}");
    for (i, &[u, v]) in CANONICAL_UV.iter().enumerate() {
        let partners =
            CANONICAL_UV.iter().filter(|p| (p[0] - (1.0 - u)).abs() < 2e-5 && (p[1] - v).abs() < 2e-5);
        assert_eq!(partners.count(), 1, "point {i} at {u}, {v}");
    }
    for (right, left) in [(33, 263), (133, 362), (61, 291), (234, 454), (105, 334)] {
        let (r, l) = (CANONICAL_UV[right], CANONICAL_UV[left]);
        assert!((r[0] + l[0] - 1.0).abs() < 2e-5 && (r[1] - l[1]).abs() < 2e-5, "{right} and {left}");
    }
    // Nearly every triangle of a frontal view faces the viewer: counter-clockwise on screen, v down.
    let facing = topology::TRIANGLES.iter().filter(|t| {
        let [a, b, c] = t.map(|i| Vec2::from(CANONICAL_UV[usize::from(i)]));
        (b - a).perp_dot(c - a) < 0.0
    });
    let facing = facing.count();
    assert!(facing >= 850, "{facing} of 898");
}

#[test]
fn masks_are_opaque_repeatable_and_unlike_each_other() {
    let painted = Mask::ALL.map(|mask| paint(mask, 96));
    for (mask, face) in Mask::ALL.iter().zip(&painted) {
        assert_eq!(face.rgba.len(), 96 * 96 * 4);
        assert_eq!(face.uv, CANONICAL_UV);
        assert!(face.rgba.chunks_exact(4).all(|p| p[3] == 255), "{} has a hole", mask.name());
        assert!(*face == paint(*mask, 96), "{} differs from run to run", mask.name());
    }
    for (i, a) in painted.iter().enumerate() {
        for (j, b) in painted.iter().enumerate().skip(i + 1) {
            let apart = difference(a, b, |x, y| (x, y));
            assert!(apart > 14.0, "{} and {}: {apart}", Mask::ALL[i].name(), Mask::ALL[j].name());
        }
    }
}

#[test]
fn masks_are_symmetric_but_for_what_is_meant_not_to_be() {
    let failing: Vec<_> = Mask::ALL
        .iter()
        .map(|&mask| {
            let face = paint(mask, 128);
            let lopsided = difference(&face, &face, |x, y| (127 - x, y));
            let range = match mask {
                // A break and a night sky are not symmetric.
                Mask::Kintsugi | Mask::Urushi => 8.0..60.0,
                // The hand that lays hairs and clouds, and age, are never quite even.
                _ => 0.1..6.0,
            };
            (mask.name(), lopsided, range)
        })
        .filter(|(_, lopsided, range)| !range.contains(lopsided))
        .collect();
    assert!(failing.is_empty(), "{failing:?}");
}

#[test]
fn size_changes_sharpness_only() {
    for mask in Mask::ALL {
        let (small, large) = (paint(mask, 80), paint(mask, 160));
        let mut halved = Vec::with_capacity(small.rgba.len());
        for (y, x) in (0..80).flat_map(|y| (0..80).map(move |x| (y, x))) {
            for c in 0..4 {
                let at =
                    |dx: usize, dy: usize| u32::from(large.rgba[((2 * y + dy) * 160 + 2 * x + dx) * 4 + c]);
                halved.push(((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4) as u8);
            }
        }
        let halved = Painted { rgba: halved, uv: large.uv };
        let apart = difference(&small, &halved, |x, y| (x, y));
        assert!(apart < 7.0, "{}: {apart}", mask.name());
    }
    for size in [0, 1, 2, 7] {
        let face = paint(Mask::KoOmote, size);
        assert_eq!(face.rgba.len(), (size.max(1) * size.max(1) * 4) as usize);
        assert!(face.rgba.chunks_exact(4).all(|p| p[3] == 255), "size {size} has a hole");
    }
}

#[test]
fn ko_omote_wears_its_brows_high_and_its_lips_red() {
    let face = paint(Mask::KoOmote, 192);
    let light = |at: Vec2| colour(&face, at).iter().sum::<f32>() / 3.0;
    for side in super::curve::Side::BOTH {
        let painted_brow = light(side.place(Vec2::new(0.377, 0.170)));
        let own_brow = light(side.place(Vec2::new(0.330, 0.245)));
        assert!(own_brow > 190.0 && painted_brow < 110.0, "own {own_brow}, painted {painted_brow}");
        let hair = light(side.place(Vec2::new(0.145, 0.40)));
        assert!(hair < 60.0, "hair {hair}");
    }
    let [r, g, b] = colour(&face, Vec2::new(0.5, 0.735));
    assert!(r > 120.0 && g < 0.4 * r && b < 0.4 * r, "lips {r} {g} {b}");
}
