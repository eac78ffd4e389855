//! The structs of `src/ffi.rs` against libobs' real headers, by a C program that prints what the compiler sees.

#![cfg(target_os = "linux")]

#[path = "../src/ffi.rs"]
mod ffi;

use std::mem::{align_of, offset_of, size_of};
use std::path::Path;
use std::process::Command;

/// Name in C, and what Rust says.
type Row = (String, usize);

macro_rules! rows {
    ($type:ident: $(($rust:ident, $c:literal)),*) => {{
        let mut rows: Vec<Row> = vec![(format!("sizeof(struct {})", stringify!($type)), size_of::<ffi::$type>())];
        $(rows.push((
            format!("offsetof(struct {}, {})", stringify!($type), $c),
            offset_of!(ffi::$type, $rust),
        ));)*
        rows
    }};
}

fn rows() -> Vec<Row> {
    let mut all = rows!(obs_source_info: (id, "id"), (kind, "type"), (output_flags, "output_flags"),
        (get_name, "get_name"), (create, "create"), (destroy, "destroy"), (get_width, "get_width"),
        (get_height, "get_height"), (get_defaults, "get_defaults"), (get_properties, "get_properties"),
        (update, "update"), (activate, "activate"), (deactivate, "deactivate"), (show, "show"), (hide, "hide"),
        (video_tick, "video_tick"), (video_render, "video_render"), (filter_video, "filter_video"),
        (filter_audio, "filter_audio"), (save, "save"), (load, "load"), (filter_remove, "filter_remove"),
        (type_data, "type_data"), (audio_render, "audio_render"), (icon_type, "icon_type"), (media, "media_play_pause"),
        (version, "version"), (unversioned_id, "unversioned_id"), (missing_files, "missing_files"),
        (video_get_color_space, "video_get_color_space"));
    all.extend(rows!(obs_source_frame: (data, "data"), (linesize, "linesize"), (width, "width"),
        (height, "height"), (timestamp, "timestamp"), (format, "format"), (color_matrix, "color_matrix"),
        (full_range, "full_range"), (max_luminance, "max_luminance"), (color_range_min, "color_range_min"),
        (color_range_max, "color_range_max"), (flip, "flip"), (flags, "flags"), (trc, "trc"), (refs, "refs"),
        (prev_frame, "prev_frame")));
    all.extend(rows!(calldata: (stack, "stack"), (size, "size"), (capacity, "capacity"), (fixed, "fixed")));
    all.push(("sizeof(struct vec4)".to_owned(), size_of::<ffi::vec4>()));
    all.push(("_Alignof(struct vec4)".to_owned(), align_of::<ffi::vec4>()));
    let numbers: [(&str, u32); 37] = [
        ("OBS_SOURCE_TYPE_INPUT", ffi::SOURCE_TYPE_INPUT as u32),
        ("OBS_SOURCE_TYPE_FILTER", ffi::SOURCE_TYPE_FILTER as u32),
        ("OBS_SOURCE_VIDEO", ffi::SOURCE_VIDEO),
        ("OBS_SOURCE_AUDIO", ffi::SOURCE_AUDIO),
        ("OBS_SOURCE_ASYNC", ffi::SOURCE_ASYNC),
        ("OBS_SOURCE_CUSTOM_DRAW", ffi::SOURCE_CUSTOM_DRAW),
        ("OBS_SOURCE_DO_NOT_DUPLICATE", ffi::SOURCE_DO_NOT_DUPLICATE),
        ("OBS_SOURCE_SRGB", ffi::SOURCE_SRGB),
        ("OBS_ICON_TYPE_CAMERA", ffi::ICON_CAMERA as u32),
        ("VIDEO_FORMAT_I420", ffi::FORMAT_I420 as u32),
        ("VIDEO_FORMAT_NV12", ffi::FORMAT_NV12 as u32),
        ("VIDEO_FORMAT_YUY2", ffi::FORMAT_YUY2 as u32),
        ("VIDEO_FORMAT_BGRA", ffi::FORMAT_BGRA as u32),
        ("VIDEO_FORMAT_I444", ffi::FORMAT_I444 as u32),
        ("VIDEO_FORMAT_I422", ffi::FORMAT_I422 as u32),
        ("VIDEO_CS_601", ffi::CS_601 as u32),
        ("VIDEO_CS_709", ffi::CS_709 as u32),
        ("VIDEO_RANGE_PARTIAL", ffi::RANGE_PARTIAL as u32),
        ("VIDEO_RANGE_FULL", ffi::RANGE_FULL as u32),
        ("LOG_ERROR", ffi::LOG_ERROR as u32),
        ("LOG_WARNING", ffi::LOG_WARNING as u32),
        ("LOG_INFO", ffi::LOG_INFO as u32),
        ("LOG_DEBUG", ffi::LOG_DEBUG as u32),
        ("GS_BGRA", ffi::GS_BGRA as u32),
        ("GS_ZS_NONE", ffi::GS_ZS_NONE as u32),
        ("GS_DYNAMIC", ffi::GS_DYNAMIC),
        ("GS_CLEAR_COLOR", ffi::GS_CLEAR_COLOR),
        ("GS_BLEND_ZERO", ffi::GS_BLEND_ZERO as u32),
        ("GS_BLEND_ONE", ffi::GS_BLEND_ONE as u32),
        ("OBS_EFFECT_DEFAULT", ffi::EFFECT_DEFAULT as u32),
        ("OBS_COMBO_TYPE_LIST", ffi::COMBO_LIST as u32),
        ("OBS_COMBO_FORMAT_STRING", ffi::COMBO_STRING as u32),
        ("OBS_PATH_FILE", ffi::PATH_FILE as u32),
        ("OBS_TEXT_INFO", ffi::TEXT_INFO as u32),
        ("OBS_TEXT_INFO_WARNING", ffi::INFO_WARNING as u32),
        ("OBS_GROUP_NORMAL", ffi::GROUP_NORMAL as u32),
        ("OBS_BUTTON_URL", ffi::BUTTON_URL as u32),
    ];
    all.extend(numbers.map(|(name, number)| (name.to_owned(), number as usize)));
    all
}

#[test]
fn structs_and_numbers_are_those_of_the_headers() {
    let headers = ["/usr/include/obs", "/usr/include"].map(Path::new);
    let found = headers.iter().find(|folder| folder.join("obs-module.h").exists());
    let Some(folder) = found else {
        assert!(
            std::env::var_os("REQUIRE_OBS").is_none(),
            "REQUIRE_OBS is set, but libobs' headers are missing"
        );
        println!("SKIPPED: libobs' headers are not installed (Debian: libobs-dev)");
        return;
    };
    let rows = rows();
    let prints: String = rows.iter().map(|(c, _)| format!("P({c});\n")).collect();
    let program = format!(
        "#include <stddef.h>\n#include <stdio.h>\n#include <obs-module.h>\n\
         #define P(x) printf(\"%zu\\n\", (size_t)(x))\nint main(void) {{\n{prints}return 0; }}\n"
    );
    let scratch = tempfile::tempdir().expect("a folder");
    let (source, binary) = (scratch.path().join("layout.c"), scratch.path().join("layout"));
    std::fs::write(&source, program).expect("written");
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    let built =
        compiler.arg("-I").arg(folder).arg("-o").arg(&binary).arg(&source).output().expect("a compiler");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let said = Command::new(&binary).output().expect("it runs").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let real: Vec<usize> = said.lines().map(|line| line.parse().expect("a number")).collect();
    assert_eq!(real.len(), rows.len());
    // A later version may append to a struct, but moves nothing.
    for ((name, ours), real) in rows.iter().zip(real) {
        match name.starts_with("sizeof(struct obs_source_") {
            true => assert!(*ours <= real, "{name}: ours {ours}, really {real}"),
            false => assert_eq!(*ours, real, "{name}"),
        }
    }
    println!("{} sizes, offsets and numbers agree with {}", rows.len(), folder.display());
}
