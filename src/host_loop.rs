//! A host program's own event loop, as the library uses it: six C functions behind the trait
//! that all loops have.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;

use crate::call::entry_keeping_error;
use crate::callback::call_c;
use crate::event::{
    virEventAddHandleFunc, virEventAddTimeoutFunc, virEventHandleCallback,
    virEventRemoveHandleFunc, virEventRemoveTimeoutFunc, virEventTimeoutCallback,
    virEventUpdateHandleFunc, virEventUpdateTimeoutFunc,
};
use crate::typed_params::virFreeCallback;
use virsparse_core::event::{EventLoop, OnHandle, OnTimeout};

/// The host program's own loop: what virEventRegisterImpl was given.
pub struct HostLoop {
    pub add_handle: virEventAddHandleFunc,
    pub update_handle: virEventUpdateHandleFunc,
    pub remove_handle: virEventRemoveHandleFunc,
    pub add_timeout: virEventAddTimeoutFunc,
    pub update_timeout: virEventUpdateTimeoutFunc,
    pub remove_timeout: virEventRemoveTimeoutFunc,
}

impl HostLoop {
    /// The registered loop, if it is a host's.
    pub fn of(event_loop: &dyn EventLoop) -> Option<&HostLoop> {
        let event_loop: &dyn Any = event_loop;
        event_loop.downcast_ref()
    }

    /// Nothing was given at all.
    pub fn is_empty(&self) -> bool {
        self.add_handle.is_none()
            && self.update_handle.is_none()
            && self.remove_handle.is_none()
            && self.add_timeout.is_none()
            && self.update_timeout.is_none()
            && self.remove_timeout.is_none()
    }

    /// -1 if refused, which leaves `opaque` the caller's.
    pub(super) fn watch(
        &self,
        fd: c_int,
        events: c_int,
        cb: virEventHandleCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int {
        // SAFETY: the host registered the function for this.
        self.add_handle
            .map_or(-1, |add| unsafe { call_c!(add, fd, events, cb, opaque, ff) } as c_int)
    }

    /// The same for a timer.
    pub(super) fn time(
        &self,
        frequency: c_int,
        cb: virEventTimeoutCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int {
        // SAFETY: the host registered the function for this.
        self.add_timeout
            .map_or(-1, |add| unsafe { call_c!(add, frequency, cb, opaque, ff) } as c_int)
    }
}

/// What the library watches itself goes to the host's loop as a box with the callback in it,
/// which [`run_handle`] and [`run_timeout`] open and [`free_boxed`] frees.
impl EventLoop for HostLoop {
    fn add_handle(&self, fd: RawFd, events: i32, callback: OnHandle) -> Option<i32> {
        add_boxed(callback, |boxed, ff| self.watch(fd, events, Some(run_handle), boxed, ff))
    }

    fn update_handle(&self, watch: i32, events: i32) {
        if let Some(update) = self.update_handle {
            // SAFETY: the host registered the function for this.
            unsafe { call_c!(update, watch, events) };
        }
    }

    fn remove_handle(&self, watch: i32) -> bool {
        // SAFETY: the host registered the function for this.
        self.remove_handle.is_some_and(|remove| unsafe { call_c!(remove, watch) } as c_int >= 0)
    }

    fn add_timeout(&self, frequency: i32, callback: OnTimeout) -> Option<i32> {
        add_boxed(callback, |boxed, ff| self.time(frequency, Some(run_timeout), boxed, ff))
    }

    fn update_timeout(&self, timer: i32, frequency: i32) {
        if let Some(update) = self.update_timeout {
            // SAFETY: the host registered the function for this.
            unsafe { call_c!(update, timer, frequency) };
        }
    }

    fn remove_timeout(&self, timer: i32) -> bool {
        // SAFETY: the host registered the function for this.
        self.remove_timeout.is_some_and(|remove| unsafe { call_c!(remove, timer) } as c_int >= 0)
    }
}

/// Has `add` register a box with `callback` in it.
fn add_boxed<T>(
    callback: T,
    add: impl FnOnce(*mut c_void, virFreeCallback) -> c_int,
) -> Option<i32> {
    let boxed = Box::into_raw(Box::new(callback)).cast::<c_void>();
    let id = add(boxed, Some(free_boxed::<T>));
    if id < 0 {
        // SAFETY: it was refused, so that the box is ours again.
        drop(unsafe { Box::from_raw(boxed.cast::<T>()) });
        return None;
    }
    Some(id)
}

/// A host's loop calls this for the library's watches.
unsafe extern "C" fn run_handle(watch: c_int, fd: c_int, events: c_int, boxed: *mut c_void) {
    entry_keeping_error("virEventHandleCallback", |_| {
        // SAFETY: the box from `add_boxed`, which lives until the host frees it. That may
        // happen during the callback, if it removes its own watch: hence the clone.
        let callback = unsafe { &*boxed.cast::<OnHandle>() }.clone();
        callback(watch, fd, events);
        Ok(0)
    });
}

/// A host's loop calls this for the library's timers.
unsafe extern "C" fn run_timeout(timer: c_int, boxed: *mut c_void) {
    entry_keeping_error("virEventTimeoutCallback", |_| {
        // SAFETY: as in `run_handle`.
        let callback = unsafe { &*boxed.cast::<OnTimeout>() }.clone();
        callback(timer);
        Ok(0)
    });
}

/// A host's loop calls this when it has removed a watch or timer of the library's.
unsafe extern "C" fn free_boxed<T>(boxed: *mut c_void) {
    entry_keeping_error("virFreeCallback", |_| {
        // SAFETY: `add_boxed` registered this function with a box of `T`, to be called once.
        drop(unsafe { Box::from_raw(boxed.cast::<T>()) });
        Ok(0)
    });
}

#[cfg(test)]
mod tests {
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What a host's loop was asked for last: id, function, data, free function.
    struct Asked<C>(c_int, C, *mut c_void, virFreeCallback);
    // SAFETY: the pointers are only used by the test that holds the lock.
    unsafe impl<C> Send for Asked<C> {}

    static HANDLE: Mutex<Option<Asked<virEventHandleCallback>>> = Mutex::new(None);
    static TIMER: Mutex<Option<Asked<virEventTimeoutCallback>>> = Mutex::new(None);
    static UPDATED: Mutex<Vec<(c_int, c_int)>> = Mutex::new(Vec::new());

    unsafe extern "C" fn add_handle(
        fd: c_int,
        events: c_int,
        cb: virEventHandleCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int {
        *HANDLE.lock().unwrap() = Some(Asked(fd + events, cb, opaque, ff));
        fd + events
    }

    unsafe extern "C" fn add_timeout(
        timeout: c_int,
        cb: virEventTimeoutCallback,
        opaque: *mut c_void,
        ff: virFreeCallback,
    ) -> c_int {
        *TIMER.lock().unwrap() = Some(Asked(timeout, cb, opaque, ff));
        timeout
    }

    unsafe extern "C" fn update(id: c_int, to: c_int) {
        UPDATED.lock().unwrap().push((id, to));
    }

    /// Ends what was added with that id, and frees its data at once.
    unsafe extern "C" fn remove_handle(id: c_int) -> c_int {
        let asked = HANDLE.lock().unwrap().take_if(|asked| asked.0 == id);
        let Some(Asked(_, _, opaque, Some(ff))) = asked else { return -1 };
        // SAFETY: as it was registered.
        unsafe { ff(opaque) };
        0
    }

    unsafe extern "C" fn remove_timeout(id: c_int) -> c_int {
        let asked = TIMER.lock().unwrap().take_if(|asked| asked.0 == id);
        let Some(Asked(_, _, opaque, Some(ff))) = asked else { return -1 };
        // SAFETY: as it was registered.
        unsafe { ff(opaque) };
        0
    }

    fn host() -> HostLoop {
        HostLoop {
            add_handle: Some(add_handle),
            update_handle: Some(update),
            remove_handle: Some(remove_handle),
            add_timeout: Some(add_timeout),
            update_timeout: Some(update),
            remove_timeout: Some(remove_timeout),
        }
    }

    fn empty_host() -> HostLoop {
        HostLoop {
            add_handle: None,
            update_handle: None,
            remove_handle: None,
            add_timeout: None,
            update_timeout: None,
            remove_timeout: None,
        }
    }

    /// A counted reference that a callback holds, and the count.
    fn owned() -> (Arc<AtomicUsize>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        (count.clone(), count)
    }

    #[test]
    fn the_librarys_watches_run_and_are_freed_through_the_host() {
        let (held, calls) = owned();
        let callback: OnHandle = Arc::new(move |watch, fd, events| {
            assert_eq!((watch, fd, events), (8, 7, 1));
            // The host frees the callback while it runs.
            assert!(host().remove_handle(watch));
            held.fetch_add(1, SeqCst);
        });
        assert_eq!(host().add_handle(7, 1, callback), Some(8));
        assert_eq!(Arc::strong_count(&calls), 2);
        let (cb, opaque) = match &*HANDLE.lock().unwrap() {
            Some(Asked(_, cb, opaque, _)) => (*cb, *opaque),
            None => (None, null_mut()),
        };
        // SAFETY: what was registered, as a host calls it.
        unsafe { cb.unwrap()(8, 7, 1, opaque) };
        assert_eq!(calls.load(SeqCst), 1);
        assert_eq!(Arc::strong_count(&calls), 1);
        assert!(!host().remove_handle(8));
    }

    #[test]
    fn the_librarys_timers_run_and_are_freed_through_the_host() {
        let (held, calls) = owned();
        let callback: OnTimeout = Arc::new(move |timer| {
            assert_eq!(timer, 5);
            held.fetch_add(1, SeqCst);
        });
        assert_eq!(host().add_timeout(5, callback), Some(5));
        let (cb, opaque) = match &*TIMER.lock().unwrap() {
            Some(Asked(_, cb, opaque, _)) => (*cb, *opaque),
            None => (None, null_mut()),
        };
        // SAFETY: what was registered, as a host calls it.
        unsafe { cb.unwrap()(5, opaque) };
        assert_eq!(calls.load(SeqCst), 1);
        assert!(host().remove_timeout(5));
        assert_eq!(Arc::strong_count(&calls), 1);
        assert!(!host().remove_timeout(5));

        // Refused: the callback is released here, because the host will not.
        let (held, calls) = owned();
        let refused: OnTimeout = Arc::new(move |_| held.store(1, SeqCst));
        assert_eq!(host().add_timeout(-1, refused), None);
        assert_eq!(Arc::strong_count(&calls), 1);
    }

    #[test]
    fn changes_reach_the_host() {
        host().update_handle(1, 2);
        host().update_timeout(3, 4);
        assert_eq!(*UPDATED.lock().unwrap(), [(1, 2), (3, 4)]);
    }

    #[test]
    fn functions_that_the_host_lacks_refuse() {
        let lacking = empty_host();
        assert!(lacking.is_empty());
        assert!(!HostLoop { update_timeout: Some(update), ..empty_host() }.is_empty());
        assert_eq!(lacking.add_handle(0, 1, Arc::new(|_, _, _| {})), None);
        assert_eq!(lacking.add_timeout(0, Arc::new(|_| {})), None);
        assert!(!lacking.remove_handle(1));
        assert!(!lacking.remove_timeout(1));
        lacking.update_handle(1, 1);
        lacking.update_timeout(1, 1);
    }

    #[test]
    fn a_panic_in_a_callback_does_not_reach_the_host() {
        let boxed: OnTimeout = Arc::new(|_| std::panic::panic_any("lost"));
        let boxed = Box::into_raw(Box::new(boxed)).cast();
        // SAFETY: as a host calls what `add_timeout` registers.
        unsafe {
            run_timeout(1, boxed);
            free_boxed::<OnTimeout>(boxed);
        }
    }
}
