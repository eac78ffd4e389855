//! Stand-ins: small generated ONNX files with the names, shapes and ranges of the networks that people bring.
//!
//! A stand-in has no trained weights. It computes a map that is known in closed form, so a test can tell from the
//! output whether channels, layout, ranges and vectors were fed as that kind of network wants them. With
//! [`Work`] it also computes as much as a real one, for benches.
//!
//! The maps are given in display colours: RGB, 0..1, before a network's own normalisation of its input and after the
//! undoing of that of its output ([`Range`]).
//! * Swappers: `out[c] = GAIN[c]·in[c] + MIX[c]·in[(c + 1) % 3] + BIAS[c] + shift[c]` per pixel, never clipped;
//!   see [`StandIn::display`] and [`Shift`].
//! * Masks, parsers: [`StandIn::mask_at`], [`StandIn::class_at`].
//! * Recognisers, converters: [`embedding`], [`converted`]. The matrix in inswapper files: [`projected`].

mod families;
mod graph;
#[cfg(test)]
mod tests;
mod work;

pub use work::Work;

/// Share of a channel in itself.
pub const GAIN: [f32; 3] = [0.7, 0.6, 0.5];
/// Share of the next channel (red's next is green, blue's next is red) in a channel.
pub const MIX: [f32; 3] = [0.1, 0.15, 0.2];
/// Added to each channel.
pub const BIAS: [f32; 3] = [0.05, 0.04, 0.03];
/// Elements of an identity vector.
pub const VECTOR: usize = 512;

/// Factor of an identity vector's projection.
const VECTOR_AMPLITUDE: f32 = 0.02;
/// Factor of a source picture's mean.
const IMAGE_AMPLITUDE: f32 = 0.2;
/// Factor of the morph value.
const MORPH_AMPLITUDE: f32 = 0.1;
/// Share of R, G, B in the brightness that masks look at.
const MASK_MIX: [f32; 3] = [0.3, 0.7, 0.0];
/// Brightness at a mask's edge.
const MASK_LEVEL: f32 = 0.5;
/// Logits per unit of brightness.
const MASK_SLOPE: f32 = 20.0;
/// Length of the constant part of an embedding, against means of 0..1.
const EMBEDDING_CONSTANT: f32 = 0.5;
/// Classes of a parser: the one that is everywhere, and the one in the rectangle.
const SKIN: usize = 1;
const HAIR: usize = 17;
const CLASSES: usize = 19;

/// What the graph computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Target picture and identity vector to a picture, and a mask where there are two outputs.
    VectorSwap,
    /// Target picture and source picture to a picture.
    ImageSwap,
    /// Picture, and a morph value where there are two inputs, to mask, picture, mask.
    Dfm,
    /// Picture to identity vector.
    Recogniser,
    /// Identity vector to identity vector.
    Converter,
    /// Picture to mask, 0..1.
    Mask,
    /// Picture to mask, as logits.
    MaskLogits,
    /// Picture to 19 class logits.
    Parser,
}

/// An input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name in the file.
    pub name: String,
    /// Its shape, row-major. A picture whose second size is not 3 and whose last one is 3 or 1 is NHWC.
    pub shape: Vec<usize>,
}

/// Normalisation of a picture, per channel of RGB: `tensor = (display − mean) / std`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Display value that becomes 0.
    pub mean: [f32; 3],
    /// Display values per unit of the tensor.
    pub std: [f32; 3],
}

impl Range {
    /// 0..1.
    pub const UNIT: Self = Self { mean: [0.0; 3], std: [1.0; 3] };
    /// −1..1.
    pub const SIGNED: Self = Self { mean: [0.5; 3], std: [0.5; 3] };
    /// ImageNet's statistics.
    pub const IMAGENET: Self = Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

    /// Tensor values for display values.
    #[must_use]
    pub fn encode(&self, rgb: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|c| (rgb[c] - self.mean[c]) / self.std[c])
    }

    /// Display values for tensor values.
    #[must_use]
    pub fn decode(&self, values: [f32; 3]) -> [f32; 3] {
        std::array::from_fn(|c| values[c] * self.std[c] + self.mean[c])
    }
}

/// Which sizes a file leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// None.
    Nothing,
    /// The first one of everything but plain lists.
    Batch,
    /// Also height and width of pictures. The graph still needs the sizes of [`Port::shape`] where it has a mask.
    Sizes,
}

/// The 512x512 matrix that no node uses, whose elements [`projected`] knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emap {
    /// Its name in the file; `buff2fs` in most.
    pub name: String,
    /// How it is stored.
    pub storage: Storage,
    /// Whether it comes after all other constants; else before them.
    pub last: bool,
}

/// How a matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// 32-bit floats, 1 MiB.
    Floats,
    /// 16-bit floats, 0.5 MiB.
    Halves,
    /// In another file, which doesn't exist: the network may still load, readers of the matrix must refuse.
    Elsewhere,
}

/// A flaw that an adapter must notice. It is in the picture, or in the first output where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every element is NaN.
    Nan,
    /// Every element is 0.5.
    Flat,
    /// An operator `Unknown` of the operator set `com.example`: the file doesn't load.
    CustomOp,
    /// One more input, `extra` of shape `[1]`, without effect.
    ExtraInput,
}

/// A network to be written. Change the fields before [`StandIn::bytes`] for what the families don't have.
#[derive(Debug, Clone, PartialEq)]
pub struct StandIn {
    /// What to call the file, without extension.
    pub name: &'static str,
    /// What the graph computes.
    pub role: Role,
    /// The inputs, the picture or vector to be changed first.
    pub inputs: Vec<Port>,
    /// The outputs, in the order of [`Role`].
    pub outputs: Vec<Port>,
    /// Normalisation of the first input. A source picture is always 0..1, RGB, NCHW.
    pub target: Range,
    /// Normalisation of the output picture.
    pub result: Range,
    /// Whether the first input and the output picture are BGR.
    pub bgr: bool,
    /// Which sizes the file leaves open.
    pub open: Open,
    /// The unused matrix.
    pub emap: Option<Emap>,
    /// Real load, without effect on the outputs (at most 1e-9).
    pub work: Option<Work>,
    /// A flaw.
    pub fault: Option<Fault>,
}

/// What the source adds to each channel of the picture, display RGB.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shift(pub [f32; 3]);

impl Shift {
    /// For networks without a source.
    pub const NONE: Self = Self([0.0; 3]);

    /// `0.02 · Σ_k vector[k]·weight(k, c)`, for the vector as it is fed, of any length.
    #[must_use]
    pub fn vector(vector: &[f32]) -> Self {
        let dot = |c| vector.iter().enumerate().map(|(k, &v)| f64::from(v * weight(k, c))).sum::<f64>();
        Self(std::array::from_fn(|c| VECTOR_AMPLITUDE * dot(c) as f32))
    }

    /// 0.2 of the source picture's mean colour, display RGB.
    #[must_use]
    pub fn image(mean: [f32; 3]) -> Self {
        Self(mean.map(|m| IMAGE_AMPLITUDE * m))
    }

    /// 0.1 of the morph value.
    #[must_use]
    pub fn morph(value: f32) -> Self {
        Self([MORPH_AMPLITUDE * value; 3])
    }
}

impl StandIn {
    /// The same with load.
    #[must_use]
    pub fn with_work(self, work: Work) -> Self {
        Self { work: Some(work), ..self }
    }

    /// The same with a flaw.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// The same with the first input in NHWC order, in shape and in what the graph does. The outputs stay.
    #[must_use]
    pub fn with_nhwc_target(mut self) -> Self {
        if let Some(port) = self.inputs.first_mut()
            && let [n, c, h, w] = port.shape[..]
        {
            port.shape = vec![n, h, w, c];
        }
        self
    }

    /// Width and height of the first input, pixels; 0 where it is not a picture.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        match self.inputs.first().map(|port| (port.is_nhwc(), &port.shape[..])) {
            Some((true, &[_, h, w, _]) | (false, &[_, _, h, w])) => (w, h),
            _ => (0, 0),
        }
    }

    /// The swappers' colour, display RGB, for a colour of the target.
    #[must_use]
    pub fn display(&self, rgb: [f32; 3], shift: Shift) -> [f32; 3] {
        std::array::from_fn(|c| GAIN[c] * rgb[c] + MIX[c] * rgb[(c + 1) % 3] + BIAS[c] + shift.0[c])
    }

    /// The value of a one-channel output at a pixel where the target has a display colour. With `ramp(i, n)` =
    /// `(i + 0.5) / n` and `logit` = `20·(0.3·R + 0.7·G − 0.5)`:
    /// * swapper's mask: `ramp(x, width)·ramp(y, height)`;
    /// * DFM: output 0 is `ramp(x, width)`, output 2 is `ramp(y, height)`;
    /// * masks: `1 / (1 + exp(−logit))`, or the logit itself.
    ///
    /// 1 for all other outputs.
    #[must_use]
    pub fn mask_at(&self, output: usize, x: usize, y: usize, rgb: [f32; 3]) -> f32 {
        let (width, height) = self.size();
        let brightness: f32 = rgb.iter().zip(MASK_MIX).map(|(v, m)| v * m).sum();
        let logit = MASK_SLOPE * (brightness - MASK_LEVEL);
        match (self.role, output) {
            (Role::VectorSwap, 1) => ramp(x, width) * ramp(y, height),
            (Role::Dfm, 0) => ramp(x, width),
            (Role::Dfm, 2) => ramp(y, height),
            (Role::Mask, 0) => 1.0 / (1.0 + (-logit).exp()),
            (Role::MaskLogits, 0) => logit,
            _ => 1.0,
        }
    }

    /// The parser's class at a pixel: 17 (hair) in the middle half of the upper quarter, 1 (skin) elsewhere.
    #[must_use]
    pub fn class_at(&self, x: usize, y: usize) -> usize {
        let (width, height) = self.size();
        if in_middle(x, width) && in_upper(y, height) { HAIR } else { SKIN }
    }

    /// Load of one run in 10⁹ operations, two for each multiply-add of a convolution; 0 without [`Work`].
    #[must_use]
    pub fn work_gflop(&self) -> f64 {
        let (width, height) = self.size();
        self.work.map_or(0.0, |work| work.gflop(width, height, self.work_channels()))
    }
}

/// The recogniser's vector for the mean colour of its picture, display RGB:
/// `Σ_{c<3} mean[c]·weight(k, c) + 0.5·weight(k, 3)`, about 16 times as long as `(mean, 0.5)`.
#[must_use]
pub fn embedding(mean: [f32; 3]) -> Vec<f32> {
    let element = |k| {
        let own: f32 = mean.iter().enumerate().map(|(c, m)| m * weight(k, c)).sum();
        own + EMBEDDING_CONSTANT * weight(k, 3)
    };
    (0..VECTOR).map(element).collect()
}

/// The converter's vector: of length 2, in reverse order.
#[must_use]
pub fn converted(vector: &[f32]) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    vector.iter().rev().map(|v| 2.0 * v / length).collect()
}

/// A vector times the matrix of inswapper files, `vector·E`, not normalised. `E[i][(i + 1) % 512]` is 1 for even i
/// and 2 for odd i, all else is 0.
#[must_use]
pub fn projected(vector: &[f32]) -> Vec<f32> {
    let from = |j: usize| (j + VECTOR - 1) % VECTOR;
    (0..VECTOR).map(|j| vector.get(from(j)).map_or(0.0, |v| v * emap_at(from(j), j))).collect()
}

/// `cos(0.37·(k + 1)·(c + 1))`: how element k of a vector stands for channel c.
#[must_use]
pub fn weight(k: usize, c: usize) -> f32 {
    (0.37 * ((k + 1) * (c + 1)) as f64).cos() as f32
}

fn emap_at(i: usize, j: usize) -> f32 {
    if j != (i + 1) % VECTOR {
        return 0.0;
    }
    if i.is_multiple_of(2) { 1.0 } else { 2.0 }
}

fn ramp(i: usize, n: usize) -> f32 {
    (i as f32 + 0.5) / n as f32
}

fn in_middle(x: usize, width: usize) -> bool {
    4 * x >= width && 4 * x < 3 * width
}

fn in_upper(y: usize, height: usize) -> bool {
    4 * y < height
}
