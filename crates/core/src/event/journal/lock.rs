//! The lock under which a journal's file is written: one for each open file, so that it is between processes
//! and also between two users in one process.

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use virsparse_base::errno::{Errno, SysResult};

/// The first pause between two attempts, and the longest one: who has the lock writes one line.
const PAUSES: [Duration; 2] = [Duration::from_micros(20), Duration::from_millis(2)];

/// A file, while nobody else writes to it.
pub struct Locked(File);

impl Locked {
    /// Waits for the lock, for `patience` at most: who has it may have been stopped. ETIMEDOUT after
    /// that.
    pub fn take(file: File, patience: Duration) -> io::Result<Locked> {
        let begun = Instant::now();
        let [mut pause, longest] = PAUSES;
        loop {
            match set(&file, libc::F_WRLCK) {
                Ok(()) => return Ok(Locked(file)),
                Err(Errno::EAGAIN | Errno::EACCES) if begun.elapsed() < patience => {}
                Err(Errno::EAGAIN | Errno::EACCES) => return Err(Errno::ETIMEDOUT.into()),
                Err(errno) => return Err(errno.into()),
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(longest);
        }
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing does so too, but not while a child that was just forked has the file open.
        if let Err(errno) = set(&self.0, libc::F_UNLCK) {
            log::debug!("the lock of the events ends when the file is closed: {errno}");
        }
    }
}

fn set(file: &File, kind: i32) -> SysResult<()> {
    let whole = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&whole)).map(drop).map_err(Errno::from)
}
