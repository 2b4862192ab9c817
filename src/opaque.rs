//! The pointer that callers register beside a callback, for the callback to find its data.

use std::ffi::c_void;
use std::sync::{Arc, OnceLock};

use crate::callback::call_c;
use crate::typed_params::virFreeCallback;

/// A caller's pointer, and the function that frees it, which runs when the last reference to this
/// is dropped.
pub struct Opaque {
    pointer: *mut c_void,
    /// Not set until the registration has succeeded: after a failure the pointer is still the
    /// caller's to free.
    free: OnceLock<virFreeCallback>,
}

// SAFETY: the pointer is the caller's, who registered it for calls from the thread that drives the
// event loop; nothing here follows it.
unsafe impl Send for Opaque {}
// SAFETY: as above.
unsafe impl Sync for Opaque {}

impl Opaque {
    /// A pointer that is still the caller's.
    pub fn new(pointer: *mut c_void) -> Arc<Opaque> {
        Arc::new(Opaque { pointer, free: OnceLock::new() })
    }

    /// Takes the pointer over: `free`, if there is one, is called exactly once.
    pub fn own(&self, free: virFreeCallback) {
        // It is called once, when the registration has succeeded.
        let _ = self.free.set(free);
    }

    /// What the caller registered.
    pub fn pointer(&self) -> *mut c_void {
        self.pointer
    }
}

impl Drop for Opaque {
    fn drop(&mut self) {
        if let Some(Some(free)) = self.free.get() {
            // SAFETY: the caller registered the function for this pointer and this moment.
            unsafe { call_c!(*free, self.pointer) };
        }
    }
}
