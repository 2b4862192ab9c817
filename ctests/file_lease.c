/* A file lease on a volume, which any owner of a file can take, does not delay calls: the kernel
 * would wait 45 seconds for its holder.
 * ctest: ours-only because libvirt waits */
#include "fixture.h"

#include <sys/wait.h>

/* A child that has the lease, and does not give it up. */
static pid_t lease(const char *path)
{
    int ready[2];
    char said = 0;
    pid_t child;

    CHECK_INT(pipe(ready), 0);
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        int fd = open(path, O_RDWR);

        signal(SIGIO, SIG_IGN);
        said = fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? 'y' : 'n';
        if (write(ready[1], &said, 1) == 1)
            pause();
        _exit(0);
    }
    CHECK(read(ready[0], &said, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    if (said == 'y')
        return child;
    waitpid(child, NULL, WNOHANG);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}

int main(int argc, char **argv)
{
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virStorageVolInfo info;
    virStreamPtr st;
    time_t begin;
    pid_t child;

    (void)argc;
    conn = fixture_open(argv[0], 200);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    child = lease(in_dir("p/v"));
    if (child == 0) {
        printf("file_lease: NOT RUN: there are no leases on this filesystem\n");
        vol_gone(vol);
        pool_gone(pool);
        virConnectClose(conn);
        return 0;
    }
    begin = time(NULL);
    /* The message for a file that cannot be read is tested elsewhere. */
    if (virStorageVolGetInfo(vol, &info) < 0)
        CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "p/v': Resource temporarily unavailable");
    st = virStreamNew(conn, 0);
    CHECK(st != NULL);
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "p/v': Resource temporarily unavailable");
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "p/v': Resource temporarily unavailable");
    /* The kernel breaks it after 45 seconds. */
    CHECK(time(NULL) - begin < 40);
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK(info.capacity == MIB);
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
