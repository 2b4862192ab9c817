/* Non-blocking streams, driven by the default event loop: whole transfers by callbacks, in both
 * directions, and the rules for the callback. */
#include "fixture.h"

#define SIZE (4 * MIB)
#define SPARSE 1

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;
static volatile int loop_stop;
static volatile int ticks;

/* The data that one transfer has moved; the callbacks only run in the thread of the loop. */
struct transfer {
    char *buf;
    size_t at;
    size_t size;
    pthread_t thread;
    volatile int calls;
    volatile int done;
    volatile int freed;
    unsigned int flags;
};

static void on_free(void *opaque)
{
    struct transfer *t = (struct transfer *)opaque;

    t->freed++;
}

static void on_tick(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
    ticks++;
}

/* Reads all there is now; at the end, removes itself and finishes: the drain pattern. */
static void on_readable(virStreamPtr st, int events, void *opaque)
{
    struct transfer *t = (struct transfer *)opaque;

    CHECK(pthread_equal(pthread_self(), t->thread));
    CHECK(events & VIR_STREAM_EVENT_READABLE);
    CHECK(!t->done);
    t->calls++;
    for (;;) {
        int n = t->flags ? virStreamRecvFlags(st, t->buf + t->at, t->size - t->at + 1,
                                              VIR_STREAM_RECV_STOP_AT_HOLE)
                         : virStreamRecv(st, t->buf + t->at, t->size - t->at + 1);

        if (n == -2) {
            CHECK(virGetLastError() == NULL);
            return;
        }
        if (n == -3) {
            long long hole = 0;

            CHECK(t->flags);
            CHECK(virGetLastError() == NULL);
            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
            CHECK(hole > 0 && t->at + (size_t)hole <= t->size);
            memset(t->buf + t->at, 0, (size_t)hole);
            t->at += (size_t)hole;
            continue;
        }
        CHECK(n >= 0);
        if (n == 0)
            break;
        t->at += (size_t)n;
        CHECK(t->at <= t->size);
    }
    CHECK_INT(virStreamEventRemoveCallback(st), 0);
    CHECK_INT(virStreamFinish(st), 0);
    t->done = 1;
}

static void on_writable(virStreamPtr st, int events, void *opaque)
{
    struct transfer *t = (struct transfer *)opaque;

    CHECK(pthread_equal(pthread_self(), t->thread));
    CHECK(events & VIR_STREAM_EVENT_WRITABLE);
    CHECK(!t->done);
    t->calls++;
    while (t->at < t->size) {
        int n = virStreamSend(st, t->buf + t->at, t->size - t->at);

        if (n == -2) {
            CHECK(virGetLastError() == NULL);
            return;
        }
        CHECK(n > 0);
        t->at += (size_t)n;
    }
    CHECK_INT(virStreamEventRemoveCallback(st), 0);
    CHECK_INT(virStreamFinish(st), 0);
    t->done = 1;
}

static void prepare(struct transfer *t)
{
    memset(t, 0, sizeof(*t));
    t->size = SIZE;
    t->buf = (char *)malloc(SIZE + 1);
    CHECK(t->buf != NULL);
    t->thread = pthread_self();
}

static virStreamPtr nonblocking(void)
{
    virStreamPtr st = virStreamNew(conn, VIR_STREAM_NONBLOCK);

    CHECK(st != NULL);
    return st;
}

/* The callback is free of its argument once it is over; libvirt's transport forgets to say so. */
static void expect_freed(struct transfer *t)
{
    if (ours) {
        loop_until(&t->freed, 1);
        CHECK_INT(t->freed, 1);
    }
}

static void downloads(unsigned int flags)
{
    virStreamPtr st = nonblocking();
    struct transfer t;

    prepare(&t);
    t.flags = flags;
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, flags), 0);
    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, on_readable, &t, on_free),
              0);
    loop_until(&t.done, 1);
    CHECK(t.calls >= 1);
    CHECK_INT(t.at, SIZE);
    CHECK(file_has(in_dir("p/v"), t.buf, SIZE, 0));
    expect_freed(&t);
    CHECK_INT(virStreamFree(st), 0);
    free(t.buf);
}

static void uploads(void)
{
    virStreamPtr st = nonblocking();
    struct transfer t;

    prepare(&t);
    fill(t.buf, SIZE, 0, 5);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), 0);
    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_WRITABLE, on_writable, &t, on_free),
              0);
    loop_until(&t.done, 1);
    CHECK_INT(t.at, SIZE);
    CHECK(file_has(in_dir("p/v"), t.buf, SIZE, 0));
    expect_freed(&t);
    CHECK_INT(virStreamFree(st), 0);
    free(t.buf);
}

static void *run_loop(void *opaque)
{
    struct transfer *t = (struct transfer *)opaque;

    t->thread = pthread_self();
    while (!loop_stop)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    return NULL;
}

/* The loop in a thread of its own, which sleeps in poll when the stream comes. */
static void loop_elsewhere(void)
{
    struct transfer t;
    pthread_t thread;
    virStreamPtr st = nonblocking();

    prepare(&t);
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), 0);
    loop_stop = 0;
    CHECK_INT(pthread_create(&thread, NULL, run_loop, &t), 0);
    while (ticks < 3)
        short_pause();
    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, on_readable, &t, on_free),
              0);
    while (!t.done || (ours && !t.freed))
        short_pause();
    loop_stop = 1;
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(t.at, SIZE);
    CHECK(file_has(in_dir("p/v"), t.buf, SIZE, 0));
    CHECK_INT(virStreamFree(st), 0);
    free(t.buf);
}

static void count_only(virStreamPtr st, int events, void *opaque)
{
    struct transfer *t = (struct transfer *)opaque;

    (void)st;
    (void)events;
    t->calls++;
}

static void some_iterations(void)
{
    int until = ticks + 5;

    loop_until(&ticks, until);
}

static void callback_rules(void)
{
    struct transfer t;
    virStreamPtr st = new_stream(conn);
    int calls;

    prepare(&t);
    /* A stream that blocks can have a callback just as well. */
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), 0);
    CHECK_INT(virStreamEventUpdateCallback(st, VIR_STREAM_EVENT_READABLE), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, from_transport(), "callback");
    CHECK_INT(virStreamEventRemoveCallback(st), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, from_transport(), "callback");
    CHECK_INT(virStreamEventAddCallback(st, 0, count_only, &t, on_free), 0);
    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, count_only, &t, NULL), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, from_transport(), "callback");
    some_iterations();
    CHECK_INT(t.calls, 0);
    /* The callback runs again as long as the condition holds. */
    CHECK_INT(virStreamEventUpdateCallback(st, VIR_STREAM_EVENT_READABLE), 0);
    loop_until(&t.calls, 3);
    CHECK_INT(virStreamEventUpdateCallback(st, 0), 0);
    calls = t.calls;
    some_iterations();
    CHECK_INT(t.calls, calls);
    CHECK_INT(virStreamEventUpdateCallback(st, VIR_STREAM_EVENT_READABLE), 0);
    /* The end of the data counts as readable. */
    CHECK_INT(recv_bytes(st, t.buf, SIZE), SIZE);
    CHECK_INT(virStreamRecv(st, t.buf, 1), 0);
    loop_until(&t.calls, t.calls + 3);
    CHECK_INT(t.freed, 0);
    CHECK_INT(virStreamEventRemoveCallback(st), 0);
    calls = t.calls;
    some_iterations();
    CHECK_INT(t.calls, calls);
    CHECK_INT(t.freed, ours ? 1 : 0);
    CHECK_INT(virStreamEventRemoveCallback(st), -1);
    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, count_only, &t, on_free),
              0);
    loop_until(&t.calls, calls + 1);
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamEventRemoveCallback(st), 0);
    CHECK_INT(virStreamEventAddCallback(st, 0, count_only, &t, on_free), 0);
    CHECK_INT(virStreamEventUpdateCallback(st, 16), 0);
    if (ours) {
        loop_until(&t.freed, 2);
        CHECK_INT(t.freed, 2);
    }
    /* With the stream goes its callback. */
    CHECK_INT(virStreamFree(st), 0);
    if (ours) {
        loop_until(&t.freed, 3);
        some_iterations();
        CHECK_INT(t.freed, 3);
        st = download_from(vol, 0, 0, 0);
        CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, NULL, NULL, NULL), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS,
                  "cb in virStreamEventAddCallback must not be NULL");
        finish_and_free(st);
    }
    free(t.buf);
}

/* A program can also poll without callbacks. */
static void polled(int with_loop)
{
    char *buf = (char *)malloc(SIZE + 1);
    virStreamPtr st = nonblocking();
    size_t at = 0;

    CHECK(buf != NULL);
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), 0);
    for (;;) {
        int n = virStreamRecv(st, buf + at, SIZE + 1 - at);

        CHECK(n >= -2 && n != -1);
        if (n == 0)
            break;
        if (n > 0)
            at += (size_t)n;
        else if (with_loop)
            CHECK_INT(virEventRunDefaultImpl(), 0);
        else
            short_pause();
    }
    CHECK_INT(at, SIZE);
    CHECK(file_has(in_dir("p/v"), buf, SIZE, 0));
    finish_and_free(st);
    free(buf);
}

static void no_loop_registered(void)
{
    virStreamPtr st = download_from(vol, 0, 0, 0);

    CHECK_INT(virStreamEventAddCallback(st, VIR_STREAM_EVENT_READABLE, count_only, NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "");
    finish_and_free(st);
    if (ours)
        polled(0);
}

static void open_all(void)
{
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, pool_name("p"));
    CHECK(pool != NULL);
    vol = virStorageVolLookupByName(pool, "v");
    CHECK(vol != NULL);
}

int main(int argc, char **argv)
{
    virConnectPtr first;
    virStoragePoolPtr first_pool;
    virStorageVolPtr first_vol;

    (void)argc;
    first = conn = fixture_open(argv[0], 240);
    first_pool = pool = make_pool(conn, "p");
    first_vol = vol = make_vol(pool, "v", SIZE, 0);
    write_pattern(in_dir("p/v"), MIB, 0, 1);
    write_pattern(in_dir("p/v"), 12345, 3 * MIB, 1);
    no_loop_registered();

    /* The connection must be younger than the loop, for libvirt's sake. */
    loop_prepare();
    CHECK(virEventAddTimeout(5, on_tick, NULL, NULL) > 0);
    open_all();
    downloads(0);
    downloads(SPARSE);
    polled(1);
    loop_elsewhere();
    callback_rules();
    uploads();
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    /* libvirt's forgotten callbacks still hold the connections. */
    CHECK_INT(virConnectClose(conn), ours ? 0 : 1);
    vol_gone(first_vol);
    pool_gone(first_pool);
    CHECK_INT(virConnectClose(first), ours ? 0 : 1);
    return CHECK_DONE();
}
