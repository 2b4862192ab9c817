//! Where a domain's snapshots are kept: in memory, or a file for each in a folder of the domain, and one
//! that names the current one. That has several names, of which the first counts that is one of a
//! snapshot: so the last file of a new snapshot is also what makes it the current one.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::description::Description;
use super::tree::Tree;
use crate::error::*;
use crate::state::{self, Staged};
use crate::xml::{self, Element};

/// The file that names the current one: no snapshot is called so.
const CURRENT: &str = ".current";

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;

/// The snapshots of one domain. Who changes them holds the lock of all domains.
pub struct Store {
    place: Place,
}

enum Place {
    Folder(PathBuf),
    Memory(Arc<Memory>),
}

/// The snapshots of a domain that are kept in memory.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    snapshots: BTreeMap<String, Description>,
    current: Vec<String>,
}

impl Memory {
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        let kept = self.kept();
        kept.snapshots.is_empty() && kept.current.is_empty()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// A snapshot that is written down, and one when it is kept.
pub enum Written {
    File(Staged),
    Memory(Arc<Memory>, Box<Description>),
}

impl Written {
    /// Makes it a snapshot, in the place of the one before.
    pub fn keep(self) -> Result<()> {
        match self {
            Written::File(staged) => staged.keep(),
            Written::Memory(memory, snapshot) => {
                memory.kept().snapshots.insert(snapshot.name.clone(), *snapshot);
                Ok(())
            }
        }
    }
}

impl Store {
    /// Those in a folder.
    pub fn new(folder: PathBuf) -> Store {
        Store { place: Place::Folder(folder) }
    }

    /// Those in memory.
    pub fn in_memory(memory: Arc<Memory>) -> Store {
        Store { place: Place::Memory(memory) }
    }

    /// All of them. What cannot be understood is left out, as if it were not there.
    pub fn load(&self) -> Result<Tree> {
        match &self.place {
            Place::Folder(folder) => load(folder),
            Place::Memory(memory) => {
                let kept = memory.kept();
                Ok(Tree::new(kept.snapshots.values().cloned().collect(), kept.current.clone()))
            }
        }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.load().is_ok_and(|tree| tree.len() > 0)
    }

    /// Writes a snapshot down, which is one when that is kept.
    pub fn stage(&self, snapshot: &Description) -> Result<Written> {
        let text = snapshot.to_xml();
        // One that could not be read again would be lost.
        let read = Description::parse_stored(&text)?;
        Ok(match &self.place {
            Place::Folder(folder) => {
                make_folder(folder)?;
                Written::File(Staged::new(folder, &snapshot.name, &text, DOMAIN)?)
            }
            Place::Memory(memory) => Written::Memory(memory.clone(), Box::new(read)),
        })
    }

    /// Keeps a snapshot, in the place of the one before.
    pub fn write(&self, snapshot: &Description) -> Result<()> {
        self.stage(snapshot)?.keep()
    }

    /// Notes which is the current one: the first of those that is there.
    pub fn set_current(&self, names: &[&str]) -> Result<()> {
        let folder = match &self.place {
            Place::Folder(folder) => folder,
            Place::Memory(memory) => {
                memory.kept().current = names.iter().map(|name| name.to_string()).collect();
                return Ok(());
            }
        };
        if names.is_empty() {
            return state::remove(folder, CURRENT, DOMAIN);
        }
        let mut root = Element::new("current");
        names.iter().for_each(|name| root.push(Element::new("name").with_text(name)));
        make_folder(folder)?;
        Staged::new(folder, CURRENT, &root.to_xml(), DOMAIN)?.keep()
    }

    pub fn remove(&self, name: &str) -> Result<()> {
        match &self.place {
            Place::Folder(folder) => state::remove(folder, name, DOMAIN),
            Place::Memory(memory) => {
                memory.kept().snapshots.remove(name);
                Ok(())
            }
        }
    }

    /// Forgets all of them.
    pub fn clear(&self) -> Result<()> {
        let folder = match &self.place {
            Place::Folder(folder) => folder,
            Place::Memory(memory) => {
                *memory.kept() = Kept::default();
                return Ok(());
            }
        };
        match fs::remove_dir_all(folder) {
            Ok(()) => sync_parent(folder),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(failed(folder, &e, "cannot remove")),
        }
    }
}

fn load(folder: &Path) -> Result<Tree> {
    if !folder.is_dir() {
        return Ok(Tree::default());
    }
    let mut snapshots = Vec::new();
    let mut current = Vec::new();
    for (name, text) in state::read_all(folder, DOMAIN)? {
        if name == CURRENT {
            if let Ok(root) = xml::parse_stored(&text, "snapshot", DOMAIN) {
                current = root.children("name").map(Element::text).collect();
            }
        } else if let Ok(snapshot) = Description::parse_stored(&text)
            && snapshot.name == name
        {
            snapshots.push(snapshot);
        }
    }
    Ok(Tree::new(snapshots, current))
}

fn make_folder(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| failed(folder, &e, "cannot create path"))?;
    sync_parent(folder)
}

fn failed(folder: &Path, error: &std::io::Error, what: &str) -> Error {
    Error::io(DOMAIN, error, format!("{what} '{}'", folder.display()))
}

/// The folder is in one that may be as new.
fn sync_parent(folder: &Path) -> Result<()> {
    folder.ancestors().skip(1).take(2).try_for_each(|above| state::sync(above, DOMAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(name: &str) -> Description {
        let text = format!("<domainsnapshot><name>{name}</name></domainsnapshot>");
        let domain = Some(Element::new("domain"));
        Description { domain, ..Description::parse(&text).unwrap() }
    }

    #[test]
    fn snapshots_survive_and_broken_ones_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("snapshots/u");
        let store = Store::new(folder.clone());
        assert!(!store.any());
        store.write(&snapshot("a b")).unwrap();
        drop(store.stage(&snapshot("dropped")).unwrap());
        store.write(&snapshot("c")).unwrap();
        store.set_current(&["to come", "a b", "c"]).unwrap();
        fs::write(folder.join("broken.xml"), "<domainsnap").unwrap();
        fs::write(folder.join("other.xml"), snapshot("c").to_xml()).unwrap();
        let tree = store.load().unwrap();
        assert_eq!((tree.len(), tree.current()), (2, Ok("a b")));
        store.remove("a b").unwrap();
        assert_eq!(store.load().unwrap().current(), Ok("c"));
        store.set_current(&[]).unwrap();
        assert!(store.load().unwrap().current().is_err());
        store.clear().unwrap();
        store.clear().unwrap();
        assert!(!store.any());
    }

    #[test]
    fn those_in_memory_are_kept_as_those_in_files() {
        let memory = Arc::new(Memory::default());
        let store = Store::in_memory(memory.clone());
        store.write(&snapshot("a b")).unwrap();
        drop(store.stage(&snapshot("dropped")).unwrap());
        store.write(&snapshot("c")).unwrap();
        store.set_current(&["to come", "a b", "c"]).unwrap();
        let tree = Store::in_memory(memory).load().unwrap();
        assert_eq!((tree.len(), tree.current()), (2, Ok("a b")));
        store.remove("a b").unwrap();
        assert_eq!(store.load().unwrap().current(), Ok("c"));
        store.set_current(&[]).unwrap();
        assert!(store.load().unwrap().current().is_err());
        store.clear().unwrap();
        assert!(!store.any());
    }
}
