/* Filesystems with unusual answers: ext4 that cannot report the data of a small file until it is
 * written back (and overlayfs above it), NTFS, which has holes and does not report them, and
 * ext4 that accepts O_DIRECT and uses the page cache. Each is in a file that is mounted as a
 * loop device, which needs root. */
#include "domain.h"
#include "image.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;
static const char *mounts[4];
static int mounted;

static void unmount_all(void)
{
    while (mounted > 0)
        if (tool("umount '%s'", mounts[--mounted]) != 0)
            fprintf(stderr, "still mounted: %s\n", mounts[mounted]);
}

/* Makes a folder of the test directory a mount point, and mounts with `command`; returns 0 if
 * that fails. */
static int mount_at(const char *folder, const char *what, const char *command)
{
    CHECK(mkdir(in_dir("%s", folder), 0755) == 0);
    if (geteuid() != 0 || tool("%s", command) != 0) {
        CHECK_INT(rmdir(in_dir("%s", folder)), 0);
        check_not_run(what, "it takes root, loop devices, and a kernel and programs that have it");
        return 0;
    }
    CHECK(mounted < 4);
    mounts[mounted] = strdup(in_dir("%s", folder));
    CHECK(mounts[mounted] != NULL);
    mounted++;
    return 1;
}

static void unmount(const char *folder)
{
    CHECK(mounted > 0);
    CHECK_INT(tool("umount '%s'", mounts[--mounted]), 0);
    free((void *)mounts[mounted]);
    CHECK_INT(rmdir(in_dir("%s", folder)), 0);
}

static int mount_ext4(const char *folder, const char *what, const char *mkfs, const char *options)
{
    char command[4 * PATH_MAX];

    set_size(in_dir("ext4"), 64 * MIB);
    print_to(command, sizeof(command), "mkfs.ext4 -q -F %s '%s' && mount -o loop%s '%s' '%s'", mkfs,
             in_dir("ext4"), options, in_dir("ext4"), in_dir("%s", folder));
    return mount_at(folder, what, command);
}

/* A volume of 50 bytes that is not written back is copied and converted: where the kernel does
 * not know holes, everything counts as data. */
static void small_files_that_are_not_written_back(void)
{
    virStorageVolPtr vol, copy;
    char command[4 * PATH_MAX];
    int fd, i;

    pool = virStoragePoolCreateXML(conn, pool_xml("p"), 0);
    CHECK(pool != NULL);
    vol = make_vol(pool, "small", 50, 0);
    for (i = 0; i < 2; i++) {
        write_pattern(in_dir("p/small"), 50, 0, 5);
        fd = open(in_dir("p/small"), O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0);
        if (lseek(fd, 0, SEEK_DATA) < 0)
            fprintf(stderr, "SEEK_DATA says %s here\n", strerror(errno));
        CHECK_INT(close(fd), 0);
        copy = i == 0 ? virStorageVolCreateXMLFrom(pool, vol_xml("copy", 50, 0), vol, 0)
                      : virStorageVolCreateXMLFrom(
                            pool,
                            "<volume><name>copy</name><target><format type='qcow2'/></target>"
                            "</volume>",
                            vol, 0);
        CHECK(copy != NULL);
        if (i == 0) {
            CHECK(file_has_pattern(in_dir("p/copy"), 50, 0, 5));
        } else {
            print_to(command, sizeof(command),
                     "qemu-img dd -f qcow2 -O raw bs=50 count=1 if='%s' of='%s' && "
                     "cmp -n 50 '%s' '%s'",
                     in_dir("p/copy"), in_dir("out"), in_dir("p/small"), in_dir("out"));
            CHECK_INT(tool("%s", command), 0);
            CHECK_INT(unlink(in_dir("out")), 0);
        }
        vol_gone(copy);
    }
    write_pattern(in_dir("p/small"), 50, 0, 6);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK(file_is_zero(in_dir("p/small"), 50, 0));
    vol_gone(vol);
    pool_gone(pool);
}

static void inline_data(void)
{
    char command[4 * PATH_MAX];

    if (!mount_ext4("m", "ext4 with inline_data", "-O inline_data -I 256", ""))
        return;
    CHECK_INT(mkdir(in_dir("m/p"), 0755), 0);
    CHECK_INT(symlink(in_dir("m/p"), in_dir("p")), 0);
    small_files_that_are_not_written_back();
    CHECK_INT(unlink(in_dir("p")), 0);
    CHECK_INT(tool("mkdir -p '%s' '%s' '%s'", in_dir("m/lower"), in_dir("m/upper"), in_dir("m/w")),
              0);
    print_to(command, sizeof(command),
             "mount -t overlay overlay -o 'lowerdir=%s,upperdir=%s,workdir=%s' '%s'",
             in_dir("m/lower"), in_dir("m/upper"), in_dir("m/w"), in_dir("o"));
    if (mount_at("o", "overlayfs", command)) {
        CHECK_INT(symlink(in_dir("o"), in_dir("p")), 0);
        small_files_that_are_not_written_back();
        CHECK_INT(unlink(in_dir("p")), 0);
        unmount("o");
    }
    unmount("m");
}

/* Uploads a mebibyte of data into a volume of 24; returns the space that it takes afterwards. */
static unsigned long long uploaded(int holes, int old)
{
    virStorageVolPtr vol = make_vol(pool, "v", 24 * MIB, 0);
    virStreamPtr st;
    unsigned long long space;

    if (old)
        write_pattern(in_dir("p/v"), MIB, 12 * MIB, 3);
    st = upload_to(vol, 0, 0, holes ? VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM : 0);
    send_pattern(st, 512 * KIB, 0, 1);
    if (holes) {
        CHECK_INT(virStreamSendHole(st, 23 * MIB, 0), 0);
    } else {
        char *zeros = (char *)calloc(1, 23 * MIB);

        CHECK(zeros != NULL);
        send_bytes(st, zeros, 23 * MIB);
        free(zeros);
    }
    send_pattern(st, 512 * KIB, 24 * MIB - 512 * KIB, 1);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), 24 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 512 * KIB, 0, 1));
    CHECK(file_is_zero(in_dir("p/v"), 23 * MIB, 512 * KIB));
    CHECK(file_has_pattern(in_dir("p/v"), 512 * KIB, 24 * MIB - 512 * KIB, 1));
    space = file_allocation(in_dir("p/v"));
    vol_gone(vol);
    return space;
}

/* NTFS keeps holes, but SEEK_HOLE does not report them, and no hole can be punched. */
static void ntfs(void)
{
    char command[4 * PATH_MAX];
    virStorageVolPtr vol;

    set_size(in_dir("ntfs"), 128 * MIB);
    print_to(command, sizeof(command), "mkfs.ntfs -q -F -f '%s' && ntfs-3g '%s' '%s'",
             in_dir("ntfs"), in_dir("ntfs"), in_dir("p"));
    if (!mount_at("p", "NTFS", command))
        return;
    pool = virStoragePoolCreateXML(conn, pool_xml("p"), 0);
    CHECK(pool != NULL);
    CHECK(uploaded(1, 0) <= MIB + 128 * KIB);
    CHECK(uploaded(0, 0) <= MIB + 128 * KIB);
    CHECK(uploaded(1, 1) <= 2 * MIB + 128 * KIB);
    CHECK(uploaded(0, 1) <= 2 * MIB + 128 * KIB);
    /* Space is also allocated for holes that are not reported. */
    vol = make_vol(pool, "v", 4 * MIB, 0);
    write_pattern(in_dir("p/v"), MIB, MIB, 3);
    CHECK(file_allocation(in_dir("p/v")) < 2 * MIB);
    CHECK_INT(virStorageVolResize(vol, 4 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), 0);
    CHECK(file_allocation(in_dir("p/v")) >= 4 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, MIB, 3));
    CHECK(file_is_zero(in_dir("p/v"), MIB, 0));
    CHECK(file_is_zero(in_dir("p/v"), 2 * MIB, 2 * MIB));
    vol_gone(vol);
    pool_gone(pool);
    unmount("p");
}

/* Direct I/O where the filesystem accepts O_DIRECT, as with QEMU. */
static void journalled_data(void)
{
    static const char *const caches[] = { "none", "directsync" };
    virDomainPtr dom;
    char xml[4096];
    size_t i;

    if (!mount_ext4("m", "ext4 with data=journal", "", ",data=journal"))
        return;
    for (i = 0; i < 2; i++) {
        write_pattern(in_dir("m/disk"), MIB, 0, 4);
        print_to(xml, sizeof(xml),
                 "<disk type='file' device='disk'><driver name='qemu' type='raw' cache='%s'/>"
                 "<source file='%s'/><target dev='vda' bus='virtio'/></disk>",
                 caches[i], in_dir("m/disk"));
        dom = virDomainCreateXML(conn, domain_xml("d", xml, 1), 0);
        CHECK(dom != NULL);
        CHECK_INT(run("qemu-io -f raw -c 'write -P 17 1000 5000' '%s' >/dev/null",
                      disk_uri(dom, "vda")), 0);
        CHECK_INT(virDomainDestroy(dom), 0);
        CHECK_INT(virDomainFree(dom), 0);
        CHECK(file_has_pattern(in_dir("m/disk"), 1000, 0, 4));
        CHECK(file_has_pattern(in_dir("m/disk"), MIB - 6000, 6000, 4));
        CHECK_INT(run("qemu-io -f raw -c 'read -P 17 1000 5000' '%s' | grep -q 'read 5000'",
                      in_dir("m/disk")), 0);
    }
    unmount("m");
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    atexit(unmount_all);
    inline_data();
    ntfs();
    journalled_data();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
