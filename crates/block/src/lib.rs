#![forbid(unsafe_code)]
//! Block nodes: what a disk's bytes are read from and written to.
//!
//! A node is a length of bytes with holes: a file, a block device, memory. Nodes are used from
//! several threads at once.

mod backing_name;
mod caching;
mod chain;
pub mod copy;
mod direct;
pub mod export;
mod file;
mod files;
mod gate;
mod image_lock;
mod json;
mod magic;
mod memory;
mod memory_files;
pub mod nbd;
mod open;
pub mod qcow2;
mod range_lock;
mod slot;
mod whole_sectors;
mod write_behind;

pub use backing_name::{BackingName, Target as BackingTarget};
pub use caching::Cache;
pub use chain::{Chain, Image, MOST_IMAGES};
pub use file::FileNode;
pub use files::{FileFacts, FileKind, Files, ImageFile, RealFiles};
pub use gate::{Closed, Gate};
pub use memory::MemoryNode;
pub use memory_files::{MemoryFile, MemoryFiles, MemoryFolder, MemoryImage};
pub use open::{Format, OpenOptions, below as backing_of, has_protocol, open};
pub use range_lock::{RangeGuard, RangeLock};
pub use slot::DiskSlot;
pub use whole_sectors::WholeSectors;

use std::fs::File;
use std::ops::Range;

use nix::errno::Errno;

use virsparse_base::sys;

/// Image formats and guests count a disk in units of this size. A raw file may end inside of one.
pub const SECTOR: u64 = 512;

/// A failed operation on a node: what could not be done to which image, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockError {
    /// What could not be done, with the image's name: "Unable to write /pool/disk".
    pub what: String,
    /// Why.
    pub errno: Errno,
}

/// A range that a caller names, all to the end if `length` is 0. `None` if it reaches beyond `size`.
pub fn range_within(offset: u64, length: u64, size: u64) -> Option<Range<u64>> {
    let end = offset.checked_add(length).filter(|end| *end <= size)?;
    Some(offset..if length == 0 { size } else { end })
}

/// The result of an operation on a node.
pub type Result<T> = std::result::Result<T, BlockError>;

/// Zeros, in memory that may not be there.
pub fn buffer(length: usize) -> Result<Vec<u8>> {
    sys::zeroed(length)
        .map_err(|errno| BlockError { what: format!("a buffer of {length} bytes"), errno })
}

/// Whether a range holds data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtentKind {
    /// Bytes that must be read to be known.
    Data,
    /// Reads as zeros, and takes space.
    Zero,
    /// Reads as zeros, and takes no space.
    Hole,
}

impl ExtentKind {
    /// Whether the bytes are zero, as can be said without reading them.
    pub fn is_zero(self) -> bool {
        self != ExtentKind::Data
    }
}

/// A range of a node in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub offset: u64,
    pub length: u64,
    pub kind: ExtentKind,
    /// Which image of a backing chain it is in: 0 for the node itself, 1 for its backing node.
    pub depth: u32,
    /// Whether that image says so itself. Where no image of the chain says anything, zeros are read,
    /// and the depth is that of the last image that was asked.
    pub present: bool,
    /// Where the range begins in the file of that image, if its bytes are there as they are.
    pub host: Option<u64>,
}

impl Extent {
    /// A range that the node itself knows of.
    pub fn new(offset: u64, length: u64, kind: ExtentKind) -> Extent {
        Extent { offset, length, kind, depth: 0, present: true, host: None }
    }

    /// The part that begins `skip` bytes later and has at most `length` bytes.
    pub fn part(&self, skip: u64, length: u64) -> Extent {
        Extent {
            offset: self.offset + skip,
            length: length.min(self.length - skip),
            host: self.host.map(|host| host + skip),
            ..*self
        }
    }

    /// The first byte after the range.
    pub fn end(&self) -> u64 {
        self.offset + self.length
    }
}

/// The images of a chain that are above another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Above {
    /// The depth of the other one.
    pub depth: u32,
    /// The length of the other one; 0 where there is none.
    pub length: u64,
}

impl Above {
    /// All images of a chain.
    pub const NOTHING: Above = Above { depth: u32::MAX, length: 0 };

    /// Whether what is read in a range of the chain is due to these images, and is not the same
    /// without them.
    pub fn says(&self, extent: &Extent) -> bool {
        match extent.kind.is_zero() {
            // Where the other one has nothing, zeros are read in any case; where it has something, it
            // must be hidden. An image that ends hides it, too.
            true => extent.offset < self.length && (extent.depth < self.depth || !extent.present),
            false => extent.depth < self.depth,
        }
    }
}

/// How much of a node's space its medium has given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// None at all: everything reads as zeros, and there is nothing to free.
    Fresh,
    /// Less than its length: it is sparse, and should stay so.
    Sparse,
    /// All of it. Writing zeros there keeps it that way.
    Full,
}

/// A block node. Offsets and lengths are in bytes.
///
/// Threads may use it at once, but what makes it longer (or shorter) has it alone: of two that do,
/// one could cut off what the other has written.
pub trait Node: Send + Sync {
    /// What messages call it.
    fn name(&self) -> &str;

    /// The present length.
    fn length(&self) -> Result<u64>;

    /// Reads at `offset`; returns less than asked only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes all of `data` at `offset`.
    fn write_at(&self, data: &[u8], offset: u64) -> Result<()>;

    /// The unit in which [`Node::write_compressed`] compresses; `None` if the medium cannot.
    fn compression_unit(&self) -> Option<u64> {
        None
    }

    /// Writes all of `data` at `offset`, compressed as far as it consists of whole units (the last
    /// one may be cut off by the node's end) that become smaller.
    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()> {
        self.write_at(data, offset)
    }

    /// Makes a range read as zeros, and gives its space back if `may_unmap` and the medium can.
    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()>;

    /// The same, if that takes less time than to write zeros. False where it would not, or where
    /// that is not known; the range is then as it was.
    fn write_zeroes_fast(&self, _offset: u64, _length: u64, _may_unmap: bool) -> Result<bool> {
        Ok(false)
    }

    /// Says that a range is not needed any more. What it reads as afterwards is not defined, unless
    /// the medium defines it; the space may be given back.
    fn discard(&self, offset: u64, length: u64) -> Result<()>;

    /// The state at `offset`, for as far as it reaches but not beyond `limit`, an offset that is
    /// at most the node's length. Never empty unless `offset` is at `limit`.
    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent>;

    /// The same, where space that holds nothing yet is told from a hole: it is of kind `Zero`. That takes
    /// longer, and the bytes of such a range may have been written by the time it is told.
    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.extent_at(offset, limit)
    }

    /// How much space the node has.
    fn space(&self) -> Result<Space>;

    /// Whether holes are known to [`Node::extent_at`]. Where not, zeros are found by reading.
    fn knows_holes(&self) -> bool {
        true
    }

    /// Gives a range space, without changing what it reads as. Does nothing where space is not
    /// given out in advance.
    fn allocate(&self, offset: u64, length: u64) -> Result<()>;

    /// The file behind the node, for what only files can do.
    fn file(&self) -> Option<&File> {
        None
    }

    /// Sets the length. What is added reads as zeros.
    fn resize(&self, length: u64) -> Result<()>;

    /// Brings everything written to stable storage.
    fn flush(&self) -> Result<()>;

    /// From now on what is written is brought to stable storage soon: whoever flushes at the end then has
    /// little to wait for. Does nothing where there is no such storage.
    fn write_behind(&self) {}

    /// Reports write errors that the medium has held back until a close (network filesystems).
    fn settle(&self) -> Result<()> {
        Ok(())
    }
}
