//! A virtual display, the program on it, and a hand at keyboard and mouse.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::display::{Ended, display};

/// How long anything may take: generous, for a busy machine without a GPU. It is a limit, not a wait.
const LIMIT: Duration = Duration::from_secs(90);
/// How long one try may take before the next.
const SOON: Duration = Duration::from_secs(3);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(40);

/// The program on a display of its own.
pub(super) struct Driven {
    program: Ended,
    _display: Ended,
    name: String,
    state: PathBuf,
    window: String,
}

/// A child's folders.
pub(super) struct Folders {
    /// Settings.
    pub(super) config: PathBuf,
    /// Networks and personas.
    pub(super) data: PathBuf,
    /// Snapshots and recordings.
    pub(super) pictures: PathBuf,
}

impl Folders {
    /// New folders below `root`, with the networks of `networks` linked in.
    pub(super) fn new(root: &Path, networks: &Path) -> anyhow::Result<Self> {
        let at = |name: &str| -> anyhow::Result<PathBuf> {
            let folder = root.join(name);
            fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
            Ok(folder)
        };
        let folders = Self { config: at("config")?, data: at("data")?, pictures: at("pictures")? };
        #[cfg(unix)]
        for part in ["models", "lib"] {
            let from = networks.join(part);
            if from.exists() {
                std::os::unix::fs::symlink(&from, folders.data.join(part))
                    .with_context(|| format!("can't link {}", from.display()))?;
            }
        }
        let dirs = format!("XDG_PICTURES_DIR=\"{0}\"\nXDG_VIDEOS_DIR=\"{0}\"\n", folders.pictures.display());
        fs::write(folders.config.join("user-dirs.dirs"), dirs)?;
        Ok(folders)
    }
}

/// Looks until `look` gives something.
pub(super) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return Ok(found);
        }
        ensure!(begun.elapsed() < LIMIT, "{what} did not come within {LIMIT:?}");
        std::thread::sleep(LOOK);
    }
}

impl Driven {
    /// Starts a display and the program on it.
    pub(super) fn start(program: &Path, folders: &Folders, root: &Path) -> anyhow::Result<Self> {
        let (display, name) = display()?;
        let state = root.join("state.json");
        let log = fs::File::create(root.join("window.log"))?;
        let child = Command::new(program)
            .args(["--dump-state".as_ref(), state.as_os_str()])
            .env("DISPLAY", &name)
            .env_remove("WAYLAND_DISPLAY")
            .env("XDG_CONFIG_HOME", &folders.config)
            .env("OMOTE_DATA", &folders.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("the program can't be started")?;
        let program = Ended(child);
        let mut driven = Self { program, _display: display, name, state, window: String::new() };
        driven.window = driven.opened().with_context(|| {
            let log = fs::read_to_string(root.join("window.log")).unwrap_or_default();
            let from = log.len().saturating_sub(2000);
            format!("the program wrote: {}", log.get(from..).unwrap_or(&log).trim())
        })?;
        driven.xdotool(&["windowfocus", "--sync", &driven.window])?;
        Ok(driven)
    }

    /// The window's number, once it is there.
    fn opened(&mut self) -> anyhow::Result<String> {
        let begun = Instant::now();
        loop {
            let search = self.xdotool(&["search", "--onlyvisible", "--name", "^Omote$"]);
            if let Some(found) = search.as_ref().ok().and_then(|found| found.lines().next()) {
                return Ok(found.to_owned());
            }
            if let Some(status) = self.program.0.try_wait()? {
                bail!("the program ended ({status}) before its window came");
            }
            if begun.elapsed() > LIMIT {
                bail!("the window did not come within {LIMIT:?}; the last search: {search:?}");
            }
            std::thread::sleep(LOOK);
        }
    }

    /// The display's name.
    pub(super) fn display(&self) -> &str {
        &self.name
    }

    /// Runs xdotool on the display.
    pub(super) fn xdotool(&self, words: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("xdotool").args(words).env("DISPLAY", &self.name).output()?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "xdotool {}: {}", words.join(" "), told.trim());
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What the window says of itself now.
    pub(super) fn state(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(&self.state).ok()?).ok()
    }

    /// Waits until the window's state is as wanted; gives it.
    pub(super) fn wait(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let begun = Instant::now();
        loop {
            if let Some(state) = self.state().filter(|state| wanted(state)) {
                return Ok(state);
            }
            if let Some(status) = self.program.0.try_wait()? {
                bail!("the program ended ({status}) before this came: {what}");
            }
            if begun.elapsed() > LIMIT {
                let mut state = self.state().unwrap_or_default();
                if let Some(object) = state.as_object_mut() {
                    object.remove("targets");
                }
                bail!("this did not come within {LIMIT:?}: {what}; the window says {state}");
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether the state becomes as wanted within a short time: for what may have to be done again.
    pub(super) fn soon(&mut self, wanted: impl Fn(&Value) -> bool) -> anyhow::Result<bool> {
        let begun = Instant::now();
        while begun.elapsed() < SOON {
            if self.state().is_some_and(|state| wanted(&state)) {
                return Ok(true);
            }
            std::thread::sleep(LOOK);
        }
        Ok(false)
    }

    /// Does something again and again until it has worked.
    pub(super) fn until(
        &mut self,
        what: &str,
        mut work: impl FnMut(&mut Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !work(self)? {
            ensure!(begun.elapsed() < LIMIT, "{what} did not come within {LIMIT:?}");
        }
        Ok(())
    }

    /// Presses keys, one after the other, by their X names.
    pub(super) fn press(&self, keys: &str) -> anyhow::Result<()> {
        self.xdotool(&["key", keys]).map(|_| ())
    }

    /// Moves the pointer to a part of a control: 0 is its left and 1 its right edge.
    pub(super) fn point(&mut self, target: &str, share: f64) -> anyhow::Result<()> {
        let [x, y, w, h] = self.reveal(target)?;
        let (x, y) = ((x as f64 + w as f64 * share).round(), y + h / 2);
        self.xdotool(&["mousemove", "--sync", "--window", &self.window, &x.to_string(), &y.to_string()])?;
        Ok(())
    }

    /// Clicks on a control.
    pub(super) fn click(&mut self, target: &str) -> anyhow::Result<()> {
        self.point(target, 0.5)?;
        self.xdotool(&["click", "1"])?;
        // A pass of the window that sees the pointer's next move too would take the click to be there.
        std::thread::sleep(5 * LOOK);
        Ok(())
    }

    /// Where a control is once it has come to rest, scrolled into sight: left, top, width, height.
    fn reveal(&mut self, target: &str) -> anyhow::Result<[i64; 4]> {
        let begun = Instant::now();
        loop {
            let state = self.wait(&format!("{target} at rest on the screen"), |state| {
                state.get("still") == Some(&Value::Bool(true)) && place(state, target).is_some()
            })?;
            let now = place(&state, target).context("a control has no place")?;
            let [x, y, w, h, seen] = now;
            if seen == 1 {
                return Ok([x, y, w, h]);
            }
            ensure!(begun.elapsed() < LIMIT, "{target} can't be scrolled into sight");
            let (middle, half) = (y + h / 2, size(&state, 1) / 2);
            let (x, y) = ((x + w / 2).to_string(), half.to_string());
            self.xdotool(&["mousemove", "--sync", "--window", &self.window, &x, &y])?;
            // A notch is some 50 pixels: not too far in one go.
            let notches = ((middle - half).abs() / 100).clamp(1, 8).to_string();
            self.xdotool(&["click", "--repeat", &notches, if middle > half { "5" } else { "4" }])?;
            // At the end of what can be scrolled it stays where it is.
            self.soon(|state| place(state, target) != Some(now))?;
        }
    }

    /// Makes the window another size.
    pub(super) fn resize(&self, width: u32, height: u32) -> anyhow::Result<()> {
        self.xdotool(&["windowsize", &self.window, &width.to_string(), &height.to_string()]).map(|_| ())
    }
}

fn size(state: &Value, side: usize) -> i64 {
    state.get("window").and_then(|w| w.get(side)).and_then(Value::as_i64).unwrap_or_default()
}

fn place(state: &Value, target: &str) -> Option<[i64; 5]> {
    let place = state.get("targets")?.get(target)?.as_array()?;
    let mut out = [0; 5];
    for (to, from) in out.iter_mut().zip(place) {
        *to = from.as_i64()?;
    }
    Some(out)
}
