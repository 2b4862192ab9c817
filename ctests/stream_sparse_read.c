/* Sparse downloads: data and holes come in the order of the file, exact to the byte. And other
 * ways to receive a hole: as zeros, and asking for one where there is none. */
#include "fixture.h"

#define SPARSE VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
#define STOP VIR_STREAM_RECV_STOP_AT_HOLE

static virStoragePoolPtr pool;
static virStorageVolPtr vol;

/* Appends `kind` and `length`, or adds to the last length if that was of the same kind. */
static void append(char *trace, size_t size, char kind, long long length)
{
    char *last = strrchr(trace, ' ');
    char piece[32];

    if (last && last[1] == kind) {
        length += atoll(last + 2);
        *last = '\0';
    }
    print_to(piece, sizeof(piece), " %c%lld", kind, length);
    CHECK(strlen(trace) + strlen(piece) < size);
    strcat(trace, piece);
}

/* What a receiver of [offset, offset+length) gets, as " D<data> H<hole> ..."; the data must
 * equal the file's. */
static const char *received(unsigned long long offset, unsigned long long length)
{
    static char trace[1024];
    virStreamPtr st = download_from(vol, offset, length, SPARSE);
    char *buf = (char *)malloc(64 * KIB);
    unsigned long long at = offset;

    CHECK(buf != NULL);
    trace[0] = '\0';
    for (;;) {
        int n = virStreamRecvFlags(st, buf, 64 * KIB, STOP);

        if (n == 0)
            break;
        CHECK(n == -3 || n > 0);
        if (n == -3) {
            long long hole = 0;

            CHECK(virGetLastError() == NULL);
            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
            CHECK(hole > 0);
            append(trace, sizeof(trace), 'H', hole);
            at += (unsigned long long)hole;
        } else {
            CHECK(file_has(in_dir("p/v"), buf, (size_t)n, at));
            append(trace, sizeof(trace), 'D', n);
            at += (unsigned long long)n;
        }
    }
    free(buf);
    finish_and_free(st);
    return trace;
}

/* 0-64K data, 64-192K hole, 192-256K data, hole to the end at 1 MiB. */
static void sections(void)
{
    CHECK_STR(received(0, 0), " D65536 H131072 D65536 H786432");
    CHECK_STR(received(0, 100000), " D65536 H34464");
    CHECK_STR(received(70000, 0), " H126608 D65536 H786432");
    CHECK_STR(received(70000, 10), " H10");
    CHECK_STR(received(65536, 131072), " H131072");
    CHECK_STR(received(65535, 131074), " D1 H131072 D1");
    CHECK_STR(received(300000, 0), " H748576");
    CHECK_STR(received(10, 20), " D20");
    CHECK_STR(received(MIB, 0), "");
    CHECK_STR(received(MIB - 1, 0), " H1");
    CHECK_STR(received(0, MIB), " D65536 H131072 D65536 H786432");
}

static void ends_in_data(void)
{
    write_pattern(in_dir("p/v"), 4096, MIB - 4096, 1);
    CHECK_STR(received(0, 0), " D65536 H131072 D65536 H782336 D4096");
    CHECK_STR(received(MIB - 1, 0), " D1");
    write_pattern(in_dir("p/v"), MIB, 0, 1);
    CHECK_STR(received(0, 0), " D1048576");
}

static void all_hole(void)
{
    virStreamPtr st;
    char byte;
    long long hole = 0;

    CHECK_INT(truncate(in_dir("p/v"), 0), 0);
    set_size(in_dir("p/v"), MIB);
    CHECK_STR(received(0, 0), " H1048576");
    CHECK_STR(received(5, 7), " H7");
    st = download_from(vol, 0, 0, SPARSE);
    CHECK_INT(virStreamRecvFlags(st, &byte, 1, STOP), -3);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, MIB);
    CHECK_INT(virStreamRecvFlags(st, &byte, 1, STOP), 0);
    hole = 77;
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, 0);
    finish_and_free(st);
}

static void at_a_hole(void)
{
    char *buf = (char *)malloc(MIB);
    virStreamPtr st = download_from(vol, 0, 0, SPARSE);
    long long hole = 77;
    size_t got;

    CHECK(buf != NULL);
    /* Not at a hole. */
    CHECK_INT(recv_bytes(st, buf, 100), 100);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, 0);
    CHECK(virGetLastError() == NULL);
    CHECK_INT(recv_bytes(st, buf, 65436), 65436);
    /* Looking does not move. */
    CHECK_INT(virStreamRecvFlags(st, buf, 1000, STOP), -3);
    CHECK_INT(virStreamRecvFlags(st, buf, 1000, STOP), -3);
    CHECK(virGetLastError() == NULL);
    /* A plain receiver gets zeros, and the hole is shorter for it. */
    memset(buf, 'x', 1000);
    CHECK_INT(recv_bytes(st, buf, 1000), 1000);
    CHECK(is_zero(buf, 1000));
    CHECK_INT(virStreamRecvFlags(st, buf, 1000, STOP), -3);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK_INT(hole, 131072 - 1000);
    /* Flags 0 is the plain one, too. */
    CHECK_INT(recv_bytes(st, buf, 65536), 65536);
    memset(buf, 'x', 500);
    got = (size_t)virStreamRecvFlags(st, buf, 500, 0);
    CHECK(got > 0 && got <= 500);
    CHECK(is_zero(buf, got));
    finish_and_free(st);

    /* All of it without ever asking for holes. */
    st = download_from(vol, 0, 0, SPARSE);
    CHECK_INT(recv_bytes(st, buf, MIB), MIB);
    CHECK(file_has(in_dir("p/v"), buf, MIB, 0));
    CHECK_INT(virStreamRecv(st, buf, 1), 0);
    finish_and_free(st);

    /* The very first call waits for nothing, but the hole is not lost either. */
    st = download_from(vol, 65536, 1000, SPARSE);
    hole = 77;
    CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
    CHECK(hole == 0 || hole == 1000);
    if (hole == 0) {
        CHECK_INT(virStreamRecvFlags(st, buf, 1, STOP), -3);
        CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
        CHECK_INT(hole, 1000);
    }
    CHECK_INT(virStreamRecvFlags(st, buf, 1, STOP), 0);
    finish_and_free(st);
    free(buf);
}

static void without_the_flag(void)
{
    char *buf = (char *)malloc(MIB);
    virStreamPtr st = download_from(vol, 0, 0, 0);
    long long hole = 77;
    size_t got = 0;

    CHECK(buf != NULL);
    CHECK_INT(virStreamRecvHole(st, &hole, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, from_transport(),
              "Requested operation is not valid: Holes are not supported with this stream");
    CHECK_INT(hole, 77);
    for (;;) {
        int n = virStreamRecvFlags(st, buf + got, MIB - got, STOP);

        CHECK(n >= 0);
        if (n == 0)
            break;
        got += (size_t)n;
    }
    CHECK_INT(got, MIB);
    CHECK(file_has(in_dir("p/v"), buf, MIB, 0));
    finish_and_free(st);
    free(buf);
}

/* Many small extents, some of odd sizes: none may be lost, merged or torn. */
static void many_sections(void)
{
    virStorageVolPtr other = make_vol(pool, "many", 8 * MIB, 0);
    char *buf = (char *)malloc(64 * KIB);
    unsigned long long at = 0;
    virStreamPtr st;
    int i, holes = 0;

    CHECK(buf != NULL);
    for (i = 0; i < 500; i++)
        write_pattern(in_dir("p/many"), (size_t)(1 + (unsigned)i * 7 % 4096),
                      (unsigned)i * 16 * KIB, (unsigned)i);
    st = download_from(other, 0, 0, SPARSE);
    for (;;) {
        int n = virStreamRecvFlags(st, buf, 64 * KIB, STOP);

        if (n == 0)
            break;
        if (n == -3) {
            long long hole = 0;

            CHECK_INT(virStreamRecvHole(st, &hole, 0), 0);
            CHECK(file_is_zero(in_dir("p/many"), (size_t)hole, at));
            at += (unsigned long long)hole;
            holes++;
        } else {
            CHECK(n > 0);
            CHECK(file_has(in_dir("p/many"), buf, (size_t)n, at));
            at += (unsigned long long)n;
        }
    }
    CHECK_INT(at, 8 * MIB);
    CHECK_INT(holes, count_holes(in_dir("p/many")));
    CHECK(holes >= 500);
    finish_and_free(st);
    vol_gone(other);
    free(buf);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 240);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    write_pattern(in_dir("p/v"), 64 * KIB, 0, 1);
    write_pattern(in_dir("p/v"), 64 * KIB, 192 * KIB, 1);
    sections();
    at_a_hole();
    without_the_flag();
    many_sections();
    ends_in_data();
    all_hole();
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
