//! The ONNX file of a stand-in.

use prost::Message;

use super::{
    BIAS, CLASSES, EMBEDDING_CONSTANT, Emap, Fault, GAIN, HAIR, IMAGE_AMPLITUDE, MASK_LEVEL, MASK_MIX,
    MASK_SLOPE, MIX, MORPH_AMPLITUDE, Open, Port, Role, SKIN, StandIn, Storage, VECTOR, VECTOR_AMPLITUDE,
    emap_at, in_middle, in_upper, ramp, weight, work,
};
use crate::builder::{Builder, NCHW_TO_NHWC, NHWC_TO_NCHW};
use crate::onnx::{Attribute, Dim, GraphProto, Model, NodeProto, OperatorSet, TensorProto, ValueInfo};

/// Operator set of [`Fault::CustomOp`].
const CUSTOM: &str = "com.example";
/// Logits of a parser: of the class that is everywhere, and of the one in the rectangle there.
const SKIN_LOGIT: f32 = 4.0;
const HAIR_LOGIT: f32 = 8.0;

impl StandIn {
    /// The ONNX file (operator set 17, IR version 8). The same fields give the same bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut builder = Builder::default();
        let mut values = self.values(&mut builder);
        let main = if self.role == Role::Dfm { 1 } else { 0 };
        if let Some(value) = values.get_mut(main) {
            *value = self.spoilt(&mut builder, value);
        }
        for (value, port) in values.iter().zip(&self.outputs) {
            if port.is_nhwc() {
                let order = vec![Attribute::ints("perm", &NCHW_TO_NHWC)];
                builder.named("Transpose", &[value], &port.name, order);
            } else {
                builder.named("Identity", &[value], &port.name, Vec::new());
            }
        }
        self.model(builder).encode_to_vec()
    }

    fn model(&self, Builder { nodes, mut initializers, .. }: Builder) -> Model {
        if let Some(emap) = &self.emap {
            let place = if emap.last { initializers.len() } else { 0 };
            initializers.insert(place, emap_tensor(emap));
        }
        let mut opset_import = vec![OperatorSet { domain: String::new(), version: 17 }];
        if self.fault == Some(Fault::CustomOp) {
            opset_import.push(OperatorSet { domain: CUSTOM.into(), version: 1 });
        }
        let mut input: Vec<_> = self.inputs.iter().map(|port| self.end(port)).collect();
        if self.fault == Some(Fault::ExtraInput) {
            input.push(ValueInfo::floats("extra", &[1]));
        }
        let graph = GraphProto {
            node: nodes,
            name: self.name.into(),
            initializer: initializers,
            input,
            output: self.outputs.iter().map(|port| self.end(port)).collect(),
        };
        Model {
            ir_version: 8,
            opset_import,
            producer_name: "omote".into(),
            producer_version: "1".into(),
            graph: Some(graph),
        }
    }

    fn end(&self, port: &Port) -> ValueInfo {
        let names = match (port.shape.len(), port.is_nhwc()) {
            (4, true) => ["batch", "height", "width", ""],
            (4, false) => ["batch", "", "height", "width"],
            (2, _) => ["batch", "", "", ""],
            _ => [""; 4],
        };
        let dim = |(index, &size): (usize, &usize)| {
            let open = match self.open {
                Open::Nothing => false,
                Open::Batch => index == 0,
                Open::Sizes => true,
            };
            match names.get(index) {
                Some(&name) if open && !name.is_empty() => Dim::open(name),
                _ => Dim::fixed(size),
            }
        };
        ValueInfo::with_dims(&port.name, port.shape.iter().enumerate().map(dim).collect())
    }

    /// The outputs' values, pictures as NCHW.
    fn values(&self, builder: &mut Builder) -> Vec<String> {
        let name = |index: usize| self.inputs.get(index).map_or("", |port| port.name.as_str());
        let mut first = name(0).to_owned();
        if self.inputs.first().is_some_and(Port::is_nhwc) {
            first = builder.transpose(&first, NHWC_TO_NCHW);
        }
        let (width, height) = self.size();
        let across = |builder: &mut Builder| builder.floats(&[1, 1, 1, width], &ramps(width));
        let down = |builder: &mut Builder| builder.floats(&[1, 1, height, 1], &ramps(height));
        let mut values = match self.role {
            Role::VectorSwap => {
                let colours = self.colours(builder, &first);
                let shift = self.vector_shift(builder, name(1));
                vec![add(builder, &colours, &shift)]
            }
            Role::ImageSwap => {
                let colours = self.colours(builder, &first);
                let mean = builder.node("GlobalAveragePool", &[name(1)], Vec::new());
                let factors = self.result.std.map(|std| IMAGE_AMPLITUDE / std);
                let shift = multiply(builder, &mean, &[1, 3, 1, 1], &factors);
                vec![add(builder, &colours, &shift)]
            }
            Role::Dfm => {
                let mut picture = self.colours(builder, &first);
                if self.inputs.len() > 1 {
                    let shift = multiply(builder, name(1), &[1], &[MORPH_AMPLITUDE]);
                    picture = add(builder, &picture, &shift);
                }
                let (across, down) = (across(builder), down(builder));
                vec![constant(builder, &first, &across), picture, constant(builder, &first, &down)]
            }
            Role::Recogniser => vec![self.recogniser_vector(builder, &first)],
            Role::Converter => {
                let attributes = vec![Attribute::ints("axes", &[1]), Attribute::int("keepdims", 1)];
                let length = builder.node("ReduceL2", &[&first], attributes);
                let unit = builder.node("Div", &[&first, &length], Vec::new());
                let order: Vec<i64> = (0..VECTOR as i64).rev().collect();
                let order = builder.ints(&order);
                let reverse = builder.node("Gather", &[&unit, &order], vec![Attribute::int("axis", 1)]);
                vec![multiply(builder, &reverse, &[1], &[2.0])]
            }
            Role::Mask => {
                let logits = self.mask_logits(builder, &first);
                vec![builder.node("Sigmoid", &[&logits], Vec::new())]
            }
            Role::MaskLogits => vec![self.mask_logits(builder, &first)],
            Role::Parser => vec![self.classes(builder, &first)],
        };
        if self.role == Role::VectorSwap && self.outputs.len() > 1 {
            let (across, down) = (across(builder), down(builder));
            let mask = builder.node("Mul", &[&across, &down], Vec::new());
            values.push(constant(builder, &first, &mask));
        }
        if let (Some(work), true) = (self.work, self.role != Role::Converter) {
            let index = if self.role == Role::Dfm { 1 } else { 0 };
            let mut load = work::add(builder, work, &first, (width, height), self.work_channels());
            if self.role == Role::Recogniser {
                load = mean(builder, &load, 1);
            }
            if let Some(value) = values.get_mut(index) {
                *value = add(builder, value, &load);
            }
        }
        values
    }

    /// Channels of the load's output; one goes with any number.
    pub(super) fn work_channels(&self) -> usize {
        if matches!(self.role, Role::VectorSwap | Role::ImageSwap | Role::Dfm) { 3 } else { 1 }
    }

    /// Where a channel of RGB lies in the tensor.
    fn place(&self, channel: usize) -> usize {
        if self.bgr { 2 - channel } else { channel }
    }

    /// The swappers' map from normalised picture to normalised picture, but for the shift.
    fn colours(&self, builder: &mut Builder, picture: &str) -> String {
        let (mut weights, mut biases) = ([0.0; 9], [0.0; 3]);
        for c in 0..3 {
            let (row, std) = (self.place(c), self.result.std[c]);
            biases[row] = (BIAS[c] - self.result.mean[c]) / std;
            for (from, share) in [(c, GAIN[c]), ((c + 1) % 3, MIX[c])] {
                weights[3 * row + self.place(from)] = share * self.target.std[from] / std;
                biases[row] += share * self.target.mean[from] / std;
            }
        }
        pointwise(builder, picture, &weights, &biases)
    }

    /// The shift by an identity vector, `[N, 3, 1, 1]`, in the output's range.
    fn vector_shift(&self, builder: &mut Builder, vector: &str) -> String {
        let factor = |c: usize| VECTOR_AMPLITUDE / self.result.std[c];
        let element = |k, c| factor(c) * weight(k, c);
        let mut values = vec![0.0; VECTOR * 3];
        for (k, row) in values.chunks_exact_mut(3).enumerate() {
            (0..3).for_each(|c| row[self.place(c)] = element(k, c));
        }
        let matrix = builder.floats(&[VECTOR, 3], &values);
        let shift = builder.node("MatMul", &[vector, &matrix], Vec::new());
        let shape = builder.ints(&[-1, 3, 1, 1]);
        builder.node("Reshape", &[&shift, &shape], Vec::new())
    }

    fn recogniser_vector(&self, builder: &mut Builder, picture: &str) -> String {
        let (mut matrix, mut constants) = (vec![0.0; 3 * VECTOR], vec![0.0; VECTOR]);
        for (k, constant) in constants.iter_mut().enumerate() {
            *constant = EMBEDDING_CONSTANT * weight(k, 3);
            for c in 0..3 {
                matrix[VECTOR * self.place(c) + k] = self.target.std[c] * weight(k, c);
                *constant += self.target.mean[c] * weight(k, c);
            }
        }
        let means = mean(builder, picture, 3);
        let matrix = builder.floats(&[3, VECTOR], &matrix);
        let product = builder.node("MatMul", &[&means, &matrix], Vec::new());
        let constants = builder.floats(&[1, VECTOR], &constants);
        add(builder, &product, &constants)
    }

    fn mask_logits(&self, builder: &mut Builder, picture: &str) -> String {
        let (mut weights, mut bias) = ([0.0; 3], -MASK_SLOPE * MASK_LEVEL);
        for c in 0..3 {
            weights[self.place(c)] = MASK_SLOPE * MASK_MIX[c] * self.target.std[c];
            bias += MASK_SLOPE * MASK_MIX[c] * self.target.mean[c];
        }
        pointwise(builder, picture, &weights, &[bias])
    }

    fn classes(&self, builder: &mut Builder, picture: &str) -> String {
        let (width, height) = self.size();
        let flags = |count: usize, inside: &dyn Fn(usize) -> bool| -> Vec<f32> {
            (0..count).map(|i| f32::from(u8::from(inside(i)))).collect()
        };
        let across = builder.floats(&[1, 1, 1, width], &flags(width, &|x| in_middle(x, width)));
        let down = builder.floats(&[1, 1, height, 1], &flags(height, &|y| in_upper(y, height)));
        let inside = builder.node("Mul", &[&across, &down], Vec::new());
        let only = |class, logit| -> Vec<f32> {
            (0..CLASSES).map(|c| if c == class { logit } else { 0.0 }).collect()
        };
        let hair = multiply(builder, &inside, &[1, CLASSES, 1, 1], &only(HAIR, HAIR_LOGIT));
        let skin = pointwise(builder, picture, &[0.0; 3 * CLASSES], &only(SKIN, SKIN_LOGIT));
        add(builder, &skin, &hair)
    }

    /// The value with the flaw.
    fn spoilt(&self, builder: &mut Builder, value: &str) -> String {
        match self.fault {
            None => value.to_owned(),
            Some(Fault::Nan) => {
                let negative = builder.floats(&[1], &[-1.0]);
                let nan = builder.node("Log", &[&negative], Vec::new());
                add(builder, value, &nan)
            }
            Some(Fault::Flat) => {
                let nothing = multiply(builder, value, &[1], &[0.0]);
                let level = builder.floats(&[1], &[0.5]);
                add(builder, &nothing, &level)
            }
            Some(Fault::CustomOp) => {
                builder.nodes.push(NodeProto {
                    input: vec![value.into()],
                    output: vec!["custom".into()],
                    name: "node_custom".into(),
                    op_type: "Unknown".into(),
                    attribute: Vec::new(),
                    domain: CUSTOM.into(),
                });
                "custom".into()
            }
            Some(Fault::ExtraInput) => {
                let nothing = multiply(builder, "extra", &[1], &[0.0]);
                add(builder, value, &nothing)
            }
        }
    }
}

fn emap_tensor(emap: &Emap) -> TensorProto {
    let shape = [VECTOR, VECTOR];
    let values = || (0..VECTOR * VECTOR).map(|at| emap_at(at / VECTOR, at % VECTOR));
    match emap.storage {
        Storage::Floats => TensorProto::floats(&emap.name, &shape, &values().collect::<Vec<_>>()),
        Storage::Halves => {
            TensorProto::halves(&emap.name, &shape, &values().map(half::f16::from_f32).collect::<Vec<_>>())
        }
        Storage::Elsewhere => TensorProto::external(&emap.name, &shape, "weights.bin"),
    }
}

fn ramps(n: usize) -> Vec<f32> {
    (0..n).map(|i| ramp(i, n)).collect()
}

fn add(builder: &mut Builder, a: &str, b: &str) -> String {
    builder.node("Add", &[a, b], Vec::new())
}

fn multiply(builder: &mut Builder, value: &str, shape: &[usize], factors: &[f32]) -> String {
    let factors = builder.floats(shape, factors);
    builder.node("Mul", &[value, &factors], Vec::new())
}

/// Mean over the pixels, `[N, channels]`.
fn mean(builder: &mut Builder, picture: &str, channels: i64) -> String {
    let pooled = builder.node("GlobalAveragePool", &[picture], Vec::new());
    let shape = builder.ints(&[-1, channels]);
    builder.node("Reshape", &[&pooled, &shape], Vec::new())
}

/// A 1x1 convolution of a picture of three channels.
fn pointwise(builder: &mut Builder, picture: &str, weights: &[f32], biases: &[f32]) -> String {
    let weights = builder.floats(&[biases.len(), 3, 1, 1], weights);
    let biases = builder.floats(&[biases.len()], biases);
    builder.node("Conv", &[picture, &weights, &biases], vec![Attribute::ints("kernel_shape", &[1, 1])])
}

/// A constant picture of one channel with the batch and size of another picture.
fn constant(builder: &mut Builder, picture: &str, values: &str) -> String {
    let zeros = pointwise(builder, picture, &[0.0; 3], &[0.0]);
    add(builder, &zeros, values)
}
