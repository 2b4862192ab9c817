//! How long a server has been silent while a reply was awaited: those who look for replies again and again
//! wait for a short time each, and must notice in the end that none comes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When the server has last sent something, or had nothing to send.
pub struct Heard {
    /// How long it may be silent.
    most: Option<Duration>,
    start: Instant,
    /// In nanoseconds from the start.
    last: AtomicU64,
}

impl Heard {
    pub fn new(most: Option<Duration>) -> Heard {
        Heard { most, start: Instant::now(), last: AtomicU64::new(0) }
    }

    pub fn has_limit(&self) -> bool {
        self.most.is_some()
    }

    /// It has sent something, or begins to have something to send.
    pub fn now(&self) {
        if self.has_limit() {
            // In 584 years at the latest.
            let passed = self.start.elapsed().as_nanos().try_into().unwrap_or(u64::MAX);
            self.last.store(passed, Ordering::Release);
        }
    }

    /// When it has been silent for too long.
    pub fn limit(&self) -> Option<Instant> {
        let last = self.start + Duration::from_nanos(self.last.load(Ordering::Acquire));
        last.checked_add(self.most?)
    }
}
