/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/auth.rs and src/host.rs and src/host_node.rs. */

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

/** Time in the kernel, in nanoseconds. Since 0.9.3. */
#define VIR_NODE_CPU_STATS_KERNEL "kernel"

/** Time in programs, in nanoseconds. Since 0.9.3. */
#define VIR_NODE_CPU_STATS_USER "user"

/** Time in which there was nothing to do, in nanoseconds. Since 0.9.3. */
#define VIR_NODE_CPU_STATS_IDLE "idle"

/** Time in which there was nothing to do but to wait for a medium, in nanoseconds. Since 0.9.3. */
#define VIR_NODE_CPU_STATS_IOWAIT "iowait"

/** Time in interrupts, in nanoseconds; it is never told here. Since 1.2.2. */
#define VIR_NODE_CPU_STATS_INTR "intr"

/** Time in which guests ran, in nanoseconds, which is part of the time in programs. Since 11.8.0. */
#define VIR_NODE_CPU_STATS_GUEST "guest"

/** How busy it is, in percent; it is never told here. Since 0.9.3. */
#define VIR_NODE_CPU_STATS_UTILIZATION "utilization"

/** All memory, in KiB. Since 0.9.3. */
#define VIR_NODE_MEMORY_STATS_TOTAL "total"

/** Memory that nobody uses, in KiB. Since 0.9.3. */
#define VIR_NODE_MEMORY_STATS_FREE "free"

/** Memory that buffers use, in KiB. Since 0.9.3. */
#define VIR_NODE_MEMORY_STATS_BUFFERS "buffers"

/** Memory that cached files use, in KiB. Since 0.9.3. */
#define VIR_NODE_MEMORY_STATS_CACHED "cached"

/** Memory that programs can have without others losing any to a medium, in KiB. Since 12.3.0. */
#define VIR_NODE_MEMORY_STATS_AVAILABLE "available"

/** The length of a UUID in bytes. */
#define VIR_UUID_BUFLEN 16

/** The length of a UUID as a string, with its NUL. */
#define VIR_UUID_STRING_BUFLEN 37

/**
 * The size of a security model's name with its NUL.
 *
 * Since 0.6.1.
 */
#define VIR_SECURITY_MODEL_BUFLEN 257

/**
 * The size of a security model's domain of interpretation with its NUL.
 *
 * Since 0.6.1.
 */
#define VIR_SECURITY_DOI_BUFLEN 257

/**
 * The size of a domain's label under a security model with its NUL.
 *
 * Since 0.6.1.
 */
#define VIR_SECURITY_LABEL_BUFLEN 4097

/**
 * The size of the name of one of a CPU's numbers with its NUL.
 *
 * Since 0.9.3.
 */
#define VIR_NODE_CPU_STATS_FIELD_LENGTH 80

/**
 * The size of the name of one of the memory's numbers with its NUL.
 *
 * Since 0.9.3.
 */
#define VIR_NODE_MEMORY_STATS_FIELD_LENGTH 80

/** What a connection may ask of its user. Since 0.4.1. */
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

/** How a connection is opened. Since 0.4.1. */
typedef enum virConnectFlags {
    /** Nothing can be changed through it. Since 0.4.1. */
    VIR_CONNECT_RO = (1 << 0),
    /** The URI is opened as it is, whatever VIRSPARSE_URI_ALIASES says. Since 0.9.7. */
    VIR_CONNECT_NO_ALIASES = (1 << 1),
} virConnectFlags;

/** Which CPU virNodeGetCPUStats is asked about. Since 0.9.8. */
typedef enum virNodeGetCPUStatsAllCPUs {
    /** All of them, summed. Since 0.9.3. */
    VIR_NODE_CPU_STATS_ALL_CPUS = -1,
} virNodeGetCPUStatsAllCPUs;

/** Which NUMA cell virNodeGetMemoryStats is asked about. Since 0.9.8. */
typedef enum virNodeGetMemoryStatsAllCells {
    /** All of them, summed. Since 0.9.3. */
    VIR_NODE_MEMORY_STATS_ALL_CELLS = -1,
} virNodeGetMemoryStatsAllCells;

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

/** The processors and the memory of a machine. Since 0.1.0. */
struct _virNodeInfo {
    /** The architecture. */
    char model[32];
    /** The memory in KiB. */
    unsigned long memory;
    /** CPUs that are in use. */
    unsigned int cpus;
    /** Their frequency, 0 if it is not known. */
    unsigned int mhz;
    /** NUMA cells; 1 where they are not alike. */
    unsigned int nodes;
    /** Sockets in a cell; 1 where they are not alike. */
    unsigned int sockets;
    /** Cores in a socket; all CPUs where they are not alike. */
    unsigned int cores;
    /** Threads in a core; 1 where they are not alike. */
    unsigned int threads;
};

/** The processors and the memory of a machine. */
typedef struct _virNodeInfo virNodeInfo;

/** Points at what is told of a machine. */
typedef virNodeInfo *virNodeInfoPtr;

/** What CPUs have done: one number. Since 0.9.3. */
struct _virNodeCPUStats {
    /** What it is: VIR_NODE_CPU_STATS_USER and others. */
    char field[VIR_NODE_CPU_STATS_FIELD_LENGTH];
    /** The number. */
    unsigned long long value;
};

/** What CPUs have done: one number. */
typedef struct _virNodeCPUStats virNodeCPUStats;

/** Points at numbers of what CPUs have done. */
typedef virNodeCPUStats *virNodeCPUStatsPtr;

/** What memory is used for: one number. Since 0.9.3. */
struct _virNodeMemoryStats {
    /** What it is: VIR_NODE_MEMORY_STATS_TOTAL and others. */
    char field[VIR_NODE_MEMORY_STATS_FIELD_LENGTH];
    /** The number. */
    unsigned long long value;
};

/** What memory is used for: one number. */
typedef struct _virNodeMemoryStats virNodeMemoryStats;

/** Points at numbers of what memory is used for. */
typedef virNodeMemoryStats *virNodeMemoryStatsPtr;

/** The model by which domains are kept apart. Since 0.6.1. */
struct _virSecurityModel {
    /** Its name; empty if there is none. */
    char model[VIR_SECURITY_MODEL_BUFLEN];
    /** Its domain of interpretation. */
    char doi[VIR_SECURITY_DOI_BUFLEN];
};

/** The model by which domains are kept apart. */
typedef struct _virSecurityModel virSecurityModel;

/** Points at a security model. */
typedef virSecurityModel *virSecurityModelPtr;

/** The label of a domain under a security model. Since 0.6.1. */
struct _virSecurityLabel {
    /** The label; empty if there is none. */
    char label[VIR_SECURITY_LABEL_BUFLEN];
    /** 1 if it is enforced, else 0. */
    int enforcing;
};

/** The label of a domain under a security model. */
typedef struct _virSecurityLabel virSecurityLabel;

/** Points at a label. */
typedef virSecurityLabel *virSecurityLabelPtr;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Prepares the library for use. Every other function does so by itself.
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_OPERATION_INVALID if it is called by another libvirt in the process, whose functions the
 * program has found by dlsym behind LD_PRELOAD: then the message says what to set instead.
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
 * folder; `test:///default` is in memory and shared by the process's connections to it;
 * `test:///path/to/file.xml` is in memory, too, with what the file describes, and each connection has
 * its own.
 *
 * What is done to volumes is on stable storage when the call returns. A `sparse:` URI with `sync=no`
 * (`sparse:///session?sync=no`, `sparse:///embed?root=DIR&sync=no`) leaves that to the system, as the
 * environment variable VIRSPARSE_SYNC=no does for connections whose URI says neither `sync=no` nor
 * `sync=yes`. Definitions and block jobs are brought to stable storage in any case.
 *
 * Other names of such URIs can be said, for programs whose URI cannot be chosen: in the environment
 * variable VIRSPARSE_URI_ALIASES, as `NAME=URI` with white space between several
 * (`qemu:///session=sparse:///session`), or if that is not set in the same way in the file
 * `virsparse/uri-aliases` below `$XDG_CONFIG_HOME`, else `~/.config`. A name stands for itself only.
 * What is opened by such a name is told in the log, and by virConnectGetURI. Programs with rights that
 * their user does not have (setuid) know no such names.
 *
 * @name: the URI; NULL or an empty string for the environment variable LIBVIRT_DEFAULT_URI, else
 * `sparse:///session`
 *
 * Return Value: the connection, to be released with virConnectClose, or NULL.
 *
 * Threads: a connection may be used from several threads.
 *
 * Errors: VIR_ERR_NO_CONNECT if nothing handles the URI; VIR_ERR_INTERNAL_ERROR if it is
 * malformed; VIR_ERR_CONF_SYNTAX if the other names of URIs cannot be understood;
 * VIR_ERR_INVALID_ARG for `test:///` without a path; VIR_ERR_SYSTEM_ERROR if the folder
 * cannot be used; VIR_ERR_XML_ERROR and VIR_ERR_XML_DETAIL for a file that cannot be read, and the
 * errors of virStoragePoolDefineXML, virStorageVolCreateXML and virDomainDefineXML for what it
 * describes.
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
 * @auth: who asks the user; may be NULL. Only a file of test:/// can name users, who are asked for
 * VIR_CRED_AUTHNAME and then VIR_CRED_PASSPHRASE or VIR_CRED_NOECHOPROMPT
 * @flags: virConnectFlags
 *
 * Return Value: the connection, to be released with virConnectClose, or NULL.
 *
 * Errors: as virConnectOpen; VIR_ERR_INVALID_ARG for unknown flags, or without @auth where there are
 * users; VIR_ERR_AUTH_FAILED if @auth cannot ask for what is needed, or the answers are wrong.
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
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR if it is closed, and a domain that ended with it
 * has lost what its guests had written: its disks could not be brought to stable storage.
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
 * Returns the URI that a connection was opened with: where that was another name of one
 * (virConnectOpen), the URI.
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
 * 1,000 * minor + release; behind `test:///` it is 2, as with libvirt.
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
 * Describes what domains of one kind can have: disks, and nothing else that does something, because
 * nothing is executed.
 *
 * @conn: the connection
 * @emulatorbin: the program that would run them, which is shown and not looked at, or NULL
 * @arch: their architecture; NULL for that of the machine
 * @machine: the type of their machine, which is shown, or NULL
 * @virttype: what they are said to be run by: "qemu", "kvm" or "test"; NULL for "kvm". On a connection
 * to `test:///` it is "test"
 * @flags: 0
 *
 * Return Value: XML with the root element `domainCapabilities`, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for unknown flags, an unknown @arch, or a @virttype that is unknown or that
 * there is none of; VIR_ERR_CONFIG_UNSUPPORTED for an @arch that there is none of.
 *
 * Since 1.2.7.
 */
char *virConnectGetDomainCapabilities(virConnectPtr conn,
                                      const char *emulatorbin,
                                      const char *arch,
                                      const char *machine,
                                      const char *virttype,
                                      unsigned int flags);

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

/**
 * Tells the processors and the memory of the machine.
 *
 * @conn: the connection
 * @info: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_SYSTEM_ERROR if the
 * system does not tell.
 *
 * Since 0.1.0.
 */
int virNodeGetInfo(virConnectPtr conn,
                   virNodeInfoPtr info);

/**
 * Tells how many CPUs a domain may have.
 *
 * @conn: the connection
 * @type: ignored; may be NULL
 *
 * Return Value: the number, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.2.1.
 */
int virConnectGetMaxVcpus(virConnectPtr conn, const char *type);

/**
 * Tells how much memory of the machine nobody uses.
 *
 * @conn: the connection
 *
 * Return Value: the number of bytes, or 0 on error.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_SYSTEM_ERROR if the system does not tell.
 *
 * Since 0.3.3.
 */
unsigned long long virNodeGetFreeMemory(virConnectPtr conn);

/**
 * Tells how many bytes of memory nobody uses in each of some NUMA cells.
 *
 * @conn: the connection
 * @freeMems: an array of @maxCells numbers, where to store them
 * @startCell: the first cell
 * @maxCells: how many at most
 *
 * Return Value: how many are stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @freeMems is NULL, @startCell negative or
 * behind the last cell, or @maxCells not positive; VIR_ERR_SYSTEM_ERROR if the system does not
 * tell.
 *
 * Since 0.3.3.
 */
int virNodeGetCellsFreeMemory(virConnectPtr conn,
                              unsigned long long *freeMems,
                              int startCell,
                              int maxCells);

/**
 * Tells what the CPUs have done since the machine was started: VIR_NODE_CPU_STATS_KERNEL, _USER,
 * _IDLE, _IOWAIT and _GUEST.
 *
 * @conn: the connection
 * @cpuNum: the number of a CPU, or VIR_NODE_CPU_STATS_ALL_CPUS
 * @params: where to store it; NULL to learn how many numbers there are
 * @nparams: how many there is room for; afterwards how many there are
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @nparams is NULL or negative, there is no
 * such CPU, or for flags; VIR_ERR_SYSTEM_ERROR if the system does not tell.
 *
 * Since 0.9.3.
 */
int virNodeGetCPUStats(virConnectPtr conn,
                       int cpuNum,
                       virNodeCPUStatsPtr params,
                       int *nparams,
                       unsigned int flags);

/**
 * Tells what the memory is used for, in KiB: VIR_NODE_MEMORY_STATS_TOTAL and _FREE, and of all
 * cells also _BUFFERS, _CACHED and _AVAILABLE.
 *
 * @conn: the connection
 * @cellNum: the number of a NUMA cell, or VIR_NODE_MEMORY_STATS_ALL_CELLS
 * @params: where to store it; NULL to learn how many numbers there are
 * @nparams: how many there is room for; afterwards how many there are
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @nparams is NULL or negative, there is no
 * such cell, or for flags; VIR_ERR_NO_SUPPORT on a connection to `test:///`;
 * VIR_ERR_SYSTEM_ERROR if the system does not tell.
 *
 * Since 0.9.3.
 */
int virNodeGetMemoryStats(virConnectPtr conn,
                          int cellNum,
                          virNodeMemoryStatsPtr params,
                          int *nparams,
                          unsigned int flags);

/**
 * Tells which CPUs there are, and which of them are in use.
 *
 * @conn: the connection
 * @cpumap: where to store an array that the caller frees: the bit n % 8 of byte n / 8 is set if CPU n
 * is in use; may be NULL
 * @online: where to store how many are in use; may be NULL
 * @flags: 0
 *
 * Return Value: how many CPUs there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_SYSTEM_ERROR if the system
 * does not tell.
 *
 * Since 1.0.0.
 */
int virNodeGetCPUMap(virConnectPtr conn,
                     unsigned char **cpumap,
                     unsigned int *online,
                     unsigned int flags);

/**
 * Returns what the firmware says of the machine. Only `test:///` does, of a machine that there is
 * not.
 *
 * @conn: the connection
 * @flags: 0
 *
 * Return Value: XML with the root element `sysinfo`, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT on other
 * connections.
 *
 * Since 0.8.8.
 */
char *virConnectGetSysinfo(virConnectPtr conn,
                           unsigned int flags);

/**
 * Tells the model by which domains are kept apart. There is none, which is told as empty names; on
 * `test:///` it has the name that it has with libvirt.
 *
 * @conn: the connection
 * @secmodel: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @secmodel is NULL.
 *
 * Since 0.6.1.
 */
int virNodeGetSecurityModel(virConnectPtr conn,
                            virSecurityModelPtr secmodel);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What virConnectOpenAuth is commonly given as its second argument. It has nobody to ask, so it
 * understands nothing, and its callback has no answers.
 *
 * Since 0.4.0.
 */
extern virConnectAuthPtr virConnectAuthPtrDefault;

#ifdef __cplusplus
}
#endif

#endif  /* LIBVIRT_HOST_H */
