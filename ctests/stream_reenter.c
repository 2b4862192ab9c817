/* Errors of callers in the transfer helpers, and callbacks that use the library: the connection,
 * the volume, and their own stream. */
#include "fixture.h"

#define SPARSE 1

enum action { NOTHING, LOOK, ABORT, FINISH, FREE, SEND, NESTED, TOO_MUCH, SHORT };

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol, other;
static int errors_reported;
static int calls;

static void count_error(void *data, virErrorPtr err)
{
    CHECK(data == (void *)&errors_reported);
    CHECK(err->code != VIR_ERR_OK);
    errors_reported++;
}

static int zeros(virStreamPtr st, char *data, size_t len, void *opaque)
{
    size_t *left = (size_t *)opaque, n = *left < len ? *left : len;

    (void)st;
    memset(data, 0, n);
    *left -= n;
    return (int)n;
}

static void look_around(void)
{
    virStorageVolInfo info;
    virStoragePoolInfo pool_info;
    virStorageVolPtr again;
    virStreamPtr st;
    char *xml;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, MIB);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    free(xml);
    CHECK_INT(virStoragePoolGetInfo(pool, &pool_info), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    again = virStorageVolLookupByName(pool, "v");
    CHECK(again != NULL);
    CHECK_INT(virStorageVolFree(again), 0);
    CHECK_INT(virConnectIsAlive(conn), 1);
    st = new_stream(conn);
    CHECK_INT(virStreamFree(st), 0);
}

static void act(virStreamPtr st, enum action action)
{
    size_t left = 64 * KIB;
    virStreamPtr inner;

    switch (action) {
    case LOOK:
        look_around();
        CHECK_INT(virStreamRef(st), 0);
        CHECK_INT(virStreamFree(st), 0);
        break;
    case ABORT:
        CHECK_INT(virStreamAbort(st), 0);
        break;
    case FINISH:
        CHECK_INT(virStreamFinish(st), 0);
        break;
    case FREE:
        CHECK_INT(virStreamFree(st), 0);
        break;
    case SEND:
        virStreamSend(st, "extra", 5);
        break;
    case NESTED:
        inner = upload_to(other, 0, 0, 0);
        CHECK_INT(virStreamSendAll(inner, zeros, &left), 0);
        finish_and_free(inner);
        break;
    case NOTHING:
    case TOO_MUCH:
    case SHORT:
        break;
    }
}

/* Gives 3 times 1000 bytes, and acts at the second. */
static int source(virStreamPtr st, char *data, size_t len, void *opaque)
{
    enum action *action = (enum action *)opaque;

    CHECK(len >= 1000 || len == 0);
    calls++;
    if (len == 0 || calls > 3 || (*action == SHORT && calls == 2))
        return 0;
    if (calls == 2) {
        act(st, *action);
        if (*action == TOO_MUCH)
            return INT_MAX;
    }
    fill(data, 1000, (unsigned)(calls - 1) * 1000, 1);
    return 1000;
}

static int sections(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    (void)st;
    (void)opaque;
    *in_data = 1;
    *length = 3000;
    return 0;
}

static int negative_hole(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    (void)st;
    (void)opaque;
    *in_data = 0;
    *length = -4096;
    calls++;
    return 0;
}

static int negative_data(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    (void)st;
    (void)opaque;
    *in_data = 1;
    *length = -4096;
    calls++;
    return 0;
}

static int skip(virStreamPtr st, long long length, void *opaque)
{
    (void)st;
    (void)length;
    (void)opaque;
    return 0;
}

static int sink(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    enum action *action = (enum action *)opaque;

    (void)data;
    if (++calls == 1)
        act(st, *action);
    /* In small pieces, so that data is left after the first one. */
    return len > 1000 ? 1000 : (int)len;
}

static int send_with(enum action action, int sparse)
{
    virStreamPtr st = upload_to(vol, 0, 0, sparse ? SPARSE : 0);
    int result;

    calls = 0;
    result = sparse ? virStreamSparseSendAll(st, source, sections, skip, &action)
                    : virStreamSendAll(st, source, &action);
    if (action == FREE) {
        /* The callback gave the stream away: there is none any more. */
        CHECK_INT(virStreamFree(st), -1);
        CHECK_ERR(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "in virStreamFree");
        return result;
    }
    if (result == 0)
        CHECK_INT(virStreamFinish(st), 0);
    else
        CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStreamFree(st), 0);
    return result;
}

static int receive_with(enum action action)
{
    virStreamPtr st = download_from(vol, 0, 0, 0);
    int result;

    calls = 0;
    result = virStreamRecvAll(st, sink, &action);
    if (action == FREE) {
        CHECK_INT(virStreamFree(st), -1);
        CHECK_ERR(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "in virStreamFree");
        return result;
    }
    if (result == 0)
        CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    return result;
}

static void reentering(void)
{
    CHECK_INT(send_with(LOOK, 0), 0);
    CHECK_INT(calls, 4);
    CHECK(file_has_pattern(in_dir("p/v"), 3000, 0, 1));
    CHECK_INT(send_with(NESTED, 0), 0);
    CHECK(file_has_pattern(in_dir("p/v"), 3000, 0, 1));
    CHECK_INT(receive_with(LOOK), 0);
    CHECK_INT(receive_with(NESTED), 0);
    /* A stream that its callback has ended takes no more. */
    CHECK_INT(send_with(ABORT, 0), -1);
    CHECK_INT(send_with(FINISH, 0), -1);
    CHECK_INT(receive_with(ABORT), -1);
    CHECK_INT(receive_with(FINISH), -1);
    if (!ours)
        return;
    send_with(SEND, 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    send_with(FREE, 0);
    receive_with(FREE);
    CHECK_INT(send_with(TOO_MUCH, 0), -1);
    CHECK_INT(calls, 2);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    /* And the connection goes on. */
    look_around();
}

static void promises_not_kept(void)
{
    enum action action = SHORT;
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);

    /* An end before the promised end of the section is an end. */
    calls = 0;
    CHECK_INT(virStreamSparseSendAll(st, source, sections, skip, &action), 0);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 0, 1));
    CHECK_INT(calls, 2);
    if (!ours)
        return;
    st = upload_to(vol, 0, 0, SPARSE);
    CHECK_INT(virStreamSparseSendAll(st, source, negative_hole, skip, &action), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, SPARSE);
    CHECK_INT(virStreamSparseSendAll(st, source, negative_data, skip, &action), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStreamFree(st), 0);
}

static void is_aborted(virStreamPtr st)
{
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "stream is closed");
    CHECK_INT(virStreamFree(st), 0);
}

#define NULL_REFUSED(st, call, text) \
    do { \
        CHECK_INT(call, -1); \
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, text " must not be NULL"); \
        is_aborted(st); \
    } while (0)

static void missing_callbacks(void)
{
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);

    NULL_REFUSED(st, virStreamSendAll(st, NULL, NULL), "handler in virStreamSendAll");
    st = upload_to(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamSparseSendAll(st, NULL, sections, skip, NULL),
                 "handler in virStreamSparseSendAll");
    st = upload_to(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamSparseSendAll(st, source, NULL, NULL, NULL),
                 "holeHandler in virStreamSparseSendAll");
    st = upload_to(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamSparseSendAll(st, source, sections, NULL, NULL),
                 "skipHandler in virStreamSparseSendAll");
    st = download_from(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamRecvAll(st, NULL, NULL), "handler in virStreamRecvAll");
    st = download_from(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamSparseRecvAll(st, NULL, skip, NULL),
                 "handler in virStreamSparseRecvAll");
    st = download_from(vol, 0, 0, SPARSE);
    NULL_REFUSED(st, virStreamSparseRecvAll(st, sink, NULL, NULL),
                 "holeHandler in virStreamSparseRecvAll");
}

static virStreamPtr nonblocking(int upload)
{
    virStreamPtr st = virStreamNew(conn, VIR_STREAM_NONBLOCK);

    CHECK(st != NULL);
    CHECK_INT(upload ? virStorageVolUpload(vol, st, 0, 0, SPARSE)
                     : virStorageVolDownload(vol, st, 0, 0, SPARSE),
              0);
    return st;
}

#define NONBLOCK_REFUSED(st, call, text) \
    do { \
        CHECK_INT(call, -1); \
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, \
                  "Requested operation is not valid: " text \
                  " cannot be used for non-blocking streams"); \
        is_aborted(st); \
        CHECK_INT(calls, 0); \
    } while (0)

static void nonblocking_refused(void)
{
    enum action action = NOTHING;
    virStreamPtr st = nonblocking(1);

    calls = 0;
    NONBLOCK_REFUSED(st, virStreamSendAll(st, source, &action), "data sources");
    st = nonblocking(1);
    NONBLOCK_REFUSED(st, virStreamSparseSendAll(st, source, sections, skip, &action),
                     "data sources");
    st = nonblocking(0);
    NONBLOCK_REFUSED(st, virStreamRecvAll(st, sink, &action), "data sinks");
    st = nonblocking(0);
    NONBLOCK_REFUSED(st, virStreamSparseRecvAll(st, sink, skip, &action), "data sinks");
}

static void wrong_stream(void)
{
    enum action action = NOTHING;
    virStreamPtr st = new_stream(conn);

    CHECK_INT(virStreamSendAll(st, source, &action), -1);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_STREAMS, "not supported by the connection driver");
    CHECK_INT(virStreamRecvAll(st, sink, &action), -1);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_STREAMS, "not supported by the connection driver");
    CHECK_INT(virStreamFree(st), 0);
    if (!ours)
        return;
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(virStreamSendAll(st, source, &action), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    is_aborted(st);
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(virStreamRecvAll(st, sink, &action), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    is_aborted(st);
}

static void errors_are_reported(void)
{
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    virSetErrorFunc(&errors_reported, count_error);
    CHECK_INT(virStreamSendAll(st, NULL, NULL), -1);
    CHECK(errors_reported >= 1);
    errors_reported = 0;
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(errors_reported, 0);
    virSetErrorFunc(NULL, ignore_error);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, MIB);
    other = make_vol(pool, "other", MIB, 0);
    reentering();
    promises_not_kept();
    missing_callbacks();
    nonblocking_refused();
    wrong_stream();
    errors_are_reported();
    vol_gone(vol);
    vol_gone(other);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
