//! Our structures and numbers against the kernel's header, by a C program that prints what the compiler sees.

use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use super::*;

/// An expression in C, and what Rust says.
type Row = (String, u64);

macro_rules! rows {
    ($type:ident as $c_type:literal: $($rust:ident $c:literal),*) => {{
        let mut rows: Vec<Row> =
            vec![(concat!("sizeof(struct ", $c_type, ")").to_owned(), size_of::<$type>() as u64)];
        $(rows.push((
            concat!("offsetof(struct ", $c_type, ", ", $c, ")").to_owned(),
            offset_of!($type, $rust) as u64,
        ));)*
        rows
    }};
}

macro_rules! numbers {
    ($($c:literal $rust:expr),* $(,)?) => { [$(($c.to_owned(), u64::from($rust))),*] };
}

fn structs() -> Vec<Row> {
    [
        rows!(Capability as "v4l2_capability": driver "driver", card "card", bus_info "bus_info",
            version "version", capabilities "capabilities", device_caps "device_caps", reserved "reserved"),
        rows!(FormatDescription as "v4l2_fmtdesc": index "index", kind "type", flags "flags",
            description "description", pixelformat "pixelformat", reserved "reserved"),
        rows!(PixFormat as "v4l2_pix_format": width "width", height "height", pixelformat "pixelformat",
            field "field", bytesperline "bytesperline", sizeimage "sizeimage", colorspace "colorspace",
            private "priv", flags "flags", ycbcr_enc "ycbcr_enc", quantization "quantization",
            xfer_func "xfer_func"),
        rows!(Format as "v4l2_format": kind "type", pix "fmt.pix"),
        rows!(Fraction as "v4l2_fract": numerator "numerator", denominator "denominator"),
        rows!(StreamParameters as "v4l2_streamparm": kind "type", capability "parm.capture.capability",
            mode "parm.capture.capturemode", timeperframe "parm.capture.timeperframe",
            extendedmode "parm.capture.extendedmode", buffers "parm.capture.readbuffers",
            timeperframe "parm.output.timeperframe", buffers "parm.output.writebuffers"),
        rows!(RequestBuffers as "v4l2_requestbuffers": count "count", kind "type", memory "memory",
            capabilities "capabilities"),
        rows!(Buffer as "v4l2_buffer": index "index", kind "type", bytesused "bytesused", flags "flags",
            field "field", timestamp "timestamp", timecode "timecode", sequence "sequence", memory "memory",
            offset "m.offset", length "length", reserved2 "reserved2", request_fd "request_fd"),
        rows!(FrameSize as "v4l2_frmsizeenum": index "index", pixel_format "pixel_format", kind "type",
            size "discrete", size "stepwise", reserved "reserved"),
        rows!(FrameInterval as "v4l2_frmivalenum": index "index", pixel_format "pixel_format", width "width",
            height "height", kind "type", interval "discrete", interval "stepwise", reserved "reserved"),
    ]
    .concat()
}

/// Members of the unions, from the union's beginning: those that are read must lie as they are read.
fn union_members() -> [Row; 10] {
    numbers! {
        "offsetof(struct v4l2_frmsize_discrete, height)" 4u32,
        "offsetof(struct v4l2_frmsize_stepwise, max_width)" 4u32,
        "offsetof(struct v4l2_frmsize_stepwise, step_width)" 8u32,
        "offsetof(struct v4l2_frmsize_stepwise, min_height)" 12u32,
        "offsetof(struct v4l2_frmsize_stepwise, max_height)" 16u32,
        "offsetof(struct v4l2_frmsize_stepwise, step_height)" 20u32,
        "offsetof(struct v4l2_frmival_stepwise, min)" 0u32,
        "offsetof(struct v4l2_frmival_stepwise, max)" 8u32,
        "offsetof(struct v4l2_frmival_stepwise, step)" 16u32,
        "sizeof(enum v4l2_buf_type)" size_of::<c_int>() as u32,
    }
}

fn requests() -> Vec<Row> {
    macro_rules! request_rows {
        ($($c:literal $request:ident),* $(,)?) => { vec![$(($c.to_owned(), u64::from($request::NUMBER))),*] };
    }
    request_rows! {
        "VIDIOC_QUERYCAP" QueryCapability,
        "VIDIOC_ENUM_FMT" EnumerateFormats,
        "VIDIOC_G_FMT" GetFormat,
        "VIDIOC_S_FMT" SetFormat,
        "VIDIOC_REQBUFS" RequestBufferCount,
        "VIDIOC_QUERYBUF" QueryBuffer,
        "VIDIOC_QBUF" QueueBuffer,
        "VIDIOC_DQBUF" DequeueBuffer,
        "VIDIOC_STREAMON" StreamOn,
        "VIDIOC_STREAMOFF" StreamOff,
        "VIDIOC_G_PARM" GetParameters,
        "VIDIOC_S_PARM" SetParameters,
        "VIDIOC_ENUM_FRAMESIZES" EnumerateSizes,
        "VIDIOC_ENUM_FRAMEINTERVALS" EnumerateIntervals,
    }
}

fn constants() -> [Row; 23] {
    numbers! {
        "V4L2_BUF_TYPE_VIDEO_CAPTURE" CAPTURE,
        "V4L2_BUF_TYPE_VIDEO_OUTPUT" OUTPUT,
        "V4L2_MEMORY_MMAP" MEMORY_MMAP,
        "V4L2_FIELD_ANY" FIELD_ANY,
        "V4L2_FIELD_NONE" FIELD_NONE,
        "V4L2_CAP_VIDEO_CAPTURE" CAP_VIDEO_CAPTURE,
        "V4L2_CAP_VIDEO_OUTPUT" CAP_VIDEO_OUTPUT,
        "V4L2_CAP_VIDEO_CAPTURE_MPLANE" CAP_VIDEO_CAPTURE_MPLANE,
        "V4L2_CAP_STREAMING" CAP_STREAMING,
        "V4L2_CAP_DEVICE_CAPS" CAP_DEVICE_CAPS,
        "V4L2_BUF_FLAG_ERROR" BUF_FLAG_ERROR,
        "V4L2_BUF_FLAG_TIMESTAMP_MASK" BUF_FLAG_TIMESTAMP_MASK,
        "V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC" BUF_FLAG_TIMESTAMP_MONOTONIC,
        "V4L2_COLORSPACE_REC709" COLORSPACE_REC709,
        "V4L2_COLORSPACE_JPEG" COLORSPACE_JPEG,
        "V4L2_YCBCR_ENC_709" YCBCR_ENC_709,
        "V4L2_QUANTIZATION_FULL_RANGE" QUANTIZATION_FULL_RANGE,
        "V4L2_FRMSIZE_TYPE_DISCRETE" TYPE_DISCRETE,
        "V4L2_FRMSIZE_TYPE_CONTINUOUS" TYPE_CONTINUOUS,
        "V4L2_FRMSIZE_TYPE_STEPWISE" TYPE_STEPWISE,
        "V4L2_FRMIVAL_TYPE_DISCRETE" TYPE_DISCRETE,
        "V4L2_FRMIVAL_TYPE_CONTINUOUS" TYPE_CONTINUOUS,
        "V4L2_FRMIVAL_TYPE_STEPWISE" TYPE_STEPWISE,
    }
}

#[test]
fn structures_and_numbers_are_those_of_the_kernels_header() {
    if !Path::new("/usr/include/linux/videodev2.h").exists() {
        println!("SKIPPED: the kernel's headers are not installed (Debian: linux-libc-dev)");
        return;
    }
    let rows = [structs(), union_members().into(), requests(), constants().into()].concat();
    let prints: String = rows.iter().map(|(c, _)| format!("P({c});\n")).collect();
    // Request numbers are `int` or `unsigned long` by their sign; the kernel takes 32 bits.
    let program = format!(
        "#include <stddef.h>\n#include <stdio.h>\n#include <linux/videodev2.h>\n\
         #define P(x) printf(\"%u\\n\", (unsigned)(x))\nint main(void) {{\n{prints}return 0; }}\n"
    );
    let scratch = tempfile::tempdir().unwrap();
    let (source, binary) = (scratch.path().join("layout.c"), scratch.path().join("layout"));
    std::fs::write(&source, program).unwrap();
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    let Ok(built) = compiler.arg("-o").arg(&binary).arg(&source).output() else {
        println!("SKIPPED: there is no C compiler");
        return;
    };
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let printed = Command::new(&binary).output().unwrap().stdout;
    let real: Vec<u64> =
        String::from_utf8_lossy(&printed).lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(real.len(), rows.len());
    let wrong: Vec<String> = rows
        .iter()
        .zip(&real)
        .filter(|((_, ours), real)| ours != *real)
        .map(|((c, ours), real)| format!("{c}: ours {ours}, really {real}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the header says on 64-bit machines, for those that have no header.
#[test]
#[cfg(target_pointer_width = "64")]
fn structures_have_the_kernels_sizes() {
    let sizes = [
        size_of::<Capability>(),
        size_of::<FormatDescription>(),
        size_of::<PixFormat>(),
        size_of::<Format>(),
        size_of::<StreamParameters>(),
        size_of::<RequestBuffers>(),
        size_of::<Buffer>(),
        size_of::<FrameSize>(),
        size_of::<FrameInterval>(),
    ];
    assert_eq!(sizes, [104, 64, 48, 208, 204, 20, 88, 44, 52]);
}
