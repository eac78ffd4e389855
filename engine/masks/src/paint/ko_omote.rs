//! Ko-omote: the youngest of the women's masks of the Noh stage.
//!
//! Ivory gofun, polished; the brows shaved off and smoked on high on the forehead (hikimayu); hair parted in
//! the middle with three loose strands a side (kegaki); full cheeks; small red lips, darker above.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Canvas, Material, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio, blob};
use super::noise::{fbm, unit, value};
use super::surface::{self, EyeLine, Ground, Lips, Wash};
use omote_frame::space::smoothstep_between;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    skin(&mut canvas);
    brows(&mut canvas);
    eyes(&mut canvas);
    nose(&mut canvas);
    mouth(&mut canvas);
    hair(&mut canvas);
    let sculpt = Sculpt { brow: 0.35, sockets: 0.8, cheeks: 1.35, lips: 1.1, chin: 1.1, ..Sculpt::NATURAL };
    let form = Form::carve(|p| sculpt.height(p));
    let studio = Studio { key: 0.62, occlusion: 0.42, shade: srgb(0xF0C59A), sheen: 0.9 };
    canvas.develop(&form, &studio)
}

fn skin(canvas: &mut Canvas) {
    Ground {
        material: Material::paint(0xF2E4CC, 0.42),
        cloud: (srgb(0xF6DDB8), 0.55),
        grain: 0.00006,
        streak: 0.00006,
        seed: 11,
    }
    .paint(canvas);
    Wash::paint(
        canvas,
        &[
            Wash::paired(0xF5B79A, |p| {
                0.60 * blob(p, Vec2::new(0.262, 0.505), Vec2::new(0.080, 0.070))
                    + 0.28 * blob(p, Vec2::new(0.36, 0.30), Vec2::new(0.09, 0.04))
            }),
            Wash::new(0xF7C2A4, |p| {
                0.26 * blob(p, Vec2::new(0.5, 0.85), Vec2::new(0.07, 0.05))
                    + 0.22 * blob(p, Vec2::new(0.5, 0.52), Vec2::new(0.05, 0.04))
            }),
            // Handling has warmed the rim of the mask.
            Wash::new(0xBE8C54, |p| {
                let rim = ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
                0.55 * smoothstep_between(0.78, 1.08, rim + 0.06 * fbm(p * 7.0, 3, 77))
            }),
        ],
    );
    let crack = srgb(0x7A5430);
    let worn = |p: Vec2| {
        let rim = ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
        smoothstep_between(0.1, 0.7, fbm(p * 5.0, 3, 90) + 0.9 * (rim - 0.7)) * 0.8
    };
    surface::craquelure(canvas, 42.0, 0.0011, 5, worn, |depth, texel| {
        texel.glaze(crack, depth * 0.55);
        texel.relief -= 0.0003 * depth;
    });
}

/// Smoke-soft ovals high on the forehead, built up from many touches of a dry brush.
fn brows(canvas: &mut Canvas) {
    let soot = srgb(0x1E1714);
    for side in Side::BOTH {
        let centre = Vec2::new(0.377, 0.170);
        for layer in 0..3 {
            let spread = [1.45, 1.1, 0.72][layer];
            let strength = [0.50, 0.80, 0.94][layer];
            let radius = Vec2::new(0.088, 0.040) * spread;
            canvas.dab(side.place(centre), radius, side.turn(-0.16), |t, p, texel| {
                let smoke = 0.75 + 0.5 * fbm(p * 26.0, 3, 40 + layer as u32);
                texel.glaze(soot, (strength * t * smoke).clamp(0.0, 1.0));
            });
        }
        for i in 0..70 {
            let n = |k: u32| unit(i, side as i32, 300 + k) - 0.5;
            let at = centre + Vec2::new(n(1), n(2) * 0.36 - 0.17 * n(1)) * 0.125;
            let lean = Vec2::new(-0.018 - 0.012 * n(3), 0.004 + 0.010 * n(4));
            let hair = Curve::polyline(vec![side.place(at), side.place(at + lean)]);
            canvas.stroke(
                &hair,
                0.003,
                |t| 0.0014 * (1.0 - 0.8 * t),
                |touch, _, texel| {
                    texel.glaze(soot, touch.cover * 0.22);
                },
            );
        }
    }
}

fn eyes(canvas: &mut Canvas) {
    surface::eyes(canvas, &Material::paint(0xE9DCC4, 0.6), &Material::paint(0x2A1A12, 0.9));
    let warm = srgb(0xC98F6A);
    for side in Side::BOTH {
        // The fold of the lid, and the shade under the eye.
        let fold =
            Curve::through(&[[0.270, 0.319], [0.305, 0.298], [0.347, 0.290], [0.390, 0.302], [0.420, 0.330]]);
        canvas.stroke(
            &fold.on(side),
            0.010,
            |t| 0.0035 * (1.0 - (2.0 * t - 1.0).powi(2)),
            |touch, _, texel| {
                texel.glaze(warm, 0.62 * touch.cover);
                texel.relief -= 0.0008 * touch.cover;
            },
        );
        let bag = Curve::through(&[[0.295, 0.378], [0.345, 0.389], [0.395, 0.377]]);
        canvas.stroke(
            &bag.on(side),
            0.022,
            |t| 0.004 * (1.0 - (2.0 * t - 1.0).powi(2)),
            |touch, _, texel| {
                texel.glaze(warm, 0.35 * touch.cover);
            },
        );
    }
    EyeLine {
        ink: Material::paint(0x15100F, 0.65),
        upper: 0.0088,
        lower: 0.0036,
        wing: Vec2::new(-0.034, 0.008),
        feather: 0.0028,
    }
    .draw(canvas);
}

fn nose(canvas: &mut Canvas) {
    let (warm, dark) = (srgb(0xCF9468), srgb(0x3A1D14));
    for side in Side::BOTH {
        let at = anatomy::NOSTRIL;
        canvas.dab(side.place(at), Vec2::new(0.024, 0.011), side.turn(0.25), |t, _, texel| {
            texel.glaze(dark, (1.5 * t).min(0.85));
        });
        let wing = Curve::through(&[[0.392, 0.512], [0.383, 0.535], [0.395, 0.559], [0.420, 0.562]]);
        canvas.stroke(
            &wing.on(side),
            0.014,
            |t| 0.0028 * (1.0 - (2.0 * t - 1.0).powi(2)),
            |touch, _, texel| {
                texel.glaze(warm, 0.62 * touch.cover);
            },
        );
    }
}

fn mouth(canvas: &mut Canvas) {
    Lips { paint: Material::paint(0xB0201C, 0.72), edge: 0x6A1216, fresh: 0.4, inside: 0x1A0C0A }
        .paint(canvas);
    let bow = anatomy::lip_bow();
    let ink = srgb(0x2A0E0C);
    canvas.stroke(
        &bow,
        0.006,
        |t| 0.0024 * (0.5 + 0.5 * (1.0 - (2.0 * t - 1.0).powi(2))),
        |touch, _, texel| {
            texel.glaze(ink, 0.72 * touch.cover);
        },
    );
    for side in Side::BOTH {
        let corner = side.place(anatomy::mouth_corner());
        canvas.dab(corner + Vec2::new(0.0, 0.002), Vec2::new(0.022, 0.014), 0.0, |t, _, texel| {
            texel.glaze(srgb(0x7A4028), 0.7 * t);
        });
    }
}

/// The painted hair: a black cap with a parting, its edge broken into strokes, and the loose strands inside
/// it.
fn hair(canvas: &mut Canvas) {
    let black = Material::paint(0x0F0C0D, 0.4);
    let edge: &[[f32; 2]] = &[
        [0.503, 0.060],
        [0.497, 0.090],
        [0.440, 0.096],
        [0.350, 0.104],
        [0.270, 0.136],
        [0.218, 0.188],
        [0.190, 0.260],
        [0.177, 0.340],
        [0.171, 0.430],
        [0.171, 0.520],
        [0.178, 0.600],
        [0.192, 0.680],
    ];
    let hairline = Curve::through(edge);
    let mut cap = hairline.points().to_vec();
    let tail = [[0.206, 0.735], [0.214, 0.768], [0.195, 0.76], [0.160, 0.715], [0.125, 0.66], [0.08, 0.62]];
    cap.extend(Curve::through(&tail).points());
    cap.extend([Vec2::new(-0.1, 0.6), Vec2::new(-0.1, -0.1), Vec2::new(0.503, -0.1)]);
    let cap = Curve::polygon(cap);
    for side in Side::BOTH {
        canvas.fill(&cap.on(side).wobbled(0.0014, 40.0, 3), 0.004, |cover, depth, p, texel| {
            texel.coat(&black, cover);
            // Strands run along the edge: lines of equal depth.
            let strand = value(Vec2::new(depth * 420.0 + 2.0 * value(p * 12.0, 4), p.y * 6.0), 7);
            texel.relief += cover * (0.0006 * strand + 0.003 * smoothstep_between(0.0, 0.01, depth));
            texel.colour += cover * Vec3::new(0.012, 0.009, 0.008) * smoothstep_between(0.1, 0.9, strand);
        });
        // Inset from the hairline, start and length along it, half width.
        let strands = [
            (0.004, 0.05, 0.93, 0.0024),
            (0.0125, 0.06, 0.90, 0.0021),
            (0.0205, 0.08, 0.83, 0.0018),
            (0.0280, 0.11, 0.75, 0.0015),
        ];
        for (i, (inset, start, length, thick)) in strands.into_iter().enumerate() {
            let path: Vec<Vec2> = (0..=14)
                .map(|k| {
                    let t = k as f32 / 14.0;
                    let (p, along) = hairline.at(start + length * t);
                    let drift = 0.0016 * value(Vec2::new(k as f32 * 0.5, i as f32 * 9.0), side as u32 + 21);
                    p + Vec2::new(along.y, -along.x) * (inset * smoothstep_between(-0.35, 0.35, t) + drift)
                })
                .collect();
            let width = |t: f32| thick * smoothstep_between(-0.05, 0.10, t) * (1.0 - 0.92 * t * t);
            canvas.stroke(&Curve::smooth(&path, false).on(side), 0.0012, width, |touch, _, texel| {
                texel.coat(&black, touch.cover * 0.95);
                texel.relief += 0.0004 * touch.bead();
            });
        }
    }
}
