//! What differs between versions of ffmpeg.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::child;

/// A version as far as it matters: the newest where the program does not say a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u32, u32);

impl Version {
    /// Asks `program`, once for each name.
    ///
    /// # Errors
    /// Where it can't be started.
    pub fn probe(program: &Path) -> io::Result<Self> {
        static KNOWN: Mutex<Option<HashMap<PathBuf, Version>>> = Mutex::new(None);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(version) = known.as_ref().and_then(|k| k.get(program)) {
            return Ok(*version);
        }
        let (said, _) = child::run(program, &["-version".into()])?;
        let version = Self::parse(&String::from_utf8_lossy(&said));
        known.get_or_insert_default().insert(program.to_owned(), version);
        Ok(version)
    }

    fn parse(said: &str) -> Self {
        let word = said.strip_prefix("ffmpeg version ").unwrap_or_default();
        let mut numbers = word.trim_start_matches('n').split(|c: char| !c.is_ascii_digit());
        let mut next = || numbers.next().and_then(|n| n.parse().ok());
        match next() {
            // Builds from the development branch say a date or a revision.
            Some(major @ 0..1000) => Self(major, next().unwrap_or(0)),
            _ => Self(u32::MAX, 0),
        }
    }

    /// The options of an output whose pictures keep their own times, none dropped and none doubled.
    pub fn keep_times(self) -> [&'static str; 2] {
        if self < Self(5, 1) { ["-vsync", "passthrough"] } else { ["-fps_mode", "passthrough"] }
    }

    /// The option that makes a file with many damaged pictures no failure, where there is one.
    pub fn forgive(self) -> &'static [&'static str] {
        if self < Self(4, 4) { &[] } else { &["-max_error_rate", "1"] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_distributions_and_builders_write() {
        for (said, version, option) in [
            ("ffmpeg version 4.2.7-0ubuntu0.1 Copyright (c)", Version(4, 2), "-vsync"),
            ("ffmpeg version 5.0 Copyright", Version(5, 0), "-vsync"),
            ("ffmpeg version 5.1.9-0+deb12u1 Copyright", Version(5, 1), "-fps_mode"),
            ("ffmpeg version n9.0.2-17-g2a571b6068-20260930", Version(9, 0), "-fps_mode"),
            ("ffmpeg version 8 Copyright", Version(8, 0), "-fps_mode"),
            ("ffmpeg version N-119999-gabcdef1234", Version(u32::MAX, 0), "-fps_mode"),
            ("ffmpeg version 2026-01-05-git-abc", Version(u32::MAX, 0), "-fps_mode"),
            ("", Version(u32::MAX, 0), "-fps_mode"),
        ] {
            assert_eq!(Version::parse(said), version, "{said}");
            assert_eq!(version.keep_times(), [option, "passthrough"], "{said}");
        }
    }
}
