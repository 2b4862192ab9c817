/* Allocating space for a range of a disk in use, by a job. Afterwards the active layer has all
 * data in the range, as qemu-img map and stat report, and guests read the same as before. */
/* ctest: ours-only because libvirt has no such function */
#include "block_job.h"

#include <dlfcn.h>
#include <virsparse/virsparse.h>

/* A filesystem that can neither reserve space nor tell where holes are: the whole of a file is data. So
 * are ntfs-3g and older NFS. */
static volatile int hides_holes;

/* The C library's own. */
#define REAL(result, name, declared, call) \
    result(*real) declared; \
    void *found = dlsym(RTLD_NEXT, name); \
    memcpy(&real, &found, sizeof(real)); \
    return real call

static off_t seek(int fd, off_t offset, int whence, const char *name)
{
    struct stat sb;

    if (hides_holes && (whence == SEEK_DATA || whence == SEEK_HOLE) && fstat(fd, &sb) == 0) {
        if (offset < sb.st_size)
            return whence == SEEK_DATA ? offset : sb.st_size;
        errno = ENXIO;
        return -1;
    }
    REAL(off_t, name, (int, off_t, int), (fd, offset, whence));
}

#ifdef __cplusplus
extern "C" {
#endif

/* They have names of their own here, because headers declare the C library's in several ways. */
off_t our_lseek(int fd, off_t offset, int whence) __asm__("lseek");
off_t our_lseek(int fd, off_t offset, int whence)
{
    return seek(fd, offset, whence, "lseek");
}

off_t our_lseek64(int fd, off_t offset, int whence) __asm__("lseek64");
off_t our_lseek64(int fd, off_t offset, int whence)
{
    return seek(fd, offset, whence, "lseek64");
}

int our_fallocate(int fd, int mode, off_t offset, off_t length) __asm__("fallocate");
int our_fallocate(int fd, int mode, off_t offset, off_t length)
{
    if (hides_holes) {
        errno = EOPNOTSUPP;
        return -1;
    }
    REAL(int, "fallocate", (int, int, off_t, off_t), (fd, mode, offset, length));
}

#ifdef __cplusplus
}
#endif

#define DONE "top pull completed; vda pull completed; "

/* How many bytes of a range have space in the image on top: by us, and by qemu-img. */
static unsigned long long on_top(virDomainPtr dom, const char *file, unsigned long long offset,
                                 unsigned long long length)
{
    virSparseBlockExtentPtr extents = NULL;
    unsigned long long sum = 0;
    int i, n = 0;

    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", offset, length, &n, &extents, 0), 0);
    for (i = 0; i < n; i++)
        if (extents[i].depth == 0 && extents[i].type != VIR_SPARSE_EXTENT_HOLE)
            sum += extents[i].length;
    free(extents);
    CHECK_INT(run("qemu-img map -U --output=json -f qcow2 --start-offset=%llu --max-length=%llu %s |"
                  " python3 -c 'import json, sys\n"
                  "their = sum(e[\"length\"] for e in json.load(sys.stdin)"
                  " if e[\"depth\"] == 0 and (e[\"data\"] or \"offset\" in e))\n"
                  "sys.exit(\"%llu, by qemu-img %%d\" %% their if their != %llu else 0)'",
                  offset, length, in_dir("%s", file), sum, sum), 0);
    return sum;
}

static void allocate(virDomainPtr dom, unsigned long long offset, unsigned long long length)
{
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", offset, length, 0), 0);
    expect_events(DONE);
    job_info(dom, "vda", 0);
    CHECK(guest_sees_ref(dom));
}

static void ends(virDomainPtr dom)
{
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
    expect_events("");
}

/* Several ranges; a range that begins or ends within a cluster includes the whole cluster. */
static void chains(void)
{
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cd %s && qemu-io -f qcow2 -c 'write -z 4M 1M' -c 'write -P 9 6M 128k'"
                  " -c 'write -z 6M 64k' top >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw top ref", test_dir), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(on_top(dom, "top", 0, 8 * MIB), MIB + 192 * KIB);
    allocate(dom, MIB, 2 * MIB);
    CHECK_INT(on_top(dom, "top", MIB, 2 * MIB), 2 * MIB);
    CHECK_INT(on_top(dom, "top", 0, MIB), 0);
    /* It is there already. */
    allocate(dom, MIB, 2 * MIB);
    allocate(dom, 512 * KIB + 100, 1);
    CHECK_INT(on_top(dom, "top", 0, MIB), 64 * KIB);
    /* Zeros with and without space. */
    allocate(dom, 4 * MIB, 4 * MIB);
    CHECK_INT(on_top(dom, "top", 4 * MIB, 4 * MIB), 4 * MIB);
    CHECK_INT(on_top(dom, "top", 0, MIB), 64 * KIB);
    allocate(dom, 8 * MIB, 0);
    /* Guests need not run for it. */
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virSparseDomainBlockAllocate(dom, in_dir("top"), 0, 0, 0), 0);
    expect_events(DONE);
    CHECK_INT(on_top(dom, "top", 0, 8 * MIB), 8 * MIB);
    CHECK_INT(virDomainResume(dom), 0);
    CHECK(guest_sees_ref(dom));
    /* The chain is as it was, though nothing of it is needed. */
    CHECK(has(dom, 0, "/mid' index='2'/>"));
    stop(dom);
    CHECK_INT(run("qemu-img info --output=json %s | grep -q '\"backing-filename\": \".*mid\"'",
                  in_dir("top")), 0);
    CHECK_INT(run("cd %s && qemu-img rebase -u -f qcow2 -b '' top && test $(stat -c %%b top) -ge 16384",
                  test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* Images with large and small clusters, with subclusters, without a backing image, and with
 * holes in the file. */
static void options(void)
{
    static const char *const all[] = { "cluster_size=2M", "cluster_size=512", "compat=0.10",
                                       "extended_l2=on,cluster_size=128k", "preallocation=metadata",
                                       "data_file=$PWD/data", "lazy_refcounts=on" };
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        int data = strncmp(all[i], "data", 4) == 0;
        virDomainPtr dom;

        CHECK_INT(run("cd %s && rm -f top data ref && qemu-img create -q -f qcow2 -o %s top 9M &&"
                      " qemu-io -f qcow2 -c 'write -P 3 1000k 100k' -c 'write -P 4 8M 4k'"
                      " -c 'discard 1040k 20k' top >/dev/null && qemu-img convert -f qcow2 -O raw"
                      " top ref", test_dir, all[i]), 0);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        allocate(dom, 1000000, 5000000);
        CHECK_INT(on_top(dom, "top", 1000000, 5000000), 5000000);
        allocate(dom, 0, 0);
        CHECK_INT(run("test $(stat -c %%b %s) -ge 18432", in_dir(data ? "data" : "top")), 0);
        ends(dom);
    }
}

static void raw(void)
{
    virDomainPtr dom;
    unsigned long long begin;

    make_chain("");
    CHECK_INT(run("cd %s && mv base top && truncate -s 1G top && cp top ref", test_dir), 0);
    dom = start(disk_xml("vda", "top", "raw", ""));
    begin = file_allocation(in_dir("top"));
    allocate(dom, 512 * MIB, 16 * MIB);
    CHECK_INT(file_allocation(in_dir("top")), begin + 16 * MIB);
    allocate(dom, 0, 64 * MIB);
    CHECK(file_allocation(in_dir("top")) >= 80 * MIB);
    allocate(dom, 512 * MIB, 16 * MIB);
    CHECK(file_allocation(in_dir("top")) < 96 * MIB);
    CHECK_INT(file_size(in_dir("top")), 1024 * MIB);
    stop(dom);
    CHECK(same_as_ref("top", "raw"));
}

/* The holes of a raw image get space where the filesystem does not tell where they are: of a disk, and
 * of a volume. */
static void hidden_holes(void)
{
    virStoragePoolPtr pool = make_pool(conn, "p");
    virStorageVolPtr vol;
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cd %s && mv base top && truncate -s 64M top && cp top ref && cp top p/v && sync -f p",
                  test_dir), 0);
    hides_holes = 1;
    dom = start(disk_xml("vda", "top", "raw", ""));
    allocate(dom, 8 * MIB, 24 * MIB);
    CHECK(file_allocation(in_dir("top")) >= 27 * MIB);
    CHECK(file_allocation(in_dir("top")) < 32 * MIB);
    allocate(dom, 0, 0);
    CHECK(file_allocation(in_dir("top")) >= 64 * MIB);
    stop(dom);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    vol = virStorageVolLookupByName(pool, "v");
    CHECK(vol != NULL);
    CHECK(file_allocation(in_dir("p/v")) < 8 * MIB);
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), 0);
    CHECK(file_allocation(in_dir("p/v")) >= 64 * MIB);
    hides_holes = 0;
    CHECK(same_as_ref("top", "raw"));
    CHECK(same_as_ref("p/v", "raw"));
    vol_gone(vol);
    pool_gone(pool);
}

/* Guests' writes during the job are not lost; the job can be queried, limited and aborted. */
static void busy(void)
{
    virDomainBlockJobInfo info;
    unsigned long long last = 0;
    virDomainPtr dom;
    int i;

    CHECK_INT(run("cd %s && rm -f base top ref && truncate -s 256M base &&"
                  " qemu-io -f raw -c 'write -P 1 0 64M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b base -F raw top && cp base ref", test_dir), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 0, 128 * MIB, 0), 0);
    /* On a busy machine it may be at its end before it has a limit. */
    while (virDomainBlockJobSetSpeed(dom, "vda", 2, 0) < 0) {
        expect_events(DONE);
        stop(dom);
        CHECK_INT(run("cd %s && rm top && qemu-img create -q -f qcow2 -b base -F raw top", test_dir),
                  0);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 0, 128 * MIB, 0), 0);
    }
    for (i = 0; i < 20; i++) {
        /* At places before and behind the one where the job is. */
        unsigned int at = (unsigned int)i * 6789 % 131000;

        CHECK_INT(run("cd %s && qemu-io -f raw -c 'write -P %d %uk 100k' -c 'write -z %uk 30k' '%s'"
                      " >/dev/null && qemu-io -f raw -c 'write -P %d %uk 100k' -c 'write -z %uk 30k'"
                      " ref >/dev/null", test_dir, i + 10, at, at + 20, disk_uri(dom, "vda"), i + 10,
                      at, at + 20), 0);
        if (job_info_or_none(dom, "vda")) {
            info = job_info(dom, "vda", 1);
            CHECK_INT(info.type, VIR_DOMAIN_BLOCK_JOB_TYPE_PULL);
            CHECK_INT(info.end, 128 * MIB);
            CHECK(info.cur >= last && info.cur < info.end);
            last = info.cur;
            if (i == 0) {
                CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 0, 0, 0), -1);
                CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "disk 'vda' already in active block job");
            }
        }
    }
    CHECK(last > 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    expect_events(DONE);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(on_top(dom, "top", 128 * MIB, 128 * MIB), 0);

    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 128 * MIB, 0, 0), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, 0), 0);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("top pull canceled; vda pull canceled; ");
    /* The data of the job is as durable as the guests' writes. */
    CHECK_INT(run("qemu-io -f raw -c flush '%s'", disk_uri(dom, "vda")), 0);
    CHECK(on_top(dom, "top", 128 * MIB, 128 * MIB) < 128 * MIB);
    CHECK(guest_sees_ref(dom));
    ends(dom);
}

static void refused(virDomainPtr dom, unsigned long long offset, unsigned long long length,
                    unsigned int flags, const char *text)
{
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", offset, length, flags), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text);
}

static void refusals(void)
{
    virDomainPtr dom = start_chain(), seen;
    virConnectPtr readonly = virConnectOpenReadOnly(test_uri);

    refused(dom, 8 * MIB + 1, 0, 0, "beyond the end of disk 'vda' of 8388608 bytes");
    refused(dom, 0, 8 * MIB + 1, 0, "beyond the end of disk 'vda'");
    refused(dom, ~0ULL, 1, 0, "beyond the end of disk 'vda'");
    refused(dom, 0, 0, 1, "unsupported flags (0x1) in function");
    CHECK_INT(virSparseDomainBlockAllocate(dom, NULL, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "disk in virSparseDomainBlockAllocate");
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vdb", 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "disk 'vdb' not found in domain");
    CHECK_INT(virSparseDomainBlockAllocate(NULL, "vda", 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOM, "in virSparseDomainBlockAllocate");
    CHECK(readonly != NULL);
    seen = virDomainLookupByName(readonly, "jobs");
    CHECK(seen != NULL);
    CHECK_INT(virSparseDomainBlockAllocate(seen, "vda", 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "");
    CHECK_INT(virDomainFree(seen), 0);
    CHECK_INT(virConnectClose(readonly), 0);
    CHECK_INT(on_top(dom, "top", 0, 8 * MIB), MIB + 64 * KIB);
    ends(dom);

    dom = start(disk_xml("vda", "top", "qcow2", "<readonly/>"));
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "disk 'vda' is read-only");
    stop(dom);
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK_INT(virSparseDomainBlockAllocate(dom, "vda", 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 240);
    chains();
    options();
    raw();
    hidden_holes();
    busy();
    refusals();
    return jobs_close(__FILE__);
}
