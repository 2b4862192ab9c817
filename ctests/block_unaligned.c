/* A raw disk whose size is no multiple of 512. Sizes of qcow2 images are, so an image of the
 * disk is longer, and the rest reads as zeros. No data is lost, whichever way the image is made.
 * QEMU's tools check the results. */
#include "block_job.h"
#include "image.h"
#include "nbd.h"

#define SIZE "1000001"
#define SECTORS 1000448

static void make_raw(void)
{
    CHECK_INT(run("cd %s && rm -f o.raw before s1 s2 copy.* there.* clone over && head -c " SIZE " /dev/urandom >o.raw && cp o.raw before",
                  test_dir), 0);
}

/* The image has a size in whole sectors, passes the check, and reads as the disk did, with zeros
 * behind it. */
static void holds(const char *file, const char *format, const char *disk)
{
    if (strcmp(format, "qcow2") == 0) {
        static const char *const parts[] = { "\"virtual-size\": 1000448", NULL };

        image_is(in_dir("%s", file), parts);
    }
    CHECK_INT(run("qemu-img compare -q -f %s -F raw %s %s", format, in_dir("%s", file),
                  in_dir("%s", disk)), 0);
    CHECK_INT(run("cd %s && cp %s padded && truncate -s %d padded && qemu-img convert -f %s -O raw %s"
                  " read && head -c %d read | cmp - padded && rm -f padded read", test_dir, disk,
                  SECTORS, format, file, SECTORS), 0);
}

/* Writes at the end of the disk, and the same to the reference file. */
#define TAIL 500
#define TAIL_AT (1000001 - TAIL)

static void guest_writes(virDomainPtr dom, const char *disk)
{
    char tail[TAIL];
    int guest = nbd_open(dom, "vda");

    memset(tail, 'Z', sizeof(tail));
    CHECK_INT(nbd_request(guest, NBD_WRITE, tail, TAIL, TAIL_AT), 0);
    CHECK_INT(close(guest), 0);
    write_at(in_dir("%s", disk), tail, TAIL, TAIL_AT);
}

static void guest_reads(virDomainPtr dom, const char *disk)
{
    char tail[TAIL];
    int guest = nbd_open(dom, "vda");

    CHECK_INT(nbd_request(guest, NBD_READ, tail, TAIL, TAIL_AT), 0);
    CHECK_INT(close(guest), 0);
    CHECK(file_has(in_dir("%s", disk), tail, TAIL, TAIL_AT));
}

static void copy(unsigned int flags, const char *dest, const char *format, int guest)
{
    virDomainPtr dom = start(disk_xml("vda", "o.raw", "raw", ""));

    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file(dest, format), NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    expect_events("o.raw copy ready; vda copy ready; ");
    if (guest)
        guest_writes(dom, "before");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), 0);
    forget_events(2);
    guest_reads(dom, "before");
    stop(dom);
    holds(dest, format, "before");
}

static void copies(void)
{
    static const unsigned int synchronous = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB |
                                            VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES;
    int guest;

    for (guest = 0; guest < 2; guest++) {
        make_raw();
        copy(VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB, "copy.qcow2", "qcow2", guest);
        make_raw();
        copy(synchronous, "copy.qcow2", "qcow2", guest);
        /* Copies onto an existing image with other data behind the end of the disk. */
        make_raw();
        CHECK_INT(run("qemu-img create -q -f qcow2 %s %d && qemu-io -f qcow2 -c 'write -P 9 0 %d' %s"
                      " >/dev/null", in_dir("there.qcow2"), SECTORS, SECTORS, in_dir("there.qcow2")),
                  0);
        copy(VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB | VIR_DOMAIN_BLOCK_COPY_REUSE_EXT, "there.qcow2",
             "qcow2", guest);
        make_raw();
        copy(VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB, "copy.raw", "raw", guest);
    }
    make_raw();
    {
        virDomainPtr dom = start(disk_xml("vda", "o.raw", "raw", ""));

        CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy.raw"), 0,
                                       VIR_DOMAIN_BLOCK_REBASE_COPY), 0);
        wait_ready(dom, "vda");
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
        forget_events(4);
        stop(dom);
        holds("copy.raw", "raw", "before");
    }
}

static void take(virDomainPtr dom, const char *name, unsigned int flags)
{
    char xml[2048];
    virDomainSnapshotPtr snapshot;

    print_to(xml, sizeof(xml), "<domainsnapshot><name>%s</name><disks><disk name='vda'><source file='%s'/>"
             "</disk></disks></domainsnapshot>", name, in_dir("%s", name));
    snapshot = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                                                        VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA | flags);
    CHECK(snapshot != NULL);
    CHECK_INT(virDomainSnapshotFree(snapshot), 0);
}

static void snapshots(void)
{
    virDomainPtr dom;

    /* Copies of a running disk, twice, with writes between them. */
    make_raw();
    dom = start(disk_xml("vda", "o.raw", "raw", ""));
    take(dom, "s1", 0);
    guest_writes(dom, "before");
    take(dom, "s2", 0);
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("s1"), NULL, 0,
                                   VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    forget_events(4);
    guest_reads(dom, "before");
    /* Commits back into the raw disk, which then has whole sectors. */
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("o.raw"), NULL, 0,
                                   VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    forget_events(4);
    stop(dom);
    holds("o.raw", "raw", "before");

    /* Onto existing images, as QEMU makes them as overlays of the disk. */
    make_raw();
    CHECK_INT(run("qemu-img create -q -f qcow2 -F raw -b %s %s", in_dir("o.raw"), in_dir("s1")), 0);
    dom = start(disk_xml("vda", "o.raw", "raw", ""));
    take(dom, "s1", VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT);
    guest_writes(dom, "before");
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    forget_events(2);
    stop(dom);
    CHECK_INT(unlink(in_dir("o.raw")), 0);
    holds("s1", "qcow2", "before");

    /* Of a disk that is not open. */
    make_raw();
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "o.raw", "raw", ""), 1));
    CHECK(dom != NULL);
    take(dom, "s1", 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    holds("s1", "qcow2", "before");
}

/* Writes to a transient disk go to an overlay. */
static void transient(void)
{
    virDomainPtr dom;

    make_raw();
    dom = start(disk_xml("vda", "o.raw", "raw", "<transient/>"));
    guest_writes(dom, "before");
    guest_reads(dom, "before");
    stop(dom);
    CHECK_INT(run("cd %s && ! cmp -s o.raw before && test $(stat -c %%s o.raw) = " SIZE, test_dir), 0);
}

/* Volumes: copies of the disk, and overlays of it. */
static void volumes(void)
{
    virStoragePoolPtr pool;
    virStorageVolPtr source, vol;

    make_raw();
    pool = virStoragePoolCreateXML(conn, pool_xml(""), 0);
    CHECK(pool != NULL);
    source = virStorageVolLookupByName(pool, "o.raw");
    CHECK(source != NULL);
    vol = virStorageVolCreateXMLFrom(pool, "<volume><name>clone</name><target><format type='qcow2'/>"
                                           "</target></volume>", source, 0);
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    holds("clone", "qcow2", "before");
    vol = virStorageVolCreateXML(pool, "<volume><name>over</name><target><format type='qcow2'/></target>"
                                       "<backingStore><path>o.raw</path><format type='raw'/>"
                                       "</backingStore></volume>", 0);
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolFree(vol), 0);
    holds("over", "qcow2", "before");
    CHECK_INT(virStorageVolFree(source), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 280);
    copies();
    snapshots();
    transient();
    volumes();
    return jobs_close(__FILE__);
}
