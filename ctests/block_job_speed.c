/* The speed of jobs is limited: over a second, from one moment to the next, and not at all.
 * ctest: no-valgrind because it takes the time */
#include "block_job.h"

#define BYTES VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES

/* Data everywhere in the active layer and in its backing image. */
static virDomainPtr start_full(void)
{
    CHECK_INT(run("cd %s && rm -f base top copy && truncate -s 64M base &&"
                  " qemu-io -f raw -c 'write -P 1 0 64M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b base -F raw top", test_dir), 0);
    return start(disk_xml("vda", "top", "qcow2", ""));
}

/* How much is copied per second, over two and a half: two pieces of a fortieth of a second each may be on
 * their way when this begins, and 50 ms that were not used may be made up for. On a busy machine the real
 * time is not known exactly, so the amount is between `*least` and `*most`. */
static void per_second(virDomainPtr dom, double *least, double *most)
{
    unsigned long long before = now_ms(), from = job_info(dom, "vda", 1).cur, begin = now_ms();
    unsigned long long moved, end;

    usleep(2500000);
    end = now_ms();
    moved = job_info(dom, "vda", 1).cur - from;
    *least = (double)moved * 1000 / (double)(now_ms() - before);
    *most = (double)moved * 1000 / (double)(end - begin);
}

static void holds(virDomainPtr dom, unsigned long speed)
{
    double best = 0, error = 1;
    int i;

    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", speed, BYTES), 0);
    CHECK_INT(job_info(dom, "vda", 1).bandwidth, speed);
    /* On a busy machine a job can be late, but never early. */
    for (i = 0; i < 5 * PATIENCE && error > 0.05; i++) {
        double least, most;

        per_second(dom, &least, &most);
        CHECK(least < (double)speed * 1.05);
        best = most > best ? most : best;
        error = 1 - best / (double)speed;
    }
    if (error > 0.05)
        fprintf(stderr, "%.0f instead of %lu bytes a second\n", best, speed);
    CHECK(error <= 0.05);
}

/* The limit that was set last counts, also for a piece that is already waiting. */
static void limits(virDomainPtr dom)
{
    unsigned long long at, before;

    holds(dom, 2 * MIB);
    holds(dom, 8 * MIB);
    holds(dom, 1 * MIB);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, BYTES), 0);
    /* The piece under way is finished; the rest would take a year. */
    do {
        before = job_info(dom, "vda", 1).cur;
        usleep(300000);
        at = job_info(dom, "vda", 1).cur;
    } while (at - before > 16384);
    CHECK(at < 64 * MIB);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 3, 0), 0);
    while (job_info(dom, "vda", 1).cur < at + MIB)
        short_pause();
}

/* Aborting a job that would wait for hours for its next piece works at once. */
static void ends(virDomainPtr dom, const char *events)
{
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, BYTES), 0);
    usleep(50000);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events(events);
}

static void unlimited(virDomainPtr dom)
{
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, BYTES), 0);
}

int main(int argc, char **argv)
{
    const unsigned int bytes = VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES;
    virDomainPtr dom;

    (void)argc;
    jobs_open(argv[0], 120);
    dom = start_full();
    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    CHECK(job_info(dom, "vda", 1).cur <= 16384);
    limits(dom);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, BYTES), 0);
    unlimited(dom);
    wait_ready(dom, "vda");
    /* A job that is ready can get a limit, too. */
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 5, 0), 0);
    CHECK_INT(job_info(dom, "vda", 1).bandwidth, 5 * MIB);
    expect_events("top copy ready; vda copy ready; ");
    ends(dom, "top copy canceled; vda copy canceled; ");
    CHECK_INT(unlink(in_dir("copy")), 0);
    start_stuck_copy(dom, "vda", dest_file("copy", "raw"), 0);
    ends(dom, "top copy canceled; vda copy canceled; ");

    CHECK_INT(virDomainBlockPull(dom, "vda", 1, bytes), 0);
    holds(dom, 4 * MIB);
    ends(dom, "top pull canceled; vda pull canceled; ");
    CHECK_INT(virDomainBlockPull(dom, "vda", 2, 0), 0);
    CHECK_INT(job_info(dom, "vda", 1).bandwidth, 2 * MIB);
    unlimited(dom);
    expect_events("top pull completed; vda pull completed; ");

    /* A pivot does not wait for a limit, which would take weeks. */
    CHECK_INT(unlink(in_dir("copy")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1, BYTES), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 1M 4M' '%s' >/dev/null", disk_uri(dom, "vda")), 0);
    usleep(50000);
    pivot(dom, "vda");
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    stop(dom);
    CHECK(clean("top"));
    CHECK_INT(run("qemu-io -f raw -c 'read -P 7 1M 4M' %s | grep -q 'read 4194304'",
                  in_dir("copy")), 0);
    return jobs_close(__FILE__);
}
