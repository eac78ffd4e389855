//! Fetching a pinned wheel with the user's own pip, so that proxies and mirrors set there apply.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use omote_engine::source::child;

use super::Progress;
use super::pins::Wheel;
use super::problem::{Problem, pip_remedy};

/// The ways to call pip, in the order they are tried.
const CANDIDATES: [&[&str]; 5] =
    [&["python3", "-m", "pip"], &["pip3"], &["pip"], &["python", "-m", "pip"], &["py", "-m", "pip"]];

/// How often the size of a download is looked at.
const POLL: Duration = Duration::from_millis(100);

/// A pip that answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pip(&'static [&'static str]);

impl Pip {
    /// The first way to call pip that works here.
    pub(crate) fn find() -> Option<Self> {
        CANDIDATES.iter().copied().map(Pip).find(|pip| {
            let tried = pip.command().arg("--version").stdin(Stdio::null()).output();
            tried.is_ok_and(|output| output.status.success())
        })
    }

    /// How it is called, for messages.
    pub(crate) fn name(self) -> String {
        self.0.join(" ")
    }

    fn command(self) -> Command {
        let mut words = self.0.iter();
        let mut command = child::command(words.next().copied().unwrap_or("pip"));
        command.args(words);
        command
    }

    /// Downloads `wheel` into `scratch` and gives its path. Nothing is installed or run: pip only
    /// copies the file. Its temporary files are kept in `scratch` too, where their size is the progress.
    pub(crate) fn download(
        self,
        wheel: &Wheel<'_>,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<PathBuf, Problem> {
        let problem = |cause: String, remedy: String| Problem {
            step: "fetch",
            file: wheel.file.to_owned(),
            cause,
            remedy,
        };
        let part = scratch.join("part");
        fs::create_dir_all(&part).map_err(|error| Problem::io("fetch", &part, &error))?;
        let mut command = self.command();
        command
            .args([
                "download",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
                "--progress-bar",
                "off",
            ])
            .args(["--no-cache-dir", "--retries", "2", "--timeout", "30"])
            .args(["--no-deps", "--only-binary=:all:", "--platform", wheel.platform])
            .args(["--python-version", "311", "--implementation", "cp", "--abi", "cp311", "--dest"])
            .arg(scratch)
            .arg(format!("{}=={}", wheel.package, wheel.version))
            .envs([("TMPDIR", &part), ("TEMP", &part), ("TMP", &part)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let title = format!("{} {}: {} (with {})", wheel.package, wheel.version, wheel.why, self.name());
        let mut bar = progress.transfer("fetch", &title, wheel.bytes);
        let child = command
            .spawn()
            .map_err(|error| problem(error.to_string(), format!("check that {} runs", self.name())))?;
        let (status, stderr) = watch(child, progress, || bar.set(size_below(scratch)))
            .map_err(|error| problem(error.to_string(), "try again".into()))?;
        drop(bar);
        let path = scratch.join(wheel.file);
        if status && path.is_file() {
            return Ok(path);
        }
        let said = excerpt(&stderr, 4);
        let cause =
            if status { "pip downloaded a different file from the pinned one".to_owned() } else { said };
        Err(problem(format!("{} said:\n{cause}", self.name()), pip_remedy(&stderr, wheel.file)))
    }
}

/// Waits for a child, calling `tick` meanwhile, and ends it where nobody wants it any more; gives success and what it wrote to standard error.
fn watch(
    mut child: Child,
    progress: &dyn Progress,
    mut tick: impl FnMut(),
) -> std::io::Result<(bool, String)> {
    let mut pipe = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = &mut pipe {
            // What could be read until a fault is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status.success(), reader.join().unwrap_or_default()));
        }
        if progress.is_over() {
            // It stands in a process group of its own and would go on. It may have ended in this moment.
            let _ = child.kill();
        }
        tick();
        std::thread::sleep(POLL);
    }
}

/// Bytes of all files below `folder`. Files that vanish while it looks count as nothing.
fn size_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(data) if data.is_dir() => size_below(&entry.path()),
            Ok(data) => data.len(),
            Err(_) => 0,
        })
        .sum()
}

/// What pip has to say, indented: its errors, or the last `count` lines where it marks none.
fn excerpt(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let errors: Vec<&str> = lines.iter().copied().filter(|line| line.starts_with("ERROR")).collect();
    let kept = if errors.is_empty() { lines } else { errors };
    let last = kept.iter().skip(kept.len().saturating_sub(count));
    last.map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_summed_through_folders() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/x"), [0; 10]).unwrap();
        fs::write(dir.path().join("y"), [0; 5]).unwrap();
        assert_eq!(size_below(dir.path()), 15);
        assert_eq!(size_below(&dir.path().join("gone")), 0);
    }

    #[test]
    fn errors_are_kept_or_else_the_end() {
        assert_eq!(excerpt("a\n\nb\nc\n", 2), "    b\n    c");
        assert_eq!(excerpt("WARNING: a\nERROR: b\nc\n", 2), "    ERROR: b");
        assert_eq!(excerpt("", 2), "");
    }
}
