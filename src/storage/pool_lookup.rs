//! `libvirt-storage.h`: which pools there are, and what kinds of pool there can be.

use std::ffi::{c_char, c_int, c_uchar, c_uint};

use uuid::Uuid;

use super::pool::virStoragePoolPtr;
use super::volume::virStorageVolPtr;
use crate::call::{Call, entry};
use crate::host::virConnectPtr;
use crate::lists::{list, store_names};
use crate::strings;
use virsparse_core::error::*;
use virsparse_core::storage::{self, ListFlags, Pool, Volume, no_pool, no_source_discovery};

const STORAGE: virErrorDomain = VIR_FROM_STORAGE;

/// Lists the pools of a connection.
///
/// @conn: the connection
/// @pools: where to store a list of pools with NULL behind the last: the caller releases each pool
/// with virStoragePoolFree, then the list with free; NULL to count only
/// @flags: virConnectListAllStoragePoolsFlags. Bits of one group ({INACTIVE, ACTIVE}, {PERSISTENT,
/// TRANSIENT}, {AUTOSTART, NO_AUTOSTART}, the types) are alternatives; a group without bits does
/// not filter
///
/// Return Value: how many pools there are, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 0.10.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListAllStoragePools(
    conn: virConnectPtr,
    pools: *mut *mut virStoragePoolPtr,
    flags: c_uint,
) -> c_int {
    entry("virConnectListAllStoragePools", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        let filter: ListFlags = call.flags(flags, STORAGE)?;
        // SAFETY: the caller's promise.
        unsafe { list(call, conn, connect.storage().list_pools(filter)?, pools) }
    })
}

fn count_pools(call: &Call, conn: virConnectPtr, filter: ListFlags) -> Result<c_int> {
    let connect = call.connect_in(conn, STORAGE)?;
    Ok(connect.storage().list_pools(filter)?.len() as c_int)
}

/// Counts the active pools.
///
/// @conn: the connection
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectNumOfStoragePools(conn: virConnectPtr) -> c_int {
    entry("virConnectNumOfStoragePools", |call| count_pools(call, conn, ListFlags::ACTIVE))
}

/// Counts the inactive pools.
///
/// @conn: the connection
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectNumOfDefinedStoragePools(conn: virConnectPtr) -> c_int {
    entry("virConnectNumOfDefinedStoragePools", |call| count_pools(call, conn, ListFlags::INACTIVE))
}

/// # Safety
/// `names` is NULL or has room for `maxnames` pointers.
unsafe fn pool_names(
    call: &Call,
    conn: virConnectPtr,
    names: *mut *mut c_char,
    maxnames: c_int,
    filter: ListFlags,
) -> Result<c_int> {
    let pools = call.connect_in(conn, STORAGE)?.storage().list_pools(filter)?;
    // SAFETY: the caller's promise.
    unsafe { store_names(call, STORAGE, pools.iter().map(|pool| pool.name()), names, maxnames) }
}

/// Lists the names of active pools.
///
/// @conn: the connection
/// @names: an array for the names, each of which the caller frees
/// @maxnames: how many the array holds
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListStoragePools(
    conn: virConnectPtr,
    names: *mut *mut c_char,
    maxnames: c_int,
) -> c_int {
    entry("virConnectListStoragePools", |call| {
        // SAFETY: the caller's promise.
        unsafe { pool_names(call, conn, names, maxnames, ListFlags::ACTIVE) }
    })
}

/// Lists the names of inactive pools.
///
/// @conn: the connection
/// @names: an array for the names, each of which the caller frees
/// @maxnames: how many the array holds
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectListDefinedStoragePools(
    conn: virConnectPtr,
    names: *mut *mut c_char,
    maxnames: c_int,
) -> c_int {
    entry("virConnectListDefinedStoragePools", |call| {
        // SAFETY: the caller's promise.
        unsafe { pool_names(call, conn, names, maxnames, ListFlags::INACTIVE) }
    })
}

/// Looks for places that could be pools. No type of pool that is here can be looked for.
///
/// @conn: the connection
/// @type: a type of pool
/// @srcSpec: ignored
/// @flags: 0
///
/// Return Value: NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @type is NULL; VIR_ERR_OPERATION_DENIED on
/// a read-only connection; VIR_ERR_INTERNAL_ERROR for a type that is not known; VIR_ERR_NO_SUPPORT
/// for the others.
///
/// Since 0.4.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectFindStoragePoolSources(
    conn: virConnectPtr,
    r#type: *const c_char,
    srcSpec: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    let _ = srcSpec;
    entry("virConnectFindStoragePoolSources", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let kind = unsafe { call.string(r#type, STORAGE, "type")? };
        call.writable(&connect, STORAGE)?;
        call.no_flags(flags, STORAGE)?;
        Err::<*mut c_char, _>(no_source_discovery(&kind))
    })
}

/// Describes which types of pool there are, and which of them work here.
///
/// @conn: the connection
/// @flags: 0
///
/// Return Value: XML with the root element `storagepoolCapabilities`, which the caller frees, or
/// NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags.
///
/// Since 5.2.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectGetStoragePoolCapabilities(
    conn: virConnectPtr,
    flags: c_uint,
) -> *mut c_char {
    entry("virConnectGetStoragePoolCapabilities", |call| {
        call.connect_in(conn, STORAGE)?;
        call.no_flags(flags, STORAGE)?;
        strings::to_c(&storage::capabilities())
    })
}

/// Finds a pool by its name.
///
/// @conn: the connection
/// @name: the name
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @name is NULL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolLookupByName(
    conn: virConnectPtr,
    name: *const c_char,
) -> virStoragePoolPtr {
    entry("virStoragePoolLookupByName", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let name = unsafe { call.lookup_key(name, STORAGE, "name", |n| no_pool("name", n))? };
        call.publish(connect.storage().pool_by_name(&name)?, conn)
    })
}

/// Finds a pool by its UUID.
///
/// @conn: the connection
/// @uuid: the UUID, VIR_UUID_BUFLEN bytes
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuid is NULL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolLookupByUUID(
    conn: virConnectPtr,
    uuid: *const c_uchar,
) -> virStoragePoolPtr {
    entry("virStoragePoolLookupByUUID", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        call.non_null(uuid, STORAGE, "uuid")?;
        // SAFETY: checked for NULL; the caller's 16 bytes.
        let bytes = unsafe { uuid.cast::<[u8; 16]>().read() };
        call.publish(connect.storage().pool_by_uuid(Uuid::from_bytes(bytes))?, conn)
    })
}

/// Finds a pool by its UUID as a string.
///
/// @conn: the connection
/// @uuidstr: the UUID
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuidstr is NULL or no UUID;
/// VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolLookupByUUIDString(
    conn: virConnectPtr,
    uuidstr: *const c_char,
) -> virStoragePoolPtr {
    entry("virStoragePoolLookupByUUIDString", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let text = unsafe { call.string(uuidstr, STORAGE, "uuidstr")? };
        let uuid = virsparse_core::xml::parse_uuid(&text)
            .ok_or_else(|| call.invalid_argument(STORAGE, "uuidstr", "be a valid UUID"))?;
        call.publish(connect.storage().pool_by_uuid(uuid)?, conn)
    })
}

/// Finds the pool that a volume is in.
///
/// @vol: the volume, which need not exist any more
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolLookupByVolume(vol: virStorageVolPtr) -> virStoragePoolPtr {
    entry("virStoragePoolLookupByVolume", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.publish(Pool::of_volume(&volume)?, vol)
    })
}

/// Finds the active pool whose volumes are in a folder.
///
/// @conn: the connection
/// @path: the folder
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @path is NULL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 4.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolLookupByTargetPath(
    conn: virConnectPtr,
    path: *const c_char,
) -> virStoragePoolPtr {
    entry("virStoragePoolLookupByTargetPath", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let path =
            unsafe { call.lookup_key(path, STORAGE, "path", |p| no_pool("target path", p))? };
        call.publish(connect.storage().pool_by_target(&path)?, conn)
    })
}
