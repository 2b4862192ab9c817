//! `libvirt-domain.h`: names of statistics of domains that libvirt's hypervisors tell and nothing here has, so
//! that programs that ask for them are compiled.

use std::ffi::CStr;

/// Nanoseconds of polling for an interrupt that came meanwhile, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_HALTPOLL_SUCCESS_TIME: &CStr = c"cpu.haltpoll.success.time";
/// Nanoseconds of polling for an interrupt that did not come, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_HALTPOLL_FAIL_TIME: &CStr = c"cpu.haltpoll.fail.time";
/// How many monitors of the cache there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_COUNT: &CStr = c"cpu.cache.monitor.count";
/// Before the number of a monitor of the cache. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_PREFIX: &CStr = c"cpu.cache.monitor.";
/// Behind the number: its name. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_NAME: &CStr = c".name";
/// Behind the number: the CPUs that it is for, a text. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_VCPUS: &CStr = c".vcpus";
/// Behind the number: how many banks it has, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_COUNT: &CStr = c".bank.count";
/// Behind the number, before that of a bank. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_PREFIX: &CStr = c".bank.";
/// Behind the number of a bank: which cache of the machine it is, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_SUFFIX_ID: &CStr = c".id";
/// Behind the number of a bank: bytes of it in use, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_CACHE_MONITOR_SUFFIX_BANK_SUFFIX_BYTES: &CStr = c".bytes";
/// How many monitors of energy there are, an unsigned int. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_COUNT: &CStr = c"cpu.energy.monitor.count";
/// Before the number of a monitor of energy. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_PREFIX: &CStr = c"cpu.energy.monitor.";
/// Behind the number: its name. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_NAME: &CStr = c".name";
/// Behind the number: the CPUs that it is for, a text. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_VCPUS: &CStr = c".vcpus";
/// Behind the number: how many packages of the processor it has, an unsigned int. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_COUNT: &CStr = c".pkg.count";
/// Behind the number, before that of a package. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_PREFIX: &CStr = c".pkg.";
/// Behind the number of a package: the kernel's number of it, an unsigned int. Since 12.4.0.
pub const VIR_DOMAIN_STATS_CPU_ENERGY_MONITOR_SUFFIX_PKG_SUFFIX_ID: &CStr = c".id";
/// Behind the number of a CPU: nanoseconds in the queue of the scheduler, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_SUFFIX_DELAY: &CStr = c".delay";
/// Behind the number of a CPU: whether it is halted, a boolean. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_SUFFIX_HALTED: &CStr = c".halted";
/// KiB that the guest has read from its swap space, as the following an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_SWAP_IN: &CStr = c"balloon.swap_in";
/// KiB that the guest has written to its swap space. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_SWAP_OUT: &CStr = c"balloon.swap_out";
/// Page faults that needed a disk. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_MAJOR_FAULT: &CStr = c"balloon.major_fault";
/// Other page faults. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_MINOR_FAULT: &CStr = c"balloon.minor_fault";
/// KiB that the guest does not use at all. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_UNUSED: &CStr = c"balloon.unused";
/// KiB of memory that the guest sees. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_AVAILABLE: &CStr = c"balloon.available";
/// KiB of the machine's memory that the domain's process takes. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_RSS: &CStr = c"balloon.rss";
/// KiB that the guest could give back without swapping. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_USABLE: &CStr = c"balloon.usable";
/// When the guest last told of its memory, in seconds since 1970. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_LAST_UPDATE: &CStr = c"balloon.last-update";
/// KiB in the guest's caches of disks. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_DISK_CACHES: &CStr = c"balloon.disk_caches";
/// Huge pages that the guest has got. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_HUGETLB_PGALLOC: &CStr = c"balloon.hugetlb_pgalloc";
/// Huge pages that the guest has not got. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_HUGETLB_PGFAIL: &CStr = c"balloon.hugetlb_pgfail";
/// Behind the number of a disk: the alignment of good discards in bytes, as the following an unsigned long long.
/// Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_DISCARD_ALIGNMENT: &CStr =
    c".limits.discard_alignment";
/// Behind the number of a disk: bytes of the largest discard. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_DISCARD_MAX: &CStr = c".limits.discard_max";
/// Behind the number of a disk: the alignment of good requests to write zeros, in bytes. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_WRITE_ZEROES_ALIGNMENT: &CStr =
    c".limits.write_zeroes_alignment";
/// Behind the number of a disk: bytes of the largest request to write zeros. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_WRITE_ZEROES_MAX: &CStr =
    c".limits.write_zeroes_max";
/// Behind the number of a disk: bytes of the largest request that the hardware takes. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_HW_MAX: &CStr = c".limits.transfer_hw_max";
/// Behind the number of a disk: how many pieces of memory a request may have. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_IOV_MAX: &CStr = c".limits.iov_max";
/// Behind the number of a disk: how many pieces of memory the hardware takes. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_IOV_HW_MAX: &CStr = c".limits.iov_hw_max";
/// Behind the number of a disk: the alignment of memory that needs no buffer, in bytes. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_MEMORY_ALIGNMENT_MINIMAL: &CStr =
    c".limits.memory_alignment_minimal";
/// Behind the number of a disk: the alignment of buffers, in bytes. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_MEMORY_ALIGNMENT_OPTIMAL: &CStr =
    c".limits.memory_alignment_optimal";
/// Behind the number of a disk: how many groups of statistics over an interval it has, an unsigned long long. Since
/// 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_COUNT: &CStr = c".timed_group.count";
/// Behind the number of a disk, before that of a group. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_PREFIX: &CStr = c".timed_group.";
/// Behind the number of a group: its interval in seconds, as the following an unsigned long long. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_INTERVAL: &CStr = c".interval";
/// Behind the number of a group: nanoseconds of the fastest read. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_MIN: &CStr =
    c".rd_latency_min";
/// Behind the number of a group: nanoseconds of the slowest read. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_MAX: &CStr =
    c".rd_latency_max";
/// Behind the number of a group: nanoseconds of a read, on average. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_LATENCY_AVG: &CStr =
    c".rd_latency_avg";
/// Behind the number of a group: nanoseconds of the fastest write. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_MIN: &CStr =
    c".wr_latency_min";
/// Behind the number of a group: nanoseconds of the slowest write. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_MAX: &CStr =
    c".wr_latency_max";
/// Behind the number of a group: nanoseconds of a write, on average. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_LATENCY_AVG: &CStr =
    c".wr_latency_avg";
/// Behind the number of a group: nanoseconds of the fastest flush. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_MIN: &CStr =
    c".flush_latency_min";
/// Behind the number of a group: nanoseconds of the slowest flush. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_MAX: &CStr =
    c".flush_latency_max";
/// Behind the number of a group: nanoseconds of a flush, on average. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_FLUSH_LATENCY_AVG: &CStr =
    c".flush_latency_avg";
/// Behind the number of a group: nanoseconds of the fastest append to a zone. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_MIN: &CStr =
    c".zone_append_latency_min";
/// Behind the number of a group: nanoseconds of the slowest append to a zone. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_MAX: &CStr =
    c".zone_append_latency_max";
/// Behind the number of a group: nanoseconds of an append to a zone, on average. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_LATENCY_AVG: &CStr =
    c".zone_append_latency_avg";
/// Behind the number of a group: reads that wait, on average, a double. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_RD_QUEUE_DEPTH_AVG: &CStr =
    c".rd_queue_depth_avg";
/// Behind the number of a group: writes that wait, on average, a double. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_WR_QUEUE_DEPTH_AVG: &CStr =
    c".wr_queue_depth_avg";
/// Behind the number of a group: appends to a zone that wait, on average, a double. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_TIMED_GROUP_SUFFIX_ZONE_APPEND_QUEUE_DEPTH_AVG: &CStr =
    c".zone_append_queue_depth_avg";
/// Behind the number of a disk: how long reads took, by bins. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_READ_PREFIX: &CStr =
    c".latency_histogram.read.";
/// Behind the number of a disk: how long writes took, by bins. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_WRITE_PREFIX: &CStr =
    c".latency_histogram.write.";
/// Behind the number of a disk: how long appends to a zone took, by bins. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_ZONE_APPEND_PREFIX: &CStr =
    c".latency_histogram.zone_append.";
/// Behind the number of a disk: how long flushes took, by bins. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_FLUSH_PREFIX: &CStr =
    c".latency_histogram.flush.";
/// Behind these: how many bins there are, an unsigned long long. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_COUNT: &CStr = c"bin.count";
/// Behind these, before the number of a bin. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_PREFIX: &CStr = c"bin.";
/// Behind the number of a bin: nanoseconds where it begins, an unsigned long long. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_SUFFIX_START: &CStr =
    c".start";
/// Behind the number of a bin: how many requests are in it, an unsigned long long. Since 12.1.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LATENCY_HISTOGRAM_SUFFIX_BIN_SUFFIX_VALUE: &CStr =
    c".value";
/// Bytes of the last cache in use, as the following an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CMT: &CStr = c"perf.cmt";
/// Bytes for each second between levels of caches. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_MBMT: &CStr = c"perf.mbmt";
/// Bytes for each second through the memory controller. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_MBML: &CStr = c"perf.mbml";
/// Misses of caches. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CACHE_MISSES: &CStr = c"perf.cache_misses";
/// Hits of caches. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CACHE_REFERENCES: &CStr = c"perf.cache_references";
/// Instructions. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_INSTRUCTIONS: &CStr = c"perf.instructions";
/// Cycles of a CPU. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CPU_CYCLES: &CStr = c"perf.cpu_cycles";
/// Branches. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_BRANCH_INSTRUCTIONS: &CStr = c"perf.branch_instructions";
/// Branches that were predicted wrongly. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_BRANCH_MISSES: &CStr = c"perf.branch_misses";
/// Cycles of the bus. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_BUS_CYCLES: &CStr = c"perf.bus_cycles";
/// Cycles in which fetching an instruction stalled. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_STALLED_CYCLES_FRONTEND: &CStr = c"perf.stalled_cycles_frontend";
/// Cycles in which executing an instruction stalled. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_STALLED_CYCLES_BACKEND: &CStr = c"perf.stalled_cycles_backend";
/// Cycles of a CPU at its nominal frequency. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_REF_CPU_CYCLES: &CStr = c"perf.ref_cpu_cycles";
/// Nanoseconds by the clock of a CPU. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CPU_CLOCK: &CStr = c"perf.cpu_clock";
/// Nanoseconds by the clock of the task. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_TASK_CLOCK: &CStr = c"perf.task_clock";
/// Page faults. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_PAGE_FAULTS: &CStr = c"perf.page_faults";
/// Switches to other tasks. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CONTEXT_SWITCHES: &CStr = c"perf.context_switches";
/// Moves to another CPU. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_CPU_MIGRATIONS: &CStr = c"perf.cpu_migrations";
/// Page faults that needed no disk. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_PAGE_FAULTS_MIN: &CStr = c"perf.page_faults_min";
/// Page faults that needed a disk. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_PAGE_FAULTS_MAJ: &CStr = c"perf.page_faults_maj";
/// Faults of alignment. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_ALIGNMENT_FAULTS: &CStr = c"perf.alignment_faults";
/// Instructions that the kernel had to emulate. Since 11.2.0.
pub const VIR_DOMAIN_STATS_PERF_EMULATION_FAULTS: &CStr = c"perf.emulation_faults";
/// How many I/O threads there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_COUNT: &CStr = c"iothread.count";
/// Before the number of an I/O thread. Since 11.2.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_PREFIX: &CStr = c"iothread.";
/// Behind the number: nanoseconds of polling at most, an unsigned long long; 0 for none. Since 11.2.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_MAX_NS: &CStr = c".poll-max-ns";
/// Behind the number: the factor by which the polling time grows, an unsigned int, or an unsigned long long if it
/// is too large for that. Since 11.2.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_GROW: &CStr = c".poll-grow";
/// Behind the number: what the polling time is divided by, an unsigned int, or an unsigned long long if it is too
/// large for that. Since 11.2.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_SHRINK: &CStr = c".poll-shrink";
/// Behind the number: how much the last interval counts, an unsigned int. Since 12.7.0.
pub const VIR_DOMAIN_STATS_IOTHREAD_SUFFIX_POLL_WEIGHT: &CStr = c".poll-weight";
/// How many monitors of the bandwidth of memory there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_COUNT: &CStr =
    c"memory.bandwidth.monitor.count";
/// Before the number of a monitor of bandwidth. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_PREFIX: &CStr = c"memory.bandwidth.monitor.";
/// Behind the number: its name. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NAME: &CStr = c".name";
/// Behind the number: the CPUs that it is for, a text. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_VCPUS: &CStr = c".vcpus";
/// Behind the number: how many memory controllers it has, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_COUNT: &CStr = c".node.count";
/// Behind the number, before that of a memory controller. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_PREFIX: &CStr = c".node.";
/// Behind the number of a controller: the machine's number of it, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_ID: &CStr = c".id";
/// Behind the number of a controller: bytes for the processor that it belongs to, an unsigned long long. Since
/// 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_BYTES_LOCAL: &CStr =
    c".bytes.local";
/// Behind the number of a controller: bytes for all processors, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_MEMORY_BANDWIDTH_MONITOR_SUFFIX_NODE_SUFFIX_BYTES_TOTAL: &CStr =
    c".bytes.total";
/// Whether a measurement runs or has ended, libvirt's virDomainDirtyRateStatus, an int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_CALC_STATUS: &CStr = c"dirtyrate.calc_status";
/// When the last measurement began, in seconds, a long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_CALC_START_TIME: &CStr = c"dirtyrate.calc_start_time";
/// How many seconds the last measurement took, an int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_CALC_PERIOD: &CStr = c"dirtyrate.calc_period";
/// How it was measured, a text. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_CALC_MODE: &CStr = c"dirtyrate.calc_mode";
/// MiB that the guest has changed in each second, a long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_MEGABYTES_PER_SECOND: &CStr =
    c"dirtyrate.megabytes_per_second";
/// Before the number of a CPU. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_VCPU_PREFIX: &CStr = c"dirtyrate.vcpu.";
/// Behind the number: MiB that it has changed in each second, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_DIRTYRATE_VCPU_SUFFIX_MEGABYTES_PER_SECOND: &CStr =
    c".megabytes_per_second";
/// Before a name of the hypervisor's own. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VM_PREFIX: &CStr = c"vm.";
/// Behind such a name: the value at the moment. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_CUR: &CStr = c".cur";
/// Behind such a name: the sum. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_SUM: &CStr = c".sum";
/// Behind such a name: the peak. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CUSTOM_SUFFIX_TYPE_MAX: &CStr = c".max";
