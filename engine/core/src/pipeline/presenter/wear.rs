//! Drawing one face: its persona, the one that fades in, and a swap model's result.

use super::{Presenter, TUNING};
use crate::badge::Canvas;
use crate::composite::{Compositor, DrawCall, DrawParams, Drawn};
use crate::error::Result;
use crate::frame::FrameTime;
use crate::pipeline::Why;
use crate::pipeline::cast::{Member, Visibility};
use crate::swap::{FaceTexture, TextureId, smile_amount};
use crate::track::FaceId;

/// How many textures are kept as they were worn last; more faces with smiling personas are mixed anew for each frame.
const MOST_SMILES: usize = 8;

/// The textures of personas that smile, with as much of their smile as each face wore last.
#[derive(Default)]
pub(super) struct Smiles(Vec<Smiling>);

struct Smiling {
    face: FaceId,
    texture: TextureId,
    step: u8,
    worn: FaceTexture,
}

impl Smiles {
    /// A persona's texture with as much of its own smile as the live face smiles.
    fn smiling(&mut self, member: &Member, texture: FaceTexture) -> FaceTexture {
        let face = &member.face;
        let live = smile_amount(|k| face.landmarks.get(k).map(|p| face.pose.to_model(*p).truncate()));
        let known = self.0.iter().position(|known| known.face == face.id && known.texture == texture.id());
        let last = known.map(|k| self.0.remove(k));
        let step = live.and_then(|live| texture.smile_step(live, last.as_ref().map(|last| last.step)));
        let Some(step) = step else { return texture };
        let worn = match last {
            Some(last) if last.step == step => last.worn,
            _ => texture.smiling(step),
        };
        if self.0.len() >= MOST_SMILES {
            self.0.remove(0);
        }
        self.0.push(Smiling { face: face.id, texture: texture.id(), step, worn: worn.clone() });
        worn
    }
}

impl Presenter {
    /// Draws the persona of this number on a face, over it the one that is fading in, and over both what a swap model made
    /// of the face; with `protect` checks that the face is covered.
    pub(super) fn wear(
        &mut self,
        canvas: &mut Canvas,
        member: &Member,
        number: usize,
        time: FrameTime,
        protect: bool,
    ) -> Result<(), Why> {
        let mut params = self.settings.draw_params;
        if protect {
            params.opacity = 1.0;
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
            |of: &[FaceTexture]| (!of.is_empty()).then(|| of.get(number % of.len()).cloned()).flatten();
        let old = self.fade.as_ref().and_then(|f| worn(&f.from)).map(|t| self.smiles.smiling(member, t));
        let new = worn(&self.personas).map(|t| self.smiles.smiling(member, t));
        let last = DrawParams { opacity: params.opacity * shown.clamp(0.0, 1.0), ..params };
        let rotation = (member.visibility == Visibility::Live).then_some(member.face.pose.rotation);
        let model = self.results.draw(member.id(), time, rotation);
        // A fresh and whole result needs nothing below it; what its mask leaves open must not be bare with `protect`.
        let alone = model.as_ref().is_some_and(|m| m.whole && (m.covers || !protect)) && old.is_none();
        let [below, above] =
            if alone { [None, None] } else { [old.map(|t| (t, params)), new.map(|t| (t, last))] };
        let made = model.map(|m| (m.texture, DrawParams { opacity: params.opacity * m.share, ..params }));
        let steps = [below, above, made];
        for (k, (texture, params)) in steps.into_iter().flatten().enumerate() {
            let drawn = self.draw(canvas, member, time, &texture, &params)?;
            let outside = member.bounds().share_inside(canvas.frame()) < TUNING.outside;
            // The one that is fading in is nearly clear at first.
            if protect && k == 0 && !outside && !self.covers(&drawn) {
                self.fault("drawing left the face bare".to_owned());
                return Err(Why::Fault);
            }
        }
        Ok(())
    }

    fn covers(&self, drawn: &Drawn) -> bool {
        let covers = drawn.covered > TUNING.covered && !drawn.flat;
        #[cfg(test)]
        let covers = covers || self.unguarded;
        covers
    }

    /// Draws one texture; a GPU that fails is left for the CPU, from this face on.
    fn draw(
        &mut self,
        canvas: &mut Canvas,
        member: &Member,
        time: FrameTime,
        texture: &FaceTexture,
        params: &DrawParams,
    ) -> Result<Drawn, Why> {
        let drawn = self.composite(canvas, member, time, texture, params);
        let Err(e) = drawn else { return drawn.map_err(|_| Why::Fault) };
        self.fault(format!("{e}; drawing on the CPU from here on"));
        self.draw_with(Compositor::cpu());
        self.composite(canvas, member, time, texture, params).map_err(|_| Why::Fault)
    }

    fn composite(
        &mut self,
        canvas: &mut Canvas,
        member: &Member,
        time: FrameTime,
        texture: &FaceTexture,
        params: &DrawParams,
    ) -> Result<Drawn> {
        #[cfg(test)]
        if let Some(drawn) = self.interference.as_mut().and_then(|answer| answer(canvas.frame())) {
            return drawn;
        }
        let (face, occlusion) = (&member.face, member.occlusion());
        let call = DrawCall {
            face: face.id.0,
            time,
            points: &face.landmarks,
            occlusion: &occlusion,
            texture,
            params: *params,
        };
        self.compositor.draw(canvas, &call)
    }
}
