/* Definitions, their UUIDs and autostart flags outlive connections and processes; transient
 * pools do not. */
#include "fixture.h"

#include <sys/wait.h>

static virConnectPtr reopened(virConnectPtr conn)
{
    CHECK_INT(virConnectClose(conn), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    return conn;
}

static void has_uuid(virStoragePoolPtr pool, const char *expected)
{
    char uuid[VIR_UUID_STRING_BUFLEN];

    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    CHECK_STR(uuid, expected);
}

/* A pool that one process starts is active for all, as with a daemon, until it is stopped or the
 * machine is rebooted. Pools with autostart are started by the first connection after a boot. */
static void same_state(virConnectPtr conn, const char *automatic, const char *transient)
{
    virStoragePoolPtr pool = virStoragePoolLookupByName(conn, automatic);

    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    pool = virStoragePoolLookupByName(conn, transient);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolIsActive(pool), 1);
    CHECK_INT(virStoragePoolIsPersistent(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

/* The second process: sees the definition argv[2], adds a volume, and defines a pool of its own. */
static int second_process(char **argv)
{
    const char *name = argv[2], *uuid = argv[3], *other = argv[4], *path = argv[5];
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    char xml[2048];

    alarm(30);
    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    same_state(conn, argv[6], argv[7]);
    pool = virStoragePoolLookupByName(conn, name);
    CHECK(pool != NULL);
    has_uuid(pool, uuid);
    CHECK_INT(virStoragePoolIsPersistent(pool), 1);
    if (!virStoragePoolIsActive(pool))
        CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    vol = virStorageVolLookupByName(pool, "first");
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    vol = make_vol(pool, "second", 12345, 0);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>", other,
             path);
    pool = virStoragePoolDefineXML(conn, xml, 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return 0;
}

/* By its path and not as /proc/self/exe, which under valgrind is valgrind. */
static void run_second_process(const char *program, const char *name, const char *uuid,
                               const char *other)
{
    char path[PATH_MAX], automatic[128], transient[128];
    pid_t child;
    int status;

    print_to(automatic, sizeof(automatic), "%s", pool_name("auto"));
    print_to(transient, sizeof(transient), "%s", pool_name("transient"));
    print_to(path, sizeof(path), "%s", in_dir("other"));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execl(program, "second", test_uri, name, uuid, other, path, automatic,
              transient, (char *)NULL);
        _exit(127);
    }
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn, beside;
    virStoragePoolPtr pool, transient, automatic;
    virStorageVolPtr vol;
    char uuid[VIR_UUID_STRING_BUFLEN], name[128], other[128];
    char *before, *after;
    int autostart = -1;

    if (argc == 8) {
        print_to(test_uri, sizeof(test_uri), "%s", argv[1]);
        return second_process(argv);
    }
    conn = fixture_open(argv[0], 60);
    beside = virConnectOpen(test_uri);
    CHECK(beside != NULL);
    print_to(name, sizeof(name), "%s", pool_name("kept"));
    print_to(other, sizeof(other), "%s", pool_name("other"));

    pool = virStoragePoolDefineXML(conn, pool_xml("kept"), 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    before = virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE);
    CHECK(before != NULL);
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virStoragePoolSetAutostart(pool, 1), 0);
    CHECK_INT(virStoragePoolSetAutostart(pool, 1), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    /* Two connections of one process look at one state. */
    pool = virStoragePoolLookupByName(beside, name);
    CHECK(pool != NULL);
    has_uuid(pool, uuid);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(beside), 0);

    conn = reopened(conn);
    pool = virStoragePoolLookupByName(conn, name);
    CHECK(pool != NULL);
    has_uuid(pool, uuid);
    CHECK_INT(virStoragePoolIsPersistent(pool), 1);
    after = virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE);
    CHECK_STR(after, before);
    free(before);
    free(after);
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 1);
    CHECK_INT(virStoragePoolSetAutostart(pool, 0), 0);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    vol = make_vol(pool, "first", 4096, 0);
    CHECK_INT(virStorageVolFree(vol), 0);

    transient = make_pool(conn, "transient");
    automatic = virStoragePoolDefineXML(conn, pool_xml("auto"), 0);
    CHECK(automatic != NULL);
    CHECK_INT(virStoragePoolBuild(automatic, 0), 0);
    CHECK_INT(virStoragePoolSetAutostart(automatic, 1), 0);
    run_second_process(argv[0], name, uuid, other);
    CHECK_INT(virStoragePoolSetAutostart(automatic, 0), 0);
    CHECK_INT(virStoragePoolUndefine(automatic), 0);
    CHECK_INT(virStoragePoolFree(automatic), 0);
    pool_gone(transient);
    CHECK(exists(in_dir("kept/second")));
    vol = virStorageVolLookupByName(pool, "second");
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    /* Definitions of the other process are visible here, and what it has undefined stays
     * undefined. */
    pool = virStoragePoolLookupByName(conn, other);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolIsActive(pool), 0);

    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    conn = reopened(conn);
    CHECK(virStoragePoolLookupByName(conn, name) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, "no storage pool with matching name");
    CHECK(virStoragePoolLookupByName(conn, other) == NULL);
    CHECK(virStoragePoolLookupByName(conn, pool_name("transient")) == NULL);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
