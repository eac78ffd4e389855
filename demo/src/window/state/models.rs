//! The user's swap models, and what is asked about them.

use std::path::{Path, PathBuf};

/// Endings of files that may be models.
pub(crate) const MODEL_ENDINGS: [&str; 2] = ["onnx", "dfm"];

/// A swap model of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SwapModel {
    /// Its name.
    pub(crate) name: String,
    /// Its best time, such as "9.1 ms on CUDA".
    pub(crate) time: String,
    /// What it is, all its times, its licence.
    pub(crate) line: String,
    /// Why it can't be used.
    pub(crate) fault: Option<String>,
    /// Its file, as an absolute path.
    pub(crate) path: PathBuf,
    /// A face is built in: the persona worn makes no difference.
    pub(crate) built_in: bool,
}

/// What stands before the window on a model's account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ModelDialog {
    /// A file was refused: which, and why.
    Refused(String, String),
    /// A face is built into a file: the persona that says whose.
    Whose(PathBuf, Option<String>),
}

/// The models.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SwapModels {
    /// Those that swap faces, in the order in which they came.
    pub(crate) listed: Vec<SwapModel>,
    /// Whether the list was read.
    pub(crate) known: bool,
    /// The name of the file that is being tested.
    pub(crate) testing: Option<String>,
    /// What is asked or told.
    pub(crate) dialog: Option<ModelDialog>,
}

impl SwapModels {
    /// The one of this name, or of this path.
    pub(crate) fn named(&self, name: &str) -> Option<&SwapModel> {
        let path = std::path::absolute(name).ok();
        self.listed.iter().find(|l| l.name == name || Some(&l.path) == path.as_ref())
    }

    /// The name of the model after `now`, of those that can be used; after the last comes none, which is an empty name.
    /// Nothing where no model can be used.
    pub(crate) fn after(&self, now: &str) -> Option<String> {
        let usable = self.listed.iter().filter(|model| model.fault.is_none());
        let names: Vec<&str> = usable.map(|model| model.name.as_str()).collect();
        let after = names.iter().position(|name| *name == now).map_or(0, |at| at + 1);
        (!names.is_empty()).then(|| names.get(after).copied().unwrap_or_default().to_owned())
    }
}

/// Whether a file's name is a model's.
pub(crate) fn is_model(path: &Path) -> bool {
    MODEL_ENDINGS.contains(&ending(path).as_str())
}

/// Whether a file is sure to have a face built in, by its name.
pub(crate) fn has_face_built_in(path: &Path) -> bool {
    ending(path) == "dfm"
}

fn ending(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_models_are_known_by_their_ending() {
        assert!(["x.onnx", "a/B.DFM"].iter().all(|path| is_model(Path::new(path))));
        assert!(["x.png", "onnx", "x.onnx.part"].iter().all(|path| !is_model(Path::new(path))));
    }

    #[test]
    fn after_the_last_comes_none_and_then_the_first() {
        let model = |name: &str, fault: Option<&str>| SwapModel {
            name: name.to_owned(),
            fault: fault.map(str::to_owned),
            ..SwapModel::default()
        };
        let listed = vec![model("a", None), model("gone", Some("no file")), model("b", None)];
        let models = SwapModels { listed, ..SwapModels::default() };
        let after = ["", "a", "b", "gone"].map(|now| models.after(now).unwrap());
        assert_eq!(after, ["a", "b", "", "a"]);
        assert_eq!(SwapModels::default().after("a"), None);
    }
}
