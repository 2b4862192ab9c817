/* Domains of test:///default: lifecycle and events, and memory and CPUs in their definitions.
 * The program also runs on libvirt's own driver. */
#include "fixture.h"

#include <dlfcn.h>

static virConnectPtr conn;
static char seen[1024];

static int on_lifecycle(virConnectPtr c, virDomainPtr dom, int event, int detail, void *opaque)
{
    size_t used = strlen(seen);

    (void)c;
    (void)opaque;
    print_to(seen + used, sizeof(seen) - used, "%s %d.%d; ", virDomainGetName(dom), event, detail);
    return 0;
}

static volatile int frees;

static void on_free(void *opaque)
{
    (void)opaque;
    frees++;
}

/* The events since the last call, "NAME EVENT.DETAIL; " each. */
static void events_are(const char *expected)
{
    unsigned long long begin = now_ms();

    while (strlen(seen) < strlen(expected) && now_ms() - begin < HANG_MS)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK_STR(seen, expected);
    seen[0] = '\0';
}

static const char *xml_of(const char *name)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<domain type='test'><name>%s</name><memory dumpCore='on'>4096</memory>"
             "<currentMemory>2048</currentMemory><vcpu cpuset='0-3' current='2'>4</vcpu>"
             "<os><type>hvm</type></os></domain>",
             name);
    return xml;
}

static void state_is(virDomainPtr dom, int state, int reason)
{
    int is = -1, why = -1;

    CHECK_INT(virDomainGetState(dom, &is, &why, 0), 0);
    CHECK_INT(is, state);
    CHECK_INT(why, reason);
    CHECK_INT(virDomainIsActive(dom), state != VIR_DOMAIN_SHUTOFF);
}

static void life(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, xml_of("a")), again;
    int id, autostart = -1;

    CHECK(dom != NULL);
    state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN);
    CHECK_INT((int)virDomainGetID(dom), -1);
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 1);
    CHECK_INT(virDomainSetAutostart(dom, 1), 0);
    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    CHECK_INT(autostart, 1);
    CHECK_INT(virDomainSuspend(dom), -1);
    CHECK_INT(virDomainShutdown(dom), -1);
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainCreate(dom), 0);
    id = (int)virDomainGetID(dom);
    CHECK(id > 1);
    again = virDomainLookupByID(conn, id);
    CHECK(again != NULL);
    CHECK_STR(virDomainGetName(again), "a");
    CHECK_INT(virDomainFree(again), 0);
    state_is(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    CHECK_INT(virDomainCreate(dom), -1);
    CHECK_CODE(ours ? VIR_ERR_OPERATION_INVALID : VIR_ERR_INTERNAL_ERROR, "already running");
    CHECK_INT(virDomainSuspend(dom), 0);
    state_is(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    CHECK_INT(virDomainResume(dom), 0);
    state_is(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
    CHECK_INT(virDomainResume(dom), -1);
    events_are("a 0.0; a 2.0; a 3.0; a 4.0; ");
    CHECK_INT(virDomainShutdown(dom), 0);
    state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
    events_are("a 5.0; ");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT((int)virDomainGetID(dom), id + 1);
    CHECK_INT(virDomainDestroy(dom), 0);
    state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED);
    events_are("a 2.0; a 5.1; ");
    again = virDomainDefineXML(conn, xml_of("a"));
    CHECK(again == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "domain 'a' already exists with uuid");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK(virDomainLookupByName(conn, "a") == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "");
    CHECK_INT(virDomainFree(dom), 0);
    events_are("a 1.0; ");

    dom = virDomainCreateXML(conn, xml_of("t"), 0);
    CHECK(dom != NULL);
    CHECK_INT(virDomainIsPersistent(dom), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK(virDomainLookupByName(conn, "t") == NULL);
    CHECK_INT(virDomainFree(dom), 0);
    events_are("t 2.0; t 5.1; ");
}

/* A restart sends no event. A domain that is shut off instead is deleted if it is transient. */
static void reboot(const char *policy, int restarts)
{
    virDomainPtr dom, transient;
    char xml[512];

    print_to(xml, sizeof(xml),
             "<domain type='test'><name>r</name><memory>1024</memory><os><type>hvm</type></os>"
             "<on_reboot>%s</on_reboot></domain>", policy);
    dom = virDomainDefineXML(conn, xml);
    CHECK(dom != NULL);
    CHECK_INT(virDomainReboot(dom, 0), -1);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainReboot(dom, 0), 0);
    if (restarts) {
        state_is(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
        events_are("r 0.0; r 2.0; r 3.0; ");
        CHECK_INT(virDomainDestroy(dom), 0);
        events_are("r 5.1; ");
    } else {
        state_is(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
        events_are("r 0.0; r 2.0; r 3.0; r 5.0; ");
    }
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    events_are("r 1.0; ");

    transient = virDomainCreateXML(conn, xml, 0);
    CHECK(transient != NULL);
    CHECK_INT(virDomainReboot(transient, 0), 0);
    CHECK_INT(virDomainIsActive(transient), restarts ? 1 : -1);
    if (restarts)
        CHECK_INT(virDomainDestroy(transient), 0);
    CHECK_INT(virDomainFree(transient), 0);
    events_are(restarts ? "r 2.0; r 5.1; " : "r 2.0; r 5.0; ");
}

static void info_is(virDomainPtr dom, unsigned long most, unsigned long memory, int vcpus)
{
    virDomainInfo info;

    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.maxMem, most);
    CHECK_INT(info.memory, memory);
    CHECK_INT(info.nrVirtCpu, vcpus);
    CHECK(virDomainGetMaxMemory(dom) == most);
}

static int has(virDomainPtr dom, unsigned int flags, const char *text)
{
    char *xml = virDomainGetXMLDesc(dom, flags);
    int found;

    CHECK(xml != NULL);
    found = strstr(xml, text) != NULL;
    free(xml);
    return found;
}

static void memory(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, xml_of("m"));

    CHECK(dom != NULL);
    info_is(dom, 4096, 2048, 2);
    CHECK_INT(virDomainSetMemory(dom, 1024), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainSetMemory(dom, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "memory in virDomainSetMemory must not be zero");
    CHECK_INT(virDomainSetMaxMemory(dom, 8192), 0);
    info_is(dom, 8192, 2048, 2);
    CHECK_INT(virDomainSetMaxMemory(dom, 1024), 0);
    info_is(dom, 1024, 1024, 2);
    CHECK(has(dom, 0, "<memory dumpCore='on' unit='KiB'>1024</memory>") ||
          has(dom, 0, "<memory unit='KiB' dumpCore='on'>1024</memory>"));
    CHECK(has(dom, 0, "<currentMemory unit='KiB'>1024</currentMemory>"));
    CHECK_INT(virDomainSetMemoryFlags(dom, 512, VIR_DOMAIN_AFFECT_CURRENT), 0);
    info_is(dom, 1024, 512, 2);
    CHECK_INT(virDomainSetMemoryFlags(dom, 2048, VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "cannot set memory higher than max memory");
    CHECK_INT(virDomainSetMemoryFlags(dom, 512, VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainSetMemoryFlags(dom, 512, 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainSetMemory(dom, 256), 0);
    info_is(dom, 1024, 256, 2);
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "<currentMemory unit='KiB'>512</currentMemory>"));
    CHECK_INT(virDomainSetMaxMemory(dom, 4096), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot resize the maximum memory on an active domain");
    CHECK_INT(virDomainSetMemoryFlags(dom, 4096, VIR_DOMAIN_MEM_MAXIMUM | VIR_DOMAIN_MEM_CONFIG), 0);
    info_is(dom, 1024, 256, 2);
    CHECK_INT(virDomainDestroy(dom), 0);
    info_is(dom, 4096, 512, 2);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    if (!ours)
        return;
    dom = virDomainDefineXML(conn, xml_of("m"));
    CHECK(dom != NULL);
    CHECK_INT(virDomainSetMaxMemory(dom, ~0UL), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "input too large");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void cpus(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, xml_of("c"));
    const unsigned int most = VIR_DOMAIN_VCPU_MAXIMUM;

    CHECK(dom != NULL);
    CHECK_INT(virDomainGetMaxVcpus(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainGetVcpusFlags(dom, 0), 2);
    CHECK_INT(virDomainGetVcpusFlags(dom, most), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "mutually exclusive");
    CHECK_INT(virDomainSetVcpus(dom, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "nvcpus in virDomainSetVcpus must not be zero");
    CHECK_INT(virDomainSetVcpus(dom, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainSetVcpusFlags(dom, 3, VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK(has(dom, 0, "cpuset='0-3' current='3'>4</vcpu>"));
    CHECK_INT(virDomainSetVcpusFlags(dom, 5, VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "requested cpu amount exceeds maximum (5 > 4)");
    CHECK_INT(virDomainSetVcpusFlags(dom, 33, VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG,
               "requested cpu amount exceeds maximum supported amount (33 > 32)");
    CHECK_INT(virDomainSetVcpusFlags(dom, 2, most), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "Flag 'VIR_DOMAIN_AFFECT_CONFIG' is required by flag 'VIR_DOMAIN_VCPU_MAXIMUM'");
    CHECK_INT(virDomainSetVcpusFlags(dom, 2, most | VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK(has(dom, 0, "cpuset='0-3'>2</vcpu>"));
    CHECK_INT(virDomainSetVcpusFlags(dom, 8, most | VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK(has(dom, 0, "current='2'>8</vcpu>"));
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainGetMaxVcpus(dom), 8);
    CHECK_INT(virDomainSetVcpus(dom, 8), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE), 8);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_CONFIG), 2);
    CHECK_INT(virDomainSetVcpusFlags(dom, 4, VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_LIVE), 4);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_AFFECT_CONFIG), 4);
    CHECK_INT(virDomainSetVcpus(dom, 9), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "requested cpu amount exceeds maximum (9 > 8)");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static unsigned int weight(virDomainPtr dom)
{
    virTypedParameter param;
    int count = 1;

    memset(&param, 0, sizeof(param));
    CHECK_INT(virDomainGetSchedulerParameters(dom, &param, &count), 0);
    CHECK_INT(count, 1);
    CHECK_STR(param.field, VIR_DOMAIN_SCHEDULER_WEIGHT);
    CHECK_INT(param.type, VIR_TYPED_PARAM_UINT);
    return param.value.ui;
}

/* libvirt's own takes a new weight, and forgets it. */
static void scheduler(void)
{
    virDomainPtr dom = virDomainDefineXML(conn, xml_of("s"));
    virTypedParameterPtr params = NULL;
    int count = 0, max = 0;
    char *type;

    CHECK(dom != NULL);
    type = virDomainGetSchedulerType(dom, &count);
    CHECK_STR(type, "fair");
    CHECK_INT(count, 1);
    free(type);
    type = virDomainGetSchedulerType(dom, NULL);
    CHECK_STR(type, "fair");
    free(type);
    CHECK_INT(weight(dom), 50);
    count = 0;
    CHECK_INT(virTypedParamsAddUInt(&params, &count, &max, VIR_DOMAIN_SCHEDULER_WEIGHT, 20), 0);
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, count), 0);
    if (ours) {
        CHECK_INT(weight(dom), 20);
        CHECK(has(dom, 0, "<shares>20</shares>"));
        CHECK_INT(virDomainCreate(dom), 0);
        params->value.ui = 30;
        CHECK_INT(virDomainSetSchedulerParametersFlags(dom, params, count, VIR_DOMAIN_AFFECT_LIVE),
                  0);
        CHECK_INT(weight(dom), 30);
        CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "<shares>20</shares>"));
        CHECK_INT(virDomainDestroy(dom), 0);
        CHECK_INT(weight(dom), 20);
    }
    params->type = VIR_TYPED_PARAM_INT;
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, count), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG,
               "invalid type 'int' for parameter 'weight', expected 'uint'");
    params->type = VIR_TYPED_PARAM_UINT;
    memcpy(params->field, "height", 7);
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, count), -1);
    CHECK_CODE(VIR_ERR_ARGUMENT_UNSUPPORTED, "parameter 'height' not supported");
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, 0), 0);
    CHECK_INT(virDomainSetSchedulerParameters(dom, params, -1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "must be zero or greater");
    CHECK_INT(virDomainSetSchedulerParameters(dom, NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainSetSchedulerParameters must not be NULL");
    count = 0;
    CHECK_INT(virDomainGetSchedulerParameters(dom, params, &count), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "must be greater than zero");
    CHECK_INT(virDomainGetSchedulerParameters(dom, NULL, &count), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "params in virDomainGetSchedulerParameters must not be NULL");
    virTypedParamsFree(params, 1);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK(virDomainGetSchedulerType(NULL, NULL) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainGetSchedulerType");
}

static void read_only(void)
{
    virConnectPtr reader = virConnectOpenReadOnly("test:///default");
    virDomainPtr dom;

    CHECK(reader != NULL);
    dom = virDomainLookupByName(reader, "test");
    CHECK(dom != NULL);
    CHECK_INT(virDomainSetMemory(dom, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainSetMemory");
    CHECK_INT(virDomainSetMaxMemory(dom, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainSetMaxMemory");
    CHECK_INT(virDomainSetVcpus(dom, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainSetVcpus");
    CHECK_INT(virDomainSetVcpusFlags(dom, 1, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virDomainSetVcpusFlags");
    CHECK_INT(virDomainGetMaxVcpus(dom), 2);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(reader), 0);
    CHECK_INT(virDomainSetMemory(NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainSetMemory");
    CHECK_INT(virDomainGetMaxVcpus(NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainGetMaxVcpus");
}

/* Of domains that are kept in files. */
static void in_files(void)
{
    virConnectPtr files = virConnectOpen(test_uri);
    virTypedParameter param;
    int count = 1;
    virDomainPtr dom;

    CHECK(files != NULL);
    dom = virDomainDefineXML(files, xml_of("f"));
    CHECK(dom != NULL);
    CHECK_INT(virDomainSetMaxMemory(dom, 8192), 0);
    CHECK_INT(virDomainSetMemoryFlags(dom, 1024, VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK_INT(virDomainSetVcpusFlags(dom, 1000, VIR_DOMAIN_VCPU_MAXIMUM | VIR_DOMAIN_AFFECT_CONFIG),
              0);
    CHECK_INT(virDomainSetVcpusFlags(dom, 100, VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(files), 0);
    files = virConnectOpen(test_uri);
    CHECK(files != NULL);
    dom = virDomainLookupByName(files, "f");
    CHECK(dom != NULL);
    info_is(dom, 8192, 1024, 100);
    CHECK_INT(virDomainGetVcpusFlags(dom, VIR_DOMAIN_VCPU_MAXIMUM), 1000);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainSetMemory(dom, 4096), 0);
    CHECK_INT(virDomainSetVcpus(dom, 1000), 0);
    info_is(dom, 8192, 4096, 1000);
    CHECK_INT(virDomainDestroy(dom), 0);
    info_is(dom, 8192, 1024, 100);
    CHECK(virDomainGetSchedulerType(dom, NULL) == NULL);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN, "virDomainGetSchedulerType");
    CHECK_INT(virDomainGetSchedulerParameters(dom, &param, &count), -1);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN, "virDomainGetSchedulerParameters");
    CHECK_INT(virDomainSetSchedulerParameters(dom, &param, 0), -1);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN, "virDomainSetSchedulerParameters");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(files), 0);
}

int main(int argc, char **argv)
{
    int callback;

    (void)argc;
    fixture_prepare(argv[0], 60);
    loop_prepare();
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    conn = virConnectOpen("test:///default");
    CHECK(conn != NULL);
    callback = virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                                VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle), NULL,
                                                on_free);
    CHECK(callback >= 0);
    life();
    reboot("restart", 1);
    reboot("rename-restart", 1);
    reboot("destroy", 0);
    reboot("preserve", 0);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, callback), 0);
    loop_until(&frees, 1);
    memory();
    cpus();
    scheduler();
    read_only();
    if (ours)
        in_files();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
