/* Sparse uploads: holes stay holes, read as zeros, free their space, and do not change the size
 * of a raw volume. libvirt seeks and truncates instead, so over old data only our library is
 * tried. */
#include "fixture.h"

#define SPARSE VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM

static virStoragePoolPtr pool;
static virStorageVolPtr vol;

static void send_hole(virStreamPtr st, unsigned long long length)
{
    CHECK_INT(virStreamSendHole(st, (long long)length, 0), 0);
}

/* Data and holes that fill a volume without old content. */
static void into_empty(void)
{
    virStorageVolPtr v = make_vol(pool, "e", MIB, 0);
    virStreamPtr st = upload_to(v, 0, 0, SPARSE);

    send_pattern(st, 64 * KIB, 0, 1);
    send_hole(st, 128 * KIB);
    send_pattern(st, 64 * KIB, 192 * KIB, 1);
    send_hole(st, 768 * KIB);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/e")), MIB);
    CHECK_INT(file_allocation(in_dir("p/e")), 128 * KIB);
    CHECK_INT(count_holes(in_dir("p/e")), 2);
    CHECK(file_has_pattern(in_dir("p/e"), 64 * KIB, 0, 1));
    CHECK(file_is_zero(in_dir("p/e"), 128 * KIB, 64 * KIB));
    CHECK(file_has_pattern(in_dir("p/e"), 64 * KIB, 192 * KIB, 1));
    CHECK(file_is_zero(in_dir("p/e"), 768 * KIB, 256 * KIB));
    vol_gone(v);

    /* A leading hole, two holes in a row, nothing aligned. */
    v = make_vol(pool, "e", 5313, 0);
    st = upload_to(v, 0, 0, SPARSE);
    send_hole(st, 13);
    send_pattern(st, 100, 13, 2);
    send_hole(st, 4000);
    send_hole(st, 1000);
    send_pattern(st, 100, 5113, 2);
    send_hole(st, 100);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/e")), 5313);
    CHECK(file_is_zero(in_dir("p/e"), 13, 0));
    CHECK(file_has_pattern(in_dir("p/e"), 100, 13, 2));
    CHECK(file_is_zero(in_dir("p/e"), 5000, 113));
    CHECK(file_has_pattern(in_dir("p/e"), 100, 5113, 2));
    CHECK(file_is_zero(in_dir("p/e"), 100, 5213));
    vol_gone(v);

    /* One hole and nothing else. */
    v = make_vol(pool, "e", MIB, 0);
    st = upload_to(v, 0, 0, SPARSE);
    send_hole(st, MIB);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/e")), MIB);
    CHECK_INT(file_allocation(in_dir("p/e")), 0);
    vol_gone(v);
}

/* Data alone touches nothing else. */
static void data_only(void)
{
    virStreamPtr st;

    write_pattern(in_dir("p/v"), MIB, 0, 3);
    st = upload_to(vol, 4096, 0, SPARSE);
    send_pattern(st, 1000, 4096, 4);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 4096, 0, 3));
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 4096, 4));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 5096, 5096, 3));
}

static void not_sparse(void)
{
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    CHECK_INT(virStreamSendHole(st, 4096, 0), -1);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, from_transport(),
              "Requested operation is not valid: Skipping is not supported with this stream");
    send_pattern(st, 100, 0, 5);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 5));
}

/* Zeros sent as data are written as zeros, but take no space on a volume that was sparse. */
static void plain_zeros(void)
{
    char *buf = (char *)calloc(1, MIB);
    virStorageVolPtr v = make_vol(pool, "z", MIB, 0);
    virStreamPtr st = upload_to(v, 0, 0, 0);

    CHECK(buf != NULL);
    fill(buf, 64 * KIB, 0, 14);
    fill(buf + 512 * KIB, 64 * KIB, 512 * KIB, 14);
    send_bytes(st, buf, MIB);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/z")), MIB);
    CHECK(file_has(in_dir("p/z"), buf, MIB, 0));
    if (ours)
        CHECK_INT(file_allocation(in_dir("p/z")), 128 * KIB);

    /* Over old data they must be zeros as well. */
    write_pattern(in_dir("p/z"), MIB, 0, 15);
    st = upload_to(v, 0, 0, 0);
    send_bytes(st, buf, MIB);
    finish_and_free(st);
    CHECK(file_has(in_dir("p/z"), buf, MIB, 0));
    free(buf);
    vol_gone(v);
}

/* [at, at+length) of a volume full of old data becomes a hole; all around it stays. */
static void punched(unsigned long long at, unsigned long long length, int full)
{
    unsigned long long first = (at + 4095) / 4096 * 4096, last = (at + length) / 4096 * 4096;
    unsigned long long freed = last > first ? last - first : 0;
    virStorageVolPtr v = make_vol(pool, "o", MIB, full ? MIB : 0);
    virStreamPtr st;
    virStorageVolInfo info;

    write_pattern(in_dir("p/o"), MIB, 0, 6);
    CHECK_INT(file_allocation(in_dir("p/o")), MIB);
    st = upload_to(v, at, 0, SPARSE);
    send_hole(st, length);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/o")), MIB);
    CHECK(file_has_pattern(in_dir("p/o"), (size_t)at, 0, 6));
    CHECK(file_is_zero(in_dir("p/o"), (size_t)length, at));
    CHECK(file_has_pattern(in_dir("p/o"), (size_t)(MIB - at - length), at + length, 6));
    CHECK(file_allocation(in_dir("p/o")) <= MIB - freed);
    CHECK_INT(virStorageVolGetInfo(v, &info), 0);
    CHECK_INT(info.capacity, MIB);
    CHECK_INT(info.allocation, file_allocation(in_dir("p/o")));
    vol_gone(v);
}

static void over_old_data(void)
{
    virStreamPtr st;

    punched(0, MIB, 0);
    punched(0, MIB, 1);
    punched(0, 64 * KIB, 1);
    punched(64 * KIB, 64 * KIB, 1);
    punched(MIB - 64 * KIB, 64 * KIB, 0);
    punched(100, 5000, 1);
    punched(100, 50, 1);
    punched(4095, 2, 0);
    punched(MIB - 1, 1, 1);
    punched(12345, 700000, 1);

    /* Between data. */
    write_pattern(in_dir("p/v"), MIB, 0, 7);
    st = upload_to(vol, 0, 0, SPARSE);
    send_pattern(st, 64 * KIB, 0, 8);
    send_hole(st, 64 * KIB);
    send_pattern(st, 64 * KIB, 128 * KIB, 8);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 0, 8));
    CHECK(file_is_zero(in_dir("p/v"), 64 * KIB, 64 * KIB));
    CHECK(file_has_pattern(in_dir("p/v"), 64 * KIB, 128 * KIB, 8));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 192 * KIB, 192 * KIB, 7));
    CHECK_INT(file_allocation(in_dir("p/v")), MIB - 64 * KIB);
    CHECK_INT(count_holes(in_dir("p/v")), 1);
}

static void with_a_length(void)
{
    virStreamPtr st;
    int result;

    write_pattern(in_dir("p/v"), MIB, 0, 9);
    st = upload_to(vol, 0, 100, SPARSE);
    send_pattern(st, 10, 0, 10);
    send_hole(st, 90);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 10, 0, 10));
    CHECK(file_is_zero(in_dir("p/v"), 90, 10));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 100, 100, 9));

    /* Beyond the length not a byte changes, be the hole cut short or refused. */
    write_pattern(in_dir("p/v"), MIB, 0, 9);
    st = upload_to(vol, 0, 100, SPARSE);
    send_pattern(st, 10, 0, 10);
    result = virStreamSendHole(st, 200, 0);
    if (result == 0) {
        finish_and_free(st);
        CHECK(file_is_zero(in_dir("p/v"), 90, 10));
    } else {
        CHECK_INT(result, -1);
        CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, strerror(ENOSPC));
        CHECK_INT(virStreamFinish(st), -1);
        CHECK_INT(virStreamFree(st), 0);
    }
    CHECK(file_has_pattern(in_dir("p/v"), 10, 0, 10));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 100, 100, 9));

    /* A hole up to the length leaves no room for a byte. */
    st = upload_to(vol, 0, 100, SPARSE);
    send_hole(st, 100);
    CHECK_INT(virStreamSend(st, "x", 1), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS,
              "cannot write to stream: No space left on device");
    CHECK_INT(virGetLastError()->int1, ENOSPC);
    CHECK_INT(virStreamFinish(st), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STREAMS, "No space left on device");
    CHECK_INT(virStreamFree(st), 0);
    CHECK(file_is_zero(in_dir("p/v"), 100, 0));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 100, 100, 9));
}

static void bad_lengths(void)
{
    static const long long lengths[] = { 0, -1, -4096, LLONG_MIN };
    static const long long beyond[] = { (long long)MIB + 1, 1LL << 62, LLONG_MAX };
    virStreamPtr st;
    size_t i;

    write_pattern(in_dir("p/v"), MIB, 0, 11);
    st = upload_to(vol, 0, 0, SPARSE);
    for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        CHECK_INT(virStreamSendHole(st, lengths[i], 0), -1);
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, "length in ");
        CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STREAMS, "must be greater than zero");
    }
    send_pattern(st, 100, 0, 12);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 12));
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 100, 100, 11));

    /* A hole that ends beyond the volume causes an error at this call or a later one. */
    for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        int sent, finished;

        write_pattern(in_dir("p/v"), MIB, 0, 11);
        st = upload_to(vol, 0, 0, SPARSE);
        send_pattern(st, 100, 0, 13);
        sent = virStreamSendHole(st, beyond[i], 0);
        finished = virStreamFinish(st);
        CHECK_INT(virStreamFree(st), 0);
        CHECK(sent == -1 || finished == -1);
        CHECK_INT(file_size(in_dir("p/v")), MIB);
        CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 13));
    }
}

/* A volume in an image format is transferred as a file, which gets the size of the data that was
 * sent. */
static void image_grows(void)
{
    virStorageVolPtr image;
    virStorageVolInfo info;
    virStreamPtr st;
    char command[PATH_MAX + 128], *header;
    unsigned long long size;

    if (system("qemu-img --version >/dev/null 2>&1") != 0) {
        printf("stream_sparse_write: no qemu-img here: image formats are not tried\n");
        return;
    }
    print_to(command, sizeof(command), "cd '%s' && qemu-img create -q -f qcow2 p/image 1M",
             test_dir);
    CHECK_INT(system(command), 0);
    print_to(command, sizeof(command), "cd '%s' && qemu-img create -q -f qcow2 larger 5M",
             test_dir);
    CHECK_INT(system(command), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    image = virStorageVolLookupByName(pool, "image");
    CHECK(image != NULL);
    size = file_size(in_dir("larger")) + 3 * MIB;
    header = read_at(in_dir("larger"), (size_t)(size - 3 * MIB), 0);
    st = upload_to(image, 0, 0, SPARSE);
    send_bytes(st, header, (size_t)(size - 3 * MIB));
    send_hole(st, 3 * MIB);
    finish_and_free(st);
    CHECK_INT(file_size(in_dir("p/image")), size);
    CHECK(file_has(in_dir("p/image"), header, (size_t)(size - 3 * MIB), 0));
    CHECK(file_is_zero(in_dir("p/image"), 3 * MIB, size - 3 * MIB));
    CHECK_INT(virStorageVolGetInfo(image, &info), 0);
    CHECK_INT(info.capacity, 5 * MIB);
    free(header);
    vol_gone(image);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 240);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, MIB);
    into_empty();
    data_only();
    not_sparse();
    plain_zeros();
    image_grows();
    if (ours) {
        over_old_data();
        with_a_length();
        bad_lengths();
    }
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
