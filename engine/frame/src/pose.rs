//! The rigid pose of a face: weighted Procrustes alignment of the resting shape to its steady points.
//!
//! Horn: "Closed-form solution of absolute orientation using unit quaternions", J. Opt. Soc. Am. A 4, 1987.

use glam::{Mat3, Quat, Vec2, Vec3};

use crate::space::{CropSquare, ImagePx, MeshPoint, bounds};
use crate::template::{OUTLINE, STEADY};

/// Where a head is and how it is turned: `point = origin + scale · rotation · model`, in image pixels.
///
/// Model space: origin midway between the eyes, unit the distance between the eyes' middles at rest, x to the
/// subject's left, y down, z away from the camera.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pose {
    /// From model space to the picture's axes.
    pub rotation: Quat,
    /// Image pixels for one unit of model space; the distance between the eyes of a face seen from the front.
    pub scale: f32,
    /// The point midway between the eyes: x, y as [`ImagePx`], z in the same pixels.
    pub origin: Vec3,
}

impl Pose {
    /// Fits the resting shape to a mesh in image pixels. None where points are missing or lie in one spot.
    #[must_use]
    pub fn fit(points: &[MeshPoint]) -> Option<Self> {
        let pairs = STEADY.iter().map(|s| Some((s.place, *points.get(usize::from(s.index))?, s.weight)));
        Self::align(&pairs.collect::<Option<Vec<_>>>()?)
    }

    /// As [`Pose::fit`], with the trust in each point: 1 as usual, 0 for one that does not count. None where less than a
    /// quarter of the usual trust is left.
    pub fn fit_where(points: &[MeshPoint], trust: impl Fn(usize) -> f32) -> Option<Self> {
        let pair = |s: &super::template::Steady| {
            let index = usize::from(s.index);
            Some((s.place, *points.get(index)?, s.weight * trust(index)))
        };
        let pairs = STEADY.iter().map(pair).collect::<Option<Vec<_>>>()?;
        let usual: f32 = STEADY.iter().map(|s| s.weight).sum();
        let left: f32 = pairs.iter().map(|p| p.2).sum();
        if left < 0.25 * usual { None } else { Self::align(&pairs) }
    }

    /// The similarity that carries the first of each pair onto the second with the least weighted squared error.
    /// None where they have no extent.
    pub fn align(pairs: &[(Vec3, MeshPoint, f32)]) -> Option<Self> {
        let total: f32 = pairs.iter().map(|p| p.2).sum();
        if total <= 0.0 {
            return None;
        }
        let mean =
            |pick: fn(&(Vec3, Vec3, f32)) -> Vec3| pairs.iter().map(|p| pick(p) * p.2).sum::<Vec3>() / total;
        let (from, to) = (mean(|p| p.0), mean(|p| p.1));
        let mut product = Mat3::ZERO;
        let mut spread = [0.0f32; 2];
        for &(a, b, weight) in pairs {
            let (a, b) = (a - from, b - to);
            product += Mat3::from_cols(a * b.x, a * b.y, a * b.z) * weight;
            spread[0] += weight * a.length_squared();
            spread[1] += weight * b.length_squared();
        }
        if spread.iter().any(|s| !s.is_finite() || *s <= f32::EPSILON) {
            return None;
        }
        let rotation = largest_rotation(&product)?;
        let scale = (spread[1] / spread[0]).sqrt();
        Some(Self { rotation, scale, origin: to - rotation * from * scale })
    }

    /// A model-space place in image pixels.
    #[must_use]
    pub fn to_image(&self, place: Vec3) -> MeshPoint {
        self.origin + self.rotation * place * self.scale
    }

    /// The inverse of [`Pose::to_image`].
    #[must_use]
    pub fn to_model(&self, point: MeshPoint) -> Vec3 {
        self.rotation.inverse() * (point - self.origin) / self.scale
    }

    /// Turn about the picture's depth axis in radians; positive is clockwise on screen.
    #[must_use]
    pub fn roll(&self) -> f32 {
        let across = self.rotation * Vec3::X;
        across.y.atan2(across.x)
    }

    /// Turn to the side in radians; positive where the subject looks to the right of the picture.
    #[must_use]
    pub fn yaw(&self) -> f32 {
        let ahead = self.ahead();
        ahead.x.atan2(-ahead.z)
    }

    /// Nod in radians; positive where the subject looks down.
    #[must_use]
    pub fn pitch(&self) -> f32 {
        let ahead = self.ahead();
        ahead.y.atan2(ahead.x.hypot(ahead.z))
    }

    /// Direction of the nose, with the roll taken out.
    fn ahead(&self) -> Vec3 {
        Quat::from_rotation_z(-self.roll()) * self.rotation * -Vec3::Z
    }

    /// The region of interest of a face in this pose: `margin` times the outline's box, level with the eyes.
    /// It doesn't depend on the expression, unlike a box round the landmarks.
    pub fn region(&self, margin: f32) -> CropSquare {
        let angle = self.roll();
        let back = Vec2::from_angle(-angle);
        let places =
            OUTLINE.iter().map(|&place| back.rotate((self.to_image(place) - self.origin).truncate()));
        let (low, high) = bounds(places);
        let centre = self.origin.truncate() + Vec2::from_angle(angle).rotate((low + high) * 0.5);
        CropSquare { centre: ImagePx(centre), side: margin * (high - low).max_element(), angle }
    }
}

/// The rotation R that makes the trace of R·S largest, S\[i\]\[j\] = sum of a_i b_j (`product` holds column j).
fn largest_rotation(product: &Mat3) -> Option<Quat> {
    let s = product.to_cols_array_2d().map(|column| column.map(f64::from));
    // s[j][i] = sum of a_i b_j.
    let at = |i: usize, j: usize| s[j][i];
    let (xx, yy, zz) = (at(0, 0), at(1, 1), at(2, 2));
    let (xy, yx, xz, zx, yz, zy) = (at(0, 1), at(1, 0), at(0, 2), at(2, 0), at(1, 2), at(2, 1));
    let mut n = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ];
    let mut vectors =
        [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0f64]];
    // Cyclic Jacobi: converges in a handful of sweeps for a 4x4.
    for _ in 0..12 {
        for p in 0..3 {
            for q in p + 1..4 {
                jacobi_rotation(&mut n, &mut vectors, p, q);
            }
        }
    }
    let best = (0..4).max_by(|&a, &b| n[a][a].total_cmp(&n[b][b]))?;
    let [w, x, y, z] = [0, 1, 2, 3].map(|k: usize| vectors[k][best] as f32);
    let rotation = Quat::from_xyzw(x, y, z, w);
    (rotation.is_finite() && rotation.length_squared() > 0.5).then(|| rotation.normalize())
}

/// One Jacobi rotation that clears element (p, q) of a symmetric matrix and gathers the eigenvectors.
fn jacobi_rotation(n: &mut [[f64; 4]; 4], vectors: &mut [[f64; 4]; 4], p: usize, q: usize) {
    if n[p][q].abs() < 1e-300 {
        return;
    }
    let theta = (n[q][q] - n[p][p]) / (2.0 * n[p][q]);
    let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let c = 1.0 / t.hypot(1.0);
    let s = t * c;
    for k in 0..4 {
        let (a, b) = (n[k][p], n[k][q]);
        (n[k][p], n[k][q]) = (c * a - s * b, s * a + c * b);
    }
    for k in 0..4 {
        let (a, b) = (n[p][k], n[q][k]);
        (n[p][k], n[q][k]) = (c * a - s * b, s * a + c * b);
    }
    for row in vectors.iter_mut() {
        let (a, b) = (row[p], row[q]);
        (row[p], row[q]) = (c * a - s * b, s * a + c * b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mesh of 478 points whose steady points stand in a given pose.
    fn mesh(pose: &Pose) -> Vec<MeshPoint> {
        let mut points = vec![pose.origin; 478];
        for s in &STEADY {
            points[usize::from(s.index)] = pose.to_image(s.place);
        }
        points
    }

    fn pose(yaw: f32, pitch: f32, roll: f32) -> Pose {
        let rotation =
            Quat::from_rotation_z(roll) * Quat::from_rotation_y(-yaw) * Quat::from_rotation_x(pitch);
        Pose { rotation, scale: 80.0, origin: Vec3::new(320.0, 200.0, -7.0) }
    }

    #[test]
    fn an_exact_mesh_gives_its_pose_back() {
        for (yaw, pitch, roll) in [(0.0, 0.0, 0.0), (0.5, -0.2, 0.3), (-0.7, 0.4, -1.2), (0.1, 0.0, 3.0)] {
            let truth = pose(yaw, pitch, roll);
            let found = Pose::fit(&mesh(&truth)).unwrap();
            assert!(found.rotation.angle_between(truth.rotation) < 1e-3, "{found:?}");
            assert!((found.scale - 80.0).abs() < 0.01 && (found.origin - truth.origin).length() < 0.02);
        }
    }

    #[test]
    fn angles_have_the_documented_signs() {
        let p = pose(0.4, 0.0, 0.0);
        // The nose's tip moves to the right of the picture.
        assert!(p.to_image(-Vec3::Z).x > p.origin.x);
        assert!((p.yaw() - 0.4).abs() < 1e-5 && p.pitch().abs() < 1e-5);
        let p = pose(0.0, 0.3, 0.0);
        assert!(p.to_image(-Vec3::Z).y > p.origin.y, "looking down moves the nose down");
        assert!((p.pitch() - 0.3).abs() < 1e-5);
        assert!((pose(0.2, 0.1, 0.7).roll() - 0.7).abs() < 0.05);
    }

    #[test]
    fn places_go_to_the_picture_and_back() {
        let p = pose(0.3, 0.2, -0.4);
        let place = Vec3::new(0.3, -0.6, 0.2);
        assert!((p.to_model(p.to_image(place)) - place).length() < 1e-5);
    }

    #[test]
    fn a_frontal_region_is_the_outline_s_box() {
        let region = pose(0.0, 0.0, 0.0).region(1.0);
        // The outline spans 2.70 units from forehead to chin.
        assert!((region.side / 80.0 - 2.7).abs() < 0.05, "{region:?}");
        assert!((region.centre.0.x - 320.0).abs() < 0.1 && region.angle.abs() < 1e-5);
        let turned = pose(0.0, 0.0, 0.5).region(1.0);
        assert!((turned.side - region.side).abs() < 0.1 && (turned.angle - 0.5).abs() < 1e-4);
    }

    #[test]
    fn meshes_without_extent_have_no_pose() {
        assert!(Pose::fit(&[Vec3::ZERO; 478]).is_none());
        assert!(Pose::fit(&[Vec3::ONE; 20]).is_none());
        assert!(Pose::fit(&[Vec3::NAN; 478]).is_none());
    }
}
