//! A sparse node in memory.

use std::collections::BTreeMap;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use nix::errno::Errno;

use super::{BlockError, Extent, ExtentKind, Node, Result, Space};

/// Memory is taken in pages of this size; what has no page reads as zeros.
const PAGE: u64 = 64 * 1024;

#[derive(Default)]
struct Pages {
    length: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
}

/// A node whose data is in memory, as much of it as has been written.
pub struct MemoryNode {
    name: String,
    state: RwLock<Pages>,
}

/// The parts of a range that lie in one page each: page number, offset in it, length.
fn parts(offset: u64, length: u64) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length;
    let mut at = offset;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let within = at % PAGE;
        let part = (PAGE - within).min(end - at);
        let item = (at / PAGE, within as usize, part as usize);
        at += part;
        Some(item)
    })
}

impl MemoryNode {
    /// A node of `length` bytes, all of them a hole.
    pub fn new(name: impl Into<String>, length: u64) -> MemoryNode {
        let state = RwLock::new(Pages { length, pages: BTreeMap::new() });
        MemoryNode { name: name.into(), state }
    }

    /// Bytes of memory that hold data.
    pub fn allocated(&self) -> u64 {
        self.read().pages.len() as u64 * PAGE
    }

    fn read(&self) -> RwLockReadGuard<'_, Pages> {
        self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Pages> {
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn end_of(&self, offset: u64, length: u64) -> Result<u64> {
        offset.checked_add(length).filter(|end| *end <= i64::MAX as u64).ok_or_else(|| BlockError {
            what: format!("Unable to write {}", self.name),
            errno: Errno::EFBIG,
        })
    }
}

impl Node for MemoryNode {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        Ok(self.read().length)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let state = self.read();
        let length = state.length.saturating_sub(offset).min(buffer.len() as u64);
        let mut rest = &mut buffer[..length as usize];
        for (page, within, part) in parts(offset, length) {
            let (piece, after) = rest.split_at_mut(part);
            match state.pages.get(&page) {
                Some(bytes) => piece.copy_from_slice(&bytes[within..within + part]),
                None => piece.fill(0),
            }
            rest = after;
        }
        Ok(length as usize)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        let end = self.end_of(offset, data.len() as u64)?;
        let mut state = self.write();
        let mut rest = data;
        for (page, within, part) in parts(offset, data.len() as u64) {
            let (piece, after) = rest.split_at(part);
            let new = || vec![0; PAGE as usize].into_boxed_slice();
            state.pages.entry(page).or_insert_with(new)[within..within + part]
                .copy_from_slice(piece);
            rest = after;
        }
        state.length = state.length.max(end);
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length: u64, _may_unmap: bool) -> Result<()> {
        let end = self.end_of(offset, length)?;
        let mut state = self.write();
        // Only the pages that exist: the cost follows the data.
        let touched: Vec<u64> =
            state.pages.range(offset / PAGE..end.div_ceil(PAGE)).map(|(page, _)| *page).collect();
        for page in touched {
            let from = (page * PAGE).max(offset) - page * PAGE;
            let to = ((page + 1) * PAGE).min(end) - page * PAGE;
            if to - from == PAGE {
                state.pages.remove(&page);
            } else if let Some(bytes) = state.pages.get_mut(&page) {
                bytes[from as usize..to as usize].fill(0);
            }
        }
        state.length = state.length.max(end);
        Ok(())
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.write_zeroes(offset, length, may_unmap).map(|()| true)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        let length = length.min(self.length()?.saturating_sub(offset));
        self.write_zeroes(offset, length, true)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        let state = self.read();
        let first = offset / PAGE;
        let present = state.pages.contains_key(&first);
        let next = match present {
            false => state.pages.range(first..).next().map(|(page, _)| *page),
            true => state
                .pages
                .range(first..)
                .zip(first..)
                .find(|((page, _), expected)| *page != expected)
                .map(|(_, expected)| expected)
                .or_else(|| state.pages.last_key_value().map(|(page, _)| page + 1)),
        };
        let end = next.map_or(limit, |page| (page * PAGE).min(limit)).max(offset);
        let kind = if present { ExtentKind::Data } else { ExtentKind::Hole };
        Ok(Extent::new(offset, end - offset, kind))
    }

    fn space(&self) -> Result<Space> {
        let state = self.read();
        Ok(match state.pages.len() as u64 * PAGE {
            0 => Space::Fresh,
            bytes if bytes < state.length => Space::Sparse,
            _ => Space::Full,
        })
    }

    fn allocate(&self, _offset: u64, _length: u64) -> Result<()> {
        Ok(())
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.end_of(0, length)?;
        let mut state = self.write();
        state.pages.split_off(&length.div_ceil(PAGE));
        let within = (length % PAGE) as usize;
        if let Some(bytes) = state.pages.get_mut(&(length / PAGE)) {
            bytes[within..].fill(0);
        }
        state.length = length;
        Ok(())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_follow_the_written_pages() {
        let node = MemoryNode::new("m", 10 * PAGE);
        node.write_at(&[1; 10], 3 * PAGE).unwrap();
        node.write_at(&[1; 10], 5 * PAGE - 5).unwrap();
        let at = |offset| {
            let e = node.extent_at(offset, 10 * PAGE).unwrap();
            (e.kind, e.length / PAGE)
        };
        assert_eq!(at(0), (ExtentKind::Hole, 3));
        assert_eq!(at(3 * PAGE), (ExtentKind::Data, 3));
        assert_eq!(at(6 * PAGE), (ExtentKind::Hole, 4));
        node.write_zeroes(3 * PAGE, PAGE, true).unwrap();
        assert_eq!(at(0), (ExtentKind::Hole, 4));
        assert_eq!(node.allocated(), 2 * PAGE);
    }

    #[test]
    fn no_length_is_more_than_an_offset_can_be() {
        let node = MemoryNode::new("m", PAGE);
        assert_eq!(node.resize(1 << 63).unwrap_err().errno, Errno::EFBIG);
        assert_eq!(node.length().unwrap(), PAGE);
        node.resize(i64::MAX as u64).unwrap();
        assert_eq!(node.extent_at(0, i64::MAX as u64).unwrap().length, i64::MAX as u64);
    }

    #[test]
    fn shrinking_forgets_and_growing_reads_zeros() {
        let node = MemoryNode::new("m", PAGE);
        node.write_at(&[7; PAGE as usize], 0).unwrap();
        node.resize(10).unwrap();
        node.resize(PAGE).unwrap();
        let mut back = vec![1; PAGE as usize];
        assert_eq!(node.read_at(&mut back, 0).unwrap(), PAGE as usize);
        assert!(back[..10].iter().all(|b| *b == 7) && back[10..].iter().all(|b| *b == 0));
    }
}
