/* Finding pools: by name, UUID, volume and target path; the lists of active and of defined ones;
 * the filters of the list of all. */
#include "fixture.h"

static virConnectPtr conn;

/* Other programs may have pools on the same daemon: only those of this program count. */
static int is_mine(const char *name)
{
    return strncmp(name, pool_name(""), strlen(pool_name(""))) == 0;
}

static void found(virStoragePoolPtr pool, const char *suffix)
{
    CHECK(pool != NULL);
    CHECK_STR(virStoragePoolGetName(pool), pool_name(suffix));
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void lookups(virStoragePoolPtr pool)
{
    unsigned char uuid[VIR_UUID_BUFLEN], zero[VIR_UUID_BUFLEN];
    char text[VIR_UUID_STRING_BUFLEN], upper[VIR_UUID_STRING_BUFLEN];
    virStorageVolPtr vol;
    size_t i;

    CHECK_INT(virStoragePoolGetUUID(pool, uuid), 0);
    CHECK_INT(virStoragePoolGetUUIDString(pool, text), 0);
    CHECK_INT(strlen(text), VIR_UUID_STRING_BUFLEN - 1);
    for (i = 0; i < sizeof(text); i++)
        upper[i] = (char)(text[i] >= 'a' && text[i] <= 'f' ? text[i] - 'a' + 'A' : text[i]);

    found(virStoragePoolLookupByName(conn, pool_name("on")), "on");
    found(virStoragePoolLookupByUUID(conn, uuid), "on");
    found(virStoragePoolLookupByUUIDString(conn, text), "on");
    found(virStoragePoolLookupByUUIDString(conn, upper), "on");
    found(virStoragePoolLookupByTargetPath(conn, in_dir("on")), "on");
    vol = make_vol(pool, "v", 4096, 0);
    found(virStoragePoolLookupByVolume(vol), "on");
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    found(virStoragePoolLookupByVolume(vol), "on");
    CHECK_INT(virStorageVolFree(vol), 0);

    CHECK(virStoragePoolLookupByName(conn, "no such pool") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "Storage pool not found: no storage pool with matching name 'no such pool'");
    CHECK(virStoragePoolLookupByUUIDString(conn, "zzz") == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "uuidstr in virStoragePoolLookupByUUIDString must be a valid UUID");
    CHECK(virStoragePoolLookupByUUIDString(conn, "") == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "must be a valid UUID");
    CHECK(virStoragePoolLookupByUUIDString(conn, "00112233-4455-6677-8899-aabbccddeef") == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "must be a valid UUID");
    CHECK(virStoragePoolLookupByUUIDString(conn, "00112233-4455-6677-8899-aabbccddeeff") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "no storage pool with matching uuid '00112233-4455-6677-8899-aabbccddeeff'");
    memset(zero, 0, sizeof(zero));
    CHECK(virStoragePoolLookupByUUID(conn, zero) == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "no storage pool with matching uuid '00000000-0000-0000-0000-000000000000'");
    CHECK(virStoragePoolLookupByTargetPath(conn, "/no/such/path") == NULL);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "no storage pool with matching target path '/no/such/path'");

    CHECK(virStoragePoolLookupByName(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "name in virStoragePoolLookupByName must not be NULL");
    CHECK(virStoragePoolLookupByUUID(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "uuid in virStoragePoolLookupByUUID must not be NULL");
    CHECK(virStoragePoolLookupByUUIDString(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "uuidstr in virStoragePoolLookupByUUIDString must not be NULL");
    CHECK(virStoragePoolLookupByTargetPath(conn, NULL) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "path in virStoragePoolLookupByTargetPath must not be NULL");
    CHECK_INT(virStoragePoolGetUUID(pool, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "uuid in virStoragePoolGetUUID must not be NULL");
    CHECK_INT(virStoragePoolGetUUIDString(pool, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "buf in virStoragePoolGetUUIDString must not be NULL");
    CHECK_INT(virStoragePoolGetInfo(pool, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "info in virStoragePoolGetInfo must not be NULL");
    CHECK_INT(virStoragePoolGetAutostart(pool, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "autostart in virStoragePoolGetAutostart must not be NULL");
}

typedef int (*list_function)(virConnectPtr conn, char **const names, int max);

/* Expects one pool of this program in the list. */
static void named_list(list_function list, int total, const char *suffix, const char *name)
{
    char **names = (char **)calloc((size_t)total + 2, sizeof(char *));
    char text[128], wanted[128];
    int i, n, mine = 0;

    CHECK(names != NULL);
    print_to(wanted, sizeof(wanted), "%s", pool_name(suffix));
    n = list(conn, names, total + 1);
    CHECK_INT(n, total);
    for (i = 0; i < n; i++) {
        if (is_mine(names[i])) {
            CHECK_STR(names[i], wanted);
            mine++;
        }
        free(names[i]);
    }
    CHECK_INT(mine, 1);
    CHECK(names[n] == NULL);

    /* No more than there is room for. */
    memset(names, 0, (size_t)total * sizeof(char *));
    CHECK_INT(list(conn, names, 0), 0);
    CHECK(names[0] == NULL);
    CHECK_INT(list(conn, names, -1), -1);
    print_to(text, sizeof(text), "maxnames in %s must be zero or greater", name);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
    CHECK_INT(list(conn, NULL, 1), -1);
    print_to(text, sizeof(text), "names in %s must not be NULL", name);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
    free(names);
}

/* The names of this program's pools that the filter lets through, in alphabetical order. */
static const char *filtered(unsigned int flags)
{
    static const char *const suffixes[] = { "auto", "off", "on" };
    static char out[64];
    virStoragePoolPtr *pools = NULL;
    int n = virConnectListAllStoragePools(conn, &pools, flags);
    size_t s;
    int i;

    CHECK(n >= 0);
    CHECK(pools != NULL);
    CHECK(pools[n] == NULL);
    out[0] = '\0';
    for (s = 0; s < sizeof(suffixes) / sizeof(suffixes[0]); s++) {
        for (i = 0; i < n; i++) {
            if (strcmp(virStoragePoolGetName(pools[i]), pool_name(suffixes[s])) == 0) {
                strcat(out, out[0] ? " " : "");
                strcat(out, suffixes[s]);
            }
        }
    }
    for (i = 0; i < n; i++)
        CHECK_INT(virStoragePoolFree(pools[i]), 0);
    free(pools);
    return out;
}

static void filters(void)
{
    virStoragePoolPtr *pools;
    unsigned int bit;

    CHECK_STR(filtered(0), "auto off on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE), "on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE), "auto off");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE |
                       VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE),
              "auto off on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT), "auto off");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT), "on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART), "auto");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART), "off on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_DIR), "auto off on");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_FS), "");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_DIR | VIR_CONNECT_LIST_STORAGE_POOLS_RBD),
              "auto off on");
    /* Groups narrow each other. */
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE |
                       VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT),
              "");
    CHECK_STR(filtered(VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE |
                       VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART |
                       VIR_CONNECT_LIST_STORAGE_POOLS_DIR),
              "off");
    for (bit = VIR_CONNECT_LIST_STORAGE_POOLS_FS;
         bit <= (unsigned int)VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT; bit <<= 1)
        CHECK_STR(filtered(bit), "");
    pools = NULL;
    CHECK_INT(virConnectListAllStoragePools(conn, &pools, 1U << 20), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x100000) in function");
    CHECK(pools == NULL);
    /* Whether the filter applies to a mere count is where releases differ. */
    CHECK(virConnectListAllStoragePools(conn, NULL, 0) >= 3);
}

static void sources(void)
{
    char *xml = virConnectGetStoragePoolCapabilities(conn, 0);

    CHECK(xml != NULL);
    CHECK(strstr(xml, "<storagepoolCapabilities>") != NULL);
    CHECK(strstr(xml, "<pool type='dir' supported='yes'") != NULL);
    free(xml);
    CHECK(virConnectGetStoragePoolCapabilities(conn, 0x80) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK(virConnectFindStoragePoolSources(conn, "dir", NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_STORAGE,
              "pool type 'dir' does not support source discovery");
    CHECK(virConnectFindStoragePoolSources(conn, "zzz", NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_STORAGE, "unknown storage pool type zzz");
    CHECK(virConnectFindStoragePoolSources(conn, NULL, NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE,
              "type in virConnectFindStoragePoolSources must not be NULL");
}

int main(int argc, char **argv)
{
    virStoragePoolPtr on, off, automatic;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    on = make_pool(conn, "on");
    off = virStoragePoolDefineXML(conn, pool_xml("off"), 0);
    CHECK(off != NULL);
    lookups(on);
    found(virStoragePoolLookupByName(conn, pool_name("off")), "off");
    /* The two lists have nothing in common. */
    named_list(virConnectListStoragePools, virConnectNumOfStoragePools(conn), "on",
               "virConnectListStoragePools");
    named_list(virConnectListDefinedStoragePools, virConnectNumOfDefinedStoragePools(conn), "off",
               "virConnectListDefinedStoragePools");
    automatic = virStoragePoolDefineXML(conn, pool_xml("auto"), 0);
    CHECK(automatic != NULL);
    CHECK_INT(virStoragePoolSetAutostart(automatic, 1), 0);
    filters();
    sources();
    CHECK_INT(virStoragePoolUndefine(automatic), 0);
    CHECK_INT(virStoragePoolFree(automatic), 0);
    CHECK_INT(virStoragePoolUndefine(off), 0);
    CHECK_INT(virStoragePoolFree(off), 0);
    pool_gone(on);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
