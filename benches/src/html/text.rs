//! Words and numbers as they may stand in the page.

/// Text from a report, made harmless: markup is escaped, signs that steer a terminal or turn a line's
/// direction are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(' '),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// The text in at most so many signs, escaped; what is too much goes out of its middle.
pub(super) fn short(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return escape(text);
    }
    let keep = most.saturating_sub(1);
    let head = keep.div_ceil(2);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - (keep - head)).collect();
    escape(&format!("{start}…{end}"))
}

/// Three significant figures, at most three decimals; a dash for what is no number.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    if !size.is_finite() || size > 1e15 {
        "–".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if size < 0.0005 {
        "&lt;0.001".to_owned()
    } else if size < 0.9995 {
        format!("{value:.3}")
    } else if size < 9.995 {
        format!("{value:.2}")
    } else if size < 99.95 {
        format!("{value:.1}")
    } else if size < 999.5 {
        format!("{value:.0}")
    } else {
        let step = 10f64.powf(size.log10().floor() - 2.0);
        format!("{:.0}", (value / step).round() * step)
    }
}

/// A time with its unit.
pub(super) fn ms(value: f64) -> String {
    let number = number(value);
    if number == "–" { number } else { format!("{number}\u{a0}ms") }
}

/// A quantity of bytes with a unit.
pub(super) fn bytes(count: u64) -> String {
    let count = count as f64;
    if count < 1024.0 {
        format!("{count:.0}\u{a0}B")
    } else if count < 1024.0 * 1024.0 {
        format!("{}\u{a0}KiB", number(count / 1024.0))
    } else {
        format!("{}\u{a0}MiB", number(count / (1024.0 * 1024.0)))
    }
}

/// A place in a drawing: one decimal, never a sign that SVG can't read.
pub(super) fn coord(value: f64) -> String {
    let value = if value.is_finite() { value.clamp(-1e5, 1e5) } else { 0.0 };
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// `1 frame`, `2 frames`.
pub(super) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

/// Who drew a row, without the word that it was a GPU.
pub(super) fn drawer(drawn_by: &str) -> &str {
    drawn_by.strip_prefix("gpu: ").unwrap_or(drawn_by)
}
