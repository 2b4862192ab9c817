/* Closing the last connection to test:/// while domains run and jobs work on their disks: the
 * domains and the jobs end.
 * ctest: ours-only because there are no jobs on libvirt's test domains */
#include "fixture.h"

static int threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        count++;
    CHECK_INT(closedir(dir), 0);
    return count;
}

/* A domain with a copy of its disk that gets no further. */
static void leave_at_work(const char *uri, const char *path)
{
    virConnectPtr conn = virConnectOpen(uri), beside = virConnectOpen(uri);
    virStoragePoolPtr pool;
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;
    virDomainPtr dom;
    virStreamPtr st;
    virStorageVolPtr vol;
    char xml[1024];

    CHECK(conn != NULL && beside != NULL);
    pool = virStoragePoolLookupByTargetPath(conn, path);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    vol = make_vol(pool, "v", 8 * MIB, 0);
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, 8 * MIB, 0, 1);
    finish_and_free(st);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    print_to(xml, sizeof(xml),
             "<domain type='test'><name>busy</name><memory>2048</memory><os><type>hvm</type></os>"
             "<devices><disk type='file'><source file='%s/v'/><target dev='vda'/>"
             "<l:listen xmlns:l='urn:virsparse:domain:1'/></disk></devices></domain>",
             path);
    dom = virDomainCreateXML(conn, xml, 0);
    CHECK(dom != NULL);
    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, 1),
              0);
    print_to(xml, sizeof(xml), "<disk type='file'><source file='%s/c'/></disk>", path);
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, params, nparams, 0), 0);
    virTypedParamsFree(params, nparams);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(beside), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    unsigned long long begin;
    virConnectPtr conn;
    char uri[512];
    FILE *file;
    int before, round;

    (void)argc;
    fixture_prepare(argv[0], 120);
    before = threads();
    file = fopen(in_dir("node.xml"), "w");
    CHECK(file != NULL);
    CHECK(fputs("<node><pool type='dir'><name>p</name><target><path>/p</path></target></pool></node>",
                file) >= 0);
    CHECK_INT(fclose(file), 0);
    print_to(uri, sizeof(uri), "test://%s", in_dir("node.xml"));
    for (round = 0; round < 3; round++) {
        leave_at_work("test:///default", "/default-pool");
        conn = virConnectOpen("test:///default");
        CHECK(conn != NULL);
        CHECK(virDomainLookupByName(conn, "busy") == NULL);
        CHECK_INT(virConnectNumOfDomains(conn), 1);
        CHECK_INT(virConnectClose(conn), 0);
        leave_at_work(uri, "/p");
        /* Threads that have done their work are seen for a moment. */
        begin = now_ms();
        while (threads() > before && now_ms() - begin < HANG_MS)
            short_pause();
        CHECK_INT(threads(), before);
    }
    return CHECK_DONE();
}
