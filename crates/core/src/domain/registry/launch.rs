//! Starting what runs a domain: what that is, is the launcher's choice.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::domains::Domains;
use super::owner::Owner;
use crate::domain::config::definition::Definition;
use crate::domain::images::Images;
use crate::domain::machine::Machine;
use crate::domain::machine::condition::Condition;
use crate::error::*;
use crate::event::brokers::Brokers;

/// What a new running domain is made of.
pub struct Start {
    pub id: i32,
    pub definition: Arc<Definition>,
    /// What the domain is doing as soon as it runs.
    pub condition: Condition,
    /// The connection with which the domain is to end.
    pub autodestroy: Option<u64>,
    /// Where the sockets of its disks are. `None`: the disks are not served through any.
    pub folder: Option<PathBuf>,
    /// The lock that says in which process the domain runs.
    pub owner: Option<Owner>,
    /// Whom to tell of events.
    pub events: Arc<Brokers>,
    pub images: Images,
    /// The domains that it is one of.
    pub domains: Weak<Domains>,
}

/// Makes a machine that runs a domain: opens its disks, and serves them. What was opened before an error
/// is closed again.
pub type Launcher = fn(Start) -> Result<Arc<dyn Machine>>;
