/* Offset and length of a transfer: data within the range is transferred, a range that exceeds
 * the volume is refused before anything changes, and a raw volume never changes its size.
 * libvirt checks none of this. */
#include "fixture.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;

static void unharmed(void)
{
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 1));
}

static void fresh_content(void)
{
    write_pattern(in_dir("p/v"), MIB, 0, 1);
}

static void downloaded(unsigned long long offset, unsigned long long length,
                       unsigned long long expected)
{
    unsigned int sparse;

    for (sparse = 0; sparse <= 1; sparse++) {
        char *buf = (char *)malloc(2 * MIB);
        virStreamPtr st = download_from(vol, offset, length, sparse);

        CHECK(buf != NULL);
        CHECK_INT(recv_bytes(st, buf, 2 * MIB), expected);
        CHECK(file_has(in_dir("p/v"), buf, (size_t)expected, offset));
        finish_and_free(st);
        free(buf);
    }
}

/* `sent` bytes of new content, all within range. */
static void uploaded(unsigned long long offset, unsigned long long length, unsigned long long sent)
{
    virStreamPtr st = upload_to(vol, offset, length, 0);

    if (sent)
        send_pattern(st, (size_t)sent, offset, 2);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), (size_t)offset, 0, 1));
    CHECK(file_has_pattern(in_dir("p/v"), (size_t)sent, offset, 2));
    CHECK(file_has_pattern(in_dir("p/v"), (size_t)(MIB - offset - sent), offset + sent, 1));
    fresh_content();
}

static void within(void)
{
    downloaded(0, 0, MIB);
    downloaded(0, 100, 100);
    downloaded(12345, 54321, 54321);
    downloaded(0, MIB, MIB);
    downloaded(1000, 0, MIB - 1000);
    downloaded(MIB - 1, 0, 1);
    downloaded(MIB - 1, 1, 1);
    downloaded(MIB, 0, 0);

    uploaded(0, 0, 100);
    uploaded(0, 100, 100);
    uploaded(12345, 54321, 54321);
    uploaded(0, 0, MIB);
    uploaded(0, MIB, MIB);
    uploaded(MIB - 10, 0, 10);
    uploaded(MIB - 10, 10, 10);
    /* Fewer is fine. */
    uploaded(0, 100, 50);
    uploaded(0, 100, 0);
    uploaded(500, 0, 0);
    uploaded(0, MIB, 1);
    uploaded(MIB, 0, 0);
}

/* Refused at the attach, with the stream still free for another one. */
static void out_of_range(unsigned long long offset, unsigned long long length)
{
    unsigned int sparse;

    for (sparse = 0; sparse <= 1; sparse++) {
        virStreamPtr st = new_stream(conn);

        CHECK_INT(virStorageVolUpload(vol, st, offset, length, sparse), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
        CHECK(strlen(virGetLastErrorMessage()) > 10);
        CHECK_INT(virStorageVolDownload(vol, st, offset, length, sparse), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
        CHECK_INT(virStreamAbort(st), 0);
        CHECK_INT(virStorageVolUpload(vol, st, 0, 0, sparse), 0);
        finish_and_free(st);
    }
    unharmed();
}

static void refused_ranges(void)
{
    const unsigned long long top = 1ULL << 63;

    out_of_range(MIB, 1);
    out_of_range(MIB + 1, 0);
    out_of_range(MIB + 5, 0);
    out_of_range(0, MIB + 1);
    out_of_range(MIB - 10, 11);
    out_of_range(1, MIB);
    out_of_range(0, top);
    out_of_range(0, top - 1);
    out_of_range(0, ~0ULL);
    out_of_range(1, ~0ULL);
    out_of_range(top, 0);
    out_of_range(top, top);
    out_of_range(~0ULL, 0);
    out_of_range(~0ULL, 1);
    out_of_range(~0ULL, ~0ULL);
    out_of_range(MIB, ~0ULL - MIB + 1);
}

static void is_full_error(void)
{
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS,
              "cannot write to stream: No space left on device");
    CHECK_INT(virGetLastError()->int1, ENOSPC);
}

/* First `good` bytes, then `more`, of which only some have room. */
static void overlong(unsigned long long offset, unsigned long long length, size_t good, size_t more)
{
    unsigned long long end = length ? offset + length : MIB;
    char *buf = pattern(more, offset + good, 2);
    virStreamPtr st = upload_to(vol, offset, length, 0);
    size_t taken = 0;
    int n;

    if (good)
        send_pattern(st, good, offset, 2);
    /* Data that fits may be accepted first, but not the byte after it. */
    while ((n = virStreamSend(st, buf + taken, more - taken)) > 0) {
        taken += (size_t)n;
        CHECK(taken < more);
    }
    CHECK_INT(n, -1);
    is_full_error();
    CHECK(offset + good + taken <= end);
    CHECK_INT(virStreamSend(st, buf, 1), -1);
    is_full_error();
    CHECK_INT(virStreamFinish(st), -1);
    is_full_error();
    CHECK_INT(virStreamAbort(st), -1);
    is_full_error();
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), (size_t)offset, 0, 1));
    CHECK(file_has_pattern(in_dir("p/v"), good + taken, offset, 2));
    CHECK(file_has_pattern(in_dir("p/v"), (size_t)(MIB - end), end, 1));
    fresh_content();
    free(buf);
}

static void refused_data(void)
{
    overlong(0, 100, 0, 101);
    overlong(0, 100, 100, 1);
    overlong(0, 100, 60, 60);
    overlong(500000, 1000, 999, 5000);
    /* The end of the volume is an end, too. */
    overlong(MIB - 10, 0, 0, 20);
    overlong(MIB - 10, 10, 10, 1);
    overlong(MIB, 0, 0, 1);
    overlong(0, 0, MIB, 1);
    overlong(0, 0, 0, 3 * MIB);
    overlong(0, MIB, MIB, 1000);
}

static int endless(virStreamPtr st, char *data, size_t len, void *opaque)
{
    (void)st;
    (void)opaque;
    memset(data, 'e', len);
    return (int)len;
}

static void refused_in_send_all(void)
{
    virStreamPtr st = upload_to(vol, 1000, 5000, 0);

    CHECK_INT(virStreamSendAll(st, endless, NULL), -1);
    is_full_error();
    CHECK_INT(virStreamFree(st), 0);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 0, 1));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 6000, 6000, 1));
    fresh_content();
}

/* The current end counts, because the file may have grown or shrunk. */
static void changed_size(void)
{
    virStreamPtr st;

    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    st = upload_to(vol, MIB, MIB, 0);
    send_pattern(st, MIB, MIB, 3);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), 2 * MIB);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, MIB, 3));
}

/* Images in other formats move as files: the range is that of the file, and may grow it. */
static void other_formats(void)
{
    virStorageVolPtr image;
    virStreamPtr st;
    char command[PATH_MAX + 128], byte;
    unsigned long long size;

    if (system("qemu-img --version >/dev/null 2>&1") != 0) {
        printf("stream_ranges: no qemu-img here: image formats are not tried\n");
        return;
    }
    print_to(command, sizeof(command), "qemu-img create -q -f qcow2 '%s/p/image' 64K", test_dir);
    CHECK_INT(system(command), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    image = virStorageVolLookupByName(pool, "image");
    CHECK(image != NULL);
    size = file_size(in_dir("p/image"));
    CHECK(size > 64 * KIB);
    st = upload_to(image, size, 5000, 0);
    send_pattern(st, 5000, size, 4);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/image")), size + 5000);
    CHECK(file_has_pattern(in_dir("p/image"), 5000, size, 4));
    st = download_from(image, size + 5000, 0, 0);
    CHECK_INT(virStreamRecv(st, &byte, 1), 0);
    finish_and_free(st);
    if (ours) {
        st = new_stream(conn);
        CHECK_INT(virStorageVolUpload(image, st, 1, ~0ULL, 0), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
        CHECK_INT(virStorageVolUpload(image, st, ~0ULL, 1, 0), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "");
        CHECK_INT(virStreamFree(st), 0);
        CHECK_INT(file_size(in_dir("p/image")), size + 5000);
    }
    vol_gone(image);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, MIB);
    fresh_content();
    within();
    if (ours) {
        refused_ranges();
        refused_data();
        refused_in_send_all();
    }
    other_formats();
    changed_size();
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
