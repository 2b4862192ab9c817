//! Locks on ranges of a node: what changes how a range is stored has it for itself, what only uses
//! it shares it.

use std::sync::{Condvar, Mutex, MutexGuard};

struct Held {
    id: u64,
    start: u64,
    end: u64,
    exclusive: bool,
}

#[derive(Default)]
struct State {
    next_id: u64,
    held: Vec<Held>,
}

/// The locks of one node.
#[derive(Default)]
pub struct RangeLock {
    state: Mutex<State>,
    released: Condvar,
}

/// A range that is held until this is dropped.
pub struct RangeGuard<'a> {
    lock: &'a RangeLock,
    id: u64,
}

impl RangeLock {
    /// Holds `[start, end)` beside others that share it.
    pub fn shared(&self, start: u64, end: u64) -> RangeGuard<'_> {
        self.hold(start, end, false)
    }

    /// Holds `[start, end)` alone.
    pub fn exclusive(&self, start: u64, end: u64) -> RangeGuard<'_> {
        self.hold(start, end, true)
    }

    fn hold(&self, start: u64, end: u64, exclusive: bool) -> RangeGuard<'_> {
        let mut state = self.lock();
        // A handful of requests at a time: looking at each is cheaper than a tree.
        while state
            .held
            .iter()
            .any(|held| (exclusive || held.exclusive) && held.start < end && start < held.end)
        {
            state = self.released.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        let id = state.next_id;
        state.next_id += 1;
        state.held.push(Held { id, start, end, exclusive });
        RangeGuard { lock: self, id }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Drop for RangeGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.lock.lock();
        state.held.retain(|held| held.id != self.id);
        drop(state);
        self.lock.released.notify_all();
    }
}
