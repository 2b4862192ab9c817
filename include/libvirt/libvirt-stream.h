/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/stream.rs and src/stream/transfer.rs and src/stream/all.rs and src/stream/end.rs and src/stream/event.rs. */

#ifndef LIBVIRT_STREAM_H
#define LIBVIRT_STREAM_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/** How a stream behaves. Since 0.7.2. */
typedef enum virStreamFlags {
    /** Calls that would have to wait return -2 instead. Since 0.7.2. */
    VIR_STREAM_NONBLOCK = (1 << 0),
} virStreamFlags;

/** How virStreamRecvFlags receives. Since 3.4.0. */
typedef enum virStreamRecvFlagsValues {
    /** Return -3 at a hole instead of the hole's zeros. Since 3.4.0. */
    VIR_STREAM_RECV_STOP_AT_HOLE = (1 << 0),
} virStreamRecvFlagsValues;

/** What a stream can be ready for. Since 0.7.2. */
typedef enum virStreamEventType {
    /** Something can be received, or the stream has ended. Since 0.7.2. */
    VIR_STREAM_EVENT_READABLE = (1 << 0),
    /** Something can be sent. Since 0.7.2. */
    VIR_STREAM_EVENT_WRITABLE = (1 << 1),
    /** The stream has failed. Since 0.7.2. */
    VIR_STREAM_EVENT_ERROR = (1 << 2),
    /** The other end has gone. Since 0.7.2. */
    VIR_STREAM_EVENT_HANGUP = (1 << 3),
} virStreamEventType;

/**
 * Supplies data to virStreamSendAll and virStreamSparseSendAll: puts up to `nbytes` bytes into
 * `data`. Returns how many, 0 at the end, or a negative number (with errno set) to give up.
 */
typedef int (*virStreamSourceFunc)(virStreamPtr st,
                                   char *data,
                                   size_t nbytes,
                                   void *opaque);

/**
 * Takes data from virStreamRecvAll and virStreamSparseRecvAll: some or all of the `nbytes` bytes
 * at `data`. Returns how many it took (the rest is offered again), or a negative number (with
 * errno set) to give up.
 */
typedef int (*virStreamSinkFunc)(virStreamPtr st,
                                 const char *data,
                                 size_t nbytes,
                                 void *opaque);

/**
 * Tells virStreamSparseSendAll where the source is: stores 1 in `inData` at data and 0 at a hole,
 * and in `length` how many bytes it goes on. At the end both are 0. Returns 0, or a negative
 * number (with errno set) to give up.
 */
typedef int (*virStreamSourceHoleFunc)(virStreamPtr st,
                                       int *inData,
                                       long long *length,
                                       void *opaque);

/**
 * Moves the source of virStreamSparseSendAll over a hole of `length` bytes that has been sent.
 * Returns 0, or a negative number (with errno set) to give up.
 */
typedef int (*virStreamSourceSkipFunc)(virStreamPtr st,
                                       long long length,
                                       void *opaque);

/**
 * Takes a hole of `length` bytes from virStreamSparseRecvAll. The last one may end the stream: it
 * is how the receiver learns the size. Returns 0, or a negative number (with errno set) to give
 * up.
 */
typedef int (*virStreamSinkHoleFunc)(virStreamPtr st,
                                     long long length,
                                     void *opaque);

/**
 * Runs on the event loop while a stream is ready: `events` are virStreamEventType bits. It may
 * use the stream, and add, update and remove callbacks.
 */
typedef void (*virStreamEventCallback)(virStreamPtr stream,
                                       int events,
                                       void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Makes a stream, for virStorageVolUpload or virStorageVolDownload to attach a transfer to.
 *
 * @conn: the connection
 * @flags: virStreamFlags; other bits are ignored
 *
 * Return Value: the stream, to be released with virStreamFree, or NULL.
 *
 * Threads: a stream may be used from several threads; calls of two threads that send (or receive)
 * are not mixed, but their order is not defined.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.7.2.
 */
virStreamPtr virStreamNew(virConnectPtr conn,
                          unsigned int flags);

/**
 * Adds a reference to a stream: it takes one more virStreamFree to release it.
 *
 * @stream: the stream
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM.
 *
 * Since 0.7.2.
 */
int virStreamRef(virStreamPtr stream);

/**
 * Releases a reference to a stream. With the last one a transfer that is neither finished nor
 * aborted is aborted, and a callback is removed.
 *
 * @stream: the stream
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM.
 *
 * Since 0.7.2.
 */
int virStreamFree(virStreamPtr stream);

/**
 * Sends bytes.
 *
 * They are copied and written to the volume in the background, so an error of an earlier call may
 * be reported by this one; what was sent is only known to be in the volume when virStreamFinish
 * has returned 0.
 *
 * @stream: an upload stream
 * @data: the bytes
 * @nbytes: how many bytes; 0 does nothing
 *
 * Return Value: how many bytes were taken, which may be fewer than @nbytes; -2 if the stream is
 * VIR_STREAM_NONBLOCK and has no room now; -1 on error.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @data is NULL; VIR_ERR_NO_SUPPORT if
 * nothing is attached; VIR_ERR_OPERATION_INVALID on a download; VIR_ERR_OPERATION_FAILED after
 * Finish or Abort; VIR_ERR_SYSTEM_ERROR if the volume cannot be written, and (ENOSPC) if more is
 * sent than the upload's range takes: what is within the range is then in the volume.
 *
 * Since 0.7.2.
 */
int virStreamSend(virStreamPtr stream,
                  const char *data,
                  size_t nbytes);

/**
 * Sends a hole: the range reads as zeros afterwards, takes no space where the medium can help it,
 * and what was there before is gone.
 *
 * A volume in an image format is cut off behind the hole (unless the upload was given a length), so
 * that a hole at the end sets its size; a raw volume keeps its size. A hole that reaches beyond the
 * length that the upload was given ends with it; one that reaches beyond the end of a raw volume is
 * an error.
 *
 * @stream: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
 * @length: the hole's length in bytes, greater than 0
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virStreamSend; VIR_ERR_INVALID_ARG if @length is not positive, and
 * VIR_ERR_OPERATION_INVALID if the stream is not sparse: the stream goes on after both.
 *
 * Since 3.4.0.
 */
int virStreamSendHole(virStreamPtr stream,
                      long long length,
                      unsigned int flags);

/**
 * Receives bytes. Holes arrive as zeros.
 *
 * @stream: a download stream
 * @data: where to put the bytes
 * @nbytes: the most that fit; 0 does nothing
 *
 * Return Value: how many bytes were received, which may be fewer than @nbytes; 0 at the end of
 * the stream; -2 if the stream is VIR_STREAM_NONBLOCK and has nothing now; -1 on error.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @data is NULL; VIR_ERR_NO_SUPPORT if
 * nothing is attached; VIR_ERR_OPERATION_INVALID on an upload; VIR_ERR_OPERATION_FAILED after
 * Finish or Abort; VIR_ERR_SYSTEM_ERROR if the volume cannot be read.
 *
 * Since 0.7.2.
 */
int virStreamRecv(virStreamPtr stream,
                  char *data,
                  size_t nbytes);

/**
 * Receives bytes, and tells of holes.
 *
 * @stream: a download stream
 * @data: where to put the bytes
 * @nbytes: the most that fit
 * @flags: VIR_STREAM_RECV_STOP_AT_HOLE, or 0 for what virStreamRecv does
 *
 * Return Value: as virStreamRecv; and -3, with no error set and nothing received, if the stream
 * is at a hole, which virStreamRecvHole then takes. Without
 * VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM there are no holes.
 *
 * Errors: as virStreamRecv; VIR_ERR_INVALID_ARG for other flags.
 *
 * Since 3.4.0.
 */
int virStreamRecvFlags(virStreamPtr stream,
                       char *data,
                       size_t nbytes,
                       unsigned int flags);

/**
 * Takes the hole at which the stream is.
 *
 * @stream: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
 * @length: where to store the hole's length in bytes; 0 if the stream is at data or at its end
 * @flags: 0
 *
 * Return Value: 0, or -1, which leaves @length as it is.
 *
 * Errors: as virStreamRecv; VIR_ERR_OPERATION_INVALID if the stream is not sparse: it goes on
 * after that.
 *
 * Since 3.4.0.
 */
int virStreamRecvHole(virStreamPtr stream,
                      long long *length,
                      unsigned int flags);

/**
 * Sends all that a callback supplies.
 *
 * The callback runs in this thread while the volume is written in another. After a failure the
 * stream is aborted and only virStreamFree is left; after success virStreamFinish must follow.
 *
 * @stream: an upload stream that is not VIR_STREAM_NONBLOCK
 * @handler: supplies the data
 * @opaque: passed to @handler
 *
 * Return Value: 0 when @handler has returned 0 and everything was sent, or -1.
 *
 * Errors: as virStreamSend; VIR_ERR_INVALID_ARG if @handler is NULL; VIR_ERR_OPERATION_INVALID on
 * a stream that is VIR_STREAM_NONBLOCK; VIR_ERR_SYSTEM_ERROR with errno if @handler fails (EIO if
 * it left none).
 *
 * Since 0.7.2.
 */
int virStreamSendAll(virStreamPtr stream,
                     virStreamSourceFunc handler,
                     void *opaque);

/**
 * Gives all that arrives to a callback. Holes arrive as zeros.
 *
 * After a failure the stream is aborted and only virStreamFree is left; after success
 * virStreamFinish must follow.
 *
 * @stream: a download stream that is not VIR_STREAM_NONBLOCK
 * @handler: takes the data
 * @opaque: passed to @handler
 *
 * Return Value: 0 when everything has been taken, or -1.
 *
 * Errors: as virStreamRecv; VIR_ERR_INVALID_ARG if @handler is NULL; VIR_ERR_OPERATION_INVALID on
 * a stream that is VIR_STREAM_NONBLOCK; VIR_ERR_SYSTEM_ERROR with errno if @handler fails (EIO if
 * it left none).
 *
 * Since 0.7.2.
 */
int virStreamRecvAll(virStreamPtr stream,
                     virStreamSinkFunc handler,
                     void *opaque);

/**
 * Sends all that a source has, with its holes as holes.
 *
 * @holeHandler is asked where the source is. At a hole the hole is sent and @skipHandler moves
 * the source over it; at data @handler is called until that many bytes were sent. The end is
 * where @holeHandler reports no data and no hole and @handler returns 0.
 *
 * @stream: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM that is not
 * VIR_STREAM_NONBLOCK
 * @handler: supplies the data
 * @holeHandler: tells data from holes
 * @skipHandler: moves the source over a hole
 * @opaque: passed to the three
 *
 * Return Value: 0 when everything was sent, or -1, which aborts the stream.
 *
 * Errors: as virStreamSendAll; VIR_ERR_INVALID_ARG if a callback is NULL, or if @holeHandler
 * stores a negative length; VIR_ERR_OPERATION_INVALID at the first hole if the stream is not
 * sparse.
 *
 * Since 3.4.0.
 */
int virStreamSparseSendAll(virStreamPtr stream,
                           virStreamSourceFunc handler,
                           virStreamSourceHoleFunc holeHandler,
                           virStreamSourceSkipFunc skipHandler,
                           void *opaque);

/**
 * Gives all that arrives to callbacks, with holes as holes.
 *
 * @stream: a download stream that is not VIR_STREAM_NONBLOCK. Without
 * VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM @holeHandler is never called
 * @handler: takes the data
 * @holeHandler: takes the holes
 * @opaque: passed to both
 *
 * Return Value: 0 when everything has been taken, or -1, which aborts the stream.
 *
 * Errors: as virStreamRecvAll; VIR_ERR_INVALID_ARG if a callback is NULL.
 *
 * Since 3.4.0.
 */
int virStreamSparseRecvAll(virStreamPtr stream,
                           virStreamSinkFunc handler,
                           virStreamSinkHoleFunc holeHandler,
                           void *opaque);

/**
 * Ends a transfer.
 *
 * For an upload 0 means that every byte that was sent is in the volume and on stable storage, where a
 * power cut does not reach it. Who would rather not wait for that says so: with sync=no in the
 * connection's URI, VIRSPARSE_SYNC=no in the environment, or VIR_SPARSE_VOL_UPLOAD_NO_SYNC at the
 * upload; then the bytes are in the page cache, as after close(2). A download may be finished before
 * its end.
 *
 * @stream: the stream
 *
 * Return Value: 0, or -1. The stream can be attached again after 0.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
 * VIR_ERR_OPERATION_FAILED if it is finished or aborted already; VIR_ERR_SYSTEM_ERROR with errno
 * if something could not be written, or not be brought to stable storage.
 *
 * Since 0.7.2.
 */
int virStreamFinish(virStreamPtr stream);

/**
 * Gives a transfer up. What an upload has already written stays in the volume; nothing is written
 * after the call.
 *
 * @stream: the stream
 *
 * Return Value: 0 (also if nothing is attached), or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_FAILED if it is finished or aborted already;
 * the transfer's own error if it has failed.
 *
 * Since 0.7.2.
 */
int virStreamAbort(virStreamPtr stream);

/**
 * Registers a callback that the event loop runs while the stream is ready for what it waits for.
 * A stream has one callback at most.
 *
 * @stream: a stream with a transfer; best one that is VIR_STREAM_NONBLOCK
 * @events: virStreamEventType bits; 0 for none until virStreamEventUpdateCallback. Bits that do
 * not fit the stream's direction are allowed and never come
 * @cb: the callback
 * @opaque: passed to @cb
 * @ff: releases @opaque: called once, from the event loop, after the callback is removed or the
 * stream is freed; may be NULL. Not called if this function fails
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached; VIR_ERR_INVALID_ARG
 * if @cb is NULL; VIR_ERR_INTERNAL_ERROR if there is a callback already, or no event loop.
 *
 * Since 0.7.2.
 */
int virStreamEventAddCallback(virStreamPtr stream,
                              int events,
                              virStreamEventCallback cb,
                              void *opaque,
                              virFreeCallback ff);

/**
 * Changes what a stream's callback waits for.
 *
 * @stream: the stream
 * @events: virStreamEventType bits; 0 mutes the callback
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
 * VIR_ERR_INTERNAL_ERROR if there is no callback.
 *
 * Since 0.7.2.
 */
int virStreamEventUpdateCallback(virStreamPtr stream, int events);

/**
 * Removes a stream's callback. It is not run again after this returns (in the event loop's
 * thread), and its data is released from the event loop.
 *
 * @stream: the stream
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_NO_SUPPORT if nothing is attached;
 * VIR_ERR_INTERNAL_ERROR if there is no callback.
 *
 * Since 0.7.2.
 */
int virStreamEventRemoveCallback(virStreamPtr stream);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_STREAM_H */
