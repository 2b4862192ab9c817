//! `rfc-2016-05.h`: sparse streams without callbacks that are kept: a hole is an error to receive.

use std::ffi::{c_char, c_int, c_uint, c_ulonglong, c_void};

use virsparse_base::errno::Errno;

use super::in_node;
use crate::call::{Call, entry};
use crate::callback::call_c;
use crate::stream::{
    Callbacks, all_given, buffer, checked, received, virStreamPtr, virStreamSinkFunc,
    virStreamSourceFunc,
};
use virsparse_core::error::*;
use virsparse_core::stream::{DataSource, Received, Stream};

in_node!(
    "VIRSPARSE_RFC_2016_05":
    virStreamRecvFlags,
    virStreamHoleSize,
    virStreamSkip,
    virStreamSparseRecvAll,
    virStreamSparseSendAll,
);

/// How virStreamRecvFlags receives.
#[repr(C)]
pub enum virStreamStopFlags {
    /// Fail at a hole instead of giving its zeros.
    VIR_STREAM_STOP_AT_HOLE = 1 << 0,
}

/// The code of the error that the stream is at a hole. It is no virErrorNumber: what it would have been
/// is another error's in the released interface.
pub const VIR_ERR_STREAM_HOLE: c_int = 201605;

/// Looks at a hole. For virStreamSparseSendAll: returns how long the hole is at which the source is, over
/// which it has moved it, or 0 at data and at the end. For virStreamSparseRecvAll, at a hole that
/// virStreamHoleSize tells: returns over how much of it it has moved the receiver's file, or 0 to be given
/// zeros. (unsigned long long)-1 (with errno set) gives up.
pub type virStreamHoleFunc =
    Option<unsafe extern "C" fn(st: virStreamPtr, opaque: *mut c_void) -> c_ulonglong>;

bitflags::bitflags! {
    struct ReceiveFlags: u32 {
        const STOP_AT_HOLE = virStreamStopFlags::VIR_STREAM_STOP_AT_HOLE as u32;
    }
}

/// Receives bytes, and fails at holes if it is to.
///
/// @st: a download stream
/// @data: where to put the bytes
/// @nbytes: the most that fit
/// @flags: VIR_STREAM_STOP_AT_HOLE, or 0 for what virStreamRecv does
///
/// Return Value: as virStreamRecv. At a hole -1 with VIR_ERR_STREAM_HOLE and nothing received: the
/// stream goes on after virStreamSkip.
///
/// Errors: as virStreamRecv; VIR_ERR_INVALID_ARG for other flags; VIR_ERR_STREAM_HOLE.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamRecvFlags(
    st: virStreamPtr,
    data: *mut c_char,
    nbytes: usize,
    flags: c_uint,
) -> c_int {
    entry("virStreamRecvFlags", |call| {
        let stream = call.object::<Stream>(st)?;
        // SAFETY: the caller's promise.
        let buffer = unsafe { buffer(call, data, nbytes)? };
        let flags: ReceiveFlags = call.flags(flags, VIR_FROM_STREAMS)?;
        let stop = flags.contains(ReceiveFlags::STOP_AT_HOLE);
        match stream.receive(buffer, stop)? {
            Received::Hole => Err(at_hole()),
            other => Ok(received(other)),
        }
    })
}

fn at_hole() -> Error {
    let error = Error::invalid_operation(VIR_FROM_STREAMS, "stream is at a hole");
    Error { number: Some(VIR_ERR_STREAM_HOLE), ..error }
}

/// Tells how long the hole is at which a stream is. It stays there.
///
/// The header also takes it without @length: it then returns how long the hole is, 0 at data and at the
/// end, or (unsigned long long)-1.
///
/// @st: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
/// @length: where to store the hole's length in bytes; 0 if the stream is at data or at its end
///
/// Return Value: 0, or -1, which leaves @length as it is.
///
/// Errors: as virStreamRecvHole.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamHoleSize(st: virStreamPtr, length: *mut c_ulonglong) -> c_int {
    entry("virStreamHoleSize", |call| {
        let stream = call.object::<Stream>(st)?;
        call.non_null(length, VIR_FROM_STREAMS, "length")?;
        let hole = stream.hole_size()?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { length.write(hole) };
        Ok(0)
    })
}

/// Sends a hole, or takes so much of the one at which the stream is.
///
/// @st: a stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM or VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
/// @length: how much, in bytes, greater than 0; on a download at most what virStreamHoleSize tells
///
/// Return Value: 0, or -1.
///
/// Errors: as virStreamSendHole and virStreamRecvHole; VIR_ERR_INVALID_ARG for another @length.
///
/// Since virsparse 0.1.
pub extern "C" fn virStreamSkip(st: virStreamPtr, length: c_ulonglong) -> c_int {
    entry("virStreamSkip", |call| {
        call.object::<Stream>(st)?.skip(length)?;
        Ok(0)
    })
}

/// A hole handler of a loop.
struct HoleHandler {
    function: virStreamHoleFunc,
    stream: virStreamPtr,
    opaque: *mut c_void,
}

impl HoleHandler {
    fn call(&self) -> Result<u64, Errno> {
        let function = self.function.ok_or(Errno::EINVAL)?;
        let mut length = 0;
        // SAFETY: the caller's function, with its own data.
        checked(|| unsafe {
            length = call_c!(function, self.stream, self.opaque);
            if length == c_ulonglong::MAX { -1 } else { 0 }
        })?;
        Ok(length)
    }
}

/// The callbacks of virStreamSparseSendAll.
struct Source {
    callbacks: Callbacks,
    hole: HoleHandler,
}

impl DataSource for Source {
    fn data(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        DataSource::data(&mut self.callbacks, buffer)
    }

    fn section(&mut self) -> Result<(bool, i64), Errno> {
        let hole = i64::try_from(self.hole.call()?).map_err(|_| Errno::EOVERFLOW)?;
        Ok((hole == 0, hole))
    }

    fn skip(&mut self, _length: i64) -> Result<(), Errno> {
        Ok(())
    }
}

/// The stream of a loop, whose callbacks must both be there.
fn both_given(
    call: &Call,
    st: virStreamPtr,
    handler: bool,
    hole: virStreamHoleFunc,
) -> Result<std::sync::Arc<Stream>> {
    let stream = call.object::<Stream>(st)?;
    all_given(call, &stream, &[(handler, "handler"), (hole.is_some(), "holeHandler")])?;
    Ok(stream)
}

/// Gives all that arrives to callbacks.
///
/// @st: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM that is not VIR_STREAM_NONBLOCK
/// @handler: takes the data
/// @holeHandler: is called at a hole: a virStreamHoleFunc, or a virStreamSinkHoleFunc of the header, which
/// is given the whole hole
/// @opaque: passed to both
///
/// Return Value: 0 when everything has been taken, or -1, which aborts the stream.
///
/// Errors: as the released virStreamSparseRecvAll; VIR_ERR_INVALID_ARG also if @holeHandler has moved
/// over more than the hole.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamSparseRecvAll(
    st: virStreamPtr,
    handler: virStreamSinkFunc,
    holeHandler: virStreamHoleFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSparseRecvAll", |call| {
        let stream = both_given(call, st, handler.is_some(), holeHandler)?;
        let mut sink = Callbacks::sink(st, handler, opaque);
        let hole = HoleHandler { function: holeHandler, stream: st, opaque };
        stream.receive_all_asking(&mut sink, &mut || hole.call())?;
        Ok(0)
    })
}

/// Sends all that a source has. Before each piece @holeHandler is asked for a hole; the end is where it
/// returns 0 and @handler does so too.
///
/// @st: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM that is not VIR_STREAM_NONBLOCK
/// @handler: supplies the data, up to where a hole begins
/// @holeHandler: tells of a hole, and moves the source over it: a virStreamHoleFunc, or a
/// virStreamSourceHoleFunc of the header, which tells of data as well. @handler is then asked for no more
/// than that
/// @opaque: passed to both
///
/// Return Value: 0 when everything was sent, or -1, which aborts the stream.
///
/// Errors: as the released virStreamSparseSendAll.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamSparseSendAll(
    st: virStreamPtr,
    handler: virStreamSourceFunc,
    holeHandler: virStreamHoleFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSparseSendAll", |call| {
        let stream = both_given(call, st, handler.is_some(), holeHandler)?;
        let callbacks = Callbacks::source(st, handler, opaque);
        let hole = HoleHandler { function: holeHandler, stream: st, opaque };
        stream.send_all_asking(&mut Source { callbacks, hole })?;
        Ok(0)
    })
}
