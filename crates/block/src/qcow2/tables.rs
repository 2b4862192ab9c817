//! Where the tables of an image are, so that nothing else is ever written there.
//!
//! An image that is opened for writing has all its tables claimed first: of a sound image no two lie
//! in one cluster. From then on no data is written to a claimed cluster, none is given to anybody
//! else, and none is freed by what only claims to be data. Memory: at most 25 bytes for each L2 table
//! and refcount block that the image has, and at most [`MOST_TABLES`] of these.

use std::collections::{BTreeMap, HashSet};

use super::Problem;
use super::entry::COPIED;
use super::header::Header;
use super::problem::buffer;
use super::{map, refcount, snapshots};
use crate::Node;

/// L2 tables, also those of snapshots, and refcount blocks: as many as the largest L1 table and the
/// largest refcount table refer to.
const MOST_TABLES: usize = 5 << 20;
/// So much of a table is read at once.
const CHUNK: u64 = 64 * 1024;

/// The clusters of an image that hold tables.
#[derive(Default)]
pub struct Tables {
    /// Tables of many clusters in a row: the first cluster, and the first after it.
    ranges: BTreeMap<u64, u64>,
    /// L2 tables and refcount blocks.
    single: HashSet<u64>,
}

impl Tables {
    /// The tables of the image in `file`; refuses one whose tables overlap or lie outside of it.
    pub fn read(header: &Header, file: &dyn Node) -> Result<Tables, Problem> {
        let mut tables = Tables::default();
        let bits = header.cluster_bits;
        let clusters = |bytes: u64| bytes.div_ceil(1 << bits);
        let length = file.length()?;
        let snapshots = snapshots::read(header, file)?;
        let refcount_bytes = u64::from(header.refcount_table_clusters) << bits;
        let l1_bytes = u64::from(header.l1_entries) * 8;
        tables.claim_range(0, 1)?;
        if header.refcount_table_offset + refcount_bytes > length.next_multiple_of(1 << bits) {
            return Err(Problem::corrupt("the refcount table lies outside of the image"));
        }
        tables.claim_range(header.refcount_table_offset >> bits, clusters(refcount_bytes))?;
        tables.claim_range(header.l1_offset >> bits, clusters(l1_bytes))?;
        tables.claim_range(header.snapshots_offset >> bits, clusters(snapshots.length))?;
        for table in &snapshots.tables {
            tables.claim_range(table.offset >> bits, clusters(table.entries * 8))?;
        }
        if let Some(bitmaps) = header.bitmaps {
            if bitmaps.offset + bitmaps.length > length {
                return Err(Problem::corrupt("the directory of bitmaps lies outside of the image"));
            }
            tables.claim_range(bitmaps.offset >> bits, clusters(bitmaps.length))?;
        }
        // A table of which there is a snapshot may be referred to more often. These are the first, so
        // that none of the others is taken for one of them.
        let active = [(header.l1_offset, l1_bytes, COPIED)];
        let old = snapshots.tables.iter().map(|table| (table.offset, table.entries * 8, 0));
        for (offset, bytes, skipped) in active.into_iter().chain(old) {
            for_entries(file, offset, bytes, |_, entry| {
                let table = entry & map::TABLE_OFFSET;
                let known =
                    tables.single.contains(&(table >> bits)) && table.is_multiple_of(1 << bits);
                match table == 0 || entry & skipped != 0 || known {
                    true => Ok(()),
                    false => tables.claim_single(header, table, length),
                }
            })?;
        }
        for_entries(file, header.refcount_table_offset, refcount_bytes, |_, entry| {
            tables.claim_single(header, entry & refcount::BLOCK_OFFSET, length)
        })?;
        // One that is nowhere would be the header.
        for_entries(file, header.l1_offset, l1_bytes, |_, entry| match entry & COPIED {
            0 => Ok(()),
            _ => tables.claim_single(header, entry & map::TABLE_OFFSET, length),
        })?;
        Ok(tables)
    }

    /// Claims a table of one cluster of the image in a file.
    fn claim_single(&mut self, header: &Header, offset: u64, length: u64) -> Result<(), Problem> {
        if !offset.is_multiple_of(header.cluster_size()) || offset >= length {
            return Err(Problem::corrupt("a table is not where a cluster can be"));
        }
        if self.single.len() >= MOST_TABLES {
            return Err(Problem::unsupported("more tables than can be looked at".into()));
        }
        self.claim(offset >> header.cluster_bits, 1)
    }

    /// Says that clusters, none of which is claimed yet, are tables.
    pub fn claim(&mut self, first: u64, clusters: u64) -> Result<(), Problem> {
        if clusters != 1 {
            return self.claim_range(first, clusters);
        }
        self.check(first, 1)?;
        self.single.insert(first);
        Ok(())
    }

    fn claim_range(&mut self, first: u64, clusters: u64) -> Result<(), Problem> {
        self.check(first, clusters)?;
        if clusters > 0 {
            self.ranges.insert(first, first + clusters);
        }
        Ok(())
    }

    /// Says that clusters, which were claimed together, are tables no more.
    pub fn forget(&mut self, first: u64) {
        if self.ranges.remove(&first).is_none() {
            self.single.remove(&first);
        }
    }

    /// Refuses to use clusters that are tables: only a damaged image asks for that.
    pub fn check(&self, first: u64, clusters: u64) -> Result<(), Problem> {
        let end = first.saturating_add(clusters);
        let before = self.ranges.range(..end).next_back();
        let in_range = clusters > 0 && before.is_some_and(|(_, range_end)| *range_end > first);
        // Whichever is less to look at.
        let single = match clusters <= self.single.len() as u64 {
            true => (first..end).any(|cluster| self.single.contains(&cluster)),
            false => self.single.iter().any(|cluster| (first..end).contains(cluster)),
        };
        if in_range || single {
            return Err(Problem::corrupt("tables overlap with each other or with data"));
        }
        Ok(())
    }
}

/// Looks at each entry of a table that is not zero, with its place. Reads only where the file has
/// data: a table of nothing costs nothing, however long it claims to be.
pub fn for_entries(
    file: &dyn Node,
    offset: u64,
    bytes: u64,
    mut look: impl FnMut(u64, u64) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let end = offset.saturating_add(bytes).min(file.length()?);
    let mut buffer = buffer(bytes.min(CHUNK))?;
    let mut at = offset;
    while at < end {
        let extent = file.extent_at(at, end)?;
        // An entry may begin in a hole and end behind it.
        let zeros = extent.end() / 8 * 8;
        if extent.kind.is_zero() && zeros > at {
            at = zeros;
            continue;
        }
        let length = (end - at).min(CHUNK) as usize;
        let got = file.read_at(&mut buffer[..length], at)?;
        buffer[got..].fill(0);
        for (number, entry) in buffer[..length].chunks_exact(8).enumerate() {
            let entry = entry.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
            if entry != 0 {
                look(at + number as u64 * 8, entry)?;
            }
        }
        at += length as u64;
    }
    Ok(())
}
