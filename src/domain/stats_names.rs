//! `libvirt-domain.h`: names of the statistics of domains, those that are told here and those that monitoring
//! programs ask for beside them.

use std::ffi::CStr;

/// A virDomainState, an int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_STATE_STATE: &CStr = c"state.state";
/// Why it is in that state, an int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_STATE_REASON: &CStr = c"state.reason";
/// Nanoseconds of CPU time, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_TIME: &CStr = c"cpu.time";
/// Of these, nanoseconds in programs. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_USER: &CStr = c"cpu.user";
/// Of these, nanoseconds in the kernel. Since 11.2.0.
pub const VIR_DOMAIN_STATS_CPU_SYSTEM: &CStr = c"cpu.system";
/// KiB of memory at the moment, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_CURRENT: &CStr = c"balloon.current";
/// KiB of memory at most, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BALLOON_MAXIMUM: &CStr = c"balloon.maximum";
/// How many CPUs there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_CURRENT: &CStr = c"vcpu.current";
/// How many CPUs there may be, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_MAXIMUM: &CStr = c"vcpu.maximum";
/// Before the number of a CPU. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_PREFIX: &CStr = c"vcpu.";
/// Behind the number: a virVcpuState, an int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_SUFFIX_STATE: &CStr = c".state";
/// Behind the number: nanoseconds of CPU time, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_SUFFIX_TIME: &CStr = c".time";
/// Behind the number: nanoseconds of waiting for a CPU of the machine, an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_VCPU_SUFFIX_WAIT: &CStr = c".wait";
/// How many network interfaces there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_COUNT: &CStr = c"net.count";
/// Before the number of a network interface. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_PREFIX: &CStr = c"net.";
/// Behind the number: its name. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_NAME: &CStr = c".name";
/// Behind the number: bytes received, as the following an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_RX_BYTES: &CStr = c".rx.bytes";
/// Behind the number: packets received. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_RX_PKTS: &CStr = c".rx.pkts";
/// Behind the number: errors of receiving. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_RX_ERRS: &CStr = c".rx.errs";
/// Behind the number: packets dropped instead of received. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_RX_DROP: &CStr = c".rx.drop";
/// Behind the number: bytes sent. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_TX_BYTES: &CStr = c".tx.bytes";
/// Behind the number: packets sent. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_TX_PKTS: &CStr = c".tx.pkts";
/// Behind the number: errors of sending. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_TX_ERRS: &CStr = c".tx.errs";
/// Behind the number: packets dropped instead of sent. Since 11.2.0.
pub const VIR_DOMAIN_STATS_NET_SUFFIX_TX_DROP: &CStr = c".tx.drop";
/// How many disks there are, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_COUNT: &CStr = c"block.count";
/// Before the number of a disk. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_PREFIX: &CStr = c"block.";
/// Behind the number: its target. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_NAME: &CStr = c".name";
/// Behind the number: the number of its image, an unsigned int. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_BACKINGINDEX: &CStr = c".backingIndex";
/// Behind the number: the path of its image. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_PATH: &CStr = c".path";
/// Behind the number: requests to read, as the following an unsigned long long. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_REQS: &CStr = c".rd.reqs";
/// Behind the number: bytes read. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_BYTES: &CStr = c".rd.bytes";
/// Behind the number: nanoseconds of reading. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_RD_TIMES: &CStr = c".rd.times";
/// Behind the number: requests to write. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_REQS: &CStr = c".wr.reqs";
/// Behind the number: bytes written. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_BYTES: &CStr = c".wr.bytes";
/// Behind the number: nanoseconds of writing. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_WR_TIMES: &CStr = c".wr.times";
/// Behind the number: requests to flush. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_FL_REQS: &CStr = c".fl.reqs";
/// Behind the number: nanoseconds of flushing. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_FL_TIMES: &CStr = c".fl.times";
/// Behind the number: errors; it is never told here. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_ERRORS: &CStr = c".errors";
/// Behind the number: bytes that its image takes. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_ALLOCATION: &CStr = c".allocation";
/// Behind the number: bytes that a guest sees. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_CAPACITY: &CStr = c".capacity";
/// Behind the number: bytes from the first to the last of its image. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_PHYSICAL: &CStr = c".physical";
/// Behind the number: the offset behind which a write is told of. Since 11.2.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_THRESHOLD: &CStr = c".threshold";
/// Behind the number: what offsets and lengths of requests must be multiples of, in bytes. Since
/// 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_REQUEST_ALIGNMENT: &CStr =
    c".limits.request_alignment";
/// Behind the number: bytes of the best requests. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_OPTIMAL: &CStr =
    c".limits.transfer_optimal";
/// Behind the number: bytes of the largest request. Since 11.10.0.
pub const VIR_DOMAIN_STATS_BLOCK_SUFFIX_LIMITS_TRANSFER_MAX: &CStr = c".limits.transfer_max";
