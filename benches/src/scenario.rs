//! The scenarios: which rows there are, and what each needs to run.

use std::sync::Arc;

use anyhow::{Context, bail};
use omote_engine::badge::BadgedFrame;
use omote_engine::composite::Compositor;
use omote_engine::frame::PixelFormat;
use omote_engine::gpu::{self, Gpu};
use omote_engine::infer::stand_in::{StandIn, Work};
use omote_engine::infer::{Provider, RunOptions, Runtime};
use omote_engine::pipeline::{FaceTracker, Lag, OfflineSession, Settings, WornModel};
use omote_engine::sink::Sink;
use omote_engine::sink::virtual_camera::{VirtualCamera, VirtualFormat, VirtualSpec, open_virtual_camera};
use omote_engine::source::Rate;
use omote_engine::swap::FaceTexture;
use omote_engine::track::TrackerConfig;
use omote_kit::registry::threads;

use crate::environment::Environment;
use crate::rehearsal::{KnownFaces, Prepared};
use crate::report::Adapter;
use crate::stand_in;

/// What the actor wears: another face than its own.
const PERSONA: &str = "composite-2";
const HD: (u32, u32) = (1280, 720);
const UHD: (u32, u32) = (3840, 2160);

/// A row to be measured.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(crate) kind: Kind,
    pub(crate) size: (u32, u32),
    pub(crate) format: PixelFormat,
    pub(crate) faces: u32,
    pub(crate) drawn: Drawn,
}

/// What is done to a frame.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A persona on faces whose meshes are known.
    Mesh,
    /// The same with the real tracker.
    Track,
    /// A generated network over it, every frame waiting for its result.
    StandIn(Work, Provider),
    /// A model of the user's, likewise.
    Model(String),
    /// A persona on faces whose meshes are known, and what takes the picture then.
    Sink(Outlet),
}

/// What takes a finished picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    /// The program's window: pixels for the screen, before the toolkit uploads them.
    Window,
    /// The virtual camera for other programs.
    Camera,
}

/// Takes finished pictures.
pub(crate) type Take<'a> = Box<dyn FnMut(&BadgedFrame) -> anyhow::Result<()> + 'a>;

impl Outlet {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Camera => "camera",
        }
    }

    /// What takes pictures of such a size.
    fn open<'a>(
        self,
        environment: &'a dyn Environment,
        (width, height): (u32, u32),
    ) -> anyhow::Result<Take<'a>> {
        match self {
            Self::Window => Ok(Box::new(|badged| {
                environment.draw_for_screen(badged);
                Ok(())
            })),
            Self::Camera => {
                let (rate, format) = (Rate::DEFAULT, VirtualFormat::default());
                let spec = VirtualSpec { width, height, rate, format };
                let mut sink = open_virtual_camera(&VirtualCamera::Auto, &spec)?;
                Ok(Box::new(move |badged| Ok(sink.present(badged)?)))
            }
        }
    }
}

/// Who draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawn {
    Cpu,
    /// The adapter of this rank.
    Gpu(usize),
    /// The same, played by a CPU.
    Software(usize),
}

/// Which rows are wanted, and how much of each.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only rows whose name contains one of these; all where there are none.
    pub only: Vec<String>,
    /// Rounds, 1 to 100; 5 where nothing is said.
    pub rounds: Option<u32>,
    /// One row of each kind, and few frames.
    pub quick: bool,
    /// Adapters that a CPU plays, too.
    pub software: bool,
    /// Only adapters whose name or interface contains one of these.
    pub adapters: Vec<String>,
    /// Only these providers of networks.
    pub providers: Vec<String>,
}

impl Options {
    /// Who draws, by the adapters that there are.
    fn drawers(&self, adapters: &[Adapter]) -> anyhow::Result<Vec<Drawn>> {
        let named = |a: &Adapter| {
            let name = format!("{} {}", a.name, a.backend).to_lowercase();
            self.adapters.iter().any(|text| name.contains(&text.to_lowercase()))
        };
        let wanted = |a: &Adapter| {
            if self.adapters.is_empty() { self.software || !a.software } else { named(a) }
        };
        let gpus = adapters.iter().enumerate().filter(|(_, a)| wanted(a));
        let gpus = gpus.map(|(k, a)| if a.software { Drawn::Software(k) } else { Drawn::Gpu(k) });
        let most = if self.quick && self.adapters.is_empty() { 1 } else { usize::MAX };
        let gpus: Vec<Drawn> = gpus.take(most).collect();
        if !self.adapters.is_empty() && gpus.is_empty() {
            let there: Vec<String> = adapters.iter().map(|a| format!("{} ({})", a.name, a.backend)).collect();
            bail!("no adapter's name contains {}; there are: {}", self.adapters.join(" or "), list(&there));
        }
        Ok([Drawn::Cpu].into_iter().chain(gpus).collect())
    }

    /// The providers among those that there are.
    fn providers(&self, there: Vec<Provider>) -> anyhow::Result<Vec<Provider>> {
        let names: Vec<String> = there.iter().map(|p| p.name()).collect();
        if let Some(unknown) = self.providers.iter().find(|p| !names.contains(p)) {
            bail!("no provider {unknown} is at hand; there are: {}", list(&names));
        }
        let wanted = |p: &Provider| self.providers.is_empty() || self.providers.contains(&p.name());
        Ok(there.into_iter().filter(wanted).collect())
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A model that a row wears, and what runs it.
pub(crate) struct Worn {
    pub(crate) model: String,
    pub(crate) provider: Option<String>,
}

/// What rows are made of.
pub(crate) struct Stock<'a> {
    pub(crate) environment: &'a dyn Environment,
    pub(crate) runtime: Runtime,
    texture: FaceTexture,
}

impl<'a> Stock<'a> {
    pub(crate) fn new(environment: &'a dyn Environment) -> anyhow::Result<Self> {
        let runtime = environment.runtime()?;
        Ok(Self { environment, runtime, texture: environment.persona(PERSONA)? })
    }
}

/// The rows that are wanted, at least one.
///
/// # Errors
/// An option that names what is not there, or nothing that is.
pub(crate) fn wanted(
    stock: &Stock<'_>,
    adapters: &[Adapter],
    options: &Options,
) -> anyhow::Result<Vec<Scenario>> {
    let mut rows = all(stock, adapters, options)?;
    if !options.only.is_empty() {
        rows.retain(|row| options.only.iter().any(|text| row.id().contains(text)));
    }
    if rows.is_empty() {
        bail!("no row has a name containing {}; `omote bench --list` lists them", options.only.join(" or "));
    }
    Ok(rows)
}

fn all(stock: &Stock<'_>, adapters: &[Adapter], options: &Options) -> anyhow::Result<Vec<Scenario>> {
    let mut all = Vec::new();
    let (drawers, quick) = (options.drawers(adapters)?, options.quick);
    let (nv12, kind) = (PixelFormat::Nv12, Kind::Mesh);
    let row =
        |kind: &Kind, size, format, faces, drawn| Scenario { kind: kind.clone(), size, format, faces, drawn };
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
    all.extend([Outlet::Window, Outlet::Camera].map(|o| row(&Kind::Sink(o), HD, nv12, 1, Drawn::Cpu)));
    let works = [Work::Small, Work::Medium, Work::Large];
    for work in &works[..if quick { 1 } else { 3 }] {
        for provider in options.providers(stock.runtime.providers())? {
            all.push(row(&Kind::StandIn(*work, provider), HD, nv12, 1, Drawn::Cpu));
        }
    }
    for model in stock.environment.models()? {
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

impl Scenario {
    /// Stable from run to run.
    pub fn id(&self) -> String {
        let (w, h) = self.size;
        let faces = format!("{}-face{}", self.faces, if self.faces == 1 { "" } else { "s" });
        let drawn = match self.drawn {
            Drawn::Cpu => "cpu".to_owned(),
            Drawn::Gpu(0) => "gpu".to_owned(),
            Drawn::Gpu(k) => format!("gpu-{}", k + 1),
            Drawn::Software(0) => "gpu-software".to_owned(),
            Drawn::Software(k) => format!("gpu-software-{}", k + 1),
        };
        let what = match &self.kind {
            Kind::Mesh | Kind::Track => self.scenario().to_owned(),
            Kind::StandIn(work, provider) => format!("stand-in/{}/{}", load(*work), provider.name()),
            Kind::Model(name) => format!("model/{name}"),
            Kind::Sink(outlet) => format!("sink/{}", outlet.name()),
        };
        format!("{what}/{w}x{h}/{}/{faces}/{drawn}", self.format_name())
    }

    /// What it does, in words.
    pub fn title(&self) -> String {
        let faces = match self.faces {
            1 => "a face".to_owned(),
            n => format!("{n} faces"),
        };
        match &self.kind {
            Kind::Mesh => format!("persona on {faces} whose mesh is known"),
            Kind::Track => format!("persona on {faces}, tracked"),
            Kind::StandIn(work, provider) => {
                let gflop = network(*work).work_gflop();
                format!("generated network, {} ({gflop:.0} GFLOP per face), on {provider}", load(*work))
            }
            Kind::Model(name) => format!("swap model {name}"),
            Kind::Sink(Outlet::Window) => "persona, and pixels for the window".to_owned(),
            Kind::Sink(Outlet::Camera) => "persona, and the picture sent to the virtual camera".to_owned(),
        }
    }

    pub(crate) fn scenario(&self) -> &'static str {
        match self.kind {
            Kind::Mesh => "mesh",
            Kind::Track => "track",
            Kind::StandIn(..) => "stand-in",
            Kind::Model(_) => "model",
            Kind::Sink(_) => "sink",
        }
    }

    /// What takes the pictures, with its name, where something does.
    pub(crate) fn outlet<'a>(
        &self,
        environment: &'a dyn Environment,
    ) -> anyhow::Result<Option<(&'static str, Take<'a>)>> {
        match self.kind {
            Kind::Sink(outlet) => Ok(Some((outlet.name(), outlet.open(environment, self.size)?))),
            _ => Ok(None),
        }
    }

    pub(crate) fn format_name(&self) -> String {
        format!("{:?}", self.format).to_lowercase()
    }

    /// The engine that works it, and which model it wears, on which provider.
    pub(crate) fn engine(
        &self,
        stock: &Stock<'_>,
        scene: &Arc<Prepared>,
        report: &mut dyn FnMut(&str),
    ) -> anyhow::Result<(OfflineSession, Option<Worn>)> {
        let compositor = match self.drawn {
            Drawn::Cpu => Compositor::cpu(),
            Drawn::Gpu(k) | Drawn::Software(k) => {
                let name = gpu::adapters().into_iter().nth(k).context("the adapter is gone")?.name;
                Compositor::on(Gpu::open_named(&name)?)
            }
        };
        let mut settings = Settings::default();
        settings.max_faces = self.faces as usize;
        let follow: Box<dyn FaceTracker> = match self.kind {
            Kind::Track => {
                let config = TrackerConfig { max_faces: self.faces as usize, ..TrackerConfig::default() };
                Box::new(stock.environment.tracker(config)?)
            }
            _ => Box::new(KnownFaces(Arc::clone(scene))),
        };
        let mut engine = OfflineSession::with(follow, vec![stock.texture.clone()], settings, compositor)?;
        let worn = match &self.kind {
            Kind::Mesh | Kind::Track | Kind::Sink(_) => None,
            Kind::StandIn(work, provider) => {
                let name = format!("stand-in {}", load(*work));
                let options = RunOptions { provider: *provider, threads: threads(), ..RunOptions::default() };
                let model = stand_in::load(&stock.runtime, &network(*work), &options)?;
                engine.wear_model(WornModel::new(&name, model, 1), Lag::None);
                Some(Worn { model: name, provider: Some(provider.name()) })
            }
            Kind::Model(name) => {
                let model = stock.environment.model(name, PERSONA, report)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{Bare, measured};

    fn adapter(name: &str, backend: &str, software: bool) -> Adapter {
        Adapter { name: name.into(), backend: backend.into(), driver: String::new(), software }
    }

    #[test]
    fn adapters_and_providers_are_chosen_by_name() {
        let there =
            [adapter("Card", "vulkan", false), adapter("Card", "gl", false), adapter("pipe", "vulkan", true)];
        let drawers = |quick, software, names: &[&str]| {
            let adapters = names.iter().map(|n| (*n).to_owned()).collect();
            Options { quick, software, adapters, ..Options::default() }.drawers(&there)
        };
        let gpus = [Drawn::Cpu, Drawn::Gpu(0), Drawn::Gpu(1)];
        assert_eq!(drawers(false, false, &[]).unwrap(), gpus);
        assert_eq!(drawers(true, true, &[]).unwrap(), gpus[..2]);
        assert_eq!(drawers(false, true, &[]).unwrap()[3..], [Drawn::Software(2)]);
        assert_eq!(drawers(true, false, &["card GL"]).unwrap(), [Drawn::Cpu, Drawn::Gpu(1)]);
        assert_eq!(drawers(false, false, &["PIPE"]).unwrap(), [Drawn::Cpu, Drawn::Software(2)]);
        let unknown = drawers(false, false, &["arc"]).unwrap_err().to_string();
        assert!(unknown.contains("arc") && unknown.contains("pipe (vulkan)"), "{unknown}");
        let wanted = Options { providers: vec!["cuda".to_owned()], ..Options::default() };
        let all = vec![Provider::Cuda, Provider::Cpu];
        assert_eq!(wanted.providers(all).unwrap(), [Provider::Cuda]);
        let missing = wanted.providers(vec![Provider::Cpu]).unwrap_err().to_string();
        assert!(missing.contains("cuda") && missing.contains("cpu"), "{missing}");
    }

    #[test]
    fn the_window_s_share_is_measured_and_a_missing_camera_is_named() {
        let data = tempfile::tempdir().unwrap();
        let options =
            Options { only: vec!["sink/".into()], rounds: Some(1), quick: true, ..Options::default() };
        let report = measured(&Bare::new(data.path()), &options).unwrap();
        let [window, camera] = &report.rows[..] else { panic!("{} rows", report.rows.len()) };
        assert_eq!(window.fault, None);
        let names: Vec<&str> = window.stages.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["swap", "badge", "window"]);
        assert!(window.stages[2].times.median > 0.0);
        // Where a device or a session is there, it is measured; else the row says what is missing.
        match &camera.fault {
            None => assert_eq!(camera.stages.last().unwrap().name, "camera"),
            Some(why) => assert!(why.contains("v4l2loopback") || why.contains("PipeWire"), "{why}"),
        }
    }
}
