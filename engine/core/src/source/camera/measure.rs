//! How many pictures a second a camera really gives.

use std::time::{Duration, Instant};

use super::{Camera, Captured};
use crate::error::Result;

/// What a camera gave while it was watched.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Pictures that came whole.
    pub frames: u64,
    /// Pictures that came damaged.
    pub bad: u64,
    /// Pictures that the driver counted and that were not read in time.
    pub skipped: u64,
    /// Pictures a second that the camera made, by their stamps; 0 where fewer than two came.
    pub rate: f64,
}

/// Watches a camera for `time`, counted from its first picture; the first may take as long again, and at
/// least five seconds.
///
/// # Errors
/// As [`Camera::next`].
pub fn measure(camera: &mut dyn Camera, time: Duration) -> Result<Measured> {
    let begun = Instant::now();
    let patience = time.max(Duration::from_secs(5));
    let (mut found, mut first, mut last): (Measured, Option<Duration>, _) = Default::default();
    let mut end = begun + patience;
    let before = camera.skipped();
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match camera.next(left)? {
            Captured::Frame(frame) => {
                if first.is_none() {
                    first = Some(frame.time.0);
                    end = Instant::now() + time;
                }
                last = frame.time.0;
                found.frames += 1;
            }
            Captured::Bad(_) => found.bad += 1,
            Captured::Late => break,
        }
    }
    found.skipped = camera.skipped().saturating_sub(before);
    let span = last.saturating_sub(first.unwrap_or_default()).as_secs_f64();
    let made = (found.frames + found.bad + found.skipped).saturating_sub(1);
    found.rate = if span > 0.0 { made as f64 / span } else { 0.0 };
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind, Stage};
    use crate::frame::{Colour, Frame, FrameTime, PixelFormat};
    use crate::source::camera::StreamInfo;

    /// Gives what it is told to, at once.
    struct Script {
        shots: std::vec::IntoIter<Captured>,
        skipped: u64,
        gone: bool,
    }

    impl Camera for Script {
        fn info(&self) -> StreamInfo {
            StreamInfo::default()
        }

        fn next(&mut self, _: Duration) -> Result<Captured> {
            if self.gone && self.shots.len() == 0 {
                return Err(Error::new(ErrorKind::Missing, Stage::Source, "gone"));
            }
            // Counted on from before watching began.
            self.skipped = self.skipped.max(7) + u64::from(self.shots.len() == 2);
            Ok(self.shots.next().unwrap_or(Captured::Late))
        }

        fn skipped(&self) -> u64 {
            self.skipped
        }
    }

    fn frame(ms: u64) -> Captured {
        let mut frame = Frame::filled(PixelFormat::Rgb, Colour::JPEG, 2, 2, [9; 3]).unwrap();
        frame.time = FrameTime(Duration::from_millis(ms));
        Captured::Frame(frame)
    }

    fn check(shots: Vec<Captured>, gone: bool) -> Result<Measured> {
        measure(&mut Script { shots: shots.into_iter(), skipped: 7, gone }, Duration::from_secs(60))
    }

    #[test]
    fn the_rate_goes_by_the_stamps() {
        let shots = vec![frame(1000), frame(1040), Captured::Bad("cut".into()), frame(1120), frame(1200)];
        // Five came and one was skipped, in 200 ms from the first to the last.
        let expected = Measured { frames: 4, bad: 1, skipped: 1, rate: 25.0 };
        assert_eq!(check(shots, false).unwrap(), expected);
    }

    #[test]
    fn too_little_gives_no_rate_and_a_lost_camera_an_error() {
        assert_eq!(check(vec![], false).unwrap(), Measured::default());
        assert_eq!(check(vec![frame(5)], false).unwrap().rate, 0.0);
        assert!(check(vec![frame(5), frame(9)], true).is_err());
    }
}
