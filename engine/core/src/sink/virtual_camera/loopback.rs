//! Which v4l2loopback devices are there, and who holds them.

use crate::source::camera::Holder;
use std::path::PathBuf;

/// A v4l2loopback device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoopbackDevice {
    /// Its node, such as `/dev/video10`.
    pub path: PathBuf,
    /// The name that programs list it by, from the module's `card_label`.
    pub label: String,
    /// Whether nothing sends to it.
    pub free: bool,
    /// Whether it shows itself as a camera only while something sends to it, as browsers need it.
    pub exclusive_caps: bool,
    /// Whether a producer left it so that it takes nothing until the module is loaded anew.
    pub stuck: bool,
    /// The programs that have it open, as far as this user may see.
    pub holders: Vec<Holder>,
}

impl LoopbackDevice {
    /// Whether its name says that the picture is AI modified.
    pub(crate) fn says_modified(&self) -> bool {
        self.label.to_lowercase().contains("ai modified")
    }
}

/// ` (obs, process 1234; firefox, process 99)` for a message; nothing where nobody is seen.
#[cfg(all(target_os = "linux", feature = "v4l"))]
pub(super) fn named(holders: &[Holder]) -> String {
    if holders.is_empty() {
        return " (it can't be seen which: another user's)".to_owned();
    }
    let names: Vec<String> = holders.iter().map(|h| format!("{}, process {}", h.name, h.pid)).collect();
    format!(" ({})", names.join("; "))
}

/// The v4l2loopback devices, by their numbers. Empty where this build has no V4L2 (the feature `v4l`).
pub(crate) fn loopback_devices() -> Vec<LoopbackDevice> {
    #[cfg(all(target_os = "linux", feature = "v4l"))]
    return super::v4l2::devices();
    #[cfg(not(all(target_os = "linux", feature = "v4l")))]
    Vec::new()
}
