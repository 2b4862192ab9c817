//! Flushing every change.

use std::fs::File;
use std::sync::Arc;

use crate::{Extent, Node, Result, Space};

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
