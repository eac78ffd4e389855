//! An instance's settings as OBS stores them (`obs_data_t`), and what they mean to the engine.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use crate::text::{c, from_c};
use omote_engine::badge::Corner;
use omote_engine::composite::{Backend, Look};
use omote_engine::frame::{Quarter, Turn};
use omote_engine::pipeline::{Privacy, Settings};
use omote_engine::swap::Mask;
use std::ffi::CStr;

/// Keys. They stand in users' scene collections: never rename one.
pub(crate) mod key {
    use std::ffi::CStr;
    pub(crate) const PERSONA: &CStr = c"persona";
    pub(crate) const MODEL: &CStr = c"model";
    pub(crate) const MODEL_RATE: &CStr = c"model_rate";
    pub(crate) const PRIVACY: &CStr = c"privacy";
    pub(crate) const OPACITY: &CStr = c"opacity";
    pub(crate) const EYES: &CStr = c"eyes";
    pub(crate) const MOUTH: &CStr = c"mouth";
    pub(crate) const EDGE: &CStr = c"edge";
    pub(crate) const LIGHT: &CStr = c"light";
    pub(crate) const SHAPE: &CStr = c"shape";
    pub(crate) const SHARPNESS: &CStr = c"sharpness";
    pub(crate) const CORNER: &CStr = c"badge_corner";
    pub(crate) const BACKEND: &CStr = c"backend";
    pub(crate) const QUIET: &CStr = c"nothing_until_ready";
    pub(crate) const WAIT: &CStr = c"wait";
    pub(crate) const WAIT_MS: &CStr = c"wait_ms";
    pub(crate) const CAMERA: &CStr = c"camera";
    pub(crate) const MODE: &CStr = c"mode";
    pub(crate) const MIRROR: &CStr = c"mirror";
    pub(crate) const ROTATE: &CStr = c"rotate";
    pub(crate) const RELEASE: &CStr = c"release_when_hidden";
    pub(crate) const MICROPHONE: &CStr = c"microphone";
}

/// Which kind of instance settings belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// "Omote Camera".
    Camera,
    /// "Omote Face Filter".
    Filter,
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
    pub(crate) mask: Mask,
    pub(crate) look: Look,
    pub(crate) privacy: Privacy,
    pub(crate) corner: Corner,
    pub(crate) backend: Backend,
    pub(crate) turn: Turn,
    pub(crate) camera: CameraChoice,
    /// Draw nothing until the first swapped face.
    pub(crate) quiet: bool,
    /// Wait so many milliseconds for the frame's own result; 0 does not wait.
    pub(crate) wait_ms: u64,
    /// Close the camera while nobody sees it.
    pub(crate) release: bool,
}

/// The longest wait for a frame's own result, ms.
pub(crate) const LONGEST_WAIT: i32 = 30;

/// Names in the settings, and what they mean.
pub(crate) const PRIVACY: [(&CStr, Privacy); 2] =
    [(c"protect", Privacy::Protect), (c"relaxed", Privacy::Relaxed)];
pub(crate) const CORNERS: [(&CStr, Corner); 5] = [
    (c"middle", Corner::Middle),
    (c"top-right", Corner::TopRight),
    (c"top-left", Corner::TopLeft),
    (c"bottom-right", Corner::BottomRight),
    (c"bottom-left", Corner::BottomLeft),
];
pub(crate) const BACKENDS: [(&CStr, Backend); 3] =
    [(c"auto", Backend::Auto), (c"gpu", Backend::Gpu), (c"cpu", Backend::Cpu)];
pub(crate) const QUARTERS: [(&CStr, Quarter); 4] =
    [(c"0", Quarter::None), (c"90", Quarter::Right), (c"180", Quarter::Half), (c"270", Quarter::Left)];

/// Limits of a swap model's results a second; 0 is none.
pub(crate) const MODEL_RATES: [&CStr; 5] = [c"0", c"5", c"10", c"15", c"30"];

/// A slider: key, least, most, where it stands at first.
pub(crate) const SLIDERS: [(&CStr, f64, f64, f64); 7] = [
    (key::OPACITY, 0.0, 1.0, 1.0),
    (key::EYES, 0.0, 1.0, 0.0),
    (key::MOUTH, 0.0, 1.0, 0.0),
    (key::EDGE, 0.25, 2.0, 1.0),
    (key::LIGHT, 0.0, 1.0, 1.0),
    (key::SHAPE, 0.0, 1.0, 0.0),
    (key::SHARPNESS, 0.0, 2.0, 1.0),
];

fn meant<T: Copy>(table: &[(&CStr, T)], word: &str, otherwise: T) -> T {
    table.iter().find(|(name, _)| name.to_bytes() == word.as_bytes()).map_or(otherwise, |(_, value)| *value)
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

    fn number(self, name: &CStr) -> f64 {
        // SAFETY: as above.
        unsafe { ffi::obs_data_get_double(self.0, name.as_ptr()) }
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

    /// What the settings mean. Words that mean nothing count as their default, numbers as the nearest in range.
    pub(crate) fn options(self, kind: Kind) -> Options {
        let slider = |name: &CStr| {
            let known = SLIDERS.iter().find(|row| row.0 == name);
            let (least, most, first) = known.map_or((0.0, 1.0, 0.0), |row| (row.1, row.2, row.3));
            let value = self.number(name);
            (if value.is_finite() { value.clamp(least, most) } else { first }) as f32
        };
        let camera = kind == Kind::Camera;
        let wait = self.flag(key::WAIT) && !camera;
        // SAFETY: the settings live.
        let wait_ms = unsafe { ffi::obs_data_get_int(self.0, key::WAIT_MS.as_ptr()) };
        Options {
            persona: self.text(key::PERSONA),
            model: ModelChoice {
                name: self.text(key::MODEL),
                rate: self.text(key::MODEL_RATE).parse().unwrap_or_default(),
            },
            mask: Mask {
                eyes: slider(key::EYES),
                mouth: slider(key::MOUTH),
                edge: slider(key::EDGE),
                sharpness: slider(key::SHARPNESS),
            },
            look: Look {
                opacity: slider(key::OPACITY),
                light: slider(key::LIGHT),
                shape: slider(key::SHAPE),
                ..Look::default()
            },
            privacy: meant(&PRIVACY, &self.text(key::PRIVACY), Privacy::Protect),
            corner: meant(&CORNERS, &self.text(key::CORNER), Corner::default()),
            backend: meant(&BACKENDS, &self.text(key::BACKEND), Backend::Auto),
            // A filter's picture is turned by the scene, and the badge must not be mirrored with it.
            turn: Turn {
                mirror: camera && self.flag(key::MIRROR),
                rotate: if camera {
                    meant(&QUARTERS, &self.text(key::ROTATE), Quarter::None)
                } else {
                    Quarter::None
                },
                size: None,
            },
            camera: CameraChoice { device: self.text(key::CAMERA), mode: self.text(key::MODE) },
            quiet: self.flag(key::QUIET),
            wait_ms: if wait { wait_ms.clamp(1, LONGEST_WAIT.into()) as u64 } else { 0 },
            release: self.flag(key::RELEASE),
        }
    }

    /// What a new instance starts with.
    pub(crate) fn defaults(self, kind: Kind) {
        let text = |name: &CStr, value: &CStr| {
            // SAFETY: the settings live; libobs copies the text.
            unsafe { ffi::obs_data_set_default_string(self.0, name.as_ptr(), value.as_ptr()) };
        };
        let flag = |name: &CStr, value: bool| {
            // SAFETY: as above.
            unsafe { ffi::obs_data_set_default_bool(self.0, name.as_ptr(), value) };
        };
        text(key::PERSONA, c"ko-omote");
        text(key::MODEL, c"");
        text(key::MODEL_RATE, c"0");
        text(key::PRIVACY, c"protect");
        text(key::CORNER, c"middle");
        text(key::BACKEND, c"auto");
        for (name, _, _, first) in SLIDERS {
            // SAFETY: as above.
            unsafe { ffi::obs_data_set_default_double(self.0, name.as_ptr(), first) };
        }
        match kind {
            Kind::Filter => {
                flag(key::QUIET, true);
                flag(key::WAIT, false);
                // SAFETY: as above.
                unsafe { ffi::obs_data_set_default_int(self.0, key::WAIT_MS.as_ptr(), 12) };
            }
            Kind::Camera => {
                flag(key::QUIET, false);
                flag(key::MIRROR, false);
                flag(key::RELEASE, false);
                text(key::ROTATE, c"0");
                text(key::CAMERA, c"");
                text(key::MODE, c"");
            }
        }
    }
}

impl Options {
    /// The engine's settings.
    pub(crate) fn engine(&self) -> Settings {
        Settings {
            backend: self.backend,
            privacy: self.privacy,
            look: self.look,
            corner: self.corner,
            turn: self.turn,
            max_faces: 1,
        }
    }
}
