//! The resting shape of a face: steady points for the pose, the outline for the region of interest.
//!
//! Model space: origin midway between the eyes, unit the distance between the eyes' middles, x to the subject's left
//! (the right of an unmirrored picture), y down, z away from the camera. Taken from the mean of the project's own fictional composites, made symmetric.

use glam::Vec3;

/// A point that expressions hardly move.
#[derive(Debug, Clone, Copy)]
pub struct Steady {
    /// Number of the mesh point.
    pub index: u16,
    /// Trust, 0..=1: outline points slide along the skin, eye corners and the nose do not.
    pub weight: f32,
    /// Place in model space.
    pub place: Vec3,
}

const fn steady(index: u16, weight: f32, x: f32, y: f32, z: f32) -> Steady {
    Steady { index, weight, place: Vec3::new(x, y, z) }
}

/// Eye corners, nose, brow-free forehead, temples, upper cheeks.
pub const STEADY: [Steady; 63] = [
    steady(1, 1.0, 0.0, 0.6159, -0.6772),
    steady(2, 0.6, 0.0, 0.7065, -0.4227),
    steady(4, 1.0, 0.0, 0.5065, -0.7108),
    steady(5, 1.0, 0.0, 0.3666, -0.6704),
    steady(6, 1.0, 0.0, 0.0342, -0.3992),
    steady(8, 0.6, 0.0, -0.203, -0.3261),
    steady(9, 0.6, 0.0, -0.3395, -0.3436),
    steady(10, 0.3, 0.0, -0.8731, -0.2354),
    steady(21, 0.3, -1.0583, -0.3718, 0.4802),
    steady(33, 1.0, -0.7209, -0.0159, 0.0425),
    steady(36, 0.6, -0.5237, 0.4959, -0.1977),
    steady(48, 0.6, -0.3349, 0.559, -0.4209),
    steady(50, 0.6, -0.8315, 0.4745, -0.0654),
    steady(54, 0.3, -0.9606, -0.5606, 0.2852),
    steady(67, 0.3, -0.5665, -0.8154, -0.1011),
    steady(69, 0.6, -0.5023, -0.6119, -0.197),
    steady(93, 0.3, -1.1239, 0.5506, 0.923),
    steady(94, 0.6, 0.0, 0.6912, -0.4944),
    steady(98, 0.6, -0.317, 0.6498, -0.2906),
    steady(101, 0.6, -0.5818, 0.3623, -0.1482),
    steady(103, 0.3, -0.8054, -0.7128, 0.0804),
    steady(104, 0.6, -0.7331, -0.5626, -0.0673),
    steady(108, 0.6, -0.2674, -0.6229, -0.2705),
    steady(109, 0.3, -0.3076, -0.8635, -0.2078),
    steady(114, 0.6, -0.2253, 0.1904, -0.246),
    steady(116, 0.6, -1.0431, 0.2517, 0.2412),
    steady(117, 0.6, -0.8607, 0.2294, 0.0408),
    steady(118, 0.6, -0.7364, 0.2638, -0.0506),
    steady(122, 0.6, -0.0932, 0.0596, -0.3582),
    steady(127, 0.3, -1.1382, 0.0771, 0.8486),
    steady(133, 1.0, -0.2791, 0.0159, -0.0425),
    steady(151, 0.6, 0.0, -0.619, -0.295),
    steady(162, 0.3, -1.1127, -0.1713, 0.6867),
    steady(168, 1.0, 0.0, -0.0859, -0.3243),
    steady(188, 0.6, -0.1563, 0.1188, -0.2946),
    steady(195, 1.0, 0.0, 0.253, -0.5751),
    steady(197, 1.0, 0.0, 0.1479, -0.4823),
    steady(234, 0.3, -1.1347, 0.3121, 0.9203),
    steady(251, 0.3, 1.0583, -0.3718, 0.4802),
    steady(263, 1.0, 0.7209, -0.0159, 0.0425),
    steady(266, 0.6, 0.5237, 0.4959, -0.1977),
    steady(278, 0.6, 0.3349, 0.559, -0.4209),
    steady(280, 0.6, 0.8315, 0.4745, -0.0654),
    steady(284, 0.3, 0.9606, -0.5606, 0.2852),
    steady(297, 0.3, 0.5665, -0.8154, -0.1011),
    steady(299, 0.6, 0.5023, -0.6119, -0.197),
    steady(323, 0.3, 1.1239, 0.5506, 0.923),
    steady(327, 0.6, 0.317, 0.6498, -0.2906),
    steady(330, 0.6, 0.5818, 0.3623, -0.1482),
    steady(332, 0.3, 0.8054, -0.7128, 0.0804),
    steady(333, 0.6, 0.7331, -0.5626, -0.0673),
    steady(337, 0.6, 0.2674, -0.6229, -0.2705),
    steady(338, 0.3, 0.3076, -0.8635, -0.2078),
    steady(343, 0.6, 0.2253, 0.1904, -0.246),
    steady(345, 0.6, 1.0431, 0.2517, 0.2412),
    steady(346, 0.6, 0.8607, 0.2294, 0.0408),
    steady(347, 0.6, 0.7364, 0.2638, -0.0506),
    steady(351, 0.6, 0.0932, 0.0596, -0.3582),
    steady(356, 0.3, 1.1382, 0.0771, 0.8486),
    steady(362, 1.0, 0.2791, 0.0159, -0.0425),
    steady(389, 0.3, 1.1127, -0.1713, 0.6867),
    steady(412, 0.6, 0.1563, 0.1188, -0.2946),
    steady(454, 0.3, 1.1347, 0.3121, 0.9203),
];

/// The face oval and the nose's tip at rest, in model space: their box is what the regions of the networks are built on.
pub const OUTLINE: [Vec3; 37] = [
    Vec3::new(0.0, -0.8731, -0.2354),
    Vec3::new(0.3076, -0.8635, -0.2078),
    Vec3::new(0.5665, -0.8154, -0.1011),
    Vec3::new(0.8054, -0.7128, 0.0804),
    Vec3::new(0.9606, -0.5606, 0.2852),
    Vec3::new(1.0583, -0.3718, 0.4802),
    Vec3::new(1.1127, -0.1713, 0.6867),
    Vec3::new(1.1382, 0.0771, 0.8486),
    Vec3::new(1.1347, 0.3121, 0.9203),
    Vec3::new(1.1239, 0.5506, 0.923),
    Vec3::new(1.091, 0.8051, 0.8759),
    Vec3::new(1.0201, 1.0695, 0.7781),
    Vec3::new(0.913, 1.2767, 0.6133),
    Vec3::new(0.7895, 1.4263, 0.4405),
    Vec3::new(0.6338, 1.5632, 0.2985),
    Vec3::new(0.5037, 1.661, 0.18),
    Vec3::new(0.3669, 1.7464, 0.0534),
    Vec3::new(0.2059, 1.8055, -0.0328),
    Vec3::new(0.0, 1.8261, -0.0629),
    Vec3::new(-0.2059, 1.8055, -0.0328),
    Vec3::new(-0.3669, 1.7464, 0.0534),
    Vec3::new(-0.5037, 1.661, 0.18),
    Vec3::new(-0.6338, 1.5632, 0.2985),
    Vec3::new(-0.7895, 1.4263, 0.4405),
    Vec3::new(-0.913, 1.2767, 0.6133),
    Vec3::new(-1.0201, 1.0695, 0.7781),
    Vec3::new(-1.091, 0.8051, 0.8759),
    Vec3::new(-1.1239, 0.5506, 0.923),
    Vec3::new(-1.1347, 0.3121, 0.9203),
    Vec3::new(-1.1382, 0.0771, 0.8486),
    Vec3::new(-1.1127, -0.1713, 0.6867),
    Vec3::new(-1.0583, -0.3718, 0.4802),
    Vec3::new(-0.9606, -0.5606, 0.2852),
    Vec3::new(-0.8054, -0.7128, 0.0804),
    Vec3::new(-0.5665, -0.8154, -0.1011),
    Vec3::new(-0.3076, -0.8635, -0.2078),
    Vec3::new(0.0, 0.6159, -0.6772),
];
