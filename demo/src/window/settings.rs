//! What the window remembers between runs: a TOML file in the user's configuration folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_engine::badge::Corner;
use omote_engine::composite::Glasses;
use omote_engine::frame::Rotation;
use omote_engine::output::{self, OutputError};
use omote_engine::pipeline::Privacy;
use omote_kit::options::{
    BADGE, EDGE, EYES, GLASSES, LIGHT, MIRROR, MODEL_RATE, MOUTH, Number, OPACITY, PERSONA, PRIVACY, ROTATE,
    SHAPE, SHARPNESS, Setting, Values,
};
use serde::{Deserialize, Serialize};

/// Name of the file in the configuration folder.
const FILE: &str = "window.toml";

/// Everything that is remembered. Keys that this version does not know are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    /// Name of the persona worn.
    pub(super) persona: String,
    /// `actor`, or a camera's id.
    pub(super) source: String,
    /// The camera's mode as the window writes it; empty leaves the choice to the camera.
    pub(super) mode: String,
    /// Whether the window shows the picture as a mirror would.
    pub(super) mirrored_view: bool,
    /// Whether the output itself is mirrored.
    pub(super) mirrored_output: bool,
    /// Clockwise rotation of the output: 0, 90, 180 or 270.
    pub(super) rotation: u16,
    /// `protect` or `relaxed`.
    pub(super) privacy: String,
    /// `middle`, `top-left`, `top-right`, `bottom-left` or `bottom-right`.
    pub(super) badge: String,
    /// `mine` or `none`.
    pub(super) glasses: String,
    /// `auto`, `v4l2` or `pipewire`.
    pub(super) virtual_camera: String,
    /// Name of the swap model worn over the persona; empty for none.
    pub(super) model: String,
    /// At most so many of its results a second; 0 for as many as it can.
    pub(super) model_rate: u32,
    /// Whether the panel is seen.
    pub(super) panel: bool,
    /// The window's inner size in points.
    pub(super) window: [f32; 2],
    /// The sliders.
    pub(super) look: Sliders,
    /// What other versions wrote.
    #[serde(flatten)]
    other: toml::Table,
}

/// Where the sliders stand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sliders {
    /// How much of the persona is seen, 0..=1.
    pub(super) opacity: f32,
    /// The persona's eyes instead of one's own, 0..=1.
    pub(super) eyes: f32,
    /// The persona's inner mouth instead of one's own, 0..=1.
    pub(super) mouth: f32,
    /// Softness of the edge, 0.25..=2; 1 is as painted.
    pub(super) edge: f32,
    /// How far the persona takes on the live light, 0..=1.
    pub(super) light: f32,
    /// Sharpness, 0..=2; 1 is as painted.
    pub(super) sharpness: f32,
    /// How far the live face takes on the persona's proportions, 0..=1.
    pub(super) shape: f32,
}

impl Default for Sliders {
    fn default() -> Self {
        let Values { opacity, eyes, mouth, edge, light, sharpness, shape, .. } = Values::default();
        Self { opacity, eyes, mouth, edge, light, sharpness, shape }
    }
}

impl Sliders {
    /// Each slider, and its row in the table of options.
    fn each(&mut self) -> [(&mut f32, &'static Setting<Number>); 7] {
        [
            (&mut self.opacity, &OPACITY),
            (&mut self.eyes, &EYES),
            (&mut self.mouth, &MOUTH),
            (&mut self.edge, &EDGE),
            (&mut self.light, &LIGHT),
            (&mut self.sharpness, &SHARPNESS),
            (&mut self.shape, &SHAPE),
        ]
    }

    /// What they mean to the engine; all else as at first.
    pub(super) fn values(&self) -> Values {
        let Self { opacity, eyes, mouth, edge, light, sharpness, shape } = *self;
        Values { opacity, eyes, mouth, edge, light, sharpness, shape, ..Values::default() }
    }
}

/// Least and greatest inner size of the window in points.
pub(super) const WINDOW: ([f32; 2], [f32; 2]) = ([800.0, 500.0], [7680.0, 4320.0]);
/// What the panel offers of [`Remembered::model_rate`].
pub(super) const RATES: [(u32, &str); 5] = MODEL_RATE.buttons();

impl Default for Remembered {
    fn default() -> Self {
        Self {
            persona: PERSONA.kind.default.to_owned(),
            source: String::new(),
            mode: String::new(),
            mirrored_view: true,
            mirrored_output: MIRROR.kind.default,
            rotation: 0,
            privacy: PRIVACY.default_name().to_owned(),
            badge: BADGE.default_name().to_owned(),
            glasses: GLASSES.default_name().to_owned(),
            virtual_camera: "auto".to_owned(),
            model: String::new(),
            model_rate: 0,
            panel: true,
            window: [1280.0, 800.0],
            look: Sliders::default(),
            other: toml::Table::new(),
        }
    }
}

/// A place's name in the file, and for people.
pub(super) const CORNERS: [(Corner, &str, &str); 5] = BADGE.named_buttons();

/// Whose glasses: name in the file, and for people.
pub(super) const KINDS_OF_GLASSES: [(Glasses, &str, &str); 2] = GLASSES.named_buttons();

impl Remembered {
    /// The same with every value in its range; what is out of range goes to the nearest that is in it, and
    /// a word that means nothing to its default.
    fn in_range(mut self) -> Self {
        let plain = Self::default();
        let within = |value: f32, (least, most): (f32, f32), otherwise: f32| {
            if value.is_finite() { value.clamp(least, most) } else { otherwise }
        };
        for (slider, row) in self.look.each() {
            *slider = row.clamp(*slider);
        }
        for (side, k) in self.window.iter_mut().zip([0, 1]) {
            *side = within(*side, (WINDOW.0[k], WINDOW.1[k]), plain.window[k]);
        }
        self.privacy = PRIVACY.name_of(self.privacy_level()).to_owned();
        self.badge = BADGE.name_of(self.corner()).to_owned();
        self.glasses = GLASSES.name_of(self.glasses()).to_owned();
        if !["auto", "v4l2", "pipewire"].contains(&self.virtual_camera.as_str()) {
            self.virtual_camera = plain.virtual_camera;
        }
        if ROTATE.named(&self.rotation.to_string()).is_none() {
            self.rotation = plain.rotation;
        }
        self.model_rate = MODEL_RATE.clamp(self.model_rate);
        self
    }

    /// What is shown when a face is lost.
    pub(super) fn privacy_level(&self) -> Privacy {
        PRIVACY.named_or_default(&self.privacy)
    }

    /// Where the badge stands.
    pub(super) fn corner(&self) -> Corner {
        BADGE.named_or_default(&self.badge)
    }

    /// Whether one's own glasses stay.
    pub(super) fn glasses(&self) -> Glasses {
        GLASSES.named_or_default(&self.glasses)
    }

    /// The output's rotation.
    fn quarter(&self) -> Rotation {
        ROTATE.named_or_default(&self.rotation.to_string())
    }

    /// What all of it means to the engine.
    pub(super) fn values(&self) -> Values {
        Values {
            privacy: self.privacy_level(),
            corner: self.corner(),
            glasses: self.glasses(),
            mirror: self.mirrored_output,
            rotate: self.quarter(),
            ..self.look.values()
        }
    }
}

/// The settings file of a user.
#[derive(Debug)]
pub(super) struct SettingsFile {
    path: Option<PathBuf>,
    stored: Option<String>,
    /// The settings as they were last read or written here.
    before: toml::Table,
}

/// The folder for a user's configuration, if the system names one.
pub(super) fn folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "omote").map(|dirs| dirs.config_dir().to_owned())
}

impl SettingsFile {
    /// Reads the file in `folder`. A damaged one is set aside and told of; the defaults hold then.
    pub(super) fn open(folder: Option<&Path>) -> (Self, Remembered, Option<String>) {
        let path = folder.map(|folder| folder.join(FILE));
        let text = path.as_deref().map(fs::read_to_string);
        let mut notice = None;
        let (mut stored, mut before) = (None, Remembered::default());
        let remembered = match (&path, text) {
            (Some(path), Some(Ok(text))) => match toml::from_str::<Remembered>(&text) {
                Ok(remembered) => {
                    stored = Some(text);
                    before = remembered.clone();
                    remembered.in_range()
                }
                Err(error) => {
                    notice = Some(set_aside(path, error.message()));
                    Remembered::default()
                }
            },
            (Some(path), Some(Err(error))) if error.kind() != std::io::ErrorKind::NotFound => {
                notice = Some(set_aside(path, &error.to_string()));
                Remembered::default()
            }
            _ => Remembered::default(),
        };
        let before = toml::to_string(&before).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
        (Self { path, stored, before }, remembered, notice)
    }

    /// Writes the file, if anything in it would change. What another window has changed since this one read or wrote it
    /// stays, where this one has not changed the same.
    ///
    /// # Errors
    /// Where the folder can't be written.
    pub(super) fn save(&mut self, remembered: &Remembered) -> anyhow::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let text = toml::to_string_pretty(remembered)?;
        if self.stored.as_deref() == Some(&text) {
            return Ok(());
        }
        let ours: toml::Table = text.parse()?;
        let told = || format!("the settings can't be saved in {}", path.display());
        let update = |now: Option<Vec<u8>>| {
            let theirs = now.map(|bytes| String::from_utf8(bytes).ok()?.parse::<toml::Table>().ok());
            if let Some(None) = theirs {
                // Spoilt since it was read, by hand perhaps: nothing of it is lost.
                output::set_aside(path, "damaged")?;
            }
            let theirs = theirs.flatten();
            let merged = theirs.map_or_else(|| ours.clone(), |theirs| merged(&self.before, &ours, theirs));
            Ok::<_, OutputError>((toml::to_string_pretty(&merged).ok().map(String::into_bytes), ()))
        };
        output::update(path, output::Options::own(), update).with_context(told)?;
        (self.stored, self.before) = (Some(text), ours);
        Ok(())
    }
}

/// `theirs`, with what differs between `before` and `ours` as it is in `ours`.
fn merged(before: &toml::Table, ours: &toml::Table, mut theirs: toml::Table) -> toml::Table {
    for (key, value) in ours {
        let was = before.get(key);
        if was == Some(value) {
            continue;
        }
        let value = match (was, value, theirs.remove(key)) {
            (Some(toml::Value::Table(was)), toml::Value::Table(ours), Some(toml::Value::Table(theirs))) => {
                toml::Value::Table(merged(was, ours, theirs))
            }
            _ => value.clone(),
        };
        theirs.insert(key.clone(), value);
    }
    theirs
}

/// Renames a damaged file, so that nothing in it is lost; what to tell the user.
fn set_aside(path: &Path, reason: &str) -> String {
    match output::set_aside(path, "damaged") {
        Ok(aside) => format!(
            "Your settings could not be read ({reason}). They were kept as {}, and the defaults are used.",
            aside.display()
        ),
        Err(error) => format!(
            "Your settings in {} could not be read ({reason}) or moved aside ({error}). The defaults are used.",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(text: &[u8]) -> (tempfile::TempDir, Remembered, Option<String>) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();
        let (_, remembered, notice) = SettingsFile::open(Some(folder.path()));
        (folder, remembered, notice)
    }

    #[test]
    fn none_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let (_, remembered, notice) = SettingsFile::open(Some(&folder.path().join("not/there")));
        assert_eq!((remembered, notice), (Remembered::default(), None));
    }

    #[test]
    fn what_is_saved_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("new/folder");
        let (mut file, mut remembered, _) = SettingsFile::open(Some(&below));
        remembered.persona = "oni".to_owned();
        remembered.look.eyes = 0.25;
        (remembered.model, remembered.model_rate) = ("mine".to_owned(), 15);
        remembered.rotation = 270;
        file.save(&remembered).unwrap();
        let (_, again, notice) = SettingsFile::open(Some(&below));
        assert_eq!((again, notice), (remembered, None));
        assert_eq!(fs::read_dir(&below).unwrap().count(), 2, "nothing is left beside the file and its lock");
    }

    #[test]
    fn a_damaged_file_is_set_aside_whole() {
        for damaged in [&b"persona = \"on"[..], b"\xff\xfe\x00", b"panel = \"yes\""] {
            let (folder, remembered, notice) = stored(damaged);
            assert_eq!(remembered, Remembered::default());
            assert!(notice.unwrap().contains("damaged"));
            assert!(!folder.path().join(FILE).exists());
            let aside = fs::read(folder.path().join("window.toml.damaged")).unwrap();
            assert_eq!(aside, damaged);
        }
    }

    #[test]
    fn what_is_not_there_has_its_default() {
        let (_folder, remembered, notice) = stored(b"persona = \"oni\"\n[look]\nlight = 0.5\n");
        let look = Sliders { light: 0.5, ..Sliders::default() };
        let expected = Remembered { persona: "oni".to_owned(), look, ..Remembered::default() };
        assert_eq!((remembered, notice), (expected, None));
    }

    #[test]
    fn out_of_range_goes_to_the_nearest() {
        let text = "rotation = 45\nmodel_rate = 100000\nprivacy = \"none\"\nbadge = \"off\"\nwindow = [10.0, 99999.0]\n\
                    [look]\nopacity = 7.0\neyes = -1.0\nedge = 0.0\nsharpness = nan\n";
        let (_folder, remembered, notice) = stored(text.as_bytes());
        assert_eq!(notice, None);
        let look = remembered.look;
        assert_eq!((look.opacity, look.eyes, look.edge, look.sharpness), (1.0, 0.0, 0.25, 1.0));
        assert_eq!((remembered.rotation, remembered.window), (0, [800.0, 4320.0]));
        assert_eq!((remembered.model.as_str(), remembered.model_rate), ("", 240));
        assert_eq!(remembered.privacy_level(), Privacy::Protect);
        assert_eq!(remembered.corner(), Corner::Middle);
    }

    #[test]
    fn the_window_s_options_are_the_table_s() {
        let kept = |value: f32| {
            let mut look = Sliders::default();
            look.each().into_iter().for_each(|(slider, _)| *slider = value);
            Remembered { look, ..Remembered::default() }.in_range().look
        };
        let (mut least, mut most, mut none) = (kept(f32::MIN), kept(f32::MAX), kept(f32::NAN));
        let mut plain = Sliders::default();
        let all = plain.each().into_iter().zip(least.each()).zip(most.each()).zip(none.each());
        for ((((at_first, row), (least, _)), (most, _)), (none, _)) in all {
            assert_eq!((*least, *most), row.range(), "{}", row.name);
            assert_eq!((*at_first, *none), (row.default(), row.default()), "{}", row.name);
        }
        // What is saved without a word of it is what the engine begins with.
        assert_eq!(toml::from_str::<Remembered>("").unwrap().values(), Values::default());
        // Buttons: every choice of the table, under its name and with its words.
        for item in BADGE.items() {
            let kept = Remembered { badge: item.name.to_owned(), ..Remembered::default() }.in_range();
            assert_eq!(kept.corner(), item.value);
            assert!(CORNERS.contains(&(item.value, item.name, item.short)));
        }
        for item in GLASSES.items() {
            let kept = Remembered { glasses: item.name.to_owned(), ..Remembered::default() }.in_range();
            assert_eq!(kept.glasses(), item.value);
            assert!(KINDS_OF_GLASSES.contains(&(item.value, item.name, item.short)));
        }
        for item in ROTATE.items() {
            let kept =
                Remembered { rotation: item.name.parse().unwrap(), ..Remembered::default() }.in_range();
            assert_eq!(kept.quarter(), item.value);
        }
        for item in PRIVACY.items() {
            let kept = Remembered { privacy: item.name.to_owned(), ..Remembered::default() }.in_range();
            assert_eq!(kept.privacy_level(), item.value);
        }
        let offered = MODEL_RATE.kind.offered.iter();
        assert!(offered.map(|item| (item.value, item.short)).eq(RATES));
        assert_eq!((CORNERS.len(), RATES[0].0), (BADGE.items().len(), 0));
    }

    #[test]
    fn two_windows_lose_nothing_of_each_other() {
        for text in [None, Some("persona = \"oni\"\n"), Some("rotation = 90\n[look]\nlight = 0.5\n")] {
            let folder = tempfile::tempdir().unwrap();
            if let Some(text) = text {
                fs::write(folder.path().join(FILE), text).unwrap();
            }
            let (mut first, mut one, _) = SettingsFile::open(Some(folder.path()));
            let (mut second, mut two, _) = SettingsFile::open(Some(folder.path()));
            (one.persona, one.look.eyes) = ("kitsune".to_owned(), 0.25);
            first.save(&one).unwrap();
            (two.panel, two.look.mouth) = (false, 0.75);
            second.save(&two).unwrap();
            one.look.edge = 1.5;
            first.save(&one).unwrap();
            let (_, both, notice) = SettingsFile::open(Some(folder.path()));
            let look = Sliders { eyes: 0.25, mouth: 0.75, edge: 1.5, ..one.look };
            assert_eq!(
                (&both.persona, both.panel, both.look, notice),
                (&"kitsune".to_owned(), false, look, None)
            );
            assert_eq!(both.rotation, one.rotation);
        }
    }

    #[test]
    fn what_was_spoilt_meanwhile_is_set_aside() {
        let (folder, mut remembered, _) = stored(b"panel = false\n");
        let (mut file, ..) = SettingsFile::open(Some(folder.path()));
        fs::write(folder.path().join(FILE), "panel = fal").unwrap();
        remembered.persona = "oni".to_owned();
        file.save(&remembered).unwrap();
        assert_eq!(fs::read(folder.path().join("window.toml.damaged")).unwrap(), b"panel = fal");
        assert_eq!(SettingsFile::open(Some(folder.path())).1.persona, "oni");
    }

    #[test]
    fn keys_of_other_versions_stay() {
        let (folder, mut remembered, _) = stored(b"panel = false\nfuture = 3\n[later]\nx = 1\n");
        let (mut file, ..) = SettingsFile::open(Some(folder.path()));
        remembered.persona = "oni".to_owned();
        file.save(&remembered).unwrap();
        let table: toml::Table = fs::read_to_string(folder.path().join(FILE)).unwrap().parse().unwrap();
        assert_eq!(table["future"].as_integer(), Some(3));
        assert_eq!(table["later"]["x"].as_integer(), Some(1));
        assert_eq!((table["panel"].as_bool(), table["persona"].as_str()), (Some(false), Some("oni")));
    }
}
