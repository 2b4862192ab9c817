/* Domain XML: what is kept unchanged, what is refused, and lookups and lists of defined domains. */
#include "domain.h"

static virConnectPtr conn;

static void refused(const char *xml, int code, int domain, const char *text)
{
    virDomainPtr dom = virDomainDefineXML(conn, xml);

    if (dom)
        fprintf(stderr, "accepted: %s\n", xml);
    CHECK(dom == NULL);
    CHECK_ERR(code, domain, text);
}

#define OF(inside) "<domain type='kvm'>" inside "</domain>"
#define LEAST "<name>n</name><memory>9</memory><os><type>hvm</type></os>"
#define DISK(attributes, inside) \
    OF(LEAST "<devices><disk " attributes ">" inside "</disk></devices>")
#define VDA "<target dev='vda'/>"

static void refusals(void)
{
    char *long_name = pattern(1000, 0, 0);
    char xml[2048];

    refused("<x/>", VIR_ERR_XML_ERROR, VIR_FROM_XML, "expecting root element of 'domain', not 'x'");
    refused("<domain", VIR_ERR_XML_DETAIL, VIR_FROM_DOMAIN, "(domain_definition):1:");
    refused("<domain type='zzz'><name>n</name></domain>", VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_DOMAIN, "invalid domain type zzz");
    refused(OF(""), VIR_ERR_NO_NAME, VIR_FROM_DOMAIN, "missing name information");
    refused(OF("<name>a/b</name><memory>9</memory><os><type>hvm</type></os>"), VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN,
            "name a/b cannot contain '/'");
    refused(OF("<name>a</name>"), VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN,
            "an os <type> must be specified");
    refused(OF("<name>a</name><os><type>hvm</type></os>"), VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN,
            "Memory size must be specified");
    refused(OF(LEAST "<uuid>x</uuid>"), VIR_ERR_INTERNAL_ERROR, VIR_FROM_DOMAIN,
            "malformed uuid element");
    refused(OF(LEAST "<title>a\nb</title>"), VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN,
            "Domain title can't contain newlines");
    refused(OF(LEAST "<vcpu>x</vcpu>"), VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "vcpus");
    refused(DISK("", "<source file='/p'/>"), VIR_ERR_NO_TARGET, VIR_FROM_DOMAIN,
            "missing target information for device /p");
    refused(DISK("", VDA), VIR_ERR_NO_SOURCE, VIR_FROM_DOMAIN,
            "missing source information for device vda");
    refused(DISK("device='q'", "<source file='/p'/>" VDA), VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "Invalid value for attribute 'device' in element 'disk': 'q'.");
    refused(DISK("type='q'", "<source file='/p'/>" VDA), VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "Invalid value for attribute 'type' in element 'disk': 'q'.");
    refused(DISK("", "<driver type='q'/><source file='/p'/>" VDA), VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_DOMAIN, "unknown driver format value 'q'");
    refused(DISK("type='network'", "<source protocol='q'/>" VDA), VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "Invalid value for attribute 'protocol' in element 'source': 'q'.");
    if (ours) {
        refused(DISK("", "<source file='/p'/><target dev='../../x'/>"), VIR_ERR_XML_ERROR,
                VIR_FROM_DOMAIN, "device name");
        refused(OF("<name>..</name><memory>9</memory><os><type>hvm</type></os>"),
                VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "not allowed");
        memset(long_name, 'n', 300);
        long_name[300] = '\0';
        print_to(xml, sizeof(xml), OF("<name>%s</name>"), long_name);
        refused(xml, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN, "longer than");
    }
    free(long_name);
    CHECK(virDomainDefineXML(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "xml in virDomainDefineXML must not be NULL");
    if (ours)
        CHECK_INT(virConnectNumOfDefinedDomains(conn), 0);
}

static void has(virDomainPtr dom, unsigned int flags, const char *text, int yes)
{
    char *xml = virDomainGetXMLDesc(dom, flags);

    CHECK(xml != NULL);
    if ((strstr(xml, text) != NULL) != yes)
        fprintf(stderr, "'%s' in:\n%s\n", text, xml);
    CHECK_INT(strstr(xml, text) != NULL, yes);
    free(xml);
}

/* Elements that mean nothing here survive, also the next process and a description given back. */
static void round_trip(void)
{
    static const char *const kept[] = {
        "<genid>00000000-0000-0000-0000-000000000001</genid>",
        "<cputune>",
        "<vcpupin vcpu='0' cpuset='1-2'/>",
        "<x:mine xmlns:x='urn:x' a='1 &lt; 2'>",
        "<disk type='file' device='disk'>",
        "<driver name='qemu' type='raw' cache='none' discard='unmap'/>",
        "<serial>abc</serial>",
        "<interface type='user'>",
        "<mac address='52:54:00:00:00:01'/>",
    };
    char xml[4096];
    virDomainPtr dom, again;
    char *first, *second;
    size_t i;

    set_size(in_dir("a.img"), MIB);
    print_to(xml, sizeof(xml),
             "<domain type='kvm'><name>trip</name>"
             "<genid>00000000-0000-0000-0000-000000000001</genid>"
             "<metadata><x:mine xmlns:x='urn:x' a='1 &lt; 2'>text &amp; more</x:mine></metadata>"
             "<memory>9</memory><cputune><vcpupin vcpu='0' cpuset='1-2'/></cputune>"
             "<os><type>hvm</type></os><devices>"
             "<disk type='file' device='disk'>"
             "<driver name='qemu' type='raw' cache='none' discard='unmap'/>"
             "<source file='%s'/><target dev='vda' bus='virtio'/><serial>abc</serial></disk>"
             "<interface type='user'><mac address='52:54:00:00:00:01'/></interface>"
             "</devices></domain>",
             in_dir("a.img"));
    dom = virDomainDefineXML(conn, xml);
    CHECK(dom != NULL);
    for (i = 0; ours && i < sizeof(kept) / sizeof(kept[0]); i++)
        has(dom, 0, kept[i], 1);
    if (ours) {
        has(dom, 0, "virsparse:export", 0);
        has(dom, 0, " id='", 0);
        CHECK_INT(virDomainCreate(dom), 0);
        has(dom, 0, " id='", 1);
        has(dom, 0, "<virsparse:export xmlns:virsparse='urn:virsparse:domain:1' "
                    "uri='nbd+unix:///vda?socket=", 1);
        has(dom, VIR_DOMAIN_XML_INACTIVE, "virsparse:export", 0);
        has(dom, VIR_DOMAIN_XML_INACTIVE, " id='", 0);
        first = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
        second = virDomainGetXMLDesc(dom, 0);
        again = virDomainDefineXML(conn, second);
        CHECK(again != NULL);
        free(second);
        second = virDomainGetXMLDesc(again, VIR_DOMAIN_XML_INACTIVE);
        CHECK_STR(second, first);
        free(first);
        free(second);
        CHECK_INT(virDomainFree(again), 0);
        CHECK_INT(virDomainDestroy(dom), 0);
    }
    CHECK(virDomainGetXMLDesc(dom, 1 << 9) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x200)");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static int count(unsigned int flags)
{
    virDomainPtr *all = NULL;
    int number = virConnectListAllDomains(conn, &all, flags);
    int i;

    CHECK(number >= 0);
    CHECK(all != NULL && all[number] == NULL);
    CHECK_INT(virConnectListAllDomains(conn, NULL, flags), number);
    for (i = 0; i < number; i++)
        CHECK_INT(virDomainFree(all[i]), 0);
    free(all);
    return number;
}

static void lists(void)
{
    virDomainPtr off = virDomainDefineXML(conn, domain_xml("off", "", 1));
    virDomainPtr on = virDomainCreateXML(conn, domain_xml("on", "", 2), 0);
    virDomainPtr waits = virDomainDefineXML(conn, domain_xml("waits", "", 3));
    char *names[4];
    int ids[4];

    CHECK(off && on && waits);
    CHECK_INT(virDomainCreateWithFlags(waits, VIR_DOMAIN_START_PAUSED), 0);
    CHECK_INT(virDomainSetAutostart(off, 1), 0);
    CHECK_INT(count(0), 3);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_ACTIVE), 2);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_INACTIVE), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_INACTIVE), 3);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_PERSISTENT), 2);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_TRANSIENT), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_RUNNING), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_PAUSED), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_SHUTOFF), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_OTHER), 0);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE), 0);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE), 3);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_AUTOSTART), 1);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART), 2);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT), 0);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT), 3);
    CHECK_INT(count(VIR_CONNECT_LIST_DOMAINS_ACTIVE | VIR_CONNECT_LIST_DOMAINS_PERSISTENT), 1);
    CHECK_INT(virConnectListAllDomains(conn, NULL, 1 << 20), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x100000)");

    CHECK_INT(virConnectNumOfDomains(conn), 2);
    CHECK_INT(virConnectNumOfDefinedDomains(conn), 1);
    CHECK_INT(virConnectListDomains(conn, ids, 4), 2);
    CHECK_INT(ids[0] + ids[1], (int)(virDomainGetID(on) + virDomainGetID(waits)));
    CHECK_INT(virConnectListDomains(conn, ids, 1), 1);
    CHECK_INT(virConnectListDomains(conn, ids, -1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "maxids in virConnectListDomains must be zero or greater");
    CHECK_INT(virConnectListDomains(conn, NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "ids in virConnectListDomains must not be NULL");
    CHECK_INT(virConnectListDefinedDomains(conn, names, 4), 1);
    CHECK_STR(names[0], "off");
    free(names[0]);
    CHECK_INT(virConnectListDefinedDomains(conn, NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "names in virConnectListDefinedDomains must not be NULL");

    CHECK_INT(virDomainDestroy(on), 0);
    CHECK_INT(virDomainDestroy(waits), 0);
    CHECK_INT(virDomainUndefine(waits), 0);
    CHECK_INT(virDomainUndefine(off), 0);
    CHECK_INT(count(0), 0);
    CHECK_INT(virDomainFree(on), 0);
    CHECK_INT(virDomainFree(off), 0);
    CHECK_INT(virDomainFree(waits), 0);
}

static void found(virDomainPtr dom, const char *name)
{
    CHECK(dom != NULL);
    CHECK_STR(virDomainGetName(dom), name);
    CHECK_INT(virDomainFree(dom), 0);
}

static void lookups(void)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml("find", "", 77), 0);
    unsigned char uuid[VIR_UUID_BUFLEN];

    CHECK(dom != NULL);
    CHECK_INT(virDomainGetUUID(dom, uuid), 0);
    found(virDomainLookupByName(conn, "find"), "find");
    found(virDomainLookupByID(conn, (int)virDomainGetID(dom)), "find");
    found(virDomainLookupByUUID(conn, uuid), "find");
    found(virDomainLookupByUUIDString(conn, "00000000-1111-2222-3333-000000000077"), "find");
    CHECK(virDomainLookupByName(conn, "nope") == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain with matching name 'nope'");
    CHECK(virDomainLookupByName(conn, NULL) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "name in virDomainLookupByName must not be NULL");
    CHECK(virDomainLookupByID(conn, 999999) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain with matching id 999999");
    CHECK(virDomainLookupByID(conn, -1) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "id in virDomainLookupByID must be zero or greater");
    uuid[0] ^= 1;
    CHECK(virDomainLookupByUUID(conn, uuid) == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "no domain with matching uuid '");
    CHECK(virDomainLookupByUUIDString(conn, "x") == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "Invalid UUID");
    CHECK(virDomainLookupByName(NULL, "find") == NULL);
    CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "virDomainLookupByName");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    refusals();
    round_trip();
    lists();
    lookups();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
