//! Oni: the mountain demon in cinnabar lacquer.
//!
//! Red lacquer worn black in every hollow, brows like gold fire, gold-ringed eyes, horns, furrows, and tusks
//! that rise beside the mouth.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::canvas::{Bounds, Canvas, Material, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio, blob};
use super::noise::{fbm, unit};
use super::surface::{self, EyeLine, Ground, Lips, Wash};
use omote_frame::space::smoothstep_between;

const GOLD: u32 = 0xD2A456;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    let folds = folds();
    lacquer(&mut canvas, &folds);
    horns(&mut canvas);
    eyes(&mut canvas);
    brows(&mut canvas);
    mouth(&mut canvas);
    beard(&mut canvas);
    tusks(&mut canvas);
    let sculpt = Sculpt { dome: 0.85, brow: 2.0, sockets: 1.5, nose: 1.1, cheeks: 1.5, lips: 1.3, chin: 1.4 };
    let form = Form::carve(|p| {
        let mut h = sculpt.height(p);
        for side in Side::BOTH {
            let q = side.place(p);
            h += 0.018 * blob(q, Vec2::new(0.405, 0.545), Vec2::new(0.034, 0.026));
            h += 0.018 * blob(q, Vec2::new(0.425, 0.258), Vec2::new(0.05, 0.03));
            h += folds.iter().map(|fold| fold.height(q)).sum::<f32>();
        }
        h
    });
    let studio = Studio { key: 0.70, occlusion: 0.62, shade: srgb(0xC09090), sheen: 0.85 };
    canvas.develop(&form, &studio)
}

/// A fold of the carved skin, right side: a swell with a sharp crease on the left of its direction.
struct Fold {
    curve: Curve,
    bounds: Bounds,
    height: f32,
}

impl Fold {
    fn new(points: &[[f32; 2]], height: f32) -> Self {
        let curve = Curve::through(points);
        let bounds = curve.bounds(0.07);
        Self { curve, bounds, height }
    }

    /// Distance across and strength (0..=1, tapering to the ends) at `p`; none far away.
    fn reach(&self, p: Vec2) -> Option<(f32, f32)> {
        if p.cmplt(self.bounds.min).any() || p.cmpgt(self.bounds.max).any() {
            return None;
        }
        let (across, along) = self.curve.beside(p);
        Some((across, smoothstep_between(0.0, 0.38, along) * smoothstep_between(1.0, 0.62, along)))
    }

    fn height(&self, p: Vec2) -> f32 {
        let Some((across, strength)) = self.reach(p) else { return 0.0 };
        let soft = if across > 0.0 { 0.030 } else { 0.0105 };
        let swell = (-(across / soft).powi(2)).exp();
        let crease = (-((across + 0.019) / 0.010).powi(2)).exp();
        self.height * strength * (swell - 0.55 * crease)
    }

    fn crease(&self, p: Vec2) -> f32 {
        let Some((across, strength)) = self.reach(p) else { return 0.0 };
        strength * (-((across + 0.0175) / if across < -0.0175 { 0.014 } else { 0.007 }).powi(2)).exp()
    }
}

fn folds() -> Vec<Fold> {
    vec![
        Fold::new(&[[0.462, 0.222], [0.430, 0.196], [0.385, 0.188], [0.330, 0.205], [0.270, 0.215]], 0.013),
        Fold::new(&[[0.478, 0.172], [0.440, 0.146], [0.405, 0.140], [0.375, 0.150]], 0.010),
        Fold::new(&[[0.440, 0.255], [0.452, 0.290], [0.448, 0.335]], 0.009),
        Fold::new(&[[0.290, 0.715], [0.282, 0.640], [0.319, 0.570], [0.372, 0.520], [0.405, 0.490]], 0.017),
        Fold::new(&[[0.205, 0.610], [0.190, 0.530], [0.215, 0.465], [0.270, 0.425], [0.330, 0.415]], 0.013),
        Fold::new(&[[0.225, 0.730], [0.205, 0.665], [0.215, 0.610], [0.245, 0.570]], 0.010),
    ]
}

fn lacquer(canvas: &mut Canvas, folds: &[Fold]) {
    Ground {
        material: Material::paint(0xA6150F, 0.86),
        cloud: (srgb(0xB8402E), 0.8),
        grain: 0.00003,
        streak: 0.00004,
        seed: 37,
    }
    .paint(canvas);
    let rim = |p: Vec2| ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
    Wash::paint(
        canvas,
        &[
            // Black undercoat shows in the creases beside each fold.
            Wash::paired(0x180404, |p| 0.80 * folds.iter().map(|f| f.crease(p)).fold(0.0, f32::max)),
            Wash::paired(0x2A0606, |p| {
                0.85 * blob(p, Vec2::new(0.375, 0.335), Vec2::new(0.088, 0.046))
                    + 0.5 * blob(p, Vec2::new(0.385, 0.57), Vec2::new(0.03, 0.025))
            }),
            Wash::new(0x3C0706, |p| {
                0.85 * smoothstep_between(0.78, 1.12, rim(p) + 0.08 * fbm(p * 6.0, 3, 8))
            }),
        ],
    );
    let dark = srgb(0x2A0404);
    let worn = |p: Vec2| smoothstep_between(0.1, 0.6, fbm(p * 4.0, 3, 19) + 0.3) * 0.8;
    surface::craquelure(canvas, 30.0, 0.0011, 15, worn, |depth, texel| {
        texel.glaze(dark, 0.5 * depth);
        texel.relief -= 0.0003 * depth;
    });
}

fn horns(canvas: &mut Canvas) {
    let (ivory, tip) = (Material::paint(0xE8D2A0, 0.75), srgb(0x5A3A1C));
    for side in Side::BOTH {
        let spine =
            Curve::through(&[[0.340, 0.196], [0.333, 0.170], [0.322, 0.142], [0.302, 0.108]]).on(side);
        let width = |t: f32| 0.030 * (1.0 - t).powf(0.72) + 0.0006;
        let shade = srgb(0x1A0303);
        canvas.stroke(
            &spine,
            0.03,
            |t| width(t) + 0.010,
            |touch, _, texel| texel.glaze(shade, 0.8 * touch.cover),
        );
        canvas.stroke(&spine, 0.002, width, |touch, p, texel| {
            texel.coat(&ivory, touch.cover);
            let ring =
                (touch.along * 26.0 + 2.4 * touch.across * touch.across + 0.6 * fbm(p * 30.0, 2, 3)).sin();
            texel.glaze(srgb(0xB98A4A), 0.55 * smoothstep_between(-0.2, 1.0, ring));
            texel.glaze(
                tip,
                0.85 * smoothstep_between(0.30, 0.85, touch.along) + 0.35 * touch.across.abs().powi(3),
            );
            texel.relief += touch.cover * (0.018 * touch.bead() + 0.0005 * ring);
        });
        let collar =
            Curve::through(&[[0.306, 0.196], [0.319, 0.214], [0.342, 0.223], [0.366, 0.214], [0.376, 0.194]])
                .on(side);
        surface::gild(canvas, &collar, &Material::leaf(GOLD), 0.004, |t| {
            0.0092 * (1.0 - (2.0 * t - 1.0).powi(4)) + 0.001
        });
    }
}

fn eyes(canvas: &mut Canvas) {
    surface::eyes(canvas, &Material::leaf(0xE8B040), &Material::paint(0x3A0A06, 0.9));
    for side in Side::BOTH {
        let rim = Curve::smooth(anatomy::eye().points(), true).on(side);
        let centre = side.place(anatomy::EYE);
        let outer = rim.map(|p| centre + (p - centre) * Vec2::new(1.14, 1.62));
        surface::gild(canvas, &outer, &Material::leaf(GOLD), 0.0030, |_| 0.0062);
    }
    EyeLine {
        ink: Material::paint(0x0C0606, 0.8),
        upper: 0.0085,
        lower: 0.0055,
        wing: Vec2::new(-0.012, -0.004),
        feather: 0.0022,
    }
    .draw(canvas);
}

/// Brows of many gold strokes that flare up and out like fire.
fn brows(canvas: &mut Canvas) {
    let gold = [Material::leaf(0xE6C27A), Material::leaf(GOLD), Material::leaf(0xA8752F)];
    let (shade, base) = (srgb(0x140303), Material::paint(0x1E0606, 0.5));
    let spine = Curve::through(&[
        [0.458, 0.308],
        [0.425, 0.280],
        [0.375, 0.266],
        [0.310, 0.264],
        [0.245, 0.256],
        [0.200, 0.226],
    ]);
    for side in Side::BOTH {
        canvas.stroke(
            &spine.on(side),
            0.030,
            |t| 0.026 * (1.0 - 0.6 * t),
            |touch, _, texel| {
                texel.glaze(shade, 0.75 * touch.cover);
            },
        );
        canvas.stroke(
            &spine.on(side),
            0.006,
            |t| 0.019 * (1.0 - 0.75 * t),
            |touch, _, texel| {
                texel.coat(&base, 0.9 * touch.cover);
            },
        );
        for i in 0..130 {
            let n = |k: u32| unit(i, side as i32 + 3, 1500 + k);
            let t = (i as f32 + n(1)) / 130.0 * 0.94;
            let (root, d) = spine.at(t);
            let off = (n(2) - 0.5) * 0.040 * (1.0 - 0.6 * t);
            let root = root + Vec2::new(0.0, off);
            let long = (0.060 + 0.042 * n(3)) * (0.55 + 0.6 * t.min(0.8));
            let lift = Vec2::new(d.x, d.y - 0.75 * (1.0 - t) - 0.25 - 18.0 * (-off).max(0.0)).normalize_or(d);
            let tip = root + lift * long;
            let mid = root.midpoint(tip) + Vec2::new(0.0, 0.16 * long);
            let hair = Curve::smooth(&[root, mid, tip], false).on(side);
            let metal = &gold[(n(5) * 3.0) as usize % 3];
            canvas.stroke(
                &hair,
                0.001,
                |s| 0.0030 * smoothstep_between(-0.2, 0.2, s) * (1.0 - 0.95 * s),
                |touch, _, texel| {
                    // A dark rim keeps each lock apart from the next.
                    texel.glaze(shade, 0.6 * touch.cover * touch.across.abs());
                    texel.coat(metal, touch.cover * smoothstep_between(1.0, 0.75, touch.across.abs()));
                    texel.relief += 0.0010 * touch.bead() * touch.cover;
                },
            );
        }
    }
}

fn mouth(canvas: &mut Canvas) {
    Lips { paint: Material::paint(0x240A0C, 0.9), edge: 0x806060, fresh: 0.8, inside: 0x120404 }
        .paint(canvas);
    let gold = Material::leaf(GOLD);
    let thin = |t: f32| 0.0026 * (1.0 - (2.0 * t - 1.0).powi(4));
    surface::gild(canvas, &anatomy::lip_bow(), &gold, 0.0014, thin);
    surface::gild(canvas, &anatomy::lip_base(), &gold, 0.0014, thin);
    for side in Side::BOTH {
        canvas.dab(side.place(anatomy::NOSTRIL), Vec2::new(0.034, 0.016), side.turn(0.3), |t, _, texel| {
            texel.glaze(srgb(0x100202), (2.2 * t).min(0.97));
        });
    }
}

/// Ink-black beard and moustache with gold hairs.
fn beard(canvas: &mut Canvas) {
    let (black, gold) = (Material::paint(0x0D0708, 0.6), Material::leaf(0xC8964A));
    for side in Side::BOTH {
        for i in 0..220 {
            let n = |k: u32| unit(i, side as i32 + 9, 1800 + k);
            let (root, tip) = if i < 45 {
                let t = (i as f32 + n(1)) / 45.0;
                let root = Vec2::new(0.488, 0.600).lerp(Vec2::new(0.372, 0.628), t)
                    + Vec2::new(0.0, 0.010 * (n(2) - 0.5));
                (root, root + Vec2::new(-0.052, 0.004 + 0.018 * t) * (0.7 + 0.6 * n(3)))
            } else {
                let t = (i as f32 - 45.0 + n(1)) / 175.0;
                // A goatee: longest in the middle, thin towards its upper rim.
                let root = Vec2::new(0.5, 0.800).lerp(Vec2::new(0.330, 0.752), t.powf(0.85));
                let root = root + Vec2::new(0.01 * (n(2) - 0.5), 0.060 * n(7) * (1.0 - 0.75 * t));
                let fall = Vec2::new(-0.006, 0.084).lerp(Vec2::new(-0.046, 0.034), t.powf(0.7));
                (root, root + fall * (0.55 + 0.7 * n(3)))
            };
            let curl = Vec2::new(0.010 * (n(4) - 0.3), 0.004);
            let hair = Curve::smooth(&[root, root.midpoint(tip) + curl, tip], false).on(side);
            let bright = i % 7 == 0;
            let paint = if bright { &gold } else { &black };
            let half = if bright { 0.0013 } else { 0.0017 + 0.0009 * n(8) };
            canvas.stroke(
                &hair,
                0.001,
                |s| half * smoothstep_between(-0.2, 0.2, s) * (1.0 - 0.95 * s),
                |touch, _, texel| {
                    texel.coat(paint, touch.cover * 0.96);
                    texel.relief += 0.0007 * touch.bead() * touch.cover;
                },
            );
        }
    }
}

fn tusks(canvas: &mut Canvas) {
    let (ivory, stain) = (Material::paint(0xF3E3BE, 0.9), srgb(0xB8863E));
    for side in Side::BOTH {
        let spine =
            Curve::through(&[[0.392, 0.738], [0.352, 0.722], [0.322, 0.682], [0.312, 0.632], [0.319, 0.585]])
                .on(side);
        let width = |t: f32| 0.0205 * (1.0 - t).powf(0.62) + 0.0008;
        let shadow = spine.map(|p| p + Vec2::new(0.0, 0.008));
        canvas.stroke(
            &shadow,
            0.018,
            |t| width(t) + 0.004,
            |touch, _, texel| {
                texel.glaze(srgb(0x120202), 0.75 * touch.cover);
            },
        );
        canvas.stroke(&spine, 0.0016, width, |touch, _, texel| {
            texel.coat(&ivory, touch.cover);
            texel.glaze(
                stain,
                0.75 * smoothstep_between(0.35, 0.0, touch.along) + 0.25 * touch.across.abs().powi(2),
            );
            texel.relief += 0.014 * touch.bead() * touch.cover;
            texel.colour += 0.12
                * Vec3::ONE
                * (-((touch.across * side.turn(1.0) - 0.35) / 0.25).powi(2)).exp()
                * touch.cover;
        });
        let gum = Curve::through(&[[0.372, 0.757], [0.388, 0.748], [0.399, 0.730], [0.402, 0.716]]).on(side);
        surface::gild(canvas, &gum, &Material::leaf(GOLD), 0.003, |t| {
            0.0055 * (1.0 - (2.0 * t - 1.0).powi(4)) + 0.0008
        });
    }
}
