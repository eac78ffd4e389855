//! What set-up obtains: two wheels, pinned by version and SHA-256, and what is taken out of each.
//!
//! The hashes were computed from the files that PyPI serves. A wheel that does not match is refused,
//! and so is a member that does not match, so a change upstream is noticed and never run.

use omote_engine::infer::{self, models};

/// One file taken out of a wheel.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// Path inside the wheel.
    pub inside: &'a str,
    /// Path below the data folder, with `/` between its parts.
    pub to: &'a str,
    /// SHA-256 of the contents, hex.
    pub sha256: &'a str,
}

/// One pinned wheel.
#[derive(Clone, Copy, Debug)]
pub struct Wheel<'a> {
    /// The package's name on PyPI.
    pub package: &'a str,
    /// The package's version.
    pub version: &'a str,
    /// pip's platform tag. Python is always `cp311`: the files are the same for every version of it.
    pub platform: &'a str,
    /// File name of the wheel.
    pub file: &'a str,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the wheel, hex.
    pub sha256: &'a str,
    /// Why it is needed, for the progress line.
    pub why: &'a str,
    /// The files that are kept.
    pub members: &'a [Member<'a>],
}

/// The wheel that carries the face networks. They are data, the same on every system, so this one
/// Linux wheel serves all hosts. 0.10.21 is the last release that carries them.
pub(super) const MEDIAPIPE: Wheel<'static> = Wheel {
    package: "mediapipe",
    version: "0.10.21",
    platform: "manylinux_2_28_x86_64",
    file: "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    bytes: 35_622_638,
    sha256: "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    why: "the face detection and face mesh networks",
    members: &[
        Member {
            inside: "mediapipe/modules/face_detection/face_detection_short_range.tflite",
            to: "models/face_detection_short_range.tflite",
            sha256: models::DETECTOR_SHORT.sha256,
        },
        Member {
            inside: "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
            to: "models/face_detection_full_range_sparse.tflite",
            sha256: models::DETECTOR_FULL.sha256,
        },
        Member {
            inside: "mediapipe/modules/face_landmark/face_landmark.tflite",
            to: "models/face_landmark.tflite",
            sha256: models::MESH_468.sha256,
        },
        Member {
            inside: "mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
            to: "models/face_landmark_with_attention.tflite",
            sha256: models::MESH_478.sha256,
        },
        Member {
            inside: "mediapipe-0.10.21.dist-info/LICENSE",
            to: "licences/mediapipe-0.10.21/LICENSE",
            sha256: "8707eef0533987efc5b155d64761eeb6e20793f50b9bd1a68dad1cf4719d0ed8",
        },
    ],
};

/// ONNX Runtime's version, as pinned.
pub const ONNX_RUNTIME_VERSION: &str = "1.31.1";

const ORT_LICENCE_UNIX: Member<'static> = Member {
    inside: "onnxruntime/LICENSE",
    to: "licences/onnxruntime-1.31.1/LICENSE",
    sha256: "2f07c72751aed99790b8a4869cf2311df85a860b22ded05fa22803587a48922c",
};

const ORT_NOTICES_UNIX: Member<'static> = Member {
    inside: "onnxruntime/ThirdPartyNotices.txt",
    to: "licences/onnxruntime-1.31.1/ThirdPartyNotices.txt",
    sha256: "143764b952fdb1a7c69ce653bfba74a7744d6a8a573bfb73e235fba356c83de3",
};

const ORT_LINUX_X64: Wheel<'static> = Wheel {
    package: "onnxruntime",
    version: ONNX_RUNTIME_VERSION,
    platform: "manylinux_2_28_x86_64",
    file: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl",
    bytes: 23_753_652,
    sha256: "5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f",
    why: "the library that runs the networks",
    members: &[
        Member {
            inside: "onnxruntime/capi/libonnxruntime.so.1.31.1",
            to: "lib/libonnxruntime.so.1.31.1",
            sha256: infer::LINUX_X64.sha256,
        },
        ORT_LICENCE_UNIX,
        ORT_NOTICES_UNIX,
    ],
};

const ORT_LINUX_ARM64: Wheel<'static> = Wheel {
    platform: "manylinux_2_28_aarch64",
    file: "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_aarch64.whl",
    bytes: 21_413_526,
    sha256: "da05378364c44d4407e463982d2bf8d5e4cfea873283757e48beeb41df97b7f3",
    members: &[
        Member {
            inside: "onnxruntime/capi/libonnxruntime.so.1.31.1",
            to: "lib/libonnxruntime.so.1.31.1",
            sha256: infer::LINUX_ARM64.sha256,
        },
        ORT_LICENCE_UNIX,
        ORT_NOTICES_UNIX,
    ],
    ..ORT_LINUX_X64
};

const ORT_MACOS_ARM64: Wheel<'static> = Wheel {
    platform: "macosx_14_0_arm64",
    file: "onnxruntime-1.31.1-cp311-cp311-macosx_14_0_arm64.whl",
    bytes: 20_871_676,
    sha256: "60b6b69bfe580eab576cacc5d132a0e9cf2a37fcfd18d46dd191042b1d1ed0d7",
    members: &[
        Member {
            inside: "onnxruntime/capi/libonnxruntime.1.31.1.dylib",
            to: "lib/libonnxruntime.1.31.1.dylib",
            sha256: infer::MACOS_ARM64.sha256,
        },
        ORT_LICENCE_UNIX,
        ORT_NOTICES_UNIX,
    ],
    ..ORT_LINUX_X64
};

const ORT_WINDOWS_X64: Wheel<'static> = Wheel {
    platform: "win_amd64",
    file: "onnxruntime-1.31.1-cp311-cp311-win_amd64.whl",
    bytes: 14_885_761,
    sha256: "c3d91b5de31e2fc82d71bd65b2b22bddee8b49057a3a36338e9a868e0ea90c05",
    members: &[
        Member {
            inside: "onnxruntime/capi/onnxruntime.dll",
            to: "lib/onnxruntime.dll",
            sha256: infer::WINDOWS_X64.sha256,
        },
        // The Windows wheel's text files have CRLF line ends, hence hashes of their own.
        Member {
            inside: "onnxruntime/LICENSE",
            to: "licences/onnxruntime-1.31.1/LICENSE",
            sha256: "c250d6278f0b47a6439fb7592b08b58a55eb9f535aa49a1db63211c3f982b674",
        },
        Member {
            inside: "onnxruntime/ThirdPartyNotices.txt",
            to: "licences/onnxruntime-1.31.1/ThirdPartyNotices.txt",
            sha256: "c53a76501ef60db6f865f20599f220761201ac4057683acefdab37d861b86622",
        },
    ],
    ..ORT_LINUX_X64
};

/// ONNX Runtime for a host, named as `std::env::consts` names it. `None` where no wheel is pinned:
/// there the built-in runtime does the work, more slowly.
#[must_use]
pub fn onnx_runtime(os: &str, arch: &str) -> Option<Wheel<'static>> {
    match (os, arch) {
        ("linux", "x86_64") => Some(ORT_LINUX_X64),
        ("linux", "aarch64") => Some(ORT_LINUX_ARM64),
        ("macos", "aarch64") => Some(ORT_MACOS_ARM64),
        ("windows", "x86_64") => Some(ORT_WINDOWS_X64),
        _ => None,
    }
}

/// The wheels that this host needs.
pub(super) fn for_this_host() -> Vec<Wheel<'static>> {
    let mut wheels = vec![MEDIAPIPE];
    wheels.extend(onnx_runtime(std::env::consts::OS, std::env::consts::ARCH));
    wheels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_whole() {
        let hosts = [("linux", "x86_64"), ("linux", "aarch64"), ("macos", "aarch64"), ("windows", "x86_64")];
        let runtimes = hosts.map(|(os, arch)| onnx_runtime(os, arch).expect("pinned"));
        for wheel in runtimes.iter().chain([&MEDIAPIPE]) {
            let name = format!("{}-{}-cp311-cp311-{}.whl", wheel.package, wheel.version, wheel.platform);
            assert_eq!(wheel.file, name);
            let hashes =
                wheel.members.iter().map(|m| (m.inside, m.sha256)).chain([(wheel.file, wheel.sha256)]);
            for (file, hash) in hashes {
                assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{file}: {hash}");
            }
            assert!(
                wheel.members.iter().any(|m| m.to.starts_with("licences/")),
                "{}: no licence",
                wheel.file
            );
        }
        assert!(onnx_runtime("linux", "riscv64").is_none());
        for model in models::ALL {
            let inside = format!("mediapipe/modules/{}/{}", model.module, model.tflite_name());
            let member =
                MEDIAPIPE.members.iter().find(|member| member.inside == inside).expect("in the wheel");
            assert_eq!(member.to, format!("models/{}", model.tflite_name()));
            assert_eq!(member.sha256, model.sha256);
        }
    }
}
