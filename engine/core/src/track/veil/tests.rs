use super::*;
use crate::frame::PixelFormat;
use crate::infer::tests::runtimes;
use crate::track::tests::actor_of;

/// A mesh like the canonical face, `size` pixels high, about a place, turned.
fn mesh(middle: Vec2, size: f32, angle: f32) -> Vec<MeshPoint> {
    let turn = Vec2::from_angle(angle);
    CANONICAL_UV
        .iter()
        .map(|p| (turn.rotate((Vec2::from_array(*p) - 0.5) * size) + middle).extend(0.0))
        .collect()
}

#[test]
fn the_square_stands_upright_round_the_outline() {
    let upright = region_of(&mesh(Vec2::new(200.0, 150.0), 100.0, 0.0)).unwrap();
    let turned = region_of(&mesh(Vec2::new(200.0, 150.0), 100.0, 0.5)).unwrap();
    // The canonical face is 0.84 of the square high, and higher than wide.
    assert!((upright.side - 1.3 * 84.0).abs() < 1.0, "{}", upright.side);
    assert!(upright.angle.abs() < 0.02 && (turned.angle - 0.5).abs() < 0.02);
    assert!((turned.side - upright.side).abs() < 1.5);
    assert!(region_of(&[]).is_none());
    let mut broken = mesh(Vec2::ZERO, 100.0, 0.0);
    broken.iter_mut().for_each(|p| p.x = f32::NAN);
    assert!(region_of(&broken).is_none());
}

/// The planes behind the picture for a mesh that fills the crop as in training.
fn planes(last: Option<&FrontMatte>) -> (Vec<f32>, Vec<Vec2>) {
    let points = mesh(Vec2::splat(300.0), 240.0, 0.3);
    let region = region_of(&points).unwrap();
    let mesh = in_crop(&points, region, SIDE as f32);
    let mut planes = vec![0.0; 5 * CELLS];
    fill_mesh(&mut planes, &mesh, last);
    (planes, mesh)
}

#[test]
fn the_mesh_says_where_each_cell_lies_on_the_face() {
    let (planes, mesh) = planes(None);
    for (point, uv) in mesh.iter().zip(&CANONICAL_UV) {
        let cell = point.round().as_usizevec2();
        let k = cell.y * SIDE + cell.x;
        if planes[2 * CELLS + k] == 0.0 {
            continue;
        }
        assert!((planes[k] - uv[0]).abs() < 0.01 && (planes[CELLS + k] - uv[1]).abs() < 0.01, "{uv:?}");
    }
    let inside = planes[2 * CELLS..3 * CELLS].iter().filter(|m| **m == 1.0).count();
    assert!((0.25..0.55).contains(&(inside as f32 / CELLS as f32)), "{inside}");
    assert_eq!(planes[2 * CELLS], 0.0, "the corner is no face");
    assert!(planes[3 * CELLS..].iter().all(|v| *v == 0.0), "no last matte, and the eighth plane is empty");
}

#[test]
fn the_last_matte_moves_with_the_face() {
    let points = mesh(Vec2::splat(300.0), 240.0, 0.3);
    let region = region_of(&points).unwrap();
    let before = in_crop(&points, region, SIDE as f32);
    // What stood before the face's left half, when the face stood twelve cells further to the left.
    let moved: Vec<Vec2> = before.iter().map(|p| *p - Vec2::new(12.0, 0.0)).collect();
    let middle = moved[1].x;
    let front: Vec<f32> = (0..CELLS).map(|k| f32::from(u8::from((k % SIDE) as f32 > middle))).collect();
    let guided = vec![Vec4::ZERO; CELLS];
    let last =
        FrontMatte { region, mesh: moved.into(), front: front.into(), guided: guided.into(), carried: false };
    let (planes, mesh) = planes(Some(&last));
    let at = |p: Vec2| {
        let cell = p.round().as_usizevec2();
        planes[3 * CELLS + cell.y * SIDE + cell.x]
    };
    // The nose's wings, less than twelve cells from the middle: the subject's right and left.
    assert_eq!((at(mesh[98]), at(mesh[327])), (0.0, 1.0));
}

impl VeilReading {
    /// What a network would have read of a mesh in picture pixels, if it knew: how far something stands in front at each
    /// place of canonical UV. The picture is one colour.
    pub(in crate::track) fn drawn(points: &[MeshPoint], front: impl Fn(Vec2) -> f32) -> Self {
        Self::after(points, front, None)
    }

    fn after(points: &[MeshPoint], front: impl Fn(Vec2) -> f32, last: Option<&FrontMatte>) -> Self {
        let region = region_of(points).unwrap();
        let mesh = in_crop(points, region, SIDE as f32);
        let mut planes = vec![0.0; 5 * CELLS];
        fill_mesh(&mut planes, &mesh, last);
        let plane = |k: usize| planes[k * CELLS..(k + 1) * CELLS].to_vec();
        let uv: Vec<Vec2> = plane(0).into_iter().zip(plane(1)).map(Vec2::from).collect();
        let inside = plane(2);
        let front = uv.iter().zip(&inside).map(|(uv, inside)| front(*uv) * inside).collect();
        let crop = Crop { uv, inside, guide: vec![Vec3::splat(0.5); CELLS] };
        Self { region, mesh, crop, front, before: last.map(|_| plane(3)), carried: false }
    }
}

/// A face in the middle of a picture.
fn face() -> Vec<MeshPoint> {
    mesh(Vec2::splat(300.0), 240.0, 0.0)
}

/// The greatest and the mean value inside the mesh.
fn seen(matte: &FrontMatte, inside: &[f32]) -> (f32, f32) {
    let within =
        || matte.cells().iter().zip(inside).filter(|(_, inside)| **inside > 0.0).map(|(front, _)| *front);
    (within().fold(0.0, f32::max), within().sum::<f32>() / within().count() as f32)
}

#[test]
fn small_changes_are_halved_and_great_ones_are_not() {
    let tuning = VeilTuning::default();
    let first = VeilReading::drawn(&face(), |uv| if uv.y < 0.5 { 0.4 } else { 0.1 }).into_matte(&[], &tuning);
    let next = VeilReading::after(&face(), |uv| if uv.y < 0.5 { 0.5 } else { 0.8 }, Some(&first));
    let places = next.crop.uv.clone();
    let inside = next.crop.inside.clone();
    let matte = next.into_matte(&[], &tuning);
    for ((front, uv), _) in matte.cells().iter().zip(places).zip(inside).filter(|(_, inside)| *inside > 0.0) {
        // Not beside the line between the two halves, where the last frame's is a mean of both.
        match uv.y {
            0.1..0.45 => assert!((front - 0.45).abs() < 0.02, "{uv}: {front}"),
            0.55..0.8 => assert!((front - 0.8).abs() < 0.02, "{uv}: {front}"),
            _ => {}
        }
    }
}

#[test]
fn next_to_nothing_is_nothing_and_traces_end() {
    let tuning = VeilTuning::default();
    let said = vec![0.9 * tuning.trace, 0.5, 1.0, 1.0];
    let front = without_traces(said, &[1.0, 1.0, 1.0, 0.0], &tuning);
    assert_eq!((front[0], front[2], front[3]), (0.0, 1.0, 0.0));
    assert!((0.45..0.5).contains(&front[1]), "{}", front[1]);
    // What was in front a moment ago fades in a few frames, and leaves nothing to be worked out.
    let mut matte = VeilReading::drawn(&face(), |_| 0.2).into_matte(&[], &tuning);
    for _ in 0..4 {
        matte = VeilReading::after(&face(), |_| 0.0, Some(&matte)).into_matte(&[], &tuning);
    }
    assert!(matte.cells().iter().all(|front| *front == 0.0));
    assert!(matte.guided().iter().all(|cell| *cell == Vec4::ZERO));
}

#[test]
fn never_is_the_whole_belt_laid_bare() {
    let tuning = VeilTuning::default();
    let inside = VeilReading::drawn(&face(), |_| 0.0).crop.inside;
    let all = VeilReading::drawn(&face(), |_| 1.0);
    assert!(all.share() > 0.99);
    assert_eq!(
        seen(&all.into_matte(&[], &tuning), &inside),
        (0.0, 0.0),
        "nothing is believed of a face that is gone"
    );
    // A hand before the lower half.
    let half = VeilReading::drawn(&face(), |uv| f32::from(u8::from(uv.y > 0.55)));
    let (most, mean) = seen(&half.into_matte(&[], &tuning), &inside);
    assert!(most == 1.0 && (0.2..0.6).contains(&mean), "{mean}");
}

#[test]
fn what_is_known_to_be_bare_is_not_in_front() {
    let tuning = VeilTuning::default();
    let reading = VeilReading::drawn(&face(), |uv| f32::from(u8::from(uv.y > 0.55)));
    let (places, inside) = (reading.crop.uv.clone(), reading.crop.inside.clone());
    // The face's right half, left in the picture.
    let bare: Vec<f32> = (0..APPEARANCE_SIDE * APPEARANCE_SIDE)
        .map(|cell| f32::from(u8::from(cell % APPEARANCE_SIDE < APPEARANCE_SIDE / 2)))
        .collect();
    let matte = reading.into_matte(&bare, &tuning);
    for ((front, uv), _) in matte.cells().iter().zip(places).zip(inside).filter(|(_, inside)| *inside > 0.0) {
        match (uv.x, uv.y) {
            (..0.47, _) | (_, ..0.55) => assert_eq!(*front, 0.0, "{uv}"),
            (0.53.., 0.56..) => assert_eq!(*front, 1.0, "{uv}"),
            _ => {}
        }
    }
}

/// What the built-in network says before a picture's face; mean of it over the places of canonical UV that count.
fn mean_front(matte: &FrontMatte, points: &[MeshPoint], counts: impl Fn(Vec2) -> bool) -> f32 {
    let VeilReading { crop, .. } = VeilReading::drawn(points, |_| 0.0);
    let places = matte.cells().iter().zip(&crop.uv).zip(&crop.inside);
    let within: Vec<f32> = places
        .filter(|((_, uv), inside)| **inside > 0.0 && counts(**uv))
        .map(|((front, _), _)| *front)
        .collect();
    within.iter().sum::<f32>() / within.len() as f32
}

#[test]
fn the_built_in_network_finds_a_dark_bar_before_the_actors_eyes() {
    for runtime in runtimes() {
        let scene = actor_of(3, 640, 480).frame(0);
        let points = &scene.faces[0].landmarks;
        let mut net = VeilNet::load(&runtime, None).unwrap();
        let free = net
            .read(&scene.frame, points, None, &VeilTuning::default())
            .unwrap()
            .into_matte(&[], &VeilTuning::default());
        let bare = mean_front(&free, points, |_| true);
        assert!(bare < 0.01, "{}: {bare} of a free face", runtime.backend());
        let mut rgb = scene.frame.to_rgb();
        let [right, left] = EYE_CORNERS.map(|k| points[k].truncate());
        let (low, high) = (right.min(left) - 30.0, right.max(left) + 30.0);
        for y in low.y as usize + 12..high.y as usize - 8 {
            for x in low.x as usize..high.x as usize {
                rgb[(y * 640 + x) * 3..][..3].copy_from_slice(&[24, 22, 30]);
            }
        }
        let frame = Frame::new(PixelFormat::Rgb, scene.frame.colour(), 640, 480, rgb).unwrap();
        let barred = net
            .read(&frame, points, None, &VeilTuning::default())
            .unwrap()
            .into_matte(&[], &VeilTuning::default());
        let corner = |k: usize| CANONICAL_UV[k][1];
        let eyes = mean_front(&barred, points, |uv| (uv.y - corner(EYE_CORNERS[0])).abs() < 0.03);
        let chin = mean_front(&barred, points, |uv| uv.y > 0.6);
        assert!(eyes > 0.9 && chin < 0.05, "{}: {eyes} of the bar, {chin} of the chin", runtime.backend());
    }
}

#[test]
fn a_slow_network_is_asked_for_every_second_live_frame() {
    let scene = actor_of(3, 640, 480).frame(0);
    let points = &scene.faces[0].landmarks;
    let slow = VeilTuning { slow_s: 0.0, ..VeilTuning::default() };
    let carried = |paced: bool, tuning: &VeilTuning| {
        let mut net = VeilNet::load(&Runtime::portable(), None).unwrap();
        if paced {
            net.keep_pace();
        }
        let mut last = None;
        let mut carried = Vec::new();
        for _ in 0..5 {
            let reading = net.read(&scene.frame, points, last.as_ref(), tuning).unwrap();
            carried.push(reading.carried);
            last = Some(reading.into_matte(&[], tuning));
        }
        carried
    };
    assert_eq!(carried(true, &slow), [false, true, false, true, false]);
    assert_eq!(carried(false, &slow), [false; 5], "files take their time");
    assert_eq!(carried(true, &VeilTuning { slow_s: 1e9, ..slow }), [false; 5]);
}

#[test]
fn what_is_carried_on_does_not_fade() {
    let scene = actor_of(3, 640, 480).frame(0);
    let (points, tuning) = (&scene.faces[0].landmarks, VeilTuning::default());
    let last = VeilReading::drawn(points, |_| 0.5).into_matte(&[], &tuning);
    let mut net = VeilNet::load(&Runtime::portable(), None).unwrap();
    net.keep_pace();
    net.took = (tuning.slow_s + tuning.useless_s) * 0.5;
    let carried = net.read(&scene.frame, points, Some(&last), &tuning).unwrap();
    assert!(carried.carried);
    let most = carried.front.iter().copied().fold(0.0, f32::max);
    assert!((most - 0.5).abs() < 1e-4, "{most}");
}

#[test]
fn a_machine_that_is_far_too_slow_goes_without() {
    let scene = actor_of(3, 640, 480).frame(0);
    let (points, tuning) = (&scene.faces[0].landmarks, VeilTuning::default());
    let mut net = VeilNet::load(&Runtime::portable(), None).unwrap();
    net.note_mesh_run(10.0, &tuning);
    assert!(net.read(&scene.frame, points, None, &tuning).is_some(), "files take their time");
    net.keep_pace();
    assert!(net.read(&scene.frame, points, None, &tuning).is_none());
    for _ in 0..60 {
        net.note_mesh_run(0.002, &tuning);
    }
    assert!(net.read(&scene.frame, points, None, &tuning).is_some(), "the machine has recovered");
    net.took = 0.4;
    let asked = (0..60).filter(|_| net.read(&scene.frame, points, None, &tuning).is_some()).count();
    assert!((1..60).contains(&asked), "a stall is forgotten: asked in {asked} of 60 frames");
}

#[test]
fn the_built_in_network_is_the_one_of_its_card() {
    let NetSource::Bytes { bytes, .. } = NETWORK else { unreachable!("it is built in") };
    let hash = omote_files::hash_bytes(bytes);
    let card = include_str!("../../../../networks/MODEL_CARD.md");
    assert!(card.contains(&format!("SHA-256 `{hash}`")), "MODEL_CARD.md names another file than {hash}");
    let size: String = bytes.len().to_string();
    let grouped = format!("{},{},{}", &size[..1], &size[1..4], &size[4..]);
    assert!(card.contains(&format!("{grouped} bytes")), "MODEL_CARD.md names another size than {grouped}");
    assert!(bytes.len() < 1_500_000, "it is part of every program");
}

/// How far a place of canonical UV lies on the rim of glasses, half a lens wide, 0 or 1.
fn rims(uv: Vec2) -> f32 {
    let lens = |inner: usize, outer: usize| {
        let [a, b] = [inner, outer].map(|k| Vec2::from_array(CANONICAL_UV[k]));
        let off = (uv - (a + b) * 0.5) / Vec2::new(a.distance(b) * 0.95, a.distance(b) * 0.75);
        (0.8..1.2).contains(&off.length())
    };
    f32::from(u8::from(lens(133, 33) || lens(362, 263)))
}

#[test]
fn glasses_can_be_left_out_and_nothing_else_is() {
    let tuning = VeilTuning::default();
    let drawn = |front: &dyn Fn(Vec2) -> f32| VeilReading::drawn(&face(), front).into_matte(&[], &tuning);
    let most = |cells: &[Vec4]| cells.iter().map(|cell| cell.w.abs()).fold(0.0, f32::max);
    let glasses = drawn(&rims);
    assert!(most(glasses.guided()) > 0.9);
    assert_eq!(most(&glasses.guided_without_glasses()), 0.0);
    // A hand before the cheek stays.
    let cheek = |uv: Vec2| f32::from(u8::from(uv.x > 0.55 && uv.y > 0.66));
    let both = drawn(&|uv| rims(uv).max(cheek(uv)));
    let kept = both.guided_without_glasses();
    assert!(most(&kept) > 0.9);
    let upper = |cells: &[Vec4]| most(&cells[..SIDE / 2 * SIDE]);
    assert!(upper(both.guided()) > 0.9 && upper(&kept) == 0.0, "{}", upper(&kept));
    for other in
        [cheek, |uv: Vec2| f32::from(u8::from(uv.y < 0.3)), |uv: Vec2| f32::from(u8::from(uv.x < 0.45))]
    {
        let matte = drawn(&other);
        assert_eq!(matte.guided_without_glasses(), *matte.guided());
    }
}
