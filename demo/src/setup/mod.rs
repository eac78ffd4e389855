//! `omote setup`: set-up on the command line. What it does is [`omote_kit::setup`]'s.

mod report;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use omote_kit::data::DataFolder;
use omote_kit::setup::install;

pub(crate) use omote_kit::setup::{ONNX_RUNTIME_VERSION, Store, onnx_runtime};
pub(crate) use report::Report;

use crate::ending;

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
    let data = DataFolder::at(data_folder(args.data.as_deref())?);
    Ok(install(&data, &args.from, report)?)
}

/// The data folder: `--data`, else `OMOTE_DATA`, else the system's place for a user's data.
///
/// Fails only where the system has no home folder and neither is given.
pub(crate) fn data_folder(option: Option<&Path>) -> anyhow::Result<PathBuf> {
    let found = DataFolder::find(option).map(|data| data.root().to_owned());
    found.context("no home folder found: give a data folder with --data DIR")
}
