//! The trait of all block nodes.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use crate::queue::RequestQueue;
use crate::{BlockError, Extent, Profile, Result};
use virsparse_base::sys;

/// Image formats and guests count a disk in units of this size. A raw file may end inside of one.
pub const SECTOR: u64 = 512;

/// A range that a caller names, all to the end if `length` is 0. `None` if it reaches beyond `size`.
pub fn range_within(offset: u64, length: u64, size: u64) -> Option<Range<u64>> {
    let end = offset.checked_add(length).filter(|end| *end <= size)?;
    Some(offset..if length == 0 { size } else { end })
}

/// Zeros, in memory that may not be there.
pub fn buffer(length: usize) -> Result<Vec<u8>> {
    sys::zeroed(length)
        .map_err(|errno| BlockError { what: format!("a buffer of {length} bytes"), errno })
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
///
/// No operation has a default, so that no node forgets one. What a node has nothing special to say about
/// is answered by [`plain!`](crate::plain).
pub trait Node: Send + Sync {
    /// What messages call it.
    fn name(&self) -> &str;

    /// The present length.
    fn length(&self) -> Result<u64>;

    /// Reads at `offset`; returns less than asked only at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes all of `data` at `offset`.
    fn write_at(&self, data: &[u8], offset: u64) -> Result<()>;

    /// Reads at `offset` into one buffer after the other, as [`Node::read_at`] into one.
    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize>;

    /// Writes one buffer after the other at `offset`, as [`Node::write_at`] one.
    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()>;

    /// The unit in which [`Node::write_compressed`] compresses; `None` if the medium cannot.
    fn compression_unit(&self) -> Option<u64>;

    /// Writes all of `data` at `offset`, compressed as far as it consists of whole units (the last
    /// one may be cut off by the node's end) that become smaller.
    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()>;

    /// Makes a range read as zeros, and gives its space back if `may_unmap` and the medium can.
    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()>;

    /// Does what [`Node::write_zeroes`] does, if that takes less time than to write zeros. False where it
    /// would not, or where that is not known; the range is then as it was.
    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool>;

    /// Says that a range is not needed any more. What it reads as afterwards is not defined, unless
    /// the medium defines it; the space may be given back.
    fn discard(&self, offset: u64, length: u64) -> Result<()>;

    /// The state at `offset`, for as far as it reaches but not beyond `limit`, an offset that is
    /// at most the node's length. Never empty unless `offset` is at `limit`.
    ///
    /// The extents of an image over another, and which of the two has them:
    ///
    /// ```
    /// use std::fs::File;
    /// use virsparse_block::{ExtentKind, FileNode, Format, NewImage, Node, OpenOptions, open};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("top.qcow2");
    /// std::fs::write(folder.path().join("base.raw"), [7; 65536])?;
    /// let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    /// let backing = Some(("base.raw".to_string(), "raw".to_string()));
    /// let image = NewImage { size: 1 << 20, backing, ..NewImage::default() };
    /// Format::Qcow2.create(&FileNode::new(file, "top.qcow2")?, &image)?;
    /// let writable = OpenOptions { writable: true, ..OpenOptions::new(Format::Qcow2) };
    /// let disk = open(&path, writable)?;
    /// disk.write_at(&[1; 65536], 131072)?;
    ///
    /// let (mut found, mut at, length) = (Vec::new(), 0, disk.length()?);
    /// while at < length {
    ///     let extent = disk.extent_at(at, length)?;
    ///     if extent.kind == ExtentKind::Data {
    ///         found.push((extent.offset, extent.length, extent.depth));
    ///     }
    ///     at = extent.end();
    /// }
    /// assert_eq!(found, [(0, 65536, 1), (131072, 65536, 0)]);
    /// # Ok(())
    /// # }
    /// ```
    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent>;

    /// What [`Node::extent_at`] returns, where space that holds nothing yet is told from a hole: it is of
    /// kind `Zero`. That takes longer, and the bytes of such a range may have been written by the time it
    /// is told.
    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent>;

    /// How much space the node has.
    fn space(&self) -> Result<Space>;

    /// How requests are best made.
    fn profile(&self) -> Profile;

    /// A queue of the node's own, for many requests under way from one thread. `None` if it has none:
    /// [`queue_of`](crate::queue::queue_of) makes one.
    fn queue(&self) -> Option<Box<dyn RequestQueue>>;

    /// Whether holes are known to [`Node::extent_at`]. Where not, zeros are found by reading.
    fn knows_holes(&self) -> bool;

    /// Gives a range space, without changing what it reads as. Does nothing where space is not
    /// given out in advance.
    fn allocate(&self, offset: u64, length: u64) -> Result<()>;

    /// The file behind the node, for what only files can do.
    fn file(&self) -> Option<&File>;

    /// Sets the length. What is added reads as zeros.
    fn resize(&self, length: u64) -> Result<()>;

    /// Brings everything written to stable storage.
    fn flush(&self) -> Result<()>;

    /// From now on what is written is brought to stable storage soon: whoever flushes at the end then has
    /// little to wait for. Does nothing where there is no such storage.
    fn write_behind(&self);

    /// Reports write errors that the medium has held back until a close (network filesystems).
    fn settle(&self) -> Result<()>;
}

/// The bytes of several buffers.
pub fn total_length<'a>(buffers: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    buffers.into_iter().map(|buffer| buffer.len() as u64).sum()
}

/// Reads into one buffer after the other with `read`, which returns less than asked only at the end.
pub fn read_by_pieces(
    buffers: &mut [IoSliceMut<'_>],
    offset: u64,
    mut read: impl FnMut(&mut [u8], u64) -> Result<usize>,
) -> Result<usize> {
    let mut done = 0;
    for buffer in buffers {
        let got = read(buffer, offset + done as u64)?;
        done += got;
        if got < buffer.len() {
            break;
        }
    }
    Ok(done)
}

/// Writes one buffer after the other with `write`.
pub fn write_by_pieces(
    data: &[IoSlice<'_>],
    offset: u64,
    mut write: impl FnMut(&[u8], u64) -> Result<()>,
) -> Result<()> {
    let mut at = offset;
    for data in data {
        write(data, at)?;
        at = at.saturating_add(data.len() as u64);
    }
    Ok(())
}

/// Implements operations of [`Node`] for a node that has nothing special to offer there, by
/// their names: it reads and writes several buffers one by one, has no queue, does not compress, is no file, has no fast way to write zeros, knows its holes.
#[macro_export]
macro_rules! plain {
    ($($operation:ident),+ $(,)?) => { $($crate::plain!(@ $operation);)+ };
    (@ read_vectored_at) => {
        fn read_vectored_at(
            &self,
            buffers: &mut [std::io::IoSliceMut<'_>],
            offset: u64,
        ) -> $crate::Result<usize> {
            $crate::read_by_pieces(buffers, offset, |buffer, at| self.read_at(buffer, at))
        }
    };
    (@ write_vectored_at) => {
        fn write_vectored_at(
            &self,
            data: &[std::io::IoSlice<'_>],
            offset: u64,
        ) -> $crate::Result<()> {
            $crate::write_by_pieces(data, offset, |data, at| self.write_at(data, at))
        }
    };
    (@ profile) => {
        fn profile(&self) -> $crate::Profile {
            $crate::Profile::CACHED
        }
    };
    (@ queue) => {
        fn queue(&self) -> Option<Box<dyn $crate::queue::RequestQueue>> {
            None
        }
    };
    (@ compression_unit) => {
        fn compression_unit(&self) -> Option<u64> {
            None
        }
    };
    (@ write_compressed) => {
        fn write_compressed(&self, data: &[u8], offset: u64) -> $crate::Result<()> {
            self.write_at(data, offset)
        }
    };
    (@ write_zeroes_fast) => {
        fn write_zeroes_fast(&self, _: u64, _: u64, _: bool) -> $crate::Result<bool> {
            Ok(false)
        }
    };
    (@ space_at) => {
        fn space_at(&self, offset: u64, limit: u64) -> $crate::Result<$crate::Extent> {
            self.extent_at(offset, limit)
        }
    };
    (@ knows_holes) => {
        fn knows_holes(&self) -> bool {
            true
        }
    };
    (@ file) => {
        fn file(&self) -> Option<&std::fs::File> {
            None
        }
    };
    (@ write_behind) => {
        fn write_behind(&self) {}
    };
    (@ settle) => {
        fn settle(&self) -> $crate::Result<()> {
            Ok(())
        }
    };
}
