//! How things are put into words: sentences, names, times. No part of the window's, so that all parts say the same.

use std::path::Path;
use std::time::Duration;

/// With a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let mut out: String =
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

/// A persona's name as it is shown under its picture: `ko-omote` becomes "Ko-omote", `composite-1` "Composite 1".
pub(crate) fn persona_label(name: &str) -> String {
    let plain = match name.rsplit_once('-') {
        Some((stem, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{stem} {number}")
        }
        _ => name.to_owned(),
    };
    let mut letters = plain.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A file's name without its folders.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Minutes and seconds, and hours where there are any.
pub(crate) fn clock(time: Duration) -> String {
    let s = time.as_secs();
    match s / 3600 {
        0 => format!("{:02}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_reads_as_on_a_clock() {
        assert_eq!(clock(Duration::from_secs(67)), "01:07");
        assert_eq!(clock(Duration::from_secs(3725)), "1:02:05");
    }

    #[test]
    fn names_are_shown_with_a_capital_and_their_number_apart() {
        let labels = ["ko-omote", "composite-1", "a-", ""].map(persona_label);
        assert_eq!(labels, ["Ko-omote", "Composite 1", "A-", ""]);
    }
}
