/* Snapshots under guests that write: no data is lost, and all disks are from the same point in
 * time. */
#include "nbd.h"

#define ROUNDS 20
#define SIZE (4 * MIB)
#define BLOCK 4096
#define BLOCKS (SIZE / BLOCK)

static virConnectPtr conn;

static void take(virDomainPtr dom, const char *name)
{
    char xml[256];
    virDomainSnapshotPtr snap;

    print_to(xml, sizeof(xml), "<domainsnapshot><name>%s</name></domainsnapshot>", name);
    snap = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

/* Writes 1, 2, 3... first to one disk, then to the other: the number at the start, and in a block
 * that it chooses. */
struct guest {
    virDomainPtr dom;
    volatile int stop;
    volatile unsigned long long begun;
    volatile unsigned long long done;
};

static void *write_numbers(void *opaque)
{
    struct guest *guest = (struct guest *)opaque;
    int disks[2];
    uint64_t *block = (uint64_t *)calloc(1, BLOCK);
    int i;

    CHECK(block != NULL);
    disks[0] = nbd_open(guest->dom, "vda");
    disks[1] = nbd_open(guest->dom, "vdb");
    while (!guest->stop) {
        unsigned long long number = guest->begun + 1;

        guest->begun = number;
        for (i = 0; i < BLOCK / 8; i++)
            block[i] = number;
        for (i = 0; i < 2; i++) {
            uint64_t place = 1 + number * 2654435761ULL % (BLOCKS - 1);

            CHECK_INT(nbd_request(disks[i], NBD_WRITE, block, BLOCK, place * BLOCK), 0);
            CHECK_INT(nbd_request(disks[i], NBD_WRITE, block, BLOCK, 0), 0);
        }
        guest->done = number;
    }
    for (i = 0; i < 2; i++)
        CHECK_INT(close(disks[i]), 0);
    free(block);
    return NULL;
}

/* The number at the start of an image, written after reading those of all others. */
static unsigned long long number_in(const char *file)
{
    static uint64_t expected[BLOCKS];
    char *bytes;
    unsigned long long number, i;

    CHECK_INT(run("cd %s && qemu-img convert -O raw %s number", test_dir, file), 0);
    bytes = read_at(in_dir("number"), SIZE, 0);
    memcpy(&number, bytes, 8);
    memset(expected, 0, sizeof(expected));
    for (i = 1; i <= number; i++)
        expected[1 + i * 2654435761ULL % (BLOCKS - 1)] = i;
    for (i = 1; i < BLOCKS; i++) {
        uint64_t found, last;

        memcpy(&found, bytes + i * BLOCK, 8);
        memcpy(&last, bytes + (i + 1) * BLOCK - 8, 8);
        /* One more may have been written before the number at the start was. */
        if (found != expected[i])
            CHECK(found == number + 1 && i == 1 + found * 2654435761ULL % (BLOCKS - 1));
        CHECK(last == found);
    }
    free(bytes);
    return number;
}

static void test_one_instant(void)
{
    struct guest guest = { NULL, 0, 0, 0 };
    unsigned long long before[ROUNDS], after[ROUNDS];
    char disks[4096], a[64], b[64];
    pthread_t thread;
    int i;

    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 a.q 4M && truncate -s 4M b.q", test_dir), 0);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a.q", "qcow2", ""),
             disk_xml("vdb", "b.q", "raw", ""));
    guest.dom = virDomainDefineXML(conn, domain_xml("instant", disks, 1));
    CHECK(guest.dom != NULL);
    CHECK_INT(virDomainCreate(guest.dom), 0);
    CHECK_INT(pthread_create(&thread, NULL, write_numbers, &guest), 0);
    for (i = 0; i < ROUNDS; i++) {
        unsigned long long wait = guest.done + 20;

        while (guest.done < wait)
            short_pause();
        before[i] = guest.done;
        print_to(a, sizeof(a), "s%d", i);
        take(guest.dom, a);
        after[i] = guest.begun;
    }
    guest.stop = 1;
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(virDomainDestroy(guest.dom), 0);
    for (i = 0; i <= ROUNDS; i++) {
        unsigned long long first, second;

        if (i == 0) {
            print_to(a, sizeof(a), "-f qcow2 a.q");
            print_to(b, sizeof(b), "-f raw b.q");
        } else {
            print_to(a, sizeof(a), "-f qcow2 a.s%d", i - 1);
            print_to(b, sizeof(b), "-f qcow2 b.s%d", i - 1);
            CHECK_INT(run("cd %s && qemu-img check -q %s && qemu-img check -q %s", test_dir, a, b), 0);
        }
        first = number_in(a);
        second = number_in(b);
        CHECK(first == second || first == second + 1);
        if (i < ROUNDS) {
            CHECK(second >= before[i]);
            CHECK(first <= after[i]);
        } else {
            CHECK_INT(first, guest.done);
            CHECK_INT(second, guest.done);
        }
    }
    CHECK_INT(virDomainUndefineFlags(guest.dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(guest.dom), 0);
}

/* fio reads back its writes and compares them; it never writes twice to one place at the same
 * time. */
static void test_fio(void)
{
    virDomainPtr dom;
    char name[16], command[4096];
    FILE *fio;
    int i;

    CHECK_INT(run("cd %s && rm -f a.* && qemu-img create -q -f qcow2 a.q 64M", test_dir), 0);
    dom = virDomainDefineXML(conn, domain_xml("fio", disk_xml("vda", "a.q", "qcow2", ""), 2));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    print_to(command, sizeof(command),
             "cd %s && fio --name=guest --ioengine=nbd --uri='%s' --rw=randwrite --bsrange=4k-64k"
             " --size=64M --iodepth=8 --verify=crc32c --verify_fatal=1 --verify_backlog=64 --loops=3"
             " --rate=64M --fsync=100"
             " >fio.log 2>&1 || { cat fio.log; exit 1; }", test_dir, disk_uri(dom, "vda"));
    fflush(NULL);
    fio = popen(command, "r");
    CHECK(fio != NULL);
    for (i = 0; i < ROUNDS; i++) {
        unsigned long long until = now_ms() + 60;

        print_to(name, sizeof(name), "f%d", i);
        take(dom, name);
        while (now_ms() < until)
            short_pause();
    }
    {
        char line[1024];

        while (fgets(line, sizeof(line), fio))
            fputs(line, stderr);
    }
    CHECK_INT(pclose(fio), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(run("cd %s && for i in a.*; do qemu-img check -q -f qcow2 $i || exit 1; done", test_dir), 0);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    test_one_instant();
    test_fio();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
