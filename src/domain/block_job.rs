//! `libvirt-domain.h`, fifth part: block jobs.
// An unsigned long has 32 bits on some machines.
#![allow(clippy::unnecessary_cast)]

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong, c_ulonglong};

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::typed_array::validated;
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::{
    AbortFlags, BandwidthFlags, CommitFlags, CopyFlags, CopyParameters, Domain, RebaseFlags,
};
use virsparse_core::error::*;
use virsparse_core::typed_params::{Type, Value};

/// A position in a block job. Since 0.9.4.
pub type virDomainBlockJobCursor = c_ulonglong;

/// How far a block job is. Since 0.9.4.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainBlockJobInfo {
    /// A virDomainBlockJobType.
    pub r#type: c_int,
    /// The limit in MiB or bytes a second, as the flags say; 0 if there is none.
    pub bandwidth: c_ulong,
    /// How much is done. Equal to @end only in a job that is ready.
    pub cur: virDomainBlockJobCursor,
    /// How much there is to do.
    pub end: virDomainBlockJobCursor,
}

/// How far a block job is.
pub type virDomainBlockJobInfo = _virDomainBlockJobInfo;
/// Points at how far a block job is.
pub type virDomainBlockJobInfoPtr = *mut virDomainBlockJobInfo;

/// A parameter of virDomainBlockCopy: the limit in bytes a second. An unsigned long long.
pub const VIR_DOMAIN_BLOCK_COPY_BANDWIDTH: &CStr = c"bandwidth";
/// A parameter of virDomainBlockCopy: the unit in which changes are noted, in bytes, a power of two
/// from 512 to 64 MiB. An unsigned int.
pub const VIR_DOMAIN_BLOCK_COPY_GRANULARITY: &CStr = c"granularity";
/// A parameter of virDomainBlockCopy: the most bytes that are on their way. An unsigned long long.
pub const VIR_DOMAIN_BLOCK_COPY_BUF_SIZE: &CStr = c"buf-size";

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

bitflags::bitflags! {
    struct PullFlags: u32 {
        const BANDWIDTH_BYTES = 64;
    }
}

// An unsigned long has 64 bits on most machines, not on all.
#[allow(clippy::unnecessary_cast)]
fn wide(bandwidth: c_ulong) -> u64 {
    bandwidth as u64
}

/// Brings everything that a disk reads from the images below the one on top into that, which then
/// needs no other. Guests go on using the disk. A VIR_DOMAIN_EVENT_ID_BLOCK_JOB event tells of the
/// end.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @bandwidth: the limit in MiB a second; 0 for none
/// @flags: virDomainBlockPullFlags
///
/// Return Value: 0 when the job has started, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk;
/// VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive or the disk read-only;
/// VIR_ERR_OPERATION_UNSUPPORTED or VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job;
/// VIR_ERR_OPERATION_UNSUPPORTED also if the image on top has internal snapshots, which need the ones
/// below; VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if
/// that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockPull(
    dom: virDomainPtr,
    disk: *const c_char,
    bandwidth: c_ulong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockPull", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        let flags = RebaseFlags::from_bits_retain(call.flags::<PullFlags>(flags, DOMAIN)?.bits());
        domain.block_pull(&disk, None, wide(bandwidth), flags)?;
        Ok(0)
    })
}

/// Brings what a disk reads from the images above @base into the one on top, which then has @base
/// directly below it; or, with VIR_DOMAIN_BLOCK_REBASE_COPY, copies the disk to @base as
/// virDomainBlockCopy does. The copy has the format of the disk's top image, or is raw with
/// VIR_DOMAIN_BLOCK_REBASE_COPY_RAW; with VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT a file that cannot have
/// that format is refused, and virDomainBlockCopy with a <driver type> is the way to use it.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @base: the path of an image in the chain, or "vda[3]" with an index that the description of the
/// domain shows; NULL for all images; for a copy the path of its destination
/// @bandwidth: the limit in MiB a second; 0 for none
/// @flags: virDomainBlockRebaseFlags
///
/// Return Value: 0 when the job has started, or -1.
///
/// Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if there is no such image, for flags
/// without VIR_DOMAIN_BLOCK_REBASE_COPY that need it, or for a copy without @base;
/// VIR_ERR_OPERATION_INVALID also if the names of the images are not relative; for a copy those of
/// virDomainBlockCopy.
///
/// Since 0.9.10.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockRebase(
    dom: virDomainPtr,
    disk: *const c_char,
    base: *const c_char,
    bandwidth: c_ulong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockRebase", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        let flags = call.flags::<RebaseFlags>(flags, DOMAIN)?;
        if flags.contains(RebaseFlags::COPY) {
            call.non_null(base, DOMAIN, "base")?;
        }
        // SAFETY: the caller's promise.
        let base = unsafe { call.optional_string(base, DOMAIN, "base")? };
        domain.block_rebase(&disk, base.as_deref(), wide(bandwidth), flags)?;
        Ok(0)
    })
}

/// Brings what the images from @top on have into @base below them. What is above @top then has
/// @base directly below it. If @top is the image on top, @base can take its place: the job becomes
/// ready, and waits for virDomainBlockJobAbort. @base becomes as long as @top, but never shorter: if it
/// takes the place of the image on top, the disk is then as long as @base.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @base: the path of an image in the chain, or "vda[3]"; NULL for the last one
/// @top: the same; NULL for the one on top
/// @bandwidth: the limit in MiB a second; 0 for none
/// @flags: virDomainBlockCommitFlags; ACTIVE must be there for the image on top
///
/// Return Value: 0 when the job has started, or -1.
///
/// Errors: as virDomainBlockRebase without a copy; VIR_ERR_INVALID_ARG also if @base is not below
/// @top; VIR_ERR_OPERATION_UNSUPPORTED also if @base is longer than @top, and internal snapshots of the
/// image above @top would show that; VIR_ERR_RESOURCE_BUSY if another running
/// domain, or another program, uses @base, or an image that is to be deleted or renamed in another.
///
/// Since 0.10.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockCommit(
    dom: virDomainPtr,
    disk: *const c_char,
    base: *const c_char,
    top: *const c_char,
    bandwidth: c_ulong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockCommit", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        // SAFETY: the caller's promise.
        let base = unsafe { call.optional_string(base, DOMAIN, "base")? };
        // SAFETY: the caller's promise.
        let top = unsafe { call.optional_string(top, DOMAIN, "top")? };
        let flags = call.flags::<CommitFlags>(flags, DOMAIN)?;
        domain.block_commit(&disk, base.as_deref(), top.as_deref(), wide(bandwidth), flags)?;
        Ok(0)
    })
}

/// Copies a disk while guests use it. When the copy is equal to the disk, the job is ready, and
/// keeps it so until virDomainBlockJobAbort makes the copy the disk or leaves it as it is. A qcow2 copy
/// has whole sectors of 512 bytes: what the disk has less reads as zeros.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @destxml: a <disk> whose <source> and <driver> say where the copy goes and of which format it is:
/// of type file, block, or network with protocol nbd; of format raw or qcow2. Without a <driver type>
/// the format is that of the disk's top image. A file or device that is there already
/// (VIR_DOMAIN_BLOCK_COPY_REUSE_EXT) is not probed: it is refused if that format cannot be its own, as
/// without a qcow2 header where qcow2 is assumed, or with the mark of an image format where raw is. It
/// may be longer than the disk
/// @params: the parameters VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, _GRANULARITY, _BUF_SIZE; may be NULL
/// @nparams: how many there are
/// @flags: virDomainBlockCopyFlags. With TARGET_ZEROED the destination is trusted to read as zeros, so that
/// one that was prepared stays sparse; what it has in place of zeros would become part of the copy. Where a
/// shallow copy has an image below, its destination reads as that, and the flag means nothing
///
/// Return Value: 0 when the job has started, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk or @destxml is NULL, for unknown flags, for parameters of the wrong
/// type, twice or out of range, or if there is no such disk; VIR_ERR_ARGUMENT_UNSUPPORTED for unknown
/// parameters; VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_NO_SOURCE for @destxml;
/// VIR_ERR_CONFIG_UNSUPPORTED for a destination that is there or cannot be used, is shorter than the
/// disk, or contradicts a format that nobody has said; VIR_ERR_OPERATION_INVALID if the domain is
/// inactive, or persistent without VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB; VIR_ERR_OPERATION_UNSUPPORTED
/// or VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_FAILED if another process runs
/// it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 1.2.8.
#[unsafe(no_mangle)]
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
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        // SAFETY: the caller's promise.
        let xml = unsafe { call.string(destxml, DOMAIN, "destxml")? };
        // SAFETY: the caller's promise.
        let parameters = unsafe { copy_parameters(call, params, nparams, Type::ULLong)? };
        let flags = call.flags::<CopyFlags>(flags, DOMAIN)?;
        domain.block_copy(&disk, &xml, parameters, flags)?;
        Ok(0)
    })
}

/// The parameters of a copy; `size` is the type of the one that says how much is on its way.
///
/// # Safety
/// `params` is NULL or an array of `nparams` parameters.
pub(crate) unsafe fn copy_parameters(
    call: &Call,
    params: virTypedParameterPtr,
    nparams: c_int,
    size: Type,
) -> Result<CopyParameters> {
    let allowed = [("bandwidth", Type::ULLong), ("granularity", Type::UInt), ("buf-size", size)];
    let mut parameters = CopyParameters::default();
    // SAFETY: the caller's promise.
    for (name, value) in unsafe { validated(call, params, nparams, DOMAIN, &allowed)? } {
        match (name, value) {
            ("bandwidth", Value::ULLong(number)) => parameters.bandwidth = number,
            ("granularity", Value::UInt(number)) => parameters.granularity = number,
            ("buf-size", Value::ULLong(number)) => parameters.buffer_size = number,
            ("buf-size", Value::UInt(number)) => parameters.buffer_size = number.into(),
            _ => {}
        }
    }
    Ok(parameters)
}

/// Tells how far the job on a disk is.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @info: where to store it; all 0 without a job
/// @flags: virDomainBlockJobInfoFlags
///
/// Return Value: 1 if there is a job, 0 if there is none, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @info is NULL, for unknown flags, or
/// if there is no such disk; VIR_ERR_OPERATION_INVALID if the domain is inactive;
/// VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
/// not answer; VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetBlockJobInfo(
    dom: virDomainPtr,
    disk: *const c_char,
    info: virDomainBlockJobInfoPtr,
    flags: c_uint,
) -> c_int {
    let nothing = virDomainBlockJobInfo { r#type: 0, bandwidth: 0, cur: 0, end: 0 };
    if !info.is_null() {
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(nothing) };
    }
    entry("virDomainGetBlockJobInfo", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        call.non_null(info, DOMAIN, "info")?;
        let flags = call.flags::<BandwidthFlags>(flags, DOMAIN)?;
        let Some(now) = domain.block_job_info(&disk)? else { return Ok(0) };
        let bandwidth = match flags.contains(BandwidthFlags::BYTES) {
            true => now.bandwidth,
            false => now.bandwidth.div_ceil(1 << 20),
        };
        let (r#type, bandwidth) = (now.kind as c_int, bandwidth as c_ulong);
        let now = virDomainBlockJobInfo { r#type, bandwidth, cur: now.done, end: now.end };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(now) };
        Ok(1)
    })
}

/// Limits the speed of the job on a disk, from now on.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @bandwidth: the limit in MiB a second; 0 for none
/// @flags: virDomainBlockJobSetSpeedFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk or no job on
/// it; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED
/// if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockJobSetSpeed(
    dom: virDomainPtr,
    disk: *const c_char,
    bandwidth: c_ulong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockJobSetSpeed", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        let flags = call.flags::<BandwidthFlags>(flags, DOMAIN)?;
        domain.set_block_job_speed(&disk, wide(bandwidth), flags)?;
        Ok(0)
    })
}

/// Ends the job on a disk. A copy that is ready can be made the disk: guests go on with it, and lose
/// nothing. Otherwise the disk stays as it is.
///
/// @dom: an active domain
/// @disk: the target of the disk, or the path of its image
/// @flags: virDomainBlockJobAbortFlags
///
/// Return Value: 0 when the job has ended, with ASYNC when it has been told to; or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk or no job on
/// it, with the reason if the last one has failed; VIR_ERR_BLOCK_COPY_ACTIVE for PIVOT if the job is
/// not ready; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_ABORTED if
/// somebody else has ended it; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR if the
/// copy could not be made the disk, which then is as it was.
///
/// Since 0.9.4.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainBlockJobAbort(
    dom: virDomainPtr,
    disk: *const c_char,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockJobAbort", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let disk = unsafe { call.string(disk, DOMAIN, "disk")? };
        domain.abort_block_job(&disk, call.flags::<AbortFlags>(flags, DOMAIN)?)?;
        Ok(0)
    })
}
