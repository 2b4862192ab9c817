/* What a limit of a job's speed is charged for: the data that the job moves, and nothing else.
 *
 * Each disk has 32 MiB that a job leaves where they are, and 64 KiB that it moves. The limit is so low
 * that the 32 MiB alone would take nine minutes, of which a job is given one here.
 * ctest: no-valgrind because it takes the time */
#include "block_job.h"

#define LIMIT 65536
#define BYTES VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES

/* 'm': the image has much, 32 MiB at its beginning. 'l': little, 64 KiB behind. '-': nothing. */
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

/* What is of the image on top, or of the one below it, stays there in a pull. */
static void pull(void)
{
    virDomainPtr dom = start_with("l-m");

    CHECK_INT(virDomainBlockPull(dom, "vda", LIMIT, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES), 0);
    wait_gone(dom, "vda");
    expect_events("top pull completed; vda pull completed; ");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

/* What is of the base stays there, too. */
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

/* What a guest zeroes or discards while a copy is kept equal moves nothing, either. */
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
