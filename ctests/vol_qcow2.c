/* Creating qcow2 volumes: the image has all options of the XML, sizes and defaults are
 * libvirt's, and unsupported combinations are refused and leave nothing behind. */
#include "image.h"

static virStoragePoolPtr pool;

static const char *qcow2_xml(const char *name, const char *before, const char *target,
                             const char *after)
{
    static char xml[2 * PATH_MAX];

    print_to(xml, sizeof(xml),
             "<volume><name>%s</name>%s<target><format type='qcow2'/>%s</target>%s</volume>", name,
             before, target, after);
    return xml;
}

static virStorageVolPtr made(const char *xml, unsigned int flags)
{
    virStorageVolPtr vol = virStorageVolCreateXML(pool, xml, flags);
    virStorageVolInfo info;

    CHECK(vol != NULL);
    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.type, VIR_STORAGE_VOL_FILE);
    CHECK_INT(info.allocation, file_allocation(in_dir("p/%s", virStorageVolGetName(vol))));
    CHECK_INT(virStorageVolGetInfoFlags(vol, &info, VIR_STORAGE_VOL_GET_PHYSICAL), 0);
    CHECK_INT(info.allocation, file_size(in_dir("p/%s", virStorageVolGetName(vol))));
    return vol;
}

static void capacity_is(virStorageVolPtr vol, unsigned long long capacity)
{
    virStorageVolInfo info;
    char text[64];
    char *xml = virStorageVolGetXMLDesc(vol, 0);

    CHECK_INT(virStorageVolGetInfo(vol, &info), 0);
    CHECK_INT(info.capacity, capacity);
    CHECK(xml != NULL);
    print_to(text, sizeof(text), "<capacity unit='bytes'>%llu</capacity>", capacity);
    CHECK(strstr(xml, text) != NULL);
    free(xml);
}

/* An image of 1 MiB that is made with the options matches in `qemu-img info` and in the volume's
 * XML. */
static void options_are(const char *options, const char *const *in_info, const char *const *in_xml)
{
    virStorageVolPtr vol =
        made(qcow2_xml("v", "<capacity>1048576</capacity>", options, ""), 0);
    char *xml;

    capacity_is(vol, MIB);
    image_is(in_dir("p/v"), in_info);
    CHECK(tool("qemu-io -f qcow2 -c 'write -P 3 300k 200k' -c 'read -v -P 0 0 300k' '%s'",
               in_dir("p/v")) == 0);
    image_is(in_dir("p/v"), in_info);
    /* libvirt reads the image at a refresh; before that its XML has what was requested. */
    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    xml = virStorageVolGetXMLDesc(vol, 0);
    CHECK(xml != NULL);
    in_order(xml, in_xml);
    CHECK(strstr(xml, "<backingStore>") == NULL);
    free(xml);
    vol_gone(vol);
}

static void options(void)
{
    static const char *const plain_info[] = { "\"virtual-size\": 1048576", "\"cluster-size\": 65536",
                                              "\"compat\": \"0.10\"", NULL };
    static const char *const plain_xml[] = { "<format type='qcow2'/>", "<mode>0600</mode>",
                                             "<clusterSize unit='B'>65536</clusterSize>", NULL };
    static const char *const new_info[] = { "\"compat\": \"1.1\"", "\"lazy-refcounts\": false",
                                            "\"refcount-bits\": 16", "\"extended-l2\": false",
                                            NULL };
    static const char *const new_xml[] = { "<compat>1.1</compat>", "<clusterSize", "<features/>",
                                           NULL };
    static const char *const all_info[] = { "\"cluster-size\": 16384", "\"compat\": \"1.1\"",
                                            "\"lazy-refcounts\": true", "\"extended-l2\": true",
                                            NULL };
    static const char *const all_xml[] = { "<compat>1.1</compat>",
                                           "<clusterSize unit='B'>16384</clusterSize>",
                                           "<features>", "<lazy_refcounts/>", "<extended_l2/>",
                                           NULL };
    static const char *const small_info[] = { "\"cluster-size\": 512", NULL };
    static const char *const small_xml[] = { "<clusterSize unit='B'>512</clusterSize>", NULL };
    static const char *const large_info[] = { "\"cluster-size\": 2097152", NULL };
    static const char *const large_xml[] = { "<clusterSize unit='B'>2097152</clusterSize>", NULL };

    /* libvirt 9 makes 0.10, and libvirt 10 and later 1.1. */
    options_are("", ours ? new_info : plain_info, ours ? new_xml : plain_xml);
    options_are("<compat>0.10</compat>", plain_info, plain_xml);
    options_are("<compat>1.1</compat>", new_info, new_xml);
    options_are("<features/>", new_info, new_xml);
    options_are("<clusterSize unit='KiB'>16</clusterSize>"
                "<features><extended_l2/><lazy_refcounts/></features>",
                all_info, all_xml);
    options_are("<clusterSize>512</clusterSize>", small_info, small_xml);
    options_are("<clusterSize unit='MiB'>2</clusterSize>", large_info, large_xml);
    /* An option that only one filesystem supports. */
    options_are("<compat>0.10</compat><nocow/>", plain_info, plain_xml);
}

static void sizes(void)
{
    virStorageVolPtr vol;
    struct stat sb;

    vol = made(qcow2_xml("v", "<capacity>1000001</capacity>", "", ""), 0);
    capacity_is(vol, 1000448);
    CHECK_INT(stat(in_dir("p/v"), &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0600);
    vol_gone(vol);
    /* The allocation in the XML does not change how much space an image takes. */
    vol = made(qcow2_xml("v",
                         "<capacity unit='TiB'>1</capacity>"
                         "<allocation unit='TiB'>1</allocation>",
                         "<permissions><mode>0640</mode></permissions>", ""),
               0);
    capacity_is(vol, 1024 * 1024 * MIB);
    CHECK(file_allocation(in_dir("p/v")) < MIB);
    CHECK_INT(stat(in_dir("p/v"), &sb), 0);
    CHECK_INT(sb.st_mode & 07777, 0640);
    vol_gone(vol);
    vol = made(qcow2_xml("v", "<capacity>0</capacity>", "", ""), 0);
    /* libvirt takes the size of the file for the capacity of an empty image. */
    if (ours)
        capacity_is(vol, 0);
    CHECK_INT(tool("qemu-img check -f qcow2 '%s'", in_dir("p/v")), 0);
    vol_gone(vol);
}

static void preallocated(const char *before, const char *target, unsigned long long least,
                         unsigned long long most)
{
    static const char *const nothing[] = { NULL };
    virStorageVolPtr vol = made(qcow2_xml("v", before, target, ""),
                                VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA);

    capacity_is(vol, 8 * MIB);
    CHECK(file_size(in_dir("p/v")) > 8 * MIB);
    CHECK(file_size(in_dir("p/v")) < 9 * MIB);
    CHECK(file_allocation(in_dir("p/v")) >= least);
    CHECK(file_allocation(in_dir("p/v")) <= most);
    image_is(in_dir("p/v"), nothing);
    /* With preallocation every cluster has its space: writing does not change the file's size. */
    CHECK_INT(tool("qemu-io -f qcow2 -c 'read -P 0 0 8M' -c 'write -P 9 0 8M' '%s'",
                   in_dir("p/v")),
              0);
    CHECK(file_size(in_dir("p/v")) < 9 * MIB);
    image_is(in_dir("p/v"), nothing);
    vol_gone(vol);
}

static void preallocation(void)
{
    const char *features = "<features><extended_l2/></features>";

    preallocated("<capacity>8388608</capacity><allocation>0</allocation>", "", 1, MIB);
    preallocated("<capacity>8388608</capacity><allocation>0</allocation>", features, 1, MIB);
    preallocated("<capacity>8388608</capacity><allocation>8387000</allocation>", "", 1, MIB);
    /* Which is counted in KiB. */
    preallocated("<capacity>8388608</capacity><allocation>8388607</allocation>", "", 8 * MIB,
                 9 * MIB);
    preallocated("<capacity>8388608</capacity>", "", 8 * MIB, 9 * MIB);
    preallocated("<capacity>8388608</capacity><allocation>99999999</allocation>", features,
                 8 * MIB, 9 * MIB);
}

static void refused(const char *xml, unsigned int flags, int code, const char *text)
{
    int before = entries(in_dir("p"));

    CHECK(virStorageVolCreateXML(pool, xml, flags) == NULL);
    CHECK_ERR(code, VIR_FROM_STORAGE, text);
    CHECK_INT(entries(in_dir("p")), before);
}

static void refused_by_qemu(const char *xml, int code, const char *text)
{
    int before = entries(in_dir("p"));

    CHECK(virStorageVolCreateXML(pool, xml, 0) == NULL);
    check_refusal(code, VIR_FROM_STORAGE, text);
    CHECK_INT(entries(in_dir("p")), before);
}

static void refusals(void)
{
    const char *size = "<capacity>1048576</capacity>";
    const char *old = "<compat>0.10</compat><features><lazy_refcounts/></features>";
    virStorageVolPtr vol;

    refused(qcow2_xml("v", "", "", ""), 0, VIR_ERR_XML_ERROR, "missing capacity element");
    refused(qcow2_xml("v", size, old, ""), 0, VIR_ERR_CONFIG_UNSUPPORTED,
            "lazy_refcounts not supported with compat level 0.10");
    refused(qcow2_xml("v", size, "<compat>0.10</compat><features><extended_l2/></features>", ""),
            0, VIR_ERR_CONFIG_UNSUPPORTED,
            "'extended_l2' not supported with compat level 0.10");
    refused(qcow2_xml("v", size, "<encryption format='luks'/>", ""), 0, VIR_ERR_INVALID_ARG,
            "A single <secret type='passphrase'...> element is expected");
    refused(qcow2_xml("v", size, "", ""), VIR_STORAGE_VOL_CREATE_REFLINK, VIR_ERR_INVALID_ARG,
            "unsupported flags (0x2) in function");
    refused_by_qemu(qcow2_xml("v", size, "<compat>9.9</compat>", ""), VIR_ERR_CONFIG_UNSUPPORTED,
                    "9.9");
    refused_by_qemu(qcow2_xml("v", size, "<clusterSize>1000</clusterSize>", ""),
                    VIR_ERR_CONFIG_UNSUPPORTED,
                    "Cluster size must be a power of two between 512 and 2048k");
    refused_by_qemu(qcow2_xml("v", size, "<clusterSize unit='MiB'>4</clusterSize>", ""),
                    VIR_ERR_CONFIG_UNSUPPORTED, "Cluster size must be a power of two");
    refused_by_qemu(qcow2_xml("v", size,
                              "<clusterSize unit='KiB'>8</clusterSize>"
                              "<features><extended_l2/></features>",
                              ""),
                    VIR_ERR_CONFIG_UNSUPPORTED,
                    "Extended L2 entries are only supported with cluster sizes of at least 16384");
    refused_by_qemu(qcow2_xml("v", "<capacity unit='PiB'>7</capacity>", "", ""),
                    VIR_ERR_CONFIG_UNSUPPORTED, "a size of 7881299347898368 bytes");

    vol = made(qcow2_xml("v", size, "", ""), 0);
    /* This error comes before all others. */
    refused(qcow2_xml("v", size, old, ""), 0, VIR_ERR_STORAGE_VOL_EXIST,
            "storage volume 'v' exists already");
    vol_gone(vol);
    write_pattern(in_dir("p/v"), 100, 0, 5);
    refused(qcow2_xml("v", size, "", ""), 0, VIR_ERR_OPERATION_INVALID, "already exists");
    CHECK(file_has_pattern(in_dir("p/v"), 100, 0, 5));
    CHECK_INT(unlink(in_dir("p/v")), 0);
}

int main(int argc, char **argv)
{
    virConnectPtr conn;

    (void)argc;
    conn = fixture_open(argv[0], 120);
    pool = make_pool(conn, "p");
    options();
    sizes();
    preallocation();
    refusals();
    CHECK_INT(entries(in_dir("p")), 0);
    pool_gone(pool);
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
