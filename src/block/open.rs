//! Opening images: the format is what the caller or the image above says, never what the bytes look
//! like, and a name in an image is a local file beside it, never anything else.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;

use super::qcow2::{Incompatible, Qcow2Node};
use super::{BlockError, FileNode, Node, Result};

/// Images in a chain, at most.
const MOST_IMAGES: usize = 200;

/// The formats that images are opened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Raw,
    Qcow2,
}

impl Format {
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
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    pub format: Format,
    /// For writing; what is below is only read.
    pub writable: bool,
    /// Without what the image refers to: its own bytes only.
    pub without_backing: bool,
}

/// Opens the image at `path`, with its backing chain.
pub fn open(path: &Path, options: OpenOptions) -> Result<Arc<dyn Node>> {
    open_image(path, options, &mut Vec::new())
}

/// `above`: the files that lead here, by device and inode.
fn open_image(
    path: &Path,
    options: OpenOptions,
    above: &mut Vec<(u64, u64)>,
) -> Result<Arc<dyn Node>> {
    let name = path.display().to_string();
    let fail = |what: String, errno| BlockError { what, errno };
    let file = open_file(path, options.writable)?;
    let metadata = file
        .metadata()
        .map_err(|e| fail(format!("Unable to measure {name}"), crate::error::errno_of(&e)))?;
    let identity = (metadata.dev(), metadata.ino());
    if above.contains(&identity) {
        return Err(fail(format!("image '{name}' is its own backing image"), Errno::ELOOP));
    }
    if above.len() >= MOST_IMAGES {
        let what = format!("the backing chain has more than {MOST_IMAGES} images");
        return Err(fail(what, Errno::ELOOP));
    }
    let mut file = FileNode::new(file, &*name)?;
    // Others may write an image only while nobody else uses it.
    file.lock(options.writable)?;
    let file: Arc<dyn Node> = Arc::new(file);
    match options.format {
        Format::Raw => Ok(file),
        Format::Qcow2 => {
            above.push(identity);
            let node = open_qcow2(path, &name, file, options, above);
            above.pop();
            node
        }
    }
}

fn open_qcow2(
    path: &Path,
    name: &str,
    file: Arc<dyn Node>,
    options: OpenOptions,
    above: &mut Vec<(u64, u64)>,
) -> Result<Arc<dyn Node>> {
    let header = Qcow2Node::read_header(name, &*file)?;
    let data = match &header.data_file {
        Some(data) if header.incompatible.contains(Incompatible::DATA_FILE) => {
            let data = beside(path, data)?;
            let show = data.display().to_string();
            let mut file = FileNode::new(open_file(&data, options.writable)?, show)?;
            file.lock(options.writable)?;
            Some(Arc::new(file) as Arc<dyn Node>)
        }
        None if header.incompatible.contains(Incompatible::DATA_FILE) => {
            return Err(BlockError {
                what: format!("image '{name}' does not name its data file"),
                errno: Errno::EINVAL,
            });
        }
        _ => None,
    };
    let backing = match &header.backing_file {
        Some(backing) if !options.without_backing => {
            let format = match &header.backing_format {
                // Without a recorded format it is raw: to guess would let a guest choose it.
                None => Format::Raw,
                Some(format) => Format::from_name(format).ok_or_else(|| BlockError {
                    what: format!("image '{name}' has a backing image of format '{format}'"),
                    errno: Errno::EOPNOTSUPP,
                })?,
            };
            let lower = beside(path, backing)?;
            let options = OpenOptions { format, writable: false, ..options };
            let opened = open_image(&lower, options, above).map_err(|e| BlockError {
                what: format!(
                    "could not open the backing image '{backing}' of '{name}': {}",
                    e.what
                ),
                errno: e.errno,
            })?;
            Some(opened)
        }
        _ => None,
    };
    Ok(Arc::new(Qcow2Node::new(name, header, file, data, backing, options.writable)?))
}

/// Where a name in an image leads: a plain path, relative to the folder of the image.
fn beside(image: &Path, name: &str) -> Result<PathBuf> {
    let protocol = name.split('/').next().unwrap_or_default().contains(':');
    if protocol || name.is_empty() {
        return Err(BlockError {
            what: format!(
                "image '{}' refers to '{}', which is not a local file",
                image.display(),
                crate::xml::excerpt(name)
            ),
            errno: Errno::EINVAL,
        });
    }
    Ok(image.parent().unwrap_or(Path::new("")).join(name))
}

fn open_file(path: &Path, writable: bool) -> Result<File> {
    // A FIFO would wait for its other end; FileNode refuses it then.
    fs::OpenOptions::new()
        .read(true)
        .write(writable)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .map_err(|e| BlockError {
            what: format!("Unable to open {}", path.display()),
            errno: crate::error::errno_of(&e),
        })
}
