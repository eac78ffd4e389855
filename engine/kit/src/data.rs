//! The data folder: networks, ONNX Runtime, personas, and the list of swap models.

use omote_engine::infer::models;
use omote_engine::persona;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where Omote's files are.
///
/// Most lie in the user's own folder. Networks may come with the program instead: see [`DataFolder::or_beside`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder {
    root: PathBuf,
    networks: PathBuf,
}

impl DataFolder {
    /// The folder at `root`, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { networks: root.clone(), root }
    }

    /// The folder at `named`, else at what `OMOTE_DATA` names, else in the system's place for a user's data. None where
    /// the system has no home folder and neither is given.
    #[must_use]
    pub fn find(named: Option<&Path>) -> Option<Self> {
        named.map(Path::to_owned).or_else(models::data_dir).map(Self::at)
    }

    /// The same, with the networks of `beside`, a folder that came with the program: where set-up has not been run, and
    /// `OMOTE_DATA` does not say where to look.
    #[must_use]
    pub fn or_beside(self, beside: Option<PathBuf>) -> Self {
        let variable = std::env::var_os(models::DATA_VARIABLE);
        self.or_beside_unless(variable.as_deref(), beside)
    }

    fn or_beside_unless(self, variable: Option<&OsStr>, beside: Option<PathBuf>) -> Self {
        let named = variable.is_some_and(|folder| !folder.is_empty());
        if named || self.network_folder().is_dir() {
            return self;
        }
        match beside.filter(|beside| models::models_dir(beside).is_dir()) {
            Some(networks) => Self { networks, ..self },
            None => self,
        }
    }

    /// The folder itself: that of the user's own things.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the face networks.
    #[must_use]
    pub fn network_folder(&self) -> PathBuf {
        models::models_dir(&self.networks)
    }

    /// The data folder that the networks are in: this one, or the one beside the program.
    #[must_use]
    pub fn networks(&self) -> &Path {
        &self.networks
    }

    /// The ONNX Runtime library that set-up has put there; None where it has not.
    #[must_use]
    pub fn library(&self) -> Option<PathBuf> {
        models::library(&self.networks)
    }

    /// Where providers keep engines that take long to build.
    #[must_use]
    pub fn engines(&self) -> PathBuf {
        self.root.join("engines")
    }

    /// The folder of the user's own personas.
    #[must_use]
    pub fn personas(&self) -> PathBuf {
        persona::folder(&self.root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_named_goes_first() {
        let named = Path::new("/somewhere/else");
        assert_eq!(DataFolder::find(Some(named)), Some(DataFolder::at(named)));
        assert_eq!(DataFolder::at("/x").personas(), Path::new("/x").join("personas"));
    }

    #[test]
    fn networks_beside_the_program_serve_where_set_up_was_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let (user, beside) = (folder.path().join("user"), folder.path().join("beside"));
        let found = |variable: &str, beside: &Path| {
            let data = DataFolder::at(&user);
            data.or_beside_unless(Some(variable.as_ref()), Some(beside.to_owned())).networks().to_owned()
        };
        // Neither has any.
        assert_eq!(found("", &beside), user);
        fs::create_dir_all(beside.join("models")).unwrap();
        assert_eq!(found("", &beside), beside);
        assert_eq!(found("/named", &beside), user, "the variable is obeyed");
        let data = DataFolder::at(&user).or_beside_unless(None, Some(beside.clone()));
        assert_eq!((data.root(), data.engines()), (user.as_path(), user.join("engines")));
        fs::create_dir_all(user.join("models")).unwrap();
        assert_eq!(found("", &beside), user, "the user's own are newer");
    }
}
