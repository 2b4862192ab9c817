/* Metadata of snapshots: the tree, filters, handles, deletion, redefinition, restarts. */
#include "domain.h"

#include <sys/wait.h>

static virConnectPtr conn;

static virDomainSnapshotPtr take(virDomainPtr dom, const char *name)
{
    char xml[512];
    virDomainSnapshotPtr snap;

    print_to(xml, sizeof(xml),
             "<domainsnapshot><name>%s</name><description>of %s</description></domainsnapshot>", name,
             name);
    snap = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
    CHECK(snap != NULL);
    return snap;
}

static void taken(virDomainPtr dom, const char *name)
{
    CHECK_INT(virDomainSnapshotFree(take(dom, name)), 0);
}

static virDomainSnapshotPtr find(virDomainPtr dom, const char *name)
{
    virDomainSnapshotPtr snap = virDomainSnapshotLookupByName(dom, name, 0);

    CHECK(snap != NULL);
    return snap;
}

/* The names in a list, with a blank behind each. */
static void check_list(virDomainSnapshotPtr *snaps, int count, const char *expected)
{
    char names[1024] = "";
    int i;

    CHECK(count >= 0);
    CHECK(snaps[count] == NULL);
    for (i = 0; i < count; i++) {
        strcat(names, virDomainSnapshotGetName(snaps[i]));
        strcat(names, " ");
        CHECK_INT(virDomainSnapshotFree(snaps[i]), 0);
    }
    free(snaps);
    CHECK_STR(names, expected);
}

static void listed(virDomainPtr dom, unsigned int flags, const char *expected)
{
    virDomainSnapshotPtr *snaps = NULL;
    char *names[16];
    int count = virDomainListAllSnapshots(dom, &snaps, flags);
    int i;

    CHECK_INT(virDomainSnapshotNum(dom, flags), count);
    CHECK_INT(virDomainListAllSnapshots(dom, NULL, flags), count);
    CHECK_INT(virDomainSnapshotListNames(dom, names, 16, flags), count);
    for (i = 0; i < count; i++) {
        CHECK_STR(names[i], virDomainSnapshotGetName(snaps[i]));
        free(names[i]);
    }
    check_list(snaps, count, expected);
}

static void below(virDomainPtr dom, const char *name, unsigned int flags, const char *expected)
{
    virDomainSnapshotPtr *snaps = NULL;
    virDomainSnapshotPtr snap = find(dom, name);
    char *names[16];
    int count = virDomainSnapshotListAllChildren(snap, &snaps, flags);
    int i;

    CHECK_INT(virDomainSnapshotNumChildren(snap, flags), count);
    CHECK_INT(virDomainSnapshotListChildrenNames(snap, names, 16, flags), count);
    for (i = 0; i < count; i++)
        free(names[i]);
    check_list(snaps, count, expected);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

static void current(virDomainPtr dom, const char *expected)
{
    virDomainSnapshotPtr snap = virDomainSnapshotCurrent(dom, 0);

    CHECK(snap != NULL);
    CHECK_STR(virDomainSnapshotGetName(snap), expected);
    CHECK_INT(virDomainSnapshotIsCurrent(snap, 0), 1);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

static void deleted(virDomainPtr dom, const char *name, unsigned int flags)
{
    virDomainSnapshotPtr snap = find(dom, name);

    CHECK_INT(virDomainSnapshotDelete(snap, flags | VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY), 0);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

static virDomainPtr define(void)
{
    virDomainPtr dom;

    CHECK_INT(run("cd %s && rm -f a.* && qemu-img create -q -f qcow2 a.qcow2 8M", test_dir), 0);
    dom = virDomainDefineXML(conn, domain_xml("meta", disk_xml("vda", "a.qcow2", "qcow2", ""), 2));
    CHECK(dom != NULL);
    return dom;
}

static void gone(virDomainPtr dom)
{
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void test_tree(void)
{
    virDomainPtr dom = define();
    virDomainSnapshotPtr snap, parent;

    CHECK_INT(virDomainHasCurrentSnapshot(dom, 0), 0);
    CHECK(virDomainSnapshotCurrent(dom, 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "the domain does not have a current snapshot");
    listed(dom, 0, "");
    CHECK_INT(virConnectListAllDomains(conn, NULL, VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT), 0);
    taken(dom, "a");
    taken(dom, "b");
    CHECK_INT(virDomainCreate(dom), 0);
    taken(dom, "c");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virConnectListAllDomains(conn, NULL, VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT), 1);
    CHECK_INT(virConnectListAllDomains(conn, NULL, VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT), 0);
    CHECK_INT(virDomainHasCurrentSnapshot(dom, 0), 1);
    current(dom, "c");
    listed(dom, 0, "a b c ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_ROOTS, "a ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_LEAVES, "c ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES, "a b ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_METADATA, "a b c ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA, "");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE, "a b ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE, "");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY, "c ");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL, "");
    listed(dom, VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL | VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL, "a b c ");
    below(dom, "a", 0, "b ");
    below(dom, "a", VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS, "b c ");
    below(dom, "c", 0, "");
    CHECK_INT(virDomainSnapshotNum(dom, 2048), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x800)");
    CHECK_INT(virDomainSnapshotListNames(dom, NULL, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "names in virDomainSnapshotListNames must not be NULL");

    snap = find(dom, "b");
    CHECK_INT(virDomainSnapshotIsCurrent(snap, 0), 0);
    CHECK_INT(virDomainSnapshotHasMetadata(snap, 0), 1);
    parent = virDomainSnapshotGetParent(snap, 0);
    CHECK(parent != NULL);
    CHECK_STR(virDomainSnapshotGetName(parent), "a");
    CHECK(virDomainSnapshotGetParent(parent, 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "snapshot 'a' does not have a parent");
    CHECK(virDomainSnapshotGetDomain(parent) == dom);
    CHECK(virDomainSnapshotGetConnect(parent) == conn);
    CHECK_INT(virDomainSnapshotFree(parent), 0);
    CHECK(virDomainSnapshotLookupByName(dom, "z", 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "no domain snapshot with matching name 'z'");
    CHECK(virDomainSnapshotLookupByName(dom, NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN_SNAPSHOT, "must not be NULL");

    /* What is in images stays. */
    CHECK_INT(virDomainSnapshotDelete(snap, 0), -1);
    if (ours)
        CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "deletion of 1 external disk snapshots not supported");
    CHECK_INT(virDomainSnapshotDelete(snap, 5), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "Flags 'VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN' and"
               " 'VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY' are mutually exclusive");
    CHECK_INT(virDomainRevertToSnapshot(snap, 0), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "revert to external snapshot not supported yet");
    CHECK_INT(virDomainRevertToSnapshot(snap, 3), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "are mutually exclusive");
    CHECK_INT(virDomainUndefine(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot delete inactive domain with 3 snapshots");
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_NVRAM), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot delete inactive domain with 3 snapshots");

    deleted(dom, "b", 0);
    CHECK(virDomainSnapshotGetXMLDesc(snap, 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN_SNAPSHOT, "no domain snapshot with matching name 'b'");
    CHECK_INT(virDomainSnapshotHasMetadata(snap, 0), -1);
    CHECK_INT(virDomainSnapshotNumChildren(snap, 0), -1);
    CHECK_STR(virDomainSnapshotGetName(snap), "b");
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    below(dom, "a", 0, "c ");
    current(dom, "c");
    taken(dom, "d");
    taken(dom, "e");
    deleted(dom, "d", VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY);
    listed(dom, 0, "a c d ");
    current(dom, "d");
    deleted(dom, "c", VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN);
    listed(dom, 0, "a ");
    current(dom, "a");
    deleted(dom, "a", 0);
    CHECK_INT(virDomainHasCurrentSnapshot(dom, 0), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void test_handles(void)
{
    virDomainPtr dom = define();
    virDomainSnapshotPtr snap = take(dom, "h");
    virConnectPtr read_only;
    virDomainPtr other;
    char *xml;

    CHECK_INT(virDomainSnapshotRef(snap), 0);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    read_only = virConnectOpenReadOnly(test_uri);
    CHECK(read_only != NULL);
    other = virDomainLookupByName(read_only, "meta");
    CHECK(other != NULL);
    CHECK(virDomainSnapshotCreateXML(other, "<domainsnapshot/>", 16) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN_SNAPSHOT, "virDomainSnapshotCreateXML");
    {
        virDomainSnapshotPtr same = find(other, "h");

        xml = virDomainSnapshotGetXMLDesc(same, 0);
        CHECK(xml != NULL);
        CHECK(strstr(xml, "<description>of h</description>") != NULL);
        free(xml);
        CHECK(virDomainSnapshotGetXMLDesc(same, VIR_DOMAIN_SNAPSHOT_XML_SECURE) == NULL);
        CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN_SNAPSHOT, "with secure flag");
        CHECK_INT(virDomainSnapshotDelete(same, 2), -1);
        CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN_SNAPSHOT, "virDomainSnapshotDelete");
        CHECK_INT(virDomainRevertToSnapshot(same, 0), -1);
        CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN_SNAPSHOT, "virDomainRevertToSnapshot");
        CHECK_INT(virDomainSnapshotFree(same), 0);
    }
    CHECK_INT(virDomainFree(other), 0);
    CHECK_INT(virConnectClose(read_only), 0);

    CHECK_INT(virDomainSnapshotFree(NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_DOMAIN_SNAPSHOT, VIR_FROM_DOMAIN_SNAPSHOT, "virDomainSnapshotFree");
    CHECK(virDomainSnapshotGetName(NULL) == NULL);
    CHECK(virDomainSnapshotGetDomain(NULL) == NULL);
    CHECK(virDomainSnapshotGetConnect(NULL) == NULL);
    CHECK(virDomainSnapshotGetXMLDesc(NULL, 0) == NULL);
    CHECK_INT(virDomainSnapshotDelete(NULL, 0), -1);
    if (ours) {
        CHECK(virDomainSnapshotGetName((virDomainSnapshotPtr)dom) == NULL);
        CHECK_ERR(VIR_ERR_INVALID_DOMAIN_SNAPSHOT, VIR_FROM_DOMAIN_SNAPSHOT, "");
    }
    /* The domain's handle lives as long as that of its snapshot. */
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_STR(virDomainGetName(virDomainSnapshotGetDomain(snap)), "meta");
    CHECK_INT(virDomainUndefineFlags(virDomainSnapshotGetDomain(snap),
                                     VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainSnapshotHasMetadata(snap, 0), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "");
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    if (ours) {
        CHECK_INT(virDomainSnapshotFree(snap), -1);
        CHECK_INT(virDomainFree(dom), -1);
    }
}

/* `from` replaced by `to`, once. */
static const char *with(const char *xml, const char *from, const char *to)
{
    static char out[16384];
    char rest[16384];
    const char *at = strstr(xml, from);

    CHECK(at != NULL);
    print_to(rest, sizeof(rest), "%s", at + strlen(from));
    print_to(out, sizeof(out), "%.*s%s%s", (int)(at - xml), xml, to, rest);
    return out;
}

static void refused(virDomainPtr dom, const char *xml, int code, const char *text)
{
    CHECK(virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE) == NULL);
    CHECK_CODE(code, text);
}

static void test_redefine(void)
{
    virDomainPtr dom = define();
    virDomainSnapshotPtr snap = take(dom, "a");
    char *xml = virDomainSnapshotGetXMLDesc(snap, 0);
    char *again;
    char child[8192];

    CHECK(xml != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    taken(dom, "b");
    /* Its description only. */
    snap = virDomainSnapshotCreateXML(dom, with(xml, "of a", "new"), VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE);
    CHECK(snap != NULL);
    again = virDomainSnapshotGetXMLDesc(snap, 0);
    CHECK(again != NULL);
    CHECK_STR(again, with(xml, "of a", "new"));
    free(again);
    current(dom, "b");
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    snap = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE |
                                      VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT);
    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    current(dom, "a");
    refused(dom, with(xml, "<name>a</name>", "<name>a</name><parent><name>b</name></parent>"),
            VIR_ERR_INVALID_ARG, "parent b would create cycle to a");
    refused(dom, with(xml, "<name>a</name>", "<name>n</name><parent><name>n</name></parent>"),
            VIR_ERR_INVALID_ARG, "cannot set moment n as its own parent");
    refused(dom, with(xml, "<name>a</name>", "<name>n</name><parent><name>x</name></parent>"),
            VIR_ERR_INVALID_ARG, "parent x for moment n not found");
    refused(dom, with(xml, "0002</uuid>", "0003</uuid>"), VIR_ERR_INVALID_ARG,
            "definition for snapshot a must use uuid 00000000-1111-2222-3333-000000000002");
    refused(dom, with(xml, "shutoff", "running"), VIR_ERR_INVALID_ARG,
            "cannot change between online and offline snapshot state in snapshot a");
    refused(dom, with(xml, "shutoff", "disk-snapshot"), VIR_ERR_INVALID_ARG,
            "cannot change between disk only and full system in snapshot a");
    refused(dom, with(xml, "<name>a</name>", ""), VIR_ERR_XML_ERROR,
            "a redefined snapshot must have a name");
    refused(dom, with(xml, "<state>shutoff</state>", ""), VIR_ERR_XML_ERROR,
            "missing state from existing snapshot");
    refused(dom, with(xml, "creationTime", "x"), VIR_ERR_XML_DETAIL, "");
    /* All of it, after it was forgotten. */
    deleted(dom, "b", 0);
    deleted(dom, "a", 0);
    snap = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE);
    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotIsCurrent(snap, 0), 0);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    print_to(child, sizeof(child), "%s",
             with(xml, "<name>a</name>", "<name>n</name><parent><name>a</name></parent>"));
    snap = virDomainSnapshotCreateXML(dom, child, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE);
    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    below(dom, "a", 0, "n ");
    free(xml);
    gone(dom);
}

static void in_another(const char *program, const char *part)
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execl(program, program, part, test_uri, (char *)NULL);
        _exit(9);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
}

/* Another process sees them, and those of one that has ended are still there. */
static void test_processes(const char *program)
{
    virDomainPtr dom = define();

    taken(dom, "before");
    in_another(program, "--child");
    listed(dom, 0, "before child ");
    current(dom, "child");
    /* One that does not run the domain takes a snapshot of it while it runs. */
    if (ours) {
        CHECK_INT(virDomainCreate(dom), 0);
        in_another(program, "--stranger");
        current(dom, "stranger");
        CHECK_INT(virDomainDestroy(dom), 0);
        listed(dom, 0, "before child stranger ");
    }
    gone(dom);
}

static int child(const char *uri, int stranger)
{
    virDomainSnapshotPtr snap;
    virDomainPtr dom;

    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpen(uri);
    CHECK(conn != NULL);
    dom = virDomainLookupByName(conn, "meta");
    CHECK(dom != NULL);
    if (stranger) {
        current(dom, "child");
        snap = virDomainSnapshotCreateXML(
            dom, "<domainsnapshot><name>stranger</name></domainsnapshot>",
            VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
        CHECK(snap != NULL);
        CHECK_INT(virDomainSnapshotFree(snap), 0);
    } else {
        current(dom, "before");
        CHECK_INT(virDomainCreate(dom), 0);
        taken(dom, "child");
        CHECK_INT(virDomainDestroy(dom), 0);
    }
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3)
        return child(argv[2], strcmp(argv[1], "--stranger") == 0);
    conn = fixture_open(argv[0], 240);
    test_tree();
    test_handles();
    test_redefine();
    test_processes(argv[0]);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
