//! The pointer that callers register beside a callback, for the callback to find its data.

use std::ffi::c_void;

use super::typed_params::virFreeCallback;

/// A caller's pointer, and the function that frees it, which runs when this is dropped.
pub struct Opaque {
    pointer: *mut c_void,
    free: virFreeCallback,
}

// SAFETY: the pointer is the caller's, who registered it for calls from the thread that drives the
// event loop; nothing here follows it.
unsafe impl Send for Opaque {}
// SAFETY: as above.
unsafe impl Sync for Opaque {}

impl Opaque {
    /// Takes over `pointer`: `free`, if there is one, is called exactly once.
    pub fn new(pointer: *mut c_void, free: virFreeCallback) -> Opaque {
        Opaque { pointer, free }
    }

    /// What the caller registered.
    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Opaque {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the caller registered the function for this pointer and this moment.
            unsafe { free(self.pointer) }
        }
    }
}
