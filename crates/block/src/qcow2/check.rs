//! Counting what refers to each cluster, and comparing that with the refcounts of the image.
//!
//! Memory is bounded: clusters are counted in windows of 64 MiB of counters, one after the other
//! (one window is 1 TiB of an image with common clusters), each L2 table is known by 16 bytes, and
//! of those there are at most [`MOST_TABLES`]. Time is bounded as well: a table that many refer to is
//! read once a window and counted that often, tables of many clusters must not overlap, and where
//! the file has holes nothing is read.

use super::Problem;
use super::entry::{COPIED, Entry};
use super::header::Header;
use super::problem::buffer;
use super::tables::for_entries;
use super::{bitmaps, map, refcount, snapshots};
use crate::Node;

/// Clusters that are counted at once: at least as many as a refcount block ever counts.
pub const WINDOW: u64 = 1 << 24;
/// Windows of an image: more would be 64 TiB with common clusters.
const MOST_WINDOWS: u64 = 64;
/// Different L2 tables, as many as the largest L1 table refers to: 64 MiB, and while they are
/// gathered as much again.
const MOST_TABLES: usize = 4 << 20;

/// What is wrong with the refcounts of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Clusters that are referred to more often than their refcount says, and entries that
    /// contradict the refcounts: data may be lost when somebody writes.
    pub corruptions: u64,
    /// Clusters that nothing uses but that cannot be used either.
    pub leaks: u64,
}

#[derive(Clone, Copy)]
struct L2 {
    offset: u64,
    /// How often it is referred to.
    times: u32,
    /// The guest sees it now, not in a snapshot only.
    active: bool,
}

/// Where the tables of an image are that say which clusters are in use.
pub struct Layout<'a> {
    header: &'a Header,
    file: &'a dyn Node,
    /// Clusters in the file.
    pub clusters: u64,
    /// Tables of clusters in a row: first, and how many.
    ranges: Vec<(u64, u64)>,
    l2: Vec<L2>,
    /// Offset and bytes of the tables of bitmaps.
    bitmaps: Vec<(u64, u64)>,
}

/// How often each cluster of a window is referred to.
pub struct Window {
    pub first: u64,
    pub counts: Vec<u32>,
}

impl Window {
    fn add(&mut self, first: u64, count: u64, times: u32) {
        let end = (first + count).min(self.first + self.counts.len() as u64);
        for cluster in first.max(self.first)..end {
            let counter = &mut self.counts[(cluster - self.first) as usize];
            *counter = counter.saturating_add(times);
        }
    }

    fn get(&self, cluster: u64) -> Option<u32> {
        let index = cluster.checked_sub(self.first)?;
        self.counts.get(usize::try_from(index).ok()?).copied()
    }
}

impl<'a> Layout<'a> {
    /// Finds the tables; refuses an image in which they cannot be told from each other.
    pub fn read(header: &'a Header, file: &'a dyn Node) -> Result<Layout<'a>, Problem> {
        let mut layout = Layout {
            header,
            file,
            clusters: file.length()?.div_ceil(header.cluster_size()),
            ranges: Vec::new(),
            l2: Vec::new(),
            bitmaps: Vec::new(),
        };
        if layout.clusters.div_ceil(WINDOW) > MOST_WINDOWS {
            return Err(Problem::unsupported("more clusters than can be counted here".into()));
        }
        layout.add_range(0, 1)?;
        let l1_bytes = u64::from(header.l1_entries) * 8;
        layout.add_range(header.l1_offset, l1_bytes)?;
        let snapshots = snapshots::read(header, file)?;
        layout.add_range(header.snapshots_offset, snapshots.length)?;
        for table in &snapshots.tables {
            layout.add_range(table.offset, table.entries * 8)?;
        }
        layout.read_bitmaps()?;
        layout.ranges.sort_unstable();
        if layout.ranges.windows(2).any(|pair| pair[0].0 + pair[0].1 > pair[1].0) {
            return Err(Problem::corrupt("tables overlap with each other"));
        }
        layout.read_l1(header.l1_offset, l1_bytes, true)?;
        for table in &snapshots.tables {
            layout.read_l1(table.offset, table.entries * 8, false)?;
        }
        merge(&mut layout.l2);
        Ok(layout)
    }

    fn add_range(&mut self, offset: u64, bytes: u64) -> Result<(), Problem> {
        if bytes == 0 {
            return Ok(());
        }
        let first = self.cluster_at(offset)?;
        let count = bytes.div_ceil(self.header.cluster_size());
        if count > self.clusters - first {
            return Err(Problem::corrupt("a table lies outside of the image"));
        }
        self.ranges.push((first, count));
        Ok(())
    }

    /// The number of the cluster at an offset in the file.
    fn cluster_at(&self, offset: u64) -> Result<u64, Problem> {
        let cluster = offset >> self.header.cluster_bits;
        if !offset.is_multiple_of(self.header.cluster_size()) || cluster >= self.clusters {
            return Err(Problem::corrupt("a reference leads to where no cluster can be"));
        }
        Ok(cluster)
    }

    fn read_l1(&mut self, offset: u64, bytes: u64, active: bool) -> Result<(), Problem> {
        let mut merged = self.l2.len();
        for_entries(self.file, offset, bytes, |_, entry| {
            let offset = entry & map::TABLE_OFFSET;
            if offset != 0 {
                self.cluster_at(offset)?;
                self.l2.push(L2 { offset, times: 1, active });
            }
            if self.l2.len() > 2 * merged + WINDOW as usize / 16 {
                merge(&mut self.l2);
                merged = self.l2.len();
            }
            if merged > MOST_TABLES {
                return Err(Problem::unsupported("more L2 tables than can be looked at".into()));
            }
            Ok(())
        })
    }

    fn read_bitmaps(&mut self) -> Result<(), Problem> {
        let Some(bitmaps) = self.header.bitmaps else { return Ok(()) };
        self.add_range(bitmaps.offset, bitmaps.length)?;
        bitmaps::for_each(&bitmaps, self.file, |entry| {
            self.add_range(entry.table, entry.bytes)?;
            self.bitmaps.push((entry.table, entry.bytes));
            Ok(())
        })?;
        Ok(())
    }

    /// Counts the references to the clusters of a window; those of the refcounts' own tables only
    /// if they are to stay.
    pub fn count(&self, first: u64) -> Result<Window, Problem> {
        // A compressed cluster may reach into the cluster behind the end of the file.
        let length = WINDOW.min(self.clusters + 1 - first);
        let mut window = Window { first, counts: buffer(length)? };
        for &(first, count) in &self.ranges {
            window.add(first, count, 1);
        }
        for l2 in &self.l2 {
            window.add(l2.offset >> self.header.cluster_bits, 1, l2.times);
            self.for_l2_entries(l2.offset, |_, _, entry| {
                if let Some((first, count)) = entry.clusters(self.header) {
                    window.add(first, count, l2.times);
                }
                Ok(())
            })?;
        }
        for &(table, bytes) in &self.bitmaps {
            for_entries(self.file, table, bytes, |_, entry| {
                let offset = entry & map::TABLE_OFFSET;
                if offset != 0 {
                    window.add(self.cluster_at(offset)?, 1, 1);
                }
                Ok(())
            })?;
        }
        Ok(window)
    }

    /// Looks at the entries of an L2 table that say something: where they are, what is there, and
    /// what it means.
    fn for_l2_entries(
        &self,
        table: u64,
        mut look: impl FnMut(u64, u64, Entry) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let step = self.header.l2_entry_size();
        for_entries(self.file, table, self.header.cluster_size(), |at, descriptor| {
            if !(at - table).is_multiple_of(step) {
                return Ok(());
            }
            // Which subclusters are there does not change what it refers to.
            let entry = Entry::parse(self.header, descriptor, 0)?;
            let (first, count) = entry.clusters(self.header).unwrap_or((0, 1));
            let beyond = u64::from(matches!(entry, Entry::Packed(_)) && count > 1);
            if first + count > self.clusters + beyond {
                return Err(Problem::corrupt("a reference leads to where no cluster can be"));
            }
            look(at, descriptor, entry)
        })
    }

    /// Finds entries whose COPIED flag contradicts how often what they refer to is referred to.
    pub fn for_wrong_flags(
        &self,
        window: &Window,
        mut look: impl FnMut(u64, u64) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let header = self.header;
        let mut compare = |at, descriptor: u64, count: Option<u32>| match count {
            Some(count) if (count == 1) != (descriptor & COPIED != 0) => look(at, descriptor),
            _ => Ok(()),
        };
        let l1_bytes = u64::from(header.l1_entries) * 8;
        for_entries(self.file, header.l1_offset, l1_bytes, |at, entry| {
            let table = (entry & map::TABLE_OFFSET) >> header.cluster_bits;
            compare(at, entry, (table != 0).then(|| window.get(table)).flatten())
        })?;
        for l2 in self.l2.iter().filter(|l2| l2.active) {
            self.for_l2_entries(l2.offset, |at, descriptor, entry| {
                let count = match entry {
                    // Never, however often it is referred to.
                    Entry::Packed(_) => (window.first == 0).then_some(0),
                    Entry::Plain { host: None, .. } => None,
                    Entry::Plain { .. } if header.has_data_file() => {
                        (window.first == 0).then_some(1)
                    }
                    Entry::Plain { host: Some(host), .. } => {
                        window.get(host >> header.cluster_bits)
                    }
                };
                compare(at, descriptor, count)
            })?;
        }
        Ok(())
    }
}

/// Sorts L2 tables, and puts those together that are the same.
fn merge(l2: &mut Vec<L2>) {
    l2.sort_unstable_by_key(|l2| l2.offset);
    l2.dedup_by(|next, kept| {
        let same = next.offset == kept.offset;
        if same {
            kept.times = kept.times.saturating_add(next.times);
            kept.active |= next.active;
        }
        same
    });
}

/// Compares the refcounts of an image with what is referred to, as `qemu-img check` does. An image
/// whose tables cannot be made sense of is an error.
pub fn check(header: &Header, file: &dyn Node) -> Result<Report, Problem> {
    let layout = Layout::read(header, file)?;
    let mut report = Report::default();
    for first in (0..=layout.clusters).step_by(WINDOW as usize) {
        let mut window = layout.count(first)?;
        compare(&layout, &mut window, &mut report)?;
        layout.for_wrong_flags(&window, |_, _| {
            report.corruptions += 1;
            Ok(())
        })?;
    }
    Ok(report)
}

/// Compares a window with the refcounts of the image, and puts those in its place.
fn compare(layout: &Layout<'_>, window: &mut Window, report: &mut Report) -> Result<(), Problem> {
    let (header, file) = (layout.header, layout.file);
    let table = header.refcount_table_offset;
    let table_bytes = u64::from(header.refcount_table_clusters) << header.cluster_bits;
    // What the refcounts themselves take is referred to as well.
    window.add(table >> header.cluster_bits, header.refcount_table_clusters.into(), 1);
    let mut blocks = Vec::new();
    for_entries(file, table, table_bytes, |at, entry| {
        match layout.cluster_at(entry & refcount::BLOCK_OFFSET) {
            Ok(cluster) => {
                window.add(cluster, 1, 1);
                blocks.push(((at - table) / 8, cluster << header.cluster_bits));
            }
            Err(_) => report.corruptions += u64::from(window.first == 0),
        }
        Ok(())
    })?;
    let width = 1u64 << header.refcount_order;
    let per_block = header.cluster_size() * 8 / width;
    let mut bytes = buffer(header.cluster_size())?;
    let indexes = (window.first / per_block)..;
    for (index, counts) in indexes.zip(window.counts.chunks_mut(per_block as usize)) {
        let block = blocks.binary_search_by_key(&index, |block| block.0);
        let got = match block {
            Ok(found) => file.read_at(&mut bytes, blocks[found].1)?,
            Err(_) => 0,
        };
        bytes[got..].fill(0);
        for (number, counter) in counts.iter_mut().enumerate() {
            let found = refcount::count_in(&bytes, number as u64, width);
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            report.corruptions += u64::from(found < *counter);
            // What the refcounts say of clusters that do not exist matters to nobody.
            let exists = index * per_block + (number as u64) < layout.clusters;
            report.leaks += u64::from(found > *counter && (exists || *counter > 0));
            *counter = found;
        }
    }
    Ok(())
}
