//! Where the plugin finds networks, ONNX Runtime and personas.

use crate::text;
use omote_kit::data::DataFolder;

/// The user's data folder, which the program `omote` uses too. Networks and ONNX Runtime are the plugin's own where set-up
/// has not been run.
pub(crate) fn data() -> DataFolder {
    DataFolder::find(None).unwrap_or_else(|| DataFolder::at("")).or_beside(text::module_data())
}
