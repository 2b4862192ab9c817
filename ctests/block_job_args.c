/* Arguments, flags, parameters, names of disks and images, and states that block jobs refuse. */
#include "block_job.h"

static void refused(int result, int code, const char *text)
{
    CHECK_INT(result, -1);
    CHECK_CODE(code, text);
}

static void flags_and_pointers(virDomainPtr dom)
{
    virDomainBlockJobInfo info;
    const char *dest = dest_file("copy", "raw");

    refused(virDomainBlockPull(dom, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockPull must not be NULL");
    refused(virDomainBlockRebase(dom, NULL, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockRebase must not be NULL");
    refused(virDomainBlockCommit(dom, NULL, NULL, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockCommit must not be NULL");
    refused(virDomainBlockCopy(dom, NULL, dest, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockCopy must not be NULL");
    refused(virDomainBlockCopy(dom, "vda", NULL, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "destxml in virDomainBlockCopy must not be NULL");
    refused(virDomainBlockJobAbort(dom, NULL, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockJobAbort must not be NULL");
    refused(virDomainBlockJobSetSpeed(dom, NULL, 0, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainBlockJobSetSpeed must not be NULL");
    refused(virDomainGetBlockJobInfo(dom, NULL, &info, 0), VIR_ERR_INVALID_ARG,
            "disk in virDomainGetBlockJobInfo must not be NULL");
    refused(virDomainGetBlockJobInfo(dom, "vda", NULL, 0), VIR_ERR_INVALID_ARG,
            "info in virDomainGetBlockJobInfo must not be NULL");

    refused(virDomainBlockPull(dom, "vda", 0, 1), VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    refused(virDomainBlockRebase(dom, "vda", NULL, 0, 128), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x80)");
    refused(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, 32), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x20)");
    refused(virDomainBlockCopy(dom, "vda", dest, NULL, 0, 32), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x20)");
    refused(virDomainBlockJobAbort(dom, "vda", 4), VIR_ERR_INVALID_ARG, "unsupported flags (0x4)");
    refused(virDomainBlockJobSetSpeed(dom, "vda", 0, 2), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x2)");
    memset(&info, 0xff, sizeof(info));
    refused(virDomainGetBlockJobInfo(dom, "vda", &info, 2), VIR_ERR_INVALID_ARG,
            "unsupported flags (0x2)");
    CHECK(info.type == 0 && info.bandwidth == 0 && info.cur == 0 && info.end == 0);
}

static void disks(virDomainPtr dom)
{
    static const char *const names[] = { "vdz", "", "vda[1]", "/nope" };
    const char *dest = dest_file("copy", "raw");
    virDomainBlockJobInfo info;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char text[64];

        print_to(text, sizeof(text), "disk '%s' not found in domain", names[i]);
        refused(virDomainBlockPull(dom, names[i], 0, 0), VIR_ERR_INVALID_ARG, text);
        refused(virDomainBlockRebase(dom, names[i], NULL, 0, 0), VIR_ERR_INVALID_ARG, text);
        refused(virDomainBlockCommit(dom, names[i], NULL, NULL, 0, 0), VIR_ERR_INVALID_ARG, text);
        refused(virDomainBlockCopy(dom, names[i], dest, NULL, 0, 0), VIR_ERR_INVALID_ARG, text);
        refused(virDomainBlockJobAbort(dom, names[i], 0), VIR_ERR_INVALID_ARG, text);
        refused(virDomainBlockJobSetSpeed(dom, names[i], 0, 0), VIR_ERR_INVALID_ARG, text);
        memset(&info, 0xff, sizeof(info));
        refused(virDomainGetBlockJobInfo(dom, names[i], &info, 0), VIR_ERR_INVALID_ARG, text);
        CHECK(info.type == 0 && info.bandwidth == 0 && info.cur == 0 && info.end == 0);
    }
    /* The path of the image names the disk, too; with neither name there is a job. */
    job_info(dom, in_dir("top"), 0);
    job_info(dom, "vda", 0);
    refused(virDomainBlockJobAbort(dom, "vda", 0), VIR_ERR_INVALID_ARG,
            "disk vda does not have an active block job");
    refused(virDomainBlockJobAbort(dom, in_dir("top"), VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT),
            VIR_ERR_INVALID_ARG, "disk vda does not have an active block job");
    refused(virDomainBlockJobSetSpeed(dom, "vda", 1, 0), VIR_ERR_INVALID_ARG,
            "disk vda does not have an active block job");
    /* An empty drive has no image to work on. */
    CHECK_INT(virDomainBlockPull(dom, "sdc", 0, 0), -1);
    CHECK_INT(virDomainBlockCopy(dom, "sdc", dest, NULL, 0, 0), -1);
    /* A transient disk discards its data anyway. */
    refused(virDomainBlockCopy(dom, "vdt", dest, NULL, 0, 0), VIR_ERR_OPERATION_UNSUPPORTED,
            "block jobs are not supported on transient disk 'vdt'");
    refused(virDomainBlockPull(dom, "vdt", 0, 0), VIR_ERR_OPERATION_UNSUPPORTED,
            "block jobs are not supported on transient disk 'vdt'");
    refused(virDomainBlockPull(dom, "vdr", 0, 0), VIR_ERR_OPERATION_INVALID, "read-only");
}

static void bandwidths(virDomainPtr dom)
{
    static const unsigned long bytes[] = { 1, 1 << 20, (1 << 20) + 1, 3000000, 0 };
    static const unsigned long mib[] = { 1, 1, 2, 3, 0 };
    unsigned long most = 8796093022207UL;
    const char *text = "bandwidth must be less than 8796093022207";
    virDomainBlockJobInfo info;
    int i;

    refused(virDomainBlockPull(dom, "vda", most + 1, 0), VIR_ERR_OVERFLOW, text);
    refused(virDomainBlockRebase(dom, "vda", NULL, most + 1, 0), VIR_ERR_OVERFLOW, text);
    refused(virDomainBlockRebase(dom, "vda", in_dir("copy"), most + 1,
                                 VIR_DOMAIN_BLOCK_REBASE_COPY),
            VIR_ERR_OVERFLOW, text);
    refused(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), most + 1, 0), VIR_ERR_OVERFLOW,
            text);
    refused(virDomainBlockPull(dom, "vda", 1UL << 63, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES),
            VIR_ERR_OVERFLOW, "bandwidth must be less than");
    refused(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), ULONG_MAX,
                                 VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES),
            VIR_ERR_OVERFLOW, "bandwidth must be less than");
    job_info(dom, "vda", 0);

    CHECK_INT(virDomainBlockPull(dom, "vda", 1, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES), 0);
    refused(virDomainBlockJobSetSpeed(dom, "vda", most + 1, 0), VIR_ERR_OVERFLOW, text);
    /* MiB are rounded up, bytes are exact. */
    for (i = 0; bytes[i]; i++) {
        CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", bytes[i],
                                            VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES),
                  0);
        CHECK_INT(virDomainGetBlockJobInfo(dom, "vda", &info, 0), 1);
        CHECK_INT(info.bandwidth, mib[i]);
        CHECK_INT(job_info(dom, "vda", 1).bandwidth, bytes[i]);
        CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", 1,
                                            VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES),
                  0);
    }
    CHECK_INT(virDomainBlockJobSetSpeed(dom, "vda", most, 0), 0);
    wait_gone(dom, "vda");
    expect_events("top pull completed; vda pull completed; ");
}

/* One parameter of virDomainBlockCopy, which refuses it. */
static void parameter(virDomainPtr dom, virTypedParameterPtr params, int count, int code,
                      const char *text)
{
    refused(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), params, count, 0), code, text);
    CHECK(!exists(in_dir("copy")));
    virTypedParamsFree(params, count);
}

static void parameters(virDomainPtr dom)
{
    virTypedParameterPtr params = NULL;
    int count = 0, max = 0;

#define ONE(add, name, value, code, text) \
    do { \
        params = NULL; \
        count = max = 0; \
        CHECK_INT(add(&params, &count, &max, name, value), 0); \
        parameter(dom, params, count, code, text); \
    } while (0)
    ONE(virTypedParamsAddUInt, "bogus", 1, VIR_ERR_ARGUMENT_UNSUPPORTED,
        "parameter 'bogus' not supported");
    ONE(virTypedParamsAddInt, "bandwidth", 1, VIR_ERR_INVALID_ARG,
        "invalid type 'int' for parameter 'bandwidth', expected 'ullong'");
    ONE(virTypedParamsAddULLong, "granularity", 4096, VIR_ERR_INVALID_ARG,
        "invalid type 'ullong' for parameter 'granularity', expected 'uint'");
    ONE(virTypedParamsAddString, "buf-size", "1", VIR_ERR_INVALID_ARG,
        "invalid type 'string' for parameter 'buf-size', expected 'ullong'");
    ONE(virTypedParamsAddULLong, "bandwidth", 1ULL << 63, VIR_ERR_INVALID_ARG,
        "bandwidth must be less than '9223372036854775807' bytes/s (8796093022207 MiB/s)");
    ONE(virTypedParamsAddUInt, "granularity", 5000, VIR_ERR_INVALID_ARG,
        "granularity must be power of 2");
    ONE(virTypedParamsAddUInt, "granularity", 256, VIR_ERR_INVALID_ARG, "granularity must be");
    ONE(virTypedParamsAddUInt, "granularity", 128 << 20, VIR_ERR_INVALID_ARG,
        "granularity must be");
    ONE(virTypedParamsAddULLong, "buf-size", 1ULL << 63, VIR_ERR_INVALID_ARG, "buf-size must be");
    params = NULL;
    count = max = 0;
    CHECK_INT(virTypedParamsAddULLong(&params, &count, &max, "bandwidth", 1), 0);
    CHECK_INT(virTypedParamsAddULLong(&params, &count, &max, "bandwidth", 1), 0);
    parameter(dom, params, count, VIR_ERR_INVALID_ARG,
              "parameter 'bandwidth' occurs multiple times");
    refused(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, 1, 0),
            VIR_ERR_INVALID_ARG, "params in virDomainBlockCopy must not be NULL");
    refused(virDomainBlockCopy(dom, "vda", dest_file("copy", "raw"), NULL, -1, 0),
            VIR_ERR_INVALID_ARG, "nparams in virDomainBlockCopy must be zero or greater");
}

static void copy_to(virDomainPtr dom, const char *xml, unsigned int flags, int code,
                    const char *text)
{
    refused(virDomainBlockCopy(dom, "vda", xml, NULL, 0, flags), code, text);
    job_info(dom, "vda", 0);
    CHECK(!has(dom, 0, "<mirror"));
}

static void destinations(virDomainPtr dom)
{
    const unsigned int reuse = VIR_DOMAIN_BLOCK_COPY_REUSE_EXT;
    char text[PATH_MAX + 128], link[PATH_MAX];

    print_to(text, sizeof(text),
             "external destination file for disk vda already exists and is not a block device: %s",
             in_dir("there"));
    CHECK_INT(run("echo junk >%s", in_dir("there")), 0);
    copy_to(dom, dest_file("there", "raw"), 0, VIR_ERR_CONFIG_UNSUPPORTED, text);
    CHECK_INT(file_size(in_dir("there")), 5);
    copy_to(dom, dest_file("there", "qcow2"), reuse, VIR_ERR_SYSTEM_ERROR, in_dir("there"));
    set_size(in_dir("there"), 0);
    copy_to(dom, dest_file("there", "raw"), 0, VIR_ERR_CONFIG_UNSUPPORTED, text);
    copy_to(dom, dest_file("top", "qcow2"), 0, VIR_ERR_CONFIG_UNSUPPORTED, "already exists");
    print_to(text, sizeof(text), "missing destination file for disk vda: %s", in_dir("none"));
    copy_to(dom, dest_file("none", "raw"), reuse, VIR_ERR_SYSTEM_ERROR, text);
    CHECK(!exists(in_dir("none")));
    /* Destinations that are in use: by this disk and by another one. */
    copy_to(dom, dest_file("top", "qcow2"), reuse, VIR_ERR_SYSTEM_ERROR, "lock");
    copy_to(dom, dest_file("mid", "qcow2"), reuse, VIR_ERR_SYSTEM_ERROR, "lock");
    copy_to(dom, dest_file("other", "raw"), reuse, VIR_ERR_SYSTEM_ERROR, "lock");
    print_to(link, sizeof(link), "%s", in_dir("link"));
    CHECK_INT(symlink(in_dir("other"), link), 0);
    copy_to(dom, dest_file("link", "raw"), reuse, VIR_ERR_SYSTEM_ERROR, "lock");
    copy_to(dom, dest_file("link", "raw"), 0, VIR_ERR_CONFIG_UNSUPPORTED, "already exists");

    copy_to(dom, dest_file("copy", "raw"), VIR_DOMAIN_BLOCK_COPY_SHALLOW,
            VIR_ERR_CONFIG_UNSUPPORTED,
            "shallow copy of disk 'vda' into a raw file is not possible");
    copy_to(dom, dest_file("no/copy", "raw"), 0, VIR_ERR_SYSTEM_ERROR,
            "failed to create copy target");
    copy_to(dom, dest_xml("file", "file", "copy", "raw"), 0, VIR_ERR_INVALID_ARG,
            "absolute path must be used as block copy target");
    copy_to(dom, dest_xml("block", "dev", in_dir("none"), "raw"), 0, VIR_ERR_SYSTEM_ERROR,
            "missing destination file for disk vda");
    copy_to(dom, dest_xml("block", "dev", in_dir("there"), "raw"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "block device");
    copy_to(dom, dest_xml("file", "file", "/dev/null", "raw"), reuse, VIR_ERR_CONFIG_UNSUPPORTED,
            "/dev/null");
    copy_to(dom, dest_xml("file", "file", in_dir("%s", ""), "raw"), reuse,
            VIR_ERR_CONFIG_UNSUPPORTED, "regular file");
    copy_to(dom, dest_xml("dir", "dir", in_dir("%s", ""), "raw"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "dir");
    copy_to(dom, "<disk type='volume'><source pool='a' volume='b'/></disk>", 0,
            VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name 'a'");
    copy_to(dom,
            "<disk type='network'><driver type='raw'/><source protocol='nbd' name='x'>"
            "<host name='127.0.0.1' port='1'/></source></disk>",
            0, VIR_ERR_SYSTEM_ERROR, "onnect");
    copy_to(dom, "<disk type='file'><driver type='raw'/></disk>", 0, VIR_ERR_NO_SOURCE,
            "missing source information for device");
    copy_to(dom, "<disk type='file'><driver type='raw'/><source/></disk>", 0, VIR_ERR_NO_SOURCE,
            "missing source information for device");
    copy_to(dom, dest_file("copy", "zzz"), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "unknown driver format value 'zzz'");
    copy_to(dom, dest_file("copy", "vmdk"), 0, VIR_ERR_CONFIG_UNSUPPORTED, "vmdk");
    copy_to(dom, dest_xml("zzz", "file", in_dir("copy"), "raw"), 0, VIR_ERR_XML_ERROR, "zzz");
    copy_to(dom, "<dusk type='file'/>", 0, VIR_ERR_XML_ERROR, "dusk");
    copy_to(dom, "<disk type='file'", 0, VIR_ERR_XML_DETAIL, "(disk_definition):1:");
    copy_to(dom, "", 0, VIR_ERR_XML_DETAIL, "(disk_definition)");
    CHECK(!exists(in_dir("copy")));
    CHECK_INT(unlink(link), 0);
}

static void rebases(virDomainPtr dom)
{
    static const unsigned int only_copies[] = { VIR_DOMAIN_BLOCK_REBASE_SHALLOW,
                                                VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT,
                                                VIR_DOMAIN_BLOCK_REBASE_COPY_RAW,
                                                VIR_DOMAIN_BLOCK_REBASE_COPY_DEV };
    const unsigned int copy = VIR_DOMAIN_BLOCK_REBASE_COPY;
    const char *top = in_dir("top");
    char text[PATH_MAX + 128];
    int i;

#define BASE(base, code, text) refused(virDomainBlockRebase(dom, "vda", base, 0, 0), code, text)
    for (i = 0; i < 4; i++)
        refused(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0, only_copies[i]),
                VIR_ERR_INVALID_ARG, "use of flags requires a copy job");
    refused(virDomainBlockRebase(dom, "vda", NULL, 0, VIR_DOMAIN_BLOCK_REBASE_RELATIVE),
            VIR_ERR_INVALID_ARG,
            "flag VIR_DOMAIN_BLOCK_REBASE_RELATIVE is valid only with non-null base");
    refused(virDomainBlockRebase(dom, "vda", in_dir("base"), 0, VIR_DOMAIN_BLOCK_REBASE_RELATIVE),
            VIR_ERR_OPERATION_INVALID, "can't keep relative backing relationship");
    refused(virDomainBlockRebase(dom, "vda", NULL, 0, copy), VIR_ERR_INVALID_ARG,
            "base in virDomainBlockRebase must not be NULL");
    refused(virDomainBlockRebase(dom, "vda", "copy", 0, copy), VIR_ERR_INVALID_ARG,
            "absolute path must be used as block copy target");
    refused(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0,
                                 copy | VIR_DOMAIN_BLOCK_REBASE_RELATIVE),
            VIR_ERR_ARGUMENT_UNSUPPORTED, "Relative backing during copy not supported yet");
    refused(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0,
                                 copy | VIR_DOMAIN_BLOCK_REBASE_COPY_DEV),
            VIR_ERR_SYSTEM_ERROR, "missing destination file for disk vda");
    print_to(text, sizeof(text), "could not find image '/nope' beneath '%s' in chain for 'vda'",
             top);
    BASE("/nope", VIR_ERR_INVALID_ARG, text);
    print_to(text, sizeof(text), "could not find image '%s' beneath '%s' in chain for 'vda'", top,
             top);
    BASE(top, VIR_ERR_INVALID_ARG, text);
    print_to(text, sizeof(text), "could not find image 'vda[0]' beneath '%s' in chain for 'vda'",
             top);
    BASE("vda[0]", VIR_ERR_INVALID_ARG, text);
    BASE("vda[1]", VIR_ERR_INVALID_ARG,
         "could not find backing store index '1' in chain for 'vda'");
    BASE("vda[9]", VIR_ERR_INVALID_ARG,
         "could not find backing store index '9' in chain for 'vda'");
    BASE("vdb[2]", VIR_ERR_INVALID_ARG, "requested target 'vdb' does not match target 'vda'");
    BASE("vda[99999999999999999999]", VIR_ERR_INVALID_ARG, "could not find");
}

static void commits(virDomainPtr dom)
{
    const unsigned int active = VIR_DOMAIN_BLOCK_COMMIT_ACTIVE;
    const unsigned int shallow = VIR_DOMAIN_BLOCK_COMMIT_SHALLOW;
    const char *base = in_dir("base"), *mid = in_dir("mid"), *top = in_dir("top");
    char text[2 * PATH_MAX + 128];

#define COMMIT(base, top, flags, code, text) \
    refused(virDomainBlockCommit(dom, "vda", base, top, 0, flags), code, text)
    COMMIT(NULL, NULL, 0, VIR_ERR_INVALID_ARG, "commit of 'vda' active layer requires active flag");
    COMMIT(NULL, top, 0, VIR_ERR_INVALID_ARG, "commit of 'vda' active layer requires active flag");
    print_to(text, sizeof(text), "active commit requested but '%s' is not active", mid);
    COMMIT(NULL, mid, active, VIR_ERR_INVALID_ARG, text);
    print_to(text, sizeof(text), "base '%s' is not immediately below '%s' in chain for '%s'", base,
             top, top);
    COMMIT(base, NULL, active | shallow, VIR_ERR_INVALID_ARG, text);
    COMMIT(NULL, base, 0, VIR_ERR_INVALID_ARG, "could not find base image in chain for 'vda'");
    COMMIT(NULL, "/nope", 0, VIR_ERR_INVALID_ARG,
           "could not find image '/nope' in chain for 'vda'");
    print_to(text, sizeof(text), "could not find image '/nope' beneath '%s' in chain for 'vda'",
             mid);
    COMMIT("/nope", mid, 0, VIR_ERR_INVALID_ARG, text);
    print_to(text, sizeof(text), "could not find image '%s' beneath '%s' in chain for 'vda'", mid,
             mid);
    COMMIT(mid, mid, 0, VIR_ERR_INVALID_ARG, text);
    COMMIT("vda[1]", mid, 0, VIR_ERR_INVALID_ARG,
           "could not find backing store index '1' in chain for 'vda'");
    COMMIT(NULL, "vda[9]", 0, VIR_ERR_INVALID_ARG,
           "could not find backing store index '9' in chain for 'vda'");
    COMMIT("vdb[3]", mid, 0, VIR_ERR_INVALID_ARG,
           "requested target 'vdb' does not match target 'vda'");
    COMMIT(NULL, mid, VIR_DOMAIN_BLOCK_COMMIT_RELATIVE, VIR_ERR_OPERATION_INVALID,
           "can't keep relative backing relationship");
    refused(virDomainBlockCommit(dom, "vdo", NULL, NULL, 0, active), VIR_ERR_INVALID_ARG,
            "could not find base image in chain for 'vdo'");
}

/* Calls that are refused because of the state of the domain or of the connection. */
static void states(void)
{
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);
    const char *dest = dest_file("copy", "raw");
    const unsigned int transient = VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB;
    virDomainBlockJobInfo info;
    virDomainPtr dom, same;

    make_chain(in_dir("%s", ""));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
#define INACTIVE(call) refused(call, VIR_ERR_OPERATION_INVALID, "domain is not running")
    INACTIVE(virDomainBlockPull(dom, "vda", 0, 0));
    INACTIVE(virDomainBlockRebase(dom, "vda", NULL, 0, 0));
    INACTIVE(virDomainBlockCopy(dom, "vda", dest, NULL, 0, 0));
    INACTIVE(virDomainBlockJobAbort(dom, "vda", 0));
    INACTIVE(virDomainBlockJobSetSpeed(dom, "vda", 0, 0));
    INACTIVE(virDomainGetBlockJobInfo(dom, "vda", &info, 0));
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, 0), -1);
    CHECK_INT(virDomainCreate(dom), 0);

    /* For a persistent domain TRANSIENT_JOB is needed. */
    refused(virDomainBlockCopy(dom, "vda", dest, NULL, 0, 0), VIR_ERR_OPERATION_INVALID,
            "domain is not transient");
    refused(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0, VIR_DOMAIN_BLOCK_REBASE_COPY),
            VIR_ERR_OPERATION_INVALID, "domain is not transient");
    CHECK(!exists(in_dir("copy")));

    CHECK(reader != NULL);
    same = virDomainLookupByName(reader, "jobs");
    CHECK(same != NULL);
#define DENIED(call) refused(call, VIR_ERR_OPERATION_DENIED, "read only access")
    DENIED(virDomainBlockPull(same, "vda", 0, 0));
    DENIED(virDomainBlockRebase(same, "vda", NULL, 0, 0));
    DENIED(virDomainBlockCommit(same, "vda", NULL, NULL, 0, 0));
    DENIED(virDomainBlockCopy(same, "vda", dest, NULL, 0, transient));
    DENIED(virDomainBlockJobAbort(same, "vda", 0));
    DENIED(virDomainBlockJobSetSpeed(same, "vda", 0, 0));
    job_info(same, "vda", 0);

    /* A second job: the error depends on the first job. */
    start_stuck_copy(dom, "vda", dest, transient);
    CHECK_INT(job_info(same, "vda", 1).type, VIR_DOMAIN_BLOCK_JOB_TYPE_COPY);
#define BUSY(code, call) refused(call, code, "disk 'vda' already in active block job")
    BUSY(VIR_ERR_BLOCK_COPY_ACTIVE, virDomainBlockPull(dom, "vda", 0, 0));
    BUSY(VIR_ERR_BLOCK_COPY_ACTIVE,
         virDomainBlockCopy(dom, "vda", dest_file("b", "raw"), NULL, 0, transient));
    BUSY(VIR_ERR_BLOCK_COPY_ACTIVE, virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), 0, 0));
    CHECK(!exists(in_dir("b")));
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("top copy canceled; vda copy canceled; ");
    CHECK_INT(virDomainBlockPull(dom, "vda", 1, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES), 0);
    BUSY(VIR_ERR_OPERATION_UNSUPPORTED, virDomainBlockPull(dom, "vda", 0, 0));
    BUSY(VIR_ERR_OPERATION_UNSUPPORTED, virDomainBlockRebase(dom, "vda", NULL, 0, 0));
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("top pull canceled; vda pull canceled; ");

    CHECK_INT(virDomainFree(same), 0);
    CHECK_INT(virConnectClose(reader), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    stop(dom);
}

int main(int argc, char **argv)
{
    char disks_xml[8192];
    virDomainPtr dom;

    (void)argc;
    jobs_open(argv[0], 240);
    make_chain(in_dir("%s", ""));
    set_size(in_dir("other"), MIB);
    set_size(in_dir("kept"), MIB);
    print_to(disks_xml, sizeof(disks_xml), "%s%s%s%s%s", disk_xml("vda", "top", "qcow2", ""),
             disk_xml("vdo", "other", "raw", ""), disk_xml("vdt", "kept", "raw", "<transient/>"),
             "<disk type='file' device='cdrom'><target dev='sdc' bus='sata'/></disk>", "");
    CHECK_INT(run("cp %s %s", in_dir("other"), in_dir("readonly")), 0);
    {
        size_t used = strlen(disks_xml);

        print_to(disks_xml + used, sizeof(disks_xml) - used, "%s",
                 disk_xml("vdr", "readonly", "raw", "<readonly/>"));
    }
    dom = start(disks_xml);
    flags_and_pointers(dom);
    disks(dom);
    parameters(dom);
    destinations(dom);
    rebases(dom);
    commits(dom);
    CHECK(guest_sees_ref(dom));
    bandwidths(dom);
    CHECK(guest_sees_ref(dom));
    expect_events("");
    stop(dom);
    CHECK(clean("top"));
    states();
    return jobs_close(__FILE__);
}
