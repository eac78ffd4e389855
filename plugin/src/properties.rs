//! What OBS shows when a user opens the properties.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::block::{Block, List};
use crate::guard::guard;
use crate::instance::{Core, with_data};
use crate::session::{ACTOR, Report};
use crate::settings::{Kind, MICROPHONE, Stored, key};
use crate::text::{c, from_c, localized, words};
use crate::{devices, ffi, photo, wardrobe};
use omote_engine::pipeline::{LiveStatus, ModelState, Privacy, State};
use omote_engine::source::camera::CameraInfo;
use omote_kit::options::{CAMERA, Form, MODE, MODEL, OPACITY, Obs, PERSONA, PRIVACY, in_obs};
use std::ffi::CStr;
use std::ptr::null_mut;
use std::sync::Arc;

const STATUS: &CStr = c"status";
const DELAY: &CStr = c"delay";
const SYNC_ANSWER: &CStr = c"sync_answer";
const DISCLOSURE: &str = "https://github.com/omote-video/omote/blob/main/docs/disclosure.md";

/// The properties of an instance, or of the kind where there is none yet.
pub(crate) fn build(kind: Kind, core: Option<&Arc<Core>>) -> *mut ffi::obs_properties_t {
    let block = Block::create();
    if let Some(core) = core {
        add_status(&block, core);
    }
    for (row, obs) in in_obs(kind.on()) {
        match row.form() {
            Form::Number(number) => block.slider(obs, number),
            Form::Count(count) => block.count(obs, count),
            Form::Flag(_) => block.flag(obs.key, obs.locale),
            Form::Choice { items, .. } => {
                let list = add_choices(&block, obs, items.iter().map(|item| item.0));
                if obs.key == key(&PRIVACY) {
                    list.on_change(privacy_changed);
                }
            }
            Form::Limit { items, .. } => {
                add_choices(&block, obs, items.iter().map(|item| item.0));
            }
            Form::Name(_) => add_names(&block, obs, core),
        }
    }
    if let Some(core) = core {
        add_sync(&block, core);
    }
    let text = localized(c"Disclosure");
    let (name, url) = (c"disclosure".as_ptr(), c(DISCLOSURE));
    // SAFETY: the set lives; libobs copies the texts. The callback takes no data.
    let link = unsafe { ffi::obs_properties_add_button2(block.0, name, text.as_ptr(), nothing, null_mut()) };
    // SAFETY: the button was made above and belongs to the set.
    unsafe { ffi::obs_property_button_set_type(link, ffi::BUTTON_URL) };
    // SAFETY: as above; libobs copies the text.
    unsafe { ffi::obs_property_button_set_url(link, url.as_ptr()) };
    block.0
}

/// A list of what is there now.
fn add_names(block: &Block, obs: Obs, core: Option<&Arc<Core>>) {
    let list = block.list(obs.key, obs.locale);
    if obs.key == key(&PERSONA) {
        for name in wardrobe::names() {
            list.item(&name, &name);
        }
        if let Some(core) = core {
            photo::add(block, core);
        }
    } else if obs.key == key(&MODEL) {
        list_models(&list, &chosen(core, obs.key));
    } else if obs.key == key(&CAMERA) {
        list_cameras(&list, core);
    } else if obs.key == key(&MODE) {
        let (camera, mode) = (chosen(core, key(&CAMERA)), chosen(core, obs.key));
        fill_modes(&list, devices::found().as_deref().map(Vec::as_slice), &camera, &mode);
    }
}

/// The name that is chosen; empty where there is no instance yet.
fn chosen(core: Option<&Arc<Core>>, key: &CStr) -> String {
    core.map(|core| core.handle.with_settings(|stored| stored.text(key))).unwrap_or_default()
}

/// The user's swap models. One that is chosen and gone stays in the list, marked.
fn list_models(list: &List, chosen: &str) {
    list.item(&words(c"Model.None"), "");
    let models = wardrobe::models();
    for (name, shown) in &models {
        list.item(shown, name);
    }
    if !chosen.is_empty() && !models.iter().any(|(name, _)| name == chosen) {
        list.disable(list.item(&format!("{chosen} {}", words(c"Model.Gone")), chosen));
    }
}

/// How the swap model does, for people; nothing where none is worn.
fn model_line(live: &LiveStatus) -> String {
    let model = &live.model;
    match &model.state {
        ModelState::Off => String::new(),
        ModelState::Loading => format!("\n{}", words(c"Model.Loading")),
        ModelState::Failed(why) => format!("\n{why}"),
        ModelState::Running => {
            let name = model.name.as_deref().unwrap_or_default();
            format!("\n{name}: {:.0} ms, {:.0}/s", model.took.p50, model.rate)
        }
    }
}

/// A list whose items are shown as `<label>.<value>` of the language file says.
fn add_choices<'n>(block: &Block, obs: Obs, names: impl Iterator<Item = &'n str>) -> List {
    let list = block.list(obs.key, obs.locale);
    for name in names {
        list.item(&words(&c(format!("{}.{name}", obs.locale.to_string_lossy()))), name);
    }
    list
}

/// Opacity can be chosen only where it counts.
unsafe extern "C" fn privacy_changed(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: *mut ffi::obs_data_t,
) -> bool {
    guard("choosing the privacy", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        // SAFETY: so do its settings.
        let stored = unsafe { Stored::new(data) };
        let Some(opacity) = block.find(c"", key(&OPACITY)) else { return false };
        let relaxed = PRIVACY.named(&stored.text(key(&PRIVACY))) == Some(Privacy::Relaxed);
        // SAFETY: the property belongs to the set, which lives.
        unsafe { ffi::obs_property_set_enabled(opacity, relaxed) };
        true
    })
}

/// The cameras that are known; more may be found meanwhile. One that is chosen and gone stays in the list, marked.
fn list_cameras(list: &List, core: Option<&Arc<Core>>) {
    let chosen = chosen(core, key(&CAMERA));
    let found = devices::refresh(core.map(|core| core.id));
    list.item(&words(c"Camera.First"), "");
    for camera in found.iter().flat_map(|found| found.iter()) {
        let trouble = camera.trouble.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        list.item(&format!("{}{trouble}", camera.name), &camera.id);
    }
    list.item(&words(c"Camera.Actor"), ACTOR);
    match &found {
        None => {
            if !chosen.is_empty() && chosen != ACTOR {
                list.item(&chosen, &chosen);
            }
            list.disable(list.item(&words(c"Camera.Looking"), "looking"));
        }
        Some(found) if !chosen.is_empty() && chosen != ACTOR => {
            if !found.iter().any(|camera| camera.id == chosen) {
                list.disable(list.item(&format!("{chosen} {}", words(c"Camera.Gone")), &chosen));
            }
        }
        Some(_) => {}
    }
    list.on_change(camera_changed);
}

/// The modes of a camera. OBS forgets a mode that is not in the list: where the camera's modes are not known (yet), the one
/// that was chosen stays.
fn fill_modes(list: &List, found: Option<&[CameraInfo]>, chosen: &str, mode: &str) {
    // SAFETY: the list belongs to a set that lives.
    unsafe { ffi::obs_property_list_clear(list.0) };
    list.item(&words(c"Mode.Best"), "");
    let camera = found.and_then(|found| found.iter().find(|camera| camera.id == chosen || chosen.is_empty()));
    let modes = camera.map(|camera| camera.modes.as_slice()).unwrap_or_default();
    for mode in modes {
        let mode = mode.to_string();
        list.item(&mode, &mode);
    }
    if modes.is_empty() && !mode.is_empty() {
        list.item(mode, mode);
    }
}

unsafe extern "C" fn camera_changed(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: *mut ffi::obs_data_t,
) -> bool {
    guard("choosing a camera", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        // SAFETY: so do its settings.
        let stored = unsafe { Stored::new(data) };
        let (chosen, mode) = (stored.name(&CAMERA), stored.name(&MODE));
        let Some(modes) = block.find(c"", key(&MODE)) else { return false };
        fill_modes(&List(modes), devices::found().as_deref().map(Vec::as_slice), &chosen, &mode);
        true
    })
}

/// A state as the user reads it.
fn state_words(state: State) -> String {
    match state {
        State::Live => words(c"Status.Live"),
        State::Hold => words(c"Status.Hold"),
        State::Pixelate => words(c"Status.Pixelate"),
        State::Card => words(c"Status.Card"),
        State::Stopped => words(c"Status.Stopped"),
        _ => words(c"Status.Starting"),
    }
}

/// How it goes, in a sentence.
fn status_line(core: &Core, report: &Report) -> String {
    if let Some(trouble) = &report.trouble {
        return trouble.clone();
    }
    let Some(live) = &report.live else { return words(c"Status.Starting") };
    let delay = core.delay.get().map(|delay| format!(", {:.0} ms", delay.as_secs_f64() * 1e3));
    let delay = delay.unwrap_or_default();
    let model = model_line(live);
    match (&live.reason, live.state) {
        (None, state) => format!("{} ({}{delay}){model}", state_words(state), live.backend),
        (Some(reason), state) => {
            let state = state_words(state);
            format!("{}: {reason} ({}{delay}){model}", state.trim_end_matches('…'), live.backend)
        }
    }
}

fn add_status(block: &Block, core: &Core) {
    let report = core.session.report();
    block.note(STATUS, &status_line(core, &report));
    block.warn(
        STATUS,
        report.trouble.is_some() || report.live.is_some_and(|live| live.source.fault.is_some()),
    );
    block.button(c"look_again", c"Status.Again", look_again, core);
}

unsafe extern "C" fn look_again(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: ffi::Data,
) -> bool {
    guard("looking again", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        with_data(data, |core| {
            let report = core.session.report();
            block.rewrite(c"", STATUS, &status_line(core, &report));
            block.rewrite(c"", DELAY, &delay_line(core));
        });
        true
    })
}

fn delay_line(core: &Core) -> String {
    match core.delay.get() {
        Some(delay) => format!("{} {:.0} ms", words(c"Sync.Delay"), delay.as_secs_f64() * 1e3),
        None => words(c"Sync.Unknown"),
    }
}

/// The measured delay, and a button that gives it to a microphone.
fn add_sync(block: &Block, core: &Core) {
    block.note(DELAY, &delay_line(core));
    let list = block.list(MICROPHONE, c"Sync.Microphone");
    list.item(&words(c"Sync.None"), "");
    let mut names: Vec<String> = Vec::new();
    // SAFETY: libobs calls back with living sources before it returns, and with the names' address.
    unsafe { ffi::obs_enum_sources(heard, (&raw mut names).cast()) };
    names.sort();
    for name in names {
        list.item(&name, &name);
    }
    block.button(c"sync", c"Sync.Set", set_sync, core);
    block.note(SYNC_ANSWER, "");
}

/// Collects the names of sources that give sound and no picture.
unsafe extern "C" fn heard(names: ffi::Data, source: *mut ffi::obs_source_t) -> bool {
    guard("listing microphones", (), || {
        // SAFETY: the source lives through this call.
        let flags = unsafe { ffi::obs_source_get_output_flags(source) };
        if flags & ffi::SOURCE_AUDIO == 0 || flags & ffi::SOURCE_VIDEO != 0 {
            return;
        }
        // SAFETY: `add_sync` gives the address of its names, which it does not touch through this call.
        let Some(names) = (unsafe { names.cast::<Vec<String>>().as_mut() }) else { return };
        // SAFETY: the source lives through this call.
        let name = unsafe { ffi::obs_source_get_name(source) };
        // SAFETY: libobs' own string, or null, which lives as long as the source.
        names.push(unsafe { from_c(name) });
    });
    true
}

unsafe extern "C" fn set_sync(
    block: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    data: ffi::Data,
) -> bool {
    guard("setting the sync offset", false, || {
        // SAFETY: libobs' properties live through this call.
        let block = unsafe { Block::borrow(block) };
        let said = with_data(data, |core| {
            let name = core.handle.with_settings(|stored| stored.text(MICROPHONE));
            let Some(delay) = core.delay.get() else { return words(c"Sync.Unknown") };
            if name.is_empty() {
                return words(c"Sync.Choose");
            }
            // Whole milliseconds: OBS's own dialog has no finer ones.
            let ms = (delay.as_secs_f64() * 1e3).round() as i64;
            let c_name = c(&name);
            // SAFETY: a C string; libobs counts a reference for us, which is given back below.
            let microphone = unsafe { ffi::obs_get_source_by_name(c_name.as_ptr()) };
            if microphone.is_null() {
                return words(c"Sync.Choose");
            }
            // SAFETY: the source lives, by that reference.
            unsafe { ffi::obs_source_set_sync_offset(microphone, ms * 1_000_000) };
            // SAFETY: the reference from above, given back once.
            unsafe { ffi::obs_source_release(microphone) };
            format!("{} {name}: {ms} ms", words(c"Sync.Done"))
        });
        block.rewrite(c"", SYNC_ANSWER, &said.unwrap_or_default());
        true
    })
}

unsafe extern "C" fn nothing(
    _: *mut ffi::obs_properties_t,
    _: *mut ffi::obs_property_t,
    _: ffi::Data,
) -> bool {
    false
}
