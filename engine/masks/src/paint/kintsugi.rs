//! Kintsugi: a calm face of celadon, broken and mended with gold.
//!
//! Blue-green glaze that pools in the hollows and runs thin on the edges, a fine crackle, seams of gold
//! lacquer, and one lost piece replaced by a shard of blue-and-white ware (yobitsugi).

use glam::{Vec2, Vec3};

use super::anatomy;
use super::brush::Touch;
use super::canvas::{Canvas, Material, srgb};
use super::curve::{Curve, Side};
use super::light::{Form, Sculpt, Studio};
use super::noise::{Field, fbm, value};
use super::ornament::{bead, petal};
use super::surface::{self, Ground, Lips, Wash, gild_texel};
use omote_frame::space::smoothstep_between;

const GOLD: u32 = 0xD8AC5C;

/// Paints the mask, RGBA.
pub(super) fn paint(size: u32) -> Vec<u8> {
    let mut canvas = Canvas::new(size);
    let form = form();
    glaze(&mut canvas, &form);
    features(&mut canvas);
    shard(&mut canvas);
    seams(&mut canvas);
    let studio = Studio { key: 0.62, occlusion: 0.40, shade: srgb(0xB8CEC4), sheen: 1.25 };
    canvas.develop(&form, &studio)
}

fn glaze(canvas: &mut Canvas, form: &Form) {
    Ground {
        material: Material::paint(0xA3BFB2, 0.93),
        cloud: (srgb(0xD6E8DC), 0.6),
        grain: 0.0,
        streak: 0.0,
        seed: 71,
    }
    .paint(canvas);
    let rim = |p: Vec2| ((p - Vec2::new(0.5, 0.5)) / Vec2::new(0.36, 0.43)).length();
    // A thin place shows the pale body under the glaze.
    let thin = Field::bake(160, |p| smoothstep_between(0.05, 0.7, -form.hollow(p)));
    canvas.each(|p, texel| texel.colour = texel.colour.lerp(srgb(0xDCE0D0), 0.6 * thin.at(p)));
    Wash::paint(
        canvas,
        &[
            Wash::new(0x5E8A80, |p| 0.75 * smoothstep_between(0.0, 0.75, form.hollow(p))),
            Wash::new(0x4C7A70, |p| {
                0.55 * smoothstep_between(0.82, 1.12, rim(p) + 0.05 * fbm(p * 6.0, 3, 4))
            }),
        ],
    );
    let tea = srgb(0x6E7A56);
    let all = |p: Vec2| 0.55 + 0.45 * smoothstep_between(-0.3, 0.4, fbm(p * 4.0, 2, 33));
    surface::craquelure(canvas, 21.0, 0.00115, 27, all, |depth, texel| texel.glaze(tea, 0.46 * depth));
}

/// A line cut into the clay, in which the glaze has pooled.
fn incise(canvas: &mut Canvas, line: &Curve, width: impl Fn(f32) -> f32) {
    let pool = srgb(0x2E6455);
    canvas.stroke(line, 0.0045, width, |touch, _, texel| {
        texel.glaze(pool, 0.85 * touch.cover);
        texel.relief -= 0.0011 * touch.bead() * touch.cover;
    });
}

fn features(canvas: &mut Canvas) {
    let swell = |half: f32| move |t: f32| half * (1.0 - (2.0 * t - 1.0).powi(2)).max(0.0).sqrt();
    let white = Material::paint(0xDCE6D6, 0.9);
    surface::eyes(canvas, &white, &Material::paint(0x2C5A4C, 0.9));
    for side in Side::BOTH {
        let brow =
            Curve::through(&[[0.448, 0.292], [0.420, 0.262], [0.370, 0.240], [0.305, 0.238], [0.240, 0.268]]);
        incise(canvas, &brow.on(side), |t| 0.0050 * (1.0 - t).powf(0.6) + 0.0008);
        let fold =
            Curve::through(&[[0.268, 0.322], [0.305, 0.303], [0.347, 0.296], [0.392, 0.309], [0.424, 0.338]]);
        incise(canvas, &fold.on(side), swell(0.0030));
        let wing = Curve::through(&[[0.393, 0.508], [0.383, 0.533], [0.394, 0.558], [0.420, 0.563]]);
        incise(canvas, &wing.on(side), swell(0.0026));
        let lid = anatomy::upper_lid();
        let mut line = vec![Vec2::new(0.252, 0.348)];
        line.extend(lid.points().iter().step_by(4).map(|&p| p - Vec2::new(0.0, 0.003)));
        line.push(Vec2::new(0.424, 0.362));
        let dark = Material::paint(0x1E4A40, 0.9);
        canvas.stroke(
            &Curve::smooth(&line, false).on(side),
            0.002,
            |t| 0.0068 * smoothstep_between(0.0, 0.3, t) * smoothstep_between(1.05, 0.6, t) + 0.001,
            |touch, _, texel| {
                texel.coat(&dark, 0.92 * touch.cover);
            },
        );
        let lower = anatomy::lower_lid().map(|p| p + Vec2::new(0.0, 0.002)).on(side);
        canvas.stroke(&lower, 0.002, swell(0.0034), |touch, _, texel| texel.coat(&dark, 0.85 * touch.cover));
        canvas.dab(side.place(anatomy::NOSTRIL), Vec2::new(0.024, 0.011), side.turn(0.25), |t, _, texel| {
            texel.glaze(srgb(0x123A30), (1.6 * t).min(0.92));
        });
    }
    // Copper red under the glaze.
    Lips { paint: Material::paint(0x9C3A2C, 0.95), edge: 0x7A4040, fresh: 0.35, inside: 0x10201A }
        .paint(canvas);
    // A mark between the brows, as on a Buddha.
    bead(canvas, Vec2::new(0.5, 0.247), 0.0125, &Material::leaf(GOLD));
}

/// The seams, each from its start; all in the picture's own left and right, for a break is not symmetric.
const SEAMS: [&[[f32; 2]]; 8] = [
    &[
        [0.672, 0.205],
        [0.618, 0.252],
        [0.560, 0.300],
        [0.512, 0.352],
        [0.452, 0.418],
        [0.368, 0.470],
        [0.300, 0.535],
        [0.236, 0.582],
        [0.120, 0.640],
        [-0.05, 0.690],
    ],
    &[[0.672, 0.205], [0.650, 0.140], [0.628, 0.085], [0.610, -0.02]],
    &[[0.672, 0.205], [0.742, 0.218], [0.800, 0.205], [0.900, 0.225], [1.05, 0.200]],
    &[
        [0.672, 0.205],
        [0.722, 0.268],
        [0.758, 0.345],
        [0.752, 0.430],
        [0.708, 0.505],
        [0.718, 0.590],
        [0.742, 0.672],
        [0.716, 0.770],
        [0.735, 0.900],
        [0.72, 1.05],
    ],
    &[
        [0.368, 0.470],
        [0.330, 0.560],
        [0.312, 0.640],
        [0.338, 0.730],
        [0.388, 0.800],
        [0.402, 0.870],
        [0.392, 1.05],
    ],
    &[[0.618, 0.252], [0.540, 0.212], [0.452, 0.196], [0.372, 0.140], [0.319, 0.060], [0.29, -0.05]],
    &[[0.718, 0.590], [0.790, 0.560], [0.880, 0.572], [1.05, 0.55]],
    &[[0.752, 0.430], [0.800, 0.395], [0.880, 0.398], [1.05, 0.38]],
];

/// The true line of a seam: breaks run nearly straight from corner to corner, with small steps.
fn seam(points: &[[f32; 2]]) -> Curve {
    let jag = |p: Vec2| {
        p + 0.0065 * Vec2::new(value(p * 34.0, 5), value(p * 34.0 + Vec2::splat(9.0), 6))
            + 0.0024 * Vec2::new(value(p * 110.0, 7), value(p * 110.0, 8))
    };
    let mut path = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (Vec2::from(pair[0]), Vec2::from(pair[1]));
        path.extend((0..8).map(|k| jag(a.lerp(b, k as f32 / 8.0))));
    }
    path.extend(points.last().map(|&p| jag(Vec2::from(p))));
    Curve::polyline(path)
}

/// The form with its pieces set back a little askew: beside three seams the surface leans, so that each piece
/// catches the light in its own way.
fn form() -> Form {
    let sculpt = Sculpt { brow: 0.8, sockets: 0.9, cheeks: 0.9, lips: 1.2, ..Sculpt::NATURAL };
    let straight = |i: usize| Curve::polyline(SEAMS[i].iter().map(|&p| Vec2::from(p)).collect());
    let leans = [(straight(0), -0.10), (straight(3), 0.12), (straight(5), 0.09), (straight(4), -0.10)];
    Form::carve(|p| {
        let lean = |(line, slope): &(Curve, f32)| {
            let (across, along) = line.beside(p);
            // Beyond the seam's start there is no side to be on.
            slope * smoothstep_between(0.0, 0.12, along) * across.max(0.0) * (-across.max(0.0) / 0.07).exp()
        };
        sculpt.height(p) + leans.iter().map(lean).sum::<f32>()
    })
}

/// The foreign piece: lower right cheek and jaw, bounded by two seams.
fn shard_outline() -> Curve {
    let (upper, lower) = (seam(SEAMS[0]), seam(SEAMS[4]));
    let mut ring: Vec<Vec2> = lower.points().iter().rev().copied().collect();
    // The lower seam starts at the upper one's sixth corner.
    ring.extend(upper.points().iter().skip(5 * 8 + 1));
    ring.extend([Vec2::new(-0.1, 0.70), Vec2::new(-0.1, 1.1), Vec2::new(0.39, 1.1)]);
    Curve::polygon(ring)
}

/// White porcelain with a cobalt scroll under the glaze.
fn shard(canvas: &mut Canvas) {
    let outline = shard_outline();
    let white = Material::paint(0xE6EAEC, 0.95);
    let cloud = Field::bake(96, |p| fbm(p * 9.0, 3, 12));
    canvas.fill(&outline, 0.0, |cover, depth, p, texel| {
        let body = Material { colour: white.colour * (1.0 + 0.05 * cloud.at(p)), ..white };
        texel.coat(&body, cover);
        // Two lines run along the edge, as round the foot of a bowl.
        let line = |at: f32, half: f32| 1.0 - smoothstep_between(half, half + 0.0012, (depth - at).abs());
        let drawn = (line(0.0135, 0.0016) + 0.8 * line(0.0190, 0.0003)) * (0.8 + 0.2 * cloud.at(p));
        texel.glaze(srgb(0x1B3F94), cover * drawn.clamp(0.0, 1.0));
    });
    // Painted on a piece of its own and kept where the shard is.
    // The seam's gold hides that this is coarse.
    let depth = Field::bake(200, |p| outline.depth(p));
    let inside = |p: Vec2| smoothstep_between(-0.002, 0.002, depth.at(p));
    let cobalt = |strength: f32| srgb(0x1B3F94).lerp(srgb(0x4C78C8), 1.0 - strength);
    let wash = |canvas: &mut Canvas, shape: &Curve, strength: f32| {
        canvas.fill(shape, 0.0025, |cover, depth, p, texel| {
            // Cobalt pools at the rim of a brush mark.
            let pool = 0.78 + 0.30 * smoothstep_between(0.006, 0.0, depth) + 0.12 * value(p * 90.0, 3);
            texel.glaze(cobalt(strength), cover * inside(p) * (strength * pool).clamp(0.0, 1.0));
        });
    };
    let line = |canvas: &mut Canvas, curve: &Curve, half: f32| {
        canvas.stroke(
            curve,
            0.0016,
            |t| half * (0.55 + 0.45 * (t * 9.0).sin().abs()) * smoothstep_between(1.0, 0.8, t),
            |touch, p, texel| {
                texel.glaze(cobalt(1.0), 0.92 * touch.cover * inside(p));
            },
        );
    };
    let stem = Curve::through(&[
        [0.175, 0.560],
        [0.225, 0.628],
        [0.205, 0.700],
        [0.262, 0.752],
        [0.290, 0.820],
        [0.352, 0.850],
        [0.370, 0.930],
    ]);
    line(canvas, &stem, 0.0032);
    let bloom = |canvas: &mut Canvas, centre: Vec2, radius: f32, petals: usize| {
        for i in 0..petals {
            let ray = Vec2::from_angle(i as f32 / petals as f32 * std::f32::consts::TAU + 0.3);
            let leaf = petal(
                centre + ray * radius * 0.28,
                centre + ray * radius,
                radius * 1.9 / petals as f32,
                0.68,
            );
            wash(canvas, &leaf, 0.85);
        }
        let heart = Curve::ellipse(centre, Vec2::splat(radius * 0.22));
        wash(canvas, &heart, 1.0);
    };
    bloom(canvas, Vec2::new(0.268, 0.668), 0.046, 8);
    bloom(canvas, Vec2::new(0.319, 0.800), 0.030, 7);
    bloom(canvas, Vec2::new(0.190, 0.640), 0.024, 7);
    for (base, tip, half) in [
        ([0.222, 0.640], [0.232, 0.590], 0.012),
        ([0.207, 0.700], [0.160, 0.740], 0.013),
        ([0.240, 0.736], [0.300, 0.722], 0.013),
        ([0.268, 0.760], [0.232, 0.812], 0.013),
        ([0.292, 0.822], [0.262, 0.868], 0.011),
        ([0.335, 0.845], [0.372, 0.822], 0.010),
        ([0.250, 0.600], [0.292, 0.588], 0.010),
    ] {
        wash(canvas, &petal(Vec2::from(base), Vec2::from(tip), half, 0.45), 0.7);
        line(canvas, &Curve::polyline(vec![Vec2::from(base), Vec2::from(tip)]), 0.0014);
    }
}

fn seams(canvas: &mut Canvas) {
    let gold = Material::leaf(GOLD);
    for (i, points) in SEAMS.iter().enumerate() {
        let line = seam(points);
        let half = [0.0062, 0.0050, 0.0044, 0.0060, 0.0054, 0.0042, 0.0036, 0.0034][i];
        let width = |t: f32| {
            // Lacquer beads up and thins out along the break.
            let at = t * line.length() * 22.0;
            half * (1.0
                + 0.32 * value(Vec2::new(at, i as f32 * 13.0), 2)
                + 0.22 * value(Vec2::new(at * 3.1, 4.0), 9))
        };
        let shade = srgb(0x2A4A40);
        canvas.stroke(
            &line,
            0.006,
            |t| width(t) + 0.0028,
            |touch, _, texel| texel.glaze(shade, 0.42 * touch.cover),
        );
        canvas.stroke(&line, 0.0, width, |touch, p, texel| mended(&gold, touch, p, texel));
    }
    // A chip too small to replace is filled with lacquer whole.
    let chip = Curve::ring(&[
        [0.664, 0.176],
        [0.684, 0.194],
        [0.712, 0.204],
        [0.694, 0.222],
        [0.688, 0.242],
        [0.664, 0.226],
        [0.636, 0.228],
        [0.652, 0.200],
    ]);
    canvas.fill(&chip.wobbled(0.003, 60.0, 4), 0.001, |cover, depth, p, texel| {
        texel.coat(&gold, cover);
        texel.relief *= 1.0 - cover;
        texel.colour *= 0.85 + 0.10 * value(p * 120.0, 3);
        texel.relief += cover * (0.003 * smoothstep_between(0.0, 0.008, depth) + 0.0006 * value(p * 70.0, 5));
    });
}

fn mended(gold: &Material, touch: Touch, p: Vec2, texel: &mut super::canvas::Texel) {
    gild_texel(gold, 0.0030, touch, texel);
    texel.colour *= Vec3::splat(1.0 + 0.10 * value(p * 140.0, 3));
    texel.relief += 0.0003 * touch.cover * value(p * 90.0, 5);
}
