//! Drawing one face: its persona, the one that fades in, and a swap model's result.

use super::{COVERED, Painter};
use crate::badge::Canvas;
use crate::composite::{Compositor, DrawCall, Drawn, Look};
use crate::error::Result;
use crate::frame::FrameTime;
use crate::pipeline::gate::Record;
use crate::pipeline::{Privacy, Why};
use crate::swap::FaceTexture;
use glam::Quat;

impl Painter {
    /// Draws a face's persona, over it the one that is fading in, and over both what a swap model made of the face;
    /// checks that the face is covered. `rotation`: how the head is turned, where it is seen.
    pub(super) fn swap(
        &mut self,
        canvas: &mut Canvas,
        r: &Record,
        time: FrameTime,
        rotation: Option<Quat>,
    ) -> Result<(), Why> {
        let protect = self.settings.privacy == Privacy::Protect;
        let mut look = self.settings.look;
        if protect {
            look.opacity = 1.0;
        }
        let mut shown = 1.0;
        if let Some(fade) = &mut self.fade {
            let since = *fade.since.get_or_insert(time);
            shown = time.0.saturating_sub(since.0).as_secs_f32() / fade.lasts.as_secs_f32();
        }
        if shown >= 1.0 {
            self.fade = None;
        }
        let worn =
            |of: &[FaceTexture]| (!of.is_empty()).then(|| of.get(r.wears % of.len()).cloned()).flatten();
        let old = self.fade.as_ref().and_then(|f| worn(&f.from));
        let new = worn(&self.personas);
        let last = Look { opacity: look.opacity * shown.clamp(0.0, 1.0), ..look };
        let model = self.model.draw(r.id, time, rotation);
        // A fresh and whole result needs nothing below it; what its mask leaves open must not be bare with `protect`.
        let alone = model.as_ref().is_some_and(|m| m.whole && (m.covers || !protect)) && old.is_none();
        let [below, above] =
            if alone { [None, None] } else { [old.map(|t| (t, look)), new.map(|t| (t, last))] };
        let made = model.map(|m| (m.texture, Look { opacity: look.opacity * m.share, ..look }));
        let steps = [below, above, made];
        for (k, (texture, look)) in steps.into_iter().flatten().enumerate() {
            let drawn = self.draw(canvas, r, time, &texture, &look)?;
            let outside = r.bounds().share_inside(canvas.frame()) < 0.02;
            // The one that is fading in is nearly clear at first.
            if protect && k == 0 && !outside && !self.covers(&drawn) {
                self.fault("drawing left the face bare".to_owned());
                return Err(Why::Fault);
            }
        }
        Ok(())
    }

    fn covers(&self, drawn: &Drawn) -> bool {
        let covers = drawn.covered > COVERED && !drawn.flat;
        #[cfg(test)]
        let covers = covers || self.unguarded;
        covers
    }

    /// Draws one texture; a GPU that fails is left for the CPU, from this face on.
    fn draw(
        &mut self,
        canvas: &mut Canvas,
        r: &Record,
        time: FrameTime,
        texture: &FaceTexture,
        look: &Look,
    ) -> Result<Drawn, Why> {
        let (face, occlusion) = (r.id.0, r.in_front());
        let call = DrawCall { face, time, points: &r.points, occlusion: &occlusion, texture, look: *look };
        let drawn = self.draw.draw(canvas, &call);
        let Err(e) = drawn else { return drawn.map_err(|_| Why::Fault) };
        self.fault(format!("{e}; drawing on the CPU from here on"));
        self.draw = Box::new(Compositor::cpu());
        self.draw.draw(canvas, &call).map_err(|_| Why::Fault)
    }
}
