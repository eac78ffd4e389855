//! The wgpu device and the passes' pipelines. Nothing else creates a device.

mod buffer;
#[doc(hidden)]
pub mod quiet;

pub(crate) use buffer::{Buffers, Slot};

use omote_shaders::{Binding, PASSES, wgsl};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Which adapters may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapters {
    /// Real GPUs only.
    Hardware,
    /// Real GPUs first, then software ones (for tests, or on the user's word).
    Any,
}

/// Why there is no GPU to work with.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// No adapter of the wanted kind.
    #[error(
        "no {wanted} was found{software}; install the graphics driver (Linux: mesa-vulkan-drivers or the maker's), or use --backend cpu"
    )]
    NoAdapter {
        /// What was looked for.
        wanted: &'static str,
        /// What was passed over.
        software: String,
    },
    /// The driver refused a device.
    #[error("{adapter} gave no device: {reason}; update its driver, or use --backend cpu")]
    NoDevice {
        /// The adapter's name.
        adapter: String,
        /// The driver's words.
        reason: String,
    },
    /// A shader or pipeline was refused.
    #[error("{adapter} refused pass {pass}: {reason}")]
    Pipeline {
        /// The adapter's name.
        adapter: String,
        /// The pass.
        pass: &'static str,
        /// The driver's words.
        reason: String,
    },
    /// The device is gone, or does not answer.
    #[error("{adapter} was lost: {reason}")]
    Lost {
        /// The adapter's name.
        adapter: String,
        /// The driver's words.
        reason: String,
    },
    /// The region needs a larger buffer than the device has.
    #[error("a buffer of {bytes} bytes is more than {adapter} allows ({limit})")]
    TooLarge {
        /// The adapter's name.
        adapter: String,
        /// Bytes needed.
        bytes: u64,
        /// Bytes allowed.
        limit: u64,
    },
}

/// What is known of the adapter in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterName {
    /// Name, driver and interface, for people.
    pub name: String,
    /// Whether it is a program on the CPU rather than a GPU.
    pub software: bool,
}

/// An open device with every pass's pipelines. Clones share the device.
#[derive(Clone)]
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    adapter: AdapterName,
    entries: HashMap<&'static str, wgpu::ComputePipeline>,
    layouts: HashMap<&'static str, wgpu::BindGroupLayout>,
    lost: Arc<AtomicBool>,
    fault: Arc<Mutex<Option<String>>>,
}

fn instance() -> wgpu::Instance {
    wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env())
}

fn name_of(info: &wgpu::AdapterInfo) -> AdapterName {
    let driver = format!("{} {}", info.driver, info.driver_info);
    AdapterName {
        name: format!("{} ({:?}, {})", info.name, info.backend, driver.trim()),
        software: info.device_type == wgpu::DeviceType::Cpu,
    }
}

/// Whether the passes can run on it.
fn computes(adapter: &wgpu::Adapter) -> bool {
    adapter.get_downlevel_capabilities().flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
        && adapter.limits().max_storage_buffers_per_shader_stage >= 5
}

/// Real GPUs first, and among equals the newer interface.
fn rank(adapter: &wgpu::Adapter) -> (u8, u8) {
    let info = adapter.get_info();
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    (kind, u8::from(info.backend == wgpu::Backend::Gl))
}

/// Every adapter that can compute, best first. `WGPU_BACKEND` narrows the choice.
fn ranked(instance: &wgpu::Instance) -> Vec<wgpu::Adapter> {
    let mut all = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    all.retain(computes);
    all.sort_by_key(rank);
    all
}

/// The packages that bring a graphics driver to a Linux system without a maker's own.
pub const DRIVERS: &str = "sudo apt install mesa-vulkan-drivers libegl1 libgl1-mesa-dri";

/// The adapter that a window is drawn with: the best that can draw on its surface, and of these first those that the
/// passes can run on too.
///
/// # Errors
/// What is missing and what brings it, where none can.
#[doc(hidden)]
pub fn for_surface(
    adapters: &[wgpu::Adapter],
    surface: Option<&wgpu::Surface<'_>>,
) -> Result<wgpu::Adapter, String> {
    let fits = |a: &&wgpu::Adapter| {
        surface.is_none_or(|s| a.is_surface_supported(s) && !s.get_capabilities(a).formats.is_empty())
    };
    let best = adapters.iter().filter(fits).min_by_key(|a| (!computes(a), rank(a)));
    best.cloned().ok_or_else(|| {
        let names: Vec<String> = adapters.iter().map(|a| name_of(&a.get_info()).name).collect();
        match &names[..] {
            [] => format!(
                "no graphics driver was found, neither for Vulkan nor for OpenGL; install one: `{DRIVERS}`"
            ),
            names => format!(
                "the graphics driver can't draw on this display ({}); install another: `{DRIVERS}`",
                names.join(", ")
            ),
        }
    })
}

/// What is asked of an adapter's device.
pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    wgpu::DeviceDescriptor {
        label: Some("omote"),
        required_features: adapter.features() & wgpu::Features::TIMESTAMP_QUERY,
        required_limits: adapter.limits(),
        ..wgpu::DeviceDescriptor::default()
    }
}

/// Names of all adapters that could run the passes, best first.
pub fn adapters() -> Vec<AdapterName> {
    let _quiet = quiet::Quiet::begin();
    ranked(&instance()).iter().map(|a| name_of(&a.get_info())).collect()
}

impl Gpu {
    /// Opens the best adapter and builds every pipeline.
    ///
    /// # Errors
    /// [`GpuError`] where no adapter, device or pipeline is to be had.
    pub fn open(which: Adapters) -> Result<Self, GpuError> {
        let mut gpu = Self::bare(which)?;
        gpu.build()?;
        log::info!("GPU: {}", gpu.adapter.name);
        Ok(gpu)
    }

    /// Opens the adapter of a name that [`adapters`] gives, and builds every pipeline.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_named(name: &str) -> Result<Self, GpuError> {
        let mut gpu = Self::device("graphics adapter of this name", |a| a.name == name)?;
        gpu.build()?;
        Ok(gpu)
    }

    /// The device that a window is drawn with, for the passes too. Nothing where they can't run on it, or it is a
    /// program on the processor: there the CPU backend is faster.
    ///
    /// # Errors
    /// [`GpuError`] where a pipeline is refused.
    pub fn of_window(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Option<Self>, GpuError> {
        let name = name_of(&adapter.get_info());
        log::info!("window on: {}", name.name);
        if name.software || !computes(adapter) {
            return Ok(None);
        }
        let mut gpu = Self::around(name, device, queue);
        gpu.build()?;
        Ok(Some(gpu))
    }

    /// The best adapter's device without pipelines.
    fn bare(which: Adapters) -> Result<Self, GpuError> {
        match which {
            Adapters::Any => Self::device("graphics adapter", |_| true),
            Adapters::Hardware => Self::device("hardware GPU", |a| !a.software),
        }
    }

    /// The device of the best adapter that fits.
    fn device(wanted: &'static str, fits: impl Fn(&AdapterName) -> bool) -> Result<Self, GpuError> {
        let _quiet = quiet::Quiet::begin();
        let instance = instance();
        let all = ranked(&instance);
        let passed_over: Vec<String> = all.iter().map(|a| name_of(&a.get_info()).name).collect();
        let opened =
            all.into_iter().find(|a| fits(&name_of(&a.get_info()))).ok_or_else(|| GpuError::NoAdapter {
                wanted,
                software: match passed_over.first() {
                    Some(name) => format!(" (only {name})"),
                    None => String::new(),
                },
            })?;
        let name = name_of(&opened.get_info());
        let (device, queue) = pollster::block_on(opened.request_device(&device_descriptor(&opened)))
            .map_err(|e| GpuError::NoDevice { adapter: name.name.clone(), reason: e.to_string() })?;
        Ok(Self::around(name, device, queue))
    }

    /// A device without pipelines, whose faults are heard.
    fn around(adapter: AdapterName, device: wgpu::Device, queue: wgpu::Queue) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let fault = Arc::new(Mutex::new(None));
        let (flag, words) = (Arc::clone(&lost), Arc::clone(&fault));
        device.set_device_lost_callback(move |reason, text| {
            if reason != wgpu::DeviceLostReason::Destroyed {
                flag.store(true, Ordering::Release);
                note(&words, format!("{reason:?}: {text}"));
            }
        });
        let words = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| note(&words, e.to_string())));
        Self { device, queue, adapter, entries: HashMap::new(), layouts: HashMap::new(), lost, fault }
    }

    fn build(&mut self) -> Result<(), GpuError> {
        for pass in PASSES {
            let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
            let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(pass.name),
                entries: &bindings(pass.bindings),
            });
            let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(pass.name),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(pass.name),
                source: wgpu::ShaderSource::Wgsl(wgsl(pass.name).unwrap_or_default().into()),
            });
            for entry in pass.entry_points {
                let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(entry),
                    layout: Some(&pipeline_layout),
                    module: &module,
                    entry_point: Some(entry),
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                    cache: None,
                });
                self.entries.insert(entry, pipeline);
            }
            self.layouts.insert(pass.name, layout);
            if let Some(e) = pollster::block_on(scope.pop()) {
                let adapter = self.adapter.name.clone();
                return Err(GpuError::Pipeline { adapter, pass: pass.name, reason: e.to_string() });
            }
        }
        Ok(())
    }

    /// The adapter in use.
    pub fn adapter(&self) -> &AdapterName {
        &self.adapter
    }

    /// The pipeline of an entry point.
    pub(crate) fn pipeline(&self, entry: &'static str) -> Option<&wgpu::ComputePipeline> {
        self.entries.get(entry)
    }

    /// The bind group layout of a pass.
    pub(crate) fn layout(&self, pass: &'static str) -> Option<&wgpu::BindGroupLayout> {
        self.layouts.get(pass)
    }

    /// Error for a device that is gone or misbehaves, if one was reported.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        let fault = self.fault.lock().ok().and_then(|mut f| f.take());
        if self.lost.load(Ordering::Acquire) || fault.is_some() {
            return Err(self.lost_because(fault.unwrap_or_else(|| "device lost".to_owned())));
        }
        Ok(())
    }

    pub(crate) fn lost_because(&self, reason: String) -> GpuError {
        GpuError::Lost { adapter: self.adapter.name.clone(), reason }
    }
}

fn note(words: &Mutex<Option<String>>, text: String) {
    log::warn!("GPU: {text}");
    if let Ok(mut w) = words.lock() {
        *w = Some(text);
    }
}

fn bindings(kinds: &[Binding]) -> Vec<wgpu::BindGroupLayoutEntry> {
    (0u32..)
        .zip(kinds)
        .map(|(binding, kind)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match kind {
                    Binding::Uniform => wgpu::BufferBindingType::Uniform,
                    Binding::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Binding::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect()
}
