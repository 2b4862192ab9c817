//! How much a transfer has moved, and how much data is to come: readable while it runs.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::block::Node;
use crate::copy::ExtentCursor;

/// Whoever asks how much data is to come does not wait until a volume with very many extents has been
/// looked through: each looks at so many, which takes some 20 ms, and the next goes on.
const LOOK: usize = 16 * 1024;

/// The counters of one transfer.
#[derive(Default)]
pub struct Stats {
    data: AtomicU64,
    holes: AtomicU64,
    total: AtomicU64,
    /// Bytes that are known to be no data: zeros that a download has found in data, or holes that were
    /// sent.
    absent: AtomicU64,
    /// Bytes that were sent, or are known to be sent next.
    told: AtomicU64,
    survey: Mutex<Option<Survey>>,
    ended: AtomicBool,
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
    /// Bytes of data that it will have moved, at most; `None` if it has no limit.
    pub all_data: Option<u64>,
    /// How many of these may still turn out to be holes.
    pub unknown: u64,
}

/// A look through the volume that is read, for how much of it is holes.
struct Survey {
    node: Arc<dyn Node>,
    cursor: ExtentCursor,
    end: u64,
    holes: u64,
}

impl Survey {
    /// Looks on for a while; the bytes that it has not come to.
    fn go_on(&mut self) -> u64 {
        for _ in 0..LOOK {
            match self.cursor.next(&*self.node, u64::MAX) {
                Ok(Some(extent)) if extent.kind.is_zero() => self.holes += extent.length,
                Ok(Some(_)) => {}
                Ok(None) => break,
                // The transfer itself will come to it, and tell.
                Err(error) => {
                    log::debug!("cannot tell how much data is to come: {error:?}");
                    break;
                }
            }
        }
        self.end - self.cursor.position()
    }
}

impl Stats {
    /// Counters at zero for an upload of `total` bytes, 0 if it has no limit.
    pub fn of_upload(total: u64) -> Stats {
        Stats { total: AtomicU64::new(total), ..Stats::default() }
    }

    /// Counters at zero for a download of a range of `node`.
    pub fn of_download(node: Arc<dyn Node>, range: Range<u64>) -> Stats {
        let cursor = ExtentCursor::new(range.start, range.end);
        let survey = Survey { node, cursor, end: range.end, holes: 0 };
        Stats {
            total: AtomicU64::new(range.end - range.start),
            survey: Mutex::new(Some(survey)),
            ..Stats::default()
        }
    }

    pub fn add_data(&self, bytes: u64) {
        self.data.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn add_hole(&self, bytes: u64) {
        self.holes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A download has found zeros in data.
    pub fn found_zeros(&self, bytes: u64) {
        self.absent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A hole has been sent.
    pub fn sent_hole(&self, bytes: u64) {
        self.absent.fetch_add(bytes, Ordering::Relaxed);
        self.told.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So much data has been sent, or is known to be sent next.
    pub fn told_data(&self, bytes: u64) {
        self.told.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The transfer is over: nothing more is to come. The volume is not kept open any longer.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.survey().take();
    }

    pub fn snapshot(&self) -> Snapshot {
        let get = |number: &AtomicU64| number.load(Ordering::Relaxed);
        // What is not there is looked at before what has been moved, which it then exceeds.
        let surveyed = self.survey().as_mut().map(|survey| (survey.go_on(), survey.holes));
        let absent = get(&self.absent);
        let (data, holes, total) = (get(&self.data), get(&self.holes), get(&self.total));
        let now = Snapshot { data, holes, total, all_data: Some(data), unknown: 0 };
        if self.ended.load(Ordering::Relaxed) {
            return now;
        }
        if total == 0 && surveyed.is_none() {
            return Snapshot { all_data: None, ..now };
        }
        let (unknown, absent) = match surveyed {
            Some((left, in_extents)) => (left, absent + in_extents),
            None => (total.saturating_sub(get(&self.told)), absent),
        };
        let all_data = total.saturating_sub(absent.max(holes)).max(data);
        Snapshot { all_data: Some(all_data), unknown: unknown.min(all_data - data), ..now }
    }

    fn survey(&self) -> MutexGuard<'_, Option<Survey>> {
        self.survey.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
