//! Writes small `.tflite` files for tests.

use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset, field_index_to_field_offset};

/// A value in a flatbuffer; tables list (field id, value).
#[derive(Clone)]
pub(in crate::infer) enum Value {
    U8(u8),
    I32(i32),
    Bytes(Vec<u8>),
    I32s(Vec<i32>),
    Tables(Vec<Value>),
    Table(Vec<(usize, Value)>),
}

impl Value {
    fn is_number(&self) -> bool {
        matches!(self, U8(_) | I32(_))
    }
}

use Value::{Bytes, I32, I32s, Table, Tables, U8};

type Place = WIPOffset<UnionWIPOffset>;

fn write(out: &mut FlatBufferBuilder<'_>, value: &Value) -> Place {
    match value {
        Bytes(bytes) => out.create_vector(bytes).as_union_value(),
        I32s(numbers) => out.create_vector(numbers).as_union_value(),
        Tables(items) => {
            let places: Vec<Place> = items.iter().map(|item| write(out, item)).collect();
            out.create_vector(&places).as_union_value()
        }
        Table(fields) => {
            // What a table points to can't be written within it.
            let places: Vec<Option<Place>> =
                fields.iter().map(|(_, field)| (!field.is_number()).then(|| write(out, field))).collect();
            let table = out.start_table();
            for ((id, field), place) in fields.iter().zip(places) {
                let slot = field_index_to_field_offset(u16::try_from(*id).unwrap());
                match field {
                    U8(number) => out.push_slot_always(slot, *number),
                    I32(number) => out.push_slot_always(slot, *number),
                    _ => out.push_slot_always(slot, place.unwrap()),
                }
            }
            out.end_table(table).as_union_value()
        }
        U8(_) | I32(_) => panic!("numbers stand in tables"),
    }
}

/// A graph in the making. Tensor 0 is the first added.
#[derive(Default)]
pub(in crate::infer) struct Tiny {
    tensors: Vec<Value>,
    buffers: Vec<Value>,
    codes: Vec<Value>,
    operators: Vec<Value>,
}

impl Tiny {
    /// A tensor of element type `element` (0 = f32, 1 = f16, 2 = i32); data makes it a constant.
    pub(in crate::infer) fn tensor(
        &mut self,
        name: &str,
        shape: &[i32],
        element: u8,
        data: Vec<u8>,
        sparsity: Option<Value>,
    ) -> i32 {
        let buffer = i32::try_from(self.buffers.len()).unwrap();
        self.buffers.push(Table(vec![(0, Bytes(data))]));
        let mut fields = vec![
            (0, I32s(shape.to_vec())),
            (1, U8(element)),
            (2, I32(buffer)),
            (3, Bytes(name.as_bytes().to_vec())),
        ];
        fields.extend(sparsity.map(|s| (6, s)));
        self.tensors.push(Table(fields));
        i32::try_from(self.tensors.len()).unwrap() - 1
    }

    pub(in crate::infer) fn floats(&mut self, name: &str, shape: &[i32], values: &[f32]) -> i32 {
        self.tensor(name, shape, 0, values.iter().flat_map(|v| v.to_le_bytes()).collect(), None)
    }

    pub(in crate::infer) fn ints(&mut self, name: &str, shape: &[i32], values: &[i32]) -> i32 {
        self.tensor(name, shape, 2, values.iter().flat_map(|v| v.to_le_bytes()).collect(), None)
    }

    pub(in crate::infer) fn activation(&mut self, name: &str, shape: &[i32]) -> i32 {
        self.tensor(name, shape, 0, Vec::new(), None)
    }

    /// An operator by its built-in code, with its option fields.
    pub(in crate::infer) fn op(
        &mut self,
        code: i32,
        inputs: &[i32],
        output: i32,
        options: Vec<(usize, Value)>,
    ) {
        self.codes.push(Table(vec![(0, U8(u8::try_from(code.min(127)).unwrap())), (3, I32(code))]));
        let index = i32::try_from(self.codes.len()).unwrap() - 1;
        self.operators.push(Table(vec![
            (0, I32(index)),
            (1, I32s(inputs.to_vec())),
            (2, I32s(vec![output])),
            (4, Table(options)),
        ]));
    }

    pub(in crate::infer) fn custom(&mut self, name: &str, inputs: &[i32], output: i32, options: &[u8]) {
        self.codes.push(Table(vec![(0, U8(32)), (1, Bytes(name.as_bytes().to_vec())), (3, I32(32))]));
        let index = i32::try_from(self.codes.len()).unwrap() - 1;
        self.operators.push(Table(vec![
            (0, I32(index)),
            (1, I32s(inputs.to_vec())),
            (2, I32s(vec![output])),
            (5, Bytes(options.to_vec())),
        ]));
    }

    pub(in crate::infer) fn finish(self, inputs: &[i32], outputs: &[i32]) -> Vec<u8> {
        let graph = Table(vec![
            (0, Tables(self.tensors)),
            (1, I32s(inputs.to_vec())),
            (2, I32s(outputs.to_vec())),
            (3, Tables(self.operators)),
        ]);
        let model = Table(vec![
            (0, I32(3)),
            (1, Tables(self.codes)),
            (2, Tables(vec![graph])),
            (4, Tables(self.buffers)),
        ]);
        let mut out = FlatBufferBuilder::new();
        let root = write(&mut out, &model);
        out.finish(root, None);
        keep_as_seed(out.finished_data());
        out.finished_data().to_vec()
    }
}

/// Every network of the tests is a seed for the fuzz target that reads such files, where `cargo xtask fuzz` asks.
fn keep_as_seed(bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("OMOTE_FUZZ_SEEDS") {
        let name = blake3::hash(bytes).to_hex().to_string();
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}
