/* Error records: of a thread without an error, and records that a program makes, copies, frees
 * and prints. error_report.c tests which errors calls report. */
#define _XOPEN_SOURCE 700 /* strdup, dup2 */
#include <unistd.h>

#include "check.h"

static void no_error_reads_as_code_zero_and_says_so(void)
{
    CHECK(virGetLastError() == NULL);
    CHECK_INT(virGetLastErrorCode(), VIR_ERR_OK);
    CHECK_INT(virGetLastErrorDomain(), VIR_FROM_NONE);
    CHECK_STR(virGetLastErrorMessage(), "no error");
    virResetLastError();
    CHECK(virGetLastError() == NULL);
}

static void no_error_is_saved_and_copied_as_an_empty_record(void)
{
    virErrorPtr saved = virSaveLastError();
    virError copy;

    CHECK(saved != NULL);
    CHECK_INT(saved->code, VIR_ERR_OK);
    CHECK(saved->message == NULL);
    virFreeError(saved);

    memset(&copy, 0xff, sizeof(copy));
    CHECK_INT(virCopyLastError(&copy), 0);
    CHECK_INT(copy.code, VIR_ERR_OK);
    CHECK_INT(copy.domain, VIR_FROM_NONE);
    CHECK_INT(copy.level, VIR_ERR_NONE);
    CHECK(copy.message == NULL && copy.str1 == NULL && copy.str2 == NULL && copy.str3 == NULL);
    CHECK(copy.conn == NULL && copy.dom == NULL && copy.net == NULL);
    CHECK_INT(copy.int1, 0);
    CHECK_INT(copy.int2, 0);
}

static void null_is_taken_where_a_record_or_connection_may_be_missing(void)
{
    virError copy;

    virFreeError(NULL);
    virResetError(NULL);
    virDefaultErrorFunc(NULL);
    virConnResetLastError(NULL);
    virConnSetErrorFunc(NULL, NULL, NULL);
    CHECK(virConnGetLastError(NULL) == NULL);
    CHECK_INT(virConnCopyLastError(NULL, &copy), -1);
    CHECK_INT(virCopyLastError(NULL), -1);
    CHECK(virGetLastError() == NULL);
}

static virError record(int domain, virErrorLevel level, const char *message)
{
    virError err;

    memset(&err, 0, sizeof(err));
    err.code = VIR_ERR_INTERNAL_ERROR;
    err.domain = domain;
    err.level = level;
    err.message = message ? strdup(message) : NULL;
    return err;
}

static void reset_releases_a_record_and_zeroes_it(void)
{
    virError empty;
    virError err = record(VIR_FROM_STORAGE, VIR_ERR_ERROR, "gone");

    err.str1 = strdup("one");
    err.str2 = strdup("two");
    err.str3 = strdup("three");
    err.int1 = 1;
    err.int2 = 2;
    memset(&empty, 0, sizeof(empty));
    virResetError(&err);
    CHECK(memcmp(&err, &empty, sizeof(err)) == 0);
    virResetError(&err);
}

/* What virDefaultErrorFunc writes to stderr about a record. */
static const char *printed(int domain, virErrorLevel level, const char *message)
{
    static char text[256];
    virError err = record(domain, level, message);
    int ends[2];
    int old = dup(STDERR_FILENO);
    ssize_t len;

    CHECK(old >= 0 && pipe(ends) == 0);
    CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
    virDefaultErrorFunc(&err);
    CHECK(dup2(old, STDERR_FILENO) >= 0);
    close(old);
    close(ends[1]);
    len = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    CHECK(len >= 0);
    text[len] = '\0';
    virResetError(&err);
    return text;
}

static void default_handler_prints_domain_level_and_message(void)
{
    virError ok = record(VIR_FROM_STORAGE, VIR_ERR_ERROR, "not printed");

    CHECK_STR(printed(VIR_FROM_STORAGE, VIR_ERR_ERROR, "Storage pool not found: x"),
              "libvirt: Storage Driver error : Storage pool not found: x\n");
    CHECK_STR(printed(VIR_FROM_NONE, VIR_ERR_ERROR, "text"), "libvirt:  error : text\n");
    CHECK_STR(printed(VIR_FROM_STREAMS, VIR_ERR_WARNING, "text"),
              "libvirt: I/O Stream Utils warning : text\n");
    CHECK_STR(printed(VIR_FROM_DOMAIN, VIR_ERR_ERROR, "ended\n"),
              "libvirt: Domain Config error : ended\n");
    CHECK_STR(printed(VIR_FROM_DOM, VIR_ERR_ERROR, NULL), "libvirt: Domain error : \n");
    CHECK_STR(printed(9999, VIR_ERR_ERROR, "text"), "libvirt: Unknown error : text\n");

    ok.code = VIR_ERR_OK;
    virDefaultErrorFunc(&ok);
    virResetError(&ok);
}

/* A handler that calls the library, as one that logs the connection's URI would. */
static void on_error(void *data, virErrorPtr err)
{
    CHECK_INT(virInitialize(), 0);
    CHECK_INT(err->code, VIR_ERR_INVALID_STREAM);
    CHECK(err->message && strstr(err->message, "in virStreamFree"));
    CHECK(err->str1 && err->str2);
    ++*(int *)data;
}

static void a_handler_may_call_the_library(void)
{
    int calls = 0;

    virSetErrorFunc(&calls, on_error);
    CHECK_INT(virStreamFree(NULL), -1);
    CHECK_INT(calls, 1);
    /* The error of the call that failed is still the last one. */
    CHECK_ERR(VIR_ERR_INVALID_STREAM, VIR_FROM_STREAMS, "in virStreamFree");
    virSetErrorFunc(NULL, NULL);
    virResetLastError();
}

int main(void)
{
    no_error_reads_as_code_zero_and_says_so();
    no_error_is_saved_and_copied_as_an_empty_record();
    null_is_taken_where_a_record_or_connection_may_be_missing();
    reset_releases_a_record_and_zeroes_it();
    default_handler_prints_domain_level_and_message();
    a_handler_may_call_the_library();
    return CHECK_DONE();
}
