//! Writes small `.tflite` files for tests.

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

use Value::{Bytes, I32, I32s, Table, Tables, U8};

fn put(out: &mut [u8], at: usize, value: usize) {
    out[at..at + 4].copy_from_slice(&u32::try_from(value).unwrap().to_le_bytes());
}

/// Appends a vector or table and returns its place. Children follow their parents, so all offsets point forward.
fn write(out: &mut Vec<u8>, value: &Value) -> usize {
    while !out.len().is_multiple_of(4) {
        out.push(0);
    }
    let vector = |out: &mut Vec<u8>, count: usize, data: &[u8]| {
        let at = out.len();
        out.extend(u32::try_from(count).unwrap().to_le_bytes());
        out.extend(data);
        at
    };
    match value {
        Bytes(b) => vector(out, b.len(), b),
        I32s(v) => vector(out, v.len(), &v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>()),
        Tables(items) => {
            let at = vector(out, items.len(), &vec![0; 4 * items.len()]);
            for (i, item) in items.iter().enumerate() {
                let slot = at + 4 + 4 * i;
                let child = write(out, item);
                put(out, slot, child - slot);
            }
            at
        }
        Table(fields) => {
            let slots = fields.iter().map(|f| f.0 + 1).max().unwrap_or(0);
            let vtable = out.len();
            let len = u16::try_from(4 + 2 * slots).unwrap();
            let mut entries = vec![0u16; slots];
            for (i, (id, _)) in fields.iter().enumerate() {
                entries[*id] = u16::try_from(4 + 4 * i).unwrap();
            }
            out.extend(len.to_le_bytes());
            out.extend(u16::try_from(4 + 4 * fields.len()).unwrap().to_le_bytes());
            out.extend(entries.iter().flat_map(|e| e.to_le_bytes()));
            while !out.len().is_multiple_of(4) {
                out.push(0);
            }
            let at = out.len();
            out.extend(i32::try_from(at - vtable).unwrap().to_le_bytes());
            out.extend(vec![0; 4 * fields.len()]);
            for (i, (_, field)) in fields.iter().enumerate() {
                let slot = at + 4 + 4 * i;
                match field {
                    U8(v) => out[slot] = *v,
                    I32(v) => out[slot..slot + 4].copy_from_slice(&v.to_le_bytes()),
                    other => {
                        let child = write(out, other);
                        put(out, slot, child - slot);
                    }
                }
            }
            at
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
        let mut out = vec![0; 8];
        let root = write(&mut out, &model);
        put(&mut out, 0, root);
        keep_as_seed(&out);
        out
    }
}

/// Every network of the tests is a seed for the fuzz target that reads such files, where `cargo xtask fuzz` asks.
fn keep_as_seed(bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("OMOTE_FUZZ_SEEDS") {
        let name = blake3::hash(bytes).to_hex().to_string();
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}
