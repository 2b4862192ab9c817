//! Domains: what is defined, what runs, and the disks of what runs.
//!
//! A running domain is one whose disks are open, locked and exported: [`disk`]. What the XML says
//! of a disk is a [`DiskDefinition`]; how its images are opened is in [`chain`].

mod amounts;
mod block_allocate;
mod block_chain;
mod block_copy;
mod block_extents;
mod block_job;
mod block_stream;
mod chain;
mod definition;
mod description;
mod devices;
mod disk;
mod disk_definition;
pub mod events;
mod find_device;
mod guest;
mod images;
mod impact;
mod interfaces;
mod io_tune;
mod layout;
mod lifecycle;
mod metadata;
mod nodeset;
mod object;
mod owner;
mod placement;
mod queries;
mod registry;
mod rename;
mod running;
mod schema;
mod screen;
mod snapshot;
pub mod stats;
mod status;
mod stored;
mod tuning;
mod users;

pub use crate::block::filter::meter::DiskStats;
pub use amounts::AmountFlags;
pub use block_chain::{CommitFlags, RebaseFlags};
pub use block_copy::{CopyFlags, CopyParameters};
pub use block_job::{AbortFlags, BandwidthFlags, BlockJobInfo, BlockJobReport, bandwidth};
pub use block_stream::{BlockRegion, BlockStream};
pub use definition::{Definition, TYPES};
pub use devices::DeviceFlags;
pub use disk::Disk;
pub use disk_definition::{Backing, Device, DiskDefinition, ImageDefinition, Source};
pub use guest::{GuestTime, MemoryStat, SetTimeFlags};
pub use impact::Impact;
pub use interfaces::Interface;
pub use io_tune::IO_TUNE_PARAMETERS;
pub use lifecycle::{DestroyFlags, ShutdownFlags, StartFlags, UndefineFlags};
pub use metadata::Kind as MetadataKind;
pub use object::{DefineFlags, Domain, Info, ListFlags, XmlFlags};
pub use placement::{CPU_NUMBERS, CPU_TOTALS, CpuSet};
pub use queries::{BlockInfo, DiskError, ResizeFlags, UriFlags};
pub use registry::{Domains, no_domain};
pub use running::{Condition, Running, State};
pub use screen::MIME as SCREENSHOT_MIME;
pub use snapshot::{
    CreateFlags as SnapshotCreateFlags, DeleteFlags as SnapshotDeleteFlags,
    ListFlags as SnapshotListFlags, RevertFlags, Snapshot, SnapshotXmlFlags, no_snapshot,
};
pub use tuning::{EndAction, MEMORY_PARAMETERS, NUMA_PARAMETERS, Parameters, SCHEDULER_PARAMETERS};

use crate::block::BlockError;
use crate::error::{Error, Report, VIR_FROM_STORAGE};

/// A failure of a disk's images, as callers are told of it.
fn failed(error: BlockError) -> Error {
    error.report(VIR_FROM_STORAGE)
}
