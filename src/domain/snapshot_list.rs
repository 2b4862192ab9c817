//! `libvirt-domain-snapshot.h`, second part: finding snapshots.

use std::ffi::{c_char, c_int, c_uint};
use std::sync::Arc;

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::domain::snapshot::virDomainSnapshotPtr;
use crate::lists::{list, store_names_as};
use virsparse_core::domain::{Domain, Snapshot, SnapshotListFlags, no_snapshot};
use virsparse_core::error::*;

/// Of a snapshot's children, those below them, too: the bit that is VIR_DOMAIN_SNAPSHOT_LIST_ROOTS
/// where a domain's are listed. Since 0.9.7.
pub const VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS: c_uint = 1 << 0;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;
const SNAPSHOT: virErrorDomain = VIR_FROM_DOMAIN_SNAPSHOT;

fn of_domain(call: &Call, domain: virDomainPtr, flags: c_uint) -> Result<Vec<Arc<Snapshot>>> {
    let object = call.object::<Domain>(domain)?;
    object.snapshots(call.flags::<SnapshotListFlags>(flags, DOMAIN)?)
}

fn of_snapshot(
    call: &Call,
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> Result<Vec<Arc<Snapshot>>> {
    let object = call.object::<Snapshot>(snapshot)?;
    object.children(call.flags::<SnapshotListFlags>(flags, DOMAIN)?)
}

/// Counts a domain's snapshots.
///
/// @domain: the domain
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
/// domain is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotNum(domain: virDomainPtr, flags: c_uint) -> c_int {
    entry("virDomainSnapshotNum", |call| Ok(of_domain(call, domain, flags)?.len() as c_int))
}

/// Lists the names of a domain's snapshots.
///
/// @domain: the domain
/// @names: an array for the names, each of which the caller frees
/// @nameslen: how many the array holds
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @names is NULL or @nameslen negative, or
/// for unknown flags; VIR_ERR_NO_DOMAIN if the domain is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSnapshotListNames(
    domain: virDomainPtr,
    names: *mut *mut c_char,
    nameslen: c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotListNames", |call| {
        let found = of_domain(call, domain, flags)?;
        let found = found.iter().map(|snapshot| snapshot.name());
        // SAFETY: the caller's promise.
        unsafe { store_names_as(call, SNAPSHOT, found, names, nameslen, "nameslen") }
    })
}

/// Lists a domain's snapshots.
///
/// @domain: the domain
/// @snaps: where to store a list of snapshots with NULL behind the last: the caller releases each
/// with virDomainSnapshotFree, then the list with free; NULL to count only
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: how many snapshots there are, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
/// domain is gone.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainListAllSnapshots(
    domain: virDomainPtr,
    snaps: *mut *mut virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainListAllSnapshots", |call| {
        let found = of_domain(call, domain, flags)?;
        // SAFETY: the caller's promise.
        unsafe { list(call, domain, found, snaps) }
    })
}

/// Counts the children of a snapshot, or all below it.
///
/// @snapshot: the snapshot
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
///
/// Since 0.9.7.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotNumChildren(
    snapshot: virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotNumChildren", |call| {
        Ok(of_snapshot(call, snapshot, flags)?.len() as c_int)
    })
}

/// Lists the names of the children of a snapshot, or of all below it.
///
/// @snapshot: the snapshot
/// @names: an array for the names, each of which the caller frees
/// @nameslen: how many the array holds
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG if @names is NULL or @nameslen
/// negative, or for unknown flags; VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
///
/// Since 0.9.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSnapshotListChildrenNames(
    snapshot: virDomainSnapshotPtr,
    names: *mut *mut c_char,
    nameslen: c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotListChildrenNames", |call| {
        let found = of_snapshot(call, snapshot, flags)?;
        let found = found.iter().map(|snapshot| snapshot.name());
        // SAFETY: the caller's promise.
        unsafe { store_names_as(call, SNAPSHOT, found, names, nameslen, "nameslen") }
    })
}

/// Lists the children of a snapshot, or all below it.
///
/// @snapshot: the snapshot
/// @snaps: where to store a list of snapshots with NULL behind the last: the caller releases each
/// with virDomainSnapshotFree, then the list with free; NULL to count only
/// @flags: virDomainSnapshotListFlags
///
/// Return Value: how many snapshots there are, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
///
/// Since 0.9.13.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSnapshotListAllChildren(
    snapshot: virDomainSnapshotPtr,
    snaps: *mut *mut virDomainSnapshotPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainSnapshotListAllChildren", |call| {
        let found = of_snapshot(call, snapshot, flags)?;
        // SAFETY: the caller's promise.
        unsafe { list(call, snapshot, found, snaps) }
    })
}

/// Finds a domain's snapshot by its name.
///
/// @domain: the domain
/// @name: the name
/// @flags: 0
///
/// Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @name is NULL or for flags;
/// VIR_ERR_NO_DOMAIN_SNAPSHOT; VIR_ERR_NO_DOMAIN if the domain is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSnapshotLookupByName(
    domain: virDomainPtr,
    name: *const c_char,
    flags: c_uint,
) -> virDomainSnapshotPtr {
    entry("virDomainSnapshotLookupByName", |call| {
        let object = call.object::<Domain>(domain)?;
        // SAFETY: the caller's promise.
        let name = unsafe { call.lookup_key(name, SNAPSHOT, "name", no_snapshot)? };
        call.no_flags(flags, DOMAIN)?;
        call.publish(object.snapshot_by_name(&name)?, domain)
    })
}

/// Tells whether a domain has a current snapshot: the one that it has gone on from.
///
/// @domain: the domain
/// @flags: 0
///
/// Return Value: 1 if it has, 0 if not, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN if the domain
/// is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainHasCurrentSnapshot(domain: virDomainPtr, flags: c_uint) -> c_int {
    entry("virDomainHasCurrentSnapshot", |call| {
        let object = call.object::<Domain>(domain)?;
        call.no_flags(flags, DOMAIN)?;
        object.has_current_snapshot().map(c_int::from)
    })
}

/// Finds a domain's current snapshot: the one that it has gone on from.
///
/// @domain: the domain
/// @flags: 0
///
/// Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN_SNAPSHOT if
/// there is none; VIR_ERR_NO_DOMAIN if the domain is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSnapshotCurrent(
    domain: virDomainPtr,
    flags: c_uint,
) -> virDomainSnapshotPtr {
    entry("virDomainSnapshotCurrent", |call| {
        let object = call.object::<Domain>(domain)?;
        call.no_flags(flags, DOMAIN)?;
        call.publish(object.current_snapshot()?, domain)
    })
}
