/* Attaching and detaching disks: while the domain runs, in its definition, and both. And the XML
 * afterwards. */
#include "domain.h"

#define LIVE VIR_DOMAIN_AFFECT_LIVE
#define CONFIG VIR_DOMAIN_AFFECT_CONFIG

static virDomainPtr dom;

static void has(unsigned int flags, const char *text, int yes)
{
    char *xml = virDomainGetXMLDesc(dom, flags);

    CHECK(xml != NULL);
    CHECK_INT(strstr(xml, text) != NULL, yes);
    free(xml);
}

static const char *cdrom(const char *file)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<disk type='file' device='cdrom'>%s%s%s<target dev='hda' bus='ide'/></disk>",
             file ? "<source file='" : "", file ? in_dir("%s", file) : "", file ? "'/>" : "");
    return xml;
}

static void disks(void)
{
    const char *vdb = disk_xml("vdb", "b.img", "raw", "");

    CHECK_INT(virDomainAttachDevice(dom, vdb), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainAttachDeviceFlags(dom, vdb, CONFIG), 0);
    has(0, "<target dev='vdb'", 1);
    CHECK_INT(virDomainAttachDeviceFlags(dom, vdb, CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "target vdb already exists");
    CHECK_INT(virDomainDetachDeviceFlags(dom, vdb, 0), 0);
    has(0, "<target dev='vdb'", 0);
    CHECK_INT(virDomainDetachDeviceFlags(dom, vdb, 0), -1);
    CHECK_CODE(VIR_ERR_DEVICE_MISSING, "disk vdb not found");

    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainAttachDevice(dom, vdb), 0);
    has(0, "uri='nbd+unix:///vdb?", 1);
    has(VIR_DOMAIN_XML_INACTIVE, "<target dev='vdb'", 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 0 64k' '%s'", disk_uri(dom, "vdb")), 0);
    CHECK_INT(virDomainAttachDevice(dom, vdb), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "target vdb already exists");
    CHECK_INT(virDomainAttachDevice(dom, disk_xml("vdc", "b.img", "raw", "")), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Unable to lock");
    CHECK_INT(virDomainAttachDevice(dom, disk_xml("vdc", "nope.img", "raw", "")), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "No such file or directory");
    has(0, "<target dev='vdc'", 0);
    CHECK_INT(virDomainDetachDevice(dom, vdb), 0);
    has(0, "<target dev='vdb'", 0);
    CHECK_INT(virDomainDetachDevice(dom, vdb), -1);
    CHECK_CODE(VIR_ERR_DEVICE_MISSING, "disk vdb not found");
    /* It is closed, so QEMU can lock it. */
    CHECK_INT(run("qemu-io -f raw -c 'read -P 7 0 64k' '%s' | grep -q 'read 65536'",
                  in_dir("b.img")), 0);
    CHECK_INT(virDomainAttachDeviceFlags(dom, vdb, LIVE | CONFIG), 0);
    has(VIR_DOMAIN_XML_INACTIVE, "<target dev='vdb'", 1);
    CHECK_INT(virDomainDetachDeviceFlags(dom, vdb, LIVE | CONFIG), 0);

    CHECK_INT(virDomainAttachDevice(dom, "<interface type='user'/>"), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "device 'interface' is not supported");
    CHECK_INT(virDomainAttachDeviceFlags(dom, "<interface type='user'/>", CONFIG), 0);
    has(VIR_DOMAIN_XML_INACTIVE, "<interface type='user'", 1);
    CHECK_INT(virDomainAttachDeviceFlags(dom, vdb, VIR_DOMAIN_DEVICE_MODIFY_FORCE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x4)");
    CHECK_INT(virDomainAttachDevice(dom, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "xml in virDomainAttachDevice must not be NULL");
    CHECK_INT(virDomainUpdateDeviceFlags(dom, disk_xml("vda", "b.img", "raw", ""), LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "cannot modify field 'source' of the disk");
    CHECK_INT(virDomainUpdateDeviceFlags(dom, disk_xml("vda", "b.img", "raw", ""), CONFIG), 0);
    has(VIR_DOMAIN_XML_INACTIVE, "b.img", 1);
    has(0, "b.img", 0);
    CHECK_INT(virDomainDestroy(dom), 0);
}

/* Aliases: those in a definition, and those of the disks of a running domain. */
static void aliases(void)
{
    const char *vdb = "<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/>"
                      "<target dev='vdb' bus='virtio'/><alias name='ua-data'/></disk>";
    char xml[1024];

    print_to(xml, sizeof(xml), vdb, in_dir("d.img"));
    CHECK_INT(virDomainAttachDeviceFlags(dom, xml, CONFIG), 0);
    CHECK_INT(virDomainAttachDeviceFlags(dom, "<rng model='virtio'><backend model='random'/>"
                                         "<alias name='ua-rng'/></rng>", CONFIG), 0);
    CHECK_INT(virDomainDetachDeviceAlias(dom, NULL, CONFIG), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "alias in virDomainDetachDeviceAlias must not be NULL");
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-none", CONFIG), -1);
    CHECK_CODE(VIR_ERR_DEVICE_MISSING, "no device found with alias ua-none");
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-rng", LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-rng", VIR_DOMAIN_DEVICE_MODIFY_FORCE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x4)");

    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-rng", LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "alias 'ua-rng' is not supported");
    CHECK_INT(virDomainDetachDeviceAlias(dom, "virtio-disk7", LIVE), -1);
    CHECK_CODE(VIR_ERR_DEVICE_MISSING, "no device found with alias virtio-disk7");
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-data", LIVE | CONFIG), 0);
    has(0, "<target dev='vdb'", 0);
    has(VIR_DOMAIN_XML_INACTIVE, "<target dev='vdb'", 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 64k' '%s'", in_dir("d.img")), 0);
    CHECK_INT(virDomainAttachDevice(dom, disk_xml("vdc", "d.img", "raw", "")), 0);
    CHECK_INT(virDomainDetachDeviceAlias(dom, "virtio-disk2", LIVE), 0);
    has(0, "<target dev='vdc'", 0);
    CHECK_INT(virDomainDestroy(dom), 0);

    has(0, "ua-rng", 1);
    CHECK_INT(virDomainDetachDeviceAlias(dom, "ua-rng", CONFIG), 0);
    has(0, "<rng", 0);
}

static void media(void)
{
    virDomainBlockInfo info;

    CHECK_INT(virDomainAttachDeviceFlags(dom, cdrom(NULL), CONFIG), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    has(0, "uri='nbd+unix:///hda?", 0);
    CHECK_INT(virDomainGetBlockInfo(dom, "hda", &info, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk 'hda' does not currently have a source assigned");
    CHECK_INT(virDomainUpdateDeviceFlags(dom, cdrom("c.iso"), LIVE), 0);
    CHECK_INT(run("nbdinfo --json '%s' | grep -q '\"is_read_only\": true'", disk_uri(dom, "hda")), 0);
    CHECK_INT(virDomainUpdateDeviceFlags(dom, cdrom("nope.iso"), LIVE), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "No such file or directory");
    CHECK_INT(run("nbdinfo --size '%s'", disk_uri(dom, "hda")), 0);
    CHECK_INT(virDomainGetBlockInfo(dom, "hda", &info, 0), 0);
    CHECK_INT(info.capacity, 64 * KIB);
    CHECK_INT(virDomainUpdateDeviceFlags(dom, cdrom(NULL), LIVE), 0);
    has(0, "uri='nbd+unix:///hda?", 0);
    CHECK_INT(virDomainDestroy(dom), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn = fixture_open(argv[0], 120);

    (void)argc;
    set_size(in_dir("a.img"), MIB);
    set_size(in_dir("b.img"), MIB);
    set_size(in_dir("d.img"), MIB);
    write_pattern(in_dir("c.iso"), 64 * KIB, 0, 1);
    dom = virDomainDefineXML(conn, domain_xml("devices", disk_xml("vda", "a.img", "raw", ""), 1));
    CHECK(dom != NULL);
    disks();
    aliases();
    media();
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
