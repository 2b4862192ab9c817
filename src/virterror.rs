//! `virterror.h`: the last error of each thread and connection, and the functions that read it.

use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::io::Write;
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::call::{Failure, entry_keeping_error};
use crate::callback::call_c;
use crate::domain::object::virDomainPtr;
use crate::handle;
use crate::host::virConnectPtr;
use crate::real_libvirt;
use crate::strings;
use virsparse_base::sys::fork::{GENERATIONS, PerGeneration, generation};
use virsparse_core::driver::Connect;
use virsparse_core::error::{self, DOMAIN_NAMES, Error, Result, virErrorNumber};

/// Never followed: the `net` member of an error is always NULL.
pub type virNetworkPtr = *mut c_void;
/// `virErrorLevel` as C stores it. An integer here, because what a caller hands in may hold
/// anything.
pub type virErrorLevelValue = u32;

/// One error, as C sees it.
///
/// All strings are owned by the record: `virResetError` releases them. `conn`, `dom` and `net` are
/// always NULL.
///
/// Since 0.1.0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virError {
    /// What went wrong, a virErrorNumber.
    pub code: c_int,
    /// Which part of the library reports it, a virErrorDomain.
    pub domain: c_int,
    /// The text for people, without a newline.
    pub message: *mut c_char,
    /// How serious it is.
    pub level: virErrorLevelValue,
    /// Always NULL.
    pub conn: virConnectPtr,
    /// Always NULL.
    pub dom: virDomainPtr,
    /// Detail: the message's format, or a function's name.
    pub str1: *mut c_char,
    /// Detail: what was put into the format, or an argument's name.
    pub str2: *mut c_char,
    /// Always NULL.
    pub str3: *mut c_char,
    /// Detail: errno of a failed system call, else 0 or -1.
    pub int1: c_int,
    /// Detail: 0 or -1.
    pub int2: c_int,
    /// Always NULL.
    pub net: virNetworkPtr,
}

/// One error, as C sees it.
pub type virError = _virError;
/// Points at an error record.
pub type virErrorPtr = *mut virError;

/// A callback for errors: runs in the thread whose call failed, before that call returns.
///
/// `userData` is what was registered with it; `error` is only valid during the call.
///
/// Since 0.1.0.
pub type virErrorFunc = Option<unsafe extern "C" fn(userData: *mut c_void, error: virErrorPtr)>;

const EMPTY: virError = virError {
    code: 0,
    domain: 0,
    message: null_mut(),
    level: 0,
    conn: null_mut(),
    dom: null_mut(),
    str1: null_mut(),
    str2: null_mut(),
    str3: null_mut(),
    int1: 0,
    int2: 0,
    net: null_mut(),
};

/// A record of ours, with strings that it owns.
struct Record(virError);

// SAFETY: the pointers are owned malloc'd strings, which belong to no thread.
unsafe impl Send for Record {}

impl Record {
    fn fill(&mut self, error: &Error) {
        self.clear();
        let text = |text: &Option<String>| match text {
            Some(text) => strings::to_c(text).unwrap_or(null_mut()),
            None => null_mut(),
        };
        self.0.code = error.number.unwrap_or(error.code as c_int);
        self.0.domain = error.domain as c_int;
        self.0.level = error::virErrorLevel::VIR_ERR_ERROR as virErrorLevelValue;
        self.0.message = strings::to_c(&error.message).unwrap_or(null_mut());
        self.0.str1 = text(&error.str1);
        self.0.str2 = text(&error.str2);
        self.0.int1 = error.int1;
        self.0.int2 = error.int2;
    }

    fn clear(&mut self) {
        // SAFETY: the record is ours and its strings came from malloc.
        unsafe { reset(&mut self.0) }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.clear();
    }
}

thread_local! {
    static LAST: UnsafeCell<Record> = const { UnsafeCell::new(Record(EMPTY)) };
}

/// Runs `f` on this thread's record; `None` when the thread is ending and has lost it.
fn with_last<R>(f: impl FnOnce(&mut Record) -> R) -> Option<R> {
    LAST.try_with(|last| {
        // SAFETY: only this thread reaches its record, and none of the closures that are passed
        // here calls back into this module or into a caller's function.
        f(unsafe { &mut *last.get() })
    })
    .ok()
}

/// Forgets this thread's last error.
pub fn reset_last() {
    with_last(|last| {
        if last.0.code != 0 {
            last.clear();
        }
    });
    if let Some(other) = real_libvirt::other() {
        (other.reset_last_error)();
    }
}

/// This thread's last error, whose strings are not to be released. One of another libvirt's goes
/// first: a call of ours begins with resetting that, so it is the later one.
fn last() -> virError {
    // SAFETY: NULL, or a record that nothing changes before this thread's next call.
    unsafe { virGetLastError().as_ref() }.copied().unwrap_or(EMPTY)
}

/// The handler of the process, or of a connection.
#[derive(Clone, Copy)]
struct Handler {
    function: virErrorFunc,
    data: *mut c_void,
}

// SAFETY: the data pointer is the caller's; it registered the handler for calls on any thread.
unsafe impl Send for Handler {}

/// `None` where none was set since the process was forked.
static GLOBAL_HANDLER: PerGeneration<Mutex<Option<Handler>>> =
    PerGeneration([const { Mutex::new(None) }; GENERATIONS]);

/// The handler of the process: its own, or that of the process that it was forked from.
fn global_handler() -> Handler {
    let own = *unpoisoned(&GLOBAL_HANDLER);
    own.unwrap_or_else(|| {
        let before = GLOBAL_HANDLER.0[..generation()].iter().rev();
        // Somebody may have been setting it at that moment.
        let mut set = before.filter_map(|handler| handler.try_lock().ok().and_then(|set| *set));
        set.next().unwrap_or(Handler { function: None, data: null_mut() })
    })
}

/// What is known of errors on one connection. Boxed, because C holds the record's address.
struct ConnectionErrors {
    last: Box<Record>,
    handler: Handler,
}

/// Of each connection by its number.
type Connections = HashMap<u64, ConnectionErrors>;

static CONNECTIONS: PerGeneration<Mutex<Option<Connections>>> =
    PerGeneration([const { Mutex::new(None) }; GENERATIONS]);

fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Runs `f` on what is known of errors on `connect`.
fn with_connection<R>(connect: &Connect, f: impl FnOnce(&mut ConnectionErrors) -> R) -> R {
    let mut all = unpoisoned(&CONNECTIONS);
    f(all.get_or_insert_default().entry(connect.id()).or_insert_with(|| ConnectionErrors {
        last: Box::new(Record(EMPTY)),
        handler: Handler { function: None, data: null_mut() },
    }))
}

/// Forgets what is known of errors on a connection that is closed.
pub fn forget_connection(id: u64) {
    let gone = unpoisoned(&CONNECTIONS).as_mut().and_then(|all| all.remove(&id));
    drop(gone);
}

/// Makes `error` the last error of this thread, and of `connect`, and tells the handler that is
/// in charge: the connection's, else the process's, else the default, which prints.
pub fn dispatch(error: &Error, connect: Option<&Arc<Connect>>) {
    with_last(|last| last.fill(error));
    let mut handler = global_handler();
    if let Some(connect) = connect {
        with_connection(connect, |errors| {
            errors.last.fill(error);
            if errors.handler.function.is_some() {
                handler = errors.handler;
            }
        });
    }
    // A record of its own, because a handler that calls the library resets the thread's.
    let mut record = Record(EMPTY);
    record.fill(error);
    match handler.function {
        Some(function) => {
            // SAFETY: the caller registered the function and its data for this; no lock is held.
            unsafe { call_c!(function, handler.data, &raw mut record.0) };
            with_last(|last| last.fill(error));
        }
        // SAFETY: the record is ours.
        None => unsafe { virDefaultErrorFunc(&raw mut record.0) },
    }
}

/// Releases the strings of a record and zeroes it.
///
/// # Safety
/// `record` holds NULL or malloc'd strings.
unsafe fn reset(record: &mut virError) {
    for text in [record.message, record.str1, record.str2, record.str3] {
        // SAFETY: the caller's promise.
        unsafe { libc::free(text.cast()) };
    }
    *record = EMPTY;
}

/// A copy with strings of its own.
///
/// # Safety
/// `from` holds NULL or NUL-terminated strings.
unsafe fn duplicate(from: &virError) -> virError {
    let copy = |text: *mut c_char| {
        if text.is_null() {
            return null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { libc::strdup(text) }
    };
    virError {
        message: copy(from.message),
        str1: copy(from.str1),
        str2: copy(from.str2),
        str3: copy(from.str3),
        ..*from
    }
}

/// Returns the last error of the calling thread.
///
/// Return Value: the thread's record, or NULL if its last call into the library did not fail. The
/// record belongs to the library and changes with the thread's next call; virSaveLastError makes a
/// copy that lasts.
///
/// Threads: each thread has its own last error.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastError() -> virErrorPtr {
    if let Some(other) = real_libvirt::other() {
        let error = (other.last_error)();
        if !error.is_null() {
            return error;
        }
    }
    with_last(|last| if last.0.code == 0 { null_mut() } else { &raw mut last.0 })
        .unwrap_or(null_mut())
}

/// Returns the code of the calling thread's last error.
///
/// Return Value: a virErrorNumber; VIR_ERR_OK (0) if there is no error.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 4.5.0.
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorCode() -> c_int {
    last().code
}

/// Returns the domain of the calling thread's last error: which part of the library reported it.
///
/// Return Value: a virErrorDomain; VIR_FROM_NONE (0) if there is no error.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 4.5.0.
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorDomain() -> c_int {
    last().domain
}

/// Returns the text of the calling thread's last error.
///
/// Return Value: never NULL; "no error" if there is none. The text belongs to the library and
/// changes with the thread's next call.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.0.6.
#[unsafe(no_mangle)]
pub extern "C" fn virGetLastErrorMessage() -> *const c_char {
    match last() {
        virError { code: 0, .. } => c"no error".as_ptr(),
        virError { message, .. } if message.is_null() => c"unknown error".as_ptr(),
        virError { message, .. } => message.cast_const(),
    }
}

/// Forgets the calling thread's last error.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virResetLastError() {
    reset_last();
}

/// Releases the strings of a record that the caller owns, and zeroes it. The record itself is not
/// freed.
///
/// @err: the record; NULL is allowed
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virResetError(err: virErrorPtr) {
    // SAFETY: NULL or a record of the caller's.
    if let Some(record) = unsafe { err.as_mut() } {
        // SAFETY: its strings came from malloc: ours do.
        unsafe { reset(record) };
    }
}

/// Releases a record that virSaveLastError returned, and its strings.
///
/// @err: the record; NULL is allowed
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.6.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virFreeError(err: virErrorPtr) {
    // SAFETY: NULL or a record that virSaveLastError made with malloc.
    unsafe {
        virResetError(err);
        libc::free(err.cast());
    }
}

/// Copies the calling thread's last error into memory that lasts.
///
/// Return Value: a new record, to be released with virFreeError; its code is VIR_ERR_OK if there
/// is no error. NULL only if memory is out.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.6.1.
#[unsafe(no_mangle)]
pub extern "C" fn virSaveLastError() -> virErrorPtr {
    // SAFETY: the allocation has the size of what is written to it.
    unsafe {
        let copy = libc::calloc(1, size_of::<virError>()).cast::<virError>();
        if !copy.is_null() {
            copy.write(duplicate(&last()));
        }
        copy
    }
}

/// Copies the calling thread's last error into a record of the caller's.
///
/// @to: the record to fill; its old contents are not released. virResetError releases the new ones
///
/// Return Value: the error's code, 0 if there is none (the record is then zeroed), or -1 if @to is
/// NULL.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virCopyLastError(to: virErrorPtr) -> c_int {
    if to.is_null() {
        return -1;
    }
    // SAFETY: `to` is a record of the caller's.
    unsafe { to.write(duplicate(&last())) };
    virGetLastErrorCode()
}

/// Runs `body` with what is known of errors on the connection, if that is a live one.
fn on_connection<R: Failure>(
    function: &'static str,
    conn: virConnectPtr,
    none: R,
    body: impl FnOnce(&mut ConnectionErrors) -> R,
) -> R {
    entry_keeping_error(function, |_| -> Result<R> {
        let connect = handle::resolve::<Connect>(conn);
        Ok(connect.map_or(none, |connect| with_connection(&connect, body)))
    })
}

/// Returns the last error that was reported on a connection, by whichever thread.
///
/// It outlives later calls that succeed, until another error or virConnResetLastError.
///
/// @conn: the connection
///
/// Return Value: a record that belongs to the connection, or NULL if there is none. Other threads
/// may change it at any time: virConnCopyLastError is safer.
///
/// Errors: none, and the last error of the thread is left as it is.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnGetLastError(conn: virConnectPtr) -> virErrorPtr {
    on_connection("virConnGetLastError", conn, null_mut(), |errors| {
        if errors.last.0.code == 0 { null_mut() } else { &raw mut errors.last.0 }
    })
}

/// Forgets the last error of a connection.
///
/// @conn: the connection; anything else is ignored
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnResetLastError(conn: virConnectPtr) {
    on_connection("virConnResetLastError", conn, 0, |errors| {
        errors.last.clear();
        0
    });
}

/// Copies the last error of a connection into a record of the caller's.
///
/// @conn: the connection
/// @to: the record to fill; its old contents are not released
///
/// Return Value: the error's code, 0 if there is none, -1 if @conn is not a connection or @to is
/// NULL.
///
/// Errors: none, and the last error of the thread is left as it is.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnCopyLastError(conn: virConnectPtr, to: virErrorPtr) -> c_int {
    if to.is_null() {
        return -1;
    }
    on_connection("virConnCopyLastError", conn, -1, |errors| {
        // SAFETY: `to` is a record of the caller's.
        unsafe { to.write(duplicate(&errors.last.0)) };
        errors.last.0.code
    })
}

/// Sets the function that is told of errors, instead of printing them to stderr.
///
/// @userData: passed to @handler
/// @handler: the function, or NULL for virDefaultErrorFunc. It runs in the thread whose call
/// failed, before that call returns, and may call into the library
///
/// Threads: the handler is the whole process's.
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virSetErrorFunc(userData: *mut c_void, handler: virErrorFunc) {
    *unpoisoned(&GLOBAL_HANDLER) = Some(Handler { function: handler, data: userData });
    if let Some(other) = real_libvirt::other() {
        (other.set_error_func)(userData, handler);
    }
}

/// Sets the function that is told of errors on one connection. The process's own handler is then
/// not told of them.
///
/// @conn: the connection; anything else is ignored
/// @userData: passed to @handler
/// @handler: the function, or NULL to let the process's handler have them again
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnSetErrorFunc(
    conn: virConnectPtr,
    userData: *mut c_void,
    handler: virErrorFunc,
) {
    on_connection("virConnSetErrorFunc", conn, 0, |errors| {
        errors.handler = Handler { function: handler, data: userData };
        0
    });
}

/// Prints an error to stderr, as `libvirt: DOMAIN error : MESSAGE`. It is what happens to errors
/// for which no handler is set.
///
/// @err: the error; NULL and records without an error print nothing
///
/// Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDefaultErrorFunc(err: virErrorPtr) {
    // SAFETY: NULL or a record.
    let Some(error) = (unsafe { err.as_ref() }) else { return };
    if error.code == virErrorNumber::VIR_ERR_OK as c_int {
        return;
    }
    let level = match error.level {
        1 => "warning",
        2 => "error",
        _ => "",
    };
    let message = if error.message.is_null() {
        CString::default()
    } else {
        // SAFETY: a NUL-terminated string.
        unsafe { CStr::from_ptr(error.message) }.to_owned()
    };
    let message = message.to_string_lossy();
    let end = if message.ends_with('\n') { "" } else { "\n" };
    let line = format!("libvirt: {} {level} : {message}{end}", domain_name(error.domain));
    // One write, so that lines of several threads do not mix. Nothing can be done about a failure.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The display name of an error domain.
fn domain_name(domain: c_int) -> &'static str {
    usize::try_from(domain).ok().and_then(|d| DOMAIN_NAMES.get(d).copied()).unwrap_or("Unknown")
}
