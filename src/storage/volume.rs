//! `libvirt-storage.h`, second part: volumes.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};
use std::sync::Arc;

use crate::call::{Call, entry};
use crate::handle::Cell;
use crate::host::virConnectPtr;
use crate::storage::pool::virStoragePoolPtr;
use crate::stream::virStreamPtr;
use crate::strings;
use virsparse_core::error::*;
use virsparse_core::storage::{
    CloneFlags, CreateVolumeFlags, DownloadFlags, InfoFlags, Pool, ResizeFlags, UploadFlags,
    Volume, WipeAlgorithm, no_volume,
};
use virsparse_core::stream::Stream;

/// A volume: a disk image in a pool.
pub type virStorageVolPtr = *mut Cell;

/// Type and sizes of a volume. Since 0.4.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virStorageVolInfo {
    /// What kind of thing it is, a virStorageVolType.
    pub r#type: c_int,
    /// Bytes that a guest sees.
    pub capacity: c_ulonglong,
    /// Bytes that are taken on the medium.
    pub allocation: c_ulonglong,
}

/// Type and sizes of a volume.
pub type virStorageVolInfo = _virStorageVolInfo;
/// Points at type and sizes of a volume.
pub type virStorageVolInfoPtr = *mut virStorageVolInfo;

const STORAGE: virErrorDomain = VIR_FROM_STORAGE;

/// Makes a volume. It appears in the pool when it is complete; a failure leaves nothing behind.
///
/// @pool: an active pool
/// @xmlDesc: the description: name, capacity (in bytes or with a unit), allocation (bytes that get
/// space now; all of them if it is left out, none if it is 0), target format (raw, qcow2, or dir for
/// a folder), permissions and nocow (written in place; btrfs only). For qcow2 also compat (1.1 if it
/// is left out), clusterSize, features (lazy_refcounts, extended_l2), and backingStore: path (relative
/// to the pool's folder) and format (raw if it is left out) of the image below, whose size is the
/// capacity if that is left out or 0. A qcow2 volume takes no space in advance, and its capacity is
/// rounded up to 1024 bytes
/// @flags: VIR_STORAGE_VOL_CREATE_VALIDATE, and for qcow2 without backingStore
/// VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA: its tables get their space now, and its data too unless
/// the allocation is less than the capacity
///
/// Return Value: the volume, to be released with virStorageVolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @xmlDesc is NULL or flags are
/// unknown; VIR_ERR_OPERATION_DENIED on a read-only connection; VIR_ERR_XML_DETAIL,
/// VIR_ERR_XML_ERROR or VIR_ERR_XML_INVALID_SCHEMA if @xmlDesc cannot be understood;
/// VIR_ERR_CONFIG_UNSUPPORTED for what cannot be made; VIR_ERR_NO_SUPPORT for a raw volume with a
/// backingStore; VIR_ERR_STORAGE_VOL_EXIST if there is a volume of that name;
/// VIR_ERR_OPERATION_INVALID if the pool is inactive, or something that is no volume is in the way;
/// VIR_ERR_SYSTEM_ERROR with errno.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolCreateXML(
    pool: virStoragePoolPtr,
    xmlDesc: *const c_char,
    flags: c_uint,
) -> virStorageVolPtr {
    entry("virStorageVolCreateXML", |call| {
        let object = call.object::<Pool>(pool)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xmlDesc, STORAGE, "xmlDesc")? };
        call.writable(&object, STORAGE)?;
        let flags: CreateVolumeFlags = call.flags(flags, STORAGE)?;
        call.publish(object.create_volume(&xml, flags)?, pool)
    })
}

/// Makes a volume with the contents of another. It appears in the pool when it is complete; a
/// failure leaves nothing behind.
///
/// @pool: an active pool
/// @xmlDesc: the description, as for virStorageVolCreateXML; the capacity is at least that of
/// @clonevol. What a guest sees is copied, from raw or qcow2 to raw or qcow2. Holes are kept in a
/// raw copy if the allocation is less than the capacity, or if @clonevol is not raw and none is
/// given. A qcow2 copy with a backingStore, which must be in an active pool, takes space for what
/// differs from that; without one it is complete. A qcow2 copy is compressed if its target has the
/// element compression of the namespace urn:virsparse:volume:1, whose type is deflate or zstd (which
/// needs compat 1.1). The copy is a file, whatever its target format
/// @clonevol: the volume to copy, of any active pool of the same connection. What it is over must be
/// in active pools, too
/// @flags: virStorageVolCreateFlags; with VIR_STORAGE_VOL_CREATE_REFLINK, from raw to raw, the copy
/// shares the blocks of the original, or fails if the filesystem cannot do that
///
/// Return Value: the volume, to be released with virStorageVolFree, or NULL.
///
/// Errors: as virStorageVolCreateXML; VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INTERNAL_ERROR if there
/// is a volume of that name; VIR_ERR_NO_STORAGE_VOL if @clonevol is gone; VIR_ERR_CONFIG_UNSUPPORTED
/// for a format that cannot be converted; VIR_ERR_OPERATION_DENIED for an image that refers to a
/// file that is in no active pool; VIR_ERR_RESOURCE_BUSY for one that another program writes;
/// VIR_ERR_OPERATION_FAILED for a chain that does not end.
///
/// Since 0.6.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolCreateXMLFrom(
    pool: virStoragePoolPtr,
    xmlDesc: *const c_char,
    clonevol: virStorageVolPtr,
    flags: c_uint,
) -> virStorageVolPtr {
    entry("virStorageVolCreateXMLFrom", |call| {
        let object = call.object::<Pool>(pool)?;
        let source = call.object::<Volume>(clonevol)?;
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(xmlDesc, STORAGE, "xmlDesc")? };
        call.writable(&object, STORAGE)?;
        let flags: CloneFlags = call.flags(flags, STORAGE)?;
        if !source.connect().is(object.connect()) {
            let text = format!("clonevol in {} must match connection of pool", call.function);
            return Err(Error::argument(STORAGE, "clonevol", text));
        }
        call.publish(object.clone_volume(&xml, &source, flags)?, pool)
    })
}

/// A function that changes a volume and has nothing to tell but that it worked.
fn change(
    function: &'static str,
    vol: virStorageVolPtr,
    body: impl FnOnce(&Call, &Arc<Volume>) -> Result<()>,
) -> c_int {
    entry(function, |call| {
        let volume = call.object::<Volume>(vol)?;
        call.writable(&volume, STORAGE)?;
        body(call, &volume)?;
        Ok(0)
    })
}

/// Removes a volume: its file, its link, or its folder, which must be empty.
///
/// @vol: the volume
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another
/// program uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolDelete(vol: virStorageVolPtr, flags: c_uint) -> c_int {
    change("virStorageVolDelete", vol, |call, volume| {
        call.no_flags(flags, STORAGE)?;
        volume.delete()
    })
}

/// Overwrites a volume with zeros. A sparse file becomes one hole.
///
/// The file itself is wiped: an image in another format than raw is none afterwards.
///
/// @vol: the volume
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another
/// program uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolWipe(vol: virStorageVolPtr, flags: c_uint) -> c_int {
    change("virStorageVolWipe", vol, |call, volume| {
        call.no_flags(flags, STORAGE)?;
        volume.wipe(WipeAlgorithm::ZERO)
    })
}

/// Overwrites a volume by an algorithm. All but VIR_STORAGE_VOL_WIPE_ALG_ZERO overwrite the data
/// where it is, once for each pass, and bring every pass to the medium.
///
/// @vol: the volume
/// @algorithm: a virStorageVolWipeAlgorithm
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: as virStorageVolWipe; VIR_ERR_ARGUMENT_UNSUPPORTED for VIR_STORAGE_VOL_WIPE_ALG_TRIM;
/// VIR_ERR_INVALID_ARG for an algorithm that is not known.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolWipePattern(
    vol: virStorageVolPtr,
    algorithm: c_uint,
    flags: c_uint,
) -> c_int {
    change("virStorageVolWipePattern", vol, |call, volume| {
        call.no_flags(flags, STORAGE)?;
        volume.wipe(WipeAlgorithm(algorithm))
    })
}

/// Changes the capacity of a raw or qcow2 volume. What is added reads as zeros. That of a qcow2
/// volume is rounded up to 512 bytes.
///
/// @vol: the volume
/// @capacity: the new capacity in bytes, or with VIR_STORAGE_VOL_RESIZE_DELTA how much more (with
/// VIR_STORAGE_VOL_RESIZE_SHRINK too: less) it shall be
/// @flags: virStorageVolResizeFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for unknown flags, for a capacity of 0 without DELTA and SHRINK, for one
/// below the present one without SHRINK, and for one below the space that is taken;
/// VIR_ERR_OPERATION_UNSUPPORTED if it is neither a raw file nor a qcow2 image with its own data, if
/// it is one with persistent bitmaps, and for ALLOCATE if it is not raw; VIR_ERR_OPERATION_FAILED if the pool has not enough space;
/// VIR_ERR_OPERATION_DENIED for an image that refers to a file that is in no active pool;
/// VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program uses it;
/// VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolResize(
    vol: virStorageVolPtr,
    capacity: c_ulonglong,
    flags: c_uint,
) -> c_int {
    change("virStorageVolResize", vol, |call, volume| {
        let relative = ResizeFlags::DELTA | ResizeFlags::SHRINK;
        if capacity == 0 && flags & relative.bits() == 0 {
            let rule = "cannot be zero without 'delta' or 'shrink' flags set";
            let text = format!("capacity in {} {rule}", call.function);
            return Err(Error::argument(STORAGE, "capacity", text));
        }
        volume.resize(capacity, call.flags(flags, STORAGE)?)
    })
}

/// Lets a stream write into a volume. What the stream sends goes into the volume's file from
/// @offset on.
///
/// The file itself is written, whatever format its bytes are in. A raw volume keeps its size; one
/// in an image format may change it.
///
/// What a running domain or another program uses is not written. Several streams, of several
/// processes, may write different ranges of one volume at once; without a @length the range reaches to
/// the end.
///
/// @vol: the volume
/// @stream: a stream of the same connection, without an active transfer
/// @offset: where the first byte goes, in bytes
/// @length: how many bytes may be sent; 0 for no limit but the end of a raw volume
/// @flags: VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM to send holes too;
/// VIR_SPARSE_VOL_UPLOAD_NO_SYNC (virsparse.h) for a virStreamFinish that does not wait for stable storage
///
/// Return Value: 0, or -1, which leaves volume and stream as they were.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a
/// read-only connection; VIR_ERR_INVALID_ARG for unknown flags, a stream of another connection, or
/// a range that reaches beyond the end of a raw volume; VIR_ERR_OPERATION_INVALID if the stream has
/// an active transfer; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program uses
/// it, or another upload writes some of that range; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR if the
/// file cannot be opened.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolUpload(
    vol: virStorageVolPtr,
    stream: virStreamPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virStorageVolUpload", |call| {
        let volume = call.object::<Volume>(vol)?;
        let stream = call.object::<Stream>(stream)?;
        call.writable(&volume, STORAGE)?;
        volume.check_stream(&stream)?;
        let flags: UploadFlags = call.flags(flags, STORAGE)?;
        volume.upload(&stream, offset, length, flags)?;
        Ok(0)
    })
}

/// Lets a stream read a volume. It receives the bytes of the volume's file from @offset on,
/// whatever format they are in.
///
/// @vol: the volume
/// @stream: a stream of the same connection, without an active transfer
/// @offset: where the first byte is, in bytes
/// @length: how many bytes to receive; 0 for all to the end
/// @flags: VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM to be told of holes. Zeros that take space are
/// told as holes too
///
/// Return Value: 0, or -1, which leaves the stream as it was.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a
/// read-only connection; VIR_ERR_INVALID_ARG for unknown flags, a stream of another connection, or
/// a range that reaches beyond the end of a raw volume; VIR_ERR_OPERATION_INVALID if the stream has
/// an active transfer; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR if the file cannot be opened.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolDownload(
    vol: virStorageVolPtr,
    stream: virStreamPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virStorageVolDownload", |call| {
        let volume = call.object::<Volume>(vol)?;
        let stream = call.object::<Stream>(stream)?;
        call.writable(&volume, STORAGE)?;
        volume.check_stream(&stream)?;
        let flags: DownloadFlags = call.flags(flags, STORAGE)?;
        volume.download(&stream, offset, length, flags)?;
        Ok(0)
    })
}

/// Stores type and sizes.
///
/// # Safety
/// `info` is NULL or points at a record of the caller's.
unsafe fn store_info(
    call: &Call,
    vol: virStorageVolPtr,
    info: virStorageVolInfoPtr,
    flags: c_uint,
) -> Result<c_int> {
    let volume = call.object::<Volume>(vol)?;
    call.non_null(info, STORAGE, "info")?;
    let flags: InfoFlags = call.flags(flags, STORAGE)?;
    let known = volume.info(flags)?;
    let record = virStorageVolInfo {
        r#type: known.kind as c_int,
        capacity: known.capacity,
        allocation: known.allocation,
    };
    // SAFETY: checked for NULL; the caller's memory.
    unsafe { info.write(record) };
    Ok(0)
}

/// Tells type and sizes of a volume, as they are now.
///
/// @vol: the volume
/// @info: where to store them
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG if @info is NULL;
/// VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolGetInfo(
    vol: virStorageVolPtr,
    info: virStorageVolInfoPtr,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virStorageVolGetInfo", |call| unsafe { store_info(call, vol, info, 0) })
}

/// Tells type and sizes of a volume, as they are now.
///
/// @vol: the volume
/// @info: where to store them
/// @flags: VIR_STORAGE_VOL_GET_PHYSICAL to store the physical size (bytes from the first to the
/// last) in place of the allocation
///
/// Return Value: 0, or -1.
///
/// Errors: as virStorageVolGetInfo; VIR_ERR_INVALID_ARG for unknown flags.
///
/// Since 3.0.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolGetInfoFlags(
    vol: virStorageVolPtr,
    info: virStorageVolInfoPtr,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    entry("virStorageVolGetInfoFlags", |call| unsafe { store_info(call, vol, info, flags) })
}

/// Describes a volume.
///
/// @vol: the volume
/// @flags: 0
///
/// Return Value: XML that the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_STORAGE_VOL;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolGetXMLDesc(vol: virStorageVolPtr, flags: c_uint) -> *mut c_char {
    entry("virStorageVolGetXMLDesc", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.no_flags(flags, STORAGE)?;
        strings::to_c(&volume.xml()?)
    })
}

/// Returns a volume's name.
///
/// @vol: the volume, which need not exist any more
///
/// Return Value: the name, which is valid while the handle is, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolGetName(vol: virStorageVolPtr) -> *const c_char {
    entry("virStorageVolGetName", |call| Ok(call.object::<Volume>(vol)?.c_name().as_ptr()))
}

/// Returns a volume's key, which no other volume of the machine has: its path.
///
/// @vol: the volume, which need not exist any more
///
/// Return Value: the key, which is valid while the handle is, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolGetKey(vol: virStorageVolPtr) -> *const c_char {
    entry("virStorageVolGetKey", |call| Ok(call.object::<Volume>(vol)?.c_key().as_ptr()))
}

/// Returns a volume's path.
///
/// @vol: the volume
///
/// Return Value: the path, which the caller frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_NO_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolGetPath(vol: virStorageVolPtr) -> *mut c_char {
    entry("virStorageVolGetPath", |call| strings::to_c(&call.object::<Volume>(vol)?.path()?))
}

/// Returns a volume's connection.
///
/// @vol: the volume
///
/// Return Value: the connection, without a reference of its own: it is valid while the volume is.
/// Or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolGetConnect(vol: virStorageVolPtr) -> virConnectPtr {
    entry("virStorageVolGetConnect", |call| {
        call.object::<Volume>(vol)?;
        Ok(call.connection(vol)?.handle())
    })
}

/// Finds a volume by its name.
///
/// @pool: an active pool
/// @name: the name
///
/// Return Value: the volume, to be released with virStorageVolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @name is NULL;
/// VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolLookupByName(
    pool: virStoragePoolPtr,
    name: *const c_char,
) -> virStorageVolPtr {
    entry("virStorageVolLookupByName", |call| {
        let object = call.object::<Pool>(pool)?;
        // SAFETY: the caller's promise.
        let name = unsafe { call.lookup_key(name, STORAGE, "name", |n| no_volume("name", n))? };
        call.publish(object.volume_by_name(&name)?, pool)
    })
}

/// Finds a volume by its key, in all active pools.
///
/// @conn: the connection
/// @key: the key
///
/// Return Value: the volume, to be released with virStorageVolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @key is NULL; VIR_ERR_NO_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolLookupByKey(
    conn: virConnectPtr,
    key: *const c_char,
) -> virStorageVolPtr {
    entry("virStorageVolLookupByKey", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let key = unsafe { call.lookup_key(key, STORAGE, "key", |k| no_volume("key", k))? };
        call.publish(connect.storage().volume_by_key(&key)?, conn)
    })
}

/// Finds a volume by its path, in all active pools.
///
/// @conn: the connection
/// @path: the path: the pool's folder and the name; repeated slashes do not matter
///
/// Return Value: the volume, to be released with virStorageVolFree, or NULL.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @path is NULL; VIR_ERR_NO_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStorageVolLookupByPath(
    conn: virConnectPtr,
    path: *const c_char,
) -> virStorageVolPtr {
    entry("virStorageVolLookupByPath", |call| {
        let connect = call.connect_in(conn, STORAGE)?;
        // SAFETY: the caller's promise.
        let path = unsafe { call.lookup_key(path, STORAGE, "path", |p| no_volume("path", p))? };
        call.publish(connect.storage().volume_by_path(&path)?, conn)
    })
}

/// Adds a reference to a volume: it takes one more virStorageVolFree to release it.
///
/// @vol: the volume
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL.
///
/// Since 0.6.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolRef(vol: virStorageVolPtr) -> c_int {
    entry("virStorageVolRef", |call| call.retain::<Volume>(vol))
}

/// Releases a reference to a volume. The volume itself stays what it is.
///
/// @vol: the volume
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL.
///
/// Since 0.4.1.
#[unsafe(no_mangle)]
pub extern "C" fn virStorageVolFree(vol: virStorageVolPtr) -> c_int {
    entry("virStorageVolFree", |call| call.release::<Volume>(vol))
}
