//! Sources of the test: one that is fed as a webcam's, in every format, and one that draws a texture.

use crate::ffi;
use crate::host::{NO_FRAME, Source};
use crate::libobs::{Obs, Ptr};
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

/// A picture: width, height, BGRA.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) w: usize,
    pub(crate) h: usize,
    pub(crate) bgra: Vec<u8>,
}

static OBS: OnceLock<&'static Obs> = OnceLock::new();
/// What the texture source draws.
static PAINTED: Mutex<Option<Picture>> = Mutex::new(None);

unsafe extern "C" fn name(_: Ptr) -> *const c_char {
    c"test".as_ptr()
}

unsafe extern "C" fn create(_: *mut ffi::obs_data_t, _: *mut ffi::obs_source_t) -> Ptr {
    // Its texture, once there is one.
    Box::into_raw(Box::<Ptr>::new(null_mut())).cast()
}

unsafe extern "C" fn destroy(data: Ptr) {
    let obs = OBS.get().expect("registered");
    // SAFETY: `create` leaked it, and libobs calls this once, when no other callback runs.
    let texture = *unsafe { Box::from_raw(data.cast::<Ptr>()) };
    if !texture.is_null() {
        (obs.obs_enter_graphics)();
        (obs.gs_texture_destroy)(texture);
        (obs.obs_leave_graphics)();
    }
}

unsafe extern "C" fn width(_: Ptr) -> u32 {
    PAINTED.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |p| p.w as u32)
}

unsafe extern "C" fn height(_: Ptr) -> u32 {
    PAINTED.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |p| p.h as u32)
}

unsafe extern "C" fn render(data: Ptr, _: *mut ffi::gs_effect_t) {
    let obs = OBS.get().expect("registered");
    let painted = PAINTED.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(picture) = &*painted else { return };
    let (w, h) = (picture.w as u32, picture.h as u32);
    // SAFETY: `create` leaked it, and only the graphics thread, which calls this, touches it until `destroy`.
    let texture = unsafe { &mut *data.cast::<Ptr>() };
    if texture.is_null() {
        *texture = (obs.gs_texture_create)(w, h, 5, 1, &picture.bgra.as_ptr(), 0);
    }
    (obs.obs_source_draw)(*texture, 0, 0, 0, 0, false);
}

/// Makes the sources known to libobs.
pub(crate) fn register(obs: &'static Obs) {
    let _ = OBS.set(obs);
    // SAFETY: all fields are numbers, null pointers and empty callbacks.
    let mut info: ffi::obs_source_info = unsafe { std::mem::zeroed() };
    info.kind = ffi::SOURCE_TYPE_INPUT;
    info.get_name = Some(name);
    info.create = Some(create);
    info.destroy = Some(destroy);
    (info.id, info.output_flags) = (c"test_webcam".as_ptr(), ffi::SOURCE_VIDEO | ffi::SOURCE_ASYNC);
    let size = size_of::<ffi::obs_source_info>();
    (obs.obs_register_source_s)((&raw const info).cast(), size);
    (info.id, info.output_flags) = (c"test_texture".as_ptr(), ffi::SOURCE_VIDEO);
    info.get_width = Some(width);
    info.get_height = Some(height);
    info.video_render = Some(render);
    (obs.obs_register_source_s)((&raw const info).cast(), size);
    (info.id, info.output_flags) = (c"test_microphone".as_ptr(), ffi::SOURCE_AUDIO);
    (obs.obs_register_source_s)((&raw const info).cast(), size);
}

/// What the texture source draws from now on, before it is created.
pub(crate) fn paint(picture: &Picture) {
    *PAINTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture.clone());
}

/// Every format that a webcam source of OBS gives, by OBS's number and name.
pub(crate) const FORMATS: [(c_int, &str); 14] = [
    (1, "I420"),
    (2, "NV12"),
    (3, "YVYU"),
    (4, "YUY2"),
    (5, "UYVY"),
    (6, "RGBA"),
    (7, "BGRA"),
    (8, "BGRX"),
    (9, "Y800"),
    (10, "I444"),
    (11, "BGR3"),
    (12, "I422"),
    (17, "I010"),
    (18, "P010"),
];

/// A picture as a webcam source hands it to OBS.
pub(crate) struct Fed {
    planes: Vec<Vec<u8>>,
    linesize: Vec<u32>,
    w: u32,
    h: u32,
    format: c_int,
}

/// Y, U and V of each pixel by BT.709, limited range, 0..=255.
fn yuv(picture: &Picture) -> [Vec<f32>; 3] {
    let mut planes = [(); 3].map(|()| Vec::with_capacity(picture.w * picture.h));
    for pixel in picture.bgra.chunks_exact(4) {
        let [b, g, r] = [pixel[0], pixel[1], pixel[2]].map(|v| f32::from(v) / 255.0);
        let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        planes[0].push(16.0 + 219.0 * y);
        planes[1].push(128.0 + 224.0 * (b - y) / 1.8556);
        planes[2].push(128.0 + 224.0 * (r - y) / 1.5748);
    }
    planes
}

/// Means of blocks of `bx` by `by` pixels.
fn halved(plane: &[f32], w: usize, bx: usize, by: usize) -> Vec<f32> {
    let h = plane.len() / w;
    let mut out = Vec::new();
    for y in (0..h).step_by(by) {
        for x in (0..w).step_by(bx) {
            let block = (0..by).flat_map(|j| (0..bx).map(move |i| (y + j) * w + x + i));
            out.push(block.map(|at| plane[at]).sum::<f32>() / (bx * by) as f32);
        }
    }
    out
}

fn bytes(plane: &[f32]) -> Vec<u8> {
    plane.iter().map(|v| v.round() as u8).collect()
}

/// Ten bits in the low (I010) or high (P010) bits of two bytes.
fn words(plane: &[f32], shift: u32) -> Vec<u8> {
    plane.iter().flat_map(|v| (((v * 4.0).round() as u16) << shift).to_le_bytes()).collect()
}

fn interleaved(u: &[f32], v: &[f32]) -> Vec<f32> {
    u.iter().zip(v).flat_map(|(u, v)| [*u, *v]).collect()
}

impl Fed {
    /// Converts a picture of even width and height.
    pub(crate) fn new(picture: &Picture, format: c_int) -> Self {
        let (w, h) = (picture.w, picture.h);
        let [y, u, v] = yuv(picture);
        let small = |bx: usize, by: usize| (halved(&u, w, bx, by), halved(&v, w, bx, by));
        let rgb = |order: [usize; 4], n: usize| -> Vec<u8> {
            picture.bgra.chunks_exact(4).flat_map(|p| order.into_iter().take(n).map(|k| p[k])).collect()
        };
        let packed = |order: fn(f32, f32, f32, f32) -> [f32; 4]| {
            let (u, v) = small(2, 1);
            let pairs = y.chunks_exact(2).zip(u.iter().zip(&v));
            bytes(&pairs.flat_map(|(y, (u, v))| order(y[0], y[1], *u, *v)).collect::<Vec<_>>())
        };
        let (planes, linesize) = match format {
            1 => {
                let (u, v) = small(2, 2);
                (vec![bytes(&y), bytes(&u), bytes(&v)], vec![w, w / 2, w / 2])
            }
            2 => {
                let (u, v) = small(2, 2);
                (vec![bytes(&y), bytes(&interleaved(&u, &v))], vec![w, w])
            }
            3 => (vec![packed(|a, b, u, v| [a, v, b, u])], vec![w * 2]),
            4 => (vec![packed(|a, b, u, v| [a, u, b, v])], vec![w * 2]),
            5 => (vec![packed(|a, b, u, v| [u, a, v, b])], vec![w * 2]),
            6 => (vec![rgb([2, 1, 0, 3], 4)], vec![w * 4]),
            7 | 8 => (vec![picture.bgra.clone()], vec![w * 4]),
            9 => (vec![y.iter().map(|y| ((y - 16.0) / 219.0 * 255.0).round() as u8).collect()], vec![w]),
            10 => (vec![bytes(&y), bytes(&u), bytes(&v)], vec![w, w, w]),
            11 => (vec![rgb([0, 1, 2, 3], 3)], vec![w * 3]),
            12 => {
                let (u, v) = small(2, 1);
                (vec![bytes(&y), bytes(&u), bytes(&v)], vec![w, w / 2, w / 2])
            }
            17 => {
                let (u, v) = small(2, 2);
                (vec![words(&y, 0), words(&u, 0), words(&v, 0)], vec![w * 2, w, w])
            }
            18 => {
                let (u, v) = small(2, 2);
                (vec![words(&y, 6), words(&interleaved(&u, &v), 6)], vec![w * 2, w * 2])
            }
            other => panic!("no format {other}"),
        };
        let linesize = linesize.into_iter().map(|n| n as u32).collect();
        Self { planes, linesize, w: w as u32, h: h as u32, format }
    }

    /// Gives it to an async source, stamped now.
    pub(crate) fn feed(&self, source: &Source) {
        static BEGUN: OnceLock<Instant> = OnceLock::new();
        let obs = OBS.get().expect("registered");
        // SAFETY: all fields are numbers and null pointers.
        let mut frame: ffi::obs_source_frame = unsafe { std::mem::zeroed() };
        for (at, (plane, linesize)) in self.planes.iter().zip(&self.linesize).enumerate() {
            frame.data[at] = plane.as_ptr().cast_mut();
            frame.linesize[at] = *linesize;
        }
        (frame.width, frame.height, frame.format) = (self.w, self.h, self.format);
        let since = BEGUN.get_or_init(Instant::now).elapsed();
        frame.timestamp = 1_000_000_000 + since.as_nanos() as u64;
        (obs.video_format_get_parameters)(
            2,
            1,
            frame.color_matrix.as_mut_ptr(),
            frame.color_range_min.as_mut_ptr(),
            frame.color_range_max.as_mut_ptr(),
        );
        (obs.obs_source_output_video)(source.0, (&raw const frame).cast());
    }
}

/// Takes a webcam's picture off.
pub(crate) fn unplug(source: &Source) {
    let obs = OBS.get().expect("registered");
    (obs.obs_source_output_video)(source.0, NO_FRAME);
}
