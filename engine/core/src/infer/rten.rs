//! Networks in `rten`: pure Rust, no library to find, five times slower.

use std::sync::{Arc, OnceLock};

use rten::{Dimension, Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::prelude::*;
use rten_tensor::{Tensor, TensorView};

use super::tensors::{End, Expect, TensorSpec, Tensors};
use super::{InferError, Net};

pub(super) const NAME: &str = "rten";

/// One thread for all networks, as with ONNX Runtime.
fn thread() -> Arc<ThreadPool> {
    static THREAD: OnceLock<Arc<ThreadPool>> = OnceLock::new();
    THREAD.get_or_init(|| Arc::new(ThreadPool::with_num_threads(1))).clone()
}

/// A network in `rten`.
pub(super) struct RtenNet {
    model: Model,
    inputs: Vec<NodeId>,
    outputs: Vec<NodeId>,
    tensors: Tensors,
}

fn ends(model: &Model, ids: &[NodeId]) -> Vec<End> {
    let size = |dimension: &Dimension| match dimension {
        Dimension::Fixed(size) => i64::try_from(*size).unwrap_or(-1),
        Dimension::Symbolic(_) => -1,
    };
    let end = |&id: &NodeId| {
        let info = model.node_info(id)?;
        let shape = info.shape().map(|shape| shape.iter().map(size).collect());
        Some(End { name: info.name().unwrap_or_default().to_owned(), shape })
    };
    ids.iter().filter_map(end).collect()
}

impl RtenNet {
    pub(super) fn load(file: String, bytes: Vec<u8>, expect: &Expect<'_>) -> Result<Self, InferError> {
        let refused = |reason: String| InferError::Load { backend: NAME, reason, file: file.clone() };
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(bytes).map_err(|e| refused(e.to_string()))?;
        let (inputs, outputs) = (ends(&model, model.input_ids()), ends(&model, model.output_ids()));
        let tensors = Tensors::new(file.clone(), expect, &inputs, &outputs)?;
        let ids =
            |specs: &[TensorSpec]| specs.iter().map(|s| model.node_id(&s.name)).collect::<Result<_, _>>();
        let inputs = ids(&tensors.inputs).map_err(|e| refused(e.to_string()))?;
        let outputs = ids(&tensors.outputs).map_err(|e| refused(e.to_string()))?;
        let mut net = Self { model, inputs, outputs, tensors };
        net.tensors.fill_inputs(0.5);
        net.compute()?;
        net.tensors.fill_inputs(0.0);
        Ok(net)
    }

    fn compute(&mut self) -> Result<(), InferError> {
        let file = self.tensors.file.clone();
        let failed = |reason: String| InferError::Run { backend: NAME, reason, file: file.clone() };
        let mut inputs: Vec<(NodeId, ValueOrView<'_>)> = Vec::with_capacity(self.inputs.len());
        let parts = self.tensors.inputs.iter().zip(&self.tensors.input_data);
        for (&id, (spec, data)) in self.inputs.iter().zip(parts) {
            let view = TensorView::try_from_data(spec.shape.as_slice(), data.as_slice());
            inputs.push((id, view.map_err(|e| failed(e.to_string()))?.into()));
        }
        let mut options = RunOptions::default();
        options.thread_pool = Some(thread());
        let values =
            self.model.run(inputs, &self.outputs, Some(options)).map_err(|e| failed(e.to_string()))?;
        for (index, value) in values.into_iter().enumerate() {
            let value: Tensor<f32> =
                value.try_into().map_err(|_| failed("an output is not f32".to_owned()))?;
            let shape: Vec<i64> = value.shape().iter().map(|&d| i64::try_from(d).unwrap_or(-1)).collect();
            self.tensors.store(index, &shape, &value.to_vec())?;
        }
        Ok(())
    }
}

impl Net for RtenNet {
    fn backend(&self) -> &'static str {
        NAME
    }

    fn inputs(&self) -> &[TensorSpec] {
        &self.tensors.inputs
    }

    fn outputs(&self) -> &[TensorSpec] {
        &self.tensors.outputs
    }

    fn input_mut(&mut self, index: usize) -> &mut [f32] {
        self.tensors.input_mut(index)
    }

    fn run(&mut self) -> Result<(), InferError> {
        self.compute()?;
        self.tensors.check_finite()
    }

    fn output(&self, index: usize) -> &[f32] {
        self.tensors.output(index)
    }
}
