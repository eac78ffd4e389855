//! The networks that tracking uses: names, sizes, hashes, contracts, and where they lie.
//!
//! All four come from the PyPI package `mediapipe` 0.10.21 (Apache-2.0), folder `mediapipe/modules`. Set-up gets the
//! package, checks each file against [`ModelFile::sha256`] and stores [`convert_file`]'s result beside it.

use std::path::{Path, PathBuf};

#[doc(hidden)]
pub use omote_files::{hash_bytes, hash_file};

use super::attention::{CHANNELS, HEADS, MAP, PATCH, POINT_VALUES, SLOT};
use super::{ConvertError, Expect, InferError, Net, NetSource, Runtime, Spec};

/// One network.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFile {
    /// File name without extension.
    pub stem: &'static str,
    /// Folder of the `.tflite` file inside the package's `mediapipe/modules`.
    pub module: &'static str,
    /// Size of the `.tflite` file in bytes.
    pub bytes: u64,
    /// SHA-256 of the `.tflite` file, lower-case hexadecimal.
    pub sha256: &'static str,
    /// Inputs and outputs of each converted file: one, or two of a network that is run in two parts. Images are NCHW, RGB.
    pub parts: &'static [Expect<'static>],
}

impl ModelFile {
    /// Name of the file as it comes.
    #[must_use]
    pub fn tflite_name(&self) -> String {
        format!("{}.tflite", self.stem)
    }

    /// Names of the converted files, one a part.
    #[must_use]
    pub fn onnx_names(&self) -> Vec<String> {
        (0..self.parts.len()).map(|part| onnx_name(self.stem, part)).collect()
    }

    /// Loads a part out of the networks' folder.
    ///
    /// # Errors
    /// As [`Runtime::load`]; [`InferError::Missing`] where the network has no such part.
    pub fn load(&self, runtime: &Runtime, folder: &Path, part: usize) -> Result<Box<dyn Net>, InferError> {
        let path = folder.join(onnx_name(self.stem, part));
        let Some(expect) = self.parts.get(part) else {
            return Err(InferError::Missing { file: path.display().to_string() });
        };
        runtime.load(NetSource::File(&path), expect)
    }
}

/// Name of a part's converted file.
#[doc(hidden)]
#[must_use]
pub fn onnx_name(stem: &str, part: usize) -> String {
    match part {
        0 => format!("{stem}.onnx"),
        _ => format!("{stem}.{}.onnx", part + 1),
    }
}

const fn image(name: &'static str, shape: &'static [usize]) -> Spec<'static> {
    Spec { name, shape }
}

/// Face detector for near faces: image −1..1, boxes and key points of 896 anchors, score logits.
#[doc(hidden)]
pub const DETECTOR_SHORT: ModelFile = ModelFile {
    stem: "face_detection_short_range",
    module: "face_detection",
    bytes: 229_714,
    sha256: "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    parts: &[Expect {
        inputs: &[image("input", &[1, 3, 128, 128])],
        outputs: &[
            Spec { name: "regressors", shape: &[1, 896, 16] },
            Spec { name: "classificators", shape: &[1, 896, 1] },
        ],
    }],
};

/// Face detector for small and distant faces: image −1..1, boxes and key points of 2304 anchors, score logits.
#[doc(hidden)]
pub const DETECTOR_FULL: ModelFile = ModelFile {
    stem: "face_detection_full_range_sparse",
    module: "face_detection",
    bytes: 676_746,
    sha256: "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    parts: &[Expect {
        inputs: &[image("input_1", &[1, 3, 192, 192])],
        outputs: &[
            Spec { name: "Identity", shape: &[1, 2304, 16] },
            Spec { name: "Identity_1", shape: &[1, 2304, 1] },
        ],
    }],
};

/// Face mesh of 468 points: image 0..1, x y z in crop pixels 0..192, face flag logit.
#[doc(hidden)]
pub const MESH_468: ModelFile = ModelFile {
    stem: "face_landmark",
    module: "face_landmark",
    bytes: 1_242_398,
    sha256: "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    parts: &[Expect {
        inputs: &[image("input_1", &[1, 3, 192, 192])],
        outputs: &[
            Spec { name: "conv2d_21", shape: &[1, 1, 1, 1404] },
            Spec { name: "conv2d_31", shape: &[1, 1, 1, 1] },
        ],
    }],
};

/// Face mesh with attention, 478 points with irises: as [`MESH_468`], and finer x y of lips, eyes and irises. The first part
/// gives a feature map besides; the second takes patches of it, one head's channels behind the other's, and gives x y in
/// quarters of a patch's pixels, each head's and then each iris's filled up with zeros (both maps channels-last;
/// `infer::attention` cuts the patches and carries the points over).
#[doc(hidden)]
pub const MESH_478: ModelFile = ModelFile {
    stem: "face_landmark_with_attention",
    module: "face_landmark",
    bytes: 2_495_106,
    sha256: "e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
    parts: &[
        Expect {
            inputs: &[image("input_1", &[1, 3, 192, 192])],
            outputs: &[
                Spec { name: "output_mesh_identity", shape: &[1, 1, 1, 1404] },
                Spec { name: "conv_faceflag", shape: &[1, 1, 1, 1] },
                Spec { name: "features", shape: &[1, MAP, MAP, CHANNELS] },
            ],
        },
        Expect {
            inputs: &[Spec { name: "patches", shape: &[1, PATCH, PATCH, HEADS.len() * CHANNELS] }],
            outputs: &[
                Spec { name: "points", shape: &[1, HEADS.len() * POINT_VALUES, 1, 1] },
                Spec { name: "irises", shape: &[1, 2 * SLOT, 1, 1] },
            ],
        },
    ],
};

/// All networks that set-up gets.
#[doc(hidden)]
pub const ALL: [ModelFile; 4] = [DETECTOR_SHORT, DETECTOR_FULL, MESH_468, MESH_478];

/// The ONNX files for the bytes of one of the `.tflite` files, one a part. Takes milliseconds; always gives the same bytes.
///
/// # Errors
/// [`ConvertError`] where the bytes are damaged or of a network with operators the converter doesn't know.
#[doc(hidden)]
pub fn convert_file(tflite: &[u8]) -> Result<Vec<Vec<u8>>, ConvertError> {
    omote_onnx::convert(tflite)
}

/// Environment variable that moves the data folder.
#[doc(hidden)]
pub const DATA_VARIABLE: &str = "OMOTE_DATA";

/// The user's data folder: what `OMOTE_DATA` names, else `omote` in the system's place for user data
/// (Linux: `~/.local/share/omote`). None where the system knows no home folder. It may not exist yet.
#[must_use]
pub fn data_dir() -> Option<PathBuf> {
    match std::env::var_os(DATA_VARIABLE).filter(|v| !v.is_empty()) {
        Some(path) => Some(path.into()),
        None => directories::BaseDirs::new().map(|dirs| dirs.data_dir().join("omote")),
    }
}

/// The folder of the networks inside a data folder.
#[must_use]
pub fn models_dir(data: &Path) -> PathBuf {
    data.join("models")
}

/// The ONNX Runtime library that set-up put into a data folder; the newest by its version where there are several.
#[doc(hidden)]
#[must_use]
pub fn library(data: &Path) -> Option<PathBuf> {
    super::library::newest(&data.join("lib"))
}
