//! The networks that we train ourselves: that their training still learns, and that each is as good as its card says. It
//! takes the training pack, PyTorch and ONNX Runtime's Python package, none of which users need.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::packages::{self, For};
use crate::steps::Steps;
use crate::{root, target_folder};

const STEP: &str = "own networks";
/// Debian's Python: its packages belong to no other.
pub(crate) const PYTHON: &str = "/usr/bin/python3";
/// What Debian has no package of, pinned as in engine/networks/requirements.txt: module and package.
const FROM_PYPI: [(&str, &str); 2] = [("onnxruntime", "onnxruntime==1.20.1"), ("onnx", "onnx==1.17.0")];

/// Runs the checks as one step. Where the pack or a package is missing it says so.
pub(crate) fn run(steps: &mut Steps) {
    let pack = root().join("../shared/training");
    if !pack.is_dir() {
        return steps.skip(
            STEP,
            "there is no ../shared/training beside the checkout: the tests have run Veil on the built-in actor, its training and \
             its figures on portraits were not checked",
        );
    }
    packages::install(For::Networks);
    if !packages::torch() {
        return steps.skip(
            STEP,
            "python3-torch and python3-opencv are not installed (`cargo xtask networks` installs them)",
        );
    }
    steps.check(STEP, || {
        let folder = target_folder().map_err(|e| format!("{e:#}"))?.join("networks");
        let python = environment(&folder)?;
        let cache = folder.join("veil");
        if !cache.join("hands.test.npy").is_file() {
            veil(&python, &cache, &["data", "--small", "--pack"], Some(&pack))?;
        }
        veil(&python, &cache, &["check"], None)?;
        Ok("training learns, and the network is as good as its card says".into())
    });
}

/// A Python that knows Debian's packages and PyPI's; made once.
fn environment(folder: &Path) -> Result<PathBuf, String> {
    let python = folder.join("python/bin/python");
    let has = |module: &str| {
        let asked = Command::new(&python).args(["-c", &format!("import {module}")]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    if FROM_PYPI.iter().any(|(module, _)| !has(module)) {
        let home = folder.join("python");
        done(Command::new(PYTHON).args(["-m", "venv", "--system-site-packages"]).arg(&home))?;
        let packages = FROM_PYPI.map(|(_, package)| package);
        done(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    }
    Ok(python)
}

fn veil(python: &Path, cache: &Path, words: &[&str], last: Option<&Path>) -> Result<(), String> {
    let mut command = Command::new(python);
    command.args(["-m", "veil", "--cache"]).arg(cache).args(words).args(last);
    // One drawing process gains nothing from threads.
    command.env("OPENBLAS_NUM_THREADS", "1").env("OMP_NUM_THREADS", "1");
    done(command.current_dir(root().join("engine/networks")))
}

/// Runs a command to its end; the error names it.
fn done(command: &mut Command) -> Result<(), String> {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let name = format!("{} {}", command.get_program().to_string_lossy(), words.join(" "));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` failed, {status}: see above")),
        Err(error) => Err(format!("`{name}` can't be run: {error}")),
    }
}
