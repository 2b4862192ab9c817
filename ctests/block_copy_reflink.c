/* Block copies on filesystems that share blocks: XFS and btrfs, each in a file that is mounted
 * as a loop device. A copy takes no space, and no write of the guest is lost when it moves from
 * copy to copy. */
/* ctest: ours-only because QEMU does not share blocks */
#include "domain.h"

#include <sys/statvfs.h>
#include <sys/wait.h>

static virConnectPtr conn;
static int mounted;
static int tried;

/* Not whole blocks. */
#define SIZE (64 * MIB + 1536)

/* A failed check ends the program, and the mounts must go with it. */
static void unmount(void)
{
    if (mounted && run("umount '%s'", in_dir("p")) != 0)
        fprintf(stderr, "still mounted: %s\n", in_dir("p"));
    mounted = 0;
}

/* Returns 0 if such a filesystem cannot be mounted here. */
static int mount_new(const char *mkfs)
{
    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    set_size(in_dir("disk"), 512 * MIB);
    mounted = geteuid() == 0
              && run("%s '%s' >/dev/null 2>&1 && mount -o loop '%s' '%s' 2>/dev/null", mkfs,
                     in_dir("disk"), in_dir("disk"), in_dir("p")) == 0;
    return mounted;
}

static unsigned long long available(void)
{
    struct statvfs st;
    int fd = open(in_dir("p"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* The filesystem only counts space that has been written back. */
    CHECK(fd >= 0);
    CHECK_INT(syncfs(fd), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(statvfs(in_dir("p"), &st), 0);
    return (unsigned long long)st.f_bavail * st.f_frsize;
}

/* Copies the disk to a new file, pivots, and removes the old file. */
static void move_to(virDomainPtr dom, const char *from, const char *to, unsigned int flags)
{
    virDomainBlockJobInfo info;
    char xml[4096];

    print_to(xml, sizeof(xml), "<disk type='file'><driver type='raw'/><source file='%s'/></disk>",
             in_dir("p/%s", to));
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, flags), 0);
    do {
        CHECK_INT(virDomainGetBlockJobInfo(dom, "vda", &info, 0), 1);
        usleep(1000);
    } while (info.cur != info.end);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), 0);
    CHECK_INT(unlink(in_dir("p/%s", from)), 0);
}

/* Writes the same data to the disk and to a file beside it, until told to stop. */
static pid_t start_guest(const char *uri)
{
    pid_t guest = fork();

    CHECK(guest >= 0);
    if (guest == 0) {
        char script[8192];

        snprintf(script, sizeof(script),
                 "n=0; until [ -e '%s' ]; do set --; for i in 1 2 3 4 5 6 7 8; do n=$((n + 1));"
                 " set -- \"$@\" -c \"write -q -P $((n %% 251 + 1)) $((n * 7919 %% 16384))k 4k\"; done;"
                 " qemu-io -f raw \"$@\" '%s' && qemu-io -f raw \"$@\" '%s' || exit 1; done",
                 in_dir("stop"), uri, in_dir("model"));
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    return guest;
}

static void on(const char *mkfs)
{
    unsigned long long before;
    virDomainPtr dom;
    char names[2][16];
    int round, status;
    pid_t guest;

    if (mount_new(mkfs)) {
        tried++;
        set_size(in_dir("p/0"), SIZE);
        write_pattern(in_dir("p/0"), 8 * MIB, 40 * MIB, 1);
        CHECK_INT(run("cp '%s' '%s'", in_dir("p/0"), in_dir("model")), 0);
        dom = virDomainCreateXML(conn, domain_xml("shares", disk_xml("vda", "p/0", "raw", ""), 242), 0);
        CHECK(dom != NULL);
        /* The old file is removed; its space is in use until it is closed. */
        CHECK_INT(link(in_dir("p/0"), in_dir("p/kept")), 0);
        before = available();
        move_to(dom, "0", "1", 0);
        CHECK(before - available() < 4 * MIB);
        CHECK_INT(file_size(in_dir("p/1")), SIZE);
        CHECK_INT(unlink(in_dir("p/kept")), 0);

        guest = start_guest(disk_uri(dom, "vda"));
        for (round = 1; round <= 20; round++) {
            print_to(names[0], sizeof(names[0]), "%d", round);
            print_to(names[1], sizeof(names[1]), "%d", round + 1);
            move_to(dom, names[0], names[1],
                    round % 2 ? 0 : VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES);
        }
        set_size(in_dir("stop"), 0);
        CHECK_INT(waitpid(guest, &status, 0), guest);
        CHECK_INT(status, 0);
        CHECK_INT(virDomainDestroy(dom), 0);
        CHECK_INT(virDomainFree(dom), 0);
        CHECK_INT(run("cmp '%s' '%s'", in_dir("model"), in_dir("p/21")), 0);
        CHECK_INT(unlink(in_dir("stop")), 0);
        unmount();
    } else {
        check_not_run(mkfs, "it takes that program, root, and loop devices");
    }
    CHECK_INT(rmdir(in_dir("p")), 0);
    CHECK_INT(unlink(in_dir("disk")), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    CHECK_INT(atexit(unmount), 0);
    on("mkfs.xfs -q -f");
    on("mkfs.btrfs -q -f");
    CHECK_INT(virConnectClose(conn), 0);
    return tried ? CHECK_DONE() : 0;
}
