//! Actions on a state and a session in which no pipeline runs: no display, no camera, no network.

use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use eframe::egui::Context;
use omote_engine::persona;
use omote_engine::pipeline::ModelState;
use omote_kit::personas;
use omote_masks::built_in;
use tempfile::TempDir;

use super::*;
use crate::wear_args::ModelArgs;
use crate::window::picture::PreviewSlot;
use crate::window::session::{
    Added, Event, Loaded, ModelEvent, NewPersonaEvent, Refusal, SetUpEvent, Surroundings,
};
use crate::window::settings::SettingsFile;
use crate::window::state::{ModelDialog, PhotoRefusal, SetUp, SwapModel, VirtualCamera};

/// A window and its folder: the settings are in it, and the data.
struct Window {
    state: State,
    session: Session,
    folder: TempDir,
}

impl Window {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (settings, kept, _) = SettingsFile::open(Some(folder.path()));
        let surroundings = Surroundings {
            data: folder.path().join("data"),
            gpu: None,
            settings,
            model: ModelArgs::default(),
            preview: Arc::new(PreviewSlot::new(true)),
            ended: Arc::new(Mutex::new(Weak::new())),
        };
        let session = Session::new(Context::default(), surroundings);
        Self { state: State::new(kept), session, folder }
    }

    fn does(&mut self, action: Action) {
        apply(&mut self.state, &mut self.session, action);
    }

    fn hears(&mut self, event: Event) {
        take_over(&mut self.state, &mut self.session, event);
    }

    fn last_message(&self) -> &str {
        self.state.toasts.history.last().map_or("", String::as_str)
    }
}

#[test]
fn leaving_closes_one_thing_at_a_time() {
    let mut window = Window::new();
    window.does(Action::FullScreen);
    window.does(Action::NewPersona);
    window.does(Action::Help);
    assert!(window.state.full_screen && window.state.help);
    window.does(Action::Leave);
    assert!(window.state.full_screen && !window.state.help && window.state.import.is_some());
    // The dialog closes by its own action.
    window.does(Action::Leave);
    assert!(window.state.full_screen && window.state.import.is_some());
    window.does(Action::CloseImport);
    window.does(Action::Leave);
    assert!(!window.state.full_screen && window.state.import.is_none());
}

#[test]
fn a_recording_that_was_wished_for_is_forgotten_when_the_start_fails() {
    let mut window = Window::new();
    window.does(Action::Record);
    assert!(window.state.record_soon);
    window.does(Action::Record);
    assert!(!window.state.record_soon, "asked for again: not after all");
    window.does(Action::Record);
    window.hears(Event::Started(Err(Refusal::Fault("no camera".to_owned()))));
    assert_eq!(window.state.phase, Phase::Failed("no camera".to_owned()));
    window.does(Action::Record);
    assert_eq!(window.last_message(), "There is no picture to record.");
    window.does(Action::StartAgain);
    assert!(window.state.phase == Phase::Loading && !window.state.record_soon);
}

#[test]
fn what_is_dropped_is_a_photo_or_a_model() {
    let mut window = Window::new();
    window.does(Action::Help);
    window.does(Action::Drop(vec!["/p/mine.onnx".into(), "/p/old_mask.png".into(), "/p/two.png".into()]));
    assert!(!window.state.help);
    assert_eq!(window.last_message(), "Testing mine.onnx…");
    let form = |window: &Window| window.state.import.as_ref().unwrap().form.clone();
    assert_eq!((form(&window).photo.as_str(), form(&window).title.as_str()), ("/p/old_mask.png", "old mask"));
    window.does(Action::Drop(vec!["/p/two.png".into()]));
    assert_eq!((form(&window).photo.as_str(), form(&window).title.as_str()), ("/p/two.png", "old mask"));
}

#[test]
fn a_persona_is_worn_once_it_is_loaded() {
    let mut window = Window::new();
    let name = built_in::names().last().copied().unwrap().to_owned();
    window.state.gallery.list(vec![name.clone(), "spoilt".to_owned()]);
    let before = window.state.kept.persona.clone();
    window.does(Action::Wear(0));
    assert!(window.last_message().ends_with("is still being loaded"));
    let failed = Loaded { name: "spoilt".to_owned(), persona: Err("it has no face".to_owned()) };
    window.hears(Event::Persona(failed));
    window.does(Action::Wear(1));
    assert_eq!(window.last_message(), "it has no face");
    window.does(Action::Wear(9));
    assert_eq!((&window.state.kept.persona, window.state.unsaved), (&before, None));
    let persona = personas::resolve(&name, window.folder.path(), persona::today()).unwrap();
    window.hears(Event::Persona(Loaded { name: name.clone(), persona: Ok((Arc::new(persona), None)) }));
    window.does(Action::Wear(0));
    assert!(window.state.kept.persona == name && window.state.unsaved.is_some());
}

fn model(name: &str) -> SwapModel {
    SwapModel { name: name.to_owned(), path: Path::new("/m").join(name), ..SwapModel::default() }
}

#[test]
fn the_model_that_is_remembered_is_worn_only_if_it_can_be() {
    let listed =
        vec![model("mine"), SwapModel { fault: Some("the file is gone".to_owned()), ..model("old") }];
    let cases = [
        ("mine", "mine", ""),
        ("old", "", "The file is gone."),
        ("other", "", "is no longer among your models"),
        ("", "", ""),
    ];
    for (remembered, worn, told) in cases {
        let mut window = Window::new();
        window.state.kept.model = remembered.to_owned();
        window.hears(Event::Model(ModelEvent::Listed(Some(Ok(listed.clone())))));
        assert!(window.state.models.known);
        assert_eq!(window.state.kept.model, worn);
        assert!(window.last_message().contains(told), "{}", window.last_message());
        assert_eq!(window.state.unsaved.is_some(), remembered != worn);
    }
}

#[test]
fn a_model_is_tested_asked_about_and_worn() {
    let mut window = Window::new();
    window.hears(Event::Model(ModelEvent::Chosen(vec!["/p/face.dfm".into()])));
    window.does(Action::ChooseModelPersona("me".to_owned()));
    let asked = ModelDialog::Whose("/p/face.dfm".into(), Some("me".to_owned()));
    assert_eq!(window.state.models.dialog, Some(asked));
    window.does(Action::TestModel);
    assert_eq!(window.state.models.dialog, None);
    window.hears(Event::Model(ModelEvent::TestBegan("face.dfm".to_owned())));
    assert_eq!(window.state.models.testing.as_deref(), Some("face.dfm"));
    let listed = vec![model("face")];
    let added = Added { message: "face is here".to_owned(), swap: Some("face".to_owned()), listed };
    window.hears(Event::Model(ModelEvent::Tested("face.dfm".to_owned(), Ok(added))));
    assert_eq!((window.state.kept.model.as_str(), window.state.models.testing.clone()), ("face", None));
    window.does(Action::NextModel);
    assert_eq!(window.state.kept.model, "");
    assert_eq!(window.last_message(), "No swap model: the persona alone");
    let refused = Err("It is no model.".to_owned());
    window.hears(Event::Model(ModelEvent::Tested("junk.onnx".to_owned(), refused)));
    let told = ModelDialog::Refused("junk.onnx".to_owned(), "It is no model.".to_owned());
    assert_eq!(window.state.models.dialog, Some(told));
    window.does(Action::CloseModelDialog);
    assert_eq!(window.state.models.dialog, None);
    assert_eq!(window.state.status.model.state, ModelState::Off);
}

#[test]
fn the_next_model_of_none_says_how_to_get_one() {
    let mut window = Window::new();
    window.does(Action::NextModel);
    assert!(window.last_message().starts_with("You have no swap models yet."));
    assert_eq!(window.state.unsaved, None);
}

#[test]
fn settings_are_written_when_nothing_was_changed_for_a_while() {
    let mut window = Window::new();
    let file = window.folder.path().join("window.toml");
    window.does(Action::MirrorOutput(true));
    window.does(Action::Rotate(90));
    window.state.unsaved = Some(Instant::now() + SETTLED);
    save_when_settled(&mut window.state, &mut window.session);
    assert!(!file.exists(), "it may go on");
    window.state.unsaved = Instant::now().checked_sub(SETTLED);
    save_when_settled(&mut window.state, &mut window.session);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("mirrored_output = true") && text.contains("rotation = 90"), "{text}");
    assert_eq!(window.state.unsaved, None);
}

#[test]
fn set_up_is_told_step_by_step() {
    let mut window = Window::new();
    window.hears(Event::Started(Err(Refusal::NotSetUp("no networks".to_owned()))));
    let step = |window: &Window| match &window.state.phase {
        Phase::SetUp(set_up) => (set_up.step.clone(), set_up.failed.clone()),
        _ => panic!("it is not set up"),
    };
    assert_eq!(step(&window), (None, None));
    let fetching = ("Fetching a network".to_owned(), Some(0.5));
    window.hears(Event::SetUp(SetUpEvent::Step(fetching.clone())));
    assert_eq!(step(&window), (Some(fetching), None));
    window.hears(Event::SetUp(SetUpEvent::Ended(Err("no connection".to_owned()))));
    assert_eq!(step(&window), (None, Some("no connection".to_owned())));
    // It is there all the same: somebody else has got it meanwhile.
    window.state.phase = Phase::SetUp(SetUp::default());
    window.hears(Event::SetUp(SetUpEvent::Ended(Ok(()))));
    assert_eq!(window.state.phase, Phase::Loading);
}

#[test]
fn the_dialog_stays_open_while_a_persona_is_made() {
    let mut window = Window::new();
    window.does(Action::NewPersona);
    let mut form = window.state.import.as_ref().unwrap().form.clone();
    form.title = "test face".to_owned();
    window.does(Action::EditForm(Box::new(form)));
    window.does(Action::MakePersona);
    window.does(Action::CloseImport);
    let import = |window: &Window| window.state.import.clone().unwrap();
    assert!(import(&window).making);
    let refusal = PhotoRefusal { reason: "There is one.".to_owned(), taken: true, ..PhotoRefusal::default() };
    window.hears(Event::NewPersona(NewPersonaEvent::Created(Err(refusal))));
    assert!(!import(&window).making && import(&window).replaces());
    assert_eq!(import(&window).refusal(), Some("There is one."));
    let evidence = NewPersonaEvent::Chosen(FileField::Evidence, Some("/p/letter.pdf".into()));
    window.hears(Event::NewPersona(evidence));
    assert_eq!(import(&window).form.evidence, "/p/letter.pdf");
    window.hears(Event::NewPersona(NewPersonaEvent::Created(Ok("test-face".to_owned()))));
    assert!(window.state.import.is_none());
    assert_eq!(window.last_message(), "Test-face was added to the gallery.");
}

#[test]
fn without_a_pipeline_nothing_is_switched_on_or_kept() {
    let mut window = Window::new();
    window.does(Action::SwitchVirtualCamera(true));
    assert_eq!(window.state.virtual_camera, VirtualCamera::Off);
    window.does(Action::Snapshot);
    assert_eq!(window.last_message(), "There is no picture to save yet.");
}
