/* Destinations of copies: files, devices and NBD exports, raw and qcow2, new and reused. Checks
 * the XML during the job and afterwards, and how much space a copy takes. */
#include "block_job.h"

#define COPY_SHALLOW VIR_DOMAIN_BLOCK_COPY_SHALLOW
#define COPY_REUSE VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
#define COPY_SYNC VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES
#define COPY_TRANSIENT VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB

/* Writes to the disk while the job is ready, and to the reference. */
static void guest_writes(virDomainPtr dom, int byte)
{
    char commands[256];

    print_to(commands, sizeof(commands),
             "-c 'write -P %d 5M 70k' -c 'write -z -u 512k 64k' -c 'write -P %d 7800k 4k'", byte,
             byte + 1);
    CHECK_INT(run("qemu-io -f raw %s '%s' >/dev/null && qemu-io -f raw %s %s >/dev/null", commands,
                  disk_uri(dom, "vda"), commands, in_dir("ref")),
              0);
}

/* Makes a destination that has data everywhere. */
static void make_reused(const char *format, int shallow)
{
    const char *to = in_dir("copy");

    if (strcmp(format, "raw") == 0)
        write_pattern(to, 8 * MIB, 0, 9);
    else if (shallow)
        /* The data in it hides the backing image: a caller who reuses such a file wants it to be
         * empty. */
        CHECK_INT(run("qemu-img create -q -f qcow2 -b %s -F qcow2 %s", in_dir("mid"), to), 0);
    else
        CHECK_INT(run("qemu-img create -q -f qcow2 %s 8M &&"
                      " qemu-io -f qcow2 -c 'write -P 99 0 8M' %s >/dev/null", to, to), 0);
}

static void copied(const char *format, unsigned int flags, int pivots)
{
    int shallow = (flags & COPY_SHALLOW) != 0;
    virDomainPtr dom = start_chain();
    char attr[128], file[PATH_MAX + 32], index[PATH_MAX + 64], below[PATH_MAX + 64];

    if (flags & COPY_REUSE)
        make_reused(format, shallow);
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", format), NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    expect_events("top copy ready; vda copy ready; ");
    print_to(attr, sizeof(attr), "format type='%s'", format);
    print_to(file, sizeof(file), "file='%s'", in_dir("copy"));
    print_to(index, sizeof(index), "<source file='%s' index='4'/>", in_dir("copy"));
    /* A shallow copy keeps the backing chain: that of the disk, or the one that a reused file
     * records. */
    print_to(below, sizeof(below), "<source file='%s' index='%d'/>", in_dir("mid"),
             flags & COPY_REUSE ? 5 : 2);
    {
        const char *const texts[] = { "<mirror type='file'", file, "job='copy'", "ready='yes'",
                                      attr, index, "<backingStore", shallow ? below : "/>",
                                      "</mirror>", NULL };

        described(dom, 0, texts);
    }
    guest_writes(dom, 20);
    CHECK(guest_sees_ref(dom));
    wait_ready(dom, "vda");
    if (!pivots) {
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
        expect_events("top copy canceled; vda copy canceled; ");
        CHECK(!has(dom, 0, "<mirror"));
        CHECK(!has(dom, 0, in_dir("copy")));
        /* After an abort the copy equals the disk at one point in time, and no program has it
         * open. */
        CHECK(same_as_ref("copy", format));
        guest_writes(dom, 30);
        CHECK(guest_sees_ref(dom));
    } else {
        pivot(dom, "vda");
        job_info(dom, "vda", 0);
        expect_events("copy copy completed; vda copy completed; ");
        CHECK(!has(dom, 0, "<mirror"));
        CHECK(has(dom, 0, index));
        /* The old images are closed, except those that the copy shares. */
        CHECK_INT(run("qemu-io -f qcow2 -c 'write 0 4k' %s >/dev/null", in_dir("top")), 0);
        guest_writes(dom, 30);
        CHECK(guest_sees_ref(dom));
        CHECK_INT(virDomainGetBlockJobInfo(dom, in_dir("copy"), NULL, 0), -1);
    }
    stop(dom);
    if (pivots) {
        CHECK(same_as_ref("copy", format));
        if (strcmp(format, "qcow2") == 0)
            CHECK(clean("copy"));
        if (shallow)
            CHECK_INT(run("qemu-img info %s | grep -q 'backing file: %s'", in_dir("copy"),
                          in_dir("mid")), 0);
    } else {
        CHECK(same_as_ref("top", "qcow2"));
        CHECK(clean("top"));
    }
    expect_events("");
}

/* A persistent domain uses the copy when it is started again. */
static void kept(void)
{
    virDomainPtr dom;

    make_chain(in_dir("%s", ""));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    /* Without a driver type the copy has the format of the source. */
    CHECK_INT(run("echo \"<disk type='file' device='cdrom'><source file='%s'/>"
                  "<target dev='hdx'/><serial>x</serial></disk>\" >%s",
                  in_dir("copy"), in_dir("xml")),
              0);
    {
        char xml[1024];
        unsigned long long size = file_size(in_dir("xml"));
        char *text = read_at(in_dir("xml"), (size_t)size, 0);

        CHECK(size < sizeof(xml));
        memcpy(xml, text, (size_t)size);
        xml[size] = '\0';
        free(text);
        CHECK_INT(virDomainBlockCopy(dom, in_dir("top"), xml, NULL, 0, COPY_TRANSIENT), 0);
    }
    wait_ready(dom, "vda");
    CHECK(has(dom, 0, "<mirror"));
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, "<mirror"));
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("copy")));
    pivot(dom, "vda");
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("copy")));
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, "index="));
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, "hdx"));
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "type='qcow2'"));
    expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK(has(dom, 0, in_dir("copy")));
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* The older call. */
static void rebase_copies(void)
{
    virDomainPtr dom = start_chain();
    const unsigned int copy = VIR_DOMAIN_BLOCK_REBASE_COPY;

    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 7000000,
                                   copy | VIR_DOMAIN_BLOCK_REBASE_COPY_RAW |
                                       VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES), 0);
    CHECK_INT(job_info(dom, "vda", 1).bandwidth, 7000000);
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 0, 0), 0);
    wait_ready(dom, "vda");
    CHECK(has(dom, 0, "<format type='raw'/>"));
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC), 0);
    wait_gone(dom, "vda");
    CHECK(same_as_ref("copy", "raw"));
    CHECK_INT(unlink(in_dir("copy")), 0);
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0,
                                   copy | VIR_DOMAIN_BLOCK_REBASE_SHALLOW), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK(same_as_ref("copy", "qcow2"));
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0,
                                   copy | VIR_DOMAIN_BLOCK_REBASE_SHALLOW |
                                       VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT |
                                                     VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC), 0);
    expect_events("top copy ready; vda copy ready; top copy canceled; vda copy canceled; "
                  "top copy ready; vda copy ready; top copy canceled; vda copy canceled; "
                  "top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    stop(dom);
    CHECK(same_as_ref("copy", "qcow2"));
}

/* All parameters at once, with their largest and smallest values. */
static void parameters(void)
{
    static const unsigned int granularities[] = { 512, 64 << 20, 0 };
    int i;

    for (i = 0; i < 3; i++) {
        virDomainPtr dom = start_chain();
        virTypedParameterPtr params = NULL;
        int count = 0, max = 0;

        CHECK_INT(virTypedParamsAddULLong(&params, &count, &max, "bandwidth",
                                          9223372036854775807ULL), 0);
        CHECK_INT(virTypedParamsAddUInt(&params, &count, &max, "granularity", granularities[i]),
                  0);
        CHECK_INT(virTypedParamsAddULLong(&params, &count, &max, "buf-size",
                                          i == 0   ? 1
                                          : i == 1 ? 9223372036854775807ULL
                                                   : 0), 0);
        CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, count, 0), 0);
        virTypedParamsFree(params, count);
        wait_ready(dom, "vda");
        guest_writes(dom, 40);
        pivot(dom, "vda");
        CHECK(guest_sees_ref(dom));
        stop(dom);
        CHECK(same_as_ref("copy", "raw"));
        expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
    }
}

/* What guests see equals `ref` up to its end. */
static int begins_as_ref(const char *path)
{
    return run("cmp -n %llu %s %s", 8 * MIB, path, in_dir("ref")) == 0;
}

/* Destinations of another size than the disk: a shorter one is refused by the call. */
static void other_sizes(void)
{
    static const char *const formats[] = { "raw", "qcow2" };
    int i;

    for (i = 0; i < 2; i++) {
        const char *to = dest_file("copy", formats[i]);
        virDomainPtr dom = start_chain();

        CHECK_INT(run("qemu-img create -q -f %s %s 4M", formats[i], in_dir("copy")), 0);
        CHECK_INT(virDomainBlockCopy(dom, "vda", to, NULL, 0, COPY_REUSE), -1);
        CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "and its copy");
        CHECK_INT(run("qemu-img info -f %s %s | grep -q 'size: 4 MiB'", formats[i],
                      in_dir("copy")), 0);
        job_info(dom, "vda", 0);
        CHECK(guest_sees_ref(dom));
        CHECK_INT(run("qemu-img create -q -f %s %s 16M && qemu-io -f %s -c 'write -P 9 0 16M' %s"
                      " >/dev/null", formats[i], in_dir("copy"), formats[i], in_dir("copy")), 0);
        CHECK_INT(virDomainBlockCopy(dom, "vda", to, NULL, 0, COPY_REUSE), 0);
        wait_ready(dom, "vda");
        pivot(dom, "vda");
        expect_events("top copy ready; vda copy ready; copy copy completed; vda copy completed; ");
        CHECK_INT(run("test $(nbdinfo --size '%s') = %llu", disk_uri(dom, "vda"), 16 * MIB), 0);
        CHECK_INT(run("qemu-io -f raw -c 'write -P 8 15M 64k' -c 'read -P 9 8M 7M' '%s' >%s &&"
                      " ! grep -q 'Pattern verif' %s", disk_uri(dom, "vda"), in_dir("out"),
                      in_dir("out")), 0);
        CHECK_INT(run("nbdcopy '%s' %s", disk_uri(dom, "vda"), in_dir("out")), 0);
        CHECK(begins_as_ref(in_dir("out")));
        stop(dom);
    }
}

#define REBASE_REUSE (VIR_DOMAIN_BLOCK_REBASE_COPY | VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT)

static void not_assumed(virDomainPtr dom, const char *path, unsigned int flags, const char *begins,
                        const char *advice)
{
    char xml[PATH_MAX + 128];
    unsigned long long size = file_size(path);
    char *before = read_at(path, (size_t)size, 0);
    int raw = (flags & VIR_DOMAIN_BLOCK_REBASE_COPY_RAW) != 0;

    CHECK_INT(virDomainBlockRebase(dom, "vda", path, 0, REBASE_REUSE | flags), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, begins);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, advice);
    if (!raw) {
        print_to(xml, sizeof(xml), "<disk type='file'><source file='%s'/></disk>", path);
        CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, COPY_REUSE), -1);
        CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, begins);
        CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "no <driver type> says the format of the copy");
    }
    job_info(dom, "vda", 0);
    CHECK_INT(file_size(path), size);
    CHECK(file_has(path, before, (size_t)size, 0));
    free(before);
}

/* A reused file without a driver type: the format of the source is assumed. A file that cannot
 * have that format is refused and not changed. */
static void assumed_formats(void)
{
    const unsigned int shallow = VIR_DOMAIN_BLOCK_REBASE_SHALLOW;
    const unsigned int raw = VIR_DOMAIN_BLOCK_REBASE_COPY_RAW;
    virDomainPtr dom = start_chain();

    CHECK_INT(run("truncate -s 8M %s", in_dir("copy")), 0);
    not_assumed(dom, in_dir("copy"), 0, "has no qcow2 header", "<driver type='raw'/>");
    not_assumed(dom, in_dir("copy"), shallow, "has no qcow2 header", "<driver type='qcow2'/>");
    CHECK_INT(run("qemu-img create -q -f vmdk %s 8M", in_dir("copy")), 0);
    not_assumed(dom, in_dir("copy"), 0, "image of format vmdk", "<driver type='qcow2'/>");
    not_assumed(dom, in_dir("copy"), raw, "image of format vmdk", "<driver type='raw'/>");
    /* This file has the same size as the disk. It must not be taken for a raw image and
     * overwritten. */
    CHECK_INT(run("rm %s && qemu-img create -q -f qcow2 %s 64M && truncate -s 8M %s",
                  in_dir("copy"), in_dir("copy"), in_dir("copy")), 0);
    not_assumed(dom, in_dir("copy"), raw, "image of format qcow2", "<driver type='qcow2'/>");
    /* Who says raw gets raw. */
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 0, COPY_REUSE), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    CHECK(same_as_ref("copy", "raw"));
    expect_events("top copy ready; vda copy ready; top copy canceled; vda copy canceled; ");
    /* Files of the assumed format are accepted. */
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0, REBASE_REUSE | raw), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    make_reused("qcow2", 1);
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0, REBASE_REUSE | shallow), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    CHECK(guest_sees_ref(dom));
    stop(dom);
    forget_events(8);

    /* A raw disk, whose size is that of a qcow2 file. */
    CHECK_INT(run("rm -f %s && qemu-img create -q -f qcow2 %s 64M && cp %s %s && truncate -s $(stat"
                  " -c %%s %s) %s && dd if=/dev/urandom of=%s bs=4k count=1 conv=notrunc status=none",
                  in_dir("copy"), in_dir("copy"), in_dir("copy"), in_dir("src"), in_dir("copy"),
                  in_dir("src"), in_dir("src")), 0);
    dom = start(disk_xml("vda", "src", "raw", ""));
    not_assumed(dom, in_dir("copy"), 0, "image of format qcow2", "<driver type='qcow2'/>");
    stop(dom);
}

/* The copy takes as much space as the source's data, and none for its holes. */
static void sparse(const char *from, const char *to, unsigned int flags)
{
    unsigned long long data, taken;
    virDomainPtr dom;

    CHECK_INT(run("cd %s && rm -f src copy below && truncate -s 64M src.raw &&"
                  " qemu-io -f raw -c 'write -P 5 1M 12M' -c 'write -P 6 30M 3M'"
                  " -c 'write -P 7 62M 1M' src.raw >/dev/null &&"
                  " qemu-img convert -f raw -O %s src.raw src && rm src.raw",
                  test_dir, from), 0);
    if (flags & COPY_SHALLOW)
        CHECK_INT(run("cd %s && mv src below && qemu-img create -q -f qcow2 -b %s -F %s src &&"
                      " qemu-io -f qcow2 -c 'write -P 5 1M 12M' -c 'write -z 30M 3M'"
                      " src >/dev/null", test_dir, in_dir("below"), from), 0);
    if (flags & COPY_REUSE) {
        if (strcmp(to, "raw") == 0)
            CHECK_INT(run("truncate -s 64M %s && qemu-io -f raw -c 'write -P 9 20M 30M' %s"
                          " >/dev/null", in_dir("copy"), in_dir("copy")), 0);
        else
            CHECK_INT(run("qemu-img create -q -f qcow2 %s 64M && qemu-io -f qcow2"
                          " -c 'write -P 9 20M 30M' %s >/dev/null", in_dir("copy"),
                          in_dir("copy")), 0);
    }
    data = (flags & COPY_SHALLOW) ? 12 * MIB : 16 * MIB;
    dom = start(disk_xml("vda", "src", flags & COPY_SHALLOW ? "qcow2" : from, ""));
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_file("copy", to), NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    CHECK_INT(run("qemu-img convert -f raw -O raw '%s' %s", disk_uri(dom, "vda"), in_dir("ref")),
              0);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    stop(dom);
    CHECK(same_as_ref("copy", to));
    taken = file_allocation(in_dir("copy"));
    if (taken > data / 20 * 21)
        fprintf(stderr, "%s to %s, flags %u: %llu bytes for %llu\n", from, to, flags, taken, data);
    CHECK(taken <= data / 20 * 21);
    CHECK(taken >= data);
    expect_events("src copy ready; vda copy ready; src copy canceled; vda copy canceled; ");
}

/* Attaches a loop device, if that is allowed here, and returns a descriptor; the device is
 * detached when it is closed. Returns -1 otherwise. */
static int attach_loop(const char *size, char *device, size_t max)
{
    FILE *out;
    int fd;

    CHECK_INT(run("truncate -s %s %s", size, in_dir("backing")), 0);
    if (getuid() != 0 || run("losetup -f --show %s >%s 2>/dev/null", in_dir("backing"),
                             in_dir("device")) != 0)
        return -1;
    out = fopen(in_dir("device"), "r");
    CHECK(out != NULL && fgets(device, (int)max, out) != NULL);
    CHECK_INT(fclose(out), 0);
    device[strcspn(device, "\n")] = '\0';
    fd = open(device, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(run("losetup -d %s", device), 0);
    return fd;
}

static void devices(const char *format, const char *size, int longer)
{
    char device[128], source[256];
    virDomainPtr dom;
    const char *xml;
    int fd = attach_loop(size, device, sizeof(device));

    if (fd < 0)
        return;
    /* A new device may have other contents than zeros. */
    CHECK_INT(run("tr '\\0' 'x' </dev/zero | head -c %s | dd of=%s bs=64k status=none"
                  " iflag=fullblock", size, device), 0);
    dom = start_chain();
    CHECK_INT(virDomainBlockCopy(dom, "vda", dest_xml("file", "file", device, format), NULL, 0, 0),
              -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "regular file");
    xml = dest_xml("block", "dev", device, format);
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    print_to(source, sizeof(source), "<source dev='%s' index='4'/>", device);
    {
        const char *const texts[] = { "<mirror type='block' job='copy' ready='yes'>", source,
                                      NULL };

        described(dom, 0, texts);
    }
    guest_writes(dom, 50);
    pivot(dom, "vda");
    CHECK(has(dom, 0, "<disk type='block'"));
    CHECK(has(dom, 0, source));
    guest_writes(dom, 60);
    if (!longer)
        CHECK(guest_sees_ref(dom));
    stop(dom);
    if (longer)
        CHECK(begins_as_ref(device));
    else
        CHECK_INT(run("qemu-img compare -q -f %s -F raw %s %s", format, device, in_dir("ref")), 0);
    CHECK_INT(close(fd), 0);
    {
        char events[1024];

        print_to(events, sizeof(events),
                 "top copy ready; vda copy ready; %s copy completed; vda copy completed; ", device);
        expect_events(events);
    }
}

/* A volume of a pool: it exists, so its file is reused, and the XML shows it as a volume. */
static void volumes(void)
{
    static const char xml[] = "<disk type='volume'><driver type='qcow2'/>"
                              "<source pool='targets' volume='%s'/></disk>";
    char pool_xml[PATH_MAX + 128], to[256];
    const char *volume = "<source pool='targets' volume='v'";
    const char *const mirror[] = { "<mirror type='volume' job='copy' ready='yes'>", volume, NULL };
    const char *const disk[] = { "<disk type='volume'", "type='qcow2'", volume, NULL };
    virStoragePoolPtr pool;
    virDomainPtr dom;

    CHECK_INT(run("mkdir -p %s && qemu-img create -q -f qcow2 %s/v 8M", in_dir("targets"),
                  in_dir("targets")), 0);
    print_to(pool_xml, sizeof(pool_xml),
             "<pool type='dir'><name>targets</name><target><path>%s</path></target></pool>",
             in_dir("targets"));
    pool = virStoragePoolCreateXML(conn, pool_xml, 0);
    CHECK(pool != NULL);
    dom = start_chain();
    print_to(to, sizeof(to), xml, "none");
    CHECK_INT(virDomainBlockCopy(dom, "vda", to, NULL, 0, COPY_REUSE), -1);
    CHECK_CODE(VIR_ERR_NO_STORAGE_VOL, "none");
    print_to(to, sizeof(to), xml, "v");
    CHECK_INT(virDomainBlockCopy(dom, "vda", to, NULL, 0, 0), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "already exists");
    CHECK_INT(virDomainBlockCopy(dom, "vda", to, NULL, 0, COPY_REUSE), 0);
    wait_ready(dom, "vda");
    described(dom, 0, mirror);
    guest_writes(dom, 50);
    pivot(dom, "vda");
    expect_events("top copy ready; vda copy ready; targets/v copy completed; "
                  "vda copy completed; ");
    described(dom, 0, disk);
    guest_writes(dom, 60);
    CHECK(guest_sees_ref(dom));
    /* It is a disk like any other. */
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("targets/v pull completed; vda pull completed; ");
    stop(dom);
    CHECK(same_as_ref("targets/v", "qcow2"));
    CHECK_INT(virStoragePoolDestroy(pool), 0);
    CHECK_INT(virStoragePoolFree(pool), 0);
}

static void exports(unsigned int flags)
{
    virDomainPtr dom = start_chain();
    char xml[1024];

    CHECK_INT(run("nbdkit -U %s -P %s memory 8M", in_dir("sock"), in_dir("pid")), 0);
    print_to(xml, sizeof(xml),
             "<disk type='network'><driver type='raw'/><source protocol='nbd' name=''>"
             "<host transport='unix' socket='%s'/></source></disk>", in_dir("sock"));
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, flags), 0);
    wait_ready(dom, "vda");
    {
        const char *const texts[] = { "<mirror type='network' job='copy' ready='yes'>",
                                      "<format type='raw'/>", "protocol='nbd'", in_dir("sock"),
                                      NULL };

        described(dom, 0, texts);
    }
    guest_writes(dom, 50);
    pivot(dom, "vda");
    CHECK(has(dom, 0, "<disk type='network'"));
    guest_writes(dom, 60);
    CHECK(guest_sees_ref(dom));
    stop(dom);
    CHECK_INT(run("qemu-img compare -q -f raw -F raw 'nbd+unix:///?socket=%s' %s", in_dir("sock"),
                  in_dir("ref")), 0);
    end_program(in_dir("pid"));
    CHECK_INT(run("rm -f %s", in_dir("sock")), 0);
    /* The event with a path is not sent for a disk that has none. */
    expect_events("top copy ready; vda copy ready; vda copy completed; ");
}

/* A copy that is aborted when it is ready is a result that the caller wants: it is brought to
 * stable storage. */
static void ended_copy_is_flushed(void)
{
    virDomainPtr dom = start_chain();
    char xml[1024];

    CHECK_INT(run("nbdkit -U %s -P %s --filter=log memory 8M logfile=%s", in_dir("sock"),
                  in_dir("pid"), in_dir("requests")), 0);
    print_to(xml, sizeof(xml),
             "<disk type='network'><driver type='raw'/><source protocol='nbd' name=''>"
             "<host transport='unix' socket='%s'/></source></disk>", in_dir("sock"));
    CHECK_INT(virDomainBlockCopy(dom, "vda", xml, NULL, 0, 0), 0);
    wait_ready(dom, "vda");
    guest_writes(dom, 70);
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("top copy ready; vda copy ready; top copy canceled; vda copy canceled; ");
    CHECK_INT(run("qemu-img compare -q -f raw -F raw 'nbd+unix:///?socket=%s' %s", in_dir("sock"),
                  in_dir("ref")), 0);
    CHECK_INT(run("awk '/ (Write|Zero|Trim) id=[0-9]+ offset/ { change = NR }"
                  " / Flush id/ { flush = NR } END { exit !(change && flush > change) }' %s",
                  in_dir("requests")), 0);
    stop(dom);
    end_program(in_dir("pid"));
    CHECK_INT(run("rm -f %s", in_dir("sock")), 0);
}

int main(int argc, char **argv)
{
    static const char *const formats[] = { "raw", "qcow2" };
    int to, from;

    (void)argc;
    jobs_open(argv[0], 280);
    for (to = 0; to < 2; to++) {
        copied(formats[to], 0, 1);
        copied(formats[to], COPY_SYNC, 0);
        copied(formats[to], COPY_REUSE, 0);
        copied(formats[to], COPY_REUSE | COPY_SYNC | COPY_TRANSIENT, 1);
    }
    copied("qcow2", COPY_SHALLOW, 1);
    copied("qcow2", COPY_SHALLOW | COPY_REUSE | COPY_SYNC, 1);
    copied("qcow2", COPY_SHALLOW | COPY_TRANSIENT, 0);
    kept();
    expect_events("");
    rebase_copies();
    parameters();
    other_sizes();
    assumed_formats();
    for (from = 0; from < 2; from++)
        for (to = 0; to < 2; to++) {
            sparse(formats[from], formats[to], 0);
            sparse(formats[from], formats[to], COPY_REUSE);
        }
    sparse("raw", "qcow2", COPY_SHALLOW);
    sparse("qcow2", "qcow2", COPY_SHALLOW);
    devices("raw", "8M", 0);
    devices("qcow2", "16M", 0);
    devices("raw", "16M", 1);
    volumes();
    ended_copy_is_flushed();
    exports(0);
    exports(COPY_REUSE | COPY_SYNC);
    return jobs_close(__FILE__);
}
