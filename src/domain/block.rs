//! `libvirt-domain.h`, fourth part: questions about disks, and what is done to them from outside.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_uint, c_ulonglong, c_void};

use crate::call::entry;
use crate::domain::object::virDomainPtr;
use crate::strings;
use crate::typed_array::{room, store};
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{BlockInfo, DiskStats, Domain, ResizeFlags};
use virsparse_core::error::*;
use virsparse_core::typed_params::Value;

/// How large a disk is. Since 0.8.1.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainBlockInfo {
    /// Bytes that a guest sees.
    pub capacity: c_ulonglong,
    /// Bytes that the image takes on the medium.
    pub allocation: c_ulonglong,
    /// Bytes from the first to the last of the image.
    pub physical: c_ulonglong,
}

/// How large a disk is.
pub type virDomainBlockInfo = _virDomainBlockInfo;
/// Points at how large a disk is.
pub type virDomainBlockInfoPtr = *mut virDomainBlockInfo;

/// What guests have done with a disk. Since 0.3.2.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainBlockStats {
    /// How often something was read.
    pub rd_req: c_longlong,
    /// How many bytes were read.
    pub rd_bytes: c_longlong,
    /// How often something was written.
    pub wr_req: c_longlong,
    /// How many bytes were written.
    pub wr_bytes: c_longlong,
    /// How often something has failed: -1, because that is not counted, but 0 for test:///.
    pub errs: c_longlong,
}

/// What guests have done with a disk.
pub type virDomainBlockStatsStruct = _virDomainBlockStats;
/// Points at what guests have done with a disk.
pub type virDomainBlockStatsPtr = *mut virDomainBlockStatsStruct;

/// A disk, and what has gone wrong with it. Since 0.9.10.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainDiskError {
    /// The target of the disk.
    pub disk: *mut c_char,
    /// A virDomainDiskErrorCode.
    pub error: c_int,
}

/// A disk, and what has gone wrong with it.
pub type virDomainDiskError = _virDomainDiskError;
/// Points at a disk with what has gone wrong with it.
pub type virDomainDiskErrorPtr = *mut virDomainDiskError;

/// How many bytes were read. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_READ_BYTES: &CStr = c"rd_bytes";
/// How often something was read. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_READ_REQ: &CStr = c"rd_operations";
/// How long that took, in nanoseconds. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_READ_TOTAL_TIMES: &CStr = c"rd_total_times";
/// How many bytes were written. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES: &CStr = c"wr_bytes";
/// How often something was written. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_WRITE_REQ: &CStr = c"wr_operations";
/// How long that took, in nanoseconds. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES: &CStr = c"wr_total_times";
/// How often what was written was brought to stable storage. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ: &CStr = c"flush_operations";
/// How long that took, in nanoseconds. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_FLUSH_TOTAL_TIMES: &CStr = c"flush_total_times";
/// How often something has failed, where that is counted. A long long.
pub const VIR_DOMAIN_BLOCK_STATS_ERRS: &CStr = c"errs";

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// Tells how large a disk is, also of an inactive domain.
///
/// @domain: the domain
/// @disk: the target of the disk, or the path of its image
/// @info: where to store it
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @info is NULL, for flags, or if
/// there is no such disk or nothing in it; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetBlockInfo(
    domain: virDomainPtr,
    disk: *const c_char,
    info: virDomainBlockInfoPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetBlockInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(info, DOMAIN, "info")?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        call.no_flags(flags, DOMAIN)?;
        let BlockInfo { capacity, allocation, physical } = domain.block_info(&disk)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(virDomainBlockInfo { capacity, allocation, physical }) };
        Ok(0)
    })
}

/// Tells what guests have done with a disk since the domain was started.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image; empty for the sum of all
/// @stats: where to store it
/// @size: how many bytes of it to store
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @stats is NULL, if there is no such
/// disk, or if @size is more than there is; VIR_ERR_OPERATION_INVALID if the domain is inactive;
/// VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
/// not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.3.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockStats(
    dom: virDomainPtr,
    disk: *const c_char,
    stats: virDomainBlockStatsPtr,
    size: usize,
) -> c_int {
    entry("virDomainBlockStats", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        call.non_null(stats, DOMAIN, "stats")?;
        let most = size_of::<virDomainBlockStatsStruct>();
        if size > most {
            let text = format!("size must not exceed {most}");
            return Err(Error::argument(DOMAIN, "size", text));
        }
        let now = domain.block_stats(&disk)?;
        let record = virDomainBlockStatsStruct {
            rd_req: now.reads as c_longlong,
            rd_bytes: now.read_bytes as c_longlong,
            wr_req: now.writes as c_longlong,
            wr_bytes: now.write_bytes as c_longlong,
            errs: domain.failed_requests().map_or(-1, |failed| failed as c_longlong),
        };
        // SAFETY: checked for NULL; the caller's `size` bytes.
        unsafe {
            let record: *const virDomainBlockStatsStruct = &record;
            std::ptr::copy_nonoverlapping(record.cast::<u8>(), stats.cast::<u8>(), size);
        }
        Ok(0)
    })
}

/// Statistics as typed parameters, in libvirt's order.
fn as_parameters(now: &DiskStats) -> [(&'static str, Value); 8] {
    let all = [
        (VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES, now.write_bytes),
        (VIR_DOMAIN_BLOCK_STATS_WRITE_REQ, now.writes),
        (VIR_DOMAIN_BLOCK_STATS_READ_BYTES, now.read_bytes),
        (VIR_DOMAIN_BLOCK_STATS_READ_REQ, now.reads),
        (VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ, now.flushes),
        (VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES, now.write_time),
        (VIR_DOMAIN_BLOCK_STATS_READ_TOTAL_TIMES, now.read_time),
        (VIR_DOMAIN_BLOCK_STATS_FLUSH_TOTAL_TIMES, now.flush_time),
    ];
    all.map(|(name, number)| (name.to_str().unwrap_or_default(), Value::LLong(number as i64)))
}

bitflags::bitflags! {
    struct ParameterFlags: u32 {
        const STRING_OKAY = 4;
    }
}

/// Tells what guests have done with a disk since the domain was started, as typed parameters:
/// VIR_DOMAIN_BLOCK_STATS_READ_BYTES and the others. Times are in nanoseconds.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image; empty for the sum of all
/// @params: an array for the parameters; NULL to count them
/// @nparams: how many the array holds, and how many were stored; if it was 0, how many there are
/// @flags: 0 or VIR_TYPED_PARAM_STRING_OKAY
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @nparams is NULL, *@nparams is
/// negative, @params is NULL and *@nparams is not 0, for unknown flags, or if there is no such disk;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockStatsFlags(
    dom: virDomainPtr,
    disk: *const c_char,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockStatsFlags", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        // SAFETY: the caller's promise.
        let room = unsafe { room(call, params, nparams, DOMAIN)? };
        call.flags::<ParameterFlags>(flags, DOMAIN)?;
        let all = as_parameters(&domain.block_stats(&disk)?);
        // SAFETY: the caller's promise; `room` has checked for NULL.
        unsafe { store(&all, params, nparams, room)? };
        Ok(0)
    })
}

/// Reads from a disk what a guest would read, at any time, also while the domain is paused. The
/// format of the image must be raw.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @offset: where to begin, in bytes
/// @size: how much to read, in bytes: at most 4 MiB
/// @buffer: where to store it
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk or @buffer is NULL, for flags, if there is no such disk, or for what is
/// beyond its end; VIR_ERR_OPERATION_UNSUPPORTED for other formats; VIR_ERR_OPERATION_INVALID if the
/// domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.4.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockPeek(
    dom: virDomainPtr,
    disk: *const c_char,
    offset: c_ulonglong,
    size: usize,
    buffer: *mut c_void,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockPeek", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        if size > 0 {
            call.non_null(buffer, DOMAIN, "buffer")?;
        }
        call.no_flags(flags, DOMAIN)?;
        let data = domain.block_peek(&disk, offset, size)?;
        if size > 0 {
            // SAFETY: checked for NULL; the caller's `size` bytes, of which there are as many.
            unsafe { std::ptr::copy_nonoverlapping(data.as_ptr(), buffer.cast(), size) };
        }
        Ok(0)
    })
}

/// Changes the size of a disk, rounded up to whole sectors. What is cut off is lost. Guests that
/// are connected to the disk see the new size when they connect again.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @size: the new size, in KiB
/// @flags: virDomainBlockResizeFlags: with BYTES @size is in bytes. With CAPACITY, for a raw disk on a
/// block device that has changed its size, @size is 0 or the size of the device; otherwise a device has
/// to be resized to the size that it has. With EXTEND the disk is not made smaller
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk;
/// VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_UNSUPPORTED
/// if the disk is read-only or has no medium; VIR_ERR_OPERATION_UNSUPPORTED or
/// VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_UNSUPPORTED for CAPACITY where
/// the disk is no raw block device, and for a device that has another size; VIR_ERR_INVALID_ARG if
/// @size is another than that with CAPACITY; VIR_ERR_OPERATION_FAILED if it would become smaller with
/// EXTEND, or if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
/// VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockResize(
    dom: virDomainPtr,
    disk: *const c_char,
    size: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockResize", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        domain.block_resize(&disk, size, call.flags::<ResizeFlags>(flags, DOMAIN)?)?;
        Ok(0)
    })
}

/// Tells for which disks a request of a guest has failed since the domain was started or resumed.
///
/// @dom: an active domain
/// @errors: an array for the disks with errors: the caller frees each name; NULL to count
/// @maxerrors: how many the array holds
/// @flags: 0
///
/// Return Value: how many errors were stored, or without @errors how many disks the domain has; or
/// -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @errors is NULL and @maxerrors is not 0, or
/// the other way round, and for flags; VIR_ERR_OPERATION_INVALID if the domain is inactive;
/// VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
/// not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetDiskErrors(
    dom: virDomainPtr,
    errors: virDomainDiskErrorPtr,
    maxerrors: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetDiskErrors", |call| {
        let domain = call.object::<Domain>(dom)?;
        if maxerrors > 0 {
            call.non_null(errors, DOMAIN, "errors")?;
        } else if !errors.is_null() {
            return Err(call.invalid_argument(DOMAIN, "errors", "be NULL"));
        }
        call.no_flags(flags, DOMAIN)?;
        let found = domain.disk_errors()?;
        if errors.is_null() {
            return Ok(domain.disk_count()? as c_int);
        }
        let mut stored = 0;
        for (target, error) in found.iter().take(maxerrors as usize) {
            match strings::to_c(target) {
                // SAFETY: within the caller's array.
                Ok(disk) => unsafe {
                    let error = *error as c_int;
                    errors.add(stored).write(virDomainDiskError { disk, error });
                },
                Err(error) => {
                    for index in 0..stored {
                        // SAFETY: written above, with malloc'd strings.
                        unsafe { libc::free((*errors.add(index)).disk.cast()) };
                    }
                    return Err(error);
                }
            }
            stored += 1;
        }
        Ok(stored as c_int)
    })
}

/// Has VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD sent, once, when a guest has written behind an offset of
/// the image of a disk: for a raw image that is an offset of the disk, for others where the image
/// keeps the data.
///
/// @domain: an active domain
/// @dev: the target of the disk, with or without the number of its top image: `vda[1]`
/// @threshold: the offset in bytes; 0 for none
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @dev is NULL, for flags, or if there is no such disk or image;
/// VIR_ERR_OPERATION_UNSUPPORTED for an image that is not on top; VIR_ERR_OPERATION_INVALID if the
/// domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 3.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetBlockThreshold(
    domain: virDomainPtr,
    dev: *const c_char,
    threshold: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virDomainSetBlockThreshold", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let dev = unsafe { call.string(dev, DOMAIN, "dev")? };
        call.no_flags(flags, DOMAIN)?;
        domain.set_block_threshold(&dev, threshold)?;
        Ok(0)
    })
}
