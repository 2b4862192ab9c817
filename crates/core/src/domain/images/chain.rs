//! Opening what a disk's definition names: the top image with its chain, in the formats that are
//! written down, never in one that is guessed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::{
    self, Access, Cache, Chain, Connections, FileKind, Files, Format, Image, ImageFile, ImageParts,
    Location, NewImage, Node, OpenOptions, RemoteOptions, WholeSectors,
};
use crate::domain::config::disk::{Backing, DiskDefinition, ImageDefinition};
use crate::domain::config::source::Source;
use crate::domain::failed;
use crate::error::*;

/// Opens the chain of a disk, and locks it: for writing, unless the disk is read-only. `None` for
/// an empty drive. What is written to a transient disk goes to a file without a name in the folder
/// of the image or else in `scratch`. What is on another machine can be cut off by `connections`.
///
/// Errors: VIR_ERR_CONFIG_UNSUPPORTED for what cannot be served, VIR_ERR_SYSTEM_ERROR.
pub fn open(
    files: &Arc<dyn Files>,
    disk: &DiskDefinition,
    scratch: &Path,
    connections: &Arc<Connections>,
) -> Result<Option<Chain>> {
    let Some(image) = &disk.image else { return Ok(None) };
    let writable = !disk.read_only && !disk.transient;
    let (reply_timeout, connections) = (disk.timeout, connections.clone());
    let remote = RemoteOptions { reply_timeout, connections };
    let location = served(&**files, disk, &image.source)?;
    let chain = open_image(files, disk, image, location, writable, remote)?;
    if disk.transient && !disk.read_only {
        return overlay(&**files, disk, chain, image.path().map(Path::new), scratch).map(Some);
    }
    Ok(Some(chain))
}

fn unsupported(disk: &DiskDefinition, problem: impl std::fmt::Display) -> Error {
    let text = format!("disk '{}': {problem}", disk.target);
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// Where an image is that can be served. Nothing leads out of what is kept in memory.
fn served(files: &dyn Files, disk: &DiskDefinition, source: &Source) -> Result<Location> {
    let location = source.location();
    let kind = match source {
        Source::Other(kind) => kind,
        Source::Remote(_) if !files.is_real() => "network",
        // It is exchanged for its path before the disk is looked at.
        Source::Volume(..) => "volume",
        Source::File(_) | Source::Block(_) | Source::Remote(_) => {
            return location.ok_or_else(|| unsupported(disk, "its image is nowhere"));
        }
    };
    Err(unsupported(disk, format!("sources of type {kind} are not served")))
}

fn format(disk: &DiskDefinition, image: &ImageDefinition) -> Result<Format> {
    Format::from_name(&image.format)
        .ok_or_else(|| unsupported(disk, format!("format '{}' is not served", image.format)))
}

fn open_image(
    files: &Arc<dyn Files>,
    disk: &DiskDefinition,
    image: &ImageDefinition,
    location: Location,
    writable: bool,
    remote: RemoteOptions,
) -> Result<Chain> {
    let format = format(disk, image)?;
    check_kind(&**files, image)?;
    if disk.shareable {
        if format.has_header() {
            let text = format!(
                "shared access for disk '{}' requires use of supported storage format",
                disk.target
            );
            return Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        let access = Access { remote, ..Access::new(writable) };
        return open_shared(&**files, location, &access).map_err(failed);
    }
    let without_backing = match format.can_have_backing() {
        true => check_backing(&**files, disk, format, &location, &remote)?,
        false if matches!(disk.backing, Backing::Image(_)) => {
            return Err(no_backing(disk, format.name()));
        }
        false => true,
    };
    let cache = disk.cache;
    let options = OpenOptions { format, writable, without_backing, cache, remote };
    Chain::open_in(files, location, options).map_err(failed)
}

/// A file must be a file, and a device a device.
fn check_kind(files: &dyn Files, image: &ImageDefinition) -> Result<()> {
    let (path, block) = match &image.source {
        Source::File(path) => (path, false),
        Source::Block(path) => (path, true),
        Source::Remote(_) | Source::Volume(..) | Source::Other(_) => return Ok(()),
    };
    let found = files.look(path).map_err(|errno| {
        let text = format!("Cannot access storage file '{}'", path.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })?;
    let (kind, what) = match block {
        true => (FileKind::Device, "block device"),
        false => (FileKind::File, "regular file"),
    };
    if found.kind == kind {
        return Ok(());
    }
    let text = format!("disk source '{}' is not a {what}", path.display());
    Err(Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text))
}

fn open_shared(files: &dyn Files, location: Location, access: &Access) -> block::Result<Chain> {
    let file = files.open(&location, access)?;
    file.lock_shared(access.writable)?;
    let node = WholeSectors::of(file)?;
    Ok(Chain::of_image(Image::of_node(node, location, access.writable)))
}

/// Holds the chain that the XML describes against the one that the images record: we open what the
/// images record, so the two must be the same. True if the top image is to be opened alone.
fn check_backing(
    files: &dyn Files,
    disk: &DiskDefinition,
    format: Format,
    top: &Location,
    remote: &RemoteOptions,
) -> Result<bool> {
    let mut said = match &disk.backing {
        Backing::Unsaid => return Ok(false),
        Backing::End => return Ok(true),
        Backing::Image(said) => &**said,
    };
    let (mut above, mut above_format) = (top.clone(), format);
    loop {
        let (image, below) = said;
        let recorded = recorded_in(files, &above, above_format, remote)?;
        let lower = image.source.location().ok_or_else(|| {
            unsupported(disk, "backing images must be local files or NBD exports")
        })?;
        let same = recorded.as_ref().is_some_and(|(recorded, recorded_format)| {
            is_same(files, recorded, &lower) && *recorded_format == image.format
        });
        if !same {
            let recorded = match recorded {
                Some((target, format)) => format!("'{}' of format {format}", target),
                None => "none".to_string(),
            };
            let problem = format!(
                "its backingStore names '{}' of format {} below '{}', which records {recorded}",
                lower, image.format, above
            );
            return Err(unsupported(disk, problem));
        }
        let lower_format =
            Format::from_name(&image.format).filter(|format| format.can_have_backing());
        match (below, lower_format) {
            (Backing::Unsaid, _) | (Backing::End, None) => return Ok(false),
            (Backing::End, Some(format)) => {
                if let Some((recorded, _)) = recorded_in(files, &lower, format, remote)? {
                    let problem = format!(
                        "its backingStore ends at '{}', which records '{}'",
                        lower, recorded
                    );
                    return Err(unsupported(disk, problem));
                }
                return Ok(false);
            }
            (Backing::Image(_), None) => return Err(no_backing(disk, &image.format)),
            (Backing::Image(next), Some(format)) => {
                (said, above, above_format) = (next, lower, format);
            }
        }
    }
}

fn no_backing(disk: &DiskDefinition, format: &str) -> Error {
    unsupported(disk, format!("a {format} image has no backing image"))
}

/// Whether two names lead to one image.
pub fn is_same(files: &dyn Files, a: &Location, b: &Location) -> bool {
    match (a, b) {
        (Location::File(a), Location::File(b)) => files.is_same(a, b),
        (a, b) => a == b,
    }
}

/// What an image of a format with backing images records as its own, and that one's format.
pub fn recorded_backing(
    files: &dyn Files,
    image: &Location,
    format: Format,
) -> Result<Option<(Location, String)>> {
    recorded_in(files, image, format, &RemoteOptions::default())
}

fn recorded_in(
    files: &dyn Files,
    image: &Location,
    format: Format,
    remote: &RemoteOptions,
) -> Result<Option<(Location, String)>> {
    let file = look_at(files, image, remote)?;
    let header = format.read(file.name(), &*file).map_err(failed)?;
    let info = header.info();
    let Some(name) = &info.backing_file else { return Ok(None) };
    let found = image.backing(name).map_err(failed)?;
    let format = found.format.as_deref().unwrap_or(info.backing_format_name());
    Ok(Some((found.location, format.to_string())))
}

/// What a guest would see of a disk that may not be open, in bytes. The image is not locked: a look
/// at its length is in nobody's way.
pub fn length(files: &dyn Files, disk: &DiskDefinition) -> Result<u64> {
    let Some(image) = &disk.image else { return Ok(0) };
    let location = served(files, disk, &image.source)?;
    check_kind(files, image)?;
    let file = look_at(files, &location, &RemoteOptions::default())?;
    let header = format(disk, image)?.read(file.name(), &*file).map_err(failed)?;
    Ok(header.info().size)
}

/// The length of a block device.
pub fn device_length(files: &dyn Files, path: &Path) -> Result<u64> {
    let device = files.open_file(path, false, Cache::default()).map_err(failed)?;
    device.length().map_err(failed)
}

fn look_at(
    files: &dyn Files,
    image: &Location,
    remote: &RemoteOptions,
) -> Result<Arc<dyn ImageFile>> {
    files.open(image, &Access { remote: remote.clone(), ..Access::default() }).map_err(failed)
}

/// An image over `base` in a file that is gone when it is closed.
fn overlay(
    files: &dyn Files,
    disk: &DiskDefinition,
    mut chain: Chain,
    image: Option<&Path>,
    scratch: &Path,
) -> Result<Chain> {
    let base = chain.top();
    let name = format!("what is written to {}", base.name());
    let unnamed = |folder: &Path| files.create_unnamed(folder, &name);
    let beside = image.and_then(Path::parent).map(|folder| (folder, unnamed(folder)));
    if let Some((folder, Err(errno))) = &beside {
        let (folder, scratch) = (folder.display(), scratch.display());
        log::info!("a transient image is made in '{scratch}', not in '{folder}': {errno}");
    }
    let file = match beside {
        Some((_, Ok(file))) => file,
        _ => unnamed(scratch).map_err(|errno| {
            let text = format!("Unable to make a transient image in '{}'", scratch.display());
            Error::system(VIR_FROM_STORAGE, errno, text)
        })?,
    };
    let made = || -> block::Result<Arc<dyn Node>> {
        let new = NewImage { size: base.length()?, ..NewImage::default() };
        Format::OVERLAY.create(&*file, &new)?;
        let header = Format::OVERLAY.read(&name, &*file)?;
        let (data, backing) = (None, Some(base.clone()));
        let parts = ImageParts { name: name.clone(), file, data, backing, writable: true };
        Ok(header.open(parts)?.node())
    };
    let node = made().map_err(|e| {
        let error = failed(e);
        Error { str2: error.str2.map(|text| format!("{}: {text}", disk.target)), ..error }
    })?;
    // It has no name by which anybody could find it.
    chain.images.insert(0, Image::of_node(node, Location::File(PathBuf::new()), true));
    Ok(chain)
}
