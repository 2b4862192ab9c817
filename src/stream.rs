//! `libvirt-stream.h`: streams.

use std::ffi::{c_char, c_int, c_longlong, c_uint, c_void};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use crate::call::{Call, entry};
use crate::callback::call_c;
use crate::handle::Cell;
use crate::host::virConnectPtr;
use crate::opaque::Opaque;
use crate::typed_params::virFreeCallback;
use virsparse_core::enums::stream::{virStreamFlags, virStreamRecvFlagsValues};
use virsparse_core::error::*;
use virsparse_core::stream::{DataSink, DataSource, Readiness, Received, Stream};

/// A stream: bytes and holes on their way into or out of a volume.
pub type virStreamPtr = *mut Cell;

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

/// Runs on the event loop while a stream is ready: `events` are virStreamEventType bits. It may
/// use the stream, and add, update and remove callbacks.
pub type virStreamEventCallback =
    Option<unsafe extern "C" fn(stream: virStreamPtr, events: c_int, opaque: *mut c_void)>;

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
pub(super) unsafe fn buffer<'a>(
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
pub(super) fn received(received: Received) -> c_int {
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

/// A caller's callbacks, as a source or a sink.
pub(super) struct Callbacks {
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
pub(super) fn checked(callback: impl FnOnce() -> c_int) -> Result<usize, Errno> {
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
pub(super) fn all_given(call: &Call, stream: &Stream, callbacks: &[(bool, &str)]) -> Result<()> {
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

/// A caller's event callback with what it owns.
struct EventCallback {
    stream: virStreamPtr,
    function: unsafe extern "C" fn(virStreamPtr, c_int, *mut c_void),
    opaque: Arc<Opaque>,
}

// SAFETY: the stream's handle is not followed without a check of what it is.
unsafe impl Send for EventCallback {}
// SAFETY: as above.
unsafe impl Sync for EventCallback {}

impl EventCallback {
    fn run(&self, events: Readiness) {
        // SAFETY: the caller's function, with its own data.
        unsafe { call_c!(self.function, self.stream, events.bits(), self.opaque.pointer()) };
    }
}

/// Registers a callback that the event loop runs while the stream is ready for what it waits for.
/// A stream has one callback at most.
///
/// @stream: a stream with a transfer; best one that is VIR_STREAM_NONBLOCK
/// @events: virStreamEventType bits; 0 for none until virStreamEventUpdateCallback. Bits that do
/// not fit the stream's direction are allowed and never come
/// @cb: the callback
/// @opaque: passed to @cb
/// @ff: releases @opaque: called once, from the event loop, after the callback is removed or the
/// stream is freed; may be NULL. Not called if this function fails
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached; VIR_ERR_INVALID_ARG
/// if @cb is NULL; VIR_ERR_INTERNAL_ERROR if there is a callback already, or no event loop.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virStreamEventAddCallback(
    stream: virStreamPtr,
    events: c_int,
    cb: virStreamEventCallback,
    opaque: *mut c_void,
    ff: virFreeCallback,
) -> c_int {
    entry("virStreamEventAddCallback", |call| {
        let object = call.object::<Stream>(stream)?;
        let function =
            cb.ok_or_else(|| call.invalid_argument(VIR_FROM_STREAMS, "cb", "not be NULL"))?;
        let opaque = Opaque::new(opaque);
        let callback = EventCallback { stream, function, opaque: opaque.clone() };
        let events = Readiness::from_bits_retain(events);
        let callback = Arc::new(move |ready| callback.run(ready));
        object.add_callback(events, callback, move || opaque.own(ff))?;
        Ok(0)
    })
}

/// Changes what a stream's callback waits for.
///
/// @stream: the stream
/// @events: virStreamEventType bits; 0 mutes the callback
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
/// VIR_ERR_INTERNAL_ERROR if there is no callback.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamEventUpdateCallback(stream: virStreamPtr, events: c_int) -> c_int {
    entry("virStreamEventUpdateCallback", |call| {
        let stream = call.object::<Stream>(stream)?;
        stream.update_callback(Readiness::from_bits_retain(events))?;
        Ok(0)
    })
}

/// Removes a stream's callback. It is not run again after this returns (in the event loop's
/// thread), and its data is released from the event loop.
///
/// @stream: the stream
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
/// VIR_ERR_INTERNAL_ERROR if there is no callback.
///
/// Since 0.7.2.
#[unsafe(no_mangle)]
pub extern "C" fn virStreamEventRemoveCallback(stream: virStreamPtr) -> c_int {
    entry("virStreamEventRemoveCallback", |call| {
        call.object::<Stream>(stream)?.remove_callback()?;
        Ok(0)
    })
}
