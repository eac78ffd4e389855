//! Pictures to measure with: the built-in actor, prepared beforehand. Faces have the same pixels in every size.

use std::sync::Arc;

use anyhow::Context;
use omote_engine::actor::{Actor, ActorOptions};
use omote_engine::frame::{Colour, Frame, PixelFormat};
use omote_engine::pipeline::FaceTracker;
use omote_engine::source::Rate;
use omote_engine::space::{CropSquare, ImagePx, MeshPoint};
use omote_engine::track::{Face, FaceId, Pose, TrackError};

/// The size in which the actor plays: its face is 330 pixels high.
const STAGE: (u32, u32) = (1280, 720);
/// The height of the face's middle in it.
const MIDDLE: i64 = 331;
/// A face's place in the picture, of 1; below the middle there are shoulders.
const PLACE: f64 = 0.46;

/// The actor's performance in R'G'B', with its mesh.
pub(crate) struct Rehearsal(Vec<(Vec<u8>, Vec<MeshPoint>)>);

/// Prepared frames and the faces in them.
pub(crate) struct Prepared {
    frames: Vec<Frame>,
    faces: Vec<Vec<Face>>,
}

impl Rehearsal {
    pub(crate) fn new(frames: usize) -> anyhow::Result<Self> {
        let format = PixelFormat::Rgb;
        let options = ActorOptions { format, ..ActorOptions::new(7, STAGE.0, STAGE.1, Rate::DEFAULT) };
        let mut actor = Actor::with(options)?;
        let shot = |i| {
            let shot = actor.frame(i);
            let face = shot.faces.into_iter().next().context("the actor shows no face")?;
            Ok((shot.frame.into_data(), face.landmarks))
        };
        Ok(Self((0..frames as u64).map(shot).collect::<anyhow::Result<_>>()?))
    }

    /// As many faces side by side as are wanted, each the actor at another moment. Where a picture is larger than
    /// the stage, its edges go on.
    pub(crate) fn pictures(
        &self,
        (width, height): (u32, u32),
        format: PixelFormat,
        faces: u32,
    ) -> anyhow::Result<Prepared> {
        let n = self.0.len();
        let mut scene = Prepared { frames: Vec::new(), faces: Vec::new() };
        for k in 0..n {
            let mut rgb = vec![0; width as usize * height as usize * 3];
            let mut there = Vec::new();
            for i in 0..faces {
                let (picture, mesh) = &self.0[(k + i as usize * n / faces as usize) % n];
                let strip = (width * i / faces) as usize..(width * (i + 1) / faces) as usize;
                // From the stage's pixels to the picture's.
                let dx = (strip.start + strip.end) as i64 / 2 - i64::from(STAGE.0 / 2);
                let dy = (f64::from(height) * PLACE) as i64 - MIDDLE;
                for (y, row) in rgb.chunks_exact_mut(width as usize * 3).enumerate() {
                    let from = (y as i64 - dy).clamp(0, i64::from(STAGE.1) - 1) as usize;
                    let stage = &picture[from * STAGE.0 as usize * 3..][..STAGE.0 as usize * 3];
                    for x in strip.clone() {
                        let from = (x as i64 - dx).clamp(0, i64::from(STAGE.0) - 1) as usize;
                        row[x * 3..x * 3 + 3].copy_from_slice(&stage[from * 3..from * 3 + 3]);
                    }
                }
                let shift = MeshPoint::new(dx as f32, dy as f32, 0.0);
                there.push(face(u64::from(i) + 1, mesh.iter().map(|p| *p + shift).collect())?);
            }
            let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, width, height, rgb)?;
            scene.frames.push(frame.converted(format, Colour::JPEG)?);
            scene.faces.push(there);
        }
        Ok(scene)
    }
}

fn face(id: u64, landmarks: Vec<MeshPoint>) -> anyhow::Result<Face> {
    let pose = Pose::fit(&landmarks).context("the actor's face has no pose")?;
    let region = CropSquare { centre: ImagePx(pose.origin.truncate()), side: 400.0, angle: 0.0 };
    Ok(Face::new(FaceId(id), landmarks, region, pose))
}

impl Prepared {
    /// Which picture is shown for a frame: there and back without end, so that nothing jumps.
    fn place(&self, frame: u64) -> usize {
        let n = self.frames.len();
        let at = (frame % (2 * n as u64 - 2).max(1)) as usize;
        if at < n { at } else { 2 * n - 2 - at }
    }

    /// The picture of a frame.
    pub(crate) fn frame(&self, frame: u64) -> &Frame {
        &self.frames[self.place(frame)]
    }
}

/// Knows where the faces are.
pub(crate) struct KnownFaces(pub(crate) Arc<Prepared>);

impl FaceTracker for KnownFaces {
    fn track(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        Ok(self.0.faces[self.0.place(frame.id.0)].clone())
    }
}
