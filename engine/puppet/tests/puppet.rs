//! The puppet: its landmarks in closed form, and its pictures looked at by numbers.

#![expect(clippy::unwrap_used, reason = "a test")]

use glam::{Vec2, Vec3};
use omote_frame::topology::{EYE_LEFT, EYE_RIGHT, LIPS_INNER, OVAL};
use omote_frame::{Colour, Frame, PixelFormat};
use omote_puppet::actor::{Composite, composite};
use omote_puppet::*;
use omote_shaders::cpu::encode_srgb;

const SIDE: u32 = 768;

fn picture(which: Composite) -> Vec<u8> {
    let path =
        format!("{}/../persona/assets/composites/{}/picture.jpg", env!("CARGO_MANIFEST_DIR"), which.name());
    image::open(path).unwrap().into_rgb8().into_raw()
}

fn frame(which: Composite) -> Frame {
    Frame::new(PixelFormat::Rgb, Colour::JPEG, SIDE, SIDE, picture(which)).unwrap()
}

/// The puppet on black, R G B codes.
fn draw(puppet: &Puppet, pose: &PuppetPose, points: &[Vec3], side: u32) -> Vec<[f32; 4]> {
    let mut drawing = Drawing::default();
    puppet.render(pose, points, side, side, None, &mut drawing);
    let mut out = vec![[0.0; 4]; (side * side) as usize];
    let r = drawing.region();
    for (i, p) in (0u32..).zip(drawing.pixels()) {
        let at = (r.y + i / r.width) * side + r.x + i % r.width;
        let code = |v: f32| encode_srgb(v) * 255.0;
        out[at as usize] = [code(p.x), code(p.y), code(p.z), p.w];
    }
    out
}

fn luma(p: [f32; 4]) -> f32 {
    0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]
}

fn at(picture: &[[f32; 4]], p: Vec2) -> [f32; 4] {
    picture[p.y.round() as usize * SIDE as usize + p.x.round() as usize]
}

fn inside(line: &[Vec2], p: Vec2) -> bool {
    let mut a = line[line.len() - 1];
    let mut inside = false;
    for &b in line {
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            inside = !inside;
        }
        a = b;
    }
    inside
}

fn line(points: &[Vec3], of: &[u16]) -> Vec<Vec2> {
    of.iter().map(|i| points[usize::from(*i)].truncate()).collect()
}

fn mid(points: &[Vec3], a: usize, b: usize) -> Vec2 {
    (points[a] + points[b]).truncate() * 0.5
}

#[test]
fn moving_and_scaling_is_exact() {
    let puppet = composite(Composite::One).unwrap();
    let pose = PuppetPose { translation: Vec2::new(30.0, -12.5), scale: 0.4, ..PuppetPose::default() };
    for (p, q) in puppet.points(&pose, &Expression::default()).iter().zip(puppet.rest()) {
        let want = (q.truncate() * 0.4 + pose.translation).extend(q.z * 0.4);
        assert!((*p - want).length() < 2e-3, "{p} {want}");
    }
}

/// The documented formula, written out with angles for one turn at a time.
#[test]
fn turns_follow_the_formula() {
    let puppet = composite(Composite::Two).unwrap();
    let rest = puppet.rest();
    let (low, high) =
        line(rest, &OVAL).into_iter().fold((Vec2::MAX, Vec2::MIN), |(a, b), p| (a.min(p), b.max(p)));
    let eyes = mid(rest, 468, 473).y;
    let pivot = Vec3::new(
        (low.x + high.x) * 0.5,
        eyes + (rest[152].y - eyes) * 0.42,
        (rest[234].z + rest[454].z) * 0.5,
    );
    let camera = (high.x - low.x) * 5.0;
    let a = 0.37f32;
    for (k, pose) in [
        PuppetPose { yaw: a, ..PuppetPose::default() },
        PuppetPose { pitch: a, ..PuppetPose::default() },
        PuppetPose { roll: a, ..PuppetPose::default() },
    ]
    .iter()
    .enumerate()
    {
        for (p, q) in puppet.points(pose, &Expression::default()).iter().zip(rest) {
            let d = *q - pivot;
            let (x, y, z) = (d.x * (1.0 + d.z / camera), d.y * (1.0 + d.z / camera), d.z);
            let (s, c) = a.sin_cos();
            // The nose (negative z) goes right with yaw, down with pitch; the crown goes right with roll.
            let [x, y, z] = match k {
                0 => [x * c - z * s, y, x * s + z * c],
                1 => [x, y * c - z * s, y * s + z * c],
                _ => [x * c - y * s, x * s + y * c, z],
            };
            let f = 1.0 + z / camera;
            let want = Vec3::new(pivot.x + x / f, pivot.y + y / f, pivot.z + z);
            assert!((*p - want).length() < 0.01, "{k}: {p} {want}");
        }
    }
    let turned = puppet.points(&PuppetPose { yaw: a, ..PuppetPose::default() }, &Expression::default());
    assert!(turned[1].x > rest[1].x + 30.0, "a positive yaw looks to the right of the picture");
}

#[test]
fn a_blink_closes_its_own_lids() {
    for which in Composite::ALL {
        let puppet = composite(which).unwrap();
        let e = Expression { blink_right: 1.0, ..Expression::default() };
        let points = puppet.points(&PuppetPose::default(), &e);
        let gap = |p: &[Vec3], a: usize, b: usize| p[b].y - p[a].y;
        let rest = puppet.rest();
        assert!(gap(&points, 159, 145).abs() < 0.02 * gap(rest, 159, 145));
        assert_eq!(gap(&points, 386, 374), gap(rest, 386, 374));
        let (was, is) = (
            draw(&puppet, &PuppetPose::default(), rest, SIDE),
            draw(&puppet, &PuppetPose::default(), &points, SIDE),
        );
        let darkest = |picture: &[[f32; 4]], eye: &[u16]| {
            let outline = line(rest, eye);
            let middle = outline.iter().sum::<Vec2>() / outline.len() as f32;
            // The upper half of the opening: the lashes lie below when it is shut.
            let spot =
                (-6..=-1).flat_map(|dy| (-8..=8).map(move |dx| middle + Vec2::new(dx as f32, dy as f32)));
            spot.map(|p| luma(at(picture, p))).fold(f32::MAX, f32::min)
        };
        let skin = luma(at(&is, rest[50].truncate()));
        assert!(darkest(&was, &EYE_RIGHT) < 0.5 * skin, "{which:?}: an open eye has a dark iris");
        let shut = darkest(&is, &EYE_RIGHT);
        assert!(shut > 0.6 * skin, "{which:?}: a shut eye is skin: {shut} of {skin}");
        assert!((darkest(&is, &EYE_LEFT) - darkest(&was, &EYE_LEFT)).abs() < 2.0);
    }
}

#[test]
fn the_mouth_shuts_and_opens() {
    for which in Composite::ALL {
        let puppet = composite(which).unwrap();
        let rest = puppet.rest();
        let eyes = rest[468].distance(rest[473]);
        let open = |v: f32| {
            puppet.points(&PuppetPose::default(), &Expression { mouth_open: v, ..Expression::default() })
        };
        let gap = |v: f32| open(v)[14].y - open(v)[13].y;
        assert!(gap(-1.0).abs() < 0.01 * eyes);
        assert!(gap(1.0) > gap(0.0) + 0.35 * eyes);
        for k in -9..=10 {
            assert!(gap(k as f32 * 0.1) > gap((k - 1) as f32 * 0.1), "opens steadily at {k}");
        }
        let wide = open(1.0);
        let picture = draw(&puppet, &PuppetPose::default(), &wide, SIDE);
        let skin = luma(at(&picture, wide[50].truncate()));
        let dark = luma(at(&picture, wide[13].truncate().lerp(wide[14].truncate(), 0.55)));
        assert!(dark < 0.35 * skin, "{which:?}: {dark} in the open mouth, skin {skin}");
        // Upper teeth stay with the skull: as bright as they were.
        let teeth = luma(at(&picture, rest[13].truncate() + Vec2::new(3.0, 0.04 * eyes)));
        assert!(teeth > 0.6 * skin, "{which:?}: {teeth} where the teeth are, skin {skin}");
        let shut = open(-1.0);
        let picture = draw(&puppet, &PuppetPose::default(), &shut, SIDE);
        let lips = line(&shut, &LIPS_INNER);
        let seam = at(&picture, lips.iter().sum::<Vec2>() / lips.len() as f32);
        assert!(seam[0] > seam[2] * 1.15, "{which:?}: lips, not teeth, in the shut mouth: {seam:?}");
    }
}

#[test]
fn at_rest_it_is_the_portrait() {
    for which in Composite::ALL {
        let puppet = composite(which).unwrap();
        let drawn = draw(&puppet, &PuppetPose::default(), puppet.rest(), SIDE);
        let original = picture(which);
        let oval = line(puppet.rest(), &OVAL);
        let (mut sum, mut n) = (0.0, 0.0f32);
        for (i, p) in drawn.iter().enumerate() {
            if inside(&oval, Vec2::new((i % SIDE as usize) as f32, (i / SIDE as usize) as f32)) {
                let own = &original[i * 3..i * 3 + 3];
                sum += p.iter().zip(own).map(|(a, b)| (a - f32::from(*b)).abs()).sum::<f32>() / 3.0;
                n += 1.0;
                assert!(p[3] > 0.9, "{which:?}: the face is opaque at {i}: {p:?}");
            }
        }
        assert!(n > 90_000.0 && sum / n < 1.5, "{which:?}: {} codes off in the mean", sum / n);
    }
}

#[test]
fn no_pose_tears_the_face() {
    let side = 256;
    for which in Composite::ALL {
        let puppet = composite(which).unwrap();
        let straight = puppet.placed(Vec2::new(128.0, 118.0), 118.0);
        for yaw in [-0.43, 0.0, 0.43] {
            for pitch in [-0.26, 0.0, 0.26] {
                for (mouth_open, blink) in [(-1.0, 1.0), (0.0, 0.4), (1.0, -0.3)] {
                    let pose = PuppetPose { yaw, pitch, roll: yaw * 0.4, ..straight };
                    let e = Expression {
                        mouth_open,
                        blink_left: blink,
                        blink_right: blink,
                        smile: mouth_open,
                        brow_raise: pitch * 3.0,
                        gaze: Vec2::new(yaw, pitch) * 2.0,
                    };
                    let points = puppet.points(&pose, &e);
                    let drawn = draw(&puppet, &pose, &points, side);
                    // A little inside: the jaw's edge is soft where there is no neck behind it.
                    let oval = line(&points, &OVAL);
                    let middle = oval.iter().sum::<Vec2>() / oval.len() as f32;
                    let oval: Vec<Vec2> = oval.iter().map(|p| middle.lerp(*p, 0.93)).collect();
                    for (i, p) in drawn.iter().enumerate() {
                        let here = Vec2::new((i % side as usize) as f32, (i / side as usize) as f32);
                        if inside(&oval, here) {
                            assert!(p[3] > 0.9, "{which:?} yaw {yaw} pitch {pitch}: a hole at {here}: {p:?}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_shoulders_stay_when_the_head_turns() {
    let puppet = composite(Composite::Three).unwrap();
    let still = draw(&puppet, &PuppetPose::default(), puppet.rest(), SIDE);
    let pose = PuppetPose { yaw: 0.4, pitch: 0.2, ..PuppetPose::default() };
    let turned = draw(&puppet, &pose, &puppet.points(&pose, &Expression::default()), SIDE);
    for x in (4..SIDE).step_by(8) {
        let spot = Vec2::new(x as f32, 764.0);
        assert!((luma(at(&still, spot)) - luma(at(&turned, spot))).abs() < 3.0, "column {x}");
    }
    let nose = puppet.rest()[4].truncate();
    assert!((luma(at(&still, nose)) - luma(at(&turned, nose))).abs() > 5.0, "the nose moved");
}

#[test]
fn without_a_matte_the_border_stays() {
    let rest = composite(Composite::One).unwrap();
    let puppet = Puppet::new(&frame(Composite::One), None, rest.rest()).unwrap();
    let original = picture(Composite::One);
    let pose = PuppetPose { yaw: -0.4, pitch: 0.1, roll: 0.1, ..PuppetPose::default() };
    let points = puppet.points(&pose, &Expression { mouth_open: 1.0, ..Expression::default() });
    let drawn = draw(&puppet, &pose, &points, SIDE);
    for k in (1..SIDE - 1).step_by(7) {
        for (x, y) in [(k, 1), (k, SIDE - 2), (1, k), (SIDE - 2, k)] {
            let i = (y * SIDE + x) as usize;
            assert!(drawn[i][3] > 0.99, "{x} {y} is covered");
            for c in 0..3 {
                let off = (drawn[i][c] - f32::from(original[i * 3 + c])).abs();
                assert!(off < 12.0, "{x} {y}: {off}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let whole = composite(Composite::One).unwrap();
    let picture = frame(Composite::One);
    let new = |points: &[Vec3]| Puppet::new(&picture, None, points).unwrap_err();
    assert_eq!(new(&whole.rest()[..468]), PuppetError::Points { index: 468 });
    let mut bad = whole.rest().to_vec();
    bad[7].x = f32::NAN;
    assert_eq!(new(&bad), PuppetError::Points { index: 7 });
    let tiny: Vec<Vec3> = whole.rest().iter().map(|p| *p * 0.05).collect();
    assert!(matches!(new(&tiny), PuppetError::Face { .. }));
    let outside: Vec<Vec3> = whole.rest().iter().map(|p| *p + Vec3::new(2000.0, 0.0, 0.0)).collect();
    assert!(matches!(new(&outside), PuppetError::Face { .. }));
    assert_eq!(Matte::new(3, 2, vec![0; 5]), Err(PuppetError::Matte { width: 3, height: 2, found: 5 }));
    assert!(Matte::new(0, 0, Vec::new()).is_err());
}

#[test]
fn points_that_are_no_face_draw_nothing() {
    let puppet = composite(Composite::One).unwrap();
    let mut drawing = Drawing::default();
    let mut points = puppet.rest().to_vec();
    points[3].y = f32::INFINITY;
    puppet.render(&PuppetPose::default(), &points, 64, 64, None, &mut drawing);
    assert!(drawing.region().is_empty() && drawing.pixels().is_empty());
    puppet.render(&PuppetPose::default(), &points[..100], 64, 64, None, &mut drawing);
    assert!(drawing.region().is_empty());
}
