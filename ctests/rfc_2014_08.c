/* virDomainBlockCopy as it was posted in August 2014: the bandwidth is in MiB, and the size of buffers
 * an unsigned int. */
/* ctest: ours-only because libvirt has released another design */
#include "block_job.h"

#include <virsparse/rfc-2014-08.h>

static void refused(virDomainPtr dom, virTypedParameterPtr params, int nparams, int code,
                    const char *text)
{
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, nparams, 0), -1);
    CHECK_CODE(code, text);
    CHECK(!exists(in_dir("copy")));
    virTypedParamsFree(params, nparams);
    job_info(dom, "vda", 0);
}

static void bandwidths(virDomainPtr dom, unsigned long long mib)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;

    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, mib), 0);
    if (mib > LLONG_MAX / MIB) {
        refused(dom, params, nparams, VIR_ERR_OVERFLOW, "bandwidth must be less than 8796093022207");
        return;
    }
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, nparams, 0), 0);
    CHECK_INT(job_info(dom, "vda", 1).bandwidth, mib * MIB);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK_INT(unlink(in_dir("copy")), 0);
    virTypedParamsFree(params, nparams);
    forget_events(2);
}

static void parameters(void)
{
    virDomainPtr dom = start_chain();
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;

    bandwidths(dom, 1);
    bandwidths(dom, LLONG_MAX / MIB + 1);
    bandwidths(dom, ~0ULL);
    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BUF_SIZE, MIB), 0);
    refused(dom, params, nparams, VIR_ERR_INVALID_ARG, "buf-size");
    params = NULL;
    nparams = max = 0;
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, 1), 0);
    refused(dom, params, nparams, VIR_ERR_INVALID_ARG, "bandwidth");
    params = NULL;
    nparams = max = 0;
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_GRANULARITY, 1000), 0);
    refused(dom, params, nparams, VIR_ERR_INVALID_ARG, "granularity");
    stop(dom);
}

/* With all parameters, until the copy is the disk. */
static void copies(void)
{
    virDomainPtr dom = start_chain();
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;

    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, 500), 0);
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_GRANULARITY, 4096), 0);
    CHECK_INT(virTypedParamsAddUInt(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BUF_SIZE, 65536), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "qcow2"), params, nparams,
                                 VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB), 0);
    virTypedParamsFree(params, nparams);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    CHECK(has(dom, 0, "/copy'"));
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(same_as_ref("copy", "qcow2"));
    forget_events(4);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 60);
    parameters();
    copies();
    return jobs_close(__FILE__);
}
