//! libpipewire, loaded when a PipeWire camera is asked for, so that Omote starts where there is none. All unsafe
//! code of the camera is here: the few structures and functions of its stable interface, and what makes them safe.

#![expect(unsafe_code, reason = "calls into libpipewire")]

use std::cell::{Cell, UnsafeCell};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use libloading::{Library, Symbol};

/// The library's file name: the interface's version is part of it.
const FILE: &str = "libpipewire-0.3.so.0";

/// Any object of the library's.
type Object = *mut c_void;
type Function = Option<unsafe extern "C" fn()>;

/// The core's own number among the objects that errors are about.
pub(super) const CORE: u32 = 0;
/// The parameter that says which format was chosen.
pub(super) const PARAM_FORMAT: u32 = 4;

const DIRECTION_OUTPUT: c_int = 1;
const ANY_TARGET: u32 = u32::MAX;
const FLAG_MAP_BUFFERS: c_int = 1 << 2;
const FLAG_DRIVER: c_int = 1 << 3;
const IO_IN: u32 = 1;
const IO_HUP: u32 = 1 << 4;

#[repr(C)]
struct DictItem {
    key: *const c_char,
    value: *const c_char,
}

#[repr(C)]
struct Dict {
    flags: u32,
    n_items: u32,
    items: *const DictItem,
}

/// Functions of an object that are called through a table, and what they get first.
#[repr(C)]
struct Callbacks {
    funcs: *const c_void,
    data: Object,
}

#[repr(C)]
struct Interface {
    kind: *const c_char,
    version: u32,
    callbacks: Callbacks,
}

#[repr(C)]
struct Loop {
    system: Object,
    inner: Object,
    control: *mut Interface,
    utils: *mut Interface,
}

#[repr(C)]
struct ControlMethods {
    version: u32,
    get_fd: Function,
    add_hook: Function,
    enter: Option<unsafe extern "C" fn(Object)>,
    leave: Option<unsafe extern "C" fn(Object)>,
    iterate: Option<unsafe extern "C" fn(Object, c_int) -> c_int>,
}

type OnIo = unsafe extern "C" fn(*mut c_void, c_int, u32);
type AddIo = unsafe extern "C" fn(Object, c_int, u32, bool, OnIo, *mut c_void) -> Object;

/// The first of the table's functions; the others are not used.
#[repr(C)]
struct UtilsMethods {
    version: u32,
    add_io: Option<AddIo>,
}

/// A place in a list of listeners, which the library fills and takes out of the list when its object goes.
#[repr(C)]
struct Hook {
    next: Object,
    previous: Object,
    callbacks: Callbacks,
    removed: Function,
    private: Object,
}

impl Hook {
    const EMPTY: Self = Self {
        next: ptr::null_mut(),
        previous: ptr::null_mut(),
        callbacks: Callbacks { funcs: ptr::null(), data: ptr::null_mut() },
        removed: None,
        private: ptr::null_mut(),
    };
}

#[repr(C)]
struct CoreEvents {
    version: u32,
    info: Function,
    done: Function,
    ping: Function,
    error: Option<unsafe extern "C" fn(*mut c_void, u32, c_int, c_int, *const c_char)>,
    remove_id: Function,
    bound_id: Function,
    add_mem: Function,
    remove_mem: Function,
    bound_props: Function,
}

#[repr(C)]
struct StreamEvents {
    version: u32,
    destroy: Function,
    state_changed: Option<unsafe extern "C" fn(*mut c_void, c_int, c_int, *const c_char)>,
    control_info: Function,
    io_changed: Function,
    param_changed: Option<unsafe extern "C" fn(*mut c_void, u32, *const c_void)>,
    add_buffer: Function,
    remove_buffer: Function,
    process: Option<unsafe extern "C" fn(*mut c_void)>,
    drained: Function,
    command: Function,
    trigger_done: Function,
}

#[repr(C)]
struct Chunk {
    offset: u32,
    size: u32,
    stride: i32,
    flags: i32,
}

#[repr(C)]
struct Data {
    kind: u32,
    flags: u32,
    fd: i64,
    mapoffset: u32,
    maxsize: u32,
    data: *mut c_void,
    chunk: *mut Chunk,
}

#[repr(C)]
struct SpaBuffer {
    n_metas: u32,
    n_datas: u32,
    metas: *mut c_void,
    datas: *mut Data,
}

/// The first field; later versions of the library have more behind it.
#[repr(C)]
struct PwBuffer {
    buffer: *mut SpaBuffer,
}

macro_rules! functions {
    ($($name:ident: fn($($arg:ty),*) $(-> $out:ty)?;)*) => {
        /// The functions that are used.
        struct Api {
            $($name: unsafe extern "C" fn($($arg),*) $(-> $out)?,)*
        }

        impl Api {
            /// # Safety
            /// The library must be libpipewire.
            unsafe fn load(library: &'static Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    $($name: {
                        let name = concat!(stringify!($name), "\0").as_bytes();
                        let symbol: Symbol<'static, unsafe extern "C" fn($($arg),*) $(-> $out)?> =
                            // SAFETY: the types are those of the library's headers.
                            unsafe { library.get(name) }?;
                        *symbol
                    },)*
                })
            }
        }
    };
}

functions! {
    pw_init: fn(*mut c_int, *mut c_void);
    pw_log_set_level: fn(c_int);
    pw_main_loop_new: fn(*const Dict) -> Object;
    pw_main_loop_get_loop: fn(Object) -> *mut Loop;
    pw_main_loop_destroy: fn(Object);
    pw_context_new: fn(*mut Loop, Object, usize) -> Object;
    pw_context_connect: fn(Object, Object, usize) -> Object;
    pw_context_destroy: fn(Object);
    pw_core_disconnect: fn(Object) -> c_int;
    pw_properties_new_dict: fn(*const Dict) -> Object;
    pw_proxy_add_object_listener: fn(Object, *mut Hook, *const c_void, *mut c_void);
    pw_stream_new: fn(Object, *const c_char, Object) -> Object;
    pw_stream_add_listener: fn(Object, *mut Hook, *const StreamEvents, *mut c_void);
    pw_stream_connect: fn(Object, c_int, u32, c_int, *mut *const c_void, u32) -> c_int;
    pw_stream_update_params: fn(Object, *mut *const c_void, u32) -> c_int;
    pw_stream_dequeue_buffer: fn(Object) -> *mut PwBuffer;
    pw_stream_queue_buffer: fn(Object, *mut PwBuffer) -> c_int;
    pw_stream_trigger_process: fn(Object) -> c_int;
    pw_stream_disconnect: fn(Object) -> c_int;
    pw_stream_destroy: fn(Object);
}

/// The library, loaded once a process and kept: it can't be unloaded while a thread of its own may run.
fn api() -> Result<&'static Api, &'static str> {
    static LOADED: OnceLock<Result<Api, String>> = OnceLock::new();
    let load = || {
        // SAFETY: initialisers of a library of the system's, which any program may load.
        let library = unsafe { Library::new(FILE) }.map_err(|e| reason(&e))?;
        let library: &'static Library = Box::leak(Box::new(library));
        // SAFETY: the file is libpipewire by its name.
        let api = unsafe { Api::load(library) }.map_err(|e| reason(&e))?;
        // SAFETY: without arguments it reads the environment only.
        unsafe { (api.pw_init)(ptr::null_mut(), ptr::null_mut()) };
        // What goes wrong comes back as an error of ours; its own lines are for who asks for them.
        if std::env::var_os("PIPEWIRE_DEBUG").is_none() && !log::log_enabled!(log::Level::Debug) {
            // SAFETY: sets a number.
            unsafe { (api.pw_log_set_level)(0) };
        }
        Ok(api)
    };
    LOADED.get_or_init(load).as_ref().map_err(String::as_str)
}

/// The loader's own words, which the error keeps behind its own.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Whether the library can be loaded.
///
/// # Errors
/// The loader's words, where not.
pub(super) fn load() -> Result<(), &'static str> {
    api().map(drop)
}

/// How a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Error(String),
    Unconnected,
    Connecting,
    Paused,
    Streaming,
}

/// What happens to a stream, told from within [`Client::iterate`]. None of these may panic.
pub(super) trait Events {
    /// The connection or an object failed.
    fn failed(&self, object: u32, code: i32, message: &str);
    /// The stream stands otherwise now.
    fn state(&self, state: State);
    /// A parameter was set.
    fn parameter(&self, id: u32, stream: Stream<'_>);
    /// A buffer is wanted.
    fn process(&self, stream: Stream<'_>);
    /// The descriptor of [`Client::watch`] has something to read, or was closed.
    fn woken(&self);
}

/// What the callbacks get.
struct Inner {
    api: &'static Api,
    stream: Cell<Object>,
    events: Box<dyn Events>,
    /// The library writes to these.
    core_hook: UnsafeCell<Hook>,
    stream_hook: UnsafeCell<Hook>,
}

impl Inner {
    fn stream(&self) -> Stream<'_> {
        Stream { api: self.api, stream: self.stream.get(), of: PhantomData }
    }
}

/// A connection to the session with one stream, and the loop that they live in. It stays on its thread.
pub(super) struct Client {
    /// Out of a box, which `drop` makes again: the library holds this pointer.
    inner: NonNull<Inner>,
    main_loop: Object,
    context: Object,
    core: Object,
}

/// Why a client can't be had.
#[derive(Debug)]
pub(super) enum Denied {
    /// The library isn't there.
    Library(&'static str),
    /// The session can't be reached.
    Session(io::Error),
    /// The session refused the stream.
    Stream(io::Error),
}

impl Client {
    /// Connects to the session and makes an unconnected stream of this name with these properties.
    pub(super) fn new(
        name: &str,
        properties: &[(&str, &str)],
        events: Box<dyn Events>,
    ) -> Result<Self, Denied> {
        let api = api().map_err(Denied::Library)?;
        let inner = Box::new(Inner {
            api,
            stream: Cell::new(ptr::null_mut()),
            events,
            core_hook: UnsafeCell::new(Hook::EMPTY),
            stream_hook: UnsafeCell::new(Hook::EMPTY),
        });
        // Each step's object is in the client before the next is made, so that dropping it undoes all of them.
        let mut client = Self {
            inner: NonNull::from(Box::leak(inner)),
            main_loop: ptr::null_mut(),
            context: ptr::null_mut(),
            core: ptr::null_mut(),
        };
        let made = |object: Object| match object.is_null() {
            true => Err(io::Error::last_os_error()),
            false => Ok(object),
        };
        // SAFETY: the library was initialised; null stands for no properties.
        let main_loop = unsafe { (api.pw_main_loop_new)(ptr::null()) };
        client.main_loop = made(main_loop).map_err(Denied::Session)?;
        // SAFETY: the loop was made above, and the client destroys it after the context; without properties and data.
        let context = unsafe { (api.pw_context_new)(client.inside_loop(), ptr::null_mut(), 0) };
        client.context = made(context).map_err(Denied::Session)?;
        // SAFETY: the context was made above, and the client destroys it after the core; without properties and data.
        let core = unsafe { (api.pw_context_connect)(client.context, ptr::null_mut(), 0) };
        client.core = made(core).map_err(Denied::Session)?;
        let words: Vec<(CString, CString)> = properties
            .iter()
            .filter_map(|(key, value)| Some((CString::new(*key).ok()?, CString::new(*value).ok()?)))
            .collect();
        let items: Vec<DictItem> =
            words.iter().map(|(k, v)| DictItem { key: k.as_ptr(), value: v.as_ptr() }).collect();
        let dict = Dict { flags: 0, n_items: items.len() as u32, items: items.as_ptr() };
        let name = CString::new(name).unwrap_or_default();
        let data = client.inner.as_ptr().cast::<c_void>();
        // SAFETY: the list's items, keys and values live through this call, in which the library copies them.
        let properties = unsafe { (api.pw_properties_new_dict)(&raw const dict) };
        // SAFETY: the core lives; the library copies the name and takes the properties, which are its own.
        let stream = unsafe { (api.pw_stream_new)(client.core, name.as_ptr(), properties) };
        let inner = client.inner();
        inner.stream.set(made(stream).map_err(Denied::Stream)?);
        let (hook, events) = (inner.core_hook.get(), (&raw const CORE_EVENTS).cast());
        // SAFETY: the hook and `data` stay in their place until `drop` has destroyed the core; the table is static and
        // is the one of this object's kind. Callbacks come only from calls into the library, on this thread.
        unsafe { (api.pw_proxy_add_object_listener)(client.core, hook, events, data) };
        let (hook, events) = (inner.stream_hook.get(), &raw const STREAM_EVENTS);
        // SAFETY: as for the core, with the stream.
        unsafe { (api.pw_stream_add_listener)(inner.stream.get(), hook, events, data) };
        let (methods, object) = client.control();
        if let Some(enter) = methods.enter {
            // SAFETY: the loop's own method; this thread alone uses the loop, and leaves it in `drop`.
            unsafe { enter(object) };
        }
        Ok(client)
    }

    fn inner(&self) -> &Inner {
        // SAFETY: it lives as long as the client, and only its cells are written to.
        unsafe { self.inner.as_ref() }
    }

    /// The part of the main loop that the library's other objects work with. Needs the main loop.
    fn inside_loop(&self) -> *mut Loop {
        // SAFETY: the main loop was made by the library and lives as long as the client.
        unsafe { (self.inner().api.pw_main_loop_get_loop)(self.main_loop) }
    }

    /// The main loop's tables.
    fn tables(&self) -> &Loop {
        // SAFETY: the library gave a whole loop, which lives as long as the client and whose tables don't change.
        unsafe { &*self.inside_loop() }
    }

    /// The stream.
    pub(super) fn stream(&self) -> Stream<'_> {
        self.inner().stream()
    }

    /// Offers the stream as a source in these formats; it is the graph's driver, and its buffers are mapped.
    pub(super) fn connect(&self, formats: &[u8]) -> io::Result<()> {
        let mut formats = [pod(formats)?];
        let flags = FLAG_DRIVER | FLAG_MAP_BUFFERS;
        // SAFETY: the stream lives; the library copies the one parameter, which `pod` has checked.
        let result = unsafe {
            (self.inner().api.pw_stream_connect)(
                self.inner().stream.get(),
                DIRECTION_OUTPUT,
                ANY_TARGET,
                flags,
                formats.as_mut_ptr(),
                1,
            )
        };
        done(result)
    }

    /// Has [`Events::woken`] called when there is something to read.
    pub(super) fn watch(&self, readable: BorrowedFd<'_>) -> io::Result<()> {
        let data = self.inner.as_ptr().cast::<c_void>();
        let fd = readable.as_raw_fd();
        // SAFETY: the loop's own interface, which lives as long as it.
        let utils = unsafe { &*self.tables().utils };
        // SAFETY: the table of that interface begins with these methods in every version of it.
        let methods = unsafe { &*utils.callbacks.funcs.cast::<UtilsMethods>() };
        // SAFETY: the source goes with the loop, in `drop`, before `data`; the descriptor is not closed by it.
        let add = |add: AddIo| unsafe { add(utils.callbacks.data, fd, IO_IN | IO_HUP, false, on_io, data) };
        match methods.add_io.map(add) {
            Some(source) if !source.is_null() => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Waits for what comes, this many milliseconds at most (-1: without end), and hands it to the events.
    pub(super) fn iterate(&self, milliseconds: i32) {
        let (methods, object) = self.control();
        if let Some(iterate) = methods.iterate {
            // SAFETY: the loop's own method; this thread has entered the loop.
            unsafe { iterate(object, milliseconds) };
        }
    }

    /// The methods with which the main loop is run, and what they get first.
    fn control(&self) -> (&ControlMethods, Object) {
        // SAFETY: the loop's own interface, which lives as long as it.
        let control = unsafe { &*self.tables().control };
        // SAFETY: the table of that interface begins with these methods in every version of it.
        let methods = unsafe { &*control.callbacks.funcs.cast::<ControlMethods>() };
        (methods, control.callbacks.data)
    }
}

impl Drop for Client {
    /// Each object was made by the library and is destroyed once, those that use others first.
    fn drop(&mut self) {
        let api = self.inner().api;
        let stream = self.inner().stream.get();
        if !stream.is_null() {
            // SAFETY: the stream lives; callbacks that come from this still find `inner`.
            unsafe { (api.pw_stream_disconnect)(stream) };
            // SAFETY: nobody uses the stream after this: each [`Stream`] borrows the client.
            unsafe { (api.pw_stream_destroy)(stream) };
            let (methods, object) = self.control();
            if let Some(leave) = methods.leave {
                // SAFETY: this thread has entered the loop, once the stream was made.
                unsafe { leave(object) };
            }
        }
        if !self.core.is_null() {
            // SAFETY: the stream, which used it, is gone.
            unsafe { (api.pw_core_disconnect)(self.core) };
        }
        if !self.context.is_null() {
            // SAFETY: the core, which used it, is gone.
            unsafe { (api.pw_context_destroy)(self.context) };
        }
        if !self.main_loop.is_null() {
            // SAFETY: all that used it is gone, sources of `watch` go with it.
            unsafe { (api.pw_main_loop_destroy)(self.main_loop) };
        }
        // SAFETY: it came out of a box in `new`, and every object that held the pointer is gone.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}

/// A client's stream.
#[derive(Clone, Copy)]
pub(super) struct Stream<'a> {
    api: &'static Api,
    stream: Object,
    of: PhantomData<&'a ()>,
}

impl<'a> Stream<'a> {
    /// Answers the chosen format with a parameter.
    pub(super) fn update(self, parameter: &[u8]) -> io::Result<()> {
        let mut parameters = [pod(parameter)?];
        // SAFETY: as for `connect`.
        done(unsafe { (self.api.pw_stream_update_params)(self.stream, parameters.as_mut_ptr(), 1) })
    }

    /// Has the graph ask for a buffer now.
    pub(super) fn trigger(self) -> io::Result<()> {
        // SAFETY: the stream lives.
        done(unsafe { (self.api.pw_stream_trigger_process)(self.stream) })
    }

    /// A buffer that no reader has, where there is one. It goes to the readers when dropped.
    pub(super) fn buffer(self) -> Option<Buffer<'a>> {
        // SAFETY: the stream lives.
        let buffer = unsafe { (self.api.pw_stream_dequeue_buffer)(self.stream) };
        Some(Buffer { buffer: NonNull::new(buffer)?, stream: self })
    }
}

/// A buffer of the readers, held by nobody else for as long as this lives.
pub(super) struct Buffer<'a> {
    buffer: NonNull<PwBuffer>,
    stream: Stream<'a>,
}

impl Buffer<'_> {
    /// Copies a picture with rows of `stride` bytes in. Whether it fitted; else the readers get an empty buffer.
    pub(super) fn fill(&mut self, picture: Option<&[u8]>, stride: i32) -> bool {
        let Some(data) = self.first_data() else { return false };
        let fits = |p: &&[u8]| p.len() <= data.maxsize as usize && !data.data.is_null();
        let picture = picture.filter(fits).unwrap_or_default();
        if !picture.is_empty() {
            // SAFETY: `maxsize` bytes are mapped at `data` and lent until the buffer is queued; the picture has no more,
            // and is memory of ours. They are only written, through a pointer: readers may look at any time.
            unsafe { data.data.cast::<u8>().copy_from_nonoverlapping(picture.as_ptr(), picture.len()) };
        }
        // SAFETY: null, or the library's structure, lent until the buffer is queued.
        if let Some(chunk) = unsafe { data.chunk.as_mut() } {
            (chunk.offset, chunk.stride, chunk.size) = (0, stride, picture.len() as u32);
        }
        !picture.is_empty()
    }

    /// The description of the buffer's one part, where it has one.
    fn first_data(&mut self) -> Option<&mut Data> {
        // SAFETY: the library has lent it until it is queued, in `drop`.
        let buffer = unsafe { self.buffer.as_ref() };
        // SAFETY: as above; null or a whole structure.
        let buffer = unsafe { buffer.buffer.as_ref() }?;
        if buffer.n_datas == 0 {
            return None;
        }
        // SAFETY: as above; the list has at least one element, which nobody else has borrowed.
        unsafe { buffer.datas.as_mut() }
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        // SAFETY: it was dequeued from this stream and is queued once.
        unsafe { (self.stream.api.pw_stream_queue_buffer)(self.stream.stream, self.buffer.as_ptr()) };
    }
}

/// A serialised parameter as the library takes it: whole, and aligned as its numbers are.
fn pod(bytes: &[u8]) -> io::Result<*const c_void> {
    let size = bytes.first_chunk().map(|size| u32::from_ne_bytes(*size) as usize);
    if size.is_some_and(|size| size + 8 <= bytes.len()) && bytes.as_ptr().align_offset(4) == 0 {
        return Ok(bytes.as_ptr().cast());
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// The library's results: negative ones are the system's error numbers.
fn done(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(()) }
}

/// # Safety
/// Null, or a C string.
unsafe fn words(text: *const c_char) -> String {
    match text.is_null() {
        true => "no reason given".to_owned(),
        // SAFETY: the caller's promise.
        false => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
    }
}

static CORE_EVENTS: CoreEvents = CoreEvents {
    version: 0,
    info: None,
    done: None,
    ping: None,
    error: Some(on_core_error),
    remove_id: None,
    bound_id: None,
    add_mem: None,
    remove_mem: None,
    bound_props: None,
};

static STREAM_EVENTS: StreamEvents = StreamEvents {
    version: 2,
    destroy: None,
    state_changed: Some(on_state),
    control_info: None,
    io_changed: None,
    param_changed: Some(on_parameter),
    add_buffer: None,
    remove_buffer: None,
    process: Some(on_process),
    drained: None,
    command: None,
    trigger_done: None,
};

/// What a callback gets, from the pointer that the library was given.
///
/// # Safety
/// `data` is the pointer that [`Client::new`] gave to the library, and the client lives through `'a`. Both hold in each
/// of the five callbacks: they come from calls into the library, and the client outlives the objects that make them.
unsafe fn inner<'a>(data: *mut c_void) -> &'a Inner {
    // SAFETY: the caller's promise; only cells of it are written to.
    unsafe { &*data.cast::<Inner>() }
}

unsafe extern "C" fn on_core_error(
    data: *mut c_void,
    id: u32,
    _: c_int,
    code: c_int,
    message: *const c_char,
) {
    // SAFETY: the library's own string, or null.
    let message = unsafe { words(message) };
    // SAFETY: the library hands back our pointer, see `inner`.
    unsafe { inner(data) }.events.failed(id, code, &message);
}

unsafe extern "C" fn on_state(data: *mut c_void, _: c_int, now: c_int, error: *const c_char) {
    let state = match now {
        0 => State::Unconnected,
        1 => State::Connecting,
        2 => State::Paused,
        3 => State::Streaming,
        // SAFETY: a C string, or null.
        _ => State::Error(unsafe { words(error) }),
    };
    // SAFETY: the library hands back our pointer, see `inner`.
    unsafe { inner(data) }.events.state(state);
}

unsafe extern "C" fn on_parameter(data: *mut c_void, id: u32, parameter: *const c_void) {
    if !parameter.is_null() {
        // SAFETY: the library hands back our pointer, see `inner`.
        let inner = unsafe { inner(data) };
        inner.events.parameter(id, inner.stream());
    }
}

unsafe extern "C" fn on_process(data: *mut c_void) {
    // SAFETY: the library hands back our pointer, see `inner`.
    let inner = unsafe { inner(data) };
    inner.events.process(inner.stream());
}

unsafe extern "C" fn on_io(data: *mut c_void, _: c_int, _: u32) {
    // SAFETY: the library hands back our pointer, see `inner`.
    unsafe { inner(data) }.events.woken();
}
