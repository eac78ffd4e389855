//! The painted masks that ship with Omote, drawn by its own code: a producer of personas, beside the fictional
//! composites of `omote-persona`.
//!
//! ```
//! use omote_masks::{Mask, paint};
//!
//! let picture = paint(Mask::Kitsune, 32);
//! assert_eq!(picture.rgba.len(), 32 * 32 * 4);
//! ```

pub mod built_in;
mod paint;

pub use paint::{Mask, Painted, paint};
