//! The directory of internal snapshots: where their tables are, which nothing may write over.

use super::Problem;
use super::header::{Header, MOST_L1_BYTES};
use crate::Node;

/// Extra data of a snapshot that QEMU accepts.
const MOST_EXTRA: u64 = 1024;

/// The L1 table of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotL1 {
    pub offset: u64,
    pub entries: u64,
}

/// What the directory says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    /// Bytes of the directory itself.
    pub length: u64,
    pub tables: Vec<SnapshotL1>,
}

/// Reads the directory of an image: at most 65536 entries, which the header has been checked for.
pub fn read(header: &Header, file: &dyn Node) -> Result<Snapshots, Problem> {
    let mut found = Snapshots::default();
    for _ in 0..header.snapshots {
        let at = header.snapshots_offset.saturating_add(found.length);
        let mut start = [0; 40];
        if file.read_at(&mut start, at)? < start.len() {
            return Err(Problem::corrupt("the snapshot table is cut off"));
        }
        let number = |range: std::ops::Range<usize>| {
            start[range].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let table = SnapshotL1 { offset: number(0..8), entries: number(8..12) };
        let extra = number(36..40);
        if extra > MOST_EXTRA
            || table.entries * 8 > MOST_L1_BYTES
            || !table.offset.is_multiple_of(header.cluster_size())
            || table.offset > i64::MAX as u64
        {
            return Err(Problem::corrupt("an entry of the snapshot table is out of range"));
        }
        let length = 40 + extra + number(12..14) + number(14..16);
        found.length += length.next_multiple_of(8);
        found.tables.push(table);
    }
    Ok(found)
}
