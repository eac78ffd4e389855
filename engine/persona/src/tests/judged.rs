//! Whether a face is fit to be worn, on the built-in composites with things painted before them.

use glam::{Quat, Vec2};

use super::*;
use omote_frame::topology::{EYE_LEFT, EYE_RIGHT, LIPS_OUTER};

/// A composite's picture after `paint` had each pixel: place, colour.
fn painted(photo: &Picture, paint: impl Fn(Vec2, [f32; 3]) -> [f32; 3]) -> Picture {
    let mut rgba = photo.rgba().to_vec();
    for (i, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let at = Vec2::new((i as u32 % photo.width()) as f32, (i as u32 / photo.width()) as f32);
        let colour = paint(at, [pixel[0], pixel[1], pixel[2]].map(f32::from));
        pixel[..3].copy_from_slice(&colour.map(|v| v.clamp(0.0, 255.0) as u8));
    }
    Picture::from_rgba(photo.width(), photo.height(), rgba).unwrap()
}

fn middle(face: &[MeshPoint], points: &[u16]) -> Vec2 {
    points.iter().map(|i| face[usize::from(*i)].truncate()).sum::<Vec2>() / points.len() as f32
}

/// Whether a place lies in an ellipse.
fn in_ellipse(at: Vec2, centre: Vec2, half: Vec2) -> bool {
    ((at - centre) / half).length_squared() < 1.0
}

#[test]
fn the_composites_are_fit_to_be_worn() {
    for (photo, face) in Composite::ALL.iter().map(|composite| composite.face().unwrap()) {
        assert_eq!(judge::flaw(&photo, &face), None);
        for light in [0.45, 0.7, 1.25] {
            let lit = painted(&photo, |_, c| c.map(|v| v * light));
            assert_eq!(judge::flaw(&lit, &face), None, "light {light}");
        }
    }
}

#[test]
fn whatever_stands_before_a_face_is_noticed() {
    type Colours = &'static [(&'static str, [f32; 3])];
    const MASKS: Colours =
        &[("blue", [150.0, 190.0, 215.0]), ("white", [235.0, 235.0, 232.0]), ("black", [30.0, 30.0, 34.0])];
    for (photo, face) in Composite::ALL.iter().map(|composite| composite.face().unwrap()) {
        let width = (face[454] - face[234]).truncate().length();
        for (name, colour) in MASKS {
            let centre = middle(&face, &LIPS_OUTER);
            let half = Vec2::new(0.42, 0.33) * width;
            let masked = painted(&photo, |at, c| {
                let fold = 1.0 + 0.06 * (at.y * 0.09).sin();
                if in_ellipse(at, centre, half) { colour.map(|v| v * fold) } else { c }
            });
            assert_eq!(judge::flaw(&masked, &face), Some(Flaw::Covered(Part::Mouth)), "{name}");
        }
        let eyes = [middle(&face, &EYE_RIGHT), middle(&face, &EYE_LEFT)];
        let glasses = |which: &[Vec2]| {
            painted(&photo, |at, c| {
                let dark = which.iter().any(|e| in_ellipse(at, *e, Vec2::new(0.19, 0.14) * width));
                if dark { [24.0, 22.0, 26.0] } else { c }
            })
        };
        assert_eq!(judge::flaw(&glasses(&eyes), &face), Some(Flaw::Covered(Part::Eyes)));
        assert_eq!(judge::flaw(&glasses(&eyes[..1]), &face), Some(Flaw::Covered(Part::RightEye)));
        let patch = judge::place(Flaw::Covered(Part::RightEye), &face);
        let [left, top, right, bottom] = patch;
        assert!(eyes[0].x > left && eyes[0].x < right && eyes[0].y > top && eyes[0].y < bottom, "{patch:?}");
    }
}

#[test]
fn half_in_the_dark_and_turned_away_is_said_so() {
    let (photo, face) = Composite::ALL.iter().map(|composite| composite.face().unwrap()).next().unwrap();
    let nose = face[6].x;
    for left in [true, false] {
        let dark = painted(&photo, |at, c| if (at.x < nose) == left { c.map(|v| v * 0.35) } else { c });
        assert_eq!(judge::flaw(&dark, &face), Some(Flaw::HalfDark { left }));
    }
    let dark = painted(&photo, |_, c| c.map(|v| v * 0.05));
    assert_eq!(judge::flaw(&dark, &face), Some(Flaw::Dark));
    let centre = face[6];
    let turned = |turn: Quat| face.iter().map(|p| turn * (*p - centre) + centre).collect::<Vec<_>>();
    for degrees in [-60.0f32, -40.0, 40.0, 60.0] {
        let side = turned(Quat::from_rotation_y(degrees.to_radians()));
        assert!(matches!(judge::flaw(&photo, &side), Some(Flaw::Turned { .. })), "{degrees}");
        let nod = turned(Quat::from_rotation_x(degrees.to_radians()));
        assert!(matches!(judge::flaw(&photo, &nod), Some(Flaw::Nodding { .. })), "{degrees}");
    }
    // Rolling is none of it: the face is turned upright when it is worn.
    let rolled = turned(Quat::from_rotation_z(0.5));
    assert!(!matches!(judge::flaw(&photo, &rolled), Some(Flaw::Turned { .. } | Flaw::Nodding { .. })));
}

#[test]
fn an_unfit_photo_is_refused_with_its_place_unless_it_is_to_be_taken_anyway() {
    let dir = tempfile::tempdir().unwrap();
    let (photo, face) = Composite::ALL.iter().map(|composite| composite.face().unwrap()).next().unwrap();
    let centre = middle(&face, &LIPS_OUTER);
    let masked = painted(&photo, |at, c| if at.distance(centre) < 130.0 { [150.0, 190.0, 215.0] } else { c });
    let path = dir.path().join("masked.png");
    fs::write(&path, masked.to_png().unwrap()).unwrap();
    let mut form = form::Form::for_photo(&path);
    (form.class, form.own, form.answers) = (Some(ClassKind::Oneself), true, true);
    let find: FindFaces<'_> = &|_| Ok(vec![face.clone()]);
    let error = form.make(dir.path(), today(), find).unwrap_err();
    let mut causes = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let refusal = causes.find_map(|e| e.downcast_ref::<Refusal>()).unwrap();
    assert!(matches!(refusal.source, PersonaError::Unfit { flaw: Flaw::Covered(Part::Mouth) }));
    let [left, top, right, bottom] = refusal.places[0];
    assert!(centre.x > left && centre.x < right && centre.y > top && centre.y < bottom);
    assert_eq!(refusal.size, (photo.width(), photo.height()));
    form.anyway = true;
    assert_eq!(form.make(dir.path(), today(), find).unwrap().name(), "masked");
}
