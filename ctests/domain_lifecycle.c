/* The lifecycle of domains: states, reasons, IDs, errors, and the state after a process has
 * ended. */
#include "fixture.h"
#include "domain.h"

#include <sys/wait.h>

static void check_state(virDomainPtr dom, int state, int reason)
{
    int now = -1, why = -1;
    virDomainInfo info;

    CHECK_INT(virDomainGetState(dom, &now, &why, 0), 0);
    CHECK_INT(now, state);
    CHECK_INT(why, reason);
    CHECK_INT(virDomainGetState(dom, &now, NULL, 0), 0);
    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.state, state);
    CHECK_INT(info.maxMem, 2048);
    CHECK_INT(info.memory, 1024);
    CHECK_INT(info.nrVirtCpu, 2);
    CHECK_INT(info.cpuTime, 0);
}

static void defined_and_started(virConnectPtr conn)
{
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("life", "", 1));
    unsigned char uuid[VIR_UUID_BUFLEN];
    char text[VIR_UUID_STRING_BUFLEN];
    char *os;

    CHECK(dom != NULL);
    CHECK_STR(virDomainGetName(dom), "life");
    CHECK(virDomainGetConnect(dom) == conn);
    CHECK_INT(virDomainGetUUID(dom, uuid), 0);
    CHECK_INT(virDomainGetUUIDString(dom, text), 0);
    CHECK_INT(strlen(text), 36);
    CHECK_INT((int)virDomainGetID(dom), -1);
    CHECK(virGetLastError() == NULL);
    CHECK_INT(virDomainIsActive(dom), 0);
    CHECK_INT(virDomainIsPersistent(dom), 1);
    CHECK_INT(virDomainIsUpdated(dom), 0);
    CHECK_INT(virDomainGetMaxMemory(dom), 2048);
    os = virDomainGetOSType(dom);
    CHECK_STR(os, "hvm");
    free(os);
    check_state(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN);
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainSuspend(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");

    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainIsActive(dom), 1);
    CHECK((int)virDomainGetID(dom) > 0);
    check_state(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    CHECK_INT(virDomainCreate(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is already running");
    CHECK_INT(virDomainCreateWithFlags(dom, 0), -1);
    CHECK_INT(virDomainResume(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is already running");
    CHECK_INT(virDomainSuspend(dom), 0);
    check_state(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainShutdown(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainResume(dom), 0);
    check_state(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
    CHECK_INT(virDomainShutdown(dom), 0);
    check_state(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
    CHECK_INT(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_PAUSED), 0);
    check_state(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    CHECK_INT(virDomainDestroyFlags(dom, VIR_DOMAIN_DESTROY_GRACEFUL), 0);
    check_state(dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DESTROYED);

    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainShutdownFlags(dom, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN), 0);
    CHECK_INT(virDomainShutdownFlags(dom, 1 << 20), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x100000)");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainIsActive(dom), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "Domain not found: no domain with matching uuid '");
    CHECK_INT(virDomainRef(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void transient(virConnectPtr conn)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml("gone", "", 2), VIR_DOMAIN_START_PAUSED);
    virDomainPtr same;

    CHECK(dom != NULL);
    CHECK_INT(virDomainIsPersistent(dom), 0);
    CHECK_INT(virDomainUndefine(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot undefine transient domain");
    CHECK_INT(virDomainSetAutostart(dom, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot set autostart for transient domain");
    CHECK(virDomainCreateXML(conn, domain_xml("gone", "", 2), 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain 'gone' is already active");
    CHECK(virDomainCreateXML(conn, domain_xml("gone", "", 3), 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "domain 'gone' already exists with uuid ");
    CHECK(virDomainDefineXML(conn, domain_xml("other", "", 2)) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "domain 'gone' is already defined with uuid ");

    /* Defined, it stays when it has stopped; undefined while it runs, it does not. */
    same = virDomainDefineXML(conn, domain_xml("gone", "", 2));
    CHECK(same != NULL);
    CHECK_INT(virDomainFree(same), 0);
    CHECK_INT(virDomainIsPersistent(dom), 1);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainIsActive(dom), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainIsUpdated(dom), 0);
    same = virDomainDefineXMLFlags(conn, domain_xml("gone", "<description>new</description>", 2), 0);
    CHECK(same != NULL);
    CHECK_INT(virDomainFree(same), 0);
    CHECK_INT(virDomainIsUpdated(dom), 1);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE), 0);
    CHECK_INT(virDomainIsPersistent(dom), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain with matching uuid");
    CHECK_INT(virDomainFree(dom), 0);
}

static void bad_arguments(virConnectPtr conn)
{
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("args", "", 4));
    virDomainPtr seen;
    int autostart = -1;

    CHECK(dom != NULL);
    CHECK(reader != NULL);
    seen = virDomainLookupByName(reader, "args");
    CHECK(seen != NULL);
    CHECK_INT(virDomainCreate(seen), -1);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_DOMAIN, "read only access prevents virDomainCreate");
    CHECK(virDomainGetXMLDesc(seen, VIR_DOMAIN_XML_SECURE) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainGetXMLDesc with secure flag");
    CHECK(virDomainGetXMLDesc(seen, VIR_DOMAIN_XML_MIGRATABLE) == NULL);
    CHECK(virDomainDefineXML(reader, domain_xml("args", "", 4)) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virDomainDefineXML");
    CHECK_INT(virDomainFree(seen), 0);
    CHECK_INT(virConnectClose(reader), 0);

    CHECK_INT(virDomainCreate(NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOM, "invalid domain pointer in virDomainCreate");
    CHECK_INT((int)virDomainGetID(NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainGetID");
    CHECK_INT(virDomainGetMaxMemory(NULL), 0);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainGetMaxMemory");
    CHECK_INT(virDomainGetInfo(dom, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "info in virDomainGetInfo must not be NULL");
    CHECK_INT(virDomainGetState(dom, NULL, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "state in virDomainGetState must not be NULL");
    CHECK_INT(virDomainGetState(dom, &autostart, NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK(virDomainDefineXMLFlags(conn, domain_xml("args", "", 4), 1 << 9) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x200)");
    CHECK_INT(virDomainCreateWithFlags(dom, VIR_DOMAIN_START_VALIDATE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x10)");

    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virDomainSetAutostart(dom, 7), 0);
    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    CHECK_INT(autostart, 1);
    CHECK_INT(virDomainSetAutostart(dom, 0), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* Reads a line from another process. */
static void await(int fd)
{
    char byte;

    CHECK_INT(read(fd, &byte, 1), 1);
}

/* A domain of another process is used as one's own; it is inactive when that process has ended. */
static void other_process(virConnectPtr conn, const char *program)
{
    int ready[2], stop[2];
    virDomainPtr dom;
    pid_t child;
    char text[64], stop_text[64];
    char *xml;

    CHECK_INT(pipe(ready), 0);
    CHECK_INT(pipe(stop), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        /* Nothing of the parent's library is used here: this is another program. */
        close(ready[0]);
        close(stop[1]);
        print_to(text, sizeof(text), "%d", ready[1]);
        print_to(stop_text, sizeof(stop_text), "%d", stop[0]);
        execl(program, program, "--child", test_uri, test_dir, text, stop_text, (char *)NULL);
        _exit(1);
    }
    close(ready[1]);
    close(stop[0]);
    await(ready[0]);

    dom = virDomainLookupByName(conn, "theirs");
    CHECK(dom != NULL);
    CHECK_INT(virDomainIsActive(dom), 1);
    CHECK_INT(virDomainIsPersistent(dom), 0);
    CHECK((int)virDomainGetID(dom) > 0);
    check_state(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    xml = virDomainGetXMLDesc(dom, 0);
    CHECK(xml && strstr(xml, "uri='nbd+unix:///vda?socket="));
    free(xml);
    CHECK_INT(virDomainResume(dom), 0);
    check_state(dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_UNPAUSED);
    CHECK_INT(virDomainResume(dom), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_DOMAIN,
              "Requested operation is not valid: domain is already running");
    CHECK_INT(virDomainSuspend(dom), 0);
    check_state(dom, VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER);
    CHECK(virDomainCreateXML(conn, domain_xml("theirs", "", 9), 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain 'theirs' is already active");

    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(virDomainIsActive(dom), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain");
    CHECK_INT(virDomainFree(dom), 0);
    /* Nothing that the other has left is in the way, also of another domain of the name. */
    dom = virDomainCreateXML(conn, domain_xml("theirs", disk_xml("vda", "theirs.img", "raw", ""), 10),
                             0);
    CHECK(dom != NULL);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    close(ready[0]);
    close(stop[1]);
}

static int child_main(char **argv)
{
    virConnectPtr conn = virConnectOpen(argv[2]);
    virDomainPtr dom;
    char byte = 0;

    print_to(test_dir, sizeof(test_dir), "%s", argv[3]);
    CHECK(conn != NULL);
    set_size(in_dir("theirs.img"), MIB);
    dom = virDomainCreateXML(conn, domain_xml("theirs", disk_xml("vda", "theirs.img", "raw", ""), 9),
                             VIR_DOMAIN_START_PAUSED);
    CHECK(dom != NULL);
    CHECK_INT(write(atoi(argv[4]), &byte, 1), 1);
    await(atoi(argv[5]));
    return 0;
}

/* A running domain does not stop with the connection, unless it was started with AUTODESTROY. */
static void connections(void)
{
    virConnectPtr conn = virConnectOpen(test_uri);
    virDomainPtr stays = virDomainCreateXML(conn, domain_xml("stays", "", 5), 0);
    virDomainPtr goes =
        virDomainCreateXML(conn, domain_xml("goes", "", 6), VIR_DOMAIN_START_AUTODESTROY);

    CHECK(stays && goes);
    CHECK_INT(virDomainFree(stays), 0);
    CHECK_INT(virDomainFree(goes), 0);
    CHECK_INT(virConnectClose(conn), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    CHECK(virDomainLookupByName(conn, "goes") == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain with matching name 'goes'");
    stays = virDomainLookupByName(conn, "stays");
    CHECK(stays != NULL);
    CHECK_INT(virDomainIsActive(stays), 1);
    CHECK_INT(virDomainDestroy(stays), 0);
    CHECK_INT(virDomainFree(stays), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

/* A misspelled element is refused with VALIDATE, and ignored without. */
static void validated(virConnectPtr conn)
{
    const char *good = domain_xml("valid", "<clock offset='utc'/><features><odd/></features>", 5);
    const char *const bad[] = { "<onpoweroff>destroy</onpoweroff>", "<memory units='KiB'>7</memory>",
                                "<disk type='file'><sorce file='/a'/><target dev='vdz'/></disk>" };
    const unsigned int validate = VIR_DOMAIN_DEFINE_VALIDATE;
    virDomainPtr dom;
    unsigned int i;

    dom = virDomainDefineXMLFlags(conn, good, validate);
    CHECK(dom != NULL);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    dom = virDomainCreateXML(conn, good, VIR_DOMAIN_START_VALIDATE);
    CHECK(dom != NULL);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    for (i = 0; i < 3; i++) {
        CHECK(virDomainDefineXMLFlags(conn, domain_xml("bad", bad[i], 6), validate) == NULL);
        CHECK_ERR(VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML,
                  "XML document failed to validate against schema: ");
        CHECK(virDomainCreateXML(conn, domain_xml("bad", bad[i], 6), VIR_DOMAIN_START_VALIDATE) ==
              NULL);
        CHECK_ERR(VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML, i == 0 ? "onpoweroff" : "");
        CHECK(virDomainLookupByName(conn, "bad") == NULL);
    }
    dom = virDomainDefineXMLFlags(conn, domain_xml("bad", bad[0], 6), 0);
    CHECK(dom != NULL);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    if (argc > 5 && strcmp(argv[1], "--child") == 0)
        return child_main(argv);
    conn = fixture_open(argv[0], 120);
    defined_and_started(conn);
    transient(conn);
    bad_arguments(conn);
    validated(conn);
    if (ours)
        other_process(conn, argv[0]);
    CHECK_INT(virConnectClose(conn), 0);
    if (ours)
        connections();
    return CHECK_DONE();
}
