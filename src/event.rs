//! `libvirt-event.h`: the process's event loop, the caller's own or the library's.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use crate::call::{Call, entry, entry_keeping_error};
use crate::callback::call_c;
use crate::host_loop::HostLoop;
use crate::opaque::Opaque;
use crate::typed_params::virFreeCallback;
use virsparse_core::error::{Result, VIR_FROM_EVENT};
use virsparse_core::event::{self, OnHandle, OnTimeout, poll};

/// Runs on the loop when a watched descriptor is ready: again at every iteration, as long as it is.
///
/// @watch: the id that virEventAddHandle returned
/// @fd: the descriptor
/// @events: what it is ready for, virEventHandleType bits
/// @opaque: what was registered with the callback
///
/// Since 0.5.0.
pub type virEventHandleCallback =
    Option<unsafe extern "C" fn(watch: c_int, fd: c_int, events: c_int, opaque: *mut c_void)>;

/// Runs on the loop when a timer expires.
///
/// @timer: the id that virEventAddTimeout returned
/// @opaque: what was registered with the callback
///
/// Since 0.5.0.
pub type virEventTimeoutCallback = Option<unsafe extern "C" fn(timer: c_int, opaque: *mut c_void)>;

/// A loop's function that watches a descriptor.
///
/// @fd: the descriptor
/// @event: what to wait for, virEventHandleType bits; 0 for nothing yet
/// @cb: to be called on the loop's thread, as long as the descriptor is ready
/// @opaque: to be passed to @cb and @ff
/// @ff: to be called once after the watch is removed, with none of the loop's locks held; or NULL
///
/// Return Value: the watch's id, or -1 if the descriptor cannot be watched; @ff is then not called.
///
/// Threads: called from any thread, and from callbacks.
///
/// Since 0.5.0.
pub type virEventAddHandleFunc = Option<
    unsafe extern "C" fn(
        fd: c_int,
        event: c_int,
        cb: virEventHandleCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int,
>;

/// A loop's function that changes what a watch waits for.
///
/// @watch: the watch's id
/// @event: what to wait for from now on, virEventHandleType bits; 0 for nothing
///
/// Since 0.5.0.
pub type virEventUpdateHandleFunc = Option<unsafe extern "C" fn(watch: c_int, event: c_int)>;

/// A loop's function that ends a watch, and sees to it that its free function is called.
///
/// @watch: the watch's id
///
/// Return Value: 0, or -1 if there is no such watch.
///
/// Since 0.5.0.
pub type virEventRemoveHandleFunc = Option<unsafe extern "C" fn(watch: c_int) -> c_int>;

/// A loop's function that adds a timer.
///
/// @timeout: milliseconds between calls; 0 for a call in every iteration, -1 for none yet
/// @cb: to be called on the loop's thread
/// @opaque: to be passed to @cb and @ff
/// @ff: to be called once after the timer is removed, with none of the loop's locks held; or NULL
///
/// Return Value: the timer's id, or -1; @ff is then not called.
///
/// Threads: called from any thread, and from callbacks.
///
/// Since 0.5.0.
pub type virEventAddTimeoutFunc = Option<
    unsafe extern "C" fn(
        timeout: c_int,
        cb: virEventTimeoutCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int,
>;

/// A loop's function that changes a timer.
///
/// @timer: the timer's id
/// @timeout: milliseconds between calls from now on; 0 for every iteration, -1 for none
///
/// Since 0.5.0.
pub type virEventUpdateTimeoutFunc = Option<unsafe extern "C" fn(timer: c_int, timeout: c_int)>;

/// A loop's function that ends a timer, and sees to it that its free function is called.
///
/// @timer: the timer's id
///
/// Return Value: 0, or -1 if there is no such timer.
///
/// Since 0.5.0.
pub type virEventRemoveTimeoutFunc = Option<unsafe extern "C" fn(timer: c_int) -> c_int>;

/// Refuses a callback that is NULL.
fn required<F>(call: &Call, cb: Option<F>) -> Result<F> {
    cb.ok_or_else(|| call.invalid_argument(VIR_FROM_EVENT, "cb", "not be NULL"))
}

/// Registers the program's own event loop, which delivers the events of all connections.
///
/// A process has one loop, and it stays: only the first registration counts, of whichever kind.
/// Later ones, and one of NULLs only, are ignored. Register before the first connection is opened.
/// A function that is NULL refuses (adding, removing) or ignores (updating) what it is asked.
///
/// @addHandle: watches a descriptor
/// @updateHandle: changes what a watch waits for
/// @removeHandle: ends a watch
/// @addTimeout: adds a timer
/// @updateTimeout: changes a timer
/// @removeTimeout: ends a timer
///
/// Threads: the functions are called from any thread, and from callbacks that the loop runs. All
/// callbacks must run on one thread at a time.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.5.0.
#[unsafe(no_mangle)]
pub extern "C" fn virEventRegisterImpl(
    addHandle: virEventAddHandleFunc,
    updateHandle: virEventUpdateHandleFunc,
    removeHandle: virEventRemoveHandleFunc,
    addTimeout: virEventAddTimeoutFunc,
    updateTimeout: virEventUpdateTimeoutFunc,
    removeTimeout: virEventRemoveTimeoutFunc,
) {
    entry_keeping_error("virEventRegisterImpl", |_| {
        let host = HostLoop {
            add_handle: addHandle,
            update_handle: updateHandle,
            remove_handle: removeHandle,
            add_timeout: addTimeout,
            update_timeout: updateTimeout,
            remove_timeout: removeTimeout,
        };
        if !host.is_empty() {
            event::register(Box::new(host));
        }
        Ok(0)
    });
}

/// Registers the library's own event loop. The program must then call virEventRunDefaultImpl over
/// and over, in one thread.
///
/// A loop that is already registered, this one or the program's own, stays: see
/// virEventRegisterImpl. Register before the first connection is opened.
///
/// Return Value: 0, also if a loop is already registered; -1 on failure.
///
/// Errors: VIR_ERR_SYSTEM_ERROR if no descriptor is left for the loop's own use.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virEventRegisterDefaultImpl() -> c_int {
    entry("virEventRegisterDefaultImpl", |_| poll::register_default().map(|()| 0))
}

/// Runs one iteration of the library's own event loop: waits until a watched descriptor is ready,
/// a timer expires, or another thread changes what is watched, and runs the callbacks. An iteration
/// may end without having run any. A signal ends it too.
///
/// Return Value: 0, or -1 on failure.
///
/// Threads: one thread at a time. Callbacks may call any function of the library, this one too.
///
/// Errors: VIR_ERR_INTERNAL_ERROR if the registered loop is not the library's own, or there is
/// none; VIR_ERR_SYSTEM_ERROR if the system refuses to wait.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virEventRunDefaultImpl() -> c_int {
    entry("virEventRunDefaultImpl", |_| poll::run_default().map(|()| 0))
}

/// Watches a descriptor on the registered loop. A descriptor may have several watches.
///
/// @fd: the descriptor, to be kept open until the watch is removed. A negative or closed one is
/// never ready
/// @events: what to wait for, virEventHandleType bits; 0 for nothing yet
/// @cb: called on the loop's thread, at every iteration in which the descriptor is ready
/// @opaque: passed to @cb and @ff
/// @ff: called with @opaque once after the watch is removed, from a later iteration of the loop,
/// never inside virEventRemoveHandle; or NULL
///
/// Return Value: the watch's id, from 1; -1 if no loop is registered or it refuses. @ff is not
/// called then.
///
/// Threads: any, and callbacks.
///
/// Errors: VIR_ERR_INVALID_ARG if @cb is NULL; otherwise none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventAddHandle(
    fd: c_int,
    events: c_int,
    cb: virEventHandleCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    entry_keeping_error("virEventAddHandle", |call| {
        let callback = required(call, cb)?;
        let Some(event_loop) = event::current() else { return Ok(-1) };
        if let Some(host) = HostLoop::of(event_loop) {
            return Ok(host.watch(fd, events, cb, opaque, ff));
        }
        let opaque = Opaque::new(opaque);
        opaque.own(ff);
        let on_handle: OnHandle = Arc::new(move |watch, fd, events| {
            // SAFETY: the caller registered the function and its data for this.
            unsafe { call_c!(callback, watch, fd, events, opaque.pointer()) };
        });
        Ok(event_loop.add_handle(fd, events, on_handle).unwrap_or(-1))
    })
}

/// Changes what a watch waits for.
///
/// @watch: the id that virEventAddHandle returned; an unknown one is ignored
/// @events: what to wait for from now on, virEventHandleType bits; 0 for nothing, not even errors
///
/// Threads: any, and callbacks.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventUpdateHandle(watch: c_int, events: c_int) {
    entry_keeping_error("virEventUpdateHandle", |_| {
        if let Some(event_loop) = event::current() {
            event_loop.update_handle(watch, events);
        }
        Ok(0)
    });
}

/// Ends a watch. Its callback does not run again once this has returned in the loop's thread; in
/// another thread, a call that has begun may still be running.
///
/// @watch: the id that virEventAddHandle returned
///
/// Return Value: 0, or -1 if there is no such watch.
///
/// Threads: any, and callbacks, the watch's own too.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventRemoveHandle(watch: c_int) -> c_int {
    entry_keeping_error("virEventRemoveHandle", |_| {
        Ok(removed(event::current().is_some_and(|l| l.remove_handle(watch))))
    })
}

/// Adds a timer to the registered loop. It expires again and again, until it is disabled or
/// removed.
///
/// @frequency: milliseconds between calls; 0 for a call at every iteration, -1 for none yet
/// @cb: called on the loop's thread
/// @opaque: passed to @cb and @ff
/// @ff: called with @opaque once after the timer is removed, from a later iteration of the loop,
/// never inside virEventRemoveTimeout; or NULL
///
/// Return Value: the timer's id, from 1; -1 if no loop is registered or it refuses. @ff is not
/// called then.
///
/// Threads: any, and callbacks.
///
/// Errors: VIR_ERR_INVALID_ARG if @cb is NULL; otherwise none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventAddTimeout(
    frequency: c_int,
    cb: virEventTimeoutCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    entry_keeping_error("virEventAddTimeout", |call| {
        let callback = required(call, cb)?;
        let Some(event_loop) = event::current() else { return Ok(-1) };
        if let Some(host) = HostLoop::of(event_loop) {
            return Ok(host.time(frequency, cb, opaque, ff));
        }
        let opaque = Opaque::new(opaque);
        opaque.own(ff);
        let on_timeout: OnTimeout = Arc::new(move |timer| {
            // SAFETY: the caller registered the function and its data for this.
            unsafe { call_c!(callback, timer, opaque.pointer()) };
        });
        Ok(event_loop.add_timeout(frequency, on_timeout).unwrap_or(-1))
    })
}

/// Changes a timer, and starts it anew.
///
/// @timer: the id that virEventAddTimeout returned; an unknown one is ignored
/// @frequency: milliseconds between calls from now on; 0 for every iteration, -1 for none
///
/// Threads: any, and callbacks.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventUpdateTimeout(timer: c_int, frequency: c_int) {
    entry_keeping_error("virEventUpdateTimeout", |_| {
        if let Some(event_loop) = event::current() {
            event_loop.update_timeout(timer, frequency);
        }
        Ok(0)
    });
}

/// Ends a timer. Its callback does not run again once this has returned in the loop's thread; in
/// another thread, a call that has begun may still be running.
///
/// @timer: the id that virEventAddTimeout returned
///
/// Return Value: 0, or -1 if there is no such timer.
///
/// Threads: any, and callbacks, the timer's own too.
///
/// Errors: none, and the last error is left as it is.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub extern "C" fn virEventRemoveTimeout(timer: c_int) -> c_int {
    entry_keeping_error("virEventRemoveTimeout", |_| {
        Ok(removed(event::current().is_some_and(|l| l.remove_timeout(timer))))
    })
}

/// What the remove functions return.
fn removed(found: bool) -> c_int {
    if found { 0 } else { -1 }
}

#[cfg(test)]
mod tests {
    use virsparse_core::enums::event::virEventHandleType::*;
    use virsparse_core::event::Ready;

    #[test]
    fn event_bits_are_libvirts() {
        assert_eq!(Ready::READABLE.bits(), VIR_EVENT_HANDLE_READABLE as i32);
        assert_eq!(Ready::WRITABLE.bits(), VIR_EVENT_HANDLE_WRITABLE as i32);
        assert_eq!(Ready::ERROR.bits(), VIR_EVENT_HANDLE_ERROR as i32);
        assert_eq!(Ready::HANGUP.bits(), VIR_EVENT_HANDLE_HANGUP as i32);
    }
}
