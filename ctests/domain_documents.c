/* What a definition must have, and how parts of it are shown and changed: types, CPU sets,
 * memory of NUMA cells, metadata as libxml2 formats it, devices other than disks. The program
 * also runs on libvirt's test driver; behaviour that is only known of its QEMU driver is under
 * `if (ours)`. */
#include "domain.h"

#define LIVE VIR_DOMAIN_AFFECT_LIVE
#define CONFIG VIR_DOMAIN_AFFECT_CONFIG
#define NO_MEMORY "Memory size must be specified via <memory> or in the <numa> configuration"

static virConnectPtr conn;

/* A definition with these attributes and that inside. */
static const char *document(const char *attributes, const char *inside)
{
    static char xml[4096];

    print_to(xml, sizeof(xml), "<domain %s><name>documents</name>%s</domain>", attributes, inside);
    return xml;
}

#define OS "<os><type>hvm</type></os>"
#define LEAST "<memory>4096</memory>" OS

static void refused(const char *attributes, const char *inside, int code, const char *text)
{
    const char *xml = document(attributes, inside);

    CHECK(virDomainDefineXML(conn, xml) == NULL);
    CHECK_CODE(code, text);
    CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
    CHECK_CODE(code, text);
}

static virDomainPtr defined(const char *inside)
{
    virDomainPtr dom = virDomainDefineXML(conn, document("type='test'", inside));

    CHECK(dom != NULL);
    return dom;
}

static void forget(virDomainPtr dom)
{
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void types(void)
{
    refused("", LEAST, VIR_ERR_INTERNAL_ERROR, "missing domain type attribute");
    refused("type=''", LEAST, VIR_ERR_INTERNAL_ERROR, "missing domain type attribute");
}

static void sets(void)
{
    static const char *const bad[] = {"aaa", "0-", "", "1-0", "16384", "all"};
    static const char *const good[] = {"0", "0-3,^1", "16383", " 0 ", "0,"};
    char inside[512];
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        print_to(inside, sizeof(inside), "%s<vcpu cpuset='%s'>1</vcpu>", LEAST, bad[i]);
        refused("type='test'", inside, VIR_ERR_INVALID_ARG, "Failed to parse bitmap '");
        print_to(inside, sizeof(inside),
                 "%s<vcpu>1</vcpu><cputune><vcpupin vcpu='0' cpuset='%s'/></cputune>", LEAST, bad[i]);
        CHECK(virDomainDefineXML(conn, document("type='test'", inside)) == NULL);
    }
    refused("type='test'", LEAST "<vcpu cpuset='^0'>1</vcpu>", VIR_ERR_CONFIG_UNSUPPORTED,
            "Invalid value of 'cpuset': ^0");
    for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
        print_to(inside, sizeof(inside), "%s<vcpu cpuset='%s'>1</vcpu>", LEAST, good[i]);
        forget(defined(inside));
    }
}

static void memory_is(const char *inside, unsigned long most, unsigned long now)
{
    virDomainPtr dom = defined(inside);
    virDomainInfo info;
    char text[64], *xml = virDomainGetXMLDesc(dom, 0);

    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.maxMem, most);
    CHECK_INT(info.memory, now);
    CHECK_INT(virDomainGetMaxMemory(dom), most);
    print_to(text, sizeof(text), "<memory unit='KiB'>%lu</memory>", most);
    CHECK(strstr(xml, text) != NULL);
    free(xml);
    forget(dom);
}

static void memory(void)
{
#define CELLS "<vcpu>2</vcpu><cpu><numa><cell id='0' cpus='0' memory='40000' unit='KiB'/>"\
    "<cell id='1' cpus='1' memory='20' unit='MiB'/></numa></cpu>"
    memory_is(OS CELLS, 60480, 60480);
    memory_is(OS CELLS "<currentMemory>100</currentMemory>", 60480, 100);
    memory_is(OS CELLS "<memory>0</memory>", 60480, 60480);
    refused("type='test'", OS, VIR_ERR_XML_ERROR, NO_MEMORY);
    refused("type='test'", OS "<memory>0</memory>", VIR_ERR_XML_ERROR, NO_MEMORY);
    refused("type='test'", OS "<vcpu>1</vcpu><cpu><numa><cell id='0' cpus='0'/></numa></cpu>",
            VIR_ERR_XML_ERROR, "missing element or attribute './@memory'");
    refused("type='test'", OS "<vcpu>1</vcpu><cpu><numa><cell id='0' cpus='0' memory='x'/></numa></cpu>",
            VIR_ERR_XML_ERROR, "Invalid value 'x' for element or attribute './@memory'");
}

static void bootloader(void)
{
    virDomainPtr dom = defined("<memory>4096</memory><bootloader>/usr/bin/pygrub</bootloader>");
    char *type = virDomainGetOSType(dom);

    CHECK_STR(type, ours && strncmp(test_uri, "sparse:", 7) == 0 ? "xen" : "linux");
    free(type);
    forget(dom);
    refused("type='test'", "<memory>4096</memory><bootloader/>", VIR_ERR_XML_ERROR,
            "an os <type> must be specified");
}

static void comes_back(virDomainPtr dom, const char *given, const char *want)
{
    char *text;

    CHECK_INT(virDomainSetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, given, "k", "urn:a", 0), 0);
    text = virDomainGetMetadata(dom, VIR_DOMAIN_METADATA_ELEMENT, "urn:a", 0);
    CHECK_STR(text, want);
    free(text);
}

static void metadata(void)
{
    virDomainPtr dom = defined(LEAST);

    comes_back(dom, "<z a='1' b=\"it's\">t\"'&lt;&gt;&amp;</z>",
               "<z a=\"1\" b=\"it's\">t\"'&lt;&gt;&amp;</z>");
    comes_back(dom, "<z><b><c x='&quot;&apos;&#10;&#9;'/></b><d>text<e/>tail</d><f></f></z>",
               "<z>\n  <b>\n    <c x=\"&quot;'&#10;&#9;\"/>\n  </b>\n  <d>text<e/>tail</d>\n  <f/>\n</z>");
    comes_back(dom, "<z><!-- c --><?pi x?><![CDATA[<a>]]></z>",
               "<z><!-- c --><?pi x?><![CDATA[<a>]]></z>");
    comes_back(dom, "<z u='\xc3\xa4'>\xc3\xa4\xf0\x9f\x98\x80</z>",
               "<z u=\"&#xE4;\">\xc3\xa4\xf0\x9f\x98\x80</z>");
    comes_back(dom, "<z a='&lt;&gt;&amp;'>a&#13;b</z>", "<z a=\"&lt;&gt;&amp;\">a&#13;b</z>");
    forget(dom);
}

static void reboot(void)
{
    virDomainPtr dom = defined(LEAST);
    int state;

    CHECK_INT(virDomainReboot(dom, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainReboot(dom, 32), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x20)");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainReboot(dom, 0), 0);
    CHECK_INT(virDomainReboot(dom, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN | VIR_DOMAIN_REBOOT_GUEST_AGENT), 0);
    CHECK_INT(virDomainGetState(dom, &state, NULL, 0), 0);
    CHECK_INT(state, VIR_DOMAIN_RUNNING);
    CHECK_INT(virDomainReboot(NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_DOMAIN, "virDomainReboot");
    CHECK_INT(virDomainDestroy(dom), 0);
    forget(dom);
}

static unsigned long shown(virDomainPtr dom, const char *element, unsigned int flags)
{
    char *xml = virDomainGetXMLDesc(dom, flags), start[64], *at;
    unsigned long value = 0;

    print_to(start, sizeof(start), "<%s unit='KiB'>", element);
    at = strstr(xml, start);
    if (at != NULL)
        value = strtoul(at + strlen(start), NULL, 10);
    free(xml);
    return value;
}

/* As libvirt's QEMU driver does; its test driver takes one at a time. */
static void memory_of_both(void)
{
    virDomainPtr dom = defined(LEAST);
    virTypedParameter limit[3];
    int number = 3;

    CHECK_INT(virDomainSetMemoryFlags(dom, 1024, LIVE | CONFIG), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainSetMemoryFlags(dom, 1024, LIVE | CONFIG), 0);
    CHECK_INT(shown(dom, "currentMemory", 0), 1024);
    CHECK_INT(shown(dom, "currentMemory", VIR_DOMAIN_XML_INACTIVE), 1024);
    CHECK_INT(virDomainSetMemoryFlags(dom, 2048, LIVE | CONFIG | VIR_DOMAIN_MEM_MAXIMUM), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "cannot resize the maximum memory on an active domain");
    CHECK_INT(shown(dom, "memory", VIR_DOMAIN_XML_INACTIVE), 4096);

    memset(limit, 0, sizeof(limit));
    strcpy(limit[0].field, VIR_DOMAIN_MEMORY_HARD_LIMIT);
    limit[0].type = VIR_TYPED_PARAM_ULLONG;
    limit[0].value.ul = 70000;
    CHECK_INT(virDomainSetMemoryParameters(dom, limit, 1, LIVE | CONFIG), 0);
    limit[0].value.ul = 0;
    CHECK_INT(virDomainGetMemoryParameters(dom, limit, &number, LIVE), 0);
    CHECK_INT(limit[0].value.ul, 70000);
    limit[0].value.ul = 0;
    CHECK_INT(virDomainGetMemoryParameters(dom, limit, &number, CONFIG), 0);
    CHECK_INT(limit[0].value.ul, 70000);
    CHECK_INT(virDomainDestroy(dom), 0);
    forget(dom);
}

static int count_of(virDomainPtr dom, const char *text)
{
    char *xml = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE), *at = xml;
    int count = 0;

    while ((at = strstr(at, text)) != NULL) {
        at++;
        count++;
    }
    free(xml);
    return count;
}

/* The behaviour of libvirt's QEMU driver; its test driver lacks these functions. */
static void devices(void)
{
    static const char *const all[] = {
        "<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>",
        "<controller type='scsi' index='0' model='virtio-scsi'/>",
        "<filesystem type='mount'><source dir='/tmp'/><target dir='tag'/></filesystem>",
        "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/></source></hostdev>",
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
        "<serial type='pty'><target port='0'/></serial>",
        "<channel type='unix'><target type='virtio' name='org.a'/></channel>",
        "<input type='tablet' bus='usb'/>",
        "<sound model='ich6'/>",
        "<graphics type='vnc' port='-1'/>",
        "<watchdog model='i6300esb' action='reset'/>",
        "<lease><lockspace>l</lockspace><key>k</key><target path='/tmp/l'/></lease>",
    };
    virDomainPtr dom = defined(LEAST);
    char start[32];
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
        print_to(start, sizeof(start), "%.*s", (int)strcspn(all[i], " >"), all[i]);
        CHECK_INT(virDomainDetachDeviceFlags(dom, all[i], CONFIG), -1);
        CHECK_CODE(VIR_ERR_DEVICE_MISSING, "device not found: ");
        CHECK_INT(virDomainAttachDeviceFlags(dom, all[i], CONFIG), 0);
        CHECK_INT(count_of(dom, start), 1);
    }
    CHECK_INT(virDomainAttachDeviceFlags(dom, "<channel type='unix'><target name='b'/></channel>", CONFIG), 0);
    CHECK_INT(virDomainDetachDeviceFlags(dom, "<channel type='unix'><target name='c'/></channel>", CONFIG), -1);
    CHECK_CODE(VIR_ERR_DEVICE_MISSING, "device not present in domain configuration");
    CHECK_INT(virDomainDetachDeviceFlags(dom, "<channel type='unix'><target name='b'/></channel>", CONFIG), 0);
    CHECK_INT(count_of(dom, "name='org.a'"), 1);
    for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
        print_to(start, sizeof(start), "%.*s", (int)strcspn(all[i], " >"), all[i]);
        CHECK_INT(virDomainDetachDeviceFlags(dom, all[i], CONFIG), 0);
        CHECK_INT(count_of(dom, start), 0);
    }
    /* Nothing of the kind runs. */
    CHECK_INT(virDomainAttachDeviceFlags(dom, all[0], 0), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainDetachDevice(dom, all[0]), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "detach of device 'interface' is not supported");
    CHECK_INT(virDomainDetachDeviceFlags(dom, all[0], LIVE | CONFIG), -1);
    CHECK_INT(count_of(dom, "<interface"), 1);
    CHECK_INT(virDomainDetachDeviceFlags(dom, all[0], CONFIG), 0);
    CHECK_INT(count_of(dom, "<interface"), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    forget(dom);
}

int main(int argc, char **argv)
{
    conn = fixture_open(argv[0], 60);
    (void)argc;
    types();
    sets();
    memory();
    bootloader();
    metadata();
    reboot();
    if (ours) {
        memory_of_both();
        devices();
    }
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
