//! Which volumes a pool has: those that were in its place when it was started or last refreshed,
//! and those that were made since.
//!
//! What others put there or take away in between shows with the next refresh, as in libvirt. All
//! processes that use one root see one list: it is a file, replaced as a whole at each change.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::store::VolumeStore;
use crate::error::*;

/// Names of volumes.
pub type Names = Arc<BTreeSet<String>>;

/// Tells one version of the file from the next: each is a new file.
type Version = (u64, i64, i64, u64);

/// The list of one pool.
pub struct Listing {
    /// Where it is kept; `None` for a place that nobody else can change, which is asked itself.
    file: Option<PathBuf>,
    seen: Mutex<Option<(Version, Names)>>,
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
        if let Some(version) = version(file) {
            if let Some((before, names)) = &*seen
                && *before == version
            {
                return Ok(names.clone());
            }
            if let Ok(text) = fs::read_to_string(file) {
                let names: Names =
                    Arc::new(text.split_terminator('\0').map(str::to_string).collect());
                *seen = Some((version, names.clone()));
                return Ok(names);
            }
        }
        // It has been lost, or was never written: what is there now is what there is.
        let names = store.list()?;
        self.write(file, &mut seen, names)
    }

    /// Looks at the place again. The caller keeps other changes away.
    pub fn rescan(&self, store: &dyn VolumeStore) -> Result<()> {
        let names = store.list()?;
        match &self.file {
            Some(file) => self.write(file, &mut self.seen(), names).map(drop),
            None => Ok(()),
        }
    }

    /// Adds or removes a name. The caller keeps other changes away.
    pub fn set(&self, store: &dyn VolumeStore, name: &str, listed: bool) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut names = (*self.names(store)?).clone();
        let changes = if listed { names.insert(name.to_string()) } else { names.remove(name) };
        if changes {
            self.write(file, &mut self.seen(), names)?;
        }
        Ok(())
    }

    /// Forgets the list of a pool that is stopped.
    pub fn remove(&self) {
        if let Some(file) = &self.file {
            // Another may be written over it; it is not asked while the pool is not active.
            let _ = fs::remove_file(file);
        }
    }

    fn write(
        &self,
        file: &Path,
        seen: &mut Option<(Version, Names)>,
        names: BTreeSet<String>,
    ) -> Result<Names> {
        let mut text = String::new();
        for name in &names {
            text.push_str(name);
            text.push('\0');
        }
        let failed = |e: &io::Error| {
            Error::io(VIR_FROM_STORAGE, e, format!("cannot write '{}'", file.display()))
        };
        // Each process writes its own new file: readers may write a list that was lost.
        let new = file.with_extension(format!("new-{}", std::process::id()));
        crate::sys::allow_file_size(text.len() as u64)
            .map_err(io::Error::from)
            .and_then(|()| fs::File::create(&new)?.write_all(text.as_bytes()))
            .and_then(|()| fs::rename(&new, file))
            .map_err(|e| failed(&e))?;
        let names = Arc::new(names);
        *seen = version(file).map(|version| (version, names.clone()));
        Ok(names)
    }

    fn seen(&self) -> MutexGuard<'_, Option<(Version, Names)>> {
        self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn version(file: &Path) -> Option<Version> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len()))
}
