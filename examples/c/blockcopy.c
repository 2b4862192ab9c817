/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * blockcopy: copies the disk of a running domain while its guest uses it, and moves the guest onto
 * the copy. One libvirt call (virDomainBlockCopy) starts the job, an event reports that the copy is ready,
 * and a second call (virDomainBlockJobAbort) pivots the disk to the copy, or ends the job and keeps it.
 *
 * A copy that fails or is interrupted (Ctrl-C) leaves no trace: the job is aborted, its new file
 * is removed, and the guest continues with its old disk.
 */

#define _GNU_SOURCE /* asprintf */
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static const char usage[] =
    "Usage: blockcopy [OPTION]... URI DOMAIN DISK TARGET\n"
    "Copies DISK (vda) of a running domain to TARGET, a new file or a block device, while its guest\n"
    "uses it, and moves the guest onto the copy.\n"
    "\n"
    "  --domain-xml=FILE    when DOMAIN is not running, start a transient one from this description,\n"
    "                       for as long as this tool runs\n"
    "  --disk=IMAGE         the same, with no more than DISK, which is this image\n"
    "  --format=FMT         IMAGE's format (default: raw)\n"
    "  --guest=COMMAND      run COMMAND with the shell while the disk is copied, and wait for it;\n"
    "                       $DISK_URI tells it where the disk is\n"
    "  --target-format=FMT  raw or qcow2 (default: raw)\n"
    "  --finish             leave a copy as of one instant, for which the guest is paused, and stays\n"
    "                       where it is\n"
    "  --synchronous        the guest's writes go to both: ends however fast it writes\n"
    "  --bandwidth=N        at most N bytes a second (0: no limit)\n"
    "  --quiet              no progress bar, no table\n"
    "  --help               print this text\n"
    "\n"
    "A domain of sparse:/// runs in the process that has started it: give --domain-xml or --disk.\n"
    "Exit status: 0 copied, 1 failed, 2 wrong usage.\n";

enum { STATUS_COPIED = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

enum { RUNNING = -1 }; /* beside the virConnectDomainEventBlockJobStatus of a job that has an event */

struct options {
    bool finish, synchronous, quiet;
    unsigned long long bandwidth;
    const char *domain_xml, *image, *format, *guest, *target_format;
    const char *uri, *domain, *disk, *target;
};

/* The state of the job, which the event callbacks update. */
struct job {
    const struct options *o;
    virConnectPtr conn;
    virDomainPtr domain;
    char *target;         /* with a path from the root, as libvirt wants it */
    int status;           /* of the last event */
    bool bar;
    double started;
    unsigned long long end;
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signum)
{
    (void)signum;
    interrupted = 1;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- Errors: each is printed once, where it is found ---- */

/* By default every libvirt error is printed on the way up; we print the one that ends the job. */
static void ignore_error(void *data, virErrorPtr error)
{
    (void)data;
    (void)error;
}

__attribute__((format(printf, 1, 2)))
static bool fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr); /* the bar */
    fputs("blockcopy: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

static bool fail_libvirt(void)
{
    return fail("%s", virGetLastErrorMessage());
}

/* ---- XML ---- */

/* Writes text for an attribute value or between tags. */
static void put_escaped(FILE *xml, const char *text)
{
    for (; *text; text++)
        fprintf(xml, strchr("<>&'\"", *text) ? "&#%d;" : "%c", *text);
}

/* An attribute of the elements below. */
static void put(FILE *xml, const char *before, const char *text, const char *after)
{
    fputs(before, xml);
    put_escaped(xml, text);
    fputs(after, xml);
}

static char *target_xml(const struct job *j, bool device)
{
    char *text = NULL;
    size_t size;
    FILE *xml = open_memstream(&text, &size);
    if (!xml)
        return NULL;
    fprintf(xml, "<disk type='%s'>", device ? "block" : "file");
    put(xml, "<driver name='qemu' type='", j->o->target_format, "'/>");
    put(xml, device ? "<source dev='" : "<source file='", j->target, "'/></disk>");
    return fclose(xml) == 0 ? text : NULL;
}

/* The least of a domain: a name and a disk. */
static char *domain_xml(const struct options *o)
{
    char *text = NULL, *image = realpath(o->image, NULL);
    size_t size;
    FILE *xml = image ? open_memstream(&text, &size) : NULL;
    if (!xml) {
        fail("%s: %s", o->image, strerror(errno));
        free(image);
        return NULL;
    }
    put(xml, "<domain type='kvm'><name>", o->domain, "</name><memory unit='MiB'>64</memory>");
    fputs("<os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'>", xml);
    put(xml, "<driver name='qemu' type='", o->format, "'/>");
    put(xml, "<source file='", image, "'/>");
    put(xml, "<target dev='", o->disk, "' bus='virtio'/></disk></devices></domain>");
    free(image);
    return fclose(xml) == 0 ? text : NULL;
}

static char *read_file(const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(name, "r");
    if (!file || getdelim(&text, &size, '\0', file) < 0)
        fail("%s: %s", name, file && feof(file) ? "it is empty" : strerror(errno));
    if (file)
        fclose(file);
    return text;
}

/* ---- The job ---- */

static void on_job(virConnectPtr conn, virDomainPtr domain, const char *disk, int type, int status,
                   void *opaque)
{
    struct job *j = opaque;
    (void)conn, (void)domain, (void)type;
    if (strcmp(disk, j->o->disk) == 0)
        j->status = status;
}

/* Has the event loop return in time for the next bar. */
static void on_tick(int timer, void *opaque)
{
    (void)timer;
    (void)opaque;
}

/* Bytes are those of the disk; holes are among them, and take no time. */
static void draw_bar(const struct job *j, const virDomainBlockJobInfo *info)
{
    static const char full[] = "##############################";
    const int width = (int)sizeof(full) - 1;
    const double gib = 1024.0 * 1024 * 1024;
    double elapsed = now() - j->started;
    double share = info->end > 0 ? (double)info->cur / (double)info->end : 0;
    long left = share > 0 ? (long)(elapsed / share - elapsed + 0.5) : 0;
    fprintf(stderr, "\r[%.*s%*s] %3d%%  %.2f of %.2f GiB  %.0f MB/s  %ld:%02ld:%02ld left\033[K",
            (int)(share * width), full, width - (int)(share * width), "", (int)(share * 100),
            (double)info->cur / gib, (double)info->end / gib,
            elapsed > 0 ? (double)info->cur / elapsed / 1e6 : 0,
            left / 3600, left / 60 % 60, left % 60);
}

static bool fail_job(const struct job *j)
{
    if (j->status != VIR_DOMAIN_BLOCK_JOB_FAILED)
        return fail("%s: somebody else has ended the job", j->o->disk);
    /* The job is gone and cannot be aborted, but the error of this call says why it failed. */
    if (virDomainBlockJobAbort(j->domain, j->o->disk, 0) < 0)
        return fail_libvirt();
    return fail("%s: the job has failed", j->o->disk);
}

static bool wait_ready(struct job *j)
{
    while (j->status != VIR_DOMAIN_BLOCK_JOB_READY) {
        virDomainBlockJobInfo info;
        if (interrupted)
            return fail("interrupted");
        if (j->status != RUNNING)
            return fail_job(j);
        /* 0: the job has ended, and its event will arrive. */
        int found = virDomainGetBlockJobInfo(j->domain, j->o->disk, &info, 0);
        if (found < 0)
            return fail_libvirt();
        if (found > 0) {
            j->end = info.end;
            if (j->bar)
                draw_bar(j, &info);
        }
        if (virEventRunDefaultImpl() < 0)
            return fail_libvirt();
    }
    return true;
}

/* Waits until the copy has all data. The guest is paused, so it writes no more. */
static bool wait_equal(const struct job *j)
{
    const struct timespec pause = { .tv_nsec = 1000 * 1000 };
    virDomainBlockJobInfo info;
    int found;
    while ((found = virDomainGetBlockJobInfo(j->domain, j->o->disk, &info, 0)) > 0) {
        if (info.cur == info.end)
            return true;
        if (interrupted)
            return fail("interrupted");
        nanosleep(&pause, NULL);
    }
    return found < 0 ? fail_libvirt() : fail("%s: the job has ended", j->o->disk);
}

/* Aborting a job that is ready keeps the copy: the disk at one point in time, if the guest is paused. */
static bool leave(const struct job *j)
{
    int state, reason;
    if (virDomainGetState(j->domain, &state, &reason, 0) < 0)
        return fail_libvirt();
    bool paused = state == VIR_DOMAIN_RUNNING;
    if (paused && virDomainSuspend(j->domain) < 0)
        return fail_libvirt();
    bool ok = wait_equal(j)
              && (virDomainBlockJobAbort(j->domain, j->o->disk, 0) == 0 || fail_libvirt());
    if (paused && virDomainResume(j->domain) < 0)
        ok = fail_libvirt();
    return ok;
}

static bool finish(const struct job *j)
{
    if (j->o->finish)
        return leave(j);
    return virDomainBlockJobAbort(j->domain, j->o->disk, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) == 0
           || fail_libvirt();
}

/* The copy is only removed if the guest certainly does not use it, and if it did not exist before (a
 * device; or on another host, a file of this name). */
static void give_up(struct job *j, bool existed)
{
    bool ended = virDomainBlockJobAbort(j->domain, j->o->disk, 0) == 0
                 || j->status == VIR_DOMAIN_BLOCK_JOB_FAILED
                 || j->status == VIR_DOMAIN_BLOCK_JOB_CANCELED;
    if (ended && !existed)
        unlink(j->target);
}

static bool start_copy(const struct job *j, bool device)
{
    const struct options *o = j->o;
    virTypedParameter parameter = { .type = VIR_TYPED_PARAM_ULLONG };
    strcpy(parameter.field, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH);
    parameter.value.ul = o->bandwidth;
    unsigned int flags = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
                         | (o->synchronous ? VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES : 0);
    char *xml = target_xml(j, device);
    bool ok = xml && virDomainBlockCopy(j->domain, o->disk, xml, &parameter, o->bandwidth > 0, flags)
                         == 0;
    free(xml);
    return ok || fail_libvirt();
}

static void print_table(const struct job *j)
{
    double seconds = now() - j->started;
    printf("%16s %10s %10s\n%16llu %10.3f %10.1f\n%s: ", "bytes", "seconds", "MB/s", j->end, seconds,
           seconds > 0 ? (double)j->end / seconds / 1e6 : 0, j->target);
    printf(j->o->finish ? "what %s was at one instant\n" : "%s is there now\n", j->o->disk);
    fflush(stdout);
}

/* The events are asked for before the job is started: none is missed. */
static bool copy(struct job *j)
{
    struct stat st;
    bool existed = lstat(j->target, &st) == 0;
    bool device = stat(j->target, &st) == 0 && S_ISBLK(st.st_mode);
    int callback = virConnectDomainEventRegisterAny(j->conn, j->domain,
                                                    VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                                                    VIR_DOMAIN_EVENT_CALLBACK(on_job), j, NULL);
    if (callback < 0)
        return fail_libvirt();
    int timer = virEventAddTimeout(100, on_tick, NULL, NULL);
    j->bar = !j->o->quiet && isatty(STDERR_FILENO);
    j->started = now();
    bool ok = timer >= 0 && start_copy(j, device);
    if (ok && (!wait_ready(j) || !finish(j))) {
        give_up(j, existed);
        ok = false;
    }
    if (ok && j->bar)
        fputs("\r\033[K", stderr);
    if (ok && !j->o->quiet)
        print_table(j);
    if (timer >= 0)
        virEventRemoveTimeout(timer);
    virConnectDomainEventDeregisterAny(j->conn, callback);
    return ok;
}

/* ---- The domain and its guest ---- */

/* A domain that is started here stops with this process, however that ends. */
static virDomainPtr find_or_start(virConnectPtr conn, const struct options *o, bool *started)
{
    virDomainPtr domain = virDomainLookupByName(conn, o->domain);
    bool startable = o->domain_xml || o->image;
    if (domain && virDomainIsActive(domain) == 1)
        return domain;
    if (!startable || (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN)) {
        domain ? fail("%s: the domain is not running", o->domain) : fail_libvirt();
        if (domain)
            virDomainFree(domain);
        return NULL;
    }
    if (domain)
        virDomainFree(domain);
    char *xml = o->domain_xml ? read_file(o->domain_xml) : domain_xml(o);
    if (!xml)
        return NULL;
    domain = virDomainCreateXML(conn, xml, VIR_DOMAIN_START_AUTODESTROY);
    free(xml);
    if (!domain)
        fail_libvirt();
    *started = domain != NULL;
    return domain;
}

/* Where a guest finds the disk of a domain that this process runs, from the domain's description. */
static bool set_disk_uri(virDomainPtr domain, const char *disk)
{
    char *xml = virDomainGetXMLDesc(domain, 0), *start = NULL, *at = NULL;
    if (!xml)
        return fail_libvirt();
    if (asprintf(&start, "uri='nbd+unix:///%s?socket=", disk) >= 0)
        at = strstr(xml, start);
    if (at) {
        at += strlen("uri='");
        at[strcspn(at, "'")] = '\0';
        setenv("DISK_URI", at, 1);
    }
    free(start);
    free(xml);
    return at || fail("%s: the domain does not say where it is served", disk);
}

/* In a session of its own: Ctrl-C is for us. */
static pid_t start_guest(virDomainPtr domain, const struct options *o)
{
    if (!set_disk_uri(domain, o->disk))
        return -1;
    pid_t guest = fork();
    if (guest == 0) {
        setsid();
        execl("/bin/sh", "sh", "-c", o->guest, (char *)NULL);
        _exit(127);
    }
    if (guest < 0)
        fail("cannot start the guest: %s", strerror(errno));
    return guest;
}

/* Until it ends by itself, or with another Ctrl-C. */
static bool wait_for_guest(pid_t guest)
{
    const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
    int status;
    pid_t ended;
    interrupted = 0;
    while ((ended = waitpid(guest, &status, WNOHANG)) == 0) {
        if (interrupted)
            kill(-guest, SIGTERM);
        interrupted = 0;
        nanosleep(&pause, NULL);
    }
    if (ended == guest && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return fail("the guest has failed");
}

static bool run(virConnectPtr conn, virDomainPtr domain, const struct options *o)
{
    struct job j = { .o = o, .conn = conn, .domain = domain, .status = RUNNING };
    char *folder = o->target[0] == '/' ? strdup("") : getcwd(NULL, 0);
    const char *between = o->target[0] == '/' ? "" : "/";
    bool named = folder && asprintf(&j.target, "%s%s%s", folder, between, o->target) >= 0;
    free(folder);
    if (!named)
        return fail("%s: %s", o->target, strerror(errno));
    pid_t guest = o->guest ? start_guest(domain, o) : 0;
    bool ok = guest >= 0 && copy(&j);
    free(j.target);
    if (guest > 0)
        ok = wait_for_guest(guest) && ok;
    return ok;
}

/* ---- The command line ---- */

static bool parse_number(const char *text, unsigned long long *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && text[0] != '-';
}

static bool parse(int argc, char **argv, struct options *o)
{
    static const struct option longopts[] = {
        { "domain-xml", required_argument, NULL, 'x' }, { "disk", required_argument, NULL, 'd' },
        { "format", required_argument, NULL, 'f' },     { "guest", required_argument, NULL, 'g' },
        { "target-format", required_argument, NULL, 't' }, { "finish", no_argument, NULL, 'e' },
        { "synchronous", no_argument, NULL, 's' },      { "bandwidth", required_argument, NULL, 'b' },
        { "quiet", no_argument, NULL, 'q' },            { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    for (int c; (c = getopt_long(argc, argv, "", longopts, NULL)) != -1;) {
        switch (c) {
        case 'x': o->domain_xml = optarg; break;
        case 'd': o->image = optarg; break;
        case 'f': o->format = optarg; break;
        case 'g': o->guest = optarg; break;
        case 't': o->target_format = optarg; break;
        case 'e': o->finish = true; break;
        case 's': o->synchronous = true; break;
        case 'q': o->quiet = true; break;
        case 'h': exit(fputs(usage, stdout) < 0);
        case 'b':
            if (!parse_number(optarg, &o->bandwidth))
                return fail("not a number of bytes: %s", optarg);
            break;
        default: return false;
        }
    }
    argv += optind;
    if (argc - optind != 4)
        return fail("expected URI DOMAIN DISK TARGET; see --help");
    if (o->domain_xml && o->image)
        return fail("--domain-xml and --disk are two ways to say the same");
    o->uri = argv[0];
    o->domain = argv[1];
    o->disk = argv[2];
    o->target = argv[3];
    return true;
}

int main(int argc, char **argv)
{
    struct options o = { .format = "raw", .target_format = "raw" };
    if (!parse(argc, argv, &o))
        return STATUS_USAGE;

    virSetErrorFunc(NULL, ignore_error);
    virEventRegisterDefaultImpl(); /* before the first connection, which then has events */
    virConnectPtr conn = virConnectOpen(o.uri);
    if (!conn)
        return fail_libvirt(), STATUS_FAILED;
    /* From here on Ctrl-C must clean up. Ctrl-\ still kills. */
    struct sigaction action = { .sa_handler = interrupt, .sa_flags = SA_RESTART };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    bool started = false;
    virDomainPtr domain = find_or_start(conn, &o, &started);
    bool ok = domain && run(conn, domain, &o);
    if (started)
        virDomainDestroy(domain);
    if (domain)
        virDomainFree(domain);
    virConnectClose(conn);
    return ok ? STATUS_COPIED : STATUS_FAILED;
}
