/* The default event loop: registration, watches, timers, threads and signals. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sigaction, pipe, nanosleep */
#endif

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

/* The arguments of the last call of a watch's callback, and how often it and the free function
 * ran. */
struct seen {
    int calls, watch, fd, events, freed;
};

static void on_handle(int watch, int fd, int events, void *opaque)
{
    struct seen *seen = (struct seen *)opaque;

    seen->calls++;
    seen->watch = watch;
    seen->fd = fd;
    seen->events = events;
}

static void on_timeout(int timer, void *opaque)
{
    struct seen *seen = (struct seen *)opaque;

    seen->calls++;
    seen->watch = timer;
}

static void on_free(void *opaque)
{
    ((struct seen *)opaque)->freed++;
}

static void quiet(void *data, virErrorPtr err)
{
    (void)data;
    (void)err;
}

static void sleep_ms(long ms)
{
    struct timespec time;

    time.tv_sec = ms / 1000;
    time.tv_nsec = ms % 1000 * 1000000;
    nanosleep(&time, NULL);
}

static long now_ms(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void iterate(void)
{
    if (virEventRunDefaultImpl() != 0)
        CHECK(!"virEventRunDefaultImpl failed");
}

/* Runs the loop until a callback has counted, but not longer than that; returns the number of
 * iterations it took. With libvirt's own loop, a descriptor that stays ready lets no timer run. */
static int run_until(const int *count, int ms)
{
    struct seen limit = {0, 0, 0, 0, 0};
    int timer = virEventAddTimeout(ms, on_timeout, &limit, NULL);
    int iterations = 0;

    CHECK(timer > 0);
    while (!limit.calls && !*count) {
        iterate();
        iterations++;
    }
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    return iterations;
}

static int run_for(int ms)
{
    const int never = 0;

    return run_until(&never, ms);
}

/* Leaves an error of the thread's behind. */
static void fail(void)
{
    virTypedParameterPtr params = NULL;
    int nparams = 0, maxparams = 0;

    CHECK_INT(virTypedParamsAddFromString(&params, &nparams, &maxparams, "x", 99, "1"), -1);
    virTypedParamsFree(params, nparams);
    CHECK(virGetLastError() != NULL);
}

static int counted_calls;

static int counted_add_handle(int fd, int event, virEventHandleCallback cb, void *opaque,
                              virFreeCallback ff)
{
    (void)fd;
    (void)event;
    (void)cb;
    (void)opaque;
    (void)ff;
    return ++counted_calls;
}

static int counted_add_timeout(int timeout, virEventTimeoutCallback cb, void *opaque,
                               virFreeCallback ff)
{
    (void)timeout;
    (void)cb;
    (void)opaque;
    (void)ff;
    return ++counted_calls;
}

static void counted_update(int id, int to)
{
    (void)id;
    (void)to;
    counted_calls++;
}

static int counted_remove(int id)
{
    (void)id;
    return ++counted_calls;
}

static void without_a_loop_everything_is_refused(void)
{
    struct seen seen = {0, 0, 0, 0, 0};

    /* NULLs are no loop. */
    virEventRegisterImpl(NULL, NULL, NULL, NULL, NULL, NULL);
#ifndef REAL_LIBVIRT /* there it crashes, or waits for ever */
    CHECK_INT(virEventRunDefaultImpl(), -1);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_EVENT, "no event loop is registered");
    virResetLastError();
#endif
    CHECK_INT(virEventAddHandle(0, VIR_EVENT_HANDLE_READABLE, on_handle, &seen, on_free), -1);
    CHECK_INT(virEventAddTimeout(0, on_timeout, &seen, on_free), -1);
    CHECK_INT(virEventRemoveHandle(1), -1);
    CHECK_INT(virEventRemoveTimeout(1), -1);
    virEventUpdateHandle(1, VIR_EVENT_HANDLE_READABLE);
    virEventUpdateTimeout(1, 0);
    CHECK(virGetLastError() == NULL);
    /* After a failed registration the data still belongs to the caller. */
    CHECK_INT(seen.freed, 0);
}

static void the_first_registration_counts(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    int timer;

    fail();
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    CHECK(virGetLastError() == NULL);
    CHECK_INT(virEventRegisterDefaultImpl(), 0);
    virEventRegisterImpl(counted_add_handle, counted_update, counted_remove, counted_add_timeout,
                         counted_update, counted_remove);
    timer = virEventAddTimeout(0, on_timeout, &seen, NULL);
    CHECK_INT(timer, 1);
    CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK_INT(seen.calls, 1);
    CHECK_INT(seen.watch, timer);
    virEventUpdateTimeout(timer, -1);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    CHECK_INT(virEventAddHandle(0, 0, on_handle, &seen, NULL), 1);
    CHECK_INT(virEventRemoveHandle(1), 0);
    CHECK_INT(counted_calls, 0);
}

static void ids_are_numbered_apart_and_known_once(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    int handle = virEventAddHandle(0, 0, on_handle, &seen, NULL);
    int timer = virEventAddTimeout(-1, on_timeout, &seen, NULL);

    CHECK_INT(handle, 2);
    CHECK_INT(timer, 2);
    CHECK_INT(virEventAddHandle(0, 0, on_handle, &seen, NULL), handle + 1);
    CHECK_INT(virEventAddTimeout(-1, on_timeout, &seen, NULL), timer + 1);
    CHECK_INT(virEventRemoveHandle(handle), 0);
    CHECK_INT(virEventRemoveHandle(handle), -1);
    CHECK_INT(virEventRemoveHandle(handle + 1), 0);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    CHECK_INT(virEventRemoveTimeout(timer), -1);
    CHECK_INT(virEventRemoveTimeout(timer + 1), 0);
    CHECK_INT(virEventRemoveTimeout(12345), -1);
    CHECK_INT(virEventRemoveHandle(-1), -1);
    virEventUpdateHandle(12345, VIR_EVENT_HANDLE_READABLE);
    virEventUpdateTimeout(12345, 0);
    CHECK(virGetLastError() == NULL);
}

static void adding_and_removing_leave_the_last_error_alone(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    int id;

    fail();
    id = virEventAddHandle(0, 0, on_handle, &seen, NULL);
    virEventUpdateHandle(id, 0);
    CHECK_INT(virEventRemoveHandle(id), 0);
    CHECK_INT(virEventRemoveHandle(id), -1);
    id = virEventAddTimeout(-1, on_timeout, &seen, NULL);
    virEventUpdateTimeout(id, -1);
    CHECK_INT(virEventRemoveTimeout(id), 0);
    CHECK_INT(virEventRemoveTimeout(id), -1);
    virEventRegisterImpl(NULL, NULL, NULL, NULL, NULL, NULL);
    CHECK_ERR(VIR_ERR_INTERNAL_ERROR, VIR_FROM_NONE, "unexpected type 99");
    CHECK_INT(virEventRunDefaultImpl(), 0);
    CHECK(virGetLastError() == NULL);
}

static void callbacks_must_be_given(void)
{
#ifndef REAL_LIBVIRT /* there it crashes when it would run */
    struct seen seen = {0, 0, 0, 0, 0};

    CHECK_INT(virEventAddHandle(0, VIR_EVENT_HANDLE_READABLE, NULL, &seen, on_free), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_EVENT, "cb in virEventAddHandle must not be NULL");
    CHECK_INT(virEventAddTimeout(0, NULL, &seen, on_free), -1);
    CHECK_ERR(VIR_ERR_INVALID_ARG, VIR_FROM_EVENT, "cb in virEventAddTimeout must not be NULL");
    run_for(10);
    CHECK_INT(seen.freed, 0);
#endif
}

static void a_ready_descriptor_is_reported_as_long_as_it_is(void)
{
    struct seen first = {0, 0, 0, 0, 0}, second = {0, 0, 0, 0, 0};
    int fds[2], one, two;
    char byte;

    CHECK_INT(pipe(fds), 0);
    one = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_handle, &first, on_free);
    two = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_handle, &second, NULL);
    CHECK(one > 0 && two > 0 && one != two);
    run_for(20);
    CHECK_INT(first.calls, 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    while (first.calls < 3 || second.calls < 3)
        iterate();
    CHECK_INT(first.watch, one);
    CHECK_INT(second.watch, two);
    CHECK_INT(first.fd, fds[0]);
    CHECK_INT(first.events, VIR_EVENT_HANDLE_READABLE);
    CHECK_INT(read(fds[0], &byte, 1), 1);
    first.calls = 0;
    run_for(20);
    CHECK_INT(first.calls, 0);
    CHECK_INT(virEventRemoveHandle(two), 0);
    CHECK_INT(virEventRemoveHandle(one), 0);
    run_for(10);
    CHECK_INT(first.freed, 1);
    close(fds[0]);
    close(fds[1]);
}

/* Changes what is waited for, and returns what is reported; 0 if nothing is. */
static int events_after(int watch, int events, struct seen *seen)
{
    seen->calls = seen->events = 0;
    virEventUpdateHandle(watch, events);
    run_until(&seen->calls, 20);
    CHECK_INT(seen->calls > 0, seen->events != 0);
    return seen->events;
}

static void hangup_and_error_need_not_be_asked_for(void)
{
    const int readable = VIR_EVENT_HANDLE_READABLE, writable = VIR_EVENT_HANDLE_WRITABLE;
    const int error = VIR_EVENT_HANDLE_ERROR, hangup = VIR_EVENT_HANDLE_HANGUP;
    struct seen seen = {0, 0, 0, 0, 0};
    int fds[2], watch;
    char byte;

    CHECK_INT(pipe(fds), 0);
    watch = virEventAddHandle(fds[0], 0, on_handle, &seen, NULL);
    CHECK_INT(write(fds[1], "x", 1), 1);
    close(fds[1]);
    CHECK_INT(events_after(watch, 0, &seen), 0);
    CHECK_INT(events_after(watch, readable, &seen), readable | hangup);
    CHECK_INT(read(fds[0], &byte, 1), 1);
    CHECK_INT(events_after(watch, readable, &seen), hangup);
    CHECK_INT(events_after(watch, readable | writable, &seen), hangup);
    CHECK_INT(events_after(watch, writable, &seen), hangup);
    CHECK_INT(events_after(watch, error, &seen), hangup);
    CHECK_INT(events_after(watch, hangup, &seen), hangup);
    CHECK_INT(events_after(watch, 0, &seen), 0);
    CHECK_INT(virEventRemoveHandle(watch), 0);
    close(fds[0]);

    CHECK_INT(pipe(fds), 0);
    watch = virEventAddHandle(fds[1], 0, on_handle, &seen, NULL);
    CHECK_INT(events_after(watch, readable, &seen), 0);
    CHECK_INT(events_after(watch, writable, &seen), writable);
    close(fds[0]);
    CHECK_INT(events_after(watch, writable, &seen), writable | error);
    CHECK_INT(events_after(watch, readable, &seen), error);
    CHECK_INT(events_after(watch, error, &seen), error);
    CHECK_INT(events_after(watch, 0, &seen), 0);
    CHECK_INT(virEventRemoveHandle(watch), 0);
    close(fds[1]);
}

static void bad_descriptors_are_never_ready(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    int fds[2], watch, iterations;

    watch = virEventAddHandle(-1, VIR_EVENT_HANDLE_READABLE, on_handle, &seen, on_free);
    CHECK(watch > 0);
    iterations = run_for(50);
    CHECK(iterations < 10);
    CHECK_INT(virEventRemoveHandle(watch), 0);

    CHECK_INT(pipe(fds), 0);
    watch = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_handle, &seen, on_free);
    close(fds[0]);
    close(fds[1]);
    iterations = run_for(50);
#ifndef REAL_LIBVIRT /* there the loop spins */
    CHECK(iterations < 10);
#endif
    CHECK_INT(virEventRemoveHandle(watch), 0);
    run_for(10);
    CHECK_INT(seen.calls, 0);
    CHECK_INT(seen.freed, 2);
}

static void an_idle_loop_sleeps(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    int fds[2], watch, timer;
    long cpu;

    CHECK_INT(pipe(fds), 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    close(fds[1]);
    watch = virEventAddHandle(fds[0], 0, on_handle, &seen, NULL);
    timer = virEventAddTimeout(-1, on_timeout, &seen, NULL);
    run_for(10);
    cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(run_for(300) < 10);
    CHECK(now_ms(CLOCK_PROCESS_CPUTIME_ID) - cpu < 150);
    CHECK_INT(seen.calls, 0);
    CHECK_INT(virEventRemoveHandle(watch), 0);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    close(fds[0]);
}

static void timers_repeat_until_they_are_stopped(void)
{
    struct seen seen = {0, 0, 0, 0, 0};
    long start = now_ms(CLOCK_MONOTONIC);
    int timer = virEventAddTimeout(50, on_timeout, &seen, on_free);
    int calls;

    while (seen.calls < 4)
        iterate();
    CHECK_INT(seen.watch, timer);
    /* The clocks of the loop and of this program may round differently, by a millisecond a call. */
    CHECK(now_ms(CLOCK_MONOTONIC) - start >= 4 * 50 - 4);
    virEventUpdateTimeout(timer, -1);
    run_for(120);
    CHECK_INT(seen.calls, 4);
    virEventUpdateTimeout(timer, 0);
    for (calls = 0; calls < 10; calls++)
        iterate();
    CHECK(seen.calls >= 4 + 9);
    virEventUpdateTimeout(timer, 100000);
    calls = seen.calls;
    run_for(60);
    CHECK_INT(seen.calls, calls);
    virEventUpdateTimeout(timer, 0);
    CHECK_INT(virEventRemoveTimeout(timer), 0);
    run_for(20);
    CHECK_INT(seen.calls, calls);
    CHECK_INT(seen.freed, 1);
}

static void data_is_freed_once_and_from_the_loop(void)
{
    struct seen handle = {0, 0, 0, 0, 0}, timer = {0, 0, 0, 0, 0};
    int watch = virEventAddHandle(0, 0, on_handle, &handle, on_free);
    int id = virEventAddTimeout(-1, on_timeout, &timer, on_free);

    CHECK_INT(virEventRemoveHandle(watch), 0);
    CHECK_INT(virEventRemoveTimeout(id), 0);
    CHECK_INT(handle.freed, 0);
    CHECK_INT(timer.freed, 0);
    /* There is no other event: these iterations end because a free function has to be called. */
    while (!handle.freed || !timer.freed)
        iterate();
    run_for(20);
    CHECK_INT(handle.freed, 1);
    CHECK_INT(timer.freed, 1);
    CHECK_INT(handle.calls + timer.calls, 0);
}

/* Two watches on one ready descriptor: the one that runs first removes both. */
static int rivals[2];
static int rival_calls, rival_frees, frees_during_removal;

static void on_rival_free(void *opaque)
{
    (void)opaque;
    rival_frees++;
}

static void on_rival(int watch, int fd, int events, void *opaque)
{
    (void)fd;
    (void)events;
    (void)opaque;
    rival_calls++;
    CHECK(watch == rivals[0] || watch == rivals[1]);
    CHECK_INT(virEventRemoveHandle(rivals[0]), 0);
    CHECK_INT(virEventRemoveHandle(rivals[1]), 0);
    frees_during_removal = rival_frees;
}

static void a_callback_may_remove_itself_and_others(void)
{
    int fds[2];

    CHECK_INT(pipe(fds), 0);
    CHECK_INT(write(fds[1], "x", 1), 1);
    rivals[0] = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_rival, NULL, on_rival_free);
    rivals[1] = virEventAddHandle(fds[0], VIR_EVENT_HANDLE_READABLE, on_rival, NULL, on_rival_free);
    run_for(30);
    CHECK_INT(rival_calls, 1);
    CHECK_INT(frees_during_removal, 0);
    CHECK_INT(rival_frees, 2);
    close(fds[0]);
    close(fds[1]);
}

/* A timer that replaces itself by another, which it waits for in a loop of its own. */
static struct seen inner;

static void on_outer(int timer, void *opaque)
{
    int id;

    CHECK_INT(virEventRemoveTimeout(timer), 0);
    id = virEventAddTimeout(1, on_timeout, &inner, on_free);
    CHECK(id > timer);
    while (!inner.calls)
        iterate();
    CHECK_INT(virEventRemoveTimeout(id), 0);
    *(int *)opaque = 1;
}

static void a_callback_may_add_and_run_the_loop(void)
{
    int done = 0;

    CHECK(virEventAddTimeout(0, on_outer, &done, NULL) > 0);
    while (!done)
        iterate();
    run_for(10);
    CHECK(inner.calls > 0);
    CHECK_INT(inner.freed, 1);
}

/* The calls of another thread while this thread waits in the loop. */
enum deed { ADD_TIMER, UPDATE_TIMER, ADD_WATCH, UPDATE_WATCH, SIGNAL };

struct helper {
    enum deed deed;
    int id, fd;
    pthread_t waiter, ran_on;
    volatile int ran;
};

static void on_helped_timeout(int timer, void *opaque)
{
    struct helper *helper = (struct helper *)opaque;

    (void)timer;
    helper->ran_on = pthread_self();
    helper->ran = 1;
}

static void on_helped_handle(int watch, int fd, int events, void *opaque)
{
    (void)fd;
    (void)events;
    on_helped_timeout(watch, opaque);
}

static void *help(void *opaque)
{
    struct helper *helper = (struct helper *)opaque;

    sleep_ms(50);
    switch (helper->deed) {
    case ADD_TIMER:
        helper->id = virEventAddTimeout(0, on_helped_timeout, helper, NULL);
        break;
    case UPDATE_TIMER:
        virEventUpdateTimeout(helper->id, 0);
        break;
    case ADD_WATCH:
        helper->id = virEventAddHandle(helper->fd, VIR_EVENT_HANDLE_WRITABLE, on_helped_handle,
                                       helper, NULL);
        break;
    case UPDATE_WATCH:
        virEventUpdateHandle(helper->id, VIR_EVENT_HANDLE_WRITABLE);
        break;
    case SIGNAL:
        pthread_kill(helper->waiter, SIGUSR1);
        break;
    }
    return NULL;
}

/* Waits in the loop until a call of the other thread has made a callback run in this thread. */
static void be_helped(struct helper *helper)
{
    pthread_t thread;

    helper->ran = 0;
    CHECK_INT(pthread_create(&thread, NULL, help, helper), 0);
    while (!helper->ran)
        iterate();
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK(pthread_equal(helper->ran_on, pthread_self()));
}

static void other_threads_wake_the_loop(void)
{
    struct helper helper;
    int fds[2];

    memset(&helper, 0, sizeof(helper));
    CHECK_INT(pipe(fds), 0);
    helper.fd = fds[1];
    helper.deed = ADD_TIMER;
    be_helped(&helper);
    virEventUpdateTimeout(helper.id, -1);
    helper.deed = UPDATE_TIMER;
    be_helped(&helper);
    CHECK_INT(virEventRemoveTimeout(helper.id), 0);
    helper.deed = ADD_WATCH;
    be_helped(&helper);
    virEventUpdateHandle(helper.id, 0);
    helper.deed = UPDATE_WATCH;
    be_helped(&helper);
    CHECK_INT(virEventRemoveHandle(helper.id), 0);
    close(fds[0]);
    close(fds[1]);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

static void a_signal_ends_the_wait(void)
{
    struct helper helper;
    struct sigaction action;
    pthread_t thread;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    memset(&helper, 0, sizeof(helper));
    helper.deed = SIGNAL;
    helper.waiter = pthread_self();
    run_for(10);
    CHECK_INT(pthread_create(&thread, NULL, help, &helper), 0);
    while (!signals)
        iterate();
    CHECK_INT(pthread_join(thread, NULL), 0);
}

int main(void)
{
    /* A loop that sleeps where it should not is a failure too. */
    alarm(60);
    virSetErrorFunc(NULL, quiet);
#ifdef REAL_LIBVIRT /* there, calls before the initialisation crash */
    CHECK_INT(virInitialize(), 0);
#endif
    without_a_loop_everything_is_refused();
    the_first_registration_counts();
    ids_are_numbered_apart_and_known_once();
    adding_and_removing_leave_the_last_error_alone();
    callbacks_must_be_given();
    a_ready_descriptor_is_reported_as_long_as_it_is();
    hangup_and_error_need_not_be_asked_for();
    bad_descriptors_are_never_ready();
    an_idle_loop_sleeps();
    timers_repeat_until_they_are_stopped();
    data_is_freed_once_and_from_the_loop();
    a_callback_may_remove_itself_and_others();
    a_callback_may_add_and_run_the_loop();
    other_threads_wake_the_loop();
    a_signal_ends_the_wait();
    return CHECK_DONE();
}
