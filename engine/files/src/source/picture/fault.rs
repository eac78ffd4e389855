//! What can be wrong with a picture, wherever it comes from.

use super::PictureKind;

/// Why bytes make no picture. The messages name neither file nor place: whoever has them adds them.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what it stands for")]
pub enum PictureFault {
    /// They are of no known kind.
    #[error("this is no picture, it is {found}; give a photo or another picture")]
    Unknown { found: String },

    /// They are of a kind that can't be read here.
    #[error("it is {} {} picture, which can't be read here{why}: {}", article(*kind), kind.name(), kind.remedy())]
    NotTaken { kind: PictureKind, why: String },

    /// They are damaged.
    #[error("the picture is damaged: {what}; copy or download it again")]
    Damaged { what: String },

    /// The picture is too large.
    #[error(
        "a picture of {width}x{height} is too large, each side may have 1 to {most} pixels: scale it down first"
    )]
    TooLarge { width: u64, height: u64, most: u32 },
}

impl PictureFault {
    /// The fault that a damaged picture is; `what` says where.
    pub fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged { what: what.to_string() }
    }
}

fn article(kind: PictureKind) -> &'static str {
    match kind {
        PictureKind::Avif | PictureKind::Icon | PictureKind::OpenExr | PictureKind::Svg => "an",
        _ => "a",
    }
}
