//! `libvirt-stream.h`: the callback that tells when a stream is ready.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use super::virStreamPtr;
use crate::call::entry;
use crate::callback::call_c;
use crate::opaque::Opaque;
use crate::typed_params::virFreeCallback;
use virsparse_core::error::*;
use virsparse_core::stream::{Readiness, Stream};

/// Runs on the event loop while a stream is ready: `events` are virStreamEventType bits. It may
/// use the stream, and add, update and remove callbacks.
pub type virStreamEventCallback =
    Option<unsafe extern "C" fn(stream: virStreamPtr, events: c_int, opaque: *mut c_void)>;

/// A caller's event callback with what it owns.
struct EventCallback {
    stream: virStreamPtr,
    function: unsafe extern "C" fn(virStreamPtr, c_int, *mut c_void),
    opaque: Arc<Opaque>,
}

// SAFETY: the stream's handle is not followed without a check of what it is.
unsafe impl Send for EventCallback {}
// SAFETY: as above.
unsafe impl Sync for EventCallback {}

impl EventCallback {
    fn run(&self, events: Readiness) {
        // SAFETY: the caller's function, with its own data.
        unsafe { call_c!(self.function, self.stream, events.bits(), self.opaque.pointer()) };
    }
}

/// Registers a callback that the event loop runs while the stream is ready for what it waits for.
/// A stream has one callback at most.
///
/// @stream: a stream with a transfer; best one that is VIR_STREAM_NONBLOCK
/// @events: virStreamEventType bits; 0 for none until virStreamEventUpdateCallback. Bits that do
/// not fit the stream's direction are allowed and never come
/// @cb: the callback
/// @opaque: passed to @cb
/// @ff: releases @opaque: called once, from the event loop, after the callback is removed or the
/// stream is freed; may be NULL. Not called if this function fails
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached; VIR_ERR_INVALID_ARG
/// if @cb is NULL; VIR_ERR_INTERNAL_ERROR if there is a callback already, or no event loop.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamEventAddCallback(
    stream: virStreamPtr,
    events: c_int,
    cb: virStreamEventCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    entry("virStreamEventAddCallback", |call| {
        let object = call.object::<Stream>(stream)?;
        let function =
            cb.ok_or_else(|| call.invalid_argument(VIR_FROM_STREAMS, "cb", "not be NULL"))?;
        let opaque = Opaque::new(opaque);
        let callback = EventCallback { stream, function, opaque: opaque.clone() };
        let events = Readiness::from_bits_retain(events);
        let callback = Arc::new(move |ready| callback.run(ready));
        object.add_callback(events, callback, move || opaque.own(ff))?;
        Ok(0)
    })
}

/// Changes what a stream's callback waits for.
///
/// @stream: the stream
/// @events: virStreamEventType bits; 0 mutes the callback
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
/// VIR_ERR_INTERNAL_ERROR if there is no callback.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamEventUpdateCallback(stream: virStreamPtr, events: c_int) -> c_int {
    entry("virStreamEventUpdateCallback", |call| {
        let stream = call.object::<Stream>(stream)?;
        stream.update_callback(Readiness::from_bits_retain(events))?;
        Ok(0)
    })
}

/// Removes a stream's callback. It is not run again after this returns (in the event loop's
/// thread), and its data is released from the event loop.
///
/// @stream: the stream
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
/// VIR_ERR_INTERNAL_ERROR if there is no callback.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamEventRemoveCallback(stream: virStreamPtr) -> c_int {
    entry("virStreamEventRemoveCallback", |call| {
        call.object::<Stream>(stream)?.remove_callback()?;
        Ok(0)
    })
}
