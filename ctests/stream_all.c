/* The four helpers that run a whole transfer by callbacks: which callback is called when, the
 * effect of one that fails, and what a callback may do to its own stream. */
#include "fixture.h"

#define SPARSE 1

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;
static pthread_t caller;

/* The script of a source: sections of data and holes, and a record of the calls, as "h1:<data>
 * s<data> h0:<hole> k<hole> ...". The data of one section is one piece, however it is split. */
struct script {
    long long sections[8]; /* data > 0, hole < 0, end 0 */
    int section;
    long long left;
    unsigned long long at;
    char trace[512];
    char failing; /* 's', 'h' or 'k': the callback that returns -1 from its second call on */
    int calls;
    int set_errno;
};

static void note(struct script *s, const char *kind, long long value)
{
    char *last = strrchr(s->trace, ' ');
    char piece[48];

    CHECK(pthread_equal(pthread_self(), caller));
    if (last && kind[0] == 's' && last[1] == 's' && value > 0) {
        value += atoll(last + 2);
        *last = '\0';
    }
    print_to(piece, sizeof(piece), " %s%lld", kind, value);
    CHECK(strlen(s->trace) + strlen(piece) < sizeof(s->trace));
    strcat(s->trace, piece);
}

static int fails(struct script *s, char kind)
{
    if (s->failing != kind || ++s->calls < 2)
        return 0;
    errno = s->set_errno;
    return 1;
}

static int source(virStreamPtr st, char *data, size_t len, void *opaque)
{
    struct script *s = (struct script *)opaque;
    long long n = s->left < (long long)len ? s->left : (long long)len;

    (void)st;
    if (fails(s, 's'))
        return -5;
    fill(data, (size_t)n, s->at, 1);
    s->left -= n;
    s->at += (unsigned long long)n;
    note(s, "s", n);
    return (int)n;
}

static int source_hole(virStreamPtr st, int *in_data, long long *length, void *opaque)
{
    struct script *s = (struct script *)opaque;
    long long next = s->sections[s->section];

    (void)st;
    if (fails(s, 'h'))
        return -1;
    CHECK_INT(s->left, 0);
    *in_data = next > 0;
    *length = next < 0 ? -next : next;
    if (next > 0)
        s->left = next;
    if (next != 0)
        s->section++;
    note(s, next > 0 ? "h1:" : "h0:", *length);
    return 0;
}

static int skip(virStreamPtr st, long long length, void *opaque)
{
    struct script *s = (struct script *)opaque;

    (void)st;
    if (fails(s, 'k'))
        return -1;
    s->at += (unsigned long long)length;
    note(s, "k", length);
    return 0;
}

static void sparse_sent(long long a, long long b, long long c, const char *trace)
{
    struct script s;
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);

    memset(&s, 0, sizeof(s));
    s.sections[0] = a;
    s.sections[1] = b;
    s.sections[2] = c;
    CHECK_INT(virStreamSparseSendAll(st, source, source_hole, skip, &s), 0);
    finish_and_free(st);
    CHECK_STR(s.trace, trace);
}

static void send_traces(void)
{
    sparse_sent(100000, -65536, 10,
                " h1:100000 s100000 h0:65536 k65536 h1:10 s10 h0:0 s0");
    CHECK(file_has_pattern(in_dir("p/v"), 100000, 0, 1));
    CHECK(file_has_pattern(in_dir("p/v"), 10, 165536, 1));
    sparse_sent(-4096, 100, 0, " h0:4096 k4096 h1:100 s100 h0:0 s0");
    /* libvirt leaves the old bytes in the hole. */
    if (ours)
        CHECK(file_is_zero(in_dir("p/v"), 4096, 0));
    CHECK(file_has_pattern(in_dir("p/v"), 100, 4096, 1));
    sparse_sent(500000, 0, 0, " h1:500000 s500000 h0:0 s0");
    CHECK(file_has_pattern(in_dir("p/v"), 500000, 0, 1));
    sparse_sent(0, 0, 0, " h0:0 s0");
    sparse_sent(-(long long)MIB, 0, 0, " h0:1048576 k1048576 h0:0 s0");
}

static void plain_sent(void)
{
    struct script s;
    virStreamPtr st = upload_to(vol, 1000, 0, 0);

    memset(&s, 0, sizeof(s));
    s.left = 700000;
    s.at = 1000;
    CHECK_INT(virStreamSendAll(st, source, &s), 0);
    CHECK_STR(s.trace, " s700000 s0");
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 700000, 1000, 1));

    /* A stream that is not sparse does as long as no hole comes. */
    st = upload_to(vol, 0, 0, 0);
    memset(&s, 0, sizeof(s));
    s.sections[0] = 5000;
    CHECK_INT(virStreamSparseSendAll(st, source, source_hole, skip, &s), 0);
    CHECK_STR(s.trace, " h1:5000 s5000 h0:0 s0");
    finish_and_free(st);
    st = upload_to(vol, 0, 0, 0);
    memset(&s, 0, sizeof(s));
    s.sections[0] = 5000;
    s.sections[1] = -5000;
    CHECK_INT(virStreamSparseSendAll(st, source, source_hole, skip, &s), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, from_transport(),
              "Skipping is not supported with this stream");
    CHECK_STR(s.trace, " h1:5000 s5000 h0:5000");
    CHECK_INT(virStreamFree(st), 0);
}

/* Some say in which sections they received: "d<data> h<hole> ...". */
struct receiver {
    char trace[512];
    unsigned long long at;
    int half;
    char failing;
    int set_errno;
};

static int sink(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    struct receiver *r = (struct receiver *)opaque;
    char *last = strrchr(r->trace, ' ');
    size_t n = r->half ? (len + 1) / 2 : len;
    long long total = (long long)n;
    char piece[48];

    (void)st;
    CHECK(pthread_equal(pthread_self(), caller));
    CHECK(len > 0);
    if (r->failing == 'd') {
        errno = r->set_errno;
        return -5;
    }
    CHECK(file_has(in_dir("p/v"), data, len, r->at));
    r->at += n;
    if (last && last[1] == 'd') {
        total += atoll(last + 2);
        *last = '\0';
    }
    print_to(piece, sizeof(piece), " d%lld", total);
    strcat(r->trace, piece);
    return (int)n;
}

static int sink_hole(virStreamPtr st, long long length, void *opaque)
{
    struct receiver *r = (struct receiver *)opaque;
    char piece[48];

    (void)st;
    CHECK(pthread_equal(pthread_self(), caller));
    if (r->failing == 'h') {
        errno = r->set_errno;
        return -1;
    }
    r->at += (unsigned long long)length;
    print_to(piece, sizeof(piece), " h%lld", length);
    strcat(r->trace, piece);
    return 0;
}

static void received(unsigned int sparse_stream, int sparse_helper, int half, const char *trace)
{
    virStreamPtr st = download_from(vol, 0, 0, sparse_stream);
    struct receiver r;

    memset(&r, 0, sizeof(r));
    r.half = half;
    if (sparse_helper)
        CHECK_INT(virStreamSparseRecvAll(st, sink, sink_hole, &r), 0);
    else
        CHECK_INT(virStreamRecvAll(st, sink, &r), 0);
    finish_and_free(st);
    CHECK_STR(r.trace, trace);
    CHECK_INT(r.at, MIB);
}

static void sectioned_content(void)
{
    CHECK_INT(truncate(in_dir("p/v"), 0), 0);
    set_size(in_dir("p/v"), MIB);
    write_pattern(in_dir("p/v"), 64 * KIB, 0, 1);
    write_pattern(in_dir("p/v"), 64 * KIB, 192 * KIB, 1);
}

static void receive_traces(void)
{
    static const char sections[] = " d65536 h131072 d65536 h786432";

    sectioned_content();
    received(SPARSE, 1, 0, sections);
    received(SPARSE, 1, 1, sections);
    received(0, 1, 0, " d1048576");
    received(0, 0, 0, " d1048576");
    received(0, 0, 1, " d1048576");
    received(SPARSE, 0, 0, " d1048576");
}

/* After a failed helper only Free is left. */
static void is_aborted(virStreamPtr st)
{
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "stream is closed");
    CHECK_INT(virStreamAbort(st), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "stream is closed");
    CHECK_INT(virStreamFree(st), 0);
}

static void failing_send(char which, int set_errno, const char *text)
{
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);
    char whole[128];
    struct script s;

    memset(&s, 0, sizeof(s));
    s.sections[0] = -4096;
    s.sections[1] = 700000;
    s.sections[2] = -4096;
    s.failing = which;
    s.set_errno = set_errno;
    print_to(whole, sizeof(whole), "%s: %s", text, strerror(set_errno ? set_errno : EIO));
    errno = EPERM; /* an old value is nobody's cause */
    CHECK_INT(virStreamSparseSendAll(st, source, source_hole, skip, &s), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, whole);
    CHECK_INT(virGetLastError()->int1, set_errno ? set_errno : EIO);
    is_aborted(st);
    if (which != 's')
        return;
    st = upload_to(vol, 0, 0, 0);
    memset(&s, 0, sizeof(s));
    s.left = 700000;
    s.failing = which;
    s.set_errno = set_errno;
    CHECK_INT(virStreamSendAll(st, source, &s), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, whole);
    is_aborted(st);
}

static void failing_recv(char which, int set_errno, const char *text)
{
    virStreamPtr st = download_from(vol, 0, 0, SPARSE);
    char whole[128];
    struct receiver r;

    memset(&r, 0, sizeof(r));
    r.failing = which;
    r.set_errno = set_errno;
    print_to(whole, sizeof(whole), "%s: %s", text, strerror(set_errno ? set_errno : EIO));
    errno = EPERM;
    CHECK_INT(virStreamSparseRecvAll(st, sink, sink_hole, &r), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, whole);
    is_aborted(st);
    if (which != 'd')
        return;
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(virStreamRecvAll(st, sink, &r), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, whole);
    is_aborted(st);
}

static void failing_callbacks(void)
{
    failing_send('s', 0, "send handler failed");
    failing_send('s', ENOSPC, "send handler failed");
    failing_send('h', 0, "send holeHandler failed");
    failing_send('h', ETXTBSY, "send holeHandler failed");
    failing_send('k', 0, "send skipHandler failed");
    failing_send('k', ENOENT, "send skipHandler failed");
    sectioned_content();
    failing_recv('d', 0, "recv handler failed");
    failing_recv('d', EPIPE, "recv handler failed");
    failing_recv('h', 0, "recv holeHandler failed");
    failing_recv('h', EFBIG, "recv holeHandler failed");
}

static int silent_sink(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    (void)st;
    (void)data;
    (void)len;
    (void)opaque;
    return -1;
}

static int silent_hole(virStreamPtr st, long long length, void *opaque)
{
    (void)st;
    (void)length;
    (void)opaque;
    return -1;
}

/* A callback that fails without a word does not fail for the reason that some call inside the library
 * left in errno: finding a hole's end, for one, leaves ENXIO at the last hole. */
static void failing_silently(void)
{
    virStorageVolPtr empty = make_vol(pool, "empty", MIB, 0);
    virStreamPtr st = download_from(empty, 0, 0, 0);

    CHECK_INT(virStreamRecvAll(st, silent_sink, NULL), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, "recv handler failed: Input/output error");
    is_aborted(st);
    st = download_from(empty, 0, 0, SPARSE);
    CHECK_INT(virStreamSparseRecvAll(st, silent_sink, silent_hole, NULL), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS,
              "recv holeHandler failed: Input/output error");
    is_aborted(st);
    vol_gone(empty);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    caller = pthread_self();
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    send_traces();
    set_size(in_dir("p/v"), MIB);
    plain_sent();
    receive_traces();
    failing_callbacks();
    failing_silently();
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
