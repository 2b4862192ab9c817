/* The review of volume upload and download of March 2011: a download returns its length, and an
 * upload can wipe the range, with or without a stream. */
/* ctest: ours-only because libvirt has released another design */
#include "fixture.h"

#include <virsparse/rfc-2011-03.h>

#define WIPE VIR_STORAGE_VOLUME_UPLOAD_WIPE
#define NONE ((unsigned long long)-1)

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* What is announced is what arrives. */
static void download(virStorageVolPtr vol, unsigned long long offset, unsigned long long length,
                     unsigned long long expected)
{
    virStreamPtr st = new_stream(conn);
    unsigned long long announced = virStorageVolDownload(vol, st, offset, length, 0), got = 0;
    char buf[10000];
    int n;

    CHECK_INT(announced, expected);
    while ((n = virStreamRecv(st, buf, sizeof(buf))) > 0) {
        CHECK(file_has(in_dir("p/v"), buf, (size_t)n, offset + got));
        got += (unsigned long long)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(got, announced);
    finish_and_free(st);
}

static void up_and_down(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 4 * MIB, 0);
    char *data = pattern(2 * MIB, MIB, 1);
    virStreamPtr st = new_stream(conn);

    CHECK_INT(virStorageVolUpload(vol, st, MIB, 2 * MIB, 0), 0);
    send_bytes(st, data, 2 * MIB);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 2 * MIB, MIB, 1));
    download(vol, 0, 0, 4 * MIB);
    download(vol, 1000, 0, 4 * MIB - 1000);
    download(vol, MIB, 12345, 12345);
    download(vol, 4 * MIB, 0, 0);

    /* Wiping without a stream: space is given back. */
    CHECK_INT(virStorageVolUpload(vol, NULL, MIB, MIB, WIPE), 0);
    CHECK(file_is_zero(in_dir("p/v"), 2 * MIB, 0));
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 2 * MIB, 1));
    CHECK_INT(file_allocation(in_dir("p/v")), MIB);
    CHECK_INT(virStorageVolUpload(vol, NULL, 2 * MIB + 512 * KIB, 0, WIPE), 0);
    CHECK_INT(file_allocation(in_dir("p/v")), 512 * KIB);
    CHECK_INT(file_size(in_dir("p/v")), 4 * MIB);

    /* And with a stream: the part that is not sent is zeros. */
    st = new_stream(conn);
    CHECK_INT(virStorageVolUpload(vol, st, 2 * MIB, MIB, WIPE), 0);
    send_bytes(st, data, 4096);
    finish_and_free(st);
    CHECK(file_has(in_dir("p/v"), data, 4096, 2 * MIB));
    CHECK(file_is_zero(in_dir("p/v"), MIB - 4096, 2 * MIB + 4096));
    CHECK_INT(file_allocation(in_dir("p/v")), 4096);

    /* The whole of a volume that has all its space. */
    write_pattern(in_dir("p/v"), 4 * MIB, 0, 2);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK_INT(file_size(in_dir("p/v")), 4 * MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), 0);
    CHECK(file_is_zero(in_dir("p/v"), 4 * MIB, 0));
    free(data);
    vol_gone(vol);
}

static void refusals(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, MIB), read_only;
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);
    virStreamPtr st = new_stream(conn);
    char *path = virStorageVolGetPath(vol);

    CHECK(virStorageVolDownload(NULL, st, 0, 0, 0) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_STORAGE_VOL, "virStorageVolDownload");
    CHECK(virStorageVolDownload(vol, NULL, 0, 0, 0) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStorageVolDownload");
    CHECK(virStorageVolDownload(vol, st, 0, MIB + 1, 0) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK(virStorageVolDownload(vol, st, 0, 0, 1) == NONE);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virStorageVolUpload(vol, NULL, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStorageVolUpload");
    CHECK_INT(virStorageVolUpload(vol, NULL, 0, 0, WIPE | 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2)");
    CHECK_INT(virStorageVolUpload(vol, NULL, MIB, 1, WIPE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "beyond the end");
    CHECK_INT(virStorageVolWipe(vol, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    /* A stream that is in use: nothing is wiped either. */
    write_pattern(in_dir("p/v"), MIB, 0, 3);
    CHECK(virStorageVolDownload(vol, st, 0, 0, 0) == MIB);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, WIPE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "active transfer");
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 3));
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);

    CHECK(reader != NULL && path != NULL);
    read_only = virStorageVolLookupByPath(reader, path);
    CHECK(read_only != NULL);
    CHECK_INT(virStorageVolUpload(read_only, NULL, 0, 0, WIPE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virStorageVolUpload");
    CHECK_INT(virStorageVolWipe(read_only, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virStorageVolWipe");
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 3));
    CHECK_INT(virStorageVolFree(read_only), 0);
    CHECK_INT(virConnectClose(reader), 0);
    free(path);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    up_and_down();
    refusals();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
