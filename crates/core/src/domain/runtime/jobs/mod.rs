//! Block jobs on the disks of a running domain.

pub mod allocate;
pub mod copy;
pub mod job;
pub mod pull_commit;
pub mod stream;
