//! A disk that is being copied: what the guest changes goes on to the target, at once or later.

use std::io::IoSlice;
use std::sync::{Arc, Mutex};

use super::Filter;
use super::gate::Installed;
use crate::copy::DirtyUnits;
use crate::{BlockError, Gate, Node, RangeGuard, RangeLock, Result, total_length};

/// What a mirror runs on the thread of a guest's request.
pub type Wake = Box<dyn Fn() + Send + Sync>;

/// The source of a copy, as the guest uses it while it is copied.
///
/// Unless writes are synchronous, changes are noted after they were made: a copy that was made
/// meanwhile is made again. Synchronous writes go to both, and have their range alone, so that source
/// and target see them in one order.
pub struct Mirror {
    /// The disk that is copied.
    pub source: Arc<dyn Node>,
    /// What it is copied to.
    pub target: Arc<dyn Node>,
    /// What has changed and is to be copied again.
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
        below: &dyn Node,
        offset: u64,
        length: u64,
        change: impl Fn(&dyn Node) -> Result<()>,
        both: bool,
    ) -> Result<()> {
        if length == 0 {
            return change(below);
        }
        let _alone = self.hold(offset, offset.saturating_add(length));
        // What has failed may have been done by half.
        let done = change(below);
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

/// A mirror over its source, behind the gate that guests pass. When this is dropped, the mirror is taken
/// out, however the copy has ended.
pub struct MirrorGuard {
    installed: Installed,
    mirror: Arc<Mirror>,
}

impl MirrorGuard {
    /// Puts a mirror behind the gate.
    pub fn new(gate: &Arc<Gate>, mirror: Arc<Mirror>) -> MirrorGuard {
        MirrorGuard { installed: gate.install(mirror.clone()), mirror }
    }

    /// The mirror.
    pub fn mirror(&self) -> &Arc<Mirror> {
        &self.mirror
    }

    /// The gate.
    pub fn gate(&self) -> &Gate {
        self.installed.gate()
    }

    /// Takes the mirror out: nothing more goes to the target.
    pub fn remove(&self) {
        self.installed.remove();
    }
}

impl Filter for Mirror {
    crate::pass_on!(
        name,
        length,
        read_at,
        extent_at,
        space_at,
        space,
        knows_holes,
        allocate,
        resize,
        flush,
        write_behind,
        settle,
        read_vectored_at,
        profile
    );
    crate::hide!(compression_unit, write_compressed, file);

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        self.change(below, offset, data.len() as u64, |node| node.write_at(data, offset), true)
    }

    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let length = total_length(data.iter().map(|data| &**data));
        self.change(below, offset, length, |node| node.write_vectored_at(data, offset), true)
    }

    fn write_zeroes(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<()> {
        self.change(
            below,
            offset,
            length,
            |node| node.write_zeroes(offset, length, may_unmap),
            true,
        )
    }

    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        let fast = std::cell::Cell::new(false);
        let write = |node: &dyn Node| {
            fast.set(node.write_zeroes_fast(offset, length, may_unmap)?);
            Ok(())
        };
        // The target need not be fast.
        self.change(below, offset, length, write, false)?;
        Ok(fast.get())
    }

    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        // What is read afterwards is the source's affair; the target shall have the same.
        self.change(below, offset, length, |node| node.discard(offset, length), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    #[test]
    fn a_mirror_is_taken_out_when_its_guard_is_dropped() {
        let node = |name: &str| Arc::new(MemoryNode::new(name, 4096)) as Arc<dyn Node>;
        for removed in [false, true] {
            let gate = Arc::new(Gate::new(node("source")));
            let dirty = DirtyUnits::new(4096, 4096);
            let mirror = Mirror::new(gate.base(), node("target"), dirty, false, Box::new(|| ()));
            let guard = MirrorGuard::new(&gate, Arc::new(mirror));
            let mirror = guard.mirror().clone();
            gate.node().write_at(&[1; 512], 0).unwrap();
            assert_eq!(mirror.dirty.take(0, 4096), Some(0..4096));
            if removed {
                let closed = guard.gate().closed();
                guard.remove();
                closed.swap(node("new"));
            }
            drop(guard);
            gate.node().write_at(&[1; 512], 0).unwrap();
            assert_eq!(mirror.dirty.take(0, 4096), None);
            assert_eq!(gate.node().name(), if removed { "new" } else { "source" });
        }
    }
}
