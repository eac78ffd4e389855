//! Why a model is refused.

use super::contract::Family;
use crate::infer::{GraphError, InferError};

/// Why a model file is not taken, or does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file is damaged or dangerous.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The network does not load or run.
    #[error(transparent)]
    Infer(#[from] InferError),
    /// An input or output is not what the family's models have.
    #[error("{node} has shape {found}, {family} expects {expected}: {file}")]
    Shape {
        /// The input or output.
        node: String,
        /// The family.
        family: String,
        /// What was expected.
        expected: String,
        /// What was found, `?` for what is left open.
        found: String,
        /// The file.
        file: String,
    },
    /// The matrix is missing by which the recogniser's vector becomes the model's own.
    #[error(
        "the matrix buff2fs (512 x 512) is missing (found {found}); a copy that was \"optimised\" or simplified loses it: \
         take the original file: {file}"
    )]
    NoMatrix {
        /// Which unused matrices there are.
        found: String,
        /// The file.
        file: String,
    },
    /// Several families look like this.
    #[error("this can be a model of {choices}; say which with --family: {file}")]
    Ambiguous {
        /// The families.
        choices: String,
        /// The file.
        file: String,
    },
    /// The graph is none of a family that is known.
    #[error(
        "no face-swap model that Omote knows has inputs {inputs} and outputs {outputs}; a file of the same name that \
         ends in .toml can describe it (docs/models.md): {file}"
    )]
    Unknown {
        /// The inputs with shapes.
        inputs: String,
        /// The outputs with shapes.
        outputs: String,
        /// The file.
        file: String,
    },
    /// The side-car file is wrong.
    #[error("the description beside the model is wrong ({reason}): {file}")]
    SideCar {
        /// What does not fit.
        reason: String,
        /// The side-car file.
        file: String,
    },
    /// It gives the same colour everywhere.
    #[error(
        "{node} is one flat colour ({value:.3}) for any face: the file is damaged, or does not run in this precision on \
         this device: {file}"
    )]
    Flat {
        /// The output.
        node: String,
        /// Its value.
        value: f32,
        /// The file.
        file: String,
    },
    /// Its values are not those of pictures.
    #[error("{node} gives values from {low:.2} to {high:.2}, expected {expected}: {file}")]
    Values {
        /// The output.
        node: String,
        /// The least value.
        low: f32,
        /// The greatest value.
        high: f32,
        /// What was expected.
        expected: String,
        /// The file.
        file: String,
    },
    /// Whose face it is to show is not known.
    #[error("{} needs {what}", family.name())]
    Needs {
        /// The family.
        family: Family,
        /// What it needs, and how to get it.
        what: String,
    },
    /// The picture has no face where one should be.
    #[error("the landmarks are no face: {what}")]
    NoFace {
        /// Of what.
        what: &'static str,
    },
}
