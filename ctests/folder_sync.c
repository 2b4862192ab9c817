/* Filesystems that cannot sync folders: files can be created there nevertheless, by every function that
 * creates some. */
/* ctest: ours-only because it stands between the library and the C library's calls */
#include "block_job.h"

#include <sys/syscall.h>

/* The error with which syncing a folder fails; how often it has failed. */
static volatile int folder_error, refusals;

static int hits_folder(int fd)
{
    struct stat sb;

    if (!folder_error || fstat(fd, &sb) < 0 || !S_ISDIR(sb.st_mode))
        return 0;
    __sync_fetch_and_add(&refusals, 1);
    errno = folder_error;
    return 1;
}

#ifdef __cplusplus
extern "C" {
#endif

int fsync(int fd)
{
    return hits_folder(fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return hits_folder(fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

#ifdef __cplusplus
}
#endif

/* Whether folders were synced, without success, by what came before. */
static int were_refused(void)
{
    return __sync_lock_test_and_set(&refusals, 0) > 0;
}

static void snapshot(virDomainPtr dom)
{
    char xml[1024];
    virDomainSnapshotPtr snap;

    print_to(xml, sizeof(xml), "<domainsnapshot><name>s</name><disks><disk name='vda'>"
             "<source file='%s'/></disk></disks></domainsnapshot>", in_dir("over"));
    snap = virDomainSnapshotCreateXML(dom, xml, VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY);
    CHECK(snap != NULL);
    CHECK_INT(virDomainSnapshotFree(snap), 0);
}

static void copy(virDomainPtr dom)
{
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0,
                                 VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB), 0);
    forget_events(2);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), 0);
    forget_events(2);
}

/* Everything that makes files. */
static void work(void)
{
    virStoragePoolPtr pool = make_pool(conn, "p");
    virStorageVolPtr vol = make_vol(pool, "v", MIB, 0);
    virDomainPtr dom;

    CHECK(!folder_error || were_refused());
    set_size(in_dir("disk"), MIB);
    dom = virDomainDefineXML(conn, domain_xml("d", disk_xml("vda", "disk", "raw", ""), 1));
    CHECK(dom != NULL);
    CHECK(!folder_error || were_refused());
    CHECK_INT(virDomainCreate(dom), 0);
    snapshot(dom);
    CHECK(!folder_error || were_refused());
    copy(dom);
    CHECK(!folder_error || were_refused());
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefineFlags(dom, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA), 0);
    CHECK(!folder_error || were_refused());
    CHECK_INT(virDomainFree(dom), 0);
    vol_gone(vol);
    pool_gone(pool);
    CHECK_INT(run("cd %s && rm disk over copy && rmdir p", test_dir), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 120);
    work();
    folder_error = EINVAL;
    work();
    folder_error = EOPNOTSUPP;
    work();
    folder_error = 0;
    return jobs_close(__FILE__);
}
