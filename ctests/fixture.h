/* What the programs of the suite share: a directory of their own, a connection, pools and volumes
 * in it, and helpers to fill and inspect files.
 *
 * The programs run against any implementation of the API. TEST_URI names the connection to test;
 * without it they open sparse:///embed with its state inside the test directory. `ours` says which
 * of the two kinds it is: where libvirt's release loses data, hangs or is laxer than this library
 * promises, the stricter check stands under `if (ours)`.
 *
 * Include this file first: it asks the C library for what lies beyond C99. */
#ifndef FIXTURE_H
#define FIXTURE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* SEEK_HOLE, mkdtemp */
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

static char test_dir[256];
static char test_uri[512];
static int ours;

/* The domain of errors that libvirt's client raises in its transport: without a transport they
 * belong to the streams. */
static inline int from_transport(void)
{
    return ours ? VIR_FROM_STREAMS : VIR_FROM_RPC;
}

/* For errors whose domain is that of the driver: a code and a piece of the text. */
#define CHECK_CODE(code, text) \
    check_err(__FILE__, __LINE__, (int)(code), virGetLastErrorDomain(), (text))

static inline void ignore_error(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

static inline int remove_one(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
    (void)sb;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static inline void remove_test_dir(void)
{
    remove_tree(test_dir);
}

static inline void print_to(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* snprintf for texts that must fit. */
static inline void print_to(char *out, size_t size, const char *format, ...)
{
    va_list args;
    int used;

    va_start(args, format);
    used = vsnprintf(out, size, format, args);
    va_end(args);
    CHECK(used >= 0 && (size_t)used < size);
}

/* How much longer than usual a program may take before it counts as hanging: a busy machine, and
 * valgrind, are slow, and nothing is to fail for that. */
#define PATIENCE 20

/* The longest time in milliseconds for anything that a program waits for. */
#define HANG_MS (60000ULL * PATIENCE)

/* Whether the filesystem of the test's folder takes a file of that length. tmpfs takes any. */
static inline int takes_length(unsigned long long length)
{
    char path[512];
    int fd, taken;

    print_to(path, sizeof(path), "%s/length", test_dir);
    fd = open(path, O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    taken = ftruncate(fd, (off_t)length) == 0;
    CHECK_INT(close(fd), 0);
    CHECK_INT(unlink(path), 0);
    return taken;
}

/* Prepares the process: a deadline that turns a hang into a failure, silence about expected errors,
 * and a directory that is gone afterwards. Opens nothing. */
static inline void fixture_prepare(const char *program, unsigned int seconds)
{
    const char *base = getenv("TEST_DIR");
    const char *uri = getenv("TEST_URI");
    const char *slash = strrchr(program, '/');

    alarm(seconds * PATIENCE);
    print_to(test_dir, sizeof(test_dir), "%s/%s-XXXXXX", base && *base ? base : "/tmp",
             slash ? slash + 1 : program);
    CHECK(mkdtemp(test_dir) != NULL);
    if (test_dir[0] != '/') {
        char *whole = realpath(test_dir, NULL);

        CHECK(whole != NULL);
        print_to(test_dir, sizeof(test_dir), "%s", whole);
        free(whole);
    }
    /* A daemon that runs as another user must be able to look inside. */
    CHECK_INT(chmod(test_dir, 0755), 0);
    CHECK_INT(atexit(remove_test_dir), 0);
    if (uri && *uri)
        print_to(test_uri, sizeof(test_uri), "%s", uri);
    else
        print_to(test_uri, sizeof(test_uri), "sparse:///embed?root=%s/root", test_dir);
    virSetErrorFunc(NULL, ignore_error);
}

static inline virConnectPtr fixture_open(const char *program, unsigned int seconds)
{
    virConnectPtr conn;

    fixture_prepare(program, seconds);
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    ours = strcmp(virConnectGetType(conn), "SPARSE") == 0;
    return conn;
}

static inline const char *in_dir(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Names in the test directory. The result is overwritten by the eighth call after this one. */
static inline const char *in_dir(const char *format, ...)
{
    static __thread char ring[8][PATH_MAX];
    static __thread unsigned int next;
    char *out = ring[next++ % 8];
    size_t used;
    va_list args;

    print_to(out, PATH_MAX, "%s/", test_dir);
    used = strlen(out);
    va_start(args, format);
    vsnprintf(out + used, PATH_MAX - used, format, args);
    va_end(args);
    return out;
}

/* A pool name that no other program on the same daemon uses. */
static inline const char *pool_name(const char *suffix)
{
    static __thread char ring[8][128];
    static __thread unsigned int next;
    char *out = ring[next++ % 8];

    print_to(out, sizeof(ring[0]), "ct-%ld-%s", (long)getpid(), suffix);
    return out;
}

static inline const char *pool_xml(const char *suffix)
{
    static __thread char xml[1024];

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>%s</name><target><path>%s</path></target></pool>",
             pool_name(suffix), in_dir("%s", suffix));
    return xml;
}

/* A transient, running pool on a fresh directory. It ends with pool_gone. */
static inline virStoragePoolPtr make_pool(virConnectPtr conn, const char *suffix)
{
    virStoragePoolPtr pool;

    CHECK_INT(mkdir(in_dir("%s", suffix), 0755), 0);
    pool = virStoragePoolCreateXML(conn, pool_xml(suffix), 0);
    CHECK(pool != NULL);
    return pool;
}

static inline void pool_gone(virStoragePoolPtr pool)
{
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static inline const char *vol_xml(const char *name, unsigned long long capacity,
                                  unsigned long long allocation)
{
    static __thread char xml[1024];

    print_to(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>%llu</capacity><allocation>%llu</allocation>"
             "<target><format type='raw'/></target></volume>",
             name, capacity, allocation);
    return xml;
}

static inline virStorageVolPtr make_vol(virStoragePoolPtr pool, const char *name,
                                        unsigned long long capacity, unsigned long long allocation)
{
    virStorageVolPtr vol = virStorageVolCreateXML(pool, vol_xml(name, capacity, allocation), 0);

    CHECK(vol != NULL);
    return vol;
}

static inline void vol_gone(virStorageVolPtr vol)
{
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
}

/* Bytes that depend on their place and on `seed`, none of them zero: a byte that is lost, moved or
 * turned into a hole shows. */
static inline void fill(char *buf, size_t len, unsigned long long at, unsigned int seed)
{
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned long long x = (at + i) * 2654435761ULL + seed * 40503ULL;

        buf[i] = (char)(1 + (x >> 13) % 255);
    }
}

static inline char *pattern(size_t len, unsigned long long at, unsigned int seed)
{
    char *buf = (char *)malloc(len ? len : 1);

    CHECK(buf != NULL);
    fill(buf, len, at, seed);
    return buf;
}

static inline int is_zero(const char *buf, size_t len)
{
    return len == 0 || (buf[0] == 0 && memcmp(buf, buf + 1, len - 1) == 0);
}

static inline void write_at(const char *path, const char *buf, size_t len, unsigned long long at)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    size_t done = 0;

    CHECK(fd >= 0);
    while (done < len) {
        ssize_t n = pwrite(fd, buf + done, len - done, (off_t)(at + done));

        CHECK(n > 0);
        done += (size_t)n;
    }
    CHECK_INT(close(fd), 0);
}

static inline void write_pattern(const char *path, size_t len, unsigned long long at,
                                 unsigned int seed)
{
    char *buf = pattern(len, at, seed);

    write_at(path, buf, len, at);
    free(buf);
}

static inline void set_size(const char *path, unsigned long long size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    CHECK(fd >= 0);
    CHECK_INT(ftruncate(fd, (off_t)size), 0);
    CHECK_INT(close(fd), 0);
}

static inline char *read_at(const char *path, size_t len, unsigned long long at)
{
    char *buf = (char *)malloc(len ? len : 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t done = 0;

    CHECK(buf != NULL);
    CHECK(fd >= 0);
    while (done < len) {
        ssize_t n = pread(fd, buf + done, len - done, (off_t)(at + done));

        CHECK(n > 0);
        done += (size_t)n;
    }
    CHECK_INT(close(fd), 0);
    return buf;
}

static inline int file_has(const char *path, const char *want, size_t len, unsigned long long at)
{
    char *got = read_at(path, len, at);
    int same = memcmp(got, want, len) == 0;

    free(got);
    return same;
}

static inline int file_has_pattern(const char *path, size_t len, unsigned long long at,
                                   unsigned int seed)
{
    char *want = pattern(len, at, seed);
    int same = file_has(path, want, len, at);

    free(want);
    return same;
}

static inline int file_is_zero(const char *path, size_t len, unsigned long long at)
{
    char *got = read_at(path, len, at);
    int zero = is_zero(got, len);

    free(got);
    return zero;
}

static inline int exists(const char *path)
{
    struct stat sb;

    return lstat(path, &sb) == 0;
}

static inline unsigned long long file_size(const char *path)
{
    struct stat sb;

    CHECK_INT(stat(path, &sb), 0);
    return (unsigned long long)sb.st_size;
}

static inline unsigned long long file_allocation(const char *path)
{
    struct stat sb;

    CHECK_INT(stat(path, &sb), 0);
    return (unsigned long long)sb.st_blocks * 512;
}

/* How many holes the file has, the one at its end included. */
static inline int count_holes(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end, at = 0;
    int holes = 0;

    CHECK(fd >= 0);
    end = lseek(fd, 0, SEEK_END);
    while (at < end) {
        off_t hole = lseek(fd, at, SEEK_HOLE);
        off_t data;

        CHECK(hole >= 0);
        if (hole >= end)
            break;
        holes++;
        data = lseek(fd, hole, SEEK_DATA);
        at = data < 0 ? end : data;
    }
    CHECK_INT(close(fd), 0);
    return holes;
}

/* The texts of the list, which ends with NULL, must come in the XML one after the other. */
static inline void in_order(const char *xml, const char *const *texts)
{
    for (; *texts; texts++) {
        const char *at = strstr(xml, *texts);

        if (!at)
            fprintf(stderr, "'%s' is missing in: %s\n", *texts, xml);
        CHECK(at != NULL);
        xml = at + strlen(*texts);
    }
}

static inline unsigned long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (unsigned long long)ts.tv_sec * 1000 + (unsigned long long)ts.tv_nsec / 1000000;
}

/* A condition that another thread or process brings about is polled, never slept for: this is the
 * pause between two looks. */
static inline void short_pause(void)
{
    struct timespec ts = { 0, 2000000 };

    nanosleep(&ts, NULL);
}

static inline virStreamPtr new_stream(virConnectPtr conn)
{
    virStreamPtr st = virStreamNew(conn, 0);

    CHECK(st != NULL);
    return st;
}

static inline virStreamPtr upload_to(virStorageVolPtr vol, unsigned long long offset,
                                     unsigned long long length, unsigned int flags)
{
    virStreamPtr st = new_stream(virStorageVolGetConnect(vol));

    CHECK_INT(virStorageVolUpload(vol, st, offset, length, flags), 0);
    return st;
}

static inline virStreamPtr download_from(virStorageVolPtr vol, unsigned long long offset,
                                         unsigned long long length, unsigned int flags)
{
    virStreamPtr st = new_stream(virStorageVolGetConnect(vol));

    CHECK_INT(virStorageVolDownload(vol, st, offset, length, flags), 0);
    return st;
}

static inline void send_bytes(virStreamPtr st, const char *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        int n = virStreamSend(st, buf + done, len - done);

        CHECK(n > 0);
        done += (size_t)n;
    }
}

static inline void send_pattern(virStreamPtr st, size_t len, unsigned long long at,
                                unsigned int seed)
{
    char *buf = pattern(len, at, seed);

    send_bytes(st, buf, len);
    free(buf);
}

/* Receives until the end or until `len` bytes are there; returns how many. */
static inline size_t recv_bytes(virStreamPtr st, char *buf, size_t len)
{
    size_t done = 0;

    while (done < len) {
        int n = virStreamRecv(st, buf + done, len - done);

        CHECK(n >= 0);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return done;
}

static inline void finish_and_free(virStreamPtr st)
{
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
}

/* The default event loop, driven by the thread that waits. A tick ends each wait in poll, so that a
 * condition which another thread makes true is seen, too. */
static int loop_ticker = -1;

static inline void loop_tick(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

/* Must come before the connection is opened. */
static inline void loop_prepare(void)
{
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    loop_ticker = virEventAddTimeout(10, loop_tick, NULL, NULL);
    CHECK(loop_ticker > 0);
}

/* Runs the loop until `*what` is `value`; if that never happens, the program's time limit ends
 * it. */
static inline void loop_until(const volatile int *what, int value)
{
    while (*what < value)
        CHECK_INT(virEventRunDefaultImpl(), 0);
}

#endif
