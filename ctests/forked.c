/* Child processes that are forked while other threads are in the library: they can open
 * connections of their own, and get a clear error for their parent's objects.
 * ctest: ours-only because libvirt's connections cannot be used in a child
 * ctest: no-valgrind because it would follow hundreds of children */
#include "domain.h"

#include <sys/wait.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virDomainPtr dom;
static volatile int stop;

static void *busy(void *unused)
{
    (void)unused;
    while (!stop) {
        virConnectPtr own = virConnectOpen(test_uri);
        virStoragePoolPtr *pools = NULL;
        virStorageVolPtr vol = virStorageVolLookupByPath(own, in_dir("p/v"));
        int i, count = virConnectListAllStoragePools(own, &pools, 0);

        for (i = 0; i < count; i++)
            virStoragePoolFree(pools[i]);
        free(pools);
        virStorageVolFree(vol);
        virConnectClose(own);
    }
    return NULL;
}

static void *drive(void *unused)
{
    (void)unused;
    while (!stop)
        virEventRunDefaultImpl();
    return NULL;
}

static void on_timer(int timer, void *opaque)
{
    (void)timer;
    *(int *)opaque = 1;
}

static void child(void)
{
    char text[128];
    virConnectPtr own;
    virDomainPtr theirs;
    virStoragePoolPtr again;
    int called = 0;

    alarm(20);
    print_to(text, sizeof(text), "of process %ld, from which this process was forked",
             (long)getppid());
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, text);
    CHECK_INT(virStoragePoolRefresh(pool, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, text);
    CHECK_INT(virConnectClose(conn), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, text);

    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    CHECK(virEventAddTimeout(0, on_timer, &called, NULL) > 0);
    while (!called)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    own = virConnectOpen(test_uri);
    CHECK(own != NULL);
    again = virStoragePoolLookupByName(own, pool_name("p"));
    (void)again;
    theirs = virDomainLookupByName(own, "running");
    CHECK(theirs != NULL);
    /* By its own connection it uses what the parent runs, as every other process does. */
    CHECK_INT(virDomainSuspend(theirs), 0);
    CHECK_INT(virDomainResume(theirs), 0);
    CHECK_INT(virDomainFree(theirs), 0);
    CHECK_INT(virConnectClose(own), 0);
}

static void forks(int count)
{
    int i, status;

    for (i = 0; i < count; i++) {
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
            child();
            _exit(0);
        }
        CHECK_INT(waitpid(pid, &status, 0), pid);
        CHECK_INT(status, 0);
    }
}

/* If the parent has no other threads, the child can use all objects: a daemon that leaves its
 * terminal. */
static void daemon_goes_on(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    pid_t pid = fork();
    int status;

    CHECK(pid >= 0);
    if (pid == 0) {
        virStorageVolInfo info;

        alarm(20);
        CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
        CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    CHECK_INT(virStorageVolFree(vol), 0);
}

int main(int argc, char **argv)
{
    static int woken;
    pthread_t threads[3];
    int i;

    (void)argc;
    fixture_prepare(argv[0], 240);
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    pool = make_pool(conn, "p");
    daemon_goes_on();
    CHECK_INT(truncate(in_dir("p/v"), MIB), 0);
    dom = virDomainCreateXML(conn, domain_xml("running", disk_xml("vda", "p/v", "raw", ""), 1), 0);
    CHECK(dom != NULL);
    for (i = 0; i < 2; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, busy, NULL), 0);
    CHECK_INT(pthread_create(&threads[2], NULL, drive, NULL), 0);
    forks(60);
    stop = 1;
    CHECK(virEventAddTimeout(0, on_timer, &woken, NULL) > 0);
    for (i = 0; i < 3; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
