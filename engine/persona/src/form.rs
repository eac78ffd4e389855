//! What is asked of the maker of a new persona, and what is still missing: apart from how it is shown.

use std::path::{Path, PathBuf};

use super::making::{FindFaces, NewPersona, OWN_FACE, folder};
use super::{CONSENT_MONTHS, Class, ClassKind, ColourTransfer, Consent, Date, DateError, Persona};
use omote_files::output::Existing;
use omote_frame::error::{Error, ErrorKind, Result, Stage};

/// The answers so far. No class is chosen beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Path of the photo.
    pub photo: String,
    /// Name as shown to people.
    pub title: String,
    /// Whose face it is.
    pub class: Option<ClassKind>,
    /// Self: "this is my own face".
    pub own: bool,
    /// Consented: who consents.
    pub grantor: String,
    /// Consented: in what words.
    pub statement: String,
    /// Consented: since when, YYYY-MM-DD.
    pub given: String,
    /// Consented: until when.
    pub expires: String,
    /// Consented: how it can be taken back.
    pub contact: String,
    /// Consented: path of the signed letter or video.
    pub evidence: String,
    /// Licensed: which licence.
    pub licence: String,
    /// Licensed and historic: where the picture is from.
    pub source: String,
    /// Fictional: how it was made.
    pub how: String,
    /// Historic: day of death.
    pub died: String,
    /// The user answers for it.
    pub answers: bool,
    /// The photo is to be taken though its face does not look fit to be worn.
    pub anyway: bool,
}

/// The classes in the order in which they are offered: name, and what it means.
pub const CLASSES: [(ClassKind, &str, &str); 5] = [
    (ClassKind::Oneself, "Myself", "The face in the photo is my own."),
    (ClassKind::Consented, "With consent", "A living person who has agreed, in writing or on video."),
    (ClassKind::Licensed, "Licensed", "A picture whose licence allows this use."),
    (ClassKind::Fictional, "Fictional", "Nobody: drawn, painted, generated or averaged."),
    (ClassKind::Historic, "Historic", "A person of history, from a portrait."),
];

impl Form {
    /// A form for a photo. The name is suggested by the file's.
    pub fn for_photo(photo: &Path) -> Self {
        let stem = photo.file_stem().unwrap_or_default().to_string_lossy();
        let title = stem.replace(['_', '-'], " ").trim().to_owned();
        Self { photo: photo.display().to_string(), title, ..Self::default() }
    }

    /// What the person would have to agree to, with the form's own dates put in where none are.
    pub fn suggest(&mut self, today: Date) {
        if self.class == Some(ClassKind::Consented) && self.given.is_empty() {
            self.given = today.to_string();
            self.expires = today.plus_months(12).to_string();
            self.statement = "I agree that my face is worn as a persona in Omote.".to_owned();
        }
    }

    /// The short name: the title in a-z, 0-9 and -.
    pub fn name(&self) -> String {
        let mut name = String::new();
        for letter in self.title.chars().flat_map(char::to_lowercase) {
            match letter {
                'a'..='z' | '0'..='9' => name.push(letter),
                'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' => name.push('a'),
                'é' | 'è' | 'ê' | 'ë' => name.push('e'),
                'í' | 'ì' | 'î' | 'ï' => name.push('i'),
                'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' => name.push('o'),
                'ü' | 'ú' | 'ù' | 'û' => name.push('u'),
                'ñ' => name.push('n'),
                'ç' => name.push('c'),
                'ß' => name.push_str("ss"),
                _ if !name.ends_with('-') && !name.is_empty() => name.push('-'),
                _ => {}
            }
        }
        name.truncate(40);
        name.trim_end_matches('-').to_owned()
    }

    /// What is stated by the class, in the user's words.
    pub fn stated(&self) -> Option<&'static str> {
        Some(match self.class? {
            ClassKind::Oneself => "You state that the face in this photo is your own.",
            ClassKind::Consented => {
                "You state that this person has agreed to it, and that you hold the proof."
            }
            ClassKind::Licensed => {
                "You state that the picture's licence and its model's release allow this use."
            }
            ClassKind::Fictional => "You state that this is the face of no real person.",
            ClassKind::Historic => "You state that this person is dead and that the portrait may be used.",
        })
    }

    /// The first thing that is still missing, for people.
    pub fn missing(&self) -> Option<String> {
        let empty = |text: &str| text.trim().is_empty();
        let need = |condition: bool, words: &str| condition.then(|| words.to_owned());
        let date = |text: &str, what: &str| {
            text.trim().parse::<Date>().err().map(|_| format!("{what} as YYYY-MM-DD"))
        };
        need(empty(&self.photo), "choose a photo")
            .or_else(|| need(self.name().is_empty(), "give the persona a name with letters a to z"))
            .or_else(|| {
                let known = super::BUILT_IN.contains(&self.name().as_str());
                need(known, "give it another name: a persona that is built in has this one")
            })
            .or_else(|| need(self.class.is_none(), "say whose face it is"))
            .or_else(|| match self.class? {
                ClassKind::Oneself => need(!self.own, "tick that this is your own face"),
                ClassKind::Consented => need(empty(&self.grantor), "name the person who consents")
                    .or_else(|| need(empty(&self.statement), "write down what was agreed to"))
                    .or_else(|| date(&self.given, "give the day of the consent"))
                    .or_else(|| date(&self.expires, "give the day until which it holds"))
                    .or_else(|| need(empty(&self.contact), "say how the consent can be taken back"))
                    .or_else(|| need(empty(&self.evidence), "choose the signed letter or video")),
                ClassKind::Licensed => need(empty(&self.licence), "name the licence")
                    .or_else(|| need(empty(&self.source), "say where the picture is from")),
                ClassKind::Fictional => need(empty(&self.how), "say how it was made"),
                ClassKind::Historic => date(&self.died, "give the day of death")
                    .or_else(|| need(empty(&self.source), "say where the portrait is from")),
            })
            .or_else(|| need(!self.answers, "tick that you answer for it"))
    }

    /// The persona in the making. Reads the evidence, of which only the hash is kept.
    ///
    /// # Errors
    /// What is missing, or evidence that can't be read.
    pub fn making(&self) -> Result<NewPersona> {
        let refused = |message: String| Error::new(ErrorKind::Refused, Stage::Persona, message);
        if let Some(missing) = self.missing() {
            return Err(refused(missing));
        }
        let date = |text: &str| text.trim().parse().map_err(|e: DateError| refused(e.to_string()));
        let text = |text: &str| text.trim().to_owned();
        let class = match self.class {
            Some(ClassKind::Consented) => Class::Consented(Consent {
                grantor: text(&self.grantor),
                statement: text(&self.statement),
                date: date(&self.given)?,
                expires: date(&self.expires)?,
                evidence: hash(Path::new(self.evidence.trim()))?,
                contact_for_revocation: text(&self.contact),
            }),
            Some(ClassKind::Licensed) => {
                Class::Licensed { licence: text(&self.licence), source: text(&self.source) }
            }
            Some(ClassKind::Fictional) => Class::Fictional { how: text(&self.how) },
            Some(ClassKind::Historic) => {
                Class::Historic { died: date(&self.died)?, source: text(&self.source) }
            }
            Some(ClassKind::Oneself) | None => Class::Oneself { statement: OWN_FACE.to_owned() },
        };
        let licence = match &class {
            Class::Licensed { licence, .. } => licence.clone(),
            _ => "all rights reserved".to_owned(),
        };
        Ok(NewPersona {
            photo: PathBuf::from(self.photo.trim()),
            more_photos: vec![],
            name: self.name(),
            title: text(&self.title),
            class,
            licence,
            uses: ["stream", "recording", "video-call"].map(str::to_owned).to_vec(),
            colour_transfer: ColourTransfer::Match,
            credit: None,
            existing: Existing::Refuse,
            anyway: self.anyway,
        })
    }

    /// Makes the persona and writes its package among the user's own in the folder `data`. Takes as long as
    /// `find` needs to look for the face.
    ///
    /// # Errors
    /// What is missing, a photo that is refused, a name that is taken, or a package that can't be written.
    pub fn make(&self, data: &Path, today: Date, find: FindFaces<'_>) -> Result<Persona> {
        self.make_with(data, today, find, Existing::Refuse)
    }

    /// As [`Form::make`], where the user may have said that a persona of the same name is to be replaced.
    ///
    /// # Errors
    /// Those of [`Form::make`].
    pub fn make_with(
        &self,
        data: &Path,
        today: Date,
        find: FindFaces<'_>,
        existing: Existing,
    ) -> Result<Persona> {
        let making = NewPersona { existing, ..self.making()? };
        let path = folder(data).join(format!("{}.omote", making.name));
        making.write(&path, today, find)
    }
}

fn hash(evidence: &Path) -> Result<String> {
    omote_files::hash_file(evidence).map_err(|error| {
        let message = format!(
            "the evidence {} can't be read ({error}): choose the signed letter or video",
            evidence.display()
        );
        Error::wrap(ErrorKind::Missing, Stage::Persona, message, error)
    })
}

/// How long a consent holds, for the dialog.
pub fn longest() -> String {
    format!("at most {CONSENT_MONTHS} months")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(class: ClassKind) -> Form {
        let text = |t: &str| t.to_owned();
        Form {
            photo: text("/photos/me.png"),
            title: text("Zoë at sea"),
            class: Some(class),
            own: true,
            grantor: text("A. Person"),
            statement: text("I agree."),
            given: text("2026-11-01"),
            expires: text("2027-11-01"),
            contact: text("a@example.org"),
            evidence: text("/letters/a.pdf"),
            licence: text("CC-BY-4.0"),
            source: text("a library"),
            how: text("drawn"),
            died: text("1890-07-29"),
            answers: true,
            anyway: false,
        }
    }

    #[test]
    fn nothing_is_chosen_beforehand() {
        let form = Form::for_photo(Path::new("/photos/Me_and-my hat.jpg"));
        assert_eq!((form.title.as_str(), form.class, form.answers), ("Me and my hat", None, false));
        assert_eq!(form.name(), "me-and-my-hat");
        assert!(form.missing().unwrap().contains("whose face"));
        assert!(form.making().is_err());
    }

    #[test]
    fn each_class_asks_for_what_it_needs() {
        type Blank = fn(&mut Form);
        let cases: [(ClassKind, &[Blank]); 5] = [
            (ClassKind::Oneself, &[|f| f.own = false]),
            (
                ClassKind::Consented,
                &[
                    |f| f.grantor.clear(),
                    |f| f.statement = "  ".to_owned(),
                    |f| f.given = "yesterday".to_owned(),
                    |f| f.expires.clear(),
                    |f| f.contact.clear(),
                    |f| f.evidence.clear(),
                ],
            ),
            (ClassKind::Licensed, &[|f| f.licence.clear(), |f| f.source.clear()]),
            (ClassKind::Fictional, &[|f| f.how.clear()]),
            (ClassKind::Historic, &[|f| f.died = "1890".to_owned(), |f| f.source.clear()]),
        ];
        for (class, blanks) in cases {
            assert_eq!(complete(class).missing(), None, "{class}");
            let always: [Blank; 3] =
                [|f| f.photo.clear(), |f| f.title = "面".to_owned(), |f| f.answers = false];
            for blank in blanks.iter().chain(&always) {
                let mut form = complete(class);
                blank(&mut form);
                assert!(form.missing().is_some(), "{class}: {form:?}");
                assert!(form.making().is_err());
            }
        }
    }

    #[test]
    fn the_class_becomes_the_persona_s_ground() {
        let making = complete(ClassKind::Oneself).making().unwrap();
        assert_eq!((making.name.as_str(), making.class.kind()), ("zoe-at-sea", ClassKind::Oneself));
        let making = complete(ClassKind::Licensed).making().unwrap();
        assert_eq!(making.licence, "CC-BY-4.0");
        let historic = complete(ClassKind::Historic).making().unwrap();
        assert_eq!(historic.class.kind(), ClassKind::Historic);
        // Consent without readable evidence is refused.
        let error = complete(ClassKind::Consented).making().unwrap_err().to_string();
        assert!(error.contains("evidence"), "{error}");
    }

    #[test]
    fn consent_keeps_only_the_evidences_hash() {
        let letter = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(letter.path(), b"abc").unwrap();
        let mut form = complete(ClassKind::Consented);
        form.evidence = letter.path().display().to_string();
        let Class::Consented(consent) = form.making().unwrap().class else { panic!("another class") };
        assert!(consent.evidence.contains("ba7816bf"), "{}", consent.evidence);
    }

    #[test]
    fn dates_are_suggested_once() {
        let mut form = Form { class: Some(ClassKind::Consented), ..Form::default() };
        form.suggest(Date::new(2026, 11, 23).unwrap());
        assert_eq!((form.given.as_str(), form.expires.as_str()), ("2026-11-23", "2027-11-23"));
        form.given = "2026-01-01".to_owned();
        form.suggest(Date::new(2026, 12, 1).unwrap());
        assert_eq!(form.given, "2026-01-01");
    }
}
