//! The memory of one connection: what its requests and replies take is bounded, and buffers are
//! used again.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

/// What a connection's requests and replies may take together: two of the largest requests. A
/// client that does not read its replies is not read from either when they take this much.
pub const LIMIT: usize = 64 << 20;

/// What each request counts for on top of its data, which bounds their number.
const OVERHEAD: usize = 4096;

/// Buffers are made in multiples of this, so that they fit the next request, too.
const GRAIN: usize = 8192;

/// What an idle connection keeps: sixteen requests of 128 KiB.
const KEPT: usize = 2 << 20;

#[derive(Default)]
struct State {
    used: usize,
    kept: Vec<Vec<u8>>,
    kept_bytes: usize,
}

/// See the module's text.
#[derive(Default)]
pub struct Buffers {
    state: Mutex<State>,
    freed: Condvar,
}

impl Buffers {
    pub fn new() -> Arc<Buffers> {
        Arc::default()
    }

    /// A buffer of `length` bytes, which must be at most half of [`LIMIT`], for one request.
    /// `before_waiting` runs if there is none to be had at once.
    pub fn take(self: &Arc<Buffers>, length: usize, before_waiting: impl FnOnce()) -> Buffer {
        let charge = length + OVERHEAD;
        let mut state = self.lock();
        if state.used + charge > LIMIT {
            drop(state);
            before_waiting();
            state = self.lock();
            while state.used > 0 && state.used + charge > LIMIT {
                state = self.freed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
            }
        }
        state.used += charge;
        let reused = state.reuse(length);
        drop(state);
        let bytes = reused.unwrap_or_else(|| vec![0; capacity_for(length)]);
        Buffer { bytes, length, charge, owner: self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The smallest hold a status, and are not worth keeping.
fn capacity_for(length: usize) -> usize {
    if length <= 64 { length } else { length.next_multiple_of(GRAIN) }
}

impl State {
    fn reuse(&mut self, length: usize) -> Option<Vec<u8>> {
        let wanted = capacity_for(length);
        let fits = |bytes: &Vec<u8>| (wanted..=2 * wanted).contains(&bytes.len());
        // The last one is the likeliest to be in the cache.
        let index = self.kept.iter().rposition(fits)?;
        let bytes = self.kept.swap_remove(index);
        self.kept_bytes -= bytes.len();
        Some(bytes)
    }

    fn keep(&mut self, bytes: Vec<u8>) {
        if bytes.len() >= GRAIN && self.kept_bytes + bytes.len() <= KEPT {
            self.kept_bytes += bytes.len();
            self.kept.push(bytes);
        }
    }
}

/// The memory of one request: first its data, then its reply.
pub struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    charge: usize,
    owner: Arc<Buffers>,
}

impl Buffer {
    /// Makes it shorter, or as long as the memory behind it.
    pub fn set_length(&mut self, length: usize) {
        self.length = length.min(self.bytes.len());
    }

    /// Replaces the contents.
    pub fn set(&mut self, contents: &[u8]) {
        if self.bytes.len() < contents.len() {
            self.bytes.resize(contents.len(), 0);
        }
        self.bytes[..contents.len()].copy_from_slice(contents);
        self.length = contents.len();
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut state = self.owner.lock();
        state.used -= self.charge;
        state.keep(std::mem::take(&mut self.bytes));
        drop(state);
        // Only the reading thread of the connection ever waits.
        self.owner.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_waited_for() {
        let buffers = Buffers::new();
        let at_once = || panic!("there is enough");
        let first = buffers.take(4096, at_once);
        let place = first.as_ptr();
        drop(first);
        assert_eq!(buffers.take(5000, at_once).as_ptr(), place);

        let large = buffers.take(LIMIT / 2, at_once);
        let mut waited = false;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                drop(large);
            });
            drop(buffers.take(LIMIT / 2, || waited = true));
        });
        assert!(waited);
        assert_eq!(buffers.lock().used, 0);
    }

    #[test]
    fn a_status_fits_any_buffer() {
        let mut buffer = Buffers::new().take(0, || {});
        buffer.set(&[1; 16]);
        assert_eq!(*buffer, [1; 16]);
    }
}
