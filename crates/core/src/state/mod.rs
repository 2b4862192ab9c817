//! The definitions on disk, under the root of a `sparse:///` connection. For pools:
//!
//! - `storage/NAME.xml`: persistent pools; `storage/autostart/NAME.xml`: which of them start by
//!   themselves;
//! - `run/storage/NAME.xml`: pools that are active, persistent or not;
//! - `run/volumes/UUID`: the names of an active pool's volumes;
//! - `run/events`: what processes tell each other (`event::journal`);
//! - `run/boot`: the boot that `run` is of. What ran before a reboot does not run after it.
//!
//! For domains in the same way `domains/`, `run/domains/` and `run/domains.boot`; in `run/off/NAME.xml` why one
//! that ran does not run any more, and in `run/disks/HASH/` the sockets
//! of one that runs, where HASH is [`short_name()`] of its name. `snapshots/UUID/NAME.xml` are a
//! domain's snapshots; `snapshots/UUID/.current.xml` names the current one.
//!
//! Several processes may use one root: changes are made under a lock, each file is replaced as a
//! whole, and a reader that has seen the folders at one time can ask whether they have changed.
//!
//! A change that fails leaves what was there: what can fail is done before the one step that makes
//! the change, and where bringing that to stable storage fails, the step is taken back.

mod autostart;
mod damage;
mod files;
mod locked;
mod short_name;
mod stamp;

pub use autostart::Autostart;
pub use damage::{Damage, Kept};
pub use files::{Staged, Stored, names, read_all, remove, sync};
pub use locked::Locked;
pub use short_name::short_name;
pub use stamp::Stamp;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::{Uid, geteuid};
use uuid::Uuid;
use virsparse_base::memory::fallible;

use crate::error::*;
use crate::folders;

/// One of the folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Persistent definitions.
    Config,
    /// Marks of those that start by themselves.
    Autostart,
    /// Marks of those that do so the next time, and not again.
    AutostartOnce,
    /// Definitions of what is active.
    Run,
    /// Why what was active in this boot is not any more.
    Off,
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
    /// The file that says of which boot their part of `run` is.
    boot: &'static str,
    /// What is kept of them.
    folders: &'static [Folder],
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
    boot: "run/boot",
    folders: &[Folder::Config, Folder::Autostart, Folder::Run],
    domain: VIR_FROM_STORAGE,
    word: "pool",
};

/// Domains.
pub const DOMAINS: Kind = Kind {
    folder: "domains",
    more: "run/disks",
    lock: "run/domains.lock",
    boot: "run/domains.boot",
    folders: &[Folder::Config, Folder::Autostart, Folder::AutostartOnce, Folder::Run, Folder::Off],
    domain: VIR_FROM_DOMAIN,
    word: "domain",
};

/// Snapshots of a domain, which have a folder of their own each.
pub const SNAPSHOTS: Kind = Kind {
    folder: "snapshots",
    more: "",
    lock: "",
    boot: "",
    folders: &[],
    domain: VIR_FROM_DOMAIN_SNAPSHOT,
    word: "snapshot",
};

/// Where Linux tells which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The file of a root in which processes tell each other of events.
pub fn journal(root: &Path) -> PathBuf {
    root.join("run/events")
}

/// The part of a connection's state folder that is about one kind of object.
pub struct StateDir {
    root: PathBuf,
    kind: Kind,
}

impl StateDir {
    /// Makes the folders that are missing, readable only by their owner.
    pub fn open(root: &Path, kind: Kind) -> Result<StateDir> {
        let state = StateDir { root: root.to_path_buf(), kind };
        for path in ["", kind.folder, "run", kind.more]
            .map(|part| root.join(part))
            .into_iter()
            .chain(kind.folders.iter().map(|folder| state.folder(*folder)))
        {
            folders::make(&path, 0o700)
                .map_err(|e| state.failed(&e, "cannot create path", &path))?;
        }
        Ok(state)
    }

    /// The folder of the connection's whole state.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Refuses a user whose state this is not: what root starts in another user's root would belong to root.
    pub fn expect_own(&self) -> Result<()> {
        let found = fs::metadata(&self.root);
        let owner = found.map_err(|e| self.failed(&e, "cannot look at", &self.root))?.uid();
        if Uid::from_raw(owner) == geteuid() {
            return Ok(());
        }
        let text = format!(
            "'{}' belongs to user {owner}, and only that user starts a {} in it",
            self.root.display(),
            self.kind.word
        );
        Err(Error::new(VIR_ERR_OPERATION_DENIED, self.kind.domain, text))
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
            Folder::AutostartOnce => self.root.join(self.kind.folder).join("autostart-once"),
            Folder::Run => self.root.join("run").join(self.kind.folder),
            Folder::Off => self.root.join("run/off"),
        }
    }

    /// When the folders have last changed.
    pub fn stamp(&self) -> Result<Stamp> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time_of = |path: &Path| -> io::Result<(i64, i64)> {
            let metadata = fs::metadata(path)?;
            Ok((metadata.mtime(), metadata.mtime_nsec()))
        };
        let failed = |e: io::Error, path: &Path| self.failed(&e, "cannot look at", path);
        let mark = match time_of(&self.lock_path()) {
            // Nothing has been changed under the lock before its file is there.
            Err(e) if e.kind() == io::ErrorKind::NotFound => (0, 0),
            time => time.map_err(|e| failed(e, &self.lock_path()))?,
        };
        let mut folders = Vec::new();
        for path in self.kind.folders.iter().map(|folder| self.folder(*folder)) {
            folders.push(time_of(&path).map_err(|e| failed(e, &path))?);
        }
        Ok(Stamp::new(&folders, mark, now))
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

    /// Whether there is such a file.
    pub fn exists(&self, folder: Folder, name: &str) -> Result<bool> {
        let path = self.path(folder, name);
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(self.failed(&e, "cannot look at", &path)),
            Ok(_) => Ok(true),
        }
    }

    /// What kind of object this is about.
    pub fn kind(&self) -> Kind {
        self.kind
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

    /// The folder of a domain's snapshots, by its UUID.
    pub fn snapshots(&self, uuid: Uuid) -> PathBuf {
        self.root.join("snapshots").join(uuid.to_string())
    }

    /// Which boot of the machine this is. `None` where the system does not tell.
    fn boot(&self) -> Result<Option<String>> {
        let machine = Path::new(BOOT_ID);
        match fallible(|| fs::read_to_string(machine)) {
            Ok(boot) => Ok(Some(boot)),
            Err(e) if is_hidden(&e) => {
                log::info!("nothing starts by itself: cannot read '{BOOT_ID}': {e}");
                Ok(None)
            }
            Err(e) => Err(self.failed(&e, "cannot read", machine)),
        }
    }

    /// The present boot of the machine, if it is not the one that `run` is of. Where the system
    /// does not tell which boot it is, what ran is taken to be still running.
    pub fn new_boot(&self) -> Result<Option<String>> {
        let Some(boot) = self.boot()? else { return Ok(None) };
        let path = self.boot_path();
        // What is no text was written by no one who has finished it.
        let before = match fallible(|| fs::read(&path)) {
            Ok(before) => before,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(self.failed(&e, "cannot read", &path)),
        };
        Ok((before != boot.as_bytes()).then_some(boot))
    }

    fn lock_path(&self) -> PathBuf {
        self.root.join(self.kind.lock)
    }

    fn autostart_path(&self) -> PathBuf {
        self.root.join(format!("run/{}.autostarted", self.kind.folder))
    }

    fn boot_path(&self) -> PathBuf {
        self.root.join(self.kind.boot)
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
