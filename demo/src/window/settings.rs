//! What the window remembers between runs: a TOML file in the user's configuration folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use omote_engine::badge::Corner;
use omote_engine::frame::Quarter;
use omote_engine::output::{self, OutputError};
use omote_engine::pipeline::Privacy;
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
    /// `middle`, `top-right`, `top-left`, `bottom-right` or `bottom-left`.
    pub(super) badge: String,
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
    /// Softness of the edge, 0.3..=2; 1 is as painted.
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
        Self { opacity: 1.0, eyes: 0.0, mouth: 0.0, edge: 1.0, light: 1.0, sharpness: 1.0, shape: 0.0 }
    }
}

/// Least and greatest inner size of the window in points.
pub(super) const WINDOW: ([f32; 2], [f32; 2]) = ([800.0, 500.0], [7680.0, 4320.0]);
/// Range of the edge's softness.
pub(super) const EDGE: (f32, f32) = (0.3, 2.0);
/// Range of the sharpness.
pub(super) const SHARPNESS: (f32, f32) = (0.0, 2.0);

/// What the panel offers of [`Remembered::model_rate`].
pub(super) const RATES: [(u32, &str); 5] = [(0, "Off"), (5, "5"), (10, "10"), (15, "15"), (30, "30")];
/// The most that it may be.
const MOST_RATE: u32 = 240;

impl Default for Remembered {
    fn default() -> Self {
        Self {
            persona: "ko-omote".to_owned(),
            source: String::new(),
            mode: String::new(),
            mirrored_view: true,
            mirrored_output: false,
            rotation: 0,
            privacy: "protect".to_owned(),
            badge: "middle".to_owned(),
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
pub(super) const CORNERS: [(Corner, &str, &str); 5] = [
    (Corner::Middle, "middle", "Low in the middle"),
    (Corner::TopLeft, "top-left", "Top left"),
    (Corner::TopRight, "top-right", "Top right"),
    (Corner::BottomLeft, "bottom-left", "Bottom left"),
    (Corner::BottomRight, "bottom-right", "Bottom right"),
];

impl Remembered {
    /// The same with every value in its range; what is out of range goes to the nearest that is in it, and
    /// a word that means nothing to its default.
    fn in_range(mut self) -> Self {
        let plain = Self::default();
        let within = |value: f32, (least, most): (f32, f32), otherwise: f32| {
            if value.is_finite() { value.clamp(least, most) } else { otherwise }
        };
        let look = &mut self.look;
        for share in [&mut look.opacity, &mut look.light] {
            *share = within(*share, (0.0, 1.0), 1.0);
        }
        for share in [&mut look.eyes, &mut look.mouth, &mut look.shape] {
            *share = within(*share, (0.0, 1.0), 0.0);
        }
        look.edge = within(look.edge, EDGE, 1.0);
        look.sharpness = within(look.sharpness, SHARPNESS, 1.0);
        for (side, k) in self.window.iter_mut().zip([0, 1]) {
            *side = within(*side, (WINDOW.0[k], WINDOW.1[k]), plain.window[k]);
        }
        if !["protect", "relaxed"].contains(&self.privacy.as_str()) {
            self.privacy = plain.privacy;
        }
        if !CORNERS.iter().any(|(_, name, _)| *name == self.badge) {
            self.badge = plain.badge;
        }
        if !["auto", "v4l2", "pipewire"].contains(&self.virtual_camera.as_str()) {
            self.virtual_camera = plain.virtual_camera;
        }
        if ![0, 90, 180, 270].contains(&self.rotation) {
            self.rotation = 0;
        }
        self.model_rate = self.model_rate.min(MOST_RATE);
        self
    }

    /// What is shown when a face is lost.
    pub(super) fn privacy_level(&self) -> Privacy {
        if self.privacy == "relaxed" { Privacy::Relaxed } else { Privacy::Protect }
    }

    /// Where the badge stands.
    pub(super) fn corner(&self) -> Corner {
        CORNERS.iter().find(|(_, name, _)| *name == self.badge).map_or(Corner::default(), |(c, _, _)| *c)
    }

    /// The output's rotation.
    pub(super) fn quarter(&self) -> Quarter {
        match self.rotation {
            90 => Quarter::Right,
            180 => Quarter::Half,
            270 => Quarter::Left,
            _ => Quarter::None,
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
        assert_eq!((look.opacity, look.eyes, look.edge, look.sharpness), (1.0, 0.0, 0.3, 1.0));
        assert_eq!((remembered.rotation, remembered.window), (0, [800.0, 4320.0]));
        assert_eq!((remembered.model.as_str(), remembered.model_rate), ("", MOST_RATE));
        assert_eq!(remembered.privacy_level(), Privacy::Protect);
        assert_eq!(remembered.corner(), Corner::Middle);
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
