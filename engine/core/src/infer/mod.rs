//! Small neural networks on the CPU.
//!
//! A [`Runtime`] loads ONNX files as [`Net`]s: through ONNX Runtime where its library is given, through the pure-Rust
//! `rten` otherwise. The same file runs in both. Only this module names either of them; no type of theirs is public.
//! [`models`] knows the networks that tracking uses, and [`models::convert_file`] makes their ONNX files.

#[cfg(test)]
mod convert_tests;
mod error;
mod library;
pub mod models;
mod ort;
mod provider;
mod rten;
mod tensors;
#[cfg(test)]
pub(crate) mod tests;

use std::path::Path;

pub use error::InferError;
#[doc(hidden)]
pub use library::{LINUX_ARM64, LINUX_X64, MACOS_ARM64, Pinned, WINDOWS_X64};
pub(crate) use omote_onnx::attention;
#[doc(hidden)]
pub use omote_onnx::{
    ConvertError, Element, Graph, GraphEnd, GraphError, GraphTensor, skim, skim_bytes, stand_in,
};
pub use provider::Provider;
#[doc(hidden)]
pub use provider::RunOptions;
#[doc(hidden)]
pub use tensors::{Expect, Spec, TensorSpec};

/// Environment variable that names the ONNX Runtime library where the caller names none.
#[doc(hidden)]
pub const LIBRARY_VARIABLE: &str = "OMOTE_ORT_LIB";

/// A loaded network: fixed shapes, f32, buffers made once.
///
/// Fill the inputs, run, read the outputs. A `Net` belongs to one thread at a time; it may move between threads.
#[doc(hidden)]
pub trait Net: Send {
    /// Who computes: `"onnxruntime"` or `"rten"`.
    fn backend(&self) -> &'static str;

    /// The inputs, in the order that the caller expected them in.
    fn inputs(&self) -> &[TensorSpec];

    /// The outputs, in the order that the caller expected them in.
    fn outputs(&self) -> &[TensorSpec];

    /// The elements of an input, row-major (images: NCHW). Kept between runs; starts as zeros.
    /// Empty where there is no input of this number.
    fn input_mut(&mut self, index: usize) -> &mut [f32];

    /// Computes the outputs.
    ///
    /// # Errors
    /// [`InferError::Run`] where the backend fails, [`InferError::NotFinite`] where an output holds NaN or an
    /// infinity. The outputs are then not to be used.
    fn run(&mut self) -> Result<(), InferError>;

    /// The elements of an output after [`Net::run`], row-major. Empty where there is no output of this number.
    fn output(&self, index: usize) -> &[f32];
}

/// Where a network comes from.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum NetSource<'a> {
    /// An ONNX file.
    File(&'a Path),
    /// The bytes of one.
    Bytes {
        /// What messages call it.
        name: &'a str,
        /// The whole file.
        bytes: &'a [u8],
    },
}

/// Loads networks. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runtime(Backend);

#[derive(Debug, Clone)]
enum Backend {
    Ort(ort::Library),
    Rten,
}

impl Runtime {
    /// Picks the backend: ONNX Runtime from the file that `OMOTE_ORT_LIB` names, else from `library`, else `rten`.
    /// Says in the log which and why. A library that is named but unusable is an error, not a reason to fall back.
    ///
    /// # Errors
    /// [`InferError::Library`] where the library is missing, cut short, damaged, older than 1.23 or no ONNX Runtime;
    /// [`InferError::LibraryTaken`] where the process has loaded another one before.
    pub fn discover(library: Option<&Path>) -> Result<Self, InferError> {
        let variable = std::env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty());
        let (path, why) = match (library, variable.as_deref()) {
            (_, Some(path)) => (Path::new(path), LIBRARY_VARIABLE),
            (Some(path), None) => (path, "as asked"),
            (None, None) => {
                log::info!(
                    "networks run in rten: no ONNX Runtime library was named, nor is {LIBRARY_VARIABLE} set"
                );
                return Ok(Self::portable());
            }
        };
        let library = ort::Library::load(path, why == LIBRARY_VARIABLE)?;
        log::info!("networks run in ONNX Runtime ({why}): {}", path.display());
        Ok(Self(Backend::Ort(library)))
    }

    /// The pure-Rust backend, which is always there.
    #[must_use]
    pub fn portable() -> Self {
        Self(Backend::Rten)
    }

    /// Who computes: `"onnxruntime"` or `"rten"`.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        match self.0 {
            Backend::Ort(_) => ort::NAME,
            Backend::Rten => rten::NAME,
        }
    }

    /// The providers that the library at hand was built with, the usually quicker ones first. Whether one works on this
    /// machine shows only when a network is loaded with it.
    #[must_use]
    pub fn providers(&self) -> Vec<Provider> {
        match &self.0 {
            Backend::Ort(library) => library.providers(),
            Backend::Rten => vec![Provider::Cpu],
        }
    }

    /// Loads a network, checks its inputs and outputs against what the caller expects, and runs it once to warm up.
    ///
    /// # Errors
    /// [`InferError::Missing`], [`InferError::Read`], [`InferError::Load`], and [`InferError::Shape`] or
    /// [`InferError::Node`] where it is another network than the expected one.
    #[doc(hidden)]
    pub fn load(&self, source: NetSource<'_>, expect: &Expect<'_>) -> Result<Box<dyn Net>, InferError> {
        self.load_with(source, expect, &RunOptions::default())
    }

    /// As [`Runtime::load`], run as `options` say.
    ///
    /// # Errors
    /// As [`Runtime::load`], and [`InferError::Provider`] where the provider is not there or does not work.
    #[doc(hidden)]
    pub fn load_with(
        &self,
        source: NetSource<'_>,
        expect: &Expect<'_>,
        options: &RunOptions,
    ) -> Result<Box<dyn Net>, InferError> {
        let file = match source {
            NetSource::Bytes { name, .. } => name.to_owned(),
            NetSource::File(path) => path.display().to_string(),
        };
        let read = |path: &Path| {
            std::fs::read(path).map_err(|source| match source.kind() {
                std::io::ErrorKind::NotFound => InferError::Missing { file: file.clone() },
                _ => InferError::Read { file: file.clone(), source },
            })
        };
        match (&self.0, source) {
            (Backend::Ort(library), source) => {
                if let NetSource::File(path) = source
                    && !path.exists()
                {
                    return Err(InferError::Missing { file });
                }
                Ok(Box::new(ort::OrtNet::load(library, file, source, expect, options)?))
            }
            (Backend::Rten, _) if options.provider != Provider::Cpu => Err(InferError::Provider {
                provider: options.provider,
                reason: "it needs an ONNX Runtime library, and none is loaded".to_owned(),
                file,
            }),
            (Backend::Rten, NetSource::Bytes { bytes, .. }) => {
                Ok(Box::new(rten::RtenNet::load(file, bytes.to_vec(), expect)?))
            }
            (Backend::Rten, NetSource::File(path)) => {
                let bytes = read(path)?;
                Ok(Box::new(rten::RtenNet::load(file, bytes, expect)?))
            }
        }
    }
}
