//! Which domains there are, which of them run and in which process, and where that is kept.

pub mod domains;
pub mod launch;
pub mod owner;
mod process;
pub mod status;
pub mod stored;
pub mod users;
mod whole_snapshot;
