//! A storage pool, as callers hold it.

use std::ffi::CString;
use std::sync::Arc;

use uuid::Uuid;
use virsparse_base::errno::Errno;

use super::connection::Connection;
use super::names::normalise_path;
use super::pool_type::PoolType;
use super::pool_xml::{PoolDefinition, PoolSizes};
use super::registry::{Change, Entry, no_pool, no_volume};
use super::schema;
use super::volume::Volume;
use crate::enums::flags;
use crate::enums::storage_pool::{
    virConnectListAllStoragePoolsFlags, virStoragePoolBuildFlags, virStoragePoolCreateFlags,
    virStoragePoolEventLifecycleType, virStoragePoolState,
};
use crate::error::*;
use crate::event::broker::{Event, ObjectKind, Payload};
use crate::event::ids;

flags! {
    /// How virStoragePoolBuild builds.
    pub struct BuildFlags: u32 = virStoragePoolBuildFlags {
        const REPAIR = VIR_STORAGE_POOL_BUILD_REPAIR;
        const RESIZE = VIR_STORAGE_POOL_BUILD_RESIZE;
        const NO_OVERWRITE = VIR_STORAGE_POOL_BUILD_NO_OVERWRITE;
        const OVERWRITE = VIR_STORAGE_POOL_BUILD_OVERWRITE;
    }

    /// What else virStoragePoolCreate does.
    pub struct CreateFlags: u32 = virStoragePoolCreateFlags {
        const WITH_BUILD = VIR_STORAGE_POOL_CREATE_WITH_BUILD;
        const WITH_BUILD_OVERWRITE = VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE;
        const WITH_BUILD_NO_OVERWRITE = VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE;
    }

    /// Which pools virConnectListAllStoragePools lists: bits of one group are alternatives, and a
    /// group without bits does not filter.
    #[derive(Clone, Copy)]
    pub struct ListFlags: u32 = virConnectListAllStoragePoolsFlags {
        const INACTIVE = VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE;
        const ACTIVE = VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE;
        const PERSISTENT = VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT;
        const TRANSIENT = VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT;
        const AUTOSTART = VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART;
        const NO_AUTOSTART = VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART;
        const DIR = VIR_CONNECT_LIST_STORAGE_POOLS_DIR;
        const FS = VIR_CONNECT_LIST_STORAGE_POOLS_FS;
        const NETFS = VIR_CONNECT_LIST_STORAGE_POOLS_NETFS;
        const LOGICAL = VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL;
        const DISK = VIR_CONNECT_LIST_STORAGE_POOLS_DISK;
        const ISCSI = VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI;
        const SCSI = VIR_CONNECT_LIST_STORAGE_POOLS_SCSI;
        const MPATH = VIR_CONNECT_LIST_STORAGE_POOLS_MPATH;
        const RBD = VIR_CONNECT_LIST_STORAGE_POOLS_RBD;
        const SHEEPDOG = VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG;
        const GLUSTER = VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER;
        const ZFS = VIR_CONNECT_LIST_STORAGE_POOLS_ZFS;
        const VSTORAGE = VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE;
        const ISCSI_DIRECT = VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT;
    }
}

/// What a pool is doing: the values of virStoragePoolState that occur here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolState {
    Inactive = virStoragePoolState::VIR_STORAGE_POOL_INACTIVE as isize,
    Running = virStoragePoolState::VIR_STORAGE_POOL_RUNNING as isize,
}

/// State and sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolInfo {
    pub state: PoolState,
    pub capacity: u64,
    pub allocation: u64,
    pub available: u64,
}

/// The kinds of lifecycle event: virStoragePoolEventLifecycleType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifecycle {
    Defined = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_DEFINED as isize,
    Undefined = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_UNDEFINED as isize,
    Started = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_STARTED as isize,
    Stopped = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_STOPPED as isize,
    Created = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_CREATED as isize,
    Deleted = virStoragePoolEventLifecycleType::VIR_STORAGE_POOL_EVENT_DELETED as isize,
}

impl Lifecycle {
    fn event(self) -> Payload {
        Payload::Lifecycle { event: self as i32, detail: 0 }
    }
}

/// A pool by its name and UUID, whatever has become of it.
pub struct Pool {
    connect: Arc<Connection>,
    name: String,
    c_name: CString,
    uuid: Uuid,
}

impl Connection {
    /// All pools that pass the filter.
    pub fn list_pools(self: &Arc<Self>, filter: ListFlags) -> Result<Vec<Arc<Pool>>> {
        let all = self.storage().all()?;
        Ok(all.iter().filter(|e| passes(e, &filter)).map(|e| Pool::of(self, e)).collect())
    }

    /// The pool of that name.
    pub fn pool_by_name(self: &Arc<Self>, name: &str) -> Result<Arc<Pool>> {
        Ok(Pool::of(self, &self.storage().by_name(name)?))
    }

    /// The pool of that UUID.
    pub fn pool_by_uuid(self: &Arc<Self>, uuid: Uuid) -> Result<Arc<Pool>> {
        Ok(Pool::of(self, &self.storage().by_uuid(uuid, None)?))
    }

    /// The active pool whose volumes are at that path.
    pub fn pool_by_target(self: &Arc<Self>, path: &str) -> Result<Arc<Pool>> {
        let wanted = normalise_path(path);
        let all = self.storage().all()?;
        if let Some(found) = all.iter().find(|e| e.is_active() && e.is_at(&wanted)) {
            return Ok(Pool::of(self, found));
        }
        expect_known(&all)?;
        Err(no_pool("target path", path))
    }

    /// Defines a persistent pool, or defines one anew.
    pub fn define_pool(self: &Arc<Self>, xml: &str, validate: bool) -> Result<Arc<Pool>> {
        let definition = PoolDefinition::parse(xml)?;
        if validate {
            schema::check_pool(xml)?;
        }
        definition.pool_type.expect_driver()?;
        let pool = {
            let mut change = self.storage().change()?;
            let mut entry = change.claim(&definition)?;
            let config = Arc::new(definition);
            if entry.is_active() {
                // It goes on as what it was started as.
                entry.store = change.by_uuid(entry.uuid, &entry.name)?.store;
            }
            change.set_config(&entry, config)?;
            let pool = Pool::of(self, &entry);
            pool.queue(Lifecycle::Defined.event());
            pool
        };
        self.shared_events().deliver();
        Ok(pool)
    }

    /// Starts a pool that is forgotten when it is stopped.
    pub fn create_pool(self: &Arc<Self>, xml: &str, flags: CreateFlags) -> Result<Arc<Pool>> {
        let definition = PoolDefinition::parse(xml)?;
        definition.pool_type.expect_driver()?;
        let pool = {
            let mut change = self.storage().change()?;
            let entry = change.claim(&definition)?;
            if entry.is_active() {
                let text = format!("pool is already active as '{}'", entry.name);
                return Err(Error::invalid_operation(VIR_FROM_STORAGE, text));
            }
            start(&mut change, &entry, Arc::new(definition), &flags)?;
            let pool = Pool::of(self, &entry);
            pool.queue(Lifecycle::Started.event());
            pool
        };
        self.shared_events().deliver();
        Ok(pool)
    }

    /// The volume at that path, in whichever active pool.
    pub fn volume_by_path(self: &Arc<Self>, path: &str) -> Result<Arc<Volume>> {
        let wanted = normalise_path(path);
        self.find_volume(&wanted)?.ok_or_else(|| no_volume("path", path))
    }

    /// The volume of that key, in whichever active pool.
    pub fn volume_by_key(self: &Arc<Self>, key: &str) -> Result<Arc<Volume>> {
        self.find_volume(key)?.ok_or_else(|| no_volume("key", key))
    }

    /// A volume's path is its key as well.
    fn find_volume(self: &Arc<Self>, path: &str) -> Result<Option<Arc<Volume>>> {
        let all = self.storage().all()?;
        for entry in all.iter().filter(|entry| entry.is_active()) {
            // Where it cannot be known, see below.
            if let Ok(Some(name)) = entry.store.name_of(path)
                && entry.has_volume(&name)?
            {
                return Volume::new(self, entry, &name).map(Some);
            }
        }
        expect_known(&all)?;
        Ok(None)
    }
}

/// Fails if there is an active pool of which it is not known where it is: it could be the one that
/// is looked for.
pub(super) fn expect_known(all: &[Entry]) -> Result<()> {
    let mut active = all.iter().filter(|entry| entry.is_active());
    active.try_for_each(|entry| entry.definition().map(drop))
}

/// Whether a pool passes a filter.
fn passes(entry: &Entry, filter: &ListFlags) -> bool {
    let state = if entry.is_active() { ListFlags::ACTIVE } else { ListFlags::INACTIVE };
    let kept = if entry.is_persistent() { ListFlags::PERSISTENT } else { ListFlags::TRANSIENT };
    let starts = if entry.autostart { ListFlags::AUTOSTART } else { ListFlags::NO_AUTOSTART };
    // What cannot be read is of no type.
    let pool_type = entry.definition().map(|definition| definition.pool_type);
    let kind = pool_type.map_or(ListFlags::empty(), |pool_type| pool_type.flag);
    let kinds = ListFlags::from_bits_retain(!0 << 6);
    [
        (state, ListFlags::ACTIVE | ListFlags::INACTIVE),
        (kept, ListFlags::PERSISTENT | ListFlags::TRANSIENT),
        (starts, ListFlags::AUTOSTART | ListFlags::NO_AUTOSTART),
        (kind, kinds),
    ]
    .into_iter()
    .all(|(is, group)| {
        let wanted = filter.bits() & group.bits();
        wanted == 0 || wanted & is.bits() != 0
    })
}

/// Refuses what can only be done to an active pool.
pub(super) fn expect_active(entry: &Entry) -> Result<()> {
    if entry.is_active() {
        return Ok(());
    }
    let text = format!("storage pool '{}' is not active", entry.name);
    Err(Error::invalid_operation(VIR_FROM_STORAGE, text))
}

/// Refuses what can only be done to an inactive pool.
fn expect_inactive(entry: &Entry) -> Result<()> {
    if !entry.is_active() {
        return Ok(());
    }
    let text = format!("storage pool '{}' is still active", entry.name);
    Err(Error::invalid_operation(VIR_FROM_STORAGE, text))
}

/// The same for what makes it active.
fn refuse_active(entry: &Entry) -> Result<()> {
    if entry.is_active() {
        let text = format!("storage pool '{}' is already active", entry.name);
        return Err(Error::invalid_operation(VIR_FROM_STORAGE, text));
    }
    Ok(())
}

/// Makes a pool's place as far as the flags ask for it, and the pool active.
fn start(
    change: &mut Change<'_>,
    entry: &Entry,
    definition: Arc<PoolDefinition>,
    flags: &CreateFlags,
) -> Result<()> {
    let overwrite = CreateFlags::WITH_BUILD_OVERWRITE | CreateFlags::WITH_BUILD_NO_OVERWRITE;
    if flags.bits() & overwrite.bits() != 0 {
        return Err(nothing_to_format(&entry.name));
    }
    if flags.contains(CreateFlags::WITH_BUILD) {
        entry.store.build(&definition.permissions)?;
    }
    entry.store.check()?;
    change.start(entry, definition)
}

fn nothing_to_format(name: &str) -> Error {
    let text = format!("No source device specified when formatting pool '{name}'");
    Error::invalid_operation(VIR_FROM_STORAGE, text)
}

impl Pool {
    fn of(connect: &Arc<Connection>, entry: &Entry) -> Arc<Pool> {
        Arc::new(Pool {
            connect: connect.clone(),
            name: entry.name.clone(),
            // Definitions with a NUL in the name are refused.
            c_name: CString::new(entry.name.as_str()).unwrap_or_default(),
            uuid: entry.uuid,
        })
    }

    /// The pool that an event is about.
    pub fn of_event(connect: &Arc<Connection>, event: &Event) -> Arc<Pool> {
        Arc::new(Pool {
            connect: connect.clone(),
            name: event.name.clone(),
            c_name: CString::new(event.name.as_str()).unwrap_or_default(),
            uuid: event.uuid,
        })
    }

    /// The pool that a volume is, or was, in.
    pub fn of_volume(volume: &Volume) -> Result<Arc<Pool>> {
        let connect = volume.connect();
        let entry = connect.storage().by_name(volume.pool_name())?;
        Ok(Pool::of(connect, &entry))
    }

    /// The connection.
    pub fn connect(&self) -> &Arc<Connection> {
        &self.connect
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same, for C.
    pub fn c_name(&self) -> &CString {
        &self.c_name
    }

    /// The UUID.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    fn entry(&self) -> Result<Entry> {
        self.connect.storage().by_uuid(self.uuid, Some(&self.name))
    }

    /// The pool, which must be active.
    pub fn active(&self) -> Result<Entry> {
        let entry = self.entry()?;
        expect_active(&entry)?;
        Ok(entry)
    }

    /// Changes the pool with nobody else changing it.
    pub(super) fn change<R>(
        &self,
        body: impl FnOnce(&mut Change<'_>, &Entry) -> Result<R>,
    ) -> Result<R> {
        let mut change = self.connect.storage().change()?;
        let entry = change.by_uuid(self.uuid, &self.name)?;
        body(&mut change, &entry)
    }

    /// The same, and tells of it. The event is queued before anybody else can change the pool, so
    /// that events come in the order of the changes; nothing of the host's is called before the
    /// change is over.
    fn change_and_tell(
        &self,
        event: Payload,
        body: impl FnOnce(&mut Change<'_>, &Entry) -> Result<()>,
    ) -> Result<()> {
        self.change(|change, entry| {
            body(change, entry)?;
            self.queue(event);
            Ok(())
        })?;
        self.connect.shared_events().deliver();
        Ok(())
    }

    /// Whether it can be used.
    pub fn is_active(&self) -> Result<bool> {
        Ok(self.entry()?.is_active())
    }

    /// Whether it is still known after it is stopped.
    pub fn is_persistent(&self) -> Result<bool> {
        Ok(self.entry()?.is_persistent())
    }

    /// Whether it starts by itself.
    pub fn autostart(&self) -> Result<bool> {
        Ok(self.entry()?.autostart)
    }

    /// Lets it start by itself, or not.
    pub fn set_autostart(&self, autostart: bool) -> Result<()> {
        self.change(|change, entry| {
            if !entry.is_persistent() {
                return Err(Error::internal(VIR_FROM_STORAGE, "pool has no config file"));
            }
            change.set_autostart(entry, autostart)
        })
    }

    /// Makes its place.
    pub fn build(&self, flags: BuildFlags) -> Result<()> {
        self.change_and_tell(Lifecycle::Created.event(), |_, entry| {
            refuse_active(entry)?;
            let overwrite = BuildFlags::OVERWRITE | BuildFlags::NO_OVERWRITE;
            if flags.bits() & overwrite.bits() != 0 {
                return Err(nothing_to_format(&entry.name));
            }
            entry.store.build(&entry.definition()?.permissions)
        })
    }

    /// Starts it.
    pub fn create(&self, flags: CreateFlags) -> Result<()> {
        self.change_and_tell(Lifecycle::Started.event(), |change, entry| {
            refuse_active(entry)?;
            match entry.config()? {
                Some(config) => start(change, entry, config.clone(), &flags),
                None => Err(Error::internal(VIR_FROM_STORAGE, "pool has no config file")),
            }
        })
    }

    /// Stops it; its volumes stay where they are.
    pub fn destroy(&self) -> Result<()> {
        self.change_and_tell(Lifecycle::Stopped.event(), |change, entry| {
            expect_active(entry)?;
            change.stop(entry)
        })
    }

    /// Forgets its definition.
    pub fn undefine(&self) -> Result<()> {
        self.change_and_tell(Lifecycle::Undefined.event(), |change, entry| {
            expect_inactive(entry)?;
            change.undefine(entry)
        })
    }

    /// Removes its place, which must be empty.
    pub fn delete(&self) -> Result<()> {
        self.change_and_tell(Lifecycle::Deleted.event(), |_, entry| {
            expect_inactive(entry)?;
            entry.store.delete()
        })
    }

    /// Looks again which volumes are in its place, and tells those who want to know that they may
    /// be others.
    pub fn refresh(&self) -> Result<()> {
        self.change_and_tell(Payload::Refresh, |_, entry| {
            expect_active(entry)?;
            entry.store.check()?;
            entry.listing.rescan(&*entry.store)
        })
    }

    /// Its state and sizes.
    pub fn info(&self) -> Result<PoolInfo> {
        let entry = self.entry()?;
        let state = if entry.is_active() { PoolState::Running } else { PoolState::Inactive };
        let PoolSizes { capacity, allocation, available } = sizes(&entry)?;
        Ok(PoolInfo { state, capacity, allocation, available })
    }

    /// Its description; `inactive` for what it will be when it is started next.
    pub fn xml(&self, inactive: bool) -> Result<String> {
        let entry = self.entry()?;
        let definition = match inactive {
            true => entry.config()?.map_or_else(|| entry.definition(), Ok)?,
            false => entry.definition()?,
        };
        let permissions = if entry.is_active() && !inactive {
            let own = entry.store.permissions();
            if_there(&entry, own.map(|own| own.unwrap_or_else(|| definition.permissions.clone())))?
        } else {
            definition.permissions.clone()
        };
        Ok(definition.format(&entry.uuid, sizes(&entry)?, &permissions))
    }

    /// Names of its volumes.
    pub fn volume_names(&self) -> Result<Vec<String>> {
        let entry = self.active()?;
        Ok(entry.listing.names(&*entry.store)?.iter().cloned().collect())
    }

    /// Its volumes.
    pub fn volumes(&self) -> Result<Vec<Arc<Volume>>> {
        let entry = self.active()?;
        let names = entry.listing.names(&*entry.store)?;
        names.iter().map(|name| Volume::new(&self.connect, &entry, name)).collect()
    }

    /// The volume of that name.
    pub fn volume_by_name(&self, name: &str) -> Result<Arc<Volume>> {
        let entry = self.active()?;
        entry.expect_volume(name)?;
        Volume::new(&self.connect, &entry, name)
    }

    /// Tells that the volumes may have changed.
    pub fn tell_refresh(&self) {
        self.queue(Payload::Refresh);
        self.connect.shared_events().deliver();
    }

    fn queue(&self, payload: Payload) {
        let id = match payload {
            Payload::Lifecycle { .. } => ids::POOL_LIFECYCLE,
            _ => ids::POOL_REFRESH,
        };
        self.connect.shared_events().queue(&Event {
            kind: ObjectKind::Pool,
            id,
            name: self.name.clone(),
            uuid: self.uuid,
            payload,
        });
    }
}

/// The sizes of a pool: none while it is inactive, or its place is gone.
fn sizes(entry: &Entry) -> Result<PoolSizes> {
    if !entry.is_active() {
        return Ok(PoolSizes::default());
    }
    entry.definition()?;
    if_there(entry, entry.store.usage())
}

/// Of an active pool whose place somebody has removed there is nothing to be known.
fn if_there<T: Default>(entry: &Entry, known: Result<T>) -> Result<T> {
    match known {
        Err(error) if matches!(error.errno(), Some(Errno::ENOENT | Errno::ENOTDIR)) => {
            log::warn!("pool '{}' is active, and its place is gone: {error}", entry.name);
            Ok(T::default())
        }
        known => known,
    }
}

/// Why pools of a type cannot be looked for.
pub fn no_source_discovery(word: &str) -> Error {
    match PoolType::from_word(word) {
        Some(known) => {
            let text = format!("pool type '{}' does not support source discovery", known.word);
            Error::new(VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE, text)
        }
        None => {
            let text = format!("unknown storage pool type {}", crate::xml::excerpt(word));
            Error::internal(VIR_FROM_STORAGE, text)
        }
    }
}
