//! From guest offsets to where the bytes are, and changing that.

use std::collections::HashSet;

use super::Problem;
use super::cache::{Cache, Step};
use super::entry::{COPIED, Entry, Packed, State};
use super::header::Header;
use super::refcount::{Refcounts, Taken};
use crate::block::Node;

const TABLE_OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// Where a range of the guest's bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the backing image, if there is one; else nowhere.
    Backing,
    /// Nowhere: zeros. `allocated`: space is kept for them.
    Zeros { allocated: bool },
    /// In the data file, as they are. `own`: nothing else refers to the cluster.
    Data { host: u64, own: bool },
    /// In a compressed cluster that begins at `cluster` of the guest.
    Packed { packed: Packed, cluster: u64 },
}

impl Place {
    /// Whether `next`, `length` bytes further on, continues this.
    fn goes_on(&self, next: &Place, length: u64) -> bool {
        match (self, next) {
            (Place::Data { host, own }, Place::Data { host: next, own: next_own }) => {
                host + length == *next && own == next_own
            }
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
    l1_offset: u64,
    l1_entries: u64,
    /// What only writing needs.
    refcounts: Option<Refcounts>,
    /// L2 tables that no L1 table on the disk refers to yet.
    new_tables: HashSet<u64>,
}

impl Map {
    /// The tables of an image, none of which is in memory yet.
    pub fn new(header: &Header, refcounts: Option<Refcounts>) -> Map {
        Map {
            cache: Cache::new(header.cluster_size()),
            l1_offset: header.l1_offset,
            l1_entries: header.l1_entries.into(),
            refcounts,
            new_tables: HashSet::new(),
        }
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
        let Some(table) = self.table(header, file, l1_index)? else {
            let boundary = ((l1_index + 1).saturating_mul(coverage)).min(end);
            return Ok((Place::Backing, boundary - offset));
        };
        let entry = self.entry_in(header, file, table, offset)?;
        let unit = match entry {
            Entry::Plain { .. } => header.unit(),
            Entry::Packed(_) => header.cluster_size(),
        };
        let in_cluster = offset % header.cluster_size();
        let length = (unit - in_cluster % unit).min(end - offset);
        let place = match entry {
            Entry::Packed(packed) => Place::Packed { packed, cluster: offset - in_cluster },
            Entry::Plain { host, copied, .. } => match (entry.state(in_cluster / unit), host) {
                (State::Data, Some(host)) => Place::Data { host: host + in_cluster, own: copied },
                (State::Data, None) | (State::Unallocated, _) => Place::Backing,
                (State::Zero, host) => Place::Zeros { allocated: host.is_some() },
            },
        };
        Ok((place, length))
    }

    /// The L2 table that an L1 entry refers to.
    fn table(
        &mut self,
        header: &Header,
        file: &dyn Node,
        l1_index: u64,
    ) -> Result<Option<u64>, Problem> {
        if l1_index >= self.l1_entries {
            return Ok(None);
        }
        let table = self.cache.be64(file, self.l1_offset + l1_index * 8)? & TABLE_OFFSET;
        if !table.is_multiple_of(header.cluster_size()) {
            return Err(Problem::corrupt("an L2 table is not where a cluster can be"));
        }
        Ok((table != 0).then_some(table))
    }

    fn entry_offset(header: &Header, table: u64, offset: u64) -> u64 {
        let index = (offset % header.l2_coverage()) >> header.cluster_bits;
        table + index * header.l2_entry_size()
    }

    fn entry_in(
        &mut self,
        header: &Header,
        file: &dyn Node,
        table: u64,
        offset: u64,
    ) -> Result<Entry, Problem> {
        let at = Self::entry_offset(header, table, offset);
        let descriptor = self.cache.be64(file, at)?;
        let bitmap = if header.extended_l2() { self.cache.be64(file, at + 8)? } else { 0 };
        Entry::parse(header, descriptor, bitmap)
    }

    /// The entry of the cluster at `offset`.
    pub fn entry(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
    ) -> Result<Entry, Problem> {
        match self.table(header, file, offset / header.l2_coverage())? {
            Some(table) => self.entry_in(header, file, table, offset),
            None => Ok(Entry::NOTHING),
        }
    }

    /// Changes the entry of the cluster at `offset`. What the old one referred to is the caller's to
    /// release.
    pub fn set_entry(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        entry: Entry,
    ) -> Result<(), Problem> {
        let table = self.own_table(header, file, offset / header.l2_coverage())?;
        let step = if self.new_tables.contains(&table) { Step::First } else { Step::Second };
        let at = Self::entry_offset(header, table, offset);
        let (descriptor, bitmap) = entry.encode(header);
        if header.extended_l2() {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&descriptor.to_be_bytes());
            bytes[8..].copy_from_slice(&bitmap.to_be_bytes());
            self.cache.set(file, at, &bytes, step)
        } else {
            self.cache.set(file, at, &descriptor.to_be_bytes(), step)
        }
    }

    /// The L2 table of an L1 entry, for writing: a new one if there is none, a copy if a snapshot
    /// refers to it too.
    fn own_table(
        &mut self,
        header: &Header,
        file: &dyn Node,
        l1_index: u64,
    ) -> Result<u64, Problem> {
        let at = self.l1_offset + l1_index * 8;
        let entry = self.cache.be64(file, at)?;
        let old = self.table(header, file, l1_index)?;
        if let Some(table) = old
            && entry & COPIED != 0
        {
            self.refcounts()?.note_tables(table >> header.cluster_bits, 1);
            return Ok(table);
        }
        let size = header.cluster_size();
        let Taken { first, fresh, .. } = self.take(file, 1, true)?;
        let table = first << header.cluster_bits;
        self.cache.forget(table, size);
        match old {
            Some(old) => {
                // It may have changed since it was written; and no entry of it may be written in
                // place any more, which a snapshot has already seen to.
                for part in (0..size).step_by(8) {
                    let entry = self.cache.be64(file, old + part)?;
                    self.cache.set(file, table + part, &entry.to_be_bytes(), Step::First)?;
                }
                self.refcounts()?.release(old >> header.cluster_bits);
            }
            None if fresh => {
                // The file must be as long as its tables say.
                if file.length()? < table + size {
                    file.resize(table + size)?;
                }
            }
            None => file.write_zeroes(table, size, true)?,
        }
        self.refcounts()?.note_tables(first, 1);
        self.new_tables.insert(table);
        self.cache.set(file, at, &(table | COPIED).to_be_bytes(), Step::Second)?;
        Ok(table)
    }

    fn refcounts(&mut self) -> Result<&mut Refcounts, Problem> {
        self.refcounts.as_mut().ok_or(Problem::ReadOnly)
    }

    /// Takes up to `wanted` clusters in a row, or exactly so many.
    pub fn take(&mut self, file: &dyn Node, wanted: u64, exactly: bool) -> Result<Taken, Problem> {
        let refcounts = self.refcounts.as_mut().ok_or(Problem::ReadOnly)?;
        if exactly {
            refcounts.allocate_exactly(&mut self.cache, file, wanted)
        } else {
            refcounts.allocate(&mut self.cache, file, wanted)
        }
    }

    /// Gives clusters back that were taken, and nothing refers to.
    pub fn give_back(&mut self, first: u64, count: u64) -> Result<(), Problem> {
        let refcounts = self.refcounts()?;
        (first..first + count).for_each(|cluster| refcounts.release(cluster));
        Ok(())
    }

    /// Gives up what an entry refers to, when what is changed now is durable.
    pub fn release(&mut self, header: &Header, entry: Entry) -> Result<(), Problem> {
        let bits = header.cluster_bits;
        let (first, last) = match entry {
            Entry::Plain { host: Some(host), .. } => (host >> bits, host >> bits),
            Entry::Packed(packed) => {
                (packed.offset >> bits, (packed.offset + packed.length - 1) >> bits)
            }
            Entry::Plain { host: None, .. } => return Ok(()),
        };
        for cluster in first..=last {
            self.refcounts()?.release(cluster);
        }
        Ok(())
    }

    /// Refuses to write data over tables.
    pub fn check_data(&mut self, host: u64, length: u64) -> Result<(), Problem> {
        self.refcounts()?.check_data(host, length)
    }

    /// Makes everything durable, in order, and frees what is then free.
    pub fn commit(&mut self, file: &dyn Node) -> Result<(), Problem> {
        self.cache.commit(file)?;
        self.new_tables.clear();
        if let Some(refcounts) = &mut self.refcounts {
            refcounts.settle(&mut self.cache, file)?;
        }
        Ok(())
    }

    /// Commits if much has gathered.
    pub fn commit_if_full(&mut self, file: &dyn Node) -> Result<(), Problem> {
        let many_freed = self.refcounts.as_ref().is_some_and(Refcounts::has_many_freed);
        if self.cache.is_full() || many_freed { self.commit(file) } else { Ok(()) }
    }

    /// Makes the L1 table cover `size` bytes of the guest.
    pub fn cover(&mut self, header: &Header, file: &dyn Node, size: u64) -> Result<(), Problem> {
        let wanted = size.div_ceil(header.l2_coverage());
        if wanted <= self.l1_entries {
            return Ok(());
        }
        if wanted * 8 > super::header::MOST_L1_BYTES {
            return Err(Problem::unsupported("a larger L1 table than is possible".into()));
        }
        let cluster_size = header.cluster_size();
        let clusters = (wanted * 8).div_ceil(cluster_size);
        let taken = self.take(file, clusters, true)?;
        let offset = taken.first << header.cluster_bits;
        let mut content = vec![0; (clusters * cluster_size) as usize];
        for index in 0..self.l1_entries {
            let entry = self.cache.be64(file, self.l1_offset + index * 8)?;
            content[index as usize * 8..][..8].copy_from_slice(&entry.to_be_bytes());
        }
        self.cache.forget(offset, clusters * cluster_size);
        // The tables that it refers to must be there before it is: all is made durable first.
        self.commit(file)?;
        file.write_at(&content, offset)?;
        file.flush()?;
        let mut fields = [0; 12];
        fields[..4].copy_from_slice(&(wanted as u32).to_be_bytes());
        fields[4..].copy_from_slice(&offset.to_be_bytes());
        file.write_at(&fields, 36)?;
        file.flush()?;
        self.cache.forget(0, cluster_size);
        let old = self.l1_offset >> header.cluster_bits;
        let old_clusters = (self.l1_entries * 8).div_ceil(cluster_size);
        (self.l1_offset, self.l1_entries) = (offset, wanted);
        let refcounts = self.refcounts()?;
        refcounts.note_tables(taken.first, clusters);
        refcounts.forget_tables(old, old_clusters);
        (old..old + old_clusters).for_each(|cluster| refcounts.release(cluster));
        Ok(())
    }
}
