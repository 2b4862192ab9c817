//! Where a domain's snapshots are kept: a file for each in a folder of the domain, and one that
//! names the current one. That has several names, of which the first counts that is one of a
//! snapshot: so the last file of a new snapshot is also what makes it the current one.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

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
    folder: PathBuf,
}

impl Store {
    pub fn new(folder: PathBuf) -> Store {
        Store { folder }
    }

    /// All of them. What cannot be understood is left out, as if it were not there.
    pub fn load(&self) -> Result<Tree> {
        if !self.folder.is_dir() {
            return Ok(Tree::default());
        }
        let mut snapshots = Vec::new();
        let mut current = Vec::new();
        for (name, text) in state::read_all(&self.folder, DOMAIN)? {
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

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.load().is_ok_and(|tree| tree.len() > 0)
    }

    /// Writes a snapshot down, which is one when that is kept.
    pub fn stage(&self, snapshot: &Description) -> Result<Staged> {
        let text = snapshot.to_xml();
        // One that could not be read again would be lost.
        Description::parse_stored(&text)?;
        self.make_folder()?;
        Staged::new(&self.folder, &snapshot.name, &text, DOMAIN)
    }

    /// Keeps a snapshot, in the place of the one before.
    pub fn write(&self, snapshot: &Description) -> Result<()> {
        self.stage(snapshot)?.keep()
    }

    /// Notes which is the current one: the first of those that is there.
    pub fn set_current(&self, names: &[&str]) -> Result<()> {
        if names.is_empty() {
            return state::remove(&self.folder, CURRENT, DOMAIN);
        }
        let mut root = Element::new("current");
        names.iter().for_each(|name| root.push(Element::new("name").with_text(name)));
        self.make_folder()?;
        Staged::new(&self.folder, CURRENT, &root.to_xml(), DOMAIN)?.keep()
    }

    pub fn remove(&self, name: &str) -> Result<()> {
        state::remove(&self.folder, name, DOMAIN)
    }

    /// Forgets all of them.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Ok(()) => sync_parent(&self.folder),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(self.failed(&e, "cannot remove")),
        }
    }

    fn make_folder(&self) -> Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|e| self.failed(&e, "cannot create path"))?;
        sync_parent(&self.folder)
    }

    fn failed(&self, error: &std::io::Error, what: &str) -> Error {
        Error::io(DOMAIN, error, format!("{what} '{}'", self.folder.display()))
    }
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
        let store = Store::new(folder.path().join("snapshots/u"));
        assert!(!store.any());
        store.write(&snapshot("a b")).unwrap();
        drop(store.stage(&snapshot("dropped")).unwrap());
        store.write(&snapshot("c")).unwrap();
        store.set_current(&["to come", "a b", "c"]).unwrap();
        fs::write(store.folder.join("broken.xml"), "<domainsnap").unwrap();
        fs::write(store.folder.join("other.xml"), snapshot("c").to_xml()).unwrap();
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
}
