/* A guest: an NBD client that uses one disk of a running domain, with one request at a time. */
#ifndef NBD_H
#define NBD_H

#include "domain.h"

#include <endian.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NBD_READ 0
#define NBD_WRITE 1
#define NBD_FLUSH 3

static inline int nbd_send(int fd, const void *data, size_t len)
{
    const char *at = (const char *)data;

    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static inline int nbd_recv(int fd, void *data, size_t len)
{
    char *at = (char *)data;

    while (len > 0) {
        ssize_t n = recv(fd, at, len, 0);

        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Connects to a disk by the URI in the domain's description. */
static inline int nbd_open(virDomainPtr dom, const char *target)
{
    const char *uri = disk_uri(dom, target);
    const char *socket_path = strstr(uri, "?socket=");
    struct sockaddr_un address;
    unsigned char hello[18], option[16], answer[10];
    uint32_t flags = htobe32(3), length = htobe32((uint32_t)strlen(target));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    CHECK(socket_path != NULL);
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    print_to(address.sun_path, sizeof(address.sun_path), "%s", socket_path + strlen("?socket="));
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    CHECK_INT(nbd_recv(fd, hello, sizeof(hello)), 0);
    CHECK_INT(memcmp(hello, "NBDMAGICIHAVEOPT", 16), 0);
    CHECK_INT(nbd_send(fd, &flags, 4), 0);
    memcpy(option, "IHAVEOPT\0\0\0\1", 12);
    memcpy(option + 12, &length, 4);
    CHECK_INT(nbd_send(fd, option, sizeof(option)), 0);
    CHECK_INT(nbd_send(fd, target, strlen(target)), 0);
    CHECK_INT(nbd_recv(fd, answer, sizeof(answer)), 0);
    return fd;
}

/* One request; 0, or -1 if it failed or the disk is gone. */
static inline int nbd_request(int fd, unsigned int type, void *data, size_t len, uint64_t offset)
{
    unsigned char request[28], reply[16];
    uint32_t word;

    word = htobe32(0x25609513);
    memcpy(request, &word, 4);
    word = htobe32(type);
    memcpy(request + 4, &word, 4);
    memset(request + 8, 7, 8);
    offset = htobe64(offset);
    memcpy(request + 16, &offset, 8);
    word = htobe32((uint32_t)len);
    memcpy(request + 24, &word, 4);
    if (nbd_send(fd, request, sizeof(request)) < 0)
        return -1;
    if (type == NBD_WRITE && nbd_send(fd, data, len) < 0)
        return -1;
    if (nbd_recv(fd, reply, sizeof(reply)) < 0 || memcmp(reply, "\x67\x44\x66\x98\0\0\0\0", 8) != 0)
        return -1;
    return type == NBD_READ ? nbd_recv(fd, data, len) : 0;
}

#endif
