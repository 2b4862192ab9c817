//! The new image of a disk: made, or found and checked, and gone again unless it is kept.

use std::fs::{self, File};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::description::SnapshotDisk;
use crate::block::qcow2::Qcow2Node;
use crate::block::{Cache, Chain, FileNode, Format, Node, OpenOptions};
use crate::domain::block_copy::{create_file, make_image, open_existing};
use crate::domain::chain::{is_same, recorded_backing};
use crate::domain::disk_definition::Source;
use crate::domain::failed;
use crate::error::*;
use crate::state;

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
    pub path: PathBuf,
    made: Made,
}

fn unsupported(text: String) -> Error {
    Error::new(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_DOMAIN, text)
}

/// Refuses what could not be the new image, before anything is made.
pub fn check(disk: &SnapshotDisk, reuse: bool) -> Result<()> {
    let name = &disk.name;
    if let Some(format) = disk.format.as_deref().filter(|format| *format != "qcow2") {
        let text = format!("external snapshot format for disk {name} is unsupported: {format}");
        return Err(unsupported(text));
    }
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
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !reuse => {
            if !block {
                return Ok(());
            }
            let text = format!("block device snapshot target '{shown}' doesn't exist");
            return Err(Error::new(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text));
        }
        Err(e) => {
            let what = if reuse { "missing existing file" } else { "unable to stat" };
            let text = format!("{what} for disk {name}: {shown}");
            return Err(Error::io(VIR_FROM_DOMAIN, &e, text));
        }
    };
    let is_device = metadata.file_type().is_block_device();
    if is_device != block || !(is_device || metadata.is_file()) {
        let text = format!(
            "mismatch between configured type for snapshot disk '{name}' and the type of existing \
             file '{shown}'"
        );
        return Err(unsupported(text));
    }
    if !is_device && !reuse && metadata.len() > 0 {
        let text = format!(
            "external snapshot file for disk {name} already exists and is not a block device: \
             {shown}"
        );
        return Err(unsupported(text));
    }
    Ok(())
}

impl Overlay {
    /// Makes it, or finds it where it is to be there already.
    pub fn make(disk: &SnapshotDisk, below: &Below, reuse: bool) -> Result<Overlay> {
        check(disk, reuse)?;
        let path = disk.path().unwrap_or(Path::new("")).to_path_buf();
        if reuse {
            check_reused(disk, &path, below)?;
            return Ok(Overlay { path, made: Made::Found });
        }
        if !below.length.is_multiple_of(512) {
            let text = format!(
                "external snapshot of disk '{}' is not possible: its size {} is no multiple of 512",
                disk.name, below.length
            );
            return Err(unsupported(text));
        }
        let Some(name) = below.path.to_str() else {
            let text = format!("the name of '{}' is not UTF-8", below.path.display());
            return Err(unsupported(text));
        };
        let exists = fs::symlink_metadata(&path).is_ok();
        let (file, made) = match (exists, &disk.source) {
            (false, _) => (create_file(&path, "image file")?, Made::New),
            (true, Some(Source::Block(_))) => (open_existing(&path)?, Made::Found),
            (true, _) => (open_existing(&path)?, Made::Filled),
        };
        let mut overlay = Overlay { path, made: Made::Found };
        let empty = file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        if matches!(made, Made::Filled) && !empty {
            // It was empty a moment ago.
            check(disk, reuse)?;
        }
        overlay.made = made;
        let backing = Some((name.to_string(), below.format.name().to_string()));
        let sync = file.try_clone();
        make_image(file, &overlay.path, Format::Qcow2, below.length, backing)?;
        // A definition must not name what a crash could take away.
        sync.and_then(|file| file.sync_all()).map_err(|e| {
            let text = format!("cannot sync '{}'", overlay.path.display());
            Error::io(VIR_FROM_STORAGE, &e, text)
        })?;
        if let (Made::New, Some(folder)) = (&overlay.made, overlay.path.parent()) {
            state::sync(folder, VIR_FROM_STORAGE)?;
        }
        Ok(overlay)
    }

    /// Opens it, without what is below.
    pub fn open(&self, writable: bool, cache: Cache) -> Result<Chain> {
        let options = OpenOptions { format: Format::Qcow2, writable, without_backing: true, cache };
        Chain::open(&self.path, options).map_err(failed)
    }

    /// It stays.
    pub fn keep(&mut self) {
        self.made = Made::Found;
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        // What failed before is what is reported.
        match self.made {
            Made::New => drop(fs::remove_file(&self.path)),
            Made::Filled => drop(open_existing(&self.path).map(|file| file.set_len(0))),
            Made::Found => {}
        }
    }
}

/// An image that somebody has made must be one over the disk: else the guest would see something
/// else from one moment to the next.
fn check_reused(disk: &SnapshotDisk, path: &Path, below: &Below) -> Result<()> {
    let shown = path.display();
    let file = File::open(path)
        .map_err(|e| Error::io(VIR_FROM_STORAGE, &e, format!("Unable to open {shown}")))?;
    let node = FileNode::new(file, shown.to_string()).map_err(failed)?;
    let header = Qcow2Node::read_header(node.name(), &node).map_err(failed)?;
    if header.size != below.length {
        return Err(unsupported(format!(
            "external snapshot file '{shown}' for disk {} has {} bytes, and the disk has {}",
            disk.name, header.size, below.length
        )));
    }
    let recorded = recorded_backing(path)?;
    let is_it = |(name, format): &(PathBuf, String)| {
        is_same(name, &below.path) && format == below.format.name()
    };
    if !recorded.as_ref().is_some_and(is_it) {
        let recorded = match recorded {
            Some((name, format)) => format!("'{}' of format {format}", name.display()),
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
