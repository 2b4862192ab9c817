//! Persistent bitmaps: they say what has changed in an image since some moment, which is true only as
//! long as everybody who writes keeps them. They are not kept here: the first change of an image drops
//! them and frees their clusters, and says so in the log.

use std::collections::HashSet;

use super::fields::EXTENSION_END;
use super::header::{Bitmaps, Header};
use super::map::{Map, TABLE_OFFSET};
use super::tables::for_entries;
use super::{Problem, Qcow2Node};
use crate::Node;

/// Clusters that are freed at most, because they are held in memory: 16 GiB of bitmaps with common
/// clusters, which tell of 8 PiB of disk.
const MOST_CLUSTERS: usize = 1 << 18;
/// So many clusters are given back before a commit is due, which bounds what waits in memory.
const AT_ONCE: usize = 4096;
/// Names that a message has room for.
const MOST_NAMES: usize = 8;
const MOST_NAME: u64 = 1023;

/// An entry of the directory.
pub struct Entry {
    /// Where the bitmap's table is, and its length in bytes.
    pub table: u64,
    pub bytes: u64,
    name_at: u64,
    name_length: u64,
}

/// Looks at each entry of the directory of an image.
pub fn for_each(
    bitmaps: &Bitmaps,
    file: &dyn Node,
    mut look: impl FnMut(&Entry) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let end = bitmaps.offset + bitmaps.length;
    let mut at = bitmaps.offset;
    for _ in 0..bitmaps.count {
        let mut start = [0; 24];
        file.read_at(&mut start, at)?;
        let number = |range: std::ops::Range<usize>| {
            start[range].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let (name_length, extra) = (number(18..20), number(20..24));
        let entry = Entry {
            table: number(0..8),
            bytes: number(8..12) * 8,
            name_at: at + 24 + extra,
            name_length,
        };
        at += (24 + extra + name_length).next_multiple_of(8);
        if at > end {
            return Err(Problem::corrupt("the directory of bitmaps is cut off"));
        }
        look(&entry)?;
    }
    Ok(())
}

/// What becomes free when the bitmaps of an image are dropped.
#[derive(Default)]
pub struct Dropped {
    names: Vec<String>,
    clusters: HashSet<u64>,
    /// The clusters of the directory: the first, and how many.
    directory: (u64, u64),
}

impl Dropped {
    fn read(header: &Header, bitmaps: &Bitmaps, file: &dyn Node) -> Result<Dropped, Problem> {
        let clusters = bitmaps.length.div_ceil(header.cluster_size());
        let directory = (bitmaps.offset >> header.cluster_bits, clusters);
        let mut dropped = Dropped { directory, ..Dropped::default() };
        let end = file.length()?;
        for_each(bitmaps, file, |entry| {
            if dropped.names.len() < MOST_NAMES {
                let mut name = vec![0; entry.name_length.min(MOST_NAME) as usize];
                file.read_at(&mut name, entry.name_at)?;
                dropped.names.push(format!("'{}'", String::from_utf8_lossy(&name)));
            }
            dropped.add(header, entry.table, entry.bytes, end)?;
            for_entries(file, entry.table, entry.bytes, |_, data| match data & TABLE_OFFSET {
                0 => Ok(()),
                data => dropped.add(header, data, header.cluster_size(), end),
            })
        })?;
        Ok(dropped)
    }

    fn add(&mut self, header: &Header, offset: u64, bytes: u64, end: u64) -> Result<(), Problem> {
        if !offset.is_multiple_of(header.cluster_size()) || offset.saturating_add(bytes) > end {
            return Err(Problem::corrupt("a bitmap lies where no cluster can be"));
        }
        let first = offset >> header.cluster_bits;
        for cluster in first..first + bytes.div_ceil(header.cluster_size()) {
            if self.clusters.len() >= MOST_CLUSTERS {
                return Err(Problem::unsupported("larger bitmaps than can be freed here".into()));
            }
            if !self.clusters.insert(cluster) {
                return Err(Problem::corrupt("bitmaps overlap with each other"));
            }
        }
        Ok(())
    }

    /// Refuses what is not in use by its refcount, and tables of something else.
    fn check(&self, map: &mut Map, file: &dyn Node) -> Result<(), Problem> {
        let (first, count) = self.directory;
        for &cluster in &self.clusters {
            map.check_untabled(cluster, 1)?;
        }
        for cluster in self.sorted().into_iter().chain(first..first + count) {
            if map.refcount(file, cluster)? == 0 {
                return Err(Problem::corrupt("a bitmap is where its refcount says nothing is"));
            }
        }
        Ok(())
    }

    fn sorted(&self) -> Vec<u64> {
        let mut clusters: Vec<u64> = self.clusters.iter().copied().collect();
        clusters.sort_unstable();
        clusters
    }
}

impl Qcow2Node {
    /// The bitmaps that the first change of the image drops, if it has any.
    ///
    /// Bitmaps that contradict the rest of the image are in the way of no change: they are dropped as
    /// well, but nothing of them is freed.
    pub(super) fn bitmaps_to_drop(&self, map: &mut Map) -> Result<Option<Dropped>, Problem> {
        let Some(bitmaps) = &self.header.bitmaps else { return Ok(None) };
        let read = Dropped::read(&self.header, bitmaps, &*self.file)
            .and_then(|dropped| dropped.check(map, &*self.file).map(|()| dropped));
        match read {
            // What cannot be read now may be read later: the change fails, and nothing has happened.
            Err(problem @ Problem::File(_)) => Err(problem),
            Err(problem) => {
                let why = problem.report(&self.name).what;
                log::warn!("the space of the bitmaps of '{}' is not freed: {why}", self.name);
                Ok(Some(Dropped::default()))
            }
            Ok(dropped) => Ok(Some(dropped)),
        }
    }

    /// Makes the header extension of the bitmaps the end of the extensions, if it is the last one: eight
    /// bytes, which a crash cannot write by half. Where another follows it stays, which is as good:
    /// nobody believes it without its autoclear bit.
    pub(super) fn end_extensions(&self, map: &mut Map) -> Result<(), Problem> {
        let Some(bitmaps) = &self.header.bitmaps else { return Ok(()) };
        let mut next = [0; 4];
        self.file.read_at(&mut next, bitmaps.extension + 8 + Bitmaps::EXTENSION_LENGTH)?;
        if u32::from_be_bytes(next) != EXTENSION_END {
            return Ok(());
        }
        map.write_header(&*self.file, bitmaps.extension, &[0; 8])
    }

    /// Frees the clusters of bitmaps that the header does not know of any more.
    pub(super) fn free_bitmaps(&self, map: &mut Map, dropped: &Dropped) -> Result<(), Problem> {
        let count = self.header.bitmaps.map_or(0, |bitmaps| bitmaps.count as usize);
        let (names, more) = (dropped.names.join(", "), count - dropped.names.len().min(count));
        log::warn!(
            "image '{}' is being changed, which drops its persistent bitmaps: {names} and {more} more",
            self.name
        );
        let (first, clusters) = dropped.directory;
        if clusters > 0 {
            map.give_back_table(first, clusters)?;
        }
        for part in dropped.sorted().chunks(AT_ONCE) {
            part.iter().try_for_each(|cluster| map.give_back(*cluster, 1))?;
            map.commit_if_full(&*self.file)?;
        }
        Ok(())
    }
}
