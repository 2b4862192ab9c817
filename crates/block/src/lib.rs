#![forbid(unsafe_code)]
//! Block nodes: what a disk's bytes are read from and written to.
//!
//! A node is a length of bytes with holes: a file, a block device, memory. Nodes are used from
//! several threads at once.

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
    Format, ImageFormat, ImageHeader, ImageInfo, ImageParts, NewImage, OpenImage, Overlay,
};
pub use location::{Access, Location, has_protocol};
pub use memory_files::{MemoryFile, MemoryFiles, MemoryFolder, MemoryImage};
pub use node::{
    Node, SECTOR, Space, buffer, range_within, read_by_pieces, total_length, write_by_pieces,
};
pub use open::{OpenOptions, open};
pub use profile::Profile;
pub use protocol::file::FileNode;
pub use protocol::memory::MemoryNode;
pub use protocol::nbd;
pub use range_lock::{RangeGuard, RangeLock};
