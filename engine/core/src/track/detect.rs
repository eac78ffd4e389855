//! The face detectors: crop of the whole picture, network, decoding, weighted non-maximum suppression.
//!
//! BlazeFace, short and full range (MediaPipe, Apache-2.0); contract in facts/face_tracking_models.md §3.

use std::path::Path;

use glam::Vec2;

use super::mesh::REGION_MARGIN;
use super::tuning::DetectorTuning;
use crate::frame::{Border, CropSpec, Frame};
use crate::infer::models::{self, ModelFile};
use crate::infer::{InferError, Net, Runtime};
use crate::space::{CropPx, CropSquare, ImagePx};

/// Which detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DetectorRange {
    /// Faces within about two metres of a webcam.
    Short,
    /// Small and distant faces.
    Full,
}

/// A face that a detector sees, in image pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Detection {
    /// Certainty, 0..=1.
    pub(super) score: f32,
    /// Middle of the box.
    pub(super) centre: Vec2,
    /// Width and height of the box.
    pub(super) size: Vec2,
    /// Subject's right eye and left eye: level with them is level with the face.
    pub(super) eyes: [Vec2; 2],
}

impl Detection {
    /// The region that the mesh network reads: the box's longer side with a margin, level with the eyes.
    pub(super) fn region(&self) -> CropSquare {
        let line = self.eyes[1] - self.eyes[0];
        CropSquare {
            centre: ImagePx(self.centre),
            side: REGION_MARGIN * self.size.max_element(),
            angle: line.y.atan2(line.x),
        }
    }

    /// Whether the box reaches over the edge of the square it was found in.
    pub(super) fn cut_by(&self, square: &CropSquare) -> bool {
        let reach = (self.centre - square.centre.0).abs() + self.size * 0.5;
        reach.max_element() > square.side * 0.5
    }

    /// Shared part of two boxes, 0..=1.
    pub(super) fn overlap(&self, other: &Self) -> f32 {
        overlap((self.centre, self.size), (other.centre, other.size))
    }
}

/// Intersection over union of two boxes (middle, size); 0 where a number is none.
fn overlap(a: (Vec2, Vec2), b: (Vec2, Vec2)) -> f32 {
    // `Vec2::max` and `min` lose a NaN, so that such a box would lie on every other.
    if [a.0, a.1, b.0, b.1].iter().any(|v| v.is_nan()) {
        return 0.0;
    }
    let low = (a.0 - a.1 * 0.5).max(b.0 - b.1 * 0.5);
    let high = (a.0 + a.1 * 0.5).min(b.0 + b.1 * 0.5);
    let shared = (high - low).max(Vec2::ZERO).element_product();
    let both = a.1.element_product() + b.1.element_product() - shared;
    if both > 0.0 { shared / both } else { 0.0 }
}

/// What one anchor says, in units of the crop's side.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    score: f32,
    centre: Vec2,
    size: Vec2,
    eyes: [Vec2; 2],
}

impl Candidate {
    /// The same in image pixels, of a candidate seen in a square.
    fn in_image(&self, square: &CropSquare) -> Detection {
        let place = |p: Vec2| square.to_image(CropPx(p), 1.0).0;
        Detection {
            score: self.score,
            centre: place(self.centre),
            size: self.size * square.side,
            eyes: self.eyes.map(place),
        }
    }
}

/// A detector with its network.
pub(super) struct Detector {
    pub(super) net: Box<dyn Net>,
    side: usize,
    /// Least score of a detection, 0..=1.
    least_score: f32,
    /// Overlap from which on two boxes are of one face, 0..=1.
    same_face: f32,
    anchors: Vec<Vec2>,
}

impl Detector {
    pub(super) fn load(
        runtime: &Runtime,
        folder: &Path,
        range: DetectorRange,
        tuning: &DetectorTuning,
    ) -> Result<Self, InferError> {
        let (model, side, least_score): (&ModelFile, _, _) = match range {
            DetectorRange::Short => (&models::DETECTOR_SHORT, 128, tuning.short_range_score),
            DetectorRange::Full => (&models::DETECTOR_FULL, 192, tuning.full_range_score),
        };
        let net = model.load(runtime, folder, 0)?;
        Ok(Self { net, side, least_score, same_face: tuning.same_face, anchors: anchors(range) })
    }

    /// The faces in a square of the picture, best first.
    pub(super) fn detect(&mut self, frame: &Frame, square: CropSquare) -> Result<Vec<Detection>, InferError> {
        self.prepare(frame, square);
        self.run_prepared(square)
    }

    /// Reads a square of the picture, for a later [`Self::run_prepared`] without the picture.
    pub(super) fn prepare(&mut self, frame: &Frame, square: CropSquare) {
        // One tap, though the crop shrinks the picture: the detectors were trained on pictures made that way.
        let spec =
            CropSpec { border: Border::Zero, scale: 2.0, offset: -1.0, ..CropSpec::new(square, self.side) };
        frame.sample_crop(&spec, self.net.input_mut(0));
    }

    /// The faces in the square that was read last, best first.
    pub(super) fn run_prepared(&mut self, square: CropSquare) -> Result<Vec<Detection>, InferError> {
        self.net.run()?;
        let side = self.side as f32;
        let candidates =
            decode(self.net.output(0), self.net.output(1), &self.anchors, side, self.least_score);
        let faces = suppress(candidates, self.same_face);
        Ok(faces.iter().map(|face| face.in_image(&square)).collect())
    }
}

/// The square that holds the whole picture.
pub(super) fn whole(frame: &Frame) -> CropSquare {
    let size = Vec2::new(frame.width() as f32, frame.height() as f32);
    CropSquare { centre: ImagePx(size * 0.5), side: size.max_element(), angle: 0.0 }
}

/// Squares of half the picture's longer side, then of a quarter, each half over the next, that cover the picture: where
/// faces too small for the whole picture's crop are looked for. None smaller than `least` pixels.
pub(super) fn tiles(frame: &Frame, least: f32) -> Vec<CropSquare> {
    let size = Vec2::new(frame.width() as f32, frame.height() as f32);
    let mut tiles = Vec::new();
    for side in [0.5, 0.25].map(|part| part * size.max_element()) {
        if side < least {
            break;
        }
        let count = |length: f32| ((length / side * 2.0).ceil() as usize).saturating_sub(1).max(1);
        let (columns, rows) = (count(size.x), count(size.y));
        // Spread evenly, so that the outermost tiles end at the picture's edges; along a side shorter than a tile
        // there is one, in the middle.
        let middle = |index: usize, count: usize, length: f32| {
            if count == 1 {
                length * 0.5
            } else {
                side * 0.5 + (length - side) * index as f32 / (count - 1) as f32
            }
        };
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let centre = ImagePx(Vec2::new(middle(column, columns, size.x), middle(row, rows, size.y)));
            tiles.push(CropSquare { centre, side, angle: 0.0 });
        }
    }
    tiles
}

/// Middles of the anchors in units of the crop's side: rows, then columns, then repeats.
fn anchors(range: DetectorRange) -> Vec<Vec2> {
    let layers: &[(usize, usize)] = match range {
        DetectorRange::Short => &[(16, 2), (8, 6)],
        DetectorRange::Full => &[(48, 1)],
    };
    let grid = |&(n, repeats): &(usize, usize)| {
        (0..n * n * repeats).map(move |k| {
            let cell = k / repeats;
            Vec2::new((cell % n) as f32 + 0.5, (cell / n) as f32 + 0.5) / n as f32
        })
    };
    layers.iter().flat_map(grid).collect()
}

/// Boxes and eyes of the anchors whose score is at least so high. `boxes` holds 16 numbers an anchor, in crop
/// pixels: centre and size, then six key points; offsets are from the anchor.
fn decode(boxes: &[f32], logits: &[f32], anchors: &[Vec2], side: f32, least_score: f32) -> Vec<Candidate> {
    let mut found = Vec::new();
    for ((&logit, &anchor), row) in logits.iter().zip(anchors).zip(boxes.chunks_exact(16)) {
        let score = 1.0 / (1.0 + (-logit.clamp(-100.0, 100.0)).exp());
        let &[cx, cy, w, h, x0, y0, x1, y1, ..] = row else { continue };
        let place = |x: f32, y: f32| Vec2::new(x, y) / side + anchor;
        let (centre, size) = (place(cx, cy), Vec2::new(w, h) / side);
        let eyes = [place(x0, y0), place(x1, y1)];
        // A network that has gone wrong gives numbers that are none; such an anchor sees no face.
        let numbers = centre.is_finite() && size.is_finite() && eyes.iter().all(|eye| eye.is_finite());
        if score >= least_score && numbers && size.cmpgt(Vec2::ZERO).all() {
            found.push(Candidate { score, centre, size, eyes });
        }
    }
    found
}

/// Joins candidates of one face: boxes and eyes are averaged by score over all that overlap the best by more than
/// `same_face`, 0..=1. The face keeps the best one's score.
fn suppress(mut candidates: Vec<Candidate>, same_face: f32) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while !candidates.is_empty() {
        let best = candidates.remove(0);
        let is_same = |c: &Candidate| overlap((best.centre, best.size), (c.centre, c.size)) > same_face;
        let (mut group, rest): (Vec<_>, Vec<_>) = candidates.into_iter().partition(is_same);
        group.insert(0, best);
        candidates = rest;
        let total: f32 = group.iter().map(|c| c.score).sum();
        let mean =
            |pick: fn(&Candidate) -> Vec2| group.iter().map(|c| pick(c) * c.score).sum::<Vec2>() / total;
        faces.push(Candidate {
            score: best.score,
            centre: mean(|c| c.centre),
            size: mean(|c| c.size),
            eyes: [mean(|c| c.eyes[0]), mean(|c| c.eyes[1])],
        });
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Colour, PixelFormat};

    #[test]
    fn anchors_stand_in_the_networks_order() {
        let short = anchors(DetectorRange::Short);
        assert_eq!(short.len(), 896);
        assert_eq!(short[0], short[1]);
        assert_eq!(short[0], Vec2::splat(0.5 / 16.0));
        assert_eq!(short[2], Vec2::new(1.5, 0.5) / 16.0);
        assert_eq!(short[32], Vec2::new(0.5, 1.5) / 16.0);
        assert_eq!(short[512], Vec2::splat(0.5 / 8.0));
        assert_eq!(short[895], Vec2::splat(7.5 / 8.0));
        assert_eq!(anchors(DetectorRange::Full).len(), 2304);
    }

    #[test]
    fn a_box_is_decoded_from_its_anchor() {
        let mut row = [0.0f32; 16];
        row[..8].copy_from_slice(&[12.8, -6.4, 64.0, 32.0, -12.8, 0.0, 12.8, 6.4]);
        let found = decode(&row, &[2.0], &[Vec2::splat(0.5)], 128.0, 0.5);
        let c = found[0];
        assert!((c.score - 0.880_797).abs() < 1e-6);
        assert!((c.centre - Vec2::new(0.6, 0.45)).length() < 1e-6);
        assert_eq!(c.size, Vec2::new(0.5, 0.25));
        assert!((c.eyes[1] - Vec2::new(0.6, 0.55)).length() < 1e-6);
        assert!(decode(&row, &[-0.1], &[Vec2::splat(0.5)], 128.0, 0.5).is_empty());
        for (value, place) in [(-1.0, 2), (f32::NAN, 2), (f32::NAN, 0), (f32::INFINITY, 3)] {
            let mut row = row;
            row[place] = value;
            assert!(decode(&row, &[2.0], &[Vec2::splat(0.5)], 128.0, 0.5).is_empty(), "{value} at {place}");
        }
        assert!(decode(&row, &[f32::NAN], &[Vec2::splat(0.5)], 128.0, 0.5).is_empty());
    }

    fn candidate(score: f32, x: f32, size: f32) -> Candidate {
        let centre = Vec2::new(x, 0.5);
        Candidate { score, centre, size: Vec2::splat(size), eyes: [centre; 2] }
    }

    #[test]
    fn overlapping_candidates_are_averaged_by_score() {
        let faces = suppress(
            vec![candidate(0.6, 0.32, 0.2), candidate(0.9, 0.3, 0.2), candidate(0.7, 0.8, 0.1)],
            0.3,
        );
        assert_eq!(faces.len(), 2);
        assert_eq!(faces[0].score, 0.9);
        assert!((faces[0].centre.x - (0.9 * 0.3 + 0.6 * 0.32) / 1.5).abs() < 1e-6);
        assert_eq!(faces[1].centre.x, 0.8);
        assert!(suppress(Vec::new(), 0.3).is_empty());
    }

    #[test]
    fn numbers_that_are_none_are_no_face() {
        let mut row = [0.0f32; 16];
        row[..8].copy_from_slice(&[12.8, -6.4, 64.0, 32.0, -12.8, 0.0, 12.8, 6.4]);
        let faces = |row: &[f32; 16], logit| decode(row, &[logit], &[Vec2::ONE], 128.0, 0.5).len();
        assert_eq!(faces(&row, 2.0), 1);
        assert_eq!(faces(&row, f32::NAN), 0);
        for place in 0..8 {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut bad = row;
                bad[place] = value;
                assert_eq!(faces(&bad, 2.0), 0, "{value} at {place}");
            }
        }
        // And if one came through, the list would still end.
        let ill = candidate(0.9, f32::NAN, 0.2);
        assert_eq!(suppress(vec![ill, candidate(0.8, 0.3, 0.2), ill], 0.3).len(), 3);
    }

    #[test]
    fn overlap_is_intersection_over_union() {
        let unit = (Vec2::ZERO, Vec2::ONE);
        assert_eq!(overlap(unit, unit), 1.0);
        assert!((overlap(unit, (Vec2::new(0.5, 0.0), Vec2::ONE)) - 1.0 / 3.0).abs() < 1e-6);
        assert_eq!(overlap(unit, (Vec2::new(2.0, 0.0), Vec2::ONE)), 0.0);
    }

    #[test]
    fn tiles_cover_the_picture() {
        let frame = Frame::filled(PixelFormat::I420, Colour::default(), 1600, 900, [0; 3]).unwrap();
        let tiles = tiles(&frame, 192.0);
        assert_eq!(tiles.iter().filter(|t| t.side == 800.0).count(), 6);
        for t in &tiles {
            let reach = t.side * 0.5;
            assert!(t.centre.0.x >= reach && t.centre.0.x <= 1600.0 - reach);
        }
        for (x, y) in [(3.0, 2.0), (1598.0, 898.0), (700.0, 400.0), (803.0, 899.0)] {
            let held = |t: &&CropSquare| (t.centre.0 - Vec2::new(x, y)).abs().max_element() <= t.side * 0.5;
            assert!(tiles.iter().filter(|t| t.side == 400.0).any(|t| held(&t)), "{x} {y}");
        }
        let small = Frame::filled(PixelFormat::I420, Colour::default(), 320, 240, [0; 3]).unwrap();
        assert!(super::tiles(&small, 192.0).is_empty());
    }

    #[test]
    fn the_region_is_level_with_the_eyes() {
        let eyes = [Vec2::new(80.0, 100.0), Vec2::new(120.0, 140.0)];
        let d = Detection { score: 1.0, centre: Vec2::splat(100.0), size: Vec2::new(60.0, 80.0), eyes };
        let region = d.region();
        assert_eq!(region.side, 120.0);
        assert!((region.angle - std::f32::consts::FRAC_PI_4).abs() < 1e-6);
    }
}
