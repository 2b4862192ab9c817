/* A full disk, a limit for file sizes, a file that shrinks: the error, with the errno text,
 * comes at the next call or at virStreamFinish, stays, and is never lost. */
#include "fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#define CHUNK (64 * KIB)

static virConnectPtr conn;
static char chunk[CHUNK];

static void unmount(void)
{
    umount2(in_dir("small"), MNT_DETACH);
}

/* A filesystem of 8 MiB. If no daemon has to see it, it is in a mount namespace that ends with
 * this process. */
static int mount_small(void)
{
    const char *uri = getenv("TEST_URI");

    CHECK_INT(mkdir(in_dir("small"), 0755), 0);
    if (!uri || !*uri || strncmp(uri, "sparse:", 7) == 0) {
        if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") < 0)
            return 0;
    }
    if (mount("tmpfs", in_dir("small"), "tmpfs", 0, "size=8m,mode=0755") < 0)
        return 0;
    CHECK_INT(atexit(unmount), 0);
    return 1;
}

static void is_error(int number)
{
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, strerror(number));
    CHECK_INT(virGetLastError()->int1, number);
}

/* After the failure all calls return the same error. */
static void stays_failed(virStreamPtr st, int number)
{
    char first[512];

    is_error(number);
    print_to(first, sizeof(first), "%s", virGetLastErrorMessage());
    CHECK_INT(virStreamSend(st, chunk, 1), -1);
    is_error(number);
    CHECK_STR(virGetLastErrorMessage(), first);
    CHECK_INT(virStreamFinish(st), -1);
    is_error(number);
    CHECK_STR(virGetLastErrorMessage(), first);
    CHECK_INT(virStreamAbort(st), -1);
    is_error(number);
    CHECK_INT(virStreamFinish(st), -1);
    is_error(number);
    CHECK_STR(virGetLastErrorMessage(), first);
}

/* Sends until an error is returned, which may only be at virStreamFinish. */
static int send_chunks(virStreamPtr st, int chunks)
{
    int i;

    for (i = 0; i < chunks; i++) {
        size_t done = 0;

        while (done < CHUNK) {
            int n = virStreamSend(st, chunk + done, CHUNK - done);

            if (n < 0)
                return -1;
            CHECK(n > 0);
            done += (size_t)n;
        }
    }
    return virStreamFinish(st);
}

static int endless(virStreamPtr st, char *data, size_t len, void *opaque)
{
    size_t *left = (size_t *)opaque, n = *left < len ? *left : len;

    (void)st;
    memset(data, 'x', n);
    *left -= n;
    return (int)n;
}

static void full_disk(virStoragePoolPtr pool)
{
    virStorageVolPtr vol = make_vol(pool, "v", 32 * MIB, 0);
    virStreamPtr st = upload_to(vol, 0, 0, 0);
    size_t left = 32 * MIB;

    CHECK_INT(send_chunks(st, 512), -1);
    stays_failed(st, ENOSPC);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(file_size(in_dir("small/v")), 32 * MIB);
    /* What there was room for is there. */
    CHECK(file_has(in_dir("small/v"), chunk, CHUNK, 0));
    CHECK(file_has(in_dir("small/v"), chunk, CHUNK, 4 * MIB));

    st = upload_to(vol, 0, 0, 0);
    if (virStreamSendAll(st, endless, &left) == 0)
        CHECK_INT(virStreamFinish(st), -1);
    is_error(ENOSPC);
    CHECK_INT(virStreamFree(st), 0);

    /* Zeros give the space back, even here; then there is room again. */
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(send_chunks(st, 16), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK(file_has(in_dir("small/v"), chunk, CHUNK, 15 * CHUNK));
    vol_gone(vol);
}

/* All but the last block finds room. libvirt loses this error. */
static void last_block(virStoragePoolPtr pool, size_t piece)
{
    struct statvfs fs;
    virStorageVolPtr vol;
    virStreamPtr st;
    size_t room, sent = 0;
    int failed = 0;

    CHECK_INT(statvfs(in_dir("small"), &fs), 0);
    room = (size_t)fs.f_bavail * fs.f_frsize;
    vol = make_vol(pool, "l", room + piece, 0);
    st = upload_to(vol, 0, 0, 0);
    while (!failed && sent < room + piece) {
        size_t rest = room + piece - sent;
        int n = virStreamSend(st, chunk, rest < CHUNK ? rest : CHUNK);

        CHECK(n > 0 || n == -1);
        failed = n < 0;
        sent += failed ? 0 : (size_t)n;
    }
    if (!failed)
        CHECK_INT(virStreamFinish(st), -1);
    stays_failed(st, ENOSPC);
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
}

/* A volume that cannot be finished is not left half made. */
static void failed_creation(virStoragePoolPtr pool)
{
    virStorageVolPtr vol = make_vol(pool, "source", 6 * MIB, 0);

    write_pattern(in_dir("small/source"), 6 * MIB, 0, 1);
    CHECK(virStorageVolCreateXML(pool, vol_xml("n", 16 * MIB, 16 * MIB), 0) == NULL);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, strerror(ENOSPC));
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK(!exists(in_dir("small/n")));
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("n", 6 * MIB, 0), vol, 0) == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ENOSPC));
    CHECK(!exists(in_dir("small/n")));
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 1);
    CHECK(virStorageVolLookupByName(pool, "n") == NULL);
    CHECK_INT(virStorageVolResize(vol, 64 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), -1);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STORAGE, "Not enough space left in storage pool");
    CHECK_INT(file_size(in_dir("small/source")), 6 * MIB);
    CHECK(file_has_pattern(in_dir("small/source"), 6 * MIB, 0, 1));
    vol_gone(vol);
}

/* The process's own limit, whose signal would end it. */
static void file_size_limit(virStoragePoolPtr pool)
{
    virStorageVolPtr vol = make_vol(pool, "v", 4 * MIB, 0), none;
    struct rlimit limit, low;
    struct sigaction before, after;
    virStreamPtr st;

    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_INT(sigaction(SIGXFSZ, NULL, &before), 0);
    CHECK(before.sa_handler == SIG_DFL);
    low = limit;
    low.rlim_cur = MIB;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &low), 0);
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(send_chunks(st, 32), -1);
    stays_failed(st, EFBIG);
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM);
    CHECK_INT(virStreamSendHole(st, 2 * MIB, 0), 0);
    CHECK_INT(send_chunks(st, 1), -1);
    is_error(EFBIG);
    CHECK_INT(virStreamFree(st), 0);
    none = virStorageVolCreateXML(pool, vol_xml("n", 2 * MIB, 0), 0);
    CHECK(none == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EFBIG));
    CHECK(!exists(in_dir("p/n")));
    CHECK(virStorageVolCreateXML(pool, vol_xml("n", 2 * MIB, 2 * MIB), 0) == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EFBIG));
    CHECK(!exists(in_dir("p/n")));
    CHECK_INT(virStorageVolResize(vol, 8 * MIB, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EFBIG));
    CHECK_INT(file_size(in_dir("p/v")), 4 * MIB);
    CHECK_INT(sigaction(SIGXFSZ, NULL, &after), 0);
    CHECK(after.sa_handler == SIG_DFL);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(send_chunks(st, 32), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK(file_has(in_dir("p/v"), chunk, CHUNK, 31 * CHUNK));
    vol_gone(vol);
}

/* A file that is truncated while it is read ends its download with an error, because the
 * received data is not the whole volume. libvirt reports a normal end. */
static void shrinking(virStoragePoolPtr pool, unsigned int flags, int with_hole)
{
    virStorageVolPtr vol = make_vol(pool, "s", 8 * MIB, 0);
    char *buf = (char *)malloc(CHUNK);
    unsigned long long got = 0;
    virStreamPtr st;
    int n;

    CHECK(buf != NULL);
    /* More than is read ahead. With a hole at its end, nothing is read where the file is cut. */
    write_pattern(in_dir("p/s"), with_hole ? 4 * MIB : 8 * MIB, 0, 1);
    st = download_from(vol, 0, 0, flags);
    n = virStreamRecv(st, buf, CHUNK);
    CHECK(n > 0);
    CHECK(file_has_pattern(in_dir("p/s"), (size_t)n, 0, 1));
    CHECK_INT(truncate(in_dir("p/s"), with_hole ? 5 * MIB : 1000), 0);
    do {
        got += (unsigned long long)n;
        n = virStreamRecv(st, buf, CHUNK);
        CHECK(n >= -1);
    } while (n > 0);
    CHECK(got <= 8 * MIB);
    if (ours) {
        CHECK_INT(n, -1);
        CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STREAMS, "p/s' has become shorter");
        CHECK_INT(virStreamFinish(st), -1);
        CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_STREAMS, "p/s' has become shorter");
    } else if (n < 0) {
        CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    }
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(vol);
    free(buf);
}

int main(int argc, char **argv)
{
    virStoragePoolPtr pool;
    int small;

    (void)argc;
    fixture_prepare(argv[0], 240);
    memset(chunk, 'x', sizeof(chunk));
    small = mount_small();
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    ours = strcmp(virConnectGetType(conn), "SPARSE") == 0;
    if (small) {
        pool = virStoragePoolCreateXML(conn, pool_xml("small"), 0);
        CHECK(pool != NULL);
        full_disk(pool);
        if (ours) {
            last_block(pool, 4 * KIB);
            last_block(pool, 1);
            last_block(pool, CHUNK);
        }
        failed_creation(pool);
        pool_gone(pool);
    } else {
        check_not_run("a full disk", "no filesystem can be mounted");
    }
    pool = make_pool(conn, "p");
    /* The limit binds the process that writes, which is another one with libvirt. */
    if (ours)
        file_size_limit(pool);
    shrinking(pool, 0, 0);
    shrinking(pool, 0, 1);
    shrinking(pool, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM, 0);
    shrinking(pool, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM, 1);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
