//! Changes of the state. They are made by one process at a time, under a lock.
//!
//! Each holder of the lock that changes something gives the lock's file another time of change, a
//! mark that tells this change from all others. So a process need not read everything again after a
//! change of its own, and sees one that another process made in the same moment.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::{Deref, Range};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::stat::futimens;
use nix::sys::time::TimeSpec;
use virsparse_base::memory::fallible;

use super::{Folder, Staged, Stamp, StateDir, remove};
use crate::error::*;

/// How many seconds a mark is from the one before: FAT keeps every other second.
const MARK_STEP: i64 = 2;

/// The state, while nobody else changes it.
pub struct Locked<'a> {
    state: &'a StateDir,
    lock: Flock<File>,
    is_marked: Cell<bool>,
    /// Something was changed, or its change has failed, that the caller has not noted.
    is_unnoted: Cell<bool>,
}

/// How long another process may change the state. A change is a few small files; who takes longer is
/// stopped, or its disk does not answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it is waited between two looks: at first as long as a change takes.
const PAUSES: Range<Duration> = Duration::from_micros(100)..Duration::from_millis(10);

impl StateDir {
    /// Waits until no other process changes the state.
    ///
    /// Errors: VIR_ERR_OPERATION_TIMEOUT if one does so for too long, VIR_ERR_SYSTEM_ERROR.
    pub fn lock(&self) -> Result<Locked<'_>> {
        self.lock_within(PATIENCE)
    }

    /// The same for somebody who has less time.
    pub fn lock_within(&self, patience: Duration) -> Result<Locked<'_>> {
        let path = self.lock_path();
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| self.failed(&e, "cannot open lock", &path))?;
        let begun = Instant::now();
        let mut pause = PAUSES.start;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => {
                    let (is_marked, is_unnoted) = (Cell::new(false), Cell::new(false));
                    return Ok(Locked { state: self, lock, is_marked, is_unnoted });
                }
                Err((again, nix::errno::Errno::EINTR)) => file = again,
                Err((again, nix::errno::Errno::EWOULDBLOCK)) if begun.elapsed() < patience => {
                    file = again;
                    sleep(pause);
                    pause = (pause * 2).min(PAUSES.end);
                }
                Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
                    let (path, seconds) = (path.display(), patience.as_secs());
                    let text =
                        format!("another process has held the lock '{path}' for {seconds} seconds");
                    return Err(Error::new(VIR_ERR_OPERATION_TIMEOUT, self.kind.domain, text));
                }
                Err((_, errno)) => {
                    return Err(self.failed(&errno.into(), "cannot lock", &path));
                }
            }
        }
    }
}

impl Deref for Locked<'_> {
    type Target = StateDir;

    fn deref(&self) -> &StateDir {
        self.state
    }
}

impl Locked<'_> {
    /// Notes that the caller knows what it has changed.
    pub fn note(&self) {
        self.is_unnoted.set(false);
    }

    /// Brings `known`, the stamp of what the caller knows, to what it has changed. There is none, so
    /// that everything is read again, if a change has failed or not all can be known: `is_whole`.
    pub fn settle(&self, known: &mut Option<Stamp>, is_whole: impl FnOnce() -> bool) {
        if !self.is_marked.get() && !self.is_unnoted.get() {
            return;
        }
        let stamp = match !self.is_unnoted.get() && is_whole() {
            // Where it cannot be told, it is read again, which tells why.
            true => self.stamp().ok(),
            false => None,
        };
        *known = stamp.map(|stamp| stamp.of_own_change(Instant::now()));
    }

    /// Replaces a definition as a whole, and for good: after a crash the file is the old or the new
    /// one.
    ///
    /// Errors: VIR_ERR_OVERFLOW for a text that is too long to be read again, VIR_ERR_SYSTEM_ERROR.
    pub fn write(&self, folder: Folder, name: &str, text: &str) -> Result<()> {
        self.begin()?;
        Staged::new(&self.folder(folder), name, text, self.kind.domain)?.keep()
    }

    /// The same for what ends with this boot of the machine: it need not survive a power cut.
    pub fn write_for_this_boot(&self, folder: Folder, name: &str, text: &str) -> Result<()> {
        self.begin()?;
        let (new, path) = (self.folder(folder).join(".new"), self.path(folder, name));
        replace(&new, &path, text).map_err(|e| self.failed(&e, "cannot write", &path))
    }

    /// Gives a definition another name, and the text that goes with it. The name changes first, at
    /// once; after a crash the old text may be found under the new name. A failure takes that back,
    /// with whichever text; where that fails, too, the definition has got its new name.
    pub fn rename(&self, folder: Folder, old: &str, new: &str, text: &str) -> Result<()> {
        self.begin()?;
        let path = self.folder(folder);
        let staged = Staged::new(&path, new, text, self.kind.domain)?;
        let (before, after) = (self.path(folder, old), self.path(folder, new));
        fs::rename(&before, &after).map_err(|e| self.failed(&e, "cannot rename", &before))?;
        staged.keep().or_else(|error| match fs::rename(&after, &before) {
            Ok(()) => Err(error),
            Err(e) => {
                log::error!("'{}' stays renamed in spite of: {error}; {e}", after.display());
                Ok(())
            }
        })
    }

    /// Gives something a mark, or takes it away: there are folders for marks.
    pub fn mark(&self, folder: Folder, name: &str, marked: bool) -> Result<()> {
        match marked {
            true => self.write(folder, name, ""),
            false => self.remove(folder, name),
        }
    }

    /// Removes a definition; none is as good.
    pub fn remove(&self, folder: Folder, name: &str) -> Result<()> {
        self.begin()?;
        remove(&self.folder(folder), name, self.kind.domain)
    }

    /// The same for what ends with this boot of the machine.
    pub fn remove_for_this_boot(&self, folder: Folder, name: &str) -> Result<()> {
        self.begin()?;
        let path = self.path(folder, name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(self.failed(&e, "cannot remove", &path))
            }
            _ => Ok(()),
        }
    }

    /// Makes it last which files are in a folder.
    pub fn sync(&self, folder: Folder) -> Result<()> {
        super::sync(&self.folder(folder), self.kind.domain)
    }

    /// Forgets what was active, and the lists of pools' volumes.
    pub fn forget_running(&self) -> Result<()> {
        self.remove_all(&[self.folder(Folder::Run), self.beside("")])
    }

    /// Forgets why what was active in an earlier boot is not any more, and what processes told then.
    pub fn forget_ended(&self) -> Result<()> {
        self.remove_all(&[self.folder(Folder::Off)])?;
        let path = super::journal(&self.root);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(self.failed(&e, "cannot remove", &path))
            }
            _ => Ok(()),
        }
    }

    /// Removes all files in these folders.
    fn remove_all(&self, folders: &[PathBuf]) -> Result<()> {
        self.begin()?;
        for path in folders {
            let failed = |e: io::Error| self.failed(&e, "cannot read directory", path);
            for entry in fs::read_dir(path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if !entry.file_type().map_err(failed)?.is_dir() {
                    fs::remove_file(entry.path())
                        .map_err(|e| self.failed(&e, "cannot remove", &entry.path()))?;
                }
            }
        }
        Ok(())
    }

    /// Gives a number that is larger than `least`, and that nobody has been given in this boot. What is no
    /// number in its file was written half.
    pub fn next_number(&self, least: i32) -> Result<i32> {
        let path = self.root.join("run").join(format!("{}.number", self.kind.folder));
        let before = match fallible(|| fs::read_to_string(&path)) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
            Err(e) => return Err(self.failed(&e, "cannot read", &path)),
        };
        let next = least.max(before).checked_add(1).unwrap_or(1);
        let text = next.to_string();
        crate::sys::allow_file_size(text.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| fs::write(&path, text))
            .map_err(|e| self.failed(&e, "cannot write", &path))?;
        Ok(next)
    }

    /// Notes that `run` is of this boot. The caller has forgotten what ran.
    pub fn note_boot(&self, boot: &str) -> Result<()> {
        // At once: what was read half would make others forget what runs.
        let path = self.boot_path();
        replace(&path.with_extension("new"), &path, boot)
            .map_err(|e| self.failed(&e, "cannot write", &path))
    }

    /// Marks that something changes now.
    fn begin(&self) -> Result<()> {
        self.is_unnoted.set(true);
        if self.is_marked.get() {
            return Ok(());
        }
        let before = self.lock.metadata();
        let marked = before.and_then(|before| {
            let mark = TimeSpec::new(before.mtime() + MARK_STEP, 0);
            futimens(&*self.lock, &mark, &mark).map_err(io::Error::from)
        });
        marked.map_err(|e| self.failed(&e, "cannot mark", &self.lock_path()))?;
        self.is_marked.set(true);
        Ok(())
    }
}

/// Gives a file a text at once, with another file until then.
fn replace(new: &Path, path: &Path, text: &str) -> io::Result<()> {
    crate::sys::allow_file_size(text.len() as u64)?;
    fs::write(new, text)?;
    fs::rename(new, path)
}
