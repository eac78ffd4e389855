//! Faces in single pictures: no history, all the time in the world, small faces too.

use super::detect::{Detection, SAME_FACE, tiles, whole};
use super::follow::Follow;
use super::tracker::Tracker;
use super::{Face, TrackError};
use crate::frame::Frame;
use crate::space::{CropSquare, ImagePx};

/// Side of the smallest tile that is searched for small faces, pixels.
const LEAST_TILE: f32 = 192.0;
/// Part of the searched square's side under which a face is small.
const SMALL: f32 = 0.25;

impl Tracker {
    /// The faces in a single picture, without history: both detectors, then the mesh of each face. At most
    /// `TrackerConfig::max_faces` count only in streams; here all faces are handed on, the largest first, numbered
    /// from 0. Does not touch the stream's state.
    ///
    /// # Errors
    /// [`TrackError::Infer`] where a network fails.
    pub fn stills(&mut self, frame: &Frame) -> Result<Vec<Face>, TrackError> {
        let all = whole(frame);
        let mut found = self.near.detect(frame, all)?;
        for detection in self.far.detect(frame, all)? {
            if found.iter().all(|d| d.overlap(&detection) < SAME_FACE) {
                found.push(detection);
            }
        }
        // The box of a face that is small in the crop is coarse; close by it is placed better.
        for detection in &mut found {
            if detection.size.max_element() < SMALL * all.side {
                *detection = self.close_look(frame, detection)?.unwrap_or(*detection);
            }
        }
        let mut small: Vec<Detection> = Vec::new();
        for tile in tiles(frame, LEAST_TILE) {
            for detection in self.far.detect(frame, tile)? {
                let known = small.iter_mut().find(|d| d.overlap(&detection) > SAME_FACE);
                // What one tile cuts off, another holds whole.
                match known {
                    _ if detection.cut_by(&tile) => {}
                    Some(known) if known.score >= detection.score => {}
                    Some(known) => *known = detection,
                    None => small.push(detection),
                }
            }
        }
        for detection in small {
            if found.iter().all(|d| d.overlap(&detection) < SAME_FACE) {
                found.extend(self.close_look(frame, &detection)?);
            }
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut faces: Vec<Follow> = Vec::new();
        for detection in found {
            let region = detection.region();
            let reading = self.mesh.read(frame, region, 1)?;
            if self.is_face(&reading, frame) && !faces.iter().any(|f| f.covers(&detection)) {
                faces.extend(Follow::start(0, reading.presence, reading.points, region));
            }
        }
        faces.sort_by(|a, b| b.pose.scale.total_cmp(&a.pose.scale));
        let number = |(i, mut f): (usize, Follow)| {
            f.id = i as u64;
            f.face()
        };
        Ok(faces.into_iter().enumerate().map(number).collect())
    }
    /// What both detectors see close by a small find, as the near one places it; none where they do not agree. In the
    /// grain of a few pixels a single look finds faces that are none.
    fn close_look(&mut self, frame: &Frame, find: &Detection) -> Result<Option<Detection>, TrackError> {
        let side = 4.0 * find.size.max_element();
        let square = CropSquare { centre: ImagePx(find.centre), side, angle: 0.0 };
        let same = |d: &Detection| d.overlap(find) > SAME_FACE;
        let near = self.near.detect(frame, square)?.into_iter().find(same);
        let far = self.far.detect(frame, square)?.into_iter().find(same);
        Ok(near.filter(|_| far.is_some()))
    }
}
