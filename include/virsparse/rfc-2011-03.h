/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2011_03.rs. */

#ifndef VIRSPARSE_RFC_2011_03_H
#define VIRSPARSE_RFC_2011_03_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* From here on these names are this design's. */
#define virStorageVolDownload virStorageVolDownload_2011_03
#define virStorageVolUpload virStorageVolUpload_2011_03
#define virStorageVolWipe virStorageVolWipe_2011_03

/* In the library they are in a version node of their own. */
__asm__(".symver virStorageVolDownload_2011_03, virStorageVolDownload@VIRSPARSE_RFC_2011_03");
__asm__(".symver virStorageVolUpload_2011_03, virStorageVolUpload@VIRSPARSE_RFC_2011_03");
__asm__(".symver virStorageVolWipe_2011_03, virStorageVolWipe@VIRSPARSE_RFC_2011_03");

/** What virStorageVolUpload does to the range. */
typedef enum virStorageVolumeUploadFlags {
    /** Zero it, and give back the space that it takes. */
    VIR_STORAGE_VOLUME_UPLOAD_WIPE = (1 << 0),
} virStorageVolumeUploadFlags;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Lets a stream read a volume, and tells how much it will get.
 *
 * @vol: the volume
 * @stream: a stream of the same connection, without an active transfer
 * @offset: where the first byte is, in bytes
 * @length: how many bytes to receive; 0 for all to the end
 * @flags: 0
 *
 * Return Value: how many bytes go to the stream, or (unsigned long long)-1, which leaves the stream
 * as it was.
 *
 * Errors: as the released virStorageVolDownload.
 *
 * Since virsparse 0.1.
 */
unsigned long long virStorageVolDownload(virStorageVolPtr vol,
                                         virStreamPtr stream,
                                         unsigned long long offset,
                                         unsigned long long length,
                                         unsigned int flags);

/**
 * Lets a stream write into a volume; with VIR_STORAGE_VOLUME_UPLOAD_WIPE the range is zeroed first,
 * which gives its space back.
 *
 * @vol: the volume
 * @stream: a stream of the same connection, without an active transfer; may be NULL with
 * VIR_STORAGE_VOLUME_UPLOAD_WIPE, which then is all that is done
 * @offset: where the first byte goes, in bytes
 * @length: how many bytes are expected at most; 0 for all to the end
 * @flags: virStorageVolumeUploadFlags
 *
 * Return Value: 0, or -1, when the range may have been zeroed.
 *
 * Errors: as the released virStorageVolUpload, and as virSparseVolWipeRange.
 *
 * Since virsparse 0.1.
 */
int virStorageVolUpload(virStorageVolPtr vol,
                        virStreamPtr stream,
                        unsigned long long offset,
                        unsigned long long length,
                        unsigned int flags);

/**
 * Zeroes a volume and gives back the space that it takes: virStorageVolUpload with
 * VIR_STORAGE_VOLUME_UPLOAD_WIPE for the whole of it, and without a stream.
 *
 * @vol: the volume
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virSparseVolWipeRange.
 *
 * Since virsparse 0.1.
 */
int virStorageVolWipe(virStorageVolPtr vol,
                      unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2011_03_H */
