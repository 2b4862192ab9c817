/* Clones on filesystems that share blocks: XFS and btrfs, each in a file that is mounted as a
 * loop device. A clone takes no space, and writes to one copy do not change the other. */
#include "fixture.h"

#include <sys/wait.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;
static int mounted;
static int tried;

static int run(const char *command)
{
    int status = system(command);

    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A failed check ends the program, and the mounts must go with it. */
static void unmount(void)
{
    char command[2 * PATH_MAX];

    if (!mounted)
        return;
    mounted = 0;
    print_to(command, sizeof(command), "umount '%s'", in_dir("p"));
    if (!run(command))
        fprintf(stderr, "still mounted: %s\n", in_dir("p"));
}

/* Returns 0 if such a filesystem cannot be mounted here. */
static int mount_new(const char *mkfs)
{
    char command[4 * PATH_MAX];

    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    set_size(in_dir("disk"), 512 * MIB);
    print_to(command, sizeof(command),
             "%s '%s' >/dev/null 2>&1 && mount -o loop '%s' '%s' 2>/dev/null", mkfs,
             in_dir("disk"), in_dir("disk"), in_dir("p"));
    mounted = geteuid() == 0 && run(command);
    return mounted;
}

static unsigned long long available(void)
{
    virStoragePoolInfo info;
    int fd = open(in_dir("p"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* The filesystem only counts space that has been written back. */
    CHECK(fd >= 0);
    CHECK_INT(syncfs(fd), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolGetInfo(pool, &info), 0);
    return info.available;
}

static virStorageVolPtr clone_of(virStorageVolPtr source, const char *xml, unsigned int flags)
{
    virStorageVolPtr vol = virStorageVolCreateXMLFrom(pool, xml, source, flags);

    CHECK(vol != NULL);
    return vol;
}

static void check_content(const char *name, unsigned long long size)
{
    CHECK_INT(file_size(in_dir("p/%s", name)), size);
    CHECK(file_has_pattern(in_dir("p/%s", name), 32 * MIB, 16 * MIB, 1));
    CHECK(file_is_zero(in_dir("p/%s", name), 16 * MIB, 0));
    CHECK(file_is_zero(in_dir("p/%s", name), (size_t)(size - 48 * MIB), 48 * MIB));
}

static void shares(virStorageVolPtr source, const char *xml, unsigned int flags,
                   unsigned long long size)
{
    unsigned long long before = available();
    virStorageVolPtr vol = clone_of(source, xml, flags);

    CHECK_STR(virStorageVolGetName(vol), "clone");
    check_content("clone", size);
    CHECK(available() + 4 * MIB > before);

    write_pattern(in_dir("p/clone"), 64 * KIB, 20 * MIB, 2);
    CHECK(file_has_pattern(in_dir("p/clone"), 64 * KIB, 20 * MIB, 2));
    check_content("source", 64 * MIB);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK(file_is_zero(in_dir("p/clone"), (size_t)size, 0));
    check_content("source", 64 * MIB);
    vol_gone(vol);
}

static void takes_its_own(virStorageVolPtr source)
{
    unsigned long long before = available();
    virStorageVolPtr vol = clone_of(source, vol_xml("clone", 64 * MIB, 64 * MIB), 0);

    check_content("clone", 64 * MIB);
    CHECK(file_allocation(in_dir("p/clone")) >= 64 * MIB);
    CHECK(available() + 60 * MIB < before);
    vol_gone(vol);
}

static void outside(virStorageVolPtr source)
{
    virStoragePoolPtr other = make_pool(conn, "other");
    virStorageVolPtr vol;

    /* Blocks can only be shared within a filesystem. */
    CHECK(virStorageVolCreateXMLFrom(other, vol_xml("clone", 64 * MIB, 0), source,
                                     VIR_STORAGE_VOL_CREATE_REFLINK) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "failed to clone files from '");
    CHECK(!exists(in_dir("other/clone")));
    CHECK_INT(virStoragePoolNumOfVolumes(other), 0);
    vol = virStorageVolCreateXMLFrom(other, vol_xml("clone", 64 * MIB, 0), source, 0);
    CHECK(vol != NULL);
    CHECK(file_has_pattern(in_dir("other/clone"), 32 * MIB, 16 * MIB, 1));
    CHECK_INT(file_size(in_dir("other/clone")), 64 * MIB);
    CHECK(file_allocation(in_dir("other/clone")) < 33 * MIB);
    vol_gone(vol);
    pool_gone(other);
    CHECK_INT(rmdir(in_dir("other")), 0);
}

/* `nocow` is an option of btrfs; elsewhere it is refused. */
static void without_copy_on_write(int is_btrfs)
{
    virStorageVolPtr vol = virStorageVolCreateXML(
        pool,
        "<volume><name>nocow</name><capacity>1048576</capacity><target><format type='raw'/>"
        "<nocow/></target></volume>",
        0);
    char command[2 * PATH_MAX];

    if (!is_btrfs) {
        CHECK(vol == NULL);
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "unable to control COW flag on '");
        CHECK(strstr(virGetLastErrorMessage(), "not btrfs: ") != NULL);
        CHECK(!exists(in_dir("p/nocow")));
        return;
    }
    CHECK(vol != NULL);
    print_to(command, sizeof(command), "lsattr '%s' | cut -d' ' -f1 | grep -q C",
             in_dir("p/nocow"));
    CHECK(run(command));
    CHECK_INT(file_size(in_dir("p/nocow")), MIB);
    vol_gone(vol);
}

static void on(const char *mkfs, int is_btrfs)
{
    virStorageVolPtr source;

    if (mount_new(mkfs)) {
        tried++;
        pool = virStoragePoolCreateXML(conn, pool_xml("p"), 0);
        CHECK(pool != NULL);
        source = make_vol(pool, "source", 64 * MIB, 0);
        write_pattern(in_dir("p/source"), 32 * MIB, 16 * MIB, 1);
        shares(source, vol_xml("clone", 64 * MIB, 0), VIR_STORAGE_VOL_CREATE_REFLINK, 64 * MIB);
        /* The requested allocation does not apply to shared blocks. */
        shares(source, vol_xml("clone", 64 * MIB, 64 * MIB), VIR_STORAGE_VOL_CREATE_REFLINK,
               64 * MIB);
        shares(source, vol_xml("clone", 1, 0), VIR_STORAGE_VOL_CREATE_REFLINK, 64 * MIB);
        if (ours) {
            shares(source, vol_xml("clone", 100 * MIB, 0), VIR_STORAGE_VOL_CREATE_REFLINK,
                   100 * MIB);
            /* A sparse copy shares blocks without being asked to. */
            shares(source, vol_xml("clone", 64 * MIB, 0), 0, 64 * MIB);
        }
        takes_its_own(source);
        outside(source);
        without_copy_on_write(is_btrfs);
        check_content("source", 64 * MIB);
        vol_gone(source);
        pool_gone(pool);
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
    conn = fixture_open(argv[0], 120);
    CHECK_INT(atexit(unmount), 0);
    on("mkfs.xfs -q -f", 0);
    on("mkfs.btrfs -q -f", 1);
    CHECK_INT(virConnectClose(conn), 0);
    return tried ? CHECK_DONE() : 0;
}
