//! The gate before a node in use. Requests pass the gate to get at the node; closing it waits for those
//! that are inside (a drained section), so that the node, and the filters over it, can be changed while
//! nobody uses them.

use std::ops::Deref;
use std::ptr::addr_eq;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::{Filter, Filtered};
use crate::Node;

struct State {
    /// What requests go to: the filters over the base.
    top: Arc<dyn Node>,
    /// The node under all filters.
    base: Arc<dyn Node>,
    /// The uppermost first.
    filters: Vec<Arc<dyn Filter>>,
    /// Requests that are using the node.
    inside: usize,
    /// How many times the gate has been closed and not opened again.
    closed: usize,
    /// Requests must not wait any more.
    ending: bool,
    /// Where the node ends, if that has changed: guests may know it as it was.
    end: u64,
}

impl State {
    /// What is below the filters before `index`.
    fn stack(&self, index: usize) -> Arc<dyn Node> {
        let over = |below: Arc<dyn Node>, filter: &Arc<dyn Filter>| -> Arc<dyn Node> {
            Arc::new(Filtered::new(filter.clone(), below))
        };
        self.filters[index..].iter().rev().fold(self.base.clone(), over)
    }

    fn index_of(&self, filter: &Arc<dyn Filter>) -> Option<usize> {
        let address = Arc::as_ptr(filter);
        self.filters.iter().position(|other| addr_eq(Arc::as_ptr(other), address))
    }
}

/// The gate before a node.
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    /// An open gate before `base`, without filters.
    pub fn new(base: Arc<dyn Node>) -> Gate {
        let (top, filters) = (base.clone(), Vec::new());
        let state =
            State { top, base, filters, inside: 0, closed: 0, ending: false, end: u64::MAX };
        Gate { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Lets a request in, once the gate is open. `None` if the export ends while it waits.
    pub fn enter(&self) -> Option<Inside<'_>> {
        let mut state = self.lock();
        while state.closed > 0 {
            if state.ending {
                return None;
            }
            state = self.wait(state);
        }
        state.inside += 1;
        Some(Inside { node: state.top.clone(), end: state.end, gate: self })
    }

    /// Closes the gate, and waits until nobody is inside.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed += 1;
        while state.inside > 0 {
            state = self.wait(state);
        }
    }

    /// Opens what one [`Gate::close`] has closed.
    pub fn open(&self) {
        let mut state = self.lock();
        state.closed = state.closed.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Keeps the gate closed until the guard is dropped.
    pub fn closed(&self) -> Closed<'_> {
        self.close();
        Closed { gate: self }
    }

    /// Puts another node under the filters while nobody is inside, and returns the one before.
    pub fn swap(&self, base: Arc<dyn Node>) -> Arc<dyn Node> {
        self.closed().swap(base)
    }

    /// The present node with its filters, for what needs no protection.
    pub fn node(&self) -> Arc<dyn Node> {
        self.lock().top.clone()
    }

    /// The present node without its filters: what jobs read, which no filter is to notice.
    pub fn base(&self) -> Arc<dyn Node> {
        self.lock().base.clone()
    }

    /// Puts a filter over all others until the guard is dropped.
    pub fn install(self: &Arc<Gate>, filter: Arc<dyn Filter>) -> Installed {
        self.closed().add(filter.clone());
        Installed { gate: self.clone(), filter }
    }

    /// Refuses the requests that wait, now and from now on.
    pub fn end(&self) {
        self.lock().ending = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A drained section: no request is inside, and none gets in until this is dropped. Requests that wait at
/// the gate then meet all of what was changed, never a part.
pub struct Closed<'a> {
    gate: &'a Gate,
}

impl Closed<'_> {
    /// Puts another node under the filters, and returns the one before.
    pub fn swap(&self, base: Arc<dyn Node>) -> Arc<dyn Node> {
        let mut state = self.gate.lock();
        let before = std::mem::replace(&mut state.base, base);
        state.top = state.stack(0);
        before
    }

    /// Puts a filter over all others.
    pub fn add(&self, filter: Arc<dyn Filter>) {
        let mut state = self.gate.lock();
        state.filters.insert(0, filter);
        state.top = state.stack(0);
    }

    /// Puts a filter under all others.
    pub fn add_under_all(&self, filter: Arc<dyn Filter>) {
        let mut state = self.gate.lock();
        state.filters.push(filter);
        state.top = state.stack(0);
    }

    /// Takes a filter out, wherever it is. False if it is not there.
    pub fn remove(&self, filter: &Arc<dyn Filter>) -> bool {
        let mut state = self.gate.lock();
        let Some(index) = state.index_of(filter) else { return false };
        state.filters.remove(index);
        state.top = state.stack(0);
        true
    }

    /// Notes that the node has another length now.
    pub fn set_end(&self, end: u64) {
        self.gate.lock().end = end;
    }
}

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.gate.open();
    }
}

/// A filter over a node in use. When this is dropped, it is taken out.
pub struct Installed {
    gate: Arc<Gate>,
    filter: Arc<dyn Filter>,
}

impl Installed {
    /// The gate of the node.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Takes the filter out now.
    pub fn remove(&self) {
        // Without closing the gate if it is out already.
        let there = self.gate.lock().index_of(&self.filter).is_some();
        if there {
            self.gate.closed().remove(&self.filter);
        }
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A request that uses the node.
pub struct Inside<'a> {
    node: Arc<dyn Node>,
    end: u64,
    gate: &'a Gate,
}

impl Inside<'_> {
    /// Whether a range lies in the node, as far as its length has been changed.
    pub fn has(&self, offset: u64, length: u64) -> bool {
        offset.checked_add(length).is_some_and(|end| end <= self.end)
    }
}

impl Deref for Inside<'_> {
    type Target = dyn Node;

    fn deref(&self) -> &Self::Target {
        &*self.node
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.inside -= 1;
        if state.closed > 0 && state.inside == 0 {
            drop(state);
            self.gate.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    fn node(name: &str) -> Arc<dyn Node> {
        Arc::new(MemoryNode::new(name, 4096))
    }

    #[test]
    fn a_swap_waits_for_those_inside_and_returns_the_node_before() {
        let gate = Gate::new(node("a"));
        let inside = gate.enter().unwrap();
        std::thread::scope(|scope| {
            let swap = scope.spawn(|| gate.swap(node("b")));
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!swap.is_finished());
            assert_eq!(inside.name(), "a");
            drop(inside);
            assert_eq!(swap.join().unwrap().name(), "a");
        });
        assert_eq!(gate.enter().unwrap().name(), "b");
    }

    #[test]
    fn a_closed_gate_can_be_swapped_and_opens_when_all_have_opened_it() {
        let gate = Gate::new(node("a"));
        gate.close();
        gate.swap(node("b"));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter().is_some());
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!waiting.is_finished());
            gate.open();
            assert!(waiting.join().unwrap());
        });
        gate.close();
        gate.end();
        assert!(gate.enter().is_none());
    }
}
