//! `cargo xtask install-obs`: the plugin into the user's folder of OBS.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::build;
use crate::root;

/// Builds the plugin and puts it where OBS looks for a user's plugins.
pub(crate) fn run(folder: Option<&Path>) -> anyhow::Result<()> {
    let folder = match folder {
        Some(folder) => folder.to_owned(),
        None => plugins_folder()?,
    };
    if !crate::data_folder().is_some_and(|data| data.join("models").is_dir()) {
        crate::setup(&["--release"], crate::packages::For::Program)?;
    }
    let built = build(&["--release"], "release")?;
    let at = put(&built, &folder)?;
    eprintln!("== installed into {}", at.display());
    eprintln!("   Restart OBS. Sources > + > Omote Camera, or a source's Filters > + > Omote Face Filter.");
    Ok(())
}

/// OBS's folder for a user's own plugins.
fn plugins_folder() -> anyhow::Result<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let found = if cfg!(windows) {
        from("ProgramData").map(|data| data.join("obs-studio/plugins"))
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support/obs-studio/plugins"))
    } else {
        let config = from("XDG_CONFIG_HOME").or_else(|| from("HOME").map(|home| home.join(".config")));
        config.map(|config| config.join("obs-studio/plugins"))
    };
    found.context("no home folder found: give the OBS plugin folder with --folder DIR")
}

/// Puts a built plugin and its data below `plugins`, in the layout of this system, and says where.
pub(crate) fn put(built: &Path, plugins: &Path) -> anyhow::Result<PathBuf> {
    ensure!(built.exists(), "{} was not built", built.display());
    let tree = Tree::for_system(std::env::consts::OS)?;
    tree.put(built, plugins)?;
    Ok(plugins.join(tree.folder))
}

/// The symbol through which tests make a plugin fail: no plugin that is handed on may have it.
const FAULTS: &[u8] = b"omote_faults";

/// How OBS wants a plugin's files on one system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tree {
    /// The plugin's folder.
    pub(crate) folder: &'static str,
    /// Its library below that.
    pub(crate) binary: &'static str,
    /// The folder of its data below that.
    pub(crate) data: &'static str,
}

impl Tree {
    /// The layout of a system, by Rust's name for it.
    pub(crate) fn for_system(system: &str) -> anyhow::Result<Self> {
        Ok(match system {
            "linux" => Self { folder: "omote", binary: "bin/64bit/omote.so", data: "data" },
            "windows" => Self { folder: "omote", binary: "bin/64bit/omote.dll", data: "data" },
            "macos" => {
                Self { folder: "omote.plugin", binary: "Contents/MacOS/omote", data: "Contents/Resources" }
            }
            other => bail!("there is no OBS plugin layout for {other}"),
        })
    }

    /// Writes library and data below `plugins`. A library that is in use is replaced, not written into.
    pub(crate) fn put(self, built: &Path, plugins: &Path) -> anyhow::Result<()> {
        let library = fs::read(built).with_context(|| format!("can't read {}", built.display()))?;
        let told_to_fail = library.windows(FAULTS.len()).any(|bytes| bytes == FAULTS);
        ensure!(!told_to_fail, "{} is built with the feature `faults`, for tests only", built.display());
        let home = plugins.join(self.folder);
        let binary = home.join(self.binary);
        let folder = binary.parent().context("a layout without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        let fresh = folder.join(".omote-new");
        fs::write(&fresh, &library).with_context(|| format!("can't write {}", fresh.display()))?;
        fs::rename(&fresh, &binary).with_context(|| format!("can't write {}", binary.display()))?;
        copy_all(&root().join("plugin/data"), &home.join(self.data))?;
        if self.folder.ends_with(".plugin") {
            let version = env!("CARGO_PKG_VERSION");
            fs::write(home.join("Contents/Info.plist"), info_plist(version))?;
        }
        Ok(())
    }
}

fn info_plist(version: &str) -> String {
    let entries = [
        ("CFBundleExecutable", "omote"),
        ("CFBundleIdentifier", "video.omote.obs"),
        ("CFBundleName", "Omote"),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
    ];
    let rows: String =
        entries.iter().map(|(k, v)| format!("  <key>{k}</key><string>{v}</string>\n")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n{rows}</dict>\n\
         </plist>\n"
    )
}

/// Copies a folder with everything in it.
pub(crate) fn copy_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to).with_context(|| format!("can't make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("can't read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("can't write {}", target.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_s_tree_is_as_obs_wants_it() {
        let scratch = std::env::temp_dir().join(format!("omote-tree-{}", std::process::id()));
        let built = scratch.join("built");
        fs::create_dir_all(&scratch).unwrap();
        fs::write(&built, b"library").unwrap();
        for (system, files) in [
            ("linux", ["omote/bin/64bit/omote.so", "omote/data/locale/en-US.ini"].as_slice()),
            ("windows", &["omote/bin/64bit/omote.dll", "omote/data/locale/en-US.ini"]),
            (
                "macos",
                &[
                    "omote.plugin/Contents/MacOS/omote",
                    "omote.plugin/Contents/Resources/locale/en-US.ini",
                    "omote.plugin/Contents/Info.plist",
                ],
            ),
        ] {
            let plugins = scratch.join(system);
            Tree::for_system(system).unwrap().put(&built, &plugins).unwrap();
            // Over an older one, too.
            Tree::for_system(system).unwrap().put(&built, &plugins).unwrap();
            for file in files {
                assert!(plugins.join(file).is_file(), "{file}");
            }
        }
        assert!(Tree::for_system("plan9").is_err());
        fs::write(&built, b"library with omote_faults inside").unwrap();
        let refused = Tree::for_system("linux").unwrap().put(&built, &scratch.join("no")).unwrap_err();
        assert!(refused.to_string().contains("faults"), "{refused}");
        assert!(!scratch.join("no").exists());
        fs::remove_dir_all(&scratch).unwrap();
    }
}
