//! Zeros and space in files and on devices: by the filesystem where that can, and by writing where not.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use nix::fcntl::FallocateFlags;
use virsparse_base::sys;

use super::FileNode;
use crate::{Extent, ExtentKind, Node, Result};

/// Zeros are written in pieces of this size where the medium cannot make them itself.
const ZERO_BUFFER: usize = 64 * 1024;

impl FileNode {
    pub(super) fn write_zero_bytes(&self, mut offset: u64, mut length: u64) -> Result<()> {
        let zeros = [0; ZERO_BUFFER];
        while length > 0 {
            let piece = length.min(ZERO_BUFFER as u64);
            self.write_at(&zeros[..piece as usize], offset)?;
            offset += piece;
            length -= piece;
        }
        Ok(())
    }

    /// Whether the file has less space than bytes, so that there may be holes in it.
    pub(super) fn may_have_holes(&self) -> Result<bool> {
        let metadata = self.metadata()?;
        Ok(metadata.blocks().saturating_mul(512) < metadata.len())
    }

    /// Whether nothing can be there from `offset` on, though the filesystem does not tell holes: the file
    /// had no space when it was opened, and has no more now than what was written before `offset` since
    /// then. That it has some shows that its filesystem counts; not all do.
    pub(super) fn is_hole_from(&self, offset: u64) -> Result<bool> {
        if !self.was_hole || offset < self.written_to.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let space = self.metadata()?.blocks().saturating_mul(512);
        Ok((1..=self.written.load(Ordering::Relaxed)).contains(&space))
    }

    /// Makes a range inside a regular file read as zeros, by writing them over what is data. Where the
    /// filesystem keeps holes and does not tell where they are, it calls them data: what reads as zeros
    /// is left as it is, or the holes would be filled.
    pub(super) fn zero_by_writing(&self, offset: u64, end: u64) -> Result<()> {
        if self.is_hole_from(offset)? {
            return Ok(());
        }
        let looks = self.may_have_holes()?;
        self.each_extent(offset, end, |extent| match extent.kind {
            ExtentKind::Data if looks => self.write_zeros_where(extent, false),
            ExtentKind::Data => self.write_zero_bytes(extent.offset, extent.length),
            _ => Ok(()),
        })
    }

    /// Writes zeros over those pieces of an extent that read as zeros, or over those that do not.
    pub(super) fn write_zeros_where(&self, extent: Extent, zero: bool) -> Result<()> {
        let zeros = [0; ZERO_BUFFER];
        let mut buffer = vec![0; ZERO_BUFFER];
        let mut at = extent.offset;
        while at < extent.end() {
            let length = (extent.end() - at).min(ZERO_BUFFER as u64) as usize;
            let got = self.read_at(&mut buffer[..length], at)?;
            if (buffer[..got] == zeros[..got]) == zero {
                self.write_at(&zeros[..length], at)?;
            }
            at += length as u64;
        }
        Ok(())
    }

    /// Gives a range space where the filesystem cannot be asked to: holes are filled with zeros. Where
    /// it does not tell where they are, they are what reads as zeros.
    pub(super) fn allocate_by_writing(&self, offset: u64, length: u64) -> Result<()> {
        let end = offset + length;
        let size = self.length()?;
        if end > size {
            // Fails at once for more than a file can have; writing would fill the medium first.
            self.resize(end)?;
            let new = offset.max(size);
            self.write_zero_bytes(new, end - new)?;
        }
        let looks = self.may_have_holes()?;
        self.each_extent(offset, end.min(size), |extent| match extent.kind {
            ExtentKind::Data if looks => self.write_zeros_where(extent, true),
            ExtentKind::Data => Ok(()),
            _ => self.write_zero_bytes(extent.offset, extent.length),
        })
    }

    /// Zeroes a range inside a regular file, if the filesystem can do that by itself.
    pub(super) fn zero_by_filesystem(
        &self,
        offset: u64,
        length: u64,
        may_unmap: bool,
    ) -> Result<bool> {
        let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let punch = FallocateFlags::FALLOC_FL_PUNCH_HOLE | keep;
        let zero = FallocateFlags::FALLOC_FL_ZERO_RANGE | keep;
        let modes: &[FallocateFlags] = if may_unmap { &[punch, zero] } else { &[zero] };
        let _shared = self.share(offset, Some(offset + length));
        for mode in modes {
            match sys::fallocate(&self.file, *mode, offset, length) {
                Ok(()) => return Ok(true),
                Err(errno) if errno.is_unsupported() => {
                    if *mode == punch {
                        self.holes_are_hidden("make", errno);
                    }
                }
                Err(errno) => return Err(self.error("zero a range of", errno)),
            }
        }
        Ok(false)
    }

    /// Zeroes a range of a block device: its whole blocks by the device, the rest by writing.
    pub(super) fn zero_on_device(
        &self,
        offset: u64,
        length: u64,
        block: u64,
        may_unmap: bool,
    ) -> Result<()> {
        let end = offset + length;
        let first = offset.next_multiple_of(block);
        let last = end / block * block;
        if first >= last {
            return self.write_zero_bytes(offset, length);
        }
        self.write_zero_bytes(offset, first - offset)?;
        self.write_zero_bytes(last, end - last)?;
        let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
        // Both read as zeros afterwards by the kernel's promise; NO_HIDE_STALE would not.
        let unmap = FallocateFlags::FALLOC_FL_PUNCH_HOLE | keep;
        let zero = FallocateFlags::FALLOC_FL_ZERO_RANGE | keep;
        let modes: &[FallocateFlags] = if may_unmap { &[unmap, zero] } else { &[zero] };
        for mode in modes {
            let _shared = self.share(first, Some(last));
            if sys::fallocate(&self.file, *mode, first, last - first).is_ok() {
                return Ok(());
            }
        }
        self.write_zero_bytes(first, last - first)
    }
}
