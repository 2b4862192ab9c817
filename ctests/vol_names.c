/* Hostile names and hostile directory entries: nothing outside of the pool is written, read or
 * waited for. */
#include "fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

/* A name that no volume can have: a clear error, and no file is created anywhere. */
static void name_refused(const char *name)
{
    size_t len = strlen(name) + 256;
    char *xml = (char *)malloc(len);
    int before = entries(test_dir);

    CHECK(xml != NULL);
    print_to(xml, len,
             "<volume><name>%s</name><capacity>4096</capacity><allocation>0</allocation></volume>",
             name);
    CHECK(virStorageVolCreateXML(pool, xml, 0) == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    /* An internal error is not a clear error. */
    if (ours)
        CHECK(virGetLastErrorCode() != VIR_ERR_INTERNAL_ERROR);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
    CHECK_INT(entries(in_dir("p")), 0);
    CHECK_INT(entries(test_dir), before);
    free(xml);
}

static void refused_names(void)
{
    char long_name[4097];

    name_refused("a/9");
    CHECK(virStorageVolCreateXML(
              pool, "<volume><name>a/9</name><capacity>1</capacity></volume>", 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE,
              "volume name 'a/9' cannot contain '/'");
    name_refused("/");
    name_refused("/etc/passwd");
    name_refused("../escaped");
    name_refused("..");
    CHECK(virStorageVolCreateXML(
              pool, "<volume><name>..</name><capacity>1</capacity></volume>", 0) == NULL);
    CHECK_ERR(VIR_ERR_OPERATION_INVALID, VIR_FROM_STORAGE, "/..' already exists");
    name_refused(".");
    name_refused("");
    memset(long_name, 'n', sizeof(long_name));
    long_name[4096] = '\0';
    name_refused(long_name);
    long_name[256] = '\0';
    name_refused(long_name);
    if (ours) {
        name_refused("new\nline");
        name_refused("new&#10;line");
    }
    /* XML cannot have a NUL, or bytes that are not UTF-8. */
    name_refused("nul&#0;byte");
    name_refused("not\xff\xfeutf8");
}

static void long_name(void)
{
    char name[256];
    virStorageVolPtr vol;

    memset(name, 'n', sizeof(name));
    name[255] = '\0';
    vol = make_vol(pool, name, 4096, 0);
    CHECK_STR(virStorageVolGetName(vol), name);
    CHECK(exists(in_dir("p/%s", name)));
    vol_gone(vol);
}

static void odd_but_fine_names(void)
{
    static const char *const names[] = { "...",      "-rf",  " ",      "a b", "%s%n", "$(touch x)",
                                         "\xc3\xa9", "a:b",  "*?[",    "~",   "'\"",  "\\",
                                         ".hidden",  "CON",  "x.tmp~", "#",   "=",    "@{x}" };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        virStorageVolPtr vol = make_vol(pool, names[i], 4096, 0), again;
        char path[PATH_MAX];

        print_to(path, sizeof(path), "%s", in_dir("p/%s", names[i]));
        CHECK_STR(virStorageVolGetName(vol), names[i]);
        CHECK(exists(path));
        CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
        again = virStorageVolLookupByName(pool, names[i]);
        CHECK(again != NULL);
        CHECK_INT(virStorageVolFree(again), 0);
        vol_gone(vol);
        CHECK(!exists(path));
    }
    CHECK_INT(entries(in_dir("p")), 0);
}

static int is_listed(const char *name)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);

    if (!vol) {
        CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with matching name");
        return 0;
    }
    CHECK_INT(virStorageVolFree(vol), 0);
    return 1;
}

static void make_socket(const char *path)
{
    struct sockaddr_un address;
    char place[64];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int dir = open(in_dir("p"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    /* The path of a socket must be short, but that of the test directory may be long. */
    CHECK(fd >= 0 && dir >= 0);
    print_to(place, sizeof(place), "/proc/self/fd/%d/%s", dir, path);
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, place);
    CHECK_INT(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(close(dir), 0);
}

static void refreshed_entries(void)
{
    write_pattern(in_dir("p/plain"), 10, 0, 1);
    write_pattern(in_dir("p/new\nline"), 10, 0, 1);
    write_pattern(in_dir("p/not\xffutf8"), 10, 0, 1);
    CHECK_INT(mkfifo(in_dir("p/fifo"), 0644), 0);
    make_socket("socket");
    CHECK_INT(symlink("/no/such/file", in_dir("p/dangling")), 0);
    CHECK_INT(symlink("loop", in_dir("p/loop")), 0);
    CHECK_INT(symlink("plain", in_dir("p/inside")), 0);
    CHECK_INT(symlink("fifo", in_dir("p/tofifo")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK(is_listed("plain"));
    CHECK(is_listed("new\nline"));
    /* XML could not name it. */
    CHECK_INT(is_listed("not\xffutf8"), !ours);
    CHECK(is_listed("inside"));
    CHECK(!is_listed("fifo"));
    CHECK(!is_listed("socket"));
    CHECK(!is_listed("dangling"));
    CHECK(!is_listed("loop"));
    CHECK(!is_listed("tofifo"));
    CHECK_INT(virStoragePoolNumOfVolumes(pool), ours ? 3 : 4);
    CHECK_INT(unlink(in_dir("p/fifo")), 0);
    CHECK_INT(unlink(in_dir("p/socket")), 0);
    CHECK_INT(unlink(in_dir("p/dangling")), 0);
    CHECK_INT(unlink(in_dir("p/loop")), 0);
    CHECK_INT(unlink(in_dir("p/inside")), 0);
    CHECK_INT(unlink(in_dir("p/tofifo")), 0);
    CHECK_INT(unlink(in_dir("p/new\nline")), 0);
    CHECK_INT(unlink(in_dir("p/not\xffutf8")), 0);
    CHECK_INT(unlink(in_dir("p/plain")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStoragePoolNumOfVolumes(pool), 0);
}

/* No call on the volume opens the file that its name refers to. */
static void untouchable(virStorageVolPtr vol)
{
    virStreamPtr st = new_stream(conn);

    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStorageVolDownload(vol, st, 0, 0, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStorageVolWipe(vol, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStorageVolResize(vol, 16 * KIB, 0), -1);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK(virStorageVolCreateXMLFrom(pool, vol_xml("copy", 4096, 0), vol, 0) == NULL);
    CHECK(virGetLastErrorCode() != VIR_ERR_OK);
    CHECK_INT(virStreamFree(st), 0);
}

/* A symlink to a regular file elsewhere would make any file that the process can read a volume. */
static void symlinks_out(void)
{
    virStorageVolPtr vol;

    CHECK_INT(mkdir(in_dir("elsewhere"), 0755), 0);
    write_pattern(in_dir("elsewhere/secret"), 8192, 0, 3);
    CHECK_INT(symlink(in_dir("elsewhere/secret"), in_dir("p/absolute")), 0);
    CHECK_INT(symlink("../elsewhere/secret", in_dir("p/relative")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    if (ours) {
        static const char *const names[] = { "absolute", "relative" };
        size_t i;

        for (i = 0; i < 2; i++) {
            vol = virStorageVolLookupByName(pool, names[i]);
            if (vol) {
                untouchable(vol);
                CHECK_INT(virStorageVolFree(vol), 0);
            } else {
                CHECK_ERR(VIR_ERR_NO_STORAGE_VOL, VIR_FROM_STORAGE, "no storage vol with");
            }
        }
    } else {
        CHECK(is_listed("absolute"));
        CHECK(is_listed("relative"));
    }
    CHECK_INT(unlink(in_dir("p/absolute")), 0);
    CHECK_INT(unlink(in_dir("p/relative")), 0);

    /* A volume's file that is replaced by such a link later is refused, too. */
    vol = make_vol(pool, "v", 4096, 4096);
    CHECK_INT(unlink(in_dir("p/v")), 0);
    CHECK_INT(symlink("../elsewhere/secret", in_dir("p/v")), 0);
    if (ours)
        untouchable(vol);
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK(!exists(in_dir("p/v")));
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(file_size(in_dir("elsewhere/secret")), 8192);
    CHECK(file_has_pattern(in_dir("elsewhere/secret"), 8192, 0, 3));
    CHECK(!exists(in_dir("p/copy")));
}

/* Opening a FIFO in place of a volume must not block. */
static void becomes_fifo(void)
{
    virStorageVolPtr vol = make_vol(pool, "f", 4096, 4096);

    CHECK_INT(unlink(in_dir("p/f")), 0);
    CHECK_INT(mkfifo(in_dir("p/f"), 0644), 0);
    untouchable(vol);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK(!is_listed("f"));
    CHECK_INT(unlink(in_dir("p/f")), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 60);
    pool = make_pool(conn, "p");
    refused_names();
    long_name();
    odd_but_fine_names();
    refreshed_entries();
    symlinks_out();
    if (ours)
        becomes_fifo();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
