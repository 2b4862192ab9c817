//! What guests do with a disk: counted, watched for a threshold, and for errors.

use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::{Instant, SystemTime};

use virsparse_base::errno::Errno;

use super::Filter;
use super::throttle::{Direction, Passed, Throttle};
use crate::copy::is_zero;
use crate::{BlockError, Extent, Node, Result, total_length};

/// What guests have done since the domain was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiskStats {
    /// Reads that have succeeded.
    pub reads: u64,
    /// Bytes that these have read.
    pub read_bytes: u64,
    /// How long these took, in nanoseconds, with what they waited for a limit.
    pub read_time: u64,
    /// Writes that have succeeded, with those of zeros.
    pub writes: u64,
    /// Bytes that these have written or made zero.
    pub write_bytes: u64,
    /// How long these took, as for reads.
    pub write_time: u64,
    /// Flushes that have succeeded.
    pub flushes: u64,
    /// How long these took, in nanoseconds.
    pub flush_time: u64,
}

impl DiskStats {
    /// The sum of two disks'.
    pub fn plus(self, other: DiskStats) -> DiskStats {
        DiskStats {
            reads: self.reads + other.reads,
            read_bytes: self.read_bytes + other.read_bytes,
            read_time: self.read_time + other.read_time,
            writes: self.writes + other.writes,
            write_bytes: self.write_bytes + other.write_bytes,
            write_time: self.write_time + other.write_time,
            flushes: self.flushes + other.flushes,
            flush_time: self.flush_time + other.flush_time,
        }
    }
}

/// What a meter reports, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The first request has failed, or the first after the errors were forgotten.
    Failed(BlockError),
    /// A guest has written `excess` bytes behind the threshold.
    Threshold {
        /// The threshold, a byte in the image's file or device. It is not set any more.
        threshold: u64,
        /// How many bytes behind it the written range ends.
        excess: u64,
    },
}

/// What becomes of zeros that a guest writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Zeros {
    /// They are data like any other.
    #[default]
    Ignore,
    /// They are made zeros that keep their space.
    Keep,
    /// They give their space back.
    Unmap,
}

/// What is done with guests' requests beyond what they ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Guests give no space back.
    pub ignores_discards: bool,
    /// What becomes of zeros that they write.
    pub zeros: Zeros,
}

/// What has become of requests that have failed.
#[derive(Default)]
struct Failures {
    /// The last since errors were forgotten.
    now: Option<Errno>,
    /// The last of all.
    last: Option<(Errno, SystemTime)>,
}

/// Runs on the thread of the guest's request.
pub type OnNotice = Box<dyn Fn(Notice) + Send + Sync>;

#[derive(Default)]
struct Counter {
    requests: AtomicU64,
    bytes: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Counter {
    fn add(&self, bytes: u64, since: Instant) {
        self.requests.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.nanoseconds.fetch_add(since.elapsed().as_nanos() as u64, Relaxed);
    }
}

/// The filter that counts, limits and watches what guests do. It stands in front of the block backend, so
/// that nobody who waits for a limit keeps the gate from closing.
pub struct Meter {
    reads: Counter,
    writes: Counter,
    flushes: Counter,
    failures: Mutex<Failures>,
    /// 0 if there is none.
    threshold: AtomicU64,
    /// Set while guests are limited at all.
    limited: AtomicBool,
    throttle: RwLock<Option<Arc<Throttle>>>,
    closed: AtomicBool,
    rules: Rules,
    on_notice: OnNotice,
}

impl Meter {
    /// A meter without limits or a threshold, which has counted nothing yet.
    pub fn new(rules: Rules, on_notice: OnNotice) -> Arc<Meter> {
        Arc::new(Meter {
            reads: Counter::default(),
            writes: Counter::default(),
            flushes: Counter::default(),
            failures: Mutex::default(),
            threshold: AtomicU64::new(0),
            limited: AtomicBool::new(false),
            throttle: RwLock::new(None),
            closed: AtomicBool::new(false),
            rules,
            on_notice,
        })
    }

    /// What has been counted since the meter was made. Any thread may ask.
    pub fn stats(&self) -> DiskStats {
        let get = |number: &AtomicU64| number.load(Relaxed);
        DiskStats {
            reads: get(&self.reads.requests),
            read_bytes: get(&self.reads.bytes),
            read_time: get(&self.reads.nanoseconds),
            writes: get(&self.writes.requests),
            write_bytes: get(&self.writes.bytes),
            write_time: get(&self.writes.nanoseconds),
            flushes: get(&self.flushes.requests),
            flush_time: get(&self.flushes.nanoseconds),
        }
    }

    /// Why a request has failed, if one has.
    pub fn failed(&self) -> Option<Errno> {
        self.lock_failures().now
    }

    /// The last request that has failed since the domain was started: why, and when.
    pub fn last_failure(&self) -> Option<(Errno, SystemTime)> {
        self.lock_failures().last
    }

    /// Forgets the failure.
    pub fn forget_failed(&self) {
        self.lock_failures().now = None;
    }

    /// Behind which offset of the image a write is told of; 0 for none.
    pub fn threshold(&self) -> u64 {
        self.threshold.load(Relaxed)
    }

    /// Tells once when something is written in the image behind that offset; 0 for never.
    pub fn set_threshold(&self, threshold: u64) {
        self.threshold.store(threshold, Relaxed);
    }

    /// Holds guests to these limits from now on, or to none. Who waits for the limits before asks these.
    pub fn set_throttle(&self, throttle: Option<Arc<Throttle>>) {
        let before = {
            let mut place = self.throttle.write().unwrap_or_else(|p| p.into_inner());
            self.limited.store(throttle.is_some(), Relaxed);
            std::mem::replace(&mut *place, throttle)
        };
        if let Some(before) = before {
            before.wake();
        }
    }

    /// Lets nobody wait for a limit any more: what comes now fails.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
        if let Some(throttle) = self.throttle() {
            throttle.wake();
        }
    }

    fn throttle(&self) -> Option<Arc<Throttle>> {
        self.throttle.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Waits until the limits let a request pass.
    fn pass(&self, below: &dyn Node, direction: Direction, bytes: u64) -> Result<()> {
        if !self.limited.load(Relaxed) || bytes == 0 {
            return Ok(());
        }
        while let Some(throttle) = self.throttle() {
            let is_current = || self.throttle().is_some_and(|now| Arc::ptr_eq(&now, &throttle));
            let stays = || !self.closed.load(Relaxed) && is_current();
            match throttle.pass(direction, bytes, stays) {
                Passed::In => break,
                Passed::Away if self.closed.load(Relaxed) => {
                    let what = format!("{} is being closed", below.name());
                    return Err(BlockError { what, errno: Errno::ESHUTDOWN });
                }
                Passed::Away => {}
            }
        }
        Ok(())
    }

    fn lock_failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn note<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            // That is how a domain ends, and not its disk's fault.
            && error.errno != Errno::ESHUTDOWN
        {
            let first = {
                let mut failures = self.lock_failures();
                failures.last = Some((error.errno, SystemTime::now()));
                failures.now.replace(error.errno).is_none()
            };
            if first {
                (self.on_notice)(Notice::Failed(error.clone()));
            }
        }
        result
    }

    /// Looks where in the image a range is that has been written.
    fn check_threshold(&self, below: &dyn Node, offset: u64, length: u64) {
        let threshold = self.threshold.load(Relaxed);
        if threshold == 0 {
            return;
        }
        let (mut at, end) = (offset, offset.saturating_add(length));
        let mut last = 0;
        while at < end {
            // What cannot be found out is not told of.
            let Ok(extent) = below.extent_at(at, end) else { return };
            if extent.length == 0 {
                break;
            }
            if let Some(host) = extent.host.filter(|_| extent.depth == 0) {
                last = last.max(host.saturating_add(extent.length));
            }
            at = extent.end();
        }
        let over = last > threshold;
        if over && self.threshold.compare_exchange(threshold, 0, Relaxed, Relaxed).is_ok() {
            (self.on_notice)(Notice::Threshold { threshold, excess: last - threshold });
        }
    }
}

impl Filter for Meter {
    crate::pass_on!(name, length, space, knows_holes, resize, write_behind, settle, profile);
    crate::hide!(compression_unit, write_compressed, file);

    fn read_at(&self, below: &dyn Node, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let since = Instant::now();
        self.pass(below, Direction::Read, buffer.len() as u64)?;
        let read = self.note(below.read_at(buffer, offset))?;
        self.reads.add(read as u64, since);
        Ok(read)
    }

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        let since = Instant::now();
        self.pass(below, Direction::Write, data.len() as u64)?;
        self.note(match self.rules.zeros {
            Zeros::Keep | Zeros::Unmap if is_zero(data) => {
                let unmap = self.rules.zeros == Zeros::Unmap;
                below.write_zeroes(offset, data.len() as u64, unmap)
            }
            _ => below.write_at(data, offset),
        })?;
        self.writes.add(data.len() as u64, since);
        self.check_threshold(below, offset, data.len() as u64);
        Ok(())
    }

    fn read_vectored_at(
        &self,
        below: &dyn Node,
        buffers: &mut [IoSliceMut<'_>],
        offset: u64,
    ) -> Result<usize> {
        let since = Instant::now();
        self.pass(below, Direction::Read, total_length(buffers.iter().map(|buffer| &**buffer)))?;
        let read = self.note(below.read_vectored_at(buffers, offset))?;
        self.reads.add(read as u64, since);
        Ok(read)
    }

    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let since = Instant::now();
        let length = total_length(data.iter().map(|data| &**data));
        self.pass(below, Direction::Write, length)?;
        self.note(match self.rules.zeros {
            Zeros::Keep | Zeros::Unmap if data.iter().all(|data| is_zero(data)) => {
                below.write_zeroes(offset, length, self.rules.zeros == Zeros::Unmap)
            }
            _ => below.write_vectored_at(data, offset),
        })?;
        self.writes.add(length, since);
        self.check_threshold(below, offset, length);
        Ok(())
    }

    fn write_zeroes(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<()> {
        let since = Instant::now();
        self.pass(below, Direction::Write, length)?;
        let may_unmap = may_unmap && !self.rules.ignores_discards;
        self.note(below.write_zeroes(offset, length, may_unmap))?;
        self.writes.add(length, since);
        self.check_threshold(below, offset, length);
        Ok(())
    }

    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        let since = Instant::now();
        self.pass(below, Direction::Write, length)?;
        let may_unmap = may_unmap && !self.rules.ignores_discards;
        let done = self.note(below.write_zeroes_fast(offset, length, may_unmap))?;
        if done {
            self.writes.add(length, since);
            self.check_threshold(below, offset, length);
        }
        Ok(done)
    }

    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        if self.rules.ignores_discards {
            return Ok(());
        }
        self.note(below.discard(offset, length))
    }

    fn extent_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent> {
        self.note(below.extent_at(offset, limit))
    }

    fn space_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent> {
        self.note(below.space_at(offset, limit))
    }

    fn allocate(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        self.note(below.allocate(offset, length))
    }

    fn flush(&self, below: &dyn Node) -> Result<()> {
        let since = Instant::now();
        self.note(below.flush())?;
        self.flushes.add(0, since);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filtered;
    use crate::{BlockBackend, Gate, MemoryNode};

    type Metered = Filtered<Meter>;

    fn meter() -> (Metered, Arc<Gate>, Arc<Mutex<Vec<Notice>>>) {
        let told: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let tell = told.clone();
        let gate = Arc::new(Gate::new(Arc::new(MemoryNode::new("m", 1 << 20))));
        let backend = BlockBackend::new("m", gate.clone());
        let on_notice = Box::new(move |notice| tell.lock().unwrap().push(notice));
        (Filtered::new(Meter::new(Rules::default(), on_notice), backend), gate, told)
    }

    #[test]
    fn requests_and_bytes_are_counted() {
        let (meter, _, told) = meter();
        meter.write_at(&[1; 1000], 0).unwrap();
        meter.write_zeroes(0, 24, true).unwrap();
        meter.read_at(&mut [0; 512], 0).unwrap();
        meter.flush().unwrap();
        let stats = meter.filter().stats();
        assert_eq!((stats.writes, stats.write_bytes), (2, 1024));
        assert_eq!((stats.reads, stats.read_bytes, stats.flushes), (1, 512, 1));
        assert_eq!(stats.plus(stats).write_bytes, 2048);
        assert!(told.lock().unwrap().is_empty());
    }

    #[test]
    fn a_threshold_is_told_once_and_by_where_the_image_has_the_data() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create_new(folder.path().join("a")).unwrap();
        file.set_len(1 << 20).unwrap();
        let (meter, gate, told) = meter();
        gate.swap(Arc::new(crate::FileNode::new(file, "a").unwrap()));
        meter.filter().set_threshold(8192);
        meter.write_at(&[1; 4096], 4096).unwrap();
        assert!(told.lock().unwrap().is_empty());
        for _ in 0..2 {
            meter.write_at(&[1; 4096], 16384).unwrap();
        }
        let expected = [Notice::Threshold { threshold: 8192, excess: 12288 }];
        assert_eq!(*told.lock().unwrap(), expected);
    }

    #[test]
    fn the_first_error_is_told_and_kept_until_it_is_forgotten() {
        let (meter, gate, told) = meter();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), [1; 512]).unwrap();
        let file = std::fs::File::open(folder.path().join("a")).unwrap();
        gate.swap(Arc::new(crate::FileNode::new(file, "a").unwrap()));
        for expected in [1, 1, 2] {
            assert!(meter.write_at(&[1; 512], 0).is_err());
            assert_eq!(told.lock().unwrap().len(), expected);
            assert_eq!(meter.filter().failed(), Some(Errno::EBADF));
            if told.lock().unwrap().len() == 1 && expected == 1 && meter.filter().stats().reads == 1
            {
                meter.filter().forget_failed();
            }
            meter.read_at(&mut [0; 1], 0).unwrap();
        }
    }
}
