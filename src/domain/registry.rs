//! The domains of a connection: which there are, what runs, and where that is kept.
//!
//! A running domain belongs to the process that has started it, because its disks are open there.
//! Others see it from what that process has written down, for as long as that process holds the
//! domain's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use uuid::Uuid;

use super::definition::Definition;
use super::events::{self, Lifecycle};
use super::images::Images;
use super::running::{Condition, Running, Start, State};
use super::snapshot::{Memory, Store};
use super::status::Status;
use super::stored;
use crate::error::*;
use crate::event::broker::Brokers;
use crate::state::{ChangeLock, DOMAINS, Folder, Stamp, StateDir};
use crate::storage::Storage;
use crate::xml::excerpt;

/// What runs, and where.
#[derive(Clone)]
pub enum Live {
    Here(Arc<Running>),
    /// In another process, by its number.
    Elsewhere(Arc<Status>, u32),
}

/// One domain, as it is at one moment.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub uuid: Uuid,
    /// What it is defined as, if it is persistent.
    pub config: Option<Arc<Definition>>,
    pub live: Option<Live>,
    pub autostart: bool,
    /// The definition has been changed since it was started.
    pub updated: bool,
    /// Why it does not run.
    pub off: Condition,
}

impl Entry {
    /// Of a domain that neither runs nor is persistent yet.
    pub fn new(definition: &Definition) -> Entry {
        Entry {
            name: definition.name.clone(),
            uuid: definition.uuid,
            config: None,
            live: None,
            autostart: false,
            updated: false,
            off: Condition::OFF,
        }
    }

    /// What the domain is: while it runs, what it was started as.
    pub fn definition(&self) -> Arc<Definition> {
        match (&self.live, &self.config) {
            (Some(Live::Here(running)), _) => running.definition(),
            (Some(Live::Elsewhere(status, _)), _) => status.definition.clone(),
            (None, Some(config)) => config.clone(),
            // An entry without either is removed as soon as it comes to be.
            (None, None) => unreachable!("a domain that neither runs nor is persistent"),
        }
    }

    pub fn condition(&self) -> Condition {
        match &self.live {
            Some(Live::Here(running)) => running.condition(),
            Some(Live::Elsewhere(status, _)) => status.condition,
            None => self.off,
        }
    }

    /// The number of a domain that runs.
    pub fn id(&self) -> Option<i32> {
        match &self.live {
            Some(Live::Here(running)) => Some(running.id),
            Some(Live::Elsewhere(status, _)) => Some(status.id),
            None => None,
        }
    }

    pub fn is_active(&self) -> bool {
        self.live.is_some()
    }

    pub fn is_persistent(&self) -> bool {
        self.config.is_some()
    }

    /// The running domain, for what only the process can do that it runs in.
    pub fn here(&self) -> Result<&Arc<Running>> {
        match &self.live {
            Some(Live::Here(running)) => Ok(running),
            Some(Live::Elsewhere(_, process)) => {
                let text = format!(
                    "domain '{}' runs in process {process}, and only that can do this",
                    self.name
                );
                Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text))
            }
            None => Err(super::running::not_running()),
        }
    }
}

/// By name.
pub type Entries = BTreeMap<String, Entry>;

#[derive(Default)]
struct Known {
    entries: Entries,
    stamp: Option<Stamp>,
    /// Domains that are being started here.
    starting: BTreeSet<String>,
    /// The last number that was given.
    last_id: i32,
}

/// All domains behind a URI.
pub struct Domains {
    /// Where definitions are kept; `None` if they are not, and disks have no sockets.
    state: Option<StateDir>,
    known: Mutex<Known>,
    events: Arc<Brokers>,
    images: Images,
    /// Of each domain by its UUID, where definitions are not kept.
    snapshots: Mutex<BTreeMap<Uuid, Arc<Memory>>>,
}

/// The domains, while nobody else changes them.
pub struct Change<'a> {
    domains: &'a Domains,
    known: MutexGuard<'a, Known>,
    _lock: Option<ChangeLock>,
}

/// A domain that is about to run. Dropped, it is not any more.
pub struct Starting<'a> {
    domains: &'a Domains,
    name: String,
    start: Option<Start>,
}

impl Domains {
    /// The domains that are defined under `root`.
    pub fn embed(root: &Path, storage: Arc<Storage>, events: Arc<Brokers>) -> Result<Domains> {
        let state = StateDir::open(root, DOMAINS)?;
        stored::remove_leftovers(&state)?;
        let (known, images) = (Mutex::default(), Images::new(storage));
        Ok(Domains { state: Some(state), known, events, images, snapshots: Mutex::default() })
    }

    /// No domains, in memory.
    pub fn in_memory(storage: Arc<Storage>, events: Arc<Brokers>) -> Domains {
        let (known, images) = (Mutex::default(), Images::new(storage));
        Domains { state: None, known, events, images, snapshots: Mutex::default() }
    }

    /// The domain that released libvirt's test driver has.
    pub fn test(storage: Arc<Storage>, events: Arc<Brokers>) -> Domains {
        let domains = Domains::in_memory(storage, events.clone());
        let images = domains.images.clone();
        let made = Definition::parse(include_str!("test.xml")).and_then(|definition| {
            let definition = Arc::new(definition);
            let running = Running::start(Start {
                id: 1,
                definition: definition.clone(),
                paused: false,
                autodestroy: None,
                folder: None,
                owner: None,
                events,
                images,
            })?;
            running.set_state(&running.changing()?, State::Running);
            let live = Some(Live::Here(running));
            Ok(Entry { live, config: Some(definition.clone()), ..Entry::new(&definition) })
        });
        if let Ok(entry) = made {
            let mut known = domains.lock();
            known.last_id = 1;
            known.entries.insert(entry.name.clone(), entry);
        }
        domains
    }

    /// Where the images of disks are.
    pub fn images(&self) -> &Images {
        &self.images
    }

    /// All domains, by name.
    pub fn all(&self) -> Result<Vec<Entry>> {
        Ok(self.read()?.entries.values().cloned().collect())
    }

    /// The domain of a UUID. `name` is what the caller knows it as, for the message.
    pub fn by_uuid(&self, uuid: Uuid, name: Option<&str>) -> Result<Entry> {
        find_uuid(&self.read()?.entries, uuid, name).cloned()
    }

    /// The domain of a name.
    pub fn by_name(&self, name: &str) -> Result<Entry> {
        self.read()?.entries.get(name).cloned().ok_or_else(|| no_domain("name", name))
    }

    /// The running domain of a number.
    pub fn by_id(&self, id: i32) -> Result<Entry> {
        let known = self.read()?;
        let entry = known.entries.values().find(|entry| entry.id() == Some(id));
        entry.cloned().ok_or_else(|| {
            let text = format!("no domain with matching id {id}");
            Error::new(VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, text)
        })
    }

    /// Whether something runs in this process, or is about to.
    pub fn is_busy(&self) -> bool {
        let known = self.lock();
        let here = |entry: &Entry| matches!(entry.live, Some(Live::Here(_)));
        !known.starting.is_empty() || known.entries.values().any(here)
    }

    /// What runs here, and is one of those.
    pub fn running(&self, which: impl Fn(&Running) -> bool) -> Vec<Arc<Running>> {
        let known = self.lock();
        let all = known.entries.values().filter_map(|entry| match &entry.live {
            Some(Live::Here(running)) if which(running) => Some(running.clone()),
            _ => None,
        });
        all.collect()
    }

    /// Begins a change.
    pub fn change(&self) -> Result<Change<'_>> {
        let mut known = self.lock();
        let lock = self.state.as_ref().map(StateDir::lock).transpose()?;
        self.reload(&mut known)?;
        Ok(Change { domains: self, known, _lock: lock })
    }

    /// Notes in memory alone that a domain does not run here any more.
    pub fn forget(&self, running: &Arc<Running>, off: Condition) {
        running.release();
        let mut known = self.lock();
        let Some(entry) = known.entries.get_mut(&running.name) else { return };
        if matches!(&entry.live, Some(Live::Here(here)) if Arc::ptr_eq(here, running)) {
            (entry.live, entry.updated, entry.off) = (None, false, off);
        }
        if !entry.is_persistent() && !entry.is_active() {
            known.entries.remove(&running.name);
        }
    }

    /// Writes down anew how a domain runs that does so here, unless it has stopped.
    pub fn note_live(&self, running: &Arc<Running>) -> Result<()> {
        let mut change = self.change()?;
        let entry = change.by_uuid(running.uuid, &running.name)?;
        match &entry.live {
            Some(Live::Here(here)) if Arc::ptr_eq(here, running) => {
                change.set_live(&entry, Some(running.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Where the snapshots of a domain are kept.
    pub fn snapshots(&self, uuid: Uuid) -> Store {
        if let Some(state) = &self.state {
            return Store::new(state.snapshots(uuid));
        }
        let mut all = self.snapshots.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Of domains that are gone nothing stays.
        all.retain(|_, one| Arc::strong_count(one) > 1 || !one.is_empty());
        Store::in_memory(all.entry(uuid).or_default().clone())
    }

    /// Prepares to run a domain as `definition`, which belongs to `entry` unless that has become
    /// another.
    pub fn starting(
        &self,
        definition: Arc<Definition>,
        paused: bool,
        autodestroy: Option<u64>,
    ) -> Result<Starting<'_>> {
        let mut change = self.change()?;
        let entry = change.claim(&definition)?;
        let name = entry.name.clone();
        if entry.is_active() || change.known.starting.contains(&name) {
            return Err(already_running());
        }
        change.forget_strangers(&entry)?;
        let mut folder = None;
        let mut owner = None;
        if let Some(state) = &self.state {
            // Another process may be starting it, and not have written down yet that it runs.
            owner = Some(stored::take(state, &name)?.ok_or_else(already_running)?);
            // What a process that is gone has left would be taken for alive under the new lock.
            state.remove(Folder::Run, &name)?;
            folder = Some(stored::folder(state, &name));
        }
        change.known.last_id = change.known.last_id.checked_add(1).unwrap_or(1);
        let id = change.known.last_id;
        change.known.starting.insert(name.clone());
        let events = self.events.clone();
        let images = self.images.clone();
        let start = Start { id, definition, paused, autodestroy, folder, owner, events, images };
        Ok(Starting { domains: self, name, start: Some(start) })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn read(&self) -> Result<MutexGuard<'_, Known>> {
        let mut known = self.lock();
        self.reload(&mut known)?;
        Ok(known)
    }

    /// Reads the definitions again if another process may have changed them, and looks which of
    /// the others' domains still run.
    fn reload(&self, known: &mut Known) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let stamp = state.stamp()?;
        if !known.stamp.as_ref().is_some_and(|before| stamp.is_same(before)) {
            known.entries = stored::load(state, &known.entries)?;
            known.stamp = Some(stamp);
        }
        known.entries.retain(|name, entry| {
            if let Some(Live::Elsewhere(..)) = entry.live
                && stored::owner(state, name).is_none()
            {
                entry.live = None;
            }
            entry.is_active() || entry.is_persistent()
        });
        let ids = known.entries.values().filter_map(Entry::id);
        known.last_id = ids.max().unwrap_or(0).max(known.last_id);
        Ok(())
    }
}

impl Starting<'_> {
    /// Opens the disks, without any lock: that may take its time.
    pub fn open(&mut self) -> Result<Arc<Running>> {
        let start = self.start.take().ok_or_else(already_running)?;
        Running::start(start)
    }

    /// Notes that it runs, and tells so. A failure leaves nothing behind.
    pub fn finish(self, running: &Arc<Running>) -> Result<()> {
        self.note(running).inspect_err(|_| {
            if let Ok(changing) = running.changing() {
                let _ = running.stop(&changing, Duration::ZERO);
            }
            running.release();
        })
    }

    fn note(&self, running: &Arc<Running>) -> Result<()> {
        let mut change = self.domains.change()?;
        // It may have been undefined meanwhile, or defined anew: what runs is what was started.
        let entry = change.claim(&running.definition())?;
        change.set_live(&entry, Some(running.clone()))?;
        running.queue(events::LIFECYCLE, Lifecycle::STARTED.payload());
        if running.condition() == Condition::PAUSED {
            running.queue(events::LIFECYCLE, Lifecycle::SUSPENDED.payload());
        }
        Ok(())
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        let mut known = self.domains.lock();
        known.starting.remove(&self.name);
        let here = |entry: &Entry| matches!(entry.live, Some(Live::Here(_)));
        if !known.entries.get(&self.name).is_some_and(here)
            && let Some(state) = &self.domains.state
        {
            // Another process may have begun to start it as soon as this one had given it up.
            if let Ok(_lock) = state.lock()
                && stored::owner(state, &self.name).is_none()
            {
                stored::remove_folder(&stored::folder(state, &self.name));
            }
        }
    }
}

impl Change<'_> {
    /// The domain as it is now.
    pub fn by_uuid(&self, uuid: Uuid, name: &str) -> Result<Entry> {
        find_uuid(&self.known.entries, uuid, Some(name)).cloned()
    }

    /// The entry that a definition belongs to: an existing domain of that name and UUID, or a new
    /// one. Refuses what clashes with another domain.
    pub fn claim(&self, definition: &Definition) -> Result<Entry> {
        let failed = |text| Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text));
        let Definition { name, uuid, .. } = definition;
        let entries = &self.known.entries;
        if let Some(other) = entries.get(name).filter(|other| other.uuid != *uuid) {
            return failed(format!("domain '{name}' already exists with uuid {}", other.uuid));
        }
        if let Some(other) =
            entries.values().find(|other| other.uuid == *uuid && other.name != *name)
        {
            return failed(format!("domain '{}' is already defined with uuid {uuid}", other.name));
        }
        Ok(entries.get(name).cloned().unwrap_or_else(|| Entry::new(definition)))
    }

    /// Where the snapshots of a domain are kept.
    pub fn snapshots(&self, entry: &Entry) -> Store {
        self.domains.snapshots(entry.uuid)
    }

    /// Refuses what is to be done to the images of a domain while nobody uses them, if somebody
    /// has begun to.
    pub fn check_off(&self, entry: &Entry) -> Result<()> {
        let owned = |state: &StateDir| stored::owner(state, &entry.name).is_some();
        if entry.is_active()
            || self.known.starting.contains(&entry.name)
            || self.domains.state.as_ref().is_some_and(owned)
        {
            return Err(already_running());
        }
        Ok(())
    }

    /// The snapshots of a new domain are none, whatever a crash has left of one that was like it.
    fn forget_strangers(&self, entry: &Entry) -> Result<()> {
        if entry.is_active() || entry.is_persistent() {
            return Ok(());
        }
        self.domains.snapshots(entry.uuid).clear()
    }

    /// Forgets the snapshots of a domain that is about to be forgotten, or refuses that. Those of
    /// one that runs are forgotten when it stops.
    pub fn give_up_snapshots(&self, entry: &Entry, asked: bool) -> Result<()> {
        if entry.is_active() {
            return Ok(());
        }
        let snapshots = self.domains.snapshots(entry.uuid);
        match snapshots.load()?.len() {
            number if number > 0 && !asked => {
                let text = format!("cannot delete inactive domain with {number} snapshots");
                Err(Error::invalid_operation(VIR_FROM_DOMAIN, text))
            }
            _ => snapshots.clear(),
        }
    }

    /// Makes a domain persistent under a new definition, or no longer so.
    pub fn set_config(&mut self, entry: &Entry, config: Option<Arc<Definition>>) -> Result<()> {
        self.forget_strangers(entry)?;
        if let Some(state) = &self.domains.state {
            match &config {
                Some(definition) => {
                    let text = stored::checked(definition)?;
                    if !entry.is_persistent() {
                        // A domain that was about to get this name, or has lost it, may have left
                        // its mark.
                        state.remove(Folder::Autostart, &entry.name)?;
                    }
                    state.write(Folder::Config, &entry.name, &text)?
                }
                None => {
                    state.remove(Folder::Autostart, &entry.name)?;
                    state.remove(Folder::Config, &entry.name)?;
                }
            }
        }
        let autostart = entry.autostart && config.is_some();
        let updated = entry.is_active() && entry.is_persistent() && config.is_some();
        self.put(Entry { config, autostart, updated, ..entry.clone() });
        Ok(())
    }

    /// Makes a domain that is off one of another name, which its new definition has. It is one of
    /// the two at any time: the file gets its new name at once, by which it is read from then on.
    pub fn rename(&mut self, entry: &Entry, config: Arc<Definition>) -> Result<()> {
        let name = &config.name;
        if self.known.entries.contains_key(name) || self.known.starting.contains(name) {
            let text = format!("domain with name '{}' already exists", excerpt(name));
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        if let Some(state) = &self.domains.state {
            let text = stored::checked(&config)?;
            state.mark_autostart(name, entry.autostart)?;
            state.rename(Folder::Config, &entry.name, name, &text)?;
            // What stays is removed before another domain gets that name.
            let _ = state.remove(Folder::Autostart, &entry.name);
        }
        self.known.entries.remove(&entry.name);
        self.put(Entry { name: name.clone(), config: Some(config), ..entry.clone() });
        Ok(())
    }

    /// Notes as what a domain runs here.
    pub fn set_live(&mut self, entry: &Entry, running: Option<Arc<Running>>) -> Result<()> {
        if let Some(state) = &self.domains.state {
            match &running {
                Some(running) => {
                    let status = Status::of(running).to_xml();
                    Status::parse(&status)?;
                    state.write(Folder::Run, &entry.name, &status)?;
                }
                None => state.remove(Folder::Run, &entry.name)?,
            }
        }
        let live = running.map(Live::Here);
        self.put(Entry { live, ..entry.clone() });
        Ok(())
    }

    /// Notes that a domain that ran here does not any more, and why. It is so whatever cannot be
    /// written down.
    pub fn set_off(&mut self, entry: &Entry, running: &Running, off: Condition) -> Result<()> {
        let removed = match &self.domains.state {
            Some(state) => {
                let removed = state.remove(Folder::Run, &entry.name);
                stored::remove_folder(&stored::folder(state, &entry.name));
                removed
            }
            None => Ok(()),
        };
        if !entry.is_persistent() {
            // A new domain of that UUID would forget them, too.
            let _ = self.domains.snapshots(entry.uuid).clear();
        }
        running.release();
        self.put(Entry { live: None, updated: false, off, ..entry.clone() });
        removed
    }

    /// Marks a domain to be started by itself, or not.
    pub fn set_autostart(&mut self, entry: &Entry, autostart: bool) -> Result<()> {
        if let Some(state) = &self.domains.state {
            state.mark_autostart(&entry.name, autostart)?;
        }
        self.put(Entry { autostart, ..entry.clone() });
        Ok(())
    }

    fn put(&mut self, entry: Entry) {
        if entry.is_active() || entry.is_persistent() {
            self.known.entries.insert(entry.name.clone(), entry);
        } else {
            self.known.entries.remove(&entry.name);
        }
    }
}

fn already_running() -> Error {
    Error::invalid_operation(VIR_FROM_DOMAIN, "domain is already running")
}

fn find_uuid<'a>(entries: &'a Entries, uuid: Uuid, name: Option<&str>) -> Result<&'a Entry> {
    entries.values().find(|entry| entry.uuid == uuid).ok_or_else(|| {
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        let text = format!("no domain with matching uuid '{uuid}'{name}");
        Error::new(VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, text)
    })
}

/// The error that there is no domain whose `property` is `value`.
pub fn no_domain(property: &str, value: &str) -> Error {
    let text = format!("no domain with matching {property} '{}'", excerpt(value));
    Error::new(VIR_ERR_NO_DOMAIN, VIR_FROM_DOMAIN, text)
}

#[cfg(test)]
mod tests;
