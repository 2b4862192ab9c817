//! The locks by which programs that use one image know of each other: QEMU's, on bytes of the image
//! file that need not exist.
//!
//! Byte 100 + n is locked (shared) by everybody who does n to the image; byte 200 + n by everybody
//! who does not bear others doing it. Whoever has locked its bytes looks whether another has locked
//! what contradicts them. The locks belong to the open file, and end with it.

use std::fs::File;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};

/// What is done to an image: the numbers of QEMU's permissions.
const READ: i64 = 0;
const WRITE: i64 = 1;
const RESIZE: i64 = 3;

const DONE: i64 = 100;
const NOT_SHARED: i64 = 200;

/// Takes the locks of an open image back. Closing it does so too, but not while a process that the
/// host is just starting has inherited the file and not closed it yet.
pub fn unlock(file: &File) {
    let all = libc::flock { l_start: 0, l_len: 0, ..byte(0, libc::F_UNLCK) };
    // If they cannot be taken back they end with the file.
    if let Err(errno) = fcntl(file, FcntlArg::F_OFD_SETLK(&all)) {
        log::debug!("the locks of an image end when its file is closed: {errno}");
    }
}

/// Locks an open image for reading what does not change, or for changing it.
pub fn lock(file: &File, writable: bool) -> nix::Result<()> {
    let done: &[i64] = if writable { &[READ, WRITE, RESIZE] } else { &[READ] };
    // Neither a reader nor a writer bears another writer.
    lock_bytes(file, done, &[WRITE, RESIZE])
}

/// Locks an open image that others may change as well, but nobody may resize.
pub fn lock_shared(file: &File, writable: bool) -> nix::Result<()> {
    lock_bytes(file, if writable { &[READ, WRITE] } else { &[READ] }, &[RESIZE])
}

fn lock_bytes(file: &File, done: &[i64], not_shared: &[i64]) -> nix::Result<()> {
    let bytes = || {
        done.iter()
            .map(|n| (DONE + n, NOT_SHARED + n))
            .chain(not_shared.iter().map(|n| (NOT_SHARED + n, DONE + n)))
    };
    for (own, _) in bytes() {
        match fcntl(file, FcntlArg::F_OFD_SETLK(&byte(own, libc::F_RDLCK))) {
            Ok(_) => {}
            // A filesystem without locks: nobody can know of us, nor we of them.
            Err(Errno::ENOLCK | Errno::EOPNOTSUPP | Errno::EINVAL | Errno::ENOSYS) => return Ok(()),
            Err(errno) => return Err(errno),
        }
    }
    for (_, contradicting) in bytes() {
        let mut found = byte(contradicting, libc::F_WRLCK);
        fcntl(file, FcntlArg::F_OFD_GETLK(&mut found))?;
        if i32::from(found.l_type) != libc::F_UNLCK {
            return Err(Errno::EBUSY);
        }
    }
    Ok(())
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
