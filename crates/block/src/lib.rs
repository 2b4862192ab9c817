#![forbid(unsafe_code)]
#![warn(missing_docs)]
//! Disk images for Rust programs: raw and qcow2 images with their backing chains, on files, block
//! devices and NBD servers; extents, sparse copies, block jobs on disks in use, NBD exports.
//!
//! A [`Node`] is a length of bytes with holes: a file, a block device, memory, an export of a server,
//! or an image that others lie under. Threads use a node at once. Offsets and lengths are in bytes.
//! A [`Chain`] opens an image with what is below it. A [`Location`] says where it is, and a [`Format`]
//! what it is stored as, which is never guessed. [`Node::extent_at`] tells data from holes,
//! [`copy::copy`] moves only data, [`job`] works on a disk that a guest uses, and [`export`] serves a
//! node to other programs. Errors are [`BlockError`]s: what could not be done to which image, and why.
//! Calls return when the work is done; many requests from one thread go through a [`queue`].
//!
//! # Example
//!
//! A qcow2 image over a raw one is made, opened, listed, copied into a file that is as sparse, and
//! served over NBD.
//!
//! ```
//! use std::fs::{self, File};
//! use std::sync::Arc;
//! use virsparse_block::copy::{CopyOptions, copy};
//! use virsparse_block::export::Export;
//! use virsparse_block::export::nbd::{ExportOptions, NbdExport};
//! use virsparse_block::nbd::NbdNode;
//! use virsparse_block::{Chain, FileNode, Format, NewImage, Node, OpenOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let create = |name: &str| -> Result<FileNode, Box<dyn std::error::Error>> {
//!     let path = folder.path().join(name);
//!     let file = File::options().read(true).write(true).create_new(true).open(&path)?;
//!     Ok(FileNode::new(file, path.display().to_string())?)
//! };
//! fs::write(folder.path().join("base.raw"), [7; 65536])?;
//! let backing = Some(("base.raw".to_string(), "raw".to_string()));
//! let image = NewImage { size: 1 << 20, backing, ..NewImage::default() };
//! Format::Qcow2.create(&create("disk.qcow2")?, &image)?;
//!
//! let chain = Chain::open(&folder.path().join("disk.qcow2"), OpenOptions::new(Format::Qcow2))?;
//! let (disk, mut at, mut data) = (chain.top(), 0, 0);
//! let length = disk.length()?;
//! while at < length {
//!     let extent = disk.extent_at(at, length)?;
//!     data += if extent.kind.is_zero() { 0 } else { extent.length };
//!     at = extent.end();
//! }
//! assert_eq!((length, data), (1 << 20, 65536));
//!
//! let target = create("copy.raw")?;
//! target.resize(length)?;
//! copy(&*disk, &target, CopyOptions::new(length))?;
//! target.flush()?;
//!
//! let socket = Some(folder.path().join("socket"));
//! let options = ExportOptions { socket, read_only: true, ..ExportOptions::default() };
//! let export = NbdExport::new(Arc::new(target), &options)?;
//! let client = NbdNode::connect(&export.endpoints()[0].uri)?;
//! let mut byte = [0];
//! client.read_at(&mut byte, 65535)?;
//! assert_eq!(byte, [7]);
//! # Ok(())
//! # }
//! ```

mod backing_name;
mod cache;
mod chain;
pub mod copy;
mod error;
pub mod export;
mod extent;
mod files;
pub mod filter;
mod format;
mod image_lock;
pub mod job;
mod json;
mod location;
mod memory_files;
mod node;
mod open;
mod profile;
mod protocol;
pub mod qcow2;
pub mod queue;
mod range_lock;

pub use virsparse_base::errno::{Errno, SysResult};

pub use backing_name::BackingName;
pub use cache::Cache;
pub use chain::{Chain, Image, MOST_IMAGES};
pub use error::{BlockError, Result};
pub use extent::{Extent, ExtentKind, Layers};
pub use files::{FileFacts, FileKind, Files, ImageFile, RealFiles};
pub use filter::block_backend::BlockBackend;
pub use filter::gate::{Closed, Gate};
pub use filter::whole_sectors::WholeSectors;
pub use format::{
    Compression, Format, ImageFeatures, ImageFormat, ImageHeader, ImageInfo, ImageOptions,
    ImageParts, ImageSummary, NewImage, OpenImage, Overlay, Preallocation, RecordedBacking,
};
pub use location::{Access, Location, has_protocol};
pub use memory_files::{MemoryFile, MemoryFiles, MemoryFolder, MemoryImage};
pub use node::{
    Node, SECTOR, Space, buffer, range_within, read_by_pieces, total_length, write_by_pieces,
};
pub use open::{OpenOptions, open};
pub use profile::Profile;
pub use protocol::connections::{Connection, Connections, RemoteOptions};
pub use protocol::file::FileNode;
pub use protocol::memory::MemoryNode;
pub use protocol::nbd;
pub use protocol::remote::Remote;
pub use range_lock::{RangeGuard, RangeLock};
