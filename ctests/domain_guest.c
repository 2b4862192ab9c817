/* Values that would come from a hypervisor or a guest: interfaces, CPUs, memory, time, labels.
 * There is no hypervisor, so they are zeros or what the definition has. The program also runs on
 * libvirt's test driver, which invents numbers. */
#include "fixture.h"

#include <dlfcn.h>

static virConnectPtr conn;

static const char *const xml =
    "<domain type='test'><name>%s</name><memory>4096</memory><currentMemory>2048</currentMemory>"
    "<vcpu cpuset='1-3,^2' current='2'>4</vcpu>"
    "<blkiotune><weight>800</weight><device><path>/dev/a</path><weight>1000</weight></device>"
    "<device><path>/dev/b</path><read_bytes_sec>7</read_bytes_sec></device></blkiotune>"
    "<cputune><vcpupin vcpu='1' cpuset='9'/><emulatorpin cpuset='0-2'/></cputune>"
    "<os><type>hvm</type></os><perf><event name='cmt' enabled='yes'/></perf>"
    "<devices><interface type='bridge'><mac address='52:54:00:11:22:33'/><source bridge='b'/>"
    "<target dev='tap7'/><bandwidth><inbound average='1000' peak='5000' burst='1024'/>"
    "<outbound average='128'/></bandwidth></interface></devices></domain>";

static void read_only_only(virDomainPtr ro)
{
    virDomainInterfacePtr *interfaces;
    long long seconds;

    CHECK(virDomainGetHostname(ro, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainGetHostname");
    CHECK_INT(virDomainGetTime(ro, &seconds, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainGetTime");
    CHECK_INT(virDomainSetTime(ro, 1, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainSetTime");
    CHECK_INT(virDomainInterfaceAddresses(ro, &interfaces, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainInterfaceAddresses");
}

/* Only test:/// has a guest that reports them. */
static void time_and_name(virDomainPtr dom, virDomainPtr off, int test)
{
    long long seconds = 1;
    unsigned int nseconds = 1;
    char *name;

    if (!test) {
        CHECK(virDomainGetHostname(dom, 0) == NULL);
        CHECK_CODE(VIR_ERR_NO_SUPPORT, "virDomainGetHostname");
        CHECK_INT(virDomainGetTime(dom, &seconds, &nseconds, 0), -1);
        CHECK_CODE(VIR_ERR_NO_SUPPORT, "virDomainGetTime");
        CHECK_INT(virDomainSetTime(dom, 1, 1, 0), -1);
        CHECK_CODE(VIR_ERR_NO_SUPPORT, "virDomainSetTime");
        return;
    }
    name = virDomainGetHostname(dom, 0);
    CHECK_STR(name, "onhost");
    free(name);
    CHECK(virDomainGetHostname(dom, 1) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK(virDomainGetHostname(off, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainGetTime(dom, &seconds, &nseconds, 0), 0);
    CHECK_INT(seconds, 627319920);
    CHECK_INT(nseconds, 0);
    CHECK_INT(virDomainSetTime(dom, 5, 6, 0), 0);
    CHECK_INT(virDomainGetTime(dom, &seconds, &nseconds, 0), 0);
    CHECK_INT(seconds, 5);
    CHECK_INT(nseconds, 6);
    CHECK_INT(virDomainSetTime(dom, 627319920, 0, VIR_DOMAIN_TIME_SYNC), 0);
    CHECK_INT(virDomainGetTime(dom, &seconds, &nseconds, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainSetTime(dom, 5, 6, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2)");
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainGetTime(dom, &seconds, &nseconds, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(virDomainGetTime(off, &seconds, &nseconds, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainSetTime(off, 5, 6, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
}

/* dominfo asks for a label where there is a model. */
static void labels(virDomainPtr dom, virDomainPtr off, int test)
{
    virSecurityModel model;
    virSecurityLabel label;

    memset(&label, 1, sizeof(label));
    CHECK_INT(virNodeGetSecurityModel(conn, &model), 0);
    CHECK_STR(model.model, test ? "testSecurity" : "");
    CHECK_INT(virDomainGetSecurityLabel(dom, &label), 0);
    CHECK_STR(label.label, test ? "libvirt-test" : "");
    CHECK_INT(label.enforcing, test);
    CHECK_INT(virDomainGetSecurityLabel(off, &label), 0);
    CHECK_STR(label.label, "");
    CHECK_INT(label.enforcing, 0);
    CHECK_INT(virDomainGetSecurityLabel(dom, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "seclabel in virDomainGetSecurityLabel must not be NULL");
}

static void control(virDomainPtr dom, virDomainPtr off)
{
    virDomainControlInfo info = {9, 9, 9};

    CHECK_INT(virDomainGetControlInfo(dom, &info, 0), 0);
    CHECK_INT(info.state, VIR_DOMAIN_CONTROL_OK);
    CHECK_INT(info.details, 0);
    CHECK_INT(info.stateTime, 0);
    CHECK_INT(virDomainGetControlInfo(dom, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "info in virDomainGetControlInfo must not be NULL");
    CHECK_INT(virDomainGetControlInfo(dom, &info, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainGetControlInfo(off, &info, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
}

static void memory(virDomainPtr dom, virDomainPtr off)
{
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    int i, count = virDomainMemoryStats(dom, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

    /* libvirt reports it only for a domain with a balloon. */
    CHECK(ours ? count > 3 : count >= 0);
    for (i = 0; i < count; i++) {
        if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON)
            CHECK_INT(stats[i].val, 2048);
        else
            CHECK_INT(ours ? stats[i].val : 0, 0);
    }
    if (ours) {
        CHECK_INT(stats[0].tag, VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON);
        CHECK_INT(virDomainMemoryStats(dom, stats, 1, 0), 1);
    }
    CHECK_INT(virDomainMemoryStats(dom, NULL, 3, 0), 0);
    CHECK_INT(virDomainMemoryStats(dom, stats, 0, 0), 0);
    CHECK_INT(virDomainMemoryStats(dom, stats, 1, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainMemoryStats(off, stats, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
}

static void has_uint(virTypedParameterPtr params, int count, const char *name, unsigned int expected)
{
    unsigned int value = expected + 1;

    CHECK_INT(virTypedParamsGetUInt(params, count, name, &value), 1);
    CHECK_INT(value, expected);
}

static void has_string(virTypedParameterPtr params, int count, const char *name, const char *expected)
{
    const char *value = NULL;

    CHECK_INT(virTypedParamsGetString(params, count, name, &value), 1);
    CHECK_STR(value, expected);
}

static void tuning(virDomainPtr dom, virDomainPtr off)
{
    virTypedParameter params[8];
    virTypedParameterPtr events = NULL;
    int count = 0, value = 0;

    CHECK_INT(virDomainGetBlkioParameters(dom, NULL, &count, 0), 0);
    CHECK_INT(count, 6);
    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetBlkioParameters(off, params, &count, VIR_TYPED_PARAM_STRING_OKAY), 0);
    CHECK_INT(count, 6);
    has_uint(params, count, VIR_DOMAIN_BLKIO_WEIGHT, 800);
    has_string(params, count, VIR_DOMAIN_BLKIO_DEVICE_WEIGHT, "/dev/a,1000");
    has_string(params, count, VIR_DOMAIN_BLKIO_DEVICE_READ_BPS, "/dev/b,7");
    has_string(params, count, VIR_DOMAIN_BLKIO_DEVICE_WRITE_BPS, "");
    has_string(params, count, VIR_DOMAIN_BLKIO_DEVICE_READ_IOPS, "");
    has_string(params, count, VIR_DOMAIN_BLKIO_DEVICE_WRITE_IOPS, "");
    virTypedParamsClear(params, count);
    count = 1;
    CHECK_INT(virDomainGetBlkioParameters(dom, params, &count, 0), 0);
    CHECK_INT(count, 1);
    count = 6;
    CHECK_INT(virDomainGetBlkioParameters(dom, params, &count, 3), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");

    CHECK_INT(virDomainGetPerfEvents(dom, &events, &count, 0), 0);
    CHECK(count >= 22);
    CHECK_INT(virTypedParamsGetBoolean(events, count, "cmt", &value), 1);
    CHECK_INT(value, 1);
    CHECK_INT(virTypedParamsGetBoolean(events, count, "page_faults", &value), 1);
    CHECK_INT(value, 0);
    virTypedParamsFree(events, count);
    CHECK_INT(virDomainGetPerfEvents(dom, NULL, &count, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainGetPerfEvents must not be NULL");
    CHECK_INT(virDomainGetPerfEvents(dom, &events, &count, 3), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");
    CHECK_INT(virDomainGetPerfEvents(dom, &events, &count, 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK_INT(virDomainGetPerfEvents(off, &events, &count, VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
}

static void interfaces(virDomainPtr dom, virDomainPtr off, virDomainPtr ro)
{
    static const char *const names[] = {"tap7", "52:54:00:11:22:33", "52:54:0:11:22:33"};
    static const char *const wrong[] = {"tap", "52:54:00:11:22:34", ""};
    virDomainInterfaceStatsStruct stats;
    virDomainInterfacePtr *found;
    virTypedParameter params[8];
    int count = 0, source;
    size_t i;

    for (i = 0; i < 3; i++) {
        memset(&stats, 7, sizeof(stats));
        CHECK_INT(virDomainInterfaceStats(dom, names[i], &stats, sizeof(stats)), 0);
        CHECK(ours ? is_zero((const char *)&stats, sizeof(stats)) : stats.rx_bytes > 0);
        CHECK_INT(virDomainInterfaceStats(dom, wrong[i], &stats, sizeof(stats)), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "is not a known interface");
    }
    memset(&stats, 7, sizeof(stats));
    CHECK_INT(virDomainInterfaceStats(ro, "tap7", &stats, sizeof(stats.rx_bytes)), 0);
    CHECK_INT(stats.tx_drop, 0x0707070707070707LL);
    CHECK_INT(virDomainInterfaceStats(dom, "tap7", &stats, sizeof(stats) + 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "size must not exceed 64");
    CHECK_INT(virDomainInterfaceStats(dom, NULL, &stats, sizeof(stats)), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "device in virDomainInterfaceStats must not be NULL");
    CHECK_INT(virDomainInterfaceStats(dom, "tap7", NULL, sizeof(stats)), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "stats in virDomainInterfaceStats must not be NULL");
    CHECK_INT(virDomainInterfaceStats(off, "tap7", &stats, sizeof(stats)), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");

    for (source = 0; source < 3; source++) {
        CHECK_INT(virDomainInterfaceAddresses(dom, &found, (unsigned int)source, 0), 1);
        CHECK_STR(found[0]->name, "tap7");
        CHECK_STR(found[0]->hwaddr, "52:54:00:11:22:33");
        CHECK_INT(found[0]->naddrs, ours ? 0 : 1);
        virDomainInterfaceFree(found[0]);
        free(found);
    }
    virDomainInterfaceFree(NULL);
    CHECK_INT(virDomainInterfaceAddresses(dom, &found, 3, 0), -1);
    CHECK_CODE(VIR_ERR_ARGUMENT_UNSUPPORTED, "Unknown IP address data source 3");
    CHECK(found == NULL);
    CHECK_INT(virDomainInterfaceAddresses(dom, &found, 0, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainInterfaceAddresses(dom, NULL, 0, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "ifaces in virDomainInterfaceAddresses must not be NULL");
    CHECK_INT(virDomainInterfaceAddresses(off, &found, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");

    CHECK_INT(virDomainGetInterfaceParameters(dom, "tap7", NULL, &count, 0), 0);
    CHECK_INT(count, 7);
    CHECK_INT(virDomainGetInterfaceParameters(off, names[1], params, &count, 0), 0);
    CHECK_INT(count, 7);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_IN_AVERAGE, 1000);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_IN_PEAK, 5000);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_IN_BURST, 1024);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_IN_FLOOR, 0);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE, 128);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_OUT_PEAK, 0);
    has_uint(params, count, VIR_DOMAIN_BANDWIDTH_OUT_BURST, 0);
    CHECK_INT(virDomainGetInterfaceParameters(dom, "x", params, &count, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "'x' is not a known interface");
}

/* The CPUs of a set, as "0,1,". */
static const char *set_of(const unsigned char *map, int bytes)
{
    static char text[512];
    int cpu;

    text[0] = '\0';
    for (cpu = 0; cpu < bytes * 8; cpu++) {
        if (VIR_CPU_USED(map, cpu))
            print_to(text + strlen(text), sizeof(text) - strlen(text), "%d,", cpu);
    }
    return text;
}

static void pins(virDomainPtr dom, virDomainPtr off, virDomainPtr plain)
{
    unsigned char maps[8 * 2], *map = NULL;
    int cpus = virNodeGetCPUMap(conn, &map, NULL, 0), bytes = VIR_CPU_MAPLEN(cpus), i;
    unsigned char *all = (unsigned char *)calloc(2, (size_t)bytes);

    free(map);
    CHECK(all != NULL);
    memset(maps, 0xff, sizeof(maps));
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 8, maps, 2, 0), 4);
    CHECK_STR(set_of(VIR_GET_CPUMAP(maps, 2, 0), 2), "1,3,");
    CHECK_STR(set_of(VIR_GET_CPUMAP(maps, 2, 1), 2), "9,");
    CHECK_STR(set_of(VIR_GET_CPUMAP(maps, 2, 3), 2), "1,3,");
    CHECK_INT(VIR_CPU_USABLE(maps, 2, 3, 2), 0);
    CHECK_INT(maps[8], 0xff);
    CHECK_INT(virDomainGetVcpuPinInfo(off, 1, maps, 1, VIR_DOMAIN_AFFECT_CONFIG), 1);
    CHECK_STR(set_of(maps, 1), "1,3,");
    CHECK_INT(virDomainGetVcpuPinInfo(plain, 8, all, bytes, 0), 1);
    for (i = 0; i < cpus; i++)
        CHECK(VIR_CPU_USABLE(all, bytes, 0, i) != 0);
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 8, maps, 2, 3), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 8, NULL, 2, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "cpumaps in virDomainGetVcpuPinInfo must not be NULL");
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 0, maps, 2, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "ncpumaps in virDomainGetVcpuPinInfo must be greater than zero");
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 8, maps, -1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "maplen in virDomainGetVcpuPinInfo must be greater than zero");
    CHECK_INT(virDomainGetVcpuPinInfo(dom, 1 << 20, maps, 1 << 20, 0), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "input too large: 1048576 * 1048576");

    CHECK_INT(virDomainGetEmulatorPinInfo(dom, maps, 2, 0), 1);
    CHECK_STR(set_of(maps, 2), "0,1,2,");
    CHECK_INT(virDomainGetEmulatorPinInfo(plain, all, bytes, 0), 1);
    for (i = 0; i < cpus; i++)
        CHECK(VIR_CPU_USED(all, i) != 0);
    CHECK_INT(virDomainGetEmulatorPinInfo(dom, NULL, 2, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "cpumap in virDomainGetEmulatorPinInfo must not be NULL");
    CHECK_INT(virDomainGetEmulatorPinInfo(dom, maps, 0, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "maplen in virDomainGetEmulatorPinInfo must be greater than zero");
    CHECK_INT(virDomainGetEmulatorPinInfo(dom, maps, 2, 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK_INT(virDomainGetEmulatorPinInfo(off, maps, 2, VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    free(all);
}

static void vcpus(virDomainPtr dom, virDomainPtr off, int test)
{
    unsigned char maps[4 * 2];
    virVcpuInfo info[4];
    int i;

    memset(info, 9, sizeof(info));
    CHECK_INT(virDomainGetVcpus(dom, info, 4, maps, 2), 2);
    for (i = 0; i < 2; i++) {
        CHECK_INT(info[i].number, i);
        CHECK_INT(info[i].state, VIR_VCPU_RUNNING);
        CHECK(ours ? info[i].cpuTime == 0 : info[i].cpuTime > 0);
        CHECK_INT(info[i].cpu, !test ? VIR_VCPU_INFO_CPU_UNAVAILABLE : i ? 9 : 3);
    }
    CHECK_STR(set_of(VIR_GET_CPUMAP(maps, 2, 0), 2), "1,3,");
    CHECK_STR(set_of(VIR_GET_CPUMAP(maps, 2, 1), 2), "9,");
    CHECK_INT(virDomainGetVcpus(dom, info, 1, maps, 1), 1);
    if (ours) /* libvirt 9.0 writes through the NULL that it documents */
        CHECK_INT(virDomainGetVcpus(dom, info, 4, NULL, 0), 2);
    CHECK_INT(virDomainGetVcpus(dom, NULL, 4, maps, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "info in virDomainGetVcpus must not be NULL");
    CHECK_INT(virDomainGetVcpus(dom, info, 0, maps, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "maxinfo in virDomainGetVcpus must be greater than zero");
    CHECK_INT(virDomainGetVcpus(dom, info, 4, maps, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "maplen in virDomainGetVcpus must be greater than zero");
    CHECK_INT(virDomainGetVcpus(dom, info, 4, NULL, 1), -1);
    /* The text of libvirt 9.0 is "must not be zero". */
    CHECK_CODE(VIR_ERR_INVALID_ARG, ours ? "maplen in virDomainGetVcpus must be zero" : "maplen in");
    CHECK_INT(virDomainGetVcpus(dom, info, 1 << 20, maps, 1 << 20), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "input too large: 1048576 * 1048576");
    CHECK_INT(virDomainGetVcpus(off, info, 4, maps, 2), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot list vcpus for an inactive domain");
}

static void time_is(virTypedParameterPtr param, const char *name)
{
    CHECK_STR(param->field, name);
    CHECK_INT(param->type, VIR_TYPED_PARAM_ULLONG);
    CHECK(ours ? param->value.ul == 0 : param->value.ul > 0);
}

static void cpu_stats(virDomainPtr dom, virDomainPtr off, int test)
{
    virTypedParameter params[8];
    int cpus;

    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetCPUStats(dom, NULL, 0, -1, 1, 0), 3);
    CHECK_INT(virDomainGetCPUStats(dom, params, 8, -1, 1, 0), 3);
    time_is(&params[0], VIR_DOMAIN_CPU_STATS_CPUTIME);
    time_is(&params[1], VIR_DOMAIN_CPU_STATS_USERTIME);
    time_is(&params[2], VIR_DOMAIN_CPU_STATS_SYSTEMTIME);
    CHECK_STR(params[3].field, "");
    CHECK_INT(virDomainGetCPUStats(dom, params, 1, -1, 1, VIR_TYPED_PARAM_STRING_OKAY), 1);
    cpus = virDomainGetCPUStats(dom, NULL, 0, 0, 0, 0);
    CHECK(test ? cpus == 2 : cpus > 0);
    CHECK_INT(virDomainGetCPUStats(dom, NULL, 0, 0, 1, 0), 2);
    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetCPUStats(dom, params, 2, 0, 2, 0), 2);
    time_is(&params[0], VIR_DOMAIN_CPU_STATS_CPUTIME);
    time_is(&params[1], VIR_DOMAIN_CPU_STATS_VCPUTIME);
    if (cpus > 1)
        time_is(&params[2], VIR_DOMAIN_CPU_STATS_CPUTIME);
    CHECK_STR(params[4].field, "");
    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetCPUStats(dom, params, 4, cpus - 1, 2, 0), 2);
    time_is(&params[0], VIR_DOMAIN_CPU_STATS_CPUTIME);
    CHECK_STR(params[4].field, "");
    CHECK_INT(virDomainGetCPUStats(dom, params, 2, cpus, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "larger than maximum of");
    CHECK_INT(virDomainGetCPUStats(dom, params, 2, -1, 2, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "ncpus must be 1 when start_cpu is -1");
    CHECK_INT(virDomainGetCPUStats(dom, params, 2, -2, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "start_cpu in virDomainGetCPUStats must be zero or greater");
    CHECK_INT(virDomainGetCPUStats(dom, NULL, 2, 0, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainGetCPUStats must not be NULL");
    CHECK_INT(virDomainGetCPUStats(dom, params, 0, 0, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainGetCPUStats must be NULL");
    CHECK_INT(virDomainGetCPUStats(dom, params, 1, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainGetCPUStats must be NULL");
    CHECK_INT(virDomainGetCPUStats(dom, params, 1u << 20, 0, 1u << 20, 0), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "input too large: 1048576 * 1048576");
    CHECK_INT(virDomainGetCPUStats(dom, params, 8, -1, 1, 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK_INT(virDomainGetCPUStats(off, NULL, 0, -1, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
}

/* A picture comes through a stream, from test:/// only. */
static void screenshot(virDomainPtr dom, virDomainPtr ro, int test)
{
    virStreamPtr stream = virStreamNew(conn, 0), other;
    virConnectPtr away;
    char picture[1 << 16], *format;
    int got, length = 0;

    CHECK(stream != NULL);
    format = virDomainScreenshot(dom, stream, 0, 0);
    if (!test) {
        CHECK(format == NULL);
        CHECK_CODE(VIR_ERR_NO_SUPPORT, "virDomainScreenshot");
        CHECK_INT(virStreamFree(stream), 0);
        return;
    }
    CHECK_STR(format, "image/png");
    free(format);
    while ((got = virStreamRecv(stream, picture + length, sizeof(picture) - (size_t)length)) > 0)
        length += got;
    CHECK_INT(got, 0);
    CHECK(length > 8 && memcmp(picture, "\x89PNG\r\n\x1a\n", 8) == 0);
    CHECK(memcmp(picture + length - 8, "IEND", 4) == 0);
    CHECK_INT(virStreamFinish(stream), 0);
    CHECK(virDomainScreenshot(dom, NULL, 0, 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "invalid stream pointer in virDomainScreenshot");
    CHECK(virDomainScreenshot(dom, stream, 0, 1) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK(virDomainScreenshot(ro, stream, 0, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainScreenshot");
    away = virConnectOpen("test:///default");
    CHECK(away != NULL);
    other = virStreamNew(away, 0);
    CHECK(other != NULL);
    CHECK(virDomainScreenshot(dom, other, 0, 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "stream must match connection of domain 'on'");
    CHECK_INT(virStreamFree(other), 0);
    CHECK_INT(virConnectClose(away), 0);
    CHECK_INT(virStreamFree(stream), 0);
}

static virDomainPtr make(const char *name, int on)
{
    char text[4096];
    virDomainPtr dom;

    print_to(text, sizeof(text), xml, name);
    dom = virDomainDefineXML(conn, text);
    CHECK(dom != NULL);
    if (on)
        CHECK_INT(virDomainCreate(dom), 0);
    return dom;
}

static void everything(const char *uri, int test)
{
    virConnectPtr other;
    virDomainPtr on, off, plain, ro;

    conn = virConnectOpen(uri);
    CHECK(conn != NULL);
    on = make("on", 1);
    off = make("off", 0);
    plain = virDomainDefineXML(conn, "<domain type='test'><name>plain</name><memory>1</memory>"
                                     "<os><type>hvm</type></os></domain>");
    CHECK(plain != NULL);
    other = virConnectOpenReadOnly(uri);
    CHECK(other != NULL);
    ro = virDomainLookupByName(other, "on");
    CHECK(ro != NULL);
    read_only_only(ro);
    time_and_name(on, off, test);
    labels(on, off, test);
    control(on, off);
    memory(on, off);
    tuning(on, off);
    interfaces(on, off, ro);
    pins(on, off, plain);
    vcpus(on, off, test);
    cpu_stats(on, off, test);
    screenshot(on, ro, test);
    CHECK_INT(virDomainFree(ro), 0);
    CHECK_INT(virConnectClose(other), 0);
    CHECK_INT(virDomainDestroy(on), 0);
    CHECK_INT(virDomainUndefine(on), 0);
    CHECK_INT(virDomainUndefine(off), 0);
    CHECK_INT(virDomainUndefine(plain), 0);
    CHECK_INT(virDomainFree(on), 0);
    CHECK_INT(virDomainFree(off), 0);
    CHECK_INT(virDomainFree(plain), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 60);
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    everything("test:///default", 1);
    if (ours)
        everything(test_uri, 0);
    return CHECK_DONE();
}
