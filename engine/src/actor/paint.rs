//! Puts room, people and card together, adds the sensor's noise, and writes the frame.

use super::card::Card;
use super::chance::{Grain, mix};
use super::room::Room;
use crate::frame::{Colour, Frame, PixelFormat};
use crate::swap::puppet::Drawing;
use glam::{Vec2, Vec3, Vec4};
use omote_shaders::cpu::{decode_srgb, encode_srgb};

/// At this alpha the person hides the room fully; below the other one it does not show.
const SOLID: f32 = 0.996;
const CLEAR: f32 = 0.004;

/// Paints a frame of the room's size. `tint`: gain of the room's linear light.
pub(super) fn frame(
    room: &Room,
    drawings: &[&Drawing],
    card: Option<&Card>,
    tint: Vec3,
    noise: f32,
    seed: u64,
    format: PixelFormat,
) -> Frame {
    let (width, height) = (room.width as usize, room.height as usize);
    let direct = if format == PixelFormat::I420 { format } else { PixelFormat::Rgb };
    let mut data = vec![0u8; Frame::byte_len(direct, room.width, room.height)];
    let gain = tint.powf(1.0 / 2.2).min(Vec3::splat(1.3));
    let mut band = [vec![Vec3::ZERO; width], vec![Vec3::ZERO; width]];
    let painter = Painter { room, drawings, card, gain, noise, seed };
    for y in (0..height).step_by(2) {
        let rows = (height - y).min(2);
        for (row, y) in band.iter_mut().zip(y..y + rows) {
            painter.row(y, row);
        }
        if direct == PixelFormat::I420 {
            write_i420(&band[..rows], y, width, height, &mut data);
        } else {
            for (row, out) in band[..rows].iter().zip(data[y * width * 3..].chunks_exact_mut(width * 3)) {
                for (v, out) in row.iter().zip(out.chunks_exact_mut(3)) {
                    out.copy_from_slice(&code(*v));
                }
            }
        }
    }
    let made = Frame::new(direct, Colour::JPEG, room.width, room.height, data)
        .and_then(|f| if format == direct { Ok(f) } else { f.converted(format, Colour::JPEG) });
    debug_assert!(made.is_ok(), "the size was checked when the actor was made");
    made.unwrap_or_else(|_| unreachable!("a buffer of the length that the format asks for"))
}

fn code(v: Vec3) -> [u8; 3] {
    // The cast saturates.
    (v + 0.5).to_array().map(|v| v as u8)
}

struct Painter<'a> {
    room: &'a Room,
    drawings: &'a [&'a Drawing],
    card: Option<&'a Card>,
    gain: Vec3,
    noise: f32,
    seed: u64,
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
                    *out = encode(*p);
                } else if p.w > CLEAR {
                    let behind = Vec3::from_array(out.to_array().map(|v| decode_srgb(v / 255.0)));
                    *out = encode(behind.extend(1.0).lerp(*p, p.w));
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
            *out += grain.next() * self.noise;
        }
    }
}

fn encode(p: Vec4) -> Vec3 {
    Vec3::new(encode_srgb(p.x), encode_srgb(p.y), encode_srgb(p.z)) * 255.0
}

/// One or two rows into the planes of an I420 frame, BT.601, full range (JFIF).
fn write_i420(rows: &[Vec<Vec3>], y: usize, width: usize, height: usize, data: &mut [u8]) {
    let (luma, chroma) = data.split_at_mut(width * height);
    for (row, out) in rows.iter().zip(luma[y * width..].chunks_exact_mut(width)) {
        for (v, out) in row.iter().zip(out) {
            *out = (v.clamp(Vec3::ZERO, Vec3::splat(255.0)).dot(Vec3::new(0.299, 0.587, 0.114)) + 0.5) as u8;
        }
    }
    let half = width.div_ceil(2);
    let (cb, cr) = chroma.split_at_mut(half * height.div_ceil(2));
    let start = y / 2 * half;
    let (cb, cr) = (&mut cb[start..start + half], &mut cr[start..start + half]);
    for (k, (cb, cr)) in cb.iter_mut().zip(cr).enumerate() {
        let (mut sum, mut n) = (Vec3::ZERO, 0.0);
        for row in rows {
            for v in row.iter().skip(k * 2).take(2) {
                sum += v.clamp(Vec3::ZERO, Vec3::splat(255.0));
                n += 1.0;
            }
        }
        let mean = sum / n;
        *cb = (mean.dot(Vec3::new(-0.168_736, -0.331_264, 0.5)) + 128.5) as u8;
        *cr = (mean.dot(Vec3::new(0.5, -0.418_688, -0.081_312)) + 128.5) as u8;
    }
}
