//! The panel's part for swap models, and the dialogs about them.

use eframe::egui::{self, ComboBox, Context, Label, RichText, ScrollArea, Ui};
use omote_engine::pipeline::{ModelState, ModelStatus};
use omote_masks::built_in;

use super::controls::{self, Weight, choice, note, notice};
use super::icons::Icon;
use super::latency::ms;
use super::{help, theme};
use crate::window::actions::Action;
use crate::window::hooks::Named as _;
use crate::window::settings::RATES;
use crate::window::state::{ModelDialog, State, SwapModel};
use crate::window::text::{file_name, persona_label, sentence};

/// No model.
const NONE: &str = "None (persona only)";
/// Fewest letters of a name that are shown.
const FEWEST_LETTERS: usize = 8;
/// What a list's box has beside its text, and what a row of the open list has, points.
const BESIDE: (f32, f32) = (60.0, 30.0);

/// A name that is too long, with an ellipsis in its middle: models' names differ at both ends.
fn short(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let kept = most.saturating_sub(1);
    let (head, tail) = (kept - kept / 2, kept / 2);
    let end = letters.get(letters.len() - tail..).unwrap_or_default();
    letters.iter().take(head).chain(&['…']).chain(end).collect()
}

/// A model in the list: its name, of at most so many letters, and its best time.
fn row(model: &SwapModel, most: usize) -> String {
    let name = short(&model.name, most);
    match &model.fault {
        Some(_) => format!("{name} · not usable"),
        None if model.time.is_empty() => name,
        None => format!("{name} · {}", model.time),
    }
}

/// The first that is narrow enough of the texts that `text` gives for ever fewer letters.
fn fitted(ui: &Ui, beside: f32, letters: usize, text: impl Fn(usize) -> String) -> String {
    let room = ui.available_width() - beside;
    let narrow = |text: &String| {
        let galley = ui.painter().layout_no_wrap(text.clone(), theme::medium(13.5), theme::TEXT);
        galley.size().x <= room
    };
    (FEWEST_LETTERS..=letters.max(FEWEST_LETTERS))
        .rev()
        .map(&text)
        .find(narrow)
        .unwrap_or_else(|| text(FEWEST_LETTERS))
}

/// What a model that works does, such as "31 ms, 28 results/s on CUDA".
fn pace(model: &ModelStatus) -> String {
    let on = model.name.as_deref().and_then(|name| name.rsplit_once(" on ")).map(|(_, provider)| provider);
    let on = on.map_or_else(String::new, |provider| format!(" on {provider}"));
    if model.took.count == 0 {
        return format!("Ready{on}, waiting for a face");
    }
    let rate = if model.rate < 9.95 { format!("{:.1}", model.rate) } else { format!("{:.0}", model.rate) };
    format!("{}, {rate} results/s{on}", ms(model.took.p50))
}

/// What the choices of the rate are called.
fn limit(rate: u32) -> String {
    match rate {
        0 => "Limit of results per second".to_owned(),
        rate => format!("At most {rate} results per second"),
    }
}

/// Which model is worn, how it does, and the way to a new one.
pub(super) fn section(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    model_choice(ui, state, actions);
    if !state.kept.model.is_empty() {
        model_state(ui, state);
        model_rate(ui, state, actions);
    }
    if state.models.listed.is_empty() {
        note(
            ui,
            "A swap model of your own (.onnx or .dfm) generates the persona's face on yours. \
             Drop its file onto the window, or add it here.",
        );
    }
    if let Some(file) = &state.models.testing {
        ui.horizontal(|ui| {
            ui.set_min_height(34.0);
            ui.add(egui::Spinner::new().size(16.0).color(theme::ACCENT));
            let words = format!("Testing {}…", short(file, 30));
            ui.label(RichText::new(words).font(theme::regular(13.0)).color(theme::WEAK)).on_hover_text(file);
        });
    } else if controls::button(ui, "add-model", Some(Icon::Plus), "Add a model…", Weight::Plain).clicked() {
        actions.push(Action::BrowseForModels);
    }
}

fn model_choice(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    let chosen = state.kept.model.as_str();
    let worn = state.models.named(chosen).filter(|_| !chosen.is_empty());
    let shown = match worn {
        Some(model) => fitted(ui, BESIDE.0, model.name.chars().count(), |most| row(model, most)),
        None if chosen.is_empty() => NONE.to_owned(),
        None => fitted(ui, BESIDE.0, chosen.chars().count(), |most| short(chosen, most)),
    };
    let mut picked = None;
    let combo = ComboBox::from_id_salt("swap-model").width(ui.available_width()).truncate();
    let response = combo.selected_text(shown).show_ui(ui, |ui| {
        let none = ui.selectable_label(chosen.is_empty(), NONE).named("model-none");
        if none.clicked() {
            picked = Some(String::new());
        }
        for model in &state.models.listed {
            let colour = if model.fault.is_some() { theme::FAINT } else { theme::TEXT };
            let holds = model.name == chosen;
            let text = fitted(ui, BESIDE.1, model.name.chars().count(), |most| row(model, most));
            let label = ui.selectable_label(holds, RichText::new(text).color(colour));
            let label = label.named(format_args!("model-{}", model.name));
            let about = model.fault.as_ref().unwrap_or(&model.line);
            if label.on_hover_text(format!("{}\n{about}", model.name)).clicked() {
                picked = Some(model.name.clone());
            }
        }
    });
    let response = response.response.named("swap-model");
    if let Some(model) = worn {
        response.on_hover_text(format!("{}\n{}", model.name, model.line));
    }
    // Choosing it again tries it again.
    if let Some(picked) = picked {
        actions.push(Action::ChooseModel(picked));
    }
}

fn model_state(ui: &mut Ui, state: &State) {
    let model = &state.status.model;
    match &model.state {
        _ if !state.running() => {}
        ModelState::Failed(why) => {
            let why = why.strip_prefix("the swap model can't be used: ").unwrap_or(why);
            notice(ui, theme::BAD, &sentence(why));
        }
        ModelState::Running => note(ui, pace(model)),
        ModelState::Off | ModelState::Loading => {
            ui.horizontal(|ui| {
                ui.add(egui::Spinner::new().size(12.0).color(theme::ACCENT));
                note(ui, "Loading…");
            });
        }
    }
}

fn model_rate(ui: &mut Ui, state: &State, actions: &mut Vec<Action>) {
    ui.add_space(2.0);
    let caption = RichText::new(limit(state.kept.model_rate)).font(theme::medium(12.5));
    ui.label(caption.color(theme::WEAK))
        .on_hover_text("Fewer results leave more of the GPU to a game. The frame rate stays the same.");
    if let Some(rate) = choice(ui, "model-rate", &RATES, state.kept.model_rate) {
        actions.push(Action::LimitModel(rate));
    }
}

/// What a file was refused for, or whose face is built into it.
pub(super) fn dialog(context: &Context, state: &State, actions: &mut Vec<Action>) {
    match &state.models.dialog {
        Some(ModelDialog::Refused(file, why)) => {
            refusal(context, file, why, actions);
        }
        Some(ModelDialog::Whose(path, persona)) => {
            let mut personas = state.gallery.loaded();
            personas.retain(|name| !built_in::names().contains(&name.as_str()));
            whose(context, &file_name(path), &personas, persona.as_deref(), actions);
        }
        None => {}
    }
}

/// Tells why a file is refused.
fn refusal(context: &Context, file: &str, why: &str, actions: &mut Vec<Action>) {
    let mut close = false;
    let room = context.content_rect().height() - 230.0;
    let response = help::modal("model-refused").show(context, |ui| {
        ui.set_width(504.0);
        close |= help::head(ui, "This model can't be used", "model-refused-close");
        ui.add(Label::new(RichText::new(file).color(theme::WEAK)).truncate()).on_hover_text(file);
        ScrollArea::vertical().max_height(room.max(120.0)).show(ui, |ui| notice(ui, theme::BAD, why));
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            close |= controls::button(ui, "model-refused-ok", None, "Close", Weight::Plain).clicked();
        });
    });
    if close || response.should_close() {
        actions.push(Action::CloseModelDialog);
    }
}

/// Asks whose face is built into a file.
fn whose(
    context: &Context,
    file: &str,
    personas: &[String],
    chosen: Option<&str>,
    actions: &mut Vec<Action>,
) {
    let (mut close, mut take) = (false, false);
    let room = context.content_rect().height() - 300.0;
    let response = help::modal("model-whose").show(context, |ui| {
        ui.set_width(504.0);
        close |= help::head(ui, "Whose face is it?", "model-whose-close");
        ui.add(Label::new(RichText::new(file).color(theme::WEAK)).truncate()).on_hover_text(file);
        note(
            ui,
            "A face is built into this model. Choose your persona of that person: it records why \
             the face may be worn.",
        );
        if personas.is_empty() {
            let words = "You have no persona of your own yet. Create one from a photo of that person first, \
                         then add the model again.";
            notice(ui, theme::GOLD, words);
        }
        ScrollArea::vertical().max_height(room.max(120.0)).show(ui, |ui| {
            for name in personas {
                let holds = chosen == Some(name.as_str());
                let label = short(&persona_label(name), 48);
                if controls::option(ui, &format!("whose-{name}"), &label, "", holds) {
                    actions.push(Action::ChooseModelPersona(name.clone()));
                }
            }
        });
        ui.add_space(8.0);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
            ui.add_enabled_ui(chosen.is_some(), |ui| {
                take = controls::button(ui, "model-test", None, "Test model", Weight::Strong).clicked();
            });
            close |= controls::button(ui, "model-cancel", None, "Cancel", Weight::Quiet).clicked();
        });
    });
    if take {
        actions.push(Action::TestModel);
    } else if close || response.should_close() {
        actions.push(Action::CloseModelDialog);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omote_engine::timing::Summary;

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(short("hyperswap_1a_256", 20), "hyperswap_1a_256");
        let long = short("inswapper_128_fp16_of_somebody_v2", 20);
        assert_eq!((long.as_str(), long.chars().count()), ("inswapper_…mebody_v2", 20));
        assert_eq!(short("面面面面面", 4), "面面…面");
        assert_eq!(["", "ab"].map(|name| short(name, 1)), ["", "…"]);
    }

    #[test]
    fn a_model_that_works_says_how_fast() {
        let name = Some("mine on CUDA".to_owned());
        let mut model = ModelStatus::default();
        model.name = name;
        model.state = ModelState::Running;
        assert_eq!(pace(&model), "Ready on CUDA, waiting for a face");
        model.took = Summary { count: 9, p50: 31.2, ..Summary::default() };
        model.rate = 28.3;
        assert_eq!(pace(&model), "31 ms, 28 results/s on CUDA");
        (model.rate, model.name) = (4.96, None);
        assert_eq!(pace(&model), "31 ms, 5.0 results/s");
    }

    #[test]
    fn the_limit_is_told() {
        assert_eq!(limit(12), "At most 12 results per second");
        assert!(!limit(0).contains('0'));
    }
}
