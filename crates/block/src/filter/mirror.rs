//! A disk that is being copied: what the guest changes goes on to the target, at once or later.

use std::sync::{Arc, Mutex};

use crate::copy::DirtyUnits;
use crate::{BlockError, Extent, Gate, Node, RangeGuard, RangeLock, Result, Space};

/// What a mirror runs on the thread of a guest's request.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// The source of a copy, as the guest uses it while it is copied.
///
/// Unless writes are synchronous, changes are noted after they were made: a copy that was made
/// meanwhile is made again. Synchronous writes go to both, and have their range alone, so that source
/// and target see them in one order.
pub struct Mirror {
    pub source: Arc<dyn Node>,
    pub target: Arc<dyn Node>,
    pub dirty: DirtyUnits,
    ranges: RangeLock,
    synchronous: bool,
    /// Runs when there is something to copy again, or the target is lost.
    wake: Wake,
    /// Why the target is lost. The guest is not to notice.
    failure: Mutex<Option<BlockError>>,
}

impl Mirror {
    /// A mirror whose target has nothing of the source yet.
    pub fn new(
        source: Arc<dyn Node>,
        target: Arc<dyn Node>,
        dirty: DirtyUnits,
        synchronous: bool,
        wake: Wake,
    ) -> Mirror {
        let (ranges, failure) = (RangeLock::default(), Mutex::new(None));
        Mirror { source, target, dirty, ranges, synchronous, wake, failure }
    }

    /// Keeps the guest from changing a range while it is copied, if its changes go to both.
    pub fn hold(&self, offset: u64, end: u64) -> Option<RangeGuard<'_>> {
        self.synchronous.then(|| self.ranges.exclusive(offset, end))
    }

    /// Why the target is lost, if it is.
    pub fn failure(&self) -> Option<BlockError> {
        self.failure.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Makes a change in the source, and sees to it that it reaches the target.
    fn change(
        &self,
        offset: u64,
        length: u64,
        change: impl Fn(&dyn Node) -> Result<()>,
        both: bool,
    ) -> Result<()> {
        if length == 0 {
            return change(&*self.source);
        }
        let _alone = self.hold(offset, offset.saturating_add(length));
        // What has failed may have been done by half.
        let done = change(&*self.source);
        if self.synchronous && both && done.is_ok() && self.failure().is_none() {
            match change(&*self.target) {
                Ok(()) => return done,
                Err(error) => {
                    let mut failure = self.failure.lock().unwrap_or_else(|p| p.into_inner());
                    failure.get_or_insert(error);
                }
            }
        }
        if self.dirty.mark(offset, length) || self.failure().is_some() {
            (self.wake)();
        }
        done
    }
}

/// A mirror in the place of its source, behind the gate that guests pass. Dropped, it gives that to the
/// source again, however the copy has ended: the guest goes on as if nothing had been.
pub struct Placed {
    gate: Arc<Gate>,
    mirror: Arc<Mirror>,
    /// Something else is behind the gate, for good.
    replaced: bool,
}

impl Placed {
    /// Puts a mirror behind the gate.
    pub fn new(gate: Arc<Gate>, mirror: Arc<Mirror>) -> Placed {
        gate.swap(mirror.clone());
        Placed { gate, mirror, replaced: false }
    }

    /// The mirror.
    pub fn mirror(&self) -> &Arc<Mirror> {
        &self.mirror
    }

    /// The gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The target has taken the place.
    pub fn replaced(&mut self) {
        self.replaced = true;
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        if !self.replaced {
            self.gate.swap(self.mirror.source.clone());
        }
    }
}

impl Node for Mirror {
    fn name(&self) -> &str {
        self.source.name()
    }

    fn length(&self) -> Result<u64> {
        self.source.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.source.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.change(offset, data.len() as u64, |node| node.write_at(data, offset), true)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.change(offset, length, |node| node.write_zeroes(offset, length, may_unmap), true)
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        let fast = std::cell::Cell::new(false);
        let write = |node: &dyn Node| {
            fast.set(node.write_zeroes_fast(offset, length, may_unmap)?);
            Ok(())
        };
        // The target need not be fast.
        self.change(offset, length, write, false)?;
        Ok(fast.get())
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        // What is read afterwards is the source's affair; the target shall have the same.
        self.change(offset, length, |node| node.discard(offset, length), false)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.source.extent_at(offset, limit)
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.source.space_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.source.space()
    }

    fn knows_holes(&self) -> bool {
        self.source.knows_holes()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.source.allocate(offset, length)
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.source.resize(length)
    }

    fn flush(&self) -> Result<()> {
        // Until the pivot the source is the disk.
        self.source.flush()
    }

    fn settle(&self) -> Result<()> {
        self.source.settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    #[test]
    fn a_mirror_that_is_not_replaced_gives_its_place_back() {
        let node = |name: &str| Arc::new(MemoryNode::new(name, 4096)) as Arc<dyn Node>;
        for replaced in [false, true] {
            let gate = Arc::new(Gate::new(node("source")));
            let dirty = DirtyUnits::new(4096, 4096);
            let mirror = Mirror::new(gate.node(), node("target"), dirty, false, Box::new(|| ()));
            let mut placed = Placed::new(gate.clone(), Arc::new(mirror));
            gate.node().write_at(&[1; 512], 0).unwrap();
            assert_eq!(placed.mirror().dirty.bytes(), 4096);
            if replaced {
                placed.gate().swap(node("new"));
                placed.replaced();
            }
            drop(placed);
            assert_eq!(gate.node().name(), if replaced { "new" } else { "source" });
        }
    }
}
