/* Volumes made from volumes, raw to raw: content, size, holes, and what is refused. */
#include "fixture.h"

#include <sys/ioctl.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr source;

static virStorageVolPtr cloned(const char *xml)
{
    virStorageVolPtr vol = virStorageVolCreateXMLFrom(pool, xml, source, 0);

    CHECK(vol != NULL);
    return vol;
}

/* 64 KiB of data, a hole of 192 KiB, 4 KiB of data, and a hole to the end. */
static void check_content(const char *name, unsigned long long size)
{
    CHECK_INT(file_size(in_dir("p/%s", name)), size);
    CHECK(file_has_pattern(in_dir("p/%s", name), 64 * KIB, 0, 1));
    CHECK(file_is_zero(in_dir("p/%s", name), 192 * KIB, 64 * KIB));
    CHECK(file_has_pattern(in_dir("p/%s", name), 4 * KIB, 256 * KIB, 1));
    CHECK(file_is_zero(in_dir("p/%s", name), size - 260 * KIB, 260 * KIB));
}

static void copies(void)
{
    virStorageVolPtr vol = cloned(vol_xml("sparse", MIB, 0)), again;
    struct stat sb;

    check_content("sparse", MIB);
    CHECK_INT(file_allocation(in_dir("p/sparse")), 68 * KIB);
    CHECK_INT(count_holes(in_dir("p/sparse")), 2);
    CHECK_INT(stat(in_dir("p/sparse"), &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0600);
    again = virStorageVolLookupByName(pool, "sparse");
    CHECK(again != NULL);
    CHECK_INT(virStorageVolFree(again), 0);
    vol_gone(vol);

    vol = cloned("<volume><name>full</name><capacity>1048576</capacity></volume>");
    check_content("full", MIB);
    CHECK_INT(file_allocation(in_dir("p/full")), MIB);
    vol_gone(vol);

    /* Never smaller than the source. */
    vol = cloned(vol_xml("small", 4096, 0));
    check_content("small", MIB);
    vol_gone(vol);
    vol = cloned("<volume><name>none</name><allocation>0</allocation></volume>");
    check_content("none", MIB);
    vol_gone(vol);
    vol = cloned(vol_xml("larger", 3 * MIB, 0));
    check_content("larger", 3 * MIB);
    CHECK_INT(file_allocation(in_dir("p/larger")), 68 * KIB);
    vol_gone(vol);

    /* The source came through it unchanged. */
    check_content("source", MIB);
    CHECK_INT(file_allocation(in_dir("p/source")), 68 * KIB);
}

static void other_pool(void)
{
    virStoragePoolPtr other = make_pool(conn, "o");
    virStorageVolPtr vol =
        virStorageVolCreateXMLFrom(other, vol_xml("v", MIB, 0), source, 0);

    CHECK(vol != NULL);
    CHECK_STR(virStorageVolGetKey(vol), in_dir("o/v"));
    CHECK(file_has_pattern(in_dir("o/v"), 64 * KIB, 0, 1));
    CHECK(file_has_pattern(in_dir("o/v"), 4 * KIB, 256 * KIB, 1));
    CHECK_INT(file_size(in_dir("o/v")), MIB);
    vol_gone(vol);
    pool_gone(other);
}

static void refused(const char *xml, unsigned int flags, int code, int domain, const char *text)
{
    CHECK(virStorageVolCreateXMLFrom(pool, xml, source, flags) == NULL);
    CHECK_ERR(code, domain, text);
    CHECK(!exists(in_dir("p/v")));
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
}

static void refusals(void)
{
    virStorageVolPtr vol;

    refused(NULL, 0, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
            "xmlDesc in virStorageVolCreateXMLFrom must not be NULL");
    refused(vol_xml("v", MIB, 0), 8, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
            "unsupported flags (0x8) in function");
    refused(vol_xml("v", MIB, 0), VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA,
            VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE,
            "metadata preallocation is not supported for raw volumes");
    refused(vol_xml("source", MIB, 0), 0, VIR_ERR_INTERNAL_ERROR, VIR_FROM_STORAGE,
            "internal error: storage volume name 'source' already in use.");
    refused("<vol/>", 0, VIR_ERR_XML_ERROR, VIR_FROM_XML,
            "expecting root element of 'volume', not 'vol'");
    refused("<volume><name>a/b</name><capacity>1</capacity></volume>", 0,
            VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "volume name 'a/b' cannot contain '/'");
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE, "in virStorageVolCreateXMLFrom");
    check_content("source", MIB);

    vol = virStorageVolCreateXMLFrom(pool, vol_xml("valid", MIB, 0), source,
                                     VIR_STORAGE_VOL_CREATE_VALIDATE);
    if (ours) {
        CHECK(vol != NULL);
        vol_gone(vol);
    } else {
        /* 9.0.0 trips over its own flag. */
        CHECK(vol == NULL);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x4) in function");
    }

    /* A file in the way that the pool does not know. */
    write_pattern(in_dir("p/v"), 100, 0, 5);
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), source, 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "already exists");
    CHECK_INT(file_size(in_dir("p/v")), 100);
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 5));
    CHECK_INT(unlink(in_dir("p/v")), 0);
}

/* Linux's FICLONE, by number: its header is not everywhere. */
static int can_reflink(void)
{
    int from = open(in_dir("p/source"), O_RDONLY | O_CLOEXEC);
    int to = open(in_dir("reflinked"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int result;

    CHECK(from >= 0 && to >= 0);
    result = ioctl(to, _IOW(0x94, 9, int), from);
    CHECK_INT(close(from), 0);
    CHECK_INT(close(to), 0);
    return result == 0;
}

static void reflink(void)
{
    const unsigned int flags = VIR_STORAGE_VOL_CREATE_REFLINK;
    virStorageVolPtr vol;

    if (can_reflink()) {
        vol = virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), source, flags);
        CHECK(vol != NULL);
        check_content("v", MIB);
        vol_gone(vol);
        return;
    }
    refused(vol_xml("v", MIB, 0), flags, VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE,
            "failed to clone files from '");
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), source, flags) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, strerror(EOPNOTSUPP));
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    source = make_vol(pool, "source", MIB, 0);
    write_pattern(in_dir("p/source"), 64 * KIB, 0, 1);
    write_pattern(in_dir("p/source"), 4 * KIB, 256 * KIB, 1);
    copies();
    other_pool();
    refusals();
    reflink();
    vol_gone(source);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
