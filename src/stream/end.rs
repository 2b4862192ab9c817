//! `libvirt-stream.h`: the end of a transfer.

use std::ffi::c_int;

use super::virStreamPtr;
use crate::call::entry;
use virsparse_core::stream::Stream;

/// Ends a transfer.
///
/// For an upload 0 means that every byte that was sent is in the volume and on stable storage, where a
/// power cut does not reach it. Who would rather not wait for that says so: with sync=no in the
/// connection's URI, VIRSPARSE_SYNC=no in the environment, or VIR_SPARSE_VOL_UPLOAD_NO_SYNC at the
/// upload; then the bytes are in the page cache, as after close(2). A download may be finished before
/// its end.
///
/// @stream: the stream
///
/// Return Value: 0, or -1. The stream can be attached again after 0.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
/// VIR_ERR_OPERATION_FAILED if it is finished or aborted already; VIR_ERR_SYSTEM_ERROR with errno
/// if something could not be written, or not be brought to stable storage.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamFinish(stream: virStreamPtr) -> c_int {
    entry("virStreamFinish", |call| {
        call.object::<Stream>(stream)?.finish()?;
        Ok(0)
    })
}

/// Gives a transfer up. What an upload has already written stays in the volume; nothing is written
/// after the call.
///
/// @stream: the stream
///
/// Return Value: 0 (also if nothing is attached), or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_FAILED if it is finished or aborted already;
/// the transfer's own error if it has failed.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamAbort(stream: virStreamPtr) -> c_int {
    entry("virStreamAbort", |call| {
        call.object::<Stream>(stream)?.abort()?;
        Ok(0)
    })
}
