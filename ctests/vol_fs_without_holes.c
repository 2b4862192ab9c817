/* Volumes on a filesystem that cannot preallocate, cannot report or punch holes, cannot share
 * blocks, and has no files without a name. FAT is used where it can be mounted; everywhere, a
 * seccomp filter makes the kernel refuse the calls that such filesystems refuse. */
#include "fixture.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SPARSE_UP VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
#define SPARSE_DOWN VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM

static virConnectPtr conn;
static virStoragePoolPtr pool;
/* The filesystem gives files exactly the space that they use. */
static int is_sparse;

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static void created(void)
{
    static const unsigned long long sizes[] = { 0, 1, 5000, MIB, 3 * MIB + 7 };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        virStorageVolPtr vol = make_vol(pool, "v", sizes[i], sizes[i]);

        CHECK_INT(file_size(in_dir("p/v")), sizes[i]);
        CHECK(file_allocation(in_dir("p/v")) >= sizes[i]);
        CHECK(file_is_zero(in_dir("p/v"), (size_t)sizes[i], 0));
        CHECK_INT(entries(in_dir("p")), 1);
        vol_gone(vol);
        vol = make_vol(pool, "v", sizes[i], 0);
        CHECK_INT(file_size(in_dir("p/v")), sizes[i]);
        if (is_sparse)
            CHECK_INT(file_allocation(in_dir("p/v")), 0);
        CHECK(file_is_zero(in_dir("p/v"), (size_t)sizes[i], 0));
        vol_gone(vol);
        CHECK_INT(entries(in_dir("p")), 0);
    }
}

static void not_created(void)
{
    int limited;

    write_pattern(in_dir("p/there"), 100, 0, 3);
    CHECK(virStorageVolCreateXML(pool, vol_xml("there", MIB, 0), 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "already exists");
    CHECK_INT(file_size(in_dir("p/there")), 100);
    CHECK(file_has_pattern(in_dir("p/there"), 100, 0, 3));
    CHECK_INT(unlink(in_dir("p/there")), 0);
    /* A size beyond the filesystem's limit, if it has one: this is found out before the disk is
     * full. */
    write_pattern(in_dir("p/limit"), 1, 0, 1);
    limited = truncate(in_dir("p/limit"), 1LL << 62) != 0;
    CHECK_INT(unlink(in_dir("p/limit")), 0);
    if (!limited)
        return;
    CHECK(virStorageVolCreateXML(pool, vol_xml("v", 1ULL << 62, 1ULL << 62), 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "cannot extend file '");
    CHECK_INT(virGetLastError()->int1, EFBIG);
    CHECK_INT(entries(in_dir("p")), 0);
}

/* Data at both ends of a volume, and a hole between. */
static void uploaded(unsigned long long allocation, unsigned int flags)
{
    virStorageVolPtr vol = make_vol(pool, "v", 2 * MIB, allocation);
    virStreamPtr st;
    char *got = (char *)malloc(2 * MIB);
    size_t at = 0;

    CHECK(got != NULL);
    write_pattern(in_dir("p/v"), 2 * MIB, 0, 9);
    st = upload_to(vol, 0, 2 * MIB, flags);
    send_pattern(st, 256 * KIB, 0, 1);
    if (flags) {
        CHECK_INT(virStreamSendHole(st, 2 * MIB - 512 * KIB, 0), 0);
    } else {
        char *zeros = (char *)calloc(1, 2 * MIB - 512 * KIB);

        CHECK(zeros != NULL);
        send_bytes(st, zeros, 2 * MIB - 512 * KIB);
        free(zeros);
    }
    send_pattern(st, 256 * KIB, 2 * MIB - 256 * KIB, 1);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), 2 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 256 * KIB, 0, 1));
    /* libvirt keeps the old data in a hole. */
    if (ours || !flags)
        CHECK(file_is_zero(in_dir("p/v"), 2 * MIB - 512 * KIB, 256 * KIB));
    CHECK(file_has_pattern(in_dir("p/v"), 256 * KIB, 2 * MIB - 256 * KIB, 1));

    st = download_from(vol, 0, 0, 0);
    CHECK_INT(recv_bytes(st, got, 2 * MIB), 2 * MIB);
    CHECK(file_has(in_dir("p/v"), got, 2 * MIB, 0));
    finish_and_free(st);

    memset(got, 0, 2 * MIB);
    st = download_from(vol, 0, 0, SPARSE_DOWN);
    while (at < 2 * MIB) {
        int n = virStreamRecvFlags(st, got + at, 2 * MIB - at, VIR_STREAM_RECV_STOP_AT_HOLE);
        long long hole = 0;

        CHECK(n >= 0 || n == -3);
        if (n == -3)
            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
        CHECK(n > 0 || hole > 0);
        at += n > 0 ? (size_t)n : (size_t)hole;
    }
    CHECK_INT(at, 2 * MIB);
    CHECK(file_has(in_dir("p/v"), got, 2 * MIB, 0));
    finish_and_free(st);
    free(got);
    vol_gone(vol);
}

static void cloned(void)
{
    virStorageVolPtr source = make_vol(pool, "source", MIB, 0), vol;

    write_pattern(in_dir("p/source"), 64 * KIB, 512 * KIB, 1);
    vol = virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), source, 0);
    CHECK(vol != NULL);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 512 * KIB, 1));
    CHECK(file_is_zero(in_dir("p/v"), 512 * KIB, 0));
    if (is_sparse)
        CHECK_INT(file_allocation(in_dir("p/v")), 64 * KIB);
    vol_gone(vol);
    vol = virStorageVolCreateXMLFrom(pool, vol_xml("v", 2 * MIB, 2 * MIB), source, 0);
    CHECK(vol != NULL);
    CHECK_INT(file_size(in_dir("p/v")), 2 * MIB);
    CHECK(file_allocation(in_dir("p/v")) >= 2 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 512 * KIB, 1));
    CHECK(file_is_zero(in_dir("p/v"), 512 * KIB, 0));
    CHECK(file_is_zero(in_dir("p/v"), 2 * MIB - 576 * KIB, 576 * KIB));
    vol_gone(vol);
    if (ours) {
        CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", MIB, 0), source,
                                         VIR_STORAGE_VOL_CREATE_REFLINK) == NULL);
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "failed to clone files from '");
        CHECK_INT(virGetLastError()->int1, EOPNOTSUPP);
    }
    CHECK_INT(entries(in_dir("p")), 1);
    vol_gone(source);
}

static void wiped(unsigned long long allocation)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, allocation);

    write_pattern(in_dir("p/v"), 100 * KIB, 0, 1);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_is_zero(in_dir("p/v"), MIB, 0));
    write_pattern(in_dir("p/v"), MIB, 0, 1);
    if (ours) {
        CHECK_INT(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_DOD, 0), 0);
        CHECK_INT(file_size(in_dir("p/v")), MIB);
        CHECK(!file_has_pattern(in_dir("p/v"), 4 * KIB, 0, 1));
        CHECK(!file_has_pattern(in_dir("p/v"), 4 * KIB, MIB - 4 * KIB, 1));
    }
    vol_gone(vol);
}

static void resized(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);

    write_pattern(in_dir("p/v"), 4 * KIB, 0, 1);
    CHECK_INT(virStorageVolResize(vol, 3 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), 0);
    CHECK_INT(file_size(in_dir("p/v")), 3 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 4 * KIB, 0, 1));
    CHECK(file_is_zero(in_dir("p/v"), 3 * MIB - 4 * KIB, 4 * KIB));
    CHECK(file_allocation(in_dir("p/v")) >= 2 * MIB);
    vol_gone(vol);
    vol = make_vol(pool, "v", MIB, 0);
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    CHECK_INT(file_size(in_dir("p/v")), 2 * MIB);
    CHECK(file_is_zero(in_dir("p/v"), 2 * MIB, 0));
    vol_gone(vol);
}

/* Space cannot be allocated: nothing is created, and existing volumes are unchanged. */
static void full(void)
{
    virStorageVolPtr vol;

    CHECK(virStorageVolCreateXML(pool, vol_xml("v", MIB, MIB), 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "cannot allocate 1048576 bytes in file '");
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(entries(in_dir("p")), 0);

    vol = make_vol(pool, "v", MIB, 0);
    write_pattern(in_dir("p/v"), 4 * KIB, MIB - 4 * KIB, 1);
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("w", MIB, MIB), vol, 0) == NULL);
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), -1);
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK_INT(virStorageVolResize(vol, 512 * KIB,
                                  VIR_STORAGE_VOL_RESIZE_ALLOCATE | VIR_STORAGE_VOL_RESIZE_SHRINK),
              -1);
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK_INT(file_allocation(in_dir("p/v")), 4 * KIB);
    CHECK(file_has_pattern(in_dir("p/v"), 4 * KIB, MIB - 4 * KIB, 1));
    CHECK_INT(entries(in_dir("p")), 1);
    vol_gone(vol);
}

static void everything(void)
{
    created();
    not_created();
    uploaded(0, 0);
    uploaded(0, SPARSE_UP);
    uploaded(2 * MIB, 0);
    uploaded(2 * MIB, SPARSE_UP);
    cloned();
    wiped(0);
    wiped(MIB);
    resized();
    CHECK_INT(entries(in_dir("p")), 0);
}

#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define IF(test, value, skip) BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, (value), 0, (skip))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, (what))
#define FAIL(error) RETURN(SECCOMP_RET_ERRNO | (error))

static int filter(struct sock_filter *code, size_t len)
{
    struct sock_fprog program;

    program.len = (unsigned short)len;
    program.filter = code;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The calls that many network and FUSE filesystems refuse. Later threads of this process inherit
 * the filter. */
static int refuse_holes(void)
{
    struct sock_filter code[] = {
        LOAD(offsetof(struct seccomp_data, nr)),
        IF(JEQ, __NR_fallocate, 1),
        FAIL(EOPNOTSUPP),
        IF(JEQ, __NR_lseek, 3),
        LOAD(ARG(2)),
        IF(JGE, SEEK_DATA, 9),
        FAIL(EINVAL),
        IF(JEQ, __NR_ioctl, 3),
        LOAD(ARG(1)),
        IF(JEQ, 0x40049409, 5), /* FICLONE */
        FAIL(EOPNOTSUPP),
        IF(JEQ, __NR_openat, 3),
        LOAD(ARG(2)),
        IF(JSET, O_TMPFILE & ~O_DIRECTORY, 1),
        FAIL(EOPNOTSUPP),
        RETURN(SECCOMP_RET_ALLOW),
    };

    return filter(code, sizeof(code) / sizeof(code[0]));
}

/* The calls that only some of these refuse. */
static int refuse(unsigned int call, int error)
{
    struct sock_filter code[] = {
        LOAD(offsetof(struct seccomp_data, nr)),
        IF(JEQ, call, 1),
        FAIL((unsigned int)error),
        RETURN(SECCOMP_RET_ALLOW),
    };

    return filter(code, sizeof(code) / sizeof(code[0]));
}

static int run(const char *command)
{
    int status = system(command);

    return status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The pool's folder is on a FAT filesystem of its own, if one can be mounted. */
static void on_fat(void)
{
    char command[3 * PATH_MAX];

    CHECK_INT(mkdir(in_dir("p"), 0755), 0);
    set_size(in_dir("fat"), 64 * MIB);
    print_to(command, sizeof(command),
             "mkfs.vfat '%s' >/dev/null 2>&1 && mount -o loop '%s' '%s' 2>/dev/null",
             in_dir("fat"), in_dir("fat"), in_dir("p"));
    if (geteuid() == 0 && run(command)) {
        pool = virStoragePoolCreateXML(conn, pool_xml("p"), 0);
        CHECK(pool != NULL);
        everything();
        pool_gone(pool);
        print_to(command, sizeof(command), "umount '%s'", in_dir("p"));
        CHECK(run(command));
    } else {
        check_not_run("on FAT", "it takes root, mkfs.vfat, loop devices and a kernel with vfat");
    }
    CHECK_INT(rmdir(in_dir("p")), 0);
    CHECK_INT(unlink(in_dir("fat")), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    on_fat();
    pool = make_pool(conn, "p");
    is_sparse = ours;
    if (refuse_holes()) {
        everything();
        /* Without RENAME_NOREPLACE, and then without hard links. */
        CHECK(refuse(__NR_renameat2, EINVAL));
        everything();
        CHECK(refuse(__NR_linkat, EPERM));
        everything();
        CHECK(refuse(__NR_fallocate, ENOSPC));
        if (ours)
            full();
    } else {
        fprintf(stderr, "no calls are refused: the kernel has no seccomp filters\n");
    }
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
