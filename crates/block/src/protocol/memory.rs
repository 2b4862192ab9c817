//! A sparse node in memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use virsparse_base::errno::Errno;
use virsparse_base::memory::fallible;

use crate::{BlockError, Extent, ExtentKind, Node, Result, Space};

/// Memory is taken in pages of this size; what has no page reads as zeros.
const PAGE: u64 = 64 * 1024;

/// What must be free beside a new page: a node has no more memory before the process has none, which
/// would be the end of it.
const MARGIN: usize = 4 << 20;

struct Pages {
    length: u64,
    pages: BTreeMap<u64, Box<[u8]>>,
    /// Pages that count as taken, whether they hold data or not: the first and the one behind the last
    /// of each run.
    reserved: BTreeMap<u64, u64>,
}

impl Pages {
    /// Takes memory for a page that is to be written, or says that there is none.
    fn page(&mut self, page: u64) -> Option<&mut [u8]> {
        match self.pages.entry(page) {
            Entry::Occupied(there) => Some(there.into_mut()),
            Entry::Vacant(place) => {
                let (mut bytes, mut margin) = (Vec::new(), Vec::<u8>::new());
                fallible(|| bytes.try_reserve_exact(PAGE as usize)).ok()?;
                fallible(|| margin.try_reserve_exact(MARGIN)).ok()?;
                drop(margin);
                bytes.resize(PAGE as usize, 0);
                Some(place.insert(bytes.into_boxed_slice()))
            }
        }
    }

    /// Notes that some pages count as taken.
    fn reserve(&mut self, mut first: u64, mut end: u64) {
        // What touches the new run becomes a part of it.
        while let Some((&from, &to)) = self.reserved.range(..=end).next_back()
            && to >= first
        {
            self.reserved.remove(&from);
            (first, end) = (first.min(from), end.max(to));
        }
        self.reserved.insert(first, end);
    }

    /// Notes that some pages do not count as taken any more, unless they hold data.
    fn release(&mut self, first: u64, end: u64) {
        while let Some((&from, &to)) = self.reserved.range(..end).next_back()
            && to > first
        {
            self.reserved.remove(&from);
            if to > end {
                self.reserved.insert(end, to);
            }
            if from < first {
                self.reserved.insert(from, first);
            }
        }
    }

    /// Makes what lies between two offsets zeros; whole pages give their memory back, and no longer
    /// count as taken if `may_unmap`.
    fn zero(&mut self, offset: u64, end: u64, may_unmap: bool) {
        // Only the pages that exist: the cost follows the data.
        let touched: Vec<u64> =
            self.pages.range(offset / PAGE..end.div_ceil(PAGE)).map(|(page, _)| *page).collect();
        let whole = (offset.div_ceil(PAGE), end / PAGE);
        if may_unmap && whole.0 < whole.1 {
            self.release(whole.0, whole.1);
        }
        for page in touched {
            let from = (page * PAGE).max(offset) - page * PAGE;
            let to = ((page + 1) * PAGE).min(end) - page * PAGE;
            if to - from == PAGE {
                self.pages.remove(&page);
                if !may_unmap {
                    self.reserve(page, page + 1);
                }
            } else if let Some(bytes) = self.pages.get_mut(&page) {
                bytes[from as usize..to as usize].fill(0);
            }
        }
    }

    /// The run of reserved pages that has this one, or else the next.
    fn reserved_at(&self, page: u64) -> Option<(u64, u64)> {
        let here = self.reserved.range(..=page).next_back().filter(|(_, end)| **end > page);
        let run = here.or_else(|| self.reserved.range(page..).next());
        run.map(|(first, end)| (*first, *end))
    }

    /// How many pages are taken.
    fn taken(&self) -> u64 {
        let reserved: u64 = self.reserved.iter().map(|(first, end)| end - first).sum();
        let inside: usize = match self.reserved.is_empty() {
            true => 0,
            false => self
                .pages
                .keys()
                .filter(|page| self.reserved_at(**page).is_some_and(|(first, _)| first <= **page))
                .count(),
        };
        reserved + (self.pages.len() - inside) as u64
    }
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
        let state =
            RwLock::new(Pages { length, pages: BTreeMap::new(), reserved: BTreeMap::new() });
        MemoryNode { name: name.into(), state }
    }

    /// Bytes that hold data, or have been given space.
    pub fn allocated(&self) -> u64 {
        let state = self.read();
        (state.taken() * PAGE).min(state.length)
    }

    fn read(&self) -> RwLockReadGuard<'_, Pages> {
        self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Pages> {
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn end_of(&self, offset: u64, length: u64) -> Result<u64> {
        let end = offset.checked_add(length).filter(|end| *end <= i64::MAX as u64);
        end.ok_or_else(|| self.error("write", Errno::EFBIG))
    }

    fn error(&self, action: &str, errno: Errno) -> BlockError {
        BlockError { what: format!("Unable to {action} {}", self.name), errno }
    }
}

impl Node for MemoryNode {
    crate::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        profile,
        compression_unit,
        write_compressed,
        space_at,
        knows_holes,
        file,
        write_behind,
        settle
    );

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
        self.end_of(offset, data.len() as u64)?;
        let mut state = self.write();
        let (mut rest, mut done) = (data, 0);
        for (page, within, part) in parts(offset, data.len() as u64) {
            let (piece, after) = rest.split_at(part);
            let bytes = state.page(page).ok_or_else(|| self.error("write", Errno::ENOMEM))?;
            bytes[within..within + part].copy_from_slice(piece);
            // As in a file, what has been written is there, whatever becomes of the rest.
            done += part as u64;
            state.length = state.length.max(offset + done);
            rest = after;
        }
        Ok(())
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        if length == 0 {
            return Ok(());
        }
        let end = self.end_of(offset, length)?;
        let mut state = self.write();
        state.zero(offset, end, may_unmap);
        state.length = state.length.max(end);
        Ok(())
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.write_zeroes(offset, length, may_unmap).map(|()| true)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        let mut state = self.write();
        // Beyond the end there is nothing.
        let end = offset.saturating_add(length).min(state.length);
        if offset < end {
            state.zero(offset, end, true);
        }
        Ok(())
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        let state = self.read();
        let first = offset / PAGE;
        let reserved = state.reserved_at(first);
        let (kind, next) = if state.pages.contains_key(&first) {
            // No further than is asked: a look costs no more than what it tells.
            let asked = state.pages.range(first..limit.div_ceil(PAGE).max(first)).zip(first..);
            let run = asked.take_while(|((page, _), expected)| *page == expected);
            (ExtentKind::Data, Some(first + run.count() as u64))
        } else {
            let data = state.pages.range(first..).next().map(|(page, _)| *page);
            match reserved {
                Some((from, to)) if from <= first => {
                    (ExtentKind::Zero, Some(data.map_or(to, |data| data.min(to))))
                }
                Some((from, _)) => (ExtentKind::Hole, Some(data.map_or(from, |d| d.min(from)))),
                None => (ExtentKind::Hole, data),
            }
        };
        let end = next.map_or(limit, |page| page.saturating_mul(PAGE).min(limit)).max(offset);
        Ok(Extent::new(offset, end - offset, kind))
    }

    fn space(&self) -> Result<Space> {
        let state = self.read();
        Ok(match state.taken() * PAGE {
            0 => Space::Fresh,
            bytes if bytes < state.length => Space::Sparse,
            _ => Space::Full,
        })
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if length == 0 {
            return Ok(());
        }
        let end = self.end_of(offset, length)?;
        let mut state = self.write();
        state.reserve(offset / PAGE, end.div_ceil(PAGE));
        state.length = state.length.max(end);
        Ok(())
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.end_of(0, length)?;
        let mut state = self.write();
        state.pages.split_off(&length.div_ceil(PAGE));
        state.release(length.div_ceil(PAGE), u64::MAX);
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
    fn space_that_is_given_counts_until_it_is_given_back() {
        let node = MemoryNode::new("m", 0);
        let extent = |page: u64| {
            let extent = node.extent_at(page * PAGE, node.length().unwrap()).unwrap();
            (extent.kind, extent.length / PAGE)
        };
        node.allocate(0, 4 * PAGE).unwrap();
        node.allocate(6 * PAGE, PAGE).unwrap();
        assert_eq!((node.length().unwrap(), node.allocated()), (7 * PAGE, 5 * PAGE));
        assert_eq!(extent(1), (ExtentKind::Zero, 3));
        assert_eq!(extent(4), (ExtentKind::Hole, 2));
        assert_eq!(node.space().unwrap(), Space::Sparse);
        node.allocate(3 * PAGE, 4 * PAGE).unwrap();
        assert_eq!((extent(0), node.space().unwrap()), ((ExtentKind::Zero, 7), Space::Full));
        node.write_at(&[1; 5], 2 * PAGE).unwrap();
        assert_eq!((extent(0), extent(2), extent(3)).1, (ExtentKind::Data, 1));
        assert_eq!(node.allocated(), 7 * PAGE);
        node.write_zeroes(2 * PAGE, PAGE, false).unwrap();
        assert_eq!((extent(0), node.allocated()), ((ExtentKind::Zero, 7), 7 * PAGE));
        node.write_zeroes(PAGE + 1, 2 * PAGE, true).unwrap();
        assert_eq!((extent(0), extent(2)), ((ExtentKind::Zero, 2), (ExtentKind::Hole, 1)));
        node.resize(PAGE + 1).unwrap();
        node.resize(7 * PAGE).unwrap();
        assert_eq!((extent(2), node.allocated()), ((ExtentKind::Hole, 5), 2 * PAGE));
        node.resize(PAGE + 1).unwrap();
        assert_eq!(node.allocated(), PAGE + 1);
    }

    #[test]
    fn what_is_empty_or_beyond_the_end_changes_nothing() {
        let node = MemoryNode::new("m", PAGE);
        node.write_at(&[], 5 * PAGE).unwrap();
        node.write_zeroes(5 * PAGE, 0, true).unwrap();
        node.discard(5 * PAGE, PAGE).unwrap();
        node.discard(0, u64::MAX).unwrap();
        node.discard(u64::MAX, 1).unwrap();
        assert_eq!(node.length().unwrap(), PAGE);
        node.write_at(&[1; 3 * PAGE as usize], 0).unwrap();
        let extent = node.extent_at(5, 2 * PAGE + 5).unwrap();
        assert_eq!((extent.kind, extent.length), (ExtentKind::Data, 2 * PAGE));
        assert_eq!(node.extent_at(PAGE, PAGE).unwrap().length, 0);
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
