//! Making images in new files, or in what is there.

use std::path::Path;
use std::sync::Arc;

use crate::block::{Cache, Files, Format, ImageFile, Location, NewImage};
use crate::domain::failed;
use crate::error::*;

/// Makes a file that must not be there, for an image.
pub fn create_file(files: &dyn Files, path: &Path, what: &str) -> Result<Arc<dyn ImageFile>> {
    files.create(path).map_err(|errno| {
        let text = format!("failed to create {what} '{}'", path.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })
}

/// Brings the name of a new file to stable storage.
pub fn sync_folder_of(files: &dyn Files, path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    files.sync_folder(folder).map_err(|errno| {
        let text = format!("cannot sync '{}'", folder.display());
        Error::system(VIR_FROM_STORAGE, errno, text)
    })
}

/// Makes an image of `size` bytes in a file or on a device.
pub fn make_image(
    node: &dyn ImageFile,
    format: Format,
    size: u64,
    backing: Option<(String, String)>,
) -> Result<()> {
    // Somebody may be using what is there: a device, or a file that is to be reused.
    node.lock(true).map_err(failed)?;
    let new = NewImage { size, backing, in_place: node.is_device(), ..NewImage::default() };
    format.create(node, &new).map_err(failed)
}

/// The path of an image as another one can record it, whatever folder that is in.
pub fn absolute(location: &Location) -> Result<String> {
    let Some(path) = location.path() else { return Ok(location.to_string()) };
    let whole = std::path::absolute(path).map_err(|e| {
        let text = format!("cannot find the folder of '{}'", path.display());
        Error::io(VIR_FROM_STORAGE, &e, text)
    })?;
    whole.to_str().map(str::to_string).ok_or_else(|| {
        let text = format!("the path '{}' is not UTF-8", path.display());
        Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, text)
    })
}

/// Opens what is there already, to make an image in it.
pub fn open_existing(files: &dyn Files, path: &Path) -> Result<Arc<dyn ImageFile>> {
    files.open_file(path, true, Cache::default()).map_err(failed)
}
