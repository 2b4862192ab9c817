/* Volumes that are block devices: their size is the device's, zeros are found by reading, and
 * zeros are really written. Needs a loop device, so it runs as root only. */
#include "fixture.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

#define SIZE (4 * MIB)
#define SPARSE 1

static virConnectPtr conn;
static virStoragePoolPtr pool;
static char device[64];
static int device_fd = -1;

/* A loop device over a file of the test directory; it exists as long as it is open. */
static int make_device(void)
{
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), backing, tries;

    if (control < 0)
        return 0;
    set_size(in_dir("backing"), SIZE);
    backing = open(in_dir("backing"), O_RDWR | O_CLOEXEC);
    CHECK(backing >= 0);
    /* Another process may take the free device first. */
    for (tries = 0; tries < 20 && device_fd < 0; tries++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);
        struct loop_config config;

        if (number < 0)
            break;
        print_to(device, sizeof(device), "/dev/loop%d", number);
        device_fd = open(device, O_RDWR | O_CLOEXEC);
        if (device_fd < 0)
            break;
        memset(&config, 0, sizeof(config));
        config.fd = (unsigned int)backing;
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (ioctl(device_fd, LOOP_CONFIGURE, &config) < 0) {
            CHECK_INT(close(device_fd), 0);
            device_fd = -1;
            if (errno != EBUSY)
                break;
        }
    }
    CHECK_INT(close(backing), 0);
    CHECK_INT(close(control), 0);
    return device_fd >= 0;
}

static void put(const char *buf, size_t len, unsigned long long at)
{
    CHECK_INT(pwrite(device_fd, buf, len, (off_t)at), len);
}

static void put_pattern(size_t len, unsigned long long at, unsigned int seed)
{
    char *buf = pattern(len, at, seed);

    put(buf, len, at);
    free(buf);
}

static void put_zeros(void)
{
    char *buf = (char *)calloc(1, SIZE);

    CHECK(buf != NULL);
    put(buf, SIZE, 0);
    free(buf);
}

static int has(const char *want, size_t len, unsigned long long at)
{
    char *got = (char *)malloc(len ? len : 1);
    int same;

    CHECK(got != NULL);
    CHECK_INT(pread(device_fd, got, len, (off_t)at), len);
    same = want ? memcmp(got, want, len) == 0 : is_zero(got, len);
    free(got);
    return same;
}

static int has_pattern(size_t len, unsigned long long at, unsigned int seed)
{
    char *want = pattern(len, at, seed);
    int same = has(want, len, at);

    free(want);
    return same;
}

static int has_zeros(size_t len, unsigned long long at)
{
    return has(NULL, len, at);
}

static void downloads(virStorageVolPtr vol)
{
    unsigned long long data = 0, holes = 0, at = 0;
    char *buf = (char *)malloc(SIZE + 1);
    virStreamPtr st;

    CHECK(buf != NULL);
    put_zeros();
    put_pattern(64 * KIB, 0, 1);
    put_pattern(64 * KIB, 2 * MIB, 1);
    put_pattern(512, SIZE - 512, 1);
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(recv_bytes(st, buf, SIZE + 1), SIZE);
    CHECK(has(buf, SIZE, 0));
    finish_and_free(st);
    st = download_from(vol, MIB, 12345, 0);
    CHECK_INT(recv_bytes(st, buf, SIZE), 12345);
    CHECK(has(buf, 12345, MIB));
    finish_and_free(st);

    st = download_from(vol, 0, 0, SPARSE);
    for (;;) {
        int n = virStreamRecvFlags(st, buf, SIZE, VIR_STREAM_RECV_STOP_AT_HOLE);

        if (n == 0)
            break;
        if (n == -3) {
            long long hole = 0;

            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
            CHECK(hole > 0);
            CHECK(has_zeros((size_t)hole, at));
            holes += (unsigned long long)hole;
            at += (unsigned long long)hole;
        } else {
            CHECK(n > 0);
            CHECK(has(buf, (size_t)n, at));
            data += (unsigned long long)n;
            at += (unsigned long long)n;
        }
    }
    finish_and_free(st);
    CHECK_INT(at, SIZE);
    if (ours) {
        /* A grain of zeros next to data may pass as data; a mebibyte of them may not. */
        CHECK(data >= 128 * KIB + 512);
        CHECK(data <= 256 * KIB);
        CHECK_INT(data + holes, SIZE);
    } else {
        CHECK_INT(data, SIZE);
    }
    free(buf);
}

static void uploads(virStorageVolPtr vol)
{
    virStreamPtr st;
    char *zeros;

    put_pattern(SIZE, 0, 2);
    st = upload_to(vol, 0, 0, SPARSE);
    send_pattern(st, 64 * KIB, 0, 3);
    CHECK_INT(virStreamSendHole(st, MIB, 0), 0);
    send_pattern(st, 1000, MIB + 64 * KIB, 3);
    CHECK_INT(virStreamSendHole(st, 5000, 0), 0);
    finish_and_free(st);
    CHECK(has_pattern(64 * KIB, 0, 3));
    CHECK(has_zeros(MIB, 64 * KIB));
    CHECK(has_pattern(1000, MIB + 64 * KIB, 3));
    CHECK(has_zeros(5000, MIB + 64 * KIB + 1000));
    CHECK(has_pattern(SIZE - (MIB + 64 * KIB + 6000), MIB + 64 * KIB + 6000, 2));
    CHECK_INT(lseek(device_fd, 0, SEEK_END), SIZE);

    /* The whole device as one hole, and a hole that starts and ends in the middle of blocks. */
    put_pattern(SIZE, 0, 4);
    st = upload_to(vol, 0, 0, SPARSE);
    CHECK_INT(virStreamSendHole(st, SIZE, 0), 0);
    finish_and_free(st);
    CHECK(has_zeros(SIZE, 0));
    put_pattern(SIZE, 0, 4);
    st = upload_to(vol, 777, 0, SPARSE);
    CHECK_INT(virStreamSendHole(st, 123457, 0), 0);
    finish_and_free(st);
    CHECK(has_pattern(777, 0, 4));
    CHECK(has_zeros(123457, 777));
    CHECK(has_pattern(SIZE - 124234, 124234, 4));

    /* Zeros as data are zeros, too. */
    zeros = (char *)calloc(1, 64 * KIB);
    CHECK(zeros != NULL);
    st = upload_to(vol, MIB, 64 * KIB, 0);
    send_bytes(st, zeros, 64 * KIB);
    finish_and_free(st);
    free(zeros);
    CHECK(has_zeros(64 * KIB, MIB));

    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, SIZE, 0, 5);
    finish_and_free(st);
    CHECK(has_pattern(SIZE, 0, 5));
}

static void ends_where_the_device_ends(virStorageVolPtr vol)
{
    virStreamPtr st = new_stream(conn);

    CHECK_INT(virStorageVolUpload(vol, st, SIZE, 1, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
    CHECK_INT(virStorageVolDownload(vol, st, 0, SIZE + 1, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
    CHECK_INT(virStreamFree(st), 0);
    st = upload_to(vol, SIZE - 1000, 0, 0);
    send_pattern(st, 1000, SIZE - 1000, 6);
    CHECK_INT(virStreamSend(st, "x", 1), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, "No space left on device");
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_INT(virStreamFree(st), 0);
    CHECK(has_pattern(1000, SIZE - 1000, 6));
}

static void as_volume(const char *name)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
    virStorageVolInfo info;

    CHECK(vol != NULL);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, SIZE);
    downloads(vol);
    uploads(vol);
    if (ours)
        ends_where_the_device_ends(vol);
    put_pattern(SIZE, 0, 7);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK(has_zeros(SIZE, 0));
    put_pattern(SIZE, 0, 8);
    /* Only its name in the pool is deleted. */
    vol_gone(vol);
    CHECK(!exists(in_dir("p/%s", name)));
    CHECK(has_pattern(SIZE, 0, 8));
}

int main(int argc, char **argv)
{
    struct stat sb;
    int node;

    (void)argc;
    conn = fixture_open(argv[0], 240);
    if (!make_device()) {
        printf("blockdev: no loop device can be made here\n");
        CHECK_INT(virConnectClose(conn), 0);
        return CHECK_DONE();
    }
    pool = make_pool(conn, "p");
    CHECK_INT(symlink(device, in_dir("p/link")), 0);
    CHECK_INT(fstat(device_fd, &sb), 0);
    CHECK_INT(mknod(in_dir("p/node"), S_IFBLK | 0600, sb.st_rdev), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    as_volume("link");
    node = open(in_dir("p/node"), O_RDONLY | O_CLOEXEC);
    if (node >= 0) {
        CHECK_INT(close(node), 0);
        as_volume("node");
    } else {
        printf("blockdev: no device nodes on this filesystem: only the symlink is tried\n");
    }
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    CHECK_INT(close(device_fd), 0);
    return CHECK_DONE();
}
