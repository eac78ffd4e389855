//! The puppet's texture: the portrait at the top left, patches for lids and mouth in a column at the right.

use super::Matte;
use super::overlay::{LID_COLUMNS, MOUTH_COLUMNS};
use super::patches;
use super::pose::Skull;
use glam::{Vec2, Vec3, Vec4};
use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Rgb};
use omote_frame::Frame;
use omote_frame::interpolation::{Between, Bilinear, bilinear_by_weights};

/// The picture may take this share of the texture's side.
const PICTURE_SHARE: f32 = 0.75;
/// Where the patches' column begins, as a share of the side.
pub(super) const COLUMN: f32 = 0.78;
/// Texture sides, smallest first.
const SIDES: [u32; 3] = [512, 1024, 2048];
/// Stages of a lid between open and shut, each with a patch of its own.
pub(super) const LID_STAGES: usize = 3;
/// Free texels round a patch, as a share of the side.
const MARGIN: f32 = 0.006;

/// A patch of the texture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Patch {
    /// Side (0 the subject's right) and stage.
    Lid(usize, usize),
    /// The inside of the mouth.
    Mouth,
}

impl Patch {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let lids = (0..2).flat_map(|side| (0..LID_STAGES).map(move |stage| Self::Lid(side, stage)));
        lids.chain([Self::Mouth])
    }

    /// Corners in texture positions, margin excluded.
    pub(super) fn bounds(self) -> (Vec2, Vec2) {
        let (top, height) = match self {
            Self::Lid(side, stage) => ((side * LID_STAGES + stage) as f32 * 0.075, 0.075),
            Self::Mouth => (0.46, 0.22),
        };
        (Vec2::new(COLUMN, top) + MARGIN, Vec2::new(1.0, top + height) - MARGIN)
    }

    /// The texture position at a share across and down.
    pub(super) fn uv(self, across: f32, down: f32) -> Vec2 {
        let (low, high) = self.bounds();
        low + (high - low) * Vec2::new(across, down)
    }
}

/// Pixels of the portrait: R'G'B' 0..=1 and alpha.
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Vec4>,
    /// Its pixels for one of the portrait's.
    pub(super) scale: f32,
}

impl Image {
    fn new(picture: &Frame, matte: Option<&Matte>, limit: f32) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let scale = (limit / width.max(height) as f32).min(1.0);
        let rgb = ImageBuffer::<Rgb<u8>, _>::from_raw(width, height, picture.to_rgb()).unwrap_or_default();
        let fit = |n: u32| ((n as f32 * scale).round() as u32).max(1);
        let rgb =
            if scale < 1.0 { resize(&rgb, fit(width), fit(height), FilterType::CatmullRom) } else { rgb };
        let (width, height) = (rgb.width() as usize, rgb.height() as usize);
        let pixels = rgb.pixels().enumerate().map(|(i, p)| {
            let [r, g, b] = p.0.map(|v| f32::from(v) / 255.0);
            let middle = |v: usize, n: usize| (v as f32 + 0.5) / n as f32;
            let alpha = matte.map_or(1.0, |m| m.at(middle(i % width, width), middle(i / width, height)));
            Vec4::new(r, g, b, alpha)
        });
        let mut image = Self { width, height, pixels: pixels.collect(), scale };
        if matte.is_some() {
            image.bleed();
        }
        image
    }

    /// Takes the backdrop's colour out of soft edges: each pixel that is not the person's alone gets the
    /// mean colour of the nearest that are, found by halving the picture until there are some.
    fn bleed(&mut self) {
        let own = |p: Vec4| ((p.w - 0.9) / 0.1).clamp(0.0, 1.0);
        let base: Vec<Vec4> = self.pixels.iter().map(|p| (p.truncate() * own(*p)).extend(own(*p))).collect();
        let mut levels = vec![(self.width, self.height, base)];
        while let Some((w, h, fine)) = levels.last().filter(|l| l.0 > 1 || l.1 > 1) {
            let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
            let mut coarse = vec![Vec4::ZERO; cw * ch];
            for (i, p) in fine.iter().enumerate() {
                coarse[i / w / 2 * cw + i % w / 2] += *p;
            }
            // A cell that has enough of its own keeps to it.
            coarse.iter_mut().for_each(|c| *c /= c.w.max(1.0));
            levels.push((cw, ch, coarse));
        }
        while let Some((cw, _, coarse)) = levels.pop() {
            let Some((w, _, fine)) = levels.last_mut() else { break };
            let rows = coarse.len() / cw;
            for (i, p) in fine.iter_mut().enumerate() {
                let lack = 1.0 - p.w;
                if lack > 0.0 {
                    let at = Vec2::new((i % *w) as f32, (i / *w) as f32) * 0.5 - 0.25;
                    let fill = bilinear(&coarse, cw, rows, at);
                    *p += (fill / fill.w.max(1e-4)) * lack;
                }
            }
            if levels.len() == 1 {
                for (out, filled) in self.pixels.iter_mut().zip(&levels[0].2) {
                    let keep = own(*out);
                    *out = (out.truncate() * keep + filled.truncate() * (1.0 - keep)).extend(out.w);
                }
                return;
            }
        }
    }

    /// The picture at a place in the portrait's pixels.
    pub(super) fn at(&self, p: Vec2) -> Vec4 {
        bilinear(&self.pixels, self.width, self.height, (p + 0.5) * self.scale - 0.5)
    }
}

fn bilinear(pixels: &[Vec4], width: usize, height: usize, at: Vec2) -> Vec4 {
    let cell = Bilinear::clamped(at, [width, height]);
    let value = |x: usize, y: usize| pixels.get(y * width + x).copied().unwrap_or_default();
    bilinear_by_weights(cell.corners(value), cell.part())
}

/// Packed texels with their mip chain.
#[derive(Clone, Debug)]
pub(super) struct Atlas {
    side: u32,
    levels: u32,
    texels: Vec<u32>,
    scale: f32,
}

impl Atlas {
    pub(super) fn new(picture: &Frame, matte: Option<&Matte>, rest: &[Vec3], skull: &Skull) -> Self {
        let longer = picture.width().max(picture.height()) as f32;
        let largest = SIDES[SIDES.len() - 1];
        let side = SIDES.into_iter().find(|s| *s as f32 * PICTURE_SHARE >= longer).unwrap_or(largest);
        let image = Image::new(picture, matte, side as f32 * PICTURE_SHARE);
        let n = side as usize;
        let mut level = vec![Vec4::ZERO; n * n];
        for (i, out) in level.iter_mut().enumerate() {
            let (x, y) = ((i % n).min(image.width - 1), (i / n).min(image.height - 1));
            *out = image.pixels[y * image.width + x];
        }
        for patch in Patch::all() {
            let (low, high) = patch.bounds();
            let (from, to) = ((low - MARGIN) * n as f32, (high + MARGIN) * n as f32);
            for y in from.y as usize..(to.y as usize).min(n) {
                for x in from.x as usize..(to.x as usize).min(n) {
                    let uv = Vec2::new(x as f32 + 0.5, y as f32 + 0.5) / n as f32;
                    let share = ((uv - low) / (high - low)).clamp(Vec2::ZERO, Vec2::ONE);
                    let rgb = match patch {
                        Patch::Lid(eye, stage) => {
                            let shut = (stage + 1) as f32 / LID_STAGES as f32;
                            patches::lid(&image, rest, eye, shut, share)
                        }
                        Patch::Mouth => patches::mouth(&image, rest, skull, share),
                    };
                    level[y * n + x] = rgb.extend(1.0);
                }
            }
        }
        let mut texels: Vec<u32> = level
            .iter()
            .map(|p| u32::from_le_bytes((*p * 255.0 + 0.5).to_array().map(|v| v as u8)))
            .collect();
        let levels = omote_shaders::cpu::mip_levels(&mut texels, side);
        Self { side, levels, texels, scale: image.scale }
    }

    pub(super) fn side(&self) -> u32 {
        self.side
    }

    pub(super) fn levels(&self) -> u32 {
        self.levels
    }

    /// Texels for one of the portrait's pixels.
    pub(super) fn scale(&self) -> f32 {
        self.scale
    }

    pub(super) fn texels(&self) -> &[u32] {
        &self.texels
    }

    /// The texture position of a place in the portrait's pixels.
    pub(super) fn uv(&self, picture: Vec2) -> Vec2 {
        (picture + 0.5) * (self.scale / self.side as f32)
    }

    /// The inverse of [`Atlas::uv`].
    pub(super) fn picture(&self, uv: Vec2) -> Vec2 {
        uv * (self.side as f32 / self.scale) - 0.5
    }

    /// Whether anything of the person shows in a box of texture positions.
    pub(super) fn shows(&self, low: Vec2, high: Vec2) -> bool {
        let top = self.side as usize - 1;
        let texel = |v: f32| ((v * self.side as f32).max(0.0) as usize).min(top);
        let (x0, x1) = (texel(low.x).saturating_sub(2), (texel(high.x) + 2).min(top));
        let (y0, y1) = (texel(low.y).saturating_sub(2), (texel(high.y) + 2).min(top));
        (y0..=y1).any(|y| {
            let row = self.texels.get(y * (top + 1) + x0..=y * (top + 1) + x1);
            row.is_some_and(|r| r.iter().any(|t| t >> 24 > 1))
        })
    }
}

/// Splits a share 0..=1 across a sheet into the columns on either side and the way between them.
pub(super) fn column(share: f32, columns: usize) -> (usize, usize, f32) {
    let Between { low, high, part } = Between::clamped(share * (columns - 1) as f32, columns);
    (low, high, part)
}

const _: () = assert!(LID_COLUMNS > 1 && MOUTH_COLUMNS > 1);
