//! Coordinate spaces as types, and the named ways between them.
//!
//! Image space: x to the right, y down, in pixels; (0, 0) is the middle of the top-left pixel.
//! Left and right are always the subject's.

use glam::{Affine2, Vec2, Vec3};

/// A position in the picture, in pixels. (0, 0) is the middle of the top-left pixel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ImagePx(pub Vec2);

/// A position in a square network crop, in crop pixels 0..=n.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CropPx(pub Vec2);

/// A texture position; (0, 0) is the texture's top-left corner, (1, 1) its bottom-right corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Uv(pub Vec2);

/// A mesh point of a face in the picture: x and y as [`ImagePx`], z in the same pixels, smaller is
/// nearer to the camera; its origin is about the head's centre.
pub type MeshPoint = Vec3;

/// A closed outline, corner by corner, in any plane.
pub type Outline = Vec<Vec2>;

/// Where an outline's sides cross the row `y`, in the order of the sides.
pub fn crossings(outline: &[Vec2], y: f32) -> impl Iterator<Item = f32> + '_ {
    let next = outline.iter().cycle().skip(1);
    outline.iter().zip(next).filter_map(move |(p, q)| {
        let crosses = (p.y <= y) != (q.y <= y);
        crosses.then(|| p.x + (q.x - p.x) * (y - p.y) / (q.y - p.y))
    })
}

/// Whether an outline goes round a place (even-odd).
pub fn goes_round(outline: &[Vec2], at: Vec2) -> bool {
    crossings(outline, at.y).filter(|x| at.x < *x).count() % 2 == 1
}

/// The corners of the smallest box round some places: the least x and y, and the greatest. `(Vec2::MAX, Vec2::MIN)` where
/// there are none; numbers that are none count for nothing.
pub fn bounds(places: impl IntoIterator<Item = Vec2>) -> (Vec2, Vec2) {
    places.into_iter().fold((Vec2::MAX, Vec2::MIN), |(low, high), p| (low.min(p), high.max(p)))
}

/// From 0 at 0 to 1 at 1 without a corner at either end: 3t² − 2t³, held at 0 and 1 outside.
pub fn smoothstep(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// As [`smoothstep`], from 0 at `from` to 1 at `to`.
pub fn smoothstep_between(from: f32, to: f32, v: f32) -> f32 {
    smoothstep((v - from) / (to - from))
}

/// A square in the picture, rotated about its centre: the region a network looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropSquare {
    /// The middle of the square.
    pub centre: ImagePx,
    /// Side length in image pixels; positive.
    pub side: f32,
    /// Rotation in radians, from the image's x axis to the square's; positive turns clockwise on screen.
    pub angle: f32,
}

impl CropSquare {
    /// From crop to picture, for many positions. `n` is the crop's side in crop pixels.
    ///
    /// `centre + R(angle) · ((p / n − 0.5) · side)`: the reference's formula, without a half-pixel shift.
    #[must_use]
    pub fn affine(&self, n: f32) -> Affine2 {
        let along = Vec2::from_angle(self.angle) * (self.side / n);
        let down = along.perp();
        Affine2::from_cols(along, down, self.centre.0 - (along + down) * (n * 0.5))
    }

    /// Where a crop position lies in the picture, by [`CropSquare::affine`].
    #[must_use]
    pub fn to_image(&self, p: CropPx, n: f32) -> ImagePx {
        ImagePx(self.affine(n).transform_point2(p.0))
    }

    /// The inverse of [`CropSquare::to_image`].
    #[must_use]
    pub fn to_crop(&self, p: ImagePx, n: f32) -> CropPx {
        CropPx(self.affine(n).inverse().transform_point2(p.0))
    }
}

/// An axis-aligned rectangle of whole pixels: `x..x + width`, `y..y + height`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PxRect {
    /// Left column.
    pub x: u32,
    /// Top row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl PxRect {
    /// The column after the last.
    pub fn right(&self) -> u32 {
        self.x + self.width
    }

    /// The row after the last.
    pub fn bottom(&self) -> u32 {
        self.y + self.height
    }

    /// Whether there is no pixel in it.
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether the pixel lies in it.
    pub fn contains(&self, x: u32, y: u32) -> bool {
        x >= self.x && x < self.right() && y >= self.y && y < self.bottom()
    }

    /// The part that both cover; empty where they are apart.
    pub fn intersect(&self, other: &Self) -> Self {
        let (x, y) = (self.x.max(other.x), self.y.max(other.y));
        let right = self.right().min(other.right()).max(x);
        let bottom = self.bottom().min(other.bottom()).max(y);
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// The rectangle grown to the left and upward until it starts at multiples of `step` (above 0).
    pub fn starting_at_multiple_of(&self, step: u32) -> Self {
        let (x, y) = (self.x - self.x % step, self.y - self.y % step);
        Self { x, y, width: self.right() - x, height: self.bottom() - y }
    }

    /// The smallest rectangle of even origin and even size (or ending at the frame's edge) that holds
    /// the box `min..=max` in image pixels, clipped to a frame of `width` × `height`.
    pub fn even_around(min: Vec2, max: Vec2, width: u32, height: u32) -> Self {
        let low = |v: f32| (v.floor().max(0.0) as u32) & !1;
        let high = |v: f32, n: u32| {
            let v = (v.ceil().max(-1.0) + 1.0) as u32;
            (v + (v & 1)).min(n)
        };
        let (x, y) = (low(min.x).min(width), low(min.y).min(height));
        let (right, bottom) = (high(max.x, width), high(max.y, height));
        Self { x, y, width: right.saturating_sub(x), height: bottom.saturating_sub(y) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_goes_round_all_places_and_nothing_round_none() {
        let places = [[3.0, -1.0], [0.0, 2.0], [1.0, 1.0]].map(Vec2::from_array);
        assert_eq!(bounds(places), (Vec2::new(0.0, -1.0), Vec2::new(3.0, 2.0)));
        assert_eq!(bounds([]), (Vec2::MAX, Vec2::MIN));
    }

    #[test]
    fn a_smooth_step_is_flat_at_its_ends_and_half_way_in_the_middle() {
        assert_eq!([-1.0, 0.0, 0.5, 1.0, 2.0].map(smoothstep), [0.0, 0.0, 0.5, 1.0, 1.0]);
        // 3t² − 2t³ at a quarter.
        assert_eq!(smoothstep(0.25), 0.15625);
        assert_eq!([2.0, 3.0, 4.0].map(|v| smoothstep_between(2.0, 4.0, v)), [0.0, 0.5, 1.0]);
        // Downwards as well.
        assert_eq!([4.0, 2.0].map(|v| smoothstep_between(4.0, 2.0, v)), [0.0, 1.0]);
    }

    #[test]
    fn crop_square_round_trip() {
        let s = CropSquare { centre: ImagePx(Vec2::new(100.0, 50.0)), side: 80.0, angle: 0.7 };
        let p = CropPx(Vec2::new(13.0, 170.0));
        let back = s.to_crop(s.to_image(p, 192.0), 192.0);
        assert!((back.0 - p.0).length() < 1e-3, "{back:?}");
        let mid = s.to_image(CropPx(Vec2::splat(96.0)), 192.0);
        assert!((mid.0 - s.centre.0).length() < 1e-4);
    }

    #[test]
    fn even_rectangles_clip_and_align() {
        let r = PxRect::even_around(Vec2::new(3.2, -9.0), Vec2::new(10.1, 7.0), 101, 51);
        assert_eq!(r, PxRect { x: 2, y: 0, width: 10, height: 8 });
        let edge = PxRect::even_around(Vec2::new(90.0, 40.0), Vec2::new(400.0, 400.0), 101, 51);
        assert_eq!((edge.right(), edge.bottom()), (101, 51));
        let out = PxRect::even_around(Vec2::new(-90.0, 40.0), Vec2::new(-40.0, 44.0), 101, 51);
        assert!(out.is_empty(), "{out:?}");
    }
}
