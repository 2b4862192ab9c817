/* Sparse streams as posted in May 2016: receiving at a hole is an error with a code of its own;
 * its length can be queried, and it is skipped. The loops ask for holes. */
/* ctest: ours-only because libvirt has released another design */
#include "domain.h"

#include <virsparse/rfc-2016-05.h>

#define UP VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM
#define DOWN VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
#define STOP VIR_STREAM_STOP_AT_HOLE

static virConnectPtr conn;
static virStoragePoolPtr pool;

struct file {
    int fd;
    /* The hole handler skips this much at most, and fails if `failing` is set. */
    unsigned long long most;
    int failing;
};

static void make_file(void)
{
    CHECK_INT(run("cd %s && rm -f file && truncate -s 32M file", test_dir), 0);
    write_pattern(in_dir("file"), 70000, 0, 1);
    write_pattern(in_dir("file"), MIB, 8 * MIB, 2);
    write_pattern(in_dir("file"), 4096, 20 * MIB, 3);
}

/* Up to the next hole. */
static int give_data(virStreamPtr st, char *data, size_t nbytes, void *opaque)
{
    int fd = ((struct file *)opaque)->fd;
    off_t at = lseek(fd, 0, SEEK_CUR), hole = lseek(fd, at, SEEK_HOLE);

    CHECK(st != NULL);
    if (hole < 0)
        return 0;
    CHECK(lseek(fd, at, SEEK_SET) == at);
    if ((unsigned long long)(hole - at) < nbytes)
        nbytes = (size_t)(hole - at);
    return (int)read(fd, data, nbytes);
}

static unsigned long long leave_hole(virStreamPtr st, void *opaque)
{
    int fd = ((struct file *)opaque)->fd;
    off_t at = lseek(fd, 0, SEEK_CUR), size = lseek(fd, 0, SEEK_END), data;

    CHECK(st != NULL);
    if (((struct file *)opaque)->failing) {
        errno = ENXIO;
        return (unsigned long long)-1;
    }
    data = lseek(fd, at, SEEK_DATA);
    if (data < 0)
        data = size;
    CHECK(lseek(fd, data, SEEK_SET) == data);
    return (unsigned long long)(data - at);
}

static int take_data(virStreamPtr st, const char *data, size_t nbytes, void *opaque)
{
    CHECK(st != NULL);
    return (int)write(((struct file *)opaque)->fd, data, nbytes);
}

static unsigned long long make_hole(virStreamPtr st, void *opaque)
{
    struct file *file = (struct file *)opaque;
    unsigned long long length = 0;
    off_t end;

    CHECK_INT(virStreamHoleSize(st, &length), 0);
    CHECK(length > 0);
    if (file->failing == 1) {
        errno = EDQUOT;
        return (unsigned long long)-1;
    }
    if (file->failing == 2)
        return length + 1;
    if (length > file->most)
        length = file->most;
    end = lseek(file->fd, (off_t)length, SEEK_CUR);
    CHECK_INT(ftruncate(file->fd, end), 0);
    return length;
}

static struct file open_file(const char *name, int flags)
{
    struct file file = { open(in_dir("%s", name), flags | O_CLOEXEC, 0644), ~0ULL, 0 };

    CHECK(file.fd >= 0);
    return file;
}

static int same_and_as_small(const char *one, const char *other)
{
    return run("cd %s && cmp %s %s && test $(stat -c %%b %s) -le $(stat -c %%b %s)", test_dir, one,
               other, one, other) == 0;
}

static virStorageVolPtr uploaded(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 32 * MIB, 0);
    struct file file = open_file("file", O_RDONLY);
    virStreamPtr st;

    write_pattern(in_dir("p/v"), MIB, 4 * MIB, 9);
    st = upload_to(vol, 0, 0, UP);
    CHECK_INT(virStreamSparseSendAll(st, give_data, leave_hole, &file), 0);
    finish_and_free(st);
    CHECK_INT(close(file.fd), 0);
    CHECK(same_and_as_small("p/v", "file"));
    return vol;
}

/* The loop of the design's text. */
static void by_hand(virStorageVolPtr vol)
{
    struct file file = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    virStreamPtr st = download_from(vol, 0, 0, DOWN);
    unsigned long long length = 77;
    char buf[30000];
    int holes = 0;

    CHECK_INT(virStreamHoleSize(st, &length), 0);
    CHECK_INT(length, 0);
    CHECK_INT(virStreamSkip(st, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "at a hole of 0");
    for (;;) {
        int n = virStreamRecvFlags(st, buf, sizeof(buf), STOP);

        if (n == 0)
            break;
        if (n == -1) {
            CHECK_CODE(VIR_ERR_STREAM_HOLE, "stream is at a hole");
            /* It stays an error until it is dealt with. */
            CHECK_INT(virStreamRecvFlags(st, buf, sizeof(buf), STOP), -1);
            CHECK_CODE(VIR_ERR_STREAM_HOLE, "stream is at a hole");
            CHECK_INT(virStreamHoleSize(st, &length), 0);
            CHECK(length > 4096);
            CHECK_INT(virStreamSkip(st, length + 1), -1);
            CHECK_CODE(VIR_ERR_INVALID_ARG, "cannot skip");
            CHECK_INT(virStreamSkip(st, 0), -1);
            CHECK_CODE(VIR_ERR_INVALID_ARG, "cannot skip");
            /* In parts. */
            CHECK_INT(virStreamSkip(st, 1000), 0);
            CHECK_INT(virStreamSkip(st, length - 1000), 0);
            CHECK_INT(ftruncate(file.fd, lseek(file.fd, (off_t)length, SEEK_CUR)), 0);
            holes++;
        } else {
            CHECK(n > 0);
            CHECK_INT(write(file.fd, buf, (size_t)n), n);
        }
    }
    CHECK_INT(holes, 3);
    finish_and_free(st);
    CHECK_INT(close(file.fd), 0);
    CHECK(same_and_as_small("down", "file"));

    /* Without the flag a hole is zeros. */
    st = download_from(vol, 4 * MIB, 4096, DOWN);
    CHECK_INT(virStreamRecvFlags(st, buf, sizeof(buf), 0), 4096);
    CHECK(is_zero(buf, 4096));
    finish_and_free(st);
}

/* The types of handlers that were posted in the same month. */
static int push_hole(virStreamPtr st, unsigned long long length, void *opaque)
{
    struct file *file = (struct file *)opaque;

    CHECK_INT(virStreamHoleSize(st), length);
    if (file->failing) {
        errno = EDQUOT;
        return -1;
    }
    CHECK_INT(ftruncate(file->fd, lseek(file->fd, (off_t)length, SEEK_CUR)), 0);
    return 0;
}

static int tell_section(virStreamPtr st, int *inData, unsigned long long *length, void *opaque)
{
    struct file *file = (struct file *)opaque;
    off_t at = lseek(file->fd, 0, SEEK_CUR), size = lseek(file->fd, 0, SEEK_END), data, hole;

    CHECK(st != NULL);
    if (file->failing) {
        errno = ENXIO;
        return -1;
    }
    data = lseek(file->fd, at, SEEK_DATA);
    if (data < 0)
        data = size;
    *inData = data == at && at < size;
    if (*inData) {
        hole = lseek(file->fd, at, SEEK_HOLE);
        *length = (unsigned long long)(hole - at);
        CHECK(lseek(file->fd, at, SEEK_SET) == at);
    } else {
        *length = (unsigned long long)(data - at);
        CHECK(lseek(file->fd, data, SEEK_SET) == data);
    }
    return 0;
}

/* It need not look for holes: it is not asked for more than the section has. */
static int give_all(virStreamPtr st, char *data, size_t nbytes, void *opaque)
{
    CHECK(st != NULL);
    return (int)read(((struct file *)opaque)->fd, data, nbytes);
}

static void handlers_of_both_types(virStorageVolPtr vol)
{
    virStreamSinkHoleFunc sink = push_hole;
    virStreamSourceHoleFunc source = tell_section;
    struct file up = open_file("file", O_RDONLY);
    struct file down = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    virStreamPtr st = upload_to(vol, 0, 0, UP);

    CHECK_INT(virStreamSparseSendAll(st, give_all, source, &up), 0);
    finish_and_free(st);
    CHECK(same_and_as_small("p/v", "file"));
    st = download_from(vol, 0, 0, DOWN);
    CHECK(virStreamHoleSize(st) == 0);
    CHECK_INT(virStreamSparseRecvAll(st, take_data, push_hole, &down), 0);
    finish_and_free(st);
    CHECK(same_and_as_small("down", "file"));
    CHECK(virStreamHoleSize(NULL) == (unsigned long long)-1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStreamHoleSize");

    up.failing = down.failing = 1;
    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamSparseRecvAll(st, take_data, sink, &down), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(EDQUOT));
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, UP);
    CHECK_INT(virStreamSparseSendAll(st, give_all, tell_section, &up), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ENXIO));
    CHECK_INT(virStreamFree(st), 0);
    sink = NULL;
    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamSparseRecvAll(st, take_data, sink, &down), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "holeHandler");
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(close(up.fd), 0);
    CHECK_INT(close(down.fd), 0);
}

static void receive_all(virStorageVolPtr vol, unsigned long long most)
{
    struct file file = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    virStreamPtr st = download_from(vol, 0, 0, DOWN);

    file.most = most;
    CHECK_INT(virStreamSparseRecvAll(st, take_data, make_hole, &file), 0);
    finish_and_free(st);
    CHECK_INT(close(file.fd), 0);
    CHECK_INT(run("cd %s && cmp down file", test_dir), 0);
    /* Who takes no hole gets zeros. */
    if (most > 0)
        CHECK(same_and_as_small("down", "file"));
}

static void skip_upwards(virStorageVolPtr vol)
{
    virStreamPtr st = upload_to(vol, 0, 0, UP);

    send_pattern(st, 4096, 0, 5);
    CHECK_INT(virStreamSkip(st, 16 * MIB), 0);
    send_pattern(st, 4096, 0, 6);
    CHECK_INT(virStreamSkip(st, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "greater than zero");
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 4096, 0, 5));
    CHECK(file_is_zero(in_dir("p/v"), 16 * MIB, 4096));
}

static void failures(virStorageVolPtr vol)
{
    struct file file = open_file("file", O_RDONLY);
    struct file down = open_file("down", O_RDWR | O_CREAT | O_TRUNC);
    unsigned long long length = 77;
    virStreamPtr st = download_from(vol, 0, 0, 0);
    char buf[100];

    CHECK_INT(virStreamHoleSize(NULL, &length), -1);
    CHECK_CODE(VIR_ERR_INVALID_STREAM, "virStreamHoleSize");
    CHECK_INT(virStreamHoleSize(st, NULL), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "length");
    CHECK_INT(virStreamHoleSize(st, &length), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "Holes are not supported");
    CHECK_INT(length, 77);
    CHECK_INT(virStreamSkip(st, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "Holes are not supported");
    CHECK_INT(virStreamRecvFlags(st, buf, sizeof(buf), 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags");
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamSkip(st, 1), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "closed");
    CHECK_INT(virStreamFree(st), 0);

    for (down.failing = 1; down.failing <= 2; down.failing++) {
        st = download_from(vol, 0, 0, DOWN);
        CHECK_INT(virStreamSparseRecvAll(st, take_data, make_hole, &down), -1);
        CHECK_CODE(down.failing == 1 ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_INVALID_ARG,
                   down.failing == 1 ? strerror(EDQUOT) : "cannot skip");
        CHECK_INT(virStreamFinish(st), -1);
        CHECK_INT(virStreamFree(st), 0);
    }
    st = download_from(vol, 0, 0, DOWN);
    CHECK_INT(virStreamSparseRecvAll(st, take_data, (virStreamHoleFunc)NULL, &down), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "holeHandler");
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, 0, 0, UP);
    file.failing = 1;
    CHECK_INT(virStreamSparseSendAll(st, give_data, leave_hole, &file), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, strerror(ENXIO));
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(close(file.fd), 0);
    CHECK_INT(close(down.fd), 0);
}

int main(int argc, char **argv)
{
    virStorageVolPtr vol;

    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    make_file();
    vol = uploaded();
    by_hand(vol);
    receive_all(vol, ~0ULL);
    receive_all(vol, 100000);
    receive_all(vol, 0);
    handlers_of_both_types(vol);
    skip_upwards(vol);
    failures(vol);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
