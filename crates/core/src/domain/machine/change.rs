//! Changes of a running domain: its end, its definition, its disks, and snapshots of them.

use std::sync::Arc;
use std::time::Duration;

use super::condition::Condition;
use crate::domain::config::definition::Definition;
use crate::domain::events::Lifecycle;
use crate::domain::snapshot_store::description::Description;
use crate::error::Error;

/// How a domain is to stop, and what is told of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopRequest {
    /// How long requests of guests that have arrived may still take.
    pub drain: Duration,
    /// Servers of disks that do not answer are given up after some time.
    pub forced: bool,
    /// Why the domain does not run afterwards.
    pub off: Condition,
    pub events: Vec<Lifecycle>,
}

/// A new definition of a running domain, and of the one that is kept, and what is to be done for it.
/// Nothing is changed if either has become another than it was when the new one was made from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redefinition {
    pub live: Replacement,
    pub kept: Option<Replacement>,
    pub change: DiskChange,
}

/// A definition and what it is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    pub before: Arc<Definition>,
    pub after: Arc<Definition>,
}

/// What is done to the disks of a running domain for its new definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskChange {
    /// Nothing: the definition only says more of them.
    None,
    /// Guests are held to new limits.
    Throttle,
    /// A disk of that target is opened and served.
    Attach(String),
    /// A disk of that target is taken from its guests.
    Detach(String),
    /// Another image is put into the drive of that target, or none.
    Medium(String),
}

/// What has become of a redefinition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redefined {
    Done,
    /// A disk is detached, and what was written to it last could not be brought to stable storage.
    NotFlushed(Error),
    /// A definition has become another one meanwhile; nothing has been changed.
    Outdated,
}

/// A snapshot that is to be taken of a running domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRequest {
    /// As the caller has described it.
    pub snapshot: Description,
    /// Everything is kept, not only the disks: in memory.
    pub whole: bool,
    /// The new images are there already.
    pub reuse: bool,
    /// Nothing is written down of it.
    pub no_metadata: bool,
    /// The domain stops with it.
    pub halt: bool,
    /// The guest is asked to be still.
    pub quiesce: bool,
}
