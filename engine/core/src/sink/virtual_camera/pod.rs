//! The parameters that a PipeWire node announces, serialised: a size, a type, a body filled up to 8 bytes, in the
//! machine's own byte order. The numbers are those of the interface's headers (spa/utils/type.h, spa/param).

use super::VirtualFormat;
use crate::source::Rate;

const ID: u32 = 3;
const INT: u32 = 4;
const RECTANGLE: u32 = 10;
const FRACTION: u32 = 11;
const OBJECT: u32 = 15;
const CHOICE: u32 = 19;

const OBJECT_FORMAT: u32 = 0x4_0003;
const OBJECT_BUFFERS: u32 = 0x4_0004;
const PARAM_ENUM_FORMAT: u32 = 3;
const PARAM_BUFFERS: u32 = 5;

const VIDEO: u32 = 2;
const RAW: u32 = 1;
const I420: u32 = 2;
const YUY2: u32 = 4;

/// A value: its type and its body's words.
fn value(kind: u32, words: &[u32]) -> Vec<u8> {
    let bytes = words.len() as u32 * 4;
    let mut out: Vec<u8> = [bytes, kind].iter().chain(words).flat_map(|word| word.to_ne_bytes()).collect();
    out.resize(out.len().next_multiple_of(8), 0);
    out
}

/// An object of properties: a key and a value each.
fn object(kind: u32, id: u32, properties: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut body: Vec<u8> = [kind, id].iter().flat_map(|word| word.to_ne_bytes()).collect();
    for (key, value) in properties {
        body.extend([*key, 0].iter().flat_map(|word| word.to_ne_bytes()));
        body.extend(value);
    }
    let mut out: Vec<u8> = [body.len() as u32, OBJECT].iter().flat_map(|word| word.to_ne_bytes()).collect();
    out.extend(body);
    out
}

/// The one format that is offered.
pub(super) fn format(format: VirtualFormat, (width, height): (u32, u32), rate: Rate) -> Vec<u8> {
    let video = match format {
        VirtualFormat::Yuyv => YUY2,
        VirtualFormat::I420 => I420,
    };
    let properties = [
        (1, value(ID, &[VIDEO])),
        (2, value(ID, &[RAW])),
        (0x2_0001, value(ID, &[video])),
        (0x2_0003, value(RECTANGLE, &[width, height])),
        (0x2_0004, value(FRACTION, &[rate.num(), rate.den()])),
    ];
    object(OBJECT_FORMAT, PARAM_ENUM_FORMAT, &properties)
}

/// The buffers that the pictures go in, 2 to 8 of them: `size` bytes in rows of `stride`.
pub(super) fn buffers(size: i32, stride: i32) -> Vec<u8> {
    // A range: its kind, no flags, the header of one number, and the number wished for, the least, the greatest.
    let count = value(CHOICE, &[1, 0, 4, INT, 4, 2, 8]);
    let number = |number: i32| value(INT, &[number.cast_unsigned()]);
    let properties = [(1, count), (2, number(1)), (3, number(size)), (4, number(stride))];
    object(OBJECT_BUFFERS, PARAM_BUFFERS, &properties)
}
