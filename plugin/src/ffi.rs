//! What is used of libobs, written by hand after its headers (version 29, the only one it was run with).
//!
//! No library is named: inside OBS the symbols are there. `tests/layout.rs` compares sizes and offsets with
//! the real headers.

#![expect(unsafe_code, reason = "declares libobs' functions")]
#![allow(dead_code, reason = "the layout test and the host take parts of it")]

use std::ffi::{c_char, c_int, c_longlong, c_void};

macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[repr(C)]
        pub(crate) struct $name {
            private: [u8; 0],
        }
    )*};
}

opaque! {
    obs_data_t obs_source_t obs_module_t obs_properties_t obs_property_t obs_hotkey_t lookup_t
    gs_effect_t gs_eparam_t gs_texture_t gs_texrender_t gs_stagesurf_t proc_handler_t
}

pub(crate) type Data = *mut c_void;
type Plain = Option<unsafe extern "C" fn(Data)>;
type Unused = Option<unsafe extern "C" fn()>;

pub(crate) const SOURCE_TYPE_INPUT: c_int = 0;
pub(crate) const SOURCE_TYPE_FILTER: c_int = 1;
pub(crate) const SOURCE_VIDEO: u32 = 1;
pub(crate) const SOURCE_AUDIO: u32 = 1 << 1;
pub(crate) const SOURCE_ASYNC: u32 = 1 << 2;
pub(crate) const SOURCE_CUSTOM_DRAW: u32 = 1 << 3;
pub(crate) const SOURCE_DO_NOT_DUPLICATE: u32 = 1 << 7;
pub(crate) const SOURCE_SRGB: u32 = 1 << 15;
pub(crate) const ICON_CAMERA: c_int = 9;

/// `struct obs_source_info`.
#[repr(C)]
pub(crate) struct obs_source_info {
    pub(crate) id: *const c_char,
    pub(crate) kind: c_int,
    pub(crate) output_flags: u32,
    pub(crate) get_name: Option<unsafe extern "C" fn(Data) -> *const c_char>,
    pub(crate) create: Option<unsafe extern "C" fn(*mut obs_data_t, *mut obs_source_t) -> Data>,
    pub(crate) destroy: Plain,
    pub(crate) get_width: Option<unsafe extern "C" fn(Data) -> u32>,
    pub(crate) get_height: Option<unsafe extern "C" fn(Data) -> u32>,
    pub(crate) get_defaults: Option<unsafe extern "C" fn(*mut obs_data_t)>,
    pub(crate) get_properties: Option<unsafe extern "C" fn(Data) -> *mut obs_properties_t>,
    pub(crate) update: Option<unsafe extern "C" fn(Data, *mut obs_data_t)>,
    pub(crate) activate: Plain,
    pub(crate) deactivate: Plain,
    pub(crate) show: Plain,
    pub(crate) hide: Plain,
    pub(crate) video_tick: Option<unsafe extern "C" fn(Data, f32)>,
    pub(crate) video_render: Option<unsafe extern "C" fn(Data, *mut gs_effect_t)>,
    pub(crate) filter_video: Unused,
    pub(crate) filter_audio: Unused,
    pub(crate) enum_active_sources: Unused,
    pub(crate) save: Unused,
    pub(crate) load: Unused,
    pub(crate) mouse_click: Unused,
    pub(crate) mouse_move: Unused,
    pub(crate) mouse_wheel: Unused,
    pub(crate) focus: Unused,
    pub(crate) key_click: Unused,
    pub(crate) filter_remove: Option<unsafe extern "C" fn(Data, *mut obs_source_t)>,
    pub(crate) type_data: Data,
    pub(crate) free_type_data: Plain,
    pub(crate) audio_render: Unused,
    pub(crate) enum_all_sources: Unused,
    pub(crate) transition_start: Unused,
    pub(crate) transition_stop: Unused,
    pub(crate) get_defaults2: Unused,
    pub(crate) get_properties2: Unused,
    pub(crate) audio_mix: Unused,
    pub(crate) icon_type: c_int,
    pub(crate) media: [Unused; 9],
    pub(crate) version: u32,
    pub(crate) unversioned_id: *const c_char,
    pub(crate) missing_files: Unused,
    pub(crate) video_get_color_space: Unused,
}

/// `struct obs_source_frame`.
#[repr(C)]
#[derive(Clone)]
pub(crate) struct obs_source_frame {
    pub(crate) data: [*mut u8; 8],
    pub(crate) linesize: [u32; 8],
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) timestamp: u64,
    pub(crate) format: c_int,
    pub(crate) color_matrix: [f32; 16],
    pub(crate) full_range: bool,
    pub(crate) max_luminance: u16,
    pub(crate) color_range_min: [f32; 3],
    pub(crate) color_range_max: [f32; 3],
    pub(crate) flip: bool,
    pub(crate) flags: u8,
    pub(crate) trc: u8,
    pub(crate) refs: std::ffi::c_long,
    pub(crate) prev_frame: bool,
}

pub(crate) const FORMAT_I420: c_int = 1;
pub(crate) const FORMAT_NV12: c_int = 2;
pub(crate) const FORMAT_YUY2: c_int = 4;
pub(crate) const FORMAT_BGRA: c_int = 7;
pub(crate) const FORMAT_I444: c_int = 10;
pub(crate) const FORMAT_I422: c_int = 12;
pub(crate) const CS_601: c_int = 1;
pub(crate) const CS_709: c_int = 2;
pub(crate) const RANGE_PARTIAL: c_int = 1;
pub(crate) const RANGE_FULL: c_int = 2;

/// `struct calldata`.
#[repr(C)]
pub(crate) struct calldata {
    pub(crate) stack: *mut u8,
    pub(crate) size: usize,
    pub(crate) capacity: usize,
    pub(crate) fixed: bool,
}

/// `struct obs_websocket_request_callback` of obs-websocket's API.
#[repr(C)]
pub(crate) struct websocket_callback {
    pub(crate) callback: Option<unsafe extern "C" fn(*mut obs_data_t, *mut obs_data_t, *mut c_void)>,
    pub(crate) private: *mut c_void,
}

/// `struct vec4`, which libobs reads with aligned instructions.
#[repr(C, align(16))]
pub(crate) struct vec4(pub(crate) [f32; 4]);

pub(crate) const LOG_ERROR: c_int = 100;
pub(crate) const LOG_WARNING: c_int = 200;
pub(crate) const LOG_INFO: c_int = 300;
pub(crate) const LOG_DEBUG: c_int = 400;

pub(crate) const GS_BGRA: c_int = 5;
pub(crate) const GS_ZS_NONE: c_int = 0;
pub(crate) const GS_DYNAMIC: u32 = 2;
pub(crate) const GS_CLEAR_COLOR: u32 = 1;
pub(crate) const GS_BLEND_ZERO: c_int = 0;
pub(crate) const GS_BLEND_ONE: c_int = 1;
pub(crate) const EFFECT_DEFAULT: c_int = 0;

pub(crate) const COMBO_LIST: c_int = 2;
pub(crate) const COMBO_STRING: c_int = 3;
pub(crate) const PATH_FILE: c_int = 0;
pub(crate) const TEXT_DEFAULT: c_int = 0;
pub(crate) const TEXT_INFO: c_int = 3;
pub(crate) const GROUP_NORMAL: c_int = 1;
pub(crate) const INFO_WARNING: c_int = 1;
pub(crate) const BUTTON_URL: c_int = 1;

pub(crate) type Clicked = unsafe extern "C" fn(*mut obs_properties_t, *mut obs_property_t, Data) -> bool;
pub(crate) type Modified =
    unsafe extern "C" fn(*mut obs_properties_t, *mut obs_property_t, *mut obs_data_t) -> bool;
pub(crate) type Pressed = unsafe extern "C" fn(Data, usize, *mut obs_hotkey_t, bool);

// Those marked `safe` take numbers only. libobs looks itself whether it runs, whether the graphics context is held and
// whether it knows the number, and does nothing otherwise.
#[cfg_attr(windows, link(name = "obs", kind = "raw-dylib"))]
unsafe extern "C" {
    pub(crate) fn blog(level: c_int, format: *const c_char, ...);
    pub(crate) fn bfree(memory: *mut c_void);
    pub(crate) fn obs_register_source_s(info: *const obs_source_info, size: usize);
    pub(crate) fn obs_get_module_data_path(module: *mut obs_module_t) -> *const c_char;
    pub(crate) fn obs_module_load_locale(
        module: *mut obs_module_t,
        default: *const c_char,
        locale: *const c_char,
    ) -> *mut lookup_t;
    pub(crate) fn text_lookup_destroy(lookup: *mut lookup_t);
    pub(crate) fn text_lookup_getstr(
        lookup: *mut lookup_t,
        key: *const c_char,
        text: *mut *const c_char,
    ) -> bool;

    pub(crate) safe fn obs_enter_graphics();
    pub(crate) safe fn obs_leave_graphics();
    pub(crate) safe fn obs_get_base_effect(which: c_int) -> *mut gs_effect_t;
    pub(crate) fn gs_effect_get_param_by_name(effect: *mut gs_effect_t, n: *const c_char)
    -> *mut gs_eparam_t;
    pub(crate) fn gs_effect_set_texture_srgb(param: *mut gs_eparam_t, texture: *mut gs_texture_t);
    pub(crate) fn gs_effect_loop(effect: *mut gs_effect_t, technique: *const c_char) -> bool;
    pub(crate) fn gs_draw_sprite(texture: *mut gs_texture_t, flip: u32, width: u32, height: u32);
    pub(crate) fn gs_clear(flags: u32, colour: *const vec4, depth: f32, stencil: u8);
    pub(crate) safe fn gs_ortho(left: f32, right: f32, top: f32, bottom: f32, near: f32, far: f32);
    pub(crate) safe fn gs_blend_state_push();
    pub(crate) safe fn gs_blend_state_pop();
    pub(crate) safe fn gs_blend_function(source: c_int, destination: c_int);
    pub(crate) safe fn gs_set_linear_srgb(on: bool) -> bool;
    pub(crate) safe fn gs_enable_framebuffer_srgb(on: bool);
    pub(crate) safe fn gs_framebuffer_srgb_enabled() -> bool;
    pub(crate) safe fn gs_texrender_create(format: c_int, depth: c_int) -> *mut gs_texrender_t;
    pub(crate) fn gs_texrender_destroy(render: *mut gs_texrender_t);
    pub(crate) fn gs_texrender_begin(render: *mut gs_texrender_t, width: u32, height: u32) -> bool;
    pub(crate) fn gs_texrender_end(render: *mut gs_texrender_t);
    pub(crate) fn gs_texrender_reset(render: *mut gs_texrender_t);
    pub(crate) fn gs_texrender_get_texture(render: *const gs_texrender_t) -> *mut gs_texture_t;
    pub(crate) safe fn gs_stagesurface_create(width: u32, height: u32, format: c_int) -> *mut gs_stagesurf_t;
    pub(crate) fn gs_stagesurface_destroy(surface: *mut gs_stagesurf_t);
    pub(crate) fn gs_stagesurface_map(s: *mut gs_stagesurf_t, data: *mut *mut u8, linesize: *mut u32)
    -> bool;
    pub(crate) fn gs_stagesurface_unmap(surface: *mut gs_stagesurf_t);
    pub(crate) fn gs_stage_texture(to: *mut gs_stagesurf_t, from: *mut gs_texture_t);
    pub(crate) fn gs_texture_create(
        width: u32,
        height: u32,
        format: c_int,
        levels: u32,
        data: *const *const u8,
        flags: u32,
    ) -> *mut gs_texture_t;
    pub(crate) fn gs_texture_destroy(texture: *mut gs_texture_t);
    pub(crate) fn gs_texture_set_image(t: *mut gs_texture_t, data: *const u8, linesize: u32, invert: bool);

    pub(crate) fn obs_source_output_video(source: *mut obs_source_t, frame: *const obs_source_frame);
    pub(crate) fn obs_source_set_async_unbuffered(source: *mut obs_source_t, on: bool);
    pub(crate) fn obs_source_get_name(source: *const obs_source_t) -> *const c_char;
    pub(crate) fn obs_source_get_settings(source: *const obs_source_t) -> *mut obs_data_t;
    pub(crate) fn obs_source_update(source: *mut obs_source_t, settings: *mut obs_data_t);
    pub(crate) fn obs_source_update_properties(source: *mut obs_source_t);
    pub(crate) fn obs_source_get_output_flags(source: *const obs_source_t) -> u32;
    pub(crate) fn obs_source_get_base_width(source: *mut obs_source_t) -> u32;
    pub(crate) fn obs_source_get_base_height(source: *mut obs_source_t) -> u32;
    pub(crate) fn obs_source_default_render(source: *mut obs_source_t);
    pub(crate) fn obs_source_video_render(source: *mut obs_source_t);
    pub(crate) fn obs_source_set_sync_offset(source: *mut obs_source_t, nanoseconds: i64);
    pub(crate) fn obs_source_release(source: *mut obs_source_t);
    pub(crate) fn obs_filter_get_target(filter: *const obs_source_t) -> *mut obs_source_t;
    pub(crate) fn obs_filter_get_parent(filter: *const obs_source_t) -> *mut obs_source_t;
    pub(crate) fn obs_get_source_by_name(name: *const c_char) -> *mut obs_source_t;
    pub(crate) fn obs_enum_sources(each: unsafe extern "C" fn(Data, *mut obs_source_t) -> bool, param: Data);
    pub(crate) fn obs_hotkey_register_source(
        source: *mut obs_source_t,
        name: *const c_char,
        description: *const c_char,
        pressed: Pressed,
        data: Data,
    ) -> usize;
    pub(crate) safe fn obs_hotkey_unregister(id: usize);
    pub(crate) fn video_format_get_parameters(
        space: c_int,
        range: c_int,
        matrix: *mut f32,
        least: *mut f32,
        most: *mut f32,
    ) -> bool;

    pub(crate) fn obs_data_release(data: *mut obs_data_t);
    pub(crate) fn obs_data_erase(data: *mut obs_data_t, name: *const c_char);
    pub(crate) fn obs_data_get_string(data: *mut obs_data_t, name: *const c_char) -> *const c_char;
    pub(crate) fn obs_data_get_double(data: *mut obs_data_t, name: *const c_char) -> f64;
    pub(crate) fn obs_data_get_int(data: *mut obs_data_t, name: *const c_char) -> c_longlong;
    pub(crate) fn obs_data_get_bool(data: *mut obs_data_t, name: *const c_char) -> bool;
    pub(crate) fn obs_data_set_string(data: *mut obs_data_t, name: *const c_char, value: *const c_char);
    pub(crate) fn obs_data_set_int(data: *mut obs_data_t, name: *const c_char, value: c_longlong);
    pub(crate) fn obs_data_set_double(data: *mut obs_data_t, name: *const c_char, value: f64);
    pub(crate) fn obs_data_set_bool(data: *mut obs_data_t, name: *const c_char, value: bool);
    pub(crate) fn obs_data_set_default_string(d: *mut obs_data_t, name: *const c_char, v: *const c_char);
    pub(crate) fn obs_data_set_default_int(data: *mut obs_data_t, name: *const c_char, value: c_longlong);
    pub(crate) fn obs_data_set_default_double(data: *mut obs_data_t, name: *const c_char, value: f64);
    pub(crate) fn obs_data_set_default_bool(data: *mut obs_data_t, name: *const c_char, value: bool);

    pub(crate) safe fn obs_properties_create() -> *mut obs_properties_t;
    pub(crate) fn obs_properties_get(p: *mut obs_properties_t, name: *const c_char) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_bool(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_float_slider(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        least: f64,
        most: f64,
        step: f64,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_int_slider(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        least: c_int,
        most: c_int,
        step: c_int,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_text(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        kind: c_int,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_path(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        kind: c_int,
        filter: *const c_char,
        default: *const c_char,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_list(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        kind: c_int,
        format: c_int,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_button2(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        clicked: Clicked,
        data: Data,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_properties_add_group(
        to: *mut obs_properties_t,
        name: *const c_char,
        label: *const c_char,
        kind: c_int,
        group: *mut obs_properties_t,
    ) -> *mut obs_property_t;
    pub(crate) fn obs_property_list_clear(list: *mut obs_property_t);
    pub(crate) fn obs_property_list_add_string(
        list: *mut obs_property_t,
        label: *const c_char,
        value: *const c_char,
    ) -> usize;
    pub(crate) fn obs_property_list_item_disable(list: *mut obs_property_t, index: usize, disabled: bool);
    pub(crate) fn obs_property_set_visible(property: *mut obs_property_t, visible: bool);
    pub(crate) fn obs_property_set_enabled(property: *mut obs_property_t, enabled: bool);
    pub(crate) fn obs_property_set_description(property: *mut obs_property_t, text: *const c_char);
    pub(crate) fn obs_property_set_long_description(property: *mut obs_property_t, text: *const c_char);
    pub(crate) fn obs_property_set_modified_callback(property: *mut obs_property_t, modified: Modified);
    pub(crate) fn obs_property_button_set_type(property: *mut obs_property_t, kind: c_int);
    pub(crate) fn obs_property_button_set_url(property: *mut obs_property_t, url: *const c_char);
    pub(crate) fn obs_property_group_content(group: *mut obs_property_t) -> *mut obs_properties_t;
    pub(crate) fn obs_property_text_set_info_type(property: *mut obs_property_t, kind: c_int);
    pub(crate) fn obs_property_text_set_info_word_wrap(property: *mut obs_property_t, wrap: bool);
    pub(crate) fn obs_property_int_set_suffix(property: *mut obs_property_t, suffix: *const c_char);

    pub(crate) fn obs_get_proc_handler() -> *mut proc_handler_t;
    pub(crate) fn proc_handler_call(h: *mut proc_handler_t, name: *const c_char, data: *mut calldata)
    -> bool;
    pub(crate) fn calldata_get_data(
        data: *const calldata,
        name: *const c_char,
        out: *mut c_void,
        size: usize,
    ) -> bool;
    pub(crate) fn calldata_set_data(
        data: *mut calldata,
        name: *const c_char,
        value: *const c_void,
        size: usize,
    );
}
