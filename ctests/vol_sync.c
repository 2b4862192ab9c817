/* ctest: ours-only because it stands between the library and the C library's calls */
/* Changes are on stable storage when a call returns, in the right order: data, name, folder. An
 * error of syncing is reported once, by the call that it concerns, and leaves no name. */
#include "fixture.h"

#include <sys/syscall.h>
#include <virsparse/virsparse.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* ---- The library's system calls ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* In order: f a file is synced, d a folder is synced, n a file gets its name, u one is removed. */
static char trace[4096];
static size_t traced;
/* How often early writeback was started, and up to which offset. */
static int begun;
static long long begun_end;
/* The next call of that kind fails. */
static char failing;

static int note(char what)
{
    int fails;

    pthread_mutex_lock(&lock);
    if (what == 'w')
        begun++;
    else if (traced + 1 < sizeof(trace))
        trace[traced++] = what;
    fails = failing == what;
    if (fails)
        failing = 0;
    pthread_mutex_unlock(&lock);
    if (fails)
        errno = EIO;
    return fails ? -1 : 0;
}

static int is_folder(int fd)
{
    struct stat sb;

    return fstat(fd, &sb) == 0 && S_ISDIR(sb.st_mode);
}

/* Nothing is really synced: the drive's behaviour is not tested. */
int fsync(int fd)
{
    return note(is_folder(fd) ? 'd' : 'f');
}

int fdatasync(int fd)
{
    (void)fd;
    return note('f');
}

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned int flags)
{
    (void)fd;
    if (flags & SYNC_FILE_RANGE_WRITE) {
        pthread_mutex_lock(&lock);
        if (offset + length > begun_end)
            begun_end = offset + length;
        pthread_mutex_unlock(&lock);
        return note('w');
    }
    return 0;
}

/* As the C library declares them. */
#ifdef __cplusplus
#define NO_THROW noexcept
#else
#define NO_THROW
#endif

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) NO_THROW
{
    return note('n') != 0 ? -1 : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

/* Where there are no files without a name. */
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags) NO_THROW
{
    return note('n') != 0 ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int unlinkat(int fd, const char *path, int flags) NO_THROW
{
    if (strncmp(path, ".virsparse-new-", 15) != 0 && note('u') != 0)
        return -1;
    return (int)syscall(SYS_unlinkat, fd, path, flags);
}

static void watch(void)
{
    traced = 0;
    memset(trace, 0, sizeof(trace));
    begun = 0;
    begun_end = 0;
}

/* The next call of the kind with this letter fails once, with EIO. */
static void fail_next(char what)
{
    watch();
    failing = what;
}

static void failed_with_eio(void)
{
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Input/output error");
    CHECK_INT(virGetLastError()->int1, EIO);
    CHECK_INT(failing, 0);
}

/* ---- Helpers ---- */

static const char *qcow2_xml(const char *name, const char *target)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<volume><name>%s</name><capacity>4194304</capacity><target><format type='qcow2'/>"
             "<compat>1.1</compat>%s</target></volume>", name, target);
    return xml;
}

#define COMPRESSED "<v:compression xmlns:v='urn:virsparse:volume:1' type='deflate'/>"

static void send_all(virStreamPtr st, const char *data, size_t length)
{
    while (length > 0) {
        int n = virStreamSend(st, data, length < 1 << 20 ? length : 1 << 20);

        CHECK(n > 0);
        data += n;
        length -= (size_t)n;
    }
}

static void upload(virStorageVolPtr vol, size_t length, unsigned int flags)
{
    virStreamPtr st = upload_to(vol, 0, 0, flags);
    char *data = pattern(length, 0, 1);

    send_all(st, data, length);
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    free(data);
}

/* All changes of volumes with the system calls that they need, in order; of several equal calls
 * in a row only the first is listed. */
static void done_to_volumes(int syncs)
{
    static const char *const made = "fnd", *const folder = "dd";
    virStorageVolPtr raw, full, image, clone, flat, dir;
    const char *changed = syncs ? "f" : "";

    watch();
    raw = make_vol(pool, "raw", 4 * MIB, 0);
    CHECK_STR(trace, syncs ? made : "n");
    watch();
    full = make_vol(pool, "full", 4 * MIB, 4 * MIB);
    CHECK_STR(trace, syncs ? made : "n");
    watch();
    image = virStorageVolCreateXML(pool, qcow2_xml("image", ""), 0);
    CHECK(image != NULL);
    CHECK_STR(trace, syncs ? made : "n");

    watch();
    upload(raw, 2 * MIB, 0);
    CHECK_STR(trace, changed);
    watch();
    upload(raw, 2 * MIB, VIR_SPARSE_VOL_UPLOAD_NO_SYNC);
    CHECK_STR(trace, "");
    CHECK_INT(begun, 0);

    watch();
    clone = virStorageVolCreateXMLFrom(pool, vol_xml("clone", 4 * MIB, 0), raw, 0);
    CHECK(clone != NULL);
    CHECK_STR(trace, syncs ? made : "n");
    vol_gone(clone);
    watch();
    clone = virStorageVolCreateXMLFrom(pool, qcow2_xml("clone", ""), raw, 0);
    CHECK(clone != NULL);
    CHECK_STR(trace, syncs ? made : "n");
    vol_gone(clone);
    watch();
    clone = virStorageVolCreateXMLFrom(pool, qcow2_xml("clone", COMPRESSED), raw, 0);
    CHECK(clone != NULL);
    CHECK_STR(trace, syncs ? made : "n");
    watch();
    flat = virStorageVolCreateXMLFrom(pool, vol_xml("flat", 4 * MIB, 0), clone, 0);
    CHECK(flat != NULL);
    CHECK_STR(trace, syncs ? made : "n");
    CHECK(file_has_pattern(in_dir("p/flat"), 2 * MIB, 0, 1));

    watch();
    CHECK_INT(virStorageVolResize(raw, 6 * MIB, 0), 0);
    CHECK_STR(trace, changed);
    watch();
    CHECK_INT(virStorageVolResize(raw, 8 * MIB, VIR_STORAGE_VOL_RESIZE_ALLOCATE), 0);
    CHECK_STR(trace, changed);
    /* The order of changes within an existing image is kept in any case. */
    watch();
    CHECK_INT(virStorageVolResize(image, 8 * MIB, 0), 0);
    CHECK(strchr(trace, 'f') != NULL);
    watch();
    CHECK_INT(virStorageVolWipe(flat, 0), 0);
    CHECK_STR(trace, changed);
    watch();
    CHECK_INT(virStorageVolWipe(full, 0), 0);
    CHECK_STR(trace, changed);
    watch();
    CHECK_INT(virSparseVolWipeRange(raw, MIB, MIB, 0), 0);
    CHECK_STR(trace, changed);
    /* Each pass must reach the drive, or the next one would only overwrite the page cache. */
    watch();
    CHECK_INT(virStorageVolWipePattern(raw, VIR_STORAGE_VOL_WIPE_ALG_NNSA, 0), 0);
    CHECK_STR(trace, "ffff");

    watch();
    CHECK_INT(virStorageVolDelete(clone, 0), 0);
    CHECK_STR(trace, syncs ? "ud" : "u");
    CHECK_INT(virStorageVolFree(clone), 0);
    watch();
    dir = virStorageVolCreateXML(pool, "<volume><name>dir</name><capacity>0</capacity><target>"
                                 "<format type='dir'/></target></volume>", 0);
    CHECK(dir != NULL);
    CHECK_STR(trace, syncs ? folder : "");
    vol_gone(dir);
    vol_gone(flat);
    vol_gone(image);
    vol_gone(full);
    vol_gone(raw);
}

/* A connection to the same root, with sync=no or without. */
static void connected(const char *more, int syncs)
{
    virConnectPtr before = conn;
    virStoragePoolPtr pool_before = pool;
    char uri[600];

    print_to(uri, sizeof(uri), "%s%s", test_uri, more);
    conn = virConnectOpen(uri);
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, pool_name("p"));
    CHECK(pool != NULL);
    done_to_volumes(syncs);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    conn = before;
    pool = pool_before;
}

static void wrong_uris(void)
{
    static const char *const more[] = { "&sync=maybe", "&sync", "&sync=no&sync=no" };
    char uri[600];
    size_t i;

    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        print_to(uri, sizeof(uri), "%s%s", test_uri, more[i]);
        CHECK(virConnectOpen(uri) == NULL);
        CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected sparse URI query");
    }
}

/* Memory is not stable storage, so nothing is synced. */
static void in_memory(void)
{
    virConnectPtr test = virConnectOpen("test:///default");
    virStoragePoolPtr memory = virStoragePoolLookupByName(test, "default-pool");
    virStorageVolPtr vol;

    CHECK(memory != NULL);
    watch();
    vol = virStorageVolCreateXML(memory, vol_xml("v", 4 * MIB, 0), 0);
    CHECK(vol != NULL);
    upload(vol, MIB, 0);
    CHECK_INT(virStorageVolResize(vol, 8 * MIB, 0), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    vol_gone(vol);
    CHECK_STR(trace, "");
    CHECK_INT(begun, 0);
    CHECK_INT(virStoragePoolFree(memory), 0);
    CHECK_INT(virConnectClose(test), 0);
}

/* While data arrives, earlier data is already being written back. */
static void writes_behind(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 40 * MIB, 0);
    char *data = pattern(40 * MIB, 0, 3);
    virStreamPtr st;
    virStorageVolPtr clone;

    watch();
    st = upload_to(vol, 0, 0, 0);
    send_all(st, data, 40 * MIB);
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK_STR(trace, "f");
    CHECK_INT(begun, 5);
    CHECK_INT(begun_end, 40 * MIB);
    watch();
    upload(vol, 40 * MIB, VIR_SPARSE_VOL_UPLOAD_NO_SYNC);
    CHECK_INT(begun, 0);
    /* Also in an image, where the data is at other offsets of its file. */
    watch();
    clone = virStorageVolCreateXMLFrom(pool, qcow2_xml("clone", ""), vol, 0);
    CHECK(clone != NULL);
    CHECK(begun >= 5);
    CHECK(begun_end >= (long long)(40 * MIB));
    vol_gone(clone);
    vol_gone(vol);
    free(data);
}

/* ---- Failures ---- */

static void nothing_is_made(void)
{
    static const char letters[] = "fnd";
    virStorageVolPtr source = make_vol(pool, "source", 40 * MIB, 0);
    size_t i;

    upload(source, 40 * MIB, 0);
    for (i = 0; letters[i]; i++) {
        fail_next(letters[i]);
        CHECK(virStorageVolCreateXML(pool, vol_xml("v", MIB, 0), 0) == NULL);
        failed_with_eio();
        CHECK(!exists(in_dir("p/v")));
        fail_next(letters[i]);
        CHECK(virStorageVolCreateXML(pool, qcow2_xml("v", ""), 0) == NULL);
        failed_with_eio();
        CHECK(!exists(in_dir("p/v")));
        fail_next(letters[i]);
        CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", 40 * MIB, 0), source, 0) == NULL);
        failed_with_eio();
        CHECK(!exists(in_dir("p/v")));
        CHECK(virStorageVolLookupByName(pool, "v") == NULL);
    }
    fail_next('d');
    CHECK(virStorageVolCreateXML(pool, "<volume><name>v</name><capacity>0</capacity><target>"
                                 "<format type='dir'/></target></volume>", 0) == NULL);
    failed_with_eio();
    CHECK(!exists(in_dir("p/v")));
    /* An error that the kernel reported when writeback was started is not reported again by the
     * sync at the end. */
    fail_next('w');
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("v", 40 * MIB, 0), source, 0) == NULL);
    failed_with_eio();
    CHECK(!exists(in_dir("p/v")));
    fail_next('w');
    CHECK(virStorageVolCreateXMLFrom(pool, qcow2_xml("v", ""), source, 0) == NULL);
    failed_with_eio();
    CHECK(!exists(in_dir("p/v")));
    /* The name is free. */
    vol_gone(make_vol(pool, "v", MIB, 0));
    vol_gone(source);
}

static void an_upload_tells(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 40 * MIB, 0);
    char *data = pattern(40 * MIB, 0, 4);
    virStreamPtr st = upload_to(vol, 0, 0, 0);
    size_t sent = 0;

    send_all(st, data, MIB);
    fail_next('f');
    CHECK_INT(virStreamFinish(st), -1);
    failed_with_eio();
    /* The next sync would succeed, although data is lost. */
    CHECK_INT(virStreamFinish(st), -1);
    failed_with_eio();
    CHECK_INT(virStreamFree(st), 0);

    /* The error comes at the first call that can return it. */
    st = upload_to(vol, 0, 0, 0);
    fail_next('w');
    while (sent < 40 * MIB && virStreamSend(st, data + sent, MIB) == (int)MIB)
        sent += MIB;
    if (sent == 40 * MIB)
        CHECK_INT(virStreamFinish(st), -1);
    failed_with_eio();
    CHECK_INT(virStreamFree(st), 0);

    upload(vol, 40 * MIB, 0);
    CHECK(file_has_pattern(in_dir("p/v"), 40 * MIB, 0, 1));
    vol_gone(vol);
    free(data);
}

static void changes_tell(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 4 * MIB, 4 * MIB);
    virStorageVolPtr image = virStorageVolCreateXML(pool, qcow2_xml("image", ""), 0);

    CHECK(image != NULL);
    fail_next('f');
    CHECK_INT(virStorageVolResize(vol, 8 * MIB, 0), -1);
    failed_with_eio();
    fail_next('f');
    CHECK_INT(virStorageVolResize(image, 8 * MIB, 0), -1);
    failed_with_eio();
    fail_next('f');
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    failed_with_eio();
    fail_next('f');
    CHECK_INT(virSparseVolWipeRange(vol, 0, MIB, 0), -1);
    failed_with_eio();
    /* The volume is deleted, even if the folder could not be synced. */
    fail_next('d');
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_INT(failing, 0);
    CHECK(!exists(in_dir("p/v")));
    CHECK(virStorageVolLookupByName(pool, "v") == NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    vol_gone(image);
}

int main(int argc, char **argv)
{
    (void)argc;
    unsetenv("VIRSPARSE_SYNC");
    conn = fixture_open(argv[0], 900);
    pool = make_pool(conn, "p");
    connected("", 1);
    connected("&sync=yes", 1);
    connected("&sync=no", 0);
    CHECK_INT(setenv("VIRSPARSE_SYNC", "no", 1), 0);
    connected("", 0);
    connected("&sync=yes", 1);
    CHECK_INT(unsetenv("VIRSPARSE_SYNC"), 0);
    /* Connections with sync=no do not change others. */
    done_to_volumes(1);
    wrong_uris();
    in_memory();
    writes_behind();
    nothing_is_made();
    an_upload_tells();
    changes_tell();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
