//! The fictional composites that ship with Omote: averages of a dozen public-domain portraits each, nobody's face.

use omote_frame::space::MeshPoint;

use crate::{ColourTransfer, Date, PACKAGE_SIDE, Persona, PersonaDraft, PersonaError, Picture, landmarks};

/// One of the fictional faces: the mean of a dozen public-domain portraits, nobody's face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Composite {
    /// `composite-1`, the actor.
    One,
    /// `composite-2`.
    Two,
    /// `composite-3`.
    Three,
}

/// A composite's files as the program carries them.
#[derive(Clone, Copy, Debug)]
pub struct CompositeFiles {
    /// The picture, JPEG.
    pub picture: &'static [u8],
    /// Where the person is in it: 8-bit grey PNG.
    pub matte: &'static [u8],
    /// The face's 478 points in the picture's pixels: JSON, `{"points": [[x, y, z], …]}`.
    pub landmarks: &'static [u8],
}

macro_rules! files {
    ($name:literal) => {
        CompositeFiles {
            picture: include_bytes!(concat!("../assets/composites/", $name, "/picture.jpg")),
            matte: include_bytes!(concat!("../assets/composites/", $name, "/matte.png")),
            landmarks: include_bytes!(concat!("../assets/composites/", $name, "/landmarks.json")),
        }
    };
}

impl Composite {
    /// Every composite.
    pub const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// Its persona's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::One => "composite-1",
            Self::Two => "composite-2",
            Self::Three => "composite-3",
        }
    }

    /// The composite of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|composite| composite.name() == name)
    }

    /// Its name as shown to people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::One => "Composite one: nobody's face, the mean of thirteen portraits",
            Self::Two => "Composite two: nobody's face, the mean of twelve portraits",
            Self::Three => "Composite three: nobody's face, the mean of eleven portraits",
        }
    }

    /// Its files.
    #[must_use]
    pub fn files(self) -> CompositeFiles {
        match self {
            Self::One => files!("composite-1"),
            Self::Two => files!("composite-2"),
            Self::Three => files!("composite-3"),
        }
    }

    /// Its picture, and the face's points in the picture's pixels.
    ///
    /// # Errors
    /// [`PersonaError`] where the program's own files do not decode.
    pub fn face(self) -> Result<(Picture, Vec<MeshPoint>), PersonaError> {
        let files = self.files();
        let picture = Picture::decode(files.picture, self.name(), PACKAGE_SIDE)?;
        let landmarks = landmarks::parse(files.landmarks, &picture)?;
        Ok((picture, landmarks))
    }

    /// The composite as a persona, on the day `today`.
    ///
    /// # Errors
    /// As [`Composite::face`].
    pub fn persona(self, today: Date) -> Result<Persona, PersonaError> {
        let (picture, landmarks) = self.face()?;
        let how = "averaged: the mean of CC0 portraits, mesh-aligned; resembles no real person knowingly";
        PersonaDraft::fictional(self.name(), self.title(), how, ColourTransfer::Match, picture, landmarks)
            .in_memory(today)
    }
}
