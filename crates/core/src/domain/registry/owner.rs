//! Which process a running domain belongs to: the one that holds the lock on a file beside its
//! sockets. The lock ends with the process, however that ends, so nobody is taken for alive who is
//! not, and no process for another that has got its number.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::{FcntlArg, fcntl};
use virsparse_base::errno::Errno;
use virsparse_base::memory::fallible;

/// A lock that is held.
pub struct Owner(File);

impl Owner {
    /// Takes the lock; `None` if somebody has it.
    pub fn take(path: &Path) -> io::Result<Option<Owner>> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole(libc::F_WRLCK))).map_err(Errno::from) {
            Ok(_) => {}
            Err(Errno::EAGAIN | Errno::EACCES) => return Ok(None),
            Err(errno) => return Err(errno.into()),
        }
        let text = std::process::id().to_string();
        crate::sys::allow_file_size(text.len() as u64)?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())?;
        Ok(Some(Owner(file)))
    }

    /// The process that has the lock, if one has; 0 if it has not said yet which it is.
    pub fn of(path: &Path) -> io::Result<Option<u32>> {
        let mut file = match File::open(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        // A look takes no lock that could be in the way of who wants it.
        let mut found = whole(libc::F_WRLCK);
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut found))?;
        if i32::from(found.l_type) == libc::F_UNLCK {
            return Ok(None);
        }
        let mut text = Vec::new();
        fallible(|| file.read_to_end(&mut text))?;
        Ok(Some(str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).unwrap_or(0)))
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Closing does so too, but not while a child that was just forked has the file open.
        if let Err(errno) = fcntl(&self.0, FcntlArg::F_OFD_SETLK(&whole(libc::F_UNLCK))) {
            log::debug!("the lock of a domain's owner ends when its file is closed: {errno}");
        }
    }
}

fn whole(kind: i32) -> libc::flock {
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_the_lock_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("owner");
        assert_eq!(Owner::of(&path).unwrap(), None);
        let owner = Owner::take(&path).unwrap().unwrap();
        assert_eq!(Owner::of(&path).unwrap(), Some(std::process::id()));
        assert!(Owner::take(&path).unwrap().is_none());
        drop(owner);
        assert_eq!(Owner::of(&path).unwrap(), None);
        assert!(Owner::take(&path).unwrap().is_some());
    }
}
