//! The finer heads of the 478-point network (facts/face_tracking_models.md §6). They look at patches of a feature map that
//! the network makes on the way to its mesh. ONNX has no operators for cutting the patches, and what can be written with
//! plain ones takes a third of the network's time: so the network is converted in two parts, and the patches are cut here.
//!
//! Point numbers are those of MediaPipe's face mesh (Apache-2.0). Left and right are the subject's; the network's own
//! names are mirrored (its "left eye" is the subject's right).

use glam::{Mat2, Vec2};

/// Side of the feature map in pixels.
pub const MAP: usize = 48;
/// Channels of the feature map and of a patch.
pub const CHANNELS: usize = 32;
/// Side of a patch in pixels.
pub const PATCH: usize = 16;
/// The heads' values are filled up to a multiple of so many: ONNX Runtime's blocked layouts take as many channels together.
pub const SLOT: usize = 16;
/// Values of a head: x y of its points, filled up.
pub const POINT_VALUES: usize = 160;
/// Side of a patch over that of its points' box.
pub const SCALE: f32 = 1.5;
/// Crop pixels to a pixel of the feature map.
const STRIDE: f32 = 4.0;

/// What one head looks at.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// Name of its patch where the converter cuts the network.
    pub input: &'static str,
    /// The mesh points that it finds anew, in its order. The patch is laid round their places in the coarse mesh.
    pub points: &'static [u16],
    /// The points whose line is level in the patch.
    pub level: [u16; 2],
}

/// Lips and what is round them.
pub const LIPS: Head = Head { input: "patch_lips", points: &LIPS_POINTS, level: [61, 291] };

/// The subject's right eye (image-left): lids first, then what is round them, then the brow.
pub const RIGHT_EYE: Head = Head { input: "patch_left_eye", points: &RIGHT_EYE_POINTS, level: [33, 133] };

/// The subject's left eye (image-right), as the other.
pub const LEFT_EYE: Head = Head { input: "patch_right_eye", points: &LEFT_EYE_POINTS, level: [362, 263] };

/// All, in the order of the second part's channels and values; the irises are those of the two eyes.
pub const HEADS: [Head; 3] = [LIPS, RIGHT_EYE, LEFT_EYE];

/// Where a patch lies on the feature map: its pixel (x, y) is the map's at `turn`·((x, y) + 0.5) + `shift` - 0.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatchPlacement {
    turn: Mat2,
    shift: Vec2,
}

impl PatchPlacement {
    /// The patch of a head, by the coarse mesh: x y z of each point in crop pixels. Turned so that the head's line is level,
    /// 1.5 times the box of its points.
    pub fn from_mesh(head: &Head, mesh: &[f32]) -> Self {
        let point = |index: u16| {
            let at = 3 * usize::from(index);
            mesh.get(at..at + 2).map_or(Vec2::ZERO, Vec2::from_slice) / STRIDE
        };
        let [from, to] = head.level.map(point);
        let along = (to - from).normalize_or(Vec2::X);
        let back = Mat2::from_cols(along, along.perp());
        let level = back.transpose();
        let (mut low, mut high) = (Vec2::INFINITY, Vec2::NEG_INFINITY);
        for p in head.points.iter().map(|index| level * point(*index)) {
            (low, high) = (low.min(p), high.max(p));
        }
        let turn = back * Mat2::from_diagonal((high - low) * (SCALE / PATCH as f32));
        Self { turn, shift: back * (0.5 * (low + high)) - turn * Vec2::splat(PATCH as f32 / 2.0) }
    }

    /// Cuts the patch, [`PATCH`]² pixels of [`CHANNELS`], out of the map, [`MAP`]² pixels of as many: both channels-last,
    /// row-major. It becomes the channels of a head among those of all [`HEADS`]. Between pixels linear (by hand:
    /// this crate stands alone); zero outside the middles of the map's outer pixels.
    pub fn cut(&self, map: &[f32], head: usize, patches: &mut [f32]) {
        let pixels = patches.as_chunks_mut::<CHANNELS>().0.iter_mut().skip(head).step_by(HEADS.len());
        let (map, _) = map.as_chunks::<CHANNELS>();
        let last = (MAP - 1) as f32;
        for (k, out) in pixels.enumerate() {
            let pixel = Vec2::new((k % PATCH) as f32, (k / PATCH) as f32);
            let at = self.turn * (pixel + 0.5) + self.shift - 0.5;
            let corner = at.floor().clamp(Vec2::ZERO, Vec2::splat(last - 1.0));
            let first = corner.y as usize * MAP + corner.x as usize;
            let taps = [0, 1, MAP, MAP + 1].map(|step| map.get(first + step));
            let inside = at.cmpge(Vec2::ZERO).all() && at.cmple(Vec2::splat(last)).all();
            let ([Some(a), Some(b), Some(c), Some(d)], true) = (taps, inside) else {
                *out = [0.0; CHANNELS];
                continue;
            };
            let Vec2 { x, y } = at - corner;
            let [wa, wb, wc, wd] = [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y];
            for ((((out, a), b), c), d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *out = wa * a + wb * b + wc * c + wd * d;
            }
        }
    }

    /// A head's point, in quarters of a patch pixel, in crop pixels.
    pub fn to_crop(self, point: Vec2) -> Vec2 {
        self.turn * point + self.shift * STRIDE
    }
}

const LIPS_POINTS: [u16; 80] = [
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409, 78, 95, 88,
    178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415, 76, 77, 90, 180, 85, 16,
    315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 96, 89, 179, 86, 15, 316, 403, 319,
    325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
];

const RIGHT_EYE_POINTS: [u16; 71] = [
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24, 23, 22,
    26, 112, 243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244, 113, 225, 224,
    223, 222, 221, 189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121, 128, 245, 156, 70, 63,
    105, 66, 107, 55, 193,
];

const LEFT_EYE_POINTS: [u16; 71] = [
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339, 254, 253,
    252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451, 452, 453, 464, 342,
    445, 444, 443, 442, 441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346, 347, 348, 349, 350, 357, 465,
    383, 300, 293, 334, 296, 336, 285, 417,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A mesh whose lips are a box 16 by 8 map pixels round (20, 30), turned by `angle`.
    fn mesh(angle: f32) -> Vec<f32> {
        let turn = Mat2::from_angle(angle);
        let mut mesh = vec![0.0; 3 * 468];
        let mut put = |index: u16, p: Vec2| {
            let p = (turn * p + Vec2::new(20.0, 30.0)) * STRIDE;
            mesh[3 * usize::from(index)..][..2].copy_from_slice(&p.to_array());
        };
        LIPS.points.iter().for_each(|index| put(*index, Vec2::ZERO));
        put(61, Vec2::new(-8.0, 0.0));
        put(291, Vec2::new(8.0, 0.0));
        put(0, Vec2::new(0.0, -4.0));
        put(17, Vec2::new(0.0, 4.0));
        mesh
    }

    #[test]
    fn a_patch_is_its_points_box_half_as_large_again() {
        for angle in [0.0, 0.4, -2.0] {
            let place = PatchPlacement::from_mesh(&LIPS, &mesh(angle));
            let turn = Mat2::from_angle(angle);
            // A head's 64 units are the patch's side: 24 by 12 map pixels.
            for (unit, offset) in [
                (Vec2::splat(32.0), Vec2::ZERO),
                (Vec2::new(64.0, 32.0), Vec2::new(12.0, 0.0)),
                (Vec2::new(32.0, 0.0), Vec2::new(0.0, -6.0)),
            ] {
                let crop = (turn * offset + Vec2::new(20.0, 30.0)) * STRIDE;
                assert!(place.to_crop(unit).distance(crop) < 1e-3, "{angle} {unit}: {}", place.to_crop(unit));
            }
        }
    }

    #[test]
    fn a_patch_of_a_ramp_is_the_ramp_at_its_places_and_nothing_outside() {
        let ramp = |p: Vec2, channel: usize| p.x + 2.0 * p.y + 100.0 * channel as f32;
        let pixel = |k: usize| Vec2::new((k % MAP) as f32, (k / MAP) as f32);
        let map: Vec<f32> =
            (0..MAP * MAP).flat_map(|k| (0..CHANNELS).map(move |c| ramp(pixel(k), c))).collect();
        let place = PatchPlacement::from_mesh(&LIPS, &mesh(0.3));
        let mut patches = vec![f32::NAN; PATCH * PATCH * HEADS.len() * CHANNELS];
        let of_head = |patches: &[f32], head: usize| -> Vec<f32> {
            let pixels = patches.chunks(HEADS.len() * CHANNELS);
            pixels.flat_map(|pixel| pixel[head * CHANNELS..][..CHANNELS].to_vec()).collect()
        };
        place.cut(&map, 1, &mut patches);
        for (k, value) in of_head(&patches, 1).iter().enumerate() {
            let (channel, k) = (k % CHANNELS, k / CHANNELS);
            let unit = 4.0 * (Vec2::new((k % PATCH) as f32, (k / PATCH) as f32) + 0.5);
            let at = place.to_crop(unit) / STRIDE - 0.5;
            assert!((value - ramp(at, channel)).abs() < 1e-2, "{at} {channel}: {value}");
        }
        let far = PatchPlacement { shift: place.shift + Vec2::new(20.0, 0.0), ..place };
        far.cut(&map, 2, &mut patches);
        let far = of_head(&patches, 2);
        assert!(far[0] != 0.0 && far.last() == Some(&0.0));
        assert!(of_head(&patches, 0).iter().all(|v| v.is_nan()), "the others' channels stay as they are");
        // A face without an extent has a place all the same.
        let none = PatchPlacement::from_mesh(&LIPS, &vec![5.0; 3 * 468]);
        assert!(none.to_crop(Vec2::splat(32.0)).is_finite());
    }
}
