//! Requests over obs-websocket, vendor "omote": personas, wear, card, status. Where obs-websocket is not
//! there, nothing happens.

#![expect(unsafe_code, reason = "calls libobs")]

use crate::guard::guard;
use crate::settings::{Kind, Stored};
use crate::{ffi, instance, wardrobe};
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

/// Parameters of a call through libobs' procedure handlers.
struct Call(ffi::calldata);

impl Call {
    fn new() -> Self {
        Self(ffi::calldata { stack: null_mut(), size: 0, capacity: 0, fixed: false })
    }

    fn set<T: Copy>(&mut self, name: &CStr, value: T) {
        // SAFETY: libobs copies `size_of::<T>()` bytes of a value that lives through the call.
        unsafe {
            ffi::calldata_set_data(&raw mut self.0, name.as_ptr(), (&raw const value).cast(), size_of::<T>());
        }
    }

    fn set_text(&mut self, name: &CStr, text: &CStr) {
        let bytes = text.to_bytes_with_nul();
        // SAFETY: as above, with the text's own length.
        unsafe {
            ffi::calldata_set_data(&raw mut self.0, name.as_ptr(), bytes.as_ptr().cast(), bytes.len());
        }
    }

    fn pointer(&self, name: &CStr) -> Option<NonNull<c_void>> {
        let mut value: *mut c_void = null_mut();
        // SAFETY: libobs writes a pointer, or nothing where there is none of this name and size.
        unsafe {
            ffi::calldata_get_data(
                &raw const self.0,
                name.as_ptr(),
                (&raw mut value).cast(),
                size_of_val(&value),
            );
        }
        NonNull::new(value)
    }

    fn call(&mut self, handler: *mut ffi::proc_handler_t, name: &CStr) -> bool {
        // SAFETY: the handler is libobs' or obs-websocket's, and not null.
        unsafe { ffi::proc_handler_call(handler, name.as_ptr(), &raw mut self.0) }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // SAFETY: libobs allocated it while values were set; null is taken too.
        unsafe { ffi::bfree(self.0.stack.cast()) };
    }
}

type Answer = unsafe extern "C" fn(*mut ffi::obs_data_t, *mut ffi::obs_data_t, *mut c_void);

/// Tells obs-websocket of the requests. Called when all plugins are loaded.
pub(crate) fn register() {
    // SAFETY: libobs' own handler, looked at before use.
    let global = unsafe { ffi::obs_get_proc_handler() };
    if global.is_null() {
        return;
    }
    let mut asked = Call::new();
    let there = asked.call(global, c"obs_websocket_api_get_ph");
    let Some(handler) = asked.pointer(c"ph").filter(|_| there) else { return };
    let handler = handler.as_ptr().cast::<ffi::proc_handler_t>();
    let mut vendor = Call::new();
    vendor.set_text(c"name", c"omote");
    let there = vendor.call(handler, c"vendor_register");
    let Some(ours) = vendor.pointer(c"vendor").filter(|_| there) else { return };
    let requests: [(&CStr, Answer); 4] =
        [(c"personas", personas), (c"wear", wear), (c"card", card), (c"status", status)];
    for (name, answer) in requests {
        let callback = ffi::websocket_callback { callback: Some(answer), private: null_mut() };
        let mut request = Call::new();
        request.set_text(c"type", name);
        request.set(c"callback", &raw const callback);
        request.set(c"vendor", ours.as_ptr());
        request.call(handler, c"vendor_request_register");
    }
    log::info!("requests for the vendor omote are available over obs-websocket");
}

fn answer(
    request: *mut ffi::obs_data_t,
    response: *mut ffi::obs_data_t,
    work: impl FnOnce(Stored, Stored) -> Result<(), String>,
) {
    guard("a request", (), || {
        // SAFETY: obs-websocket's question lives through the request.
        let request = unsafe { Stored::new(request) };
        // SAFETY: so does the answer.
        let response = unsafe { Stored::new(response) };
        let done = work(request, response);
        response.set_flag(c"ok", done.is_ok());
        if let Err(why) = done {
            response.set_text(c"error", &why);
        }
    });
}

fn meant<T>(request: Stored, work: impl FnOnce(&instance::Core) -> T) -> Result<T, String> {
    let name = request.text(c"source");
    instance::with_named(&name, work).ok_or_else(|| match name.is_empty() {
        true => "name the source: there is none of Omote's, or more than one".to_owned(),
        false => format!("there is no Omote source or filter called {name}"),
    })
}

unsafe extern "C" fn personas(q: *mut ffi::obs_data_t, a: *mut ffi::obs_data_t, _: *mut c_void) {
    answer(q, a, |_, response| {
        response.set_text(c"personas", &wardrobe::names().join("\n"));
        Ok(())
    });
}

unsafe extern "C" fn wear(q: *mut ffi::obs_data_t, a: *mut ffi::obs_data_t, _: *mut c_void) {
    answer(q, a, |request, _| meant(request, |core| core.wear(&request.text(c"persona")))?);
}

unsafe extern "C" fn card(q: *mut ffi::obs_data_t, a: *mut ffi::obs_data_t, _: *mut c_void) {
    answer(q, a, |request, _| meant(request, |core| core.session.pause(request.flag(c"on"))));
}

unsafe extern "C" fn status(q: *mut ffi::obs_data_t, a: *mut ffi::obs_data_t, _: *mut c_void) {
    answer(q, a, |request, response| {
        let (report, delay, kind) =
            meant(request, |core| (core.session.report(), core.delay.get(), core.kind))?;
        let kind = if kind == Kind::Camera { "camera" } else { "filter" };
        response.set_text(c"kind", kind);
        if let Some(trouble) = &report.trouble {
            response.set_text(c"trouble", trouble);
        }
        if let Some(live) = &report.live {
            response.set_text(c"state", live.state.name());
            response.set_text(c"reason", live.reason.as_deref().unwrap_or_default());
            response.set_text(c"backend", &live.backend);
            response.set_number(c"delay_ms", delay.unwrap_or_default().as_secs_f64() * 1e3);
            response.set_number(c"frames", live.frames as f64);
            response.set_number(c"faces", live.faces as f64);
        }
        Ok(())
    });
}
