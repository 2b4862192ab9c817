//! `libvirt-stream.h`: streams, and how bytes and holes go through them piece by piece.

use std::ffi::{c_char, c_int, c_longlong, c_uint};

use crate::call::{Call, entry};
use crate::handle::Cell;
use crate::host::virConnectPtr;
use virsparse_core::enums::stream::{virStreamFlags, virStreamRecvFlagsValues};
use virsparse_core::error::*;
use virsparse_core::stream::{Received, Stream};

/// A stream: bytes and holes on their way into or out of a volume.
pub type virStreamPtr = *mut Cell;

/// Makes a stream, for virStorageVolUpload or virStorageVolDownload to attach a transfer to.
///
/// @conn: the connection
/// @flags: virStreamFlags; other bits are ignored
///
/// Return Value: the stream, to be released with virStreamFree, or NULL.
///
/// Threads: a stream may be used from several threads; calls of two threads that send (or receive)
/// are not mixed, but their order is not defined.
///
/// Errors: VIR_ERR_INVALID_CONN.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamNew(conn: virConnectPtr, flags: c_uint) -> virStreamPtr {
    entry("virStreamNew", |call| {
        let connect = call.connect_in(conn, VIR_FROM_STREAMS)?;
        let waits = flags & virStreamFlags::VIR_STREAM_NONBLOCK as c_uint == 0;
        call.publish(Stream::new(connect.session().clone(), waits), conn)
    })
}

/// Adds a reference to a stream: it takes one more virStreamFree to release it.
///
/// @stream: the stream
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamRef(stream: virStreamPtr) -> c_int {
    entry("virStreamRef", |call| call.retain::<Stream>(stream))
}

/// Releases a reference to a stream. With the last one a transfer that is neither finished nor
/// aborted is aborted, and a callback is removed.
///
/// @stream: the stream
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamFree(stream: virStreamPtr) -> c_int {
    entry("virStreamFree", |call| call.release::<Stream>(stream))
}

/// The bytes that a caller sends.
///
/// # Safety
/// `data` points at `nbytes` readable bytes.
unsafe fn bytes<'a>(call: &Call, data: *const c_char, nbytes: usize) -> Result<&'a [u8]> {
    call.non_null(data, VIR_FROM_STREAMS, "data")?;
    // More than an int can count would not fit the return value.
    let nbytes = nbytes.min(c_int::MAX as usize);
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data.cast(), nbytes) })
}

/// The memory that a caller receives into.
///
/// # Safety
/// `data` points at `nbytes` writable bytes.
pub(crate) unsafe fn buffer<'a>(
    call: &Call,
    data: *mut c_char,
    nbytes: usize,
) -> Result<&'a mut [u8]> {
    call.non_null(data, VIR_FROM_STREAMS, "data")?;
    let nbytes = nbytes.min(c_int::MAX as usize);
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts_mut(data.cast(), nbytes) })
}

/// Sends bytes.
///
/// They are copied and written to the volume in the background, so an error of an earlier call may
/// be reported by this one; what was sent is only known to be in the volume when virStreamFinish
/// has returned 0.
///
/// @stream: an upload stream
/// @data: the bytes
/// @nbytes: how many bytes; 0 does nothing
///
/// Return Value: how many bytes were taken, which may be fewer than @nbytes; -2 if the stream is
/// VIR_STREAM_NONBLOCK and has no room now; -1 on error.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @data is NULL; VIR_ERR_NO_SUPPORT if
/// nothing is attached; VIR_ERR_OPERATION_INVALID on a download; VIR_ERR_OPERATION_FAILED after
/// Finish or Abort; VIR_ERR_SYSTEM_ERROR if the volume cannot be written, and (ENOSPC) if more is
/// sent than the upload's range takes: what is within the range is then in the volume.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamSend(
    stream: virStreamPtr,
    data: *const c_char,
    nbytes: usize,
) -> c_int {
    entry("virStreamSend", |call| {
        let stream = call.object::<Stream>(stream)?;
        // SAFETY: the caller's promise.
        let data = unsafe { bytes(call, data, nbytes)? };
        Ok(stream.send(data)?.map_or(-2, |taken| taken as c_int))
    })
}

/// Sends a hole: the range reads as zeros afterwards, takes no space where the medium can help it,
/// and what was there before is gone.
///
/// A volume in an image format is cut off behind the hole (unless the upload was given a length), so
/// that a hole at the end sets its size; a raw volume keeps its size. A hole that reaches beyond the
/// length that the upload was given ends with it; one that reaches beyond the end of a raw volume is
/// an error.
///
/// @stream: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
/// @length: the hole's length in bytes, greater than 0
/// @flags: 0
///
/// Return Value: 0, or -1.
///
/// Errors: as virStreamSend; VIR_ERR_INVALID_ARG if @length is not positive, and
/// VIR_ERR_OPERATION_INVALID if the stream is not sparse: the stream goes on after both.
///
/// Since 3.4.0.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamSendHole(
    stream: virStreamPtr,
    length: c_longlong,
    flags: c_uint,
) -> c_int {
    entry("virStreamSendHole", |call| {
        let stream = call.object::<Stream>(stream)?;
        call.no_flags(flags, VIR_FROM_STREAMS)?;
        stream.send_hole(length)?;
        Ok(0)
    })
}

/// What a receiving function returns.
pub(crate) fn received(received: Received) -> c_int {
    match received {
        Received::Bytes(count) => count as c_int,
        Received::WouldBlock => -2,
        Received::Hole => -3,
    }
}

/// Receives bytes. Holes arrive as zeros.
///
/// @stream: a download stream
/// @data: where to put the bytes
/// @nbytes: the most that fit; 0 does nothing
///
/// Return Value: how many bytes were received, which may be fewer than @nbytes; 0 at the end of
/// the stream; -2 if the stream is VIR_STREAM_NONBLOCK and has nothing now; -1 on error.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @data is NULL; VIR_ERR_NO_SUPPORT if
/// nothing is attached; VIR_ERR_OPERATION_INVALID on an upload; VIR_ERR_OPERATION_FAILED after
/// Finish or Abort; VIR_ERR_SYSTEM_ERROR if the volume cannot be read.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamRecv(
    stream: virStreamPtr,
    data: *mut c_char,
    nbytes: usize,
) -> c_int {
    entry("virStreamRecv", |call| {
        let stream = call.object::<Stream>(stream)?;
        // SAFETY: the caller's promise.
        let buffer = unsafe { buffer(call, data, nbytes)? };
        stream.receive(buffer, false).map(received)
    })
}

bitflags::bitflags! {
    struct ReceiveFlags: u32 {
        const STOP_AT_HOLE = virStreamRecvFlagsValues::VIR_STREAM_RECV_STOP_AT_HOLE as u32;
    }
}

/// Receives bytes, and tells of holes.
///
/// @stream: a download stream
/// @data: where to put the bytes
/// @nbytes: the most that fit
/// @flags: VIR_STREAM_RECV_STOP_AT_HOLE, or 0 for what virStreamRecv does
///
/// Return Value: as virStreamRecv; and -3, with no error set and nothing received, if the stream
/// is at a hole, which virStreamRecvHole then takes. Without
/// VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM there are no holes.
///
/// Errors: as virStreamRecv; VIR_ERR_INVALID_ARG for other flags.
///
/// Since 3.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamRecvFlags(
    stream: virStreamPtr,
    data: *mut c_char,
    nbytes: usize,
    flags: c_uint,
) -> c_int {
    entry("virStreamRecvFlags", |call| {
        let stream = call.object::<Stream>(stream)?;
        // SAFETY: the caller's promise.
        let buffer = unsafe { buffer(call, data, nbytes)? };
        let flags: ReceiveFlags = call.flags(flags, VIR_FROM_STREAMS)?;
        let stop = flags.contains(ReceiveFlags::STOP_AT_HOLE);
        stream.receive(buffer, stop).map(received)
    })
}

/// Takes the hole at which the stream is.
///
/// @stream: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
/// @length: where to store the hole's length in bytes; 0 if the stream is at data or at its end
/// @flags: 0
///
/// Return Value: 0, or -1, which leaves @length as it is.
///
/// Errors: as virStreamRecv; VIR_ERR_OPERATION_INVALID if the stream is not sparse: it goes on
/// after that.
///
/// Since 3.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamRecvHole(
    stream: virStreamPtr,
    length: *mut c_longlong,
    flags: c_uint,
) -> c_int {
    entry("virStreamRecvHole", |call| {
        let stream = call.object::<Stream>(stream)?;
        call.non_null(length, VIR_FROM_STREAMS, "length")?;
        call.no_flags(flags, VIR_FROM_STREAMS)?;
        let hole = stream.receive_hole()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { length.write(hole as c_longlong) };
        Ok(0)
    })
}
