/* An event loop of a program that ends when nothing is registered in it, as asynchronous
 * frameworks do: the library's timer is removed with the last callback, and added again with the
 * next one. */
#include "fixture.h"

static struct {
    int used, frequency;
    virEventTimeoutCallback cb;
    void *opaque;
    virFreeCallback ff;
} timers[8];

static int add_timeout(int timeout, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    int i;

    for (i = 0; timers[i].used; i++)
        CHECK(i < 7);
    timers[i].used = 1;
    timers[i].frequency = timeout;
    timers[i].cb = cb;
    timers[i].opaque = opaque;
    timers[i].ff = ff;
    return i + 1;
}

static void update_timeout(int timer, int timeout)
{
    if (timers[timer - 1].used)
        timers[timer - 1].frequency = timeout;
}

/* The data is freed later, by the loop. */
static int remove_timeout(int timer)
{
    if (!timers[timer - 1].used || timers[timer - 1].used == 2)
        return -1;
    timers[timer - 1].used = 2;
    return 0;
}

static int add_handle(int fd, int event, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    (void)fd;
    (void)event;
    (void)cb;
    (void)opaque;
    (void)ff;
    return -1;
}

static void update_handle(int watch, int event)
{
    (void)watch;
    (void)event;
}

static int remove_handle(int watch)
{
    (void)watch;
    return -1;
}

static int registered(void)
{
    int i, n = 0;

    for (i = 0; i < 8; i++)
        n += timers[i].used != 0;
    return n;
}

static void run_once(void)
{
    int i;

    for (i = 0; i < 8; i++)
        if (timers[i].used == 1 && timers[i].frequency >= 0)
            timers[i].cb(i + 1, timers[i].opaque);
    for (i = 0; i < 8; i++)
        if (timers[i].used == 2) {
            timers[i].used = 0;
            if (timers[i].ff)
                timers[i].ff(timers[i].opaque);
        }
}

static int events, frees;

static void on_pool(virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *opaque)
{
    (void)detail;
    CHECK(conn != NULL && pool != NULL && opaque == &events);
    CHECK(event == VIR_STORAGE_POOL_EVENT_DEFINED || event == VIR_STORAGE_POOL_EVENT_UNDEFINED);
    events++;
}

static void on_free(void *opaque)
{
    CHECK(opaque == &events);
    frees++;
}

static int listen_to(virConnectPtr conn, virStoragePoolPtr pool)
{
    int id = virConnectStoragePoolEventRegisterAny(conn, pool, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
                                                   VIR_STORAGE_POOL_EVENT_CALLBACK(on_pool), &events,
                                                   on_free);

    CHECK(id >= 0);
    return id;
}

static void define_one(virConnectPtr conn)
{
    virStoragePoolPtr pool = virStoragePoolDefineXML(conn, pool_xml("p"), 0);

    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn, other;
    int id, second, round;

    (void)argc;
    fixture_prepare(argv[0], 60);
    virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout,
                         remove_timeout);
    conn = virConnectOpen(test_uri);
    other = virConnectOpen(test_uri);
    CHECK(conn != NULL && other != NULL);
    CHECK_INT(registered(), 0);
    for (round = 1; round <= 3; round++) {
        id = listen_to(conn, NULL);
        second = listen_to(other, NULL);
        CHECK(registered() > 0);
        define_one(conn);
        run_once();
        /* Both tell of both. */
        CHECK_INT(events, 4);
        CHECK_INT(virConnectStoragePoolEventDeregisterAny(other, second), 0);
        run_once();
        CHECK_INT(frees, round * 2 - 1);
        CHECK(registered() > 0);
        CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
        run_once();
        run_once();
        CHECK_INT(frees, round * 2);
        CHECK_INT(registered(), 0);
        /* Without callbacks, an event does not arm the timer. */
        define_one(conn);
        CHECK_INT(registered(), 0);
        events = 0;
    }
    CHECK_INT(virConnectClose(other), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
