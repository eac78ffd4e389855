//! Wearing a swap model: the one remembered, the one chosen, and the next.

use std::path::Path;

use eframe::egui::Context;
use omote_engine::pipeline::ModelState;

use super::app::App;
use super::import::sentence;
use super::swap_models::{Event, Listed, file_name};

/// The model after this one; after the last comes none.
fn next<'a>(names: &[&'a str], now: &str) -> &'a str {
    let after = names.iter().position(|name| *name == now).map_or(0, |at| at + 1);
    names.get(after).copied().unwrap_or_default()
}

impl App {
    /// Takes over what was found and tested meanwhile.
    pub(super) fn update_models(&mut self, context: &Context) {
        for event in self.models.poll(context) {
            match event {
                Event::Known => self.wear_remembered(context),
                Event::Told(text) => self.toasts.tell(text),
                Event::Fault(text) => self.toasts.fault(text),
                Event::Added(told, Some(name)) => {
                    self.toasts.tell(told);
                    self.choose_model(context, &name);
                }
                Event::Added(told, None) => {
                    self.toasts.tell(told);
                    // It may be what the model lacked.
                    if matches!(self.status.model.state, ModelState::Failed(_)) {
                        self.wear_model(context);
                    }
                }
            }
        }
    }

    /// A file that was dropped or named: tested, then among the models.
    pub(super) fn add_model(&mut self, path: &Path) {
        self.models.add(path);
        if self.models.dialog.is_none() {
            self.toasts.tell(format!("Testing {}…", file_name(path)));
        }
    }

    fn wear_remembered(&mut self, context: &Context) {
        let wanted = std::mem::take(&mut self.kept.model);
        match self.models.named(&wanted) {
            _ if wanted.is_empty() => {}
            Some(Listed { name, fault: None, .. }) => {
                self.kept.model.clone_from(name);
                self.wear_model(context);
            }
            Some(Listed { fault: Some(fault), .. }) => self.toasts.fault(sentence(fault)),
            None if Path::new(&wanted).is_file() => self.add_model(Path::new(&wanted)),
            None => self.toasts.fault(format!(
                "The swap model {wanted} is no longer among your models, so the persona is worn without it."
            )),
        }
        if self.kept.model != wanted {
            self.changed();
        }
    }

    /// Wears the model that is chosen, for the persona that is worn; or none.
    pub(super) fn wear_model(&self, context: &Context) {
        let Some(live) = self.live().filter(|_| self.models.known()) else { return };
        let kept = &self.kept;
        let chosen = !kept.model.is_empty();
        live.wear_model(
            chosen.then(|| self.models.make(context, &kept.model, kept.model_rate, &kept.persona)),
        );
    }

    /// The model that is chosen has to be told of another persona, unless a face is built into it.
    pub(super) fn persona_changed(&self, context: &Context) {
        if self.models.named(&self.kept.model).is_some_and(|model| !model.built_in) {
            self.wear_model(context);
        }
    }

    /// Chooses a model, or none.
    pub(super) fn choose_model(&mut self, context: &Context, name: &str) {
        name.clone_into(&mut self.kept.model);
        self.wear_model(context);
        self.changed();
    }

    /// Goes on to the next model.
    pub(super) fn next_model(&mut self, context: &Context) {
        let usable = self.models.listed().iter().filter(|model| model.fault.is_none());
        let names: Vec<&str> = usable.map(|model| model.name.as_str()).collect();
        if names.is_empty() {
            return self
                .toasts
                .tell("You have no swap models yet. Add one in the panel, or drop its file here.");
        }
        let name = next(&names, &self.kept.model).to_owned();
        self.toasts.tell(match name.as_str() {
            "" => "No swap model: the persona alone".to_owned(),
            name => format!("Swap model: {name}"),
        });
        self.choose_model(context, &name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_last_comes_none_and_then_the_first() {
        let names = ["a", "b"];
        assert_eq!(["", "a", "b", "gone"].map(|now| next(&names, now)), ["a", "b", "", "a"]);
        assert_eq!(next(&[], "a"), "");
    }
}
