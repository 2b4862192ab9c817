//! `libvirt-domain.h`: what VIR_DOMAIN_EVENT_ID_TUNABLE tells.

use std::ffi::CStr;

/// The processors that a CPU may run on; its number takes the place of %u. A string. Not told
/// by this library. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_VCPUPIN: &CStr = c"cputune.vcpupin%u";
/// The processors that the emulator may run on. A string. Not told by this library. Since
/// 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_EMULATORPIN: &CStr = c"cputune.emulatorpin";
/// The processors that an I/O thread may run on; its number takes the place of %u. A string.
/// Not told by this library. Since 1.2.14.
pub const VIR_DOMAIN_TUNABLE_CPU_IOTHREADSPIN: &CStr = c"cputune.iothreadpin%u";
/// The weight of the domain beside others. An unsigned long long. Not told by this library.
/// Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_CPU_SHARES: &CStr = c"cputune.cpu_shares";
/// Microseconds of a period in which all threads have a quota. An unsigned long long. Not told
/// by this library. Since 1.3.3.
pub const VIR_DOMAIN_TUNABLE_CPU_GLOBAL_PERIOD: &CStr = c"cputune.global_period";
/// Microseconds that all threads may run in a period. A long long. Not told by this library.
/// Since 1.3.3.
pub const VIR_DOMAIN_TUNABLE_CPU_GLOBAL_QUOTA: &CStr = c"cputune.global_quota";
/// Microseconds of a period in which CPUs have a quota. An unsigned long long. Not told by this
/// library. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_VCPU_PERIOD: &CStr = c"cputune.vcpu_period";
/// Microseconds that CPUs may run in a period. A long long. Not told by this library. Since
/// 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_VCPU_QUOTA: &CStr = c"cputune.vcpu_quota";
/// Microseconds of a period in which the emulator has a quota. An unsigned long long. Not told
/// by this library. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_EMULATOR_PERIOD: &CStr = c"cputune.emulator_period";
/// Microseconds that the emulator may run in a period. A long long. Not told by this library.
/// Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_CPU_EMULATOR_QUOTA: &CStr = c"cputune.emulator_quota";
/// Microseconds of a period in which I/O threads have a quota. An unsigned long long. Not told
/// by this library. Since 2.2.0.
pub const VIR_DOMAIN_TUNABLE_CPU_IOTHREAD_PERIOD: &CStr = c"cputune.iothread_period";
/// Microseconds that I/O threads may run in a period. A long long. Not told by this library.
/// Since 2.2.0.
pub const VIR_DOMAIN_TUNABLE_CPU_IOTHREAD_QUOTA: &CStr = c"cputune.iothread_quota";
/// The disk whose limits have changed, as the caller has named it. A string. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_DISK: &CStr = c"blkdeviotune.disk";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC: &CStr = c"blkdeviotune.total_bytes_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC: &CStr = c"blkdeviotune.read_bytes_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC: &CStr = c"blkdeviotune.write_bytes_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC: &CStr = c"blkdeviotune.total_iops_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC: &CStr = c"blkdeviotune.read_iops_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC. An unsigned long long. Since 1.2.9.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC: &CStr = c"blkdeviotune.write_iops_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC_MAX: &CStr =
    c"blkdeviotune.total_bytes_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC_MAX: &CStr = c"blkdeviotune.read_bytes_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC_MAX: &CStr =
    c"blkdeviotune.write_bytes_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC_MAX: &CStr = c"blkdeviotune.total_iops_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC_MAX: &CStr = c"blkdeviotune.read_iops_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC_MAX: &CStr = c"blkdeviotune.write_iops_sec_max";
/// As VIR_DOMAIN_BLOCK_IOTUNE_SIZE_IOPS_SEC. An unsigned long long. Since 1.2.11.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_SIZE_IOPS_SEC: &CStr = c"blkdeviotune.size_iops_sec";
/// As VIR_DOMAIN_BLOCK_IOTUNE_GROUP_NAME. A string. Since 3.0.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_GROUP_NAME: &CStr = c"blkdeviotune.group_name";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_BYTES_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.total_bytes_sec_max_length";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_BYTES_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.read_bytes_sec_max_length";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_BYTES_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_BYTES_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.write_bytes_sec_max_length";
/// As VIR_DOMAIN_BLOCK_IOTUNE_TOTAL_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_TOTAL_IOPS_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.total_iops_sec_max_length";
/// As VIR_DOMAIN_BLOCK_IOTUNE_READ_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_READ_IOPS_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.read_iops_sec_max_length";
/// As VIR_DOMAIN_BLOCK_IOTUNE_WRITE_IOPS_SEC_MAX_LENGTH. An unsigned long long. Since 2.4.0.
pub const VIR_DOMAIN_TUNABLE_BLKDEV_WRITE_IOPS_SEC_MAX_LENGTH: &CStr =
    c"blkdeviotune.write_iops_sec_max_length";
