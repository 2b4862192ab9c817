//! Refcounts for an image that somebody crashed on who had postponed writing them.
//!
//! What is in use follows from all other tables. Unless the refcounts turn out to be right, a new set
//! of them is written behind the end of the file, where it can do no harm before the header refers to
//! it; the old one is then free. The image stays marked as dirty until all that is durable, so that
//! a crash meanwhile only means that it is done again. Memory: see [`super::check`].

use super::Problem;
use super::check::{self, Layout, Report, WINDOW};
use super::entry::COPIED;
use super::header::{Header, Incompatible, MOST_REFCOUNT_TABLE_BYTES};
use super::problem::buffer;
use super::refcount::put;
use crate::Node;

/// Makes the refcounts of an image right, and says so in its header.
pub fn repair(header: &mut Header, file: &dyn Node) -> Result<(), Problem> {
    if check::check(header, file)? != Report::default() {
        let (offset, clusters) = rebuild(&Layout::read(header, file)?, header, file)?;
        let mut fields = [0; 12];
        fields[..8].copy_from_slice(&offset.to_be_bytes());
        fields[8..].copy_from_slice(&clusters.to_be_bytes());
        file.flush()?;
        file.write_at(&fields, 48)?;
        (header.refcount_table_offset, header.refcount_table_clusters) = (offset, clusters);
    }
    file.flush()?;
    let clean = header.incompatible - Incompatible::DIRTY;
    file.write_at(&clean.bits().to_be_bytes(), 72)?;
    file.flush()?;
    header.incompatible = clean;
    Ok(())
}

/// New refcounts that are being written.
struct Blocks<'a> {
    header: &'a Header,
    file: &'a dyn Node,
    /// Where the block for each range of clusters is.
    table: Vec<u64>,
    /// The cluster that is used next.
    next: u64,
}

impl Blocks<'_> {
    fn width(&self) -> u64 {
        1 << self.header.refcount_order
    }

    /// Writes a block, unless it says nothing.
    fn write(&mut self, index: usize, counts: &[u32]) -> Result<(), Problem> {
        if counts.iter().all(|count| *count == 0) {
            return Ok(());
        }
        let mut bytes = buffer(self.header.cluster_size())?;
        for (number, &count) in counts.iter().enumerate() {
            let count = u64::from(count);
            if count == u64::from(u32::MAX) || (self.width() < 32 && count >> self.width() != 0) {
                return Err(Problem::unsupported("more references to a cluster than fit".into()));
            }
            put(&mut bytes, number as u64, self.width(), count);
        }
        let offset = self.next << self.header.cluster_bits;
        self.file.write_at(&bytes, offset)?;
        self.next += 1;
        self.enter(index, offset)
    }

    fn enter(&mut self, index: usize, offset: u64) -> Result<(), Problem> {
        if (index as u64 + 1) * 8 > MOST_REFCOUNT_TABLE_BYTES {
            return Err(Problem::unsupported("more clusters than can be counted".into()));
        }
        if self.table.len() <= index {
            self.table.resize(index + 1, 0);
        }
        self.table[index] = offset;
        Ok(())
    }

    /// Counts the clusters from `first` on, which the blocks themselves and their table take, and
    /// writes the table; where it is, and its clusters.
    fn finish(mut self, first: u64) -> Result<(u64, u32), Problem> {
        let size = self.header.cluster_size();
        let per_block = size * 8 / self.width();
        let start = first / per_block;
        let missing = |table: &[u64], last: u64| {
            let there = |index: &u64| table.get(*index as usize).is_some_and(|offset| *offset != 0);
            (start..=last).filter(|index| !there(index)).count() as u64
        };
        // More blocks may need one more block, and a larger table.
        let mut end = self.next;
        let clusters = loop {
            let last = end / per_block;
            let clusters = ((last + 1) * 8).div_ceil(size);
            let need = self.next + missing(&self.table, last) + clusters;
            if need == end {
                break clusters;
            }
            end = need;
        };
        for index in start..=end / per_block {
            let mut bytes = buffer(size)?;
            let offset = match self.table.get(index as usize) {
                Some(&offset) if offset != 0 => {
                    self.file.read_at(&mut bytes, offset)?;
                    offset
                }
                _ => {
                    self.next += 1;
                    (self.next - 1) << self.header.cluster_bits
                }
            };
            for used in first.max(index * per_block)..end.min((index + 1) * per_block) {
                put(&mut bytes, used % per_block, self.width(), 1);
            }
            self.file.write_at(&bytes, offset)?;
            self.enter(index as usize, offset)?;
        }
        let mut bytes = buffer(clusters * size)?;
        for (entry, offset) in bytes.chunks_exact_mut(8).zip(&self.table) {
            entry.copy_from_slice(&offset.to_be_bytes());
        }
        let offset = self.next << self.header.cluster_bits;
        self.file.write_at(&bytes, offset)?;
        Ok((offset, clusters as u32))
    }
}

/// Writes new refcounts behind the end of the file, and corrects the flags that depend on them; where
/// their table is, and its clusters.
fn rebuild(layout: &Layout<'_>, header: &Header, file: &dyn Node) -> Result<(u64, u32), Problem> {
    // A compressed cluster may reach one cluster further than the file.
    let first = layout.clusters + 1;
    let mut blocks = Blocks { header, file, table: Vec::new(), next: first };
    let per_block = header.cluster_size() * 8 / blocks.width();
    for start in (0..=layout.clusters).step_by(WINDOW as usize) {
        let window = layout.count(start)?;
        for (number, counts) in window.counts.chunks(per_block as usize).enumerate() {
            blocks.write((start / per_block) as usize + number, counts)?;
        }
        layout.for_wrong_flags(&window, |at, entry| {
            Ok(file.write_at(&(entry ^ COPIED).to_be_bytes(), at)?)
        })?;
    }
    blocks.finish(first)
}
