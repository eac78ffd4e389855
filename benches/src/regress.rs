//! What became slower than a stored baseline, by criterion's own estimates.
//!
//! Times are kept as multiples of a fixed piece of work that is measured in the same run, so that a faster machine is no
//! gain and a busy one no loss, as far as one number can carry them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use omote_engine::output;
use serde::{Deserialize, Serialize};

/// The bench of [`work`].
pub const REFERENCE: &str = "reference, fixed work";
/// Version of the form.
const SCHEMA: u32 = 1;

/// The fixed work: rounds of integer arithmetic that hang on one another.
pub fn work(values: &mut [u32]) {
    for _ in 0..8 {
        for v in values.iter_mut() {
            *v = v.rotate_left(7).wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995;
        }
    }
}

/// A time in multiples of the fixed work: median, and its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Time {
    /// The median.
    pub median: f64,
    /// The interval's ends, wider by the reference's own.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// Times of a run, by the benches' names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Version of the form.
    pub schema: u32,
    /// Processor and number of cores.
    pub machine: String,
    /// The fixed work's time in nanoseconds.
    pub reference_ns: f64,
    /// All others.
    pub benches: BTreeMap<String, Time>,
}

/// What happened to a bench.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// So many times as long, beyond the limit and beyond what the intervals allow.
    Slower(f64),
    /// The same the other way.
    Faster(f64),
    /// Nothing that can be told.
    Same(f64),
    /// Not in the baseline.
    New,
    /// Only in the baseline.
    Gone,
}

#[derive(Deserialize)]
struct Named {
    full_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not what criterion writes", path.display()))
}

/// All folders below one that hold a bench's newest estimates.
fn folders(root: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(root).with_context(|| format!("can't read {}", root.display()))? {
        let path = entry.with_context(|| format!("can't read {}", root.display()))?.path();
        if path.is_dir() {
            if path.ends_with("new") && path.join("estimates.json").is_file() {
                found.push(path);
            } else {
                folders(&path, found)?;
            }
        }
    }
    Ok(())
}

impl Run {
    /// The newest estimates under criterion's folder (`target/criterion`).
    ///
    /// # Errors
    /// No such folder, a file that can't be read or is none of criterion's, or no reference among them.
    pub fn read(root: &Path, machine: String) -> anyhow::Result<Self> {
        let mut found = Vec::new();
        folders(root, &mut found)
            .context("no benches were run here: `cargo bench -p omote-benches` first")?;
        let mut all = BTreeMap::new();
        for folder in found {
            let name: Named = parse(&folder.join("benchmark.json"))?;
            let times: Estimates = parse(&folder.join("estimates.json"))?;
            all.insert(name.full_id, times.median);
        }
        let Some(reference) = all.remove(REFERENCE) else {
            bail!(
                "the bench `{REFERENCE}` is not in {}: run all with `cargo bench -p omote-benches`",
                root.display()
            );
        };
        let (unit, interval) = (reference.point_estimate, reference.confidence_interval);
        if !(unit.is_finite() && unit > 0.0) {
            bail!("the bench `{REFERENCE}` took {unit} ns, which is not a valid time");
        }
        let time = |e: Estimate| Time {
            median: e.point_estimate / unit,
            low: e.confidence_interval.lower_bound / interval.upper_bound,
            high: e.confidence_interval.upper_bound / interval.lower_bound,
        };
        let benches = all.into_iter().map(|(name, e)| (name, time(e))).collect();
        Ok(Self { schema: SCHEMA, machine, reference_ns: unit, benches })
    }

    /// A stored run.
    ///
    /// # Errors
    /// A file that can't be read or is no stored run of this version.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the baseline {}; --write stores one", path.display()))?;
        let run: Self =
            serde_json::from_str(&text).with_context(|| format!("{} is not a baseline", path.display()))?;
        if run.schema != SCHEMA {
            bail!(
                "{} has version {}, this reads {SCHEMA}; --write stores a new one",
                path.display(),
                run.schema
            );
        }
        Ok(run)
    }

    /// Stores it.
    ///
    /// # Errors
    /// A place that can't be written.
    pub fn store(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        output::write(path, text.as_bytes(), output::Options::own())?;
        Ok(())
    }

    /// What changed since `before`, by name. Slower or faster is what differs by more than `ratio` (above 1) and whose
    /// confidence intervals do not meet.
    pub fn changes(&self, before: &Self, ratio: f64) -> BTreeMap<String, Change> {
        let mut all: BTreeMap<String, Change> =
            before.benches.keys().map(|name| (name.clone(), Change::Gone)).collect();
        for (name, now) in &self.benches {
            let change = before.benches.get(name).map_or(Change::New, |then| {
                let times = now.median / then.median;
                if times > ratio && now.low > then.high {
                    Change::Slower(times)
                } else if times * ratio < 1.0 && now.high < then.low {
                    Change::Faster(times)
                } else {
                    Change::Same(times)
                }
            });
            all.insert(name.clone(), change);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Criterion's folder with such benches: name, median in ns, half the interval's width.
    fn criterion(benches: &[(&str, f64, f64)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (k, (name, median, half)) in benches.iter().enumerate() {
            let folder = root.path().join(format!("group {k}/bench/new"));
            std::fs::create_dir_all(&folder).unwrap();
            let named = serde_json::json!({ "group_id": "g", "full_id": name });
            std::fs::write(folder.join("benchmark.json"), named.to_string()).unwrap();
            let interval = serde_json::json!({ "confidence_level": 0.95, "lower_bound": median - half, "upper_bound": median + half });
            let estimates = serde_json::json!({ "mean": 1, "median": { "point_estimate": median, "confidence_interval": interval, "standard_error": 1.0 } });
            std::fs::write(folder.join("estimates.json"), estimates.to_string()).unwrap();
        }
        root
    }

    fn run(benches: &[(&str, f64, f64)]) -> Run {
        Run::read(criterion(benches).path(), "a machine".to_owned()).unwrap()
    }

    #[test]
    fn what_became_slower_is_found_and_nothing_else() {
        let before = run(&[
            (REFERENCE, 1000.0, 1.0),
            ("a", 5000.0, 20.0),
            ("b", 70.0, 1.0),
            ("c", 9.0, 3.0),
            ("gone", 1.0, 0.1),
        ]);
        // Twice as slow a machine; b is 1.3 times as long on top of it, a is faster, c too uncertain to tell.
        let after = run(&[
            (REFERENCE, 2000.0, 2.0),
            ("a", 8000.0, 20.0),
            ("b", 182.0, 2.0),
            ("c", 24.0, 6.0),
            ("fresh", 3.0, 0.1),
        ]);
        let changes = after.changes(&before, 1.15);
        assert!(matches!(changes["b"], Change::Slower(r) if (r - 1.3).abs() < 1e-9), "{changes:?}");
        assert!(matches!(changes["a"], Change::Faster(_)) && matches!(changes["c"], Change::Same(_)));
        assert_eq!((changes["gone"], changes["fresh"]), (Change::Gone, Change::New));
        assert!(after.changes(&after, 1.15).values().all(|c| matches!(c, Change::Same(_))));
        assert!(matches!(after.changes(&before, 1.5)["b"], Change::Same(_)), "below the limit");
    }

    #[test]
    fn a_run_is_stored_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.json");
        let before = run(&[(REFERENCE, 1000.0, 1.0), ("a", 5000.0, 20.0)]);
        before.store(&path).unwrap();
        assert_eq!(Run::load(&path).unwrap(), before);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("\"schema\": 1", "\"schema\": 9")).unwrap();
        assert!(Run::load(&path).unwrap_err().to_string().contains("version 9"));
        for text in ["", "{}", "[1]", "{\"schema\": 1"] {
            std::fs::write(&path, text).unwrap();
            assert!(Run::load(&path).unwrap_err().to_string().contains("not a baseline"), "{text}");
        }
        let missing = Run::load(&folder.path().join("none.json")).unwrap_err();
        assert!(missing.to_string().contains("--write"));
    }

    #[test]
    fn what_criterion_did_not_write_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &Path| format!("{:#}", Run::read(path, String::new()).unwrap_err());
        assert!(read(&folder.path().join("none")).contains("cargo bench"));
        assert!(read(folder.path()).contains(REFERENCE));
        let broken = criterion(&[(REFERENCE, 1.0, 0.1)]);
        std::fs::write(broken.path().join("group 0/bench/new/estimates.json"), "{").unwrap();
        assert!(read(broken.path()).contains("estimates.json"));
        let nothing = criterion(&[(REFERENCE, 0.0, 0.0)]);
        assert!(read(nothing.path()).contains("not a valid time"));
    }
}
