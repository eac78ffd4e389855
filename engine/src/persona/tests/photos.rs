//! Making a persona from a photo: one whole, large, sharp face.

use std::path::PathBuf;

use super::*;

/// The test portraits and the points of their faces, where they are there.
fn portraits() -> Option<Vec<(String, Picture, Vec<Vec<MeshPoint>>)>> {
    let media = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/media");
    let Ok(text) = fs::read_to_string(media.join("reference_stills.json")) else {
        println!("skipped: {} not found", media.display());
        return None;
    };
    let stills: serde_json::Value = serde_json::from_str(&text).unwrap();
    let load = |(name, still): (&String, &serde_json::Value)| {
        let bytes = fs::read(media.join(name)).unwrap();
        let picture = Picture::decode(&bytes, name, PHOTO_SIDE).unwrap();
        let face = |face: &serde_json::Value| {
            let points: Vec<[f32; 3]> = serde_json::from_value(face["landmarks"].clone()).unwrap();
            points.into_iter().map(Vec3::from).collect()
        };
        let faces = still["faces"].as_array().unwrap().iter().map(face).collect();
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

#[test]
fn calibrate() {
    for (name, picture, faces) in portraits().unwrap() {
        for face in &faces {
            let (min, max) = landmarks::bounds(face);
            let size = max - min;
            let side = size.max_element();
            let row: Vec<String> = [0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04]
                .iter()
                .map(|s| format!("{:.4}", sharpness(&blurred(&picture, side * s), face)))
                .collect();
            println!("{name} {size:.0} {:.4} | {}", sharpness(&picture, face), row.join(" "));
        }
    }
}
