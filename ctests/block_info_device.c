/* How much of its device a qcow2 image uses: management tools extend the device by that.
 * `qemu-img check` reports the same for an image that is not in use. Needs a loop device, so it
 * runs as root only. */
#include "domain.h"

static unsigned long long image_end(const char *device)
{
    char command[PATH_MAX], *end;
    unsigned long long value = 0;
    FILE *pipe;
    char line[256];

    print_to(command, sizeof(command), "qemu-img check --output=json -f qcow2 '%s'", device);
    pipe = popen(command, "r");
    CHECK(pipe != NULL);
    while (fgets(line, sizeof(line), pipe))
        if ((end = strstr(line, "\"image-end-offset\": ")) != NULL)
            value = strtoull(strchr(end, ':') + 1, NULL, 10);
    CHECK_INT(pclose(pipe), 0);
    CHECK(value > 0);
    return value;
}

static unsigned long long in_statistics(virDomainPtr dom)
{
    virDomainPtr list[] = { dom, NULL };
    virDomainStatsRecordPtr *records = NULL;
    unsigned long long allocation = 0;

    CHECK_INT(virDomainListGetStats(list, VIR_DOMAIN_STATS_BLOCK, &records, 0), 1);
    CHECK_INT(virTypedParamsGetULLong(records[0]->params, records[0]->nparams,
                                      "block.0.allocation", &allocation), 1);
    virDomainStatsRecordListFree(records);
    return allocation;
}

static unsigned long long allocation(virDomainPtr dom)
{
    virDomainBlockInfo info;

    CHECK_INT(virDomainGetBlockInfo(dom, "vda", &info, 0), 0);
    CHECK_INT(info.capacity, 512 * MIB);
    CHECK_INT(info.physical, 64 * MIB);
    CHECK_INT(in_statistics(dom), info.allocation);
    return info.allocation;
}

int main(int argc, char **argv)
{
    virConnectPtr conn = fixture_open(argv[0], 120);
    unsigned long long used, before;
    char device[128] = "", xml[1024];
    virDomainPtr dom;
    FILE *out;
    int fd;

    (void)argc;
    CHECK_INT(run("truncate -s 64M %s", in_dir("backing")), 0);
    if (getuid() != 0 || run("losetup -f --show %s >%s 2>/dev/null", in_dir("backing"),
                             in_dir("device")) != 0) {
        CHECK_INT(virConnectClose(conn), 0);
        printf("block_info_device: NOT RUN: no loop device can be made here\n");
        return 0;
    }
    out = fopen(in_dir("device"), "r");
    CHECK(out != NULL && fgets(device, sizeof(device), out) != NULL);
    CHECK_INT(fclose(out), 0);
    device[strcspn(device, "\n")] = '\0';
    /* It lasts as long as somebody has it open. */
    fd = open(device, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    CHECK_INT(run("losetup -d %s && qemu-img create -q -f qcow2 %s 512M", device, device), 0);
    before = image_end(device);
    print_to(xml, sizeof(xml), "<disk type='block'><driver name='qemu' type='qcow2'/>"
                               "<source dev='%s'/><target dev='vda'/></disk>", device);
    dom = virDomainDefineXML(conn, domain_xml("d", xml, 1));
    CHECK(dom != NULL);
    /* The image of an inactive domain is not opened. */
    CHECK_INT(allocation(dom), 64 * MIB);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(allocation(dom), before);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 5M' -c 'write 300M 1M' '%s' >/dev/null",
                  disk_uri(dom, "vda")), 0);
    used = allocation(dom);
    CHECK(used >= before + 6 * MIB && used < 8 * MIB);
    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(image_end(device), used);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return check_done(__FILE__);
}
