/* Events of other processes in an event loop of the program: one descriptor is in it while there are callbacks, and
 * nothing after that. A loop that takes no descriptors looks now and then. A shortage is reported by the call that
 * registers a callback. */
#include "fixture.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define MOST 8

struct registered {
    int used, fd, events, frequency;
    virEventHandleCallback on_handle;
    virEventTimeoutCallback on_timeout;
    void *opaque;
    virFreeCallback ff;
};

static struct registered handles[MOST], timers[MOST];
static int takes_descriptors = 1;

static int add(struct registered *all, const struct registered *one)
{
    int i;

    for (i = 0; all[i].used; i++)
        CHECK(i < MOST - 1);
    all[i] = *one;
    all[i].used = 1;
    return i + 1;
}

/* The data is freed later, by the loop. */
static int take_away(struct registered *all, int id)
{
    if (id < 1 || id > MOST || all[id - 1].used != 1)
        return -1;
    all[id - 1].used = 2;
    return 0;
}

static int add_handle(int fd, int events, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    struct registered one = {0, fd, events, 0, cb, NULL, opaque, ff};

    return takes_descriptors ? add(handles, &one) : -1;
}

static void update_handle(int watch, int events)
{
    handles[watch - 1].events = events;
}

static int remove_handle(int watch)
{
    return take_away(handles, watch);
}

static int add_timeout(int frequency, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    struct registered one = {0, -1, 0, frequency, NULL, cb, opaque, ff};

    return add(timers, &one);
}

static void update_timeout(int timer, int frequency)
{
    timers[timer - 1].frequency = frequency;
}

static int remove_timeout(int timer)
{
    return take_away(timers, timer);
}

static int count(const struct registered *all)
{
    int i, n = 0;

    for (i = 0; i < MOST; i++)
        n += all[i].used != 0;
    return n;
}

static void free_removed(struct registered *all)
{
    int i;

    for (i = 0; i < MOST; i++)
        if (all[i].used == 2) {
            if (all[i].ff)
                all[i].ff(all[i].opaque);
            all[i].used = 0;
        }
}

/* One iteration; the number of descriptors that were ready. Timers fire in each, however long they are to wait. */
static int run_once(void)
{
    int i, ready = 0;

    for (i = 0; i < MOST; i++)
        if (handles[i].used == 1) {
            struct pollfd fd = {0, POLLIN, 0};

            fd.fd = handles[i].fd;
            CHECK(poll(&fd, 1, 1) >= 0);
            CHECK((fd.revents & ~POLLIN) == 0);
            if (fd.revents) {
                ready++;
                handles[i].on_handle(i + 1, fd.fd, VIR_EVENT_HANDLE_READABLE, handles[i].opaque);
            }
        }
    for (i = 0; i < MOST; i++)
        if (timers[i].used == 1 && timers[i].frequency >= 0)
            timers[i].on_timeout(i + 1, timers[i].opaque);
    free_removed(handles);
    free_removed(timers);
    return ready;
}

static int heard[2];

static void on_pool(virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *opaque)
{
    (void)conn;
    (void)detail;
    CHECK_STR(virStoragePoolGetName(pool), "theirs");
    /* Defined, then undefined, again and again. */
    CHECK_INT(event, *(int *)opaque % 2 ? VIR_STORAGE_POOL_EVENT_UNDEFINED : VIR_STORAGE_POOL_EVENT_DEFINED);
    ++*(int *)opaque;
}

static int listen_to(virConnectPtr conn, int *counter)
{
    return virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
                                                 VIR_STORAGE_POOL_EVENT_CALLBACK(on_pool), counter, NULL);
}

static void child_main(const char *uri, const char *dir)
{
    virConnectPtr conn = virConnectOpen(uri);
    virStoragePoolPtr pool;
    char xml[512];

    CHECK(conn != NULL);
    print_to(xml, sizeof(xml), "<pool type='dir'><name>theirs</name><target><path>%s/theirs</path></target></pool>",
             dir);
    pool = virStoragePoolDefineXML(conn, xml, 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

/* Another process defines a pool, and undefines it. */
static void others_act(const char *program)
{
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        execl(program, program, "--child", test_uri, test_dir, (char *)NULL);
        _exit(1);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
}

static int descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void others_are_heard(const char *program, virConnectPtr conn, virConnectPtr other)
{
    int before = descriptors(), id, second, i;

    heard[0] = heard[1] = 0;
    id = listen_to(conn, &heard[0]);
    CHECK(id >= 0);
    CHECK_INT(count(handles), takes_descriptors);
    others_act(program);
    while (heard[0] < 2)
        run_once();
    /* What was before is not told, also if nobody has looked at it yet. */
    others_act(program);
    second = listen_to(other, &heard[1]);
    CHECK(second >= 0);
    /* One descriptor for all connections. */
    CHECK_INT(count(handles), takes_descriptors);
    while (heard[0] < 4)
        run_once();
    CHECK_INT(heard[1], 0);
    others_act(program);
    while (heard[0] < 6 || heard[1] < 2)
        run_once();
    /* There is nothing more, and then the descriptor is not ready. */
    for (i = 0; i < 10; i++)
        run_once();
    CHECK_INT(run_once(), 0);
    CHECK_INT(heard[0], 6);
    CHECK_INT(heard[1], 2);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    others_act(program);
    while (heard[1] < 4)
        run_once();
    CHECK_INT(heard[0], 6);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(other, second), 0);
    run_once();
    CHECK_INT(count(handles), 0);
    CHECK_INT(count(timers), 0);
    CHECK_INT(descriptors(), before);
}

static void a_shortage_is_reported(virConnectPtr conn)
{
    struct rlimit limit, low;
    int files[64], n = 0, id;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    low = limit;
    low.rlim_cur = 64;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    while (n < 64 && (files[n] = open("/dev/null", O_RDONLY)) >= 0)
        n++;
    CHECK(n < 64);
    CHECK_INT(listen_to(conn, &heard[0]), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "cannot watch the events in ");
    CHECK(strstr(virGetLastErrorMessage(), strerror(EMFILE)) != NULL);
    /* Enough for the descriptor in the loop, and not for the file. */
    close(files[--n]);
    CHECK_INT(listen_to(conn, &heard[0]), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "cannot read events in ");
    run_once();
    CHECK_INT(count(handles), 0);
    CHECK_INT(count(timers), 0);
    while (n > 0)
        close(files[--n]);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    id = listen_to(conn, &heard[0]);
    CHECK(id >= 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    run_once();
}

static void on_device(virConnectPtr conn, virDomainPtr dom, const char *alias, void *opaque)
{
    (void)conn;
    CHECK_STR(virDomainGetName(dom), "theirs");
    CHECK_STR(alias, "disk");
    ++*(int *)opaque;
}

static void on_error(virConnectPtr conn, virDomainPtr dom, const char *path, const char *alias, int action,
                     const char *reason, void *opaque)
{
    (void)conn;
    (void)dom;
    CHECK_STR(path, "p");
    CHECK_STR(alias, "a");
    CHECK_INT(action, 3);
    CHECK_STR(reason, "r");
    ++*(int *)opaque;
}

static void on_refresh(virConnectPtr conn, virStoragePoolPtr pool, void *opaque)
{
    (void)conn;
    CHECK_STR(virStoragePoolGetName(pool), "theirs");
    ++*(int *)opaque;
}

/* Appends an event to what processes tell each other. */
static void tell(const char *kind, int id, const char *name, const char *payload)
{
    char line[1024];
    int fd = open(in_dir("root/run/events"), O_WRONLY | O_APPEND);

    CHECK(fd >= 0);
    print_to(line, sizeof(line),
             "{\"version\":1,\"event\":{\"kind\":\"%s\",\"id\":%d,\"name\":\"%s\",\"uuid\":"
             "\"7f307396-f344-4837-9dc5-110ce400d1b9\",\"payload\":%s},\"origin\":1,\"time\":2}\n",
             kind, id, name, payload);
    CHECK_INT(write(fd, line, strlen(line)), strlen(line));
    CHECK_INT(close(fd), 0);
}

/* A callback is only called with what belongs to its id, whatever is in the file: a number would be taken for the
 * address of a text. */
static void what_belongs_to_another_id_is_passed_over(virConnectPtr conn)
{
    static const char *const payloads[] = {
        "{\"lifecycle\":{\"event\":1,\"detail\":1}}",
        "\"refresh\"",
        "{\"io-error\":{\"path\":\"p\",\"alias\":\"a\",\"action\":3,\"reason\":\"r\"}}",
        "{\"block-job\":{\"disk\":\"vda\",\"job\":1,\"status\":1}}",
        "{\"device\":{\"alias\":\"disk\"}}",
        "{\"metadata\":{\"kind\":1,\"uri\":null}}",
        "{\"threshold\":{\"device\":\"vda\",\"path\":null,\"threshold\":1,\"excess\":1}}",
        "{\"tunable\":{\"parameters\":[]}}",
    };
    int devices = 0, errors = 0, pools = 0, ids[3], i;
    size_t n;

    ids[0] = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
                                              VIR_DOMAIN_EVENT_CALLBACK(on_device), &devices, NULL);
    ids[1] = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
                                              VIR_DOMAIN_EVENT_CALLBACK(on_error), &errors, NULL);
    ids[2] = virConnectStoragePoolEventRegisterAny(conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH,
                                                   VIR_STORAGE_POOL_EVENT_CALLBACK(on_refresh), &pools, NULL);
    CHECK(ids[0] >= 0 && ids[1] >= 0 && ids[2] >= 0);
    for (n = 0; n < sizeof(payloads) / sizeof(payloads[0]); n++) {
        tell("domain", VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "theirs", payloads[n]);
        tell("domain", VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, "theirs", payloads[n]);
        tell("pool", VIR_STORAGE_POOL_EVENT_ID_REFRESH, "theirs", payloads[n]);
        tell("domain", 999, "theirs", payloads[n]);
        tell("network", 0, "theirs", payloads[n]);
    }
    tell("domain", VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "theirs", "{\"device\":{\"alias\":\"di\\u0000sk\"}}");
    tell("domain", VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "the\\u0000irs", "{\"device\":{\"alias\":\"disk\"}}");
    /* What comes after that is told. */
    tell("domain", VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, "theirs", "{\"device\":{\"alias\":\"disk\"}}");
    while (devices < 2)
        run_once();
    run_once();
    CHECK_INT(devices, 2);
    CHECK_INT(errors, 1);
    CHECK_INT(pools, 1);
    for (i = 0; i < 2; i++)
        CHECK_INT(virConnectDomainEventDeregisterAny(conn, ids[i]), 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, ids[2]), 0);
    run_once();
    CHECK_INT(count(handles), 0);
    CHECK_INT(count(timers), 0);
}

/* The loop is not kept busy by a descriptor that stays ready. */
static void a_root_that_is_removed_is_silent(virConnectPtr conn)
{
    int id = listen_to(conn, &heard[0]), i;

    CHECK(id >= 0);
    remove_tree(in_dir("root"));
    for (i = 0; i < 10; i++)
        run_once();
    CHECK_INT(run_once(), 0);
    CHECK_INT(virConnectStoragePoolEventDeregisterAny(conn, id), 0);
    run_once();
    CHECK_INT(count(handles), 0);
    CHECK_INT(count(timers), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn, other;

    if (argc > 3 && strcmp(argv[1], "--child") == 0) {
        child_main(argv[2], argv[3]);
        return 0;
    }
    fixture_prepare(argv[0], 60);
    virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout,
                         remove_timeout);
    conn = virConnectOpen(test_uri);
    other = virConnectOpen(test_uri);
    CHECK(conn != NULL && other != NULL);
    others_are_heard(argv[0], conn, other);
    others_are_heard(argv[0], conn, other);
    takes_descriptors = 0;
    others_are_heard(argv[0], conn, other);
    takes_descriptors = 1;
    a_shortage_is_reported(conn);
    what_belongs_to_another_id_is_passed_over(conn);
    a_root_that_is_removed_is_silent(conn);
    CHECK_INT(virConnectClose(other), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
