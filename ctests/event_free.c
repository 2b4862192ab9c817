/* When the free function of an event callback of domains and pools is called: before the
 * deregistration returns or, if the callback is running just then, after it has returned. The
 * program also runs on libvirt's test driver, which waits for the end of all callbacks. */
#include "domain.h"

#include <semaphore.h>

struct seen {
    int calls, freed;
    int freed_inside; /* after it had been deregistered inside of itself, or by another thread meanwhile */
};

static virConnectPtr conn;
static virDomainPtr dom;
static int id;                     /* what `ends` deregisters */
static struct seen *other;         /* whose data that is */
static sem_t running, deregistered; /* between a callback and the thread that deregisters it */

static void released(void *opaque)
{
    ((struct seen *)opaque)->freed++;
}

static void counts(virConnectPtr c, virDomainPtr d, int event, int detail, void *opaque)
{
    (void)c;
    (void)d;
    (void)event;
    (void)detail;
    ((struct seen *)opaque)->calls++;
}

/* One that is deregistered by its address. */
static int counts_old(virConnectPtr c, virDomainPtr d, int event, int detail, void *opaque)
{
    counts(c, d, event, detail, opaque);
    return 0;
}

static void of_pools(virConnectPtr c, virStoragePoolPtr pool, void *opaque)
{
    (void)c;
    (void)pool;
    ((struct seen *)opaque)->calls++;
}

static void ends(virConnectPtr c, virDomainPtr d, int event, int detail, void *opaque)
{
    struct seen *seen = (struct seen *)opaque;

    (void)d;
    (void)event;
    (void)detail;
    /* Starting can send several events. */
    if (seen->calls++ > 0)
        return;
    CHECK_INT(virConnectDomainEventDeregisterAny(c, id), 0);
    seen->freed_inside = other->freed;
}

static void waits(virConnectPtr c, virDomainPtr d, int event, int detail, void *opaque)
{
    struct seen *seen = (struct seen *)opaque;

    (void)c;
    (void)d;
    (void)event;
    (void)detail;
    seen->calls++;
    CHECK_INT(sem_post(&running), 0);
    while (sem_wait(&deregistered) != 0)
        CHECK_INT(errno, EINTR);
    seen->freed_inside = seen->freed;
}

typedef void (*Callback)(virConnectPtr, virDomainPtr, int, int, void *);

static int registered(Callback callback, struct seen *seen)
{
    int number = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                  VIR_DOMAIN_EVENT_CALLBACK(callback), seen, released);

    CHECK(number >= 0);
    return number;
}

static void timer_fires(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

/* Runs the loop until that number is not 0, which delivers pending events. A timer ends each
 * iteration. */
static void run_until(const int *number)
{
    while (!*number) {
        int timer = virEventAddTimeout(0, timer_fires, NULL, NULL);

        CHECK(timer >= 0);
        CHECK_INT(virEventRunDefaultImpl(), 0);
        CHECK_INT(virEventRemoveTimeout(timer), 0);
    }
}

static void cause_event(void)
{
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
}

static void at_once(void)
{
    struct seen seen = {0, 0, 0}, legacy = {0, 0, 0}, pool = {0, 0, 0};
    int number = registered(counts, &seen);
    int of_pool = virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
                                                        of_pools, &pool, released);

    CHECK(of_pool >= 0);
    CHECK_INT(virConnectDomainEventRegister(conn, counts_old, &legacy, released), 0);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, number), 0);
    CHECK_INT(seen.freed, 1);
    CHECK_INT(virConnectDomainEventDeregister(conn, counts_old), 0);
    CHECK_INT(legacy.freed, 1);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, of_pool), 0);
    CHECK_INT(pool.freed, 1);

    /* Also if it has events that were not delivered yet. */
    seen.freed = 0;
    number = registered(counts, &seen);
    cause_event();
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, number), 0);
    CHECK_INT(seen.freed, 1);
    CHECK_INT(seen.calls, 0);

    /* A registration that fails leaves the data alone. */
    CHECK_INT(virConnectDomainEventRegisterAny(conn, NULL, 99999, VIR_DOMAIN_EVENT_CALLBACK(counts), &seen,
                                               released), -1);
    CHECK_INT(seen.freed, 1);
}

static void inside_of_itself(void)
{
    struct seen seen = {0, 0, 0};

    other = &seen;
    id = registered(ends, &seen);
    cause_event();
    run_until(&seen.freed);
    CHECK_INT(seen.freed_inside, 0);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(seen.freed, 1);
}

static void inside_of_another(void)
{
    struct seen first = {0, 0, 0}, second = {0, 0, 0};
    int number = registered(ends, &first);

    id = registered(counts, &second);
    other = &second;
    CHECK_INT(virDomainCreate(dom), 0);
    run_until(&second.freed);
    CHECK_INT(second.calls, 0);
    CHECK_INT(second.freed, 1);
    if (ours)
        CHECK_INT(first.freed_inside, 1);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, number), 0);
    CHECK_INT(first.freed, 1);
    CHECK_INT(virDomainDestroy(dom), 0);
}

static void *deregister(void *seen)
{
    (void)seen;
    while (sem_wait(&running) != 0)
        CHECK_INT(errno, EINTR);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, id), 0);
    CHECK_INT(((struct seen *)seen)->freed, 0);
    CHECK_INT(sem_post(&deregistered), 0);
    return NULL;
}

static void while_it_runs(void)
{
    struct seen seen = {0, 0, 0};
    pthread_t thread;

    CHECK_INT(sem_init(&running, 0, 0), 0);
    CHECK_INT(sem_init(&deregistered, 0, 0), 0);
    id = registered(waits, &seen);
    CHECK_INT(pthread_create(&thread, NULL, deregister, &seen), 0);
    cause_event();
    run_until(&seen.freed);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(seen.freed_inside, 0);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(seen.freed, 1);
    CHECK_INT(sem_destroy(&running), 0);
    CHECK_INT(sem_destroy(&deregistered), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = fixture_open(argv[0], 60);
    dom = virDomainDefineXML(conn, "<domain type='test'><name>free</name><memory>1024</memory>"
                                   "<os><type>hvm</type></os></domain>");
    CHECK(dom != NULL);
    at_once();
    inside_of_itself();
    inside_of_another();
    while_it_runs();
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
