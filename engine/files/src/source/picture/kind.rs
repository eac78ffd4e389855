//! What a picture file is, by its first bytes, and what to do with kinds that are not read here.

use std::path::Path;

/// A kind of picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of formats")]
pub enum PictureKind {
    Jpeg,
    Png,
    WebP,
    Bmp,
    Tiff,
    Gif,
    Avif,
    Heic,
    JpegXl,
    Jpeg2000,
    Photoshop,
    /// A camera's raw data.
    Raw,
    Pdf,
    Svg,
    Icon,
    OpenExr,
}

impl PictureKind {
    /// What a file's first bytes say; some 300 are looked at.
    pub fn sniff(head: &[u8]) -> Option<Self> {
        Some(match head {
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Self::WebP,
            // Two letters alone would be taken for text: the reserved bytes of the header are 0.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Self::Bmp,
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Self::Gif,
            [b'I', b'I', 42, 0, _, _, _, _, b'C', b'R', ..] => Self::Raw,
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Self::Tiff,
            [b'I', b'I', b'R', b'O' | b'S', ..] | [b'M', b'M', b'O', b'R', ..] => Self::Raw,
            [b'I', b'I', b'U', 0, ..] => Self::Raw,
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => return Self::by_brand(head),
            [0xff, 0x0a, ..] => Self::JpegXl,
            [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => Self::JpegXl,
            [0, 0, 0, 12, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => Self::Jpeg2000,
            [b'8', b'B', b'P', b'S', 0, 1 | 2, ..] => Self::Photoshop,
            [0x76, 0x2f, 0x31, 0x01, ..] => Self::OpenExr,
            [0, 0, 1, 0, count, 0, ..] if *count > 0 => Self::Icon,
            _ if head.starts_with(b"FUJIFILMCCD-RAW") => Self::Raw,
            _ if head.starts_with(b"%PDF-") => Self::Pdf,
            _ if is_svg(head) => Self::Svg,
            _ => return None,
        })
    }

    /// The kinds of ISO base media files: the major brand, then those that it goes with.
    fn by_brand(head: &[u8]) -> Option<Self> {
        let length = head.first_chunk().map_or(0, |b| u32::from_be_bytes(*b)) as usize;
        let brands = head.get(8..length.clamp(16, 256).min(head.len()))?;
        let major = brands.first_chunk::<4>()?;
        // Moving pictures have a brand of their own in front.
        match major {
            b"avif" => return Some(Self::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" => return Some(Self::Heic),
            b"crx " => return Some(Self::Raw),
            b"mif1" => {}
            _ => return None,
        }
        let also = |brand: &[u8; 4]| brands.chunks_exact(4).skip(2).any(|b| b == brand);
        Some(if also(b"avif") { Self::Avif } else { Self::Heic })
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
            Self::Gif => "GIF",
            Self::Avif => "AVIF",
            Self::Heic => "HEIC",
            Self::JpegXl => "JPEG XL",
            Self::Jpeg2000 => "JPEG 2000",
            Self::Photoshop => "Photoshop",
            Self::Raw => "raw camera",
            Self::Pdf => "PDF",
            Self::Svg => "SVG",
            Self::Icon => "icon",
            Self::OpenExr => "OpenEXR",
        }
    }

    /// The format for the decoders that are built in; nothing for JPEG, which has its own, and for what is not built in.
    pub(super) fn built_in(self) -> Option<image::ImageFormat> {
        Some(match self {
            Self::Png => image::ImageFormat::Png,
            Self::WebP => image::ImageFormat::WebP,
            Self::Bmp => image::ImageFormat::Bmp,
            Self::Tiff => image::ImageFormat::Tiff,
            Self::Gif => image::ImageFormat::Gif,
            _ => return None,
        })
    }

    /// Whether ffmpeg may be able to read it.
    pub(super) fn by_ffmpeg(self) -> bool {
        matches!(self, Self::Avif | Self::Heic | Self::JpegXl | Self::Jpeg2000 | Self::Photoshop)
    }

    /// What to do with one that is not read.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Heic => {
                "save it as JPEG (on an iPhone: Settings > Camera > Formats > Most Compatible for new photos; for this \
                 one, Files > Quick Actions > Convert Image; on a PC open it in any photo viewer and export it)"
            }
            Self::Raw => "develop it, and export it as JPEG or PNG",
            Self::Pdf => "export the page as PNG",
            Self::Svg => "export it as PNG",
            _ => "save it as JPEG or PNG",
        }
    }
}

/// A raw file's ending, where the name has one: most makers' raw data say of themselves that they are TIFF.
pub(super) fn raw_by_name(path: &Path) -> Option<PictureKind> {
    const RAW: [&str; 14] =
        ["ARW", "CR2", "CR3", "CRW", "DNG", "ERF", "NEF", "NRW", "ORF", "PEF", "RAF", "RW2", "SR2", "SRW"];
    let ending = path.extension()?.to_string_lossy().to_uppercase();
    RAW.into_iter().find(|raw| *raw == ending).map(|_| PictureKind::Raw)
}

/// Raw data under another name: their TIFF file's first picture is a small one, or they have the tags of DNG.
pub(super) fn is_raw(bytes: &[u8]) -> bool {
    let big = bytes.starts_with(b"MM");
    let short = |at: usize| {
        let b = bytes.get(at..)?.first_chunk::<2>()?;
        Some(if big { u16::from_be_bytes(*b) } else { u16::from_le_bytes(*b) })
    };
    let long = |at: usize| {
        let b = bytes.get(at..)?.first_chunk::<4>()?;
        Some(if big { u32::from_be_bytes(*b) } else { u32::from_le_bytes(*b) } as usize)
    };
    let Some(first) = long(4) else { return false };
    let count = usize::from(short(first).unwrap_or(0));
    let entries = (0..count).map(|i| first + 2 + i * 12);
    let mut small_with_others = (false, false);
    for at in entries {
        match short(at) {
            Some(0xc612) => return true,
            Some(254) => small_with_others.0 = long(at + 8).is_some_and(|v| v & 1 == 1),
            Some(330) => small_with_others.1 = true,
            _ => {}
        }
    }
    small_with_others == (true, true)
}

fn is_svg(head: &[u8]) -> bool {
    let text = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head).trim_ascii_start();
    let has = |word: &[u8]| head.windows(word.len()).take(1024).any(|w| w == word);
    text.starts_with(b"<svg") || (text.starts_with(b"<?xml") || text.starts_with(b"<!--")) && has(b"<svg")
}
