//! Pictures that other programs decode: AVIF, HEIC, JPEG XL and the like, through ffmpeg, or libheif's converter.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use image::DynamicImage;
use image::metadata::Orientation;

use super::heif::About;
use super::{PictureFault, PictureKind, built_in};
use crate::source::child::{self, Child};
use crate::source::probe::file_url;
use omote_frame::Frame;

/// Longest PNG that is taken from another program, in bytes.
const MAX_OUTPUT: u64 = 512 << 20;
/// Zero bytes at the end of coded data that only a broken copy has.
const ZEROS: usize = 32;

/// Has the picture decoded, turned upright and brought to sRGB.
pub(super) fn decode(
    path: &Path,
    bytes: &[u8],
    kind: PictureKind,
    most: u32,
) -> Result<DynamicImage, PictureFault> {
    let about = match kind {
        PictureKind::Avif | PictureKind::Heic => About::parse(bytes),
        _ => About::default(),
    };
    check(&about, bytes, most)?;
    // ffmpeg gives the colours alone, and with them what somebody cut away.
    let by_ffmpeg = match about.alpha {
        true => Err(" with its transparency".to_owned()),
        false => by_ffmpeg(path),
    };
    let (decoded, turned) = match by_ffmpeg {
        Ok(png) => match built_in::decode(&png, image::ImageFormat::Png, most) {
            Ok(picture) if fits(&about, &picture) => (picture, false),
            Ok(picture) => {
                // Versions before 7 know only one tile of a large picture.
                let why = format!(" (ffmpeg knows only a part of {}x{})", picture.width(), picture.height());
                (by_libheif(path, kind, most, why)?, true)
            }
            Err(fault @ PictureFault::TooLarge { .. }) => return Err(fault),
            Err(fault) => (by_libheif(path, kind, most, format!(" ({fault})"))?, true),
        },
        Err(why) => (by_libheif(path, kind, most, why)?, true),
    };
    let mut picture = decoded;
    if let Some(colour) = &about.colour {
        picture = built_in::in_srgb(picture, colour);
    }
    if !turned {
        let turn = [
            Orientation::NoTransforms,
            Orientation::Rotate270,
            Orientation::Rotate180,
            Orientation::Rotate90,
        ];
        picture.apply_orientation(
            turn.get(usize::from(about.turn)).copied().unwrap_or(Orientation::NoTransforms),
        );
        match about.mirror {
            Some(0) => picture.apply_orientation(Orientation::FlipVertical),
            Some(_) => picture.apply_orientation(Orientation::FlipHorizontal),
            None => {}
        }
    }
    Ok(picture)
}

/// Decoders make something of files that are cut short, so this is looked at before.
fn check(about: &About, bytes: &[u8], most: u32) -> Result<(), PictureFault> {
    if let Some((width, height)) = about.size.filter(|(w, h)| *w > most || *h > most) {
        return Err(PictureFault::TooLarge { width: width.into(), height: height.into(), most });
    }
    for (from, to) in &about.extents {
        let Some(data) = bytes.get(*from..*to) else {
            return Err(PictureFault::damaged(format!("it ends at byte {} of {to}", bytes.len())));
        };
        if data.len() > ZEROS && data.iter().rev().take(ZEROS).all(|b| *b == 0) {
            return Err(PictureFault::damaged("its data end in zeros"));
        }
    }
    Ok(())
}

fn fits(about: &About, picture: &DynamicImage) -> bool {
    about.size.is_none_or(|size| size == (picture.width(), picture.height()))
}

/// The first picture of a file as PNG, or why there is none.
fn by_ffmpeg(path: &Path) -> Result<Vec<u8>, String> {
    let mut args: Vec<OsString> =
        "-nostdin -hide_banner -loglevel error -xerror -noautorotate -i".split(' ').map(Into::into).collect();
    args.push(file_url(path));
    args.extend(
        "-map 0:v:0 -frames:v 1 -c:v png -pix_fmt rgba -f image2pipe pipe:1".split(' ').map(Into::into),
    );
    let mut child = Child::spawn(Path::new("ffmpeg"), &args, Stdio::null(), Stdio::piped())
        .map_err(|_| " (ffmpeg, which may be able to, isn't there: `apt install ffmpeg`)".to_owned())?;
    let mut png = Vec::new();
    if let Some(output) = child.take_output() {
        output.take(MAX_OUTPUT).read_to_end(&mut png).map_err(|e| format!(" ({e})"))?;
    }
    let ended = child.wait().map_err(|e| format!(" ({e})"))?;
    log::debug!("ffmpeg on {}: {} {}", path.display(), ended.status, ended.said);
    match ended.status.success() && ended.said.is_empty() && !png.is_empty() {
        true => Ok(png),
        false => Err(" by the ffmpeg at hand".to_owned()),
    }
}

/// The picture as libheif's own program writes it: upright. `why` says why it is asked.
fn by_libheif(path: &Path, kind: PictureKind, most: u32, why: String) -> Result<DynamicImage, PictureFault> {
    let refused = || PictureFault::NotTaken { kind, why: why.clone() };
    if !matches!(kind, PictureKind::Avif | PictureKind::Heic) {
        return Err(refused());
    }
    let folder = Scratch::new().ok_or_else(refused)?;
    let png = folder.0.join("picture.png");
    let args = [path.as_os_str().to_owned(), png.clone().into_os_string()];
    for program in ["heif-dec", "heif-convert"] {
        let Ok((_, ended)) = child::run(Path::new(program), &args) else { continue };
        log::debug!("{program} on {}: {} {}", path.display(), ended.status, ended.said);
        if let Ok(bytes) = std::fs::read(&png) {
            return built_in::decode(&bytes, image::ImageFormat::Png, most.max(Frame::MAX_SIDE));
        }
    }
    Err(refused())
}

/// A folder of our own that goes with this.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Option<Self> {
        use std::hash::{BuildHasher, Hasher};
        // A hasher's keys are random, so the name can't be known before.
        let name = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let folder = std::env::temp_dir().join(format!("omote-{name:016x}"));
        std::fs::create_dir(&folder).ok().map(|()| Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
