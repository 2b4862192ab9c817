/* The designs of April 2011: streaming a disk by units or in the background, allocating a range of it
 * with a map of what is allocated, and streaming a range of it. */
/* ctest: ours-only because libvirt has released another design */
#include "block_job.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <virsparse/virsparse.h>

#include <virsparse/rfc-2011-04.h>

#define ONE VIR_STREAM_DISK_ONE
#define START VIR_STREAM_DISK_START
#define STOP VIR_STREAM_DISK_STOP
#define NONE ((unsigned long long)-1)
#define DONE "top pull completed; vda pull completed; "
#define CANCELED "top pull canceled; vda pull canceled; "

/* How many bytes the image on top has. */
static unsigned long long own_bytes(virDomainPtr dom)
{
    virDomainBlockRegionPtr regions = NULL;
    unsigned long long sum = 0, last = 0;
    unsigned int n = 77, i;

    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, &regions), 0);
    CHECK((n == 0) == (regions == NULL));
    for (i = 0; i < n; i++) {
        CHECK(regions[i].length > 0 && (i == 0 || regions[i].offset > last));
        last = regions[i].offset + regions[i].length;
        sum += regions[i].length;
    }
    free(regions);
    return sum;
}

/* No backing image is left, for us and for qemu-img. */
static void ends_alone(virDomainPtr dom)
{
    CHECK(has(dom, 0, "<backingStore/>"));
    CHECK(!has(dom, 0, "/mid'"));
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK_INT(run("cd %s && rm base mid && ! qemu-img info top | grep backing", test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* The loop of the design's text. */
static void unit_by_unit(void)
{
    virDomainPtr dom = start_chain();
    unsigned long long offset = 0, own = own_bytes(dom);
    virStreamDiskState state;
    int units = 0;

    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 0);
    while (offset < 8 * MIB) {
        unsigned long long next = virDomainStreamDisk(dom, "vda", offset, ONE), now = own_bytes(dom);

        CHECK(next != NONE && next > offset);
        CHECK(now >= own + 64 * KIB && now <= own + MIB);
        CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 1);
        CHECK_STR(state.path, in_dir("top"));
        CHECK_INT(state.offset, next);
        CHECK_INT(state.size, 8 * MIB);
        CHECK_INT(has(dom, 0, "/mid'"), next < 8 * MIB);
        offset = next;
        own = now;
        units++;
    }
    /* The parts are: 64 KiB of base, up to mid's, mid's, and up to the top's own. */
    CHECK_INT(units, 4);
    CHECK(own_bytes(dom) < 4 * MIB);
    /* There is nothing left, at the end and before. */
    CHECK_INT(virDomainStreamDisk(dom, "vda", offset, ONE), 8 * MIB);
    CHECK_INT(virDomainStreamDisk(dom, "vda", 0, ONE), 8 * MIB);
    CHECK_INT(virDomainStreamDisk(dom, "vda", 12345, STOP), 8 * MIB);
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 0);
    expect_events("");
    ends_alone(dom);
}

/* base has so many MiB of data. */
static void make_large(const char *top, unsigned int mib)
{
    CHECK_INT(run("cd %s && rm -f base-%s %s ref && head -c %uM /dev/urandom >base-%s && ln base-%s ref &&"
                  " qemu-img create -q -f qcow2 -b base-%s -F raw %s",
                  test_dir, top, top, mib, top, top, top, top), 0);
}

/* Whether the image on top has the first bytes of the disk. */
static int has_its_beginning(virDomainPtr dom)
{
    virDomainBlockRegionPtr regions = NULL;
    unsigned int n = 0;
    int has;

    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, &regions), 0);
    has = n > 0 && regions[0].offset == 0;
    free(regions);
    return has;
}

static void in_the_background(void)
{
    virStreamDiskState state;
    unsigned long long next, seen = 0;
    virDomainPtr dom;

    make_large("top", 64);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainStreamDisk(dom, in_dir("top"), 0, START), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 20, 0), 0);
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 1);
    CHECK_STR(state.path, in_dir("top"));
    CHECK(state.offset < state.size);
    CHECK(virDomainStreamDisk(dom, "vda", 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "already in active block job");
    CHECK(virDomainStreamDisk(dom, "vda", 0, START) == NONE);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "already in active block job");
    while (seen == 0) {
        /* valgrind runs one thread at a time, which would be this one. */
        short_pause();
        CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 1);
        seen = state.offset;
    }
    /* Several threads copy; all before the offset is there, whatever is there behind it. */
    CHECK(has_its_beginning(dom));
    next = virDomainStreamDisk(dom, "vda", 0, STOP);
    CHECK(next >= seen && next < 64 * MIB && next % (64 * KIB) == 0);
    expect_events(CANCELED);
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 0);
    /* All before that is there. */
    CHECK(own_bytes(dom) >= next);
    CHECK(guest_sees_ref(dom));
    CHECK(virDomainStreamDisk(dom, "vda", 0, STOP) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    /* Where it is counts from the beginning of the disk, wherever it has begun. */
    CHECK_INT(virDomainStreamDisk(dom, "vda", next, START), next);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, 0), 0);
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 1);
    CHECK(state.offset >= next && state.offset < state.size);
    CHECK_INT(state.size, 64 * MIB);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    expect_events(DONE);
    CHECK_INT(own_bytes(dom), 64 * MIB);
    CHECK(!has(dom, 0, "/base-top'"));
    CHECK(guest_sees_ref(dom));
    stop(dom);
}

/* There is room for ten. */
static void many(void)
{
    virStreamDiskState states[20];
    char xml[8192] = "", target[16], name[16];
    virDomainPtr dom;
    int i;

    for (i = 0; i < 11; i++) {
        print_to(name, sizeof(name), "disk%d", i);
        print_to(target, sizeof(target), "vd%c", 'a' + i);
        make_large(name, 4);
        print_to(xml + strlen(xml), sizeof(xml) - strlen(xml), "%s",
                 disk_xml(target, name, "qcow2", ""));
    }
    dom = start(xml);
    for (i = 0; i < 11; i++) {
        print_to(target, sizeof(target), "vd%c", 'a' + i);
        CHECK_INT(virDomainStreamDisk(dom, target, 0, ONE), MIB);
    }
    memset(states, 0x55, sizeof(states));
    CHECK_INT(virDomainStreamDiskInfo(dom, states, 20, 0), VIR_STREAM_DISK_MAX_STREAMS);
    for (i = 0; i < VIR_STREAM_DISK_MAX_STREAMS; i++) {
        CHECK_INT(strlen(states[i].path) < VIR_STREAM_PATH_BUFLEN, 1);
        CHECK_STR(states[i].path, in_dir("disk%d", i));
        CHECK(states[i].offset == MIB && states[i].size == 4 * MIB);
    }
    CHECK(states[10].size == 0x5555555555555555ULL);
    CHECK_INT(virDomainStreamDiskInfo(dom, states, 3, 0), 3);
    CHECK_INT(virDomainStreamDiskInfo(dom, states, 0, 0), 0);
    CHECK_INT(virDomainStreamDisk(dom, "vda", 0, STOP), MIB);
    CHECK_INT(virDomainStreamDiskInfo(dom, states, 20, 0), 10);
    CHECK_STR(states[0].path, in_dir("disk1"));
    stop(dom);
}

static virDomainJobInfo alloc_info(virDomainPtr dom, int type)
{
    virDomainJobInfo info;

    memset(&info, 0x55, sizeof(info));
    CHECK_INT(virDomainBlockGetJobInfo(dom, "vda", &info), 0);
    CHECK_INT(info.type, type);
    CHECK_INT(info.dataProcessed + info.dataRemaining, info.dataTotal);
    CHECK(info.memTotal == 0 && info.fileRemaining == 0);
    CHECK(info.timeRemaining == 0 || type == VIR_DOMAIN_JOB_UNBOUNDED);
    return info;
}

/* A domain whose disk of 64 MiB is being allocated, with most of that still to be done. */
static virDomainPtr allocating_slowly(void)
{
    virDomainJobInfo info;
    virDomainPtr dom;

    for (;;) {
        make_large("top", 64);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        CHECK_INT(virDomainBlockAllocate(dom, "vda", 0, 0, VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK), 0);
        if (virDomainBlockJobSetSpeed(dom, "vda", 1, 0) == 0) {
            CHECK_INT(virDomainBlockGetJobInfo(dom, "vda", &info), 0);
            if (info.dataRemaining >= 8 * MIB)
                return dom;
        }
        /* On a busy machine the limit may come when little is left. */
        expect_events(DONE);
        stop(dom);
    }
}

static void allocation(void)
{
    virDomainPtr dom = start_chain();
    virDomainBlockRegionPtr regions = NULL;
    unsigned int n = 0;
    virDomainJobInfo info;

    /* Before: the ranges of which the active layer has data. */
    CHECK_INT(virDomainBlockGetAllocationMap(dom, in_dir("top"), &n, &regions), 0);
    CHECK_INT(n, 2);
    CHECK(regions[0].offset == 2560 * KIB && regions[0].length == MIB);
    CHECK(regions[1].offset == 7 * MIB && regions[1].length == 64 * KIB);
    free(regions);
    CHECK_INT(alloc_info(dom, VIR_DOMAIN_JOB_NONE).dataTotal, 0);
    CHECK_INT(virDomainBlockAllocate(dom, "vda", 5 * MIB, MIB, 0), 0);
    expect_events(DONE);
    CHECK_INT(alloc_info(dom, VIR_DOMAIN_JOB_COMPLETED).dataProcessed, MIB);
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, &regions), 0);
    CHECK_INT(n, 3);
    CHECK(regions[1].offset == 5 * MIB && regions[1].length == MIB);
    free(regions);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainBlockAllocate(dom, "vda", 0, 0, VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK), 0);
    do {
        CHECK_INT(virDomainBlockGetJobInfo(dom, "vda", &info), 0);
        CHECK(info.type == VIR_DOMAIN_JOB_UNBOUNDED || info.type == VIR_DOMAIN_JOB_COMPLETED);
        CHECK_INT(info.dataTotal, 8 * MIB);
        CHECK((info.dataRemaining == 0) == (info.type == VIR_DOMAIN_JOB_COMPLETED));
        short_pause();
    } while (info.type == VIR_DOMAIN_JOB_UNBOUNDED);
    expect_events(DONE);
    /* After: one region. The chain stays. */
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, &regions), 0);
    CHECK_INT(n, 1);
    CHECK(regions[0].offset == 0 && regions[0].length == 8 * MIB);
    free(regions);
    CHECK(has(dom, 0, "/mid'"));
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(clean("top"));

    dom = allocating_slowly();
    info = alloc_info(dom, VIR_DOMAIN_JOB_UNBOUNDED);
    CHECK(info.dataRemaining > 0);
    CHECK(info.timeRemaining > 0);
    CHECK_INT(virDomainBlockAbortJob(dom, "vda"), 0);
    expect_events(CANCELED);
    CHECK(alloc_info(dom, VIR_DOMAIN_JOB_CANCELLED).dataRemaining > 0);
    CHECK_INT(virDomainBlockAbortJob(dom, "vda"), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    CHECK(guest_sees_ref(dom));
    stop(dom);
}

/* Whether the filesystem reports which ranges of a file have space. tmpfs does not. */
static int tells_space(const char *path)
{
    struct fiemap map = { 0, FIEMAP_MAX_OFFSET, 0, 0, 0, 0 };
    int fd = open(path, O_RDONLY), told;

    CHECK(fd >= 0);
    told = ioctl(fd, FS_IOC_FIEMAP, &map) == 0;
    CHECK_INT(close(fd), 0);
    return told;
}

/* The map of a raw disk is the space that its file has, not only what has been written. */
static void map_of_raw(void)
{
    virDomainBlockRegionPtr regions = NULL;
    unsigned long long begin;
    unsigned int n = 0;
    virDomainPtr dom;

    CHECK_INT(run("cd %s && rm -f top && truncate -s 64M top && cp top ref", test_dir), 0);
    dom = start(disk_xml("vda", "top", "raw", ""));
    CHECK_INT(own_bytes(dom), 0);
    CHECK_INT(virDomainBlockAllocate(dom, "vda", 8 * MIB, 4 * MIB, 0), 0);
    begin = file_allocation(in_dir("top"));
    CHECK(begin >= 4 * MIB);
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, &regions), 0);
    if (!tells_space(in_dir("top"))) {
        CHECK_INT(n, 0);
        free(regions);
        expect_events(DONE);
        stop(dom);
        return;
    }
    CHECK_INT(n, 1);
    CHECK_INT(regions[0].offset, 8 * MIB);
    CHECK_INT(regions[0].length, 4 * MIB);
    free(regions);
    /* To be written does not change it; to be discarded does. */
    CHECK_INT(run("qemu-io -f raw -c 'write -P 5 9M 64k' -c flush '%s' >/dev/null &&"
                  " qemu-io -f raw -c 'write -P 5 9M 64k' %s >/dev/null", disk_uri(dom, "vda"),
                  in_dir("ref")), 0);
    CHECK_INT(own_bytes(dom), 4 * MIB);
    CHECK_INT(file_allocation(in_dir("top")), begin);
    CHECK_INT(run("qemu-io -d unmap -f raw -c 'discard 10M 1M' '%s' >/dev/null",
                  disk_uri(dom, "vda")), 0);
    CHECK_INT(own_bytes(dom), 3 * MIB);
    expect_events(DONE);
    stop(dom);
    CHECK(same_as_ref("top", "raw"));
}

/* The device's alias is a name of the disk: one that the definition gives, or libvirt's kind. */
static void by_alias(void)
{
    virStreamDiskState state;
    virDomainJobInfo job;
    virBlockStreamInfo info;
    virDomainBlockRegionPtr regions = NULL;
    unsigned int n = 0;
    virDomainPtr dom = start_chain();

    CHECK(virDomainStreamDisk(dom, "virtio-disk0", 0, ONE) > 0);
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), 1);
    CHECK_INT(virDomainBlockAllocate(dom, "virtio-disk0", 0, 64 * KIB, 0), 0);
    CHECK_INT(virDomainBlockGetJobInfo(dom, "virtio-disk0", &job), 0);
    CHECK_INT(virDomainBlockAbortJob(dom, "virtio-disk0"), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "virtio-disk0", &n, &regions), 0);
    free(regions);
    CHECK_INT(virDomainBlockStream(dom, "virtio-disk0", 0, MIB, 0), 0);
    CHECK_INT(virDomainBlockStreamInfo(dom, "virtio-disk0", &info), 0);
    CHECK_INT(virDomainBlockStreamAbort(dom, "virtio-disk0"), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    CHECK(virDomainStreamDisk(dom, "virtio-disk1", 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk 'virtio-disk1' not found");
    forget_events(4);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    dom = start(disk_xml("vda", "top", "qcow2", "<alias name='ua-mine'/>"));
    CHECK_INT(virDomainBlockStream(dom, "ua-mine", 0, MIB, 0), 0);
    forget_events(2);
    stop(dom);
}

/* The remaining time is estimated from the data that the job has to move, not from the size of
 * the disk. */
static void time_remaining(void)
{
    virDomainJobInfo info;
    virDomainPtr dom;

    CHECK_INT(run("cd %s && rm -f base top && truncate -s 1G base &&"
                  " qemu-io -f raw -c 'write -P 1 600M 1M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b base -F raw top", test_dir), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    /* 16 seconds at that speed; all of the disk would take four hours and a half. */
    CHECK_INT(virDomainBlockPull(dom, "vda", 65536, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES), 0);
    info = alloc_info(dom, VIR_DOMAIN_JOB_UNBOUNDED);
    CHECK(info.timeRemaining > 0 && info.timeRemaining < 1000 * 1000);
    info = alloc_info(dom, VIR_DOMAIN_JOB_UNBOUNDED);
    CHECK(info.timeRemaining > 0 && info.timeRemaining < 1000 * 1000);
    CHECK_INT(virDomainBlockAbortJob(dom, "vda"), 0);
    CHECK_INT(alloc_info(dom, VIR_DOMAIN_JOB_CANCELLED).timeRemaining, 0);
    expect_events("top pull canceled; vda pull canceled; ");
    stop(dom);
}

static virBlockStreamInfo stream_info(virDomainPtr dom, virBlockStreamStatus expected)
{
    virBlockStreamInfo info;
    virBlockStreamStatus status;

    memset(&info, 0x55, sizeof(info));
    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), 0);
    /* It is an enumeration, which matters in C++. */
    status = info.status;
    CHECK_INT(status, expected);
    return info;
}

static void ranges(void)
{
    virDomainPtr dom = start_chain();
    virBlockStreamInfo info;
    unsigned long long own = own_bytes(dom);

    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    /* The call waits for the end of the job, so the event comes at once. */
    CHECK_INT(virDomainBlockStream(dom, "vda", 512 * KIB, 256 * KIB, 0), 0);
    CHECK_INT(stream_info(dom, VIR_BLOCK_STREAM_STATE_COMPLETED).remaining, 0);
    expect_events(DONE);
    CHECK_INT(own_bytes(dom), own + 256 * KIB);
    /* It is no error that it is there already. */
    CHECK_INT(virDomainBlockStream(dom, in_dir("top"), 512 * KIB, 256 * KIB, 0), 0);
    CHECK_INT(own_bytes(dom), own + 256 * KIB);
    /* The range is extended to whole clusters. */
    CHECK_INT(virDomainBlockStream(dom, "vda", MIB + 100, 1, 0), 0);
    CHECK_INT(own_bytes(dom), own + 320 * KIB);
    expect_events(DONE DONE);
    CHECK(has(dom, 0, "/mid'"));
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainBlockStream(dom, "vda", 0, 0, VIR_DOMAIN_DISK_STREAM_NONBLOCK), 0);
    do {
        CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), 0);
        CHECK((info.remaining == 0) == (info.status == VIR_BLOCK_STREAM_STATE_COMPLETED));
        short_pause();
    } while (info.status == VIR_BLOCK_STREAM_STATE_ACTIVE);
    CHECK_INT(info.status, VIR_BLOCK_STREAM_STATE_COMPLETED);
    expect_events(DONE);
    ends_alone(dom);

    make_large("top", 64);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockStream(dom, "vda", 0, 0, VIR_DOMAIN_DISK_STREAM_NONBLOCK), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, 0), 0);
    CHECK(stream_info(dom, VIR_BLOCK_STREAM_STATE_ACTIVE).remaining > 0);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda"), 0);
    CHECK(stream_info(dom, VIR_BLOCK_STREAM_STATE_FAILED).remaining > 0);
    expect_events(CANCELED);
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda"), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    /* The ends of the disk, which is all that is left in between then. */
    CHECK_INT(virDomainBlockStream(dom, "vda", 0, 32 * MIB, 0), 0);
    CHECK(has(dom, 0, "/base-top'"));
    CHECK_INT(virDomainBlockStream(dom, "vda", 32 * MIB, 0, 0), 0);
    CHECK(!has(dom, 0, "/base-top'"));
    expect_events(DONE DONE);
    CHECK(guest_sees_ref(dom));
    stop(dom);
}

/* A copy is not listed as a stream, and not stopped as one. */
static void other_jobs(void)
{
    virDomainPtr dom = start_chain();
    virBlockStreamInfo info;

    start_stuck_copy(dom, "vda", dest_file("copy", "qcow2"), 0);
    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "already in active block job");
    CHECK_INT(virDomainBlockStreamAbort(dom, "vda"), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "already in active block job");
    CHECK(virDomainStreamDisk(dom, "vda", 0, STOP) == NONE);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "already in active block job");
    CHECK_INT(job_info(dom, "vda", 1).type, VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
    CHECK_INT(virDomainBlockAbortJob(dom, "vda"), 0);
    forget_events(2);
    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "does not have an active block job");
    CHECK_INT(virDomainBlockStream(dom, "vda", 0, MIB, 0), 0);
    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", &info), 0);
    CHECK_INT(info.status, VIR_BLOCK_STREAM_STATE_COMPLETED);
    forget_events(2);
    stop(dom);
}

static void refusals(void)
{
    virDomainPtr dom = start_chain(), other;
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);
    virDomainBlockRegionPtr regions;
    virStreamDiskState state;
    virDomainJobInfo info;
    unsigned int n;

    CHECK(virDomainStreamDisk(NULL, "vda", 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainStreamDisk");
    CHECK(virDomainStreamDisk(dom, NULL, 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "path in virDomainStreamDisk must not be NULL");
    CHECK(virDomainStreamDisk(dom, "vda", 0, 0) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "one of");
    CHECK(virDomainStreamDisk(dom, "vda", 0, ONE | STOP) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "one of");
    CHECK(virDomainStreamDisk(dom, "vda", 0, 8) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK(virDomainStreamDisk(dom, "vda", 8 * MIB + 1, ONE) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK(virDomainStreamDisk(dom, "vdz", 0, START) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "'vdz' not found");
    CHECK_INT(virDomainStreamDiskInfo(dom, NULL, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "states");
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK_INT(virDomainBlockAllocate(dom, "vda", MIB, 8 * MIB, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK_INT(virDomainBlockAllocate(dom, "vda", 0, 0, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK_INT(virDomainBlockGetJobInfo(dom, "vda", NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "info");
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", NULL, &regions), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "nregions");
    CHECK_INT(virDomainBlockGetAllocationMap(dom, "vda", &n, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "regions");
    CHECK_INT(virDomainBlockStream(dom, "vda", ~0ULL, 2, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK_INT(virDomainBlockStreamInfo(dom, "vda", NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "info");

    CHECK(reader != NULL);
    other = virDomainLookupByName(reader, "jobs");
    CHECK(other != NULL);
    CHECK(virDomainStreamDisk(other, "vda", 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainStreamDisk");
    CHECK_INT(virDomainBlockAllocate(other, "vda", 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockAllocate");
    CHECK_INT(virDomainBlockAbortJob(other, "vda"), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockAbortJob");
    CHECK_INT(virDomainBlockStream(other, "vda", 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockStream");
    CHECK_INT(virDomainBlockStreamAbort(other, "vda"), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainBlockStreamAbort");
    CHECK_INT(virDomainFree(other), 0);
    CHECK_INT(virConnectClose(reader), 0);
    stop(dom);
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK(virDomainStreamDisk(dom, "vda", 0, ONE) == NONE);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "not running");
    CHECK_INT(virDomainStreamDiskInfo(dom, &state, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "not running");
    CHECK_INT(virDomainBlockGetJobInfo(dom, "vda", &info), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "not running");
    /* The map is one of the image, which need not be in use. */
    CHECK_INT(own_bytes(dom), MIB + 64 * KIB);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 120);
    unit_by_unit();
    in_the_background();
    many();
    allocation();
    map_of_raw();
    by_alias();
    time_remaining();
    ranges();
    other_jobs();
    refusals();
    return jobs_close(__FILE__);
}
