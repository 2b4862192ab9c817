/* Overlays whose backing file name is an NBD export or JSON, in every spelling that QEMU writes.
 * qemu-img makes the overlays, and its reads are compared with ours.
 * ctest: no-valgrind because it is many programs of others, and little of ours */
#include "block_job.h"

#include <netinet/in.h>

static int port;

/* A port that nobody uses. */
static int free_port(void)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    CHECK_INT(close(fd), 0);
    return ntohs(address.sin_port);
}

/* Makes the overlay with the name that qemu-img was given, and compares what it reads. */
static void make_overlay(const char *name)
{
    CHECK_INT(run("cd %s && rm -f top ref && qemu-img create -q -f qcow2 -b '%s' -F raw top 8M &&"
                  " qemu-io -f qcow2 -c 'write -P 3 1M 1M' top >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw top ref", test_dir, name), 0);
}

static void spelling(const char *name, const char *const *described_as)
{
    virDomainPtr dom;

    make_overlay(name);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK(guest_sees_ref(dom));
    described(dom, 0, described_as);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK_INT(run("cd %s && ! qemu-img info -f qcow2 top | grep -q 'backing file'", test_dir), 0);
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
}

/* If the definition has a backingStore, it must match the image. */
static void said_below(void)
{
    const char *form = "<backingStore type='network'><format type='raw'/>"
                       "<source protocol='nbd' name='%s'><host transport='unix' socket='%s'/>"
                       "</source><backingStore/></backingStore>";
    char name[PATH_MAX + 64], below[PATH_MAX + 256];
    virDomainPtr dom;

    print_to(name, sizeof(name), "nbd:unix:%s:exportname=x", in_dir("sock"));
    make_overlay(name);
    print_to(below, sizeof(below), form, "x", in_dir("sock"));
    dom = start(disk_xml("vda", "top", "qcow2", below));
    CHECK(guest_sees_ref(dom));
    stop(dom);
    print_to(below, sizeof(below), form, "y", in_dir("sock"));
    CHECK(virDomainCreateXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", below), 1),
                             0) == NULL);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "its backingStore names");
}

/* The data of the active layer is committed to the server, and then the export is the disk. */
static void committed(void)
{
    const char *const texts[] = { "<disk type='network'", "type='raw'", "protocol='nbd'",
                                  in_dir("sock"), NULL };
    char name[PATH_MAX + 64];
    virDomainPtr dom;

    print_to(name, sizeof(name), "nbd+unix:///?socket=%s", in_dir("sock"));
    make_overlay(name);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    described(dom, 0, texts);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK_INT(run("qemu-img compare -q -f raw -F raw '%s' %s", name, in_dir("ref")), 0);
    expect_events("top active ready; vda active ready; vda active completed; ");
}

/* A name for which QEMU would read other data, or none, is refused before anything is opened. */
static void refused(const char *name, const char *text)
{
    CHECK_INT(run("cd %s && rm -f top && qemu-img create -q -u -f qcow2 -b '%s' -F raw top 8M",
                  test_dir, name), 0);
    CHECK(virDomainCreateXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1),
                             0) == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, text);
}

int main(int argc, char **argv)
{
    static const char *const forms[] = {
        "nbd+unix:///x?socket=%s", "nbd:unix:%s:exportname=x", "nbd:unix:%s",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"server\":{\"type\":\"unix\","
        "\"path\":\"%s\"},\"export\":\"x\"}}",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"path\":\"%s\"}}",
        "json:{\"driver\":\"raw\",\"file.driver\":\"nbd\",\"file.server.type\":\"unix\","
        "\"file.server.path\":\"%s\",\"file.export\":\"x\"}",
    };
    static const char *const tcp_forms[] = {
        "nbd://localhost:%d/x", "nbd:localhost:%d:exportname=x",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"nbd\",\"server\":{\"type\":\"inet\","
        "\"host\":\"localhost\",\"port\":\"%d\"},\"export\":\"x\"}}",
    };
    static const char *const file_forms[] = {
        "file:%s", "json:{\"driver\":\"raw\",\"file.filename\":\"%s\"}",
        "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"%s\"}}",
    };
    const char *unix_texts[] = { "<backingStore type='network' index='2'>", "protocol='nbd'",
                                 "transport='unix'", NULL };
    const char *tcp_texts[] = { "<backingStore type='network' index='2'>", "protocol='nbd'",
                                "<host name='localhost'", NULL };
    const char *file_texts[] = { "<backingStore type='file' index='2'>", "/base'", NULL };
    char name[PATH_MAX + 256];
    unsigned int i;

    (void)argc;
    jobs_open(argv[0], 240);
    port = free_port();
    CHECK_INT(run("truncate -s 8M %s && qemu-io -f raw -c 'write -P 1 0 3M' %s >/dev/null",
                  in_dir("base"), in_dir("base")), 0);
    CHECK_INT(run("cp %s %s && nbdkit -U %s -P %s file %s && nbdkit -i 127.0.0.1 -p %d -P %s"
                  " file %s", in_dir("base"), in_dir("served"), in_dir("sock"), in_dir("pid"),
                  in_dir("served"), port, in_dir("pid2"), in_dir("served")), 0);
    for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        print_to(name, sizeof(name), forms[i], in_dir("sock"));
        spelling(name, unix_texts);
    }
    for (i = 0; i < sizeof(tcp_forms) / sizeof(tcp_forms[0]); i++) {
        print_to(name, sizeof(name), tcp_forms[i], port);
        spelling(name, tcp_texts);
    }
    for (i = 0; i < sizeof(file_forms) / sizeof(file_forms[0]); i++) {
        print_to(name, sizeof(name), file_forms[i], in_dir("base"));
        spelling(name, file_texts);
    }
    said_below();
    committed();
    refused("http://localhost/x", "neither a local file nor an NBD export");
    refused("json:{\"driver\":\"raw\",\"offset\":512,\"file\":{\"driver\":\"file\","
            "\"filename\":\"/dev/null\"}}", "its option 'offset' is not known");
    refused("nbd:unix:/nowhere/sock", "nbd+unix:///?socket=/nowhere/sock");
    end_program(in_dir("pid"));
    end_program(in_dir("pid2"));
    return jobs_close(__FILE__);
}
