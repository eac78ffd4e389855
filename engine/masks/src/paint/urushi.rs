//! Urushi: the night sky in black lacquer.
//!
//! Blue-black lacquer polished like water; a moon and stars of gold and mother-of-pearl, sprinkled gold
//! (nashiji), waves that rise from the chin.

use std::f32::consts::{FRAC_PI_4, TAU};

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Canvas, Material, Texel, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio};
use super::noise::{fbm, unit, value};
use super::ornament::{bead, sprinkle, star};
use super::surface::{self, EyeLine, Ground, Lips, Wash};
use omote_frame::space::smoothstep_between;

const GOLD: u32 = 0xDDB468;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    night(&mut canvas);
    dust(&mut canvas);
    waves(&mut canvas);
    moon(&mut canvas);
    face(&mut canvas);
    stars(&mut canvas);
    let sculpt = Sculpt { sockets: 1.0, cheeks: 1.0, lips: 1.1, ..Sculpt::NATURAL };
    let form = Form::carve(|p| sculpt.height(p));
    let studio = Studio { key: 0.66, occlusion: 0.5, shade: srgb(0xA8B0D8), sheen: 0.75 };
    canvas.develop(&form, &studio)
}

/// Where the river of stars runs: from the left temple down over the right cheek; 0..=1.
fn river(p: Vec2) -> f32 {
    let across = (p.x - 0.5) * 0.72 + (p.y - 0.44) * 0.70 + 0.06 * fbm(p * 5.0, 3, 17);
    (-(across / 0.13).powi(2)).exp()
}

fn night(canvas: &mut Canvas) {
    Ground {
        material: Material::paint(0x122A66, 0.95),
        cloud: (srgb(0x6A78C8), 0.6),
        grain: 0.0,
        streak: 0.00002,
        seed: 91,
    }
    .paint(canvas);
    let rim = |p: Vec2| ((p - Vec2::new(0.5, 0.46)) / Vec2::new(0.36, 0.44)).length();
    Wash::paint(
        canvas,
        &[
            Wash::new(0x182048, |p| 0.85 * smoothstep_between(0.45, 1.1, rim(p))),
            Wash::new(0x303C78, |p| 0.55 * smoothstep_between(0.5, 0.95, p.y)),
        ],
    );
    let (violet, teal) = (srgb(0x6A3FA0), srgb(0x2E8FA8));
    let glow = super::noise::Field::bake(160, river);
    let hue = super::noise::Field::bake(96, |p| fbm(p * 6.0, 2, 44));
    canvas.each(|p, texel| {
        let tone = violet.lerp(teal, smoothstep_between(-0.3, 0.3, hue.at(p)));
        texel.colour += tone * 0.30 * glow.at(p);
    });
}

fn dust(canvas: &mut Canvas) {
    let (gold, silver) = (Material::leaf(GOLD), Material::leaf(0xDCE4F0));
    // Pear-skin ground: gold that thickens towards the rim and the chin.
    let amount = |p: Vec2| {
        let rim = ((p - Vec2::new(0.5, 0.46)) / Vec2::new(0.36, 0.44)).length();
        (0.55 * smoothstep_between(0.74, 1.15, rim + 0.10 * fbm(p * 5.0, 2, 6)) + 0.03).min(0.8)
    };
    sprinkle(canvas, 230, 0.0042, 7, amount, |cover, own, texel| {
        texel.coat(&gold, cover * (0.35 + 0.65 * own));
        texel.relief += 0.0004 * cover * own;
    });
    let amount = |p: Vec2| 0.62 * river(p) * smoothstep_between(-0.4, 0.3, fbm(p * 11.0, 2, 60));
    sprinkle(canvas, 210, 0.0036, 19, amount, |cover, own, texel| {
        texel.coat(if own < 0.6 { &silver } else { &gold }, cover * (0.3 + 0.7 * own));
    });
}

/// Lines of a wave: radius as a share of the wave's, half width in UV units.
const LINES: [(f32, f32); 4] = [(0.945, 0.0026), (0.70, 0.0017), (0.45, 0.0015), (0.20, 0.0014)];

/// Blue-sea waves (seigaiha) that rise from the chin, gold lines on darker water.
fn waves(canvas: &mut Canvas) {
    let gold = Material::leaf(GOLD);
    // Nowhere steeper than the waves' own slope: a wave always has others before it to stand on.
    let shore = |x: f32| 0.770 - 0.118 * ((x - 0.5).abs() / 0.35).powf(1.4) + 0.004 * (x * 31.0).sin();
    let radius = 0.046;
    let (across, down) = (radius * 2.0, radius * 0.52);
    for row in 0..20 {
        let y = 0.575 + row as f32 * down;
        for column in -1..13 {
            let x = 0.5 + (column as f32 - 6.0 + 0.5 * (row % 2) as f32) * across;
            let centre = Vec2::new(x, y);
            let under = y - radius * 0.4 - shore(x);
            if under < 0.0 {
                continue;
            }
            let deep = smoothstep_between(0.0, 0.14, under);
            let water = Material::paint(0x0B1C4C, 0.95);
            let foam = srgb(0x2F6FB4).lerp(srgb(0x1C7F8C), deep) * 0.40;
            let rim = canvas.texel();
            canvas.dab(centre, Vec2::splat(radius + rim), 0.0, |_, p, texel| {
                let r = p.distance(centre);
                let cover = ((radius - r) / rim + 0.5).clamp(0.0, 1.0);
                texel.coat(&water, cover);
                texel.colour += cover * foam * smoothstep_between(0.35, 1.0, r / radius);
                texel.relief *= 1.0 - cover;
                for (at, half) in LINES {
                    let off = (r - at * radius).abs();
                    let cover = ((half - off) / rim + 0.5).clamp(0.0, 1.0);
                    texel.coat(&gold, cover);
                    texel.relief += 0.0010 * cover * (1.0 - (off / half).powi(2)).max(0.0).sqrt();
                }
            });
        }
    }
}

fn moon(canvas: &mut Canvas) {
    let centre = Vec2::new(0.5, 0.168);
    let halo = srgb(0x6F7FD0);
    canvas.dab(centre, Vec2::splat(0.15), 0.0, |t, _, texel| texel.colour += halo * 0.16 * t);
    let (outer, bite) = (0.056, Vec2::new(0.0, -0.024));
    // A crescent that lies on its back, horns up.
    let depth = |p: Vec2| (outer - p.distance(centre)).min(p.distance(centre + bite) - 0.0455);
    let gold = Material::leaf(0xE6C680);
    canvas.dab(centre, Vec2::splat(0.08), 0.0, |_, p, texel| {
        let d = depth(p);
        let cover = smoothstep_between(-0.0004, 0.0004, d);
        if cover > 0.0 {
            texel.coat(&gold, cover);
            texel.colour *= 1.0 + 0.06 * value(p * 160.0, 2);
            texel.relief += cover * 0.010 * smoothstep_between(0.0, 0.014, d);
        }
    });
}

/// Mother-of-pearl: its colour depends on where one looks.
fn pearl(p: Vec2, own: f32, cover: f32, texel: &mut Texel) {
    let phase = own * TAU + value(p * 46.0, 3) * 2.4;
    let hue = Vec3::new(phase.cos(), (phase - 2.1).cos(), (phase + 2.1).cos());
    let colour = Vec3::new(0.62, 0.78, 0.80) + 0.26 * hue;
    texel.coat(&Material { colour: colour.max(Vec3::splat(0.05)), gloss: 1.0, metal: 0.55 }, cover);
}

fn inlay(canvas: &mut Canvas, shape: &Curve, own: f32) {
    let gold = Material::leaf(GOLD);
    canvas.fill(shape, 0.0, |cover, depth, p, texel| {
        pearl(p, own, cover, texel);
        texel.relief += cover * 0.0012 * smoothstep_between(0.0, 0.004, depth);
    });
    surface::gild(canvas, shape, &gold, 0.0008, |_| 0.0012);
}

fn stars(canvas: &mut Canvas) {
    let gold = Material::leaf(GOLD);
    // Eight-rayed and four-rayed stars: place, size, kind.
    let bright: [([f32; 2], f32, bool); 11] = [
        ([0.268, 0.498], 0.040, true),
        ([0.742, 0.462], 0.030, false),
        ([0.690, 0.540], 0.019, true),
        ([0.330, 0.158], 0.024, false),
        ([0.672, 0.170], 0.026, true),
        ([0.235, 0.236], 0.018, true),
        ([0.768, 0.240], 0.020, false),
        ([0.795, 0.352], 0.014, true),
        ([0.210, 0.390], 0.016, false),
        ([0.338, 0.565], 0.014, true),
        ([0.232, 0.582], 0.016, false),
    ];
    for (i, (centre, size, eight)) in bright.into_iter().enumerate() {
        let (centre, own) = (Vec2::from(centre), unit(i as i32, 3, 5));
        canvas.dab(centre, Vec2::splat(size * 1.8), 0.0, |t, _, texel| {
            texel.colour += srgb(0x6A86D8) * 0.22 * t * t
        });
        if eight {
            inlay_flat(canvas, &star(centre, size * 0.62, size * 0.16, 4, FRAC_PI_4), &gold);
        }
        inlay(canvas, &star(centre, size, size * 0.20, 4, 0.0), own);
    }
    // The Dipper on the left cheek's side, joined by a hair of gold.
    let dipper = [[0.585, 0.118], [0.628, 0.126], [0.662, 0.120], [0.672, 0.170]].map(Vec2::from);
    let crown = [[0.268, 0.498], [0.232, 0.582], [0.338, 0.565], [0.268, 0.498]].map(Vec2::from);
    let wain = [[0.795, 0.352], [0.742, 0.462], [0.690, 0.540], [0.752, 0.572]].map(Vec2::from);
    for chain in [&dipper[..], &crown[..], &wain[..]] {
        for pair in chain.windows(2) {
            let (a, b) = (pair[0].lerp(pair[1], 0.16), pair[0].lerp(pair[1], 0.84));
            surface::gild(canvas, &Curve::polyline(vec![a, b]), &gold, 0.0003, |_| 0.0010);
        }
    }
    for at in [
        [0.585, 0.118],
        [0.628, 0.126],
        [0.662, 0.120],
        [0.752, 0.572],
        [0.408, 0.118],
        [0.300, 0.212],
        [0.700, 0.222],
    ] {
        bead(canvas, Vec2::from(at), 0.0052, &gold);
    }
}

fn inlay_flat(canvas: &mut Canvas, shape: &Curve, gold: &Material) {
    canvas.fill(shape, 0.0, |cover, depth, _, texel| {
        texel.coat(gold, cover);
        texel.relief += cover * 0.001 * smoothstep_between(0.0, 0.003, depth);
    });
}

fn face(canvas: &mut Canvas) {
    surface::eyes(canvas, &Material::paint(0xE8ECF4, 0.9), &Material::paint(0x3A62B8, 0.95));
    let gold = Material::leaf(GOLD);
    EyeLine {
        ink: Material::paint(0x03060F, 0.9),
        upper: 0.0090,
        lower: 0.0050,
        wing: Vec2::new(-0.036, -0.016),
        feather: 0.002,
    }
    .draw(canvas);
    for side in Side::BOTH {
        let upper = Curve::through(&[
            [0.226, 0.322],
            [0.262, 0.319],
            [0.300, 0.303],
            [0.345, 0.297],
            [0.392, 0.310],
            [0.428, 0.350],
        ]);
        surface::gild(canvas, &upper.on(side), &gold, 0.0012, |t| {
            0.0030 * (1.0 - (2.0 * t - 1.0).powi(2)) + 0.0004
        });
        let lower = Curve::through(&[
            [0.236, 0.336],
            [0.268, 0.358],
            [0.305, 0.374],
            [0.347, 0.380],
            [0.395, 0.372],
            [0.428, 0.360],
        ]);
        surface::gild(canvas, &lower.on(side), &gold, 0.0010, |t| {
            0.0022 * (1.0 - (2.0 * t - 1.0).powi(2)) + 0.0003
        });
        // Brows of mist: a gold line that dissolves into dust.
        let brow =
            Curve::through(&[[0.452, 0.282], [0.420, 0.256], [0.370, 0.240], [0.305, 0.240], [0.236, 0.272]]);
        surface::gild(canvas, &brow.on(side), &gold, 0.0020, |t| {
            0.0062 * (1.0 - t).powf(0.8) * smoothstep_between(-0.05, 0.12, t) + 0.0006
        });
        for i in 0..150 {
            let n = |k: u32| unit(i, side as i32, 4000 + k);
            let (p, along) = brow.at(n(1));
            let at = p - along.perp() * (0.026 * n(2) * n(3) + 0.004);
            bead(canvas, side.place(at), 0.0008 + 0.0011 * n(4), &gold);
        }
        canvas.dab(side.place(anatomy::NOSTRIL), Vec2::new(0.026, 0.012), side.turn(0.25), |t, _, texel| {
            texel.glaze(srgb(0x05070F), (1.6 * t).min(0.92));
        });
    }
    Lips { paint: Material::paint(0x9E1420, 0.95), edge: 0x601820, fresh: 0.5, inside: 0x0A0810 }
        .paint(canvas);
    let thin = |t: f32| 0.0026 * (1.0 - (2.0 * t - 1.0).powi(4));
    surface::gild(canvas, &anatomy::lip_bow(), &gold, 0.0012, thin);
    surface::gild(canvas, &anatomy::lip_base(), &gold, 0.0012, thin);
}
