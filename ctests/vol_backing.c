/* Volumes over backing stores: the image records the name and the format that the XML has, the
 * capacity can be that of the backing image, and a guest reads its data. */
#include "image.h"

static virStoragePoolPtr pool;

/* `inside` a volume `v` over the image at `path`. */
static const char *over(const char *inside, const char *path, const char *format)
{
    static char xml[2 * PATH_MAX];

    print_to(xml, sizeof(xml),
             "<volume><name>v</name>%s<target><format type='qcow2'/></target>"
             "<backingStore><path>%s</path>%s</backingStore></volume>",
             inside, path, format);
    return xml;
}

static const char as_raw[] = "<format type='raw'/>";
static const char as_qcow2[] = "<format type='qcow2'/>";

/* The overlay records `path`, has that capacity, and reads as `below`. */
static void made(const char *inside, const char *path, const char *format,
                 unsigned long long capacity, const char *below_format, const char *below)
{
    virStorageVolPtr vol = virStorageVolCreateXML(pool, over(inside, path, format), 0);
    virStorageVolInfo info;
    char name[PATH_MAX + 64], recorded[64];
    const char *parts[] = { name, recorded, NULL };
    const char *in_xml[] = { "<format type='qcow2'/>", "<backingStore>", NULL, NULL, NULL };
    struct stat sb;
    /* A name in an image is no reason for us to look at a file that is in no pool. */
    int looked_at = !ours || !strstr(below, "/elsewhere/");
    char shown[PATH_MAX + 64], mode[64], *xml;

    CHECK(vol != NULL);
    print_to(name, sizeof(name), "\"backing-filename\": \"%s\"", path);
    print_to(recorded, sizeof(recorded), "\"backing-filename-format\": \"%s\"", below_format);
    image_is(in_dir("p/v"), parts);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, capacity);
    CHECK(info.allocation < 256 * KIB);
    CHECK(same_content("qcow2", in_dir("p/v"), below_format, below));
    /* libvirt resolves a relative name at a refresh. */
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    CHECK_INT(stat(below, &sb), 0);
    print_to(shown, sizeof(shown), "<path>%s</path>\n    <format type='%s'/>\n  %s",
             path[0] == '/' ? path : in_dir("p/%s", path), below_format,
             looked_at ? "  <permissions>" : "</backingStore>");
    print_to(mode, sizeof(mode), "<mode>0%o</mode>", (unsigned int)sb.st_mode & 0777);
    in_xml[2] = shown;
    in_xml[3] = looked_at ? mode : NULL;
    in_order(xml, in_xml);
    in_xml[2] = looked_at ? "<timestamps>" : NULL;
    in_xml[3] = "<btime>";
    in_order(xml, in_xml);
    free(xml);
    vol_gone(vol);
    /* What is below is not touched. */
    CHECK(exists(below));
}

static void chains(void)
{
    char raw[PATH_MAX], top[PATH_MAX], other[PATH_MAX];

    print_to(raw, sizeof(raw), "%s", in_dir("p/base.raw"));
    print_to(top, sizeof(top), "%s", in_dir("p/top.qcow2"));
    print_to(other, sizeof(other), "%s", in_dir("elsewhere/base.raw"));
    made("<capacity>3145728</capacity>", raw, as_raw, 3 * MIB, "raw", raw);
    made("", raw, as_raw, 3 * MIB, "raw", raw);
    made("", raw, "", 3 * MIB, "raw", raw);
    made("", "base.raw", as_raw, 3 * MIB, "raw", raw);
    made("", top, as_qcow2, 3 * MIB, "qcow2", top);
    made("", "top.qcow2", as_qcow2, 3 * MIB, "qcow2", top);
    made("", other, as_raw, 3 * MIB, "raw", other);
    /* A capacity of 0 counts as none, in any unit. */
    made("<capacity>0</capacity>", raw, as_raw, 3 * MIB, "raw", raw);
    made("<capacity unit='G'>0</capacity>", raw, as_raw, 3 * MIB, "raw", raw);
    made("<capacity unit='bytes'>0</capacity>", top, as_qcow2, 3 * MIB, "qcow2", top);
    made("<capacity unit='E'>00</capacity>", "top.qcow2", as_qcow2, 3 * MIB, "qcow2", top);
    made("", "../p/base.raw", as_raw, 3 * MIB, "raw", raw);
    /* It is the creator's word, so a link may lead out of the pool. */
    CHECK_INT(symlink(other, in_dir("p/link")), 0);
    {
        virStorageVolPtr vol = virStorageVolCreateXML(pool, over("", "link", as_raw), 0);

        CHECK(vol != NULL);
        CHECK(same_content("qcow2", in_dir("p/v"), "raw", other));
        vol_gone(vol);
    }
    CHECK_INT(unlink(in_dir("p/link")), 0);
    /* Nothing is guessed: as a raw disk it is the file's bytes, to the next sector. */
    made("", top, "", (file_size(top) + 511) / 512 * 512, "raw", top);
    /* A longer overlay has zeros at its end, and a shorter one ends earlier. */
    CHECK_INT(tool("cp --sparse=always '%s' '%s' && truncate -s 5M '%s'", raw,
                   in_dir("larger"), in_dir("larger")),
              0);
    CHECK_INT(tool("cp --sparse=always '%s' '%s' && truncate -s 1M '%s'", raw,
                   in_dir("smaller"), in_dir("smaller")),
              0);
    {
        virStorageVolPtr vol;

        vol = virStorageVolCreateXML(pool, over("<capacity>5242880</capacity>", raw, as_raw), 0);
        CHECK(vol != NULL);
        CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("larger")));
        vol_gone(vol);
        vol = virStorageVolCreateXML(pool, over("<capacity>1048576</capacity>", raw, as_raw), 0);
        CHECK(vol != NULL);
        CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("smaller")));
        vol_gone(vol);
    }
}

static void refused(const char *xml, unsigned int flags, int code, const char *text)
{
    int before = entries(in_dir("p"));

    CHECK(virStorageVolCreateXML(pool, xml, flags) == NULL);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
    CHECK_INT(entries(in_dir("p")), before);
}

static void refusals(void)
{
    const char *size = "<capacity>1048576</capacity>";
    char xml[1024];

    refused(over(size, "nothere", as_raw), 0, VIR_ERR_SYSTEM_ERROR,
            "inaccessible backing store volume nothere: No such file or directory");
    refused(over(size, "/no/such/folder/x", as_qcow2), 0, VIR_ERR_SYSTEM_ERROR,
            "inaccessible backing store volume /no/such/folder/x: No such file or directory");
    refused(over(size, "nbd://localhost/x", as_raw), 0, VIR_ERR_SYSTEM_ERROR,
            "inaccessible backing store volume nbd://localhost/x: No such file or directory");
    refused(over(size, "json:{}", as_raw), 0, VIR_ERR_SYSTEM_ERROR,
            "inaccessible backing store volume json:{}: No such file or directory");
    refused(over(size, "v", as_raw), 0, VIR_ERR_SYSTEM_ERROR,
            "inaccessible backing store volume v: No such file or directory");
    refused(over(size, "base.raw", "<format type='zzz'/>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "unknown volume format type zzz");
    refused(over(size, "base.raw", as_raw), VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA,
            VIR_ERR_CONFIG_UNSUPPORTED, "metadata preallocation conflicts with backing store");
    refused(over(size, "nothere", as_raw), VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA,
            VIR_ERR_CONFIG_UNSUPPORTED, "metadata preallocation conflicts with backing store");
    print_to(xml, sizeof(xml),
             "<volume><name>v</name>%s<target><format type='raw'/></target><backingStore>"
             "<path>base.raw</path></backingStore></volume>",
             size);
    refused(xml, 0, VIR_ERR_NO_SUPPORT, "backing storage not supported for raw volumes");
    print_to(xml, sizeof(xml),
             "<volume><name>v</name>%s<target><format type='dir'/></target><backingStore>"
             "<path>base.raw</path></backingStore></volume>",
             size);
    refused(xml, 0, VIR_ERR_NO_SUPPORT, "backing storage not supported for directories volumes");
    print_to(xml, sizeof(xml),
             "<volume><name>v</name>%s<target><format type='iso'/></target><backingStore>"
             "<path>base.raw</path></backingStore></volume>",
             size);
    refused(xml, 0, VIR_ERR_CONFIG_UNSUPPORTED, "cannot set backing store for raw volume");

    /* A backing store of another format than the XML says; one that is unreadable; one that does
     * not exist. */
    CHECK(virStorageVolCreateXML(pool, over(size, "base.raw", as_qcow2), 0) == NULL);
    check_refusal(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "is not in qcow2 format");
    CHECK(virStorageVolCreateXML(pool, over(size, "base.raw", "<format type='vmdk'/>"), 0) == NULL);
    check_refusal(VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_STORAGE,
                  "backing images of format 'vmdk' cannot be read");
    CHECK(virStorageVolCreateXML(pool, over(size, in_dir("elsewhere"), as_raw), 0) == NULL);
    check_refusal(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "inaccessible backing store volume");
    CHECK(!exists(in_dir("p/v")));
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    CHECK_INT(mkdir(in_dir("elsewhere"), 0755), 0);
    set_size(in_dir("p/base.raw"), 3 * MIB);
    write_pattern(in_dir("p/base.raw"), 200 * KIB, 100 * KIB, 1);
    write_pattern(in_dir("p/base.raw"), 2 * KIB, 3 * MIB - 2 * KIB, 1);
    CHECK_INT(tool("cp '%s' '%s'", in_dir("p/base.raw"), in_dir("elsewhere/base.raw")), 0);
    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -F raw -b base.raw top.qcow2 &&"
                   " qemu-io -f qcow2 -c 'write -P 7 1M 100k' -c 'write -z 150k 20k' top.qcow2",
                   in_dir("p")),
              0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    chains();
    refusals();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
