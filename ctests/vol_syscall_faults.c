/* Every system call of a conversion, a clone, a deletion, a resize, a flattening and an
 * allocation of volumes fails once, and in another run all calls from it on fail: no
 * descriptors, EIO, ENOSPC; and reads and writes are short. After a success the work is done;
 * after a failure the volumes are unchanged, no descriptor or file is left over, and the call
 * can be repeated. With FAULTS_ALL set, no call is left out: `make faults`. */
/* ctest: ours-only because it stands before the system calls of this library */
/* ctest: no-valgrind because some thousand conversions take too long there */
#include "domain.h"
#include "syscall_faults.h"
#include "image.h"

#include <virsparse/virsparse.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;
/* The current trial; it is printed when a check fails. */
static char trial[256];
static unsigned long trials, failures;

static void tell_trial(void)
{
    if (trial[0])
        fprintf(stderr, "in the trial: %s, failing call: %s\n", trial, fault_call);
}

/* raw: 1 MiB. image: a changed copy, as a qcow2 overlay of raw. */
static void make_originals(void)
{
    CHECK_INT(run("mkdir %s/originals && cd %s/originals && truncate -s 1M raw &&"
                  " qemu-io -f raw -c 'write -P 1 0 300k' -c 'write -P 2 700k 64k' raw >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b raw -F raw image &&"
                  " qemu-io -f qcow2 -c 'write -P 3 200k 200k' -c 'write -z 704k 64k' image >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw image flat", test_dir, test_dir), 0);
}

static int same(const char *one_format, const char *one, const char *original)
{
    return run("qemu-img compare -q -f %s -F raw %s/p/%s %s/originals/%s", one_format, test_dir, one,
               test_dir, original) == 0;
}

/* The volumes, looked up before any call fails. */
static virStorageVolPtr raw, image;

static int made(virStorageVolPtr from, const char *format)
{
    virStorageVolPtr vol;
    char xml[512];

    print_to(xml, sizeof(xml), "<volume><name>new</name><capacity unit='MiB'>1</capacity><target>"
             "<format type='%s'/></target></volume>", format);
    vol = virStorageVolCreateXMLFrom(pool, xml, from, 0);
    if (!vol)
        return 0;
    CHECK_INT(virStorageVolFree(vol), 0);
    return 1;
}

static int raw_to_qcow2(void) { return made(raw, "qcow2"); }
static int raw_to_raw(void) { return made(raw, "raw"); }
static int qcow2_to_raw(void) { return made(image, "raw"); }
static int delete_image(void) { return virStorageVolDelete(image, 0) == 0; }
static int resize_image(void) { return virStorageVolResize(image, 3 * MIB, 0) == 0; }
static int flatten_image(void) { return virSparseVolFlatten(image, 0) == 0; }
static int allocate_image(void) { return virSparseVolAllocate(image, 0, 0, 0) == 0; }

static int there(const char *name)
{
    virStorageVolPtr vol = virStorageVolLookupByName(pool, name);
    int listed = vol != NULL;

    if (vol)
        CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(exists(in_dir("p/%s", name)), listed);
    return listed;
}

/* The expected state after each call has succeeded or failed. */
static void new_from_raw(int done, const char *format)
{
    CHECK_INT(there("new"), done);
    if (done)
        CHECK(same(format, "new", "raw"));
    CHECK_INT(entries(in_dir("p")), done ? 3 : 2);
}

static void new_qcow2(int done) { new_from_raw(done, "qcow2"); }
static void new_raw(int done) { new_from_raw(done, "raw"); }

static void new_flat(int done)
{
    CHECK_INT(there("new"), done);
    if (done)
        CHECK(same("raw", "new", "flat"));
    CHECK_INT(entries(in_dir("p")), done ? 3 : 2);
}

static void deleted(int done)
{
    CHECK_INT(there("image"), !done);
    CHECK_INT(entries(in_dir("p")), done ? 1 : 2);
    if (!done)
        CHECK(same("qcow2", "image", "flat"));
}

static unsigned long long capacity(void)
{
    virStorageVolInfo info;

    CHECK_INT(virStorageVolGetInfo(image, &info), 0);
    return info.capacity;
}

static void resized(int done)
{
    CHECK_INT(capacity(), done ? 3 * MIB : MIB);
    if (!done)
        CHECK(same("qcow2", "image", "flat"));
}

static void flattened(int done)
{
    CHECK(same("qcow2", "image", "flat"));
    CHECK_INT(run("qemu-img info %s | grep -q 'backing file'", in_dir("p/image")), done);
}

static void allocated(int done)
{
    CHECK(same("qcow2", "image", "flat"));
    if (done)
        CHECK(file_allocation(in_dir("p/image")) >= MIB);
}

struct work {
    const char *name;
    int (*work)(void);
    void (*seen)(int done);
    /* If all further calls fail, the change cannot be undone either. */
    int unsure;
    /* It writes to `image`. */
    int writes;
};

static const struct work works[] = {
    { "raw to qcow2", raw_to_qcow2, new_qcow2, 1, 0 },
    { "qcow2 to raw", qcow2_to_raw, new_flat, 1, 0 },
    { "clone", raw_to_raw, new_raw, 1, 0 },
    { "delete", delete_image, deleted, 0, 0 },
    { "resize", resize_image, resized, 1, 1 },
    { "flatten", flatten_image, flattened, 1, 1 },
    { "allocate", allocate_image, allocated, 0, 1 },
};

static int one(const void *what, enum fault_kind kind, int at, int goes_on)
{
    const struct work *w = (const struct work *)what;
    int fired, done, i, descriptors;

    print_to(trial, sizeof(trial), "%s, %s at call %d%s", w->name, fault_names[kind], at,
             goes_on ? " and all after it" : "");
    CHECK_INT(run("cd %s && rm -f p/* && cp --sparse=always originals/raw originals/image p",
                  test_dir), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    raw = virStorageVolLookupByName(pool, "raw");
    image = virStorageVolLookupByName(pool, "image");
    CHECK(raw != NULL && image != NULL);
    descriptors = count_descriptors();
    faults_arm(kind, at, goes_on);
    done = w->work();
    fired = faults_disarm();
    trials++;
    failures += !done;
    if (!fired || kind == FAULT_SHORT)
        CHECK(done);
    for (i = 0; i < 2000 && count_descriptors() != descriptors; i++)
        short_pause();
    CHECK_INT(count_descriptors(), descriptors);
    /* The list of volumes could not be written either. */
    if (goes_on)
        CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    if (!(w->unsure && goes_on && !done)) {
        w->seen(done);
    } else if (exists(in_dir("p/new"))) {
        /* The call that should undo the change failed as well, but the volume is intact. */
        CHECK_INT(run("qemu-img info %s >/dev/null", in_dir("p/new")), 0);
        CHECK_INT(unlink(in_dir("p/new")), 0);
        CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    }
    CHECK(same("raw", "raw", "raw"));
    /* If nothing could be written any more, clusters may be unused, but none is used twice. */
    CHECK_INT(run("test ! -e %s || qemu-img check -q %s >/dev/null 2>&1 || test $? -eq %d",
                  in_dir("p/image"), in_dir("p/image"),
                  w->writes && !done && (goes_on || fault_hit_a_flush()) ? 3 : 0), 0);
    if (!done) {
        CHECK(w->work());
        w->seen(1);
    }
    CHECK_INT(virStorageVolFree(raw), 0);
    CHECK_INT(virStorageVolFree(image), 0);
    trial[0] = '\0';
    return fired;
}

int main(int argc, char **argv)
{
    size_t i;

    (void)argc;
    conn = fixture_open(argv[0], 20000);
    CHECK_INT(atexit(tell_trial), 0);
    pool = make_pool(conn, "p");
    make_originals();
    for (i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        fault_each_kind(works[i].name, one, &works[i], 6, 9);
    printf("%lu trials, %lu of which have failed\n", trials, failures);
    CHECK_INT(run("rm -rf %s/p/* %s/originals", test_dir, test_dir), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
