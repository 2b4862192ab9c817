/* Wiping a range of a volume: it reads as zeros and takes no space, and the rest is unchanged. */
/* ctest: ours-only because libvirt has no such function */
#include "domain.h"

#include <virsparse/virsparse.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* A copy is changed in the same way by dd and fallocate, and must then equal the volume. */
static void wiped(virStorageVolPtr vol, unsigned long long offset, unsigned long long length)
{
    unsigned long long size = file_size(in_dir("p/v"));
    unsigned long long end = length ? offset + length : size;

    CHECK_INT(run("head -c %llu /dev/zero | dd of=%s bs=64k seek=%llu oflag=seek_bytes conv=notrunc"
                  " status=none", end - offset, in_dir("ref"), offset), 0);
    CHECK_INT(virSparseVolWipeRange(vol, offset, length, 0), 0);
    CHECK_INT(file_size(in_dir("p/v")), size);
    CHECK_INT(run("cmp %s %s", in_dir("p/v"), in_dir("ref")), 0);
    /* Linux keeps the block in which a file ends. */
    CHECK_INT(run("fallocate -d %s && test $(stat -c %%b %s) -le $(($(stat -c %%b %s) + %d))",
                  in_dir("ref"), in_dir("p/v"), in_dir("ref"), size % (4 * KIB) ? 8 : 0), 0);
}

static virStorageVolPtr filled(unsigned long long size, unsigned long long allocation)
{
    virStorageVolPtr vol = make_vol(pool, "v", size, allocation);

    write_pattern(in_dir("p/v"), (size_t)size, 0, 1);
    CHECK_INT(run("cp %s %s", in_dir("p/v"), in_dir("ref")), 0);
    return vol;
}

static void ranges(unsigned long long allocation)
{
    virStorageVolPtr vol = filled(MIB, allocation);
    unsigned long long full = file_allocation(in_dir("p/v"));

    wiped(vol, 64 * KIB, 128 * KIB);
    CHECK_INT(file_allocation(in_dir("p/v")), full - 128 * KIB);
    /* Ranges that are already zeros, in part or as a whole. */
    wiped(vol, 64 * KIB, 128 * KIB);
    wiped(vol, 100 * KIB, 200 * KIB);
    /* Parts of blocks, and less than one. */
    wiped(vol, 500 * KIB + 17, 10000);
    wiped(vol, 600 * KIB + 5, 1);
    wiped(vol, MIB - 1, 1);
    wiped(vol, MIB - 70000, 0);
    wiped(vol, MIB, 0);
    wiped(vol, 0, MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), 0);
    wiped(vol, 0, 0);
    vol_gone(vol);
}

/* Odd lengths, and a length of 0. */
static void odd_sizes(void)
{
    virStorageVolPtr vol = filled(1000001, 1000001);

    wiped(vol, 999999, 0);
    wiped(vol, 3, 999000);
    wiped(vol, 0, 0);
    vol_gone(vol);
    vol = filled(0, 0);
    wiped(vol, 0, 0);
    vol_gone(vol);
}

static void refused(virStorageVolPtr vol, unsigned long long offset, unsigned long long length,
                    unsigned int flags, const char *text)
{
    CHECK_INT(virSparseVolWipeRange(vol, offset, length, flags), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
}

static void refusals(void)
{
    virStorageVolPtr vol = filled(MIB, MIB), seen;
    virConnectPtr readonly = virConnectOpenReadOnly(test_uri);

    refused(vol, MIB + 1, 0, 0, "beyond the end of volume 'v' of 1048576 bytes");
    refused(vol, 0, MIB + 1, 0, "beyond the end of volume 'v'");
    refused(vol, MIB, 1, 0, "beyond the end of volume 'v'");
    refused(vol, ~0ULL, 1, 0, "beyond the end of volume 'v'");
    refused(vol, 1, ~0ULL, 0, "beyond the end of volume 'v'");
    refused(vol, 0, 0, 1, "unsupported flags (0x1) in function");
    CHECK_INT(virSparseVolWipeRange(NULL, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE,
              "invalid storage volume pointer in virSparseVolWipeRange");

    CHECK(readonly != NULL);
    seen = virStorageVolLookupByPath(readonly, in_dir("p/v"));
    CHECK(seen != NULL);
    CHECK_INT(virSparseVolWipeRange(seen, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "");
    CHECK_INT(virStorageVolFree(seen), 0);
    CHECK_INT(virConnectClose(readonly), 0);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 1));

    CHECK_INT(rename(in_dir("p/v"), in_dir("away")), 0);
    CHECK_INT(virSparseVolWipeRange(vol, 0, 0, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(rename(in_dir("away"), in_dir("p/v")), 0);
    vol_gone(vol);
}

/* The bytes of the file are wiped, also for an image. */
static void image(void)
{
    virStorageVolPtr vol = virStorageVolCreateXML(pool, "<volume><name>v</name><capacity unit='MiB'>8"
                                                        "</capacity><target><format type='qcow2'/>"
                                                        "</target></volume>", 0);

    CHECK(vol != NULL);
    CHECK_INT(run("cp %s %s", in_dir("p/v"), in_dir("ref")), 0);
    wiped(vol, 0, 4);
    CHECK_INT(run("qemu-img info -f qcow2 %s >/dev/null 2>&1", in_dir("p/v")), 1);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    ranges(0);
    ranges(MIB);
    odd_sizes();
    refusals();
    image();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
