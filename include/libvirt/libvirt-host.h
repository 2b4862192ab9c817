/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/capi/host.rs. */

#ifndef LIBVIRT_HOST_H
#define LIBVIRT_HOST_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * The most processors that a host with this topology can have.
 *
 * Since 0.1.4.
 */
#define VIR_NODEINFO_MAXCPUS(nodeinfo) \
    ((nodeinfo).nodes * (nodeinfo).sockets * (nodeinfo).cores * (nodeinfo).threads)

/** The length of a UUID in bytes. */
#define VIR_UUID_BUFLEN 16

/** The length of a UUID as a string, with its NUL. */
#define VIR_UUID_STRING_BUFLEN 37

/** How a connection is opened. Since 0.4.1. */
typedef enum virConnectFlags {
    /** Nothing can be changed through it. Since 0.4.1. */
    VIR_CONNECT_RO = (1 << 0),
    /** URI aliases are not resolved; there are none here. Since 0.9.7. */
    VIR_CONNECT_NO_ALIASES = (1 << 1),
} virConnectFlags;

/** What a connection may ask of its user. Connections here ask for nothing. Since 0.4.1. */
typedef enum virConnectCredentialType {
    /** A name to act as. Since 0.4.1. */
    VIR_CRED_USERNAME = 1,
    /** A name to authorize as. Since 0.4.1. */
    VIR_CRED_AUTHNAME = 2,
    /** Languages, with commas between them. Since 0.4.1. */
    VIR_CRED_LANGUAGE = 3,
    /** A nonce of the client's. Since 0.4.1. */
    VIR_CRED_CNONCE = 4,
    /** A secret. Since 0.4.1. */
    VIR_CRED_PASSPHRASE = 5,
    /** The response to a challenge, shown while typed. Since 0.4.1. */
    VIR_CRED_ECHOPROMPT = 6,
    /** The response to a challenge, not shown. Since 0.4.1. */
    VIR_CRED_NOECHOPROMPT = 7,
    /** A realm. Since 0.4.1. */
    VIR_CRED_REALM = 8,
    /** Something that is managed elsewhere. Since 0.4.1. */
    VIR_CRED_EXTERNAL = 9,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_CRED_LAST = 10,
#endif
} virConnectCredentialType;

/** One thing that is asked of the user. Since 0.4.1. */
struct _virConnectCredential {
    /** What is asked, a virConnectCredentialType. */
    int type;
    /** The question. */
    const char *prompt;
    /** More about it. */
    const char *challenge;
    /** What to take if nothing is answered. */
    const char *defresult;
    /** The answer. */
    char *result;
    /** The answer's length in bytes. */
    unsigned int resultlen;
};

/** One thing that is asked of the user. */
typedef struct _virConnectCredential virConnectCredential;

/** Points at one thing that is asked. */
typedef virConnectCredential *virConnectCredentialPtr;

/** Asks the user for `ncred` things; returns 0 when all are answered, or -1. */
typedef int (*virConnectAuthCallbackPtr)(virConnectCredentialPtr cred,
                                         unsigned int ncred,
                                         void *cbdata);

/** Who asks the user, and for what it may be asked. Since 0.4.1. */
struct _virConnectAuth {
    /** The virConnectCredentialType values that `cb` understands. */
    int *credtype;
    /** How many they are. */
    unsigned int ncredtype;
    /** Asks the user. */
    virConnectAuthCallbackPtr cb;
    /** Passed to `cb`. */
    void *cbdata;
};

/** Who asks the user. */
typedef struct _virConnectAuth virConnectAuth;

/** Points at who asks the user. */
typedef virConnectAuth *virConnectAuthPtr;

/**
 * Runs when a connection is closed by something other than its user: `reason` is a
 * virConnectCloseReason.
 */
typedef void (*virConnectCloseFunc)(virConnectPtr conn, int reason, void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Prepares the library for use. Every other function does so by itself.
 *
 * Return Value: 0.
 *
 * Since 0.1.0.
 */
int virInitialize(void);

/**
 * Tells the version of libvirt whose interface this is, as 1,000,000 * major + 1,000 * minor +
 * release.
 *
 * @libVer: where to store it
 * @type: ignored
 * @typeVer: where to store it once more, or NULL
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INTERNAL_ERROR if @libVer is NULL.
 *
 * Since 0.0.3.
 */
int virGetVersion(unsigned long *libVer,
                  const char *type,
                  unsigned long *typeVer);

/**
 * Opens a connection.
 *
 * `sparse:///embed?root=DIR` is everything under the folder DIR, which is made on first use;
 * `sparse:///session` and `sparse:///system` are the same under the user's and the system's state
 * folder; `test:///default` is in memory and shared by the process's connections to it.
 *
 * @name: the URI; NULL or an empty string for the environment variable LIBVIRT_DEFAULT_URI, else
 * `sparse:///session`
 *
 * Return Value: the connection, to be released with virConnectClose, or NULL.
 *
 * Threads: a connection may be used from several threads.
 *
 * Errors: VIR_ERR_NO_CONNECT if nothing handles the URI; VIR_ERR_INTERNAL_ERROR if it is
 * malformed; VIR_ERR_SYSTEM_ERROR if the folder cannot be used.
 *
 * Since 0.0.3.
 */
virConnectPtr virConnectOpen(const char *name);

/**
 * Opens a connection through which nothing can be changed: functions that would fail with
 * VIR_ERR_OPERATION_DENIED.
 *
 * @name: the URI, as for virConnectOpen
 *
 * Return Value: the connection, to be released with virConnectClose, or NULL.
 *
 * Errors: as virConnectOpen.
 *
 * Since 0.0.3.
 */
virConnectPtr virConnectOpenReadOnly(const char *name);

/**
 * Opens a connection, as virConnectOpen does.
 *
 * @name: the URI, as for virConnectOpen
 * @auth: ignored, because nothing is asked; may be NULL
 * @flags: virConnectFlags
 *
 * Return Value: the connection, to be released with virConnectClose, or NULL.
 *
 * Errors: as virConnectOpen; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.4.0.
 */
virConnectPtr virConnectOpenAuth(const char *name,
                                 virConnectAuthPtr auth,
                                 unsigned int flags);

/**
 * Releases a reference to a connection. It is closed with the last one: objects of the connection
 * and registered callbacks hold references too.
 *
 * @conn: the connection
 *
 * Return Value: 0 if it is closed, 1 if references remain, -1 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.0.3.
 */
int virConnectClose(virConnectPtr conn);

/**
 * Adds a reference to a connection: it takes one more virConnectClose to close it.
 *
 * @conn: the connection
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.6.0.
 */
int virConnectRef(virConnectPtr conn);

/**
 * Returns the URI that a connection was opened with.
 *
 * @conn: the connection
 *
 * Return Value: a string that the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.3.0.
 */
char *virConnectGetURI(virConnectPtr conn);

/**
 * Returns what kind of connection it is.
 *
 * @conn: the connection
 *
 * Return Value: "SPARSE" or "TEST", which the caller must not free, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.0.3.
 */
const char *virConnectGetType(virConnectPtr conn);

/**
 * Tells the version of what is behind a connection: this library's own, as 1,000,000 * major +
 * 1,000 * minor + release.
 *
 * @conn: the connection
 * @hvVer: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @hvVer is NULL.
 *
 * Since 0.0.3.
 */
int virConnectGetVersion(virConnectPtr conn,
                         unsigned long *hvVer);

/**
 * Tells the version of libvirt whose interface the other end has: this library's.
 *
 * @conn: the connection
 * @libVer: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @libVer is NULL.
 *
 * Since 0.7.3.
 */
int virConnectGetLibVersion(virConnectPtr conn,
                            unsigned long *libVer);

/**
 * Returns the name of the machine: everything happens on this one.
 *
 * @conn: the connection
 *
 * Return Value: a string that the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.3.0.
 */
char *virConnectGetHostname(virConnectPtr conn);

/**
 * Describes what the machine and the connection can do.
 *
 * @conn: the connection
 *
 * Return Value: XML with the root element `capabilities`, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.2.1.
 */
char *virConnectGetCapabilities(virConnectPtr conn);

/**
 * Tells whether a connection is still there. There is no transport that could break.
 *
 * @conn: the connection
 *
 * Return Value: 1, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.9.8.
 */
int virConnectIsAlive(virConnectPtr conn);

/**
 * Tells whether a connection is encrypted. Nothing is sent, so nothing is.
 *
 * @conn: the connection
 *
 * Return Value: 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.7.3.
 */
int virConnectIsEncrypted(virConnectPtr conn);

/**
 * Tells whether a connection cannot be read by others. It does not leave the process.
 *
 * @conn: the connection
 *
 * Return Value: 1, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.7.3.
 */
int virConnectIsSecure(virConnectPtr conn);

/**
 * Asks for messages that keep a connection open. There is no transport, so there are none.
 *
 * @conn: the connection
 * @interval: ignored
 * @count: ignored
 *
 * Return Value: 1, which says that the other end has no such messages, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.9.8.
 */
int virConnectSetKeepAlive(virConnectPtr conn,
                           int interval,
                           unsigned int count);

/**
 * Registers a callback for the case that the connection breaks. It has no transport that could,
 * so the callback is kept and never run.
 *
 * @conn: the connection, which holds a reference to itself for the callback
 * @cb: the callback
 * @opaque: passed to @cb
 * @freecb: releases @opaque when the callback is taken back; may be NULL
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL; VIR_ERR_OPERATION_INVALID if
 * there is a callback already.
 *
 * Since 0.10.0.
 */
int virConnectRegisterCloseCallback(virConnectPtr conn,
                                    virConnectCloseFunc cb,
                                    void *opaque,
                                    virFreeCallback freecb);

/**
 * Takes a close callback back.
 *
 * @conn: the connection
 * @cb: the callback that was registered
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL; VIR_ERR_OPERATION_INVALID if
 * it is not registered.
 *
 * Since 0.10.0.
 */
int virConnectUnregisterCloseCallback(virConnectPtr conn,
                                      virConnectCloseFunc cb);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What virConnectOpenAuth is commonly given as its second argument. Connections here ask for
 * nothing, so it understands nothing, and its callback has no answers.
 *
 * Since 0.4.0.
 */
extern virConnectAuthPtr virConnectAuthPtrDefault;

#ifdef __cplusplus
}
#endif

#endif  /* LIBVIRT_HOST_H */
