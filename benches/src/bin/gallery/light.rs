//! The lights that the gallery puts on the face.

use glam::Vec3;
use omote_engine::puppet::Light;

/// Light on face and room, and what the camera makes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lighting {
    /// Gains on the portrait's own linear light.
    pub(crate) light: Light,
    /// Gain of the room's linear light.
    pub(crate) room: Vec3,
    /// Standard deviation of the camera's noise in 8-bit codes.
    pub(crate) noise: f32,
}

const fn lighting(
    towards: [f32; 3],
    ambient: [f32; 3],
    lamp: [f32; 3],
    room: [f32; 3],
    noise: f32,
) -> Lighting {
    let light = Light {
        towards: Vec3::from_array(towards),
        ambient: Vec3::from_array(ambient),
        lamp: Vec3::from_array(lamp),
    };
    Lighting { light, room: Vec3::from_array(room), noise }
}

/// A bright room with a soft lamp above the camera.
pub(crate) const EVEN: Lighting = lighting([0.0, -0.34, -0.94], [0.34; 3], [0.74; 3], [1.0; 3], 1.3);

/// Name, light and the light after the step, if there is one.
pub(crate) const LIGHTS: [(&str, Lighting, Option<Lighting>); 9] = [
    ("even light", EVEN, None),
    (
        "lamp from the left",
        lighting([-1.0, -0.15, 0.0], [0.06, 0.06, 0.07], [1.30, 1.26, 1.20], [0.55; 3], 1.8),
        None,
    ),
    (
        "lamp from the right",
        lighting([1.0, -0.15, 0.0], [0.06, 0.06, 0.07], [1.30, 1.26, 1.20], [0.55; 3], 1.8),
        None,
    ),
    (
        "screen from below",
        lighting([0.15, 0.85, -0.5], [0.07, 0.075, 0.10], [0.34, 0.50, 0.95], [0.10, 0.12, 0.19], 3.0),
        None,
    ),
    (
        "dim room",
        lighting([0.3, -0.4, -0.87], [0.075, 0.07, 0.06], [0.13, 0.115, 0.09], [0.13; 3], 5.0),
        None,
    ),
    (
        "warm lamp",
        lighting([0.6, -0.35, -0.7], [0.22, 0.16, 0.10], [1.05, 0.72, 0.38], [0.95, 0.68, 0.42], 1.6),
        None,
    ),
    (
        "window behind",
        lighting([0.2, -0.5, 0.6], [0.24, 0.25, 0.28], [0.10, 0.11, 0.13], [1.9, 1.95, 2.1], 2.2),
        None,
    ),
    (
        "coloured screens",
        lighting([-0.8, 0.25, -0.55], [0.10, 0.20, 0.30], [0.85, 0.22, 0.62], [0.20, 0.14, 0.24], 2.6),
        None,
    ),
    (
        "exposure step",
        EVEN,
        Some(lighting([0.0, -0.34, -0.94], [0.62; 3], [1.35; 3], [1.85, 1.85, 1.85], 1.3)),
    ),
];
