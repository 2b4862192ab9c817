/* What belongs to the host process - umask, working directory, signals, descriptors, threads,
 * output streams - is unchanged after all kinds of calls. */
#include "fixture.h"

#include <locale.h>

#define SPARSE 1

struct host {
    struct sigaction actions[NSIG];
    sigset_t mask;
    mode_t umask;
    char cwd[PATH_MAX];
    char locale[256];
    int fds;
};

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static void look(struct host *host)
{
    int i;

    memset(host, 0, sizeof(*host));
    /* The numbers that the C library keeps to itself have no action. */
    for (i = 1; i < NSIG; i++)
        sigaction(i, NULL, &host->actions[i]);
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &host->mask), 0);
    host->umask = umask(0);
    umask(host->umask);
    CHECK(getcwd(host->cwd, sizeof(host->cwd)) != NULL);
    print_to(host->locale, sizeof(host->locale), "%s", setlocale(LC_ALL, NULL));
    host->fds = entries("/proc/self/fd");
}

static void compare(const struct host *before)
{
    struct host now;
    sigset_t pending;
    int i;

    look(&now);
    for (i = 1; i < NSIG; i++) {
        CHECK(now.actions[i].sa_handler == before->actions[i].sa_handler);
        CHECK_INT(now.actions[i].sa_flags, before->actions[i].sa_flags);
        CHECK_INT(sigismember(&now.mask, i), sigismember(&before->mask, i));
    }
    CHECK_INT(sigpending(&pending), 0);
    CHECK_INT(sigismember(&pending, SIGPIPE), 0);
    CHECK_INT(sigismember(&pending, SIGXFSZ), 0);
    CHECK_INT(now.umask, before->umask);
    CHECK_STR(now.cwd, before->cwd);
    CHECK_STR(now.locale, before->locale);
    CHECK_INT(now.fds, before->fds);
}

/* Worker threads may take a moment to end, but they must end. */
static void no_thread_left(void)
{
    while (entries("/proc/self/task") != 3)
        short_pause();
    CHECK_INT(entries("/proc/self/task"), 3);
}

static int endless(virStreamPtr st, char *data, size_t len, void *opaque)
{
    (void)st;
    (void)opaque;
    memset(data, 'x', len);
    return (int)len;
}

static int drop(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    (void)st;
    (void)data;
    (void)opaque;
    return (int)len;
}

static int drop_hole(virStreamPtr st, long long length, void *opaque)
{
    (void)st;
    (void)length;
    (void)opaque;
    return 0;
}

static int failing(virStreamPtr st, const char *data, size_t len, void *opaque)
{
    (void)st;
    (void)data;
    (void)len;
    (void)opaque;
    return -1;
}

static void transfers(virStorageVolPtr vol)
{
    virStreamPtr st = upload_to(vol, 0, 0, SPARSE);

    send_pattern(st, 64 * KIB, 0, 1);
    CHECK_INT(virStreamSendHole(st, MIB - 128 * KIB, 0), 0);
    send_pattern(st, 64 * KIB, MIB - 64 * KIB, 1);
    finish_and_free(st);
    st = upload_to(vol, 0, 0, 0);
    send_pattern(st, MIB, 0, 1);
    CHECK_INT(virStreamAbort(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    st = download_from(vol, 0, 0, SPARSE);
    CHECK_INT(virStreamSparseRecvAll(st, drop, drop_hole, NULL), 0);
    finish_and_free(st);
    st = download_from(vol, 0, 0, 0);
    CHECK_INT(virStreamRecvAll(st, failing, NULL), -1);
    CHECK_INT(virStreamFree(st), 0);
    /* The upload is longer than the volume: an error in the library's own threads, if it has
     * any. */
    if (ours) {
        st = upload_to(vol, 0, 0, 0);
        CHECK_INT(virStreamSendAll(st, endless, NULL), -1);
        CHECK_INT(virStreamFree(st), 0);
    }
}

/* Only the whole workout, without a look at the results: other programs do that. */
static void work(const char *program)
{
    virConnectPtr conn = virConnectOpen(test_uri);
    virStoragePoolPtr pool;
    virStorageVolPtr vol, copy;
    virStorageVolInfo info;

    (void)program;
    CHECK(conn != NULL);
    ours = strcmp(virConnectGetType(conn), "SPARSE") == 0;
    pool = virStoragePoolDefineXML(conn, pool_xml("p"), 0);
    CHECK(pool != NULL);
    CHECK_INT(virStoragePoolBuild(pool, 0), 0);
    CHECK_INT(virStoragePoolCreate(pool, 0), 0);
    vol = make_vol(pool, "v", MIB, 0);
    transfers(vol);
    copy = virStorageVolCreateXMLFrom(pool, vol_xml("copy", MIB, 0), vol, 0);
    CHECK(copy != NULL);
    CHECK_INT(virStorageVolWipe(copy, 0), 0);
    CHECK_INT(virStorageVolResize(copy, 2 * MIB, 0), 0);
    vol_gone(copy);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK(virStorageVolLookupByName(pool, "nope") == NULL);
    CHECK(virStorageVolCreateXML(pool, "<vol", 0) == NULL);
    CHECK(virConnectOpen("zzz") == NULL);
    vol_gone(vol);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolDelete(pool, 0), 0);
    CHECK_INT(virStoragePoolUndefine(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
}

/* Runs `what` with both output streams redirected to a file, and returns the output. */
static char *output_of(void (*what)(const char *), const char *argument)
{
    char *said;
    size_t len;
    int file = open(in_dir("said"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int out = dup(1), err = dup(2);

    CHECK(file >= 0 && out >= 0 && err >= 0);
    fflush(NULL);
    CHECK_INT(dup2(file, 1), 1);
    CHECK_INT(dup2(file, 2), 2);
    what(argument);
    fflush(NULL);
    CHECK_INT(dup2(out, 1), 1);
    CHECK_INT(dup2(err, 2), 2);
    CHECK_INT(close(file), 0);
    CHECK_INT(close(out), 0);
    CHECK_INT(close(err), 0);
    len = (size_t)file_size(in_dir("said"));
    said = (char *)malloc(len + 1);
    CHECK(said != NULL);
    file = open(in_dir("said"), O_RDONLY | O_CLOEXEC);
    CHECK(file >= 0);
    CHECK_INT(read(file, said, len), len);
    CHECK_INT(close(file), 0);
    said[len] = '\0';
    return said;
}

static void fail_aloud(const char *name)
{
    virConnectPtr conn = virConnectOpen(test_uri);

    CHECK(conn != NULL);
    CHECK(virStoragePoolLookupByName(conn, name) == NULL);
    CHECK_INT(virConnectClose(conn), 0);
}

static void output(void)
{
    char *said = output_of(work, NULL);

    CHECK_STR(said, "");
    free(said);
    /* Without an error handler, the error is written to standard error once, in libvirt's words. */
    virSetErrorFunc(NULL, NULL);
    said = output_of(fail_aloud, "nope");
    virSetErrorFunc(NULL, ignore_error);
    CHECK_STR(said, "libvirt: Storage Driver error : Storage pool not found: no storage pool with "
                    "matching name 'nope'\n");
    free(said);
}

/* Other users must not be able to read volumes or the state, whatever the umask is. */
static void any_umask(void)
{
    static const mode_t masks[] = { 0, 022, 077 };
    virConnectPtr conn;
    virStoragePoolPtr pool;
    struct stat sb;
    mode_t old = umask(022);
    size_t i;

    CHECK_INT(mkdir(in_dir("m"), 0755), 0);
    for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        virStorageVolPtr vol;

        umask(masks[i]);
        conn = virConnectOpen(test_uri);
        CHECK(conn != NULL);
        pool = virStoragePoolCreateXML(conn, pool_xml("m"), 0);
        CHECK(pool != NULL);
        vol = make_vol(pool, "v", 4096, 0);
        CHECK_INT(stat(in_dir("m/v"), &sb), 0);
        CHECK_INT(sb.st_mode & 0777, 0600);
        vol_gone(vol);
        pool_gone(pool);
        CHECK_INT(virConnectClose(conn), 0);
        CHECK_INT(umask(masks[i]), masks[i]);
    }
    umask(old);
}

int main(int argc, char **argv)
{
    struct host before;
    sigset_t blocked;

    (void)argc;
    fixture_prepare(argv[0], 120);
    /* Settings that would not be restored by chance. */
    umask(027);
    CHECK_INT(sigemptyset(&blocked), 0);
    CHECK_INT(sigaddset(&blocked, SIGUSR2), 0);
    CHECK_INT(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);
    CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    no_thread_left();
    look(&before);
    CHECK(before.actions[SIGPIPE].sa_handler == SIG_DFL);
    work(NULL);
    compare(&before);
    no_thread_left();
    output();
    compare(&before);
    no_thread_left();
    any_umask();
    compare(&before);
    return CHECK_DONE();
}
