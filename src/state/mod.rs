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

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::fcntl::{Flock, FlockArg};
use uuid::Uuid;

use crate::error::*;

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
}

/// Pools.
pub const POOLS: Kind =
    Kind { folder: "storage", more: "run/volumes", lock: "lock", domain: VIR_FROM_STORAGE };

/// Domains.
pub const DOMAINS: Kind = Kind {
    folder: "domains",
    more: "run/disks",
    lock: "run/domains.lock",
    domain: VIR_FROM_DOMAIN,
};

const FOLDERS: [Folder; 3] = [Folder::Config, Folder::Autostart, Folder::Run];

/// No definition is longer, in bytes: it would be read again at each change of another one.
const LARGEST: u64 = 8 << 20;

/// A change that is younger than this may be followed by another with the same time: the kernel's
/// clock ticks for files.
const RACY: Duration = Duration::from_millis(50);

/// The same where the filesystem keeps whole seconds (ext3), or every other second (FAT).
const RACY_SECONDS: Duration = Duration::from_millis(2100);

/// How often a folder is listed, at most, while its files get other names.
const MOST_LISTINGS: usize = 16;

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
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
            made.map_err(|e| state.failed(&e, "cannot create path", &path))?;
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

    /// Names and texts of all definitions in a folder. What cannot be read is left out: one broken
    /// file must not take the others with it.
    pub fn read_all(&self, folder: Folder) -> Result<Vec<(String, String)>> {
        read_all(&self.folder(folder), self.kind.domain)
    }

    /// Replaces a definition as a whole, and for good: after a crash the file is the old or the new
    /// one.
    ///
    /// Errors: VIR_ERR_OVERFLOW for a text that is too long to be read again, VIR_ERR_SYSTEM_ERROR.
    pub fn write(&self, folder: Folder, name: &str, text: &str) -> Result<()> {
        Staged::new(&self.folder(folder), name, text, self.kind.domain)?.keep()
    }

    /// Gives a definition another name, and the text that goes with it. The name changes first, at
    /// once; after a crash the old text may be found under the new name. A failure takes that back
    /// as far as it can, with whichever text.
    pub fn rename(&self, folder: Folder, old: &str, new: &str, text: &str) -> Result<()> {
        let path = self.folder(folder);
        let staged = Staged::new(&path, new, text, self.kind.domain)?;
        let before = path.join(format!("{old}.xml"));
        let after = staged.path.clone();
        fs::rename(&before, &after).map_err(|e| self.failed(&e, "cannot rename", &before))?;
        staged.keep().inspect_err(|_| {
            let _ = fs::rename(&after, &before);
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
    pub fn new_boot(&self) -> Option<String> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let before = read_text(&self.boot_path());
        before.map_or(true, |before| before != boot).then_some(boot)
    }

    /// Notes that `run` is of this boot. The caller holds the lock, and has forgotten what ran.
    pub fn note_boot(&self, boot: &str) -> Result<()> {
        let path = self.boot_path();
        crate::sys::allow_file_size(boot.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| fs::write(&path, boot))
            .map_err(|e| self.failed(&e, "cannot write", &path))
    }

    /// Forgets what was active, and the lists of pools' volumes. The caller holds the lock.
    pub fn forget_running(&self) -> Result<()> {
        for path in [self.folder(Folder::Run), self.root.join(self.kind.more)] {
            let entries = fs::read_dir(&path);
            let entries = entries.map_err(|e| self.failed(&e, "cannot open directory", &path))?;
            for entry in entries.flatten().filter(|e| e.file_type().is_ok_and(|t| !t.is_dir())) {
                fs::remove_file(entry.path())
                    .map_err(|e| self.failed(&e, "cannot remove", &entry.path()))?;
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

/// A text that is on stable storage, and becomes a file when it is kept.
pub struct Staged {
    folder: PathBuf,
    temporary: PathBuf,
    path: PathBuf,
    domain: virErrorDomain,
}

impl Staged {
    /// Writes the text of a definition. The caller holds the lock until this is kept or dropped.
    ///
    /// Errors: VIR_ERR_OVERFLOW for a text that is too long to be read again, VIR_ERR_SYSTEM_ERROR.
    pub fn new(folder: &Path, name: &str, text: &str, domain: virErrorDomain) -> Result<Staged> {
        if text.len() as u64 > LARGEST {
            let text = format!("definition '{name}' is longer than {LARGEST} bytes");
            return Err(Error::new(VIR_ERR_OVERFLOW, domain, text));
        }
        // Writers hold the lock, so one name for the temporary file is enough.
        let staged = Staged {
            folder: folder.to_path_buf(),
            temporary: folder.join(".new"),
            path: folder.join(format!("{name}.xml")),
            domain,
        };
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&staged.temporary)
            .map_err(|e| staged.failed(&e))?;
        crate::sys::allow_file_size(text.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.sync_all())
            .map_err(|e| staged.failed(&e))?;
        Ok(staged)
    }

    /// Makes it the file, in the place of the one before.
    pub fn keep(self) -> Result<()> {
        fs::rename(&self.temporary, &self.path).map_err(|e| self.failed(&e))?;
        sync(&self.folder, self.domain)
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed(self.domain, error, "cannot write", &self.path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Where it was kept there is none.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Names and texts of all definitions in a folder.
pub fn read_all(folder: &Path, domain: virErrorDomain) -> Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for _ in 0..MOST_LISTINGS {
        let is_true;
        (all, is_true) = read_listed(folder, domain)?;
        if is_true {
            break;
        }
    }
    Ok(all)
}

/// The same by one look at the folder. False if that was not true any more when a file was read: it
/// may have got another name, under which it was not looked for.
fn read_listed(folder: &Path, domain: virErrorDomain) -> Result<(Vec<(String, String)>, bool)> {
    let entries =
        fs::read_dir(folder).map_err(|e| failed(domain, &e, "cannot open directory", folder))?;
    let mut all = Vec::new();
    let mut is_true = true;
    for entry in entries {
        let entry = entry.map_err(|e| failed(domain, &e, "cannot read directory", folder))?;
        let Ok(file_name) = entry.file_name().into_string() else { continue };
        let Some(name) = file_name.strip_suffix(".xml") else { continue };
        match read_text(&entry.path()) {
            Ok(text) => all.push((name.to_string(), text)),
            // A link that leads nowhere is there all the same.
            Err(_) => is_true &= fs::symlink_metadata(entry.path()).is_ok(),
        }
    }
    Ok((all, is_true))
}

/// Removes a definition; none is as good.
pub fn remove(folder: &Path, name: &str, domain: virErrorDomain) -> Result<()> {
    let path = folder.join(format!("{name}.xml"));
    match fs::remove_file(&path) {
        Ok(()) => sync(folder, domain),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(failed(domain, &e, "cannot remove", &path)),
    }
}

/// Makes it last which files are in a folder.
pub fn sync(folder: &Path, domain: virErrorDomain) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| failed(domain, &e, "cannot sync", folder))
}

fn failed(domain: virErrorDomain, error: &io::Error, what: &str, path: &Path) -> Error {
    Error::io(domain, error, format!("{what} '{}'", path.display()))
}

/// The text of a file; whatever else it is, it is not waited for.
fn read_text(path: &Path) -> io::Result<String> {
    let file =
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
