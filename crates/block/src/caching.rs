//! How writes reach the medium: the modes that libvirt knows as `<driver cache='...'>`.

use std::fs::File;
use std::sync::Arc;

use super::{Extent, Node, Result, Space};

/// How an image is cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cache {
    /// Through the page cache; on the medium after a flush.
    #[default]
    Writeback,
    /// Through the page cache, and on the medium when a write returns.
    Writethrough,
    /// Past the page cache; on the medium after a flush.
    None,
    /// Past the page cache, and on the medium when a write returns.
    Directsync,
    /// Through the page cache; on the medium some time, whoever flushes. For what can be made again.
    Unsafe,
}

impl Cache {
    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Cache> {
        match name {
            "default" | "writeback" => Some(Cache::Writeback),
            "writethrough" => Some(Cache::Writethrough),
            "none" => Some(Cache::None),
            "directsync" => Some(Cache::Directsync),
            "unsafe" => Some(Cache::Unsafe),
            _ => None,
        }
    }

    /// Past the page cache.
    pub fn is_direct(self) -> bool {
        matches!(self, Cache::None | Cache::Directsync)
    }

    /// Every change is flushed.
    pub fn flushes_changes(self) -> bool {
        matches!(self, Cache::Writethrough | Cache::Directsync)
    }

    /// Flushes are not passed on to the medium.
    pub fn ignores_flushes(self) -> bool {
        self == Cache::Unsafe
    }
}

/// A node whose changes are on the medium when they return.
pub struct Flushed(pub Arc<dyn Node>);

impl Node for Flushed {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn length(&self) -> Result<u64> {
        self.0.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.0.write_at(data, offset)?;
        self.0.flush()
    }

    fn compression_unit(&self) -> Option<u64> {
        self.0.compression_unit()
    }

    fn write_compressed(&self, data: &[u8], offset: u64) -> Result<()> {
        self.0.write_compressed(data, offset)?;
        self.0.flush()
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.0.write_zeroes(offset, length, may_unmap)?;
        self.0.flush()
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        let done = self.0.write_zeroes_fast(offset, length, may_unmap)?;
        self.0.flush()?;
        Ok(done)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.0.discard(offset, length)?;
        self.0.flush()
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.0.extent_at(offset, limit)
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.0.space_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.0.space()
    }

    fn knows_holes(&self) -> bool {
        self.0.knows_holes()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.0.allocate(offset, length)?;
        self.0.flush()
    }

    fn file(&self) -> Option<&File> {
        self.0.file()
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.0.resize(length)?;
        self.0.flush()
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }

    fn settle(&self) -> Result<()> {
        self.0.settle()
    }
}
