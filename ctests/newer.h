/* Declarations that libvirt's headers have since 9.0, for programs that are compiled with older
 * ones. */
#ifndef NEWER_H
#define NEWER_H

#include <libvirt/libvirt.h>

#if !LIBVIR_CHECK_VERSION(10, 0, 0)
# define VIR_DOMAIN_BLOCK_RESIZE_CAPACITY (1 << 1)
#endif
#if !LIBVIR_CHECK_VERSION(11, 1, 0)
# define VIR_DOMAIN_MESSAGE_IOERRORS (1 << 2)
#endif
#if !LIBVIR_CHECK_VERSION(11, 2, 0)
# define VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE 27
# define VIR_DOMAIN_STATS_BLOCK_PREFIX "block."
#endif
#if !LIBVIR_CHECK_VERSION(11, 10, 0)
# define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_REQUEST_ALIGNMENT ".limits.request_alignment"
# define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_MAX ".limits.transfer_max"
# define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_OPTIMAL ".limits.transfer_optimal"
#endif
#if !LIBVIR_CHECK_VERSION(12, 2, 0)
# define VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED (1 << 4)
#endif
#if !LIBVIR_CHECK_VERSION(12, 3, 0)
# define VIR_DOMAIN_BLOCK_RESIZE_EXTEND (1 << 2)
#endif
#if !LIBVIR_CHECK_VERSION(12, 4, 0)
# define VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE 29
# define VIR_DOMAIN_VCPU_ASYNC_UNPLUG (1 << 5)
#endif
#if !LIBVIR_CHECK_VERSION(12, 6, 0)
# define VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE_RUNNING 6
#endif

#endif
