//! A volume, as callers hold it.

use std::ffi::CString;
use std::sync::Arc;

use super::connection::Connection;
use super::pool::{Pool, expect_active};
use super::registry::Entry;
use super::store::{VolumeFacts, VolumeStore};
use super::volume_description::VolumeKind;
use crate::block::Node;
use crate::enums::flags;
use crate::enums::storage_vol::{
    virStorageVolCreateFlags, virStorageVolInfoFlags, virStorageVolResizeFlags,
};
use crate::error::*;

flags! {
    /// How virStorageVolCreateXML creates.
    #[derive(Clone, Copy)]
    pub struct CreateVolumeFlags: u32 = virStorageVolCreateFlags {
        const PREALLOC_METADATA = VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA;
        const VALIDATE = VIR_STORAGE_VOL_CREATE_VALIDATE;
    }

    /// How virStorageVolCreateXMLFrom creates.
    #[derive(Clone, Copy)]
    pub struct CloneFlags: u32 = virStorageVolCreateFlags {
        const PREALLOC_METADATA = VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA;
        const REFLINK = VIR_STORAGE_VOL_CREATE_REFLINK;
        const VALIDATE = VIR_STORAGE_VOL_CREATE_VALIDATE;
    }

    /// How virStorageVolResize resizes.
    #[derive(Clone, Copy)]
    pub struct ResizeFlags: u32 = virStorageVolResizeFlags {
        const ALLOCATE = VIR_STORAGE_VOL_RESIZE_ALLOCATE;
        const DELTA = VIR_STORAGE_VOL_RESIZE_DELTA;
        const SHRINK = VIR_STORAGE_VOL_RESIZE_SHRINK;
    }

    /// What virStorageVolGetInfoFlags tells.
    #[derive(Clone, Copy)]
    pub struct InfoFlags: u32 = virStorageVolInfoFlags {
        const GET_PHYSICAL = VIR_STORAGE_VOL_GET_PHYSICAL;
    }
}

/// Type and sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolumeInfo {
    pub kind: VolumeKind,
    pub capacity: u64,
    pub allocation: u64,
}

/// A volume by its pool and name, whatever has become of it.
pub struct Volume {
    connect: Arc<Connection>,
    pool: String,
    name: String,
    c_name: CString,
    key: String,
    c_key: CString,
}

/// The volume layer's shape of a block error.
pub fn report(error: crate::block::BlockError) -> Error {
    error.report(VIR_FROM_STORAGE)
}

impl Volume {
    /// The volume of that name in a pool.
    pub fn new(connect: &Arc<Connection>, pool: &Entry, name: &str) -> Result<Arc<Volume>> {
        let key = pool.store.path(name)?;
        let c = |text: &str| {
            CString::new(text).map_err(|_| Error::internal(VIR_FROM_STORAGE, "NUL in a name"))
        };
        Ok(Arc::new(Volume {
            connect: connect.clone(),
            pool: pool.name.clone(),
            c_name: c(name)?,
            name: name.to_string(),
            c_key: c(&key)?,
            key,
        }))
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

    /// What identifies it: for C.
    pub fn c_key(&self) -> &CString {
        &self.c_key
    }

    /// The same.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name of its pool.
    pub fn pool_name(&self) -> &str {
        &self.pool
    }

    /// Where it is. The pool must be active, and know it.
    pub fn store(&self) -> Result<Arc<dyn VolumeStore>> {
        let pool = self.connect.storage().by_name(&self.pool)?;
        expect_active(&pool)?;
        pool.expect_volume(&self.name)?;
        Ok(pool.store)
    }

    /// What is known of it now.
    pub fn facts(&self) -> Result<VolumeFacts> {
        self.store()?.facts(&self.name)
    }

    /// Opens its bytes, whoever else uses them.
    pub fn open(&self, write: bool) -> Result<Arc<dyn Node>> {
        Ok(self.store()?.open(&self.name, write)?)
    }

    /// Brings what has been written to its bytes to stable storage, unless the connection leaves that to
    /// the system; and reports what the medium has held back.
    pub(super) fn written(&self, node: &dyn Node) -> Result<()> {
        if self.connect.syncs() {
            node.flush().map_err(report)?;
        }
        node.settle().map_err(report)
    }

    /// Its path, which is its key.
    pub fn path(&self) -> Result<String> {
        self.facts()?;
        Ok(self.key.clone())
    }

    /// Type and sizes.
    pub fn info(&self, flags: InfoFlags) -> Result<VolumeInfo> {
        let facts = self.facts()?;
        let physical = flags.contains(InfoFlags::GET_PHYSICAL);
        Ok(VolumeInfo {
            kind: facts.kind,
            capacity: facts.capacity,
            allocation: if physical { facts.physical } else { facts.allocation },
        })
    }

    /// Its description.
    pub fn xml(&self) -> Result<String> {
        let facts = self.facts()?;
        let backing = facts.image.backing.as_ref();
        let below = backing.map(|backing| self.backing_facts(backing)).transpose()?.flatten();
        Ok(super::describe::describe(&self.name, &self.key, &facts, below.as_ref()))
    }

    /// Removes it.
    pub fn delete(&self) -> Result<()> {
        let _locked = self.lock_to_delete(&*self.store()?)?;
        // From the list first: when the file is gone, nothing may fail any more.
        let pool = Pool::of_volume(self)?;
        let store = pool.change(|_, entry| {
            expect_active(entry)?;
            entry.expect_volume(&self.name)?;
            entry.listing.set(&*entry.store, &self.name, false)?;
            Ok(entry.store.clone())
        })?;
        store.remove(&self.name, self.connect.syncs()).inspect_err(|_| {
            let listed = pool.change(|_, entry| match entry.store.facts(&self.name) {
                Err(e) if e.code == VIR_ERR_NO_STORAGE_VOL => Ok(()),
                _ => entry.listing.set(&*entry.store, &self.name, true),
            });
            if let Err(error) = listed {
                log::error!("volume '{}' is there, and in no list: {error}", self.key);
            }
        })
    }
}
