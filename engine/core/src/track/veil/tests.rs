use super::*;

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
    let last = FrontMatte { region, mesh: moved.into(), front: front.into(), guided: guided.into() };
    let (planes, mesh) = planes(Some(&last));
    let at = |p: Vec2| {
        let cell = p.round().as_usizevec2();
        planes[3 * CELLS + cell.y * SIDE + cell.x]
    };
    // The nose's wings, less than twelve cells from the middle: the subject's right and left.
    assert_eq!((at(mesh[98]), at(mesh[327])), (0.0, 1.0));
}
