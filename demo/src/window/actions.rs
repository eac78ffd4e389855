//! What keys and buttons do.

use std::sync::Arc;
use std::time::Instant;

use eframe::egui::{self, Context, Key, ViewportCommand};
use omote_engine::persona::Persona;

use super::app::{App, Phase};
use super::gallery::{self, Picked};
use super::import::Import;
use super::keys::{self, Action, Typing};

impl App {
    /// What the keyboard asks for.
    pub(super) fn keys(&mut self, context: &Context) {
        let typing = Typing {
            text: context.text_edit_focused(),
            control: context.memory(|memory| memory.focused().is_some()),
            dialog: self.import.is_some() || self.help || self.models.dialog.is_some(),
        };
        let pressed: Vec<(Key, egui::Modifiers)> = context.input(|input| {
            let press = |event: &egui::Event| match event {
                egui::Event::Key { key, pressed: true, repeat: false, modifiers, .. } => {
                    Some((*key, *modifiers))
                }
                // On layouts where the question mark is no key of its own.
                egui::Event::Text(text) if text == "?" => Some((Key::Questionmark, egui::Modifiers::NONE)),
                _ => None,
            };
            input.events.iter().filter_map(press).collect()
        });
        for (key, modifiers) in pressed {
            if let Some(action) = keys::action(key, modifiers, typing) {
                self.act(context, action);
            } else if self.help && (key == Key::F1 || key == Key::Questionmark) {
                self.help = false;
            }
        }
        let held = context.input(|input| input.key_down(keys::MESH) && input.focused);
        self.mesh = held && !typing.text && !typing.dialog;
    }

    /// Does what a key or a button asks for.
    pub(super) fn act(&mut self, context: &Context, action: Action) {
        match action {
            Action::Wear(place) => self.wear_place(context, place),
            Action::NextModel => self.next_model(context),
            Action::Card => self.pause(true),
            Action::Pause => self.pause(!self.paused),
            Action::Panel => {
                self.kept.panel = !self.kept.panel;
                self.changed();
            }
            Action::FullScreen => self.set_full_screen(context, !self.full_screen),
            Action::Leave if self.help => self.help = false,
            // An open dialog closes by itself.
            Action::Leave if self.import.is_some() || self.models.dialog.is_some() => {}
            Action::Leave => self.set_full_screen(context, false),
            Action::Snapshot => self.snapshot(context),
            Action::Record => self.record(context),
            Action::Help => self.help = true,
        }
    }

    fn set_full_screen(&mut self, context: &Context, on: bool) {
        if self.full_screen != on {
            self.full_screen = on;
            context.send_viewport_cmd(ViewportCommand::Fullscreen(on));
        }
    }

    fn pause(&mut self, on: bool) {
        self.paused = on;
        if let Some(live) = self.live() {
            live.pause(on);
        }
    }

    fn wear_place(&mut self, context: &Context, place: usize) {
        let Some(entry) = self.gallery.get(place) else { return };
        let name = entry.name.clone();
        match &entry.persona {
            Some(Ok(persona)) => {
                let persona = Arc::clone(persona);
                self.wear(context, &name, &persona);
            }
            Some(Err(reason)) => self.toasts.fault(reason.clone()),
            None => self.toasts.tell(format!("{} is still being loaded", gallery::label(&name))),
        }
    }

    fn wear(&mut self, context: &Context, name: &str, persona: &Arc<Persona>) {
        let other = self.kept.persona != name;
        name.clone_into(&mut self.kept.persona);
        if let Phase::Running(_, fitting) = &self.phase {
            fitting.wear(persona, &self.kept.look, true);
        }
        if other {
            self.persona_changed(context);
        }
        self.changed();
    }

    /// Bakes the persona that is worn anew, after a slider was moved.
    pub(super) fn refit(&mut self) {
        let worn = self.gallery.named(&self.kept.persona).and_then(|entry| entry.persona.as_ref());
        if let (Some(Ok(persona)), Phase::Running(_, fitting)) = (worn, &self.phase) {
            fitting.wear(persona, &self.kept.look, false);
        }
        self.changed();
    }

    /// Notes that a setting was changed: it is written a little later.
    pub(super) fn changed(&mut self) {
        self.changed = Some(Instant::now());
    }

    pub(super) fn snapshot(&mut self, context: &Context) {
        match self.preview.shown() {
            Some(shown) if self.live().is_some() => self.recorder.snapshot(context, Arc::clone(shown)),
            _ => self.toasts.fault("There is no picture to save yet."),
        }
    }

    pub(super) fn record(&mut self, context: &Context) {
        let live = match &self.phase {
            Phase::Running(live, _) => live,
            // Asked for while the networks load: begun once there is a picture, unless it is asked for again.
            Phase::Loading(_) => {
                self.record_soon = !self.record_soon;
                let soon = "The recording starts with the first picture.";
                let not = "The recording will no longer start by itself.";
                return self.toasts.tell(if self.record_soon { soon } else { not });
            }
            Phase::SetUp(_) | Phase::Failed(_) => {
                return self.toasts.fault("There is no picture to record.");
            }
        };
        if self.recorder.since().is_some() {
            self.recorder.stop(context, live);
        } else {
            let source = &self.status.source;
            let rate = if source.measured_fps >= 1.0 { source.measured_fps } else { source.asked_fps };
            self.recorder.start(context, live, rate, &self.data);
        }
    }

    /// What was clicked in the gallery.
    pub(super) fn picked(&mut self, context: &Context, picked: Picked) {
        match picked {
            Picked::Persona(place) => self.wear_place(context, place),
            Picked::Add => self.import = Some(Import::new(None)),
        }
    }
}
