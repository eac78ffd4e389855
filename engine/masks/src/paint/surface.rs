//! Coats and crafts that several masks share: grounds, craquelure, openings, gilding.

use glam::{Vec2, Vec3};

use super::anatomy;
use super::brush::Touch;
use super::canvas::{Canvas, Material, Texel, srgb};
use super::curve::{Curve, Side};
use super::noise::{Field, Grain, cell_border, fbm};
use omote_frame::space::smoothstep_between;

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
    pub(super) fn paint(&self, canvas: &mut Canvas) {
        let clouds = Field::bake(128, |p| fbm(p * 5.0, 4, self.seed));
        let grain = Grain::new(self.seed);
        canvas.each(|p, texel| {
            *texel = Texel::default();
            texel.coat(&self.material, 1.0);
            let cloud = clouds.at(p);
            texel.glaze(self.cloud.0, self.cloud.1 * smoothstep_between(-0.2, 0.9, cloud));
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
pub(super) struct Wash<'a> {
    tint: Vec3,
    amount: Box<dyn Fn(Vec2) -> f32 + Sync + 'a>,
}

impl<'a> Wash<'a> {
    /// A wash of `tint` (`0xRRGGBB`, sRGB; white is clear) as strong as `amount` says (0..=1).
    pub(super) fn new(tint: u32, amount: impl Fn(Vec2) -> f32 + Sync + 'a) -> Self {
        Self { tint: srgb(tint), amount: Box::new(amount) }
    }

    /// The same on both sides of the face.
    pub(super) fn paired(tint: u32, amount: impl Fn(Vec2) -> f32 + Sync + 'a) -> Self {
        Self::new(tint, move |p| (amount(p) + amount(Side::Left.place(p))).min(1.0))
    }

    /// Lays the washes one over the other.
    pub(super) fn paint(canvas: &mut Canvas, washes: &[Self]) {
        let tints = Field::bake(160, |p| {
            washes.iter().fold(Vec3::ONE, |tint, wash| tint * Vec3::ONE.lerp(wash.tint, (wash.amount)(p)))
        });
        canvas.each(|p, texel| texel.colour *= tints.at(p));
    }
}

/// A net of fine cracks, `density` cells a unit, where `amount` (0..=1) says so. `f` gets how deep in a crack
/// a texel lies, 0..=1, the amount multiplied in.
pub(super) fn craquelure(
    canvas: &mut Canvas,
    density: f32,
    width: f32,
    seed: u32,
    amount: impl Fn(Vec2) -> f32 + Sync,
    f: impl Fn(f32, &mut Texel) + Sync,
) {
    // Where the net is bent to (x, y), and how strong it is (z). Real cracks break off: whole stretches are
    // missing.
    let plan = Field::bake(224, |p| {
        let bend = Vec2::new(fbm(p * 14.0, 2, seed), fbm(p * 14.0 + Vec2::splat(7.3), 2, seed ^ 9));
        let broken = smoothstep_between(-0.25, 0.25, fbm(p * density * 0.8, 2, seed ^ 40));
        (p * density + 0.8 * bend).extend(amount(p) * (0.25 + 0.75 * broken))
    });
    let depths = Field::bake(canvas.side() / Canvas::OVERSAMPLE, |p| {
        let plan = plan.at(p);
        if plan.z <= 0.0 || !canvas.works_on(p) {
            return 0.0;
        }
        let border = cell_border(plan.truncate(), seed) / density;
        plan.z * (1.0 - smoothstep_between(0.2 * width, width, border))
    });
    canvas.each(|p, texel| {
        let depth = depths.at(p);
        if depth > 0.0 {
            f(depth, texel);
        }
    });
}

/// Paints both eyes as the mask has them, for viewers who do not see the wearer's: `white` of the eye,
/// `iris`.
pub(super) fn eyes(canvas: &mut Canvas, white: &Material, iris: &Material) {
    for side in Side::BOTH {
        let rim = anatomy::eye().on(side);
        let centre = side.place(anatomy::EYE - Vec2::new(0.0, 0.003));
        canvas.fill(&rim, 0.004, |cover, _, p, texel| {
            texel.coat(white, cover);
            texel.relief *= 1.0 - cover;
            let r = (p - centre).length();
            texel.coat(iris, cover * (1.0 - smoothstep_between(0.019, 0.022, r)));
            texel.coat(&Material::paint(0x080606, 0.9), cover * (1.0 - smoothstep_between(0.010, 0.012, r)));
            texel.glaze(srgb(0x6A5A50), cover * (1.0 - smoothstep_between(0.319, 0.345, p.y)));
        });
    }
}

/// Painted lips.
pub(super) struct Lips {
    pub(super) paint: Material,
    /// Glaze (`0xRRGGBB`, sRGB) that darkens the upper lip's edge and the corners.
    pub(super) edge: u32,
    /// How much brighter the lower lip's middle is; 0 is not at all.
    pub(super) fresh: f32,
    /// Colour of the mouth's inside.
    pub(super) inside: u32,
}

impl Lips {
    /// Paints both lips and the mouth's inside, for viewers who do not see the wearer's.
    pub(super) fn paint(&self, canvas: &mut Canvas) {
        let (bow, edge) = (anatomy::lip_bow(), srgb(self.edge));
        canvas.fill(&anatomy::lips(), 0.005, |cover, _, _, texel| {
            texel.coat(&self.paint, cover);
            // The coat fills the ground's grain.
            texel.relief *= 1.0 - cover;
        });
        canvas.fill(&anatomy::upper_lip(), 0.005, |cover, depth, p, texel| {
            texel.glaze(edge, cover * (1.0 - smoothstep_between(0.0, 0.020, bow.distance(p))));
            texel.relief += 0.0014 * smoothstep_between(0.0, 0.02, depth);
        });
        canvas.fill(&anatomy::lower_lip(), 0.005, |cover, depth, p, texel| {
            let middle = (p - Vec2::new(0.5, 0.732)) / Vec2::new(0.075, 0.014);
            texel.colour *= 1.0 + self.fresh * cover * (-middle.length_squared()).exp();
            texel.glaze(edge, 0.8 * cover * smoothstep_between(0.07, 0.155, (p.x - 0.5).abs()));
            texel.relief += 0.0045 * smoothstep_between(0.0, 0.022, depth);
        });
        let inside = Material::paint(self.inside, 0.3);
        canvas.fill(&anatomy::mouth(), 0.004, |cover, _, p, texel| {
            texel.coat(&inside, cover);
            texel.relief *= 1.0 - cover;
            texel.glaze(srgb(0x403030), cover * (1.0 - smoothstep_between(0.65, 0.70, p.y)));
        });
    }
}

/// A drawn line round the eye's opening: half widths of the upper and the lower lid's line, and how far the
/// upper line runs on beyond the outer corner.
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
            let corner = anatomy::eye_outer();
            let mut path = vec![corner + self.wing, corner + self.wing * 0.55 + Vec2::new(0.0, 0.002)];
            // Half a line's width outside the opening: the opening's own edge moves with the wearer's lids.
            path.extend(lid.points().iter().step_by(4).map(|&p| p - Vec2::new(0.0, 0.45 * self.upper)));
            let inner = anatomy::eye_inner();
            path.push(inner + Vec2::new(0.008, 0.004));
            let upper = Curve::smooth(&path, false).on(side);
            let width = |t: f32| {
                self.upper
                    * (0.12
                        + 0.88
                            * smoothstep_between(0.0, 0.35, t)
                            * (1.0 - 0.75 * smoothstep_between(0.6, 1.0, t)))
            };
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
    canvas.stroke(curve, 0.0, width, |touch, _, texel| gild_texel(gold, raised, touch, texel));
}

/// One texel of a raised line of metal.
pub(super) fn gild_texel(gold: &Material, raised: f32, touch: Touch, texel: &mut Texel) {
    texel.coat(gold, touch.cover);
    texel.relief += raised * touch.bead() * touch.cover;
}
