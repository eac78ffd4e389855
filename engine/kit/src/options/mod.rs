//! The one table of everything that a user can adjust.
//!
//! A row ([`Setting`]) has the option's name, its range or choices, where it stands at first, its unit, and its texts. From
//! it are made: the argument of the command line, with its parser, default and help; the window's slider, and the range
//! that a saved value is brought back to; the property in OBS, with its default and the keys of the language file.
//!
//! | to be had | from |
//! |---|---|
//! | a new option in OBS | a row here with [`Setting::obs`], and its value read where it acts |
//! | a new option of the command line | a row here with [`Setting::help`], a field with `value_parser`, and where it acts |
//! | another range, default or text | the row |
//!
//! Tests in each front end compare what it offers with the rows ([`ALL`]).

mod table;
mod values;

use std::ffi::CStr;

pub use table::*;
pub use values::Values;

/// An option that a user can adjust; `K` says of what kind its values are.
#[derive(Clone, Copy, Debug)]
pub struct Setting<K> {
    /// Its name on the command line, without the dashes: `max-faces`.
    pub name: &'static str,
    /// What stands for a value in the command line's help: `0..1`. Empty where that is made from the name.
    pub value_name: &'static str,
    /// The command line's help. Empty where the command line does not have it.
    pub help: &'static str,
    /// Its name in a window or dialog. Empty where neither has it.
    pub label: &'static str,
    /// A longer explanation, shown where a pointer rests on it. Empty for none.
    pub hint: &'static str,
    /// Its place in OBS, where it has one.
    pub obs: Option<Obs>,
    /// Its values.
    pub kind: K,
}

/// An option's place in OBS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obs {
    /// The key in the settings of a source. It stands in users' scene collections: never rename one.
    pub key: &'static CStr,
    /// The key of its label in the language file. Its hint stands under `<key>.Hint`, its choices under `<key>.<name>`.
    pub locale: &'static CStr,
    /// Which kinds of source have it.
    pub on: On,
}

/// Kinds of source in OBS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The camera and the filter.
    Both,
    /// The camera.
    Camera,
    /// The filter.
    Filter,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share of the whole, 0 to 1.
    Share,
    /// A multiple of the usual.
    Factor,
    /// Faces.
    Faces,
    /// Tiles along a side.
    Tiles,
    /// Milliseconds.
    Milliseconds,
    /// Results a second.
    PerSecond,
    /// Hundredths.
    Percent,
}

impl Unit {
    /// What stands behind a number on a slider.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Milliseconds => " ms",
            Self::Percent => " %",
            Self::Share | Self::Factor | Self::Faces | Self::Tiles | Self::PerSecond => "",
        }
    }
}

/// A number in a range, ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// Least value.
    pub least: f64,
    /// Greatest value.
    pub most: f64,
    /// A slider's step.
    pub step: f64,
    /// Where it stands at first.
    pub default: f64,
    /// What it counts.
    pub unit: Unit,
}

/// A whole number in a range, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Least value.
    pub least: u8,
    /// Greatest value.
    pub most: u8,
    /// Where it stands at first.
    pub default: u8,
    /// What it counts.
    pub unit: Unit,
}

/// An upper limit, which is none at first.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Least value of the command line.
    pub least: f64,
    /// Greatest value.
    pub most: f64,
    /// What it counts.
    pub unit: Unit,
    /// What is offered to choose from; 0 is no limit, and stands first.
    pub offered: &'static [Item<u32>],
}

/// One of several values.
#[derive(Clone, Copy, Debug)]
pub struct Choice<T: 'static> {
    /// All of them, in the order in which they are shown.
    pub items: &'static [Item<T>],
    /// The one that holds at first.
    pub default: T,
}

/// One value of a [`Choice`].
#[derive(Clone, Copy, Debug)]
pub struct Item<T> {
    /// Its name on the command line, in saved settings and in OBS.
    pub name: &'static str,
    /// What it means to the engine.
    pub value: T,
    /// The command line's help; empty for none.
    pub help: &'static str,
    /// On a button.
    pub short: &'static str,
    /// In a list, where there is room to say what it means.
    pub long: &'static str,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Whether it is on at first.
    pub default: bool,
}

/// A name, of things that show only when the program runs: personas, models, cameras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The one that holds at first; empty leaves it open.
    pub default: &'static str,
}

impl Setting<Number> {
    /// Least and greatest value.
    #[must_use]
    pub const fn range(&self) -> (f32, f32) {
        (self.kind.least as f32, self.kind.most as f32)
    }

    /// Where it stands at first.
    #[must_use]
    pub const fn default(&self) -> f32 {
        self.kind.default as f32
    }

    /// The nearest value in range; the default where `value` is not finite.
    #[must_use]
    pub fn clamp(&self, value: f32) -> f32 {
        let (least, most) = self.range();
        if value.is_finite() { value.clamp(least, most) } else { self.default() }
    }

    /// The value that a user typed.
    ///
    /// # Errors
    /// No number, or one out of range; what is wrong with it, for people.
    pub fn parse(&self, text: &str) -> Result<f32, String> {
        within(text, self.kind.least, self.kind.most)
    }
}

impl Setting<Count> {
    /// Where it stands at first.
    #[must_use]
    pub const fn default(&self) -> u8 {
        self.kind.default
    }

    /// The nearest value in range.
    #[must_use]
    pub fn clamp(&self, value: i64) -> u8 {
        let value = value.clamp(self.kind.least.into(), self.kind.most.into());
        u8::try_from(value).unwrap_or(self.kind.default)
    }
}

impl Setting<Limit> {
    /// The limit that a user typed, in the row's unit.
    ///
    /// # Errors
    /// No number, or one out of range; what is wrong with it, for people.
    pub fn parse(&self, text: &str) -> Result<f32, String> {
        within(text, self.kind.least, self.kind.most)
    }

    /// What is offered, for buttons: the limit, and its words. `N` must be as many as there are.
    #[must_use]
    pub const fn buttons<const N: usize>(&self) -> [(u32, &'static str); N] {
        buttons(self.kind.offered)
    }

    /// The nearest limit in range; 0, which is none, stays.
    #[must_use]
    pub fn clamp(&self, limit: u32) -> u32 {
        limit.min(self.kind.most as u32)
    }
}

/// Value and short words of each item. Refuses to compile, in a constant, where there are not `N`.
const fn buttons<T: Copy, const N: usize>(items: &'static [Item<T>]) -> [(T, &'static str); N] {
    assert!(items.len() == N && N > 0, "as many buttons as items");
    let mut buttons = [(items[0].value, items[0].short); N];
    let mut i = 1;
    while i < N {
        buttons[i] = (items[i].value, items[i].short);
        i += 1;
    }
    buttons
}

fn within(text: &str, least: f64, most: f64) -> Result<f32, String> {
    let value: f64 = text.parse().map_err(|_| format!("{text} is not a number"))?;
    match (least..=most).contains(&value) {
        true => Ok(value as f32),
        false => Err(format!("{text} is not between {least} and {most}")),
    }
}

impl<T: Copy + PartialEq> Setting<Choice<T>> {
    /// The values to choose from.
    #[must_use]
    pub const fn items(&self) -> &'static [Item<T>] {
        self.kind.items
    }

    /// The value that holds at first.
    #[must_use]
    pub const fn default(&self) -> T {
        self.kind.default
    }

    /// Value, name and short words of each, for buttons. `N` must be as many as there are.
    #[must_use]
    pub const fn named_buttons<const N: usize>(&self) -> [(T, &'static str, &'static str); N] {
        let (items, buttons) = (self.items(), buttons::<T, N>(self.items()));
        let mut named = [(items[0].value, "", ""); N];
        let mut i = 0;
        while i < N {
            named[i] = (buttons[i].0, items[i].name, buttons[i].1);
            i += 1;
        }
        named
    }

    /// The value of a name; None where it means nothing.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<T> {
        self.items().iter().find(|item| item.name == name).map(|item| item.value)
    }

    /// The value of a name; the default where it means nothing.
    #[must_use]
    pub fn named_or_default(&self, name: &str) -> T {
        self.named(name).unwrap_or(self.default())
    }

    /// The name of a value.
    #[must_use]
    pub fn name_of(&self, value: T) -> &'static str {
        self.items().iter().find(|item| item.value == value).map_or("", |item| item.name)
    }

    /// The name of the value that holds at first.
    #[must_use]
    pub fn default_name(&self) -> &'static str {
        self.name_of(self.default())
    }
}

/// What every row has, whatever the kind of its values.
pub trait Row: Sync {
    /// As [`Setting::name`].
    fn name(&self) -> &'static str;
    /// As [`Setting::value_name`].
    fn value_name(&self) -> &'static str;
    /// As [`Setting::help`].
    fn help(&self) -> &'static str;
    /// As [`Setting::label`].
    fn label(&self) -> &'static str;
    /// As [`Setting::hint`].
    fn hint(&self) -> &'static str;
    /// As [`Setting::obs`].
    fn obs(&self) -> Option<Obs>;
    /// Its values.
    fn form(&self) -> Form;
}

/// A row's values, whatever they mean to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A number in a range.
    Number(Number),
    /// A whole number in a range.
    Count(Count),
    /// One of several names.
    Choice {
        /// Each name, the command line's help, and the text in a list.
        items: Vec<(&'static str, &'static str, &'static str)>,
        /// The name that holds at first.
        default: &'static str,
    },
    /// An upper limit: one of several names, the first of which is none.
    Limit {
        /// Each name, and the text in a list.
        items: Vec<(&'static str, &'static str)>,
        /// Least and greatest value.
        range: (f64, f64),
    },
    /// On or off, and which at first.
    Flag(bool),
    /// A name of what shows only when the program runs, and the one that holds at first.
    Name(&'static str),
}

/// The values of a row.
pub trait Kind: Sync {
    /// As [`Row::form`].
    fn form(&self) -> Form;
}

impl Kind for Number {
    fn form(&self) -> Form {
        Form::Number(*self)
    }
}

impl Kind for Count {
    fn form(&self) -> Form {
        Form::Count(*self)
    }
}

impl Kind for Limit {
    fn form(&self) -> Form {
        let items = self.offered.iter().map(|item| (item.name, item.long)).collect();
        Form::Limit { items, range: (self.least, self.most) }
    }
}

impl<T: Copy + PartialEq + Sync> Kind for Choice<T> {
    fn form(&self) -> Form {
        let first = self.items.iter().find(|item| item.value == self.default);
        let items = self.items.iter().map(|item| (item.name, item.help, item.long)).collect();
        Form::Choice { items, default: first.map_or("", |item| item.name) }
    }
}

impl Kind for Flag {
    fn form(&self) -> Form {
        Form::Flag(self.default)
    }
}

impl Kind for Name {
    fn form(&self) -> Form {
        Form::Name(self.default)
    }
}

impl<K: Kind> Row for Setting<K> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn value_name(&self) -> &'static str {
        self.value_name
    }

    fn help(&self) -> &'static str {
        self.help
    }

    fn label(&self) -> &'static str {
        self.label
    }

    fn hint(&self) -> &'static str {
        self.hint
    }

    fn obs(&self) -> Option<Obs> {
        self.obs
    }

    fn form(&self) -> Form {
        self.kind.form()
    }
}

/// The rows that a kind of source in OBS has, in the order of its dialog, and the place of each.
pub fn in_obs(kind: On) -> impl Iterator<Item = (&'static dyn Row, Obs)> {
    let here = move |on: On| on == On::Both || kind == On::Both || on == kind;
    ALL.into_iter().filter_map(move |row| Some((row, row.obs().filter(|obs| here(obs.on))?)))
}

/// Every key that OBS's language file must have on account of this table, and its English text, each once, in the order
/// of the table.
#[must_use]
pub fn locale() -> Vec<(String, &'static str)> {
    let mut texts: Vec<(String, &'static str)> = Vec::new();
    for (row, obs) in in_obs(On::Both) {
        let key = obs.locale.to_string_lossy().into_owned();
        let hint = (!row.hint().is_empty()).then(|| (format!("{key}.Hint"), row.hint()));
        let items = match row.form() {
            Form::Choice { items, .. } => items.into_iter().map(|(name, _, long)| (name, long)).collect(),
            Form::Limit { items, .. } => items,
            _ => Vec::new(),
        };
        let items: Vec<_> = items.into_iter().map(|(name, long)| (format!("{key}.{name}"), long)).collect();
        for text in [(key, row.label())].into_iter().chain(hint).chain(items) {
            if !texts.iter().any(|(known, _)| *known == text.0) {
                texts.push(text);
            }
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_whole() {
        for row in ALL {
            let name = row.name();
            assert!(
                !name.is_empty() && (!row.help().is_empty() || !row.label().is_empty()),
                "{name}: no text"
            );
            assert!(row.obs().is_none() || !row.label().is_empty(), "{name}: no label for OBS");
            match row.form() {
                Form::Number(n) => {
                    assert!(n.least < n.most && (n.least..=n.most).contains(&n.default), "{name}: {n:?}");
                    assert!(n.step > 0.0 && n.step <= (n.most - n.least) / 10.0, "{name}: {n:?}");
                    assert_eq!(row.value_name(), format!("{}..{}", n.least, n.most), "{name}");
                }
                Form::Count(n) => {
                    assert!(n.least < n.most && (n.least..=n.most).contains(&n.default), "{name}: {n:?}");
                }
                Form::Choice { items, default } => {
                    assert!(items.iter().any(|item| item.0 == default), "{name}: {default} is no choice");
                    let names: BTreeSet<_> = items.iter().map(|item| item.0).collect();
                    assert_eq!(names.len(), items.len(), "{name}: a choice stands there twice");
                }
                Form::Limit { items, range } => {
                    assert!(range.0 < range.1, "{name}: {range:?}");
                    for (i, (item, _)) in items.iter().enumerate() {
                        let value: f64 = item.parse().unwrap();
                        assert!(
                            if i == 0 { value == 0.0 } else { (range.0..=range.1).contains(&value) },
                            "{name}: {item}"
                        );
                    }
                }
                Form::Flag(_) | Form::Name(_) => {}
            }
        }
    }

    #[test]
    fn no_two_rows_are_one_option() {
        let mut seen = BTreeSet::new();
        for row in ALL.iter().filter(|row| !row.help().is_empty()) {
            assert!(seen.insert(row.name()), "--{} stands there twice", row.name());
        }
        for kind in [On::Camera, On::Filter] {
            let mut seen = BTreeSet::new();
            for (row, obs) in in_obs(kind) {
                assert!(seen.insert(obs.key), "{kind:?}: {:?} of {} stands there twice", obs.key, row.name());
            }
        }
        let texts = locale();
        let keys: BTreeSet<_> = texts.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), texts.len());
    }

    #[test]
    fn what_is_typed_is_in_range_or_refused() {
        for (text, wanted) in [
            ("0.25", Ok(0.25)),
            ("2", Ok(2.0)),
            ("0.2", Err("0.2 is not between 0.25 and 2")),
            ("NaN", Err("NaN is not between 0.25 and 2")),
            ("inf", Err("inf is not between 0.25 and 2")),
            ("much", Err("much is not a number")),
        ] {
            assert_eq!(EDGE.parse(text), wanted.map_err(str::to_owned), "{text}");
        }
        assert_eq!(MODEL_RATE.parse("0.1"), Ok(0.1));
        assert!(MODEL_RATE.parse("0").is_err() && MODEL_SHARE.parse("101").is_err());
    }

    #[test]
    fn what_was_saved_is_brought_back_into_range() {
        assert_eq!([-1.0, 0.3, 7.0].map(|v| EDGE.clamp(v)), [0.25, 0.3, 2.0]);
        assert_eq!([f32::NAN, f32::INFINITY].map(|v| EDGE.clamp(v)), [1.0, 1.0]);
        assert_eq!([-5, 12, 99].map(|v| WAIT_MS.clamp(v)), [1, 12, 30]);
        assert_eq!([0, 15, 100_000].map(|v| MODEL_RATE.clamp(v)), [0, 15, 240]);
        assert_eq!(BADGE.named_or_default("off"), BADGE.default());
    }

    #[test]
    fn names_and_values_lead_to_each_other() {
        fn each<T: Copy + PartialEq + std::fmt::Debug>(row: &Setting<Choice<T>>) {
            for item in row.items() {
                assert_eq!((row.named(item.name), row.name_of(item.value)), (Some(item.value), item.name));
            }
        }
        each(&PRIVACY);
        each(&BADGE);
        each(&BACKEND);
        each(&ROTATE);
        each(&SELECT);
    }
}
