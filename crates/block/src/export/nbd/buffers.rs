//! The memory of an export: what the requests and replies of its connections take is bounded, for each
//! connection and for all together, and buffers are used again.
//!
//! Each connection has some memory of its own, so that small requests are done whatever others do. What
//! goes beyond that comes out of memory that all connections share. A client that holds shared memory
//! without sending its data or taking its replies is disconnected when others wait for that memory.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use virsparse_base::errno::{Errno, SysResult};

use crate::nbd::socket::Socket;
use virsparse_base::sys;

/// What a connection's requests and replies may take together: two of the largest requests. A
/// client that does not read its replies is not read from either when they take this much.
pub const LIMIT: usize = 64 << 20;

/// What every connection has for itself: 128 of them have 64 MiB.
const OWN: usize = 512 << 10;

/// What all connections of an export share: five of the largest requests.
const SHARED: usize = 160 << 20;

/// What each request counts for on top of its data, which bounds their number.
const OVERHEAD: usize = 4096;

/// Buffers are made in multiples of this, so that they fit the next request, too.
const GRAIN: usize = 8192;

/// What an idle connection keeps while nobody else needs it: sixteen requests of 128 KiB.
const KEPT: usize = 2 << 20;

/// How long a client that holds shared memory may send nothing and take nothing while others wait.
const STALLED: Duration = Duration::from_secs(10);

/// The memory that the connections of an export share.
pub struct Budget {
    left: AtomicUsize,
    connections: Mutex<Vec<Weak<Buffers>>>,
    /// Threads that wait for memory, or are about to.
    waiting: AtomicUsize,
    /// How often [`Budget::wake`] has woken them. Whoever has the turn may wait.
    turn: Mutex<u64>,
    freed: Condvar,
    stalled: Duration,
}

impl Budget {
    pub fn new() -> Arc<Budget> {
        Budget::with(SHARED, STALLED)
    }

    fn with(shared: usize, stalled: Duration) -> Arc<Budget> {
        Arc::new(Budget {
            left: AtomicUsize::new(shared),
            connections: Mutex::default(),
            waiting: AtomicUsize::new(0),
            turn: Mutex::default(),
            freed: Condvar::new(),
            stalled,
        })
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok()
    }

    fn give(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Has those who wait look again: memory is free, or their connections have ended.
    pub fn wake(&self) {
        // Whoever waits has counted itself before it looked.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            *lock(&self.turn) += 1;
            self.freed.notify_all();
        }
    }

    fn all(&self) -> Vec<Arc<Buffers>> {
        lock(&self.connections).iter().filter_map(Weak::upgrade).collect()
    }

    /// Takes back what connections keep for requests to come.
    fn reclaim(&self) {
        for connection in self.all() {
            let mut state = connection.lock();
            let kept = state.drop_kept();
            let surplus = state.surplus();
            drop(state);
            drop(kept);
            self.give(surplus);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[derive(Default)]
struct State {
    used: usize,
    kept: Vec<Vec<u8>>,
    kept_bytes: usize,
    /// What it has of the shared memory.
    shared: usize,
}

/// Whether a thread waits for the client, and whether anything has moved: odd while it does, and
/// another number after each step.
#[derive(Default)]
pub struct Waits(AtomicU64);

impl Waits {
    /// Runs what waits for the client.
    pub fn during<R>(&self, wait: impl FnOnce() -> R) -> R {
        self.0.fetch_add(1, Ordering::Relaxed);
        let result = wait();
        self.0.fetch_add(1, Ordering::Relaxed);
        result
    }

    /// Something has moved.
    pub fn step(&self) {
        self.0.fetch_add(2, Ordering::Relaxed);
    }

    /// What to hold against a later look; `None` if nobody waits.
    fn look(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|count| count % 2 == 1)
    }
}

/// The memory of one connection.
pub struct Buffers {
    budget: Arc<Budget>,
    client: Arc<Socket>,
    state: Mutex<State>,
    /// Waiting for the client to take replies, and to send data.
    pub sending: Waits,
    pub receiving: Waits,
}

impl Buffers {
    pub fn new(budget: Arc<Budget>, client: Arc<Socket>) -> Arc<Buffers> {
        let buffers = Arc::new(Buffers {
            budget: budget.clone(),
            client,
            state: Mutex::default(),
            sending: Waits::default(),
            receiving: Waits::default(),
        });
        let mut connections = lock(&budget.connections);
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(&buffers));
        drop(connections);
        buffers
    }

    /// A buffer of `length` bytes, which must be at most half of [`LIMIT`], for one request.
    /// `before_waiting` runs if there is none to be had at once.
    ///
    /// Errors: ECONNRESET if the connection ends meanwhile, ENOMEM if the system has no memory.
    pub fn take(
        self: &Arc<Buffers>,
        length: usize,
        before_waiting: impl FnOnce(),
    ) -> SysResult<Buffer> {
        if let Some(buffer) = self.try_take(length)? {
            return Ok(buffer);
        }
        before_waiting();
        self.budget.waiting.fetch_add(1, Ordering::SeqCst);
        let taken = self.wait_for(length);
        self.budget.waiting.fetch_sub(1, Ordering::SeqCst);
        taken
    }

    fn wait_for(self: &Arc<Buffers>, length: usize) -> SysResult<Buffer> {
        let mut turn = lock(&self.budget.turn);
        let (mut since, mut seen) = (Instant::now(), Vec::new());
        loop {
            if self.client.is_disconnected() {
                return Err(Errno::ECONNRESET);
            }
            if let Some(buffer) = self.try_take(length)? {
                return Ok(buffer);
            }
            if !self.is_over_limit(length) {
                // Others have the turn meanwhile: the last that is left of a connection may be dropped
                // here, which takes the turn to wake those who wait.
                let woken = *turn;
                drop(turn);
                self.budget.reclaim();
                if seen.is_empty() || since.elapsed() >= self.budget.stalled {
                    seen = self.cut_stalled(&seen);
                    since = Instant::now();
                }
                turn = lock(&self.budget.turn);
                if let Some(buffer) = self.try_take(length)? {
                    return Ok(buffer);
                }
                if *turn != woken {
                    // What has been freed meanwhile may be what this waits for.
                    continue;
                }
            }
            let waited = self.budget.freed.wait_timeout(turn, self.budget.stalled);
            turn = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
    }

    /// Whether it is its own client that has to take replies before there can be more.
    fn is_over_limit(&self, length: usize) -> bool {
        self.lock().is_over_limit(capacity_for(length) + OVERHEAD)
    }

    /// Disconnects the clients that are as they were when they were `seen`, and returns how those that
    /// hold shared memory are now.
    fn cut_stalled(self: &Arc<Buffers>, seen: &[Seen]) -> Vec<Seen> {
        let mut now = Vec::new();
        for connection in self.budget.all() {
            let waits = (connection.sending.look(), connection.receiving.look());
            if Arc::ptr_eq(&connection, self) || connection.lock().shared == 0 {
                continue;
            }
            let same = |seen: &&Seen| seen.connection.ptr_eq(&Arc::downgrade(&connection));
            let stuck = |then: Option<u64>, now: Option<u64>| now.is_some() && then == now;
            if let Some(then) = seen.iter().find(same)
                && (stuck(then.waits.0, waits.0) || stuck(then.waits.1, waits.1))
            {
                log::warn!(
                    "a client that neither sends nor takes anything is disconnected, because others wait for its memory"
                );
                connection.client.disconnect();
                self.budget.wake();
            }
            now.push(Seen { connection: Arc::downgrade(&connection), waits });
        }
        now
    }

    fn try_take(self: &Arc<Buffers>, length: usize) -> SysResult<Option<Buffer>> {
        let mut state = self.lock();
        let reused = state.reuse(length);
        let memory = reused.as_ref().map_or(capacity_for(length), Vec::len);
        let charge = memory + OVERHEAD;
        if state.is_over_limit(charge) || !state.charge(charge, &self.budget) {
            if let Some(bytes) = reused {
                // There was a place for it a moment ago.
                drop(state.keep(bytes));
            }
            return Ok(None);
        }
        drop(state);
        let bytes = reused.map_or_else(|| sys::zeroed(memory), Ok);
        let bytes = bytes.inspect_err(|_| self.release(charge, Vec::new()))?;
        Ok(Some(Buffer { bytes, length, charge, owner: self.clone() }))
    }

    /// Counts a request no more. Those who wait are still to be woken.
    fn release(&self, charge: usize, bytes: Vec<u8>) {
        let mut state = self.lock();
        state.used -= charge;
        let rest = state.keep(bytes);
        let surplus = state.surplus();
        drop(state);
        drop(rest);
        self.budget.give(surplus);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// What it has kept for requests to come goes back with it.
impl Drop for Buffers {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.budget.give(state.shared);
        self.budget.wake();
    }
}

/// How a connection was when it was looked at.
struct Seen {
    connection: Weak<Buffers>,
    waits: (Option<u64>, Option<u64>),
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

    /// Keeps a buffer for later, or returns it.
    fn keep(&mut self, bytes: Vec<u8>) -> Option<Vec<u8>> {
        if bytes.len() >= GRAIN && self.kept_bytes + bytes.len() <= KEPT {
            self.kept_bytes += bytes.len();
            self.kept.push(bytes);
            return None;
        }
        Some(bytes)
    }

    fn drop_kept(&mut self) -> Vec<Vec<u8>> {
        self.kept_bytes = 0;
        std::mem::take(&mut self.kept)
    }

    fn is_over_limit(&self, charge: usize) -> bool {
        self.used > 0 && self.used + charge > LIMIT
    }

    /// What is used and kept beyond what it has for itself.
    fn needs_shared(&self) -> usize {
        (self.used + self.kept_bytes).saturating_sub(OWN)
    }

    /// Counts a request, with shared memory where it needs that. False if there is none.
    fn charge(&mut self, charge: usize, budget: &Budget) -> bool {
        for kept in [true, false] {
            if !kept {
                drop(self.drop_kept());
            }
            self.used += charge;
            let missing = self.needs_shared().saturating_sub(self.shared);
            if missing == 0 || budget.take(missing) {
                self.shared += missing;
                return true;
            }
            self.used -= charge;
        }
        false
    }

    /// Takes the shared memory off that it does not need any more; it is to be given back.
    fn surplus(&mut self) -> usize {
        let surplus = self.shared.saturating_sub(self.needs_shared());
        self.shared -= surplus;
        surplus
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
        self.owner.release(self.charge, std::mem::take(&mut self.bytes));
        self.owner.budget.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use super::*;

    fn buffers(budget: &Arc<Budget>) -> (Arc<Buffers>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Buffers::new(budget.clone(), Arc::new(Socket::new(ours))), theirs)
    }

    fn at_once() {
        panic!("there is enough");
    }

    fn wait_until_somebody_waits(budget: &Budget) {
        while budget.waiting.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
    }

    #[test]
    fn memory_is_used_again_and_waited_for() {
        let budget = Budget::new();
        let (buffers, _client) = buffers(&budget);
        let first = buffers.take(4096, at_once).unwrap();
        let place = first.as_ptr();
        drop(first);
        assert_eq!(buffers.take(5000, at_once).unwrap().as_ptr(), place);

        let large = buffers.take(LIMIT / 2, at_once).unwrap();
        let mut waited = false;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until_somebody_waits(&budget);
                drop(large);
            });
            drop(buffers.take(LIMIT / 2, || waited = true).unwrap());
        });
        assert!(waited);
        assert_eq!(buffers.lock().used, 0);
        budget.reclaim();
        assert_eq!(budget.left.load(Ordering::SeqCst), SHARED);
    }

    #[test]
    fn all_connections_together_take_no_more_than_the_export_has() {
        let budget = Budget::new();
        let clients: Vec<_> = (0..16).map(|_| buffers(&budget)).collect();
        let mut taken = Vec::new();
        for (buffers, _client) in &clients {
            while let Some(buffer) = buffers.try_take(8 << 20).unwrap() {
                taken.push(buffer);
            }
        }
        let total: usize = taken.iter().map(|buffer| buffer.len()).sum();
        assert!(total > SHARED / 2 && total <= SHARED, "{total}");
        // What is small goes on all the same.
        for (buffers, _client) in &clients {
            drop(buffers.take(128 * 1024, at_once).unwrap());
        }
        drop(taken);
        budget.reclaim();
        assert_eq!(budget.left.load(Ordering::SeqCst), SHARED);
    }

    #[test]
    fn connections_that_end_leave_all_memory_to_others() {
        let budget = Budget::new();
        for _ in 0..2 * SHARED / KEPT {
            let (buffers, _client) = buffers(&budget);
            drop(buffers.take(KEPT, at_once).unwrap());
        }
        assert_eq!(budget.left.load(Ordering::SeqCst), SHARED);
    }

    #[test]
    fn memory_that_idle_connections_keep_is_there_for_others() {
        let budget = Budget::with(KEPT, STALLED);
        let (idle, _a) = buffers(&budget);
        drop(idle.take(KEPT, at_once).unwrap());
        assert_ne!(idle.lock().kept_bytes, 0);
        let (other, _b) = buffers(&budget);
        drop(other.take(KEPT, || {}).unwrap());
        assert_eq!(idle.lock().kept_bytes, 0);
    }

    #[test]
    fn a_client_that_holds_what_others_wait_for_and_does_not_move_is_disconnected() {
        let budget = Budget::with(4 << 20, Duration::from_millis(20));
        let (stuck, _a) = buffers(&budget);
        let (moving, _b) = buffers(&budget);
        let (waiting, _c) = buffers(&budget);
        let held = stuck.take(2 << 20, at_once).unwrap();
        let other = moving.take(1 << 20, at_once).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                stuck.sending.during(|| {
                    while !stuck.client.is_disconnected() {
                        moving.sending.step();
                        std::thread::yield_now();
                    }
                });
                drop(held);
            });
            moving.sending.during(|| drop(waiting.take(3 << 20, || {}).unwrap()));
        });
        assert!(!moving.client.is_disconnected());
        drop(other);
    }

    #[test]
    fn who_waits_for_memory_hears_of_the_end_of_the_connection() {
        let budget = Budget::new();
        let (buffers, _client) = buffers(&budget);
        let held = [(); 2].map(|()| buffers.take(LIMIT / 2 - GRAIN, at_once).unwrap());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until_somebody_waits(&budget);
                buffers.client.disconnect();
                budget.wake();
            });
            assert_eq!(buffers.take(LIMIT / 2, || {}).err(), Some(Errno::ECONNRESET));
        });
        drop(held);
    }

    #[test]
    fn connections_that_end_while_others_wait_for_memory_block_nobody() {
        let budget = Budget::with(2 << 20, STALLED);
        let (holding, _a) = buffers(&budget);
        let (waiting, _b) = buffers(&budget);
        let held = holding.take(2 << 20, at_once).unwrap();
        let (ended, end) = std::sync::mpsc::channel();
        let waiter = std::thread::spawn(move || {
            drop(waiting.take(2 << 20, || {}).unwrap());
            ended.send(()).unwrap();
        });
        wait_until_somebody_waits(&budget);
        // Each that ends wakes the one that waits, which looks at the others while they end.
        for _ in 0..200 {
            drop((0..64).map(|_| buffers(&budget)).collect::<Vec<_>>());
        }
        drop(held);
        end.recv_timeout(Duration::from_secs(120)).expect("the memory that was given back");
        waiter.join().unwrap();
    }

    #[test]
    fn a_status_fits_any_buffer() {
        let (buffers, _client) = buffers(&Budget::new());
        let mut buffer = buffers.take(0, at_once).unwrap();
        buffer.set(&[1; 16]);
        assert_eq!(*buffer, [1; 16]);
    }
}
