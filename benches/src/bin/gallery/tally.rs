//! The figures of every sequence, with the worst frames.

use image::RgbImage;

/// A frame that is the worst so far.
pub(crate) struct Worst {
    pub(crate) value: f32,
    /// Seconds from the sequence's start.
    pub(crate) time: f32,
    /// Input and output.
    pub(crate) pictures: [RgbImage; 2],
}

/// One figure over the frames of a sequence.
#[derive(Default)]
pub(crate) struct Series {
    sum: f64,
    frames: usize,
    pub(crate) worst: Option<Worst>,
}

impl Series {
    /// Adds a frame's value; `pictures` is asked for input and output only where it is the worst.
    pub(crate) fn add(&mut self, value: f32, time: f32, pictures: impl FnOnce() -> [RgbImage; 2]) {
        self.sum += f64::from(value);
        self.frames += 1;
        if self.worst.as_ref().is_none_or(|w| value > w.value) {
            self.worst = Some(Worst { value, time, pictures: pictures() });
        }
    }

    /// Mean over the frames that had a value.
    pub(crate) fn mean(&self) -> Option<f32> {
        (self.frames > 0).then(|| (self.sum / self.frames as f64) as f32)
    }

    /// The worst frame's value.
    pub(crate) fn most(&self) -> Option<f32> {
        self.worst.as_ref().map(|w| w.value)
    }
}

/// What was measured of one sequence with one persona.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) sequence: String,
    /// Whose face moves.
    pub(crate) live: &'static str,
    pub(crate) persona: String,
    pub(crate) frames: usize,
    /// Frames in which the live picture with the persona was shown.
    pub(crate) shown: usize,
    /// Whether its tracking counts: it is the same for every persona of a sequence.
    pub(crate) first: bool,
    /// Distance of the tracked points from the true ones, in distances between the eyes.
    pub(crate) off: Series,
    /// Share of the occluder's pixels before the face that were painted over.
    pub(crate) over: Series,
    /// Share of the open face that was left bare.
    pub(crate) bare: Series,
    /// Linear light of the live face and of the output, each left and right of the nose, at the sequence's end.
    pub(crate) glow: Option<[[f32; 2]; 2]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_frame_keeps_its_own_pictures() {
        let mut series = Series::default();
        for (i, value) in [0.1, 0.4, 0.2].into_iter().enumerate() {
            let shade = image::Rgb([i as u8; 3]);
            series.add(value, i as f32, || [RgbImage::from_pixel(1, 1, shade), RgbImage::new(1, 1)]);
        }
        let worst = series.worst.as_ref().unwrap();
        assert_eq!((worst.value, worst.time, worst.pictures[0].get_pixel(0, 0).0[0]), (0.4, 1.0, 1));
        assert!((series.mean().unwrap() - 0.7 / 3.0).abs() < 1e-6);
    }
}
