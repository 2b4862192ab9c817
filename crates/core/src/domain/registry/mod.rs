//! Which domains there are, which of them run and in which process, and where that is kept.

pub mod change;
mod crash;
pub mod domains;
pub mod entry;
mod held;
mod hung;
pub mod launch;
mod off;
pub mod owner;
mod process;
pub mod starting;
pub mod status;
pub mod stored;
pub mod users;
mod whole_snapshot;
