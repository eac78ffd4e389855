//! Networks in ONNX Runtime, loaded from a shared library at run time.

use std::borrow::Cow;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use ort::logging::LogLevel;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::session::{IoBinding, Session, SessionInputValue, SessionOutputs};
use ort::value::{Outlet, Tensor, TensorRef};

use super::tensors::{End, Expect, TensorSpec, Tensors};
use super::{InferError, Net, NetSource, Provider, RunOptions, library};

pub(super) const NAME: &str = "onnxruntime";

/// What to do about a library that can't be used: set-up's, and one that the user named.
const AGAIN: &str = "`omote setup` gets it again";
const OTHER: &str = "name a whole one of version 1.23 or newer in OMOTE_ORT_LIB, or unset it";

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
    /// `named` is whether the user named it. Before anything maps the file it is checked to be whole.
    pub(super) fn load(path: &Path, named: bool) -> Result<Self, InferError> {
        let remedy = if named { OTHER } else { AGAIN };
        let refused = |reason: String| InferError::Library { reason, remedy, path: path.to_owned() };
        let real = path.canonicalize().map_err(|e| refused(e.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(library) = loaded.as_ref() {
            return if library.path == real {
                Ok(library.clone())
            } else {
                Err(InferError::LibraryTaken { loaded: library.path.clone(), path: real })
            };
        }
        library::check(path).map_err(refused)?;
        let builder = ort::init_from(&real).map_err(|e| refused(e.to_string()))?;
        let environment =
            builder.with_name("omote").with_telemetry(false).build().map_err(|e| refused(e.to_string()))?;
        environment.set_log_level(LogLevel::Error);
        Ok(loaded.insert(Self { path: real, environment }).clone())
    }

    /// The providers that the library was built with.
    pub(super) fn providers(&self) -> Vec<Provider> {
        Provider::ALL.into_iter().filter(|p| self.has(*p)).collect()
    }

    fn has(&self, provider: Provider) -> bool {
        let there = match provider {
            Provider::TensorRt => ep::TensorRT::is_available(),
            Provider::Cuda => ep::CUDA::is_available(),
            Provider::DirectMl => ep::DirectML::is_available(),
            Provider::CoreMl => ep::CoreML::is_available(),
            Provider::OpenVino => ep::OpenVINO::is_available(),
            Provider::WebGpu => {
                return self.plug_in().is_some() || ep::WebGPU::is_available().unwrap_or(false);
            }
            Provider::Xnnpack => ep::XNNPACK::is_available(),
            Provider::Cpu => Ok(true),
        };
        there.unwrap_or(false)
    }

    /// The WebGPU plug-in library beside ONNX Runtime's, where there is one.
    fn plug_in(&self) -> Option<PathBuf> {
        let entries = std::fs::read_dir(self.path.parent()?).ok()?;
        let is_it = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.contains("onnxruntime_providers_webgpu") && !name.ends_with(".txt")
        };
        entries.filter_map(|entry| Some(entry.ok()?.path())).find(is_it)
    }

    /// Checks the providers' libraries beside this one, which it loads itself.
    fn check_providers(&self) -> Result<(), String> {
        let Some(entries) = self.path.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
            return Ok(());
        };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("libonnxruntime_providers_") && name.contains(".so") {
                library::check(&path).map_err(|reason| format!("{}: {reason}", path.display()))?;
            }
        }
        Ok(())
    }

    /// A builder whose networks run on the provider.
    fn on(&self, builder: SessionBuilder, options: &RunOptions) -> ort::Result<SessionBuilder> {
        let cache = options.cache.as_ref().map(|path| path.display().to_string());
        let one = |dispatch: ExecutionProviderDispatch| [dispatch.error_on_failure()];
        let dispatch = match options.provider {
            Provider::Cpu => return Ok(builder),
            Provider::TensorRt => {
                let mut trt = ep::TensorRT::default().with_fp16(options.half);
                if let Some(cache) = cache {
                    trt = trt.with_engine_cache(true).with_engine_cache_path(&cache);
                    trt = trt.with_timing_cache(true).with_timing_cache_path(cache);
                }
                trt.build()
            }
            Provider::Cuda => ep::CUDA::default().build(),
            Provider::DirectMl => ep::DirectML::default().build(),
            Provider::CoreMl => {
                let mut apple = ep::CoreML::default().with_low_precision_accumulation_on_gpu(options.half);
                if let Some(cache) = cache {
                    apple = apple.with_model_cache_dir(cache);
                }
                apple.build()
            }
            Provider::OpenVino => {
                let mut intel = ep::OpenVINO::default().with_device_type("AUTO");
                if options.half {
                    intel = intel.with_precision("FP16");
                }
                if let Some(cache) = cache {
                    intel = intel.with_cache_dir(cache);
                }
                intel.build()
            }
            Provider::WebGpu => match self.plug_in() {
                Some(library) => return self.plugged(builder, &library),
                None => ep::WebGPU::default().build(),
            },
            Provider::Xnnpack => {
                let threads =
                    std::num::NonZeroUsize::new(options.threads).unwrap_or(std::num::NonZeroUsize::MIN);
                ep::XNNPACK::default().with_intra_op_num_threads(threads).build()
            }
        };
        Ok(builder.with_execution_providers(one(dispatch))?)
    }

    /// A builder on the devices of a plug-in library, which is registered once a process.
    fn plugged(&self, builder: SessionBuilder, library: &Path) -> ort::Result<SessionBuilder> {
        static REGISTERED: Mutex<bool> = Mutex::new(false);
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        if !*registered {
            self.environment.register_ep_library(PLUG_IN, library)?;
            *registered = true;
        }
        let of_it = |device: &ort::device::Device<'_>| device.ep().is_ok_and(|name| name.contains("WebGpu"));
        let devices: Vec<_> = self.environment.devices().filter(of_it).take(1).collect();
        if devices.is_empty() {
            return Err(ort::Error::new("the plug-in library finds no GPU"));
        }
        Ok(builder.with_devices(devices, None)?)
    }

    fn session(&self, source: NetSource<'_>, options: &RunOptions) -> ort::Result<Session> {
        let builder = Session::builder(&self.environment)?
            .with_log_level(LogLevel::Error)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(options.threads.max(1))?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_inter_op_spinning(false)?;
        let mut builder = self.on(builder, options)?;
        match source {
            NetSource::File(path) => builder.commit_from_file(path),
            NetSource::Bytes { bytes, .. } => builder.commit_from_memory(bytes),
        }
    }
}

/// The name under which the plug-in library is registered.
const PLUG_IN: &str = "omote-webgpu";

/// A network in ONNX Runtime.
pub(super) struct OrtNet {
    session: Session,
    tensors: Tensors,
    /// Where a GPU computes: tensors that stay, bound once.
    bound: Option<Bound>,
}

/// Tensors that are used again for every run.
struct Bound {
    binding: IoBinding,
    inputs: Vec<Tensor<f32>>,
}

/// What the library said, without the file's name and the places in its own source.
fn plain(said: &str) -> String {
    let words = said.rsplit_once(" failed:").map_or(said, |(_, words)| words).trim();
    let words = match words.rsplit_once("] ") {
        Some((before, words)) if before.contains("onnxruntime") => words,
        _ => words,
    };
    match words.trim_end_matches('.') {
        "Protobuf parsing failed" => "it is damaged".to_owned(),
        words => words.to_owned(),
    }
}

/// What of a file is too new for the library, by what it said, and the latest that it knows.
fn newer(said: &str) -> Option<(String, u64)> {
    let number = |after: &str| {
        let rest = said.split_once(after)?.1.trim_start();
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    if let (Some(found), Some(most)) =
        (number("Unsupported model IR version:"), number("max supported IR version:"))
    {
        return Some((format!("file format {found}"), most));
    }
    let (found, most) = (number("opset versions. Opset")?, number("is till opset")?);
    Some((format!("operator set {found}"), most))
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
        source: NetSource<'_>,
        expect: &Expect<'_>,
        options: &RunOptions,
    ) -> Result<Self, InferError> {
        let provider = options.provider;
        if !provider.on_processor() {
            library.check_providers().map_err(|reason| InferError::Provider {
                provider,
                reason,
                file: file.clone(),
            })?;
        }
        let session = library.session(source, options).map_err(|e| match provider {
            _ if newer(&e.to_string()).is_some() => {
                let (found, most) = newer(&e.to_string()).unwrap_or_default();
                InferError::Newer { backend: "ONNX Runtime", found, most, file: file.clone() }
            }
            Provider::Cpu => {
                InferError::Load { backend: NAME, reason: plain(&e.to_string()), file: file.clone() }
            }
            _ => InferError::Provider { provider, reason: plain(&e.to_string()), file: file.clone() },
        })?;
        let tensors = Tensors::new(file, expect, &ends(session.inputs()), &ends(session.outputs()))?;
        let mut net = Self { session, tensors, bound: None };
        if !provider.on_processor() {
            net.bind()?;
        }
        net.tensors.fill_inputs(0.5);
        net.compute()?;
        net.tensors.fill_inputs(0.0);
        Ok(net)
    }

    fn failed(&self, e: &dyn Display) -> InferError {
        InferError::Run { backend: NAME, reason: e.to_string(), file: self.tensors.file.clone() }
    }

    /// Makes the tensors that stay. The library copies them to the device and back.
    fn bind(&mut self) -> Result<(), InferError> {
        let made = || -> ort::Result<Bound> {
            let mut binding = self.session.create_binding()?;
            let mut inputs = Vec::new();
            for spec in &self.tensors.inputs {
                inputs.push(Tensor::<f32>::new(self.session.allocator(), spec.shape.clone())?);
            }
            for spec in &self.tensors.outputs {
                let output = Tensor::<f32>::new(self.session.allocator(), spec.shape.clone())?;
                binding.bind_output(spec.name.as_str(), output)?;
            }
            Ok(Bound { binding, inputs })
        };
        self.bound = Some(made().map_err(|e| self.failed(&e))?);
        Ok(())
    }

    /// Runs on the tensors that stay.
    fn compute_bound(&mut self, bound: &mut Bound) -> Result<(), InferError> {
        for ((spec, data), tensor) in
            self.tensors.inputs.iter().zip(&self.tensors.input_data).zip(&mut bound.inputs)
        {
            tensor.extract_tensor_mut().1.copy_from_slice(data);
            bound.binding.bind_input(spec.name.as_str(), tensor).map_err(|e| self.failed(&e))?;
        }
        let file = self.tensors.file.clone();
        let failed =
            |e: &dyn Display| InferError::Run { backend: NAME, reason: e.to_string(), file: file.clone() };
        let outputs = self.session.run_binding(&bound.binding).map_err(|e| failed(&e))?;
        store(&mut self.tensors, &outputs, &failed)
    }

    fn compute(&mut self) -> Result<(), InferError> {
        if let Some(mut bound) = self.bound.take() {
            let done = self.compute_bound(&mut bound);
            self.bound = Some(bound);
            return done;
        }
        let file = self.tensors.file.clone();
        let failed =
            |e: &dyn Display| InferError::Run { backend: NAME, reason: e.to_string(), file: file.clone() };
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::with_capacity(1);
        for (spec, data) in self.tensors.inputs.iter().zip(&self.tensors.input_data) {
            let view = TensorRef::from_array_view((spec.shape.as_slice(), data.as_slice()));
            inputs.push((spec.name.as_str().into(), view.map_err(|e| failed(&e))?.into()));
        }
        let outputs = self.session.run(inputs).map_err(|e| failed(&e))?;
        store(&mut self.tensors, &outputs, &failed)
    }
}

/// Copies what a run gave.
fn store(
    tensors: &mut Tensors,
    outputs: &SessionOutputs<'_>,
    failed: &dyn Fn(&dyn Display) -> InferError,
) -> Result<(), InferError> {
    for index in 0..tensors.outputs.len() {
        let name = tensors.outputs.get(index).map_or("", |spec| spec.name.as_str());
        let value = outputs.get(name).ok_or_else(|| failed(&format!("it gives no {name}")))?;
        let (shape, values) = value.try_extract_tensor::<f32>().map_err(|e| failed(&e))?;
        tensors.store(index, shape, values)?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_library_says_loses_names_and_places() {
        for (said, expected) in [
            ("Load model from /x/a.onnx failed:Protobuf parsing failed.", "it is damaged"),
            (
                "Load model from a.onnx failed: Fatal error: x:Foo(-1) is not a registered function/op",
                "Fatal error: x:Foo(-1) is not a registered function/op",
            ),
            (
                "[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/core/a.cc:1 onnxruntime::X() [ShapeInferenceError] Mismatch",
                "Mismatch",
            ),
            ("the GPU is gone", "the GPU is gone"),
        ] {
            assert_eq!(plain(said), expected);
        }
    }

    #[test]
    fn a_newer_file_is_known_by_what_the_library_says() {
        for (said, expected) in [
            (
                "Load model from a.onnx failed: Unsupported model IR version: 20, max supported IR version: 13",
                Some(("file format 20".to_owned(), 13)),
            ),
            (
                "ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. \
                 Opset 30 is under development and support for this is limited. The operator schemas and or other \
                 functionality may change before next ONNX release and in this case ONNX Runtime will not guarantee \
                 backward compatibility. Current official support for domain ai.onnx is till opset 25.",
                Some(("operator set 30".to_owned(), 25)),
            ),
            ("Load model from a.onnx failed: Protobuf parsing failed.", None),
        ] {
            assert_eq!(newer(said), expected, "{said}");
        }
    }
}
