use super::*;
use crate::space::{CropSquare, ImagePx};

fn made(mask: Vec<f32>) -> SwapResult {
    // Red grows to the right, green downwards; blue stands still.
    let (w, h) = (128, 128);
    let plane = |f: &dyn Fn(f32, f32) -> f32| -> Vec<f32> {
        (0..w * h).map(|i| f((i % w) as f32 / 127.0, (i / w) as f32 / 127.0)).collect()
    };
    let mut rgb = plane(&|x, _| x);
    rgb.extend(plane(&|_, y| y));
    rgb.extend(plane(&|_, _| 0.25));
    let square = CropSquare { centre: ImagePx(Vec2::new(200.0, 150.0)), side: 160.0, angle: 0.3 };
    SwapResult { square, side: 128.0, width: w, height: h, rgb, mask }
}

fn atlas() -> UvAtlas {
    let full = CutParams { eyes: 1.0, mouth: 1.0, ..CutParams::default() };
    UvAtlas::new(UvRaster::new(128, full))
}

/// The colours of a linear picture are known at every place in closed form.
#[test]
fn a_result_lies_where_the_mesh_says() {
    let (mut atlas, made) = (atlas(), made(Vec::new()));
    let mesh = canonical_mesh(Vec2::new(200.0, 150.0), 110.0);
    atlas.project(&made, &mesh);
    assert!(atlas.known() > 0.98, "{}", atlas.known());
    let mut seen = 0;
    for cell in &atlas.raster.cells {
        let t = atlas.texels[cell.at as usize];
        if t[3] < 255 {
            continue;
        }
        let (x, y) = (cell.at as usize % 128, cell.at as usize / 128);
        let uv = (Vec2::new(x as f32, y as f32) + 0.5) / 128.0;
        let image = (uv - 0.5) * 110.0 + Vec2::new(200.0, 150.0);
        let p = made.square.to_crop(ImagePx(image), 128.0).0 / 127.0 * 255.0;
        assert!(
            (f32::from(t[0]) - p.x).abs() <= 1.0 && (f32::from(t[1]) - p.y).abs() <= 1.0,
            "{x} {y}: {t:?} {p}"
        );
        assert!(t[2].abs_diff(64) <= 1);
        seen += 1;
    }
    assert!(seen > 5000, "{seen}");
}

#[test]
fn what_is_turned_away_stays_as_it_was() {
    let (mut atlas, first) = (atlas(), made(Vec::new()));
    let mesh = canonical_mesh(Vec2::new(200.0, 150.0), 110.0);
    atlas.project(&first, &mesh);
    let before = atlas.texels.clone();
    let black = SwapResult { rgb: vec![0.0; 3 * 128 * 128], ..first };
    // Mirrored: every triangle faces away.
    let away: Vec<Vec3> = mesh.iter().map(|p| Vec3::new(400.0 - p.x, p.y, p.z)).collect();
    atlas.project(&black, &away);
    assert_eq!(atlas.texels, before);
    atlas.project(&black, &mesh);
    assert_ne!(atlas.texels, before);
}

#[test]
fn the_mask_becomes_the_alpha() {
    let mut atlas = atlas();
    let mesh = canonical_mesh(Vec2::new(200.0, 150.0), 110.0);
    atlas.project(&made(vec![0.5; 128 * 128]), &mesh);
    let half = atlas.texture();
    atlas.project(&made(Vec::new()), &mesh);
    let whole = atlas.texture();
    let alpha = |t: &FaceTexture, at: usize| t.texels()[at] >> 24;
    let middle = 64 * 128 + 64;
    assert_eq!((alpha(&half, middle), alpha(&whole, middle)), (128, 255));
    assert_eq!(alpha(&whole, 0), 0);
}

#[test]
fn mixing_goes_all_the_way_and_half_of_it() {
    let mesh = canonical_mesh(Vec2::new(200.0, 150.0), 110.0);
    let raster = atlas().raster;
    let texture = |v: f32| {
        let mut atlas = UvAtlas::new(Arc::clone(&raster));
        atlas.project(&SwapResult { rgb: vec![v; 3 * 128 * 128], ..made(Vec::new()) }, &mesh);
        atlas.texture()
    };
    let (dark, light) = (texture(0.2), texture(0.6));
    let red = |t: &FaceTexture| t.texels()[64 * 128 + 64] & 0xff;
    assert_eq!((red(&dark), red(&light)), (51, 153));
    assert_eq!(red(&dark.towards(&light, 0.5)), 102);
    assert_eq!(dark.towards(&light, 1.0), light);
    assert_eq!(dark.towards(&light, 0.0).texels(), dark.texels());
    assert_eq!(light.levels(), 6);
    assert_eq!(light.texels().len(), 128 * 128 + 64 * 64 + 32 * 32 + 16 * 16 + 8 * 8 + 4 * 4);
}
