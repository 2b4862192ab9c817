//! Volumes in memory: the pools of `test:///default`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::names::normalise_path;
use super::permissions::Permissions;
use super::pool_xml::PoolSizes;
use super::probe::{self, Image};
use super::registry::no_volume;
use super::store::{Fill, NewVolume, VolumeFacts, VolumeStore};
use super::volume_description::VolumeKind;
use crate::block::{MemoryNode, Node};
use crate::error::*;

/// What such a pool claims to have: as much as released libvirt's does.
const CAPACITY: u64 = 100 << 30;

/// A pool's volumes.
pub struct MemoryStore {
    path: String,
    volumes: Mutex<BTreeMap<String, Arc<MemoryNode>>>,
}

impl MemoryStore {
    /// An empty store that calls itself `path`.
    pub fn new(path: impl Into<String>) -> MemoryStore {
        MemoryStore { path: path.into(), volumes: Mutex::default() }
    }

    fn volumes(&self) -> MutexGuard<'_, BTreeMap<String, Arc<MemoryNode>>> {
        self.volumes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn find(&self, name: &str) -> Result<Arc<MemoryNode>> {
        self.volumes()
            .get(name)
            .cloned()
            .ok_or_else(|| no_volume("path", &format!("{}/{name}", self.path)))
    }

    fn exists(name: &str) -> Error {
        Error::new(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, format!("'{name}'"))
    }
}

impl VolumeStore for MemoryStore {
    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn build(&self, _permissions: &Permissions) -> Result<()> {
        Ok(())
    }

    fn delete(&self) -> Result<()> {
        self.volumes().clear();
        Ok(())
    }

    fn usage(&self) -> Result<PoolSizes> {
        let allocation =
            self.volumes().values().map(|node| node.allocated()).sum::<u64>().min(CAPACITY);
        Ok(PoolSizes { capacity: CAPACITY, allocation, available: CAPACITY - allocation })
    }

    fn permissions(&self) -> Permissions {
        Permissions::default()
    }

    fn list(&self) -> Result<BTreeSet<String>> {
        Ok(self.volumes().keys().cloned().collect())
    }

    fn facts(&self, name: &str) -> Result<VolumeFacts> {
        let node = self.find(name)?;
        let physical = node.length().map_err(|e| e.report(VIR_FROM_STORAGE))?;
        let image: Image = probe::probe(&*node);
        Ok(VolumeFacts {
            kind: VolumeKind::File,
            capacity: image.capacity.unwrap_or(physical),
            image,
            allocation: node.allocated(),
            physical,
            permissions: Permissions::default(),
            timestamps: None,
        })
    }

    fn open(&self, name: &str, _write: bool) -> Result<Arc<dyn Node>> {
        Ok(self.find(name)?)
    }

    fn open_image(&self, name: &str, write: bool) -> Result<Arc<dyn Node>> {
        self.open(name, write)
    }

    fn is_at(&self, folder: &str) -> bool {
        normalise_path(folder) == self.path
    }

    fn create(&self, volume: &NewVolume<'_>, fill: Fill<'_>) -> Result<()> {
        if volume.kind != VolumeKind::File {
            return Err(Error::no_support(VIR_FROM_STORAGE, "virStorageVolCreateXML"));
        }
        if self.volumes().contains_key(volume.name) {
            return Err(Self::exists(volume.name));
        }
        let size = volume.capacity.max(volume.allocation);
        let node = Arc::new(MemoryNode::new(format!("{}/{}", self.path, volume.name), size));
        let filled: Arc<dyn Node> = node.clone();
        fill(&filled)?;
        match self.volumes().entry(volume.name.to_string()) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(node);
                Ok(())
            }
            std::collections::btree_map::Entry::Occupied(_) => Err(Self::exists(volume.name)),
        }
    }

    fn remove(&self, name: &str) -> Result<()> {
        self.find(name)?;
        self.volumes().remove(name);
        Ok(())
    }
}
