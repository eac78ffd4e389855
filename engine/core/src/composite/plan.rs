//! What the passes need for one face in one frame: region, triangles and uniforms, the same for both
//! backends.

use super::motion::Pixels;
use super::reflectance::Reflectances;
use super::shape::{Bent, Morph};
use super::tuning::{BlendTuning, LightTuning, Tuning};
use super::{DrawCall, features, front, openings, profile};
use crate::frame::Frame;
use crate::space::{PxRect, bounds};
use crate::swap::ColourTransfer;
use crate::topology::POINTS;
use glam::{Vec2, Vec3};
use omote_shaders::cpu::set_up;
use omote_shaders::layout::*;

/// Whether glasses that stand before a face stay there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Glasses {
    /// They stay, rims, lenses and glints.
    #[default]
    Mine,
    /// The persona covers them, for instance because it has glasses of its own.
    None,
}

/// How the persona is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawParams {
    /// 0 keeps the live face, 1 shows the persona in full.
    pub opacity: f32,
    /// How far the persona takes on the live face's light and tone, 0..=1.
    pub light: f32,
    /// How much of the camera's grain the persona takes on, 0..=1.
    pub grain: f32,
    /// Texture sharpness: added to the level of detail; negative is sharper.
    pub lod_bias: f32,
    /// How far the live face takes on the persona's proportions, 0..=1: 0 leaves the picture round the persona alone.
    pub shape: f32,
    /// Whether the wearer's glasses stay in front of the persona.
    pub glasses: Glasses,
}

impl Default for DrawParams {
    fn default() -> Self {
        Self { opacity: 1.0, light: 1.0, grain: 1.0, lod_bias: -0.9, shape: 0.0, glasses: Glasses::Mine }
    }
}

/// One face in one frame, ready for the passes.
pub(super) struct Plan {
    pub(super) region: PxRect,
    /// How the live picture is bent before anything is drawn on it.
    pub(super) morph: Option<Morph>,
    pub(super) triangles: Vec<Triangle>,
    pub(super) region_in: RegionInParams,
    pub(super) warp_field: WarpFieldParams,
    pub(super) texture_fetch: TextureFetchParams,
    /// How the persona is smeared along its way; nothing where it stands.
    pub(super) motion_blur: Option<MotionBlurParams>,
    pub(super) occlude: OccludeParams,
    /// What stands in front of the face, over the texture's UV; empty for nothing.
    pub(super) occluders: Vec<OccludeCell>,
    /// What a network says stands in front; nothing where none does.
    pub(super) front: Option<front::Front>,
    pub(super) illuminate: IlluminateParams,
    /// From the finest level on.
    pub(super) bands: Vec<BlendBandsParams>,
    pub(super) badge_encode: BadgeEncodeParams,
}

impl Plan {
    /// Nothing where the face lies outside the picture or its points are not finite. `bent`: the face with the
    /// persona's proportions.
    pub(super) fn new(
        frame: &Frame,
        call: &DrawCall<'_>,
        bent: Option<Bent>,
        tuning: &Tuning,
    ) -> Option<Self> {
        let (texture, params) = (call.texture, &call.params);
        let points = bent.as_ref().map_or(call.points, |b| &b.points).get(..POINTS)?;
        // All points: the nose of a turned head stands out beyond the oval.
        let all = points.iter().map(|p| p.truncate());
        let (low, high) = bounds(all);
        if !points.iter().all(|p| p.is_finite()) {
            return None;
        }
        let region = match &bent {
            Some(Bent { morph: Some(morph), .. }) => morph.region,
            _ => PxRect::even_around(low, high, frame.width(), frame.height()),
        };
        // A band needs a pixel on either side.
        if region.width < 8 || region.height < 8 {
            return None;
        }
        let size = [region.width, region.height];
        let origin = Vec3::new(region.x as f32, region.y as f32, 0.0);
        let mut local: Vec<Vec3> = points.iter().map(|p| *p - origin).collect();
        let mut uv: Vec<Vec2> = texture.uv().iter().map(|u| u.0).collect();
        let numbers = openings::part(texture, &mut local, &mut uv);
        let mut triangles = Vec::with_capacity(numbers.len());
        set_up(&local, &uv, numbers, texture.side(), size, &mut triangles);
        profile::soften(&local, &uv, texture.side(), numbers, &mut triangles, &tuning.profile);
        let morph = bent.and_then(|b| b.morph);
        let paint = texture.colour_transfer() == ColourTransfer::Keep;
        let (cells_across, (sigma, reach)) = if paint {
            (tuning.light.paint_cells_across, tuning.light.paint_blur)
        } else {
            (tuning.light.cells_across, tuning.light.blur)
        };
        let cell = ((high.x - low.x).max(high.y - low.y) / cells_across).ceil().max(2.0) as u32;
        let grid = size.map(|n| n.div_ceil(cell));
        let (features, rows) = if paint { features::ellipses(&local) } else { Default::default() };
        let grain = params.grain.clamp(0.0, 1.0) * tuning.grain.gain;
        let rgb_grain = if frame.format().is_yuv() { 0.0 } else { grain };
        Some(Self {
            region,
            region_in: RegionInParams { size, pad: [0; 2], to_rgb: frame.codes_to_rgb() },
            warp_field: WarpFieldParams { size, triangles: triangles.len() as u32, pad: 0 },
            texture_fetch: TextureFetchParams {
                size,
                side: texture.side(),
                levels: texture.levels(),
                lod_bias: params.lod_bias,
                opacity: params.opacity.clamp(0.0, 1.0),
                pad: [0; 2],
            },
            motion_blur: None,
            occlude: OccludeParams {
                size,
                low: tuning.occluders.covered.0,
                high: tuning.occluders.covered.1,
            },
            occluders: Vec::new(),
            front: None,
            illuminate: IlluminateParams {
                size,
                grid,
                cell,
                radius: (sigma * reach) as u32,
                sigma,
                strength: params.light.clamp(0.0, 1.0),
                keep_reference: 0.0,
                axis: 0,
                features,
                pad: 0,
                rows,
            },
            bands: bands(size, texture.colour_transfer(), &tuning.blend),
            badge_encode: BadgeEncodeParams {
                size,
                origin: [region.x, region.y],
                from_rgb: frame.rgb_to_codes(),
                plate: [0; 4],
                plate_rgb: [0.0; 4],
                text_rgb: [0.0; 4],
                grain: [grain, rgb_grain, rgb_grain, tuning.grain.limit / 255.0],
                kept: 0x00ff_ffff | if morph.is_some() { MOVED } else { 0 },
                pad: 0,
                more: [0; 2],
            },
            morph,
            triangles,
        })
    }

    /// Fills in the light that a painted persona's is relative to: under which the live skin would be as bright as it is in
    /// good light.
    pub(super) fn light(
        &mut self,
        skin: &mut Reflectances,
        call: &DrawCall<'_>,
        pixels: &Pixels<'_>,
        tuning: &LightTuning,
    ) {
        if call.texture.colour_transfer() == ColourTransfer::Keep {
            self.illuminate.keep_reference = skin.reference(call, pixels, tuning);
        }
    }
}

/// The pyramid's steps from `size` down.
fn bands(size: [u32; 2], colour_transfer: ColourTransfer, tuning: &BlendTuning) -> Vec<BlendBandsParams> {
    let mut out = Vec::new();
    let mut fine = size;
    loop {
        let coarse = fine.map(|n| n.div_ceil(2));
        let enough = colour_transfer == ColourTransfer::Keep && out.len() + 1 == tuning.paint_bands;
        let last = enough || coarse[0].min(coarse[1]) <= tuning.last_band;
        out.push(BlendBandsParams { fine, coarse, last: u32::from(last), pad: 0, more: [0; 2] });
        if last {
            return out;
        }
        fine = coarse;
    }
}
