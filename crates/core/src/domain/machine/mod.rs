//! What runs a domain, whatever process that is in: the trait [`Machine`], its requests and its results.
//!
//! Requests and results are plain data: they own what they hold, and have no closures, locks or nodes in
//! them. So they can be sent to another process as they are. What is above this floor uses a running
//! domain through the trait only.

pub mod block_job;
pub mod change;
pub mod condition;
pub mod disk;
pub mod guest_time;
pub mod origin;

use std::sync::Arc;

use uuid::Uuid;

use super::config::definition::Definition;
use super::images::extents::ExtentsRequest;
use super::images::sizes::BlockInfo;
use crate::block::Extent;
use crate::error::*;
use block_job::{AbortFlags, BlockJobInfo, BlockJobReport, BlockJobRequest};
use change::{Redefined, Redefinition, SnapshotRequest, StopRequest};
use condition::{Condition, State};
use disk::{DiskReport, ImageReport, ResizeRequest};
use guest_time::GuestTime;

/// Which domain a machine runs. It stays the same for as long as that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub id: i32,
    pub name: String,
    pub uuid: Uuid,
    /// The connection of this process with which the domain is to end.
    pub autodestroy: Option<u64>,
}

/// A running domain. All functions may be called from any thread, and fail if the domain has stopped.
///
/// Disks are named by their targets unless a function says otherwise.
pub trait Machine: Send + Sync {
    /// Which domain it is.
    fn identity(&self) -> &Identity;

    /// What the domain is doing, and why.
    fn condition(&self) -> Result<Condition>;

    /// The definition of the domain as it runs.
    fn definition(&self) -> Result<Arc<Definition>>;

    /// The description of the domain, which also says where its disks are served and of which images
    /// they consist.
    fn live_xml(&self) -> Result<String>;

    /// All disks that are open: an empty drive is not, nor is a disk in memory that is only defined.
    fn disks(&self) -> Result<Vec<DiskReport>>;

    /// One open disk. The error says why the disk is not open.
    fn disk(&self, target: &str) -> Result<DiskReport>;

    /// The images of an open disk, the active layer first.
    fn images(&self, target: &str) -> Result<Vec<ImageReport>>;

    /// The sizes of an open disk and of its active layer; `None` if the disk is not open.
    fn disk_sizes(&self, target: &str) -> Result<Option<BlockInfo>>;

    /// Whether an image of that identity belongs to an open disk, or is the target of a copy of one.
    /// The disk `besides` does not count.
    fn uses_image(&self, identity: (u64, u64), besides: Option<&str>) -> Result<bool>;

    /// The extents of a range of a disk: in order, without gaps, neighbours not equal.
    fn extents(&self, request: &ExtentsRequest) -> Result<Vec<Extent>>;

    /// Reads what guests would read, also while the domain is paused.
    fn peek(&self, target: &str, offset: u64, size: usize) -> Result<Vec<u8>>;

    /// Changes the size of a disk that guests may be using.
    fn resize(&self, request: &ResizeRequest) -> Result<()>;

    /// Tells once when a guest writes behind an offset of an image; 0 for never. `name` is a target, or
    /// one with the index of an image: `vda[2]`.
    fn set_threshold(&self, name: &str, threshold: u64) -> Result<()>;

    /// Starts a job on a disk, and waits for its end if that is asked for.
    fn start_block_job(&self, request: &BlockJobRequest) -> Result<()>;

    /// How far the job on a disk is; `None` if there is none.
    fn block_job(&self, target: &str) -> Result<Option<BlockJobInfo>>;

    /// How the job on a disk stands, or how the last one has ended.
    fn block_job_report(&self, target: &str) -> Result<Option<BlockJobReport>>;

    /// Limits the speed of the job on a disk, in bytes a second.
    fn set_block_job_speed(&self, target: &str, speed: u64) -> Result<()>;

    /// Ends the job on a disk, or makes its target the disk.
    fn abort_block_job(&self, target: &str, flags: AbortFlags) -> Result<()>;

    /// Streams a little of a disk, the first that there is to do from `offset` on. Returns where the next
    /// begins.
    fn stream_increment(&self, target: &str, offset: u64) -> Result<u64>;

    /// Where the first part of a disk is that is still read from below; the end of the disk if there is
    /// none.
    fn stream_position(&self, target: &str) -> Result<u64>;

    /// How the streaming of a disk stands, or how the last one has ended.
    fn stream_report(&self, target: &str) -> Result<BlockJobReport>;

    /// Ends the streaming of a disk.
    fn abort_stream(&self, target: &str) -> Result<()>;

    /// Stops the domain, and tells so. It has stopped also if that fails, unless it had before.
    fn stop(&self, request: &StopRequest) -> Result<()>;

    /// Stops a domain of which nobody has been told that it runs.
    fn abandon(&self);

    /// Lets guests' requests wait. It may be so already.
    fn suspend(&self) -> Result<()>;

    /// Serves guests again, and forgets the errors of disks.
    fn resume(&self) -> Result<()>;

    /// Serves guests as after a start.
    fn restart(&self) -> Result<()>;

    /// Is said to be in a state, as libvirt's test driver is told.
    fn set_state(&self, state: State) -> Result<()>;

    /// Changes the definitions, and the disks with them.
    fn redefine(&self, request: &Redefinition) -> Result<Redefined>;

    /// Takes a snapshot.
    fn take_snapshot(&self, request: &SnapshotRequest) -> Result<()>;

    /// What the guest of a connection in memory takes the time to be.
    fn guest_time(&self) -> Result<GuestTime>;

    /// Changes that.
    fn set_guest_time(&self, time: GuestTime) -> Result<()>;
}
