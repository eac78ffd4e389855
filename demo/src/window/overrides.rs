//! What the command line says, over what the window remembers.

use super::settings::Remembered;
use crate::wear_args::ModelArgs;

/// Settings that were named on the command line; the rest stays as it was last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// Persona to wear.
    pub(crate) persona: Option<String>,
    /// Where pictures come from: `actor` or a camera.
    pub(crate) source: Option<String>,
    /// `protect` or `relaxed`.
    pub(crate) privacy: Option<String>,
    /// The badge's corner, as `top-right`.
    pub(crate) badge: Option<String>,
    /// `mine` or `none`.
    pub(crate) glasses: Option<String>,
    /// Which virtual camera; it is switched on then.
    pub(crate) virtual_camera: Option<String>,
    /// The sliders, by name.
    pub(crate) opacity: Option<f32>,
    pub(crate) light: Option<f32>,
    pub(crate) eyes: Option<f32>,
    pub(crate) mouth: Option<f32>,
    pub(crate) edge: Option<f32>,
    pub(crate) sharpness: Option<f32>,
    pub(crate) shape: Option<f32>,
    /// Whether the output is mirrored.
    pub(crate) mirror: Option<bool>,
    /// The output's rotation in degrees.
    pub(crate) rotation: Option<u16>,
    /// The swap model; all but its name and rate holds for every model of this run.
    pub(crate) model: ModelArgs,
}

impl Overrides {
    /// Puts what was named in the place of what was remembered.
    pub(super) fn over(self, kept: &mut Remembered) {
        fn put<T>(given: Option<T>, kept: &mut T) {
            if let Some(given) = given {
                *kept = given;
            }
        }
        put(self.persona, &mut kept.persona);
        if self.source.is_some() {
            // A mode that was chosen for another camera.
            kept.mode.clear();
        }
        put(self.source, &mut kept.source);
        put(self.privacy, &mut kept.privacy);
        put(self.badge, &mut kept.badge);
        put(self.glasses, &mut kept.glasses);
        put(self.virtual_camera, &mut kept.virtual_camera);
        put(self.opacity, &mut kept.look.opacity);
        put(self.light, &mut kept.look.light);
        put(self.eyes, &mut kept.look.eyes);
        put(self.mouth, &mut kept.look.mouth);
        put(self.edge, &mut kept.look.edge);
        put(self.sharpness, &mut kept.look.sharpness);
        put(self.shape, &mut kept.look.shape);
        put(self.mirror, &mut kept.mirrored_output);
        put(self.rotation, &mut kept.rotation);
        put(self.model.model, &mut kept.model);
        put(self.model.model_rate.map(|rate| rate.round().max(1.0) as u32), &mut kept.model_rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_counts_and_the_rest_stays() {
        let mut kept = Remembered::default();
        kept.mode = "MJPEG 1280x720".into();
        kept.look.eyes = 0.25;
        kept.model = "mine".into();
        let given = Overrides {
            persona: Some("oni".into()),
            source: Some("actor".into()),
            mouth: Some(0.5),
            model: ModelArgs { model_rate: Some(0.2), ..ModelArgs::default() },
            ..Overrides::default()
        };
        given.over(&mut kept);
        assert_eq!((kept.persona.as_str(), kept.source.as_str(), kept.mode.as_str()), ("oni", "actor", ""));
        assert_eq!((kept.look.eyes, kept.look.mouth), (0.25, 0.5));
        assert_eq!((kept.model.as_str(), kept.model_rate), ("mine", 1));
        assert_eq!(kept.privacy, Remembered::default().privacy);
    }
}
