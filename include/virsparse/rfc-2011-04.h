/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2011_04.rs. */

#ifndef VIRSPARSE_RFC_2011_04_H
#define VIRSPARSE_RFC_2011_04_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#ifdef VIRSPARSE_RFC_2011_V3_H
# error "<virsparse/rfc-2011-v3.h> declares other things of the same names"
#endif

/* From here on these names are this design's. */
#define virDomainStreamDisk virDomainStreamDisk_2011_04
#define virDomainStreamDiskInfo virDomainStreamDiskInfo_2011_04
#define virDomainBlockAllocate virDomainBlockAllocate_2011_04
#define virDomainBlockGetJobInfo virDomainBlockGetJobInfo_2011_04
#define virDomainBlockAbortJob virDomainBlockAbortJob_2011_04
#define virDomainBlockGetAllocationMap virDomainBlockGetAllocationMap_2011_04
#define virDomainBlockStream virDomainBlockStream_2011_04
#define virDomainBlockStreamAbort virDomainBlockStreamAbort_2011_04
#define virDomainBlockStreamInfo virDomainBlockStreamInfo_2011_04

/* In the library they are in a version node of their own. */
__asm__(".symver virDomainStreamDisk_2011_04, virDomainStreamDisk@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainStreamDiskInfo_2011_04, virDomainStreamDiskInfo@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockAllocate_2011_04, virDomainBlockAllocate@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockGetJobInfo_2011_04, virDomainBlockGetJobInfo@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockAbortJob_2011_04, virDomainBlockAbortJob@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockGetAllocationMap_2011_04, virDomainBlockGetAllocationMap@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockStream_2011_04, virDomainBlockStream@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockStreamAbort_2011_04, virDomainBlockStreamAbort@VIRSPARSE_RFC_2011_04");
__asm__(".symver virDomainBlockStreamInfo_2011_04, virDomainBlockStreamInfo@VIRSPARSE_RFC_2011_04");

/** The size of virStreamDiskState's path, with the NUL at its end. */
#define VIR_STREAM_PATH_BUFLEN 1024

/** The most streams that virDomainStreamDiskInfo tells of. */
#define VIR_STREAM_DISK_MAX_STREAMS 10

/** How the streaming of a disk stands. */
typedef enum virBlockStreamStatus {
    /** The last one has been completed. */
    VIR_BLOCK_STREAM_STATE_COMPLETED = 0,
    /** One is at work. */
    VIR_BLOCK_STREAM_STATE_ACTIVE = 1,
    /** The last one has failed, or was aborted. */
    VIR_BLOCK_STREAM_STATE_FAILED = 2,
} virBlockStreamStatus;

/** What virDomainStreamDisk does: one of them. */
typedef enum virDomainStreamDiskFlags {
    /** Stream one unit. */
    VIR_STREAM_DISK_ONE = 1,
    /** Begin to stream all that follows, in the background. */
    VIR_STREAM_DISK_START = 2,
    /** End what has been begun. */
    VIR_STREAM_DISK_STOP = 4,
} virDomainStreamDiskFlags;

/** How virDomainBlockAllocate works. */
typedef enum virDomainBlockAllocateFlags {
    /** Do not wait for the end. It was posted as 0, which would be no flag. */
    VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK = (1 << 0),
} virDomainBlockAllocateFlags;

/** How virDomainBlockStream works. */
typedef enum virDomainBlockStreamFlags {
    /** Do not wait for the end. It was posted as 0, which would be no flag. */
    VIR_DOMAIN_DISK_STREAM_NONBLOCK = (1 << 0),
} virDomainBlockStreamFlags;

/** How far a disk is streamed. */
struct _virStreamDiskState {
    /** The path of the disk's image; cut off if it is longer. */
    char path[VIR_STREAM_PATH_BUFLEN];
    /** Where on the disk it is, in bytes. */
    unsigned long long offset;
    /** Where it ends, in bytes: the size of the disk, unless a part of that is streamed. */
    unsigned long long size;
};

/** How far a disk is streamed. */
typedef struct _virStreamDiskState virStreamDiskState;

/** Points at how far a disk is streamed. */
typedef virStreamDiskState *virStreamDiskStatePtr;

/** A range of a disk that has space in the image on top. */
struct _virDomainBlockRegion {
    /** Where it begins, in bytes. */
    unsigned long long offset;
    /** How long it is, in bytes. */
    unsigned long long length;
};

/** A range of a disk that has space in the image on top. */
typedef struct _virDomainBlockRegion virDomainBlockRegion;

/** Points at a range of a disk. */
typedef virDomainBlockRegion *virDomainBlockRegionPtr;

/** How the streaming of a disk stands. */
struct _virBlockStreamInfo {
    /** Whether it goes on, or how it has ended. */
    enum virBlockStreamStatus status;
    /** How much is left to do of the range that it is about, in bytes. */
    unsigned long long remaining;
};

/** How the streaming of a disk stands. */
typedef struct _virBlockStreamInfo virBlockStreamInfo;

/** Points at how the streaming of a disk stands. */
typedef virBlockStreamInfo *virBlockStreamInfoPtr;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Brings what a disk reads from the images below the one on top into that: one unit of it, or all
 * that follows in the background. When nothing is left, the images below are left out.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @offset: where to begin, in bytes; no matter with VIR_STREAM_DISK_STOP
 * @flags: one of virDomainStreamDiskFlags. VIR_STREAM_DISK_ONE streams the first part from there on that
 * is not in the image on top yet: at least a cluster of that, at most 1 MiB
 *
 * Return Value: where the next unit begins, in bytes, to be passed to the next call: after
 * VIR_STREAM_DISK_ONE the end of the disk when there is none; after VIR_STREAM_DISK_START @offset;
 * after VIR_STREAM_DISK_STOP where the first part begins that is not there yet. Or
 * (unsigned long long)-1.
 *
 * Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if @flags is not one of them, or @offset
 * behind the end; for VIR_STREAM_DISK_STOP as virDomainBlockJobAbort, and VIR_ERR_BLOCK_COPY_ACTIVE or
 * VIR_ERR_OPERATION_UNSUPPORTED if the disk has a job of another kind, which goes on.
 *
 * Since virsparse 0.1.
 */
unsigned long long virDomainStreamDisk(virDomainPtr dom,
                                       const char *path,
                                       unsigned long long offset,
                                       unsigned int flags);

/**
 * Tells how far the disks of a domain are that are being streamed. One that is streamed by units stays
 * among them when it is at its end, until it is stopped, has another job, or has a new image on top.
 *
 * @dom: an active domain
 * @states: where to store them
 * @nr_states: how many fit there
 * @flags: 0
 *
 * Return Value: how many have been stored, at most VIR_STREAM_DISK_MAX_STREAMS, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @states is NULL, or for flags;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since virsparse 0.1.
 */
int virDomainStreamDiskInfo(virDomainPtr dom,
                            virStreamDiskStatePtr states,
                            unsigned int nr_states,
                            unsigned int flags);

/**
 * Gives a range of a disk all its space: with what is read from the images below, or with zeros.
 * virSparseDomainBlockAllocate does it.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @flags: virDomainBlockAllocateFlags
 *
 * Return Value: 0 when the range has its space, with VIR_DOMAIN_DISK_ALLOCATE_NONBLOCK when the job has
 * started; or -1.
 *
 * Errors: as virSparseDomainBlockAllocate; VIR_ERR_OPERATION_ABORTED if somebody has ended the job.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockAllocate(virDomainPtr dom,
                           const char *path,
                           unsigned long long offset,
                           unsigned long long length,
                           unsigned int flags);

/**
 * Tells how the job on a disk stands, or how the last one has ended.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @info: where to store it: type VIR_DOMAIN_JOB_UNBOUNDED (how long it will take is not known) while
 * one is at work, then VIR_DOMAIN_JOB_COMPLETED, _FAILED or _CANCELLED, and VIR_DOMAIN_JOB_NONE if there
 * was none; timeElapsed; timeRemaining, an estimate by the data that is left and the limit or the rate so
 * far, 0 if that is not known; dataTotal, dataProcessed and dataRemaining in bytes. The rest is 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainGetBlockJobInfo.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockGetJobInfo(virDomainPtr dom,
                             const char *path,
                             virDomainJobInfoPtr info);

/**
 * Ends the job on a disk; what it has done stays.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 *
 * Return Value: 0 when it has ended, or -1.
 *
 * Errors: as virDomainBlockJobAbort.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockAbortJob(virDomainPtr dom, const char *path);

/**
 * Tells which ranges of a disk have space in the image on top: in order, and with something between
 * them. virSparseDomainGetBlockExtents tells more.
 *
 * @dom: the domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @nregions: where to store how many there are
 * @regions: where to store an array of them, which the caller frees with free; NULL if there are none
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virSparseDomainGetBlockExtents.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockGetAllocationMap(virDomainPtr dom,
                                   const char *path,
                                   unsigned int *nregions,
                                   virDomainBlockRegionPtr *regions);

/**
 * Brings what a range of a disk is read from in the images below the one on top into that. If the range
 * ends with the disk, and nothing is left to them, they are left out.
 *
 * @dom: an active domain
 * @device: the alias of the disk's device, its target, or the path of its image
 * @offset: where the range begins, in bytes
 * @length: how long it is, in bytes; 0 for all to the end
 * @flags: virDomainBlockStreamFlags
 *
 * Return Value: 0 when the range has been streamed, with VIR_DOMAIN_DISK_STREAM_NONBLOCK when that has
 * begun; or -1.
 *
 * Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if the range reaches beyond the end;
 * VIR_ERR_OPERATION_ABORTED if somebody has ended it.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockStream(virDomainPtr dom,
                         const char *device,
                         unsigned long long offset,
                         unsigned long long length,
                         unsigned int flags);

/**
 * Ends the streaming of a disk; what has been streamed stays.
 *
 * @dom: an active domain
 * @device: the alias of the disk's device, its target, or the path of its image
 *
 * Return Value: 0 when it has ended, or -1.
 *
 * Errors: as virDomainBlockJobAbort; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if the
 * disk has a job of another kind, which goes on.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockStreamAbort(virDomainPtr dom,
                              const char *device);

/**
 * Tells how the streaming of a disk stands.
 *
 * @dom: an active domain
 * @device: the alias of the disk's device, its target, or the path of its image
 * @info: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainGetBlockJobInfo; VIR_ERR_INVALID_ARG also if the disk is not streamed and its last
 * job was no streaming; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if it has a job of
 * another kind.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockStreamInfo(virDomainPtr dom,
                             const char *device,
                             virBlockStreamInfoPtr info);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2011_04_H */
