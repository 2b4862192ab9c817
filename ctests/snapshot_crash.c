/* Processes that are killed while they take snapshots: the images of the definition exist, are
 * intact, and have all data whose flush was acknowledged to guests. */
#include "nbd.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define ROUNDS 50
#define BLOCK 4096

/* The progress of the killed process, in a file that both processes map. */
struct progress {
    volatile unsigned long long flushed;
    volatile int snapshots;
};

static virConnectPtr conn;

static struct progress *progress_at(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *at;

    CHECK(fd >= 0);
    CHECK_INT(ftruncate(fd, sizeof(struct progress)), 0);
    at = mmap(NULL, sizeof(struct progress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(at != MAP_FAILED);
    CHECK_INT(close(fd), 0);
    return (struct progress *)at;
}

static virDomainPtr domain;
static struct progress *progress;

/* The same number to both disks, and then to stable storage. */
static void *write_numbers(void *opaque)
{
    int disks[2], i, failed = 0;
    uint64_t *block = (uint64_t *)calloc(1, BLOCK);
    unsigned long long number = progress->flushed;

    (void)opaque;
    CHECK(block != NULL);
    disks[0] = nbd_open(domain, "vda");
    disks[1] = nbd_open(domain, "vdb");
    while (!failed) {
        number++;
        for (i = 0; i < BLOCK / 8; i++)
            block[i] = number;
        for (i = 0; i < 2; i++) {
            failed |= nbd_request(disks[i], NBD_WRITE, block, BLOCK, number % 64 * 65536);
            failed |= nbd_request(disks[i], NBD_FLUSH, NULL, 0, 0);
        }
        if (!failed)
            progress->flushed = number;
    }
    free(block);
    return NULL;
}

/* Takes snapshots until it is killed. */
static void child(const char *uri, const char *shared, const char *round)
{
    pthread_t thread;
    char xml[256];
    int i;

    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpen(uri);
    CHECK(conn != NULL);
    progress = progress_at(shared);
    domain = virDomainLookupByName(conn, "crash");
    CHECK(domain != NULL);
    CHECK_INT(virDomainCreate(domain), 0);
    CHECK_INT(pthread_create(&thread, NULL, write_numbers, NULL), 0);
    for (i = 0;; i++) {
        virDomainSnapshotPtr snap;

        print_to(xml, sizeof(xml), "<domainsnapshot><name>%s-%d</name></domainsnapshot>", round, i);
        snap = virDomainSnapshotCreateXML(domain, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
        CHECK(snap != NULL);
        CHECK_INT(virDomainSnapshotFree(snap), 0);
        progress->snapshots++;
    }
}

/* The number in the block that the last one was written to, or one that was begun after it. */
static void check_disk(virDomainPtr dom, const char *target, unsigned long long flushed)
{
    int disk = nbd_open(dom, target);
    uint64_t *block = (uint64_t *)malloc(BLOCK);
    unsigned long long number;

    CHECK(block != NULL);
    for (number = flushed > 60 ? flushed - 60 : 1; number <= flushed; number++) {
        CHECK_INT(nbd_request(disk, NBD_READ, block, BLOCK, number % 64 * 65536), 0);
        CHECK(block[0] == number);
        CHECK(block[BLOCK / 8 - 1] == number);
    }
    free(block);
    CHECK_INT(close(disk), 0);
}

/* All images of the chains in the definition. Other images that a crash has left are not used. */
static void check_chains(virDomainPtr dom)
{
    char *xml = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE);
    const char *start = "<source file='";
    const char *at = xml;
    int i;

    CHECK(xml != NULL);
    for (i = 0; i < 2; i++) {
        at = strstr(at, start);
        CHECK(at != NULL);
        at += strlen(start);
        CHECK_INT(run("cd %s && qemu-img info --backing-chain -f qcow2 '%.*s' >info &&"
                      " for i in $(sed -n 's/^image: //p' info); do [ $i = $PWD/b.q ] && continue;"
                      " qemu-img check -q -f qcow2 $i >log 2>&1; s=$?;"
                      " [ $s = 0 ] || [ $s = 3 ] || { echo $i; cat log; exit 1; }; done",
                      test_dir, (int)strcspn(at, "'"), at), 0);
    }
    free(xml);
}

static void one_round(virDomainPtr dom, const char *program, int round)
{
    char number[16], shared[PATH_MAX];
    int status, known, before;
    unsigned long long until;
    virDomainSnapshotPtr *snaps = NULL;
    pid_t pid;

    print_to(number, sizeof(number), "%d", round);
    print_to(shared, sizeof(shared), "%s", in_dir("shared"));
    known = virDomainSnapshotNum(dom, 0);
    before = progress->snapshots;
    fflush(NULL);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execl(program, program, "--child", test_uri, shared, number, (char *)NULL);
        _exit(9);
    }
    while (progress->snapshots < before + 1)
        short_pause();
    until = now_ms() + (unsigned long long)(rand() % 40);
    while (now_ms() < until)
        sched_yield();
    CHECK_INT(kill(pid, SIGKILL), 0);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status));

    /* At most the one that it was about: the call had not returned. */
    known = virDomainSnapshotNum(dom, 0) - known;
    CHECK(known == progress->snapshots - before || known == progress->snapshots - before + 1);
    CHECK_INT(virDomainListAllSnapshots(dom, &snaps, VIR_DOMAIN_SNAPSHOT_LIST_LEAVES), 1);
    CHECK_INT(virDomainSnapshotFree(snaps[0]), 0);
    free(snaps);
    CHECK_INT(virDomainCreate(dom), 0);
    check_disk(dom, "vda", progress->flushed);
    check_disk(dom, "vdb", progress->flushed);
    CHECK_INT(virDomainDestroy(dom), 0);
    check_chains(dom);
}

static void make_images(void)
{
    CHECK_INT(run("cd %s && rm -f a.* b.* && qemu-img create -q -f qcow2 a.q 8M && truncate -s 8M b.q",
                  test_dir), 0);
}

int main(int argc, char **argv)
{
    char disks[4096];
    virDomainPtr dom = NULL;
    int i;

    if (argc == 5 && strcmp(argv[1], "--child") == 0)
        child(argv[2], argv[3], argv[4]);
    conn = fixture_open(argv[0], 280);
    srand((unsigned int)getpid());
    progress = progress_at(in_dir("shared"));
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a.q", "qcow2", ""),
             disk_xml("vdb", "b.q", "raw", ""));
    for (i = 0; i < ROUNDS; i++) {
        if (i % 5 == 0) {
            /* Chains are not endless. */
            if (dom) {
                CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
                CHECK_INT(virDomainFree(dom), 0);
            }
            make_images();
            progress->flushed = 0;
            dom = virDomainDefineXML(conn, domain_xml("crash", disks, 1));
            CHECK(dom != NULL);
        }
        one_round(dom, argv[0], i);
    }
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
