//! What is under the root of a connection: definitions, what runs, and the folders of sockets.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::crash::Crashed;
use super::entry::{Elsewhere, Entries, Entry, Live, Ways};
use super::off;
use super::owner::Owner;
use super::status::Status;
use crate::domain::config::definition::Definition;
use crate::domain::control::{Link, OWNER, RemoteMachine, Right};
use crate::domain::machine::Identity;
use crate::domain::machine::condition::Condition;
use crate::error::*;
use crate::state::{Damage, Folder, Locked, StateDir, Stored, short_name};

/// Where the sockets of a domain are.
pub fn folder(state: &StateDir, name: &str) -> PathBuf {
    state.beside(&short_name(name))
}

/// The file whose lock tells which process a domain runs in. That has it open for writing.
pub fn owner_file(state: &StateDir, name: &str) -> PathBuf {
    folder(state, name).join(OWNER)
}

/// The process that a domain runs in.
pub fn owner(state: &StateDir, name: &str) -> Result<Option<u32>> {
    owner_in(&folder(state, name))
}

/// The process that the domain with this folder runs in.
fn owner_in(folder: &Path) -> Result<Option<u32>> {
    let path = folder.join(OWNER);
    Owner::of(&path)
        .map_err(|e| Error::io(VIR_FROM_DOMAIN, &e, format!("cannot read '{}'", path.display())))
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
    let removed = || -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == OWNER || Path::new(&name).extension().is_some_and(|e| e == "sock") {
                fs::remove_file(entry.path())?;
            }
        }
        fs::remove_dir(path)
    };
    match removed() {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            // The next who opens the root removes it. What is in there beside is not ours, and stays.
            log::info!("'{}' stays: {e}", path.display());
        }
        _ => {}
    }
}

/// Whether something runs, or a process has left something that did not stop its domain.
pub fn has_traces(state: &StateDir) -> Result<bool> {
    Ok(!state.names(Folder::Run)?.is_empty() || !folders(state)?.is_empty())
}

/// Forgets what ran before this boot, and why it stopped. The caller tells nobody: it is no crash.
pub fn begin_boot(state: &Locked<'_>, boot: &str) -> Result<()> {
    for name in state.names(Folder::Run)? {
        let removed = owner(state, &name).and_then(|owner| match owner {
            // An earlier version of the library does not say which boot it is.
            Some(_) => Ok(()),
            None => state.remove_for_this_boot(Folder::Run, &name),
        });
        if let Err(error) = removed {
            log::warn!("what a domain '{name}' may have left stays: {error}");
        }
    }
    state.forget_ended()?;
    state.note_boot(boot)
}

/// Removes the folders of domains that do not run: processes have left them that did not stop their domains,
/// or had not started them yet. Nobody else changes the state meanwhile.
pub fn remove_leftovers(state: &StateDir) -> Result<()> {
    for folder in folders(state)? {
        match owner_in(&folder) {
            Ok(Some(_)) => {}
            Ok(None) => remove_folder(&folder),
            Err(error) => log::warn!("'{}' stays: {error}", folder.display()),
        }
    }
    Ok(())
}

/// The folders of all domains that run, or have run in processes that did not end them.
fn folders(state: &StateDir) -> Result<Vec<PathBuf>> {
    let path = state.beside("");
    let failed = |e: io::Error| {
        Error::io(VIR_FROM_DOMAIN, &e, format!("cannot read directory '{}'", path.display()))
    };
    let entries = fs::read_dir(&path).map_err(failed)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect()
}

/// A definition as it is kept. What is added to it can make it exceed the limits of a document;
/// then it must not be accepted, because it would not be found again.
pub fn checked(definition: &Definition) -> Result<String> {
    let text = definition.to_xml();
    Definition::parse_stored(&text).map(|_| text)
}

/// Reads all definitions. One that cannot be used is there as damaged. What runs here is as this
/// process knows it. What others have left without stopping it comes apart.
pub fn load(state: &StateDir, before: &Entries) -> Result<(Entries, Vec<Crashed>)> {
    let autostart = BTreeSet::from_iter(state.names(Folder::Autostart)?);
    let once = BTreeSet::from_iter(state.names(Folder::AutostartOnce)?);
    let mut entries = Entries::new();
    load_kept(state, &mut entries)?;
    let crashed = load_elsewhere(state, before, &mut entries)?;
    load_reasons(state, &mut entries)?;
    for (name, entry) in &mut entries {
        entry.autostart = entry.is_persistent() && autostart.contains(name);
        entry.autostart_once = entry.is_persistent() && once.contains(name);
    }
    for (name, old) in before {
        if let Some(Live::Machine(_)) = old.live {
            let entry = entries.entry(name.clone());
            let entry = entry.or_insert_with(|| Entry { config: None, ..old.clone() });
            entry.live = old.live.clone();
        }
        if let Some(entry) = entries.get_mut(name) {
            entry.updated = old.updated;
        }
    }
    Ok((entries, crashed))
}

/// The definitions of persistent domains.
fn load_kept(state: &StateDir, entries: &mut Entries) -> Result<()> {
    let mut others = Vec::new();
    let mut damaged = Vec::new();
    let mut known = BTreeSet::new();
    let mut add = |definition: Definition| {
        let entry = Entry::new(&definition);
        entries
            .insert(entry.name.clone(), Entry { config: Some(Ok(Arc::new(definition))), ..entry });
    };
    for Stored { name, text } in state.read_all(Folder::Config)? {
        let text = match text {
            Ok(text) => text,
            Err(damage) => {
                damaged.push((name, damage));
                continue;
            }
        };
        match Definition::parse_stored(&text) {
            Ok(definition) if definition.name == name => {
                known.insert(definition.uuid);
                add(definition);
            }
            Ok(definition) => others.push((name, definition)),
            Err(error) => {
                let damage = invalid(state, Folder::Config, &name, &text, &error);
                damaged.push((name, damage));
            }
        }
    }
    for (name, definition) in others {
        // Whoever has renamed it could not say so in its text any more. A copy of a file is not
        // another domain.
        if !known.insert(definition.uuid) {
            let (path, uuid) = (state.path(Folder::Config, &name), definition.uuid);
            log::warn!("'{}' is no domain: another one has its UUID, {uuid}", path.display());
            continue;
        }
        match definition.renamed(&name) {
            Ok(renamed) => add(renamed),
            Err(error) => {
                let text = definition.to_xml();
                let damage = invalid(state, Folder::Config, &name, &text, &error);
                damaged.push((name, damage));
            }
        }
    }
    for (name, mut damage) in damaged {
        if !known.insert(damage.uuid) {
            damage = damage.without_uuid(state.kind(), &name);
        }
        let config = Some(Err(Arc::new(damage.clone())));
        entries.insert(name.clone(), Entry { config, ..Entry::damaged(&name, &damage) });
    }
    Ok(())
}

/// Why what ran in this boot does not run any more.
fn load_reasons(state: &StateDir, entries: &mut Entries) -> Result<()> {
    for Stored { name, text } in state.read_all(Folder::Off)? {
        let Some(entry) = entries.get_mut(&name) else { continue };
        let reason = text.and_then(|text| {
            off::parse(&text).map_err(|e| invalid(state, Folder::Off, &name, &text, &e))
        });
        // The damage has been logged; the reason is that none is known.
        entry.off = reason.unwrap_or(Condition::OFF);
    }
    Ok(())
}

/// What runs in other processes. Returned is what does not any more, though nobody has stopped it.
fn load_elsewhere(
    state: &StateDir,
    before: &Entries,
    entries: &mut Entries,
) -> Result<Vec<Crashed>> {
    let mut crashed = Vec::new();
    for Stored { name, text } in state.read_all(Folder::Run)? {
        let here = |entry: &Entry| matches!(entry.live, Some(Live::Machine(_)));
        if before.get(&name).is_some_and(here) {
            continue;
        }
        let mut text = text;
        let process = match owner(state, &name) {
            Ok(Some(process)) => process,
            Ok(None) => {
                let uuid = match read_status(state, &name, text) {
                    Ok(status) => status.definition.uuid,
                    Err(damage) => entries.get(&name).map_or(damage.uuid, |entry| entry.uuid),
                };
                crashed.push(Crashed { name, uuid });
                continue;
            }
            Err(error) if error.errno().is_none_or(Errno::is_shortage) => return Err(error),
            // It may run, in whichever process.
            Err(error) => {
                text = Err(Damage::unknown(state.kind(), &name, error));
                0
            }
        };
        let (new, live) = match read_status(state, &name, text) {
            Ok(status) => {
                let ways = match before.get(&name).and_then(|before| before.live.as_ref()) {
                    Some(Live::Elsewhere(there)) if there.is_still(&status, process) => {
                        there.ways.clone()
                    }
                    _ => Arc::new(ways(folder(state, &name), &status, process)),
                };
                let new = Entry::new(&status.definition);
                (new, Live::Elsewhere(Arc::new(Elsewhere { process, status, ways })))
            }
            Err(damage) => {
                (Entry::damaged(&name, &damage), Live::Unreadable(Arc::new(damage), process))
            }
        };
        entries.entry(name).or_insert(new).live = Some(live);
    }
    Ok(crashed)
}

/// What a process has written down of a running domain, from the text of that.
fn read_status(
    state: &StateDir,
    name: &str,
    text: Result<String, Damage>,
) -> Result<Status, Damage> {
    text.and_then(|text| {
        let status = Status::parse(&text).and_then(|status| match status.definition.name {
            ref other if *other == name => Ok(status),
            ref other => Err(Error::internal(VIR_FROM_DOMAIN, format!("it is of '{other}'"))),
        });
        status.map_err(|error| invalid(state, Folder::Run, name, &text, &error))
    })
}

/// How a domain is used that runs in another process, whose sockets are in `folder`.
fn ways(folder: PathBuf, status: &Status, process: u32) -> Ways {
    let Definition { name, uuid, .. } = &*status.definition;
    let machine = |right| {
        let identity =
            Identity { id: status.id, name: name.clone(), uuid: *uuid, autodestroy: None };
        let watched = folder.clone();
        let runs = move || Owner::of(&watched.join(OWNER));
        let link = Link::new(folder.clone(), name, process, right, runs);
        Arc::new(RemoteMachine::new(identity, link))
    };
    Ways { full: machine(Right::Write), read_only: machine(Right::Read) }
}

fn invalid(state: &StateDir, folder: Folder, name: &str, text: &str, cause: &Error) -> Damage {
    Damage::invalid(state.kind(), name, &state.path(folder, name), text, cause)
}
