/* A process without free memory: large allocations fail with an error, and existing objects stay
 * usable; a small one that fails ends the process, and prints nothing. The length of a document is
 * checked before it is copied.
 * ctest: ours-only because libvirt ends the process
 * ctest: no-valgrind because that needs memory, too */
#include "domain.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* The process may grow by so much from now on. */
static void limit_to(size_t more)
{
    struct rlimit limit;
    unsigned long pages;
    FILE *statm = fopen("/proc/self/statm", "r");

    CHECK(statm && fscanf(statm, "%lu", &pages) == 1);
    fclose(statm);
    CHECK_INT(getrlimit(RLIMIT_AS, &limit), 0);
    limit.rlim_cur = more ? pages * (size_t)sysconf(_SC_PAGESIZE) + more : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
}

/* A description of a volume with that many spaces in it. */
static char *document(const char *name, size_t length)
{
    const char *xml = vol_xml(name, MIB, 0);
    size_t head = strlen("<volume>");
    char *text = (char *)mmap(NULL, length + 1024, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(text != MAP_FAILED);
    memcpy(text, xml, head);
    memset(text + head, ' ', length);
    strcpy(text + head + length, xml + head);
    return text;
}

/* Takes all memory in pieces of that size. */
static void take_all(size_t size)
{
    void **piece, **last = NULL;

    while ((piece = (void **)malloc(size)) != NULL) {
        /* A compiler may leave out an allocation that is not used. */
        *piece = last;
        last = (void **)(void *)piece;
    }
    CHECK(last != NULL || size > sizeof(void *) * 2);
}

/* What a child does in whose process nothing can be allocated: it has no other threads. */
static void without_any(virStoragePoolPtr pool)
{
    const struct rlimit no_core = { 0, 0 };
    int output = open(in_dir("output"), O_CREAT | O_WRONLY, 0600), i;

    CHECK(output >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0);
    CHECK_INT(setrlimit(RLIMIT_CORE, &no_core), 0);
    limit_to(1);
    take_all(64 * KIB);
    take_all(KIB);
    take_all(sizeof(void *) * 2);
    for (i = 0; i < 1000; i++)
        virStorageVolLookupByName(pool, "no such volume");
    _exit(0);
}

static void small_allocations_end_the_process(virStoragePoolPtr pool)
{
    int status;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0)
        without_any(pool);
    CHECK(waitpid(child, &status, 0) == child);
    if (file_size(in_dir("output")) > 0)
        run("cat %s >&2", in_dir("output"));
    CHECK_INT(file_size(in_dir("output")), 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK_INT(unlink(in_dir("output")), 0);
}

int main(int argc, char **argv)
{
    char *large, *huge;
    char data[4096];
    virConnectPtr conn;
    virStoragePoolPtr pool;
    virStorageVolPtr vol;
    virStreamPtr st;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    vol = make_vol(pool, "v", MIB, 0);
    large = document("l", 3 * MIB);
    huge = document("h", 64 * MIB);
    memset(data, 'x', sizeof(data));
    st = virStreamNew(conn, 0);
    CHECK(st != NULL);
    /* Messages are made once without need. */
    CHECK(virStorageVolCreateXML(pool, "<", 0) == NULL);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), 0);

    limit_to(96 * KIB);
    CHECK(virStorageVolCreateXML(pool, huge, 0) == NULL);
    CHECK_CODE(VIR_ERR_XML_DETAIL, "document is longer than 4194304 bytes");
    CHECK(virStorageVolLookupByName(pool, huge) == NULL);
    CHECK(virStorageVolCreateXML(pool, large, 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_MEMORY, "out of memory");
    CHECK_INT(virStreamSend(st, data, sizeof(data)), -1);
    CHECK_CODE(VIR_ERR_NO_MEMORY, "out of memory: a buffer of a stream");
    limit_to(0);

    CHECK_INT(virStreamAbort(st), -1);
    CHECK_INT(virStorageVolUpload(vol, st, 0, 0, 0), 0);
    CHECK_INT(virStreamSend(st, data, sizeof(data)), sizeof(data));
    CHECK_INT(virStreamFinish(st), 0);
    CHECK_INT(virStreamFree(st), 0);
    CHECK(file_has(in_dir("p/v"), data, sizeof(data), 0));
    vol_gone(vol);
    vol = virStorageVolCreateXML(pool, large, 0);
    CHECK(vol != NULL);
    vol_gone(vol);
    small_allocations_end_the_process(pool);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
