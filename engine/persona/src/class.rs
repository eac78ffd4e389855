//! Whose face a persona is, and on what ground it may be worn.

use std::fmt;
use std::str::FromStr;

use super::{Date, PersonaError};

/// The longest that one consent can hold, months. It can be renewed.
pub const CONSENT_MONTHS: u16 = 24;

/// The five grounds on which a persona may be worn. There is no sixth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClassKind {
    /// The user's own face.
    Oneself,
    /// A living person's, with consent on record.
    Consented,
    /// Under a licence that allows it, such as a stock picture's.
    Licensed,
    /// Nobody's: drawn, generated or averaged.
    Fictional,
    /// A person of history.
    Historic,
}

impl ClassKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Oneself, Self::Consented, Self::Licensed, Self::Fictional, Self::Historic];

    /// As written in `persona.toml`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Oneself => "self",
            Self::Consented => "consented",
            Self::Licensed => "licensed",
            Self::Fictional => "fictional",
            Self::Historic => "historic",
        }
    }

    /// The table of `persona.toml` that this class demands.
    #[must_use]
    pub fn block(self) -> &'static str {
        match self {
            Self::Consented => "consent",
            other => other.name(),
        }
    }
}

impl fmt::Display for ClassKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClassKind {
    type Err = PersonaError;

    fn from_str(text: &str) -> Result<Self, PersonaError> {
        let known = Self::ALL.into_iter().find(|class| class.name() == text);
        known.ok_or_else(|| PersonaError::UnknownClass { class: text.to_owned() })
    }
}

/// A depicted person's consent, as the user recorded it. Omote can't check that it is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who consents: a name or a pseudonym. Never carried into outputs.
    pub grantor: String,
    /// The full text that was agreed to.
    pub statement: String,
    /// The day it was given.
    pub date: Date,
    /// The last day on which it holds, at most [`CONSENT_MONTHS`] after `date`.
    pub expires: Date,
    /// Hash of a signed letter or a video, 64 hex digits. The thing itself need not be in the package.
    pub evidence: String,
    /// How the person can take the consent back.
    pub contact_for_revocation: String,
}

/// The ground on which a persona may be worn, with what that ground demands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Class {
    /// The user's own face.
    Oneself {
        /// What the user ticked.
        statement: String,
    },
    /// A living person's, with consent.
    Consented(Consent),
    /// Under a licence.
    Licensed {
        /// The licence: SPDX name or text.
        licence: String,
        /// Where picture and licence come from.
        source: String,
    },
    /// Nobody's.
    Fictional {
        /// How it was made: drawn, generated (by which model), averaged, 3d.
        how: String,
    },
    /// A person of history.
    Historic {
        /// The day of death.
        died: Date,
        /// Where the picture comes from.
        source: String,
    },
}

impl Class {
    /// Which of the five it is.
    #[must_use]
    pub fn kind(&self) -> ClassKind {
        match self {
            Self::Oneself { .. } => ClassKind::Oneself,
            Self::Consented(_) => ClassKind::Consented,
            Self::Licensed { .. } => ClassKind::Licensed,
            Self::Fictional { .. } => ClassKind::Fictional,
            Self::Historic { .. } => ClassKind::Historic,
        }
    }

    /// The last day on which the persona may be worn; `None` where there is no end.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        match self {
            Self::Consented(consent) => Some(consent.expires),
            _ => None,
        }
    }

    /// Fails unless every part is filled in and the ground holds on the day `today`.
    pub(super) fn check(&self, today: Date) -> Result<(), PersonaError> {
        let bad = |key, reason: &str| Err(PersonaError::Value { key, reason: reason.to_owned() });
        let filled: &[(&'static str, &str)] = match self {
            Self::Oneself { statement } => &[("self.statement", statement)],
            Self::Consented(consent) => &[
                ("consent.grantor", &consent.grantor),
                ("consent.statement", &consent.statement),
                ("consent.contact_for_revocation", &consent.contact_for_revocation),
            ],
            Self::Licensed { licence, source } => {
                &[("licensed.licence", licence), ("licensed.source", source)]
            }
            Self::Fictional { how } => &[("fictional.how", how)],
            Self::Historic { source, .. } => &[("historic.source", source)],
        };
        for (key, text) in filled {
            if text.trim().is_empty() {
                return bad(key, "is empty");
            }
        }
        match self {
            Self::Consented(consent) => {
                if consent.evidence.len() != 64 || !consent.evidence.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return bad(
                        "consent.evidence",
                        "must be a hash of 64 hex digits, of a signed letter or a video",
                    );
                }
                if consent.date > today {
                    return bad("consent.date", "lies in the future");
                }
                if consent.expires < consent.date {
                    return bad("consent.expires", "lies before consent.date");
                }
                if consent.expires > consent.date.plus_months(CONSENT_MONTHS) {
                    return bad(
                        "consent.expires",
                        "lies more than 24 months after consent.date: renew it instead",
                    );
                }
                if consent.expires < today {
                    return Err(PersonaError::Expired { expires: consent.expires });
                }
                Ok(())
            }
            Self::Historic { died, .. } if *died > today => bad("historic.died", "lies in the future"),
            _ => Ok(()),
        }
    }
}
