//! Making volumes: new ones, and copies of others.

use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::new_image::NewImage;
use super::pool::Pool;
use super::registry::Entry;
use super::schema;
use super::store::NewVolume;
use super::volume::{CloneFlags, CreateVolumeFlags, Volume, report};
use super::volume_description::VolumeKind;
use super::volume_format::VolumeFormat;
use super::volume_xml::VolumeDefinition;
use crate::block::filter::{Filtered, skip_unchanged::SkipUnchanged};
use crate::block::{Format, Node, Preallocation};
use crate::copy::{self, CopyOptions};
use crate::error::*;

impl Pool {
    /// Makes a volume.
    pub fn create_volume(&self, xml: &str, flags: CreateVolumeFlags) -> Result<Arc<Volume>> {
        let entry = self.active()?;
        let definition = VolumeDefinition::parse(xml)?;
        if flags.contains(CreateVolumeFlags::VALIDATE) {
            schema::check_volume(xml)?;
        }
        if entry.has_volume(&definition.name)? {
            let text = format!("'{}'", definition.name);
            return Err(Error::new(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE, text));
        }
        let preallocate = flags.contains(CreateVolumeFlags::PREALLOC_METADATA);
        check_creatable(&definition, preallocate, None)?;
        if let Some(format) = image_format(&definition) {
            let image =
                NewImage::plan(self.connect(), &entry, &definition, format, preallocate, 0)?;
            let container = container(&definition, self.connect().syncs());
            entry.store.create(&container, &mut |file| image.make(file))?;
        } else {
            let capacity = definition.capacity.ok_or_else(|| {
                Error::new(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "missing capacity element")
            })?;
            let volume = new_volume(&definition, capacity, self.connect().syncs());
            entry.store.create(&volume, &mut |_| Ok(()))?;
        }
        self.list_new(&entry, &definition.name)
    }

    /// Puts a volume that has just been made on the pool's list.
    fn list_new(&self, entry: &Entry, name: &str) -> Result<Arc<Volume>> {
        let listed = self.change(|_, entry| entry.listing.set(&*entry.store, name, true));
        if let Err(error) = listed {
            // Nobody knows it yet, and the first failure is the one to report.
            if let Err(stays) = entry.store.remove(name, self.connect().syncs()) {
                log::error!("volume '{name}' stays, in no list: {stays}");
            }
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
        let preallocate = flags.contains(CloneFlags::PREALLOC_METADATA);
        let from = source_format(source)?;
        check_creatable(&definition, preallocate, Some(from))?;
        let reflink = flags.contains(CloneFlags::REFLINK);
        let sync = self.connect().syncs();
        let to = image_format(&definition);
        if !from.has_header() && to.is_none() {
            copy_raw(&entry, &definition, source, reflink, sync)?;
            return self.list_new(&entry, &definition.name);
        }
        if reflink {
            // Blocks cannot be shared between formats.
            let text = format!(
                "unsupported flags (0x{:x}) in function {FUNCTION}",
                CloneFlags::REFLINK.bits()
            );
            return Err(Error::argument(VIR_FROM_STORAGE, "flags", text));
        }
        let node = source.open_image(from, false)?;
        let length = node.length().map_err(report)?;
        if let Some(to) = to {
            let connect = self.connect();
            let image = NewImage::plan(connect, &entry, &definition, to, preallocate, length)?;
            entry.store.create(&container(&definition, sync), &mut |file| {
                let target = image.make_open(connect, file)?;
                let options = CopyOptions {
                    zeroed: !image.has_backing(),
                    compress: definition.compression.is_some(),
                    ..CopyOptions::new(length)
                };
                fill_image(&*node, target, options)?;
                file.settle().map_err(report)
            })?;
        } else {
            copy_to_raw(&entry, &definition, &*node, length, sync)?;
        }
        self.list_new(&entry, &definition.name)
    }
}

/// The format that a volume can be copied from.
fn source_format(source: &Volume) -> Result<Format> {
    let facts = source.facts()?;
    if facts.image.format == VolumeFormat::Unknown {
        // The failure says why.
        source.open(false)?;
    }
    facts.image.format.image().filter(|_| facts.kind != VolumeKind::Dir).ok_or_else(|| {
        let (name, word) = (source.name(), facts.image.format.word());
        let text = format!("volume '{name}' is of format '{word}', which cannot be converted");
        Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
    })
}

/// Copies a raw volume as the file that it is.
fn copy_raw(
    entry: &Entry,
    definition: &VolumeDefinition,
    source: &Volume,
    reflink: bool,
    sync: bool,
) -> Result<()> {
    let node = source.open(false)?;
    let length = node.length().map_err(report)?;
    let capacity = definition.capacity.unwrap_or(0).max(length);
    let mut volume = new_volume(definition, capacity, sync);
    let sparse = volume.allocation < capacity;
    // A folder has no contents to be copied into.
    volume.kind = VolumeKind::File;
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
        copy::copy(&*node, &**target, CopyOptions { sparse, zeroed, ..CopyOptions::new(length) })
            .map_err(report)
    })
}

/// Copies what a guest sees of an image into a raw volume. That is sparse, as with libvirt, unless
/// its space is asked for.
fn copy_to_raw(
    entry: &Entry,
    definition: &VolumeDefinition,
    source: &dyn Node,
    length: u64,
    sync: bool,
) -> Result<()> {
    let capacity = definition.capacity.unwrap_or(0).max(length);
    let mut volume = new_volume(definition, capacity, sync);
    volume.kind = VolumeKind::File;
    let sparse = definition.allocation.is_none_or(|allocation| allocation < capacity);
    if sparse {
        volume.allocation = 0;
    }
    let options = CopyOptions { sparse, zeroed: true, ..CopyOptions::new(length) };
    entry
        .store
        .create(&volume, &mut |target| copy::copy(source, &**target, options).map_err(report))
}

/// Copies what a guest sees into a new image, over what that has below it.
fn fill_image(source: &dyn Node, target: Arc<dyn Node>, options: CopyOptions) -> Result<()> {
    if options.zeroed {
        copy::copy(source, &*target, options).map_err(report)?;
        return target.flush().map_err(report);
    }
    let target = Filtered::new(Arc::new(SkipUnchanged), target);
    copy::copy(source, &target, options).map_err(report)?;
    // Behind the copy, too, nothing of what is below must show.
    let rest = target.length().map_err(report)?.saturating_sub(options.length);
    target.write_zeroes(options.length, rest, true).map_err(report)?;
    target.flush().map_err(report)
}

/// Refuses what cannot be made here, before anything is touched. `from`: the format of what is
/// copied, if anything is; libvirt has one piece of code for raw to raw, and another for everything else.
fn check_creatable(
    definition: &VolumeDefinition,
    preallocate: bool,
    from: Option<Format>,
) -> Result<()> {
    let unsupported =
        |text: String| Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text));
    let no_backing = |kind: &str| {
        let text = format!("backing storage not supported for {kind} volumes");
        Err(Error::new(VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE, text))
    };
    let backed = definition.backing_store.is_some();
    let format = definition.format.unwrap_or_default();
    let image = match (format, format.image()) {
        (VolumeFormat::Dir, _) if backed => return no_backing("directories"),
        (VolumeFormat::Dir, _) => return Ok(()),
        (_, Some(image)) => image,
        (_, None) => {
            return unsupported(format!("volumes of format '{}' cannot be made", format.word()));
        }
    };
    let copies_raw = format == VolumeFormat::Raw && from.is_none_or(|from| !from.has_header());
    if preallocate && !image.preallocations().contains(&Preallocation::Metadata) {
        return unsupported(match copies_raw {
            true => "metadata preallocation is not supported for raw volumes".into(),
            false => "metadata preallocation only available with qcow2".into(),
        });
    }
    if let Some(encryption) = &definition.encryption {
        return Err(encryption.refusal());
    }
    if definition.compression.is_some() && !image.can_compress() {
        return unsupported("only qcow2 volumes can be compressed".into());
    }
    if definition.compression.is_some() && preallocate {
        return unsupported("metadata preallocation conflicts with compression".into());
    }
    match (backed, image.can_have_backing()) {
        (true, true) if preallocate => {
            unsupported("metadata preallocation conflicts with backing store".into())
        }
        (true, false) if copies_raw => no_backing("raw"),
        (true, false) => {
            unsupported(format!("cannot set backing store for {} volume", image.name()))
        }
        _ => Ok(()),
    }
}

/// The format of the image that is to be made in a volume's file; `None` for a folder, and for a volume whose
/// bytes are those of the disk.
fn image_format(definition: &VolumeDefinition) -> Option<Format> {
    definition.format.and_then(VolumeFormat::image).filter(|format| format.has_header())
}

/// The raw volume or folder that a definition asks for.
fn new_volume(definition: &VolumeDefinition, capacity: u64, sync: bool) -> NewVolume<'_> {
    let dir = definition.format == Some(VolumeFormat::Dir);
    NewVolume {
        name: &definition.name,
        kind: if dir { VolumeKind::Dir } else { VolumeKind::File },
        capacity,
        allocation: definition.allocation.unwrap_or(capacity),
        nocow: definition.nocow,
        permissions: &definition.permissions,
        sync,
    }
}

/// The file of an image, empty.
fn container(definition: &VolumeDefinition, sync: bool) -> NewVolume<'_> {
    NewVolume { allocation: 0, nocow: false, ..new_volume(definition, 0, sync) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ResizeFlags;
    use crate::storage::connection::Connection;

    const SIZE: usize = 3 << 20;

    fn pool() -> Arc<Pool> {
        Connection::test().pool_by_name("default-pool").unwrap()
    }

    fn xml(name: &str, target: &str, below: &str) -> String {
        let below = match below {
            "" => String::new(),
            name => {
                format!("<backingStore><path>{name}</path><format type='qcow2'/></backingStore>")
            }
        };
        format!("<volume><name>{name}</name><target>{target}</target>{below}</volume>")
    }

    fn bytes(volume: &Volume, format: Format) -> Vec<u8> {
        let node = volume.open_image(format, false).unwrap();
        let mut bytes = vec![0; node.length().unwrap() as usize];
        node.read_at(&mut bytes, 0).unwrap();
        bytes
    }

    /// Pools in memory have no files; images in them are images all the same.
    #[test]
    fn images_in_memory_are_copied_and_resized() {
        const QCOW2: &str = "<format type='qcow2'/><compat>1.1</compat>";
        let pool = pool();
        let create = CreateVolumeFlags::empty();
        let clone = |xml: &str, source: &Arc<Volume>| {
            pool.clone_volume(xml, source, CloneFlags::empty()).unwrap()
        };
        let raw = format!("<volume><name>raw</name><capacity>{SIZE}</capacity></volume>");
        let raw = pool.create_volume(&raw, create).unwrap();
        raw.open(true).unwrap().write_at(&[7; 100_000], 1_000_000).unwrap();
        let flat = bytes(&raw, Format::Raw);

        let image = clone(&xml("image", QCOW2, ""), &raw);
        assert!(bytes(&image, Format::Qcow2) == flat);
        assert_eq!(image.facts().unwrap().capacity, SIZE as u64);
        let over = pool.create_volume(&xml("over", QCOW2, "image"), create).unwrap();
        assert!(bytes(&over, Format::Qcow2) == flat);
        over.open_image(Format::Qcow2, true).unwrap().write_at(&[9; 10], 0).unwrap();
        let mut changed = flat.clone();
        changed[..10].fill(9);
        let back = clone(&xml("back", "<format type='raw'/>", ""), &over);
        assert!(bytes(&back, Format::Raw) == changed);
        let same = clone(&xml("same", QCOW2, "/default-pool/image"), &over);
        assert!(bytes(&same, Format::Qcow2) == changed);
        over.resize(5 << 20, ResizeFlags::empty()).unwrap();
        changed.resize(5 << 20, 0);
        assert!(bytes(&over, Format::Qcow2) == changed);
        let xml = over.xml().unwrap();
        assert!(xml.contains("<path>/default-pool/image</path>"), "{xml}");
        for volume in [raw, image, over, back, same] {
            volume.delete().unwrap();
        }
    }

    #[test]
    fn what_is_in_the_way_is_told_before_what_cannot_be() {
        let pool = pool();
        let create = CreateVolumeFlags::empty();
        let there = "<volume><name>there</name><capacity>1</capacity></volume>";
        let there = pool.create_volume(there, create).unwrap();
        let again = xml("there", "<format type='vmdk'/>", "x");
        let code = |result: Result<Arc<Volume>>| result.err().unwrap().code;
        assert_eq!(code(pool.create_volume(&again, create)), VIR_ERR_STORAGE_VOL_EXIST);
        let clone = pool.clone_volume(&again, &there, CloneFlags::empty());
        assert_eq!(code(clone), VIR_ERR_INTERNAL_ERROR);
        let other = xml("new", "<format type='vmdk'/>", "x");
        assert_eq!(code(pool.create_volume(&other, create)), VIR_ERR_CONFIG_UNSUPPORTED);
        there.delete().unwrap();
    }
}
