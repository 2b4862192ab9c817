/* Disks whose images have persistent bitmaps made by QEMU: the domain starts, and the bitmaps
 * stay as long as nobody writes. A change of the image drops them: the file has no trace of
 * them, their space is freed, and the log names them. */
/* ctest: ours-only because libvirt has no function for its log */
#include "block_job.h"

#include <virsparse/virsparse.h>

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[65536];

static void hear(int level, const char *source, const char *message, void *opaque)
{
    size_t used;

    (void)opaque;
    if (level > VIR_SPARSE_LOG_INFO && strstr(source, "qcow2")) {
        pthread_mutex_lock(&heard_lock);
        used = strlen(heard);
        if (used + strlen(message) + 2 < sizeof(heard)) {
            strcat(heard, message);
            strcat(heard, "\n");
        }
        pthread_mutex_unlock(&heard_lock);
    }
}

/* Whether a warning names this file and the bitmaps that it has lost. The messages are then
 * forgotten. */
static int warned_of(const char *file)
{
    char text[PATH_MAX + 128];
    int found;

    print_to(text, sizeof(text), "image '%s' is being changed, which drops its persistent bitmaps:"
             " 'backup', 'frozen'", in_dir("%s", file));
    pthread_mutex_lock(&heard_lock);
    found = strstr(heard, text) != NULL;
    heard[0] = '\0';
    pthread_mutex_unlock(&heard_lock);
    return found;
}

static int has_bitmaps(const char *file)
{
    return run("qemu-img info -f qcow2 %s | grep -q 'name: backup'", in_dir("%s", file)) == 0;
}

/* QEMU's check finds no error, no leak and no bitmap. */
static int has_no_trace(const char *file)
{
    return clean(file) && run("qemu-img info -f qcow2 %s >%s 2>&1 &&"
                              " ! grep -q -e ' bitmaps:' -e 'bitmaps are' %s",
                              in_dir("%s", file), in_dir("info"), in_dir("info")) == 0;
}

static void make(void)
{
    CHECK_INT(run("cd %s && rm -f base top ref && qemu-img create -q -f qcow2 base 8M &&"
                  " qemu-io -f qcow2 -c 'write -P 1 0 3M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b %s -F qcow2 top && for image in base top; do"
                  " qemu-img bitmap --add $image backup && qemu-img bitmap --add --disable $image frozen;"
                  " done && qemu-io -f qcow2 -c 'write -P 2 1M 1M' top >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw top ref", test_dir, in_dir("base")), 0);
}

static virDomainPtr start_over(void)
{
    make();
    return start(disk_xml("vda", "top", "qcow2", ""));
}

static void guest_writes(virDomainPtr dom)
{
    CHECK_INT(run("qemu-io -f raw -c 'write -P 3 2M 20k' '%s' >/dev/null &&"
                  " qemu-io -f raw -c 'write -P 3 2M 20k' %s >/dev/null", disk_uri(dom, "vda"),
                  in_dir("ref")), 0);
}

int main(int argc, char **argv)
{
    virDomainPtr dom;

    (void)argc;
    jobs_open(argv[0], 120);
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_WARN, hear, NULL, NULL), 0);

    dom = start_over();
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(!warned_of("top"));
    CHECK(has_bitmaps("top") && has_bitmaps("base") && clean("top") && clean("base"));

    dom = start_over();
    guest_writes(dom);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(warned_of("top"));
    CHECK(has_no_trace("top") && has_bitmaps("base"));
    CHECK(same_as_ref("top", "qcow2"));

    /* A commit changes its base, not the image that is committed. */
    dom = start_over();
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    expect_events("top active ready; vda active ready; base active completed; vda active completed; ");
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(warned_of("base"));
    CHECK(has_no_trace("base") && has_bitmaps("top") && clean("top"));
    CHECK(same_as_ref("base", "qcow2"));

    dom = start_over();
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    stop(dom);
    CHECK(warned_of("top"));
    CHECK(has_no_trace("top") && has_bitmaps("base"));
    CHECK(same_as_ref("top", "qcow2"));

    dom = start_over();
    CHECK_INT(virDomainBlockResize(dom, "vda", 9 * MIB, VIR_DOMAIN_BLOCK_RESIZE_BYTES), 0);
    stop(dom);
    CHECK(warned_of("top"));
    CHECK(has_no_trace("top") && has_bitmaps("base"));
    CHECK(same_as_ref("top", "qcow2"));

    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_ERROR, NULL, NULL, NULL), 0);
    return jobs_close(__FILE__);
}
