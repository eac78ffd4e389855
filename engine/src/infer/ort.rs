//! Networks in ONNX Runtime, loaded from a shared library at run time.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, TensorRef};

use super::tensors::{End, Expect, TensorSpec, Tensors};
use super::{InferError, Net};

pub(super) const NAME: &str = "onnxruntime";

/// The one library and environment of this process.
static LOADED: Mutex<Option<Library>> = Mutex::new(None);

/// A loaded library with its environment.
#[derive(Debug, Clone)]
pub(super) struct Library {
    path: PathBuf,
    environment: Environment,
}

impl Library {
    /// Loads the library, or finds it loaded. The crate's feature `api-23` makes it refuse anything older than 1.23.
    pub(super) fn load(path: &Path) -> Result<Self, InferError> {
        let refused = |reason: String| InferError::Library { reason, path: path.to_owned() };
        let real = path.canonicalize().map_err(|e| refused(e.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = loaded.as_ref() {
            return if library.path == real {
                Ok(library.clone())
            } else {
                Err(InferError::LibraryTaken { loaded: library.path.clone(), path: real })
            };
        }
        let builder = ort::init_from(&real).map_err(|e| refused(e.to_string()))?;
        let environment =
            builder.with_name("omote").with_telemetry(false).build().map_err(|e| refused(e.to_string()))?;
        environment.set_log_level(LogLevel::Error);
        Ok(loaded.insert(Self { path: real, environment }).clone())
    }

    fn session(&self, bytes: &[u8]) -> ort::Result<Session> {
        // One thread: these networks are so small that a second one gains nothing and would be taken from rendering.
        Session::builder(&self.environment)?
            .with_log_level(LogLevel::Error)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?
            .commit_from_memory(bytes)
    }
}

/// A network in ONNX Runtime.
pub(super) struct OrtNet {
    session: Session,
    tensors: Tensors,
}

fn ends(outlets: &[Outlet]) -> Vec<End> {
    let end = |outlet: &Outlet| End {
        name: outlet.name().to_owned(),
        shape: outlet.dtype().tensor_shape().map(|shape| shape.to_vec()),
    };
    outlets.iter().map(end).collect()
}

impl OrtNet {
    pub(super) fn load(
        library: &Library,
        file: String,
        bytes: &[u8],
        expect: &Expect<'_>,
    ) -> Result<Self, InferError> {
        let session = library.session(bytes).map_err(|e| InferError::Load {
            backend: NAME,
            reason: e.to_string(),
            file: file.clone(),
        })?;
        let tensors = Tensors::new(file, expect, &ends(session.inputs()), &ends(session.outputs()))?;
        let mut net = Self { session, tensors };
        net.tensors.fill_inputs(0.5);
        net.compute()?;
        net.tensors.fill_inputs(0.0);
        Ok(net)
    }

    fn compute(&mut self) -> Result<(), InferError> {
        let file = self.tensors.file.clone();
        let failed =
            |e: &dyn Display| InferError::Run { backend: NAME, reason: e.to_string(), file: file.clone() };
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::with_capacity(1);
        for (spec, data) in self.tensors.inputs.iter().zip(&self.tensors.input_data) {
            let view = TensorRef::from_array_view((spec.shape.as_slice(), data.as_slice()));
            inputs.push((spec.name.as_str().into(), view.map_err(|e| failed(&e))?.into()));
        }
        let outputs = self.session.run(inputs).map_err(|e| failed(&e))?;
        for index in 0..self.tensors.outputs.len() {
            let name = self.tensors.outputs.get(index).map_or("", |spec| spec.name.as_str());
            let value = outputs.get(name).ok_or_else(|| failed(&format!("it gives no {name}")))?;
            let (shape, values) = value.try_extract_tensor::<f32>().map_err(|e| failed(&e))?;
            self.tensors.store(index, shape, values)?;
        }
        Ok(())
    }
}

impl Net for OrtNet {
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
