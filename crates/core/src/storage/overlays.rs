//! The volumes that lie over an image: those whose images name it as what is below them. A change of
//! the image changes what they read as.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::registry::{Entry, Storage};
use super::volume::Volume;
use crate::block::{Files, has_protocol};
use crate::enums::flags;
use crate::enums::sparse::virSparseVolListOverlaysFlags;
use crate::error::*;

/// By what an image can be told from others.
type Identity = (u64, u64);

flags! {
    /// Which overlays virSparseVolListAllOverlays lists.
    pub struct OverlayFlags: u32 = virSparseVolListOverlaysFlags {
        const DESCENDANTS = VIR_SPARSE_VOL_LIST_OVERLAYS_DESCENDANTS;
    }
}

impl Volume {
    /// The volumes of active pools that lie directly over this one, and with `descendants` also those
    /// that lie over these.
    pub fn overlays(&self, descendants: bool) -> Result<Vec<Arc<Volume>>> {
        self.facts()?;
        let connect = self.connect();
        let storage = connect.storage();
        let files = storage.files();
        let own = identity(&*files, self.key())?;
        let links = links(storage)?;
        let mut found: Vec<&Link> = Vec::new();
        let mut known = BTreeSet::from([own]);
        let mut below = vec![own];
        while let Some(image) = below.pop() {
            for link in links.iter().filter(|link| link.below == image) {
                // A circle of names is walked once.
                if known.insert(link.image) {
                    found.push(link);
                    below.push(link.image);
                }
            }
            if !descendants {
                break;
            }
        }
        found.iter().map(|link| Volume::new(connect, &link.pool, &link.name)).collect()
    }

    /// Tells the log what a change of this volume changes as well.
    pub(super) fn warn_of_overlays(&self, doing: &str) {
        if !log::log_enabled!(log::Level::Warn) {
            return;
        }
        match self.overlays(false) {
            Ok(overlays) if overlays.is_empty() => {}
            Ok(overlays) => {
                let keys: Vec<&str> = overlays.iter().map(|volume| volume.key()).collect();
                log::warn!("'{}' is {doing}, over which lie: {}", self.key(), keys.join(", "));
            }
            Err(e) => log::debug!("what lies over '{}' is not known: {}", self.key(), e.message),
        }
    }
}

/// The paths of the volumes that lie directly over the image at `path`, wherever that is.
pub fn overlays_of(storage: &Storage, path: &Path) -> Result<Vec<String>> {
    let own = storage.files().identity(path).map_err(|errno| {
        let text = format!("cannot stat file '{}'", path.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })?;
    let over = links(storage)?.into_iter().filter(|link| link.below == own);
    over.map(|link| link.pool.store.path(&link.name)).collect()
}

/// A volume that names another image as what is below it.
struct Link {
    pool: Entry,
    name: String,
    image: Identity,
    below: Identity,
}

/// All volumes of active pools that name another image.
fn links(storage: &Storage) -> Result<Vec<Link>> {
    let files = storage.files();
    let mut links = Vec::new();
    for pool in storage.all()?.into_iter().filter(Entry::is_active) {
        // Only files are names of volumes.
        let Some(folder) = pool.store.folder()? else { continue };
        for name in pool.listing.names(&*pool.store)?.iter() {
            let facts = match pool.store.facts(name) {
                Ok(facts) => facts,
                // Deleted since it was listed, or something that is no volume any more.
                Err(e) if e.code == VIR_ERR_NO_STORAGE_VOL => continue,
                Err(e) => return Err(e),
            };
            let Some(backing) = facts.image.backing else { continue };
            if has_protocol(&backing.name) {
                continue;
            }
            let image = PathBuf::from(pool.store.path(name)?);
            // A name that leads nowhere, or nowhere that may be looked at, is not that of a volume.
            match (files.identity(&image), files.identity(&Path::new(&folder).join(&backing.name)))
            {
                (Ok(image), Ok(below)) => {
                    let (pool, name) = (pool.clone(), name.clone());
                    links.push(Link { pool, name, image, below });
                }
                (Err(errno), _) | (_, Err(errno)) => log::debug!(
                    "'{}' is left out of what lies over images: '{}' is below it: {errno}",
                    image.display(),
                    backing.name
                ),
            }
        }
    }
    Ok(links)
}

fn identity(files: &dyn Files, path: &str) -> Result<Identity> {
    files.identity(Path::new(path)).map_err(|errno| {
        Error::system(VIR_FROM_STORAGE, errno, format!("cannot stat file '{path}'"))
    })
}
