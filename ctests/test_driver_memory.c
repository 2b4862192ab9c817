/* Memory runs out during a write to a volume of test:///default: the write fails as on a full
 * disk, and the process continues.
 * ctest: ours-only because libvirt's test volumes hold no data
 * ctest: no-valgrind because its memory is not under the limit */
#include "fixture.h"

#include <sys/resource.h>

#define GIB (1024 * MIB)

static unsigned long long allocation(virStorageVolPtr vol)
{
    virStorageVolInfo info;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    return info.allocation;
}

int main(int argc, char **argv)
{
    static char piece[256 * KIB];
    struct rlimit limit = {96 * MIB, 96 * MIB};
    unsigned long long sent = 0;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virConnectPtr conn;
    virStreamPtr st;
    char *got;
    size_t i;

    (void)argc;
    fixture_prepare(argv[0], 120);
    conn = virConnectOpen("test:///default");
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, "default-pool");
    CHECK(pool != NULL);
    vol = make_vol(pool, "v", GIB, 0);
    memset(piece, 7, sizeof(piece));
    CHECK_INT(setrlimit(RLIMIT_DATA, &limit), 0);
    st = upload_to(vol, 0, 0, 0);
    while (sent < GIB && virStreamSend(st, piece, sizeof(piece)) == (int)sizeof(piece))
        sent += sizeof(piece);
    CHECK(sent < GIB);
    CHECK_ERR(VIR_ERR_NO_MEMORY, VIR_FROM_STREAMS, "out of memory: Unable to write /default-pool/v");
    CHECK_INT(virGetLastError()->int1, ENOMEM);
    CHECK_INT(virStreamFree(st), 0);
    CHECK(allocation(vol) > 16 * MIB);
    /* Old data is kept, and deleting it frees memory. */
    CHECK_INT(virStorageVolResize(vol, 16 * MIB, VIR_STORAGE_VOL_RESIZE_SHRINK), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "below existing allocation");
    st = download_from(vol, 0, sizeof(piece), 0);
    got = (char *)calloc(1, sizeof(piece));
    CHECK(got != NULL);
    CHECK_INT(recv_bytes(st, got, sizeof(piece)), sizeof(piece));
    for (i = 0; i < sizeof(piece); i += 4 * KIB)
        CHECK_INT(got[i], 7);
    free(got);
    finish_and_free(st);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, MIB, 0, 1);
    finish_and_free(st);
    CHECK_INT(allocation(vol), MIB);
    vol_gone(vol);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
