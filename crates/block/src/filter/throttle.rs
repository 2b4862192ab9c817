//! Limits of how fast guests use a disk: QEMU's leaky buckets. Each limit has a bucket that a request
//! fills and that leaks at the rate of the limit; a request waits while a bucket that it would fill is
//! over its size, and is then let in whole.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Reads.
    Read,
    /// Writes, and what makes zeros.
    Write,
}

/// A limit, in bytes or requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// A second; 0 for no limit.
    pub average: u64,
    /// A second, in bursts; 0 for none.
    pub most: u64,
    /// How many seconds a burst may go on.
    pub burst_seconds: u64,
}

/// The limits of a disk, each for both directions together, for reads, and for writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Limits in bytes: for both directions, for reads, for writes.
    pub bytes: [Limit; 3],
    /// Limits in requests, in the same order.
    pub requests: [Limit; 3],
    /// A request counts as several of this size; 0 if it always counts as one.
    pub request_size: u64,
}

impl Limits {
    /// Whether there is any.
    pub fn are_set(&self) -> bool {
        self.bytes.iter().chain(&self.requests).any(|limit| limit.average > 0)
    }
}

/// How full a bucket is. What a limit allows is counted in floating point: a nanosecond's worth may be
/// much less than one byte.
#[derive(Clone, Copy, Default)]
struct Bucket {
    limit: Limit,
    level: f64,
    /// The same for the rate of a burst.
    burst: f64,
}

impl Bucket {
    fn new(limit: Limit) -> Bucket {
        Bucket { limit, level: 0.0, burst: 0.0 }
    }

    fn has_bursts(&self) -> bool {
        self.limit.burst_seconds > 1
    }

    fn leak(&mut self, seconds: f64) {
        self.level = (self.level - self.limit.average as f64 * seconds).max(0.0);
        self.burst = (self.burst - self.limit.most as f64 * seconds).max(0.0);
    }

    fn fill(&mut self, units: f64) {
        if self.limit.average > 0 {
            self.level += units;
            if self.has_bursts() {
                self.burst += units;
            }
        }
    }

    /// How many seconds it takes until a request may pass.
    fn wait(&self) -> f64 {
        let Limit { average, most, burst_seconds } = self.limit;
        if average == 0 {
            return 0.0;
        }
        // Without bursts a tenth of a second may be used at once.
        let size = match most {
            0 => average as f64 / 10.0,
            most => most as f64 * burst_seconds.max(1) as f64,
        };
        let wait = (self.level - size) / average as f64;
        if wait <= 0.0 && self.has_bursts() {
            // The burst's own rate is held, too.
            return ((self.burst - most as f64 / 10.0) / most as f64).max(0.0);
        }
        wait.max(0.0)
    }
}

struct State {
    limits: Limits,
    bytes: [Bucket; 3],
    requests: [Bucket; 3],
    /// When the buckets have leaked last.
    leaked: Instant,
    next_ticket: u64,
    /// Those who wait, in their order, by direction.
    queues: [VecDeque<u64>; 2],
}

impl State {
    fn new(limits: Limits) -> State {
        State {
            limits,
            bytes: limits.bytes.map(Bucket::new),
            requests: limits.requests.map(Bucket::new),
            leaked: Instant::now(),
            next_ticket: 0,
            queues: Default::default(),
        }
    }

    fn leak(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.leaked).as_secs_f64();
        self.leaked = now;
        self.bytes.iter_mut().chain(&mut self.requests).for_each(|bucket| bucket.leak(seconds));
    }

    fn wait(&self, direction: Direction) -> Duration {
        let own = direction as usize + 1;
        let buckets = [&self.bytes[0], &self.bytes[own], &self.requests[0], &self.requests[own]];
        let seconds = buckets.into_iter().map(Bucket::wait).fold(0.0, f64::max);
        // Who waits for longer asks again.
        Duration::from_secs_f64(seconds.min(3600.0))
    }

    fn fill(&mut self, direction: Direction, bytes: u64) {
        let own = direction as usize + 1;
        let size = self.limits.request_size;
        let requests = if size > 0 && bytes > size { bytes as f64 / size as f64 } else { 1.0 };
        for at in [0, own] {
            self.bytes[at].fill(bytes as f64);
            self.requests[at].fill(requests);
        }
    }
}

/// What became of whoever waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passed {
    /// The request may go on.
    In,
    /// It is not to wait here any longer.
    Away,
}

/// The limits of one disk, or of several that share them.
pub struct Throttle {
    state: Mutex<State>,
    changed: Condvar,
}

impl Throttle {
    /// Limits whose buckets are empty.
    pub fn new(limits: Limits) -> Arc<Throttle> {
        Arc::new(Throttle { state: Mutex::new(State::new(limits)), changed: Condvar::new() })
    }

    /// Replaces the limits. The buckets are empty then.
    pub fn set(&self, limits: Limits) {
        let mut state = self.lock();
        let (next_ticket, queues) = (state.next_ticket, std::mem::take(&mut state.queues));
        *state = State { next_ticket, queues, ..State::new(limits) };
        drop(state);
        self.changed.notify_all();
    }

    /// Has those who wait ask again whether they are to.
    pub fn wake(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    /// Waits until a request of that size may pass, behind those of its direction that came before, and
    /// counts it; or until `stays` says no.
    pub fn pass(&self, direction: Direction, bytes: u64, stays: impl Fn() -> bool) -> Passed {
        let queue = direction as usize;
        let mut state = self.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queues[queue].push_back(ticket);
        let passed = loop {
            if !stays() {
                break Passed::Away;
            }
            if state.queues[queue].front() != Some(&ticket) {
                state = self.changed.wait(state).unwrap_or_else(|p| p.into_inner());
                continue;
            }
            state.leak(Instant::now());
            let wait = state.wait(direction);
            if wait.is_zero() {
                state.fill(direction, bytes);
                break Passed::In;
            }
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        };
        state.queues[queue].retain(|other| *other != ticket);
        let others = !state.queues[queue].is_empty();
        drop(state);
        if others {
            self.changed.notify_all();
        }
        passed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = 1024;

    /// Lets requests pass for so many seconds of a clock of its own, as many as may; how many have.
    fn count(limits: Limits, direction: Direction, bytes: u64, seconds: f64) -> u64 {
        let mut state = State::new(limits);
        let (begin, mut at, mut passed) = (state.leaked, 0.0, 0);
        while at <= seconds {
            state.leak(begin + Duration::from_secs_f64(at));
            let wait = state.wait(direction);
            if wait.is_zero() {
                state.fill(direction, bytes);
                passed += 1;
            } else {
                at += wait.as_secs_f64().max(1e-9);
            }
        }
        passed
    }

    fn all_bytes(average: u64, most: u64, burst_seconds: u64) -> Limits {
        let mut limits = Limits::default();
        limits.bytes[0] = Limit { average, most, burst_seconds };
        limits
    }

    #[test]
    fn an_average_is_held_and_a_tenth_of_a_second_may_be_used_at_once() {
        // 100 requests of 10 KiB a second; 10 at once, and one more that is let in whole.
        let limits = all_bytes(1000 * KIB, 0, 0);
        let passed = count(limits, Direction::Read, 10 * KIB, 0.0);
        assert_eq!(passed, 11);
        let passed = count(limits, Direction::Write, 10 * KIB, 10.0);
        assert!((1010..=1012).contains(&passed), "{passed}");
    }

    #[test]
    fn a_burst_lasts_for_its_seconds_at_its_own_rate() {
        // 10 requests a second, 100 in bursts of 5 seconds.
        let limits = all_bytes(10 * KIB, 100 * KIB, 5);
        let passed = count(limits, Direction::Read, KIB, 0.0);
        assert!((10..=12).contains(&passed), "{passed}");
        let passed = count(limits, Direction::Read, KIB, 5.0);
        assert!((508..=515).contains(&passed), "{passed}");
        // The bucket of 500 has leaked 10 a second meanwhile; afterwards the average holds.
        let passed = count(limits, Direction::Read, KIB, 100.0);
        assert!((1500..=1503).contains(&passed), "{passed}");
        // A burst of one second may be used at once.
        let passed = count(all_bytes(10 * KIB, 100 * KIB, 1), Direction::Read, KIB, 0.0);
        assert_eq!(passed, 101);
    }

    #[test]
    fn directions_have_limits_of_their_own_and_large_requests_count_as_several() {
        let mut limits = Limits::default();
        limits.requests[Direction::Write as usize + 1] =
            Limit { average: 100, most: 0, burst_seconds: 0 };
        limits.request_size = 4 * KIB;
        let passed = count(limits, Direction::Write, 4 * KIB, 10.0);
        assert!((1010..=1012).contains(&passed), "{passed}");
        let passed = count(limits, Direction::Write, 16 * KIB, 10.0);
        assert!((252..=254).contains(&passed), "{passed}");
        let mut state = State::new(limits);
        for _ in 0..10_000 {
            assert!(state.wait(Direction::Read).is_zero());
            state.fill(Direction::Read, 4 * KIB);
        }
    }

    #[test]
    fn a_waiting_request_passes_by_new_limits_and_is_refused_at_the_end() {
        use std::sync::atomic::{AtomicBool, Ordering};
        let throttle = Throttle::new(all_bytes(1, 0, 0));
        let stays = AtomicBool::new(true);
        let pass = || throttle.pass(Direction::Read, 1 << 30, || stays.load(Ordering::SeqCst));
        assert_eq!(pass(), Passed::In);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(pass);
            while throttle.lock().queues[0].is_empty() {
                std::thread::yield_now();
            }
            throttle.set(all_bytes(1, 0, 0));
            assert_eq!(waiting.join().unwrap(), Passed::In);
            let waiting = [scope.spawn(pass), scope.spawn(pass)];
            while throttle.lock().queues[0].len() < 2 {
                std::thread::yield_now();
            }
            stays.store(false, Ordering::SeqCst);
            throttle.wake();
            for waiting in waiting {
                assert_eq!(waiting.join().unwrap(), Passed::Away);
            }
        });
        assert!(throttle.lock().queues[0].is_empty());
    }
}
