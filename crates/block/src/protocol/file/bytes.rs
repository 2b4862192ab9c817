//! Reads and writes of a file that the kernel may do by half.

use std::io::{IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;

use nix::sys::uio::{preadv, pwritev};
use virsparse_base::errno::{Errno, errno_of};
use virsparse_base::sys;

use super::{Direct, FileNode};
use crate::{Node, Result};

/// The most buffers that the kernel reads or writes at once.
pub(super) const IOV_MAX: usize = libc::UIO_MAXIOV as usize;

impl FileNode {
    /// What comes before a write.
    pub(super) fn begin_write(&self, offset: u64, length: u64) -> Result<()> {
        let block = self.direct.as_ref().map_or(1, Direct::block);
        let end = offset.checked_add(length);
        let end = end.and_then(|end| end.checked_next_multiple_of(block)).ok_or(Errno::EFBIG);
        if self.device_block.is_none() {
            end.and_then(sys::allow_file_size).map_err(|e| self.error("write", e))?;
        }
        // Also if it fails: a part may have been written.
        self.note_written(offset, length);
        Ok(())
    }

    /// What comes after a write through the page cache.
    pub(super) fn wrote(&self, offset: u64, length: u64) -> Result<()> {
        match self.behind.get() {
            Some(behind) => {
                behind.wrote(&self.file, offset, length).map_err(|errno| self.error("write", errno))
            }
            None => Ok(()),
        }
    }

    pub(super) fn write_bytes(&self, data: &[u8], offset: u64) -> Result<()> {
        let mut done = 0;
        while done < data.len() {
            match self.file.write_at(&data[done..], offset + done as u64) {
                // A device takes no bytes past its end.
                Ok(0) => return Err(self.error("write", Errno::ENOSPC)),
                Ok(n) => done += n,
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => {}
                Err(e) => return Err(self.error("write", errno_of(&e))),
            }
        }
        Ok(())
    }

    /// Writes with one system call, and what that has left with one for each buffer. Returns the end.
    pub(super) fn write_vector(&self, data: &[IoSlice<'_>], offset: u64) -> Result<u64> {
        let start = i64::try_from(offset).map_err(|_| self.error("write", Errno::EFBIG))?;
        let mut written = match pwritev(&self.file, data, start).map_err(Errno::from) {
            Ok(written) => written,
            Err(Errno::EINTR) => 0,
            Err(errno) => return Err(self.error("write", errno)),
        };
        let mut at = offset;
        for data in data {
            let done = written.min(data.len());
            written -= done;
            if done < data.len() {
                self.write_bytes(&data[done..], at + done as u64)?;
            }
            at += data.len() as u64;
        }
        Ok(at)
    }

    /// Reads with one system call, and what that has left with one for each buffer.
    pub(super) fn read_vector(&self, buffers: &mut [IoSliceMut<'_>], offset: u64) -> Result<u64> {
        let start = i64::try_from(offset).map_err(|_| self.error("read", Errno::EINVAL))?;
        let mut read = match preadv(&self.file, buffers, start).map_err(Errno::from) {
            Ok(read) => read,
            Err(Errno::EINTR) => 0,
            Err(errno) => return Err(self.error("read", errno)),
        };
        let mut at = offset;
        for buffer in buffers {
            let mut done = read.min(buffer.len());
            read -= done;
            if done < buffer.len() {
                done += self.read_at(&mut buffer[done..], at + done as u64)?;
            }
            at += done as u64;
            if done < buffer.len() {
                break;
            }
        }
        Ok(at - offset)
    }
}
