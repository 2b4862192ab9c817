/* Volumes that are made from volumes of other formats: guests read the same data, and the copy
 * is intact, sparse, without a backing image, and large enough. A failure leaves nothing. */
#include "image.h"

#include <sys/wait.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

#define SIZE (6 * MIB)

/* Makes `flat`, and images in the pool that show the same. */
static void make_sources(void)
{
    static const char *const commands[] = {
        "qemu-img convert -f raw -O qcow2 -o compat=0.10 ../flat old",
        "qemu-img convert -f raw -O qcow2 -o compat=1.1,cluster_size=4k ../flat small",
        "qemu-img convert -f raw -O qcow2 -o extended_l2=on ../flat extended",
        "qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd ../flat zstd",
        "qemu-img convert -f raw -O qcow2 -c ../flat deflate",
        "qemu-img convert -f raw -O qcow2 -o preallocation=metadata ../flat reserved",
        "qemu-img convert -f raw -O qcow2 -S 0 -o lazy_refcounts=on ../flat full",
        "cp --sparse=always ../flat raw",
        /* A chain of three images, with every kind of cluster in each. */
        "cp --sparse=always ../flat bottom",
        "qemu-io -f raw -c 'write -P 1 0 300k' bottom",
        "qemu-img create -f qcow2 -F raw -b bottom -o compat=0.10 middle",
        "qemu-io -f qcow2 -c 'write -P 2 64k 100k' middle",
        "qemu-img create -f qcow2 -F qcow2 -b middle -o cluster_size=16k chain",
        "dd if=../flat of=../head bs=100k count=3",
        "qemu-io -f qcow2 -c 'write -s ../head 0 300k' chain",
        NULL
    };
    const char *const *command;

    set_size(in_dir("flat"), SIZE);
    write_pattern(in_dir("flat"), 300 * KIB, 0, 1);
    write_pattern(in_dir("flat"), 70 * KIB, 2 * MIB + 4 * KIB, 2);
    write_pattern(in_dir("flat"), KIB, SIZE - KIB, 3);
    for (command = commands; *command; command++)
        CHECK_INT(tool("cd '%s' && %s", in_dir("p"), *command), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
}

static const char *const sources[] = { "raw",     "old",      "small", "extended", "zstd",
                                       "deflate", "reserved", "full",  "chain",    NULL };

static const char *copy_xml(const char *before, const char *target)
{
    static char xml[4096];

    print_to(xml, sizeof(xml), "<volume><name>v</name>%s<target>%s</target></volume>", before,
             target);
    return xml;
}

/* Copies `name` into `to`, compares what they read as, and deletes the copy. */
static void copied(virStoragePoolPtr to, const char *folder, const char *name, const char *xml,
                   unsigned int flags, int to_qcow2, unsigned long long most)
{
    virStorageVolPtr source = virStorageVolLookupByName(pool, name), vol;
    virStorageVolInfo info;
    const char *path = in_dir("%s/v", folder);
    char *text;

    CHECK(source != NULL);
    vol = virStorageVolCreateXMLFrom(to, xml, source, flags);
    if (!vol)
        fprintf(stderr, "%s to %s\n", name, xml);
    CHECK(vol != NULL);
    if (!same_content(to_qcow2 ? "qcow2" : "raw", path, "raw", in_dir("flat")))
        fprintf(stderr, "%s to %s\n", name, xml);
    CHECK(same_content(to_qcow2 ? "qcow2" : "raw", path, "raw", in_dir("flat")));
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, SIZE);
    CHECK_INT(info.allocation, file_allocation(path));
    CHECK(info.allocation <= most);
    if (to_qcow2)
        CHECK_INT(tool("qemu-img check -f qcow2 '%s'", path), 0);
    else
        CHECK_INT(file_size(path), SIZE);
    text = virStorageVolGetXMLDesc(vol, 0);
    CHECK(text != NULL);
    CHECK(strstr(text, "<backingStore>") == NULL);
    CHECK(strstr(text, to_qcow2 ? "<format type='qcow2'/>" : "<format type='raw'/>") != NULL);
    free(text);
    vol_gone(vol);
    CHECK_INT(virStorageVolFree(source), 0);
}

static void matrix(void)
{
    static const char *const targets[] = {
        "<format type='qcow2'/>",
        "<format type='qcow2'/><compat>1.1</compat>",
        "<format type='qcow2'/><clusterSize>4096</clusterSize>",
        "<format type='qcow2'/><clusterSize unit='KiB'>16</clusterSize>"
        "<features><extended_l2/><lazy_refcounts/></features>",
        NULL
    };
    virStoragePoolPtr other = make_pool(conn, "o");
    const char *const *source, *const *target;

    for (source = sources; *source; source++) {
        for (target = targets; *target; target++)
            copied(pool, "p", *source, copy_xml("", *target), 0, 1, MIB);
        copied(other, "o", *source, copy_xml("<capacity>4096</capacity>", targets[0]), 0, 1, MIB);
        copied(pool, "p", *source, copy_xml("<allocation>0</allocation>", "<format type='raw'/>"),
               0, 0, 512 * KIB);
        copied(other, "o", *source,
               copy_xml("<capacity>4096</capacity><allocation>0</allocation>",
                        "<format type='raw'/>"),
               0, 0, 512 * KIB);
        copied(pool, "p", *source, copy_xml("", targets[0]),
               VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, 1, SIZE + MIB);
        copied(pool, "p", *source, copy_xml("<allocation>0</allocation>", targets[1]),
               VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, 1, MIB);
    }
    /* Without a word about its space an image becomes a sparse raw volume. */
    copied(pool, "p", "old", copy_xml("", ""), 0, 0, 512 * KIB);
    pool_gone(other);
}

/* The error of the last call stays for the caller to look at. */
static virStorageVolPtr clone_of(const char *name, const char *xml, unsigned int flags)
{
    static virStorageVolPtr source;

    if (source)
        CHECK_INT(virStorageVolFree(source), 0);
    source = name ? virStorageVolLookupByName(pool, name) : NULL;
    CHECK(!name || source != NULL);
    return name ? virStorageVolCreateXMLFrom(pool, xml, source, flags) : NULL;
}

/* libvirt uses the size of the source, whatever size is requested. */
static void larger(void)
{
    virStorageVolPtr vol;
    virStorageVolInfo info;

    CHECK_INT(tool("cp --sparse=always '%s' '%s' && truncate -s 9M '%s'", in_dir("flat"),
                   in_dir("flat9"), in_dir("flat9")),
              0);
    vol = clone_of("chain", copy_xml("<capacity unit='MiB'>9</capacity>",
                                     "<format type='qcow2'/>"), 0);
    CHECK(vol != NULL);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, 9 * MIB);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat9")));
    vol_gone(vol);
    vol = clone_of("chain", copy_xml("<capacity unit='MiB'>9</capacity>"
                                     "<allocation unit='MiB'>9</allocation>",
                                     "<format type='raw'/>"), 0);
    CHECK(vol != NULL);
    CHECK_INT(tool("cmp '%s' '%s'", in_dir("p/v"), in_dir("flat9")), 0);
    /* A block more may have the map of a file that is on the disk. */
    CHECK(file_allocation(in_dir("p/v")) >= 9 * MIB);
    CHECK(file_allocation(in_dir("p/v")) <= 9 * MIB + 64 * KIB);
    vol_gone(vol);
}

/* An overlay takes space for the data that differs; libvirt ignores the backing store. */
static void over_a_backing_store(void)
{
    static const char *const parts[] = { "\"backing-filename\": \"bottom\"",
                                         "\"backing-filename-format\": \"raw\"", NULL };
    const char *const *source;
    virStorageVolPtr vol;
    char xml[1024];

    for (source = sources; *source; source++) {
        print_to(xml, sizeof(xml),
                 "<volume><name>v</name><target><format type='qcow2'/>%s</target>"
                 "<backingStore><path>bottom</path><format type='raw'/></backingStore></volume>",
                 **source == 'o' ? "" : "<compat>1.1</compat>");
        vol = clone_of(*source, xml, 0);
        CHECK(vol != NULL);
        CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat")));
        image_is(in_dir("p/v"), parts);
        /* The 300 KiB that differ. */
        CHECK(file_allocation(in_dir("p/v")) <= 600 * KIB);
        vol_gone(vol);
    }
    /* The store reaches further than the source, where the copy is zero. */
    CHECK_INT(tool("qemu-img create -f raw '%s' 9M && qemu-io -f raw -c 'write -P 5 5M 4M' '%s'",
                   in_dir("p/long"), in_dir("p/long")),
              0);
    vol = clone_of("chain",
                   "<volume><name>v</name><capacity unit='MiB'>8</capacity><target>"
                   "<format type='qcow2'/></target><backingStore><path>long</path></backingStore>"
                   "</volume>",
                   0);
    CHECK(vol != NULL);
    CHECK_INT(tool("truncate -s 8M '%s'", in_dir("flat9")), 0);
    CHECK(same_content("qcow2", in_dir("p/v"), "raw", in_dir("flat9")));
    vol_gone(vol);
    CHECK_INT(unlink(in_dir("p/long")), 0);
}

static void refused(const char *name, const char *xml, unsigned int flags, int code,
                    const char *text)
{
    int before = entries(in_dir("p"));

    CHECK(clone_of(name, xml, flags) == NULL);
    CHECK_CODE(code, text);
    CHECK_INT(entries(in_dir("p")), before);
}

static void refusals(void)
{
    const char *qcow2 = "<format type='qcow2'/>";

    refused("chain", copy_xml("", "<format type='qcow2'/>"), VIR_STORAGE_VOL_CREATE_REFLINK,
            VIR_ERR_INVALID_ARG, "unsupported flags (0x2) in function");
    refused("raw", copy_xml("", qcow2), VIR_STORAGE_VOL_CREATE_REFLINK, VIR_ERR_INVALID_ARG,
            "unsupported flags (0x2) in function");
    refused("old", copy_xml("", ""), VIR_STORAGE_VOL_CREATE_REFLINK, VIR_ERR_INVALID_ARG,
            "unsupported flags (0x2) in function");
    refused("chain", copy_xml("", "<format type='raw'/>"),
            VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, VIR_ERR_CONFIG_UNSUPPORTED,
            "metadata preallocation only available with qcow2");
    refused("raw", copy_xml("", "<format type='qcow2'/><compat>0.10</compat><features>"
                                "<lazy_refcounts/></features>"),
            0, VIR_ERR_CONFIG_UNSUPPORTED, "lazy_refcounts not supported with compat level 0.10");
    refused("raw",
            "<volume><name>v</name><target><format type='qcow2'/></target><backingStore>"
            "<path>bottom</path></backingStore></volume>",
            VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, VIR_ERR_CONFIG_UNSUPPORTED,
            "metadata preallocation conflicts with backing store");
    refused("old",
            "<volume><name>v</name><target><format type='raw'/></target><backingStore>"
            "<path>bottom</path></backingStore></volume>",
            0, VIR_ERR_CONFIG_UNSUPPORTED, "cannot set backing store for raw volume");
    refused("old", "<volume><name>chain</name><target><format type='qcow2'/></target></volume>", 0,
            VIR_ERR_INTERNAL_ERROR, "storage volume name 'chain' already in use.");
    refused("raw", copy_xml("", "<format type='zzz'/>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "unknown volume format type zzz");
    if (!ours)
        return;
    CHECK_INT(tool("qemu-img convert -f raw -O vmdk '%s' '%s'", in_dir("flat"), in_dir("p/other")),
              0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    refused("other", copy_xml("", qcow2), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "volume 'other' is of format 'vmdk', which cannot be converted");
    refused("raw", copy_xml("", "<format type='vmdk'/>"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "volumes of format 'vmdk' cannot be made");
}

/* Images that are broken in the middle: the copy stops, and nothing is left of it. */
static void broken(void)
{
    static const char garbage[] = "\xff\xff\xff\xff\xff\xff\xff\xff";

    CHECK_INT(tool("cp '%s' '%s'", in_dir("p/small"), in_dir("p/broken")), 0);
    /* The L1 table of an image of qemu-img's with clusters of 4 KiB. */
    write_at(in_dir("p/broken"), garbage, 8, 12 * KIB);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    refused("broken", copy_xml("", "<format type='raw'/>"), 0,
            ours ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_INTERNAL_ERROR, ours ? "is corrupt" : "qemu-img");
    refused("broken", copy_xml("", "<format type='qcow2'/>"), 0,
            ours ? VIR_ERR_SYSTEM_ERROR : VIR_ERR_INTERNAL_ERROR, ours ? "is corrupt" : "qemu-img");
    CHECK_INT(unlink(in_dir("p/broken")), 0);
}

/* The program again, as one that converts and is killed meanwhile. */
static int convert_for(char **argv)
{
    CHECK((conn = virConnectOpen(argv[1])) != NULL);
    CHECK((pool = virStoragePoolLookupByName(conn, argv[2])) != NULL);
    virStorageVolCreateXMLFrom(pool, copy_xml("", "<format type='qcow2'/>"),
                               virStorageVolLookupByName(pool, "large"), 0);
    /* It should not come to this. */
    return 0;
}

/* Whether a process has a file open that has no name and is in that folder. */
static int makes_something(pid_t pid, const char *folder)
{
    char path[PATH_MAX], link[PATH_MAX];
    int fd, found = 0;

    for (fd = 3; fd < 64; fd++) {
        ssize_t length;

        print_to(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
        length = readlink(path, link, sizeof(link) - 1);
        if (length <= 0)
            continue;
        link[length] = '\0';
        found |= strncmp(link, folder, strlen(folder)) == 0 && strstr(link, "(deleted)") != NULL;
    }
    return found;
}

static void killed(const char *program)
{
    int before, status;
    pid_t child;

    CHECK_INT(tool("dd if=/dev/zero of='%s' bs=1M count=512 && qemu-io -f raw -c"
                   " 'write -P 5 0 512M' '%s'",
                   in_dir("p/large"), in_dir("p/large")),
              0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    before = entries(in_dir("p"));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execl(program, program, test_uri, virStoragePoolGetName(pool), (char *)NULL);
        _exit(127);
    }
    while (!makes_something(child, in_dir("p/")) && waitpid(child, &status, WNOHANG) == 0)
        short_pause();
    CHECK_INT(kill(child, SIGKILL), 0);
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    CHECK_INT(entries(in_dir("p")), before);
    CHECK(virStorageVolLookupByName(pool, "v") == NULL);
    CHECK_INT(unlink(in_dir("p/large")), 0);
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return convert_for(argv);
    conn = fixture_open(argv[0], 250);
    pool = make_pool(conn, "p");
    make_sources();
    matrix();
    refusals();
    broken();
    if (ours) {
        larger();
        over_a_backing_store();
        killed(argv[0]);
    }
    CHECK(clone_of(NULL, NULL, 0) == NULL);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
