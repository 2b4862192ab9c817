/* Jobs whose storage fails or whose server goes away or hangs: the job reports it, guests notice
 * nothing, no lock stays, and the disk reads as before. */
#include "block_job.h"

/* A server that does not answer is given up after this time, in milliseconds. A job that is
 * aborted must end earlier, also on a busy machine. */
#define SILENCE 25000

#include <sched.h>

#define PIVOT VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT
#define COPY_SYNC VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES

static const char *nbd_dest(void)
{
    static char xml[1024];

    print_to(xml, sizeof(xml),
             "<disk type='network'><driver type='raw'/><source protocol='nbd' name=''>"
             "<host transport='unix' socket='%s'/></source></disk>", in_dir("sock"));
    return xml;
}

static void serve(const char *arguments)
{
    CHECK_INT(run("rm -f %s %s && nbdkit -U %s -P %s %s 2>/dev/null &&"
                  " while ! grep -q . %s 2>/dev/null; do sleep 0.005; done", in_dir("sock"),
                  in_dir("server"), in_dir("sock"), in_dir("server"), arguments,
                  in_dir("server")), 0);
}

/* Stops or kills the server, and waits until that has happened. */
static void signal_server(const char *what)
{
    CHECK_INT(run("pid=$(cat %s) && test $pid -gt 1 && kill -%s $pid && while grep -q '^State:.[RSD]' /proc/$pid/status"
                  " 2>/dev/null; do sleep 0.005; done", in_dir("server"), what), 0);
}

/* The guest can read and write as before. */
static void guest_goes_on(virDomainPtr dom)
{
    const char *commands = "-c 'write -P 91 6M 64k' -c flush";

    CHECK_INT(run("timeout 20 qemu-io -f raw %s '%s' >/dev/null && qemu-io -f raw %s %s >/dev/null",
                  commands, disk_uri(dom, "vda"), commands, in_dir("ref")), 0);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainGetDiskErrors(dom, NULL, 0, 0), 1);
    {
        virDomainDiskError errors[1];

        CHECK_INT(virDomainGetDiskErrors(dom, errors, 1, 0), 0);
    }
}

/* The job has failed, and the next call returns an error with the disk and the reason. */
static void has_failed(virDomainPtr dom, const char *events, const char *why, const char *cause)
{
    expect_events(events);
    job_info(dom, "vda", 0);
    CHECK(!has(dom, 0, "<mirror"));
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    if (ours) {
        CHECK_CODE(VIR_ERR_INVALID_ARG, why);
        CHECK_CODE(VIR_ERR_INVALID_ARG, cause);
    }
    guest_goes_on(dom);
}

static void finish(virDomainPtr dom)
{
    /* The next job is not affected by the last one. */
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
    CHECK(strstr(virGetLastErrorMessage(), "failed") == NULL);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(clean("top"));
    CHECK(same_as_ref("top", "qcow2"));
    expect_events("");
}

/* The destination refuses writes. */
static void target_fails(const char *error, const char *text, unsigned int flags)
{
    virDomainPtr dom = start_chain();
    char arguments[256];

    print_to(arguments, sizeof(arguments),
             "--filter=error memory 8M error-pwrite=%s error-pwrite-rate=100%%", error);
    serve(arguments);
    CHECK_INT(virDomainBlockCopy(dom, "vda", nbd_dest(), NULL, 0, flags), 0);
    has_failed(dom, "top copy failed; vda copy failed; ", in_dir("sock"), text);
    signal_server("TERM");
    finish(dom);
}

/* The same when the job is ready: the guest's writes fail in the destination. */
static void target_fails_later(unsigned int flags)
{
    virDomainPtr dom = start_chain();
    char arguments[PATH_MAX + 256];

    print_to(arguments, sizeof(arguments),
             "--filter=error memory 8M error-pwrite=EIO error-pwrite-rate=100%% error-file=%s",
             in_dir("now"));
    CHECK_INT(run("rm -f %s", in_dir("now")), 0);
    serve(arguments);
    CHECK_INT(virDomainBlockCopy(dom, "vda", nbd_dest(), NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    CHECK_INT(run("touch %s", in_dir("now")), 0);
    guest_goes_on(dom);
    has_failed(dom, "top copy ready; vda copy ready; top copy failed; vda copy failed; ",
               in_dir("sock"), "Input/output error");
    signal_server("TERM");
    finish(dom);
}

/* A pivot that cannot flush the copy fails, and the disk keeps its old images. */
static void pivot_fails(void)
{
    virDomainPtr dom = start_chain();

    serve("memory 8M");
    CHECK_INT(virDomainBlockCopy(dom, "vda", nbd_dest(), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    signal_server("KILL");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, in_dir("sock"));
    has_failed(dom, "top copy ready; vda copy ready; top copy failed; vda copy failed; ",
               in_dir("sock"), "");
    finish(dom);
}

/* A full filesystem, and a device that is too small for the image. */
static void target_is_full(void)
{
    virDomainPtr dom;
    char device[128], *end;
    FILE *out;
    int fd;

    if (getuid() != 0)
        return;
    CHECK_INT(run("truncate -s 2M %s", in_dir("small")), 0);
    if (run("losetup -f --show %s >%s 2>/dev/null", in_dir("small"), in_dir("device")) != 0)
        return;
    out = fopen(in_dir("device"), "r");
    CHECK(out != NULL && fgets(device, sizeof(device), out) != NULL);
    CHECK_INT(fclose(out), 0);
    end = strchr(device, '\n');
    CHECK(end != NULL);
    *end = '\0';
    fd = open(device, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    /* It is gone with the last who has it open. */
    CHECK_INT(run("losetup -d %s", device), 0);
    dom = start_chain();
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("block", "dev", device, "qcow2"), NULL, 0, 0),
              0);
    has_failed(dom, "top copy failed; vda copy failed; ", device, "No space left on device");
    finish(dom);
    CHECK_INT(close(fd), 0);

    dom = start_chain();
    CHECK_INT(mkdir(in_dir("full"), 0755), 0);
    if (run("mount -t tmpfs -o size=1m none %s 2>/dev/null", in_dir("full")) == 0) {
        CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("full/copy", "raw"), NULL, 0, 0), 0);
        expect_events("top copy failed; vda copy failed; ");
        job_info(dom, "vda", 0);
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
        if (ours)
            CHECK_CODE(VIR_ERR_INVALID_ARG, "No space left on device");
        /* The copied data stays in the file, which is closed. */
        CHECK(exists(in_dir("full/copy")));
        CHECK_INT(run("qemu-io -f raw -c 'read 0 4k' %s >/dev/null", in_dir("full/copy")), 0);
        guest_goes_on(dom);
        /* With synchronous writes the guest's own writes find the disk full. */
        CHECK_INT(unlink(in_dir("full/copy")), 0);
        start_stuck_copy(dom, "vda", dest_file("full/copy", "raw"), COPY_SYNC);
        CHECK_INT(run("qemu-io -f raw -c 'write -P 5 3M 3M' -c flush '%s' >/dev/null &&"
                      " qemu-io -f raw -c 'write -P 5 3M 3M' %s >/dev/null", disk_uri(dom, "vda"),
                      in_dir("ref")), 0);
        CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
        has_failed(dom, "top copy failed; vda copy failed; ", "full/copy",
                   "No space left on device");
        CHECK_INT(run("umount %s", in_dir("full")), 0);
    }
    CHECK_INT(rmdir(in_dir("full")), 0);
    finish(dom);
}

/* The image that a pull or a commit fills is on a full filesystem. */
static void chain_is_full(int commit)
{
    virDomainPtr dom;

    CHECK_INT(mkdir(in_dir("full"), 0755), 0);
    if (getuid() != 0 || run("mount -t tmpfs -o size=2m none %s 2>/dev/null", in_dir("full")) != 0) {
        CHECK_INT(rmdir(in_dir("full")), 0);
        return;
    }
    make_chain(in_dir("%s", ""));
    if (commit)
        CHECK_INT(run("cd %s && rm base mid top && qemu-img create -q -f qcow2 full/base 8M &&"
                      " qemu-io -f qcow2 -c 'write -P 1 0 1M' full/base >/dev/null &&"
                      " qemu-img create -q -f qcow2 -b %s -F qcow2 mid &&"
                      " qemu-io -f qcow2 -c 'write -P 2 512k 4M' mid >/dev/null &&"
                      " qemu-img create -q -f qcow2 -b %s -F qcow2 top &&"
                      " qemu-img convert -f qcow2 -O raw top ref", test_dir,
                      in_dir("full/base"), in_dir("mid")), 0);
    else
        CHECK_INT(run("mv %s %s", in_dir("top"), in_dir("full/top")), 0);
    dom = start(disk_xml("vda", commit ? "top" : "full/top", "qcow2", ""));
    if (commit) {
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 0,
                                       VIR_DOMAIN_BLOCK_COMMIT_DELETE), 0);
        has_failed(dom, "top commit failed; vda commit failed; ", in_dir("full/base"),
                   "No space left on device");
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE),
                  0);
        has_failed(dom, "top active failed; vda active failed; ", in_dir("full/base"),
                   "No space left on device");
    } else {
        CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
        expect_events("full/top pull failed; vda pull failed; ");
        job_info(dom, "vda", 0);
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
        if (ours)
            CHECK_CODE(VIR_ERR_INVALID_ARG, "No space left on device");
        CHECK(guest_sees_ref(dom));
    }
    CHECK(exists(in_dir("mid")));
    stop(dom);
    CHECK(clean(commit ? "top" : "full/top"));
    CHECK(same_as_ref(commit ? "top" : "full/top", "qcow2"));
    if (commit)
        CHECK(clean("full/base"));
    CHECK_INT(run("umount %s", in_dir("full")), 0);
    CHECK_INT(rmdir(in_dir("full")), 0);
}

/* The server of the destination dies, or does not answer. */
static void target_goes(int ready, const char *signal)
{
    virDomainPtr dom = start_chain();
    int hangs = strcmp(signal, "STOP") == 0;
    unsigned long long begin;

    serve("memory 8M");
    start_stuck_copy(dom, "vda", nbd_dest(), 0);
    if (ready) {
        CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
        wait_ready(dom, "vda");
        expect_events("top copy ready; vda copy ready; ");
    }
    signal_server(signal);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    guest_goes_on(dom);
    if (!hangs) {
        has_failed(dom, "top copy failed; vda copy failed; ", in_dir("sock"), "");
        finish(dom);
        return;
    }
    usleep(200000);
    job_info(dom, "vda", 1);
    begin = now_ms();
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK(now_ms() - begin < SILENCE);
    expect_events("top copy canceled; vda copy canceled; ");
    guest_goes_on(dom);
    signal_server("KILL");
    finish(dom);
}

static void *pivot_in_thread(void *opaque)
{
    virDomainPtr dom = (virDomainPtr)opaque;

    CHECK_INT(virDomainBlockJobAbort(dom, "vda", PIVOT), -1);
    return NULL;
}

/* A pivot to a server that does not answer ends when the job is aborted or the domain destroyed. */
static void pivot_hangs(int destroy)
{
    virDomainPtr dom = start_chain();
    unsigned long long begin;
    pthread_t thread;

    serve("memory 8M");
    CHECK_INT(virDomainBlockCopy(dom, "vda", nbd_dest(), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    expect_events("top copy ready; vda copy ready; ");
    signal_server("STOP");
    CHECK_INT(pthread_create(&thread, NULL, pivot_in_thread, dom), 0);
    usleep(200000);
    begin = now_ms();
    if (destroy)
        CHECK_INT(virDomainDestroy(dom), 0);
    else
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK(now_ms() - begin < SILENCE);
    CHECK_INT(pthread_join(thread, NULL), 0);
    signal_server("KILL");
    if (destroy) {
        CHECK_INT(virDomainFree(dom), 0);
        CHECK(clean("top"));
        CHECK(same_as_ref("top", "qcow2"));
        expect_events("");
        return;
    }
    expect_events("top copy canceled; vda copy canceled; ");
    guest_goes_on(dom);
    finish(dom);
}

/* The domain ends while its destination does not answer. */
static void destroyed_while_hung(unsigned int flags)
{
    virDomainPtr dom = start_chain();
    unsigned long long begin;

    serve("memory 8M");
    start_stuck_copy(dom, "vda", nbd_dest(), flags);
    signal_server("STOP");
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    usleep(100000);
    begin = now_ms();
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK(now_ms() - begin < SILENCE);
    CHECK_INT(virDomainFree(dom), 0);
    signal_server("KILL");
    CHECK(clean("top"));
    CHECK(same_as_ref("top", "qcow2"));
    expect_events("");
}

/* A source that cannot be read everywhere. */
static void source_fails(void)
{
    char xml[1024];
    virDomainPtr dom;

    CHECK_INT(run("rm -f %s %s", in_dir("now"), in_dir("copy")), 0);
    print_to(xml, sizeof(xml),
             "--filter=error memory 8M error-pread=EIO error-pread-rate=100%% error-file=%s",
             in_dir("now"));
    serve(xml);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 0 2M' 'nbd+unix:///?socket=%s' >/dev/null",
                  in_dir("sock")), 0);
    print_to(xml, sizeof(xml),
             "<disk type='network'><driver type='raw'/><source protocol='nbd' name=''>"
             "<host transport='unix' socket='%s'/></source><target dev='vda'/></disk>",
             in_dir("sock"));
    dom = start(xml);
    CHECK_INT(run("touch %s", in_dir("now")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    expect_events("vda copy failed; ");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
    if (ours) {
        CHECK_CODE(VIR_ERR_INVALID_ARG, in_dir("sock"));
        CHECK_CODE(VIR_ERR_INVALID_ARG, "Input/output error");
    }
    CHECK_INT(unlink(in_dir("now")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 7 0 2M' '%s' | grep -q 'read 2097152'",
                  disk_uri(dom, "vda")), 0);
    CHECK_INT(unlink(in_dir("copy")), 0);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    signal_server("TERM");
    CHECK_INT(run("qemu-io -f raw -c 'read -P 7 0 2M' '%s' | grep -q 'read 2097152'",
                  disk_uri(dom, "vda")), 0);
    stop(dom);
    /* The disk had no path before. */
    expect_events("vda copy ready; copy copy completed; vda copy completed; ");
}

/* A chain whose base another program truncates, or whose tables are broken: pull and commit
 * fail, and everything that could be read before can be read afterwards. */
static void chain_fails(void)
{
    virDomainPtr dom;
    int commit;

    for (commit = 0; commit < 2; commit++) {
        make_chain(in_dir("%s", ""));
        /* A compressed cluster that does not decompress, at 4 MiB of mid. */
        CHECK_INT(run("qemu-io -f qcow2 -c 'write -c -P 8 4M 64k' %s >/dev/null", in_dir("mid")),
                  0);
        CHECK_INT(run("python3 -c \"import struct\n"
                      "f = open('%s', 'r+b')\n"
                      "f.seek(40); l1 = struct.unpack('>Q', f.read(8))[0]\n"
                      "f.seek(l1); l2 = struct.unpack('>Q', f.read(8))[0] & (2**56 - 512)\n"
                      "f.seek(l2 + 64 * 8); at = struct.unpack('>Q', f.read(8))[0] & (2**54 - 1)\n"
                      "f.seek(at); f.write(b'\\377' * 32)\n\"", in_dir("mid")), 0);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        if (commit)
            CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 0,
                                           VIR_DOMAIN_BLOCK_COMMIT_DELETE), 0);
        else
            CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
        expect_events(commit ? "top commit failed; vda commit failed; "
                             : "top pull failed; vda pull failed; ");
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), -1);
        if (ours)
            CHECK_CODE(VIR_ERR_INVALID_ARG, in_dir("mid"));
        CHECK(exists(in_dir("mid")));
        CHECK_INT(run("nbdcopy '%s' %s 2>/dev/null", disk_uri(dom, "vda"), in_dir("out")), 1);
        CHECK_INT(run("qemu-io -f raw -c 'read -P 3 2560k 1M' -c 'read -P 1 0 64k' '%s'"
                      " | grep -c 'ops/sec' | grep -qx 2", disk_uri(dom, "vda")), 0);
        CHECK_INT(run("qemu-io -f raw -c 'write -P 9 4M 64k' '%s' >/dev/null &&"
                      " qemu-io -f raw -c 'write -P 9 4M 64k' %s >/dev/null",
                      disk_uri(dom, "vda"), in_dir("ref")), 0);
        CHECK(guest_sees_ref(dom));
        /* The guest overwrites the broken cluster, which is then not needed unless the images
         * are merged. */
        CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
        expect_events("top pull completed; vda pull completed; ");
        CHECK(guest_sees_ref(dom));
        stop(dom);
        CHECK(clean("top"));
        CHECK(same_as_ref("top", "qcow2"));
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    /* The mounts are in a namespace of their own, which ends with this process. */
    if (getuid() == 0 && unshare(CLONE_NEWNS) == 0)
        CHECK_INT(run("mount --make-rprivate /"), 0);
    jobs_open(argv[0], 280);
    target_fails("ENOSPC", "No space left on device", 0);
    target_fails("EIO", "Input/output error", COPY_SYNC);
    target_fails_later(0);
    target_fails_later(COPY_SYNC);
    pivot_fails();
    target_is_full();
    chain_is_full(0);
    chain_is_full(1);
    target_goes(0, "KILL");
    target_goes(1, "KILL");
    target_goes(0, "STOP");
    target_goes(1, "STOP");
    pivot_hangs(0);
    pivot_hangs(1);
    destroyed_while_hung(0);
    source_fails();
    chain_fails();
    return jobs_close(__FILE__);
}
