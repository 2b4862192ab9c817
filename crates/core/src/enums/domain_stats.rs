//! `libvirt-domain.h`: the enumerations of statistics, tuning, processors, guests and interfaces.

use std::ffi::c_uint;

/// What is told of a domain. STATE, BALLOON, VCPU and BLOCK have something behind them; CPU_TOTAL,
/// INTERFACE and PERF are zeros and nothing, because nothing is executed. Others are not told of.
/// Since 1.2.8.
#[repr(C)]
pub enum virDomainStatsTypes {
    /// `state.state` and `state.reason`: as virDomainGetState tells them. Since 1.2.8.
    VIR_DOMAIN_STATS_STATE = 1 << 0,
    /// `cpu.time`, `cpu.user` and `cpu.system` of an active domain: 0. Since 1.2.9.
    VIR_DOMAIN_STATS_CPU_TOTAL = 1 << 1,
    /// `balloon.current` and `balloon.maximum`: KiB of memory, as it is defined. Since 1.2.9.
    VIR_DOMAIN_STATS_BALLOON = 1 << 2,
    /// `vcpu.current` and `vcpu.maximum`: how many CPUs are defined; and for each of an active domain
    /// `vcpu.N.state` (a virVcpuState), and 0 as `vcpu.N.time` and `vcpu.N.wait`. Since 1.2.9.
    VIR_DOMAIN_STATS_VCPU = 1 << 3,
    /// `net.count` of an active domain, and for each interface from 0 on `net.N.name`, and 0 as
    /// `net.N.rx.bytes`, `net.N.rx.pkts`, `net.N.rx.errs` and `net.N.rx.drop`, and with `tx.`. Since 1.2.9.
    VIR_DOMAIN_STATS_INTERFACE = 1 << 4,
    /// `block.count`, and for each disk from 0 on `block.N.` with `name` (its target), `path`,
    /// `allocation`, `capacity` and `physical`; if it is open in this process, also `backingIndex`,
    /// `rd.reqs`, `rd.bytes`, `rd.times` (nanoseconds), the same with `wr.`, `fl.reqs`,
    /// `fl.times`, `threshold` if there is one, and what the disk's clients are told of the sizes of
    /// requests, in bytes: `limits.request_alignment`, `limits.transfer_optimal` and
    /// `limits.transfer_max`. Since 1.2.9.
    VIR_DOMAIN_STATS_BLOCK = 1 << 5,
    /// Performance events, of which none is counted. Since 1.3.3.
    VIR_DOMAIN_STATS_PERF = 1 << 6,
    /// Threads for I/O. Since 4.10.0.
    VIR_DOMAIN_STATS_IOTHREAD = 1 << 7,
    /// Bandwidth of memory. Since 6.0.0.
    VIR_DOMAIN_STATS_MEMORY = 1 << 8,
    /// How fast memory changes. Since 7.2.0.
    VIR_DOMAIN_STATS_DIRTYRATE = 1 << 9,
    /// Of the hypervisor. Since 8.9.0.
    VIR_DOMAIN_STATS_VM = 1 << 10,
}

/// Which domains are told of, and how. Bits of one group ({ACTIVE, INACTIVE}, {PERSISTENT,
/// TRANSIENT}, {RUNNING, PAUSED, SHUTOFF, OTHER}) are alternatives; a group without bits does not
/// filter. Since 1.2.8.
#[repr(C)]
pub enum virConnectGetAllDomainStatsFlags {
    /// Active ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE = 1 << 0,
    /// Inactive ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_INACTIVE = 1 << 1,
    /// Persistent ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_PERSISTENT = 1 << 2,
    /// Transient ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_TRANSIENT = 1 << 3,
    /// Running ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING = 1 << 4,
    /// Paused ones. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_PAUSED = 1 << 5,
    /// Those that are off. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_SHUTOFF = 1 << 6,
    /// Those in another state. Since 1.2.8.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_OTHER = 1 << 7,
    /// Without waiting for a domain, which is always so. Since 4.5.0.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT = 1 << 29,
    /// Also the images below the top of an open disk, each counted as a disk. Since 1.2.12.
    VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING = 1 << 30,
}

/// Refuses what is not told of, instead of leaving it out. Since 1.2.8.
pub const VIR_CONNECT_GET_ALL_DOMAINS_STATS_ENFORCE_STATS: c_uint = 2147483648;

/// Kinds of messages about a domain. Since 7.1.0.
#[repr(C)]
pub enum virDomainMessageType {
    /// It uses what is going to be removed. Since 7.1.0.
    VIR_DOMAIN_MESSAGE_DEPRECATION = 1 << 0,
    /// Something about it is not supported. Since 7.1.0.
    VIR_DOMAIN_MESSAGE_TAINTING = 1 << 1,
    /// A guest's request to one of its disks has failed. Since 11.1.0.
    VIR_DOMAIN_MESSAGE_IOERRORS = 1 << 2,
}

/// Which of a domain's numbers of CPUs is meant. Since 0.8.5.
#[repr(C)]
pub enum virDomainVcpuFlags {
    /// What the domain is at the moment. Since 0.9.4.
    VIR_DOMAIN_VCPU_CURRENT = 0,
    /// The domain as it runs. Since 0.8.5.
    VIR_DOMAIN_VCPU_LIVE = 1 << 0,
    /// Its definition. Since 0.8.5.
    VIR_DOMAIN_VCPU_CONFIG = 1 << 1,
    /// How many there are at most. Since 0.8.5.
    VIR_DOMAIN_VCPU_MAXIMUM = 1 << 2,
    /// As the guest sees them, of which nothing is known here. Since 1.1.0.
    VIR_DOMAIN_VCPU_GUEST = 1 << 3,
    /// They can be taken away again, which nobody does here. Since 2.4.0.
    VIR_DOMAIN_VCPU_HOTPLUGGABLE = 1 << 4,
    /// Without waiting for the guest to give them back, which is always so. Since 12.4.0.
    VIR_DOMAIN_VCPU_ASYNC_UNPLUG = 1 << 5,
}

/// Which size of a domain's memory is meant. Since 0.9.0.
#[repr(C)]
pub enum virDomainMemoryModFlags {
    /// What the domain is at the moment. Since 0.9.1.
    VIR_DOMAIN_MEM_CURRENT = 0,
    /// The domain as it runs. Since 0.9.0.
    VIR_DOMAIN_MEM_LIVE = 1 << 0,
    /// Its definition. Since 0.9.0.
    VIR_DOMAIN_MEM_CONFIG = 1 << 1,
    /// How much there is at most. Since 0.9.1.
    VIR_DOMAIN_MEM_MAXIMUM = 1 << 2,
}

/// How strictly memory is to be of NUMA nodes. Since 0.9.9.
#[repr(C)]
pub enum virDomainNumatuneMemMode {
    /// Of no others. Since 0.9.9.
    VIR_DOMAIN_NUMATUNE_MEM_STRICT = 0,
    /// Of them if possible. Since 0.9.9.
    VIR_DOMAIN_NUMATUNE_MEM_PREFERRED = 1,
    /// Of each in turn. Since 0.9.9.
    VIR_DOMAIN_NUMATUNE_MEM_INTERLEAVE = 2,
    /// Of no others, by the host's means alone. Since 7.3.0.
    VIR_DOMAIN_NUMATUNE_MEM_RESTRICTIVE = 3,
    /// One past the last value. Since 0.9.9.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_NUMATUNE_MEM_LAST = 4,
}

/// How a domain ends. Since 3.9.0.
#[repr(C)]
pub enum virDomainLifecycle {
    /// It switches itself off. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_POWEROFF = 0,
    /// It boots again. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_REBOOT = 1,
    /// It crashes. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_CRASH = 2,
    /// One past the last value. Since 3.9.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_LIFECYCLE_LAST = 3,
}

/// What is to follow the end of a domain. Since 3.9.0.
#[repr(C)]
pub enum virDomainLifecycleAction {
    /// Nothing. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_DESTROY = 0,
    /// It is started again. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_RESTART = 1,
    /// It is started again under another name. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_RESTART_RENAME = 2,
    /// It is left as it is. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE = 3,
    /// It is dumped. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_COREDUMP_DESTROY = 4,
    /// It is dumped and started again. Since 3.9.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_COREDUMP_RESTART = 5,
    /// It is left running, where that can be. Since 12.6.0.
    VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE_RUNNING = 6,
    /// One past the last value. Since 3.9.0.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_LIFECYCLE_ACTION_LAST = 7,
}

/// The types of parameters of schedulers: an old name of virTypedParameterType. Since 0.2.3.
#[repr(C)]
pub enum virSchedParameterType {
    /// VIR_TYPED_PARAM_INT. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_INT = 1,
    /// VIR_TYPED_PARAM_UINT. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_UINT = 2,
    /// VIR_TYPED_PARAM_LLONG. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_LLONG = 3,
    /// VIR_TYPED_PARAM_ULLONG. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_ULLONG = 4,
    /// VIR_TYPED_PARAM_DOUBLE. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_DOUBLE = 5,
    /// VIR_TYPED_PARAM_BOOLEAN. Since 0.2.3.
    VIR_DOMAIN_SCHED_FIELD_BOOLEAN = 6,
}

/// The types of parameters of memory: an old name of virTypedParameterType. Since 0.8.5.
#[repr(C)]
pub enum virMemoryParameterType {
    /// VIR_TYPED_PARAM_INT. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_INT = 1,
    /// VIR_TYPED_PARAM_UINT. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_UINT = 2,
    /// VIR_TYPED_PARAM_LLONG. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_LLONG = 3,
    /// VIR_TYPED_PARAM_ULLONG. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_ULLONG = 4,
    /// VIR_TYPED_PARAM_DOUBLE. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_DOUBLE = 5,
    /// VIR_TYPED_PARAM_BOOLEAN. Since 0.8.5.
    VIR_DOMAIN_MEMORY_PARAM_BOOLEAN = 6,
}

/// What a CPU of a domain is doing. Since 0.1.4.
#[repr(C)]
pub enum virVcpuState {
    /// It is off. Since 0.1.4.
    VIR_VCPU_OFFLINE = 0,
    /// It runs, as those of a running domain are said to do. Since 0.1.4.
    VIR_VCPU_RUNNING = 1,
    /// It waits. Since 0.1.4.
    VIR_VCPU_BLOCKED = 2,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_VCPU_LAST = 3,
}

/// In the place of the number of a CPU of the machine. Since 6.10.0.
#[repr(C)]
pub enum virVcpuHostCpuState {
    /// The domain's CPU is off. Since 6.10.0.
    VIR_VCPU_INFO_CPU_OFFLINE = -1,
    /// It runs on none that is known. Since 6.10.0.
    VIR_VCPU_INFO_CPU_UNAVAILABLE = -2,
}

/// What virDomainMemoryStats tells of. What a guest would have to be asked for is not told. Since
/// 0.7.5.
#[repr(C)]
pub enum virDomainMemoryStatTags {
    /// What was read from swap, in KiB: 0. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_SWAP_IN = 0,
    /// What was written to swap, in KiB: 0. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_SWAP_OUT = 1,
    /// How often memory was missing that had to be read: 0. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT = 2,
    /// How often other memory was missing: 0. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT = 3,
    /// Memory that the guest does not use, in KiB; it is not told. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_UNUSED = 4,
    /// Memory as the guest sees it, in KiB; it is not told. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_AVAILABLE = 5,
    /// The memory that the domain is described to have, in KiB. Since 0.9.3.
    VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON = 6,
    /// Memory of the machine that it takes, in KiB: 0. Since 0.9.10.
    VIR_DOMAIN_MEMORY_STAT_RSS = 7,
    /// Memory that the guest could give away, in KiB; it is not told. Since 2.1.0.
    VIR_DOMAIN_MEMORY_STAT_USABLE = 8,
    /// When the guest was asked, in seconds; it is not told. Since 2.1.0.
    VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE = 9,
    /// Memory in which the guest keeps files, in KiB; it is not told. Since 4.6.0.
    VIR_DOMAIN_MEMORY_STAT_DISK_CACHES = 10,
    /// How often the guest has got a large page; it is not told. Since 5.4.0.
    VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGALLOC = 11,
    /// How often it has not; it is not told. Since 5.4.0.
    VIR_DOMAIN_MEMORY_STAT_HUGETLB_PGFAIL = 12,
    /// How many there are. Since 0.7.5.
    VIR_DOMAIN_MEMORY_STAT_NR = 13,
}

/// Whether a domain can be controlled. Since 0.9.3.
#[repr(C)]
pub enum virDomainControlState {
    /// Yes. Since 0.9.3.
    VIR_DOMAIN_CONTROL_OK = 0,
    /// A job is in the way. Since 0.9.3.
    VIR_DOMAIN_CONTROL_JOB = 1,
    /// A command is in the way. Since 0.9.3.
    VIR_DOMAIN_CONTROL_OCCUPIED = 2,
    /// No. Since 0.9.3.
    VIR_DOMAIN_CONTROL_ERROR = 3,
    /// One past the last value. Since 0.9.10.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_CONTROL_LAST = 4,
}

/// Why it cannot. Since 1.2.14.
#[repr(C)]
pub enum virDomainControlErrorReason {
    /// Nothing is said. Since 1.2.14.
    VIR_DOMAIN_CONTROL_ERROR_REASON_NONE = 0,
    /// Nothing is known. Since 1.2.14.
    VIR_DOMAIN_CONTROL_ERROR_REASON_UNKNOWN = 1,
    /// The connection to the hypervisor has broken. Since 1.2.14.
    VIR_DOMAIN_CONTROL_ERROR_REASON_MONITOR = 2,
    /// A fault in the library. Since 1.2.14.
    VIR_DOMAIN_CONTROL_ERROR_REASON_INTERNAL = 3,
    /// One past the last value. Since 1.2.14.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_CONTROL_ERROR_REASON_LAST = 4,
}

/// How virDomainSetTime sets the time. Since 1.2.5.
#[repr(C)]
pub enum virDomainSetTimeFlags {
    /// As the domain's clock has it. Since 1.2.5.
    VIR_DOMAIN_TIME_SYNC = 1 << 0,
}

/// Who is asked for a guest's name. Since 6.1.0.
#[repr(C)]
pub enum virDomainGetHostnameFlags {
    /// Who gives addresses away; it is not asked. Since 6.1.0.
    VIR_DOMAIN_GET_HOSTNAME_LEASE = 1 << 0,
    /// An agent in the guest; it is not asked. Since 6.1.0.
    VIR_DOMAIN_GET_HOSTNAME_AGENT = 1 << 1,
}

/// The types of parameters of devices: an old name of virTypedParameterType. Since 0.9.0.
#[repr(C)]
pub enum virBlkioParameterType {
    /// VIR_TYPED_PARAM_INT. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_INT = 1,
    /// VIR_TYPED_PARAM_UINT. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_UINT = 2,
    /// VIR_TYPED_PARAM_LLONG. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_LLONG = 3,
    /// VIR_TYPED_PARAM_ULLONG. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_ULLONG = 4,
    /// VIR_TYPED_PARAM_DOUBLE. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_DOUBLE = 5,
    /// VIR_TYPED_PARAM_BOOLEAN. Since 0.9.0.
    VIR_DOMAIN_BLKIO_PARAM_BOOLEAN = 6,
}

/// The kind of an address. Since 1.2.6.
#[repr(C)]
pub enum virIPAddrType {
    /// IPv4. Since 1.2.6.
    VIR_IP_ADDR_TYPE_IPV4 = 0,
    /// IPv6. Since 1.2.6.
    VIR_IP_ADDR_TYPE_IPV6 = 1,
    /// One past the last value. Since 1.2.6.
    #[cfg(feature = "enum-sentinels")]
    VIR_IP_ADDR_TYPE_LAST = 2,
}

/// Where addresses are looked for. Since 1.2.14.
#[repr(C)]
pub enum virDomainInterfaceAddressesSource {
    /// With who gives them away. Since 1.2.14.
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE = 0,
    /// With an agent in the guest. Since 1.2.14.
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT = 1,
    /// In the machine's table of neighbours. Since 4.2.0.
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP = 2,
    /// One past the last value. Since 1.2.14.
    #[cfg(feature = "enum-sentinels")]
    VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LAST = 3,
}
