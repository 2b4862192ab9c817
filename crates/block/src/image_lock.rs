//! The locks by which programs that use one image know of each other: QEMU's, on bytes of the image
//! file that need not exist.
//!
//! Byte 100 + n is locked (shared) by everybody who does n to the image; byte 200 + n by everybody
//! who does not bear others doing it. Whoever has locked its bytes looks whether another has locked
//! what contradicts them. The locks belong to the open file, and end with it.

use std::fs::File;
use std::ops::Range;

use nix::fcntl::{FcntlArg, fcntl};
use virsparse_base::errno::{Errno, SysResult};

/// What is done to an image: the numbers of QEMU's permissions.
const READ: i64 = 0;
const WRITE: i64 = 1;
const RESIZE: i64 = 3;

const DONE: i64 = 100;
const NOT_SHARED: i64 = 200;

/// Who writes a part of an image locks that part of the file so much further on, where no file ends.
/// QEMU does not look there, and need not: it has been refused by then.
const PARTS: u64 = 1 << 62;

/// How a lock was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Held,
    /// The filesystem has no locks: nobody can know of us, nor we of them.
    Unsupported,
}

/// Takes the locks of an open image back. Closing it does so too, but not while a process that the
/// host is just starting has inherited the file and not closed it yet.
pub fn unlock(file: &File) {
    let all = libc::flock { l_start: 0, l_len: 0, ..byte(0, libc::F_UNLCK) };
    // If they cannot be taken back they end with the file.
    if let Err(errno) = fcntl(file, FcntlArg::F_OFD_SETLK(&all)) {
        log::debug!("the locks of an image end when its file is closed: {errno}");
    }
}

/// Locks an open image for reading what does not change, or for changing it. EBUSY if another is in the
/// way.
pub fn lock(file: &File, writable: bool) -> SysResult<Taken> {
    let done: &[i64] = if writable { &[READ, WRITE, RESIZE] } else { &[READ] };
    // Neither a reader nor a writer bears another writer.
    lock_bytes(file, done, &[WRITE, RESIZE])
}

/// Locks an open image that others may change as well, but nobody may resize.
pub fn lock_shared(file: &File, writable: bool) -> SysResult<Taken> {
    lock_bytes(file, if writable { &[READ, WRITE] } else { &[READ] }, &[RESIZE])
}

/// Locks a part of an open image, which others may write in other parts: EAGAIN if somebody else has
/// locked some of it in this way. Who needs the image to be what it is, or to have the size that it
/// has, is in the way as for [`lock`].
pub fn lock_part(file: &File, part: &Range<u64>) -> SysResult<Taken> {
    if lock_bytes(file, &[WRITE, RESIZE], &[])? == Taken::Unsupported {
        return Ok(Taken::Unsupported);
    }
    if part.is_empty() {
        return Ok(Taken::Held);
    }
    let start = PARTS + part.start.min(PARTS - 1);
    let end = PARTS.saturating_add(part.end);
    // No length is all that follows.
    let length = if end > i64::MAX as u64 { 0 } else { end - start };
    let lock = libc::flock { l_len: length as i64, ..byte(start as i64, libc::F_WRLCK) };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&lock)).map_err(Errno::from) {
        Ok(_) => Ok(Taken::Held),
        Err(Errno::EACCES | Errno::EAGAIN) => Err(Errno::EAGAIN),
        Err(errno) => Err(errno),
    }
}

/// Whether others have locked parts of an image to write them.
pub fn has_parts(file: &File) -> SysResult<bool> {
    is_locked(file, libc::flock { l_len: 0, ..byte(PARTS as i64, libc::F_WRLCK) })
}

/// Whether others have locked an image in whatever way.
pub fn has_others(file: &File) -> SysResult<bool> {
    is_locked(file, libc::flock { l_len: 0, ..byte(DONE, libc::F_WRLCK) })
}

/// Whether somebody else holds a lock that contradicts this one.
fn is_locked(file: &File, mut lock: libc::flock) -> SysResult<bool> {
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut lock))?;
    Ok(i32::from(lock.l_type) != libc::F_UNLCK)
}

fn lock_bytes(file: &File, done: &[i64], not_shared: &[i64]) -> SysResult<Taken> {
    let bytes = || {
        done.iter()
            .map(|n| (DONE + n, NOT_SHARED + n))
            .chain(not_shared.iter().map(|n| (NOT_SHARED + n, DONE + n)))
    };
    for (own, _) in bytes() {
        match fcntl(file, FcntlArg::F_OFD_SETLK(&byte(own, libc::F_RDLCK))).map_err(Errno::from) {
            Ok(_) => {}
            Err(errno) if errno.is_unsupported() || errno == Errno::ENOLCK => {
                return Ok(Taken::Unsupported);
            }
            Err(errno) => return Err(errno),
        }
    }
    for (_, contradicting) in bytes() {
        if is_locked(file, byte(contradicting, libc::F_WRLCK))? {
            return Err(Errno::EBUSY);
        }
    }
    Ok(Taken::Held)
}

fn byte(start: i64, kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: start,
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image that is open twice.
    fn twice() -> (tempfile::NamedTempFile, File) {
        let one = tempfile::NamedTempFile::new().unwrap();
        let two = File::options().read(true).write(true).open(one.path()).unwrap();
        (one, two)
    }

    #[test]
    fn parts_may_be_written_at_once_unless_they_overlap() {
        let (one, two) = twice();
        let one = one.as_file();
        assert_eq!(lock_part(one, &(0..4096)), Ok(Taken::Held));
        assert_eq!(lock_part(&two, &(4095..4097)), Err(Errno::EAGAIN));
        assert_eq!(lock_part(&two, &(4096..u64::MAX)), Ok(Taken::Held));
        assert_eq!((has_parts(one), has_parts(&two)), (Ok(true), Ok(true)));
        unlock(&two);
        assert_eq!((has_parts(one), has_others(one)), (Ok(false), Ok(false)));
        assert_eq!(lock_part(&two, &(0..0)), Ok(Taken::Held));
        unlock(one);
        assert_eq!(lock_part(&two, &(0..u64::MAX)), Ok(Taken::Held));
        assert_eq!(lock_part(one, &(u64::MAX - 1..u64::MAX)), Err(Errno::EAGAIN));
    }

    #[test]
    fn a_part_is_not_written_while_somebody_relies_on_the_image() {
        type Lock = fn(&File) -> SysResult<Taken>;
        let locks: [Lock; 4] = [
            |file| lock(file, true),
            |file| lock(file, false),
            |file| lock_shared(file, true),
            |file| lock_shared(file, false),
        ];
        for lock in locks {
            let (one, two) = twice();
            assert_eq!(lock(one.as_file()), Ok(Taken::Held));
            assert_eq!(has_others(&two), Ok(true));
            assert_eq!(lock_part(&two, &(0..1)), Err(Errno::EBUSY));
            unlock(one.as_file());
            assert_eq!(lock_part(&two, &(0..1)), Ok(Taken::Held));
            assert_eq!(lock(one.as_file()), Err(Errno::EBUSY));
        }
    }
}
