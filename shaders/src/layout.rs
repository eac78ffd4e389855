//! Uniform and storage structs as the shaders see them. A test compares each with naga's view.

use bytemuck::{Pod, Zeroable};

/// Invocations of a workgroup, for the passes that work on a pixel an invocation.
pub const WORKGROUP: u32 = 64;

/// Invocations of one row of workgroups; `flat_index` of the shaders folds longer dispatches into rows.
pub const ROW_INVOCATIONS: u32 = 65_535 * WORKGROUP;

/// `region_in`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct RegionInParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Padding.
    pub pad: [u32; 2],
    /// Rows of the affine map from codes / 255 to R'G'B'.
    pub to_rgb: [[f32; 4]; 3],
}

/// `warp_field`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct WarpFieldParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Number of triangles.
    pub triangles: u32,
    /// Padding.
    pub pad: u32,
}

/// One triangle of the live mesh, set up for rasterising: attributes as planes over region pixels.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct Triangle {
    /// Edge functions `a·x + b·y + c`, at least 0 inside (normalised to barycentric weights). The fourths
    /// together are one more plane: what is added to the level of detail, in mip levels; 0 for nothing.
    pub edges: [[f32; 4]; 3],
    /// Texture u as a plane `(du/dx, du/dy, u at 0)`; fourth: the triangle's texels a pixel, as log2.
    pub u: [f32; 4],
    /// Texture v as a plane; fourth unused.
    pub v: [f32; 4],
    /// Depth 0 (far) to 1 (near) as a plane; fourth: 1 for a front face, 0 for a back face.
    pub z: [f32; 4],
    /// Share of the persona, 0..=1, as a plane; fourth unused.
    pub cover: [f32; 4],
    /// First and last column, first and last row, inclusive, inside the region; empty where first > last.
    pub bounds: [i32; 4],
}

/// `texture_fetch`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct TextureFetchParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Side of mip level 0 in texels, a power of two.
    pub side: u32,
    /// Mip levels in the buffer.
    pub levels: u32,
    /// Added to a triangle's level of detail; negative is sharper.
    pub lod_bias: f32,
    /// 0 keeps the live face, 1 shows the persona.
    pub opacity: f32,
    /// Padding.
    pub pad: [u32; 2],
}

/// `motion_blur`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct MotionBlurParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// From the first to the last sample, pixels right and down; it is centred on the pixel.
    pub streak: [f32; 2],
    /// Samples along it: odd, so that the pixel itself is one, and at least 3.
    pub taps: u32,
    /// Padding.
    pub pad: u32,
    /// Padding.
    pub more: [u32; 2],
}

/// Cells of a side of `occlude`'s mask.
pub const OCCLUDE_SIDE: u32 = 64;

/// A cell of `occlude`. Colours are square roots of linear-light R, G, B, 0..=1.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub struct OccludeCell {
    /// What the face would look like here; fourth: how far it is covered, 0 (free) to 1.
    pub face: [f32; 4],
    /// What stands in front here or nearby; fourth unused.
    pub front: [f32; 4],
}

/// `occlude`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct OccludeParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Mask value up to which the persona stays.
    pub low: f32,
    /// Mask value from which the persona is gone; above `low`.
    pub high: f32,
}

/// Cells of a side of `front`'s matte.
pub const FRONT_SIDE: u32 = 128;

/// `front`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct FrontParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Matte up to which the persona stays.
    pub low: f32,
    /// Matte from which the persona is gone; above `low`.
    pub high: f32,
    /// Rows of the affine map from region pixels to cells, 0 the middle of the first; fourth unused.
    pub to_cells: [[f32; 4]; 2],
}

/// Ellipses of a face that tell nothing of the light, at most.
pub const FEATURES: usize = 5;

/// `illuminate`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct IlluminateParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Columns and rows of the light grid.
    pub grid: [u32; 2],
    /// Side of a grid cell in pixels.
    pub cell: u32,
    /// Reach of the grid's blur in cells.
    pub radius: u32,
    /// Standard deviation of the blur in cells.
    pub sigma: f32,
    /// 0 keeps the persona's light and tone, 1 takes the live face's.
    pub strength: f32,
    /// For painted personas: the live face's luminance in good light (linear, above 0), to which light is relative;
    /// 0 matches the skin tone instead.
    pub keep_reference: f32,
    /// 0 blurs along rows, 1 along columns.
    pub axis: u32,
    /// How many of the ellipses there are.
    pub features: u32,
    /// Padding.
    pub pad: u32,
    /// Two rows for each ellipse: with x, y and 1 they take a pixel of the region to a plane in which the ellipse is the unit
    /// circle. What lies inside tells nothing of the light.
    pub rows: [[f32; 4]; 2 * FEATURES],
}

/// `blend_bands`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct BlendBandsParams {
    /// Width and height of the finer level.
    pub fine: [u32; 2],
    /// Width and height of the coarser level: half, rounded up.
    pub coarse: [u32; 2],
    /// 1 where the coarser level is the last: its band is then its whole content.
    pub last: u32,
    /// Padding.
    pub pad: u32,
    /// Padding.
    pub more: [u32; 2],
}

/// Nodes a side of `morph`'s grid.
pub const MORPH_NODES: u32 = 33;

/// Fourth byte of a code that `morph` moved and nothing was drawn on.
pub const MOVED: u32 = 0x0100_0000;

/// `morph`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct MorphParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Displacement in pixels up to which a pixel stays as it is.
    pub least: f32,
    /// Padding.
    pub pad: u32,
}

/// `badge_encode`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct BadgeEncodeParams {
    /// Region width and height in pixels.
    pub size: [u32; 2],
    /// Region's top-left pixel in the frame.
    pub origin: [u32; 2],
    /// Rows of the affine map from R'G'B' to codes / 255.
    pub from_rgb: [[f32; 4]; 3],
    /// The badge's plate in the frame: x, y, width, height; width 0 for none.
    pub plate: [u32; 4],
    /// Plate colour, R'G'B' 0..=1; fourth unused.
    pub plate_rgb: [f32; 4],
    /// Text and outline colour, R'G'B' 0..=1; fourth unused.
    pub text_rgb: [f32; 4],
    /// How often the live picture's grain is added to each code, 0 to 2; fourth: the grain's limit in codes / 255.
    pub grain: [f32; 4],
    /// Bits that stay of a code where nothing is drawn: the three samples, and with `morph` its flag.
    pub kept: u32,
    /// Padding.
    pub pad: u32,
    /// Padding.
    pub more: [u32; 2],
}
