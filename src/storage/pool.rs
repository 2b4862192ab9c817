//! `libvirt-storage.h`: pools; what changes them and what describes them.

use std::ffi::{c_char, c_int, c_uchar, c_uint, c_ulonglong};
use std::sync::Arc;

use super::volume::virStorageVolPtr;
use crate::call::{Call, entry};
use crate::handle::Cell;
use crate::host::virConnectPtr;
use crate::lists::{list, store_names};
use crate::strings;
use virsparse_core::enums::storage_pool::{virStoragePoolDefineFlags, virStorageXMLFlags};
use virsparse_core::error::*;
use virsparse_core::storage::{BuildFlags, CreateFlags, Pool};

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

const STORAGE: virErrorDomain = VIR_FROM_STORAGE;

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
