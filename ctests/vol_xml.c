/* Volume XML: output for a raw file and for files in other formats, and how sizes are parsed. */
#include "fixture.h"

static virStoragePoolPtr pool;

static char *described(virStorageVolPtr vol)
{
    char *xml = virStorageVolGetXMLDesc(vol, 0);

    CHECK(xml != NULL);
    return xml;
}

static void raw_output(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    char name[64], key[PATH_MAX], path[PATH_MAX], owner[64], group[64], mtime[64];
    const char *texts[32];
    struct stat sb;
    char *xml, *at;
    int i = 0;

    write_pattern(in_dir("p/v"), 64 * KIB, 0, 1);
    CHECK_INT(stat(in_dir("p/v"), &sb), 0);
    xml = described(vol);
    print_to(name, sizeof(name), "<name>v</name>");
    print_to(key, sizeof(key), "<key>%s</key>", in_dir("p/v"));
    print_to(path, sizeof(path), "<path>%s</path>", in_dir("p/v"));
    print_to(owner, sizeof(owner), "<owner>%ld</owner>", (long)sb.st_uid);
    print_to(group, sizeof(group), "<group>%ld</group>", (long)sb.st_gid);
    print_to(mtime, sizeof(mtime), "<mtime>%lld.%09ld</mtime>", (long long)sb.st_mtim.tv_sec,
             sb.st_mtim.tv_nsec);
    texts[i++] = "<volume type='file'>\n";
    texts[i++] = name;
    texts[i++] = key;
    texts[i++] = "<capacity unit='bytes'>1048576</capacity>";
    texts[i++] = "<allocation unit='bytes'>65536</allocation>";
    texts[i++] = "<physical unit='bytes'>1048576</physical>";
    texts[i++] = "<target>";
    texts[i++] = path;
    texts[i++] = "<format type='raw'/>";
    texts[i++] = "<permissions>";
    texts[i++] = "<mode>0600</mode>";
    texts[i++] = owner;
    texts[i++] = group;
    texts[i++] = "</permissions>";
    texts[i++] = "<timestamps>";
    texts[i++] = "<atime>";
    texts[i++] = mtime;
    texts[i++] = "<ctime>";
    texts[i++] = "<btime>";
    texts[i++] = "</timestamps>";
    texts[i++] = "</target>";
    texts[i++] = "</volume>\n";
    texts[i] = NULL;
    in_order(xml, texts);
    CHECK(strstr(xml, "backingStore") == NULL);
    free(xml);

    CHECK(virStorageVolGetXMLDesc(vol, 1) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x1) in function");

    /* Each call reads the file's current state. */
    set_size(in_dir("p/v"), 2 * MIB);
    xml = described(vol);
    CHECK(strstr(xml, "<physical unit='bytes'>2097152</physical>") != NULL);
    at = strstr(xml, "<allocation unit='bytes'>65536</allocation>");
    CHECK(at != NULL);
    free(xml);
    vol_gone(vol);
}

static void name_is_escaped(void)
{
    virStorageVolPtr vol = make_vol(pool, "a&amp;b &lt;c&gt;", 4096, 0);
    char *xml;

    CHECK_STR(virStorageVolGetName(vol), "a&b <c>");
    CHECK(exists(in_dir("p/a&b <c>")));
    xml = described(vol);
    CHECK(strstr(xml, "<name>a&amp;b &lt;c&gt;</name>") != NULL);
    CHECK(strstr(xml, "/a&amp;b &lt;c&gt;</path>") != NULL);
    free(xml);
    vol_gone(vol);
}

static void capacity_is(const char *unit, const char *number, unsigned long long expected)
{
    virStorageVolPtr vol;
    char xml[512];

    print_to(xml, sizeof(xml),
             "<volume><name>u</name><capacity%s%s%s>%s</capacity><allocation>0</allocation>"
             "</volume>",
             unit ? " unit='" : "", unit ? unit : "", unit ? "'" : "", number);
    vol = virStorageVolCreateXML(pool, xml, 0);
    if (!vol)
        fprintf(stderr, "refused: %s\n", xml);
    CHECK(vol != NULL);
    CHECK_INT(file_size(in_dir("p/u")), expected);
    vol_gone(vol);
}

static void capacity_refused(const char *unit, const char *number, int code, int domain,
                             const char *text)
{
    char xml[512];

    print_to(xml, sizeof(xml),
             "<volume><name>u</name><capacity%s%s%s>%s</capacity><allocation>0</allocation>"
             "</volume>",
             unit ? " unit='" : "", unit ? unit : "", unit ? "'" : "", number);
    CHECK(virStorageVolCreateXML(pool, xml, 0) == NULL);
    CHECK_ERR(code, domain, text);
    CHECK(!exists(in_dir("p/u")));
}

static void units(void)
{
    static const char *const bytes[] = { NULL, "", "b", "B", "byte", "bytes", "Bytes" };
    static const char *const kib[] = { "k", "K", "KiB", "kib", "KIB" };
    static const char *const malformed[] = { " ",   "abc", "1 2", "0x10", "1.5",
                                             "1e3", "10K", "-",   "1,0",  "--1" };
    size_t i;

    for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
        capacity_is(bytes[i], "4097", 4097);
    for (i = 0; i < sizeof(kib) / sizeof(kib[0]); i++)
        capacity_is(kib[i], "3", 3072);
    capacity_is("KB", "3", 3000);
    capacity_is("kb", "3", 3000);
    capacity_is("M", "2", 2 * MIB);
    capacity_is("MiB", "2", 2 * MIB);
    capacity_is("MB", "2", 2000000);
    capacity_is("G", "1", 1024 * MIB);
    capacity_is("GiB", "1", 1024 * MIB);
    capacity_is("GB", "1", 1000000000);
    capacity_is("TiB", "1", 1024 * 1024 * MIB);
    capacity_is("TB", "1", 1000000000000ULL);
    capacity_is(NULL, "+4096", 4096);
    /* Not octal. */
    capacity_is(NULL, "0100", 100);
    capacity_is("MiB", "0", 0);

    for (i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        capacity_refused(NULL, malformed[i], VIR_ERR_XML_ERROR, VIR_FROM_STORAGE,
                         "XML error: malformed capacity element");
    capacity_refused(NULL, "", VIR_ERR_XML_ERROR, VIR_FROM_STORAGE,
                     "XML error: missing capacity element");
    capacity_refused("xx", "1", VIR_ERR_INVALID_ARG, VIR_FROM_NONE,
                     "invalid argument: unknown suffix 'xx'");
    capacity_refused("E", "99", VIR_ERR_OVERFLOW, VIR_FROM_NONE,
                     "numerical overflow: value too large: 99E");
    capacity_refused(NULL, "18446744073709551615", VIR_ERR_OVERFLOW, VIR_FROM_NONE,
                     "numerical overflow: value too large: 18446744073709551615");
    CHECK(virStorageVolCreateXML(pool,
                                 "<volume><name>u</name><capacity>1</capacity>"
                                 "<allocation>x</allocation></volume>",
                                 0) == NULL);
    CHECK_ERR(VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "XML error: malformed capacity element");
}

/* A negative size is refused; libvirt takes it modulo 2^64 and fails later. */
static void negative(void)
{
    CHECK(virStorageVolCreateXML(pool, "<volume><name>u</name><capacity>-1</capacity></volume>",
                                 0) == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(!exists(in_dir("p/u")));
}

static void has_format(const char *name, const char *format, unsigned long long capacity,
                       const char *extra)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
    char want[128], *xml;

    CHECK(vol != NULL);
    xml = described(vol);
    print_to(want, sizeof(want), "<format type='%s'/>", format);
    if (!strstr(xml, want) || (extra && !strstr(xml, extra)))
        fprintf(stderr, "%s: %s\n", name, xml);
    CHECK(strstr(xml, want) != NULL);
    CHECK(!extra || strstr(xml, extra) != NULL);
    print_to(want, sizeof(want), "<capacity unit='bytes'>%llu</capacity>", capacity);
    CHECK(strstr(xml, want) != NULL);
    free(xml);
    CHECK_INT(virStorageVolFree(vol), 0);
}

static void qemu_img(const char *arguments)
{
    char command[PATH_MAX + 256];

    print_to(command, sizeof(command), "cd '%s' && qemu-img create -q %s", in_dir("p"),
             arguments);
    CHECK_INT(system(command), 0);
}

/* Files that other programs put there are described by their content. */
static void probed_formats(void)
{
    char backing[PATH_MAX + 64];

    if (system("qemu-img --version >/dev/null 2>&1") != 0) {
        printf("vol_xml: no qemu-img here: formats other than raw are not tried\n");
        return;
    }
    qemu_img("-f qcow2 -o compat=1.1 one.qcow2 5M");
    qemu_img("-f qcow2 -o compat=0.10,cluster_size=4096 old.qcow2 3M");
    qemu_img("-f vmdk one.vmdk 7M");
    qemu_img("-f raw plain 1000001");
    print_to(backing, sizeof(backing), "-f qcow2 -F qcow2 -b '%s' over.qcow2",
             in_dir("p/one.qcow2"));
    qemu_img(backing);
    qemu_img("-f qcow2 -u -F raw -b /nowhere/gone.img orphan.qcow2 2M");
    write_at(in_dir("p/damaged"), "QFI\xfb and then nothing", 20, 0);
    CHECK_INT(mkdir(in_dir("p/sub"), 0755), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    has_format("one.qcow2", "qcow2", 5 * MIB, "<compat>1.1</compat>");
    has_format("one.qcow2", "qcow2", 5 * MIB, "<clusterSize unit='B'>65536</clusterSize>");
    has_format("one.qcow2", "qcow2", 5 * MIB, "<features/>");
    has_format("old.qcow2", "qcow2", 3 * MIB, "<clusterSize unit='B'>4096</clusterSize>");
    has_format("one.vmdk", "vmdk", 7 * MIB, NULL);
    has_format("plain", "raw", 1000448, NULL);
    has_format("damaged", "raw", 20, NULL);
    has_format("sub", "dir", 0, "<volume type='dir'>");
    print_to(backing, sizeof(backing), "<path>%s</path>", in_dir("p/one.qcow2"));
    has_format("over.qcow2", "qcow2", 5 * MIB, "<backingStore>");
    has_format("over.qcow2", "qcow2", 5 * MIB, backing);
    has_format("orphan.qcow2", "qcow2", 2 * MIB, "<path>/nowhere/gone.img</path>");
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    raw_output();
    name_is_escaped();
    units();
    negative();
    probed_formats();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
