/* A volume whose file was removed: it stays in the list until it is deleted, every call on it
 * reports that the file is missing, and none creates the file. */
#include "fixture.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;

static virStorageVolPtr without_file(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);

    CHECK_INT(unlink(in_dir("p/v")), 0);
    return vol;
}

static void no_such_path(void)
{
    char text[PATH_MAX + 64];

    print_to(text, sizeof(text),
             "Storage volume not found: no storage vol with matching path '%s'", in_dir("p/v"));
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, text);
}

static void no_such_file(int domain, const char *text)
{
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, domain, text);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, domain, in_dir("p/v"));
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, domain, strerror(ENOENT));
    CHECK_INT(virGetLastError()->int1, ENOENT);
}

static void every_use(virStorageVolPtr vol)
{
    virStreamPtr st = new_stream(conn);
    virStorageVolInfo info;

    CHECK_STR(virStorageVolGetName(vol), "v");
    CHECK_STR(virStorageVolGetKey(vol), in_dir("p/v"));
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    no_such_path();
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL), -1);
    no_such_path();
    CHECK(virStorageVolGetXMLDesc(vol, 0) == NULL);
    no_such_path();
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("copy", MIB, 0), vol, 0) == NULL);
    no_such_path();
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), -1);
    no_such_file(VIR_FROM_STREAMS, "Unable to open stream for '");
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), -1);
    no_such_file(VIR_FROM_STREAMS, "Unable to open stream for '");
    /* Neither attach took. */
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    no_such_file(VIR_FROM_STORAGE, "Failed to open storage volume with path '");
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(!exists(in_dir("p/v")));
    CHECK(!exists(in_dir("p/copy")));
}

int main(int argc, char **argv)
{
    virStorageVolPtr vol;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    vol = without_file();
    every_use(vol);
    /* Deleting the volume works although the file is gone. */
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(virStorageVolDelete(vol, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with matching name 'v'");
    CHECK_INT(virStorageVolFree(vol), 0);
    /* A refresh removes the volume from the list, too. */
    vol = without_file();
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(virStorageVolDelete(vol, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with matching name 'v'");
    CHECK_INT(virStorageVolFree(vol), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
