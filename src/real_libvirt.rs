//! libvirt's own library in the same process. When ours is preloaded (LD_PRELOAD), a program's calls of
//! public functions come here, while its calls of private functions go to libvirt's library, which then
//! has errors of its own. So we initialize that library, because nobody else does, and report its errors
//! like ours.
//!
//! A program that finds functions with dlsym in libvirt's library gets those of that library, while their
//! calls of one another come here: such a connection would be half libvirt's and half ours. All of
//! libvirt's functions that open a connection begin with virInitialize, so that one detects it
//! ([`refuse_half`]).

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::mem::{MaybeUninit, transmute};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::virterror::{virErrorFunc, virErrorPtr};
use virsparse_base::sys::foreign::Uncancelled;
use virsparse_base::sys::fork;
use virsparse_core::error::*;

/// The functions of the other library that ours have come in front of.
pub struct Other {
    /// This thread's last error there, or NULL.
    pub last_error: extern "C" fn() -> virErrorPtr,
    pub reset_last_error: extern "C" fn(),
    pub set_error_func: extern "C" fn(*mut c_void, virErrorFunc),
}

static OTHER: OnceLock<Other> = OnceLock::new();
static LOOKED: AtomicBool = AtomicBool::new(false);

/// The other library, if there is one. The first call looks for it, and each that begins the use of the
/// library ([`look_again`]), and has it initialized: what that, or another thread meanwhile, calls of
/// ours finds none yet.
pub fn other() -> Option<&'static Other> {
    if !LOOKED.load(Ordering::Relaxed) && !LOOKED.swap(true, Ordering::Relaxed) {
        look();
    }
    OTHER.get()
}

/// Looks for a library that has been loaded since the first call.
pub fn look_again() {
    // In a child that was forked, the loader may be as other threads have left it.
    let may_look = fork::generation() == 0 && LOOKED.load(Ordering::Relaxed);
    if may_look && OTHER.get().is_none() {
        look();
    }
}

fn look() {
    // It opens files, and starts threads.
    let _uncancelled = Uncancelled::new();
    let Some(initialize) = next(c"virInitialize") else { return };
    let functions =
        (next(c"virGetLastError"), next(c"virResetLastError"), next(c"virSetErrorFunc"));
    let (Some(last_error), Some(reset_last_error), Some(set_error_func)) = functions else {
        return;
    };
    // SAFETY: libvirt's functions of these names, which never change.
    let (other, initialize) = unsafe {
        let other = Other {
            last_error: transmute::<*mut c_void, extern "C" fn() -> virErrorPtr>(last_error),
            reset_last_error: transmute::<*mut c_void, extern "C" fn()>(reset_last_error),
            set_error_func: transmute::<*mut c_void, extern "C" fn(*mut c_void, virErrorFunc)>(
                set_error_func,
            ),
        };
        (other, transmute::<*mut c_void, extern "C" fn() -> c_int>(initialize))
    };
    if initialize() == 0 {
        // Nobody else sets it.
        let _ = OTHER.set(other);
    }
}

/// The symbol of the other library. It is searched after ours, or it was loaded by dlopen for its caller
/// alone, as interpreters do: then only its name leads to it.
fn next(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a NUL-terminated name.
    let symbol = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    if !symbol.is_null() {
        return Some(symbol);
    }
    let path = loaded()?;
    // SAFETY: NUL-terminated names. Nothing is loaded; what is there stays, because the handle is kept.
    let symbol = unsafe {
        let loaded = libc::dlopen(path.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_LAZY);
        if loaded.is_null() {
            return None;
        }
        libc::dlsym(loaded, name.as_ptr())
    };
    // Our library may be installed under that name.
    (!symbol.is_null() && base_of(symbol) != base_of(look as *const c_void)).then_some(symbol)
}

/// The file of a library that is loaded under libvirt's name. To ask the loader for that name alone would
/// have it search its cache, each time.
fn loaded() -> Option<CString> {
    unsafe extern "C" fn look_at(
        info: *mut libc::dl_phdr_info,
        _size: usize,
        found: *mut c_void,
    ) -> c_int {
        // SAFETY: what dl_iterate_phdr passes: a NUL-terminated name, and what it was given.
        let (path, found) =
            unsafe { (CStr::from_ptr((*info).dlpi_name), &mut *found.cast::<Option<CString>>()) };
        let is_it = path.to_bytes().rsplit(|b| *b == b'/').next() == Some(b"libvirt.so.0");
        if is_it {
            *found = Some(path.to_owned());
        }
        c_int::from(is_it)
    }
    let mut found: Option<CString> = None;
    // SAFETY: the function takes what it is given here.
    unsafe { libc::dl_iterate_phdr(Some(look_at), (&raw mut found).cast()) };
    found
}

/// Where the library begins in memory that an address is in.
fn base_of(address: *const c_void) -> Option<*mut c_void> {
    library_of(address).map(|library| library.dli_fbase)
}

/// The library that an address is in.
fn library_of(address: *const c_void) -> Option<libc::Dl_info> {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: a place for the result, which is only looked at when it has been filled.
    unsafe { (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init()) }
}

/// Refuses to begin for a function of the other library, which can only have been found by dlsym: all that
/// is linked comes to ours. 0: it is somebody else. -1: refused, with an error of the other's, because that
/// is where it is looked for.
pub fn refuse_half() -> Result<c_int> {
    let Some(other) = other() else { return Ok(0) };
    let (ours, theirs) = (base_of(look as *const c_void), other.last_error as *const c_void);
    if base_of(caller(ours)) != base_of(theirs) {
        return Ok(0);
    }
    let path = |address| {
        library_of(address).and_then(|library| {
            // SAFETY: the loader's name of a library that is there, or NULL.
            (!library.dli_fname.is_null()).then(|| unsafe { CStr::from_ptr(library.dli_fname) })
        })
    };
    let (ours, theirs) = (path(look as *const c_void), path(theirs));
    let shown =
        |path: Option<&CStr>| path.unwrap_or(c"libvirt.so.0").to_string_lossy().into_owned();
    let error = Error::invalid_operation(VIR_FROM_NONE, half(&shown(ours), &shown(theirs)));
    // The name that docs/debugging.md has for this.
    log::error!(target: "virsparse::beside", "{error}");
    if raise_there(&error) { Ok(-1) } else { Err(error) }
}

/// What to do about it. `ours` and `theirs` are the files of the libraries.
fn half(ours: &str, theirs: &str) -> String {
    let drop_in = Path::new(OsStr::from_bytes(ours.as_bytes())).parent();
    let drop_in =
        drop_in.map(|folder| folder.join("virsparse/drop-in")).filter(|folder| folder.is_dir());
    let drop_in = drop_in
        .map_or("the folder virsparse/drop-in".to_string(), |folder| folder.display().to_string());
    format!(
        "this program finds libvirt's functions by dlsym, behind LD_PRELOAD: some of its calls would go to \
         {theirs}, and others to {ours}. Set LD_LIBRARY_PATH={drop_in} instead of LD_PRELOAD, so that \
         what it loads as libvirt.so.0 is all of libvirsparse"
    )
}

/// Raises an error in the other library, by what its own functions raise theirs with, if it has that.
fn raise_there(error: &Error) -> bool {
    type Report =
        unsafe extern "C" fn(c_int, c_int, *const c_char, *const c_char, usize, *const c_char, ...);
    let Some(report) = next(c"virReportErrorHelper") else { return false };
    let detail = error.str2.clone().unwrap_or_default();
    let Ok(detail) = CString::new(detail) else { return false };
    let (domain, code) = (error.domain as c_int, error.code as c_int);
    let place = (c"virsparse".as_ptr(), c"virInitialize".as_ptr());
    // SAFETY: libvirt's function of this name: codes, the place, and a format with one text.
    unsafe {
        let report = transmute::<*mut c_void, Report>(report);
        report(domain, code, place.0, place.1, 0, c"%s".as_ptr(), detail.as_ptr());
    }
    true
}

/// The address that our library was called from on this thread. `ours`: where it begins.
fn caller(ours: Option<*mut c_void>) -> *const c_void {
    struct Sought {
        ours: Option<*mut c_void>,
        found: *const c_void,
    }
    unsafe extern "C" fn look_at(frame: *mut c_void, sought: *mut c_void) -> c_int {
        // SAFETY: what _Unwind_Backtrace passes: a frame, and what it was given.
        let (address, sought) =
            unsafe { (_Unwind_GetIP(frame) as *const c_void, &mut *sought.cast::<Sought>()) };
        if base_of(address) == sought.ours {
            return URC_NO_REASON;
        }
        sought.found = address;
        URC_NORMAL_STOP
    }
    let mut sought = Sought { ours, found: std::ptr::null() };
    // SAFETY: the function takes what it is given here.
    unsafe { _Unwind_Backtrace(look_at, (&raw mut sought).cast()) };
    sought.found
}

const URC_NO_REASON: c_int = 0;
const URC_NORMAL_STOP: c_int = 4;

// Of the C++ ABI's unwinder, which Rust's own library is linked with.
unsafe extern "C" {
    fn _Unwind_Backtrace(
        function: unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> c_int;
    fn _Unwind_GetIP(frame: *mut c_void) -> usize;
}
