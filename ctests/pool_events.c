/* Pool events: which call sends which event, in which order, on which thread, to which
 * callbacks, and until when. */
#include "fixture.h"

static virConnectPtr conn;
static pthread_t loop_thread;
static char seen[1024];
static volatile int seen_count;
static volatile int frees;
static int inside_callback;
static int registered;
static int inside_call;

static void note(virStoragePoolPtr pool, const char *what)
{
    const char *name = virStoragePoolGetName(pool);
    const char *suffix = strrchr(name, '-') + 1;

    CHECK(!inside_call);
    CHECK(pthread_equal(pthread_self(), loop_thread));
    CHECK(strlen(seen) + strlen(suffix) + strlen(what) + 3 < sizeof(seen));
    strcat(seen, seen[0] ? " " : "");
    strcat(seen, suffix);
    strcat(seen, ":");
    strcat(seen, what);
    seen_count++;
}

static void on_lifecycle(virConnectPtr c, virStoragePoolPtr pool, int event, int detail,
                         void *opaque)
{
    static const char *const kinds[] = { "defined", "undefined", "started",
                                         "stopped", "created",   "deleted" };

    CHECK(c == conn);
    CHECK(event >= 0 && event < 6);
    CHECK_INT(detail, 0);
    CHECK(opaque == (void *)seen);
    note(pool, kinds[event]);
}

static void on_refresh(virConnectPtr c, virStoragePoolPtr pool, void *opaque)
{
    CHECK(c == conn);
    CHECK(opaque == (void *)seen);
    note(pool, "refresh");
}

/* Runs once: inside the deregistration, or after the callback that has deregistered itself. */
static void on_free(void *opaque)
{
    CHECK(!inside_callback);
    CHECK(pthread_equal(pthread_self(), loop_thread));
    CHECK(opaque == (void *)seen);
    frees++;
}

static int listen_lifecycle(virStoragePoolPtr pool)
{
    int id = virConnectStoragePoolEventRegisterAny(
        conn, pool, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
        VIR_STORAGE_POOL_EVENT_CALLBACK((void (*)(void))on_lifecycle), seen, on_free);

    CHECK(id >= 0);
    registered++;
    return id;
}

static int listen_refresh(virStoragePoolPtr pool)
{
    int id = virConnectStoragePoolEventRegisterAny(conn, pool, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
                                                   on_refresh, seen, on_free);

    CHECK(id >= 0);
    registered++;
    return id;
}

/* A callback must never run inside the call that causes its event. */
#define QUIETLY(statement) \
    do { \
        inside_call = 1; \
        statement; \
        inside_call = 0; \
    } while (0)

static void expect_events(int count, const char *text)
{
    loop_until(&seen_count, count);
    CHECK_STR(seen, text);
    seen[0] = '\0';
    seen_count = 0;
}

static void stop_listening(int id)
{
    int before = frees;

    QUIETLY(CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0));
    /* A daemon is asked first, and the loop reads its answer. */
    if (!ours)
        loop_until(&frees, before + 1);
    CHECK_INT(frees, before + 1);
}

static void argument_errors(void)
{
    CHECK_INT(virConnectStoragePoolEventRegisterAny(conn, NULL, 2, on_refresh, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "eventID in virConnectStoragePoolEventRegisterAny must be less than 2");
    CHECK_INT(virConnectStoragePoolEventRegisterAny(conn, NULL, -1, on_refresh, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "eventID in virConnectStoragePoolEventRegisterAny must be zero or greater");
    CHECK_INT(virConnectStoragePoolEventRegisterAny(conn, NULL, 0, NULL, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "cb in virConnectStoragePoolEventRegisterAny must not be NULL");
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, 4711), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
              "invalid argument: event callback id 4711 not registered");
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, -1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "callbackID in ");
}

static void life(void)
{
    int lifecycle = listen_lifecycle(NULL), refresh = listen_refresh(NULL);
    virStoragePoolPtr pool, again;
    char *xml;

    CHECK(refresh > lifecycle);
    inside_call = 1;
    pool = virStoragePoolDefineXML(conn, pool_xml("a"), 0);
    CHECK(pool != NULL);
    xml = virStoragePoolGetXMLDesc(pool, 0);
    again = virStoragePoolDefineXML(conn, xml, 0);
    CHECK(again != NULL);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolCreate(pool, VIR_STORAGE_POOL_CREATE_WITH_BUILD), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolDelete(pool, 0), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    inside_call = 0;
    expect_events(10, "a:defined a:defined a:created a:started a:refresh a:stopped a:started "
                      "a:stopped a:deleted a:undefined");
    free(xml);
    CHECK_INT(virStoragePoolFree(again), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);

    /* A transient pool is only ever started and stopped. */
    QUIETLY(pool = make_pool(conn, "t"));
    QUIETLY(pool_gone(pool));
    expect_events(2, "t:started t:stopped");
    stop_listening(refresh);
    stop_listening(lifecycle);
}

/* Changes of volumes send no events, except the end of an upload, which refreshes the pool. */
static void volumes(void)
{
    int lifecycle, refresh;
    virStoragePoolPtr pool = make_pool(conn, "v");
    virStorageVolPtr vol;
    virStreamPtr st;

    lifecycle = listen_lifecycle(pool);
    refresh = listen_refresh(pool);
    inside_call = 1;
    vol = make_vol(pool, "v", MIB, 0);
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    st = download_from(vol, 0, 0, 0);
    finish_and_free(st);
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, 4096, 0, 1);
    finish_and_free(st);
    inside_call = 0;
    expect_events(1, "v:refresh");
    QUIETLY(vol_gone(vol));
    QUIETLY(CHECK_INT(virStoragePoolRefresh(pool, 0), 0));
    QUIETLY(CHECK_INT(virStoragePoolDestroy(pool), 0));
    expect_events(2, "v:refresh v:stopped");
    stop_listening(lifecycle);
    stop_listening(refresh);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void filtered(void)
{
    virStoragePoolPtr a = make_pool(conn, "fa"), b = make_pool(conn, "fb");
    int only_a = listen_refresh(a), only_b, all;

    QUIETLY(CHECK_INT(virStoragePoolRefresh(b, 0), 0));
    QUIETLY(CHECK_INT(virStoragePoolRefresh(a, 0), 0));
    expect_events(1, "fa:refresh");
    all = listen_refresh(NULL);
    only_b = listen_refresh(b);
    CHECK(all > only_a);
    CHECK(only_b > all);
    QUIETLY(CHECK_INT(virStoragePoolRefresh(b, 0), 0));
    expect_events(2, "fb:refresh fb:refresh");
    /* After the deregistration no callback runs, not even for earlier events. */
    QUIETLY(CHECK_INT(virStoragePoolRefresh(a, 0), 0));
    expect_events(2, "fa:refresh fa:refresh");
    stop_listening(only_a);
    stop_listening(only_b);
    QUIETLY(CHECK_INT(virStoragePoolRefresh(a, 0), 0));
    QUIETLY(CHECK_INT(virStoragePoolRefresh(b, 0), 0));
    expect_events(2, "fa:refresh fb:refresh");
    stop_listening(all);
    QUIETLY(CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, all), -1));
    CHECK_CODE(VIR_ERR_INVALID_ARG, "not registered");
    pool_gone(a);
    pool_gone(b);
}

static int once_id;
static volatile int once_calls;

static void once(virConnectPtr c, virStoragePoolPtr pool, void *opaque)
{
    virStoragePoolInfo info;

    (void)opaque;
    inside_callback = 1;
    once_calls++;
    /* Callbacks may use the connection, and end themselves. */
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(c, once_id), 0);
    inside_callback = 0;
}

static void reentered(void)
{
    virStoragePoolPtr pool = make_pool(conn, "r");
    int other, before = frees;

    once_id = virConnectStoragePoolEventRegisterAny(conn, pool, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
                                                    once, seen, on_free);
    CHECK(once_id >= 0);
    registered++;
    other = listen_refresh(pool);
    QUIETLY(CHECK_INT(virStoragePoolRefresh(pool, 0), 0));
    QUIETLY(CHECK_INT(virStoragePoolRefresh(pool, 0), 0));
    expect_events(2, "r:refresh r:refresh");
    CHECK_INT(once_calls, 1);
    loop_until(&frees, before + 1);
    stop_listening(other);
    pool_gone(pool);
}

static volatile int turns;

static void on_turn(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
    turns++;
}

/* Causes the next event out of this one, until the loop has come round to its other business. */
static void refresh_again(virConnectPtr c, virStoragePoolPtr pool, void *opaque)
{
    (void)c;
    (void)opaque;
    if (turns < 3)
        CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
}

static void endless(void)
{
    virStoragePoolPtr pool = make_pool(conn, "endless");
    int timer = virEventAddTimeout(0, on_turn, NULL, NULL), before = frees;
    int id = virConnectStoragePoolEventRegisterAny(
        conn, pool, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
        VIR_STORAGE_POOL_EVENT_CALLBACK((void (*)(void))refresh_again), seen, on_free);

    CHECK(timer > 0);
    CHECK(id >= 0);
    registered++;
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    loop_until(&turns, 3);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    loop_until(&frees, before + 1);
    pool_gone(pool);
}

/* A registered callback keeps the connection open. */
static void closing(void)
{
    int id = listen_refresh(NULL), before = frees;

    CHECK_INT(virConnectClose(conn), 1);
    CHECK_INT(frees, before);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectRef(conn), 0);
    stop_listening(id);
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr no_loop;

    (void)argc;
    no_loop = fixture_open(argv[0], 60);
    CHECK_INT(virConnectStoragePoolEventRegisterAny(no_loop, NULL, 0, on_refresh, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE,
              "internal error: could not initialize domain event timer");
    CHECK_INT(virConnectClose(no_loop), 0);
    loop_prepare();
    loop_thread = pthread_self();
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    argument_errors();
    life();
    volumes();
    filtered();
    reentered();
    endless();
    closing();
    CHECK_INT(frees, registered);
    return CHECK_DONE();
}
