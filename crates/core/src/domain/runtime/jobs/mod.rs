//! Block jobs on the disks of a running domain.

pub mod allocate;
pub mod copy;
mod copy_target;
pub mod job;
pub mod pull_commit;
pub mod stream;
