//! Files in memory, in folders that last as long as somebody holds them. A name leads to one of them
//! or nowhere, never to a file of the machine.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use virsparse_base::errno::{Errno, SysResult};

use super::files::{FileFacts, FileKind, Files, ImageFile};
use super::location::shown;
use super::{Access, BlockError, Extent, Location, MemoryNode, Node, Result, Space};

/// The folders of a process that belong together.
#[derive(Default)]
pub struct MemoryFiles {
    folders: Mutex<BTreeMap<PathBuf, Weak<MemoryFolder>>>,
    /// Those that last as long as this.
    held: Mutex<Vec<Arc<MemoryFolder>>>,
}

/// A folder. Its files are gone when it is dropped, and nobody has them open any more.
pub struct MemoryFolder {
    path: PathBuf,
    files: Mutex<BTreeMap<String, Arc<MemoryFile>>>,
}

/// A file.
pub struct MemoryFile {
    node: MemoryNode,
    number: u64,
    users: Mutex<Vec<User>>,
}

/// What somebody does to an image, and what it does not bear others doing.
struct User {
    number: u64,
    does: u8,
    not_shared: u8,
    /// The part that it writes, if that is not all.
    part: Option<Range<u64>>,
}

const READ: u8 = 1;
const WRITE: u8 = 2;
const RESIZE: u8 = 4;

/// A number that nothing else here has.
fn number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A path without "." and "..": there are no links that would make a difference. `None` if it does
/// not say from where.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::from("/");
    if !path.is_absolute() {
        return None;
    }
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => drop(plain.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    Some(plain)
}

impl MemoryFiles {
    /// The folder of that name: the one that somebody holds, or a new one.
    pub fn folder(&self, path: &str) -> Arc<MemoryFolder> {
        let path = plain(Path::new(path)).unwrap_or_else(|| PathBuf::from(path));
        let mut folders = lock(&self.folders);
        if let Some(folder) = folders.get(&path).and_then(Weak::upgrade) {
            return folder;
        }
        folders.retain(|_, folder| folder.strong_count() > 0);
        let folder =
            Arc::new(MemoryFolder { path: path.clone(), files: Mutex::new(BTreeMap::new()) });
        folders.insert(path, Arc::downgrade(&folder));
        folder
    }

    /// Makes a folder that stays, with a sparse file in it.
    pub fn hold(&self, folder: &str, name: &str, length: u64) -> Result<()> {
        let folder = self.folder(folder);
        let file = folder.new_file(name);
        file.node().resize(length)?;
        folder.insert(name, file);
        lock(&self.held).push(folder);
        Ok(())
    }

    /// Where a name leads: the folder, and the name in it.
    fn place(&self, path: &Path) -> SysResult<(Arc<MemoryFolder>, String)> {
        let path = plain(path).ok_or(Errno::ENOENT)?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or(Errno::EISDIR)?;
        let folder = path.parent().and_then(|folder| lock(&self.folders).get(folder)?.upgrade());
        Ok((folder.ok_or(Errno::ENOENT)?, name.to_string()))
    }

    fn find(&self, path: &Path) -> SysResult<Arc<MemoryFile>> {
        let (folder, name) = self.place(path)?;
        folder.find(&name).ok_or(Errno::ENOENT)
    }
}

impl MemoryFolder {
    /// Its name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether that is its name, too.
    pub fn is_at(&self, path: &str) -> bool {
        plain(Path::new(path)).as_ref() == Some(&self.path)
    }

    /// The names of its files.
    pub fn names(&self) -> Vec<String> {
        lock(&self.files).keys().cloned().collect()
    }

    /// The file of a name.
    pub fn find(&self, name: &str) -> Option<Arc<MemoryFile>> {
        lock(&self.files).get(name).cloned()
    }

    /// A new file, which is not in it yet.
    pub fn new_file(&self, name: &str) -> Arc<MemoryFile> {
        MemoryFile::new(self.path.join(name).display().to_string())
    }

    /// Gives a file a name. False if another one has that.
    pub fn insert(&self, name: &str, file: Arc<MemoryFile>) -> bool {
        let mut files = lock(&self.files);
        let free = !files.contains_key(name);
        if free {
            files.insert(name.to_string(), file);
        }
        free
    }

    /// Removes a file. Who has it open keeps it.
    pub fn remove(&self, name: &str) -> bool {
        lock(&self.files).remove(name).is_some()
    }

    /// Bytes that all of its files take.
    pub fn allocated(&self) -> u64 {
        let files: Vec<_> = lock(&self.files).values().cloned().collect();
        files.iter().fold(0, |sum, file| sum.saturating_add(file.node.allocated()))
    }
}

impl MemoryFile {
    fn new(name: String) -> Arc<MemoryFile> {
        let node = MemoryNode::new(shown(&name), 0);
        Arc::new(MemoryFile { node, number: number(), users: Mutex::default() })
    }

    /// Opens it. Nobody is asked whether he uses it.
    pub fn open(self: &Arc<Self>, writable: bool) -> Arc<MemoryImage> {
        Arc::new(MemoryImage { file: self.clone(), writable, user: number() })
    }

    /// What it holds.
    pub fn node(&self) -> &MemoryNode {
        &self.node
    }
}

/// An open file.
pub struct MemoryImage {
    file: Arc<MemoryFile>,
    writable: bool,
    user: u64,
}

impl MemoryImage {
    fn take(&self, does: u8, not_shared: u8, part: Option<Range<u64>>) -> Result<()> {
        let mut users = lock(&self.file.users);
        // What was locked before stays so.
        let own = users.iter().position(|user| user.number == self.user);
        let before = own.map(|own| users.swap_remove(own));
        let part = part.or_else(|| before.as_ref()?.part.clone());
        if users.iter().any(|user| user.does & not_shared != 0 || user.not_shared & does != 0) {
            return Err(self.failed("lock", Errno::EBUSY));
        }
        if let Some(part) = &part
            && users.iter().filter_map(|user| user.part.as_ref()).any(|other| overlap(part, other))
        {
            return Err(self.failed("lock", Errno::EAGAIN));
        }
        users.push(User { number: self.user, does, not_shared, part });
        Ok(())
    }

    fn failed(&self, action: &str, errno: Errno) -> BlockError {
        BlockError { what: format!("Unable to {action} {}", self.name()), errno }
    }

    fn check_writable(&self) -> Result<()> {
        if self.writable { Ok(()) } else { Err(self.failed("write", Errno::EBADF)) }
    }
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    !a.is_empty() && !b.is_empty() && a.start < b.end && b.start < a.end
}

impl Drop for MemoryImage {
    fn drop(&mut self) {
        self.unlock();
    }
}

impl ImageFile for MemoryImage {
    fn is_device(&self) -> bool {
        false
    }

    fn lock(&self, writable: bool) -> Result<()> {
        let does = if writable { READ | WRITE | RESIZE } else { READ };
        self.take(does, WRITE | RESIZE, None)
    }

    fn lock_shared(&self, writable: bool) -> Result<()> {
        self.take(if writable { READ | WRITE } else { READ }, RESIZE, None)
    }

    fn lock_part(&self, part: &Range<u64>) -> Result<()> {
        self.take(WRITE | RESIZE, 0, Some(part.clone()))
    }

    fn has_locks(&self) -> bool {
        true
    }

    fn has_part_writers(&self) -> Result<bool> {
        let users = lock(&self.file.users);
        Ok(users.iter().any(|user| user.number != self.user && user.part.is_some()))
    }

    fn has_other_users(&self) -> Result<bool> {
        Ok(lock(&self.file.users).iter().any(|user| user.number != self.user))
    }

    fn unlock(&self) {
        lock(&self.file.users).retain(|user| user.number != self.user);
    }

    fn open_again(&self, writable: bool) -> Result<Arc<dyn ImageFile>> {
        Ok(self.file.open(writable))
    }

    fn disconnect(&self) {}

    fn identity(&self) -> Result<(u64, u64)> {
        Ok((0, self.file.number))
    }
}

impl Node for MemoryImage {
    crate::plain!(
        queue,
        read_vectored_at,
        write_vectored_at,
        profile,
        compression_unit,
        write_compressed,
        space_at,
        knows_holes,
        file,
        write_behind,
        settle
    );

    fn name(&self) -> &str {
        self.file.node.name()
    }

    fn length(&self) -> Result<u64> {
        self.file.node.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.node.read_at(buffer, offset)
    }

    fn write_at(&self, data: &[u8], offset: u64) -> Result<()> {
        self.check_writable()?;
        self.file.node.write_at(data, offset)
    }

    fn write_zeroes(&self, offset: u64, length: u64, may_unmap: bool) -> Result<()> {
        self.check_writable()?;
        self.file.node.write_zeroes(offset, length, may_unmap)
    }

    fn write_zeroes_fast(&self, offset: u64, length: u64, may_unmap: bool) -> Result<bool> {
        self.check_writable()?;
        self.file.node.write_zeroes_fast(offset, length, may_unmap)
    }

    fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.check_writable()?;
        self.file.node.discard(offset, length)
    }

    fn extent_at(&self, offset: u64, limit: u64) -> Result<Extent> {
        self.file.node.extent_at(offset, limit)
    }

    fn space(&self) -> Result<Space> {
        self.file.node.space()
    }

    fn allocate(&self, offset: u64, length: u64) -> Result<()> {
        self.check_writable()?;
        self.file.node.allocate(offset, length)
    }

    fn resize(&self, length: u64) -> Result<()> {
        self.check_writable()?;
        self.file.node.resize(length)
    }

    fn flush(&self) -> Result<()> {
        self.file.node.flush()
    }
}

impl Files for MemoryFiles {
    fn look(&self, path: &Path) -> SysResult<FileFacts> {
        let file = self.find(path)?;
        let length = file.node.length().map_err(|e| e.errno)?;
        Ok(FileFacts { kind: FileKind::File, length, allocated: file.node.allocated() })
    }

    fn exists(&self, path: &Path) -> bool {
        self.find(path).is_ok()
    }

    fn open(&self, location: &Location, access: &Access) -> Result<Arc<dyn ImageFile>> {
        // Nothing leads out of memory.
        let file = location.path().ok_or(Errno::ENOENT).and_then(|path| self.find(path));
        let file = file.map_err(|errno| {
            let what = format!("Unable to open {}", shown(&location.to_string()));
            BlockError { what, errno }
        })?;
        Ok(file.open(access.writable))
    }

    fn create(&self, path: &Path) -> SysResult<Arc<dyn ImageFile>> {
        let (folder, name) = self.place(path)?;
        let file = folder.new_file(&name);
        match folder.insert(&name, file.clone()) {
            true => Ok(file.open(true)),
            false => Err(Errno::EEXIST),
        }
    }

    fn create_unnamed(&self, _folder: &Path, name: &str) -> SysResult<Arc<dyn ImageFile>> {
        Ok(MemoryFile::new(name.to_string()).open(true))
    }

    fn remove(&self, path: &Path) -> SysResult<()> {
        let (folder, name) = self.place(path)?;
        if folder.remove(&name) { Ok(()) } else { Err(Errno::ENOENT) }
    }

    fn sync_folder(&self, _folder: &Path) -> SysResult<()> {
        Ok(())
    }

    fn identity(&self, path: &Path) -> SysResult<(u64, u64)> {
        Ok((0, self.find(path)?.number))
    }

    fn is_same(&self, a: &Path, b: &Path) -> bool {
        plain(a) == plain(b)
    }

    fn is_real(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_files_in_memory_or_nowhere() {
        let files = MemoryFiles::default();
        let folder = files.folder("/pool/");
        assert!(folder.insert("a", folder.new_file("a")));
        assert!(!folder.insert("a", folder.new_file("a")));
        for path in ["/pool/a", "//pool/./a", "/pool/../pool/a", "/../pool/a"] {
            assert!(files.exists(Path::new(path)), "{path}");
            assert!(files.is_same(Path::new(path), Path::new("/pool/a")));
        }
        let none =
            [("/etc/passwd", Errno::ENOENT), ("pool/a", Errno::ENOENT), ("/", Errno::EISDIR)];
        for (path, errno) in none {
            assert_eq!(files.look(Path::new(path)), Err(errno), "{path}");
            assert_eq!(files.create(Path::new(path)).err(), Some(errno), "{path}");
        }
        assert_eq!(files.create(Path::new("/pool/a")).err(), Some(Errno::EEXIST));
        // A folder is one, however it is called.
        assert!(Arc::ptr_eq(&files.folder("/x/../pool/."), &folder));
        let made = files.create(Path::new("/pool/b")).unwrap();
        made.write_at(&[1; 3], 5).unwrap();
        assert_eq!(files.look(Path::new("/pool/b")).unwrap().length, 8);
        drop(folder);
        assert!(!files.exists(Path::new("/pool/b")));
        assert_eq!(made.length().unwrap(), 8);
    }

    #[test]
    fn users_of_one_image_know_of_each_other() {
        let files = MemoryFiles::default();
        let folder = files.folder("/pool");
        let file = folder.new_file("a");
        let (one, other) = (file.open(true), file.open(false));
        one.lock(true).unwrap();
        assert_eq!(other.lock(false).unwrap_err().errno, Errno::EBUSY);
        one.lock(false).unwrap();
        other.lock(false).unwrap();
        assert_eq!(one.lock(true).unwrap_err().errno, Errno::EBUSY);
        drop(other);
        one.lock(true).unwrap();
        one.unlock();
        let (one, other) = (file.open(true), file.open(true));
        one.lock_shared(true).unwrap();
        other.lock_shared(true).unwrap();
        assert_eq!(file.open(false).lock(false).unwrap_err().errno, Errno::EBUSY);
        assert_eq!(file.open(false).write_at(&[1], 0).unwrap_err().errno, Errno::EBADF);
    }
}
