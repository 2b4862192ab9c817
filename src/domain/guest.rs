//! `libvirt-domain.h`: what a hypervisor and a guest would tell of a domain. Nothing is executed.

use std::ffi::{CStr, c_char, c_int, c_longlong, c_uint, c_ulonglong};
use std::ptr::null_mut;

use crate::call::entry;
use crate::domain::control::change;
use crate::domain::object::virDomainPtr;
use crate::domain::tuning::{AskFlags, DOMAIN, tell};
use crate::host_node::{member, virSecurityLabel, virSecurityLabelPtr};
use crate::stream::virStreamPtr;
use crate::strings;
use crate::typed_array::{Growing, clear, field};
use crate::typed_params::{VIR_TYPED_PARAM_FIELD_LENGTH, virTypedParameter, virTypedParameterPtr};
use virsparse_core::domain::{Domain, GuestTime, SCREENSHOT_MIME, SetTimeFlags};
use virsparse_core::enums::domain_stats::virDomainControlState;
use virsparse_core::stream::Stream;

/// The same as VIR_DOMAIN_MEMORY_STAT_NR. Since 0.9.10.
#[cfg(feature = "enum-sentinels")]
pub const VIR_DOMAIN_MEMORY_STAT_LAST: c_int = 13;

/// One number of a domain's memory. Since 0.7.5.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainMemoryStat {
    /// A virDomainMemoryStatTags.
    pub tag: c_int,
    /// The number.
    pub val: c_ulonglong,
}

/// One number of a domain's memory.
pub type virDomainMemoryStatStruct = _virDomainMemoryStat;
/// Points at a number of a domain's memory.
pub type virDomainMemoryStatPtr = *mut virDomainMemoryStatStruct;

/// Whether a domain can be controlled. Since 0.9.3.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainControlInfo {
    /// A virDomainControlState.
    pub state: c_uint,
    /// A virDomainControlErrorReason.
    pub details: c_uint,
    /// For how long, in milliseconds; 0 if it can be controlled.
    pub stateTime: c_ulonglong,
}

/// Whether a domain can be controlled.
pub type virDomainControlInfo = _virDomainControlInfo;
/// Points at whether a domain can be controlled.
pub type virDomainControlInfoPtr = *mut virDomainControlInfo;

/// How much of devices a domain may use, against others. An unsigned int. Since 0.9.0.
pub const VIR_DOMAIN_BLKIO_WEIGHT: &CStr = c"weight";
/// The same of single devices, as `PATH,WEIGHT,PATH,WEIGHT`. A string. Since 0.9.8.
pub const VIR_DOMAIN_BLKIO_DEVICE_WEIGHT: &CStr = c"device_weight";
/// Reads a second of single devices. A string. Since 1.2.2.
pub const VIR_DOMAIN_BLKIO_DEVICE_READ_IOPS: &CStr = c"device_read_iops_sec";
/// Writes a second of single devices. A string. Since 1.2.2.
pub const VIR_DOMAIN_BLKIO_DEVICE_WRITE_IOPS: &CStr = c"device_write_iops_sec";
/// Bytes a second read from single devices. A string. Since 1.2.2.
pub const VIR_DOMAIN_BLKIO_DEVICE_READ_BPS: &CStr = c"device_read_bytes_sec";
/// Bytes a second written to single devices. A string. Since 1.2.2.
pub const VIR_DOMAIN_BLKIO_DEVICE_WRITE_BPS: &CStr = c"device_write_bytes_sec";

/// An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.9.0.
pub const VIR_DOMAIN_BLKIO_FIELD_LENGTH: usize = VIR_TYPED_PARAM_FIELD_LENGTH;

/// An old name of virTypedParameter. Since 0.9.0.
pub type virBlkioParameter = virTypedParameter;
/// An old name of virTypedParameterPtr. Since 0.9.0.
pub type virBlkioParameterPtr = *mut virBlkioParameter;

/// Tells of the memory of an active domain: how much it is described to have, and zeros for what it
/// would have used.
///
/// @dom: the domain
/// @stats: an array for the numbers
/// @nr_stats: how many it holds
/// @flags: 0
///
/// Return Value: how many there are in it, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
/// domain is inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 0.7.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainMemoryStats(
    dom: virDomainPtr,
    stats: virDomainMemoryStatPtr,
    nr_stats: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainMemoryStats", |call| {
        let domain = call.object::<Domain>(dom)?;
        if stats.is_null() || nr_stats == 0 {
            return Ok(0);
        }
        call.no_flags(flags, DOMAIN)?;
        let mut told = domain.memory_stats()?;
        told.truncate(nr_stats as usize);
        for (index, (tag, val)) in told.iter().enumerate() {
            let stat = virDomainMemoryStatStruct { tag: *tag as c_int, val: *val };
            // SAFETY: within the caller's array.
            unsafe { stats.add(index).write(stat) };
        }
        Ok(told.len() as c_int)
    })
}

/// Tells whether an active domain can be controlled, which it can.
///
/// @domain: the domain
/// @info: where to store it
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL, or for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetControlInfo(
    domain: virDomainPtr,
    info: virDomainControlInfoPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetControlInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(info, DOMAIN, "info")?;
        call.no_flags(flags, DOMAIN)?;
        domain.expect_control()?;
        let state = virDomainControlState::VIR_DOMAIN_CONTROL_OK as c_uint;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(virDomainControlInfo { state, details: 0, stateTime: 0 }) };
        Ok(0)
    })
}

/// Tells the time in the guest of a running domain. Only those of test:/// have one, which stands
/// still.
///
/// @dom: the domain
/// @seconds: where to store the seconds since 1970, or NULL
/// @nseconds: where to store the nanoseconds beside them, or NULL
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
/// the domain is not running; VIR_ERR_NO_DOMAIN.
///
/// Since 1.2.5.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetTime(
    dom: virDomainPtr,
    seconds: *mut c_longlong,
    nseconds: *mut c_uint,
    flags: c_uint,
) -> c_int {
    change("virDomainGetTime", dom, |call, domain| {
        call.no_flags(flags, DOMAIN)?;
        let time = domain.guest_time()?;
        // SAFETY: NULL or the caller's memory.
        unsafe {
            if let Some(seconds) = seconds.as_mut() {
                *seconds = time.seconds;
            }
            if let Some(nseconds) = nseconds.as_mut() {
                *nseconds = time.nanoseconds;
            }
        }
        Ok(())
    })
}

/// Sets the time in the guest of an active domain. Only those of test:/// have one.
///
/// @dom: the domain
/// @seconds: the seconds since 1970
/// @nseconds: the nanoseconds beside them
/// @flags: virDomainSetTimeFlags, which make no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
/// the domain is inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 1.2.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetTime(
    dom: virDomainPtr,
    seconds: c_longlong,
    nseconds: c_uint,
    flags: c_uint,
) -> c_int {
    change("virDomainSetTime", dom, |call, domain| {
        call.flags::<SetTimeFlags>(flags, DOMAIN)?;
        domain.set_guest_time(GuestTime { seconds, nanoseconds: nseconds })
    })
}

/// Tells what the guest of an active domain calls itself. Only those of test:/// have a name.
///
/// @domain: the domain
/// @flags: 0
///
/// Return Value: the name, to be freed by the caller, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
/// the domain is inactive; VIR_ERR_NO_DOMAIN.
///
/// Since 0.10.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetHostname(domain: virDomainPtr, flags: c_uint) -> *mut c_char {
    entry("virDomainGetHostname", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.writable(&domain, DOMAIN)?;
        call.no_flags(flags, DOMAIN)?;
        strings::to_c(&domain.guest_hostname()?)
    })
}

/// Sends a picture of the screen of a domain: a black one, because nothing is executed. Only domains of
/// test:/// have a screen.
///
/// @domain: the domain
/// @stream: a stream that is not in use, from which the picture is received as a volume's data is after
/// virStorageVolDownload
/// @screen: which screen; they are all alike
/// @flags: 0
///
/// Return Value: the format of the picture, "image/png", to be freed by the caller, or NULL.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a read-only
/// connection; VIR_ERR_INVALID_ARG for flags, or if @stream is of another connection;
/// VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if @stream is in use;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.2.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainScreenshot(
    domain: virDomainPtr,
    stream: virStreamPtr,
    screen: c_uint,
    flags: c_uint,
) -> *mut c_char {
    let _ = screen;
    entry("virDomainScreenshot", |call| {
        let domain = call.object::<Domain>(domain)?;
        let stream = call.object::<Stream>(stream)?;
        call.writable(&domain, DOMAIN)?;
        call.no_flags(flags, DOMAIN)?;
        let format = strings::to_c(SCREENSHOT_MIME)?;
        domain.screenshot(&stream).inspect_err(|_| {
            // SAFETY: from malloc, and nobody's yet.
            unsafe { libc::free(format.cast()) };
        })?;
        Ok(format)
    })
}

/// Tells the label of a domain under the security model of the machine, which only test:/// has
/// (virNodeGetSecurityModel). Without one it is empty, and while a domain is inactive.
///
/// @domain: the domain
/// @seclabel: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @seclabel is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.6.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetSecurityLabel(
    domain: virDomainPtr,
    seclabel: virSecurityLabelPtr,
) -> c_int {
    entry("virDomainGetSecurityLabel", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(seclabel, DOMAIN, "seclabel")?;
        let (label, enforcing) = domain.security_label()?;
        let label = virSecurityLabel { label: member(label), enforcing: enforcing.into() };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { seclabel.write(label) };
        Ok(0)
    })
}

/// Tells how much of devices a domain may use, as it is defined: VIR_DOMAIN_BLKIO_WEIGHT, which is 0 if
/// nothing is said of it, and what begins with VIR_DOMAIN_BLKIO_DEVICE.
///
/// @domain: the domain
/// @params: an array for the parameters; NULL to count only. The caller clears it with
/// virTypedParamsClear
/// @nparams: how many the array holds, 0 to count only; becomes how many there are in it
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
/// where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetBlkioParameters(
    domain: virDomainPtr,
    params: virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        tell("virDomainGetBlkioParameters", domain, params, nparams, |call, domain| {
            let flags: AskFlags = call.flags(flags, DOMAIN)?;
            domain.blkio_parameters(flags.bits())
        })
    }
}

/// Tells what is to be counted while a domain is executed, as it is defined: a boolean for each
/// event that libvirt knows. Nothing is executed.
///
/// @domain: the domain
/// @params: where to store an array, to be released with virTypedParamsFree
/// @nparams: where to store how many parameters it has
/// @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers or flags;
/// VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
/// where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 1.3.3.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetPerfEvents(
    domain: virDomainPtr,
    params: *mut virTypedParameterPtr,
    nparams: *mut c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetPerfEvents", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(params, DOMAIN, "params")?;
        call.non_null(nparams, DOMAIN, "nparams")?;
        let flags: AskFlags = call.flags(flags, DOMAIN)?;
        let events = domain.perf_events(flags.bits())?;
        let (mut array, mut stored, mut room) = (null_mut(), 0, 0);
        let growing = Growing { params: &mut array, nparams: &mut stored, maxparams: &mut room };
        for (name, value) in &events {
            let name = std::ffi::CString::new(*name).unwrap_or_default();
            // SAFETY: an array of our own.
            let pushed = field(&name).and_then(|field| unsafe { growing.push(call, field, value) });
            pushed.inspect_err(|_| unsafe {
                clear(array, stored);
                libc::free(array.cast());
            })?;
        }
        // SAFETY: checked for NULL; the caller's memory.
        unsafe {
            params.write(array);
            nparams.write(stored);
        }
        Ok(0)
    })
}
