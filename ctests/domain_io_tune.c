/* Limits of guests' I/O, and what happens to their discards and zeros. To prove a limit, the
 * test sends requests that would take hours, which finish at once when the limit is removed. */
#include "domain.h"
#include "nbd.h"

static virConnectPtr conn;

static virDomainPtr define(const char *driver, const char *inside, const char *more)
{
    char xml[4096];
    virDomainPtr dom;

    CHECK_INT(run("rm -f %s && truncate -s 64M %s && rm -f %s && truncate -s 64M %s",
                  in_dir("a"), in_dir("a"), in_dir("b"), in_dir("b")), 0);
    print_to(xml, sizeof(xml),
             "<disk type='file' device='disk'><driver name='qemu' type='raw'%s/><source file='%s'/>"
             "<target dev='vda' bus='virtio'/>%s</disk>%s", driver, in_dir("a"), inside, more);
    dom = virDomainDefineXML(conn, domain_xml("d", xml, 1));
    return dom;
}

static void gone(virDomainPtr dom)
{
    if (virDomainIsActive(dom) == 1)
        CHECK_INT(virDomainDestroy(dom), 0);
    CHECK_INT(virDomainUndefine(dom), 0);
    CHECK_INT(virDomainFree(dom), 0);
}

static int set(virDomainPtr dom, const char *disk, const char *name, unsigned long long value,
               unsigned int flags)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0, max = 0, result;

    CHECK_INT(virTypedParamsAddULLong(&params, &nparams, &max, name, value), 0);
    result = virDomainSetBlockIoTune(dom, disk, params, nparams, flags);
    virTypedParamsFree(params, nparams);
    return result;
}

static unsigned long long get(virDomainPtr dom, const char *disk, const char *name,
                              unsigned int flags)
{
    virTypedParameter params[20];
    unsigned long long value = 12345;
    int nparams = 20;

    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetBlockIoTune(dom, disk, params, &nparams, flags), 0);
    CHECK_INT(nparams, 20);
    CHECK_INT(virTypedParamsGetULLong(params, nparams, name, &value), 1);
    virTypedParamsClear(params, nparams);
    return value;
}

static void parameters(void)
{
    static const char *const order[] = {
        "total_bytes_sec", "read_bytes_sec", "write_bytes_sec", "total_iops_sec", "read_iops_sec",
        "write_iops_sec", "total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max",
        "total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max", "size_iops_sec",
        "group_name", "total_bytes_sec_max_length", "read_bytes_sec_max_length",
        "write_bytes_sec_max_length", "total_iops_sec_max_length", "read_iops_sec_max_length",
        "write_iops_sec_max_length"
    };
    virDomainPtr dom = define("", "<iotune><read_bytes_sec>1000</read_bytes_sec>"
                                  "<read_bytes_sec_max>5000</read_bytes_sec_max></iotune>", "");
    virTypedParameter params[20];
    int nparams = 0, i;
    char *xml;

    CHECK(dom != NULL);
    CHECK_INT(virDomainGetBlockIoTune(dom, NULL, NULL, &nparams, 0), 0);
    CHECK_INT(nparams, 20);
    memset(params, 0, sizeof(params));
    CHECK_INT(virDomainGetBlockIoTune(dom, "vda", params, &nparams, 0), 0);
    for (i = 0; i < 20; i++) {
        CHECK_STR(params[i].field, order[i]);
        CHECK_INT(params[i].type, i == 13 ? VIR_TYPED_PARAM_STRING : VIR_TYPED_PARAM_ULLONG);
    }
    CHECK_STR(params[13].value.s, "");
    virTypedParamsClear(params, nparams);
    CHECK_INT(get(dom, "vda", "read_bytes_sec", 0), 1000);
    CHECK_INT(get(dom, "vda", "read_bytes_sec_max", 0), 5000);
    /* A new value replaces those that it excludes in the definition. */
    CHECK_INT(set(dom, "vda", "write_bytes_sec", 2000, VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED,
               "value 'read_bytes_sec_max' cannot be set if 'read_bytes_sec' is not set");
    CHECK_INT(set(dom, "vda", "read_bytes_sec_max", 0, 0), 0);
    CHECK_INT(set(dom, "vda", "write_bytes_sec", 2000, VIR_DOMAIN_AFFECT_CONFIG), 0);
    CHECK_INT(set(dom, "vda", "total_iops_sec", 7, 0), 0);
    CHECK_INT(get(dom, "vda", "read_bytes_sec", 0), 0);
    xml = virDomainGetXMLDesc(dom, 0);
    CHECK(xml && strstr(xml, "<write_bytes_sec>2000</write_bytes_sec>"));
    CHECK(xml && strstr(xml, "<total_iops_sec>7</total_iops_sec>"));
    CHECK(xml && !strstr(xml, "<read_bytes_sec>"));
    free(xml);

    CHECK_INT(set(dom, "vda", "bogus", 1, 0), -1);
    CHECK_CODE(VIR_ERR_ARGUMENT_UNSUPPORTED, "bogus");
    CHECK_INT(set(dom, "vdz", "total_iops_sec", 1, 0), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "vdz");
    CHECK_INT(set(dom, "vda", "total_iops_sec", 1000000000000001ULL, 0), -1);
    CHECK_CODE(VIR_ERR_ARGUMENT_UNSUPPORTED, "no more than 1000000000000000");
    CHECK_INT(set(dom, "vda", "total_iops_sec", 1, VIR_DOMAIN_AFFECT_LIVE), -1);
    CHECK_CODE(VIR_ERR_OPERATION_INVALID, "not running");
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(set(dom, "vda", "total_iops_sec", 9, VIR_DOMAIN_AFFECT_LIVE), 0);
    CHECK_INT(get(dom, "vda", "total_iops_sec", 0), 9);
    CHECK_INT(get(dom, "vda", "total_iops_sec", VIR_DOMAIN_AFFECT_CONFIG), 7);
    nparams = 0;
    CHECK_INT(virDomainGetBlockIoTune(dom, "vda", NULL, &nparams,
                                      VIR_DOMAIN_AFFECT_LIVE | VIR_DOMAIN_AFFECT_CONFIG), -1);
    CHECK_CODE(VIR_ERR_INVALID_ARG, "exclusive");
    gone(dom);
    CHECK(define("", "<iotune><total_iops_sec>1</total_iops_sec><read_iops_sec>1</read_iops_sec>"
                     "</iotune>", "") == NULL);
    CHECK_CODE(VIR_ERR_XML_ERROR, "total and read/write iops_sec cannot be set at the same time");
    dom = define("", "<iotune><total_iops_sec_max>1</total_iops_sec_max></iotune>", "");
    CHECK(dom != NULL);
    CHECK_INT(virDomainCreate(dom), -1);
    CHECK_CODE(VIR_ERR_CONFIG_UNSUPPORTED, "value 'total_iops_sec_max' cannot be set");
    gone(dom);
}

struct guest {
    virDomainPtr dom;
    const char *target;
    unsigned int type;
    pthread_t thread;
    volatile int done;
    volatile int error;
};

/* Two requests of 1 MiB: the first is let in whole, and the second waits for it. */
static void *two_requests(void *opaque)
{
    struct guest *g = (struct guest *)opaque;
    char *data = (char *)calloc(1, MIB);
    int fd = nbd_open(g->dom, g->target);
    int i;

    CHECK(data != NULL);
    for (i = 0; i < 2 && g->error == 0; i++) {
        g->error = nbd_request(fd, g->type, data, MIB, 0);
        g->done++;
    }
    CHECK_INT(close(fd), 0);
    free(data);
    return NULL;
}

static void begin(struct guest *g, virDomainPtr dom, const char *target, unsigned int type)
{
    memset(g, 0, sizeof(*g));
    g->dom = dom;
    g->target = target;
    g->type = type;
    CHECK_INT(pthread_create(&g->thread, NULL, two_requests, g), 0);
}

static void end(struct guest *g)
{
    CHECK_INT(pthread_join(g->thread, NULL), 0);
}

static void held(void)
{
    virDomainPtr dom = define("", "<iotune><write_bytes_sec>1</write_bytes_sec></iotune>", "");
    struct guest g, other;

    CHECK_INT(virDomainCreate(dom), 0);
    begin(&g, dom, "vda", NBD_WRITE);
    while (g.done < 1)
        short_pause();
    /* Reads have no limit. */
    begin(&other, dom, "vda", NBD_READ);
    end(&other);
    CHECK_INT(other.done, 2);
    CHECK_INT(g.done, 1);
    /* Without the limit the request goes on. */
    CHECK_INT(set(dom, "vda", "write_bytes_sec", 0, VIR_DOMAIN_AFFECT_LIVE), 0);
    end(&g);
    CHECK(g.done == 2 && g.error == 0);
    /* The next limit is one of requests, and is set while the guest is at work. */
    CHECK_INT(set(dom, "vda", "read_iops_sec", 1, VIR_DOMAIN_AFFECT_LIVE), 0);
    CHECK_INT(set(dom, "vda", "size_iops_sec", 1, VIR_DOMAIN_AFFECT_LIVE), 0);
    begin(&g, dom, "vda", NBD_READ);
    while (g.done < 1)
        short_pause();
    usleep(50000);
    CHECK_INT(g.done, 1);
    /* A domain that is stopped does not wait for a limit, which would take days. */
    CHECK_INT(virDomainDestroy(dom), 0);
    end(&g);
    CHECK(g.error != 0);
    gone(dom);
}

/* Disks of a group share their limits. */
static void shared(void)
{
    char second[PATH_MAX + 512];
    const char *tune = "<iotune><total_bytes_sec>1</total_bytes_sec><group_name>g</group_name>"
                       "</iotune>";
    struct guest g, other;
    virDomainPtr dom;

    print_to(second, sizeof(second),
             "<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/>"
             "<target dev='vdb' bus='virtio'/>%s</disk>", in_dir("b"), tune);
    dom = define("", tune, second);
    CHECK_INT(virDomainCreate(dom), 0);
    begin(&g, dom, "vda", NBD_READ);
    while (g.done < 1)
        short_pause();
    begin(&other, dom, "vdb", NBD_READ);
    usleep(50000);
    CHECK_INT(other.done, 0);
    CHECK_INT(set(dom, "vdb", "total_bytes_sec", 1000000000, VIR_DOMAIN_AFFECT_LIVE), 0);
    end(&g);
    end(&other);
    CHECK(g.done == 2 && other.done == 2);
    CHECK_INT(get(dom, "vda", "total_bytes_sec", 0), 1000000000);
    gone(dom);
}

static unsigned long long left_after(const char *driver, const char *command)
{
    virDomainPtr dom = define(driver, "", "");
    unsigned long long left;

    CHECK_INT(run("qemu-io -f raw -c 'write -P 1 0 1M' %s >/dev/null", in_dir("a")), 0);
    CHECK_INT(virDomainCreate(dom), 0);
    CHECK_INT(run("qemu-io -d unmap -f raw -c '%s' '%s' >/dev/null", command, disk_uri(dom, "vda")),
              0);
    gone(dom);
    left = file_allocation(in_dir("a"));
    CHECK_INT(run("qemu-io -f raw -c 'read -P %d 0 1M' %s | grep -q 'read 1048576'",
                  strncmp(command, "write", 5) == 0 || left == 0 ? 0 : 1, in_dir("a")), 0);
    return left;
}

static void discards_and_zeros(void)
{
    CHECK_INT(left_after("", "discard 0 1M"), 0);
    CHECK_INT(left_after(" discard='unmap'", "discard 0 1M"), 0);
    CHECK_INT(left_after(" discard='ignore'", "discard 0 1M"), MIB);
    CHECK_INT(left_after("", "write -z -u 0 1M"), 0);
    CHECK_INT(left_after(" discard='ignore'", "write -z -u 0 1M"), MIB);
    CHECK_INT(left_after("", "write -P 0 0 1M"), MIB);
    CHECK_INT(left_after(" detect_zeroes='on'", "write -P 0 0 1M"), MIB);
    CHECK_INT(left_after(" detect_zeroes='unmap'", "write -P 0 0 1M"), MIB);
    CHECK_INT(left_after(" detect_zeroes='unmap' discard='ignore'", "write -P 0 0 1M"), MIB);
    CHECK_INT(left_after(" detect_zeroes='unmap' discard='unmap'", "write -P 0 0 1M"), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    parameters();
    held();
    shared();
    discards_and_zeros();
    CHECK_INT(virConnectClose(conn), 0);
    return check_done(__FILE__);
}
