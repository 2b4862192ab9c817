/* Images made by QEMU: their XML matches qemu-img info, and they are transferred as files. */
#include "image.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* The number for a key in the output of `qemu-img info`. Newer versions print that of the file
 * below first. */
static unsigned long long number(const char *info, const char *key)
{
    char quoted[64];
    const char *at;

    print_to(quoted, sizeof(quoted), "\"%s\": ", key);
    info = strstr(info, quoted);
    CHECK(info != NULL);
    while ((at = strstr(info + 1, quoted)) != NULL)
        info = at;
    return strtoull(info + strlen(quoted), NULL, 10);
}

static void said_of(const char *name)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
    const char *info = image_info(in_dir("p/%s", name));
    int version3 = strstr(info, "\"compat\": \"1.1\"") != NULL;
    int lazy = strstr(info, "\"lazy-refcounts\": true") != NULL;
    int extended = strstr(info, "\"extended-l2\": true") != NULL;
    virStorageVolInfo known;
    char text[128], *xml;

    CHECK(vol != NULL);
    CHECK_INT(virStorageVolGetInfo(vol, &known), 0);
    CHECK_INT(known.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(known.capacity, number(info, "virtual-size"));
    CHECK_INT(known.allocation, file_allocation(in_dir("p/%s", name)));
    CHECK_INT(virStorageVolGetInfoFlags(vol, &known, VIR_STORAGE_VOL_GET_PHYSICAL), 0);
    CHECK_INT(known.capacity, number(info, "virtual-size"));
    CHECK_INT(known.allocation, file_size(in_dir("p/%s", name)));
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    CHECK(strstr(xml, "<format type='qcow2'/>") != NULL);
    CHECK_INT(strstr(xml, "<compat>1.1</compat>") != NULL, version3);
    CHECK_INT(strstr(xml, "<features") != NULL, version3);
    CHECK_INT(strstr(xml, "<lazy_refcounts/>") != NULL, lazy);
    CHECK_INT(strstr(xml, "<extended_l2/>") != NULL, extended);
    print_to(text, sizeof(text), "<clusterSize unit='B'>%llu</clusterSize>",
             number(info, "cluster-size"));
    CHECK(strstr(xml, text) != NULL);
    print_to(text, sizeof(text), "<capacity unit='bytes'>%llu</capacity>",
             number(info, "virtual-size"));
    CHECK(strstr(xml, text) != NULL);
    print_to(text, sizeof(text), "<physical unit='bytes'>%llu</physical>",
             file_size(in_dir("p/%s", name)));
    CHECK(strstr(xml, text) != NULL);
    CHECK_INT(strstr(xml, "<backingStore>") != NULL, strstr(info, "backing-filename") != NULL);
    free(xml);
    CHECK_INT(virStorageVolFree(vol), 0);
}

static void described(void)
{
    static const char *const compats[] = { "0.10", "1.1", NULL };
    static const char *const clusters[] = { "512", "4k", "64k", "2M", NULL };
    static const char *const others[] = { "", ",lazy_refcounts=on", ",extended_l2=on",
                                          ",preallocation=metadata", NULL };
    const char *const *compat, *const *cluster, *const *other;
    int made = 0, i;

    for (compat = compats; *compat; compat++)
        for (cluster = clusters; *cluster; cluster++)
            for (other = others; *other; other++)
                /* Some combinations are not possible. */
                made += tool("qemu-img create -f qcow2 -o compat=%s,cluster_size=%s%s '%s' 3M",
                             *compat, *cluster, *other, in_dir("p/i%d", made)) == 0;
    CHECK(made > 20);
    CHECK_INT(tool("cd '%s' && qemu-img create -f raw base 5M && qemu-io -f raw -c"
                   " 'write 1M 300k' base && qemu-img create -f qcow2 -F raw -b base over &&"
                   " qemu-img create -f qcow2 -F qcow2 -b over top 9M && qemu-io -f qcow2 -c"
                   " 'write 7M 300k' top && qemu-img snapshot -c s top &&"
                   " qemu-img convert -O qcow2 -c -o compression_type=zstd base packed",
                   in_dir("p")),
              0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), made + 4);
    for (i = 0; i < made; i++) {
        char name[16];

        print_to(name, sizeof(name), "i%d", i);
        said_of(name);
    }
    said_of("over");
    said_of("top");
    said_of("packed");
}

/* The bytes of the file are downloaded and uploaded, whatever they mean. */
static void moved(void)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, "top"), other;
    unsigned long long size = file_size(in_dir("p/top"));
    virStorageVolInfo info;
    char *buf = (char *)malloc(size + 1), *xml;
    virStreamPtr st;

    CHECK(vol != NULL && buf != NULL);
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(recv_bytes(st, buf, size + 1), size);
    finish_and_free(st);
    CHECK(file_has(in_dir("p/top"), buf, size, 0));
    CHECK_INT(virStorageVolFree(vol), 0);

    other = virStorageVolCreateXML(pool,
                                   "<volume><name>other</name><capacity>1048576</capacity><target>"
                                   "<format type='qcow2'/></target></volume>",
                                   0);
    CHECK(other != NULL);
    st = upload_to(other, 0, 0, 0);
    send_bytes(st, buf, size);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/other")), size);
    CHECK(file_has(in_dir("p/other"), buf, size, 0));
    CHECK_INT(virStorageVolGetInfo(other, &info), 0);
    CHECK_INT(info.capacity, 9 * MIB);
    xml = virStorageVolGetXMLDesc(other, 0);
    CHECK(xml != NULL);
    CHECK(strstr(strstr(xml, "<backingStore>"), in_dir("p/over")) != NULL);
    free(xml);
    vol_gone(other);
    free(buf);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    described();
    moved();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
