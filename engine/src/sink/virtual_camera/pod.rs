//! The parameters that a PipeWire node announces, serialised.

use ::pipewire::spa::param::ParamType;
use ::pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use ::pipewire::spa::param::video::VideoFormat;
use ::pipewire::spa::pod::serialize::PodSerializer;
use ::pipewire::spa::pod::{ChoiceValue, Object, Property, Value, object, property};
use ::pipewire::spa::sys;
use ::pipewire::spa::utils::{Choice, ChoiceEnum, ChoiceFlags, Fraction, Rectangle, SpaTypes};

use super::VirtualFormat;
use crate::source::Rate;

/// Serialised; nothing where a value does not fit, which none of these can fail to.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let out = std::io::Cursor::new(Vec::new());
    PodSerializer::serialize(out, value).ok().map(|(out, _)| out.into_inner())
}

/// The one format that is offered.
pub(super) fn format(format: VirtualFormat, (width, height): (u32, u32), rate: Rate) -> Option<Vec<u8>> {
    let video = match format {
        VirtualFormat::Yuyv => VideoFormat::YUY2,
        VirtualFormat::I420 => VideoFormat::I420,
    };
    bytes(&Value::Object(object!(
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(FormatProperties::VideoFormat, Id, video),
        property!(FormatProperties::VideoSize, Rectangle, Rectangle { width, height }),
        property!(
            FormatProperties::VideoFramerate,
            Fraction,
            Fraction { num: rate.num(), denom: rate.den() }
        ),
    )))
}

/// The buffers that the pictures go in: `size` bytes in rows of `stride`.
pub(super) fn buffers(size: i32, stride: i32) -> Option<Vec<u8>> {
    let count = Choice(ChoiceFlags::empty(), ChoiceEnum::Range { default: 4, min: 2, max: 8 });
    let number = |key, value| Property::new(key, Value::Int(value));
    bytes(&Value::Object(Object {
        type_: SpaTypes::ObjectParamBuffers.as_raw(),
        id: ParamType::Buffers.as_raw(),
        properties: vec![
            Property::new(sys::SPA_PARAM_BUFFERS_buffers, Value::Choice(ChoiceValue::Int(count))),
            number(sys::SPA_PARAM_BUFFERS_blocks, 1),
            number(sys::SPA_PARAM_BUFFERS_size, size),
            number(sys::SPA_PARAM_BUFFERS_stride, stride),
        ],
    }))
}
