/* Images made by qemu-img and checked by it, never by the library that is tested. Include
 * fixture.h first. */
#ifndef IMAGE_H
#define IMAGE_H

#include "fixture.h"

static inline int tool(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Runs a command of the shell in silence; its exit status. */
static inline int tool(const char *format, ...)
{
    char command[4 * PATH_MAX];
    va_list args;
    int used, status;

    strcpy(command, "( ");
    va_start(args, format);
    used = vsnprintf(command + 2, sizeof(command) - 2, format, args);
    va_end(args);
    CHECK(used >= 0 && (size_t)used + 32 < sizeof(command));
    strcat(command, " ) >/dev/null 2>&1");
    status = system(command);
    CHECK(status != -1);
    return status;
}

/* The output of `qemu-img info` for an image, as JSON. */
static inline const char *image_info(const char *path)
{
    static char text[16384];
    char command[PATH_MAX + 64];
    FILE *pipe;
    size_t got;

    print_to(command, sizeof(command), "qemu-img info --output=json -f qcow2 '%s'", path);
    pipe = popen(command, "r");
    CHECK(pipe != NULL);
    got = fread(text, 1, sizeof(text) - 1, pipe);
    text[got] = '\0';
    CHECK_INT(pclose(pipe), 0);
    return text;
}

/* A sound qcow2 image, of whose description these are parts; the list ends with NULL. */
static inline void image_is(const char *path, const char *const *parts)
{
    const char *info = image_info(path);

    for (; *parts; parts++) {
        if (!strstr(info, *parts))
            fprintf(stderr, "%s: '%s' is missing in: %s\n", path, *parts, info);
        CHECK(strstr(info, *parts) != NULL);
    }
    CHECK_INT(tool("qemu-img check -q -f qcow2 '%s'", path), 0);
}

/* Whether a guest sees the same in both. */
static inline int same_content(const char *one_format, const char *one, const char *other_format,
                               const char *other)
{
    return tool("qemu-img compare -f %s -F %s '%s' '%s'", one_format, other_format, one, other) ==
           0;
}

/* How many entries a folder has. */
static inline int entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    CHECK(dir != NULL);
    while (readdir(dir))
        count++;
    CHECK_INT(closedir(dir), 0);
    return count - 2;
}

static inline virStorageVolPtr look_up(virStoragePoolPtr pool, const char *name)
{
    virStorageVolPtr vol;

    CHECK_INT(virStoragePoolRefresh(pool, 0), 0);
    vol = virStorageVolLookupByName(pool, name);
    CHECK(vol != NULL);
    return vol;
}

/* Errors of QEMU's programs: libvirt reports the program's exit status and its output. */
static inline void check_refusal(int code, int domain, const char *text)
{
    if (ours)
        CHECK_ERR(code, domain, text);
    else
        CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "qemu-img");
}

#endif
