//! `libvirt-domain.h`: how fast guests may use a disk.

use std::ffi::{CStr, c_char, c_int, c_uint};

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::domain::tuning::{AskFlags, DOMAIN, ImpactFlags, take};
use crate::typed_array::{room, store};
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{Domain, IO_TUNE_PARAMETERS, Parameters};

/// How many bytes a second may be moved, by reads and writes together; 0 for no limit. An unsigned
/// long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC: &CStr = c"total_bytes_sec";
/// How many bytes a second may be read; 0 for no limit. An unsigned long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC: &CStr = c"read_bytes_sec";
/// How many bytes a second may be written; 0 for no limit. An unsigned long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC: &CStr = c"write_bytes_sec";
/// How many requests a second may be made, reads and writes together; 0 for no limit. An unsigned
/// long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC: &CStr = c"total_iops_sec";
/// How many reads a second may be made; 0 for no limit. An unsigned long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC: &CStr = c"read_iops_sec";
/// How many writes a second may be made; 0 for no limit. An unsigned long long. Since 0.9.8.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC: &CStr = c"write_iops_sec";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX: &CStr = c"total_bytes_sec_max";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX: &CStr = c"read_bytes_sec_max";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX: &CStr = c"write_bytes_sec_max";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX: &CStr = c"total_iops_sec_max";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX: &CStr = c"read_iops_sec_max";
/// The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC; 0 for none. An unsigned long
/// long. Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX: &CStr = c"write_iops_sec_max";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH: &CStr = c"total_bytes_sec_max_length";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX_LENGTH: &CStr = c"read_bytes_sec_max_length";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX_LENGTH: &CStr = c"write_bytes_sec_max_length";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX_LENGTH: &CStr = c"total_iops_sec_max_length";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX_LENGTH: &CStr = c"read_iops_sec_max_length";
/// How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC. An unsigned long
/// long. Since 2.4.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX_LENGTH: &CStr = c"write_iops_sec_max_length";
/// A request counts as several of this size; 0 if as one, however long it is. An unsigned long long.
/// Since 1.2.11.
pub const VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC: &CStr = c"size_iops_sec";
/// Disks of a domain with this name share one set of limits. A string. Since 3.0.0.
pub const VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME: &CStr = c"group_name";

/// Tells how fast guests may use a disk: 20 parameters, of which numbers are 0 where there is no limit.
///
/// @dom: the domain
/// @disk: the target of the disk, or the path of its image; NULL to count only
/// @params: an array for the parameters; NULL to count only. The caller clears it with
/// virTypedParamsClear
/// @nparams: how many the array holds, 0 to count only; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams, flags, or
/// if there is no such disk; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked
/// for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetBlockIoTune(
    dom: virDomainPtr,
    disk: *const c_char,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetBlockIoTune", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let room = unsafe { room(call, params, nparams, DOMAIN)? };
        let flags: AskFlags = call.flags(flags, DOMAIN)?;
        let values = match room {
            // Whoever counts need not name a disk.
            0 if disk.is_null() => domain.any_block_io_tune(flags.bits())?,
            _ => {
                // SAFETY: the caller's promise.
                let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
                domain.block_io_tune(&disk, flags.bits())?
            }
        };
        // SAFETY: the caller's promise; `room` has checked for NULL.
        unsafe { store(&values, params, nparams, room)? };
        Ok(0)
    })
}

/// Changes how fast guests may use a disk, in a running domain at once. The limits are QEMU's leaky
/// buckets: guests may use a tenth of a second's worth at once, or a burst, and wait then; a request that
/// is let in is let in whole, however long it is. Reads, writes and zeroing count; flushes, discards and
/// block jobs do not.
///
/// Of the limits of one kind (bytes, requests, and each of them in bursts) those that are not given are
/// taken back if one of them is. A total excludes those of reads and writes. Disks of one group have the
/// limits that were set last for any of them. A change of a running domain, other than one of
/// `test:///`, is told by VIR_DOMAIN_EVENT_ID_TUNABLE.
///
/// @dom: the domain
/// @disk: the target of the disk, or the path of its image
/// @params: the parameters, VIR_DOMAIN_BLOCK_IOTUNE_*
/// @nparams: how many there are
/// @flags: virDomainModificationImpact
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk or @params is NULL, @nparams not positive, for wrong types or flags, if
/// there is no such disk, or for a total with another limit of its kind; VIR_ERR_ARGUMENT_UNSUPPORTED
/// for another parameter or a number above 10^15; VIR_ERR_CONFIG_UNSUPPORTED for a burst without its
/// limit or below it, a length without its burst, or a size without a limit of requests;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not persistent
/// where its definition is; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainSetBlockIoTune(
    dom: virDomainPtr,
    disk: *const c_char,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    let body = |call: &Call, domain: &Domain, given: &Parameters| {
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        let flags: ImpactFlags = call.flags(flags, DOMAIN)?;
        domain.set_block_io_tune(&disk, given, flags.bits())
    };
    let function = "virDomainSetBlockIoTune";
    // SAFETY: the caller's promise.
    unsafe { take(function, dom, params, nparams, &IO_TUNE_PARAMETERS, body) }
}
