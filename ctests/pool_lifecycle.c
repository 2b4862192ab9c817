/* The lifecycle of a directory pool: define, build, start, refresh, stop, delete, undefine, and
 * the errors of each step. */
#include "fixture.h"

static virConnectPtr conn;

static const char *active_text(const char *suffix)
{
    static char text[256];

    print_to(text, sizeof(text), "storage pool '%s' is already active", pool_name(suffix));
    return text;
}

static const char *inactive_text(const char *suffix)
{
    static char text[256];

    print_to(text, sizeof(text),
             "Requested operation is not valid: storage pool '%s' is not active",
             pool_name(suffix));
    return text;
}

static const char *still_active_text(const char *suffix)
{
    static char text[256];

    print_to(text, sizeof(text), "storage pool '%s' is still active", pool_name(suffix));
    return text;
}

static const char *pool_xml_full(const char *name, const char *uuid, const char *path)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>%s</name>%s%s%s<target><path>%s</path></target></pool>", name,
             uuid ? "<uuid>" : "", uuid ? uuid : "", uuid ? "</uuid>" : "", path);
    return xml;
}

static void persistent(void)
{
    virStoragePoolPtr pool = virStoragePoolDefineXML(conn, pool_xml("a"), 0);
    virStoragePoolInfo info;
    struct stat sb;

    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK_INT(virStoragePoolIsPersistent(pool), 1);
    memset(&info, 0xff, sizeof(info));
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(info.state, VIR_STORAGE_POOL_INACTIVE);
    CHECK_INT(info.capacity, 0);
    CHECK_INT(info.allocation, 0);
    CHECK_INT(info.available, 0);

    CHECK_INT(virStoragePoolCreate(pool, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "cannot open directory '");
    CHECK(strstr(virGetLastErrorMessage(), "No such file or directory") != NULL);
    CHECK_INT(virGetLastError()->int1, ENOENT);
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK(!exists(in_dir("a")));
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(stat(in_dir("a"), &sb), 0);
    CHECK(S_ISDIR(sb.st_mode));
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(virStoragePoolBuild(pool, VIR_STORAGE_POOL_BUILD_OVERWRITE), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE,
              "No source device specified when formatting pool '");
    CHECK_INT(virStoragePoolBuild(pool, 0x80), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");

    CHECK_INT(virStoragePoolCreate(pool, 0x80), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK_INT(virStoragePoolCreate(pool, VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE |
                                             VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE),
              -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "");
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    CHECK_INT(virStoragePoolIsActive(pool), 1);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(info.state, VIR_STORAGE_POOL_RUNNING);
    CHECK(info.capacity > 0);
    CHECK_INT(info.capacity, info.allocation + info.available);

    CHECK_INT(virStoragePoolCreate(pool, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, active_text("a"));
    CHECK_INT(virStoragePoolBuild(pool, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, active_text("a"));
    CHECK_INT(virStoragePoolUndefine(pool), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, still_active_text("a"));
    CHECK_INT(virStoragePoolDelete(pool, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, still_active_text("a"));
    CHECK_INT(virStoragePoolRefresh(pool, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x1) in function");
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);

    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK_INT(virStoragePoolDestroy(pool), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("a"));
    CHECK_INT(virStoragePoolDelete(pool, 0x80), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK(exists(in_dir("a")));
    CHECK_INT(virStoragePoolDelete(pool, 0), 0);
    CHECK(!exists(in_dir("a")));
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE,
              "Storage pool not found: no storage pool with matching uuid '");
    CHECK(strstr(virGetLastErrorMessage(), pool_name("a")) != NULL);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void delete_keeps_files(void)
{
    virStoragePoolPtr pool = virStoragePoolDefineXML(conn, pool_xml("full"), 0);

    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    write_pattern(in_dir("full/precious"), 100, 0, 1);
    CHECK_INT(virStoragePoolDelete(pool, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Directory not empty");
    CHECK(file_has_pattern(in_dir("full/precious"), 100, 0, 1));
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

/* Calls that need an active pool say so. */
static void inactive_refuses(void)
{
    virStoragePoolPtr pool = make_pool(conn, "i");
    virStorageVolPtr vol = make_vol(pool, "v", 4096, 0);
    virStorageVolPtr *vols = NULL;
    virStorageVolInfo info;
    char *names[1];

    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    pool = virStoragePoolDefineXML(conn, pool_xml("i"), 0);
    CHECK(pool != NULL);

    CHECK_INT(virStoragePoolNumOfVolumes(pool), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK_INT(virStoragePoolListVolumes(pool, names, 1), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK_INT(virStoragePoolListAllVolumes(pool, &vols, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK(virStorageVolLookupByName(pool, "v") == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK(virStorageVolCreateXML(pool, vol_xml("w", 4096, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK(!exists(in_dir("i/w")));
    CHECK_INT(virStoragePoolRefresh(pool, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, inactive_text("i"));

    /* The file was there all the time. */
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, 4096);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void transient(void)
{
    virStoragePoolPtr pool = make_pool(conn, "t");
    int autostart = 0;

    CHECK_INT(virStoragePoolIsActive(pool), 1);
    CHECK_INT(virStoragePoolIsPersistent(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, still_active_text("t"));
    CHECK_INT(virStoragePoolSetAutostart(pool, 1), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_STORAGE, "pool has no config file");
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolIsActive(pool), -1);
    CHECK_ERR(VIR_ERR_NO_STORAGE_POOL, VIR_FROM_STORAGE, "no storage pool with matching uuid '");
    CHECK_INT(virStoragePoolFree(pool), 0);

    CHECK(virStoragePoolCreateXML(conn, pool_xml("missing"), 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "cannot open directory '");
    CHECK(!exists(in_dir("missing")));
    CHECK(virStoragePoolLookupByName(conn, pool_name("missing")) == NULL);
    pool = virStoragePoolCreateXML(conn, pool_xml("missing"), VIR_STORAGE_POOL_CREATE_WITH_BUILD);
    CHECK(pool != NULL);
    CHECK(exists(in_dir("missing")));
    pool_gone(pool);
}

/* Defining what already runs makes it persistent. */
static void adopted(void)
{
    virStoragePoolPtr pool = make_pool(conn, "ad"), defined;
    char *xml = virStoragePoolGetXMLDesc(pool, 0);

    CHECK(xml != NULL);
    CHECK_INT(virStoragePoolIsPersistent(pool), 0);
    defined = virStoragePoolDefineXML(conn, xml, 0);
    CHECK(defined != NULL);
    free(xml);
    CHECK_INT(virStoragePoolIsPersistent(pool), 1);
    CHECK_INT(virStoragePoolIsActive(defined), 1);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolIsActive(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(defined), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void conflicts(void)
{
    static const char other[] = "11111111-2222-3333-4444-555555555555";
    virStoragePoolPtr pool, again;
    char uuid[VIR_UUID_STRING_BUFLEN], text[512], path[PATH_MAX];

    pool = virStoragePoolDefineXML(conn, pool_xml("c"), 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    print_to(text, sizeof(text), "operation failed: pool '%s' already exists with uuid %s",
             pool_name("c"), uuid);
    CHECK(virStoragePoolDefineXML(conn, pool_xml("c"), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);
    CHECK(virStoragePoolCreateXML(conn, pool_xml("c"), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);
    CHECK(virStoragePoolDefineXML(conn, pool_xml_full(pool_name("c"), other, in_dir("c")), 0) ==
          NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);

    print_to(text, sizeof(text), "operation failed: pool '%s' is already defined with uuid %s",
             pool_name("c"), uuid);
    CHECK(virStoragePoolDefineXML(conn, pool_xml_full(pool_name("d"), uuid, in_dir("d")), 0) ==
          NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);

    /* One directory belongs to one pool, however its path is written. */
    print_to(text, sizeof(text), "operation failed: Storage source conflict with pool: '%s'",
             pool_name("c"));
    CHECK(virStoragePoolDefineXML(conn, pool_xml_full(pool_name("d"), NULL, in_dir("c")), 0) ==
          NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);
    print_to(path, sizeof(path), "%s/", in_dir("c"));
    CHECK(virStoragePoolDefineXML(conn, pool_xml_full(pool_name("d"), NULL, path), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);
    CHECK(virStoragePoolCreateXML(conn, pool_xml_full(pool_name("d"), NULL, path), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, text);

    /* The same name and UUID is an update, and may move the pool. */
    again = virStoragePoolDefineXML(conn, pool_xml_full(pool_name("c"), uuid, in_dir("e")), 0);
    CHECK(again != NULL);
    CHECK_INT(virStoragePoolCreate(pool, VIR_STORAGE_POOL_CREATE_WITH_BUILD), 0);
    CHECK(exists(in_dir("e")));
    CHECK(!exists(in_dir("c")));
    CHECK_INT(virStoragePoolFree(again), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void argument_errors(void)
{
    CHECK(virStoragePoolDefineXML(conn, NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "in virStoragePoolDefineXML must not be NULL");
    CHECK(virStoragePoolCreateXML(conn, NULL, 0) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "in virStoragePoolCreateXML must not be NULL");
    CHECK(virStoragePoolDefineXML(conn, pool_xml("f"), 0x80) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK(virStoragePoolCreateXML(conn, pool_xml("f"), 0x80) == NULL);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x80) in function");
    CHECK(virStoragePoolLookupByName(conn, pool_name("f")) == NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    persistent();
    delete_keeps_files();
    inactive_refuses();
    transient();
    adopted();
    conflicts();
    argument_errors();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
