//! Event loops: what a host program's main loop must offer ([`EventLoop`]), the one that the
//! library brings along ([`poll`]), and the delivery of object events through it ([`broker`]), also of those
//! that other processes cause ([`brokers`]).
//!
//! A process has one loop, the first that is registered. Callbacks run on the thread that drives
//! it, never inside the call that caused them, and with no lock of ours held.

pub mod broker;
pub mod brokers;
pub mod ids;
mod journal;
mod listening;
pub mod poll;

use std::any::Any;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use once_cell::sync::OnceCell;

use crate::enums::event::virEventHandleType;
use crate::enums::flags;
use crate::error::*;
use crate::sys::fork::{self, GENERATIONS, PerGeneration};

flags! {
    /// What a descriptor is watched for, and what it is ready for: libvirt's
    /// `VIR_EVENT_HANDLE_*`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Ready: i32 = virEventHandleType {
        const READABLE = VIR_EVENT_HANDLE_READABLE;
        const WRITABLE = VIR_EVENT_HANDLE_WRITABLE;
        const ERROR = VIR_EVENT_HANDLE_ERROR;
        const HANGUP = VIR_EVENT_HANDLE_HANGUP;
    }
}

/// Runs when a watched descriptor is ready: watch id, descriptor, `VIR_EVENT_HANDLE_*` bits.
/// Dropping the last reference releases what the callback owns (the caller's free function).
pub type OnHandle = Arc<dyn Fn(i32, RawFd, i32) + Send + Sync>;

/// Runs when a timer expires: timer id. Ownership as for [`OnHandle`].
pub type OnTimeout = Arc<dyn Fn(i32) + Send + Sync>;

/// What a main loop offers. Every function may be called from any thread and from callbacks.
/// `Any`, because who drives a loop must know which one it is.
pub trait EventLoop: Any + Send + Sync {
    /// Watches `fd` for `events` (`VIR_EVENT_HANDLE_*`); the watch id, or `None` if refused.
    fn add_handle(&self, fd: RawFd, events: i32, callback: OnHandle) -> Option<i32>;
    /// Changes what a watch waits for; 0 mutes it. Unknown watches are ignored.
    fn update_handle(&self, watch: i32, events: i32);
    /// Ends a watch. False if there is none of that id.
    fn remove_handle(&self, watch: i32) -> bool;
    /// Adds a timer that fires every `frequency` milliseconds: 0 at every iteration, -1 never.
    fn add_timeout(&self, frequency: i32, callback: OnTimeout) -> Option<i32>;
    /// Changes a timer's frequency. Unknown timers are ignored.
    fn update_timeout(&self, timer: i32, frequency: i32);
    /// Ends a timer. False if there is none of that id.
    fn remove_timeout(&self, timer: i32) -> bool;
}

static CURRENT: PerGeneration<OnceCell<Box<dyn EventLoop>>> =
    PerGeneration([const { OnceCell::new() }; GENERATIONS]);

/// Registers the process's loop. The first registration wins; false if it was not this one.
pub fn register(event_loop: Box<dyn EventLoop>) -> bool {
    fork::watch();
    CURRENT.set(event_loop).is_ok()
}

/// The registered loop; makes one, and registers it, if there is none. Of threads that do so at once,
/// one makes it.
pub fn current_or<E>(
    make: impl FnOnce() -> Result<Box<dyn EventLoop>, E>,
) -> Result<&'static dyn EventLoop, E> {
    fork::watch();
    CURRENT.get_or_try_init(make).map(|l| &**l)
}

/// The registered loop.
pub fn current() -> Option<&'static dyn EventLoop> {
    CURRENT.get().map(|l| &**l)
}

/// A watch of a descriptor in the registered loop, which is removed when this is dropped.
pub struct Handle {
    event_loop: &'static dyn EventLoop,
    watch: i32,
}

impl Handle {
    /// `None` if no loop is registered or it refuses the descriptor. That has to stay open until this is
    /// dropped.
    pub fn new(fd: RawFd, events: Ready, callback: OnHandle) -> Option<Handle> {
        let event_loop = current()?;
        let watch = event_loop.add_handle(fd, events.bits(), callback)?;
        Some(Handle { event_loop, watch })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.event_loop.remove_handle(self.watch);
    }
}

/// The error that events cannot be delivered, because there is no loop or it refuses a timer.
fn no_timer() -> Error {
    Error::internal(VIR_FROM_NONE, "could not initialize domain event timer")
}

/// A timer in the registered loop which is removed when this is dropped. Starts disarmed.
pub struct Timer {
    event_loop: &'static dyn EventLoop,
    id: i32,
}

impl Timer {
    /// `None` if no loop is registered or it refuses the timer.
    pub fn new(callback: OnTimeout) -> Option<Timer> {
        let event_loop = current()?;
        let id = event_loop.add_timeout(-1, callback)?;
        Some(Timer { event_loop, id })
    }

    /// What the loop calls it.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// Fires at every iteration of the loop from now on.
    pub fn arm(&self) {
        self.event_loop.update_timeout(self.id, 0);
    }

    /// Fires again and again, after such a time each.
    pub fn arm_every(&self, time: Duration) {
        let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
        self.event_loop.update_timeout(self.id, milliseconds);
    }

    /// Fires no more until armed again.
    pub fn disarm(&self) {
        self.event_loop.update_timeout(self.id, -1);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.event_loop.remove_timeout(self.id);
    }
}
