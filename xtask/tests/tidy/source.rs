//! Reading the workspace's sources, and taking comments, strings and test code out of Rust.

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the workspace.
pub(crate) struct Source {
    /// Path below the workspace, with `/` between its parts.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

impl Source {
    /// A made-up file, for tests of the rules themselves.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether this is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether the whole file is test code by its place.
    pub(crate) fn is_test(&self) -> bool {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let of_tests = file == "tests.rs" || file.ends_with("_tests.rs");
        of_tests || self.path.contains("/tests/") || self.path.contains("/benches/")
    }

    /// The code without comments, string contents and `#[cfg(test)]` items.
    pub(crate) fn code(&self) -> String {
        without_tests(&strip(&self.text, false))
    }

    /// As [`Source::code`], with the contents of strings left in.
    pub(crate) fn code_and_strings(&self) -> String {
        without_tests(&strip(&self.text, true))
    }
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files below the workspace with one of these extensions, build output left out.
pub(crate) fn workspace(extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                let skipped = name.starts_with('.') || name == "target" || name == "out" || name == "shared";
                if !skipped {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted)) {
                let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether `word` stands in `text` with no letter, digit or underscore beside it.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

/// Blanks comments, and the contents of strings unless they are to stay. Lines keep their numbers.
fn strip(text: &str, keep_strings: bool) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let c = at(i);
        if c == '/' && at(i + 1) == '/' {
            while i < chars.len() && at(i) != '\n' {
                i += 1;
            }
        } else if c == '/' && at(i + 1) == '*' {
            let mut depth = 0;
            loop {
                match (at(i), at(i + 1)) {
                    ('/', '*') => (depth, i) = (depth + 1, i + 2),
                    ('*', '/') => (depth, i) = (depth - 1, i + 2),
                    ('\n', _) => {
                        out.push('\n');
                        i += 1;
                    }
                    _ => i += 1,
                }
                if depth == 0 || i >= chars.len() {
                    break;
                }
            }
        } else if c == '\'' && (at(i + 1) == '\\' || at(i + 2) == '\'') {
            // A character literal; anything else after a quote is a lifetime.
            i += if at(i + 1) == '\\' { 3 } else { 2 };
            while i < chars.len() && at(i) != '\'' {
                i += 1;
            }
            i += 1;
            out.push_str("' '");
        } else if c == '"' || (c == 'r' && raw_hashes(&chars, i).is_some() && !ends_in_word(&out)) {
            let hashes = if c == 'r' { raw_hashes(&chars, i) } else { None };
            i += 1 + hashes.map_or(0, |n| n + 1);
            out.push('"');
            while i < chars.len() {
                let closed = match hashes {
                    Some(n) => at(i) == '"' && (1..=n).all(|k| at(i + k) == '#'),
                    None => at(i) == '"',
                };
                if closed {
                    i += 1 + hashes.unwrap_or(0);
                    break;
                }
                if hashes.is_none() && at(i) == '\\' {
                    i += 1;
                }
                if keep_strings || at(i) == '\n' {
                    out.push(at(i));
                }
                i += 1;
            }
            out.push('"');
        } else {
            out.push(c);
            i += 1;
        }
    }
    out
}

/// The number of `#` of the raw string that starts at `i`, if one does.
fn raw_hashes(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(i + 1 + hashes) == Some(&'"')).then_some(hashes)
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// Removes every item under `#[cfg(test)]` or `#[cfg(all(test, …))]`, up to its `;` or its closing brace.
fn without_tests(code: &str) -> String {
    const MARKS: [&str; 2] = ["#[cfg(test)]", "#[cfg(all(test,"];
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = MARKS.iter().filter_map(|mark| rest.find(mark)).min() {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(']').map_or(rest.len(), |end| at + end + 1);
        let item = &rest[end..];
        let (mut depth, mut end) = (0i32, item.len());
        for (i, c) in item.char_indices() {
            match c {
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 && (c == ';' || c == '}') {
                end = i + 1;
                break;
            }
        }
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

#[test]
fn comments_strings_and_tests_go() {
    let source = Source::new(
        "a.rs",
        r####"
use one::A; // two
/* three /* nested */ four */
const B: &str = "five \" six";
const C: &str = r#"seven " eight"#;
fn life<'a>(x: &'a str) -> char { '"' }
#[cfg(test)]
mod tests { fn nine() { let x = "}"; } }
fn ten() {}
#[cfg(test)]
mod tests;
fn eleven() {}
#[cfg(all(test, unix))]
mod unix { fn twelve() {} }
fn thirteen() {}
"####,
    );
    let code = source.code();
    for gone in
        ["two", "three", "nested", "four", "five", "six", "seven", "eight", "nine", "mod tests", "twelve"]
    {
        assert!(!has_word(&code, gone), "{gone} is still in\n{code}");
    }
    for kept in ["one", "life", "ten", "eleven", "thirteen"] {
        assert!(has_word(&code, kept), "{kept} is gone from\n{code}");
    }
    assert!(has_word(&source.code_and_strings(), "eight"));
}
