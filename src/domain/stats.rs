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
use virsparse_core::enums::domain_stats::virDomainMessageType;
use virsparse_core::error::*;

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
