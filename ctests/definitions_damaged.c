/* Definitions whose files are empty, truncated or unreadable: they can be looked up by name,
 * calls report what is wrong with the file, their names cannot be reused, and they can be
 * undefined.
 * ctest: ours-only because libvirt's daemon is another process */
#include "domain.h"
#include "faults.h"

#define UUID "00000000-1111-2222-3333-000000000001"

static virConnectPtr conn;

enum damage { EMPTY, CUT, UNREADABLE, DAMAGES };
static const char *const causes[] = {
    "the file is empty",
    "is damaged: ",
    "Input/output error",
};

/* Damages a file, and returns its text. */
static char *damage(const char *path, enum damage how)
{
    size_t size = (size_t)file_size(path);
    char *text = read_at(path, size, 0);

    if (how == UNREADABLE) {
        print_to(bad_path, sizeof(bad_path), "%s", path);
        bad_errno = EIO;
        return text;
    }
    CHECK_INT(truncate(path, how == EMPTY ? 0 : (off_t)size - 10), 0);
    return text;
}

static void repair(const char *path, char *text, size_t size)
{
    bad_errno = 0;
    write_at(path, text, size, 0);
    free(text);
}

/* The folder is seen to have changed. */
static void touch(const char *folder)
{
    const char *path = in_dir("%s/touched", folder);

    write_at(path, "", 0, 0);
    CHECK_INT(unlink(path), 0);
}

static void broken_domain(enum damage how, int reopen)
{
    const char *path = in_dir("root/domains/d.xml");
    char uuid[VIR_UUID_STRING_BUFLEN], file[PATH_MAX];
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("d", "", 1)), *all, other;
    virDomainInfo info;
    size_t size = (size_t)file_size(path);
    char *text;
    int i, autostart;

    print_to(file, sizeof(file), "%s", path);
    CHECK(dom != NULL);
    CHECK_INT(virDomainFree(dom), 0);
    text = damage(file, how);
    touch("root/domains");
    if (reopen) {
        CHECK_INT(virConnectClose(conn), 0);
        conn = virConnectOpen(test_uri);
        CHECK(conn != NULL);
    }
    CHECK_INT(virConnectListAllDomains(conn, &all, 0), 2);
    for (i = 0; i < 2; i++)
        CHECK_INT(virDomainFree(all[i]), 0);
    free(all);
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 2);
    dom = virDomainLookupByName(conn, "d");
    CHECK(dom != NULL);
    CHECK_INT(virDomainIsActive(dom), 0);
    CHECK_INT(virDomainIsPersistent(dom), 1);
    CHECK_INT(virDomainGetUUIDString(dom, uuid), 0);
    CHECK_INT(strcmp(uuid, UUID) == 0, how == CUT);
    other = virDomainLookupByUUIDString(conn, uuid);
    CHECK(other != NULL);
    CHECK_INT(virDomainFree(other), 0);
    CHECK(virDomainGetXMLDesc(dom, 0) == NULL);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, causes[how]);
    CHECK(virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE) == NULL);
    CHECK_INT(virDomainCreate(dom), -1);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, causes[how]);
    CHECK_INT(virDomainGetInfo(dom, &info), -1);
    CHECK_INT(virDomainRename(dom, "e", 0), -1);
    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    /* The other domain is as it was. */
    other = virDomainLookupByName(conn, "other");
    CHECK(other != NULL);
    CHECK_INT(virDomainCreate(other), 0);
    CHECK_INT(virDomainDestroy(other), 0);
    CHECK_INT(virDomainFree(other), 0);
    /* Another definition cannot take the name. */
    CHECK(virDomainDefineXML(conn, domain_xml("d", "", 77)) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "domain 'd' already exists");
    CHECK(virDomainCreateXML(conn, domain_xml("d", "", 77), 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "domain 'd' already exists");
    CHECK(exists(file));
    /* The file can be read again: the definition is what it was. */
    repair(file, text, size);
    CHECK_INT(virDomainFree(dom), 0);
    dom = virDomainLookupByUUIDString(conn, UUID);
    CHECK(dom != NULL);
    text = virDomainGetXMLDesc(dom, 0);
    CHECK(text != NULL);
    free(text);
    CHECK_INT(virDomainFree(dom), 0);
    text = damage(file, how);
    touch("root/domains");
    other = virDomainDefineXML(conn, domain_xml("d", "<title>x</title>", 1));
    if (how == CUT) {
        /* It is the same one. */
        CHECK(other != NULL);
        CHECK_INT(virDomainFree(other), 0);
        CHECK_INT(truncate(file, (off_t)size - 10), 0);
        touch("root/domains");
    } else {
        CHECK(other == NULL);
        CHECK_CODE(VIR_ERR_OPERATION_FAILED, "with unknown uuid");
        CHECK_CODE(VIR_ERR_OPERATION_FAILED, causes[how]);
    }
    free(text);
    dom = virDomainLookupByName(conn, "d");
    CHECK(dom != NULL);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK(!exists(file));
    bad_errno = 0;
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 1);
}

static const char *named_pool(const char *inside)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>p</name>%s<target><path>%s</path></target></pool>", inside,
             in_dir("p"));
    return xml;
}

static void broken_pool(enum damage how)
{
    char uuid[VIR_UUID_STRING_BUFLEN], file[PATH_MAX], named[128];
    virStoragePoolPtr pool = virStoragePoolDefineXML(conn, named_pool("<uuid>" UUID "</uuid>"), 0);
    virStoragePoolPtr *all, other;
    virStoragePoolInfo info;
    char *text;

    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolFree(pool), 0);
    print_to(file, sizeof(file), "%s", in_dir("root/storage/p.xml"));
    text = damage(file, how);
    free(text);
    touch("root/storage");
    CHECK_INT(virConnectListAllStoragePools(conn, &all, 0), 1);
    CHECK_INT(virStoragePoolFree(all[0]), 0);
    free(all);
    pool = virStoragePoolLookupByName(conn, "p");
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    CHECK_INT(strcmp(uuid, UUID) == 0, how == CUT);
    CHECK(virStoragePoolGetXMLDesc(pool, 0) == NULL);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, causes[how]);
    CHECK_INT(virStoragePoolCreate(pool, 0), -1);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_INT(virStoragePoolBuild(pool, 0), -1);
    CHECK_INT(virStoragePoolDelete(pool, 0), -1);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(info.state, VIR_STORAGE_POOL_INACTIVE);
    CHECK(virStoragePoolDefineXML(conn, named_pool(""), 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "pool 'p' already exists");
    print_to(named, sizeof(named), "<uuid>%s</uuid>", UUID);
    other = virStoragePoolDefineXML(conn, named_pool(named), 0);
    CHECK_INT(other != NULL, how == CUT);
    if (other) {
        CHECK_INT(virStoragePoolFree(other), 0);
        CHECK_INT(truncate(file, 20), 0);
        touch("root/storage");
        CHECK_INT(virStoragePoolFree(pool), 0);
        pool = virStoragePoolLookupByName(conn, "p");
        CHECK(pool != NULL);
    }
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK(!exists(file));
    bad_errno = 0;
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectNumOfDefinedStoragePools(conn), 0);
}

static void make_snapshot(virDomainPtr dom, const char *name, const char *parent)
{
    virDomainSnapshotPtr made;
    char xml[9000];

    print_to(xml, sizeof(xml),
             "<domainsnapshot><name>%s</name>%s%s%s<state>shutoff</state>"
             "<creationTime>1</creationTime>%s</domainsnapshot>",
             name, *parent ? "<parent><name>" : "", parent, *parent ? "</name></parent>" : "",
             domain_xml("d", "", 1));
    made = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE |
                                      VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT);
    CHECK(made != NULL);
    CHECK_INT(virDomainSnapshotFree(made), 0);
}

static void broken_snapshot(enum damage how)
{
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("d", "", 1));
    virDomainSnapshotPtr snapshot, parent;
    char file[PATH_MAX];

    CHECK(dom != NULL);
    make_snapshot(dom, "a", "");
    make_snapshot(dom, "b", "a");
    print_to(file, sizeof(file), "%s", in_dir("root/snapshots/" UUID "/a.xml"));
    free(damage(file, how));
    CHECK_INT(virDomainSnapshotNum(dom, 0), 2);
    snapshot = virDomainSnapshotLookupByName(dom, "a", 0);
    CHECK(snapshot != NULL);
    CHECK(virDomainSnapshotGetXMLDesc(snapshot, 0) == NULL);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_INT(virDomainSnapshotDelete(snapshot, 0), -1);
    CHECK_INT(virDomainSnapshotDelete(snapshot, VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY), 0);
    CHECK(!exists(file));
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    bad_errno = 0;
    CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
    snapshot = virDomainSnapshotLookupByName(dom, "b", 0);
    CHECK(snapshot != NULL);
    parent = virDomainSnapshotGetParent(snapshot, 0);
    CHECK(parent == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "does not have a parent");
    CHECK_INT(virDomainSnapshotIsCurrent(snapshot, 0), 1);
    print_to(file, sizeof(file), "%s", in_dir("root/snapshots/" UUID "/.current.xml"));
    free(damage(file, how));
    CHECK_INT(virDomainSnapshotIsCurrent(snapshot, 0), -1);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, file);
    CHECK_INT(virDomainHasCurrentSnapshot(dom, 0), -1);
    CHECK(virDomainSnapshotCurrent(dom, 0) == NULL);
    CHECK_CODE(how == UNREADABLE ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_XML_ERROR, causes[how]);
    bad_errno = 0;
    make_snapshot(dom, "b", "");
    CHECK_INT(virDomainSnapshotIsCurrent(snapshot, 0), 1);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK(!exists(in_dir("root/snapshots/" UUID)));
    CHECK_INT(virDomainFree(dom), 0);
}

/* The snapshots of a domain whose UUID cannot be read are not taken for those of a crash. */
static void snapshots_of_nobody(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("d", "", 1));
    char file[PATH_MAX];

    CHECK(dom != NULL);
    make_snapshot(dom, "a", "");
    print_to(file, sizeof(file), "%s", in_dir("root/domains/d.xml"));
    free(damage(file, UNREADABLE));
    touch("root/domains");
    CHECK(virDomainDefineXML(conn, domain_xml("e", "", 1)) == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, file);
    bad_errno = 0;
    CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    virDomainPtr other;
    int how;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    other = virDomainDefineXML(conn, domain_xml("other", "", 2));
    CHECK(other != NULL);
    CHECK_INT(virDomainFree(other), 0);
    for (how = 0; how < DAMAGES; how++) {
        broken_domain((enum damage)how, 0);
        broken_domain((enum damage)how, 1);
        broken_pool((enum damage)how);
        broken_snapshot((enum damage)how);
    }
    snapshots_of_nobody();
    other = virDomainLookupByName(conn, "other");
    CHECK(other != NULL);
    CHECK_INT(virDomainUndefine(other), 0);
    CHECK_INT(virDomainFree(other), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
