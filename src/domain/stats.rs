//! `libvirt-domain.h`, last part: statistics of many domains at once, and questions whose answer is
//! that there is nothing.

use std::ffi::{CString, c_char, c_int, c_uint};
use std::ptr::null_mut;
use std::sync::Arc;

use crate::call::{Call, entry};
use crate::domain::object::virDomainPtr;
use crate::handle::{self, Cell};
use crate::host::virConnectPtr;
use crate::strings;
use crate::typed_array::{self, Growing, field};
use crate::typed_params::virTypedParameterPtr;
use virsparse_core::domain::Domain;
use virsparse_core::domain::stats::{self, Statistics, StatsFlags};
use virsparse_core::error::*;

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

/// What is told of one domain. Since 1.2.8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct _virDomainStatsRecord {
    /// The domain.
    pub dom: virDomainPtr,
    /// Typed parameters.
    pub params: virTypedParameterPtr,
    /// How many.
    pub nparams: c_int,
}

/// What is told of one domain.
pub type virDomainStatsRecord = _virDomainStatsRecord;
/// Points at what is told of one domain.
pub type virDomainStatsRecordPtr = *mut virDomainStatsRecord;

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

bitflags::bitflags! {
    struct MessageFlags: u32 {
        const DEPRECATION = virDomainMessageType::VIR_DOMAIN_MESSAGE_DEPRECATION as u32;
        const TAINTING = virDomainMessageType::VIR_DOMAIN_MESSAGE_TAINTING as u32;
        const IOERRORS = virDomainMessageType::VIR_DOMAIN_MESSAGE_IOERRORS as u32;
    }
}

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// A record for a domain; `beside` is a handle of its connection's.
fn record(
    call: &Call,
    domain: Arc<Domain>,
    statistics: &Statistics,
    beside: *const Cell,
) -> Result<virDomainStatsRecordPtr> {
    let (mut params, mut nparams, mut maxparams) = (null_mut(), 0, 0);
    let array = Growing { params: &mut params, nparams: &mut nparams, maxparams: &mut maxparams };
    let filled = statistics.iter().try_for_each(|(name, value)| {
        let name = CString::new(name.as_str()).unwrap_or_default();
        // SAFETY: an array of our own.
        unsafe { array.push(call, field(&name)?, value) }
    });
    let made = filled.and_then(|()| {
        let dom = call.publish(domain, beside)?;
        let record = virDomainStatsRecord { dom, params, nparams };
        strings::to_records([record].into_iter()).inspect_err(|_| {
            handle::release::<Domain>(dom);
        })
    });
    made.inspect_err(|_| {
        // SAFETY: an array of our own, from malloc.
        unsafe { free_parameters(params, nparams) }
    })
}

/// # Safety
/// `params` is NULL or an array from malloc of `nparams` parameters.
unsafe fn free_parameters(params: virTypedParameterPtr, nparams: c_int) {
    // SAFETY: the caller's promise.
    unsafe {
        typed_array::clear(params, nparams);
        libc::free(params.cast());
    }
}

/// # Safety
/// `record` is from [`record`], and nobody else's.
unsafe fn free_record(record: virDomainStatsRecordPtr) {
    // SAFETY: the caller's promise.
    unsafe {
        free_parameters((*record).params, (*record).nparams);
        handle::release::<Domain>((*record).dom);
        libc::free(record.cast());
    }
}

/// Stores what is told of domains; of how many.
///
/// # Safety
/// `records` points at a pointer of the caller's.
unsafe fn store(
    call: &Call,
    all: Vec<(Arc<Domain>, Statistics)>,
    beside: *const Cell,
    records: *mut *mut virDomainStatsRecordPtr,
) -> Result<c_int> {
    let mut made = Vec::with_capacity(all.len());
    let filled = all.into_iter().try_for_each(|(domain, statistics)| {
        made.push(record(call, domain, &statistics, beside)?);
        Ok(())
    });
    match filled.and_then(|()| strings::to_array(&made)) {
        Ok(array) => {
            // SAFETY: the caller's promise.
            unsafe { records.write(array) };
            Ok(made.len() as c_int)
        }
        Err(error) => {
            for record in made {
                // SAFETY: made above.
                unsafe { free_record(record) };
            }
            Err(error)
        }
    }
}

/// Tells about all domains of a connection, or those that pass a filter.
///
/// @conn: the connection
/// @stats: what to tell, bits of virDomainStatsTypes; 0 for all that there is
/// @retStats: where to store a list of records with NULL behind the last, to be released with
/// virDomainStatsRecordListFree
/// @flags: virConnectGetAllDomainStatsFlags. What is in @stats and is not told of is left out, or
/// refused with ENFORCE_STATS
///
/// Return Value: how many records there are, or -1.
///
/// Errors: VIR_ERR_INVALID_CONN; VIR_ERR_INVALID_ARG if @retStats is NULL, or for unknown flags;
/// VIR_ERR_ARGUMENT_UNSUPPORTED for what is not told of.
///
/// Since 1.2.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virConnectGetAllDomainStats(
    conn: virConnectPtr,
    stats: c_uint,
    retStats: *mut *mut virDomainStatsRecordPtr,
    flags: c_uint,
) -> c_int {
    entry("virConnectGetAllDomainStats", |call| {
        let connect = call.connect_in(conn, DOMAIN)?;
        call.non_null(retStats, DOMAIN, "retStats")?;
        let flags: StatsFlags = call.flags(flags, DOMAIN)?;
        let groups = stats::groups(stats, flags)?;
        let all = stats::collect(connect.domains().list_domains(flags.filter())?, groups, flags)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { store(call, all, conn, retStats) }
    })
}

/// Tells about some domains of one connection. Those that are gone, or do not pass the filter, are
/// left out.
///
/// @doms: the domains, with NULL behind the last
/// @stats: what to tell, bits of virDomainStatsTypes; 0 for all that there is
/// @retStats: where to store a list of records with NULL behind the last, to be released with
/// virDomainStatsRecordListFree
/// @flags: virConnectGetAllDomainStatsFlags, as for virConnectGetAllDomainStats
///
/// Return Value: how many records there are, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @doms or @retStats is NULL, if there are
/// no domains or those of several connections, or for unknown flags; VIR_ERR_ARGUMENT_UNSUPPORTED
/// for what is not told of.
///
/// Since 1.2.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainListGetStats(
    doms: *mut virDomainPtr,
    stats: c_uint,
    retStats: *mut *mut virDomainStatsRecordPtr,
    flags: c_uint,
) -> c_int {
    entry("virDomainListGetStats", |call| {
        call.non_null(doms, DOMAIN, "doms")?;
        call.non_null(retStats, DOMAIN, "retStats")?;
        let mut domains: Vec<Arc<Domain>> = Vec::new();
        // SAFETY: the caller's array, up to its NULL.
        unsafe {
            while !(*doms.add(domains.len())).is_null() {
                domains.push(call.object(*doms.add(domains.len()))?);
            }
        }
        let refused = |text: &str| Err(Error::new(VIR_ERR_INVALID_ARG, DOMAIN, text));
        let Some(first) = domains.first() else {
            return refused("doms array in virDomainListGetStats must contain at least one domain");
        };
        if domains.iter().any(|domain| !domain.connect().is(first.connect())) {
            return refused("domains in 'doms' array must belong to a single connection");
        }
        let flags: StatsFlags = call.flags(flags, DOMAIN)?;
        let groups = stats::groups(stats, flags)?;
        let all = stats::collect(domains, groups, flags)?;
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { store(call, all, *doms, retStats) }
    })
}

/// Releases a list of records, the parameters in them, and the references to their domains.
///
/// @stats: the list; NULL is allowed
///
/// Errors: none, and the last error is left as it is.
///
/// Since 1.2.8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainStatsRecordListFree(stats: *mut virDomainStatsRecordPtr) {
    if stats.is_null() {
        return;
    }
    // SAFETY: a list that is from here, and the caller's until now.
    unsafe {
        let mut next = stats;
        while !(*next).is_null() {
            free_record(*next);
            next = next.add(1);
        }
        libc::free(stats.cast());
    }
}

/// Tells whether the memory of a domain was saved for its next start. It never is.
///
/// @dom: the domain
/// @flags: 0
///
/// Return Value: 0, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_NO_DOMAIN if the domain
/// is gone.
///
/// Since 0.8.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainHasManagedSaveImage(dom: virDomainPtr, flags: c_uint) -> c_int {
    entry("virDomainHasManagedSaveImage", |call| {
        let domain = call.object::<Domain>(dom)?;
        call.no_flags(flags, DOMAIN)?;
        domain.is_active().map(|_| 0)
    })
}

/// Lists what there is to say about a domain: the last failure of a guest's request for each of the disks that
/// run in this process, until the domain stops. The definition is never said to have faults.
///
/// @domain: the domain
/// @msgs: where to store a list of texts with NULL behind the last, of which each and the list are the
/// caller's to free; NULL if there are none
/// @flags: virDomainMessageType; 0 for all
///
/// Return Value: how many there are, or -1 on error.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG if @msgs is NULL, or for unknown flags;
/// VIR_ERR_NO_DOMAIN if the domain is gone.
///
/// Since 7.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn virDomainGetMessages(
    domain: virDomainPtr,
    msgs: *mut *mut *mut c_char,
    flags: c_uint,
) -> c_int {
    entry("virDomainGetMessages", |call| {
        let domain = call.object::<Domain>(domain)?;
        call.non_null(msgs, DOMAIN, "msgs")?;
        let flags = call.flags::<MessageFlags>(flags, DOMAIN)?;
        let wanted = flags.is_empty() || flags.contains(MessageFlags::IOERRORS);
        let texts = domain.io_errors()?;
        let texts = if wanted { texts } else { Vec::new() };
        // SAFETY: checked for NULL; the caller's memory.
        unsafe { msgs.write(strings::to_texts(&texts)?) };
        Ok(c_int::try_from(texts.len()).unwrap_or(c_int::MAX))
    })
}
