//! Pages of the documentation, whose tables are written by programs.

use std::path::Path;

use anyhow::Context;
use omote_engine::output;

/// Puts a program's text between the page's marks `<!-- mark -->` and `<!-- /mark -->`, which stand on lines of their own.
///
/// # Errors
/// A page that can't be read or written, or that has no such marks.
pub fn put(page: &Path, mark: &str, text: &str) -> anyhow::Result<()> {
    let old = std::fs::read_to_string(page).with_context(|| format!("can't read {}", page.display()))?;
    let new = between(&old, mark, text)
        .with_context(|| format!("{} has no marks <!-- {mark} --> and <!-- /{mark} -->", page.display()))?;
    output::write(page, new.as_bytes(), output::Options::own())?;
    Ok(())
}

fn between(page: &str, mark: &str, text: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {mark} -->\n"), format!("<!-- /{mark} -->"));
    let (before, rest) = page.split_once(&start)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{start}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stands_between_its_own_marks() {
        let page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\n<!-- /y -->\n";
        let new = between(page, "x", "| new |\n").unwrap();
        assert_eq!(new, page.replace("old", "| new |"));
        assert_eq!(between(&new, "x", "| new |\n").unwrap(), new);
        assert_eq!(between(page, "z", "new"), None);
        assert_eq!(between("<!-- /x -->\n<!-- x -->\n", "x", "new"), None);
    }
}
