//! Which key does what. No key acts while a text is being typed.

use eframe::egui::{Context, Event, Key, Modifiers};

use crate::window::actions::Action;
use crate::window::state::State;

/// What is going on when a key is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Typing {
    /// A text field has the focus.
    text: bool,
    /// Some other control has it: Space and Enter are its own.
    control: bool,
    /// A dialog is open: only leaving it is possible.
    dialog: bool,
}

/// What the key that shows the mesh while it is held is.
const MESH: Key = Key::M;

/// The list for the help overlay: keys, and what they do.
pub(super) const LIST: [(&str, &str); 13] = [
    ("1 – 9", "Wear a persona from the gallery"),
    ("0", "Show the card now"),
    ("Space", "Pause (shows the card), or resume"),
    ("M", "Hold: show the face mesh beside the output"),
    ("N", "Next swap model, or none"),
    ("S", "Snapshot"),
    ("R", "Start or stop recording"),
    ("H", "Hide or show the panel"),
    ("F", "Full screen"),
    ("Esc", "Leave full screen, close a dialog"),
    ("Tab", "Move between the controls"),
    ("← →", "Move the focused slider"),
    ("?  F1", "This list"),
];

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// What the keyboard asks for in this pass.
pub(crate) fn pressed(context: &Context, state: &State) -> Vec<Action> {
    let typing = Typing {
        text: context.text_edit_focused(),
        control: context.memory(|memory| memory.focused().is_some()),
        dialog: state.dialog(),
    };
    let pressed: Vec<(Key, Modifiers)> = context.input(|input| {
        let press = |event: &Event| match event {
            Event::Key { key, pressed: true, repeat: false, modifiers, .. } => Some((*key, *modifiers)),
            // On layouts where the question mark is no key of its own.
            Event::Text(text) if text == "?" => Some((Key::Questionmark, Modifiers::NONE)),
            _ => None,
        };
        input.events.iter().filter_map(press).collect()
    });
    let mut actions = Vec::new();
    for (key, modifiers) in pressed {
        if let Some(action) = action(key, modifiers, typing) {
            actions.push(action);
        } else if state.help && (key == Key::F1 || key == Key::Questionmark) {
            actions.push(Action::CloseHelp);
        }
    }
    let held = context.input(|input| input.key_down(MESH) && input.focused);
    let mesh = held && !typing.text && !typing.dialog;
    if mesh != state.mesh {
        actions.push(Action::ShowMesh(mesh));
    }
    actions
}

/// What a pressed key asks for.
fn action(key: Key, modifiers: Modifiers, typing: Typing) -> Option<Action> {
    if key == Key::Escape {
        return Some(Action::Leave);
    }
    if typing.text || typing.dialog || modifiers.command || modifiers.ctrl || modifiers.alt {
        return None;
    }
    if let Some(place) = DIGITS.iter().position(|digit| *digit == key) {
        return Some(Action::Wear(place));
    }
    match key {
        Key::Num0 => Some(Action::Card),
        Key::Space if !typing.control => Some(Action::Pause),
        Key::H => Some(Action::Panel),
        Key::F | Key::F11 => Some(Action::FullScreen),
        Key::N => Some(Action::NextModel),
        Key::S => Some(Action::Snapshot),
        Key::R => Some(Action::Record),
        Key::Questionmark | Key::F1 => Some(Action::Help),
        Key::Slash if modifiers.shift => Some(Action::Help),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Typing = Typing { text: false, control: false, dialog: false };

    #[test]
    fn every_key_of_the_list_does_its_part() {
        let plain = |key| action(key, Modifiers::NONE, FREE);
        for (place, key) in DIGITS.into_iter().enumerate() {
            assert_eq!(plain(key), Some(Action::Wear(place)));
        }
        let pairs = [
            (Key::Num0, Action::Card),
            (Key::Space, Action::Pause),
            (Key::H, Action::Panel),
            (Key::F, Action::FullScreen),
            (Key::Escape, Action::Leave),
            (Key::N, Action::NextModel),
            (Key::S, Action::Snapshot),
            (Key::R, Action::Record),
            (Key::Questionmark, Action::Help),
            (Key::F1, Action::Help),
        ];
        for (key, expected) in pairs {
            assert_eq!(plain(key), Some(expected), "{key:?}");
        }
        assert_eq!(action(Key::Slash, Modifiers::SHIFT, FREE), Some(Action::Help));
        assert_eq!((plain(Key::Slash), plain(Key::Q), plain(MESH)), (None, None, None));
    }

    #[test]
    fn nothing_acts_while_a_text_is_typed_but_leaving_it() {
        let typing = Typing { text: true, ..FREE };
        for key in Key::ALL {
            let expected = (*key == Key::Escape).then_some(Action::Leave);
            assert_eq!(action(*key, Modifiers::NONE, typing), expected, "{key:?}");
            assert_eq!(action(*key, Modifiers::NONE, Typing { dialog: true, ..FREE }), expected);
        }
    }

    #[test]
    fn space_belongs_to_the_control_that_has_the_focus() {
        let on_control = Typing { control: true, ..FREE };
        assert_eq!(action(Key::Space, Modifiers::NONE, on_control), None);
        assert_eq!(action(Key::S, Modifiers::NONE, on_control), Some(Action::Snapshot));
        assert_eq!(action(Key::S, Modifiers::CTRL, FREE), None);
    }
}
