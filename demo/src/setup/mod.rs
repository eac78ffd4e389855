//! `omote setup`: obtains the face networks and ONNX Runtime, pinned by SHA-256, and converts the
//! networks once. What is already there is left alone, so a second run is quick and needs no network.

mod pins;
mod pip;
mod problem;
mod report;
mod store;
#[cfg(test)]
mod tests;
mod wheel;

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use omote_engine::infer::models;

pub(crate) use pins::{ONNX_RUNTIME_VERSION, onnx_runtime};
pub(crate) use store::{Store, data_folder};

use pins::Wheel;
use pip::Pip;
use problem::Problem;
pub(crate) use report::Report;
use wheel::Opened;

use crate::ending;

/// Turns a `.tflite` file into ONNX bytes, always the same. The error says what in the file is at fault.
type Convert = fn(&[u8]) -> anyhow::Result<Vec<Vec<u8>>>;

/// Options of `omote setup`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SetupArgs {
    /// Use this wheel file instead of downloading it with pip; repeat the option for each file
    #[arg(long = "from", value_name = "FILE.whl")]
    pub(crate) from: Vec<PathBuf>,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Runs set-up for this host.
pub(crate) fn run(args: &SetupArgs) -> anyhow::Result<()> {
    let ending = ending::hear()?;
    let done = run_with(args, &Report::new());
    if done.is_err() {
        ending.check(|| "set-up is not complete; `omote setup` continues where it stopped".to_owned())?;
    }
    done
}

/// As [`run`], with the steps told to `report`.
pub(crate) fn run_with(args: &SetupArgs, report: &Report) -> anyhow::Result<()> {
    let begun = Instant::now();
    let store = Store::at(data_folder(args.data.as_deref())?);
    report.line("data", &store.root().display().to_string());
    store.clean();
    let wheels = pins::for_this_host();
    if wheels.len() == 1 {
        let host = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        report.line(
            "note",
            &format!(
                "there is no pinned ONNX Runtime for {host}: the built-in runtime is used, which is slower"
            ),
        );
    }
    let convert = |tflite: &[u8]| Ok(models::convert_file(tflite)?);
    let changed = Job { store: &store, report, from: &args.from, convert }.run(&wheels)?;
    let end = if changed { "everything is in place" } else { "everything was in place already" };
    report.line("done", &format!("{end} ({:.1} s)", begun.elapsed().as_secs_f32()));
    Ok(())
}

/// One run of set-up over a list of wheels.
struct Job<'a> {
    store: &'a Store,
    report: &'a Report,
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
            self.report.line(
                "present",
                &format!("{} {}: {} files", wheel.package, wheel.version, wheel.members.len()),
            );
            return Ok(false);
        }
        let scratch = self.store.scratch()?;
        let path = match given {
            Some(path) => path,
            None => Pip::find().ok_or_else(|| no_pip(wheel))?.download(wheel, scratch.path(), self.report)?,
        };
        wheel::check(&path, wheel)?;
        self.report.line("check", &format!("{}: SHA-256 matches the pinned one", wheel.file));
        let mut opened = Opened::open(&path)?;
        for member in missing {
            let bytes = opened.read(member)?;
            self.store.write(member.to, &bytes)?;
            self.report.line("unpack", member.to);
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
                cause: format!("{error:#}"),
                remedy: "this is a bug in Omote, because the file is the pinned one: please report it"
                    .to_owned(),
            })?;
            for (part, onnx) in parts.iter().enumerate() {
                let to = models::onnx_name(stem, part);
                if self.store.holds(&to, onnx) {
                    self.report.line("present", &to);
                    continue;
                }
                self.store.write(&to, onnx)?;
                changed = true;
                let took = begun.elapsed().as_secs_f32() * 1e3;
                self.report.line("convert", &format!("{to} ({took:.0} ms)"));
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
