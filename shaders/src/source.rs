//! The WGSL texts, and the one `#import` they may use.

/// A shader file and its entry points.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// File name without ending; also the mirror's module.
    pub name: &'static str,
    /// Entry points; each has a mirror function of the same name in `cpu::<name>`.
    pub entry_points: &'static [&'static str],
    text: &'static str,
}

macro_rules! pass {
    ($name:literal, $($entry:literal),+) => {
        Pass {
            name: $name,
            entry_points: &[$($entry),+],
            text: include_str!(concat!("../wgsl/", $name, ".wgsl")),
        }
    };
}

/// Every pass, in the order in which a frame meets them.
pub const PASSES: [Pass; 6] = [
    pass!("region_in", "region_in"),
    pass!("warp_field", "raster", "resolve"),
    pass!("texture_fetch", "texture_fetch"),
    pass!("illuminate", "gather", "smooth_grid", "relight"),
    pass!("blend_bands", "reduce", "collapse"),
    pass!("badge_encode", "badge_encode"),
];

const SHARED: [(&str, &str); 1] = [("transfer", include_str!("../wgsl/shared/transfer.wgsl"))];

/// The shader text of a pass with its imports in place, or nothing where there is no such pass or import.
/// A line `#import name` stands for the text of `wgsl/shared/name.wgsl`.
pub fn wgsl(pass: &str) -> Option<String> {
    let text = PASSES.iter().find(|p| p.name == pass)?.text;
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        match line.strip_prefix("#import ") {
            Some(name) => out.push_str(SHARED.iter().find(|(n, _)| *n == name.trim())?.1),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Some(out)
}
