//! What is told of the open disks of a running domain, and what is asked of them.

use std::path::PathBuf;
use std::time::SystemTime;

use virsparse_base::errno::Errno;

use crate::block::filter::meter::DiskStats;
use crate::domain::images::sizes::BlockInfo;
use crate::error::*;
use crate::job::Progress;

/// An open disk.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskReport {
    pub target: String,
    /// The path of its active layer, if the definition has one; of a volume, the path of that.
    pub path: Option<String>,
    /// Where guests find the disk, if it is served through a socket.
    pub uri: Option<String>,
    /// Where guests find the disk over TCP, if it is served there.
    pub tcp_uri: Option<String>,
    /// The index of its active layer.
    pub index: Option<u32>,
    /// What guests have done with it.
    pub stats: DiskStats,
    /// The offset behind which a write is told of; 0 for none.
    pub threshold: u64,
    /// Why a request has failed since the domain was resumed or started.
    pub failed: Option<Errno>,
    /// The last failure since the domain was started.
    pub last_failure: Option<(Errno, SystemTime)>,
    /// How far it has been streamed, as positions on the disk, if a job or a caller streams it.
    pub streamed: Option<Progress>,
}

/// An image of an open disk.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageReport {
    pub index: u32,
    pub path: PathBuf,
    pub sizes: Result<BlockInfo>,
}

/// A disk that is to have another size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResizeRequest {
    pub target: String,
    pub bytes: u64,
    /// The size is that of the device that the disk is on.
    pub to_capacity: bool,
    /// A smaller size is refused.
    pub only_extend: bool,
}
