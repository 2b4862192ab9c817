//! `libvirt-domain.h`, eighth part: the constants of how a domain is to be run.
#![allow(clippy::unnecessary_cast)]

use std::ffi::{CStr, c_longlong};

use crate::typed_params::{VIR_TYPED_PARAM_FIELD_LENGTH, virTypedParameter};

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

/// No limit of memory, in KiB. Since 0.8.8.
pub const VIR_DOMAIN_MEMORY_PARAM_UNLIMITED: c_longlong = 9007199254740991;

/// A parameter of virDomainSetMemoryParameters: the most memory, in KiB. An unsigned long long. Since
/// 0.8.5.
pub const VIR_DOMAIN_MEMORY_HARD_LIMIT: &CStr = c"hard_limit";
/// A parameter of virDomainSetMemoryParameters: the most memory while others want it, in KiB. An
/// unsigned long long. Since 0.8.5.
pub const VIR_DOMAIN_MEMORY_SOFT_LIMIT: &CStr = c"soft_limit";
/// Memory that the domain is sure to have; it is not taken here. Since 0.8.5.
pub const VIR_DOMAIN_MEMORY_MIN_GUARANTEE: &CStr = c"min_guarantee";
/// A parameter of virDomainSetMemoryParameters: the most memory and swap together, in KiB. An
/// unsigned long long. Since 0.8.5.
pub const VIR_DOMAIN_MEMORY_SWAP_HARD_LIMIT: &CStr = c"swap_hard_limit";

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

/// A parameter of virDomainSetNumaParameters: the nodes, as `0-3,^2,8`. A string. Since 0.9.9.
pub const VIR_DOMAIN_NUMA_NODESET: &CStr = c"numa_nodeset";
/// A parameter of virDomainSetNumaParameters: a virDomainNumatuneMemMode. An int. Since 0.9.9.
pub const VIR_DOMAIN_NUMA_MODE: &CStr = c"numa_mode";

/// A parameter of virDomainSetSchedulerParameters: how much the domain weighs against others. An
/// unsigned int. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_WEIGHT: &CStr = c"weight";
/// A weight; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_CPU_SHARES: &CStr = c"cpu_shares";
/// The period of a whole domain's quota; it is not taken here. Since 1.3.3.
pub const VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD: &CStr = c"global_period";
/// A whole domain's quota; it is not taken here. Since 1.3.3.
pub const VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA: &CStr = c"global_quota";
/// The period of a CPU's quota; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_VCPU_PERIOD: &CStr = c"vcpu_period";
/// A CPU's quota; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_VCPU_QUOTA: &CStr = c"vcpu_quota";
/// The period of the emulator's quota; it is not taken here. Since 0.10.0.
pub const VIR_DOMAIN_SCHEDULER_EMULATOR_PERIOD: &CStr = c"emulator_period";
/// The emulator's quota; it is not taken here. Since 0.10.0.
pub const VIR_DOMAIN_SCHEDULER_EMULATOR_QUOTA: &CStr = c"emulator_quota";
/// The period of an I/O thread's quota; it is not taken here. Since 2.2.0.
pub const VIR_DOMAIN_SCHEDULER_IOTHREAD_PERIOD: &CStr = c"iothread_period";
/// An I/O thread's quota; it is not taken here. Since 2.2.0.
pub const VIR_DOMAIN_SCHEDULER_IOTHREAD_QUOTA: &CStr = c"iothread_quota";
/// The most time; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_CAP: &CStr = c"cap";
/// The least CPU; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_RESERVATION: &CStr = c"reservation";
/// The most CPU; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_LIMIT: &CStr = c"limit";
/// Shares of the CPU; it is not taken here. Since 0.9.7.
pub const VIR_DOMAIN_SCHEDULER_SHARES: &CStr = c"shares";

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

/// An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.2.3.
pub const VIR_DOMAIN_SCHED_FIELD_LENGTH: usize = VIR_TYPED_PARAM_FIELD_LENGTH;

/// An old name of virTypedParameter. Since 0.2.3.
pub type virSchedParameter = virTypedParameter;
/// An old name of virTypedParameterPtr. Since 0.2.3.
pub type virSchedParameterPtr = *mut virSchedParameter;

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

/// An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.8.5.
pub const VIR_DOMAIN_MEMORY_FIELD_LENGTH: usize = VIR_TYPED_PARAM_FIELD_LENGTH;

/// An old name of virTypedParameter. Since 0.8.5.
pub type virMemoryParameter = virTypedParameter;
/// An old name of virTypedParameterPtr. Since 0.8.5.
pub type virMemoryParameterPtr = *mut virMemoryParameter;
