//! Calavera: the sugar skull of the Day of the Dead.
//!
//! Warm sugar with flower petals round dark sockets, a marigold on the brow, piped icing, a stitched smile.

use std::f32::consts::{PI, TAU};

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Canvas, Material, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio, blob};
use super::noise::{fbm, unit, value};
use super::ornament::{bead, petal, pipe, scroll};
use super::surface::{self, Ground, Lips, Wash};
use omote_frame::space::smoothstep_between;

const MAGENTA: u32 = 0xC4186A;
const MARIGOLD: u32 = 0xF08A12;
const TURQUOISE: u32 = 0x0E8F97;
const LEAF: u32 = 0x2E7D3A;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    sugar(&mut canvas);
    sockets(&mut canvas);
    nose(&mut canvas);
    mouth(&mut canvas);
    brow(&mut canvas);
    cheeks(&mut canvas);
    chin(&mut canvas);
    let sculpt = Sculpt { brow: 1.1, sockets: 1.7, nose: 0.8, cheeks: 1.1, lips: 0.9, ..Sculpt::NATURAL };
    let form = Form::carve(|p| {
        let mut h = sculpt.height(p);
        for side in Side::BOTH {
            let q = side.place(p);
            // Cheekbones with the hollow of a skull below them.
            h += 0.012 * blob(q, Vec2::new(0.235, 0.475), Vec2::new(0.075, 0.04));
            h -= 0.014 * blob(q, Vec2::new(0.225, 0.615), Vec2::new(0.045, 0.075));
        }
        h
    });
    let studio = Studio { key: 0.60, occlusion: 0.5, shade: srgb(0xD6B6A8), sheen: 0.8 };
    canvas.develop(&form, &studio)
}

fn sugar(canvas: &mut Canvas) {
    Ground {
        material: Material::paint(0xEFE5D3, 0.35),
        cloud: (srgb(0xF2DEBE), 0.7),
        grain: 0.00014,
        streak: 0.0,
        seed: 51,
    }
    .paint(canvas);
    let rim = |p: Vec2| ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
    Wash::paint(
        canvas,
        &[
            Wash::new(0xA8806A, |p| 0.6 * smoothstep_between(0.80, 1.12, rim(p) + 0.07 * fbm(p * 7.0, 3, 5))),
            Wash::paired(0xB49A98, |p| 0.7 * blob(p, Vec2::new(0.222, 0.620), Vec2::new(0.040, 0.085))),
            Wash::paired(0xBFA49C, |p| 0.6 * blob(p, Vec2::new(0.185, 0.27), Vec2::new(0.045, 0.08))),
        ],
    );
}

/// Dark sockets ringed with petals.
fn sockets(canvas: &mut Canvas) {
    let dark = Material::paint(0x140B14, 0.25);
    let outline = Material::paint(0x2A0A1E, 0.4);
    let centre = Vec2::new(0.345, 0.345);
    let (inner, outer) = (Vec2::new(0.082, 0.066), Vec2::new(0.124, 0.112));
    for side in Side::BOTH {
        let shade = srgb(0x7A5A58);
        canvas
            .dab(side.place(centre), outer * 1.35, 0.0, |t, _, texel| texel.glaze(shade, (1.3 * t).min(0.6)));
        let under = Curve::ellipse(side.place(centre), (inner + outer) * 0.47);
        canvas.fill(&under, 0.006, |cover, _, _, texel| texel.coat(&Material::paint(0x5A0A38, 0.4), cover));
        let petals = 15;
        // Every second petal first, so that the others lie over them.
        for pass in 0..2 {
            for i in (pass..petals).step_by(2) {
                let angle = i as f32 / petals as f32 * TAU + 0.2;
                let ray = Vec2::from_angle(angle);
                let reach = outer * (1.0 + 0.04 * value(Vec2::new(i as f32 * 1.7, 0.0), 12));
                let shape = petal(centre + ray * inner * 0.80, centre + ray * reach, 0.0235, 0.62);
                let shape = shape.on(side);
                let heart = side.place(centre);
                canvas.fill(&shape.map(|p| heart + (p - heart) * 1.012), 0.0016, |cover, depth, p, texel| {
                    texel.coat(&outline, 0.9 * cover);
                    let (cover, depth) = within(depth, 0.0015);
                    let d = (p - heart) / outer;
                    let far = smoothstep_between(0.62, 1.02, d.length());
                    let vein = value(Vec2::new(d.to_angle() * 26.0, 2.0), 5);
                    let colour = srgb(0x7E0B4A)
                        .lerp(srgb(MAGENTA), smoothstep_between(0.0, 0.6, far))
                        .lerp(srgb(0xF0669A), smoothstep_between(0.55, 1.0, far));
                    let petal = Material { colour: colour * (1.0 + 0.10 * vein), gloss: 0.45, metal: 0.0 };
                    texel.coat(&petal, cover);
                    texel.relief += cover * (0.006 * smoothstep_between(0.0, 0.020, depth) + 0.0003 * vein);
                });
            }
        }
        let socket = Curve::ellipse(side.place(centre), inner);
        canvas.fill(&socket, 0.010, |cover, depth, p, texel| {
            texel.coat(&dark, cover);
            texel.colour += cover
                * srgb(0x30203A)
                * 0.5
                * smoothstep_between(0.05, 0.0, depth)
                * smoothstep_between(0.30, 0.40, p.y);
            texel.relief -= 0.012 * smoothstep_between(0.0, 0.02, depth);
        });
        for i in 0..26 {
            let ray = Vec2::from_angle(i as f32 / 26.0 * TAU);
            let (colour, radius) = if i % 2 == 0 { (MARIGOLD, 0.0052) } else { (0xFFF6E4, 0.0036) };
            bead(canvas, side.place(centre + ray * inner * 1.02), radius, &Material::paint(colour, 0.8));
        }
    }
    surface::eyes(canvas, &Material::paint(0xE8D8C8, 0.8), &Material::paint(0x14707A, 0.9));
}

fn nose(canvas: &mut Canvas) {
    let heart = Curve::ring(&[
        [0.500, 0.462],
        [0.484, 0.488],
        [0.466, 0.516],
        [0.449, 0.545],
        [0.449, 0.566],
        [0.467, 0.576],
        [0.487, 0.570],
        [0.500, 0.556],
        [0.513, 0.570],
        [0.533, 0.576],
        [0.551, 0.566],
        [0.551, 0.545],
        [0.534, 0.516],
        [0.516, 0.488],
    ]);
    let dark = Material::paint(0x150B12, 0.3);
    canvas.fill(&heart, 0.004, |cover, depth, _, texel| {
        texel.coat(&dark, cover);
        texel.relief -= 0.006 * smoothstep_between(0.0, 0.014, depth);
    });
    let rim = heart.map(|p| Vec2::new(0.5, 0.53) + (p - Vec2::new(0.5, 0.53)) * Vec2::new(1.12, 1.09));
    pipe(canvas, &rim, &Material::paint(0xFFF4E2, 0.6), |_| 0.0030);
}

/// Dark lips; the stitches cross them and run on over the cheeks.
fn mouth(canvas: &mut Canvas) {
    Lips { paint: Material::paint(0x6A0E3A, 0.75), edge: 0x6A405A, fresh: 0.5, inside: 0x16080E }
        .paint(canvas);
    let thread = Material::paint(0x1C0F14, 0.5);
    let bow = anatomy::lip_bow();
    let base = anatomy::lip_base();
    for side in Side::BOTH {
        let seam =
            Curve::through(&[[0.352, 0.655], [0.319, 0.650], [0.275, 0.632], [0.232, 0.598], [0.208, 0.558]]);
        let line = seam.on(side);
        canvas.stroke(
            &line,
            0.0025,
            |t| 0.0058 * (1.0 - 0.8 * t),
            |touch, _, texel| {
                texel.coat(&thread, 0.95 * touch.cover);
                texel.relief -= 0.0012 * touch.cover;
            },
        );
        for i in 0..5 {
            let (p, along) = seam.at(0.13 + 0.19 * i as f32);
            let half = (0.026 - 0.0032 * i as f32) * (1.0 + 0.15 * (unit(i, side as i32, 77) - 0.5));
            stitch(canvas, side.place(p - along.perp() * half), side.place(p + along.perp() * half), &thread);
        }
    }
    for i in 0..9 {
        let t = 0.10 + 0.80 * i as f32 / 8.0;
        let (up, _) = bow.at(t);
        let (low, _) = base.at(t);
        let long = 0.012 + 0.010 * (t * PI).sin() + 0.003 * value(Vec2::new(i as f32 * 2.3, 1.0), 9);
        stitch(canvas, up + Vec2::new(0.0, -long), up + Vec2::new(0.0, 0.012), &thread);
        stitch(canvas, low + Vec2::new(0.0, -0.020), low + Vec2::new(0.0, long), &thread);
    }
}

fn stitch(canvas: &mut Canvas, from: Vec2, to: Vec2, thread: &Material) {
    let bent = from.midpoint(to) + (to - from).perp() * 0.04;
    let path = Curve::smooth(&[from, bent, to], false);
    let shadow = srgb(0x7A5A50);
    canvas.stroke(&path, 0.005, |_| 0.0035, |touch, _, texel| texel.glaze(shadow, 0.5 * touch.cover));
    canvas.stroke(
        &path,
        0.001,
        |t| 0.0034 * (1.0 - 0.55 * (2.0 * t - 1.0).powi(2)),
        |touch, _, texel| {
            texel.coat(thread, touch.cover);
            texel.relief += 0.0022 * touch.bead() * touch.cover;
        },
    );
}

/// Cover and depth of the body of a shape that has an outline `line` wide inside its border.
fn within(depth: f32, line: f32) -> (f32, f32) {
    (smoothstep_between(line - 0.0008, line + 0.0008, depth), (depth - line).max(0.0))
}

/// A flower of `rings` rings of petals.
fn flower(canvas: &mut Canvas, centre: Vec2, radius: f32, rings: &[(usize, f32, u32, u32)], heart: u32) {
    let shadow = srgb(0x6A4A40);
    canvas.dab(centre + Vec2::new(0.0, 0.006), Vec2::splat(radius * 1.35), 0.0, |t, _, texel| {
        texel.glaze(shadow, (1.4 * t).min(0.7));
    });
    for (ring, &(count, reach, deep, bright)) in rings.iter().enumerate() {
        for pass in 0..2 {
            for i in (pass..count).step_by(2) {
                let angle = (i as f32 + 0.5 * (ring % 2) as f32) / count as f32 * TAU - PI / 2.0;
                let ray = Vec2::from_angle(angle + 0.05 * value(Vec2::new(i as f32 * 3.1, ring as f32), 2));
                let length = radius * reach;
                let shape = petal(centre, centre + ray * length, length * 2.8 / count as f32, 0.66);
                let (deep, bright) = (srgb(deep), srgb(bright));
                let dark = deep * 0.25;
                canvas.fill(&shape, 0.0015, |cover, depth, p, texel| {
                    texel.coat(&Material { colour: dark, gloss: 0.3, metal: 0.0 }, 0.85 * cover);
                    let (cover, depth) = within(depth, 0.0014);
                    let far = p.distance(centre) / length;
                    let vein = value(Vec2::new((p - centre).to_angle() * 40.0, 0.5), 3);
                    let colour = deep.lerp(bright, smoothstep_between(0.35, 0.95, far)) * (1.0 + 0.12 * vein);
                    texel.coat(&Material { colour, gloss: 0.5, metal: 0.0 }, cover);
                    texel.relief += cover * 0.09 * length * smoothstep_between(0.0, 0.22 * length, depth);
                });
            }
        }
    }
    bead(canvas, centre, radius * 0.15, &Material::paint(heart, 0.7));
    for i in 0..8 {
        let ray = Vec2::from_angle(i as f32 / 8.0 * TAU);
        bead(canvas, centre + ray * radius * 0.21, radius * 0.055, &Material::paint(0xFFF4E2, 0.7));
    }
}

fn leaf(canvas: &mut Canvas, base: Vec2, tip: Vec2, half: f32, colour: u32) {
    let shape = petal(base, tip, half + 0.0012, 0.45);
    let dark = Material { colour: srgb(colour) * 0.2, gloss: 0.4, metal: 0.0 };
    let (axis, length) = ((tip - base).normalize_or(Vec2::X), tip.distance(base));
    canvas.fill(&shape, 0.0015, |cover, depth, p, texel| {
        texel.coat(&dark, 0.85 * cover);
        let (cover, depth) = within(depth, 0.0014);
        let d = p - base;
        let (along, across) = (d.dot(axis) / length, axis.perp_dot(d));
        let rib = 1.0 - smoothstep_between(0.0006, 0.0022, across.abs());
        let tone = srgb(colour) * (0.75 + 0.55 * along + 0.35 * (across > 0.0) as u8 as f32 * (1.0 - rib));
        texel.coat(&Material { colour: tone, gloss: 0.6, metal: 0.0 }, cover);
        texel.colour += cover * rib * Vec3::splat(0.10);
        texel.relief += cover * 0.004 * smoothstep_between(0.0, 0.01, depth);
    });
}

/// Marigold on the forehead, leaves and scrolls beside it, beads over the brows.
fn brow(canvas: &mut Canvas) {
    let teal = Material::paint(TURQUOISE, 0.75);
    let centre = Vec2::new(0.5, 0.172);
    for side in Side::BOTH {
        for (base, tip, half) in [
            ([0.470, 0.170], [0.385, 0.118], 0.019),
            ([0.468, 0.182], [0.372, 0.168], 0.018),
            ([0.478, 0.200], [0.412, 0.222], 0.015),
        ] {
            leaf(canvas, side.place(base.into()), side.place(tip.into()), half, LEAF);
        }
        let pink = Material::paint(MAGENTA, 0.75);
        let upper =
            scroll(&[[0.378, 0.206], [0.344, 0.214], [0.306, 0.212], [0.276, 0.190]], 0.026, 1.5).on(side);
        pipe(canvas, &upper, &teal, |t| {
            0.0024 + 0.0034 * smoothstep_between(0.0, 0.35, t) - 0.0030 * smoothstep_between(0.5, 1.0, t)
        });
        let outer =
            scroll(&[[0.288, 0.226], [0.262, 0.240], [0.232, 0.246], [0.208, 0.230]], 0.019, 1.4).on(side);
        pipe(canvas, &outer, &pink, |t| {
            0.0020 + 0.0028 * smoothstep_between(0.0, 0.35, t) - 0.0024 * smoothstep_between(0.5, 1.0, t)
        });
        for i in 0..6 {
            let t = i as f32 / 5.0;
            let at = Vec2::new(0.432 - 0.175 * t, 0.100 + 0.046 * t * t);
            bead(
                canvas,
                side.place(at),
                0.0060 - 0.0030 * t,
                &Material::paint(if i % 2 == 0 { MARIGOLD } else { 0xFFF4E2 }, 0.8),
            );
        }
    }
    let rings =
        [(13, 1.0, 0xC24A06, 0xF59A20), (11, 0.74, 0xD86A08, 0xFBB53A), (8, 0.48, 0xE07A0A, 0xFFD060)];
    flower(canvas, centre, 0.068, &rings, 0x8A3A06);
}

/// A scroll with a fan of drops on each cheek.
fn cheeks(canvas: &mut Canvas) {
    let teal = Material::paint(TURQUOISE, 0.75);
    for side in Side::BOTH {
        let line =
            scroll(&[[0.382, 0.592], [0.350, 0.578], [0.316, 0.554], [0.292, 0.522]], 0.029, -1.5).on(side);
        pipe(canvas, &line, &teal, |t| {
            0.0018 + 0.0042 * smoothstep_between(0.0, 0.4, t) - 0.0034 * smoothstep_between(0.5, 1.0, t)
        });
        let root = Vec2::new(0.250, 0.540);
        for i in 0..5 {
            let ray = Vec2::from_angle(2.05 + 0.42 * i as f32);
            let (near, far) = (root + ray * 0.030, root + ray * (0.068 + 0.006 * (i as f32 * 1.3).sin()));
            let colour = [MAGENTA, MARIGOLD, MAGENTA, MARIGOLD, MAGENTA][i];
            leaf(canvas, side.place(near), side.place(far), 0.0095, colour);
        }
        for i in 0..4 {
            let at = Vec2::new(0.319 + 0.018 * i as f32, 0.520 + 0.014 * i as f32);
            bead(canvas, side.place(at), 0.0048 - 0.0007 * i as f32, &Material::paint(0xFFF4E2, 0.8));
        }
    }
}

fn chin(canvas: &mut Canvas) {
    let teal = Material::paint(TURQUOISE, 0.75);
    for side in Side::BOTH {
        let line =
            scroll(&[[0.472, 0.840], [0.446, 0.854], [0.416, 0.858], [0.392, 0.842]], 0.022, 1.4).on(side);
        pipe(canvas, &line, &teal, |t| {
            0.0020 + 0.0032 * smoothstep_between(0.0, 0.4, t) - 0.0028 * smoothstep_between(0.5, 1.0, t)
        });
        for (tip, half) in [([0.445, 0.806], 0.012), ([0.452, 0.872], 0.012)] {
            leaf(canvas, side.place(Vec2::new(0.482, 0.838)), side.place(tip.into()), half, LEAF);
        }
        for i in 0..5 {
            let t = i as f32 / 4.0;
            let at = Vec2::new(0.345 - 0.085 * t, 0.812 - 0.075 * t);
            bead(
                canvas,
                side.place(at),
                0.0056 - 0.0022 * t,
                &Material::paint(if i % 2 == 0 { MAGENTA } else { MARIGOLD }, 0.8),
            );
        }
    }
    let rings = [(9, 1.0, 0x9A0E52, 0xE8458A), (7, 0.66, 0xB8145E, 0xF583AE)];
    flower(canvas, Vec2::new(0.5, 0.838), 0.034, &rings, 0xF5A623);
}
