//! What is seen: functions from the state to what egui draws and to the [`Action`]s that the user asks for by it. A view
//! keeps nothing but textures. It changes nothing, starts no thread, and touches neither files nor the pipeline.

mod bars;
mod controls;
mod gallery;
mod help;
mod icons;
mod import;
mod keys;
mod latency;
mod layout;
mod left_overs;
mod panel;
pub(crate) mod preview;
mod refused_photo;
mod stage;
mod stand_in;
mod swap;
pub(crate) mod theme;
mod toasts;

use std::sync::Arc;

use eframe::egui::{Context, Ui};
use omote_engine::pipeline::Shown;

use super::actions::Action;
use super::picture::PreviewSlot;
use super::state::State;
use gallery::GalleryStrip;
use preview::Preview;
use refused_photo::RefusedPhoto;

/// The views that keep textures.
pub(crate) struct Views {
    preview: Preview,
    gallery: GalleryStrip,
    refused_photo: RefusedPhoto,
}

impl Views {
    /// Nothing is drawn yet; the preview shows what comes into the slot.
    pub(crate) fn new(slot: Arc<PreviewSlot>) -> Self {
        Self {
            preview: Preview::new(slot),
            gallery: GalleryStrip::default(),
            refused_photo: RefusedPhoto::default(),
        }
    }

    /// Takes the newest picture over; the frame that is on the screen from now on.
    pub(crate) fn update(&mut self, context: &Context) -> Option<Arc<Shown>> {
        self.preview.update(context);
        self.preview.shown().cloned()
    }

    /// Draws the whole window; what was asked for with the pointer, or in a dialog.
    pub(crate) fn show(&mut self, ui: &mut Ui, state: &State) -> Vec<Action> {
        let mut actions = Vec::new();
        let context = ui.ctx().clone();
        layout::show(ui, state, &self.preview, &mut self.gallery, &mut actions);
        left_overs::show(&context, state, &mut actions);
        help::show(&context, state, &mut actions);
        swap::dialog(&context, state, &mut actions);
        import::show(&context, state, &mut self.refused_photo, &mut actions);
        actions
    }
}

/// What was asked for by keys, and by files that were dropped on the window.
pub(crate) fn input(context: &Context, state: &State) -> Vec<Action> {
    let mut actions = keys::pressed(context, state);
    let dropped = context.input(|input| input.raw.dropped_files.clone());
    if !dropped.is_empty() {
        actions.push(Action::Drop(dropped.iter().map(|file| file.path().to_owned()).collect()));
    }
    actions
}

/// The window's size, where it is another than the one that is remembered.
pub(crate) fn resized(context: &Context, state: &State) -> Option<Action> {
    let size = context.content_rect().size();
    let other = !state.full_screen && [size.x, size.y] != state.kept.window && size.x >= 100.0;
    other.then_some(Action::Resize([size.x, size.y]))
}
