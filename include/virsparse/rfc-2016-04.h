/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2016_04.rs. */

#ifndef VIRSPARSE_RFC_2016_04_H
#define VIRSPARSE_RFC_2016_04_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#ifdef VIRSPARSE_RFC_2016_05_H
# error "<virsparse/rfc-2016-05.h> declares other things of the same names"
#endif

/* From here on these names are this design's. */
#define virStreamSkip virStreamSkip_2016_04
#define virStreamRegisterSkip virStreamRegisterSkip_2016_04
#define virStreamRegisterInData virStreamRegisterInData_2016_04
#define virStreamRecv virStreamRecv_2016_04
#define virStreamSendAll virStreamSendAll_2016_04
#define virStreamRecvAll virStreamRecvAll_2016_04

/* In the library they are in a version node of their own. */
__asm__(".symver virStreamSkip_2016_04, virStreamSkip@VIRSPARSE_RFC_2016_04");
__asm__(".symver virStreamRegisterSkip_2016_04, virStreamRegisterSkip@VIRSPARSE_RFC_2016_04");
__asm__(".symver virStreamRegisterInData_2016_04, virStreamRegisterInData@VIRSPARSE_RFC_2016_04");
__asm__(".symver virStreamRecv_2016_04, virStreamRecv@VIRSPARSE_RFC_2016_04");
__asm__(".symver virStreamSendAll_2016_04, virStreamSendAll@VIRSPARSE_RFC_2016_04");
__asm__(".symver virStreamRecvAll_2016_04, virStreamRecvAll@VIRSPARSE_RFC_2016_04");

/**
 * Moves over a hole of `offset` bytes: in the receiver's file when one arrives, in the sender's when one
 * has been sent. Returns 0, or a negative number (with errno set) to give up.
 */
typedef int (*virStreamSkipFunc)(virStreamPtr st,
                                 unsigned long long offset,
                                 void *opaque);

/**
 * Tells where the source of virStreamSendAll is: stores 1 in `data` at data and 0 at a hole, and in
 * `length` how many bytes it goes on. At the end both are 0. Returns 0, or a negative number (with errno
 * set) to give up.
 */
typedef int (*virStreamInDataFunc)(virStreamPtr st,
                                   int *data,
                                   unsigned long long *length,
                                   void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Sends a hole.
 *
 * @st: an upload stream with VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
 * @length: the hole's length in bytes, greater than 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virStreamSendHole.
 *
 * Since virsparse 0.1.
 */
int virStreamSkip(virStreamPtr st, unsigned long long length);

/**
 * Registers the function that is called whenever the other side skips: at each hole that arrives in
 * virStreamRecv and virStreamRecvAll, and for the source of virStreamSendAll at each hole that has been
 * sent.
 *
 * @st: the stream
 * @cb: the function; NULL takes back the one that is registered
 * @opaque: passed to @cb, for as long as that is registered
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_INVALID if one is registered.
 *
 * Since virsparse 0.1.
 */
int virStreamRegisterSkip(virStreamPtr st,
                          virStreamSkipFunc cb,
                          void *opaque);

/**
 * Registers the function that tells virStreamSendAll data from holes.
 *
 * @st: the stream
 * @cb: the function; NULL takes back the one that is registered
 * @opaque: passed to @cb, for as long as that is registered
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_INVALID if one is registered.
 *
 * Since virsparse 0.1.
 */
int virStreamRegisterInData(virStreamPtr st,
                            virStreamInDataFunc cb,
                            void *opaque);

/**
 * Receives bytes. With a function registered by virStreamRegisterSkip holes go to that; without, they
 * arrive as zeros.
 *
 * @st: a download stream
 * @data: where to put the bytes
 * @nbytes: the most that fit; 0 does nothing
 *
 * Return Value: as the released virStreamRecv: how many bytes were received, 0 at the end of the
 * stream, -2 if the stream is VIR_STREAM_NONBLOCK and has nothing now, -1 on error.
 *
 * Errors: as the released virStreamRecv; VIR_ERR_SYSTEM_ERROR with errno if the function fails.
 *
 * Since virsparse 0.1.
 */
int virStreamRecv(virStreamPtr st,
                  char *data,
                  size_t nbytes);

/**
 * Sends all that a callback supplies. With a function registered by virStreamRegisterInData holes are
 * sent as holes, and the one registered by virStreamRegisterSkip moves the source over them.
 *
 * @st: an upload stream that is not VIR_STREAM_NONBLOCK; for holes with
 * VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
 * @handler: supplies the data
 * @opaque: passed to @handler
 *
 * Return Value: 0 when everything was sent, or -1, which aborts the stream.
 *
 * Errors: as the released virStreamSendAll and virStreamSparseSendAll; VIR_ERR_SYSTEM_ERROR with
 * ECANCELED if the function of virStreamRegisterInData has been taken back meanwhile.
 *
 * Since virsparse 0.1.
 */
int virStreamSendAll(virStreamPtr st,
                     virStreamSourceFunc handler,
                     void *opaque);

/**
 * Gives all that arrives to a callback. With a function registered by virStreamRegisterSkip holes go to
 * that; without, they arrive as zeros.
 *
 * @st: a download stream that is not VIR_STREAM_NONBLOCK; for holes with
 * VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
 * @handler: takes the data
 * @opaque: passed to @handler
 *
 * Return Value: 0 when everything has been taken, or -1, which aborts the stream.
 *
 * Errors: as the released virStreamRecvAll and virStreamSparseRecvAll; VIR_ERR_SYSTEM_ERROR with
 * ECANCELED if the function has been taken back meanwhile.
 *
 * Since virsparse 0.1.
 */
int virStreamRecvAll(virStreamPtr st,
                     virStreamSinkFunc handler,
                     void *opaque);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2016_04_H */
