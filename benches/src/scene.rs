//! A still scene: one fictional face of a known size in a picture of any size.

use anyhow::Context;
use glam::Vec3;
use omote_engine::frame::{Colour, CropSpec, Frame, PixelFormat};
use omote_engine::persona::{Date, Persona};
use omote_engine::space::{CropSquare, ImagePx};
use omote_engine::swap::{CutParams, FaceTexture};
use omote_engine::topology::POINTS;
use omote_masks::built_in;

/// Height of the face's mesh in pixels.
pub const FACE_PX: f32 = 330.0;

/// A live picture, its face's mesh, and what the face wears.
#[derive(Debug)]
pub struct Scene {
    /// The picture: full-range BT.601.
    pub frame: Frame,
    /// Its face's 468 or 478 points.
    pub points: Vec<Vec3>,
    /// The persona.
    pub texture: FaceTexture,
}

fn persona(name: &str) -> anyhow::Result<Persona> {
    let today = Date::new(2026, 1, 1).context("no date")?;
    Ok(built_in::load(name, today).with_context(|| format!("no persona {name}"))??)
}

impl Scene {
    /// A picture of `width` × `height` with the second composite's face in its middle, [`FACE_PX`] high, and
    /// the persona `wears`.
    ///
    /// # Errors
    /// A persona that can't be loaded, or a size that is no frame's.
    pub fn new(format: PixelFormat, width: u32, height: u32, wears: &str) -> anyhow::Result<Self> {
        let live = persona("composite-2")?;
        let texture = FaceTexture::of_persona(&persona(wears)?, CutParams::default())?;
        let picture = live.picture();
        let rgb: Vec<u8> = picture.rgba().chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]).collect();
        let portrait = Frame::new(PixelFormat::Rgb, Colour::JPEG, picture.width(), picture.height(), rgb)?;
        let points = live.landmarks();
        let bounds = |f: fn(Vec3, Vec3) -> Vec3, s: Vec3| points.iter().take(POINTS).fold(s, |a, p| f(a, *p));
        let (low, high) = (bounds(Vec3::min, Vec3::MAX), bounds(Vec3::max, Vec3::MIN));
        let scale = FACE_PX / (high.y - low.y);
        let middle = ((low + high) * 0.5).truncate();
        // A square crop of the picture's longer side, centred on the face; the edges of the portrait repeat.
        let n = width.max(height) as usize;
        let square = CropSquare { centre: ImagePx(middle), side: n as f32 / scale, angle: 0.0 };
        let spec = CropSpec { scale: 255.0, offset: 0.5, ..CropSpec::new(square, n) };
        let mut planar = vec![0.0; n * n * 3];
        portrait.sample_crop(&spec, &mut planar);
        let (x0, y0) = ((n - width as usize) / 2, (n - height as usize) / 2);
        let pixel = |x: usize, y: usize| [0, 1, 2].map(|c| planar[c * n * n + (y + y0) * n + x + x0] as u8);
        let rgb = (0..height as usize).flat_map(|y| (0..width as usize).flat_map(move |x| [(x, y)]));
        let rgb: Vec<u8> = rgb.flat_map(|(x, y)| pixel(x, y)).collect();
        let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb)?
            .converted(format, Colour::JPEG)?;
        let shift = Vec3::new(width as f32, height as f32, 0.0) * 0.5 - middle.extend(0.0) * scale;
        let points = points.iter().map(|p| *p * scale + shift).collect();
        Ok(Self { frame, points, texture })
    }
}
