//! Raw files and block devices.

use std::cmp;
use std::fs::{File, Metadata};
use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nix::fcntl::FallocateFlags;
use virsparse_base::errno::{Errno, SysResult, errno_of};

mod bytes;
mod zeros;

use self::bytes::IOV_MAX;
use super::direct::Direct;
use super::write_behind::WriteBehind;
use crate::image_lock::Taken;
use crate::range_lock::RangeGuard;
use crate::{
    BlockError, Extent, ExtentKind, Node, Result, Space, image_lock, read_by_pieces, total_length,
    write_by_pieces,
};
use virsparse_base::sys;

/// An open regular file or block device.
pub struct FileNode {
    file: File,
    name: String,
    /// The unit in which a block device zeroes ranges; `None` for a regular file.
    device_block: Option<u64>,
    /// It is open with O_DIRECT.
    direct: Option<Direct>,
    /// Whether it matters what is on the medium.
    durable: bool,
    /// What is written is brought to the medium soon.
    behind: OnceLock<WriteBehind>,
    /// It holds the locks of an image.
    locked: AtomicBool,
    /// It had bytes and no space when it was opened: a hole, if its filesystem counts at all.
    was_hole: bool,
    /// What has been written to it through this node since then, in bytes, and how far that reaches.
    written: AtomicU64,
    written_to: AtomicU64,
    /// The filesystem has no locks.
    lockless: AtomicBool,
    /// The filesystem could not tell or make a hole: one that it keeps may be told as data.
    hides_holes: AtomicBool,
}

impl FileNode {
    /// A node over an open file; `name` is what messages call it.
    pub fn new(file: File, name: impl Into<String>) -> Result<FileNode> {
        let name = name.into();
        let fail = |errno| BlockError { what: format!("Unable to open {name}"), errno };
        let metadata = file.metadata().map_err(|e| fail(errno_of(&e)))?;
        let file_type = metadata.file_type();
        let device_block = if file_type.is_block_device() {
            Some(sys::logical_block_size(&file).map_err(fail)?)
        } else if file_type.is_file() {
            None
        } else {
            return Err(fail(if file_type.is_dir() { Errno::EISDIR } else { Errno::EINVAL }));
        };
        let direct = Direct::of(&file, device_block).map_err(|errno| match errno {
            Errno::EINVAL => BlockError {
                what: format!("Unable to open {name}: its filesystem does not support O_DIRECT"),
                errno,
            },
            _ => fail(errno),
        })?;
        Ok(FileNode {
            file,
            name,
            device_block,
            direct,
            durable: true,
            behind: OnceLock::new(),
            locked: AtomicBool::new(false),
            was_hole: file_type.is_file() && metadata.len() > 0 && metadata.blocks() == 0,
            written: AtomicU64::new(0),
            written_to: AtomicU64::new(0),
            lockless: AtomicBool::new(false),
            hides_holes: AtomicBool::new(false),
        })
    }

    /// Does not bring anything to the medium from now on: the system does when it likes.
    pub fn ignore_flushes(&mut self) {
        self.durable = false;
    }

    /// Brings the file to stable storage with all that is known of it, also if flushes are ignored. After a
    /// failure all later ones fail, too: the kernel tells an error once.
    pub fn sync_all(&self) -> Result<()> {
        self.synced(File::sync_all)
    }

    fn synced(&self, sync: impl FnOnce(&File) -> io::Result<()>) -> Result<()> {
        let behind = self.behind.get();
        let done = behind.map_or(Ok(()), WriteBehind::check);
        let done = done.and_then(|()| sync(&self.file).map_err(|e| errno_of(&e)));
        done.map_err(|errno| {
            if let Some(behind) = behind {
                behind.fail(errno);
            }
            self.error("flush", errno)
        })
    }

    /// Whether it is a block device, whose size is not ours to change.
    pub fn is_device(&self) -> bool {
        self.device_block.is_some()
    }

    /// Locks the image against others, for reading what does not change or for changing it.
    pub fn lock(&self, writable: bool) -> Result<()> {
        // Even where another's are in the way, some have been taken.
        self.locked.store(true, Ordering::Release);
        self.note_lock(image_lock::lock(&self.file, writable))
    }

    /// Locks a part of the image for writing it, while others write other parts: EAGAIN if the parts
    /// overlap, EBUSY if the image is in use otherwise.
    pub fn lock_part(&self, part: &Range<u64>) -> Result<()> {
        self.locked.store(true, Ordering::Release);
        self.note_lock(image_lock::lock_part(&self.file, part))
    }

    fn note_lock(&self, taken: SysResult<Taken>) -> Result<()> {
        let taken = taken.map_err(|errno| self.error("lock", errno))?;
        if taken == Taken::Unsupported {
            log::debug!("{}: the filesystem has no locks", self.name);
            self.lockless.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether the locks that were taken are seen by others: not every filesystem has them.
    pub fn has_locks(&self) -> bool {
        !self.lockless.load(Ordering::Relaxed)
    }

    /// Whether others have locked parts of the image to write them.
    pub fn has_part_writers(&self) -> Result<bool> {
        image_lock::has_parts(&self.file).map_err(|errno| self.error("look at locks of", errno))
    }

    /// Whether others have locked the image, in whatever way.
    pub fn has_other_users(&self) -> Result<bool> {
        image_lock::has_others(&self.file).map_err(|errno| self.error("look at locks of", errno))
    }

    /// Takes the locks back.
    pub fn unlock(&self) {
        if self.locked.swap(false, Ordering::AcqRel) {
            image_lock::unlock(&self.file);
        }
    }

    /// The same file, opened once more, for writing or only for reading. It is not locked.
    pub fn open_again(&self, writable: bool) -> Result<FileNode> {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let flags = if self.direct.is_some() { libc::O_DIRECT } else { 0 };
        let file = File::options().read(true).write(writable).custom_flags(flags).open(path);
        let file = file.map_err(|e| self.error("open", errno_of(&e)))?;
        let mut again = FileNode::new(file, &*self.name)?;
        again.durable = self.durable;
        Ok(again)
    }

    /// Locks the image against those who would not share it.
    pub fn lock_shared(&self, writable: bool) -> Result<()> {
        self.locked.store(true, Ordering::Release);
        self.note_lock(image_lock::lock_shared(&self.file, writable))
    }

    /// Holds off, on a file with O_DIRECT, who changes a part of a block in a range.
    fn share(&self, offset: u64, end: Option<u64>) -> Option<RangeGuard<'_>> {
        self.direct.as_ref().map(|direct| direct.share(offset, end))
    }

    fn metadata(&self) -> Result<Metadata> {
        self.file.metadata().map_err(|e| self.error("measure", errno_of(&e)))
    }

    fn error(&self, action: &str, errno: Errno) -> BlockError {
        BlockError { what: format!("Unable to {action} {}", self.name), errno }
    }

    fn note_written(&self, offset: u64, length: u64) {
        if self.was_hole {
            self.written.fetch_add(length, Ordering::Relaxed);
            self.written_to.fetch_max(offset.saturating_add(length), Ordering::Relaxed);
        }
    }

    fn each_extent(
        &self,
        offset: u64,
        end: u64,
        mut what: impl FnMut(Extent) -> Result<()>,
    ) -> Result<()> {
        let mut at = offset;
        while at < end {
            let extent = self.extent_at(at, end)?;
            what(extent)?;
            at = extent.end();
        }
        Ok(())
    }

    /// Asks the kernel for data; the inner error is its answer.
    fn seek_data(&self, offset: i64) -> Result<SysResult<Option<u64>>> {
        let found = sys::seek_data(&self.file, offset);
        if found != Err(Errno::ENOENT) {
            return Ok(found);
        }
        // ext4 with inline_data answers so while the file has data in its inode and in pages that are
        // not written back. Linux 6.18 loses what is in these pages when one is read in whole that was
        // written in part, so they are written back before anything is read.
        self.file.sync_data().map_err(|e| self.error("flush", errno_of(&e)))?;
        Ok(sys::seek_data(&self.file, offset))
    }

    /// Whether the kernel does not know where there is data, or has failed to find out.
    fn cannot_tell(&self, errno: Errno) -> Result<()> {
        match errno {
            errno if errno.is_unsupported() || matches!(errno, Errno::ENOENT | Errno::ENOTTY) => {
                self.holes_are_hidden("tell", errno);
                Ok(())
            }
            _ => Err(self.error("find the data of", errno)),
        }
    }

    /// Notes that the filesystem cannot tell where its holes are, or make some.
    fn holes_are_hidden(&self, action: &str, errno: Errno) {
        if !self.hides_holes.swap(true, Ordering::Relaxed) {
            log::debug!("{}: the filesystem cannot {action} holes ({errno})", self.name);
        }
    }
}

impl Drop for FileNode {
    fn drop(&mut self) {
        self.unlock();
    }
}

impl Node for FileNode {
    crate::plain!(queue, profile, compression_unit, write_compressed);

    fn name(&self) -> &str {
        &self.name
    }

    fn length(&self) -> Result<u64> {
        if self.device_block.is_some() {
            return sys::block_device_size(&self.file).map_err(|e| self.error("measure", e));
        }
        if let Some(direct) = &self.direct {
            return direct.length(&self.file).map_err(|e| self.error("measure", e));
        }
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        if let Some(direct) = &self.direct {
            return direct.read(&self.file, buffer, offset).map_err(|e| self.error("read", e));
        }
        let mut done = 0;
        while done < buffer.len() {
            match self.file.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => {}
                Err(e) => return Err(self.error("read", errno_of(&e))),
            }
        }
        Ok(done)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.begin_write(offset, data.len() as u64)?;
        if let Some(direct) = &self.direct {
            return direct.write(&self.file, data, offset).map_err(|e| self.error("write", e));
        }
        self.write_bytes(data, offset)?;
        self.wrote(offset, data.len() as u64)
    }

    fn read_vectored_at(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<usize> {
        let slices = || buffers.iter().map(|buffer| &**buffer);
        if self.direct.as_ref().is_some_and(|direct| !direct.is_aligned_vector(slices(), offset)) {
            return read_by_pieces(buffers, offset, |buffer, at| self.read_at(buffer, at));
        }
        let mut done = 0;
        for buffers in buffers.chunks_mut(IOV_MAX) {
            let wanted = total_length(buffers.iter().map(|buffer| &**buffer));
            let got = self.read_vector(buffers, offset + done)?;
            done += got;
            if got < wanted {
                break;
            }
        }
        Ok(done as usize)
    }

    fn write_vectored_at(&self, data: &[IoSlice<'_>], offset: u64) -> Result<()> {
        let slices = || data.iter().map(|data| &**data);
        if self.direct.as_ref().is_some_and(|direct| !direct.is_aligned_vector(slices(), offset)) {
            return write_by_pieces(data, offset, |data, at| self.write_at(data, at));
        }
        let length = total_length(slices());
        self.begin_write(offset, length)?;
        let end = Some(offset.saturating_add(length));
        let _shared = self.share(offset, end);
        let mut at = offset;
        for data in data.chunks(IOV_MAX) {
            at = self.write_vector(data, at)?;
        }
        self.wrote(offset, length)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        if length == 0 {
            return Ok(());
        }
        if let Some(block) = self.device_block {
            return self.zero_on_device(offset, length, block, may_unmap);
        }
        let end = offset.checked_add(length).ok_or_else(|| self.error("extend", Errno::EFBIG))?;
        let size = self.length()?;
        if end > size {
            let _alone = self.direct.as_ref().map(Direct::alone);
            // What a file grows by is a hole.
            if self.metadata()?.len() < end {
                sys::truncate(&self.file, end).map_err(|e| self.error("extend", e))?;
            }
        }
        if offset < size {
            let length = end.min(size) - offset;
            if !self.zero_by_filesystem(offset, length, may_unmap)? {
                self.zero_by_writing(offset, offset + length)?;
            }
        }
        Ok(())
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        // The kernel may do the writing for a device, and does not say so.
        let size = self.length()?;
        let inside = offset.checked_add(length).is_some_and(|end| end <= size);
        if length == 0 || self.device_block.is_some() || !inside {
            return Ok(length == 0);
        }
        self.zero_by_filesystem(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        // Beyond the end there is nothing; a device rounds inwards by itself.
        let length = length.min(self.length()?.saturating_sub(offset));
        if length == 0 {
            return Ok(());
        }
        let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
        let _shared = self.share(offset, Some(offset + length));
        match sys::fallocate(
            &self.file,
            FallocateFlags::FALLOC_FL_PUNCH_HOLE | keep,
            offset,
            length,
        ) {
            Ok(()) => Ok(()),
            // It is only advice.
            Err(errno) if errno.is_unsupported() => Ok(()),
            Err(errno) => Err(self.error("discard a range of", errno)),
        }
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        let end = limit.max(offset);
        let extent = |end: u64, kind| {
            let host = (kind == ExtentKind::Data).then_some(offset);
            Extent { host, ..Extent::new(offset, end - offset, kind) }
        };
        if end == offset || self.device_block.is_some() {
            return Ok(extent(end, ExtentKind::Data));
        }
        // What the kernel cannot tell is data: that must be read to be known.
        let data = match self.seek_data(offset as i64)? {
            Ok(Some(data)) => data.max(offset),
            Ok(None) => end,
            Err(errno) => {
                self.cannot_tell(errno)?;
                offset
            }
        };
        if data > offset {
            return Ok(extent(data.min(end), ExtentKind::Hole));
        }
        let hole = match sys::seek_hole(&self.file, offset as i64) {
            Ok(hole) => hole,
            Err(errno) => {
                self.cannot_tell(errno)?;
                None
            }
        };
        // The file may have changed between the two calls; an empty extent would never end.
        let hole = hole.filter(|hole| *hole > offset).unwrap_or(end);
        Ok(extent(hole.min(end), ExtentKind::Data))
    }

    fn space_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        let extent = self.extent_at(offset, limit)?;
        if extent.kind != ExtentKind::Hole {
            return Ok(extent);
        }
        // SEEK_HOLE calls reserved space a hole, as long as nothing has been written there.
        let reserved = match sys::allocated_range(&self.file, offset, extent.end()) {
            Ok(reserved) => reserved,
            // A filesystem that does not say.
            Err(Errno::EOPNOTSUPP | Errno::ENOTTY | Errno::EINVAL) => None,
            Err(errno) => return Err(self.error("find the space of", errno)),
        };
        Ok(match reserved {
            Some(range) if range.start == offset => {
                Extent { kind: ExtentKind::Zero, ..extent.part(0, range.end - offset) }
            }
            Some(range) => extent.part(0, range.start - offset),
            None => extent,
        })
    }

    fn space(&self) -> Result<Space> {
        if self.device_block.is_some() {
            return Ok(Space::Full);
        }
        let metadata = self.metadata()?;
        let allocated = metadata.blocks().saturating_mul(512);
        let nothing = allocated == 0 && matches!(sys::seek_data(&self.file, 0), Ok(None));
        Ok(match allocated {
            _ if nothing => Space::Fresh,
            bytes if bytes < metadata.len() => Space::Sparse,
            _ => Space::Full,
        })
    }

    fn knows_holes(&self) -> bool {
        self.device_block.is_none() && !self.hides_holes.load(Ordering::Relaxed)
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        if self.device_block.is_some() || length == 0 {
            return Ok(());
        }
        let shared = self.share(offset, None);
        let allocated = sys::fallocate(&self.file, FallocateFlags::empty(), offset, length);
        drop(shared);
        match allocated {
            Ok(()) => Ok(()),
            Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => self.allocate_by_writing(offset, length),
            Err(errno) => Err(self.error("allocate space in", errno)),
        }
    }

    fn file(&self) -> Option<&File> {
        Some(&self.file)
    }

    fn resize(&self, length: u64) -> Result<()> {
        // A device has the size that it has.
        if self.device_block.is_some() {
            return match length.cmp(&self.length()?) {
                cmp::Ordering::Less => Err(self.error("shorten", Errno::EOPNOTSUPP)),
                cmp::Ordering::Equal => Ok(()),
                cmp::Ordering::Greater => Err(self.error("extend", Errno::ENOSPC)),
            };
        }
        let _alone = self.direct.as_ref().map(Direct::alone);
        sys::truncate(&self.file, length).map_err(|e| self.error("resize", e))
    }

    fn flush(&self) -> Result<()> {
        if !self.durable {
            return Ok(());
        }
        self.synced(File::sync_data)
    }

    fn write_behind(&self) {
        // What goes past the page cache is on its way already.
        if self.direct.is_none() {
            self.behind.get_or_init(WriteBehind::default);
        }
    }

    fn settle(&self) -> Result<()> {
        sys::close_errors(&self.file).map_err(|e| self.error("close", e))
    }
}
