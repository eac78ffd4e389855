//! Writes a small network that looks like a swap model's, for tests that need one in a file:
//!
//! `stand_in FAMILY FILE`
//!
//! FAMILY is the name of a [`StandIn`]: `hyperswap_256`, `recogniser` and so on; a wrong one gets the list.

#![expect(clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use omote_engine::infer::stand_in::StandIn;

fn write() -> Result<(), String> {
    let mut words = std::env::args().skip(1);
    let (Some(family), Some(file), None) = (words.next(), words.next(), words.next()) else {
        return Err("two words are wanted: stand_in FAMILY FILE".to_owned());
    };
    let all = StandIn::all();
    let Some(network) = all.iter().find(|network| network.name == family) else {
        let names: Vec<&str> = all.iter().map(|network| network.name).collect();
        return Err(format!("{family} is none of {}", names.join(", ")));
    };
    std::fs::write(&file, network.bytes()).map_err(|error| format!("can't write {file}: {error}"))
}

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
