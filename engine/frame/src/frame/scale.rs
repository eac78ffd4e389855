//! Whole pictures at another size: each component in its own samples, by a triangle as wide as what one new sample
//! covers, so that nothing is passed over and no value leaves the range of those it is made of.

use super::{Frame, FrameError, PixelFormat};
use crate::space::PxRect;
use fast_image_resize::images::{TypedCroppedImageMut, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x2, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

/// Scales pictures; its memory is kept from one to the next.
#[derive(Debug, Default)]
pub struct Scaler {
    resizer: Resizer,
    /// Luma, and pairs of chroma, of a picture in which they take turns.
    apart: [Vec<u8>; 2],
    /// The same, scaled.
    scaled: [Vec<u8>; 2],
}

/// One direction of a component: luma samples of the source, of the part that it fills in the target, and where that part
/// begins; and how many of them one sample of the component covers.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: u32,
    to: u32,
    start: u32,
    step: u32,
}

/// Samples of the target, counted from its border, and which of the source's they are made of.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    count: u32,
    from: f64,
    length: f64,
}

impl Axis {
    /// Samples of the source.
    fn samples(&self) -> u32 {
        self.from.div_ceil(self.step)
    }

    /// The samples that cover as much as any other; and a last one that covers less, at the border of an odd side. All of
    /// them where the side stays as it is.
    fn spans(&self) -> impl Iterator<Item = Span> + Clone {
        let rest = if self.from == self.to { 0 } else { (self.to % self.step).min(1) };
        let whole = self.to.div_ceil(self.step) - rest;
        let end =
            if self.from == self.to { f64::from(whole) } else { f64::from(self.from) / f64::from(self.step) };
        let edge = if rest == 0 { end } else { f64::from(self.from) / f64::from(self.to) * f64::from(whole) };
        let start = self.start / self.step;
        let even = Span { start, count: whole, from: 0.0, length: edge };
        let last = Span { start: start + whole, count: rest, from: edge, length: end - edge };
        [even, last].into_iter().filter(|span| span.count > 0)
    }
}

impl Scaler {
    /// Scales all of `from` into the part `into` of `to`, which has the same format; the rest of `to` stays as it is.
    /// Alpha is scaled as a colour is.
    ///
    /// # Errors
    /// [`FrameError::Scale`] where the formats differ, or the part is empty, not inside, or covers half a chroma sample.
    pub fn scale(&mut self, from: &Frame, to: &mut Frame, into: PxRect) -> Result<(), FrameError> {
        let (sx, sy) = from.format.chroma_step();
        let ends_well =
            |end: u32, side: u32, step: u32| end == side || end < side && end.is_multiple_of(step);
        let fits = from.format == to.format
            && !into.is_empty()
            && into.x.is_multiple_of(sx)
            && into.y.is_multiple_of(sy)
            && ends_well(into.right(), to.width, sx)
            && ends_well(into.bottom(), to.height, sy);
        if !fits {
            let (a, b) = (from.format, to.format);
            return Err(fault(format!(
                "{a:?} does not fit into {into:?} of {b:?} {}x{}",
                to.width, to.height
            )));
        }
        let axes = |(sx, sy): (u32, u32)| {
            let across = Axis { from: from.width, to: into.width, start: into.x, step: sx };
            [across, Axis { from: from.height, to: into.height, start: into.y, step: sy }]
        };
        let (luma, chroma) = (axes((1, 1)), axes((sx, sy)));
        match from.format {
            PixelFormat::Bgra => self.plane::<U8x4>(from, to, 0, luma),
            PixelFormat::Rgb => self.plane::<U8x3>(from, to, 0, luma),
            PixelFormat::I420 | PixelFormat::I422 | PixelFormat::I444 => {
                self.plane::<U8>(from, to, 0, luma)?;
                self.plane::<U8>(from, to, 1, chroma)?;
                self.plane::<U8>(from, to, 2, chroma)
            }
            PixelFormat::Nv12 => {
                self.plane::<U8>(from, to, 0, luma)?;
                self.plane::<U8x2>(from, to, 1, chroma)
            }
            PixelFormat::Yuyv => self.taking_turns(from, to, into, [luma, chroma]),
        }
    }

    fn plane<P: PixelTrait>(
        &mut self,
        from: &Frame,
        to: &mut Frame,
        index: usize,
        axes: [Axis; 2],
    ) -> Result<(), FrameError> {
        let row = to.planes().get(index).map_or(0, |plane| plane.row_bytes);
        resample::<P>(&mut self.resizer, from.plane(index), to.plane_mut(index), row, axes)
    }

    /// Luma and chroma are taken apart, scaled, and put together again.
    fn taking_turns(
        &mut self,
        from: &Frame,
        to: &mut Frame,
        into: PxRect,
        axes: [[Axis; 2]; 2],
    ) -> Result<(), FrameError> {
        let Self { resizer, apart: [luma, chroma], scaled: [new_luma, new_chroma] } = self;
        let width = from.width as usize;
        luma.clear();
        chroma.clear();
        for row in from.plane(0).chunks_exact(width.div_ceil(2) * 4) {
            let (groups, end) = (row.as_chunks::<4>().0, (luma.len() + width));
            luma.extend(groups.iter().flat_map(|[a, _, b, _]| [a, b]));
            luma.truncate(end);
            chroma.extend(groups.iter().flat_map(|[_, cb, _, cr]| [cb, cr]));
        }
        let (width, height, half) =
            (into.width as usize, into.height as usize, into.width.div_ceil(2) as usize);
        new_luma.resize(width * height, 0);
        new_chroma.resize(half * 2 * height, 0);
        let alone = |[across, down]: [Axis; 2]| [Axis { start: 0, ..across }, Axis { start: 0, ..down }];
        resample::<U8>(resizer, luma, new_luma, width, alone(axes[0]))?;
        resample::<U8x2>(resizer, chroma, new_chroma, half * 2, alone(axes[1]))?;
        let rows = new_luma.chunks_exact(width).zip(new_chroma.chunks_exact(half * 2));
        for (y, (luma, chroma)) in (into.y as usize..).zip(rows) {
            let groups = to.row_mut(0, y).as_chunks_mut::<4>().0.iter_mut().skip(into.x as usize / 2);
            for ((group, luma), [cb, cr]) in groups.zip(luma.chunks(2)).zip(chroma.as_chunks::<2>().0) {
                // A last column without a neighbour stands for both.
                let (first, last) = (luma[0], luma.get(1).copied().unwrap_or(luma[0]));
                *group = [first, *cb, last, *cr];
            }
        }
        Ok(())
    }
}

/// Scales one plane whose target has rows of `row_bytes`; both are without padding.
fn resample<P: PixelTrait>(
    resizer: &mut Resizer,
    from: &[u8],
    to: &mut [u8],
    row_bytes: usize,
    [across, down]: [Axis; 2],
) -> Result<(), FrameError> {
    let samples = row_bytes / P::size();
    let rows = to.len() / row_bytes.max(1);
    let source = TypedImageRef::<P>::from_buffer(across.samples(), down.samples(), from).map_err(fault)?;
    let mut target = TypedImage::<P>::from_buffer(samples as u32, rows as u32, to).map_err(fault)?;
    let triangle =
        ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).use_alpha(false);
    for y in down.spans() {
        for x in across.spans() {
            let mut part = TypedCroppedImageMut::from_ref(&mut target, x.start, y.start, x.count, y.count)
                .map_err(fault)?;
            let options = triangle.crop(x.from, y.from, x.length, y.length);
            resizer.resize_typed(&source, &mut part, &options).map_err(fault)?;
        }
    }
    Ok(())
}

fn fault(cause: impl ToString) -> FrameError {
    FrameError::Scale { cause: cause.to_string() }
}

#[cfg(test)]
mod tests;
