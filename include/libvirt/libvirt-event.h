/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/event.rs and src/event.rs. */

#ifndef LIBVIRT_EVENT_H
#define LIBVIRT_EVENT_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * What a descriptor is watched for, and what it is ready for. Values are bits.
 *
 * ERROR and HANGUP are reported whether or not they are asked for, except to a watch that asks
 * for nothing.
 *
 * Since 0.5.0.
 */
typedef enum virEventHandleType {
    /** There is something to read, or the end of it. Since 0.5.0. */
    VIR_EVENT_HANDLE_READABLE = 1,
    /** Writing would not block. Since 0.5.0. */
    VIR_EVENT_HANDLE_WRITABLE = 2,
    /** The descriptor is in error: the reading end of a pipe is gone, for one. Since 0.5.0. */
    VIR_EVENT_HANDLE_ERROR = 4,
    /** The other end hung up. Since 0.5.0. */
    VIR_EVENT_HANDLE_HANGUP = 8,
} virEventHandleType;

/**
 * Runs on the loop when a watched descriptor is ready: again at every iteration, as long as it is.
 *
 * @watch: the id that virEventAddHandle returned
 * @fd: the descriptor
 * @events: what it is ready for, virEventHandleType bits
 * @opaque: what was registered with the callback
 *
 * Since 0.5.0.
 */
typedef void (*virEventHandleCallback)(int watch,
                                       int fd,
                                       int events,
                                       void *opaque);

/**
 * A loop's function that watches a descriptor.
 *
 * @fd: the descriptor
 * @event: what to wait for, virEventHandleType bits; 0 for nothing yet
 * @cb: to be called on the loop's thread, as long as the descriptor is ready
 * @opaque: to be passed to @cb and @ff
 * @ff: to be called once after the watch is removed, with none of the loop's locks held; or NULL
 *
 * Return Value: the watch's id, or -1 if the descriptor cannot be watched; @ff is then not called.
 *
 * Threads: called from any thread, and from callbacks.
 *
 * Since 0.5.0.
 */
typedef int (*virEventAddHandleFunc)(int fd,
                                     int event,
                                     virEventHandleCallback cb,
                                     void *opaque,
                                     virFreeCallback ff);

/**
 * A loop's function that changes what a watch waits for.
 *
 * @watch: the watch's id
 * @event: what to wait for from now on, virEventHandleType bits; 0 for nothing
 *
 * Since 0.5.0.
 */
typedef void (*virEventUpdateHandleFunc)(int watch, int event);

/**
 * A loop's function that ends a watch, and sees to it that its free function is called.
 *
 * @watch: the watch's id
 *
 * Return Value: 0, or -1 if there is no such watch.
 *
 * Since 0.5.0.
 */
typedef int (*virEventRemoveHandleFunc)(int watch);

/**
 * Runs on the loop when a timer expires.
 *
 * @timer: the id that virEventAddTimeout returned
 * @opaque: what was registered with the callback
 *
 * Since 0.5.0.
 */
typedef void (*virEventTimeoutCallback)(int timer, void *opaque);

/**
 * A loop's function that adds a timer.
 *
 * @timeout: milliseconds between calls; 0 for a call in every iteration, -1 for none yet
 * @cb: to be called on the loop's thread
 * @opaque: to be passed to @cb and @ff
 * @ff: to be called once after the timer is removed, with none of the loop's locks held; or NULL
 *
 * Return Value: the timer's id, or -1; @ff is then not called.
 *
 * Threads: called from any thread, and from callbacks.
 *
 * Since 0.5.0.
 */
typedef int (*virEventAddTimeoutFunc)(int timeout,
                                      virEventTimeoutCallback cb,
                                      void *opaque,
                                      virFreeCallback ff);

/**
 * A loop's function that changes a timer.
 *
 * @timer: the timer's id
 * @timeout: milliseconds between calls from now on; 0 for every iteration, -1 for none
 *
 * Since 0.5.0.
 */
typedef void (*virEventUpdateTimeoutFunc)(int timer, int timeout);

/**
 * A loop's function that ends a timer, and sees to it that its free function is called.
 *
 * @timer: the timer's id
 *
 * Return Value: 0, or -1 if there is no such timer.
 *
 * Since 0.5.0.
 */
typedef int (*virEventRemoveTimeoutFunc)(int timer);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Registers the program's own event loop, which delivers the events of all connections.
 *
 * A process has one loop, and it stays: only the first registration counts, of whichever kind.
 * Later ones, and one of NULLs only, are ignored. Register before the first connection is opened.
 * A function that is NULL refuses (adding, removing) or ignores (updating) what it is asked.
 *
 * @addHandle: watches a descriptor
 * @updateHandle: changes what a watch waits for
 * @removeHandle: ends a watch
 * @addTimeout: adds a timer
 * @updateTimeout: changes a timer
 * @removeTimeout: ends a timer
 *
 * Threads: the functions are called from any thread, and from callbacks that the loop runs. All
 * callbacks must run on one thread at a time.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 0.5.0.
 */
void virEventRegisterImpl(virEventAddHandleFunc addHandle,
                          virEventUpdateHandleFunc updateHandle,
                          virEventRemoveHandleFunc removeHandle,
                          virEventAddTimeoutFunc addTimeout,
                          virEventUpdateTimeoutFunc updateTimeout,
                          virEventRemoveTimeoutFunc removeTimeout);

/**
 * Registers the library's own event loop. The program must then call virEventRunDefaultImpl over
 * and over, in one thread.
 *
 * A loop that is already registered, this one or the program's own, stays: see
 * virEventRegisterImpl. Register before the first connection is opened.
 *
 * Return Value: 0, also if a loop is already registered; -1 on failure.
 *
 * Errors: VIR_ERR_SYSTEM_ERROR if no descriptor is left for the loop's own use.
 *
 * Since 0.9.0.
 */
int virEventRegisterDefaultImpl(void);

/**
 * Runs one iteration of the library's own event loop: waits until a watched descriptor is ready,
 * a timer expires, or another thread changes what is watched, and runs the callbacks. An iteration
 * may end without having run any. A signal ends it too.
 *
 * Return Value: 0, or -1 on failure.
 *
 * Threads: one thread at a time. Callbacks may call any function of the library, this one too.
 *
 * Errors: VIR_ERR_INTERNAL_ERROR if the registered loop is not the library's own, or there is
 * none; VIR_ERR_SYSTEM_ERROR if the system refuses to wait.
 *
 * Since 0.9.0.
 */
int virEventRunDefaultImpl(void);

/**
 * Watches a descriptor on the registered loop. A descriptor may have several watches.
 *
 * @fd: the descriptor, to be kept open until the watch is removed. A negative or closed one is
 * never ready
 * @events: what to wait for, virEventHandleType bits; 0 for nothing yet
 * @cb: called on the loop's thread, at every iteration in which the descriptor is ready
 * @opaque: passed to @cb and @ff
 * @ff: called with @opaque once after the watch is removed, from a later iteration of the loop,
 * never inside virEventRemoveHandle; or NULL
 *
 * Return Value: the watch's id, from 1; -1 if no loop is registered or it refuses. @ff is not
 * called then.
 *
 * Threads: any, and callbacks.
 *
 * Errors: VIR_ERR_INVALID_ARG if @cb is NULL; otherwise none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
int virEventAddHandle(int fd,
                      int events,
                      virEventHandleCallback cb,
                      void *opaque,
                      virFreeCallback ff);

/**
 * Changes what a watch waits for.
 *
 * @watch: the id that virEventAddHandle returned; an unknown one is ignored
 * @events: what to wait for from now on, virEventHandleType bits; 0 for nothing, not even errors
 *
 * Threads: any, and callbacks.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
void virEventUpdateHandle(int watch,
                          int events);

/**
 * Ends a watch. Its callback does not run again once this has returned in the loop's thread; in
 * another thread, a call that has begun may still be running.
 *
 * @watch: the id that virEventAddHandle returned
 *
 * Return Value: 0, or -1 if there is no such watch.
 *
 * Threads: any, and callbacks, the watch's own too.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
int virEventRemoveHandle(int watch);

/**
 * Adds a timer to the registered loop. It expires again and again, until it is disabled or
 * removed.
 *
 * @frequency: milliseconds between calls; 0 for a call at every iteration, -1 for none yet
 * @cb: called on the loop's thread
 * @opaque: passed to @cb and @ff
 * @ff: called with @opaque once after the timer is removed, from a later iteration of the loop,
 * never inside virEventRemoveTimeout; or NULL
 *
 * Return Value: the timer's id, from 1; -1 if no loop is registered or it refuses. @ff is not
 * called then.
 *
 * Threads: any, and callbacks.
 *
 * Errors: VIR_ERR_INVALID_ARG if @cb is NULL; otherwise none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
int virEventAddTimeout(int frequency,
                       virEventTimeoutCallback cb,
                       void *opaque,
                       virFreeCallback ff);

/**
 * Changes a timer, and starts it anew.
 *
 * @timer: the id that virEventAddTimeout returned; an unknown one is ignored
 * @frequency: milliseconds between calls from now on; 0 for every iteration, -1 for none
 *
 * Threads: any, and callbacks.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
void virEventUpdateTimeout(int timer,
                           int frequency);

/**
 * Ends a timer. Its callback does not run again once this has returned in the loop's thread; in
 * another thread, a call that has begun may still be running.
 *
 * @timer: the id that virEventAddTimeout returned
 *
 * Return Value: 0, or -1 if there is no such timer.
 *
 * Threads: any, and callbacks, the timer's own too.
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 0.9.3.
 */
int virEventRemoveTimeout(int timer);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_EVENT_H */
