//! Where the plugin finds networks, ONNX Runtime and personas.

use crate::text;
use omote_engine::infer::models;
use std::path::PathBuf;

/// The user's data folder, which the program `omote` uses too.
pub(crate) fn user_data() -> PathBuf {
    models::data_dir().unwrap_or_default()
}

/// The folder with networks and ONNX Runtime: the user's where set-up has been run, else the plugin's own.
pub(crate) fn networks() -> PathBuf {
    let user = user_data();
    let named = std::env::var_os(models::DATA_VARIABLE).is_some_and(|v| !v.is_empty());
    if named || models::models_dir(&user).is_dir() {
        return user;
    }
    text::module_data().filter(|own| models::models_dir(own).is_dir()).unwrap_or(user)
}
