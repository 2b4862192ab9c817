//! `libvirt-domain.h`, eighth part: the constants of how a domain is to be run.
#![allow(clippy::unnecessary_cast)]

use std::ffi::{CStr, c_longlong};

use crate::typed_params::{VIR_TYPED_PARAM_FIELD_LENGTH, virTypedParameter};

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

/// An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.2.3.
pub const VIR_DOMAIN_SCHED_FIELD_LENGTH: usize = VIR_TYPED_PARAM_FIELD_LENGTH;

/// An old name of virTypedParameter. Since 0.2.3.
pub type virSchedParameter = virTypedParameter;
/// An old name of virTypedParameterPtr. Since 0.2.3.
pub type virSchedParameterPtr = *mut virSchedParameter;

/// An old name of VIR_TYPED_PARAM_FIELD_LENGTH. Since 0.8.5.
pub const VIR_DOMAIN_MEMORY_FIELD_LENGTH: usize = VIR_TYPED_PARAM_FIELD_LENGTH;

/// An old name of virTypedParameter. Since 0.8.5.
pub type virMemoryParameter = virTypedParameter;
/// An old name of virTypedParameterPtr. Since 0.8.5.
pub type virMemoryParameterPtr = *mut virMemoryParameter;
