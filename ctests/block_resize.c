/* Resizing disks in use, with EXTEND only to a larger size; disks that cannot be resized; and disks
 * on block devices, which have the size of the device. */
#include "domain.h"
#include "newer.h"

#include <linux/loop.h>
#include <sys/ioctl.h>

#define BYTES VIR_DOMAIN_BLOCK_RESIZE_BYTES
#define CAPACITY VIR_DOMAIN_BLOCK_RESIZE_CAPACITY
#define EXTEND VIR_DOMAIN_BLOCK_RESIZE_EXTEND

static virConnectPtr conn;
static virDomainPtr dom;

static unsigned long long capacity(const char *disk)
{
    virDomainBlockInfo info;

    CHECK_INT(virDomainGetBlockInfo(dom, disk, &info, 0), 0);
    return info.capacity;
}

static void only_larger(const char *disk, const char *file)
{
    char text[128];

    CHECK_INT(virDomainBlockResize(dom, disk, 3 * MIB, BYTES | EXTEND), 0);
    CHECK_INT(capacity(disk), 3 * MIB);
    CHECK_INT(virDomainBlockResize(dom, disk, 3 * MIB, BYTES | EXTEND), 0);
    print_to(text, sizeof(text), "resize of '%s' would shrink it from '%llu' to '%llu' bytes", disk,
             3 * MIB, 2 * MIB);
    CHECK_INT(virDomainBlockResize(dom, disk, 2 * MIB, BYTES | EXTEND), -1);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text);
    CHECK_INT(virDomainBlockResize(dom, in_dir("%s", file), 2048, EXTEND), -1);
    CHECK_ERR(VIR_ERR_OPERATION_FAILED, VIR_FROM_DOMAIN, text);
    CHECK_INT(virDomainBlockResize(dom, disk, 0, EXTEND), -1);
    CHECK_CODE(VIR_ERR_OPERATION_FAILED, "to '0' bytes");
    CHECK_INT(capacity(disk), 3 * MIB);
    CHECK_INT(virDomainBlockResize(dom, disk, 2 * MIB, BYTES), 0);
    CHECK_INT(capacity(disk), 2 * MIB);
    CHECK_INT(virDomainBlockResize(dom, disk, 2 * MIB, BYTES | 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    /* Only the size of a device is known without being told. */
    CHECK_INT(virDomainBlockResize(dom, disk, 0, CAPACITY), -1);
    CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN,
              "block resize to full capacity supported only with 'raw' or local block-based disks");
    CHECK_INT(capacity(disk), 2 * MIB);
}

static void files(void)
{
    char disks[4096];

    set_size(in_dir("a"), 2 * MIB);
    CHECK_INT(run("qemu-img create -q -f qcow2 %s 2M", in_dir("b")), 0);
    print_to(disks, sizeof(disks), "%s%s", disk_xml("vda", "a", "raw", ""),
             disk_xml("vdb", "b", "qcow2", ""));
    dom = virDomainCreateXML(conn, domain_xml("d", disks, 1), 0);
    CHECK(dom != NULL);
    only_larger("vda", "a");
    only_larger("vdb", "b");
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* libvirt 9.0 and 12.9 refuse these before they look at the size. */
static void unchangeable(void)
{
    static const char *const targets[] = { "vdb", "vdc", "sdd", "sde" };
    char disks[4096], text[128];
    size_t i;

    CHECK_INT(run("qemu-img create -q -f qcow2 %s 2M", in_dir("c")), 0);
    print_to(disks, sizeof(disks), "%s%s%s%s", disk_xml("vdb", "a", "raw", "<readonly/>"),
             disk_xml("vdc", "c", "qcow2", "<readonly/>"),
             "<disk type='file' device='cdrom'><target dev='sdd' bus='sata'/></disk>",
             "<disk type='file' device='floppy'><target dev='sde' bus='fdc'/></disk>");
    dom = virDomainCreateXML(conn, domain_xml("d", disks, 1), 0);
    CHECK(dom != NULL);
    for (i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        print_to(text, sizeof(text), "can't resize empty or readonly disk '%s'", targets[i]);
        CHECK_INT(virDomainBlockResize(dom, targets[i], 2 * MIB, BYTES), -1);
        CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);
        CHECK_INT(virDomainBlockResize(dom, targets[i], 0, CAPACITY), -1);
        CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);
        CHECK_INT(virDomainBlockResize(dom, targets[i], MIB, BYTES | EXTEND), -1);
        CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);
        CHECK_INT(virDomainBlockResize(dom, targets[i], MIB, 8), -1);
        CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    }
    CHECK_INT(capacity("vdb"), 2 * MIB);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

/* Extending the file behind a loop device stands for a device that has grown. */
static void a_device(const char *device, int fd)
{
    char xml[1024], text[128];

    print_to(xml, sizeof(xml), "<disk type='block'><driver name='qemu' type='raw'/>"
                               "<source dev='%s'/><target dev='vda'/></disk>", device);
    dom = virDomainCreateXML(conn, domain_xml("d", xml, 1), 0);
    CHECK(dom != NULL);
    CHECK_INT(run("nbdinfo --size '%s' | grep -qx %llu", disk_uri(dom, "vda"), 4 * MIB), 0);
    CHECK_INT(virDomainBlockResize(dom, "vda", 0, CAPACITY), 0);
    set_size(in_dir("backing"), 6 * MIB);
    CHECK_INT(ioctl(fd, LOOP_SET_CAPACITY), 0);

    print_to(text, sizeof(text), "Requested resize to '%llu' but device size is '%llu'", 5 * MIB,
             6 * MIB);
    CHECK_INT(virDomainBlockResize(dom, "vda", 5 * 1024, CAPACITY), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, text);
    print_to(text, sizeof(text), "block device backed disk must be resized to its actual size '%llu'",
             6 * MIB);
    CHECK_INT(virDomainBlockResize(dom, "vda", 5 * MIB, BYTES), -1);
    CHECK_ERR(VIR_ERR_OPERATION_UNSUPPORTED, VIR_FROM_DOMAIN, text);

    CHECK_INT(virDomainBlockResize(dom, "vda", 0, CAPACITY | EXTEND), 0);
    CHECK_INT(capacity("vda"), 6 * MIB);
    CHECK_INT(virDomainBlockResize(dom, "vda", 6 * MIB, BYTES | CAPACITY), 0);
    CHECK_INT(virDomainBlockResize(dom, "vda", 6 * MIB, BYTES), 0);
    CHECK_INT(run("qemu-io -f raw -c 'write -P 7 5M 64k' -c 'read -P 7 5M 64k' '%s'",
                  disk_uri(dom, "vda")), 0);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

int main(int argc, char **argv)
{
    char device[128] = "";
    FILE *out;
    int fd;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    files();
    unchangeable();
    set_size(in_dir("backing"), 4 * MIB);
    if (getuid() != 0 || run("losetup -f --show %s >%s 2>/dev/null", in_dir("backing"),
                             in_dir("device")) != 0) {
        check_not_run("a device", "no loop device can be made here");
    } else {
        out = fopen(in_dir("device"), "r");
        CHECK(out != NULL && fgets(device, sizeof(device), out) != NULL);
        CHECK_INT(fclose(out), 0);
        device[strcspn(device, "\n")] = '\0';
        /* It lasts as long as somebody has it open. */
        fd = open(device, O_RDWR | O_CLOEXEC);
        CHECK(fd >= 0);
        CHECK_INT(run("losetup -d %s", device), 0);
        a_device(device, fd);
        CHECK_INT(close(fd), 0);
    }
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
