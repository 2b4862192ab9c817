//! Where the names of images lead: to the files and devices of the machine, or to what is kept in
//! memory.

use std::fs::{self, File, Metadata};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use virsparse_base::errno::{Errno, SysResult, errno_of};
use virsparse_base::sys;

use super::{Access, BlockError, Cache, FileNode, Location, Node, Result};

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A block device.
    Device,
    /// Something that no image is in.
    Other,
}

/// What is known of a file that is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// What sort of file it is.
    pub kind: FileKind,
    /// Bytes from the first to the last; 0 for a device.
    pub length: u64,
    /// Bytes that it takes on the medium.
    pub allocated: u64,
}

/// An open file or device that an image is in.
pub trait ImageFile: Node {
    /// Whether it is a block device, whose size is not ours to change.
    fn is_device(&self) -> bool;

    /// Locks the image against others, for reading what does not change or for changing it.
    fn lock(&self, writable: bool) -> Result<()>;

    /// Locks the image against those who would not share it.
    fn lock_shared(&self, writable: bool) -> Result<()>;

    /// Locks a part of the image for writing it, while others write other parts. EAGAIN if another has
    /// locked some of that part, EBUSY if the image is in use otherwise.
    fn lock_part(&self, part: &Range<u64>) -> Result<()>;

    /// Takes the locks back.
    fn unlock(&self);

    /// Whether others see the locks that were taken: not every filesystem has them.
    fn has_locks(&self) -> bool;

    /// Whether others have locked parts of the image to write them.
    fn has_part_writers(&self) -> Result<bool>;

    /// Whether others have locked the image, in whatever way.
    fn has_other_users(&self) -> Result<bool>;

    /// The same file, opened once more, for writing or only for reading. It is not locked.
    fn open_again(&self, writable: bool) -> Result<Arc<dyn ImageFile>>;

    /// By what it can be told from others, whatever its name is.
    fn identity(&self) -> Result<(u64, u64)>;

    /// Makes everything fail that waits for its server, in all threads. Does nothing where there is none.
    fn disconnect(&self);
}

/// A place for images. Errors of those functions that give only an errno are worded by who calls.
pub trait Files: Send + Sync {
    /// Looks at what is there.
    fn look(&self, path: &Path) -> SysResult<FileFacts>;

    /// Whether something of that name is there, be it a link that leads nowhere.
    fn exists(&self, path: &Path) -> bool;

    /// Opens what is there.
    fn open(&self, location: &Location, access: &Access) -> Result<Arc<dyn ImageFile>>;

    /// Opens the file at a path.
    fn open_file(&self, path: &Path, writable: bool, cache: Cache) -> Result<Arc<dyn ImageFile>> {
        self.open(&Location::from(path), &Access { cache, ..Access::new(writable) })
    }

    /// Makes an empty file where nothing is.
    fn create(&self, path: &Path) -> SysResult<Arc<dyn ImageFile>>;

    /// Makes an empty file that has no name there, and is gone when it is closed; messages call it
    /// `name`.
    fn create_unnamed(&self, folder: &Path, name: &str) -> SysResult<Arc<dyn ImageFile>>;

    /// Removes a file.
    fn remove(&self, path: &Path) -> SysResult<()>;

    /// Brings the names in a folder to stable storage.
    fn sync_folder(&self, folder: &Path) -> SysResult<()>;

    /// By what an image can be told from others, whatever its name is: as [`ImageFile::identity`].
    fn identity(&self, path: &Path) -> SysResult<(u64, u64)>;

    /// Whether two names lead to one file.
    fn is_same(&self, a: &Path, b: &Path) -> bool;

    /// Whether they are files that other programs find, too.
    fn is_real(&self) -> bool;
}

/// The files of the machine.
pub struct RealFiles;

impl Files for RealFiles {
    fn look(&self, path: &Path) -> SysResult<FileFacts> {
        let metadata = fs::metadata(path).map_err(|e| errno_of(&e))?;
        let kind = match metadata.file_type() {
            file if file.is_file() => FileKind::File,
            file if file.is_block_device() => FileKind::Device,
            _ => FileKind::Other,
        };
        let allocated = metadata.blocks().saturating_mul(512);
        Ok(FileFacts { kind, length: metadata.len(), allocated })
    }

    fn exists(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok()
    }

    fn open(&self, location: &Location, access: &Access) -> Result<Arc<dyn ImageFile>> {
        location.open(access)
    }

    fn create(&self, path: &Path) -> SysResult<Arc<dyn ImageFile>> {
        let file =
            fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        new_node(file, path.display().to_string())
    }

    fn create_unnamed(&self, folder: &Path, name: &str) -> SysResult<Arc<dyn ImageFile>> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let mut options = fs::OpenOptions::new();
        let options = options.read(true).write(true).mode(0o600);
        new_node(options.custom_flags(libc::O_TMPFILE).open(folder), name.to_string())
    }

    fn remove(&self, path: &Path) -> SysResult<()> {
        fs::remove_file(path).map_err(|e| errno_of(&e))
    }

    fn sync_folder(&self, folder: &Path) -> SysResult<()> {
        sys::sync_folder_at(folder)
    }

    fn identity(&self, path: &Path) -> SysResult<(u64, u64)> {
        fs::metadata(path).map(|metadata| identity(&metadata)).map_err(|e| errno_of(&e))
    }

    fn is_same(&self, a: &Path, b: &Path) -> bool {
        // By what they are, whatever the names: a device is itself under any node.
        let file = |path: &Path| {
            let found = fs::metadata(path);
            let found = found
                .inspect_err(|e| log::info!("'{}' leads nowhere: {e}", path.display()))
                .ok()?;
            let device = found.file_type().is_block_device().then(|| found.rdev());
            Some(device.map_or((found.dev(), found.ino()), |device| (u64::MAX, device)))
        };
        a == b || file(a).is_some_and(|a| file(b) == Some(a))
    }

    fn is_real(&self) -> bool {
        true
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    match metadata.file_type().is_block_device() {
        true => (metadata.rdev(), 0),
        false => (metadata.dev(), metadata.ino()),
    }
}

fn new_node(file: io::Result<File>, name: String) -> SysResult<Arc<dyn ImageFile>> {
    let node = FileNode::new(file.map_err(|e| errno_of(&e))?, name);
    Ok(Arc::new(node.map_err(|e| e.errno)?))
}

impl ImageFile for FileNode {
    fn is_device(&self) -> bool {
        FileNode::is_device(self)
    }

    fn lock(&self, writable: bool) -> Result<()> {
        FileNode::lock(self, writable)
    }

    fn lock_shared(&self, writable: bool) -> Result<()> {
        FileNode::lock_shared(self, writable)
    }

    fn lock_part(&self, part: &Range<u64>) -> Result<()> {
        FileNode::lock_part(self, part)
    }

    fn unlock(&self) {
        FileNode::unlock(self);
    }

    fn has_locks(&self) -> bool {
        FileNode::has_locks(self)
    }

    fn has_part_writers(&self) -> Result<bool> {
        FileNode::has_part_writers(self)
    }

    fn has_other_users(&self) -> Result<bool> {
        FileNode::has_other_users(self)
    }

    fn open_again(&self, writable: bool) -> Result<Arc<dyn ImageFile>> {
        Ok(Arc::new(FileNode::open_again(self, writable)?))
    }

    fn disconnect(&self) {}

    fn identity(&self) -> Result<(u64, u64)> {
        let metadata = self.file().map(File::metadata).transpose().map_err(|e| BlockError {
            what: format!("Unable to measure {}", self.name()),
            errno: errno_of(&e),
        })?;
        let metadata = metadata.ok_or_else(|| BlockError {
            what: format!("Unable to measure {}", self.name()),
            errno: Errno::EBADF,
        })?;
        Ok(identity(&metadata))
    }
}
