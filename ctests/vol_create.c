/* Creating raw volumes: allocation, permissions, and errors, after which nothing is left behind. */
#include "fixture.h"

static virStoragePoolPtr pool;

static void allocated(const char *name, unsigned long long capacity, const char *allocation,
                      unsigned long long size, unsigned long long on_disk)
{
    virStorageVolPtr vol;
    virStorageVolInfo info;
    char xml[512];

    print_to(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>%llu</capacity>%s"
             "<target><format type='raw'/></target></volume>",
             name, capacity, allocation);
    vol = virStorageVolCreateXML(pool, xml, 0);
    CHECK(vol != NULL);
    CHECK_STR(virStorageVolGetName(vol), name);
    CHECK_INT(file_size(in_dir("p/%s", name)), size);
    CHECK_INT(file_allocation(in_dir("p/%s", name)), on_disk);
    CHECK(file_is_zero(in_dir("p/%s", name), size, 0));
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(info.capacity, size);
    CHECK_INT(info.allocation, on_disk);
    vol_gone(vol);
    CHECK(!exists(in_dir("p/%s", name)));
}

static void allocations(void)
{
    allocated("full", 4 * MIB, "", 4 * MIB, 4 * MIB);
    allocated("same", 4 * MIB, "<allocation>4194304</allocation>", 4 * MIB, 4 * MIB);
    allocated("sparse", 4 * MIB, "<allocation>0</allocation>", 4 * MIB, 0);
    allocated("part", 4 * MIB, "<allocation unit='MiB'>1</allocation>", 4 * MIB, MIB);
    allocated("more", 1000, "<allocation>5000</allocation>", 5000, 8192);
    allocated("odd", 1000001, "<allocation>0</allocation>", 1000001, 0);
    allocated("empty", 0, "", 0, 0);
}

static void permissions(void)
{
    virStorageVolPtr vol = make_vol(pool, "default", 4096, 0);
    struct stat sb;

    CHECK_INT(stat(in_dir("p/default"), &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0600);
    vol_gone(vol);
    vol = virStorageVolCreateXML(pool,
                                 "<volume><name>open</name><capacity>4096</capacity><target>"
                                 "<permissions><mode>0644</mode></permissions></target></volume>",
                                 0);
    CHECK(vol != NULL);
    CHECK_INT(stat(in_dir("p/open"), &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0644);
    vol_gone(vol);
}

/* Elements about the volume's path and key are ignored. */
static void ignored_input(void)
{
    virStorageVolPtr vol = virStorageVolCreateXML(
        pool,
        "<volume type='block'><name>v</name><key>/elsewhere</key><bogus><name>no</name></bogus>"
        "<capacity>4096</capacity><target><path>/elsewhere</path></target></volume>",
        0);
    char *path;

    CHECK(vol != NULL);
    CHECK_STR(virStorageVolGetName(vol), "v");
    CHECK_STR(virStorageVolGetKey(vol), in_dir("p/v"));
    path = virStorageVolGetPath(vol);
    CHECK_STR(path, in_dir("p/v"));
    free(path);
    CHECK(exists(in_dir("p/v")));
    CHECK(!exists("/elsewhere"));
    vol_gone(vol);
}

static void refused(const char *xml, unsigned int flags, int code, int domain, const char *text)
{
    int volumes = virStoragePoolNumOfVolumes(pool);

    CHECK(virStorageVolCreateXML(pool, xml, flags) == NULL);
    CHECK_ERR(code, domain, text);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), volumes);
    CHECK(!exists(in_dir("p/v")));
}

#define VOLUME(inner) "<volume><name>v</name>" inner "</volume>"
#define SIZED(inner) VOLUME("<capacity>4096</capacity>" inner)

static void bad_input(void)
{
    const unsigned int metadata = VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA;

    refused(NULL, 0, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
            "xmlDesc in virStorageVolCreateXML must not be NULL");
    refused(SIZED(""), 0x80, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
            "unsupported flags (0x80) in function");
    refused(SIZED(""), VIR_STORAGE_VOL_CREATE_REFLINK, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
            "unsupported flags (0x2) in function");
    refused("<volume><name>v</name>", 0, VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE,
            "(storage_volume_definition):1: ");
    refused("", 0, VIR_ERR_XML_DETAIL, VIR_FROM_STORAGE, "(storage_volume_definition):1: ");
    refused("<vol><name>v</name></vol>", 0, VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "XML error: expecting root element of 'volume', not 'vol'");
    refused("<volume><capacity>4096</capacity></volume>", 0, VIR_ERR_XML_ERROR, VIR_FROM_STORAGE,
            "XML error: missing volume name element");
    refused("<volume><name></name><capacity>4096</capacity></volume>", 0, VIR_ERR_XML_ERROR,
            VIR_FROM_STORAGE, "XML error: missing volume name element");
    refused(VOLUME(""), 0, VIR_ERR_XML_ERROR, VIR_FROM_STORAGE,
            "XML error: missing capacity element");
    refused("<volume type='zzz'><name>v</name><capacity>1</capacity></volume>", 0,
            VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE, "unknown volume type 'zzz'");
    refused(SIZED("<target><format type='zzz'/></target>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_STORAGE, "unsupported configuration: unknown volume format type zzz");
    refused(SIZED("<target><format type='auto'/></target>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_STORAGE, "unsupported configuration: unknown volume format type auto");
    refused(SIZED(""), metadata, VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE,
            "metadata preallocation is not supported for raw volumes");
    refused(SIZED("<backingStore><path>/dev/null</path><format type='raw'/></backingStore>"), 0,
            VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE, "backing storage not supported for raw volumes");
    refused(SIZED("<target><permissions><mode>9</mode></permissions></target>"), 0,
            VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "malformed octal mode");
    refused(SIZED("<target><permissions><mode>0600</mode><owner>abc</owner><group>0</group>"
                  "</permissions></target>"),
            0, VIR_ERR_XML_ERROR, VIR_FROM_STORAGE, "malformed owner element");
    refused(SIZED("<target><encryption format='zzz'/></target>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            VIR_FROM_STORAGE, "unknown volume encryption format type zzz");
    /* Most filesystems take no file of 8 EiB less one byte. */
    if (takes_length(9223372036854775807))
        return;
    CHECK(virStorageVolCreateXML(pool,
                                 VOLUME("<capacity>9223372036854775807</capacity>"
                                        "<allocation>0</allocation>"),
                                 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "cannot extend file '");
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, strerror(EFBIG));
    CHECK_INT(virGetLastError()->int1, EFBIG);
    CHECK(!exists(in_dir("p/v")));
}

static void validated(void)
{
    const unsigned int validate = VIR_STORAGE_VOL_CREATE_VALIDATE;

    /* libvirt 9.0.0 validates, and then trips over its own flag. */
    if (ours) {
        virStorageVolPtr vol = virStorageVolCreateXML(pool, vol_xml("ok", 4096, 0), validate);

        CHECK(vol != NULL);
        vol_gone(vol);
    }
    refused(SIZED("<bogus/>"), validate, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML, "");
    refused(SIZED(""), validate, VIR_ERR_XML_INVALID_SCHEMA, VIR_FROM_XML, "");
}

static void name_taken(void)
{
    virStorageVolPtr vol = make_vol(pool, "dup", 4096, 4096);
    char text[PATH_MAX + 64];

    write_pattern(in_dir("p/dup"), 4096, 0, 7);
    CHECK(virStorageVolCreateXML(pool, vol_xml("dup", 8192, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_STORAGE_VOL_EXIST, VIR_FROM_STORAGE,
              "storage volume 'dup' exists already");
    CHECK_INT(file_size(in_dir("p/dup")), 4096);
    CHECK(file_has_pattern(in_dir("p/dup"), 4096, 0, 7));
    vol_gone(vol);

    /* A file that the pool has not seen yet. */
    write_pattern(in_dir("p/unlisted"), 4096, 0, 8);
    print_to(text, sizeof(text), "volume target path '%s' already exists", in_dir("p/unlisted"));
    CHECK(virStorageVolCreateXML(pool, vol_xml("unlisted", 8192, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, text);
    CHECK(file_has_pattern(in_dir("p/unlisted"), 4096, 0, 8));
    CHECK_INT(unlink(in_dir("p/unlisted")), 0);
    /* A path is also taken if its file could not be a volume. */
    CHECK_INT(mkfifo(in_dir("p/unlisted"), 0600), 0);
    CHECK(virStorageVolCreateXML(pool, vol_xml("unlisted", 8192, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, text);
    CHECK_INT(unlink(in_dir("p/unlisted")), 0);
    /* A dangling symlink is not followed. */
    CHECK_INT(symlink(in_dir("outside"), in_dir("p/dangling")), 0);
    CHECK(virStorageVolCreateXML(pool, vol_xml("dangling", 8192, 0), 0) == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(!exists(in_dir("outside")));
    CHECK_INT(unlink(in_dir("p/dangling")), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    allocations();
    permissions();
    ignored_input();
    bad_input();
    validated();
    name_taken();
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
