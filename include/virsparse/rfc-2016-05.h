/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2016_05.rs. */

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
 * The header also takes it without @length: it then returns how long the hole is, 0 at data and at the
 * end, or (unsigned long long)-1.
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
 * @holeHandler: is called at a hole: a virStreamHoleFunc, or a virStreamSinkHoleFunc of the header, which
 * is given the whole hole
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
 * @holeHandler: tells of a hole, and moves the source over it: a virStreamHoleFunc, or a
 * virStreamSourceHoleFunc of the header, which tells of data as well. @handler is then asked for no more
 * than that
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

#include <stddef.h>

/* What was posted in that month is declared in more than one way. All of it is taken here. */

/** Takes a hole of `length` bytes. Returns 0, or a negative number (with errno set) to give up. */
typedef int (*virStreamSinkHoleFunc_2016_05)(virStreamPtr st,
                                             unsigned long long length,
                                             void *opaque);

/**
 * Tells where the source is: stores 1 in `inData` at data and 0 at a hole, over which it has moved the
 * source then, and in `length` how many bytes it is long. At the end both are 0. Returns 0, or a negative
 * number (with errno set) to give up.
 */
typedef int (*virStreamSourceHoleFunc_2016_05)(virStreamPtr st,
                                               int *inData,
                                               unsigned long long *length,
                                               void *opaque);

#define virStreamSinkHoleFunc virStreamSinkHoleFunc_2016_05
#define virStreamSourceHoleFunc virStreamSourceHoleFunc_2016_05

/** The callbacks of a loop, for a hole handler of these types. */
struct virSparseSink_2016_05 {
    virStreamSinkFunc handler;
    virStreamSinkHoleFunc_2016_05 hole;
    void *opaque;
};

static inline int virSparseSinkData_2016_05(virStreamPtr st,
                                            const char *data,
                                            size_t nbytes,
                                            void *opaque)
{
    struct virSparseSink_2016_05 *sink = (struct virSparseSink_2016_05 *)opaque;

    return sink->handler(st, data, nbytes, sink->opaque);
}

static inline unsigned long long virSparseSinkHole_2016_05(virStreamPtr st, void *opaque)
{
    struct virSparseSink_2016_05 *sink = (struct virSparseSink_2016_05 *)opaque;
    unsigned long long length = 0;

    if (virStreamHoleSize_2016_05(st, &length) < 0 || sink->hole(st, length, sink->opaque) < 0)
        return (unsigned long long)-1;
    return length;
}

static inline int virSparseRecvAll_2016_05(virStreamPtr st,
                                           virStreamSinkFunc handler,
                                           virStreamSinkHoleFunc_2016_05 holeHandler,
                                           void *opaque)
{
    struct virSparseSink_2016_05 sink;

    sink.handler = handler;
    sink.hole = holeHandler;
    sink.opaque = opaque;
    /* The library says which of them is missing. */
    return virStreamSparseRecvAll_2016_05(st, handler ? virSparseSinkData_2016_05 : NULL,
                                          holeHandler ? virSparseSinkHole_2016_05 : NULL, &sink);
}

/** The same of a source, with how much is left of the data at which it is. */
struct virSparseSource_2016_05 {
    virStreamSourceFunc handler;
    virStreamSourceHoleFunc_2016_05 hole;
    void *opaque;
    unsigned long long data;
};

static inline int virSparseSourceData_2016_05(virStreamPtr st,
                                              char *data,
                                              size_t nbytes,
                                              void *opaque)
{
    struct virSparseSource_2016_05 *source = (struct virSparseSource_2016_05 *)opaque;
    int got;

    if (source->data < nbytes)
        nbytes = (size_t)source->data;
    if (nbytes == 0)
        return 0;
    got = source->handler(st, data, nbytes, source->opaque);
    if (got > 0)
        source->data -= (unsigned int)got;
    return got;
}

static inline unsigned long long virSparseSourceHole_2016_05(virStreamPtr st, void *opaque)
{
    struct virSparseSource_2016_05 *source = (struct virSparseSource_2016_05 *)opaque;
    unsigned long long length = 0;
    int inData = 0;

    if (source->data > 0)
        return 0;
    if (source->hole(st, &inData, &length, source->opaque) < 0)
        return (unsigned long long)-1;
    if (!inData)
        return length;
    source->data = length;
    return 0;
}

static inline int virSparseSendAll_2016_05(virStreamPtr st,
                                           virStreamSourceFunc handler,
                                           virStreamSourceHoleFunc_2016_05 holeHandler,
                                           void *opaque)
{
    struct virSparseSource_2016_05 source;

    source.handler = handler;
    source.hole = holeHandler;
    source.opaque = opaque;
    source.data = 0;
    return virStreamSparseSendAll_2016_05(st, handler ? virSparseSourceData_2016_05 : NULL,
                                          holeHandler ? virSparseSourceHole_2016_05 : NULL,
                                          &source);
}

/** How long the hole is at which a stream is, 0 at data; or (unsigned long long)-1. */
static inline unsigned long long virSparseHoleSize_2016_05(virStreamPtr st)
{
    unsigned long long length = 0;

    return virStreamHoleSize_2016_05(st, &length) < 0 ? (unsigned long long)-1 : length;
}

#ifdef __cplusplus

static inline unsigned long long virStreamHoleSize_2016_05(virStreamPtr st)
{
    return virSparseHoleSize_2016_05(st);
}

static inline int virStreamSparseRecvAll_2016_05(virStreamPtr st,
                                                 virStreamSinkFunc handler,
                                                 virStreamSinkHoleFunc_2016_05 holeHandler,
                                                 void *opaque)
{
    return virSparseRecvAll_2016_05(st, handler, holeHandler, opaque);
}

static inline int virStreamSparseSendAll_2016_05(virStreamPtr st,
                                                 virStreamSourceFunc handler,
                                                 virStreamSourceHoleFunc_2016_05 holeHandler,
                                                 void *opaque)
{
    return virSparseSendAll_2016_05(st, handler, holeHandler, opaque);
}

#elif defined(__GNUC__) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)

# ifdef __GNUC__
#  define VIRSPARSE_GENERIC_2016_05 __extension__ _Generic
# else
#  define VIRSPARSE_GENERIC_2016_05 _Generic
# endif

# undef virStreamSparseRecvAll
# define virStreamSparseRecvAll(st, handler, holeHandler, opaque) \
    (VIRSPARSE_GENERIC_2016_05((holeHandler), \
        virStreamSinkHoleFunc_2016_05: virSparseRecvAll_2016_05, \
        default: virStreamSparseRecvAll_2016_05)(st, handler, holeHandler, opaque))

# undef virStreamSparseSendAll
# define virStreamSparseSendAll(st, handler, holeHandler, opaque) \
    (VIRSPARSE_GENERIC_2016_05((holeHandler), \
        virStreamSourceHoleFunc_2016_05: virSparseSendAll_2016_05, \
        default: virStreamSparseSendAll_2016_05)(st, handler, holeHandler, opaque))

# undef virStreamHoleSize
# define VIRSPARSE_THIRD_2016_05(one, two, third, ...) third
# define virStreamHoleSize(...) \
    VIRSPARSE_THIRD_2016_05(__VA_ARGS__, virStreamHoleSize_2016_05, virSparseHoleSize_2016_05, \
                            0)(__VA_ARGS__)

#endif

#endif  /* VIRSPARSE_RFC_2016_05_H */
