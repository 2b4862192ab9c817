//! How large an image is.

use super::chain;
use crate::block::{FileKind, Files, Location, Overlay};
use crate::domain::config::disk::ImageDefinition;
use crate::error::*;

/// How large a disk is, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockInfo {
    /// What a guest sees.
    pub capacity: u64,
    /// What its image takes on the medium. Of a qcow2 image on a device, while it is written: how far
    /// it uses the device.
    pub allocation: u64,
    /// From the first to the last byte of its image.
    pub physical: u64,
}

/// The sizes of an image, which is open as `image` if it is in use and may lie over another. What its file takes
/// on another machine is not known.
pub fn on_medium(
    files: &dyn Files,
    location: &Location,
    capacity: u64,
    image: Option<&dyn Overlay>,
) -> Result<BlockInfo> {
    // How much of a device or an export an image needs is known only while it is in use.
    let used = || match image {
        Some(image) => image.used_end().map_err(|e| e.report(VIR_FROM_STORAGE)),
        None => Ok(None),
    };
    let Some(path) = location.path() else {
        let allocation = used()?.unwrap_or(capacity);
        return Ok(BlockInfo { capacity, allocation, physical: capacity });
    };
    let found = files.look(path).map_err(|errno| {
        Error::system(VIR_FROM_STORAGE, errno, format!("cannot stat file '{}'", path.display()))
    })?;
    if found.kind == FileKind::Device {
        let physical = chain::device_length(files, path)?;
        // A device has all its space.
        return Ok(BlockInfo { capacity, allocation: used()?.unwrap_or(physical), physical });
    }
    Ok(BlockInfo { capacity, allocation: found.allocated, physical: found.length })
}

/// The sizes of the image of a disk of `capacity` bytes.
pub fn image_sizes(
    files: &dyn Files,
    image: &ImageDefinition,
    capacity: u64,
    open: Option<&dyn Overlay>,
) -> Result<BlockInfo> {
    match image.source.location() {
        Some(location) => on_medium(files, &location, capacity, open),
        None => Ok(BlockInfo { capacity, allocation: capacity, physical: capacity }),
    }
}
