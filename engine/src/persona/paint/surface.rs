//! Coats and crafts that several masks share: grounds, craquelure, openings, gilding.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::brush::Touch;
use super::canvas::{Canvas, Material, Texel, ease, srgb};
use super::curve::{Curve, Side};
use super::noise::{Field, Grain, cells, fbm};

/// The first coat.
pub(super) struct Ground {
    pub(super) material: Material,
    /// Colour of the clouds in the coat (linear, multiplied) and how strong they are, 0..=1.
    pub(super) cloud: (Vec3, f32),
    /// Height of the grain, UV units; 0.0001 is fine gesso.
    pub(super) grain: f32,
    /// Height of the brush's traces, UV units.
    pub(super) streak: f32,
    pub(super) seed: u32,
}

impl Ground {
    /// Lays the coat over the whole canvas.
    pub(super) fn lay(&self, canvas: &mut Canvas) {
        let clouds = Field::bake(128, |p| fbm(p * 5.0, 4, self.seed));
        let grain = Grain::new(self.seed);
        canvas.each(|p, texel| {
            *texel = Texel::default();
            texel.coat(&self.material, 1.0);
            let cloud = clouds.at(p);
            texel.glaze(self.cloud.0, self.cloud.1 * ease(-0.2, 0.9, cloud));
            let fine = grain.at(p, Vec2::splat(560.0));
            // Strokes of a wide brush follow the face's length and sway a little.
            let sway = Vec2::new(p.x + 0.02 * cloud, p.y);
            let streak = grain.at(sway + Vec2::splat(0.37), Vec2::new(300.0, 14.0));
            texel.relief = self.grain * fine + self.streak * streak;
            texel.colour *= 1.0 + 0.025 * fine + 0.03 * streak * (self.streak * 10_000.0).min(1.0);
        });
    }
}

/// A broad, soft layer of transparent colour.
pub(super) struct Wash {
    tint: Vec3,
    amount: Field,
}

impl Wash {
    /// A wash of `tint` (`0xRRGGBB`, sRGB; white is clear) as strong as `amount` says (0..=1).
    pub(super) fn new(tint: u32, amount: impl Fn(Vec2) -> f32 + Sync) -> Self {
        Self { tint: srgb(tint), amount: Field::bake(128, amount) }
    }

    /// The same on both sides of the face.
    pub(super) fn paired(tint: u32, amount: impl Fn(Vec2) -> f32 + Sync) -> Self {
        Self::new(tint, |p| (amount(p) + amount(Side::Left.place(p))).min(1.0))
    }

    /// Lays the washes one over the other.
    pub(super) fn lay(canvas: &mut Canvas, washes: &[Self]) {
        canvas.each(|p, texel| {
            for wash in washes {
                texel.glaze(wash.tint, wash.amount.at(p));
            }
        });
    }
}

/// A net of fine cracks, `density` cells a unit, where `amount` (0..=1) says so. `f` gets how deep in a crack a texel
/// lies, 0..=1, the amount multiplied in.
pub(super) fn craquelure(
    canvas: &mut Canvas,
    density: f32,
    width: f32,
    seed: u32,
    amount: impl Fn(Vec2) -> f32 + Sync,
    f: impl Fn(f32, &mut Texel) + Sync,
) {
    let amounts = Field::bake(160, amount);
    let depths = Field::bake(canvas.side() / Canvas::OVERSAMPLE, |p| {
        let amount = amounts.at(p);
        if amount <= 0.0 {
            return 0.0;
        }
        let warp = Vec2::new(fbm(p * 14.0, 2, seed), fbm(p * 14.0 + Vec2::splat(7.3), 2, seed ^ 9));
        let border = cells(p * density + 0.8 * warp, seed).border / density;
        // Real cracks break off: whole stretches of the net are missing.
        let broken = ease(-0.25, 0.25, fbm(p * density * 0.8, 2, seed ^ 40));
        amount * (0.25 + 0.75 * broken) * (1.0 - ease(0.2 * width, width, border))
    });
    canvas.each(|p, texel| {
        let depth = depths.at(p);
        if depth > 0.0 {
            f(depth, texel);
        }
    });
}

/// Paints both eyes as the mask has them, for viewers who do not see the wearer's: `white` of the eye, `iris`.
pub(super) fn eyes(canvas: &mut Canvas, white: &Material, iris: &Material) {
    for side in Side::BOTH {
        let rim = anatomy::eye().on(side);
        let centre = side.place(anatomy::EYE - Vec2::new(0.0, 0.003));
        canvas.fill(&rim, 0.004, |cover, _, p, texel| {
            texel.coat(white, cover);
            let r = (p - centre).length();
            texel.coat(iris, cover * (1.0 - ease(0.019, 0.022, r)));
            texel.coat(&Material::paint(0x080606, 0.9), cover * (1.0 - ease(0.010, 0.012, r)));
            texel.glaze(srgb(0x6A5A50), cover * (1.0 - ease(0.318, 0.345, p.y)));
        });
    }
}

/// Paints the mouth's inside: dark, darkest above.
pub(super) fn mouth(canvas: &mut Canvas, colour: u32) {
    let inside = Material::paint(colour, 0.3);
    canvas.fill(&anatomy::mouth(), 0.004, |cover, _, p, texel| {
        texel.coat(&inside, cover);
        texel.glaze(srgb(0x403030), cover * (1.0 - ease(0.65, 0.70, p.y)));
    });
}

/// A drawn line round the eye's opening: half widths of the upper and the lower lid's line, and how far the upper
/// line runs on beyond the outer corner.
pub(super) struct EyeLine {
    pub(super) ink: Material,
    pub(super) upper: f32,
    pub(super) lower: f32,
    pub(super) wing: Vec2,
    pub(super) feather: f32,
}

impl EyeLine {
    /// Draws the line on both eyes.
    pub(super) fn draw(&self, canvas: &mut Canvas) {
        for side in Side::BOTH {
            let lid = anatomy::upper_lid();
            let corner = anatomy::point(anatomy::EYE_RIGHT[0]);
            let mut path = vec![corner + self.wing, corner + self.wing * 0.55 + Vec2::new(0.0, 0.002)];
            // Half a line's width outside the opening: the opening's own edge moves with the wearer's lids.
            path.extend(lid.points().iter().step_by(4).map(|&p| p - Vec2::new(0.0, 0.45 * self.upper)));
            let inner = anatomy::point(anatomy::EYE_RIGHT[8]);
            path.push(inner + Vec2::new(0.008, 0.004));
            let upper = Curve::smooth(&path, false).on(side);
            let width =
                |t: f32| self.upper * (0.12 + 0.88 * ease(0.0, 0.35, t) * (1.0 - 0.75 * ease(0.6, 1.0, t)));
            canvas.stroke(&upper, self.feather, width, |touch, _, texel| {
                texel.coat(&self.ink, touch.cover * 0.97);
                texel.relief += 0.0004 * touch.bead() * touch.cover;
            });
            let lower = anatomy::lower_lid().map(|p| p + Vec2::new(0.0, 0.5 * self.lower)).on(side);
            let width = |t: f32| self.lower * (0.35 + 0.65 * (1.0 - (2.0 * t - 1.0).powi(2)));
            canvas.stroke(&lower, self.feather, width, |touch, _, texel| {
                texel.coat(&self.ink, touch.cover * 0.9);
            });
        }
    }
}

/// Lays a raised line of metal.
pub(super) fn gild(
    canvas: &mut Canvas,
    curve: &Curve,
    gold: &Material,
    raised: f32,
    width: impl Fn(f32) -> f32,
) {
    canvas.stroke(curve, 0.0, width, |touch, p, texel| gild_texel(gold, raised, touch, p, texel));
}

/// One texel of a raised line of metal.
pub(super) fn gild_texel(gold: &Material, raised: f32, touch: Touch, _p: Vec2, texel: &mut Texel) {
    texel.coat(gold, touch.cover);
    texel.relief += raised * touch.bead() * touch.cover;
}
