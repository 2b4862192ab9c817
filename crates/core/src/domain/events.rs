//! The events of domains: their ids and details, by libvirt's numbers.

use uuid::Uuid;

use crate::enums::domain_event::{
    virDomainEventDefinedDetailType, virDomainEventIOErrorAction, virDomainEventResumedDetailType,
    virDomainEventShutdownDetailType, virDomainEventStartedDetailType,
    virDomainEventStoppedDetailType, virDomainEventSuspendedDetailType, virDomainEventType,
    virDomainEventUndefinedDetailType,
};
use crate::event::broker::{Event, ObjectKind, Payload};
pub use crate::event::ids::{
    BLOCK_JOB, BLOCK_JOB_2, BLOCK_THRESHOLD, DEVICE_ADDED, DEVICE_REMOVED, IDS, IO_ERROR,
    IO_ERROR_REASON, LIFECYCLE, METADATA_CHANGE, TUNABLE,
};

/// The guest is told of an error, and goes on: a virDomainEventIOErrorAction.
pub const REPORT: i32 = virDomainEventIOErrorAction::VIR_DOMAIN_EVENT_IO_ERROR_REPORT as i32;

/// What happens in a domain's life: a virDomainEventType with its detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle(i32, i32);

impl Lifecycle {
    /// The event of a virDomainEventType and its detail.
    pub fn from_numbers(event: i32, detail: i32) -> Lifecycle {
        Lifecycle(event, detail)
    }

    /// The virDomainEventType and its detail.
    pub fn numbers(self) -> (i32, i32) {
        (self.0, self.1)
    }

    pub const DEFINED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_DEFINED as i32,
        virDomainEventDefinedDetailType::VIR_DOMAIN_EVENT_DEFINED_ADDED as i32,
    );
    pub const UPDATED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_DEFINED as i32,
        virDomainEventDefinedDetailType::VIR_DOMAIN_EVENT_DEFINED_UPDATED as i32,
    );
    pub const DEFINED_RENAMED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_DEFINED as i32,
        virDomainEventDefinedDetailType::VIR_DOMAIN_EVENT_DEFINED_RENAMED as i32,
    );
    pub const UNDEFINED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_UNDEFINED as i32,
        virDomainEventUndefinedDetailType::VIR_DOMAIN_EVENT_UNDEFINED_REMOVED as i32,
    );
    pub const UNDEFINED_RENAMED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_UNDEFINED as i32,
        virDomainEventUndefinedDetailType::VIR_DOMAIN_EVENT_UNDEFINED_RENAMED as i32,
    );
    pub const STARTED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STARTED as i32,
        virDomainEventStartedDetailType::VIR_DOMAIN_EVENT_STARTED_BOOTED as i32,
    );
    pub const SUSPENDED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_SUSPENDED as i32,
        virDomainEventSuspendedDetailType::VIR_DOMAIN_EVENT_SUSPENDED_PAUSED as i32,
    );
    /// As a snapshot has it.
    pub const STARTED_AGAIN: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STARTED as i32,
        virDomainEventStartedDetailType::VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT as i32,
    );
    pub const SUSPENDED_AGAIN: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_SUSPENDED as i32,
        virDomainEventSuspendedDetailType::VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT as i32,
    );
    pub const RESUMED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_RESUMED as i32,
        virDomainEventResumedDetailType::VIR_DOMAIN_EVENT_RESUMED_UNPAUSED as i32,
    );
    pub const STOPPED_SHUTDOWN: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STOPPED as i32,
        virDomainEventStoppedDetailType::VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN as i32,
    );
    pub const STOPPED_DESTROYED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STOPPED as i32,
        virDomainEventStoppedDetailType::VIR_DOMAIN_EVENT_STOPPED_DESTROYED as i32,
    );
    /// The process that ran it has ended without stopping it.
    pub const STOPPED_FAILED: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STOPPED as i32,
        virDomainEventStoppedDetailType::VIR_DOMAIN_EVENT_STOPPED_FAILED as i32,
    );
    pub const STOPPED_FOR_SNAPSHOT: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_STOPPED as i32,
        virDomainEventStoppedDetailType::VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT as i32,
    );
    pub const SHUTDOWN_GUEST: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_SHUTDOWN as i32,
        virDomainEventShutdownDetailType::VIR_DOMAIN_EVENT_SHUTDOWN_GUEST as i32,
    );
    pub const SHUTDOWN_HOST: Lifecycle = Lifecycle(
        virDomainEventType::VIR_DOMAIN_EVENT_SHUTDOWN as i32,
        virDomainEventShutdownDetailType::VIR_DOMAIN_EVENT_SHUTDOWN_HOST as i32,
    );

    pub fn payload(self) -> Payload {
        Payload::Lifecycle { event: self.0, detail: self.1 }
    }
}

/// An event about a domain.
pub fn event(name: &str, uuid: Uuid, id: i32, payload: Payload) -> Event {
    Event { kind: ObjectKind::Domain, id, name: name.to_string(), uuid, payload }
}
