/* The states of a stream - unattached, active, closed - and the result of each call in each
 * state. The failed state has a program of its own, stream_errors. */
#include "fixture.h"

#include <sys/mman.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;

static void on_event(virStreamPtr st, int events, void *opaque)
{
    (void)st;
    (void)events;
    (void)opaque;
}

static void unattached_is(virStreamPtr st)
{
    char byte = 'x';
    long long length = 77;

#define UNSUPPORTED(function, args) \
    do { \
        CHECK_INT(function args, -1); \
        CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_STREAMS, \
                  "this function is not supported by the connection driver: " #function); \
    } while (0)

    UNSUPPORTED(virStreamSend, (st, &byte, 1));
    UNSUPPORTED(virStreamSendHole, (st, 1, 0));
    UNSUPPORTED(virStreamRecv, (st, &byte, 1));
    UNSUPPORTED(virStreamRecvFlags, (st, &byte, 1, 0));
    UNSUPPORTED(virStreamRecvHole, (st, &length, 0));
    UNSUPPORTED(virStreamFinish, (st));
    UNSUPPORTED(virStreamEventAddCallback, (st, VIR_STREAM_EVENT_READABLE, on_event, NULL, NULL));
    UNSUPPORTED(virStreamEventUpdateCallback, (st, VIR_STREAM_EVENT_READABLE));
    UNSUPPORTED(virStreamEventRemoveCallback, (st));
    CHECK_INT(length, 77);
    CHECK_INT(byte, 'x');
    CHECK_INT(virStreamAbort(st), 0);
    CHECK(virGetLastError() == NULL);
    CHECK_INT(virStreamSend(st, NULL, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, "data in virStreamSend must not be NULL");
}

/* For a stream that was sparse: libvirt looks for that before it looks for the state. */
static void closed_is(virStreamPtr st)
{
    char byte = 'x';
    long long length = 77;

#define CLOSED(call) \
    do { \
        CHECK_INT(call, -1); \
        CHECK_ERR(VIR_ERR_OPERATION_FAILED, from_transport(), \
                  "operation failed: stream is closed"); \
    } while (0)

    CLOSED(virStreamSend(st, &byte, 1));
    CLOSED(virStreamSendHole(st, 1, 0));
    CLOSED(virStreamRecv(st, &byte, 1));
    CLOSED(virStreamRecvFlags(st, &byte, 1, 0));
    CLOSED(virStreamRecvHole(st, &length, 0));
    CLOSED(virStreamFinish(st));
    CLOSED(virStreamAbort(st));
    CHECK_INT(length, 77);
    CHECK_INT(byte, 'x');
}

static void new_streams(void)
{
    virStreamPtr st = new_stream(conn);
    virConnectPtr ro;

    unattached_is(st);
    CHECK_INT(virStreamFree(st), 0);
    st = virStreamNew(conn, VIR_STREAM_NONBLOCK);
    CHECK(st != NULL);
    unattached_is(st);
    CHECK_INT(virStreamFree(st), 0);
    ro = virConnectOpenReadOnly(test_uri);
    CHECK(ro != NULL);
    st = virStreamNew(ro, 0);
    CHECK(st != NULL);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(virConnectClose(ro), 0);
    /* libvirt checks no other flag. */
    st = virStreamNew(conn, 0x8);
    if (st)
        CHECK_INT(virStreamFree(st), 0);
    else
        CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8) in function");
}

/* A failed attach leaves the stream as it was. */
static void failed_attach(void)
{
    virConnectPtr other = virConnectOpen(test_uri);
    virStreamPtr st, foreign;
    virStorageVolPtr deleted = make_vol(pool, "deleted", MIB, 0);

    CHECK(other != NULL);
    foreign = new_stream(other);
    CHECK_INT(virStorageVolUpload(vol, foreign, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "stream in virStorageVolUpload must match connection of volume 'v'");
    CHECK_INT(virStorageVolDownload(vol, foreign, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "stream in virStorageVolDownload must match connection of volume 'v'");
    /* The connections are compared before the flags are. */
    CHECK_INT(virStorageVolUpload(vol, foreign, 0, 0, 0x80), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "must match connection of volume 'v'");
    unattached_is(foreign);
    CHECK_INT(virStreamFree(foreign), 0);
    CHECK_INT(virConnectClose(other), 0);

    st = new_stream(conn);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0x80), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 2), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x2) in function");
    CHECK_INT(virStorageVolDelete(deleted, 0), 0);
    CHECK_INT(virStorageVolUpload(deleted, st, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'deleted'");
    CHECK_INT(virStorageVolDownload(deleted, st, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'deleted'");
    unattached_is(st);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), 0);
    send_pattern(st, 100, 0, 9);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 9));
    CHECK_INT(virStorageVolFree(deleted), 0);
}

static void closed_streams(void)
{
    const unsigned int sparse = VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM;
    virStreamPtr st = upload_to(vol, 0, 0, sparse);

    CHECK_INT(virStreamFinish(st), 0);
    closed_is(st);
    /* The same object may go again, the other way too. */
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, sparse), 0);
    CHECK_INT(virStreamAbort(st), 0);
    closed_is(st);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, sparse), 0);
    send_pattern(st, 1000, 0, 2);
    CHECK_INT(virStreamFinish(st), 0);
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 0, 2));
    CHECK_INT(virStreamFree(st), 0);

    /* Before the end of the data is no bad time to stop. */
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, sparse);
    send_pattern(st, 1000, 0, 3);
    CHECK_INT(virStreamAbort(st), 0);
    closed_is(st);
    CHECK_INT(virStreamFree(st), 0);
}

static void second_attach(void)
{
    virStorageVolPtr other = make_vol(pool, "w", MIB, 0);
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    CHECK_INT(virStorageVolUpload(other, st, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    send_pattern(st, 500, 0, 4);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 500, 0, 4));
    CHECK(file_is_zero(in_dir("p/w"), MIB, 0));
    vol_gone(other);
}

static void arguments(void)
{
    char buf[16];
    long long length = 77;
    virStreamPtr st = download_from(vol, 0, 0, 0);

    CHECK_INT(virStreamRecv(st, NULL, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, "data in virStreamRecv must not be NULL");
    CHECK_INT(virStreamRecvFlags(st, NULL, 1, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS,
              "data in virStreamRecvFlags must not be NULL");
    CHECK_INT(virStreamRecvHole(st, NULL, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS,
              "length in virStreamRecvHole must not be NULL");
    CHECK_INT(virStreamRecvFlags(st, buf, 1, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2) in function");
    CHECK_INT(virStreamRecvFlags(st, buf, 1, 3), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2) in function");
    CHECK_INT(virStreamRecvHole(st, &length, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1) in function");
    CHECK_INT(length, 77);
    /* None of this harmed it. */
    CHECK_INT(recv_bytes(st, buf, 10), 10);
    finish_and_free(st);

    st = upload_to(vol, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM);
    CHECK_INT(virStreamSend(st, NULL, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, "data in virStreamSend must not be NULL");
    /* libvirt's client sends the flags on, and the refusal is lost. */
    if (ours) {
        CHECK_INT(virStreamSendHole(st, 1, 1), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1) in function");
    }
    send_pattern(st, 300, 0, 5);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 300, 0, 5));
}

static void sizes(void)
{
    char *buf = (char *)malloc(2 * MIB);
    virStreamPtr st;
    char *big;
    int got;

    CHECK(buf != NULL);
    write_pattern(in_dir("p/v"), MIB, 0, 6);
    /* Nothing asked, nothing got: that is no end. */
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(virStreamRecv(st, buf, 0), 0);
    CHECK_INT(recv_bytes(st, buf, 2 * MIB), MIB);
    CHECK(file_has(in_dir("p/v"), buf, MIB, 0));
    CHECK_INT(virStreamRecv(st, buf, 1), 0);
    CHECK_INT(virStreamRecv(st, buf, 1), 0);
    CHECK_INT(virStreamRecvFlags(st, buf, 1, VIR_STREAM_RECV_STOP_AT_HOLE), 0);
    CHECK(virGetLastError() == NULL);
    finish_and_free(st);

    /* More is asked for than an int could say that there was. */
    big = (char *)mmap(NULL, (size_t)1 << 31, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(big != MAP_FAILED);
    st = download_from(vol, 0, 0, 0);
    got = virStreamRecv(st, big, (size_t)1 << 31);
    CHECK(got > 0 && (size_t)got <= MIB);
    CHECK(file_has(in_dir("p/v"), big, (size_t)got, 0));
    finish_and_free(st);

    if (ours) {
        st = upload_to(vol, 0, 0, 0);
        CHECK_INT(virStreamSend(st, buf, 0), 0);
        CHECK(virGetLastError() == NULL);
        send_pattern(st, 100, 0, 7);
        CHECK_INT(virStreamSend(st, buf, 0), 0);
        send_pattern(st, 100, 100, 7);
        finish_and_free(st);
        CHECK(file_has_pattern(in_dir("p/v"), 200, 0, 7));
    }
    /* One virStreamSend of more than the volume holds: no byte count can be returned, and no
     * byte is written past the end. */
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(virStreamSend(st, big, (size_t)1 << 31), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    virStreamAbort(st);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(munmap(big, (size_t)1 << 31), 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    free(buf);
}

static void wrong_direction(void)
{
    char buf[100];
    long long length = 77;
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    CHECK_INT(virStreamRecvHole(st, &length, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, from_transport(), "Requested operation is not valid");
    CHECK_INT(length, 77);
    if (ours) {
        CHECK_INT(virStreamRecv(st, buf, 1), -1);
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
        CHECK_INT(virStreamRecvFlags(st, buf, 1, VIR_STREAM_RECV_STOP_AT_HOLE), -1);
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    }
    send_pattern(st, 100, 0, 8);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 8));

    st = download_from(vol, 0, 100, 0);
    CHECK_INT(virStreamSendHole(st, 1, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, from_transport(), "Requested operation is not valid");
    if (ours) {
        CHECK_INT(virStreamSend(st, "x", 1), -1);
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    }
    CHECK_INT(recv_bytes(st, buf, 100), 100);
    CHECK(file_has(in_dir("p/v"), buf, 100, 0));
    finish_and_free(st);

    if (!ours)
        return;
    st = upload_to(vol, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM);
    CHECK_INT(virStreamRecvHole(st, &length, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    finish_and_free(st);
    st = download_from(vol, 0, 100, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM);
    CHECK_INT(virStreamSendHole(st, 1, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STREAMS, "Requested operation is not valid");
    CHECK_INT(recv_bytes(st, buf, 100), 100);
    finish_and_free(st);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    new_streams();
    failed_attach();
    closed_streams();
    if (ours)
        second_attach();
    arguments();
    sizes();
    wrong_direction();
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
