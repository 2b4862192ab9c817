/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from src/capi/event.rs. */

#ifndef LIBVIRT_EVENT_H
#define LIBVIRT_EVENT_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

#endif  /* LIBVIRT_EVENT_H */
