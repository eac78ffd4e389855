use super::*;
use crate::space::{CropSquare, ImagePx};
use crate::track::Pose;
use glam::{Quat, Vec3};

fn face(id: u64, x: f32, y: f32) -> Face {
    let corner = |dx: f32, dy: f32| Vec3::new(x + dx, y + dy, 0.0);
    let region = CropSquare { centre: ImagePx(Vec2::new(x, y)), side: 180.0, angle: 0.0 };
    let pose = Pose { rotation: Quat::IDENTITY, scale: 40.0, origin: Vec3::new(x, y, 0.0) };
    let landmarks = vec![corner(-50.0, -60.0), corner(50.0, 60.0)];
    Face { id: FaceId(id), score: 1.0, landmarks, region, pose, occlusion: Occlusion::default() }
}

fn at(ms: u64) -> FrameTime {
    FrameTime(Duration::from_millis(ms))
}

const SIZE: Vec2 = Vec2::new(640.0, 360.0);

fn shows(gate: &Gate) -> Vec<Show> {
    gate.records().iter().map(|r| r.show).collect()
}

#[test]
fn hold_then_pixelate_then_nothing() {
    let mut g = Gate::default();
    g.update(&[face(1, 300.0, 180.0)], at(0), SIZE);
    for (ms, expected) in [
        (33, vec![Show::Hold]),
        (250, vec![Show::Hold]),
        (260, vec![Show::Pixelate]),
        (2000, vec![Show::Pixelate]),
        (2001, vec![]),
    ] {
        g.update(&[], at(ms), SIZE);
        assert_eq!(shows(&g), expected, "{ms} ms");
    }
}

#[test]
fn a_face_that_leaves_needs_neither() {
    let mut g = Gate::default();
    g.update(&[face(1, 500.0, 180.0)], at(0), SIZE);
    g.update(&[face(1, 560.0, 180.0)], at(33), SIZE);
    g.update(&[], at(66), SIZE);
    assert_eq!(shows(&g), [Show::Nothing]);
    let mut half_out = Gate::default();
    half_out.update(&[face(1, 650.0, 180.0)], at(0), SIZE);
    half_out.update(&[], at(33), SIZE);
    assert_eq!(shows(&half_out), [Show::Nothing]);
}

#[test]
fn a_new_id_at_the_same_place_wears_the_same_persona() {
    let mut g = Gate::default();
    g.update(&[face(1, 200.0, 180.0), face(2, 450.0, 180.0)], at(0), SIZE);
    g.update(&[face(1, 200.0, 180.0)], at(33), SIZE);
    g.update(&[face(1, 200.0, 180.0), face(7, 455.0, 182.0)], at(66), SIZE);
    let worn: Vec<_> = g.records().iter().map(|r| (r.id.0, r.wears, r.show)).collect();
    assert_eq!(worn, [(1, 0, Show::Live), (7, 1, Show::Live)]);
}

#[test]
fn a_face_behind_another_is_not_drawn_over_it() {
    let mut g = Gate::default();
    g.update(&[face(1, 250.0, 180.0), face(2, 330.0, 180.0)], at(0), SIZE);
    g.update(&[face(2, 290.0, 180.0)], at(33), SIZE);
    assert_eq!(shows(&g), [Show::Nothing, Show::Live]);
}

#[test]
fn of_two_followed_faces_the_more_covered_one_is_drawn_first() {
    let covered = |share: f32| {
        let cell = crate::track::OcclusionCell { covered: share, ..Default::default() };
        Occlusion::from_cells(&vec![cell; crate::track::OCCLUSION_SIDE.pow(2)])
    };
    for (shares, expected) in [([0.1, 0.4], [2, 1]), ([0.4, 0.1], [1, 2]), ([0.0, 0.0], [1, 2])] {
        let mut g = Gate::default();
        let [a, b] = shares.map(covered);
        let behind = Face { occlusion: a, ..face(1, 250.0, 180.0) };
        g.update(&[behind, Face { occlusion: b, ..face(2, 300.0, 180.0) }], at(0), SIZE);
        let order: Vec<u64> = g.in_order().iter().map(|r| r.id.0).collect();
        assert_eq!(order, expected, "{shares:?}");
    }
}

#[test]
fn with_protect_a_hidden_face_is_covered_where_it_was_and_where_it_went() {
    let mut g = Gate::default();
    g.configure(true, 2);
    for k in 0..10u64 {
        g.update(&[face(1, 200.0 + 6.0 * k as f32, 180.0), face(2, 300.0, 180.0)], at(33 * k), SIZE);
    }
    // The one in front stands still, right over the other's last place.
    g.update(&[face(2, 260.0, 180.0)], at(330), SIZE);
    g.update(&[face(2, 260.0, 180.0)], at(660), SIZE);
    assert_eq!(shows(&g), [Show::Ghost, Show::Live]);
    let hidden = &g.records()[0];
    let place = hidden.gone_on(at(660)).unwrap();
    // 6 pixels a frame of 33 ms; last seen at 297 ms.
    assert!((place.centre().x - (254.0 + 363.0 * 6.0 / 33.0)).abs() < 2.0, "{place:?}");
    assert_eq!(hidden.gone_on(at(2000)), None, "too long ago");
    // It comes out on the other side by its id: drawn first, since it was behind.
    g.update(&[face(1, 340.0, 180.0), face(2, 260.0, 180.0)], at(693), SIZE);
    let order: Vec<u64> = g.in_order().iter().map(|r| r.id.0).collect();
    assert_eq!(order, [1, 2]);
    assert_eq!(shows(&g), [Show::Live, Show::Live]);
}

#[test]
fn a_face_with_a_new_id_stands_for_the_nearest_hidden_one() {
    let mut g = Gate::default();
    g.configure(true, 3);
    g.update(&[face(1, 200.0, 180.0), face(2, 240.0, 180.0), face(3, 560.0, 180.0)], at(0), SIZE);
    g.update(&[face(2, 220.0, 180.0), face(3, 560.0, 180.0)], at(33), SIZE);
    assert_eq!(shows(&g), [Show::Ghost, Show::Live, Show::Live]);
    g.update(&[face(9, 400.0, 180.0), face(2, 220.0, 180.0), face(3, 560.0, 180.0)], at(66), SIZE);
    let ids: Vec<u64> = g.records().iter().map(|r| r.id.0).collect();
    assert_eq!(ids, [2, 3, 9]);
}

#[test]
fn only_a_live_face_with_nothing_in_front_has_a_clear_outline() {
    let mut g = Gate::default();
    let whole = Face { landmarks: vec![Vec3::new(300.0, 180.0, 0.0); 478], ..face(1, 300.0, 180.0) };
    g.update(&[whole], at(0), SIZE);
    assert_eq!(g.records()[0].clear_outline().map(|o| o.len()), Some(OVAL.len()));
    g.update(&[], at(33), SIZE);
    assert_eq!(g.records()[0].clear_outline(), None);
    // Two points are no outline.
    g.update(&[face(1, 300.0, 180.0)], at(66), SIZE);
    assert_eq!(g.records()[0].clear_outline(), None);
}
