//! Writes small good inputs for the fuzz targets in `engine/fuzz`, a folder for each, into FOLDER:
//!
//! `fuzz_seeds FOLDER`
//!
//! All are made here: the built-in actor's picture, a persona of it, networks known in closed form.

#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::error::Error;
use std::io::Cursor;
use std::path::Path;
use std::process::ExitCode;

use image::{DynamicImage, ImageFormat, RgbImage, RgbaImage};
use omote_engine::actor::Actor;
use omote_engine::infer::stand_in::StandIn;
use omote_engine::persona::{Class, ColourTransfer, Date, PersonaDraft, Picture};
use omote_engine::source::Rate;
use omote_engine::space::MeshPoint;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

/// The actor, small, in every kind of picture.
fn pictures(seeds: &Path, actor: &RgbImage) -> Result<()> {
    let rgba: RgbaImage = DynamicImage::from(actor.clone()).into_rgba8();
    let rgb = DynamicImage::from(actor.clone());
    for (name, format) in [("a.png", ImageFormat::Png), ("b.webp", ImageFormat::WebP)] {
        put(seeds, "picture", name, &encoded(&DynamicImage::from(rgba.clone()), format)?)?;
    }
    put(seeds, "picture", "c.png", &encoded(&DynamicImage::from(rgb.to_luma8()), ImageFormat::Png)?)?;
    put(seeds, "picture", "d.png", &encoded(&DynamicImage::from(rgb.to_rgb16()), ImageFormat::Png)?)?;
    put(seeds, "picture", "e.bmp", &encoded(&rgb, ImageFormat::Bmp)?)?;
    let jpeg = encoded(&rgb, ImageFormat::Jpeg)?;
    put(seeds, "picture", "f.jpg", &jpeg)?;
    put(seeds, "mjpeg", "one", &jpeg)?;
    put(seeds, "mjpeg", "three", &jpeg.repeat(3))
}

/// YUV4MPEG2 clips of two frames in several chroma formats.
fn clips(seeds: &Path) -> Result<()> {
    for (name, chroma, bytes) in [("420", "C420jpeg", 24), ("422", "C422", 32), ("444", "C444", 48)] {
        let mut clip = format!("YUV4MPEG2 W4 H4 F30:1 Ip A1:1 {chroma} XYSCSS=420JPEG\n").into_bytes();
        for frame in 0..2u8 {
            clip.extend(b"FRAME\n");
            clip.extend((0..bytes).map(|k| k * 5 + frame));
        }
        put(seeds, "y4m", name, &clip)?;
    }
    Ok(())
}

fn put(seeds: &Path, target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = seeds.join(target);
    std::fs::create_dir_all(&folder)?;
    Ok(std::fs::write(folder.join(name), bytes)?)
}

fn write(seeds: &Path) -> Result<()> {
    let frame = Actor::new(1, 640, 480, Rate::DEFAULT)?.frame(0);
    let rgb = RgbImage::from_raw(640, 480, frame.frame.to_rgb()).ok_or("the actor has no picture")?;
    let small = image::imageops::thumbnail(&rgb, 32, 24);
    pictures(seeds, &small)?;
    clips(seeds)?;
    for network in StandIn::all() {
        let bytes = network.bytes();
        // Large ones are slow to change, and no different.
        if bytes.len() < 100_000 {
            put(seeds, "onnx", network.name, &bytes)?;
        }
    }
    let landmarks = &frame.faces.first().ok_or("the actor has no face")?.landmarks;
    persona(seeds, &rgb, landmarks)
}

/// A persona of the actor as an archive, and its manifest alone.
fn persona(seeds: &Path, actor: &RgbImage, landmarks: &[MeshPoint]) -> Result<()> {
    let rgba = DynamicImage::from(actor.clone()).into_rgba8().into_raw();
    let picture =
        Picture::from_rgba(actor.width(), actor.height(), rgba).ok_or("the actor has no picture")?;
    let draft = PersonaDraft {
        name: "actor".to_owned(),
        title: "The actor".to_owned(),
        class: Class::Fictional { how: "drawn".to_owned() },
        licence: "CC0-1.0".to_owned(),
        uses: vec!["stream".to_owned()],
        colour_transfer: ColourTransfer::Match,
        credit: None,
        picture,
        landmarks: landmarks.to_vec(),
        vectors: Vec::new(),
    };
    let folder = tempfile::tempdir()?;
    let (archive, unpacked) = (folder.path().join("actor.omote"), folder.path().join("actor"));
    let today = Date::from_unix(1_760_000_000);
    draft.write(&archive, today)?;
    draft.write(&unpacked, today)?;
    put(seeds, "persona_package", "actor", &std::fs::read(archive)?)?;
    put(seeds, "persona_manifest", "actor", &std::fs::read(unpacked.join("persona.toml"))?)
}

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let (Some(folder), None) = (words.next(), words.next()) else {
        eprintln!("error: one word is wanted: fuzz_seeds FOLDER");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
