//! From guest offsets to where the bytes are, and changing that.

use std::sync::Arc;

use super::Problem;
use super::cache::{Cache, Step};
use super::entry::{COPIED, Entry, Packed, State};
use super::header::Header;
use super::problem::buffer;
use super::refcount::{Refcounts, Taken};
use crate::Node;

pub const TABLE_OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// So many steps are merged into one run at most: the tables are locked meanwhile, and a stranger's
/// L1 table may say the same millions of times.
const MOST_STEPS: u32 = 1 << 16;
/// Data that is looked at together, at least: whoever asks may find that less than that is in one
/// state in the file, and asks again.
const MOST_DATA: u64 = 64 << 20;

/// Where a range of the guest's bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// In the backing image, if there is one; else nowhere.
    Backing,
    /// Nowhere: zeros. `allocated`: space is kept for them.
    Zeros { allocated: bool },
    /// In the data file, as they are. `own`: nothing else refers to the cluster.
    Data { host: u64, own: bool },
    /// In a compressed cluster that begins at `cluster` of the guest.
    Packed { packed: Packed, cluster: u64 },
}

impl Mapping {
    /// Whether `next`, `length` bytes further on, continues this.
    fn goes_on(&self, next: &Mapping, length: u64) -> bool {
        match (self, next) {
            (Mapping::Data { host, own }, Mapping::Data { host: next, own: next_own }) => {
                host + length == *next && own == next_own
            }
            (Mapping::Packed { .. }, _) => false,
            (before, next) => before == next,
        }
    }
}

/// A range with one mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub length: u64,
    pub mapping: Mapping,
}

/// The tables of an image.
pub struct Map {
    cache: Cache,
    l1_offset: u64,
    l1_entries: u64,
    /// What only writing needs.
    refcounts: Option<Refcounts>,
}

impl Map {
    /// The tables of an image, none of which is in memory yet. `data`: its external data file.
    pub fn new(header: &Header, refcounts: Option<Refcounts>, data: Option<Arc<dyn Node>>) -> Map {
        Map {
            cache: Cache::new(header.cluster_size(), data),
            l1_offset: header.l1_offset,
            l1_entries: header.l1_entries.into(),
            refcounts,
        }
    }

    /// Where the last cluster of the file ends that is in use; `None` where that is not looked at, in an
    /// image that is only read.
    pub fn used_end(&mut self, file: &dyn Node) -> Result<Option<u64>, Problem> {
        let Some(refcounts) = &self.refcounts else { return Ok(None) };
        refcounts.used_end(&mut self.cache, file).map(Some)
    }

    /// Where the bytes from `offset` on are, for as far as that is one mapping but not beyond `end`.
    pub fn run(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        end: u64,
    ) -> Result<Run, Problem> {
        let (mapping, mut length) = self.step(header, file, offset, end)?;
        let mut steps = 1;
        while offset + length < end && steps < MOST_STEPS {
            if matches!(mapping, Mapping::Data { .. }) && length >= MOST_DATA {
                break;
            }
            steps += 1;
            let (next, more) = self.step(header, file, offset + length, end)?;
            if !mapping.goes_on(&next, length) {
                break;
            }
            length += more;
        }
        Ok(Run { length, mapping })
    }

    /// The mapping of the subcluster at `offset`, from there to its end; of everything that a missing
    /// L2 table would map, if it is missing.
    fn step(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        end: u64,
    ) -> Result<(Mapping, u64), Problem> {
        let coverage = header.l2_coverage();
        let l1_index = offset / coverage;
        let Some(table) = self.table(header, file, l1_index)? else {
            let boundary = ((l1_index + 1).saturating_mul(coverage)).min(end);
            return Ok((Mapping::Backing, boundary - offset));
        };
        let entry = self.entry_in(header, file, table, offset)?;
        let unit = match entry {
            Entry::Plain { .. } => header.unit(),
            Entry::Packed(_) => header.cluster_size(),
        };
        let in_cluster = offset % header.cluster_size();
        let length = (unit - in_cluster % unit).min(end - offset);
        let mapping = match entry {
            Entry::Packed(packed) => Mapping::Packed { packed, cluster: offset - in_cluster },
            Entry::Plain { host, copied, .. } => match (entry.state(in_cluster / unit), host) {
                (State::Data, Some(host)) => Mapping::Data { host: host + in_cluster, own: copied },
                (State::Data, None) | (State::Unallocated, _) => Mapping::Backing,
                (State::Zero, host) => Mapping::Zeros { allocated: host.is_some() },
            },
        };
        Ok((mapping, length))
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
        let entry = Entry::parse(header, descriptor, bitmap)?;
        let cluster = offset - offset % header.cluster_size();
        match entry {
            // The guest's clusters are in the data file as they are in the guest.
            Entry::Plain { host: None, .. } => Ok(entry),
            Entry::Plain { host: Some(host), .. } if host == cluster => Ok(entry),
            _ if !header.has_data_file() => Ok(entry),
            _ => Err(Problem::corrupt("a cluster is not where it belongs in the data file")),
        }
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

    /// Changes the entry of the cluster at `offset` from `old` to `entry`. What only the old one
    /// referred to is given up.
    pub fn replace(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        old: Entry,
        entry: Entry,
    ) -> Result<(), Problem> {
        // Compressed clusters may share one of the file, and each refers to it.
        let kept = matches!(
            (old, entry),
            (Entry::Plain { host: old, .. }, Entry::Plain { host: new, .. }) if old == new
        );
        let given_up = old.clusters(header).filter(|_| !kept);
        let (first, count) = given_up.unwrap_or((0, 0));
        // A table that is taken for data must not become free.
        self.refcounts()?.check(first, count)?;
        // All that can fail is done before the entry says something else.
        let count = match old {
            Entry::Plain { copied: false, .. } if count > 0 => self.shared(file, first)?,
            _ => count,
        };
        self.set_entry(header, file, offset, entry)?;
        self.give_back(first, count)
    }

    /// How many references to give back of a cluster that somebody else is said to refer to as well. If
    /// nobody does, the image contradicts itself, and whatever it is may be another's: it is kept.
    fn shared(&mut self, file: &dyn Node, cluster: u64) -> Result<u64, Problem> {
        let refcounts = self.refcounts.as_ref().ok_or(Problem::ReadOnly)?;
        Ok(match refcounts.get(&mut self.cache, file, cluster)? {
            0 | 1 => 0,
            _ => 1,
        })
    }

    fn set_entry(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        entry: Entry,
    ) -> Result<(), Problem> {
        let table = self.own_table(header, file, offset / header.l2_coverage())?;
        let step = self.cache.step_of(table);
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
            return Ok(table);
        }
        // All that can fail is done before the L1 table says something else.
        let given_up = match old {
            Some(old) => self.shared(file, old >> header.cluster_bits)?,
            None => 0,
        };
        let taken = self.take(file, 1, true)?;
        let table = taken.first << header.cluster_bits;
        let made = self
            .make_table(header, file, table, taken.fresh, old)
            .and_then(|()| self.cache.set(file, at, &(table | COPIED).to_be_bytes(), Step::Second));
        if let Err(problem) = made {
            self.give_back(taken.first, taken.count)?;
            return Err(problem);
        }
        self.refcounts()?.claim(taken.first, 1)?;
        // The other one is a snapshot's as well, and stays a table.
        if let Some(old) = old {
            self.give_back(old >> header.cluster_bits, given_up)?;
        }
        Ok(table)
    }

    /// Fills a new L2 table, that nothing refers to yet, with what `old` has.
    fn make_table(
        &mut self,
        header: &Header,
        file: &dyn Node,
        table: u64,
        fresh: bool,
        old: Option<u64>,
    ) -> Result<(), Problem> {
        let size = header.cluster_size();
        self.cache.forget(table, size);
        match old {
            Some(old) => {
                // It may have changed since it was written; and no entry of it may be written in
                // place any more, which a snapshot has already seen to.
                for part in (0..size).step_by(8) {
                    let entry = self.cache.be64(file, old + part)?;
                    self.cache.set(file, table + part, &entry.to_be_bytes(), Step::First)?;
                }
            }
            None if fresh => {}
            None => file.write_zeroes(table, size, true)?,
        }
        self.cache.note_unreferenced(table);
        Ok(())
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

    /// Takes space for the bytes of a compressed cluster.
    pub fn take_packed(
        &mut self,
        header: &Header,
        file: &dyn Node,
        length: u64,
    ) -> Result<Packed, Problem> {
        let refcounts = self.refcounts.as_mut().ok_or(Problem::ReadOnly)?;
        let offset = refcounts.allocate_packed(&mut self.cache, file, length)?;
        let packed = Packed { offset, length };
        if packed.end() > Packed::limit(header) {
            let (first, count) = Entry::Packed(packed).clusters(header).unwrap_or((0, 0));
            self.give_back(first, count)?;
            return Err(Problem::unsupported("compressed clusters so far into the file".into()));
        }
        Ok(packed)
    }

    /// Gives clusters back, when what is changed now is durable.
    pub fn give_back(&mut self, first: u64, count: u64) -> Result<(), Problem> {
        let refcounts = self.refcounts()?;
        (first..first + count).for_each(|cluster| refcounts.release(cluster));
        Ok(())
    }

    /// The same for clusters that were claimed as a table.
    pub fn give_back_table(&mut self, first: u64, clusters: u64) -> Result<(), Problem> {
        self.refcounts()?.release_table(first, clusters);
        Ok(())
    }

    /// How often a cluster is referred to.
    pub fn refcount(&mut self, file: &dyn Node, cluster: u64) -> Result<u64, Problem> {
        let refcounts = self.refcounts.as_ref().ok_or(Problem::ReadOnly)?;
        refcounts.get(&mut self.cache, file, cluster)
    }

    /// Refuses clusters that are claimed as tables.
    pub fn check_untabled(&mut self, first: u64, clusters: u64) -> Result<(), Problem> {
        self.refcounts()?.check(first, clusters)
    }

    /// Refuses to write data over tables.
    pub fn check_data(&mut self, host: u64, length: u64) -> Result<(), Problem> {
        self.refcounts()?.check_data(host, length)
    }

    /// Refuses to go on where what is on the medium is not known.
    pub fn usable(&self) -> Result<(), Problem> {
        self.cache.usable()
    }

    /// Makes everything durable, in order, and frees what is then free.
    pub fn commit(&mut self, file: &dyn Node) -> Result<(), Problem> {
        self.cache.commit(file)?;
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
        let clusters = (wanted * 8).div_ceil(header.cluster_size());
        let taken = self.take(file, clusters, true)?;
        let offset = taken.first << header.cluster_bits;
        if let Err(problem) = self.move_l1(header, file, offset, wanted) {
            self.give_back(taken.first, clusters)?;
            return Err(problem);
        }
        let old = self.l1_offset >> header.cluster_bits;
        let old_clusters = (self.l1_entries * 8).div_ceil(header.cluster_size());
        (self.l1_offset, self.l1_entries) = (offset, wanted);
        let refcounts = self.refcounts()?;
        refcounts.claim(taken.first, clusters)?;
        refcounts.release_table(old, old_clusters);
        Ok(())
    }

    /// Copies the L1 table to `offset`, with room for `wanted` entries.
    fn move_l1(
        &mut self,
        header: &Header,
        file: &dyn Node,
        offset: u64,
        wanted: u64,
    ) -> Result<(), Problem> {
        let bytes = (wanted * 8).next_multiple_of(header.cluster_size());
        let mut content = buffer(bytes)?;
        for index in 0..self.l1_entries {
            let entry = self.cache.be64(file, self.l1_offset + index * 8)?;
            content[index as usize * 8..][..8].copy_from_slice(&entry.to_be_bytes());
        }
        self.cache.forget(offset, bytes);
        // The tables that it refers to must be there before it is: all is made durable first.
        self.commit(file)?;
        file.write_at(&content, offset)?;
        let mut fields = [0; 12];
        fields[..4].copy_from_slice(&(wanted as u32).to_be_bytes());
        fields[4..].copy_from_slice(&offset.to_be_bytes());
        self.cache.write_header(file, 36, &fields)
    }

    /// Writes a part of the header, after everything else.
    pub fn write_header(&mut self, file: &dyn Node, at: u64, bytes: &[u8]) -> Result<(), Problem> {
        self.cache.write_header(file, at, bytes)
    }
}
