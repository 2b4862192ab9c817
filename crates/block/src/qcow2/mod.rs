//! qcow2 images, after the public format specification.

mod backing;
mod bitmaps;
mod cache;
mod check;
mod create;
mod entry;
mod fields;
mod header;
mod map;
mod packed;
mod problem;
mod refcount;
mod repair;
mod snapshots;
mod solid;
mod summary;
mod tables;
mod write;

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use virsparse_base::errno::Errno;

pub use crate::{Compression, Preallocation};
pub use check::Report;
pub use create::{CreateOptions, create, create_with_data};
pub(crate) use fields::MOST_NAME;
pub use header::{Header, Incompatible};
use map::{Map, Mapping, Run};
use problem::Problem;
use refcount::Refcounts;
use solid::Solid;
pub(crate) use summary::{name_at_offset, summary};

use super::range_lock::RangeLock;
use super::{BlockError, Extent, ExtentKind, ImageInfo, Node, Profile, Result, Space};

/// An open qcow2 image.
pub struct Qcow2Node {
    name: String,
    header: Header,
    info: ImageInfo,
    /// The image itself.
    file: Arc<dyn Node>,
    /// Where its data is: the same, or an external data file.
    data: Arc<dyn Node>,
    /// What is read where the image says nothing.
    backing: RwLock<Option<Arc<dyn Node>>>,
    /// The length of the image that a pull is to put there instead.
    next_backing: AtomicU64,
    map: Mutex<Map>,
    /// Clusters whose place is used, or changed.
    ranges: RangeLock,
    writable: bool,
    /// Something has been changed since it was opened.
    changing: AtomicBool,
    /// Bytes that a guest sees.
    size: AtomicU64,
    /// The last cluster that was uncompressed: readers mostly want the rest of it next.
    unpacked: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
    /// Where the data file has data, and where the backing image has, if that is a file.
    solid_data: Solid,
    solid_backing: Solid,
}

impl Qcow2Node {
    /// An image whose header has been read from `file`. `data` is its external data file, if the
    /// header names one; `backing` its backing image. If it is to be written, and somebody crashed
    /// before its refcounts were, these are made right first.
    pub fn new(
        name: impl Into<String>,
        mut header: Header,
        file: Arc<dyn Node>,
        data: Option<Arc<dyn Node>>,
        backing: Option<Arc<dyn Node>>,
        writable: bool,
    ) -> Result<Qcow2Node> {
        let name = name.into();
        if header.has_data_file() && data.is_none() {
            return Err(Problem::corrupt("its data file is missing").report(&name));
        }
        let refcounts = match writable {
            true => {
                Some(refcounts_of(&mut header, &*file).map_err(|problem| problem.report(&name))?)
            }
            false => None,
        };
        if let Some(bitmaps) = header.bitmaps.filter(|_| writable) {
            let count = bitmaps.count;
            log::info!("'{name}' is open for writing; its first change drops its {count} bitmaps");
        }
        let map = Mutex::new(Map::new(&header, refcounts, data.clone()));
        Ok(Qcow2Node {
            name,
            size: AtomicU64::new(header.size),
            info: header.info(),
            header,
            data: data.unwrap_or_else(|| file.clone()),
            file,
            backing: RwLock::new(backing),
            next_backing: AtomicU64::new(0),
            map,
            ranges: RangeLock::default(),
            writable,
            changing: AtomicBool::new(false),
            unpacked: Mutex::new(None),
            solid_data: Solid::default(),
            solid_backing: Solid::default(),
        })
    }

    fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Checks a range that is changed, and runs `body` unless it is empty.
    fn change(
        &self,
        offset: u64,
        length: u64,
        body: impl FnOnce() -> std::result::Result<(), Problem>,
    ) -> Result<()> {
        if offset.checked_add(length).is_none_or(|end| end > self.size()) {
            let what = format!("Unable to write {} beyond its end", self.name);
            return Err(BlockError { what, errno: Errno::ENOSPC });
        }
        if length == 0 { Ok(()) } else { body().map_err(|problem| problem.report(&self.name)) }
    }

    /// Reads the header of the image in `file`.
    pub fn read_header(name: &str, file: &dyn Node) -> Result<Header> {
        Header::read(file).map_err(|problem| problem.report(name))
    }

    /// Compares the refcounts of the image in `file`, which nobody is writing, with what is in use.
    pub fn check(name: &str, file: &dyn Node) -> Result<Report> {
        Header::read(file)
            .and_then(|header| check::check(&header, file))
            .map_err(|problem| problem.report(name))
    }

    /// The backing node, if there is one.
    pub fn backing(&self) -> Option<Arc<dyn Node>> {
        self.backing.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// What the image said of itself when it was opened.
    pub fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// How far its file is in use: whoever keeps an image on a device has to see to it that the device is
    /// longer. `None` for an image that is only read, whose use does not grow.
    pub fn used_end(&self) -> Result<Option<u64>> {
        self.map().used_end(&*self.file).map_err(|problem| problem.report(&self.name))
    }

    fn run(&self, offset: u64, end: u64) -> std::result::Result<Run, Problem> {
        self.map().run(&self.header, &*self.file, offset, end)
    }

    fn read_run(
        &self,
        part: &mut [u8],
        offset: u64,
        mapping: Mapping,
    ) -> std::result::Result<(), Problem> {
        match mapping {
            Mapping::Zeros { .. } => part.fill(0),
            Mapping::Data { host, .. } => {
                let got = self.data.read_at(part, host)?;
                // A cluster may reach beyond the end of the file.
                part[got..].fill(0);
            }
            Mapping::Backing => self.read_below(part, offset)?,
            Mapping::Packed { packed, cluster } => {
                let bytes = self.unpack(packed)?;
                let start = (offset - cluster) as usize;
                part.copy_from_slice(&bytes[start..start + part.len()]);
            }
        }
        Ok(())
    }

    /// Reads from the backing image. Apart, and called by who reads, because an image of a long chain
    /// is read by the one above it, and that by the next: what is on the stack then must be little.
    #[inline(never)]
    fn read_below(&self, part: &mut [u8], offset: u64) -> Result<()> {
        let got = match self.backing() {
            Some(backing) => backing.read_at(part, offset)?,
            None => 0,
        };
        part[got..].fill(0);
        Ok(())
    }

    /// Reads the beginning of `part`, as far as it is in one place: how much that is. If the place is
    /// the backing image, it is still to be read, and the second is true.
    #[inline(never)]
    fn read_here(&self, part: &mut [u8], offset: u64) -> Result<(usize, bool)> {
        let read = self.run(offset, offset + part.len() as u64).and_then(|run| {
            let length = run.length as usize;
            if run.mapping == Mapping::Backing {
                return Ok((length, true));
            }
            self.read_run(&mut part[..length], offset, run.mapping)?;
            Ok((length, false))
        });
        read.map_err(|problem| problem.report(&self.name))
    }

    fn unpack(&self, packed: entry::Packed) -> std::result::Result<Arc<Vec<u8>>, Problem> {
        if let Some((which, bytes)) = &*self.last_unpacked()
            && *which == packed.offset
        {
            return Ok(bytes.clone());
        }
        let bytes = Arc::new(packed::unpack(&self.header, &*self.file, packed)?);
        *self.last_unpacked() = Some((packed.offset, bytes.clone()));
        Ok(bytes)
    }

    /// Other bytes are there now.
    fn forget_unpacked(&self, packed: entry::Packed) {
        self.last_unpacked().take_if(|(which, _)| *which == packed.offset);
    }

    fn last_unpacked(&self) -> MutexGuard<'_, Option<(u64, Arc<Vec<u8>>)>> {
        self.unpacked.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn extent(&self, offset: u64, limit: u64) -> std::result::Result<Extent, Problem> {
        let run = self.run(offset, limit)?;
        let extent = |kind| Extent::new(offset, run.length, kind);
        Ok(match run.mapping {
            Mapping::Zeros { allocated: true } => extent(ExtentKind::Zero),
            Mapping::Zeros { allocated: false } => extent(ExtentKind::Hole),
            Mapping::Data { host, .. } => self.data_extent(offset, run.length, host)?,
            Mapping::Packed { .. } => extent(ExtentKind::Data),
            Mapping::Backing => match self.backing_with_length()? {
                Some((backing, length)) if offset < length => {
                    let limit = (offset + run.length).min(length);
                    let below = match backing.file() {
                        Some(_) => self.solid_backing.extent_at(&*backing, offset, limit)?,
                        None => backing.extent_at(offset, limit)?,
                    };
                    Extent { depth: below.depth + 1, ..below }
                }
                _ => Extent { present: false, ..extent(ExtentKind::Hole) },
            },
        })
    }

    /// A range that has space in the data file. That may be a hole all the same: an image with
    /// preallocated metadata is full of those.
    fn data_extent(
        &self,
        offset: u64,
        length: u64,
        host: u64,
    ) -> std::result::Result<Extent, Problem> {
        let end = (host + length).min(self.data.length()?);
        if end <= host {
            return Ok(Extent::new(offset, length, ExtentKind::Zero));
        }
        let below = self.solid_data.extent_at(&*self.data, host, end)?;
        let kind = if below.kind.is_zero() { ExtentKind::Zero } else { ExtentKind::Data };
        Ok(Extent { host: Some(host), ..Extent::new(offset, below.length, kind) })
    }
}

/// The refcounts of an image that is to be written. Refuses what could be damaged by that.
fn refcounts_of(header: &mut Header, file: &dyn Node) -> std::result::Result<Refcounts, Problem> {
    if header.incompatible.contains(Incompatible::CORRUPT) {
        return Err(Problem::corrupt("it is marked as such, and can only be read"));
    }
    if header.incompatible.contains(Incompatible::DIRTY) {
        repair::repair(header, file)?;
    }
    Refcounts::new(header, file)
}

impl Node for Qcow2Node {
    crate::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        write_zeroes_fast,
        space_at,
        knows_holes,
        write_behind,
        settle
    );

    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        Ok(self.size())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let length = self.size().saturating_sub(offset).min(buffer.len() as u64);
        let end = offset + length;
        let mut at = offset;
        // A cluster that is found must not become another's while it is read.
        let _shared = self.writable.then(|| self.ranges.shared(offset, end));
        while at < end {
            let part = &mut buffer[(at - offset) as usize..length as usize];
            let (got, below) = self.read_here(part, at)?;
            if below {
                self.read_below(&mut part[..got], at)?;
            }
            at += got as u64;
        }
        Ok(length as usize)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.change(offset, data.len() as u64, || self.write(data, offset))
    }

    fn compression_unit(&self) -> Option<u64> {
        (!self.header.has_data_file()).then(|| self.header.cluster_size())
    }

    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()> {
        self.change(offset, data.len() as u64, || self.write_packed(data, offset))
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.change(offset, length, || self.zero(offset, length, may_unmap))
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        // Of parts of clusters nothing could be given back.
        let size = self.header.cluster_size();
        let end = offset.saturating_add(length).min(self.size());
        let end = if end == self.size() { end } else { end / size * size };
        let start = offset.min(end).next_multiple_of(size).min(end);
        self.change(start, end - start, || self.zero(start, end - start, true))
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        if offset >= limit {
            return Ok(Extent::new(offset, 0, ExtentKind::Hole));
        }
        self.extent(offset, limit).map_err(|problem| problem.report(&self.name))
    }

    fn profile(&self) -> Profile {
        let backing = self.backing.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let own = self.data.profile();
        backing.as_ref().map_or(own, |below| own.with(below.profile()))
    }

    fn space(&self) -> Result<Space> {
        Ok(Space::Sparse)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        let end = offset.saturating_add(length).min(self.size());
        let mut at = offset;
        loop {
            let part = self.next_unallocated_range(at, end, backing::MOST)?;
            if part.is_empty() {
                return Ok(());
            }
            self.copy_up(&part)?;
            at = part.end;
        }
    }

    fn file(&self) -> Option<&File> {
        None
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.set_size(length).map_err(|problem| problem.report(&self.name))
    }

    fn flush(&self) -> Result<()> {
        if !self.changing.load(Ordering::Acquire) {
            // Unless the first change has failed halfway.
            return self.map().usable().map_err(|problem| problem.report(&self.name));
        }
        self.commit().map_err(|problem| problem.report(&self.name))
    }
}

impl Drop for Qcow2Node {
    fn drop(&mut self) {
        // Whoever needs to know whether it worked has called flush. Twice: what the first has freed
        // is written by the second.
        if let Err(error) = self.flush().and_then(|()| self.flush()) {
            log::error!("image '{}' is closed without what was written last: {error:?}", self.name);
        }
    }
}
