/* System calls of the library that fail: the program's own functions replace the C library's.
 * While they are armed, they count the calls of one kind, and let the k-th fail, or all from the
 * k-th on. */
#ifndef SYSCALL_FAULTS_H
#define SYSCALL_FAULTS_H

#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fault_kind {
    /* All calls that need a descriptor: EMFILE. */
    FAULT_DESCRIPTORS,
    /* Reading, writing, syncing, naming: EIO. */
    FAULT_EIO,
    /* Whatever takes space: ENOSPC. */
    FAULT_ENOSPC,
    /* Reads and writes transfer half of the requested length. */
    FAULT_SHORT,
    FAULT_KINDS
};

static const char *const fault_names[] = { "no descriptor", "EIO", "ENOSPC", "short" };

/* What a call needs or does. */
enum fault_trait { TAKES_DESCRIPTOR = 1, IS_IO = 2, TAKES_SPACE = 4, MOVES_BYTES = 8 };

static volatile int fault_armed;
static enum fault_kind fault_of;
static int fault_at, fault_goes_on;
static volatile int fault_calls, fault_fired;
static const char *volatile fault_call;

/* From now on the `at`-th call of that kind fails, the first is 1; or all from there on. */
static inline void faults_arm(enum fault_kind kind, int at, int goes_on)
{
    fault_of = kind;
    fault_at = at;
    fault_goes_on = goes_on;
    fault_calls = fault_fired = 0;
    fault_call = "none";
    __sync_synchronize();
    fault_armed = 1;
}

/* How many calls have failed. */
static inline int faults_disarm(void)
{
    fault_armed = 0;
    __sync_synchronize();
    return fault_fired;
}

/* Whether the (first) call that has failed was to bring data to the disk. The system may have dropped
 * what it should have written, so the library writes nothing more to that file while it is open:
 * clusters that were allocated before can be neither used nor given back. */
static inline int fault_hit_a_flush(void)
{
    return strcmp((const char *)fault_call, "fsync") == 0 ||
           strcmp((const char *)fault_call, "fdatasync") == 0;
}

/* Whether this call fails, which has set errno then. */
static inline int fault_hits(const char *call, int traits)
{
    static const int wanted[] = { TAKES_DESCRIPTOR, IS_IO, TAKES_SPACE, MOVES_BYTES };
    static const int errors[] = { EMFILE, EIO, ENOSPC, 0 };
    int number;

    if (!fault_armed || !(traits & wanted[fault_of]))
        return 0;
    number = __sync_add_and_fetch(&fault_calls, 1);
    if (fault_goes_on ? number < fault_at : number != fault_at)
        return 0;
    if (__sync_fetch_and_add(&fault_fired, 1) == 0)
        fault_call = call;
    errno = errors[fault_of];
    return 1;
}

static inline int fault_is_file(int fd)
{
    struct stat sb;
    int saved = errno, is = fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode);

    errno = saved;
    return is;
}

/* The C library's own. */
#define FAULT_REAL(result, name, declared) \
    static result(*real) declared; \
    if (!real) { \
        void *found = dlsym(RTLD_NEXT, name); \
        memcpy(&real, &found, sizeof(real)); \
    }

#define FAULT_MODE(flags, mode) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list args; \
        va_start(args, flags); \
        mode = va_arg(args, mode_t); \
        va_end(args); \
    }

static inline int fault_open_traits(int flags)
{
    return TAKES_DESCRIPTOR | IS_IO |
           ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? TAKES_SPACE : 0);
}

/* They have names of their own here, because headers declare the C library's in several ways. */
#define FAULT_OPEN(ours, name) \
    int ours(const char *path, int flags, ...) __asm__(name); \
    int ours(const char *path, int flags, ...) \
    { \
        FAULT_REAL(int, name, (const char *, int, ...)) \
        FAULT_MODE(flags, mode) \
        if (fault_hits(name, fault_open_traits(flags))) \
            return -1; \
        return real(path, flags, mode); \
    }

#define FAULT_OPENAT(ours, name) \
    int ours(int folder, const char *path, int flags, ...) __asm__(name); \
    int ours(int folder, const char *path, int flags, ...) \
    { \
        FAULT_REAL(int, name, (int, const char *, int, ...)) \
        FAULT_MODE(flags, mode) \
        if (fault_hits(name, fault_open_traits(flags))) \
            return -1; \
        return real(folder, path, flags, mode); \
    }

/* A function of fixed arguments. */
#define FAULT_PLAIN(result, ours, name, traits, fails, declared, passed) \
    result ours declared __asm__(name); \
    result ours declared \
    { \
        FAULT_REAL(result, name, declared) \
        if (fault_hits(name, traits)) \
            return fails; \
        return real passed; \
    }

/* A function that moves `size` bytes of a regular file. */
#define FAULT_MOVE(ours, name, traits, declared, size, passed, halved) \
    ssize_t ours declared __asm__(name); \
    ssize_t ours declared \
    { \
        FAULT_REAL(ssize_t, name, declared) \
        if (!fault_armed || !fault_is_file(fd)) \
            return real passed; \
        if (!fault_hits(name, (traits) | (size > 1 ? MOVES_BYTES : 0))) \
            return real passed; \
        if (fault_of == FAULT_SHORT) \
            return real halved; \
        return -1; \
    }

FAULT_OPEN(fault_open, "open")
FAULT_OPEN(fault_open64, "open64")
FAULT_OPENAT(fault_openat, "openat")
FAULT_OPENAT(fault_openat64, "openat64")
FAULT_PLAIN(DIR *, fault_opendir, "opendir", TAKES_DESCRIPTOR | IS_IO, NULL, (const char *path),
            (path))
FAULT_PLAIN(int, fault_socket, "socket", TAKES_DESCRIPTOR, -1, (int domain, int type, int protocol),
            (domain, type, protocol))
FAULT_PLAIN(int, fault_accept4, "accept4", TAKES_DESCRIPTOR, -1,
            (int fd, struct sockaddr *address, socklen_t *length, int flags),
            (fd, address, length, flags))
FAULT_PLAIN(int, fault_eventfd, "eventfd", TAKES_DESCRIPTOR, -1, (unsigned int value, int flags),
            (value, flags))
FAULT_PLAIN(int, fault_fsync, "fsync", IS_IO, -1, (int fd), (fd))
FAULT_PLAIN(int, fault_fdatasync, "fdatasync", IS_IO, -1, (int fd), (fd))
FAULT_PLAIN(int, fault_ftruncate, "ftruncate", IS_IO | TAKES_SPACE, -1, (int fd, off_t length),
            (fd, length))
FAULT_PLAIN(int, fault_ftruncate64, "ftruncate64", IS_IO | TAKES_SPACE, -1, (int fd, off_t length),
            (fd, length))
FAULT_PLAIN(int, fault_fallocate, "fallocate", IS_IO | TAKES_SPACE, -1,
            (int fd, int mode, off_t offset, off_t length), (fd, mode, offset, length))
FAULT_PLAIN(off_t, fault_lseek, "lseek", IS_IO, -1, (int fd, off_t offset, int whence),
            (fd, offset, whence))
FAULT_PLAIN(off_t, fault_lseek64, "lseek64", IS_IO, -1, (int fd, off_t offset, int whence),
            (fd, offset, whence))
FAULT_PLAIN(int, fault_rename, "rename", IS_IO | TAKES_SPACE, -1, (const char *from, const char *to),
            (from, to))
FAULT_PLAIN(int, fault_renameat, "renameat", IS_IO | TAKES_SPACE, -1,
            (int at, const char *from, int to_at, const char *to), (at, from, to_at, to))
FAULT_PLAIN(int, fault_renameat2, "renameat2", IS_IO | TAKES_SPACE, -1,
            (int at, const char *from, int to_at, const char *to, unsigned int flags),
            (at, from, to_at, to, flags))
FAULT_PLAIN(int, fault_linkat, "linkat", IS_IO | TAKES_SPACE, -1,
            (int at, const char *from, int to_at, const char *to, int flags),
            (at, from, to_at, to, flags))
FAULT_PLAIN(int, fault_unlink, "unlink", IS_IO, -1, (const char *path), (path))
FAULT_PLAIN(int, fault_unlinkat, "unlinkat", IS_IO, -1, (int at, const char *path, int flags),
            (at, path, flags))
FAULT_PLAIN(int, fault_mkdir, "mkdir", IS_IO | TAKES_SPACE, -1, (const char *path, mode_t mode),
            (path, mode))
FAULT_PLAIN(int, fault_fstatat64, "fstatat64", IS_IO, -1,
            (int at, const char *path, struct stat *sb, int flags), (at, path, sb, flags))
FAULT_MOVE(fault_pread64, "pread64", IS_IO, (int fd, void *data, size_t size, off_t at), size,
           (fd, data, size, at), (fd, data, size / 2, at))
FAULT_MOVE(fault_pwrite64, "pwrite64", IS_IO | TAKES_SPACE,
           (int fd, const void *data, size_t size, off_t at), size, (fd, data, size, at),
           (fd, data, size / 2, at))
FAULT_MOVE(fault_read, "read", IS_IO, (int fd, void *data, size_t size), size, (fd, data, size),
           (fd, data, size / 2))
FAULT_MOVE(fault_write, "write", IS_IO | TAKES_SPACE, (int fd, const void *data, size_t size), size,
           (fd, data, size), (fd, data, size / 2))

/* Duplicates only: locks are not of these kinds. */
int fault_fcntl(int fd, int command, ...) __asm__("fcntl");
int fault_fcntl(int fd, int command, ...)
{
    va_list args;
    void *argument;
    FAULT_REAL(int, "fcntl", (int, int, ...))
    va_start(args, command);
    argument = va_arg(args, void *);
    va_end(args);
    if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && fault_hits("fcntl", TAKES_DESCRIPTOR))
        return -1;
    return real(fd, command, argument);
}

#ifdef __cplusplus
}
#endif

/* How many descriptors the process has. */
static inline int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    CHECK(folder != NULL);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* Does a piece of work while the `at`-th call fails, or all from there on, and checks what it has left.
 * Returns how many calls have failed. */
typedef int (*fault_trial)(const void *work, enum fault_kind kind, int at, int goes_on);

/* Lets each call of a piece of work fail, or, if `step` is more than 1, each of the first `few`, and
 * then one of `step`. How many calls there are is counted while none fails; with several threads it is
 * not always the same, so the trials go on until there is no such call. */
static inline void fault_each_call(const char *name, fault_trial trial, const void *work,
                                   enum fault_kind kind, int goes_on, int few, int step)
{
    int calls, at, fired, trials = 0, hits = 0;

    CHECK_INT(trial(work, kind, INT_MAX, goes_on), 0);
    calls = fault_calls;
    /* Otherwise nothing would be tested. */
    CHECK(calls > 0);
    for (at = 1, fired = 1; at <= calls || fired; at += step == 1 || at < few ? 1 : step) {
        fired = trial(work, kind, at, goes_on) > 0;
        CHECK(fired || at > 1);
        trials++;
        hits += fired;
    }
    printf("%s: %s%s, in %d of %d trials with %d calls\n", name, fault_names[kind],
           goes_on ? " from then on" : "", hits, trials, calls);
    fflush(stdout);
}

/* The same for all kinds of failures. FAULTS_ALL in the environment makes `step` 1, and includes the
 * kinds that go on to fail in ways that the shorter form has already. */
static inline void fault_each_kind(const char *name, fault_trial trial, const void *work, int few,
                                   int step)
{
    int kind, goes_on, all = getenv("FAULTS_ALL") != NULL;

    for (kind = 0; kind < FAULT_KINDS; kind++)
        for (goes_on = 0; goes_on < 2; goes_on++)
            if (!goes_on || all || (kind != FAULT_EIO && kind != FAULT_SHORT))
                fault_each_call(name, trial, work, (enum fault_kind)kind, goes_on, few,
                                all ? 1 : step);
}

#endif
