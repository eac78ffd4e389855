//! Square, rotated crops sampled straight from the native planes.

use super::{Frame, PixelFormat, colour};
use crate::space::CropSquare;
use glam::Vec2;

/// What lies outside the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// The nearest edge pixel.
    Replicate,
    /// Black (R'G'B' 0) before normalisation.
    Zero,
}

/// How a crop is taken and written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropSpec {
    /// Where the crop lies in the picture.
    pub square: CropSquare,
    /// Crop side in pixels.
    pub n: usize,
    /// Outside of the picture.
    pub border: Border,
    /// Luma taps a side for each crop pixel: 1 samples a point, k averages a k × k grid inside the pixel.
    pub taps: usize,
    /// Written value = v · `scale` + `offset`, for v = R'G'B' in 0..=1.
    pub scale: f32,
    /// See `scale`.
    pub offset: f32,
}

/// One component of a frame: samples at `data[offset + y·stride + x·step]`.
struct Component<'a> {
    data: &'a [u8],
    offset: usize,
    stride: usize,
    step: usize,
    width: usize,
    height: usize,
}

impl Component<'_> {
    /// Bilinear, edge replicated; 0..=255. `x`, `y` in this component's own pixels.
    #[inline]
    fn bilinear(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let dx = if x0 + 1 < self.width { self.step } else { 0 };
        let dy = if y0 + 1 < self.height { self.stride } else { 0 };
        let i = self.offset + y0 * self.stride + x0 * self.step;
        let d = self.data;
        let (a, b) = (f32::from(d[i]), f32::from(d[i + dx]));
        let (c, e) = (f32::from(d[i + dy]), f32::from(d[i + dy + dx]));
        let top = a + (b - a) * fx;
        top + (c + (e - c) * fx - top) * fy
    }
}

impl Frame {
    fn component(
        &self,
        plane: usize,
        skip: usize,
        step: usize,
        width: usize,
        height: usize,
    ) -> Component<'_> {
        let p = &self.planes[plane];
        Component { data: &self.data, offset: p.offset + skip, stride: p.stride, step, width, height }
    }

    /// Y Cb Cr, or R G B, as components.
    fn components(&self) -> [Component<'_>; 3] {
        let (w, h) = (self.width as usize, self.height as usize);
        let (sx, sy) = self.format.chroma_step();
        let (cw, ch) = (w.div_ceil(sx as usize), h.div_ceil(sy as usize));
        match self.format {
            PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 => [
                self.component(0, 0, 1, w, h),
                self.component(1, 0, 1, cw, ch),
                self.component(2, 0, 1, cw, ch),
            ],
            PixelFormat::Nv12 => [
                self.component(0, 0, 1, w, h),
                self.component(1, 0, 2, cw, ch),
                self.component(1, 1, 2, cw, ch),
            ],
            PixelFormat::Yuyv => [
                self.component(0, 0, 2, w, h),
                self.component(0, 1, 4, cw, ch),
                self.component(0, 3, 4, cw, ch),
            ],
            PixelFormat::Bgra => [2, 1, 0].map(|k| self.component(0, k, 4, w, h)),
            PixelFormat::Rgb => [0, 1, 2].map(|k| self.component(0, k, 3, w, h)),
        }
    }

    /// Samples a crop as planar R'G'B' (`[1, 3, n, n]`, NCHW) into `out` (3·n² values; a shorter slice is
    /// filled as far as it goes). Bilinear; chroma is sampled once a crop pixel at its own resolution,
    /// sited in the middle of the luma samples it covers.
    pub fn sample_crop(&self, spec: &CropSpec, out: &mut [f32]) {
        let n = spec.n;
        let plane = n * n;
        if out.len() < plane * 3 || n == 0 {
            return;
        }
        let (red, rest) = out.split_at_mut(plane);
        let (green, blue) = rest.split_at_mut(plane);
        let [c0, c1, c2] = self.components();
        let m = self.codes_to_rgb();
        let yuv = self.format.is_yuv();
        let (sx, sy) = self.format.chroma_step();
        let (sx, sy) = (1.0 / sx as f32, 1.0 / sy as f32);
        let step = spec.square.side / n as f32;
        let axis_x = Vec2::from_angle(spec.square.angle) * step;
        let axis_y = axis_x.perp();
        let origin = spec.square.centre.0 - (axis_x + axis_y) * (n as f32 * 0.5);
        let taps = spec.taps.max(1);
        // The grid's points lie round the sample position, so more taps do not shift the crop.
        let offsets: Vec<Vec2> = (0..taps * taps)
            .map(|i| {
                let at = |k: usize| (k as f32 + 0.5) / taps as f32 - 0.5;
                axis_x * at(i % taps) + axis_y * at(i / taps)
            })
            .collect();
        let mean = 1.0 / offsets.len() as f32 / 255.0;
        let (w, h) = (self.width as f32, self.height as f32);
        for j in 0..n {
            let start = origin + axis_y * j as f32;
            for i in 0..n {
                let p = start + axis_x * i as f32;
                let k = j * n + i;
                let outside = p.x <= -1.0 || p.y <= -1.0 || p.x >= w || p.y >= h;
                if outside && spec.border == Border::Zero {
                    (red[k], green[k], blue[k]) = (spec.offset, spec.offset, spec.offset);
                    continue;
                }
                let grid = |c: &Component<'_>| {
                    offsets.iter().map(|o| c.bilinear(p.x + o.x, p.y + o.y)).sum::<f32>() * mean
                };
                let v = if yuv {
                    let (cx, cy) = ((p.x + 0.5) * sx - 0.5, (p.y + 0.5) * sy - 0.5);
                    [grid(&c0), c1.bilinear(cx, cy) / 255.0, c2.bilinear(cx, cy) / 255.0]
                } else {
                    [grid(&c0), grid(&c1), grid(&c2)]
                };
                let mut rgb = colour::apply(&m, v).map(|v| v.clamp(0.0, 1.0));
                if spec.border == Border::Zero {
                    // Bilinear against black over the outermost pixel.
                    let inside = |v: f32, n: f32| (v + 1.0).min(n - v).clamp(0.0, 1.0);
                    let f = inside(p.x, w) * inside(p.y, h);
                    rgb = rgb.map(|v| v * f);
                }
                red[k] = rgb[0] * spec.scale + spec.offset;
                green[k] = rgb[1] * spec.scale + spec.offset;
                blue[k] = rgb[2] * spec.scale + spec.offset;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Colour;
    use super::*;
    use crate::space::ImagePx;

    fn ramp(format: PixelFormat) -> Frame {
        let mut f = Frame::filled(format, Colour::default(), 64, 48, [0; 3]).unwrap();
        for y in (0..48).step_by(2) {
            for x in (0..64).step_by(2) {
                let v = (x * 3 + y) as f32 / 255.0;
                let code = f.encode_rgb([v; 3]);
                f.fill_codes(crate::space::PxRect { x, y, width: 2, height: 2 }, code);
            }
        }
        f
    }

    #[test]
    fn every_format_gives_the_same_crop() {
        let spec = CropSpec {
            square: CropSquare { centre: ImagePx(Vec2::new(30.0, 22.0)), side: 30.0, angle: 0.4 },
            n: 16,
            border: Border::Replicate,
            taps: 2,
            scale: 1.0,
            offset: 0.0,
        };
        let crop = |format| {
            let mut out = vec![0.0; 3 * 256];
            ramp(format).sample_crop(&spec, &mut out);
            out
        };
        let reference = crop(PixelFormat::Rgb);
        assert!(reference[0] > 0.1 && reference[0] < 0.5);
        for format in PixelFormat::ALL {
            for (a, b) in crop(format).iter().zip(&reference) {
                assert!((a - b).abs() < 0.02, "{format:?} {a} {b}");
            }
        }
    }

    #[test]
    fn an_upright_crop_of_the_same_scale_is_the_pixels() {
        let f = ramp(PixelFormat::Rgb);
        let square = CropSquare { centre: ImagePx(Vec2::new(18.0, 20.0)), side: 16.0, angle: 0.0 };
        let spec = CropSpec { square, n: 16, border: Border::Zero, taps: 1, scale: 255.0, offset: 0.0 };
        let mut out = vec![0.0; 3 * 256];
        f.sample_crop(&spec, &mut out);
        let at = |x: usize, y: usize| f32::from(f.plane(0)[(y * 64 + x) * 3]);
        for (i, v) in out.iter().take(256).enumerate() {
            assert!((v - at(10 + i % 16, 12 + i / 16)).abs() < 0.01);
        }
    }

    #[test]
    fn zero_border_is_black_before_normalisation() {
        let f = Frame::filled(PixelFormat::I420, Colour::default(), 32, 32, [255; 3]).unwrap();
        let square = CropSquare { centre: ImagePx(Vec2::new(16.0, 16.0)), side: 96.0, angle: 0.0 };
        let spec = CropSpec { square, n: 12, border: Border::Zero, taps: 1, scale: 2.0, offset: -1.0 };
        let mut out = vec![0.0; 3 * 144];
        f.sample_crop(&spec, &mut out);
        assert_eq!(out[0], -1.0);
        assert!(out[6 * 12 + 6] > 0.99);
    }
}
