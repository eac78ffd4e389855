//! `omote persona new | list | show | check`, and finding a persona by name.

mod new;
#[cfg(test)]
mod tests;
mod vector;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use omote_engine::persona::{Class, ColourTransfer, Date, Persona, PersonaError};
use omote_engine::persona::{FindFaces, FindVector, folder, today};
use omote_kit::personas::{faces, own_packages, resolve};
use omote_masks::built_in;

use crate::setup;
use new::{NewArgs, photos};
use vector::Recognising;

/// Options of `omote persona`.
#[derive(Args, Debug)]
pub(crate) struct PersonaArgs {
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: PersonaCommand,
}

#[derive(Debug, Subcommand)]
enum PersonaCommand {
    /// Create a persona from a photo of one face
    New(Box<NewArgs>),
    /// List the built-in personas and your own
    List,
    /// Show the record of a persona
    Show {
        /// Name of a persona, or a path
        persona: String,
    },
    /// Check whether a persona can be worn today, and if not, why
    Check {
        /// Name of a persona, or a path
        persona: String,
    },
}

/// Runs the command. Success means: made, listed, shown, or found fit to be worn.
pub(crate) fn run(args: &PersonaArgs) -> anyhow::Result<ExitCode> {
    let data = setup::data_folder(args.data.as_deref())?;
    let find: FindFaces<'_> = &|photo| faces(photo, &data);
    let recogniser = match args.command {
        PersonaCommand::New(_) => Recognising::open(&data)?,
        _ => None,
    };
    match recogniser {
        Some(recogniser) => run_with(args, find, Some(&|photo, face| recogniser.vector(photo, face))),
        None => run_with(args, find, None),
    }
}

fn run_with(
    args: &PersonaArgs,
    find: FindFaces<'_>,
    vector: Option<FindVector<'_>>,
) -> anyhow::Result<ExitCode> {
    let data = setup::data_folder(args.data.as_deref())?;
    let today = today();
    let mut out = crate::console::out();
    match &args.command {
        PersonaCommand::New(new) => {
            new.run(&folder(&data), today, find, vector, &mut crate::console::report())?
        }
        PersonaCommand::List => list(&data, today, &mut out)?,
        PersonaCommand::Show { persona } => print_persona(&resolve(persona, &data, today)?, &mut out)?,
        PersonaCommand::Check { persona } => {
            let persona = resolve(persona, &data, today)?;
            let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
            writeln!(out, "{} can be worn{until}", persona.name())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(data: &Path, today: Date, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut line = |name: &str, loaded: Result<Persona, PersonaError>, place: &str| match loaded {
        Ok(persona) => {
            let class = persona.class().kind().name();
            let until = persona.class().expires().map_or(String::new(), |day| format!(", until {day}"));
            writeln!(out, "{name:<20} {class:<10} {} ({place}{until})", persona.title())
        }
        Err(error) => writeln!(out, "{name:<20} {:<10} {error} ({place})", "REFUSED"),
    };
    for name in built_in::names() {
        if let Some(loaded) = built_in::load(name, today) {
            line(name, loaded, "built in")?;
        }
    }
    let own = own_packages(data);
    for (name, path) in &own {
        line(name, Persona::load(path, today), "your own")?;
    }
    if own.is_empty() {
        writeln!(out, "none of your own yet; `omote persona new PHOTO --class … --name …` creates one")?;
    }
    Ok(())
}

fn print_persona(persona: &Persona, out: &mut dyn Write) -> anyhow::Result<()> {
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
            line("valid until", &consent.expires.to_string())?;
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
    line("credit", persona.credit().unwrap_or("none requested"))?;
    line("tone", if persona.colour_transfer() == ColourTransfer::Keep { "keep" } else { "match" })?;
    let picture = persona.picture();
    line("picture", &format!("{}x{}", picture.width(), picture.height()))?;
    line("points", &persona.landmarks().len().to_string())?;
    for vector in persona.vectors() {
        let recogniser: String = vector.recogniser.chars().take(8).collect();
        line("vectors", &format!("{}, recogniser {recogniser}…", photos(vector.photos)))?;
    }
    line("id", persona.id())?;
    writeln!(out, "Omote can't check that this is true. Whoever made the package is responsible for it.")?;
    Ok(())
}
