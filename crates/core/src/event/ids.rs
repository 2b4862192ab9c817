//! The ids of the events of domains and pools, by libvirt's numbers, and what an event of each id says. A
//! callback is registered for an id, and is a function with the parameters of that id.

use super::broker::{Event, ObjectKind, Payload, Setting};
use crate::enums::domain_event::virDomainEventID;
use crate::enums::storage_pool::virStoragePoolEventID;

/// How many ids of domains' events there are.
pub const IDS: usize = virDomainEventID::VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE as usize + 1;

pub const LIFECYCLE: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_LIFECYCLE as i32;
pub const IO_ERROR: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_IO_ERROR as i32;
pub const IO_ERROR_REASON: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON as i32;
pub const BLOCK_JOB: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_BLOCK_JOB as i32;
pub const DEVICE_REMOVED: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED as i32;
pub const BLOCK_JOB_2: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2 as i32;
pub const TUNABLE: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_TUNABLE as i32;
pub const DEVICE_ADDED: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_DEVICE_ADDED as i32;
pub const DEVICE_REMOVAL_FAILED: i32 =
    virDomainEventID::VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED as i32;
pub const METADATA_CHANGE: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_METADATA_CHANGE as i32;
pub const BLOCK_THRESHOLD: i32 = virDomainEventID::VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD as i32;

/// The events of pools.
pub const POOL_LIFECYCLE: i32 = virStoragePoolEventID::VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE as i32;
pub const POOL_REFRESH: i32 = virStoragePoolEventID::VIR_STORAGE_POOL_EVENT_ID_REFRESH as i32;

/// Whether an event is one that callbacks for its kind and id can be called with. Those of other processes come
/// from a file that anybody of this user can write to; an event that does not fit would call a function with
/// parameters of another type.
pub fn check(event: &Event) -> Result<(), String> {
    let fits = match event.kind {
        ObjectKind::Domain => matches!(
            (event.id, &event.payload),
            (LIFECYCLE, Payload::Lifecycle { .. })
                | (IO_ERROR | IO_ERROR_REASON, Payload::IoError { .. })
                | (BLOCK_JOB | BLOCK_JOB_2, Payload::BlockJob { .. })
                | (DEVICE_ADDED | DEVICE_REMOVED | DEVICE_REMOVAL_FAILED, Payload::Device { .. })
                | (METADATA_CHANGE, Payload::Metadata { .. })
                | (BLOCK_THRESHOLD, Payload::Threshold { .. })
                | (TUNABLE, Payload::Tunable { .. })
        ),
        ObjectKind::Pool => matches!(
            (event.id, &event.payload),
            (POOL_LIFECYCLE, Payload::Lifecycle { .. }) | (POOL_REFRESH, Payload::Refresh)
        ),
        // These have no events.
        ObjectKind::Network | ObjectKind::Device | ObjectKind::Secret => false,
    };
    if !fits {
        return Err(format!("it is not what event {} of a {:?} says", event.id, event.kind));
    }
    // They become strings of C.
    match texts(event).any(|text| text.contains('\0')) {
        true => Err("a text in it contains NUL".to_string()),
        false => Ok(()),
    }
}

/// All texts of an event.
fn texts(event: &Event) -> impl Iterator<Item = &str> {
    let named: Vec<&str> = match &event.payload {
        Payload::Lifecycle { .. } | Payload::Refresh => Vec::new(),
        Payload::IoError { path, alias, action: _, reason } => vec![path, alias, reason],
        Payload::BlockJob { disk, job: _, status: _ } => vec![disk],
        Payload::Device { alias } => vec![alias],
        Payload::Metadata { kind: _, uri } => uri.iter().map(String::as_str).collect(),
        Payload::Threshold { device, path, threshold: _, excess: _ } => {
            [device].into_iter().chain(path).map(String::as_str).collect()
        }
        Payload::Tunable { parameters } => parameters
            .iter()
            .flat_map(|(name, value)| match value {
                Setting::Number(_) => [Some(name.as_str()), None],
                Setting::Text(text) => [Some(name.as_str()), Some(text.as_str())],
            })
            .flatten()
            .collect(),
    };
    named.into_iter().chain([event.name.as_str()])
}
