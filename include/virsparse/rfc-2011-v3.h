/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2011_v3.rs. */

#ifndef VIRSPARSE_RFC_2011_V3_H
#define VIRSPARSE_RFC_2011_V3_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#ifdef VIRSPARSE_RFC_2011_04_H
# error "<virsparse/rfc-2011-04.h> declares other things of the same names"
#endif

/* From here on these names are this design's. */
#define virDomainBlockStream virDomainBlockStream_2011_V3
#define virDomainBlockStreamAbort virDomainBlockStreamAbort_2011_V3
#define virDomainGetBlockStreamInfo virDomainGetBlockStreamInfo_2011_V3

/* In the library they are in a version node of their own. */
__asm__(".symver virDomainBlockStream_2011_V3, virDomainBlockStream@VIRSPARSE_RFC_2011_V3");
__asm__(".symver virDomainBlockStreamAbort_2011_V3, virDomainBlockStreamAbort@VIRSPARSE_RFC_2011_V3");
__asm__(".symver virDomainGetBlockStreamInfo_2011_V3, virDomainGetBlockStreamInfo@VIRSPARSE_RFC_2011_V3");

/** The size of virDomainBlockStreamInfo's path, with the NUL at its end. */
#define VIR_DOMAIN_BLOCK_STREAM_PATH_MAX 1024

/** How virDomainBlockStream works. */
typedef enum virDomainStreamDiskFlags {
    /** Stream the whole disk in the background. */
    VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS = 1,
} virDomainStreamDiskFlags;

/** Where the streaming of a disk is. 0 is its beginning; others come from virDomainBlockStream. */
typedef unsigned long long virDomainBlockStreamCursor;

/** How far a disk is streamed. */
struct _virDomainBlockStreamInfo {
    /** The path of the disk's image; cut off if it is longer. */
    char path[VIR_DOMAIN_BLOCK_STREAM_PATH_MAX];
    /** Where it is, between 0 and @end. */
    virDomainBlockStreamCursor cur;
    /** Where it is when it is complete. */
    virDomainBlockStreamCursor end;
};

/** How far a disk is streamed. */
typedef struct _virDomainBlockStreamInfo virDomainBlockStreamInfo;

/** Points at how far a disk is streamed. */
typedef virDomainBlockStreamInfo *virDomainBlockStreamInfoPtr;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Brings what a disk reads from the images below the one on top into that: an increment of it, or
 * all in the background. When nothing is left, the images below are left out.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @cursor: where the increment begins: the first part from there on that is not there yet is streamed,
 * at least a cluster of the image and at most 1 MiB. Set to where the next one begins, the end of
 * virDomainGetBlockStreamInfo if there is none. May be NULL with VIR_DOMAIN_BLOCK_STREAM_CONTINUOUS,
 * which leaves it as it is
 * @flags: virDomainStreamDiskFlags
 *
 * Return Value: 0, or -1, which leaves @cursor as it was.
 *
 * Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if @cursor is NULL, or behind the end.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockStream(virDomainPtr dom,
                         const char *path,
                         virDomainBlockStreamCursor *cursor,
                         unsigned int flags);

/**
 * Ends the streaming of a disk; what has been streamed stays.
 *
 * @dom: an active domain
 * @path: the path of the disk's image, its target, or its device's alias
 * @flags: 0
 *
 * Return Value: 0 when it has ended, or -1.
 *
 * Errors: as virDomainBlockJobAbort; VIR_ERR_BLOCK_COPY_ACTIVE or VIR_ERR_OPERATION_UNSUPPORTED if the
 * disk has a job of another kind, which goes on.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockStreamAbort(virDomainPtr dom,
                              const char *path,
                              unsigned int flags);

/**
 * Tells how far the disks of a domain are that are being streamed. One that is streamed by increments
 * stays among them when it is at its end, until it is aborted, has another job, or has a new image on
 * top.
 *
 * @dom: an active domain
 * @infos: where to store them
 * @nr_results: how many fit there
 * @flags: 0
 *
 * Return Value: how many have been stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @infos is NULL, or for flags;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since virsparse 0.1.
 */
int virDomainGetBlockStreamInfo(virDomainPtr dom,
                                virDomainBlockStreamInfoPtr infos,
                                unsigned int nr_results,
                                unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2011_V3_H */
