//! Where the replies to the requests of a queue are put, by whichever thread receives them.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, Thread};

use nix::sys::eventfd::{EfdFlags, EventFd};

use super::failure::Failure;
use super::sink::Contents;
use crate::SysResult;

/// A request whose reply has come, or never will.
pub struct Done {
    /// The queue's number of it.
    pub number: u64,
    pub contents: Contents<'static>,
    pub result: Result<(), Failure>,
}

/// See the module's text.
pub struct Inbox {
    done: Mutex<VecDeque<Done>>,
    /// The queue's thread, while it waits for a reply.
    waiting: Mutex<Option<Thread>>,
    /// Readable when there may be something in the inbox, or in the channel's buffer.
    event: EventFd,
    /// The event has been written, and not been read since.
    rung: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Inbox {
    pub fn new() -> SysResult<Inbox> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        let (done, waiting, rung) = Default::default();
        Ok(Inbox { done, waiting, event, rung })
    }

    /// Puts a reply in, and wakes whoever waits for one.
    pub fn put(&self, done: Done) {
        lock(&self.done).push_back(done);
        match &*lock(&self.waiting) {
            Some(thread) => thread.unpark(),
            None => self.ring(),
        }
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let _ = self.event.write(1);
        }
    }

    /// Makes the descriptor unreadable; then the inbox is to be looked at again.
    pub fn clear(&self) {
        if self.rung.load(Ordering::Acquire) {
            let _ = self.event.read();
            // Who rings before this has put in what is found by that look.
            self.rung.store(false, Ordering::Release);
        }
    }

    pub fn take(&self) -> Option<Done> {
        lock(&self.done).pop_front()
    }

    pub fn is_empty(&self) -> bool {
        lock(&self.done).is_empty()
    }

    /// From now on a reply wakes this thread, or nobody.
    pub fn set_waiting(&self, waits: bool) {
        *lock(&self.waiting) = waits.then(thread::current);
    }
}

impl AsFd for Inbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
