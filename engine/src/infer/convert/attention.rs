//! The three custom operators of the 478-point network (facts/face_tracking_models.md §6), written with plain ones.
//!
//! A transform matrix is `[1, 4, 4]`, row-major: the 2x2 corner A carries a 16x16 patch's pixel to the feature map,
//! column 3 holds the shift t.

use super::{Converter, Refused, form};
use crate::infer::flexbuffer::Value;
use crate::infer::onnx::{Attribute, to_i64};
use crate::infer::tflite::Operator;

/// Parameters of Landmarks2TransformMatrix, from the operator's flexbuffer.
struct Region {
    left: i64,
    right: i64,
    subset: Vec<i64>,
    /// Side of the patch in pixels, `[width, height]`.
    size: [f32; 2],
    /// How much larger than the points' box the patch is.
    scale: [f32; 2],
}

fn number(map: Value<'_>, key: &str) -> Result<f32, Refused> {
    match map.get(key).and_then(|value| value.number()) {
        Some(value) => Ok(value),
        None => form(format!("its parameter {key} is missing")),
    }
}

fn point(map: Value<'_>, key: &str, points: i64) -> Result<i64, Refused> {
    match map.get(key).and_then(|value| value.integer()) {
        Some(index) if (0..points).contains(&index) => Ok(index),
        _ => form(format!("its parameter {key} is missing or no point's number")),
    }
}

impl Region {
    fn read(options: &[u8], points: i64) -> Result<Self, Refused> {
        let Some(map) = Value::root(options) else { return form("its parameters can't be read") };
        let subset = map.get("subset_idxs").and_then(|value| value.integers());
        let Some(subset) = subset else { return form("its parameter subset_idxs is missing") };
        if subset.is_empty() || !subset.iter().all(|i| (0..points).contains(i)) {
            return form("its parameter subset_idxs names points that do not exist");
        }
        Ok(Self {
            left: point(map, "left_rotation_idx", points)?,
            right: point(map, "right_rotation_idx", points)?,
            subset,
            size: [number(map, "output_width")?, number(map, "output_height")?],
            scale: [number(map, "scale_x")?, number(map, "scale_y")?],
        })
    }
}

impl Converter<'_> {
    pub(super) fn custom(
        &mut self,
        operator: &Operator<'_>,
        output: usize,
        name: &str,
        options: &[u8],
    ) -> Result<String, Refused> {
        match name {
            "Landmarks2TransformMatrix" => self.transform_matrix(operator, options),
            "TransformTensorBilinear" => self.transform_tensor(operator, output),
            "TransformLandmarks" => self.transform_landmarks(operator),
            _ => form("no custom operator of this name is known"),
        }
    }

    fn gather(&mut self, value: &str, indices: &[i64], axis: i64) -> String {
        let indices = self.builder.ints(indices);
        self.builder.node("Gather", &[value, &indices], vec![Attribute::int("axis", axis)])
    }

    fn concat_of(&mut self, parts: &[&str], axis: i64) -> String {
        self.builder.node("Concat", parts, vec![Attribute::int("axis", axis)])
    }

    fn binary(&mut self, op: &str, a: &str, b: &str) -> String {
        self.builder.node(op, &[a, b], vec![])
    }

    fn sum_columns(&mut self, value: &str) -> String {
        let axes = self.builder.ints(&[2]);
        self.builder.node("ReduceSum", &[value, &axes], vec![Attribute::int("keepdims", 1)])
    }

    fn swapped(&mut self, value: &str) -> String {
        self.builder.node("Transpose", &[value], vec![Attribute::ints("perm", &[0, 2, 1])])
    }

    /// Points `[1, N, 3]` to the matrix of the patch that holds a subset of them: turned so that the line from point
    /// `left` to point `right` is level, 1.5 times the subset's box.
    fn transform_matrix(&mut self, operator: &Operator<'_>, options: &[u8]) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let points = match *self.shape(source) {
            [1, n, c] if c >= 2 => i64::try_from(n).unwrap_or(0),
            ref shape => return form(format!("points should be [1, N, 3], are {shape:?}")),
        };
        let region = Region::read(options, points)?;
        let landmarks = self.value(source)?;
        let xy = self.gather(&landmarks, &[0, 1], 2);
        let left = self.gather(&xy, &[region.left], 1);
        let right = self.gather(&xy, &[region.right], 1);
        let along = self.binary("Sub", &right, &left);
        let squares = self.binary("Mul", &along, &along);
        let length = self.sum_columns(&squares);
        let length = self.builder.node("Sqrt", &[&length], vec![]);
        // (c, s), then (-s, c): the rows of R.
        let level = self.binary("Div", &along, &length);
        let swapped = self.gather(&level, &[1, 0], 2);
        let signs = self.builder.floats(&[1, 1, 2], &[-1.0, 1.0]);
        let upright = self.binary("Mul", &swapped, &signs);
        let turn = self.concat_of(&[&level, &upright], 1);
        let back = self.swapped(&turn);

        let subset = self.gather(&xy, &region.subset, 1);
        let turned = self.binary("MatMul", &subset, &back);
        let reduce = || vec![Attribute::ints("axes", &[1]), Attribute::int("keepdims", 1)];
        let low = self.builder.node("ReduceMin", &[&turned], reduce());
        let high = self.builder.node("ReduceMax", &[&turned], reduce());
        let half = self.builder.floats(&[1], &[0.5]);
        let sum = self.binary("Add", &low, &high);
        let middle = self.binary("Mul", &sum, &half);
        let centre = self.binary("MatMul", &middle, &turn);
        let centre = self.swapped(&centre);

        let [[sx, sy], [w, h]] = [region.scale, region.size];
        let per_pixel = self.builder.floats(&[1, 1, 2], &[sx / w, sy / h]);
        let size = self.binary("Sub", &high, &low);
        let size = self.binary("Mul", &size, &per_pixel);
        let matrix = self.binary("Mul", &back, &size);
        let half_patch = self.builder.floats(&[1, 1, 2], &[w / 2.0, h / 2.0]);
        let reach = self.binary("Mul", &matrix, &half_patch);
        let reach = self.sum_columns(&reach);
        let shift = self.binary("Sub", &centre, &reach);

        let zero = self.builder.floats(&[1, 2, 1], &[0.0; 2]);
        let rest = self.builder.floats(&[1, 2, 4], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        let rows = self.concat_of(&[&matrix, &zero, &shift], 2);
        Ok(self.concat_of(&[&rows, &rest], 1))
    }

    /// A (`[1, 2, 2]`) and t (`[1, 2, 1]`) of a matrix.
    fn parts(&mut self, matrix: &str) -> (String, String) {
        let rows = self.gather(matrix, &[0, 1], 1);
        (self.gather(&rows, &[0, 1], 2), self.gather(&rows, &[3], 2))
    }

    /// Feature map and matrix to the patch: output pixel (i, j) is the bilinear sample at A·((i, j) + 0.5) + t - 0.5.
    fn transform_tensor(&mut self, operator: &Operator<'_>, output: usize) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let [_, h, w, _] = self.nhwc(source)?;
        let [_, out_h, out_w, _] = self.nhwc(output)?;
        if h < 2 || w < 2 || out_h * out_w > 1 << 16 {
            return form(format!("a map of {w}x{h} can't be sampled at {out_w}x{out_h}"));
        }
        let map = self.value(source)?;
        let matrix = self.input(operator, 1)?;
        let (a, t) = self.parts(&matrix);
        let pixels = (0..out_h).flat_map(|j| (0..out_w).map(move |i| (i, j)));
        let (xs, ys): (Vec<f32>, Vec<f32>) = pixels.map(|(i, j)| (i as f32 + 0.5, j as f32 + 0.5)).unzip();
        let count = xs.len();
        let grid = self.builder.floats(&[1, 2, count], &[xs, ys].concat());
        let place = self.binary("MatMul", &a, &grid);
        let place = self.binary("Add", &place, &t);
        // From pixels to -1..1 between the outer pixels' middles.
        let [kx, ky] = [2.0 / (w as f32 - 1.0), 2.0 / (h as f32 - 1.0)];
        let scale = self.builder.floats(&[1, 2, 1], &[kx, ky]);
        let offset = self.builder.floats(&[1, 2, 1], &[-0.5 * kx - 1.0, -0.5 * ky - 1.0]);
        let place = self.binary("Mul", &place, &scale);
        let place = self.binary("Add", &place, &offset);
        let place = self.swapped(&place);
        let shape = self.builder.ints(&to_i64(&[1, out_h, out_w, 2]));
        let place = self.builder.node("Reshape", &[&place, &shape], vec![]);
        let attributes = vec![
            Attribute::string("mode", "bilinear"),
            Attribute::string("padding_mode", "zeros"),
            Attribute::int("align_corners", 1),
        ];
        Ok(self.builder.node("GridSample", &[&map, &place], attributes))
    }

    /// Points `[1, N, 2]` through a matrix: A·p + t.
    fn transform_landmarks(&mut self, operator: &Operator<'_>) -> Result<String, Refused> {
        if self.shape(self.input_index(operator, 0)?).last() != Some(&2) {
            return form("points should be [1, N, 2]");
        }
        let points = self.input(operator, 0)?;
        let matrix = self.input(operator, 1)?;
        let (a, t) = self.parts(&matrix);
        let (a, t) = (self.swapped(&a), self.swapped(&t));
        let turned = self.binary("MatMul", &points, &a);
        Ok(self.binary("Add", &turned, &t))
    }
}
