/* Threads that end in a callback, by pthread_exit or pthread_cancel, as Python's do when the
 * interpreter ends: the process and the library continue without the thread.
 * ctest: no-valgrind because what the library had on the stack of such a thread is lost */
#include "fixture.h"

static volatile int here;

static void ends(void)
{
    here = 1;
    pthread_exit((void *)0x51);
}

static void on_timer(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
    ends();
}

static void on_timer_wait(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
    here = 1;
    for (;;)
        pause();
}

static void on_handle(int watch, int fd, int events, void *opaque)
{
    (void)watch;
    (void)fd;
    (void)events;
    (void)opaque;
    ends();
}

static void on_pool(virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *opaque)
{
    (void)conn;
    (void)pool;
    (void)event;
    (void)detail;
    (void)opaque;
    ends();
}

static int give(virStreamPtr st, char *data, size_t nbytes, void *opaque)
{
    (void)st;
    (void)opaque;
    memset(data, 'x', nbytes);
    if (here++ == 3)
        ends();
    return (int)nbytes;
}

static void on_error(void *opaque, virErrorPtr err)
{
    (void)opaque;
    CHECK(err != NULL);
    ends();
}

static void *drive(void *unused)
{
    (void)unused;
    for (;;)
        if (virEventRunDefaultImpl() < 0)
            return NULL;
}

static void *send_all(void *opaque)
{
    virStreamSendAll((virStreamPtr)opaque, give, NULL);
    return NULL;
}

static void *fail(void *unused)
{
    (void)unused;
    virConnectClose(NULL);
    return NULL;
}

/* A thread with this body ends in a callback, in the way that it is told. */
static void thread_ends(void *(*body)(void *), void *opaque)
{
    pthread_t thread;
    void *result = NULL;

    here = 0;
    CHECK_INT(pthread_create(&thread, NULL, body, opaque), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == (void *)0x51 && here);
}

static void nothing(int timer, void *opaque)
{
    *(volatile int *)opaque = 1;
    virEventRemoveTimeout(timer);
}

/* The loop goes on in this thread. */
static void loop_works(void)
{
    volatile int done = 0;

    CHECK(virEventAddTimeout(0, nothing, (void *)&done, NULL) > 0);
    while (!done)
        CHECK_INT(virEventRunDefaultImpl(), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virStoragePoolPtr pool, other;
    virStorageVolPtr vol;
    virStreamPtr st;
    pthread_t thread;
    void *result;
    int id, fds[2], round;

    (void)argc;
    fixture_prepare(argv[0], 60);
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    pool = make_pool(conn, "p");

    for (round = 0; round < 3; round++) {
        id = virEventAddTimeout(1, on_timer, NULL, NULL);
        CHECK(id > 0);
        thread_ends(drive, NULL);
        CHECK_INT(virEventRemoveTimeout(id), 0);
        loop_works();
    }
    CHECK_INT(pipe(fds), 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    id = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_handle, NULL, NULL);
    CHECK(id >= 0);
    thread_ends(drive, NULL);
    CHECK_INT(virEventRemoveHandle(id), 0);
    loop_works();
    close(fds[0]);
    close(fds[1]);

    /* One that is cancelled while it waits in a callback. */
    id = virEventAddTimeout(1, on_timer_wait, NULL, NULL);
    CHECK(id > 0);
    here = 0;
    CHECK_INT(pthread_create(&thread, NULL, drive, NULL), 0);
    while (!here)
        short_pause();
    CHECK_INT(pthread_cancel(thread), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_INT(virEventRemoveTimeout(id), 0);
    loop_works();

    /* Events of pools. */
    id = virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
                                               VIR_STORAGE_POOL_EVENT_CALLBACK(on_pool), NULL, NULL);
    CHECK(id >= 0);
    CHECK_INT(mkdir(in_dir("o"), 0755), 0);
    other = virStoragePoolCreateXML(conn, pool_xml("o"), 0);
    CHECK(other != NULL);
    thread_ends(drive, NULL);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    pool_gone(other);
    loop_works();

    /* In the middle of an upload, which is then given up. */
    vol = make_vol(pool, "v", 16 * MIB, 0);
    st = upload_to(vol, 0, 0, 0);
    thread_ends(send_all, st);
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, MIB, 0, 1);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 1));
    vol_gone(vol);

    virSetErrorFunc(NULL, on_error);
    thread_ends(fail, NULL);
    virSetErrorFunc(NULL, ignore_error);
    pool_gone(pool);
    return CHECK_DONE();
}
