//! The domains of a connection: which there are, what runs, and where that is kept.
//!
//! A running domain belongs to the process that has started it, because its disks are open there.
//! Others see it from what that process has written down, for as long as that process holds the
//! domain's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use uuid::Uuid;

use super::launch::{Launcher, Start};
use super::status::Status;
use super::stored;
use crate::domain::config::definition::Definition;
use crate::domain::events::{self, Lifecycle};
use crate::domain::images::Images;
use crate::domain::machine::condition::{Condition, State, not_running};
use crate::domain::machine::{Identity, Machine};
use crate::domain::snapshot_store::store::{Memory, Store};
use crate::error::*;
use crate::event::broker::Brokers;
use crate::host::{Host, TestHost};
use crate::state::{DOMAINS, Damage, Folder, Kept, Locked, Stamp, StateDir};
use crate::storage::Storage;
use crate::xml::excerpt;

/// What runs, and where.
#[derive(Clone)]
pub enum Live {
    /// What this process can use.
    Machine(Arc<dyn Machine>),
    /// In another process, by its number.
    Elsewhere(Arc<Status>, u32),
    /// The same, and what that process has written down of it cannot be used.
    Unreadable(Arc<Damage>, u32),
}

/// One domain, as it is at one moment.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub uuid: Uuid,
    /// What it is defined as, if it is persistent.
    pub config: Option<Kept<Definition>>,
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

    /// One whose definition cannot be used.
    pub fn damaged(name: &str, damage: &Damage) -> Entry {
        Entry {
            name: name.to_string(),
            uuid: damage.uuid,
            config: None,
            live: None,
            autostart: false,
            updated: false,
            off: Condition::OFF,
        }
    }

    /// What the domain is: while it runs, what it was started as.
    pub fn definition(&self) -> Result<Arc<Definition>> {
        match (&self.live, &self.config) {
            (Some(Live::Machine(machine)), _) => machine.definition(),
            (Some(Live::Elsewhere(status, _)), _) => Ok(status.definition.clone()),
            (Some(Live::Unreadable(damage, _)), _) | (None, Some(Err(damage))) => {
                Err(damage.error.clone())
            }
            (None, Some(Ok(config))) => Ok(config.clone()),
            // An entry without either is removed as soon as it comes to be.
            (None, None) => Err(Error::internal(VIR_FROM_DOMAIN, "domain without a definition")),
        }
    }

    /// What it is defined as, if it is persistent.
    pub fn config(&self) -> Result<Option<&Arc<Definition>>> {
        match &self.config {
            Some(Ok(config)) => Ok(Some(config)),
            Some(Err(damage)) => Err(damage.error.clone()),
            None => Ok(None),
        }
    }

    /// Fails if the UUID is not known, by which more is kept of it.
    pub fn expect_uuid(&self) -> Result<()> {
        let damage = match (&self.live, &self.config) {
            (Some(Live::Unreadable(damage, _)), None) | (None, Some(Err(damage))) => damage,
            _ => return Ok(()),
        };
        if damage.uuid_is_known { Ok(()) } else { Err(damage.error.clone()) }
    }

    pub fn condition(&self) -> Condition {
        match &self.live {
            Some(Live::Machine(machine)) => machine.condition().unwrap_or_else(|error| {
                log::warn!("what domain '{}' is doing is not known: {error}", self.name);
                Condition::UNKNOWN
            }),
            Some(Live::Elsewhere(status, _)) => status.condition,
            Some(Live::Unreadable(..)) => Condition::UNKNOWN,
            None => self.off,
        }
    }

    /// The number of a domain that runs, where it is known.
    pub fn id(&self) -> Option<i32> {
        match &self.live {
            Some(Live::Machine(machine)) => Some(machine.identity().id),
            Some(Live::Elsewhere(status, _)) => Some(status.id),
            Some(Live::Unreadable(..)) | None => None,
        }
    }

    pub fn is_active(&self) -> bool {
        self.live.is_some()
    }

    pub fn is_persistent(&self) -> bool {
        self.config.is_some()
    }

    /// Whether something of it cannot be used.
    fn is_damaged(&self) -> bool {
        matches!(self.config, Some(Err(_))) || matches!(self.live, Some(Live::Unreadable(..)))
    }

    /// What runs the domain, for what has to be asked of it.
    pub fn machine(&self) -> Result<Arc<dyn Machine>> {
        match &self.live {
            Some(Live::Machine(machine)) => Ok(machine.clone()),
            Some(Live::Elsewhere(_, process) | Live::Unreadable(_, process)) => {
                let text = format!(
                    "domain '{}' runs in process {process}, and only that can do this",
                    self.name
                );
                Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text))
            }
            None => Err(not_running()),
        }
    }

    /// What runs the domain, if this process can use that.
    pub fn machine_here(&self) -> Option<Arc<dyn Machine>> {
        match &self.live {
            Some(Live::Machine(machine)) => Some(machine.clone()),
            _ => None,
        }
    }

    /// Whether this process can use what runs the domain.
    fn is_here(&self) -> bool {
        matches!(self.live, Some(Live::Machine(_)))
    }

    /// Whether the domain is run by that machine.
    fn is_run_by(&self, identity: &Identity) -> bool {
        matches!(&self.live, Some(Live::Machine(machine)) if machine.identity() == identity)
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
    host: Host,
    /// Makes what runs a domain.
    launcher: Launcher,
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
    /// Where it is written down; `None` if it is not.
    state: Option<Locked<'a>>,
}

/// A domain that is about to run. Dropped, it is not any more.
pub struct Starting<'a> {
    domains: &'a Domains,
    name: String,
    start: Option<Start>,
}

impl Domains {
    /// The domains that are defined under `root`.
    pub fn embed(
        root: &Path,
        launcher: Launcher,
        storage: Arc<Storage>,
        events: Arc<Brokers>,
    ) -> Result<Arc<Domains>> {
        let state = StateDir::open(root, DOMAINS)?;
        stored::remove_leftovers(&state)?;
        Ok(Domains::new(Some(state), Host::Real, launcher, storage, events))
    }

    /// No domains, in memory.
    pub fn in_memory(
        host: TestHost,
        launcher: Launcher,
        storage: Arc<Storage>,
        events: Arc<Brokers>,
    ) -> Arc<Domains> {
        Domains::new(None, Host::Test(host), launcher, storage, events)
    }

    fn new(
        state: Option<StateDir>,
        host: Host,
        launcher: Launcher,
        storage: Arc<Storage>,
        events: Arc<Brokers>,
    ) -> Arc<Domains> {
        let (known, images) = (Mutex::default(), Images::new(storage));
        let snapshots = Mutex::default();
        let domains = Arc::new(Domains { host, launcher, state, known, events, images, snapshots });
        domains.register();
        domains
    }

    /// The domain that released libvirt's test driver has.
    pub fn test(
        launcher: Launcher,
        storage: Arc<Storage>,
        events: Arc<Brokers>,
    ) -> Result<Arc<Domains>> {
        let domains = Domains::in_memory(TestHost::default(), launcher, storage, events.clone());
        let definition = Arc::new(Definition::parse(include_str!("../test.xml"))?);
        let machine = (domains.launcher)(Start {
            id: 1,
            definition: definition.clone(),
            condition: Condition { state: State::Running, reason: 0 },
            autodestroy: None,
            folder: None,
            owner: None,
            events,
            images: domains.images.clone(),
            domains: Arc::downgrade(&domains),
        })?;
        let live = Some(Live::Machine(machine));
        let entry = Entry { live, config: Some(Ok(definition.clone())), ..Entry::new(&definition) };
        {
            let mut known = domains.lock();
            known.last_id = 1;
            known.entries.insert(entry.name.clone(), entry);
        }
        Ok(domains)
    }

    /// The machine that they are on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The pools in which volumes are looked for.
    pub fn storage(&self) -> &Arc<Storage> {
        self.images.storage()
    }

    /// Whom to tell of events.
    pub fn events(&self) -> &Arc<Brokers> {
        &self.events
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
        !known.starting.is_empty() || known.entries.values().any(Entry::is_here)
    }

    /// What runs here, and is one of those.
    pub fn machines(&self, which: impl Fn(&Identity) -> bool) -> Vec<Arc<dyn Machine>> {
        let known = self.lock();
        let all = known.entries.values().filter_map(Entry::machine_here);
        all.filter(|machine| which(machine.identity())).collect()
    }

    /// Begins a change.
    pub fn change(&self) -> Result<Change<'_>> {
        let mut known = self.lock();
        let state = self.state.as_ref().map(StateDir::lock).transpose()?;
        self.reload(&mut known)?;
        Ok(Change { domains: self, known, state })
    }

    /// Notes in memory alone that a domain does not run here any more.
    pub fn forget(&self, identity: &Identity, off: Condition) {
        let mut known = self.lock();
        let Some(entry) = known.entries.get_mut(&identity.name) else { return };
        if entry.is_run_by(identity) {
            (entry.live, entry.updated, entry.off) = (None, false, off);
        }
        if !entry.is_persistent() && !entry.is_active() {
            known.entries.remove(&identity.name);
        }
    }

    /// Writes down anew, for other processes, how a domain runs that does so here, unless it has
    /// stopped. What cannot be written down is true all the same.
    pub fn note_live(&self, machine: Arc<dyn Machine>) {
        let identity = machine.identity().clone();
        let noted = self.change().and_then(|mut change| {
            let entry = change.by_uuid(identity.uuid, &identity.name)?;
            if entry.is_run_by(&identity) { change.set_live(&entry, machine) } else { Ok(()) }
        });
        if let Err(error) = noted {
            log::warn!("other processes see domain '{}' as it was: {error}", identity.name);
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
        self: &Arc<Self>,
        definition: Arc<Definition>,
        condition: Condition,
        autodestroy: Option<u64>,
    ) -> Result<Starting<'_>> {
        let mut change = self.change()?;
        let entry = change.claim(&definition)?;
        let name = entry.name.clone();
        if entry.is_active() || change.known.starting.contains(&name) {
            return Err(already_running());
        }
        change.purge_stale_snapshots(&entry)?;
        let mut folder = None;
        let mut owner = None;
        if let Some(state) = &change.state {
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
        let domains = Arc::downgrade(self);
        let start = Start {
            id,
            definition,
            condition,
            autodestroy,
            folder,
            owner,
            events,
            images,
            domains,
        };
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
        if !known.stamp.as_ref().is_some_and(|before| stamp.is_same(before, Instant::now())) {
            known.entries = stored::load(state, &known.entries)?;
            // What could not be read may be readable the next time.
            let whole = !known.entries.values().any(Entry::is_damaged);
            known.stamp = whole.then_some(stamp);
        }
        let mut ended = Vec::new();
        for (name, entry) in &known.entries {
            let owned = match entry.live {
                Some(Live::Elsewhere(..)) => stored::owner(state, name)?.is_some(),
                // What has been read a moment ago says so.
                _ => true,
            };
            if !owned {
                ended.push(name.clone());
            }
        }
        for name in ended {
            if let Some(entry) = known.entries.get_mut(&name) {
                entry.live = None;
            }
        }
        known.entries.retain(|_, entry| entry.is_active() || entry.is_persistent());
        let ids = known.entries.values().filter_map(Entry::id);
        known.last_id = ids.max().unwrap_or(0).max(known.last_id);
        Ok(())
    }
}

impl Starting<'_> {
    /// Opens the disks, without any lock: that may take its time.
    pub fn open(&mut self) -> Result<Arc<dyn Machine>> {
        let start = self.start.take().ok_or_else(already_running)?;
        (self.domains.launcher)(start)
    }

    /// Notes that it runs, and tells so. A failure leaves nothing behind.
    pub fn finish(self, machine: &Arc<dyn Machine>) -> Result<()> {
        // Nobody has been told that it runs.
        self.note(machine).inspect_err(|_| machine.abandon())
    }

    fn note(&self, machine: &Arc<dyn Machine>) -> Result<()> {
        let mut change = self.domains.change()?;
        // It may have been undefined meanwhile, or defined anew: what runs is what was started.
        let entry = change.claim(&*machine.definition()?)?;
        change.set_live(&entry, machine.clone())?;
        let condition = machine.condition()?;
        let paused = condition.state == State::Paused;
        let told: &[Lifecycle] = match self.domains.images.files().is_real() {
            _ if condition == Condition::FROM_SNAPSHOT => &[Lifecycle::STARTED_AGAIN],
            _ if condition == Condition::PAUSED_FROM_SNAPSHOT => {
                &[Lifecycle::STARTED_AGAIN, Lifecycle::SUSPENDED_AGAIN]
            }
            // A hypervisor begins with its CPUs stopped, and tells when it lets them run.
            true if !paused => &[Lifecycle::RESUMED, Lifecycle::STARTED],
            _ if paused => &[Lifecycle::STARTED, Lifecycle::SUSPENDED],
            _ => &[Lifecycle::STARTED],
        };
        let Identity { name, uuid, .. } = machine.identity();
        for event in told {
            let event = events::event(name, *uuid, events::LIFECYCLE, event.payload());
            self.domains.events.queue(&event);
        }
        Ok(())
    }
}

impl Drop for Starting<'_> {
    fn drop(&mut self) {
        let mut known = self.domains.lock();
        known.starting.remove(&self.name);
        if !known.entries.get(&self.name).is_some_and(Entry::is_here)
            && let Some(state) = &self.domains.state
        {
            // Another process may have begun to start it as soon as this one had given it up.
            let removed = state.lock().and_then(|_lock| {
                if stored::owner(state, &self.name)?.is_none() {
                    stored::remove_folder(&stored::folder(state, &self.name));
                }
                Ok(())
            });
            if let Err(error) = removed {
                log::warn!("the folder of domain '{}' stays: {error}", self.name);
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
            if let Err(cause) = other.expect_uuid() {
                return failed(format!(
                    "domain '{name}' already exists, with unknown uuid: {cause}"
                ));
            }
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
        if entry.is_active() || self.known.starting.contains(&entry.name) {
            return Err(already_running());
        }
        match &self.state {
            Some(state) if stored::owner(state, &entry.name)?.is_some() => Err(already_running()),
            _ => Ok(()),
        }
    }

    /// Deletes the snapshot metadata that a crashed domain of the same UUID has left.
    fn purge_stale_snapshots(&self, entry: &Entry) -> Result<()> {
        if entry.is_active() || entry.is_persistent() {
            return Ok(());
        }
        let snapshots = self.domains.snapshots(entry.uuid);
        // They may be those of a domain whose UUID cannot be read.
        let unknown = |other: &Entry| other.expect_uuid().err();
        if let Some(cause) = self.known.entries.values().find_map(unknown)
            && snapshots.any()?
        {
            return Err(cause);
        }
        snapshots.clear()
    }

    /// Refuses to forget a domain that has snapshots, unless they are to be forgotten as well. Those
    /// of one that runs are forgotten when it stops.
    fn check_snapshots(&self, entry: &Entry, forget: bool) -> Result<()> {
        // Of a domain whose UUID is not known it is not known which are its snapshots.
        if entry.is_active() || forget || entry.expect_uuid().is_err() {
            return Ok(());
        }
        match self.domains.snapshots(entry.uuid).load()?.len() {
            0 => Ok(()),
            number => {
                let text = format!("cannot delete inactive domain with {number} snapshots");
                Err(Error::invalid_operation(VIR_FROM_DOMAIN, text))
            }
        }
    }

    /// Makes a domain persistent under a new definition.
    pub fn set_config(&mut self, entry: &Entry, config: Arc<Definition>) -> Result<()> {
        if let Some(state) = &self.state {
            let text = stored::checked(&config)?;
            if !entry.is_persistent() {
                state.check_free(&entry.name)?;
                self.purge_stale_snapshots(entry)?;
                // A domain that was about to get this name, or has lost it, may have left its mark.
                state.remove(Folder::Autostart, &entry.name)?;
            }
            state.write(Folder::Config, &entry.name, &text)?
        } else {
            self.purge_stale_snapshots(entry)?;
        }
        let updated = entry.is_active() && entry.is_persistent();
        self.put(Entry { config: Some(Ok(config)), updated, ..entry.clone() });
        Ok(())
    }

    /// Forgets a domain's definition, and what is known of its snapshots if it does not run.
    pub fn undefine(&mut self, entry: &Entry, forget_snapshots: bool) -> Result<()> {
        self.check_snapshots(entry, forget_snapshots)?;
        if let Some(state) = &self.state {
            state.remove(Folder::Config, &entry.name)?;
            // It has happened. What else stays is removed before a domain of that name is defined.
            if let Err(error) = state.remove(Folder::Autostart, &entry.name) {
                log::warn!("domain '{}' is undefined, its mark stays: {error}", entry.name);
            }
        }
        if !entry.is_active() {
            self.forget_snapshots(entry);
        }
        self.put(Entry { config: None, autostart: false, updated: false, ..entry.clone() });
        Ok(())
    }

    /// Forgets what is known of the snapshots of a domain that is no more.
    fn forget_snapshots(&self, entry: &Entry) {
        if let Err(error) = self.domains.snapshots(entry.uuid).clear() {
            // A new domain of that UUID forgets them, too.
            log::warn!("what is known of snapshots of '{}' stays: {error}", entry.name);
        }
    }

    /// Makes a domain that is off one of another name, which its new definition has. It is one of
    /// the two at any time: the file gets its new name at once, by which it is read from then on.
    pub fn rename(&mut self, entry: &Entry, config: Arc<Definition>) -> Result<()> {
        let name = &config.name;
        if self.known.entries.contains_key(name) || self.known.starting.contains(name) {
            let text = format!("domain with name '{}' already exists", excerpt(name));
            return Err(Error::invalid_operation(VIR_FROM_DOMAIN, text));
        }
        if let Some(state) = &self.state {
            let text = stored::checked(&config)?;
            state.check_free(name)?;
            state.mark_autostart(name, entry.autostart)?;
            let renamed = state.rename(Folder::Config, &entry.name, name, &text);
            let gone = if renamed.is_ok() { &entry.name } else { name };
            if let Err(error) = state.remove(Folder::Autostart, gone) {
                // What stays is removed before another domain gets that name.
                log::warn!("the mark of domain '{gone}', which is no more, stays: {error}");
            }
            renamed?;
        }
        self.known.entries.remove(&entry.name);
        self.put(Entry { name: name.clone(), config: Some(Ok(config)), ..entry.clone() });
        Ok(())
    }

    /// Notes as what a domain runs here.
    pub fn set_live(&mut self, entry: &Entry, machine: Arc<dyn Machine>) -> Result<()> {
        if let Some(state) = &self.state {
            let status = Status::of(&*machine)?.to_xml();
            Status::parse(&status)?;
            state.write(Folder::Run, &entry.name, &status)?;
        }
        self.put(Entry { live: Some(Live::Machine(machine)), ..entry.clone() });
        Ok(())
    }

    /// Notes that a domain that ran here does not any more, and why. It is so whatever cannot be
    /// written down: others see that the lock of its owner is gone.
    pub fn set_off(&mut self, entry: &Entry, off: Condition) {
        if let Some(state) = &self.state {
            if let Err(error) = state.remove(Folder::Run, &entry.name) {
                log::warn!("domain '{}' has stopped, its status stays: {error}", entry.name);
            }
            stored::remove_folder(&stored::folder(state, &entry.name));
        }
        if !entry.is_persistent() {
            self.forget_snapshots(entry);
        }
        self.put(Entry { live: None, updated: false, off, ..entry.clone() });
    }

    /// Marks a domain to be started by itself, or not.
    pub fn set_autostart(&mut self, entry: &Entry, autostart: bool) -> Result<()> {
        if let Some(state) = &self.state {
            state.mark_autostart(&entry.name, autostart)?;
        }
        self.put(Entry { autostart, ..entry.clone() });
        Ok(())
    }

    /// Notes in memory what is written down.
    fn put(&mut self, entry: Entry) {
        if let Some(state) = &self.state {
            state.note();
        }
        if entry.is_active() || entry.is_persistent() {
            self.known.entries.insert(entry.name.clone(), entry);
        } else {
            self.known.entries.remove(&entry.name);
        }
    }
}

impl Drop for Change<'_> {
    /// What has been changed here need not be read again.
    fn drop(&mut self) {
        let Some(state) = &self.state else { return };
        let Known { entries, stamp, .. } = &mut *self.known;
        state.settle(stamp, || !entries.values().any(Entry::is_damaged));
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
