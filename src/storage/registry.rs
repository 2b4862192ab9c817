//! The pools of a connection: which there are, what state they are in, and where that is kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use uuid::Uuid;

use super::dir::DirStore;
use super::listing::Listing;
use super::memory::MemoryStore;
use super::permissions::Permissions;
use super::pool_xml::{PoolDefinition, PoolSizes, PoolType};
use super::store::VolumeStore;
use crate::block::{Files, MemoryFiles, RealFiles};
use crate::error::*;
use crate::state::{ChangeLock, Folder, POOLS, Stamp, StateDir};
use crate::xml::excerpt;

/// One pool, as it is at one moment.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub uuid: Uuid,
    /// What it is defined as, if it is persistent.
    pub config: Option<Arc<PoolDefinition>>,
    /// What it runs as, if it is active.
    pub live: Option<Arc<PoolDefinition>>,
    pub autostart: bool,
    pub store: Arc<dyn VolumeStore>,
    /// Which volumes it has, while it is active.
    pub listing: Arc<Listing>,
}

impl Entry {
    /// What the pool is: while it is active, what it was started as.
    pub fn definition(&self) -> &PoolDefinition {
        // An entry without either is removed as soon as it comes to be.
        match (&self.live, &self.config) {
            (Some(definition), _) | (None, Some(definition)) => definition,
            (None, None) => unreachable!("a pool that is neither active nor persistent"),
        }
    }

    /// Whether it has a volume of that name.
    pub fn has_volume(&self, name: &str) -> Result<bool> {
        Ok(self.listing.names(&*self.store)?.contains(name))
    }

    /// Fails unless it has a volume of that name.
    pub fn expect_volume(&self, name: &str) -> Result<()> {
        if self.has_volume(name)? {
            return Ok(());
        }
        Err(no_volume("name", name))
    }

    /// Whether it can be used.
    pub fn is_active(&self) -> bool {
        self.live.is_some()
    }

    /// Whether it is still known after it is stopped.
    pub fn is_persistent(&self) -> bool {
        self.config.is_some()
    }
}

/// By name.
type Pools = BTreeMap<String, Entry>;

#[derive(Default)]
struct Known {
    pools: Pools,
    stamp: Option<Stamp>,
}

/// All pools behind a URI.
pub struct Storage {
    /// Where definitions are kept; `None` if they are not.
    state: Option<StateDir>,
    place: Place,
    known: Mutex<Known>,
}

/// Where volumes are.
enum Place {
    Machine,
    Memory(Arc<MemoryFiles>),
}

/// The pools, while nobody else changes them.
pub struct Change<'a> {
    storage: &'a Storage,
    known: MutexGuard<'a, Known>,
    _lock: Option<ChangeLock>,
}

impl Storage {
    /// The pools that are defined under `root`.
    pub fn embed(root: &Path) -> Result<Storage> {
        let storage = Storage {
            state: Some(StateDir::open(root, POOLS)?),
            place: Place::Machine,
            known: Mutex::default(),
        };
        storage.autostart()?;
        Ok(storage)
    }

    /// No pools, in memory.
    pub fn in_memory() -> Storage {
        let place = Place::Memory(Arc::default());
        Storage { state: None, place, known: Mutex::default() }
    }

    /// The pool that released libvirt's test driver has, with room for data.
    pub fn test() -> Storage {
        let name = "default-pool".to_string();
        let path = "/default-pool";
        let files = Arc::new(MemoryFiles::default());
        let uuid = uuid::uuid!("dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566");
        let definition = Arc::new(PoolDefinition {
            pool_type: PoolType::Dir,
            name: name.clone(),
            uuid: Some(uuid),
            target_path: path.to_string(),
            permissions: Permissions::default(),
            source: None,
        });
        let entry = Entry {
            name: name.clone(),
            uuid,
            config: Some(definition.clone()),
            live: Some(definition),
            autostart: false,
            store: Arc::new(MemoryStore::new(&files, path)),
            listing: Listing::new(None),
        };
        let known = Known { pools: BTreeMap::from([(name, entry)]), stamp: None };
        Storage { state: None, place: Place::Memory(files), known: Mutex::new(known) }
    }

    /// Where the names of images lead.
    pub fn files(&self) -> Arc<dyn Files> {
        match &self.place {
            Place::Machine => Arc::new(RealFiles),
            Place::Memory(files) => files.clone(),
        }
    }

    /// All pools, by name.
    pub fn all(&self) -> Result<Vec<Entry>> {
        Ok(self.read()?.pools.values().cloned().collect())
    }

    /// The pool of a UUID. `name` is what the caller knows it as, for the message.
    pub fn by_uuid(&self, uuid: Uuid, name: Option<&str>) -> Result<Entry> {
        find_uuid(&self.read()?.pools, uuid, name).cloned()
    }

    /// The pool of a name.
    pub fn by_name(&self, name: &str) -> Result<Entry> {
        let known = self.read()?;
        known.pools.get(name).cloned().ok_or_else(|| no_pool("name", name))
    }

    /// Begins a change.
    pub fn change(&self) -> Result<Change<'_>> {
        let mut known = self.lock();
        let lock = self.state.as_ref().map(StateDir::lock).transpose()?;
        self.reload(&mut known)?;
        Ok(Change { storage: self, known, _lock: lock })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn read(&self) -> Result<MutexGuard<'_, Known>> {
        let mut known = self.lock();
        self.reload(&mut known)?;
        Ok(known)
    }

    /// Reads the definitions again if another process may have changed them.
    fn reload(&self, known: &mut Known) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let stamp = state.stamp()?;
        if known.stamp.as_ref().is_some_and(|before| stamp.is_same(before)) {
            return Ok(());
        }
        known.pools = load(state)?;
        known.stamp = Some(stamp);
        Ok(())
    }

    /// Starts the pools that start by themselves, once after each boot of the machine. One that
    /// cannot be started stays inactive, and says why when it is started by name.
    fn autostart(&self) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let mut change = self.change()?;
        let Some(boot) = state.new_boot() else { return Ok(()) };
        state.forget_running()?;
        change.known.pools = load(state)?;
        let wanted: Vec<Entry> =
            change.known.pools.values().filter(|entry| entry.autostart).cloned().collect();
        for entry in wanted {
            if entry.store.check().is_ok() {
                let _ = change.set_live(&entry, entry.config.clone());
            }
        }
        // Last, so that a crash before this is made good by the next connection.
        state.note_boot(&boot)
    }
}

impl Change<'_> {
    /// The pools as they are now.
    pub fn by_uuid(&self, uuid: Uuid, name: &str) -> Result<Entry> {
        find_uuid(&self.known.pools, uuid, Some(name)).cloned()
    }

    /// The entry that a new definition would belong to: an existing pool of that name and UUID, or
    /// a new one. Refuses what clashes with another pool.
    pub fn claim(&self, definition: &PoolDefinition) -> Result<Entry> {
        let failed = |text| Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text));
        let name = &definition.name;
        let uuid = definition.uuid.unwrap_or_else(Uuid::new_v4);
        let pools = &self.known.pools;
        if let Some(other) = pools.get(name).filter(|other| other.uuid != uuid) {
            return failed(format!("pool '{name}' already exists with uuid {}", other.uuid));
        }
        if let Some(other) = pools.values().find(|other| other.uuid == uuid && other.name != *name)
        {
            return failed(format!("pool '{}' is already defined with uuid {uuid}", other.name));
        }
        let clash = |other: &&Entry| {
            other.name != *name && other.definition().target_path == definition.target_path
        };
        if let Some(other) = pools.values().find(clash) {
            return failed(format!("Storage source conflict with pool: '{}'", other.name));
        }
        Ok(match pools.get(name) {
            Some(entry) if entry.definition().target_path == definition.target_path => {
                entry.clone()
            }
            before => Entry {
                name: name.clone(),
                uuid,
                config: before.and_then(|entry| entry.config.clone()),
                live: before.and_then(|entry| entry.live.clone()),
                autostart: before.is_some_and(|entry| entry.autostart),
                store: self.storage.store(definition),
                listing: Listing::new(
                    self.storage.state.as_ref().map(|state| state.beside(&uuid.to_string())),
                ),
            },
        })
    }

    /// Makes a pool persistent under a new definition, or no longer so.
    pub fn set_config(&mut self, entry: &Entry, config: Option<Arc<PoolDefinition>>) -> Result<()> {
        if let Some(state) = &self.storage.state {
            match &config {
                Some(definition) => {
                    state.write(Folder::Config, &entry.name, &stored(definition, entry)?)?;
                }
                None => {
                    state.remove(Folder::Autostart, &entry.name)?;
                    state.remove(Folder::Config, &entry.name)?;
                }
            }
        }
        let autostart = entry.autostart && config.is_some();
        self.put(Entry { config, autostart, ..entry.clone() });
        Ok(())
    }

    /// Makes a pool active as what it is defined as, or inactive.
    pub fn set_live(&mut self, entry: &Entry, live: Option<Arc<PoolDefinition>>) -> Result<()> {
        match &live {
            Some(definition) => {
                entry.listing.rescan(&*entry.store)?;
                self.write_live(entry, definition).inspect_err(|_| entry.listing.remove())?;
            }
            None => {
                if let Some(state) = &self.storage.state {
                    state.remove(Folder::Run, &entry.name)?;
                }
                entry.listing.remove();
            }
        }
        let mut entry = Entry { live, ..entry.clone() };
        if entry.live.is_none()
            && let Some(config) = &entry.config
        {
            // It may have been defined anew while it was active.
            entry.store = self.storage.store(config);
        }
        self.put(entry);
        Ok(())
    }

    fn write_live(&self, entry: &Entry, definition: &PoolDefinition) -> Result<()> {
        match &self.storage.state {
            Some(state) => state.write(Folder::Run, &entry.name, &stored(definition, entry)?),
            None => Ok(()),
        }
    }

    /// Marks a pool to be started by itself, or not.
    pub fn set_autostart(&mut self, entry: &Entry, autostart: bool) -> Result<()> {
        if let Some(state) = &self.storage.state {
            state.mark_autostart(&entry.name, autostart)?;
        }
        self.put(Entry { autostart, ..entry.clone() });
        Ok(())
    }

    fn put(&mut self, entry: Entry) {
        if entry.is_active() || entry.is_persistent() {
            self.known.pools.insert(entry.name.clone(), entry);
        } else {
            self.known.pools.remove(&entry.name);
        }
    }
}

impl Storage {
    /// The place that a definition names. Memory is found again by its name while somebody holds it.
    fn store(&self, definition: &PoolDefinition) -> Arc<dyn VolumeStore> {
        match &self.place {
            Place::Machine => dir_store(definition),
            Place::Memory(files) => Arc::new(MemoryStore::new(files, &definition.target_path)),
        }
    }
}

fn dir_store(definition: &PoolDefinition) -> Arc<dyn VolumeStore> {
    let mounted = matches!(definition.pool_type, PoolType::Fs | PoolType::NetFs);
    Arc::new(DirStore::new(definition.target_path.clone(), mounted))
}

fn find_uuid<'a>(pools: &'a Pools, uuid: Uuid, name: Option<&str>) -> Result<&'a Entry> {
    pools.values().find(|entry| entry.uuid == uuid).ok_or_else(|| {
        let name = name.map(|name| format!(" ({name})")).unwrap_or_default();
        not_found(format!("no storage pool with matching uuid '{uuid}'{name}"))
    })
}

fn not_found(text: String) -> Error {
    Error::new(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, text)
}

/// The error that there is no pool whose `property` is `value`.
pub fn no_pool(property: &str, value: &str) -> Error {
    not_found(format!("no storage pool with matching {property} '{}'", excerpt(value)))
}

/// The error that there is no volume whose `property` is `value`.
pub fn no_volume(property: &str, value: &str) -> Error {
    let value = excerpt(value);
    let text = match property {
        // As released libvirt words it.
        "key" => format!("no storage vol with matching key {value}"),
        _ => format!("no storage vol with matching {property} '{value}'"),
    };
    Error::new(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, text)
}

/// A definition as it is kept. What is added to it can make it exceed the limits of a document;
/// then it must not be accepted, because it would not be found again.
fn stored(definition: &PoolDefinition, entry: &Entry) -> Result<String> {
    let text = definition.format(&entry.uuid, PoolSizes::default(), &definition.permissions);
    PoolDefinition::parse_stored(&text).map(|_| text)
}

/// Reads all definitions. One that cannot be understood is left out, as if it were not there; its
/// file stays as it is.
fn load(state: &StateDir) -> Result<Pools> {
    let mut pools = Pools::new();
    let autostart: Vec<String> =
        state.read_all(Folder::Autostart)?.into_iter().map(|(name, _)| name).collect();
    for folder in [Folder::Config, Folder::Run] {
        for (name, text) in state.read_all(folder)? {
            let Ok(definition) = PoolDefinition::parse_stored(&text) else { continue };
            let Some(uuid) = definition.uuid.filter(|_| definition.name == name) else { continue };
            let definition = Arc::new(definition);
            let entry = pools.entry(name.clone()).or_insert_with(|| Entry {
                autostart: autostart.contains(&name),
                name,
                uuid,
                config: None,
                live: None,
                store: dir_store(&definition),
                listing: Listing::new(Some(state.beside(&uuid.to_string()))),
            });
            match folder {
                Folder::Run => {
                    entry.store = dir_store(&definition);
                    entry.live = Some(definition);
                }
                _ => entry.config = Some(definition),
            }
        }
    }
    Ok(pools)
}

#[cfg(test)]
mod tests;
