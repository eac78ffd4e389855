//! Which encoder makes the pictures of a `.mp4`: the first of a list that encodes a picture in a trial, on this
//! machine, by this ffmpeg. Free builds have no libx264, and a hardware encoder that is built in may have no hardware.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use crate::source::Rate;
use crate::source::child::Child;
use crate::source::refused::plain;

/// An encoder of ffmpeg's and how it is used.
#[derive(Debug, PartialEq, Eq)]
pub struct VideoEncoder {
    /// ffmpeg's name for it.
    pub name: &'static str,
    /// What it makes, for people.
    pub makes: &'static str,
    /// Options that stand before the input.
    before: &'static str,
    /// Filters behind all others, led by a comma.
    filter: &'static str,
    /// Options of its own.
    options: &'static str,
    /// Thousandths of a bit for each pixel, where it has no measure of quality.
    bits: Option<u64>,
    /// The longest denominator of a time base that it takes.
    longest_base: u32,
}

const PLAIN: VideoEncoder = VideoEncoder {
    name: "",
    makes: "H.264",
    before: "",
    filter: "",
    options: "",
    bits: None,
    longest_base: u32::MAX,
};

/// All that are tried, in this order: the best pictures first, then what plays in most places.
const ALL: [VideoEncoder; 9] = [
    VideoEncoder { name: "libx264", options: "-preset veryfast -crf 16 -pix_fmt yuv420p", ..PLAIN },
    VideoEncoder { name: "libopenh264", options: "-pix_fmt yuv420p", bits: Some(200), ..PLAIN },
    VideoEncoder { name: "h264_nvenc", options: "-preset p4 -rc constqp -qp 18 -pix_fmt yuv420p", ..PLAIN },
    VideoEncoder { name: "h264_qsv", options: "-global_quality 18 -pix_fmt nv12", ..PLAIN },
    VideoEncoder {
        name: "h264_vaapi",
        before: "-vaapi_device /dev/dri/renderD128",
        filter: ",format=nv12,hwupload",
        options: "-qp 18",
        ..PLAIN
    },
    VideoEncoder { name: "h264_videotoolbox", options: "-pix_fmt yuv420p", bits: Some(200), ..PLAIN },
    VideoEncoder { name: "h264_mf", options: "-pix_fmt nv12", bits: Some(200), ..PLAIN },
    VideoEncoder {
        name: "libvpx-vp9",
        makes: "VP9",
        options: "-crf 20 -b:v 0 -deadline realtime -cpu-used 6 -row-mt 1 -pix_fmt yuv420p",
        ..PLAIN
    },
    // Part 2 of MPEG-4: every ffmpeg has it, but browsers and phones don't play it.
    VideoEncoder {
        name: "mpeg4",
        makes: "MPEG-4 part 2",
        options: "-q:v 2 -pix_fmt yuv420p",
        longest_base: 65_535,
        ..PLAIN
    },
];

/// Side of the trial's picture: every hardware encoder takes it.
pub(super) const TRIAL: (u32, u32) = (320, 240);

impl VideoEncoder {
    /// Options that stand before the input.
    pub(super) fn before(&self) -> Vec<OsString> {
        words(self.before)
    }

    /// Filters that stand behind all others, led by a comma where there are some.
    pub(super) fn filter(&self) -> &'static str {
        self.filter
    }

    /// Options for pictures of this size, at so many a second.
    pub(super) fn options(&self, (width, height): (u32, u32), per_second: f64) -> Vec<OsString> {
        let mut all = words("-c:v");
        all.push(self.name.into());
        all.extend(words(self.options));
        if let Some(bits) = self.bits {
            let pixels = f64::from(width) * f64::from(height) * per_second.clamp(1.0, 240.0);
            let rate = (pixels * bits as f64 / 1000.0).clamp(5e5, 1e8).round();
            all.extend(["-b:v".into(), format!("{rate}").into()]);
        }
        all
    }

    /// Into how many parts of a second times are counted in what it makes, where the input counts `ticks`: as many, or
    /// the most that it takes in which pictures at this rate have whole numbers.
    pub(super) fn time_base(&self, ticks: u32, rate: Rate) -> u32 {
        match (self.longest_base, rate.num().max(1)) {
            (longest, _) if ticks <= longest => ticks,
            (longest, num) if num <= longest => longest / num * num,
            (longest, _) => longest,
        }
    }

    /// Whether it is the one that is always taken where it is there.
    pub fn is_usual(&self) -> bool {
        self.name == ALL[0].name
    }

    /// Encodes one picture of this size. What ffmpeg said, where it can't.
    fn try_on(&self, ffmpeg: &Path, (width, height): (u32, u32)) -> io::Result<Result<(), String>> {
        let mut args = words("-nostdin -hide_banner -loglevel error");
        args.extend(self.before());
        args.extend(words("-f rawvideo -pix_fmt yuv420p -framerate 30 -video_size"));
        args.push(format!("{width}x{height}").into());
        args.extend(words("-i pipe:0"));
        args.extend(["-vf".into(), format!("setsar=1{}", self.filter).into()]);
        args.extend(self.options((width, height), 30.0));
        args.extend(words("-frames:v 1 -f null -"));
        let mut child = Child::spawn(ffmpeg, &args, Stdio::piped(), Stdio::null())?;
        if let Some(mut pipe) = child.take_input() {
            let picture = vec![128; width as usize * height as usize * 3 / 2];
            // It may end without reading; then its status tells.
            let _ = pipe.write_all(&picture);
        }
        let ended = child.wait()?;
        Ok(if ended.status.success() { Ok(()) } else { Err(plain(&ended.said)) })
    }
}

/// Why there is no encoder.
#[derive(Debug)]
pub(super) enum NoEncoder {
    /// ffmpeg can't be started.
    Program(io::Error),
    /// None of the list works.
    NoneWorks {
        /// What ffmpeg said to the first.
        said: String,
    },
}

/// The encoder that this ffmpeg takes for pictures of this size (rounded up to even sides by the caller). The first
/// call tries, which takes a twentieth of a second for each that is passed over; later ones remember.
pub(super) fn choose(ffmpeg: &Path, size: (u32, u32)) -> Result<&'static VideoEncoder, NoEncoder> {
    static CHOSEN: Mutex<Option<HashMap<PathBuf, &'static VideoEncoder>>> = Mutex::new(None);
    let mut chosen = CHOSEN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = chosen.get_or_insert_default();
    // libx264 takes every size that a frame has; of others not all are known to.
    let first = match known.get(ffmpeg) {
        Some(encoder) if encoder.is_usual() || size == TRIAL => return Ok(encoder),
        Some(encoder) => encoder.name,
        None => ALL[0].name,
    };
    let mut said = None;
    for encoder in ALL.iter().skip_while(|encoder| encoder.name != first) {
        let size = if encoder.is_usual() { TRIAL } else { size };
        match encoder.try_on(ffmpeg, size).map_err(NoEncoder::Program)? {
            Ok(()) => {
                if !encoder.is_usual() && known.get(ffmpeg) != Some(&encoder) {
                    log::warn!(
                        "this ffmpeg has no libx264: {} ({}) encodes the video instead",
                        encoder.name,
                        encoder.makes
                    );
                }
                known.insert(ffmpeg.to_owned(), encoder);
                return Ok(encoder);
            }
            Err(words) => drop(said.get_or_insert(words)),
        }
    }
    Err(NoEncoder::NoneWorks { said: said.unwrap_or_default() })
}

/// The encoder that videos are written with here: its name and what it makes.
///
/// # Errors
/// Where ffmpeg is not there, or encodes in no way that .mp4 takes.
pub fn video_encoder() -> Result<&'static VideoEncoder, String> {
    choose(Path::new("ffmpeg"), TRIAL).map_err(|none| match none {
        NoEncoder::Program(e) => e.to_string(),
        NoEncoder::NoneWorks { said } => said,
    })
}

/// Words that hold no spaces, split at them.
fn words(words: &str) -> Vec<OsString> {
    words.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A program that takes the encoders of `takes` only.
    fn ffmpeg(folder: &Path, takes: &str) -> PathBuf {
        let program = folder.join(format!("ffmpeg-{}", takes.replace('|', "-")));
        let script = format!(
            "#!/bin/sh\nfor word in \"$@\"; do case \"$word\" in {takes}) cat >/dev/null; exit 0;; esac; done\n\
             echo \"Unknown encoder 'libx264'\" >&2\nexit 8\n"
        );
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    #[test]
    fn the_first_that_encodes_a_picture_is_taken() {
        let folder = tempfile::TempDir::new().unwrap();
        for (takes, expected) in [
            ("libx264|mpeg4|libopenh264", "libx264"),
            ("mpeg4|libopenh264", "libopenh264"),
            ("h264_vaapi|mpeg4", "h264_vaapi"),
            ("libvpx-vp9|mpeg4", "libvpx-vp9"),
            ("mpeg4", "mpeg4"),
        ] {
            let program = ffmpeg(folder.path(), takes);
            assert_eq!(choose(&program, TRIAL).unwrap().name, expected, "{takes}");
            // Also the second time, and for another size.
            assert_eq!(choose(&program, (1920, 1080)).unwrap().name, expected, "{takes}");
        }
        match choose(&ffmpeg(folder.path(), "nothing"), TRIAL) {
            Err(NoEncoder::NoneWorks { said }) => assert!(said.contains("Unknown encoder"), "{said}"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(choose(Path::new("/nowhere/ffmpeg"), TRIAL), Err(NoEncoder::Program(_))));
    }

    #[test]
    fn times_are_counted_as_finely_as_the_encoder_takes() {
        let encoder = |name| ALL.iter().find(|e| e.name == name).unwrap();
        let base = |name, ticks, rate: &str| encoder(name).time_base(ticks, rate.parse().unwrap());
        assert_eq!(base("libx264", 90_000, "30"), 90_000);
        assert_eq!(base("mpeg4", 90_000, "30"), 65_520);
        assert_eq!(base("mpeg4", 90_000, "30000/1001"), 60_000);
        assert_eq!(base("mpeg4", 1_000_000, "1000000/33333"), 65_535);
        assert_eq!(base("mpeg4", 24_000, "24000/1001"), 24_000);
    }

    #[test]
    fn encoders_without_a_measure_of_quality_get_bits_by_size_and_rate() {
        let open = ALL.iter().find(|e| e.name == "libopenh264").unwrap();
        let rate = |size, per_second| {
            let options = open.options(size, per_second);
            options.last().unwrap().to_str().unwrap().parse::<u64>().unwrap()
        };
        assert_eq!(rate((1280, 720), 30.0), 5_529_600);
        assert_eq!(rate((160, 120), 1.0), 500_000);
        assert!(!ALL[0].options((1280, 720), 30.0).iter().any(|word| word == "-b:v"));
    }
}
