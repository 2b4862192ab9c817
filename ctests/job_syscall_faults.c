/* Every system call of a pull, a commit, a copy, an active commit and a pivot fails once, and in
 * another run all calls from it on fail: no descriptors, EIO, ENOSPC; and reads and writes are
 * short. After a success the work is done. After a failure the disk reads as before, its
 * definition has an intact chain, no descriptor or file is left over, and the job can be run
 * again. With FAULTS_ALL set, no call is left out: `make faults`. */
/* ctest: ours-only because it stands before the system calls of this library */
/* ctest: no-valgrind because some thousand jobs take too long there */
#include "block_job.h"
#include "syscall_faults.h"
#include "nbd.h"

#define SIZE (1024 * 1024)

static char *expected, *got;
/* The current trial; it is printed when a check fails. */
static char trial[256], told[1024];
static unsigned long trials, failures;

static void tell_trial(void)
{
    if (trial[0])
        fprintf(stderr, "in the trial: %s, failing call: %s, told: %s\n", trial, fault_call, told);
}

/* A chain of three images of 1 MiB, made once, and copied for each trial. */
static void make_originals(void)
{
    CHECK_INT(run("mkdir %s/originals && cd %s/originals && truncate -s 1M base &&"
                  " qemu-io -f raw -c 'write -P 1 0 300k' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b base -F raw mid &&"
                  " qemu-io -f qcow2 -c 'write -P 2 200k 200k' -c 'write -z 64k 64k' mid >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b mid -F qcow2 top &&"
                  " qemu-io -f qcow2 -c 'write -P 3 500k 70k' -c 'write -P 4 960k 64k' top"
                  " >/dev/null && qemu-img convert -f qcow2 -O raw top ../ref", test_dir, test_dir),
              0);
    expected = read_at(in_dir("ref"), SIZE, 0);
    got = (char *)malloc(SIZE);
    CHECK(expected != NULL && got != NULL);
}

static void copy_original(const char *name)
{
    char *bytes;
    size_t size = (size_t)file_size(in_dir("originals/%s", name));

    bytes = read_at(in_dir("originals/%s", name), size, 0);
    CHECK(bytes != NULL);
    write_at(in_dir("%s", name), bytes, size, 0);
    set_size(in_dir("%s", name), size);
    free(bytes);
}

/* What a guest reads. */
static void sees_ref(virDomainPtr dom)
{
    int guest = nbd_open(dom, "vda");

    memset(got, 0x77, SIZE);
    CHECK_INT(nbd_request(guest, NBD_READ, got, SIZE, 0), 0);
    CHECK(memcmp(got, expected, SIZE) == 0);
    CHECK_INT(close(guest), 0);
}

/* A persistent domain that runs. */
static virDomainPtr begin(void)
{
    virDomainPtr dom;

    copy_original("base");
    copy_original("mid");
    copy_original("top");
    unlink(in_dir("copy"));
    dom = virDomainDefineXML(conn, domain_xml("d", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    return dom;
}


static void forget(void)
{
    pthread_mutex_lock(&job_lock);
    job_seen[0] = '\0';
    job_lines = 0;
    pthread_mutex_unlock(&job_lock);
}

/* Waits for the last event of a job that has been started; whether it has been completed. */
static int outcome(const char *what)
{
    static const char *const ends[] = { "failed", "canceled", "completed" };
    unsigned long long since = now_ms();
    char text[64];
    int i;

    for (;;) {
        CHECK(now_ms() - since < HANG_MS);
        pthread_mutex_lock(&job_lock);
        for (i = 0; i < 3; i++) {
            print_to(text, sizeof(text), "vda %s %s", what, ends[i]);
            if (strstr(job_seen, text))
                break;
        }
        pthread_mutex_unlock(&job_lock);
        if (i < 3)
            break;
        short_pause();
    }
    forget();
    return i == 2;
}

/* Until it is ready: 1. 0 if it has failed. */
static int ready(const char *what)
{
    char ready_text[64], failed[64];
    unsigned long long since = now_ms();

    print_to(ready_text, sizeof(ready_text), "vda %s ready", what);
    print_to(failed, sizeof(failed), "vda %s failed", what);
    for (;;) {
        int is, has_failed;

        CHECK(now_ms() - since < HANG_MS);
        pthread_mutex_lock(&job_lock);
        is = strstr(job_seen, ready_text) != NULL;
        has_failed = strstr(job_seen, failed) != NULL;
        pthread_mutex_unlock(&job_lock);
        if (has_failed)
            return outcome(what);
        if (is)
            return 1;
        short_pause();
    }
}

/* Each function does its work, and returns whether the calls reported success. */
static int pull(virDomainPtr dom)
{
    return virDomainBlockPull(dom, "vda", 0, 0) == 0 && outcome("pull");
}

static int commit(virDomainPtr dom)
{
    return virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 0, VIR_DOMAIN_BLOCK_COMMIT_DELETE) == 0 &&
           outcome("commit");
}

/* A pivot that fails may leave the job running or end it. Its error says which. */
static int pivoted(virDomainPtr dom, const char *what)
{
    int done = virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) == 0;

    if (!done) {
        print_to(told, sizeof(told), "%s", virGetLastErrorMessage());
        faults_disarm();
        virDomainBlockJobAbort(dom, "vda", 0);
    }
    CHECK_INT(outcome(what), done);
    return done;
}

static int start_copy(virDomainPtr dom)
{
    return virDomainBlockCopy(dom, "vda", dest_file("copy", "qcow2"), NULL, 0,
                              VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB) == 0 && ready("copy");
}

static int start_active(virDomainPtr dom)
{
    return virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE) == 0 &&
           ready("active");
}

static int copy(virDomainPtr dom)
{
    return start_copy(dom) && pivoted(dom, "copy");
}

static int active(virDomainPtr dom)
{
    return start_active(dom) && pivoted(dom, "active");
}

static int pivot_copy(virDomainPtr dom)
{
    return pivoted(dom, "copy");
}

static int pivot_active(virDomainPtr dom)
{
    return pivoted(dom, "active");
}

struct work {
    const char *name;
    /* Done before anything fails; may be NULL. */
    int (*first)(virDomainPtr dom);
    int (*work)(virDomainPtr dom);
    /* What the XML has, and no longer has, after a success. */
    const char *in, *out;
};

static const struct work works[] = {
    { "pull", NULL, pull, "/top'", "/mid'" },
    { "commit", NULL, commit, "/base'", "/mid'" },
    { "copy", NULL, copy, "/copy'", "/top'" },
    { "active commit", NULL, active, "/base'", "/top'" },
    { "pivot of a copy", start_copy, pivot_copy, "/copy'", "/top'" },
    { "pivot of an active commit", start_active, pivot_active, "/base'", "/top'" },
};

/* The names of the files in the test directory, sorted by the shell. */
static void only_known_files(void)
{
    DIR *folder = opendir(test_dir);
    struct dirent *entry;

    CHECK(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        static const char *const known[] = { ".", "..", "base", "mid", "top", "copy", "ref", "root",
                                             "originals", "p" };
        size_t i, n = sizeof(known) / sizeof(known[0]);

        for (i = 0; i < n && strcmp(entry->d_name, known[i]) != 0; i++)
            ;
        if (i == n)
            fprintf(stderr, "left over: %s\n", entry->d_name);
        CHECK(i < n);
    }
    closedir(folder);
}

/* The image that a description names, of the disk. */
static const char *image_of(virDomainPtr dom)
{
    static const char *const names[] = { "top", "copy", "mid", "base" };
    char *xml = virDomainGetXMLDesc(dom, VIR_DOMAIN_XML_INACTIVE);
    char text[64];
    size_t i;

    CHECK(xml != NULL);
    for (i = 0; i < 4; i++) {
        print_to(text, sizeof(text), "/%s'", names[i]);
        if (strstr(xml, text))
            break;
    }
    free(xml);
    CHECK(i < 4);
    return names[i];
}

/* The failed work is repeated without failures. An image whose flush has failed cannot be
 * flushed again while it is open, because the system may have lost data. So the domain is
 * restarted. */
static void again(const struct work *w, virDomainPtr dom, int goes_on)
{
    int attempt;

    for (attempt = 0; attempt < 2; attempt++) {
        unlink(in_dir("copy"));
        if ((!w->first || w->first(dom)) && w->work(dom))
            return;
        print_to(told, sizeof(told), "%s", virGetLastErrorMessage());
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
        if (attempt > 0 || !strstr(virGetLastErrorMessage(), "an earlier write or flush failed"))
            break;
        /* Stopping the domain reports once more that data may be lost. */
        CHECK_INT(virDomainDestroy(dom), -1);
        CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "an earlier write or flush failed");
        CHECK_INT(virDomainIsActive(dom), 0);
        CHECK_INT(virDomainCreate(dom), 0);
        forget();
        /* If nothing could be written any more, the header has the new name in the end. */
        if (goes_on && has(dom, 0, w->in) && !has(dom, 0, w->out))
            return;
    }
    CHECK_STR(virGetLastErrorMessage(), "");
}

/* The image that the definition names has the disk's contents, and no cluster that is used twice. Only
 * if some were allocated and could not be written may there be clusters that are not used. */
static void intact(virDomainPtr dom, int may_leak)
{
    const char *image = image_of(dom), *format = strcmp(image, "base") == 0 ? "raw" : "qcow2";

    CHECK(same_as_ref(image, format));
    if (strcmp(format, "qcow2") == 0)
        CHECK(clean(image) || (may_leak && leaks_at_most(image)));
}

/* One trial; how many calls have failed in it. */
static int one(const void *what, enum fault_kind kind, int at, int goes_on)
{
    const struct work *w = (const struct work *)what;
    virDomainPtr dom;
    int fired, done, descriptors = count_descriptors();

    print_to(trial, sizeof(trial), "%s, %s at call %d%s", w->name, fault_names[kind], at,
             goes_on ? " and all after it" : "");
    told[0] = '\0';
    dom = begin();
    forget();
    if (w->first)
        CHECK(w->first(dom));
    faults_arm(kind, at, goes_on);
    done = w->work(dom);
    fired = faults_disarm();
    wait_gone(dom, "vda");
    forget();
    trials++;
    failures += !done;
    /* No call failed, or only one whose failure does not matter. */
    if (!fired || kind == FAULT_SHORT)
        CHECK(done);
    sees_ref(dom);
    if (!done && virDomainBlockJobAbort(dom, "vda", 0) < 0)
        print_to(told, sizeof(told), "%s", virGetLastErrorMessage());
    if (done) {
        CHECK(has(dom, 0, w->in));
        CHECK(!has(dom, 0, w->out));
    } else {
        /* It can be done now. */
        CHECK(has(dom, 0, "/top'"));
        again(w, dom, goes_on);
        CHECK(has(dom, 0, w->in));
        CHECK(!has(dom, 0, w->out));
        sees_ref(dom);
        forget();
    }
    CHECK_INT(virDomainDestroy(dom), 0);
    /* The definition that is kept leads to all of it. */
    CHECK_INT(virDomainCreate(dom), 0);
    sees_ref(dom);
    CHECK_INT(virDomainDestroy(dom), 0);
    intact(dom, !done && (goes_on || fault_hit_a_flush()));
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    only_known_files();
    /* A connection that has been closed is so for the export a moment later. */
    for (at = 0; at < 2000 && count_descriptors() != descriptors; at++)
        short_pause();
    CHECK_INT(count_descriptors(), descriptors);
    trial[0] = '\0';
    return fired;
}

int main(int argc, char **argv)
{
    size_t i;

    (void)argc;
    jobs_open(argv[0], 20000);
    CHECK_INT(atexit(tell_trial), 0);
    make_originals();
    for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        fault_each_kind(works[i].name, one, &works[i], 3, 29);
    printf("%lu trials, %lu of which have failed\n", trials, failures);
    free(expected);
    free(got);
    return jobs_close(__FILE__);
}
