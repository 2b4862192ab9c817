//! `libvirt-stream.h`: whole transfers, whose data callbacks supply or take.

use std::ffi::{c_char, c_int, c_longlong, c_void};

use virsparse_base::errno::Errno;

use super::virStreamPtr;
use crate::call::{Call, entry};
use crate::callback::call_c;
use virsparse_core::error::*;
use virsparse_core::stream::{DataSink, DataSource, Stream};

/// Supplies data to virStreamSendAll and virStreamSparseSendAll: puts up to `nbytes` bytes into
/// `data`. Returns how many, 0 at the end, or a negative number (with errno set) to give up.
pub type virStreamSourceFunc = Option<
    unsafe extern "C" fn(
        st: virStreamPtr,
        data: *mut c_char,
        nbytes: usize,
        opaque: *mut c_void,
    ) -> c_int,
>;

/// Tells virStreamSparseSendAll where the source is: stores 1 in `inData` at data and 0 at a hole,
/// and in `length` how many bytes it goes on. At the end both are 0. Returns 0, or a negative
/// number (with errno set) to give up.
pub type virStreamSourceHoleFunc = Option<
    unsafe extern "C" fn(
        st: virStreamPtr,
        inData: *mut c_int,
        length: *mut c_longlong,
        opaque: *mut c_void,
    ) -> c_int,
>;

/// Moves the source of virStreamSparseSendAll over a hole of `length` bytes that has been sent.
/// Returns 0, or a negative number (with errno set) to give up.
pub type virStreamSourceSkipFunc = Option<
    unsafe extern "C" fn(st: virStreamPtr, length: c_longlong, opaque: *mut c_void) -> c_int,
>;

/// Takes data from virStreamRecvAll and virStreamSparseRecvAll: some or all of the `nbytes` bytes
/// at `data`. Returns how many it took (the rest is offered again), or a negative number (with
/// errno set) to give up.
pub type virStreamSinkFunc = Option<
    unsafe extern "C" fn(
        st: virStreamPtr,
        data: *const c_char,
        nbytes: usize,
        opaque: *mut c_void,
    ) -> c_int,
>;

/// Takes a hole of `length` bytes from virStreamSparseRecvAll. The last one may end the stream: it
/// is how the receiver learns the size. Returns 0, or a negative number (with errno set) to give
/// up.
pub type virStreamSinkHoleFunc = Option<
    unsafe extern "C" fn(st: virStreamPtr, length: c_longlong, opaque: *mut c_void) -> c_int,
>;

/// A caller's callbacks, as a source or a sink.
pub(crate) struct Callbacks {
    stream: virStreamPtr,
    source: virStreamSourceFunc,
    source_hole: virStreamSourceHoleFunc,
    source_skip: virStreamSourceSkipFunc,
    sink: virStreamSinkFunc,
    sink_hole: virStreamSinkHoleFunc,
    opaque: *mut c_void,
}

impl Callbacks {
    fn new(stream: virStreamPtr, opaque: *mut c_void) -> Callbacks {
        Callbacks {
            stream,
            source: None,
            source_hole: None,
            source_skip: None,
            sink: None,
            sink_hole: None,
            opaque,
        }
    }

    /// A source of data.
    pub fn source(
        stream: virStreamPtr,
        source: virStreamSourceFunc,
        opaque: *mut c_void,
    ) -> Callbacks {
        Callbacks { source, ..Callbacks::new(stream, opaque) }
    }

    /// A taker of data.
    pub fn sink(stream: virStreamPtr, sink: virStreamSinkFunc, opaque: *mut c_void) -> Callbacks {
        Callbacks { sink, ..Callbacks::new(stream, opaque) }
    }
}

/// Runs a callback. A negative result is a failure, for the reason that it leaves in errno, where
/// nothing of ours is in its way.
pub(crate) fn checked(callback: impl FnOnce() -> c_int) -> Result<usize, Errno> {
    nix::errno::Errno::clear();
    usize::try_from(callback()).map_err(|_| match nix::errno::Errno::last() {
        nix::errno::Errno::UnknownErrno => Errno::EIO,
        errno => errno.into(),
    })
}

impl DataSource for Callbacks {
    fn data(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        let source = self.source.ok_or(Errno::EINVAL)?;
        // SAFETY: the caller's function; the buffer is as long as it says.
        checked(|| unsafe {
            call_c!(source, self.stream, buffer.as_mut_ptr(), buffer.len(), self.opaque) as c_int
        })
    }

    fn section(&mut self) -> Result<(bool, i64), Errno> {
        let hole = self.source_hole.ok_or(Errno::EINVAL)?;
        let (mut in_data, mut length): (c_int, c_longlong) = (0, 0);
        // SAFETY: the caller's function.
        checked(|| unsafe {
            call_c!(hole, self.stream, &raw mut in_data, &raw mut length, self.opaque) as c_int
        })?;
        Ok((in_data != 0, length))
    }

    fn skip(&mut self, length: i64) -> Result<(), Errno> {
        let skip = self.source_skip.ok_or(Errno::EINVAL)?;
        // SAFETY: the caller's function.
        checked(|| unsafe { call_c!(skip, self.stream, length, self.opaque) as c_int }).map(drop)
    }
}

impl DataSink for Callbacks {
    fn data(&mut self, data: &[u8]) -> Result<usize, Errno> {
        let sink = self.sink.ok_or(Errno::EINVAL)?;
        // SAFETY: the caller's function; the data is as long as it says.
        checked(|| unsafe {
            call_c!(sink, self.stream, data.as_ptr(), data.len(), self.opaque) as c_int
        })
    }

    fn hole(&mut self, length: i64) -> Result<(), Errno> {
        let hole = self.sink_hole.ok_or(Errno::EINVAL)?;
        // SAFETY: the caller's function.
        checked(|| unsafe { call_c!(hole, self.stream, length, self.opaque) as c_int }).map(drop)
    }
}

/// Refuses missing callbacks, which closes the stream.
pub(crate) fn all_given(call: &Call, stream: &Stream, callbacks: &[(bool, &str)]) -> Result<()> {
    match callbacks.iter().find(|(given, _)| !given) {
        Some((_, name)) => {
            Err(stream.refuse(call.invalid_argument(VIR_FROM_STREAMS, name, "not be NULL")))
        }
        None => Ok(()),
    }
}

/// Sends all that a callback supplies.
///
/// The callback runs in this thread while the volume is written in another. After a failure the
/// stream is aborted and only virStreamFree is left; after success virStreamFinish must follow.
///
/// @stream: an upload stream that is not VIR_STREAM_NONBLOCK
/// @handler: supplies the data
/// @opaque: passed to @handler
///
/// Return Value: 0 when @handler has returned 0 and everything was sent, or -1.
///
/// Errors: as virStreamSend; VIR_ERR_INVALID_ARG if @handler is NULL; VIR_ERR_OPERATION_INVALID on
/// a stream that is VIR_STREAM_NONBLOCK; VIR_ERR_SYSTEM_ERROR with errno if @handler fails (EIO if
/// it left none).
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamSendAll(
    stream: virStreamPtr,
    handler: virStreamSourceFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSendAll", |call| {
        let object = call.object::<Stream>(stream)?;
        all_given(call, &object, &[(handler.is_some(), "handler")])?;
        let mut source = Callbacks::source(stream, handler, opaque);
        object.send_all(&mut source)?;
        Ok(0)
    })
}

/// Gives all that arrives to a callback. Holes arrive as zeros.
///
/// After a failure the stream is aborted and only virStreamFree is left; after success
/// virStreamFinish must follow.
///
/// @stream: a download stream that is not VIR_STREAM_NONBLOCK
/// @handler: takes the data
/// @opaque: passed to @handler
///
/// Return Value: 0 when everything has been taken, or -1.
///
/// Errors: as virStreamRecv; VIR_ERR_INVALID_ARG if @handler is NULL; VIR_ERR_OPERATION_INVALID on
/// a stream that is VIR_STREAM_NONBLOCK; VIR_ERR_SYSTEM_ERROR with errno if @handler fails (EIO if
/// it left none).
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamRecvAll(
    stream: virStreamPtr,
    handler: virStreamSinkFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamRecvAll", |call| {
        let object = call.object::<Stream>(stream)?;
        all_given(call, &object, &[(handler.is_some(), "handler")])?;
        let mut sink = Callbacks::sink(stream, handler, opaque);
        object.receive_all(&mut sink)?;
        Ok(0)
    })
}

/// Sends all that a source has, with its holes as holes.
///
/// @holeHandler is asked where the source is. At a hole the hole is sent and @skipHandler moves
/// the source over it; at data @handler is called until that many bytes were sent. The end is
/// where @holeHandler reports no data and no hole and @handler returns 0.
///
/// @stream: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM that is not
/// VIR_STREAM_NONBLOCK
/// @handler: supplies the data
/// @holeHandler: tells data from holes
/// @skipHandler: moves the source over a hole
/// @opaque: passed to the three
///
/// Return Value: 0 when everything was sent, or -1, which aborts the stream.
///
/// Errors: as virStreamSendAll; VIR_ERR_INVALID_ARG if a callback is NULL, or if @holeHandler
/// stores a negative length; VIR_ERR_OPERATION_INVALID at the first hole if the stream is not
/// sparse.
///
/// Since 3.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamSparseSendAll(
    stream: virStreamPtr,
    handler: virStreamSourceFunc,
    holeHandler: virStreamSourceHoleFunc,
    skipHandler: virStreamSourceSkipFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSparseSendAll", |call| {
        let object = call.object::<Stream>(stream)?;
        let given = [
            (handler.is_some(), "handler"),
            (holeHandler.is_some(), "holeHandler"),
            (skipHandler.is_some(), "skipHandler"),
        ];
        all_given(call, &object, &given)?;
        let mut source = Callbacks {
            source: handler,
            source_hole: holeHandler,
            source_skip: skipHandler,
            ..Callbacks::new(stream, opaque)
        };
        object.sparse_send_all(&mut source)?;
        Ok(0)
    })
}

/// Gives all that arrives to callbacks, with holes as holes.
///
/// @stream: a download stream that is not VIR_STREAM_NONBLOCK. Without
/// VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM @holeHandler is never called
/// @handler: takes the data
/// @holeHandler: takes the holes
/// @opaque: passed to both
///
/// Return Value: 0 when everything has been taken, or -1, which aborts the stream.
///
/// Errors: as virStreamRecvAll; VIR_ERR_INVALID_ARG if a callback is NULL.
///
/// Since 3.4.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamSparseRecvAll(
    stream: virStreamPtr,
    handler: virStreamSinkFunc,
    holeHandler: virStreamSinkHoleFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSparseRecvAll", |call| {
        let object = call.object::<Stream>(stream)?;
        let given = [(handler.is_some(), "handler"), (holeHandler.is_some(), "holeHandler")];
        all_given(call, &object, &given)?;
        let mut sink =
            Callbacks { sink: handler, sink_hole: holeHandler, ..Callbacks::new(stream, opaque) };
        object.sparse_receive_all(&mut sink)?;
        Ok(0)
    })
}
