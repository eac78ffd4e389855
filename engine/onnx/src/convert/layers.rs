//! The built-in operators.

use super::constants::{Constant, permute};
use super::{Converter, FoldedPad, Refused, refuse};
use crate::builder::NHWC_TO_NCHW;
use crate::onnx::{Attribute, to_i64};
use crate::tflite::{Fused, Operator, Padding, Window};

/// Border of a SAME window along one side: (before, after). TensorFlow puts the odd pixel after.
pub(super) fn same_padding(size: usize, kernel: usize, stride: usize, dilation: usize) -> (usize, usize) {
    let out = size.div_ceil(stride.max(1));
    let reach = out.saturating_sub(1) * stride + kernel.saturating_sub(1) * dilation + 1;
    let total = reach.saturating_sub(size);
    (total / 2, total - total / 2)
}

/// Border `[top, left, bottom, right]` of a window over a feature map, and a check of its numbers.
fn border(size: [usize; 2], kernel: [usize; 2], window: Window) -> Result<[usize; 4], Refused> {
    let numbers = [kernel, window.stride, window.dilation];
    if numbers.iter().flatten().any(|&n| n == 0 || n > 1 << 16) {
        return refuse(format!("its window makes no sense: {kernel:?}, {window:?}"));
    }
    if window.padding == Padding::Valid {
        return Ok([0; 4]);
    }
    let [y, x] = [0, 1].map(|i| same_padding(size[i], kernel[i], window.stride[i], window.dilation[i]));
    Ok([y.0, x.0, y.1, x.1])
}

impl Converter<'_> {
    fn fused(&mut self, value: String, fused: Fused) -> Result<String, Refused> {
        match fused {
            Fused::None => Ok(value),
            Fused::Relu => Ok(self.builder.node("Relu", &[&value], vec![])),
            Fused::Other(number) => refuse(format!("fused activation {number} is not known")),
        }
    }

    pub(super) fn conv(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        window: Window,
        fused: Fused,
    ) -> Result<String, Refused> {
        // O,H,W,I to O,I,H,W.
        let weights = permute(&self.constant(self.input_index(operator, 1)?)?, [0, 3, 1, 2])?;
        let channels = self.nhwc(self.input_index(operator, 0)?)?[3];
        let group = match weights.shape.get(1) {
            Some(&per_group) if per_group > 0 && channels % per_group == 0 => channels / per_group,
            _ => return refuse(format!("{channels} channels do not fit weights {:?}", weights.shape)),
        };
        self.convolve(operator, output, &weights, group, window, fused)
    }

    pub(super) fn depthwise(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        window: Window,
        fused: Fused,
    ) -> Result<String, Refused> {
        // 1,H,W,C to C,1,H,W.
        let weights = permute(&self.constant(self.input_index(operator, 1)?)?, [3, 0, 1, 2])?;
        let channels = self.nhwc(self.input_index(operator, 0)?)?[3];
        let filters = weights.shape.first().copied().unwrap_or(0);
        if weights.shape.get(1) != Some(&1) || channels == 0 || filters % channels != 0 {
            return refuse(format!("{channels} channels do not fit weights {:?}", weights.shape));
        }
        self.convolve(operator, output, &weights, channels, window, fused)
    }

    fn convolve(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        weights: &Constant,
        group: usize,
        window: Window,
        fused: Fused,
    ) -> Result<String, Refused> {
        let &[filters, _, kernel_h, kernel_w] = weights.shape.as_slice() else {
            return refuse("its weights should have four dimensions");
        };
        let source = self.input_index(operator, 0)?;
        let [_, h, w, _] = self.nhwc(source)?;
        let pads = border([h, w], [kernel_h, kernel_w], window)?;
        let (x, pads) = match self.pads.get(&source) {
            Some(&FoldedPad { source, border }) => (self.value(source)?, border),
            None => (self.value(source)?, pads),
        };
        if self.nhwc(output)?[3] != filters {
            return refuse(format!("{filters} filters for {} channels", self.nhwc(output)?[3]));
        }
        let kernel = self.builder.floats(&weights.shape, &weights.values);
        let mut inputs = vec![x.as_str(), kernel.as_str()];
        let bias;
        if let Some(&Some(tensor)) = operator.inputs.get(2) {
            let constant = self.constant(tensor)?;
            if constant.values.len() != filters {
                return refuse(format!("{} offsets for {filters} filters", constant.values.len()));
            }
            bias = self.builder.floats(&[filters], &constant.values);
            inputs.push(bias.as_str());
        }
        let attributes = vec![
            Attribute::ints("kernel_shape", &to_i64(&[kernel_h, kernel_w])),
            Attribute::ints("strides", &to_i64(&window.stride)),
            Attribute::ints("dilations", &to_i64(&window.dilation)),
            Attribute::ints("pads", &to_i64(&pads)),
            Attribute::int("group", i64::try_from(group).unwrap_or(i64::MAX)),
        ];
        let value = self.builder.node("Conv", &inputs, attributes);
        self.fused(value, fused)
    }

    pub(super) fn max_pool(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        window: Window,
        filter: [usize; 2],
        fused: Fused,
    ) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let [_, h, w, _] = self.nhwc(source)?;
        self.nhwc(output)?;
        let pads = border([h, w], filter, window)?;
        let x = self.value(source)?;
        let attributes = vec![
            Attribute::ints("kernel_shape", &to_i64(&filter)),
            Attribute::ints("strides", &to_i64(&window.stride)),
            Attribute::ints("pads", &to_i64(&pads)),
        ];
        let value = self.builder.node("MaxPool", &[&x], attributes);
        self.fused(value, fused)
    }

    /// Add or Mul of two activations, or of one and a constant.
    pub(super) fn arithmetic(
        &mut self,
        op: &str,
        operator: &Operator<'_>,
        fused: Fused,
    ) -> Result<String, Refused> {
        let sides = [self.input_index(operator, 0)?, self.input_index(operator, 1)?];
        let rank = sides.iter().map(|&t| self.shape(t).len()).max().unwrap_or(0);
        let mut names = Vec::with_capacity(2);
        for tensor in sides {
            if self.is_constant(tensor) {
                let constant = self.constant(tensor)?;
                let constant = match (constant.shape.len(), rank) {
                    (4, 4) => permute(&constant, [0, 3, 1, 2])?,
                    // A list over the channels of a feature map.
                    (1, 4) => Constant { shape: vec![1, constant.values.len(), 1, 1], ..constant },
                    (own, _) if own == rank || own <= 1 => constant,
                    _ => return refuse(format!("a constant {:?} against rank {rank}", constant.shape)),
                };
                names.push(self.builder.floats(&constant.shape, &constant.values));
            } else if self.shape(tensor).len() == rank {
                names.push(self.value(tensor)?);
            } else {
                return refuse("its sides have different ranks");
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let value = self.builder.node(op, &names, vec![]);
        self.fused(value, fused)
    }

    pub(super) fn prelu(&mut self, operator: &Operator<'_>) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let channels = self.nhwc(source)?[3];
        let slopes = self.constant(self.input_index(operator, 1)?)?;
        if slopes.values.len() != channels || slopes.shape.last() != Some(&channels) {
            return refuse(format!("slopes {:?} are not one a channel", slopes.shape));
        }
        let x = self.value(source)?;
        let negative = self.builder.scale_channels(&x, &vec![-1.0; channels]);
        let negative = self.builder.node("Relu", &[&negative], vec![]);
        let rest: Vec<f32> = slopes.values.iter().map(|a| 1.0 - a).collect();
        let rest = self.builder.scale_channels(&negative, &rest);
        Ok(self.builder.node("Add", &[&rest, &x], vec![]))
    }

    /// The (before, after) pairs of a PAD, one a dimension in the file's order.
    pub(super) fn paddings(&self, operator: &Operator<'_>) -> Result<Vec<[usize; 2]>, Refused> {
        let numbers = self.integers(self.input_index(operator, 1)?)?;
        let (pairs, _) = numbers.as_chunks();
        let pair =
            |&[before, after]: &[i32; 2]| Some([usize::try_from(before).ok()?, usize::try_from(after).ok()?]);
        let pairs: Vec<[usize; 2]> = pairs.iter().filter_map(pair).collect();
        let rank = self.shape(self.input_index(operator, 0)?).len();
        if pairs.len() != rank || numbers.len() != 2 * rank || pairs.iter().flatten().any(|&p| p > 1 << 16) {
            return refuse(format!("paddings {numbers:?} for rank {rank}"));
        }
        Ok(pairs)
    }

    pub(super) fn pad(&mut self, operator: &Operator<'_>) -> Result<String, Refused> {
        let x = self.input(operator, 0)?;
        let pairs = self.paddings(operator)?;
        if let [[0, 0], [0, 0], [0, 0], [before, after]] = pairs[..] {
            let channels = self.nhwc(self.input_index(operator, 0)?)?[3];
            // Those layouts are blocks of 8 or 16 channels.
            if [channels, before, after].iter().all(|n| n % 16 == 0) {
                return self.more_channels(&x, channels, before, after);
            }
        }
        let pairs = match pairs[..] {
            [n, h, w, c] => vec![n, c, h, w],
            _ => pairs,
        };
        let befores = pairs.iter().map(|p| p[0]);
        let all: Vec<usize> = befores.chain(pairs.iter().map(|p| p[1])).collect();
        let pads = self.builder.ints(&to_i64(&all));
        Ok(self.builder.node("Pad", &[&x, &pads], vec![Attribute::string("mode", "constant")]))
    }

    /// Channels of zeros before and after those of `x`, as a 1x1 convolution: unlike the Pad kernel it keeps ONNX Runtime's
    /// blocked layouts.
    fn more_channels(
        &mut self,
        x: &str,
        channels: usize,
        before: usize,
        after: usize,
    ) -> Result<String, Refused> {
        let all = before + channels + after;
        self.spend(all.saturating_mul(channels))?;
        let one = |k: usize| f32::from(u8::from(k / channels == before + k % channels));
        let weights: Vec<f32> = (0..all * channels).map(one).collect();
        let weights = self.builder.floats(&[all, channels, 1, 1], &weights);
        let kernel = Attribute::ints("kernel_shape", &[1, 1]);
        Ok(self.builder.node("Conv", &[x, &weights], vec![kernel]))
    }

    pub(super) fn concat(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        axis: i32,
        fused: Fused,
    ) -> Result<String, Refused> {
        let rank = self.shape(output).len();
        let signed = i64::from(axis);
        let axis = if axis < 0 { signed + i64::try_from(rank).unwrap_or(0) } else { signed };
        let axis = match (rank, axis) {
            // Where the file's dimension stands in ours.
            (4, 0..4) => [0, 2, 3, 1].get(usize::try_from(axis).unwrap_or(0)).copied().unwrap_or(0),
            (_, axis) if (0..i64::try_from(rank).unwrap_or(0)).contains(&axis) => axis,
            _ => return refuse(format!("axis {signed} for rank {rank}")),
        };
        let mut names = Vec::new();
        for position in 0..operator.inputs.len() {
            names.push(self.input(operator, position)?);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let value = self.builder.node("Concat", &names, vec![Attribute::int("axis", axis)]);
        self.fused(value, fused)
    }

    pub(super) fn reshape(&mut self, operator: &Operator<'_>, output: usize) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let (from, to) = (self.shape(source), self.shape(output));
        if from.iter().product::<usize>() != to.iter().product::<usize>() {
            return refuse(format!("{from:?} can't become {to:?}"));
        }
        let x = self.value(source)?;
        let x = self.file_order(&x, from);
        let shape = self.builder.ints(&to_i64(to));
        let value = self.builder.node("Reshape", &[&x, &shape], vec![]);
        Ok(match *to {
            [_, _, _, _] => self.builder.transpose(&value, NHWC_TO_NCHW),
            _ => value,
        })
    }

    pub(super) fn resize(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        align_corners: bool,
        half_pixel_centers: bool,
    ) -> Result<String, Refused> {
        let x = self.input(operator, 0)?;
        let [n, h, w, c] = self.nhwc(output)?;
        let sizes = self.builder.ints(&to_i64(&[n, c, h, w]));
        let mode = match (align_corners, half_pixel_centers) {
            (true, _) => "align_corners",
            (false, true) => "half_pixel",
            (false, false) => "asymmetric",
        };
        let attributes = vec![
            Attribute::string("mode", "linear"),
            Attribute::string("coordinate_transformation_mode", mode),
        ];
        Ok(self.builder.node("Resize", &[&x, "", "", &sizes], attributes))
    }

    pub(super) fn depth_to_space(&mut self, operator: &Operator<'_>, block: i32) -> Result<String, Refused> {
        if block < 1 {
            return refuse(format!("block size {block}"));
        }
        let x = self.input(operator, 0)?;
        let attributes = vec![Attribute::int("blocksize", block.into()), Attribute::string("mode", "DCR")];
        Ok(self.builder.node("DepthToSpace", &[&x], attributes))
    }

    /// STRIDED_SLICE only where it takes everything.
    pub(super) fn whole_slice(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        masked: bool,
    ) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let shape = to_i64(self.shape(source));
        let list = |position| self.integers(self.input_index(operator, position)?);
        let (begin, end, strides) = (list(1)?, list(2)?, list(3)?);
        let whole = begin.iter().all(|&b| b == 0)
            && end.iter().map(|&e| i64::from(e)).eq(shape.iter().copied())
            && strides.iter().all(|&s| s == 1);
        if masked || !whole || self.shape(output) != self.shape(source) {
            return refuse("only a slice of the whole tensor is known");
        }
        self.value(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_pixel_after() {
        assert_eq!(same_padding(4, 3, 2, 1), (0, 1));
        assert_eq!(same_padding(192, 3, 2, 1), (0, 1));
        assert_eq!(same_padding(5, 3, 1, 1), (1, 1));
        assert_eq!(same_padding(7, 2, 2, 1), (0, 1));
    }
}
