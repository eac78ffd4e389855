//! Files: pictures, clips and videos of anybody's making are read here, and everything that Omote leaves on a disk is
//! written here, whole or not at all.
//!
//! ```
//! use omote_files::{output, source};
//! use omote_files::source::Source as _;
//!
//! # let folder = std::env::temp_dir().join(format!("omote-files-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let file = folder.join("grey.y4m");
//! output::write(&file, b"YUV4MPEG2 W2 H2 F25:1 C420jpeg\nFRAME\n\x80\x80\x80\x80\x80\x80", output::Options::default())?;
//! let mut clip = source::open(&file)?;
//! assert_eq!((clip.info().width, clip.info().height), (2, 2));
//! assert!(clip.next()?.is_some() && clip.next()?.is_none());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod hash;
pub mod output;
pub mod source;

pub use hash::{hash_bytes, hash_file};
