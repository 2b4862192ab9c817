/* Which image of its backing chain has the data of a domain's disk, compared with qemu-img map. */
/* ctest: ours-only because libvirt has no such function */
#include "block_job.h"

#include <virsparse/virsparse.h>

/* The extents in the form of `qemu-img map --output=json`, one per line. Neighbours must differ,
 * and the range must be covered. */
static void extents_to(virDomainPtr dom, const char *disk, unsigned long long offset,
                       unsigned long long length, const char *file)
{
    virSparseBlockExtentPtr extents = NULL;
    unsigned long long at = offset;
    FILE *out = fopen(in_dir("%s", file), "w");
    int i, n = -1, count = -1;

    CHECK(out != NULL);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, disk, offset, length, &n, &extents, 0), 0);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, disk, offset, length, &count, NULL, 0), 0);
    CHECK_INT(count, n);
    for (i = 0; i < n; i++) {
        const virSparseBlockExtent *e = &extents[i];

        CHECK_INT(e->offset, at);
        CHECK(e->length > 0);
        CHECK(i == 0 || e->type != e[-1].type || e->depth != e[-1].depth ||
              e->present != e[-1].present);
        fprintf(out, "%llu %llu %u %d %d %d\n", e->offset, e->length, e->depth, e->present,
                e->type != VIR_SPARSE_EXTENT_DATA, e->type != VIR_SPARSE_EXTENT_HOLE);
        at += e->length;
    }
    if (length)
        CHECK_INT(at, offset + length);
    CHECK_INT(fclose(out), 0);
    free(extents);
}

/* The extents that qemu-img reports for a range of an image, in the same form. It splits extents
 * that are apart in the file. Zeros of a qcow2 image are no data for it, but it reports their
 * offset if they have space; the same goes for the holes of a raw image, which is always the
 * last one here. */
static void map_to(const char *image, const char *format, unsigned long long offset,
                   unsigned long long length, const char *file)
{
    int raw = strcmp(image, "base") == 0 ? 0 : strcmp(image, "long") == 0 ? 1 : 2;
    char range[64] = "";

    if (length)
        print_to(range, sizeof(range), "--max-length=%llu", length);
    CHECK_INT(run("qemu-img map -U --output=json -f %s --start-offset=%llu %s %s | python3 -c '"
                  "import json, sys\n"
                  "rows = []\n"
                  "for e in json.load(sys.stdin):\n"
                  "    space = e[\"data\"] or \"offset\" in e and e[\"depth\"] != %d\n"
                  "    state = [e[\"depth\"], int(e[\"present\"]), int(e[\"zero\"]), int(space)]\n"
                  "    if rows and rows[-1][2:] == state: rows[-1][1] += e[\"length\"]\n"
                  "    else: rows.append([e[\"start\"], e[\"length\"]] + state)\n"
                  "for row in rows: print(*row)' > %s",
                  format, offset, range, in_dir("%s", image), raw, in_dir("%s", file)),
              0);
}

static int same_lines(const char *a, const char *b)
{
    return run("diff %s %s", in_dir("%s", a), in_dir("%s", b)) == 0;
}

static void agrees(virDomainPtr dom, const char *image, const char *format,
                   unsigned long long offset, unsigned long long length)
{
    extents_to(dom, "vda", offset, length, "ours");
    map_to(image, format, offset, length, "theirs");
    CHECK(same_lines("ours", "theirs"));
    extents_to(dom, in_dir("%s", image), offset, length, "by-path");
    CHECK(same_lines("ours", "by-path"));
}

static void all_agree(virDomainPtr dom, const char *image, const char *format)
{
    static const unsigned long long ranges[][2] = {
        { 0, 0 },           { 0, 8 * MIB },      { 4096, 8192 },      { 1000 * KIB, 100 * KIB },
        { 2 * MIB, 3 * MIB }, { 7 * MIB, 0 },    { 8 * MIB - 512, 0 },
    };
    size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        agrees(dom, image, format, ranges[i][0], ranges[i][1]);
}

static virDomainPtr define(const char *disks)
{
    virDomainPtr dom = virDomainDefineXML(conn, domain_xml("jobs", disks, 1));

    CHECK(dom != NULL);
    return dom;
}

/* A chain, of which the image on top has zeros of both kinds as well. */
static void chains(void)
{
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("qemu-io -f qcow2 -c 'write -z 4M 1M' -c 'write -P 9 6M 128k' -c 'write -z 6M 64k'"
                  " %s >/dev/null", in_dir("top")), 0);
    dom = define(disk_xml("vda", "top", "qcow2", ""));
    all_agree(dom, "top", "qcow2");
    CHECK_INT(virDomainCreate(dom), 0);
    all_agree(dom, "top", "qcow2");
    /* A guest's write shows at once. */
    CHECK_INT(run("qemu-io -f raw -c 'write -P 5 5M 256k' -c flush '%s' >/dev/null",
                  disk_uri(dom, "vda")), 0);
    all_agree(dom, "top", "qcow2");
    CHECK_INT(virDomainSuspend(dom), 0);
    all_agree(dom, "top", "qcow2");
    CHECK_INT(virDomainResume(dom), 0);
    /* One image is left, and everything that was there is in it. */
    CHECK_INT(virDomainBlockPull(dom, "vda", 0, 0), 0);
    expect_events("top pull completed; vda pull completed; ");
    all_agree(dom, "top", "qcow2");
    CHECK_INT(virDomainDestroy(dom), 0);
    all_agree(dom, "top", "qcow2");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* An image that is longer than its backing image, and a raw one. */
static void others(void)
{
    virDomainPtr dom;

    make_chain("");
    CHECK_INT(run("cd %s && qemu-img create -q -f qcow2 -b base -F raw long 16M &&"
                  " qemu-io -f qcow2 -c 'write -P 1 12M 64k' long >/dev/null", test_dir), 0);
    dom = start(disk_xml("vda", "long", "qcow2", ""));
    agrees(dom, "long", "qcow2", 0, 0);
    agrees(dom, "long", "qcow2", 6 * MIB, 8 * MIB);
    stop(dom);

    dom = start(disk_xml("vda", "base", "raw", ""));
    all_agree(dom, "base", "raw");
    stop(dom);
}

static void refused(virDomainPtr dom, unsigned long long offset, unsigned long long length,
                    unsigned int flags, const char *text)
{
    virSparseBlockExtentPtr extents = NULL;
    int n = 7;

    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", offset, length, &n, &extents, flags), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text);
    CHECK(extents == NULL && n == 7);
}

static void arguments(void)
{
    virSparseBlockExtentPtr extents = NULL;
    virConnectPtr readonly = virConnectOpenReadOnly(test_uri);
    virDomainPtr dom, seen;
    int n = 7;

    make_chain("");
    dom = define(disk_xml("vda", "top", "qcow2", ""));
    refused(dom, 8 * MIB + 1, 0, 0, "beyond the end of disk 'vda' of 8388608 bytes");
    refused(dom, 0, 8 * MIB + 1, 0, "beyond the end of disk 'vda'");
    refused(dom, ~0ULL, 1, 0, "beyond the end of disk 'vda'");
    refused(dom, 1, ~0ULL, 0, "beyond the end of disk 'vda'");
    refused(dom, 0, 0, 1, "unsupported flags (0x1) in function");
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 8 * MIB, 0, &n, &extents, 0), 0);
    CHECK(n == 0 && extents == NULL);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 0, 0, NULL, &extents, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "nextents in virSparseDomainGetBlockExtents");
    CHECK_INT(virSparseDomainGetBlockExtents(dom, NULL, 0, 0, &n, &extents, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "disk in virSparseDomainGetBlockExtents");
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vdb", 0, 0, &n, &extents, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "disk 'vdb' not found in domain");
    CHECK_INT(virSparseDomainGetBlockExtents(NULL, "vda", 0, 0, &n, &extents, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_DOMAIN, VIR_FROM_DOM, "in virSparseDomainGetBlockExtents");

    /* A look needs no more than a connection to look through. */
    CHECK(readonly != NULL);
    seen = virDomainLookupByName(readonly, "jobs");
    CHECK(seen != NULL);
    CHECK_INT(virSparseDomainGetBlockExtents(seen, "vda", 0, 0, &n, NULL, 0), 0);
    CHECK(n > 1);
    CHECK_INT(virDomainFree(seen), 0);
    CHECK_INT(virConnectClose(readonly), 0);

    /* Another program that writes the image is not looked over the shoulder. */
    CHECK_INT(run("cd %s && { (echo 'write 0 512'; echo 'sleep 1'; exec sleep 20) |"
                  " qemu-io -f qcow2 top > io.log 2>&1 & echo $! > io.pid; };"
                  " for i in $(seq 100); do grep -q wrote io.log && exit; sleep .05; done; exit 1",
                  test_dir), 0);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 0, 0, &n, &extents, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "top");
    CHECK(extents == NULL);
    end_program(in_dir("io.pid"));
    CHECK_INT(unlink(in_dir("top")), 0);
    CHECK_INT(virSparseDomainGetBlockExtents(dom, "vda", 0, 0, &n, &extents, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "top");
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    jobs_open(argv[0], 120);
    chains();
    others();
    arguments();
    return jobs_close(__FILE__);
}
