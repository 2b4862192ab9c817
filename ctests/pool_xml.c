/* Pool XML: output and its order, input, errors and their texts; and sizes, which are updated by
 * libvirt's own operations. */
#include "fixture.h"

#include <sys/statvfs.h>

static virConnectPtr conn;

static void output(void)
{
    virStoragePoolPtr pool = make_pool(conn, "out");
    char name[256], uuid[VIR_UUID_STRING_BUFLEN], uuid_line[128], path[PATH_MAX + 16];
    char capacity[64];
    const char *texts[20];
    virStoragePoolInfo info;
    struct statvfs fs;
    char *xml = virStoragePoolGetXMLDesc(pool, 0), *inactive;
    int i = 0;

    CHECK(xml != NULL);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(statvfs(in_dir("out"), &fs), 0);
    CHECK_INT(info.capacity, (unsigned long long)fs.f_blocks * fs.f_frsize);
    CHECK_INT(info.allocation, info.capacity - info.available);
    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    print_to(name, sizeof(name), "<name>%s</name>", pool_name("out"));
    print_to(uuid_line, sizeof(uuid_line), "<uuid>%s</uuid>", uuid);
    print_to(capacity, sizeof(capacity), "<capacity unit='bytes'>%llu</capacity>", info.capacity);
    print_to(path, sizeof(path), "<path>%s</path>", in_dir("out"));
    texts[i++] = "<pool type='dir'>\n";
    texts[i++] = name;
    texts[i++] = uuid_line;
    texts[i++] = capacity;
    /* These two sizes change with other programs' use of the filesystem. */
    texts[i++] = "<allocation unit='bytes'>";
    texts[i++] = "<available unit='bytes'>";
    texts[i++] = "<source>";
    texts[i++] = "</source>";
    texts[i++] = "<target>";
    texts[i++] = path;
    texts[i++] = "<permissions>";
    texts[i++] = "<mode>0755</mode>";
    texts[i++] = "<owner>";
    texts[i++] = "<group>";
    texts[i++] = "</permissions>";
    texts[i++] = "</target>";
    texts[i++] = "</pool>\n";
    texts[i] = NULL;
    in_order(xml, texts);
    inactive = virStoragePoolGetXMLDesc(pool, VIR_STORAGE_XML_INACTIVE);
    CHECK(inactive != NULL);
    CHECK(strstr(inactive, name) != NULL);
    free(inactive);
    CHECK(virStoragePoolGetXMLDesc(pool, 2) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x2) in function");
    pool_gone(pool);

    /* What came out goes in again. */
    pool = virStoragePoolCreateXML(conn, xml, 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolGetUUIDString(pool, capacity), 0);
    CHECK_STR(capacity, uuid);
    free(xml);
    pool_gone(pool);
}

static void sizes(void)
{
    virStoragePoolPtr pool = make_pool(conn, "sizes");
    virStoragePoolInfo before, after;
    virStorageVolPtr vol;

    /* Other programs use the filesystem, too, so the values are not exact. */
    CHECK_INT(virStoragePoolGetInfo(pool, &before), 0);
    vol = make_vol(pool, "v", 512 * MIB, 512 * MIB);
    CHECK_INT(virStoragePoolGetInfo(pool, &after), 0);
    CHECK_INT(after.capacity, before.capacity);
    CHECK(after.allocation > before.allocation + 256 * MIB);
    CHECK(after.allocation < before.allocation + 768 * MIB);
    CHECK(after.available < before.available - 256 * MIB);
    vol_gone(vol);
    CHECK_INT(virStoragePoolGetInfo(pool, &after), 0);
    CHECK(after.allocation < before.allocation + 256 * MIB);
    CHECK(after.available > before.available - 256 * MIB);
    vol = make_vol(pool, "sparse", 512 * MIB, 0);
    CHECK_INT(virStoragePoolGetInfo(pool, &after), 0);
    CHECK(after.allocation < before.allocation + 256 * MIB);
    vol_gone(vol);
    /* Files that other programs create are only counted after a refresh. */
    write_pattern(in_dir("sizes/stranger"), 100, 0, 1);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
    pool_gone(pool);
}

static void special_names(void)
{
    static const char uuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";
    char xml[2048], path[PATH_MAX], *out;
    virStoragePoolPtr pool;

    /* A name and a path that XML must escape; unknown elements are ignored. */
    print_to(path, sizeof(path), "%s", in_dir("a&amp;b &lt;c&gt; &apos;&#xe9;"));
    print_to(xml, sizeof(xml),
             "<?xml version='1.0' encoding='UTF-8'?>\n<!-- a comment -->\n"
             "<pool type=\"dir\">\n <name>%s &amp; &lt;co&gt; &#x27;</name><uuid>%s</uuid>"
             "<bogus x='y'><name>no</name></bogus>"
             "<source/><target><path>%s</path></target></pool>\n",
             pool_name("esc"), uuid, path);
    pool = virStoragePoolDefineXML(conn, xml, 0);
    CHECK(pool != NULL);
    print_to(xml, sizeof(xml), "%s & <co> '", pool_name("esc"));
    CHECK_STR(virStoragePoolGetName(pool), xml);
    CHECK_INT(virStoragePoolGetUUIDString(pool, xml), 0);
    CHECK_STR(xml, uuid);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK(exists(in_dir("a&b <c> '\xc3\xa9")));
    out = virStoragePoolGetXMLDesc(pool, 0);
    CHECK(out != NULL);
    CHECK(strstr(out, "&amp; &lt;co&gt;") != NULL);
    CHECK(strstr(out, "a&amp;b &lt;c&gt;") != NULL);
    CHECK(strstr(out, "bogus") == NULL);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    pool = virStoragePoolDefineXML(conn, out, 0);
    CHECK(pool != NULL);
    free(out);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void permissions(void)
{
    virStoragePoolPtr pool;
    struct stat sb;
    char xml[1024];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>%s</name><target><path>%s</path>"
             "<permissions><mode>0750</mode></permissions></target></pool>",
             pool_name("perm"), in_dir("deep/er/perm"));
    pool = virStoragePoolDefineXML(conn, xml, VIR_STORAGE_POOL_DEFINE_VALIDATE);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(stat(in_dir("deep/er/perm"), &sb), 0);
    CHECK_INT(sb.st_mode & 0777, 0750);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

/* Neither a definition nor an active pool is left. */
static void refused(const char *xml, int code, int domain, const char *text)
{
    CHECK(virStoragePoolDefineXML(conn, xml, 0) == NULL);
    CHECK_ERR(code, domain, text);
    CHECK(virStoragePoolCreateXML(conn, xml, 0) == NULL);
    CHECK_ERR(code, domain, text);
}

static void malformed(void)
{
    int defined = virConnectNumOfDefinedStoragePools(conn);
    int active = virConnectNumOfStoragePools(conn);

    refused("", VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE, "(storage_pool_definition):1: ");
    refused("<pool type='dir'><name>x</name", VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE,
            "(storage_pool_definition):1: ");
    refused("<pool type='dir'>\n<name>x</nam>\n</pool>", VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE,
            "(storage_pool_definition):2: ");
    refused("not XML at all", VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE,
            "(storage_pool_definition):1: ");
    refused("<pool type='dir'><name>x</name><target><path>/x</path></target></pool><again/>",
            VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE, "(storage_pool_definition):1: ");
    refused("<foo/>", VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "XML error: expecting root element of 'pool', not 'foo'");
    refused("<pool><name>x</name><target><path>/x</path></target></pool>", VIR_ERR_XML_ERROR,
            VIR_FROM_XML, "Missing required attribute 'type' in element 'pool'");
    refused("<pool type='zzz'><name>x</name><target><path>/x</path></target></pool>",
            VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "Invalid value for attribute 'type' in element 'pool': 'zzz'.");
    refused("<pool type='dir'><target><path>/x</path></target></pool>", VIR_ERR_XML_ERROR,
            VIR_FROM_STORAGE, "XML error: missing pool source name element");
    refused("<pool type='dir'><name>a/b</name><target><path>/x</path></target></pool>",
            VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "XML error: name a/b cannot contain '/'");
    refused("<pool type='dir'><name>x</name></pool>", VIR_ERR_XML_ERROR, VIR_FROM_STORAGE,
            "XML error: missing storage pool target path");
    refused("<pool type='dir'><name>x</name><uuid>nonsense</uuid>"
            "<target><path>/x</path></target></pool>",
            VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "XML error: malformed uuid element");
    CHECK_INT(virConnectNumOfDefinedStoragePools(conn), defined);
    CHECK_INT(virConnectNumOfStoragePools(conn), active);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    output();
    sizes();
    special_names();
    permissions();
    malformed();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
