//! Which definition a machine is started with.

use serde::{Deserialize, Serialize};

/// Where the definition of a domain comes from that is to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The caller has given it.
    Caller,
    /// It is the one that is kept: as that is when the start begins, not as somebody has seen it before. Others
    /// may have run the domain since, and have moved its disks to other images.
    Kept,
    /// It is that of a snapshot, to which the domain goes back.
    Snapshot,
}
