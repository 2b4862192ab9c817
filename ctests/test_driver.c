/* test:///default: a pool that exists from the start, in memory that all connections of the
 * process share and that is freed with the last one. libvirt's volumes have no data; ours do. */
#include "fixture.h"

#include <dlfcn.h>

#define URI "test:///default"
#define SPARSE_UP VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
#define SPARSE_DOWN VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM

static virConnectPtr conn;
static virStoragePoolPtr pool;

static void open_pool(void)
{
    conn = virConnectOpen(URI);
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, "default-pool");
    CHECK(pool != NULL);
}

static void close_pool(void)
{
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

static void what_is_there(void)
{
    virStoragePoolPtr *all = NULL, found;
    virStoragePoolInfo info;
    char uuid[VIR_UUID_STRING_BUFLEN];
    char *xml;
    int autostart = -1;

    CHECK_STR(virConnectGetType(conn), "TEST");
    CHECK_INT(virConnectNumOfStoragePools(conn), 1);
    CHECK_INT(virConnectNumOfDefinedStoragePools(conn), 0);
    CHECK_INT(virConnectListAllStoragePools(
                  conn, &all,
                  VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE |
                      VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT |
                      VIR_CONNECT_LIST_STORAGE_POOLS_DIR),
              1);
    CHECK_STR(virStoragePoolGetName(all[0]), "default-pool");
    CHECK_INT(virStoragePoolFree(all[0]), 0);
    free(all);
    CHECK_INT(virStoragePoolGetUUIDString(pool, uuid), 0);
    CHECK_STR(uuid, "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566");
    CHECK_INT(virStoragePoolIsActive(pool), 1);
    CHECK_INT(virStoragePoolIsPersistent(pool), 1);
    CHECK_INT(virStoragePoolGetAutostart(pool, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK_INT(info.state, VIR_STORAGE_POOL_RUNNING);
    CHECK(info.capacity == 100 * 1024 * MIB);
    CHECK(info.allocation == 0);
    CHECK(info.available == info.capacity);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    if (ours) {
        found = virStoragePoolLookupByTargetPath(conn, "/default-pool");
        CHECK(found != NULL);
        CHECK_INT(virStoragePoolFree(found), 0);
    }
    xml = virStoragePoolGetXMLDesc(pool, 0);
    CHECK(xml != NULL);
    CHECK(strstr(xml, "<path>/default-pool</path>") != NULL);
    free(xml);
    /* Nothing of it is on the disk. */
    CHECK(!exists("/default-pool"));
}

static void volumes(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 64 * MIB, 0), found;
    virStorageVolInfo info;
    char *path, *xml;

    CHECK_STR(virStorageVolGetName(vol), "v");
    CHECK_STR(virStorageVolGetKey(vol), "/default-pool/v");
    path = virStorageVolGetPath(vol);
    CHECK_STR(path, "/default-pool/v");
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(info.capacity, 64 * MIB);
    CHECK_INT(info.allocation, 0);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    CHECK(strstr(xml, "<capacity unit='bytes'>67108864</capacity>") != NULL);
    free(xml);
    found = virStorageVolLookupByPath(conn, path);
    CHECK(found != NULL);
    CHECK_INT(virStorageVolFree(found), 0);
    found = virStorageVolLookupByKey(conn, virStorageVolGetKey(vol));
    CHECK(found != NULL);
    CHECK_INT(virStorageVolFree(found), 0);
    free(path);
    CHECK(virStorageVolCreateXML(pool, vol_xml("v", MIB, 0), 0) == NULL);
    CHECK_CODE(ours ? VIR_ERR_STORAGE_VOL_EXIST : VIR_ERR_OPERATION_FAILED, "exists");
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name 'v'");
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
}

/* What is active cannot be made again. */
static void active_already(void)
{
    virDomainPtr dom = virDomainLookupByName(conn, "test");
    char *xml;

    CHECK(dom != NULL);
    xml = virDomainGetXMLDesc(dom, 0);
    CHECK(xml != NULL);
    CHECK(virDomainCreateXML(conn, xml, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "operation is not valid: domain 'test' is already active");
    free(xml);
    CHECK_INT(virDomainFree(dom), 0);
    xml = virStoragePoolGetXMLDesc(pool, 0);
    CHECK(xml != NULL);
    CHECK(virStoragePoolCreateXML(conn, xml, 0) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID,
               "operation is not valid: pool is already active as 'default-pool'");
    free(xml);
}

/* A pool in memory has no access rights but those that it was given, active or not. */
static void access_rights(void)
{
    static const char *const rights = "<permissions>\n"
                                      "      <mode>0750</mode>\n"
                                      "      <owner>1001</owner>\n"
                                      "      <group>1002</group>\n"
                                      "    </permissions>";
    char text[512], *xml;
    virStoragePoolPtr other;

    print_to(text, sizeof(text), "<pool type='dir'><name>o</name><target><path>/o</path>%s</target></pool>",
             rights);
    other = virStoragePoolDefineXML(conn, text, 0);
    CHECK(other != NULL);
    xml = virStoragePoolGetXMLDesc(other, 0);
    CHECK(xml && strstr(xml, rights));
    free(xml);
    CHECK_INT(virStoragePoolCreate(other, 0), 0);
    xml = virStoragePoolGetXMLDesc(other, 0);
    CHECK(xml && strstr(xml, rights));
    free(xml);
    CHECK_INT(virStoragePoolDestroy(other), 0);
    CHECK_INT(virStoragePoolUndefine(other), 0);
    CHECK_INT(virStoragePoolFree(other), 0);
}

/* The domain that libvirt's test driver has. */
#define DOMAIN_XML(index, backing) \
    "<domain type='test' id='1'>\n" \
    "  <name>test</name>\n" \
    "  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>\n" \
    "  <memory unit='KiB'>8388608</memory>\n" \
    "  <currentMemory unit='KiB'>2097152</currentMemory>\n" \
    "  <vcpu placement='static'>2</vcpu>\n" \
    "  <os>\n" \
    "    <type arch='i686'>hvm</type>\n" \
    "    <boot dev='hd'/>\n" \
    "  </os>\n" \
    "  <clock offset='utc'/>\n" \
    "  <on_poweroff>destroy</on_poweroff>\n" \
    "  <on_reboot>restart</on_reboot>\n" \
    "  <on_crash>destroy</on_crash>\n" \
    "  <devices>\n" \
    "    <disk type='file' device='disk'>\n" \
    "      <source file='/guest/diskimage1'" index "/>\n" \
    "      <target dev='vda' bus='virtio'/>\n" \
    "      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\n" backing \
    "    </disk>\n" \
    "    <interface type='network'>\n" \
    "      <mac address='aa:bb:cc:dd:ee:ff'/>\n" \
    "      <source network='default'/>\n" \
    "      <target dev='testnet0'/>\n" \
    "      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/>\n" \
    "    </interface>\n" \
    "    <memballoon model='virtio'>\n" \
    "      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>\n" \
    "    </memballoon>\n" \
    "  </devices>\n" \
    "</domain>\n"

/* Ours has the image of its disk open, which libvirt's own has not. */
static const char domain_xml[] = DOMAIN_XML("", "");
static const char our_domain_xml[] = DOMAIN_XML(" index='1'", "      <backingStore/>\n");

static void domain(void)
{
    virDomainPtr dom = virDomainLookupByName(conn, "test");
    char uuid[VIR_UUID_STRING_BUFLEN];
    virDomainInfo info;
    int state = -1, reason = -1, autostart = -1;
    char *xml;

    CHECK(dom != NULL);
    CHECK_INT(virDomainGetID(dom), 1);
    CHECK_INT(virDomainGetUUIDString(dom, uuid), 0);
    CHECK_STR(uuid, "6695eb01-f6a4-8304-79aa-97f2502e193f");
    CHECK_INT(virDomainGetInfo(dom, &info), 0);
    CHECK_INT(info.state, VIR_DOMAIN_RUNNING);
    CHECK_INT(info.maxMem, 8388608);
    CHECK_INT(info.memory, 2097152);
    CHECK_INT(info.nrVirtCpu, 2);
    CHECK_INT(virDomainGetState(dom, &state, &reason, 0), 0);
    CHECK_INT(state, VIR_DOMAIN_RUNNING);
    CHECK_INT(reason, VIR_DOMAIN_RUNNING_UNKNOWN);
    xml = virDomainGetOSType(dom);
    CHECK_STR(xml, "linux");
    free(xml);
    CHECK(virDomainGetMaxMemory(dom) == 8388608);
    CHECK_INT(virDomainGetAutostart(dom, &autostart), 0);
    CHECK_INT(autostart, 0);
    CHECK_INT(virDomainIsPersistent(dom), 1);
    CHECK_INT(virDomainIsUpdated(dom), 0);
    CHECK_INT(virDomainHasCurrentSnapshot(dom, 0), 0);
    CHECK_INT(virDomainSnapshotNum(dom, 0), 0);
    xml = virDomainGetXMLDesc(dom, 0);
    /* All of it is as libvirt's. */
    CHECK_STR(xml, ours ? our_domain_xml : domain_xml);
    CHECK(!strstr(xml, "virsparse:export"));
    free(xml);
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainIsActive(dom), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainIsActive(dom), 1);
    CHECK_INT(virDomainFree(dom), 0);
}

static void shared_and_gone_with_the_last(void)
{
    virConnectPtr beside = virConnectOpen(URI);
    virStoragePoolPtr there;
    virStorageVolPtr vol = make_vol(pool, "kept", MIB, 0), found;

    CHECK(beside != NULL);
    there = virStoragePoolLookupByName(beside, "default-pool");
    CHECK(there != NULL);
    found = virStorageVolLookupByName(there, "kept");
    CHECK(found != NULL);
    CHECK_INT(virStorageVolFree(found), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
    close_pool();
    /* Another still has it open. */
    open_pool();
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
    close_pool();
    CHECK_INT(virStoragePoolFree(there), 0);
    CHECK_INT(virConnectClose(beside), 0);
    open_pool();
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
}

static void read_only(void)
{
    virConnectPtr reader = virConnectOpenReadOnly(URI);
    virStoragePoolPtr there;

    CHECK(reader != NULL);
    there = virStoragePoolLookupByName(reader, "default-pool");
    CHECK(there != NULL);
    CHECK(virStorageVolCreateXML(there, vol_xml("v", MIB, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE,
              "read only access prevents virStorageVolCreateXML");
    CHECK_INT(virStoragePoolDestroy(there), -1);
    CHECK_ERR(VIR_ERR_OPERATION_DENIED, VIR_FROM_STORAGE,
              "read only access prevents virStoragePoolDestroy");
    CHECK_INT(virStoragePoolFree(there), 0);
    CHECK_INT(virConnectClose(reader), 0);
}

static char *content(virStorageVolPtr vol, size_t size)
{
    virStreamPtr st = download_from(vol, 0, 0, 0);
    char *got = (char *)malloc(size + 1);

    CHECK(got != NULL);
    CHECK_INT(recv_bytes(st, got, size + 1), size);
    finish_and_free(st);
    return got;
}

static void has(virStorageVolPtr vol, size_t data, size_t size)
{
    char *want = pattern(data, 0, 1), *got = content(vol, size);

    CHECK(memcmp(want, got, data) == 0);
    CHECK(is_zero(got + data, size - data));
    free(want);
    free(got);
}

static void upload(virStorageVolPtr vol, size_t data, unsigned long long hole)
{
    virStreamPtr st = upload_to(vol, 0, 0, hole ? SPARSE_UP : 0);

    send_pattern(st, data, 0, 1);
    if (hole)
        CHECK_INT(virStreamSendHole(st, (long long)hole, 0), 0);
    finish_and_free(st);
}

static unsigned long long allocation(virStorageVolPtr vol)
{
    virStorageVolInfo info;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    return info.allocation;
}

static void transfers(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0);
    virStoragePoolInfo info;
    virStreamPtr st;
    char *got = (char *)malloc(8 * MIB);
    long long hole = 0;

    CHECK(got != NULL);
    upload(vol, MIB, 0);
    has(vol, MIB, 8 * MIB);
    CHECK_INT(allocation(vol), MIB);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK(info.allocation == MIB);
    CHECK(info.available == info.capacity - MIB);
    upload(vol, 256 * KIB, 8 * MIB - 256 * KIB);
    has(vol, 256 * KIB, 8 * MIB);
    CHECK_INT(allocation(vol), 256 * KIB);
    st = download_from(vol, 0, 0, SPARSE_DOWN);
    CHECK_INT(recv_bytes(st, got, 256 * KIB), 256 * KIB);
    CHECK_INT(virStreamRecvFlags(st, got, 1, VIR_STREAM_RECV_STOP_AT_HOLE), -3);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, 8 * MIB - 256 * KIB);
    CHECK_INT(virStreamRecv(st, got, 1), 0);
    finish_and_free(st);
    free(got);
    st = new_stream(conn);
    CHECK_INT(virStorageVolUpload(vol, st, 8 * MIB, 1, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "beyond the end of volume 'v'");
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    CHECK(info.allocation == 0);
}

static void clones_wipes_and_sizes(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0), copy;
    virStorageVolInfo info;
    unsigned int algorithm;

    upload(vol, MIB, 0);
    copy = virStorageVolCreateXMLFrom(pool, vol_xml("copy", 16 * MIB, 0), vol, 0);
    CHECK(copy != NULL);
    has(copy, MIB, 16 * MIB);
    CHECK_INT(allocation(copy), MIB);
    CHECK_INT(virStorageVolWipe(copy, 0), 0);
    has(copy, 0, 16 * MIB);
    CHECK_INT(allocation(copy), 0);
    has(vol, MIB, 8 * MIB);
    vol_gone(copy);
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("copy", 0, 0), vol,
                                     VIR_STORAGE_VOL_CREATE_REFLINK) == NULL);
    CHECK_INT(virGetLastError()->int1, EOPNOTSUPP);

    CHECK_INT(virStorageVolResize(vol, 32 * MIB, 0), 0);
    has(vol, MIB, 32 * MIB);
    CHECK_INT(virStorageVolResize(vol, 512 * KIB, VIR_STORAGE_VOL_RESIZE_SHRINK), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "below existing allocation");
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, VIR_STORAGE_VOL_RESIZE_SHRINK), 0);
    has(vol, MIB, 2 * MIB);
    CHECK_INT(virStorageVolResize(vol, 1ULL << 63, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "Failed to truncate file '/default-pool/v'");
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, 2 * MIB);

    for (algorithm = 1; algorithm <= 8; algorithm++) {
        char *want = pattern(MIB, 0, 1), *got;

        upload(vol, MIB, 0);
        CHECK_INT(virStorageVolWipePattern(vol, algorithm, 0), 0);
        got = content(vol, 2 * MIB);
        CHECK(memcmp(want, got, 4 * KIB) != 0);
        CHECK(memcmp(want + MIB - 4 * KIB, got + MIB - 4 * KIB, 4 * KIB) != 0);
        free(want);
        free(got);
    }
    vol_gone(vol);
}

static void not_in_libvirt(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virStreamPtr st = new_stream(conn);

    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_NO_SUPPORT, "virStorageVolUpload");
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    CHECK_CODE(VIR_ERR_NO_SUPPORT, "virStorageVolWipe");
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), -1);
    CHECK_CODE(VIR_ERR_NO_SUPPORT, "virStorageVolResize");
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 120);
    /* Both call the connection's type TEST. */
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    open_pool();
    what_is_there();
    domain();
    active_already();
    access_rights();
    volumes();
    shared_and_gone_with_the_last();
    read_only();
    if (ours) {
        transfers();
        clones_wipes_and_sizes();
    } else {
        not_in_libvirt();
    }
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    close_pool();
    return CHECK_DONE();
}
