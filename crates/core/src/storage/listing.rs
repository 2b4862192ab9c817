//! Which volumes a pool has: those that were in its place when it was started or last refreshed,
//! and those that were made since.
//!
//! What others put there or take away in between shows with the next refresh, as in libvirt. All
//! processes that use one root see one list: it is a file, replaced as a whole at each change.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use virsparse_base::memory::fallible;

use super::store::VolumeStore;
use crate::error::*;

/// Names of volumes.
pub type Names = Arc<BTreeSet<String>>;

/// The list as it was last seen, in a file that is held open: while it is, no other file can have
/// its inode number, which tells one version of the list from the next.
struct Seen {
    file: File,
    names: Names,
}

/// The list of one pool.
pub struct Listing {
    /// Where it is kept; `None` for a place that nobody else can change, which is asked itself.
    file: Option<PathBuf>,
    seen: Mutex<Option<Seen>>,
}

impl Listing {
    /// The list that is kept in `file`.
    pub fn new(file: Option<PathBuf>) -> Arc<Listing> {
        Arc::new(Listing { file, seen: Mutex::new(None) })
    }

    /// The names.
    pub fn names(&self, store: &dyn VolumeStore) -> Result<Names> {
        let Some(file) = &self.file else { return Ok(Arc::new(store.list()?)) };
        let mut seen = self.seen();
        if let Some(seen) = seen.as_ref().filter(|seen| is_at(&seen.file, file)) {
            return Ok(seen.names.clone());
        }
        match read(file) {
            Ok(read) => Ok(seen.insert(read).names.clone()),
            // It has been lost: what is there now is what there is. The next change writes it.
            Err(e) if e.kind() == ErrorKind::NotFound => {
                log::warn!("'{}' is lost: the pool's folder is listed instead", file.display());
                Ok(Arc::new(store.list()?))
            }
            Err(e) => {
                let text = format!("cannot read '{}'", file.display());
                Err(Error::io(VIR_FROM_STORAGE, &e, text))
            }
        }
    }

    /// Looks at the place again. The caller keeps other changes away.
    pub fn rescan(&self, store: &dyn VolumeStore) -> Result<()> {
        let names = store.list()?;
        match &self.file {
            Some(file) => self.write(file, names),
            None => Ok(()),
        }
    }

    /// Adds or removes a name. The caller keeps other changes away.
    pub fn set(&self, store: &dyn VolumeStore, name: &str, listed: bool) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut names = (*self.names(store)?).clone();
        let changes = if listed { names.insert(name.to_string()) } else { names.remove(name) };
        match changes.then(|| self.write(file, names)) {
            // No space for the shorter list. Without one, what is there is what there is: that is
            // true of this name, too, and needs no space.
            Some(Err(_)) if !listed && fs::remove_file(file).is_ok() => Ok(()),
            Some(written) => written,
            None => Ok(()),
        }
    }

    /// Forgets the list of a pool that is stopped.
    pub fn remove(&self) {
        if let Some(file) = &self.file {
            // Another may be written over it; it is not asked while the pool is not active.
            remove(file);
        }
    }

    fn write(&self, file: &Path, names: BTreeSet<String>) -> Result<()> {
        let mut text = String::new();
        for name in &names {
            text.push_str(name);
            text.push('\0');
        }
        // One name is enough: only who keeps other changes away writes. What a crash has left is
        // not written into, because others may look at it as a former version of the list.
        let new = file.with_extension("new");
        remove(&new);
        let written = crate::sys::allow_file_size(text.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| {
                let mut made = File::create_new(&new)?;
                made.write_all(text.as_bytes())?;
                fs::rename(&new, file)?;
                Ok(made)
            });
        match written {
            Ok(made) => {
                *self.seen() = Some(Seen { file: made, names: Arc::new(names) });
                Ok(())
            }
            Err(e) => {
                remove(&new);
                Err(Error::io(VIR_FROM_STORAGE, &e, format!("cannot write '{}'", file.display())))
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Removes a file that is in nobody's way.
fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            log::warn!("cannot remove '{}': {e}", path.display());
        }
        _ => {}
    }
}

/// Whether the file at `path` is still this one.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(there)) = (file.metadata(), fs::metadata(path)) else { return false };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

fn read(path: &Path) -> io::Result<Seen> {
    let mut file = File::open(path)?;
    let mut text = String::new();
    fallible(|| file.read_to_string(&mut text))?;
    let names = text.split_terminator('\0').map(str::to_string).collect();
    Ok(Seen { file, names: Arc::new(names) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::dir::DirStore;
    use std::sync::atomic::{AtomicBool, Ordering};

    struct Place {
        state: tempfile::TempDir,
        pool: tempfile::TempDir,
        store: DirStore,
    }

    fn place() -> Place {
        let pool = tempfile::tempdir().unwrap();
        let store = DirStore::new(pool.path(), false);
        Place { state: tempfile::tempdir().unwrap(), pool, store }
    }

    impl Place {
        fn listing(&self) -> Arc<Listing> {
            Listing::new(Some(self.state.path().join("list")))
        }

        fn add(&self, name: &str) {
            fs::write(self.pool.path().join(name), "").unwrap();
        }

        fn names(&self, listing: &Listing) -> Vec<String> {
            listing.names(&self.store).unwrap().iter().cloned().collect()
        }
    }

    #[test]
    fn what_others_do_in_the_place_shows_with_the_next_rescan() {
        let place = place();
        let listing = place.listing();
        place.add("a");
        place.add("b\nc");
        listing.rescan(&place.store).unwrap();
        place.add("d");
        fs::remove_file(place.pool.path().join("a")).unwrap();
        assert_eq!(place.names(&listing), ["a", "b\nc"]);
        listing.set(&place.store, "e", true).unwrap();
        listing.set(&place.store, "e", true).unwrap();
        assert_eq!(place.names(&listing), ["a", "b\nc", "e"]);
        listing.set(&place.store, "a", false).unwrap();
        listing.set(&place.store, "nothing", false).unwrap();
        assert_eq!(place.names(&listing), ["b\nc", "e"]);
        listing.rescan(&place.store).unwrap();
        assert_eq!(place.names(&listing), ["b\nc", "d"]);
    }

    #[test]
    fn processes_see_one_list() {
        let place = place();
        let (one, two) = (place.listing(), place.listing());
        one.rescan(&place.store).unwrap();
        // Without a pause, and with lists of one length: nothing but the file tells them apart.
        for name in (b'a'..=b'z').map(|c| char::from(c).to_string()).cycle().take(500) {
            one.set(&place.store, &name, true).unwrap();
            assert_eq!(place.names(&two), [name.as_str()]);
            two.set(&place.store, &name, false).unwrap();
            assert_eq!(place.names(&one), [""; 0]);
        }
    }

    #[test]
    fn a_reader_never_sees_half_a_list() {
        let place = place();
        let (writer, reader) = (place.listing(), place.listing());
        for i in 0..2000 {
            place.add(&format!("volume-{i}"));
        }
        writer.rescan(&place.store).unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let names = reader.names(&place.store).unwrap();
                    assert!((2000..=2001).contains(&names.len()), "{}", names.len());
                }
            });
            for i in 0..300 {
                writer.set(&place.store, "x", i % 2 == 0).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn a_lost_list_is_what_is_there_and_reading_it_writes_nothing() {
        let place = place();
        let listing = place.listing();
        place.add("a");
        assert_eq!(place.names(&listing), ["a"]);
        place.add("b");
        assert_eq!(place.names(&listing), ["a", "b"]);
        assert_eq!(fs::read_dir(place.state.path()).unwrap().count(), 0);
        listing.set(&place.store, "a", false).unwrap();
        assert_eq!(place.names(&place.listing()), ["b"]);
        listing.remove();
        assert_eq!(place.names(&place.listing()), ["a", "b"]);
    }

    #[test]
    fn a_list_that_cannot_be_written_stays_what_it_was() {
        let place = place();
        let listing = place.listing();
        listing.rescan(&place.store).unwrap();
        fs::create_dir(place.state.path().join("list.new")).unwrap();
        let error = listing.set(&place.store, "a", true).unwrap_err();
        assert_eq!((error.code, error.domain), (VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE));
        assert_eq!(place.names(&listing), [""; 0]);
        // A name can be removed all the same.
        place.add("b");
        fs::remove_dir(place.state.path().join("list.new")).unwrap();
        listing.set(&place.store, "a", true).unwrap();
        fs::create_dir(place.state.path().join("list.new")).unwrap();
        listing.set(&place.store, "a", false).unwrap();
        assert_eq!(place.names(&listing), ["b"]);
        // What a crash leaves is a file.
        fs::remove_dir(place.state.path().join("list.new")).unwrap();
        fs::write(place.state.path().join("list.new"), "half").unwrap();
        listing.set(&place.store, "a", true).unwrap();
        assert_eq!(place.names(&listing), ["a", "b"]);
        assert_eq!(fs::read_dir(place.state.path()).unwrap().count(), 1);
    }
}
