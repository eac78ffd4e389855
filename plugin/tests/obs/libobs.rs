//! The libobs of this machine, loaded as OBS would have loaded it: its symbols are there for the plugin.

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::ffi::{CStr, c_char, c_int, c_long, c_void};

/// Whatever libobs hands out and takes back.
pub(crate) type Ptr = *mut c_void;
type LogHandler = unsafe extern "C" fn(c_int, *const c_char, Ptr, Ptr);

/// `struct obs_video_info`.
#[repr(C)]
pub(crate) struct VideoInfo {
    pub(crate) graphics_module: *const c_char,
    pub(crate) fps: [u32; 2],
    pub(crate) base: [u32; 2],
    pub(crate) output: [u32; 2],
    pub(crate) output_format: c_int,
    pub(crate) adapter: u32,
    pub(crate) gpu_conversion: bool,
    pub(crate) colorspace: c_int,
    pub(crate) range: c_int,
    pub(crate) scale_type: c_int,
}

/// `struct obs_audio_info`.
#[repr(C)]
pub(crate) struct AudioInfo {
    pub(crate) samples_per_sec: u32,
    pub(crate) speakers: c_int,
}

macro_rules! libobs {
    ($($name:ident($($arg:ty),*) $(-> $out:ty)?;)*) => {
        /// Functions of libobs by their names, as safe to call as the tests are careful: each pointer that a test hands
        /// over is one that libobs gave and has not taken back, or of a value that lives through the call. A test that
        /// breaks this crashes, which is a failure too.
        pub(crate) struct Obs {
            $(pub(crate) $name: extern "C" fn($($arg),*) $(-> $out)?,)*
            _library: Library,
        }

        impl Obs {
            /// Loads libobs; why not, where it can't be.
            pub(crate) fn load() -> Result<Self, String> {
                // SAFETY: the system's own library; its initialisers only set up themselves.
                let open = |name: &str| unsafe { Library::open(Some(name), RTLD_NOW | RTLD_GLOBAL) };
                // Newer versions are numbered as OBS is.
                let names = ["libobs.so.0", "libobs.so.30", "libobs.so.31", "libobs.so.32", "libobs.so"];
                let library = names.iter().find_map(|name| open(name).ok());
                let library = library.ok_or("libobs is not installed (Debian: libobs0)")?;
                $(
                    // SAFETY: the types are those of libobs' headers; what a call needs is said at `Obs`.
                    let $name = unsafe { library.get(stringify!($name).as_bytes()) }.map_err(|e| e.to_string())?;
                    let $name = *$name;
                )*
                Ok(Self { $($name,)* _library: library })
            }
        }
    };
}

libobs! {
    base_set_log_handler(LogHandler, Ptr);
    bnum_allocs() -> c_long;
    obs_startup(*const c_char, *const c_char, Ptr) -> bool;
    obs_shutdown();
    obs_get_version_string() -> *const c_char;
    obs_reset_audio(*const AudioInfo) -> bool;
    obs_reset_video(*mut VideoInfo) -> c_int;
    obs_open_module(*mut Ptr, *const c_char, *const c_char) -> c_int;
    obs_init_module(Ptr) -> bool;
    obs_post_load_modules();
    obs_register_source_s(*const c_void, usize);
    obs_wait_for_destroy_queue() -> bool;
    obs_enter_graphics();
    obs_leave_graphics();
    gs_texrender_create(c_int, c_int) -> Ptr;
    gs_texrender_destroy(Ptr);
    gs_texrender_begin(Ptr, u32, u32) -> bool;
    gs_texrender_end(Ptr);
    gs_texrender_get_texture(Ptr) -> Ptr;
    gs_stagesurface_create(u32, u32, c_int) -> Ptr;
    gs_stagesurface_destroy(Ptr);
    gs_stage_texture(Ptr, Ptr);
    gs_stagesurface_map(Ptr, *mut *mut u8, *mut u32) -> bool;
    gs_stagesurface_unmap(Ptr);
    gs_clear(u32, *const [f32; 4], f32, u8);
    gs_ortho(f32, f32, f32, f32, f32, f32);
    gs_set_linear_srgb(bool) -> bool;
    gs_blend_state_push();
    gs_blend_state_pop();
    gs_blend_function(c_int, c_int);
    gs_texture_create(u32, u32, c_int, u32, *const *const u8, u32) -> Ptr;
    gs_texture_destroy(Ptr);
    obs_source_draw(Ptr, c_int, c_int, u32, u32, bool);
    obs_source_create(*const c_char, *const c_char, Ptr, Ptr) -> Ptr;
    obs_source_get_display_name(*const c_char) -> *const c_char;
    obs_source_release(Ptr);
    obs_source_inc_showing(Ptr);
    obs_source_dec_showing(Ptr);
    obs_source_filter_add(Ptr, Ptr);
    obs_source_filter_remove(Ptr, Ptr);
    obs_source_video_render(Ptr);
    obs_source_get_width(Ptr) -> u32;
    obs_source_get_height(Ptr) -> u32;
    obs_source_output_video(Ptr, *const c_void);
    obs_source_update(Ptr, Ptr);
    obs_source_get_settings(Ptr) -> Ptr;
    obs_source_properties(Ptr) -> Ptr;
    obs_get_source_properties(*const c_char) -> Ptr;
    obs_set_output_source(u32, Ptr);
    obs_source_get_sync_offset(Ptr) -> i64;
    obs_properties_first(Ptr) -> Ptr;
    obs_properties_get(Ptr, *const c_char) -> Ptr;
    obs_properties_destroy(Ptr);
    obs_property_next(*mut Ptr) -> bool;
    obs_property_name(Ptr) -> *const c_char;
    obs_property_description(Ptr) -> *const c_char;
    obs_property_visible(Ptr) -> bool;
    obs_property_get_type(Ptr) -> c_int;
    obs_property_group_content(Ptr) -> Ptr;
    obs_property_button_clicked(Ptr, Ptr) -> bool;
    obs_property_modified(Ptr, Ptr) -> bool;
    obs_property_list_item_count(Ptr) -> usize;
    obs_property_list_item_string(Ptr, usize) -> *const c_char;
    obs_property_list_item_name(Ptr, usize) -> *const c_char;
    obs_property_long_description(Ptr) -> *const c_char;
    obs_property_float_min(Ptr) -> f64;
    obs_property_float_max(Ptr) -> f64;
    obs_property_float_step(Ptr) -> f64;
    obs_property_int_min(Ptr) -> c_int;
    obs_property_int_max(Ptr) -> c_int;
    obs_get_source_defaults(*const c_char) -> Ptr;
    obs_data_get_default_string(Ptr, *const c_char) -> *const c_char;
    obs_data_get_default_int(Ptr, *const c_char) -> i64;
    obs_data_get_default_double(Ptr, *const c_char) -> f64;
    obs_data_get_default_bool(Ptr, *const c_char) -> bool;
    obs_enum_hotkeys(unsafe extern "C" fn(Ptr, usize, Ptr) -> bool, Ptr);
    obs_hotkey_get_name(Ptr) -> *const c_char;
    obs_hotkey_enable_callback_rerouting(bool);
    obs_hotkey_trigger_routed_callback(usize, bool);
    obs_data_create() -> Ptr;
    obs_data_release(Ptr);
    obs_data_get_string(Ptr, *const c_char) -> *const c_char;
    obs_data_set_string(Ptr, *const c_char, *const c_char);
    obs_data_set_bool(Ptr, *const c_char, bool);
    obs_data_set_double(Ptr, *const c_char, f64);
    obs_data_set_int(Ptr, *const c_char, i64);
    video_format_get_parameters(c_int, c_int, *mut f32, *mut f32, *mut f32) -> bool;
}

/// A text of libobs.
pub(crate) fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: every caller has it from libobs, whose texts are C strings that live while they are read.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

unsafe extern "C" {
    /// Of the C library; a `va_list` is handed over as a pointer on the machines where this runs.
    pub(crate) fn vsnprintf(to: *mut c_char, size: usize, format: *const c_char, list: Ptr) -> c_int;
}
