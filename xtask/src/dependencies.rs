//! What is depended on: that all of it is used, that its licences are allowed, and that nothing is known against it.

use crate::cargo;
use crate::steps::Steps;

/// Runs cargo-machete, and cargo-deny with the rules of `deny.toml`. Each is installed where it is missing.
pub(crate) fn run(steps: &mut Steps) {
    const UNUSED: &str = "unused dependencies";
    match installed("machete") {
        Ok(()) => steps.check(UNUSED, unused),
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

/// Looks through the folders of the workspace's crates and nothing else: whatever lies beside them, and which files git
/// is told to ignore, differs from machine to machine.
fn unused() -> Result<String, String> {
    const FOLDERS: [&str; 6] = ["benches", "demo", "engine", "plugin", "shaders", "xtask"];
    let output = cargo(&["machete", "--no-ignore", "--skip-target-dir"])
        .args(FOLDERS)
        // Set by the `cargo run` that we are in, it would be taken for a sign that cargo did not call it.
        .env_remove("CARGO_PKG_NAME")
        .output()
        .map_err(|error| error.to_string())?;
    let found =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    if output.status.success() {
        return Ok(String::new());
    }
    Err(format!("{}:\n{}", output.status, found.trim()))
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
