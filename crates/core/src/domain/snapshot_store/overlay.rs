//! The new image of a disk: made, or found and checked, and gone again unless it is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::description::SnapshotDisk;
use crate::block::{Cache, Chain, FileKind, Files, Format, Location, OpenOptions, SECTOR};
use crate::domain::config::source::Source;
use crate::domain::failed;
use crate::domain::images::chain::{is_same, recorded_backing};
use crate::domain::images::create::{create_file, make_image, open_existing, sync_folder_of};
use crate::error::*;

/// The image that is on top until now.
pub struct Below {
    pub path: PathBuf,
    pub format: Format,
    /// What the guest sees of it, in bytes.
    pub length: u64,
}

/// What is undone if there is to be no snapshot.
enum Made {
    /// A file that was not there.
    New,
    /// A file that was there, and empty.
    Filled,
    /// Nothing.
    Found,
}

/// A new image. Dropped, it is gone, unless it is kept.
pub struct Overlay {
    files: Arc<dyn Files>,
    pub path: PathBuf,
    pub format: Format,
    made: Made,
}

fn unsupported(text: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// Refuses what could not be the new image, before anything is made.
pub fn check(files: &dyn Files, disk: &SnapshotDisk, reuse: bool) -> Result<()> {
    let name = &disk.name;
    format_of(disk)?;
    let (path, block) = match &disk.source {
        Some(Source::File(path)) => (path, false),
        Some(Source::Block(path)) => (path, true),
        _ => {
            let kind = &disk.kind;
            let text = format!("external snapshots are not supported on '{kind}' disks");
            return Err(Error::internal(VIR_FROM_DOMAIN, text));
        }
    };
    let shown = path.display();
    let found = match files.look(path) {
        Ok(found) => found,
        Err(Errno::ENOENT) if !reuse => {
            if !block {
                return Ok(());
            }
            let text = format!("block device snapshot target '{shown}' doesn't exist");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Err(errno) => {
            let what = if reuse { "missing existing file" } else { "unable to stat" };
            let text = format!("{what} for disk {name}: {shown}");
            return Err(Error::system(VIR_FROM_DOMAIN, errno, text));
        }
    };
    let is_device = found.kind == FileKind::Device;
    if is_device != block || !(is_device || found.kind == FileKind::File) {
        let text = format!(
            "mismatch between configured type for snapshot disk '{name}' and the type of existing \
             file '{shown}'"
        );
        return Err(unsupported(text));
    }
    if !is_device && !reuse && found.length > 0 {
        let text = format!(
            "external snapshot file for disk {name} already exists and is not a block device: \
             {shown}"
        );
        return Err(unsupported(text));
    }
    Ok(())
}

/// The format of the new image.
fn format_of(disk: &SnapshotDisk) -> Result<Format> {
    let Some(word) = disk.format.as_deref() else { return Ok(Format::OVERLAY) };
    Format::from_name(word).filter(|format| format.can_have_backing()).ok_or_else(|| {
        let name = &disk.name;
        unsupported(format!("external snapshot format for disk {name} is unsupported: {word}"))
    })
}

impl Overlay {
    /// Makes it, or finds it where it is to be there already.
    pub fn make(
        files: &Arc<dyn Files>,
        disk: &SnapshotDisk,
        below: &Below,
        reuse: bool,
    ) -> Result<Overlay> {
        check(&**files, disk, reuse)?;
        let format = format_of(disk)?;
        let path = disk.path().unwrap_or(Path::new("")).to_path_buf();
        if reuse {
            check_reused(&**files, disk, &path, format, below)?;
            return Ok(Overlay { files: files.clone(), path, format, made: Made::Found });
        }
        let Some(name) = below.path.to_str() else {
            let text = format!("the name of '{}' is not UTF-8", below.path.display());
            return Err(unsupported(text));
        };
        let exists = files.exists(&path);
        let (file, made) = match (exists, &disk.source) {
            (false, _) => (create_file(&**files, &path, "image file")?, Made::New),
            (true, Some(Source::Block(_))) => (open_existing(&**files, &path)?, Made::Found),
            (true, _) => (open_existing(&**files, &path)?, Made::Filled),
        };
        let mut overlay = Overlay { files: files.clone(), path, format, made: Made::Found };
        let empty = file.length().is_ok_and(|length| length == 0);
        if matches!(made, Made::Filled) && !empty {
            // It was empty a moment ago.
            check(&**files, disk, reuse)?;
        }
        overlay.made = made;
        let backing = Some((name.to_string(), below.format.name().to_string()));
        make_image(&*file, format, below.length, backing)?;
        // A definition must not name what a crash could take away.
        file.flush().map_err(failed)?;
        if let Made::New = &overlay.made {
            sync_folder_of(&**files, &overlay.path)?;
        }
        Ok(overlay)
    }

    /// Opens it, without what is below.
    pub fn open(&self, writable: bool, cache: Cache) -> Result<Chain> {
        let options =
            OpenOptions { writable, without_backing: true, cache, ..OpenOptions::new(self.format) };
        Chain::open_in(&self.files, Location::from(&self.path), options).map_err(failed)
    }

    /// It stays.
    pub fn keep(&mut self) {
        self.made = Made::Found;
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        // What failed before is what is reported.
        let removed = match self.made {
            Made::New => self.files.remove(&self.path).map_err(|errno| errno.to_string()),
            Made::Filled => open_existing(&*self.files, &self.path)
                .and_then(|file| file.resize(0).map_err(failed))
                .map_err(|error| error.message),
            Made::Found => Ok(()),
        };
        if let Err(cause) = removed {
            log::warn!("the new image '{}' stays: {cause}", self.path.display());
        }
    }
}

/// An image that somebody has made must be one over the disk: else the guest would see something
/// else from one moment to the next.
fn check_reused(
    files: &dyn Files,
    disk: &SnapshotDisk,
    path: &Path,
    format: Format,
    below: &Below,
) -> Result<()> {
    let shown = path.display();
    let node = files.open_file(path, false, Cache::default()).map_err(failed)?;
    let header = format.read(node.name(), &*node).map_err(failed)?;
    let size = header.info().size;
    if size != below.length.next_multiple_of(SECTOR) && size != below.length {
        return Err(unsupported(format!(
            "external snapshot file '{shown}' for disk {} has {} bytes, and the disk has {}",
            disk.name, size, below.length
        )));
    }
    let recorded = recorded_backing(files, &path.into(), format)?;
    let is_it = |(target, format): &(Location, String)| {
        let below_path = Location::File(below.path.clone());
        is_same(files, target, &below_path) && format == below.format.name()
    };
    if !recorded.as_ref().is_some_and(is_it) {
        let recorded = match recorded {
            Some((target, format)) => format!("'{target}' of format {format}"),
            None => "no backing image".to_string(),
        };
        return Err(unsupported(format!(
            "external snapshot file '{shown}' for disk {} records {recorded}, not '{}' of format {}",
            disk.name,
            below.path.display(),
            below.format.name()
        )));
    }
    Ok(())
}
