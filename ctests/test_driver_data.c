/* Data in the volumes of test:///default: images and backing images, space, and sizes larger
 * than memory.
 * ctest: ours-only because libvirt's test volumes hold no data */
#include "fixture.h"

#define URI "test:///default"
#define GIB (1024 * MIB)
#define SPARSE_UP VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM

static virConnectPtr conn;
static virStoragePoolPtr pool;

static void open_pool(void)
{
    conn = virConnectOpen(URI);
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, "default-pool");
    CHECK(pool != NULL);
}

static void close_pool(void)
{
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

/* A volume of 8 MiB in a format, as an overlay of `below` (a name or a path) in a format if that
 * is not NULL. */
static const char *image_xml(const char *name, const char *format, const char *below,
                             const char *below_format)
{
    static char xml[1024];
    char backing[512] = "";

    if (below)
        print_to(backing, sizeof(backing),
                 "<backingStore><path>%s</path><format type='%s'/></backingStore>", below,
                 below_format);
    print_to(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>%llu</capacity><allocation>0</allocation>"
             "<target><format type='%s'/></target>%s</volume>",
             name, 8 * MIB, format, backing);
    return xml;
}

static virStorageVolPtr make_image(const char *name, const char *format, const char *below,
                                   const char *below_format)
{
    virStorageVolPtr vol =
        virStorageVolCreateXML(pool, image_xml(name, format, below, below_format), 0);

    CHECK(vol != NULL);
    return vol;
}

static void upload(virStorageVolPtr vol, unsigned long long at, size_t size, unsigned int seed)
{
    virStreamPtr st = upload_to(vol, at, size, 0);

    send_pattern(st, size, at, seed);
    finish_and_free(st);
}

/* The bytes of the file, not the data of the image. */
static char *content(virStorageVolPtr vol, size_t size)
{
    virStreamPtr st = download_from(vol, 0, 0, 0);
    char *got = (char *)malloc(size + 1);

    CHECK(got != NULL);
    CHECK_INT(recv_bytes(st, got, size + 1), size);
    finish_and_free(st);
    return got;
}

static virStorageVolInfo info_of(virStorageVolPtr vol)
{
    virStorageVolInfo info;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    return info;
}

static void images(void)
{
    virStorageVolPtr raw = make_image("raw", "raw", NULL, NULL), image, over, back;
    char *want = pattern(MIB, 3 * MIB, 1), *got, *xml;

    upload(raw, 3 * MIB, MIB, 1);
    image = virStorageVolCreateXMLFrom(pool, image_xml("image", "qcow2", NULL, NULL), raw, 0);
    CHECK(image != NULL);
    CHECK_INT(info_of(image).capacity, 8 * MIB);
    CHECK(info_of(image).allocation >= MIB && info_of(image).allocation < 2 * MIB);
    xml = virStorageVolGetXMLDesc(image, 0);
    CHECK(xml && strstr(xml, "<format type='qcow2'/>"));
    free(xml);

    /* A backing image is found by its name in the pool, and by its path. */
    over = make_image("over", "qcow2", "image", "qcow2");
    xml = virStorageVolGetXMLDesc(over, 0);
    CHECK(xml && strstr(xml, "<path>/default-pool/image</path>"));
    free(xml);
    back = virStorageVolCreateXMLFrom(pool, image_xml("back", "raw", NULL, NULL), over, 0);
    CHECK(back != NULL);
    got = content(back, 8 * MIB);
    CHECK(memcmp(want, got + 3 * MIB, MIB) == 0);
    CHECK(is_zero(got, 3 * MIB) && is_zero(got + 4 * MIB, 4 * MIB));
    CHECK_INT(info_of(back).allocation, MIB);
    free(got);
    vol_gone(back);
    vol_gone(over);
    over = make_image("over", "qcow2", "/default-pool/image", "qcow2");

    CHECK_INT(virStorageVolResize(over, 16 * MIB, 0), 0);
    CHECK_INT(info_of(over).capacity, 16 * MIB);
    back = virStorageVolCreateXMLFrom(pool, image_xml("back", "raw", NULL, NULL), over, 0);
    CHECK(back != NULL);
    got = content(back, 16 * MIB);
    CHECK(memcmp(want, got + 3 * MIB, MIB) == 0);
    CHECK(is_zero(got + 4 * MIB, 12 * MIB));
    free(got);
    free(want);
    vol_gone(back);
    vol_gone(over);
    vol_gone(image);
    vol_gone(raw);
}

/* A name leads to a volume of the connection, never to a file of the machine. */
static void only_memory(void)
{
    const char *path = in_dir("real");
    virStorageVolPtr raw, evil, copy;
    virStreamPtr st;
    int fd;
    char *image;

    write_pattern(path, 64 * KIB, 0, 1);
    CHECK(virStorageVolCreateXML(pool, image_xml("over", "qcow2", path, "raw"), 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "inaccessible backing store volume");
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK(virStorageVolCreateXML(pool, image_xml("over", "qcow2", "/etc/passwd", "raw"), 0) == NULL);
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK(virStorageVolLookupByPath(conn, path) == NULL);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching path");

    /* An uploaded image can have any backing file name. */
    raw = make_image("below", "raw", NULL, NULL);
    evil = make_image("evil", "qcow2", "/default-pool/below", "raw");
    image = content(evil, (size_t)256 * KIB);
    for (fd = 0; fd < 4096; fd++)
        if (memcmp(image + fd, "/default-pool/below", 19) == 0)
            break;
    CHECK(fd < 4096);
    memcpy(image + fd, "/proc/self//environ", 19);
    st = upload_to(evil, 0, 0, 0);
    send_bytes(st, image, (size_t)256 * KIB);
    finish_and_free(st);
    free(image);
    copy = virStorageVolCreateXMLFrom(pool, image_xml("copy", "raw", NULL, NULL), evil, 0);
    CHECK(copy == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "which is not in an active pool");
    vol_gone(evil);
    vol_gone(raw);
    CHECK_INT(unlink(path), 0);
}

static void space(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 4 * MIB);
    virStoragePoolInfo info;

    CHECK_INT(info_of(vol).allocation, 4 * MIB);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(info.allocation, 4 * MIB);
    CHECK_INT(virStorageVolResize(vol, 16 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), 0);
    CHECK_INT(info_of(vol).capacity, 16 * MIB);
    CHECK_INT(info_of(vol).allocation, 16 * MIB);
    CHECK_INT(virStorageVolResize(vol, 200 * GIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "Not enough space left in storage pool");
    upload(vol, 15 * MIB, MIB, 1);
    CHECK_INT(info_of(vol).allocation, 16 * MIB);
    vol_gone(vol);

    CHECK(virStorageVolCreateXML(pool, vol_xml("v", 200 * GIB, 200 * GIB), 0) == NULL);
    CHECK_CODE(VIR_ERR_INTERNAL_ERROR, "Not enough free space in pool for volume 'v'");

    /* A volume costs what is in it. */
    vol = make_vol(pool, "huge", 1ULL << 60, 0);
    upload(vol, 1ULL << 59, 64 * KIB, 3);
    CHECK(info_of(vol).capacity == 1ULL << 60);
    CHECK_INT(info_of(vol).allocation, 64 * KIB);
    CHECK_INT(virStorageVolResize(vol, 1ULL << 61, 0), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK_INT(info_of(vol).allocation, 0);
    vol_gone(vol);
    CHECK(virStorageVolCreateXML(pool, vol_xml("v", 1ULL << 63, 0), 0) == NULL);
    CHECK_CODE(VIR_ERR_OVERFLOW, "value too large");
}

static virStoragePoolPtr define(const char *path)
{
    char xml[512];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>p</name><uuid>00000000-1111-2222-3333-000000000009</uuid>"
             "<target><path>%s</path></target></pool>",
             path);
    return virStoragePoolDefineXML(conn, xml, 0);
}

/* The volumes of a pool stay while the pool's path is known, whether it is active or not. */
static void pools(void)
{
    virStoragePoolPtr p = define("/p");
    virStorageVolPtr vol;

    CHECK(p != NULL);
    CHECK_INT(virStoragePoolCreate(p, 0), 0);
    CHECK_INT(virStorageVolFree(make_vol(p, "v", MIB, 0)), 0);
    CHECK_INT(virStoragePoolDestroy(p), 0);
    CHECK(virStorageVolLookupByPath(conn, "/p/v") == NULL);
    CHECK_INT(virStoragePoolCreate(p, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(p), 1);
    vol = virStorageVolLookupByPath(conn, "/p/v");
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    /* A definition that is changed while the pool is active takes effect at its next start. */
    CHECK_INT(virStoragePoolFree(define("/elsewhere")), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(p), 1);
    CHECK_INT(virStoragePoolDestroy(p), 0);
    CHECK_INT(virStoragePoolCreate(p, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(p), 0);
    vol = make_vol(p, "w", MIB, 0);
    CHECK_STR(virStorageVolGetKey(vol), "/elsewhere/w");
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolDestroy(p), 0);
    CHECK_INT(virStoragePoolUndefine(p), 0);
    CHECK_INT(virStoragePoolFree(p), 0);
    p = define("/elsewhere");
    CHECK(p != NULL);
    CHECK_INT(virStoragePoolCreate(p, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(p), 0);
    CHECK_INT(virStoragePoolDestroy(p), 0);
    CHECK_INT(virStoragePoolUndefine(p), 0);
    CHECK_INT(virStoragePoolFree(p), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 240);
    open_pool();
    images();
    only_memory();
    space();
    pools();
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    close_pool();
    return CHECK_DONE();
}
