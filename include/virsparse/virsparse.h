/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/sparse.rs and src/sparse.rs. */

#ifndef VIRSPARSE_H
#define VIRSPARSE_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/** What a range of a volume or a disk holds. */
typedef enum virSparseExtentType {
    /** Data. */
    VIR_SPARSE_EXTENT_DATA = 0,
    /** A hole: it reads as zeros and takes no space. */
    VIR_SPARSE_EXTENT_HOLE = 1,
    /** Zeros that have space in an image. Only of disks. */
    VIR_SPARSE_EXTENT_ZERO = 2,
} virSparseExtentType;

/** How serious a message of the log is: libvirt's levels. */
typedef enum virSparseLogLevel {
    /** What is done, step by step. */
    VIR_SPARSE_LOG_DEBUG = 1,
    /** What happens to objects: domains start and stop, jobs begin and end. */
    VIR_SPARSE_LOG_INFO = 2,
    /** What could not be done, and went on without. */
    VIR_SPARSE_LOG_WARN = 3,
    /** What a function has reported as an error. */
    VIR_SPARSE_LOG_ERROR = 4,
} virSparseLogLevel;

/** What virSparseVolGetExtents looks at. */
typedef enum virSparseVolExtentsFlags {
    /** The volume's file, whatever format its bytes are in. */
    VIR_SPARSE_VOL_EXTENTS_FILE = (1 << 0),
} virSparseVolExtentsFlags;

/** Which URI of a disk virSparseDomainGetDiskURI tells. */
typedef enum virSparseDiskURIFlags {
    /** The one over TCP. */
    VIR_SPARSE_DISK_URI_TCP = (1 << 0),
} virSparseDiskURIFlags;

/** Flags of ours for virStorageVolUpload, beside those of libvirt. */
typedef enum virSparseVolUploadFlags {
    /**
     * virStreamFinish does not wait until what was sent is on stable storage: the system brings it there when
     * it likes, and until then a power cut loses it.
     */
    VIR_SPARSE_VOL_UPLOAD_NO_SYNC = (1 << 30),
} virSparseVolUploadFlags;

/** Which volumes virSparseVolListAllOverlays lists. */
typedef enum virSparseVolListOverlaysFlags {
    /** Those that lie over others that are listed, too. */
    VIR_SPARSE_VOL_LIST_OVERLAYS_DESCENDANTS = (1 << 0),
} virSparseVolListOverlaysFlags;

/**
 * Runs for a message of the log.
 *
 * It is called on the thread that has something to tell, which may be one of the library's, also
 * on several threads at once, and while locks are held: it must not call functions of the library,
 * which fail with VIR_ERR_OPERATION_INVALID there, must not wait for a thread that does, and has to
 * return.
 *
 * @level: how serious it is, a virSparseLogLevel
 * @source: which part of the library tells it: "storage.pool"
 * @message: the text, without a newline; like @source gone when the function returns
 * @opaque: what was registered with the function
 *
 * Since virsparse 0.1.
 */
typedef void (*virSparseLogFunc)(int level,
                                 const char *source,
                                 const char *message,
                                 void *opaque);

/** How much a stream has moved. */
struct _virSparseStreamStats {
    /** Bytes of data that have been moved: written to the volume, or given to the receiver. */
    unsigned long long dataBytes;
    /** Bytes of holes that have been moved. */
    unsigned long long holeBytes;
    /** Bytes that the transfer covers at most, data and holes; 0 if it has no limit. */
    unsigned long long totalBytes;
    /**
     * Bytes of data that the transfer will have moved when it is complete, at most: what has been moved,
     * and what is not known to be a hole. (unsigned long long)-1 if it has no limit.
     */
    unsigned long long dataTotalBytes;
    /**
     * How many of dataTotalBytes may still turn out to be holes, because nobody has told yet where the
     * data is; 0 if dataTotalBytes is exact.
     */
    unsigned long long unknownBytes;
    /** 0; kept for what later versions will tell, so that the size stays. */
    unsigned long long reserved[3];
};

/** How much a stream has moved. */
typedef struct _virSparseStreamStats virSparseStreamStats;

/** Points at how much a stream has moved. */
typedef virSparseStreamStats *virSparseStreamStatsPtr;

/** A range of a volume that is all data or all hole. */
struct _virSparseExtent {
    /** Where it begins, in bytes. */
    unsigned long long offset;
    /** How long it is, in bytes. */
    unsigned long long length;
    /** What it holds, a virSparseExtentType. */
    int type;
};

/** A range of a volume that is all data or all hole. */
typedef struct _virSparseExtent virSparseExtent;

/** Points at a range of a volume. */
typedef virSparseExtent *virSparseExtentPtr;

/** A range of a disk in one state. */
struct _virSparseBlockExtent {
    /** Where it begins, in bytes. */
    unsigned long long offset;
    /** How long it is, in bytes. */
    unsigned long long length;
    /** What is read there, a virSparseExtentType. */
    int type;
    /** Which image of the chain says so: 0 for the one on top, 1 for the one below it. */
    unsigned int depth;
    /**
     * 1 if that image has the range. 0 if none of the chain has it, so that zeros are read; depth
     * is that of the last one that was asked then.
     */
    int present;
};

/** A range of a disk in one state. */
typedef struct _virSparseBlockExtent virSparseBlockExtent;

/** Points at a range of a disk. */
typedef virSparseBlockExtent *virSparseBlockExtentPtr;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Has a function called for each message of the library's log, which tells what happens inside:
 * for finding out why something does not work as it should. Without one, nothing is logged, unless
 * the environment asks for it: LIBVIRT_DEBUG, LIBVIRT_LOG_FILTERS and LIBVIRT_LOG_OUTPUTS are read
 * when the first connection is opened, and work beside the function.
 *
 * There is one function for the process. A call of the one before may still be at work on another
 * thread when this returns; its @ff is called after that.
 *
 * @level: the least serious level to be told, a virSparseLogLevel
 * @func: the function; NULL for none
 * @opaque: to be passed to @func and @ff
 * @ff: to be called when @func is no longer used; or NULL. Like @func, it must not call the library
 *
 * Return Value: 0, or -1; @ff is then not called.
 *
 * Threads: any.
 *
 * Errors: VIR_ERR_INVALID_ARG for an unknown @level; VIR_ERR_OPERATION_INVALID in a Rust program
 * that links this library as a crate and has set a logger of its own.
 *
 * Since virsparse 0.1.
 */
int virSparseSetLogFunc(int level,
                        virSparseLogFunc func,
                        void *opaque,
                        virFreeCallback ff);

/**
 * Tells how much a stream has moved: while a transfer is active, from any thread, and still after
 * it has been finished or aborted. A new transfer begins at 0.
 *
 * For an upload it is what has been written to the volume, so that after virStreamFinish it is
 * exactly what was sent.
 *
 * How far a transfer is, is best told from dataBytes and dataTotalBytes: holes take no time, so that a
 * part of totalBytes says nothing of how long the rest will take. A download knows the extents of its
 * volume, which are looked at here, some thousands in each call; zeros in the data of a sparse download
 * become holes, so that dataTotalBytes may become less. An upload knows what holes were sent, and the
 * section of data that virStreamSparseSendAll was told of; the rest is in unknownBytes.
 *
 * @st: the stream
 * @stats: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STREAM; VIR_ERR_INVALID_ARG if @stats is NULL.
 *
 * Since virsparse 0.1.
 */
int virSparseStreamGetStats(virStreamPtr st,
                            virSparseStreamStatsPtr stats);

/**
 * Tells where a volume's data and holes are. The range is covered in order and without gaps, and
 * neighbours are of different types. It is a look at one moment: a volume that is being written
 * may be another in the next.
 *
 * Offsets are those that a guest sees: a volume in qcow2 format is looked at as an image, with the
 * images below it. Where neither it nor they have data is a hole. With VIR_SPARSE_VOL_EXTENTS_FILE it is
 * the volume's file that is looked at, whatever format its bytes are in; so it is for a raw volume in
 * any case. A block device has no holes that could be told.
 *
 * @vol: the volume
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @extents: where to store an array of extents, which the caller frees with free; NULL to count
 * only. It is NULL if the range is empty
 * @flags: virSparseVolExtentsFlags
 *
 * Return Value: how many extents there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for flags, or if the range reaches
 * beyond the end; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL;
 * VIR_ERR_SYSTEM_ERROR. Without VIR_SPARSE_VOL_EXTENTS_FILE also VIR_ERR_RESOURCE_BUSY if the image is
 * being written, VIR_ERR_OPERATION_DENIED if it refers to a file that is in no active pool, and
 * VIR_ERR_OPERATION_UNSUPPORTED if its format cannot be read.
 *
 * Since virsparse 0.1.
 */
int virSparseVolGetExtents(virStorageVolPtr vol,
                           unsigned long long offset,
                           unsigned long long length,
                           virSparseExtentPtr *extents,
                           unsigned int flags);

/**
 * Overwrites a range of a volume with zeros. It becomes a hole, also in a volume that is not sparse; what
 * shares a block of the filesystem with the range stays.
 *
 * The file itself is wiped, whatever format its bytes are in, as virStorageVolWipe does.
 *
 * @vol: the volume
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags, or if the range reaches beyond the end; VIR_ERR_OPERATION_INVALID
 * if the pool is inactive; VIR_ERR_RESOURCE_BUSY, with the user, if a running domain or another program
 * uses it; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR.
 *
 * Since virsparse 0.1.
 */
int virSparseVolWipeRange(virStorageVolPtr vol,
                          unsigned long long offset,
                          unsigned long long length,
                          unsigned int flags);

/**
 * Brings everything that a volume reads from its backing images into it; afterwards it names none. What
 * it reads as stays the same. No domain may use the volume meanwhile: virDomainBlockPull does it for a
 * disk in use. Nothing is to be done for a raw volume, and for an image without a backing image.
 *
 * When it returns 0, the data is on stable storage. After an error the volume still names its backing
 * image, and reads as before.
 *
 * Definitions of domains that spell out the images below the volume must be changed by the caller.
 *
 * @vol: the volume
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection, or if an image
 * refers to a file that is in no active pool; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID
 * if the pool is inactive; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_RESOURCE_BUSY if the volume is in use;
 * VIR_ERR_OPERATION_UNSUPPORTED for a format that cannot be written, or if the image has internal
 * snapshots, which read from the images below as well; VIR_ERR_SYSTEM_ERROR.
 *
 * Since virsparse 0.1.
 */
int virSparseVolFlatten(virStorageVolPtr vol,
                        unsigned int flags);

/**
 * Gives a range of a volume space, so that a guest's write there does not fail for want of it. What it
 * reads as stays the same. Offsets are those that a guest sees: of a volume in qcow2 format the image gets
 * clusters of its own, with what is read from the images below it, or with zeros; the chain stays as it
 * is. For a raw volume the filesystem reserves the space. No domain may use the volume meanwhile:
 * virSparseDomainBlockAllocate does it for a disk in use.
 *
 * When it returns 0, the space is kept on stable storage. After an error a part may have its space.
 *
 * @vol: the volume
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_OPERATION_DENIED on a read-only connection, or if an image
 * refers to a file that is in no active pool; VIR_ERR_INVALID_ARG for flags, or if the range reaches
 * beyond the end; VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL;
 * VIR_ERR_RESOURCE_BUSY if the volume is in use; VIR_ERR_OPERATION_UNSUPPORTED for a format that cannot
 * be written; VIR_ERR_SYSTEM_ERROR.
 *
 * Since virsparse 0.1.
 */
int virSparseVolAllocate(virStorageVolPtr vol,
                         unsigned long long offset,
                         unsigned long long length,
                         unsigned int flags);

/**
 * Lists the volumes that lie over a volume: those whose images name it as their backing image, so that
 * what they read as changes with it. The volumes of all active pools of the connection are looked at, by
 * their headers; images elsewhere are not found. To change or delete a volume is not refused because of
 * them, unless a running domain uses one.
 *
 * @vol: the volume
 * @overlays: where to store a list of volumes with NULL behind the last: the caller releases each
 * volume with virStorageVolFree, then the list with free; NULL to count only
 * @flags: virSparseVolListOverlaysFlags
 *
 * Return Value: how many volumes there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_STORAGE_VOL; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_OPERATION_INVALID if the pool is inactive; VIR_ERR_NO_STORAGE_VOL; VIR_ERR_SYSTEM_ERROR,
 * also if a header cannot be read.
 *
 * Since virsparse 0.1.
 */
int virSparseVolListAllOverlays(virStorageVolPtr vol,
                                virStorageVolPtr **overlays,
                                unsigned int flags);

/**
 * Tells where guests find a disk of a running domain: at an NBD export behind a unix socket that
 * only this user may connect to. QEMU, nbdcopy, fio and others take such a URI.
 *
 * A disk is served over TCP as well if it is defined with an element of ours,
 * <v:listen xmlns:v='urn:virsparse:domain:1' address='127.0.0.1' port='10809'/>; without a port the
 * system chooses one. NBD knows no passwords: whoever can connect to the address has the disk.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @flags: virSparseDiskURIFlags
 *
 * Return Value: a URI `nbd+unix:///vda?socket=PATH` or `nbd://ADDRESS:PORT/vda`, which the caller
 * frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there
 * is no such disk or nothing in it; VIR_ERR_OPERATION_INVALID if the domain is inactive, or for TCP if
 * the disk is not served there; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since virsparse 0.1.
 */
char *virSparseDomainGetDiskURI(virDomainPtr dom,
                                const char *disk,
                                unsigned int flags);

/**
 * Tells where a disk's data is, and which image of its chain has it. The range is covered in order
 * and without gaps, and neighbours differ. It is a look at one moment: while guests write or a block
 * job works, the disk may be another in the next.
 *
 * The disk of an inactive domain is opened for reading, which nobody may be writing.
 *
 * @dom: the domain
 * @disk: the target of the disk, or the path of its image
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @nextents: where to store how many extents there are
 * @extents: where to store an array of extents, which the caller frees with free; NULL to count
 * only. It is NULL if the range is empty
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @nextents is NULL, for flags, if
 * there is no such disk or nothing in it, or if the range reaches beyond the end;
 * VIR_ERR_CONFIG_UNSUPPORTED for what cannot be served; VIR_ERR_OPERATION_FAILED if the domain runs
 * in another process, or the disk becomes shorter meanwhile; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR, also for an image of an inactive domain that another program writes.
 *
 * Since virsparse 0.1.
 */
int virSparseDomainGetBlockExtents(virDomainPtr dom,
                                   const char *disk,
                                   unsigned long long offset,
                                   unsigned long long length,
                                   int *nextents,
                                   virSparseBlockExtentPtr *extents,
                                   unsigned int flags);

/**
 * Gives a range of a disk space in the image on top, so that a guest's write there does not fail for
 * want of space, and reads nothing from the images below: what they have is written into it, and zeros
 * where they have nothing. For a raw image the filesystem reserves the space. It works while guests use
 * the disk; the chain stays as it is, and so does what is compressed or shared with an internal snapshot.
 *
 * It is a block job like virDomainBlockPull: of type VIR_DOMAIN_BLOCK_JOB_TYPE_PULL in
 * virDomainGetBlockJobInfo, over the length of the range, and in events. virDomainBlockJobSetSpeed
 * limits it, virDomainBlockJobAbort ends it; what has been done by then stays. If the range has its
 * space already, the job completes at once. What guests discard afterwards is given back.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @flags: 0
 *
 * Return Value: 0 if the job has been started, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk is NULL, for flags, if there is no such disk or nothing in it, or if
 * the range reaches beyond the end; VIR_ERR_OPERATION_UNSUPPORTED if the disk is transient or has a
 * job, VIR_ERR_BLOCK_COPY_ACTIVE if that is a copy; VIR_ERR_OPERATION_INVALID if the disk is
 * read-only, or the domain inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since virsparse 0.1.
 */
int virSparseDomainBlockAllocate(virDomainPtr dom,
                                 const char *disk,
                                 unsigned long long offset,
                                 unsigned long long length,
                                 unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_H */
