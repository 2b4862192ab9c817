//! `rfc-2016-04.h`: sparse streams by callbacks that are registered with the stream.

use std::ffi::{c_char, c_int, c_longlong, c_ulonglong, c_void};
use std::sync::Arc;

use virsparse_base::errno::Errno;

use super::in_node;
use crate::call::entry;
use crate::callback::call_c;
use crate::stream::{
    Callbacks, all_given, buffer, checked, received, virStreamPtr, virStreamSinkFunc,
    virStreamSourceFunc,
};
use virsparse_core::error::*;
use virsparse_core::stream::{DataSink, DataSource, SectionHandler, SkipHandler, Stream};

in_node!(
    "VIRSPARSE_RFC_2016_04":
    virStreamSkip,
    virStreamRegisterSkip,
    virStreamRegisterInData,
    virStreamRecv,
    virStreamSendAll,
    virStreamRecvAll,
);

/// Moves over a hole of `offset` bytes: in the receiver's file when one arrives, in the sender's when one
/// has been sent. Returns 0, or a negative number (with errno set) to give up.
pub type virStreamSkipFunc = Option<
    unsafe extern "C" fn(st: virStreamPtr, offset: c_ulonglong, opaque: *mut c_void) -> c_int,
>;

/// Tells where the source of virStreamSendAll is: stores 1 in `data` at data and 0 at a hole, and in
/// `length` how many bytes it goes on. At the end both are 0. Returns 0, or a negative number (with errno
/// set) to give up.
pub type virStreamInDataFunc = Option<
    unsafe extern "C" fn(
        st: virStreamPtr,
        data: *mut c_int,
        length: *mut c_ulonglong,
        opaque: *mut c_void,
    ) -> c_int,
>;

/// A caller's function with the stream and the data that it gets.
struct Registered<F> {
    function: F,
    stream: virStreamPtr,
    opaque: *mut c_void,
}

// SAFETY: the stream's handle is not followed without a check of what it is; the data is the caller's,
// who has given it for use with the stream.
unsafe impl<F> Send for Registered<F> {}
// SAFETY: as above.
unsafe impl<F> Sync for Registered<F> {}

/// Sends a hole.
///
/// @st: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
/// @length: the hole's length in bytes, greater than 0
///
/// Return Value: 0, or -1.
///
/// Errors: as virStreamSendHole.
///
/// Since virsparse 0.1.
pub extern "C" fn virStreamSkip(st: virStreamPtr, length: c_ulonglong) -> c_int {
    entry("virStreamSkip", |call| {
        let stream = call.object::<Stream>(st)?;
        stream.send_hole(c_longlong::try_from(length).unwrap_or(-1))?;
        Ok(0)
    })
}

/// Registers the function that is called whenever the other side skips: at each hole that arrives in
/// virStreamRecv and virStreamRecvAll, and for the source of virStreamSendAll at each hole that has been
/// sent.
///
/// @st: the stream
/// @cb: the function; NULL takes back the one that is registered
/// @opaque: passed to @cb, for as long as that is registered
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_INVALID if one is registered.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamRegisterSkip(
    st: virStreamPtr,
    cb: virStreamSkipFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamRegisterSkip", |call| {
        let stream = call.object::<Stream>(st)?;
        let handler = cb.map(|function| -> SkipHandler {
            let registered = Registered { function, stream: st, opaque };
            Arc::new(move |length| {
                let Registered { function, stream, opaque } = &registered;
                // SAFETY: the caller's function, with its own data.
                checked(|| unsafe { call_c!(*function, *stream, length, *opaque) as c_int })
                    .map(drop)
            })
        });
        stream.keep_skip_handler(handler)?;
        Ok(0)
    })
}

/// Registers the function that tells virStreamSendAll data from holes.
///
/// @st: the stream
/// @cb: the function; NULL takes back the one that is registered
/// @opaque: passed to @cb, for as long as that is registered
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_INVALID if one is registered.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamRegisterInData(
    st: virStreamPtr,
    cb: virStreamInDataFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamRegisterInData", |call| {
        let stream = call.object::<Stream>(st)?;
        let handler = cb.map(|function| -> SectionHandler {
            let registered = Registered { function, stream: st, opaque };
            Arc::new(move || {
                let Registered { function, stream, opaque } = &registered;
                let (mut data, mut length): (c_int, c_ulonglong) = (0, 0);
                // SAFETY: the caller's function, with its own data.
                checked(|| unsafe {
                    call_c!(*function, *stream, &raw mut data, &raw mut length, *opaque) as c_int
                })?;
                Ok((data != 0, i64::try_from(length).map_err(|_| Errno::EOVERFLOW)?))
            })
        });
        stream.keep_section_handler(handler)?;
        Ok(0)
    })
}

/// Receives bytes. With a function registered by virStreamRegisterSkip holes go to that; without, they
/// arrive as zeros.
///
/// @st: a download stream
/// @data: where to put the bytes
/// @nbytes: the most that fit; 0 does nothing
///
/// Return Value: as the released virStreamRecv: how many bytes were received, 0 at the end of the
/// stream, -2 if the stream is VIR_STREAM_NONBLOCK and has nothing now, -1 on error.
///
/// Errors: as the released virStreamRecv; VIR_ERR_SYSTEM_ERROR with errno if the function fails.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamRecv(
    st: virStreamPtr,
    data: *mut c_char,
    nbytes: usize,
) -> c_int {
    entry("virStreamRecv", |call| {
        let stream = call.object::<Stream>(st)?;
        // SAFETY: the caller's promise.
        let buffer = unsafe { buffer(call, data, nbytes)? };
        stream.receive_skipping(buffer).map(received)
    })
}

/// The callback of a loop, beside what is registered with the stream: that is looked up for each call,
/// because callbacks may take it back, and its data with it.
struct Loop {
    callbacks: Callbacks,
    stream: Arc<Stream>,
}

impl DataSource for Loop {
    fn data(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        DataSource::data(&mut self.callbacks, buffer)
    }

    fn section(&mut self) -> Result<(bool, i64), Errno> {
        self.stream.hole_handlers().section.ok_or(Errno::ECANCELED)?()
    }

    fn skip(&mut self, length: i64) -> Result<(), Errno> {
        self.stream.hole_handlers().skip.map_or(Ok(()), |skip| skip(length as u64))
    }
}

impl DataSink for Loop {
    fn data(&mut self, data: &[u8]) -> Result<usize, Errno> {
        DataSink::data(&mut self.callbacks, data)
    }

    fn hole(&mut self, length: i64) -> Result<(), Errno> {
        self.stream.hole_handlers().skip.ok_or(Errno::ECANCELED)?(length as u64)
    }
}

/// Sends all that a callback supplies. With a function registered by virStreamRegisterInData holes are
/// sent as holes, and the one registered by virStreamRegisterSkip moves the source over them.
///
/// @st: an upload stream that is not VIR_STREAM_NONBLOCK; for holes with
/// VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
/// @handler: supplies the data
/// @opaque: passed to @handler
///
/// Return Value: 0 when everything was sent, or -1, which aborts the stream.
///
/// Errors: as the released virStreamSendAll and virStreamSparseSendAll; VIR_ERR_SYSTEM_ERROR with
/// ECANCELED if the function of virStreamRegisterInData has been taken back meanwhile.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamSendAll(
    st: virStreamPtr,
    handler: virStreamSourceFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamSendAll", |call| {
        let stream = call.object::<Stream>(st)?;
        all_given(call, &stream, &[(handler.is_some(), "handler")])?;
        let callbacks = Callbacks::source(st, handler, opaque);
        let sparse = stream.hole_handlers().section.is_some();
        let mut source = Loop { callbacks, stream: stream.clone() };
        match sparse {
            true => stream.sparse_send_all(&mut source)?,
            false => stream.send_all(&mut source)?,
        }
        Ok(0)
    })
}

/// Gives all that arrives to a callback. With a function registered by virStreamRegisterSkip holes go to
/// that; without, they arrive as zeros.
///
/// @st: a download stream that is not VIR_STREAM_NONBLOCK; for holes with
/// VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
/// @handler: takes the data
/// @opaque: passed to @handler
///
/// Return Value: 0 when everything has been taken, or -1, which aborts the stream.
///
/// Errors: as the released virStreamRecvAll and virStreamSparseRecvAll; VIR_ERR_SYSTEM_ERROR with
/// ECANCELED if the function has been taken back meanwhile.
///
/// Since virsparse 0.1.
pub unsafe extern "C" fn virStreamRecvAll(
    st: virStreamPtr,
    handler: virStreamSinkFunc,
    opaque: *mut c_void,
) -> c_int {
    entry("virStreamRecvAll", |call| {
        let stream = call.object::<Stream>(st)?;
        all_given(call, &stream, &[(handler.is_some(), "handler")])?;
        let callbacks = Callbacks::sink(st, handler, opaque);
        let sparse = stream.hole_handlers().skip.is_some();
        let mut sink = Loop { callbacks, stream: stream.clone() };
        match sparse {
            true => stream.sparse_receive_all(&mut sink)?,
            false => stream.receive_all(&mut sink)?,
        }
        Ok(0)
    })
}
