//! The definitions on disk, under the root of a `sparse:///` connection. For pools:
//!
//! - `storage/NAME.xml`: persistent pools; `storage/autostart/NAME.xml`: which of them start by
//!   themselves;
//! - `run/storage/NAME.xml`: pools that are active, persistent or not;
//! - `run/volumes/UUID`: the names of an active pool's volumes;
//! - `run/boot`: the boot that `run` is of. What ran before a reboot does not run after it.
//!
//! For domains in the same way `domains/` and `run/domains/`, and in `run/disks/NAME/` the sockets
//! of one that runs. `snapshots/UUID/NAME.xml` are a domain's snapshots; `snapshots/UUID/.current.xml`
//! names the current one.
//!
//! Several processes may use one root: changes are made under a lock, each file is replaced as a
//! whole, and a reader that has seen the folders at one time can ask whether they have changed.
//!
//! A change that fails leaves what was there: what can fail is done before the one step that makes
//! the change, and where bringing that to stable storage fails, the step is taken back.

mod damage;
mod files;

pub use damage::{Damage, Kept, is_shortage};
pub use files::{Staged, Stored, names, read_all, remove, sync};

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::{Flock, FlockArg};
use uuid::Uuid;

use crate::error::*;
use crate::folders;

/// One of the folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Persistent definitions.
    Config,
    /// Marks of those that start by themselves.
    Autostart,
    /// Definitions of what is active.
    Run,
}

/// What is defined there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The folder of the definitions, also under `run`.
    folder: &'static str,
    /// More folders of what runs.
    more: &'static str,
    /// The file that is locked while something changes.
    lock: &'static str,
    /// Whose errors they are.
    domain: virErrorDomain,
    /// What one of them is called.
    word: &'static str,
}

/// Pools.
pub const POOLS: Kind = Kind {
    folder: "storage",
    more: "run/volumes",
    lock: "lock",
    domain: VIR_FROM_STORAGE,
    word: "pool",
};

/// Domains.
pub const DOMAINS: Kind = Kind {
    folder: "domains",
    more: "run/disks",
    lock: "run/domains.lock",
    domain: VIR_FROM_DOMAIN,
    word: "domain",
};

/// Snapshots of a domain, which have a folder of their own each.
pub const SNAPSHOTS: Kind = Kind {
    folder: "snapshots",
    more: "",
    lock: "",
    domain: VIR_FROM_DOMAIN_SNAPSHOT,
    word: "snapshot",
};

/// Where Linux tells which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

const FOLDERS: [Folder; 3] = [Folder::Config, Folder::Autostart, Folder::Run];

/// A change that is younger than this may be followed by another with the same time: the kernel's
/// clock ticks for files.
const RACY: Duration = Duration::from_millis(50);

/// The same where the filesystem keeps whole seconds (ext3), or every other second (FAT).
const RACY_SECONDS: Duration = Duration::from_millis(2100);

/// When the folders had last changed, as seen at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    changed: Vec<(i64, i64)>,
    /// All changes were old enough to be told from later ones.
    settled: bool,
}

impl Stamp {
    /// Whether nothing has changed since `before`.
    pub fn is_same(&self, before: &Stamp) -> bool {
        before.settled && self.changed == before.changed
    }
}

/// The part of a connection's state folder that is about one kind of object.
pub struct StateDir {
    root: PathBuf,
    kind: Kind,
}

/// Nobody else changes the state while this lives.
pub struct ChangeLock {
    _file: Flock<File>,
}

impl StateDir {
    /// Makes the folders that are missing, readable only by their owner.
    pub fn open(root: &Path, kind: Kind) -> Result<StateDir> {
        let state = StateDir { root: root.to_path_buf(), kind };
        for path in ["", kind.folder, "run", kind.more]
            .map(|part| root.join(part))
            .into_iter()
            .chain(FOLDERS.map(|folder| state.folder(folder)))
        {
            folders::make(&path, 0o700)
                .map_err(|e| state.failed(&e, "cannot create path", &path))?;
        }
        Ok(state)
    }

    /// Where more is kept of something that runs: the list of a pool's volumes by its UUID, the
    /// sockets of a domain by its name.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.root.join(self.kind.more).join(name)
    }

    fn folder(&self, folder: Folder) -> PathBuf {
        match folder {
            Folder::Config => self.root.join(self.kind.folder),
            Folder::Autostart => self.root.join(self.kind.folder).join("autostart"),
            Folder::Run => self.root.join("run").join(self.kind.folder),
        }
    }

    /// Waits until no other process changes the state.
    pub fn lock(&self) -> Result<ChangeLock> {
        let path = self.root.join(self.kind.lock);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|e| self.failed(&e, "cannot open lock", &path))?;
        let mut file = file;
        loop {
            match Flock::lock(file, FlockArg::LockExclusive) {
                Ok(locked) => return Ok(ChangeLock { _file: locked }),
                Err((again, nix::errno::Errno::EINTR)) => file = again,
                Err((_, errno)) => {
                    let text = format!("cannot lock '{}'", path.display());
                    return Err(Error::system(self.kind.domain, errno, text));
                }
            }
        }
    }

    /// When the folders have last changed.
    pub fn stamp(&self) -> Result<Stamp> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut stamp = Stamp { changed: Vec::new(), settled: true };
        for path in FOLDERS.map(|folder| self.folder(folder)) {
            let metadata =
                fs::metadata(&path).map_err(|e| self.failed(&e, "cannot look at", &path))?;
            let changed = (metadata.mtime(), metadata.mtime_nsec());
            let age = now.saturating_sub(Duration::new(changed.0.max(0) as u64, changed.1 as u32));
            stamp.settled &= age > if changed.1 == 0 { RACY_SECONDS } else { RACY };
            stamp.changed.push(changed);
        }
        Ok(stamp)
    }

    /// All definitions in a folder. One whose file cannot be read is there with the reason, so that
    /// one broken file does not take the others with it.
    pub fn read_all(&self, folder: Folder) -> Result<Vec<Stored>> {
        read_all(&self.folder(folder), self.kind)
    }

    /// The names of the definitions, or marks, in a folder.
    pub fn names(&self, folder: Folder) -> Result<Vec<String>> {
        names(&self.folder(folder), self.kind)
    }

    /// The file of a definition.
    pub fn path(&self, folder: Folder, name: &str) -> PathBuf {
        self.folder(folder).join(format!("{name}.xml"))
    }

    /// What kind of object this is about.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Replaces a definition as a whole, and for good: after a crash the file is the old or the new
    /// one.
    ///
    /// Errors: VIR_ERR_OVERFLOW for a text that is too long to be read again, VIR_ERR_SYSTEM_ERROR.
    pub fn write(&self, folder: Folder, name: &str, text: &str) -> Result<()> {
        Staged::new(&self.folder(folder), name, text, self.kind.domain)?.keep()
    }

    /// Refuses to write a definition of something new over a file that is none of ours.
    pub fn check_free(&self, name: &str) -> Result<()> {
        let path = self.path(Folder::Config, name);
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(self.failed(&e, "cannot look at", &path)),
            Ok(_) => {
                let text = format!(
                    "file '{}' is in the way of {} '{name}'",
                    path.display(),
                    self.kind.word
                );
                Err(Error::new(VIR_ERR_OPERATION_FAILED, self.kind.domain, text))
            }
        }
    }

    /// Gives a definition another name, and the text that goes with it. The name changes first, at
    /// once; after a crash the old text may be found under the new name. A failure takes that back,
    /// with whichever text; where that fails, too, the definition has got its new name.
    pub fn rename(&self, folder: Folder, old: &str, new: &str, text: &str) -> Result<()> {
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

    /// Marks something to be started by itself, or not.
    pub fn mark_autostart(&self, name: &str, autostart: bool) -> Result<()> {
        match autostart {
            true => self.write(Folder::Autostart, name, ""),
            false => self.remove(Folder::Autostart, name),
        }
    }

    /// Removes a definition; none is as good.
    pub fn remove(&self, folder: Folder, name: &str) -> Result<()> {
        remove(&self.folder(folder), name, self.kind.domain)
    }

    /// The folder of a domain's snapshots, by its UUID.
    pub fn snapshots(&self, uuid: Uuid) -> PathBuf {
        self.root.join("snapshots").join(uuid.to_string())
    }

    /// The present boot of the machine, if it is not the one that `run` is of. Where the system
    /// does not tell which boot it is, what ran is taken to be still running.
    pub fn new_boot(&self) -> Result<Option<String>> {
        let machine = Path::new(BOOT_ID);
        let boot = match fs::read_to_string(machine) {
            Ok(boot) => boot,
            Err(e) if is_hidden(&e) => {
                log::info!("pools do not start by themselves: cannot read '{BOOT_ID}': {e}");
                return Ok(None);
            }
            Err(e) => return Err(self.failed(&e, "cannot read", machine)),
        };
        let path = self.boot_path();
        // What is no text was written by no one who has finished it.
        let before = match fs::read(&path) {
            Ok(before) => before,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(self.failed(&e, "cannot read", &path)),
        };
        Ok((before != boot.as_bytes()).then_some(boot))
    }

    /// Notes that `run` is of this boot. The caller holds the lock, and has forgotten what ran.
    pub fn note_boot(&self, boot: &str) -> Result<()> {
        // At once: what was read half would make others forget what runs.
        let (path, new) = (self.boot_path(), self.root.join("run/boot.new"));
        crate::sys::allow_file_size(boot.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| fs::write(&new, boot))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|e| self.failed(&e, "cannot write", &path))
    }

    /// Forgets what was active, and the lists of pools' volumes. The caller holds the lock.
    pub fn forget_running(&self) -> Result<()> {
        for path in [self.folder(Folder::Run), self.root.join(self.kind.more)] {
            let failed = |e: io::Error| self.failed(&e, "cannot read directory", &path);
            for entry in fs::read_dir(&path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                if !entry.file_type().map_err(failed)?.is_dir() {
                    fs::remove_file(entry.path())
                        .map_err(|e| self.failed(&e, "cannot remove", &entry.path()))?;
                }
            }
        }
        Ok(())
    }

    fn boot_path(&self) -> PathBuf {
        self.root.join("run/boot")
    }

    fn failed(&self, error: &io::Error, what: &str, path: &Path) -> Error {
        failed(self.kind.domain, error, what, path)
    }
}

/// Whether the machine does not show a file at all.
fn is_hidden(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
}

fn failed(domain: virErrorDomain, error: &io::Error, what: &str, path: &Path) -> Error {
    Error::io(domain, error, format!("{what} '{}'", path.display()))
}

#[cfg(test)]
mod tests;
