//! Volumes in a folder.
//!
//! A volume is a regular file, a block device, a folder, or a symbolic link to one of the first
//! two. A link that leads out of the pool is refused, unless to a block device: who may put files
//! into the pool shall not be able to make us write others. Nothing is opened by a path that could
//! change between the look and the use.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag};
use nix::unistd::{Gid, Uid, UnlinkatFlags};
use virsparse_base::errno::Errno;

use super::header::VolumeHeader;
use super::names::{name_in, path_in};
use super::new_file::{NewFile, is_unfinished, own_path, remove_leftover};
use super::permissions::Permissions;
use super::pool_xml::PoolSizes;
use super::registry::no_volume;
use super::store::{Fill, NewVolume, VolumeFacts, VolumeStore};
use super::volume_description::{Timestamp, Timestamps, VolumeKind};
use super::volume_format::VolumeFormat;
use crate::block::{BlockError, FileNode, ImageFile, Node};
use crate::error::*;
use crate::{folders, sys};

/// A pool's folder.
pub struct DirStore {
    path: PathBuf,
    /// Something must be mounted there.
    mounted: bool,
}

/// A volume that has been found: pinned, so that it cannot be exchanged.
struct Located {
    /// Opened with O_PATH.
    pin: File,
    metadata: Metadata,
    kind: VolumeKind,
    /// Whether it was reached through a symbolic link.
    linked: bool,
}

impl DirStore {
    /// The store in the folder at `path`, which need not exist yet. `mounted`: it can only be used
    /// while a filesystem is mounted there, which is not our doing.
    pub fn new(path: impl Into<PathBuf>, mounted: bool) -> DirStore {
        DirStore { path: path.into(), mounted }
    }

    fn folder(&self) -> Result<OwnedFd> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_RDONLY;
        let folder = nix::fcntl::open(&self.path, flags, Mode::empty())
            .map_err(|errno| self.no_folder(errno.into()))?;
        // Open files are found again there; without it, they would seem not to exist.
        if !own_path(&folder).is_dir() {
            let text = format!("directory '{}' cannot be used: /proc is not mounted", self.show());
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        Ok(folder)
    }

    fn no_folder(&self, errno: Errno) -> Error {
        Error::system(VIR_FROM_NONE, errno, format!("cannot open directory '{}'", self.show()))
    }

    fn show(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// What messages call a volume.
    fn path_of(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    /// Finds a volume; `Ok(None)` for what is no volume (a FIFO, a dangling link, nothing at all).
    fn locate(&self, folder: &OwnedFd, name: &str) -> Result<Option<Located>> {
        let open = |follow: OFlag| {
            openat(folder, name, OFlag::O_PATH | OFlag::O_CLOEXEC | follow, Mode::empty())
                .map(File::from)
        };
        let failed = |errno| {
            let text = format!("cannot open volume '{}'", self.path_of(name));
            Error::system(VIR_FROM_STORAGE, errno, text)
        };
        let look = |pin: &File| pin.metadata().map_err(|e| failed(errno_of(&e)));
        let mut pin = match open(OFlag::O_NOFOLLOW).map_err(Errno::from) {
            Ok(pin) => pin,
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
            Err(errno) => return Err(failed(errno)),
        };
        let mut metadata = look(&pin)?;
        let linked = metadata.file_type().is_symlink();
        if linked {
            pin = match open(OFlag::empty()).map_err(Errno::from) {
                Ok(pin) => pin,
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
                Err(errno) => return Err(failed(errno)),
            };
            metadata = look(&pin)?;
        }
        let file_type = metadata.file_type();
        let kind = if file_type.is_file() {
            VolumeKind::File
        } else if file_type.is_block_device() {
            VolumeKind::Block
        } else if file_type.is_dir() && !linked {
            VolumeKind::Dir
        } else {
            return Ok(None);
        };
        if linked && kind == VolumeKind::File {
            self.check_inside(folder, &pin, name)?;
        }
        Ok(Some(Located { pin, metadata, kind, linked }))
    }

    /// Refuses a link whose end is not in the pool.
    fn check_inside(&self, folder: &OwnedFd, pin: &File, name: &str) -> Result<()> {
        let resolved = |way: PathBuf| {
            fs::read_link(&way).map_err(|e| {
                let text = format!("cannot find out where volume '{}' is", self.path_of(name));
                Error::io(VIR_FROM_STORAGE, &e, text)
            })
        };
        if resolved(own_path(pin))?.starts_with(resolved(own_path(folder))?) {
            return Ok(());
        }
        let text = format!(
            "volume '{name}' is a symbolic link that leads out of the pool '{}'",
            self.show()
        );
        Err(Error::new(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE, text))
    }

    fn find(&self, name: &str) -> Result<Option<Located>> {
        self.locate(&self.folder()?, name)
    }

    fn open_file(&self, name: &str, write: bool) -> Result<FileNode> {
        let located = self.find(name)?.ok_or_else(|| {
            let text = format!("Unable to open stream for '{}'", self.path_of(name));
            Error::system(VIR_FROM_STREAMS, Errno::ENOENT, text)
        })?;
        self.reopen(&located, name, write)
    }

    /// Opens what has been found, and nothing else.
    fn reopen(&self, located: &Located, name: &str, write: bool) -> Result<FileNode> {
        let path = self.path_of(name);
        let failed = |error: &io::Error| {
            let text = format!("Unable to open stream for '{path}'");
            Error::io(VIR_FROM_STREAMS, error, text)
        };
        if located.kind == VolumeKind::Dir {
            return Err(failed(&io::Error::from_raw_os_error(libc::EISDIR)));
        }
        let mut options = fs::OpenOptions::new();
        let options = options.read(true).write(write);
        let file =
            sys::open_promptly(&own_path(&located.pin), options, 0).map_err(|e| failed(&e))?;
        FileNode::new(file, path).map_err(|e| e.report(VIR_FROM_STREAMS))
    }

    fn create_error(&self, name: &str, errno: Errno) -> Error {
        if errno == Errno::EEXIST {
            return Error::new(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, format!("'{name}'"));
        }
        let text = format!("cannot create path '{}'", self.path_of(name));
        Error::system(VIR_FROM_STORAGE, errno, text)
    }

    fn not_synced(&self, name: &str, errno: Errno) -> Error {
        let text = format!("cannot sync path '{}'", self.path_of(name));
        Error::system(VIR_FROM_STORAGE, errno, text)
    }

    fn no_nocow(&self, name: &str, errno: Errno) -> Error {
        let other = if errno == Errno::ENOSYS { ", not btrfs" } else { "" };
        let text = format!("unable to control COW flag on '{}'{other}", self.path_of(name));
        Error::system(VIR_FROM_NONE, errno, text)
    }

    /// Sets the rights of what has just been made; the umask has no say in it.
    fn set_rights(&self, volume: &NewVolume<'_>, file: &File, default_mode: u32) -> Result<()> {
        let path = self.path_of(volume.name);
        let &Permissions { mode, owner, group, .. } = volume.permissions;
        if owner.is_some() || group.is_some() {
            let (owner, group) = (owner.map(Uid::from_raw), group.map(Gid::from_raw));
            nix::unistd::fchown(file, owner, group).map_err(|errno| {
                Error::system(VIR_FROM_STORAGE, errno, format!("cannot set owner of '{path}'"))
            })?;
        }
        let mode = fs::Permissions::from_mode(mode.unwrap_or(default_mode));
        file.set_permissions(mode)
            .map_err(|e| Error::io(VIR_FROM_STORAGE, &e, format!("cannot set mode of '{path}'")))
    }

    fn create_folder(&self, folder: &OwnedFd, volume: &NewVolume<'_>) -> Result<()> {
        nix::sys::stat::mkdirat(folder, volume.name, Mode::from_bits_truncate(0o700))
            .map_err(|errno| self.create_error(volume.name, errno.into()))?;
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let made = openat(folder, volume.name, flags, Mode::empty())
            .map_err(|errno| self.create_error(volume.name, errno.into()))
            .and_then(|file| {
                let file = File::from(file);
                self.set_rights(volume, &file, 0o711)?;
                if volume.sync {
                    sys::sync_folder(&file)
                        .and_then(|()| sys::sync_folder(folder))
                        .map_err(|errno| self.not_synced(volume.name, errno))?;
                }
                Ok(())
            });
        if made.is_err() {
            // The first failure is the one to report.
            if let Err(errno) = nix::unistd::unlinkat(folder, volume.name, UnlinkatFlags::RemoveDir)
            {
                log::error!("'{}' stays: {errno}", self.path_of(volume.name));
            }
        }
        made
    }

    /// Gives a new file its space and its size. The space first: where it can only be given by
    /// writing, an empty file is the one that surely has nothing but holes.
    fn lay_out(&self, volume: &NewVolume<'_>, node: &FileNode) -> Result<()> {
        let path = self.path_of(volume.name);
        let failed =
            |what: String| move |e: BlockError| Error::system(VIR_FROM_STORAGE, e.errno, what);
        let extend = failed(format!("cannot extend file '{path}'"));
        let allocate =
            failed(format!("cannot allocate {} bytes in file '{path}'", volume.allocation));
        match node.allocate(0, volume.allocation) {
            Err(e) if e.errno == Errno::EFBIG => return Err(extend(e)),
            done => done.map_err(allocate)?,
        }
        node.resize(volume.capacity.max(volume.allocation)).map_err(extend)
    }
}

fn permissions_of(metadata: &Metadata) -> Permissions {
    Permissions {
        // Special bits are not shown, and could not be asked for.
        mode: Some(metadata.mode() & 0o777),
        owner: Some(metadata.uid()),
        group: Some(metadata.gid()),
        label: None,
    }
}

fn timestamps_of(metadata: &Metadata) -> Timestamps {
    let at = |seconds, nanoseconds: i64| Timestamp { seconds, nanoseconds: nanoseconds as u32 };
    // Not every filesystem knows when a file was made; libvirt then says 0.
    let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Timestamps {
        atime: at(metadata.atime(), metadata.atime_nsec()),
        mtime: at(metadata.mtime(), metadata.mtime_nsec()),
        ctime: at(metadata.ctime(), metadata.ctime_nsec()),
        btime: born.map_or(at(0, 0), |t| at(t.as_secs() as i64, t.subsec_nanos().into())),
    }
}

impl VolumeStore for DirStore {
    fn check(&self) -> Result<()> {
        let folder = File::from(self.folder()?);
        if !self.mounted {
            return Ok(());
        }
        let look = |e: &io::Error| self.no_folder(errno_of(e));
        let here = folder.metadata().map_err(|e| look(&e))?;
        let above = fs::metadata(self.path.join("..")).map_err(|e| look(&e))?;
        if here.dev() != above.dev() || here.ino() == above.ino() {
            return Ok(());
        }
        let text = format!("mounting filesystems: nothing is mounted at '{}'", self.show());
        Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text))
    }

    fn build(&self, permissions: &Permissions) -> Result<()> {
        let failed = |e: &io::Error| {
            Error::io(VIR_FROM_STORAGE, e, format!("cannot create path '{}'", self.show()))
        };
        if let Some(parent) = self.path.parent() {
            folders::make(parent, 0o777).map_err(|e| failed(&e))?;
        }
        let new = match folders::make(&self.path, 0o700) {
            // Opening it will tell what else it is.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            made => made.map_err(|e| failed(&e))?,
        };
        let folder = File::from(self.folder()?);
        let &Permissions { mode, owner, group, .. } = permissions;
        if owner.is_some() || group.is_some() {
            std::os::unix::fs::fchown(&folder, owner, group).map_err(|e| failed(&e))?;
        }
        // A folder that was there keeps the mode that it has, unless another is asked for.
        if let Some(mode) = mode.or(new.then_some(0o711)) {
            folder.set_permissions(fs::Permissions::from_mode(mode)).map_err(|e| failed(&e))?;
        }
        sys::sync_folder(&folder).map_err(|errno| failed(&errno.into()))
    }

    fn delete(&self) -> Result<()> {
        fs::remove_dir(&self.path).map_err(|e| {
            let text = format!("failed to remove pool '{}'", self.show());
            Error::io(VIR_FROM_STORAGE, &e, text)
        })?;
        if let Err(error) = folders::sync_above(&self.path) {
            // It is gone, and nothing was in it.
            log::error!("'{}' has been removed, but is not synced: {error}", self.show());
        }
        Ok(())
    }

    fn usage(&self) -> Result<PoolSizes> {
        let sizes = nix::sys::statvfs::fstatvfs(self.folder()?).map_err(|errno| {
            let text = format!("cannot statvfs path '{}'", self.show());
            Error::system(VIR_FROM_STORAGE, errno, text)
        })?;
        let unit = sizes.fragment_size();
        let capacity = sizes.blocks().saturating_mul(unit);
        let available = sizes.blocks_free().saturating_mul(unit);
        Ok(PoolSizes { capacity, allocation: capacity.saturating_sub(available), available })
    }

    fn permissions(&self) -> Result<Option<Permissions>> {
        match fs::metadata(&self.path) {
            Ok(metadata) => Ok(Some(permissions_of(&metadata))),
            Err(e) => Err(self.no_folder(errno_of(&e))),
        }
    }

    fn list(&self) -> Result<BTreeSet<String>> {
        let folder = self.folder()?;
        let failed = |e: io::Error| self.no_folder(errno_of(&e));
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(own_path(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            // A name that is not UTF-8 cannot be said in XML.
            let name = match entry.file_name().into_string() {
                Ok(name) => name,
                Err(name) => {
                    log::warn!("{name:?} in '{}' is no volume: it is not UTF-8", self.show());
                    continue;
                }
            };
            if is_unfinished(&name) {
                remove_leftover(&folder, &name);
                continue;
            }
            // Most entries need no look of their own.
            let plain = entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_dir());
            // What cannot be looked at (a link out of the pool, a broken entry) is not a volume;
            // the others are, whatever is wrong with it.
            let is_volume = plain
                || match self.locate(&folder, &name) {
                    Ok(found) => found.is_some(),
                    Err(e) if e.errno().is_some_and(Errno::is_shortage) => return Err(e),
                    Err(e) => {
                        log::warn!("'{}' is no volume: {e}", self.path_of(&name));
                        false
                    }
                };
            if is_volume {
                names.insert(name);
            }
        }
        Ok(names)
    }

    fn facts(&self, name: &str) -> Result<VolumeFacts> {
        let located = self.find(name)?.ok_or_else(|| no_volume("path", &self.path_of(name)))?;
        let metadata = &located.metadata;
        let (image, physical, allocation) = match located.kind {
            VolumeKind::Dir => (VolumeHeader::none(VolumeFormat::Dir), 0, 0),
            VolumeKind::File => {
                let image = match self.reopen(&located, name, false) {
                    Ok(node) => {
                        VolumeHeader::read(&node).map_err(|e| e.report(VIR_FROM_STORAGE))?
                    }
                    Err(e) if matches!(e.errno(), Some(Errno::EACCES | Errno::EPERM)) => {
                        log::warn!("the format of '{}' is not known: {e}", self.path_of(name));
                        // It may not be read by this process.
                        VolumeHeader::none(VolumeFormat::Unknown)
                    }
                    Err(e) => return Err(e),
                };
                (image, metadata.len(), metadata.blocks() * 512)
            }
            VolumeKind::Block => {
                let node = self.reopen(&located, name, false)?;
                let size = node.length().map_err(|e| e.report(VIR_FROM_STORAGE))?;
                let image = VolumeHeader::read(&node).map_err(|e| e.report(VIR_FROM_STORAGE))?;
                (image, size, size)
            }
        };
        Ok(VolumeFacts {
            kind: if located.linked { VolumeKind::File } else { located.kind },
            capacity: image.capacity.unwrap_or(physical),
            image,
            allocation,
            physical,
            permissions: permissions_of(metadata),
            timestamps: Some(timestamps_of(metadata)),
        })
    }

    fn open(&self, name: &str, write: bool) -> Result<Arc<dyn ImageFile>> {
        Ok(Arc::new(self.open_file(name, write)?))
    }

    fn path(&self, name: &str) -> Result<String> {
        Ok(path_in(&self.path.to_string_lossy(), name))
    }

    fn name_of(&self, path: &str) -> Result<Option<String>> {
        Ok(name_in(&self.path.to_string_lossy(), path).map(str::to_string))
    }

    fn folder(&self) -> Result<Option<String>> {
        Ok(Some(self.path.to_string_lossy().into_owned()))
    }

    fn is_at(&self, folder: &str) -> Result<bool> {
        // A name that leads nowhere, or where we may not look, is no pool's.
        let identity = |path: &Path| match fs::metadata(path) {
            Ok(found) => Ok(Some((found.dev(), found.ino()))),
            Err(e) => match errno_of(&e) {
                Errno::ENOENT
                | Errno::ENOTDIR
                | Errno::ELOOP
                | Errno::ENAMETOOLONG
                | Errno::EACCES
                | Errno::EPERM => Ok(None),
                errno => {
                    let text = format!("cannot look at '{}'", path.display());
                    Err(Error::system(VIR_FROM_STORAGE, errno, text))
                }
            },
        };
        let there = identity(Path::new(folder))?;
        Ok(there.is_some() && there == identity(&self.path)?)
    }

    fn create(&self, volume: &NewVolume<'_>, fill: Fill<'_>) -> Result<()> {
        if is_unfinished(volume.name) {
            let text = format!("volume name '{}' is reserved", volume.name);
            return Err(Error::invalid_operation(VIR_FROM_STORAGE, text));
        }
        let folder = self.folder()?;
        // Anything of that name is in the way, a volume or not.
        match openat(
            &folder,
            volume.name,
            OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC,
            Mode::empty(),
        )
        .map_err(Errno::from)
        {
            Err(Errno::ENOENT) => {}
            Err(errno) => return Err(self.create_error(volume.name, errno)),
            Ok(_) => {
                let text =
                    format!("volume target path '{}' already exists", self.path_of(volume.name));
                return Err(Error::invalid_operation(VIR_FROM_STORAGE, text));
            }
        }
        if volume.kind == VolumeKind::Dir {
            return self.create_folder(&folder, volume);
        }
        let failed = |errno| self.create_error(volume.name, errno);
        let new = NewFile::new(&folder).map_err(failed)?;
        if volume.nocow {
            sys::set_nocow(new.file()).map_err(|errno| self.no_nocow(volume.name, errno))?;
        }
        let file = new.file().try_clone().map_err(|e| failed(errno_of(&e)))?;
        let mut node = FileNode::new(file, self.path_of(volume.name))
            .map_err(|e| e.report(VIR_FROM_STORAGE))?;
        // Nobody finds it before it is complete, so one flush is enough: the one at the end.
        node.ignore_flushes();
        if volume.sync {
            node.write_behind();
        }
        self.lay_out(volume, &node)?;
        self.set_rights(volume, new.file(), 0o600)?;
        let node = Arc::new(node);
        let filled: Arc<dyn Node> = node.clone();
        fill(&filled)?;
        if volume.sync {
            node.sync_all().map_err(|e| e.report(VIR_FROM_STORAGE))?;
        }
        new.publish(volume.name).map_err(failed)?;
        if volume.sync
            && let Err(errno) = sys::sync_folder(&folder)
        {
            // What was not made for sure is not made; the first failure is the one to report.
            let _ = nix::unistd::unlinkat(&folder, volume.name, UnlinkatFlags::NoRemoveDir);
            return Err(self.not_synced(volume.name, errno));
        }
        Ok(())
    }

    fn remove(&self, name: &str, sync: bool) -> Result<()> {
        let folder = self.folder()?;
        let path = self.path_of(name);
        // Of a link, the link itself: where it leads does not matter.
        let mode = nix::sys::stat::fstatat(&folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)
            .map(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT);
        let (flag, what) = match mode {
            Ok(SFlag::S_IFDIR) => (UnlinkatFlags::RemoveDir, "remove directory"),
            _ => (UnlinkatFlags::NoRemoveDir, "unlink file"),
        };
        match nix::unistd::unlinkat(&folder, name, flag).map_err(Errno::from) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(errno) => {
                let text = format!("cannot {what} '{path}'");
                return Err(Error::system(VIR_FROM_STORAGE, errno, text));
            }
        }
        if sync && let Err(errno) = sys::sync_folder(&folder) {
            // It is gone, which a caller must not take for not done.
            log::error!("'{path}' has been removed, but may be back after a power cut: {errno}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
