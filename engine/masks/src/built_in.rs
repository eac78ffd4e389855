//! The personas that ship with Omote: the painted masks and the fictional composites.

use glam::Vec3;
use omote_persona::{
    BUILT_IN, ColourTransfer, Composite, Date, Persona, PersonaDraft, PersonaError, Picture,
};

use crate::paint::{Mask, paint};

/// Side of a painted picture in pixels.
const PAINTED_SIDE: u32 = 1024;

/// The names of all built-in personas; the first is the default.
#[must_use]
pub fn names() -> Vec<&'static str> {
    BUILT_IN.to_vec()
}

/// The built-in persona of a name, or nothing where there is none of that name.
#[must_use]
pub fn load(name: &str, today: Date) -> Option<Result<Persona, PersonaError>> {
    if let Some(mask) = Mask::from_name(name) {
        return Some(painted(mask, today));
    }
    Composite::from_name(name).map(|composite| composite.persona(today))
}

fn painted(mask: Mask, today: Date) -> Result<Persona, PersonaError> {
    let painted = paint(mask, PAINTED_SIDE);
    let side = PAINTED_SIDE as f32;
    // A pixel's middle lies half a pixel behind its number.
    let at = |uv: &[f32; 2]| Vec3::new(uv[0] * side - 0.5, uv[1] * side - 0.5, 0.0);
    let landmarks = painted.uv.iter().map(at).collect();
    let picture = Picture::from_rgba(PAINTED_SIDE, PAINTED_SIDE, painted.rgba).ok_or_else(|| {
        PersonaError::NotAPicture {
            file: mask.name().to_owned(),
            reason: "no pixels were painted".to_owned(),
        }
    })?;
    let how = "drawn: painted by Omote's own code";
    PersonaDraft::fictional(mask.name(), mask.title(), how, ColourTransfer::Keep, picture, landmarks)
        .in_memory(today)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_persona_loads() {
        let today = Date::new(2026, 11, 23).unwrap();
        assert_eq!(names()[0], "ko-omote");
        for name in names() {
            let persona = load(name, today).unwrap().unwrap();
            assert_eq!(persona.name(), name);
            assert!(persona.landmarks().len() >= 468, "{name}");
        }
        assert!(load("nobody", today).is_none());
    }

    #[test]
    fn the_names_that_nobody_else_may_have_are_all_masks_and_composites() {
        let masks = Mask::ALL.iter().map(|mask| mask.name());
        let all: Vec<&str> = masks.chain(Composite::ALL.map(Composite::name)).collect();
        assert_eq!(names(), all);
    }
}
