//! What is depended on: that all of it is used, that its licences are allowed, and that nothing is known against it.

use crate::cargo;
use crate::steps::Steps;

/// Runs cargo-machete, and cargo-deny with the rules of `deny.toml`. Each is installed where it is missing.
pub(crate) fn run(steps: &mut Steps) {
    const UNUSED: &str = "unused dependencies";
    match installed("machete") {
        Ok(()) => drop(steps.run(UNUSED, &mut cargo(&["machete", "--skip-target-dir"]))),
        Err(why) => steps.skip(UNUSED, why),
    }
    const LICENCES: &str = "licences, sources";
    const ADVISORIES: &str = "advisories";
    if let Err(why) = installed("deny") {
        steps.skip(LICENCES, why.clone());
        return steps.skip(ADVISORIES, why);
    }
    steps.run(LICENCES, &mut cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"]));
    // Only the database of advisories is elsewhere than in the registry of crates.
    match cargo(&["deny", "fetch", "db"]).status() {
        Ok(status) if status.success() => {
            steps.run(ADVISORIES, &mut cargo(&["deny", "--locked", "check", "advisories"]));
        }
        _ => steps.skip(ADVISORIES, "their database (github.com/RustSec/advisory-db) can't be fetched"),
    }
}

/// Makes sure that cargo has a subcommand, which takes a few minutes the first time.
///
/// # Errors
/// Why there is none.
fn installed(subcommand: &str) -> Result<(), String> {
    if cargo(&[subcommand, "--version"]).output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let name = format!("cargo-{subcommand}");
    eprintln!("== {name} is not installed: installing it");
    match cargo(&["install", "--locked", &name]).status() {
        Ok(status) if status.success() => Ok(()),
        _ => Err(format!("{name} could not be installed (`cargo install --locked {name}`)")),
    }
}
