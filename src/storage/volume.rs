//! A volume, as callers hold it.

use std::ffi::CString;
use std::sync::Arc;

use nix::errno::Errno;

use super::pool::{Pool, expect_active};
use super::registry::Entry;
use super::schema;
use super::store::{NewVolume, VolumeFacts, VolumeStore};
use super::volume_description::VolumeKind;
use super::volume_format::VolumeFormat;
use super::volume_xml::VolumeDefinition;
use crate::block::Node;
use crate::copy::{self, CopyOptions};
use crate::driver::Connect;
use crate::error::*;

bitflags::bitflags! {
    /// How virStorageVolCreateXML creates.
    #[derive(Clone, Copy)]
    pub struct CreateVolumeFlags: u32 {
        const PREALLOC_METADATA = 1;
        const VALIDATE = 4;
    }

    /// How virStorageVolCreateXMLFrom creates.
    #[derive(Clone, Copy)]
    pub struct CloneFlags: u32 {
        const PREALLOC_METADATA = 1;
        const REFLINK = 2;
        const VALIDATE = 4;
    }

    /// How virStorageVolResize resizes.
    #[derive(Clone, Copy)]
    pub struct ResizeFlags: u32 {
        const ALLOCATE = 1;
        const DELTA = 2;
        const SHRINK = 4;
    }

    /// What virStorageVolGetInfoFlags tells.
    #[derive(Clone, Copy)]
    pub struct InfoFlags: u32 {
        const GET_PHYSICAL = 1;
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
    connect: Arc<Connect>,
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
    pub fn new(connect: &Arc<Connect>, pool: &Entry, name: &str) -> Result<Arc<Volume>> {
        let key = format!("{}/{name}", pool.definition().target_path.trim_end_matches('/'));
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
    pub fn connect(&self) -> &Arc<Connect> {
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

    /// The name of its pool.
    pub fn pool_name(&self) -> &str {
        &self.pool
    }

    /// Where it is. The pool must be active, and know it.
    pub fn store(&self) -> Result<Arc<dyn VolumeStore>> {
        let pool = self.connect.driver().storage().by_name(&self.pool)?;
        expect_active(&pool)?;
        pool.expect_volume(&self.name)?;
        Ok(pool.store)
    }

    /// What is known of it now.
    pub fn facts(&self) -> Result<VolumeFacts> {
        self.store()?.facts(&self.name)
    }

    /// Opens its bytes.
    pub fn open(&self, write: bool) -> Result<Arc<dyn Node>> {
        self.store()?.open(&self.name, write)
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
        Ok(super::describe::describe(&self.name, &self.key, &self.facts()?))
    }

    /// Removes it.
    pub fn delete(&self) -> Result<()> {
        self.store()?.remove(&self.name)?;
        Pool::of_volume(self)?.change(|_, entry| {
            // Two may delete it at once, and a third make it anew before the second is here.
            match entry.store.facts(&self.name) {
                Err(e) if e.code == VIR_ERR_NO_STORAGE_VOL => {
                    entry.listing.set(&*entry.store, &self.name, false)
                }
                _ => Ok(()),
            }
        })
    }

    /// Changes its capacity.
    pub fn resize(&self, capacity: u64, flags: ResizeFlags) -> Result<()> {
        let store = self.store()?;
        let facts = store.facts(&self.name)?;
        let refuse = |text: &str| Err(Error::new(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text));
        let shrink = flags.contains(ResizeFlags::SHRINK);
        let target = match (flags.contains(ResizeFlags::DELTA), shrink) {
            (false, _) => capacity,
            (true, true) => facts.capacity.saturating_sub(capacity),
            (true, false) => match facts.capacity.checked_add(capacity) {
                Some(target) => target,
                None => return refuse("capacity and delta are more than a volume can have"),
            },
        };
        if target < facts.allocation.min(facts.capacity) {
            return refuse("can't shrink capacity below existing allocation");
        }
        if target < facts.capacity && !shrink {
            return refuse(
                "Can't shrink capacity below current capacity unless shrink flag explicitly \
                 specified",
            );
        }
        let allocate = flags.contains(ResizeFlags::ALLOCATE);
        if facts.image.format != VolumeFormat::Raw || facts.kind != VolumeKind::File {
            let text = if allocate {
                "preallocate is only supported for raw type volume".to_string()
            } else {
                format!("volume '{}' is not a raw file, and cannot be resized", self.name)
            };
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        if allocate && target.saturating_sub(facts.allocation) > store.usage()?.available {
            let text = "Not enough space left in storage pool";
            return Err(Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text));
        }
        let node = store.open(&self.name, true)?;
        if allocate {
            // First, because nothing is cut off by it if it fails.
            node.allocate(0, target).map_err(|e| {
                // The volume is what it was; that this fails too helps nobody to know.
                let _ = node.resize(facts.capacity);
                report(e)
            })?;
        }
        node.resize(target).map_err(|e| {
            Error::system(VIR_FROM_NONE, e.errno, format!("Failed to truncate file '{}'", self.key))
        })
    }
}

impl Pool {
    /// Makes a volume.
    pub fn create_volume(&self, xml: &str, flags: CreateVolumeFlags) -> Result<Arc<Volume>> {
        let entry = self.active()?;
        let definition = VolumeDefinition::parse(xml)?;
        if flags.contains(CreateVolumeFlags::VALIDATE) {
            schema::check_volume(xml)?;
        }
        let metadata = flags.contains(CreateVolumeFlags::PREALLOC_METADATA);
        check_creatable(&definition, metadata)?;
        let capacity = definition.capacity.ok_or_else(|| {
            Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "missing capacity element")
        })?;
        let volume = new_volume(&definition, capacity);
        if entry.has_volume(&definition.name)? {
            let text = format!("'{}'", definition.name);
            return Err(Error::new(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, text));
        }
        entry.store.create(&volume, &mut |_| Ok(()))?;
        self.list_new(&entry, &definition.name)
    }

    /// Puts a volume that has just been made on the pool's list.
    fn list_new(&self, entry: &Entry, name: &str) -> Result<Arc<Volume>> {
        let listed = self.change(|_, entry| entry.listing.set(&*entry.store, name, true));
        if let Err(error) = listed {
            // Nobody knows it yet, and the first failure is the one to report.
            let _ = entry.store.remove(name);
            return Err(error);
        }
        Volume::new(self.connect(), entry, name)
    }

    /// Makes a volume with the contents of another.
    pub fn clone_volume(
        &self,
        xml: &str,
        source: &Arc<Volume>,
        flags: CloneFlags,
    ) -> Result<Arc<Volume>> {
        let entry = self.active()?;
        let definition = VolumeDefinition::parse_copy(xml)?;
        if flags.contains(CloneFlags::VALIDATE) {
            schema::check_volume(xml)?;
        }
        if entry.has_volume(&definition.name)? {
            let text = format!("storage volume name '{}' already in use.", definition.name);
            return Err(Error::internal(VIR_FROM_STORAGE, text));
        }
        check_creatable(&definition, flags.contains(CloneFlags::PREALLOC_METADATA))?;
        let facts = source.facts()?;
        if facts.image.format != VolumeFormat::Raw || facts.kind == VolumeKind::Dir {
            let text = format!("volume '{}' is not raw, and cannot be converted", source.name);
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        let node = source.open(false)?;
        let length = node.length().map_err(report)?;
        let capacity = definition.capacity.unwrap_or(0).max(length);
        let mut volume = new_volume(&definition, capacity);
        let sparse = volume.allocation < capacity;
        // A folder has no contents to be copied into.
        volume.kind = VolumeKind::File;
        let reflink = flags.contains(CloneFlags::REFLINK);
        if sparse || reflink {
            // What is copied takes the space that it needs.
            volume.allocation = 0;
        }
        entry.store.create(&volume, &mut |target| {
            let mut zeroed = true;
            // The cheapest copy of a sparse file is none, where the filesystem shares blocks.
            if sparse || reflink {
                match copy::reflink(&*node, &**target) {
                    Ok(()) => return target.resize(capacity).map_err(report),
                    Err(e) if reflink => return Err(report(e)),
                    Err(e) => zeroed = e.errno == Errno::EOPNOTSUPP,
                }
            }
            copy::copy(
                &*node,
                &**target,
                CopyOptions { sparse, zeroed, ..CopyOptions::new(length) },
            )
            .map_err(report)
        })?;
        self.list_new(&entry, &definition.name)
    }
}

/// Refuses what cannot be made here, before anything is touched.
fn check_creatable(definition: &VolumeDefinition, prealloc_metadata: bool) -> Result<()> {
    let unsupported =
        |text: String| Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text));
    match definition.format.unwrap_or_default() {
        VolumeFormat::Raw | VolumeFormat::Iso => {}
        VolumeFormat::Dir => return Ok(()),
        format => {
            return unsupported(format!("volumes of format '{}' cannot be made", format.word()));
        }
    }
    if prealloc_metadata {
        return unsupported("metadata preallocation is not supported for raw volumes".into());
    }
    if let Some(encryption) = &definition.encryption {
        return Err(encryption.refusal());
    }
    if definition.backing_store.is_some() {
        let text = "backing storage not supported for raw volumes";
        return Err(Error::new(VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE, text));
    }
    Ok(())
}

fn new_volume(definition: &VolumeDefinition, capacity: u64) -> NewVolume<'_> {
    let dir = definition.format == Some(VolumeFormat::Dir);
    NewVolume {
        name: &definition.name,
        kind: if dir { VolumeKind::Dir } else { VolumeKind::File },
        capacity,
        allocation: definition.allocation.unwrap_or(capacity),
        nocow: definition.nocow,
        permissions: &definition.permissions,
    }
}
