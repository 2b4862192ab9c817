/* Commits between images of different sizes. Data of the base behind the end of the committed
 * image is kept, as the manual of `qemu-img commit` says, and the guest does not see it unless
 * it did before. The result is compared with that of `qemu-img commit` for the same images. */
#include "block_job.h"

/* Makes `qemu/base`, what `qemu-img commit` makes of `base` when it commits `top` into that. */
static void commit_by_qemu(const char *top, const char *base_format)
{
    CHECK_INT(run("cd %s && rm -rf qemu && mkdir qemu && cp base mid top qemu && cd qemu &&"
                  " qemu-img rebase -u -f qcow2 -F %s -b base mid &&"
                  " qemu-img rebase -u -f qcow2 -F qcow2 -b mid top && qemu-img commit -q -d -f qcow2"
                  " -b base %s", test_dir, base_format, top), 0);
}

/* The base equals QEMU's, byte for byte and in length. */
static int base_is_as_by_qemu(const char *format)
{
    return run("cd %s && qemu-img compare -q -f %s -F %s base qemu/base &&"
               " test \"$(qemu-img info -f %s base | grep virtual)\" ="
               " \"$(qemu-img info -f %s qemu/base | grep virtual)\"",
               test_dir, format, format, format, format) == 0;
}

/* base of 24 MiB with data up to its end, mid of `mid` MiB, and top of `top` MiB. */
static void make(const char *format, int mid, int top, const char *options)
{
    CHECK_INT(run("cd %s && rm -f base mid top ref && qemu-img create -q -f %s base 24M &&"
                  " qemu-io -f %s -c 'write -P 1 1M 3M' -c 'write -P 4 7M 17M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -o %s -b %s -F %s mid %dM &&"
                  " qemu-io -f qcow2 -c 'write -P 2 3M 2M' mid >/dev/null &&"
                  " qemu-img create -q -f qcow2 -o %s -b %s -F qcow2 top %dM &&"
                  " qemu-io -f qcow2 -c 'write -P 3 6M 1M' top >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw top ref",
                  test_dir, format, format, options, in_dir("base"), format, mid, options,
                  in_dir("mid"), top), 0);
}

static unsigned long long capacity_of(virDomainPtr dom)
{
    virDomainBlockInfo info;

    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    return info.capacity;
}

/* The active layer is shorter than the base that it is committed into: the disk gets the base's
 * length. */
static void active(const char *format, int length)
{
    virDomainPtr dom;

    make(format, length, length, "compat=1.1");
    commit_by_qemu("top", format);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(capacity_of(dom), length * MIB);
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    CHECK(guest_sees_ref(dom));
    pivot(dom, "vda");
    expect_events("top active ready; vda active ready; base active completed; vda active completed; ");
    CHECK_INT(capacity_of(dom), 24 * MIB);
    /* The guest can now read and write the part behind the old end. */
    CHECK_INT(run("qemu-io -f raw -c 'read -P 4 %dM 1M' -c 'read -P 4 23M 1M'"
                  " -c 'write -P 4 23M 1M' '%s' >/dev/null", length - (length == 24), disk_uri(dom, "vda")), 0);
    stop(dom);
    CHECK(base_is_as_by_qemu(format));
    CHECK(strcmp(format, "raw") == 0 || clean("base"));
}

/* An image in the middle is shorter than the base: zeros are written to its overlay instead. */
static void inner(const char *format, int mid, int top, const char *options)
{
    virDomainPtr dom;

    make(format, mid, top, options);
    commit_by_qemu("mid", format);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), 0, 0), 0);
    wait_gone(dom, "vda");
    expect_events("top commit completed; vda commit completed; ");
    CHECK(guest_sees_ref(dom));
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 9M 20k' -c 'write -z -u 10M 1M' -c 'discard 6M 1M' '%s'"
                  " >/dev/null && qemu-io -f raw -c 'write -P 7 9M 20k' -c 'write -z 10M 1M'"
                  " -c 'write -z 6M 1M' %s >/dev/null", disk_uri(dom, "vda"), in_dir("ref")), 0);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK(base_is_as_by_qemu(format));
    CHECK(same_as_ref("top", "qcow2"));
    CHECK(clean("top"));
    CHECK(strcmp(format, "raw") == 0 || clean("base"));
}

/* The image between mid and top, which is otherwise only read, gets the zeros. */
static void below_the_top(void)
{
    virDomainPtr dom;

    make("raw", 8, 20, "compat=1.1");
    commit_by_qemu("mid", "raw");
    CHECK_INT(run("cd %s && rm -f upper && qemu-img create -q -f qcow2 -b %s -F qcow2 upper 22M",
                  test_dir, in_dir("top")), 0);
    dom = start(disk_xml("vda", "upper", "qcow2", ""));
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("base"), in_dir("mid"), 0, 0), 0);
    wait_gone(dom, "vda");
    expect_events("upper commit completed; vda commit completed; ");
    CHECK(guest_sees_ref(dom));
    /* It is only read again. */
    CHECK_INT(run("qemu-io -r -f qcow2 -c 'read 0 4k' %s >/dev/null", in_dir("top")), 0);
    stop(dom);
    CHECK(base_is_as_by_qemu("raw"));
    CHECK(same_as_ref("upper", "qcow2"));
    CHECK(clean("top") && clean("upper"));
}

/* Refused with internal snapshots in the overlay: where the committed image ended cannot be
 * recorded for them. */
static void snapshot_above(void)
{
    virDomainPtr dom;

    make("raw", 8, 16, "compat=1.1");
    CHECK_INT(run("qemu-img snapshot -c before %s", in_dir("top")), 0);
    dom = start(disk_xml("vda", "top", "qcow2", ""));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in '");
    CHECK(guest_sees_ref(dom));
    expect_events("");
    stop(dom);
    CHECK(same_as_ref("top", "qcow2"));
}

int main(int argc, char **argv)
{
    static const char *const formats[] = { "raw", "qcow2" };
    int i;

    (void)argc;
    jobs_open(argv[0], 280);
    for (i = 0; i < 2; i++) {
        active(formats[i], 8);
        active(formats[i], 16);
        active(formats[i], 24);
        inner(formats[i], 8, 16, "compat=1.1");
        inner(formats[i], 8, 24, "compat=1.1,extended_l2=on");
        inner(formats[i], 8, 30, "compat=0.10");
        inner(formats[i], 16, 12, "compat=1.1");
    }
    below_the_top();
    snapshot_above();
    return jobs_close(__FILE__);
}
