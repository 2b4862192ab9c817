/* The disks of a running domain, as seen by guests and by API calls.
 * ctest: ours-only because libvirt has no virSparseDomainGetDiskURI */
#include "domain.h"

#include <sys/wait.h>
#include <virsparse/virsparse.h>

static virConnectPtr conn;

static virDomainPtr start(const char *disks, unsigned int flags)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml("disks", disks, 1), flags);

    CHECK(dom != NULL);
    return dom;
}

static void stop(virDomainPtr dom)
{
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static void served(void)
{
    char disks[4096];
    virDomainPtr dom;
    char *uri, *socket;
    struct stat sb;

    write_pattern(in_dir("a.img"), 3 * MIB, 0, 1);
    CHECK_INT(run("qemu-img create -q -f qcow2 -b a.img -F raw %s 4M", in_dir("top.qcow2")), 0);
    set_size(in_dir("b.img"), 8 * MIB);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "top.qcow2", "qcow2", ""),
             disk_xml("vdb", "b.img", "raw", ""));
    dom = start(disks, 0);
    uri = virSparseDomainGetDiskURI(dom, "vda", 0);
    CHECK_STR(uri, disk_uri(dom, "vda"));
    CHECK(strncmp(uri, "nbd+unix:///vda?socket=/", 24) == 0);
    socket = strstr(uri, "socket=") + 7;
    CHECK_INT(stat(socket, &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0600);
    CHECK_INT(run("test $(nbdinfo --size '%s') = 4194304", uri), 0);
    CHECK_INT(run("nbdinfo --list '%s' | grep -q 'export=\"vda\"'", uri), 0);
    CHECK_INT(run("nbdcopy '%s' %s && cmp -n 3145728 %s %s", uri, in_dir("copy"), in_dir("copy"),
                  in_dir("a.img")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 9 64k 128k' -c flush '%s'", uri), 0);
    CHECK_INT(run("nbdcopy %s '%s'", in_dir("copy"), disk_uri(dom, "vdb")), 0);
    free(uri);
    uri = virSparseDomainGetDiskURI(dom, in_dir("b.img"), 0);
    CHECK_STR(uri, disk_uri(dom, "vdb"));
    free(uri);
    CHECK(virSparseDomainGetDiskURI(dom, "vdz", 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk 'vdz' not found in domain");
    CHECK(virSparseDomainGetDiskURI(dom, NULL, 0) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk in virSparseDomainGetDiskURI must not be NULL");
    CHECK(virSparseDomainGetDiskURI(dom, "vda", 2) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2)");
    CHECK(virSparseDomainGetDiskURI(dom, "vda", VIR_SPARSE_DISK_URI_TCP) == NULL);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "disk 'vda' is not served over TCP");

    /* While the domain runs, no other program can write the images. */
    CHECK_INT(run("qemu-io -f qcow2 -c 'write 0 4k' %s", in_dir("top.qcow2")), 1);
    CHECK(virDomainCreateXML(conn, domain_xml("more", disk_xml("vda", "b.img", "raw", ""), 2), 0) ==
          NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Device or resource busy");
    CHECK_INT(virDomainShutdown(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(run("qemu-img check -q %s", in_dir("top.qcow2")), 0);
    CHECK_INT(run("qemu-io -f qcow2 -r -c 'read -P 9 64k 128k' %s | grep -q 'read 131072'",
                  in_dir("top.qcow2")), 0);
    CHECK_INT(run("cmp -n 4194304 %s %s", in_dir("copy"), in_dir("b.img")), 0);
    CHECK_INT(run("test -z \"$(ls -A %s/root/run/disks)\"", test_dir), 0);
}

/* A request that a guest sends while the domain is paused is done when it is resumed. */
static void paused(void)
{
    virDomainPtr dom = start(disk_xml("vdb", "b.img", "raw", ""), VIR_DOMAIN_START_PAUSED);

    CHECK_INT(run("qemu-io -f raw -c 'write -P 5 0 64k' '%s' & echo $! >%s", disk_uri(dom, "vdb"),
                  in_dir("pid")), 0);
    usleep(300000);
    CHECK_INT(run("kill -0 $(cat %s)", in_dir("pid")), 0);
    CHECK(!file_is_zero(in_dir("b.img"), 1, 0));
    CHECK(file_has_pattern(in_dir("b.img"), 64 * KIB, 0, 1));
    CHECK_INT(virDomainResume(dom), 0);
    CHECK_INT(run("while kill -0 $(cat %s) 2>/dev/null; do sleep 0.05; done", in_dir("pid")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 5 0 64k' '%s' | grep -q 'read 65536'",
                  disk_uri(dom, "vdb")), 0);
    CHECK_INT(virDomainSuspend(dom), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 6 0 64k' '%s' & echo $! >%s", disk_uri(dom, "vdb"),
                  in_dir("pid")), 0);
    usleep(300000);
    stop(dom);
    CHECK_INT(run("while kill -0 $(cat %s) 2>/dev/null; do sleep 0.05; done", in_dir("pid")), 0);
    CHECK_INT(run("qemu-io -r -f raw -c 'read -P 5 0 64k' %s | grep -q 'read 65536'",
                  in_dir("b.img")), 0);
}

/* A guest that is stopped again and again loses nothing, mixes nothing up, and sees no error. */
static void paused_while_writing(void)
{
    virDomainPtr dom;
    char uri[2048];
    int status, i;
    pid_t pid;

    CHECK_INT(run("qemu-img create -q -f qcow2 %s 64M", in_dir("w.qcow2")), 0);
    dom = start(disk_xml("vda", "w.qcow2", "qcow2", ""), 0);
    print_to(uri, sizeof(uri), "--uri=%s", disk_uri(dom, "vda"));
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execlp("fio", "fio", "--name=guest", "--ioengine=nbd", uri, "--rw=randwrite", "--bs=4k",
               "--iodepth=16", "--size=48M", "--verify=crc32c",
               "--verify_state_save=0", "--output-format=terse",
               (char *)NULL);
        _exit(127);
    }
    for (i = 0; waitpid(pid, &status, WNOHANG) == 0; i++) {
        CHECK_INT(virDomainSuspend(dom), 0);
        usleep(20000);
        CHECK_INT(virDomainResume(dom), 0);
        usleep(20000);
    }
    CHECK(i > 3);
    CHECK_INT(status, 0);
    CHECK_INT(virDomainShutdown(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(run("qemu-img check -q %s", in_dir("w.qcow2")), 0);
}

/* Whether this process has a file open past the page cache: O_DIRECT is 040000 on x86. */
static int is_open_direct(const char *path)
{
    return run("for fd in /proc/%d/fd/*; do test \"$(readlink $fd)\" = %s &&"
               " grep -q '^flags:.*[4-7]....$' /proc/%d/fdinfo/${fd##*/} && exit 0; done; exit 1",
               (int)getpid(), path, (int)getpid()) == 0;
}

static void kinds_of_disks(void)
{
    virDomainPtr dom = start(disk_xml("vda", "a.img", "raw", "<readonly/>"), 0);
    virDomainPtr other;
    char xml[2048], *uri;

    CHECK_INT(run("qemu-io -f raw -c 'write 0 4k' '%s'", disk_uri(dom, "vda")), 1);
    CHECK(!is_open_direct(in_dir("a.img")));
    /* Many may read it. */
    other = virDomainCreateXML(conn, domain_xml("reader", disk_xml("vda", "a.img", "raw",
                                                                  "<readonly/>"), 2), 0);
    CHECK(other != NULL);
    stop(other);
    stop(dom);

    dom = start(disk_xml("vda", "a.img", "raw", "<v:listen xmlns:v='urn:virsparse:domain:1'/>"), 0);
    uri = virSparseDomainGetDiskURI(dom, "vda", VIR_SPARSE_DISK_URI_TCP);
    CHECK(uri != NULL && strncmp(uri, "nbd://127.0.0.1:", 16) == 0);
    CHECK_INT(run("nbdcopy '%s' %s && cmp %s %s", uri, in_dir("copy"), in_dir("copy"),
                  in_dir("a.img")), 0);
    free(uri);
    stop(dom);

    print_to(xml, sizeof(xml), "<disk type='file'><driver cache='none'/><source file='%s'/>"
             "<target dev='vda'/></disk>", in_dir("b.img"));
    dom = start(xml, 0);
    CHECK(is_open_direct(in_dir("b.img")));
    CHECK_INT(run("qemu-io -f raw -c 'write -P 4 1000 700' -c 'read -P 4 1000 700' '%s'"
                  " | grep -q 'read 700'", disk_uri(dom, "vda")), 0);
    stop(dom);
    CHECK(virDomainCreateXML(conn, domain_xml("bad", "<disk type='file'><driver cache='some'/>"
                                              "<source file='/x'/><target dev='vda'/></disk>", 1),
                             0) == NULL);
    CHECK_CODE(VIR_ERR_XML_ERROR, "Invalid value for attribute 'cache' in element 'driver'");

    dom = start(disk_xml("vda", "a.img", "raw", "<shareable/>"), 0);
    other = virDomainCreateXML(conn, domain_xml("sharer", disk_xml("vda", "a.img", "raw",
                                                                  "<shareable/>"), 2), 0);
    CHECK(other != NULL);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 3 1M 4k' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 3 1M 4k' '%s' | grep -q 'read 4096'",
                  disk_uri(other, "vda")), 0);
    stop(other);
    stop(dom);
    CHECK(virDomainCreateXML(conn, domain_xml("x", disk_xml("vda", "top.qcow2", "qcow2",
                                                            "<shareable/>"), 2), 0) == NULL);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "shared access for disk 'vda'");

    dom = start(disk_xml("vda", "a.img", "raw", "<transient/>"), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 8 2M 64k' -c 'read -P 8 2M 64k' '%s' |"
                  " grep -q 'read 65536'", disk_uri(dom, "vda")), 0);
    stop(dom);
    CHECK(file_has_pattern(in_dir("a.img"), 64 * KIB, 2 * MIB, 1));

    /* An export of another domain's disk is a disk, too. */
    dom = start(disk_xml("vda", "a.img", "raw", ""), 0);
    print_to(xml, sizeof(xml),
             "<disk type='network'><driver type='raw'/><source protocol='nbd' name='vda'>"
             "<host transport='unix' socket='%s'/></source><target dev='sda'/></disk>",
             strstr(disk_uri(dom, "vda"), "socket=") + 7);
    other = virDomainCreateXML(conn, domain_xml("far", xml, 2), 0);
    CHECK(other != NULL);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 4 0 64k' -c flush '%s'", disk_uri(other, "sda")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'read -P 4 0 64k' '%s' | grep -q 'read 65536'",
                  disk_uri(dom, "vda")), 0);
    stop(other);
    stop(dom);
}

/* If one disk cannot be opened, the others are closed again. */
static void failed_start(void)
{
    char disks[4096];
    virDomainPtr dom;

    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a.img", "raw", ""),
             disk_xml("vdb", "nope.img", "raw", ""));
    dom = virDomainDefineXML(conn, domain_xml("fails", disks, 3));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "nope.img': No such file or directory");
    CHECK_INT(virDomainIsActive(dom), 0);
    CHECK_INT(run("test -z \"$(ls -A %s/root/run/disks)\"", test_dir), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 4k' %s", in_dir("a.img")), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);

    CHECK(virDomainCreateXML(conn, domain_xml("x", disk_xml("vda", "a.img", "vmdk", ""), 3), 0) ==
          NULL);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "disk 'vda': format 'vmdk' is not served");
    CHECK(virDomainCreateXML(conn, domain_xml("x", "<disk type='volume'><source pool='a' volume='b'/>"
                                                   "<target dev='vda'/></disk>", 3), 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name 'a'");
    CHECK(virDomainDefineXML(conn, domain_xml("x", "<disk type='volume'><source pool='a'/>"
                                                   "<target dev='vda'/></disk>", 3)) == NULL);
    CHECK_CODE(VIR_ERR_XML_ERROR, "'pool' and 'volume' must be specified together");
    CHECK_INT(virConnectNumOfDomains(conn), 0);
}

/* The address of a socket holds 107 bytes. Names of domains and targets may be as long as they can be,
 * the path of the root may not. */
static void long_names(void)
{
    char name[201], target[65], folder[81], uri[512];
    virConnectPtr other;
    virDomainPtr dom;

    memset(name, 'n', 200);
    memset(target, 't', 64);
    memset(folder, 'f', 80);
    name[200] = target[64] = folder[80] = '\0';
    dom = virDomainCreateXML(conn, domain_xml(name, disk_xml(target, "a.img", "raw", ""), 3), 0);
    CHECK(dom != NULL);
    CHECK_INT(run("test \"$(nbdinfo --size '%s')\" = %d", disk_uri(dom, target), 3 * 1024 * 1024), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(run("test -z \"$(ls -A %s/root/run/disks)\"", test_dir), 0);

    print_to(uri, sizeof(uri), "sparse:///embed?root=%s/%s", test_dir, folder);
    other = virConnectOpen(uri);
    CHECK(other != NULL);
    CHECK(virDomainCreateXML(other, domain_xml("x", disk_xml("vda", "a.img", "raw", ""), 3), 0) ==
          NULL);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "the path of a socket has at most 107 bytes");
    CHECK_INT(virConnectClose(other), 0);
}

/* A disk that is a volume, by its pool's name and its own. */
static void volume(void)
{
    const char *disk = "<disk type='volume'><source pool='p' volume='v.img'/><target dev='vda'/></disk>";
    virDomainStatsRecordPtr *records = NULL;
    virDomainBlockInfo info;
    virStoragePoolPtr pool;
    virDomainPtr dom;
    const char *path = NULL;
    char xml[1024];
    char *described;

    print_to(xml, sizeof(xml),
             "<pool type='dir'><name>p</name><target><path>%s</path></target></pool>",
             in_dir("pool"));
    pool = virStoragePoolCreateXML(conn, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
    CHECK(pool != NULL);
    CHECK(virDomainCreateXML(conn, domain_xml("volume", disk, 8), 0) == NULL);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name 'v.img'");
    CHECK_INT(virStorageVolFree(make_vol(pool, "v.img", MIB, 0)), 0);
    dom = virDomainCreateXML(conn, domain_xml("volume", disk, 8), 0);
    CHECK(dom != NULL);
    described = virDomainGetXMLDesc(dom, 0);
    CHECK(described && strstr(described, "<disk type='volume' device='disk'>"));
    CHECK(strstr(described, "<source pool='p' volume='v.img' index='1'/>") != NULL);
    free(described);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, MIB);
    CHECK_INT(virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_BLOCK, &records, 0), 1);
    CHECK_INT(virTypedParamsGetString(records[0]->params, records[0]->nparams, "block.0.path", &path),
              1);
    CHECK_STR(path, in_dir("pool/v.img"));
    virDomainStatsRecordListFree(records);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 6 0 64k' -c flush '%s'", disk_uri(dom, "vda")), 0);
    stop(dom);
    CHECK_INT(run("qemu-io -f raw -r -c 'read -P 6 0 64k' %s | grep -q 'read 65536'",
                  in_dir("pool/v.img")), 0);
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void questions(void)
{
    char disks[4096];
    virDomainBlockStatsStruct stats;
    virTypedParameter params[16];
    virDomainBlockInfo info;
    virDomainPtr dom;
    char buf[512];
    long long bytes = -1;
    int number = 0;

    CHECK_INT(run("qemu-img create -q -f qcow2 %s 64M", in_dir("q.qcow2")), 0);
    set_size(in_dir("r.img"), MIB);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "q.qcow2", "qcow2", ""),
             disk_xml("vdb", "r.img", "raw", ""));
    dom = virDomainDefineXML(conn, domain_xml("asked", disks, 4));
    CHECK(dom != NULL);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, 64 * MIB);
    CHECK_INT(info.physical, file_size(in_dir("q.qcow2")));
    CHECK_INT(virDomainBlockStats(dom, "vda", &stats, sizeof(stats)), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "domain is not running");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainGetBlockInfo(dom, in_dir("r.img"), &info, 0), 0);
    CHECK_INT(info.capacity, MIB);
    CHECK_INT(info.allocation, 0);
    CHECK_INT(virDomainGetBlockInfo(dom, "vdz", &info, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "invalid path vdz not assigned to domain");
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "info in virDomainGetBlockInfo must not be NULL");

    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 64k' -c 'write -P 2 64k 64k' -c flush"
                  " -c 'read 0 4k' '%s'", disk_uri(dom, "vda")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 4k 4k' '%s'", disk_uri(dom, "vdb")), 0);
    memset(&stats, 0x55, sizeof(stats));
    CHECK_INT(virDomainBlockStats(dom, "vda", &stats, sizeof(stats)), 0);
    CHECK_INT(stats.wr_req, 2);
    CHECK_INT(stats.wr_bytes, 128 * KIB);
    CHECK_INT(stats.rd_bytes, 4 * KIB);
    CHECK_INT(stats.errs, -1);
    CHECK_INT(virDomainBlockStats(dom, "", &stats, sizeof(stats)), 0);
    CHECK_INT(stats.wr_bytes, 132 * KIB);
    memset(&stats, 0x55, sizeof(stats));
    CHECK_INT(virDomainBlockStats(dom, "vda", &stats, 8), 0);
    CHECK_INT(stats.wr_req, 0x5555555555555555LL);
    CHECK_INT(virDomainBlockStats(dom, "vda", &stats, 41), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "size must not exceed 40");
    CHECK_INT(virDomainBlockStats(dom, "vdz", &stats, 40), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "invalid path: vdz");
    CHECK_INT(virDomainBlockStatsFlags(dom, "vda", NULL, &number, 0), 0);
    CHECK_INT(number, 8);
    CHECK_INT(virDomainBlockStatsFlags(dom, "vda", params, &number, VIR_TYPED_PARAM_STRING_OKAY), 0);
    CHECK_STR(params[0].field, VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES);
    CHECK_INT(virTypedParamsGetLLong(params, number, VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES, &bytes), 1);
    CHECK_INT(bytes, 128 * KIB);
    CHECK_INT(virTypedParamsGetLLong(params, number, VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ, &bytes), 1);
    CHECK(bytes >= 1);
    number = 2;
    CHECK_INT(virDomainBlockStatsFlags(dom, "", params, &number, 0), 0);
    CHECK_INT(number, 2);
    number = -1;
    CHECK_INT(virDomainBlockStatsFlags(dom, "vda", params, &number, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "*nparams in virDomainBlockStatsFlags must be zero or greater");

    CHECK_INT(virDomainBlockPeek(dom, "vdb", 4096, sizeof(buf), buf, 0), 0);
    CHECK_INT(buf[0], 7);
    CHECK_INT(buf[511], 7);
    CHECK_INT(virDomainBlockPeek(dom, "vdb", MIB - 100, sizeof(buf), buf, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "'vdb' starting from 1048476 has only 100 bytes available");
    CHECK_INT(virDomainBlockPeek(dom, "vda", 0, sizeof(buf), buf, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "'raw' format not 'qcow2'");
    CHECK_INT(virDomainBlockPeek(dom, "vdb", 0, 1, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "buffer in virDomainBlockPeek must not be NULL");

    CHECK_INT(virDomainBlockResize(dom, "vdb", 2048, 0), 0);
    CHECK_INT(file_size(in_dir("r.img")), 2 * MIB);
    CHECK_INT(virDomainBlockResize(dom, "vda", 65 * MIB - 1, VIR_DOMAIN_BLOCK_RESIZE_BYTES), 0);
    CHECK_INT(run("test $(nbdinfo --size '%s') = %llu", disk_uri(dom, "vda"), 65 * MIB), 0);
    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, 65 * MIB);
    CHECK_INT(virDomainBlockResize(dom, "vda", ~0ULL, 0), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "size must be less than 18014398509481983");
    CHECK_INT(virDomainBlockResize(dom, "vda", ~0ULL, VIR_DOMAIN_BLOCK_RESIZE_BYTES), -1);
    CHECK_CODE(VIR_ERR_OVERFLOW, "size must be less than");
    CHECK_INT(virDomainBlockResize(dom, "vdz", 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "disk 'vdz' was not found in the domain config");

    CHECK_INT(virDomainGetDiskErrors(dom, NULL, 0, 0), 2);
    CHECK_INT(virDomainGetDiskErrors(dom, NULL, 3, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "errors in virDomainGetDiskErrors must not be NULL");
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda[1]", 1, 0), 0);
    CHECK_INT(virDomainSetBlockThreshold(dom, "vdz", 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "failed to find disk 'vdz'");
    CHECK_INT(virDomainSetBlockThreshold(dom, NULL, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "dev in virDomainSetBlockThreshold must not be NULL");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(run("qemu-img check -q %s", in_dir("q.qcow2")), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    served();
    paused();
    paused_while_writing();
    kinds_of_disks();
    failed_start();
    long_names();
    volume();
    questions();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
