//! What comes before the face: drawn by us, so that the pixels it covers are known.

use crate::hand::Hand;
pub(crate) use crate::layer::{Layer, Pose2d};
use crate::layer::{ellipse, rounded};
use crate::stage::Grain;
use glam::{Vec2, Vec3};
use omote_engine::space::{MeshPoint, smoothstep};

/// Where the head is, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// Between the eyes, the nose's tip, between the lips, the forehead's top.
    eyes: Vec2,
    nose: Vec2,
    mouth: Vec2,
    top: Vec2,
    /// Angle of the line through the eyes, radians.
    roll: f32,
    /// Distance between the eyes; from the forehead's top to the chin; between the ears.
    apart: f32,
    height: f32,
    width: f32,
}

impl Head {
    /// From a face's landmarks.
    pub(crate) fn from_landmarks(points: &[MeshPoint]) -> Option<Self> {
        let at = |i: usize| points.get(i).map(|p| p.truncate());
        let (right, left) = (at(468)?, at(473)?);
        Some(Self {
            eyes: (right + left) * 0.5,
            nose: at(1)?,
            mouth: (at(13)? + at(14)?) * 0.5,
            top: at(10)?,
            roll: (left - right).y.atan2((left - right).x),
            apart: right.distance(left),
            height: at(10)?.distance(at(152)?),
            width: at(234)?.distance(at(454)?),
        })
    }
}

/// What may come before the face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occluder {
    Hand,
    Microphone,
    Mug,
    Sunglasses,
    Cap,
    Hair,
    Glasses,
    Fork,
    Headset,
    MedicalMask,
    Fringe,
}

/// When something is before the face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It comes and goes, see [`TIMES`].
    Later,
    /// It is there from the first frame to the last.
    FromTheStart,
}

/// Seconds: it begins to come, is there, begins to go, is gone, and the sequence ends.
pub(crate) const TIMES: [f32; 5] = [1.3, 1.75, 2.9, 3.35, 3.6];

impl Occluder {
    pub(crate) const ALL: [Self; 11] = [
        Self::Hand,
        Self::Microphone,
        Self::Mug,
        Self::Sunglasses,
        Self::Cap,
        Self::Hair,
        Self::Glasses,
        Self::Fork,
        Self::Headset,
        Self::MedicalMask,
        Self::Fringe,
    ];

    /// What it is, in words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Microphone => "microphone",
            Self::Mug => "mug",
            Self::Sunglasses => "sunglasses",
            Self::Cap => "cap",
            Self::Hair => "strands of hair",
            Self::Glasses => "glasses",
            Self::Fork => "fork",
            Self::Headset => "headset microphone",
            Self::MedicalMask => "medical mask",
            Self::Fringe => "fringe",
        }
    }

    /// When it is usually there: what is worn, all the while.
    pub(crate) fn arrival(self) -> Arrival {
        match self {
            Self::Glasses | Self::Headset | Self::MedicalMask | Self::Fringe => Arrival::FromTheStart,
            _ => Arrival::Later,
        }
    }

    /// Draws it as it is at `time` seconds.
    pub(crate) fn draw(self, arrival: Arrival, time: f32, head: &Head, layer: &mut Layer) {
        let here = arrival.share(time);
        if here <= 0.0 {
            return;
        }
        let away = 1.0 - here;
        let idle = Vec2::new((time * 3.1).sin(), (time * 4.3).cos()) * 0.012 * head.height;
        match self {
            Self::Hand => {
                let at = head.nose + Vec2::new(0.15, 0.32) * head.height + idle;
                let at = at + Vec2::new(0.30, 1.05) * head.height * away;
                let place =
                    Pose2d::new(at, -0.55 + 0.5 * away + 0.03 * (time * 5.0).sin(), head.height * 1.12);
                Hand::open().draw(&place, layer);
            }
            Self::Microphone => {
                let at = head.mouth + Vec2::new(0.02, 0.05) * head.height + idle;
                let at = at + Vec2::new(-0.25, 0.95) * head.height * away;
                microphone(&Pose2d::new(at, 0.22, head.height), layer);
            }
            Self::Mug => {
                let at = head.mouth + Vec2::new(-0.01, 0.13) * head.height + idle;
                let at = at + Vec2::new(0.12, 0.85) * head.height * away;
                mug(&Pose2d::new(at, -0.10 + 0.10 * away, head.height), layer);
            }
            Self::Sunglasses => {
                let down = Vec2::from_angle(head.roll).perp();
                let at = head.eyes - down * head.apart * 2.6 * away;
                sunglasses(&Pose2d::new(at, head.roll, head.apart), layer);
            }
            Self::Cap => {
                let down = Vec2::from_angle(head.roll).perp();
                let at = head.top + down * head.width * (0.10 - 1.25 * away);
                cap(&Pose2d::new(at, head.roll, head.width), layer);
            }
            Self::Hair => hair(head, away, time, layer),
            Self::Glasses => glasses(&Pose2d::new(head.eyes, head.roll, head.apart), layer),
            Self::Fork => {
                let at = head.mouth + idle * 0.5;
                let at = at + Vec2::new(-0.6, 0.5) * head.height * away;
                fork(&Pose2d::new(at, 0.55, head.height), layer);
            }
            Self::Headset => headset(&Pose2d::new(head.mouth, head.roll, head.width), layer),
            Self::MedicalMask => medical_mask(&Pose2d::new(head.mouth, head.roll, head.width), layer),
            Self::Fringe => fringe(head, time, layer),
        }
    }
}

impl Arrival {
    /// How far the thing is there at `time`, 0..=1.
    fn share(self, time: f32) -> f32 {
        let [come, there, go, gone, _] = TIMES;
        match self {
            Self::Later => {
                smoothstep((time - come) / (there - come)) * smoothstep((gone - time) / (gone - go))
            }
            Self::FromTheStart => 1.0,
        }
    }

    /// Whether anything of it is there at `time`.
    pub(crate) fn present(self, time: f32) -> bool {
        self.share(time) > 0.0
    }
}

/// A fork on its way into the mouth, its handle down to the right in the picture.
fn fork(place: &Pose2d, layer: &mut Layer) {
    use crate::layer::capsule;
    let steel = |p: Vec2| Vec3::splat(0.22 + 0.25 * (p.x * 60.0).cos().powi(2));
    let tines = |p: Vec2| {
        [-0.036f32, -0.012, 0.012, 0.036]
            .iter()
            .fold(9.0f32, |d, x| d.min(capsule(p, Vec2::new(*x, -0.02), Vec2::new(*x, 0.10), 0.005, 0.006)))
    };
    let root = |p: Vec2| rounded(p - Vec2::new(0.0, 0.115), Vec2::new(0.042, 0.03), 0.02);
    let handle = |p: Vec2| capsule(p, Vec2::new(0.0, 0.14), Vec2::new(0.0, 0.75), 0.011, 0.018);
    let reach = [Vec2::new(-0.08, -0.06), Vec2::new(0.08, 0.8)];
    layer.shadow(place, reach, 0.25, |p| tines(p).min(root(p)).min(handle(p)));
    for part in [&tines as &dyn Fn(Vec2) -> f32, &root, &handle] {
        layer.body(place, reach, 0.012, part, steel);
    }
}

/// A headset's boom from the ear to the mouth's corner, with its small microphone and a part of the ear's cup.
fn headset(place: &Pose2d, layer: &mut Layer) {
    use crate::layer::capsule;
    let dark = |_: Vec2| Vec3::splat(0.018);
    let points =
        [Vec2::new(-0.50, -0.22), Vec2::new(-0.46, -0.02), Vec2::new(-0.36, 0.08), Vec2::new(-0.22, 0.10)];
    let boom =
        |p: Vec2| points.windows(2).fold(9.0f32, |d, pair| d.min(capsule(p, pair[0], pair[1], 0.014, 0.012)));
    let ball = |p: Vec2| ellipse(p - Vec2::new(-0.20, 0.10), Vec2::new(0.055, 0.042));
    let cup = |p: Vec2| rounded(p - Vec2::new(-0.53, -0.32), Vec2::new(0.07, 0.15), 0.06);
    let reach = [Vec2::new(-0.7, -0.6), Vec2::new(0.0, 0.3)];
    layer.shadow(place, reach, 0.2, |p| boom(p).min(ball(p)));
    layer.body(place, reach, 0.05, cup, |p| Vec3::splat(if (p.y + 0.32).abs() < 0.1 { 0.05 } else { 0.02 }));
    layer.body(place, reach, 0.012, boom, dark);
    layer.body(place, reach, 0.03, ball, dark);
}

/// A surgical mask from the nose's bridge to the chin.
fn medical_mask(place: &Pose2d, layer: &mut Layer) {
    let cloth = |p: Vec2| {
        let top = -0.27 + 0.10 * (p.x / 0.45).powi(2) - 0.05 * (1.0 - (p.x.abs() / 0.10).min(1.0));
        let sides = 0.47 - 0.18 * ((p.y - 0.05) / 0.4).max(0.0).powi(2);
        (top - p.y).max(p.x.abs() - sides).max(p.y - 0.34 + 0.12 * (p.x / 0.4).powi(2))
    };
    let reach = [Vec2::new(-0.7, -0.55), Vec2::new(0.7, 0.45)];
    let strap = |p: Vec2| {
        let q = Vec2::new(p.x.abs(), p.y);
        let line = |a: Vec2, b: Vec2| crate::layer::capsule(q, a, b, 0.007, 0.007);
        line(Vec2::new(0.44, -0.14), Vec2::new(0.58, -0.36))
            .min(line(Vec2::new(0.42, 0.16), Vec2::new(0.58, -0.10)))
    };
    layer.shadow(place, reach, 0.25, cloth);
    layer.body(place, reach, 0.01, strap, |_| Vec3::splat(0.55));
    layer.body(place, reach, 0.16, cloth, |p| {
        let fold = [0.0f32, 0.09, 0.18].iter().any(|y| (p.y - y + 0.05).abs() < 0.006);
        Vec3::new(0.33, 0.52, 0.60)
            * if fold { 0.72 } else { 1.0 + 0.04 * (p.x * 90.0).sin() * (p.y * 90.0).sin() }
    });
}

/// Hair over the forehead down to the brows.
fn fringe(head: &Head, time: f32, layer: &mut Layer) {
    let place = Pose2d::new(head.top, head.roll, head.height);
    let mut chance = Grain::new(41);
    for k in 0..170 {
        let x = -0.36 + 0.72 * (k as f32 + 0.5) / 170.0;
        let a = Vec2::new(x * 0.9, -0.12 + 0.02 * chance.next());
        let length = 0.30 - 0.25 * x * x + 0.022 * chance.next() + 0.05 * (x * 31.0).sin().abs();
        let sway = 0.008 * (time * 3.0 + x * 9.0).sin();
        let end = a + Vec2::new(0.05 * x + 0.012 * chance.next() + sway, length);
        let bend = a + Vec2::new(0.02 * x + 0.015 * chance.next(), length * 0.5);
        let points: Vec<Vec2> = (0..=10)
            .map(|k| {
                let t = k as f32 / 10.0;
                place.pixel(a.lerp(bend, t).lerp(bend.lerp(end, t), t))
            })
            .collect();
        let tone = (1.0 + 0.4 * chance.next().clamp(-1.5, 1.5)).max(0.3);
        layer.strand(
            &points,
            2.6 + 0.5 * chance.next().clamp(-1.0, 1.0),
            Vec3::new(0.035, 0.020, 0.012) * tone,
        );
    }
}

fn microphone(place: &Pose2d, layer: &mut Layer) {
    let body = |p: Vec2| crate::layer::capsule(p, Vec2::new(0.0, 0.12), Vec2::new(0.0, 0.50), 0.062, 0.046);
    let pole = |p: Vec2| rounded(p - Vec2::new(0.0, 1.1), Vec2::new(0.017, 0.62), 0.01);
    let ball = |p: Vec2| ellipse(p, Vec2::new(0.118, 0.125));
    let reach = [Vec2::new(-0.16, -0.16), Vec2::new(0.16, 1.8)];
    layer.shadow(place, [reach[0], Vec2::new(0.16, 0.6)], 0.35, |p| ball(p).min(body(p)));
    layer.body(place, reach, 0.017, pole, |_| Vec3::splat(0.10));
    let rings = |p: Vec2| Vec3::splat(if (p.y - 0.30).abs() < 0.006 { 0.004 } else { 0.022 });
    layer.body(place, reach, 0.055, body, rings);
    // Wire mesh: bright crossings on dark.
    let mesh = |p: Vec2| {
        let bulge = p / (1.0 - 0.25 * (p / 0.12).length_squared().min(1.0)).max(0.3);
        let wave = |v: f32| (v * 230.0).sin().abs().powi(3);
        Vec3::new(0.045, 0.046, 0.05) + Vec3::splat(0.10) * wave(bulge.x + bulge.y) * wave(bulge.x - bulge.y)
    };
    layer.body(place, reach, 0.12, ball, mesh);
    let band = |p: Vec2| rounded(p - Vec2::new(0.0, 0.035), Vec2::new(0.119, 0.011), 0.006);
    layer.body(place, reach, 0.02, band, |p| Vec3::splat(0.05 + 0.10 * (1.0 - (p.x / 0.12).powi(2))));
}

fn mug(place: &Pose2d, layer: &mut Layer) {
    let half = Vec2::new(0.175, 0.20);
    let wall = |p: Vec2| rounded(p, half, 0.035);
    let handle = |p: Vec2| {
        let q = p - Vec2::new(0.19, 0.0);
        (ellipse(q, Vec2::new(0.095, 0.115)).abs() - 0.022).max(-q.x - 0.03)
    };
    let reach = [Vec2::new(-0.22, -0.26), Vec2::new(0.34, 0.26)];
    layer.shadow(place, reach, 0.35, wall);
    Hand::arm().draw(place, layer);
    layer.body(place, reach, 0.022, handle, |_| Vec3::new(0.05, 0.20, 0.26));
    let glaze = |p: Vec2| {
        let round = (1.0 - (p.x / 0.185).powi(2)).max(0.0).sqrt();
        let shine = (-((p.x + 0.085) / 0.018).powi(2)).exp() * 0.35;
        let colour = if (p.y - 0.06).abs() < 0.045 {
            Vec3::new(0.62, 0.58, 0.48)
        } else {
            Vec3::new(0.05, 0.20, 0.26)
        };
        colour * (0.45 + 0.65 * round) + shine * round
    };
    layer.body(place, reach, 0.02, wall, glaze);
    // Tilted to drink, its far rim shows above the near one.
    let rim = |p: Vec2| ellipse(p - Vec2::new(0.0, -0.192), Vec2::new(0.170, 0.030));
    layer.body(place, reach, 0.012, rim, |p| {
        if rim(p) > -0.010 { Vec3::new(0.10, 0.32, 0.40) } else { Vec3::new(0.035, 0.020, 0.012) }
    });
    Hand::round_a_handle().draw(place, layer);
}

fn sunglasses(place: &Pose2d, layer: &mut Layer) {
    let lens = |p: Vec2| ellipse(Vec2::new(p.x.abs() - 0.50, p.y - 0.06), Vec2::new(0.405, 0.39));
    let reach = [Vec2::new(-1.4, -0.6), Vec2::new(1.4, 0.7)];
    layer.shadow(place, reach, 0.30, lens);
    let glass = |p: Vec2| {
        let dark = Vec3::new(0.010, 0.008, 0.007)
            .lerp(Vec3::new(0.05, 0.032, 0.018), ((p.y + 0.3) * 1.2).clamp(0.0, 1.0));
        let q = Vec2::new(p.x - 0.50 * p.x.signum(), p.y);
        let streak = (-((q.x + q.y * 0.8 + 0.20) / 0.07).powi(2)).exp() * f32::from(q.y < 0.22);
        (
            dark + Vec3::new(0.10, 0.12, 0.14) * streak,
            ((0.5 - lens(p) * place_scale(place)).clamp(0.0, 1.0)) * 0.97,
        )
    };
    layer.flat(place, reach, glass);
    let metal = |_: Vec2| Vec3::new(0.48, 0.33, 0.12);
    layer.body(place, reach, 0.03, |p| lens(p).abs() - 0.026, metal);
    let bridge =
        |p: Vec2| (ellipse(p - Vec2::new(0.0, 0.06), Vec2::new(0.13, 0.14)).abs() - 0.022).max(p.y - 0.02);
    layer.body(place, reach, 0.03, bridge, metal);
    let bow = |p: Vec2| {
        crate::layer::capsule(
            Vec2::new(p.x.abs(), p.y),
            Vec2::new(0.88, -0.06),
            Vec2::new(1.18, -0.09),
            0.028,
            0.024,
        )
    };
    layer.body(place, reach, 0.03, bow, metal);
}

/// Rims of dark horn, with clear glass.
fn glasses(place: &Pose2d, layer: &mut Layer) {
    let lens = |p: Vec2| rounded(Vec2::new(p.x.abs() - 0.50, p.y - 0.08), Vec2::new(0.40, 0.29), 0.20);
    let reach = [Vec2::new(-1.4, -0.6), Vec2::new(1.4, 0.7)];
    let rim = |p: Vec2| lens(p).abs() - 0.032;
    layer.shadow(place, reach, 0.12, rim);
    let horn = |p: Vec2| Vec3::new(0.030, 0.018, 0.012) * (1.3 - p.y);
    layer.body(place, reach, 0.03, rim, horn);
    let bridge =
        |p: Vec2| crate::layer::capsule(p, Vec2::new(-0.12, -0.02), Vec2::new(0.12, -0.02), 0.036, 0.036);
    layer.body(place, reach, 0.03, bridge, horn);
    let bow = |p: Vec2| {
        crate::layer::capsule(
            Vec2::new(p.x.abs(), p.y),
            Vec2::new(0.90, -0.06),
            Vec2::new(1.16, -0.09),
            0.036,
            0.030,
        )
    };
    layer.body(place, reach, 0.03, bow, horn);
}

fn place_scale(place: &Pose2d) -> f32 {
    place.pixel(Vec2::X).distance(place.pixel(Vec2::ZERO))
}

fn cap(place: &Pose2d, layer: &mut Layer) {
    let crown = |p: Vec2| {
        let q = p - Vec2::new(0.0, -0.02);
        ellipse(q, Vec2::new(0.60, 0.62)).max(q.y - 0.03 - 0.07 * (1.0 - (p.x / 0.56).powi(2)).max(0.0))
    };
    // The brim from the front: a bow that hangs lower in its middle.
    let brim = |p: Vec2| {
        let sag = 0.085 * (1.0 - (p.x / 0.56).powi(2));
        ellipse(Vec2::new(p.x, p.y - sag), Vec2::new(0.575, 0.082))
    };
    let reach = [Vec2::new(-0.7, -0.75), Vec2::new(0.7, 0.3)];
    layer.shadow(place, reach, 0.5, |p| brim(p - Vec2::new(0.0, 0.05)));
    let cloth = |p: Vec2| {
        let seam =
            [0.0f32, 0.33, -0.33].iter().any(|s| (p.x - s * (1.0 - (p.y / 0.75).powi(2))).abs() < 0.005);
        let weave = 1.0 + 0.08 * (p.x * 260.0).sin() * (p.y * 260.0).sin();
        Vec3::new(0.022, 0.055, 0.085) * weave * if seam { 0.45 } else { 1.0 }
    };
    layer.body(place, reach, 0.38, crown, cloth);
    let visor = |p: Vec2| {
        let edge = brim(p);
        let stitch = (edge + 0.022).abs() < 0.004 && (p.x * 120.0).sin() > -0.3;
        cloth(Vec2::new(0.1, p.y)) * if stitch { 2.2 } else { 0.85 }
    };
    layer.body(place, reach, 0.07, brim, visor);
}

fn hair(head: &Head, away: f32, time: f32, layer: &mut Layer) {
    let place = Pose2d::new(head.eyes, head.roll, head.height);
    let mut chance = Grain::new(77);
    for clump in 0..6 {
        let (root, reach) = (-0.17 + 0.066 * clump as f32, 0.10 - 0.048 * clump as f32);
        let length = 0.62 + 0.10 * chance.next().clamp(-1.5, 1.5);
        for _ in 0..11 {
            let a = Vec2::new(root + 0.020 * chance.next(), -0.50 + 0.012 * chance.next());
            let fall = (length + 0.035 * chance.next()) * (1.0 - 0.6 * away);
            let swing = (1.1 + 0.1 * chance.next()) * away + 0.03 * (time * 4.0 + clump as f32).sin();
            let end = a + Vec2::new(-reach * 1.6 + 0.014 * chance.next(), fall);
            let bend = a + Vec2::new(0.10 - reach * 0.3 + 0.010 * chance.next(), fall * 0.45);
            // Thrown back over the head, the strands swing down.
            let turn = |p: Vec2| a + Vec2::from_angle(-swing * 1.3).rotate(p - a);
            let (bend, end) = (turn(bend), turn(end));
            let points: Vec<Vec2> = (0..=14)
                .map(|k| {
                    let t = k as f32 / 14.0;
                    place.pixel(a.lerp(bend, t).lerp(bend.lerp(end, t), t))
                })
                .collect();
            let tone = 1.0 + 0.45 * chance.next().clamp(-1.5, 1.5);
            layer.strand(
                &points,
                1.9 + 0.4 * chance.next().clamp(-1.0, 1.0),
                Vec3::new(0.030, 0.017, 0.010) * tone.max(0.3),
            );
        }
    }
}
