//! Requests of any shape to a node that takes only whole blocks, such as an NBD export with a minimum block
//! size. What shares a block with a request is read with it, and written again with it, as QEMU does.
//!
//! Users of another connection who change the rest of such a block at that moment can lose their change, as
//! with any program that pads its requests.

use std::io::{IoSlice, IoSliceMut};

use super::Filter;
use crate::range_lock::RangeLock;
use crate::{Node, Result, buffer, read_by_pieces, total_length, write_by_pieces};

/// So much goes through the buffer at once.
const MOST: u64 = 1 << 20;

/// See the module's text.
pub struct WholeBlocks {
    /// What offsets and lengths must be multiples of, below this node; the last block may be cut off by the
    /// node's end.
    block: u64,
    /// Whoever changes a part of a block has the block alone, because the rest of it is read and written
    /// again. Those who change whole blocks share them.
    ranges: RangeLock,
}

impl WholeBlocks {
    /// For blocks of so many bytes.
    pub fn new(block: u64) -> WholeBlocks {
        WholeBlocks { block, ranges: RangeLock::default() }
    }

    fn down(&self, offset: u64) -> u64 {
        offset / self.block * self.block
    }

    /// The end of the block that ends at `offset` or behind it.
    fn up(&self, below: &dyn Node, offset: u64) -> Result<u64> {
        let end = offset.checked_next_multiple_of(self.block).unwrap_or(u64::MAX);
        Ok(end.min(below.length()?).max(offset))
    }

    fn is_whole(&self, below: &dyn Node, offset: u64, length: u64) -> Result<bool> {
        let Some(end) = offset.checked_add(length) else { return Ok(false) };
        Ok(offset == self.down(offset) && end == self.up(below, end)?)
    }

    /// Whether a range is inside of the node. What is not is refused by the node itself, as a whole.
    fn is_inside(below: &dyn Node, offset: u64, length: u64) -> Result<bool> {
        let size = below.length()?;
        Ok(offset.checked_add(length).is_some_and(|end| end <= size))
    }

    /// Changes a range through a buffer: `fill` puts what is new into the bytes from an offset on.
    fn rewrite(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        mut fill: impl FnMut(&mut [u8], u64),
    ) -> Result<()> {
        let end = offset + length;
        let (first, last) = (self.down(offset), self.up(below, end)?);
        let _alone = self.ranges.exclusive(first, last);
        let most = MOST.max(self.block);
        let mut bytes = buffer((last - first).min(most) as usize)?;
        let mut at = offset;
        while at < end {
            let start = self.down(at);
            let stop = last.min(start + most);
            let new = at..end.min(stop);
            let bytes = &mut bytes[..(stop - start) as usize];
            let last_block = self.down(stop - 1);
            if start < new.start {
                self.read_block(below, bytes, start, start)?;
            }
            if new.end < stop && (last_block > start || start == new.start) {
                self.read_block(below, bytes, start, last_block)?;
            }
            let part = (new.start - start) as usize..(new.end - start) as usize;
            fill(&mut bytes[part], new.start);
            below.write_at(bytes, start)?;
            at = new.end;
        }
        Ok(())
    }

    /// Reads the block at `block` into its place in `bytes`, which begin at `start`.
    fn read_block(&self, below: &dyn Node, bytes: &mut [u8], start: u64, block: u64) -> Result<()> {
        let from = (block - start) as usize;
        let to = bytes.len().min(from + self.block as usize);
        below.read_at(&mut bytes[from..to], block).map(drop)
    }

    fn zero_part(&self, below: &dyn Node, offset: u64, end: u64) -> Result<()> {
        if offset == end {
            return Ok(());
        }
        self.rewrite(below, offset, end - offset, |bytes, _| bytes.fill(0))
    }
}

impl Filter for WholeBlocks {
    crate::pass_on!(
        name,
        length,
        extent_at,
        space_at,
        space,
        profile,
        knows_holes,
        allocate,
        file,
        resize,
        flush,
        write_behind,
        settle,
    );
    crate::hide!(compression_unit, write_compressed);

    fn read_at(&self, below: &dyn Node, target: &mut [u8], offset: u64) -> Result<usize> {
        if self.is_whole(below, offset, target.len() as u64)? {
            return below.read_at(target, offset);
        }
        let end = below.length()?.min(offset.saturating_add(target.len() as u64));
        if end <= offset {
            return Ok(0);
        }
        let last = self.up(below, end)?;
        let most = MOST.max(self.block);
        let mut bytes = buffer((last - self.down(offset)).min(most) as usize)?;
        let mut at = offset;
        while at < end {
            let start = self.down(at);
            let stop = last.min(start + most);
            let got = below.read_at(&mut bytes[..(stop - start) as usize], start)? as u64;
            let there = end.min(start + got);
            if there <= at {
                break;
            }
            let part = &bytes[(at - start) as usize..(there - start) as usize];
            target[(at - offset) as usize..][..part.len()].copy_from_slice(part);
            at = there;
        }
        Ok((at - offset) as usize)
    }

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        let length = data.len() as u64;
        if !Self::is_inside(below, offset, length)? {
            return below.write_at(data, offset);
        }
        if length == 0 {
            return Ok(());
        }
        if self.is_whole(below, offset, length)? {
            let _shared = self.ranges.shared(offset, offset + length);
            return below.write_at(data, offset);
        }
        self.rewrite(below, offset, length, |bytes, at| {
            bytes.copy_from_slice(&data[(at - offset) as usize..][..bytes.len()]);
        })
    }

    fn read_vectored_at(
        &self,
        below: &dyn Node,
        buffers: &mut [IoSliceMut<'_>],
        offset: u64,
    ) -> Result<usize> {
        let length = total_length(buffers.iter().map(|buffer| &**buffer));
        if self.is_whole(below, offset, length)? && Self::is_inside(below, offset, length)? {
            return below.read_vectored_at(buffers, offset);
        }
        read_by_pieces(buffers, offset, |buffer, at| self.read_at(below, buffer, at))
    }

    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let length = total_length(data.iter().map(|data| &**data));
        if !Self::is_inside(below, offset, length)? {
            return below.write_vectored_at(data, offset);
        }
        if length == 0 {
            return Ok(());
        }
        if self.is_whole(below, offset, length)? {
            let _shared = self.ranges.shared(offset, offset + length);
            return below.write_vectored_at(data, offset);
        }
        write_by_pieces(data, offset, |data, at| self.write_at(below, data, at))
    }

    fn write_zeroes(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<()> {
        if !Self::is_inside(below, offset, length)? {
            return below.write_zeroes(offset, length, may_unmap);
        }
        if length == 0 {
            return Ok(());
        }
        let end = offset + length;
        let first = self.up(below, offset)?;
        let last = if end == below.length()? { end } else { self.down(end) };
        if first >= last {
            // No block is zeroed as a whole, but two may be in part.
            return self.zero_part(below, offset, end);
        }
        self.zero_part(below, offset, first)?;
        {
            let _shared = self.ranges.shared(first, last);
            below.write_zeroes(first, last - first, may_unmap)?;
        }
        self.zero_part(below, last, end)
    }

    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        if Self::is_inside(below, offset, length)? && !self.is_whole(below, offset, length)? {
            return Ok(false);
        }
        let _shared = self.ranges.shared(offset, offset.saturating_add(length));
        below.write_zeroes_fast(offset, length, may_unmap)
    }

    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        let end = offset.saturating_add(length);
        let size = below.length()?;
        // The rest of a block that is discarded in part is still needed.
        let first = self.up(below, offset)?;
        let last = if end >= size { size } else { self.down(end) };
        if first >= last {
            return Ok(());
        }
        let _shared = self.ranges.shared(first, last);
        below.discard(first, last - first)
    }
}

#[cfg(test)]
mod tests;
