//! Files that are being made. They have no name until they are complete, so that neither a failure
//! nor a crash leaves half a volume.
//!
//! Where the filesystem has no unnamed files, they have a name that is on no list, and are locked
//! by who makes them: one that has such a name and is not locked is what a crash has left.

use std::fs::{File, TryLockError};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, RenameFlags, openat, renameat, renameat2};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use uuid::Uuid;
use virsparse_base::errno::{Errno, SysResult};

/// How the names of files begin that are being made.
const PREFIX: &str = ".virsparse-new-";

/// Whether a file of that name is being made, and no volume.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Removes an unfinished file, unless somebody is still making it.
pub fn remove_leftover(folder: &OwnedFd, name: &str) {
    let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    // It takes space, but is in nobody's way.
    match openat(folder, name, flags, Mode::empty()).map(File::from) {
        Ok(file) if file.try_lock().is_ok() => remove(folder, name),
        Ok(_) => {}
        Err(errno) => log::info!("'{name}' stays: {errno}"),
    }
}

fn remove(folder: &OwnedFd, name: &str) {
    match unlinkat(folder, name, UnlinkatFlags::NoRemoveDir).map_err(Errno::from) {
        Ok(()) | Err(Errno::ENOENT) => {}
        Err(errno) => log::warn!("cannot remove '{name}': {errno}"),
    }
}

/// The way back to an open file through its descriptor.
pub fn own_path(file: &impl AsRawFd) -> PathBuf {
    Path::new("/proc/self/fd").join(file.as_raw_fd().to_string())
}

/// A file that is being made. Dropped, it is gone.
pub struct NewFile<'a> {
    folder: &'a OwnedFd,
    // Closed before its name is removed: network filesystems keep what is open, under another name.
    file: File,
    name: Option<UnfinishedName<'a>>,
}

/// The name that a file has while it is made, if it must have one.
struct UnfinishedName<'a> {
    folder: &'a OwnedFd,
    name: String,
}

impl Drop for UnfinishedName<'_> {
    fn drop(&mut self) {
        // What failed before this is what is reported; after a success there is no such name.
        remove(self.folder, &self.name);
    }
}

impl NewFile<'_> {
    /// A file in `folder` that only its owner may use yet.
    pub fn new(folder: &OwnedFd) -> SysResult<NewFile<'_>> {
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        match openat(folder, ".", flags, Mode::from_bits_truncate(0o600)).map_err(Errno::from) {
            Ok(file) => Ok(NewFile { folder, file: file.into(), name: None }),
            Err(Errno::EOPNOTSUPP | Errno::EISDIR | Errno::ENOENT | Errno::EINVAL) => {
                NewFile::named(folder)
            }
            Err(errno) => Err(errno),
        }
    }

    fn named(folder: &OwnedFd) -> SysResult<NewFile<'_>> {
        let flags =
            OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        loop {
            let name = format!("{PREFIX}{}", Uuid::new_v4().simple());
            let file = openat(folder, name.as_str(), flags, Mode::from_bits_truncate(0o600))?;
            let name = Some(UnfinishedName { folder, name });
            let new = NewFile { folder, file: file.into(), name };
            // Between the two calls it could be taken for a leftover.
            let taken = matches!(new.file.try_lock(), Err(TryLockError::WouldBlock))
                || new.file.metadata().is_ok_and(|metadata| metadata.nlink() == 0);
            if !taken {
                return Ok(new);
            }
        }
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives the finished file its name, unless something else has that.
    pub fn publish(self, name: &str) -> SysResult<()> {
        match &self.name {
            Some(before) => rename_to_free(self.folder, &before.name, name),
            None => {
                let path = own_path(&self.file);
                linkat(AT_FDCWD, &path, self.folder, name, AtFlags::AT_SYMLINK_FOLLOW)
                    .map_err(Errno::from)
            }
        }
    }
}

/// Gives a file another name, unless something has that: in whichever way the filesystem can. The
/// old name may stay, too.
fn rename_to_free(folder: &OwnedFd, before: &str, name: &str) -> SysResult<()> {
    match renameat2(folder, before, folder, name, RenameFlags::RENAME_NOREPLACE)
        .map_err(Errno::from)
    {
        Err(errno) if errno.is_unsupported() => {}
        done => return done,
    }
    match linkat(folder, before, folder, name, AtFlags::empty()).map_err(Errno::from) {
        Ok(()) => return Ok(()),
        Err(Errno::EEXIST) => return Err(Errno::EEXIST),
        Err(_) => {}
    }
    // Whoever makes the name has it.
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    drop(openat(folder, name, flags, Mode::empty())?);
    renameat(folder, before, folder, name)
        .inspect_err(|_| {
            remove(folder, name);
        })
        .map_err(Errno::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::{Read, Write};

    fn folder() -> (tempfile::TempDir, OwnedFd) {
        let folder = tempfile::tempdir().unwrap();
        let open = File::open(folder.path()).unwrap().into();
        (folder, open)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    type Make = for<'a> fn(&'a OwnedFd) -> SysResult<NewFile<'a>>;
    const WAYS: [Make; 2] = [NewFile::new, NewFile::named];

    #[test]
    fn a_file_appears_when_it_is_published() {
        for make in WAYS {
            let (place, folder) = folder();
            let new = make(&folder).unwrap();
            new.file().write_all(b"text").unwrap();
            assert!(names(&place).iter().all(|name| is_unfinished(name)));
            new.publish("v").unwrap();
            assert_eq!(names(&place), ["v"]);
            assert_eq!(fs::read(place.path().join("v")).unwrap(), b"text");
        }
    }

    #[test]
    fn a_file_that_is_not_published_is_gone() {
        for make in WAYS {
            let (place, folder) = folder();
            drop(make(&folder).unwrap());
            assert_eq!(names(&place), [""; 0]);
        }
    }

    #[test]
    fn nothing_is_replaced() {
        for make in WAYS {
            let (place, folder) = folder();
            fs::write(place.path().join("v"), "there").unwrap();
            std::os::unix::fs::symlink("/no/such/file", place.path().join("link")).unwrap();
            for name in ["v", "link"] {
                assert_eq!(make(&folder).unwrap().publish(name), Err(Errno::EEXIST));
            }
            assert_eq!(fs::read(place.path().join("v")).unwrap(), b"there");
            assert_eq!(names(&place).len(), 2);
        }
    }

    #[test]
    fn only_what_nobody_is_making_is_removed() {
        let (place, folder) = folder();
        let new = NewFile::named(&folder).unwrap();
        new.file().write_all(b"text").unwrap();
        let name = names(&place).remove(0);
        remove_leftover(&folder, &name);
        assert_eq!(names(&place), [name.as_str()]);
        // As a process that is killed leaves it.
        let left = format!("{PREFIX}left");
        fs::write(place.path().join(&left), "half").unwrap();
        remove_leftover(&folder, &left);
        assert_eq!(names(&place), [name.as_str()]);
        new.publish("v").unwrap();
        let mut text = String::new();
        File::open(place.path().join("v")).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
    }
}
