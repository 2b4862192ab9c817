//! What runs a domain in this process: its disks, which are open, locked and served, and the jobs on them.

pub mod description;
pub mod disk;
mod disk_access;
mod exports;
pub mod jobs;
mod machine;
mod redefine;
mod report;
pub mod running;
mod snapshot;
mod stop;

pub use machine::launch;

use std::time::Duration;

/// How long an abort waits for a target that does not answer before it is given up.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a thread that must not block looks whether others have finished changing a domain.
const POLL_INTERVAL: Duration = Duration::from_millis(5);
