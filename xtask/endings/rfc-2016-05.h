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
