//! What `ffprobe` says about a file, and what follows for reading its pictures.

mod left_out;

use std::ffi::OsString;
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::{Rate, SourceFault, child, refused};
use omote_frame::{Colour, Frame, Matrix, PixelFormat, Range};

/// ffprobe's answer, as far as it is used.
#[derive(Debug, Default, Deserialize)]
pub struct Probe {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    programs: Vec<Program>,
    #[serde(default)]
    chapters: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    format: Container,
}

/// Streams that belong together: a television channel of several in one file.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Program {
    streams: Vec<Member>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Member {
    index: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    format_name: Option<String>,
    duration: Option<String>,
    tags: Tags,
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
    sample_rate: Option<String>,
    r_frame_rate: Option<String>,
    avg_frame_rate: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    time_base: Option<String>,
    field_order: Option<String>,
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
    displaymatrix: Option<String>,
}

impl SideData {
    /// The four numbers of the matrix that turn and mirror.
    fn corner(&self) -> Option<[i64; 4]> {
        let text = self.displaymatrix.as_deref()?;
        let rows = text.lines().filter_map(|line| line.split_once(':')).map(|(_, row)| row);
        let numbers: Vec<i64> = rows.flat_map(str::split_whitespace).map_while(|n| n.parse().ok()).collect();
        match numbers[..] {
            [a, b, _, c, d, ..] => Some([a, b, c, d]),
            _ => None,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Disposition {
    default: u8,
    attached_pic: u8,
    timed_thumbnails: u8,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tags {
    rotate: Option<String>,
    #[serde(alias = "TITLE")]
    title: Option<String>,
}

/// How the pictures of a video are to be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Video {
    /// Number of the stream in the file.
    pub stream: u32,
    /// Numbers of the sound streams that belong to it.
    pub sound: Vec<u32>,
    /// Width of the pictures as they are shown: turned, and with square pixels.
    pub width: u32,
    /// Their height.
    pub height: u32,
    /// Pictures a second on average.
    pub rate: Rate,
    /// Pictures a second as they are meant: what those at regular times are a picture apart by.
    pub nominal: Rate,
    /// Seconds of the ticks that the file's times count in, as a fraction.
    pub base: Rate,
    /// How many pictures the file says that it has.
    pub frames: Option<u64>,
    /// Format in which they are decoded.
    pub format: PixelFormat,
    /// How their samples are meant.
    pub colour: Colour,
    /// Whether each packet of the stream is one picture to be shown.
    pub packet_is_picture: bool,
    /// ffmpeg's filters that lead there, in order.
    pub filters: Vec<String>,
    /// ffmpeg's name for what comes out.
    pub pixels: String,
    /// What of the file goes nowhere, in words.
    pub left_out: Option<String>,
}

/// Pictures a second that a file may say; more is no rate.
const MAX_RATE: f64 = 1000.0;

const CONVERT: &str = "ffmpeg -i IN -pix_fmt yuv420p -colorspace bt709 OUT.mp4";
const TONE_MAP: &str = "ffmpeg -i IN -vf \
    zscale=t=linear:npl=100,tonemap=hable,zscale=p=bt709:t=bt709:m=bt709,format=yuv420p OUT.mp4";

impl Probe {
    /// Asks `program` about a file.
    pub fn run(program: &Path, path: &Path) -> Result<Self, SourceFault> {
        let mut args: Vec<OsString> =
            ["-v", "error", "-print_format", "json", "-show_streams", "-show_format"].map(Into::into).into();
        args.extend(["-show_programs", "-show_chapters", "-i"].map(Into::into));
        args.push(file_url(path));
        let (output, ended) = child::run(program, &args).map_err(|e| no_program(program, path, e))?;
        let said = |said: String| refused::fault(path, "ffprobe", &said);
        if !ended.status.success() {
            return Err(said(ended.said));
        }
        serde_json::from_slice(&output).map_err(|e| said(e.to_string()))
    }

    /// How the pictures are to be read.
    pub fn video(&self, path: &Path) -> Result<Video, SourceFault> {
        let unsupported = |what: String, remedy| SourceFault::Unsupported { path: path.into(), what, remedy };
        let Some(s) = self.shown() else {
            if self.streams.iter().any(|s| s.codec_type == "audio") {
                return Err(SourceFault::SoundOnly { path: path.into() });
            }
            return Err(unsupported("the file holds no video".into(), CONVERT));
        };
        if let Some(hdr @ ("smpte2084" | "arib-std-b67")) = s.color_transfer.as_deref() {
            return Err(unsupported(format!("the video has a high dynamic range ({hdr})"), TONE_MAP));
        }
        let Some(pix_fmt) = s.pix_fmt.as_deref() else {
            return Err(unsupported("ffmpeg does not know the video's pixel format".into(), CONVERT));
        };
        let (width, height) = s.size();
        let max = u64::from(Frame::MAX_SIDE);
        if width == 0 || height == 0 || width > max || height > max {
            return Err(SourceFault::TooLarge { path: path.into(), width, height });
        }
        let (width, height) = (width as u32, height as u32);
        let range = s.range(pix_fmt);
        let (matrix, known_to_scale) = s
            .matrix(width, height)
            .map_err(|space| unsupported(format!("the video's colours are in {space}"), CONVERT))?;
        let (format, native) = match format_of(pix_fmt) {
            // ffmpeg lays no picture of an odd size into another one where a sample of chroma stands for several pixels.
            (format, _) if format.is_yuv() && format != PixelFormat::I444 && (width | height) % 2 == 1 => {
                (PixelFormat::I444, false)
            }
            taken => taken,
        };
        let colour = if format.is_yuv() { Colour { matrix, range } } else { Colour::JPEG };
        let (rate, nominal) = s.rate();
        let pixels = match native {
            true => pix_fmt,
            false => match format {
                PixelFormat::I420 => "yuv420p",
                PixelFormat::I422 => "yuv422p",
                PixelFormat::I444 => "yuv444p",
                _ => "rgb24",
            },
        };
        let convert = !native || !s.has_square_pixels() || known_to_scale.is_some();
        let (sideways, upright) = s.upright();
        let (w, h) = if sideways { (height, width) } else { (width, height) };
        let filters = [
            flattened(pix_fmt),
            &fitted(w, h, known_to_scale, colour.range, convert),
            &format!("format={pixels}"),
            // Even distances, so that fields stay fields and chroma stays where it is.
            &format!("pad={w}:{h}:'4*floor((ow-iw)/8)':'4*floor((oh-ih)/8)':eval=frame"),
            if format.is_yuv() { s.deinterlaced() } else { "" },
            upright,
            "setsar=1",
        ];
        let filters = filters.into_iter().filter(|f| !f.is_empty()).map(str::to_owned).collect();
        Ok(Video {
            stream: s.index,
            sound: self.sound_of(s).map(|sound| sound.index).collect(),
            width,
            height,
            rate,
            nominal,
            base: s.base(),
            frames: s.frames(&self.format, rate),
            format,
            colour,
            packet_is_picture: s.packet_is_picture(),
            filters,
            pixels: pixels.to_owned(),
            left_out: self.left_out(s),
        })
    }

    /// The stream that is shown: the first that the file marks as the one to show, or the first of all.
    fn shown(&self) -> Option<&Stream> {
        let mut videos = self.streams.iter().filter(|s| s.is_video());
        let first = videos.next()?;
        let preferred = std::iter::once(first).chain(videos).find(|s| s.disposition.default != 0);
        Some(preferred.unwrap_or(first))
    }

    /// The sound that belongs to a stream of pictures: that of its program, where the file has such.
    fn sound_of(&self, video: &Stream) -> impl Iterator<Item = &Stream> {
        let member = |p: &Program, s: &Stream| p.streams.iter().any(|m| m.index == s.index);
        let program = self.programs.iter().find(|p| member(p, video));
        let belongs = move |s: &&Stream| s.is_sound() && program.is_none_or(|p| member(p, s));
        self.streams.iter().filter(belongs)
    }

    /// How many pictures the file says that it holds.
    pub fn pictures(&self) -> Option<u64> {
        self.shown()?.nb_frames.as_deref()?.parse().ok()
    }

    /// Whether times may jump or begin anew in files of this kind, which ffmpeg mends.
    pub fn jumps(&self) -> bool {
        let name = self.format.format_name.as_deref().unwrap_or_default();
        name.split(',').any(|n| matches!(n, "mpegts" | "mpeg" | "mpegtsraw" | "ogg" | "hls"))
    }

    /// The stream of pictures that is shown, and the sound that belongs to it, each with the name of its codec;
    /// all sound where there are no pictures.
    pub fn sound(&self) -> (Option<u32>, Vec<(u32, &str)>) {
        fn codec(s: &Stream) -> (u32, &str) {
            (s.index, s.codec_name.as_deref().unwrap_or("unknown"))
        }
        match self.shown() {
            Some(video) => (Some(video.index), self.sound_of(video).map(codec).collect()),
            None => (None, self.streams.iter().filter(|s| s.is_sound()).map(codec).collect()),
        }
    }
}

impl Stream {
    /// Whether it holds pictures that follow each other.
    fn is_video(&self) -> bool {
        let picture = self.disposition.attached_pic != 0 || self.disposition.timed_thumbnails != 0;
        self.codec_type == "video" && !picture
    }

    /// Whether it holds sound. Some files announce a track and hold nothing of it.
    fn is_sound(&self) -> bool {
        let rate = self.sample_rate.as_deref().and_then(|r| r.parse::<u32>().ok());
        self.codec_type == "audio" && rate.is_some_and(|r| r > 0)
    }

    /// Width of a stored pixel by its height.
    fn pixel_shape(&self) -> (u64, u64) {
        let aspect = self.sample_aspect_ratio.as_deref().and_then(|a| a.split_once(':'));
        let aspect = aspect.and_then(|(n, d)| Some((n.parse::<u64>().ok()?, d.parse::<u64>().ok()?)));
        aspect.filter(|&(n, d)| n > 0 && d > 0 && n < 1 << 20 && d < 1 << 20).unwrap_or((1, 1))
    }

    fn has_square_pixels(&self) -> bool {
        let (n, d) = self.pixel_shape();
        n == d
    }

    /// Whether players turn the pictures by a quarter, and the filter that shows them as players do. Angles that
    /// are no quarter turns are left as they are.
    fn upright(&self) -> (bool, &'static str) {
        let matrix = self.side_data_list.iter().find_map(SideData::corner);
        // The matrix says how far to turn back, the older tag how far to turn.
        let angle = self.side_data_list.iter().find_map(|s| s.rotation).map(|r| -r);
        let angle = angle.or_else(|| self.tags.rotate.as_deref()?.parse().ok()).unwrap_or(0.0);
        let quarters = (0..=4u8).find(|q| (angle.rem_euclid(360.0) - f64::from(*q) * 90.0).abs() < 2.0);
        let [a, b, c, d] = matrix.unwrap_or(match quarters.unwrap_or(0) {
            1 => [0, 1, -1, 0],
            2 => [-1, 0, 0, -1],
            3 => [0, -1, 1, 0],
            _ => [1, 0, 0, 1],
        });
        if quarters.is_none() {
            return (false, "");
        }
        match (a.unsigned_abs() < b.unsigned_abs(), a >= 0, b >= 0, c >= 0, d >= 0) {
            (true, _, true, false, _) => (true, "transpose=clock"),
            (true, _, true, true, _) => (true, "transpose=cclock_flip"),
            (true, _, false, true, _) => (true, "transpose=cclock"),
            (true, _, false, false, _) => (true, "transpose=clock_flip"),
            (false, true, _, _, true) => (false, ""),
            (false, false, _, _, true) => (false, "hflip"),
            (false, true, _, _, false) => (false, "vflip"),
            (false, false, _, _, false) => (false, "hflip,vflip"),
        }
    }

    /// Width and height as shown.
    fn size(&self) -> (u64, u64) {
        let (n, d) = self.pixel_shape();
        let mut width = (u64::from(self.width) * n + d / 2) / d;
        if n != d {
            // Files and screens like even widths, and a new one may as well be one.
            width = width.next_multiple_of(2);
        }
        let height = u64::from(self.height);
        if self.upright().0 { (height, width) } else { (width, height) }
    }

    /// The filter that makes whole pictures of fields. Frames that are not marked as fields pass as they are.
    fn deinterlaced(&self) -> &'static str {
        const NEVER: [&str; 9] = ["vp8", "vp9", "av1", "gif", "apng", "png", "webp", "theora", "hevc"];
        // Their frames say nothing, the file does.
        const SAID_BY_FILE: [&str; 8] =
            ["rawvideo", "v210", "v410", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "ffv1"];
        let codec = self.codec_name.as_deref().unwrap_or_default();
        let order = self.field_order.as_deref().unwrap_or("unknown");
        match (SAID_BY_FILE.contains(&codec), order) {
            (true, "tt" | "bt") => "setfield=tff,bwdif=mode=send_frame:deint=all",
            (true, "bb" | "tb") => "setfield=bff,bwdif=mode=send_frame:deint=all",
            (true, _) => "",
            (false, _) if NEVER.contains(&codec) => "",
            (false, _) => "bwdif=mode=send_frame:deint=interlaced",
        }
    }

    /// Whether each packet is one picture: not where fields come singly, where some pictures only serve others,
    /// or where several stand in one packet.
    fn packet_is_picture(&self) -> bool {
        let progressive = matches!(self.field_order.as_deref(), Some("progressive"));
        match self.codec_name.as_deref().unwrap_or_default() {
            "h264" | "mpeg2video" | "mpeg1video" | "vc1" => progressive,
            "hevc" | "av1" | "vp9" | "mjpeg" | "prores" | "dnxhd" | "ffv1" | "dvvideo" | "png"
            | "rawvideo" => true,
            _ => false,
        }
    }

    /// Seconds of a tick of its times.
    fn base(&self) -> Rate {
        let base = self.time_base.as_deref().and_then(|b| b.parse().ok());
        base.or(Rate::new(1, 90_000)).unwrap_or(Rate::DEFAULT)
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

    /// The rate at which pictures come on average, and the nominal one.
    fn rate(&self) -> (Rate, Rate) {
        // Where times are irregular, ffprobe may take the ticks they count in for the rate.
        let sane = |r: &Rate| r.per_second() <= MAX_RATE;
        let parse = |r: &Option<String>| r.as_deref().and_then(|r| r.parse::<Rate>().ok()).filter(sane);
        let (average, nominal) = (parse(&self.avg_frame_rate), parse(&self.r_frame_rate));
        let rate = average.or(nominal).unwrap_or(Rate::DEFAULT);
        (rate, nominal.unwrap_or(rate))
    }

    fn frames(&self, container: &Container, rate: Rate) -> Option<u64> {
        let counted = self.nb_frames.as_deref().and_then(|n| n.parse().ok());
        let seconds = || {
            let text = self.duration.as_deref().or(container.duration.as_deref())?;
            text.parse::<f64>().ok().filter(|s| (0.0..1e9).contains(s))
        };
        counted.or_else(|| Some((seconds()? * rate.per_second()).round() as u64))
    }
}

/// The filter that brings every picture, of whatever size and shape, into `width` by `height` with its shape
/// kept, and into one range. Samples that are so already, but for what rounding the size to even pixels leaves, stay as
/// they are, unless all are to be converted.
///
/// The graph of filters stays the same when the stream changes (`-reinit_filter 0`): one that is made anew loses
/// what the old one still held. So before this filter there may only be such as take what comes.
fn fitted(width: u32, height: u32, matrix: Option<&str>, range: Range, convert: bool) -> String {
    let (w, h) = (width, height);
    let across = format!("if(lt(abs({h}*dar-{w}),2),{w},min({w},max(1,round({h}*dar))))");
    let down = format!("if(lt(abs({w}/dar-{h}),2),{h},min({h},max(1,round({w}/dar))))");
    let mut scale = format!("scale=w='{across}':h='{down}':eval=frame:interl=-1");
    if let Some(from) = matrix {
        scale += &format!(":in_color_matrix={from}:out_color_matrix=bt709");
    }
    scale += if range == Range::Full { ":out_range=full" } else { ":out_range=limited" };
    if convert {
        scale += ":flags=bicubic+accurate_rnd+full_chroma_int";
    }
    scale
}

/// The filters that lay pictures with transparent parts on black.
fn flattened(pix_fmt: &str) -> &'static str {
    let alpha = ["yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8"];
    match alpha.iter().any(|a| pix_fmt.starts_with(a)) {
        true if pix_fmt.starts_with("yuva") => "format=yuva444p,premultiply=inplace=1",
        true => "format=gbrap,premultiply=inplace=1",
        false => "",
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
pub fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// The fault that failing to start `program` is.
pub(super) fn no_program(program: &Path, path: &Path, cause: io::Error) -> SourceFault {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            SourceFault::NoProgram { path: path.into(), program: program.display().to_string() }
        }
        _ => SourceFault::Program { path: path.into(), program: "ffmpeg", said: cause.to_string() },
    }
}
