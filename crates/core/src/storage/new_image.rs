//! Making an image in the file of a volume that comes to be: from a volume's definition to what a format is
//! asked for, with libvirt's rules for sizes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::chain::{self, PoolImage};
use super::connection::Connection;
use super::registry::Entry;
use super::volume::report;
use super::volume_format::VolumeFormat;
use super::volume_xml::{BackingStore, VolumeDefinition};
use crate::block::{
    self, BlockError, Cache, Format, ImageOptions, ImageParts, Node, Preallocation, SECTOR,
};
use crate::error::*;
use crate::sys;
use crate::xml::excerpt;

/// Sizes are given to qemu-img in KiB by libvirt.
const KIB: u64 = 1024;

/// A size that was asked for, as an image can have it.
fn asked_size(capacity: u64, format: Format) -> Result<u64> {
    capacity.checked_next_multiple_of(KIB).ok_or_else(|| too_large(capacity, format))
}

/// The size of an image that holds `length` bytes.
pub fn size_for(length: u64, format: Format) -> Result<u64> {
    length.checked_next_multiple_of(SECTOR).ok_or_else(|| too_large(length, format))
}

fn too_large(size: u64, format: Format) -> Error {
    let name = format.name();
    unsupported(format!("the image size of {size} bytes is too large for file format '{name}'"))
}

fn unsupported(text: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
}

/// What a format has refused, or has failed to do.
fn refused(error: BlockError) -> Error {
    match error.errno {
        Errno::EOPNOTSUPP => unsupported(error.what),
        _ => report(error),
    }
}

/// What a definition asks a format for.
fn image_options(definition: &VolumeDefinition, preallocation: Preallocation) -> ImageOptions {
    ImageOptions {
        compat: definition.compat.clone(),
        cluster_size: definition.cluster_size,
        features: definition.features.unwrap_or_default(),
        compression: definition.compression,
        preallocation,
    }
}

/// An image to be made.
pub struct NewImage {
    format: Format,
    image: block::NewImage,
    nocow: bool,
    /// The format of the image below it.
    below: Option<Format>,
    target: PoolImage,
}

impl NewImage {
    /// The image that `definition` asks for, in the pool `entry`, with room for `length` bytes.
    pub fn plan(
        connect: &Connection,
        entry: &Entry,
        definition: &VolumeDefinition,
        format: Format,
        preallocate: bool,
        length: u64,
    ) -> Result<NewImage> {
        let target = PoolImage::new(&entry.store, &definition.name)?;
        let backing = match &definition.backing_store {
            Some(store) => Some((store, Below::look(connect, &target, store)?)),
            None => None,
        };
        // A capacity of 0 is none: an image over another is then as long as that.
        let asked = match (definition.capacity.filter(|capacity| *capacity > 0), &backing) {
            (Some(capacity), _) => asked_size(capacity, format)?,
            (None, Some((_, below))) if length == 0 => size_for(below.size, format)?,
            (None, _) => 0,
        };
        let size = asked.max(size_for(length, format)?);
        let recorded = backing
            .as_ref()
            .map(|(store, below)| (store.path.clone(), below.format.name().to_string()));
        let preallocation = match definition.allocation {
            _ if !preallocate => Preallocation::Off,
            Some(allocation) if asked_size(allocation, format)? < size => Preallocation::Metadata,
            _ => Preallocation::Falloc,
        };
        let options = image_options(definition, preallocation);
        let image = block::NewImage { size, backing: recorded, in_place: false, options };
        format.check(&image).map_err(refused)?;
        let below = backing.map(|(_, below)| below.format);
        Ok(NewImage { format, image, nocow: definition.nocow, below, target })
    }

    /// Makes `file`, which is empty, the image.
    pub fn make(&self, file: &Arc<dyn Node>) -> Result<()> {
        if let Some(file) = file.file().filter(|_| self.nocow) {
            // A filesystem that cannot is as good.
            if let Err(errno) = sys::set_nocow(file) {
                log::info!("'{}' may be copied on write: {errno}", self.target.name);
            }
        }
        self.format.create(&**file, &self.image).map_err(refused)
    }

    /// The same, to be filled: it is returned open for writing, with what is below it.
    pub fn make_open(&self, connect: &Connection, file: &Arc<dyn Node>) -> Result<Arc<dyn Node>> {
        self.make(file)?;
        let backing = match (self.below, &self.image.backing) {
            (Some(format), Some((name, _))) => {
                let below = chain::follow(connect, &self.target, name)?;
                Some(chain::open(connect, &below, format)?)
            }
            _ => None,
        };
        self.open(file, backing)
    }

    /// Whether there is an image below it.
    pub fn has_backing(&self) -> bool {
        self.below.is_some()
    }

    fn open(&self, file: &Arc<dyn Node>, backing: Option<Arc<dyn Node>>) -> Result<Arc<dyn Node>> {
        let (name, file) = (file.name().to_string(), file.clone());
        let header = self.format.read(&name, &*file).map_err(report)?;
        let parts = ImageParts { name, file, data: None, backing, writable: true };
        Ok(header.open(parts).map_err(report)?.node())
    }
}

/// The image that a creator names to be below a new one. Its own header is read, as the image that
/// it is said to be, and nothing that it refers to.
struct Below {
    format: Format,
    /// Bytes that a guest sees of it.
    size: u64,
}

impl Below {
    fn look(connect: &Connection, image: &PoolImage, named: &BackingStore) -> Result<Below> {
        let file = open_named(connect, image, &named.path).map_err(|e| match e.errno() {
            Some(errno) => {
                let text = format!("inaccessible backing store volume {}", excerpt(&named.path));
                Error::system(VIR_FROM_STORAGE, errno, text)
            }
            None => e,
        })?;
        // Without a word it is raw: to guess would let a guest choose it.
        let said = named.format.unwrap_or(VolumeFormat::Raw);
        match (said, said.image().filter(|_| said != VolumeFormat::Iso)) {
            (_, Some(format)) => {
                let header = format.read(file.name(), &*file).map_err(report)?;
                Ok(Below { format, size: header.info().size })
            }
            (other, None) => {
                let text = format!("backing images of format '{}' cannot be read", other.word());
                Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text))
            }
        }
    }
}

/// Opens the file of that name, which a creator has given: it may be anywhere.
fn open_named(connect: &Connection, image: &PoolImage, name: &str) -> Result<Arc<dyn Node>> {
    let in_pool =
        chain::follow(connect, image, name).and_then(|below| below.store.open(&below.name, false));
    let path = match (in_pool, image.store.folder()?) {
        (Ok(file), _) => return Ok(file),
        (Err(_), Some(folder)) => Path::new(&folder).join(name),
        (Err(_), None) if Path::new(name).is_absolute() => PathBuf::from(name),
        // There is no folder in which it could begin.
        (Err(error), None) => return Err(error),
    };
    let files = connect.storage().files();
    Ok(files.open_file(&path, false, Cache::default()).map_err(report)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{ImageFeatures, ImageSummary, MemoryNode};

    /// The image that a definition asks for, if it can be made, as its header describes it.
    fn made(target: &str) -> Result<ImageSummary> {
        let text = format!(
            "<volume><name>v</name><capacity>1</capacity>\
             <target><format type='qcow2'/>{target}</target></volume>"
        );
        let definition = VolumeDefinition::parse(&text).unwrap();
        let options = image_options(&definition, Preallocation::Off);
        let image = block::NewImage { size: 1 << 20, options, ..Default::default() };
        let format = definition.format.unwrap().image().unwrap();
        format.check(&image).map_err(refused)?;
        let file = MemoryNode::new("v", 0);
        format.create(&file, &image).unwrap();
        Ok(ImageSummary::read(&file).unwrap().unwrap())
    }

    #[test]
    fn what_is_not_said_is_as_libvirt_has_it() {
        let plain = made("").unwrap();
        assert_eq!(
            (plain.compat, plain.cluster_size, plain.size),
            (Some("1.1"), Some(65536), Some(1 << 20))
        );
        assert_eq!(plain.features, Some(ImageFeatures::default()));
        assert_eq!(made("<compat>0.10</compat>").unwrap().compat, None);
        assert_eq!(made("<compat>1.1</compat>").unwrap().compat, Some("1.1"));
        assert_eq!(made("<features/>").unwrap().compat, Some("1.1"));
    }

    #[test]
    fn what_is_said_is_taken() {
        let all = made(
            "<clusterSize unit='KiB'>16</clusterSize>\
             <features><lazy_refcounts/><extended_l2/></features>",
        )
        .unwrap();
        assert_eq!((all.compat, all.cluster_size), (Some("1.1"), Some(16384)));
        let features = ImageFeatures { lazy_refcounts: true, extended_l2: true };
        assert_eq!(all.features, Some(features));
    }

    #[test]
    fn what_no_image_can_be_is_refused() {
        for (target, problem) in [
            (
                "<compat>0.10</compat><features><extended_l2/><lazy_refcounts/></features>",
                "lazy_refcounts not supported with compat level 0.10",
            ),
            (
                "<compat>0.10</compat><features><extended_l2/></features>",
                "'extended_l2' not supported with compat level 0.10",
            ),
            (
                "<compat>0.10</compat>\
                 <s:compression xmlns:s='urn:virsparse:volume:1' type='zstd'/>",
                "zstd compression not supported with compat level 0.10",
            ),
            ("<compat>9.9</compat>", "qcow2 does not have compat level 9.9"),
            (
                "<clusterSize>1000</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize>256</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize unit='MiB'>4</clusterSize>",
                "Cluster size must be a power of two between 512 and 2048k",
            ),
            (
                "<clusterSize unit='KiB'>8</clusterSize><features><extended_l2/></features>",
                "Extended L2 entries are only supported with cluster sizes of at least 16384 bytes",
            ),
        ] {
            let error = made(target).unwrap_err();
            assert_eq!((error.code, error.domain), (VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE));
            assert_eq!(error.message, format!("unsupported configuration: {problem}"));
        }
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(asked_size(1000001, Format::Qcow2), Ok(1000448));
        assert_eq!(asked_size(1024, Format::Qcow2), Ok(1024));
        assert_eq!(size_for(196616, Format::Qcow2), Ok(197120));
        assert_eq!(size_for(0, Format::Qcow2), Ok(0));
        assert_eq!(
            asked_size(u64::MAX, Format::Qcow2).unwrap_err().code,
            VIR_ERR_CONFIG_UNSUPPORTED
        );
        assert_eq!(size_for(u64::MAX, Format::Qcow2).unwrap_err().code, VIR_ERR_CONFIG_UNSUPPORTED);
    }
}
