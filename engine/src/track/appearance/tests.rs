use super::*;
use crate::canonical_uv::CANONICAL_UV;
use std::time::Duration;

const W: usize = 200;

/// A face that fills most of a picture of `W`² pixels.
fn points() -> Vec<Vec2> {
    CANONICAL_UV.iter().map(|p| Vec2::from_array(*p) * W as f32).collect()
}

/// Skin with some texture, under a light of strength `lamp` from the right; a square in front where `hand` says.
fn picture(frame: u32, lamp: f32, hand: Option<(usize, usize)>) -> Vec<u32> {
    let mut s = frame.wrapping_mul(2_654_435_761) | 1;
    (0..W * W)
        .map(|i| {
            let (x, y) = (i % W, i / W);
            s = s.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (s >> 30) as f32;
            let skin =
                [150.0, 110.0, 90.0].map(|c| c + 15.0 * (x as f32 * 0.1).sin() * (y as f32 * 0.07).cos());
            let held = hand.is_some_and(|(a, b)| (a..a + 60).contains(&x) && (b..b + 60).contains(&y));
            let colour = if held { [40.0, 60.0, 120.0] } else { skin };
            let lit =
                colour.map(|c| ((c + noise) * (1.0 + lamp * x as f32 / W as f32)).clamp(0.0, 255.0) as u8);
            u32::from_le_bytes([lit[0], lit[1], lit[2], 255])
        })
        .collect()
}

const PLAIN: [[f32; 4]; 3] = [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]];

/// Shows `frames` pictures to a model, and gives the mask at a picture's place.
fn show(model: &mut Model, from: u32, frames: u32, lamp: f32, hand: Option<(usize, usize)>) {
    for k in from..from + frames {
        let codes = picture(k, lamp, hand);
        model.update(&points(), &View { codes: &codes, size: [W as u32; 2], to_rgb: &PLAIN }, 1.0 / 30.0);
    }
}

fn at(model: &Model, x: usize, y: usize) -> f32 {
    model.mask[y * SIDE / W * SIDE + x * SIDE / W]
}

#[test]
fn a_hand_is_in_front_and_light_is_not() {
    let mut model = Model::new(FrameTime::default());
    show(&mut model, 0, 40, 0.0, None);
    assert!(model.mask.iter().all(|m| *m < 0.05));
    show(&mut model, 40, 5, 0.5, None);
    assert!(model.mask.iter().all(|m| *m < 0.3), "a lamp from the side is no occluder");
    show(&mut model, 45, 5, 0.5, Some((70, 110)));
    assert!(at(&model, 100, 140) > 0.9, "{}", at(&model, 100, 140));
    assert!(at(&model, 60, 60) < 0.1 && at(&model, 150, 60) < 0.1);
    show(&mut model, 50, 15, 0.5, None);
    assert!(at(&model, 100, 140) < 0.05, "gone with the hand");
}

#[test]
fn what_stays_too_long_or_covers_all_is_the_face() {
    let mut model = Model::new(FrameTime::default());
    show(&mut model, 0, 40, 0.0, None);
    show(&mut model, 40, 30, 0.0, Some((70, 110)));
    assert!(at(&model, 100, 140) > 0.9);
    show(&mut model, 70, 30 * 13, 0.0, Some((70, 110)));
    assert!(at(&model, 100, 140) < 0.1, "{}", at(&model, 100, 140));
    let mut model = Model::new(FrameTime::default());
    show(&mut model, 0, 40, 0.0, None);
    // Blocks of colours that have nothing in common.
    let block = |i: usize| ((i % W / 20 + i / W / 20 * 10) as u32 + 1).wrapping_mul(0x9e37_79b9) >> 4;
    let other: Vec<u32> = (0..W * W).map(|i| block(i) | 0xff00_0000).collect();
    for _ in 0..60 {
        model.update(&points(), &View { codes: &other, size: [W as u32; 2], to_rgb: &PLAIN }, 1.0 / 30.0);
    }
    assert!(model.mask.iter().all(|m| *m < 0.1), "no occluder hides the whole face");
}

#[test]
fn nothing_is_in_front_while_it_learns_and_a_second_look_sees_the_same() {
    let mut appearance = Appearance::default();
    let uv: Vec<crate::space::Uv> =
        CANONICAL_UV.iter().map(|p| crate::space::Uv(Vec2::from_array(*p))).collect();
    let texture = FaceTexture::bake(
        &vec![200; 64 * 64 * 4],
        64,
        &uv,
        crate::swap::Tone::Match,
        crate::swap::Mask::default(),
    )
    .unwrap();
    let solid: Vec<Vec3> = points().iter().map(|p| p.extend(0.0)).collect();
    let mut look = |k: u32, hand| {
        let codes = picture(k, 0.0, hand);
        let time = FrameTime(Duration::from_millis(u64::from(k) * 33));
        let view = View { codes: &codes, size: [W as u32; 2], to_rgb: &PLAIN };
        appearance.mask(3, time, &solid, &view, &texture).to_vec()
    };
    assert!((0..10).all(|k| look(k, Some((70, 110))).iter().all(|m| *m == 0.0)));
    for k in 10..40 {
        look(k, None);
    }
    let covered = look(40, Some((20, 30)));
    assert_eq!(covered.len(), CELLS);
    assert_eq!(look(40, None), covered);
}
