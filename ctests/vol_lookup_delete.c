/* Finding volumes by name, key and path, listing them, and deleting them. */
#include "fixture.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;

static void found(virStorageVolPtr vol, const char *name)
{
    CHECK(vol != NULL);
    CHECK_STR(virStorageVolGetName(vol), name);
    CHECK_STR(virStorageVolGetKey(vol), in_dir("p/%s", name));
    CHECK(virStorageVolGetConnect(vol) == conn);
    CHECK_INT(virStorageVolFree(vol), 0);
}

static void lookups(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 4096, 0);
    char path[PATH_MAX], text[PATH_MAX + 64], *own;

    own = virStorageVolGetPath(vol);
    CHECK_STR(own, in_dir("p/v"));
    free(own);
    found(virStorageVolLookupByName(pool, "v"), "v");
    found(virStorageVolLookupByKey(conn, in_dir("p/v")), "v");
    found(virStorageVolLookupByPath(conn, in_dir("p/v")), "v");
    found(virStorageVolLookupByPath(conn, in_dir("/p///v")), "v");

    print_to(text, sizeof(text),
             "Storage volume not found: no storage vol with matching path '%s'",
             in_dir("p/../p/v"));
    print_to(path, sizeof(path), "%s", in_dir("p/../p/v"));
    CHECK(virStorageVolLookupByPath(conn, path) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, text);
    CHECK(virStorageVolLookupByPath(conn, "p/v") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
              "no storage vol with matching path 'p/v'");
    CHECK(virStorageVolLookupByPath(conn, "") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with matching path ''");
    CHECK(virStorageVolLookupByKey(conn, "zzz") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
              "Storage volume not found: no storage vol with matching key zzz");
    CHECK(virStorageVolLookupByName(pool, "zzz") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
              "Storage volume not found: no storage vol with matching name 'zzz'");
    CHECK(virStorageVolLookupByName(pool, "../p/v") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with matching name");
    CHECK(virStorageVolLookupByName(pool, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "name in virStorageVolLookupByName must not be NULL");
    CHECK(virStorageVolLookupByKey(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "key in virStorageVolLookupByKey must not be NULL");
    CHECK(virStorageVolLookupByPath(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "path in virStorageVolLookupByPath must not be NULL");
    vol_gone(vol);
}

static int listed(const char *name)
{
    virStorageVolPtr *vols = NULL;
    int i, times = 0, n = virStoragePoolListAllVolumes(pool, &vols, 0);

    CHECK(n >= 0);
    CHECK(vols != NULL);
    CHECK(vols[n] == NULL);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), n);
    CHECK_INT(virStoragePoolListAllVolumes(pool, NULL, 0), n);
    for (i = 0; i < n; i++) {
        times += strcmp(virStorageVolGetName(vols[i]), name) == 0;
        CHECK_INT(virStorageVolFree(vols[i]), 0);
    }
    free(vols);
    return times;
}

static void lists(void)
{
    static const char *const names[] = { "a", "b", "c" };
    virStorageVolPtr vols[3], *all = NULL;
    char *out[4] = { NULL, NULL, NULL, NULL };
    int i, n;

    CHECK_INT(listed("a"), 0);
    for (i = 0; i < 3; i++)
        vols[i] = make_vol(pool, names[i], 4096, 0);
    for (i = 0; i < 3; i++)
        CHECK_INT(listed(names[i]), 1);
    n = virStoragePoolListVolumes(pool, out, 4);
    CHECK_INT(n, 3);
    for (i = 0; i < n; i++) {
        CHECK_INT(strlen(out[i]), 1);
        CHECK(strchr("abc", out[i][0]) != NULL);
        free(out[i]);
    }
    out[2] = NULL;
    n = virStoragePoolListVolumes(pool, out, 2);
    CHECK_INT(n, 2);
    CHECK(out[2] == NULL);
    CHECK(strcmp(out[0], out[1]) != 0);
    free(out[0]);
    free(out[1]);
    CHECK_INT(virStoragePoolListVolumes(pool, out, 0), 0);
    CHECK_INT(virStoragePoolListVolumes(pool, out, -1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "maxnames in virStoragePoolListVolumes must be zero or greater");
    CHECK_INT(virStoragePoolListVolumes(pool, NULL, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "names in virStoragePoolListVolumes must not be NULL");
    CHECK_INT(virStoragePoolListAllVolumes(pool, &all, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x1) in function");
    CHECK(all == NULL);
    for (i = 0; i < 3; i++)
        vol_gone(vols[i]);
}

/* Hidden files and subdirectories of the pool's directory are volumes, too. */
static void found_by_refresh(void)
{
    virStorageVolPtr vol;

    write_pattern(in_dir("p/.hidden"), 10, 0, 1);
    CHECK_INT(mkdir(in_dir("p/sub"), 0755), 0);
    write_pattern(in_dir("p/sub/inner"), 10, 0, 1);
    CHECK_INT(listed(".hidden"), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(listed(".hidden"), 1);
    CHECK_INT(listed("sub"), 1);
    CHECK_INT(listed("inner"), 0);
    CHECK_INT(listed("."), 0);
    CHECK_INT(listed(".."), 0);
    vol = virStorageVolLookupByName(pool, "sub");
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolDelete(vol, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "cannot remove directory '");
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, strerror(ENOTEMPTY));
    CHECK(exists(in_dir("p/sub/inner")));
    CHECK_INT(unlink(in_dir("p/sub/inner")), 0);
    vol_gone(vol);
    CHECK(!exists(in_dir("p/sub")));
    vol = virStorageVolLookupByName(pool, ".hidden");
    CHECK(vol != NULL);
    vol_gone(vol);
    CHECK(!exists(in_dir("p/.hidden")));
}

static void deleting(void)
{
    static const unsigned int flags[] = { VIR_STORAGE_VOL_DELETE_ZEROED,
                                          VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS, 0x80 };
    virStorageVolPtr vol = make_vol(pool, "d", 4096, 4096), twin;
    virStorageVolInfo info;
    char text[128];
    size_t i;

    write_pattern(in_dir("p/d"), 4096, 0, 1);
    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        CHECK_INT(virStorageVolDelete(vol, flags[i]), -1);
        print_to(text, sizeof(text), "unsupported flags (0x%x) in function", flags[i]);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
    }
    CHECK(file_has_pattern(in_dir("p/d"), 4096, 0, 1));
    twin = virStorageVolLookupByName(pool, "d");
    CHECK(twin != NULL);
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK(!exists(in_dir("p/d")));
    CHECK_INT(listed("d"), 0);
    CHECK_INT(virStorageVolDelete(vol, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
              "Storage volume not found: no storage vol with matching name 'd'");
    CHECK_INT(virStorageVolGetInfo(twin, &info), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'd'");
    CHECK(virStorageVolGetXMLDesc(twin, 0) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'd'");
    CHECK_INT(virStorageVolWipe(twin, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'd'");
    CHECK_INT(virStorageVolResize(twin, MIB, 0), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'd'");
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStorageVolFree(twin), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    lookups();
    lists();
    found_by_refresh();
    deleting();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
