//! Execution providers: who computes a large network.

use std::path::PathBuf;

/// An execution provider of ONNX Runtime. Which of them work depends on the library that is loaded and on the machine.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Provider {
    /// NVIDIA's TensorRT; builds an engine for the card once, which takes minutes.
    TensorRt,
    /// NVIDIA cards.
    Cuda,
    /// Any card under Windows.
    DirectMl,
    /// Apple's GPU and neural engine.
    CoreMl,
    /// Intel's processors, GPUs and neural units.
    OpenVino,
    /// Any GPU, by a plug-in library beside ONNX Runtime's.
    WebGpu,
    /// Quick kernels for ARM and x86 processors.
    Xnnpack,
    /// The processor, by ONNX Runtime's own kernels, or `rten`'s. Always there.
    #[default]
    Cpu,
}

impl Provider {
    /// Every provider, the usually quicker ones first.
    pub const ALL: [Self; 8] = [
        Self::TensorRt,
        Self::Cuda,
        Self::DirectMl,
        Self::CoreMl,
        Self::OpenVino,
        Self::WebGpu,
        Self::Xnnpack,
        Self::Cpu,
    ];

    /// Its name as people write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::TensorRt => "TensorRT",
            Self::Cuda => "CUDA",
            Self::DirectMl => "DirectML",
            Self::CoreMl => "CoreML",
            Self::OpenVino => "OpenVINO",
            Self::WebGpu => "WebGPU",
            Self::Xnnpack => "XNNPACK",
            Self::Cpu => "CPU",
        }
    }

    /// Its name on a command line: the title in small letters.
    #[must_use]
    pub fn name(self) -> String {
        self.title().to_ascii_lowercase()
    }

    /// The provider of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.title().eq_ignore_ascii_case(name.trim()))
    }

    /// Whether it computes on the processor, so that tensors need not travel.
    #[doc(hidden)]
    #[must_use]
    pub fn on_processor(self) -> bool {
        matches!(self, Self::Cpu | Self::Xnnpack)
    }

    /// Whether it can compute in half precision on its own account.
    #[doc(hidden)]
    #[must_use]
    pub fn has_half(self) -> bool {
        matches!(self, Self::TensorRt | Self::OpenVino | Self::CoreMl)
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.title())
    }
}

/// How a network is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// Who computes.
    pub provider: Provider,
    /// Threads on the processor, 1 or more.
    pub threads: usize,
    /// Half precision where the provider has it; whether the results are still good is for a self-test to say.
    pub half: bool,
    /// Where engines that take long to build are kept, for providers that build them.
    pub cache: Option<PathBuf>,
}

impl Default for RunOptions {
    /// One thread on the processor: right for small networks beside other work.
    fn default() -> Self {
        Self { provider: Provider::Cpu, threads: 1, half: false, cache: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for p in Provider::ALL {
            assert_eq!(Provider::named(&p.name()), Some(p));
            assert_eq!(Provider::named(p.title()), Some(p));
        }
        assert_eq!(Provider::named("gpu"), None);
    }
}
