/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/storage_pool.rs and crates/core/src/enums/storage_vol.rs and src/storage/pool_lookup.rs and src/storage/pool.rs and src/storage/pool_event.rs and src/storage/volume.rs. */

#ifndef LIBVIRT_STORAGE_H
#define LIBVIRT_STORAGE_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * Casts the callback of any kind of event to the type that
 * virConnectStoragePoolEventRegisterAny takes.
 *
 * Since 2.0.0.
 */
/* By way of the one function type whose casts compilers do not warn of. */
#define VIR_STORAGE_POOL_EVENT_CALLBACK(cb) \
    ((virConnectStoragePoolEventGenericCallback)(void (*)(void))(cb))

/** What a pool is doing. Since 0.4.1. */
typedef enum virStoragePoolState {
    /** Not in use. Since 0.4.1. */
    VIR_STORAGE_POOL_INACTIVE = 0,
    /** Being made. Since 0.4.1. */
    VIR_STORAGE_POOL_BUILDING = 1,
    /** In use. Since 0.4.1. */
    VIR_STORAGE_POOL_RUNNING = 2,
    /** In use, with something missing. Since 0.4.1. */
    VIR_STORAGE_POOL_DEGRADED = 3,
    /** In use, but out of reach. Since 0.8.2. */
    VIR_STORAGE_POOL_INACCESSIBLE = 4,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_STORAGE_POOL_STATE_LAST = 5,
#endif
} virStoragePoolState;

/** How virStoragePoolBuild builds. Since 0.4.1. */
typedef enum virStoragePoolBuildFlags {
    /** From nothing. Since 0.4.1. */
    VIR_STORAGE_POOL_BUILD_NEW = 0,
    /** Repair what is there. Since 0.4.1. */
    VIR_STORAGE_POOL_BUILD_REPAIR = (1 << 0),
    /** Extend what is there. Since 0.4.1. */
    VIR_STORAGE_POOL_BUILD_RESIZE = (1 << 1),
    /** Overwrite nothing. Since 0.9.5. */
    VIR_STORAGE_POOL_BUILD_NO_OVERWRITE = (1 << 2),
    /** Overwrite what is there. Since 0.9.5. */
    VIR_STORAGE_POOL_BUILD_OVERWRITE = (1 << 3),
} virStoragePoolBuildFlags;

/** How virStoragePoolDelete deletes. Since 0.4.1. */
typedef enum virStoragePoolDeleteFlags {
    /** Remove the place. Since 0.4.1. */
    VIR_STORAGE_POOL_DELETE_NORMAL = 0,
    /** Overwrite it first. Since 0.4.1. */
    VIR_STORAGE_POOL_DELETE_ZEROED = (1 << 0),
} virStoragePoolDeleteFlags;

/** What else virStoragePoolCreate does. Since 1.3.1. */
typedef enum virStoragePoolCreateFlags {
    /** Nothing. Since 1.3.1. */
    VIR_STORAGE_POOL_CREATE_NORMAL = 0,
    /** Build the pool first. Since 1.3.1. */
    VIR_STORAGE_POOL_CREATE_WITH_BUILD = (1 << 0),
    /** Build it, and overwrite what is there. Since 1.3.1. */
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE = (1 << 1),
    /** Build it unless something is there. Since 1.3.1. */
    VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE = (1 << 2),
} virStoragePoolCreateFlags;

/** How virStoragePoolDefineXML defines. Since 7.7.0. */
typedef enum virStoragePoolDefineFlags {
    /** Refuse elements that are not known. Since 7.7.0. */
    VIR_STORAGE_POOL_DEFINE_VALIDATE = (1 << 0),
} virStoragePoolDefineFlags;

/** What a description describes. Since 0.9.13. */
typedef enum virStorageXMLFlags {
    /** The pool as it will be when it is started next. Since 0.9.13. */
    VIR_STORAGE_XML_INACTIVE = (1 << 0),
} virStorageXMLFlags;

/** Which pools virConnectListAllStoragePools lists. Since 0.10.2. */
typedef enum virConnectListAllStoragePoolsFlags {
    /** Inactive ones. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE = (1 << 0),
    /** Active ones. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE = (1 << 1),
    /** Persistent ones. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT = (1 << 2),
    /** Transient ones. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_TRANSIENT = (1 << 3),
    /** Those that start by themselves. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART = (1 << 4),
    /** Those that do not. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_NO_AUTOSTART = (1 << 5),
    /** Of type dir. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_DIR = (1 << 6),
    /** Of type fs. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_FS = (1 << 7),
    /** Of type netfs. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_NETFS = (1 << 8),
    /** Of type logical. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_LOGICAL = (1 << 9),
    /** Of type disk. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_DISK = (1 << 10),
    /** Of type iscsi. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI = (1 << 11),
    /** Of type scsi. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_SCSI = (1 << 12),
    /** Of type mpath. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_MPATH = (1 << 13),
    /** Of type rbd. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_RBD = (1 << 14),
    /** Of type sheepdog. Since 0.10.2. */
    VIR_CONNECT_LIST_STORAGE_POOLS_SHEEPDOG = (1 << 15),
    /** Of type gluster. Since 1.2.1. */
    VIR_CONNECT_LIST_STORAGE_POOLS_GLUSTER = (1 << 16),
    /** Of type zfs. Since 1.2.8. */
    VIR_CONNECT_LIST_STORAGE_POOLS_ZFS = (1 << 17),
    /** Of type vstorage. Since 3.1.0. */
    VIR_CONNECT_LIST_STORAGE_POOLS_VSTORAGE = (1 << 18),
    /** Of type iscsi-direct. Since 5.6.0. */
    VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI_DIRECT = (1 << 19),
} virConnectListAllStoragePoolsFlags;

/** The events of pools, and the type of callback for each. Since 2.0.0. */
typedef enum virStoragePoolEventID {
    /**
     * A pool has come, gone, started or stopped: virConnectStoragePoolEventLifecycleCallback.
     * Since 2.0.0.
     */
    VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE = 0,
    /** A pool's volumes may have changed: virConnectStoragePoolEventGenericCallback. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_ID_REFRESH = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_ID_LAST = 2,
#endif
} virStoragePoolEventID;

/** What has happened to a pool. Since 2.0.0. */
typedef enum virStoragePoolEventLifecycleType {
    /** It has been defined, or defined anew. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_DEFINED = 0,
    /** Its definition is gone. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_UNDEFINED = 1,
    /** It has been started. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_STARTED = 2,
    /** It has been stopped. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_STOPPED = 3,
    /** Its place has been made. Since 3.8.0. */
    VIR_STORAGE_POOL_EVENT_CREATED = 4,
    /** Its place has been removed. Since 3.8.0. */
    VIR_STORAGE_POOL_EVENT_DELETED = 5,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 2.0.0. */
    VIR_STORAGE_POOL_EVENT_LAST = 6,
#endif
} virStoragePoolEventLifecycleType;

/** What kind of thing a volume is. Since 0.4.1. */
typedef enum virStorageVolType {
    /** A file. Since 0.4.1. */
    VIR_STORAGE_VOL_FILE = 0,
    /** A block device. Since 0.4.1. */
    VIR_STORAGE_VOL_BLOCK = 1,
    /** A folder. Since 0.9.5. */
    VIR_STORAGE_VOL_DIR = 2,
    /** Something on a network. Since 0.9.13. */
    VIR_STORAGE_VOL_NETWORK = 3,
    /** A folder on a network. Since 1.2.1. */
    VIR_STORAGE_VOL_NETDIR = 4,
    /** A Ploop image. Since 1.3.4. */
    VIR_STORAGE_VOL_PLOOP = 5,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_STORAGE_VOL_LAST = 6,
#endif
} virStorageVolType;

/** How virStorageVolDelete deletes. Since 0.4.1. */
typedef enum virStorageVolDeleteFlags {
    /** Remove the file. Since 0.4.1. */
    VIR_STORAGE_VOL_DELETE_NORMAL = 0,
    /** Overwrite it first. Since 0.4.1. */
    VIR_STORAGE_VOL_DELETE_ZEROED = (1 << 0),
    /** Remove its snapshots too. Since 1.2.21. */
    VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS = (1 << 1),
} virStorageVolDeleteFlags;

/** How a volume is wiped. Since 0.9.10. */
typedef enum virStorageVolWipeAlgorithm {
    /** Zeros, once. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_ZERO = 0,
    /** NNSA Policy Letter NAP-14.1-C, 4 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_NNSA = 1,
    /** DoD 5220.22-M, 4 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_DOD = 2,
    /** German Center of Security in Information Technologies, 9 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_BSI = 3,
    /** Gutmann, 35 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_GUTMANN = 4,
    /** Schneier, 7 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_SCHNEIER = 5,
    /** Random bytes, 7 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER7 = 6,
    /** Random bytes, 33 passes. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_PFITZNER33 = 7,
    /** Random bytes, once. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_RANDOM = 8,
    /** Tell the device that nothing is needed any more. Since 1.2.19. */
    VIR_STORAGE_VOL_WIPE_ALG_TRIM = 9,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_STORAGE_VOL_WIPE_ALG_LAST = 10,
#endif
} virStorageVolWipeAlgorithm;

/** What virStorageVolGetInfoFlags tells. Since 3.0.0. */
typedef enum virStorageVolInfoFlags {
    /** What virStorageVolGetInfo tells. Since 3.0.0. */
    VIR_STORAGE_VOL_USE_ALLOCATION = 0,
    /** The physical size in place of the allocation. Since 3.0.0. */
    VIR_STORAGE_VOL_GET_PHYSICAL = (1 << 0),
} virStorageVolInfoFlags;

/** How volumes are made. Since 1.0.1. */
typedef enum virStorageVolCreateFlags {
    /** Give the image's metadata its space now. Since 1.0.1. */
    VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA = (1 << 0),
    /** Share the blocks of the volume that is copied. Since 1.2.13. */
    VIR_STORAGE_VOL_CREATE_REFLINK = (1 << 1),
    /** Refuse elements that are not known. Since 8.10.0. */
    VIR_STORAGE_VOL_CREATE_VALIDATE = (1 << 2),
} virStorageVolCreateFlags;

/** How virStorageVolDownload downloads. Since 3.4.0. */
typedef enum virStorageVolDownloadFlags {
    /** Holes are told to who asks for them. Since 3.4.0. */
    VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM = (1 << 0),
} virStorageVolDownloadFlags;

/** How virStorageVolUpload uploads. Since 3.4.0. */
typedef enum virStorageVolUploadFlags {
    /** Holes can be sent. Since 3.4.0. */
    VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM = (1 << 0),
} virStorageVolUploadFlags;

/** How virStorageVolResize resizes. Since 0.9.10. */
typedef enum virStorageVolResizeFlags {
    /** Give the volume space for all of its capacity. Since 0.9.10. */
    VIR_STORAGE_VOL_RESIZE_ALLOCATE = (1 << 0),
    /** The capacity given is a difference. Since 0.9.10. */
    VIR_STORAGE_VOL_RESIZE_DELTA = (1 << 1),
    /** The capacity may become less. Since 0.9.10. */
    VIR_STORAGE_VOL_RESIZE_SHRINK = (1 << 2),
} virStorageVolResizeFlags;

/** State and sizes of a pool. Since 0.4.1. */
struct _virStoragePoolInfo {
    /** What it is doing, a virStoragePoolState. */
    int state;
    /** Bytes that there are. */
    unsigned long long capacity;
    /** Bytes that are taken. */
    unsigned long long allocation;
    /** Bytes that are left. */
    unsigned long long available;
};

/** State and sizes of a pool. */
typedef struct _virStoragePoolInfo virStoragePoolInfo;

/** Points at state and sizes of a pool. */
typedef virStoragePoolInfo *virStoragePoolInfoPtr;

/**
 * Any callback for pool events: VIR_STORAGE_POOL_EVENT_CALLBACK casts to it. It is also the type
 * of the callback for VIR_STORAGE_POOL_EVENT_ID_REFRESH. `pool` is only valid during the call.
 */
typedef void (*virConnectStoragePoolEventGenericCallback)(virConnectPtr conn,
                                                          virStoragePoolPtr pool,
                                                          void *opaque);

/** Type and sizes of a volume. Since 0.4.1. */
struct _virStorageVolInfo {
    /** What kind of thing it is, a virStorageVolType. */
    int type;
    /** Bytes that a guest sees. */
    unsigned long long capacity;
    /** Bytes that are taken on the medium. */
    unsigned long long allocation;
};

/** Type and sizes of a volume. */
typedef struct _virStorageVolInfo virStorageVolInfo;

/** Points at type and sizes of a volume. */
typedef virStorageVolInfo *virStorageVolInfoPtr;

/**
 * The callback for VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE: `event` is a
 * virStoragePoolEventLifecycleType, `detail` is 0. `pool` is only valid during the call.
 */
typedef void (*virConnectStoragePoolEventLifecycleCallback)(virConnectPtr conn,
                                                            virStoragePoolPtr pool,
                                                            int event,
                                                            int detail,
                                                            void *opaque);

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Lists the pools of a connection.
 *
 * @conn: the connection
 * @pools: where to store a list of pools with NULL behind the last: the caller releases each pool
 * with virStoragePoolFree, then the list with free; NULL to count only
 * @flags: virConnectListAllStoragePoolsFlags. Bits of one group ({INACTIVE, ACTIVE}, {PERSISTENT,
 * TRANSIENT}, {AUTOSTART, NO_AUTOSTART}, the types) are alternatives; a group without bits does
 * not filter
 *
 * Return Value: how many pools there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.10.2.
 */
int virConnectListAllStoragePools(virConnectPtr conn,
                                  virStoragePoolPtr **pools,
                                  unsigned int flags);

/**
 * Counts the active pools.
 *
 * @conn: the connection
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.4.1.
 */
int virConnectNumOfStoragePools(virConnectPtr conn);

/**
 * Counts the inactive pools.
 *
 * @conn: the connection
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.4.1.
 */
int virConnectNumOfDefinedStoragePools(virConnectPtr conn);

/**
 * Lists the names of active pools.
 *
 * @conn: the connection
 * @names: an array for the names, each of which the caller frees
 * @maxnames: how many the array holds
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
 *
 * Since 0.4.1.
 */
int virConnectListStoragePools(virConnectPtr conn,
                               char **names,
                               int maxnames);

/**
 * Lists the names of inactive pools.
 *
 * @conn: the connection
 * @names: an array for the names, each of which the caller frees
 * @maxnames: how many the array holds
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
 *
 * Since 0.4.1.
 */
int virConnectListDefinedStoragePools(virConnectPtr conn,
                                      char **names,
                                      int maxnames);

/**
 * Looks for places that could be pools. No type of pool that is here can be looked for.
 *
 * @conn: the connection
 * @type: a type of pool
 * @srcSpec: ignored
 * @flags: 0
 *
 * Return Value: NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @type is NULL; VIR_ERR_OPERATION_DENIED on
 * a read-only connection; VIR_ERR_INTERNAL_ERROR for a type that is not known; VIR_ERR_NO_SUPPORT
 * for the others.
 *
 * Since 0.4.5.
 */
char *virConnectFindStoragePoolSources(virConnectPtr conn,
                                       const char *type,
                                       const char *srcSpec,
                                       unsigned int flags);

/**
 * Describes which types of pool there are, and which of them work here.
 *
 * @conn: the connection
 * @flags: 0
 *
 * Return Value: XML with the root element `storagepoolCapabilities`, which the caller frees, or
 * NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for flags.
 *
 * Since 5.2.0.
 */
char *virConnectGetStoragePoolCapabilities(virConnectPtr conn,
                                           unsigned int flags);

/**
 * Finds a pool by its name.
 *
 * @conn: the connection
 * @name: the name
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @name is NULL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolLookupByName(virConnectPtr conn,
                                             const char *name);

/**
 * Finds a pool by its UUID.
 *
 * @conn: the connection
 * @uuid: the UUID, VIR_UUID_BUFLEN bytes
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuid is NULL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolLookupByUUID(virConnectPtr conn,
                                             const unsigned char *uuid);

/**
 * Finds a pool by its UUID as a string.
 *
 * @conn: the connection
 * @uuidstr: the UUID
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuidstr is NULL or no UUID;
 * VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolLookupByUUIDString(virConnectPtr conn,
                                                   const char *uuidstr);

/**
 * Finds the pool that a volume is in.
 *
 * @vol: the volume, which need not exist any more
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolLookupByVolume(virStorageVolPtr vol);

/**
 * Finds the active pool whose volumes are in a folder.
 *
 * @conn: the connection
 * @path: the folder
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @path is NULL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 4.1.0.
 */
virStoragePoolPtr virStoragePoolLookupByTargetPath(virConnectPtr conn,
                                                   const char *path);

/**
 * Defines a persistent pool, or defines one anew. It is not started.
 *
 * @conn: the connection
 * @xml: the description: type dir, fs or netfs, name, target path. For fs and netfs the
 * filesystem must be mounted by somebody else
 * @flags: virStoragePoolDefineFlags
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @xml is NULL or flags are unknown;
 * VIR_ERR_OPERATION_DENIED on a read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR or
 * VIR_ERR_XML_INVALID_SCHEMA if @xml cannot be understood; VIR_ERR_OPERATION_FAILED if name, UUID
 * or target path are another pool's; VIR_ERR_CONFIG_UNSUPPORTED for other types of pool.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolDefineXML(virConnectPtr conn,
                                          const char *xml,
                                          unsigned int flags);

/**
 * Starts a pool that is forgotten when it is stopped.
 *
 * @conn: the connection
 * @xmlDesc: the description, as for virStoragePoolDefineXML
 * @flags: virStoragePoolCreateFlags
 *
 * Return Value: the pool, to be released with virStoragePoolFree, or NULL.
 *
 * Errors: as virStoragePoolDefineXML; VIR_ERR_OPERATION_INVALID if the pool is active;
 * VIR_ERR_SYSTEM_ERROR if its folder cannot be used.
 *
 * Since 0.4.1.
 */
virStoragePoolPtr virStoragePoolCreateXML(virConnectPtr conn,
                                          const char *xmlDesc,
                                          unsigned int flags);

/**
 * Makes a pool's folder, with those above it. An existing one will do.
 *
 * @pool: an inactive pool
 * @flags: virStoragePoolBuildFlags; there is nothing to format, so OVERWRITE and NO_OVERWRITE are
 * refused
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the pool is active or would
 * have to be formatted; VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStoragePoolBuild(virStoragePoolPtr pool,
                        unsigned int flags);

/**
 * Starts a pool.
 *
 * @pool: an inactive persistent pool
 * @flags: virStoragePoolCreateFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the pool is active;
 * VIR_ERR_OPERATION_UNSUPPORTED if nothing is mounted where something must be;
 * VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR if its folder cannot be used.
 *
 * Since 0.4.1.
 */
int virStoragePoolCreate(virStoragePoolPtr pool,
                         unsigned int flags);

/**
 * Stops a pool. Its volumes stay where they are, and transfers go on; a pool that is not
 * persistent is forgotten.
 *
 * @pool: an active pool
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolDestroy(virStoragePoolPtr pool);

/**
 * Forgets a pool's definition. Its folder stays.
 *
 * @pool: an inactive pool
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the pool is active; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolUndefine(virStoragePoolPtr pool);

/**
 * Removes a pool's folder, which must be empty. The definition stays.
 *
 * @pool: an inactive pool
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the pool is active;
 * VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStoragePoolDelete(virStoragePoolPtr pool,
                         unsigned int flags);

/**
 * Looks again which volumes are in a pool's folder, and sends VIR_STORAGE_POOL_EVENT_ID_REFRESH.
 * What others have put there becomes a volume, and what they have removed is none any more. Sizes
 * and the like need no refresh: they are looked up at every call.
 *
 * @pool: an active pool
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the pool is inactive;
 * VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR if the folder is gone.
 *
 * Since 0.4.1.
 */
int virStoragePoolRefresh(virStoragePoolPtr pool,
                          unsigned int flags);

/**
 * Adds a reference to a pool: it takes one more virStoragePoolFree to release it.
 *
 * @pool: the pool
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL.
 *
 * Since 0.6.0.
 */
int virStoragePoolRef(virStoragePoolPtr pool);

/**
 * Releases a reference to a pool. The pool itself stays what it is.
 *
 * @pool: the pool
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolFree(virStoragePoolPtr pool);

/**
 * Returns a pool's connection.
 *
 * @pool: the pool
 *
 * Return Value: the connection, without a reference of its own: it is valid while the pool is. Or
 * NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
virConnectPtr virStoragePoolGetConnect(virStoragePoolPtr pool);

/**
 * Tells the state and the sizes of a pool.
 *
 * @pool: the pool
 * @info: where to store them; the sizes of an inactive pool are 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @info is NULL;
 * VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info);

/**
 * Describes a pool.
 *
 * @pool: the pool
 * @flags: virStorageXMLFlags
 *
 * Return Value: XML that the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
char *virStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags);

/**
 * Returns a pool's name.
 *
 * @pool: the pool, which need not exist any more
 *
 * Return Value: the name, which is valid while the pool is, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
const char *virStoragePoolGetName(virStoragePoolPtr pool);

/**
 * Tells a pool's UUID.
 *
 * @pool: the pool, which need not exist any more
 * @uuid: where to store VIR_UUID_BUFLEN bytes
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @uuid is NULL.
 *
 * Since 0.4.1.
 */
int virStoragePoolGetUUID(virStoragePoolPtr pool, unsigned char *uuid);

/**
 * Tells a pool's UUID as a string.
 *
 * @pool: the pool, which need not exist any more
 * @buf: where to store VIR_UUID_STRING_BUFLEN bytes
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @buf is NULL.
 *
 * Since 0.4.1.
 */
int virStoragePoolGetUUIDString(virStoragePoolPtr pool, char *buf);

/**
 * Tells whether a pool starts by itself: with the first connection after a boot of the machine.
 *
 * @pool: the pool
 * @autostart: where to store 1 or 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @autostart is NULL;
 * VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolGetAutostart(virStoragePoolPtr pool,
                               int *autostart);

/**
 * Lets a pool start by itself, or not.
 *
 * @pool: a persistent pool
 * @autostart: 0 for not
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INTERNAL_ERROR if the pool is not persistent; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.4.1.
 */
int virStoragePoolSetAutostart(virStoragePoolPtr pool,
                               int autostart);

/**
 * Tells whether a pool is active.
 *
 * @pool: the pool
 *
 * Return Value: 1 or 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.7.3.
 */
int virStoragePoolIsActive(virStoragePoolPtr pool);

/**
 * Tells whether a pool is persistent.
 *
 * @pool: the pool
 *
 * Return Value: 1 or 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_NO_STORAGE_POOL.
 *
 * Since 0.7.3.
 */
int virStoragePoolIsPersistent(virStoragePoolPtr pool);

/**
 * Counts a pool's volumes.
 *
 * @pool: an active pool
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_OPERATION_INVALID if the pool is inactive;
 * VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStoragePoolNumOfVolumes(virStoragePoolPtr pool);

/**
 * Lists the names of a pool's volumes: files, folders, block devices and links to the first and
 * the last. Names that are not UTF-8 are left out.
 *
 * @pool: an active pool
 * @names: an array for the names, each of which the caller frees
 * @maxnames: how many the array holds
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames
 * negative; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_POOL;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStoragePoolListVolumes(virStoragePoolPtr pool,
                              char **names,
                              int maxnames);

/**
 * Lists a pool's volumes.
 *
 * @pool: an active pool
 * @vols: where to store a list of volumes with NULL behind the last: the caller releases each
 * volume with virStorageVolFree, then the list with free; NULL to count only
 * @flags: 0
 *
 * Return Value: how many volumes there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID
 * if the pool is inactive; VIR_ERR_NO_STORAGE_POOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.10.2.
 */
int virStoragePoolListAllVolumes(virStoragePoolPtr pool,
                                 virStorageVolPtr **vols,
                                 unsigned int flags);

/**
 * Registers a callback for events of pools. It runs on the event loop's thread, which must be
 * registered before: virEventRegisterDefaultImpl.
 *
 * @conn: the connection, which is kept open for the callback
 * @pool: the pool whose events are wanted; NULL for those of all
 * @eventID: which events, a virStoragePoolEventID
 * @cb: the callback, of the type that belongs to @eventID, cast with
 * VIR_STORAGE_POOL_EVENT_CALLBACK
 * @opaque: passed to @cb
 * @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
 * be NULL. Not called if this function fails
 *
 * Return Value: the callback's id, which virConnectStoragePoolEventDeregisterAny takes, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @cb is NULL,
 * @eventID unknown, @pool another connection's, or the callback registered already;
 * VIR_ERR_INTERNAL_ERROR if there is no event loop.
 *
 * Since 2.0.0.
 */
int virConnectStoragePoolEventRegisterAny(virConnectPtr conn,
                                          virStoragePoolPtr pool,
                                          int eventID,
                                          virConnectStoragePoolEventGenericCallback cb,
                                          void *opaque,
                                          virFreeCallback freecb);

/**
 * Takes a callback for events of pools back.
 *
 * @conn: the connection
 * @callbackID: what virConnectStoragePoolEventRegisterAny returned
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if there is no such callback.
 *
 * Since 2.0.0.
 */
int virConnectStoragePoolEventDeregisterAny(virConnectPtr conn,
                                            int callbackID);

/**
 * Makes a volume. It appears in the pool when it is complete; a failure leaves nothing behind.
 *
 * @pool: an active pool
 * @xmlDesc: the description: name, capacity (in bytes or with a unit), allocation (bytes that get
 * space now; all of them if it is left out, none if it is 0), target format (raw, qcow2, or dir for
 * a folder), permissions and nocow (written in place; btrfs only). For qcow2 also compat (1.1 if it
 * is left out), clusterSize, features (lazy_refcounts, extended_l2), and backingStore: path (relative
 * to the pool's folder) and format (raw if it is left out) of the image below, whose size is the
 * capacity if that is left out or 0. A qcow2 volume takes no space in advance, and its capacity is
 * rounded up to 1024 bytes
 * @flags: VIR_STORAGE_VOL_CREATE_VALIDATE, and for qcow2 without backingStore
 * VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA: its tables get their space now, and its data too unless
 * the allocation is less than the capacity
 *
 * Return Value: the volume, to be released with virStorageVolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @xmlDesc is NULL or flags are
 * unknown; VIR_ERR_OPERATION_DENIED on a read-only connection; VIR_ERR_XML_DETAIL,
 * VIR_ERR_XML_ERROR or VIR_ERR_XML_INVALID_SCHEMA if @xmlDesc cannot be understood;
 * VIR_ERR_CONFIG_UNSUPPORTED for what cannot be made; VIR_ERR_NO_SUPPORT for a raw volume with a
 * backingStore; VIR_ERR_STORAGE_VOL_EXIST if there is a volume of that name;
 * VIR_ERR_OPERATION_INVALID if the pool is inactive, or something that is no volume is in the way;
 * VIR_ERR_SYSTEM_ERROR with errno.
 *
 * Since 0.4.1.
 */
virStorageVolPtr virStorageVolCreateXML(virStoragePoolPtr pool,
                                        const char *xmlDesc,
                                        unsigned int flags);

/**
 * Makes a volume with the contents of another. It appears in the pool when it is complete; a
 * failure leaves nothing behind.
 *
 * @pool: an active pool
 * @xmlDesc: the description, as for virStorageVolCreateXML; the capacity is at least that of
 * @clonevol. What a guest sees is copied, from raw or qcow2 to raw or qcow2. Holes are kept in a
 * raw copy if the allocation is less than the capacity, or if @clonevol is not raw and none is
 * given. A qcow2 copy with a backingStore, which must be in an active pool, takes space for what
 * differs from that; without one it is complete. A qcow2 copy is compressed if its target has the
 * element compression of the namespace urn:virsparse:volume:1, whose type is deflate or zstd (which
 * needs compat 1.1). The copy is a file, whatever its target format
 * @clonevol: the volume to copy, of any active pool of the same connection. What it is over must be
 * in active pools, too
 * @flags: virStorageVolCreateFlags; with VIR_STORAGE_VOL_CREATE_REFLINK, from raw to raw, the copy
 * shares the blocks of the original, or fails if the filesystem cannot do that
 *
 * Return Value: the volume, to be released with virStorageVolFree, or NULL.
 *
 * Errors: as virStorageVolCreateXML; VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INTERNAL_ERROR if there
 * is a volume of that name; VIR_ERR_NO_STORAGE_VOL if @clonevol is gone; VIR_ERR_CONFIG_UNSUPPORTED
 * for a format that cannot be converted; VIR_ERR_OPERATION_DENIED for an image that refers to a
 * file that is in no active pool; VIR_ERR_RESOURCE_BUSY for one that another program writes;
 * VIR_ERR_OPERATION_FAILED for a chain that does not end.
 *
 * Since 0.6.4.
 */
virStorageVolPtr virStorageVolCreateXMLFrom(virStoragePoolPtr pool,
                                            const char *xmlDesc,
                                            virStorageVolPtr clonevol,
                                            unsigned int flags);

/**
 * Removes a volume: its file, its link, or its folder, which must be empty.
 *
 * @vol: the volume
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another
 * program uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStorageVolDelete(virStorageVolPtr vol,
                        unsigned int flags);

/**
 * Overwrites a volume with zeros. A sparse file becomes one hole.
 *
 * The file itself is wiped: an image in another format than raw is none afterwards.
 *
 * @vol: the volume
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another
 * program uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.8.0.
 */
int virStorageVolWipe(virStorageVolPtr vol,
                      unsigned int flags);

/**
 * Overwrites a volume by an algorithm. All but VIR_STORAGE_VOL_WIPE_ALG_ZERO overwrite the data
 * where it is, once for each pass, and bring every pass to the medium.
 *
 * @vol: the volume
 * @algorithm: a virStorageVolWipeAlgorithm
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virStorageVolWipe; VIR_ERR_ARGUMENT_UNSUPPORTED for VIR_STORAGE_VOL_WIPE_ALG_TRIM;
 * VIR_ERR_INVALID_ARG for an algorithm that is not known.
 *
 * Since 0.9.10.
 */
int virStorageVolWipePattern(virStorageVolPtr vol,
                             unsigned int algorithm,
                             unsigned int flags);

/**
 * Changes the capacity of a raw or qcow2 volume. What is added reads as zeros. That of a qcow2
 * volume is rounded up to 512 bytes.
 *
 * @vol: the volume
 * @capacity: the new capacity in bytes, or with VIR_STORAGE_VOL_RESIZE_DELTA how much more (with
 * VIR_STORAGE_VOL_RESIZE_SHRINK too: less) it shall be
 * @flags: virStorageVolResizeFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for unknown flags, for a capacity of 0 without DELTA and SHRINK, for one
 * below the present one without SHRINK, and for one below the space that is taken;
 * VIR_ERR_OPERATION_UNSUPPORTED if it is neither a raw file nor a qcow2 image with its own data, if
 * it is one with persistent bitmaps, and for ALLOCATE if it is not raw; VIR_ERR_OPERATION_FAILED if the pool has not enough space;
 * VIR_ERR_OPERATION_DENIED for an image that refers to a file that is in no active pool;
 * VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program uses it;
 * VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.10.
 */
int virStorageVolResize(virStorageVolPtr vol,
                        unsigned long long capacity,
                        unsigned int flags);

/**
 * Lets a stream write into a volume. What the stream sends goes into the volume's file from
 * @offset on.
 *
 * The file itself is written, whatever format its bytes are in. A raw volume keeps its size; one
 * in an image format may change it.
 *
 * What a running domain or another program uses is not written. Several streams, of several
 * processes, may write different ranges of one volume at once; without a @length the range reaches to
 * the end.
 *
 * @vol: the volume
 * @stream: a stream of the same connection, without an active transfer
 * @offset: where the first byte goes, in bytes
 * @length: how many bytes may be sent; 0 for no limit but the end of a raw volume
 * @flags: VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM to send holes too;
 * VIR_SPARSE_VOL_UPLOAD_NO_SYNC (virsparse.h) for a virStreamFinish that does not wait for stable storage
 *
 * Return Value: 0, or -1, which leaves volume and stream as they were.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a
 * read-only connection; VIR_ERR_INVALID_ARG for unknown flags, a stream of another connection, or
 * a range that reaches beyond the end of a raw volume; VIR_ERR_OPERATION_INVALID if the stream has
 * an active transfer; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program uses
 * it, or another upload writes some of that range; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR if the
 * file cannot be opened.
 *
 * Since 0.9.0.
 */
int virStorageVolUpload(virStorageVolPtr vol,
                        virStreamPtr stream,
                        unsigned long long offset,
                        unsigned long long length,
                        unsigned int flags);

/**
 * Lets a stream read a volume. It receives the bytes of the volume's file from @offset on,
 * whatever format they are in.
 *
 * @vol: the volume
 * @stream: a stream of the same connection, without an active transfer
 * @offset: where the first byte is, in bytes
 * @length: how many bytes to receive; 0 for all to the end
 * @flags: VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM to be told of holes. Zeros that take space are
 * told as holes too
 *
 * Return Value: 0, or -1, which leaves the stream as it was.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a
 * read-only connection; VIR_ERR_INVALID_ARG for unknown flags, a stream of another connection, or
 * a range that reaches beyond the end of a raw volume; VIR_ERR_OPERATION_INVALID if the stream has
 * an active transfer; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR if the file cannot be opened.
 *
 * Since 0.9.0.
 */
int virStorageVolDownload(virStorageVolPtr vol,
                          virStreamPtr stream,
                          unsigned long long offset,
                          unsigned long long length,
                          unsigned int flags);

/**
 * Tells type and sizes of a volume, as they are now.
 *
 * @vol: the volume
 * @info: where to store them
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG if @info is NULL;
 * VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
int virStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info);

/**
 * Tells type and sizes of a volume, as they are now.
 *
 * @vol: the volume
 * @info: where to store them
 * @flags: VIR_STORAGE_VOL_GET_PHYSICAL to store the physical size (bytes from the first to the
 * last) in place of the allocation
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virStorageVolGetInfo; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 3.0.0.
 */
int virStorageVolGetInfoFlags(virStorageVolPtr vol,
                              virStorageVolInfoPtr info,
                              unsigned int flags);

/**
 * Describes a volume.
 *
 * @vol: the volume
 * @flags: 0
 *
 * Return Value: XML that the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_STORAGE_VOL;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.1.
 */
char *virStorageVolGetXMLDesc(virStorageVolPtr vol,
                              unsigned int flags);

/**
 * Returns a volume's name.
 *
 * @vol: the volume, which need not exist any more
 *
 * Return Value: the name, which is valid while the handle is, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
const char *virStorageVolGetName(virStorageVolPtr vol);

/**
 * Returns a volume's key, which no other volume of the machine has: its path.
 *
 * @vol: the volume, which need not exist any more
 *
 * Return Value: the key, which is valid while the handle is, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
const char *virStorageVolGetKey(virStorageVolPtr vol);

/**
 * Returns a volume's path.
 *
 * @vol: the volume
 *
 * Return Value: the path, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_NO_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
char *virStorageVolGetPath(virStorageVolPtr vol);

/**
 * Returns a volume's connection.
 *
 * @vol: the volume
 *
 * Return Value: the connection, without a reference of its own: it is valid while the volume is.
 * Or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
virConnectPtr virStorageVolGetConnect(virStorageVolPtr vol);

/**
 * Finds a volume by its name.
 *
 * @pool: an active pool
 * @name: the name
 *
 * Return Value: the volume, to be released with virStorageVolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_POOL; VIR_ERR_INVALID_ARG if @name is NULL;
 * VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
virStorageVolPtr virStorageVolLookupByName(virStoragePoolPtr pool,
                                           const char *name);

/**
 * Finds a volume by its key, in all active pools.
 *
 * @conn: the connection
 * @key: the key
 *
 * Return Value: the volume, to be released with virStorageVolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @key is NULL; VIR_ERR_NO_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
virStorageVolPtr virStorageVolLookupByKey(virConnectPtr conn,
                                          const char *key);

/**
 * Finds a volume by its path, in all active pools.
 *
 * @conn: the connection
 * @path: the path: the pool's folder and the name; repeated slashes do not matter
 *
 * Return Value: the volume, to be released with virStorageVolFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @path is NULL; VIR_ERR_NO_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
virStorageVolPtr virStorageVolLookupByPath(virConnectPtr conn,
                                           const char *path);

/**
 * Adds a reference to a volume: it takes one more virStorageVolFree to release it.
 *
 * @vol: the volume
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL.
 *
 * Since 0.6.0.
 */
int virStorageVolRef(virStorageVolPtr vol);

/**
 * Releases a reference to a volume. The volume itself stays what it is.
 *
 * @vol: the volume
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL.
 *
 * Since 0.4.1.
 */
int virStorageVolFree(virStorageVolPtr vol);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_STORAGE_H */
