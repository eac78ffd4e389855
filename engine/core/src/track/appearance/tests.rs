use super::*;
use crate::canonical_uv::CANONICAL_UV;
use crate::space::Outline;

pub(super) const W: usize = 192;

/// A face that fills most of a picture of `W`² pixels.
pub(super) fn points() -> Vec<Vec2> {
    CANONICAL_UV.iter().map(|p| Vec2::from_array(*p) * W as f32).collect()
}

/// Skin with some texture, under a light of strength `lamp` from the right; a square in front where `hand` says.
fn picture(frame: u32, lamp: f32, hand: Option<(usize, usize)>) -> Vec<f32> {
    let mut chance = fastrand::Rng::with_seed(u64::from(frame));
    let mut out = vec![0.0; 3 * W * W];
    for i in 0..W * W {
        let (x, y) = (i % W, i / W);
        let noise = f32::from(chance.u8(..4));
        let spots = 15.0 * (x as f32 * 0.1).sin() * (y as f32 * 0.07).cos() + 12.0 * (x as f32 * 0.31).cos()
            - 12.0 * (y as f32 * 0.27).sin();
        let held = hand.is_some_and(|(a, b)| (a..a + 60).contains(&x) && (b..b + 60).contains(&y));
        let colour = if held { [40.0, 60.0, 120.0] } else { [150.0, 110.0, 90.0].map(|c| c + spots) };
        for (c, v) in colour.into_iter().enumerate() {
            out[c * W * W + i] = ((v + noise) * (1.0 + lamp * x as f32 / W as f32) / 255.0).clamp(0.0, 1.0);
        }
    }
    out
}

/// Shows `frames` pictures to a model.
fn show(model: &mut AppearanceModel, from: u32, frames: u32, lamp: f32, hand: Option<(usize, usize)>) {
    for k in from..from + frames {
        see(model, &picture(k, lamp, hand));
    }
}

fn see(model: &mut AppearanceModel, picture: &[f32]) {
    let mut planes = CropPlanes::default();
    let crop = Crop::new(picture, W, &[], &mut planes).unwrap();
    model.update(&points(), &crop, None, 1.0 / 30.0, &AppearanceTuning::default());
}

fn at(model: &AppearanceModel, x: usize, y: usize) -> f32 {
    model.mask[y * SIDE / W * SIDE + x * SIDE / W]
}

#[test]
fn a_hand_is_in_front_and_light_is_not() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    assert!(model.mask.iter().all(|m| *m < 0.05));
    assert!(model.occlusion(&AppearanceTuning::default().occlusion).cells().is_none());
    show(&mut model, 40, 5, 0.5, None);
    assert!(model.mask.iter().all(|m| *m < 0.3), "a lamp from the side is no occluder");
    show(&mut model, 45, 5, 0.5, Some((70, 105)));
    assert!(at(&model, 100, 130) > 0.9, "{}", at(&model, 100, 130));
    assert!(at(&model, 60, 60) < 0.1 && at(&model, 150, 60) < 0.1);
    // The colours on both sides of its edge, as square roots of linear light.
    let occlusion = model.occlusion(&AppearanceTuning::default().occlusion);
    let cell = occlusion.cells().unwrap()[130 * SIDE / W * SIDE + 100 * SIDE / W];
    assert!(cell.front.z > cell.front.x && cell.face.x > cell.face.z, "{cell:?}");
    show(&mut model, 50, 15, 0.5, None);
    assert!(at(&model, 100, 130) < 0.05, "gone with the hand");
}

#[test]
fn a_hand_of_the_faces_own_colour_is_in_front_between_its_edges() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    // Plain skin with a shadow round it, where the face has spots.
    let mut held = picture(40, 0.0, None);
    for i in 0..W * W {
        let (x, y) = ((i % W) as i32 - 100, (i / W) as i32 - 130);
        let out = x.abs().max(y.abs());
        if out < 26 {
            for (c, colour) in [150.0, 110.0, 90.0].into_iter().enumerate() {
                held[c * W * W + i] = if out > 20 { colour * 0.6 } else { colour * 1.08 } / 255.0;
            }
        }
    }
    for _ in 0..5 {
        see(&mut model, &held);
    }
    let inside = (84..118).flat_map(|x| (114..148).map(move |y| (x, y)));
    let (sum, n) = inside.fold((0.0, 0.0), |(sum, n), (x, y)| (sum + at(&model, x, y), n + 1.0));
    assert!(sum / n > 0.6, "{}", sum / n);
    assert!(at(&model, 60, 60) < 0.1 && at(&model, 150, 60) < 0.1);
}

#[test]
fn what_stays_too_long_or_covers_all_is_the_face() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    show(&mut model, 40, 30, 0.0, Some((70, 105)));
    assert!(at(&model, 100, 130) > 0.9);
    show(&mut model, 70, 30 * 13, 0.0, Some((70, 105)));
    assert!(at(&model, 100, 130) < 0.1, "{}", at(&model, 100, 130));
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    // Blocks of colours that have nothing in common.
    let block = |i: usize| ((i % W / 20 + i / W / 20 * 10) as u32 + 1).wrapping_mul(0x9e37_79b9) >> 4;
    let other: Vec<f32> =
        (0..3 * W * W).map(|i| (block(i % (W * W)) >> (8 * (i / (W * W))) & 255) as f32 / 255.0).collect();
    for _ in 0..60 {
        see(&mut model, &other);
    }
    assert!(model.mask.iter().all(|m| *m < 0.1), "no occluder hides the whole face");
}

#[test]
fn nothing_is_in_front_while_it_learns() {
    let mut model = AppearanceModel::new();
    for k in 0..10 {
        show(&mut model, k, 1, 0.0, Some((70, 105)));
        assert!(model.mask.iter().all(|m| *m == 0.0));
    }
}

/// The mesh `points()` after a similarity about the picture's middle.
fn moved(shift: Vec2, turn: f32, grow: f32) -> Vec<Vec2> {
    let middle = Vec2::splat(W as f32 / 2.0);
    let matrix = glam::Mat2::from_angle(turn) * grow.exp();
    points().iter().map(|p| middle + matrix * (*p - middle) + shift).collect()
}

/// Lays a learned model from a misplaced mesh; gives how far the points end from where they belong, worst first.
fn misplaced(lamp: f32, hand: Option<(usize, usize)>) -> (f32, Fit) {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    if hand.is_some() {
        show(&mut model, 40, 2, lamp, hand);
    }
    let picture = picture(50, lamp, hand);
    let mut planes = CropPlanes::default();
    let crop = Crop::new(&picture, W, &[], &mut planes).unwrap();
    let mesh = moved(Vec2::new(1.5, -1.0), 0.015, -0.01);
    let fit = model.register(&mesh, &crop, &AppearanceTuning::default()).unwrap();
    let worst = mesh.iter().zip(points()).map(|(p, to)| fit.way.apply(*p).distance(to)).fold(0.0, f32::max);
    (worst, fit)
}

#[test]
fn a_misplaced_mesh_is_laid_right_under_a_lamp_and_behind_a_hand() {
    let (worst, fit) = misplaced(0.0, None);
    assert!(worst < 0.15 && fit.agreement > 0.9 && fit.pattern > 0.9, "{worst} {fit:?}");
    let (worst, fit) = misplaced(0.4, None);
    assert!(worst < 0.3, "{worst} {fit:?}");
    let (worst, fit) = misplaced(0.0, Some((70, 105)));
    assert!(worst < 0.5, "{worst} {fit:?}");
}

/// Another face before all but the left third of the picture.
fn mostly_hidden(mut picture: Vec<f32>) -> (Vec<f32>, Outline) {
    const FROM: usize = 54;
    for i in (0..W * W).filter(|i| i % W >= FROM) {
        let (x, y) = ((i % W) as f32, (i / W) as f32);
        let spots = 1.2 + 0.3 * (x * 0.21 + y * 0.13).sin() + 0.2 * (y * 0.4).cos();
        for (c, colour) in [0.5, 0.38, 0.31].into_iter().enumerate() {
            picture[c * W * W + i] = colour * spots;
        }
    }
    let (from, to) = (FROM as f32, W as f32);
    (picture, [[from, 0.0], [to, 0.0], [to, to], [from, to]].map(Vec2::from_array).into())
}

#[test]
fn a_face_behind_another_is_told_by_the_part_that_can_be_seen() {
    let (picture, outline) = mostly_hidden(picture(50, 0.0, None));
    let learned = || {
        let mut model = AppearanceModel::new();
        show(&mut model, 0, 40, 0.0, None);
        model
    };
    let look = |occluders: Vec<Outline>| {
        let (mut model, mut planes) = (learned(), CropPlanes::default());
        let crop = Crop::new(&picture, W, &[], &mut planes).unwrap().with_others(in_front(occluders));
        let fit = model
            .register(&points(), &crop, &AppearanceTuning::default())
            .map_or(0.0, |f| f.agreement * f.pattern);
        for _ in 0..3 {
            model.update(&points(), &crop, None, 1.0 / 30.0, &AppearanceTuning::default());
        }
        (fit, model.share())
    };
    let (alike, share) = look(vec![outline]);
    assert!(alike > 0.8 && share > 0.5, "looks {alike} like itself, {share} covered");
    // Without the outline the larger part decides: it is no face of that look.
    let (alike, share) = look(Vec::new());
    assert!(alike < 0.5 && share < 0.01, "looks {alike} like itself, {share} covered");
}

#[test]
fn other_faces_outlines_hide_at_once_also_where_the_face_is_not_found() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    let half: Outline =
        [[96.0, 0.0], [192.0, 0.0], [192.0, 192.0], [96.0, 192.0]].map(Vec2::from_array).into();
    let covered = |model: &AppearanceModel, x: usize| {
        let cell = 100 * SIDE / W * SIDE + x * SIDE / W;
        model
            .occlusion(&AppearanceTuning::default().occlusion)
            .cells()
            .map_or(0.0, |cells| cells[cell].covered)
    };
    assert_eq!(covered(&model, 140), 0.0);
    model.hide_within(&points(), std::slice::from_ref(&half));
    assert!(covered(&model, 140) == 1.0 && covered(&model, 50) < 0.05);
    // In the first frame in which it is found again too, and no longer when nothing is in front.
    let (picture, mut planes) = (picture(50, 0.0, None), CropPlanes::default());
    let crop = Crop::new(&picture, W, &[], &mut planes).unwrap().with_others(in_front(vec![half]));
    model.update(&points(), &crop, None, 1.0 / 30.0, &AppearanceTuning::default());
    assert!(covered(&model, 140) == 1.0 && covered(&model, 50) < 0.05);
    show(&mut model, 51, 1, 0.0, None);
    assert_eq!(covered(&model, 140), 0.0, "what looks like the face was never learned to be covered");
}

#[test]
fn a_place_is_behind_what_its_row_enters_once() {
    let picture = vec![0.5; 3 * W * W];
    let mut planes = CropPlanes::default();
    let diamond: Outline =
        [[90.0, 10.0], [170.0, 90.0], [90.0, 170.0], [10.0, 90.0]].map(Vec2::from_array).into();
    let crop = Crop::new(&picture, W, &[], &mut planes).unwrap().with_others(in_front(vec![diamond]));
    let behind = |x: f32, y: f32| crop.is_occluded(Vec2::new(x, y));
    assert!(behind(90.0, 90.0) && behind(12.0, 90.0) && behind(90.0, 160.0));
    assert!(!behind(5.0, 90.0) && !behind(175.0, 90.0) && !behind(20.0, 30.0) && !behind(90.0, 175.0));
}

#[test]
fn a_wall_is_no_face() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 40, 0.0, None);
    let wall = vec![0.45; 3 * W * W];
    let mut planes = CropPlanes::default();
    let crop = Crop::new(&wall, W, &[], &mut planes).unwrap();
    let fit = model.register(&points(), &crop, &AppearanceTuning::default());
    // Without slopes its place can't be told either: the error is more than a pixel.
    assert!(fit.is_none_or(|f| f.agreement * f.pattern < 0.4 && f.error > 1.0), "{fit:?}");
}

/// The picture's points as the network Veil has them.
fn mesh_points() -> Vec<crate::space::MeshPoint> {
    points().into_iter().map(|p| p.extend(0.0)).collect()
}

/// Other faces that stand in front.
fn in_front(outlines: Vec<Outline>) -> OtherFaces {
    OtherFaces { outlines, are_in_front: true }
}

/// A network's word: something stands before a square of the picture, `from` to `to` pixels both ways.
fn veiled(from: f32, to: f32) -> VeilReading {
    let held = move |uv: Vec2| {
        (uv * W as f32).cmpge(Vec2::splat(from)).all() && (uv * W as f32).cmplt(Vec2::splat(to)).all()
    };
    VeilReading::drawn(&mesh_points(), move |uv| f32::from(u8::from(held(uv))))
}

fn see_with(model: &mut AppearanceModel, picture: &[f32], front: &VeilReading) {
    let mut planes = CropPlanes::default();
    let crop = Crop::new(picture, W, &[], &mut planes).unwrap();
    model.update(&points(), &crop, Some(front), 1.0 / 30.0, &AppearanceTuning::default());
}

#[test]
fn what_looks_like_the_bare_face_is_the_face() {
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 50, 0.0, None);
    let bare_at = |model: &AppearanceModel, at: usize| model.bare()[at * SIDE / W * SIDE + at * SIDE / W];
    for k in 50..55 {
        see_with(&mut model, &picture(k, 0.0, None), &veiled(90.0, 140.0));
    }
    assert!(
        bare_at(&model, 115) > 0.95 && at(&model, 115, 115) < 0.05,
        "the network is wrong about the bare face"
    );
    for k in 55..60 {
        see_with(&mut model, &picture(k, 0.0, Some((85, 85))), &veiled(85.0, 145.0));
    }
    assert!(bare_at(&model, 115) < 0.05 && at(&model, 115, 115) > 0.95, "both see the hand");
}

#[test]
fn what_is_worn_from_the_first_frame_on_is_never_learned() {
    let mut model = AppearanceModel::new();
    for k in 0..60 {
        see_with(&mut model, &picture(k, 0.0, Some((85, 85))), &veiled(80.0, 150.0));
    }
    assert!(model.bare().iter().all(|bare| *bare == 0.0), "of what is behind it nothing is known");
    assert!(model.share() == 0.0 && model.age > 1.9, "it counts for no occluder, and the rest is learned");
    // What was put on later is forgotten in time.
    let mut model = AppearanceModel::new();
    show(&mut model, 0, 50, 0.0, None);
    for k in 50..60 {
        see_with(&mut model, &picture(k, 0.0, Some((85, 85))), &veiled(80.0, 150.0));
    }
    assert!(at(&model, 115, 115) > 0.95);
    for k in 60..60 + 30 * 13 {
        see_with(&mut model, &picture(k, 0.0, Some((85, 85))), &veiled(80.0, 150.0));
    }
    assert!(at(&model, 115, 115) == 0.0 && model.bare().iter().all(|bare| *bare == 0.0));
}
