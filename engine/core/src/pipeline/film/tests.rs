use super::super::sight::tests::{Script, engine, face_at, green_at, picture, stamped};
use super::super::{Privacy, State};
use super::*;
use std::sync::Arc;

/// Plays pictures; `back` is what a second tracker says, which only goes backwards here.
fn play(
    script: &Script,
    back: &Script,
    privacy: Privacy,
    reading: Reading,
    frames: Vec<Frame>,
) -> Vec<Output> {
    let back = back.clone();
    let mut film = Film::new(engine(script, privacy), reading, move || Ok(Box::new(back.clone())));
    let stamps: Vec<_> = frames.iter().map(|f| (f.id, f.time)).collect();
    let mut out = Vec::new();
    for frame in frames {
        out.extend(film.push(frame).unwrap());
        assert!(film.seen.len() <= AHEAD);
    }
    out.extend(film.finish().unwrap());
    let after: Vec<_> = out.iter().map(|o| (o.badged.frame().id, o.badged.frame().time)).collect();
    assert_eq!(after, stamps, "every picture comes out, in order, with its own time");
    out
}

fn states(out: &[Output]) -> Vec<State> {
    out.iter().map(|o| o.state).collect()
}

/// One scene of `n` pictures.
fn film(n: u64) -> Vec<Frame> {
    (0..n).map(|k| picture(1, k, k * 33)).collect()
}

#[test]
fn a_face_that_is_found_late_is_worn_from_where_it_can_be_seen() {
    // Found in the 9th picture; going back it is seen as far as the 4th.
    let script = Script::new((8..20).map(|k| (k, face_at(7, 80.0))));
    let back = Script::new((3..20).map(|k| (k, face_at(55, 80.0))));
    for (privacy, before) in [(Privacy::Relaxed, State::Live), (Privacy::Protect, State::Starting)] {
        let out = play(&script, &back, privacy, Reading::Sequence, film(20));
        assert_eq!(states(&out), [vec![before; 3], vec![State::Live; 17]].concat());
        for (k, o) in out.iter().enumerate() {
            assert_eq!(green_at(o, 80.0), k >= 3, "picture {k}");
            assert!(o.faces.iter().all(|f| f.id.0 == 7), "the same face");
        }
    }
    let asked = back.told.lock().unwrap().join(" ");
    assert_eq!(asked, "reset 8 7 6 5 4 3 2 reset 8 7 6 5 4 3 2");
}

#[test]
fn a_face_is_not_carried_over_a_cut_nor_onto_another_nor_beside_as_many_as_wear_one() {
    let frames = |cut: u64| (0..12).map(move |k| picture(if k < cut { 1 } else { 2 }, k, k * 33)).collect();
    let back = Script::new((0..12).map(|k| (k, face_at(55, 80.0))));
    let script = Script::new((8..12).map(|k| (k, face_at(7, 80.0))));
    let out = play(&script, &back, Privacy::Relaxed, Reading::Sequence, frames(5));
    let green: Vec<bool> = out.iter().map(|o| green_at(o, 80.0)).collect();
    assert_eq!(green, [vec![false; 5], vec![true; 7]].concat());
    // The face was there by another number, or another face was there.
    for x in [84.0, 240.0] {
        let script = Script::new((0..12).map(|k| (k, if k < 6 { face_at(3, x) } else { face_at(7, 80.0) })));
        let out = play(&script, &back, Privacy::Relaxed, Reading::Sequence, frames(12));
        assert!(out[..6].iter().all(|o| o.faces.len() == 1 && o.faces[0].id.0 == 3));
    }
}

#[test]
fn with_protect_nothing_waits_for_pictures_that_are_known_to_be_good() {
    let script = Script::new((0..12).map(|k| (k, face_at(1 + k / 4, 80.0))));
    let frames: Vec<Frame> = (0..12).map(|k| picture(k / 4, k, k * 33)).collect();
    let out = play(&script, &Script::default(), Privacy::Protect, Reading::Sequence, frames);
    assert_eq!(states(&out), [State::Live; 12]);
    // Where the next one but one is not good, this one waits.
    let script = Script::new([0, 1, 3, 4, 5, 6].map(|k| (k, face_at(1, 80.0))));
    let out = play(&script, &Script::default(), Privacy::Protect, Reading::Sequence, film(7));
    let wanted = [vec![State::Starting; 3], vec![State::Live; 4]].concat();
    assert_eq!(states(&out), wanted);
}

#[test]
fn a_single_picture_and_scenes_of_one_are_shown_with_protect() {
    let script = Script::new((0..5).map(|k| (k, face_at(1 + k, 80.0))));
    for reading in [Reading::Sequence, Reading::Unrelated] {
        for n in [1, 5] {
            let frames = (0..n).map(|k| picture(k, k, k * 33)).collect();
            let out = play(&script, &Script::default(), Privacy::Protect, reading, frames);
            assert_eq!(states(&out), vec![State::Live; n as usize], "{reading:?}");
        }
    }
    // In an album alike pictures have nothing to do with each other either.
    let out = play(&script, &Script::default(), Privacy::Protect, Reading::Unrelated, film(5));
    assert_eq!(out.iter().map(|o| o.scene).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(states(&out), [State::Live; 5]);
    // Without a face there is nothing to show.
    let script = Script::default();
    let out = play(&script, &Script::default(), Privacy::Protect, Reading::Unrelated, film(2));
    assert_eq!(states(&out), [State::Starting; 2]);
}

#[test]
fn a_tracker_that_breaks_down_going_back_holds_nothing_up() {
    let script = Script::new((8..20).map(|k| (k, face_at(7, 80.0))));
    let mut back = Script::new((0..20).map(|k| (k, face_at(55, 80.0))));
    back.panics = Arc::new(vec![5]);
    let out = play(&script, &back, Privacy::Relaxed, Reading::Sequence, film(20));
    let green: Vec<bool> = out.iter().map(|o| green_at(o, 80.0)).collect();
    assert_eq!(green, [vec![false; 6], vec![true; 14]].concat());
}

#[test]
fn a_cut_to_a_far_brighter_scene_is_known_by_the_picture_after_it() {
    let dim = |f: Frame, gain: f32, lift: f32| {
        let data: Vec<u8> = f.data().iter().map(|v| (f32::from(*v) * gain + lift) as u8).collect();
        let made = Frame::new(f.format(), f.colour(), f.width(), f.height(), data).unwrap();
        stamped(made, &f)
    };
    let frames = (0..8)
        .map(|k| match k {
            0..4 => dim(picture(1, k, k * 33), 0.4, 0.0),
            _ => dim(picture(2, k, k * 33), 0.5, 150.0),
        })
        .collect();
    let script = Script::new((0..8).map(|k| (k, face_at(1 + k / 4, 80.0))));
    let out = play(&script, &Script::default(), Privacy::Relaxed, Reading::Sequence, frames);
    assert_eq!(out.iter().map(|o| o.scene).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 2, 2, 2]);
}
