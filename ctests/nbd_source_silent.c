/* A disk whose NBD server stops answering blocks nothing forever: destroying its domain gives
 * the server up, and all other calls end after the timeout of the disk's source.
 * ctest: ours-only because libvirt waits for as long as QEMU does */
#include "domain.h"

#include <endian.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

static virConnectPtr conn;

static int take(int fd, void *to, size_t count)
{
    return count == 0 || recv(fd, to, count, MSG_WAITALL) == (ssize_t)count ? 0 : -1;
}

static void say(int fd, uint32_t option, uint32_t reply, const void *data, uint32_t length)
{
    uint64_t magic = htobe64(0x3e889045565a9ULL);
    uint32_t head[3];

    head[0] = htobe32(option);
    head[1] = htobe32(reply);
    head[2] = htobe32(length);
    send(fd, &magic, 8, MSG_NOSIGNAL);
    send(fd, head, 12, MSG_NOSIGNAL);
    send(fd, data, length, MSG_NOSIGNAL);
}

/* Negotiates an export of 8 MiB, and then takes requests that it never answers. */
static void *serve(void *opaque)
{
    int fd = (int)(intptr_t)opaque;
    char data[4096];
    uint32_t head[4], option;
    unsigned char info[12] = { 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 1 | 4 | 8 | 32 | 64 };

    send(fd, "NBDMAGICIHAVEOPT\0\3", 18, MSG_NOSIGNAL);
    if (take(fd, data, 4) < 0)
        return NULL;
    do {
        if (take(fd, head, 16) < 0 || be32toh(head[3]) > sizeof(data)
            || take(fd, data, be32toh(head[3])) < 0)
            return NULL;
        option = be32toh(head[2]);
        if (option == 6 || option == 7) {
            say(fd, option, 3, info, sizeof(info));
            say(fd, option, 1, "", 0);
        } else {
            say(fd, option, 0x80000001, "", 0);
        }
    } while (option != 7);
    while (recv(fd, data, sizeof(data), 0) > 0)
        ;
    close(fd);
    return NULL;
}

static void *accept_all(void *opaque)
{
    int listener = (int)(intptr_t)opaque;

    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        CHECK_INT(pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd), 0);
        CHECK_INT(pthread_detach(thread), 0);
    }
}

static void start_server(const char *path)
{
    struct sockaddr_un address;
    pthread_t thread;
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    CHECK(listener >= 0);
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    print_to(address.sun_path, sizeof(address.sun_path), "%s", path);
    CHECK_INT(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_INT(listen(listener, 8), 0);
    CHECK_INT(pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)listener), 0);
    CHECK_INT(pthread_detach(thread), 0);
}

static virDomainPtr start(const char *name, const char *timeout)
{
    char disk[1024];
    virDomainPtr dom;

    print_to(disk, sizeof(disk),
             "<disk type='network' device='disk'><driver name='qemu' type='raw'/>"
             "<source protocol='nbd' name='x'><host transport='unix' socket='%s'/>%s</source>"
             "<target dev='vda' bus='virtio'/></disk>",
             in_dir("server"), timeout);
    dom = virDomainCreateXML(conn, domain_xml(name, disk, 1), 0);
    CHECK(dom != NULL);
    return dom;
}

static void *peek(void *opaque)
{
    char byte;

    CHECK_INT(virDomainBlockPeek((virDomainPtr)opaque, "vda", 0, 1, &byte, 0), -1);
    return NULL;
}

/* The end is forced while requests wait for the server, and with nothing but the flush to wait for. */
static void destroyed(void)
{
    virDomainPtr dom = start("d", "<timeout seconds='0'/>");
    pthread_t thread;

    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "the connection was given up");
    CHECK_INT(virDomainFree(dom), 0);

    dom = start("d", "<timeout seconds='0'/>");
    CHECK_INT(pthread_create(&thread, NULL, peek, dom), 0);
    usleep(100000);
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(virDomainIsActive(dom), -1);
    CHECK_INT(virDomainFree(dom), 0);

    /* So it is when a job waits, and when its connection takes the domain along. */
    dom = start("d", "<timeout seconds='0'/>");
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy"), 0, VIR_DOMAIN_BLOCK_REBASE_COPY), 0);
    CHECK_INT(virDomainDestroy(dom), -1);
    CHECK_INT(virDomainFree(dom), 0);
}

/* All other calls wait for as long as the source's timeout. */
static void timeouts(void)
{
    virDomainPtr dom = start("t", "<timeout seconds='1'/>");
    char byte;

    CHECK_INT(virDomainBlockPeek(dom, "vda", 0, 1, &byte, 0), -1);
    CHECK_CODE(VIR_ERR_SYSTEM_ERROR, "the server does not answer");
    CHECK_INT(virDomainShutdown(dom), -1);
    CHECK_INT(virDomainFree(dom), 0);

    dom = start("t", "<timeout seconds='1'/>");
    CHECK_INT(virDomainBlockRebase(dom, "vda", in_dir("copy2"), 0, VIR_DOMAIN_BLOCK_REBASE_COPY), 0);
    virDomainBlockJobAbort(dom, "vda", 0);
    CHECK_INT(virDomainShutdown(dom), -1);
    CHECK_INT(virDomainFree(dom), 0);

    CHECK(virDomainCreateXML(conn,
                             domain_xml("t",
                                        "<disk type='network'><source protocol='nbd'>"
                                        "<host name='localhost'/><timeout seconds='soon'/></source>"
                                        "<target dev='vda'/></disk>",
                                        2),
                             0)
          == NULL);
    CHECK_CODE(VIR_ERR_XML_ERROR, "Invalid value for attribute 'seconds' in element 'timeout': 'soon'");
}

int main(int argc, char **argv)
{
    (void)argc;
    conn = fixture_open(argv[0], 240);
    start_server(in_dir("server"));
    destroyed();
    timeouts();
    CHECK_INT(virConnectClose(conn), 0);
    return CHECK_DONE();
}
