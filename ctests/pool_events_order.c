/* Many threads start and stop one pool: the events are sent in the order of the changes. */
#include "fixture.h"

#define THREADS 4
#define ROUNDS 200

static virConnectPtr conn;
static virStoragePoolPtr pool;
static volatile int running;
static volatile int changes;
static volatile int seen;
static int active;

static void on_lifecycle(virConnectPtr c, virStoragePoolPtr p, int event, int detail, void *opaque)
{
    (void)p;
    (void)opaque;
    CHECK(c == conn);
    CHECK_INT(detail, 0);
    CHECK_INT(event, active ? VIR_STORAGE_POOL_EVENT_STOPPED : VIR_STORAGE_POOL_EVENT_STARTED);
    active = !active;
    seen++;
}

static void *start_and_stop(void *opaque)
{
    int i;

    (void)opaque;
    for (i = 0; i < ROUNDS; i++) {
        /* Another thread may have been faster. */
        if (virStoragePoolCreate(pool, 0) == 0)
            __sync_fetch_and_add(&changes, 1);
        if (virStoragePoolDestroy(pool) == 0)
            __sync_fetch_and_add(&changes, 1);
    }
    __sync_fetch_and_sub(&running, 1);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int i, id;

    (void)argc;
    loop_prepare();
    conn = fixture_open(argv[0], 120);
    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    pool = virStoragePoolDefineXML(conn, pool_xml("p"), 0);
    CHECK(pool != NULL);
    id = virConnectStoragePoolEventRegisterAny(
        conn, pool, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
        VIR_STORAGE_POOL_EVENT_CALLBACK((void (*)(void))on_lifecycle), NULL, NULL);
    CHECK(id >= 0);
    running = THREADS;
    for (i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, start_and_stop, NULL), 0);
    while (running > 0 || seen < changes)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    for (i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK(changes >= 2 * ROUNDS);
    CHECK_INT(seen, changes);
    CHECK_INT(active, 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
