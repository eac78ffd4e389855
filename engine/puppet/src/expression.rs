//! Expressions as displacements of the portrait's own landmarks.

use super::point;
use super::pose::Skull;
use glam::{Vec2, Vec3};
use omote_frame::space::smoothstep;

/// How the face differs from the portrait's own expression; the default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expression {
    /// Subject's left eye: 0 as in the portrait, 1 shut, -0.5 wide.
    pub blink_left: f32,
    /// Subject's right eye, as the left.
    pub blink_right: f32,
    /// -1 lips together, 0 as in the portrait, 1 wide open.
    pub mouth_open: f32,
    /// Corners of the mouth: 1 out and up, -1 in and down.
    pub smile: f32,
    /// Brows: 1 raised, -1 lowered.
    pub brow_raise: f32,
    /// Irises: x 1 to the right of the picture, y 1 down; both within -1..=1.
    pub gaze: Vec2,
}

/// Rows of the lips from the outer edge to the inner, each from the subject's right corner to the left.
pub(super) const UPPER_LIP: [[u16; 11]; 4] = [
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291],
    [76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306],
    [62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292],
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308],
];
pub(super) const LOWER_LIP: [[u16; 11]; 4] = [
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291],
    [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306],
    [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292],
    [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308],
];

/// One eye's rows, corner to corner.
pub(super) struct Lids {
    /// From the brow's underside down: above the crease.
    pub(super) above: [u16; 9],
    /// The crease of the upper lid.
    pub(super) crease: [u16; 9],
    /// The upper lid's edge.
    pub(super) upper: [u16; 9],
    /// The lower lid's edge.
    pub(super) lower: [u16; 9],
    /// Below the lower lid.
    pub(super) below: [u16; 9],
    /// The iris: middle, then four on its rim.
    pub(super) iris: [u16; 5],
}

/// The subject's right eye (image-left), then the left; both from the outer to the inner corner.
pub(super) const EYES: [Lids; 2] = [
    Lids {
        above: [113, 225, 224, 223, 223, 222, 221, 221, 189],
        crease: [130, 247, 30, 29, 27, 28, 56, 190, 243],
        upper: [33, 246, 161, 160, 159, 158, 157, 173, 133],
        lower: [33, 7, 163, 144, 145, 153, 154, 155, 133],
        below: [130, 25, 110, 24, 23, 22, 26, 112, 243],
        iris: [468, 469, 470, 471, 472],
    },
    Lids {
        above: [342, 445, 444, 443, 443, 442, 441, 441, 413],
        crease: [359, 467, 260, 259, 257, 258, 286, 414, 463],
        upper: [263, 466, 388, 387, 386, 385, 384, 398, 362],
        lower: [263, 249, 390, 373, 374, 380, 381, 382, 362],
        below: [359, 255, 339, 254, 253, 252, 256, 341, 463],
        iris: [473, 474, 475, 476, 477],
    },
];

/// Drop of the lower lip with the mouth wide open, in distances between the eyes, and the chin's share.
const DROP: f32 = 0.40;
const CHIN_SHARE: f32 = 0.88;
/// Share of the way between the lids at which they meet, from the upper to the lower.
const LIDS_MEET: f32 = 0.86;
/// How far the irises move, in distances between the eyes.
const GAZE: Vec2 = Vec2::new(0.055, 0.025);
/// Share of a blink that the lids follow a look down.
const LIDS_FOLLOW: f32 = 0.35;

type Field = Vec<Vec3>;

/// A displacement of each of the 478 points for a full unit of each expression.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// Subject's right, left.
    blink: [Field; 2],
    open: Field,
    shut: Field,
    smile: Field,
    brow: Field,
    unit: f32,
}

impl Fields {
    pub(super) fn new(rest: &[Vec3], skull: &Skull) -> Self {
        Self {
            blink: EYES.map(|eye| blink(rest, &eye)),
            open: open(rest, skull),
            shut: shut(rest, skull),
            smile: smile(rest, skull),
            brow: brow(rest, skull),
            unit: skull.eyes(),
        }
    }

    /// The resting points in an expression.
    pub(super) fn apply(&self, rest: &[Vec3], e: &Expression) -> Vec<Vec3> {
        let gaze = e.gaze.clamp(Vec2::NEG_ONE, Vec2::ONE);
        let follow = gaze.y * LIDS_FOLLOW;
        let lids = |v: f32| (v + follow * (1.0 - v.max(0.0))).clamp(-0.5, 1.0);
        let mouth = e.mouth_open.clamp(-1.0, 1.0);
        let terms = [
            (&self.blink[0], lids(e.blink_right)),
            (&self.blink[1], lids(e.blink_left)),
            (&self.open, mouth.max(0.0)),
            (&self.shut, (-mouth).max(0.0)),
            (&self.smile, e.smile.clamp(-1.0, 1.0)),
            (&self.brow, e.brow_raise.clamp(-1.0, 1.0)),
        ];
        let mut out = rest.to_vec();
        for (field, weight) in terms {
            if weight != 0.0 {
                out.iter_mut().zip(field).for_each(|(p, d)| *p += *d * weight);
            }
        }
        let shift = (gaze * GAZE * self.unit).extend(0.0);
        for i in EYES.iter().flat_map(|eye| eye.iris) {
            if let Some(p) = out.get_mut(usize::from(i)) {
                *p += shift;
            }
        }
        out
    }
}

fn set(field: &mut Field, index: u16, by: Vec3) {
    if let Some(d) = field.get_mut(usize::from(index)) {
        *d = by;
    }
}

fn blink(rest: &[Vec3], eye: &Lids) -> Field {
    let mut field = vec![Vec3::ZERO; rest.len()];
    for k in 1..8 {
        let (upper, lower) = (point(rest, eye.upper[k]), point(rest, eye.lower[k]));
        let gap = lower - upper;
        set(&mut field, eye.upper[k], gap * LIDS_MEET);
        set(&mut field, eye.lower[k], gap * (LIDS_MEET - 1.0));
        set(&mut field, eye.crease[k], gap * 0.16);
        set(&mut field, eye.below[k], gap * -0.05);
    }
    field
}

/// The lips as one list: index, column 0..=10, row 0 (outer) to 3 (inner), lower or upper.
fn lips() -> impl Iterator<Item = (u16, usize, usize, bool)> {
    let of = |lip: [[u16; 11]; 4], lower: bool| {
        lip.into_iter().enumerate().flat_map(move |(row, line)| {
            line.into_iter().enumerate().map(move |(column, i)| (i, column, row, lower))
        })
    };
    of(UPPER_LIP, false).chain(of(LOWER_LIP, true))
}

/// 0 in the corners, 1 in the middle.
fn arch(column: usize) -> f32 {
    (column as f32 / 10.0 * std::f32::consts::PI).sin().max(0.0).powf(0.75)
}

/// The mouth's place: middle of the corners, half the distance between them, and from there to the chin.
struct Mouth {
    middle: Vec2,
    half: f32,
    chin: f32,
}

impl Mouth {
    fn new(rest: &[Vec3], skull: &Skull) -> Self {
        let [right, left] = [61, 291].map(|i| point(rest, i).truncate());
        let middle = (right + left) * 0.5;
        Self { middle, half: (left - right).length() * 0.5, chin: (skull.chin().y - middle.y).max(1.0) }
    }

    /// How far a point goes with the jaw: 0 above the mouth, 1 at chin and lower lip.
    fn jaw(&self, p: Vec3, half_face: f32) -> f32 {
        let d = p.truncate() - self.middle;
        let side = (d.x / half_face).abs().min(1.0);
        let hinge = smoothstep((d.y + 0.15 * self.chin) / (1.15 * self.chin)) * (1.0 - 0.45 * side * side);
        let pad = (-(d.x / (1.25 * self.half)).powi(2)).exp() * smoothstep(d.y / (0.2 * self.chin));
        (1.0 - (1.0 - hinge) * (1.0 - pad)).clamp(0.0, 1.0)
    }
}

fn open(rest: &[Vec3], skull: &Skull) -> Field {
    let mouth = Mouth::new(rest, skull);
    let drop = DROP * skull.eyes();
    let mut field: Field = rest
        .iter()
        .map(|p| {
            let jaw = mouth.jaw(*p, skull.width() * 0.5) * CHIN_SHARE;
            // The cheeks grow longer and a little hollower.
            let inward = jaw * (1.0 - jaw) * 0.12 * (mouth.middle.x - p.x) / skull.width();
            Vec3::new(inward * drop, jaw * drop, jaw * drop * 0.25)
        })
        .collect();
    for (i, column, _, lower) in lips() {
        let p = point(rest, i);
        let arch = arch(column);
        let inward = (mouth.middle.x - p.x) * 0.10;
        let down =
            if lower { (0.16 + 0.84 * arch) * drop } else { (0.16 * (1.0 - arch) - 0.05 * arch) * drop };
        let back = if lower { 0.2 * down } else { 0.0 };
        set(&mut field, i, Vec3::new(inward, down, back));
    }
    field
}

fn shut(rest: &[Vec3], skull: &Skull) -> Field {
    let mouth = Mouth::new(rest, skull);
    let gap = |column: usize| {
        let [upper, lower] = [UPPER_LIP[3][column], LOWER_LIP[3][column]].map(|i| point(rest, i).truncate());
        (lower - upper).extend(0.0)
    };
    let rise = gap(5).y.max(0.0);
    let mut field: Field =
        rest.iter().map(|p| Vec3::new(0.0, -0.55 * rise * mouth.jaw(*p, skull.width() * 0.5), 0.0)).collect();
    for (i, column, row, lower) in lips() {
        let by = gap(column) * if column.is_multiple_of(10) { 0.0 } else { 1.0 };
        let share = if lower { -[0.74, 0.78, 0.80, 0.82][row] } else { [0.05, 0.10, 0.14, 0.18][row] };
        set(&mut field, i, by * share);
    }
    field
}

fn smile(rest: &[Vec3], skull: &Skull) -> Field {
    let unit = skull.eyes();
    let corners = [(61, -1.0), (291, 1.0)].map(|(i, side)| (point(rest, i).truncate(), side));
    let bell = |d: Vec2, width: f32| (-(d.length() / (width * unit)).powi(2)).exp();
    let mut field: Field = rest
        .iter()
        .map(|p| {
            let mut by = Vec2::ZERO;
            for (corner, side) in corners {
                let at = p.truncate();
                by += Vec2::new(0.075 * side, -0.05) * bell(at - corner, 0.34);
                let cheek = corner + Vec2::new(0.18 * side, -0.45) * unit;
                by += Vec2::new(0.012 * side, -0.045) * bell(at - cheek, 0.30);
            }
            (by * unit).extend(0.0)
        })
        .collect();
    for (i, column, row, lower) in lips() {
        let s = column as f32 / 5.0 - 1.0;
        let out = s.signum() * s.abs().powf(1.3);
        let lift = s.abs().powf(2.2);
        let thin = if lower { -0.012 } else { 0.004 } * (1.0 - lift) * (3 - row) as f32 / 3.0;
        set(&mut field, i, Vec3::new(0.075 * out, -0.052 * lift + thin, 0.02 * lift) * unit);
    }
    // The irises and the eyes' edges stay.
    for i in EYES.iter().flat_map(|e| e.iris.into_iter().chain(e.upper)) {
        set(&mut field, i, Vec3::ZERO);
    }
    field
}

/// Lower and upper edge of the brows.
const BROWS: [u16; 20] =
    [46, 53, 52, 65, 55, 107, 66, 105, 63, 70, 276, 283, 282, 295, 285, 336, 296, 334, 293, 300];

fn brow(rest: &[Vec3], skull: &Skull) -> Field {
    let unit = skull.eyes();
    let brows: Vec<Vec2> = BROWS.iter().map(|i| point(rest, *i).truncate()).collect();
    let bell = |d: Vec2| (-(d / (Vec2::new(0.22, 0.30) * unit)).length_squared()).exp();
    let eyes = EYES.iter().map(|e| point(rest, e.iris[0]).y).fold(f32::MAX, f32::min);
    let lids: Vec<u16> = EYES.iter().flat_map(|e| e.upper.into_iter().chain(e.lower).chain(e.iris)).collect();
    let crease: Vec<u16> = EYES.iter().flat_map(|e| e.crease).collect();
    let mut field: Field = rest
        .iter()
        .map(|p| {
            let near = brows.iter().map(|b| bell(p.truncate() - *b)).fold(0.0, f32::max);
            let over = smoothstep((eyes - p.y) / (0.2 * unit));
            Vec3::new(0.0, -0.085 * unit * near * over, 0.0)
        })
        .collect();
    lids.iter().for_each(|i| set(&mut field, *i, Vec3::ZERO));
    for i in crease {
        set(&mut field, i, Vec3::new(0.0, -0.018 * unit, 0.0));
    }
    field
}
