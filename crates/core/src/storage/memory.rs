//! Volumes in memory: the pools of `test:///default`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::header::VolumeHeader;
use super::names::{name_in, path_in};
use super::permissions::Permissions;
use super::pool_xml::PoolSizes;
use super::registry::no_volume;
use super::store::{Fill, NewVolume, VolumeFacts, VolumeStore};
use super::volume_description::VolumeKind;
use crate::block::{ImageFile, MemoryFile, MemoryFiles, MemoryFolder, Node};
use crate::error::*;

/// What such a pool claims to have: as much as released libvirt's does.
const CAPACITY: u64 = 100 << 30;

/// A pool's volumes.
pub struct MemoryStore {
    folder: Arc<MemoryFolder>,
}

impl MemoryStore {
    /// The store in the folder of that name among `files`, which is empty if nobody else holds it.
    pub fn new(files: &MemoryFiles, path: &str) -> MemoryStore {
        MemoryStore { folder: files.folder(path) }
    }

    fn find(&self, name: &str) -> Result<Arc<MemoryFile>> {
        self.folder
            .find(name)
            .ok_or_else(|| no_volume("path", &self.folder.path().join(name).display().to_string()))
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
        for name in self.folder.names() {
            self.folder.remove(&name);
        }
        Ok(())
    }

    fn usage(&self) -> Result<PoolSizes> {
        let allocation = self.folder.allocated().min(CAPACITY);
        Ok(PoolSizes { capacity: CAPACITY, allocation, available: CAPACITY - allocation })
    }

    fn permissions(&self) -> Result<Option<Permissions>> {
        Ok(None)
    }

    fn list(&self) -> Result<BTreeSet<String>> {
        Ok(self.folder.names().into_iter().collect())
    }

    fn facts(&self, name: &str) -> Result<VolumeFacts> {
        let file = self.find(name)?;
        let node = file.node();
        let physical = node.length().map_err(|e| e.report(VIR_FROM_STORAGE))?;
        let image = VolumeHeader::read(node).map_err(|e| e.report(VIR_FROM_STORAGE))?;
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

    fn open(&self, name: &str, write: bool) -> Result<Arc<dyn ImageFile>> {
        Ok(self.find(name)?.open(write))
    }

    fn path(&self, name: &str) -> Result<String> {
        Ok(path_in(&self.folder.path().to_string_lossy(), name))
    }

    fn name_of(&self, path: &str) -> Result<Option<String>> {
        Ok(name_in(&self.folder.path().to_string_lossy(), path).map(str::to_string))
    }

    fn folder(&self) -> Result<Option<String>> {
        Ok(Some(self.folder.path().to_string_lossy().into_owned()))
    }

    fn is_at(&self, folder: &str) -> Result<bool> {
        Ok(self.folder.is_at(folder))
    }

    fn create(&self, volume: &NewVolume<'_>, fill: Fill<'_>) -> Result<()> {
        let NewVolume { name, capacity, allocation, .. } = *volume;
        if volume.kind != VolumeKind::File {
            let function = "virStorageVolCreateXML";
            return Err(Error::new(VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE, function));
        }
        if self.folder.find(name).is_some() {
            return Err(Self::exists(name));
        }
        if allocation > self.usage()?.available {
            let text = format!("Not enough free space in pool for volume '{name}'");
            return Err(Error::internal(VIR_FROM_STORAGE, text));
        }
        let file = self.folder.new_file(name);
        let opened: Arc<dyn Node> = file.open(true);
        let laid_out =
            opened.resize(capacity.max(allocation)).and_then(|()| opened.allocate(0, allocation));
        laid_out.map_err(|e| {
            let text = format!("cannot extend file '{}'", opened.name());
            Error::system(VIR_FROM_STORAGE, e.errno, text)
        })?;
        fill(&opened)?;
        if self.folder.insert(name, file) { Ok(()) } else { Err(Self::exists(name)) }
    }

    fn remove(&self, name: &str, _sync: bool) -> Result<()> {
        self.find(name)?;
        self.folder.remove(name);
        Ok(())
    }
}
