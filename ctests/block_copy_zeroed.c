/* Copies onto prepared images with TARGET_ZEROED, by which the caller promises that they read as
 * zeros: the job then writes no zeros. The test breaks the promise in places, where the old data
 * must stay. */
#include "block_job.h"
#include "newer.h"

#define REUSE VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
#define ZEROED VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED
#define SIZE (8 * MIB)

/* A disk with data at its start and holes behind it. */
static virDomainPtr start_sparse(void)
{
    set_size(in_dir("ref"), SIZE);
    write_pattern(in_dir("ref"), MIB, 0, 1);
    CHECK_INT(run("cp --sparse=always %s %s", in_dir("ref"), in_dir("disk")), 0);
    return start(disk_xml("vda", "disk", "raw", ""));
}

static void copied(virDomainPtr dom, const char *file, const char *format, unsigned int flags)
{
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file(file, format), NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    forget_events(4);
}

/* If the promise is true, the copy equals the disk and is as sparse. */
static void prepared(virDomainPtr dom, const char *format)
{
    unlink(in_dir("copy"));
    CHECK_INT(run("qemu-img create -q -f %s %s 8M", format, in_dir("copy")), 0);
    copied(dom, "copy", format, REUSE | ZEROED);
    CHECK(same_as_ref("copy", format));
    CHECK(file_allocation(in_dir("copy")) < 2 * MIB);
}

/* Other data, of 64 KiB, where the disk has a hole. */
static void stain(const char *file)
{
    unlink(in_dir("%s", file));
    set_size(in_dir("%s", file), SIZE);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 9 4M 64k' %s >/dev/null", in_dir("%s", file)), 0);
}

static int stained(const char *file)
{
    return run("qemu-io -f raw -c 'read -P 9 4M 64k' %s | grep -q 'Pattern verification failed'",
               in_dir("%s", file)) != 0;
}

int main(int argc, char **argv)
{
    virDomainPtr dom;

    (void)argc;
    jobs_open(argv[0], 120);
    dom = start_sparse();
    prepared(dom, "raw");
    prepared(dom, "qcow2");
    /* Without the flag zeros are written. */
    stain("copy");
    copied(dom, "copy", "raw", REUSE);
    CHECK(!stained("copy"));
    CHECK(same_as_ref("copy", "raw"));
    stain("copy");
    copied(dom, "copy", "raw", REUSE | ZEROED);
    CHECK(stained("copy"));
    /* A new file reads as zeros, with or without the flag. */
    CHECK_INT(unlink(in_dir("copy")), 0);
    copied(dom, "copy", "raw", ZEROED);
    CHECK(same_as_ref("copy", "raw"));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("other", "raw"), NULL, 0, 1 << 5), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x20)");
    stop(dom);

    /* A shallow copy reads as its backing image where it has no data, so zeros are written. */
    CHECK_INT(run("cp %s %s && qemu-img create -q -f qcow2 -F raw -b base %s && "
                  "qemu-io -f qcow2 -c 'write -z 0 512k' %s >/dev/null && "
                  "qemu-img create -q -f qcow2 -F raw -b base %s && "
                  "qemu-img convert -O raw %s %s",
                  in_dir("ref"), in_dir("base"), in_dir("top"), in_dir("top"), in_dir("shallow"),
                  in_dir("top"), in_dir("ref")), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    copied(dom, "shallow", "qcow2", REUSE | ZEROED | VIR_DOMAIN_BLOCK_COPY_SHALLOW);
    CHECK(same_as_ref("shallow", "qcow2"));
    stop(dom);
    return jobs_close(__FILE__);
}
