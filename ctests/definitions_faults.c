/* Changes of definitions while a system call fails: the process has no descriptors, or the disk
 * cannot sync or rename. A call that returns -1 has changed nothing, and one that returns 0 has
 * made the change, for this connection and for others. Definitions that could not be read are
 * not reported as missing.
 * ctest: ours-only because libvirt's daemon is another process */
#include "domain.h"
#include "faults.h"

#define METADATA VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY
#define FIRST "00000000-1111-2222-3333-000000000001"

static virConnectPtr conn;
static virDomainPtr dom;
static virStoragePoolPtr pool;
static virDomainSnapshotPtr to_be_freed;

/* Through another name of the folder the root is opened a second time, without the cached state
 * of this connection. */
static virConnectPtr try_fresh(void)
{
    char uri[sizeof(test_uri) + 16];

    print_to(uri, sizeof(uri), "sparse:///embed?root=%s/link", test_dir);
    return virConnectOpen(uri);
}

static virConnectPtr fresh(void)
{
    virConnectPtr other = try_fresh();

    CHECK(other != NULL);
    return other;
}

static virDomainPtr define(const char *name, const char *inside, int number)
{
    return virDomainDefineXML(conn, domain_xml(name, inside, number));
}

static int title_is(virConnectPtr on, const char *text)
{
    virDomainPtr found = virDomainLookupByUUIDString(on, FIRST);
    char *xml;
    int is;

    CHECK(found != NULL);
    xml = virDomainGetXMLDesc(found, VIR_DOMAIN_XML_INACTIVE);
    CHECK(xml != NULL);
    is = strstr(xml, text) != NULL;
    free(xml);
    CHECK_INT(virDomainFree(found), 0);
    return is;
}

static int has_domain(virConnectPtr on, const char *name)
{
    virDomainPtr found = virDomainLookupByName(on, name);

    if (!found) {
        CHECK_CODE(VIR_ERR_NO_DOMAIN, name);
        return 0;
    }
    CHECK_INT(virDomainFree(found), 0);
    return 1;
}

static int has_pool(virConnectPtr on, const char *name)
{
    virStoragePoolPtr found = virStoragePoolLookupByName(on, name);

    if (!found) {
        CHECK_CODE(VIR_ERR_NO_STORAGE_POOL, name);
        return 0;
    }
    CHECK_INT(virStoragePoolFree(found), 0);
    return 1;
}

static int starts(virConnectPtr on)
{
    virDomainPtr found = virDomainLookupByName(on, "d");
    int autostart = -1;

    CHECK(found != NULL);
    CHECK_INT(virDomainGetAutostart(found, &autostart), 0);
    CHECK_INT(virDomainFree(found), 0);
    return autostart;
}

static int runs(virConnectPtr on, const char *name)
{
    virDomainPtr found = virDomainLookupByName(on, name);
    int active;

    if (!found)
        return 0;
    active = virDomainIsActive(found);
    CHECK_INT(virDomainFree(found), 0);
    return active;
}

static int is_active(virConnectPtr on)
{
    virStoragePoolPtr found = virStoragePoolLookupByName(on, "p");
    int active;

    CHECK(found != NULL);
    active = virStoragePoolIsActive(found);
    CHECK_INT(virStoragePoolFree(found), 0);
    return active;
}

static int pool_starts(virConnectPtr on)
{
    virStoragePoolPtr found = virStoragePoolLookupByName(on, "p");
    int autostart = -1;

    CHECK(found != NULL);
    CHECK_INT(virStoragePoolGetAutostart(found, &autostart), 0);
    CHECK_INT(virStoragePoolFree(found), 0);
    return autostart;
}

/* The names of the snapshots with their parents, and the current one. */
static const char *snapshots(virConnectPtr on)
{
    static char text[512];
    virDomainPtr found = virDomainLookupByName(on, "d");
    virDomainSnapshotPtr *all, current;
    int i, count;

    text[0] = '\0';
    CHECK(found != NULL);
    count = virDomainListAllSnapshots(found, &all, 0);
    CHECK(count >= 0);
    for (i = 0; i < count; i++) {
        virDomainSnapshotPtr parent = virDomainSnapshotGetParent(all[i], 0);

        print_to(text + strlen(text), sizeof(text) - strlen(text), "%s<%s ",
                 virDomainSnapshotGetName(all[i]),
                 parent ? virDomainSnapshotGetName(parent) : "");
        if (parent)
            CHECK_INT(virDomainSnapshotFree(parent), 0);
        CHECK_INT(virDomainSnapshotFree(all[i]), 0);
    }
    free(all);
    current = virDomainSnapshotCurrent(found, 0);
    if (current) {
        print_to(text + strlen(text), sizeof(text) - strlen(text), "at %s",
                 virDomainSnapshotGetName(current));
        CHECK_INT(virDomainSnapshotFree(current), 0);
    }
    CHECK_INT(virDomainFree(found), 0);
    return text;
}

static virDomainSnapshotPtr redefine(const char *name, const char *parent)
{
    char xml[9000];

    print_to(xml, sizeof(xml),
             "<domainsnapshot><name>%s</name>%s%s%s<state>shutoff</state>"
             "<creationTime>1</creationTime>%s</domainsnapshot>",
             name, *parent ? "<parent><name>" : "", parent, *parent ? "</name></parent>" : "",
             domain_xml("d", "", 1));
    return virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE |
                                      VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT);
}

static void make_snapshot(const char *name, const char *parent)
{
    virDomainSnapshotPtr made = redefine(name, parent);

    CHECK(made != NULL);
    CHECK_INT(virDomainSnapshotFree(made), 0);
}

static int freed_domain(virDomainPtr made)
{
    return made ? virDomainFree(made) : -1;
}

/* Each change: the state before it, the change, and whether it was made. */
static int define_new(void) { return freed_domain(define("n", "", 2)); }
static int is_new(virConnectPtr on) { return has_domain(on, "n"); }
static int define_anew(void) { return freed_domain(define("d", "<title>new</title>", 1)); }
static int is_anew(virConnectPtr on) { return title_is(on, "<title>new</title>"); }
static int undefine(void) { return virDomainUndefine(dom); }
static int is_undefined(virConnectPtr on) { return !has_domain(on, "d"); }
static int set_autostart(void) { return virDomainSetAutostart(dom, 1); }
static void autostarts(void) { CHECK_INT(virDomainSetAutostart(dom, 1), 0); }
static int unset_autostart(void) { return virDomainSetAutostart(dom, 0); }
static int starts_not(virConnectPtr on) { return !starts(on); }
static int rename_it(void) { return virDomainRename(dom, "e", 0); }
static int is_renamed(virConnectPtr on)
{
    int renamed = has_domain(on, "e");

    CHECK_INT(has_domain(on, "d"), !renamed);
    return renamed;
}
static void has_snapshots(void)
{
    make_snapshot("a", "");
    make_snapshot("b", "a");
    make_snapshot("c", "b");
    make_snapshot("e", "b");
}
#define ALL_SNAPSHOTS "a< b<a c<b e<b at e"
static int undefine_all(void)
{
    return virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA);
}
static int is_all_undefined(virConnectPtr on)
{
    if (!has_domain(on, "d"))
        return 1;
    CHECK_STR(snapshots(on), ALL_SNAPSHOTS);
    return 0;
}
static int add_snapshot(void)
{
    virDomainSnapshotPtr made = redefine("x", "e");

    return made ? virDomainSnapshotFree(made) : -1;
}
static int is_added(virConnectPtr on)
{
    if (strcmp(snapshots(on), "a< b<a c<b e<b x<e at x") == 0)
        return 1;
    CHECK_STR(snapshots(on), ALL_SNAPSHOTS);
    return 0;
}
static int delete_snapshots(const char *name, unsigned int flags)
{
    virDomainSnapshotPtr found = virDomainSnapshotLookupByName(dom, name, 0);

    if (!found)
        return -1;
    /* Freeing it here would hide the error. */
    CHECK(to_be_freed == NULL);
    to_be_freed = found;
    return virDomainSnapshotDelete(found, METADATA | flags);
}
static int delete_inner(void) { return delete_snapshots("b", 0); }
static int is_inner_gone(virConnectPtr on)
{
    if (strcmp(snapshots(on), "a< c<a e<a at e") == 0)
        return 1;
    CHECK_STR(snapshots(on), ALL_SNAPSHOTS);
    return 0;
}
static int delete_below(void)
{
    return delete_snapshots("b", VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN);
}
static int is_below_gone(virConnectPtr on)
{
    if (strcmp(snapshots(on), "a< at a") == 0)
        return 1;
    CHECK_STR(snapshots(on), ALL_SNAPSHOTS);
    return 0;
}
static int start(void) { return virDomainCreate(dom); }
static int is_running(virConnectPtr on) { return runs(on, "d"); }
static void started(void) { CHECK_INT(virDomainCreate(dom), 0); }
static int destroy(void) { return virDomainDestroy(dom); }
static int is_stopped(virConnectPtr on) { return !runs(on, "d"); }
static int start_transient(void)
{
    return freed_domain(virDomainCreateXML(conn, domain_xml("t", "", 3), 0));
}
static int is_transient(virConnectPtr on) { return runs(on, "t"); }
static const char *named_pool(const char *name)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>", name,
             in_dir("%s", name));
    return xml;
}
static int define_pool(void)
{
    virStoragePoolPtr made = virStoragePoolDefineXML(conn, named_pool("q"), 0);

    return made ? virStoragePoolFree(made) : -1;
}
static int is_pool(virConnectPtr on) { return has_pool(on, "q"); }
static int undefine_pool(void) { return virStoragePoolUndefine(pool); }
static int is_pool_gone(virConnectPtr on) { return !has_pool(on, "p"); }
static int start_pool(void) { return virStoragePoolCreate(pool, 0); }
static void pool_started(void) { CHECK_INT(virStoragePoolCreate(pool, 0), 0); }
static int stop_pool(void) { return virStoragePoolDestroy(pool); }
static int is_inactive(virConnectPtr on) { return !is_active(on); }
static int autostart_pool(void) { return virStoragePoolSetAutostart(pool, 1); }
static void pool_autostarts(void) { CHECK_INT(virStoragePoolSetAutostart(pool, 1), 0); }
static int unset_autostart_pool(void) { return virStoragePoolSetAutostart(pool, 0); }
static int pool_starts_not(virConnectPtr on) { return !pool_starts(on); }

static const struct {
    const char *what;
    void (*before)(void);
    int (*change)(void);
    int (*is_made)(virConnectPtr on);
} changes[] = {
    { "define", NULL, define_new, is_new },
    { "define anew", NULL, define_anew, is_anew },
    { "undefine", NULL, undefine, is_undefined },
    { "undefine what starts by itself", autostarts, undefine, is_undefined },
    { "autostart", NULL, set_autostart, starts },
    { "no autostart", autostarts, unset_autostart, starts_not },
    { "rename", autostarts, rename_it, is_renamed },
    { "undefine with snapshots", has_snapshots, undefine_all, is_all_undefined },
    { "new snapshot", has_snapshots, add_snapshot, is_added },
    { "delete a snapshot", has_snapshots, delete_inner, is_inner_gone },
    { "delete snapshots", has_snapshots, delete_below, is_below_gone },
    { "start", NULL, start, is_running },
    { "destroy", started, destroy, is_stopped },
    { "start a transient domain", NULL, start_transient, is_transient },
    { "define a pool", NULL, define_pool, is_pool },
    { "undefine a pool", pool_autostarts, undefine_pool, is_pool_gone },
    { "start a pool", NULL, start_pool, is_active },
    { "stop a pool", pool_started, stop_pool, is_inactive },
    { "autostart of a pool", NULL, autostart_pool, pool_starts },
    { "no autostart of a pool", pool_autostarts, unset_autostart_pool, pool_starts_not },
};

static void nothing_is_left(void)
{
    virDomainPtr *domains;
    virStoragePoolPtr *pools;
    int i, count = virConnectListAllDomains(conn, &domains, 0);

    CHECK(count >= 0);
    for (i = 0; i < count; i++) {
        if (virDomainIsActive(domains[i]) == 1)
            CHECK_INT(virDomainDestroy(domains[i]), 0);
        if (virDomainIsPersistent(domains[i]) == 1)
            CHECK_INT(virDomainUndefineFlags(domains[i], VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
        CHECK_INT(virDomainFree(domains[i]), 0);
    }
    free(domains);
    count = virConnectListAllStoragePools(conn, &pools, 0);
    CHECK(count >= 0);
    for (i = 0; i < count; i++) {
        if (virStoragePoolIsActive(pools[i]) == 1)
            CHECK_INT(virStoragePoolDestroy(pools[i]), 0);
        CHECK_INT(virStoragePoolUndefine(pools[i]), 0);
        CHECK_INT(virStoragePoolFree(pools[i]), 0);
    }
    free(pools);
}

/* Which call fails. */
enum fault { DESCRIPTORS, SYNC, RENAME, FAULTS };

/* Whether the change has met the fault. */
static int try_change(size_t number, enum fault fault, int position)
{
    virConnectPtr other;
    int done, made, left;

    nothing_is_left();
    dom = define("d", "", 1);
    CHECK(dom != NULL);
    pool = virStoragePoolDefineXML(conn, named_pool("p"), 0);
    CHECK(pool != NULL);
    if (changes[number].before)
        changes[number].before();
    if (fault == DESCRIPTORS)
        leave_descriptors(position);
    *(fault == SYNC ? &good_syncs : &good_renames) = fault == DESCRIPTORS ? -1 : position;
    done = changes[number].change();
    left = fault == SYNC ? good_syncs : good_renames;
    good_syncs = good_renames = -1;
    free_descriptors();
    if (done != 0) {
        CHECK_INT(done, -1);
        CHECK(virGetLastError() != NULL);
        CHECK_INT(virGetLastError()->code, VIR_ERR_SYSTEM_ERROR);
        CHECK_INT(virGetLastError()->int1, fault == DESCRIPTORS ? EMFILE : EIO);
    }
    made = changes[number].is_made(conn);
    if (made != (done == 0))
        fprintf(stderr, "%s returned %d with fault %d at %d\n", changes[number].what, done,
                (int)fault, position);
    CHECK_INT(made, done == 0);
    other = fresh();
    CHECK_INT(changes[number].is_made(other), done == 0);
    CHECK_INT(virConnectClose(other), 0);
    if (to_be_freed)
        CHECK_INT(virDomainSnapshotFree(to_be_freed), 0);
    to_be_freed = NULL;
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    return fault == DESCRIPTORS ? done != 0 : left < 0;
}

static void all_changes(enum fault fault)
{
    size_t number;

    for (number = 0; number < sizeof(changes) / sizeof(changes[0]); number++) {
        int position = 0;

        /* Until it does not happen any more. */
        while (try_change(number, fault, position)) {
            position++;
            CHECK(position < 40);
        }
        /* The change was made. Stopping needs no descriptor, so it does not fail. */
        CHECK(position > 0 || fault == DESCRIPTORS);
    }
}

/* With that many free descriptors: all, or the error. */
static void listed(int free_ones)
{
    virDomainPtr *domains;
    virStoragePoolPtr *pools;
    virConnectPtr other = fresh();
    int i, count;

    leave_descriptors(free_ones);
    count = virConnectListAllDomains(other, &domains, 0);
    if (count < 0) {
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_DOMAIN, "Too many open files");
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_DOMAIN, in_dir("link/domains"));
        CHECK_INT(free_ones, 0);
        CHECK(virDomainLookupByName(other, "d1") == NULL);
        CHECK_INT(virGetLastError()->int1, EMFILE);
        CHECK_INT(virConnectNumOfDefinedDomains(other), -1);
        CHECK_INT(virConnectListAllStoragePools(other, &pools, 0), -1);
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "Too many open files");
        CHECK(virConnectOpen("sparse:///embed?root=/nowhere") == NULL);
    } else {
        CHECK_INT(count, 5);
        for (i = 0; i < count; i++)
            CHECK_INT(virDomainFree(domains[i]), 0);
        free(domains);
    }
    free_descriptors();
    /* Nothing of it was kept. */
    count = virConnectListAllDomains(other, &domains, 0);
    CHECK_INT(count, 5);
    for (i = 0; i < count; i++)
        CHECK_INT(virDomainFree(domains[i]), 0);
    free(domains);
    count = virConnectListAllStoragePools(other, &pools, 0);
    CHECK_INT(count, 5);
    for (i = 0; i < count; i++)
        CHECK_INT(virStoragePoolFree(pools[i]), 0);
    free(pools);
    CHECK(virDomainDefineXML(other, domain_xml("d1", "", 77)) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "already exists with uuid");
    CHECK_INT(virConnectClose(other), 0);
}

/* The first connection after a boot starts the pools that start by themselves, or fails and leaves
 * that to the next one. */
static void booted(void)
{
    virConnectPtr other = NULL;
    int number;

    pool = virStoragePoolDefineXML(conn, named_pool("p"), 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolSetAutostart(pool, 1), 0);
    write_pattern(in_dir("root/run/boot"), 20, 0, 1);
    for (number = 0; !other; number++) {
        CHECK(number < 40);
        leave_descriptors(number);
        other = try_fresh();
        free_descriptors();
        if (!other) {
            CHECK_INT(virGetLastError()->code, VIR_ERR_SYSTEM_ERROR);
            CHECK_INT(virGetLastError()->int1, EMFILE);
        }
    }
    CHECK(number > 1);
    CHECK_INT(is_active(other), 1);
    CHECK_INT(virConnectClose(other), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

int main(int argc, char **argv)
{
    int i;

    (void)argc;
    conn = fixture_open(argv[0], 900);
    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    CHECK_INT(symlink("root", in_dir("link")), 0);
    limit_descriptors(128);
    for (i = 0; i < 5; i++) {
        char name[8];

        print_to(name, sizeof(name), "d%d", i);
        CHECK_INT(freed_domain(define(name, "", i + 1)), 0);
        pool = virStoragePoolDefineXML(conn, named_pool(name), 0);
        CHECK(pool != NULL);
        CHECK_INT(virStoragePoolFree(pool), 0);
    }
    for (i = 0; i < 4; i++)
        listed(i);
    all_changes(DESCRIPTORS);
    all_changes(SYNC);
    all_changes(RENAME);
    nothing_is_left();
    booted();
    nothing_is_left();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
