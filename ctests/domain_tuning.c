/* Memory, CPUs and tuning of the running domain and of its definition. On test:///default the
 * program compares libvirt's own library with ours. */
#include "domain.h"
#include "newer.h"

#include <dlfcn.h>

#define MUST_RUN "domain is not running"
#define TRANSIENT "transient domains do not have any persistent config"
#define EXCLUSIVE "Flags 'VIR_DOMAIN_AFFECT_LIVE' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive"
#define UNLIMITED VIR_DOMAIN_MEMORY_PARAM_UNLIMITED

enum { LIVE = VIR_DOMAIN_AFFECT_LIVE, CONFIG = VIR_DOMAIN_AFFECT_CONFIG, MAXIMUM = 4 };

static virDomainPtr dom;

#define REFUSED(call, code, text) \
    do { \
        CHECK_INT(call, -1); \
        CHECK_CODE(code, text); \
    } while (0)

static void contains(unsigned int flags, const char *text, int is_in)
{
    char *xml = virDomainGetXMLDesc(dom, flags);

    CHECK(xml != NULL);
    if ((strstr(xml, text) != NULL) != is_in)
        fprintf(stderr, "'%s' in %s", text, xml);
    CHECK((strstr(xml, text) != NULL) == is_in);
    free(xml);
}

static void memory_is(unsigned long most, unsigned long now)
{
    virDomainInfo info;

    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.maxMem, most);
    CHECK_INT(info.memory, now);
}

/* Of an inactive domain with 4 CPUs, 2 of them present. */
static void cpus_off(unsigned int most)
{
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 2);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG), 2);
    CHECK_INT(virDomainGetVcpusFlags(dom, MAXIMUM), 4);
    REFUSED(virDomainGetVcpusFlags(dom, LIVE), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(virDomainGetVcpusFlags(dom, LIVE | CONFIG | 8), VIR_ERR_INVALID_ARG, EXCLUSIVE);
    REFUSED(virDomainGetVcpusFlags(dom, 8), VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    REFUSED(virDomainGetVcpusFlags(dom, 16), VIR_ERR_INVALID_ARG, "unsupported flags (0x10)");
    REFUSED(virDomainGetMaxVcpus(dom), VIR_ERR_OPERATION_INVALID, MUST_RUN);

    CHECK_INT(virDomainSetVcpusFlags(dom, 3, 0), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 3);
    contains(0, " current='3'>4</vcpu>", 1);
    CHECK_INT(virDomainSetVcpusFlags(dom, 4, CONFIG | VIR_DOMAIN_VCPU_ASYNC_UNPLUG), 0);
    contains(0, "current=", 0);
    CHECK_INT(virDomainSetVcpusFlags(dom, 8, CONFIG | MAXIMUM), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, MAXIMUM), 8);
    CHECK_INT(virDomainSetVcpusFlags(dom, 2, CONFIG | MAXIMUM), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 2);
    CHECK_INT(virDomainGetVcpusFlags(dom, MAXIMUM), 2);

    REFUSED(virDomainSetVcpusFlags(dom, 3, 0), VIR_ERR_INVALID_ARG,
            "requested cpu amount exceeds maximum (3 > 2)");
    REFUSED(virDomainSetVcpusFlags(dom, most + 1, CONFIG | MAXIMUM), VIR_ERR_INVALID_ARG,
            "requested cpu amount exceeds maximum supported amount");
    REFUSED(virDomainSetVcpusFlags(dom, 1, LIVE), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(virDomainSetVcpusFlags(dom, 1, LIVE | CONFIG | MAXIMUM), VIR_ERR_OPERATION_INVALID,
            MUST_RUN);
    REFUSED(virDomainSetVcpusFlags(dom, 0, 0), VIR_ERR_INVALID_ARG,
            "nvcpus in virDomainSetVcpusFlags must not be zero");
    REFUSED(virDomainSetVcpusFlags(dom, 0, MAXIMUM), VIR_ERR_INVALID_ARG,
            "Flag 'VIR_DOMAIN_AFFECT_CONFIG' is required by flag 'VIR_DOMAIN_VCPU_MAXIMUM'");
    REFUSED(virDomainSetVcpusFlags(dom, 0, CONFIG | 8), VIR_ERR_INVALID_ARG,
            "Flags 'VIR_DOMAIN_VCPU_GUEST' and 'VIR_DOMAIN_AFFECT_CONFIG' are mutually exclusive");
    REFUSED(virDomainSetVcpusFlags(dom, 1, 16), VIR_ERR_INVALID_ARG, "unsupported flags (0x10)");
    REFUSED(virDomainSetVcpus(dom, 1), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(virDomainSetVcpus(dom, 0), VIR_ERR_INVALID_ARG,
            "nvcpus in virDomainSetVcpus must not be zero");
    CHECK_INT(virDomainSetVcpusFlags(dom, 4, CONFIG | MAXIMUM), 0);
}

/* The same domain, running. */
static void cpus_on(void)
{
    CHECK_INT(virDomainGetMaxVcpus(dom), 4);
    CHECK_INT(virDomainSetVcpus(dom, 4), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, LIVE), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG), 2);
    CHECK_INT(virDomainSetVcpusFlags(dom, 6, CONFIG | MAXIMUM), 0);
    CHECK_INT(virDomainGetMaxVcpus(dom), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG | MAXIMUM), 6);
    REFUSED(virDomainSetVcpusFlags(dom, 5, LIVE | CONFIG), VIR_ERR_INVALID_ARG, "(5 > 4)");
    REFUSED(virDomainSetVcpusFlags(dom, 5, LIVE | CONFIG | MAXIMUM), VIR_ERR_INVALID_ARG, "(5 > 4)");
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG), 2);
    CHECK_INT(virDomainSetVcpusFlags(dom, 1, LIVE | CONFIG), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 1);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG), 1);
    /* The maximum is the definition's alone. */
    CHECK_INT(virDomainSetVcpusFlags(dom, 3, LIVE | CONFIG | MAXIMUM), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 3);
    CHECK_INT(virDomainGetMaxVcpus(dom), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG), 1);
    CHECK_INT(virDomainGetVcpusFlags(dom, CONFIG | MAXIMUM), 3);
}

/* Of an inactive domain with 2 MiB, one of which it has at the moment. */
static void memory_off(void)
{
    memory_is(2048, 1024);
    CHECK_INT(virDomainSetMaxMemory(dom, 4096), 0);
    memory_is(4096, 1024);
    CHECK_INT(virDomainSetMemoryFlags(dom, 4096, 0), 0);
    memory_is(4096, 4096);
    CHECK_INT(virDomainSetMemoryFlags(dom, 3000, CONFIG | VIR_DOMAIN_MEM_MAXIMUM), 0);
    memory_is(3000, 3000);
    contains(0, "<currentMemory unit='KiB'>3000</currentMemory>", 1);
    REFUSED(virDomainSetMemoryFlags(dom, 3001, 0), VIR_ERR_INVALID_ARG,
            "cannot set memory higher than max memory");
    REFUSED(virDomainSetMemory(dom, 1), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(virDomainSetMemory(dom, 0), VIR_ERR_INVALID_ARG,
            "memory in virDomainSetMemory must not be zero");
    REFUSED(virDomainSetMaxMemory(dom, 0), VIR_ERR_INVALID_ARG,
            "memory in virDomainSetMaxMemory must not be zero");
    REFUSED(virDomainSetMemoryFlags(dom, 0, 8), VIR_ERR_INVALID_ARG,
            "memory in virDomainSetMemoryFlags must not be zero");
    REFUSED(virDomainSetMemoryFlags(dom, 1, 8), VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    if (ours)
        REFUSED(virDomainSetMemoryFlags(dom, 1, LIVE | CONFIG), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    else
        REFUSED(virDomainSetMemoryFlags(dom, 1, LIVE | CONFIG), VIR_ERR_INVALID_ARG, EXCLUSIVE);
    REFUSED(virDomainSetMaxMemory(dom, (unsigned long)-1), VIR_ERR_OVERFLOW,
            "input too large: 18446744073709551615");
    memory_is(3000, 3000);
}

static void memory_on(void)
{
    const char *text = "cannot resize the maximum memory on an active domain";

    CHECK_INT(virDomainSetMemory(dom, 2000), 0);
    memory_is(3000, 2000);
    CHECK_INT(virDomainSetMemoryFlags(dom, 1999, LIVE), 0);
    CHECK_INT(virDomainSetMemoryFlags(dom, 1500, CONFIG), 0);
    memory_is(3000, 1999);
    contains(VIR_DOMAIN_XML_INACTIVE, "<currentMemory unit='KiB'>1500</currentMemory>", 1);
    contains(0, "<currentMemory unit='KiB'>1999</currentMemory>", 1);
    REFUSED(virDomainSetMemory(dom, 3001), VIR_ERR_INVALID_ARG, "higher than max memory");
    REFUSED(virDomainSetMaxMemory(dom, 5000), VIR_ERR_OPERATION_INVALID, text);
    REFUSED(virDomainSetMemoryFlags(dom, 5000, LIVE | MAXIMUM), VIR_ERR_OPERATION_INVALID, text);
    CHECK_INT(virDomainSetMemoryFlags(dom, 5000, CONFIG | MAXIMUM), 0);
    contains(VIR_DOMAIN_XML_INACTIVE, "<memory unit='KiB'>5000</memory>", 1);
    CHECK_INT(virDomainGetMaxMemory(dom), 3000);
}

static int set_limit(const char *name, unsigned long long limit, unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int number = 0, room = 0, result;

    CHECK_INT(virTypedParamsAddULLong(&params, &number, &room, name, limit), 0);
    result = virDomainSetMemoryParameters(dom, params, number, flags);
    virTypedParamsFree(params, number);
    return result;
}

static void limits_are(unsigned long long hard, unsigned long long soft, unsigned long long swap,
                       unsigned int flags)
{
    static const char *const names[] = {VIR_DOMAIN_MEMORY_HARD_LIMIT, VIR_DOMAIN_MEMORY_SOFT_LIMIT,
                                        VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT};
    unsigned long long want[3];
    virTypedParameter params[4];
    int number = 4, index;

    want[0] = hard;
    want[1] = soft;
    want[2] = swap;
    CHECK_INT(virDomainGetMemoryParameters(dom, params, &number, flags), 0);
    CHECK_INT(number, 3);
    for (index = 0; index < 3; index++) {
        CHECK_STR(params[index].field, names[index]);
        CHECK_INT(params[index].type, VIR_TYPED_PARAM_ULLONG);
        CHECK_INT(params[index].value.ul, want[index]);
    }
}

static void memory_limits(void)
{
    virTypedParameter params[2];
    int number = 0;

    limits_are(UNLIMITED, UNLIMITED, UNLIMITED, 0);
    CHECK_INT(virDomainGetMemoryParameters(dom, NULL, &number, 0), 0);
    CHECK_INT(number, 3);
    number = 2;
    CHECK_INT(virDomainGetMemoryParameters(dom, params, &number, VIR_TYPED_PARAM_STRING_OKAY), 0);
    CHECK_INT(number, 2);
    CHECK_INT(set_limit("soft_limit", 4000, 0), 0);
    CHECK_INT(set_limit("hard_limit", 5000, CONFIG), 0);
    CHECK_INT(set_limit("swap_hard_limit", 6000, CONFIG), 0);
    limits_are(5000, 4000, 6000, CONFIG);
    contains(0, "<hard_limit unit='KiB'>5000</hard_limit>", 1);
    REFUSED(set_limit("hard_limit", 6001, 0), VIR_ERR_INVALID_ARG,
            "memory hard_limit tunable value must be lower than or equal to swap_hard_limit");
    REFUSED(set_limit("swap_hard_limit", 4999, 0), VIR_ERR_INVALID_ARG, "must be lower than");
    CHECK_INT(set_limit("swap_hard_limit", UNLIMITED, 0), 0);
    limits_are(5000, 4000, UNLIMITED, 0);
    CHECK_INT(set_limit("hard_limit", UNLIMITED, 0), 0);
    REFUSED(set_limit("swap_hard_limit", 6000, 0), VIR_ERR_INVALID_ARG, "must be lower than");
    CHECK_INT(set_limit("soft_limit", UNLIMITED, 0), 0);
    contains(0, "memtune", 0);
    limits_are(UNLIMITED, UNLIMITED, UNLIMITED, 0);

    REFUSED(set_limit("min_guarantee", 1, 0), VIR_ERR_ARGUMENT_UNSUPPORTED,
            "parameter 'min_guarantee' not supported");
    if (ours)
        REFUSED(set_limit("hard_limit", 1, LIVE | CONFIG), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    else
        REFUSED(set_limit("hard_limit", 1, LIVE | CONFIG), VIR_ERR_INVALID_ARG, EXCLUSIVE);
    REFUSED(set_limit("hard_limit", 1, LIVE), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(set_limit("hard_limit", 1, 4), VIR_ERR_INVALID_ARG, "unsupported flags (0x4)");
    REFUSED(virDomainSetMemoryParameters(dom, NULL, 1, 0), VIR_ERR_INVALID_ARG,
            "params in virDomainSetMemoryParameters must not be NULL");
    REFUSED(virDomainSetMemoryParameters(dom, params, 0, 0), VIR_ERR_INVALID_ARG,
            "nparams in virDomainSetMemoryParameters must be greater than zero");
    REFUSED(virDomainGetMemoryParameters(dom, params, NULL, 0), VIR_ERR_INVALID_ARG,
            "nparams in virDomainGetMemoryParameters must not be NULL");
    REFUSED(virDomainGetMemoryParameters(dom, NULL, &number, 0), VIR_ERR_INVALID_ARG,
            "params in virDomainGetMemoryParameters must not be NULL");
    REFUSED(virDomainGetMemoryParameters(dom, params, &number, LIVE), VIR_ERR_OPERATION_INVALID,
            MUST_RUN);
    REFUSED(virDomainGetMemoryParameters(dom, params, &number, 3), VIR_ERR_INVALID_ARG, EXCLUSIVE);
    REFUSED(virDomainGetMemoryParameters(dom, params, &number, 8), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x8)");
    number = -1;
    REFUSED(virDomainGetMemoryParameters(dom, params, &number, 0), VIR_ERR_INVALID_ARG,
            "*nparams in virDomainGetMemoryParameters must be zero or greater");
}

/* Without a text it is left out, and so is a mode of 99. */
static int set_numa(int mode, const char *nodes, unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int number = 0, room = 0, result;

    if (mode != 99)
        CHECK_INT(virTypedParamsAddInt(&params, &number, &room, VIR_DOMAIN_NUMA_MODE, mode), 0);
    if (nodes)
        CHECK_INT(virTypedParamsAddString(&params, &number, &room, VIR_DOMAIN_NUMA_NODESET, nodes),
                  0);
    result = virDomainSetNumaParameters(dom, params, number, flags);
    virTypedParamsFree(params, number);
    return result;
}

static void numa_is(int mode, const char *nodes, unsigned int flags)
{
    virTypedParameter params[3];
    int number = 3;

    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetNumaParameters(dom, params, &number, flags), 0);
    CHECK_INT(number, 2);
    CHECK_STR(params[0].field, VIR_DOMAIN_NUMA_MODE);
    CHECK_INT(params[0].type, VIR_TYPED_PARAM_INT);
    CHECK_INT(params[0].value.i, mode);
    CHECK_STR(params[1].field, VIR_DOMAIN_NUMA_NODESET);
    CHECK_INT(params[1].type, VIR_TYPED_PARAM_STRING);
    CHECK_STR(params[1].value.s, nodes);
    virTypedParamsClear(params, number);
}

static void numa_off(void)
{
    virTypedParameter one;
    int number = 0;

    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "", 0);
    CHECK_INT(virDomainGetNumaParameters(dom, NULL, &number, 0), 0);
    CHECK_INT(number, 2);
    number = 1;
    CHECK_INT(virDomainGetNumaParameters(dom, &one, &number, 0), 0);
    CHECK_INT(number, 1);
    CHECK_STR(one.field, VIR_DOMAIN_NUMA_MODE);
    REFUSED(set_numa(1, NULL, 0), VIR_ERR_CONFIG_UNSUPPORTED,
            "nodeset for NUMA memory tuning must be set if 'placement' is 'static'");
    CHECK_INT(set_numa(99, "0-3,^2", 0), 0);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "0-1,3", CONFIG);
    contains(0, "<memory mode='strict' nodeset='0-1,3'/>", 1);
    CHECK_INT(set_numa(VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE, NULL, 0), 0);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE, "0-1,3", 0);
    CHECK_INT(set_numa(VIR_DOMAIN_NUMATUNE_MEM_STRICT, " 5 ,4", CONFIG), 0);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "4-5", 0);

    REFUSED(set_numa(4, NULL, 0), VIR_ERR_INVALID_ARG, "unsupported numatune mode: '4'");
    REFUSED(set_numa(-1, NULL, 0), VIR_ERR_INVALID_ARG, "unsupported numatune mode: '-1'");
    REFUSED(set_numa(99, "x", 0), VIR_ERR_INVALID_ARG, "Failed to parse bitmap 'x'");
    REFUSED(set_numa(99, "", 0), VIR_ERR_INVALID_ARG, "Failed to parse bitmap ''");
    REFUSED(set_numa(99, "0,^0", 0), VIR_ERR_OPERATION_INVALID,
            "Invalid nodeset of 'numatune': 0,^0");
    REFUSED(set_numa(99, "0", LIVE), VIR_ERR_OPERATION_INVALID, MUST_RUN);
    REFUSED(set_numa(99, "0", 4), VIR_ERR_INVALID_ARG, "unsupported flags (0x4)");
    REFUSED(set_numa(99, NULL, 0), VIR_ERR_INVALID_ARG,
            "params in virDomainSetNumaParameters must not be NULL");
    REFUSED(virDomainGetNumaParameters(dom, NULL, &number, 0), VIR_ERR_INVALID_ARG,
            "params in virDomainGetNumaParameters must not be NULL");
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "4-5", 0);
}

static void numa_on(void)
{
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "4-5", LIVE);
    CHECK_INT(set_numa(99, "7", 0), 0);
    CHECK_INT(set_numa(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "8", LIVE), 0);
    CHECK_INT(set_numa(VIR_DOMAIN_NUMATUNE_MEM_PREFERRED, "9", CONFIG), 0);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_STRICT, "8", 0);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_PREFERRED, "9", CONFIG);
    REFUSED(set_numa(VIR_DOMAIN_NUMATUNE_MEM_PREFERRED, NULL, 0), VIR_ERR_OPERATION_INVALID,
            "can't change numatune mode for running domain");
}

static int set_weight(unsigned int weight, int flagged, unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int number = 0, room = 0, result;

    CHECK_INT(virTypedParamsAddUInt(&params, &number, &room, VIR_DOMAIN_SCHEDULER_WEIGHT, weight),
              0);
    if (flagged)
        result = virDomainSetSchedulerParametersFlags(dom, params, number, flags);
    else
        result = virDomainSetSchedulerParameters(dom, params, number);
    virTypedParamsFree(params, number);
    return result;
}

/* With flags only on ours: libvirt's test driver refuses each call. */
static unsigned int weight(int flagged, unsigned int flags)
{
    virTypedParameter params[3];
    int number = 3;

    if (flagged)
        CHECK_INT(virDomainGetSchedulerParametersFlags(dom, params, &number, flags), 0);
    else
        CHECK_INT(virDomainGetSchedulerParameters(dom, params, &number), 0);
    CHECK_INT(number, 1);
    CHECK_STR(params[0].field, VIR_DOMAIN_SCHEDULER_WEIGHT);
    CHECK_INT(params[0].type, VIR_TYPED_PARAM_UINT);
    return params[0].value.ui;
}

static void scheduler(void)
{
    virTypedParameter params[2];
    int number = -1;
    char *name = virDomainGetSchedulerType(dom, &number);

    CHECK_STR(name, "fair");
    CHECK_INT(number, 1);
    free(name);
    name = virDomainGetSchedulerType(dom, NULL);
    CHECK_STR(name, "fair");
    free(name);
    CHECK_INT(weight(0, 0), 50);
    CHECK_INT(set_weight(77, 0, 0), 0);
    CHECK_INT(set_weight(78, 1, 0), 0);
    CHECK_INT(weight(0, 0), ours ? 78 : 50);
    if (ours) {
        CHECK_INT(set_weight(80, 1, CONFIG), 0);
        CHECK_INT(weight(1, 0), 78);
        CHECK_INT(weight(1, CONFIG | VIR_TYPED_PARAM_STRING_OKAY), 80);
        contains(VIR_DOMAIN_XML_INACTIVE, "<shares>80</shares>", 1);
        CHECK_INT(set_weight(81, 1, LIVE | CONFIG), 0);
        CHECK_INT(weight(1, LIVE), 81);
        CHECK_INT(weight(1, CONFIG), 81);
    }
    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, 0), 0);
    REFUSED(virDomainSetSchedulerParameters(dom, NULL, 0), VIR_ERR_INVALID_ARG,
            "params in virDomainSetSchedulerParameters must not be NULL");
    REFUSED(virDomainSetSchedulerParameters(dom, params, -1), VIR_ERR_INVALID_ARG,
            "nparams in virDomainSetSchedulerParameters must be zero or greater");
    REFUSED(set_weight(1, 1, 8), VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    strcpy(params[0].field, "cap");
    params[0].type = VIR_TYPED_PARAM_UINT;
    REFUSED(virDomainSetSchedulerParameters(dom, params, 1), VIR_ERR_ARGUMENT_UNSUPPORTED,
            "parameter 'cap' not supported");
    number = 0;
    REFUSED(virDomainGetSchedulerParameters(dom, params, &number), VIR_ERR_INVALID_ARG,
            "*nparams in virDomainGetSchedulerParameters must be greater than zero");
    REFUSED(virDomainGetSchedulerParameters(dom, params, NULL), VIR_ERR_INVALID_ARG,
            "nparams in virDomainGetSchedulerParameters must not be NULL");
    number = 2;
    REFUSED(virDomainGetSchedulerParameters(dom, NULL, &number), VIR_ERR_INVALID_ARG,
            "params in virDomainGetSchedulerParameters must not be NULL");
    REFUSED(virDomainGetSchedulerParametersFlags(dom, params, &number, LIVE | CONFIG),
            VIR_ERR_INVALID_ARG, EXCLUSIVE);
}

/* Where nothing is scheduled. */
static void no_scheduler(void)
{
    virTypedParameter params[1];
    int number = 1;

    CHECK(virDomainGetSchedulerType(dom, NULL) == NULL);
    CHECK_CODE(VIR_ERR_NO_SUPPORT, "virDomainGetSchedulerType");
    REFUSED(virDomainGetSchedulerParameters(dom, params, &number), VIR_ERR_NO_SUPPORT,
            "virDomainGetSchedulerParameters");
    REFUSED(set_weight(1, 1, 0), VIR_ERR_NO_SUPPORT, "virDomainSetSchedulerParametersFlags");
}

static void actions(void)
{
    CHECK_INT(virDomainSetLifecycleAction(dom, VIR_DOMAIN_LIFECYCLE_POWEROFF,
                                          VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE, 0), 0);
    CHECK_INT(virDomainSetLifecycleAction(dom, VIR_DOMAIN_LIFECYCLE_REBOOT,
                                          VIR_DOMAIN_LIFECYCLE_ACTION_RESTART_RENAME, CONFIG), 0);
    CHECK_INT(virDomainSetLifecycleAction(dom, VIR_DOMAIN_LIFECYCLE_CRASH,
                                          VIR_DOMAIN_LIFECYCLE_ACTION_COREDUMP_RESTART,
                                          LIVE | CONFIG), 0);
    contains(0, "<on_poweroff>preserve</on_poweroff>", 1);
    contains(VIR_DOMAIN_XML_INACTIVE, "<on_poweroff>preserve</on_poweroff>", 0);
    contains(VIR_DOMAIN_XML_INACTIVE, "<on_reboot>rename-restart</on_reboot>", 1);
    contains(0, "<on_reboot>rename-restart</on_reboot>", 0);
    contains(0, "<on_crash>coredump-restart</on_crash>", 1);
    contains(VIR_DOMAIN_XML_INACTIVE, "<on_crash>coredump-restart</on_crash>", 1);
    REFUSED(virDomainSetLifecycleAction(dom, 0, 4, 0), VIR_ERR_CONFIG_UNSUPPORTED,
            "Lifecycle event 'poweroff' doesn't support 'coredump-destroy' action");
    REFUSED(virDomainSetLifecycleAction(dom, 3, 6, 8), VIR_ERR_INVALID_ARG,
            "invalid lifecycle type '3'");
    REFUSED(virDomainSetLifecycleAction(dom, 0, 7, 8), VIR_ERR_INVALID_ARG,
            "invalid lifecycle action '7'");
    REFUSED(virDomainSetLifecycleAction(dom, 1, VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE_RUNNING, 0),
            VIR_ERR_CONFIG_UNSUPPORTED,
            "Lifecycle event 'reboot' doesn't support 'preserve-running' action");
    CHECK_INT(virDomainSetLifecycleAction(dom, VIR_DOMAIN_LIFECYCLE_CRASH,
                                          VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE_RUNNING, LIVE), 0);
    contains(0, "<on_crash>preserve-running</on_crash>", 1);
    REFUSED(virDomainSetLifecycleAction(dom, 0, 0, 8), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x8)");
}

/* What runs and is not kept. */
static void transient(virConnectPtr conn)
{
    const char *xml = "<domain type='test'><name>t</name><memory>100</memory><vcpu>2</vcpu>"
                      "<os><type>hvm</type></os></domain>";

    dom = virDomainCreateXML(conn, xml, 0);
    CHECK(dom != NULL);
    REFUSED(virDomainGetVcpusFlags(dom, CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    REFUSED(virDomainSetVcpusFlags(dom, 1, LIVE | CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    REFUSED(virDomainSetMemoryFlags(dom, 50, CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    REFUSED(set_limit("hard_limit", 1, CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    REFUSED(set_numa(99, "1", CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    REFUSED(virDomainSetLifecycleAction(dom, 0, 0, CONFIG), VIR_ERR_OPERATION_INVALID, TRANSIENT);
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 2);
    CHECK_INT(virDomainSetVcpus(dom, 1), 0);
    CHECK_INT(virDomainSetMemory(dom, 50), 0);
    memory_is(100, 50);
    CHECK_INT(set_limit("hard_limit", 60, 0), 0);
    limits_are(60, UNLIMITED, UNLIMITED, LIVE);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void read_only(const char *uri, const char *name)
{
    const char *text = "read only access prevents virDomain";
    virConnectPtr conn = virConnectOpenReadOnly(uri);

    CHECK(conn != NULL);
    dom = virDomainLookupByName(conn, name);
    CHECK(dom != NULL);
    CHECK(virDomainGetVcpusFlags(dom, 0) > 0);
    REFUSED(virDomainGetVcpusFlags(dom, 8), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetVcpus(dom, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetVcpusFlags(dom, 0, 4), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetMemory(dom, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetMemoryFlags(dom, 0, 8), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetMaxMemory(dom, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetMemoryParameters(dom, NULL, 0, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetNumaParameters(dom, NULL, 0, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetSchedulerParameters(dom, NULL, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetSchedulerParametersFlags(dom, NULL, 0, 0), VIR_ERR_OPERATION_DENIED, text);
    REFUSED(virDomainSetLifecycleAction(dom, 9, 9, 9), VIR_ERR_OPERATION_DENIED, text);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

static void without_a_domain(void)
{
    virTypedParameter params[1];
    int number = 1;

    REFUSED(virDomainGetVcpusFlags(NULL, 0), VIR_ERR_INVALID_DOMAIN, "virDomainGetVcpusFlags");
    REFUSED(virDomainGetMaxVcpus(NULL), VIR_ERR_INVALID_DOMAIN, "virDomainGetMaxVcpus");
    REFUSED(virDomainSetVcpus(NULL, 1), VIR_ERR_INVALID_DOMAIN, "virDomainSetVcpus");
    REFUSED(virDomainSetMemory(NULL, 1), VIR_ERR_INVALID_DOMAIN, "virDomainSetMemory");
    REFUSED(virDomainGetNumaParameters(NULL, params, &number, 0), VIR_ERR_INVALID_DOMAIN,
            "virDomainGetNumaParameters");
    REFUSED(virDomainSetSchedulerParameters(NULL, params, 1), VIR_ERR_INVALID_DOMAIN,
            "virDomainSetSchedulerParameters");
    CHECK(virDomainGetSchedulerType(NULL, NULL) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainGetSchedulerType");
}

static void all(const char *uri, int scheduled)
{
    virConnectPtr conn = virConnectOpen(uri);
    const char *xml = "<domain type='test'><name>tuned</name><memory>2048</memory>"
                      "<currentMemory>1024</currentMemory><vcpu current='2'>4</vcpu>"
                      "<os><type>hvm</type></os></domain>";

    CHECK(conn != NULL);
    dom = virDomainDefineXML(conn, xml);
    CHECK(dom != NULL);
    cpus_off((unsigned int)virConnectGetMaxVcpus(conn, NULL));
    memory_off();
    memory_limits();
    numa_off();
    CHECK_INT(virDomainCreate(dom), 0);
    cpus_on();
    memory_on();
    numa_on();
    if (scheduled)
        scheduler();
    else
        no_scheduler();
    actions();
    CHECK_INT(virDomainDestroy(dom), 0);
    /* The saved values are the current ones. */
    memory_is(5000, 1500);
    CHECK_INT(virDomainGetVcpusFlags(dom, MAXIMUM), 3);
    numa_is(VIR_DOMAIN_NUMATUNE_MEM_PREFERRED, "9", 0);
    CHECK_INT(virDomainFree(dom), 0);
    transient(conn);
    read_only(uri, "tuned");
    without_a_domain();
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 60);
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    all("test:///default", 1);
    if (ours)
        all(test_uri, 0);
    return CHECK_DONE();
}
