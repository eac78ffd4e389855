//! What caches of textures go by: whose memory it is, and which texels are in it.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// The identity of a texture's memory; no other texture of this process has it.
///
/// The results that a swap model makes of one face, one after the other, share one id: a cache keeps one place for all of
/// them. What lies there is told by the [`TextureVersion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextureId(NonZeroU64);

/// A state of a texture's texels; no other texels of this process have it. Copies of a texture share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextureVersion(NonZeroU64);

impl TextureId {
    /// An id that nothing had before.
    pub(super) fn fresh() -> Self {
        Self(next())
    }

    /// The id of a number of the test's choice; 0 counts as 1.
    #[cfg(test)]
    pub(crate) fn numbered(number: u64) -> Self {
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }
}

impl TextureVersion {
    /// A version that nothing had before.
    pub(super) fn fresh() -> Self {
        Self(next())
    }

    /// The version of a number of the test's choice; 0 counts as 1.
    #[cfg(test)]
    pub(crate) fn numbered(number: u64) -> Self {
        Self(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }
}

/// The one counter of ids and versions.
fn next() -> NonZeroU64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // 64 bits don't run out.
    NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).unwrap_or(NonZeroU64::MIN)
}
