//! Writing into an image.
//!
//! What has space of its own is written in place, beside others that do the same. Everything else
//! changes where a cluster is, and has the cluster for itself meanwhile: new space is taken, what
//! was in the rest of the written unit is copied along, and only then does the entry change. The old
//! space is free when that is durable.

use std::sync::atomic::Ordering;

use super::entry::{Entry, SUBCLUSTERS, State};
use super::header::{Autoclear, Incompatible};
use super::map::{Place, Run};
use super::refcount::Taken;
use super::{Problem, Qcow2Node};

/// So much is done under one range lock: enough for the cost of a lock not to show.
const MOST: u64 = 16 << 20;

/// The part of one cluster that is written.
struct Part<'a> {
    /// Where the cluster begins, for the guest.
    cluster: u64,
    /// Where the data goes in the cluster.
    start: u64,
    data: &'a [u8],
}

impl Qcow2Node {
    /// Writes `data` at `offset`, which lies in the image.
    pub(super) fn write(&self, data: &[u8], offset: u64) -> Result<(), Problem> {
        self.begin_changes()?;
        let size = self.header.cluster_size();
        let mut at = offset;
        let end = offset + data.len() as u64;
        while at < end {
            let part = &data[(at - offset) as usize..];
            let length = (part.len() as u64).min(MOST);
            let (first, last) = (at / size * size, (at + length).next_multiple_of(size));
            let written = {
                let _shared = self.ranges.shared(first, last);
                self.write_in_place(&part[..length as usize], at)?
            };
            at += written;
            if written == 0 {
                let _alone = self.ranges.exclusive(first, last);
                at += self.write_new(&part[..length as usize], at)?;
            }
        }
        Ok(())
    }

    /// Writes as much as has space of its own; how much, 0 if the beginning has none.
    fn write_in_place(&self, data: &[u8], offset: u64) -> Result<u64, Problem> {
        let end = offset + data.len() as u64;
        let run = {
            let mut map = self.map();
            let run = map.run(&self.header, &*self.file, offset, end)?;
            match run.place {
                Place::Data { host, own: true } => self.check_data(&mut map, host, run.length)?,
                _ => return Ok(0),
            }
            run
        };
        if let Run { length, place: Place::Data { host, .. } } = run {
            self.data.write_at(&data[..length as usize], host)?;
        }
        Ok(run.length)
    }

    fn check_data(&self, map: &mut super::map::Map, host: u64, length: u64) -> Result<(), Problem> {
        if self.has_data_file() { Ok(()) } else { map.check_data(host, length) }
    }

    pub(super) fn has_data_file(&self) -> bool {
        self.header.incompatible.contains(Incompatible::DATA_FILE)
    }

    /// Writes clusters that need new space; how many bytes of `data`. The caller has them alone.
    fn write_new(&self, data: &[u8], offset: u64) -> Result<u64, Problem> {
        let size = self.header.cluster_size();
        let start = offset % size;
        // Whole clusters in a row get space in a row, and are written at once.
        let whole = if start == 0 { data.len() as u64 / size } else { 0 };
        if whole > 1 {
            return self.write_whole(&data[..(whole * size) as usize], offset);
        }
        let length = (size - start).min(data.len() as u64);
        let part = Part { cluster: offset - start, start, data: &data[..length as usize] };
        self.write_part(&part)?;
        Ok(length)
    }

    /// Writes whole clusters as far as they need new space and get it in a row.
    fn write_whole(&self, data: &[u8], offset: u64) -> Result<u64, Problem> {
        let size = self.header.cluster_size();
        let mut old = Vec::new();
        let mut map = self.map();
        map.commit_if_full(&*self.file)?;
        for cluster in (offset..offset + data.len() as u64).step_by(size as usize) {
            let entry = map.entry(&self.header, &*self.file, cluster)?;
            if let Entry::Plain { host: Some(_), copied: true, .. } = entry {
                break;
            }
            old.push(entry);
        }
        if old.is_empty() {
            drop(map);
            let part = Part { cluster: offset, start: 0, data: &data[..size as usize] };
            self.write_part(&part)?;
            return Ok(size);
        }
        let (host, count) = match self.has_data_file() {
            true => (offset, old.len() as u64),
            false => {
                let taken = map.take(&*self.file, old.len() as u64, false)?;
                (taken.first << self.header.cluster_bits, taken.count)
            }
        };
        drop(map);
        let length = count * size;
        let written = self.data.write_at(&data[..length as usize], host);
        let mut map = self.map();
        if let Err(error) = written {
            if !self.has_data_file() {
                map.give_back(host >> self.header.cluster_bits, count)?;
            }
            return Err(error.into());
        }
        for (number, old) in old.into_iter().take(count as usize).enumerate() {
            let distance = number as u64 * size;
            let entry = Entry::Plain {
                host: Some(host + distance),
                copied: true,
                allocated: u32::MAX,
                zero: 0,
            };
            map.set_entry(&self.header, &*self.file, offset + distance, entry)?;
            map.release(&self.header, old)?;
        }
        Ok(length)
    }

    /// Writes a part of one cluster.
    fn write_part(&self, part: &Part<'_>) -> Result<(), Problem> {
        let (size, unit) = (self.header.cluster_size(), self.header.unit());
        let (old, taken) = {
            let mut map = self.map();
            map.commit_if_full(&*self.file)?;
            let old = map.entry(&self.header, &*self.file, part.cluster)?;
            let taken = match old {
                Entry::Plain { host: Some(_), copied: true, .. } => None,
                _ if self.has_data_file() => None,
                _ => Some(map.take(&*self.file, 1, true)?),
            };
            (old, taken)
        };
        let host = match (taken, old) {
            (Some(taken), _) => taken.first << self.header.cluster_bits,
            (None, Entry::Plain { host: Some(host), .. }) => host,
            (None, _) => part.cluster,
        };
        let moves = taken.is_some();
        // The units that the data touches, and, if the cluster moves, all that have data.
        let first = part.start / unit;
        let last = (part.start + part.data.len() as u64).div_ceil(unit);
        let touched = (0..SUBCLUSTERS.min(size / unit)).filter(|&number| {
            (first..last).contains(&number) || (moves && old.state(number) == State::Data)
        });
        let fresh = matches!(taken, Some(Taken { fresh: true, .. }));
        let mut mask = 0u32;
        for number in touched {
            mask |= if unit == size { u32::MAX } else { 1 << number };
            if let Err(problem) = self.fill_unit(part, host, old, number, moves, fresh) {
                if let Some(taken) = taken {
                    self.map().give_back(taken.first, taken.count)?;
                }
                return Err(problem);
            }
        }
        let (old_allocated, old_zero) = match old {
            Entry::Plain { allocated, zero, .. } => (allocated, zero),
            Entry::Packed(_) => (0, 0),
        };
        let entry = Entry::Plain {
            host: Some(host),
            copied: true,
            allocated: mask | if moves { 0 } else { old_allocated },
            zero: old_zero & !mask,
        };
        let mut map = self.map();
        if !moves {
            self.check_data(&mut map, host, size)?;
        }
        map.set_entry(&self.header, &*self.file, part.cluster, entry)?;
        if moves { map.release(&self.header, old) } else { Ok(()) }
    }

    /// Brings one unit of a cluster into its space: the data as far as it lies there, and around it
    /// what was there before.
    fn fill_unit(
        &self,
        part: &Part<'_>,
        host: u64,
        old: Entry,
        number: u64,
        moves: bool,
        fresh: bool,
    ) -> Result<(), Problem> {
        let unit = self.header.unit();
        let (begin, end) = (number * unit, (number + 1) * unit);
        let data_end = part.start + part.data.len() as u64;
        let (from, to) = (part.start.max(begin), data_end.min(end));
        // A unit that only moves along has none of the data.
        let (from, data) = match from < to {
            true => (from, &part.data[(from - part.start) as usize..(to - part.start) as usize]),
            false => (begin, &[][..]),
        };
        if !moves && old.state(number) == State::Data {
            // Its space has the rest already.
            self.data.write_at(data, host + from)?;
            return Ok(());
        }
        let guest = part.cluster + begin;
        let around_is_zero = fresh && self.is_zero_before(guest, unit)?;
        if around_is_zero || data.len() as u64 == unit {
            self.data.write_at(data, host + from)?;
            // Somebody may look at the file's length to know what is in the image.
            return self.reach(host + end);
        }
        let mut bytes = vec![0; unit as usize];
        // The last cluster may reach beyond the image: zeros.
        self.read_exactly(&mut bytes, guest)?;
        bytes[(from - begin) as usize..][..data.len()].copy_from_slice(data);
        self.data.write_at(&bytes, host + begin)?;
        Ok(())
    }

    /// Makes the file at least so long.
    fn reach(&self, end: u64) -> Result<(), Problem> {
        if self.data.length()? < end {
            self.data.write_zeroes(end - 1, 1, true)?;
        }
        Ok(())
    }

    /// Whether a unit of the guest reads as zeros now, as far as that is known without reading.
    fn is_zero_before(&self, guest: u64, unit: u64) -> Result<bool, Problem> {
        let end = (guest + unit).min(self.size());
        let mut at = guest;
        while at < end {
            let extent = self.extent(at, end)?;
            if !extent.kind.is_zero() {
                return Ok(false);
            }
            at = extent.end();
        }
        Ok(true)
    }

    /// Reads as much as there is into `bytes`, and zeros behind it.
    fn read_exactly(&self, bytes: &mut [u8], offset: u64) -> Result<(), Problem> {
        let length = self.size().saturating_sub(offset).min(bytes.len() as u64);
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let run = self.run(at, end)?;
            let start = (at - offset) as usize;
            self.read_run(&mut bytes[start..start + run.length as usize], at, run.place)?;
            at += run.length;
        }
        bytes[length as usize..].fill(0);
        Ok(())
    }

    /// Makes a range read as zeros.
    pub(super) fn zero(&self, offset: u64, length: u64, may_unmap: bool) -> Result<(), Problem> {
        self.begin_changes()?;
        let size = self.header.cluster_size();
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let start = at % size;
            // The image may end inside of its last cluster, which is then whole.
            let reach = if end == self.size() { end.next_multiple_of(size) } else { end };
            let whole = if start == 0 { (reach - at) / size } else { 0 };
            if whole > 0 {
                let stop = (at + whole * size).min(at + MOST.max(size));
                let _alone = self.ranges.exclusive(at, stop);
                at = self.zero_clusters(at, stop, may_unmap)?.min(end);
            } else {
                let stop = (at - start + size).min(end);
                if !self.is_zero_before(at, stop - at)? {
                    self.write(&vec![0; (stop - at) as usize], at)?;
                }
                at = stop;
            }
        }
        Ok(())
    }

    /// Makes whole clusters read as zeros; where it stopped, which is at least one further. What is
    /// zero already, because nothing is there or below, costs nothing.
    fn zero_clusters(&self, offset: u64, stop: u64, may_unmap: bool) -> Result<u64, Problem> {
        let size = self.header.cluster_size();
        let below = match &self.backing {
            Some(backing) => backing.length()?,
            None => 0,
        };
        let mut at = offset;
        let mut map = self.map();
        while at < stop {
            map.commit_if_full(&*self.file)?;
            let run = map.run(&self.header, &*self.file, at, stop.min(self.size()).max(at + 1))?;
            let nothing = match run.place {
                Place::Backing => at >= below,
                Place::Zeros { allocated } => !(allocated && may_unmap),
                _ => false,
            };
            // The image's last cluster may be cut off by its end.
            let rest = size.min(self.size().saturating_sub(at).max(1));
            if nothing && run.length >= rest {
                at += (run.length / size * size).max(size);
                continue;
            }
            let old = map.entry(&self.header, &*self.file, at)?;
            if self.header.version < 3 && (at < below || self.has_data_file()) {
                // Version 2 has no way to say it.
                drop(map);
                let length = size.min(self.size() - at);
                self.write_part(&Part { cluster: at, start: 0, data: &vec![0; length as usize] })?;
                return Ok(at + size);
            }
            let kept = match old {
                // Version 2 cannot say that a cluster with space is zero.
                _ if self.header.version < 3 => None,
                Entry::Plain { host: Some(host), copied: true, .. } if !may_unmap => Some(host),
                // Nobody else takes the place of a cluster in a data file.
                Entry::Plain { host: Some(host), .. } if self.has_data_file() => Some(host),
                _ => None,
            };
            let zero = if self.header.version < 3 { 0 } else { u32::MAX };
            let entry = Entry::Plain { host: kept, copied: kept.is_some(), allocated: 0, zero };
            map.set_entry(&self.header, &*self.file, at, entry)?;
            if kept.is_none() {
                map.release(&self.header, old)?;
            } else if self.has_data_file() {
                // Who reads the data file by itself sees zeros too.
                self.data.write_zeroes(at, size.min(self.size() - at), may_unmap)?;
            }
            at += size;
        }
        Ok(at)
    }

    /// Says once that the image is changed by somebody who does not know all of its features: what
    /// was only true until then is so no more.
    fn begin_changes(&self) -> Result<(), Problem> {
        if !self.writable {
            return Err(Problem::ReadOnly);
        }
        if self.changing.load(Ordering::Acquire) {
            return Ok(());
        }
        let _map = self.map();
        let kept = self.header.autoclear & Autoclear::DATA_FILE_RAW;
        if self.header.version >= 3 && self.header.autoclear != kept {
            self.file.write_at(&kept.bits().to_be_bytes(), 88)?;
            self.file.flush()?;
        }
        self.changing.store(true, Ordering::Release);
        Ok(())
    }

    /// Brings everything to stable storage.
    pub(super) fn commit(&self) -> Result<(), Problem> {
        if self.has_data_file() {
            self.data.flush()?;
        }
        self.map().commit(&*self.file)
    }

    /// Changes the size that a guest sees.
    pub(super) fn set_size(&self, size: u64) -> Result<(), Problem> {
        self.begin_changes()?;
        let before = self.size();
        if size > before {
            self.map().cover(&self.header, &*self.file, size)?;
        } else {
            // Nothing of it may show when the image grows again.
            self.zero(size, before - size, true)?;
        }
        self.commit()?;
        self.file.write_at(&size.to_be_bytes(), 24)?;
        self.file.flush()?;
        self.size.store(size, Ordering::Release);
        if self.has_data_file() && self.data.length()? < size {
            self.data.resize(size)?;
        }
        // What the image grows by is zeros, also where the backing image has more.
        let below = match &self.backing {
            Some(backing) => backing.length()?.min(size),
            None => 0,
        };
        if below > before {
            self.zero(before, below - before, true)?;
        }
        Ok(())
    }
}
