/* Transfers that end early: the stream is freed without an end, the connection closed, the
 * volume deleted, the pool stopped. Nothing crashes, hangs or leaks a descriptor. */
#include "fixture.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;

static int open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Freeing alone is an abort: the sent data may be in the volume, and the rest is unchanged. */
static void free_without_end(unsigned int flags)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, MIB);
    int before = 0, i;
    virStreamPtr st;
    char byte;

    write_pattern(in_dir("p/v"), MIB, 0, 1);
    for (i = 0; i < 20; i++) {
        /* Descriptors that the first transfers open may stay open for the next ones. */
        if (i == 1)
            before = open_fds();
        st = upload_to(vol, 0, 0, flags);
        send_pattern(st, 64 * KIB, 0, 2);
        CHECK_INT(virStreamFree(st), 0);
        st = upload_to(vol, 0, 0, flags);
        CHECK_INT(virStreamFree(st), 0);
        st = download_from(vol, 0, 0, flags);
        CHECK_INT(virStreamRecv(st, &byte, 1), 1);
        CHECK_INT(virStreamFree(st), 0);
        st = download_from(vol, 0, 0, flags);
        CHECK_INT(virStreamFree(st), 0);
    }
    CHECK_INT(file_size(in_dir("p/v")), MIB);
    CHECK(file_has_pattern(in_dir("p/v"), MIB - 64 * KIB, 64 * KIB, 1));
    CHECK_INT(open_fds(), before);
    /* And the volume is free for the next. */
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, MIB, 0, 3);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 3));
    vol_gone(vol);
}

static void last_reference(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virStreamPtr st = upload_to(vol, 0, 0, 0);

    CHECK_INT(virStreamRef(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    /* Not the end yet. */
    send_pattern(st, 1000, 0, 4);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 0, 4));
    vol_gone(vol);
}

/* A transfer goes on when the volume's handle is freed. */
static void handles_first(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virStreamPtr up = upload_to(vol, 0, 0, 0), down = download_from(vol, 0, 10, 0);
    char buf[10];

    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(recv_bytes(down, buf, 10), 10);
    finish_and_free(down);
    send_pattern(up, MIB, 0, 5);
    finish_and_free(up);
    CHECK(file_has_pattern(in_dir("p/v"), MIB, 0, 5));
    vol = virStorageVolLookupByName(pool, "v");
    CHECK(vol != NULL);
    vol_gone(vol);
}

static void connection_closed(void)
{
    virConnectPtr other = virConnectOpen(test_uri);
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0), theirs;
    virStreamPtr st;

    CHECK(other != NULL);
    theirs = virStorageVolLookupByPath(other, in_dir("p/v"));
    CHECK(theirs != NULL);
    st = upload_to(theirs, 0, 0, 0);
    send_pattern(st, 1000, 0, 6);
    CHECK_INT(virConnectClose(other), 1);
    CHECK_INT(virStorageVolFree(theirs), 0);
    /* The stream holds the connection. */
    send_pattern(st, 1000, 1000, 6);
    finish_and_free(st);
    CHECK(file_has_pattern(in_dir("p/v"), 2000, 0, 6));

    /* Everything dropped at once, with a transfer under way. */
    other = virConnectOpen(test_uri);
    CHECK(other != NULL);
    theirs = virStorageVolLookupByPath(other, in_dir("p/v"));
    CHECK(theirs != NULL);
    st = upload_to(theirs, 0, 0, 0);
    send_pattern(st, 1000, 0, 7);
    CHECK_INT(virConnectClose(other), 1);
    CHECK_INT(virStorageVolFree(theirs), 0);
    CHECK_INT(virStreamFree(st), 0);
    if (ours) {
        CHECK_INT(virConnectIsAlive(other), -1);
        CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "in virConnectIsAlive");
    }
    vol_gone(vol);
}

static void volume_deleted(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0), again;
    virStreamPtr up, down;
    char *buf = (char *)malloc(MIB);

    CHECK(buf != NULL);
    write_pattern(in_dir("p/v"), MIB, 0, 8);
    up = upload_to(vol, 0, 0, 0);
    down = download_from(vol, 0, 0, 0);
    send_pattern(up, 1000, 0, 8);
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK(!exists(in_dir("p/v")));
    /* A new volume of that name is not the old one. */
    again = make_vol(pool, "v", MIB, 0);
    send_pattern(up, 1000, 1000, 8);
    CHECK_INT(virStreamFinish(up), 0);
    CHECK_INT(virStreamFree(up), 0);
    CHECK_INT(recv_bytes(down, buf, MIB), MIB);
    finish_and_free(down);
    CHECK(file_is_zero(in_dir("p/v"), MIB, 0));
    CHECK_INT(virStorageVolFree(vol), 0);
    vol_gone(again);
    free(buf);
}

static void pool_stopped(void)
{
    virStoragePoolPtr other = make_pool(conn, "o");
    virStorageVolPtr vol = make_vol(other, "v", MIB, 0);
    virStreamPtr up = upload_to(vol, 0, 0, 0), down = download_from(vol, 0, 0, 0);
    char *buf = (char *)malloc(MIB);

    CHECK(buf != NULL);
    send_pattern(up, 1000, 0, 9);
    CHECK_INT(virStoragePoolDestroy(other), 0);
    CHECK_INT(virStoragePoolFree(other), 0);
    send_pattern(up, 1000, 1000, 9);
    CHECK_INT(virStreamFinish(up), 0);
    CHECK_INT(virStreamFree(up), 0);
    CHECK_INT(recv_bytes(down, buf, MIB), MIB);
    finish_and_free(down);
    CHECK(file_has_pattern(in_dir("o/v"), 2000, 0, 9));
    CHECK_INT(virStorageVolFree(vol), 0);
    free(buf);
}

/* All of these may happen to a volume that is being read and written. */
static void worked_on(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0), copy;
    virStreamPtr up = upload_to(vol, 0, 0, 0), down = download_from(vol, 0, 0, 0);
    virStorageVolInfo info;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    CHECK_INT(virStorageVolResize(vol, 2 * MIB, 0), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    copy = virStorageVolCreateXMLFrom(pool, vol_xml("copy", 2 * MIB, 0), vol, 0);
    CHECK(copy != NULL);
    vol_gone(copy);
    send_pattern(up, 1000, 0, 10);
    finish_and_free(up);
    finish_and_free(down);
    CHECK(file_has_pattern(in_dir("p/v"), 1000, 0, 10));
    vol_gone(vol);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    free_without_end(0);
    free_without_end(1);
    last_reference();
    handles_first();
    connection_closed();
    volume_deleted();
    pool_stopped();
    worked_on();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
