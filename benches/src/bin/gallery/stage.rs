//! The stage: one of the fictional faces before the actor's room, posed, lit and photographed with a camera's noise.
//! Where its landmarks are is known.

use crate::light::Lighting;
use crate::occluders::{Head, Layer};
use anyhow::Context;
use glam::{Vec2, Vec3};
use omote_engine::actor::{Actor, ActorOptions, Composite, composite};
use omote_engine::frame::interpolation::{Bilinear, bilinear_by_weights};
use omote_engine::frame::{Colour, Frame, FrameId, PixelFormat};
use omote_engine::puppet::{Drawing, Expression, Puppet, PuppetPose};
use omote_engine::source::Rate;
use omote_engine::space::{MeshPoint, smoothstep};
use omote_shaders::cpu::{decode_srgb, encode_srgb};

/// Width and height of every frame in pixels.
pub(crate) const SIDE: u32 = 480;
/// Pixels of a frame.
pub(crate) const AREA: usize = (SIDE * SIDE) as usize;
/// Frames a second.
pub(crate) const FPS: f32 = 30.0;
/// Height of the face as a share of the picture's, and its middle's place down.
const FACE: f32 = 0.54;
const MIDDLE: f32 = 0.50;

/// How head and face stand at one time. Angles in radians.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stance {
    pub(crate) yaw: f32,
    pub(crate) pitch: f32,
    pub(crate) roll: f32,
    /// 0 lips together, 1 wide open.
    pub(crate) open: f32,
    /// 0 at rest, 1 a broad smile, -0.6 corners drawn in and down.
    pub(crate) smile: f32,
    /// Brows: 1 raised, -1 lowered.
    pub(crate) brows: f32,
    /// 0 open, 1 shut.
    pub(crate) blink: f32,
}

impl Stance {
    fn lerp(self, to: Self, t: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * t;
        Self {
            yaw: mix(self.yaw, to.yaw),
            pitch: mix(self.pitch, to.pitch),
            roll: mix(self.roll, to.roll),
            open: mix(self.open, to.open),
            smile: mix(self.smile, to.smile),
            brows: mix(self.brows, to.brows),
            blink: mix(self.blink, to.blink),
        }
    }

    /// Where a list of (seconds, stance) stands at `time`, with the small movements of someone who sits.
    pub(crate) fn at(keys: &[(f32, Self)], time: f32) -> Self {
        let after = keys.iter().position(|k| k.0 > time).unwrap_or(keys.len());
        let mut now = match (after.checked_sub(1).and_then(|i| keys.get(i)), keys.get(after)) {
            (Some(a), Some(b)) => a.1.lerp(b.1, smoothstep((time - a.0) / (b.0 - a.0))),
            (Some(k), None) | (None, Some(k)) => k.1,
            (None, None) => Self::default(),
        };
        now.yaw += 0.025 * (time * 2.3).sin() + 0.01 * (time * 5.1).sin();
        now.pitch += 0.015 * (time * 1.7 + 1.0).sin();
        now.roll += 0.012 * (time * 1.3 + 2.0).sin();
        now
    }
}

/// A frame and what is true of it.
pub(crate) struct Take {
    pub(crate) frame: Frame,
    /// The landmarks in pixels.
    pub(crate) truth: Vec<MeshPoint>,
    /// Share of each pixel that something before the face covers, 0..=1; empty where nothing does.
    pub(crate) cover: Vec<f32>,
}

/// Draws what stands before a face.
pub(crate) type Draw<'a> = &'a dyn Fn(&Head, &mut Layer);

/// One of the faces in the room.
pub(crate) struct Stage {
    puppet: Puppet,
    room: Vec<Vec3>,
    drawing: Drawing,
    encode: Vec<f32>,
    canvas: Vec<Vec3>,
}

impl Stage {
    /// The stage of a face.
    pub(crate) fn new(who: Composite) -> anyhow::Result<Self> {
        // The actor's room once he has gone.
        let empty = ActorOptions {
            format: PixelFormat::Rgb,
            still: true,
            exit: Some((-10.0, 1e9)),
            noise: 0.0,
            ..ActorOptions::new(11, SIDE, SIDE, Rate::DEFAULT)
        };
        let room = Actor::with(empty)?.frame(0).frame.to_rgb();
        let linear: Vec<f32> = (0..=255).map(|v| decode_srgb(v as f32 / 255.0)).collect();
        let room =
            room.chunks_exact(3).map(|p| Vec3::from_array([0, 1, 2].map(|k| linear[usize::from(p[k])])));
        // By the root of the light, so that the dark has enough steps.
        let encode = (0..=4096).map(|i| encode_srgb((i as f32 / 4096.0).powi(2)) * 255.0).collect();
        Ok(Self {
            puppet: composite(who)?,
            room: room.collect(),
            drawing: Drawing::default(),
            encode,
            canvas: Vec::new(),
        })
    }

    /// Frame `index` of a sequence; `before` draws what stands before the face.
    pub(crate) fn take(
        &mut self,
        index: u64,
        stance: Stance,
        lighting: &Lighting,
        before: Option<Draw<'_>>,
    ) -> anyhow::Result<Take> {
        let time = index as f32 / FPS;
        let side = SIDE as f32;
        let sway =
            Vec2::new((time * 1.1).sin(), (time * 1.9).sin()) * 0.006 + Vec2::new(stance.yaw * 0.03, 0.0);
        let middle = (Vec2::new(0.5, MIDDLE) + sway) * side;
        let straight = self.puppet.placed(middle, side * FACE);
        let pose = PuppetPose { yaw: stance.yaw, pitch: stance.pitch, roll: stance.roll, ..straight };
        let expression = Expression {
            blink_left: stance.blink,
            blink_right: stance.blink,
            // The portraits laugh; the face at rest has its lips together.
            mouth_open: -1.0 + stance.smile.max(stance.open).max(0.0) + 0.75 * stance.open,
            smile: (-0.45 + 0.95 * stance.smile).max(-1.0),
            brow_raise: stance.brows,
            ..Expression::default()
        };
        let truth = self.puppet.points(&pose, &expression);
        self.puppet.render(&pose, &truth, SIDE, SIDE, Some(&lighting.light), &mut self.drawing);
        self.canvas.clear();
        self.canvas.extend(self.room.iter().map(|p| *p * lighting.room));
        let region = self.drawing.region();
        let rows = self.drawing.pixels().chunks_exact(region.width.max(1) as usize);
        for (y, row) in (region.y as usize..).zip(rows) {
            let at = y * SIDE as usize + region.x as usize;
            for (out, p) in self.canvas[at..].iter_mut().zip(row) {
                *out = out.lerp(p.truncate(), p.w);
            }
        }
        let mut cover = Vec::new();
        if let Some(before) = before {
            let mut layer = Layer::new(SIDE as usize);
            let head = Head::from_landmarks(&truth).context("a face without landmarks")?;
            before(&head, &mut layer);
            layer.lay_over(&mut self.canvas);
            cover = layer.alpha;
        }
        let rgb = self.photograph(lighting.noise, index);
        let frame = Frame::new(PixelFormat::Rgb, Colour::JPEG, SIDE, SIDE, rgb)?;
        let mut frame = frame.converted(PixelFormat::I420, Colour::JPEG)?;
        frame.id = FrameId(index);
        frame.time = Rate::DEFAULT.time(index);
        Ok(Take { frame, truth, cover })
    }

    /// The canvas as R'G'B' codes. `noise`: standard deviation in codes, of which a part is blotchy as cameras'
    /// clean-up leaves it.
    fn photograph(&self, noise: f32, index: u64) -> Vec<u8> {
        let n = SIDE as usize;
        let mut grain = Grain::new(index * 7919 + 3);
        let cells = n / 4 + 2;
        let blotches: Vec<Vec3> =
            (0..cells * cells).map(|_| Vec3::new(grain.next(), grain.next(), grain.next())).collect();
        let mut out = Vec::with_capacity(AREA * 3);
        for (i, p) in self.canvas.iter().enumerate() {
            let at = Vec2::new((i % n) as f32, (i / n) as f32) / 4.0;
            let cell = Bilinear::clamped(at, [cells; 2]);
            let blotch = bilinear_by_weights(cell.corners(|x, y| blotches[y * cells + x]), cell.part());
            let fine = Vec3::splat(grain.next()) * 0.8 + Vec3::new(grain.next(), 0.0, grain.next()) * 0.5;
            let dirt = (fine + blotch * 0.35) * noise;
            for k in 0..3 {
                let code = self.encode[(p[k].clamp(0.0, 1.0).sqrt() * 4096.0) as usize];
                // Noise is strongest in the middle tones; clipped light and black have little.
                let strength = 0.45 + 0.55 * (1.0 - (code / 127.5 - 1.0).powi(2));
                out.push((code + dirt[k] * strength + 0.5).clamp(0.0, 255.0) as u8);
            }
        }
        out
    }
}

/// Repeatable values of mean 0 and standard deviation 1.
pub(crate) struct Grain(u64);

impl Grain {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let v = (self.0 >> 32) as u32;
        let sum: u32 = v.to_le_bytes().map(u32::from).iter().sum();
        (sum as f32 - 510.0) / 147.8
    }
}
