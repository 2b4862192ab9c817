//! Requests of several parts, as they are sent and as a machine takes them.

use std::sync::Arc;
use std::time::Duration;

use super::methods::{self, DomainRedefined, Redefine, StartCopy, TakeSnapshot};
use super::wire::{invalid, nanoseconds};
use crate::block::Format;
use crate::domain::config::definition::Definition;
use crate::domain::machine::Machine;
use crate::domain::machine::block_job::{CopyDestination, CopyFlags, CopyParameters, CopyRequest};
use crate::domain::machine::change::{
    DiskChange, Redefined, Redefinition, Replacement, SnapshotRequest,
};
use crate::domain::snapshot_store::description::{Description, SHUTOFF, SnapshotDisk, check_name};
use crate::error::*;
use crate::xml;

/// Flags, if this version knows them all.
pub fn flags<T>(known: Option<T>) -> Result<T> {
    known.ok_or_else(|| invalid("flags that this version does not know"))
}

/// A copy, as it is sent.
pub fn start_copy(target: String, request: &CopyRequest) -> StartCopy {
    let CopyRequest { destination: to, parameters, flags } = request.clone();
    let CopyParameters { bandwidth, granularity, buffer_size } = parameters;
    StartCopy {
        target,
        kind: to.kind,
        element: to.element.to_xml(),
        source: to.source.into(),
        format: to.format.map(|format| format.name().to_string()),
        assumed: to.assumed,
        timeout: to.timeout.map(nanoseconds),
        bandwidth,
        granularity,
        buffer_size,
        flags: flags.bits(),
    }
}

/// A copy, as it has arrived.
pub fn copy_request(sent: StartCopy) -> Result<CopyRequest> {
    let format = |name: String| {
        Format::from_name(&name).ok_or_else(|| invalid("a format that this version does not know"))
    };
    let StartCopy { bandwidth, granularity, buffer_size, .. } = sent;
    Ok(CopyRequest {
        destination: CopyDestination {
            kind: sent.kind,
            element: xml::parse_stored(&sent.element, "disk_definition", VIR_FROM_DOMAIN)?,
            source: sent.source.try_into()?,
            format: sent.format.map(format).transpose()?,
            assumed: sent.assumed,
            timeout: sent.timeout.map(Duration::from_nanos),
        },
        parameters: CopyParameters { bandwidth, granularity, buffer_size },
        flags: flags(CopyFlags::from_bits(sent.flags))?,
    })
}

/// New definitions, as they are sent.
pub fn redefine(request: &Redefinition) -> Redefine {
    let (change, target) = match &request.change {
        DiskChange::None => (methods::DiskChange::None, None),
        DiskChange::Throttle => (methods::DiskChange::Throttle, None),
        DiskChange::Attach(target) => (methods::DiskChange::Attach, Some(target)),
        DiskChange::Detach(target) => (methods::DiskChange::Detach, Some(target)),
        DiskChange::Medium(target) => (methods::DiskChange::Medium, Some(target)),
    };
    let kept = request.kept.as_ref();
    Redefine {
        live_before: request.live.before.to_xml(),
        live_after: request.live.after.to_xml(),
        kept_before: kept.map(|kept| kept.before.to_xml()),
        kept_after: kept.map(|kept| kept.after.to_xml()),
        change,
        target: target.cloned(),
    }
}

/// New definitions, as they have arrived at a machine.
pub fn redefinition(sent: Redefine, machine: &dyn Machine) -> Result<Redefinition> {
    let definition = |text: &str| Definition::parse_stored(text).map(Arc::new);
    // What is written down may be read as a tree that differs from the one that was written, in what does
    // not count.
    let now = machine.definition()?;
    let before = match now.to_xml() == sent.live_before {
        true => now,
        false => definition(&sent.live_before)?,
    };
    let live = Replacement { before, after: definition(&sent.live_after)? };
    let kept = match (&sent.kept_before, &sent.kept_after) {
        (Some(before), Some(after)) => {
            Some(Replacement { before: definition(before)?, after: definition(after)? })
        }
        (None, None) => None,
        _ => return Err(invalid("half of a new definition")),
    };
    let target = || sent.target.clone().ok_or_else(|| invalid("a change of no disk"));
    let change = match sent.change {
        methods::DiskChange::None => DiskChange::None,
        methods::DiskChange::Throttle => DiskChange::Throttle,
        methods::DiskChange::Attach => DiskChange::Attach(target()?),
        methods::DiskChange::Detach => DiskChange::Detach(target()?),
        methods::DiskChange::Medium => DiskChange::Medium(target()?),
    };
    Ok(Redefinition { live, kept, change })
}

/// What has become of them, as it is sent.
pub fn redefined(done: Redefined) -> DomainRedefined {
    let (outcome, error) = match done {
        Redefined::Done => (methods::Redefined::Done, None),
        Redefined::NotFlushed(error) => (methods::Redefined::Unflushed, Some(error.into())),
        Redefined::Outdated => (methods::Redefined::Outdated, None),
    };
    DomainRedefined { outcome, error }
}

/// What has become of them, as it has arrived.
pub fn redefined_there(sent: DomainRedefined) -> Result<Redefined> {
    match (sent.outcome, sent.error) {
        (methods::Redefined::Done, None) => Ok(Redefined::Done),
        (methods::Redefined::Unflushed, Some(error)) => Ok(Redefined::NotFlushed(error.into())),
        (methods::Redefined::Outdated, None) => Ok(Redefined::Outdated),
        _ => Err(invalid("an outcome and an error that do not fit together")),
    }
}

/// A snapshot of disks that is to be taken, as it is sent.
pub fn take_snapshot(request: &SnapshotRequest) -> TakeSnapshot {
    let SnapshotRequest { snapshot, whole: _, reuse, no_metadata, halt, quiesce } = request.clone();
    TakeSnapshot {
        name: snapshot.name,
        description: snapshot.description,
        created: snapshot.created,
        memory: snapshot.memory.to_xml(),
        disks: snapshot.disks.into_iter().map(Into::into).collect(),
        reuse,
        no_metadata,
        halt,
        quiesce,
    }
}

/// A snapshot of disks that is to be taken, as it has arrived.
pub fn snapshot_request(sent: TakeSnapshot) -> Result<SnapshotRequest> {
    let TakeSnapshot { name, description, created, memory, disks, .. } = sent;
    let disks = disks.into_iter().map(SnapshotDisk::try_from).collect::<Result<_>>()?;
    check_name(&name)?;
    let snapshot = Description {
        name,
        description,
        state: SHUTOFF.to_string(),
        parent: None,
        created,
        memory: xml::parse_stored(&memory, "domain_snapshot", VIR_FROM_DOMAIN_SNAPSHOT)?,
        disks,
        domain: None,
        inactive: None,
    };
    let TakeSnapshot { reuse, no_metadata, halt, quiesce, .. } = sent;
    Ok(SnapshotRequest { snapshot, whole: false, reuse, no_metadata, halt, quiesce })
}
