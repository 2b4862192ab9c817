/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/capi/rfc/rfc_2016_05.rs. */

#ifndef VIRSPARSE_RFC_2016_05_H
#define VIRSPARSE_RFC_2016_05_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#ifdef VIRSPARSE_RFC_2016_04_H
# error "<virsparse/rfc-2016-04.h> declares other things of the same names"
#endif

/* From here on these names are this design's. */
#define virStreamRecvFlags virStreamRecvFlags_2016_05
#define virStreamHoleSize virStreamHoleSize_2016_05
#define virStreamSkip virStreamSkip_2016_05
#define virStreamSparseRecvAll virStreamSparseRecvAll_2016_05
#define virStreamSparseSendAll virStreamSparseSendAll_2016_05

/* In the library they are in a version node of their own. */
__asm__(".symver virStreamRecvFlags_2016_05, virStreamRecvFlags@VIRSPARSE_RFC_2016_05");
__asm__(".symver virStreamHoleSize_2016_05, virStreamHoleSize@VIRSPARSE_RFC_2016_05");
__asm__(".symver virStreamSkip_2016_05, virStreamSkip@VIRSPARSE_RFC_2016_05");
__asm__(".symver virStreamSparseRecvAll_2016_05, virStreamSparseRecvAll@VIRSPARSE_RFC_2016_05");
__asm__(".symver virStreamSparseSendAll_2016_05, virStreamSparseSendAll@VIRSPARSE_RFC_2016_05");

/**
 * The code of the error that the stream is at a hole. It is no virErrorNumber: what it would have been
 * is another error's in the released interface.
 */
#define VIR_ERR_STREAM_HOLE 201605

/** How virStreamRecvFlags receives. */
typedef enum virStreamStopFlags {
    /** Fail at a hole instead of giving its zeros. */
    VIR_STREAM_STOP_AT_HOLE = (1 << 0),
} virStreamStopFlags;

/**
 * Looks at a hole. For virStreamSparseSendAll: returns how long the hole is at which the source is, over
 * which it has moved it, or 0 at data and at the end. For virStreamSparseRecvAll, at a hole that
 * virStreamHoleSize tells: returns over how much of it it has moved the receiver's file, or 0 to be given
 * zeros. (unsigned long long)-1 (with errno set) gives up.
 */
typedef unsigned long long (*virStreamHoleFunc)(virStreamPtr st, void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Receives bytes, and fails at holes if it is to.
 *
 * @st: a download stream
 * @data: where to put the bytes
 * @nbytes: the most that fit
 * @flags: VIR_STREAM_STOP_AT_HOLE, or 0 for what virStreamRecv does
 *
 * Return Value: as virStreamRecv. At a hole -1 with VIR_ERR_STREAM_HOLE and nothing received: the
 * stream goes on after virStreamSkip.
 *
 * Errors: as virStreamRecv; VIR_ERR_INVALID_ARG for other flags; VIR_ERR_STREAM_HOLE.
 *
 * Since virsparse 0.1.
 */
int virStreamRecvFlags(virStreamPtr st,
                       char *data,
                       size_t nbytes,
                       unsigned int flags);

/**
 * Tells how long the hole is at which a stream is. It stays there.
 *
 * @st: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
 * @length: where to store the hole's length in bytes; 0 if the stream is at data or at its end
 *
 * Return Value: 0, or -1, which leaves @length as it is.
 *
 * Errors: as virStreamRecvHole.
 *
 * Since virsparse 0.1.
 */
int virStreamHoleSize(virStreamPtr st,
                      unsigned long long *length);

/**
 * Sends a hole, or takes so much of the one at which the stream is.
 *
 * @st: a stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM or VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
 * @length: how much, in bytes, greater than 0; on a download at most what virStreamHoleSize tells
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virStreamSendHole and virStreamRecvHole; VIR_ERR_INVALID_ARG for another @length.
 *
 * Since virsparse 0.1.
 */
int virStreamSkip(virStreamPtr st,
                  unsigned long long length);

/**
 * Gives all that arrives to callbacks.
 *
 * @st: a download stream with VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM that is not VIR_STREAM_NONBLOCK
 * @handler: takes the data
 * @holeHandler: is called at a hole
 * @opaque: passed to both
 *
 * Return Value: 0 when everything has been taken, or -1, which aborts the stream.
 *
 * Errors: as the released virStreamSparseRecvAll; VIR_ERR_INVALID_ARG also if @holeHandler has moved
 * over more than the hole.
 *
 * Since virsparse 0.1.
 */
int virStreamSparseRecvAll(virStreamPtr st,
                           virStreamSinkFunc handler,
                           virStreamHoleFunc holeHandler,
                           void *opaque);

/**
 * Sends all that a source has. Before each piece @holeHandler is asked for a hole; the end is where it
 * returns 0 and @handler does so too.
 *
 * @st: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM that is not VIR_STREAM_NONBLOCK
 * @handler: supplies the data, up to where a hole begins
 * @holeHandler: tells of a hole, and moves the source over it
 * @opaque: passed to both
 *
 * Return Value: 0 when everything was sent, or -1, which aborts the stream.
 *
 * Errors: as the released virStreamSparseSendAll.
 *
 * Since virsparse 0.1.
 */
int virStreamSparseSendAll(virStreamPtr st,
                           virStreamSourceFunc handler,
                           virStreamHoleFunc holeHandler,
                           void *opaque);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2016_05_H */
