/* SPDX-License-Identifier: MIT OR Apache-2.0 */

#ifndef LIBVIRT_H
#define LIBVIRT_H

#include <sys/types.h>

#define __VIR_LIBVIRT_H_INCLUDES__
#include <libvirt/libvirt-common.h>
#include <libvirt/libvirt-host.h>
#include <libvirt/libvirt-domain.h>
#include <libvirt/libvirt-domain-checkpoint.h>
#include <libvirt/libvirt-domain-snapshot.h>
#include <libvirt/libvirt-storage.h>
#include <libvirt/libvirt-stream.h>
#include <libvirt/libvirt-event.h>
#undef __VIR_LIBVIRT_H_INCLUDES__

#endif  /* LIBVIRT_H */
