//! Contact sheets: tiles in a grid with captions, as JPEG.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use anyhow::Context;
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage, imageops};
use std::path::Path;

/// Greatest size of a picture in bytes, and the qualities that are tried until it fits.
const MOST_BYTES: usize = 250 * 1024;
const QUALITIES: [u8; 6] = [86, 83, 79, 75, 70, 64];
const TILE_GAP: u32 = 6;
/// Type size in pixels, and height of a line.
const EM: f32 = 15.0;
const LINE: u32 = 20;
const PAPER: Rgb<u8> = Rgb([22, 23, 27]);
const INK: [f32; 3] = [232.0, 230.0, 224.0];

/// One picture of a sheet and the words below it, a line each.
pub(crate) struct Tile {
    pub(crate) picture: RgbImage,
    pub(crate) words: Vec<String>,
}

/// A grid of pictures: words above the columns and to the left of the rows.
pub(crate) struct Sheet {
    tile: u32,
    columns: Vec<String>,
    rows: Vec<(String, Vec<Tile>)>,
    /// Columns after which there is a wider gap.
    group: usize,
}

impl Sheet {
    /// A sheet of square tiles of `tile` pixels; every `group` columns belong together.
    pub(crate) fn new(tile: u32, group: usize, columns: &[&str]) -> Self {
        Self { tile, columns: columns.iter().map(|c| (*c).to_owned()).collect(), rows: Vec::new(), group }
    }

    /// Adds a row of pictures without words of their own.
    pub(crate) fn row(&mut self, name: &str, pictures: Vec<RgbImage>) {
        let tiles = pictures.into_iter().map(|picture| Tile { picture, words: Vec::new() });
        self.rows.push((name.to_owned(), tiles.collect()));
    }

    /// Adds a row of pictures with words below.
    pub(crate) fn row_with_words(&mut self, tiles: Vec<Tile>) {
        self.rows.push((String::new(), tiles));
    }

    /// The sheet as a picture.
    fn draw(&self) -> anyhow::Result<RgbImage> {
        let font = FontRef::try_from_slice(dejavu::sans_condensed::bold()).context("the font is damaged")?;
        let names = self.rows.iter().map(|(name, _)| width(&font, name)).fold(0.0, f32::max);
        let left = if names > 0.0 { names.ceil() as u32 + 2 * TILE_GAP } else { 0 };
        let head = if self.columns.iter().all(String::is_empty) { 0 } else { LINE };
        let most = self.rows.iter().map(|(_, tiles)| tiles.len()).max().unwrap_or_default();
        let across = |k: usize| {
            left + TILE_GAP
                + k as u32 * (self.tile + TILE_GAP)
                + (k / self.group.max(1)) as u32 * 2 * TILE_GAP
        };
        let lines = |tiles: &[Tile]| tiles.iter().map(|t| t.words.len()).max().unwrap_or_default() as u32;
        let height: u32 = self.rows.iter().map(|(_, t)| self.tile + TILE_GAP + lines(t) * LINE).sum();
        let wide = across(most.max(1) - 1) + self.tile + TILE_GAP;
        let mut sheet = RgbImage::from_pixel(wide, head + TILE_GAP + height, PAPER);
        for (k, name) in self.columns.iter().enumerate() {
            let x = across(k) as f32 + (self.tile as f32 - width(&font, name)) * 0.5;
            write(&mut sheet, &font, name, x, 3.0);
        }
        let mut y = head + TILE_GAP;
        for (name, tiles) in &self.rows {
            write(&mut sheet, &font, name, TILE_GAP as f32, y as f32 + (self.tile / 2) as f32 - EM * 0.5);
            for (k, tile) in tiles.iter().enumerate() {
                let small =
                    imageops::resize(&tile.picture, self.tile, self.tile, imageops::FilterType::CatmullRom);
                imageops::replace(&mut sheet, &small, i64::from(across(k)), i64::from(y));
                for (line, words) in tile.words.iter().enumerate() {
                    let below = y + self.tile + line as u32 * LINE + 3;
                    write(&mut sheet, &font, words, across(k) as f32, below as f32);
                }
            }
            y += self.tile + TILE_GAP + lines(tiles) * LINE;
        }
        Ok(sheet)
    }

    /// Writes the sheet to `path`, as a PNG beside it too if `png`.
    pub(crate) fn save(&self, path: &Path, png: bool) -> anyhow::Result<()> {
        let sheet = self.draw()?;
        let failed = || format!("can't write {}; name another folder with --out", path.display());
        let mut bytes = Vec::new();
        for quality in QUALITIES {
            bytes.clear();
            JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&sheet)?;
            if bytes.len() <= MOST_BYTES {
                break;
            }
        }
        anyhow::ensure!(bytes.len() <= MOST_BYTES, "{} is too large", path.display());
        std::fs::write(path, &bytes).with_context(failed)?;
        if png {
            sheet.save(path.with_extension("png")).with_context(failed)?;
        }
        Ok(())
    }
}

fn width(font: &FontRef<'_>, words: &str) -> f32 {
    let scaled = font.as_scaled(PxScale::from(EM * 1.16));
    words.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum()
}

fn write(sheet: &mut RgbImage, font: &FontRef<'_>, words: &str, x: f32, y: f32) {
    let scaled = font.as_scaled(PxScale::from(EM * 1.16));
    let mut x = x.round();
    for c in words.chars() {
        let id = scaled.glyph_id(c);
        let glyph = id.with_scale_and_position(scaled.scale(), point(x, y.round() + scaled.ascent() - 2.0));
        x += scaled.h_advance(id);
        let Some(shape) = font.outline_glyph(glyph) else { continue };
        let corner = shape.px_bounds().min;
        shape.draw(|gx, gy, share| {
            let (px, py) = (corner.x as i64 + i64::from(gx), corner.y as i64 + i64::from(gy));
            let inside = px >= 0 && py >= 0;
            if let Some(pixel) = inside.then(|| sheet.get_pixel_mut_checked(px as u32, py as u32)).flatten() {
                for (v, ink) in pixel.0.iter_mut().zip(INK) {
                    *v = (f32::from(*v) + (ink - f32::from(*v)) * share.clamp(0.0, 1.0)) as u8;
                }
            }
        });
    }
}
