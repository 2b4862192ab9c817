/* Threads that call everything about jobs at random, on two disks of one domain that is
 * destroyed and started again meanwhile. Nothing hangs, all errors are expected ones, and the
 * images keep their data. STORM_SECONDS sets the duration.
 * ctest: no-valgrind because there is one thread at a time in it */
#include "block_job.h"

#include <dlfcn.h>

static volatile int storm_ends;
static virDomainPtr dom;

/* Functions of the early designs, if the library has them. */
static struct {
    int (*stream)(virDomainPtr, const char *, unsigned long long, unsigned long long, unsigned int);
    int (*increment)(virDomainPtr, const char *, unsigned long long *, unsigned int);
    int (*allocate)(virDomainPtr, const char *, unsigned long long, unsigned long long,
                    unsigned int);
    int (*stop)(virDomainPtr, const char *);
} designs;

static void find(const char *name, const char *node, void *function)
{
    void *found = dlvsym(RTLD_DEFAULT, name, node);

    memcpy(function, &found, sizeof(found));
}

static unsigned int next_random(unsigned int *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void expected(int result)
{
    int code;

    if (result >= 0)
        return;
    code = virGetLastErrorCode();
    switch (code) {
    case VIR_ERR_INVALID_ARG:           /* no job; no such image any more */
    case VIR_ERR_OPERATION_INVALID:     /* not running; running already */
    case VIR_ERR_OPERATION_UNSUPPORTED: /* a pull or a commit is there */
    case VIR_ERR_BLOCK_COPY_ACTIVE:     /* a copy is there; not ready */
    case VIR_ERR_OPERATION_ABORTED:     /* another thread has aborted the job during the pivot */
    case VIR_ERR_CONFIG_UNSUPPORTED:    /* the destination exists */
        check_passed();
        return;
    default:
        fprintf(stderr, "error %d: %s\n", code, virGetLastErrorMessage());
        CHECK(!"expected");
    }
}

static void *storm(void *opaque)
{
    unsigned int state = (unsigned int)(size_t)opaque;

    while (!storm_ends) {
        const char *disk = next_random(&state) % 2 ? "vda" : "vdb";
        const unsigned int transient = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB;
        unsigned long speed = next_random(&state) % 3 ? 0 : 1;
        virDomainBlockJobInfo info;
        char xml[2048], *text;

        switch (next_random(&state) % 20) {
        case 0:
        case 1:
            print_to(xml, sizeof(xml), "%s",
                     dest_file(disk, next_random(&state) % 2 ? "raw" : "qcow2"));
            /* Names that are used once. */
            print_to(strstr(xml, "'/></disk>"), 64, "-%u'/></disk>", next_random(&state));
            expected(virDomainBlockCopy(dom, disk, xml, NULL, 0,
                                        transient | (next_random(&state) % 2
                                                         ? VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES
                                                         : 0)));
            break;
        case 2:
            expected(virDomainBlockPull(dom, disk, speed, 0));
            break;
        case 3:
            expected(virDomainBlockCommit(dom, disk, NULL, NULL, speed,
                                          VIR_DOMAIN_BLOCK_COMMIT_ACTIVE));
            break;
        case 4:
        case 5:
        case 6:
            expected(virDomainBlockJobAbort(dom, disk, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT |
                                                           next_random(&state) % 2));
            break;
        case 7:
            expected(virDomainBlockJobAbort(dom, disk, next_random(&state) % 2));
            break;
        case 8:
            expected(virDomainBlockJobSetSpeed(dom, disk, next_random(&state) % 100, 0));
            break;
        case 9:
            expected(virDomainSuspend(dom));
            expected(virDomainResume(dom));
            break;
        case 10:
            text = virDomainGetXMLDesc(dom, next_random(&state) % 2 ? VIR_DOMAIN_XML_INACTIVE : 0);
            CHECK(text != NULL);
            free(text);
            break;
        case 11:
            expected(virDomainBlockResize(dom, disk, 8192, 0));
            break;
        case 12:
            if (next_random(&state) % 8 == 0) {
                expected(virDomainDestroy(dom));
                expected(virDomainCreate(dom));
            }
            break;
        case 13:
        case 14:
            if (designs.increment != NULL) {
                unsigned long long cursor = next_random(&state) % (8 * MIB);
                int i;

                for (i = 0; i < 4; i++)
                    expected(designs.increment(dom, disk, &cursor, 0));
            }
            break;
        case 15:
            if (designs.stream != NULL)
                expected(designs.stream(dom, disk, next_random(&state) % (4 * MIB),
                                        next_random(&state) % (4 * MIB), next_random(&state) % 2));
            break;
        case 16:
            if (designs.allocate != NULL)
                expected(designs.allocate(dom, disk, next_random(&state) % (4 * MIB), MIB,
                                          next_random(&state) % 2));
            break;
        case 17:
            if (designs.stop != NULL)
                expected(designs.stop(dom, disk));
            break;
        default:
            expected(virDomainGetBlockJobInfo(dom, disk, &info, 0));
        }
        if (next_random(&state) % 4 == 0)
            short_pause();
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *seconds = getenv("STORM_SECONDS");
    char disks[4096];
    pthread_t threads[4];
    size_t i;

    (void)argc;
    jobs_open(argv[0], 280);
    find("virDomainBlockStream", "VIRSPARSE_RFC_2011_04", &designs.stream);
    find("virDomainBlockStream", "VIRSPARSE_RFC_2011_V3", &designs.increment);
    find("virDomainBlockAllocate", "VIRSPARSE_RFC_2011_04", &designs.allocate);
    find("virDomainBlockStreamAbort", "VIRSPARSE_RFC_2011_04", &designs.stop);
    CHECK(!ours || (designs.stream && designs.increment && designs.allocate && designs.stop));
    make_chain("");
    CHECK_INT(run("cd %s && mkdir a b && mv base mid top a && cp -r a/. b", test_dir), 0);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a/top", "qcow2", ""),
             disk_xml("vdb", "b/top", "qcow2", ""));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disks, 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    for (i = 0; i < 4; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, storm, (void *)(i + 1)), 0);
    for (i = 0; i < (seconds ? (size_t)atoi(seconds) : 4) * 10; i++) {
        usleep(100000);
        pthread_mutex_lock(&job_lock);
        job_seen[0] = '\0';
        pthread_mutex_unlock(&job_lock);
    }
    storm_ends = 1;
    for (i = 0; i < 4; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    if (virDomainIsActive(dom) == 0)
        CHECK_INT(virDomainCreate(dom), 0);
    virDomainResume(dom);
    for (i = 0; i < 2; i++) {
        const char *disk = i ? "vdb" : "vda";

        virDomainBlockJobAbort(dom, disk, 0);
        wait_gone(dom, disk);
        CHECK_INT(run("qemu-img compare -q -f raw -F raw '%s' %s", disk_uri(dom, disk),
                      in_dir("ref")), 0);
    }
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    return jobs_close(__FILE__);
}
