//! Another libvirt in the process. With our library in front of it (LD_PRELOAD), a program's calls
//! of public functions come here, while its calls of private functions go to the other, which then
//! has errors of its own. So the other is initialized, which nobody else does, and its errors are
//! told as ours are.

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::virterror::{virErrorFunc, virErrorPtr};

/// The functions of the other library that ours have come in front of.
pub struct Other {
    /// This thread's last error there, or NULL.
    pub last_error: extern "C" fn() -> virErrorPtr,
    pub reset_last_error: extern "C" fn(),
    pub set_error_func: extern "C" fn(*mut c_void, virErrorFunc),
}

static OTHER: OnceLock<Other> = OnceLock::new();
static LOOKED: AtomicBool = AtomicBool::new(false);

/// The other library, if there is one. The first call looks for it, and has it initialized: what
/// that, or another thread meanwhile, calls of ours finds none yet.
pub fn other() -> Option<&'static Other> {
    if !LOOKED.load(Ordering::Relaxed) && !LOOKED.swap(true, Ordering::Relaxed) {
        look();
    }
    OTHER.get()
}

fn look() {
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

/// The symbol of a library that is searched after ours.
fn next(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: a NUL-terminated name.
    let symbol = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    (!symbol.is_null()).then_some(symbol)
}
