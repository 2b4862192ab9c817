/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/capi/typed_params.rs. */

#ifndef LIBVIRT_COMMON_H
#define LIBVIRT_COMMON_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * Whether these are the headers of a version, or of a later one.
 *
 * Since 1.2.0.
 */
#define LIBVIR_CHECK_VERSION(major, minor, micro) \
    (LIBVIR_VERSION_NUMBER >= (major) * 1000000 + (minor) * 1000 + (micro))

/** A connection's handle. */
typedef struct _virConnect virConnect;
typedef virConnect *virConnectPtr;

/** Never followed: the `dom` and `net` members of an error are always NULL. */
typedef struct _virDomain virDomain;
typedef virDomain *virDomainPtr;

/** Never followed, like `virDomainPtr`. */
typedef struct _virNetwork virNetwork;
typedef virNetwork *virNetworkPtr;

#endif  /* LIBVIRT_COMMON_H */
