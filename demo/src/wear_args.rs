//! What `omote run` and `omote live` both take: personas, faces, look, badge, turning.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use omote_engine::badge::Corner;
use omote_engine::composite::{Backend, Look};
use omote_engine::frame::{Frame, Quarter, Turn};
use omote_engine::infer::Provider;
use omote_engine::pipeline::{Privacy, Settings};
use omote_engine::swap::Mask;
use omote_engine::track::{Selection, TrackerConfig};

/// Faces that are followed live at most: each takes a mesh network's time in every frame, 3 to 4 ms of the 33 that there
/// are at 30 frames a second.
pub(crate) const LIVE_FACES: u8 = 4;

/// Options of every command that puts personas on faces.
#[derive(Args, Clone, Debug)]
pub(crate) struct WearArgs {
    /// Persona to wear: a name from `omote persona list`, or a path; repeat the option for further faces
    #[arg(long, short, value_name = "NAME|DIR", default_value = "ko-omote")]
    pub(crate) persona: Vec<String>,
    /// Maximum number of swapped faces: 1 to 64; at most 4 live, because each costs a few milliseconds per frame
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) max_faces: u8,
    /// Which face gets the persona when only one does
    #[arg(long, value_enum, default_value_t = Select::Largest)]
    pub(crate) select: Select,
    /// Rendering backend; auto prefers a hardware GPU
    #[arg(long, value_enum, default_value_t = BackendArg::Auto)]
    pub(crate) backend: BackendArg,
    /// Position of the badge; in a corner, it is cut off by sites that crop the picture
    #[arg(long, value_enum, default_value_t = CornerArg::Middle)]
    pub(crate) badge: CornerArg,
    /// Opacity of the persona, 0 to 1; with `--privacy protect` it is always 1
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    pub(crate) opacity: f32,
    /// How closely the persona follows the light in the picture, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 1.0, value_parser = share)]
    pub(crate) light: f32,
    /// How far your face is reshaped to the persona's proportions, 0 to 1
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) shape: f32,
    /// Eyes: 0 shows your own, 1 the persona's
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) eyes: f32,
    /// Inside of the mouth: 0 shows your own, 1 the persona's
    #[arg(long, value_name = "0..1", default_value_t = 0.0, value_parser = share)]
    pub(crate) mouth: f32,
    /// Softness of the persona's edges, as a multiple of the default
    #[arg(long, value_name = "0.25..2", default_value_t = 1.0, value_parser = edge)]
    pub(crate) edge: f32,
    /// Sharpness of the persona, as a multiple of the default
    #[arg(long, value_name = "0..2", default_value_t = 1.0, value_parser = sharpness)]
    pub(crate) sharpness: f32,
    /// Mirror the image
    #[arg(long)]
    pub(crate) mirror: bool,
    /// Rotate the image clockwise
    #[arg(long, value_name = "DEGREES", default_value = "0", value_parser = ["0", "90", "180", "270"])]
    pub(crate) rotate: String,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Data folder [default: $OMOTE_DATA, else the system's folder for user data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Options about a swap model.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Swap model")]
pub(crate) struct ModelArgs {
    /// Swap model to wear over the persona: a name from `omote models list`, or a file, which is tested and added first
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) model: Option<String>,
    /// Tiles per side: n² runs per face give n times the model's resolution
    #[arg(long, value_name = "1..4", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(crate) model_detail: u8,
    /// Mask network that keeps things in front of the face visible (xseg, bisenet); can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) model_mask: Vec<String>,
    /// Inference provider [default: the fastest one measured]
    #[arg(long, value_name = "PROVIDER", value_parser = crate::models_cmd::provider)]
    pub(crate) model_provider: Option<Provider>,
    /// Live: maximum number of results per second, for example to leave a game room on the GPU
    #[arg(long, value_name = "FPS", value_parser = rate)]
    pub(crate) model_rate: Option<f32>,
    /// Live: maximum share of the time that the model may work
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) model_share: Option<f32>,
    /// Size of the crop that the model sees, as a multiple of what its family uses
    #[arg(long, value_name = "0.5..2", default_value_t = 1.0, value_parser = scale)]
    pub(crate) model_scale: f32,
    /// Morph value, for DFM models that have one
    #[arg(long, value_name = "0..1", default_value_t = 0.75, value_parser = share)]
    pub(crate) model_morph: f32,
}

impl Default for ModelArgs {
    /// As when nothing is typed.
    fn default() -> Self {
        Self {
            model: None,
            model_detail: 1,
            model_mask: Vec::new(),
            model_provider: None,
            model_rate: None,
            model_share: None,
            model_scale: 1.0,
            model_morph: 0.75,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Select {
    /// The largest faces
    Largest,
    /// All faces, in the order in which they appeared
    All,
    /// The faces nearest to the centre of the picture
    Centre,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BackendArg {
    Auto,
    Gpu,
    Cpu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PrivacyArg {
    /// Keep the persona in place, then pixelate the head, then show the plain picture with the badge
    Relaxed,
    /// Hold the last good picture, then pixelate the head in it, then show a card
    Protect,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CornerArg {
    /// Low in the middle; stays whole when a site crops the picture to 4:3, a square or 9:16
    Middle,
    /// Top right; such crops cut it off
    TopRight,
    /// Top left; such crops cut it off
    TopLeft,
    /// Bottom right; such crops cut it off
    BottomRight,
    /// Bottom left; such crops cut it off
    BottomLeft,
}

fn rate(text: &str) -> Result<f32, String> {
    within(text, 0.1, 240.0)
}

fn percent(text: &str) -> Result<f32, String> {
    within(text, 1.0, 100.0).map(|v| v / 100.0)
}

fn scale(text: &str) -> Result<f32, String> {
    within(text, 0.5, 2.0)
}

fn share(text: &str) -> Result<f32, String> {
    within(text, 0.0, 1.0)
}

fn edge(text: &str) -> Result<f32, String> {
    within(text, 0.25, 2.0)
}

fn sharpness(text: &str) -> Result<f32, String> {
    within(text, 0.0, 2.0)
}

fn within(text: &str, least: f32, most: f32) -> Result<f32, String> {
    let value: f32 = text.parse().map_err(|_| format!("{text} is not a number"))?;
    match (least..=most).contains(&value) {
        true => Ok(value),
        false => Err(format!("{text} is not between {least} and {most}")),
    }
}

impl WearArgs {
    /// Personas and models that are given as files, which no output may replace.
    pub(crate) fn files(&self) -> Vec<(&'static str, &Path)> {
        let package = |path: &&Path| {
            path.extension().is_some_and(|ending| ending == "omote") || path.join("persona.toml").exists()
        };
        let personas = self.persona.iter().map(Path::new).filter(package).map(|path| ("the persona", path));
        let model = self.model.model.as_deref().map(Path::new).filter(|path| path.is_file());
        personas.chain(model.map(|path| ("the model", path))).collect()
    }

    /// The engine's settings, but for the output's size.
    pub(crate) fn settings(&self, privacy: PrivacyArg) -> Settings {
        Settings {
            backend: match self.backend {
                BackendArg::Auto => Backend::Auto,
                BackendArg::Gpu => Backend::Gpu,
                BackendArg::Cpu => Backend::Cpu,
            },
            privacy: privacy.into(),
            look: Look { opacity: self.opacity, light: self.light, shape: self.shape, ..Look::default() },
            corner: match self.badge {
                CornerArg::Middle => Corner::Middle,
                CornerArg::TopRight => Corner::TopRight,
                CornerArg::TopLeft => Corner::TopLeft,
                CornerArg::BottomRight => Corner::BottomRight,
                CornerArg::BottomLeft => Corner::BottomLeft,
            },
            turn: Turn {
                mirror: self.mirror,
                rotate: match self.rotate.as_str() {
                    "90" => Quarter::Right,
                    "180" => Quarter::Half,
                    "270" => Quarter::Left,
                    _ => Quarter::None,
                },
                size: None,
            },
            max_faces: usize::from(self.max_faces),
        }
    }

    /// The tracker's settings.
    pub(crate) fn tracking(&self, privacy: PrivacyArg) -> TrackerConfig {
        // Protecting means knowing of every face, not only of those that get a persona.
        let protect = matches!(privacy, PrivacyArg::Protect);
        TrackerConfig {
            max_faces: if protect {
                usize::from(self.max_faces.max(LIVE_FACES))
            } else {
                usize::from(self.max_faces)
            },
            selection: match self.select {
                // As many as were asked for; the choice matters where only one is.
                _ if protect || self.max_faces > 1 => Selection::All,
                Select::Largest => Selection::Largest,
                Select::All => Selection::All,
                Select::Centre => Selection::NearestCentre,
            },
            ..TrackerConfig::default()
        }
    }

    /// How personas are cut.
    pub(crate) fn mask(&self) -> Mask {
        Mask { eyes: self.eyes, mouth: self.mouth, edge: self.edge, sharpness: self.sharpness }
    }
}

impl From<PrivacyArg> for Privacy {
    fn from(level: PrivacyArg) -> Self {
        match level {
            PrivacyArg::Relaxed => Self::Relaxed,
            PrivacyArg::Protect => Self::Protect,
        }
    }
}

/// A size such as 1280x720.
pub(crate) fn size(text: &str) -> Result<(u32, u32), String> {
    let (w, h) = text.split_once(['x', 'X']).ok_or("give a size such as 1280x720")?;
    let side = |v: &str| match v.parse() {
        Ok(n) if (1..=Frame::MAX_SIDE).contains(&n) => Ok(n),
        _ => Err(format!("{v} is not between 1 and {} pixels", Frame::MAX_SIDE)),
    };
    Ok((side(w)?, side(h)?))
}
