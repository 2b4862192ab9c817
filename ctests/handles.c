/* Every function refuses a handle that is NULL, freed, of another kind, or no handle at all,
 * with the error code of its object, the error domain of its family, and its own name. libvirt
 * dereferences every pointer that is not NULL, so only NULL is tried there. */
#include "fixture.h"

#define INT_REFUSED(code, domain, text, function, args) \
    do { \
        CHECK_INT(function args, -1); \
        CHECK_ERR(code, domain, text " in " #function); \
    } while (0)

#define PTR_REFUSED(code, domain, text, function, args) \
    do { \
        CHECK(function args == NULL); \
        CHECK_ERR(code, domain, text " in " #function); \
    } while (0)

#define CONN_INT(function, args) \
    INT_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "invalid connection pointer", function, args)
#define CONN_PTR(function, args) \
    PTR_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "invalid connection pointer", function, args)
#define STORAGE_CONN_INT(function, args) \
    INT_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_STORAGE, "invalid connection pointer", function, \
                args)
#define STORAGE_CONN_PTR(function, args) \
    PTR_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_STORAGE, "invalid connection pointer", function, \
                args)
#define POOL_INT(function, args) \
    INT_REFUSED(VIR_ERR_INVALID_STORAGE_POOL, VIR_FROM_STORAGE, "invalid storage pool pointer", \
                function, args)
#define POOL_PTR(function, args) \
    PTR_REFUSED(VIR_ERR_INVALID_STORAGE_POOL, VIR_FROM_STORAGE, "invalid storage pool pointer", \
                function, args)
#define VOL_INT(function, args) \
    INT_REFUSED(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE, "invalid storage volume pointer", \
                function, args)
#define VOL_PTR(function, args) \
    PTR_REFUSED(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE, "invalid storage volume pointer", \
                function, args)
#define STREAM_INT(function, args) \
    INT_REFUSED(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "invalid stream pointer", function, args)

static unsigned char uuid[VIR_UUID_BUFLEN];
static char uuid_string[VIR_UUID_STRING_BUFLEN] = "6695eb01-f6a4-8304-79aa-97f2502e193f";

/* A refused call must not run any of these. */
static void never_close(virConnectPtr conn, int reason, void *opaque)
{
    (void)conn;
    (void)reason;
    (void)opaque;
    abort();
}

static void never_event(virConnectPtr conn, virStoragePoolPtr pool, void *opaque)
{
    (void)conn;
    (void)pool;
    (void)opaque;
    abort();
}

static void never_stream_event(virStreamPtr st, int events, void *opaque)
{
    (void)st;
    (void)events;
    (void)opaque;
    abort();
}

static int never_source(virStreamPtr st, char *data, size_t len, void *opaque)
{
    (void)st;
    (void)data;
    (void)len;
    (void)opaque;
    abort();
}

static int never_sink(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    (void)st;
    (void)data;
    (void)len;
    (void)opaque;
    abort();
}

static int never_source_hole(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    (void)st;
    (void)in_data;
    (void)length;
    (void)opaque;
    abort();
}

static int never_hole(virStreamPtr st, long long length, void *opaque)
{
    (void)st;
    (void)length;
    (void)opaque;
    abort();
}

static void bad_connection(virConnectPtr conn)
{
    unsigned long version;
    char *names[1];
    virStoragePoolPtr *pools;

    INT_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_NONE, "invalid connection pointer", virConnectClose,
                (conn));
    CONN_INT(virConnectRef, (conn));
    CONN_PTR(virConnectGetType, (conn));
    CONN_PTR(virConnectGetURI, (conn));
    CONN_PTR(virConnectGetHostname, (conn));
    CONN_PTR(virConnectGetCapabilities, (conn));
    CONN_INT(virConnectGetVersion, (conn, &version));
    CONN_INT(virConnectGetLibVersion, (conn, &version));
    CONN_INT(virConnectIsAlive, (conn));
    CONN_INT(virConnectIsEncrypted, (conn));
    CONN_INT(virConnectIsSecure, (conn));
    CONN_INT(virConnectSetKeepAlive, (conn, 5, 3));
    CONN_INT(virConnectRegisterCloseCallback, (conn, never_close, NULL, NULL));
    CONN_INT(virConnectUnregisterCloseCallback, (conn, never_close));

    STORAGE_CONN_INT(virConnectNumOfStoragePools, (conn));
    STORAGE_CONN_INT(virConnectNumOfDefinedStoragePools, (conn));
    STORAGE_CONN_INT(virConnectListStoragePools, (conn, names, 1));
    STORAGE_CONN_INT(virConnectListDefinedStoragePools, (conn, names, 1));
    STORAGE_CONN_INT(virConnectListAllStoragePools, (conn, &pools, 0));
    STORAGE_CONN_PTR(virConnectFindStoragePoolSources, (conn, "dir", NULL, 0));
    STORAGE_CONN_PTR(virConnectGetStoragePoolCapabilities, (conn, 0));
    STORAGE_CONN_INT(virConnectStoragePoolEventRegisterAny,
                     (conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH, never_event, NULL, NULL));
    STORAGE_CONN_INT(virConnectStoragePoolEventDeregisterAny, (conn, 0));
    STORAGE_CONN_PTR(virStoragePoolLookupByName, (conn, "p"));
    STORAGE_CONN_PTR(virStoragePoolLookupByUUID, (conn, uuid));
    STORAGE_CONN_PTR(virStoragePoolLookupByUUIDString, (conn, uuid_string));
    STORAGE_CONN_PTR(virStoragePoolLookupByTargetPath, (conn, "/"));
    STORAGE_CONN_PTR(virStoragePoolCreateXML, (conn, "<pool/>", 0));
    STORAGE_CONN_PTR(virStoragePoolDefineXML, (conn, "<pool/>", 0));
    STORAGE_CONN_PTR(virStorageVolLookupByKey, (conn, "/"));
    STORAGE_CONN_PTR(virStorageVolLookupByPath, (conn, "/"));
    PTR_REFUSED(VIR_ERR_INVALID_CONN, VIR_FROM_STREAMS, "invalid connection pointer", virStreamNew,
                (conn, 0));
}

static void bad_pool(virStoragePoolPtr pool, virStorageVolPtr good)
{
    virStoragePoolInfo info;
    virStorageVolPtr *vols;
    char *names[1];
    int autostart;

    POOL_INT(virStoragePoolFree, (pool));
    POOL_INT(virStoragePoolRef, (pool));
    POOL_INT(virStoragePoolBuild, (pool, 0));
    POOL_INT(virStoragePoolCreate, (pool, 0));
    POOL_INT(virStoragePoolDestroy, (pool));
    POOL_INT(virStoragePoolUndefine, (pool));
    POOL_INT(virStoragePoolDelete, (pool, 0));
    POOL_INT(virStoragePoolRefresh, (pool, 0));
    POOL_INT(virStoragePoolGetInfo, (pool, &info));
    POOL_INT(virStoragePoolGetUUID, (pool, uuid));
    POOL_INT(virStoragePoolGetUUIDString, (pool, uuid_string));
    POOL_INT(virStoragePoolGetAutostart, (pool, &autostart));
    POOL_INT(virStoragePoolSetAutostart, (pool, 1));
    POOL_INT(virStoragePoolIsActive, (pool));
    POOL_INT(virStoragePoolIsPersistent, (pool));
    POOL_INT(virStoragePoolNumOfVolumes, (pool));
    POOL_INT(virStoragePoolListVolumes, (pool, names, 1));
    POOL_INT(virStoragePoolListAllVolumes, (pool, &vols, 0));
    POOL_PTR(virStoragePoolGetConnect, (pool));
    POOL_PTR(virStoragePoolGetName, (pool));
    POOL_PTR(virStoragePoolGetXMLDesc, (pool, 0));
    POOL_PTR(virStorageVolLookupByName, (pool, "v"));
    POOL_PTR(virStorageVolCreateXML, (pool, "<volume/>", 0));
    POOL_PTR(virStorageVolCreateXMLFrom, (pool, "<volume/>", good, 0));
}

static void bad_volume(virStorageVolPtr vol, virStoragePoolPtr good, virStreamPtr st)
{
    virStorageVolInfo info;

    VOL_INT(virStorageVolFree, (vol));
    VOL_INT(virStorageVolRef, (vol));
    VOL_INT(virStorageVolDelete, (vol, 0));
    VOL_INT(virStorageVolWipe, (vol, 0));
    VOL_INT(virStorageVolWipePattern, (vol, 0, 0));
    VOL_INT(virStorageVolResize, (vol, MIB, 0));
    VOL_INT(virStorageVolGetInfo, (vol, &info));
    VOL_INT(virStorageVolGetInfoFlags, (vol, &info, 0));
    VOL_INT(virStorageVolUpload, (vol, st, 0, 0, 0));
    VOL_INT(virStorageVolDownload, (vol, st, 0, 0, 0));
    VOL_PTR(virStorageVolGetConnect, (vol));
    VOL_PTR(virStorageVolGetName, (vol));
    VOL_PTR(virStorageVolGetKey, (vol));
    VOL_PTR(virStorageVolGetPath, (vol));
    VOL_PTR(virStorageVolGetXMLDesc, (vol, 0));
    VOL_PTR(virStoragePoolLookupByVolume, (vol));
    VOL_PTR(virStorageVolCreateXMLFrom, (good, "<volume/>", vol, 0));
}

static void bad_stream(virStreamPtr st, virStorageVolPtr good)
{
    char byte = 0;
    long long length;

    STREAM_INT(virStreamFree, (st));
    STREAM_INT(virStreamRef, (st));
    STREAM_INT(virStreamFinish, (st));
    STREAM_INT(virStreamAbort, (st));
    STREAM_INT(virStreamSend, (st, &byte, 1));
    STREAM_INT(virStreamRecv, (st, &byte, 1));
    STREAM_INT(virStreamRecvFlags, (st, &byte, 1, 0));
    STREAM_INT(virStreamSendHole, (st, 1, 0));
    STREAM_INT(virStreamRecvHole, (st, &length, 0));
    STREAM_INT(virStreamSendAll, (st, never_source, NULL));
    STREAM_INT(virStreamRecvAll, (st, never_sink, NULL));
    STREAM_INT(virStreamSparseSendAll, (st, never_source, never_source_hole, never_hole, NULL));
    STREAM_INT(virStreamSparseRecvAll, (st, never_sink, never_hole, NULL));
    STREAM_INT(virStreamEventAddCallback, (st, 1, never_stream_event, NULL, NULL));
    STREAM_INT(virStreamEventUpdateCallback, (st, 1));
    STREAM_INT(virStreamEventRemoveCallback, (st));
    INT_REFUSED(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "invalid stream pointer",
                virStorageVolUpload, (good, st, 0, 0, 0));
    INT_REFUSED(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "invalid stream pointer",
                virStorageVolDownload, (good, st, 0, 0, 0));
}

static void bad_everywhere(const void *handle, virStoragePoolPtr pool, virStorageVolPtr vol,
                           virStreamPtr st)
{
    void *any = (void *)handle;

    bad_connection((virConnectPtr)any);
    bad_pool((virStoragePoolPtr)any, vol);
    bad_volume((virStorageVolPtr)any, pool, st);
    bad_stream((virStreamPtr)any, vol);
}

static void error_functions_survive(const void *handle)
{
    virConnectPtr conn = (virConnectPtr)(void *)handle;
    virError copy;

    memset(&copy, 0, sizeof(copy));
    CHECK(virConnGetLastError(conn) == NULL);
    CHECK_INT(virConnCopyLastError(conn, &copy), -1);
    virConnResetLastError(conn);
    virConnSetErrorFunc(conn, NULL, NULL);
}

static void wrong_kind(virConnectPtr conn, virStoragePoolPtr pool, virStorageVolPtr vol,
                       virStreamPtr st)
{
    void *kinds[4];
    int i;

    kinds[0] = conn;
    kinds[1] = pool;
    kinds[2] = vol;
    kinds[3] = st;
    for (i = 0; i < 4; i++) {
        if (i != 0)
            bad_connection((virConnectPtr)kinds[i]);
        if (i != 1)
            bad_pool((virStoragePoolPtr)kinds[i], vol);
        if (i != 2)
            bad_volume((virStorageVolPtr)kinds[i], pool, st);
        if (i != 3)
            bad_stream((virStreamPtr)kinds[i], vol);
    }
    /* A pool to listen to must be one, too; none at all means every pool. */
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    CHECK_INT(virConnectStoragePoolEventRegisterAny(conn, (virStoragePoolPtr)(void *)vol,
                                                    VIR_STORAGE_POOL_EVENT_ID_REFRESH, never_event,
                                                    NULL, NULL),
              -1);
    CHECK_ERR(VIR_ERR_INVALID_STORAGE_POOL, VIR_FROM_STORAGE, "invalid storage pool pointer");
}

/* Nothing may be made between a Free and the look at the freed handle: its place could be used
 * again, and then it would be a live one. */
static void freed(virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStorageVolPtr dead_vol = virStorageVolLookupByName(pool, "v");
    virStoragePoolPtr dead_pool = virStoragePoolLookupByVolume(vol);
    virStreamPtr dead_stream = new_stream(virStorageVolGetConnect(vol));
    virStreamPtr st = new_stream(virStorageVolGetConnect(vol));
    virConnectPtr dead_conn = virConnectOpen(test_uri);

    CHECK(dead_vol != NULL && dead_pool != NULL && dead_conn != NULL);
    CHECK_INT(virStorageVolFree(dead_vol), 0);
    CHECK_INT(virStoragePoolFree(dead_pool), 0);
    CHECK_INT(virStreamFree(dead_stream), 0);
    CHECK_INT(virConnectClose(dead_conn), 0);
    bad_everywhere(dead_vol, pool, vol, st);
    bad_everywhere(dead_pool, pool, vol, st);
    bad_everywhere(dead_stream, pool, vol, st);
    bad_everywhere(dead_conn, pool, vol, st);
    error_functions_survive(dead_conn);
    CHECK_INT(virStreamFree(st), 0);
}

static void foreign(virConnectPtr conn, virStoragePoolPtr pool, virStorageVolPtr vol,
                    virStreamPtr st)
{
    static const char literal[] = "not a handle, but readable";
    long long local[16];
    void *heap = malloc(4096);
    void *live[4];
    int i;

    CHECK(heap != NULL);
    memset(local, 0, sizeof(local));
    memset(heap, 0xff, 4096);
    bad_everywhere(local, pool, vol, st);
    bad_everywhere(heap, pool, vol, st);
    bad_everywhere(literal, pool, vol, st);
    bad_everywhere((const void *)(size_t)1, pool, vol, st);
    bad_everywhere((const void *)(size_t)8, pool, vol, st);
    bad_everywhere((const void *)(size_t)4096, pool, vol, st);
    bad_everywhere((const void *)~(size_t)0, pool, vol, st);
    bad_everywhere((const void *)(~(size_t)0 >> 1), pool, vol, st);
    error_functions_survive(heap);
    error_functions_survive((const void *)(size_t)1);
    free(heap);
    live[0] = conn;
    live[1] = pool;
    live[2] = vol;
    live[3] = st;
    for (i = 0; i < 4; i++) {
        bad_everywhere((const char *)live[i] + 1, pool, vol, st);
        bad_everywhere((const char *)live[i] + 4, pool, vol, st);
        bad_everywhere((const char *)live[i] - 1, pool, vol, st);
    }
}

static void counted(virStoragePoolPtr pool, virStorageVolPtr vol)
{
    virStoragePoolPtr p = virStoragePoolLookupByVolume(vol);
    virStorageVolPtr v = virStorageVolLookupByName(pool, "v");
    virStreamPtr st = new_stream(virStorageVolGetConnect(vol));

    CHECK(p != NULL && v != NULL);
    /* Two lookups give two handles of one thing. */
    CHECK(p != pool);
    CHECK(v != vol);
    CHECK_INT(virStoragePoolRef(p), 0);
    CHECK_INT(virStorageVolRef(v), 0);
    CHECK_INT(virStreamRef(st), 0);
    CHECK_INT(virStoragePoolFree(p), 0);
    CHECK_INT(virStorageVolFree(v), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_STR(virStoragePoolGetName(p), virStoragePoolGetName(pool));
    CHECK_STR(virStorageVolGetName(v), "v");
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStoragePoolFree(p), 0);
    CHECK_INT(virStorageVolFree(v), 0);
    CHECK_INT(virStreamFree(st), 0);
    if (ours) {
        POOL_INT(virStoragePoolFree, (p));
        VOL_INT(virStorageVolFree, (v));
        STREAM_INT(virStreamFree, (st));
    }
}

/* One virConnectClose too many takes no reference from objects that still hold the connection,
 * nor from a new connection in the same place. */
static void closed_too_often(void)
{
    virConnectPtr conn = virConnectOpen(test_uri);
    virStreamPtr st = new_stream(conn);

    if (!ours) {
        CHECK_INT(virStreamFree(st), 0);
        CHECK_INT(virConnectClose(conn), 0);
        return;
    }
    CHECK_INT(virConnectClose(conn), 1);
    CHECK_INT(virConnectClose(conn), -1);
    CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_NONE, "in virConnectClose");
    /* The stream's connection is there, for as long as the stream is. */
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectRef(conn), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(virConnectIsAlive(conn), -1);
}

/* The handles exist longer than the objects. */
static void gone(virConnectPtr conn)
{
    virStoragePoolPtr pool = make_pool(conn, "gone");
    virStorageVolPtr vol = make_vol(pool, "dead", 4096, 4096);
    char key[PATH_MAX], id[VIR_UUID_STRING_BUFLEN];
    virStorageVolInfo info;
    virStoragePoolInfo pool_info;

    print_to(key, sizeof(key), "%s", virStorageVolGetKey(vol));
    CHECK_INT(virStoragePoolGetUUIDString(pool, id), 0);
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_STR(virStorageVolGetName(vol), "dead");
    CHECK_STR(virStorageVolGetKey(vol), key);
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE,
              "Storage volume not found: no storage vol with matching name 'dead'");
    CHECK(virStorageVolGetPath(vol) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "matching name 'dead'");

    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_STR(virStoragePoolGetName(pool), pool_name("gone"));
    CHECK_STR(virStorageVolGetName(vol), "dead");
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, pool_name("gone"));
    CHECK_INT(virStoragePoolGetInfo(pool, &pool_info), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "Storage pool not found: no storage pool with matching uuid '");
    CHECK(strstr(virGetLastErrorMessage(), id) != NULL);
    CHECK(virStoragePoolGetConnect(pool) == conn);
    CHECK(virStorageVolGetConnect(vol) == conn);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virStreamPtr st;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", 4096, 0);
    st = new_stream(conn);
    bad_everywhere(NULL, pool, vol, st);
    error_functions_survive(NULL);
    if (ours) {
        CHECK_INT(virConnCopyLastError(conn, NULL), -1);
        wrong_kind(conn, pool, vol, st);
        freed(pool, vol);
        foreign(conn, pool, vol, st);
    }
    counted(pool, vol);
    closed_too_often();
    gone(conn);
    /* The live ones came through all this unharmed. */
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
