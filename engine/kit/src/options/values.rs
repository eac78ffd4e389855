//! Where the options stand, and what that means to the engine.

use omote_engine::badge::Corner;
use omote_engine::composite::{Backend, DrawParams, Glasses};
use omote_engine::frame::{FrameTransform, Rotation};
use omote_engine::pipeline::{Privacy, Settings};
use omote_engine::swap::CutParams;

use super::{
    BACKEND, BADGE, EDGE, EYES, GLASSES, LIGHT, MAX_FACES, MIRROR, MOUTH, OPACITY, PRIVACY, ROTATE, SHAPE,
    SHARPNESS,
};

/// Where the options stand that say how a picture looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Values {
    /// As [`OPACITY`], 0..=1.
    pub opacity: f32,
    /// As [`LIGHT`], 0..=1.
    pub light: f32,
    /// As [`SHAPE`], 0..=1.
    pub shape: f32,
    /// As [`EYES`], 0..=1.
    pub eyes: f32,
    /// As [`MOUTH`], 0..=1.
    pub mouth: f32,
    /// As [`EDGE`], 0.25..=2.
    pub edge: f32,
    /// As [`SHARPNESS`], 0..=2.
    pub sharpness: f32,
    /// As [`GLASSES`].
    pub glasses: Glasses,
    /// As [`PRIVACY`].
    pub privacy: Privacy,
    /// As [`BADGE`].
    pub corner: Corner,
    /// As [`BACKEND`].
    pub backend: Backend,
    /// As [`MIRROR`].
    pub mirror: bool,
    /// As [`ROTATE`].
    pub rotate: Rotation,
    /// As [`MAX_FACES`], 1..=64.
    pub max_faces: u8,
}

impl Default for Values {
    /// As when nothing was adjusted.
    fn default() -> Self {
        Self {
            opacity: OPACITY.default(),
            light: LIGHT.default(),
            shape: SHAPE.default(),
            eyes: EYES.default(),
            mouth: MOUTH.default(),
            edge: EDGE.default(),
            sharpness: SHARPNESS.default(),
            glasses: GLASSES.default(),
            privacy: PRIVACY.default(),
            corner: BADGE.default(),
            backend: BACKEND.default(),
            mirror: MIRROR.kind.default,
            rotate: ROTATE.default(),
            max_faces: MAX_FACES.default(),
        }
    }
}

impl Values {
    /// How personas are drawn.
    #[must_use]
    pub fn draw_params(&self) -> DrawParams {
        DrawParams {
            opacity: self.opacity,
            light: self.light,
            shape: self.shape,
            glasses: self.glasses,
            ..DrawParams::default()
        }
    }

    /// How personas are cut: what is baked into their textures.
    #[must_use]
    pub fn mask(&self) -> CutParams {
        CutParams { eyes: self.eyes, mouth: self.mouth, edge: self.edge, sharpness: self.sharpness }
    }

    /// How the picture is turned; its size stays.
    #[must_use]
    pub fn transform(&self) -> FrameTransform {
        FrameTransform { mirror: self.mirror, rotate: self.rotate, size: None }
    }

    /// The engine's settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.backend = self.backend;
        settings.privacy = self.privacy;
        settings.draw_params = self.draw_params();
        settings.corner = self.corner;
        settings.transform = self.transform();
        settings.max_faces = usize::from(self.max_faces);
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine has defaults of its own, for those who use it without the table.
    #[test]
    fn the_engine_begins_as_the_table_does() {
        let values = Values::default();
        assert_eq!(values.mask(), CutParams::default());
        assert_eq!(values.draw_params(), DrawParams::default());
        assert_eq!(values.transform(), FrameTransform::default());
        assert_eq!((values.corner, values.backend), (Corner::default(), Backend::default()));
    }

    #[test]
    fn each_value_arrives() {
        let values = Values {
            opacity: 0.1,
            light: 0.2,
            shape: 0.3,
            eyes: 0.4,
            mouth: 0.5,
            edge: 0.6,
            sharpness: 0.7,
            glasses: Glasses::None,
            privacy: Privacy::Relaxed,
            corner: Corner::TopLeft,
            backend: Backend::Cpu,
            mirror: true,
            rotate: Rotation::Left,
            max_faces: 3,
        };
        let settings = values.settings();
        assert_eq!(
            (settings.draw_params.opacity, settings.draw_params.light, settings.draw_params.shape),
            (0.1, 0.2, 0.3)
        );
        assert_eq!(settings.draw_params.glasses, Glasses::None);
        assert_eq!(values.mask(), CutParams { eyes: 0.4, mouth: 0.5, edge: 0.6, sharpness: 0.7 });
        assert_eq!((settings.privacy, settings.corner), (Privacy::Relaxed, Corner::TopLeft));
        assert_eq!((settings.backend, settings.max_faces), (Backend::Cpu, 3));
        assert_eq!((settings.transform.mirror, settings.transform.rotate), (true, Rotation::Left));
    }
}
