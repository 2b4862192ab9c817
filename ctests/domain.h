/* Domain XML, and programs that use a domain's disks. */
#ifndef DOMAIN_H
#define DOMAIN_H

#include "fixture.h"

/* A domain with that inside its devices, or beside them if it is no `<disk`. The UUID ends with
 * `number`. */
static inline const char *domain_xml(const char *name, const char *inside, int number)
{
    static __thread char ring[4][8192];
    static __thread unsigned int next;
    char *xml = ring[next++ % 4];
    int devices = strncmp(inside, "<disk", 5) == 0;

    print_to(xml, sizeof(ring[0]),
             "<domain type='kvm'><name>%s</name>"
             "<uuid>00000000-1111-2222-3333-%012d</uuid>"
             "<memory unit='KiB'>2048</memory><currentMemory unit='KiB'>1024</currentMemory>"
             "<vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>%s<devices>%s</devices></domain>",
             name, number, devices ? "" : inside, devices ? inside : "");
    return xml;
}

/* A disk whose image is that file of the test directory. */
static inline const char *disk_xml(const char *target, const char *file, const char *format,
                                   const char *inside)
{
    static __thread char ring[4][2048];
    static __thread unsigned int next;
    char *xml = ring[next++ % 4];

    print_to(xml, sizeof(ring[0]),
             "<disk type='file' device='disk'><driver name='qemu' type='%s'/>"
             "<source file='%s'/><target dev='%s' bus='virtio'/>%s</disk>",
             format, in_dir("%s", file), target, inside);
    return xml;
}

static inline int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a shell command, and returns its exit status. Its output goes to the log. */
static inline int run(const char *format, ...)
{
    char command[8192];
    va_list args;
    int used, status;

    va_start(args, format);
    used = vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    CHECK(used >= 0 && (size_t)used < sizeof(command));
    fflush(NULL);
    status = system(command);
    CHECK(status != -1);
    return status == 0 ? 0 : 1;
}

/* Ends a program that has written its number to a file, and waits until it has closed all that it
 * had open: one that nobody waits for stays as a zombie. Its files and locks go one after the other. */
static inline void end_program(const char *number)
{
    CHECK_INT(run("pid=$(cat '%s') && kill $pid && while [ -d /proc/$pid ] &&"
                  " ! grep -qs '^State:.Z' /proc/$pid/status; do sleep 0.02; done", number), 0);
}

/* The URI of a running domain's disk, from its XML. */
static inline const char *disk_uri(virDomainPtr dom, const char *target)
{
    static __thread char ring[4][1024];
    static __thread unsigned int next;
    char *out = ring[next++ % 4];
    char *xml = virDomainGetXMLDesc(dom, 0);
    char start[128];
    const char *uri;
    size_t length;

    CHECK(xml != NULL);
    print_to(start, sizeof(start), "uri='nbd+unix:///%s?socket=", target);
    uri = strstr(xml, start);
    CHECK(uri != NULL);
    uri += strlen("uri='");
    length = strcspn(uri, "'");
    CHECK(length < sizeof(ring[0]));
    memcpy(out, uri, length);
    out[length] = '\0';
    free(xml);
    return out;
}

#endif
