/* The checks of the C suite. Each program is one file of checks. The first check that fails
 * prints where it is and ends the program with status 1, so a script needs only the status. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

static int check_count;

#define CHECK(cond) check_true(__FILE__, __LINE__, (cond) ? 1 : 0, #cond)
#define CHECK_INT(actual, expected) \
    check_int(__FILE__, __LINE__, #actual, (long long)(actual), (long long)(expected))
#define CHECK_STR(actual, expected) check_str(__FILE__, __LINE__, #actual, (actual), (expected))
#define CHECK_ERR(code, domain, text) \
    check_err(__FILE__, __LINE__, (int)(code), (int)(domain), (text))
#define CHECK_DONE() check_done(__FILE__)

/* Reports that a part of the program cannot run here, and why; the script counts these reports. */
static inline void check_not_run(const char *what, const char *why)
{
    printf("NOT RUN: %s: %s\n", what, why);
}

static inline void check_fail(const char *file, int line)
{
    virErrorPtr err = virGetLastError();

    if (err)
        fprintf(stderr, "%s:%d: last error: code %d, domain %d: %s\n", file, line, err->code,
                err->domain, err->message ? err->message : "(no message)");
    exit(1);
}

static inline void check_passed(void)
{
    /* Checks run in several threads at once in some programs. */
    __sync_fetch_and_add(&check_count, 1);
}

static inline void check_true(const char *file, int line, int ok, const char *text)
{
    if (!ok) {
        fprintf(stderr, "%s:%d: failed: %s\n", file, line, text);
        check_fail(file, line);
    }
    check_passed();
}

static inline void check_int(const char *file, int line, const char *text, long long actual,
                             long long expected)
{
    if (actual != expected) {
        fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, text, actual, expected);
        check_fail(file, line);
    }
    check_passed();
}

static inline void check_str(const char *file, int line, const char *text, const char *actual,
                             const char *expected)
{
    if (!actual || strcmp(actual, expected) != 0) {
        fprintf(stderr, "%s:%d: %s is '%s', not '%s'\n", file, line, text,
                actual ? actual : "(null)", expected);
        check_fail(file, line);
    }
    check_passed();
}

static inline void check_err(const char *file, int line, int code, int domain, const char *text)
{
    virErrorPtr err = virGetLastError();

    if (!err || err->code != code || err->domain != domain || !err->message ||
        !strstr(err->message, text)) {
        fprintf(stderr, "%s:%d: expected error %d of domain %d with '%s'\n", file, line, code,
                domain, text);
        if (!err)
            fprintf(stderr, "%s:%d: no error is set\n", file, line);
        check_fail(file, line);
    }
    check_passed();
}

/* The last line of every program; its result is the exit status. */
static inline int check_done(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;

    printf("%.*s: %d checks passed\n", (int)strcspn(name, "."), name, check_count);
    return 0;
}

#endif
