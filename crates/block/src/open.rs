//! Opening images.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::backing_name::{self, BackingName, Target};
use super::cache::Cache;
use super::nbd::NbdOptions;
use super::{BlockError, Chain, FileNode, Node, Result};
use virsparse_base::sys;

/// The formats that images are opened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Raw,
    Qcow2,
}

impl Format {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Format::Raw => "raw",
            Format::Qcow2 => "qcow2",
        }
    }

    /// The format of that name.
    pub fn from_name(name: &str) -> Option<Format> {
        match name {
            "raw" => Some(Format::Raw),
            "qcow2" => Some(Format::Qcow2),
            _ => None,
        }
    }
}

/// How an image is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub format: Format,
    /// For writing; what is below is only read.
    pub writable: bool,
    /// Without what the image refers to: its own bytes only.
    pub without_backing: bool,
    /// How it is cached, and what is below it.
    pub cache: Cache,
    /// How images that are behind NBD are reached.
    pub exports: NbdOptions,
}

impl OpenOptions {
    /// For reading, with what the image refers to.
    pub fn new(format: Format) -> OpenOptions {
        OpenOptions {
            format,
            writable: false,
            without_backing: false,
            cache: Cache::default(),
            exports: NbdOptions::default(),
        }
    }
}

/// Opens the image at `path`, with its backing chain.
pub fn open(path: &Path, options: OpenOptions) -> Result<Arc<dyn Node>> {
    Ok(Chain::open(path, options)?.top())
}

/// Whether a name in an image is not that of a file: "nbd://", "json:".
pub fn has_protocol(name: &str) -> bool {
    name.split('/').next().unwrap_or_default().contains(':')
}

/// Where the name of a backing image leads: to a path that may be relative to the folder of the image, or to
/// an export.
pub fn below(image: &Path, name: &str) -> Result<BackingName> {
    let mut found = backing_name::parse(name).map_err(|problem| BlockError {
        what: format!(
            "image '{}' refers to '{}': {problem}",
            shown(&image.display().to_string()),
            virsparse_base::text::excerpt(&shown(name))
        ),
        errno: Errno::EINVAL,
    })?;
    if let Target::File(path) = &mut found.target {
        *path = image.parent().unwrap_or(Path::new("")).join(&*path);
    }
    Ok(found)
}

/// Where the name of another file of an image leads: a plain path, relative to the folder of the image.
pub(super) fn beside(image: &Path, name: &str) -> Result<PathBuf> {
    if has_protocol(name) || name.is_empty() {
        return Err(BlockError {
            what: format!(
                "image '{}' refers to '{}', which is not a local file",
                shown(&image.display().to_string()),
                virsparse_base::text::excerpt(&shown(name))
            ),
            errno: Errno::EINVAL,
        });
    }
    Ok(image.parent().unwrap_or(Path::new("")).join(name))
}

/// A stranger's name as a message may show it.
pub(super) fn shown(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

pub(super) fn open_file(path: &Path, writable: bool, cache: Cache) -> Result<File> {
    // A FIFO would wait for its other end, and a terminal would become ours; FileNode refuses them
    // then.
    let open = |direct| {
        let flags = if direct { libc::O_DIRECT } else { 0 };
        sys::open_promptly(path, fs::OpenOptions::new().read(true).write(writable), flags)
            .map_err(|e| virsparse_base::errno::errno_of(&e))
    };
    let direct = cache.is_direct();
    open(direct).map_err(|errno| {
        // It is what the kernel says of O_DIRECT, unless it says so of the file anyhow.
        let refused = direct && errno == Errno::EINVAL && open(false).is_ok();
        let why = if refused { ": its filesystem does not support O_DIRECT" } else { "" };
        let what = format!("Unable to open {}{why}", shown(&path.display().to_string()));
        BlockError { what, errno }
    })
}

pub(super) fn file_node(file: File, name: String, cache: Cache) -> Result<FileNode> {
    let mut node = FileNode::new(file, name)?;
    if cache.ignores_flushes() {
        node.ignore_flushes();
    }
    Ok(node)
}
