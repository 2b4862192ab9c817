/* Domains of test:///default with disks in memory: queries and block jobs. No file of the
 * machine is used.
 * ctest: ours-only because the disks of libvirt's test domains have no data */
#include "block_job.h"

#include <virsparse/virsparse.h>

#define SIZE (8 * MIB)

static virStoragePoolPtr pool;

static const char *vol_path(const char *name)
{
    static __thread char ring[4][256];
    static __thread unsigned int next;
    char *path = ring[next++ % 4];

    print_to(path, sizeof(ring[0]), "/default-pool/%s", name);
    return path;
}

static const char *memory_disk(const char *target, const char *name, const char *format,
                               const char *inside)
{
    static __thread char ring[4][1024];
    static __thread unsigned int next;
    char *xml = ring[next++ % 4];

    print_to(xml, sizeof(ring[0]),
             "<disk type='file'><driver type='%s'/><source file='/default-pool/%s'/>"
             "<target dev='%s'/>%s</disk>",
             format, name, target, inside);
    return xml;
}

static virStorageVolPtr volume(const char *name)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);

    CHECK(vol != NULL);
    return vol;
}

static void remove_volume(const char *name)
{
    vol_gone(volume(name));
}

/* A raw volume with the data of another one (none if that is NULL) and some data of its own. */
static void make_raw(const char *name, const char *from, unsigned long long at, size_t size,
                     unsigned int seed)
{
    virStorageVolPtr vol, source;
    virStreamPtr st;

    if (from) {
        source = volume(from);
        vol = virStorageVolCreateXMLFrom(pool, vol_xml(name, SIZE, 0), source, 0);
        CHECK(vol != NULL);
        CHECK_INT(virStorageVolFree(source), 0);
    } else {
        vol = make_vol(pool, name, SIZE, 0);
    }
    st = upload_to(vol, at, size, 0);
    send_pattern(st, size, at, seed);
    finish_and_free(st);
    CHECK_INT(virStorageVolFree(vol), 0);
}

/* An image over another one that reads as a raw volume. */
static void make_over(const char *name, const char *like, const char *below, const char *format)
{
    virStorageVolPtr source = volume(like), vol;
    char xml[1024];

    print_to(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>%llu</capacity><allocation>0</allocation>"
             "<target><format type='qcow2'/></target><backingStore><path>%s</path>"
             "<format type='%s'/></backingStore></volume>",
             name, SIZE, below, format);
    vol = virStorageVolCreateXMLFrom(pool, xml, source, 0);
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStorageVolFree(source), 0);
}

/* base, mid and top, and what they read as: base, ref-mid and ref. */
static void make_memory_chain(void)
{
    make_raw("base", NULL, 0, 3 * MIB, 1);
    make_raw("ref-mid", "base", MIB, MIB, 2);
    make_raw("ref", "ref-mid", 2 * MIB, 5 * MIB, 3);
    make_over("mid", "ref-mid", "/default-pool/base", "raw");
    make_over("top", "ref", "/default-pool/mid", "qcow2");
}

static char *content(const char *name)
{
    virStorageVolPtr vol = volume(name);
    virStreamPtr st = download_from(vol, 0, 0, 0);
    char *got = (char *)malloc(SIZE);

    CHECK(got != NULL);
    CHECK_INT(recv_bytes(st, got, SIZE), SIZE);
    finish_and_free(st);
    CHECK_INT(virStorageVolFree(vol), 0);
    return got;
}

static int equal(const char *one, const char *other)
{
    char *a = content(one), *b = content(other);
    int same = memcmp(a, b, SIZE) == 0;

    free(a);
    free(b);
    return same;
}

/* Compares what an image reads as with a raw volume. */
static int reads_as(const char *image, const char *raw)
{
    virStorageVolPtr source = volume(image), flat;
    int same;

    flat = virStorageVolCreateXMLFrom(pool, vol_xml("flat", SIZE, 0), source, 0);
    CHECK(flat != NULL);
    CHECK_INT(virStorageVolFree(source), 0);
    same = equal("flat", raw);
    vol_gone(flat);
    return same;
}

static int described_with(const char *name, const char *text)
{
    virStorageVolPtr vol = volume(name);
    char *xml = virStorageVolGetXMLDesc(vol, 0);
    int found;

    CHECK(xml != NULL);
    found = strstr(xml, text) != NULL;
    free(xml);
    CHECK_INT(virStorageVolFree(vol), 0);
    return found;
}

static void remove_chain(void)
{
    remove_volume("base");
    remove_volume("ref-mid");
    remove_volume("ref");
    remove_volume("mid");
    remove_volume("top");
}

static void no_events(void)
{
    expect_events("");
}

/* By the volume's name and by its path. */
static void questions(void)
{
    const char *by_name = "<disk type='volume'><source pool='default-pool' volume='v'/>"
                          "<target dev='vda'/></disk>";
    virSparseBlockExtentPtr extents = NULL;
    virDomainBlockStatsStruct stats;
    virDomainBlockInfo info;
    virDomainPtr dom, other;
    char *want = pattern(MIB, MIB, 5), *got = (char *)malloc(MIB);
    int way, count = 0;

    CHECK(got != NULL);
    make_raw("v", NULL, MIB, MIB, 5);
    for (way = 0; way < 2; way++) {
        dom = start(way ? by_name : memory_disk("vda", "v", "raw", ""));
        CHECK(has(dom, 0, "index='1'/>"));
        CHECK(!has(dom, 0, "export"));
        CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
        CHECK_INT(info.capacity, SIZE);
        CHECK_INT(info.allocation, MIB);
        CHECK_INT(info.physical, SIZE);
        CHECK_INT(virDomainBlockPeek(dom, "vda", MIB, MIB, got, 0), 0);
        CHECK(memcmp(want, got, MIB) == 0);
        CHECK_INT(virDomainBlockStats(dom, "vda", &stats, sizeof(stats)), 0);
        CHECK_INT(stats.rd_req, 0);
        CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 0, 0, &count, &extents, 0), 0);
        CHECK_INT(count, 3);
        CHECK_INT(extents[0].length, MIB);
        CHECK_INT(extents[1].length, MIB);
        free(extents);
        CHECK(virSparseDomainGetDiskURI(dom, "vda", 0) == NULL);
        CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN,
                  "disk 'vda' is not served by this connection");
        /* Only one domain can write an image; another one can have it in its definition. */
        other = virDomainCreateXML(
            conn, domain_xml("other", memory_disk("vda", "v", "raw", ""), 2), 0);
        CHECK(other != NULL);
        CHECK_INT(virDomainGetBlockInfo(other, "vda", &info, 0), 0);
        CHECK_INT(info.capacity, SIZE);
        CHECK_INT(virDomainBlockStats(other, "vda", &stats, sizeof(stats)), 0);
        CHECK_INT(stats.wr_req, 0);
        CHECK_INT(virDomainBlockPeek(other, "vda", 0, MIB, got, 0), -1);
        CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_DOMAIN,
                  "disk 'vda' is only defined: '/default-pool/v' could not be opened");
        CHECK_INT(virDomainBlockResize(other, "vda", 2 * SIZE, VIR_DOMAIN_BLOCK_RESIZE_BYTES), -1);
        CHECK_INT(virDomainDestroy(other), 0);
        CHECK_INT(virDomainFree(other), 0);
        CHECK_INT(virDomainBlockResize(dom, "vda", 2 * SIZE, VIR_DOMAIN_BLOCK_RESIZE_BYTES), 0);
        CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
        CHECK_INT(info.capacity, 2 * SIZE);
        CHECK_INT(virDomainBlockResize(dom, "vda", SIZE, VIR_DOMAIN_BLOCK_RESIZE_BYTES), 0);
        CHECK_INT(virDomainSuspend(dom), 0);
        CHECK_INT(virDomainResume(dom), 0);
        stop(dom);
    }
    /* Of a domain that does not run. */
    dom = virDomainDefineXML(conn, domain_xml("off", by_name, 3));
    CHECK(dom != NULL);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, SIZE);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 0, 0, &count, &extents, 0), 0);
    CHECK_INT(count, 3);
    free(extents);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    remove_volume("v");
    free(want);
    free(got);
    no_events();
}

static void copies(void)
{
    virDomainPtr dom;
    virStorageVolPtr vol;

    make_raw("v", NULL, MIB, MIB, 7);
    dom = start(memory_disk("vda", "v", "raw", ""));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", vol_path("c"), "raw"), NULL, 0,
                                 0), 0);
    wait_ready(dom, "vda");
    CHECK(has(dom, 0, "<mirror type='file' file='/default-pool/c' format='raw' job='copy' "
                      "ready='yes'>"));
    pivot(dom, "vda");
    expect_events("/default-pool/v copy ready; vda copy ready; "
                  "/default-pool/c copy completed; vda copy completed; ");
    CHECK(has(dom, 0, "<source file='/default-pool/c' index='2'/>"));
    CHECK(equal("v", "c"));

    /* Onto a volume that is there, in another format. */
    vol = virStorageVolCreateXML(pool,
                                 "<volume><name>q</name><capacity>8388608</capacity><allocation>0"
                                 "</allocation><target><format type='qcow2'/></target></volume>",
                                 0);
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", vol_path("q"), "qcow2"), NULL,
                                 0, VIR_DOMAIN_BLOCK_COPY_REUSE_EXT), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    forget_events(4);
    stop(dom);
    CHECK(reads_as("q", "v"));

    /* After an abort the copy exists, and the disk is unchanged. */
    dom = start(memory_disk("vda", "v", "raw", ""));
    CHECK_INT(virDomainBlockRebase(dom, "vda", vol_path("r"), 0,
                                   VIR_DOMAIN_BLOCK_REBASE_COPY | VIR_DOMAIN_BLOCK_REBASE_COPY_RAW),
              0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    forget_events(4);
    CHECK(equal("v", "r"));

    /* Not over an existing volume, and not where no volume can be created. */
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", vol_path("r"), "raw"), NULL, 0,
                                 0), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "already exists");
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", "/nowhere/r", "raw"), NULL, 0,
                                 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "failed to create copy target '/nowhere/r'");
    CHECK_INT(virDomainBlockCopy(dom, "vda",
                                 "<disk type='network'><source protocol='nbd' name='x'>"
                                 "<host name='localhost' port='1'/></source></disk>", NULL, 0,
                                 VIR_DOMAIN_BLOCK_COPY_REUSE_EXT), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "copies to sources of type network are not made");
    stop(dom);
    remove_volume("v");
    remove_volume("c");
    remove_volume("q");
    remove_volume("r");
    no_events();
}

static void chains(void)
{
    const char *const backing[] = {"file='/default-pool/top' index='1'/>",
                                   "file='/default-pool/mid' index='2'/>",
                                   "file='/default-pool/base' index='3'/>", NULL};
    virStorageVolPtr vol;
    virDomainPtr dom;

    make_memory_chain();
    CHECK(reads_as("top", "ref"));
    dom = start(memory_disk("vda", "top", "qcow2", ""));
    vol = volume("top");
    CHECK_INT(virStorageVolResize(vol, 64 * MIB, 0), -1);
    CHECK_ERR(VIR_ERR_RESOURCE_BUSY, VIR_FROM_STORAGE,
              "'/default-pool/top' is in use by domain 'jobs'");
    CHECK_INT(virStorageVolFree(vol), 0);
    described(dom, 0, backing);
    CHECK_INT(virDomainBlockRebase(dom, "vda", "/default-pool/base", 0, 0), 0);
    wait_gone(dom, "vda");
    expect_events("/default-pool/top pull completed; vda pull completed; ");
    CHECK(!has(dom, 0, "/default-pool/mid"));
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    wait_gone(dom, "vda");
    forget_events(2);
    CHECK(!has(dom, 0, "/default-pool/base"));
    stop(dom);
    CHECK(!described_with("top", "<backingStore>"));
    CHECK(reads_as("top", "ref"));
    CHECK(reads_as("mid", "ref-mid"));
    remove_chain();

    make_memory_chain();
    dom = start(memory_disk("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "/default-pool/mid", 0, 0), 0);
    wait_gone(dom, "vda");
    expect_events("/default-pool/top commit completed; vda commit completed; ");
    CHECK(equal("base", "ref-mid"));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0,
                                   VIR_DOMAIN_BLOCK_COMMIT_ACTIVE | VIR_DOMAIN_BLOCK_COMMIT_DELETE),
              0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    forget_events(4);
    CHECK(has(dom, 0, "<source file='/default-pool/base'"));
    stop(dom);
    CHECK(equal("base", "ref"));
    /* DELETE: it is gone. */
    CHECK(virStorageVolLookupByName(pool, "top") == NULL);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "top");
    remove_volume("base");
    remove_volume("ref-mid");
    remove_volume("ref");
    remove_volume("mid");
    no_events();
}

static void snapshots(void)
{
    const unsigned int only = VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY;
    virDomainSnapshotPtr snapshot, found;
    virDomainPtr dom;

    make_raw("v", NULL, 0, MIB, 4);
    dom = virDomainDefineXML(conn, domain_xml("snap", memory_disk("vda", "v", "raw", ""), 4));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    snapshot = virDomainSnapshotCreateXML(dom, "<domainsnapshot><name>one</name></domainsnapshot>",
                                          only);
    CHECK(snapshot != NULL);
    CHECK(has(dom, 0, "<source file='/default-pool/v.one' index='2'/>"));
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "<source file='/default-pool/v.one'/>"));
    CHECK(described_with("v.one", "<path>/default-pool/v</path>"));
    CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
    CHECK_INT(virDomainSnapshotIsCurrent(snapshot, 0), 1);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    /* Of a domain that does not run. */
    snapshot = virDomainSnapshotCreateXML(dom, "<domainsnapshot><name>two</name></domainsnapshot>",
                                          only);
    CHECK(snapshot != NULL);
    found = virDomainSnapshotGetParent(snapshot, 0);
    CHECK(found != NULL);
    CHECK_STR(virDomainSnapshotGetName(found), "one");
    CHECK_INT(virDomainSnapshotFree(found), 0);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK(reads_as("v.two", "v"));
    CHECK_INT(virDomainUndefine(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot delete inactive domain with 2 snapshots");
    snapshot = virDomainSnapshotLookupByName(dom, "one", 0);
    CHECK(snapshot != NULL);
    CHECK_INT(virDomainSnapshotDelete(snapshot, VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY), 0);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainSnapshotNum(dom, 0), 1);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    forget_events(4);
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "<source file='/default-pool/v'/>"));
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
    /* Another domain of that UUID has none. */
    dom = virDomainDefineXML(conn, domain_xml("snap", memory_disk("vda", "v", "raw", ""), 4));
    CHECK(dom != NULL);
    CHECK_INT(virDomainSnapshotNum(dom, 0), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    remove_volume("v");
    remove_volume("v.one");
    remove_volume("v.two");
    no_events();
}

/* To serve such a disk to guests, its definition has to name a TCP address. */
static void guests(void)
{
    virDomainPtr dom;
    char uri[256];
    char *tcp;

    make_raw("v", NULL, 0, MIB, 9);
    dom = start(memory_disk("vda", "v", "raw", "<v:listen xmlns:v='urn:virsparse:domain:1'/>"));
    tcp = virSparseDomainGetDiskURI(dom, "vda", VIR_SPARSE_DISK_URI_TCP);
    CHECK(tcp != NULL);
    print_to(uri, sizeof(uri), "%s", tcp);
    free(tcp);
    CHECK(has(dom, 0, uri));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", vol_path("c"), "raw"), NULL, 0,
                                 0), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 4 2M 64k' -c flush '%s' >/dev/null", uri), 0);
    wait_ready(dom, "vda");
    CHECK_INT(run("qemu-io -f raw -c 'write -P 5 4M 64k' -c flush '%s' >/dev/null", uri), 0);
    pivot(dom, "vda");
    forget_events(4);
    CHECK(equal("v", "c"));
    CHECK_INT(run("qemu-io -f raw -c 'write -P 6 6M 64k' -c flush '%s' >/dev/null", uri), 0);
    stop(dom);
    CHECK(!equal("v", "c"));
    remove_volume("v");
    remove_volume("c");
}

/* A path is one in memory, or it is nowhere, also where a file of the machine has it. */
static void only_memory(void)
{
    const char *real = in_dir("real.img");
    virDomainBlockInfo info;
    virDomainPtr dom;
    char buf[16];

    write_pattern(real, 64 * KIB, 0, 1);
    dom = start(disk_xml("vda", "real.img", "raw", ""));
    CHECK_INT(virDomainIsActive(dom), 1);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "Cannot access storage file");
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK_INT(virDomainBlockPeek(dom, "vda", 0, sizeof(buf), buf, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "Cannot access storage file");
    CHECK_INT(virDomainBlockResize(dom, "vda", MIB, VIR_DOMAIN_BLOCK_RESIZE_BYTES), -1);
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), -1);
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK(virDomainSnapshotCreateXML(dom, "<domainsnapshot/>",
                                     VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY) == NULL);
    stop(dom);

    /* Neither as the destination of a copy nor as a snapshot's overlay, new or reused. */
    make_raw("v", NULL, 0, MIB, 2);
    dom = start(memory_disk("vda", "v", "raw", ""));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("new.img", "raw"), NULL, 0, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "failed to create copy target");
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK(!exists(in_dir("new.img")));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("real.img", "raw"), NULL, 0,
                                 VIR_DOMAIN_BLOCK_COPY_REUSE_EXT), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "missing destination file for disk vda");
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("real.img", "raw"), NULL, 0, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "failed to create copy target");
    print_to(test_uri, sizeof(test_uri),
             "<domainsnapshot><disks><disk name='vda'><source file='%s'/></disk></disks>"
             "</domainsnapshot>",
             in_dir("snap.img"));
    CHECK(virDomainSnapshotCreateXML(dom, test_uri,
                                     VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                                         VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA) == NULL);
    CHECK(!exists(in_dir("snap.img")));
    CHECK_INT(virDomainAttachDevice(dom, disk_xml("vdb", "real.img", "raw", "")), 0);
    CHECK_INT(virDomainGetBlockInfo(dom, "vdb", &info, 0), -1);
    CHECK_INT(virGetLastError()->int1, ENOENT);
    stop(dom);
    remove_volume("v");
    CHECK(file_has_pattern(real, 64 * KIB, 0, 1));
    CHECK_INT(file_size(real), 64 * KIB);
    CHECK_INT(unlink(real), 0);
    no_events();
}

/* The disk of libvirt's own domain is empty, of the size that libvirt's test driver reports. */
static void default_domain(void)
{
    virDomainPtr dom = virDomainLookupByName(conn, "test");
    virDomainBlockStatsStruct stats;
    virDomainBlockInfo info;
    char buf[512];

    CHECK(dom != NULL);
    CHECK_INT(virDomainIsActive(dom), 1);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, 1099506450432ULL);
    CHECK_INT(info.allocation, 0);
    CHECK_INT(info.physical, info.capacity);
    CHECK_INT(virDomainBlockPeek(dom, "/guest/diskimage1", info.capacity - 512, 512, buf, 0), 0);
    CHECK(is_zero(buf, sizeof(buf)));
    CHECK_INT(virDomainBlockStats(dom, "vda", &stats, sizeof(stats)), 0);
    CHECK_INT(stats.rd_req, 0);
    CHECK_INT(stats.errs, 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    CHECK_INT(setenv("TEST_URI", "test:///default", 1), 0);
    jobs_open(argv[0], 240);
    ours = 1;
    pool = virStoragePoolLookupByName(conn, "default-pool");
    CHECK(pool != NULL);
    questions();
    copies();
    chains();
    snapshots();
    guests();
    only_memory();
    default_domain();
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    return jobs_close(__FILE__);
}
