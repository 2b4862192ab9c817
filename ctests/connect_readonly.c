/* A read-only connection refuses every change, and each error names the function; calls that
 * only read work. */
#include "fixture.h"

#define DENIED(function) \
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE, \
              "operation forbidden: read only access prevents " function)

static void pool_changes_refused(virConnectPtr ro, virStoragePoolPtr pool)
{
    CHECK(virStoragePoolDefineXML(ro, pool_xml("other"), 0) == NULL);
    DENIED("virStoragePoolDefineXML");
    CHECK(virStoragePoolCreateXML(ro, pool_xml("other"), 0) == NULL);
    DENIED("virStoragePoolCreateXML");
    CHECK_INT(virStoragePoolBuild(pool, 0), -1);
    DENIED("virStoragePoolBuild");
    CHECK_INT(virStoragePoolCreate(pool, 0), -1);
    DENIED("virStoragePoolCreate");
    CHECK_INT(virStoragePoolDestroy(pool), -1);
    DENIED("virStoragePoolDestroy");
    CHECK_INT(virStoragePoolUndefine(pool), -1);
    DENIED("virStoragePoolUndefine");
    CHECK_INT(virStoragePoolDelete(pool, 0), -1);
    DENIED("virStoragePoolDelete");
    CHECK_INT(virStoragePoolRefresh(pool, 0), -1);
    DENIED("virStoragePoolRefresh");
    CHECK_INT(virStoragePoolSetAutostart(pool, 1), -1);
    DENIED("virStoragePoolSetAutostart");
    CHECK(virConnectFindStoragePoolSources(ro, "dir", NULL, 0) == NULL);
    DENIED("virConnectFindStoragePoolSources");
}

static void volume_changes_refused(virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStreamPtr st = new_stream(virStorageVolGetConnect(vol));

    CHECK(virStorageVolCreateXML(pool, vol_xml("new", MIB, 0), 0) == NULL);
    DENIED("virStorageVolCreateXML");
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("new", MIB, 0), vol, 0) == NULL);
    DENIED("virStorageVolCreateXMLFrom");
    CHECK_INT(virStorageVolDelete(vol, 0), -1);
    DENIED("virStorageVolDelete");
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    DENIED("virStorageVolWipe");
    CHECK_INT(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, 0), -1);
    DENIED("virStorageVolWipePattern");
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
    DENIED("virStorageVolResize");
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), -1);
    DENIED("virStorageVolUpload");
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), -1);
    DENIED("virStorageVolDownload");
    CHECK_INT(virStreamFree(st), 0);
}

static void looking_works(virConnectPtr ro, virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStoragePoolInfo pool_info;
    virStorageVolInfo info;
    virStoragePoolPtr *pools = NULL;
    virStorageVolPtr again;
    int i, n, found = 0, autostart = -1;
    char *xml;

    CHECK_INT(virStoragePoolGetInfo(pool, &pool_info), 0);
    CHECK_INT(pool_info.state, VIR_STORAGE_POOL_RUNNING);
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
    xml = virStoragePoolGetXMLDesc(pool, 0);
    CHECK(xml != NULL);
    free(xml);
    n = virConnectListAllStoragePools(ro, &pools, 0);
    CHECK(n >= 1);
    for (i = 0; i < n; i++) {
        found += strcmp(virStoragePoolGetName(pools[i]), pool_name("p")) == 0;
        CHECK_INT(virStoragePoolFree(pools[i]), 0);
    }
    free(pools);
    CHECK_INT(found, 1);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, MIB);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    free(xml);
    again = virStorageVolLookupByKey(ro, virStorageVolGetKey(vol));
    CHECK(again != NULL);
    CHECK_INT(virStorageVolFree(again), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn, ro;
    virStoragePoolPtr pool, ro_pool;
    virStorageVolPtr vol, ro_vol;
    char *path;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    pool = virStoragePoolDefineXML(conn, pool_xml("p"), 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    vol = make_vol(pool, "v", MIB, MIB);
    path = virStorageVolGetPath(vol);
    CHECK(path != NULL);
    write_pattern(path, MIB, 0, 1);

    ro = virConnectOpenReadOnly(test_uri);
    CHECK(ro != NULL);
    ro_pool = virStoragePoolLookupByName(ro, pool_name("p"));
    CHECK(ro_pool != NULL);
    ro_vol = virStorageVolLookupByName(ro_pool, "v");
    CHECK(ro_vol != NULL);
    pool_changes_refused(ro, ro_pool);
    volume_changes_refused(ro_pool, ro_vol);
    looking_works(ro, ro_pool, ro_vol);

    /* Refused means untouched. */
    CHECK_INT(virStoragePoolIsActive(pool), 1);
    CHECK_INT(file_size(path), MIB);
    CHECK(file_has_pattern(path, MIB, 0, 1));
    CHECK(!exists(in_dir("p/new")));
    CHECK(virStoragePoolLookupByName(conn, pool_name("other")) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, "no storage pool with matching name");

    free(path);
    CHECK_INT(virStorageVolFree(ro_vol), 0);
    CHECK_INT(virStoragePoolFree(ro_pool), 0);
    CHECK_INT(virConnectClose(ro), 0);
    vol_gone(vol);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
