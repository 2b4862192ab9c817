//! The domains of a connection: which there are, what runs, and where that is kept.
//!
//! A running domain belongs to the process that has started it, because its disks are open there.
//! Others see it from what that process has written down, for as long as that process holds the
//! domain's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::change::{Change, already_active};
use super::crash::Crashed;
use super::entry::{Entries, Entry, Live, find_uuid, no_domain};
use super::launch::{Launcher, Start};
use super::starting::Starting;
use super::stored;
use crate::domain::config::definition::Definition;
use crate::domain::holder::Held;
use crate::domain::images::Images;
use crate::domain::machine::condition::{Condition, State};
use crate::domain::machine::origin::Origin;
use crate::domain::machine::{Identity, Machine};
use crate::domain::snapshot_store::store::{Memory, Store};
use crate::error::*;
use crate::event::brokers::Brokers;
use crate::host::{Host, TestHost};
use crate::state::{DOMAINS, Folder, Locked, Stamp, StateDir};
use crate::storage::Storage;

#[derive(Default)]
pub(super) struct Known {
    pub(super) entries: Entries,
    pub(super) stamp: Option<Stamp>,
    /// Domains that are being started here.
    pub(super) starting: BTreeSet<String>,
    /// The last number that was given.
    pub(super) last_id: i32,
    /// Why nobody has been told of a crash yet that was noticed.
    pub(super) untold: Option<Error>,
}

/// All domains behind a URI.
pub struct Domains {
    host: Host,
    /// Makes what runs a domain.
    pub(super) launcher: Launcher,
    /// Where definitions are kept; `None` if they are not, and disks have no sockets.
    pub(super) state: Option<StateDir>,
    pub(super) known: Mutex<Known>,
    pub(super) events: Arc<Brokers>,
    pub(super) images: Images,
    /// Of each domain by its UUID, where definitions are not kept.
    snapshots: Mutex<BTreeMap<Uuid, Arc<Memory>>>,
    /// Those that other processes hold, and that end with a connection of this one.
    pub(super) held: Mutex<Vec<Held>>,
    /// Called when nothing runs here any more.
    pub(super) idle: OnceLock<Box<dyn Fn() + Send + Sync>>,
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
        let domains = Domains::new(Some(state), Host::Real, launcher, storage, events);
        domains.tidy()?;
        let observer: Weak<Domains> = Arc::downgrade(&domains);
        domains.events.observe(observer);
        Ok(domains)
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
        let domains = Arc::new(Domains {
            host,
            launcher,
            state,
            known,
            events,
            images,
            snapshots: Mutex::default(),
            held: Mutex::default(),
            idle: OnceLock::new(),
        });
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

    /// Where they are kept, if they are.
    pub fn state(&self) -> Option<&StateDir> {
        self.state.as_ref()
    }

    /// The machine that they are on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Where they are kept; `None` if they are in memory.
    pub fn root(&self) -> Option<&Path> {
        self.state.as_ref().map(StateDir::root)
    }

    /// Forgets what does not run here, until it is asked for: then it is read again.
    pub fn forget_others(&self) {
        let mut known = self.lock();
        known.entries.retain(|_, entry| entry.is_here());
        known.stamp = None;
    }

    /// Has that called whenever a domain has stopped and none runs here any more. Only the first who asks
    /// is heard.
    pub fn when_idle(&self, call: Box<dyn Fn() + Send + Sync>) {
        if self.idle.set(call).is_err() {
            log::error!("somebody else is told already when no domain runs");
        }
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
        self.begin(StateDir::lock)
    }

    /// The same for somebody who does not wait for long for others who change something.
    pub(super) fn change_within(&self, patience: Duration) -> Result<Change<'_>> {
        self.begin(|state| state.lock_within(patience))
    }

    fn begin<'a>(
        &'a self,
        lock: impl FnOnce(&'a StateDir) -> Result<Locked<'a>>,
    ) -> Result<Change<'a>> {
        let mut known = self.lock();
        let state = self.state.as_ref().map(lock).transpose()?;
        self.reload(&mut known, state.as_ref())?;
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
        origin: Origin,
        condition: Condition,
        autodestroy: Option<u64>,
    ) -> Result<Starting<'_>> {
        let mut change = self.change()?;
        let entry = change.claim(&definition)?;
        let name = entry.name.clone();
        let definition = match (origin, entry.config()?) {
            (Origin::Kept, Some(kept)) => kept.clone(),
            (Origin::Kept, None) => return Err(no_domain("uuid", &entry.uuid.to_string())),
            (Origin::Caller | Origin::Snapshot, _) => definition,
        };
        if entry.is_active() || change.known.starting.contains(&name) {
            return Err(already_active(&name));
        }
        change.purge_stale_snapshots(&entry)?;
        let mut folder = None;
        let mut owner = None;
        let mut id = change.known.last_id.checked_add(1).unwrap_or(1);
        if let Some(state) = &change.state {
            state.expect_own()?;
            // Others may be starting, and not have written down their numbers yet.
            id = state.next_number(change.known.last_id)?;
            // Another process may be starting it, and not have written down yet that it runs.
            owner = Some(stored::take(state, &name)?.ok_or_else(|| already_active(&name))?);
            // What a process that is gone has left would be taken for alive under the new lock.
            state.remove(Folder::Run, &name)?;
            folder = Some(stored::folder(state, &name));
        }
        change.known.last_id = id;
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

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn read(&self) -> Result<MutexGuard<'_, Known>> {
        let mut known = self.lock();
        self.reload(&mut known, None)?;
        Ok(known)
    }

    /// Reads the definitions again if another process may have changed them, and looks which of the
    /// others' domains still run. `locked`: the state, if nobody else can change it meanwhile.
    fn reload(&self, known: &mut Known, locked: Option<&Locked<'_>>) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let stamp = state.stamp()?;
        let mut crashed = Vec::new();
        if !known.stamp.as_ref().is_some_and(|before| stamp.is_same(before, Instant::now())) {
            (known.entries, crashed) = stored::load(state, &known.entries)?;
            // What could not be read may be readable the next time.
            let whole = !known.entries.values().any(Entry::is_damaged);
            known.stamp = whole.then_some(stamp);
            // It is found again, unless another process has told of it.
            known.untold = None;
        }
        for entry in known.entries.values() {
            // Of the others it was seen a moment ago.
            if let Some(Live::Elsewhere(..)) = entry.live
                && stored::owner(state, &entry.name)?.is_none()
            {
                crashed.push(Crashed { name: entry.name.clone(), uuid: entry.uuid });
            }
        }
        if !crashed.is_empty() {
            self.note_crashed(known, state, locked, crashed)?;
        }
        known.entries.retain(|_, entry| entry.is_active() || entry.is_persistent());
        let ids = known.entries.values().filter_map(Entry::id);
        known.last_id = ids.max().unwrap_or(0).max(known.last_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
