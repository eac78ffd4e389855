//! The card: a picture without any camera pixel, shown when there is no swapped face to show.

use super::plate::Text;
use super::{BadgeError, Canvas, check_size};
use crate::frame::{Frame, FrameError};
use crate::space::PxRect;

/// Ground and type, R'G'B' 0..=1: a dark indigo and a warm white.
const GROUND: [f32; 3] = [0.086, 0.094, 0.149];
const TYPE: [f32; 3] = [0.93, 0.91, 0.87];

impl Canvas {
    /// Replaces the whole picture by a card that says `words`. Nothing of the picture stays.
    ///
    /// # Errors
    /// [`BadgeError::TooSmall`] where the badge would not fit either.
    pub fn card(&mut self, words: &str) -> Result<(), BadgeError> {
        let (width, height) = (self.frame.width(), self.frame.height());
        check_size(width, height)?;
        let mut card = blank(&self.frame)?;
        let em = (width as f32 / 18.0).min(height as f32 / 8.0);
        let text = Text::set(words, em);
        let (w, h) = ((text.width.ceil() as u32 + 2).min(width), (text.height.ceil() as u32 + 2).min(height));
        let (w, h) = ((w + w % 2).min(width), (h + h % 2).min(height));
        let rect = PxRect { x: (width - w) / 4 * 2, y: (height - h) / 4 * 2, width: w, height: h };
        let mut coverage = vec![0.0; (w * h) as usize];
        text.draw(1.0, 1.0, w, h, &mut coverage);
        let codes: Vec<u32> = coverage
            .iter()
            .map(|c| {
                let mut i = 0;
                card.encode_rgb(GROUND.map(|g| {
                    i += 1;
                    g + (TYPE[i - 1] - g) * c
                }))
            })
            .collect();
        card.write_codes(rect, &codes);
        self.frame = card;
        Ok(())
    }
}

fn blank(like: &Frame) -> Result<Frame, FrameError> {
    let rgb = GROUND.map(|v| (v * 255.0).round() as u8);
    let mut card = Frame::filled(like.format(), like.colour(), like.width(), like.height(), rgb)?;
    (card.id, card.time) = (like.id, like.time);
    Ok(card)
}
