//! The pools of a connection: which there are, what state they are in, and where that is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::time::Instant;

use uuid::Uuid;
use virsparse_base::errno::Errno;

use super::in_use::ImageUsers;
use super::listing::Listing;
use super::memory::MemoryStore;
use super::permissions::Permissions;
use super::pool_type::PoolType;
use super::pool_xml::{PoolDefinition, PoolSizes};
use super::store::VolumeStore;
use super::unknown::UnknownStore;
use crate::block::{Files, MemoryFiles, RealFiles};
use crate::error::*;
use crate::state::{Damage, Folder, Kept, Locked, POOLS, Stamp, StateDir, Stored};
use crate::xml::excerpt;

/// One pool, as it is at one moment.
#[derive(Clone)]
pub struct Entry {
    pub name: String,
    pub uuid: Uuid,
    /// What it is defined as, if it is persistent.
    pub config: Option<Kept<PoolDefinition>>,
    /// What it runs as, if it is active.
    pub live: Option<Kept<PoolDefinition>>,
    pub autostart: bool,
    pub store: Arc<dyn VolumeStore>,
    /// Which volumes it has, while it is active.
    pub listing: Arc<Listing>,
}

impl Entry {
    /// What the pool is: while it is active, what it was started as.
    pub fn definition(&self) -> Result<&Arc<PoolDefinition>> {
        match self.live.as_ref().or(self.config.as_ref()) {
            Some(Ok(definition)) => Ok(definition),
            Some(Err(damage)) => Err(damage.error.clone()),
            // An entry without either is removed as soon as it comes to be.
            None => Err(Error::internal(VIR_FROM_STORAGE, "pool without a definition")),
        }
    }

    /// What it is defined as, if it is persistent.
    pub fn config(&self) -> Result<Option<&Arc<PoolDefinition>>> {
        match &self.config {
            Some(Ok(config)) => Ok(Some(config)),
            Some(Err(damage)) => Err(damage.error.clone()),
            None => Ok(None),
        }
    }

    /// Whether its volumes are in the folder that a definition calls `path`. Where it cannot be
    /// known, they are not.
    pub fn is_at(&self, path: &str) -> bool {
        self.definition().is_ok_and(|definition| definition.target_path == path)
    }

    /// Whether it is of the same place as a definition. Where it cannot be known, it is not.
    fn has_place_of(&self, definition: &PoolDefinition) -> bool {
        self.definition().is_ok_and(|own| own.has_place_of(definition))
    }

    /// What is wrong with a file of it.
    fn damage(&self) -> Option<&Damage> {
        let broken = |kept: &'_ Option<Kept<PoolDefinition>>| matches!(kept, Some(Err(_)));
        match (broken(&self.live), broken(&self.config)) {
            (true, _) => self.live.as_ref()?.as_ref().err().map(|damage| &**damage),
            (_, true) => self.config.as_ref()?.as_ref().err().map(|damage| &**damage),
            _ => None,
        }
    }

    /// Why the UUID is not known, if it is not.
    fn unknown_uuid(&self) -> Option<&Error> {
        let usable = |kept: &Option<Kept<PoolDefinition>>| matches!(kept, Some(Ok(_)));
        let damage = self.damage().filter(|damage| !damage.uuid_is_known);
        damage.filter(|_| !usable(&self.live) && !usable(&self.config)).map(|damage| &damage.error)
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
struct KnownPools {
    pools: Pools,
    stamp: Option<Stamp>,
}

/// All pools behind a URI.
pub struct Storage {
    /// Where definitions are kept; `None` if they are not.
    state: Option<StateDir>,
    backend: Backend,
    known: Mutex<KnownPools>,
    image_users: OnceLock<Weak<dyn ImageUsers>>,
}

/// Where volumes are.
enum Backend {
    Machine,
    Memory(Arc<MemoryFiles>),
}

/// The pools, while nobody else changes them.
pub struct Change<'a> {
    storage: &'a Storage,
    known: MutexGuard<'a, KnownPools>,
    /// Where it is written down; `None` if it is not.
    state: Option<Locked<'a>>,
}

/// The image of the disk of the domain that libvirt's test driver has: its folder, its name, and the
/// bytes that libvirt's own says a guest would see. Nothing is in it.
const TEST_IMAGE: (&str, &str, u64) = ("/guest", "diskimage1", 1_099_506_450_432);

impl Storage {
    /// The pools that are defined under `root`.
    pub fn embed(root: &Path) -> Result<Storage> {
        let storage = Storage {
            state: Some(StateDir::open(root, POOLS)?),
            backend: Backend::Machine,
            known: Mutex::default(),
            image_users: OnceLock::new(),
        };
        storage.autostart()?;
        Ok(storage)
    }

    /// No pools, in memory.
    pub fn in_memory() -> Storage {
        let backend = Backend::Memory(Arc::default());
        Storage { state: None, backend, known: Mutex::default(), image_users: OnceLock::new() }
    }

    /// The pool that released libvirt's test driver has, with room for data.
    pub fn test() -> Result<Storage> {
        let name = "default-pool".to_string();
        let path = "/default-pool";
        let files = Arc::new(MemoryFiles::default());
        let (folder, image, length) = TEST_IMAGE;
        files.hold(folder, image, length).map_err(|e| e.report(VIR_FROM_STORAGE))?;
        let uuid = uuid::uuid!("dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566");
        let definition = Arc::new(PoolDefinition {
            pool_type: PoolType::dir(),
            name: name.clone(),
            uuid: Some(uuid),
            target_path: path.to_string(),
            permissions: Permissions::default(),
            source: None,
        });
        let entry = Entry {
            name: name.clone(),
            uuid,
            config: Some(Ok(definition.clone())),
            live: Some(Ok(definition)),
            autostart: false,
            store: Arc::new(MemoryStore::new(&files, path)),
            listing: Listing::new(None),
        };
        let known = KnownPools { pools: BTreeMap::from([(name, entry)]), stamp: None };
        Ok(Storage {
            state: None,
            backend: Backend::Memory(files),
            known: Mutex::new(known),
            image_users: OnceLock::new(),
        })
    }

    /// Where the names of images lead.
    pub fn files(&self) -> Arc<dyn Files> {
        match &self.backend {
            Backend::Machine => Arc::new(RealFiles),
            Backend::Memory(files) => files.clone(),
        }
    }

    /// From now on, `users` is asked who uses an image. The first to be set counts.
    pub fn set_image_users(&self, users: &Arc<dyn ImageUsers>) {
        self.image_users.get_or_init(|| Arc::downgrade(users));
    }

    /// The running domain that uses an image, as far as this process can know.
    pub fn user_of(&self, identity: (u64, u64)) -> Option<String> {
        self.image_users.get()?.upgrade()?.user_of(identity, None)
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
        let state = self.state.as_ref().map(StateDir::lock).transpose()?;
        self.reload(&mut known)?;
        Ok(Change { storage: self, known, state })
    }

    fn lock(&self) -> MutexGuard<'_, KnownPools> {
        self.known.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn read(&self) -> Result<MutexGuard<'_, KnownPools>> {
        let mut known = self.lock();
        self.reload(&mut known)?;
        Ok(known)
    }

    /// Reads the definitions again if another process may have changed them.
    fn reload(&self, known: &mut KnownPools) -> Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let stamp = state.stamp()?;
        if known.stamp.as_ref().is_some_and(|before| stamp.is_same(before, Instant::now())) {
            return Ok(());
        }
        known.pools = self.load(state)?;
        // What could not be read may be readable the next time.
        let whole = known.pools.values().all(|entry| entry.damage().is_none());
        known.stamp = whole.then_some(stamp);
        Ok(())
    }

    /// Starts the pools that start by themselves, once after each boot of the machine. One that
    /// cannot be started stays inactive, and says why when it is started by name.
    fn autostart(&self) -> Result<()> {
        let mut change = self.change()?;
        let Some(state) = &change.state else { return Ok(()) };
        let Some(boot) = state.new_boot()? else { return Ok(()) };
        state.forget_running()?;
        change.known.pools = self.load(state)?;
        state.note();
        let wanted: Vec<Entry> =
            change.known.pools.values().filter(|entry| entry.autostart).cloned().collect();
        for entry in wanted {
            let started = entry.config().and_then(|config| {
                entry.store.check()?;
                config.map_or(Ok(()), |config| change.start(&entry, config.clone()))
            });
            match started {
                // It could be started a moment later: the next connection is to try it.
                Err(error) if error.errno().is_some_and(Errno::is_shortage) => return Err(error),
                Err(error) => log::warn!("pool '{}' does not start: {error}", entry.name),
                Ok(()) => log::info!("pool '{}' starts by itself", entry.name),
            }
        }
        // Last, so that a crash before this is made good by the next connection.
        change.state.as_ref().map_or(Ok(()), |state| state.note_boot(&boot))
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
            if let Some(cause) = other.unknown_uuid() {
                return failed(format!("pool '{name}' already exists, with unknown uuid: {cause}"));
            }
            return failed(format!("pool '{name}' already exists with uuid {}", other.uuid));
        }
        if let Some(other) = pools.values().find(|other| other.uuid == uuid && other.name != *name)
        {
            return failed(format!("pool '{}' is already defined with uuid {uuid}", other.name));
        }
        let clash = |other: &&Entry| other.name != *name && other.has_place_of(definition);
        if let Some(other) = pools.values().find(clash) {
            return failed(format!("Storage source conflict with pool: '{}'", other.name));
        }
        Ok(match pools.get(name) {
            Some(entry) if entry.has_place_of(definition) => entry.clone(),
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

    /// Makes a pool persistent under a new definition.
    pub fn set_config(&mut self, entry: &Entry, config: Arc<PoolDefinition>) -> Result<()> {
        if let Some(state) = &self.state {
            let text = stored(&config, entry)?;
            if !entry.is_persistent() {
                state.check_free(&entry.name)?;
                // A pool of that name that is no more may have left its mark.
                state.remove(Folder::Autostart, &entry.name)?;
            }
            state.write(Folder::Config, &entry.name, &text)?;
        }
        self.put(Entry { config: Some(Ok(config)), ..entry.clone() });
        Ok(())
    }

    /// Forgets a pool's definition.
    pub fn undefine(&mut self, entry: &Entry) -> Result<()> {
        if let Some(state) = &self.state {
            state.remove(Folder::Config, &entry.name)?;
            // It has happened. What else stays is removed before a pool of that name is defined.
            if let Err(error) = state.remove(Folder::Autostart, &entry.name) {
                log::warn!("pool '{}' is undefined, its mark stays: {error}", entry.name);
            }
        }
        self.put(Entry { config: None, autostart: false, ..entry.clone() });
        Ok(())
    }

    /// Makes a pool active as what it is defined as.
    pub fn start(&mut self, entry: &Entry, definition: Arc<PoolDefinition>) -> Result<()> {
        entry.listing.rescan(&*entry.store)?;
        self.write_live(entry, &definition).inspect_err(|_| entry.listing.remove())?;
        self.put(Entry { live: Some(Ok(definition)), ..entry.clone() });
        Ok(())
    }

    /// Makes a pool inactive.
    pub fn stop(&mut self, entry: &Entry) -> Result<()> {
        if let Some(state) = &self.state {
            state.remove(Folder::Run, &entry.name)?;
        }
        entry.listing.remove();
        let mut entry = Entry { live: None, ..entry.clone() };
        if let Some(config) = &entry.config {
            // It may have been defined anew while it was active.
            entry.store = self.storage.kept_store(config);
        }
        self.put(entry);
        Ok(())
    }

    fn write_live(&self, entry: &Entry, definition: &PoolDefinition) -> Result<()> {
        match &self.state {
            Some(state) => state.write(Folder::Run, &entry.name, &stored(definition, entry)?),
            None => Ok(()),
        }
    }

    /// Marks a pool to be started by itself, or not.
    pub fn set_autostart(&mut self, entry: &Entry, autostart: bool) -> Result<()> {
        if let Some(state) = &self.state {
            state.mark(Folder::Autostart, &entry.name, autostart)?;
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
            self.known.pools.insert(entry.name.clone(), entry);
        } else {
            self.known.pools.remove(&entry.name);
        }
    }
}

impl Drop for Change<'_> {
    /// What has been changed here need not be read again.
    fn drop(&mut self) {
        let Some(state) = &self.state else { return };
        let KnownPools { pools, stamp } = &mut *self.known;
        state.settle(stamp, || pools.values().all(|entry| entry.damage().is_none()));
    }
}

impl Storage {
    /// The place that a definition names. Memory is found again by its name while somebody holds it.
    fn store(&self, definition: &PoolDefinition) -> Arc<dyn VolumeStore> {
        match &self.backend {
            Backend::Machine => match definition.pool_type.expect_driver() {
                Ok(driver) => (driver.store)(definition),
                Err(error) => Arc::new(UnknownStore::new(error)),
            },
            Backend::Memory(files) => Arc::new(MemoryStore::new(files, &definition.target_path)),
        }
    }

    /// The same of a definition in a file.
    fn kept_store(&self, kept: &Kept<PoolDefinition>) -> Arc<dyn VolumeStore> {
        match kept {
            Ok(definition) => self.store(definition),
            Err(damage) => Arc::new(UnknownStore::new(damage.error.clone())),
        }
    }
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

impl Storage {
    /// Reads all definitions. One that cannot be used is there as damaged.
    fn load(&self, state: &StateDir) -> Result<Pools> {
        let mut pools = Pools::new();
        let autostart = BTreeSet::from_iter(state.names(Folder::Autostart)?);
        for folder in [Folder::Config, Folder::Run] {
            let mut broken = Vec::new();
            for Stored { name, text } in state.read_all(folder)? {
                let invalid = |text: &str, cause: &Error| {
                    Damage::invalid(POOLS, &name, &state.path(folder, &name), text, cause)
                };
                let kept = text.and_then(|text| {
                    let read = PoolDefinition::parse_stored(&text);
                    read.and_then(|read| expect_named(read, &name)).map_err(|e| invalid(&text, &e))
                });
                match kept {
                    Ok((uuid, definition)) => {
                        self.add(&mut pools, state, folder, &name, uuid, Ok(Arc::new(definition)));
                    }
                    Err(damage) => broken.push((name, damage)),
                }
            }
            for (name, mut damage) in broken {
                let has_uuid = |other: &&Entry| other.uuid == damage.uuid && other.name != name;
                if let Some(other) = pools.values().find(has_uuid) {
                    log::warn!("the file of pool '{name}' has the UUID of '{}'", other.name);
                    damage = damage.without_uuid(POOLS, &name);
                }
                self.add(&mut pools, state, folder, &name, damage.uuid, Err(Arc::new(damage)));
            }
        }
        for (name, entry) in &mut pools {
            entry.autostart = entry.is_persistent() && autostart.contains(name);
        }
        Ok(pools)
    }

    /// Adds what was read in a folder: first the definitions, then what is active.
    fn add(
        &self,
        pools: &mut Pools,
        state: &StateDir,
        folder: Folder,
        name: &str,
        uuid: Uuid,
        kept: Kept<PoolDefinition>,
    ) {
        let store = self.kept_store(&kept);
        let new = |before: Option<&Entry>| Entry {
            name: name.to_string(),
            uuid,
            config: before.and_then(|before| before.config.clone()),
            live: None,
            autostart: false,
            store: store.clone(),
            listing: Listing::new(Some(state.beside(&uuid.to_string()))),
        };
        let mut entry = match pools.remove(name) {
            // The UUID is that of the file that can be used.
            Some(before) if matches!(before.config, Some(Err(_))) && kept.is_ok() => {
                new(Some(&before))
            }
            Some(before) => before,
            None => new(None),
        };
        match folder {
            Folder::Run => (entry.live, entry.store) = (Some(kept), store),
            _ => entry.config = Some(kept),
        }
        pools.insert(entry.name.clone(), entry);
    }
}

/// The definition and its UUID, if it is that of the pool whose file it is in.
fn expect_named(definition: PoolDefinition, name: &str) -> Result<(Uuid, PoolDefinition)> {
    let wrong = |text: String| Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, text);
    if definition.name != name {
        return Err(wrong(format!("it is of pool '{}'", excerpt(&definition.name))));
    }
    let uuid = definition.uuid.ok_or_else(|| wrong("it has no UUID".to_string()))?;
    Ok((uuid, definition))
}

#[cfg(test)]
mod tests;
