/* Errors when a domain ends and its disks cannot be flushed, in each way in which it can end.
 * And images that a job has written, which others can read when the job has ended, even if the
 * process lacked descriptors then.
 * ctest: ours-only because libvirt's daemon is another process */
#include "domain.h"
#include "faults.h"

static virConnectPtr conn;
static virDomainPtr started(virConnectPtr on, unsigned int flags)
{
    virDomainPtr dom;

    write_pattern(in_dir("image"), MIB, 0, 1);
    dom = virDomainCreateXML(on, domain_xml("d", disk_xml("vda", "image", "raw", ""), 1), flags);
    CHECK(dom != NULL);
    CHECK_INT(run("qemu-io -f raw -c 'write -q -P 7 0 64k' '%s'", disk_uri(dom, "vda")), 0);
    return dom;
}

static void is_gone(void)
{
    CHECK(virDomainLookupByName(conn, "d") == NULL);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "'d'");
    /* Nobody has the image any more. */
    CHECK_INT(run("qemu-io -f raw -c 'write -q -P 8 0 512' %s", in_dir("image")), 0);
}

static void destroyed(void)
{
    virDomainPtr dom = started(conn, 0);

    good_datasyncs = 0;
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, in_dir("image"));
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Input/output error");
    good_datasyncs = -1;
    CHECK_INT(virDomainFree(dom), 0);
    is_gone();
}

/* The connection is closed, too. */
static void closed(void)
{
    virConnectPtr other = virConnectOpen(test_uri);

    CHECK(other != NULL);
    CHECK_INT(virDomainFree(started(other, VIR_DOMAIN_START_AUTODESTROY)), 0);
    good_datasyncs = 0;
    CHECK_INT(virConnectClose(other), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, in_dir("image"));
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Input/output error");
    good_datasyncs = -1;
    CHECK_INT(virConnectClose(other), -1);
    CHECK_CODE(VIR_ERR_INVALID_CONN, "virConnectClose");
    is_gone();
    /* Without a failure it says nothing. */
    other = virConnectOpen(test_uri);
    CHECK_INT(virDomainFree(started(other, VIR_DOMAIN_START_AUTODESTROY)), 0);
    CHECK_INT(virConnectClose(other), 0);
    is_gone();
}

static void committed(unsigned int flags)
{
    virDomainPtr dom;
    virDomainBlockJobInfo info;
    int left;

    CHECK_INT(run("cd %s && rm -f base mid top && qemu-img create -q -f qcow2 base 4M &&"
                  " qemu-img create -q -f qcow2 -b %s/base -F qcow2 mid &&"
                  " qemu-io -f qcow2 -c 'write -q -P 5 0 64k' mid &&"
                  " qemu-img create -q -f qcow2 -b %s/mid -F qcow2 top", test_dir, test_dir,
                  test_dir), 0);
    dom = virDomainCreateXML(conn, domain_xml("c", disk_xml("vda", "top", "qcow2", ""), 2), 0);
    CHECK(dom != NULL);
    /* It is opened for writing, and cannot be opened again for reading. */
    print_to(bad_path, sizeof(bad_path), "/proc/self/fd/");
    good_opens = 1;
    bad_errno = EMFILE;
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("base"), in_dir("mid"), 0, flags), 0);
    while ((left = virDomainGetBlockJobInfo(dom, "vda", &info, 0)) == 1)
        short_pause();
    CHECK_INT(left, 0);
    CHECK(good_opens < 0);
    bad_errno = 0;
    CHECK_INT(run("qemu-io -r -f qcow2 -c 'read -q -P 5 0 64k' %s", in_dir("base")), 0);
    CHECK_INT(run("qemu-io -r -f raw -c 'read -q -P 5 0 64k' '%s'", disk_uri(dom, "vda")), 0);
    /* The next job writes it again. */
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("base"), NULL, 0,
                                   VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK_INT(run("qemu-io -r -f qcow2 -c 'read -q -P 5 0 64k' %s", in_dir("base")), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(run("qemu-img check -q %s && qemu-img check -q %s", in_dir("base"), in_dir("top")), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    destroyed();
    closed();
    committed(0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
