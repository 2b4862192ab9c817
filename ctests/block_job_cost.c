/* A job's speed limit counts only the data that the job moves. Each disk has 32 MiB that a job
 * does not move, and 64 KiB that it moves. With the limit set here the 32 MiB would take nine
 * minutes; the job has one minute.
 * ctest: no-valgrind because it takes the time */
#include "block_job.h"

#define LIMIT 65536
#define BYTES VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES

/* 'm': the image has 32 MiB at its beginning. 'l': it has 64 KiB behind that. '-': it has no
 * data. */
static void put(const char *name, const char *format, char what)
{
    const char *commands[] = { "write -P 1 0 32M", "write -P 2 40M 64k" };

    if (what != '-')
        CHECK_INT(run("cd %s && qemu-io -f %s -c '%s' %s >/dev/null", test_dir, format,
                      commands[what == 'l'], name), 0);
}

static virDomainPtr start_with(const char *base_mid_top)
{
    CHECK_INT(run("cd %s && rm -f base mid top ref copy && truncate -s 64M base &&"
                  " qemu-img create -q -f qcow2 -b base -F raw mid &&"
                  " qemu-img create -q -f qcow2 -b mid -F qcow2 top", test_dir), 0);
    put("base", "raw", base_mid_top[0]);
    put("mid", "qcow2", base_mid_top[1]);
    put("top", "qcow2", base_mid_top[2]);
    CHECK_INT(run("cd %s && qemu-img convert -f qcow2 -O raw top ref", test_dir), 0);
    return start(disk_xml("vda", "top", "qcow2", ""));
}

/* A pull does not move data of the active layer or of images that stay. */
static void pull(void)
{
    virDomainPtr dom = start_with("l-m");

    CHECK_INT(virDomainBlockPull(dom, "vda", LIMIT, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES), 0);
    wait_gone(dom, "vda");
    expect_events("top pull completed; vda pull completed; ");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

/* A commit does not move data of the base. */
static void rebase(void)
{
    virDomainPtr dom = start_with("mlm");

    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("base"), LIMIT,
                                   VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES), 0);
    wait_gone(dom, "vda");
    expect_events("top pull completed; vda pull completed; ");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

static void commit(void)
{
    virDomainPtr dom = start_with("mlm");

    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), LIMIT,
                                   VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES), 0);
    wait_gone(dom, "vda");
    expect_events("top commit completed; vda commit completed; ");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

static void active_commit(void)
{
    virDomainPtr dom = start_with("mml");

    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("mid"), NULL, LIMIT,
                                   VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES |
                                       VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    expect_events("top active ready; vda active ready; mid active completed; "
                  "vda active completed; ");
    stop(dom);
    CHECK(same_as_ref("mid", "qcow2"));
}

static void copy(virDomainPtr dom, const char *format, unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;

    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH,
                                      LIMIT), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", format), params, nparams, flags), 0);
    virTypedParamsFree(params, nparams);
    wait_ready(dom, "vda");
}

static void shallow_copy(unsigned int flags)
{
    virDomainPtr dom = start_with("mml");

    copy(dom, "qcow2", VIR_DOMAIN_BLOCK_COPY_SHALLOW | flags);
    pivot(dom, "vda");
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    stop(dom);
    CHECK(same_as_ref("copy", "qcow2"));
}

/* Ranges that a guest zeroes or discards in a mirrored disk move no data. */
static void discarded(void)
{
    virDomainPtr dom;

    CHECK_INT(run("cd %s && rm -f base copy && truncate -s 64M base && "
                  "qemu-io -f raw -c 'write -P 1 0 32M' base >/dev/null", test_dir), 0);
    dom = start(disk_xml("vda", "base", "raw", ""));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", LIMIT, BYTES), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -z -u 0 32M' -c 'write -P 3 50M 64k' '%s' >/dev/null",
                  disk_uri(dom, "vda")), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("base copy ready; vda copy ready; base copy canceled; vda copy canceled; ");
    stop(dom);
    CHECK_INT(run("cd %s && qemu-img compare -q -f raw -F raw base copy", test_dir), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 280);
    pull();
    rebase();
    commit();
    active_commit();
    shallow_copy(0);
    shallow_copy(VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES);
    discarded();
    return jobs_close(__FILE__);
}
