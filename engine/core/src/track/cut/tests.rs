use super::*;
use crate::frame::Colour;

const SIZE: (u32, u32) = (320, 180);

/// A scene: soft blobs whose places, sizes and shades the seed says. `at` moves the camera, pixels; `gain` and `lift` expose.
fn picture(seed: u64, at: (f32, f32), gain: f32, lift: f32) -> Frame {
    shaded(|x, y| scene(seed, x + at.0, y + at.1) * gain + lift)
}

fn shaded(shade: impl Fn(f32, f32) -> f32) -> Frame {
    let (w, h) = SIZE;
    let mut data = vec![128u8; Frame::byte_len(PixelFormat::I420, w, h)];
    for (k, v) in data.iter_mut().take((w * h) as usize).enumerate() {
        let (x, y) = ((k as u32 % w) as f32, (k as u32 / w) as f32);
        *v = shade(x, y).clamp(0.0, 255.0) as u8;
    }
    Frame::new(PixelFormat::I420, Colour::JPEG, w, h, data).unwrap()
}

/// Luma of a scene, 20 to 200.
fn scene(seed: u64, x: f32, y: f32) -> f32 {
    // These very scenes are what the bars below were found on: the sequence must stay.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u64 << 24) as f32
    };
    let mut v = 110.0;
    for _ in 0..40 {
        let (bx, by, r, shade) = (next() * 450.0 - 65.0, next() * 250.0 - 35.0, 10.0 + next() * 26.0, next());
        let d = ((x - bx).powi(2) + (y - by).powi(2)) / (r * r);
        if d < 9.0 {
            v += (shade - 0.5) * 200.0 * (-d).exp();
        }
    }
    v.clamp(20.0, 200.0)
}

fn plain(seed: u64) -> Frame {
    picture(seed, (0.0, 0.0), 1.0, 0.0)
}

fn flat(luma: f32) -> Frame {
    shaded(|_, _| luma)
}

/// What each picture after the first is.
fn changes(pictures: &[Frame]) -> Vec<SceneChange> {
    let mut cuts = CutDetector::default();
    pictures.iter().map(|p| cuts.classify(p, None)).skip(1).collect()
}

/// The same where every picture is looked at with the one that follows.
fn changes_ahead(pictures: &[Frame]) -> Vec<SceneChange> {
    let mut cuts = CutDetector::default();
    let after = pictures.iter().skip(1).map(Some).chain([None]);
    pictures.iter().zip(after).map(|(p, after)| cuts.classify(p, after)).skip(1).collect()
}

use SceneChange::{Cut, Same};

#[test]
fn another_scene_is_a_cut_and_so_is_the_way_back() {
    for seed in 1..12 {
        let [a, b, c] = [seed, seed + 100, seed + 200].map(plain);
        let film = [a.clone(), b.clone(), a.clone(), a.clone(), b, c, a];
        assert_eq!(changes(&film), [Cut, Cut, Same, Cut, Cut, Cut], "{seed}");
        assert_eq!(changes_ahead(&film), [Cut, Cut, Same, Cut, Cut, Cut], "{seed}");
    }
}

#[test]
fn every_format_sees_the_same_cut() {
    for format in PixelFormat::ALL {
        let film = [1, 1, 2, 2, 1].map(|seed| plain(seed).converted(format, Colour::JPEG).unwrap());
        assert_eq!(changes(&film), [Same, Cut, Same, Cut], "{format:?}");
    }
}

#[test]
fn pans_exposure_fades_and_dissolves_are_none() {
    for seed in 1..12 {
        let pan: Vec<Frame> =
            (0..8).map(|k| picture(seed, (k as f32 * 20.0, k as f32 * 4.5), 1.0, 0.0)).collect();
        assert!(changes(&pan).iter().all(|c| *c != Cut), "pan {seed}: {:?}", changes(&pan));
        let exposures = [1.0, 0.6, 1.0, 1.25, 0.4, 1.0].map(|gain| picture(seed, (0.0, 0.0), gain, 0.0));
        assert!(changes(&exposures).iter().all(|c| *c != Cut), "exposure {seed}: {:?}", changes(&exposures));
        let dissolve: Vec<Frame> = (0..=10)
            .map(|k| {
                let t = k as f32 / 10.0;
                shaded(|x, y| scene(seed, x, y) * (1.0 - t) + scene(seed + 50, x, y) * t)
            })
            .collect();
        assert!(changes(&dissolve).iter().all(|c| *c != Cut), "dissolve {seed}: {:?}", changes(&dissolve));
        let fade: Vec<Frame> =
            (0..10).map(|k| picture(seed, (0.0, 0.0), 1.0 - k as f32 / 12.0, 0.0)).collect();
        assert_eq!(changes(&fade), [Same; 9], "fade {seed}");
    }
}

#[test]
fn a_dissolve_is_another_scene_in_the_end() {
    let mut cuts = CutDetector::default();
    for k in 0..=10 {
        let t = k as f32 / 10.0;
        cuts.classify(&shaded(|x, y| scene(3, x, y) * (1.0 - t) + scene(77, x, y) * t), None);
        if k == 0 {
            cuts.faces_seen();
        }
        assert!(!cuts.scene_left() || k > 3, "after {k} steps");
    }
    assert!(cuts.scene_left());
    cuts.begin_scene();
    assert!(!cuts.scene_left());
}

#[test]
fn what_passes_through_the_picture_is_none() {
    for seed in 1..12 {
        let passing: Vec<Frame> = (0..6)
            .map(|k| {
                let left = k as f32 * 55.0 - 50.0;
                let hides = move |x: f32, y: f32| (left..left + 110.0).contains(&x) && y > 30.0;
                shaded(move |x, y| if hides(x, y) { 40.0 + y * 0.1 } else { scene(seed, x, y) })
            })
            .collect();
        assert!(changes(&passing).iter().all(|c| *c != Cut), "{seed}: {:?}", changes(&passing));
    }
}

#[test]
fn a_flash_is_none_but_a_cut_to_a_bright_scene_is() {
    let mut told = 0;
    for seed in 1..12 {
        let dark = |seed| picture(seed, (0.0, 0.0), 0.4, 0.0);
        // From half bright to burnt out.
        for (gain, lift) in [(1.0, 60.0), (1.5, 120.0), (0.1, 235.0), (0.0, 255.0)] {
            let flash = picture(seed, (0.0, 0.0), gain, lift);
            let film = [dark(seed), flash.clone(), dark(seed), dark(seed)];
            assert!(changes(&film).iter().all(|c| *c != Cut), "{seed} {gain} {lift}: {:?}", changes(&film));
            assert!(changes_ahead(&film).iter().all(|c| *c != Cut), "{seed} {gain} {lift}");
            // Behind the flash there is another scene.
            let film = [dark(seed), flash, dark(seed + 60), dark(seed + 60)];
            let after = changes(&film);
            assert!(after[1] != Same && after[2] == Same, "{seed} {gain} {lift}: {after:?}");
        }
        // Far brighter, and no flash: with the picture behind it known, it is told at once; live, soon.
        let bright = picture(seed + 70, (0.0, 0.0), 0.5, 130.0);
        let film = [dark(seed), bright.clone(), bright.clone(), bright.clone(), bright];
        told += u32::from(changes_ahead(&film)[0] != Same && changes(&film) != [Same; 4]);
    }
    // By chance one may have the slopes of the other.
    assert!(told >= 10, "{told} of 11");
}

#[test]
fn black_pictures_between_two_scenes_are_a_scene_of_their_own() {
    let film = [plain(1), flat(16.0), flat(16.0), plain(2), flat(16.0), plain(2)];
    assert_eq!(changes(&film), [Cut, Same, Cut, Cut, Cut]);
    let grain = |k: u64| shaded(move |x, y| 16.0 + ((x as u64 * 7 + y as u64 * 13 + k * 31) % 5) as f32);
    let dark: Vec<Frame> = (0..5).map(grain).collect();
    assert_eq!(changes(&dark), [Same; 4]);
}

#[test]
fn windows_on_one_ground_that_change_places_are_a_cut() {
    let window = |seed: u64, left: f32| {
        let inside = move |x: f32, y: f32| (left..left + 120.0).contains(&x) && (15.0..105.0).contains(&y);
        shaded(move |x, y| if inside(x, y) { scene(seed, x - left, y) } else { 128.0 })
    };
    for seed in 1..12 {
        assert_eq!(changes(&[window(seed, 190.0), window(seed + 30, 5.0)]), [Cut], "{seed}");
        assert_eq!(changes(&[window(seed, 190.0), window(seed, 190.0)]), [Same], "{seed}");
    }
}
