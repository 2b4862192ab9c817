/* Changing volumes while no domain runs: flattening and allocating images, and the extents that
 * a guest sees. Results are compared with qemu-img. */
/* ctest: ours-only because libvirt has none of these functions */
#include "domain.h"
#include "image.h"

#include <virsparse/virsparse.h>

#include <sys/resource.h>

static virConnectPtr conn;
static virStoragePoolPtr pool;

/* base: 1 MiB of data at 0 and at 4 MiB. mid: 128 KiB at 2 MiB, zeros over base's at 4 MiB. top: 64 KiB at
 * 6 MiB. ref: what is read. */
static void make_images(const char *options)
{
    CHECK_INT(run("cd %s/p && rm -f base mid top ../ref && truncate -s 8M base &&"
                  " qemu-io -f raw -c 'write -P 1 0 1M' -c 'write -P 2 4M 1M' base >/dev/null &&"
                  " qemu-img create -q -f qcow2 -b base -F raw mid &&"
                  " qemu-io -f qcow2 -c 'write -P 3 2M 128k' -c 'write -z 4M 512k' mid >/dev/null &&"
                  " qemu-img create -q -f qcow2 %s -b mid -F qcow2 top &&"
                  " qemu-io -f qcow2 -c 'write -P 4 6M 64k' top >/dev/null &&"
                  " qemu-img convert -f qcow2 -O raw top ../ref", test_dir, options), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
}

static int reads_as_ref(void)
{
    return run("cd %s && qemu-img compare -q -f qcow2 -F raw p/top ref && qemu-img check -q p/top",
               test_dir) == 0;
}

static int names_backing(void)
{
    return run("qemu-img info %s | grep -q 'backing file'", in_dir("p/top")) == 0;
}

/* The extents as " D<length> H<length> ...". */
static const char *extents_of(virStorageVolPtr vol, unsigned long long offset,
                              unsigned long long length, unsigned int flags)
{
    static char text[1024];
    virSparseExtentPtr extents = NULL;
    unsigned long long at = offset;
    int i, n = virSparseVolGetExtents(vol, offset, length, &extents, flags);

    CHECK(n >= 0);
    text[0] = '\0';
    for (i = 0; i < n; i++) {
        char piece[32];

        CHECK_INT(extents[i].offset, at);
        print_to(piece, sizeof(piece), " %c%llu",
                 extents[i].type == VIR_SPARSE_EXTENT_DATA ? 'D' : 'H', extents[i].length / KIB);
        CHECK(strlen(text) + strlen(piece) < sizeof(text));
        strcat(text, piece);
        at += extents[i].length;
    }
    free(extents);
    return text;
}

static virDomainPtr run_domain(void)
{
    virDomainPtr dom = virDomainCreateXML(
        conn, domain_xml("d", disk_xml("vda", "p/top", "qcow2", ""), 1), 0);

    CHECK(dom != NULL);
    return dom;
}

static void extents_are_those_of_the_guest_or_of_the_file(void)
{
    virSparseExtentPtr extents = NULL;
    virStorageVolPtr vol;
    virDomainPtr dom;
    char file[64];

    make_images("");
    vol = look_up(pool, "top");
    CHECK_STR(extents_of(vol, 0, 0, 0), " D1024 H1024 D128 H2432 D512 H1024 D64 H1984");
    CHECK_STR(extents_of(vol, 2 * MIB, 256 * KIB, 0), " D128 H128");
    /* The file has less data, and none at these offsets. */
    CHECK_INT(virSparseVolGetExtents(vol, 7 * MIB, 0, NULL, VIR_SPARSE_VOL_EXTENTS_FILE), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "reach beyond the end");
    print_to(file, sizeof(file), "%llu", file_size(in_dir("p/top")));
    CHECK(strstr(virGetLastErrorMessage(), file) != NULL);
    CHECK(virSparseVolGetExtents(vol, 0, 0, NULL, VIR_SPARSE_VOL_EXTENTS_FILE) > 0);
    CHECK_INT(virSparseVolGetExtents(vol, 0, 0, NULL, 2), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x2)");
    /* The guest's view is not available while an image is changed; that of the file is. */
    dom = run_domain();
    CHECK_INT(virSparseVolGetExtents(vol, 0, 0, &extents, 0), -1);
    CHECK_CODE(VIR_ERR_RESOURCE_BUSY, "p/top");
    CHECK(extents == NULL);
    CHECK(virSparseVolGetExtents(vol, 0, 0, NULL, VIR_SPARSE_VOL_EXTENTS_FILE) > 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
    /* A format that is not read. */
    CHECK_INT(run("qemu-img create -q -f vmdk %s 1M", in_dir("p/other")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    vol = look_up(pool, "other");
    CHECK_INT(virSparseVolGetExtents(vol, 0, 0, NULL, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "'other' of format 'vmdk'");
    CHECK(virSparseVolGetExtents(vol, 0, 0, NULL, VIR_SPARSE_VOL_EXTENTS_FILE) > 0);
    CHECK_INT(virSparseVolFlatten(vol, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "'other' of format 'vmdk'");
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "'other' of format 'vmdk'");
    vol_gone(vol);
}

static void a_flattened_volume_needs_nothing_below_and_reads_the_same(void)
{
    static const char *const all[] = { "", "-o cluster_size=2M", "-o cluster_size=4k",
                                       "-o extended_l2=on", "-o compat=0.10" };
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        virStorageVolPtr vol;

        make_images(all[i]);
        vol = look_up(pool, "top");
        CHECK_INT(virSparseVolFlatten(vol, 0), 0);
        CHECK(!names_backing());
        CHECK_INT(run("cd %s/p && rm base mid", test_dir), 0);
        CHECK(reads_as_ref());
        /* No data is added that was not in the chain. */
        if (i == 0)
            CHECK_INT(run("qemu-img map --output=json %s | python3 -c 'import json, sys\n"
                          "own = sum(e[\"length\"] for e in json.load(sys.stdin) if e[\"data\"])\n"
                          "sys.exit(own != 1769472)'", in_dir("p/top")), 0);
        /* Again: there is nothing left to do. */
        CHECK_INT(virSparseVolFlatten(vol, 0), 0);
        CHECK(reads_as_ref());
        CHECK_INT(virStorageVolFree(vol), 0);
    }
}

static void an_allocated_range_has_space_and_reads_the_same(void)
{
    virStorageVolPtr vol;
    unsigned long long before;

    make_images("");
    vol = look_up(pool, "top");
    CHECK_INT(virSparseVolAllocate(vol, MIB, MIB, 0), 0);
    CHECK(reads_as_ref() && names_backing());
    CHECK_INT(run("qemu-img map --output=json %s | python3 -c 'import json, sys\n"
                  "own = sum(e[\"length\"] for e in json.load(sys.stdin) if e[\"depth\"] == 0)\n"
                  "sys.exit(own != 1114112)'", in_dir("p/top")), 0);
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), 0);
    CHECK(reads_as_ref() && names_backing());
    CHECK(file_allocation(in_dir("p/top")) >= 8 * MIB);
    CHECK_INT(virSparseVolAllocate(vol, 8 * MIB, 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "reach beyond the end of volume 'top' of 8388608 bytes");
    CHECK_INT(virStorageVolFree(vol), 0);

    vol = look_up(pool, "base");
    before = file_allocation(in_dir("p/base"));
    CHECK_INT(virSparseVolAllocate(vol, 2 * MIB, MIB, 0), 0);
    CHECK_INT(file_allocation(in_dir("p/base")), before + MIB);
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), 0);
    CHECK(file_allocation(in_dir("p/base")) >= 8 * MIB);
    CHECK_INT(file_size(in_dir("p/base")), 8 * MIB);
    CHECK_INT(virSparseVolFlatten(vol, 0), 0);
    CHECK_INT(virSparseVolAllocate(vol, 0, 9 * MIB, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "reach beyond the end of volume 'base' of 8388608 bytes");
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK(reads_as_ref());
}

static void what_is_in_use_or_needed_is_refused(void)
{
    virConnectPtr reader = virConnectOpenReadOnly(test_uri);
    virStorageVolPtr vol, read;
    virDomainPtr dom;

    CHECK(reader != NULL);
    make_images("");
    vol = look_up(pool, "top");
    read = virStorageVolLookupByPath(reader, in_dir("p/top"));
    CHECK(read != NULL);
    CHECK_INT(virSparseVolFlatten(read, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virSparseVolFlatten");
    CHECK_INT(virSparseVolAllocate(read, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_DENIED, "virSparseVolAllocate");
    CHECK_INT(virStorageVolFree(read), 0);
    CHECK_INT(virConnectClose(reader), 0);
    CHECK_INT(virSparseVolFlatten(NULL, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_STORAGE_VOL, "virSparseVolFlatten");
    CHECK_INT(virSparseVolFlatten(vol, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");

    dom = run_domain();
    CHECK_INT(virSparseVolFlatten(vol, 0), -1);
    CHECK_CODE(VIR_ERR_RESOURCE_BUSY, "p/top");
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), -1);
    CHECK_CODE(VIR_ERR_RESOURCE_BUSY, "p/top");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK(reads_as_ref() && names_backing());

    /* An internal snapshot needs the backing images as well. */
    CHECK_INT(run("qemu-img snapshot -c one %s", in_dir("p/top")), 0);
    CHECK_INT(virSparseVolFlatten(vol, 0), -1);
    CHECK_CODE(VIR_ERR_OPERATION_UNSUPPORTED, "internal snapshots in volume 'top'");
    CHECK(reads_as_ref() && names_backing());
    /* What is below is not there. */
    CHECK_INT(run("qemu-img snapshot -d one %s && mv %s %s", in_dir("p/top"), in_dir("p/mid"),
                  in_dir("p/away")), 0);
    CHECK_INT(virSparseVolFlatten(vol, 0), -1);
    CHECK(strstr(virGetLastErrorMessage(), "p/mid") != NULL);
    CHECK_INT(run("mv %s %s", in_dir("p/away"), in_dir("p/mid")), 0);
    CHECK(reads_as_ref() && names_backing());
    CHECK_INT(virStorageVolFree(vol), 0);
}

/* The file must not grow beyond a limit: after the failure the volume still uses its backing
 * image. */
static void without_space_the_volume_stays_as_it_was(void)
{
    struct rlimit limit, before;
    virStorageVolPtr vol;

    make_images("");
    vol = look_up(pool, "top");
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 1 * MIB;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_INT(virSparseVolFlatten(vol, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "p/top");
    CHECK_INT(virGetLastError()->int1, EFBIG);
    CHECK_INT(virSparseVolAllocate(vol, 0, 0, 0), -1);
    CHECK_ERR(VIR_ERR_SYSTEM_ERROR, VIR_FROM_STORAGE, "p/top");
    CHECK_INT(virGetLastError()->int1, EFBIG);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &before), 0);
    CHECK(reads_as_ref() && names_backing());
    CHECK_INT(virSparseVolFlatten(vol, 0), 0);
    CHECK(reads_as_ref() && !names_backing());
    CHECK_INT(virStorageVolFree(vol), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    extents_are_those_of_the_guest_or_of_the_file();
    a_flattened_volume_needs_nothing_below_and_reads_the_same();
    an_allocated_range_has_space_and_reads_the_same();
    what_is_in_use_or_needed_is_refused();
    without_space_the_volume_stays_as_it_was();
    CHECK_INT(run("rm -f %s/p/*", test_dir), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
