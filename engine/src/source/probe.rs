//! What `ffprobe` says about a file, and what follows for reading its pictures.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::{Fault, Rate, child};
use crate::frame::{Colour, Frame, Matrix, PixelFormat, Range};

/// ffprobe's answer, as far as it is used.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Probe {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Container,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    duration: Option<String>,
    start_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stream {
    index: u32,
    codec_type: String,
    codec_name: Option<String>,
    width: u32,
    height: u32,
    pix_fmt: Option<String>,
    sample_aspect_ratio: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    start_time: Option<String>,
    color_range: Option<String>,
    color_space: Option<String>,
    color_transfer: Option<String>,
    side_data_list: Vec<SideData>,
    disposition: Disposition,
    tags: Tags,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SideData {
    rotation: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disposition {
    attached_pic: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    rotate: Option<String>,
}

/// How the pictures of a video are to be read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Video {
    /// Number of the stream in the file.
    pub(crate) stream: u32,
    /// Size of the pictures as they are shown: turned, and with square pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rate: Rate,
    pub(crate) frames: Option<u64>,
    pub(crate) format: PixelFormat,
    pub(crate) colour: Colour,
    /// ffmpeg's filters that lead there, in order.
    pub(crate) filters: Vec<String>,
    /// ffmpeg's name for what comes out.
    pub(crate) pixels: String,
    /// Whether the file has sound.
    pub(crate) sound: bool,
}

const CONVERT: &str = "ffmpeg -i IN -pix_fmt yuv420p -colorspace bt709 OUT.mp4";
const TONE_MAP: &str = "ffmpeg -i IN -vf \
    zscale=t=linear:npl=100,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709,format=yuv420p OUT.mp4";

impl Probe {
    /// Asks `program` about a file.
    pub(crate) fn of(program: &Path, path: &Path) -> Result<Self, Fault> {
        let mut args: Vec<OsString> =
            ["-v", "error", "-print_format", "json", "-show_streams", "-show_format", "-i"]
                .map(Into::into)
                .into();
        args.push(file_url(path));
        let (output, ended) = child::run(program, &args).map_err(|e| no_program(program, path, e))?;
        let said = |said: String| Fault::Program { path: path.into(), program: "ffprobe", said };
        if !ended.status.success() {
            return Err(said(ended.said));
        }
        serde_json::from_slice(&output).map_err(|e| said(e.to_string()))
    }

    /// How the pictures are to be read.
    pub(crate) fn video(&self, path: &Path) -> Result<Video, Fault> {
        let unsupported = |what: String, remedy| Fault::Unsupported { path: path.into(), what, remedy };
        let found = self.streams.iter().find(|s| s.codec_type == "video" && s.disposition.attached_pic == 0);
        let Some(s) = found else {
            return Err(unsupported("the file holds no video".into(), CONVERT));
        };
        if let Some(hdr @ ("smpte2084" | "arib-std-b67")) = s.color_transfer.as_deref() {
            return Err(unsupported(format!("the video has a high dynamic range ({hdr})"), TONE_MAP));
        }
        let Some(pix_fmt) = s.pix_fmt.as_deref() else {
            return Err(unsupported("ffmpeg does not know the video's pixel format".into(), CONVERT));
        };
        let (width, height, square) = s.shown();
        let max = u64::from(Frame::MAX_SIDE);
        if width == 0 || height == 0 || width > max || height > max {
            return Err(Fault::TooLarge { path: path.into(), width, height });
        }
        let (width, height) = (width as u32, height as u32);
        let range = s.range(pix_fmt);
        let (matrix, known_to_scale) = s
            .matrix(width, height)
            .map_err(|space| unsupported(format!("the video's colours are in {space}"), CONVERT))?;
        let (format, native) = format_of(pix_fmt);
        let colour = if format.is_yuv() { Colour { matrix, range } } else { Colour::JPEG };
        let (rate, regular) = s.rate();
        let mut filters = Vec::new();
        if !regular {
            filters.push(format!("fps={}/{}", rate.num(), rate.den()));
        }
        // Times are made anew from the rate, so that each decoded picture comes out exactly once.
        filters.push(format!("settb=AVTB,setpts=N*{}/({}*TB)", rate.den(), rate.num()));
        let mut pixels = pix_fmt.to_owned();
        if !native || !square || known_to_scale.is_some() {
            let side = if range == Range::Full { "full" } else { "limited" };
            let mut scale = format!("scale={width}:{height}:in_range={side}");
            if let Some(from) = known_to_scale {
                scale += &format!(":in_color_matrix={from}:out_color_matrix=bt709");
            }
            pixels = match format {
                PixelFormat::I420 => "yuv420p",
                PixelFormat::I422 => "yuv422p",
                PixelFormat::I444 => "yuv444p",
                _ => "rgb24",
            }
            .into();
            if format.is_yuv() {
                scale += &format!(":out_range={side}");
            }
            filters.push(format!("{scale}:flags=bicubic+accurate_rnd+full_chroma_int"));
            filters.push(format!("setsar=1,format={pixels}"));
        }
        let sound = self.streams.iter().any(|s| s.codec_type == "audio");
        let frames = s.frames(&self.format, rate, regular);
        let stream = s.index;
        Ok(Video { stream, width, height, rate, frames, format, colour, filters, pixels, sound })
    }

    /// Names of the sound streams' codecs.
    pub(crate) fn sound_codecs(&self) -> impl Iterator<Item = &str> {
        let sound = self.streams.iter().filter(|s| s.codec_type == "audio");
        sound.map(|s| s.codec_name.as_deref().unwrap_or("unknown"))
    }

    /// Seconds from the container's start to the first picture.
    pub(crate) fn video_delay(&self) -> f64 {
        let seconds = |t: &Option<String>| t.as_deref().and_then(|t| t.parse::<f64>().ok());
        let video = self.streams.iter().find(|s| s.codec_type == "video" && s.disposition.attached_pic == 0);
        let start = video.and_then(|s| seconds(&s.start_time)).zip(seconds(&self.format.start_time));
        start.map_or(0.0, |(video, all)| (video - all).max(0.0))
    }
}

impl Stream {
    /// Width and height as shown, and whether the stored pixels are square.
    fn shown(&self) -> (u64, u64, bool) {
        let aspect = self.sample_aspect_ratio.as_deref().and_then(|a| a.split_once(':'));
        let aspect = aspect.and_then(|(n, d)| Some((n.parse::<u64>().ok()?, d.parse::<u64>().ok()?)));
        let (n, d) = aspect.filter(|&(n, d)| n > 0 && d > 0 && n < 1 << 20 && d < 1 << 20).unwrap_or((1, 1));
        let (width, height) = ((u64::from(self.width) * n + d / 2) / d, u64::from(self.height));
        let turn = self.side_data_list.iter().find_map(|s| s.rotation);
        let turn = turn.or_else(|| self.tags.rotate.as_deref()?.parse().ok()).unwrap_or(0.0);
        // ffmpeg turns by quarters where the angle is nearly one; others keep the size.
        let sideways = (turn.abs() % 180.0 - 90.0).abs() < 2.0;
        if sideways { (height, width, n == d) } else { (width, height, n == d) }
    }

    fn range(&self, pix_fmt: &str) -> Range {
        // Grey has no headroom in ffmpeg, whatever is written beside it.
        let full = pix_fmt.starts_with("yuvj") || pix_fmt.starts_with("gray") || pix_fmt.starts_with("ya");
        match self.color_range.as_deref() {
            Some("pc" | "jpeg" | "full") => Range::Full,
            _ if full => Range::Full,
            _ => Range::Limited,
        }
    }

    /// The matrix to say, and where the samples must be converted to it first, ffmpeg's name of theirs.
    fn matrix(&self, width: u32, height: u32) -> Result<(Matrix, Option<&'static str>), &str> {
        match self.color_space.as_deref() {
            Some("bt709") => Ok((Matrix::Bt709, None)),
            Some("bt470bg" | "smpte170m") => Ok((Matrix::Bt601, None)),
            Some("bt2020nc") => Ok((Matrix::Bt709, Some("bt2020"))),
            Some("smpte240m") => Ok((Matrix::Bt709, Some("smpte240m"))),
            Some("fcc") => Ok((Matrix::Bt709, Some("fcc"))),
            None | Some("unknown" | "unspecified" | "reserved" | "gbr") => {
                Ok((if super::looks_hd(width, height) { Matrix::Bt709 } else { Matrix::Bt601 }, None))
            }
            Some(other) => Err(other),
        }
    }

    /// The rate at which pictures come on average, and whether they come at regular times.
    fn rate(&self) -> (Rate, bool) {
        let parse = |r: &Option<String>| r.as_deref().and_then(|r| r.parse::<Rate>().ok());
        let (average, nominal) = (parse(&self.avg_frame_rate), parse(&self.r_frame_rate));
        let rate = average.or(nominal).unwrap_or(Rate::DEFAULT);
        let ratio = nominal.unwrap_or(rate).per_second() / rate.per_second();
        (rate, (ratio - 1.0).abs() < 0.05)
    }

    fn frames(&self, container: &Container, rate: Rate, regular: bool) -> Option<u64> {
        let counted = self.nb_frames.as_deref().filter(|_| regular).and_then(|n| n.parse().ok());
        let seconds = || {
            let text = self.duration.as_deref().or(container.duration.as_deref())?;
            text.parse::<f64>().ok().filter(|s| (0.0..1e9).contains(s))
        };
        counted.or_else(|| Some((seconds()? * rate.per_second()).round() as u64))
    }
}

/// The format for ffmpeg's `pix_fmt`, and whether its samples can be taken as they are.
fn format_of(pix_fmt: &str) -> (PixelFormat, bool) {
    match pix_fmt {
        "yuv420p" | "yuvj420p" => return (PixelFormat::I420, true),
        "yuv422p" | "yuvj422p" => return (PixelFormat::I422, true),
        "yuv444p" | "yuvj444p" => return (PixelFormat::I444, true),
        "rgb24" => return (PixelFormat::Rgb, true),
        _ => {}
    }
    let begins = |names: &[&str]| names.iter().any(|n| pix_fmt.starts_with(n));
    let has = |names: &[&str]| names.iter().any(|n| pix_fmt.contains(n));
    let format = if begins(&["gray", "ya"]) || has(&["420", "nv12", "nv21", "p010", "p012", "p016"]) {
        PixelFormat::I420
    } else if has(&["422", "nv16", "nv20", "p210", "p212", "p216", "y210", "y212"]) {
        PixelFormat::I422
    } else if begins(&["yuv", "nv", "p4", "uyyv", "vuy", "xv", "ayuv"]) {
        PixelFormat::I444
    } else {
        PixelFormat::Rgb
    };
    (format, false)
}

/// A name that ffmpeg takes as a file, whatever it looks like.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// The fault that failing to start `program` is.
pub(super) fn no_program(program: &Path, path: &Path, cause: io::Error) -> Fault {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            Fault::NoProgram { path: path.into(), program: program.display().to_string() }
        }
        _ => Fault::Program { path: path.into(), program: "ffmpeg", said: cause.to_string() },
    }
}
