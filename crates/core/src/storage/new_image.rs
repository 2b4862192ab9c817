//! Making a qcow2 image in the file of a volume that comes to be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::chain::{self, Place};
use super::connection::Connection;
use super::image_options::{asked_size, image_options, size_for};
use super::registry::Entry;
use super::volume::report;
use super::volume_format::VolumeFormat;
use super::volume_xml::{BackingStore, VolumeDefinition};
use crate::block::qcow2::{self, CreateOptions, Preallocation};
use crate::block::{Cache, Format, ImageParts, Node};
use crate::error::*;
use crate::sys;
use crate::xml::excerpt;

/// A qcow2 image to be made.
pub struct NewImage {
    options: CreateOptions,
    nocow: bool,
    /// The format of the image below it.
    below: Option<Format>,
    place: Place,
}

impl NewImage {
    /// The image that `definition` asks for, in the pool `entry`, with room for `length` bytes.
    pub fn plan(
        connect: &Connection,
        entry: &Entry,
        definition: &VolumeDefinition,
        preallocate: bool,
        length: u64,
    ) -> Result<NewImage> {
        let place = Place::new(&entry.store, &definition.name)?;
        let backing = match &definition.backing_store {
            Some(store) => Some((store, Below::look(connect, &place, store)?)),
            None => None,
        };
        // A capacity of 0 is none: an image over another is then as long as that.
        let asked = match (definition.capacity.filter(|capacity| *capacity > 0), &backing) {
            (Some(capacity), _) => asked_size(capacity)?,
            (None, Some((_, below))) if length == 0 => size_for(below.size)?,
            (None, _) => 0,
        };
        let size = asked.max(size_for(length)?);
        let recorded = backing
            .as_ref()
            .map(|(store, below)| (store.path.clone(), below.format.name().to_string()));
        let mut options = image_options(definition, size, recorded)?;
        options.preallocation = match definition.allocation {
            _ if !preallocate => Preallocation::Off,
            Some(allocation) if asked_size(allocation)? < size => Preallocation::Metadata,
            _ => Preallocation::Falloc,
        };
        let below = backing.map(|(_, below)| below.format);
        Ok(NewImage { options, nocow: definition.nocow, below, place })
    }

    /// Makes `file`, which is empty, the image.
    pub fn make(&self, file: &Arc<dyn Node>) -> Result<()> {
        if let Some(file) = file.file().filter(|_| self.nocow) {
            // A filesystem that cannot is as good.
            if let Err(errno) = sys::set_nocow(file) {
                log::info!("'{}' may be copied on write: {errno}", self.place.name);
            }
        }
        qcow2::create(&**file, &self.options).map_err(|e| match e.errno {
            Errno::EOPNOTSUPP => Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, e.what),
            _ => report(e),
        })
    }

    /// The same, to be filled: it is returned open for writing, with what is below it.
    pub fn make_open(&self, connect: &Connection, file: &Arc<dyn Node>) -> Result<Arc<dyn Node>> {
        self.make(file)?;
        let backing = match (self.below, &self.options.backing) {
            (Some(format), Some((name, _))) => {
                let below = chain::follow(connect, &self.place, name)?;
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
        let header = Format::Qcow2.read(&name, &*file).map_err(report)?;
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
    fn look(connect: &Connection, place: &Place, named: &BackingStore) -> Result<Below> {
        let file = open_named(connect, place, &named.path).map_err(|e| match e.errno() {
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
fn open_named(connect: &Connection, place: &Place, name: &str) -> Result<Arc<dyn Node>> {
    let in_pool =
        chain::follow(connect, place, name).and_then(|below| below.store.open(&below.name, false));
    let path = match (in_pool, place.store.folder()?) {
        (Ok(file), _) => return Ok(file),
        (Err(_), Some(folder)) => Path::new(&folder).join(name),
        (Err(_), None) if Path::new(name).is_absolute() => PathBuf::from(name),
        // There is no folder in which it could begin.
        (Err(error), None) => return Err(error),
    };
    let files = connect.storage().files();
    Ok(files.open_file(&path, false, Cache::default()).map_err(report)?)
}
