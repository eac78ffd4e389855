use super::*;

use crate::source::{Rate, read_picture};
use crate::space::ImagePx;
use crate::track::Face;
use crate::track::Pose;
use crate::track::tests::{actor_of, beside, said_missing, tracker, turned_by};

/// Beyond this a mesh does not stand as the face does, radians.
const WRONG: f32 = 0.3;

/// Pictures of an actor with the roll of its head.
fn actor(seed: u64, from: u64, count: u64) -> Vec<(Frame, f32)> {
    let mut actor = actor_of(seed, 320, 240);
    let shots = (from..from + count).map(|k| actor.frame(k));
    shots.map(|shot| (shot.frame, Pose::fit(&shot.faces[0].landmarks).unwrap().roll())).collect()
}

fn at(mut frame: Frame, index: u64) -> Frame {
    frame.time = Rate::DEFAULT.time(index);
    frame
}

/// How far a face's mesh is from the roll that it should have, radians.
fn off(face: &Face, truth: f32) -> f32 {
    wrap(face.pose.roll() - truth).abs()
}

fn degrees(step: usize) -> impl Iterator<Item = f32> {
    (0..360).step_by(step).map(|d| d as f32)
}

#[test]
fn a_still_face_is_read_right_at_every_roll() {
    let Some(mut tracker) = tracker(4) else { return };
    let mut wrong = Vec::new();
    for seed in [1, 4] {
        let (picture, roll) = actor(seed, 3, 1).remove(0);
        for degrees in degrees(15) {
            let faces = tracker.detect_still(&turned_by(&picture, degrees)).unwrap();
            let off: Vec<f32> = faces.iter().map(|f| off(f, roll + degrees.to_radians())).collect();
            if off.len() != 1 || off[0] > WRONG {
                wrong.push((seed, degrees, off));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_face_of_any_roll_is_followed_right_from_its_first_pictures_on() {
    let Some(mut tracker) = tracker(1) else { return };
    let mut wrong = Vec::new();
    for seed in [2, 5] {
        let pictures = actor(seed, 0, 3);
        for degrees in degrees(15) {
            tracker.reset();
            for (k, (picture, roll)) in pictures.iter().enumerate() {
                let faces = tracker.track(&at(turned_by(picture, degrees), k as u64)).unwrap();
                let off: Vec<f32> = faces.iter().map(|f| off(f, roll + degrees.to_radians())).collect();
                let missing = off.is_empty() && k == 2;
                if missing || off.iter().any(|o| *o > WRONG) {
                    wrong.push((seed, degrees, k, off));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_head_that_rolls_all_the_way_round_is_followed_all_the_way_round() {
    let Some(mut tracker) = tracker(1) else { return };
    for step in [4.0f32, 12.0] {
        tracker.reset();
        let mut lost = 0;
        for (k, (picture, roll)) in actor(3, 0, (360.0 / step) as u64).iter().enumerate() {
            let degrees = k as f32 * step;
            let faces = tracker.track(&at(turned_by(picture, degrees), k as u64)).unwrap();
            lost += usize::from(faces.is_empty());
            for face in faces {
                let off = off(&face, roll + degrees.to_radians());
                assert!(off < WRONG, "{off} off at {degrees} degrees, {step} a picture");
            }
        }
        assert!(lost <= 2, "not found in {lost} pictures at {step} degrees a picture");
    }
}

#[test]
fn of_two_faces_either_may_stand_on_its_head() {
    let Some(mut tracker) = tracker(4) else { return };
    let (left, right) = (actor(5, 0, 30), actor(8, 0, 30));
    for (a, b) in [(0.0f32, 180.0f32), (180.0, 0.0), (180.0, 180.0), (150.0, 20.0)] {
        tracker.reset();
        let mut last = 0;
        for (k, (l, r)) in left.iter().zip(&right).enumerate() {
            // The second one comes in mid-stream.
            let there = if k < 12 {
                Frame::filled(r.0.format(), r.0.colour(), 320, 240, [110; 3]).unwrap()
            } else {
                r.0.clone()
            };
            let picture = beside(&turned_by(&l.0, a), &turned_by(&there, b));
            let middle = picture.width() as f32 / 2.0;
            let faces = tracker.track(&at(picture, k as u64)).unwrap();
            for face in &faces {
                let truth =
                    if face.pose.origin.x < middle { l.1 + a.to_radians() } else { r.1 + b.to_radians() };
                assert!(off(face, truth) < WRONG, "{a} and {b}, picture {k}: {} off", off(face, truth));
            }
            assert!(k < 2 || !faces.is_empty(), "{a} and {b}, picture {k}");
            last = faces.len();
        }
        assert_eq!(last, 2, "{a} and {b}");
    }
}

#[test]
fn a_mesh_that_stands_on_its_head_is_turned_over() {
    let Some(mut tracker) = tracker(1) else { return };
    let pictures = actor(6, 0, 24);
    let mut right = 0;
    for (k, (picture, roll)) in pictures.iter().enumerate() {
        let faces = tracker.track(&at(picture.clone(), k as u64)).unwrap();
        tracker.run_deferred_detection().unwrap();
        if k == 1 {
            // As if it had been taken for an inverted one.
            let region = inverted(tracker.tracks[0].pose.region(REGION_MARGIN));
            let (reading, region) = tracker.read_mesh(picture, region).unwrap();
            let over = Track::from_mesh(tracker.tracks[0].id, 1.0, reading.points, region).unwrap();
            assert!(wrap(over.pose.roll() - roll).abs() > 2.0, "the network reads an inverted mesh here");
            (tracker.tracks[0], right) = (over, 0);
        } else if faces.first().is_some_and(|f| off(f, *roll) < WRONG) {
            right += 1;
        }
    }
    assert!(right > 10, "right in {right} pictures");
}

#[test]
fn faces_too_small_for_the_whole_picture_are_found() {
    let Some(mut tracker) = tracker(1) else { return };
    let pictures = actor(1, 0, 1);
    // A face of some 45 pixels of 1080 lines.
    let small = pictures[0]
        .0
        .transformed(&crate::frame::FrameTransform { size: Some((112, 84)), ..Default::default() })
        .unwrap();
    let mut data = vec![110; 1920 * 1080 * 3];
    for (y, row) in small.data().chunks(112 * 3).enumerate() {
        data[((700 + y) * 1920 + 1300) * 3..][..112 * 3].copy_from_slice(row);
    }
    let picture = Frame::new(small.format(), small.colour(), 1920, 1080, data).unwrap();
    let faces = tracker.detect_still(&picture).unwrap();
    let middle = faces.first().expect("a face").pose.origin;
    assert!((1300.0..1412.0).contains(&middle.x) && (700.0..784.0).contains(&middle.y), "{middle}");
}

#[test]
fn a_face_that_the_picture_cuts_off_all_round_is_found_and_followed() {
    let Some(mut tracker) = tracker(1) else { return };
    let mut actor = actor_of(1, 640, 480);
    let mut found = 0;
    for k in 0..30 {
        let shot = actor.frame(k);
        let points = &shot.faces[0].landmarks;
        let place = |i: usize| points[i].truncate();
        let (eyes, chin, brow) = ((place(33) + place(263)) * 0.5, place(152), place(10));
        // From between brow and hairline to between mouth and chin, and as wide.
        let (top, bottom) = (eyes.lerp(brow, 0.75), place(17).lerp(chin, 0.6));
        let (middle, half) = ((top + bottom) * 0.5, (bottom.y - top.y) * 0.5);
        let (x0, y0, side) =
            ((middle.x - half) as usize, (middle.y - half) as usize, (half * 2.0) as usize & !1);
        let rows = shot.frame.data().chunks(640 * 3).skip(y0).take(side);
        let data: Vec<u8> = rows.flat_map(|row| row[x0 * 3..(x0 + side) * 3].to_vec()).collect();
        let cut =
            Frame::new(shot.frame.format(), shot.frame.colour(), side as u32, side as u32, data).unwrap();
        let large = cut
            .transformed(&crate::frame::FrameTransform { size: Some((480, 480)), ..Default::default() })
            .unwrap();
        let faces = tracker.track(&at(large, k)).unwrap();
        tracker.run_deferred_detection().unwrap();
        found += usize::from(!faces.is_empty());
    }
    assert!(found >= 22, "found in {found} of 30 pictures");
}

#[test]
fn portraits_are_read_right_at_every_roll() {
    let folder = std::path::Path::new("../../../shared/media/faces");
    let pictures: Vec<Frame> =
        (1..=13).filter_map(|i| read_picture(&folder.join(format!("face_{i:02}.jpg"))).ok()).collect();
    if pictures.is_empty() {
        return said_missing("the portraits of ../shared/media/faces");
    }
    let Some(mut tracker) = tracker(1) else { return };
    let mut wrong = Vec::new();
    let mut missing = Vec::new();
    for (i, picture) in pictures.iter().enumerate() {
        let scale = 320.0 / picture.width().max(picture.height()) as f32;
        let size = |n: u32| ((n as f32 * scale) as u32).max(2) & !1;
        let size = Some((size(picture.width()), size(picture.height())));
        let rgb = picture.converted(crate::frame::PixelFormat::Rgb, crate::frame::Colour::JPEG).unwrap();
        let picture = rgb.transformed(&crate::frame::FrameTransform { size, ..Default::default() }).unwrap();
        let upright = tracker.detect_still(&turned_by(&picture, 0.0)).unwrap();
        let Some(roll) = upright.first().map(|f| f.pose.roll()) else {
            missing.push((i + 1, 0, 0, 0));
            continue;
        };
        for degrees in degrees(45) {
            let turned = turned_by(&picture, degrees);
            let truth = roll + degrees.to_radians();
            let still = tracker.detect_still(&turned).unwrap();
            tracker.reset();
            let mut seen = tracker.track(&at(turned.clone(), 0)).unwrap();
            seen.extend(tracker.track(&at(turned, 1)).unwrap());
            if still.is_empty() || seen.is_empty() {
                missing.push((i + 1, degrees as i32, still.len(), seen.len()));
            }
            let off: Vec<f32> = still.iter().take(1).chain(&seen).map(|f| off(f, truth)).collect();
            if off.iter().any(|o| *o > WRONG) {
                wrong.push((i + 1, degrees, off));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    // Some take a third picture.
    assert!(missing.len() <= 6, "portrait, degrees, faces as a still, faces in two frames: {missing:?}");
}

#[test]
fn nobody_is_found_where_nobody_is() {
    let folder = std::path::Path::new("../../../shared/media/noface");
    let pictures: Vec<Frame> =
        (1..=8).filter_map(|i| read_picture(&folder.join(format!("noface_{i:02}.jpg"))).ok()).collect();
    if pictures.is_empty() {
        return said_missing("the pictures of ../shared/media/noface");
    }
    let Some(mut tracker) = tracker(1) else { return };
    let mut found = Vec::new();
    for (i, picture) in pictures.iter().enumerate() {
        tracker.reset();
        let stills = tracker.detect_still(picture).unwrap().len();
        let seen = (0..45).map(|k| tracker.track(&at(picture.clone(), k)).unwrap().len()).sum::<usize>();
        if stills + seen > 0 {
            found.push((i + 1, stills, seen));
        }
    }
    assert!(found.is_empty(), "picture, faces, frames with a face: {found:?}");
}

#[test]
fn quarters_are_the_nearest_ones() {
    for (angle, nearest) in
        [(0.0, 0.0), (0.7, 0.0), (0.9, FRAC_PI_2), (-1.7, -FRAC_PI_2), (3.0, PI), (-3.0, PI)]
    {
        assert!(wrap(quarter(angle) - nearest).abs() < 1e-5, "{angle}");
    }
    let square = CropSquare { centre: ImagePx(glam::Vec2::ONE), side: 4.0, angle: 1.0 };
    assert!((wrap(inverted(inverted(square)).angle - 1.0)).abs() < 1e-5);
}
