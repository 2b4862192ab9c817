/* Jobs that shorten backing chains: pull, rebase and commit, with images given by name and by
 * index, with relative and absolute backing file names, and with DELETE. What guests read stays
 * the same. */
#include "block_job.h"

#define COMMIT_SHALLOW VIR_DOMAIN_BLOCK_COMMIT_SHALLOW
#define COMMIT_DELETE VIR_DOMAIN_BLOCK_COMMIT_DELETE
#define COMMIT_ACTIVE VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
#define COMMIT_RELATIVE VIR_DOMAIN_BLOCK_COMMIT_RELATIVE

static virDomainPtr start_named(const char *prefix)
{
    make_chain(prefix);
    return start(disk_xml("vda", "top", "qcow2", ""));
}

/* The backing file name in an image's header; "" if there is none. */
static int records(const char *file, const char *backing)
{
    return run("test \"$(qemu-img info -U --output=json %s | sed -n 's/.*\"backing-filename\":"
               " \"\\(.*\\)\",*$/\\1/p')\" = '%s'", in_dir("%s", file), backing) == 0;
}

/* Writes to the active layer. */
static void guest_writes(virDomainPtr dom)
{
    const char *commands = "-c 'write -P 77 2M 20k' -c 'write -z -u 256k 128k'";

    CHECK_INT(run("qemu-io -f raw %s '%s' >/dev/null && qemu-io -f raw %s %s >/dev/null", commands,
                  disk_uri(dom, "vda"), commands, in_dir("ref")),
              0);
}

/* Ends a test: guests and images still have all data. */
static void ends(virDomainPtr dom, const char *file, const char *format)
{
    guest_writes(dom);
    CHECK(guest_sees_ref(dom));
    job_info(dom, "vda", 0);
    CHECK(!has(dom, 0, "<mirror"));
    stop(dom);
    CHECK(same_as_ref(file, format));
    if (strcmp(format, "qcow2") == 0)
        CHECK(clean(file));
    expect_events("");
}

static void pulls(void)
{
    virDomainPtr dom = start_chain();
    const char *const whole[] = { "<source file='", "/top' index='1'/>", "<backingStore type='file'",
                                  "/mid' index='2'/>", "/base' index='3'/>", "<backingStore/>",
                                  NULL };
    const char *const alone[] = { "/top' index='1'/>", "<backingStore/>", NULL };
    const char *const rest[] = { "/top' index='1'/>", "/base' index='3'/>", "<backingStore/>",
                                 NULL };

    described(dom, 0, whole);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    described(dom, 0, alone);
    CHECK(!has(dom, 0, "/mid'"));
    CHECK(records("top", ""));
    /* There is nothing left to pull, which is no error. */
    CHECK_INT(virDomainBlockRebase(dom, in_dir("top"), NULL, 5, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK_INT(run("rm %s %s", in_dir("base"), in_dir("mid")), 0);
    ends(dom, "top", "qcow2");

    dom = start_chain();
    CHECK_INT(virDomainBlockRebase(dom, "vda", "vda[3]", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    described(dom, 0, rest);
    CHECK(!has(dom, 0, "/mid'"));
    CHECK(records("top", in_dir("base")));
    CHECK_INT(unlink(in_dir("mid")), 0);
    /* Indexes stay what they were. */
    CHECK_INT(virDomainBlockRebase(dom, "vda", "vda[2]", 0, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "could not find backing store index '2' in chain for 'vda'");
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("base"), 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK(records("top", in_dir("base")));
    ends(dom, "top", "qcow2");

    dom = start_named("");
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("base"), 0,
                                   VIR_DOMAIN_BLOCK_REBASE_RELATIVE), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK(records("top", "base"));
    ends(dom, "top", "qcow2");

    /* Without RELATIVE the recorded name is absolute. */
    dom = start_named("./");
    CHECK_INT(virDomainBlockRebase(dom, "vda", "vda[3]", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    ends(dom, "top", "qcow2");
}

/* An image can be given by any path of its file, and by its index. Relative paths are relative
 * to the image that may have recorded them. */
static void spellings(void)
{
    char dots[PATH_MAX + 32], folder[PATH_MAX + 32], link[PATH_MAX + 32], hard[PATH_MAX + 32];
    const char *names[] = { "base", "./base", "../p/../base", dots, folder, link, hard, "vda[3]" };
    unsigned int i;

    print_to(dots, sizeof(dots), "%s/./p/..//base", test_dir);
    print_to(folder, sizeof(folder), "%s/p/to/base", test_dir);
    print_to(link, sizeof(link), "%s/p/link", test_dir);
    print_to(hard, sizeof(hard), "%s/p/hard", test_dir);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        virDomainPtr dom = start_named("");
        const char *name = strcmp(names[i], "../p/../base") == 0 ? "p/../base" : names[i];

        CHECK_INT(run("cd %s && mkdir -p p && ln -sfn .. p/to && ln -sfn ../base p/link &&"
                      " ln -f base p/hard", test_dir), 0);
        if (i % 2 == 0)
            CHECK_INT(virDomainBlockRebase(dom, "vda", name, 0, 0), 0);
        else
            CHECK_INT(virDomainBlockCommit(dom, "vda", name, "mid", 0, 0), 0);
        expect_events(i % 2 == 0 ? "top pull completed; vda pull completed; "
                                 : "top commit completed; vda commit completed; ");
        /* The header has the name that the library uses. */
        CHECK(records("top", in_dir("base")));
        ends(dom, "top", "qcow2");
    }
    {
        virDomainPtr dom = start_named("");

        CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("p/../top"), 0, 0), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "could not find image");
        CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("ref"), 0, 0), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "could not find image");
        CHECK_INT(virDomainBlockRebase(dom, "vda", "nowhere", 0, 0), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "could not find image 'nowhere'");
        ends(dom, "top", "qcow2");
    }
}

/* A disk without a backing image. */
static void pull_of_raw(void)
{
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cp %s %s", in_dir("base"), in_dir("ref")), 0);
    dom = start(disk_xml("vda", "base", "raw", ""));
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("base pull completed; vda pull completed; ");
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "could not find base image in chain for 'vda'");
    ends(dom, "base", "raw");
}

static void commits(void)
{
    virDomainPtr dom = start_chain();

    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), 0, 0), 0);
    expect_events("top commit completed; vda commit completed; ");
    CHECK(records("top", in_dir("base")));
    CHECK(has(dom, 0, "/base' index='3'/>"));
    CHECK(!has(dom, 0, "/mid'"));
    CHECK(exists(in_dir("mid")));
    /* Afterwards the base is only open for reading again, so others can read it. */
    CHECK_INT(run("qemu-io -r -f raw -c 'read 0 4k' %s >/dev/null", in_dir("base")), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 4k' %s >/dev/null 2>&1", in_dir("base")), 1);
    CHECK_INT(run("qemu-io -f qcow2 -c 'write 0 4k' %s >/dev/null 2>&1", in_dir("mid")), 0);
    ends(dom, "top", "qcow2");

    dom = start_chain();
    CHECK_INT(virDomainBlockCommit(dom, "vda", "vda[3]", "vda[2]", 100000000,
                                   COMMIT_DELETE | COMMIT_SHALLOW |
                                       VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES), 0);
    expect_events("top commit completed; vda commit completed; ");
    CHECK(!exists(in_dir("mid")) && exists(in_dir("base")) && exists(in_dir("top")));
    ends(dom, "top", "qcow2");

    dom = start_named("");
    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("base"), in_dir("mid"), 0,
                                   COMMIT_RELATIVE), 0);
    expect_events("top commit completed; vda commit completed; ");
    CHECK(records("top", "base"));
    ends(dom, "top", "qcow2");
}

static void pivoted(const char *base, const char *format, unsigned int flags)
{
    virDomainPtr dom = start_chain();
    char events[256], source[PATH_MAX + 64];
    int bottom = strcmp(base, "base") == 0;

    CHECK_INT(virDomainBlockCommit(dom, "vda", in_dir("%s", base), NULL, 0,
                                   COMMIT_ACTIVE | flags), 0);
    wait_ready(dom, "vda");
    expect_events("top active ready; vda active ready; ");
    CHECK_INT(job_info(dom, "vda", 1).type, VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT);
    print_to(source, sizeof(source), "<source file='%s' index='%d'/>", in_dir("%s", base),
             bottom ? 3 : 2);
    {
        const char *const texts[] = { "<mirror type='file' job='active-commit' ready='yes'>",
                                      source, "</mirror>", NULL };

        described(dom, 0, texts);
    }
    guest_writes(dom);
    pivot(dom, "vda");
    print_to(events, sizeof(events), "%s active completed; vda active completed; ", base);
    expect_events(events);
    CHECK(has(dom, 0, source));
    CHECK(!has(dom, 0, "/top'"));
    CHECK_INT(exists(in_dir("top")), !(flags & COMMIT_DELETE));
    CHECK_INT(exists(in_dir("mid")), !(bottom && (flags & COMMIT_DELETE)));
    CHECK(exists(in_dir("base")));
    ends(dom, base, format);
}

static void active_commits(void)
{
    virDomainPtr dom;

    pivoted("base", "raw", 0);
    pivoted("mid", "qcow2", COMMIT_SHALLOW);
    pivoted("base", "raw", COMMIT_DELETE);
    pivoted("mid", "qcow2", COMMIT_DELETE);

    /* After an abort the chain is as before, and the base can be read by others again. */
    dom = start_chain();
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    CHECK_INT(virDomainBlockJobAbort(dom, "vda", 0), 0);
    expect_events("top active ready; vda active ready; top active canceled; vda active canceled; ");
    CHECK(records("top", in_dir("mid")));
    CHECK_INT(run("qemu-io -r -f raw -c 'read 0 4k' %s >/dev/null", in_dir("base")), 0);
    ends(dom, "top", "qcow2");
}

/* The base and the active layer differ in size. */
static void sizes(void)
{
    /* The last base is longer than the disk. After the pivot the disk has its length. */
    static const char *const bases[] = { "4M", "16M", "24M" };
    int i;

    for (i = 0; i < 3; i++) {
        virDomainPtr dom;

        CHECK_INT(run("cd %s && rm -f base mid top ref && qemu-img create -q -f qcow2 base %s &&"
                      " qemu-io -f qcow2 -c 'write -P 1 1M 3M' base >/dev/null &&"
                      " { test %s != 24M || qemu-io -f qcow2 -c 'write -P 4 15M 9M' base >/dev/null; } &&"
                      " qemu-img create -q -f qcow2 -b %s -F qcow2 mid 8M &&"
                      " qemu-io -f qcow2 -c 'write -P 2 3M 2M' mid >/dev/null &&"
                      " qemu-img create -q -f qcow2 -b %s -F qcow2 top 16M &&"
                      " qemu-io -f qcow2 -c 'write -P 3 6M 1M' -c 'write -P 3 15M 64k' top"
                      " >/dev/null && qemu-img convert -f qcow2 -O raw top ref", test_dir,
                      bases[i], bases[i], in_dir("base"), in_dir("mid")), 0);
        dom = start(disk_xml("vda", "top", "qcow2", ""));
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, in_dir("mid"), 0, 0), 0);
        expect_events("top commit completed; vda commit completed; ");
        CHECK(guest_sees_ref(dom));
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), 0);
        wait_ready(dom, "vda");
        CHECK(guest_sees_ref(dom));
        pivot(dom, "vda");
        expect_events("top active ready; vda active ready; "
                      "base active completed; vda active completed; ");
        if (i == 2)
            CHECK_INT(run("cd %s && truncate -s 24M ref && qemu-io -f raw -c 'write -P 4 16M 8M' ref"
                          " >/dev/null", test_dir), 0);
        ends(dom, "base", "qcow2");
    }
}

/* Aborting a pull keeps the data that it has copied, and changes nothing else. */
static void aborted(void)
{
    unsigned int flags;

    for (flags = 0; flags < 2; flags++) {
        virDomainPtr dom = start_chain();

        CHECK_INT(virDomainBlockPull(dom, "vda", 1 << 20, VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES),
                  0);
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT | flags), -1);
        CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "not ready for pivot yet");
        CHECK_INT(job_info(dom, "vda", 1).type, VIR_DOMAIN_BLOCK_JOB_TYPE_PULL);
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", flags), 0);
        expect_events("top pull canceled; vda pull canceled; ");
        CHECK(records("top", in_dir("mid")));
        ends(dom, "top", "qcow2");

        dom = start_chain();
        CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 1,
                                       VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES | COMMIT_DELETE), 0);
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT), -1);
        CHECK_CODE(VIR_ERR_BLOCK_COPY_ACTIVE, "not ready for pivot yet");
        CHECK_INT(virDomainBlockJobAbort(dom, "vda", flags), 0);
        expect_events("top commit canceled; vda commit canceled; ");
        CHECK(exists(in_dir("mid")));
        CHECK(records("top", in_dir("mid")));
        CHECK_INT(run("qemu-io -r -f raw -c 'read 0 4k' %s >/dev/null", in_dir("base")), 0);
        ends(dom, "top", "qcow2");
    }
}

/* An image that another domain reads is not written. */
static void shared(void)
{
    virDomainPtr dom = start_chain(), other;

    CHECK_INT(run("qemu-img create -q -f qcow2 -b %s -F raw %s", in_dir("base"), in_dir("b")), 0);
    other = virDomainCreateXML(conn, domain_xml("other", disk_xml("vda", "b", "qcow2", ""), 2), 0);
    CHECK(other != NULL);
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 0, 0), -1);
    CHECK_CODE(VIR_ERR_RESOURCE_BUSY, "base' is in use by domain 'other'");
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), -1);
    CHECK_CODE(VIR_ERR_RESOURCE_BUSY, "base' is in use by domain 'other'");
    job_info(dom, "vda", 0);
    CHECK(guest_sees_ref(dom));
    /* Images that only this domain uses can be. */
    CHECK_INT(virDomainBlockCommit(dom, "vda", "vda[2]", NULL, 0, COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    expect_events("top active ready; vda active ready; mid active completed; "
                  "vda active completed; ");
    CHECK_INT(virDomainDestroy(other), 0);
    CHECK_INT(virDomainFree(other), 0);
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    pivot(dom, "vda");
    expect_events("mid active ready; vda active ready; base active completed; "
                  "vda active completed; ");
    ends(dom, "base", "raw");
}

/* The definition has a backingStore, which the domain did not have when it was started. It is
 * updated as well. */
static void chain_said_later(void)
{
    virDomainPtr dom, again;
    char disk[2048], backing[1024];

    make_chain(in_dir("%s", ""));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    print_to(backing, sizeof(backing),
             "<backingStore type='file'><format type='qcow2'/><source file='%s'/></backingStore>",
             in_dir("mid"));
    print_to(disk, sizeof(disk), "%s", disk_xml("vda", "top", "qcow2", backing));
    again = virDomainDefineXML(conn, domain_xml("jobs", disk, 1));
    CHECK(again != NULL);
    CHECK_INT(virDomainFree(again), 0);
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainUndefine(dom), 0);
    stop(dom);
}

/* The persistent definition is updated, also if it has a backingStore. */
static void kept(void)
{
    char disk[4096], backing[2048];
    virDomainPtr dom;

    make_chain(in_dir("%s", ""));
    print_to(backing, sizeof(backing),
             "<backingStore type='file'><format type='qcow2'/><source file='%s'/>"
             "<backingStore type='file'><format type='raw'/><source file='%s'/><backingStore/>"
             "</backingStore></backingStore>", in_dir("mid"), in_dir("base"));
    print_to(disk, sizeof(disk), "%s", disk_xml("vda", "top", "qcow2", backing));
    dom = virDomainDefineXML(conn, domain_xml("jobs", disk, 1));
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, "vda[2]", 0, COMMIT_DELETE), 0);
    wait_gone(dom, "vda");
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("mid")));
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK(guest_sees_ref(dom));
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda[1]", 1 << 30, 0), 0);
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda[2]", 1 << 30, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "guests do not write to the image 'vda[2]'");
    CHECK_INT(virDomainBlockCommit(dom, "vda", NULL, NULL, 0, COMMIT_ACTIVE), 0);
    wait_ready(dom, "vda");
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("top")));
    pivot(dom, "vda");
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda[2]", 1 << 30, 0), 0);
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda[1]", 1 << 30, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "failed to find disk 'vda[1]'");
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("base")));
    CHECK(!has(dom, VIR_DOMAIN_XML_INACTIVE, in_dir("top")));
    CHECK(has(dom, VIR_DOMAIN_XML_INACTIVE, "type='raw'"));
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK(guest_sees_ref(dom));
    expect_events("top commit completed; vda commit completed; top active ready; vda active ready; "
                  "base active completed; vda active completed; ");
    CHECK_INT(virDomainUndefine(dom), 0);
    stop(dom);
    chain_said_later();
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 280);
    pulls();
    spellings();
    pull_of_raw();
    commits();
    active_commits();
    sizes();
    aborted();
    shared();
    kept();
    return jobs_close(__FILE__);
}
