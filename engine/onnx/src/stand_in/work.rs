//! Load for benches: a stack of convolutions in the form of a U-Net, with weights from a fixed sequence.

use crate::builder::Builder;
use crate::onnx::Attribute;

/// How much a stand-in computes. Sizes are for one output picture on a grid of 128x128, to which inputs are brought
/// by the first convolution; other grids ([`super::StandIn::work_gflop`]) change the operations, not the file.
/// Both sides of a picture must be multiples of 8, of 16 above 160 pixels, of 32 above 320.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// 1.0 GFLOP, 0.6 M weights, 3 MB: a light network.
    Small,
    /// 7.9 GFLOP, 11 M weights, 45 MB: a recogniser or a lighter swapper.
    Medium,
    /// 54 GFLOP, 71 M weights, 283 MB: a swapper as large as a file may well be made in a test.
    Large,
}

/// Times that the grid is halved.
const LEVELS: usize = 3;
/// Longest side of the grid after the first convolution.
const GRID: usize = 160;
/// Factor of the stack's part of the output, which is within ±1 before: too small to show, not to be optimised away.
const SHARE: f32 = 1e-9;

impl Work {
    /// Channels of the full grid, and residual blocks of two convolutions on the smallest.
    fn plan(self) -> (usize, usize) {
        match self {
            Self::Small => (16, 2),
            Self::Medium => (32, 9),
            Self::Large => (96, 6),
        }
    }

    pub(super) fn gflop(self, width: usize, height: usize, outputs: usize) -> f64 {
        let (channels, blocks) = self.plan();
        let stride = stride(width, height);
        let grid = |level: usize| ((width / stride) >> level) * ((height / stride) >> level);
        let pair = |level: usize| 9 * (channels << level) * (channels << (level + 1));
        let ends = (7 * 7 * 3 * channels + 9 * channels * outputs) * grid(0);
        let ways: usize = (0..LEVELS).map(|level| pair(level) * (grid(level) + grid(level + 1))).sum();
        let inner = channels << LEVELS;
        let middle = blocks * 2 * 9 * inner * inner * grid(LEVELS);
        2e-9 * (ends + ways + middle) as f64
    }
}

/// How much smaller the grid is than the input.
fn stride(width: usize, height: usize) -> usize {
    let mut stride = 1;
    while width.max(height) > GRID * stride {
        stride *= 2;
    }
    stride
}

/// xorshift64*: the same sequence everywhere.
struct Random(u64);

impl Random {
    /// Evenly spread in −1..1.
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

/// The stack under construction.
struct Stack<'a> {
    builder: &'a mut Builder,
    random: Random,
}

/// A convolution: channels in and out, side of the kernel, stride.
#[derive(Clone, Copy)]
struct Conv {
    from: usize,
    to: usize,
    kernel: usize,
    stride: usize,
}

impl Stack<'_> {
    /// Weights are spread so that the variance becomes `gain` times that of the input.
    fn conv(&mut self, input: &str, Conv { from, to, kernel, stride }: Conv, gain: f32) -> String {
        let fan_in = from * kernel * kernel;
        let limit = (3.0 * gain / fan_in as f32).sqrt();
        let weights: Vec<f32> = (0..to * fan_in).map(|_| limit * self.random.next()).collect();
        let weights = self.builder.floats(&[to, from, kernel, kernel], &weights);
        let (side, pad) = (kernel as i64, (kernel / 2) as i64);
        let attributes = vec![
            Attribute::ints("kernel_shape", &[side, side]),
            Attribute::ints("pads", &[pad; 4]),
            Attribute::ints("strides", &[stride as i64; 2]),
        ];
        self.builder.node("Conv", &[input, &weights], attributes)
    }

    fn relu(&mut self, input: &str) -> String {
        self.builder.node("Relu", &[input], Vec::new())
    }

    fn enlarge(&mut self, input: &str, factor: usize) -> String {
        let scales = self.builder.floats(&[4], &[1.0, 1.0, factor as f32, factor as f32]);
        let attributes = vec![
            Attribute::string("mode", "nearest"),
            Attribute::string("coordinate_transformation_mode", "asymmetric"),
            Attribute::string("nearest_mode", "floor"),
        ];
        self.builder.node("Resize", &[input, "", &scales], attributes)
    }
}

/// Adds the stack for a picture (NCHW, three channels) and returns its small output: NCHW, as large as the picture.
pub(super) fn add(
    builder: &mut Builder,
    work: Work,
    picture: &str,
    (width, height): (usize, usize),
    outputs: usize,
) -> String {
    let (channels, blocks) = work.plan();
    let first = stride(width, height);
    let mut stack = Stack { builder, random: Random(0x9E37_79B9_7F4A_7C15) };
    let mut value = stack.conv(picture, Conv { from: 3, to: channels, kernel: 7, stride: first }, 2.0);
    value = stack.relu(&value);
    let mut skipped = Vec::new();
    for level in 0..LEVELS {
        skipped.push(value.clone());
        let (from, to) = (channels << level, channels << (level + 1));
        value = stack.conv(&value, Conv { from, to, kernel: 3, stride: 2 }, 2.0);
        value = stack.relu(&value);
    }
    let inner = channels << LEVELS;
    let same = Conv { from: inner, to: inner, kernel: 3, stride: 1 };
    for _ in 0..blocks {
        let branch = stack.conv(&value, same, 2.0);
        let branch = stack.relu(&branch);
        let branch = stack.conv(&branch, same, 0.25);
        value = stack.builder.node("Add", &[&value, &branch], Vec::new());
    }
    for (level, skip) in skipped.iter().enumerate().rev() {
        let (from, to) = (channels << (level + 1), channels << level);
        value = stack.enlarge(&value, 2);
        value = stack.conv(&value, Conv { from, to, kernel: 3, stride: 1 }, 1.0);
        value = stack.builder.node("Add", &[&value, skip], Vec::new());
        value = stack.relu(&value);
    }
    value = stack.conv(&value, Conv { from: channels, to: outputs, kernel: 3, stride: 1 }, 0.25);
    value = stack.builder.node("Tanh", &[&value], Vec::new());
    if first > 1 {
        value = stack.enlarge(&value, first);
    }
    let share = stack.builder.floats(&[1], &[SHARE]);
    stack.builder.node("Mul", &[&value, &share], Vec::new())
}
