//! `libvirt-domain.h`: memory and CPUs.

use std::ffi::{c_int, c_uint, c_ulong};

use super::call::{Call, entry};
use super::domain::virDomainPtr;
use crate::domain::{Domain, MemoryFlags, VcpuFlags};
use crate::error::*;

const DOMAIN: virErrorDomain = VIR_FROM_DOMAIN;

/// Which memory virDomainSetMemoryFlags sets, and of what: a virDomainModificationImpact and more.
/// Since 0.9.1.
#[repr(C)]
pub enum virDomainMemoryModFlags {
    /// What the domain is at the moment. Since 0.9.1.
    VIR_DOMAIN_MEM_CURRENT = 0,
    /// The domain as it runs. Since 0.9.1.
    VIR_DOMAIN_MEM_LIVE = 1,
    /// Its definition. Since 0.9.1.
    VIR_DOMAIN_MEM_CONFIG = 2,
    /// How much it can have. Since 0.9.1.
    VIR_DOMAIN_MEM_MAXIMUM = 1 << 2,
}

/// Which CPUs are asked for or set, and of what: a virDomainModificationImpact and more. Since 0.8.5.
#[repr(C)]
pub enum virDomainVcpuFlags {
    /// What the domain is at the moment. Since 0.9.4.
    VIR_DOMAIN_VCPU_CURRENT = 0,
    /// The domain as it runs. Since 0.8.5.
    VIR_DOMAIN_VCPU_LIVE = 1,
    /// Its definition. Since 0.8.5.
    VIR_DOMAIN_VCPU_CONFIG = 2,
    /// How many it can have. Since 0.8.5.
    VIR_DOMAIN_VCPU_MAXIMUM = 1 << 2,
    /// As the guest sees them: refused, there is none. Since 1.1.0.
    VIR_DOMAIN_VCPU_GUEST = 1 << 3,
    /// So that they can be taken away: refused. Since 2.4.0.
    VIR_DOMAIN_VCPU_HOTPLUGGABLE = 1 << 4,
}

fn set_memory(
    call: &Call,
    domain: virDomainPtr,
    memory: c_ulong,
    flags: impl FnOnce(&Call) -> Result<MemoryFlags>,
) -> Result<c_int> {
    let domain = call.object::<Domain>(domain)?;
    call.writable(&domain, DOMAIN)?;
    if memory == 0 {
        return Err(call.must(DOMAIN, "memory", "not be zero"));
    }
    domain.set_memory(memory, flags(call)?)?;
    Ok(0)
}

/// Sets the memory of a running domain. Nothing is executed: it is a number of its description.
///
/// @domain: the domain
/// @memory: in KiB
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED; VIR_ERR_INVALID_ARG if @memory is 0 or
/// more than the domain can have; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if it does not run;
/// VIR_ERR_OPERATION_FAILED if it runs in another process; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMemory(domain: virDomainPtr, memory: c_ulong) -> c_int {
    entry("virDomainSetMemory", |call| set_memory(call, domain, memory, |_| Ok(MemoryFlags::LIVE)))
}

/// Sets how much memory a domain that does not run can have; it has no more then.
///
/// @domain: the domain
/// @memory: in KiB
///
/// Return Value: 0, or -1.
///
/// Errors: as virDomainSetMemory, but VIR_ERR_OPERATION_INVALID if it runs.
///
/// Since 0.0.3.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMaxMemory(domain: virDomainPtr, memory: c_ulong) -> c_int {
    entry("virDomainSetMaxMemory", |call| {
        set_memory(call, domain, memory, |_| Ok(MemoryFlags::MAXIMUM))
    })
}

/// Sets the memory of a domain, or how much it can have.
///
/// @domain: the domain
/// @memory: in KiB
/// @flags: virDomainMemoryModFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED; VIR_ERR_INVALID_ARG for flags, or if
/// @memory is 0 or more than the domain can have; VIR_ERR_OVERFLOW; VIR_ERR_OPERATION_INVALID if the
/// domain is not in the state that the flags ask for, or how much it can have is to be set while it
/// runs; VIR_ERR_OPERATION_FAILED if it runs in another process; VIR_ERR_NO_DOMAIN;
/// VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.9.0.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetMemoryFlags(
    domain: virDomainPtr,
    memory: c_ulong,
    flags: c_uint,
) -> c_int {
    entry("virDomainSetMemoryFlags", |call| {
        set_memory(call, domain, memory, |call| call.flags(flags, DOMAIN))
    })
}

/// Tells how many CPUs a running domain can have.
///
/// @domain: the domain
///
/// Return Value: the number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_INVALID if it does not run; VIR_ERR_NO_DOMAIN.
///
/// Since 0.2.1.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetMaxVcpus(domain: virDomainPtr) -> c_int {
    entry("virDomainGetMaxVcpus", |call| {
        let flags = VcpuFlags::LIVE | VcpuFlags::MAXIMUM;
        Ok(c_int::from(call.object::<Domain>(domain)?.vcpus(flags)?))
    })
}

/// Tells how many CPUs a domain has, or can have.
///
/// @domain: the domain
/// @flags: virDomainVcpuFlags
///
/// Return Value: the number, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_INVALID_ARG for flags; VIR_ERR_OPERATION_INVALID if the
/// domain is not in the state that the flags ask for; VIR_ERR_NO_DOMAIN.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainGetVcpusFlags(domain: virDomainPtr, flags: c_uint) -> c_int {
    entry("virDomainGetVcpusFlags", |call| {
        let domain = call.object::<Domain>(domain)?;
        Ok(c_int::from(domain.vcpus(call.flags(flags, DOMAIN)?)?))
    })
}

fn set_vcpus(
    call: &Call,
    domain: virDomainPtr,
    count: c_uint,
    flags: impl FnOnce(&Call) -> Result<VcpuFlags>,
) -> Result<c_int> {
    let domain = call.object::<Domain>(domain)?;
    call.writable(&domain, DOMAIN)?;
    let flags = flags(call)?;
    if flags.contains(VcpuFlags::MAXIMUM) && !flags.contains(VcpuFlags::CONFIG) {
        let text = "Flag 'VIR_DOMAIN_AFFECT_CONFIG' is required by flag 'VIR_DOMAIN_VCPU_MAXIMUM'";
        return Err(Error::argument(DOMAIN, call.function, "flags", text));
    }
    if count == 0 {
        return Err(call.must(DOMAIN, "nvcpus", "not be zero"));
    }
    domain.set_vcpus(count, flags)?;
    Ok(0)
}

/// Sets how many CPUs a running domain has. Nothing is executed: it is a number of its description.
///
/// @domain: the domain
/// @nvcpus: the number
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED; VIR_ERR_INVALID_ARG if @nvcpus is 0 or
/// more than the domain can have; VIR_ERR_OPERATION_INVALID if it does not run;
/// VIR_ERR_OPERATION_FAILED if it runs in another process; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.1.4.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetVcpus(domain: virDomainPtr, nvcpus: c_uint) -> c_int {
    entry("virDomainSetVcpus", |call| set_vcpus(call, domain, nvcpus, |_| Ok(VcpuFlags::LIVE)))
}

/// Sets how many CPUs a domain has, or can have.
///
/// @domain: the domain
/// @nvcpus: the number
/// @flags: virDomainVcpuFlags
///
/// Return Value: 0, or -1.
///
/// Errors: VIR_ERR_INVALID_DOMAIN; VIR_ERR_OPERATION_DENIED; VIR_ERR_INVALID_ARG for flags, if
/// @nvcpus is 0 or more than the domain can have, or if how many it can have is to be set while it
/// runs; VIR_ERR_OPERATION_INVALID if the domain is not in the state that the flags ask for;
/// VIR_ERR_OPERATION_FAILED if it runs in another process; VIR_ERR_NO_DOMAIN; VIR_ERR_SYSTEM_ERROR.
///
/// Since 0.8.5.
#[unsafe(no_mangle)]
pub extern "C" fn virDomainSetVcpusFlags(
    domain: virDomainPtr,
    nvcpus: c_uint,
    flags: c_uint,
) -> c_int {
    entry("virDomainSetVcpusFlags", |call| {
        set_vcpus(call, domain, nvcpus, |call| call.flags(flags, DOMAIN))
    })
}
