//! Making a persona from a photo: one whole, large, sharp face.

use std::path::PathBuf;

use super::*;

/// A file's name, its picture, and the points of each face in it.
type Portrait = (String, Picture, Vec<Vec<MeshPoint>>);

/// The test portraits and the points of their faces, where they are there.
fn portraits() -> Option<Vec<Portrait>> {
    let media = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/media");
    let Ok(text) = fs::read_to_string(media.join("reference_stills.json")) else {
        println!("skipped: {} not found", media.display());
        return None;
    };
    let stills: serde_json::Value = serde_json::from_str(&text).unwrap();
    let load = |(name, still): (&String, &serde_json::Value)| {
        let bytes = fs::read(media.join(name)).unwrap();
        let picture = Picture::decode(&bytes, name, PHOTO_SIDE).unwrap();
        let face = |face: &serde_json::Value| {
            // Faces that were only detected have no points.
            let points: Vec<[f32; 3]> = serde_json::from_value(face["landmarks"].clone()).ok()?;
            Some(points.into_iter().map(Vec3::from).collect())
        };
        let faces = still["faces"].as_array().unwrap().iter().filter_map(face).collect();
        (name.clone(), picture, faces)
    };
    let wanted =
        |(name, _): &(&String, &serde_json::Value)| name.starts_with("faces/") || name.starts_with("groups/");
    Some(stills.as_object().unwrap().iter().filter(wanted).map(load).collect())
}

/// The picture after a Gaussian blur of `sigma` pixels.
fn blurred(picture: &Picture, sigma: f32) -> Picture {
    let image =
        image::RgbaImage::from_raw(picture.width(), picture.height(), picture.rgba().to_vec()).unwrap();
    let image = image::imageops::fast_blur(&image, sigma);
    Picture::from_rgba(image.width(), image.height(), image.into_raw()).unwrap()
}

/// How much of a face's larger side the blur is that must be refused.
const BLUR: f32 = 0.01;

#[test]
fn sharp_portraits_pass_and_blurred_ones_do_not() {
    let Some(portraits) = portraits() else { return };
    let mut judged = 0;
    for (name, photo, faces) in portraits {
        for face in faces {
            let (min, max) = landmarks::bounds(&face);
            if (max - min).min_element() < LEAST_FACE {
                let refused = one_good_face(&photo, &[face]).unwrap_err();
                assert!(matches!(refused, PersonaError::FaceTooSmall { .. }), "{name}: {refused}");
                continue;
            }
            judged += 1;
            let (cut, points) = cut_out(&photo, &face);
            for (photo, face) in [(&photo, &face), (&cut, &points)] {
                let judged = one_good_face(photo, std::slice::from_ref(face));
                assert!(judged.is_ok(), "{name}: {judged:?}");
            }
            let (min, max) = landmarks::bounds(&points);
            let side = (max - min).max_element();
            let refused = one_good_face(&blurred(&cut, side * BLUR), &[points]).unwrap_err();
            assert!(matches!(refused, PersonaError::Blurred { .. }), "{name}: {refused}");
        }
    }
    assert!(judged >= 12, "only {judged} faces were large enough to judge");
}

#[test]
fn a_made_up_face_passes_sharp_and_is_refused_blurred() {
    // Random squares, the larger the stronger: the spectrum of natural pictures, with sharp edges.
    let random = noise(512, 512);
    let value = |i: u32| {
        let square = |size: u32| {
            let corner = (i / 512 / size * size) * 512 + i % 512 / size * size;
            random.rgba()[corner as usize * 4] as f32 * size as f32
        };
        ([64, 32, 16, 8, 4].map(square).iter().sum::<f32>() / 124.0) as u8
    };
    let rgba = (0..512 * 512).flat_map(|i| [value(i), value(i), value(i), 255]).collect();
    let (photo, face) = (Picture::from_rgba(512, 512, rgba).unwrap(), ellipse(512.0, 200.0));
    assert!(one_good_face(&photo, std::slice::from_ref(&face)).is_ok());
    let refused = one_good_face(&blurred(&photo, 400.0 * BLUR), std::slice::from_ref(&face)).unwrap_err();
    assert!(matches!(refused, PersonaError::Blurred { .. }), "{refused}");
    // One tone all over has no detail, whatever its noise.
    let flat = Picture::from_rgba(512, 512, [120, 110, 100, 255].repeat(512 * 512)).unwrap();
    assert_eq!(sharpness(&flat, &face), 0.0);
}

#[test]
fn sharpness_does_not_depend_on_size() {
    // The same chequers, in proportion to the face.
    let measure = |side: u32| {
        let square = side / 64;
        let value = |i: u32| 40 + 150 * (((i % side) / square + (i / side) / square) % 2) as u8;
        let rgba = (0..side * side).flat_map(|i| [value(i), value(i), value(i), 255]).collect();
        sharpness(&Picture::from_rgba(side, side, rgba).unwrap(), &ellipse(side as f32, side as f32 * 0.4))
    };
    let (small, large) = (measure(512), measure(1536));
    assert!((small / large - 1.0).abs() < 0.5, "{small} {large}");
}

#[test]
fn a_photo_needs_exactly_one_whole_face_of_fair_size() {
    let photo = noise(512, 512);
    let good = ellipse(512.0, 200.0);
    let check = |faces: &[Vec<MeshPoint>]| one_good_face(&photo, faces).unwrap_err();
    assert!(matches!(check(&[]), PersonaError::NoFace));
    assert!(matches!(check(&[good.clone(), good.clone()]), PersonaError::ManyFaces { count: 2 }));
    assert!(matches!(check(&[ellipse(512.0, 70.0)]), PersonaError::FaceTooSmall { .. }));
    assert!(matches!(check(&[ellipse(512.0, 300.0)]), PersonaError::FaceCutOff));
    assert!(matches!(check(&[good[..100].to_vec()]), PersonaError::Landmarks { .. }));
}

#[test]
fn cutting_out_keeps_points_on_their_pixels() {
    // A white dot on black marks where point 1 is.
    let dot = |side: u32, at: (u32, u32), radius: u32| {
        let lit = |i: u32| (i % side).abs_diff(at.0) <= radius && (i / side).abs_diff(at.1) <= radius;
        let rgba = (0..side * side).flat_map(|i| if lit(i) { [255; 4] } else { [0, 0, 0, 255] }).collect();
        Picture::from_rgba(side, side, rgba).unwrap()
    };
    for (side, radius, most) in [(600, 120.0, 600), (3000, 1000.0, 1536)] {
        let mut face = ellipse(side as f32, radius);
        let at = (side / 2 + 37, side / 2 - 21);
        face[1] = Vec3::new(at.0 as f32, at.1 as f32, 8.0);
        let (cut, points) = cut_out(&dot(side, at, side / 200), &face);
        assert!(cut.width().max(cut.height()) <= most, "{cut:?}");
        let (mut sum, mut weight) = (Vec3::ZERO, 0.0);
        for (i, pixel) in cut.rgba().chunks_exact(4).enumerate() {
            let (x, y) = (i as u32 % cut.width(), i as u32 / cut.width());
            sum += Vec3::new(x as f32, y as f32, 0.0) * f32::from(pixel[0]);
            weight += f32::from(pixel[0]);
        }
        let centre = sum / weight;
        assert!((centre - points[1].with_z(0.0)).length() < 0.1, "{centre} {}", points[1]);
        landmarks::check(&points, &cut).unwrap();
    }
}

#[test]
fn a_photo_is_turned_upright_by_its_exif() {
    // A JPEG that is white on its left half, with a note that it is to be turned a quarter clockwise.
    let white_left = |i: u32| if i % 64 < 32 { [255u8; 3] } else { [0; 3] };
    let rgb = (0..64 * 32).flat_map(white_left).collect();
    let image = image::RgbImage::from_raw(64, 32, rgb).unwrap();
    let mut jpeg = Vec::new();
    image.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    let mut tiff = b"Exif\0\0MM\0*\0\0\0\x08\0\x01".to_vec();
    tiff.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]);
    let mut turned = jpeg[..2].to_vec();
    turned.extend([0xff, 0xe1, 0, tiff.len() as u8 + 2]);
    turned.extend(tiff);
    turned.extend(&jpeg[2..]);

    let plain = Picture::decode(&jpeg, "plain.jpg", PHOTO_SIDE).unwrap();
    assert_eq!((plain.width(), plain.height()), (64, 32));
    let picture = Picture::decode(&turned, "turned.jpg", PHOTO_SIDE).unwrap();
    assert_eq!((picture.width(), picture.height()), (32, 64));
    assert!(picture.luma(16, 4) > 0.9 && picture.luma(16, 60) < 0.1, "the left half must come to the top");
}
