//! `libvirt-domain.h`: how many CPUs and how much memory a domain has.
// An unsigned long has 32 bits on some machines.
#![allow(clippy::unnecessary_cast)]

use std::ffi::{c_int, c_uint, c_ulong};

use crate::call::{Call, entry};
use crate::domain::control::change;
use crate::domain::object::virDomainPtr;
use crate::domain::tuning::DOMAIN;
use virsparse_core::domain::{AmountFlags, Domain};
use virsparse_core::enums::domain::virDomainModificationImpact;
use virsparse_core::enums::domain_stats::virDomainVcpuFlags;
use virsparse_core::error::*;

/// The bit of VIR_DOMAIN_VCPU_GUEST.
const GUEST: c_uint = virDomainVcpuFlags::VIR_DOMAIN_VCPU_GUEST as c_uint;
const ASYNC_UNPLUG: c_uint = virDomainVcpuFlags::VIR_DOMAIN_VCPU_ASYNC_UNPLUG as c_uint;

/// Refuses one flag without another.
fn requires(flags: c_uint, flag: (c_uint, &str), other: (c_uint, &str)) -> Result<()> {
    if flags & flag.0 != 0 && flags & other.0 == 0 {
        let text = format!("Flag '{}' is required by flag '{}'", other.1, flag.1);
        return Err(Error::argument(DOMAIN, "flags", text));
    }
    Ok(())
}

/// Refuses one flag with another.
pub(super) fn excludes(flags: c_uint, flag: (c_uint, &str), other: (c_uint, &str)) -> Result<()> {
    if flags & flag.0 != 0 && flags & other.0 != 0 {
        let text = format!("Flags '{}' and '{}' are mutually exclusive", flag.1, other.1);
        return Err(Error::argument(DOMAIN, "flags", text));
    }
    Ok(())
}

/// Refuses 0.
fn not_zero(call: &Call, number: u64, argument: &str) -> Result<()> {
    if number == 0 { Err(call.invalid_argument(DOMAIN, argument, "not be zero")) } else { Ok(()) }
}

pub(super) const LIVE: (c_uint, &str) =
    (virDomainModificationImpact::VIR_DOMAIN_AFFECT_LIVE as c_uint, "VIR_DOMAIN_AFFECT_LIVE");
pub(super) const CONFIG: (c_uint, &str) =
    (virDomainModificationImpact::VIR_DOMAIN_AFFECT_CONFIG as c_uint, "VIR_DOMAIN_AFFECT_CONFIG");

/// Tells how many CPUs a domain is described to have.
///
/// @domain: the domain
/// @flags: virDomainVcpuFlags: of LIVE and CONFIG one, and MAXIMUM. GUEST and HOTPLUGGABLE are
/// refused
///
/// Return Value: the number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED for VIR_DOMAIN_VCPU_GUEST on a read-only
/// connection; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the domain is not active
/// where that is asked for, or not persistent where its definition is; VIR_ERR_NO_DOMAIN.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetVcpusFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    entry("virDomainGetVcpusFlags", |call| {
        let domain = call.object::<Domain>(domain)?;
        if flags & GUEST != 0 {
            call.writable(&domain, DOMAIN)?;
        }
        excludes(flags, LIVE, CONFIG)?;
        let flags: AmountFlags = call.flags(flags, DOMAIN)?;
        Ok(domain.vcpus(flags)?.into())
    })
}

/// Tells how many CPUs an active domain is described to have at most.
///
/// @domain: the domain
///
/// Return Value: the number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_INVALID if the domain is inactive;
/// VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetMaxVcpus(domain: virDomainPtr) -> c_int {
    entry("virDomainGetMaxVcpus", |call| {
        let flags = AmountFlags::LIVE | AmountFlags::MAXIMUM;
        Ok(call.object::<Domain>(domain)?.vcpus(flags)?.into())
    })
}

/// Changes how many CPUs an active domain is described to have: nothing is executed.
///
/// @domain: the domain
/// @nvcpus: how many, at least 1
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @nvcpus is 0 or more than there may be; VIR_ERR_OPERATION_INVALID if the
/// domain is inactive; VIR_ERR_OPERATION_FAILED if another process runs it and ends;
/// VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.4.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetVcpus(domain: virDomainPtr, nvcpus: c_uint) -> c_int {
    change("virDomainSetVcpus", domain, |call, domain| {
        not_zero(call, nvcpus.into(), "nvcpus")?;
        domain.set_vcpus(nvcpus, AmountFlags::LIVE)
    })
}

/// Changes how many CPUs a domain is described to have: nothing is executed.
///
/// @domain: the domain
/// @nvcpus: how many, at least 1
/// @flags: virDomainVcpuFlags. MAXIMUM, which changes how many there may be, goes with CONFIG only.
/// GUEST and HOTPLUGGABLE are refused, ASYNC_UNPLUG changes nothing
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainSetVcpus; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
/// domain is not active where that is to be changed, or not persistent where its definition is.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetVcpusFlags(
    domain: virDomainPtr,
    nvcpus: c_uint,
    flags: c_uint,
) -> c_int {
    change("virDomainSetVcpusFlags", domain, |call, domain| {
        let maximum = (AmountFlags::MAXIMUM.bits(), "VIR_DOMAIN_VCPU_MAXIMUM");
        requires(flags, maximum, CONFIG)?;
        excludes(flags, (GUEST, "VIR_DOMAIN_VCPU_GUEST"), CONFIG)?;
        not_zero(call, nvcpus.into(), "nvcpus")?;
        // There is no guest to wait for.
        let flags = flags & !ASYNC_UNPLUG;
        domain.set_vcpus(nvcpus, call.flags::<AmountFlags>(flags, DOMAIN)?)
    })
}

/// Changes how much memory a domain is described to have at most. What it has at the moment becomes
/// less where it would be more.
///
/// @domain: an inactive domain
/// @memory: how much, in KiB
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @memory is 0; VIR_ERR_OVERFLOW if it is 8 EiB or more;
/// VIR_ERR_OPERATION_INVALID if the domain is active; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMaxMemory(domain: virDomainPtr, memory: c_ulong) -> c_int {
    change("virDomainSetMaxMemory", domain, |call, domain| {
        not_zero(call, memory as u64, "memory")?;
        domain.set_memory(memory as u64, AmountFlags::MAXIMUM)
    })
}

/// Changes how much memory an active domain is described to have: nothing is executed.
///
/// @domain: the domain
/// @memory: how much, in KiB
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED on a read-only connection;
/// VIR_ERR_INVALID_ARG if @memory is 0 or more than there may be; VIR_ERR_OVERFLOW if it is 8 EiB or
/// more; VIR_ERR_OPERATION_INVALID if the domain is inactive; VIR_ERR_OPERATION_FAILED if another
/// process runs it and ends; VIR_ERR_OPERATION_TIMEOUT if that does not answer; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMemory(domain: virDomainPtr, memory: c_ulong) -> c_int {
    change("virDomainSetMemory", domain, |call, domain| {
        not_zero(call, memory as u64, "memory")?;
        domain.set_memory(memory as u64, AmountFlags::LIVE)
    })
}

/// Changes how much memory a domain is described to have: nothing is executed.
///
/// @domain: the domain
/// @memory: how much, in KiB
/// @flags: virDomainMemoryModFlags: LIVE, CONFIG or both, and MAXIMUM to change how much there may
/// be, which an active domain's description does not let
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainSetMemory; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
/// domain is not active where that is to be changed, or not persistent where its definition is, or
/// if it is active and its maximum is to be changed.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMemoryFlags(
    domain: virDomainPtr,
    memory: c_ulong,
    flags: c_uint,
) -> c_int {
    change("virDomainSetMemoryFlags", domain, |call, domain| {
        not_zero(call, memory as u64, "memory")?;
        domain.set_memory(memory as u64, call.flags::<AmountFlags>(flags, DOMAIN)?)
    })
}
