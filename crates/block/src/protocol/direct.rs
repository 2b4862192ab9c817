//! Reading and writing a file past the page cache (O_DIRECT), which the kernel does only in whole
//! blocks from and to aligned memory: everything else goes through a buffer, and what shares a block
//! with it is read and written along.

use std::fs::File;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use virsparse_base::errno::{Errno, SysResult, errno_of};

use crate::range_lock::{RangeGuard, RangeLock};
use virsparse_base::sys;

/// So much goes through the buffer at once.
const MOST: u64 = 1 << 20;
/// What every disk can do, where nobody says what this one wants.
const COMMON_BLOCK: u64 = 4096;

/// How a file that is open with O_DIRECT is to be used.
pub struct Direct {
    /// What addresses of memory must be multiples of.
    memory: u64,
    /// What offsets and lengths must be multiples of.
    block: u64,
    /// The file ends where its last byte is, not with a block.
    regular: bool,
    /// What is read and written along with a part of a block must not be changed by another
    /// meanwhile: whoever changes a part has its blocks alone, and who changes whole blocks shares
    /// them. Who makes the file longer for a moment has everything from there on.
    ranges: RangeLock,
}

impl Direct {
    /// How to use `file`; `None` if it is not open with O_DIRECT. `block`: that of a device.
    pub fn of(file: &File, block: Option<u64>) -> SysResult<Option<Direct>> {
        let flags = OFlag::from_bits_retain(fcntl(file, FcntlArg::F_GETFL)?);
        if !flags.contains(OFlag::O_DIRECT) {
            return Ok(None);
        }
        let (memory, offsets) = match sys::direct_alignment(file)? {
            Some((0, _) | (_, 0)) => {
                probe(file)?;
                (COMMON_BLOCK, COMMON_BLOCK)
            }
            Some(known) => known,
            None => (block.unwrap_or(COMMON_BLOCK).max(512), block.unwrap_or(COMMON_BLOCK)),
        };
        Ok(Some(Direct {
            memory,
            block: offsets,
            regular: block.is_none(),
            ranges: RangeLock::default(),
        }))
    }

    /// The unit in which the file is written.
    pub fn block(&self) -> u64 {
        self.block
    }

    /// Holds off changes of parts of blocks in a range that is changed as a whole, or, without an
    /// end, whose change may make the file longer.
    pub fn share(&self, offset: u64, end: Option<u64>) -> RangeGuard<'_> {
        let end = end.map_or(u64::MAX, |end| self.up(end));
        self.ranges.shared(self.down(offset), end)
    }

    /// Holds off everything that changes the file.
    pub fn alone(&self) -> RangeGuard<'_> {
        self.ranges.exclusive(0, u64::MAX)
    }

    /// The file's length, when nobody has made it longer for a moment.
    pub fn length(&self, file: &File) -> SysResult<u64> {
        let _end = self.ranges.shared(u64::MAX - 1, u64::MAX);
        Self::present_length(file)
    }

    fn present_length(file: &File) -> SysResult<u64> {
        file.metadata().map(|metadata| metadata.len()).map_err(|e| errno_of(&e))
    }

    fn down(&self, offset: u64) -> u64 {
        offset / self.block * self.block
    }

    fn up(&self, offset: u64) -> u64 {
        offset.checked_next_multiple_of(self.block).unwrap_or(u64::MAX)
    }

    fn is_aligned(&self, memory: &[u8], offset: u64) -> bool {
        (memory.as_ptr() as u64).is_multiple_of(self.memory)
            && offset.is_multiple_of(self.block)
            && (memory.len() as u64).is_multiple_of(self.block)
    }

    /// Whether several buffers can be read or written by one system call: each has whole blocks.
    pub fn is_aligned_vector<'b>(
        &self,
        buffers: impl IntoIterator<Item = &'b [u8]>,
        offset: u64,
    ) -> bool {
        // If every buffer has whole blocks, each begins at one.
        buffers.into_iter().all(|buffer| self.is_aligned(buffer, offset))
    }

    /// Reads at `offset`; returns less than asked only at the end.
    pub fn read(&self, file: &File, buffer: &mut [u8], offset: u64) -> SysResult<usize> {
        if self.is_aligned(buffer, offset) {
            return self.read_blocks(file, buffer, offset);
        }
        let end = offset + buffer.len() as u64;
        let mut bounce = self.bounce(offset, end)?;
        let mut at = offset;
        while at < end {
            let first = self.down(at);
            let last = self.up(end).min(first + MOST);
            let bytes = bounce.bytes((last - first) as usize);
            let got = first + self.read_blocks(file, bytes, first)? as u64;
            let stop = got.min(end).max(at);
            let part = &bytes[(at - first) as usize..(stop - first) as usize];
            buffer[(at - offset) as usize..][..part.len()].copy_from_slice(part);
            at = stop;
            if got < last {
                break;
            }
        }
        Ok((at - offset) as usize)
    }

    /// Writes all of `data` at `offset`.
    pub fn write(&self, file: &File, data: &[u8], offset: u64) -> SysResult<()> {
        let end = offset.checked_add(data.len() as u64).ok_or(Errno::EFBIG)?;
        let (first, last) = (self.down(offset), self.up(end));
        if (first, last) == (offset, end) {
            let _shared = self.ranges.shared(first, last);
            return self.write_range(file, data, offset);
        }
        let mut alone = self.ranges.exclusive(first, last);
        let mut size = if self.regular { Self::present_length(file)? } else { u64::MAX };
        if last > size {
            drop(alone);
            alone = self.ranges.exclusive(first, u64::MAX);
            size = Self::present_length(file)?;
        }
        let written = self.write_range(file, data, offset);
        if last > size && Self::present_length(file)? > size {
            // The rest of the last block is not the file's.
            let length = if written.is_ok() { end.max(size) } else { size };
            sys::truncate(file, length)?;
        }
        drop(alone);
        written
    }

    /// Writes `data`, and what is around it in its first and last block.
    fn write_range(&self, file: &File, data: &[u8], offset: u64) -> SysResult<()> {
        if self.is_aligned(data, offset) {
            return write_blocks(file, data, offset);
        }
        let end = offset + data.len() as u64;
        let mut bounce = self.bounce(offset, end)?;
        let mut at = offset;
        while at < end {
            let first = self.down(at);
            let last = self.up(end).min(first + MOST);
            let bytes = bounce.bytes((last - first) as usize);
            let stop = last.min(end);
            if first < at {
                self.read_around(file, &mut bytes[..self.block as usize], first)?;
            }
            let last_block = last - self.block;
            if stop < last && (last_block > first || first == at) {
                let start = (last_block - first) as usize;
                self.read_around(file, &mut bytes[start..], last_block)?;
            }
            let part = &data[(at - offset) as usize..(stop - offset) as usize];
            bytes[(at - first) as usize..][..part.len()].copy_from_slice(part);
            write_blocks(file, bytes, first)?;
            at = stop;
        }
        Ok(())
    }

    /// Reads a block that is written again; behind the end there are zeros.
    fn read_around(&self, file: &File, block: &mut [u8], offset: u64) -> SysResult<()> {
        let got = self.read_blocks(file, block, offset)?;
        block[got..].fill(0);
        Ok(())
    }

    fn read_blocks(&self, file: &File, buffer: &mut [u8], offset: u64) -> SysResult<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match file.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(n) => done += n,
                Err(e) if e.raw_os_error() == Some(libc::EINTR) => continue,
                Err(e) => return Err(errno_of(&e)),
            }
            // Less than whole blocks is the end; so is nothing.
            if !(done as u64).is_multiple_of(self.block) || done == 0 {
                break;
            }
            if done < buffer.len() && offset + done as u64 >= self.end_of(file)? {
                break;
            }
        }
        Ok(done)
    }

    fn end_of(&self, file: &File) -> SysResult<u64> {
        if self.regular { Self::present_length(file) } else { sys::block_device_size(file) }
    }

    fn bounce(&self, offset: u64, end: u64) -> SysResult<Bounce> {
        let most = (self.up(end) - self.down(offset)).min(MOST);
        let memory = sys::zeroed((most + self.memory) as usize)?;
        Ok(Bounce { memory, align: self.memory as usize })
    }
}

/// Looks whether a file can be read for which the filesystem says that it has no direct reads: ext4
/// with data=journal accepts O_DIRECT and goes through the page cache. QEMU tries, too. EINVAL is the
/// kernel's word that it cannot be done.
fn probe(file: &File) -> SysResult<()> {
    let align = COMMON_BLOCK as usize;
    let mut bounce = Bounce { memory: vec![0; 2 * align], align };
    loop {
        match file.read_at(bounce.bytes(align), 0).map_err(|e| errno_of(&e)) {
            Err(Errno::EINTR) => {}
            Err(Errno::EINVAL) => return Err(Errno::EINVAL),
            // Whatever else is wrong is told by whoever reads it.
            Ok(_) | Err(_) => return Ok(()),
        }
    }
}

/// A buffer with an aligned part.
struct Bounce {
    memory: Vec<u8>,
    align: usize,
}

impl Bounce {
    fn bytes(&mut self, length: usize) -> &mut [u8] {
        let address = self.memory.as_ptr() as usize;
        let start = address.next_multiple_of(self.align) - address;
        &mut self.memory[start..start + length]
    }
}

fn write_blocks(file: &File, data: &[u8], offset: u64) -> SysResult<()> {
    let mut done = 0;
    while done < data.len() {
        match file.write_at(&data[done..], offset + done as u64) {
            // A device takes no bytes past its end.
            Ok(0) => return Err(Errno::ENOSPC),
            Ok(n) => done += n,
            Err(e) if e.raw_os_error() == Some(libc::EINTR) => {}
            Err(e) => return Err(errno_of(&e)),
        }
    }
    Ok(())
}
