//! Writing into an image.
//!
//! What has space of its own is written in place, beside others that do the same. Everything else
//! changes where a cluster is, and has the cluster for itself meanwhile: new space is taken, what
//! was in the rest of the written unit is copied along, and only then does the entry change. The old
//! space is free when that is durable.

use std::sync::atomic::Ordering;

use virsparse_base::errno::Errno;

use super::entry::{Entry, SUBCLUSTERS, State};
use super::header::Autoclear;
use super::map::{Map, Mapping, Run};
use super::problem::buffer;
use super::refcount::Taken;
use super::{Problem, Qcow2Node};
use crate::BlockError;

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
                self.inside(at + length)?;
                self.write_in_place(&part[..length as usize], at)?
            };
            at += written;
            if written == 0 {
                let _alone = self.ranges.exclusive(first, last);
                self.inside(at + length)?;
                at += self.write_new(&part[..length as usize], at)?;
            }
        }
        Ok(())
    }

    /// Refuses what lies beyond an end that has moved since it was asked for.
    pub(super) fn inside(&self, end: u64) -> Result<(), Problem> {
        if end <= self.size() {
            return Ok(());
        }
        let what = format!("Unable to write {} beyond its end", self.name);
        Err(Problem::File(BlockError { what, errno: Errno::ENOSPC }))
    }

    /// Writes as much as has space of its own; how much, 0 if the beginning has none.
    fn write_in_place(&self, data: &[u8], offset: u64) -> Result<u64, Problem> {
        let end = offset + data.len() as u64;
        let run = {
            let mut map = self.map();
            let run = map.run(&self.header, &*self.file, offset, end)?;
            match run.mapping {
                Mapping::Data { host, own: true } => self.check_data(&mut map, host, run.length)?,
                _ => return Ok(0),
            }
            run
        };
        if let Run { length, mapping: Mapping::Data { host, .. } } = run {
            self.data.write_at(&data[..length as usize], host)?;
        }
        Ok(run.length)
    }

    fn check_data(&self, map: &mut Map, host: u64, length: u64) -> Result<(), Problem> {
        if self.header.has_data_file() { Ok(()) } else { map.check_data(host, length) }
    }

    /// Writes clusters that need new space; how many bytes of `data`. The caller has them alone.
    pub(super) fn write_new(&self, data: &[u8], offset: u64) -> Result<u64, Problem> {
        let size = self.header.cluster_size();
        let start = offset % size;
        // Whole clusters in a row get space in a row, and are written at once.
        let whole = if start == 0 { data.len() as u64 / size } else { 0 };
        if whole > 0 {
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
        let (host, count) = match self.header.has_data_file() {
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
        let mut result = written.map_err(Problem::from);
        let mut done = 0;
        for old in old.into_iter().take(count as usize) {
            let distance = done * size;
            let entry = Entry::Plain {
                host: Some(host + distance),
                copied: true,
                allocated: u32::MAX,
                zero: 0,
            };
            result = result.and_then(|()| {
                map.replace(&self.header, &*self.file, offset + distance, old, entry)
            });
            done += u64::from(result.is_ok());
        }
        if !self.header.has_data_file() {
            map.give_back((host >> self.header.cluster_bits) + done, count - done)?;
        }
        result.map(|()| length)
    }

    /// Writes a part of one cluster.
    fn write_part(&self, part: &Part<'_>) -> Result<(), Problem> {
        let size = self.header.cluster_size();
        let (old, taken) = {
            let mut map = self.map();
            map.commit_if_full(&*self.file)?;
            let old = map.entry(&self.header, &*self.file, part.cluster)?;
            let taken = match old {
                _ if self.header.has_data_file() => None,
                Entry::Plain { host: Some(host), copied: true, .. } => {
                    map.check_data(host, size)?;
                    None
                }
                _ => Some(map.take(&*self.file, 1, true)?),
            };
            (old, taken)
        };
        let result = self.write_part_to(part, old, taken);
        if let (Err(_), Some(taken)) = (&result, taken) {
            self.map().give_back(taken.first, taken.count)?;
        }
        result
    }

    /// Writes a part of one cluster into its space, or into what was taken for it.
    fn write_part_to(
        &self,
        part: &Part<'_>,
        old: Entry,
        taken: Option<Taken>,
    ) -> Result<(), Problem> {
        let (size, unit) = (self.header.cluster_size(), self.header.unit());
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
            self.fill_unit(part, host, old, number, moves, fresh)?;
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
        self.map().replace(&self.header, &*self.file, part.cluster, old, entry)
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
            return Ok(());
        }
        let mut bytes = buffer(unit)?;
        // The last cluster may reach beyond the image: zeros.
        self.read_exactly(&mut bytes, guest)?;
        bytes[(from - begin) as usize..][..data.len()].copy_from_slice(data);
        self.data.write_at(&bytes, host + begin)?;
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
    pub(super) fn read_exactly(&self, bytes: &mut [u8], offset: u64) -> Result<(), Problem> {
        let length = self.size().saturating_sub(offset).min(bytes.len() as u64);
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let run = self.run(at, end)?;
            let start = (at - offset) as usize;
            self.read_run(&mut bytes[start..start + run.length as usize], at, run.mapping)?;
            at += run.length;
        }
        bytes[length as usize..].fill(0);
        Ok(())
    }

    /// Makes a range read as zeros.
    pub(super) fn zero(&self, offset: u64, length: u64, may_unmap: bool) -> Result<(), Problem> {
        self.begin_changes()?;
        let size = self.header.cluster_size();
        // What one L2 table maps costs little, also where there is none.
        let most = MOST.max(self.header.l2_coverage());
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let first = at / size * size;
            let stop = end.min((at / most + 1) * most);
            let _alone = self.ranges.exclusive(first, stop.next_multiple_of(size));
            self.inside(stop)?;
            self.zero_alone(at, stop, may_unmap)?;
            at = stop;
        }
        Ok(())
    }

    /// The same, for who has the range alone.
    pub(super) fn zero_alone(&self, offset: u64, end: u64, may_unmap: bool) -> Result<(), Problem> {
        let size = self.header.cluster_size();
        let mut at = offset;
        while at < end {
            let start = at % size;
            // The image may end inside of its last cluster, which is then whole.
            let reach = if end == self.size() { end.next_multiple_of(size) } else { end };
            let whole = if start == 0 { (reach - at) / size } else { 0 };
            if whole > 0 {
                let below = self.below()?;
                at = self.zero_clusters(at, at + whole * size, may_unmap, below)?.min(end);
            } else {
                let stop = (at - start + size).min(end);
                if !self.is_zero_before(at, stop - at)? {
                    let data = &buffer(stop - at)?;
                    self.write_part(&Part { cluster: at - start, start, data })?;
                }
                at = stop;
            }
        }
        Ok(())
    }

    /// Makes whole clusters read as zeros; where it stopped, which is at least one further. What is
    /// zero already, because nothing is there or below, costs nothing. `below`: what there is to hide.
    pub(super) fn zero_clusters(
        &self,
        offset: u64,
        stop: u64,
        may_unmap: bool,
        below: u64,
    ) -> Result<u64, Problem> {
        let size = self.header.cluster_size();
        let mut at = offset;
        let mut map = self.map();
        while at < stop {
            map.commit_if_full(&*self.file)?;
            let run = map.run(&self.header, &*self.file, at, stop.min(self.size()).max(at + 1))?;
            let nothing = match run.mapping {
                Mapping::Backing => at >= below,
                Mapping::Zeros { allocated } => !(allocated && may_unmap),
                _ => false,
            };
            // The image's last cluster may be cut off by its end.
            let rest = size.min(self.size().saturating_sub(at).max(1));
            if nothing && run.length >= rest {
                at += (run.length / size * size).max(size);
                continue;
            }
            let old = map.entry(&self.header, &*self.file, at)?;
            if self.header.version < 3 && (at < below || self.header.has_data_file()) {
                // Version 2 has no way to say it.
                drop(map);
                let length = size.min(self.size() - at);
                self.write_part(&Part { cluster: at, start: 0, data: &buffer(length)? })?;
                return Ok(at + size);
            }
            let kept = match old {
                // Version 2 cannot say that a cluster with space is zero.
                _ if self.header.version < 3 => None,
                Entry::Plain { host: Some(host), copied: true, .. } if !may_unmap => Some(host),
                // Nobody else takes the place of a cluster in a data file.
                Entry::Plain { host: Some(host), .. } if self.header.has_data_file() => Some(host),
                _ => None,
            };
            let zero = if self.header.version < 3 { 0 } else { u32::MAX };
            let entry = Entry::Plain { host: kept, copied: kept.is_some(), allocated: 0, zero };
            map.replace(&self.header, &*self.file, at, old, entry)?;
            if kept.is_some() && self.header.has_data_file() {
                // Who reads the data file by itself sees zeros too.
                self.data.write_zeroes(at, size.min(self.size() - at), may_unmap)?;
            }
            at += size;
        }
        Ok(at)
    }

    /// Says once that the image is changed by somebody who does not know all of its features: what
    /// was only true until then is so no more.
    pub(super) fn begin_changes(&self) -> Result<(), Problem> {
        if !self.writable {
            return Err(Problem::ReadOnly);
        }
        if self.changing.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut map = self.map();
        if self.changing.load(Ordering::Acquire) {
            return Ok(());
        }
        // From here on nobody who writes makes it longer.
        if self.header.has_data_file() && self.data.length()? < self.size() {
            self.data.resize(self.size())?;
        }
        let bitmaps = self.bitmaps_to_drop(&mut map)?;
        let kept = self.header.autoclear & Autoclear::DATA_FILE_RAW;
        if self.header.version >= 3 && self.header.autoclear != kept {
            map.write_header(&*self.file, 88, &kept.bits().to_be_bytes())?;
        }
        self.end_extensions(&mut map)?;
        self.changing.store(true, Ordering::Release);
        bitmaps.map_or(Ok(()), |bitmaps| self.free_bitmaps(&mut map, &bitmaps))
    }

    /// Brings everything to stable storage.
    pub(super) fn commit(&self) -> Result<(), Problem> {
        self.map().commit(&*self.file)
    }

    /// Changes the size that a guest sees, to whole sectors.
    pub(super) fn set_size(&self, size: u64) -> Result<(), Problem> {
        let size = super::create::whole_sectors(size)?;
        self.begin_changes()?;
        if self.header.version < 3 && self.header.snapshots > 0 {
            // Version 2 does not record that a snapshot has another size.
            return Err(Problem::unsupported("snapshots that only know one size".into()));
        }
        let _alone = self.ranges.exclusive(0, u64::MAX);
        let before = self.size();
        let raw = self.header.autoclear.contains(Autoclear::DATA_FILE_RAW);
        if size > before {
            // Nobody else sees it before it is zero, which it must be before it is there.
            self.size.store(size, Ordering::Release);
            let grown = self.zero_grown(before, size, raw).and_then(|()| self.publish_size(size));
            if grown.is_err() {
                self.size.store(before, Ordering::Release);
            }
            grown
        } else {
            // Nothing of it may show when the image grows again.
            self.zero_alone(size, before, true)?;
            self.publish_size(size)?;
            self.size.store(size, Ordering::Release);
            if raw { Ok(self.data.resize(size)?) } else { Ok(()) }
        }
    }

    /// Makes what the image grows by zeros: what is in its last cluster already, and what the
    /// backing image has there.
    fn zero_grown(&self, before: u64, size: u64, raw: bool) -> Result<(), Problem> {
        self.map().cover(&self.header, &*self.file, size)?;
        if self.header.has_data_file() && (raw || self.data.length()? < size) {
            self.data.resize(size)?;
        }
        let below = self.below()?;
        let end = below.max(before).next_multiple_of(self.header.cluster_size()).min(size);
        self.zero_alone(before, end, true)
    }

    fn publish_size(&self, size: u64) -> Result<(), Problem> {
        let mut map = self.map();
        map.commit(&*self.file)?;
        map.write_header(&*self.file, 24, &size.to_be_bytes())
    }
}
