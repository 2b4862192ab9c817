/* Renaming domains: in memory like libvirt's test driver, and in files, where a domain has
 * either the old or the new name at any time. */
#include "domain.h"

#include <dlfcn.h>

#define REFUSED(call, code, text) \
    do { \
        CHECK_INT(call, -1); \
        CHECK_CODE(code, text); \
    } while (0)

static char seen[1024];

static int note(virConnectPtr conn, virDomainPtr dom, int event, int detail, void *data)
{
    size_t used = strlen(seen);

    (void)conn;
    (void)data;
    print_to(seen + used, sizeof(seen) - used, "%s:%d.%d ", virDomainGetName(dom), event, detail);
    return 0;
}

static void tick(int timer, void *done)
{
    (void)timer;
    *(int *)done = 1;
}

/* The events since the last call. */
static void events_are(const char *want)
{
    int done = 0;
    int timer = virEventAddTimeout(100, tick, &done, NULL);

    CHECK(timer >= 0);
    while (!done)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    CHECK_STR(seen, want);
    seen[0] = '\0';
}

static int is_there(virConnectPtr conn, const char *name)
{
    virDomainPtr dom = virDomainLookupByName(conn, name);

    if (dom)
        CHECK_INT(virDomainFree(dom), 0);
    else
        CHECK_CODE(VIR_ERR_NO_DOMAIN, "Domain not found");
    return dom != NULL;
}

static int autostart_of(virConnectPtr conn, const char *name)
{
    virDomainPtr dom = virDomainLookupByName(conn, name);
    int autostart = -1;

    CHECK(dom != NULL);
    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    CHECK_INT(virDomainFree(dom), 0);
    return autostart;
}

static const char *defined(const char *name)
{
    static char xml[512];

    print_to(xml, sizeof(xml),
             "<domain type='test'><name>%s</name><title>kept</title><memory>1024</memory>"
             "<os><type>hvm</type></os></domain>", name);
    return xml;
}

static void rename_one(const char *uri)
{
    virConnectPtr conn = virConnectOpen(uri), reader = virConnectOpenReadOnly(uri);
    virDomainPtr dom, other, found;
    unsigned char uuid[VIR_UUID_BUFLEN], same[VIR_UUID_BUFLEN];
    char *xml;
    int callback;

    CHECK(conn != NULL && reader != NULL);
    other = virDomainDefineXML(conn, defined("other"));
    dom = virDomainDefineXML(conn, defined("old"));
    CHECK(dom != NULL && other != NULL);
    callback = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                VIR_DOMAIN_EVENT_CALLBACK(note), NULL, NULL);
    CHECK(callback >= 0);
    CHECK_INT(virDomainSetAutostart(dom, 1), 0);
    CHECK_INT(virDomainGetUUID(dom, uuid), 0);
    CHECK_INT(virDomainRename(dom, "new", 0), 0);
    events_are("old:1.1 new:0.2 ");
    CHECK(!is_there(conn, "old"));
    CHECK_INT(autostart_of(conn, "new"), 1);
    found = virDomainLookupByName(conn, "new");
    CHECK_INT(virDomainGetUUID(found, same), 0);
    CHECK(memcmp(uuid, same, sizeof(uuid)) == 0);
    xml = virDomainGetXMLDesc(found, 0);
    CHECK(strstr(xml, "<name>new</name>") != NULL && strstr(xml, "<title>kept</title>") != NULL);
    free(xml);
    CHECK_INT(virDomainFree(found), 0);
    /* The handle is of the same domain, with the name that it was made with. */
    CHECK_STR(virDomainGetName(dom), "old");
    CHECK_INT(virDomainIsPersistent(dom), 1);

    REFUSED(virDomainRename(dom, "new", 0), VIR_ERR_OPERATION_INVALID,
            "Can't rename domain to itself");
    REFUSED(virDomainRename(dom, "other", 0), VIR_ERR_OPERATION_INVALID,
            "domain with name 'other' already exists");
    REFUSED(virDomainRename(dom, "a/b", 0), VIR_ERR_XML_ERROR, "name a/b cannot contain '/'");
    REFUSED(virDomainRename(dom, NULL, 1), VIR_ERR_INVALID_ARG,
            "new_name in virDomainRename must not be NULL");
    REFUSED(virDomainRename(dom, "", 1), VIR_ERR_INVALID_ARG,
            "string new_name in virDomainRename must not be empty");
    REFUSED(virDomainRename(dom, "x", 1), VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    REFUSED(virDomainRename(NULL, "x", 0), VIR_ERR_INVALID_DOMAIN, "virDomainRename");
    found = virDomainLookupByName(reader, "new");
    REFUSED(virDomainRename(found, NULL, 0), VIR_ERR_INVALID_ARG, "must not be NULL");
    REFUSED(virDomainRename(found, "x", 1), VIR_ERR_OPERATION_DENIED,
            "read only access prevents virDomainRename");
    CHECK_INT(virDomainFree(found), 0);
    if (ours) {
        REFUSED(virDomainRename(dom, "..", 0), VIR_ERR_XML_ERROR, "is not allowed");
        REFUSED(virDomainRename(dom, "a\nb", 0), VIR_ERR_XML_DETAIL, "invalid char in name");
    }

    CHECK_INT(virDomainCreate(dom), 0);
    REFUSED(virDomainRename(dom, "x", 0), VIR_ERR_OPERATION_INVALID,
            "cannot rename active domain");
    CHECK_INT(virDomainDestroy(dom), 0);
    events_are(strcmp(virConnectGetType(conn), "SPARSE") == 0
                   ? "new:4.0 new:2.0 new:6.2 new:5.1 "
                   : "new:2.0 new:5.1 ");
    CHECK_INT(virDomainSetAutostart(dom, 0), 0);
    CHECK_INT(virDomainRename(dom, "old", 0), 0);
    CHECK_INT(autostart_of(conn, "old"), 0);
    CHECK_INT(virDomainRename(dom, "third", 0), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    events_are("new:1.1 old:0.2 old:1.1 third:0.2 third:1.0 ");
    REFUSED(virDomainRename(dom, "x", 0), VIR_ERR_NO_DOMAIN, "Domain not found");
    /* A name that was given up is as any other. */
    found = virDomainDefineXML(conn, defined("new"));
    CHECK(found != NULL);
    CHECK_INT(autostart_of(conn, "new"), 0);
    CHECK_INT(virDomainUndefine(found), 0);
    CHECK_INT(virDomainUndefine(other), 0);
    CHECK_INT(virDomainFree(found), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virDomainFree(other), 0);
    events_are("new:0.0 new:1.0 other:1.0 ");
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, callback), 0);
    events_are("");
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(virConnectClose(reader), 0);
}

/* The files before and after, and everything that a crash can leave in between. */
static void files(void)
{
    const char *uri = test_uri;
    virConnectPtr conn = virConnectOpen(uri), other;
    virDomainPtr dom = virDomainDefineXML(conn, defined("one"));

    CHECK(dom != NULL);
    CHECK_INT(virDomainSetAutostart(dom, 1), 0);
    CHECK_INT(virDomainRename(dom, "two", 0), 0);
    CHECK(!exists(in_dir("root/domains/one.xml")));
    CHECK(!exists(in_dir("root/domains/autostart/one.xml")));
    CHECK(exists(in_dir("root/domains/two.xml")));
    CHECK(exists(in_dir("root/domains/autostart/two.xml")));
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);

    /* The file has its new name, and its old text and mark. */
    CHECK_INT(rename(in_dir("root/domains/two.xml"), in_dir("root/domains/three.xml")), 0);
    CHECK_INT(run("cp '%s' '%s'", in_dir("root/domains/autostart/two.xml"),
                  in_dir("root/domains/autostart/three.xml")), 0);
    conn = virConnectOpen(uri);
    CHECK(!is_there(conn, "two"));
    CHECK_INT(autostart_of(conn, "three"), 1);
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 1);
    /* A new domain has the old name now. */
    dom = virDomainDefineXML(conn, defined("two"));
    CHECK(dom != NULL);
    CHECK_INT(autostart_of(conn, "two"), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    dom = virDomainLookupByName(conn, "three");
    CHECK_INT(virDomainRename(dom, "four", 0), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);

    /* A copy of a file is no domain. */
    CHECK_INT(run("cp '%s' '%s'", in_dir("root/domains/four.xml"), in_dir("root/domains/a.xml")),
              0);
    conn = virConnectOpen(uri);
    other = virConnectOpen(uri);
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 1);
    CHECK(is_there(conn, "four") && !is_there(other, "a"));
    dom = virDomainLookupByName(other, "four");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(unlink(in_dir("root/domains/a.xml")), 0);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(virConnectClose(other), 0);
}

static void snapshots(void)
{
    const char *xml = "<domainsnapshot><name>s</name></domainsnapshot>";
    virConnectPtr conn = virConnectOpen(test_uri);
    virDomainSnapshotPtr snapshot;
    virDomainPtr dom;

    close(open(in_dir("a.img"), O_CREAT | O_WRONLY, 0600));
    CHECK_INT(truncate(in_dir("a.img"), MIB), 0);
    dom = virDomainDefineXML(conn, domain_xml("snapped", disk_xml("vda", "a.img", "raw", ""), 1));
    CHECK(dom != NULL);
    snapshot = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
    CHECK(snapshot != NULL);
    REFUSED(virDomainRename(dom, "x", 0), VIR_ERR_OPERATION_INVALID,
            "cannot rename domain with snapshots");
    CHECK_INT(virDomainSnapshotDelete(snapshot, VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY), 0);
    CHECK_INT(virDomainRename(dom, "x", 0), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 60);
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    rename_one("test:///default");
    if (ours) {
        rename_one(test_uri);
        files();
        snapshots();
    }
    return CHECK_DONE();
}
