//! Flushing every change.

use std::io::IoSlice;

use super::Filter;
use crate::{Node, Result};

/// Makes changes be on the medium when they return.
pub struct Flushed;

impl Filter for Flushed {
    crate::pass_on!(
        name,
        length,
        read_at,
        compression_unit,
        extent_at,
        space_at,
        space,
        knows_holes,
        file,
        flush,
        write_behind,
        settle,
        read_vectored_at,
        profile
    );

    fn write_at(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        below.write_at(data, offset)?;
        below.flush()
    }

    fn write_vectored_at(&self, below: &dyn Node, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        below.write_vectored_at(data, offset)?;
        below.flush()
    }

    fn write_compressed(&self, below: &dyn Node, data: &[u8], offset: u64) -> Result<()> {
        below.write_compressed(data, offset)?;
        below.flush()
    }

    fn write_zeroes(&self, below: &dyn Node, offset: u64, length: u64, unmap: bool) -> Result<()> {
        below.write_zeroes(offset, length, unmap)?;
        below.flush()
    }

    fn write_zeroes_fast(
        &self,
        below: &dyn Node,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        let done = below.write_zeroes_fast(offset, length, may_unmap)?;
        below.flush()?;
        Ok(done)
    }

    fn discard(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        below.discard(offset, length)?;
        below.flush()
    }

    fn allocate(&self, below: &dyn Node, offset: u64, length: u64) -> Result<()> {
        below.allocate(offset, length)?;
        below.flush()
    }

    fn resize(&self, below: &dyn Node, length: u64) -> Result<()> {
        below.resize(length)?;
        below.flush()
    }
}
