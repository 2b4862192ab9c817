/* Full snapshots of domains of test:///default: create, query, revert, delete. The program also
 * runs on libvirt's own driver, which keeps no data. */
#include "fixture.h"

#include <dlfcn.h>

static virConnectPtr conn;
static char seen[1024];

static int on_lifecycle(virConnectPtr c, virDomainPtr dom, int event, int detail, void *opaque)
{
    size_t used = strlen(seen);

    (void)c;
    (void)dom;
    (void)opaque;
    print_to(seen + used, sizeof(seen) - used, "%d.%d; ", event, detail);
    return 0;
}

/* The events since the last call, "EVENT.DETAIL; " each. */
static void events_are(const char *expected)
{
    unsigned long long begin = now_ms();

    while (strlen(seen) < strlen(expected) && now_ms() - begin < 20000)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK_STR(seen, expected);
    seen[0] = '\0';
}

static void state_is(virDomainPtr dom, int state, int reason)
{
    int is = -1, why = -1;

    CHECK_INT(virDomainGetState(dom, &is, &why, 0), 0);
    CHECK_INT(is, state);
    CHECK_INT(why, reason);
}

static virDomainSnapshotPtr take(virDomainPtr dom, const char *name, unsigned int flags)
{
    virDomainSnapshotPtr snapshot;
    char xml[256];

    print_to(xml, sizeof(xml), "<domainsnapshot><name>%s</name></domainsnapshot>", name);
    snapshot = virDomainSnapshotCreateXML(dom, xml, flags);
    CHECK(snapshot != NULL);
    CHECK_INT(virDomainSnapshotIsCurrent(snapshot, 0), 1);
    return snapshot;
}

static void has(virDomainSnapshotPtr snapshot, const char *text)
{
    char *xml = virDomainSnapshotGetXMLDesc(snapshot, 0);

    CHECK(xml != NULL);
    CHECK(strstr(xml, text) != NULL);
    free(xml);
}

/* The volume has the same byte everywhere. */
static void fill_vol(virStorageVolPtr vol, int byte)
{
    static char data[64 * 1024];
    virStreamPtr stream = virStreamNew(conn, 0);

    memset(data, byte, sizeof(data));
    CHECK(stream != NULL);
    CHECK_INT(virStorageVolUpload(vol, stream, 0, sizeof(data), 0), 0);
    CHECK_INT(virStreamSend(stream, data, sizeof(data)), (int)sizeof(data));
    CHECK_INT(virStreamFinish(stream), 0);
    CHECK_INT(virStreamFree(stream), 0);
}

static void holds(virDomainPtr dom, int byte)
{
    char got[512];

    CHECK_INT(virDomainBlockPeek(dom, "vda", 1024, sizeof(got), got, 0), 0);
    CHECK_INT(got[0], byte);
    CHECK_INT(got[511], byte);
}

/* Of the domain that is there. */
static void of_default(void)
{
    virDomainPtr dom = virDomainLookupByName(conn, "test");
    virDomainSnapshotPtr snapshot;

    CHECK(dom != NULL);
    snapshot = virDomainSnapshotCreateXML(dom, "<domainsnapshot/>", 0);
    CHECK(snapshot != NULL);
    has(snapshot, "<state>running</state>");
    has(snapshot, "<memory snapshot='internal'/>");
    has(snapshot, "<disk name='vda' snapshot='internal'/>");
    CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
    CHECK_INT(virDomainSnapshotDelete(snapshot, 0), 0);
    CHECK_INT(virDomainSnapshotNum(dom, 0), 0);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void there_and_back(void)
{
    virStoragePoolPtr pool = virStoragePoolLookupByName(conn, "default-pool");
    virStorageVolPtr vol;
    virDomainSnapshotPtr on, paused, off, halted;
    virDomainPtr dom;
    virDomainInfo info;

    CHECK(pool != NULL);
    vol = virStorageVolCreateXML(pool, "<volume><name>v</name><capacity>1048576</capacity></volume>", 0);
    CHECK(vol != NULL);
    if (ours)
        fill_vol(vol, 1);
    dom = virDomainDefineXML(conn, "<domain type='test'><name>d</name><memory>4096</memory>"
                                   "<os><type>hvm</type></os><devices><disk type='file'>"
                                   "<source file='/default-pool/v'/><target dev='vda'/></disk>"
                                   "</devices></domain>");
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    events_are("0.0; 2.0; ");

    on = take(dom, "on", 0);
    CHECK_INT(virDomainSuspend(dom), 0);
    paused = take(dom, "paused", VIR_DOMAIN_SNAPSHOT_CREATE_LIVE);
    has(paused, "<state>paused</state>");
    has(paused, "<name>on</name>");
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(virDomainSetMemory(dom, 2048), 0);
    halted = take(dom, "halted", VIR_DOMAIN_SNAPSHOT_CREATE_HALT);
    state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT);
    events_are("3.0; 4.0; 5.6; ");
    if (ours)
        fill_vol(vol, 2);
    off = take(dom, "off", 0);
    has(off, "<state>shutoff</state>");
    has(off, "<memory snapshot='no'/>");

    CHECK_INT(virDomainRevertToSnapshot(on, 0), 0);
    state_is(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_FROM_SNAPSHOT);
    events_are("2.3; ");
    CHECK_INT(virDomainSnapshotIsCurrent(on, 0), 1);
    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.memory, 4096);
    if (ours)
        holds(dom, 1);

    if (ours) {
        CHECK_INT(virDomainRevertToSnapshot(off, VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING), -1);
        CHECK_CODE(VIR_ERR_SNAPSHOT_REVERT_RISKY, "must respawn guest to start inactive snapshot");
    }
    CHECK_INT(virDomainRevertToSnapshot(off, 0), 0);
    state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT);
    events_are("5.6; ");
    /* libvirt 9.0 returns 0, sends the event of a start, and leaves the domain off. */
    if (ours) {
        CHECK_INT(virDomainRevertToSnapshot(off, VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED), 0);
        state_is(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT);
        holds(dom, 2);
        CHECK_INT(virDomainDestroy(dom), 0);
        events_are("2.3; 3.5; 5.1; ");
    }
    CHECK_INT(virDomainRevertToSnapshot(paused, 0), 0);
    state_is(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_FROM_SNAPSHOT);
    if (ours)
        holds(dom, 1);
    events_are("2.3; 3.5; ");
    CHECK_INT(virDomainRevertToSnapshot(halted, VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING |
                                                    VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");

    /* A full snapshot cannot have external disks. */
    CHECK(virDomainSnapshotCreateXML(dom, "<domainsnapshot><disks><disk name='vda' "
                                          "snapshot='external'/></disks></domainsnapshot>", 0) == NULL);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "disk 'vda' must use snapshot mode 'internal'");

    /* An image that another domain has cannot be changed under it. */
    if (ours) {
        virDomainPtr other;

        CHECK_INT(virDomainDestroy(dom), 0);
        other = virDomainCreateXML(conn, "<domain type='test'><name>o</name><memory>1</memory>"
                                         "<os><type>hvm</type></os><devices><disk type='file'>"
                                         "<source file='/default-pool/v'/><target dev='vda'/></disk>"
                                         "</devices></domain>", 0);
        CHECK(other != NULL);
        CHECK_INT(virDomainRevertToSnapshot(off, 0), -1);
        CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Unable to lock /default-pool/v");
        holds(other, 1);
        CHECK_INT(virDomainDestroy(other), 0);
        CHECK_INT(virDomainFree(other), 0);
        /* One that is gone comes back. */
        CHECK_INT(virStorageVolDelete(vol, 0), 0);
        CHECK_INT(virDomainRevertToSnapshot(on, 0), 0);
        holds(dom, 1);
    }

    CHECK_INT(virDomainSnapshotDelete(on, VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN), 0);
    CHECK_INT(virDomainSnapshotNum(dom, 0), 0);
    CHECK_INT(virDomainRevertToSnapshot(off, 0), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainSnapshotFree(on), 0);
    CHECK_INT(virDomainSnapshotFree(paused), 0);
    CHECK_INT(virDomainSnapshotFree(off), 0);
    CHECK_INT(virDomainSnapshotFree(halted), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

int main(int argc, char **argv)
{
    int id;

    (void)argc;
    fixture_prepare(argv[0], 60);
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = virConnectOpen("test:///default");
    CHECK(conn != NULL);
    of_default();
    id = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                          VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), NULL, NULL);
    CHECK(id >= 0);
    there_and_back();
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, id), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
