/* What a connection reports about the machine. The machine of test:///default is invented, with
 * the numbers of libvirt's own driver: the program runs on both. Connections to files report the
 * real machine. */
#include "fixture.h"

#include <dlfcn.h>

#define URI "test:///default"

static virConnectPtr conn;

static void versions_and_kind(void)
{
    unsigned long version = 0;
    char host[256] = "";
    char *name;

    CHECK_STR(virConnectGetType(conn), "TEST");
    CHECK_INT(virConnectGetVersion(conn, &version), 0);
    CHECK_INT(version, 2);
    name = virConnectGetHostname(conn);
    CHECK_INT(gethostname(host, sizeof(host) - 1), 0);
    CHECK(name && strncmp(name, host, strlen(host)) == 0);
    free(name);
    name = virConnectGetURI(conn);
    CHECK_STR(name, URI);
    free(name);
    CHECK_INT(virConnectIsAlive(conn), 1);
    CHECK_INT(virConnectIsSecure(conn), 1);
    CHECK_INT(virConnectIsEncrypted(conn), 0);
}

static void info(void)
{
    virNodeInfo node;

    CHECK_INT(virNodeGetInfo(conn, &node), 0);
    CHECK_STR(node.model, "i686");
    CHECK_INT(node.memory, 3145728);
    CHECK_INT(node.cpus, 16);
    CHECK_INT(node.mhz, 1400);
    CHECK_INT(node.nodes, 2);
    CHECK_INT(node.sockets, 2);
    CHECK_INT(node.cores, 2);
    CHECK_INT(node.threads, 2);
    CHECK_INT(VIR_NODEINFO_MAXCPUS(node), 16);
    CHECK_INT(virNodeGetInfo(conn, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "info in virNodeGetInfo must not be NULL");
    CHECK_INT(virNodeGetInfo(NULL, &node), -1);
    CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "virNodeGetInfo");
    CHECK_INT(virConnectGetMaxVcpus(conn, NULL), 32);
    CHECK_INT(virConnectGetMaxVcpus(conn, "anything"), 32);
    CHECK_INT(virConnectGetMaxVcpus(NULL, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_CONN, VIR_FROM_DOMAIN, "virConnectGetMaxVcpus");
}

static void memory(void)
{
    unsigned long long cells[4] = {0, 0, 7, 7};
    int count = 0;

    CHECK(virNodeGetFreeMemory(conn) == 3145728);
    CHECK_INT(virNodeGetCellsFreeMemory(conn, cells, 0, 4), 2);
    CHECK(cells[0] == 2097152 && cells[1] == 4194304 && cells[2] == 7);
    CHECK_INT(virNodeGetCellsFreeMemory(conn, cells, 1, 1), 1);
    CHECK(cells[0] == 4194304);
    CHECK_INT(virNodeGetCellsFreeMemory(conn, cells, 2, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "Range exceeds available cells");
    CHECK_INT(virNodeGetCellsFreeMemory(conn, cells, 0, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "maxCells in virNodeGetCellsFreeMemory must be greater than zero");
    CHECK_INT(virNodeGetCellsFreeMemory(conn, cells, -1, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "startCell in virNodeGetCellsFreeMemory must be zero or greater");
    CHECK_INT(virNodeGetCellsFreeMemory(conn, NULL, 0, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "freeMems");
    CHECK_INT(virNodeGetMemoryStats(conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &count, 0), -1);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN,
              "this function is not supported by the connection driver: virNodeGetMemoryStats");
    CHECK_INT(virNodeGetMemoryStats(conn, -2, NULL, &count, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "cellNum in virNodeGetMemoryStats only accepts -1 as a negative value");
}

static void cpus(void)
{
    virNodeCPUStats stats[6];
    unsigned char *map = NULL;
    unsigned int online = 0;
    int count = 0;

    CHECK_INT(virNodeGetCPUMap(conn, &map, &online, 0), 8);
    CHECK(map != NULL);
    CHECK_INT(map[0], 0x15);
    CHECK_INT(online, 3);
    free(map);
    CHECK_INT(virNodeGetCPUMap(conn, NULL, NULL, 0), 8);
    CHECK_INT(virNodeGetCPUMap(conn, NULL, NULL, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");

    CHECK_INT(virNodeGetCPUStats(conn, VIR_NODE_CPU_STATS_ALL_CPUS, NULL, &count, 0), 0);
    CHECK_INT(count, 5);
    count = 6;
    CHECK_INT(virNodeGetCPUStats(conn, 3, stats, &count, 0), 0);
    CHECK_INT(count, 5);
    CHECK_STR(stats[0].field, VIR_NODE_CPU_STATS_USER);
    CHECK(stats[0].value == 9797400000ULL);
    CHECK_STR(stats[1].field, VIR_NODE_CPU_STATS_KERNEL);
    CHECK(stats[1].value == 34678723400000ULL);
    CHECK_STR(stats[2].field, VIR_NODE_CPU_STATS_IDLE);
    CHECK(stats[2].value == 87264900000ULL);
    CHECK_STR(stats[3].field, VIR_NODE_CPU_STATS_IOWAIT);
    CHECK(stats[3].value == 763600000ULL);
    /* libvirt has it since 11.8, and the available memory since 12.3. */
    CHECK_STR(stats[4].field, "guest");
    CHECK(stats[4].value == 1797400000ULL);
    count = 2;
    stats[2].value = 5;
    CHECK_INT(virNodeGetCPUStats(conn, 0, stats, &count, 0), 0);
    CHECK_INT(count, 2);
    CHECK(stats[2].value == 5);
    CHECK_INT(virNodeGetCPUStats(conn, -2, stats, &count, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "cpuNum in virNodeGetCPUStats only accepts -1 as a negative value");
    count = -1;
    CHECK_INT(virNodeGetCPUStats(conn, 0, stats, &count, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "*nparams in virNodeGetCPUStats must be zero or greater");
    CHECK_INT(virNodeGetCPUStats(conn, 0, stats, NULL, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "nparams");
}

static void descriptions(void)
{
    static const char *const parts[] = {
        "<arch>i686</arch>",
        "<pages unit='KiB' size='1048576'/>",
        "<iommu support='no'/>",
        "<cells num='2'>",
        "<memory unit='KiB'>4194304</memory>",
        "<pages unit='KiB' size='8'>524288</pages>",
        "<cpu id='15' socket_id='1' die_id='0' core_id='7' siblings='15'/>",
        "<model>testSecurity</model>",
        "<os_type>hvm</os_type>",
        "<os_type>xen</os_type>",
        "<wordsize>32</wordsize>",
        "<emulator>/usr/bin/test-hv</emulator>",
        "<domain type='test'/>",
    };
    virSecurityModel model;
    char *xml = virConnectGetCapabilities(conn);
    size_t i;

    CHECK(xml != NULL);
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!strstr(xml, parts[i]))
            fprintf(stderr, "missing: %s\n", parts[i]);
        CHECK(strstr(xml, parts[i]) != NULL);
    }
    free(xml);
    xml = virConnectGetSysinfo(conn, 0);
    CHECK_STR(xml, "<sysinfo type='smbios'>\n"
                   "  <bios>\n"
                   "    <entry name='vendor'>LENOVO</entry>\n"
                   "    <entry name='version'>G4ETA1WW (2.61 )</entry>\n"
                   "    <entry name='date'>05/07/2014</entry>\n"
                   "    <entry name='release'>2.61</entry>\n"
                   "  </bios>\n"
                   "</sysinfo>\n");
    free(xml);
    CHECK(virConnectGetSysinfo(conn, 1) == NULL);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virNodeGetSecurityModel(conn, &model), 0);
    CHECK_STR(model.model, "testSecurity");
    CHECK_STR(model.doi, "");
    CHECK_INT(virNodeGetSecurityModel(conn, NULL), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "secmodel");
}

/* The machine that this runs on. */
static void real_machine(void)
{
    virConnectPtr real = virConnectOpen(test_uri);
    unsigned long long cells[1], free_now;
    unsigned int online = 0, i, set = 0;
    virNodeMemoryStats used[5];
    unsigned char *map = NULL;
    virSecurityModel model;
    virNodeCPUStats times[5];
    virNodeInfo node;
    int count, all;

    CHECK(real != NULL);
    CHECK_INT(virNodeGetInfo(real, &node), 0);
    CHECK_INT(node.cpus, sysconf(_SC_NPROCESSORS_ONLN));
    CHECK(node.memory == (unsigned long)sysconf(_SC_PHYS_PAGES) * (sysconf(_SC_PAGESIZE) / 1024));
    CHECK(VIR_NODEINFO_MAXCPUS(node) >= node.cpus);
    CHECK(virConnectGetMaxVcpus(real, NULL) > 0);
    free_now = virNodeGetFreeMemory(real);
    CHECK(free_now > 0 && free_now / 1024 < node.memory);
    CHECK_INT(virNodeGetCellsFreeMemory(real, cells, 0, 1), 1);
    CHECK(cells[0] > 0 && cells[0] / 1024 < node.memory);
    CHECK_INT(virNodeGetCellsFreeMemory(real, cells, 100000, 1), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "Range exceeds available cells");

    all = virNodeGetCPUMap(real, &map, &online, 0);
    CHECK(all >= (int)node.cpus);
    CHECK_INT(online, node.cpus);
    for (i = 0; i < (unsigned int)all; i++)
        set += (map[i / 8] >> i % 8) & 1;
    CHECK_INT(set, online);
    free(map);
    count = 5;
    CHECK_INT(virNodeGetCPUStats(real, VIR_NODE_CPU_STATS_ALL_CPUS, times, &count, 0), 0);
    CHECK_INT(count, 5);
    CHECK_STR(times[1].field, VIR_NODE_CPU_STATS_USER);
    CHECK(times[1].value > 0);
    CHECK_INT(virNodeGetCPUStats(real, 100000, times, &count, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "there is no CPU 100000");
    count = 0;
    CHECK_INT(virNodeGetMemoryStats(real, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &count, 0), 0);
    CHECK_INT(count, 5);
    CHECK_INT(virNodeGetMemoryStats(real, VIR_NODE_MEMORY_STATS_ALL_CELLS, used, &count, 0), 0);
    CHECK_STR(used[0].field, VIR_NODE_MEMORY_STATS_TOTAL);
    CHECK(used[0].value == node.memory);
    CHECK_STR(used[1].field, VIR_NODE_MEMORY_STATS_FREE);
    CHECK(used[1].value > 0 && used[1].value < node.memory);
    CHECK_STR(used[4].field, "available");
    CHECK(used[4].value > 0 && used[4].value <= node.memory);
    count = 0;
    CHECK_INT(virNodeGetMemoryStats(real, 0, NULL, &count, 0), 0);
    CHECK_INT(count, 2);
    CHECK_INT(virNodeGetMemoryStats(real, 100000, NULL, &count, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "there is no cell 100000");
    CHECK(virConnectGetSysinfo(real, 0) == NULL);
    CHECK_ERR(VIR_ERR_NO_SUPPORT, VIR_FROM_DOMAIN, "virConnectGetSysinfo");
    CHECK_INT(virNodeGetSecurityModel(real, &model), 0);
    CHECK_STR(model.model, "");
    CHECK_INT(virConnectClose(real), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    fixture_prepare(argv[0], 60);
    ours = dlsym(RTLD_DEFAULT, "virSparseStreamGetStats") != NULL;
    conn = virConnectOpen(URI);
    CHECK(conn != NULL);
    versions_and_kind();
    info();
    memory();
    cpus();
    descriptions();
    CHECK_INT(virConnectClose(conn), 0);
    if (ours)
        real_machine();
    return CHECK_DONE();
}
