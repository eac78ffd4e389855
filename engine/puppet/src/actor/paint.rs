//! Puts room, people and card together, adds the sensor's noise, and writes the frame.

use super::card::Card;
use super::chance::{Grain, mix};
use super::room::Room;
use crate::Drawing;
use glam::{Vec2, Vec3, Vec4};
use omote_frame::space::PxRect;
use omote_frame::{Frame, PixelFormat};
use omote_shaders::cpu::{decode_srgb, encode_srgb};

/// At this alpha the person hides the room fully; below the other one it does not show.
const SOLID: f32 = 0.996;
const CLEAR: f32 = 0.004;

/// Paints over every pixel of `frame`, which has the room's size. `tint`: gain of the room's linear light.
pub(super) fn paint(
    frame: &mut Frame,
    room: &Room,
    drawings: &[&Drawing],
    card: Option<&Card>,
    tint: Vec3,
    noise: f32,
    seed: u64,
) {
    let width = room.width as usize;
    let gain = tint.powf(1.0 / 2.2).min(Vec3::splat(1.3));
    let painter = Painter { room, drawings, card, gain, noise, seed, encode: Encode::new() };
    let [r, g, b] = frame.rgb_to_codes().map(Vec4::from_array);
    let column = |k: usize| Vec4::new(r[k], g[k], b[k], 0.0);
    let map = [column(0), column(1), column(2), column(3) * 255.0 + Vec4::new(0.5, 0.5, 0.5, 255.0)];
    let mut rows = [vec![Vec3::ZERO; width], vec![Vec3::ZERO; width]];
    let mut codes = Vec::with_capacity(width * 2);
    for y in (0..room.height).step_by(2) {
        let band = PxRect { x: 0, y, width: room.width, height: 2 }.intersect(&frame.bounds());
        for (row, y) in rows.iter_mut().zip(band.y..band.bottom()) {
            painter.row(y as usize, row);
        }
        let rows = &rows[..band.height as usize];
        if frame.format() == PixelFormat::I420 {
            write_i420(rows, y as usize, &map, frame);
            continue;
        }
        codes.clear();
        codes.extend(rows.iter().flatten().map(|v| {
            let code = apply(&map, *v);
            u32::from_le_bytes(code.to_array().map(|v| v as u8))
        }));
        frame.write_codes(band, &codes);
    }
}

/// R'G'B' 0..=255 to codes, ready to be cut to bytes; the fourth flags a pixel to be written.
#[inline]
fn apply(map: &[Vec4; 4], v: Vec3) -> Vec4 {
    map[0] * v.x + map[1] * v.y + map[2] * v.z + map[3]
}

/// One or two rows into the planes of an I420 frame; chroma is the mean of the pixels that it covers.
fn write_i420(rows: &[Vec<Vec3>], y: usize, map: &[Vec4; 4], frame: &mut Frame) {
    let width = frame.width() as usize;
    let half = width.div_ceil(2);
    let luma = Vec3::new(map[0].x, map[1].x, map[2].x);
    for (row, out) in rows.iter().zip(frame.plane_mut(0)[y * width..].chunks_exact_mut(width)) {
        for (v, out) in row.iter().zip(out) {
            *out = (v.dot(luma) + map[3].x) as u8;
        }
    }
    let mean = |k: usize| {
        let covered = rows.iter().flat_map(|row| row.iter().skip(k * 2).take(2));
        let (sum, n) = covered.fold((Vec3::ZERO, 0.0), |(sum, n), v| (sum + *v, n + 1.0));
        apply(map, sum / n)
    };
    let start = y / 2 * half;
    for k in 0..half {
        let code = mean(k);
        frame.plane_mut(1)[start + k] = code.y as u8;
        frame.plane_mut(2)[start + k] = code.z as u8;
    }
}

struct Painter<'a> {
    room: &'a Room,
    drawings: &'a [&'a Drawing],
    card: Option<&'a Card>,
    gain: Vec3,
    noise: f32,
    seed: u64,
    encode: Encode,
}

impl Painter<'_> {
    /// One row of R'G'B', 0..=255.
    fn row(&self, y: usize, row: &mut [Vec3]) {
        let width = row.len();
        for (out, room) in row.iter_mut().zip(&self.room.pixels[y * width..]) {
            *out = Vec3::from_array(room.map(f32::from)) * self.gain;
        }
        for drawing in self.drawings {
            let region = drawing.region();
            let (top, left, wide) = (region.y as usize, region.x as usize, region.width as usize);
            if y < top || y >= region.bottom() as usize {
                continue;
            }
            let person = &drawing.pixels()[(y - top) * wide..][..wide];
            for (out, p) in row[left..left + wide].iter_mut().zip(person) {
                if p.w >= SOLID {
                    *out = self.encode.pixel(*p);
                } else if p.w > CLEAR {
                    let behind = Vec3::from_array(out.to_array().map(|v| decode_srgb(v / 255.0)));
                    *out = self.encode.pixel(behind.extend(1.0).lerp(*p, p.w));
                }
            }
        }
        if let Some(card) = self.card {
            let (low, high) = card.bounds();
            if (low.y..=high.y).contains(&(y as f32)) {
                let last = (high.x.max(0.0) as usize + 1).min(width);
                for x in (low.x.max(0.0) as usize)..last {
                    let (paper, alpha) = card.at(Vec2::new(x as f32, y as f32));
                    row[x] = row[x].lerp(paper * self.gain * 255.0, alpha);
                }
            }
        }
        let mut grain = Grain::new(mix(self.seed, y as u64));
        for out in row.iter_mut() {
            *out = (*out + grain.next() * self.noise).clamp(Vec3::ZERO, Vec3::splat(255.0));
        }
    }
}

/// Linear light to R'G'B' 0..=255 by a table over the upper bits of the float: eight of the mantissa, so
/// that steps are at most a third of a code.
struct Encode(Vec<f32>);

impl Encode {
    /// Darker than this is black.
    const DARKEST: u32 = 0x3880_0000;
    const SHIFT: u32 = 15;

    fn new() -> Self {
        let last = 1.0f32.to_bits() - Self::DARKEST;
        let middle = |k: u32| f32::from_bits(Self::DARKEST + (k << Self::SHIFT) + (1 << (Self::SHIFT - 1)));
        Self((0..=last >> Self::SHIFT).map(|k| encode_srgb(middle(k)) * 255.0).collect())
    }

    #[inline]
    fn code(&self, linear: f32) -> f32 {
        let k = linear.clamp(f32::from_bits(Self::DARKEST), 1.0).to_bits() - Self::DARKEST;
        self.0.get((k >> Self::SHIFT) as usize).copied().unwrap_or(255.0)
    }

    #[inline]
    fn pixel(&self, p: Vec4) -> Vec3 {
        Vec3::new(self.code(p.x), self.code(p.y), self.code(p.z))
    }
}
