//! `omote recordings`: what a crash left of recordings.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use omote_kit::in_one_line;

use crate::{ending, left_over, setup};

/// Options of `omote recordings`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecordingsArgs {
    /// Complete what was left behind and give it its intended name
    #[arg(long, conflicts_with = "discard")]
    keep: bool,
    /// Delete what was left behind
    #[arg(long)]
    discard: bool,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &RecordingsArgs) -> anyhow::Result<ExitCode> {
    let found = left_over::find(&setup::data_folder(args.data.as_deref())?);
    let mut lines = Vec::new();
    let mut failed = false;
    for one in &found {
        let done = match (args.keep && one.rest.is_some(), args.discard) {
            (true, _) => one.keep().map(|place| format!("{}: {}", place.display(), one.amount())),
            (_, true) => one.discard().map(|()| format!("deleted {}", one.working.display())),
            _ => Ok(one.line()),
        };
        lines.push(done.unwrap_or_else(|error| {
            failed = true;
            in_one_line(error.as_ref())
        }));
    }
    if found.is_empty() {
        lines.push("nothing was left behind".to_owned());
    } else if !args.keep && !args.discard {
        lines.push("--keep completes it under its intended name, --discard deletes it".to_owned());
    }
    ending::print(&mut std::io::stdout().lock(), |out| {
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    })?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
