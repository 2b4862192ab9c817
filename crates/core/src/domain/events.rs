//! The events of domains: their ids and details, by libvirt's numbers.

use uuid::Uuid;

use crate::event::broker::{Event, ObjectKind, Payload};

/// How many event ids there are.
pub const IDS: usize = 30;

pub const LIFECYCLE: i32 = 0;
pub const IO_ERROR: i32 = 4;
pub const IO_ERROR_REASON: i32 = 6;
pub const BLOCK_JOB: i32 = 8;
pub const DEVICE_REMOVED: i32 = 15;
pub const BLOCK_JOB_2: i32 = 16;
pub const DEVICE_ADDED: i32 = 19;
pub const METADATA_CHANGE: i32 = 23;
pub const BLOCK_THRESHOLD: i32 = 24;

/// The guest is told of an error, and goes on: a virDomainEventIOErrorAction.
pub const REPORT: i32 = 2;

/// What happens in a domain's life: a virDomainEventType with its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle(i32, i32);

impl Lifecycle {
    pub const DEFINED: Lifecycle = Lifecycle(0, 0);
    pub const UPDATED: Lifecycle = Lifecycle(0, 1);
    pub const DEFINED_RENAMED: Lifecycle = Lifecycle(0, 2);
    pub const UNDEFINED: Lifecycle = Lifecycle(1, 0);
    pub const UNDEFINED_RENAMED: Lifecycle = Lifecycle(1, 1);
    pub const STARTED: Lifecycle = Lifecycle(2, 0);
    pub const SUSPENDED: Lifecycle = Lifecycle(3, 0);
    /// As a snapshot has it.
    pub const STARTED_AGAIN: Lifecycle = Lifecycle(2, 3);
    pub const SUSPENDED_AGAIN: Lifecycle = Lifecycle(3, 5);
    pub const RESUMED: Lifecycle = Lifecycle(4, 0);
    pub const STOPPED_SHUTDOWN: Lifecycle = Lifecycle(5, 0);
    pub const STOPPED_DESTROYED: Lifecycle = Lifecycle(5, 1);
    pub const STOPPED_FOR_SNAPSHOT: Lifecycle = Lifecycle(5, 6);
    pub const SHUTDOWN_GUEST: Lifecycle = Lifecycle(6, 1);
    pub const SHUTDOWN_HOST: Lifecycle = Lifecycle(6, 2);

    pub fn payload(self) -> Payload {
        Payload::Lifecycle { event: self.0, detail: self.1 }
    }
}

/// An event about a domain.
pub fn event(name: &str, uuid: Uuid, id: i32, payload: Payload) -> Event {
    Event { kind: ObjectKind::Domain, id, name: name.to_string(), uuid, payload }
}
