/* A volume whose header cannot be read at the moment is not taken for a raw one: the call fails
 * with the cause, and the file is unchanged. Only if this process has no permission to read it,
 * the XML says that the format is unknown.
 * ctest: ours-only because libvirt's daemon is another process */
#include "domain.h"
#include "faults.h"

static virConnectPtr conn;
static virStoragePoolPtr pool;
static virStorageVolPtr vol;
static unsigned long long container;
static virStreamPtr to_be_freed;

/* The data that a guest reads from both images. */
#define CAPACITY (8 * MIB)

enum fault { DESCRIPTORS, READS, SHORT, DENIED, FAULTS };
enum call { INFO, XML, RESIZE, CLONE, DOWNLOAD, DELETE, CALLS };

static int given_info(void)
{
    virStorageVolInfo info;

    if (virStorageVolGetInfo(vol, &info) != 0)
        return -1;
    CHECK_INT(info.capacity, CAPACITY);
    return 0;
}

static int given_xml(void)
{
    char *xml = virStorageVolGetXMLDesc(vol, 0);

    if (!xml)
        return -1;
    CHECK(strstr(xml, "<format type='qcow2'/>") != NULL);
    CHECK(strstr(xml, "<capacity unit='bytes'>8388608</capacity>") != NULL);
    CHECK(strstr(xml, "<backingStore>") != NULL);
    CHECK(strstr(xml, in_dir("p/base")) != NULL);
    free(xml);
    return 0;
}

static int cloned(void)
{
    virStorageVolPtr made = virStorageVolCreateXMLFrom(pool, vol_xml("clone", CAPACITY, 0), vol, 0);

    if (!made) {
        CHECK(!exists(in_dir("p/clone")));
        return -1;
    }
    CHECK_INT(virStorageVolFree(made), 0);
    return 0;
}

/* A stream that exceeds a raw volume is refused; volumes in an image format may be exceeded. */
static int downloaded(void)
{
    virStreamPtr st = virStreamNew(conn, 0);
    int done;

    CHECK(st != NULL);
    done = virStorageVolDownload(vol, st, container + 1, 0, 0);
    if (done == 0)
        CHECK_INT(virStreamAbort(st), 0);
    /* Freeing the volume here would hide the error. */
    to_be_freed = st;
    return done;
}

static int made(enum call call)
{
    switch (call) {
    case INFO:
        return given_info();
    case XML:
        return given_xml();
    case RESIZE:
        return virStorageVolResize(vol, 2 * CAPACITY, 0);
    case CLONE:
        return cloned();
    case DOWNLOAD:
        return downloaded();
    default:
        return virStorageVolDelete(vol, 0);
    }
}

static void look_at_it(enum call call, int done)
{
    if (call == CLONE && done == 0) {
        virStorageVolPtr clone = virStorageVolLookupByName(pool, "clone");

        CHECK(clone != NULL);
        CHECK_INT(run("qemu-img compare -f raw -F qcow2 %s %s >/dev/null", in_dir("p/clone"),
                      in_dir("p/v")), 0);
        vol_gone(clone);
    }
    CHECK_INT(virStoragePoolNumOfVolumes(pool), exists(in_dir("p/v")) ? 2 : 1);
    if (call == DELETE) {
        CHECK_INT(exists(in_dir("p/v")), done != 0);
        return;
    }
    CHECK_INT(run("qemu-img check -q %s", in_dir("p/v")), 0);
    CHECK_INT(run("qemu-img info %s | grep -q 'virtual size: %s'", in_dir("p/v"),
                  call == RESIZE && done == 0 ? "16 MiB" : "8 MiB"), 0);
}

static void make_it(void)
{
    CHECK_INT(run("qemu-img create -q -f qcow2 -b %s -F raw %s 8M && qemu-io -f qcow2 -c"
                  " 'write -q -P 3 1M 64k' %s", in_dir("p/base"), in_dir("p/v"), in_dir("p/v")), 0);
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    vol = virStorageVolLookupByName(pool, "v");
    CHECK(vol != NULL);
    container = file_size(in_dir("p/v"));
}

/* Whether the fault was met. */
static int tried(enum call call, enum fault fault, int position)
{
    int done, met;

    make_it();
    if (fault == DESCRIPTORS)
        leave_descriptors(position);
    good_reads = fault == READS ? position : -1;
    longest_read = fault == SHORT ? 3 : 0;
    done = made(call);
    met = fault == READS && good_reads < 0;
    good_reads = -1;
    longest_read = 0;
    free_descriptors();
    if (done != 0) {
        CHECK_INT(done, -1);
        CHECK(virGetLastError() != NULL);
        CHECK_INT(virGetLastError()->code, VIR_ERR_SYSTEM_ERROR);
        CHECK_INT(virGetLastError()->int1, fault == DESCRIPTORS ? EMFILE : EIO);
    }
    CHECK(fault != SHORT || done == 0);
    if (to_be_freed)
        CHECK_INT(virStreamFree(to_be_freed), 0);
    to_be_freed = NULL;
    look_at_it(call, done);
    CHECK_INT(virStorageVolFree(vol), 0);
    CHECK_INT(run("rm -f %s", in_dir("p/v")), 0);
    return fault == DESCRIPTORS ? done != 0 : met;
}

static void denied(void)
{
    virStorageVolInfo info;
    char *xml;

    make_it();
    print_to(bad_path, sizeof(bad_path), "/proc/self/fd/");
    bad_errno = EACCES;
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, container);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    CHECK(strstr(xml, "<format type='unknown'/>") != NULL);
    free(xml);
    CHECK_INT(virStorageVolResize(vol, 2 * CAPACITY, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Permission denied");
    CHECK_INT(cloned(), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Permission denied");
    bad_errno = EIO;
    CHECK_INT(virStorageVolGetInfo(vol, &info), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "Input/output error");
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, in_dir("p/v"));
    bad_errno = 0;
    CHECK_INT(given_info(), 0);
    look_at_it(INFO, 0);
    CHECK_INT(virStorageVolDelete(vol, 0), 0);
    CHECK_INT(virStorageVolFree(vol), 0);
}

int main(int argc, char **argv)
{
    int call, fault;

    (void)argc;
    conn = fixture_open(argv[0], 900);
    pool = make_pool(conn, "p");
    write_pattern(in_dir("p/base"), 100 * KIB, 0, 1);
    set_size(in_dir("p/base"), CAPACITY);
    limit_descriptors(128);
    for (call = 0; call < CALLS; call++) {
        for (fault = 0; fault < DENIED; fault++) {
            int position = 0;

            while (tried((enum call)call, (enum fault)fault, position)) {
                /* Reads of the copy are not counted here. */
                if (++position == 12)
                    break;
            }
            CHECK(position > 0 || fault == SHORT || call == DELETE);
        }
    }
    denied();
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
