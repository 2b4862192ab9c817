/* Jobs and other calls at the same time: each call ends in one of the ways that its caller can
 * expect, and guests lose no data. */
#include "block_job.h"

#define PIVOT VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT
#define BYTES VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES

static void too_early(void)
{
    virDomainPtr dom = start_chain();
    virDomainBlockJobInfo info;

    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    info = job_info(dom, "vda", 1);
    CHECK_INT(info.type, VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
    CHECK_INT(info.bandwidth, 1);
    CHECK(info.cur < info.end);
    CHECK(has(dom, 0, "<mirror"));
    CHECK(!has(dom, 0, "ready="));
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "not ready for pivot yet");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT | VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "not ready for pivot yet");
    job_info(dom, "vda", 1);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    job_info(dom, "vda", 0);
    expect_events("top copy canceled; vda copy canceled; ");
    CHECK(guest_sees_ref(dom));
    CHECK_INT(unlink(in_dir("copy")), 0);

    /* And twice, after the end. */
    job_is_last = 1;
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    job_info(dom, "vda", 0);
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    job_is_last = 0;
    CHECK(guest_sees_ref(dom));
    stop(dom);
}

struct call {
    virDomainPtr dom;
    unsigned int flags;
    int result;
    int code;
};

static pthread_barrier_t barrier;

static void *abort_in_thread(void *opaque)
{
    struct call *call = (struct call *)opaque;

    pthread_barrier_wait(&barrier);
    call->result = virDomainBlockJobAbort(call->dom, "vda", call->flags);
    call->code = call->result < 0 ? virGetLastErrorCode() : 0;
    return NULL;
}

/* Two threads call at once: the results of the calls and the state of the disk must agree. */
static void at_once(unsigned int one, unsigned int other)
{
    virDomainPtr dom = start_chain();
    struct call calls[2] = { { dom, one, 0, 0 }, { dom, other, 0, 0 } };
    pthread_t threads[2];
    int i, pivoted;

    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    CHECK_INT(pthread_barrier_init(&barrier, NULL, 2), 0);
    for (i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, abort_in_thread, &calls[i]), 0);
    for (i = 0; i < 2; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(pthread_barrier_destroy(&barrier), 0);
    wait_gone(dom, "vda");
    pivoted = has(dom, 0, in_dir("copy"));
    for (i = 0; i < 2; i++) {
        if (calls[i].result == 0)
            CHECK_INT((calls[i].flags & PIVOT) != 0, pivoted);
        else
            CHECK(calls[i].code == VIR_ERR_INVALID_ARG || calls[i].code == VIR_ERR_BLOCK_COPY_ACTIVE ||
                  calls[i].code == VIR_ERR_OPERATION_ABORTED);
    }
    CHECK(calls[0].result == 0 || calls[1].result == 0);
    expect_events(pivoted ? "top copy ready; vda copy ready; "
                            "copy copy completed; vda copy completed; "
                          : "top copy ready; vda copy ready; "
                            "top copy canceled; vda copy canceled; ");
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(pivoted ? same_as_ref("copy", "raw") : same_as_ref("top", "qcow2"));
}

/* Destroying the domain during each kind of job: no event is sent for the job, and the images
 * are intact. */
static void destroyed(int kind, int ready)
{
    virDomainPtr dom, again;
    const unsigned int bytes = VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES;

    make_chain(in_dir("%s", ""));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    switch (kind) {
    case 0:
        CHECK_INT(virDomainBlockPull(dom, "vda", 1, bytes), 0);
        break;
    case 1:
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 1,
                                       VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES), 0);
        break;
    case 2:
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, !ready,
                                       VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES |
                                           VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
        break;
    default:
        start_stuck_copy(dom, "vda", dest_file("copy", "qcow2"),
                         VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB);
        if (ready)
            CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    }
    if (ready) {
        wait_ready(dom, "vda");
        expect_events(kind == 2 ? "top active ready; vda active ready; "
                                : "top copy ready; vda copy ready; ");
    }
    /* A job does not prevent changes of the definition, and they do not affect the job. */
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainIsPersistent(dom), 0);
    job_info(dom, "vda", 1);
    again = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(again != NULL);
    CHECK_INT(virDomainFree(again), 0);
    job_info(dom, "vda", 1);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainGetBlockJobInfo(dom, "vda", NULL, 0), -1);
    /* The images are closed, and the disk is as it was. */
    CHECK(clean("top"));
    CHECK(same_as_ref("top", "qcow2"));
    CHECK_INT(virDomainCreate(dom), 0);
    job_info(dom, "vda", 0);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    expect_events("");
}

/* Which calls are refused during a job, and which are not. */
static void beside(void)
{
    char disks[4096];
    virDomainPtr dom;

    make_chain(in_dir("%s", ""));
    write_pattern(in_dir("other"), MIB, 0, 3);
    print_to(disks, sizeof(disks),
             "%s%s<disk type='file' device='floppy'><driver type='raw'/><source file='%s'/>"
             "<target dev='fda' bus='fdc'/></disk>",
             disk_xml("vda", "top", "qcow2", ""), disk_xml("vdb", "other", "raw", ""),
             in_dir("floppy"));
    write_pattern(in_dir("floppy"), MIB, 0, 4);
    dom = start(disks);
    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    /* Another disk has a job of its own. */
    start_stuck_copy(dom, "vdb", dest_file("copy-b", "raw"), 0);
    start_stuck_copy(dom, "fda", dest_file("copy-f", "raw"), 0);
    CHECK_INT(virDomainBlockResize(dom, "vda", 16384, 0), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "disk 'vda' already in active block job");
    CHECK_INT(virDomainDetachDevice(dom, disk_xml("vdb", "other", "raw", "")), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "disk 'vdb' already in active block job");
    CHECK_INT(virDomainUpdateDeviceFlags(dom,
                                         "<disk type='file' device='floppy'>"
                                         "<target dev='fda' bus='fdc'/></disk>",
                                         VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "disk 'fda' already in active block job");
    /* The second goes on and ends by itself. */
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vdb", 0, 0), 0);
    wait_ready(dom, "vdb");
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainResume(dom), 0);
    pivot(dom, "vdb");
    CHECK(job_info(dom, "vda", 1).cur < 8 * MIB);
    CHECK_INT(virDomainBlockJobAbort(dom, "fda", 0), 0);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK_INT(virDomainBlockResize(dom, "vda", 16384, 0), 0);
    CHECK_INT(virDomainBlockResize(dom, "vda", 8192, 0), 0);
    CHECK(guest_sees_ref(dom));
    expect_events("other copy ready; vdb copy ready; copy-b copy completed; vdb copy completed; "
                  "floppy copy canceled; fda copy canceled; top copy canceled; vda copy canceled; ");
    stop(dom);
    CHECK(file_has_pattern(in_dir("copy-b"), MIB, 0, 3));
}

/* A disk whose definition has a backingStore. */
static const char *spelled_out(const char *target, const char *folder)
{
    static char xml[2][4096];
    static int next;
    char backing[2048], top[64];

    print_to(backing, sizeof(backing),
             "<backingStore type='file'><format type='qcow2'/><source file='%s/mid'/>"
             "<backingStore type='file'><format type='raw'/><source file='%s/base'/>"
             "<backingStore/></backingStore></backingStore>",
             in_dir("%s", folder), in_dir("%s", folder));
    print_to(top, sizeof(top), "%s/top", folder);
    next = !next;
    print_to(xml[next], sizeof(xml[next]), "%s", disk_xml(target, top, "qcow2", backing));
    return xml[next];
}

/* Both jobs change their chains and the definition at the same time. */
static void two_chains(void)
{
    int i;

    for (i = 0; i < 5; i++) {
        char disks[8192];
        virDomainPtr dom;

        make_chain("");
        CHECK_INT(run("cd %s && rm -rf a b && mkdir a && mv base mid top a && cp -r a b", test_dir),
                  0);
        print_to(disks, sizeof(disks), "%s%s", spelled_out("vda", "a"), spelled_out("vdb", "b"));
        dom = start(disks);
        CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
        if (i % 2)
            CHECK_INT(virDomainBlockCommit(dom, "vdb", NULL, "vdb[2]", 0, 0), 0);
        else
            CHECK_INT(virDomainBlockPull(dom, "vdb", 0, 0), 0);
        while (job_info_or_none(dom, "vda") || job_info_or_none(dom, "vdb"))
            CHECK(has(dom, 0, "<disk"));
        CHECK(guest_sees_ref(dom));
        stop(dom);
        CHECK(same_as_ref("a/top", "qcow2") && same_as_ref("b/top", "qcow2"));
    }
    forget_events(4 * 5);
}

/* The requests of a paused guest wait; the job does not. */
static void paused(void)
{
    virDomainPtr dom = start_chain();

    start_stuck_copy(dom, "vda", dest_file("copy", "qcow2"), 0);
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    wait_ready(dom, "vda");
    CHECK_INT(run("qemu-io -f raw -c 'write -P 66 6M 64k' '%s' >/dev/null & echo $! >%s",
                  disk_uri(dom, "vda"), in_dir("pid")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 66 6M 64k' %s >/dev/null", in_dir("ref")), 0);
    pivot(dom, "vda");
    CHECK_INT(run("kill -0 $(cat %s)", in_dir("pid")), 0);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    wait_gone(dom, "vda");
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(run("while kill -0 $(cat %s) 2>/dev/null; do sleep 0.01; done", in_dir("pid")), 0);
    CHECK(guest_sees_ref(dom));

    /* Pull and commit that start and end while the domain is paused. */
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(unlink(in_dir("top")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("top", "qcow2"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    CHECK_INT(virDomainResume(dom), 0);
    CHECK(guest_sees_ref(dom));
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; "
                  "copy pull completed; vda pull completed; "
                  "copy copy ready; vda copy ready; top copy completed; vda copy completed; ");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

/* Clients connect to the export and disconnect, some without saying so. */
static void visitors(void)
{
    virDomainPtr dom = start_chain();
    int i;

    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    for (i = 0; i < 3; i++) {
        CHECK_INT(run("timeout -s KILL 0.1 qemu-io -f raw -c 'write -P 12 5M 1M' -c 'sleep 9000'"
                      " '%s' >/dev/null 2>&1; true", disk_uri(dom, "vda")), 0);
        CHECK_INT(run("nbdinfo --size '%s' >/dev/null", disk_uri(dom, "vda")), 0);
    }
    CHECK_INT(run("qemu-io -f raw -c 'write -P 13 5M 1M' '%s' >/dev/null", disk_uri(dom, "vda")),
              0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 13 5M 1M' %s >/dev/null", in_dir("ref")), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    CHECK(guest_sees_ref(dom));
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    stop(dom);
    CHECK(same_as_ref("copy", "raw"));
}

/* A guest that writes at full speed, until told to stop. */
static void start_busy_guest(virDomainPtr dom)
{
    virDomainBlockStatsStruct stats;
    unsigned long long begin = now_ms();

    CHECK_INT(run("cd %s && fio --name=busy --ioengine=nbd --uri='%s' --rw=randwrite --bs=64k"
                  " --iodepth=8 --size=8M --time_based --runtime=100 >/dev/null 2>&1 & echo $! >%s",
                  test_dir, disk_uri(dom, "vda"), in_dir("pid")), 0);
    do {
        CHECK(now_ms() - begin < HANG_MS);
        short_pause();
        CHECK_INT(virDomainBlockStats(dom, "vda", &stats, sizeof(stats)), 0);
    } while (stats.wr_req < 1000);
}

static void stop_busy_guest(void)
{
    CHECK_INT(run("pid=$(cat %s); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.01; done",
                  in_dir("pid")), 0);
}

/* A copy that is slower than the guest shows it (cur < end). A copy with synchronous writes gets
 * ready all the same. */
static void outrun(void)
{
    virDomainPtr dom = start_chain();
    virTypedParameterPtr params = NULL;
    int count = 0, max = 0, i;

    start_busy_guest(dom);
    CHECK_INT(virTypedParamsAddULLong(&params, &count, &max, "bandwidth", 4 * MIB), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, count, 0), 0);
    for (i = 0; i < 40; i++) {
        virDomainBlockJobInfo info = job_info(dom, "vda", 1);

        CHECK(info.cur < info.end);
        CHECK(!has(dom, 0, "ready="));
        usleep(50000);
    }
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT), -1);
    CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "not ready for pivot yet");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK_INT(unlink(in_dir("copy")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, count,
                                 VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES), 0);
    virTypedParamsFree(params, count);
    for (i = 0; !has(dom, 0, "ready='yes'"); i++) {
        CHECK(i < 600);
        usleep(50000);
    }
    pivot(dom, "vda");
    stop_busy_guest();
    CHECK_INT(run("qemu-img convert -f raw -O raw '%s' %s", disk_uri(dom, "vda"), in_dir("ref")),
              0);
    expect_events("top copy canceled; vda copy canceled; "
                  "top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    stop(dom);
    CHECK(same_as_ref("copy", "raw"));
}

/* A job belongs to the domain, and goes on when the connection that started it is closed. */
static void closed(void)
{
    virConnectPtr other = virConnectOpen(test_uri);
    virDomainPtr dom;

    CHECK(other != NULL);
    make_chain(in_dir("%s", ""));
    dom = virDomainCreateXML(other, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1), 0);
    CHECK(dom != NULL);
    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(other), 0);
    dom = virDomainLookupByName(conn, "jobs");
    CHECK(dom != NULL);
    job_info(dom, "vda", 1);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    CHECK(guest_sees_ref(dom));
    stop(dom);

    /* With AUTODESTROY the job ends with the domain when the connection is closed. */
    make_chain(in_dir("%s", ""));
    other = virConnectOpen(test_uri);
    CHECK(other != NULL);
    dom = virDomainCreateXML(other, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1),
                             VIR_DOMAIN_START_AUTODESTROY);
    CHECK(dom != NULL);
    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(other), 0);
    CHECK(clean("top"));
    CHECK(same_as_ref("top", "qcow2"));
    expect_events("");
}

/* A process that ends during its jobs leaves intact images and no locks. */
static void exits(void)
{
    static const char *const kinds[] = { "pull", "commit", "active", "copy" };
    char program[PATH_MAX], uri[600];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    int i;

    CHECK(length > 0);
    program[length] = '\0';
    print_to(uri, sizeof(uri), "%s", test_uri);
    for (i = 0; i < 4; i++) {
        make_chain(in_dir("%s", ""));
        CHECK_INT(run("TEST_URI='sparse:///embed?root=%s' %s %s %s", in_dir("root2"), program,
                      kinds[i], test_dir), 0);
        CHECK(clean("top"));
        CHECK(same_as_ref("top", "qcow2"));
        CHECK_INT(run("qemu-io -f raw -c 'read 0 4k' %s >/dev/null", in_dir("base")), 0);
    }
}

/* The process that ends. */
static int end_with_job(const char *kind, const char *folder)
{
    virDomainPtr dom;

    print_to(test_dir, sizeof(test_dir), "%s", folder);
    conn = virConnectOpen(getenv("TEST_URI"));
    CHECK(conn != NULL);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    if (strcmp(kind, "pull") == 0)
        CHECK_INT(virDomainBlockPull(dom, "vda", 1, 64), 0);
    else if (strcmp(kind, "commit") == 0)
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 1, 16), 0);
    else if (strcmp(kind, "active") == 0)
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, 4), 0);
    else
        CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    /* The handles of the domain and of the connection are not released on purpose. */
    return 0;
}

int main(int argc, char **argv)
{
    int i;

    if (argc == 3)
        return end_with_job(argv[1], argv[2]);
    jobs_open(argv[0], 280);
    too_early();
    for (i = 0; i < 4; i++) {
        at_once(PIVOT, 0);
        at_once(PIVOT, PIVOT);
        at_once(0, 0);
    }
    for (i = 0; i < 4; i++)
        destroyed(i, 0);
    destroyed(2, 1);
    destroyed(3, 1);
    beside();
    two_chains();
    paused();
    visitors();
    outrun();
    closed();
    if (ours)
        exits();
    return jobs_close(__FILE__);
}
