//! Kitsune: the white fox of festivals.
//!
//! White gesso with a fox's muzzle, ink-lined slanting eyes in a red that fades as a wood-block print's does,
//! a flame on the forehead, gold edges, whiskers, red ears.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Canvas, Material, Texel, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio, blob};
use super::noise::{fbm, unit, value};
use super::surface::{self, EyeLine, Ground, Lips, Wash};
use omote_frame::space::smoothstep_between;

const RED: u32 = 0xBE140F;
const GOLD: u32 = 0xD6AC5E;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    fur(&mut canvas);
    temples(&mut canvas);
    eyes(&mut canvas);
    flame(&mut canvas);
    cheeks(&mut canvas);
    muzzle(&mut canvas);
    let sculpt = Sculpt { brow: 0.7, sockets: 1.15, nose: 0.95, cheeks: 0.7, lips: 0.8, ..Sculpt::NATURAL };
    let form = Form::carve(|p| {
        let mut h = sculpt.height(p) + 0.034 * blob(p, Vec2::new(0.5, 0.60), Vec2::new(0.135, 0.125));
        for side in Side::BOTH {
            let q = side.place(p);
            // High cheekbones that slant with the eyes, and the pads the whiskers grow from.
            let slant = Vec2::new(q.x - 0.25, q.y - 0.43 + 0.6 * (q.x - 0.25));
            h += 0.016 * blob(slant, Vec2::ZERO, Vec2::new(0.09, 0.035));
            h += 0.010 * blob(q, Vec2::new(0.415, 0.612), Vec2::new(0.06, 0.04));
        }
        h
    });
    let studio = Studio { key: 0.62, occlusion: 0.45, shade: srgb(0xD8CBD2), sheen: 1.0 };
    canvas.develop(&form, &studio)
}

fn fur(canvas: &mut Canvas) {
    Ground {
        material: Material::paint(0xE9E1D7, 0.55),
        cloud: (srgb(0xF3E7D6), 0.6),
        grain: 0.00005,
        streak: 0.00007,
        seed: 23,
    }
    .paint(canvas);
    let rim = |p: Vec2| ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
    Wash::paint(
        canvas,
        &[
            Wash::new(0xC9B7A4, |p| 0.55 * smoothstep_between(0.80, 1.1, rim(p) + 0.05 * fbm(p * 8.0, 3, 5))),
            Wash::paired(0xF0B8A8, |p| 0.5 * blob(p, Vec2::new(0.24, 0.50), Vec2::new(0.07, 0.06))),
        ],
    );
    // Cheek fur: long soft strokes that follow the cheek outwards and down.
    for side in Side::BOTH {
        for i in 0..260 {
            let n = |k: u32| unit(i, side as i32 * 7 + 1, 900 + k);
            let along = n(1);
            let bow = (along * std::f32::consts::PI).sin();
            let root = Vec2::new(0.172, 0.44).lerp(Vec2::new(0.295, 0.80), along);
            let root = root + Vec2::new(-0.025 * bow + 0.055 * (n(2) - 0.35), 0.02 * n(6));
            let lie = Vec2::new(-0.75, 0.65).lerp(Vec2::new(-0.30, 0.95), along);
            let tip = root + lie * (0.035 + 0.045 * n(3));
            let mid = root.midpoint(tip) + Vec2::new(-0.003, 0.006);
            let hair = Curve::smooth(&[root, mid, tip], false).on(side);
            let tint = [srgb(0xCDBEB4), srgb(0xE2D8CF), Vec3::splat(1.10)][(n(5) * 3.0) as usize % 3];
            canvas.stroke(
                &hair,
                0.0016,
                |t| 0.0019 * smoothstep_between(-0.1, 0.3, t) * (1.0 - t * 0.95),
                |touch, _, texel| {
                    texel.glaze(tint, 0.36 * touch.cover);
                    texel.relief += 0.0006 * touch.bead() * touch.cover;
                },
            );
        }
    }
}

/// The red of the markings, brushed: thin in the hollows of the gesso.
fn red(cover: f32, p: Vec2, texel: &mut Texel) {
    texel.coat(&Material::paint(RED, 0.7), cover);
    texel.colour *= 1.0 + 0.12 * cover * value(p * 70.0, 61);
    texel.relief *= 1.0 - cover;
}

fn edge(canvas: &mut Canvas, shape: &Curve, half: f32) {
    let gold = Material::leaf(GOLD);
    surface::gild(canvas, shape, &gold, 0.0011, |_| half);
}

/// Red that sinks in from the rim where a fox's ears begin, and a blade below it.
fn temples(canvas: &mut Canvas) {
    let blades: [(&[[f32; 2]], f32); 2] = [
        (&[[0.262, 0.060], [0.268, 0.110], [0.290, 0.150], [0.330, 0.172], [0.372, 0.170]], 0.022),
        (&[[0.175, 0.150], [0.196, 0.190], [0.228, 0.216], [0.270, 0.226], [0.312, 0.218]], 0.018),
    ];
    for (i, (points, thick)) in blades.into_iter().enumerate() {
        blade(canvas, &Curve::through(points), thick, 80 + i as u32);
    }
}

/// A tapering red stroke with gold edges, on both sides.
fn blade(canvas: &mut Canvas, path: &Curve, thick: f32, seed: u32) {
    let width = |t: f32| thick * (1.0 - t).powf(0.75);
    for side in Side::BOTH {
        let path = path.on(side);
        canvas.stroke(&path, 0.002, width, |touch, p, texel| {
            let grain = value(Vec2::new(touch.along * 5.0, touch.across * 6.0), seed);
            let dry = smoothstep_between(-0.6, 0.1, 0.35 * grain + 0.75 - touch.along);
            red(touch.cover * (0.45 + 0.55 * dry), p, texel);
            texel.relief += 0.0008 * touch.bead() * touch.cover;
        });
        for sign in [-1.0, 1.0] {
            let rim = (0..=28).map(|k| {
                let t = k as f32 / 28.0;
                let (p, along) = path.at(t);
                p + along.perp() * sign * (width(t) + 0.0006)
            });
            let rim = Curve::polyline(rim.collect());
            surface::gild(canvas, &rim, &Material::leaf(GOLD), 0.0009, |t| 0.0021 * (1.0 - 0.6 * t));
        }
    }
}

fn eyes(canvas: &mut Canvas) {
    let mask = Curve::ring(&[
        [0.438, 0.384],
        [0.405, 0.386],
        [0.350, 0.392],
        [0.290, 0.380],
        [0.238, 0.340],
        [0.196, 0.270],
        [0.232, 0.283],
        [0.280, 0.292],
        [0.340, 0.290],
        [0.390, 0.305],
        [0.422, 0.340],
    ]);
    for side in Side::BOTH {
        let shape = mask.on(side);
        let eye = side.place(anatomy::EYE);
        canvas.fill(&shape, 0.010, |cover, _, p, texel| {
            // Bokashi: full at the lids, fading outwards.
            let fade =
                1.0 - 0.62 * smoothstep_between(0.05, 0.15, ((p - eye) * Vec2::new(0.8, 1.3)).length());
            texel.glaze(srgb(0xD22A1E), (1.15 * cover * fade).min(1.0));
            texel.gloss = 0.6;
        });
    }
    surface::eyes(canvas, &Material::paint(0xF3E3B0, 0.7), &Material::paint(0xB87A18, 0.9));
    EyeLine {
        ink: Material::paint(0x120E10, 0.8),
        upper: 0.0118,
        lower: 0.0058,
        wing: Vec2::new(-0.062, -0.046),
        feather: 0.0018,
    }
    .draw(canvas);
    for side in Side::BOTH {
        let lower = Curve::through(&[
            [0.216, 0.300],
            [0.250, 0.343],
            [0.300, 0.378],
            [0.350, 0.387],
            [0.405, 0.381],
            [0.440, 0.385],
        ]);
        let width = |t: f32| 0.0030 * (1.0 - (2.0 * t - 1.0).powi(4));
        surface::gild(canvas, &lower.on(side), &Material::leaf(GOLD), 0.0011, width);
        let upper = Curve::through(&[
            [0.205, 0.262],
            [0.250, 0.276],
            [0.300, 0.283],
            [0.345, 0.281],
            [0.395, 0.297],
            [0.428, 0.334],
        ]);
        surface::gild(canvas, &upper.on(side), &Material::leaf(GOLD), 0.0011, width);
    }
}

/// The flame on the forehead with a gold drop on each side.
fn flame(canvas: &mut Canvas) {
    let core = Curve::ring(&[
        [0.500, 0.118],
        [0.512, 0.150],
        [0.527, 0.180],
        [0.524, 0.215],
        [0.508, 0.240],
        [0.500, 0.262],
        [0.492, 0.240],
        [0.476, 0.215],
        [0.473, 0.180],
        [0.488, 0.150],
    ]);
    let petal = Curve::ring(&[
        [0.486, 0.258],
        [0.464, 0.244],
        [0.446, 0.214],
        [0.442, 0.178],
        [0.428, 0.150],
        [0.455, 0.166],
        [0.466, 0.192],
        [0.472, 0.222],
    ]);
    let mut shapes = vec![core];
    shapes.extend(Side::BOTH.map(|side| petal.on(side)));
    for shape in &shapes {
        canvas.fill(shape, 0.002, |cover, depth, p, texel| {
            red(cover, p, texel);
            texel.glaze(srgb(0x8A1016), 0.6 * cover * smoothstep_between(0.2, 0.12, p.y));
            texel.relief += 0.0012 * smoothstep_between(0.0, 0.008, depth);
        });
        edge(canvas, shape, 0.0022);
    }
    let gold = Material::leaf(GOLD);
    let drop = Curve::ring(&[
        [0.410, 0.222],
        [0.392, 0.205],
        [0.366, 0.196],
        [0.338, 0.200],
        [0.352, 0.214],
        [0.376, 0.228],
        [0.398, 0.233],
    ]);
    for side in Side::BOTH {
        canvas.fill(&drop.on(side), 0.002, |cover, depth, _, texel| {
            texel.coat(&gold, cover);
            texel.relief += cover * 0.0022 * smoothstep_between(0.0, 0.007, depth);
        });
    }
}

/// Two red blades on each cheek.
fn cheeks(canvas: &mut Canvas) {
    let blades: [[[f32; 2]; 4]; 2] = [
        [[0.145, 0.418], [0.190, 0.462], [0.245, 0.480], [0.312, 0.470]],
        [[0.148, 0.500], [0.190, 0.532], [0.235, 0.541], [0.288, 0.528]],
    ];
    for (i, points) in blades.iter().enumerate() {
        blade(canvas, &Curve::through(points), [0.0150, 0.0120][i], 70 + i as u32);
    }
}

fn muzzle(canvas: &mut Canvas) {
    let ink = Material::paint(0x100C0E, 0.85);
    // The fox's nose sits on the tip of the wearer's.
    let nose = Curve::ring(&[
        [0.500, 0.502],
        [0.470, 0.503],
        [0.447, 0.516],
        [0.440, 0.535],
        [0.452, 0.554],
        [0.478, 0.566],
        [0.500, 0.574],
        [0.522, 0.566],
        [0.548, 0.554],
        [0.560, 0.535],
        [0.553, 0.516],
        [0.530, 0.503],
    ]);
    canvas.fill(&nose, 0.004, |cover, depth, p, texel| {
        texel.coat(&ink, cover);
        texel.relief += 0.006 * smoothstep_between(0.0, 0.018, depth) * cover;
        texel.colour += cover
            * 0.10
            * Vec3::new(0.9, 0.95, 1.0)
            * blob(p, Vec2::new(0.5, 0.516), Vec2::new(0.028, 0.007));
    });
    let groove = Curve::through(&[[0.500, 0.570], [0.500, 0.600], [0.500, 0.634]]);
    canvas.stroke(&groove, 0.0025, |t| 0.0030 - 0.0008 * t, |touch, _, texel| texel.coat(&ink, touch.cover));

    Lips { paint: Material::paint(RED, 0.8), edge: 0x8A1016, fresh: 0.3, inside: 0x1C0A0A }.paint(canvas);
    // The smile runs on past the corners.
    let bow = anatomy::lip_bow();
    let mut smile = vec![Vec2::new(0.290, 0.612), Vec2::new(0.308, 0.638), Vec2::new(0.328, 0.651)];
    smile.extend(bow.points().iter().step_by(10));
    smile.extend([Vec2::new(0.672, 0.651), Vec2::new(0.692, 0.638), Vec2::new(0.710, 0.612)]);
    let smile = Curve::smooth(&smile, false);
    canvas.stroke(
        &smile,
        0.0022,
        |t| 0.0052 * smoothstep_between(0.0, 0.2, t.min(1.0 - t)),
        |touch, _, texel| {
            texel.coat(&ink, touch.cover);
        },
    );
    for side in Side::BOTH {
        for row in 0..3 {
            for column in 0..3 {
                let at = Vec2::new(
                    0.425 - 0.026 * column as f32,
                    0.596 + 0.013 * row as f32 - 0.005 * column as f32,
                );
                canvas.dab(side.place(at), Vec2::splat(0.0042), 0.0, |t, _, texel| {
                    texel.coat(&ink, (2.2 * t).min(0.9))
                });
            }
        }
        let whiskers: [[[f32; 2]; 4]; 3] = [
            [[0.366, 0.588], [0.320, 0.566], [0.268, 0.556], [0.205, 0.566]],
            [[0.362, 0.606], [0.320, 0.592], [0.270, 0.590], [0.200, 0.618]],
            [[0.360, 0.622], [0.325, 0.616], [0.280, 0.624], [0.215, 0.668]],
        ];
        for whisker in &whiskers {
            let path = Curve::through(whisker).on(side);
            canvas.stroke(
                &path,
                0.0012,
                |t| 0.0024 * smoothstep_between(-0.05, 0.12, t) * (1.0 - 0.85 * t),
                |touch, _, texel| {
                    texel.coat(&ink, 0.94 * touch.cover);
                    texel.relief += 0.0006 * touch.bead() * touch.cover;
                },
            );
        }
    }
}
