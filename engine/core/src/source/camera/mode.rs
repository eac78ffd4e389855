//! A camera's modes, and the order in which to ask for them.

use std::fmt;
use std::str::FromStr;

use super::super::Rate;
use crate::frame::PixelFormat;

/// Layout of an uncompressed picture as cameras send it. All are taken; those that
/// [`PixelFormat`] has no name for are rearranged, without loss, to the one it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RawFormat {
    /// Y0 Cb Y1 Cr.
    Yuyv,
    /// Planes Y, and Cb Cr interleaved; chroma halved both ways.
    Nv12,
    /// Planes Y, Cb, Cr; chroma halved both ways.
    I420,
    /// Planes Y, Cb, Cr; chroma halved across.
    I422,
    /// Cb Y0 Cr Y1.
    Uyvy,
    /// Y0 Cr Y1 Cb.
    Yvyu,
    /// Cr Y0 Cb Y1.
    Vyuy,
    /// Planes Y, and Cr Cb interleaved.
    Nv21,
    /// Planes Y, Cr, Cb; chroma halved both ways.
    Yv12,
    /// R G B.
    Rgb,
    /// B G R.
    Bgr,
    /// B G R and a byte that says nothing.
    Bgrx,
    /// Luma alone, full range.
    Grey,
}

/// Format, the name to show, and Video4Linux's codes.
type Named = (RawFormat, &'static str, &'static [[u8; 4]]);

/// Best first: what needs no rearranging, then what does, then what is larger.
const RAW: [Named; 13] = [
    (RawFormat::Yuyv, "YUYV", &[*b"YUYV"]),
    (RawFormat::Nv12, "NV12", &[*b"NV12"]),
    (RawFormat::I420, "I420", &[*b"YU12"]),
    (RawFormat::I422, "I422", &[*b"422P"]),
    (RawFormat::Uyvy, "UYVY", &[*b"UYVY"]),
    (RawFormat::Yvyu, "YVYU", &[*b"YVYU"]),
    (RawFormat::Vyuy, "VYUY", &[*b"VYUY"]),
    (RawFormat::Nv21, "NV21", &[*b"NV21"]),
    (RawFormat::Yv12, "YV12", &[*b"YV12"]),
    (RawFormat::Rgb, "RGB", &[*b"RGB3"]),
    (RawFormat::Bgr, "BGR", &[*b"BGR3"]),
    (RawFormat::Bgrx, "BGRX", &[*b"XR24", *b"AR24", *b"BGR4"]),
    (RawFormat::Grey, "GREY", &[*b"GREY"]),
];

/// Video4Linux's codes for JPEG pictures.
const JPEG: [[u8; 4]; 2] = [*b"MJPG", *b"JPEG"];

impl RawFormat {
    /// Every format, best first.
    pub fn all() -> impl Iterator<Item = Self> {
        RAW.iter().map(|(format, ..)| *format)
    }

    fn named(self) -> &'static Named {
        // The table holds every format; the first row stands in for none.
        RAW.iter().find(|row| row.0 == self).unwrap_or(&RAW[0])
    }

    /// The format of the frames made from it.
    pub fn pixel_format(self) -> PixelFormat {
        match self {
            Self::Yuyv | Self::Uyvy | Self::Yvyu | Self::Vyuy => PixelFormat::Yuyv,
            Self::Nv12 | Self::Nv21 => PixelFormat::Nv12,
            Self::I420 | Self::Yv12 | Self::Grey => PixelFormat::I420,
            Self::I422 => PixelFormat::I422,
            Self::Rgb | Self::Bgr => PixelFormat::Rgb,
            Self::Bgrx => PixelFormat::Bgra,
        }
    }

    /// Bytes of a picture without padding.
    pub fn bytes(self, width: u32, height: u32) -> u64 {
        let pixels = u64::from(width) * u64::from(height);
        match self {
            Self::Nv12 | Self::Nv21 | Self::I420 | Self::Yv12 => pixels * 3 / 2,
            Self::Yuyv | Self::Uyvy | Self::Yvyu | Self::Vyuy | Self::I422 => pixels * 2,
            Self::Rgb | Self::Bgr => pixels * 3,
            Self::Bgrx => pixels * 4,
            Self::Grey => pixels,
        }
    }
}

/// How a camera sends its pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coding {
    /// A JPEG each.
    Mjpeg,
    /// Uncompressed.
    Raw(RawFormat),
}

impl Coding {
    /// What a Video4Linux code stands for, if it is one that is taken.
    pub fn from_fourcc(code: [u8; 4]) -> Option<Self> {
        if JPEG.contains(&code) {
            return Some(Self::Mjpeg);
        }
        RAW.iter().find(|row| row.2.contains(&code)).map(|row| Self::Raw(row.0))
    }

    /// Every Video4Linux code that stands for it.
    pub fn fourccs(self) -> &'static [[u8; 4]] {
        match self {
            Self::Mjpeg => &JPEG,
            Self::Raw(format) => format.named().2,
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mjpeg => "MJPEG",
            Self::Raw(format) => format.named().1,
        })
    }
}

/// Text that names no coding.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is no way in which a camera sends pictures: give one of MJPEG, YUYV, NV12, I420, RGB, BGR …"
)]
pub struct CodingError {
    text: String,
}

impl FromStr for Coding {
    type Err = CodingError;

    /// By the shown name or by Video4Linux's code, in any case.
    fn from_str(text: &str) -> Result<Self, CodingError> {
        let upper = text.to_ascii_uppercase();
        let by_name = RAW.iter().find(|row| row.1 == upper).map(|row| Self::Raw(row.0));
        let by_code = || upper.as_bytes().try_into().ok().and_then(Self::from_fourcc);
        let found = if upper == "MJPEG" { Some(Self::Mjpeg) } else { by_name.or_else(by_code) };
        found.ok_or_else(|| CodingError { text: text.into() })
    }
}

/// One way in which a camera can work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CameraMode {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Frames a second as the camera promises them.
    pub rate: Rate,
    /// How it sends them.
    pub coding: Coding,
}

impl fmt::Display for CameraMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}x{} at {}", self.coding, self.width, self.height, shown_rate(self.rate))
    }
}

/// A rate as people write it: at most two decimals.
fn shown_rate(rate: Rate) -> String {
    let text = format!("{:.2}", rate.per_second());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What is wanted of a camera. Nothing given means 1280x720 at 30 frames a second from the first camera
/// that works. Wishes are no demands: what comes nearest is taken, and
/// [`Camera::mode`](super::Camera::mode) says what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CameraRequest {
    /// Path, index, or part of the name. `nokhwa:0` asks for the cross-platform library on Linux, where
    /// it is built in.
    pub device: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// Frames a second.
    pub rate: Option<Rate>,
    /// How the camera is to send its pictures.
    pub coding: Option<Coding>,
}

impl CameraRequest {
    /// Size where none is asked for.
    pub const SIZE: (u32, u32) = (1280, 720);

    /// The wish that is meant by a mode as [`CameraMode`] is shown, e.g. `MJPEG 1280x720 at 30`; nothing where
    /// the text is no mode.
    pub fn like(mode: &str) -> Option<Self> {
        let mut words = mode.split_whitespace();
        let coding = words.next()?.parse::<Coding>().ok()?;
        let (width, height) = words.next()?.split_once('x')?;
        let rate: f64 = words.nth(1)?.parse().ok()?;
        let rate = if rate.fract() == 0.0 {
            Rate::new(rate as u32, 1)
        } else {
            Rate::new((rate * 100.0).round() as u32, 100)
        };
        Some(Self {
            device: None,
            size: Some((width.parse().ok()?, height.parse().ok()?)),
            rate: Some(rate?),
            coding: Some(coding),
        })
    }

    /// The size that is wanted, asked for or not.
    pub fn wanted_size(&self) -> (u32, u32) {
        self.size.unwrap_or(Self::SIZE)
    }

    /// The rate that is wanted, asked for or not.
    pub fn wanted_rate(&self) -> Rate {
        self.rate.unwrap_or(Rate::DEFAULT)
    }
}

/// The most that USB 2 carries for one camera, in bytes a second: three packets of 1024 bytes in each
/// of 8000 microframes. Modes above it are promised by some cameras and kept by none.
const USB2_BYTES: f64 = 3.0 * 1024.0 * 8000.0;

/// A rate this part of the wanted one is fast enough.
const FAST_ENOUGH: f64 = 0.8;

/// A larger picture than wanted costs time in every later stage, a smaller one only sharpness.
const LARGER: f64 = 1.3;

/// The modes, best first. `narrow` is whether the camera hangs on USB 2.
pub(crate) fn ranked(modes: &[CameraMode], request: &CameraRequest, narrow: bool) -> Vec<CameraMode> {
    let mut order: Vec<([f64; 6], CameraMode)> =
        modes.iter().map(|mode| (cost(mode, request, narrow), *mode)).collect();
    order.sort_by(|(a, _), (b, _)| {
        let differing = a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
        differing.unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut best: Vec<CameraMode> = order.into_iter().map(|(_, mode)| mode).collect();
    best.dedup();
    best
}

/// Reasons against a mode, the weightiest first.
fn cost(mode: &CameraMode, request: &CameraRequest, narrow: bool) -> [f64; 6] {
    let flag = |bad: bool| f64::from(u8::from(bad));
    let other_coding = flag(request.coding.is_some_and(|coding| coding != mode.coding));
    let other_size = flag(request.size.is_some_and(|size| size != (mode.width, mode.height)));
    let wanted = request.wanted_rate().per_second();
    let rate = mode.rate.per_second();
    let slow = if rate >= wanted * FAST_ENOUGH { 0.0 } else { wanted / rate };
    let (width, height) = request.wanted_size();
    let area = |w: u32, h: u32| f64::from(w.max(1)) * f64::from(h.max(1));
    let aspect = |w: u32, h: u32| f64::from(w.max(1)) / f64::from(h.max(1));
    let bigger = (area(mode.width, mode.height) / area(width, height)).ln();
    let shape = (aspect(mode.width, mode.height) / aspect(width, height)).ln().abs();
    let distance = if bigger > 0.0 { bigger * LARGER } else { -bigger } + shape;
    let (unkept, coding) = match mode.coding {
        Coding::Mjpeg => (0.0, 0.5),
        Coding::Raw(format) => {
            let bytes = format.bytes(mode.width, mode.height) as f64 * rate;
            let place = RAW.iter().position(|row| row.0 == format).unwrap_or(0);
            // The native ones come before a JPEG, which costs decoding; RGB and the like after it.
            (flag(narrow && bytes > USB2_BYTES), if place < 9 { place as f64 / 100.0 } else { place as f64 })
        }
    };
    let off = (rate / wanted).ln().abs();
    [other_coding, other_size, slow, distance, unkept + off, coding]
}

#[cfg(test)]
mod tests;
