//! Filters: what happens to the requests of a node on their way to the node below it.
//!
//! A filter implements [`Filter`], and [`Filtered`] makes a node of it and of what is below. The filters
//! of a disk in use are put in and taken out by its [`Gate`](gate::Gate).

pub mod block_backend;
pub mod flushed;
pub mod gate;
pub mod meter;
pub mod mirror;
mod pass_on;
pub mod skip_unchanged;
pub mod throttle;
pub mod whole_blocks;
pub mod whole_sectors;

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::sync::Arc;

use crate::queue::RequestQueue;
use crate::{Extent, Node, Profile, Result, Space};

/// What is done with each operation of a node on its way to the node `below`.
///
/// No operation has a default: a filter says of each that it passes it on unchanged
/// ([`pass_on!`](crate::pass_on)), that it hides what the node below could do ([`hide!`](crate::hide)),
/// or what it does instead. One that forgets an operation does not compile:
///
/// ```compile_fail,E0046
/// use virsparse_block::{Node, Result, filter::Filter};
///
/// struct Forgetful;
///
/// impl Filter for Forgetful {
///     // Without write_zeroes_fast, fast zeros would get past whatever the filter does with writes.
///     virsparse_block::pass_on!(
///         name, length, read_at, write_at, write_zeroes, discard, extent_at, space_at, space,
///         profile, knows_holes, allocate, resize, flush, write_behind, settle,
///     );
///     virsparse_block::hide!(
///         read_vectored_at, write_vectored_at, compression_unit, write_compressed, file,
///     );
/// }
/// ```
///
/// With it, it does:
///
/// ```
/// use std::sync::Arc;
/// use virsparse_block::{MemoryNode, Node, Result, filter::{Filter, Filtered}};
///
/// struct Complete;
///
/// impl Filter for Complete {
///     virsparse_block::pass_on!(
///         name, length, read_at, write_at, write_zeroes, discard, extent_at, space_at, space,
///         profile, knows_holes, allocate, resize, flush, write_behind, settle,
///     );
///     virsparse_block::hide!(
///         read_vectored_at, write_vectored_at, compression_unit, write_compressed, file,
///         write_zeroes_fast,
///     );
/// }
///
/// let node = Filtered::new(Arc::new(Complete), Arc::new(MemoryNode::new("disk", 4096)));
/// assert_eq!(node.length(), Ok(4096));
/// ```
pub trait Filter: Send + Sync {
    /// See [`Node::name`].
    fn name<'a>(&'a self, below: &'a dyn Node) -> &'a str;
    /// See [`Node::length`].
    fn length(&self, below: &dyn Node) -> Result<u64>;
    /// See [`Node::read_at`].
    fn read_at(&self, below: &dyn Node, buffer: &mut [u8], offset: u64) -> Result<usize>;
    /// See [`Node::write_at`].
    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()>;
    /// See [`Node::read_vectored_at`].
    fn read_vectored_at(
        &self,
        below: &dyn Node,
        buffers: &mut [IoSliceMut<'_>],
        offset: u64,
    ) -> Result<usize>;
    /// See [`Node::write_vectored_at`].
    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()>;
    /// See [`Node::compression_unit`].
    fn compression_unit(&self, below: &dyn Node) -> Option<u64>;
    /// See [`Node::write_compressed`].
    fn write_compressed(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()>;
    /// See [`Node::write_zeroes`].
    fn write_zeroes(&self, below: &dyn Node, offset: u64, length: u64, unmap: bool) -> Result<()>;
    /// See [`Node::write_zeroes_fast`].
    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool>;
    /// See [`Node::discard`].
    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()>;
    /// See [`Node::extent_at`].
    fn extent_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent>;
    /// See [`Node::space_at`].
    fn space_at(&self, below: &dyn Node, offset: u64, limit: u64) -> Result<Extent>;
    /// See [`Node::space`].
    fn space(&self, below: &dyn Node) -> Result<Space>;
    /// See [`Node::profile`].
    fn profile(&self, below: &dyn Node) -> Profile;
    /// See [`Node::knows_holes`].
    fn knows_holes(&self, below: &dyn Node) -> bool;
    /// See [`Node::allocate`].
    fn allocate(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()>;
    /// See [`Node::file`]. What is done to the file gets past the filter.
    fn file<'a>(&'a self, below: &'a dyn Node) -> Option<&'a File>;
    /// See [`Node::resize`].
    fn resize(&self, below: &dyn Node, length: u64) -> Result<()>;
    /// See [`Node::flush`].
    fn flush(&self, below: &dyn Node) -> Result<()>;
    /// See [`Node::write_behind`].
    fn write_behind(&self, below: &dyn Node);
    /// See [`Node::settle`].
    fn settle(&self, below: &dyn Node) -> Result<()>;
}

/// A filter over the node below it, as a node.
pub struct Filtered<F: Filter + ?Sized> {
    filter: Arc<F>,
    below: Arc<dyn Node>,
}

impl<F: Filter + ?Sized> Filtered<F> {
    /// Puts a filter over a node.
    pub fn new(filter: Arc<F>, below: Arc<dyn Node>) -> Filtered<F> {
        Filtered { filter, below }
    }

    /// The filter.
    pub fn filter(&self) -> &Arc<F> {
        &self.filter
    }

    /// The node below it.
    pub fn below(&self) -> &Arc<dyn Node> {
        &self.below
    }
}

impl<F: Filter + ?Sized> Node for Filtered<F> {
    fn name(&self) -> &str {
        self.filter.name(&*self.below)
    }

    fn length(&self) -> Result<u64> {
        self.filter.length(&*self.below)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.filter.read_at(&*self.below, buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.filter.write_at(&*self.below, data, offset)
    }

    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        self.filter.read_vectored_at(&*self.below, buffers, offset)
    }

    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        self.filter.write_vectored_at(&*self.below, data, offset)
    }

    fn compression_unit(&self) -> Option<u64> {
        self.filter.compression_unit(&*self.below)
    }

    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()> {
        self.filter.write_compressed(&*self.below, data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.filter.write_zeroes(&*self.below, offset, length, may_unmap)
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.filter.write_zeroes_fast(&*self.below, offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.filter.discard(&*self.below, offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.filter.extent_at(&*self.below, offset, limit)
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.filter.space_at(&*self.below, offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.filter.space(&*self.below)
    }

    fn profile(&self) -> Profile {
        self.filter.profile(&*self.below)
    }

    /// Requests of such a queue would get past the filter.
    fn queue(&self) -> Option<Box<dyn RequestQueue>> {
        None
    }

    fn knows_holes(&self) -> bool {
        self.filter.knows_holes(&*self.below)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.filter.allocate(&*self.below, offset, length)
    }

    fn file(&self) -> Option<&File> {
        self.filter.file(&*self.below)
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.filter.resize(&*self.below, length)
    }

    fn flush(&self) -> Result<()> {
        self.filter.flush(&*self.below)
    }

    fn write_behind(&self) {
        self.filter.write_behind(&*self.below);
    }

    fn settle(&self) -> Result<()> {
        self.filter.settle(&*self.below)
    }
}
