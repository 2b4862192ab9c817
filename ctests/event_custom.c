/* An event loop of the program: once registered, it is the one that the library uses. */
#include "check.h"

/* The calls of the loop's functions, one line each. */
static char journal[256];

static struct {
    int fd, event, timeout, freed, calls;
    virEventHandleCallback handle_cb;
    virEventTimeoutCallback timeout_cb;
    virFreeCallback ff;
    void *opaque;
} added;

static int answer;

static int add_handle(int fd, int event, virEventHandleCallback cb, void *opaque,
                      virFreeCallback ff)
{
    added.fd = fd;
    added.event = event;
    added.handle_cb = cb;
    added.opaque = opaque;
    added.ff = ff;
    strcat(journal, "add handle; ");
    return answer;
}

static void update_handle(int watch, int event)
{
    char line[64];

    sprintf(line, "update handle %d to %d; ", watch, event);
    strcat(journal, line);
}

static int remove_handle(int watch)
{
    char line[64];

    sprintf(line, "remove handle %d; ", watch);
    strcat(journal, line);
    return answer;
}

static int add_timeout(int timeout, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    added.timeout = timeout;
    added.timeout_cb = cb;
    added.opaque = opaque;
    added.ff = ff;
    strcat(journal, "add timeout; ");
    return answer;
}

static void update_timeout(int timer, int timeout)
{
    char line[64];

    sprintf(line, "update timeout %d to %d; ", timer, timeout);
    strcat(journal, line);
}

static int remove_timeout(int timer)
{
    char line[64];

    sprintf(line, "remove timeout %d; ", timer);
    strcat(journal, line);
    return answer;
}

/* The functions of a loop that comes too late. */
static int late_add(int timeout, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    (void)timeout;
    (void)cb;
    (void)opaque;
    (void)ff;
    strcat(journal, "late; ");
    return 1;
}

static void late_update(int id, int to)
{
    (void)id;
    (void)to;
    strcat(journal, "late; ");
}

static int late_remove(int id)
{
    (void)id;
    strcat(journal, "late; ");
    return 0;
}

static void on_handle(int watch, int fd, int events, void *opaque)
{
    CHECK_INT(watch, 77);
    CHECK_INT(fd, 5);
    CHECK_INT(events, VIR_EVENT_HANDLE_READABLE);
    CHECK(opaque == &added);
    added.calls++;
}

static void on_timeout(int timer, void *opaque)
{
    CHECK_INT(timer, 78);
    CHECK(opaque == &added);
    added.calls++;
}

static void on_free(void *opaque)
{
    CHECK(opaque == &added);
    added.freed++;
}

static void quiet(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

/* Compares the calls since the last time. */
#define CHECK_ASKED(text)             \
    do {                              \
        CHECK_STR(journal, (text));   \
        journal[0] = '\0';            \
    } while (0)

static void handles_are_the_programs_business(void)
{
    answer = 77;
    CHECK_INT(virEventAddHandle(5, VIR_EVENT_HANDLE_READABLE, on_handle, &added, on_free), 77);
    CHECK_ASKED("add handle; ");
    CHECK_INT(added.fd, 5);
    CHECK_INT(added.event, VIR_EVENT_HANDLE_READABLE);
    CHECK(added.opaque == &added);
    /* The thread that runs the loop calls the callbacks. */
    added.handle_cb(77, added.fd, added.event, added.opaque);
    CHECK_INT(added.calls, 1);
    virEventUpdateHandle(77, 3);
    CHECK_ASKED("update handle 77 to 3; ");
    answer = 0;
    CHECK_INT(virEventRemoveHandle(77), 0);
    CHECK_ASKED("remove handle 77; ");
    CHECK_INT(added.freed, 0);
    added.ff(added.opaque);
    CHECK_INT(added.freed, 1);
    answer = -1;
    CHECK_INT(virEventRemoveHandle(77), -1);
    CHECK_ASKED("remove handle 77; ");
}

static void timers_are_the_programs_business(void)
{
    answer = 78;
    CHECK_INT(virEventAddTimeout(250, on_timeout, &added, on_free), 78);
    CHECK_ASKED("add timeout; ");
    CHECK_INT(added.timeout, 250);
    added.timeout_cb(78, added.opaque);
    CHECK_INT(added.calls, 2);
    virEventUpdateTimeout(78, -1);
    CHECK_ASKED("update timeout 78 to -1; ");
    answer = 0;
    CHECK_INT(virEventRemoveTimeout(78), 0);
    CHECK_ASKED("remove timeout 78; ");
    added.ff(added.opaque);
    CHECK_INT(added.freed, 2);
    answer = -1;
    CHECK_INT(virEventRemoveTimeout(78), -1);
    CHECK_ASKED("remove timeout 78; ");
}

static void a_refusal_leaves_the_data_with_the_caller(void)
{
    int freed = added.freed;

    answer = -1;
    CHECK_INT(virEventAddHandle(5, 1, on_handle, &added, on_free), -1);
    CHECK_INT(virEventAddTimeout(5, on_timeout, &added, on_free), -1);
    CHECK_ASKED("add handle; add timeout; ");
    CHECK_INT(added.freed, freed);
    CHECK(virGetLastError() == NULL);
    /* Data that needs no freeing is passed on as such. */
    answer = 79;
    CHECK_INT(virEventAddHandle(5, 1, on_handle, NULL, NULL), 79);
    CHECK(added.ff == NULL);
    CHECK(added.opaque == NULL);
    CHECK_INT(virEventAddTimeout(5, on_timeout, NULL, NULL), 79);
    CHECK(added.ff == NULL);
    CHECK_ASKED("add handle; add timeout; ");
}

static void later_registrations_change_nothing(void)
{
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    virEventRegisterImpl(NULL, late_update, late_remove, late_add, late_update, late_remove);
    virEventRegisterImpl(NULL, NULL, NULL, NULL, NULL, NULL);
    answer = 80;
    CHECK_INT(virEventAddTimeout(-1, on_timeout, &added, on_free), 80);
    virEventUpdateTimeout(80, 1);
    virEventUpdateHandle(80, 1);
    CHECK_ASKED("add timeout; update timeout 80 to 1; update handle 80 to 1; ");
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    answer = 0;
    CHECK_INT(virEventRemoveTimeout(80), 0);
    CHECK_ASKED("remove timeout 80; ");
}

#ifndef REAL_LIBVIRT /* there these crash, or wait for ever */
static void what_cannot_work_is_refused(void)
{
    CHECK_INT(virEventRunDefaultImpl(), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_EVENT, "not the default one");
    CHECK_INT(virEventAddHandle(5, 1, NULL, &added, on_free), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_EVENT, "cb in virEventAddHandle must not be NULL");
    CHECK_INT(virEventAddTimeout(5, NULL, &added, on_free), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_EVENT, "cb in virEventAddTimeout must not be NULL");
    CHECK_ASKED("");
}
#endif

int main(void)
{
    virSetErrorFunc(NULL, quiet);
#ifdef REAL_LIBVIRT /* there, calls before the initialisation crash */
    CHECK_INT(virInitialize(), 0);
#endif
    virEventRegisterImpl(add_handle, update_handle, remove_handle, add_timeout, update_timeout,
                         remove_timeout);
    handles_are_the_programs_business();
    timers_are_the_programs_business();
    a_refusal_leaves_the_data_with_the_caller();
    later_registrations_change_nothing();
#ifndef REAL_LIBVIRT
    what_cannot_work_is_refused();
#endif
    return CHECK_DONE();
}
