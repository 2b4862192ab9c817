/* A raw disk whose size is no multiple of 512 bytes: guests see it rounded up, as with qemu-nbd, and
 * the file grows when they write its last sector. */
#include "domain.h"

#define SIZE 1000001
#define ROUNDED 1000448

static virConnectPtr conn;

static virDomainPtr started(const char *inside)
{
    virDomainPtr dom;

    write_pattern(in_dir("disk"), SIZE, 0, 1);
    CHECK_INT(truncate(in_dir("disk"), SIZE), 0);
    dom = virDomainCreateXML(conn, domain_xml("d", disk_xml("vda", "disk", "raw", inside), 1), 0);
    CHECK(dom != NULL);
    return dom;
}

static void stopped(virDomainPtr dom)
{
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* The client counts in sectors, and would lose the last one. */
static void read_to_the_end(const char *inside)
{
    virDomainPtr dom = started(inside);

    CHECK_INT(run("test $(nbdinfo --size '%s') = %d", disk_uri(dom, "vda"), ROUNDED), 0);
    CHECK_INT(run("nbdcopy '%s' '%s' && cmp -n %d '%s' '%s'", disk_uri(dom, "vda"), in_dir("copy"),
                  SIZE, in_dir("copy"), in_dir("disk")), 0);
    CHECK_INT(file_size(in_dir("copy")), ROUNDED);
    CHECK(file_is_zero(in_dir("copy"), ROUNDED - SIZE, SIZE));
    CHECK_INT(unlink(in_dir("copy")), 0);
    CHECK_INT(run("qemu-io -f raw -r -c 'read %d 512' '%s' >/dev/null", ROUNDED - 512,
                  disk_uri(dom, "vda")), 0);
    CHECK_INT(file_size(in_dir("disk")), SIZE);
    stopped(dom);
    CHECK_INT(file_size(in_dir("disk")), SIZE);
}

/* The data before `kept` is unchanged. */
static void write_to_it(const char *command, int kept, int grows)
{
    virDomainPtr dom = started("");

    CHECK_INT(run("qemu-io -f raw -c '%s' '%s' >/dev/null", command, disk_uri(dom, "vda")), 0);
    CHECK_INT(file_size(in_dir("disk")), grows ? ROUNDED : SIZE);
    stopped(dom);
    CHECK_INT(file_size(in_dir("disk")), grows ? ROUNDED : SIZE);
    CHECK(file_has_pattern(in_dir("disk"), (size_t)kept, 0, 1));
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    read_to_the_end("");
    read_to_the_end("<readonly/>");
    read_to_the_end("<shareable/>");
    read_to_the_end("<transient/>");
    write_to_it("write -P 5 999936 512", ROUNDED - 512, 1);
    CHECK_INT(run("qemu-io -f raw -r -c 'read -P 5 999936 512' '%s' | grep -q 'read 512'",
                  in_dir("disk")), 0);
    write_to_it("write -z 999936 512", ROUNDED - 512, 1);
    CHECK(file_is_zero(in_dir("disk"), 512, ROUNDED - 512));
    write_to_it("write -z -u 999936 512", ROUNDED - 512, 1);
    write_to_it("write -P 6 999424 512", ROUNDED - 1024, 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
