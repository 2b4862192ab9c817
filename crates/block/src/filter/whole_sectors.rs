//! Raw images whose size is no multiple of 512 bytes, as QEMU and qemu-nbd show them: a disk has whole
//! sectors, so the size is rounded up. What lies behind the end of the file reads as zeros, and the
//! file grows by the rest of its last sector when something is written there.

use std::io::IoSlice;
use std::sync::{Arc, Mutex};

use super::{Filter, Filtered};
use crate::{Extent, ExtentKind, Node, Result, SECTOR, total_length};

/// See the module's text.
pub struct WholeSectors {
    /// Held by whoever makes the file longer: of two that do so at once, one could cut off what the
    /// other has written.
    growing: Mutex<()>,
}

impl WholeSectors {
    /// The same node if its size is a multiple of 512 bytes, otherwise one that shows it rounded up.
    pub fn of(node: Arc<dyn Node>) -> Result<Arc<dyn Node>> {
        match node.length()?.is_multiple_of(SECTOR) {
            true => Ok(node),
            false => Ok(Arc::new(Filtered::new(
                Arc::new(WholeSectors { growing: Mutex::new(()) }),
                node,
            ))),
        }
    }

    /// Makes the file longer before a change that reaches beyond its end.
    fn grow_for(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        let end = offset.saturating_add(length);
        if end <= below.length()? {
            return Ok(());
        }
        let _growing = self.growing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let length = self.length(below)?;
        // What reaches further is refused or accepted by the file, as without this node.
        if end <= length && below.length()? < length {
            below.resize(length)?;
        }
        Ok(())
    }
}

impl Filter for WholeSectors {
    crate::pass_on!(name, write_behind, discard, space, knows_holes, file, flush, settle, profile);
    crate::hide!(compression_unit, write_compressed, read_vectored_at);

    fn length(&self, below: &dyn Node) -> Result<u64> {
        let length = below.length()?;
        Ok(length.checked_next_multiple_of(SECTOR).unwrap_or(length))
    }

    fn read_at(&self, below: &dyn Node, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let got = below.read_at(buffer, offset)?;
        if got == buffer.len() {
            return Ok(got);
        }
        let there = self.length(below)?.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let end = there.max(got);
        buffer[got..end].fill(0);
        Ok(end)
    }

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        self.grow_for(below, offset, data.len() as u64)?;
        below.write_at(data, offset)
    }

    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        self.grow_for(below, offset, total_length(data.iter().map(|data| &**data)))?;
        below.write_vectored_at(data, offset)
    }

    fn write_zeroes(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<()> {
        self.grow_for(below, offset, length)?;
        below.write_zeroes(offset, length, may_unmap)
    }

    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        self.grow_for(below, offset, length)?;
        below.write_zeroes_fast(offset, length, may_unmap)
    }

    fn extent_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent> {
        let end = below.length()?;
        if offset < end {
            return below.extent_at(offset, limit.min(end));
        }
        let length = limit.saturating_sub(offset);
        Ok(Extent::new(offset, length, ExtentKind::Hole))
    }

    fn space_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent> {
        let end = below.length()?;
        if offset < end {
            return below.space_at(offset, limit.min(end));
        }
        self.extent_at(below, offset, limit)
    }

    fn allocate(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        self.grow_for(below, offset, length)?;
        below.allocate(offset, length)
    }

    fn resize(&self, below: &dyn Node, length: u64) -> Result<()> {
        let _growing = self.growing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        below.resize(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryNode;

    const SIZE: u64 = 1_000_001;
    const ROUNDED: u64 = 1_000_448;

    fn odd() -> (Arc<MemoryNode>, Arc<dyn Node>) {
        let file = Arc::new(MemoryNode::new("odd", SIZE));
        file.write_at(&[7; 100], SIZE - 100).unwrap();
        let shown = WholeSectors::of(file.clone()).unwrap();
        (file, shown)
    }

    #[test]
    fn an_odd_size_is_rounded_up_and_the_rest_reads_as_zeros() {
        let (file, shown) = odd();
        assert_eq!(shown.length(), Ok(ROUNDED));
        let mut sector = [9; 600];
        assert_eq!(shown.read_at(&mut sector, ROUNDED - 512), Ok(512));
        let data = (SIZE - (ROUNDED - 512)) as usize;
        assert!(sector[..data].iter().rev().take(data.min(100)).all(|byte| *byte == 7));
        assert!(sector[data..512].iter().all(|byte| *byte == 0));
        assert!(sector[512..].iter().all(|byte| *byte == 9));
        assert_eq!(file.length(), Ok(SIZE));
    }

    #[test]
    fn extents_cover_the_rounded_size() {
        let (_file, shown) = odd();
        let mut at = 0;
        while at < ROUNDED {
            let extent = shown.extent_at(at, ROUNDED).unwrap();
            assert_eq!(extent.offset, at);
            assert!(extent.length > 0);
            at = extent.end();
        }
        assert_eq!(at, ROUNDED);
        assert!(shown.extent_at(SIZE, ROUNDED).unwrap().kind.is_zero());
    }

    #[test]
    fn the_file_grows_to_the_rounded_size_when_its_last_sector_is_written() {
        type Write = fn(&dyn Node) -> Result<()>;
        let writes: [Write; 3] = [
            |node| node.write_at(&[1; 512], ROUNDED - 512),
            |node| node.write_zeroes(SIZE - 50, 51, true),
            |node| node.allocate(0, ROUNDED),
        ];
        for write in writes {
            let (file, shown) = odd();
            shown.write_at(&[1], 0).unwrap();
            assert_eq!(file.length(), Ok(SIZE));
            write(&*shown).unwrap();
            assert_eq!((file.length(), shown.length()), (Ok(ROUNDED), Ok(ROUNDED)));
        }
    }

    #[test]
    fn a_size_of_whole_sectors_is_left_alone() {
        let node: Arc<dyn Node> = Arc::new(MemoryNode::new("even", 1024));
        let same = WholeSectors::of(node.clone()).unwrap();
        assert!(Arc::ptr_eq(&node, &same));
    }
}
