//! Domains: what is defined, what runs, and the disks of what runs.
//!
//! The folders are floors, of which each imports only what is below it (`tests/layers.rs` has them all):
//! `config` (what the XML says), `images` (where the images of disks are), `snapshot_store` (what snapshots
//! consist of), `machine` (the trait of what runs a domain), `control` (how other processes use one), `registry` (which domains there are, and what
//! runs them), and above it the functions of domains. `runtime` runs a domain in this process: it stands
//! above the registry, which makes it through a launcher, and nothing else knows of it.

mod amounts;
mod autostart;
mod block_extents;
mod blockjob;
mod config;
mod connection;
mod control;
mod devices;
pub mod events;
mod guest;
pub(crate) mod holder;
mod images;
mod impact;
mod interfaces;
mod io_tune;
mod lifecycle;
mod machine;
mod metadata;
mod object;
mod placement;
mod queries;
mod registry;
mod rename;
mod runtime;
mod screen;
mod snapshot;
mod snapshot_store;
pub mod stats;
mod tuning;

pub use crate::block::filter::meter::DiskStats;
pub use crate::typed_params::Parameters;
pub use amounts::AmountFlags;
pub use blockjob::{BandwidthFlags, BlockRegion, BlockStream, RebaseFlags, bandwidth};
pub use config::definition::Definition;
pub use config::disk::{Backing, Device, DiskDefinition, ImageDefinition};
pub use config::io_tune::IO_TUNE_PARAMETERS;
pub use config::source::Source;
pub use connection::Connection;
pub use devices::DeviceFlags;
pub use guest::{MemoryStat, SetTimeFlags};
pub use images::sizes::BlockInfo;
pub use impact::Impact;
pub use interfaces::Interface;
pub use lifecycle::{DestroyFlags, ShutdownFlags, StartFlags, UndefineFlags};
pub use machine::Machine;
pub use machine::block_job::{
    AbortFlags, BlockJobInfo, BlockJobReport, CommitFlags, CopyFlags, CopyParameters,
    Outcome as BlockJobOutcome,
};
pub use machine::condition::{Condition, State};
pub use machine::guest_time::GuestTime;
pub use metadata::Kind as MetadataKind;
pub use object::{DefineFlags, Domain, Info, ListFlags, XmlFlags};
pub use placement::{CPU_NUMBERS, CPU_TOTALS, CpuSet};
pub use queries::{DiskError, ResizeFlags, UriFlags};
pub use registry::domains::Domains;
pub use registry::entry::no_domain;
pub use registry::launch::Launcher;
pub use runtime::launch;
pub use screen::MIME as SCREENSHOT_MIME;
pub use snapshot::{
    CreateFlags as SnapshotCreateFlags, DeleteFlags as SnapshotDeleteFlags,
    ListFlags as SnapshotListFlags, RevertFlags, Snapshot, SnapshotXmlFlags, no_snapshot,
};
pub use tuning::{EndAction, MEMORY_PARAMETERS, NUMA_PARAMETERS, SCHEDULER_PARAMETERS};

use crate::block::BlockError;
use crate::error::{Error, Report, VIR_FROM_STORAGE};

/// A failure of a disk's images, as callers are told of it.
fn failed(error: BlockError) -> Error {
    error.report(VIR_FROM_STORAGE)
}

#[cfg(test)]
mod tests;
