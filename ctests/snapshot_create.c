/* Disk snapshots: where the overlays are, the definitions afterwards, and errors. */
#include "domain.h"

#define DISK_ONLY VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY

static virConnectPtr conn;

static const char *snap_xml(const char *name, const char *disks)
{
    static char ring[4][4096];
    static unsigned int next;
    char *xml = ring[next++ % 4];

    print_to(xml, sizeof(ring[0]), "<domainsnapshot><name>%s</name><disks>%s</disks></domainsnapshot>",
             name, disks);
    return xml;
}

/* A disk's `<disk>` whose new image is that file. */
static const char *to_file(const char *name, const char *file)
{
    static char ring[4][4096];
    static unsigned int next;
    char *xml = ring[next++ % 4];

    print_to(xml, sizeof(ring[0]), "<disk name='%s'><source file='%s'/></disk>", name,
             in_dir("%s", file));
    return xml;
}

static void take(virDomainPtr dom, const char *xml, unsigned int flags)
{
    virDomainSnapshotPtr snap = virDomainSnapshotCreateXML(dom, xml, DISK_ONLY | flags);

    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

static void refused(virDomainPtr dom, const char *xml, unsigned int flags, int code, const char *text)
{
    CHECK(virDomainSnapshotCreateXML(dom, xml, flags) == NULL);
    CHECK_CODE(code, text);
}

static void has(virDomainPtr dom, unsigned int flags, const char *text, int there)
{
    char *xml = virDomainGetXMLDesc(dom, flags);

    CHECK(xml != NULL);
    CHECK_INT(strstr(xml, text) != NULL, there);
    free(xml);
}

static void has_file(virDomainPtr dom, unsigned int flags, const char *file, int there)
{
    char text[512];

    print_to(text, sizeof(text), "<source file='%s'", in_dir("%s", file));
    has(dom, flags, text, there);
}

static void make_images(void)
{
    CHECK_INT(run("cd %s && rm -f a.* b.* c.* r.* && qemu-img create -q -f qcow2 a.qcow2 8M &&"
                  " qemu-img create -q -f raw b.img 8M && qemu-img create -q -f raw r.img 8M",
                  test_dir), 0);
}

static const char *disks(void)
{
    static char xml[8192];

    print_to(xml, sizeof(xml), "%s%s%s<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/>"
             "<readonly/></disk>", disk_xml("vda", "a.qcow2", "qcow2", ""),
             disk_xml("vdb", "b.img", "raw", ""), disk_xml("vdr", "r.img", "raw", "<readonly/>"));
    return xml;
}

static virDomainPtr define(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("snaps", disks(), 1));

    CHECK(dom != NULL);
    return dom;
}

static void gone(virDomainPtr dom)
{
    if (virDomainIsActive(dom) == 1)
        CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void test_running(void)
{
    virDomainPtr dom;
    virDomainSnapshotPtr snap;
    char *xml;

    make_images();
    dom = define();
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 1M' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 2 0 1M' '%s'", disk_uri(dom, "vdb")), 0);
    snap = virDomainSnapshotCreateXML(dom, snap_xml("s1", ""),
                                      DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC);
    CHECK(snap != NULL);
    CHECK_STR(virDomainSnapshotGetName(snap), "s1");
    CHECK_INT(run("qemu-io -f raw -c 'write -P 3 512k 1M' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 4 512k 1M' '%s'", disk_uri(dom, "vdb")), 0);
    /* Both definitions name the new images, by libvirt's default names. */
    has_file(dom, 0, "a.s1", 1);
    has_file(dom, 0, "a.qcow2", 1);
    has_file(dom, 0, "b.s1", 1);
    has_file(dom, VIR_DOMAIN_XML_INACTIVE, "a.s1", 1);
    has_file(dom, VIR_DOMAIN_XML_INACTIVE, "b.s1", 1);
    has_file(dom, VIR_DOMAIN_XML_INACTIVE, "r.img", 1);
    xml = virDomainSnapshotGetXMLDesc(snap, 0);
    CHECK(xml != NULL);
    {
        char a[512], b[512];
        const char *const texts[] = {
            "<domainsnapshot>", "<name>s1</name>", "<state>disk-snapshot</state>", "<creationTime>",
            "<memory snapshot='no'/>", "<disk name='vda' snapshot='external' type='file'>",
            "<driver type='qcow2'/>", a, "<disk name='vdb' snapshot='external' type='file'>", b,
            "<disk name='vdr' snapshot='no'/>", "<disk name='hdc' snapshot='no'/>",
            "<domain type=", "a.qcow2'", "</domain>", "<inactiveDomain type=", NULL,
        };

        print_to(a, sizeof(a), "<source file='%s'/>", in_dir("a.s1"));
        print_to(b, sizeof(b), "<source file='%s'/>", in_dir("b.s1"));
        in_order(xml, texts);
    }
    free(xml);
    CHECK_INT(virDomainSnapshotFree(snap), 0);

    /* By path, to a name, only one disk; a relative chain of three. */
    take(dom, snap_xml("s2", "<disk name='vdb' snapshot='no'/>"), VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE);
    CHECK(!exists(in_dir("b.s2")));
    {
        char by_path[512];

        print_to(by_path, sizeof(by_path), "<disk name='%s'><driver type='qcow2'/></disk>"
                 "<disk name='vdb' snapshot='no'/>", in_dir("a.s2"));
        take(dom, snap_xml("s3", by_path), VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA);
    }
    CHECK_INT(run("qemu-io -f raw -c 'read -P 1 0 512k' -c 'read -P 3 512k 1M' '%s' >%s &&"
                  " ! grep -q failed %s", disk_uri(dom, "vda"), in_dir("out"), in_dir("out")), 0);
    CHECK_INT(virDomainDestroy(dom), 0);

    CHECK_INT(run("cd %s && for i in a.qcow2 a.s1 a.s2 a.s3 b.s1; do qemu-img check -q -f qcow2 $i ||"
                  " exit 1; done; qemu-img info --backing-chain -f qcow2 a.s3 >info &&"
                  " grep -q \"^backing file: $PWD/a.s2\" info && grep -q \"^backing file: $PWD/a.s1\""
                  " info && grep -q \"^backing file: $PWD/a.qcow2\" info &&"
                  " grep -q '^backing file format: qcow2' info", test_dir), 0);
    /* Old data is in the old image, and new data in the overlay. */
    CHECK_INT(run("cd %s && qemu-io -r -f qcow2 -c 'read -P 1 0 1M' -c 'read -P 0 1M 7M' a.qcow2 >out &&"
                  " qemu-io -r -f raw -c 'read -P 2 0 1M' -c 'read -P 0 1M 7M' b.img >>out &&"
                  " qemu-io -r -f qcow2 -c 'read -P 1 0 512k' -c 'read -P 3 512k 1M' a.s3 >>out &&"
                  " qemu-io -r -f qcow2 -c 'read -P 2 0 512k' -c 'read -P 4 512k 1M' b.s1 >>out &&"
                  " ! grep -q failed out", test_dir), 0);
    /* It starts again with the new chains. */
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 1 0 512k' -c 'read -P 3 512k 1M' '%s' >%s &&"
                  " ! grep -q failed %s", disk_uri(dom, "vda"), in_dir("out"), in_dir("out")), 0);
    gone(dom);
}

static void test_inactive(void)
{
    virDomainPtr dom;
    virDomainSnapshotPtr snap;
    char *xml;

    make_images();
    dom = define();
    snap = virDomainSnapshotCreateXML(dom, snap_xml("off", ""), DISK_ONLY);
    CHECK(snap != NULL);
    xml = virDomainSnapshotGetXMLDesc(snap, 0);
    CHECK(xml != NULL);
    CHECK(strstr(xml, "<state>shutoff</state>") != NULL);
    CHECK(strstr(xml, "<inactiveDomain") == NULL);
    free(xml);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
    has_file(dom, 0, "a.off", 1);
    has_file(dom, 0, "b.off", 1);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 5 0 64k' '%s'", disk_uri(dom, "vdb")), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(run("cd %s && qemu-io -r -f qcow2 -c 'read -P 5 0 64k' b.off >out && ! grep -q failed out"
                  " && qemu-io -r -f raw -c 'read -P 0 0 8M' b.img >out && ! grep -q failed out",
                  test_dir), 0);
    gone(dom);
}

static void test_reuse(void)
{
    virDomainPtr dom;
    const char *no_b = "<disk name='vdb' snapshot='no'/>";
    char disk[4096];

    make_images();
    dom = define();
    CHECK_INT(virDomainCreate(dom), 0);
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.q"), no_b);
    refused(dom, snap_xml("r", disk), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
            VIR_ERR_SYSTEM_ERROR, "missing existing file for disk vda: ");
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 c.q 8M", test_dir), 0);
    refused(dom, snap_xml("r", disk), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
            VIR_ERR_CONFIG_UNSUPPORTED, "no backing image");
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 -b r.img -F raw c.q 8M", test_dir), 0);
    refused(dom, snap_xml("r", disk), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
            VIR_ERR_CONFIG_UNSUPPORTED, "r.img' of format raw, not");
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 c.q 9M", test_dir), 0);
    refused(dom, snap_xml("r", disk), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT,
            VIR_ERR_CONFIG_UNSUPPORTED, "9437184");
    CHECK_INT(run("cd %s && rm c.q && truncate -s 1M c.q", test_dir), 0);
    CHECK(virDomainSnapshotCreateXML(dom, snap_xml("r", disk),
                                     DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT) == NULL);
    CHECK_INT(file_size(in_dir("c.q")), MIB);
    refused(dom, snap_xml("r", disk), DISK_ONLY, VIR_ERR_CONFIG_UNSUPPORTED,
            "external snapshot file for disk vda already exists and is not a block device: ");
    /* Of the right image, by a relative name. */
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 -b a.qcow2 -F qcow2 c.q 8M", test_dir), 0);
    take(dom, snap_xml("r", disk), VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT);
    has_file(dom, 0, "c.q", 1);
    /* An empty file is as good as none. */
    CHECK_INT(run(": >%s", in_dir("c.empty")), 0);
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.empty"), no_b);
    take(dom, snap_xml("e", disk), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 6 0 64k' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(run("cd %s && qemu-img check -q -f qcow2 c.empty && qemu-img check -q -f qcow2 c.q",
                  test_dir), 0);
    gone(dom);
}

/* What fails changes nothing. */
static void test_failures(void)
{
    virDomainPtr dom;
    char disk[4096];
    const char *no_b = "<disk name='vdb' snapshot='no'/>";

    make_images();
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 c.there 8M", test_dir), 0);
    dom = define();
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 1M' '%s'", disk_uri(dom, "vda")), 0);
    take(dom, snap_xml("dup", no_b), 0);
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.other"), no_b);
    refused(dom, snap_xml("dup", disk), DISK_ONLY, VIR_ERR_OPERATION_FAILED,
            "domain moment dup already exists");
    CHECK(!exists(in_dir("c.other")));
    /* The second disk's fails: the first one's is gone again. */
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.first"), to_file("vdb", "none/x"));
    refused(dom, snap_xml("f", disk), DISK_ONLY, VIR_ERR_SYSTEM_ERROR, "failed to create image file '");
    CHECK(!exists(in_dir("c.first")));
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.first"), to_file("vdb", "c.there"));
    refused(dom, snap_xml("f", disk), DISK_ONLY, VIR_ERR_CONFIG_UNSUPPORTED,
            "external snapshot file for disk vdb already exists and is not a block device: ");
    print_to(disk, sizeof(disk), "%s%s", to_file("vda", "c.first"), to_file("vdb", "c.first"));
    refused(dom, snap_xml("f", disk), DISK_ONLY, VIR_ERR_CONFIG_UNSUPPORTED, "collision");
    CHECK(!exists(in_dir("c.first")));
    refused(dom, snap_xml("f", "<disk name='vda' snapshot='internal'/>"), DISK_ONLY,
            VIR_ERR_CONFIG_UNSUPPORTED, "require external disk snapshots; disk vda requested internal");
    refused(dom, snap_xml("f", "<disk name='vda' snapshot='no'/><disk name='vdb' snapshot='no'/>"),
            DISK_ONLY, VIR_ERR_CONFIG_UNSUPPORTED, "nothing selected for snapshot");
    refused(dom, snap_xml("f", "<disk name='vda'><driver type='raw'/></disk>"), DISK_ONLY,
            VIR_ERR_CONFIG_UNSUPPORTED, "external snapshot format for disk vda is unsupported: raw");
    refused(dom, snap_xml("f", "<disk name='vdz'/>"), DISK_ONLY, VIR_ERR_CONFIG_UNSUPPORTED,
            "no disk named 'vdz'");
    refused(dom, snap_xml("a/b", ""), DISK_ONLY, VIR_ERR_XML_DETAIL,
            "invalid snapshot name 'a/b': name can't contain '/'");
    refused(dom, "<domainsnap", DISK_ONLY, VIR_ERR_XML_DETAIL, "");
    refused(dom, NULL, DISK_ONLY, VIR_ERR_INVALID_ARG, "must not be NULL");
    /* Flags. */
    refused(dom, snap_xml("f", "<disk nmae='vda'/>"), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE,
            VIR_ERR_XML_INVALID_SCHEMA, "Invalid attribute nmae for element disk");
    refused(dom, snap_xml("f", ""), 0, VIR_ERR_OPERATION_UNSUPPORTED, "DISK_ONLY");
    refused(dom, snap_xml("f", ""), DISK_ONLY | 1024, VIR_ERR_INVALID_ARG, "unsupported flags (0x400)");
    refused(dom, snap_xml("f", ""), VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE, VIR_ERR_INVALID_ARG,
            "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY' is required by flag"
            " 'VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE'");
    refused(dom, snap_xml("f", ""), VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT, VIR_ERR_INVALID_ARG,
            "Flag 'VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE' is required by flag"
            " 'VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT'");
    refused(dom, snap_xml("f", ""), VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE |
            VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA, VIR_ERR_INVALID_ARG, "are mutually exclusive");
    refused(dom, snap_xml("f", ""), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_LIVE,
            VIR_ERR_OPERATION_UNSUPPORTED,
            "live snapshot creation is supported only during full system snapshots");
    refused(dom, snap_xml("f", ""), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE,
            VIR_ERR_ARGUMENT_UNSUPPORTED, "QEMU guest agent is not configured");
    CHECK_INT(virDomainSuspend(dom), 0);
    refused(dom, snap_xml("f", ""), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE,
            VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainResume(dom), 0);
    /* A job works on the disk. */
    print_to(disk, sizeof(disk), "<disk type='file'><driver type='raw'/><source file='%s'/></disk>",
             in_dir("c.copy"));
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", disk, NULL, 0, 0), 0);
    refused(dom, snap_xml("f", ""), DISK_ONLY, VIR_ERR_BLOCK_COPY_ACTIVE,
            "disk 'vda' already in active block job");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    refused(dom, snap_xml("f", ""), DISK_ONLY | VIR_DOMAIN_SNAPSHOT_CREATE_HALT,
            VIR_ERR_OPERATION_INVALID, "cannot halt after transient domain snapshot");
    CHECK(!exists(in_dir("a.f")));
    CHECK(!exists(in_dir("b.f")));
    /* Nothing of all this has harmed the disks. */
    take(dom, snap_xml("f", ""), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 1 0 1M' '%s' >%s && ! grep -q failed %s",
                  disk_uri(dom, "vda"), in_dir("out"), in_dir("out")), 0);
    /* The metadata of a transient domain's snapshots is deleted with it. */
    CHECK_INT(virDomainSnapshotNum(dom, 0), 2);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    make_images();
    dom = define();
    CHECK_INT(virDomainSnapshotNum(dom, 0), 0);
    gone(dom);
}

/* If the metadata cannot be written, there is no snapshot, and guests use the old images. */
static void test_root_that_cannot_be_written(void)
{
    static const char *const folders[] = {
        "root/snapshots/00000000-1111-2222-3333-000000000001", "root/domains",
    };
    virDomainPtr dom;
    int i;

    make_images();
    dom = define();
    CHECK_INT(virDomainCreate(dom), 0);
    take(dom, snap_xml("first", ""), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 1M' '%s'", disk_uri(dom, "vda")), 0);
    for (i = 0; i < 2; i++) {
        char name[16];

        /* Where the temporary file would be is a folder. */
        CHECK_INT(mkdir(in_dir("%s/.new", folders[i]), 0700), 0);
        print_to(name, sizeof(name), "w%d", i);
        refused(dom, snap_xml(name, ""), DISK_ONLY, VIR_ERR_SYSTEM_ERROR, "cannot write '");
        CHECK_INT(rmdir(in_dir("%s/.new", folders[i])), 0);
        has_file(dom, 0, in_dir("a.w%d", i) + strlen(test_dir) + 1, 0);
        has_file(dom, 0, "a.first", 1);
        has_file(dom, VIR_DOMAIN_XML_INACTIVE, "a.first", 1);
        CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
        CHECK_INT(run("qemu-io -f raw -c 'write -P %d %dM 1M' '%s'", i + 2, i + 1,
                      disk_uri(dom, "vda")), 0);
        CHECK_INT(run("qemu-io -f raw -c 'write -P %d %dM 1M' '%s'", i + 2, i + 1,
                      disk_uri(dom, "vdb")), 0);
    }
    CHECK(!exists(in_dir("a.w0")));
    CHECK(!exists(in_dir("b.w0")));
    take(dom, snap_xml("last", ""), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(run("cd %s && qemu-img check -q -f qcow2 a.first && qemu-img check -q -f qcow2 b.first &&"
                  " qemu-io -r -f qcow2 -c 'read -P 1 0 1M' -c 'read -P 2 1M 1M' -c 'read -P 3 2M 1M'"
                  " a.first >out && qemu-io -r -f qcow2 -c 'read -P 2 1M 1M' -c 'read -P 3 2M 1M' b.first"
                  " >>out && ! grep -q failed out", test_dir), 0);
    gone(dom);
}

static void test_states(void)
{
    virDomainPtr dom;
    int state, reason;

    make_images();
    dom = define();
    CHECK_INT(virDomainCreate(dom), 0);
    /* The caller's part is done while nothing is written. */
    take(dom, snap_xml("m", "<disk name='vda' snapshot='manual'/>"), 0);
    CHECK_INT(virDomainGetState(dom, &state, &reason, 0), 0);
    CHECK_INT(state, VIR_DOMAIN_PAUSED);
    CHECK_INT(reason, VIR_DOMAIN_PAUSED_SNAPSHOT);
    has_file(dom, 0, "b.m", 1);
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(virDomainSuspend(dom), 0);
    take(dom, snap_xml("p", ""), 0);
    CHECK_INT(virDomainGetState(dom, &state, &reason, 0), 0);
    CHECK_INT(reason, VIR_DOMAIN_PAUSED_USER);
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 6 0 64k' '%s'", disk_uri(dom, "vda")), 0);
    take(dom, snap_xml("h", ""), VIR_DOMAIN_SNAPSHOT_CREATE_HALT);
    CHECK_INT(virDomainGetState(dom, &state, &reason, 0), 0);
    CHECK_INT(state, VIR_DOMAIN_SHUTOFF);
    CHECK_INT(reason, VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT);
    has_file(dom, 0, "a.h", 1);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 6 0 64k' '%s' >%s && ! grep -q failed %s",
                  disk_uri(dom, "vda"), in_dir("out"), in_dir("out")), 0);
    gone(dom);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    test_running();
    test_inactive();
    test_reuse();
    test_failures();
    if (ours)
        test_root_that_cannot_be_written();
    test_states();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
