//! `libvirt-storage.h`, first part: pools.

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulonglong, c_void};
use std::sync::Arc;

use uuid::Uuid;

use crate::call::{Call, entry};
use crate::callback::call_c;
use crate::handle::{self, Cell};
use crate::host::virConnectPtr;
use crate::lists::{list, store_names};
use crate::opaque::Opaque;
use crate::storage_vol::virStorageVolPtr;
use crate::strings;
use crate::typed_params::virFreeCallback;
use virsparse_core::driver::Connect;
use virsparse_core::enums::storage_pool::{virStoragePoolDefineFlags, virStorageXMLFlags};
use virsparse_core::error::*;
use virsparse_core::event::broker::{Event, Interest, ObjectKind, Payload};
use virsparse_core::storage::{
    self, BuildFlags, CreateFlags, ListFlags, Pool, Volume, no_pool, no_source_discovery,
};

/// A storage pool: a place for volumes.
pub type virStoragePoolPtr = *mut Cell;

/// State and sizes of a pool. Since 0.4.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virStoragePoolInfo {
    /// What it is doing, a virStoragePoolState.
    pub state: c_int,
    /// Bytes that there are.
    pub capacity: c_ulonglong,
    /// Bytes that are taken.
    pub allocation: c_ulonglong,
    /// Bytes that are left.
    pub available: c_ulonglong,
}

/// State and sizes of a pool.
pub type virStoragePoolInfo = _virStoragePoolInfo;
/// Points at state and sizes of a pool.
pub type virStoragePoolInfoPtr = *mut virStoragePoolInfo;

/// Any callback for pool events: VIR_STORAGE_POOL_EVENT_CALLBACK casts to it. It is also the type
/// of the callback for VIR_STORAGE_POOL_EVENT_ID_REFRESH. `pool` is only valid during the call.
pub type virConnectStoragePoolEventGenericCallback =
    Option<unsafe extern "C" fn(conn: virConnectPtr, pool: virStoragePoolPtr, opaque: *mut c_void)>;

/// The callback for VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE: `event` is a
/// virStoragePoolEventLifecycleType, `detail` is 0. `pool` is only valid during the call.
pub type virConnectStoragePoolEventLifecycleCallback = Option<
    unsafe extern "C" fn(
        conn: virConnectPtr,
        pool: virStoragePoolPtr,
        event: c_int,
        detail: c_int,
        opaque: *mut c_void,
    ),
>;

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

bitflags::bitflags! {
    struct DefineFlags: u32 {
        const VALIDATE = virStoragePoolDefineFlags::VIR_STORAGE_POOL_DEFINE_VALIDATE as u32;
    }

    struct XmlFlags: u32 {
        const INACTIVE = virStorageXMLFlags::VIR_STORAGE_XML_INACTIVE as u32;
    }
}

/// Defines a persistent pool, or defines one anew. It is not started.
///
/// @conn: the connection
/// @xml: the description: type dir, fs or netfs, name, target path. For fs and netfs the
/// filesystem must be mounted by somebody else
/// @flags: virStoragePoolDefineFlags
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @xml is NULL or flags are unknown;
/// VIR_ERR_OPERATION_DENIED on a read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR or
/// VIR_ERR_XML_INVALID_SCHEMA if @xml cannot be understood; VIR_ERR_OPERATION_FAILED if name, UUID
/// or target path are another pool's; VIR_ERR_CONFIG_UNSUPPORTED for other types of pool.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolDefineXML(
    conn: virConnectPtr,
    xml: *const c_char,
    flags: c_uint,
) -> virStoragePoolPtr {
    entry("virStoragePoolDefineXML", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        call.writable(&connect, STORAGE)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xml, STORAGE, "xml")? };
        let flags: DefineFlags = call.flags(flags, STORAGE)?;
        let pool = connect.storage().define_pool(&xml, flags.contains(DefineFlags::VALIDATE))?;
        call.publish(pool, conn)
    })
}

/// Starts a pool that is forgotten when it is stopped.
///
/// @conn: the connection
/// @xmlDesc: the description, as for virStoragePoolDefineXML
/// @flags: virStoragePoolCreateFlags
///
/// Return Value: the pool, to be released with virStoragePoolFree, or NULL.
///
/// Errors: as virStoragePoolDefineXML; VIR_ERR_OPERATION_INVALID if the pool is active;
/// VIR_ERR_SYSTEM_ERROR if its folder cannot be used.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolCreateXML(
    conn: virConnectPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virStoragePoolPtr {
    entry("virStoragePoolCreateXML", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xmlDesc, STORAGE, "xmlDesc")? };
        call.writable(&connect, STORAGE)?;
        let flags: CreateFlags = call.flags(flags, STORAGE)?;
        call.publish(connect.storage().create_pool(&xml, flags)?, conn)
    })
}

/// A function that changes a pool and has nothing to tell but that it worked.
fn change(
    function: &'static str,
    pool: virStoragePoolPtr,
    body: impl FnOnce(&Call, &Arc<Pool>) -> Result<()>,
) -> c_int {
    entry(function, |call| {
        let pool = call.object::<Pool>(pool)?;
        call.writable(&pool, STORAGE)?;
        body(call, &pool)?;
        Ok(0)
    })
}

/// Makes a pool's folder, with those above it. An existing one will do.
///
/// @pool: an inactive pool
/// @flags: virStoragePoolBuildFlags; there is nothing to format, so OVERWRITE and NO_OVERWRITE are
/// refused
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the pool is active or would
/// have to be formatted; VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolBuild(pool: virStoragePoolPtr, flags: c_uint) -> c_int {
    change("virStoragePoolBuild", pool, |call, pool| {
        pool.build(call.flags::<BuildFlags>(flags, STORAGE)?)
    })
}

/// Starts a pool.
///
/// @pool: an inactive persistent pool
/// @flags: virStoragePoolCreateFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the pool is active;
/// VIR_ERR_OPERATION_UNSUPPORTED if nothing is mounted where something must be;
/// VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR if its folder cannot be used.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolCreate(pool: virStoragePoolPtr, flags: c_uint) -> c_int {
    change("virStoragePoolCreate", pool, |call, pool| {
        pool.create(call.flags::<CreateFlags>(flags, STORAGE)?)
    })
}

/// Stops a pool. Its volumes stay where they are, and transfers go on; a pool that is not
/// persistent is forgotten.
///
/// @pool: an active pool
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolDestroy(pool: virStoragePoolPtr) -> c_int {
    change("virStoragePoolDestroy", pool, |_, pool| pool.destroy())
}

/// Forgets a pool's definition. Its folder stays.
///
/// @pool: an inactive pool
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_OPERATION_INVALID if the pool is active; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolUndefine(pool: virStoragePoolPtr) -> c_int {
    change("virStoragePoolUndefine", pool, |_, pool| pool.undefine())
}

/// Removes a pool's folder, which must be empty. The definition stays.
///
/// @pool: an inactive pool
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the pool is active;
/// VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolDelete(pool: virStoragePoolPtr, flags: c_uint) -> c_int {
    change("virStoragePoolDelete", pool, |call, pool| {
        call.no_flags(flags, STORAGE)?;
        pool.delete()
    })
}

/// Looks again which volumes are in a pool's folder, and sends VIR_STORAGE_POOL_EVENT_ID_REFRESH.
/// What others have put there becomes a volume, and what they have removed is none any more. Sizes
/// and the like need no refresh: they are looked up at every call.
///
/// @pool: an active pool
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the pool is inactive;
/// VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR if the folder is gone.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolRefresh(pool: virStoragePoolPtr, flags: c_uint) -> c_int {
    change("virStoragePoolRefresh", pool, |call, pool| {
        call.no_flags(flags, STORAGE)?;
        pool.refresh()
    })
}

/// Adds a reference to a pool: it takes one more virStoragePoolFree to release it.
///
/// @pool: the pool
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL.
///
/// Since 0.6.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolRef(pool: virStoragePoolPtr) -> c_int {
    entry("virStoragePoolRef", |call| call.retain::<Pool>(pool))
}

/// Releases a reference to a pool. The pool itself stays what it is.
///
/// @pool: the pool
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolFree(pool: virStoragePoolPtr) -> c_int {
    entry("virStoragePoolFree", |call| call.release::<Pool>(pool))
}

/// Returns a pool's connection.
///
/// @pool: the pool
///
/// Return Value: the connection, without a reference of its own: it is valid while the pool is. Or
/// NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolGetConnect(pool: virStoragePoolPtr) -> virConnectPtr {
    entry("virStoragePoolGetConnect", |call| {
        call.object::<Pool>(pool)?;
        Ok(call.connection(pool)?.handle())
    })
}

/// Tells the state and the sizes of a pool.
///
/// @pool: the pool
/// @info: where to store them; the sizes of an inactive pool are 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @info is NULL;
/// VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolGetInfo(
    pool: virStoragePoolPtr,
    info: virStoragePoolInfoPtr,
) -> c_int {
    entry("virStoragePoolGetInfo", |call| {
        let pool = call.object::<Pool>(pool)?;
        call.non_null(info, STORAGE, "info")?;
        let known = pool.info()?;
        let record = virStoragePoolInfo {
            state: known.state as c_int,
            capacity: known.capacity,
            allocation: known.allocation,
            available: known.available,
        };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(record) };
        Ok(0)
    })
}

/// Describes a pool.
///
/// @pool: the pool
/// @flags: virStorageXMLFlags
///
/// Return Value: XML that the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolGetXMLDesc(pool: virStoragePoolPtr, flags: c_uint) -> *mut c_char {
    entry("virStoragePoolGetXMLDesc", |call| {
        let pool = call.object::<Pool>(pool)?;
        let flags: XmlFlags = call.flags(flags, STORAGE)?;
        strings::to_c(&pool.xml(flags.contains(XmlFlags::INACTIVE))?)
    })
}

/// Returns a pool's name.
///
/// @pool: the pool, which need not exist any more
///
/// Return Value: the name, which is valid while the pool is, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolGetName(pool: virStoragePoolPtr) -> *const c_char {
    entry("virStoragePoolGetName", |call| Ok(call.object::<Pool>(pool)?.c_name().as_ptr()))
}

/// Tells a pool's UUID.
///
/// @pool: the pool, which need not exist any more
/// @uuid: where to store VIR_UUID_BUFLEN bytes
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @uuid is NULL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolGetUUID(
    pool: virStoragePoolPtr,
    uuid: *mut c_uchar,
) -> c_int {
    entry("virStoragePoolGetUUID", |call| {
        let pool = call.object::<Pool>(pool)?;
        call.non_null(uuid, STORAGE, "uuid")?;
        // SAFETY: checked for NULL; the caller's 16 bytes.
        unsafe { uuid.cast::<[u8; 16]>().write(pool.uuid().into_bytes()) };
        Ok(0)
    })
}

/// Tells a pool's UUID as a string.
///
/// @pool: the pool, which need not exist any more
/// @buf: where to store VIR_UUID_STRING_BUFLEN bytes
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @buf is NULL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolGetUUIDString(
    pool: virStoragePoolPtr,
    buf: *mut c_char,
) -> c_int {
    entry("virStoragePoolGetUUIDString", |call| {
        let pool = call.object::<Pool>(pool)?;
        call.non_null(buf, STORAGE, "buf")?;
        let mut text = [0; crate::host::VIR_UUID_STRING_BUFLEN];
        pool.uuid().hyphenated().encode_lower(&mut text);
        // SAFETY: checked for NULL; the caller's 37 bytes.
        unsafe { buf.cast::<[u8; crate::host::VIR_UUID_STRING_BUFLEN]>().write(text) };
        Ok(0)
    })
}

/// Tells whether a pool starts by itself: with the first connection after a boot of the machine.
///
/// @pool: the pool
/// @autostart: where to store 1 or 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @autostart is NULL;
/// VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolGetAutostart(
    pool: virStoragePoolPtr,
    autostart: *mut c_int,
) -> c_int {
    entry("virStoragePoolGetAutostart", |call| {
        let pool = call.object::<Pool>(pool)?;
        call.non_null(autostart, STORAGE, "autostart")?;
        let starts = pool.autostart()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { autostart.write(starts.into()) };
        Ok(0)
    })
}

/// Lets a pool start by itself, or not.
///
/// @pool: a persistent pool
/// @autostart: 0 for not
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INTERNAL_ERROR if the pool is not persistent; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolSetAutostart(pool: virStoragePoolPtr, autostart: c_int) -> c_int {
    change("virStoragePoolSetAutostart", pool, |_, pool| pool.set_autostart(autostart != 0))
}

/// Tells whether a pool is active.
///
/// @pool: the pool
///
/// Return Value: 1 or 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolIsActive(pool: virStoragePoolPtr) -> c_int {
    entry("virStoragePoolIsActive", |call| Ok(call.object::<Pool>(pool)?.is_active()?.into()))
}

/// Tells whether a pool is persistent.
///
/// @pool: the pool
///
/// Return Value: 1 or 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_NO_STORAGE_POOL.
///
/// Since 0.7.3.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolIsPersistent(pool: virStoragePoolPtr) -> c_int {
    entry("virStoragePoolIsPersistent", |call| {
        Ok(call.object::<Pool>(pool)?.is_persistent()?.into())
    })
}

/// Counts a pool's volumes.
///
/// @pool: an active pool
///
/// Return Value: their number, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_INVALID if the pool is inactive;
/// VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStoragePoolNumOfVolumes(pool: virStoragePoolPtr) -> c_int {
    entry("virStoragePoolNumOfVolumes", |call| {
        Ok(call.object::<Pool>(pool)?.volume_names()?.len() as c_int)
    })
}

/// Lists the names of a pool's volumes: files, folders, block devices and links to the first and
/// the last. Names that are not UTF-8 are left out.
///
/// @pool: an active pool
/// @names: an array for the names, each of which the caller frees
/// @maxnames: how many the array holds
///
/// Return Value: how many names were stored, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames
/// negative; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_POOL;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolListVolumes(
    pool: virStoragePoolPtr,
    names: *mut *mut c_char,
    maxnames: c_int,
) -> c_int {
    entry("virStoragePoolListVolumes", |call| {
        let pool = call.object::<Pool>(pool)?;
        call.non_null(names, STORAGE, "names")?;
        call.non_negative(maxnames, STORAGE, "maxnames")?;
        let found = pool.volume_names()?;
        // SAFETY: the caller's promise.
        unsafe { store_names(call, STORAGE, found.iter().map(String::as_str), names, maxnames) }
    })
}

/// Lists a pool's volumes.
///
/// @pool: an active pool
/// @vols: where to store a list of volumes with NULL behind the last: the caller releases each
/// volume with virStorageVolFree, then the list with free; NULL to count only
/// @flags: 0
///
/// Return Value: how many volumes there are, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID
/// if the pool is inactive; VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.10.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStoragePoolListAllVolumes(
    pool: virStoragePoolPtr,
    vols: *mut *mut virStorageVolPtr,
    flags: c_uint,
) -> c_int {
    entry("virStoragePoolListAllVolumes", |call| {
        let object = call.object::<Pool>(pool)?;
        call.no_flags(flags, STORAGE)?;
        // SAFETY: the caller's promise.
        unsafe { list(call, pool, object.volumes()?, vols) }
    })
}

/// A caller's callback for pool events. Its connection lives as long as it does.
struct PoolCallback {
    function: unsafe extern "C" fn(virConnectPtr, virStoragePoolPtr, *mut c_void),
    opaque: Arc<Opaque>,
    connection: handle::Link,
}

impl PoolCallback {
    fn run(&self, event: &Event) {
        let conn = self.connection.handle();
        let Some(connect) = handle::resolve::<Connect>(conn) else { return };
        let pool = Pool::of_event(connect.storage(), event);
        let Ok(pool) = handle::publish(pool, Some(self.connection.clone()), None) else { return };
        let opaque = self.opaque.pointer();
        // SAFETY: the caller registered a function of the event's type, with its data.
        unsafe {
            match event.payload {
                Payload::Lifecycle { event, detail } => {
                    call_c!(self.function, conn, pool, event, detail, opaque);
                }
                _ => {
                    call_c!(self.function, conn, pool, opaque);
                }
            }
        }
        handle::release::<Pool>(pool);
    }
}

/// Registers a callback for events of pools. It runs on the event loop's thread, which must be
/// registered before: virEventRegisterDefaultImpl.
///
/// @conn: the connection, which is kept open for the callback
/// @pool: the pool whose events are wanted; NULL for those of all
/// @eventID: which events, a virStoragePoolEventID
/// @cb: the callback, of the type that belongs to @eventID, cast with
/// VIR_STORAGE_POOL_EVENT_CALLBACK
/// @opaque: passed to @cb
/// @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
/// be NULL. Not called if this function fails
///
/// Return Value: the callback's id, which virConnectStoragePoolEventDeregisterAny takes, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @cb is NULL,
/// @eventID unknown, @pool another connection's, or the callback registered already;
/// VIR_ERR_INTERNAL_ERROR if there is no event loop.
///
/// Since 2.0.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectStoragePoolEventRegisterAny(
    conn: virConnectPtr,
    pool: virStoragePoolPtr,
    eventID: c_int,
    cb: virConnectStoragePoolEventGenericCallback,
    opaque: *mut c_void,
    freecb: virFreeCallback,
) -> c_int {
    entry("virConnectStoragePoolEventRegisterAny", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        let object = if pool.is_null() { None } else { Some(call.object::<Pool>(pool)?) };
        if let Some(object) = &object
            && !object.connect().is(&connect)
        {
            let text =
                format!("pool '{}' in {} must match connection", object.name(), call.function);
            return Err(Error::argument(STORAGE, "pool", text));
        }
        let function = cb.ok_or_else(|| call.invalid_argument(STORAGE, "cb", "not be NULL"))?;
        if call.non_negative(eventID, STORAGE, "eventID")? >= 2 {
            return Err(call.invalid_argument(STORAGE, "eventID", "be less than 2"));
        }
        let interest = Interest {
            kind: ObjectKind::Pool,
            id: eventID,
            object: object.map(|pool| pool.uuid()),
            function: function as usize,
            legacy: false,
        };
        let opaque = Opaque::new(opaque);
        let callback =
            PoolCallback { function, opaque: opaque.clone(), connection: call.connection(conn)? };
        let callback = Arc::new(move |event: &Event| callback.run(event));
        let id = connect.events().subscribe(interest, callback, move || opaque.own(freecb))?;
        Ok(id)
    })
}

/// Takes a callback for events of pools back.
///
/// @conn: the connection
/// @callbackID: what virConnectStoragePoolEventRegisterAny returned
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if there is no such callback.
///
/// Since 2.0.0.
#[unsafe(no_mangle)]
pub extern "C" fn virConnectStoragePoolEventDeregisterAny(
    conn: virConnectPtr,
    callbackID: c_int,
) -> c_int {
    entry("virConnectStoragePoolEventDeregisterAny", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        call.non_negative(callbackID, STORAGE, "callbackID")?;
        connect.events().unsubscribe(ObjectKind::Pool, callbackID)?;
        Ok(0)
    })
}
