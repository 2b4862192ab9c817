//! `libvirt-domain-snapshot.h`, first part: taking snapshots, and what is known of one.

use std::ffi::{c_char, c_int, c_uint};

use crate::call::entry;
use crate::domain::object::virDomainPtr;
use crate::handle::Cell;
use crate::host::virConnectPtr;
use crate::strings;
use virsparse_core::domain::{
    Domain, RevertFlags, Snapshot, SnapshotCreateFlags, SnapshotDeleteFlags, SnapshotXmlFlags,
};
use virsparse_core::error::*;

/// A snapshot of a domain.
pub type virDomainSnapshotPtr = *mut Cell;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;
const SNAPSHOT: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;

/// Takes a snapshot of a domain's disks: what is written from then on goes to a new image on top of
/// each, and the images until then stay as they were at one and the same instant. Guests' requests
/// wait meanwhile, and none is lost.
///
/// The description, `<domainsnapshot>`, may have a `<name>` (else it is the time in seconds), a
/// `<description>`, and `<disks>` with a `<disk name='NAME' snapshot='MODE'>` for each disk that is
/// to be treated in its own way. NAME is the target or the path of the image. MODE is "external",
/// "no" (nothing happens to the disk), or "manual" (the caller sees to it: the domain is paused when
/// the call returns). In it, `<source file='PATH'/>` says where the new image is to be, else it is
/// called like the old one with the snapshot's name as its extension. Its format is qcow2. Disks that
/// are not mentioned are treated as `snapshot` in the domain's definition says, else external; those
/// that are read-only or empty, not at all.
///
/// A domain of test:/// is kept as a whole unless VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY is given: its
/// definition, what it is doing, and what is in its images. MODE is then "internal" or "no".
///
/// The new image becomes a part of the domain's definition as it runs, and of the one that is kept.
///
/// @domain: the domain, running or not
/// @xmlDesc: the description
/// @flags: virDomainSnapshotCreateFlags; without VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE the flag
/// VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY is needed but for test:///
///
/// Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL: then nothing has
/// changed.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL, unknown flags, flags that exclude
/// each other, or a redefinition that does not fit; VIR_ERR_OPERATION_DENIED through a read-only
/// connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR for a bad description;
/// VIR_ERR_CONFIG_UNSUPPORTED for a file that is there already, a disk that is not, or what is not
/// done; VIR_ERR_OPERATION_FAILED for a name that is taken; VIR_ERR_BLOCK_COPY_ACTIVE or
/// VIR_ERR_OPERATION_UNSUPPORTED if a block job works on a disk; VIR_ERR_OPERATION_UNSUPPORTED for
/// flags that are not supported; VIR_ERR_OPERATION_INVALID; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSnapshotCreateXML(
    domain: virDomainPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virDomainSnapshotPtr {
    entry("virDomainSnapshotCreateXML", |call| {
        let object = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xmlDesc, SNAPSHOT, "xmlDesc")? };
        call.writable(&object, SNAPSHOT)?;
        let flags: SnapshotCreateFlags = call.flags(flags, DOMAIN)?;
        call.publish(object.create_snapshot(&xml, flags)?, domain)
    })
}

/// Describes a snapshot.
///
/// @snapshot: the snapshot
/// @flags: virDomainSnapshotXMLFlags
///
/// Return Value: the `<domainsnapshot>`, to be freed by the caller, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_OPERATION_DENIED for secrets through a read-only connection;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotGetXMLDesc(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> *mut c_char {
    entry("virDomainSnapshotGetXMLDesc", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        let flags: SnapshotXmlFlags = call.flags(flags, DOMAIN)?;
        strings::to_c(&object.xml(flags)?)
    })
}

/// Returns a snapshot's name.
///
/// @snapshot: the snapshot
///
/// Return Value: the name, which is valid while the snapshot is, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
///
/// Since 0.9.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotGetName(snapshot: virDomainSnapshotPtr) -> *const c_char {
    entry("virDomainSnapshotGetName", |call| {
        Ok(call.object::<Snapshot>(snapshot)?.c_name().as_ptr())
    })
}

/// Returns a snapshot's domain.
///
/// @snapshot: the snapshot
///
/// Return Value: the domain, without a reference of its own: it is valid while the snapshot is. Or
/// NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
///
/// Since 0.9.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotGetDomain(snapshot: virDomainSnapshotPtr) -> virDomainPtr {
    entry("virDomainSnapshotGetDomain", |call| {
        call.object::<Snapshot>(snapshot)?;
        Ok(call.domain(snapshot)?.handle())
    })
}

/// Returns a snapshot's connection.
///
/// @snapshot: the snapshot
///
/// Return Value: the connection, without a reference of its own: it is valid while the snapshot is.
/// Or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
///
/// Since 0.9.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotGetConnect(snapshot: virDomainSnapshotPtr) -> virConnectPtr {
    entry("virDomainSnapshotGetConnect", |call| {
        call.object::<Snapshot>(snapshot)?;
        Ok(call.connection(snapshot)?.handle())
    })
}

/// Finds the snapshot that was the current one when a snapshot was taken.
///
/// @snapshot: the snapshot
/// @flags: 0
///
/// Return Value: the parent, to be released with virDomainSnapshotFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT if it has none, or is gone itself; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.7.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotGetParent(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> virDomainSnapshotPtr {
    entry("virDomainSnapshotGetParent", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        call.no_flags(flags, DOMAIN)?;
        call.publish(object.parent()?, snapshot)
    })
}

/// Tells whether a snapshot is its domain's current one.
///
/// @snapshot: the snapshot
/// @flags: 0
///
/// Return Value: 1 if it is, 0 if not, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotIsCurrent(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotIsCurrent", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        call.no_flags(flags, DOMAIN)?;
        object.is_current().map(c_int::from)
    })
}

/// Tells whether something is kept of a snapshot, as it is of all that can be found.
///
/// @snapshot: the snapshot
/// @flags: 0
///
/// Return Value: 1, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone, or was taken with
/// VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotHasMetadata(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotHasMetadata", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        call.no_flags(flags, DOMAIN)?;
        object.has_metadata().map(c_int::from)
    })
}

/// Makes a domain of test:/// what it was when a snapshot of all of it was taken: it is stopped, gets its
/// definition and what was in its images back, and is started again if it was running then or @flags want
/// it. That is not done elsewhere, nor for snapshots of disks alone.
///
/// @snapshot: the snapshot
/// @flags: virDomainSnapshotRevertFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags, or such that
/// exclude each other; VIR_ERR_OPERATION_DENIED through a read-only connection;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone; VIR_ERR_CONFIG_UNSUPPORTED for what is
/// not done; VIR_ERR_SNAPSHOT_REVERT_RISKY if a running domain would have to be started anew, without
/// VIR_DOMAIN_SNAPSHOT_REVERT_FORCE; VIR_ERR_SYSTEM_ERROR if an image is in use.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainRevertToSnapshot(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainRevertToSnapshot", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        call.writable(&object, SNAPSHOT)?;
        let flags: RevertFlags = call.flags(flags, DOMAIN)?;
        object.revert(flags).map(|()| 0)
    })
}

/// Forgets a snapshot, or those below it. What is in images stays there, and only
/// VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY says that this is what is wanted. Snapshots that lose
/// their parent get that one's.
///
/// @snapshot: the snapshot
/// @flags: virDomainSnapshotDeleteFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags, or such that
/// exclude each other; VIR_ERR_OPERATION_DENIED through a read-only connection;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone; VIR_ERR_CONFIG_UNSUPPORTED if
/// something of it is in images; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotDelete(snapshot: virDomainSnapshotPtr, flags: c_uint) -> c_int {
    entry("virDomainSnapshotDelete", |call| {
        let object = call.object::<Snapshot>(snapshot)?;
        call.writable(&object, SNAPSHOT)?;
        let flags: SnapshotDeleteFlags = call.flags(flags, DOMAIN)?;
        object.delete(flags).map(|()| 0)
    })
}

/// Adds a reference to a snapshot: it takes one more virDomainSnapshotFree to release it.
///
/// @snapshot: the snapshot
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotRef(snapshot: virDomainSnapshotPtr) -> c_int {
    entry("virDomainSnapshotRef", |call| call.retain::<Snapshot>(snapshot))
}

/// Releases a reference to a snapshot. The snapshot itself stays what it is.
///
/// @snapshot: the snapshot
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotFree(snapshot: virDomainSnapshotPtr) -> c_int {
    entry("virDomainSnapshotFree", |call| call.release::<Snapshot>(snapshot))
}
