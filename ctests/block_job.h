/* Helpers for block jobs: chains of images, events in the order in which they arrive, and
 * waiting. */
#ifndef BLOCK_JOB_H
#define BLOCK_JOB_H

#include "domain.h"

static virConnectPtr conn;

/* Events arrive in a thread of their own, which runs the loop. */
static pthread_mutex_t job_lock = PTHREAD_MUTEX_INITIALIZER;
static char job_seen[16384];
static int job_lines;
static volatile int job_loop_ends;
static pthread_t job_loop;
static int job_callbacks[2];
static volatile int job_frees;
/* When the end of a job is reported, the job is gone, and no other one has been started. */
static volatile int job_is_last;

static inline const char *job_kind(int type)
{
    static const char *const kinds[] = { "unknown", "pull",   "copy",
                                         "commit",  "active", "backup" };

    CHECK(type >= 0 && type < 6);
    return kinds[type];
}

static inline void job_note(virDomainPtr dom, const char *disk, int type, int status)
{
    static const char *const statuses[] = { "completed", "failed", "canceled", "ready" };
    size_t dir = strlen(test_dir), used;
    virDomainBlockJobInfo info;

    CHECK(status >= 0 && status < 4);
    if (job_is_last && status != VIR_DOMAIN_BLOCK_JOB_READY)
        CHECK_INT(virDomainGetBlockJobInfo(dom, disk, &info, 0), 0);
    if (strncmp(disk, test_dir, dir) == 0)
        disk += dir + 1;
    pthread_mutex_lock(&job_lock);
    used = strlen(job_seen);
    print_to(job_seen + used, sizeof(job_seen) - used, "%s %s %s; ", disk, job_kind(type),
             statuses[status]);
    job_lines++;
    pthread_mutex_unlock(&job_lock);
}

static inline void on_job_path(virConnectPtr c, virDomainPtr dom, const char *disk, int type,
                               int status, void *opaque)
{
    (void)c;
    (void)opaque;
    CHECK(disk[0] == '/');
    job_note(dom, disk, type, status);
}

static inline void on_job_target(virConnectPtr c, virDomainPtr dom, const char *disk, int type,
                                 int status, void *opaque)
{
    (void)c;
    (void)opaque;
    CHECK(disk[0] != '/');
    job_note(dom, disk, type, status);
}

static inline void on_job_free(void *opaque)
{
    (void)opaque;
    job_frees++;
}

static inline void *job_run_loop(void *unused)
{
    (void)unused;
    while (!job_loop_ends)
        CHECK_INT(virEventRunDefaultImpl(), 0);
    return NULL;
}

static inline void jobs_open(const char *program, unsigned int seconds)
{
    fixture_prepare(program, seconds);
    loop_prepare();
    conn = virConnectOpen(test_uri);
    CHECK(conn != NULL);
    ours = strcmp(virConnectGetType(conn), "SPARSE") == 0;
    job_callbacks[0] =
        virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_BLOCK_JOB,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_job_path), NULL,
                                         on_job_free);
    job_callbacks[1] =
        virConnectDomainEventRegisterAny(conn, NULL, VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2,
                                         VIR_DOMAIN_EVENT_CALLBACK(on_job_target), NULL,
                                         on_job_free);
    CHECK(job_callbacks[0] >= 0 && job_callbacks[1] >= 0);
    CHECK_INT(pthread_create(&job_loop, NULL, job_run_loop, NULL), 0);
}

static inline int jobs_close(const char *file)
{
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, job_callbacks[0]), 0);
    CHECK_INT(virConnectDomainEventDeregisterAny(conn, job_callbacks[1]), 0);
    job_loop_ends = 1;
    CHECK_INT(pthread_join(job_loop, NULL), 0);
    /* The loop gives back what they hold of the connection. */
    loop_until(&job_frees, 2);
    CHECK_INT(virConnectClose(conn), 0);
    return check_done(file);
}

/* Waits for exactly these events since the last call, "DISK KIND STATUS; " each. Paths are
 * relative to the test directory. */
static inline void expect_events(const char *expected)
{
    unsigned long long begin = now_ms();
    int lines = 0, i;

    for (i = 0; expected[i]; i++)
        lines += expected[i] == ';';
    pthread_mutex_lock(&job_lock);
    while (job_lines < lines && now_ms() - begin < HANG_MS) {
        pthread_mutex_unlock(&job_lock);
        short_pause();
        pthread_mutex_lock(&job_lock);
    }
    CHECK_STR(job_seen, expected);
    job_seen[0] = '\0';
    job_lines = 0;
    pthread_mutex_unlock(&job_lock);
}

/* So many events, in any order. */
static inline void forget_events(int count)
{
    unsigned long long begin = now_ms();

    pthread_mutex_lock(&job_lock);
    while (job_lines < count && now_ms() - begin < HANG_MS) {
        pthread_mutex_unlock(&job_lock);
        short_pause();
        pthread_mutex_lock(&job_lock);
    }
    CHECK_INT(job_lines, count);
    job_seen[0] = '\0';
    job_lines = 0;
    pthread_mutex_unlock(&job_lock);
}

static inline virDomainPtr start(const char *disks)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml("jobs", disks, 1), 0);

    CHECK(dom != NULL);
    return dom;
}

static inline void stop(virDomainPtr dom)
{
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* Writes base, mid and top, of 8 MiB; each image has data of its own. `prefix` and the name make
 * up the backing file names. `ref` is what the chain reads as. */
static inline void make_chain(const char *prefix)
{
    CHECK_INT(run("cd %s && rm -f base mid top ref copy && truncate -s 8M base &&"
                  " qemu-io -f raw -c 'write -P 1 0 3M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b %sbase -F raw mid &&"
                  " qemu-io -f qcow2 -c 'write -P 2 1M 1M' -c 'write -z 64k 128k' mid >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b %smid -F qcow2 top &&"
                  " qemu-io -f qcow2 -c 'write -P 3 2560k 1M' -c 'write -P 4 7M 64k' top"
                  " >/dev/null && qemu-img convert -f qcow2 -O raw top ref",
                  test_dir, prefix, prefix),
              0);
}

/* The chain with absolute names, and a domain that uses it as vda. */
static inline virDomainPtr start_chain(void)
{
    make_chain(in_dir("%s", ""));
    return start(disk_xml("vda", "top", "qcow2", ""));
}

static inline int same_as_ref(const char *file, const char *format)
{
    return run("qemu-img compare -q -f %s -F raw %s %s", format, in_dir("%s", file),
               in_dir("ref")) == 0;
}

/* What guests see is `ref`. */
static inline int guest_sees_ref(virDomainPtr dom)
{
    return run("qemu-img compare -q -f raw -F raw '%s' %s", disk_uri(dom, "vda"), in_dir("ref")) ==
           0;
}

static inline int clean(const char *file)
{
    return run("qemu-img check -q -f qcow2 %s", in_dir("%s", file)) == 0;
}

/* Its only fault is clusters that nothing uses. */
static inline int leaks_at_most(const char *file)
{
    return run("qemu-img check -q -f qcow2 %s >/dev/null; test $? -eq 3", in_dir("%s", file)) == 0;
}

static inline const char *dest_xml(const char *type, const char *attr, const char *path,
                                   const char *format)
{
    static __thread char ring[4][4096];
    static __thread unsigned int next;
    char *xml = ring[next++ % 4];

    print_to(xml, sizeof(ring[0]),
             "<disk type='%s'><driver type='%s'/><source %s='%s'/></disk>", type, format, attr,
             path);
    return xml;
}

static inline const char *dest_file(const char *file, const char *format)
{
    return dest_xml("file", "file", in_dir("%s", file), format);
}

static inline virDomainBlockJobInfo job_info(virDomainPtr dom, const char *disk, int expected)
{
    virDomainBlockJobInfo info;

    memset(&info, 0xff, sizeof(info));
    CHECK_INT(virDomainGetBlockJobInfo(dom, disk, &info, VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES),
              expected);
    CHECK(info.cur <= info.end);
    if (expected == 0)
        CHECK(info.type == 0 && info.bandwidth == 0 && info.cur == 0 && info.end == 0);
    return info;
}

/* Whether there is a job. */
static inline int job_info_or_none(virDomainPtr dom, const char *disk)
{
    virDomainBlockJobInfo info;
    int there = virDomainGetBlockJobInfo(dom, disk, &info, 0);

    CHECK(there >= 0);
    return there;
}

/* Until the job is ready. */
static inline void wait_ready(virDomainPtr dom, const char *disk)
{
    unsigned long long begin = now_ms();

    for (;;) {
        virDomainBlockJobInfo info = job_info(dom, disk, 1);

        if (info.cur == info.end)
            return;
        CHECK(now_ms() - begin < HANG_MS);
        short_pause();
    }
}

/* Until there is no job any more. */
static inline void wait_gone(virDomainPtr dom, const char *disk)
{
    unsigned long long begin = now_ms();
    virDomainBlockJobInfo info;

    for (;;) {
        int there = virDomainGetBlockJobInfo(dom, disk, &info, 0);

        CHECK(there >= 0);
        if (there == 0)
            return;
        CHECK(now_ms() - begin < HANG_MS);
        short_pause();
    }
}

static inline void pivot(virDomainPtr dom, const char *disk)
{
    CHECK_INT(virDomainBlockJobAbort(dom, disk, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), 0);
}

/* Starts a copy that makes no progress. */
static inline void start_stuck_copy(virDomainPtr dom, const char *disk, const char *destxml,
                                    unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0;

    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, 1),
              0);
    CHECK_INT(virDomainBlockCopy(dom, disk, destxml, params, nparams, flags), 0);
    virTypedParamsFree(params, nparams);
}

static inline int has(virDomainPtr dom, unsigned int flags, const char *text)
{
    char *xml = virDomainGetXMLDesc(dom, flags);
    int found;

    CHECK(xml != NULL);
    found = strstr(xml, text) != NULL;
    free(xml);
    return found;
}

/* The texts must occur in the XML in this order; the list ends with NULL. */
static inline void described(virDomainPtr dom, unsigned int flags, const char *const *texts)
{
    char *xml = virDomainGetXMLDesc(dom, flags);

    CHECK(xml != NULL);
    in_order(xml, texts);
    free(xml);
}

#endif
