//! The laboratory: what a frame costs, how long it is from light to light, and what became slower since.
//!
//! [`run`] measures the rows of `omote bench` and gives a [`report::Report`]; [`compare`] sets two of them side by side;
//! [`html`] makes a page of one; [`glass`] times a camera, the engine and a window together. What a run needs from the
//! program around it comes through [`Environment`]. The rest serves the programs of this package, which write the tables
//! of the documentation: [`scene`], [`stand_in`], [`page`], [`python`], [`regress`].

pub mod compare;
mod environment;
pub mod glass;
pub mod html;
pub mod machine;
mod measure;
mod noise;
pub mod page;
pub mod python;
pub mod regress;
mod rehearsal;
pub mod report;
pub mod scenario;
pub mod scene;
pub mod stand_in;
pub mod statistics;
#[cfg(test)]
mod tests;

use std::time::Instant;

pub use environment::Environment;
use measure::Extent;
use report::{Report, SCHEMA};
pub use scenario::Options;
use scenario::{Scenario, Stock};

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// A row is being prepared, or something in it that takes long.
    Preparing(&'a str),
    /// All rows are prepared; so many frames will be measured.
    Begun {
        /// Frames of all rows and rounds.
        frames: u64,
    },
    /// So many more frames were measured.
    Measured {
        /// Frames of a row's turn.
        frames: u64,
    },
    /// Nothing is left to measure.
    Over,
}

/// The rows that the options choose, without measuring them.
///
/// # Errors
/// An option that names what is not there, or nothing that is.
pub fn rows(environment: &dyn Environment, options: &Options) -> anyhow::Result<Vec<Scenario>> {
    scenario::wanted(&Stock::new(environment)?, &machine::adapters(), options)
}

/// Measures the rows that the options choose. A row that fails says so in the report and stops no other.
///
/// # Errors
/// As [`rows`], or a scene that can't be prepared.
pub fn run(
    environment: &dyn Environment,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> anyhow::Result<Report> {
    let start = Instant::now();
    let started = machine::started();
    let stock = Stock::new(environment)?;
    let adapters = machine::adapters();
    let scenarios = scenario::wanted(&stock, &adapters, options)?;
    let extent = Extent::new(options.quick, options.rounds);
    let (rows, noise) = measure::measure(&scenarios, &stock, extent, progress)?;
    Ok(Report {
        schema: SCHEMA,
        program: environment.program(),
        machine: machine::describe(),
        adapters,
        runtime: machine::runtime(&stock.runtime, environment.data()),
        started,
        seconds: start.elapsed().as_secs_f64(),
        quick: options.quick,
        rounds: extent.rounds,
        noise,
        rows,
    })
}
