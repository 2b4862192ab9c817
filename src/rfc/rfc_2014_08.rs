//! `rfc-2014-08.h`: virDomainBlockCopy as it was posted in August 2014, with other units.

use std::ffi::{c_char, c_int, c_uint};

use super::in_node;
use crate::call::entry;
use crate::domain::block_job::copy_parameters;
use crate::domain::object::virDomainPtr;
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{CopyFlags, Domain, bandwidth};
use virsparse_core::error::*;
use virsparse_core::typed_params::Type;

in_node!("VIRSPARSE_RFC_2014_08": virDomainBlockCopy);

/// Copies a disk while guests use it, as the released function does.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @destxml: a <disk> whose <source> and <driver> say where the copy goes and of which format it is
/// @params: "bandwidth", an unsigned long long, in MiB a second; "granularity", an unsigned int, in
/// bytes; "buf-size", an unsigned int, in bytes. May be NULL
/// @nparams: how many there are
/// @flags: virDomainBlockCopyFlags
///
/// Return Value: 0 when the job has started, or -1.
///
/// Errors: as the released virDomainBlockCopy; VIR_ERR_OVERFLOW for a bandwidth that does not fit
/// when it is counted in bytes.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockCopy(
    dom: virDomainPtr,
    disk: *const c_char,
    destxml: *const c_char,
    params: virTypedParameterPtr,
    nparams: c_int,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockCopy", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, VIR_FROM_DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, VIR_FROM_DOMAIN, "disk")? };
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(destxml, VIR_FROM_DOMAIN, "destxml")? };
        // SAFETY: the caller's promise.
        let mut parameters = unsafe { copy_parameters(call, params, nparams, Type::UInt)? };
        parameters.bandwidth = bandwidth(parameters.bandwidth, false)?;
        let flags = call.flags::<CopyFlags>(flags, VIR_FROM_DOMAIN)?;
        domain.block_copy(&disk, &xml, parameters, flags)?;
        Ok(0)
    })
}
