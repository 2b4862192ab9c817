/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/domain/checkpoint.rs. */

#ifndef LIBVIRT_DOMAIN_CHECKPOINT_H
#define LIBVIRT_DOMAIN_CHECKPOINT_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * Of a checkpoint's children, those below them, too: the bit that is
 * VIR_DOMAIN_CHECKPOINT_LIST_ROOTS where a domain's are listed. Since 5.6.0.
 */
#define VIR_DOMAIN_CHECKPOINT_LIST_DESCENDANTS (1 << 0)

/** Which checkpoints are listed. Since 5.6.0. */
typedef enum virDomainCheckpointListFlags {
    /** Of a domain's, those without a parent. Since 5.6.0. */
    VIR_DOMAIN_CHECKPOINT_LIST_ROOTS = (1 << 0),
    /** Parents before their children. Since 5.6.0. */
    VIR_DOMAIN_CHECKPOINT_LIST_TOPOLOGICAL = (1 << 1),
    /** Those that are no parent. Since 5.6.0. */
    VIR_DOMAIN_CHECKPOINT_LIST_LEAVES = (1 << 2),
    /** Those that are a parent. Since 5.6.0. */
    VIR_DOMAIN_CHECKPOINT_LIST_NO_LEAVES = (1 << 3),
} virDomainCheckpointListFlags;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Lists a domain's checkpoints, of which there are none.
 *
 * @domain: the domain
 * @checkpoints: where to store a list that is empty, but for a NULL: the caller releases it with
 * free; NULL to count only
 * @flags: virDomainCheckpointListFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_NO_DOMAIN if the
 * domain is gone.
 *
 * Since 5.6.0.
 */
int virDomainListAllCheckpoints(virDomainPtr domain,
                                virDomainCheckpointPtr **checkpoints,
                                unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_DOMAIN_CHECKPOINT_H */
