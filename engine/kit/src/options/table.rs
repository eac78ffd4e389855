//! The rows, in the order of OBS's dialog; those that OBS does not have stand at the end.

use omote_engine::badge::Corner;
use omote_engine::composite::{Backend, Glasses};
use omote_engine::frame::Rotation;
use omote_engine::pipeline::Privacy;
use omote_engine::track::Selection;
use std::ffi::CStr;

use super::{Choice, Count, Flag, Item, Limit, Name, Number, Obs, On, Row, Setting, Unit};

/// Every row.
pub static ALL: [&dyn Row; 31] = [
    &CAMERA,
    &MODE,
    &PERSONA,
    &MODEL,
    &MODEL_RATE,
    &PRIVACY,
    &OPACITY,
    &EYES,
    &MOUTH,
    &EDGE,
    &LIGHT,
    &SHAPE,
    &SHARPNESS,
    &GLASSES,
    &BADGE,
    &BACKEND,
    &MIRROR,
    &ROTATE,
    &RELEASE,
    &WAIT,
    &WAIT_MS,
    &QUIET,
    &QUIET_FILTER,
    &MAX_FACES,
    &SELECT,
    &MODEL_DETAIL,
    &MODEL_MASK,
    &MODEL_PROVIDER,
    &MODEL_SHARE,
    &MODEL_SCALE,
    &MODEL_MORPH,
];

const fn obs(key: &'static CStr, locale: &'static CStr) -> Option<Obs> {
    Some(Obs { key, locale, on: On::Both })
}

const fn only(on: On, key: &'static CStr, locale: &'static CStr) -> Option<Obs> {
    Some(Obs { key, locale, on })
}

/// A share of the whole.
const fn share(default: f64) -> Number {
    Number { least: 0.0, most: 1.0, step: 0.01, default, unit: Unit::Share }
}

/// A multiple of the usual, which is 1.
const fn factor(least: f64, most: f64) -> Number {
    Number { least, most, step: 0.01, default: 1.0, unit: Unit::Factor }
}

/// The camera that is opened; OBS and the window list those that are there.
pub static CAMERA: Setting<Name> = Setting {
    name: "camera",
    value_name: "DEV|actor",
    // Commands say what they take besides cameras.
    help: "",
    label: "Camera",
    hint: "The camera that Omote opens itself. OBS only ever receives finished pictures.",
    obs: only(On::Camera, c"camera", c"Camera"),
    kind: Name { default: "" },
};

/// The camera's mode; empty for the best.
pub static MODE: Setting<Name> = Setting {
    name: "mode",
    value_name: "",
    help: "",
    label: "Mode",
    hint: "",
    obs: only(On::Camera, c"mode", c"Mode"),
    kind: Name { default: "" },
};

/// The persona that is worn.
pub static PERSONA: Setting<Name> = Setting {
    name: "persona",
    value_name: "NAME|DIR",
    help: "Persona to wear: a name from `omote persona list`, or a path; repeat the option for further faces",
    label: "Persona",
    hint: "",
    obs: obs(c"persona", c"Persona"),
    kind: Name { default: "ko-omote" },
};

/// The swap model that is worn over the persona.
pub static MODEL: Setting<Name> = Setting {
    name: "model",
    value_name: "NAME|FILE",
    help: "Swap model to wear over the persona: a name from `omote models list`, or a file, which is tested and added first",
    label: "Swap model",
    hint: "A model of your own (add it with: omote models add FILE). It draws the persona's face and never delays the picture.",
    obs: obs(c"model", c"Model"),
    kind: Name { default: "" },
};

/// How many of the swap model's results a second.
pub static MODEL_RATE: Setting<Limit> = Setting {
    name: "model-rate",
    value_name: "FPS",
    help: "Live: maximum number of results per second, for example to leave a game room on the GPU",
    label: "Swap model results per second",
    hint: "Limits how often the model runs, to leave the GPU to a game.",
    obs: obs(c"model_rate", c"ModelRate"),
    kind: Limit {
        least: 0.1,
        most: 240.0,
        unit: Unit::PerSecond,
        offered: &[
            Item { name: "0", value: 0, help: "", short: "Off", long: "No limit" },
            Item { name: "5", value: 5, help: "", short: "5", long: "5" },
            Item { name: "10", value: 10, help: "", short: "10", long: "10" },
            Item { name: "15", value: 15, help: "", short: "15", long: "15" },
            Item { name: "30", value: 30, help: "", short: "30", long: "30" },
        ],
    },
};

/// What is shown when a face is lost. `omote run`, which nobody watches live, begins with `relaxed`.
pub static PRIVACY: Setting<Choice<Privacy>> = Setting {
    name: "privacy",
    value_name: "",
    help: "What to show when a face is lost; with `protect`, a detected face is never shown uncovered",
    label: "Privacy",
    hint: "Protect: detected faces are never shown uncovered. Relaxed: after a face has been lost for two seconds, the plain camera picture is shown.",
    obs: obs(c"privacy", c"Privacy"),
    kind: Choice {
        items: &[
            Item {
                name: "protect",
                value: Privacy::Protect,
                help: "Hold the last good picture, then pixelate the head in it, then show a card",
                short: "Protect",
                long: "Protect: show a card rather than an uncovered face",
            },
            Item {
                name: "relaxed",
                value: Privacy::Relaxed,
                help: "Keep the persona in place, then pixelate the head, then show the plain picture with the badge",
                short: "Relaxed",
                long: "Relaxed: for tests without viewers",
            },
        ],
        default: Privacy::Protect,
    },
};

/// How much of the persona is seen.
pub static OPACITY: Setting<Number> = Setting {
    name: "opacity",
    value_name: "0..1",
    help: "Opacity of the persona, 0 to 1; with privacy `protect` it is always 1",
    label: "Opacity",
    hint: "Only for privacy level Relaxed. With Protect, the persona is always opaque.",
    obs: obs(c"opacity", c"Slider.opacity"),
    kind: share(1.0),
};

/// The persona's eyes instead of one's own.
pub static EYES: Setting<Number> = Setting {
    name: "eyes",
    value_name: "0..1",
    help: "Eyes: 0 shows your own, 1 the persona's",
    label: "Persona's eyes",
    hint: "0 shows your own eyes, 1 shows the persona's.",
    obs: obs(c"eyes", c"Slider.eyes"),
    kind: share(0.0),
};

/// The persona's inner mouth instead of one's own.
pub static MOUTH: Setting<Number> = Setting {
    name: "mouth",
    value_name: "0..1",
    help: "Inside of the mouth: 0 shows your own, 1 the persona's",
    label: "Persona's mouth",
    hint: "0 shows the inside of your own mouth, 1 shows the persona's.",
    obs: obs(c"mouth", c"Slider.mouth"),
    kind: share(0.0),
};

/// Softness of the persona's edges.
pub static EDGE: Setting<Number> = Setting {
    name: "edge",
    value_name: "0.25..2",
    help: "Softness of the persona's edges, as a multiple of the default",
    label: "Edge softness",
    hint: "",
    obs: obs(c"edge", c"Slider.edge"),
    kind: factor(0.25, 2.0),
};

/// How far the persona takes on the live light.
pub static LIGHT: Setting<Number> = Setting {
    name: "light",
    value_name: "0..1",
    help: "How closely the persona follows the light in the picture, 0 to 1",
    label: "Light and colour",
    hint: "How closely the persona follows your light and skin tone.",
    obs: obs(c"light", c"Slider.light"),
    kind: share(1.0),
};

/// How far the live face takes on the persona's proportions.
pub static SHAPE: Setting<Number> = Setting {
    name: "shape",
    value_name: "0..1",
    help: "How far your face is reshaped to the persona's proportions, 0 to 1",
    label: "Face shape",
    hint: "How far your face is reshaped to the persona's proportions.",
    obs: obs(c"shape", c"Slider.shape"),
    kind: share(0.0),
};

/// Sharpness of the persona.
pub static SHARPNESS: Setting<Number> = Setting {
    name: "sharpness",
    value_name: "0..2",
    help: "Sharpness of the persona, as a multiple of the default",
    label: "Sharpness",
    hint: "",
    obs: obs(c"sharpness", c"Slider.sharpness"),
    kind: factor(0.0, 2.0),
};

/// Whether one's own glasses stay in front of the persona.
pub static GLASSES: Setting<Choice<Glasses>> = Setting {
    name: "glasses",
    value_name: "",
    help: "Whether your glasses stay in front of the persona",
    label: "Glasses",
    hint: "Mine: your glasses stay in front of the persona. None: the persona covers them. For personas with glasses of their own.",
    obs: obs(c"glasses", c"Glasses"),
    kind: Choice {
        items: &[
            Item {
                name: "mine",
                value: Glasses::Mine,
                help: "They stay, with their lenses and glints",
                short: "Mine",
                long: "Mine",
            },
            Item {
                name: "none",
                value: Glasses::None,
                help: "The persona covers them, for instance because it has its own",
                short: "None",
                long: "None (the persona covers them)",
            },
        ],
        default: Glasses::Mine,
    },
};

/// Where the badge stands.
pub static BADGE: Setting<Choice<Corner>> = Setting {
    name: "badge",
    value_name: "",
    help: "Position of the badge; in a corner, it is cut off by sites that crop the picture",
    label: "Badge",
    hint: "The badge tells viewers that the picture was modified by AI. Low in the middle, it stays whole when a site crops the picture to 4:3, a square or 9:16; in a corner, it is cut off.",
    obs: obs(c"badge_corner", c"Corner"),
    kind: Choice {
        items: &[
            Item {
                name: "middle",
                value: Corner::Middle,
                help: "Low in the middle; stays whole when a site crops the picture to 4:3, a square or 9:16",
                short: "Low in the middle",
                long: "Low in the middle (stays whole in crops)",
            },
            Item {
                name: "top-left",
                value: Corner::TopLeft,
                help: "Such crops cut it off",
                short: "Top left",
                long: "Top left (cut off in crops)",
            },
            Item {
                name: "top-right",
                value: Corner::TopRight,
                help: "Such crops cut it off",
                short: "Top right",
                long: "Top right (cut off in crops)",
            },
            Item {
                name: "bottom-left",
                value: Corner::BottomLeft,
                help: "Such crops cut it off",
                short: "Bottom left",
                long: "Bottom left (cut off in crops)",
            },
            Item {
                name: "bottom-right",
                value: Corner::BottomRight,
                help: "Such crops cut it off",
                short: "Bottom right",
                long: "Bottom right (cut off in crops)",
            },
        ],
        default: Corner::Middle,
    },
};

/// What draws.
pub static BACKEND: Setting<Choice<Backend>> = Setting {
    name: "backend",
    value_name: "",
    help: "Rendering backend; auto prefers a hardware GPU",
    label: "Rendering backend",
    hint: "Changing this restarts the engine.",
    obs: obs(c"backend", c"Backend"),
    kind: Choice {
        items: &[
            Item {
                name: "auto",
                value: Backend::Auto,
                help: "",
                short: "Automatic",
                long: "Automatic (prefers a hardware GPU)",
            },
            Item { name: "gpu", value: Backend::Gpu, help: "", short: "GPU", long: "GPU" },
            Item { name: "cpu", value: Backend::Cpu, help: "", short: "CPU", long: "CPU" },
        ],
        default: Backend::Auto,
    },
};

/// Whether the output is mirrored. A filter's picture is turned by the scene.
pub static MIRROR: Setting<Flag> = Setting {
    name: "mirror",
    value_name: "",
    help: "Mirror the image",
    label: "Mirror the picture (the badge stays readable)",
    hint: "",
    obs: only(On::Camera, c"mirror", c"Mirror"),
    kind: Flag { default: false },
};

/// Rotation of the output, in degrees clockwise.
pub static ROTATE: Setting<Choice<Rotation>> = Setting {
    name: "rotate",
    value_name: "DEGREES",
    help: "Rotate the image clockwise",
    label: "Rotate",
    hint: "",
    obs: only(On::Camera, c"rotate", c"Rotate"),
    kind: Choice {
        items: &[
            Item { name: "0", value: Rotation::None, help: "", short: "0°", long: "None" },
            Item { name: "90", value: Rotation::Right, help: "", short: "90°", long: "90° clockwise" },
            Item { name: "180", value: Rotation::Half, help: "", short: "180°", long: "180°" },
            Item {
                name: "270",
                value: Rotation::Left,
                help: "",
                short: "270°",
                long: "90° counter-clockwise",
            },
        ],
        default: Rotation::None,
    },
};

/// Whether the camera is closed while nobody sees the source.
pub static RELEASE: Setting<Flag> = Setting {
    name: "release",
    value_name: "",
    help: "",
    label: "Close the camera while the source is hidden",
    hint: "",
    obs: only(On::Camera, c"release_when_hidden", c"Release"),
    kind: Flag { default: false },
};

/// Whether a frame waits for its own result.
pub static WAIT: Setting<Flag> = Setting {
    name: "wait",
    value_name: "",
    help: "",
    label: "Wait for the result of each frame",
    hint: "OBS waits up to the time below while drawing, so that the picture is not two frames late. Only for fast machines.",
    obs: only(On::Filter, c"wait", c"Wait"),
    kind: Flag { default: false },
};

/// How long it waits at most.
pub static WAIT_MS: Setting<Count> = Setting {
    name: "wait-ms",
    value_name: "",
    help: "",
    label: "Longest wait",
    hint: "",
    obs: only(On::Filter, c"wait_ms", c"WaitMs"),
    kind: Count { least: 1, most: 30, default: 12, unit: Unit::Milliseconds },
};

/// Whether nothing is drawn until the first swapped face. A camera begins with the card, so that its place is seen.
pub static QUIET: Setting<Flag> = Setting {
    name: "quiet",
    value_name: "",
    help: "",
    label: "Show nothing until the first swapped face",
    hint: "If off, the card is shown until then. Either way, the original picture is not shown.",
    obs: only(On::Camera, c"nothing_until_ready", c"Quiet"),
    kind: Flag { default: false },
};

/// [`QUIET`] of a filter: it stands on a picture that was there before, and a card would startle.
pub static QUIET_FILTER: Setting<Flag> = Setting {
    obs: only(On::Filter, c"nothing_until_ready", c"Quiet"),
    kind: Flag { default: true },
    ..QUIET
};

/// Faces that are followed live at most: each takes a mesh network's time in every frame, 3 to 4 ms of the 33 that there
/// are at 30 frames a second.
pub const LIVE_FACES: u8 = 4;

/// Faces that get a persona.
pub static MAX_FACES: Setting<Count> = Setting {
    name: "max-faces",
    value_name: "N",
    help: "Maximum number of swapped faces: 1 to 64; at most 4 live, because each costs a few milliseconds per frame",
    label: "",
    hint: "",
    obs: None,
    kind: Count { least: 1, most: 64, default: 1, unit: Unit::Faces },
};

/// Which face gets the persona when only one does.
pub static SELECT: Setting<Choice<Selection>> = Setting {
    name: "select",
    value_name: "",
    help: "Which face gets the persona where only one does",
    label: "",
    hint: "",
    obs: None,
    kind: Choice {
        items: &[
            Item {
                name: "largest",
                value: Selection::Largest,
                help: "The largest faces",
                short: "Largest",
                long: "The largest",
            },
            Item {
                name: "all",
                value: Selection::All,
                help: "All faces, in the order in which they appeared",
                short: "All",
                long: "All",
            },
            Item {
                name: "centre",
                value: Selection::NearestCentre,
                help: "The faces nearest to the centre of the picture",
                short: "Centre",
                long: "The one nearest to the picture's middle",
            },
        ],
        default: Selection::Largest,
    },
};

/// Tiles along a side that a swap model makes of each face.
pub static MODEL_DETAIL: Setting<Count> = Setting {
    name: "model-detail",
    value_name: "1..4",
    help: "Tiles per side: n² runs per face give n times the model's resolution",
    label: "",
    hint: "",
    obs: None,
    kind: Count { least: 1, most: 4, default: 1, unit: Unit::Tiles },
};

/// Networks that keep what covers the face in front.
pub static MODEL_MASK: Setting<Name> = Setting {
    name: "model-mask",
    value_name: "NAME",
    help: "Mask network that keeps things in front of the face visible (xseg, bisenet); can be repeated",
    label: "",
    hint: "",
    obs: None,
    kind: Name { default: "" },
};

/// The inference provider.
pub static MODEL_PROVIDER: Setting<Name> = Setting {
    name: "model-provider",
    value_name: "PROVIDER",
    help: "Inference provider [default: the fastest one measured]",
    label: "",
    hint: "",
    obs: None,
    kind: Name { default: "" },
};

/// How much of the time the swap model may take.
pub static MODEL_SHARE: Setting<Limit> = Setting {
    name: "model-share",
    value_name: "PERCENT",
    help: "Live: maximum share of the time that the model may work",
    label: "",
    hint: "",
    obs: None,
    kind: Limit { least: 1.0, most: 100.0, unit: Unit::Percent, offered: &[] },
};

/// How much more of the picture the swap model sees.
pub static MODEL_SCALE: Setting<Number> = Setting {
    name: "model-scale",
    value_name: "0.5..2",
    help: "Size of the crop that the model sees, as a multiple of what its family uses",
    label: "",
    hint: "",
    obs: None,
    kind: factor(0.5, 2.0),
};

/// Morph value, for DFM models that have one.
pub static MODEL_MORPH: Setting<Number> = Setting {
    name: "model-morph",
    value_name: "0..1",
    help: "The morph value of models that have one",
    label: "",
    hint: "",
    obs: None,
    kind: share(0.75),
};
