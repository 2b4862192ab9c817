/* Resizing raw volumes: exact to the byte, never below the allocation, and a call that fails
 * changes nothing. */
#include "fixture.h"

#define ALLOCATE VIR_STORAGE_VOL_RESIZE_ALLOCATE
#define DELTA VIR_STORAGE_VOL_RESIZE_DELTA
#define SHRINK VIR_STORAGE_VOL_RESIZE_SHRINK

static virStoragePoolPtr pool;

static const char below_allocation[] = "can't shrink capacity below existing allocation";
static const char below_capacity[] =
    "Can't shrink capacity below current capacity unless shrink flag explicitly specified";

/* On a new volume of 1 MiB, fully allocated or not allocated. */
static void resized(int full, unsigned long long argument, unsigned int flags,
                    unsigned long long size, unsigned long long on_disk)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, full ? MIB : 0);
    virStorageVolInfo info;

    CHECK_INT(virStorageVolResize(vol, argument, flags), 0);
    CHECK_INT(file_size(in_dir("p/v")), size);
    CHECK_INT(file_allocation(in_dir("p/v")), on_disk);
    CHECK(file_is_zero(in_dir("p/v"), size, 0));
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, size);
    CHECK_INT(info.allocation, on_disk);
    vol_gone(vol);
}

static void refused(int full, unsigned long long argument, unsigned int flags, int code, int domain,
                    const char *text)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, full ? MIB : 0);
    virStorageVolInfo info;

    CHECK_INT(virStorageVolResize(vol, argument, flags), -1);
    CHECK_ERR(code, domain, text);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), full ? MIB : 0);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, MIB);
    vol_gone(vol);
}

static void arguments_refused(unsigned long long argument, unsigned int flags, const char *text)
{
    refused(0, argument, flags, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
}

static void content_stays(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virStorageVolInfo info;

    write_pattern(in_dir("p/v"), 64 * KIB, 0, 1);
    CHECK_INT(virStorageVolResize(vol, 100, DELTA), 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB + 100);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 0, 1));
    CHECK_INT(virStorageVolResize(vol, 128 * KIB, SHRINK), 0);
    CHECK_INT(file_size(in_dir("p/v")), 128 * KIB);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 0, 1));
    /* libvirt uses the allocation of its last look at the file, and would cut off data. */
    if (!ours)
        CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(virStorageVolResize(vol, 32 * KIB, SHRINK), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, below_allocation);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 0, 1));
    CHECK_INT(virStorageVolResize(vol, 64 * KIB, SHRINK), 0);
    CHECK_INT(file_size(in_dir("p/v")), 64 * KIB);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 0, 1));
    /* Data that was cut off does not come back. */
    CHECK_INT(virStorageVolResize(vol, MIB, 0), 0);
    CHECK(file_is_zero(in_dir("p/v"), MIB - 64 * KIB, 64 * KIB));
    vol_gone(vol);
}

/* The sum wraps around in libvirt; whatever error comes of it, no data is lost. */
static void wrapping(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);

    CHECK_INT(virStorageVolResize(vol, ~0ULL, DELTA), -1);
    CHECK(virGetLastErrorCode() == VIR_ERR_INVALID_ARG ||
          virGetLastErrorCode() == VIR_ERR_OVERFLOW);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");

    resized(1, 2 * MIB, 0, 2 * MIB, MIB);
    resized(0, 2 * MIB, 0, 2 * MIB, 0);
    resized(0, 2 * MIB, ALLOCATE, 2 * MIB, 2 * MIB);
    resized(0, 2 * MIB, SHRINK, 2 * MIB, 0);
    resized(0, 2 * MIB, ALLOCATE | SHRINK, 2 * MIB, 2 * MIB);
    resized(0, MIB, 0, MIB, 0);
    resized(0, MIB, SHRINK, MIB, 0);
    resized(0, 512 * KIB, SHRINK, 512 * KIB, 0);
    resized(0, 512 * KIB, DELTA | SHRINK, 512 * KIB, 0);
    resized(0, 2 * MIB, DELTA | SHRINK, 0, 0);
    resized(0, MIB, DELTA, 2 * MIB, 0);
    resized(0, 0, DELTA, MIB, 0);
    resized(0, 0, SHRINK, 0, 0);
    resized(0, MIB + 1, 0, MIB + 1, 0);
    resized(0, 1000, DELTA | SHRINK, MIB - 1000, 0);

    arguments_refused(512 * KIB, 0, below_capacity);
    refused(1, 512 * KIB, 0, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, below_allocation);
    refused(1, 512 * KIB, SHRINK, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, below_allocation);
    refused(1, 0, SHRINK, VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, below_allocation);
    arguments_refused(0, 0,
                      "capacity in virStorageVolResize cannot be zero without 'delta' or 'shrink' "
                      "flags set");
    arguments_refused(0, ALLOCATE, "cannot be zero without 'delta' or 'shrink' flags set");
    arguments_refused(2 * MIB, 8, "unsupported flags (0x8) in function");
    arguments_refused(2 * MIB, 0x80 | DELTA, "unsupported flags (0x80) in function");
    wrapping();

    if (!takes_length(1ULL << 62))
        refused(0, 1ULL << 62, 0, VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE,
                "Failed to truncate file '");
    refused(0, 1ULL << 63, 0, VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "Failed to truncate file '");
    refused(0, 1ULL << 45, ALLOCATE, VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE,
            "operation failed: Not enough space left in storage pool");
    content_stays();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
