/* Events of domains: which call sends which event, in which order, to which callbacks, and until
 * when. */
#include "domain.h"
#include "newer.h"

#include <sys/resource.h>

static virConnectPtr conn;
static char seen[2048];
static int frees;
static int inside_call;

static void note(virDomainPtr dom, const char *what)
{
    size_t used = strlen(seen);

    CHECK(!inside_call);
    print_to(seen + used, sizeof(seen) - used, "%s%s:%s", used ? " " : "", virDomainGetName(dom),
             what);
}

static int on_lifecycle(virConnectPtr c, virDomainPtr dom, int event, int detail, void *opaque)
{
    static const char *const kinds[] = { "defined",  "undefined", "started",
                                         "suspended", "resumed",  "stopped", "shutdown" };
    char text[64];

    CHECK(c == conn && opaque == (void *)seen);
    CHECK(event >= 0 && event < 7);
    print_to(text, sizeof(text), "%s/%d", kinds[event], detail);
    note(dom, text);
    return 0;
}

static int on_legacy(virConnectPtr c, virDomainPtr dom, int event, int detail, void *opaque)
{
    CHECK(c == conn && opaque == NULL);
    if (event == VIR_DOMAIN_EVENT_STARTED && detail == VIR_DOMAIN_EVENT_STARTED_BOOTED)
        note(dom, "legacy");
    return 0;
}

static void on_metadata(virConnectPtr c, virDomainPtr dom, int type, const char *uri, void *opaque)
{
    char text[64];

    CHECK(c == conn && opaque == (void *)seen);
    print_to(text, sizeof(text), "metadata/%d/%s", type, uri ? uri : "");
    note(dom, text);
}

static void on_added(virConnectPtr c, virDomainPtr dom, const char *alias, void *opaque)
{
    char text[64];

    CHECK(c == conn && opaque == (void *)seen);
    print_to(text, sizeof(text), "added/%s", alias);
    note(dom, text);
}

static void on_removed(virConnectPtr c, virDomainPtr dom, const char *alias, void *opaque)
{
    char text[64];

    CHECK(c == conn && opaque == (void *)seen);
    print_to(text, sizeof(text), "removed/%s", alias);
    note(dom, text);
}

static void on_threshold(virConnectPtr c, virDomainPtr dom, const char *dev, const char *path,
                         unsigned long long threshold, unsigned long long excess, void *opaque)
{
    char text[PATH_MAX];

    CHECK(c == conn && opaque == (void *)seen);
    CHECK_STR(path, in_dir("a.img"));
    print_to(text, sizeof(text), "threshold/%s/%llu/%llu", dev, threshold, excess);
    note(dom, text);
}

static void on_io_error(virConnectPtr c, virDomainPtr dom, const char *path, const char *alias,
                        int action, const char *reason, void *opaque)
{
    char text[PATH_MAX];

    CHECK(c == conn && opaque == (void *)seen);
    CHECK_STR(path, in_dir("a.img"));
    print_to(text, sizeof(text), "error/%s/%d/%s", alias, action, reason);
    note(dom, text);
}

static void on_tunable(virConnectPtr c, virDomainPtr dom, virTypedParameterPtr params, int nparams,
                       void *opaque)
{
    char text[1024] = "tunable";
    int i;

    CHECK(c == conn && opaque == (void *)seen);
    for (i = 0; i < nparams; i++) {
        size_t used = strlen(text);

        if (params[i].type == VIR_TYPED_PARAM_STRING) {
            print_to(text + used, sizeof(text) - used, "/%s=%s", params[i].field, params[i].value.s);
        } else {
            CHECK_INT(params[i].type, VIR_TYPED_PARAM_ULLONG);
            print_to(text + used, sizeof(text) - used, "/%s=%llu", params[i].field, params[i].value.ul);
        }
    }
    note(dom, text);
}

static void on_job(virConnectPtr c, virDomainPtr dom, const char *disk, int type, int status,
                   void *opaque)
{
    (void)c;
    (void)disk;
    (void)opaque;
    CHECK(type >= 0 && status >= 0);
    note(dom, "job");
}

static void on_free(void *opaque)
{
    CHECK(opaque == (void *)seen);
    frees++;
}

/* A callback must never run inside the call that causes its event. */
#define QUIETLY(statement) \
    do { \
        inside_call = 1; \
        statement; \
        inside_call = 0; \
    } while (0)

static void wake(int timer, void *opaque)
{
    (void)timer;
    *(int *)opaque = 1;
}

/* Runs the loop until everything that is due has come, and compares. */
static void expect(const char *want)
{
    int over = 0, timer, i;

    for (i = 0; i < 100 && strcmp(seen, want) != 0; i++) {
        over = 0;
        timer = virEventAddTimeout(30, wake, &over, NULL);
        while (!over)
            CHECK_INT(virEventRunDefaultImpl(), 0);
        CHECK_INT(virEventRemoveTimeout(timer), 0);
    }
    CHECK_STR(seen, want);
    seen[0] = '\0';
}

#define CALLBACK(function) VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))(function))

static int listen_to(virDomainPtr dom, int event, virConnectDomainEventGenericCallback cb)
{
    int id = virConnectDomainEventRegisterAny(conn, dom, event, cb, seen, on_free);

    CHECK(id >= 0);
    return id;
}

static void lifecycle(void)
{
    virDomainPtr dom;

    QUIETLY(dom = virDomainDefineXML(conn, domain_xml("d", "", 1)));
    CHECK(dom != NULL);
    expect("d:defined/0");
    QUIETLY(CHECK_INT(virDomainFree(virDomainDefineXML(conn, domain_xml("d", "", 1))), 0));
    expect("d:defined/1");
    QUIETLY(CHECK_INT(virDomainCreate(dom), 0));
    expect("d:resumed/0 d:started/0");
    QUIETLY(CHECK_INT(virDomainSuspend(dom), 0));
    QUIETLY(CHECK_INT(virDomainSuspend(dom), 0));
    expect("d:suspended/0");
    QUIETLY(CHECK_INT(virDomainResume(dom), 0));
    expect("d:resumed/0");
    QUIETLY(CHECK_INT(virDomainShutdown(dom), 0));
    expect("d:shutdown/1 d:stopped/0");
    QUIETLY(CHECK_INT(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED), 0));
    expect("d:started/0 d:suspended/0");
    QUIETLY(CHECK_INT(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_TITLE, "t", NULL, NULL, 0), 0));
    QUIETLY(CHECK_INT(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, "<a/>", "k", "urn:k",
                                           0), 0));
    expect("d:metadata/1/ d:metadata/2/urn:k");
    QUIETLY(CHECK_INT(virDomainUndefine(dom), 0));
    QUIETLY(CHECK_INT(virDomainDestroy(dom), 0));
    expect("d:undefined/0 d:shutdown/2 d:stopped/1");
    CHECK_INT(virDomainFree(dom), 0);
    dom = virDomainCreateXML(conn, domain_xml("t", "", 2), VIR_DOMAIN_START_PAUSED);
    expect("t:started/0 t:suspended/0");
    CHECK_INT(virDomainDestroy(dom), 0);
    expect("t:shutdown/2 t:stopped/1");
    CHECK_INT(virDomainFree(dom), 0);
}

/* libvirt 9.0 sends no event when the devices of a definition change. */
static void of_definitions(void)
{
    const unsigned int config = VIR_DOMAIN_AFFECT_CONFIG, live = VIR_DOMAIN_AFFECT_LIVE;
    virDomainPtr dom;
    const char *disk;

    set_size(in_dir("b.img"), MIB);
    dom = virDomainDefineXML(conn, domain_xml("d", "", 1));
    CHECK(dom != NULL);
    expect("d:defined/0");
    disk = disk_xml("vdb", "b.img", "raw", "");
    QUIETLY(CHECK_INT(virDomainAttachDeviceFlags(dom, disk, config), 0));
    expect("d:defined/1");
    QUIETLY(CHECK_INT(virDomainUpdateDeviceFlags(dom, disk, config), 0));
    expect("d:defined/1");
    CHECK_INT(virDomainAttachDeviceFlags(dom, disk, config), -1);
    QUIETLY(CHECK_INT(virDomainDetachDeviceFlags(dom, disk, config), 0));
    expect("d:defined/1");
    CHECK_INT(virDomainCreate(dom), 0);
    expect("d:resumed/0 d:started/0");
    QUIETLY(CHECK_INT(virDomainAttachDeviceFlags(dom, disk, live | config), 0));
    expect("d:added/virtio-disk1 d:defined/1");
    QUIETLY(CHECK_INT(virDomainDetachDeviceFlags(dom, disk, live), 0));
    expect("d:removed/virtio-disk1");
    CHECK_INT(virDomainDetachDeviceFlags(dom, disk, live | config), -1);
    QUIETLY(CHECK_INT(virDomainDetachDeviceFlags(dom, disk, config), 0));
    expect("d:defined/1");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    expect("d:shutdown/2 d:stopped/1 d:undefined/0");
    CHECK_INT(virDomainFree(dom), 0);
}

/* The last error of a disk is reported until the domain stops, even after a resume has reset the
 * events. */
static void message_of(virDomainPtr dom, const char *path)
{
    char text[PATH_MAX + 256], **messages = NULL, *stamp;
    size_t length;

    CHECK_INT(virDomainGetMessages(dom, &messages, VIR_DOMAIN_MESSAGE_TAINTING), 0);
    CHECK(messages == NULL);
    CHECK_INT(virDomainGetMessages(dom, &messages, VIR_DOMAIN_MESSAGE_IOERRORS), 1);
    CHECK(messages[0] != NULL && messages[1] == NULL);
    print_to(text, sizeof(text), "I/O error: disk='vda', index='1', path='%s', timestamp='", path);
    length = strlen(text);
    CHECK_INT(strncmp(messages[0], text, length), 0);
    stamp = messages[0] + length;
    /* YYYY-MM-DD HH:MM:SS.mmm+0000 */
    CHECK_INT(strspn(stamp, "0123456789-:. "), 23);
    CHECK_STR(stamp + 23, "+0000', message='File too large'");
    free(messages[0]);
    free(messages);
    CHECK_INT(virDomainGetMessages(dom, &messages, 0), 1);
    free(messages[0]);
    free(messages);
}

static void of_disks(void)
{
    char **messages = NULL;
    virDomainPtr dom;
    const char *uri;
    struct rlimit limit, few;
    virDomainDiskError errors[2];

    set_size(in_dir("a.img"), MIB);
    set_size(in_dir("b.img"), MIB);
    dom = virDomainCreateXML(conn, domain_xml("d", disk_xml("vda", "a.img", "raw", ""), 1), 0);
    expect("d:resumed/0 d:started/0");
    QUIETLY(CHECK_INT(virDomainAttachDevice(dom, disk_xml("vdb", "b.img", "raw", "")), 0));
    QUIETLY(CHECK_INT(virDomainDetachDevice(dom, disk_xml("vdb", "b.img", "raw", "")), 0));
    expect("d:added/virtio-disk1 d:removed/virtio-disk1");

    uri = disk_uri(dom, "vda");
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda", 65536, 0), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 4k' '%s'", uri), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 128k 4k' -c 'write 128k 4k' '%s'", uri), 0);
    expect("d:threshold/vda/65536/69632");

    /* With a limit of 64 KiB for file sizes a guest's write fails, the guest goes on, and one
     * event is sent. */
    CHECK_INT(virDomainGetDiskErrors(dom, errors, 2, 0), 0);
    CHECK_INT(virDomainGetMessages(dom, &messages, 0), 0);
    CHECK(messages == NULL);
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    few = limit;
    few.rlim_cur = 64 * KIB;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &few), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 128k 4k' '%s'", uri), 1);
    CHECK_INT(run("qemu-io -f raw -c 'write 128k 4k' '%s'", uri), 1);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect("d:error/virtio-disk0/2/");
    CHECK_INT(virDomainGetDiskErrors(dom, NULL, 0, 0), 1);
    CHECK_INT(virDomainGetDiskErrors(dom, errors, 2, 0), 1);
    CHECK_STR(errors[0].disk, "vda");
    CHECK_INT(errors[0].error, VIR_DOMAIN_DISK_ERROR_UNSPEC);
    free(errors[0].disk);
    message_of(dom, in_dir("a.img"));
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(virDomainGetDiskErrors(dom, errors, 2, 0), 0);
    message_of(dom, in_dir("a.img"));
    CHECK_INT(run("qemu-io -f raw -c 'write 128k 4k' '%s'", uri), 0);
    expect("d:suspended/0 d:resumed/0");
    CHECK_INT(virDomainDestroy(dom), 0);
    expect("d:shutdown/2 d:stopped/1");
    CHECK_INT(virDomainFree(dom), 0);
}

/* Sets a limit, and the group of the disk if that is not NULL. */
static int set_limit(virDomainPtr dom, const char *disk, unsigned long long limit, const char *group,
                     unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int n = 0, max = 0, result;

    CHECK_INT(virTypedParamsAddULLong(&params, &n, &max, VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC,
                                      limit), 0);
    if (group)
        CHECK_INT(virTypedParamsAddString(&params, &n, &max, VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME,
                                          group), 0);
    result = virDomainSetBlockIoTune(dom, disk, params, n, flags);
    virTypedParamsFree(params, n);
    return result;
}

/* What libvirt's QEMU driver sends: the disk as the caller has named it, and the parameters that he has
 * given, in his order, whether or not they are others than before. One event, also for a group. */
static void of_limits(void)
{
    char want[1024];
    virDomainPtr dom;

    print_to(want, sizeof(want), "%s%s", disk_xml("vda", "a.img", "raw", ""),
             disk_xml("vdb", "b.img", "raw", ""));
    dom = virDomainDefineXML(conn, domain_xml("d", want, 1));
    CHECK(dom != NULL);
    CHECK_INT(set_limit(dom, "vda", 1000, NULL, 0), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    expect("d:defined/0 d:resumed/0 d:started/0");
    QUIETLY(CHECK_INT(set_limit(dom, "vda", 5, NULL, 0), 0));
    expect("d:tunable/" VIR_DOMAIN_TUNABLE_BLKDEV_DISK "=vda/"
           VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC "=5");
    CHECK_INT(set_limit(dom, "vda", 5, NULL, VIR_DOMAIN_AFFECT_LIVE), 0);
    expect("d:tunable/blkdeviotune.disk=vda/blkdeviotune.read_bytes_sec=5");
    CHECK_INT(set_limit(dom, "vda", 7, NULL, VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK_INT(set_limit(dom, "vdc", 7, NULL, 0), -1);
    expect("");
    CHECK_INT(set_limit(dom, "vda", 8, "g", VIR_DOMAIN_AFFECT_LIVE), 0);
    expect("d:tunable/blkdeviotune.disk=vda/blkdeviotune.read_bytes_sec=8/blkdeviotune.group_name=g");
    CHECK_INT(set_limit(dom, in_dir("b.img"), 0, "g",
                        VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG), 0);
    print_to(want, sizeof(want), "d:tunable/blkdeviotune.disk=%s/blkdeviotune.read_bytes_sec=0/"
             "blkdeviotune.group_name=g", in_dir("b.img"));
    expect(want);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    expect("d:shutdown/2 d:stopped/1 d:undefined/0");
    CHECK_INT(virDomainFree(dom), 0);
}

static void registrations(void)
{
    virConnectPtr other = virConnectOpen(test_uri);
    virDomainPtr one, two, foreign;
    int id, again;

    one = virDomainDefineXML(conn, domain_xml("one", "", 1));
    two = virDomainDefineXML(conn, domain_xml("two", "", 2));
    foreign = virDomainLookupByName(other, "one");
    CHECK(one && two && foreign);
    expect("one:defined/0 two:defined/0");

    /* Events that are never sent can be listened to all the same. */
    for (id = VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE; id <= VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE; id++) {
        again = virConnectDomainEventRegisterAny(conn, one, id, CALLBACK(on_lifecycle), NULL, NULL);
        CHECK(again >= 0);
        CHECK_INT(virConnectDomainEventDeregisterAny(conn, again), 0);
    }
    CHECK_INT(virConnectDomainEventRegisterAny(conn, NULL, 30, CALLBACK(on_lifecycle), NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "must be less than 30");
    CHECK_INT(virConnectDomainEventRegisterAny(conn, NULL, -1, CALLBACK(on_lifecycle), NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "must be zero or greater");
    CHECK_INT(virConnectDomainEventRegisterAny(conn, NULL, 0, NULL, NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "cb in virConnectDomainEventRegisterAny must not be NULL");
    CHECK_INT(virConnectDomainEventRegisterAny(conn, foreign, 0, CALLBACK(on_lifecycle), NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "domain 'one' in");
    CHECK_INT(virConnectDomainEventRegisterAny(conn, NULL, 0, CALLBACK(on_lifecycle), NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "event callback already tracked");
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, 9999), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "event callback id 9999 not registered");
    CHECK_INT(virConnectDomainEventRegister(conn, NULL, NULL, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "cb in virConnectDomainEventRegister must not be NULL");
    CHECK_INT(virConnectDomainEventDeregister(conn, on_legacy), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "");

    /* One of one domain, and one by its function. */
    id = listen_to(one, VIR_DOMAIN_EVENT_ID_LIFECYCLE, CALLBACK(on_lifecycle));
    CHECK_INT(virConnectDomainEventRegister(conn, on_legacy, NULL, NULL), 0);
    CHECK_INT(virDomainCreate(one), 0);
    CHECK_INT(virDomainCreate(two), 0);
    expect("one:resumed/0 one:resumed/0 one:started/0 one:started/0 one:legacy "
           "two:resumed/0 two:started/0 two:legacy");
    CHECK_INT(virConnectDomainEventDeregister(conn, on_legacy), 0);
    again = frees;
    QUIETLY(CHECK_INT(virConnectDomainEventDeregisterAny(conn, id), 0));
    CHECK_INT(frees, again + 1);
    CHECK_INT(virDomainDestroy(one), 0);
    CHECK_INT(virDomainDestroy(two), 0);
    expect("one:shutdown/2 one:stopped/1 two:shutdown/2 two:stopped/1");
    CHECK_INT(frees, again + 1);
    again = listen_to(NULL, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, CALLBACK(on_job));
    CHECK(again > id);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, again), 0);

    CHECK_INT(virDomainUndefine(one), 0);
    CHECK_INT(virDomainUndefine(two), 0);
    expect("one:undefined/0 two:undefined/0");
    CHECK_INT(virDomainFree(one), 0);
    CHECK_INT(virDomainFree(two), 0);
    CHECK_INT(virDomainFree(foreign), 0);
    CHECK_INT(virConnectClose(other), 0);
}

int main(int argc, char **argv)
{
    int ids[7];
    int i;

    (void)argc;
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = fixture_open(argv[0], 120);
    ids[0] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE, CALLBACK(on_lifecycle));
    ids[1] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, CALLBACK(on_metadata));
    ids[2] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, CALLBACK(on_added));
    ids[3] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, CALLBACK(on_removed));
    ids[4] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD, CALLBACK(on_threshold));
    ids[5] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, CALLBACK(on_io_error));
    ids[6] = listen_to(NULL, VIR_DOMAIN_EVENT_ID_TUNABLE, CALLBACK(on_tunable));
    lifecycle();
    of_disks();
    of_limits();
    of_definitions();
    registrations();
    for (i = 0; i < 7; i++)
        CHECK_INT(virConnectDomainEventDeregisterAny(conn, ids[i]), 0);
    /* Nothing of them is left that would keep the connection open. */
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
