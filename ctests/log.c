/* The log: off by default; switched on by libvirt's environment variables, and by a function. */
/* ctest: ours-only because libvirt has no function for its log, and other lines in it */
#include "domain.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <virsparse/virsparse.h>

static const char *program;

/* The other process, whose log is checked: it makes a pool, runs a domain, and fails once. */
static int work_in_other_process(void)
{
    virConnectPtr conn = virConnectOpen(getenv("LOG_URI"));
    virStoragePoolPtr pool;
    virDomainPtr dom;

    virSetErrorFunc(NULL, ignore_error);
    CHECK(conn != NULL);
    pool = virStoragePoolCreateXML(conn, getenv("LOG_POOL"), 0);
    CHECK(pool != NULL);
    CHECK(virStorageVolLookupByName(pool, "no\nvolume") == NULL);
    dom = virDomainCreateXML(conn, getenv("LOG_DOMAIN"), 0);
    CHECK(dom != NULL);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return 0;
}

/* Runs it with these settings, and returns its standard error output. */
static const char *said_with(const char *settings)
{
    static char said[1 << 20];
    size_t length;
    FILE *file;

    CHECK(run("env -u LIBVIRT_DEBUG %s LOG_URI='sparse:///embed?root=%s' '%s' work 2>'%s'", settings,
              in_dir("root"), program, in_dir("said")) == 0);
    file = fopen(in_dir("said"), "r");
    CHECK(file != NULL);
    length = fread(said, 1, sizeof(said) - 1, file);
    fclose(file);
    said[length] = '\0';
    return said;
}

static void off_by_default(void)
{
    CHECK_STR(said_with(""), "");
}

static void everything_on_stderr(void)
{
    const char *said = said_with("LIBVIRT_DEBUG=1");

    CHECK(strstr(said, ": debug : capi.call:") != NULL);
    CHECK(strstr(said, " : virStoragePoolCreateXML\n") != NULL);
    CHECK(strstr(said, ": info : event.broker:") != NULL);
    CHECK(strstr(said, "Domain 'd': Lifecycle") != NULL);
    /* A stranger's name does not make a line of its own. */
    CHECK(strstr(said, ": error : capi.call:") != NULL);
    CHECK(strstr(said, "'no volume'") != NULL);
    CHECK(strstr(said, "opened and locked '") != NULL);
}

static void filters_choose(void)
{
    const char *said = said_with("LIBVIRT_LOG_FILTERS='2:event 4:capi 4:block'");

    CHECK(strstr(said, ": info : event.broker:") != NULL);
    CHECK(strstr(said, ": error : capi.call:") != NULL);
    CHECK(strstr(said, ": debug :") == NULL);
}

static void outputs_choose(void)
{
    char settings[1024];
    const char *said;
    char *text;

    print_to(settings, sizeof(settings), "LIBVIRT_DEBUG=1 LIBVIRT_LOG_OUTPUTS='4:stderr 2:file:%s'",
             in_dir("log"));
    said = said_with(settings);
    CHECK(strstr(said, ": error : ") != NULL);
    CHECK(strstr(said, ": info : ") == NULL);
    text = read_at(in_dir("log"), file_size(in_dir("log")), 0);
    CHECK(memmem(text, file_size(in_dir("log")), ": info : ", 9) != NULL);
    CHECK(memmem(text, file_size(in_dir("log")), ": debug : ", 10) == NULL);
    free(text);
    /* Invalid settings are reported in the log. */
    said = said_with("LIBVIRT_DEBUG=nonsense LIBVIRT_LOG_OUTPUTS='1:journald'");
    CHECK(strstr(said, "'nonsense' is no level") != NULL);
    CHECK(strstr(said, "'1:journald' is neither") != NULL);
    print_to(settings, sizeof(settings), "LIBVIRT_LOG_OUTPUTS=1:file:%s", in_dir("none/log"));
    said = said_with(settings);
    CHECK(strstr(said, "libvirsparse: cannot log to '") != NULL);
    CHECK(strstr(said, "No such file or directory") != NULL);
}

/* Neither a closed pipe nor the limit for file sizes causes a signal. */
static void no_signal_by_a_log(void)
{
    CHECK_INT(run("(LIBVIRT_DEBUG=1 LOG_URI='sparse:///embed?root=%s' '%s' work 2>&1 >/dev/null; "
                  "echo $? >'%s') | true; grep -qx 0 '%s'",
                  in_dir("root"), program, in_dir("status"), in_dir("status")),
              0);
    CHECK_INT(run("head -c 4096 /dev/zero >'%s' && (ulimit -f 8; LIBVIRT_DEBUG=1 "
                  "LIBVIRT_LOG_OUTPUTS='1:file:%s' LOG_URI='sparse:///embed?root=%s' '%s' work)",
                  in_dir("small"), in_dir("small"), in_dir("root"), program),
              0);
    CHECK(file_size(in_dir("small")) <= 8192);
}

struct heard {
    virConnectPtr conn;
    int count;
    int debug;
    int errors;
    int refused;
    int freed;
    char last[256];
};

static void hear(int level, const char *source, const char *message, void *opaque)
{
    struct heard *heard = (struct heard *)opaque;

    heard->count++;
    heard->debug += level == VIR_SPARSE_LOG_DEBUG;
    heard->errors += level == VIR_SPARSE_LOG_ERROR && strcmp(source, "capi.call") == 0;
    print_to(heard->last, sizeof(heard->last), "%s", message);
    /* The function must not call the library: such a call returns an error instead of a
     * deadlock. */
    if (heard->conn && virConnectIsAlive(heard->conn) == -1)
        heard->refused++;
}

static void forget(void *opaque)
{
    ((struct heard *)opaque)->freed++;
}

static void by_a_function(virConnectPtr conn)
{
    struct heard first, second;

    memset(&first, 0, sizeof(first));
    memset(&second, 0, sizeof(second));
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_ERROR, hear, &first, forget), 0);
    CHECK(virDomainLookupByName(conn, "none") == NULL);
    CHECK_INT(first.count, 1);
    CHECK_INT(first.errors, 1);
    CHECK(strstr(first.last, "virDomainLookupByName: ") == first.last);
    CHECK(strstr(first.last, "no domain with matching name 'none'") != NULL);

    second.conn = conn;
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_DEBUG, hear, &second, forget), 0);
    CHECK_INT(first.freed, 1);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK(second.debug >= 1);
    CHECK_INT(second.refused, second.count);
    CHECK_INT(first.count, 1);

    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_DEBUG, NULL, NULL, NULL), 0);
    CHECK_INT(second.freed, 1);
    first.count = second.count;
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(second.count, first.count);

    CHECK_INT(virSparseSetLogFunc(0, hear, &first, forget), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "level in virSparseSetLogFunc must be between 1 and 4");
    CHECK_INT(virSparseSetLogFunc(5, NULL, NULL, NULL), -1);
    CHECK_INT(first.freed, 1);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    if (argc > 1)
        return work_in_other_process();
    program = realpath("/proc/self/exe", NULL);
    conn = fixture_open(argv[0], 120);
    if (strstr(program, "valgrind") != NULL) {
        free((void *)program);
        program = realpath(argv[0], NULL);
    }
    CHECK_INT(mkdir(in_dir("p"), 0777), 0);
    set_size(in_dir("disk"), MIB);
    setenv("LOG_POOL", pool_xml("p"), 1);
    setenv("LOG_DOMAIN", domain_xml("d", disk_xml("vda", "disk", "raw", ""), 1), 1);
    off_by_default();
    everything_on_stderr();
    filters_choose();
    outputs_choose();
    no_signal_by_a_log();
    by_a_function(conn);
    CHECK_INT(virConnectClose(conn), 0);
    free((void *)program);
    return CHECK_DONE();
}
