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

/// Casting by rules of the test's.
#[derive(Clone)]
struct Stage {
    casting: Casting,
    rules: Rules,
}

impl Stage {
    fn new(protect: bool, listed: usize) -> Self {
        Self { casting: Casting::default(), rules: Rules { protect, listed } }
    }

    fn cast(&mut self, faces: &[Face], time: FrameTime) -> Cast {
        self.casting.cast(faces, time, SIZE, self.rules)
    }
}

/// What is to be seen of each face, by its number.
fn seen(cast: &Cast) -> Vec<Visibility> {
    let mut members: Vec<&Member> = cast.members().iter().collect();
    members.sort_by_key(|m| m.id());
    members.into_iter().map(|m| m.visibility).collect()
}

fn ids(cast: &Cast) -> Vec<u64> {
    cast.members().iter().map(|m| m.id().0).collect()
}

#[test]
fn hold_then_pixelate_then_nothing() {
    let mut g = Stage::new(false, 2);
    g.cast(&[face(1, 300.0, 180.0)], at(0));
    for (ms, expected) in [
        (33, vec![Visibility::Held]),
        (250, vec![Visibility::Held]),
        (260, vec![Visibility::Pixelated]),
        (2000, vec![Visibility::Pixelated]),
        (2001, vec![]),
    ] {
        assert_eq!(seen(&g.cast(&[], at(ms))), expected, "{ms} ms");
    }
}

#[test]
fn a_face_that_leaves_needs_neither() {
    let mut g = Stage::new(false, 2);
    g.cast(&[face(1, 500.0, 180.0)], at(0));
    g.cast(&[face(1, 560.0, 180.0)], at(33));
    assert_eq!(seen(&g.cast(&[], at(66))), [Visibility::Gone]);
    let mut half_out = Stage::new(false, 2);
    half_out.cast(&[face(1, 650.0, 180.0)], at(0));
    assert_eq!(seen(&half_out.cast(&[], at(33))), [Visibility::Gone]);
}

#[test]
fn a_new_id_at_the_same_place_wears_the_same_persona() {
    let mut g = Stage::new(false, 2);
    g.cast(&[face(1, 200.0, 180.0), face(2, 450.0, 180.0)], at(0));
    g.cast(&[face(1, 200.0, 180.0)], at(33));
    let cast = g.cast(&[face(1, 200.0, 180.0), face(7, 455.0, 182.0)], at(66));
    let worn: Vec<_> = cast.members().iter().map(|m| (m.id().0, m.role, m.visibility)).collect();
    let [first, second] = [0, 1].map(Role::Persona);
    assert_eq!(worn, [(1, first, Visibility::Live), (7, second, Visibility::Live)]);
}

#[test]
fn a_face_behind_another_is_not_drawn_over_it() {
    let mut g = Stage::new(false, 2);
    g.cast(&[face(1, 250.0, 180.0), face(2, 330.0, 180.0)], at(0));
    assert_eq!(seen(&g.cast(&[face(2, 290.0, 180.0)], at(33))), [Visibility::Gone, Visibility::Live]);
}

#[test]
fn of_two_followed_faces_the_more_covered_one_is_drawn_first() {
    let covered = |share: f32| {
        let cell = crate::track::OcclusionCell { covered: share, ..Default::default() };
        Occlusion::from_cells(&vec![cell; crate::track::OCCLUSION_SIDE.pow(2)])
    };
    for (shares, expected) in [([0.1, 0.4], [2, 1]), ([0.4, 0.1], [1, 2]), ([0.0, 0.0], [1, 2])] {
        let mut g = Stage::new(false, 2);
        let [a, b] = shares.map(covered);
        let behind = Face { occlusion: a, ..face(1, 250.0, 180.0) };
        let cast = g.cast(&[behind, Face { occlusion: b, ..face(2, 300.0, 180.0) }], at(0));
        assert_eq!(ids(&cast), expected, "{shares:?}");
    }
}

#[test]
fn with_protect_a_hidden_face_is_covered_where_it_was_and_where_it_went() {
    let mut g = Stage::new(true, 2);
    for k in 0..10u64 {
        g.cast(&[face(1, 200.0 + 6.0 * k as f32, 180.0), face(2, 300.0, 180.0)], at(33 * k));
    }
    // The one in front stands still, right over the other's last place.
    g.cast(&[face(2, 260.0, 180.0)], at(330));
    let cast = g.cast(&[face(2, 260.0, 180.0)], at(660));
    assert_eq!(seen(&cast), [Visibility::Redacted, Visibility::Live]);
    let hidden = &cast.members()[0];
    let place = hidden.predicted.unwrap();
    // 6 pixels a frame of 33 ms; last seen at 297 ms.
    assert!((place.centre().x - (254.0 + 363.0 * 6.0 / 33.0)).abs() < 2.0, "{place:?}");
    assert_eq!(hidden.redactions().count(), 2);
    let later = g.clone().cast(&[face(2, 260.0, 180.0)], at(2000));
    assert_eq!(later.members()[0].predicted, None, "too long ago");
    // It comes out on the other side by its id: drawn first, since it was behind.
    let cast = g.cast(&[face(1, 340.0, 180.0), face(2, 260.0, 180.0)], at(693));
    assert_eq!(ids(&cast), [1, 2]);
    assert_eq!(seen(&cast), [Visibility::Live, Visibility::Live]);
}

#[test]
fn a_face_with_a_new_id_stands_for_the_nearest_hidden_one() {
    let mut g = Stage::new(true, 3);
    g.cast(&[face(1, 200.0, 180.0), face(2, 240.0, 180.0), face(3, 560.0, 180.0)], at(0));
    let cast = g.cast(&[face(2, 220.0, 180.0), face(3, 560.0, 180.0)], at(33));
    assert_eq!(seen(&cast), [Visibility::Redacted, Visibility::Live, Visibility::Live]);
    let cast = g.cast(&[face(9, 400.0, 180.0), face(2, 220.0, 180.0), face(3, 560.0, 180.0)], at(66));
    assert_eq!(ids(&cast), [2, 3, 9]);
}

#[test]
fn only_a_live_face_with_nothing_in_front_has_a_clear_outline() {
    let mut g = Stage::new(false, 2);
    let whole = Face { landmarks: vec![Vec3::new(300.0, 180.0, 0.0); 478], ..face(1, 300.0, 180.0) };
    let outline = |cast: &Cast| cast.members()[0].clear_outline().map(|o| o.len());
    assert_eq!(outline(&g.cast(&[whole], at(0))), Some(OVAL.len()));
    assert_eq!(outline(&g.cast(&[], at(33))), None);
    // Two points are no outline.
    assert_eq!(outline(&g.cast(&[face(1, 300.0, 180.0)], at(66))), None);
}

#[test]
fn faces_beyond_those_listed_are_guarded_with_protect_and_passers_by_without() {
    let three = [face(1, 100.0, 180.0), face(2, 300.0, 180.0), face(3, 500.0, 180.0)];
    for (protect, last) in [(true, Role::Guarded), (false, Role::PasserBy(2))] {
        let cast = Stage::new(protect, 2).cast(&three, at(0));
        let roles: Vec<Role> = cast.members().iter().map(|m| m.role).collect();
        assert_eq!(roles, [Role::Persona(0), Role::Persona(1), last]);
        assert_eq!(cast.members()[2].is_redacted(), protect);
        let model: Vec<u64> = cast.for_model().iter().map(|face| face.id.0).collect();
        assert_eq!(model, [1, 2]);
    }
}

#[test]
fn the_model_s_faces_are_those_that_wear_a_persona_and_are_seen_whatever_the_order() {
    let [a, b, c] = [face(1, 100.0, 180.0), face(2, 300.0, 180.0), face(3, 500.0, 180.0)];
    let model = |cast: &Cast| cast.for_model().iter().map(|face| face.id.0).collect::<Vec<_>>();
    let mut g = Stage::new(true, 2);
    assert_eq!(model(&g.cast(&[a.clone(), b.clone(), c.clone()], at(0))), [1, 2]);
    assert_eq!(model(&g.cast(&[c.clone(), b.clone(), a.clone()], at(33))), [1, 2]);
    assert_eq!(model(&g.cast(&[c.clone(), b.clone()], at(66))), [2]);
    assert_eq!(model(&g.cast(std::slice::from_ref(&c), at(99))), [0; 0]);
    assert_eq!(model(&g.cast(&[c, b, a], at(132))), [1, 2]);
}

/// The role of each face that is drawn, by its number.
fn roles(cast: &Cast) -> Vec<(u64, Role)> {
    let drawn = |m: &&Member| !matches!(m.visibility, Visibility::Redacted | Visibility::Gone);
    let mut roles: Vec<_> = cast.members().iter().filter(drawn).map(|m| (m.id().0, m.role)).collect();
    roles.sort_by_key(|(id, _)| *id);
    roles
}

#[test]
fn who_was_away_has_its_persona_back_from_the_one_that_stood_in() {
    let (streamer, passer_by) = (face(1, 150.0, 180.0), face(2, 450.0, 180.0));
    let persona = Role::Persona(0);
    // By its number, at its place, or where a face comes up that can be no other.
    for back in [streamer.clone(), face(7, 160.0, 182.0), face(7, 320.0, 180.0)] {
        let mut g = Stage::new(true, 1);
        let both = [streamer.clone(), passer_by.clone()];
        assert_eq!(roles(&g.cast(&both, at(0))), [(1, persona), (2, Role::Guarded)]);
        let alone = std::slice::from_ref(&passer_by);
        assert_eq!(roles(&g.cast(alone, at(2000))), [(1, persona), (2, Role::Guarded)]);
        assert_eq!(roles(&g.cast(alone, at(2033))), [(2, persona)]);
        assert_eq!(roles(&g.cast(alone, at(5000))), [(2, persona)]);
        let id = back.id.0;
        let cast = g.cast(&[passer_by.clone(), back], at(5033));
        let mut expected = [(2, Role::Guarded), (id, persona)];
        expected.sort_by_key(|(id, _)| *id);
        assert_eq!(roles(&cast), expected);
        assert_eq!(cast.for_model().iter().map(|f| f.id.0).collect::<Vec<_>>(), [id]);
    }
}

#[test]
fn who_is_forgotten_leaves_its_persona_to_the_one_that_stood_in() {
    let (streamer, passer_by) = (face(1, 150.0, 180.0), face(2, 450.0, 180.0));
    let mut g = Stage::new(true, 1);
    g.cast(&[streamer, passer_by.clone()], at(0));
    for ms in [2033, 8033] {
        g.cast(std::slice::from_ref(&passer_by), at(ms));
    }
    let cast = g.cast(&[face(7, 150.0, 180.0), passer_by], at(8066));
    assert_eq!(roles(&cast), [(2, Role::Persona(0)), (7, Role::Guarded)]);
}

#[test]
fn no_two_faces_wear_a_persona_of_one_number_at_once() {
    let mut seed = 1u32;
    let mut below = |n: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) % n
    };
    for (protect, listed) in [(true, 1), (true, 2), (false, 1), (false, 2)] {
        let mut g = Stage::new(protect, listed);
        let mut there = [true; 4];
        let mut numbers = [0, 1, 2, 3];
        for k in 0..4000u64 {
            for i in 0..4 {
                if below(40) == 0 {
                    there[i] = !there[i];
                    // A face that comes back has another number by turns.
                    numbers[i] += 4 * u64::from(below(2));
                }
            }
            let faces: Vec<Face> = (0..4)
                .filter(|i| there[*i])
                .map(|i| face(numbers[i], 80.0 + 150.0 * i as f32 + below(20) as f32, 180.0))
                .collect();
            let cast = g.cast(&faces, at(k * 100));
            let mut worn: Vec<usize> = roles(&cast).iter().filter_map(|(_, role)| role.persona()).collect();
            let all = worn.len();
            worn.sort_unstable();
            worn.dedup();
            assert_eq!(worn.len(), all, "{protect} {listed}, picture {k}: {:?}", roles(&cast));
        }
    }
}
