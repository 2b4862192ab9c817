/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Made by `make headers` from crates/core/src/enums/domain.rs and crates/core/src/enums/domain_event.rs and crates/core/src/enums/domain_stats.rs and src/domain/object.rs and src/domain/control.rs and src/domain/device.rs and src/domain/block.rs and src/domain/block_job.rs and src/domain/job.rs and src/domain/event_callbacks.rs and src/domain/event.rs and src/domain/stats_names.rs and src/domain/stats_names_absent.rs and src/domain/stats.rs and src/domain/tuning_types.rs and src/domain/amounts.rs and src/domain/tuning.rs and src/domain/io_tune.rs and src/domain/tunable.rs and src/domain/cpus.rs and src/domain/guest.rs and src/domain/interface.rs. */

#ifndef LIBVIRT_DOMAIN_H
#define LIBVIRT_DOMAIN_H

#include <sys/types.h>

#ifndef __VIR_LIBVIRT_H_INCLUDES__
# error "Include libvirt/libvirt.h instead, which includes this file"
#endif

/**
 * Casts the callback of any kind of event to the type that virConnectDomainEventRegisterAny takes.
 *
 * Since 0.8.0.
 */
/* By way of the one function type whose casts compilers do not warn of. */
#define VIR_DOMAIN_EVENT_CALLBACK(cb) \
    ((virConnectDomainEventGenericCallback)(void (*)(void))(cb))

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.2.3.
 */
#define _virSchedParameter _virTypedParameter

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.8.5.
 */
#define _virMemoryParameter _virTypedParameter

/**
 * An old name of struct _virTypedParameter.
 *
 * Since 0.9.0.
 */
#define _virBlkioParameter _virTypedParameter

/**
 * How many bytes a set of that many CPUs of the machine takes.
 *
 * Since 0.1.4.
 */
#define VIR_CPU_MAPLEN(cpu) (((cpu) + 7) / 8)

/**
 * Puts a CPU into a set.
 *
 * Since 0.1.4.
 */
#define VIR_USE_CPU(cpumap, cpu) ((cpumap)[(cpu) / 8] |= (1 << ((cpu) % 8)))

/**
 * Takes a CPU out of a set.
 *
 * Since 0.1.4.
 */
#define VIR_UNUSE_CPU(cpumap, cpu) ((cpumap)[(cpu) / 8] &= ~(1 << ((cpu) % 8)))

/**
 * Not 0 if a CPU is in a set.
 *
 * Since 1.0.0.
 */
#define VIR_CPU_USED(cpumap, cpu) ((cpumap)[(cpu) / 8] & (1 << ((cpu) % 8)))

/**
 * The set of one CPU of a domain, among sets of that length.
 *
 * Since 0.1.4.
 */
#define VIR_GET_CPUMAP(cpumaps, maplen, vcpu) (&((cpumaps)[(vcpu) * (maplen)]))

/**
 * Not 0 if a CPU of a domain may run on that CPU of the machine.
 *
 * Since 0.1.4.
 */
#define VIR_CPU_USABLE(cpumaps, maplen, vcpu, cpu) \
    VIR_CPU_USED(VIR_GET_CPUMAP(cpumaps, maplen, vcpu), cpu)

/**
 * Copies the set of one CPU of a domain. The program includes string.h.
 *
 * Since 0.1.4.
 */
#define VIR_COPY_CPUMAP(cpumaps, maplen, vcpu, cpumap) \
    memcpy(cpumap, VIR_GET_CPUMAP(cpumaps, maplen, vcpu), maplen)

/** How many bytes were read. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_READ_BYTES "rd_bytes"

/** How often something was read. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_READ_REQ "rd_operations"

/** How long that took, in nanoseconds. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_READ_TOTAL_TIMES "rd_total_times"

/** How many bytes were written. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES "wr_bytes"

/** How often something was written. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_WRITE_REQ "wr_operations"

/** How long that took, in nanoseconds. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_WRITE_TOTAL_TIMES "wr_total_times"

/** How often what was written was brought to stable storage. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ "flush_operations"

/** How long that took, in nanoseconds. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_FLUSH_TOTAL_TIMES "flush_total_times"

/** How often something has failed, where that is counted. A long long. */
#define VIR_DOMAIN_BLOCK_STATS_ERRS "errs"

/** A parameter of virDomainBlockCopy: the limit in bytes a second. An unsigned long long. */
#define VIR_DOMAIN_BLOCK_COPY_BANDWIDTH "bandwidth"

/**
 * A parameter of virDomainBlockCopy: the unit in which changes are noted, in bytes, a power of two
 * from 512 to 64 MiB. An unsigned int.
 */
#define VIR_DOMAIN_BLOCK_COPY_GRANULARITY "granularity"

/** A parameter of virDomainBlockCopy: the most bytes that are on their way. An unsigned long long. */
#define VIR_DOMAIN_BLOCK_COPY_BUF_SIZE "buf-size"

/** A virDomainState, an int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_STATE_STATE "state.state"

/** Why it is in that state, an int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_STATE_REASON "state.reason"

/** Nanoseconds of CPU time, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_TIME "cpu.time"

/** Of these, nanoseconds in programs. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_USER "cpu.user"

/** Of these, nanoseconds in the kernel. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_SYSTEM "cpu.system"

/** KiB of memory at the moment, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_CURRENT "balloon.current"

/** KiB of memory at most, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_MAXIMUM "balloon.maximum"

/** How many CPUs there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_CURRENT "vcpu.current"

/** How many CPUs there may be, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_MAXIMUM "vcpu.maximum"

/** Before the number of a CPU. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_PREFIX "vcpu."

/** Behind the number: a virVcpuState, an int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_SUFFIX_STATE ".state"

/** Behind the number: nanoseconds of CPU time, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_SUFFIX_TIME ".time"

/** Behind the number: nanoseconds of waiting for a CPU of the machine, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_SUFFIX_WAIT ".wait"

/** How many network interfaces there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_COUNT "net.count"

/** Before the number of a network interface. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_PREFIX "net."

/** Behind the number: its name. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_NAME ".name"

/** Behind the number: bytes received, as the following an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_RX_BYTES ".rx.bytes"

/** Behind the number: packets received. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_RX_PKTS ".rx.pkts"

/** Behind the number: errors of receiving. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_RX_ERRS ".rx.errs"

/** Behind the number: packets dropped instead of received. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_RX_DROP ".rx.drop"

/** Behind the number: bytes sent. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_TX_BYTES ".tx.bytes"

/** Behind the number: packets sent. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_TX_PKTS ".tx.pkts"

/** Behind the number: errors of sending. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_TX_ERRS ".tx.errs"

/** Behind the number: packets dropped instead of sent. Since 11.2.0. */
#define VIR_DOMAIN_STATS_NET_SUFFIX_TX_DROP ".tx.drop"

/** How many disks there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_COUNT "block.count"

/** Before the number of a disk. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_PREFIX "block."

/** Behind the number: its target. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_NAME ".name"

/** Behind the number: the number of its image, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_BACKINGINDEX ".backingIndex"

/** Behind the number: the path of its image. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_PATH ".path"

/** Behind the number: requests to read, as the following an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_REQS ".rd.reqs"

/** Behind the number: bytes read. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_BYTES ".rd.bytes"

/** Behind the number: nanoseconds of reading. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_TIMES ".rd.times"

/** Behind the number: requests to write. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_REQS ".wr.reqs"

/** Behind the number: bytes written. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_BYTES ".wr.bytes"

/** Behind the number: nanoseconds of writing. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_TIMES ".wr.times"

/** Behind the number: requests to flush. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_FL_REQS ".fl.reqs"

/** Behind the number: nanoseconds of flushing. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_FL_TIMES ".fl.times"

/** Behind the number: errors; it is never told here. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_ERRORS ".errors"

/** Behind the number: bytes that its image takes. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_ALLOCATION ".allocation"

/** Behind the number: bytes that a guest sees. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_CAPACITY ".capacity"

/** Behind the number: bytes from the first to the last of its image. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_PHYSICAL ".physical"

/** Behind the number: the offset behind which a write is told of. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_THRESHOLD ".threshold"

/**
 * Behind the number: what offsets and lengths of requests must be multiples of, in bytes. Since
 * 11.10.0.
 */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_REQUEST_ALIGNMENT ".limits.request_alignment"

/** Behind the number: bytes of the best requests. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_OPTIMAL ".limits.transfer_optimal"

/** Behind the number: bytes of the largest request. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_MAX ".limits.transfer_max"

/** Nanoseconds of polling for an interrupt that came meanwhile, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_HALTPOLL_SUCCESS_TIME "cpu.haltpoll.success.time"

/** Nanoseconds of polling for an interrupt that did not come, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_HALTPOLL_FAIL_TIME "cpu.haltpoll.fail.time"

/** How many monitors of the cache there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_COUNT "cpu.cache.monitor.count"

/** Before the number of a monitor of the cache. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_PREFIX "cpu.cache.monitor."

/** Behind the number: its name. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_NAME ".name"

/** Behind the number: the CPUs that it is for, a text. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_VCPUS ".vcpus"

/** Behind the number: how many banks it has, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_COUNT ".bank.count"

/** Behind the number, before that of a bank. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_PREFIX ".bank."

/** Behind the number of a bank: which cache of the machine it is, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_SUFFIX_ID ".id"

/** Behind the number of a bank: bytes of it in use, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_SUFFIX_BYTES ".bytes"

/** How many monitors of energy there are, an unsigned int. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_COUNT "cpu.energy.monitor.count"

/** Before the number of a monitor of energy. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_PREFIX "cpu.energy.monitor."

/** Behind the number: its name. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_NAME ".name"

/** Behind the number: the CPUs that it is for, a text. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_VCPUS ".vcpus"

/** Behind the number: how many packages of the processor it has, an unsigned int. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_COUNT ".pkg.count"

/** Behind the number, before that of a package. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_PREFIX ".pkg."

/** Behind the number of a package: the kernel's number of it, an unsigned int. Since 12.4.0. */
#define VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_SUFFIX_ID ".id"

/** Behind the number of a CPU: nanoseconds in the queue of the scheduler, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_SUFFIX_DELAY ".delay"

/** Behind the number of a CPU: whether it is halted, a boolean. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VCPU_SUFFIX_HALTED ".halted"

/** KiB that the guest has read from its swap space, as the following an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_SWAP_IN "balloon.swap_in"

/** KiB that the guest has written to its swap space. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_SWAP_OUT "balloon.swap_out"

/** Page faults that needed a disk. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_MAJOR_FAULT "balloon.major_fault"

/** Other page faults. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_MINOR_FAULT "balloon.minor_fault"

/** KiB that the guest does not use at all. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_UNUSED "balloon.unused"

/** KiB of memory that the guest sees. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_AVAILABLE "balloon.available"

/** KiB of the machine's memory that the domain's process takes. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_RSS "balloon.rss"

/** KiB that the guest could give back without swapping. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_USABLE "balloon.usable"

/** When the guest last told of its memory, in seconds since 1970. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_LAST_UPDATE "balloon.last-update"

/** KiB in the guest's caches of disks. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_DISK_CACHES "balloon.disk_caches"

/** Huge pages that the guest has got. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_HUGETLB_PGALLOC "balloon.hugetlb_pgalloc"

/** Huge pages that the guest has not got. Since 11.2.0. */
#define VIR_DOMAIN_STATS_BALLOON_HUGETLB_PGFAIL "balloon.hugetlb_pgfail"

/**
 * Behind the number of a disk: the alignment of good discards in bytes, as the following an unsigned long long.
 * Since 11.10.0.
 */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_DISCARD_ALIGNMENT ".limits.discard_alignment"

/** Behind the number of a disk: bytes of the largest discard. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_DISCARD_MAX ".limits.discard_max"

/** Behind the number of a disk: the alignment of good requests to write zeros, in bytes. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_WRITE_ZEROES_ALIGNMENT ".limits.write_zeroes_alignment"

/** Behind the number of a disk: bytes of the largest request to write zeros. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_WRITE_ZEROES_MAX ".limits.write_zeroes_max"

/** Behind the number of a disk: bytes of the largest request that the hardware takes. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_HW_MAX ".limits.transfer_hw_max"

/** Behind the number of a disk: how many pieces of memory a request may have. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_IOV_MAX ".limits.iov_max"

/** Behind the number of a disk: how many pieces of memory the hardware takes. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_IOV_HW_MAX ".limits.iov_hw_max"

/** Behind the number of a disk: the alignment of memory that needs no buffer, in bytes. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_MEMORY_ALIGNMENT_MINIMAL ".limits.memory_alignment_minimal"

/** Behind the number of a disk: the alignment of buffers, in bytes. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_MEMORY_ALIGNMENT_OPTIMAL ".limits.memory_alignment_optimal"

/**
 * Behind the number of a disk: how many groups of statistics over an interval it has, an unsigned long long. Since
 * 11.10.0.
 */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_COUNT ".timed_group.count"

/** Behind the number of a disk, before that of a group. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_PREFIX ".timed_group."

/** Behind the number of a group: its interval in seconds, as the following an unsigned long long. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_INTERVAL ".interval"

/** Behind the number of a group: nanoseconds of the fastest read. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_MIN ".rd_latency_min"

/** Behind the number of a group: nanoseconds of the slowest read. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_MAX ".rd_latency_max"

/** Behind the number of a group: nanoseconds of a read, on average. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_AVG ".rd_latency_avg"

/** Behind the number of a group: nanoseconds of the fastest write. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_MIN ".wr_latency_min"

/** Behind the number of a group: nanoseconds of the slowest write. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_MAX ".wr_latency_max"

/** Behind the number of a group: nanoseconds of a write, on average. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_AVG ".wr_latency_avg"

/** Behind the number of a group: nanoseconds of the fastest flush. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_MIN ".flush_latency_min"

/** Behind the number of a group: nanoseconds of the slowest flush. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_MAX ".flush_latency_max"

/** Behind the number of a group: nanoseconds of a flush, on average. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_AVG ".flush_latency_avg"

/** Behind the number of a group: nanoseconds of the fastest append to a zone. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_MIN ".zone_append_latency_min"

/** Behind the number of a group: nanoseconds of the slowest append to a zone. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_MAX ".zone_append_latency_max"

/** Behind the number of a group: nanoseconds of an append to a zone, on average. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_AVG ".zone_append_latency_avg"

/** Behind the number of a group: reads that wait, on average, a double. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_QUEUE_DEPTH_AVG ".rd_queue_depth_avg"

/** Behind the number of a group: writes that wait, on average, a double. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_QUEUE_DEPTH_AVG ".wr_queue_depth_avg"

/** Behind the number of a group: appends to a zone that wait, on average, a double. Since 11.10.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_QUEUE_DEPTH_AVG ".zone_append_queue_depth_avg"

/** Behind the number of a disk: how long reads took, by bins. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_READ_PREFIX ".latency_histogram.read."

/** Behind the number of a disk: how long writes took, by bins. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_WRITE_PREFIX ".latency_histogram.write."

/** Behind the number of a disk: how long appends to a zone took, by bins. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_ZONE_APPEND_PREFIX ".latency_histogram.zone_append."

/** Behind the number of a disk: how long flushes took, by bins. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_FLUSH_PREFIX ".latency_histogram.flush."

/** Behind these: how many bins there are, an unsigned long long. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_COUNT "bin.count"

/** Behind these, before the number of a bin. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_PREFIX "bin."

/** Behind the number of a bin: nanoseconds where it begins, an unsigned long long. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_SUFFIX_START ".start"

/** Behind the number of a bin: how many requests are in it, an unsigned long long. Since 12.1.0. */
#define VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_SUFFIX_VALUE ".value"

/** Bytes of the last cache in use, as the following an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CMT "perf.cmt"

/** Bytes for each second between levels of caches. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_MBMT "perf.mbmt"

/** Bytes for each second through the memory controller. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_MBML "perf.mbml"

/** Misses of caches. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CACHE_MISSES "perf.cache_misses"

/** Hits of caches. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CACHE_REFERENCES "perf.cache_references"

/** Instructions. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_INSTRUCTIONS "perf.instructions"

/** Cycles of a CPU. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CPU_CYCLES "perf.cpu_cycles"

/** Branches. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_BRANCH_INSTRUCTIONS "perf.branch_instructions"

/** Branches that were predicted wrongly. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_BRANCH_MISSES "perf.branch_misses"

/** Cycles of the bus. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_BUS_CYCLES "perf.bus_cycles"

/** Cycles in which fetching an instruction stalled. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_STALLED_CYCLES_FRONTEND "perf.stalled_cycles_frontend"

/** Cycles in which executing an instruction stalled. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_STALLED_CYCLES_BACKEND "perf.stalled_cycles_backend"

/** Cycles of a CPU at its nominal frequency. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_REF_CPU_CYCLES "perf.ref_cpu_cycles"

/** Nanoseconds by the clock of a CPU. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CPU_CLOCK "perf.cpu_clock"

/** Nanoseconds by the clock of the task. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_TASK_CLOCK "perf.task_clock"

/** Page faults. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_PAGE_FAULTS "perf.page_faults"

/** Switches to other tasks. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CONTEXT_SWITCHES "perf.context_switches"

/** Moves to another CPU. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_CPU_MIGRATIONS "perf.cpu_migrations"

/** Page faults that needed no disk. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_PAGE_FAULTS_MIN "perf.page_faults_min"

/** Page faults that needed a disk. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_PAGE_FAULTS_MAJ "perf.page_faults_maj"

/** Faults of alignment. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_ALIGNMENT_FAULTS "perf.alignment_faults"

/** Instructions that the kernel had to emulate. Since 11.2.0. */
#define VIR_DOMAIN_STATS_PERF_EMULATION_FAULTS "perf.emulation_faults"

/** How many I/O threads there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_IOTHREAD_COUNT "iothread.count"

/** Before the number of an I/O thread. Since 11.2.0. */
#define VIR_DOMAIN_STATS_IOTHREAD_PREFIX "iothread."

/** Behind the number: nanoseconds of polling at most, an unsigned long long; 0 for none. Since 11.2.0. */
#define VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_MAX_NS ".poll-max-ns"

/**
 * Behind the number: the factor by which the polling time grows, an unsigned int, or an unsigned long long if it
 * is too large for that. Since 11.2.0.
 */
#define VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_GROW ".poll-grow"

/**
 * Behind the number: what the polling time is divided by, an unsigned int, or an unsigned long long if it is too
 * large for that. Since 11.2.0.
 */
#define VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_SHRINK ".poll-shrink"

/** Behind the number: how much the last interval counts, an unsigned int. Since 12.7.0. */
#define VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_WEIGHT ".poll-weight"

/** How many monitors of the bandwidth of memory there are, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_COUNT "memory.bandwidth.monitor.count"

/** Before the number of a monitor of bandwidth. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_PREFIX "memory.bandwidth.monitor."

/** Behind the number: its name. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NAME ".name"

/** Behind the number: the CPUs that it is for, a text. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_VCPUS ".vcpus"

/** Behind the number: how many memory controllers it has, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_COUNT ".node.count"

/** Behind the number, before that of a memory controller. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_PREFIX ".node."

/** Behind the number of a controller: the machine's number of it, an unsigned int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_ID ".id"

/**
 * Behind the number of a controller: bytes for the processor that it belongs to, an unsigned long long. Since
 * 11.2.0.
 */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_BYTES_LOCAL ".bytes.local"

/** Behind the number of a controller: bytes for all processors, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_BYTES_TOTAL ".bytes.total"

/** Whether a measurement runs or has ended, libvirt's virDomainDirtyRateStatus, an int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_CALC_STATUS "dirtyrate.calc_status"

/** When the last measurement began, in seconds, a long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_CALC_START_TIME "dirtyrate.calc_start_time"

/** How many seconds the last measurement took, an int. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_CALC_PERIOD "dirtyrate.calc_period"

/** How it was measured, a text. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_CALC_MODE "dirtyrate.calc_mode"

/** MiB that the guest has changed in each second, a long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_MEGABYTES_PER_SECOND "dirtyrate.megabytes_per_second"

/** Before the number of a CPU. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_VCPU_PREFIX "dirtyrate.vcpu."

/** Behind the number: MiB that it has changed in each second, an unsigned long long. Since 11.2.0. */
#define VIR_DOMAIN_STATS_DIRTYRATE_VCPU_SUFFIX_MEGABYTES_PER_SECOND ".megabytes_per_second"

/** Before a name of the hypervisor's own. Since 11.2.0. */
#define VIR_DOMAIN_STATS_VM_PREFIX "vm."

/** Behind such a name: the value at the moment. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_CUR ".cur"

/** Behind such a name: the sum. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_SUM ".sum"

/** Behind such a name: the peak. Since 11.2.0. */
#define VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_MAX ".max"

/**
 * A parameter of virDomainSetMemoryParameters: the most memory, in KiB. An unsigned long long. Since
 * 0.8.5.
 */
#define VIR_DOMAIN_MEMORY_HARD_LIMIT "hard_limit"

/**
 * A parameter of virDomainSetMemoryParameters: the most memory while others want it, in KiB. An
 * unsigned long long. Since 0.8.5.
 */
#define VIR_DOMAIN_MEMORY_SOFT_LIMIT "soft_limit"

/** Memory that the domain is sure to have; it is not taken here. Since 0.8.5. */
#define VIR_DOMAIN_MEMORY_MIN_GUARANTEE "min_guarantee"

/**
 * A parameter of virDomainSetMemoryParameters: the most memory and swap together, in KiB. An
 * unsigned long long. Since 0.8.5.
 */
#define VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT "swap_hard_limit"

/** A parameter of virDomainSetNumaParameters: the nodes, as `0-3,^2,8`. A string. Since 0.9.9. */
#define VIR_DOMAIN_NUMA_NODESET "numa_nodeset"

/** A parameter of virDomainSetNumaParameters: a virDomainNumatuneMemMode. An int. Since 0.9.9. */
#define VIR_DOMAIN_NUMA_MODE "numa_mode"

/**
 * A parameter of virDomainSetSchedulerParameters: how much the domain weighs against others. An
 * unsigned int. Since 0.9.7.
 */
#define VIR_DOMAIN_SCHEDULER_WEIGHT "weight"

/** A weight; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_CPU_SHARES "cpu_shares"

/** The period of a whole domain's quota; it is not taken here. Since 1.3.3. */
#define VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD "global_period"

/** A whole domain's quota; it is not taken here. Since 1.3.3. */
#define VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA "global_quota"

/** The period of a CPU's quota; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_VCPU_PERIOD "vcpu_period"

/** A CPU's quota; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_VCPU_QUOTA "vcpu_quota"

/** The period of the emulator's quota; it is not taken here. Since 0.10.0. */
#define VIR_DOMAIN_SCHEDULER_EMULATOR_PERIOD "emulator_period"

/** The emulator's quota; it is not taken here. Since 0.10.0. */
#define VIR_DOMAIN_SCHEDULER_EMULATOR_QUOTA "emulator_quota"

/** The period of an I/O thread's quota; it is not taken here. Since 2.2.0. */
#define VIR_DOMAIN_SCHEDULER_IOTHREAD_PERIOD "iothread_period"

/** An I/O thread's quota; it is not taken here. Since 2.2.0. */
#define VIR_DOMAIN_SCHEDULER_IOTHREAD_QUOTA "iothread_quota"

/** The most time; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_CAP "cap"

/** The least CPU; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_RESERVATION "reservation"

/** The most CPU; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_LIMIT "limit"

/** Shares of the CPU; it is not taken here. Since 0.9.7. */
#define VIR_DOMAIN_SCHEDULER_SHARES "shares"

/**
 * How many bytes a second may be moved, by reads and writes together; 0 for no limit. An unsigned
 * long long. Since 0.9.8.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC "total_bytes_sec"

/** How many bytes a second may be read; 0 for no limit. An unsigned long long. Since 0.9.8. */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC "read_bytes_sec"

/** How many bytes a second may be written; 0 for no limit. An unsigned long long. Since 0.9.8. */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC "write_bytes_sec"

/**
 * How many requests a second may be made, reads and writes together; 0 for no limit. An unsigned
 * long long. Since 0.9.8.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC "total_iops_sec"

/** How many reads a second may be made; 0 for no limit. An unsigned long long. Since 0.9.8. */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC "read_iops_sec"

/** How many writes a second may be made; 0 for no limit. An unsigned long long. Since 0.9.8. */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC "write_iops_sec"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX "total_bytes_sec_max"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX "read_bytes_sec_max"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX "write_bytes_sec_max"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX "total_iops_sec_max"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX "read_iops_sec_max"

/**
 * The same in a burst, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC; 0 for none. An unsigned long
 * long. Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX "write_iops_sec_max"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH "total_bytes_sec_max_length"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX_LENGTH "read_bytes_sec_max_length"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX_LENGTH "write_bytes_sec_max_length"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX_LENGTH "total_iops_sec_max_length"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX_LENGTH "read_iops_sec_max_length"

/**
 * How many seconds a burst may last, for VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC. An unsigned long
 * long. Since 2.4.0.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX_LENGTH "write_iops_sec_max_length"

/**
 * A request counts as several of this size; 0 if as one, however long it is. An unsigned long long.
 * Since 1.2.11.
 */
#define VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC "size_iops_sec"

/** Disks of a domain with this name share one set of limits. A string. Since 3.0.0. */
#define VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME "group_name"

/**
 * The processors that a CPU may run on; its number takes the place of %u. A string. Not told
 * by this library. Since 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_VCPUPIN "cputune.vcpupin%u"

/**
 * The processors that the emulator may run on. A string. Not told by this library. Since
 * 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_EMULATORPIN "cputune.emulatorpin"

/**
 * The processors that an I/O thread may run on; its number takes the place of %u. A string.
 * Not told by this library. Since 1.2.14.
 */
#define VIR_DOMAIN_TUNABLE_CPU_IOTHREADSPIN "cputune.iothreadpin%u"

/**
 * The weight of the domain beside others. An unsigned long long. Not told by this library.
 * Since 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_CPU_SHARES "cputune.cpu_shares"

/**
 * Microseconds of a period in which all threads have a quota. An unsigned long long. Not told
 * by this library. Since 1.3.3.
 */
#define VIR_DOMAIN_TUNABLE_CPU_GLOBAL_PERIOD "cputune.global_period"

/**
 * Microseconds that all threads may run in a period. A long long. Not told by this library.
 * Since 1.3.3.
 */
#define VIR_DOMAIN_TUNABLE_CPU_GLOBAL_QUOTA "cputune.global_quota"

/**
 * Microseconds of a period in which CPUs have a quota. An unsigned long long. Not told by this
 * library. Since 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_VCPU_PERIOD "cputune.vcpu_period"

/**
 * Microseconds that CPUs may run in a period. A long long. Not told by this library. Since
 * 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_VCPU_QUOTA "cputune.vcpu_quota"

/**
 * Microseconds of a period in which the emulator has a quota. An unsigned long long. Not told
 * by this library. Since 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_EMULATOR_PERIOD "cputune.emulator_period"

/**
 * Microseconds that the emulator may run in a period. A long long. Not told by this library.
 * Since 1.2.9.
 */
#define VIR_DOMAIN_TUNABLE_CPU_EMULATOR_QUOTA "cputune.emulator_quota"

/**
 * Microseconds of a period in which I/O threads have a quota. An unsigned long long. Not told
 * by this library. Since 2.2.0.
 */
#define VIR_DOMAIN_TUNABLE_CPU_IOTHREAD_PERIOD "cputune.iothread_period"

/**
 * Microseconds that I/O threads may run in a period. A long long. Not told by this library.
 * Since 2.2.0.
 */
#define VIR_DOMAIN_TUNABLE_CPU_IOTHREAD_QUOTA "cputune.iothread_quota"

/** The disk whose limits have changed, as the caller has named it. A string. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_DISK "blkdeviotune.disk"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC "blkdeviotune.total_bytes_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC "blkdeviotune.read_bytes_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC "blkdeviotune.write_bytes_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC "blkdeviotune.total_iops_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC "blkdeviotune.read_iops_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC. An unsigned long long. Since 1.2.9. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC "blkdeviotune.write_iops_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC_MAX "blkdeviotune.total_bytes_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC_MAX "blkdeviotune.read_bytes_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC_MAX "blkdeviotune.write_bytes_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC_MAX "blkdeviotune.total_iops_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC_MAX "blkdeviotune.read_iops_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC_MAX "blkdeviotune.write_iops_sec_max"

/** As VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC. An unsigned long long. Since 1.2.11. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_SIZE_IOPS_SEC "blkdeviotune.size_iops_sec"

/** As VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME. A string. Since 3.0.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_GROUP_NAME "blkdeviotune.group_name"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC_MAX_LENGTH "blkdeviotune.total_bytes_sec_max_length"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC_MAX_LENGTH "blkdeviotune.read_bytes_sec_max_length"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC_MAX_LENGTH "blkdeviotune.write_bytes_sec_max_length"

/** As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC_MAX_LENGTH "blkdeviotune.total_iops_sec_max_length"

/** As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC_MAX_LENGTH "blkdeviotune.read_iops_sec_max_length"

/** As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0. */
#define VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC_MAX_LENGTH "blkdeviotune.write_iops_sec_max_length"

/** For how long a CPU has worked for a domain, in nanoseconds. An unsigned long long. Since 0.9.10. */
#define VIR_DOMAIN_CPU_STATS_CPUTIME "cpu_time"

/** The same outside of the kernel. An unsigned long long. Since 0.9.11. */
#define VIR_DOMAIN_CPU_STATS_USERTIME "user_time"

/** The same in the kernel. An unsigned long long. Since 0.9.11. */
#define VIR_DOMAIN_CPU_STATS_SYSTEMTIME "system_time"

/** The same for the domain's own CPUs. An unsigned long long. Since 0.9.12. */
#define VIR_DOMAIN_CPU_STATS_VCPUTIME "vcpu_time"

/** How much of devices a domain may use, against others. An unsigned int. Since 0.9.0. */
#define VIR_DOMAIN_BLKIO_WEIGHT "weight"

/** The same of single devices, as `PATH,WEIGHT,PATH,WEIGHT`. A string. Since 0.9.8. */
#define VIR_DOMAIN_BLKIO_DEVICE_WEIGHT "device_weight"

/** Reads a second of single devices. A string. Since 1.2.2. */
#define VIR_DOMAIN_BLKIO_DEVICE_READ_IOPS "device_read_iops_sec"

/** Writes a second of single devices. A string. Since 1.2.2. */
#define VIR_DOMAIN_BLKIO_DEVICE_WRITE_IOPS "device_write_iops_sec"

/** Bytes a second read from single devices. A string. Since 1.2.2. */
#define VIR_DOMAIN_BLKIO_DEVICE_READ_BPS "device_read_bytes_sec"

/** Bytes a second written to single devices. A string. Since 1.2.2. */
#define VIR_DOMAIN_BLKIO_DEVICE_WRITE_BPS "device_write_bytes_sec"

/** How much may come in, in KiB a second; 0 for no limit. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_IN_AVERAGE "inbound.average"

/** How much may come in at most, in KiB a second. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_IN_PEAK "inbound.peak"

/** How much may come in at once, in KiB. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_IN_BURST "inbound.burst"

/** How much is sure to come in, in KiB a second. An unsigned int. Since 3.4.0. */
#define VIR_DOMAIN_BANDWIDTH_IN_FLOOR "inbound.floor"

/** How much may go out, in KiB a second; 0 for no limit. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_OUT_AVERAGE "outbound.average"

/** How much may go out at most, in KiB a second. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_OUT_PEAK "outbound.peak"

/** How much may go out at once, in KiB. An unsigned int. Since 0.9.9. */
#define VIR_DOMAIN_BANDWIDTH_OUT_BURST "outbound.burst"

/** Refuses what is not told of, instead of leaving it out. Since 1.2.8. */
#define VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS 2147483648

/** No limit of memory, in KiB. Since 0.8.8. */
#define VIR_DOMAIN_MEMORY_PARAM_UNLIMITED 9007199254740991

/** An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.2.3. */
#define VIR_DOMAIN_SCHED_FIELD_LENGTH VIR_TYPED_PARAM_FIELD_LENGTH

/** An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.8.5. */
#define VIR_DOMAIN_MEMORY_FIELD_LENGTH VIR_TYPED_PARAM_FIELD_LENGTH

#if defined(VIR_ENUM_SENTINELS)
/** The same as VIR_DOMAIN_MEMORY_STAT_NR. Since 0.9.10. */
#define VIR_DOMAIN_MEMORY_STAT_LAST 13
#endif

/** An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.9.0. */
#define VIR_DOMAIN_BLKIO_FIELD_LENGTH VIR_TYPED_PARAM_FIELD_LENGTH

/** What a domain is doing. Since 0.0.1. */
typedef enum virDomainState {
    /** Unknown. Since 0.0.1. */
    VIR_DOMAIN_NOSTATE = 0,
    /** Running. Since 0.0.1. */
    VIR_DOMAIN_RUNNING = 1,
    /** Waiting for something. Since 0.0.1. */
    VIR_DOMAIN_BLOCKED = 2,
    /** Paused. Since 0.0.1. */
    VIR_DOMAIN_PAUSED = 3,
    /** Being shut down. Since 0.0.1. */
    VIR_DOMAIN_SHUTDOWN = 4,
    /** Off. Since 0.0.1. */
    VIR_DOMAIN_SHUTOFF = 5,
    /** Crashed. Since 0.0.2. */
    VIR_DOMAIN_CRASHED = 6,
    /** Asleep, by its own power management. Since 0.9.11. */
    VIR_DOMAIN_PMSUSPENDED = 7,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.5. */
    VIR_DOMAIN_LAST = 8,
#endif
} virDomainState;

/** Why a domain is in no state. Since 0.9.2. */
typedef enum virDomainNostateReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_NOSTATE_UNKNOWN = 0,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_NOSTATE_LAST = 1,
#endif
} virDomainNostateReason;

/** Why a domain is running. Since 0.9.2. */
typedef enum virDomainRunningReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_UNKNOWN = 0,
    /** It was started. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_BOOTED = 1,
    /** It came from another host. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_MIGRATED = 2,
    /** It was restored from a file. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_RESTORED = 3,
    /** It was restored from a snapshot. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_FROM_SNAPSHOT = 4,
    /** It was resumed. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_UNPAUSED = 5,
    /** Its migration was given up. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_MIGRATION_CANCELED = 6,
    /** Its saving was given up. Since 0.9.2. */
    VIR_DOMAIN_RUNNING_SAVE_CANCELED = 7,
    /** It was woken up. Since 0.9.11. */
    VIR_DOMAIN_RUNNING_WAKEUP = 8,
    /** It goes on after a crash. Since 1.1.1. */
    VIR_DOMAIN_RUNNING_CRASHED = 9,
    /** Its migration goes on while it runs here. Since 1.3.3. */
    VIR_DOMAIN_RUNNING_POSTCOPY = 10,
    /** The same, after that has failed. Since 8.5.0. */
    VIR_DOMAIN_RUNNING_POSTCOPY_FAILED = 11,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_RUNNING_LAST = 12,
#endif
} virDomainRunningReason;

/** Why a domain is blocked. Since 0.9.2. */
typedef enum virDomainBlockedReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_BLOCKED_UNKNOWN = 0,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_BLOCKED_LAST = 1,
#endif
} virDomainBlockedReason;

/** Why a domain is paused. Since 0.9.2. */
typedef enum virDomainPausedReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_UNKNOWN = 0,
    /** Somebody wanted it. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_USER = 1,
    /** It is being migrated. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_MIGRATION = 2,
    /** It is being saved. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_SAVE = 3,
    /** It is being dumped. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_DUMP = 4,
    /** One of its disks has failed. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_IOERROR = 5,
    /** Its watchdog wanted it. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_WATCHDOG = 6,
    /** It was restored from a snapshot. Since 0.9.2. */
    VIR_DOMAIN_PAUSED_FROM_SNAPSHOT = 7,
    /** It is being shut down. Since 0.9.5. */
    VIR_DOMAIN_PAUSED_SHUTTING_DOWN = 8,
    /** A snapshot is being made. Since 1.0.1. */
    VIR_DOMAIN_PAUSED_SNAPSHOT = 9,
    /** It has crashed. Since 1.1.1. */
    VIR_DOMAIN_PAUSED_CRASHED = 10,
    /** It is being started. Since 1.2.14. */
    VIR_DOMAIN_PAUSED_STARTING_UP = 11,
    /** Its migration goes on. Since 1.3.3. */
    VIR_DOMAIN_PAUSED_POSTCOPY = 12,
    /** Its migration has failed. Since 1.3.3. */
    VIR_DOMAIN_PAUSED_POSTCOPY_FAILED = 13,
    /** It was paused for a call, and could not be resumed at its end. Since 9.2.0. */
    VIR_DOMAIN_PAUSED_API_ERROR = 14,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_PAUSED_LAST = 15,
#endif
} virDomainPausedReason;

/** Why a domain is being shut down. Since 0.9.2. */
typedef enum virDomainShutdownReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_SHUTDOWN_UNKNOWN = 0,
    /** Somebody wanted it. Since 0.9.2. */
    VIR_DOMAIN_SHUTDOWN_USER = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_SHUTDOWN_LAST = 2,
#endif
} virDomainShutdownReason;

/** Why a domain is off. Since 0.9.2. */
typedef enum virDomainShutoffReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_UNKNOWN = 0,
    /** It was shut down. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_SHUTDOWN = 1,
    /** It was stopped at once. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_DESTROYED = 2,
    /** It has crashed. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_CRASHED = 3,
    /** It is on another host. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_MIGRATED = 4,
    /** It is in a file. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_SAVED = 5,
    /** It could not be started. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_FAILED = 6,
    /** It was restored from a snapshot. Since 0.9.2. */
    VIR_DOMAIN_SHUTOFF_FROM_SNAPSHOT = 7,
    /** The host has stopped it. Since 4.10.0. */
    VIR_DOMAIN_SHUTOFF_DAEMON = 8,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_SHUTOFF_LAST = 9,
#endif
} virDomainShutoffReason;

/** Why a domain has crashed. Since 0.9.2. */
typedef enum virDomainCrashedReason {
    /** Unknown. Since 0.9.2. */
    VIR_DOMAIN_CRASHED_UNKNOWN = 0,
    /** Its system said so. Since 1.1.1. */
    VIR_DOMAIN_CRASHED_PANICKED = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_CRASHED_LAST = 2,
#endif
} virDomainCrashedReason;

/** Why a domain sleeps. Since 0.9.11. */
typedef enum virDomainPMSuspendedReason {
    /** Unknown. Since 0.9.11. */
    VIR_DOMAIN_PMSUSPENDED_UNKNOWN = 0,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.11. */
    VIR_DOMAIN_PMSUSPENDED_LAST = 1,
#endif
} virDomainPMSuspendedReason;

/** What a change affects. Since 0.9.2. */
typedef enum virDomainModificationImpact {
    /** What the domain is at the moment. Since 0.9.2. */
    VIR_DOMAIN_AFFECT_CURRENT = 0,
    /** The domain as it runs. Since 0.9.2. */
    VIR_DOMAIN_AFFECT_LIVE = (1 << 0),
    /** Its definition. Since 0.9.2. */
    VIR_DOMAIN_AFFECT_CONFIG = (1 << 1),
} virDomainModificationImpact;

/** How a domain is started. Since 0.0.1. */
typedef enum virDomainCreateFlags {
    /** As usual. Since 0.0.1. */
    VIR_DOMAIN_NONE = 0,
    /** Paused. Since 0.8.2. */
    VIR_DOMAIN_START_PAUSED = (1 << 0),
    /** It stops when the connection is closed. Since 0.9.3. */
    VIR_DOMAIN_START_AUTODESTROY = (1 << 1),
    /** Without the cache of the file system. Since 0.9.4. */
    VIR_DOMAIN_START_BYPASS_CACHE = (1 << 2),
    /** Not from a saved state. Since 0.9.5. */
    VIR_DOMAIN_START_FORCE_BOOT = (1 << 3),
    /** Refuse elements that are not known. Since 1.2.12. */
    VIR_DOMAIN_START_VALIDATE = (1 << 4),
    /** With new firmware variables. Since 8.1.0. */
    VIR_DOMAIN_START_RESET_NVRAM = (1 << 5),
} virDomainCreateFlags;

/** How virDomainDefineXMLFlags defines. Since 1.2.12. */
typedef enum virDomainDefineFlags {
    /** Refuse elements that are not known. Since 1.2.12. */
    VIR_DOMAIN_DEFINE_VALIDATE = (1 << 0),
} virDomainDefineFlags;

/** How virDomainDestroyFlags ends a domain. Since 0.9.10. */
typedef enum virDomainDestroyFlagsValues {
    /** At once. Since 0.9.10. */
    VIR_DOMAIN_DESTROY_DEFAULT = 0,
    /** After what was asked for is done. Since 0.9.10. */
    VIR_DOMAIN_DESTROY_GRACEFUL = (1 << 0),
    /** With its logs. Since 8.3.0. */
    VIR_DOMAIN_DESTROY_REMOVE_LOGS = (1 << 1),
} virDomainDestroyFlagsValues;

/** What virDomainUndefineFlags removes with the definition. Since 0.9.4. */
typedef enum virDomainUndefineFlagsValues {
    /** The saved state. Since 0.9.4. */
    VIR_DOMAIN_UNDEFINE_MANAGED_SAVE = (1 << 0),
    /** What is kept of snapshots. Since 0.9.5. */
    VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA = (1 << 1),
    /** The firmware variables. Since 1.2.9. */
    VIR_DOMAIN_UNDEFINE_NVRAM = (1 << 2),
    /** Not the firmware variables. Since 2.3.0. */
    VIR_DOMAIN_UNDEFINE_KEEP_NVRAM = (1 << 3),
    /** What is kept of checkpoints. Since 5.6.0. */
    VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA = (1 << 4),
    /** The TPM. Since 8.9.0. */
    VIR_DOMAIN_UNDEFINE_TPM = (1 << 5),
    /** Not the TPM. Since 8.9.0. */
    VIR_DOMAIN_UNDEFINE_KEEP_TPM = (1 << 6),
} virDomainUndefineFlagsValues;

/** How virDomainShutdownFlags asks a domain to stop. Since 0.9.10. */
typedef enum virDomainShutdownFlagValues {
    /** In any way. Since 0.9.10. */
    VIR_DOMAIN_SHUTDOWN_DEFAULT = 0,
    /** By the power button. Since 0.9.10. */
    VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN = (1 << 0),
    /** By the agent in it. Since 0.9.10. */
    VIR_DOMAIN_SHUTDOWN_GUEST_AGENT = (1 << 1),
    /** By its init. Since 1.0.1. */
    VIR_DOMAIN_SHUTDOWN_INITCTL = (1 << 2),
    /** By a signal. Since 1.0.1. */
    VIR_DOMAIN_SHUTDOWN_SIGNAL = (1 << 3),
    /** By the hypervisor. Since 1.2.5. */
    VIR_DOMAIN_SHUTDOWN_PARAVIRT = (1 << 4),
} virDomainShutdownFlagValues;

/** How virDomainReboot asks a domain to begin anew. Since 0.9.10. */
typedef enum virDomainRebootFlagValues {
    /** In any way. Since 0.9.10. */
    VIR_DOMAIN_REBOOT_DEFAULT = 0,
    /** By the power button. Since 0.9.10. */
    VIR_DOMAIN_REBOOT_ACPI_POWER_BTN = (1 << 0),
    /** By the agent in it. Since 0.9.10. */
    VIR_DOMAIN_REBOOT_GUEST_AGENT = (1 << 1),
    /** By its init. Since 1.0.1. */
    VIR_DOMAIN_REBOOT_INITCTL = (1 << 2),
    /** By a signal. Since 1.0.1. */
    VIR_DOMAIN_REBOOT_SIGNAL = (1 << 3),
    /** By the hypervisor. Since 1.2.5. */
    VIR_DOMAIN_REBOOT_PARAVIRT = (1 << 4),
} virDomainRebootFlagValues;

/** What virDomainGetXMLDesc describes. Since 0.3.3. */
typedef enum virDomainXMLFlags {
    /** Secrets, too. Since 0.3.3. */
    VIR_DOMAIN_XML_SECURE = (1 << 0),
    /** The definition, also if the domain is running. Since 0.3.3. */
    VIR_DOMAIN_XML_INACTIVE = (1 << 1),
    /** The CPU as the host has it. Since 0.8.0. */
    VIR_DOMAIN_XML_UPDATE_CPU = (1 << 2),
    /** For another host. Since 1.0.0. */
    VIR_DOMAIN_XML_MIGRATABLE = (1 << 3),
} virDomainXMLFlags;

/** Which domains virConnectListAllDomains lists. Since 0.9.13. */
typedef enum virConnectListAllDomainsFlags {
    /** Active ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_ACTIVE = (1 << 0),
    /** Inactive ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_INACTIVE = (1 << 1),
    /** Persistent ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_PERSISTENT = (1 << 2),
    /** Transient ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_TRANSIENT = (1 << 3),
    /** Running ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_RUNNING = (1 << 4),
    /** Paused ones. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_PAUSED = (1 << 5),
    /** Those that are off. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_SHUTOFF = (1 << 6),
    /** Those in another state. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_OTHER = (1 << 7),
    /** Those with a saved state. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE = (1 << 8),
    /** Those without. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_NO_MANAGEDSAVE = (1 << 9),
    /** Those that start by themselves. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_AUTOSTART = (1 << 10),
    /** Those that do not. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_NO_AUTOSTART = (1 << 11),
    /** Those with snapshots. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT = (1 << 12),
    /** Those without. Since 0.9.13. */
    VIR_CONNECT_LIST_DOMAINS_NO_SNAPSHOT = (1 << 13),
    /** Those with checkpoints. Since 5.6.0. */
    VIR_CONNECT_LIST_DOMAINS_HAS_CHECKPOINT = (1 << 14),
    /** Those without. Since 5.6.0. */
    VIR_CONNECT_LIST_DOMAINS_NO_CHECKPOINT = (1 << 15),
} virConnectListAllDomainsFlags;

/** Kinds of metadata. Since 0.9.10. */
typedef enum virDomainMetadataType {
    /** A text of any length. Since 0.9.10. */
    VIR_DOMAIN_METADATA_DESCRIPTION = 0,
    /** A text of one line. Since 0.9.10. */
    VIR_DOMAIN_METADATA_TITLE = 1,
    /** An element in a namespace. Since 0.9.10. */
    VIR_DOMAIN_METADATA_ELEMENT = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_METADATA_LAST = 3,
#endif
} virDomainMetadataType;

/** What a change of a device affects. Since 0.7.7. */
typedef enum virDomainDeviceModifyFlags {
    /** What the domain is at the moment. Since 0.7.7. */
    VIR_DOMAIN_DEVICE_MODIFY_CURRENT = 0,
    /** The domain as it runs. Since 0.7.7. */
    VIR_DOMAIN_DEVICE_MODIFY_LIVE = (1 << 0),
    /** Its definition. Since 0.7.7. */
    VIR_DOMAIN_DEVICE_MODIFY_CONFIG = (1 << 1),
    /** Also against the will of the guest. Since 0.8.6. */
    VIR_DOMAIN_DEVICE_MODIFY_FORCE = (1 << 2),
} virDomainDeviceModifyFlags;

/** How virDomainBlockResize counts, and what it may do. Since 0.9.11. */
typedef enum virDomainBlockResizeFlags {
    /** In bytes. Since 0.9.11. */
    VIR_DOMAIN_BLOCK_RESIZE_BYTES = (1 << 0),
    /** To the size that the block device has by now. Since 10.0.0. */
    VIR_DOMAIN_BLOCK_RESIZE_CAPACITY = (1 << 1),
    /** Only if it does not become smaller. Since 12.3.0. */
    VIR_DOMAIN_BLOCK_RESIZE_EXTEND = (1 << 2),
} virDomainBlockResizeFlags;

/** What has gone wrong with a disk. Since 0.9.10. */
typedef enum virDomainDiskErrorCode {
    /** Nothing. Since 0.9.10. */
    VIR_DOMAIN_DISK_ERROR_NONE = 0,
    /** Something. Since 0.9.10. */
    VIR_DOMAIN_DISK_ERROR_UNSPEC = 1,
    /** There was no space left. Since 0.9.10. */
    VIR_DOMAIN_DISK_ERROR_NO_SPACE = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_DISK_ERROR_LAST = 3,
#endif
} virDomainDiskErrorCode;

/** What a block job does. Since 0.9.4. */
typedef enum virDomainBlockJobType {
    /** Not known. Since 0.9.4. */
    VIR_DOMAIN_BLOCK_JOB_TYPE_UNKNOWN = 0,
    /**
     * Brings what is below into the image on top: virDomainBlockPull, virDomainBlockRebase. Since
     * 0.9.4.
     */
    VIR_DOMAIN_BLOCK_JOB_TYPE_PULL = 1,
    /**
     * Copies the disk, and keeps the copy equal until it is told what to do with it:
     * virDomainBlockCopy. Since 0.9.12.
     */
    VIR_DOMAIN_BLOCK_JOB_TYPE_COPY = 2,
    /** Brings images into one below them: virDomainBlockCommit. Since 0.10.2. */
    VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT = 3,
    /** The same with the image on top, until it is told what to do then. Since 1.2.6. */
    VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT = 4,
    /** Not made here. Since 6.0.0. */
    VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP = 5,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_BLOCK_JOB_TYPE_LAST = 6,
#endif
} virDomainBlockJobType;

/** How virDomainBlockJobAbort ends a job. Since 0.9.12. */
typedef enum virDomainBlockJobAbortFlags {
    /** Do not wait for the end. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_JOB_ABORT_ASYNC = (1 << 0),
    /** Make the copy the disk. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT = (1 << 1),
} virDomainBlockJobAbortFlags;

/** How virDomainGetBlockJobInfo tells. Since 1.2.9. */
typedef enum virDomainBlockJobInfoFlags {
    /** The bandwidth in bytes a second. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES = (1 << 0),
} virDomainBlockJobInfoFlags;

/** How virDomainBlockJobSetSpeed counts. Since 1.2.9. */
typedef enum virDomainBlockJobSetSpeedFlags {
    /** The bandwidth in bytes a second. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_JOB_SPEED_BANDWIDTH_BYTES = (1 << 0),
} virDomainBlockJobSetSpeedFlags;

/** How virDomainBlockPull counts. Since 1.2.9. */
typedef enum virDomainBlockPullFlags {
    /** The bandwidth in bytes a second. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_PULL_BANDWIDTH_BYTES = (1 << 6),
} virDomainBlockPullFlags;

/** How virDomainBlockRebase works. Since 0.9.12. */
typedef enum virDomainBlockRebaseFlags {
    /** Copy only the image on top. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_REBASE_SHALLOW = (1 << 0),
    /** Copy onto an image that is there. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT = (1 << 1),
    /** The copy is raw. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_REBASE_COPY_RAW = (1 << 2),
    /** Copy the disk to @base. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_REBASE_COPY = (1 << 3),
    /** Call the base by a name that is relative, if the images do. Since 1.2.7. */
    VIR_DOMAIN_BLOCK_REBASE_RELATIVE = (1 << 4),
    /** The copy goes to a block device. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_REBASE_COPY_DEV = (1 << 5),
    /** The bandwidth in bytes a second. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_REBASE_BANDWIDTH_BYTES = (1 << 6),
} virDomainBlockRebaseFlags;

/** How virDomainBlockCopy works. Since 1.2.8. */
typedef enum virDomainBlockCopyFlags {
    /** Copy only the image on top. Since 1.2.8. */
    VIR_DOMAIN_BLOCK_COPY_SHALLOW = (1 << 0),
    /** Copy onto an image that is there. Since 1.2.8. */
    VIR_DOMAIN_BLOCK_COPY_REUSE_EXT = (1 << 1),
    /** The job need not survive a restart of the domain. Since 3.5.0. */
    VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB = (1 << 2),
    /**
     * What guests write goes to both at once: the copy gets done however fast they write. Since
     * 8.0.0.
     */
    VIR_DOMAIN_BLOCK_COPY_SYNCHRONOUS_WRITES = (1 << 3),
    /** The destination reads as zeros, so zeros are not written to it. Since 12.2.0. */
    VIR_DOMAIN_BLOCK_COPY_TARGET_ZEROED = (1 << 4),
} virDomainBlockCopyFlags;

/** How virDomainBlockCommit works. Since 0.10.2. */
typedef enum virDomainBlockCommitFlags {
    /** Without @base, commit into the image directly below. Since 0.10.2. */
    VIR_DOMAIN_BLOCK_COMMIT_SHALLOW = (1 << 0),
    /** Remove the files of images that are in the base then. Since 0.10.2. */
    VIR_DOMAIN_BLOCK_COMMIT_DELETE = (1 << 1),
    /** Commit the image on top. Since 1.2.7. */
    VIR_DOMAIN_BLOCK_COMMIT_ACTIVE = (1 << 2),
    /** Call the base by a name that is relative, if the images do. Since 1.2.7. */
    VIR_DOMAIN_BLOCK_COMMIT_RELATIVE = (1 << 3),
    /** The bandwidth in bytes a second. Since 1.2.9. */
    VIR_DOMAIN_BLOCK_COMMIT_BANDWIDTH_BYTES = (1 << 4),
} virDomainBlockCommitFlags;

/** What a job on a domain does. Since 0.7.7. */
typedef enum virDomainJobType {
    /** There is none. Since 0.7.7. */
    VIR_DOMAIN_JOB_NONE = 0,
    /** How long it will take is known. Since 0.7.7. */
    VIR_DOMAIN_JOB_BOUNDED = 1,
    /** How long it will take is not known. Since 0.7.7. */
    VIR_DOMAIN_JOB_UNBOUNDED = 2,
    /** It is complete. Since 0.7.7. */
    VIR_DOMAIN_JOB_COMPLETED = 3,
    /** It has failed. Since 0.7.7. */
    VIR_DOMAIN_JOB_FAILED = 4,
    /** It was ended. Since 0.7.7. */
    VIR_DOMAIN_JOB_CANCELLED = 5,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_JOB_LAST = 6,
#endif
} virDomainJobType;

/** What happens in the life of a domain. Since 0.5.0. */
typedef enum virDomainEventType {
    /** It has been defined. Since 0.5.0. */
    VIR_DOMAIN_EVENT_DEFINED = 0,
    /** Its definition is gone. Since 0.5.0. */
    VIR_DOMAIN_EVENT_UNDEFINED = 1,
    /** It has been started. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STARTED = 2,
    /** It has been paused. Since 0.5.0. */
    VIR_DOMAIN_EVENT_SUSPENDED = 3,
    /** It has been resumed. Since 0.5.0. */
    VIR_DOMAIN_EVENT_RESUMED = 4,
    /** It has stopped. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED = 5,
    /** It is shutting down. Since 0.9.8. */
    VIR_DOMAIN_EVENT_SHUTDOWN = 6,
    /** It sleeps. Since 0.10.2. */
    VIR_DOMAIN_EVENT_PMSUSPENDED = 7,
    /** It has crashed. Since 1.1.1. */
    VIR_DOMAIN_EVENT_CRASHED = 8,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_LAST = 9,
#endif
} virDomainEventType;

/** How a domain was defined. Since 0.5.0. */
typedef enum virDomainEventDefinedDetailType {
    /** It is new. Since 0.5.0. */
    VIR_DOMAIN_EVENT_DEFINED_ADDED = 0,
    /** It was changed. Since 0.5.0. */
    VIR_DOMAIN_EVENT_DEFINED_UPDATED = 1,
    /** It was renamed. Since 1.2.19. */
    VIR_DOMAIN_EVENT_DEFINED_RENAMED = 2,
    /** It was restored from a snapshot. Since 1.3.3. */
    VIR_DOMAIN_EVENT_DEFINED_FROM_SNAPSHOT = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_DEFINED_LAST = 4,
#endif
} virDomainEventDefinedDetailType;

/** How a definition went. Since 0.5.0. */
typedef enum virDomainEventUndefinedDetailType {
    /** It was removed. Since 0.5.0. */
    VIR_DOMAIN_EVENT_UNDEFINED_REMOVED = 0,
    /** It was renamed. Since 1.2.19. */
    VIR_DOMAIN_EVENT_UNDEFINED_RENAMED = 1,
    /** It was migrated away. Since 12.9.0. */
    VIR_DOMAIN_EVENT_UNDEFINED_MIGRATED = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_UNDEFINED_LAST = 3,
#endif
} virDomainEventUndefinedDetailType;

/** How a domain was started. Since 0.5.0. */
typedef enum virDomainEventStartedDetailType {
    /** As usual. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STARTED_BOOTED = 0,
    /** By a migration to here. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STARTED_MIGRATED = 1,
    /** From a file. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STARTED_RESTORED = 2,
    /** From a snapshot. Since 0.8.0. */
    VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT = 3,
    /** By waking up. Since 0.9.11. */
    VIR_DOMAIN_EVENT_STARTED_WAKEUP = 4,
    /** It was made anew to keep its secrets. Since 11.6.0. */
    VIR_DOMAIN_EVENT_STARTED_RECREATED = 5,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_STARTED_LAST = 6,
#endif
} virDomainEventStartedDetailType;

/** Why a domain was paused. Since 0.5.0. */
typedef enum virDomainEventSuspendedDetailType {
    /** Somebody wanted it. Since 0.5.0. */
    VIR_DOMAIN_EVENT_SUSPENDED_PAUSED = 0,
    /** It is being migrated. Since 0.5.0. */
    VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED = 1,
    /** One of its disks has failed. Since 0.8.0. */
    VIR_DOMAIN_EVENT_SUSPENDED_IOERROR = 2,
    /** Its watchdog wanted it. Since 0.8.0. */
    VIR_DOMAIN_EVENT_SUSPENDED_WATCHDOG = 3,
    /** It was restored paused. Since 0.9.5. */
    VIR_DOMAIN_EVENT_SUSPENDED_RESTORED = 4,
    /** It was restored paused from a snapshot. Since 0.9.5. */
    VIR_DOMAIN_EVENT_SUSPENDED_FROM_SNAPSHOT = 5,
    /** It was paused for a call, and could not be resumed at its end. Since 1.0.1. */
    VIR_DOMAIN_EVENT_SUSPENDED_API_ERROR = 6,
    /** Its migration goes on. Since 1.3.3. */
    VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY = 7,
    /** Its migration has failed. Since 1.3.3. */
    VIR_DOMAIN_EVENT_SUSPENDED_POSTCOPY_FAILED = 8,
    /** Its guest has shut down, and a job still needs it. Since 11.10.0. */
    VIR_DOMAIN_EVENT_SUSPENDED_GUEST_SHUTDOWN = 9,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_SUSPENDED_LAST = 10,
#endif
} virDomainEventSuspendedDetailType;

/** Why a domain was resumed. Since 0.5.0. */
typedef enum virDomainEventResumedDetailType {
    /** Somebody wanted it. Since 0.5.0. */
    VIR_DOMAIN_EVENT_RESUMED_UNPAUSED = 0,
    /** It has been migrated. Since 0.5.0. */
    VIR_DOMAIN_EVENT_RESUMED_MIGRATED = 1,
    /** It was restored from a snapshot. Since 0.9.5. */
    VIR_DOMAIN_EVENT_RESUMED_FROM_SNAPSHOT = 2,
    /** Its migration goes on. Since 1.3.3. */
    VIR_DOMAIN_EVENT_RESUMED_POSTCOPY = 3,
    /** The same, after that has failed. Since 8.5.0. */
    VIR_DOMAIN_EVENT_RESUMED_POSTCOPY_FAILED = 4,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_RESUMED_LAST = 5,
#endif
} virDomainEventResumedDetailType;

/** Why a domain has stopped. Since 0.5.0. */
typedef enum virDomainEventStoppedDetailType {
    /** It was shut down. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN = 0,
    /** It was stopped at once. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_DESTROYED = 1,
    /** It has crashed. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_CRASHED = 2,
    /** It is on another host. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_MIGRATED = 3,
    /** It is in a file. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_SAVED = 4,
    /** The host could not run it. Since 0.5.0. */
    VIR_DOMAIN_EVENT_STOPPED_FAILED = 5,
    /** It was restored from a snapshot. Since 0.8.0. */
    VIR_DOMAIN_EVENT_STOPPED_FROM_SNAPSHOT = 6,
    /** It is made anew to keep its secrets. Since 11.6.0. */
    VIR_DOMAIN_EVENT_STOPPED_RECREATED = 7,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_STOPPED_LAST = 8,
#endif
} virDomainEventStoppedDetailType;

/** Who shuts a domain down. Since 0.9.8. */
typedef enum virDomainEventShutdownDetailType {
    /** Unknown. Since 0.9.8. */
    VIR_DOMAIN_EVENT_SHUTDOWN_FINISHED = 0,
    /** The guest. Since 3.4.0. */
    VIR_DOMAIN_EVENT_SHUTDOWN_GUEST = 1,
    /** The host. Since 3.4.0. */
    VIR_DOMAIN_EVENT_SHUTDOWN_HOST = 2,
    /** Its guest wanted to boot again, where that ends it. Since 12.9.0. */
    VIR_DOMAIN_EVENT_SHUTDOWN_GUEST_RESET = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_SHUTDOWN_LAST = 4,
#endif
} virDomainEventShutdownDetailType;

/** How a domain sleeps. Since 0.10.2. */
typedef enum virDomainEventPMSuspendedDetailType {
    /** In memory. Since 0.10.2. */
    VIR_DOMAIN_EVENT_PMSUSPENDED_MEMORY = 0,
    /** On its disk. Since 1.0.0. */
    VIR_DOMAIN_EVENT_PMSUSPENDED_DISK = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.10.2. */
    VIR_DOMAIN_EVENT_PMSUSPENDED_LAST = 2,
#endif
} virDomainEventPMSuspendedDetailType;

/** How a domain has crashed. Since 1.1.1. */
typedef enum virDomainEventCrashedDetailType {
    /** Its system said so. Since 1.1.1. */
    VIR_DOMAIN_EVENT_CRASHED_PANICKED = 0,
    /** Its system said so, and has kept a dump. Since 6.1.0. */
    VIR_DOMAIN_EVENT_CRASHED_CRASHLOADED = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.1.1. */
    VIR_DOMAIN_EVENT_CRASHED_LAST = 2,
#endif
} virDomainEventCrashedDetailType;

/** What a watchdog has done. Since 0.8.0. */
typedef enum virDomainEventWatchdogAction {
    /** Nothing. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_NONE = 0,
    /** The domain is paused. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_PAUSE = 1,
    /** It is reset. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_RESET = 2,
    /** It is stopped. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_POWEROFF = 3,
    /** It is shut down. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_SHUTDOWN = 4,
    /** It was logged. Since 0.8.0. */
    VIR_DOMAIN_EVENT_WATCHDOG_DEBUG = 5,
    /** An interrupt was sent. Since 1.2.17. */
    VIR_DOMAIN_EVENT_WATCHDOG_INJECTNMI = 6,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_WATCHDOG_LAST = 7,
#endif
} virDomainEventWatchdogAction;

/** What became of a failed request of a guest. Since 0.8.0. */
typedef enum virDomainEventIOErrorAction {
    /** Nothing. Since 0.8.0. */
    VIR_DOMAIN_EVENT_IO_ERROR_NONE = 0,
    /** The domain is paused. Since 0.8.0. */
    VIR_DOMAIN_EVENT_IO_ERROR_PAUSE = 1,
    /** The guest was told, and goes on. Since 0.8.0. */
    VIR_DOMAIN_EVENT_IO_ERROR_REPORT = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_IO_ERROR_LAST = 3,
#endif
} virDomainEventIOErrorAction;

/** What a client of the screen has done. Since 0.8.0. */
typedef enum virDomainEventGraphicsPhase {
    /** It has connected. Since 0.8.0. */
    VIR_DOMAIN_EVENT_GRAPHICS_CONNECT = 0,
    /** It may use it. Since 0.8.0. */
    VIR_DOMAIN_EVENT_GRAPHICS_INITIALIZE = 1,
    /** It has gone. Since 0.8.0. */
    VIR_DOMAIN_EVENT_GRAPHICS_DISCONNECT = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_GRAPHICS_LAST = 3,
#endif
} virDomainEventGraphicsPhase;

/** Kinds of address. Since 0.8.0. */
typedef enum virDomainEventGraphicsAddressType {
    /** IP version 4. Since 0.8.0. */
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_IPV4 = 0,
    /** IP version 6. Since 0.8.0. */
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_IPV6 = 1,
    /** A unix socket. Since 0.9.7. */
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_UNIX = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_GRAPHICS_ADDRESS_LAST = 3,
#endif
} virDomainEventGraphicsAddressType;

/** What has become of a block job. Since 0.9.4. */
typedef enum virConnectDomainEventBlockJobStatus {
    /** It is done. Since 0.9.4. */
    VIR_DOMAIN_BLOCK_JOB_COMPLETED = 0,
    /** It has failed. Since 0.9.4. */
    VIR_DOMAIN_BLOCK_JOB_FAILED = 1,
    /** It was given up. Since 0.9.12. */
    VIR_DOMAIN_BLOCK_JOB_CANCELED = 2,
    /** It waits for its end to be wanted. Since 1.0.0. */
    VIR_DOMAIN_BLOCK_JOB_READY = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_BLOCK_JOB_LAST = 4,
#endif
} virConnectDomainEventBlockJobStatus;

/** Why a disk has changed at the start. Since 0.9.7. */
typedef enum virConnectDomainEventDiskChangeReason {
    /** Its medium was missing, and the drive is empty. Since 0.9.7. */
    VIR_DOMAIN_EVENT_DISK_CHANGE_MISSING_ON_START = 0,
    /** It was missing, and so is the disk. Since 1.1.2. */
    VIR_DOMAIN_EVENT_DISK_DROP_MISSING_ON_START = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_EVENT_DISK_CHANGE_LAST = 2,
#endif
} virConnectDomainEventDiskChangeReason;

/** What has happened to a tray. Since 0.9.11. */
typedef enum virDomainEventTrayChangeReason {
    /** It was opened. Since 0.9.11. */
    VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN = 0,
    /** It was closed. Since 0.9.11. */
    VIR_DOMAIN_EVENT_TRAY_CHANGE_CLOSE = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.11. */
    VIR_DOMAIN_EVENT_TRAY_CHANGE_LAST = 2,
#endif
} virDomainEventTrayChangeReason;

/** What an agent in a guest is doing. Since 1.2.11. */
typedef enum virConnectDomainEventAgentLifecycleState {
    /** It is there. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED = 1,
    /** It is not. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_DISCONNECTED = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_LAST = 3,
#endif
} virConnectDomainEventAgentLifecycleState;

/** Why that has changed. Since 1.2.11. */
typedef enum virConnectDomainEventAgentLifecycleReason {
    /** Unknown. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_UNKNOWN = 0,
    /** The domain was started. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED = 1,
    /** Its channel has changed. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_CHANNEL = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.2.11. */
    VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_LAST = 3,
#endif
} virConnectDomainEventAgentLifecycleReason;

/** The events of domains, and the type of callback for each. Since 0.8.0. */
typedef enum virDomainEventID {
    /** Something in its life: virConnectDomainEventCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_LIFECYCLE = 0,
    /** It was rebooted: virConnectDomainEventGenericCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_REBOOT = 1,
    /** Its clock was set: virConnectDomainEventRTCChangeCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_RTC_CHANGE = 2,
    /** Its watchdog has acted: virConnectDomainEventWatchdogCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_WATCHDOG = 3,
    /** A request to a disk has failed: virConnectDomainEventIOErrorCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_IO_ERROR = 4,
    /** A client of its screen: virConnectDomainEventGraphicsCallback. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_GRAPHICS = 5,
    /**
     * A request to a disk has failed, and why: virConnectDomainEventIOErrorReasonCallback.
     * Since 0.8.1.
     */
    VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON = 6,
    /** It cannot be controlled: virConnectDomainEventGenericCallback. Since 0.9.2. */
    VIR_DOMAIN_EVENT_ID_CONTROL_ERROR = 7,
    /**
     * A block job, by the path of its disk: virConnectDomainEventBlockJobCallback. Since
     * 0.9.4.
     */
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB = 8,
    /** A medium was missing: virConnectDomainEventDiskChangeCallback. Since 0.9.7. */
    VIR_DOMAIN_EVENT_ID_DISK_CHANGE = 9,
    /** A tray: virConnectDomainEventTrayChangeCallback. Since 0.9.11. */
    VIR_DOMAIN_EVENT_ID_TRAY_CHANGE = 10,
    /** It woke up: virConnectDomainEventPMWakeupCallback. Since 0.9.11. */
    VIR_DOMAIN_EVENT_ID_PMWAKEUP = 11,
    /** It sleeps: virConnectDomainEventPMSuspendCallback. Since 0.9.11. */
    VIR_DOMAIN_EVENT_ID_PMSUSPEND = 12,
    /** Its memory: virConnectDomainEventBalloonChangeCallback. Since 0.10.0. */
    VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE = 13,
    /** It sleeps on its disk: virConnectDomainEventPMSuspendDiskCallback. Since 1.0.0. */
    VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK = 14,
    /** A device is gone: virConnectDomainEventDeviceRemovedCallback. Since 1.1.1. */
    VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED = 15,
    /**
     * A block job, by the target of its disk: virConnectDomainEventBlockJobCallback. Since
     * 1.2.6.
     */
    VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2 = 16,
    /** A tunable: virConnectDomainEventTunableCallback. Since 1.2.9. */
    VIR_DOMAIN_EVENT_ID_TUNABLE = 17,
    /** The agent in it: virConnectDomainEventAgentLifecycleCallback. Since 1.2.11. */
    VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE = 18,
    /** A device was added: virConnectDomainEventDeviceAddedCallback. Since 1.2.15. */
    VIR_DOMAIN_EVENT_ID_DEVICE_ADDED = 19,
    /** A round of its migration: virConnectDomainEventMigrationIterationCallback. Since 1.3.2. */
    VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION = 20,
    /** A job is done: virConnectDomainEventJobCompletedCallback. Since 1.3.3. */
    VIR_DOMAIN_EVENT_ID_JOB_COMPLETED = 21,
    /** A device does not go: virConnectDomainEventDeviceRemovalFailedCallback. Since 1.3.4. */
    VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED = 22,
    /** Metadata: virConnectDomainEventMetadataChangeCallback. Since 3.0.0. */
    VIR_DOMAIN_EVENT_ID_METADATA_CHANGE = 23,
    /**
     * A disk was written behind a threshold: virConnectDomainEventBlockThresholdCallback.
     * Since 3.2.0.
     */
    VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD = 24,
    /** Memory has failed: virConnectDomainEventMemoryFailureCallback. Since 6.9.0. */
    VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE = 25,
    /** The size of memory: virConnectDomainEventMemoryDeviceSizeChangeCallback. Since 7.9.0. */
    VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE = 26,
    /** The address of a network interface: virConnectDomainEventNICMACChangeCallback. Since 11.2.0. */
    VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE = 27,
    /** A CPU was taken away: virConnectDomainEventVcpuRemovedCallback. Since 12.4.0. */
    VIR_DOMAIN_EVENT_ID_VCPU_REMOVED = 28,
    /**
     * Somebody in the guest uses a channel, or no more:
     * virConnectDomainEventChannelLifecycleCallback. Since 12.4.0.
     */
    VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE = 29,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.8.0. */
    VIR_DOMAIN_EVENT_ID_LAST = 30,
#endif
} virDomainEventID;

/** What has become of a channel. Since 12.4.0. */
typedef enum virConnectDomainEventChannelLifecycleState {
    /** Somebody uses it. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_CONNECTED = 1,
    /** Nobody uses it. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_DISCONNECTED = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_STATE_LAST = 3,
#endif
} virConnectDomainEventChannelLifecycleState;

/** Why that is so. Since 12.4.0. */
typedef enum virConnectDomainEventChannelLifecycleReason {
    /** Unknown. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_UNKNOWN = 0,
    /** The domain was started. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_DOMAIN_STARTED = 1,
    /** The guest has done it. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_CHANNEL = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 12.4.0. */
    VIR_CONNECT_DOMAIN_EVENT_CHANNEL_LIFECYCLE_REASON_LAST = 3,
#endif
} virConnectDomainEventChannelLifecycleReason;

/** Whose memory has failed. Since 6.9.0. */
typedef enum virDomainMemoryFailureRecipientType {
    /** The one of the hypervisor. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_HYPERVISOR = 0,
    /** The one of the guest. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_GUEST = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_RECIPIENT_LAST = 2,
#endif
} virDomainMemoryFailureRecipientType;

/** What was done about failed memory. Since 6.9.0. */
typedef enum virDomainMemoryFailureActionType {
    /** Nothing. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_IGNORE = 0,
    /** The guest was told. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_INJECT = 1,
    /** The hypervisor cannot go on. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_FATAL = 2,
    /** The guest is reset. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_RESET = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 6.9.0. */
    VIR_DOMAIN_EVENT_MEMORY_FAILURE_ACTION_LAST = 4,
#endif
} virDomainMemoryFailureActionType;

/** More about failed memory. Since 6.9.0. */
typedef enum virDomainMemoryFailureFlags {
    /** Something must be done. Since 6.9.0. */
    VIR_DOMAIN_MEMORY_FAILURE_ACTION_REQUIRED = (1 << 0),
    /** It happened while another failure was handled. Since 6.9.0. */
    VIR_DOMAIN_MEMORY_FAILURE_RECURSIVE = (1 << 1),
} virDomainMemoryFailureFlags;

/**
 * What is told of a domain. STATE, BALLOON, VCPU and BLOCK have something behind them; CPU_TOTAL,
 * INTERFACE and PERF are zeros and nothing, because nothing is executed. Others are not told of.
 * Since 1.2.8.
 */
typedef enum virDomainStatsTypes {
    /** `state.state` and `state.reason`: as virDomainGetState tells them. Since 1.2.8. */
    VIR_DOMAIN_STATS_STATE = (1 << 0),
    /** `cpu.time`, `cpu.user` and `cpu.system` of an active domain: 0. Since 1.2.9. */
    VIR_DOMAIN_STATS_CPU_TOTAL = (1 << 1),
    /** `balloon.current` and `balloon.maximum`: KiB of memory, as it is defined. Since 1.2.9. */
    VIR_DOMAIN_STATS_BALLOON = (1 << 2),
    /**
     * `vcpu.current` and `vcpu.maximum`: how many CPUs are defined; and for each of an active domain
     * `vcpu.N.state` (a virVcpuState), and 0 as `vcpu.N.time` and `vcpu.N.wait`. Since 1.2.9.
     */
    VIR_DOMAIN_STATS_VCPU = (1 << 3),
    /**
     * `net.count` of an active domain, and for each interface from 0 on `net.N.name`, and 0 as
     * `net.N.rx.bytes`, `net.N.rx.pkts`, `net.N.rx.errs` and `net.N.rx.drop`, and with `tx.`. Since 1.2.9.
     */
    VIR_DOMAIN_STATS_INTERFACE = (1 << 4),
    /**
     * `block.count`, and for each disk from 0 on `block.N.` with `name` (its target), `path`,
     * `allocation`, `capacity` and `physical`; if it is open in this process, also `backingIndex`,
     * `rd.reqs`, `rd.bytes`, `rd.times` (nanoseconds), the same with `wr.`, `fl.reqs`,
     * `fl.times`, `threshold` if there is one, and what the disk's clients are told of the sizes of
     * requests, in bytes: `limits.request_alignment`, `limits.transfer_optimal` and
     * `limits.transfer_max`. Since 1.2.9.
     */
    VIR_DOMAIN_STATS_BLOCK = (1 << 5),
    /** Performance events, of which none is counted. Since 1.3.3. */
    VIR_DOMAIN_STATS_PERF = (1 << 6),
    /** Threads for I/O. Since 4.10.0. */
    VIR_DOMAIN_STATS_IOTHREAD = (1 << 7),
    /** Bandwidth of memory. Since 6.0.0. */
    VIR_DOMAIN_STATS_MEMORY = (1 << 8),
    /** How fast memory changes. Since 7.2.0. */
    VIR_DOMAIN_STATS_DIRTYRATE = (1 << 9),
    /** Of the hypervisor. Since 8.9.0. */
    VIR_DOMAIN_STATS_VM = (1 << 10),
} virDomainStatsTypes;

/**
 * Which domains are told of, and how. Bits of one group ({ACTIVE, INACTIVE}, {PERSISTENT,
 * TRANSIENT}, {RUNNING, PAUSED, SHUTOFF, OTHER}) are alternatives; a group without bits does not
 * filter. Since 1.2.8.
 */
typedef enum virConnectGetAllDomainStatsFlags {
    /** Active ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE = (1 << 0),
    /** Inactive ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE = (1 << 1),
    /** Persistent ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT = (1 << 2),
    /** Transient ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT = (1 << 3),
    /** Running ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING = (1 << 4),
    /** Paused ones. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_PAUSED = (1 << 5),
    /** Those that are off. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF = (1 << 6),
    /** Those in another state. Since 1.2.8. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_OTHER = (1 << 7),
    /** Without waiting for a domain, which is always so. Since 4.5.0. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT = (1 << 29),
    /** Also the images below the top of an open disk, each counted as a disk. Since 1.2.12. */
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING = (1 << 30),
} virConnectGetAllDomainStatsFlags;

/** Kinds of messages about a domain. Since 7.1.0. */
typedef enum virDomainMessageType {
    /** It uses what is going to be removed. Since 7.1.0. */
    VIR_DOMAIN_MESSAGE_DEPRECATION = (1 << 0),
    /** Something about it is not supported. Since 7.1.0. */
    VIR_DOMAIN_MESSAGE_TAINTING = (1 << 1),
    /** A guest's request to one of its disks has failed. Since 11.1.0. */
    VIR_DOMAIN_MESSAGE_IOERRORS = (1 << 2),
} virDomainMessageType;

/** Which of a domain's numbers of CPUs is meant. Since 0.8.5. */
typedef enum virDomainVcpuFlags {
    /** What the domain is at the moment. Since 0.9.4. */
    VIR_DOMAIN_VCPU_CURRENT = 0,
    /** The domain as it runs. Since 0.8.5. */
    VIR_DOMAIN_VCPU_LIVE = (1 << 0),
    /** Its definition. Since 0.8.5. */
    VIR_DOMAIN_VCPU_CONFIG = (1 << 1),
    /** How many there are at most. Since 0.8.5. */
    VIR_DOMAIN_VCPU_MAXIMUM = (1 << 2),
    /** As the guest sees them, of which nothing is known here. Since 1.1.0. */
    VIR_DOMAIN_VCPU_GUEST = (1 << 3),
    /** They can be taken away again, which nobody does here. Since 2.4.0. */
    VIR_DOMAIN_VCPU_HOTPLUGGABLE = (1 << 4),
    /** Without waiting for the guest to give them back, which is always so. Since 12.4.0. */
    VIR_DOMAIN_VCPU_ASYNC_UNPLUG = (1 << 5),
} virDomainVcpuFlags;

/** Which size of a domain's memory is meant. Since 0.9.0. */
typedef enum virDomainMemoryModFlags {
    /** What the domain is at the moment. Since 0.9.1. */
    VIR_DOMAIN_MEM_CURRENT = 0,
    /** The domain as it runs. Since 0.9.0. */
    VIR_DOMAIN_MEM_LIVE = (1 << 0),
    /** Its definition. Since 0.9.0. */
    VIR_DOMAIN_MEM_CONFIG = (1 << 1),
    /** How much there is at most. Since 0.9.1. */
    VIR_DOMAIN_MEM_MAXIMUM = (1 << 2),
} virDomainMemoryModFlags;

/** How strictly memory is to be of NUMA nodes. Since 0.9.9. */
typedef enum virDomainNumatuneMemMode {
    /** Of no others. Since 0.9.9. */
    VIR_DOMAIN_NUMATUNE_MEM_STRICT = 0,
    /** Of them if possible. Since 0.9.9. */
    VIR_DOMAIN_NUMATUNE_MEM_PREFERRED = 1,
    /** Of each in turn. Since 0.9.9. */
    VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE = 2,
    /** Of no others, by the host's means alone. Since 7.3.0. */
    VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.9. */
    VIR_DOMAIN_NUMATUNE_MEM_LAST = 4,
#endif
} virDomainNumatuneMemMode;

/** How a domain ends. Since 3.9.0. */
typedef enum virDomainLifecycle {
    /** It switches itself off. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_POWEROFF = 0,
    /** It boots again. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_REBOOT = 1,
    /** It crashes. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_CRASH = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_LAST = 3,
#endif
} virDomainLifecycle;

/** What is to follow the end of a domain. Since 3.9.0. */
typedef enum virDomainLifecycleAction {
    /** Nothing. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_DESTROY = 0,
    /** It is started again. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_RESTART = 1,
    /** It is started again under another name. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_RESTART_RENAME = 2,
    /** It is left as it is. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE = 3,
    /** It is dumped. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_COREDUMP_DESTROY = 4,
    /** It is dumped and started again. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_COREDUMP_RESTART = 5,
    /** It is left running, where that can be. Since 12.6.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE_RUNNING = 6,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 3.9.0. */
    VIR_DOMAIN_LIFECYCLE_ACTION_LAST = 7,
#endif
} virDomainLifecycleAction;

/** The types of parameters of schedulers: an old name of virTypedParameterType. Since 0.2.3. */
typedef enum virSchedParameterType {
    /** VIR_TYPED_PARAM_INT. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_INT = 1,
    /** VIR_TYPED_PARAM_UINT. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_UINT = 2,
    /** VIR_TYPED_PARAM_LLONG. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_LLONG = 3,
    /** VIR_TYPED_PARAM_ULLONG. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_ULLONG = 4,
    /** VIR_TYPED_PARAM_DOUBLE. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_DOUBLE = 5,
    /** VIR_TYPED_PARAM_BOOLEAN. Since 0.2.3. */
    VIR_DOMAIN_SCHED_FIELD_BOOLEAN = 6,
} virSchedParameterType;

/** The types of parameters of memory: an old name of virTypedParameterType. Since 0.8.5. */
typedef enum virMemoryParameterType {
    /** VIR_TYPED_PARAM_INT. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_INT = 1,
    /** VIR_TYPED_PARAM_UINT. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_UINT = 2,
    /** VIR_TYPED_PARAM_LLONG. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_LLONG = 3,
    /** VIR_TYPED_PARAM_ULLONG. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_ULLONG = 4,
    /** VIR_TYPED_PARAM_DOUBLE. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_DOUBLE = 5,
    /** VIR_TYPED_PARAM_BOOLEAN. Since 0.8.5. */
    VIR_DOMAIN_MEMORY_PARAM_BOOLEAN = 6,
} virMemoryParameterType;

/** What a CPU of a domain is doing. Since 0.1.4. */
typedef enum virVcpuState {
    /** It is off. Since 0.1.4. */
    VIR_VCPU_OFFLINE = 0,
    /** It runs, as those of a running domain are said to do. Since 0.1.4. */
    VIR_VCPU_RUNNING = 1,
    /** It waits. Since 0.1.4. */
    VIR_VCPU_BLOCKED = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_VCPU_LAST = 3,
#endif
} virVcpuState;

/** In the place of the number of a CPU of the machine. Since 6.10.0. */
typedef enum virVcpuHostCpuState {
    /** The domain's CPU is off. Since 6.10.0. */
    VIR_VCPU_INFO_CPU_OFFLINE = -1,
    /** It runs on none that is known. Since 6.10.0. */
    VIR_VCPU_INFO_CPU_UNAVAILABLE = -2,
} virVcpuHostCpuState;

/**
 * What virDomainMemoryStats tells of. What a guest would have to be asked for is not told. Since
 * 0.7.5.
 */
typedef enum virDomainMemoryStatTags {
    /** What was read from swap, in KiB: 0. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_SWAP_IN = 0,
    /** What was written to swap, in KiB: 0. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_SWAP_OUT = 1,
    /** How often memory was missing that had to be read: 0. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT = 2,
    /** How often other memory was missing: 0. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT = 3,
    /** Memory that the guest does not use, in KiB; it is not told. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_UNUSED = 4,
    /** Memory as the guest sees it, in KiB; it is not told. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_AVAILABLE = 5,
    /** The memory that the domain is described to have, in KiB. Since 0.9.3. */
    VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON = 6,
    /** Memory of the machine that it takes, in KiB: 0. Since 0.9.10. */
    VIR_DOMAIN_MEMORY_STAT_RSS = 7,
    /** Memory that the guest could give away, in KiB; it is not told. Since 2.1.0. */
    VIR_DOMAIN_MEMORY_STAT_USABLE = 8,
    /** When the guest was asked, in seconds; it is not told. Since 2.1.0. */
    VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE = 9,
    /** Memory in which the guest keeps files, in KiB; it is not told. Since 4.6.0. */
    VIR_DOMAIN_MEMORY_STAT_DISK_CACHES = 10,
    /** How often the guest has got a large page; it is not told. Since 5.4.0. */
    VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGALLOC = 11,
    /** How often it has not; it is not told. Since 5.4.0. */
    VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGFAIL = 12,
    /** How many there are. Since 0.7.5. */
    VIR_DOMAIN_MEMORY_STAT_NR = 13,
} virDomainMemoryStatTags;

/** Whether a domain can be controlled. Since 0.9.3. */
typedef enum virDomainControlState {
    /** Yes. Since 0.9.3. */
    VIR_DOMAIN_CONTROL_OK = 0,
    /** A job is in the way. Since 0.9.3. */
    VIR_DOMAIN_CONTROL_JOB = 1,
    /** A command is in the way. Since 0.9.3. */
    VIR_DOMAIN_CONTROL_OCCUPIED = 2,
    /** No. Since 0.9.3. */
    VIR_DOMAIN_CONTROL_ERROR = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 0.9.10. */
    VIR_DOMAIN_CONTROL_LAST = 4,
#endif
} virDomainControlState;

/** Why it cannot. Since 1.2.14. */
typedef enum virDomainControlErrorReason {
    /** Nothing is said. Since 1.2.14. */
    VIR_DOMAIN_CONTROL_ERROR_REASON_NONE = 0,
    /** Nothing is known. Since 1.2.14. */
    VIR_DOMAIN_CONTROL_ERROR_REASON_UNKNOWN = 1,
    /** The connection to the hypervisor has broken. Since 1.2.14. */
    VIR_DOMAIN_CONTROL_ERROR_REASON_MONITOR = 2,
    /** A fault in the library. Since 1.2.14. */
    VIR_DOMAIN_CONTROL_ERROR_REASON_INTERNAL = 3,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.2.14. */
    VIR_DOMAIN_CONTROL_ERROR_REASON_LAST = 4,
#endif
} virDomainControlErrorReason;

/** How virDomainSetTime sets the time. Since 1.2.5. */
typedef enum virDomainSetTimeFlags {
    /** As the domain's clock has it. Since 1.2.5. */
    VIR_DOMAIN_TIME_SYNC = (1 << 0),
} virDomainSetTimeFlags;

/** Who is asked for a guest's name. Since 6.1.0. */
typedef enum virDomainGetHostnameFlags {
    /** Who gives addresses away; it is not asked. Since 6.1.0. */
    VIR_DOMAIN_GET_HOSTNAME_LEASE = (1 << 0),
    /** An agent in the guest; it is not asked. Since 6.1.0. */
    VIR_DOMAIN_GET_HOSTNAME_AGENT = (1 << 1),
} virDomainGetHostnameFlags;

/** The types of parameters of devices: an old name of virTypedParameterType. Since 0.9.0. */
typedef enum virBlkioParameterType {
    /** VIR_TYPED_PARAM_INT. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_INT = 1,
    /** VIR_TYPED_PARAM_UINT. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_UINT = 2,
    /** VIR_TYPED_PARAM_LLONG. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_LLONG = 3,
    /** VIR_TYPED_PARAM_ULLONG. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_ULLONG = 4,
    /** VIR_TYPED_PARAM_DOUBLE. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_DOUBLE = 5,
    /** VIR_TYPED_PARAM_BOOLEAN. Since 0.9.0. */
    VIR_DOMAIN_BLKIO_PARAM_BOOLEAN = 6,
} virBlkioParameterType;

/** The kind of an address. Since 1.2.6. */
typedef enum virIPAddrType {
    /** IPv4. Since 1.2.6. */
    VIR_IP_ADDR_TYPE_IPV4 = 0,
    /** IPv6. Since 1.2.6. */
    VIR_IP_ADDR_TYPE_IPV6 = 1,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.2.6. */
    VIR_IP_ADDR_TYPE_LAST = 2,
#endif
} virIPAddrType;

/** Where addresses are looked for. Since 1.2.14. */
typedef enum virDomainInterfaceAddressesSource {
    /** With who gives them away. Since 1.2.14. */
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE = 0,
    /** With an agent in the guest. Since 1.2.14. */
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT = 1,
    /** In the machine's table of neighbours. Since 4.2.0. */
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP = 2,
#if defined(VIR_ENUM_SENTINELS)
    /** One past the last value. Since 1.2.14. */
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LAST = 3,
#endif
} virDomainInterfaceAddressesSource;

/** State of a domain, and what its definition says. Since 0.0.3. */
struct _virDomainInfo {
    /** What it is doing, a virDomainState. */
    unsigned char state;
    /** KiB of memory at most. */
    unsigned long maxMem;
    /** KiB of memory. */
    unsigned long memory;
    /** How many CPUs. */
    unsigned short nrVirtCpu;
    /** Always 0: nothing is executed here. */
    unsigned long long cpuTime;
};

/** State of a domain, and what its definition says. */
typedef struct _virDomainInfo virDomainInfo;

/** Points at the state of a domain. */
typedef virDomainInfo *virDomainInfoPtr;

/** How large a disk is. Since 0.8.1. */
struct _virDomainBlockInfo {
    /** Bytes that a guest sees. */
    unsigned long long capacity;
    /** Bytes that the image takes on the medium. */
    unsigned long long allocation;
    /** Bytes from the first to the last of the image. */
    unsigned long long physical;
};

/** How large a disk is. */
typedef struct _virDomainBlockInfo virDomainBlockInfo;

/** Points at how large a disk is. */
typedef virDomainBlockInfo *virDomainBlockInfoPtr;

/** What guests have done with a disk. Since 0.3.2. */
struct _virDomainBlockStats {
    /** How often something was read. */
    long long rd_req;
    /** How many bytes were read. */
    long long rd_bytes;
    /** How often something was written. */
    long long wr_req;
    /** How many bytes were written. */
    long long wr_bytes;
    /** How often something has failed: -1, because that is not counted, but 0 for test:///. */
    long long errs;
};

/** What guests have done with a disk. */
typedef struct _virDomainBlockStats virDomainBlockStatsStruct;

/** Points at what guests have done with a disk. */
typedef virDomainBlockStatsStruct *virDomainBlockStatsPtr;

/** A disk, and what has gone wrong with it. Since 0.9.10. */
struct _virDomainDiskError {
    /** The target of the disk. */
    char *disk;
    /** A virDomainDiskErrorCode. */
    int error;
};

/** A disk, and what has gone wrong with it. */
typedef struct _virDomainDiskError virDomainDiskError;

/** Points at a disk with what has gone wrong with it. */
typedef virDomainDiskError *virDomainDiskErrorPtr;

/** A position in a block job. Since 0.9.4. */
typedef unsigned long long virDomainBlockJobCursor;

/** How far a block job is. Since 0.9.4. */
struct _virDomainBlockJobInfo {
    /** A virDomainBlockJobType. */
    int type;
    /** The limit in MiB or bytes a second, as the flags say; 0 if there is none. */
    unsigned long bandwidth;
    /** How much is done. Equal to @end only in a job that is ready. */
    virDomainBlockJobCursor cur;
    /** How much there is to do. */
    virDomainBlockJobCursor end;
};

/** How far a block job is. */
typedef struct _virDomainBlockJobInfo virDomainBlockJobInfo;

/** Points at how far a block job is. */
typedef virDomainBlockJobInfo *virDomainBlockJobInfoPtr;

/** How far a job is. Times are in milliseconds, sizes in bytes; 0 is also what is not known. Since 0.7.7. */
struct _virDomainJobInfo {
    /** A virDomainJobType. */
    int type;
    /** How long it has been at work. */
    unsigned long long timeElapsed;
    /** How long it will be. */
    unsigned long long timeRemaining;
    /** How much there is to do. */
    unsigned long long dataTotal;
    /** How much is done. */
    unsigned long long dataProcessed;
    /** How much is left. */
    unsigned long long dataRemaining;
    /** The same of memory. */
    unsigned long long memTotal;
    /** How much of it is done. */
    unsigned long long memProcessed;
    /** How much of it is left. */
    unsigned long long memRemaining;
    /** The same of files. */
    unsigned long long fileTotal;
    /** How much of them is done. */
    unsigned long long fileProcessed;
    /** How much of them is left. */
    unsigned long long fileRemaining;
};

/** How far a job is. */
typedef struct _virDomainJobInfo virDomainJobInfo;

/** Points at how far a job is. */
typedef virDomainJobInfo *virDomainJobInfoPtr;

/**
 * The callback for VIR_DOMAIN_EVENT_ID_LIFECYCLE: `event` is a virDomainEventType, `detail` of
 * the type that belongs to it. What it returns is ignored. `dom` is only valid during the
 * call, as for all.
 */
typedef int (*virConnectDomainEventCallback)(virConnectPtr conn,
                                             virDomainPtr dom,
                                             int event,
                                             int detail,
                                             void *opaque);

/**
 * Any callback for domain events: VIR_DOMAIN_EVENT_CALLBACK casts to it. It is also the type
 * of the callback for events that tell nothing more.
 */
typedef void (*virConnectDomainEventGenericCallback)(virConnectPtr conn,
                                                     virDomainPtr dom,
                                                     void *opaque);

/** What is told of one domain. Since 1.2.8. */
struct _virDomainStatsRecord {
    /** The domain. */
    virDomainPtr dom;
    /** Typed parameters. */
    virTypedParameterPtr params;
    /** How many. */
    int nparams;
};

/** What is told of one domain. */
typedef struct _virDomainStatsRecord virDomainStatsRecord;

/** Points at what is told of one domain. */
typedef virDomainStatsRecord *virDomainStatsRecordPtr;

/** A CPU of a domain. Since 0.1.4. */
struct _virVcpuInfo {
    /** Its number. */
    unsigned int number;
    /** A virVcpuState. */
    int state;
    /** For how long it has run, in nanoseconds: 0. */
    unsigned long long cpuTime;
    /** The number of the CPU of the machine that it runs on, or a virVcpuHostCpuState. */
    int cpu;
};

/** A CPU of a domain. */
typedef struct _virVcpuInfo virVcpuInfo;

/** Points at a CPU of a domain. */
typedef virVcpuInfo *virVcpuInfoPtr;

/** One number of a domain's memory. Since 0.7.5. */
struct _virDomainMemoryStat {
    /** A virDomainMemoryStatTags. */
    int tag;
    /** The number. */
    unsigned long long val;
};

/** One number of a domain's memory. */
typedef struct _virDomainMemoryStat virDomainMemoryStatStruct;

/** Points at a number of a domain's memory. */
typedef virDomainMemoryStatStruct *virDomainMemoryStatPtr;

/** Whether a domain can be controlled. Since 0.9.3. */
struct _virDomainControlInfo {
    /** A virDomainControlState. */
    unsigned int state;
    /** A virDomainControlErrorReason. */
    unsigned int details;
    /** For how long, in milliseconds; 0 if it can be controlled. */
    unsigned long long stateTime;
};

/** Whether a domain can be controlled. */
typedef struct _virDomainControlInfo virDomainControlInfo;

/** Points at whether a domain can be controlled. */
typedef virDomainControlInfo *virDomainControlInfoPtr;

/** What has passed an interface: zeros. Since 0.3.2. */
struct _virDomainInterfaceStats {
    /** Bytes that have come in. */
    long long rx_bytes;
    /** Packets that have come in. */
    long long rx_packets;
    /** Packets that could not be taken. */
    long long rx_errs;
    /** Packets that were dropped on their way in. */
    long long rx_drop;
    /** Bytes that have gone out. */
    long long tx_bytes;
    /** Packets that have gone out. */
    long long tx_packets;
    /** Packets that could not be sent. */
    long long tx_errs;
    /** Packets that were dropped on their way out. */
    long long tx_drop;
};

/** What has passed an interface. */
typedef struct _virDomainInterfaceStats virDomainInterfaceStatsStruct;

/** Points at what has passed an interface. */
typedef virDomainInterfaceStatsStruct *virDomainInterfaceStatsPtr;

/** An address of an interface. Since 1.2.14. */
struct _virDomainInterfaceIPAddress {
    /** A virIPAddrType. */
    int type;
    /** The address. */
    char *addr;
    /** How many bits of it are the network's. */
    unsigned int prefix;
};

/** An address of an interface. */
typedef struct _virDomainInterfaceIPAddress virDomainIPAddress;

/** Points at an address of an interface. */
typedef virDomainIPAddress *virDomainIPAddressPtr;

/** An interface with its addresses. Since 1.2.14. */
struct _virDomainInterface {
    /** What it is called on the machine; its hardware address if it has no name there. */
    char *name;
    /** Its hardware address; NULL if none is defined. */
    char *hwaddr;
    /** How many addresses there are: none is known. */
    unsigned int naddrs;
    /** An array of them. */
    virDomainIPAddressPtr addrs;
};

/** An interface with its addresses. */
typedef struct _virDomainInterface virDomainInterface;

/** Points at an interface with its addresses. */
typedef virDomainInterface *virDomainInterfacePtr;

/** Where somebody is. Since 0.8.0. */
struct _virDomainEventGraphicsAddress {
    /** What kind of address, a virDomainEventGraphicsAddressType. */
    int family;
    /** The host, or the path of a socket. */
    char *node;
    /** The port, or NULL. */
    char *service;
};

/** One of the names of somebody. Since 0.8.0. */
struct _virDomainEventGraphicsSubjectIdentity {
    /** The kind of name. */
    char *type;
    /** The name. */
    char *name;
};

/** One of the names of somebody. */
typedef struct _virDomainEventGraphicsSubjectIdentity virDomainEventGraphicsSubjectIdentity;

/** Points at one of the names of somebody. */
typedef virDomainEventGraphicsSubjectIdentity *virDomainEventGraphicsSubjectIdentityPtr;

/** Who somebody is. Since 0.8.0. */
struct _virDomainEventGraphicsSubject {
    /** How many names. */
    int nidentity;
    /** The names. */
    virDomainEventGraphicsSubjectIdentityPtr identities;
};

/** Where somebody is. */
typedef struct _virDomainEventGraphicsAddress virDomainEventGraphicsAddress;

/** Points at where somebody is. */
typedef virDomainEventGraphicsAddress *virDomainEventGraphicsAddressPtr;

/** Who somebody is. */
typedef struct _virDomainEventGraphicsSubject virDomainEventGraphicsSubject;

/** Points at who somebody is. */
typedef virDomainEventGraphicsSubject *virDomainEventGraphicsSubjectPtr;

/**
 * The callback for VIR_DOMAIN_EVENT_ID_RTC_CHANGE: the new difference from UTC, in seconds.
 * Not called by this library.
 */
typedef void (*virConnectDomainEventRTCChangeCallback)(virConnectPtr conn,
                                                       virDomainPtr dom,
                                                       long long utcoffset,
                                                       void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_WATCHDOG: a virDomainEventWatchdogAction. Not called by
 * this library.
 */
typedef void (*virConnectDomainEventWatchdogCallback)(virConnectPtr conn,
                                                      virDomainPtr dom,
                                                      int action,
                                                      void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_IO_ERROR: the path and the alias of the disk, and a
 * virDomainEventIOErrorAction.
 */
typedef void (*virConnectDomainEventIOErrorCallback)(virConnectPtr conn,
                                                     virDomainPtr dom,
                                                     const char *srcPath,
                                                     const char *devAlias,
                                                     int action,
                                                     void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON: the same, and "enospc" where there was
 * no space left.
 */
typedef void (*virConnectDomainEventIOErrorReasonCallback)(virConnectPtr conn,
                                                           virDomainPtr dom,
                                                           const char *srcPath,
                                                           const char *devAlias,
                                                           int action,
                                                           const char *reason,
                                                           void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_GRAPHICS: a virDomainEventGraphicsPhase, and who. Not
 * called by this library.
 */
typedef void (*virConnectDomainEventGraphicsCallback)(virConnectPtr conn,
                                                      virDomainPtr dom,
                                                      int phase,
                                                      const virDomainEventGraphicsAddress *local,
                                                      const virDomainEventGraphicsAddress *remote,
                                                      const char *authScheme,
                                                      const virDomainEventGraphicsSubject *subject,
                                                      void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_BLOCK_JOB and VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2: the path
 * or the target of the disk, a virDomainBlockJobType and a
 * virConnectDomainEventBlockJobStatus.
 */
typedef void (*virConnectDomainEventBlockJobCallback)(virConnectPtr conn,
                                                      virDomainPtr dom,
                                                      const char *disk,
                                                      int type,
                                                      int status,
                                                      void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_DISK_CHANGE: the paths before and after, the alias of
 * the disk, and a virConnectDomainEventDiskChangeReason. Not called by this library.
 */
typedef void (*virConnectDomainEventDiskChangeCallback)(virConnectPtr conn,
                                                        virDomainPtr dom,
                                                        const char *oldSrcPath,
                                                        const char *newSrcPath,
                                                        const char *devAlias,
                                                        int reason,
                                                        void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_TRAY_CHANGE: the alias of the disk, and a
 * virDomainEventTrayChangeReason. Not called by this library.
 */
typedef void (*virConnectDomainEventTrayChangeCallback)(virConnectPtr conn,
                                                        virDomainPtr dom,
                                                        const char *devAlias,
                                                        int reason,
                                                        void *opaque);

/** The callback for VIR_DOMAIN_EVENT_ID_PMWAKEUP: `reason` is 0. Not called by this library. */
typedef void (*virConnectDomainEventPMWakeupCallback)(virConnectPtr conn,
                                                      virDomainPtr dom,
                                                      int reason,
                                                      void *opaque);

/** The callback for VIR_DOMAIN_EVENT_ID_PMSUSPEND: `reason` is 0. Not called by this library. */
typedef void (*virConnectDomainEventPMSuspendCallback)(virConnectPtr conn,
                                                       virDomainPtr dom,
                                                       int reason,
                                                       void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK: `reason` is 0. Not called by this
 * library.
 */
typedef void (*virConnectDomainEventPMSuspendDiskCallback)(virConnectPtr conn,
                                                           virDomainPtr dom,
                                                           int reason,
                                                           void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE: the memory in KiB. Not called by this
 * library.
 */
typedef void (*virConnectDomainEventBalloonChangeCallback)(virConnectPtr conn,
                                                           virDomainPtr dom,
                                                           unsigned long long actual,
                                                           void *opaque);

/** The callback for VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED: the alias of the device. */
typedef void (*virConnectDomainEventDeviceRemovedCallback)(virConnectPtr conn,
                                                           virDomainPtr dom,
                                                           const char *devAlias,
                                                           void *opaque);

/** The callback for VIR_DOMAIN_EVENT_ID_DEVICE_ADDED: the alias of the device. */
typedef void (*virConnectDomainEventDeviceAddedCallback)(virConnectPtr conn,
                                                         virDomainPtr dom,
                                                         const char *devAlias,
                                                         void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED: the alias of the device. Not
 * called by this library.
 */
typedef void (*virConnectDomainEventDeviceRemovalFailedCallback)(virConnectPtr conn,
                                                                 virDomainPtr dom,
                                                                 const char *devAlias,
                                                                 void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_METADATA_CHANGE: a virDomainMetadataType, and the
 * namespace of an element or NULL.
 */
typedef void (*virConnectDomainEventMetadataChangeCallback)(virConnectPtr conn,
                                                            virDomainPtr dom,
                                                            int type,
                                                            const char *nsuri,
                                                            void *opaque);

/** The callback for VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION. Not called by this library. */
typedef void (*virConnectDomainEventMigrationIterationCallback)(virConnectPtr conn,
                                                                virDomainPtr dom,
                                                                int iteration,
                                                                void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_JOB_COMPLETED: what is told, which stays the library's.
 * Not called by this library.
 */
typedef void (*virConnectDomainEventJobCompletedCallback)(virConnectPtr conn,
                                                          virDomainPtr dom,
                                                          virTypedParameterPtr params,
                                                          int nparams,
                                                          void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_TUNABLE: what has changed in a running domain, VIR_DOMAIN_TUNABLE_*,
 * which stays the library's. It is called after virDomainSetBlockIoTune, with the disk and then the
 * parameters in the order in which they were given.
 */
typedef void (*virConnectDomainEventTunableCallback)(virConnectPtr conn,
                                                     virDomainPtr dom,
                                                     virTypedParameterPtr params,
                                                     int nparams,
                                                     void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE: a
 * virConnectDomainEventAgentLifecycleState and a virConnectDomainEventAgentLifecycleReason.
 * Not called by this library.
 */
typedef void (*virConnectDomainEventAgentLifecycleCallback)(virConnectPtr conn,
                                                            virDomainPtr dom,
                                                            int state,
                                                            int reason,
                                                            void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD: the target and the path of the disk
 * (NULL if it is behind a network), the threshold, and how far it was exceeded, in bytes.
 */
typedef void (*virConnectDomainEventBlockThresholdCallback)(virConnectPtr conn,
                                                            virDomainPtr dom,
                                                            const char *dev,
                                                            const char *path,
                                                            unsigned long long threshold,
                                                            unsigned long long excess,
                                                            void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE: a virDomainMemoryFailureRecipientType,
 * a virDomainMemoryFailureActionType and virDomainMemoryFailureFlags. Not called by this
 * library.
 */
typedef void (*virConnectDomainEventMemoryFailureCallback)(virConnectPtr conn,
                                                           virDomainPtr dom,
                                                           int recipient,
                                                           int action,
                                                           unsigned int flags,
                                                           void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE: the alias of the device, and
 * its size in KiB. Not called by this library.
 */
typedef void (*virConnectDomainEventMemoryDeviceSizeChangeCallback)(virConnectPtr conn,
                                                                    virDomainPtr dom,
                                                                    const char *alias,
                                                                    unsigned long long size,
                                                                    void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_NIC_MAC_CHANGE: the alias of the network interface, and its
 * addresses before and now. Not called by this library.
 */
typedef void (*virConnectDomainEventNICMACChangeCallback)(virConnectPtr conn,
                                                          virDomainPtr dom,
                                                          const char *alias,
                                                          const char *oldMAC,
                                                          const char *newMAC,
                                                          void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_VCPU_REMOVED: the number of the CPU. Not called by this
 * library.
 */
typedef void (*virConnectDomainEventVcpuRemovedCallback)(virConnectPtr conn,
                                                         virDomainPtr dom,
                                                         unsigned int vcpuid,
                                                         void *opaque);

/**
 * The callback for VIR_DOMAIN_EVENT_ID_CHANNEL_LIFECYCLE: the name of the channel, a
 * virConnectDomainEventChannelLifecycleState and a virConnectDomainEventChannelLifecycleReason. Not
 * called by this library.
 */
typedef void (*virConnectDomainEventChannelLifecycleCallback)(virConnectPtr conn,
                                                              virDomainPtr dom,
                                                              const char *channelName,
                                                              int state,
                                                              int reason,
                                                              void *opaque);

/** An old name of virTypedParameter. Since 0.2.3. */
typedef virTypedParameter virSchedParameter;

/** An old name of virTypedParameterPtr. Since 0.2.3. */
typedef virSchedParameter *virSchedParameterPtr;

/** An old name of virTypedParameter. Since 0.8.5. */
typedef virTypedParameter virMemoryParameter;

/** An old name of virTypedParameterPtr. Since 0.8.5. */
typedef virMemoryParameter *virMemoryParameterPtr;

/** An old name of virTypedParameter. Since 0.9.0. */
typedef virTypedParameter virBlkioParameter;

/** An old name of virTypedParameterPtr. Since 0.9.0. */
typedef virBlkioParameter *virBlkioParameterPtr;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Lists the domains of a connection.
 *
 * @conn: the connection
 * @domains: where to store a list of domains with NULL behind the last: the caller releases each
 * domain with virDomainFree, then the list with free; NULL to count only
 * @flags: virConnectListAllDomainsFlags. Bits of one group ({ACTIVE, INACTIVE}, {PERSISTENT,
 * TRANSIENT}, {RUNNING, PAUSED, SHUTOFF, OTHER}, {MANAGEDSAVE, NO_MANAGEDSAVE}, {AUTOSTART,
 * NO_AUTOSTART}, {HAS_SNAPSHOT, NO_SNAPSHOT}, {HAS_CHECKPOINT, NO_CHECKPOINT}) are alternatives; a
 * group without bits does not filter
 *
 * Return Value: how many domains there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.9.13.
 */
int virConnectListAllDomains(virConnectPtr conn,
                             virDomainPtr **domains,
                             unsigned int flags);

/**
 * Counts the active domains.
 *
 * @conn: the connection
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.0.3.
 */
int virConnectNumOfDomains(virConnectPtr conn);

/**
 * Counts the inactive domains.
 *
 * @conn: the connection
 *
 * Return Value: their number, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN.
 *
 * Since 0.1.5.
 */
int virConnectNumOfDefinedDomains(virConnectPtr conn);

/**
 * Lists the numbers of active domains.
 *
 * @conn: the connection
 * @ids: an array for the numbers
 * @maxids: how many the array holds
 *
 * Return Value: how many numbers were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @ids is NULL or @maxids negative.
 *
 * Since 0.0.3.
 */
int virConnectListDomains(virConnectPtr conn,
                          int *ids,
                          int maxids);

/**
 * Lists the names of inactive domains.
 *
 * @conn: the connection
 * @names: an array for the names, each of which the caller frees
 * @maxnames: how many the array holds
 *
 * Return Value: how many names were stored, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @names is NULL or @maxnames negative.
 *
 * Since 0.1.1.
 */
int virConnectListDefinedDomains(virConnectPtr conn,
                                 char **names,
                                 int maxnames);

/**
 * Finds a domain by its name.
 *
 * @conn: the connection
 * @name: the name
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @name is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
virDomainPtr virDomainLookupByName(virConnectPtr conn,
                                   const char *name);

/**
 * Finds an active domain by its number.
 *
 * @conn: the connection
 * @id: the number
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @id is negative; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
virDomainPtr virDomainLookupByID(virConnectPtr conn,
                                 int id);

/**
 * Finds a domain by its UUID.
 *
 * @conn: the connection
 * @uuid: the UUID, VIR_UUID_BUFLEN bytes
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuid is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.5.
 */
virDomainPtr virDomainLookupByUUID(virConnectPtr conn,
                                   const unsigned char *uuid);

/**
 * Finds a domain by its UUID as a string.
 *
 * @conn: the connection
 * @uuidstr: the UUID
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @uuidstr is NULL or no UUID;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.1.1.
 */
virDomainPtr virDomainLookupByUUIDString(virConnectPtr conn,
                                         const char *uuidstr);

/**
 * Adds a reference to a domain: it takes one more virDomainFree to release it.
 *
 * @domain: the domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN.
 *
 * Since 0.6.0.
 */
int virDomainRef(virDomainPtr domain);

/**
 * Releases a reference to a domain. The domain itself stays what it is.
 *
 * @domain: the domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN.
 *
 * Since 0.0.3.
 */
int virDomainFree(virDomainPtr domain);

/**
 * Returns a domain's connection.
 *
 * @dom: the domain
 *
 * Return Value: the connection, without a reference of its own: it is valid while the domain is.
 * Or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN.
 *
 * Since 0.3.0.
 */
virConnectPtr virDomainGetConnect(virDomainPtr dom);

/**
 * Returns a domain's name.
 *
 * @domain: the domain
 *
 * Return Value: the name, which is valid while the domain is, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN.
 *
 * Since 0.0.3.
 */
const char *virDomainGetName(virDomainPtr domain);

/**
 * Tells a domain's number, which it has while it is active.
 *
 * @domain: the domain
 *
 * Return Value: the number, or -1 as an unsigned number, also for an inactive domain: then there
 * is no error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN.
 *
 * Since 0.0.3.
 */
unsigned int virDomainGetID(virDomainPtr domain);

/**
 * Tells a domain's UUID.
 *
 * @domain: the domain
 * @uuid: where to store VIR_UUID_BUFLEN bytes
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @uuid is NULL.
 *
 * Since 0.0.5.
 */
int virDomainGetUUID(virDomainPtr domain, unsigned char *uuid);

/**
 * Tells a domain's UUID as a string.
 *
 * @domain: the domain
 * @buf: where to store VIR_UUID_STRING_BUFLEN bytes
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @buf is NULL.
 *
 * Since 0.1.1.
 */
int virDomainGetUUIDString(virDomainPtr domain, char *buf);

/**
 * Tells the type of system that a domain is defined for.
 *
 * @domain: the domain
 *
 * Return Value: the type, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
char *virDomainGetOSType(virDomainPtr domain);

/**
 * Tells how much memory a domain is defined to have at most.
 *
 * @domain: the domain
 *
 * Return Value: KiB, or 0.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
unsigned long virDomainGetMaxMemory(virDomainPtr domain);

/**
 * Tells the state of a domain, and what its definition says of memory and CPUs.
 *
 * @domain: the domain
 * @info: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
int virDomainGetInfo(virDomainPtr domain,
                     virDomainInfoPtr info);

/**
 * Tells the state of a domain, and why it is in it.
 *
 * @domain: the domain
 * @state: where to store a virDomainState
 * @reason: where to store a reason of the type that belongs to the state; NULL if it is not wanted
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @state is NULL or for flags;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.2.
 */
int virDomainGetState(virDomainPtr domain,
                      int *state,
                      int *reason,
                      unsigned int flags);

/**
 * Describes a domain. While it runs, and its disks are served, each `disk` has an element `export`
 * of the namespace `urn:virsparse:domain:1` whose attribute `uri` tells where.
 *
 * @domain: the domain
 * @flags: virDomainXMLFlags
 *
 * Return Value: XML that the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_DENIED
 * for VIR_DOMAIN_XML_SECURE and VIR_DOMAIN_XML_MIGRATABLE on a read-only connection;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
char *virDomainGetXMLDesc(virDomainPtr domain,
                          unsigned int flags);

/**
 * Tells whether a domain is active: running or paused.
 *
 * @dom: the domain
 *
 * Return Value: 1 or 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.7.3.
 */
int virDomainIsActive(virDomainPtr dom);

/**
 * Tells whether a domain is still known when it has stopped.
 *
 * @dom: the domain
 *
 * Return Value: 1 or 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.7.3.
 */
int virDomainIsPersistent(virDomainPtr dom);

/**
 * Tells whether the definition of an active domain has been changed since it was started.
 *
 * @dom: the domain
 *
 * Return Value: 1 or 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.8.6.
 */
int virDomainIsUpdated(virDomainPtr dom);

/**
 * Tells whether a domain is marked to start by itself. Domains that are held by processes of their own
 * (sparse:///session, sparse:///system, and ?hold=process) do so when the first connection is opened after the
 * start of the machine that is not read-only; virsparse-autostart.service opens one. Elsewhere the mark is
 * only kept.
 *
 * @domain: the domain
 * @autostart: where to store 1 or 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @autostart is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.2.1.
 */
int virDomainGetAutostart(virDomainPtr domain,
                          int *autostart);

/**
 * Tells whether a domain is marked to start by itself the next time, as virDomainGetAutostart describes it, and
 * not again.
 *
 * @domain: the domain
 * @autostart: where to store 1 or 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @autostart is NULL; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_NO_SUPPORT on test:///.
 *
 * Since 11.2.0.
 */
int virDomainGetAutostartOnce(virDomainPtr domain,
                              int *autostart);

/**
 * Defines a persistent domain, or defines one anew. It is not started.
 *
 * @conn: the connection
 * @xml: the description. Of what it says name, UUID, memory, CPUs, the type of system and the
 * disks are used; everything else is kept as it is
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
 * read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
 * VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
 * VIR_ERR_OPERATION_FAILED if name or UUID are another domain's; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.1.
 */
virDomainPtr virDomainDefineXML(virConnectPtr conn,
                                const char *xml);

/**
 * Defines a persistent domain, or defines one anew. It is not started.
 *
 * @conn: the connection
 * @xml: the description, as for virDomainDefineXML
 * @flags: virDomainDefineFlags. With VALIDATE elements and attributes that are not known are refused:
 * in what is used here all, elsewhere those that libvirt does not have at the top
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: as virDomainDefineXML; VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_XML_INVALID_SCHEMA
 * with VALIDATE.
 *
 * Since 1.2.12.
 */
virDomainPtr virDomainDefineXMLFlags(virConnectPtr conn,
                                     const char *xml,
                                     unsigned int flags);

/**
 * Starts a domain that is forgotten when it is stopped, unless it is persistent already.
 *
 * Starting opens and locks the images of all disks, and exports each disk through a unix socket:
 * virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
 * process, until it is stopped or the process ends.
 *
 * @conn: the connection
 * @xmlDesc: the description, as for virDomainDefineXML
 * @flags: virDomainCreateFlags, VALIDATE as for virDomainDefineXMLFlags; BYPASS_CACHE, FORCE_BOOT and
 * RESET_NVRAM make no difference
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: as virDomainDefineXML and virDomainCreate; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.5.0.
 */
virDomainPtr virDomainCreateXML(virConnectPtr conn,
                                const char *xmlDesc,
                                unsigned int flags);

/**
 * Starts a domain: the name that virDomainCreateXML had before 0.5.0.
 *
 * @conn: the connection
 * @xmlDesc: the description, as for virDomainDefineXML
 * @flags: virDomainCreateFlags
 *
 * Return Value: the domain, to be released with virDomainFree, or NULL.
 *
 * Errors: as virDomainCreateXML.
 *
 * Since 0.0.3.
 */
virDomainPtr virDomainCreateLinux(virConnectPtr conn,
                                  const char *xmlDesc,
                                  unsigned int flags);

/**
 * Starts a domain.
 *
 * Starting opens and locks the images of all disks, and exports each disk through a unix socket:
 * virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
 * process, until it is stopped or the process ends.
 *
 * @domain: an inactive persistent domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is active; VIR_ERR_CONFIG_UNSUPPORTED for a disk that
 * cannot be served; VIR_ERR_SYSTEM_ERROR if an image cannot be opened or is in use, or its socket
 * cannot be made; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.1.1.
 */
int virDomainCreate(virDomainPtr domain);

/**
 * Starts a domain.
 *
 * Starting opens and locks the images of all disks, and exports each disk through a unix socket:
 * virSparseDomainGetDiskURI. If one cannot be opened, nothing is started. The domain runs in this
 * process, until it is stopped or the process ends.
 *
 * @domain: an inactive persistent domain
 * @flags: virDomainCreateFlags, but VALIDATE; BYPASS_CACHE, FORCE_BOOT and RESET_NVRAM make no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainCreate; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_OPERATION_UNSUPPORTED.
 *
 * Since 0.8.2.
 */
int virDomainCreateWithFlags(virDomainPtr domain,
                             unsigned int flags);

/**
 * Forgets the definition of a domain. If the domain is active it goes on until it is stopped.
 *
 * @domain: a persistent domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.1.
 */
int virDomainUndefine(virDomainPtr domain);

/**
 * Forgets the definition of a domain. If the domain is active it goes on until it is stopped.
 *
 * @domain: a persistent domain
 * @flags: virDomainUndefineFlagsValues. There is nothing of what they name
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainUndefine; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.9.4.
 */
int virDomainUndefineFlags(virDomainPtr domain,
                           unsigned int flags);

/**
 * Stops a domain at once. Guests are cut off: what they have asked for and not been told to be
 * done may or may not be. What was written is brought to stable storage. A domain that is not
 * persistent is forgotten.
 *
 * @domain: an active domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR if what was written could not be brought to stable storage: the domain has
 * stopped all the same.
 *
 * Since 0.0.3.
 */
int virDomainDestroy(virDomainPtr domain);

/**
 * Stops a domain at once. Guests are cut off: what they have asked for and not been told to be
 * done may or may not be. What was written is brought to stable storage.
 *
 * @domain: an active domain
 * @flags: virDomainDestroyFlagsValues. With VIR_DOMAIN_DESTROY_GRACEFUL what guests have asked for
 * is done first
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainDestroy; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.9.4.
 */
int virDomainDestroyFlags(virDomainPtr domain,
                          unsigned int flags);

/**
 * Stops a domain when what its guests have asked for is done. When this returns it has stopped.
 * Guests that do not take their answers are waited for 10 seconds.
 *
 * @domain: a running domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is not running; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR if what was written could not be brought to stable storage: the domain has
 * stopped all the same.
 *
 * Since 0.0.3.
 */
int virDomainShutdown(virDomainPtr domain);

/**
 * Stops a domain when what its guests have asked for is done. When this returns it has stopped.
 * Guests that do not take their answers are waited for 10 seconds.
 *
 * @domain: a running domain
 * @flags: virDomainShutdownFlagValues. They make no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainShutdown; VIR_ERR_INVALID_ARG for unknown flags.
 *
 * Since 0.9.10.
 */
int virDomainShutdownFlags(virDomainPtr domain,
                           unsigned int flags);

/**
 * Asks a domain to begin anew. Nothing is executed that could, so that its disks stay as they are, and
 * served, whatever its definition says in `on_reboot`. A domain of `test:///` does what that says, as in
 * libvirt: it runs as after a start, or, where it says `destroy` or `preserve`, is shut off.
 *
 * @domain: an active domain
 * @flags: virDomainRebootFlagValues. They make no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for unknown flags; VIR_ERR_OPERATION_INVALID if the domain is inactive;
 * VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
 * not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.1.0.
 */
int virDomainReboot(virDomainPtr domain,
                    unsigned int flags);

/**
 * Pauses a domain: what its guests ask for waits until virDomainResume. When this returns nothing
 * is being done. A domain may be paused already.
 *
 * @domain: an active domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
int virDomainSuspend(virDomainPtr domain);

/**
 * Ends the pause of a domain.
 *
 * @domain: a paused domain
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is not paused; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.0.3.
 */
int virDomainResume(virDomainPtr domain);

/**
 * Marks a domain to start by itself, or not: virDomainGetAutostart.
 *
 * @domain: a persistent domain
 * @autostart: 0 for not
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.2.1.
 */
int virDomainSetAutostart(virDomainPtr domain,
                          int autostart);

/**
 * Marks a domain to start by itself the next time, and not again, or not to: virDomainGetAutostartOnce.
 *
 * @domain: a persistent domain
 * @autostart: 0 for not
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_OPERATION_INVALID if the domain is not persistent; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR; VIR_ERR_NO_SUPPORT on test:///.
 *
 * Since 11.2.0.
 */
int virDomainSetAutostartOnce(virDomainPtr domain,
                              int autostart);

/**
 * Gives an inactive domain another name. Everything else about it stays; handles keep the name
 * that they were made with, and are of the same domain.
 *
 * @dom: the domain, which must not have snapshots
 * @new_name: the name
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @new_name is NULL or empty, or for flags; VIR_ERR_OPERATION_INVALID if the
 * domain is active or has snapshots, or the name is its own or another domain's; VIR_ERR_XML_ERROR
 * or VIR_ERR_XML_DETAIL for what is no name; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 1.2.19.
 */
int virDomainRename(virDomainPtr dom,
                    const char *new_name,
                    unsigned int flags);

/**
 * Adds a device to a domain. A disk of an active domain is open and served when this returns, and
 * VIR_DOMAIN_EVENT_ID_DEVICE_ADDED is sent.
 *
 * @domain: the domain
 * @xml: the description: a `disk`, or for a definition any device
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
 * read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
 * VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_OPERATION_FAILED if
 * there is such a disk; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.9.
 */
int virDomainAttachDevice(virDomainPtr domain,
                          const char *xml);

/**
 * Adds a device to a domain. A disk of an active domain is open and served when this returns, and
 * VIR_DOMAIN_EVENT_ID_DEVICE_ADDED is sent.
 *
 * @domain: the domain
 * @xml: the description: a `disk`, or for a definition any device
 * @flags: virDomainDeviceModifyFlags without FORCE
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainAttachDevice; VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
 * persistent where its definition is.
 *
 * Since 0.7.7.
 */
int virDomainAttachDeviceFlags(virDomainPtr domain,
                               const char *xml,
                               unsigned int flags);

/**
 * Removes a disk from a domain. Guests that use it in an active domain are cut off, and
 * VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED is sent.
 *
 * @domain: the domain
 * @xml: the description: a `disk`, which is known by its target
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @xml is NULL; VIR_ERR_OPERATION_DENIED on a
 * read-only connection; VIR_ERR_XML_DETAIL, VIR_ERR_XML_ERROR, VIR_ERR_NO_NAME, VIR_ERR_NO_TARGET,
 * VIR_ERR_NO_SOURCE or VIR_ERR_CONFIG_UNSUPPORTED if @xml cannot be understood;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_UNSUPPORTED or
 * VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_FAILED if another process runs it
 * and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_DEVICE_MISSING;
 * VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.9.
 */
int virDomainDetachDevice(virDomainPtr domain,
                          const char *xml);

/**
 * Removes a device from a domain: a disk, or from a definition any. Guests that use a disk in an active
 * domain are cut off, and VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED is sent.
 *
 * @domain: the domain
 * @xml: the description: a `disk`, which is known by its target; an `interface`, which is known by its MAC
 * address; a `controller`, by its type and index; a `filesystem`, by its target; or another device, of
 * which everything is true that is said here
 * @flags: virDomainDeviceModifyFlags without FORCE
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainDetachDevice; VIR_ERR_OPERATION_UNSUPPORTED if another device than a disk is to be
 * removed from an active domain; VIR_ERR_OPERATION_FAILED if there are several interfaces of that address;
 * VIR_ERR_INVALID_ARG for unknown flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
 * persistent where its definition is.
 *
 * Since 0.7.7.
 */
int virDomainDetachDeviceFlags(virDomainPtr domain,
                               const char *xml,
                               unsigned int flags);

/**
 * Removes the device of an alias from a domain, as virDomainDetachDeviceFlags does.
 *
 * @domain: the domain
 * @alias: the name in the device's `<alias>`. Disks of an active domain have one in any case, of the
 * form `virtio-disk0`
 * @flags: virDomainDeviceModifyFlags without FORCE
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainDetachDeviceFlags, but for those of a description; VIR_ERR_INVALID_ARG if @alias is
 * NULL; VIR_ERR_DEVICE_MISSING if the domain has no such device.
 *
 * Since 4.4.0.
 */
int virDomainDetachDeviceAlias(virDomainPtr domain,
                               const char *alias,
                               unsigned int flags);

/**
 * Changes a disk. In a definition everything can be changed. In an active domain it is the medium
 * of a drive: of a `cdrom` or `floppy`.
 *
 * @domain: the domain
 * @xml: the description: a `disk`, which is known by its target
 * @flags: virDomainDeviceModifyFlags; no guest's will is asked, with FORCE or without
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainDetachDeviceFlags; VIR_ERR_OPERATION_UNSUPPORTED for what cannot be changed.
 *
 * Since 0.8.0.
 */
int virDomainUpdateDeviceFlags(virDomainPtr domain,
                               const char *xml,
                               unsigned int flags);

/**
 * Reads metadata of a domain.
 *
 * @domain: the domain
 * @type: which, a virDomainMetadataType
 * @uri: the namespace of an element; NULL for the others
 * @flags: virDomainModificationImpact, of which one
 *
 * Return Value: the text, or the element as XML without its namespace, which the caller frees; or
 * NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for an unknown @type or flags, or an @uri
 * that does not go with it; VIR_ERR_NO_DOMAIN_METADATA; VIR_ERR_OPERATION_INVALID if the domain is
 * not active where that is asked for, or not persistent where its definition is;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.10.
 */
char *virDomainGetMetadata(virDomainPtr domain,
                           int type,
                           const char *uri,
                           unsigned int flags);

/**
 * Sets metadata of a domain, or removes it. VIR_DOMAIN_EVENT_ID_METADATA_CHANGE is sent.
 *
 * @domain: the domain
 * @type: which, a virDomainMetadataType
 * @metadata: the text, or the element as XML, which is put into the namespace; NULL to remove it
 * @key: the prefix of an element; NULL for the others
 * @uri: the namespace of an element; NULL for the others
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for an unknown @type or flags, for @key and @uri that do not go with it, for
 * a title with a newline, or for an element of another namespace; VIR_ERR_XML_DETAIL if @metadata
 * cannot be understood; VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be
 * changed, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.10.
 */
int virDomainSetMetadata(virDomainPtr domain,
                         int type,
                         const char *metadata,
                         const char *key,
                         const char *uri,
                         unsigned int flags);

/**
 * Tells how large a disk is, also of an inactive domain.
 *
 * @domain: the domain
 * @disk: the target of the disk, or the path of its image
 * @info: where to store it
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @info is NULL, for flags, or if
 * there is no such disk or nothing in it; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.8.1.
 */
int virDomainGetBlockInfo(virDomainPtr domain,
                          const char *disk,
                          virDomainBlockInfoPtr info,
                          unsigned int flags);

/**
 * Tells what guests have done with a disk since the domain was started.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image; empty for the sum of all
 * @stats: where to store it
 * @size: how many bytes of it to store
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @stats is NULL, if there is no such
 * disk, or if @size is more than there is; VIR_ERR_OPERATION_INVALID if the domain is inactive;
 * VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
 * not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.3.2.
 */
int virDomainBlockStats(virDomainPtr dom,
                        const char *disk,
                        virDomainBlockStatsPtr stats,
                        size_t size);

/**
 * Tells what guests have done with a disk since the domain was started, as typed parameters:
 * VIR_DOMAIN_BLOCK_STATS_READ_BYTES and the others. Times are in nanoseconds.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image; empty for the sum of all
 * @params: an array for the parameters; NULL to count them
 * @nparams: how many the array holds, and how many were stored; if it was 0, how many there are
 * @flags: 0 or VIR_TYPED_PARAM_STRING_OKAY
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @nparams is NULL, *@nparams is
 * negative, @params is NULL and *@nparams is not 0, for unknown flags, or if there is no such disk;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another process
 * runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.5.
 */
int virDomainBlockStatsFlags(virDomainPtr dom,
                             const char *disk,
                             virTypedParameterPtr params,
                             int *nparams,
                             unsigned int flags);

/**
 * Reads from a disk what a guest would read, at any time, also while the domain is paused. The
 * format of the image must be raw.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @offset: where to begin, in bytes
 * @size: how much to read, in bytes: at most 4 MiB
 * @buffer: where to store it
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk or @buffer is NULL, for flags, if there is no such disk, or for what is
 * beyond its end; VIR_ERR_OPERATION_UNSUPPORTED for other formats; VIR_ERR_OPERATION_INVALID if the
 * domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.4.2.
 */
int virDomainBlockPeek(virDomainPtr dom,
                       const char *disk,
                       unsigned long long offset,
                       size_t size,
                       void *buffer,
                       unsigned int flags);

/**
 * Changes the size of a disk, rounded up to whole sectors. What is cut off is lost. Guests that
 * are connected to the disk see the new size when they connect again.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @size: the new size, in KiB
 * @flags: virDomainBlockResizeFlags: with BYTES @size is in bytes. With CAPACITY, for a raw disk on a
 * block device that has changed its size, @size is 0 or the size of the device; otherwise a device has
 * to be resized to the size that it has. With EXTEND the disk is not made smaller
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk;
 * VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_UNSUPPORTED
 * if the disk is read-only or has no medium; VIR_ERR_OPERATION_UNSUPPORTED or
 * VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_UNSUPPORTED for CAPACITY where
 * the disk is no raw block device, and for a device that has another size; VIR_ERR_INVALID_ARG if
 * @size is another than that with CAPACITY; VIR_ERR_OPERATION_FAILED if it would become smaller with
 * EXTEND, or if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
 * VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.8.
 */
int virDomainBlockResize(virDomainPtr dom,
                         const char *disk,
                         unsigned long long size,
                         unsigned int flags);

/**
 * Tells for which disks a request of a guest has failed since the domain was started or resumed.
 *
 * @dom: an active domain
 * @errors: an array for the disks with errors: the caller frees each name; NULL to count
 * @maxerrors: how many the array holds
 * @flags: 0
 *
 * Return Value: how many errors were stored, or without @errors how many disks the domain has; or
 * -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @errors is NULL and @maxerrors is not 0, or
 * the other way round, and for flags; VIR_ERR_OPERATION_INVALID if the domain is inactive;
 * VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
 * not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.10.
 */
int virDomainGetDiskErrors(virDomainPtr dom,
                           virDomainDiskErrorPtr errors,
                           unsigned int maxerrors,
                           unsigned int flags);

/**
 * Has VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD sent, once, when a guest has written behind an offset of
 * the image of a disk: for a raw image that is an offset of the disk, for others where the image
 * keeps the data.
 *
 * @domain: an active domain
 * @dev: the target of the disk, with or without the number of its top image: `vda[1]`
 * @threshold: the offset in bytes; 0 for none
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @dev is NULL, for flags, or if there is no such disk or image;
 * VIR_ERR_OPERATION_UNSUPPORTED for an image that is not on top; VIR_ERR_OPERATION_INVALID if the
 * domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 3.1.0.
 */
int virDomainSetBlockThreshold(virDomainPtr domain,
                               const char *dev,
                               unsigned long long threshold,
                               unsigned int flags);

/**
 * Brings everything that a disk reads from the images below the one on top into that, which then
 * needs no other. Guests go on using the disk. A VIR_DOMAIN_EVENT_ID_BLOCK_JOB event tells of the
 * end.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @bandwidth: the limit in MiB a second; 0 for none
 * @flags: virDomainBlockPullFlags
 *
 * Return Value: 0 when the job has started, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk;
 * VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive or the disk read-only;
 * VIR_ERR_OPERATION_UNSUPPORTED or VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job;
 * VIR_ERR_OPERATION_UNSUPPORTED also if the image on top has internal snapshots, which need the ones
 * below; VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if
 * that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.4.
 */
int virDomainBlockPull(virDomainPtr dom,
                       const char *disk,
                       unsigned long bandwidth,
                       unsigned int flags);

/**
 * Brings what a disk reads from the images above @base into the one on top, which then has @base
 * directly below it; or, with VIR_DOMAIN_BLOCK_REBASE_COPY, copies the disk to @base as
 * virDomainBlockCopy does. The copy has the format of the disk's top image, or is raw with
 * VIR_DOMAIN_BLOCK_REBASE_COPY_RAW; with VIR_DOMAIN_BLOCK_REBASE_REUSE_EXT a file that cannot have
 * that format is refused, and virDomainBlockCopy with a <driver type> is the way to use it.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @base: the path of an image in the chain, or "vda[3]" with an index that the description of the
 * domain shows; NULL for all images; for a copy the path of its destination
 * @bandwidth: the limit in MiB a second; 0 for none
 * @flags: virDomainBlockRebaseFlags
 *
 * Return Value: 0 when the job has started, or -1.
 *
 * Errors: as virDomainBlockPull; VIR_ERR_INVALID_ARG also if there is no such image, for flags
 * without VIR_DOMAIN_BLOCK_REBASE_COPY that need it, or for a copy without @base;
 * VIR_ERR_OPERATION_INVALID also if the names of the images are not relative; for a copy those of
 * virDomainBlockCopy.
 *
 * Since 0.9.10.
 */
int virDomainBlockRebase(virDomainPtr dom,
                         const char *disk,
                         const char *base,
                         unsigned long bandwidth,
                         unsigned int flags);

/**
 * Brings what the images from @top on have into @base below them. What is above @top then has
 * @base directly below it. If @top is the image on top, @base can take its place: the job becomes
 * ready, and waits for virDomainBlockJobAbort. @base becomes as long as @top, but never shorter: if it
 * takes the place of the image on top, the disk is then as long as @base.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @base: the path of an image in the chain, or "vda[3]"; NULL for the last one
 * @top: the same; NULL for the one on top
 * @bandwidth: the limit in MiB a second; 0 for none
 * @flags: virDomainBlockCommitFlags; ACTIVE must be there for the image on top
 *
 * Return Value: 0 when the job has started, or -1.
 *
 * Errors: as virDomainBlockRebase without a copy; VIR_ERR_INVALID_ARG also if @base is not below
 * @top; VIR_ERR_OPERATION_UNSUPPORTED also if @base is longer than @top, and internal snapshots of the
 * image above @top would show that; VIR_ERR_RESOURCE_BUSY if another running
 * domain, or another program, uses @base, or an image that is to be deleted or renamed in another.
 *
 * Since 0.10.2.
 */
int virDomainBlockCommit(virDomainPtr dom,
                         const char *disk,
                         const char *base,
                         const char *top,
                         unsigned long bandwidth,
                         unsigned int flags);

/**
 * Copies a disk while guests use it. When the copy is equal to the disk, the job is ready, and
 * keeps it so until virDomainBlockJobAbort makes the copy the disk or leaves it as it is. A qcow2 copy
 * has whole sectors of 512 bytes: what the disk has less reads as zeros.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @destxml: a <disk> whose <source> and <driver> say where the copy goes and of which format it is:
 * of type file, block, or network with protocol nbd; of format raw or qcow2. Without a <driver type>
 * the format is that of the disk's top image. A file or device that is there already
 * (VIR_DOMAIN_BLOCK_COPY_REUSE_EXT) is not probed: it is refused if that format cannot be its own, as
 * without a qcow2 header where qcow2 is assumed, or with the mark of an image format where raw is. It
 * may be longer than the disk
 * @params: the parameters VIR_DOMAIN_BLOCK_COPY_BANDWIDTH, _GRANULARITY, _BUF_SIZE; may be NULL
 * @nparams: how many there are
 * @flags: virDomainBlockCopyFlags. With TARGET_ZEROED the destination is trusted to read as zeros, so that
 * one that was prepared stays sparse; what it has in place of zeros would become part of the copy. Where a
 * shallow copy has an image below, its destination reads as that, and the flag means nothing
 *
 * Return Value: 0 when the job has started, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk or @destxml is NULL, for unknown flags, for parameters of the wrong
 * type, twice or out of range, or if there is no such disk; VIR_ERR_ARGUMENT_UNSUPPORTED for unknown
 * parameters; VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_NO_SOURCE for @destxml;
 * VIR_ERR_CONFIG_UNSUPPORTED for a destination that is there or cannot be used, is shorter than the
 * disk, or contradicts a format that nobody has said; VIR_ERR_OPERATION_INVALID if the domain is
 * inactive, or persistent without VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB; VIR_ERR_OPERATION_UNSUPPORTED
 * or VIR_ERR_BLOCK_COPY_ACTIVE if the disk has a job; VIR_ERR_OPERATION_FAILED if another process runs
 * it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 1.2.8.
 */
int virDomainBlockCopy(virDomainPtr dom,
                       const char *disk,
                       const char *destxml,
                       virTypedParameterPtr params,
                       int nparams,
                       unsigned int flags);

/**
 * Tells how far the job on a disk is.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @info: where to store it; all 0 without a job
 * @flags: virDomainBlockJobInfoFlags
 *
 * Return Value: 1 if there is a job, 0 if there is none, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @disk or @info is NULL, for unknown flags, or
 * if there is no such disk; VIR_ERR_OPERATION_INVALID if the domain is inactive;
 * VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does
 * not answer; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.4.
 */
int virDomainGetBlockJobInfo(virDomainPtr dom,
                             const char *disk,
                             virDomainBlockJobInfoPtr info,
                             unsigned int flags);

/**
 * Limits the speed of the job on a disk, from now on.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @bandwidth: the limit in MiB a second; 0 for none
 * @flags: virDomainBlockJobSetSpeedFlags
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk or no job on
 * it; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED
 * if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.4.
 */
int virDomainBlockJobSetSpeed(virDomainPtr dom,
                              const char *disk,
                              unsigned long bandwidth,
                              unsigned int flags);

/**
 * Ends the job on a disk. A copy that is ready can be made the disk: guests go on with it, and lose
 * nothing. Otherwise the disk stays as it is.
 *
 * @dom: an active domain
 * @disk: the target of the disk, or the path of its image
 * @flags: virDomainBlockJobAbortFlags
 *
 * Return Value: 0 when the job has ended, with ASYNC when it has been told to; or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk is NULL, for unknown flags, or if there is no such disk or no job on
 * it, with the reason if the last one has failed; VIR_ERR_BLOCK_COPY_ACTIVE for PIVOT if the job is
 * not ready; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_ABORTED if
 * somebody else has ended it; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR if the
 * copy could not be made the disk, which then is as it was.
 *
 * Since 0.9.4.
 */
int virDomainBlockJobAbort(virDomainPtr dom,
                           const char *disk,
                           unsigned int flags);

/**
 * Tells how far the job on a domain is, of which there are none: jobs on disks are told by
 * virDomainGetBlockJobInfo.
 *
 * @domain: the domain
 * @info: where to store it: all 0, which is VIR_DOMAIN_JOB_NONE
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.7.7.
 */
int virDomainGetJobInfo(virDomainPtr domain,
                        virDomainJobInfoPtr info);

/**
 * Registers a callback for the lives of domains: virConnectDomainEventRegisterAny does the same
 * for all kinds of events. It runs on the event loop's thread, which must be registered before:
 * virEventRegisterDefaultImpl.
 *
 * @conn: the connection, which is kept open for the callback
 * @cb: the callback
 * @opaque: passed to @cb
 * @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
 * be NULL. Not called if this function fails
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL or registered already;
 * VIR_ERR_INTERNAL_ERROR if there is no event loop.
 *
 * Since 0.5.0.
 */
int virConnectDomainEventRegister(virConnectPtr conn,
                                  virConnectDomainEventCallback cb,
                                  void *opaque,
                                  virFreeCallback freecb);

/**
 * Takes back a callback that was registered with virConnectDomainEventRegister.
 *
 * @conn: the connection
 * @cb: the callback
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @cb is NULL or not registered.
 *
 * Since 0.5.0.
 */
int virConnectDomainEventDeregister(virConnectPtr conn,
                                    virConnectDomainEventCallback cb);

/**
 * Registers a callback for events of domains. It runs on the event loop's thread, which must be
 * registered before: virEventRegisterDefaultImpl.
 *
 * @conn: the connection, which is kept open for the callback
 * @dom: the domain whose events are wanted; NULL for those of all
 * @eventID: which events, a virDomainEventID
 * @cb: the callback, of the type that belongs to @eventID, cast with VIR_DOMAIN_EVENT_CALLBACK
 * @opaque: passed to @cb
 * @freecb: releases @opaque: called once, when the callback is deregistered and no longer runs; may
 * be NULL. Not called if this function fails
 *
 * Return Value: the callback's id, which virConnectDomainEventDeregisterAny takes, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cb is NULL,
 * @eventID unknown, @dom another connection's, or the callback registered already;
 * VIR_ERR_INTERNAL_ERROR if there is no event loop.
 *
 * Since 0.8.0.
 */
int virConnectDomainEventRegisterAny(virConnectPtr conn,
                                     virDomainPtr dom,
                                     int eventID,
                                     virConnectDomainEventGenericCallback cb,
                                     void *opaque,
                                     virFreeCallback freecb);

/**
 * Takes a callback for events of domains back.
 *
 * @conn: the connection
 * @callbackID: what virConnectDomainEventRegisterAny returned
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if there is no such callback.
 *
 * Since 0.8.0.
 */
int virConnectDomainEventDeregisterAny(virConnectPtr conn,
                                       int callbackID);

/**
 * Tells about all domains of a connection, or those that pass a filter.
 *
 * @conn: the connection
 * @stats: what to tell, bits of virDomainStatsTypes; 0 for all that there is
 * @retStats: where to store a list of records with NULL behind the last, to be released with
 * virDomainStatsRecordListFree
 * @flags: virConnectGetAllDomainStatsFlags. What is in @stats and is not told of is left out, or
 * refused with ENFORCE_STATS
 *
 * Return Value: how many records there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @retStats is NULL, or for unknown flags;
 * VIR_ERR_ARGUMENT_UNSUPPORTED for what is not told of.
 *
 * Since 1.2.8.
 */
int virConnectGetAllDomainStats(virConnectPtr conn,
                                unsigned int stats,
                                virDomainStatsRecordPtr **retStats,
                                unsigned int flags);

/**
 * Tells about some domains of one connection. Those that are gone, or do not pass the filter, are
 * left out.
 *
 * @doms: the domains, with NULL behind the last
 * @stats: what to tell, bits of virDomainStatsTypes; 0 for all that there is
 * @retStats: where to store a list of records with NULL behind the last, to be released with
 * virDomainStatsRecordListFree
 * @flags: virConnectGetAllDomainStatsFlags, as for virConnectGetAllDomainStats
 *
 * Return Value: how many records there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @doms or @retStats is NULL, if there are
 * no domains or those of several connections, or for unknown flags; VIR_ERR_ARGUMENT_UNSUPPORTED
 * for what is not told of.
 *
 * Since 1.2.8.
 */
int virDomainListGetStats(virDomainPtr *doms,
                          unsigned int stats,
                          virDomainStatsRecordPtr **retStats,
                          unsigned int flags);

/**
 * Releases a list of records, the parameters in them, and the references to their domains.
 *
 * @stats: the list; NULL is allowed
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 1.2.8.
 */
void virDomainStatsRecordListFree(virDomainStatsRecordPtr *stats);

/**
 * Tells whether the memory of a domain was saved for its next start. It never is.
 *
 * @dom: the domain
 * @flags: 0
 *
 * Return Value: 0, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN if the domain
 * is gone.
 *
 * Since 0.8.0.
 */
int virDomainHasManagedSaveImage(virDomainPtr dom,
                                 unsigned int flags);

/**
 * Lists what there is to say about a domain: the last failure of a guest's request for each of the disks that
 * run in this process, until the domain stops. The definition is never said to have faults.
 *
 * @domain: the domain
 * @msgs: where to store a list of texts with NULL behind the last, of which each and the list are the
 * caller's to free; NULL if there are none
 * @flags: virDomainMessageType; 0 for all
 *
 * Return Value: how many there are, or -1 on error.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @msgs is NULL, or for unknown flags;
 * VIR_ERR_NO_DOMAIN if the domain is gone.
 *
 * Since 7.1.0.
 */
int virDomainGetMessages(virDomainPtr domain,
                         char ***msgs,
                         unsigned int flags);

/**
 * Tells how many CPUs a domain is described to have.
 *
 * @domain: the domain
 * @flags: virDomainVcpuFlags: of LIVE and CONFIG one, and MAXIMUM. GUEST and HOTPLUGGABLE are
 * refused
 *
 * Return Value: the number, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED for VIR_DOMAIN_VCPU_GUEST on a read-only
 * connection; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the domain is not active
 * where that is asked for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.8.5.
 */
int virDomainGetVcpusFlags(virDomainPtr domain,
                           unsigned int flags);

/**
 * Tells how many CPUs an active domain is described to have at most.
 *
 * @domain: the domain
 *
 * Return Value: the number, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_INVALID if the domain is inactive;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.2.1.
 */
int virDomainGetMaxVcpus(virDomainPtr domain);

/**
 * Changes how many CPUs an active domain is described to have: nothing is executed.
 *
 * @domain: the domain
 * @nvcpus: how many, at least 1
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @nvcpus is 0 or more than there may be; VIR_ERR_OPERATION_INVALID if the
 * domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.4.
 */
int virDomainSetVcpus(virDomainPtr domain,
                      unsigned int nvcpus);

/**
 * Changes how many CPUs a domain is described to have: nothing is executed.
 *
 * @domain: the domain
 * @nvcpus: how many, at least 1
 * @flags: virDomainVcpuFlags. MAXIMUM, which changes how many there may be, goes with CONFIG only.
 * GUEST and HOTPLUGGABLE are refused, ASYNC_UNPLUG changes nothing
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainSetVcpus; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
 * domain is not active where that is to be changed, or not persistent where its definition is.
 *
 * Since 0.8.5.
 */
int virDomainSetVcpusFlags(virDomainPtr domain,
                           unsigned int nvcpus,
                           unsigned int flags);

/**
 * Changes how much memory a domain is described to have at most. What it has at the moment becomes
 * less where it would be more.
 *
 * @domain: an inactive domain
 * @memory: how much, in KiB
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @memory is 0; VIR_ERR_OVERFLOW if it is 8 EiB or more;
 * VIR_ERR_OPERATION_INVALID if the domain is active; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.0.3.
 */
int virDomainSetMaxMemory(virDomainPtr domain,
                          unsigned long memory);

/**
 * Changes how much memory an active domain is described to have: nothing is executed.
 *
 * @domain: the domain
 * @memory: how much, in KiB
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @memory is 0 or more than there may be; VIR_ERR_OVERFLOW if it is 8 EiB or
 * more; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another
 * process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
 * VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.1.
 */
int virDomainSetMemory(virDomainPtr domain,
                       unsigned long memory);

/**
 * Changes how much memory a domain is described to have: nothing is executed.
 *
 * @domain: the domain
 * @memory: how much, in KiB
 * @flags: virDomainMemoryModFlags: LIVE, CONFIG or both, and MAXIMUM to change how much there may
 * be, which an active domain's description does not let
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainSetMemory; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
 * domain is not active where that is to be changed, or not persistent where its definition is, or
 * if it is active and its maximum is to be changed.
 *
 * Since 0.9.0.
 */
int virDomainSetMemoryFlags(virDomainPtr domain,
                            unsigned long memory,
                            unsigned int flags);

/**
 * Tells the limits of a domain's memory: VIR_DOMAIN_MEMORY_HARD_LIMIT, VIR_DOMAIN_MEMORY_SOFT_LIMIT
 * and VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT, each VIR_DOMAIN_MEMORY_PARAM_UNLIMITED if there is none.
 *
 * @domain: the domain
 * @params: an array for the parameters; NULL to count only
 * @nparams: how many the array holds, 0 to count only; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or
 * flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
 * persistent where its definition is; VIR_ERR_XML_ERROR or VIR_ERR_OVERFLOW if it has a limit that
 * is no size; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.8.5.
 */
int virDomainGetMemoryParameters(virDomainPtr domain,
                                 virTypedParameterPtr params,
                                 int *nparams,
                                 unsigned int flags);

/**
 * Changes limits of a domain's memory, which are kept in its description: nothing is executed.
 *
 * @domain: the domain
 * @params: VIR_DOMAIN_MEMORY_HARD_LIMIT, VIR_DOMAIN_MEMORY_SOFT_LIMIT or
 * VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT; VIR_DOMAIN_MEMORY_PARAM_UNLIMITED or more removes one
 * @nparams: how many there are
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @params is NULL, @nparams not positive, for wrong types or flags, or if the
 * hard limit would exceed that with swap; VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not persistent
 * where its definition is; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.8.5.
 */
int virDomainSetMemoryParameters(virDomainPtr domain,
                                 virTypedParameterPtr params,
                                 int nparams,
                                 unsigned int flags);

/**
 * Tells of which NUMA nodes a domain's memory is to be: VIR_DOMAIN_NUMA_MODE and
 * VIR_DOMAIN_NUMA_NODESET, which is empty if nothing is said of that.
 *
 * @domain: the domain
 * @params: an array for the parameters; NULL to count only. The caller clears it with
 * virTypedParamsClear
 * @nparams: how many the array holds, 0 to count only; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or
 * flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
 * persistent where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.9.
 */
int virDomainGetNumaParameters(virDomainPtr domain,
                               virTypedParameterPtr params,
                               int *nparams,
                               unsigned int flags);

/**
 * Changes of which NUMA nodes a domain's memory is to be, which is kept in its description: nothing
 * is executed.
 *
 * @domain: the domain
 * @params: VIR_DOMAIN_NUMA_MODE, which stays as it is in an active domain, or
 * VIR_DOMAIN_NUMA_NODESET
 * @nparams: how many there are
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @params is NULL, @nparams not positive, for wrong types or flags, or what is
 * no mode or set; VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter; VIR_ERR_OPERATION_INVALID for an
 * empty set, for another mode of an active domain, if the domain is not active where that is to be
 * changed, or not persistent where its definition is; VIR_ERR_CONFIG_UNSUPPORTED for a mode without
 * nodes; VIR_ERR_OPERATION_FAILED if another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if
 * that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.9.
 */
int virDomainSetNumaParameters(virDomainPtr domain,
                               virTypedParameterPtr params,
                               int nparams,
                               unsigned int flags);

/**
 * Names the scheduler. Only domains of `test:///default` say that they have one.
 *
 * @domain: the domain
 * @nparams: where to store how many parameters it has; NULL if that is not wanted
 *
 * Return Value: the name, which the caller frees, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_NO_SUPPORT where there is none; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.2.3.
 */
char *virDomainGetSchedulerType(virDomainPtr domain,
                                int *nparams);

/**
 * Tells the scheduler's parameters: VIR_DOMAIN_SCHEDULER_WEIGHT, which is 50 if nothing is said of
 * it.
 *
 * @domain: the domain
 * @params: an array for the parameters
 * @nparams: how many the array holds, at least 1; becomes how many there are in it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers or if @nparams is not
 * positive; VIR_ERR_NO_SUPPORT where there is no scheduler: virDomainGetSchedulerType;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.2.3.
 */
int virDomainGetSchedulerParameters(virDomainPtr domain,
                                    virTypedParameterPtr params,
                                    int *nparams);

/**
 * Tells the scheduler's parameters: VIR_DOMAIN_SCHEDULER_WEIGHT, which is 50 if nothing is said of
 * it.
 *
 * @domain: the domain
 * @params: an array for the parameters
 * @nparams: how many the array holds, at least 1; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainGetSchedulerParameters; VIR_ERR_INVALID_ARG for flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
 * where its definition is.
 *
 * Since 0.9.2.
 */
int virDomainGetSchedulerParametersFlags(virDomainPtr domain,
                                         virTypedParameterPtr params,
                                         int *nparams,
                                         unsigned int flags);

/**
 * Changes the scheduler's parameters, which are kept in the domain's description: nothing is
 * executed.
 *
 * @domain: the domain
 * @params: VIR_DOMAIN_SCHEDULER_WEIGHT
 * @nparams: how many there are
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @params is NULL, @nparams negative, or for a wrong type;
 * VIR_ERR_ARGUMENT_UNSUPPORTED for another parameter; VIR_ERR_NO_SUPPORT where there is no
 * scheduler: virDomainGetSchedulerType; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.2.3.
 */
int virDomainSetSchedulerParameters(virDomainPtr domain,
                                    virTypedParameterPtr params,
                                    int nparams);

/**
 * Changes the scheduler's parameters, which are kept in the domain's description: nothing is
 * executed.
 *
 * @domain: the domain
 * @params: VIR_DOMAIN_SCHEDULER_WEIGHT
 * @nparams: how many there are
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: as virDomainSetSchedulerParameters; VIR_ERR_INVALID_ARG for flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not
 * persistent where its definition is.
 *
 * Since 0.9.2.
 */
int virDomainSetSchedulerParametersFlags(virDomainPtr domain,
                                         virTypedParameterPtr params,
                                         int nparams,
                                         unsigned int flags);

/**
 * Changes what is to follow the end of a domain, which is kept in its description: no guest ends
 * anything here.
 *
 * @domain: the domain
 * @type: how it ends, a virDomainLifecycle
 * @action: what is to follow, a virDomainLifecycleAction; the two with COREDUMP are for crashes
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for an unknown @type, @action or flags; VIR_ERR_CONFIG_UNSUPPORTED for an
 * @action that does not go with @type; VIR_ERR_OPERATION_INVALID if the domain is not active where
 * that is to be changed, or not persistent where its definition is; VIR_ERR_OPERATION_FAILED if
 * another process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer;
 * VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 3.9.0.
 */
int virDomainSetLifecycleAction(virDomainPtr domain,
                                unsigned int type,
                                unsigned int action,
                                unsigned int flags);

/**
 * Tells how fast guests may use a disk: 20 parameters, of which numbers are 0 where there is no limit.
 *
 * @dom: the domain
 * @disk: the target of the disk, or the path of its image; NULL to count only
 * @params: an array for the parameters; NULL to count only. The caller clears it with
 * virTypedParamsClear
 * @nparams: how many the array holds, 0 to count only; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams, flags, or
 * if there is no such disk; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked
 * for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.8.
 */
int virDomainGetBlockIoTune(virDomainPtr dom,
                            const char *disk,
                            virTypedParameterPtr params,
                            int *nparams,
                            unsigned int flags);

/**
 * Changes how fast guests may use a disk, in a running domain at once. The limits are QEMU's leaky
 * buckets: guests may use a tenth of a second's worth at once, or a burst, and wait then; a request that
 * is let in is let in whole, however long it is. Reads, writes and zeroing count; flushes, discards and
 * block jobs do not.
 *
 * Of the limits of one kind (bytes, requests, and each of them in bursts) those that are not given are
 * taken back if one of them is. A total excludes those of reads and writes. Disks of one group have the
 * limits that were set last for any of them. A change of a running domain, other than one of
 * `test:///`, is told by VIR_DOMAIN_EVENT_ID_TUNABLE.
 *
 * @dom: the domain
 * @disk: the target of the disk, or the path of its image
 * @params: the parameters, VIR_DOMAIN_BLOCK_IOTUNE_*
 * @nparams: how many there are
 * @flags: virDomainModificationImpact
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG if @disk or @params is NULL, @nparams not positive, for wrong types or flags, if
 * there is no such disk, or for a total with another limit of its kind; VIR_ERR_ARGUMENT_UNSUPPORTED
 * for another parameter or a number above 10^15; VIR_ERR_CONFIG_UNSUPPORTED for a burst without its
 * limit or below it, a length without its burst, or a size without a limit of requests;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is to be changed, or not persistent
 * where its definition is; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
 * VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.8.
 */
int virDomainSetBlockIoTune(virDomainPtr dom,
                            const char *disk,
                            virTypedParameterPtr params,
                            int nparams,
                            unsigned int flags);

/**
 * Tells of the CPUs of an active domain, and on which CPUs of the machine each may run.
 *
 * @domain: the domain
 * @info: an array for what is told of each
 * @maxinfo: how many it holds, at least 1
 * @cpumaps: an array of as many sets, one behind the other, or NULL. VIR_CPU_USABLE looks into it
 * @maplen: how many bytes each set has, as VIR_CPU_MAPLEN tells; 0 if @cpumaps is NULL
 *
 * Return Value: of how many CPUs has been told, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL, @maxinfo not positive, or
 * @maplen does not go with @cpumaps; VIR_ERR_OVERFLOW for sets that nobody can have;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.1.4.
 */
int virDomainGetVcpus(virDomainPtr domain,
                      virVcpuInfoPtr info,
                      int maxinfo,
                      unsigned char *cpumaps,
                      int maplen);

/**
 * Tells on which CPUs of the machine each CPU of a domain may run, as it is defined.
 *
 * @domain: the domain
 * @ncpumaps: how many sets @cpumaps holds, at least 1
 * @cpumaps: an array of sets, one behind the other. VIR_CPU_USABLE looks into it
 * @maplen: how many bytes each set has, as VIR_CPU_MAPLEN tells
 * @flags: of virDomainModificationImpact one
 *
 * Return Value: how many sets there are in it, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cpumaps is NULL, @ncpumaps or @maplen not
 * positive, or for flags; VIR_ERR_OVERFLOW for sets that nobody can have; VIR_ERR_OPERATION_INVALID if
 * the domain is not active where that is asked for, or not persistent where its definition is;
 * VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.3.
 */
int virDomainGetVcpuPinInfo(virDomainPtr domain,
                            int ncpumaps,
                            unsigned char *cpumaps,
                            int maplen,
                            unsigned int flags);

/**
 * Tells on which CPUs of the machine what runs beside a domain's own CPUs may run, as it is defined.
 *
 * @domain: the domain
 * @cpumap: a set. VIR_CPU_USED looks into it
 * @maplen: how many bytes it has, as VIR_CPU_MAPLEN tells
 * @flags: of virDomainModificationImpact one
 *
 * Return Value: 1, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @cpumap is NULL, @maplen not positive, or for
 * flags; VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not
 * persistent where its definition is; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.10.0.
 */
int virDomainGetEmulatorPinInfo(virDomainPtr domain,
                                unsigned char *cpumap,
                                int maplen,
                                unsigned int flags);

/**
 * Tells for how long CPUs of the machine have worked for an active domain: not at all, because nothing
 * is executed.
 *
 * With @start_cpu -1 it is about all of them together: VIR_DOMAIN_CPU_STATS_CPUTIME,
 * VIR_DOMAIN_CPU_STATS_USERTIME and VIR_DOMAIN_CPU_STATS_SYSTEMTIME. Else it is about each one:
 * VIR_DOMAIN_CPU_STATS_CPUTIME and VIR_DOMAIN_CPU_STATS_VCPUTIME, those of the CPU @start_cpu + i from
 * `params[i * nparams]` on.
 *
 * @domain: the domain
 * @params: an array for @nparams * @ncpus parameters; NULL to count only
 * @nparams: how many there are to be of each CPU; 0 to be told how many there are
 * @start_cpu: the first CPU, or -1
 * @ncpus: of how many CPUs to tell, 1 if @start_cpu is -1; 0 to be told how many there are
 * @flags: VIR_TYPED_PARAM_STRING_OKAY, which makes no difference
 *
 * Return Value: how many parameters there are of each CPU; with @ncpus 0 how many CPUs; or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for arguments that do not go together, for flags,
 * or if there is no CPU @start_cpu; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the domain is
 * inactive; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
 *
 * Since 0.9.10.
 */
int virDomainGetCPUStats(virDomainPtr domain,
                         virTypedParameterPtr params,
                         unsigned int nparams,
                         int start_cpu,
                         unsigned int ncpus,
                         unsigned int flags);

/**
 * Tells of the memory of an active domain: how much it is described to have, and zeros for what it
 * would have used.
 *
 * @dom: the domain
 * @stats: an array for the numbers
 * @nr_stats: how many it holds
 * @flags: 0
 *
 * Return Value: how many there are in it, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
 * domain is inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.7.5.
 */
int virDomainMemoryStats(virDomainPtr dom,
                         virDomainMemoryStatPtr stats,
                         unsigned int nr_stats,
                         unsigned int flags);

/**
 * Tells whether an active domain can be controlled, which it can.
 *
 * @domain: the domain
 * @info: where to store it
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @info is NULL, or for flags;
 * VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.3.
 */
int virDomainGetControlInfo(virDomainPtr domain,
                            virDomainControlInfoPtr info,
                            unsigned int flags);

/**
 * Tells the time in the guest of a running domain. Only those of test:/// have one, which stands
 * still.
 *
 * @dom: the domain
 * @seconds: where to store the seconds since 1970, or NULL
 * @nseconds: where to store the nanoseconds beside them, or NULL
 * @flags: 0
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
 * the domain is not running; VIR_ERR_NO_DOMAIN.
 *
 * Since 1.2.5.
 */
int virDomainGetTime(virDomainPtr dom,
                     long long *seconds,
                     unsigned int *nseconds,
                     unsigned int flags);

/**
 * Sets the time in the guest of an active domain. Only those of test:/// have one.
 *
 * @dom: the domain
 * @seconds: the seconds since 1970
 * @nseconds: the nanoseconds beside them
 * @flags: virDomainSetTimeFlags, which make no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
 * the domain is inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 1.2.5.
 */
int virDomainSetTime(virDomainPtr dom,
                     long long seconds,
                     unsigned int nseconds,
                     unsigned int flags);

/**
 * Tells what the guest of an active domain calls itself. Only those of test:/// have a name.
 *
 * @domain: the domain
 * @flags: 0
 *
 * Return Value: the name, to be freed by the caller, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
 * VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if
 * the domain is inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.10.0.
 */
char *virDomainGetHostname(virDomainPtr domain,
                           unsigned int flags);

/**
 * Sends a picture of the screen of a domain: a black one, because nothing is executed. Only domains of
 * test:/// have a screen.
 *
 * @domain: the domain
 * @stream: a stream that is not in use, from which the picture is received as a volume's data is after
 * virStorageVolDownload
 * @screen: which screen; they are all alike
 * @flags: 0
 *
 * Return Value: the format of the picture, "image/png", to be freed by the caller, or NULL.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_STREAM; VIR_ERR_OPERATION_DENIED on a read-only
 * connection; VIR_ERR_INVALID_ARG for flags, or if @stream is of another connection;
 * VIR_ERR_NO_SUPPORT but for test:///; VIR_ERR_OPERATION_INVALID if @stream is in use;
 * VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.2.
 */
char *virDomainScreenshot(virDomainPtr domain,
                          virStreamPtr stream,
                          unsigned int screen,
                          unsigned int flags);

/**
 * Tells the label of a domain under the security model of the machine, which only test:/// has
 * (virNodeGetSecurityModel). Without one it is empty, and while a domain is inactive.
 *
 * @domain: the domain
 * @seclabel: where to store it
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @seclabel is NULL; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.6.1.
 */
int virDomainGetSecurityLabel(virDomainPtr domain,
                              virSecurityLabelPtr seclabel);

/**
 * Tells how much of devices a domain may use, as it is defined: VIR_DOMAIN_BLKIO_WEIGHT, which is 0 if
 * nothing is said of it, and what begins with VIR_DOMAIN_BLKIO_DEVICE.
 *
 * @domain: the domain
 * @params: an array for the parameters; NULL to count only. The caller clears it with
 * virTypedParamsClear
 * @nparams: how many the array holds, 0 to count only; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams or flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
 * where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.0.
 */
int virDomainGetBlkioParameters(virDomainPtr domain,
                                virTypedParameterPtr params,
                                int *nparams,
                                unsigned int flags);

/**
 * Tells what is to be counted while a domain is executed, as it is defined: a boolean for each
 * event that libvirt knows. Nothing is executed.
 *
 * @domain: the domain
 * @params: where to store an array, to be released with virTypedParamsFree
 * @nparams: where to store how many parameters it has
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers or flags;
 * VIR_ERR_OPERATION_INVALID if the domain is not active where that is asked for, or not persistent
 * where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 1.3.3.
 */
int virDomainGetPerfEvents(virDomainPtr domain,
                           virTypedParameterPtr *params,
                           int *nparams,
                           unsigned int flags);

/**
 * Tells what has passed an interface of an active domain: nothing, because there is nothing behind
 * it.
 *
 * @dom: the domain
 * @device: what the interface is called on the machine, or its hardware address
 * @stats: where to store it
 * @size: how many bytes of it to store
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @device or @stats is NULL, if there is no
 * such interface, or if @size is more than there is; VIR_ERR_OPERATION_INVALID if the domain is
 * inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.3.2.
 */
int virDomainInterfaceStats(virDomainPtr dom,
                            const char *device,
                            virDomainInterfaceStatsPtr stats,
                            size_t size);

/**
 * Lists the interfaces of an active domain, and their addresses, of which none is known.
 *
 * @dom: the domain
 * @ifaces: where to store an array, to be released with free, of pointers that are each to be
 * released with virDomainInterfaceFree; NULL if there are none
 * @source: a virDomainInterfaceAddressesSource
 * @flags: 0
 *
 * Return Value: how many there are, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @ifaces is NULL, or for flags;
 * VIR_ERR_OPERATION_DENIED for VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT on a read-only connection;
 * VIR_ERR_ARGUMENT_UNSUPPORTED for an unknown @source; VIR_ERR_OPERATION_INVALID if the domain is
 * inactive; VIR_ERR_NO_DOMAIN.
 *
 * Since 1.2.14.
 */
int virDomainInterfaceAddresses(virDomainPtr dom,
                                virDomainInterfacePtr **ifaces,
                                unsigned int source,
                                unsigned int flags);

/**
 * Releases an interface with its addresses.
 *
 * @iface: the interface; NULL is allowed
 *
 * Errors: none, and the last error is left as it is.
 *
 * Since 1.2.14.
 */
void virDomainInterfaceFree(virDomainInterfacePtr iface);

/**
 * Tells how much may pass an interface, as it is defined: VIR_DOMAIN_BANDWIDTH_IN_AVERAGE and the
 * other names that begin like it.
 *
 * @domain: the domain
 * @device: what the interface is called on the machine, or its hardware address
 * @params: an array for the parameters; NULL to count only
 * @nparams: how many the array holds, 0 to count only; becomes how many there are in it
 * @flags: of virDomainModificationImpact one; VIR_TYPED_PARAM_STRING_OKAY makes no difference
 *
 * Return Value: 0, or -1.
 *
 * Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for NULL pointers, a negative @nparams, flags, or
 * if there is no such interface; VIR_ERR_OPERATION_INVALID if the domain is not active where that is
 * asked for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
 *
 * Since 0.9.9.
 */
int virDomainGetInterfaceParameters(virDomainPtr domain,
                                    const char *device,
                                    virTypedParameterPtr params,
                                    int *nparams,
                                    unsigned int flags);

#ifdef __cplusplus
}  /* extern "C" */
#endif  /* __cplusplus */

#endif  /* LIBVIRT_DOMAIN_H */
