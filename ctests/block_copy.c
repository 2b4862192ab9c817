/* Copying the disk of a running domain: until ready, pivot, abort. */
#include "domain.h"

static virConnectPtr conn;

static virDomainPtr start(const char *disks)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml("copies", disks, 1), 0);

    CHECK(dom != NULL);
    return dom;
}

static const char *dest_xml(const char *file, const char *format)
{
    static char xml[4096];

    print_to(xml, sizeof(xml),
             "<disk type='file'><driver type='%s'/><source file='%s'/></disk>", format,
             in_dir(file));
    return xml;
}

static void wait_ready(virDomainPtr dom)
{
    virDomainBlockJobInfo info;
    int i;

    for (i = 0; i < 3000; i++) {
        CHECK_INT(virDomainGetBlockJobInfo(dom, "vda", &info, 0), 1);
        CHECK(info.cur <= info.end);
        if (info.cur == info.end)
            return;
        usleep(10000);
    }
    CHECK(!"ready");
}

static void pivot(const char *format, unsigned int flags)
{
    virDomainPtr dom;
    char *xml;

    CHECK_INT(run("rm -f %s %s", in_dir("base.raw"), in_dir("top.qcow2")), 0);
    CHECK_INT(run("rm -f %s", in_dir("copy")), 0);
    CHECK_INT(run("qemu-img create -q -f raw %s 8M", in_dir("base.raw")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 3M' %s", in_dir("base.raw")), 0);
    CHECK_INT(run("qemu-img create -q -f qcow2 -b %s -F raw %s", in_dir("base.raw"),
                  in_dir("top.qcow2")), 0);
    dom = start(disk_xml("vda", "top.qcow2", "qcow2", ""));
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 1M 1M' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("copy", format), NULL, 0, flags), 0);
    wait_ready(dom);
    xml = virDomainGetXMLDesc(dom, 0);
    CHECK(strstr(xml, "<mirror type='file'") != NULL);
    CHECK(strstr(xml, "ready='yes'") != NULL);
    free(xml);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 8 4M 64k' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 9 5M 64k' '%s'", disk_uri(dom, "vda")), 0);
    xml = virDomainGetXMLDesc(dom, 0);
    CHECK(strstr(xml, "<mirror") == NULL);
    CHECK(strstr(xml, in_dir("copy")) != NULL);
    free(xml);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(run("qemu-io -f %s -c 'read -P 1 0 1M' -c 'read -P 7 1M 1M' -c 'read -P 8 4M 64k'"
                  " -c 'read -P 9 5M 64k' %s >%s", format, in_dir("copy"), in_dir("out")), 0);
    CHECK_INT(run("! grep -q 'Pattern verification failed' %s", in_dir("out")), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 241);
    pivot("raw", 0);
    pivot("qcow2", 0);
    pivot("qcow2", VIR_DOMAIN_BLOCK_COPY_SHALLOW);
    pivot("raw", VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
