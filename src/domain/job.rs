//! `libvirt-domain.h`, sixth part: jobs on whole domains, of which there are none.

use std::ffi::{c_int, c_ulonglong};

use crate::call::entry;
use crate::domain::object::virDomainPtr;
use virsparse_core::domain::Domain;
use virsparse_core::error::*;

/// How far a job is. Times are in milliseconds, sizes in bytes; 0 is also what is not known. Since 0.7.7.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct _virDomainJobInfo {
    /// A virDomainJobType.
    pub r#type: c_int,
    /// How long it has been at work.
    pub timeElapsed: c_ulonglong,
    /// How long it will be.
    pub timeRemaining: c_ulonglong,
    /// How much there is to do.
    pub dataTotal: c_ulonglong,
    /// How much is done.
    pub dataProcessed: c_ulonglong,
    /// How much is left.
    pub dataRemaining: c_ulonglong,
    /// The same of memory.
    pub memTotal: c_ulonglong,
    /// How much of it is done.
    pub memProcessed: c_ulonglong,
    /// How much of it is left.
    pub memRemaining: c_ulonglong,
    /// The same of files.
    pub fileTotal: c_ulonglong,
    /// How much of them is done.
    pub fileProcessed: c_ulonglong,
    /// How much of them is left.
    pub fileRemaining: c_ulonglong,
}

/// How far a job is.
pub type virDomainJobInfo = _virDomainJobInfo;
/// Points at how far a job is.
pub type virDomainJobInfoPtr = *mut virDomainJobInfo;

/// Tells how far the job on a domain is, of which there are none: jobs on disks are told by
/// virDomainGetBlockJobInfo.
///
/// @domain: the domain
/// @info: where to store it: all 0, which is VIR_DOMAIN_JOB_NONE
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_NO_DOMAIN.
///
/// Since 0.7.7.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetJobInfo(
    domain: virDomainPtr,
    info: virDomainJobInfoPtr,
) -> c_int {
    entry("virDomainGetJobInfo", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(info, VIR_FROM_DOMAIN, "info")?;
        domain.is_active()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(virDomainJobInfo::default()) };
        Ok(0)
    })
}
