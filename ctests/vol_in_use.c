/* Volumes that are in use: changing and deleting them is refused with an error that names the
 * user; reading is allowed. Different parts of one volume can be uploaded at once. The program
 * runs itself as a second process.
 * ctest: ours-only because libvirt lets volumes be changed while they are in use */
#include "domain.h"
#include "image.h"

#include <virsparse/virsparse.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

#define BUSY(call, text)                                                                           \
    do {                                                                                           \
        CHECK((call) == -1);                                                                       \
        CHECK_CODE(VIR_ERR_RESOURCE_BUSY, text);                                                   \
    } while (0)

/* Freeing the volume at once would reset the error. */
static virStreamPtr refused;

static void forget_refused(void)
{
    if (refused)
        CHECK_INT(virStreamFree(refused), 0);
    refused = NULL;
}

static int upload(virStorageVolPtr vol, virStreamPtr *st, unsigned long long offset,
                  unsigned long long length)
{
    forget_refused();
    *st = new_stream(conn);
    if (virStorageVolUpload(vol, *st, offset, length, 0) == 0)
        return 0;
    refused = *st;
    return -1;
}

/* Every change is refused with this text. */
static void cannot_be_changed(const char *name, const char *text)
{
    virStorageVolPtr vol = look_up(pool, name);
    virStreamPtr st;

    BUSY(upload(vol, &st, 0, 0), text);
    BUSY(upload(vol, &st, 4096, 4096), text);
    BUSY(virStorageVolWipe(vol, 0), text);
    BUSY(virStorageVolWipePattern(vol, VIR_STORAGE_VOL_WIPE_ALG_NNSA, 0), text);
    BUSY(virSparseVolWipeRange(vol, 0, 4096, 0), text);
    BUSY(virStorageVolResize(vol, 16 * MIB, 0), text);
    BUSY(virStorageVolDelete(vol, 0), text);
    CHECK(exists(in_dir("p/%s", name)));
    CHECK_INT(virStorageVolFree(vol), 0);
}

static void can_be_read(const char *name)
{
    virStorageVolPtr vol = look_up(pool, name);
    virStorageVolInfo info;
    virStreamPtr st;
    char bytes[4096], *xml;

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    free(xml);
    st = download_from(vol, 0, sizeof(bytes), 0);
    CHECK_INT(recv_bytes(st, bytes, sizeof(bytes)), sizeof(bytes));
    CHECK(file_has(in_dir("p/%s", name), bytes, sizeof(bytes), 0));
    finish_and_free(st);
    CHECK_INT(virStorageVolFree(vol), 0);
}

static void can_be_changed(const char *name)
{
    virStorageVolPtr vol = look_up(pool, name);
    virStreamPtr st;

    CHECK_INT(upload(vol, &st, 0, 4096), 0);
    send_pattern(st, 4096, 0, 5);
    finish_and_free(st);
    CHECK_INT(virSparseVolWipeRange(vol, 0, 4096, 0), 0);
    CHECK_INT(virStorageVolWipe(vol, 0), 0);
    vol_gone(vol);
}

/* The second process looks for errors; it gets the name of the volume and a text. */
static void in_another_process(const char *what, const char *name, const char *text)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    CHECK(length > 0);
    program[length] = '\0';
    CHECK_INT(run("'%s' %s '%s' '%s' '%s' \"%s\"", program, what, test_uri, test_dir, name, text),
              0);
}

static virDomainPtr start(const char *name, const char *disks, int number)
{
    virDomainPtr dom = virDomainCreateXML(conn, domain_xml(name, disks, number), 0);

    CHECK(dom != NULL);
    return dom;
}

static void stop(virDomainPtr dom)
{
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* A domain that writes the volume, defined by a file or as a volume. */
static void disks_of_domains(void)
{
    char volume[512];
    const char *disks[4];
    int i;

    print_to(volume, sizeof(volume),
             "<disk type='volume' device='disk'><driver name='qemu' type='raw'/>"
             "<source pool='%s' volume='v'/><target dev='vda' bus='virtio'/></disk>",
             pool_name("p"));
    disks[0] = disk_xml("vda", "p/v", "raw", "");
    disks[1] = volume;
    disks[2] = disk_xml("vda", "link", "raw", "");
    disks[3] = disk_xml("vda", "p/v", "raw", "<shareable/>");
    for (i = 0; i < 4; i++) {
        virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0), copy;
        virDomainPtr dom;

        CHECK_INT(virStorageVolFree(vol), 0);
        if (i == 2)
            CHECK_INT(link(in_dir("p/v"), in_dir("link")), 0);
        dom = start("writer", disks[i], 1);
        cannot_be_changed("v", "in use by domain 'writer'");
        can_be_read("v");
        /* The domain uses a hard link elsewhere, whose path the second process knows as well. */
        in_another_process("refused", "v", "in use by domain 'writer'");
        vol = look_up(pool, "v");
        copy = virStorageVolCreateXMLFrom(pool, vol_xml("copy", 8 * MIB, 0), vol, 0);
        CHECK(copy != NULL);
        vol_gone(copy);
        CHECK_INT(virStorageVolFree(vol), 0);
        stop(dom);
        in_another_process("allowed", "v", "");
        can_be_changed("v");
        if (i == 2)
            CHECK_INT(unlink(in_dir("link")), 0);
    }
}

static int holds;

/* Another program has an image open until it is told to end. */
static void hold(const char *options, const char *path)
{
    /* A program that is about to end still has its own file open. */
    holds++;
    CHECK_INT(run("qemu-nbd -t %s -k '%s' --fork --pid-file='%s' '%s'", options, in_dir("sock"),
                  in_dir("pid%d", holds), path), 0);
}

static void release(void)
{
    end_program(in_dir("pid%d", holds));
}

/* Images that a domain only reads must not change either. */
static void chains_of_domains(void)
{
    virDomainPtr dom, other;

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 base 8M && qemu-io -f qcow2 -c 'write -P 1 0 1M'"
                   " base && qemu-img create -f qcow2 -b base -F qcow2 mid &&"
                   " qemu-img create -f qcow2 -b mid -F qcow2 top &&"
                   " qemu-img create -f qcow2 -b mid -F qcow2 top2", in_dir("p")), 0);
    dom = start("one", disk_xml("vda", "p/top", "qcow2", ""), 1);
    cannot_be_changed("top", "in use by domain 'one'");
    cannot_be_changed("mid", "in use by domain 'one'");
    cannot_be_changed("base", "in use by domain 'one'");
    can_be_read("base");
    in_another_process("refused", "mid", "in use by domain 'one'");
    in_another_process("refused", "top", "in use by domain 'one'");

    /* Another chain uses the same images: committing into them and deleting them is refused. */
    other = start("two", disk_xml("vda", "p/top2", "qcow2", ""), 2);
    BUSY(virDomainBlockCommit(other, "vda", NULL, NULL, 0, VIR_DOMAIN_BLOCK_COMMIT_ACTIVE),
         "in use by domain 'one'");
    BUSY(virDomainBlockCommit(other, "vda", in_dir("p/base"), in_dir("p/mid"), 0, 0),
         "in use by domain 'one'");
    stop(dom);
    /* An inactive domain does not count. */
    CHECK_INT(virDomainBlockCommit(other, "vda", in_dir("p/mid"), NULL, 0,
                                   VIR_DOMAIN_BLOCK_COMMIT_ACTIVE), 0);
    CHECK_INT(virDomainBlockJobAbort(other, "vda", 0), 0);
    stop(other);

    /* Only this chain uses the base, but the image to be deleted is also used by another one. */
    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 -b base -F qcow2 snap &&"
                   " qemu-img create -f qcow2 -b mid -F qcow2 top2", in_dir("p")), 0);
    other = start("two", disk_xml("vda", "p/top2", "qcow2", ""), 2);
    hold("-r -f qcow2", in_dir("p/mid"));
    BUSY(virDomainBlockCommit(other, "vda", in_dir("p/base"), in_dir("p/mid"), 0,
                              VIR_DOMAIN_BLOCK_COMMIT_DELETE), "by another program");
    release();
    stop(other);
    CHECK_INT(tool("cd '%s' && rm -f base mid top top2 snap", in_dir("p")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
}

/* Other programs are only known by their locks. */
static void other_programs(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0);

    CHECK_INT(virStorageVolFree(vol), 0);
    hold("-f raw", in_dir("p/v"));
    cannot_be_changed("v", "in use by another program");
    can_be_read("v");
    release();
    can_be_changed("v");
}

/* The destination of a copy is in use while the job runs. */
static void target_of_a_copy(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0);
    virStorageVolPtr to = make_vol(pool, "to", 8 * MIB, 0);
    virDomainPtr dom = start("copies", disk_xml("vda", "p/v", "raw", ""), 1);
    char xml[PATH_MAX + 128];

    print_to(xml, sizeof(xml),
             "<disk type='file'><driver type='raw'/><source file='%s'/></disk>", in_dir("p/to"));
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, VIR_DOMAIN_BLOCK_COPY_REUSE_EXT), 0);
    cannot_be_changed("to", "in use by domain 'copies'");
    in_another_process("refused", "to", "in use by domain 'copies'");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK_INT(virStorageVolWipe(to, 0), 0);
    stop(dom);
    vol_gone(vol);
    vol_gone(to);
}

static void parallel_uploads(void)
{
    virStorageVolPtr vol = make_vol(pool, "v", 8 * MIB, 0);
    virStreamPtr one, two, three;
    virDomainPtr dom;

    CHECK_INT(upload(vol, &one, 0, 2 * MIB), 0);
    CHECK_INT(upload(vol, &two, 2 * MIB, 2 * MIB), 0);
    BUSY(upload(vol, &three, 2 * MIB - 1, 1), "another call is writing to");
    BUSY(upload(vol, &three, 0, 0), "another call is writing to");
    BUSY(upload(vol, &three, 3 * MIB, 4 * MIB), "between bytes 3145728 and 7340032");
    in_another_process("overlaps", "v", "another call is writing to");
    in_another_process("beside", "v", "");
    CHECK_INT(virSparseVolWipeRange(vol, 6 * MIB, MIB, 0), 0);
    /* A guest must not see an incomplete upload. */
    dom = virDomainCreateXML(conn, domain_xml("d", disk_xml("vda", "p/v", "raw", ""), 1), 0);
    CHECK(dom == NULL);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "lock");
    can_be_read("v");
    send_pattern(two, 2 * MIB, 2 * MIB, 7);
    send_pattern(one, 2 * MIB, 0, 7);
    finish_and_free(one);
    /* The use ends with virStreamFinish, and with virStreamAbort. */
    CHECK_INT(upload(vol, &one, 0, 2 * MIB), 0);
    CHECK_INT(virStreamAbort(one), 0);
    CHECK_INT(upload(vol, &three, 0, 2 * MIB), 0);
    CHECK_INT(virStreamAbort(three), 0);
    CHECK_INT(virStreamFree(three), 0);
    CHECK_INT(virStreamFree(one), 0);
    finish_and_free(two);
    CHECK(file_has_pattern(in_dir("p/v"), 4 * MIB, 0, 7));
    dom = start("d", disk_xml("vda", "p/v", "raw", ""), 1);
    stop(dom);
    vol_gone(vol);
}

static int listed(virStorageVolPtr vol, unsigned int flags, const char *expected)
{
    virStorageVolPtr *all;
    char names[256] = "";
    int n = virSparseVolListAllOverlays(vol, &all, flags), i;

    CHECK(n >= 0);
    CHECK_INT(virSparseVolListAllOverlays(vol, NULL, flags), n);
    CHECK(all[n] == NULL);
    for (i = 0; i < n; i++) {
        strcat(names, virStorageVolGetName(all[i]));
        strcat(names, " ");
        CHECK_INT(virStorageVolFree(all[i]), 0);
    }
    free(all);
    if (strcmp(names, expected) != 0)
        fprintf(stderr, "'%s' instead of '%s'\n", names, expected);
    return strcmp(names, expected) == 0;
}

static char logged[8192];

static void on_log(int level, const char *source, const char *message, void *opaque)
{
    size_t used = strlen(logged);

    (void)source;
    (void)opaque;
    if (level == VIR_SPARSE_LOG_WARN)
        print_to(logged + used, sizeof(logged) - used, "%s\n", message);
}

static void overlays(void)
{
    const unsigned int all = VIR_SPARSE_VOL_LIST_OVERLAYS_DESCENDANTS;
    virStorageVolPtr base, mid, top;

    CHECK_INT(tool("cd '%s' && qemu-img create -f qcow2 base 8M &&"
                   " qemu-img create -f qcow2 -b ./base -F qcow2 mid &&"
                   " qemu-img create -f qcow2 -b '%s' -F qcow2 other &&"
                   " qemu-img create -f qcow2 -b ../p/mid -F qcow2 top", in_dir("p"),
                   in_dir("p/base")), 0);
    base = look_up(pool, "base");
    mid = look_up(pool, "mid");
    top = look_up(pool, "top");
    CHECK(listed(base, 0, "mid other "));
    CHECK(listed(mid, 0, "top "));
    CHECK(listed(top, 0, ""));
    CHECK(listed(base, all, "mid other top "));
    CHECK(listed(mid, all, "top "));
    CHECK_INT(virSparseVolListAllOverlays(base, NULL, 2), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_STORAGE, "unsupported flags (0x2)");
    CHECK_INT(virSparseVolListAllOverlays(NULL, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_STORAGE_VOL, "");
    /* Overlays that are not in use are reported, and do not prevent the change. */
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_WARN, on_log, NULL, NULL), 0);
    CHECK_INT(virSparseVolWipeRange(base, 7 * MIB, 1, 0), -1);
    CHECK_INT(virStorageVolResize(base, 9 * MIB, 0), 0);
    CHECK(strstr(logged, "p/base' is resized, over which lie: ") != NULL);
    CHECK(strstr(logged, "p/mid, ") != NULL && strstr(logged, "p/other\n") != NULL);
    logged[0] = '\0';
    CHECK_INT(virStorageVolResize(top, 9 * MIB, 0), 0);
    CHECK_STR(logged, "");
    vol_gone(base);
    CHECK(strstr(logged, "p/base' is deleted, over which lie: ") != NULL);
    CHECK_INT(virSparseSetLogFunc(VIR_SPARSE_LOG_WARN, NULL, NULL, NULL), 0);
    CHECK_INT(virSparseVolListAllOverlays(base = look_up(pool, "mid"), NULL, 0), 1);
    CHECK_INT(virStorageVolFree(base), 0);
    CHECK_INT(virStorageVolDelete(mid, 0), 0);
    CHECK_INT(virSparseVolListAllOverlays(mid, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "mid");
    CHECK_INT(virStorageVolFree(mid), 0);
    vol_gone(top);
    vol_gone(look_up(pool, "other"));
}

/* Volumes in memory, with domains in memory. */
static void in_memory(void)
{
    virConnectPtr sparse = conn;
    virStoragePoolPtr files = pool;
    virStorageVolPtr vol;
    virDomainPtr dom;
    virStreamPtr one, two;

    conn = virConnectOpen("test:///default");
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByName(conn, "default-pool");
    CHECK(pool != NULL);
    vol = make_vol(pool, "v", 8 * MIB, 0);
    dom = start("memory", "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
                          "<source file='/default-pool/v'/><target dev='vda'/></disk>", 1);
    BUSY(upload(vol, &one, 0, 0), "in use by domain 'memory'");
    BUSY(virStorageVolWipe(vol, 0), "in use by domain 'memory'");
    BUSY(virStorageVolResize(vol, 16 * MIB, 0), "in use by domain 'memory'");
    BUSY(virStorageVolDelete(vol, 0), "in use by domain 'memory'");
    stop(dom);
    CHECK_INT(upload(vol, &one, 0, MIB), 0);
    CHECK_INT(upload(vol, &two, MIB, MIB), 0);
    CHECK_INT(virStreamAbort(two), 0);
    CHECK_INT(virStreamFree(two), 0);
    BUSY(upload(vol, &two, 0, MIB), "another call is writing to");
    CHECK_INT(virStreamAbort(one), 0);
    CHECK_INT(virStreamFree(one), 0);
    vol_gone(vol);
    forget_refused();
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    conn = sparse;
    pool = files;
}

/* The second process: WHAT URI FOLDER VOLUME TEXT. */
static int child(char **argv)
{
    virStorageVolPtr vol;
    virStreamPtr st;

    virSetErrorFunc(NULL, ignore_error);
    print_to(test_dir, sizeof(test_dir), "%s", argv[3]);
    conn = virConnectOpen(argv[2]);
    CHECK(conn != NULL);
    pool = virStoragePoolLookupByTargetPath(conn, in_dir("p"));
    CHECK(pool != NULL);
    if (strcmp(argv[1], "refused") == 0) {
        cannot_be_changed(argv[4], argv[5]);
    } else {
        vol = look_up(pool, argv[4]);
        if (strcmp(argv[1], "overlaps") == 0) {
            BUSY(upload(vol, &st, 0, 4096), argv[5]);
            BUSY(upload(vol, &st, 3 * MIB, 4096), argv[5]);
        } else {
            CHECK_INT(upload(vol, &st, 5 * MIB, 4096), 0);
            send_pattern(st, 4096, 5 * MIB, 1);
            finish_and_free(st);
        }
        CHECK_INT(virStorageVolFree(vol), 0);
    }
    forget_refused();
    CHECK_INT(virStoragePoolFree(pool), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6)
        return child(argv);
    conn = fixture_open(argv[0], 200);
    pool = make_pool(conn, "p");
    disks_of_domains();
    chains_of_domains();
    other_programs();
    target_of_a_copy();
    parallel_uploads();
    overlays();
    forget_refused();
    in_memory();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
