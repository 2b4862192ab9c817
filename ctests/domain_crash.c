/* Processes that are killed while they define, start, stop and change domains: the next process
 * finds complete definitions, the domains are inactive, and nothing blocks their use.
 * ctest: ours-only because libvirt keeps its domains in a daemon */
#include "domain.h"

#include <sys/wait.h>

#define ROUNDS 25

/* Does everything that writes state, until it is killed. */
static void child_main(const char *uri, const char *dir)
{
    virConnectPtr conn = virConnectOpen(uri);
    const char *inside;
    int round;

    print_to(test_dir, sizeof(test_dir), "%s", dir);
    CHECK(conn != NULL);
    for (round = 0;; round++) {
        virDomainPtr kept, fleeting;

        inside = disk_xml("vda", "a.img", round % 2 ? "raw" : "qcow2", "");
        kept = virDomainDefineXML(conn, domain_xml("kept", inside, 1));
        CHECK(kept != NULL);
        fleeting = virDomainCreateXML(conn, domain_xml("fleeting", disk_xml("vda", "b.img", "raw", ""),
                                                       2), 0);
        CHECK(fleeting != NULL);
        CHECK_INT(virDomainSetAutostart(kept, round % 2), 0);
        CHECK_INT(virDomainSuspend(fleeting), 0);
        CHECK_INT(virDomainSetMetadata(kept, VIR_DOMAIN_METADATA_TITLE, "title", NULL, NULL, 0), 0);
        CHECK_INT(virDomainAttachDevice(fleeting, disk_xml("vdb", "c.img", "raw", "")), 0);
        CHECK_INT(virDomainDestroy(fleeting), 0);
        if (round % 5 == 4)
            CHECK_INT(virDomainUndefine(kept), 0);
        CHECK_INT(virDomainFree(kept), 0);
        CHECK_INT(virDomainFree(fleeting), 0);
    }
}

static void one_round(const char *program, unsigned int seed)
{
    virConnectPtr conn;
    virDomainPtr dom;
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        execl(program, program, "--child", test_uri, test_dir, (char *)NULL);
        _exit(1);
    }
    usleep(20000 + seed * 7919 % 80000);
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));

    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    CHECK_INT(virConnectNumOfDomains(conn), 0);
    dom = virDomainLookupByName(conn, "kept");
    if (dom) {
        char *xml = virDomainGetXMLDesc(dom, 0);

        CHECK(xml && strstr(xml, in_dir("a.img")));
        free(xml);
        CHECK_INT(virDomainFree(dom), 0);
    }
    /* A file that cannot be read would not be listed. */
    CHECK_INT(run("test $(ls %s/root/domains/*.xml 2>/dev/null | wc -l) = %d", test_dir,
                  virConnectNumOfDefinedDomains(conn)), 0);
    CHECK_INT(run("test -z \"$(ls %s/root/run/disks %s/root/run/domains | grep -v :)\"", test_dir,
                  test_dir), 0);
    dom = virDomainCreateXML(conn, domain_xml("fleeting", disk_xml("vda", "b.img", "raw", ""), 2), 0);
    CHECK(dom != NULL);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

int main(int argc, char **argv)
{
    unsigned int round;

    if (argc > 3 && strcmp(argv[1], "--child") == 0)
        child_main(argv[2], argv[3]);
    fixture_prepare(argv[0], 120);
    set_size(in_dir("b.img"), MIB);
    set_size(in_dir("c.img"), MIB);
    for (round = 0; round < ROUNDS; round++)
        one_round(argv[0], round);
    return CHECK_DONE();
}
