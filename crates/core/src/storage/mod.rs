//! Pools and volumes.
//!
//! [`Storage`] knows the pools of a connection; [`Pool`] and [`Volume`] are what callers hold.
//! Where a pool's volumes are is a [`store::VolumeStore`]: a folder, or memory. Definitions are
//! kept on disk by [`crate::state`]. Descriptions in XML are read and written by [`pool_xml`] and
//! [`volume_xml`].

mod chain;
mod connection;
mod create;
mod describe;
mod dir;
mod encryption;
mod extents;
mod header;
mod in_place;
mod in_use;
mod listing;
mod memory;
mod names;
mod new_file;
mod new_image;
mod overlays;
mod own_elements;
mod permissions;
mod pool;
mod pool_type;
mod pool_xml;
mod registry;
mod resize;
mod schema;
mod store;
mod transfer;
mod unknown;
mod volume;
mod volume_description;
mod volume_format;
mod volume_xml;
mod wipe;

pub use connection::Connection;
pub use describe::capabilities;
pub use extents::{ExtentsFlags, VolumeExtent};
pub use in_use::ImageUsers;
pub use overlays::{OverlayFlags, overlays_of};
pub use pool::{
    BuildFlags, CreateFlags, ListFlags, Pool, PoolInfo, PoolState, no_source_discovery,
};
pub use registry::{Storage, no_pool, no_volume};
pub use transfer::{DownloadFlags, UploadFlags};
pub use volume::{CloneFlags, CreateVolumeFlags, InfoFlags, ResizeFlags, Volume, VolumeInfo};
pub use volume_description::VolumeKind;
pub use wipe::WipeAlgorithm;
