/* The third design of streaming, 2011: by a cursor, one part at a time, or in the background. A
 * second thread polls, and a guest writes meanwhile. */
/* ctest: ours-only because libvirt has released another design */
#include "block_job.h"
#include "nbd.h"

#include <virsparse/rfc-2011-v3.h>

/* As the design calls it. */
static const virDomainStreamDiskFlags CONTINUOUS = VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS;
#define DONE "top pull completed; vda pull completed; "

static void make_large(void)
{
    CHECK_INT(run("cd %s && rm -f base top ref && head -c 24M /dev/urandom >base && cp base ref &&"
                  " truncate -s 1T base &&  qemu-img create -q -f qcow2 -b base -F raw top",
                  test_dir), 0);
}

struct watch {
    virDomainPtr dom;
    volatile int ends;
    unsigned long long looks, changes;
};

/* cur only grows, and is end in the end. */
static void *watch(void *opaque)
{
    struct watch *w = (struct watch *)opaque;
    virDomainBlockStreamCursor last = 0;

    while (!w->ends || last != (1ULL << 40)) {
        virDomainBlockStreamInfo infos[4];
        int n = virDomainGetBlockStreamInfo(w->dom, infos, 4, 0);

        CHECK(n == 0 || n == 1);
        if (n == 1) {
            CHECK_STR(infos[0].path, in_dir("top"));
            CHECK_INT(infos[0].end, 1ULL << 40);
            CHECK(infos[0].cur >= last && infos[0].cur <= infos[0].end);
            w->changes += infos[0].cur != last;
            last = infos[0].cur;
        }
        w->looks++;
    }
    return NULL;
}

/* A disk of 1 TiB takes no more steps than it has data. */
static void by_cursor(void)
{
    virDomainBlockStreamCursor cursor = 0, before;
    struct watch w = { NULL, 0, 0, 0 };
    pthread_t thread;
    virDomainPtr dom;
    char block[64 * KIB];
    int guest, steps = 0;

    make_large();
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    w.dom = dom;
    guest = nbd_open(dom, "vda");
    CHECK_INT(pthread_create(&thread, NULL, watch, &w), 0);
    do {
        before = cursor;
        /* The guest is ahead of the cursor, behind it, and between clusters. */
        memset(block, 'a' + steps, sizeof(block));
        CHECK_INT(nbd_request(guest, NBD_WRITE, block, sizeof(block),
                              (unsigned long long)(23 - steps) * MIB + 1000), 0);
        write_at(in_dir("ref"), block, sizeof(block), (unsigned long long)(23 - steps) * MIB + 1000);
        CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
        CHECK(cursor > before);
        CHECK(cursor == (1ULL << 40) || cursor - before <= 2 * MIB);
        steps++;
    } while (cursor < (1ULL << 40) && steps < 24);
    while (cursor < (1ULL << 40)) {
        CHECK_INT(virDomainBlockStream(dom, in_dir("top"), &cursor, 0), 0);
        steps++;
    }
    CHECK(steps >= 24 && steps < 100);
    w.ends = 1;
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(w.looks > 0 && w.changes > 0);
    CHECK(!has(dom, 0, "/base'"));
    close(guest);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 0), 0);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    /* There is nothing left. */
    cursor = 5;
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
    CHECK_INT(cursor, 1ULL << 40);
    expect_events("");
    stop(dom);
    CHECK_INT(run("cd %s && rm base && ! qemu-img info top | grep backing && truncate -s 1T ref",
                  test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* Clusters that are larger than an increment, smaller, and in parts; a base that ends inside of one. */
static void options(void)
{
    static const char *const all[] = { "cluster_size=2M", "cluster_size=512", "compat=0.10",
                                       "extended_l2=on,cluster_size=128k" };
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        virDomainBlockStreamCursor cursor = 0, before;
        virDomainPtr dom;

        CHECK_INT(run("cd %s && rm -f base top ref && head -c 5243000 /dev/urandom >base && cp base ref &&"
                      " qemu-img create -q -f qcow2 -o %s -b base -F raw top 9M &&"
                      " qemu-io -f qcow2 -c 'write -P 3 1000k 100k' -c 'write -P 4 8M 4k'"
                      " -c 'write -z 3M 300k' top >/dev/null && qemu-img convert -f qcow2 -O raw top ref",
                      test_dir, all[i]), 0);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        do {
            before = cursor;
            CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
            CHECK(cursor > before);
        } while (cursor < 9 * MIB);
        CHECK(!has(dom, 0, "/base'"));
        CHECK(guest_sees_ref(dom));
        stop(dom);
        CHECK_INT(run("cd %s && rm base && ! qemu-img info top | grep backing", test_dir), 0);
        CHECK(same_as_ref("top", "qcow2"));
        CHECK(clean("top"));
    }
}

static void continuous(void)
{
    virDomainBlockStreamCursor cursor = 77;
    virDomainBlockStreamInfo info;
    virDomainPtr dom;

    make_large();
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, CONTINUOUS), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, 0), 0);
    CHECK_INT(cursor, 77);
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 1);
    CHECK_STR(info.path, in_dir("top"));
    CHECK(info.cur < info.end);
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "already in active block job");
    CHECK_INT(cursor, 77);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 0), 0);
    expect_events("top pull canceled; vda pull canceled; ");
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 0);
    CHECK_INT(virDomainBlockStream(dom, "vda", NULL, CONTINUOUS), 0);
    expect_events(DONE);
    CHECK(!has(dom, 0, "/base'"));
    stop(dom);
    CHECK_INT(run("cd %s && rm base && truncate -s 1T ref", test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* Progress in one image does not count for the next: a disk with a new active layer is not
 * listed. */
static void other_top(void)
{
    virDomainPtr dom = start_chain();
    virDomainBlockStreamCursor cursor = 0;
    virDomainBlockStreamInfo info;
    virDomainSnapshotPtr snapshot;
    char xml[4096];

    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 1);
    print_to(xml, sizeof(xml), "<domainsnapshot><disks><disk name='vda' snapshot='external'>"
             "<source file='%s'/></disk></disks></domainsnapshot>", in_dir("newer"));
    snapshot = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                                                        VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA);
    CHECK(snapshot != NULL);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 0);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    for (cursor = 0; cursor < 8 * MIB;) {
        CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
        CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 1);
        CHECK_STR(info.path, in_dir("newer"));
        CHECK(info.cur == cursor && info.end == 8 * MIB);
    }
    CHECK(!has(dom, 0, "/top'"));
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK_INT(run("cd %s && rm base mid top", test_dir), 0);
    CHECK(same_as_ref("newer", "qcow2"));
    CHECK(clean("newer"));
}

/* Internal snapshots need the backing images as well, and are not copied: no image leaves the
 * chain. */
static void internal_snapshot(void)
{
    virDomainBlockStreamCursor cursor = 0;
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cd %s && qemu-img snapshot -c one top && qemu-io -f qcow2 -c 'write -P 9 0 1M' top >/dev/null"
                  " && qemu-img convert -f qcow2 -O raw -l snapshot.name=one top ref",
                  test_dir), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in");
    CHECK_INT(virDomainBlockStream(dom, "vda", NULL, CONTINUOUS), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in");
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in");
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("base"), 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in");
    CHECK_INT(cursor, 0);
    stop(dom);
    CHECK_INT(run("cd %s && qemu-img convert -f qcow2 -O raw -l snapshot.name=one top copy && cmp copy ref",
                  test_dir), 0);
    /* The same when the definition ends the chain, because the header still names the backing
     * image. */
    dom = start(disk_xml("vda", "top", "qcow2", "<backingStore/>"));
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in");
    stop(dom);
    /* Snapshots without a backing image do not matter. */
    CHECK_INT(run("cd %s && rm top && qemu-img create -q -f qcow2 top 8M && qemu-img snapshot -c one top",
                  test_dir), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), 0);
    CHECK_INT(cursor, 8 * MIB);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events(DONE);
    stop(dom);
    CHECK(clean("top"));
}

/* A copy is no streaming, and is not ended as one. */
static void other_job(void)
{
    virDomainPtr dom = start_chain();
    virDomainBlockStreamInfo info;

    start_stuck_copy(dom, "vda", dest_file("copy", "qcow2"), 0);
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 0), 0);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "already in active block job");
    CHECK_INT(job_info(dom, "vda", 1).type, VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    forget_events(2);
    stop(dom);
}

/* A loop over one disk keeps no job on another from its end. */
static void beside_a_job(void)
{
    virDomainBlockStreamCursor cursor = 0;
    unsigned long long ended = 0;
    char disks[4096];
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cd %s && head -c 128M /dev/zero | tr '\\0' x >large &&"
                  " qemu-img create -q -f qcow2 -b large -F raw other", test_dir), 0);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "top", "qcow2", ""),
             disk_xml("vdb", "other", "qcow2", ""));
    dom = start(disks);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    while (cursor < 128 * MIB) {
        CHECK_INT(virDomainBlockStream(dom, "vdb", &cursor, 0), 0);
        if (ended == 0 && job_info_or_none(dom, "vda") == 0)
            ended = cursor;
    }
    CHECK(ended > 0 && ended < 128 * MIB);
    expect_events(DONE);
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

static void refusals(void)
{
    virDomainBlockStreamCursor cursor = 8 * MIB + 1;
    virDomainBlockStreamInfo info;
    virDomainPtr dom = start_chain(), other;
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);

    CHECK_INT(sizeof(info.path), VIR_DOMAIN_BLOCK_STREAM_PATH_MAX);
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK_INT(cursor, 8 * MIB + 1);
    CHECK_INT(virDomainBlockStream(dom, "vda", NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "cursor");
    CHECK_INT(virDomainBlockStream(dom, "vda", &cursor, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda", 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK_INT(virDomainGetBlockStreamInfo(dom, NULL, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "infos");
    CHECK_INT(virDomainGetBlockStreamInfo(dom, &info, 1, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK(reader != NULL);
    other = virDomainLookupByName(reader, "jobs");
    CHECK(other != NULL);
    cursor = 0;
    CHECK_INT(virDomainBlockStream(other, "vda", &cursor, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockStream");
    CHECK_INT(virDomainBlockStreamAbort(other, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockStreamAbort");
    CHECK_INT(virDomainGetBlockStreamInfo(other, &info, 1, 0), 0);
    CHECK_INT(virDomainFree(other), 0);
    CHECK_INT(virConnectClose(reader), 0);
    stop(dom);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 120);
    by_cursor();
    options();
    continuous();
    other_top();
    internal_snapshot();
    other_job();
    beside_a_job();
    refusals();
    return jobs_close(__FILE__);
}
