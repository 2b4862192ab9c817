//! Where the images of a connection's disks are.

pub mod chain;
pub mod create;
pub mod describe;
pub mod extents;
pub mod references;
pub mod sizes;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use super::config::disk::{DiskDefinition, ImageDefinition};
use super::config::source::Source;
use crate::block::Files;
use crate::error::*;
use crate::storage::{Storage, VolumeKind};

/// The files that names lead to, and the pools in which volumes are looked for.
#[derive(Clone)]
pub struct Images {
    storage: Arc<Storage>,
    files: Arc<dyn Files>,
}

impl Images {
    pub fn new(storage: Arc<Storage>) -> Images {
        let files = storage.files();
        Images { storage, files }
    }

    /// The pools.
    pub fn storage(&self) -> &Arc<Storage> {
        &self.storage
    }

    /// Where the names of images lead.
    pub fn files(&self) -> &Arc<dyn Files> {
        &self.files
    }

    /// A disk with the path of its image, where the definition names a volume.
    pub fn located<'a>(&self, disk: &'a DiskDefinition) -> Result<Cow<'a, DiskDefinition>> {
        let Some(image) = &disk.image else { return Ok(Cow::Borrowed(disk)) };
        let Source::Volume(pool, volume) = &image.source else { return Ok(Cow::Borrowed(disk)) };
        let source = self.volume(pool, volume)?;
        let image = Some(ImageDefinition { source, ..image.clone() });
        Ok(Cow::Owned(DiskDefinition { image, ..disk.clone() }))
    }

    /// Where a volume is that is named by its pool and itself.
    pub fn volume(&self, pool: &str, name: &str) -> Result<Source> {
        let entry = self.storage.by_name(pool)?;
        if !entry.is_active() {
            let text = format!("storage pool '{pool}' containing volume '{name}' is not active");
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        entry.expect_volume(name)?;
        let path = PathBuf::from(entry.store.path(name)?);
        Ok(match entry.store.facts(name)?.kind {
            VolumeKind::Block => Source::Block(path),
            VolumeKind::File | VolumeKind::Dir => Source::File(path),
        })
    }

    /// The same for a disk that is to be opened; `None` for one that is only defined. On connections
    /// in memory a disk is that whose image is nowhere: so are all of them with libvirt, whose test
    /// driver opens none.
    pub fn find<'a>(&self, disk: &'a DiskDefinition) -> Result<Option<Cow<'a, DiskDefinition>>> {
        if self.files.is_real() {
            return self.located(disk).map(Some);
        }
        let located = match self.located(disk) {
            Err(error) if is_nowhere(&error) => {
                log::info!("disk '{}' is only defined: {error}", disk.target);
                return Ok(None);
            }
            located => located?,
        };
        let is_there = match located.image.as_ref().map(|image| &image.source) {
            Some(Source::File(path)) => self.files.exists(path),
            _ => false,
        };
        Ok(is_there.then_some(located))
    }
}

/// Whether there is no such volume.
fn is_nowhere(error: &Error) -> bool {
    matches!(
        error.code,
        VIR_ERR_NO_STORAGE_POOL | VIR_ERR_NO_STORAGE_VOL | VIR_ERR_CONFIG_UNSUPPORTED
    )
}
