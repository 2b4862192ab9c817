/* ctest: ours-only because libvirt's descriptions have no word for it.
 * Compressed copies, which an element in our own namespace requests. */
#include "image.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;

#define SIZE (8 * MIB)

static const char *copy_xml(const char *type, const char *target, const char *after)
{
    static char xml[2048];

    print_to(xml, sizeof(xml),
             "<volume xmlns:virsparse='urn:virsparse:volume:1'><name>v</name><target>"
             "<format type='qcow2'/>%s<virsparse:compression type='%s'/></target>%s</volume>",
             target, type, after);
    return xml;
}

static virStorageVolPtr source;

static void compressed(const char *xml, unsigned int flags, const char *kind,
                       unsigned long long most)
{
    virStorageVolPtr vol = virStorageVolCreateXMLFrom(pool, xml, source, flags);
    const char *parts[] = { kind, "\"virtual-size\": 8388608", NULL };

    CHECK(vol != NULL);
    image_is(in_dir("p/v"), parts);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("p/source")));
    CHECK(file_allocation(in_dir("p/v")) < most);
    /* At least the 64 clusters that hold text are. */
    if (!strstr(xml, "backingStore"))
        CHECK_INT(tool("qemu-img check --output=json -f qcow2 '%s' |"
                       " grep -E '\"compressed-clusters\": ([6-9][0-9]|[0-9]{3})'",
                       in_dir("p/v")),
                  0);
    vol_gone(vol);
}

static void refused(const char *xml, unsigned int flags, int code, const char *text)
{
    CHECK(virStorageVolCreateXMLFrom(pool, xml, source, flags) == NULL);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
    CHECK(!exists(in_dir("p/v")));
}

int main(int argc, char **argv)
{
    static const char deflate[] = "\"compat\"", zstd[] = "\"compression-type\": \"zstd\"";
    virStorageVolPtr vol;
    unsigned long long at;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    source = make_vol(pool, "source", SIZE, 0);
    /* 4 MiB that say the same again and again, and 200 KiB that do not. */
    for (at = 0; at < 4 * MIB; at += 4 * KIB)
        write_pattern(in_dir("p/source"), 4 * KIB, at, (unsigned int)(at % 3));
    CHECK_INT(tool("dd if=/dev/urandom of='%s' bs=1k count=200 seek=5000 conv=notrunc",
                   in_dir("p/source")),
              0);

    compressed(copy_xml("deflate", "", ""), 0, deflate, 3 * MIB);
    compressed(copy_xml("zstd", "", ""), 0, zstd, 3 * MIB);
    compressed(copy_xml("zstd", "<compat>1.1</compat>", ""), VIR_STORAGE_VOL_CREATE_VALIDATE, zstd,
               3 * MIB);
    compressed(copy_xml("deflate", "<clusterSize unit='KiB'>4</clusterSize>", ""), 0, deflate,
               5 * MIB);
    compressed(copy_xml("deflate", "<features><extended_l2/></features>", ""), 0, deflate,
               3 * MIB);
    /* Over a backing store the clusters that differ are written, as a whole. */
    CHECK_INT(tool("cp --sparse=always '%s' '%s' && qemu-io -f raw -c 'write -P 7 1M 64k' '%s'",
                   in_dir("p/source"), in_dir("p/base"), in_dir("p/base")),
              0);
    compressed(copy_xml("zstd", "",
                        "<backingStore><path>base</path><format type='raw'/></backingStore>"),
               0, zstd, 512 * KIB);

    /* A new image remembers how it is to be compressed. */
    vol = virStorageVolCreateXML(pool,
                                 "<volume><name>v</name><capacity>1048576</capacity><target"
                                 " xmlns:s='urn:virsparse:volume:1'><format type='qcow2'/>"
                                 "<s:compression type='zstd'/></target></volume>",
                                 VIR_STORAGE_VOL_CREATE_VALIDATE);
    CHECK(vol != NULL);
    CHECK(strstr(image_info(in_dir("p/v")), zstd) != NULL);
    vol_gone(vol);

    refused(copy_xml("zstd", "<compat>0.10</compat>", ""), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "zstd compression not supported with compat level 0.10");
    refused(copy_xml("lzma", "", ""), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "unknown compression type 'lzma'");
    refused(copy_xml("zstd", "", ""), VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA,
            VIR_ERR_CONFIG_UNSUPPORTED, "metadata preallocation conflicts with compression");
    refused("<volume xmlns:s='urn:virsparse:volume:1'><name>v</name><target>"
            "<format type='raw'/><s:compression type='zstd'/></target></volume>",
            0, VIR_ERR_CONFIG_UNSUPPORTED, "only qcow2 volumes can be compressed");
    vol_gone(source);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
