//! `rfc-2011-v3.h`: the third design of streaming: by a cursor.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong};

use super::{disk, in_node};
use crate::call::entry;
use crate::domain::object::virDomainPtr;
use crate::strings::to_field;
use virsparse_core::domain::Domain;
use virsparse_core::error::*;

in_node!(
    "VIRSPARSE_RFC_2011_V3":
    virDomainBlockStream,
    virDomainBlockStreamAbort,
    virDomainGetBlockStreamInfo,
);

/// How virDomainBlockStream works.
#[repr(C)]
pub enum virDomainStreamDiskFlags {
    /// Stream the whole disk in the background.
    VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS = 1,
}

/// The size of virDomainBlockStreamInfo's path, with the NUL at its end.
pub const VIR_DOMAIN_BLOCK_STREAM_PATH_MAX: usize = 1024;

/// Where the streaming of a disk is. 0 is its beginning; others come from virDomainBlockStream.
pub type virDomainBlockStreamCursor = c_ulonglong;

/// How far a disk is streamed.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainBlockStreamInfo {
    /// The path of the disk's image; cut off if it is longer.
    pub path: [c_char; VIR_DOMAIN_BLOCK_STREAM_PATH_MAX],
    /// Where it is, between 0 and @end.
    pub cur: virDomainBlockStreamCursor,
    /// Where it is when it is complete.
    pub end: virDomainBlockStreamCursor,
}

/// How far a disk is streamed.
pub type virDomainBlockStreamInfo = _virDomainBlockStreamInfo;
/// Points at how far a disk is streamed.
pub type virDomainBlockStreamInfoPtr = *mut virDomainBlockStreamInfo;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

bitflags::bitflags! {
    struct StreamFlags: u32 {
        const CONTINUOUS = virDomainStreamDiskFlags::VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS as u32;
    }
}

/// Brings what a disk reads from the images below the one on top into that: an increment of it, or
/// all in the background. When nothing is left, the images below are left out.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @cursor: where the increment begins: the first part from there on that is not there yet is streamed,
/// at least a cluster of the image and at most 1 MiB. Set to where the next one begins, the end of
/// virDomainGetBlockStreamInfo if there is none. May be NULL with VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS,
/// which leaves it as it is
/// @flags: virDomainStreamDiskFlags
///
/// Return Value: 0, or -1, which leaves @cursor as it was.
///
/// Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if @cursor is NULL, or behind the end.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockStream(
    dom: virDomainPtr,
    path: *const c_char,
    cursor: *mut virDomainBlockStreamCursor,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockStream", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        if call.flags::<StreamFlags>(flags, DOMAIN)?.contains(StreamFlags::CONTINUOUS) {
            domain.block_stream(&path, 0, 0, false)?;
            return Ok(0);
        }
        call.non_null(cursor, DOMAIN, "cursor")?;
        // SAFETY: checked for NULL; the caller's memory.
        let from = unsafe { cursor.read() };
        let next = domain.block_stream_increment(&path, from)?;
        // SAFETY: as above.
        unsafe { cursor.write(next) };
        Ok(0)
    })
}

/// Ends the streaming of a disk; what has been streamed stays.
///
/// @dom: an active domain
/// @path: the path of the disk's image, its target, or its device's alias
/// @flags: 0
///
/// Return Value: 0 when it has ended, or -1.
///
/// Errors: as virDomainBlockJobAbort; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if the
/// disk has a job of another kind, which goes on.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainBlockStreamAbort(
    dom: virDomainPtr,
    path: *const c_char,
    flags: c_uint,
) -> c_int {
    entry("virDomainBlockStreamAbort", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.writable(&domain, DOMAIN)?;
        // SAFETY: the caller's promise.
        let path = unsafe { disk(call, &domain, path, "path")? };
        call.no_flags(flags, DOMAIN)?;
        domain.abort_block_stream(&path)?;
        Ok(0)
    })
}

/// Tells how far the disks of a domain are that are being streamed. One that is streamed by increments
/// stays among them when it is at its end, until it is aborted, has another job, or has a new image on
/// top.
///
/// @dom: an active domain
/// @infos: where to store them
/// @nr_results: how many fit there
/// @flags: 0
///
/// Return Value: how many have been stored, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @infos is NULL, or for flags;
/// VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
/// runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virDomainGetBlockStreamInfo(
    dom: virDomainPtr,
    infos: virDomainBlockStreamInfoPtr,
    nr_results: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetBlockStreamInfo", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.non_null(infos, DOMAIN, "infos")?;
        call.no_flags(flags, DOMAIN)?;
        let streams = domain.block_streams()?;
        let most = streams.len().min(nr_results as usize);
        for (index, stream) in streams.iter().take(most).enumerate() {
            let info = virDomainBlockStreamInfo {
                path: to_field(&stream.path),
                cur: stream.progress.done,
                end: stream.progress.end,
            };
            // SAFETY: checked for NULL; the caller's array of that many.
            unsafe { infos.add(index).write(info) };
        }
        Ok(most as c_int)
    })
}
