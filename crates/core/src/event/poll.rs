//! The default event loop: poll(2) over the watched descriptors, with an eventfd that makes it
//! look again when another thread changes what is watched.
//!
//! Callbacks run with no lock held, so they may add, change and remove watches and timers, their
//! own included. A callback that was removed is released by a later iteration, never inside the
//! removal: whoever removes it may hold locks that the release needs.

use std::any::Any;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use virsparse_base::errno::Errno;

use super::{EventLoop, OnHandle, OnTimeout, Ready, current, current_or};
use crate::error::*;
use crate::sys::foreign::poll;

/// Makes a [`PollLoop`] the process's loop, unless it has one.
pub fn register_default() -> Result<()> {
    current_or(|| Ok(Box::new(PollLoop::new()?) as Box<dyn EventLoop>)).map(drop)
}

/// One iteration of the loop that [`register_default`] registered.
pub fn run_default() -> Result<()> {
    let event_loop: &dyn Any =
        current().ok_or_else(|| Error::internal(VIR_FROM_EVENT, "no event loop is registered"))?;
    event_loop
        .downcast_ref::<PollLoop>()
        .ok_or_else(|| {
            Error::internal(VIR_FROM_EVENT, "the registered event loop is not the default one")
        })?
        .run_once()
}

/// A loop over poll(2).
pub struct PollLoop {
    state: Mutex<State>,
    turn: Arc<Turn>,
    wake: EventFd,
}

/// Whether a thread drives the loop: a second one waits for its turn. A thread may be cancelled in poll(2),
/// where a lock of the ordinary kind would stay locked.
#[derive(Default)]
struct Turn {
    taken: Mutex<bool>,
    free: Condvar,
}

/// A turn that was taken.
struct Taken(Arc<Turn>);

impl Drop for Taken {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = false;
        self.0.free.notify_one();
    }
}

thread_local! {
    /// The turn of this thread. Where it ends in poll(2), it leaves it behind here, and it is dropped.
    static TAKEN: Cell<Option<Taken>> = const { Cell::new(None) };
}

/// Gives the turn of this thread up when it is dropped.
struct Driving;

impl Drop for Driving {
    fn drop(&mut self) {
        drop(TAKEN.take());
    }
}

impl Turn {
    fn take(self: &Arc<Turn>) -> Driving {
        let taken = self.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let taken = self.free.wait_while(taken, |taken| *taken);
        *taken.unwrap_or_else(|poisoned| poisoned.into_inner()) = true;
        TAKEN.set(Some(Taken(self.clone())));
        Driving
    }
}

#[derive(Default)]
struct State {
    watches: BTreeMap<i32, Watch>,
    timers: BTreeMap<i32, Timer>,
    last_watch: i32,
    last_timer: i32,
    /// Callbacks that were removed, to be released by the next iteration.
    removed: Vec<Arc<dyn Send + Sync>>,
    /// poll(2) is going on and does not know of changes.
    polling: bool,
    /// `wake` is readable.
    woken: bool,
}

struct Watch {
    fd: RawFd,
    events: Ready,
    /// poll(2) does not know the descriptor. Left out until it is updated: it would end every
    /// wait at once.
    closed: bool,
    callback: OnHandle,
}

impl Watch {
    /// What poll(2) is to wait for; nothing at all, not even a hangup, for a muted watch.
    fn wanted(&self) -> Option<PollFlags> {
        if self.fd < 0 || self.closed || self.events.is_empty() {
            return None;
        }
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::POLLIN, self.events.contains(Ready::READABLE));
        flags.set(PollFlags::POLLOUT, self.events.contains(Ready::WRITABLE));
        Some(flags)
    }
}

struct Timer {
    /// `None` while disabled.
    period: Option<Duration>,
    due: Option<Instant>,
    callback: OnTimeout,
}

impl Timer {
    fn set(&mut self, frequency: i32) {
        self.period = u64::try_from(frequency).ok().map(Duration::from_millis);
        self.restart();
    }

    fn restart(&mut self) {
        self.due = self.period.map(|period| Instant::now() + period);
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

impl State {
    /// How long poll(2) may wait. Rounded up, so that no timer is found not yet due.
    fn timeout(&self) -> PollTimeout {
        if !self.removed.is_empty() {
            return PollTimeout::ZERO;
        }
        let Some(due) = self.timers.values().filter_map(|timer| timer.due).min() else {
            return PollTimeout::NONE;
        };
        let wait = due.saturating_duration_since(Instant::now());
        PollTimeout::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(PollTimeout::MAX)
    }
}

/// The id after `last`. They start again at 1 when they are used up, without those in use.
fn next_id<T>(last: &mut i32, used: &BTreeMap<i32, T>) -> i32 {
    loop {
        *last = last.checked_add(1).unwrap_or(1);
        if !used.contains_key(last) {
            return *last;
        }
    }
}

/// A descriptor for poll(2).
#[allow(unsafe_code)]
fn borrow(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: not -1, which `Watch::wanted` leaves out. Who watches a descriptor promises to keep
    // it open; poll(2), which is all that this is for, only reports one that is not.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

impl PollLoop {
    /// A loop that watches nothing.
    pub fn new() -> Result<PollLoop> {
        let wake = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|e| Error::system(VIR_FROM_EVENT, e, "Unable to create eventfd"))?;
        Ok(PollLoop { state: Mutex::default(), turn: Arc::default(), wake })
    }

    /// One iteration: waits until something is ready or due, or has changed, then runs what is.
    /// A signal ends the wait, so that a program can leave its loop.
    pub fn run_once(&self) -> Result<()> {
        let ready = self.wait()?;
        // The lock is free again when the list is dropped.
        let removed = mem::take(&mut self.lock().removed);
        drop(removed);
        self.run_timers();
        for (id, events) in ready {
            self.run_watch(id, events);
        }
        Ok(())
    }

    /// The watches that poll(2) found ready, and for what.
    fn wait(&self) -> Result<Vec<(i32, Ready)>> {
        let _turn = self.turn.take();
        let mut state = self.lock();
        let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        let mut ids = Vec::new();
        for (&id, watch) in &state.watches {
            if let Some(flags) = watch.wanted() {
                fds.push(PollFd::new(borrow(watch.fd), flags));
                ids.push(id);
            }
        }
        let timeout = state.timeout();
        state.polling = true;
        drop(state);
        let polled = poll(&mut fds, timeout);
        let mut state = self.lock();
        state.polling = false;
        if mem::take(&mut state.woken) {
            // Cannot fail: it was written to, and nobody else reads it.
            let _ = self.wake.read();
        }
        match polled {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(Error::system(VIR_FROM_EVENT, e, "Unable to poll")),
        }
        let mut ready = Vec::new();
        for (id, fd) in ids.into_iter().zip(fds.iter().skip(1)) {
            let found = fd.revents().unwrap_or(PollFlags::empty());
            let mut events = Ready::empty();
            events.set(Ready::READABLE, found.contains(PollFlags::POLLIN));
            events.set(Ready::WRITABLE, found.contains(PollFlags::POLLOUT));
            events.set(Ready::ERROR, found.contains(PollFlags::POLLERR));
            events.set(Ready::HANGUP, found.contains(PollFlags::POLLHUP));
            if !events.is_empty() {
                ready.push((id, events));
            }
            if found.contains(PollFlags::POLLNVAL)
                && let Some(watch) = state.watches.get_mut(&id)
            {
                watch.closed = true;
            }
        }
        Ok(ready)
    }

    fn run_timers(&self) {
        let now = Instant::now();
        let due: Vec<i32> = {
            let state = self.lock();
            state.timers.iter().filter(|(_, t)| t.is_due(now)).map(|(&id, _)| id).collect()
        };
        for id in due {
            let mut state = self.lock();
            // A callback before this one may have removed or changed the timer.
            let Some(timer) = state.timers.get_mut(&id).filter(|t| t.is_due(now)) else {
                continue;
            };
            timer.restart();
            let callback = timer.callback.clone();
            drop(state);
            callback(id);
        }
    }

    fn run_watch(&self, id: i32, found: Ready) {
        let state = self.lock();
        // A callback before this one may have removed or changed the watch.
        let Some(watch) = state.watches.get(&id).filter(|w| !w.events.is_empty()) else { return };
        let events = found & (watch.events | Ready::ERROR | Ready::HANGUP);
        let (fd, callback) = (watch.fd, watch.callback.clone());
        drop(state);
        if !events.is_empty() {
            callback(id, fd, events.bits());
        }
    }

    /// Changes the state, and has poll(2) look again if it is going on.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = change(&mut state);
        if state.polling && !state.woken {
            state.woken = self.wake.write(1).is_ok();
        }
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl EventLoop for PollLoop {
    fn add_handle(&self, fd: RawFd, events: i32, callback: OnHandle) -> Option<i32> {
        let events = Ready::from_bits_retain(events);
        self.change(|state| {
            let id = next_id(&mut state.last_watch, &state.watches);
            state.watches.insert(id, Watch { fd, events, closed: false, callback });
            Some(id)
        })
    }

    fn update_handle(&self, watch: i32, events: i32) {
        self.change(|state| {
            if let Some(watch) = state.watches.get_mut(&watch) {
                watch.events = Ready::from_bits_retain(events);
                watch.closed = false;
            }
        });
    }

    fn remove_handle(&self, watch: i32) -> bool {
        self.change(|state| match state.watches.remove(&watch) {
            Some(watch) => {
                state.removed.push(watch.callback);
                true
            }
            None => false,
        })
    }

    fn add_timeout(&self, frequency: i32, callback: OnTimeout) -> Option<i32> {
        let mut timer = Timer { period: None, due: None, callback };
        timer.set(frequency);
        self.change(|state| {
            let id = next_id(&mut state.last_timer, &state.timers);
            state.timers.insert(id, timer);
            Some(id)
        })
    }

    fn update_timeout(&self, timer: i32, frequency: i32) {
        self.change(|state| {
            if let Some(timer) = state.timers.get_mut(&timer) {
                timer.set(frequency);
            }
        });
    }

    fn remove_timeout(&self, timer: i32) -> bool {
        self.change(|state| match state.timers.remove(&timer) {
            Some(timer) => {
                state.removed.push(timer.callback);
                true
            }
            None => false,
        })
    }
}

#[cfg(test)]
mod tests;
