//! The files that definitions are in: each is replaced, removed and read as a whole.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use virsparse_base::errno::{Errno, SysResult};
use virsparse_base::memory::fallible;

use super::damage::Damage;
use super::{Kind, failed};
use crate::error::*;

/// No definition is longer, in bytes: it would be read again at each change of another one.
pub const LARGEST: u64 = 8 << 20;

/// How often a folder is listed, at most, while its files get other names.
const MOST_LISTINGS: usize = 100;

/// A definition that is being written. Writers hold a lock, so one name is enough.
const NEW: &str = ".new";

/// A definition that is being removed.
const GONE: &str = ".gone";

/// A text that is on stable storage, and becomes a file when it is kept.
pub struct Staged {
    folder: Folder,
    temporary: PathBuf,
    path: PathBuf,
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
        let staged = Staged {
            temporary: folder.join(NEW),
            path: folder.join(format!("{name}.xml")),
            folder: Folder::open(folder, domain)?,
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

    /// Makes it the file, in the place of the one before. After a failure that is there again.
    pub fn keep(self) -> Result<()> {
        if fs::symlink_metadata(&self.path).is_ok_and(|there| there.is_dir()) {
            return Err(self.failed(&Errno::EISDIR.into()));
        }
        let exchange = || exchange(&self.temporary, &self.path);
        match exchange() {
            Ok(()) => self.folder.sync_or(exchange),
            Err(Errno::ENOENT) => {
                self.rename()?;
                self.folder.sync_or(|| nix::unistd::unlink(&self.path).map_err(Errno::from))
            }
            // Not every filesystem can do that.
            Err(errno) if errno.is_unsupported() => {
                self.rename()?;
                self.folder.sync_or(|| Err(Errno::EOPNOTSUPP))
            }
            Err(errno) => Err(self.failed(&errno.into())),
        }
    }

    fn rename(&self) -> Result<()> {
        fs::rename(&self.temporary, &self.path).map_err(|e| self.failed(&e))
    }

    fn failed(&self, error: &io::Error) -> Error {
        failed(self.folder.domain, error, "cannot write", &self.path)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // The new text, if it was not kept; the old one where both have changed their places.
        match fs::remove_file(&self.temporary) {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                log::warn!("cannot remove '{}': {e}", self.temporary.display());
            }
            _ => {}
        }
    }
}

fn exchange(one: &Path, other: &Path) -> SysResult<()> {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).map_err(Errno::from)
}

/// A folder, opened before something in it changes: a process without descriptors is to fail first.
struct Folder {
    file: File,
    path: PathBuf,
    domain: virErrorDomain,
}

impl Folder {
    fn open(path: &Path, domain: virErrorDomain) -> Result<Folder> {
        let file =
            File::open(path).map_err(|e| failed(domain, &e, "cannot open directory", path))?;
        Ok(Folder { file, path: path.to_path_buf(), domain })
    }

    fn sync(&self) -> Result<()> {
        crate::sys::sync_folder(&self.file)
            .map_err(|errno| failed(self.domain, &errno.into(), "cannot sync", &self.path))
    }

    /// Makes it last which files are in it, or takes back the change. A change that cannot be taken
    /// back has been made.
    fn sync_or(&self, undo: impl FnOnce() -> SysResult<()>) -> Result<()> {
        self.sync().or_else(|error| match undo() {
            Ok(()) => Err(error),
            Err(errno) => {
                log::error!("a change may not survive a crash: {error}; taking it back: {errno}");
                Ok(())
            }
        })
    }
}

/// Removes a definition; none is as good. After a failure it is still there.
pub fn remove(folder: &Path, name: &str, domain: virErrorDomain) -> Result<()> {
    let path = folder.join(format!("{name}.xml"));
    let refused = |e: &io::Error| failed(domain, e, "cannot remove", &path);
    match fs::symlink_metadata(&path) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
        // That is no definition.
        Ok(found) if found.is_dir() => return Ok(()),
        _ => {}
    }
    let opened = Folder::open(folder, domain)?;
    let gone = folder.join(GONE);
    fs::rename(&path, &gone).map_err(|e| refused(&e))?;
    opened.sync_or(|| fs::rename(&gone, &path).map_err(|e| errno_of(&e)))?;
    if let Err(e) = fs::remove_file(&gone) {
        log::warn!("cannot remove '{}': {e}", gone.display());
    }
    Ok(())
}

/// Makes it last which files are in a folder.
pub fn sync(folder: &Path, domain: virErrorDomain) -> Result<()> {
    Folder::open(folder, domain)?.sync()
}

/// A definition in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    /// Its text, or why that cannot be read.
    pub text: Result<String, Damage>,
}

/// All definitions in a folder. What cannot be read because the process or the machine has run out
/// of something is an error: what there is cannot be known then.
pub fn read_all(folder: &Path, kind: Kind) -> Result<Vec<Stored>> {
    for _ in 0..MOST_LISTINGS {
        if let Some(all) = read_listed(folder, kind)? {
            return Ok(all);
        }
    }
    let text = format!("'{}' does not stop changing", folder.display());
    Err(Error::new(VIR_ERR_RESOURCE_BUSY, kind.domain, text))
}

/// The same by one look at the folder. `None` if that was not true any more when the files had been
/// read: a listing may miss a file that gets another name meanwhile, under its old name and its new
/// one.
fn read_listed(folder: &Path, kind: Kind) -> Result<Option<Vec<Stored>>> {
    let mut all = Vec::new();
    let listed = BTreeSet::from_iter(names(folder, kind)?);
    for name in listed.iter().cloned() {
        let path = folder.join(format!("{name}.xml"));
        let text = match read_text(&path) {
            Ok(text) => Ok(text),
            Err(e) if e.kind() == ErrorKind::NotFound && is_gone(&path) => return Ok(None),
            Err(e) if errno_of(&e).is_shortage() => {
                return Err(failed(kind.domain, &e, "cannot read", &path));
            }
            Err(e) => Err(Damage::unreadable(kind, &name, &path, &e)),
        };
        all.push(Stored { name, text });
    }
    let is_same = listed == BTreeSet::from_iter(names(folder, kind)?);
    Ok(is_same.then_some(all))
}

/// A link that leads nowhere is there.
fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|e| e.kind() == ErrorKind::NotFound)
}

/// The names of all definitions in a folder.
pub fn names(folder: &Path, kind: Kind) -> Result<Vec<String>> {
    let unread = |e: io::Error| failed(kind.domain, &e, "cannot read directory", folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)
        .map_err(|e| failed(kind.domain, &e, "cannot open directory", folder))?
    {
        let entry = entry.map_err(unread)?;
        let file_name = entry.file_name();
        if !file_name.as_encoded_bytes().ends_with(b".xml") {
            continue;
        }
        let name = file_name.to_str().and_then(|name| name.strip_suffix(".xml"));
        let name = name.filter(|name| !name.is_empty() && !name.contains(char::is_control));
        let left_out = match (name, entry.file_type()) {
            (_, Ok(kind)) if kind.is_dir() => "it is a folder",
            (None, _) => "nothing can have that name",
            (Some(name), _) => {
                names.push(name.to_string());
                continue;
            }
        };
        log::warn!("{file_name:?} in '{}' is no {}: {left_out}", folder.display(), kind.word);
    }
    Ok(names)
}

/// The text of a file; whatever else it is, it is not waited for.
fn read_text(path: &Path) -> io::Result<String> {
    let unusable = |what: &str| Err(io::Error::new(ErrorKind::InvalidData, what.to_string()));
    let file = crate::sys::open_promptly(path, OpenOptions::new().read(true), 0)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return unusable("it is not a regular file");
    }
    if metadata.len() > LARGEST {
        return unusable("it is longer than any definition");
    }
    let mut bytes = Vec::new();
    fallible(|| file.take(LARGEST).read_to_end(&mut bytes))?;
    String::from_utf8(bytes).or_else(|_| unusable("it is not UTF-8"))
}
