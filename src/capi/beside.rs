//! Another libvirt in the process. With our library in front of it (LD_PRELOAD), a program's calls
//! of public functions come here, while its calls of private functions go to the other, which then
//! has errors of its own. So the other is initialized, which nobody else does, and its errors are
//! told as ours are.

use std::ffi::{CStr, CString, c_int, c_void};
use std::mem::{MaybeUninit, transmute};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::virterror::{virErrorFunc, virErrorPtr};
use crate::sys::foreign::Uncancelled;
use crate::sys::fork;

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
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: a place for the result, which is only looked at when it has been filled.
    unsafe {
        (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init().dli_fbase)
    }
}
