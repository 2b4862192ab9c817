/* Statistics of many domains: which domains, which groups, and the values for disks. And queries
 * for which there is no data. */
#include "domain.h"
#include "newer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static virDomainStatsRecordPtr *records;

/* What is told of the first domain. */
static unsigned long long number(const char *name)
{
    unsigned long long value = 0;

    CHECK_INT(virTypedParamsGetULLong(records[0]->params, records[0]->nparams, name, &value), 1);
    return value;
}

static unsigned int count(const char *name)
{
    unsigned int value = 0;

    CHECK_INT(virTypedParamsGetUInt(records[0]->params, records[0]->nparams, name, &value), 1);
    return value;
}

static const char *text(const char *name)
{
    const char *value = NULL;

    CHECK_INT(virTypedParamsGetString(records[0]->params, records[0]->nparams, name, &value), 1);
    return value;
}

static int has(const char *name)
{
    return virTypedParamsGet(records[0]->params, records[0]->nparams, name) != NULL;
}

static void states(virConnectPtr conn, virDomainPtr dom, int state, int reason)
{
    int value = -1;

    CHECK_INT(virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_STATE, &records, 0), 1);
    CHECK_STR(virDomainGetName(records[0]->dom), virDomainGetName(dom));
    CHECK_INT(records[0]->nparams, 2);
    CHECK_STR(records[0]->params[0].field, "state.state");
    CHECK_STR(records[0]->params[1].field, "state.reason");
    CHECK_INT(virTypedParamsGetInt(records[0]->params, 2, "state.state", &value), 1);
    CHECK_INT(value, state);
    CHECK_INT(virTypedParamsGetInt(records[0]->params, 2, "state.reason", &value), 1);
    CHECK_INT(value, reason);
    CHECK(records[1] == NULL);
    virDomainStatsRecordListFree(records);
}

static void nothing(virDomainPtr dom)
{
    virDomainCheckpointPtr *checkpoints = NULL;
    char **messages = (char **)&messages;

    CHECK_INT(virDomainHasManagedSaveImage(dom, 0), 0);
    CHECK_INT(virDomainHasManagedSaveImage(dom, 1), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x1)");
    CHECK_INT(virDomainGetMessages(dom, &messages, VIR_DOMAIN_MESSAGE_TAINTING), 0);
    CHECK(messages == NULL);
    CHECK_INT(virDomainGetMessages(dom, NULL, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "msgs in virDomainGetMessages must not be NULL");
    CHECK_INT(virDomainGetMessages(dom, &messages, VIR_DOMAIN_MESSAGE_IOERRORS), 0);
    CHECK(messages == NULL);
    CHECK_INT(virDomainGetMessages(dom, &messages, 8), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x8)");
    CHECK_INT(virDomainListAllCheckpoints(dom, NULL, 0), 0);
    CHECK_INT(virDomainListAllCheckpoints(dom, &checkpoints, VIR_DOMAIN_CHECKPOINT_LIST_ROOTS), 0);
    CHECK(checkpoints != NULL && checkpoints[0] == NULL);
    free(checkpoints);
    CHECK_INT(virDomainListAllCheckpoints(dom, NULL, 1 << 9), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x200)");
}

/* A server that does not answer does not delay statistics of all domains. */
static void silent_server(virConnectPtr conn)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    virDomainPtr dom;
    char disk[512];

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0);
    CHECK_INT(bind(fd, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(fd, 1), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    print_to(disk, sizeof(disk),
             "<disk type='network'><source protocol='nbd' name='x'><host name='127.0.0.1' port='%d'/>"
             "</source><target dev='vda'/></disk>",
             ntohs(address.sin_port));
    dom = virDomainDefineXML(conn, domain_xml("remote", disk, 3));
    CHECK(dom != NULL);
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records, 0), 1);
    /* Nobody has called there. */
    CHECK_INT(accept(fd, NULL, NULL), -1);
    CHECK_INT(errno, EAGAIN);
    CHECK_STR(text("block.0.name"), "vda");
    CHECK(!has("block.0.capacity"));
    virDomainStatsRecordListFree(records);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(close(fd), 0);
}

/* The limits of libvirt 11.10 are those that the export sends its clients. */
static void limits(virDomainPtr dom)
{
#define LIMIT(name) \
    number(VIR_DOMAIN_STATS_BLOCK_PREFIX "0" VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_##name)
    CHECK_INT(run("nbdinfo --json '%s' >%s && cd %s && "
                  "grep -q '\"block_size_minimum\": %llu,' info && "
                  "grep -q '\"block_size_preferred\": %llu,' info && "
                  "grep -q '\"block_size_maximum\": %llu' info",
                  disk_uri(dom, "vda"), in_dir("info"), in_dir("."), LIMIT(REQUEST_ALIGNMENT),
                  LIMIT(TRANSFER_OPTIMAL), LIMIT(TRANSFER_MAX)), 0);
    CHECK(!has("block.1.limits.request_alignment"));
}

int main(int argc, char **argv)
{
    virConnectPtr conn = fixture_open(argv[0], 60), test;
    virDomainPtr dom, off, list[4] = { NULL, NULL, NULL, NULL };
    const unsigned int enforce = VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS;
    const unsigned int backing = VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING;

    (void)argc;
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records, 0), 0);
    CHECK(records != NULL && records[0] == NULL);
    virDomainStatsRecordListFree(records);
    virDomainStatsRecordListFree(NULL);
    silent_server(conn);

    set_size(in_dir("base"), MIB);
    CHECK_INT(run("qemu-img create -q -f qcow2 -F raw -b base %s 2M", in_dir("top")), 0);
    dom = virDomainDefineXML(conn, domain_xml("d", disk_xml("vda", "top", "qcow2", ""), 1));
    CHECK(dom != NULL);
    nothing(dom);
    states(conn, dom, VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_UNKNOWN);

    /* For an inactive domain: what its definition has, and the sizes of its images. */
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records, enforce), 1);
    CHECK_INT(number("balloon.current"), 1024);
    CHECK_INT(number("balloon.maximum"), 2048);
    CHECK_INT(count("vcpu.current"), 2);
    CHECK_INT(count("vcpu.maximum"), 2);
    CHECK_INT(count("block.count"), 1);
    CHECK_STR(text("block.0.name"), "vda");
    CHECK_STR(text("block.0.path"), in_dir("top"));
    CHECK_INT(number("block.0.capacity"), 2 * MIB);
    CHECK_INT(number("block.0.physical"), file_size(in_dir("top")));
    CHECK_INT(number("block.0.allocation"), file_allocation(in_dir("top")));
    CHECK(!has("block.0.wr.reqs") && !has("block.0.backingIndex"));
    CHECK(!has("cpu.time") && !has("vcpu.0.state") && !has("net.count"));
    virDomainStatsRecordListFree(records);

    CHECK_INT(virDomainCreate(dom), 0);
    states(conn, dom, VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_BOOTED);
    CHECK_INT(run("qemu-io -f raw -c 'write 0 64k' -c 'write 1M 64k' -c 'read 0 4k' '%s'",
                  disk_uri(dom, "vda")), 0);
    CHECK_INT(virDomainSetBlockThreshold(dom, "vda", 100 * MIB, 0), 0);
    CHECK_INT(virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_BLOCK, &records, backing), 1);
    CHECK(!has("state.state"));
    CHECK_INT(count("block.count"), 2);
    CHECK_INT(number("block.0.wr.reqs"), 2);
    CHECK_INT(number("block.0.wr.bytes"), 128 * KIB);
    CHECK(number("block.0.wr.times") > 0);
    CHECK(number("block.0.rd.bytes") >= 4 * KIB);
    CHECK(number("block.0.fl.reqs") > 0);
    CHECK_INT(number("block.0.threshold"), 100 * MIB);
    CHECK_INT(number("block.0.allocation"), file_allocation(in_dir("top")));
    CHECK_INT(count("block.0.backingIndex"), 1);
    limits(dom);
    CHECK_STR(text("block.1.name"), "vda");
    CHECK_STR(text("block.1.path"), in_dir("base"));
    CHECK_INT(count("block.1.backingIndex"), 2);
    CHECK_INT(number("block.1.capacity"), MIB);
    CHECK_INT(number("block.1.allocation"), file_allocation(in_dir("base")));
    CHECK(!has("block.1.wr.reqs"));
    /* The record has a reference of its own. */
    CHECK_INT(virDomainRef(records[0]->dom), 0);
    off = records[0]->dom;
    virDomainStatsRecordListFree(records);
    CHECK_STR(virDomainGetName(off), "d");
    CHECK_INT(virDomainFree(off), 0);

    /* Which domains. */
    off = virDomainDefineXML(conn, domain_xml("off", "", 2));
    CHECK(off != NULL);
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records, 0), 2);
    virDomainStatsRecordListFree(records);
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records,
                                          VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE), 1);
    CHECK_STR(virDomainGetName(records[0]->dom), "off");
    CHECK_INT(count("block.count"), 0);
    virDomainStatsRecordListFree(records);
    list[0] = off;
    list[1] = dom;
    list[2] = off;
    CHECK_INT(virDomainListGetStats(list, VIR_DOMAIN_STATS_STATE, &records, 0), 3);
    CHECK_STR(virDomainGetName(records[0]->dom), "off");
    CHECK_STR(virDomainGetName(records[1]->dom), "d");
    virDomainStatsRecordListFree(records);
    CHECK_INT(virDomainListGetStats(list, 0, &records, VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF),
              2);
    virDomainStatsRecordListFree(records);
    CHECK_INT(virDomainUndefine(off), 0);
    CHECK_INT(virDomainListGetStats(list, 0, &records, 0), 1);
    CHECK_STR(virDomainGetName(records[0]->dom), "d");
    virDomainStatsRecordListFree(records);
    CHECK_INT(virDomainHasManagedSaveImage(off, 0), -1);
    CHECK_CODE(VIR_ERR_NO_DOMAIN, "Domain not found");

    /* Nothing is executed: exporters ask for these, and take no refusal. */
    CHECK_INT(virConnectGetAllDomainStats(
                  conn, VIR_DOMAIN_STATS_CPU_TOTAL | VIR_DOMAIN_STATS_VCPU |
                            VIR_DOMAIN_STATS_INTERFACE | VIR_DOMAIN_STATS_PERF,
                  &records, enforce), 1);
    CHECK_INT(number("cpu.time"), 0);
    CHECK_INT(number("cpu.user"), 0);
    CHECK_INT(number("cpu.system"), 0);
    CHECK_INT(number("vcpu.1.time"), 0);
    CHECK_INT(number("vcpu.1.wait"), 0);
    CHECK(!has("vcpu.2.time"));
    CHECK_INT(count("net.count"), 0);
    virDomainStatsRecordListFree(records);

    /* Groups without data are left out, or refused. */
    CHECK_INT(virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_IOTHREAD, &records, 0), 1);
    CHECK_INT(records[0]->nparams, 0);
    virDomainStatsRecordListFree(records);
    CHECK_INT(virConnectGetAllDomainStats(conn, VIR_DOMAIN_STATS_IOTHREAD, &records, enforce), -1);
    CHECK_CODE(VIR_ERR_ARGUMENT_UNSUPPORTED, "Stats types bits 0x80 are not supported");
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, &records, 1 << 20), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "unsupported flags (0x100000)");
    CHECK_INT(virConnectGetAllDomainStats(conn, 0, NULL, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "retStats in virConnectGetAllDomainStats must not be NULL");
    CHECK_INT(virDomainListGetStats(NULL, 0, &records, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "doms in virDomainListGetStats must not be NULL");
    CHECK_INT(virDomainListGetStats(list + 3, 0, &records, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN, "invalid argument: doms array in "
              "virDomainListGetStats must contain at least one domain");
    test = virConnectOpen("test:///default");
    CHECK(test != NULL);
    CHECK_INT(virConnectGetAllDomainStats(test, VIR_DOMAIN_STATS_INTERFACE, &records, enforce), 1);
    CHECK_INT(count("net.count"), 1);
    CHECK_STR(text("net.0.name"), "testnet0");
    CHECK_INT(number("net.0.rx.bytes"), 0);
    CHECK_INT(number("net.0.tx.drop"), 0);
    virDomainStatsRecordListFree(records);
    list[0] = virDomainLookupByName(test, "test");
    CHECK_INT(virDomainListGetStats(list, 0, &records, 0), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_DOMAIN,
              "invalid argument: domains in 'doms' array must belong to a single connection");
    CHECK_INT(virDomainFree(list[0]), 0);
    CHECK_INT(virConnectClose(test), 0);

    CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainFree(off), 0);
    CHECK_INT(virDomainFree(dom), 0);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
