//! `rfc-2011-04.h`: the three designs of April 2011 and the following weeks for what became block
//! jobs: streaming a disk by units, allocating a range of it, streaming a range of it.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};

use super::{Bytes, disk, in_node};
use crate::call::entry;
use crate::domain::job::{virDomainJobInfo, virDomainJobInfoPtr};
use crate::domain::object::virDomainPtr;
use crate::strings::{self, to_field};
use virsparse_core::domain::BlockJobOutcome as Outcome;
use virsparse_core::domain::{AbortFlags, Domain};
use virsparse_core::enums::domain::virDomainJobType;
use virsparse_core::error::*;

in_node!(
    "VIRSPARSE_RFC_2011_04":
    virDomainStreamDisk,
    virDomainStreamDiskInfo,
    virDomainBlockAllocate,
    virDomainBlockGetJobInfo,
    virDomainBlockAbortJob,
    virDomainBlockGetAllocationMap,
    virDomainBlockStream,
    virDomainBlockStreamAbort,
    virDomainBlockStreamInfo,
);

/// What virDomainStreamDisk does: one of them.
#[repr(C)]
pub enum virDomainStreamDiskFlags {
    /// Stream one unit.
    VIR_STREAM_DISK_ONE = 1,
    /// Begin to stream all that follows, in the background.
    VIR_STREAM_DISK_START = 2,
    /// End what has been begun.
    VIR_STREAM_DISK_STOP = 4,
}

/// The size of virStreamDiskState's path, with the NUL at its end.
pub const VIR_STREAM_PATH_BUFLEN: usize = 1024;
/// The most streams that virDomainStreamDiskInfo tells of.
pub const VIR_STREAM_DISK_MAX_STREAMS: usize = 10;

/// How far a disk is streamed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virStreamDiskState {
    /// The path of the disk's image; cut off if it is longer.
    pub path: [c_char; VIR_STREAM_PATH_BUFLEN],
    /// Where on the disk it is, in bytes.
    pub offset: c_ulonglong,
    /// Where it ends, in bytes: the size of the disk, unless a part of that is streamed.
    pub size: c_ulonglong,
}

/// How far a disk is streamed.
pub type virStreamDiskState = _virStreamDiskState;
/// Points at how far a disk is streamed.
pub type virStreamDiskStatePtr = *mut virStreamDiskState;

/// How virDomainBlockAllocate works.
#[repr(C)]
pub enum virDomainBlockAllocateFlags {
    /// Do not wait for the end. It was posted as 0, which would be no flag.
    VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK = 1 << 0,
}

/// A range of a disk that has space in the image on top.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainBlockRegion {
    /// Where it begins, in bytes.
    pub offset: c_ulonglong,
    /// How long it is, in bytes.
    pub length: c_ulonglong,
}

/// A range of a disk that has space in the image on top.
pub type virDomainBlockRegion = _virDomainBlockRegion;
/// Points at a range of a disk.
pub type virDomainBlockRegionPtr = *mut virDomainBlockRegion;

/// How virDomainBlockStream works.
#[repr(C)]
pub enum virDomainBlockStreamFlags {
    /// Do not wait for the end. It was posted as 0, which would be no flag.
    VIR_DOMAIN_DISK_STREAM_NONBLOCK = 1 << 0,
}

/// How the streaming of a disk stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum virBlockStreamStatus {
    /// The last one has been completed.
    VIR_BLOCK_STREAM_STATE_COMPLETED = 0,
    /// One is at work.
    VIR_BLOCK_STREAM_STATE_ACTIVE = 1,
    /// The last one has failed, or was aborted.
    VIR_BLOCK_STREAM_STATE_FAILED = 2,
}

/// How the streaming of a disk stands.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virBlockStreamInfo {
    /// Whether it goes on, or how it has ended.
    pub status: virBlockStreamStatus,
    /// How much is left to do of the range that it is about, in bytes.
    pub remaining: c_ulonglong,
}

/// How the streaming of a disk stands.
pub type virBlockStreamInfo = _virBlockStreamInfo;
/// Points at how the streaming of a disk stands.
pub type virBlockStreamInfoPtr = *mut virBlockStreamInfo;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

bitflags::bitflags! {
    #[derive(PartialEq)]
    struct StreamDiskFlags: u32 {
        const ONE = virDomainStreamDiskFlags::VIR_STREAM_DISK_ONE as u32;
        const START = virDomainStreamDiskFlags::VIR_STREAM_DISK_START as u32;
        const STOP = virDomainStreamDiskFlags::VIR_STREAM_DISK_STOP as u32;
    }

    /// The same bit in both designs that have it.
    struct NonblockFlags: u32 {
        const NONBLOCK = 1;
    }
}

/// Brings what a disk reads from the images below the one on top into that: one unit of it, or all
/// that follows in the background. When nothing is left, the images below are left out.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @offset: where to begin, in bytes; no matter with VIR_STREAM_DISK_STOP
/// @flags: one of virDomainStreamDiskFlags. VIR_STREAM_DISK_ONE streams the first part from there on that
/// is not in the image on top yet: at least a cluster of that, at most 1 MiB
///
/// Return Value: where the next unit begins, in bytes, to be passed to the next call: after
/// VIR_STREAM_DISK_ONE the end of the disk when there is none; after VIR_STREAM_DISK_START @offset;
/// after VIR_STREAM_DISK_STOP where the first part begins that is not there yet. Or
/// (unsigned long long)-1.
///
/// Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if @flags is not one of them, or @offset
/// behind the end; for VIR_STREAM_DISK_STOP as virDomainBlockJobAbort, and VIR_ERR_BLOCK_COPY_ACTIVE or
/// VIR_ERR_OPERATION_UNSUPPORTED if the disk has a job of another kind, which goes on.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainStreamDisk(
    dom: virDomainPtr,
    path: *const c_char,
    offset: c_ulonglong,
    flags: c_uint,
) -> c_ulonglong {
    let next = entry("virDomainStreamDisk", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        let flags = call.flags::<StreamDiskFlags>(flags, DOMAIN)?;
        if flags == StreamDiskFlags::ONE {
            domain.block_stream_increment(&path, offset).map(Bytes)
        } else if flags == StreamDiskFlags::START {
            domain.block_stream(&path, offset, 0, false)?;
            Ok(Bytes(offset))
        } else if flags == StreamDiskFlags::STOP {
            domain.abort_block_stream(&path)?;
            domain.block_stream_position(&path).map(Bytes)
        } else {
            Err(call.invalid_argument(DOMAIN, "flags", "be one of ONE, START and STOP"))
        }
    });
    next.0
}

/// Tells how far the disks of a domain are that are being streamed. One that is streamed by units stays
/// among them when it is at its end, until it is stopped, has another job, or has a new image on top.
///
/// @dom: an active domain
/// @states: where to store them
/// @nr_states: how many fit there
/// @flags: 0
///
/// Return Value: how many have been stored, at most VIR_STREAM_DISK_MAX_STREAMS, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @states is NULL, or for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainStreamDiskInfo(
    dom: virDomainPtr,
    states: virStreamDiskStatePtr,
    nr_states: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainStreamDiskInfo", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.non_null(states, DOMAIN, "states")?;
        call.no_flags(flags, DOMAIN)?;
        let most = VIR_STREAM_DISK_MAX_STREAMS.min(nr_states as usize);
        let streams = domain.block_streams()?;
        for (index, stream) in streams.iter().take(most).enumerate() {
            let state = virStreamDiskState {
                path: to_field(&stream.path),
                offset: stream.progress.done,
                size: stream.progress.end,
            };
            // SAFETY: checked for NULL; the caller's array of that many.
            unsafe { states.add(index).write(state) };
        }
        Ok(streams.len().min(most) as c_int)
    })
}

/// Gives a range of a disk all its space: with what is read from the images below, or with zeros.
/// virSparseDomainBlockAllocate does it.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @flags: virDomainBlockAllocateFlags
///
/// Return Value: 0 when the range has its space, with VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK when the job has
/// started; or -1.
///
/// Errors: as virSparseDomainBlockAllocate; VIR_ERR_OPERATION_ABORTED if somebody has ended the job.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockAllocate(
    dom: virDomainPtr,
    path: *const c_char,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockAllocate", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        let wait = call.flags::<NonblockFlags>(flags, DOMAIN)?.is_empty();
        domain.block_allocate(&path, offset, length, wait)?;
        Ok(0)
    })
}

/// Tells how the job on a disk stands, or how the last one has ended.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @info: where to store it: type VIR_DOMAIN_JOB_UNBOUNDED (how long it will take is not known) while
/// one is at work, then VIR_DOMAIN_JOB_COMPLETED, _FAILED or _CANCELLED, and VIR_DOMAIN_JOB_NONE if there
/// was none; timeElapsed; timeRemaining, an estimate by the data that is left and the limit or the rate so
/// far, 0 if that is not known; dataTotal, dataProcessed and dataRemaining in bytes. The rest is 0
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainGetBlockJobInfo.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockGetJobInfo(
    dom: virDomainPtr,
    path: *const c_char,
    info: virDomainJobInfoPtr,
) -> c_int {
    entry("virDomainBlockGetJobInfo", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        call.non_null(info, DOMAIN, "info")?;
        let mut now = virDomainJobInfo::default();
        if let Some(report) = domain.block_job_report(&path)? {
            let (done, end) = (report.progress.done, report.progress.end);
            now.r#type = match report.outcome {
                None => virDomainJobType::VIR_DOMAIN_JOB_UNBOUNDED,
                Some(Outcome::Completed) => virDomainJobType::VIR_DOMAIN_JOB_COMPLETED,
                Some(Outcome::Failed(_)) => virDomainJobType::VIR_DOMAIN_JOB_FAILED,
                Some(Outcome::Cancelled) => virDomainJobType::VIR_DOMAIN_JOB_CANCELLED,
            } as c_int;
            now.timeElapsed = report.elapsed.as_millis() as c_ulonglong;
            now.timeRemaining = report.remaining.map_or(0, |time| time.as_millis() as c_ulonglong);
            (now.dataTotal, now.dataProcessed, now.dataRemaining) = (end, done, end - done);
        }
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(now) };
        Ok(0)
    })
}

/// Ends the job on a disk; what it has done stays.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
///
/// Return Value: 0 when it has ended, or -1.
///
/// Errors: as virDomainBlockJobAbort.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockAbortJob(dom: virDomainPtr, path: *const c_char) -> c_int {
    entry("virDomainBlockAbortJob", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        domain.abort_block_job(&path, AbortFlags::empty())?;
        Ok(0)
    })
}

/// Tells which ranges of a disk have space in the image on top: in order, and with something between
/// them. virSparseDomainGetBlockExtents tells more.
///
/// @dom: the domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @nregions: where to store how many there are
/// @regions: where to store an array of them, which the caller frees with free; NULL if there are none
///
/// Return Value: 0, or -1.
///
/// Errors: as virSparseDomainGetBlockExtents.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockGetAllocationMap(
    dom: virDomainPtr,
    path: *const c_char,
    nregions: *mut c_uint,
    regions: *mut virDomainBlockRegionPtr,
) -> c_int {
    entry("virDomainBlockGetAllocationMap", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        call.non_null(nregions, DOMAIN, "nregions")?;
        call.non_null(regions, DOMAIN, "regions")?;
        let found = domain.block_regions(&path)?;
        let count = c_uint::try_from(found.len())
            .map_err(|_| Error::new(VIR_ERR_OVERFLOW, DOMAIN, "too many regions"))?;
        let records = found
            .iter()
            .map(|region| virDomainBlockRegion { offset: region.offset, length: region.length });
        let array = strings::to_records(records)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe {
            regions.write(array);
            nregions.write(count);
        }
        Ok(0)
    })
}

/// Brings what a range of a disk is read from in the images below the one on top into that. If the range
/// ends with the disk, and nothing is left to them, they are left out.
///
/// @dom: an active domain
/// @device: the alias of the disk's device, its target, or the path of its image
/// @offset: where the range begins, in bytes
/// @length: how long it is, in bytes; 0 for all to the end
/// @flags: virDomainBlockStreamFlags
///
/// Return Value: 0 when the range has been streamed, with VIR_DOMAIN_DISK_STREAM_NONBLOCK when that has
/// begun; or -1.
///
/// Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if the range reaches beyond the end;
/// VIR_ERR_OPERATION_ABORTED if somebody has ended it.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockStream(
    dom: virDomainPtr,
    device: *const c_char,
    offset: c_ulonglong,
    length: c_ulonglong,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockStream", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let device = unsafe { disk(call, &domain, device, "device")? };
        let wait = call.flags::<NonblockFlags>(flags, DOMAIN)?.is_empty();
        domain.block_stream(&device, offset, length, wait)?;
        Ok(0)
    })
}

/// Ends the streaming of a disk; what has been streamed stays.
///
/// @dom: an active domain
/// @device: the alias of the disk's device, its target, or the path of its image
///
/// Return Value: 0 when it has ended, or -1.
///
/// Errors: as virDomainBlockJobAbort; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if the
/// disk has a job of another kind, which goes on.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockStreamAbort(
    dom: virDomainPtr,
    device: *const c_char,
) -> c_int {
    entry("virDomainBlockStreamAbort", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let device = unsafe { disk(call, &domain, device, "device")? };
        domain.abort_block_stream(&device)?;
        Ok(0)
    })
}

/// Tells how the streaming of a disk stands.
///
/// @dom: an active domain
/// @device: the alias of the disk's device, its target, or the path of its image
/// @info: where to store it
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainGetBlockJobInfo; VIR_ERR_INVALID_ARG also if the disk is not streamed and its last
/// job was no streaming; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if it has a job of
/// another kind.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockStreamInfo(
    dom: virDomainPtr,
    device: *const c_char,
    info: virBlockStreamInfoPtr,
) -> c_int {
    entry("virDomainBlockStreamInfo", |call| {
        let domain = call.object::<Domain>(dom)?;
        // SAFETY: the caller's promise.
        let device = unsafe { disk(call, &domain, device, "device")? };
        call.non_null(info, DOMAIN, "info")?;
        let report = domain.block_stream_report(&device)?;
        let status = match report.outcome {
            None => virBlockStreamStatus::VIR_BLOCK_STREAM_STATE_ACTIVE,
            Some(Outcome::Completed) => virBlockStreamStatus::VIR_BLOCK_STREAM_STATE_COMPLETED,
            Some(_) => virBlockStreamStatus::VIR_BLOCK_STREAM_STATE_FAILED,
        };
        let remaining = report.progress.end - report.progress.done;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { info.write(virBlockStreamInfo { status, remaining }) };
        Ok(0)
    })
}
