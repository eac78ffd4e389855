//! What a virtual camera does, to be shown while it runs on another thread.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Carrier, VirtualFormat};
use crate::source::Rate;
use crate::source::camera::holding;

#[derive(Debug)]
struct Shared {
    carrier: Carrier,
    node: String,
    shown: String,
    size: (u32, u32),
    asked: (u32, u32),
    format: VirtualFormat,
    rate: Rate,
    sent: AtomicU64,
    linked: AtomicBool,
    open: AtomicBool,
}

/// A virtual camera as it is now; clones look at the same one, also after it is closed.
#[derive(Clone, Debug)]
pub struct VirtualStatus {
    shared: Arc<Shared>,
}

/// What was set up, from which a status is made.
pub(super) struct Opened {
    pub(super) carrier: Carrier,
    pub(super) node: String,
    pub(super) shown: String,
    pub(super) size: (u32, u32),
    pub(super) asked: (u32, u32),
    pub(super) format: VirtualFormat,
    pub(super) rate: Rate,
}

impl VirtualStatus {
    #[cfg_attr(
        not(all(target_os = "linux", any(feature = "v4l", feature = "pipewire"))),
        expect(dead_code, reason = "without a carrier no camera is opened")
    )]
    pub(super) fn new(opened: Opened) -> Self {
        let Opened { carrier, node, shown, size, asked, format, rate } = opened;
        let (sent, linked, open) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(true));
        Self {
            shared: Arc::new(Shared { carrier, node, shown, size, asked, format, rate, sent, linked, open }),
        }
    }

    /// What carries the pictures.
    pub fn carrier(&self) -> Carrier {
        self.shared.carrier
    }

    /// Path of the device (v4l2loopback) or name of the node (PipeWire).
    pub fn node(&self) -> &str {
        &self.shared.node
    }

    /// The name that other programs list it by. v4l2loopback's was given when the module was loaded.
    pub fn shown_name(&self) -> &str {
        &self.shared.shown
    }

    /// Whether the shown name says that the picture is AI modified.
    pub fn says_modified(&self) -> bool {
        self.shared.shown.to_lowercase().contains("ai modified")
    }

    /// Width and height in pixels that readers get.
    pub fn size(&self) -> (u32, u32) {
        self.shared.size
    }

    /// Width and height that were asked for; the device may be held at another size by its readers.
    pub fn asked_size(&self) -> (u32, u32) {
        self.shared.asked
    }

    /// The samples that readers get.
    pub fn format(&self) -> VirtualFormat {
        self.shared.format
    }

    /// The frame rate that readers are told.
    pub fn rate(&self) -> Rate {
        self.shared.rate
    }

    /// Different frames given to the device, or to PipeWire's readers.
    pub fn frames_sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Whether the sink is still open.
    pub fn is_open(&self) -> bool {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// How many other programs have the camera open, as far as this user may see; for PipeWire 1 stands for
    /// any number. Nothing where that can't be known. This looks through `/proc`, which takes
    /// milliseconds: ask about once a second, not for every frame.
    pub fn readers(&self) -> Option<u32> {
        if !self.is_open() {
            return Some(0);
        }
        match self.shared.carrier {
            Carrier::PipeWire => Some(u32::from(self.shared.linked.load(Ordering::Relaxed))),
            Carrier::V4l2Loopback => {
                let own = std::process::id();
                let others = holding(Path::new(&self.shared.node))?.iter().filter(|h| h.pid != own).count();
                u32::try_from(others).ok()
            }
        }
    }

    /// In one line: `v4l2loopback /dev/video10 "Omote (AI modified)", YUYV 1280x720 at 30`.
    pub fn describe(&self) -> String {
        self.to_string()
    }

    #[cfg_attr(
        not(all(target_os = "linux", any(feature = "v4l", feature = "pipewire"))),
        expect(dead_code, reason = "without a carrier no camera is opened")
    )]
    pub(super) fn count(&self) {
        self.shared.sent.fetch_add(1, Ordering::Relaxed);
    }

    #[cfg(all(target_os = "linux", feature = "pipewire"))]
    pub(super) fn set_linked(&self, linked: bool) {
        self.shared.linked.store(linked, Ordering::Relaxed);
    }

    pub(super) fn close(&self) {
        self.shared.linked.store(false, Ordering::Relaxed);
        self.shared.open.store(false, Ordering::Relaxed);
    }
}

impl fmt::Display for VirtualStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { carrier, node, shown, size, format, rate, asked, .. } = &*self.shared;
        let (width, height) = size;
        write!(f, "{carrier} {node} \"{shown}\", {format} {width}x{height} at {rate}")?;
        if size != asked {
            write!(f, " (asked for: {}x{})", asked.0, asked.1)?;
        }
        Ok(())
    }
}
