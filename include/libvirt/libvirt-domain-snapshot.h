/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/domain_snapshot.rs and src/domain/snapshot.rs and src/domain/snapshot_list.rs. */

#ifndef LIBVIRT_DOMAIN_SNAPSHOT_H
#define LIBVIRT_DOMAIN_SNAPSHOT_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * Of a snapshot's children, those below them, too: the bit that is VIR_DOMAIN_SNAPSHOT_LIST_ROOTS
 * where a domain's are listed. Since 0.9.7.
 */
#define VIR_DOMAIN_SNAPSHOT_LIST_DESCENDANTS (1 << 0)

/** How virDomainSnapshotCreateXML works. Since 0.9.5. */
typedef enum virDomainSnapshotCreateFlags {
    /** Only change what is known of a snapshot that has been taken. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE = (1 << 0),
    /** Make what is redefined the current one. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT = (1 << 1),
    /** Take it, and forget it. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA = (1 << 2),
    /** Stop the domain at that moment. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_CREATE_HALT = (1 << 3),
    /** Of the disks, without memory: there are no others here. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY = (1 << 4),
    /** The new images are there already. Since 0.9.10. */
    VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT = (1 << 5),
    /** Let an agent in the guest quiesce its filesystems: there is none. Since 0.9.10. */
    VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE = (1 << 6),
    /** All disks or none, which is always so. Since 0.9.11. */
    VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC = (1 << 7),
    /** Save the memory while the guest runs, which is not done here. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_CREATE_LIVE = (1 << 8),
    /** Refuse elements and attributes of the description that are not known. Since 5.6.0. */
    VIR_DOMAIN_SNAPSHOT_CREATE_VALIDATE = (1 << 9),
} virDomainSnapshotCreateFlags;

/** What virDomainSnapshotGetXMLDesc describes. Since 5.1.0. */
typedef enum virDomainSnapshotXMLFlags {
    /** Secrets, too. Since 5.1.0. */
    VIR_DOMAIN_SNAPSHOT_XML_SECURE = (1 << 0),
} virDomainSnapshotXMLFlags;

/** How virDomainRevertToSnapshot works. Since 0.9.5. */
typedef enum virDomainSnapshotRevertFlags {
    /** Run then. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING = (1 << 0),
    /** Be paused then. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED = (1 << 1),
    /** Also where that is a risk. Since 0.9.7. */
    VIR_DOMAIN_SNAPSHOT_REVERT_FORCE = (1 << 2),
    /** Begin with new NVRAM. Since 8.1.0. */
    VIR_DOMAIN_SNAPSHOT_REVERT_RESET_NVRAM = (1 << 3),
} virDomainSnapshotRevertFlags;

/** What virDomainSnapshotDelete deletes. Since 0.8.0. */
typedef enum virDomainSnapshotDeleteFlags {
    /** All below it, too. Since 0.8.0. */
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN = (1 << 0),
    /** Only what is known of it. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY = (1 << 1),
    /** All below it, but not itself. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY = (1 << 2),
} virDomainSnapshotDeleteFlags;

/**
 * Which snapshots are listed. Bits of one group ({LEAVES, NO_LEAVES}, {METADATA, NO_METADATA},
 * {INACTIVE, ACTIVE, DISK_ONLY}, {INTERNAL, EXTERNAL}) are alternatives; a group without bits does
 * not filter. Since 0.9.5.
 */
typedef enum virDomainSnapshotListFlags {
    /** Of a domain's, those without a parent. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_LIST_ROOTS = (1 << 0),
    /** Those of which something is kept, which are all. Since 0.9.5. */
    VIR_DOMAIN_SNAPSHOT_LIST_METADATA = (1 << 1),
    /** Those that are no parent. Since 0.9.7. */
    VIR_DOMAIN_SNAPSHOT_LIST_LEAVES = (1 << 2),
    /** Those that are a parent. Since 0.9.13. */
    VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES = (1 << 3),
    /** Those of which nothing is kept. Since 0.9.13. */
    VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA = (1 << 4),
    /** Taken while the domain was off. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE = (1 << 5),
    /** Taken while it was running, with its memory. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE = (1 << 6),
    /** Taken while it was running, of its disks. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY = (1 << 7),
    /** Within images. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL = (1 << 8),
    /** With new images. Since 1.0.1. */
    VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL = (1 << 9),
    /** Parents before their children, which is always so. Since 5.2.0. */
    VIR_DOMAIN_SNAPSHOT_LIST_TOPOLOGICAL = (1 << 10),
} virDomainSnapshotListFlags;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Takes a snapshot of a domain's disks: what is written from then on goes to a new image on top of
 * each, and the images until then stay as they were at one and the same instant. Guests' requests
 * wait meanwhile, and none is lost.
 *
 * The description, `<domainsnapshot>`, may have a `<name>` (else it is the time in seconds), a
 * `<description>`, and `<disks>` with a `<disk name='NAME' snapshot='MODE'>` for each disk that is
 * to be treated in its own way. NAME is the target or the path of the image. MODE is "external",
 * "no" (nothing happens to the disk), or "manual" (the caller sees to it: the domain is paused when
 * the call returns). In it, `<source file='PATH'/>` says where the new image is to be, else it is
 * called like the old one with the snapshot's name as its extension. Its format is qcow2. Disks that
 * are not mentioned are treated as `snapshot` in the domain's definition says, else external; those
 * that are read-only or empty, not at all.
 *
 * A domain of test:/// is kept as a whole unless VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY is given: its
 * definition, what it is doing, and what is in its images. MODE is then "internal" or "no".
 *
 * The new image becomes a part of the domain's definition as it runs, and of the one that is kept.
 *
 * @domain: the domain, running or not
 * @xmlDesc: the description
 * @flags: virDomainSnapshotCreateFlags; without VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE the flag
 * VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY is needed but for test:///
 *
 * Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL: then nothing has
 * changed.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL, unknown flags, flags that exclude
 * each other, or a redefinition that does not fit; VIR_ERR_OPERATION_DENIED through a read-only
 * connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR for a bad description;
 * VIR_ERR_CONFIG_UNSUPPORTED for a file that is there already, a disk that is not, or what is not
 * done; VIR_ERR_OPERATION_FAILED for a name that is taken; VIR_ERR_BLOCK_COPY_ACTIVE or
 * VIR_ERR_OPERATION_UNSUPPORTED if a block job works on a disk; VIR_ERR_OPERATION_UNSUPPORTED for
 * flags that are not supported; VIR_ERR_OPERATION_INVALID; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.8.0.
 */
virDomainSnapshotPtr virDomainSnapshotCreateXML(virDomainPtr domain,
                                                const char *xmlDesc,
                                                unsigned int flags);

/**
 * Describes a snapshot.
 *
 * @snapshot: the snapshot
 * @flags: virDomainSnapshotXMLFlags
 *
 * Return Value: the `<domainsnapshot>`, to be freed by the caller, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_OPERATION_DENIED for secrets through a read-only connection;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
 *
 * Since 0.8.0.
 */
char *virDomainSnapshotGetXMLDesc(virDomainSnapshotPtr snapshot,
                                  unsigned int flags);

/**
 * Returns a snapshot's name.
 *
 * @snapshot: the snapshot
 *
 * Return Value: the name, which is valid while the snapshot is, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
 *
 * Since 0.9.5.
 */
const char *virDomainSnapshotGetName(virDomainSnapshotPtr snapshot);

/**
 * Returns a snapshot's domain.
 *
 * @snapshot: the snapshot
 *
 * Return Value: the domain, without a reference of its own: it is valid while the snapshot is. Or
 * NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
 *
 * Since 0.9.5.
 */
virDomainPtr virDomainSnapshotGetDomain(virDomainSnapshotPtr snapshot);

/**
 * Returns a snapshot's connection.
 *
 * @snapshot: the snapshot
 *
 * Return Value: the connection, without a reference of its own: it is valid while the snapshot is.
 * Or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
 *
 * Since 0.9.5.
 */
virConnectPtr virDomainSnapshotGetConnect(virDomainSnapshotPtr snapshot);

/**
 * Finds the snapshot that was the current one when a snapshot was taken.
 *
 * @snapshot: the snapshot
 * @flags: 0
 *
 * Return Value: the parent, to be released with virDomainSnapshotFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT if it has none, or is gone itself; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.7.
 */
virDomainSnapshotPtr virDomainSnapshotGetParent(virDomainSnapshotPtr snapshot,
                                                unsigned int flags);

/**
 * Tells whether a snapshot is its domain's current one.
 *
 * @snapshot: the snapshot
 * @flags: 0
 *
 * Return Value: 1 if it is, 0 if not, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
 *
 * Since 0.9.13.
 */
int virDomainSnapshotIsCurrent(virDomainSnapshotPtr snapshot,
                               unsigned int flags);

/**
 * Tells whether something is kept of a snapshot, as it is of all that can be found.
 *
 * @snapshot: the snapshot
 * @flags: 0
 *
 * Return Value: 1, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone, or was taken with
 * VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA.
 *
 * Since 0.9.13.
 */
int virDomainSnapshotHasMetadata(virDomainSnapshotPtr snapshot,
                                 unsigned int flags);

/**
 * Makes a domain of test:/// what it was when a snapshot of all of it was taken: it is stopped, gets its
 * definition and what was in its images back, and is started again if it was running then or @flags want
 * it. That is not done elsewhere, nor for snapshots of disks alone.
 *
 * @snapshot: the snapshot
 * @flags: virDomainSnapshotRevertFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags, or such that
 * exclude each other; VIR_ERR_OPERATION_DENIED through a read-only connection;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone; VIR_ERR_CONFIG_UNSUPPORTED for what is
 * not done; VIR_ERR_SNAPSHOT_REVERT_RISKY if a running domain would have to be started anew, without
 * VIR_DOMAIN_SNAPSHOT_REVERT_FORCE; VIR_ERR_SYSTEM_ERROR if an image is in use.
 *
 * Since 0.8.0.
 */
int virDomainRevertToSnapshot(virDomainSnapshotPtr snapshot,
                              unsigned int flags);

/**
 * Forgets a snapshot, or those below it. What is in images stays there, and only
 * VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY says that this is what is wanted. Snapshots that lose
 * their parent get that one's.
 *
 * @snapshot: the snapshot
 * @flags: virDomainSnapshotDeleteFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags, or such that
 * exclude each other; VIR_ERR_OPERATION_DENIED through a read-only connection;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone; VIR_ERR_CONFIG_UNSUPPORTED if
 * something of it is in images; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.8.0.
 */
int virDomainSnapshotDelete(virDomainSnapshotPtr snapshot,
                            unsigned int flags);

/**
 * Adds a reference to a snapshot: it takes one more virDomainSnapshotFree to release it.
 *
 * @snapshot: the snapshot
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
 *
 * Since 0.9.13.
 */
int virDomainSnapshotRef(virDomainSnapshotPtr snapshot);

/**
 * Releases a reference to a snapshot. The snapshot itself stays what it is.
 *
 * @snapshot: the snapshot
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT.
 *
 * Since 0.8.0.
 */
int virDomainSnapshotFree(virDomainSnapshotPtr snapshot);

/**
 * Counts a domain's snapshots.
 *
 * @domain: the domain
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
 * domain is gone.
 *
 * Since 0.8.0.
 */
int virDomainSnapshotNum(virDomainPtr domain,
                         unsigned int flags);

/**
 * Lists the names of a domain's snapshots.
 *
 * @domain: the domain
 * @names: an array for the names, each of which the caller frees
 * @nameslen: how many the array holds
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @names is NULL or @nameslen negative, or
 * for unknown flags; VIR_ERR_NO_DOMAIN if the domain is gone.
 *
 * Since 0.8.0.
 */
int virDomainSnapshotListNames(virDomainPtr domain,
                               char **names,
                               int nameslen,
                               unsigned int flags);

/**
 * Lists a domain's snapshots.
 *
 * @domain: the domain
 * @snaps: where to store a list of snapshots with NULL behind the last: the caller releases each
 * with virDomainSnapshotFree, then the list with free; NULL to count only
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: how many snapshots there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
 * domain is gone.
 *
 * Since 0.9.13.
 */
int virDomainListAllSnapshots(virDomainPtr domain,
                              virDomainSnapshotPtr **snaps,
                              unsigned int flags);

/**
 * Counts the children of a snapshot, or all below it.
 *
 * @snapshot: the snapshot
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
 *
 * Since 0.9.7.
 */
int virDomainSnapshotNumChildren(virDomainSnapshotPtr snapshot,
                                 unsigned int flags);

/**
 * Lists the names of the children of a snapshot, or of all below it.
 *
 * @snapshot: the snapshot
 * @names: an array for the names, each of which the caller frees
 * @nameslen: how many the array holds
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG if @names is NULL or @nameslen
 * negative, or for unknown flags; VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
 *
 * Since 0.9.7.
 */
int virDomainSnapshotListChildrenNames(virDomainSnapshotPtr snapshot,
                                       char **names,
                                       int nameslen,
                                       unsigned int flags);

/**
 * Lists the children of a snapshot, or all below it.
 *
 * @snapshot: the snapshot
 * @snaps: where to store a list of snapshots with NULL behind the last: the caller releases each
 * with virDomainSnapshotFree, then the list with free; NULL to count only
 * @flags: virDomainSnapshotListFlags
 *
 * Return Value: how many snapshots there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN_SNAPSHOT; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT, VIR_ERR_NO_DOMAIN if it is gone.
 *
 * Since 0.9.13.
 */
int virDomainSnapshotListAllChildren(virDomainSnapshotPtr snapshot,
                                     virDomainSnapshotPtr **snaps,
                                     unsigned int flags);

/**
 * Finds a domain's snapshot by its name.
 *
 * @domain: the domain
 * @name: the name
 * @flags: 0
 *
 * Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @name is NULL or for flags;
 * VIR_ERR_NO_DOMAIN_SNAPSHOT; VIR_ERR_NO_DOMAIN if the domain is gone.
 *
 * Since 0.8.0.
 */
virDomainSnapshotPtr virDomainSnapshotLookupByName(virDomainPtr domain,
                                                   const char *name,
                                                   unsigned int flags);

/**
 * Tells whether a domain has a current snapshot: the one that it has gone on from.
 *
 * @domain: the domain
 * @flags: 0
 *
 * Return Value: 1 if it has, 0 if not, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN if the domain
 * is gone.
 *
 * Since 0.8.0.
 */
int virDomainHasCurrentSnapshot(virDomainPtr domain,
                                unsigned int flags);

/**
 * Finds a domain's current snapshot: the one that it has gone on from.
 *
 * @domain: the domain
 * @flags: 0
 *
 * Return Value: the snapshot, to be released with virDomainSnapshotFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN_SNAPSHOT if
 * there is none; VIR_ERR_NO_DOMAIN if the domain is gone.
 *
 * Since 0.8.0.
 */
virDomainSnapshotPtr virDomainSnapshotCurrent(virDomainPtr domain,
                                              unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_DOMAIN_SNAPSHOT_H */
