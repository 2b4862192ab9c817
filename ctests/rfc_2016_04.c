/* Sparse streams as posted in April 2016: with hole handlers registered, the ordinary loops are
 * sparse. */
/* ctest: ours-only because libvirt has released another design */
#include "domain.h"

#include <virsparse/rfc-2016-04.h>

#define UP VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
#define DOWN VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM

static virConnectPtr conn;
static virStoragePoolPtr pool;
static int failing;

/* A local file: 32 MiB with data at both ends of a hole and one inside. */
static void make_file(void)
{
    CHECK_INT(run("cd %s && rm -f file && truncate -s 32M file", test_dir), 0);
    write_pattern(in_dir("file"), 70000, 0, 1);
    write_pattern(in_dir("file"), MIB, 8 * MIB, 2);
    write_pattern(in_dir("file"), 4096, 20 * MIB, 3);
}

static int give_data(virStreamPtr st, char *data, size_t nbytes, void *opaque)
{
    CHECK(st != NULL);
    return (int)read(*(int *)opaque, data, nbytes);
}

static int in_data(virStreamPtr st, int *data, unsigned long long *length, void *opaque)
{
    int fd = *(int *)opaque;
    off_t at = lseek(fd, 0, SEEK_CUR), size = lseek(fd, 0, SEEK_END), next;

    CHECK(st != NULL && at >= 0);
    if (failing) {
        errno = ENXIO;
        return -1;
    }
    if (at == size) {
        *data = 0;
        *length = 0;
        return 0;
    }
    next = lseek(fd, at, SEEK_DATA);
    *data = next == at;
    if (next == at)
        next = lseek(fd, at, SEEK_HOLE);
    else if (next < 0)
        next = size;
    *length = (unsigned long long)(next - at);
    CHECK(lseek(fd, at, SEEK_SET) == at);
    return 0;
}

/* The same for both directions. */
static int skip(virStreamPtr st, unsigned long long offset, void *opaque)
{
    int fd = *(int *)opaque;
    off_t at = lseek(fd, (off_t)offset, SEEK_CUR);
    struct stat sb;

    CHECK(st != NULL && offset > 0 && at >= 0);
    if (failing) {
        errno = EDQUOT;
        return -1;
    }
    CHECK_INT(fstat(fd, &sb), 0);
    if (sb.st_size < at && ftruncate(fd, at) < 0)
        return -1;
    return 0;
}

static int take_data(virStreamPtr st, const char *data, size_t nbytes, void *opaque)
{
    CHECK(st != NULL);
    return (int)write(*(int *)opaque, data, nbytes);
}

static int same_and_as_small(const char *one, const char *other)
{
    return run("cd %s && cmp %s %s && test $(stat -c %%b %s) -le $(stat -c %%b %s)", test_dir, one,
               other, one, other) == 0;
}

static int open_file(const char *name, int flags)
{
    int fd = open(in_dir("%s", name), flags | O_CLOEXEC, 0644);

    CHECK(fd >= 0);
    return fd;
}

static virStorageVolPtr uploaded(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 32 * MIB, 0);
    int fd = open_file("file", O_RDONLY);
    virStreamPtr st;

    /* Old data is gone where holes were sent. */
    write_pattern(in_dir("p/v"), MIB, 4 * MIB, 9);
    st = upload_to(vol, 0, 0, UP);
    CHECK_INT(virStreamRegisterInData(st, in_data, &fd), 0);
    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), 0);
    CHECK_INT(virStreamSendAll(st, give_data, &fd), 0);
    finish_and_free(st);
    CHECK_INT(close(fd), 0);
    CHECK(same_and_as_small("p/v", "file"));
    return vol;
}

static void loops(void)
{
    virStorageVolPtr vol = uploaded();
    int fd = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    virStreamPtr st = download_from(vol, 0, 0, DOWN);

    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), 0);
    CHECK_INT(virStreamRecvAll(st, take_data, &fd), 0);
    finish_and_free(st);
    CHECK_INT(close(fd), 0);
    CHECK(same_and_as_small("down", "file"));

    /* Without anything registered they are as they ever were. */
    fd = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), 0);
    CHECK_INT(virStreamRegisterSkip(st, NULL, NULL), 0);
    CHECK_INT(virStreamRecvAll(st, take_data, &fd), 0);
    finish_and_free(st);
    CHECK_INT(run("cd %s && cmp down file && test $(stat -c %%b down) -ge 65536", test_dir), 0);
    CHECK_INT(lseek(fd, 0, SEEK_SET), 0);
    st = upload_to(vol, 0, 0, 0);
    CHECK_INT(virStreamSendAll(st, give_data, &fd), 0);
    finish_and_free(st);
    CHECK_INT(close(fd), 0);
    CHECK_INT(run("cd %s && cmp p/v file", test_dir), 0);
    vol_gone(vol);
}

/* One call at a time: the function is run whenever the other side skips. */
static void by_hand(void)
{
    virStorageVolPtr vol = uploaded();
    virStreamPtr st = download_from(vol, 0, 0, DOWN);
    int fd = open_file("down", O_RDWR | O_CREAT | O_TRUNC), n;
    char buf[30000];

    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), 0);
    while ((n = virStreamRecv(st, buf, sizeof(buf))) > 0)
        CHECK_INT(write(fd, buf, (size_t)n), n);
    CHECK_INT(n, 0);
    finish_and_free(st);
    CHECK_INT(close(fd), 0);
    CHECK(same_and_as_small("down", "file"));

    st = upload_to(vol, 0, 0, UP);
    send_pattern(st, 4096, 0, 5);
    CHECK_INT(virStreamSkip(st, 16 * MIB), 0);
    send_pattern(st, 4096, 0, 6);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 4096, 0, 5));
    CHECK(file_is_zero(in_dir("p/v"), 16 * MIB, 4096));
    CHECK_INT(file_allocation(in_dir("p/v")), 12 * KIB);

    /* Zeros of a hole, where nothing is registered. */
    st = download_from(vol, 0, 8192, DOWN);
    CHECK_INT(recv_bytes(st, buf, sizeof(buf)), 8192);
    CHECK(is_zero(buf + 4096, 4096));
    finish_and_free(st);
    vol_gone(vol);
}

/* A function that takes itself back is not called again: the loop ends, and nothing of it is lost in
 * silence. */
static int calls;

static int skip_once(virStreamPtr st, unsigned long long offset, void *opaque)
{
    CHECK(offset > 0);
    calls++;
    CHECK_INT(virStreamRegisterSkip(st, NULL, NULL), 0);
    memset(opaque, 0x55, sizeof(int));
    free(opaque);
    return 0;
}

static int in_data_once(virStreamPtr st, int *data, unsigned long long *length, void *opaque)
{
    calls++;
    CHECK_INT(virStreamRegisterInData(st, NULL, NULL), 0);
    free(opaque);
    *data = 1;
    *length = 4096;
    return 0;
}

static void taken_back(void)
{
    virStorageVolPtr vol = uploaded();
    int fd = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    virStreamPtr st = download_from(vol, 0, 0, DOWN);

    calls = 0;
    CHECK_INT(virStreamRegisterSkip(st, skip_once, malloc(sizeof(int))), 0);
    CHECK_INT(virStreamRecvAll(st, take_data, &fd), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ECANCELED));
    CHECK_INT(calls, 1);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(close(fd), 0);
    fd = open_file("file", O_RDONLY);
    st = upload_to(vol, 0, 0, UP);
    calls = 0;
    CHECK_INT(virStreamRegisterInData(st, in_data_once, malloc(sizeof(int))), 0);
    CHECK_INT(virStreamSendAll(st, give_data, &fd), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ECANCELED));
    CHECK_INT(calls, 1);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(close(fd), 0);
    vol_gone(vol);
}

static void failures(void)
{
    virStorageVolPtr vol = uploaded();
    int fd = open_file("file", O_RDONLY), out = open_file("down", O_RDWR | O_CREAT | O_TRUNC), n;
    virStreamPtr st;
    char buf[100000];

    CHECK_INT(virStreamSkip(NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStreamSkip");
    CHECK_INT(virStreamRegisterSkip(NULL, skip, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStreamRegisterSkip");
    CHECK_INT(virStreamRegisterInData(NULL, in_data, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStreamRegisterInData");
    st = upload_to(vol, 0, 0, UP);
    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), 0);
    CHECK_INT(virStreamRegisterSkip(st, skip, &fd), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "already has a handler");
    CHECK_INT(virStreamRegisterInData(st, in_data, &fd), 0);
    CHECK_INT(virStreamRegisterInData(st, in_data, &fd), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "already has a handler");
    CHECK_INT(virStreamSkip(st, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "greater than zero");
    CHECK_INT(virStreamSkip(st, ~0ULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "greater than zero");
    failing = 1;
    CHECK_INT(virStreamSendAll(st, give_data, &fd), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ENXIO));
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_INT(virStreamFree(st), 0);

    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamRegisterSkip(st, skip, &out), 0);
    CHECK_INT(virStreamRecvAll(st, take_data, &out), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EDQUOT));
    CHECK_INT(virStreamFree(st), 0);
    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamRegisterSkip(st, skip, &out), 0);
    while ((n = virStreamRecv(st, buf, sizeof(buf))) > 0)
        ;
    CHECK_INT(n, -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EDQUOT));
    /* What was lost stays lost. */
    CHECK_INT(virStreamRecv(st, buf, sizeof(buf)), -1);
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_INT(virStreamFree(st), 0);
    failing = 0;
    CHECK_INT(close(fd), 0);
    CHECK_INT(close(out), 0);
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    make_file();
    loops();
    by_hand();
    taken_back();
    failures();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
