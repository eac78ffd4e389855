//! The program `omote`.

mod doctor;
mod setup;

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
    /// Obtain the face networks and ONNX Runtime, pinned by SHA-256, and convert the networks
    Setup(setup::SetupArgs),
    /// Say what was found, what is missing, and how to get it
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    env_logger::init();
    let result = match Cli::parse().command {
        Command::Setup(args) => setup::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Doctor(args) => doctor::run(&args, |_| Vec::new()),
    };
    result.unwrap_or_else(|error| {
        // With standard error closed there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}
