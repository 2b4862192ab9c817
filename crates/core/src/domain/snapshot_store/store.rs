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
use crate::block::MemoryNode;
use crate::error::*;
use crate::state::{self, Damage, SNAPSHOTS, Staged, Stored};
use crate::xml::{self, Element, excerpt};

/// The file that names the current one: no snapshot is called so.
const CURRENT: &str = ".current";

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;

/// What was in an image of a domain in memory.
#[derive(Clone)]
pub struct Content {
    pub path: PathBuf,
    pub data: Arc<MemoryNode>,
}

/// The snapshots of one domain. Who changes them holds the lock of all domains.
pub struct Store {
    backend: Backend,
}

enum Backend {
    Folder(PathBuf),
    Memory(Arc<Memory>),
}

/// The snapshots of a domain that are kept in memory.
#[derive(Default)]
pub struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    snapshots: BTreeMap<String, Description>,
    /// What was in the images, where that was kept.
    contents: BTreeMap<String, Vec<Content>>,
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
        Store { backend: Backend::Folder(folder) }
    }

    /// Those in memory.
    pub fn in_memory(memory: Arc<Memory>) -> Store {
        Store { backend: Backend::Memory(memory) }
    }

    /// All of them. One whose file cannot be used is there as damaged.
    pub fn load(&self) -> Result<Tree> {
        match &self.backend {
            Backend::Folder(folder) => load(folder),
            Backend::Memory(memory) => {
                let kept = memory.kept();
                let snapshots = kept.snapshots.iter();
                let snapshots = snapshots.map(|(name, one)| (name.clone(), Ok(one.clone())));
                Ok(Tree::new(snapshots.collect(), Ok(kept.current.clone())))
            }
        }
    }

    /// Whether there are any.
    pub fn any(&self) -> Result<bool> {
        Ok(self.load()?.len() > 0)
    }

    /// Writes a snapshot down, which is one when that is kept.
    pub fn stage(&self, snapshot: &Description) -> Result<Written> {
        let text = snapshot.to_xml();
        // One that could not be read again would be lost.
        let read = Description::parse_stored(&text)?;
        Ok(match &self.backend {
            Backend::Folder(folder) => {
                make_folder(folder)?;
                Written::File(Staged::new(folder, &snapshot.name, &text, DOMAIN)?)
            }
            Backend::Memory(memory) => Written::Memory(memory.clone(), Box::new(read)),
        })
    }

    /// Keeps a snapshot, in the place of the one before.
    pub fn write(&self, snapshot: &Description) -> Result<()> {
        self.stage(snapshot)?.keep()
    }

    /// Notes which is the current one: the first of those that is there.
    pub fn set_current(&self, names: &[&str]) -> Result<()> {
        let folder = match &self.backend {
            Backend::Folder(folder) => folder,
            Backend::Memory(memory) => {
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
        match &self.backend {
            Backend::Folder(folder) => state::remove(folder, name, DOMAIN),
            Backend::Memory(memory) => {
                let mut kept = memory.kept();
                kept.snapshots.remove(name);
                kept.contents.remove(name);
                Ok(())
            }
        }
    }

    /// Whether they are those of a domain in memory.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.backend, Backend::Memory(_))
    }

    /// Keeps what was in the images of a domain in memory.
    pub fn keep_contents(&self, name: &str, contents: Vec<Content>) {
        if let Backend::Memory(memory) = &self.backend {
            memory.kept().contents.insert(name.to_string(), contents);
        }
    }

    /// That again, if it was kept.
    pub fn contents(&self, name: &str) -> Option<Vec<Content>> {
        match &self.backend {
            Backend::Folder(_) => None,
            Backend::Memory(memory) => memory.kept().contents.get(name).cloned(),
        }
    }

    /// Forgets all of them.
    pub fn clear(&self) -> Result<()> {
        let folder = match &self.backend {
            Backend::Folder(folder) => folder,
            Backend::Memory(memory) => {
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
    if !is_there(folder)? {
        return Ok(Tree::default());
    }
    let mut snapshots = BTreeMap::new();
    let mut current = Ok(Vec::new());
    for Stored { name, text } in state::read_all(folder, SNAPSHOTS)? {
        let invalid = |text: &str, cause: &Error| {
            let path = folder.join(format!("{name}.xml"));
            Damage::invalid(SNAPSHOTS, &name, &path, text, cause)
        };
        if name == CURRENT {
            current = text.and_then(|text| match xml::parse_stored(&text, "snapshot", DOMAIN) {
                Ok(root) => Ok(root.children("name").map(Element::text).collect()),
                Err(error) => Err(invalid(&text, &error)),
            });
            continue;
        }
        let snapshot = text.and_then(|text| match Description::parse_stored(&text) {
            Ok(snapshot) if snapshot.name == name => Ok(snapshot),
            Ok(other) => {
                let cause = format!("it is of snapshot '{}'", excerpt(&other.name));
                Err(invalid(&text, &Error::new(VIR_ERR_XML_ERROR, DOMAIN, cause)))
            }
            Err(error) => Err(invalid(&text, &error)),
        });
        snapshots.insert(name, snapshot);
    }
    Ok(Tree::new(snapshots, current))
}

fn is_there(folder: &Path) -> Result<bool> {
    match fs::metadata(folder) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed(folder, &e, "cannot look at")),
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    if is_there(folder)? {
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
        Description { domain, ..Description::parse(&text, false).unwrap() }
    }

    #[test]
    fn snapshots_survive_and_damaged_ones_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("snapshots/u");
        let store = Store::new(folder.clone());
        assert!(!store.any().unwrap());
        store.write(&snapshot("a b")).unwrap();
        drop(store.stage(&snapshot("dropped")).unwrap());
        store.write(&snapshot("c")).unwrap();
        store.set_current(&["to come", "a b", "c"]).unwrap();
        fs::write(folder.join("broken.xml"), "<domainsnap").unwrap();
        fs::write(folder.join("other.xml"), snapshot("c").to_xml()).unwrap();
        let tree = store.load().unwrap();
        assert_eq!((tree.len(), tree.current()), (4, Ok("a b")));
        for name in ["broken", "other"] {
            let error = tree.find(name).unwrap().description().unwrap_err();
            assert!(error.message.contains(&format!("u/{name}.xml'")), "{error}");
            assert!(tree.check_new(name).is_err());
            store.remove(name).unwrap();
        }
        store.remove("a b").unwrap();
        assert_eq!(store.load().unwrap().current(), Ok("c"));
        fs::write(folder.join(".current.xml"), "").unwrap();
        let tree = store.load().unwrap();
        assert_eq!(tree.len(), 1);
        assert!(tree.current_if_any().unwrap_err().message.contains(".current.xml"));
        store.set_current(&[]).unwrap();
        assert_eq!(store.load().unwrap().current_if_any(), Ok(None));
        store.clear().unwrap();
        store.clear().unwrap();
        assert!(!store.any().unwrap());
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
        assert!(!store.any().unwrap());
    }
}
