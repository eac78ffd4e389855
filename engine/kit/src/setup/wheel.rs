//! Checking a wheel and taking files out of it. A wheel is a zip archive.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::pins::{Member, Wheel};
use super::problem::Problem;
use omote_engine::infer::models::{hash_bytes, hash_file};

/// No file that is taken out is larger than this, bytes.
const MEMBER_LIMIT: u64 = 256 << 20;

/// Fails unless the file at `path` is the pinned wheel, by SHA-256.
pub(crate) fn check(path: &Path, wheel: &Wheel<'_>) -> Result<(), Problem> {
    let hash = hash_file(path).map_err(|error| Problem::io("check", path, &error))?;
    if hash == wheel.sha256 {
        return Ok(());
    }
    Err(Problem {
        step: "check",
        file: path.display().to_string(),
        cause: format!("its SHA-256 is {hash}, but the pinned {} has {}", wheel.file, wheel.sha256),
        remedy:
            "the file is damaged or not the pinned one, so it was not used: download it again from a source \
                 that you trust"
                .to_owned(),
    })
}

/// Sorts the files of `--from` to the wheels, by SHA-256. A file that is none of them is refused.
pub(crate) fn sort_given<'w>(
    given: &[PathBuf],
    wheels: &[Wheel<'w>],
) -> Result<Vec<(Wheel<'w>, PathBuf)>, Problem> {
    let mut sorted = Vec::new();
    for path in given {
        let hash = hash_file(path).map_err(|error| Problem::io("check", path, &error))?;
        if let Some(wheel) = wheels.iter().find(|wheel| wheel.sha256 == hash) {
            sorted.push((*wheel, path.clone()));
            continue;
        }
        if let Some(wheel) =
            wheels.iter().find(|wheel| path.file_name().is_some_and(|name| name == wheel.file))
        {
            check(path, wheel)?;
        }
        let known: Vec<&str> = wheels.iter().map(|wheel| wheel.file).collect();
        return Err(Problem {
            step: "check",
            file: path.display().to_string(),
            cause: format!("its SHA-256, {hash}, does not match any pinned wheel"),
            remedy: format!("give {}", known.join(" or ")),
        });
    }
    Ok(sorted)
}

/// A checked wheel, open for reading.
pub(crate) struct Opened {
    path: PathBuf,
    archive: ZipArchive<BufReader<File>>,
}

impl Opened {
    /// Opens the archive at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let file = File::open(path).map_err(|error| Problem::io("unpack", path, &error))?;
        let archive =
            ZipArchive::new(BufReader::new(file)).map_err(|error| damaged(path, &error.to_string()))?;
        Ok(Self { path: path.to_owned(), archive })
    }

    /// The contents of one member, checked against its pinned SHA-256.
    pub(crate) fn read_member(&mut self, member: &Member<'_>) -> Result<Vec<u8>, Problem> {
        let at = self.path.join(member.inside);
        let entry = self.archive.by_name(member.inside).map_err(|error| damaged(&at, &error.to_string()))?;
        let mut bytes = Vec::new();
        entry.take(MEMBER_LIMIT).read_to_end(&mut bytes).map_err(|error| damaged(&at, &error.to_string()))?;
        let hash = hash_bytes(&bytes);
        if hash == member.sha256 {
            return Ok(bytes);
        }
        Err(damaged(&at, &format!("its SHA-256 is {hash}, but {} is pinned", member.sha256)))
    }
}

fn damaged(path: &Path, cause: &str) -> Problem {
    Problem {
        step: "unpack",
        file: path.display().to_string(),
        cause: cause.to_owned(),
        remedy: "the wheel is damaged or not the pinned one: download it again".to_owned(),
    }
}
