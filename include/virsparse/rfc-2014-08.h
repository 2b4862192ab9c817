/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/rfc/rfc_2014_08.rs. */

#ifndef VIRSPARSE_RFC_2014_08_H
#define VIRSPARSE_RFC_2014_08_H

#include <sys/types.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

/* From here on these names are this design's. */
#define virDomainBlockCopy virDomainBlockCopy_2014_08

/* In the library they are in a version node of their own. */
__asm__(".symver virDomainBlockCopy_2014_08, virDomainBlockCopy@VIRSPARSE_RFC_2014_08");

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Copies a disk while guests use it, as the released function does.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @destxml: a <disk> whose <source> and <driver> say where the copy goes and of which format it is
 * @params: "bandwidth", an unsigned long long, in MiB a second; "granularity", an unsigned int, in
 * bytes; "buf-size", an unsigned int, in bytes. May be NULL
 * @nparams: how many there are
 * @flags: virDomainBlockCopyFlags
 *
 * Return Value: 0 when the job has started, or -1.
 *
 * Errors: as the released virDomainBlockCopy; VIR_ERR_OVERFLOW for a bandwidth that does not fit
 * when it is counted in bytes.
 *
 * Since virsparse 0.1.
 */
int virDomainBlockCopy(virDomainPtr dom,
                       const char *disk,
                       const char *destxml,
                       virTypedParameterPtr params,
                       int nparams,
                       unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* VIRSPARSE_RFC_2014_08_H */
