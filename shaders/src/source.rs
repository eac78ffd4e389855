//! The WGSL texts, and the one `#import` they may use.

/// A shader file and its entry points.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// File name without ending; also the mirror's module.
    pub name: &'static str,
    /// Entry points; each has a mirror function of the same name in `cpu::<name>`.
    pub entry_points: &'static [&'static str],
    /// What each binding of group 0 is, in order.
    pub bindings: &'static [Binding],
    text: &'static str,
}

/// Kind of a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The pass's params.
    Uniform,
    /// A storage buffer that is read.
    Read,
    /// A storage buffer that is written, or read and written.
    Write,
}

use Binding::{Read, Uniform, Write};

macro_rules! pass {
    ($name:literal, [$($binding:expr),+], $($entry:literal),+) => {
        Pass {
            name: $name,
            entry_points: &[$($entry),+],
            bindings: &[$($binding),+],
            text: include_str!(concat!("../wgsl/", $name, ".wgsl")),
        }
    };
}

/// Every pass, in the order in which a frame meets them.
pub const PASSES: [Pass; 10] = [
    pass!("morph", [Uniform, Read, Read, Write], "morph"),
    pass!("region_in", [Uniform, Read, Write], "region_in"),
    pass!("warp_field", [Uniform, Read, Write, Write], "raster", "resolve"),
    pass!("texture_fetch", [Uniform, Read, Read, Write], "texture_fetch"),
    pass!("motion_blur", [Uniform, Read, Write], "motion_blur"),
    pass!("occlude", [Uniform, Read, Read, Read, Write], "occlude"),
    pass!("front", [Uniform, Read, Read, Read, Write], "front"),
    pass!("illuminate", [Uniform, Read, Read, Read, Write, Write], "gather", "smooth_grid", "relight"),
    pass!("blend_bands", [Uniform, Read, Write, Read, Write], "reduce", "collapse"),
    pass!("badge_encode", [Uniform, Read, Read, Read, Read, Write], "badge_encode"),
];

const SHARED: [(&str, &str); 3] = [
    ("corners", include_str!("../wgsl/shared/corners.wgsl")),
    ("grid", include_str!("../wgsl/shared/grid.wgsl")),
    ("transfer", include_str!("../wgsl/shared/transfer.wgsl")),
];

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
