//! An instance's settings as OBS stores them (`obs_data_t`), and what they mean to the engine.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use crate::text::{c, from_c};
use omote_kit::options::{
    BACKEND, BADGE, CAMERA, Choice, Count, EDGE, EYES, Flag, Form, GLASSES, LIGHT, Limit, MIRROR, MODE,
    MODEL, MODEL_RATE, MOUTH, Name, Number, OPACITY, On, PERSONA, PRIVACY, QUIET, RELEASE, ROTATE, Row,
    SHAPE, SHARPNESS, Setting, Values, WAIT, WAIT_MS, in_obs,
};
use std::ffi::CStr;

/// The key of the microphone that the measured delay is given to. It stands in users' scene collections.
pub(crate) const MICROPHONE: &CStr = c"microphone";

/// The key of an option.
pub(crate) fn key(row: &dyn Row) -> &'static CStr {
    row.obs().map_or(c"", |obs| obs.key)
}

/// Which kind of instance settings belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// "Omote Camera".
    Camera,
    /// "Omote Face Filter".
    Filter,
}

impl Kind {
    /// The options that this kind has.
    pub(crate) fn on(self) -> On {
        match self {
            Self::Camera => On::Camera,
            Self::Filter => On::Filter,
        }
    }
}

/// The camera that an "Omote Camera" opens: its id, and a mode as [`omote_engine::source::camera::CameraMode`]
/// writes it. An empty text leaves the choice to the engine; `actor` is the built-in moving face.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CameraChoice {
    pub(crate) device: String,
    pub(crate) mode: String,
}

/// A swap model of the user's: its name, empty for none, and its results a second at most, 0 for as many as it can.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ModelChoice {
    pub(crate) name: String,
    pub(crate) rate: u32,
}

/// What an instance is to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Options {
    pub(crate) persona: String,
    pub(crate) model: ModelChoice,
    pub(crate) values: Values,
    pub(crate) camera: CameraChoice,
    /// Draw nothing until the first swapped face.
    pub(crate) quiet: bool,
    /// Wait so many milliseconds for the frame's own result; 0 does not wait.
    pub(crate) wait_ms: u64,
    /// Close the camera while nobody sees it.
    pub(crate) release: bool,
}

/// A view of settings that libobs holds.
#[derive(Clone, Copy)]
pub(crate) struct Stored(*mut ffi::obs_data_t);

impl Stored {
    /// # Safety
    /// `data` is null or settings that live as long as this is used.
    pub(crate) unsafe fn new(data: *mut ffi::obs_data_t) -> Self {
        Self(data)
    }

    pub(crate) fn text(self, name: &CStr) -> String {
        // SAFETY: the settings live; libobs takes null ones as empty.
        let text = unsafe { ffi::obs_data_get_string(self.0, name.as_ptr()) };
        // SAFETY: libobs' own string, which lives as long as the settings are not changed.
        unsafe { from_c(text) }
    }

    pub(crate) fn flag(self, name: &CStr) -> bool {
        // SAFETY: as above.
        unsafe { ffi::obs_data_get_bool(self.0, name.as_ptr()) }
    }

    /// A number, brought into its range.
    fn number(self, row: &Setting<Number>) -> f32 {
        // SAFETY: as above.
        row.clamp(unsafe { ffi::obs_data_get_double(self.0, key(row).as_ptr()) } as f32)
    }

    /// A whole number, brought into its range.
    fn count(self, row: &Setting<Count>) -> u8 {
        // SAFETY: as above.
        row.clamp(unsafe { ffi::obs_data_get_int(self.0, key(row).as_ptr()) })
    }

    /// What a word means; one that means nothing counts as the default.
    fn choice<T: Copy + PartialEq + Sync>(self, row: &Setting<Choice<T>>) -> T {
        row.named_or_default(&self.text(key(row)))
    }

    /// A limit, 0 for none.
    fn limit(self, row: &Setting<Limit>) -> u32 {
        row.clamp(self.text(key(row)).parse().unwrap_or_default())
    }

    fn is_on(self, row: &Setting<Flag>) -> bool {
        self.flag(key(row))
    }

    pub(crate) fn name(self, row: &Setting<Name>) -> String {
        self.text(key(row))
    }

    pub(crate) fn set_text(self, name: &CStr, value: &str) {
        // SAFETY: as above; libobs copies the text.
        unsafe { ffi::obs_data_set_string(self.0, name.as_ptr(), c(value).as_ptr()) }
    }

    pub(crate) fn erase(self, name: &CStr) {
        // SAFETY: as above.
        unsafe { ffi::obs_data_erase(self.0, name.as_ptr()) }
    }

    pub(crate) fn set_flag(self, name: &CStr, value: bool) {
        // SAFETY: as above.
        unsafe { ffi::obs_data_set_bool(self.0, name.as_ptr(), value) }
    }

    pub(crate) fn set_number(self, name: &CStr, value: f64) {
        // SAFETY: as above.
        unsafe { ffi::obs_data_set_double(self.0, name.as_ptr(), value) }
    }

    /// What the settings mean.
    pub(crate) fn options(self, kind: Kind) -> Options {
        let camera = kind == Kind::Camera;
        let turn = Values::default();
        Options {
            persona: self.name(&PERSONA),
            model: ModelChoice { name: self.name(&MODEL), rate: self.limit(&MODEL_RATE) },
            values: Values {
                opacity: self.number(&OPACITY),
                light: self.number(&LIGHT),
                shape: self.number(&SHAPE),
                eyes: self.number(&EYES),
                mouth: self.number(&MOUTH),
                edge: self.number(&EDGE),
                sharpness: self.number(&SHARPNESS),
                glasses: self.choice(&GLASSES),
                privacy: self.choice(&PRIVACY),
                corner: self.choice(&BADGE),
                backend: self.choice(&BACKEND),
                // A filter's picture is turned by the scene, and the badge must not be mirrored with it.
                mirror: if camera { self.is_on(&MIRROR) } else { turn.mirror },
                rotate: if camera { self.choice(&ROTATE) } else { turn.rotate },
                max_faces: turn.max_faces,
            },
            camera: CameraChoice { device: self.name(&CAMERA), mode: self.name(&MODE) },
            quiet: self.is_on(&QUIET),
            wait_ms: if !camera && self.is_on(&WAIT) { self.count(&WAIT_MS).into() } else { 0 },
            release: self.is_on(&RELEASE),
        }
    }

    /// What a new instance starts with.
    pub(crate) fn defaults(self, kind: Kind) {
        let text = |key: &CStr, value: &str| {
            // SAFETY: the settings live; libobs copies the text.
            unsafe { ffi::obs_data_set_default_string(self.0, key.as_ptr(), c(value).as_ptr()) };
        };
        for (row, obs) in in_obs(kind.on()) {
            let key = obs.key.as_ptr();
            match row.form() {
                Form::Number(number) => {
                    // SAFETY: the settings live.
                    unsafe { ffi::obs_data_set_default_double(self.0, key, number.default) };
                }
                Form::Count(count) => {
                    // SAFETY: as above.
                    unsafe { ffi::obs_data_set_default_int(self.0, key, count.default.into()) };
                }
                Form::Flag(on) => {
                    // SAFETY: as above.
                    unsafe { ffi::obs_data_set_default_bool(self.0, key, on) };
                }
                Form::Choice { default, .. } | Form::Name(default) => text(obs.key, default),
                Form::Limit { .. } => text(obs.key, "0"),
            }
        }
    }
}
