//! qcow2 images, after the public format specification.

mod cache;
mod entry;
mod header;
mod map;
mod packed;
mod problem;

use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard};

use nix::errno::Errno;

pub use header::{Header, Incompatible};
use map::{Map, Place, Run};
use problem::Problem;

use super::{BlockError, Extent, ExtentKind, Node, Result, Space};

/// A qcow2 image that is read.
pub struct Qcow2Node {
    name: String,
    header: Header,
    /// The image itself.
    file: Arc<dyn Node>,
    /// Where its data is: the same, or an external data file.
    data: Arc<dyn Node>,
    backing: Option<Arc<dyn Node>>,
    map: Mutex<Map>,
    /// The last cluster that was uncompressed: readers mostly want the rest of it next.
    unpacked: Mutex<Option<(u64, Arc<Vec<u8>>)>>,
}

impl Qcow2Node {
    /// An image whose header has been read from `file`. `data` is its external data file, if the
    /// header names one; `backing` its backing image.
    pub fn new(
        name: impl Into<String>,
        header: Header,
        file: Arc<dyn Node>,
        data: Option<Arc<dyn Node>>,
        backing: Option<Arc<dyn Node>>,
    ) -> Qcow2Node {
        let map = Mutex::new(Map::new(&header));
        Qcow2Node {
            name: name.into(),
            header,
            data: data.unwrap_or_else(|| file.clone()),
            file,
            backing,
            map,
            unpacked: Mutex::new(None),
        }
    }

    /// Reads the header of the image in `file`.
    pub fn read_header(name: &str, file: &dyn Node) -> Result<Header> {
        Header::read(file).map_err(|problem| problem.report(name))
    }

    /// What the header says.
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn map(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn run(&self, offset: u64, end: u64) -> std::result::Result<Run, Problem> {
        self.map().run(&self.header, &*self.file, offset, end)
    }

    fn read_run(
        &self,
        part: &mut [u8],
        offset: u64,
        place: Place,
    ) -> std::result::Result<(), Problem> {
        match place {
            Place::Zeros { .. } => part.fill(0),
            Place::Data { host } => {
                let got = self.data.read_at(part, host)?;
                // A cluster may reach beyond the end of the file.
                part[got..].fill(0);
            }
            Place::Backing => {
                let got = match &self.backing {
                    Some(backing) => backing.read_at(part, offset)?,
                    None => 0,
                };
                part[got..].fill(0);
            }
            Place::Packed { packed, cluster } => {
                let bytes = self.unpack(packed)?;
                let start = (offset - cluster) as usize;
                part.copy_from_slice(&bytes[start..start + part.len()]);
            }
        }
        Ok(())
    }

    fn unpack(&self, packed: entry::Packed) -> std::result::Result<Arc<Vec<u8>>, Problem> {
        let mut last = self.unpacked.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((which, bytes)) = &*last
            && *which == packed.offset
        {
            return Ok(bytes.clone());
        }
        let bytes = Arc::new(packed::unpack(&self.header, &*self.file, packed)?);
        *last = Some((packed.offset, bytes.clone()));
        Ok(bytes)
    }

    fn extent(&self, offset: u64, limit: u64) -> std::result::Result<Extent, Problem> {
        let run = self.run(offset, limit)?;
        let extent = |kind| Extent::new(offset, run.length, kind);
        Ok(match run.place {
            Place::Zeros { allocated: true } => extent(ExtentKind::Zero),
            Place::Zeros { allocated: false } => extent(ExtentKind::Hole),
            Place::Data { host } => self.data_extent(offset, run.length, host)?,
            Place::Packed { .. } => extent(ExtentKind::Data),
            Place::Backing => match &self.backing {
                Some(backing) if offset < backing.length()? => {
                    let limit = (offset + run.length).min(backing.length()?);
                    let below = backing.extent_at(offset, limit)?;
                    Extent { depth: below.depth + 1, ..below }
                }
                _ => extent(ExtentKind::Hole),
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
        let below = self.data.extent_at(host, end)?;
        let kind = if below.kind.is_zero() { ExtentKind::Zero } else { ExtentKind::Data };
        Ok(Extent { host: Some(host), ..Extent::new(offset, below.length, kind) })
    }

    fn read_only(&self) -> BlockError {
        BlockError { what: format!("Unable to write {}", self.name), errno: Errno::EROFS }
    }
}

impl Node for Qcow2Node {
    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        Ok(self.header.size)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let length = self.header.size.saturating_sub(offset).min(buffer.len() as u64);
        let end = offset + length;
        let mut at = offset;
        while at < end {
            let run = self.run(at, end).map_err(|problem| problem.report(&self.name))?;
            let start = (at - offset) as usize;
            let part = &mut buffer[start..start + run.length as usize];
            self.read_run(part, at, run.place).map_err(|problem| problem.report(&self.name))?;
            at += run.length;
        }
        Ok(length as usize)
    }

    fn write_at(&self, _data: &[u8], _offset: u64) -> Result<()> {
        Err(self.read_only())
    }

    fn write_zeroes(&self, _offset: u64, _length: u64, _may_unmap: bool) -> Result<()> {
        Err(self.read_only())
    }

    fn discard(&self, _offset: u64, _length: u64) -> Result<()> {
        Err(self.read_only())
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        if offset >= limit {
            return Ok(Extent::new(offset, 0, ExtentKind::Hole));
        }
        self.extent(offset, limit).map_err(|problem| problem.report(&self.name))
    }

    fn space(&self) -> Result<Space> {
        Ok(Space::Sparse)
    }

    fn allocate(&self, _offset: u64, _length: u64) -> Result<()> {
        Err(self.read_only())
    }

    fn file(&self) -> Option<&File> {
        None
    }

    fn resize(&self, _length: u64) -> Result<()> {
        Err(self.read_only())
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }
}
