//! The three custom operators of the 478-point network. They stay out of the ONNX files: the network is cut into two parts
//! where a patch is taken, and [`crate::attention`] does their work.

use super::{Converter, Refused, refuse};
use crate::attention::{HEADS, Head, PATCH, SCALE};
use crate::builder::NHWC_TO_NCHW;
use crate::flexbuffer::Value;
use crate::onnx::ValueInfo;
use crate::tflite::Operator;

fn number(map: Value<'_>, key: &str) -> Option<f32> {
    map.get(key).and_then(|value| value.number())
}

/// The head whose patch an operator's parameters describe.
fn head(options: &[u8]) -> Result<&'static Head, Refused> {
    let Some(map) = Value::root(options) else { return refuse("its parameters can't be read") };
    let integer = |key| map.get(key).and_then(|value| value.integer());
    let level = [integer("left_rotation_idx"), integer("right_rotation_idx")];
    let points = map.get("subset_idxs").and_then(|value| value.integers());
    let of = |head: &&Head| {
        level == head.level.map(|index| Some(i64::from(index)))
            && points
                .as_ref()
                .is_some_and(|p| p.iter().copied().eq(head.points.iter().map(|i| i64::from(*i))))
    };
    let sizes = [
        ("output_width", PATCH as f32),
        ("output_height", PATCH as f32),
        ("scale_x", SCALE),
        ("scale_y", SCALE),
    ];
    match HEADS.iter().find(of) {
        Some(head) if sizes.iter().all(|(key, size)| number(map, key) == Some(*size)) => Ok(head),
        _ => refuse("its parameters are not those of a patch that is known"),
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
            "Landmarks2TransformMatrix" => {
                self.matrices.insert(output, head(options)?);
                // No node makes it: what uses it otherwise than for a patch is refused.
                Ok(self.builder.fresh("matrix"))
            }
            "TransformTensorBilinear" => self.patch(operator, output),
            // Of the patch: whoever runs the network carries the points over to the crop.
            "TransformLandmarks" => self.input(operator, 0),
            _ => refuse("no custom operator of this name is known"),
        }
    }

    /// Ends the first part with the feature map and begins the second with a patch of it, both channels-last.
    fn patch(&mut self, operator: &Operator<'_>, output: usize) -> Result<String, Refused> {
        let source = self.input_index(operator, 0)?;
        let Some(head) = self.matrices.get(&self.input_index(operator, 1)?).copied() else {
            return refuse("it takes a patch by a matrix that is none's");
        };
        let value = self.value(source)?;
        self.nhwc(output)?;
        if self.map.is_none() {
            let shape = self.nhwc(source)?;
            let map = self.file_order(&value, &shape);
            self.builder.named("Identity", &[&map], MAP_OUTPUT, vec![]);
            self.map = Some((source, ValueInfo::floats(MAP_OUTPUT, &shape)));
        }
        if self.map.as_ref().is_none_or(|(map, _)| *map != source)
            || self.patches.iter().any(|patch| patch.name == head.input)
        {
            return refuse("one patch a head and one feature map were expected");
        }
        self.patches.push(ValueInfo::floats(head.input, self.shape(output)));
        Ok(self.builder.transpose(head.input, NHWC_TO_NCHW))
    }
}

/// Name of the feature map among the first part's outputs.
const MAP_OUTPUT: &str = "features";
