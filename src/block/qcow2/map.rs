//! From guest offsets to where the bytes are.

use super::Problem;
use super::cache::Cache;
use super::entry::{Entry, Packed, SUBCLUSTERS, State};
use super::header::Header;
use crate::block::Node;

const L1_OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// Where a range of the guest's bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the backing image, if there is one; else nowhere.
    Backing,
    /// Nowhere: zeros. `allocated`: space is kept for them.
    Zeros { allocated: bool },
    /// In the data file, as they are.
    Data { host: u64 },
    /// In a compressed cluster that begins at `cluster` of the guest.
    Packed { packed: Packed, cluster: u64 },
}

impl Place {
    /// Whether `next`, `length` bytes further on, continues this.
    fn goes_on(&self, next: &Place, length: u64) -> bool {
        match (self, next) {
            (Place::Data { host }, Place::Data { host: next }) => host + length == *next,
            (Place::Packed { .. }, _) => false,
            (before, next) => before == next,
        }
    }
}

/// A range with one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub length: u64,
    pub place: Place,
}

/// The tables of an image.
pub struct Map {
    cache: Cache,
}

impl Map {
    /// The tables of an image, none of which is in memory yet.
    pub fn new(header: &Header) -> Map {
        Map { cache: Cache::new(header.cluster_size()) }
    }

    /// Where the bytes from `offset` on are, for as far as that is one place but not beyond `end`.
    pub fn run(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        end: u64,
    ) -> Result<Run, Problem> {
        let (place, mut length) = self.step(header, file, offset, end)?;
        while offset + length < end {
            let (next, more) = self.step(header, file, offset + length, end)?;
            if !place.goes_on(&next, length) {
                break;
            }
            length += more;
        }
        Ok(Run { length, place })
    }

    /// The place of the subcluster at `offset`, from there to its end; of everything that a missing
    /// L2 table would map, if it is missing.
    fn step(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        end: u64,
    ) -> Result<(Place, u64), Problem> {
        let coverage = header.l2_coverage();
        let l1_index = offset / coverage;
        let l1_entry = self.cache.be64(file, header.l1_offset + l1_index * 8)?;
        let table = l1_entry & L1_OFFSET;
        if table == 0 {
            let boundary = ((l1_index + 1).saturating_mul(coverage)).min(end);
            return Ok((Place::Backing, boundary - offset));
        }
        if !table.is_multiple_of(header.cluster_size()) {
            return Err(Problem::corrupt("an L2 table is not where a cluster can be"));
        }
        let within = offset % coverage;
        let at = table + (within >> header.cluster_bits) * header.l2_entry_size();
        let descriptor = self.cache.be64(file, at)?;
        let bitmap = if header.extended_l2() { self.cache.be64(file, at + 8)? } else { 0 };
        let entry = Entry::parse(header, descriptor, bitmap)?;

        let unit = match entry {
            Entry::Plain { .. } if header.extended_l2() => header.cluster_size() / SUBCLUSTERS,
            _ => header.cluster_size(),
        };
        let in_cluster = offset % header.cluster_size();
        let length = (unit - in_cluster % unit).min(end - offset);
        let place = match entry {
            Entry::Packed(packed) => Place::Packed { packed, cluster: offset - in_cluster },
            Entry::Plain { host, .. } => match (entry.state(in_cluster / unit), host) {
                (State::Data, Some(host)) => Place::Data { host: host + in_cluster },
                (State::Data, None) | (State::Unallocated, _) => Place::Backing,
                (State::Zero, host) => Place::Zeros { allocated: host.is_some() },
            },
        };
        Ok((place, length))
    }
}
