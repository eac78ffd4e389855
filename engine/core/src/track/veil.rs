//! Veil: a network of our own that says, from a single picture, what stands before a face. How it was made is in
//! `engine/networks`; its input contract is repeated there and in a test here.

mod glasses;
mod guided;

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use glam::{Affine2, Vec2, Vec3, Vec4};

use super::appearance::{SIDE as APPEARANCE_SIDE, TexelPlace, for_each_texel_place};
use super::mesh::in_crop;
use super::tuning::VeilTuning;
use crate::canonical_uv::CANONICAL_UV;
use crate::frame::interpolation::{Bilinear, bilinear_by_weights};
use crate::frame::{CropSpec, Frame};
use crate::infer::{Expect, InferError, Net, NetSource, Runtime, Spec};
use crate::space::{CropSquare, ImagePx, MeshPoint, bounds};
use crate::topology::{OVAL, POINTS, TRIANGLES};
use omote_shaders::cpu::decode_srgb;

/// Side of the network's input and matte in cells.
const SIDE: usize = omote_shaders::layout::FRONT_SIDE as usize;
const CELLS: usize = SIDE * SIDE;
/// Side of the square that it looks at, as a multiple of the longer side of the face's outline: as it was trained.
const MARGIN: f32 = 1.3;
/// Lids' outer corners, by which the square stands upright.
const EYE_CORNERS: [usize; 2] = [33, 263];
const CHIN: usize = 152;

/// `crop`: R', G', B' 0..=1; u, v of the mesh in canonical UV, 0 outside; 1 inside the mesh; the last frame's matte, 0 where
/// there is none; 0. `front`: how far something stands in front, 0..=1; it is to be read inside the mesh only.
const CONTRACT: Expect<'static> = Expect {
    inputs: &[Spec { name: "crop", shape: &[1, 8, SIDE, SIDE] }],
    outputs: &[Spec { name: "front", shape: &[1, 1, SIDE, SIDE] }],
};

/// What stands before a face in one frame. Clones share the cells.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontMatte {
    region: CropSquare,
    /// The mesh that it was read by, in crop pixels.
    mesh: Arc<[Vec2]>,
    /// How far something stands in front, 0..=1; 0 outside the mesh.
    front: Arc<[f32]>,
    /// The matte as a function of the picture's own colours, see [`guided::coefficients`].
    guided: Arc<[Vec4]>,
    /// Whether the network was not asked in this frame.
    carried: bool,
}

impl FrontMatte {
    /// From cells, for tests and drawn scenes: how far something stands in front at each of 128 x 128 cells of a square of
    /// the picture. None of another number counts.
    #[doc(hidden)]
    #[must_use]
    pub fn from_cells(region: CropSquare, cells: &[f32]) -> Option<Self> {
        let guided = cells.iter().map(|front| Vec4::new(0.0, 0.0, 0.0, *front)).collect();
        (cells.len() == CELLS).then(|| Self {
            region,
            mesh: [].into(),
            front: cells.into(),
            guided,
            carried: false,
        })
    }

    /// How far something stands in front at each of 128 x 128 cells of its square, rows from the top, 0..=1; 0 outside the
    /// face's mesh.
    #[doc(hidden)]
    #[must_use]
    pub fn cells(&self) -> &[f32] {
        &self.front
    }

    /// For each cell the share of red, green and blue, and a constant: the matte at a pixel is the dot product of what is
    /// between the cells with (r, g, b, 1), square roots of linear light.
    pub(crate) fn guided(&self) -> &Arc<[Vec4]> {
        &self.guided
    }

    /// The same as [`FrontMatte::guided`], with glasses left out.
    pub(crate) fn guided_without_glasses(&self) -> Arc<[Vec4]> {
        glasses::left_out(&self.front, &self.mesh, &self.guided)
            .map_or_else(|| Arc::clone(&self.guided), Arc::from)
    }

    /// Whether nothing stands in front anywhere.
    pub(crate) fn is_clear(&self) -> bool {
        self.front.iter().all(|front| *front == 0.0)
    }

    /// Whether something stands in front at a place in picture pixels.
    pub(crate) fn covers(&self, place: Vec2) -> bool {
        between_cells(&self.front, self.to_cells().transform_point2(place)) > 0.5
    }

    /// From picture pixels to cells, 0 the middle of the first.
    pub(crate) fn to_cells(&self) -> Affine2 {
        self.region.affine(SIDE as f32).inverse()
    }
}

/// The network that is built in.
const NETWORK: NetSource<'static> =
    NetSource::Bytes { name: "veil.onnx", bytes: include_bytes!("../../../networks/veil.onnx") };

/// The network with its buffers.
pub(super) struct VeilNet {
    pub(super) net: Box<dyn Net>,
    /// Whether its last run failed: told once, not for every frame.
    failed: bool,
    /// Whether frames come at their own pace, and how long a run takes, seconds, a running mean.
    paced: bool,
    took: f32,
    /// The same of the mesh network's runs.
    mesh_took: f32,
}

impl VeilNet {
    /// The network that is built in, or another one from a file.
    pub(super) fn load(runtime: &Runtime, network: Option<&Path>) -> Result<Self, InferError> {
        let source = network.map_or(NETWORK, NetSource::File);
        Ok(Self {
            net: runtime.load(source, &CONTRACT)?,
            failed: false,
            paced: false,
            took: 0.0,
            mesh_took: 0.0,
        })
    }

    /// From now on frames come at their own pace: where the network takes too long, every second one goes without.
    pub(super) fn keep_pace(&mut self) {
        self.paced = true;
    }

    /// How long the mesh network took, seconds: by that a machine is known on which there is no time for this one.
    pub(super) fn note_mesh_run(&mut self, seconds: f32, tuning: &VeilTuning) {
        let share = if self.mesh_took == 0.0 { 1.0 } else { tuning.pace };
        self.mesh_took += (seconds - self.mesh_took) * share;
    }

    /// What stands before the face whose mesh this is (picture pixels), in this frame; `last` is its last frame's, which is
    /// carried on where this frame goes without the network. None where the mesh has no outline, where the network
    /// fails, which is logged, and live on a machine that is far too slow.
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        points: &[MeshPoint],
        last: Option<&FrontMatte>,
        tuning: &VeilTuning,
    ) -> Option<VeilReading> {
        if self.paced && self.took.max(self.mesh_took) > tuning.useless_s {
            // It is tried again in time: perhaps the machine only slept.
            self.took *= tuning.forgets;
            return None;
        }
        let region = region_of(points)?;
        let mesh = in_crop(points.get(..POINTS).unwrap_or(points), region, SIDE as f32);
        let (picture, rest) = self.net.input_mut(0).split_at_mut(3 * CELLS);
        // Each tap lies between four pixels, and so tells of two across.
        let taps = (region.side / (2.0 * SIDE as f32)).ceil().clamp(1.0, 8.0) as usize;
        frame.sample_crop(&CropSpec { taps, ..CropSpec::new(region, SIDE) }, picture);
        rest.fill(0.0);
        fill_mesh(rest, &mesh, last);
        let carries = self.paced && self.took > tuning.slow_s && last.is_some_and(|last| !last.carried);
        if !carries {
            self.run(tuning)?;
        }
        let read = (!carries).then(|| self.net.output(0).to_vec());
        let planes = self.net.input_mut(0);
        let plane = |k: usize| &planes[k * CELLS..(k + 1) * CELLS];
        let before = last.map(|_| plane(6).to_vec());
        let front = match read {
            Some(read) => without_traces(read, plane(5), tuning),
            None => before.clone()?,
        };
        let uv = plane(3).iter().zip(plane(4)).map(|(u, v)| Vec2::new(*u, *v)).collect();
        let guide = if front.iter().chain(before.iter().flatten()).any(|front| *front > 0.0) {
            (0..CELLS).map(|k| root(Vec3::from_array([0, 1, 2].map(|c| plane(c)[k])))).collect()
        } else {
            Vec::new()
        };
        let crop = Crop { uv, inside: plane(5).to_vec(), guide };
        Some(VeilReading { region, mesh, crop, front, before, carried: carries })
    }

    /// Runs it on what its input holds; none where it fails.
    fn run(&mut self, tuning: &VeilTuning) -> Option<()> {
        let begun = Instant::now();
        let ran = self.net.run();
        self.took += (begun.elapsed().as_secs_f32() - self.took) * tuning.pace;
        if let Err(fault) = &ran
            && !self.failed
        {
            log::warn!("what stands in front of a face is told by its usual look only: {fault}");
        }
        self.failed = ran.is_err();
        ran.ok()
    }
}

/// Square root of the linear light of encoded colours, 0..=1 each.
fn root(encoded: Vec3) -> Vec3 {
    const STEPS: usize = 1024;
    static TABLE: LazyLock<Vec<f32>> =
        LazyLock::new(|| (0..=STEPS).map(|k| decode_srgb(k as f32 / STEPS as f32).sqrt()).collect());
    // To the nearest step: half a code of eight bits.
    encoded.map(|v| TABLE[((v.clamp(0.0, 1.0) * STEPS as f32 + 0.5) as usize).min(STEPS)])
}

/// What the network's square shows of face and picture, cell by cell.
struct Crop {
    /// Canonical UV of the mesh; zeros outside.
    uv: Vec<Vec2>,
    /// 1 inside the mesh, else 0.
    inside: Vec<f32>,
    /// The picture's colours, square roots of linear light; none where nothing stands in front, nor did in the last frame.
    guide: Vec<Vec3>,
}

/// What the network says, 0..=1, with nothing outside the mesh and nothing where it says next to nothing: its answer never is
/// quite 0.
fn without_traces(mut front: Vec<f32>, inside: &[f32], tuning: &VeilTuning) -> Vec<f32> {
    for (front, inside) in front.iter_mut().zip(inside) {
        *front = ((*front - tuning.trace) / (1.0 - tuning.trace)).clamp(0.0, 1.0) * inside;
    }
    front
}

/// What the network said of one frame, before the face's own look has its say.
pub(super) struct VeilReading {
    region: CropSquare,
    mesh: Vec<Vec2>,
    crop: Crop,
    /// How far something stands in front, 0..=1; 0 outside the mesh.
    front: Vec<f32>,
    /// The last frame's, moved with the mesh.
    before: Option<Vec<f32>>,
    /// Whether the network was not asked, and this is the last frame's.
    carried: bool,
}

impl VeilReading {
    /// Share of the face that something stands in front of, 0..=1.
    pub(super) fn share(&self) -> f32 {
        let inside: f32 = self.crop.inside.iter().sum();
        self.front.iter().sum::<f32>() / inside.max(1.0)
    }

    /// How far something stands in front at a place of the mesh, 0..=1.
    pub(super) fn at(&self, place: &TexelPlace) -> f32 {
        place.point_in(&self.mesh).map_or(0.0, |at| between_cells(&self.front, at))
    }

    /// What is drawn by. `bare` says for each cell of canonical UV how surely the picture shows the face as it usually looks,
    /// 0..=1: there nothing stands in front, whatever the network says.
    pub(super) fn into_matte(mut self, bare: &[f32], tuning: &VeilTuning) -> FrontMatte {
        self.calm(tuning);
        if bare.iter().any(|bare| *bare > 0.0) {
            let places = self.crop.uv.iter().zip(&self.crop.inside);
            for (front, (uv, _)) in
                self.front.iter_mut().zip(places).filter(|(_, (_, inside))| **inside > 0.0)
            {
                *front *= 1.0 - appearance_at(bare, *uv);
            }
        }
        if self.belt_share() > tuning.most_of_belt {
            self.front.fill(0.0);
        }
        let guided = guided::coefficients(&self.crop.guide, &self.front, &self.crop.inside, SIDE);
        let Self { region, mesh, front, carried, .. } = self;
        FrontMatte { region, mesh: mesh.into(), front: front.into(), guided: guided.into(), carried }
    }

    /// Halves small changes since the last frame: edges would else flicker. Traces end at 0.
    fn calm(&mut self, tuning: &VeilTuning) {
        let Some(before) = &self.before else { return };
        for (front, before) in self.front.iter_mut().zip(before) {
            let change = *front - before;
            if change.abs() < tuning.calmed {
                let calmed = before + change * tuning.calm;
                *front = if calmed < tuning.trace { 0.0 } else { calmed };
            }
        }
    }

    /// Share of the face from the eyes to the chin that is covered, 0..=1.
    fn belt_share(&self) -> f32 {
        let [eyes, chin] = [EYE_CORNERS[0], CHIN].map(|k| CANONICAL_UV.get(k).map_or(0.0, |uv| uv[1]));
        let (mut covered, mut count) = (0.0, 0.0);
        for ((uv, inside), front) in self.crop.uv.iter().zip(&self.crop.inside).zip(&self.front) {
            if *inside > 0.0 && (eyes..chin).contains(&uv.y) {
                count += 1.0;
                covered += f32::from(u8::from(*front > 0.5));
            }
        }
        covered / f32::max(count, 1.0)
    }
}

/// A value of the appearance's cells at a place of canonical UV.
fn appearance_at(cells: &[f32], uv: Vec2) -> f32 {
    let at = Bilinear::clamped(uv * APPEARANCE_SIDE as f32 - 0.5, [APPEARANCE_SIDE; 2]);
    let get = |x: usize, y: usize| cells.get(y * APPEARANCE_SIDE + x).copied().unwrap_or(0.0);
    bilinear_by_weights(at.corners(get), at.part())
}

/// A value of the square's cells at a place in crop pixels; 0 beyond them.
fn between_cells(cells: &[f32], place: Vec2) -> f32 {
    let Some(cell) = Bilinear::inside(place, [SIDE; 2]) else { return 0.0 };
    let get = |x: usize, y: usize| cells.get(y * SIDE + x).copied().unwrap_or(0.0);
    bilinear_by_weights(cell.corners(get), cell.part())
}

/// The upright square that the network looks at; none of a mesh without a finite outline.
fn region_of(points: &[MeshPoint]) -> Option<CropSquare> {
    let [right, left] = EYE_CORNERS.map(|k| points.get(k).map(|p| p.truncate()));
    let along = left? - right?;
    let angle = if along.length_squared() > 1e-6 { along.to_angle() } else { 0.0 };
    let upright = Vec2::from_angle(-angle);
    let outline =
        OVAL.iter().filter_map(|&k| points.get(usize::from(k))).map(|p| upright.rotate(p.truncate()));
    let (low, high) = bounds(outline);
    let side = MARGIN * (high - low).max_element();
    let centre = ImagePx(Vec2::from_angle(angle).rotate((low + high) * 0.5));
    (side.is_finite() && side > 4.0 && centre.0.is_finite()).then_some(CropSquare { centre, side, angle })
}

/// Writes u, v, the mask and the last matte, moved with the mesh, behind the picture.
fn fill_mesh(planes: &mut [f32], mesh: &[Vec2], last: Option<&FrontMatte>) {
    static UV: LazyLock<Vec<Vec2>> =
        LazyLock::new(|| CANONICAL_UV.iter().map(|p| Vec2::from_array(*p)).collect());
    // A crop's samples lie at whole places, texels' middles half-way between.
    let unit: Vec<Vec2> = mesh.iter().map(|p| (*p + 0.5) / SIDE as f32).collect();
    for_each_texel_place(&unit, &TRIANGLES, SIDE, |place| {
        let between = |points: &[Vec2]| interpolated(points, &place);
        let Some(uv) = between(&UV) else { return };
        let cell = usize::from(place.cell);
        planes[cell] = uv.x;
        planes[CELLS + cell] = uv.y;
        planes[2 * CELLS + cell] = 1.0;
        if let Some(last) = last
            && let Some(before) = between(&last.mesh)
        {
            planes[3 * CELLS + cell] = between_cells(&last.front, before);
        }
    });
}

fn interpolated(points: &[Vec2], place: &TexelPlace) -> Option<Vec2> {
    let corner = |k: usize| points.get(usize::from(place.corners[k])).copied();
    let (a, b, c) = (corner(0)?, corner(1)?, corner(2)?);
    Some(a * place.weights.x + b * place.weights.y + c * place.weights.z)
}

#[cfg(test)]
pub(crate) mod planned;
#[cfg(test)]
mod tests;
