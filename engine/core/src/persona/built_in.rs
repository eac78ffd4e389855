//! The personas that the program carries in itself: painted masks and fictional composites.

use super::paint::{Mask, paint};
use super::{Class, Date, Persona, PersonaDraft, PersonaError, Picture, Tone};
use crate::space::MeshPoint;
use glam::Vec3;

/// Side of a painted picture in pixels.
const PAINTED_SIDE: u32 = 1024;

struct Composite {
    name: &'static str,
    title: &'static str,
    picture: &'static [u8],
    landmarks: &'static [u8],
}

macro_rules! composite {
    ($n:literal, $title:literal) => {
        Composite {
            name: concat!("composite-", $n),
            title: $title,
            picture: include_bytes!(concat!("../../assets/composites/composite-", $n, "/picture.jpg")),
            landmarks: include_bytes!(concat!("../../assets/composites/composite-", $n, "/landmarks.json")),
        }
    };
}

/// Averages of a dozen public-domain portraits each: nobody's face.
const COMPOSITES: [Composite; 3] = [
    composite!("1", "Composite one: nobody's face, the mean of thirteen portraits"),
    composite!("2", "Composite two: nobody's face, the mean of twelve portraits"),
    composite!("3", "Composite three: nobody's face, the mean of eleven portraits"),
];

/// The names of all built-in personas; the first is the default.
pub fn names() -> Vec<&'static str> {
    Mask::ALL.iter().map(|m| m.name()).chain(COMPOSITES.iter().map(|c| c.name)).collect()
}

/// Pictures and points of the composites: what faces look like.
pub(super) fn composites() -> impl Iterator<Item = (Picture, Vec<MeshPoint>)> {
    COMPOSITES.iter().filter_map(|c| {
        let picture = Picture::decode(c.picture, c.name, super::PACKAGE_SIDE).ok()?;
        let points = super::landmarks::parse(c.landmarks, &picture).ok()?;
        Some((picture, points))
    })
}

/// Refuses a name that a built-in persona has: whoever asks for that name must get the one that is known.
///
/// # Errors
/// [`PersonaError::BuiltInName`].
pub(super) fn keep_name(name: &str) -> Result<(), PersonaError> {
    match names().contains(&name) {
        true => Err(PersonaError::BuiltInName { name: name.to_owned() }),
        false => Ok(()),
    }
}

/// The built-in persona of a name, or nothing where there is none of that name.
pub fn load(name: &str, today: Date) -> Option<Result<Persona, PersonaError>> {
    if let Some(mask) = Mask::from_name(name) {
        return Some(painted(mask, today));
    }
    COMPOSITES.iter().find(|c| c.name == name).map(|c| composite(c, today))
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
    draft(mask.name(), mask.title(), how, Tone::Keep, picture, landmarks).in_memory(today)
}

fn composite(c: &Composite, today: Date) -> Result<Persona, PersonaError> {
    let picture = Picture::decode(c.picture, c.name, super::PACKAGE_SIDE)?;
    let landmarks = super::landmarks::parse(c.landmarks, &picture)?;
    let how = "averaged: the mean of CC0 portraits, mesh-aligned; resembles no real person knowingly";
    draft(c.name, c.title, how, Tone::Match, picture, landmarks).in_memory(today)
}

fn draft(
    name: &str,
    title: &str,
    how: &str,
    tone: Tone,
    picture: Picture,
    landmarks: Vec<MeshPoint>,
) -> PersonaDraft {
    PersonaDraft {
        name: name.to_owned(),
        title: title.to_owned(),
        class: Class::Fictional { how: how.to_owned() },
        licence: "MIT OR Apache-2.0".to_owned(),
        uses: super::USES.map(str::to_owned).to_vec(),
        tone,
        credit: None,
        picture,
        landmarks,
        vectors: vec![],
    }
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
}
