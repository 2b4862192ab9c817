//! How much a transfer has moved, readable while it runs.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of one transfer.
#[derive(Default)]
pub struct Stats {
    data: AtomicU64,
    holes: AtomicU64,
    total: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes of data moved.
    pub data: u64,
    /// Bytes of holes moved.
    pub holes: u64,
    /// Bytes that the transfer covers at most; 0 if it has no limit.
    pub total: u64,
}

impl Stats {
    /// Counters at zero for a transfer of `total` bytes.
    pub fn new(total: u64) -> Stats {
        Stats { total: AtomicU64::new(total), ..Stats::default() }
    }

    pub fn add_data(&self, bytes: u64) {
        self.data.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn add_hole(&self, bytes: u64) {
        self.holes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            data: self.data.load(Ordering::Relaxed),
            holes: self.holes.load(Ordering::Relaxed),
            total: self.total.load(Ordering::Relaxed),
        }
    }
}
