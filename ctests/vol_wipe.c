/* Wiping: afterwards no old data can be read, and the size is unchanged. */
#include "fixture.h"

static virStoragePoolPtr pool;

static virStorageVolPtr filled(unsigned long long allocation, size_t data)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, allocation);

    write_pattern(in_dir("p/v"), data, 0, 1);
    return vol;
}

static void zeroed(int by_pattern)
{
    virStorageVolPtr vol = filled(MIB, MIB);
    virStorageVolInfo info;

    CHECK_INT(by_pattern ? virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, 0)
                         : virStorageVolWipe(vol, 0),
              0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), MIB);
    CHECK(file_is_zero(in_dir("p/v"), MIB, 0));
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, MIB);
    CHECK_INT(info.allocation, MIB);
    vol_gone(vol);

    /* A sparse volume becomes one hole. */
    vol = filled(0, 100 * KIB);
    CHECK_INT(file_allocation(in_dir("p/v")), 100 * KIB);
    CHECK_INT(by_pattern ? virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, 0)
                         : virStorageVolWipe(vol, 0),
              0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), 0);
    CHECK(file_is_zero(in_dir("p/v"), MIB, 0));
    vol_gone(vol);
}

/* Odd sizes: libvirt wipes whole blocks, and the file grows. */
static void odd_sizes(void)
{
    static const unsigned long long sizes[] = { 0, 1, 511, 4097, 1000001 };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        virStorageVolPtr vol = make_vol(pool, "v", sizes[i], sizes[i]);

        write_pattern(in_dir("p/v"), (size_t)sizes[i], 0, 1);
        CHECK_INT(virStorageVolWipe(vol, 0), 0);
        CHECK_INT(file_size(in_dir("p/v")), sizes[i]);
        CHECK(file_is_zero(in_dir("p/v"), (size_t)sizes[i], 0));
        vol_gone(vol);
    }
}

/* libvirt runs the program scrub for the other patterns, or fails if it is not installed. */
static void patterns(void)
{
    unsigned int algorithm;

    for (algorithm = VIR_STORAGE_VOL_WIPE_ALG_NNSA; algorithm <= VIR_STORAGE_VOL_WIPE_ALG_RANDOM;
         algorithm++) {
        virStorageVolPtr vol = filled(MIB, MIB);
        int result = virStorageVolWipePattern(vol, algorithm, 0);

        if (result == 0) {
            CHECK(!file_has_pattern(in_dir("p/v"), 4 * KIB, 0, 1));
            CHECK(!file_has_pattern(in_dir("p/v"), 4 * KIB, MIB - 4 * KIB, 1));
        } else {
            CHECK_INT(result, -1);
            CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "Cannot find 'scrub' in path");
            CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 1));
        }
        CHECK_INT(file_size(in_dir("p/v")), MIB);
        vol_gone(vol);
    }
}

static void refusals(void)
{
    virStorageVolPtr vol = filled(MIB, MIB);

    CHECK_INT(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_TRIM, 0), -1);
    CHECK_ERR(VIR_ERR_ARGUMENT_UNSUPPORTED, VIR_FROM_STORAGE,
              "argument unsupported: 'trim' algorithm not supported");
    CHECK_INT(virStorageVolWipePattern(vol, 10, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "invalid argument: wiping algorithm 10 not supported");
    CHECK_INT(virStorageVolWipePattern(vol, 0xffffffff, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "invalid argument: wiping algorithm -1 not supported");
    CHECK_INT(virStorageVolWipe(vol, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x1) in function");
    CHECK_INT(virStorageVolWipePattern(vol, 0, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x1) in function");
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 1));
    vol_gone(vol);

    CHECK_INT(mkdir(in_dir("p/sub"), 0755), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    vol = virStorageVolLookupByName(pool, "sub");
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "Failed to open storage volume with path '");
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    zeroed(0);
    zeroed(1);
    if (ours)
        odd_sizes();
    patterns();
    refusals();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
