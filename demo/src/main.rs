//! The program `omote`.

mod bench_cmd;
mod cameras_cmd;
mod console;
mod demo_cmd;
mod doctor;
mod ending;
mod left_over;
mod live_cmd;
mod models_cmd;
mod persona_cmd;
mod recordings_cmd;
mod run_cmd;
mod setup;
mod track_cmd;
mod wardrobe;
mod wear_args;
mod window;

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

#[derive(Parser)]
#[command(name = "omote", version, about, after_help = "Without a command, the window opens.")]
#[command(args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    window: window::WindowOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Put a persona on the faces in a video, a picture or a folder of pictures and write the result to a file
    Run(Box<run_cmd::RunArgs>),
    /// Put a persona on your face live, from a camera to a window and a virtual camera
    Live(Box<live_cmd::LiveArgs>),
    /// List, keep or discard recordings that a crash left unfinished
    Recordings(recordings_cmd::RecordingsArgs),
    /// Write the faces of a video or of pictures as JSON, with 478 points each
    Track(track_cmd::TrackArgs),
    /// Show the built-in actor wearing a mask: a clip, a contact sheet and a table of latencies
    Demo(demo_cmd::DemoArgs),
    /// List cameras, their modes and the programs that use them; measure their real frame rates
    Cameras(cameras_cmd::CamerasArgs),
    /// Download the face networks and ONNX Runtime, pinned by SHA-256, and convert the networks
    Setup(setup::SetupArgs),
    /// Check the installation: what was found, what is missing, and how to get it
    Doctor(doctor::DoctorArgs),
    /// Create, list, show and check personas
    Persona(persona_cmd::PersonaArgs),
    /// Test, benchmark, add and list your swap models
    Models(models_cmd::ModelsArgs),
    /// Measure what a frame costs on this machine, and compare two runs
    Bench(bench_cmd::BenchArgs),
}

fn main() -> ExitCode {
    console::log();
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // Whether an option of a subcommand was typed, as against its default.
    let typed = |id: &str| {
        let options = matches.subcommand().map(|(_, options)| options);
        options.is_some_and(|o| o.value_source(id) == Some(ValueSource::CommandLine))
    };
    let Some(command) = cli.command else { return console::end(window::run(cli.window)) };
    let result = match command {
        Command::Run(args) => run_cmd::run(&args, None).and_then(|stats| {
            ending::print(&mut std::io::stdout().lock(), |out| stats.table(out))?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Live(args) => live_cmd::run(&args, &typed),
        Command::Recordings(args) => recordings_cmd::run(&args),
        Command::Track(args) => track_cmd::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Demo(args) => demo_cmd::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Cameras(args) => cameras_cmd::run(&args),
        Command::Setup(args) => setup::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Persona(args) => persona_cmd::run(&args),
        Command::Models(args) => models_cmd::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Bench(args) => bench_cmd::run(&args),
    };
    console::end(result)
}
