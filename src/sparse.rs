//! `virsparse.h`: what this library offers beyond libvirt.

use std::ffi::{CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::sync::Arc;

use crate::call::entry;
use crate::callback::call_c;
use crate::domain::object::virDomainPtr;
use crate::lists::list;
use crate::opaque::Opaque;
use crate::storage::volume::virStorageVolPtr;
use crate::stream::virStreamPtr;
use crate::typed_params::virFreeCallback;
use virsparse_block::ExtentKind;
use virsparse_core::domain::{Domain, UriFlags};
use virsparse_core::enums::sparse::{virSparseExtentType, virSparseLogLevel};
use virsparse_core::error::*;
use virsparse_core::logging::{self, Listener};
use virsparse_core::storage::{ExtentsFlags, OverlayFlags, Volume};
use virsparse_core::stream::Stream;

/// How much a stream has moved.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virSparseStreamStats {
    /// Bytes of data that have been moved: written to the volume, or given to the receiver.
    pub dataBytes: c_ulonglong,
    /// Bytes of holes that have been moved.
    pub holeBytes: c_ulonglong,
    /// Bytes that the transfer covers at most, data and holes; 0 if it has no limit.
    pub totalBytes: c_ulonglong,
    /// Bytes of data that the transfer will have moved when it is complete, at most: what has been moved,
    /// and what is not known to be a hole. (unsigned long long)-1 if it has no limit.
    pub dataTotalBytes: c_ulonglong,
    /// How many of dataTotalBytes may still turn out to be holes, because nobody has told yet where the
    /// data is; 0 if dataTotalBytes is exact.
    pub unknownBytes: c_ulonglong,
    /// 0; kept for what later versions will tell, so that the size stays.
    pub reserved: [c_ulonglong; 3],
}

/// How much a stream has moved.
pub type virSparseStreamStats = _virSparseStreamStats;
/// Points at how much a stream has moved.
pub type virSparseStreamStatsPtr = *mut virSparseStreamStats;

/// Runs for a message of the log.
///
/// It is called on the thread that has something to tell, which may be one of the library's, also
/// on several threads at once, and while locks are held: it must not call functions of the library,
/// which fail with VIR_ERR_OPERATION_INVALID there, must not wait for a thread that does, and has to
/// return.
///
/// @level: how serious it is, a virSparseLogLevel
/// @source: which part of the library tells it: "storage.pool"
/// @message: the text, without a newline; like @source gone when the function returns
/// @opaque: what was registered with the function
///
/// Since virsparse 0.1.
pub type virSparseLogFunc = Option<
    unsafe extern "C" fn(
        level: c_int,
        source: *const c_char,
        message: *const c_char,
        opaque: *mut c_void,
    ),
>;

/// A range of a volume that is all data or all hole.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virSparseExtent {
    /// Where it begins, in bytes.
    pub offset: c_ulonglong,
    /// How long it is, in bytes.
    pub length: c_ulonglong,
    /// What it holds, a virSparseExtentType.
    pub r#type: c_int,
}

/// A range of a volume that is all data or all hole.
pub type virSparseExtent = _virSparseExtent;
/// Points at a range of a volume.
pub type virSparseExtentPtr = *mut virSparseExtent;

/// A range of a disk in one state.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virSparseBlockExtent {
    /// Where it begins, in bytes.
    pub offset: c_ulonglong,
    /// How long it is, in bytes.
    pub length: c_ulonglong,
    /// What is read there, a virSparseExtentType.
    pub r#type: c_int,
    /// Which image of the chain says so: 0 for the one on top, 1 for the one below it.
    pub depth: c_uint,
    /// 1 if that image has the range. 0 if none of the chain has it, so that zeros are read; depth
    /// is that of the last one that was asked then.
    pub present: c_int,
}

/// A range of a disk in one state.
pub type virSparseBlockExtent = _virSparseBlockExtent;
/// Points at a range of a disk.
pub type virSparseBlockExtentPtr = *mut virSparseBlockExtent;

/// A log function of a program.
struct LogFunction {
    function: virSparseLogFunc,
    opaque: Arc<Opaque>,
}

impl Listener for LogFunction {
    fn hear(&self, level: log::Level, source: &str, text: &str) {
        let level = match level {
            log::Level::Error => virSparseLogLevel::VIR_SPARSE_LOG_ERROR,
            log::Level::Warn => virSparseLogLevel::VIR_SPARSE_LOG_WARN,
            log::Level::Info => virSparseLogLevel::VIR_SPARSE_LOG_INFO,
            log::Level::Debug | log::Level::Trace => virSparseLogLevel::VIR_SPARSE_LOG_DEBUG,
        } as c_int;
        let (source, text) = (until_nul(source), until_nul(text));
        if let Some(function) = self.function {
            let opaque = self.opaque.pointer();
            // SAFETY: the caller registered the function and its data for this; the strings live on.
            unsafe { call_c!(function, level, source.as_ptr(), text.as_ptr(), opaque) };
        }
    }
}

/// The text as a C string. One with a NUL inside, which only a stranger's name can bring, ends there.
fn until_nul(text: &str) -> CString {
    let bytes: Vec<u8> = text.bytes().take_while(|&byte| byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

/// Has a function called for each message of the library's log, which tells what happens inside:
/// for finding out why something does not work as it should. Without one, nothing is logged, unless
/// the environment asks for it: LIBVIRT_DEBUG, LIBVIRT_LOG_FILTERS and LIBVIRT_LOG_OUTPUTS are read
/// when the first connection is opened, and work beside the function.
///
/// There is one function for the process. A call of the one before may still be at work on another
/// thread when this returns; its @ff is called after that.
///
/// @level: the least serious level to be told, a virSparseLogLevel
/// @func: the function; NULL for none
/// @opaque: to be passed to @func and @ff
/// @ff: to be called when @func is no longer used; or NULL. Like @func, it must not call the library
///
/// Return Value: 0, or -1; @ff is then not called.
///
/// Threads: any.
///
/// Errors: VIR_ERR_INVALID_ARG for an unknown @level; VIR_ERR_OPERATION_INVALID in a Rust program
/// that links this library as a crate and has set a logger of its own.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseSetLogFunc(
    level: c_int,
    func: virSparseLogFunc,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    entry("virSparseSetLogFunc", |call| {
        const DEBUG: c_int = virSparseLogLevel::VIR_SPARSE_LOG_DEBUG as c_int;
        const INFO: c_int = virSparseLogLevel::VIR_SPARSE_LOG_INFO as c_int;
        const WARN: c_int = virSparseLogLevel::VIR_SPARSE_LOG_WARN as c_int;
        const ERROR: c_int = virSparseLogLevel::VIR_SPARSE_LOG_ERROR as c_int;
        let level = match level {
            DEBUG => log::LevelFilter::Trace,
            INFO => log::LevelFilter::Info,
            WARN => log::LevelFilter::Warn,
            ERROR => log::LevelFilter::Error,
            _ => return Err(call.invalid_argument(VIR_FROM_NONE, "level", "be between 1 and 4")),
        };
        if func.is_none() {
            logging::set_listener(None)?;
            return Ok(0);
        }
        let opaque = Opaque::new(opaque);
        let listener = Arc::new(LogFunction { function: func, opaque: opaque.clone() });
        logging::set_listener(Some((level, listener)))?;
        opaque.own(ff);
        Ok(0)
    })
}

/// Tells how much a stream has moved: while a transfer is active, from any thread, and still after
/// it has been finished or aborted. A new transfer begins at 0.
///
/// For an upload it is what has been written to the volume, so that after virStreamFinish it is
/// exactly what was sent.
///
/// How far a transfer is, is best told from dataBytes and dataTotalBytes: holes take no time, so that a
/// part of totalBytes says nothing of how long the rest will take. A download knows the extents of its
/// volume, which are looked at here, some thousands in each call; zeros in the data of a sparse download
/// become holes, so that dataTotalBytes may become less. An upload knows what holes were sent, and the
/// section of data that virStreamSparseSendAll was told of; the rest is in unknownBytes.
///
/// @st: the stream
/// @stats: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @stats is NULL.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseStreamGetStats(
    st: virStreamPtr,
    stats: virSparseStreamStatsPtr,
) -> c_int {
    entry("virSparseStreamGetStats", |call| {
        let stream = call.object::<Stream>(st)?;
        call.non_null(stats, VIR_FROM_STREAMS, "stats")?;
        let now = stream.progress();
        let record = virSparseStreamStats {
            dataBytes: now.data,
            holeBytes: now.holes,
            totalBytes: now.total,
            dataTotalBytes: now.all_data.unwrap_or(c_ulonglong::MAX),
            unknownBytes: if now.all_data.is_some() { now.unknown } else { c_ulonglong::MAX },
            reserved: [0; 3],
        };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { stats.write(record) };
        Ok(0)
    })
}

/// Tells where a volume's data and holes are. The range is covered in order and without gaps, and
/// neighbours are of different types. It is a look at one moment: a volume that is being written
/// may be another in the next.
///
/// Offsets are those that a guest sees: a volume in qcow2 format is looked at as an image, with the
/// images below it. Where neither it nor they have data is a hole. With VIR_SPARSE_VOL_EXTENTS_FILE it is
/// the volume's file that is looked at, whatever format its bytes are in; so it is for a raw volume in
/// any case. A block device has no holes that could be told.
///
/// @vol: the volume
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @extents: where to store an array of extents, which the caller frees with free; NULL to count
/// only. It is NULL if the range is empty
/// @flags: virSparseVolExtentsFlags
///
/// Return Value: how many extents there are, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for flags, or if the range reaches
/// beyond the end; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL;
/// VIR_ERR_SYSTEM_ERROR. Without VIR_SPARSE_VOL_EXTENTS_FILE also VIR_ERR_RESOURCE_BUSY if the image is
/// being written, VIR_ERR_OPERATION_DENIED if it refers to a file that is in no active pool, and
/// VIR_ERR_OPERATION_UNSUPPORTED if its format cannot be read.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseVolGetExtents(
    vol: virStorageVolPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    extents: *mut virSparseExtentPtr,
    flags: c_uint,
) -> c_int {
    entry("virSparseVolGetExtents", |call| {
        let volume = call.object::<Volume>(vol)?;
        let flags = call.flags::<ExtentsFlags>(flags, VIR_FROM_STORAGE)?;
        let found = volume.extents(offset, length, flags)?;
        let count = c_int::try_from(found.len())
            .map_err(|_| Error::new(VIR_ERR_OVERFLOW, VIR_FROM_STORAGE, "too many extents"))?;
        if extents.is_null() {
            return Ok(count);
        }
        let records = found.iter().map(|extent| virSparseExtent {
            offset: extent.offset,
            length: extent.length,
            r#type: c_int::from(extent.hole),
        });
        let array = crate::strings::to_records(records)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { extents.write(array) };
        Ok(count)
    })
}

/// Overwrites a range of a volume with zeros. It becomes a hole, also in a volume that is not sparse; what
/// shares a block of the filesystem with the range stays.
///
/// The file itself is wiped, whatever format its bytes are in, as virStorageVolWipe does.
///
/// @vol: the volume
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags, or if the range reaches beyond the end; VIR_ERR_OPERATION_INVALID
/// if the pool is inactive; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program
/// uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn virSparseVolWipeRange(
    vol: virStorageVolPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virSparseVolWipeRange", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.writable(&volume, VIR_FROM_STORAGE)?;
        call.no_flags(flags, VIR_FROM_STORAGE)?;
        volume.wipe_range(offset, length)?;
        Ok(0)
    })
}

/// Brings everything that a volume reads from its backing images into it; afterwards it names none. What
/// it reads as stays the same. No domain may use the volume meanwhile: virDomainBlockPull does it for a
/// disk in use. Nothing is to be done for a raw volume, and for an image without a backing image.
///
/// When it returns 0, the data is on stable storage. After an error the volume still names its backing
/// image, and reads as before.
///
/// Definitions of domains that spell out the images below the volume must be changed by the caller.
///
/// @vol: the volume
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection, or if an image
/// refers to a file that is in no active pool; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID
/// if the pool is inactive; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_RESOURCE_BUSY if the volume is in use;
/// VIR_ERR_OPERATION_UNSUPPORTED for a format that cannot be written, or if the image has internal
/// snapshots, which read from the images below as well; VIR_ERR_SYSTEM_ERROR.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn virSparseVolFlatten(vol: virStorageVolPtr, flags: c_uint) -> c_int {
    entry("virSparseVolFlatten", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.writable(&volume, VIR_FROM_STORAGE)?;
        call.no_flags(flags, VIR_FROM_STORAGE)?;
        volume.flatten()?;
        Ok(0)
    })
}

/// Gives a range of a volume space, so that a guest's write there does not fail for want of it. What it
/// reads as stays the same. Offsets are those that a guest sees: of a volume in qcow2 format the image gets
/// clusters of its own, with what is read from the images below it, or with zeros; the chain stays as it
/// is. For a raw volume the filesystem reserves the space. No domain may use the volume meanwhile:
/// virSparseDomainBlockAllocate does it for a disk in use.
///
/// When it returns 0, the space is kept on stable storage. After an error a part may have its space.
///
/// @vol: the volume
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection, or if an image
/// refers to a file that is in no active pool; VIR_ERR_INVALID_ARG for flags, or if the range reaches
/// beyond the end; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL;
/// VIR_ERR_RESOURCE_BUSY if the volume is in use; VIR_ERR_OPERATION_UNSUPPORTED for a format that cannot
/// be written; VIR_ERR_SYSTEM_ERROR.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn virSparseVolAllocate(
    vol: virStorageVolPtr,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virSparseVolAllocate", |call| {
        let volume = call.object::<Volume>(vol)?;
        call.writable(&volume, VIR_FROM_STORAGE)?;
        call.no_flags(flags, VIR_FROM_STORAGE)?;
        volume.allocate(offset, length)?;
        Ok(0)
    })
}

/// Lists the volumes that lie over a volume: those whose images name it as their backing image, so that
/// what they read as changes with it. The volumes of all active pools of the connection are looked at, by
/// their headers; images elsewhere are not found. To change or delete a volume is not refused because of
/// them, unless a running domain uses one.
///
/// @vol: the volume
/// @overlays: where to store a list of volumes with NULL behind the last: the caller releases each
/// volume with virStorageVolFree, then the list with free; NULL to count only
/// @flags: virSparseVolListOverlaysFlags
///
/// Return Value: how many volumes there are, or -1.
///
/// Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for unknown flags;
/// VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR,
/// also if a header cannot be read.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseVolListAllOverlays(
    vol: virStorageVolPtr,
    overlays: *mut *mut virStorageVolPtr,
    flags: c_uint,
) -> c_int {
    entry("virSparseVolListAllOverlays", |call| {
        let volume = call.object::<Volume>(vol)?;
        let flags = call.flags::<OverlayFlags>(flags, VIR_FROM_STORAGE)?;
        let found = volume.overlays(flags.contains(OverlayFlags::DESCENDANTS))?;
        // SAFETY: the caller's promise.
        unsafe { list(call, vol, found, overlays) }
    })
}

/// Tells where guests find a disk of a running domain: at an NBD export behind a unix socket that
/// only this user may connect to. QEMU, nbdcopy, fio and others take such a URI.
///
/// A disk is served over TCP as well if it is defined with an element of ours,
/// <v:listen xmlns:v='urn:virsparse:domain:1' address='127.0.0.1' port='10809'/>; without a port the
/// system chooses one. NBD knows no passwords: whoever can connect to the address has the disk.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @flags: virSparseDiskURIFlags
///
/// Return Value: a URI `nbd+unix:///vda?socket=PATH` or `nbd://ADDRESS:PORT/vda`, which the caller
/// frees, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there
/// is no such disk or nothing in it; VIR_ERR_OPERATION_INVALID if the domain is inactive, or for TCP if
/// the disk is not served there; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseDomainGetDiskURI(
    dom: virDomainPtr,
    disk: *const c_char,
    flags: c_uint,
) -> *mut c_char {
    entry("virSparseDomainGetDiskURI", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, VIR_FROM_DOMAIN, "disk")? };
        let flags = call.flags::<UriFlags>(flags, VIR_FROM_DOMAIN)?;
        crate::strings::to_c(&domain.disk_uri(&disk, flags)?)
    })
}

/// Tells where a disk's data is, and which image of its chain has it. The range is covered in order
/// and without gaps, and neighbours differ. It is a look at one moment: while guests write or a block
/// job works, the disk may be another in the next.
///
/// The disk of an inactive domain is opened for reading, which nobody may be writing.
///
/// @dom: the domain
/// @disk: the target of the disk, or the path of its image
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @nextents: where to store how many extents there are
/// @extents: where to store an array of extents, which the caller frees with free; NULL to count
/// only. It is NULL if the range is empty
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @nextents is NULL, for flags, if
/// there is no such disk or nothing in it, or if the range reaches beyond the end;
/// VIR_ERR_CONFIG_UNSUPPORTED for what cannot be served; VIR_ERR_OPERATION_FAILED if the domain runs
/// in another process, or the disk becomes shorter meanwhile; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR, also for an image of an inactive domain that another program writes.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseDomainGetBlockExtents(
    dom: virDomainPtr,
    disk: *const c_char,
    offset: c_ulonglong,
    length: c_ulonglong,
    nextents: *mut c_int,
    extents: *mut virSparseBlockExtentPtr,
    flags: c_uint,
) -> c_int {
    entry("virSparseDomainGetBlockExtents", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, VIR_FROM_DOMAIN, "disk")? };
        call.non_null(nextents, VIR_FROM_DOMAIN, "nextents")?;
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        let found = domain.block_extents(&disk, offset, length)?;
        let count = c_int::try_from(found.len())
            .map_err(|_| Error::new(VIR_ERR_OVERFLOW, VIR_FROM_DOMAIN, "too many extents"))?;
        if !extents.is_null() {
            let records = found.iter().map(|extent| virSparseBlockExtent {
                offset: extent.offset,
                length: extent.length,
                r#type: match extent.kind {
                    ExtentKind::Data => virSparseExtentType::VIR_SPARSE_EXTENT_DATA,
                    ExtentKind::Hole => virSparseExtentType::VIR_SPARSE_EXTENT_HOLE,
                    ExtentKind::Zero => virSparseExtentType::VIR_SPARSE_EXTENT_ZERO,
                } as c_int,
                depth: extent.depth,
                present: c_int::from(extent.present),
            });
            let array = crate::strings::to_records(records)?;
            // SAFETY: checked for NULL; the caller's memory.
            unsafe { extents.write(array) };
        }
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { nextents.write(count) };
        Ok(0)
    })
}

/// Gives a range of a disk space in the image on top, so that a guest's write there does not fail for
/// want of space, and reads nothing from the images below: what they have is written into it, and zeros
/// where they have nothing. For a raw image the filesystem reserves the space. It works while guests use
/// the disk; the chain stays as it is, and so does what is compressed or shared with an internal snapshot.
///
/// It is a block job like virDomainBlockPull: of type VIR_DOMAIN_BLOCK_JOB_TYPE_PULL in
/// virDomainGetBlockJobInfo, over the length of the range, and in events. virDomainBlockJobSetSpeed
/// limits it, virDomainBlockJobAbort ends it; what has been done by then stays. If the range has its
/// space already, the job completes at once. What guests discard afterwards is given back.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @flags: 0
///
/// Return Value: 0 if the job has been started, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk is NULL, for flags, if there is no such disk or nothing in it, or if
/// the range reaches beyond the end; VIR_ERR_OPERATION_UNSUPPORTED if the disk is transient or has a
/// job, VIR_ERR_BLOCK_COPY_ACTIVE if that is a copy; VIR_ERR_OPERATION_INVALID if the disk is
/// read-only, or the domain inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since virsparse 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virSparseDomainBlockAllocate(
    dom: virDomainPtr,
    disk: *const c_char,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virSparseDomainBlockAllocate", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, VIR_FROM_DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, VIR_FROM_DOMAIN, "disk")? };
        call.no_flags(flags, VIR_FROM_DOMAIN)?;
        domain.block_allocate(&disk, offset, length, false)?;
        Ok(0)
    })
}
