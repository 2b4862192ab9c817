//! What is under the root of a connection: definitions, what runs, and the folders of sockets.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::definition::Definition;
use super::owner::Owner;
use super::registry::{Entries, Entry, Live};
use super::status::Status;
use crate::error::*;
use crate::state::{Folder, StateDir};

/// The file whose lock tells which process a domain runs in.
const OWNER: &str = "owner";

/// Where the sockets of a domain are.
pub fn folder(state: &StateDir, name: &str) -> PathBuf {
    state.beside(name)
}

/// The process that a domain runs in.
pub fn owner(state: &StateDir, name: &str) -> Option<u32> {
    Owner::of(&folder(state, name).join(OWNER))
}

/// Makes a domain's folder, and takes the lock in it; `None` if another process has it. The caller
/// holds the lock of the state.
pub fn take(state: &StateDir, name: &str) -> Result<Option<Owner>> {
    let path = folder(state, name);
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&path);
    made.and_then(|()| Owner::take(&path.join(OWNER))).map_err(|e: io::Error| {
        Error::io(VIR_FROM_DOMAIN, &e, format!("cannot use '{}'", path.display()))
    })
}

/// Removes the folder of a domain that does not run. Its sockets are gone with their exports, and
/// what a crash has left is removed by name.
pub fn remove_folder(path: &Path) {
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name == OWNER || Path::new(&name).extension().is_some_and(|e| e == "sock") {
            let _ = fs::remove_file(entry.path());
        }
    }
    // What is in there beside that is not ours, and stays.
    let _ = fs::remove_dir(path);
}

/// Removes what processes have left that did not end their domains, also before they ran.
pub fn remove_leftovers(state: &StateDir) -> Result<()> {
    let names = || -> Result<BTreeSet<String>> {
        let running = state.read_all(Folder::Run)?.into_iter().map(|(name, _)| name);
        let folders = fs::read_dir(folder(state, "")).into_iter().flatten().flatten();
        Ok(running.chain(folders.filter_map(|e| e.file_name().into_string().ok())).collect())
    };
    if names()?.is_empty() {
        return Ok(());
    }
    let _lock = state.lock()?;
    for name in names()? {
        if owner(state, &name).is_none() {
            state.remove(Folder::Run, &name)?;
            remove_folder(&folder(state, &name));
        }
    }
    Ok(())
}

/// A definition as it is kept. What is added to it can make it exceed the limits of a document;
/// then it must not be accepted, because it would not be found again.
pub fn checked(definition: &Definition) -> Result<String> {
    let text = definition.to_xml();
    Definition::parse_stored(&text).map(|_| text)
}

/// Reads all definitions. One that cannot be understood is left out, as if it were not there; its
/// file stays as it is. What runs here is as this process knows it.
pub fn load(state: &StateDir, before: &Entries) -> Result<Entries> {
    let mut entries = Entries::new();
    let autostart: BTreeSet<String> =
        state.read_all(Folder::Autostart)?.into_iter().map(|(name, _)| name).collect();
    let mut add = |definition: Definition| {
        let autostart = autostart.contains(&definition.name);
        let entry = Entry { autostart, ..Entry::new(&definition) };
        let config = Some(Arc::new(definition));
        entries.insert(entry.name.clone(), Entry { config, ..entry });
    };
    let mut others = Vec::new();
    let mut known = BTreeSet::new();
    for (name, text) in state.read_all(Folder::Config)? {
        let Ok(definition) = Definition::parse_stored(&text) else { continue };
        if definition.name == name {
            known.insert(definition.uuid);
            add(definition);
        } else {
            others.push((name, definition));
        }
    }
    for (name, definition) in others {
        // Whoever has renamed it could not say so in its text any more. A copy of a file is not
        // another domain.
        if known.insert(definition.uuid)
            && let Ok(renamed) = definition.renamed(&name)
        {
            add(renamed);
        }
    }
    for (name, text) in state.read_all(Folder::Run)? {
        let here = |entry: &Entry| matches!(entry.live, Some(Live::Here(_)));
        if before.get(&name).is_some_and(here) {
            continue;
        }
        let Ok(status) = Status::parse(&text) else { continue };
        let Some(process) = owner(state, &name) else { continue };
        let definition = status.definition.clone();
        if definition.name == name {
            let entry = entries.entry(name).or_insert_with(|| Entry::new(&definition));
            entry.live = Some(Live::Elsewhere(Arc::new(status), process));
        }
    }
    for (name, old) in before {
        if let Some(Live::Here(_)) = old.live {
            let entry = entries.entry(name.clone());
            let entry = entry.or_insert_with(|| Entry { config: None, ..old.clone() });
            entry.live = old.live.clone();
        }
        if let Some(entry) = entries.get_mut(name) {
            (entry.updated, entry.off) = (old.updated, old.off);
        }
    }
    Ok(entries)
}
