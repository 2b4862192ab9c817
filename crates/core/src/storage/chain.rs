//! Opening volumes as the images that they are, with what they refer to.
//!
//! What an image's header says was written by whoever wrote the image: by a guest, if that had the
//! file as its raw disk. So a name in an image leads to a volume of an active pool of the same root,
//! which who uses the pools may read anyway, or nowhere; and only the image itself is ever written.

use std::sync::Arc;

use super::connection::Connection;
use super::in_use;
use super::pool::expect_known;
use super::store::{VolumeFacts, VolumeStore};
use super::volume::{Volume, report};
use crate::block::{
    Format, ImageInfo, ImageParts, MOST_IMAGES, Node, OpenImage, Overlay, RecordedBacking,
    has_protocol,
};
use crate::error::*;
use crate::xml::excerpt;

/// An image in a pool, by the volume that it is.
#[derive(Clone)]
pub struct PoolImage {
    pub store: Arc<dyn VolumeStore>,
    pub name: String,
    /// What others know it by.
    path: String,
}

impl PoolImage {
    /// The image that is the volume of that name, whether there is one or not.
    pub fn new(store: &Arc<dyn VolumeStore>, name: &str) -> Result<PoolImage> {
        Ok(PoolImage { store: store.clone(), name: name.to_string(), path: store.path(name)? })
    }

    fn path(&self) -> String {
        self.path.clone()
    }

    /// Opens its bytes as those of an image: others must not change them meanwhile, and to write, must
    /// not use them at all.
    fn open(&self, connect: &Connection, write: bool) -> Result<Arc<dyn Node>> {
        let file = self.store.open(&self.name, write)?;
        in_use::lock(connect, &*file, &self.path(), write)?;
        Ok(file)
    }
}

impl Volume {
    fn pool_image(&self) -> Result<PoolImage> {
        PoolImage::new(&self.store()?, self.name())
    }

    /// Opens what a guest sees of the volume, which others must not change meanwhile; to write, they
    /// must not use it at all.
    pub fn open_image(&self, format: Format, write: bool) -> Result<Arc<dyn Node>> {
        open_chain(self.connect(), &self.pool_image()?, format, write, &mut Vec::new())
    }

    /// The same as an image that may lie over another; `None` for one of a format without such images.
    pub fn open_overlay(&self, format: Format, write: bool) -> Result<Option<Arc<dyn Overlay>>> {
        if !format.can_have_backing() {
            return Ok(None);
        }
        let (image, mut above) = (self.pool_image()?, Vec::new());
        let image = open_with_header(self.connect(), &image, format, write, &mut above)?;
        Ok(image.overlay())
    }

    /// What is known of the image below the volume, if the volume's name for it leads to one that
    /// may be looked at.
    pub fn backing_facts(&self, backing: &RecordedBacking) -> Result<Option<VolumeFacts>> {
        let below = follow(self.connect(), &self.pool_image()?, &backing.name);
        match below.and_then(|below| below.store.facts(&below.name)) {
            // It leads nowhere, or where we do not follow.
            Err(e) if matches!(e.code, VIR_ERR_OPERATION_DENIED | VIR_ERR_NO_STORAGE_VOL) => {
                log::info!("nothing is told of the backing image of '{}': {e}", self.key());
                Ok(None)
            }
            facts => facts.map(Some),
        }
    }
}

/// Opens an image for reading.
pub fn open(connect: &Connection, image: &PoolImage, format: Format) -> Result<Arc<dyn Node>> {
    open_chain(connect, image, format, false, &mut Vec::new())
}

/// `above`: the paths of the images that lead here.
fn open_chain(
    connect: &Connection,
    image: &PoolImage,
    format: Format,
    write: bool,
    above: &mut Vec<String>,
) -> Result<Arc<dyn Node>> {
    if format.has_header() {
        return Ok(open_with_header(connect, image, format, write, above)?.node());
    }
    open_file(connect, image, write, above)
}

fn open_with_header(
    connect: &Connection,
    image: &PoolImage,
    format: Format,
    write: bool,
    above: &mut Vec<String>,
) -> Result<OpenImage> {
    let file = open_file(connect, image, write, above)?;
    let path = image.path();
    let header = format.read(&path, &*file).map_err(report)?;
    above.push(path);
    let below = open_below(connect, image, header.info(), write, above);
    let name = above.pop().unwrap_or_default();
    let (data, backing) = below?;
    let parts = ImageParts { name, file, data, backing, writable: write };
    header.open(parts).map_err(report)
}

fn open_file(
    connect: &Connection,
    image: &PoolImage,
    write: bool,
    above: &[String],
) -> Result<Arc<dyn Node>> {
    let path = image.path();
    if above.contains(&path) {
        return Err(failed(format!("image '{path}' is its own backing image")));
    }
    if above.len() >= MOST_IMAGES {
        return Err(failed(format!("the backing chain has more than {MOST_IMAGES} images")));
    }
    image.open(connect, write).map_err(|e| referred(e, &path, above))
}

type Opened = Option<Arc<dyn Node>>;

/// Opens what an image refers to, for reading: its data file and its backing image.
fn open_below(
    connect: &Connection,
    image: &PoolImage,
    info: &ImageInfo,
    write: bool,
    above: &mut Vec<String>,
) -> Result<(Opened, Opened)> {
    let data = match &info.data_file {
        _ if !info.has_data_file => None,
        Some(_) if write => {
            let text = format!("the data of image '{}' is in another file", image.path());
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE, text));
        }
        Some(name) => {
            let data = follow(connect, image, name)?;
            let file = data.open(connect, false);
            Some(file.map_err(|e| referred(e, &data.path(), above))?)
        }
        None => {
            return Err(failed(format!("image '{}' does not name its data file", image.path())));
        }
    };
    let backing = match &info.backing_file {
        Some(name) => {
            let format = backing_format(info, &image.path())?;
            let below = follow(connect, image, name)?;
            Some(open_chain(connect, &below, format, false, above)?)
        }
        None => None,
    };
    Ok((data, backing))
}

/// The format of what is below an image.
fn backing_format(info: &ImageInfo, image: &str) -> Result<Format> {
    let word = info.backing_format_name();
    Format::from_name(word).ok_or_else(|| {
        let text = format!(
            "image '{image}' has a backing image of format '{}', which cannot be read",
            excerpt(word)
        );
        Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
    })
}

/// Where a name in an image leads.
pub fn follow(connect: &Connection, image: &PoolImage, name: &str) -> Result<PoolImage> {
    let refuse = || {
        let text = format!(
            "image '{}' refers to '{}', which is not in an active pool",
            image.path(),
            excerpt(name)
        );
        Err(Error::new(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE, text))
    };
    let own = match image.store.folder()? {
        Some(folder) if !has_protocol(name) => folder,
        _ => return refuse(),
    };
    let (folder, name) = match name.rsplit_once('/') {
        Some(("", name)) => ("/".to_string(), name),
        Some((folder, name)) if folder.starts_with('/') => (folder.to_string(), name),
        Some((folder, name)) => (format!("{own}/{folder}"), name),
        None => (own, name),
    };
    if matches!(name, "" | "." | "..") {
        return refuse();
    }
    let all = connect.storage().all()?;
    for entry in all.iter().filter(|entry| entry.is_active()) {
        if entry.definition().is_ok() && entry.store.is_at(&folder)? {
            return PoolImage::new(&entry.store, name);
        }
    }
    expect_known(&all)?;
    refuse()
}

/// The error that a file cannot be opened, with the image that refers to it.
fn referred(error: Error, path: &str, above: &[String]) -> Error {
    match (error.errno(), above.last()) {
        (Some(errno), Some(image)) => {
            let text = format!("could not open '{path}', to which image '{image}' refers");
            Error::system(VIR_FROM_STORAGE, errno, text)
        }
        _ => error,
    }
}

fn failed(text: String) -> Error {
    Error::new(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::CreateFlags;
    use proptest::prelude::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn pool(connect: &Arc<Connection>, name: &str, folder: &Path) {
        let path = folder.display();
        let xml = format!(
            "<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>"
        );
        connect.create_pool(&xml, CreateFlags::WITH_BUILD).unwrap();
    }

    /// Whatever a name is, it leads into the folder that the kernel finds for it, and only if that
    /// is a pool's.
    #[test]
    fn names_lead_to_pools_or_nowhere() {
        let place = tempfile::tempdir().unwrap();
        let base = place.path().canonicalize().unwrap();
        let connect = Connection::embed(&base.join("root"));
        let pools = [base.join("p"), base.join("q")];
        pool(&connect, "p", &pools[0]);
        pool(&connect, "q", &pools[1]);
        fs::create_dir_all(base.join("p/sub")).unwrap();
        fs::create_dir(base.join("other")).unwrap();
        std::os::unix::fs::symlink(&pools[1], base.join("link")).unwrap();
        std::os::unix::fs::symlink(base.join("other"), base.join("p/out")).unwrap();
        let store = connect.storage().by_name("p").unwrap().store;
        let image = PoolImage::new(&store, "image").unwrap();
        let part = prop_oneof![
            Just(".."),
            Just("."),
            Just(""),
            Just("p"),
            Just("q"),
            Just("sub"),
            Just("other"),
            Just("link"),
            Just("out"),
            Just("nothere"),
            Just("json:{}"),
            Just("nbd:"),
        ];
        let name = (any::<bool>(), any::<bool>(), proptest::collection::vec(part, 0..6));
        proptest!(|((absolute, inside, parts) in name)| {
            let mut name = parts.join("/");
            if absolute {
                let start = if inside { base.display().to_string() } else { String::new() };
                name = format!("{start}/{name}");
            }
            let found = follow(&connect, &image, &name);
            let path = pools[0].join(&name);
            let last = name.rsplit('/').next().unwrap();
            let folder = match last {
                "" | "." | ".." => None,
                last => fs::canonicalize(&path.display().to_string()[..path.as_os_str().len() - last.len()]).ok(),
            };
            match found {
                Ok(image) => {
                    prop_assert_eq!(&image.name, last);
                    let found = PathBuf::from(image.store.folder().unwrap().unwrap());
                    prop_assert_eq!(folder, Some(found.clone()));
                    prop_assert!(pools.contains(&found));
                }
                Err(error) => {
                    prop_assert_eq!(error.code, VIR_ERR_OPERATION_DENIED);
                    let protocol = name.split('/').next().unwrap().contains(':');
                    prop_assert!(protocol || folder.is_none_or(|folder| !pools.contains(&folder)));
                }
            }
        });
    }
}
