//! The program `omote`.

mod demo_cmd;
mod doctor;
mod persona_cmd;
mod run_cmd;
mod setup;
mod track_cmd;
mod wardrobe;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "omote", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put a persona on the faces of a video, a clip, a picture or the built-in actor, into a file
    Run(Box<run_cmd::RunArgs>),
    /// The faces of a clip or of pictures as numbers: 478 points each
    Track(track_cmd::TrackArgs),
    /// The built-in actor wears a mask: a clip, a contact sheet and a latency table
    Demo(demo_cmd::DemoArgs),
    /// Obtain the face networks and ONNX Runtime, pinned by SHA-256, and convert the networks
    Setup(setup::SetupArgs),
    /// Say what was found, what is missing, and how to get it
    Doctor(doctor::DoctorArgs),
    /// Make, list, show and check personas
    Persona(persona_cmd::PersonaArgs),
}

fn main() -> ExitCode {
    // Drivers that are not there make noise in the GPU library's log; what matters comes back as errors.
    let quiet = "warn,wgpu_hal=off,wgpu_core=error,naga=error";
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(quiet)).init();
    let result = match Cli::parse().command {
        Command::Run(args) => run_cmd::run(&args, |_, _| ()).and_then(|stats| {
            stats.table(&mut std::io::stdout().lock())?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Track(args) => track_cmd::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo_cmd::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Setup(args) => setup::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Persona(args) => wardrobe::with_built_ins(|built_ins| persona_cmd::run(&args, built_ins)),
        Command::Doctor(args) => doctor::run(&args),
    };
    result.unwrap_or_else(|error| {
        // With standard error closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::from(wardrobe::exit_code(&error))
    })
}
