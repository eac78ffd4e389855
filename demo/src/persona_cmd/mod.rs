//! `omote persona new | list | show | check`, and finding a persona by name.

mod find;
mod new;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::{Args, Subcommand};
use omote_engine::error::{Error, ErrorKind, Stage};
use omote_engine::persona::{Class, Date, Persona, PersonaError, Picture, Tone};
use omote_engine::space::MeshPoint;

use crate::setup;
pub(crate) use find::faces;
use new::NewArgs;
pub(crate) use new::{Making, OWN_FACE};

/// Finds the faces of a photo: the mesh points of each, in the photo's pixels.
pub(crate) type FindFaces<'a> = &'a dyn Fn(&Picture) -> anyhow::Result<Vec<Vec<MeshPoint>>>;

/// Makes the built-in persona of a name, for use on a day; `None` for names that are not built in.
pub(crate) type LoadBuiltIn<'a> = &'a dyn Fn(&str, Date) -> Option<Result<Persona, PersonaError>>;

/// The personas that the program carries in itself.
pub(crate) struct BuiltIns<'a> {
    /// Their names.
    pub(crate) names: &'a [&'a str],
    /// Makes one of them.
    pub(crate) load: LoadBuiltIn<'a>,
}

/// Options of `omote persona`.
#[derive(Args, Debug)]
pub(crate) struct PersonaArgs {
    /// Data folder [default: OMOTE_DATA, else the system's place for a user's data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: PersonaCommand,
}

#[derive(Debug, Subcommand)]
enum PersonaCommand {
    /// Make a persona from a photo of one face
    New(Box<NewArgs>),
    /// List the personas built in and your own
    List,
    /// Show what a persona says of itself
    Show {
        /// Name of a persona, or a path to one
        persona: String,
    },
    /// Say whether a persona can be worn today, and if not, why
    Check {
        /// Name of a persona, or a path to one
        persona: String,
    },
}

/// Runs the command. Success means: made, listed, shown, or found fit to be worn.
pub(crate) fn run(args: &PersonaArgs, built_ins: &BuiltIns<'_>) -> anyhow::Result<ExitCode> {
    let data = setup::data_folder(args.data.as_deref())?;
    run_with(args, built_ins, &|photo| faces(photo, &data))
}

fn run_with(args: &PersonaArgs, built_ins: &BuiltIns<'_>, find: FindFaces<'_>) -> anyhow::Result<ExitCode> {
    let data = setup::data_folder(args.data.as_deref())?;
    let today = today();
    let mut out = std::io::stdout().lock();
    match &args.command {
        PersonaCommand::New(new) => new.run(&folder(&data), today, find, &mut out)?,
        PersonaCommand::List => list(&data, today, built_ins, &mut out)?,
        PersonaCommand::Show { persona } => show(&resolve(persona, &data, today, built_ins)?, &mut out)?,
        PersonaCommand::Check { persona } => {
            let persona = resolve(persona, &data, today, built_ins)?;
            let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
            writeln!(out, "{} can be worn{until}", persona.name())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Today in UTC, by the system's clock.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix(since.as_secs())
}

/// Where the user's own personas are.
pub(crate) fn folder(data: &Path) -> PathBuf {
    data.join("personas")
}

/// The persona that is meant by `name`: a path to a package, one of the user's own, or one that is built in.
pub(crate) fn resolve(
    name: &str,
    data: &Path,
    today: Date,
    built_ins: &BuiltIns<'_>,
) -> anyhow::Result<Persona> {
    let refused = || format!("the persona {name} can't be worn");
    let own = [folder(data).join(format!("{name}.omote")), folder(data).join(name)];
    let plain = Path::new(name).components().count() == 1 && !name.starts_with('.');
    if let Some(path) = own.iter().find(|path| plain && path.exists()) {
        return Persona::load(path, today).with_context(refused);
    }
    if let Some(loaded) = (built_ins.load)(name, today) {
        return loaded.with_context(refused);
    }
    if Path::new(name).exists() {
        return Persona::load(Path::new(name), today).with_context(refused);
    }
    let message = format!(
        "there is no persona {name}: `omote persona list` shows those that are there; built in are {}",
        built_ins.names.join(", ")
    );
    Err(Error::new(ErrorKind::Missing, Stage::Persona, message).into())
}

/// The user's own packages, by name.
pub(crate) fn own_packages(data: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(folder(data)) else { return Vec::new() };
    let mut own: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let archive = path.extension().is_some_and(|extension| extension == "omote");
            let name = if archive { path.file_stem()? } else { path.file_name()? }.to_str()?.to_owned();
            let package = archive || path.join("persona.toml").exists();
            (package && !name.starts_with('.')).then_some((name, path))
        })
        .collect();
    own.sort();
    own
}

fn list(data: &Path, today: Date, built_ins: &BuiltIns<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut line = |name: &str, loaded: Result<Persona, PersonaError>, place: &str| match loaded {
        Ok(persona) => {
            let class = persona.class().kind().name();
            let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
            writeln!(out, "{name:<20} {class:<10} {} ({place}{until})", persona.title())
        }
        Err(error) => writeln!(out, "{name:<20} {:<10} {error} ({place})", "REFUSED"),
    };
    for name in built_ins.names {
        if let Some(loaded) = (built_ins.load)(name, today) {
            line(name, loaded, "built in")?;
        }
    }
    let own = own_packages(data);
    for (name, path) in &own {
        line(name, Persona::load(path, today), "your own")?;
    }
    if own.is_empty() {
        writeln!(out, "none of your own yet: omote persona new PHOTO --class … --name … makes one")?;
    }
    Ok(())
}

fn show(persona: &Persona, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut line = |key: &str, value: &str| writeln!(out, "{key:<12} {value}");
    line("name", persona.name())?;
    line("title", persona.title())?;
    line("class", persona.class().kind().name())?;
    match persona.class() {
        Class::Oneself { statement } => line("statement", statement)?,
        Class::Consented(consent) => {
            line("consent by", &consent.grantor)?;
            line("statement", &consent.statement)?;
            line("given on", &consent.date.to_string())?;
            line("holds until", &consent.expires.to_string())?;
            line("evidence", &consent.evidence)?;
            line("revocation", &consent.contact_for_revocation)?;
        }
        Class::Licensed { licence, source } => {
            line("under", licence)?;
            line("source", source)?;
        }
        Class::Fictional { how } => line("made", how)?,
        Class::Historic { died, source } => {
            line("died", &died.to_string())?;
            line("source", source)?;
        }
        _ => {}
    }
    line("licence", persona.licence())?;
    line("uses", &persona.uses().join(", "))?;
    line("created", &persona.created().to_string())?;
    line("credit", persona.credit().unwrap_or("none asked"))?;
    line("tone", if persona.tone() == Tone::Keep { "keep" } else { "match" })?;
    let picture = persona.picture();
    line("picture", &format!("{}x{}", picture.width(), picture.height()))?;
    line("points", &persona.landmarks().len().to_string())?;
    line("id", persona.id())?;
    writeln!(out, "Omote can't check that this is true. Whoever made the package answers for it.")?;
    Ok(())
}
