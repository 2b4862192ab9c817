/* System calls that fail on purpose. The program defines functions of the C library, so that the
 * library calls these. */
#ifndef FAULTS_H
#define FAULTS_H

#include "fixture.h"

#include <sys/resource.h>
#include <sys/syscall.h>

/* Opening this file fails with that errno; its beginning is enough for all files of a folder. */
static char bad_path[PATH_MAX];
static volatile int bad_errno;
/* How many times it can be opened before that. */
static int good_opens;

/* How many more calls of fsync succeed before one fails with EIO; negative: all of them. */
static int good_syncs = -1;

/* The same of fdatasync, which brings the data of disks to the medium. */
static int good_datasyncs = -1;

/* The same for calls that give a file another name. */
static int good_renames = -1;

/* The same for reading at an offset. Each reads `longest_read` bytes at most, if that is not 0. */
static int good_reads = -1;
static int longest_read;

static inline int is_due(int *left)
{
    return *left >= 0 && (*left)-- == 0;
}

static inline int fail_with(int error)
{
    errno = error;
    return -1;
}

#ifdef __cplusplus
extern "C" {
#endif

int open64(const char *path, int flags, ...);
int open64(const char *path, int flags, ...)
{
    unsigned int mode = 0;

    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {
        va_list args;

        va_start(args, flags);
        mode = va_arg(args, unsigned int);
        va_end(args);
    }
    if (bad_errno && bad_path[0] && strncmp(path, bad_path, strlen(bad_path)) == 0 &&
        __sync_fetch_and_sub(&good_opens, 1) <= 0)
        return fail_with(bad_errno);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fsync(int fd)
{
    if (is_due(&good_syncs))
        return fail_with(EIO);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    if (is_due(&good_datasyncs))
        return fail_with(EIO);
    return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    if (is_due(&good_renames))
        return fail_with(EIO);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
    if (is_due(&good_renames))
        return fail_with(EIO);
    return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

ssize_t pread64(int fd, void *buf, size_t size, off64_t offset)
{
    if (is_due(&good_reads))
        return fail_with(EIO);
    if (longest_read > 0 && size > (size_t)longest_read)
        size = (size_t)longest_read;
    return (ssize_t)syscall(SYS_pread64, fd, buf, size, offset);
}

#ifdef __cplusplus
}
#endif

static int held_fds[1024];
static int held_count;

/* Leaves that many free descriptors. */
static inline void leave_descriptors(int number)
{
    int fd;

    while ((fd = dup(0)) >= 0) {
        CHECK(held_count < (int)(sizeof(held_fds) / sizeof(held_fds[0])));
        held_fds[held_count++] = fd;
    }
    while (number-- > 0 && held_count > 0)
        CHECK_INT(close(held_fds[--held_count]), 0);
}

static inline void free_descriptors(void)
{
    while (held_count > 0)
        CHECK_INT(close(held_fds[--held_count]), 0);
}

/* The process can have that many descriptors. */
static inline void limit_descriptors(unsigned int most)
{
    struct rlimit limit;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = most;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

#endif
