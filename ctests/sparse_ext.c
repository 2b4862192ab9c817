/* Functions that only this library has: statistics of streams, and extents of volumes. */
/* ctest: ours-only because libvirt has none of these functions */
#include "fixture.h"

#include <virsparse/virsparse.h>

#define SPARSE 1

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;

struct slow {
    virStreamPtr st;
    pthread_t thread;
    size_t at;
    volatile int waiting;
    volatile int released;
};

static void stats_are(virStreamPtr st, unsigned long long data, unsigned long long holes,
                      unsigned long long total)
{
    virSparseStreamStats stats;

    memset(&stats, 0xff, sizeof(stats));
    CHECK_INT(virSparseStreamGetStats(st, &stats), 0);
    CHECK_INT(stats.dataBytes, data);
    CHECK_INT(stats.holeBytes, holes);
    CHECK_INT(stats.totalBytes, total);
}

/* How much data there will be, and how much of that may still turn out to be holes. */
static void data_to_come(virStreamPtr st, unsigned long long all, unsigned long long unknown)
{
    virSparseStreamStats stats;

    memset(&stats, 0xff, sizeof(stats));
    CHECK_INT(virSparseStreamGetStats(st, &stats), 0);
    CHECK_INT(stats.dataTotalBytes, all);
    CHECK_INT(stats.unknownBytes, unknown);
    CHECK(stats.reserved[0] == 0 && stats.reserved[1] == 0 && stats.reserved[2] == 0);
}

struct sections {
    virStreamPtr st;
    unsigned long long at;
};

static int section_data(virStreamPtr st, char *data, size_t len, void *opaque)
{
    struct sections *s = (struct sections *)opaque;

    /* The hole before and the length of this section are known. */
    if (s->at == 900 * KIB)
        data_to_come(st, 124 * KIB, 24 * KIB);
    CHECK(s->at >= 900 * KIB);
    if (s->at >= 1000 * KIB)
        return 0;
    len = len > 1000 * KIB - s->at ? (size_t)(1000 * KIB - s->at) : len;
    fill(data, len, s->at, 1);
    s->at += len;
    return (int)len;
}

static int section_next(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    struct sections *s = (struct sections *)opaque;

    (void)st;
    *in_data = s->at >= 900 * KIB && s->at < 1000 * KIB;
    *length = (long long)(s->at < 900 * KIB ? 900 * KIB : s->at < 1000 * KIB ? 1000 * KIB : MIB);
    *length -= (long long)s->at;
    return 0;
}

static int section_skip(virStreamPtr st, long long length, void *opaque)
{
    (void)st;
    ((struct sections *)opaque)->at += (unsigned long long)length;
    return 0;
}

/* The data is at the end: nothing is done while the hole before it is passed. */
static void data_at_the_end(void)
{
    virStorageVolPtr late = make_vol(pool, "late", MIB, 0), file;
    virStreamPtr st = upload_to(late, 0, 0, SPARSE);
    struct sections s;
    char *buf = (char *)malloc(MIB);
    long long hole = 0;

    CHECK(buf != NULL);
    data_to_come(st, MIB, MIB);
    CHECK_INT(virStreamSendHole(st, 512 * KIB, 0), 0);
    data_to_come(st, 512 * KIB, 512 * KIB);
    send_pattern(st, 64 * KIB, 512 * KIB, 1);
    data_to_come(st, 512 * KIB, 448 * KIB);
    CHECK_INT(virStreamFinish(st), 0);
    data_to_come(st, 64 * KIB, 0);
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(late);

    late = make_vol(pool, "late", MIB, 0);
    s.at = 0;
    s.st = upload_to(late, 0, 0, SPARSE);
    CHECK_INT(virStreamSparseSendAll(s.st, section_data, section_next, section_skip, &s), 0);
    CHECK_INT(virStreamFinish(s.st), 0);
    data_to_come(s.st, 100 * KIB, 0);
    CHECK_INT(virStreamFree(s.st), 0);

    st = download_from(late, 0, 0, SPARSE);
    data_to_come(st, 100 * KIB, 0);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, 900 * KIB);
    stats_are(st, 0, 900 * KIB, MIB);
    data_to_come(st, 100 * KIB, 0);
    CHECK_INT(recv_bytes(st, buf, 50 * KIB), 50 * KIB);
    data_to_come(st, 100 * KIB, 0);
    CHECK_INT(virStreamAbort(st), 0);
    data_to_come(st, 50 * KIB, 0);
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(late);

    /* A volume in an image format is a file that may become longer. */
    file = virStorageVolCreateXML(pool, "<volume><name>q</name><capacity>1048576</capacity><target>"
                                        "<format type='qcow2'/></target></volume>", 0);
    CHECK(file != NULL);
    st = upload_to(file, 0, 0, SPARSE);
    data_to_come(st, (unsigned long long)-1, (unsigned long long)-1);
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    vol_gone(file);
    free(buf);
}

static void upload_stats(void)
{
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);

    stats_are(st, 0, 0, MIB);
    send_pattern(st, 64 * KIB, 0, 1);
    CHECK_INT(virStreamSendHole(st, 128 * KIB, 0), 0);
    send_pattern(st, 64 * KIB, 192 * KIB, 1);
    CHECK_INT(virStreamSendHole(st, 768 * KIB, 0), 0);
    CHECK_INT(virStreamFinish(st), 0);
    stats_are(st, 128 * KIB, 896 * KIB, MIB);
    CHECK_INT(virStreamFree(st), 0);

    /* The statistics show how short a transfer was. */
    st = upload_to(vol, 1000, 5000, 0);
    send_pattern(st, 1234, 1000, 1);
    CHECK_INT(virStreamFinish(st), 0);
    stats_are(st, 1234, 0, 5000);
    /* The next transfer counts from the start. */
    CHECK_INT(virStorageVolUpload(vol, st, MIB - 10, 0, 0), 0);
    stats_are(st, 0, 0, 10);
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);
}

static void download_stats(void)
{
    char *buf = (char *)malloc(MIB);
    virSparseStreamStats stats;
    virStreamPtr st = download_from(vol, 0, 0, SPARSE);
    long long hole = 0;
    int n;

    CHECK(buf != NULL);
    stats_are(st, 0, 0, MIB);
    while ((n = virStreamRecvFlags(st, buf, MIB, VIR_STREAM_RECV_STOP_AT_HOLE)) != 0) {
        if (n == -3)
            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
        else
            CHECK(n > 0);
    }
    CHECK_INT(virStreamFinish(st), 0);
    stats_are(st, 128 * KIB, 896 * KIB, MIB);
    CHECK_INT(virStreamFree(st), 0);

    st = download_from(vol, 64 * KIB, 200 * KIB, 0);
    CHECK_INT(recv_bytes(st, buf, MIB), 200 * KIB);
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virSparseStreamGetStats(st, &stats), 0);
    CHECK_INT(stats.dataBytes + stats.holeBytes, 200 * KIB);
    CHECK_INT(stats.totalBytes, 200 * KIB);
    CHECK_INT(virStreamFree(st), 0);
    free(buf);
}

static int slow_source(virStreamPtr st, char *data, size_t len, void *opaque)
{
    struct slow *s = (struct slow *)opaque;
    size_t n = MIB - s->at < len ? (size_t)(MIB - s->at) : len;

    (void)st;
    if (s->at > MIB / 2) {
        s->waiting = 1;
        while (!s->released)
            short_pause();
    }
    fill(data, n, s->at, 2);
    s->at += n;
    return (int)n;
}

static void *send_slowly(void *opaque)
{
    struct slow *s = (struct slow *)opaque;

    CHECK_INT(virStreamSendAll(s->st, slow_source, s), 0);
    CHECK_INT(virStreamFinish(s->st), 0);
    return NULL;
}

/* A progress bar asks from another thread, while the transfer runs. */
static void watched(void)
{
    virSparseStreamStats stats;
    unsigned long long last = 0;
    struct slow s;

    memset(&s, 0, sizeof(s));
    s.st = upload_to(vol, 0, 0, 0);
    CHECK_INT(pthread_create(&s.thread, NULL, send_slowly, &s), 0);
    do {
        CHECK_INT(virSparseStreamGetStats(s.st, &stats), 0);
        CHECK(stats.dataBytes >= last && stats.dataBytes <= MIB);
        CHECK_INT(stats.holeBytes, 0);
        CHECK_INT(stats.totalBytes, MIB);
        last = stats.dataBytes;
        short_pause();
    } while (!s.waiting || last == 0);
    CHECK(last < MIB);
    s.released = 1;
    CHECK_INT(pthread_join(s.thread, NULL), 0);
    stats_are(s.st, MIB, 0, MIB);
    CHECK_INT(virStreamFree(s.st), 0);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 2));
}

static void stats_arguments(void)
{
    virSparseStreamStats stats;
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    CHECK_INT(virSparseStreamGetStats(NULL, &stats), -1);
    CHECK_ERR(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS,
              "invalid stream pointer in virSparseStreamGetStats");
    CHECK_INT(virSparseStreamGetStats((virStreamPtr)(void *)vol, &stats), -1);
    CHECK_ERR(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "in virSparseStreamGetStats");
    CHECK_INT(virSparseStreamGetStats(st, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS,
              "stats in virSparseStreamGetStats must not be NULL");
    finish_and_free(st);
}

/* The extents of the range as " D<length> H<length> ...". */
static const char *extents_of(virStorageVolPtr v, unsigned long long offset,
                              unsigned long long length)
{
    static char text[1024];
    virSparseExtentPtr extents = NULL;
    unsigned long long at = offset;
    int i, n = virSparseVolGetExtents(v, offset, length, &extents, 0);

    CHECK(n >= 0);
    text[0] = '\0';
    for (i = 0; i < n; i++) {
        char piece[32];

        CHECK_INT(extents[i].offset, at);
        CHECK(extents[i].length > 0);
        CHECK(extents[i].type == VIR_SPARSE_EXTENT_DATA ||
              extents[i].type == VIR_SPARSE_EXTENT_HOLE);
        CHECK(i == 0 || extents[i].type != extents[i - 1].type);
        print_to(piece, sizeof(piece), " %c%llu",
                 extents[i].type == VIR_SPARSE_EXTENT_DATA ? 'D' : 'H', extents[i].length);
        CHECK(strlen(text) + strlen(piece) < sizeof(text));
        strcat(text, piece);
        at += extents[i].length;
    }
    if (length)
        CHECK_INT(at, offset + length);
    free(extents);
    return text;
}

static void sections(void)
{
    virStorageVolPtr v = make_vol(pool, "e", MIB, 0), many;
    virSparseExtentPtr extents = NULL;
    int i, n;

    CHECK_STR(extents_of(v, 0, 0), " H1048576");
    write_pattern(in_dir("p/e"), 64 * KIB, 0, 1);
    write_pattern(in_dir("p/e"), 64 * KIB, 192 * KIB, 1);
    CHECK_STR(extents_of(v, 0, 0), " D65536 H131072 D65536 H786432");
    CHECK_STR(extents_of(v, 0, MIB), " D65536 H131072 D65536 H786432");
    CHECK_STR(extents_of(v, 0, 100), " D100");
    CHECK_STR(extents_of(v, 65535, 131074), " D1 H131072 D1");
    CHECK_STR(extents_of(v, 70000, 10), " H10");
    CHECK_STR(extents_of(v, 200000, 0), " D62144 H786432");
    CHECK_STR(extents_of(v, MIB - 1, 0), " H1");
    CHECK_STR(extents_of(v, MIB, 0), "");
    write_pattern(in_dir("p/e"), MIB, 0, 1);
    CHECK_STR(extents_of(v, 0, 0), " D1048576");
    vol_gone(v);

    many = make_vol(pool, "many", 16 * MIB, 0);
    for (i = 0; i < 1000; i++)
        write_at(in_dir("p/many"), "x", 1, (unsigned)i * 16 * KIB);
    n = virSparseVolGetExtents(many, 0, 0, &extents, 0);
    CHECK_INT(n, 2000);
    for (i = 0; i < n; i++)
        CHECK_INT(extents[i].type, i % 2);
    free(extents);
    vol_gone(many);
}

static void extents_refused(virStorageVolPtr v, unsigned long long offset,
                            unsigned long long length, unsigned int flags, const char *text)
{
    virSparseExtentPtr extents = NULL;

    CHECK_INT(virSparseVolGetExtents(v, offset, length, &extents, flags), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, text);
    CHECK(extents == NULL);
}

static void extents_arguments(void)
{
    virSparseExtentPtr extents = NULL;

    extents_refused(vol, MIB + 1, 0, 0, "");
    extents_refused(vol, 0, MIB + 1, 0, "");
    extents_refused(vol, ~0ULL, 1, 0, "");
    extents_refused(vol, 1, ~0ULL, 0, "");
    extents_refused(vol, 0, 0, 2, "unsupported flags (0x2) in function");
    /* Without a place to store them they are only counted. */
    CHECK_INT(virSparseVolGetExtents(vol, 0, 0, NULL, 0), 1);
    CHECK_INT(virSparseVolGetExtents(NULL, 0, 0, &extents, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_STORAGE_VOL, VIR_FROM_STORAGE,
              "invalid storage volume pointer in virSparseVolGetExtents");
    CHECK_INT(unlink(in_dir("p/v")), 0);
    CHECK_INT(virSparseVolGetExtents(vol, 0, 0, &extents, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(extents == NULL);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    upload_stats();
    data_at_the_end();
    set_size(in_dir("p/v"), 0);
    set_size(in_dir("p/v"), MIB);
    write_pattern(in_dir("p/v"), 64 * KIB, 0, 1);
    write_pattern(in_dir("p/v"), 64 * KIB, 192 * KIB, 1);
    download_stats();
    watched();
    stats_arguments();
    sections();
    extents_arguments();
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
