//! The filter's textures: the target drawn into one, read back from two staging surfaces by turns, and the
//! result put into a third. All of it is called with OBS's graphics context held.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::ffi;
use std::ptr::null_mut;

/// Width and height in pixels.
pub(crate) type Size = (u32, u32);

/// What was read back: rows of BGRA, `linesize` bytes apart, and the number it was staged under.
pub(crate) struct Mapped<'m> {
    pub(crate) rows: &'m [u8],
    pub(crate) linesize: usize,
    pub(crate) number: u64,
}

/// Textures of one size. Must be dropped inside the graphics context.
pub(crate) struct Surfaces {
    size: Size,
    render: *mut ffi::gs_texrender_t,
    stages: [*mut ffi::gs_stagesurf_t; 2],
    /// Numbers of what lies in the stages and has not been read.
    staged: [Option<u64>; 2],
    next: usize,
    texture: *mut ffi::gs_texture_t,
    uploaded: Option<u64>,
}

// SAFETY: libobs' graphics objects may be used from any thread that holds the graphics context.
unsafe impl Send for Surfaces {}

impl Surfaces {
    /// Textures for pictures of this size; nothing where the GPU refuses one.
    pub(crate) fn new(size: Size) -> Option<Self> {
        let (w, h) = size;
        // SAFETY: null stands for no pixels.
        let texture =
            unsafe { ffi::gs_texture_create(w, h, ffi::GS_BGRA, 1, std::ptr::null(), ffi::GS_DYNAMIC) };
        let made = Self {
            size,
            render: ffi::gs_texrender_create(ffi::GS_BGRA, ffi::GS_ZS_NONE),
            stages: [(); 2].map(|()| ffi::gs_stagesurface_create(w, h, ffi::GS_BGRA)),
            staged: [None; 2],
            next: 0,
            texture,
            uploaded: None,
        };
        let whole =
            !made.render.is_null() && !made.texture.is_null() && made.stages.iter().all(|s| !s.is_null());
        whole.then_some(made)
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Draws `target` at its own size, without blending and in sRGB, and begins to read it back under `number`.
    /// False where nothing could be drawn.
    pub(crate) fn stage(
        &mut self,
        target: *mut ffi::obs_source_t,
        parent: *mut ffi::obs_source_t,
        number: u64,
    ) -> bool {
        let (w, h) = self.size;
        // SAFETY: the render target is ours and lives.
        unsafe { ffi::gs_texrender_reset(self.render) };
        ffi::gs_blend_state_push();
        ffi::gs_blend_function(ffi::GS_BLEND_ONE, ffi::GS_BLEND_ZERO);
        // SAFETY: as above; what is begun is ended below.
        let begun = unsafe { ffi::gs_texrender_begin(self.render, w, h) };
        if begun {
            let colour = ffi::vec4([0.0; 4]);
            // SAFETY: libobs reads the colour before it returns.
            unsafe { ffi::gs_clear(ffi::GS_CLEAR_COLOR, &colour, 0.0, 0) };
            ffi::gs_ortho(0.0, w as f32, 0.0, h as f32, -100.0, 100.0);
            // As scenes draw their sources.
            let linear = ffi::gs_set_linear_srgb(true);
            draw_source(target, parent);
            ffi::gs_set_linear_srgb(linear);
            // SAFETY: the render target is ours, and was begun above.
            unsafe { ffi::gs_texrender_end(self.render) };
        }
        ffi::gs_blend_state_pop();
        // SAFETY: the render target is ours and lives.
        let drawn = unsafe { ffi::gs_texrender_get_texture(self.render) };
        if !begun || drawn.is_null() {
            return false;
        }
        // SAFETY: the surface is ours and lives, as does the render target's texture; both have one size and format.
        unsafe { ffi::gs_stage_texture(self.stages[self.next], drawn) };
        self.staged[self.next] = Some(number);
        self.next = 1 - self.next;
        true
    }

    /// Reads what was staged one picture ago, or, with `now`, just now (which waits for the GPU). Each picture
    /// is read once.
    pub(crate) fn read_staged<T>(&mut self, now: bool, take: impl FnOnce(Mapped<'_>) -> T) -> Option<T> {
        let which = if now { 1 - self.next } else { self.next };
        let number = self.staged[which].take()?;
        let (mut data, mut linesize) = (null_mut(), 0u32);
        let stage = self.stages[which];
        // SAFETY: the surface is ours and lives; libobs writes the two values before it returns.
        if !unsafe { ffi::gs_stagesurface_map(stage, &raw mut data, &raw mut linesize) } {
            return None;
        }
        let whole = !data.is_null() && linesize as usize >= self.size.0 as usize * 4;
        let taken = whole.then(|| {
            // The last row is read to the picture's edge only.
            let len = linesize as usize * (self.size.1 as usize - 1) + self.size.0 as usize * 4;
            // SAFETY: a mapped surface has so many rows of `linesize` bytes, and nothing writes to them until it is
            // unmapped below, when the slice is gone.
            let rows = unsafe { std::slice::from_raw_parts(data, len) };
            take(Mapped { rows, linesize: linesize as usize, number })
        });
        // SAFETY: the surface is ours, and was mapped above.
        unsafe { ffi::gs_stagesurface_unmap(stage) };
        taken
    }

    /// Forgets what was staged.
    pub(crate) fn forget(&mut self) {
        self.staged = [None; 2];
    }

    /// Puts a picture of this size, BGRA without padding, into the texture; nothing to do where the one of this
    /// number is there already. Says whether it was put there now.
    pub(crate) fn upload(&mut self, number: u64, pixels: &[u8]) -> bool {
        let (w, h) = self.size;
        if self.uploaded == Some(number) || pixels.len() != w as usize * h as usize * 4 {
            return false;
        }
        // SAFETY: inside the graphics context; the pixels fill the whole texture.
        unsafe { ffi::gs_texture_set_image(self.texture, pixels.as_ptr(), w * 4, false) };
        self.uploaded = Some(number);
        true
    }

    /// Draws the texture in the filter's place.
    pub(crate) fn draw(&self) {
        if self.uploaded.is_none() {
            return;
        }
        let effect = ffi::obs_get_base_effect(ffi::EFFECT_DEFAULT);
        if effect.is_null() {
            return;
        }
        let before = ffi::gs_framebuffer_srgb_enabled();
        ffi::gs_enable_framebuffer_srgb(true);
        // SAFETY: libobs' own effect, which lives as long as it runs; null where it has no such parameter.
        let image = unsafe { ffi::gs_effect_get_param_by_name(effect, c"image".as_ptr()) };
        // SAFETY: the effect's parameter, or null, which libobs leaves alone; the texture is ours and lives.
        unsafe { ffi::gs_effect_set_texture_srgb(image, self.texture) };
        let (w, h) = self.size;
        // SAFETY: libobs' own effect; its loop runs to its end.
        while unsafe { ffi::gs_effect_loop(effect, c"Draw".as_ptr()) } {
            // SAFETY: the texture is ours and lives.
            unsafe { ffi::gs_draw_sprite(self.texture, 0, w, h) };
        }
        ffi::gs_enable_framebuffer_srgb(before);
    }
}

/// Draws a filter's target as OBS does.
fn draw_source(target: *mut ffi::obs_source_t, parent: *mut ffi::obs_source_t) {
    // SAFETY: the caller is called by `video_render`, through which both sources live; so in both calls below.
    let flags = unsafe { ffi::obs_source_get_output_flags(target) };
    if target == parent && flags & (ffi::SOURCE_CUSTOM_DRAW | ffi::SOURCE_ASYNC) == 0 {
        // SAFETY: as above.
        unsafe { ffi::obs_source_default_render(target) };
    } else {
        // SAFETY: as above.
        unsafe { ffi::obs_source_video_render(target) };
    }
}

impl Drop for Surfaces {
    fn drop(&mut self) {
        // SAFETY: ours, or null; given back once, inside the graphics context.
        unsafe { ffi::gs_texrender_destroy(self.render) };
        for stage in self.stages {
            // SAFETY: as above.
            unsafe { ffi::gs_stagesurface_destroy(stage) };
        }
        // SAFETY: as above.
        unsafe { ffi::gs_texture_destroy(self.texture) };
    }
}
