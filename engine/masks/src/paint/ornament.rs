//! Shapes and crafts of ornament: petals, stars, spirals, piped icing, sprinkled metal.

use glam::Vec2;

use super::anatomy;
use super::canvas::{Canvas, Material, Texel, srgb};
use super::curve::Curve;
use super::noise::unit;
use omote_frame::space::smoothstep_between;

/// A petal or leaf from `base` to `tip`, `half` wide at its widest place, which lies `belly` (0..1) of the
/// way.
pub(super) fn petal(base: Vec2, tip: Vec2, half: f32, belly: f32) -> Curve {
    let (axis, across) = (tip - base, (tip - base).perp().normalize_or(Vec2::Y));
    let profile = [(0.0, 0.16), (0.45 * belly, 0.62), (belly, 1.0), (belly + 0.6 * (1.0 - belly), 0.72)];
    let side = |sign: f32| profile.map(|(t, w)| base + axis * t + across * (sign * w * half));
    let mut ring: Vec<Vec2> = side(1.0).to_vec();
    ring.push(tip);
    ring.extend(side(-1.0).iter().rev());
    Curve::smooth(&ring, true)
}

/// A star with `rays` points of radius `outer`, notches of radius `inner`, its first ray turned by `turn`.
pub(super) fn star(centre: Vec2, outer: f32, inner: f32, rays: usize, turn: f32) -> Curve {
    let corner = |i: usize| {
        let radius = if i.is_multiple_of(2) { outer } else { inner };
        let angle = turn - std::f32::consts::FRAC_PI_2 + i as f32 * std::f32::consts::PI / rays as f32;
        centre + Vec2::from_angle(angle) * radius
    };
    Curve::polygon((0..rays * 2).map(corner).collect())
}

/// A stem through `stem` that goes on, without a kink, into a spiral of `radius` and as many `turns`
/// (clockwise on screen; negative: the other way).
pub(super) fn scroll(stem: &[[f32; 2]], radius: f32, turns: f32) -> Curve {
    let stem = Curve::through(stem);
    let (end, along) = stem.at(1.0);
    let centre = end + along.perp() * radius * turns.signum();
    let arm = end - centre;
    let steps = (turns.abs() * 28.0) as usize + 8;
    let mut path = stem.points().to_vec();
    path.extend((1..=steps).map(|i| {
        let t = i as f32 / steps as f32;
        // The radius shrinks slowly at first, so that the curve leaves the stem smoothly.
        let shrink = 1.0 - 0.86 * t.powf(1.15);
        centre + Vec2::from_angle(t * turns * std::f32::consts::TAU).rotate(arm) * shrink
    }));
    Curve::polyline(path)
}

/// Pipes a bead of icing along `curve`; `width` is half its width.
pub(super) fn pipe(canvas: &mut Canvas, curve: &Curve, icing: &Material, width: impl Fn(f32) -> f32) {
    let shadow = srgb(0x6A5448);
    let drop = curve.map(|p| p + Vec2::new(0.0, 0.0018));
    canvas.stroke(
        &drop,
        0.004,
        |t| width(t) + 0.0012,
        |touch, _, texel| texel.glaze(shadow, 0.5 * touch.cover),
    );
    canvas.stroke(curve, 0.0, &width, |touch, _, texel| {
        texel.coat(icing, touch.cover);
        texel.relief += 0.6 * width(touch.along) * touch.bead() * touch.cover;
    });
}

/// Sets a round bead at `centre`.
pub(super) fn bead(canvas: &mut Canvas, centre: Vec2, radius: f32, material: &Material) {
    let shadow = srgb(0x6A5448);
    canvas.dab(centre + Vec2::new(0.0, 0.0016), Vec2::splat(radius * 1.45), 0.0, |t, _, texel| {
        texel.glaze(shadow, (1.1 * t).min(0.55));
    });
    let rim = canvas.texel();
    let reach = Vec2::splat(radius + rim);
    // A bead smaller than a texel covers only its share of it.
    let share = (radius / rim).powi(2).min(1.0);
    canvas.dab(centre, reach, 0.0, |_, p, texel| {
        let r = p.distance(centre);
        let cover = share * ((radius - r) / rim + 0.5).clamp(0.0, 1.0);
        texel.coat(material, cover);
        texel.relief += 0.55 * cover * (radius * radius - r * r).max(0.0).sqrt();
    });
}

/// Sprinkles flakes: about `density` flakes along each axis of the unit square, kept where `amount` (0..=1)
/// says so, `size` across at most (UV units). `f` gets the cover and a number (0..1) of the flake's own.
pub(super) fn sprinkle(
    canvas: &mut Canvas,
    density: i32,
    size: f32,
    seed: u32,
    amount: impl Fn(Vec2) -> f32,
    f: impl Fn(f32, f32, &mut Texel) + Sync,
) {
    for y in 0..density {
        for x in 0..density {
            let jitter = Vec2::new(unit(x, y, seed), unit(x, y, seed ^ 0x3331));
            let centre = (Vec2::new(x as f32, y as f32) + jitter) / density as f32;
            let luck = unit(x, y, seed ^ 0x7171);
            if luck >= amount(centre) {
                continue;
            }
            let own = unit(x, y, seed ^ 0x1F1F);
            let radius = 0.5 * size * (0.35 + 0.65 * own * own);
            let flake = radius * Vec2::new(anatomy::facing(centre), 1.0);
            let drawn = flake.max(Vec2::splat(canvas.texel()));
            // A flake smaller than a texel covers only its share of it.
            let share = (flake.x * flake.y) / (drawn.x * drawn.y);
            canvas.dab(centre, drawn, 0.0, |t, _, texel| {
                f(share * smoothstep_between(0.0, 0.35, t), unit(x, y, seed ^ 0x2B2B), texel);
            });
        }
    }
}
