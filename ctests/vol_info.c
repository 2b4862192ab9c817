/* The sizes of a volume, which are current at every call. */
#include "fixture.h"

static void is(virStorageVolPtr vol, unsigned long long capacity, unsigned long long allocation,
               unsigned long long physical)
{
    virStorageVolInfo info;

    memset(&info, 0xff, sizeof(info));
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(info.capacity, capacity);
    CHECK_INT(info.allocation, allocation);
    memset(&info, 0xff, sizeof(info));
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_USE_ALLOCATION), 0);
    CHECK_INT(info.capacity, capacity);
    CHECK_INT(info.allocation, allocation);
    memset(&info, 0xff, sizeof(info));
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(info.capacity, capacity);
    CHECK_INT(info.allocation, physical);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr vol, dir;
    virStorageVolInfo info;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    is(vol, MIB, 0, MIB);
    /* Other programs' writes are visible at once. */
    write_pattern(in_dir("p/v"), 64 * KIB, 128 * KIB, 1);
    is(vol, MIB, 64 * KIB, MIB);
    write_pattern(in_dir("p/v"), 128 * KIB, 0, 1);
    is(vol, MIB, 192 * KIB, MIB);
    set_size(in_dir("p/v"), 3 * MIB);
    is(vol, 3 * MIB, 192 * KIB, 3 * MIB);
    set_size(in_dir("p/v"), 64 * KIB);
    is(vol, 64 * KIB, 64 * KIB, 64 * KIB);

    CHECK_INT(virStorageVolGetInfo(vol, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "info in virStorageVolGetInfo must not be NULL");
    CHECK_INT(virStorageVolGetInfoFlags(vol, NULL, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "info in virStorageVolGetInfoFlags must not be NULL");
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, 2), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x2) in function");
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, 0x81), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");

    CHECK_INT(mkdir(in_dir("p/sub"), 0755), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    dir = virStorageVolLookupByName(pool, "sub");
    CHECK(dir != NULL);
    CHECK_INT(virStorageVolGetInfo(dir, &info), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_DIR);
    CHECK_INT(info.capacity, 0);
    CHECK_INT(info.allocation, 0);
    CHECK_INT(virStorageVolFree(dir), 0);

    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
