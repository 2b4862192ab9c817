/* Threads that are cancelled while they are in the library: a call returns before its thread
 * ends, unless it waits in the event loop, and all other threads continue.
 * ctest: no-valgrind because what the library had on the stack of a thread in the loop is lost */
#include "fixture.h"

static virConnectPtr conn;
static virStorageVolPtr vol;

static void *drive(void *unused)
{
    (void)unused;
    for (;;)
        if (virEventRunDefaultImpl() < 0)
            return NULL;
}

static void *work(void *opaque)
{
    virStorageVolInfo info;

    *(volatile int *)opaque = 1;
    for (;;) {
        if (virStorageVolGetInfo(vol, &info) < 0)
            return NULL;
        pthread_testcancel();
    }
}

static void cancelled(void *(*body)(void *), useconds_t after)
{
    volatile int begun = 0;
    pthread_t thread;
    void *result = NULL;

    CHECK_INT(pthread_create(&thread, NULL, body, (void *)&begun), 0);
    while (body == work && !begun)
        usleep(10);
    usleep(after);
    CHECK_INT(pthread_cancel(thread), 0);
    CHECK_INT(pthread_join(thread, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

static void nothing(int timer, void *opaque)
{
    *(volatile int *)opaque = 1;
    virEventRemoveTimeout(timer);
}

/* The cancellation state in a callback, and after the call. */
static void on_timer(int timer, void *opaque)
{
    int state = -1;

    CHECK_INT(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
    CHECK_INT(pthread_setcancelstate(state, NULL), 0);
    *(volatile int *)opaque = state + 1;
    virEventRemoveTimeout(timer);
}

static void state_is_the_callers(int wanted)
{
    volatile int seen = 0;
    int state = -1;

    CHECK_INT(pthread_setcancelstate(wanted, NULL), 0);
    CHECK(virEventAddTimeout(0, on_timer, (void *)&seen, NULL) > 0);
    while (!seen)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK_INT(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
    CHECK_INT(state, wanted);
    CHECK_INT(seen, wanted + 1);
}

int main(int argc, char **argv)
{
    volatile int done = 0;
    virStoragePoolPtr pool;
    int i;

    (void)argc;
    fixture_prepare(argv[0], 120);
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    for (i = 0; i < 200; i++)
        cancelled(work, (useconds_t)(i * 7 % 100));
    for (i = 0; i < 20; i++) {
        cancelled(drive, (useconds_t)(i * 1000));
        /* The loop continues in this thread, and in later ones. */
        done = 0;
        CHECK(virEventAddTimeout(0, nothing, (void *)&done, NULL) > 0);
        while (!done)
            CHECK_INT(virEventRunDefaultImpl(), 0);
    }
    state_is_the_callers(PTHREAD_CANCEL_ENABLE);
    state_is_the_callers(PTHREAD_CANCEL_DISABLE);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
