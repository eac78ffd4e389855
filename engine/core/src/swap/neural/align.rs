//! Alignment: where the crop lies that a swap model was trained on.
//!
//! A model wants five points of the face (eyes, nose tip, corners of the mouth) at fixed places of its crop. The crop is
//! the one similarity (turn, scale, shift) that brings them nearest to there in the least-squares sense.

use crate::frame::geometry::SimilarityFit;
use crate::space::{CropSquare, ImagePx, MeshPoint};
use glam::Vec2;
use serde::{Deserialize, Serialize};

/// Five points: the eye at the picture's left (the subject's right), the other eye, nose tip, the mouth's corner at the
/// picture's left, the other corner.
pub type Five<T> = [T; 5];

/// Where a family of models wants the five points, as shares of the crop's side.
///
/// Numbers as published in the field's programs for each family of training crops; see `docs/models.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Template {
    /// The frontal one of the five templates of SimSwap's training.
    ArcfaceV1,
    /// ArcFace's own at 112 pixels.
    ArcfaceV2,
    /// ArcFace's at 128 pixels: the same points in pixels, 8 further to the right.
    Arcface128,
    /// FFHQ's crop at 512 pixels.
    Ffhq,
    /// MTCNN's points at 512 pixels.
    Mtcnn,
    /// The whole face of DeepFaceLab.
    WholeFace,
}

impl Template {
    /// Every template.
    pub const ALL: [Self; 6] =
        [Self::ArcfaceV1, Self::ArcfaceV2, Self::Arcface128, Self::Ffhq, Self::Mtcnn, Self::WholeFace];

    /// The points as shares of the crop's side, 0..=1.
    #[must_use]
    #[expect(clippy::excessive_precision, reason = "as published")]
    pub fn points(self) -> Five<Vec2> {
        let points = match self {
            Self::ArcfaceV1 => [
                [0.354_732_14, 0.456_589_29],
                [0.645_267_86, 0.456_589_29],
                [0.5, 0.611_544_64],
                [0.379_133_93, 0.776_875],
                [0.620_866_07, 0.776_875],
            ],
            Self::ArcfaceV2 => [
                [0.341_916_07, 0.461_574_11],
                [0.656_533_93, 0.459_833_93],
                [0.500_225, 0.640_505_36],
                [0.370_975_89, 0.824_691_96],
                [0.631_516_96, 0.823_250_89],
            ],
            Self::Arcface128 => [
                [0.361_676_56, 0.403_877_34],
                [0.636_967_19, 0.402_354_69],
                [0.500_196_87, 0.560_442_19],
                [0.387_103_91, 0.721_605_47],
                [0.615_077_34, 0.720_344_53],
            ],
            Self::Ffhq => [
                [0.376_916_76, 0.468_646_64],
                [0.622_856_97, 0.469_128_13],
                [0.501_238_59, 0.613_319_04],
                [0.393_088_22, 0.725_411],
                [0.611_502_05, 0.724_904_65],
            ],
            Self::Mtcnn => [
                [0.365_628_65, 0.467_337_99],
                [0.633_053_91, 0.465_858_85],
                [0.500_191_27, 0.619_429_59],
                [0.390_329_51, 0.775_988_22],
                [0.611_789_45, 0.774_763_28],
            ],
            Self::WholeFace => [
                [0.353_422_66, 0.392_857_16],
                [0.627_976_22, 0.392_857_16],
                [0.486_607_13, 0.540_178_6],
                [0.388_388_49, 0.687_500_11],
                [0.598_214_27, 0.687_500_11],
            ],
        };
        points.map(Vec2::from_array)
    }
}

/// The mesh points that the five are taken from: the corners of each eye (the iris moves with the gaze, and the crop
/// would sway with it), the nose tip, the corners of the mouth.
const EYES: [[usize; 2]; 2] = [[33, 133], [362, 263]];
const NOSE: usize = 4;
const MOUTH: [usize; 2] = [61, 291];

/// The five points of a mesh of 468 or more points in image pixels. None where one is missing or not finite.
#[must_use]
pub fn five_points(mesh: &[MeshPoint]) -> Option<Five<ImagePx>> {
    let at = |i: usize| mesh.get(i).filter(|p| p.is_finite()).map(|p| p.truncate());
    let eye = |[a, b]: [usize; 2]| Some((at(a)? + at(b)?) * 0.5);
    let five = [eye(EYES[0])?, eye(EYES[1])?, at(NOSE)?, at(MOUTH[0])?, at(MOUTH[1])?];
    Some(five.map(ImagePx))
}

/// The crop of `side` pixels a side in which the five points lie nearest to the template's places, whose unit is
/// `width` × `height` crop pixels (the side itself but for models of oblong pictures). None where the points lie in one
/// spot.
#[must_use]
pub fn align(
    points: &Five<ImagePx>,
    template: Template,
    [width, height]: [f32; 2],
    side: f32,
) -> Option<CropSquare> {
    let wanted = template.points().map(|p| p * Vec2::new(width, height));
    let pairs: Five<_> = std::array::from_fn(|k| (points[k].0, wanted[k]));
    let fit = SimilarityFit::of(&pairs)?;
    let angle = -fit.angle;
    // The crop's middle, in the picture.
    let centre = fit.from + Vec2::from_angle(angle).rotate(Vec2::splat(side / 2.0) - fit.to) / fit.scale;
    Some(CropSquare { centre: ImagePx(centre), side: side / fit.scale, angle })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(template: Template, side: f32, angle: f32, scale: f32, shift: Vec2) -> Five<ImagePx> {
        template.points().map(|p| ImagePx(Vec2::from_angle(angle).rotate(p * side) * scale + shift))
    }

    #[test]
    fn points_of_the_template_come_back_to_it() {
        for template in Template::ALL {
            for (angle, scale) in [(0.0, 1.0), (0.4, 2.5), (-2.8, 0.3)] {
                let points = turned(template, 256.0, angle, scale, Vec2::new(300.0, 200.0));
                let square = align(&points, template, [256.0; 2], 256.0).unwrap();
                assert!((square.side - 256.0 * scale).abs() < 0.01, "{square:?}");
                for (p, wanted) in points.iter().zip(template.points()) {
                    let crop = square.to_crop(*p, 256.0);
                    assert!((crop.0 - wanted * 256.0).length() < 0.01, "{template:?}: {crop:?} {wanted}");
                }
            }
        }
    }

    /// The facts' cross-checks: the same points in pixels.
    #[test]
    fn templates_are_the_published_pixels() {
        let near = |a: Vec2, b: [f32; 2]| assert!((a - Vec2::from_array(b)).length() < 2e-4, "{a} {b:?}");
        let v2 = Template::ArcfaceV2.points().map(|p| p * 112.0);
        near(v2[0], [38.2946, 51.6963]);
        near(v2[4], [70.7299, 92.2041]);
        let a128 = Template::Arcface128.points().map(|p| p * 128.0);
        for (a, b) in a128.iter().zip(v2) {
            near(*a, [b.x + 8.0, b.y]);
        }
        near(Template::Arcface128.points()[3] * 256.0, [99.0986, 184.731]);
        near(Template::ArcfaceV1.points()[2] * 112.0, [56.0, 68.493]);
        near(Template::Ffhq.points()[1] * 512.0, [318.902_77, 240.193_6]);
    }

    /// Against the textbook way: the best of many similarities near the answer is the answer.
    #[test]
    fn no_other_similarity_fits_better() {
        let mut points = turned(Template::Ffhq, 512.0, 0.2, 0.7, Vec2::new(90.0, 40.0));
        points[2].0 += Vec2::new(9.0, -4.0);
        points[4].0 += Vec2::new(-3.0, 6.0);
        let square = align(&points, Template::Ffhq, [512.0; 2], 512.0).unwrap();
        let cost = |square: CropSquare| -> f32 {
            let at = |p: &ImagePx| square.to_crop(*p, 512.0).0;
            points
                .iter()
                .zip(Template::Ffhq.points())
                .map(|(p, w)| (at(p) - w * 512.0).length_squared())
                .sum()
        };
        let best = cost(square);
        for (dx, dy, ds, da) in
            [(0.3, 0.0, 0.0, 0.0), (0.0, 0.3, 0.0, 0.0), (0.0, 0.0, 0.5, 0.0), (0.0, 0.0, 0.0, 0.002)]
        {
            for sign in [-1.0, 1.0] {
                let other = CropSquare {
                    centre: ImagePx(square.centre.0 + Vec2::new(dx, dy) * sign),
                    side: square.side + ds * sign,
                    angle: square.angle + da * sign,
                };
                assert!(cost(other) > best, "{dx} {dy} {ds} {da}");
            }
        }
    }

    #[test]
    fn points_in_one_spot_are_no_face() {
        let spot = [ImagePx(Vec2::splat(40.0)); 5];
        assert_eq!(align(&spot, Template::Ffhq, [256.0; 2], 256.0), None);
        assert_eq!(five_points(&[]), None);
        let mut mesh = vec![MeshPoint::ZERO; 468];
        mesh[4].x = f32::NAN;
        assert_eq!(five_points(&mesh), None);
    }
}
