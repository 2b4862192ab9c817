/* The capabilities of a connection and of its domains: which guests can be defined. Errors are
 * those of libvirt's QEMU driver. */
#include "fixture.h"

static virConnectPtr conn;

static char *described(const char *arch, const char *machine, const char *type)
{
    char *xml = virConnectGetDomainCapabilities(conn, NULL, arch, machine, type, 0);

    CHECK(xml != NULL);
    return xml;
}

static void has(const char *xml, const char *text)
{
    if (strstr(xml, text) == NULL)
        fprintf(stderr, "no %s in %s\n", text, xml);
    CHECK(strstr(xml, text) != NULL);
}

static void refused(const char *arch, const char *type, unsigned int flags, int code, const char *text)
{
    CHECK(virConnectGetDomainCapabilities(conn, NULL, arch, NULL, type, flags) == NULL);
    CHECK_CODE(code, text);
}

/* A domain of each guest and of each type in the capabilities can be defined and started. */
static void guests(void)
{
    static const char *const archs[] = {"x86_64", "i686", "aarch64", "armv7l", "ppc64le", "riscv64", "s390x"};
    static const char *const types[] = {"qemu", "kvm", "test"};
    char *xml = virConnectGetCapabilities(conn), text[512];
    size_t arch, type;

    CHECK(xml != NULL);
    for (arch = 0; arch < sizeof(archs) / sizeof(*archs); arch++) {
        print_to(text, sizeof(text), "<arch name='%s'>", archs[arch]);
        has(xml, text);
        for (type = 0; type < sizeof(types) / sizeof(*types); type++) {
            virDomainPtr dom;
            char *one;

            print_to(text, sizeof(text),
                     "<domain type='%s'><name>guest</name><memory>1024</memory>"
                     "<os><type arch='%s'>hvm</type></os></domain>", types[type], archs[arch]);
            dom = virDomainCreateXML(conn, text, 0);
            CHECK(dom != NULL);
            CHECK_INT(virDomainDestroy(dom), 0);
            CHECK_INT(virDomainFree(dom), 0);
            one = described(archs[arch], NULL, types[type]);
            print_to(text, sizeof(text), "<domain>%s</domain>\n  <machine>", types[type]);
            has(one, text);
            print_to(text, sizeof(text), "</machine>\n  <arch>%s</arch>\n  <vcpu max='65535'/>", archs[arch]);
            has(one, text);
            free(one);
        }
    }
    has(xml, "<os_type>hvm</os_type>");
    has(xml, "<wordsize>64</wordsize>\n      <machine maxCpus='65535'>pc</machine>\n"
             "      <machine maxCpus='65535'>q35</machine>\n      <domain type='qemu'/>\n      <domain type='kvm'/>");
    has(xml, "<disksnapshot default='on' toggle='no'/>");
    free(xml);
}

static void domains(void)
{
    char *xml = described(NULL, NULL, NULL);
    virConnectPtr reader;

    has(xml, "<domainCapabilities>\n  <domain>kvm</domain>");
    has(xml, "<os supported='yes'>");
    has(xml, "<loader supported='no'/>");
    has(xml, "<mode name='host-passthrough' supported='no'/>");
    has(xml, "<disk supported='yes'>");
    has(xml, "<enum name='diskDevice'>\n        <value>disk</value>");
    has(xml, "<graphics supported='no'/>");
    has(xml, "<backup supported='no'/>");
    CHECK(strstr(xml, "<path>") == NULL);
    free(xml);
    xml = virConnectGetDomainCapabilities(conn, "/usr/bin/qemu-system-<x86>", "x86_64", "q35", "qemu", 0);
    CHECK(xml != NULL);
    has(xml, "<path>/usr/bin/qemu-system-&lt;x86&gt;</path>\n  <domain>qemu</domain>\n"
             "  <machine>q35</machine>\n  <arch>x86_64</arch>");
    free(xml);

    refused("nonsense", NULL, 0, VIR_ERR_INVALID_ARG, "unknown architecture: nonsense");
    refused("sparc", NULL, 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "unable to find any emulator to serve 'sparc' architecture");
    refused(NULL, "nonsense", 0, VIR_ERR_INVALID_ARG, "unknown virttype: nonsense");
    refused(NULL, "xen", 0, VIR_ERR_INVALID_ARG, "'xen'");
    refused(NULL, NULL, 1, VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    refused("\xff", NULL, 0, VIR_ERR_INVALID_ARG, "must be valid UTF-8");
    CHECK(virConnectGetDomainCapabilities(NULL, NULL, NULL, NULL, NULL, 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_CONN, "virConnectGetDomainCapabilities");
    reader = virConnectOpenReadOnly(test_uri);
    CHECK(reader != NULL);
    CHECK(virConnectGetDomainCapabilities(reader, NULL, NULL, NULL, NULL, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "read only access prevents virConnectGetDomainCapabilities");
    CHECK_INT(virConnectClose(reader), 0);
}

/* A connection in memory has the capabilities of libvirt's test driver. */
static void in_memory(void)
{
    char *xml;

    conn = virConnectOpen("test:///default");
    CHECK(conn != NULL);
    xml = described(NULL, NULL, NULL);
    has(xml, "<domain>test</domain>\n  <arch>i686</arch>\n  <vcpu max='32'/>");
    free(xml);
    refused("x86_64", NULL, 0, VIR_ERR_CONFIG_UNSUPPORTED, "'x86_64'");
    refused(NULL, "kvm", 0, VIR_ERR_INVALID_ARG, "'kvm'");
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    conn = fixture_open(argv[0], 60);
    (void)argc;
    CHECK(ours);
    guests();
    domains();
    CHECK_INT(virConnectClose(conn), 0);
    in_memory();
    return CHECK_DONE();
}
