//! What is in the images of a domain in memory: copied when a snapshot of everything is taken, and brought
//! back when the domain is reverted to it.

use std::path::Path;
use std::sync::Arc;

use super::description::{Mode, SnapshotDisk, unsupported};
use super::store::Content;
use crate::block::{Cache, Files, Format, Location, MOST_IMAGES, MemoryNode, Node};
use crate::copy::{CopyOptions, copy};
use crate::domain::config::definition::Definition;
use crate::domain::config::disk::DiskDefinition;
use crate::domain::config::source::Source;
use crate::domain::failed;
use crate::domain::images::chain::recorded_backing;
use crate::error::*;

/// Refuses what is not kept within a domain.
pub fn check_internal(disks: &[SnapshotDisk]) -> Result<()> {
    let other = |disk: &&SnapshotDisk| !matches!(disk.mode, Some(Mode::Internal | Mode::No));
    match disks.iter().find(other) {
        Some(disk) => {
            Err(unsupported(format!("disk '{}' must use snapshot mode 'internal'", disk.name)))
        }
        None => Ok(()),
    }
}

/// The disks whose images are kept.
pub fn saved<'a>(
    definition: &'a Definition,
    disks: &'a [SnapshotDisk],
) -> impl Iterator<Item = &'a DiskDefinition> {
    let is_saved = |disk: &&DiskDefinition| {
        disks.iter().any(|one| one.name == disk.target && one.mode == Some(Mode::Internal))
    };
    definition.disks.iter().filter(is_saved)
}

/// Copies the images of a disk, as far as there are any: a domain in memory may have disks that are
/// nowhere.
pub fn save(files: &dyn Files, disk: &DiskDefinition, contents: &mut Vec<Content>) -> Result<()> {
    let Some(image) = &disk.image else { return Ok(()) };
    let Source::File(path) = &image.source else { return Ok(()) };
    let (mut path, mut format) = (path.clone(), image.format.clone());
    for _ in 0..MOST_IMAGES {
        if !files.exists(&path) || contents.iter().any(|one| one.path == path) {
            return Ok(());
        }
        let file = files.open_file(&path, false, Cache::default()).map_err(failed)?;
        let data = MemoryNode::new(format!("what was in '{}'", path.display()), 0);
        data.resize(file.length().map_err(failed)?).map_err(failed)?;
        all_of(&*file, &data)?;
        contents.push(Content { path: path.clone(), data: Arc::new(data) });
        let known = Format::from_name(&format).filter(|format| format.can_have_backing());
        let Some(known) = known else { return Ok(()) };
        match recorded_backing(files, &Location::from(&path), known) {
            Ok(Some((Location::File(below), below_format))) => {
                (path, format) = (below, below_format);
            }
            Ok(_) => return Ok(()),
            // What is no image of that format has none below it. Where memory lacks, that is not known.
            Err(error) if error.code != VIR_ERR_NO_MEMORY => {
                log::info!("what is below '{}' is not in the snapshot: {error}", path.display());
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Makes images what they were. Nothing has changed if one of them is in use.
pub fn bring_back(files: &dyn Files, contents: &[Content]) -> Result<()> {
    let mut open = Vec::new();
    for Content { path, data } in contents {
        let file = match files.exists(path) {
            true => files.open_file(path, true, Cache::default()).map_err(failed)?,
            false => files.create(path).map_err(|errno| missing(path, errno))?,
        };
        file.lock(true).map_err(failed)?;
        open.push((file, data));
    }
    for (file, data) in open {
        // What was written since is gone.
        file.resize(0).map_err(failed)?;
        file.resize(data.length().map_err(failed)?).map_err(failed)?;
        all_of(&**data, &*file)?;
        file.unlock();
    }
    Ok(())
}

fn missing(path: &Path, errno: virsparse_base::errno::Errno) -> Error {
    Error::system(VIR_FROM_STORAGE, errno, format!("cannot create file '{}'", path.display()))
}

/// Copies what one holds into another of the same length that holds nothing.
fn all_of(from: &dyn Node, to: &dyn Node) -> Result<()> {
    let length = from.length().map_err(failed)?;
    copy(from, to, CopyOptions::new(length)).map_err(failed)
}
