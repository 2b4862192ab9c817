/* Resizing qcow2 volumes: old data stays, the new part is zeros whatever the backing image has
 * there, and the image passes QEMU's check. */
#include "image.h"

#define ALLOCATE VIR_STORAGE_VOL_RESIZE_ALLOCATE
#define DELTA VIR_STORAGE_VOL_RESIZE_DELTA
#define SHRINK VIR_STORAGE_VOL_RESIZE_SHRINK

static virStoragePoolPtr pool;

/* A volume of 1 MiB that takes 200704 bytes. */
static virStorageVolPtr fresh(const char *options)
{
    virStorageVolPtr vol;
    char xml[512];

    print_to(xml, sizeof(xml),
             "<volume><name>v</name><capacity>1048576</capacity><target><format type='qcow2'/>%s"
             "</target></volume>",
             options);
    vol = virStorageVolCreateXML(pool, xml, 0);
    CHECK(vol != NULL);
    return vol;
}

static void size_is(virStorageVolPtr vol, unsigned long long capacity)
{
    virStorageVolInfo info;
    char text[64];
    const char *const parts[] = { text, NULL };

    print_to(text, sizeof(text), "\"virtual-size\": %llu,", capacity);
    image_is(in_dir("p/%s", virStorageVolGetName(vol)), parts);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, capacity);
    CHECK_INT(info.allocation, file_allocation(in_dir("p/%s", virStorageVolGetName(vol))));
}

static void resized(unsigned long long argument, unsigned int flags, unsigned long long capacity)
{
    virStorageVolPtr vol = fresh("");

    CHECK_INT(virStorageVolResize(vol, argument, flags), 0);
    size_is(vol, capacity);
    vol_gone(vol);
}

static void refused(unsigned long long argument, unsigned int flags, int code, const char *text)
{
    virStorageVolPtr vol = fresh("");

    CHECK_INT(virStorageVolResize(vol, argument, flags), -1);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
    size_is(vol, MIB);
    vol_gone(vol);
}

static void refused_by_qemu(virStorageVolPtr vol, unsigned long long argument, unsigned int flags,
                            int code, int domain, const char *text)
{
    CHECK_INT(virStorageVolResize(vol, argument, flags), -1);
    check_refusal(code, domain, text);
}

static void rules(void)
{
    static const char below_allocation[] = "can't shrink capacity below existing allocation";
    static const char below_capacity[] =
        "Can't shrink capacity below current capacity unless shrink flag explicitly specified";
    virStorageVolPtr vol;

    resized(2 * MIB, 0, 2 * MIB);
    resized(2 * MIB, SHRINK, 2 * MIB);
    resized(MIB, 0, MIB);
    resized(MIB, DELTA, 2 * MIB);
    resized(1000, DELTA, MIB + 1024);
    resized(MIB + 1, 0, MIB + 512);
    resized(512 * KIB, SHRINK, 512 * KIB);
    resized(1000, DELTA | SHRINK, MIB - 512);
    resized(MIB - 1, SHRINK, MIB);
    resized(1024ULL * 1024 * MIB, 0, 1024ULL * 1024 * MIB);

    refused(512 * KIB, 0, VIR_ERR_INVALID_ARG, below_capacity);
    refused(0, SHRINK, VIR_ERR_INVALID_ARG, below_allocation);
    refused(2 * MIB, DELTA | SHRINK, VIR_ERR_INVALID_ARG, below_allocation);
    refused(2 * MIB, ALLOCATE, VIR_ERR_OPERATION_UNSUPPORTED,
            "preallocate is only supported for raw type volume");
    refused(1ULL << 45, ALLOCATE, VIR_ERR_OPERATION_FAILED,
            "Not enough space left in storage pool");
    refused(2 * MIB, 8, VIR_ERR_INVALID_ARG, "unsupported flags (0x8) in function");

    vol = fresh("");
    refused_by_qemu(vol, 1ULL << 62, 0, VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "p/v");
    refused_by_qemu(vol, 1ULL << 63, 0, VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "p/v");
    size_is(vol, MIB);
    vol_gone(vol);
}

/* Several sizes up and down, beside a raw file that is resized in the same way. */
static void content(const char *options, const char *features)
{
    static const unsigned long long sizes[] = { 8 * MIB,  3 * MIB + 512, 40 * MIB,
                                                40 * MIB, 1536 * KIB,    2 * MIB };
    virStorageVolPtr vol;
    size_t i;

    CHECK_INT(tool("cd '%s' && rm -f v && qemu-img create -f qcow2 -o %s%s v 1M && truncate -s 0"
                   " ../flat && truncate -s 1M ../flat",
                   in_dir("p"), options, features),
              0);
    vol = look_up(pool, "v");
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        virStorageVolInfo info;

        CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
        CHECK_INT(virStorageVolResize(vol, sizes[i], SHRINK), 0);
        size_is(vol, sizes[i]);
        CHECK_INT(tool("truncate -s %llu '%s'", sizes[i], in_dir("flat")), 0);
        CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
        CHECK_INT(tool("cd '%s' && qemu-io -f qcow2 -c 'write -P %d 0 100k' -c 'write -P 7 %lluk"
                       " 64k' v && qemu-io -f raw -c 'write -P %d 0 100k' -c 'write -P 7 %lluk"
                       " 64k' ../flat",
                       in_dir("p"), (int)i + 1, sizes[i] / KIB - 64, (int)i + 1,
                       sizes[i] / KIB - 64),
                  0);
    }
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
    vol_gone(vol);
}

/* The backing image is longer than the volume was: the new part is zeros all the same. */
static void over_a_longer_image(const char *options)
{
    virStorageVolPtr vol;

    CHECK_INT(tool("cd '%s' && rm -f base v && qemu-img create -f raw base 8M &&"
                   " qemu-io -f raw -c 'write -P 9 0 8M' base &&"
                   " qemu-img create -f qcow2 -F raw -b base %s v 2M && qemu-io -f qcow2 -c"
                   " 'write -P 1 1M 64k' v && qemu-img convert -f qcow2 -O raw v ../flat",
                   in_dir("p"), options),
              0);
    vol = look_up(pool, "v");
    CHECK_INT(virStorageVolResize(vol, 6 * MIB, 0), 0);
    size_is(vol, 6 * MIB);
    CHECK_INT(tool("truncate -s 6M '%s'", in_dir("flat")), 0);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
    CHECK_INT(virStorageVolResize(vol, 10 * MIB, 0), 0);
    CHECK_INT(tool("truncate -s 10M '%s'", in_dir("flat")), 0);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
    /* The backing image is unchanged, byte for byte. */
    CHECK_INT(tool("qemu-io -f raw -c 'read -P 9 0 8M' '%s'", in_dir("p/base")), 0);
    CHECK_INT(file_size(in_dir("p/base")), 8 * MIB);
    vol_gone(vol);
    CHECK_INT(unlink(in_dir("p/base")), 0);
}

static void snapshots(void)
{
    virStorageVolPtr vol;

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -o compat=1.1 v 1M && qemu-io -f qcow2"
                   " -c 'write -P 5 0 1M' v && qemu-img snapshot -c s v && qemu-io -f qcow2"
                   " -c 'write -P 6 0 512k' v",
                   in_dir("p")),
              0);
    vol = look_up(pool, "v");
    CHECK_INT(virStorageVolResize(vol, 3 * MIB, 0), 0);
    size_is(vol, 3 * MIB);
    /* The snapshot is what it was. */
    CHECK_INT(tool("cd '%s' && rm -f ../flat && truncate -s 1M ../flat && qemu-io -f raw"
                   " -c 'write -P 5 0 1M' ../flat && qemu-img snapshot -a s v",
                   in_dir("p")),
              0);
    size_is(vol, MIB);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
    vol_gone(vol);
    /* Version 2 cannot record that a snapshot has another size. */
    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -o compat=0.10 v 1M &&"
                   " qemu-img snapshot -c s v",
                   in_dir("p")),
              0);
    vol = look_up(pool, "v");
    refused_by_qemu(vol, 2 * MIB, 0, VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "snapshots");
    size_is(vol, MIB);
    vol_gone(vol);
}

static void other_formats(void)
{
    virStorageVolPtr vol;

    CHECK_INT(tool("cd '%s' && qemu-img create -f vmdk v 1M", in_dir("p")), 0);
    vol = look_up(pool, "v");
    refused_by_qemu(vol, 2 * MIB, 0, VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE,
                    "volume 'v' of format 'vmdk' cannot be resized");
    vol_gone(vol);
}

/* Persistent bitmaps would need another length, too: the resize is refused, so that they are not
 * lost without notice. */
static void bitmaps(void)
{
    static const char *const parts[] = { "\"name\": \"backup\"", NULL };
    virStorageVolPtr vol;

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 v 1M && qemu-img bitmap --add v backup &&"
                   " qemu-io -f qcow2 -c 'write -P 5 64k 64k' v && cp v ../before", in_dir("p")), 0);
    vol = look_up(pool, "v");
    CHECK_INT(virStorageVolResize(vol, MIB, 0), 0);
    CHECK_INT(virStorageVolResize(vol, MIB - 1, SHRINK), 0);
    CHECK_INT(tool("cmp '%s' '%s'", in_dir("p/v"), in_dir("before")), 0);
    if (ours) {
        CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
        CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_STORAGE,
                  "volume 'v' has persistent bitmaps, which would be lost");
        CHECK_INT(virStorageVolResize(vol, 512 * KIB, SHRINK), -1);
        CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "persistent bitmaps");
        CHECK_INT(tool("cmp '%s' '%s'", in_dir("p/v"), in_dir("before")), 0);
    } else {
        CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    }
    image_is(in_dir("p/v"), parts);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 250);
    pool = make_pool(conn, "p");
    rules();
    content("compat=0.10", "");
    content("compat=1.1", "");
    content("compat=1.1", ",cluster_size=512");
    content("compat=1.1", ",extended_l2=on");
    content("compat=1.1", ",preallocation=metadata");
    /* Without zero clusters qemu-img refuses this. */
    if (ours)
        over_a_longer_image("-o compat=0.10");
    over_a_longer_image("-o compat=1.1");
    over_a_longer_image("-o extended_l2=on");
    snapshots();
    bitmaps();
    other_formats();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
