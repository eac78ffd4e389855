//! The scenarios: which rows there are, and what each needs to run.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use omote_engine::composite::Backend;
use omote_engine::frame::PixelFormat;
use omote_engine::infer::stand_in::{StandIn, Work};
use omote_engine::infer::{Provider, RunOptions, Runtime, skim};
use omote_engine::pipeline::{Engine, Follow, Lag, Model, Settings};
use omote_engine::swap::neural::registry::{Registry, threads};
use omote_engine::swap::neural::{Hints, Identity, SwapModel, VECTOR, Wearer, recognise};
use omote_engine::swap::{FaceTexture, Mask};
use omote_engine::track::TrackerConfig;

use super::report::Adapter;
use super::scene::{Scene, Truth};
use crate::wardrobe;
use crate::wear_args::ModelArgs;

/// What the actor wears: another face than its own.
const PERSONA: &str = "composite-2";
const HD: (u32, u32) = (1280, 720);
const UHD: (u32, u32) = (3840, 2160);

/// A row to be measured.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) size: (u32, u32),
    pub(super) format: PixelFormat,
    pub(super) faces: u32,
    pub(super) drawn: Drawn,
}

/// What is done to a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A persona on faces whose meshes are known.
    Mesh,
    /// The same with the real tracker.
    Track,
    /// A generated network over it, every frame waiting for its result.
    StandIn(Work, Provider),
    /// A model of the user's, likewise.
    Model(String),
}

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    Cpu,
    Gpu,
    /// A GPU that a CPU plays.
    Software,
}

/// A model that a row wears, and what runs it.
pub(super) struct Worn {
    pub(super) model: String,
    pub(super) provider: Option<String>,
}

/// What rows are made of.
pub(super) struct Stock {
    pub(super) data: PathBuf,
    pub(super) runtime: Runtime,
    texture: FaceTexture,
}

impl Stock {
    pub(super) fn new(data: PathBuf) -> anyhow::Result<Self> {
        let runtime = wardrobe::runtime(&data)?;
        let mut textures = wardrobe::wear(&[PERSONA.to_owned()], &data, Mask::default())?;
        Ok(Self { data, runtime, texture: textures.pop().context("no persona")? })
    }

    /// Names of the user's swap models.
    pub(super) fn models(&self) -> anyhow::Result<Vec<String>> {
        Ok(Registry::open(&self.data)?.swaps().map(|e| e.name.clone()).collect())
    }
}

/// All rows; with `quick` one of each kind.
pub(super) fn plans(
    stock: &Stock,
    adapters: &[Adapter],
    quick: bool,
    software: bool,
) -> anyhow::Result<Vec<Plan>> {
    let mut all = Vec::new();
    let mut drawers = vec![Drawn::Cpu];
    // The engine takes the best adapter that there is, a software one only where there is no other.
    if adapters.iter().any(|a| !a.software) {
        drawers.push(Drawn::Gpu);
    } else if software && !adapters.is_empty() {
        drawers.push(Drawn::Software);
    }
    let (nv12, kind) = (PixelFormat::Nv12, Kind::Mesh);
    let row =
        |kind: &Kind, size, format, faces, drawn| Plan { kind: kind.clone(), size, format, faces, drawn };
    for drawn in drawers {
        let sizes: &[(u32, u32)] = if quick { &[HD, UHD] } else { &[(640, 480), HD, (1920, 1080), UHD] };
        all.extend(sizes.iter().map(|size| row(&kind, *size, nv12, 1, drawn)));
        let faces: &[u32] = if quick { &[2] } else { &[2, 4] };
        all.extend(faces.iter().map(|faces| row(&kind, HD, nv12, *faces, drawn)));
        let formats = [PixelFormat::Bgra, PixelFormat::Yuyv, PixelFormat::I420];
        let formats = &formats[..if quick { 1 } else { 3 }];
        all.extend(formats.iter().map(|format| row(&kind, HD, *format, 1, drawn)));
    }
    all.push(row(&Kind::Track, HD, nv12, 1, Drawn::Cpu));
    let works = [Work::Small, Work::Medium, Work::Large];
    for work in &works[..if quick { 1 } else { 3 }] {
        for provider in stock.runtime.providers() {
            all.push(row(&Kind::StandIn(*work, provider), HD, nv12, 1, Drawn::Cpu));
        }
    }
    for model in stock.models()? {
        all.push(row(&Kind::Model(model), HD, nv12, 1, Drawn::Cpu));
    }
    Ok(all)
}

fn load(work: Work) -> &'static str {
    match work {
        Work::Small => "small",
        Work::Medium => "medium",
        Work::Large => "large",
    }
}

impl Plan {
    /// Stable from run to run.
    pub(super) fn id(&self) -> String {
        let (w, h) = self.size;
        let faces = format!("{}-face{}", self.faces, if self.faces == 1 { "" } else { "s" });
        let drawn = match self.drawn {
            Drawn::Cpu => "cpu",
            Drawn::Gpu => "gpu",
            Drawn::Software => "gpu-software",
        };
        let what = match &self.kind {
            Kind::Mesh | Kind::Track => self.scenario().to_owned(),
            Kind::StandIn(work, provider) => format!("stand-in/{}/{}", load(*work), provider.name()),
            Kind::Model(name) => format!("model/{name}"),
        };
        format!("{what}/{w}x{h}/{}/{faces}/{drawn}", self.format_name())
    }

    pub(super) fn title(&self) -> String {
        let faces = match self.faces {
            1 => "a face".to_owned(),
            n => format!("{n} faces"),
        };
        match &self.kind {
            Kind::Mesh => format!("persona on {faces} whose mesh is known"),
            Kind::Track => format!("persona on {faces}, tracked"),
            Kind::StandIn(work, provider) => {
                let gflop = network(*work).work_gflop();
                format!("generated network, {} ({gflop:.0} GFLOP a face), on {provider}", load(*work))
            }
            Kind::Model(name) => format!("swap model {name}"),
        }
    }

    pub(super) fn scenario(&self) -> &'static str {
        match self.kind {
            Kind::Mesh => "mesh",
            Kind::Track => "track",
            Kind::StandIn(..) => "stand-in",
            Kind::Model(_) => "model",
        }
    }

    pub(super) fn format_name(&self) -> String {
        format!("{:?}", self.format).to_lowercase()
    }

    /// The engine that works it, and which model it wears, on which provider.
    pub(super) fn engine(
        &self,
        stock: &Stock,
        scene: &Arc<Scene>,
        tell: &mut dyn FnMut(&str),
    ) -> anyhow::Result<(Engine, Option<Worn>)> {
        let backend = if self.drawn == Drawn::Cpu { Backend::Cpu } else { Backend::Gpu };
        let settings = Settings { backend, max_faces: self.faces as usize, ..Settings::default() };
        let follow: Box<dyn Follow> = match self.kind {
            Kind::Track => {
                let config = TrackerConfig { max_faces: self.faces as usize, ..TrackerConfig::default() };
                Box::new(wardrobe::tracker(&stock.data, config)?.0)
            }
            _ => Box::new(Truth(Arc::clone(scene))),
        };
        let mut engine = Engine::new(follow, vec![stock.texture.clone()], settings)?;
        let worn = match &self.kind {
            Kind::Mesh | Kind::Track => None,
            Kind::StandIn(work, provider) => {
                let name = format!("stand-in {}", load(*work));
                engine.wear_model(Model::new(&name, stand_in(stock, *work, *provider)?, 1), Lag::None);
                Some(Worn { model: name, provider: Some(provider.name()) })
            }
            Kind::Model(name) => {
                let args = ModelArgs { model: Some(name.clone()), ..ModelArgs::default() };
                let model = wardrobe::model(&args, PERSONA, &stock.data, tell)?.context("no model")?;
                let provider = model.name.rsplit_once(" on ").map(|(_, p)| p.to_lowercase());
                engine.wear_model(model, Lag::None);
                Some(Worn { model: name.clone(), provider })
            }
        };
        Ok((engine, worn))
    }
}

fn network(work: Work) -> StandIn {
    StandIn::cscs_256().with_work(work)
}

/// A generated network of a known family, with as much to compute as a real one.
fn stand_in(stock: &Stock, work: Work, provider: Provider) -> anyhow::Result<SwapModel> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stand-in.onnx");
    std::fs::write(&path, network(work).bytes())?;
    let graph = skim(&path)?;
    let found = recognise(&graph, "stand-in.onnx", &Hints::default())?;
    let options = RunOptions { provider, threads: threads(), ..RunOptions::default() };
    let mut model = SwapModel::load(&stock.runtime, &path, &graph, &found, &options)?;
    let vector = (0..VECTOR).map(|i| (i as f32 * 0.3).cos()).collect();
    let person = Identity::of(&[vector]).context("no vector")?;
    model.wear(&Wearer { identity: Some(&person), ..Wearer::default() })?;
    Ok(model)
}
